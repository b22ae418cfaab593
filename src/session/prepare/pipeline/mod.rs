//! An open text-to-image pipeline: text encoders and a network on latents, used as one model whose classes are prompts.

mod info;

pub use info::{PartInfo, PipelineInfo};
