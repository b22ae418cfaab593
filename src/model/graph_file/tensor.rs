//! Values of a graph's weights, read from its file.

use super::proto::Entry;
use super::{GraphFileError, place};
use half::{bf16, f16};
use prost::Message;
use prost::bytes::Bytes;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// The layer normalisation that an output comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OutputNorm {
    pub(crate) scale: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    /// What is added to the variance, where the graph says it.
    pub(crate) epsilon: Option<f32>,
}

/// As `proto` has them, with names and values. The values are not copied.
#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
}

#[derive(Clone, PartialEq, Message)]
struct Graph {
    #[prost(message, repeated, tag = "1")]
    node: Vec<Node>,
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<Tensor>,
}

#[derive(Clone, PartialEq, Message)]
struct Node {
    #[prost(string, repeated, tag = "1")]
    input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    output: Vec<String>,
    #[prost(string, tag = "4")]
    op_type: String,
    #[prost(message, repeated, tag = "5")]
    attribute: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message)]
struct Attribute {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(float, tag = "2")]
    f: f32,
}

#[derive(Clone, PartialEq, Message)]
struct Tensor {
    #[prost(int64, repeated, tag = "1")]
    dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    data_type: i32,
    #[prost(float, repeated, tag = "4")]
    float_data: Vec<f32>,
    #[prost(string, tag = "8")]
    name: String,
    #[prost(bytes = "bytes", tag = "9")]
    raw_data: Bytes,
    #[prost(message, repeated, tag = "13")]
    external_data: Vec<Entry>,
}

/// The layer normalisation behind an output of this name: the node it comes from, or weights named `final_layer_norm`.
/// `None` where neither is there.
pub(crate) fn output_norm(path: &Path, output: &str) -> Result<Option<OutputNorm>, GraphFileError> {
    let content = std::fs::read(path).map_err(|error| GraphFileError::Read { path: path.into(), error })?;
    let model = Model::decode(Bytes::from(content)).map_err(|_| GraphFileError::NotOnnx { path: path.into() })?;
    let Some(graph) = model.graph else { return Ok(None) };
    let node = normalisation(&graph, output);
    let tensor = |name: Option<&String>, suffix: &str| {
        let found = graph.initializer.iter().find(|tensor| name.is_some_and(|name| *name == tensor.name));
        found.or_else(|| graph.initializer.iter().find(|tensor| tensor.name.ends_with(suffix)))
    };
    let named = |at: usize| node.and_then(|node| node.input.get(at));
    let (scale, bias) = (tensor(named(1), "final_layer_norm.weight"), tensor(named(2), "final_layer_norm.bias"));
    let (Some(scale), Some(bias)) = (scale, bias) else { return Ok(None) };
    let (Some(scale), Some(bias)) = (values(scale, path)?, values(bias, path)?) else { return Ok(None) };
    let epsilon = node.and_then(|node| node.attribute.iter().find(|attribute| attribute.name == "epsilon"));
    Ok((scale.len() == bias.len()).then(|| OutputNorm { scale, bias, epsilon: epsilon.map(|found| found.f) }))
}

/// The node that normalises what becomes an output, through changes of its type.
fn normalisation<'a>(graph: &'a Graph, output: &str) -> Option<&'a Node> {
    let mut name = output;
    loop {
        let node = graph.node.iter().rev().find(|node| node.output.first().is_some_and(|output| output == name))?;
        match node.op_type.as_str() {
            "LayerNormalization" => return Some(node),
            "Cast" | "Identity" => name = node.input.first()?,
            _ => return None,
        }
    }
}

/// A tensor's values; `None` where they are no floats.
fn values(tensor: &Tensor, graph: &Path) -> Result<Option<Vec<f32>>, GraphFileError> {
    let count: usize = tensor.dims.iter().map(|&side| usize::try_from(side).unwrap_or(0)).product();
    if !tensor.float_data.is_empty() {
        return Ok(Some(tensor.float_data.clone()).filter(|values| values.len() == count));
    }
    let entry =
        |key: &str| tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
    let wide = match tensor.data_type {
        1 => 4,
        10 | 16 => 2,
        _ => return Ok(None),
    };
    let bytes = match entry("location") {
        None => tensor.raw_data.to_vec(),
        Some(location) => {
            let file = place::find(graph, location)?.file;
            let first = entry("offset").and_then(|offset| offset.parse().ok()).unwrap_or(0);
            let mut bytes = vec![0; count * wide];
            let read = std::fs::File::open(&file).and_then(|mut data| {
                data.seek(SeekFrom::Start(first))?;
                data.read_exact(&mut bytes)
            });
            read.map_err(|error| GraphFileError::Read { path: file, error })?;
            bytes
        }
    };
    let values = |value: &dyn Fn(&[u8]) -> f32| bytes.chunks_exact(wide).map(value).collect::<Vec<f32>>();
    let found = match tensor.data_type {
        1 => values(&|four| four.try_into().map_or(f32::NAN, f32::from_le_bytes)),
        10 => values(&|two| two.try_into().map_or(f32::NAN, |two| f16::from_le_bytes(two).to_f32())),
        _ => values(&|two| two.try_into().map_or(f32::NAN, |two| bf16::from_le_bytes(two).to_f32())),
    };
    Ok(Some(found).filter(|values| values.len() == count))
}
