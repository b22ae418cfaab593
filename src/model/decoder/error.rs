use crate::model::graph_file::GraphFileError;
use crate::model::onnx::OpenError;
use crate::model::onnx_runtime::RuntimeError;
use crate::model::pipeline::PipelineError;
use crate::words::count;
use std::path::PathBuf;

/// Why latents were not decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The call was cancelled.
    #[error("decoding was cancelled")]
    Cancelled,
    /// The graph's file cannot be used.
    #[error(transparent)]
    Graph(#[from] GraphFileError),
    /// ONNX Runtime refused the graph.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// ONNX Runtime was not found.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The pipeline's files cannot be used.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// The factor between the denoiser's and the autoencoder's latents is unknown, and is never guessed.
    #[error(
        "{path} cannot be used yet: the config.json in its folder has no \"scaling_factor\", and the image of a wrong one \
         is wrong; add the number that this VAE was trained with, from its authors' config.json"
    )]
    NoScalingFactor {
        /// The graph.
        path: PathBuf,
    },
    /// Its inputs or outputs are not those of a decoder.
    #[error(
        "{path} is not the decoder of a VAE: {ports}; it must take latents and return an image of 3 channels, and nothing \
         else; export the pipeline again with `optimum-cli export onnx`"
    )]
    NoDecoder {
        /// The graph.
        path: PathBuf,
        /// What it takes and returns, in words.
        ports: String,
    },
    /// It decodes latents of another model.
    #[error(
        "{path} decodes latents of {}, but those of this model have {channels}; use the VAE of this model",
        count(*takes, "channel")
    )]
    Channels {
        /// The graph.
        path: PathBuf,
        /// Channels that it takes.
        takes: usize,
        /// Channels of the latents.
        channels: usize,
    },
    /// It was exported for one size.
    #[error(
        "{path} was exported for images of {}x{}, not {}x{}; choose that size, or export it with free height and width",
        fixed.0, fixed.1, size.0, size.1
    )]
    Size {
        /// The graph.
        path: PathBuf,
        /// The image's height and width.
        size: (usize, usize),
        /// The height and width that it takes.
        fixed: (usize, usize),
    },
    /// The latents are not numbers.
    #[error("the latents to decode contain {what}; the model's files or its configuration may be damaged")]
    Latents {
        /// `NaN` or `Inf`.
        what: &'static str,
    },
    /// The image is not numbers.
    #[error("{path} returned {what}: {}", advice(*has_halves))]
    NotFinite {
        /// The graph.
        path: PathBuf,
        /// `NaN` or `Inf`.
        what: &'static str,
        /// Whether it computes with 16-bit floats.
        has_halves: bool,
    },
    /// There is too little memory.
    #[error(
        "decoding an image of {}x{} with {path} needs {needed}; choose a smaller size, close other programs, or decode \
         nothing",
        size.0, size.1
    )]
    Memory {
        /// The graph.
        path: PathBuf,
        /// The image's height and width.
        size: (usize, usize),
        /// How much, in words.
        needed: String,
    },
    /// The image has another shape than its latents lead to.
    #[error(
        "{path} returned an array of shape {shape:?}, but {expected:?} was expected; the config.json in its folder may be \
         that of another VAE"
    )]
    Shape {
        /// The graph.
        path: PathBuf,
        /// What it returned.
        shape: Vec<usize>,
        /// What was expected.
        expected: [usize; 4],
    },
    /// ONNX Runtime failed.
    #[error("ONNX Runtime could not run {path}: {reason}")]
    Failed {
        /// The graph.
        path: PathBuf,
        /// Its reason.
        reason: String,
    },
}

impl DecodeError {
    /// Whether somebody cancelled it.
    #[must_use]
    pub const fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }
}

const fn advice(has_halves: bool) -> &'static str {
    if has_halves {
        "it computes in f16, and its numbers left the range of f16; export the pipeline with its VAE in f32, and use that \
         vae_decoder"
    } else {
        "the file may be damaged; export or copy it again"
    }
}
