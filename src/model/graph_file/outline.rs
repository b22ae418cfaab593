//! What a graph takes, gives and is made of, read from its file without ONNX Runtime.

use super::proto::{ModelProto, ValueInfo};
use super::{GraphFileError, place};
use crate::model::contract::{Element, Port};
use prost::Message;
use std::collections::BTreeMap;
use std::path::Path;

/// What a graph's file says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphOutline {
    /// Its inputs.
    pub inputs: Vec<Port>,
    /// Its outputs.
    pub outputs: Vec<Port>,
    /// Element types of its weights, that of most values first.
    pub weights: Vec<Element>,
    /// Bytes of its file and of its external data.
    pub bytes: u64,
}

impl GraphOutline {
    /// Reads the file of a graph.
    pub fn read(path: &Path) -> Result<Self, GraphFileError> {
        let read = |error| GraphFileError::Read { path: path.into(), error };
        let content = std::fs::read(path).map_err(read)?;
        let not_onnx = || GraphFileError::NotOnnx { path: path.into() };
        let model = ModelProto::decode(content.as_slice()).map_err(|_| not_onnx())?;
        let mut bytes = content.len() as u64;
        for location in model.locations() {
            let data = place::find(path, location)?;
            let read = |error| GraphFileError::Read { path: data.file.clone(), error };
            bytes += std::fs::metadata(&data.file).map_err(read)?.len();
        }
        let graph = model.graph.ok_or_else(not_onnx)?;
        // Older files list weights among the inputs too.
        let is_weight = |name: &str| graph.initializer.iter().any(|tensor| tensor.name == name);
        let inputs = graph.input.iter().filter(|input| !is_weight(&input.name)).map(port).collect();
        let mut sizes: BTreeMap<i32, i64> = BTreeMap::new();
        for tensor in graph.initializer.iter().filter(|tensor| element_of(tensor.data_type).is_float()) {
            *sizes.entry(tensor.data_type).or_default() += tensor.dims.iter().product::<i64>();
        }
        let mut sizes: Vec<(i32, i64)> = sizes.into_iter().collect();
        sizes.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        let weights = sizes.into_iter().map(|(kind, _)| element_of(kind)).collect();
        Ok(Self { inputs, outputs: graph.output.iter().map(port).collect(), weights, bytes })
    }
}

fn port(value: &ValueInfo) -> Port {
    let tensor = value.kind.as_ref().and_then(|kind| kind.tensor.as_ref());
    let sides = tensor.and_then(|tensor| tensor.shape.as_ref()).map_or(&[][..], |shape| &shape.dim);
    // A side without a number has a name, or nothing.
    let side = |side: i64| usize::try_from(side).ok().filter(|side| *side > 0);
    Port {
        name: value.name.clone(),
        element: tensor.map_or(Element::Other, |tensor| element_of(tensor.element)),
        shape: sides.iter().map(|dimension| side(dimension.value)).collect(),
    }
}

/// The element type of a number of `TensorProto.DataType`.
const fn element_of(kind: i32) -> Element {
    match kind {
        1 => Element::F32,
        6 => Element::I32,
        7 => Element::I64,
        10 => Element::F16,
        11 => Element::F64,
        16 => Element::Bf16,
        _ => Element::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn a_graph_says_what_it_takes_and_gives() {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/pipelines/sd15");
        let unet = GraphOutline::read(&folder.join("unet/model.onnx")).unwrap();
        let names = |ports: &[Port]| ports.iter().map(|port| port.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&unet.inputs), ["sample", "timestep", "encoder_hidden_states"]);
        assert_eq!(names(&unet.outputs), ["out_sample"]);
        let sample = &unet.inputs[0];
        assert_eq!((sample.element, sample.shape.len(), sample.shape[1]), (Element::F32, 4, Some(4)));
        assert_eq!(unet.weights, [Element::F32]);
        assert_eq!(unet.bytes, std::fs::metadata(folder.join("unet/model.onnx")).unwrap().len());
        let text = GraphOutline::read(&folder.join("text_encoder/model.onnx")).unwrap();
        assert_eq!(names(&text.inputs), ["input_ids"]);
        assert!(text.outputs.len() > 2, "{:?}", text.outputs);
        let fault = GraphOutline::read(&folder.join("model_index.json")).unwrap_err().to_string();
        assert!(fault.contains("is not a complete ONNX model"), "{fault}");
    }
}
