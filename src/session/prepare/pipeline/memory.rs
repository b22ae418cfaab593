//! Whether a part of a pipeline fits into memory.

use super::super::PrepareError;
use super::PipelineFault;
use crate::model::graph_file::{GraphFile, GraphFileError, GraphWeight};
use crate::model::onnx_runtime::Provider;
use crate::reading::memory;
use std::path::Path;

/// What a graph weighs on disk.
pub(super) fn weight(graph: &Path) -> Result<GraphWeight, GraphFileError> {
    GraphFile::weigh(graph)
}

/// Memory that a graph needs while it is opened, bytes: its weights, once more in f32 where the processor has no 16-bit
/// operators, and a tenth for the rest.
fn needed(weight: GraphWeight, provider: Provider) -> u64 {
    let copies = match provider {
        Provider::Cpu if weight.has_halves => 3,
        _ => 1,
    };
    weight.bytes.saturating_mul(copies).saturating_mul(11) / 10
}

/// Share of the memory that is left which small parts may take together.
const SMALL_SHARE: u64 = 4;

/// Whether parts are so small that they can stay open together.
pub(super) fn is_small(weights: impl Iterator<Item = GraphWeight>) -> bool {
    let together: u64 = weights.map(|weight| needed(weight, Provider::Cpu)).sum();
    memory::left().is_none_or(|left| together <= left / SMALL_SHARE)
}

/// Refuses to open a part for which there is too little memory.
pub(super) fn check_room(part: &str, weight: GraphWeight, provider: Provider) -> Result<(), PrepareError> {
    match memory::shortage(needed(weight, provider)) {
        Some(shortage) => Err(PipelineFault::Memory { part: part.to_owned(), shortage }.into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_widened_on_the_processor() {
        let weight = |has_halves| GraphWeight { bytes: 1000, has_halves };
        let cuda = Provider::Cuda { tf32: false };
        assert_eq!(needed(weight(false), Provider::Cpu), 1100);
        assert_eq!((needed(weight(true), Provider::Cpu), needed(weight(true), cuda)), (3300, 1100));
        assert!(check_room("unet", weight(true), Provider::Cpu).is_ok());
        if cfg!(target_os = "linux") {
            let huge = GraphWeight { bytes: 10_u64.pow(18), has_halves: false };
            let error = check_room("text_encoder_3", huge, Provider::Cpu).unwrap_err().to_string();
            assert!(
                error.starts_with("the text_encoder_3 of this pipeline needs about 1100000000.0 GB, but only "),
                "{error}"
            );
        }
    }
}
