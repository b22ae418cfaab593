//! From latents to images: a VAE's decoder, its tiny stand-in, and a linear map of channels to colours.

mod colours;
mod error;

pub use colours::{ColourFit, ColoursFrom, LinearColours};
pub use error::DecodeError;

use super::contract::Port;
use super::graph_file::GraphFile;
use super::onnx::{CallError, Canceller, OnnxSession, SessionOptions};
use super::onnx_runtime::{LoadedRuntime, Provider};
use super::pipeline::{LatentCode, PipelinePackage};
use crate::denoiser::not_finite;
use crate::reading::memory;
use ndarray::{Array3, Array4, ArrayView3, ArrayView4, Axis};
use serde::Serialize;
use std::path::PathBuf;

/// What decodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DecoderKind {
    /// The decoder of the model's autoencoder, which takes `latents / scaling_factor + shift_factor`.
    Vae,
    /// A small network distilled from it (TAESD), which takes the denoiser's latents as they are. It is faster and less
    /// exact.
    Tiny,
}

/// A decoder on disk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DecoderFile {
    /// The graph.
    pub graph: PathBuf,
    /// What it is.
    pub kind: DecoderKind,
    /// The latents that it is to decode.
    pub code: LatentCode,
}

impl DecoderFile {
    /// The decoders of a pipeline: that of its autoencoder, and the small one, where they are there.
    #[must_use]
    pub fn all_of(package: &PipelinePackage) -> Vec<Self> {
        let code = package.latents;
        let vae = package.decoder.iter().map(|part| (part.graph.clone(), DecoderKind::Vae));
        let tiny = package.tiny_decoder.iter().map(|graph| (graph.clone(), DecoderKind::Tiny));
        vae.chain(tiny).map(|(graph, kind)| Self { graph, kind, code }).collect()
    }
}

/// An open decoder.
pub struct Decoder {
    session: OnnxSession,
    input: Port,
    output: Port,
    file: DecoderFile,
    /// Whether it computes with 16-bit floats, and the channels that its last convolution takes.
    has_halves: bool,
    last_channels: Option<usize>,
    provider: Provider,
}

impl Decoder {
    /// Checks and opens a decoder.
    pub fn open(file: DecoderFile, runtime: &LoadedRuntime, options: SessionOptions) -> Result<Self, DecodeError> {
        let path = || file.graph.clone();
        if file.kind == DecoderKind::Vae && file.code.scaling_factor.is_none() {
            return Err(DecodeError::NoScalingFactor { path: path() });
        }
        let graph = GraphFile::read(&file.graph)?;
        let session = OnnxSession::open_again(&file.graph, &graph, runtime, options)?;
        let (inputs, outputs) = (session.inputs(), session.outputs());
        let (Some(input), Some(output)) = (array(&inputs, "latent_sample"), array(&outputs, "sample")) else {
            return Err(DecodeError::NoDecoder { path: path(), ports: in_words(&inputs, &outputs) });
        };
        if inputs.len() > 1 || output.shape[1].is_some_and(|channels| channels != 3) {
            return Err(DecodeError::NoDecoder { path: path(), ports: in_words(&inputs, &outputs) });
        }
        let (first, last_channels) = graph.convolved_channels.unzip();
        let (takes, channels) = (input.shape[1].or(first), file.code.channels);
        if let Some(takes) = takes.filter(|&takes| takes != channels) {
            return Err(DecodeError::Channels { path: path(), takes, channels });
        }
        Ok(Self {
            input: input.clone(),
            output: output.clone(),
            has_halves: graph.has_halves || input.element.is_half() || output.element.is_half(),
            last_channels,
            session,
            file,
            provider: options.provider,
        })
    }

    /// Its file, and what it decodes.
    #[must_use]
    pub const fn file(&self) -> &DecoderFile {
        &self.file
    }

    /// Where it runs.
    #[must_use]
    pub const fn provider(&self) -> Provider {
        self.provider
    }

    /// A handle that stops its call from another thread, and every later one.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.session.canceller()
    }

    /// The same open decoder, cancelled apart from this one. Calls of both take turns.
    pub fn another(&self) -> Result<Self, DecodeError> {
        Ok(Self {
            session: self.session.another()?,
            input: self.input.clone(),
            output: self.output.clone(),
            file: self.file.clone(),
            ..*self
        })
    }

    /// The images of a batch of the denoiser's latents, `[B, C, h, w]` to `[B, 3, H, W]`, about within ±1. One sample is
    /// decoded at a time, which keeps the memory small.
    pub fn decode(&self, latents: ArrayView4<f32>) -> Result<Array4<f32>, DecodeError> {
        let images: Vec<Array3<f32>> =
            latents.axis_iter(Axis(0)).map(|latents| self.decode_one(latents)).collect::<Result<_, _>>()?;
        Ok(in_batch(&images))
    }

    /// The image of one sample's latents, `[C, h, w]` to `[3, H, W]`.
    pub fn decode_one(&self, latents: ArrayView3<f32>) -> Result<Array3<f32>, DecodeError> {
        let (channels, height, width) = latents.dim();
        let size = self.size_of((height, width));
        self.check(latents.dim(), size)?;
        let values: Vec<f32> = latents.iter().copied().collect();
        if let Some(what) = not_finite(&values) {
            return Err(DecodeError::Latents { what });
        }
        // A graph that was exported for a batch takes the sample that many times.
        let batch = self.input.shape[0].unwrap_or(1);
        let fed = (0..batch).flat_map(|_| values.iter().map(|&value| self.scaled(value)));
        let (shape, mut image) = self
            .session
            .call((&self.input, &[batch, channels, height, width]), fed, &self.output)
            .map_err(|error| self.failed(error, size))?;
        let expected = [batch, 3, size.0, size.1];
        if shape != expected {
            return Err(DecodeError::Shape { path: self.path(), shape, expected });
        }
        image.truncate(3 * size.0 * size.1);
        if let Some(what) = not_finite(&image) {
            return Err(DecodeError::NotFinite { path: self.path(), what, has_halves: self.has_halves });
        }
        Array3::from_shape_vec((3, size.0, size.1), image)
            .map_err(|error| DecodeError::Failed { path: self.path(), reason: error.to_string() })
    }

    /// Whether latents of this shape can be decoded to this size.
    fn check(&self, (channels, height, width): (usize, usize, usize), size: (usize, usize)) -> Result<(), DecodeError> {
        let code = &self.file.code;
        if channels != code.channels {
            return Err(DecodeError::Channels { path: self.path(), takes: code.channels, channels });
        }
        let (rows, columns) = (self.input.shape[2].unwrap_or(height), self.input.shape[3].unwrap_or(width));
        if (rows, columns) != (height, width) {
            return Err(DecodeError::Size { path: self.path(), size, fixed: self.size_of((rows, columns)) });
        }
        // A GPU has its own memory.
        let shortage = if self.provider == Provider::Cpu { memory::shortage(self.bytes_for(size)) } else { None };
        shortage.map_or(Ok(()), |needed| Err(DecodeError::Memory { path: self.path(), size, needed }))
    }

    fn failed(&self, error: CallError, size: (usize, usize)) -> DecodeError {
        let path = self.path();
        match error {
            CallError::Cancelled => DecodeError::Cancelled,
            CallError::Failed(reason) => DecodeError::Failed { path, reason },
            CallError::Memory => {
                let needed = format!("about {:.1} GB, which could not be had", self.bytes_for(size) as f64 / 1e9);
                DecodeError::Memory { path, size, needed }
            }
        }
    }

    fn path(&self) -> PathBuf {
        self.file.graph.clone()
    }

    /// What makes an image of this decoder doubtful, in a sentence: it has one colour only.
    #[must_use]
    pub fn doubt(&self, image: ArrayView3<f32>) -> Option<String> {
        let is_flat = |channel: ArrayView3<f32>| {
            let first = channel.first().copied().unwrap_or_default();
            channel.iter().all(|&value| value == first)
        };
        if image.axis_chunks_iter(Axis(0), 1).any(|channel| !is_flat(channel)) {
            return None;
        }
        let advice = if self.has_halves {
            "it computes in f16, whose range may not suffice; export the VAE in f32"
        } else {
            "the latents or the decoder's file may be damaged"
        };
        Some(format!("the image decoded by {} has one colour only: {advice}", self.file.graph.display()))
    }

    /// What the graph is fed for a value of the denoiser's latents.
    fn scaled(&self, value: f32) -> f64 {
        let (value, code) = (f64::from(value), &self.file.code);
        match self.file.kind {
            DecoderKind::Vae => value / code.scaling_factor.unwrap_or(1.0) + code.shift_factor,
            DecoderKind::Tiny => value,
        }
    }

    /// Height and width of the image of latents of this size.
    #[must_use]
    pub const fn size_of(&self, (height, width): (usize, usize)) -> (usize, usize) {
        let pixels = self.file.code.pixels_per_latent;
        (height * pixels, width * pixels)
    }

    /// Memory that decoding to this size takes at once, bytes, about: at full size its layers are twice as wide as the last
    /// one's input, and three of them are held.
    #[must_use]
    pub fn bytes_for(&self, (height, width): (usize, usize)) -> u64 {
        let values = height.saturating_mul(width).saturating_mul(6 * self.last_channels.unwrap_or(3));
        (values as u64).saturating_mul(if self.has_halves { 2 } else { 4 })
    }
}

/// Images of the same size as a batch, `[B, 3, H, W]`.
pub(crate) fn in_batch(images: &[Array3<f32>]) -> Array4<f32> {
    let (channels, height, width) = images.first().map_or((3, 0, 0), Array3::dim);
    let mut batch = Array4::zeros([images.len(), channels, height, width]);
    for (mut place, image) in batch.axis_iter_mut(Axis(0)).zip(images) {
        place.assign(image);
    }
    batch
}

/// The port of this name if it is an array of floats with four axes, else the only one that is.
fn array<'a>(ports: &'a [Port], name: &str) -> Option<&'a Port> {
    let fits = |port: &&Port| port.element.is_float() && port.shape.len() == 4;
    let mut fitting = ports.iter().filter(fits);
    let named = fitting.clone().find(|port| port.name == name);
    named.or_else(|| fitting.next().filter(|_| fitting.next().is_none()))
}

/// What a graph takes and returns, for people.
fn in_words(inputs: &[Port], outputs: &[Port]) -> String {
    let list = |ports: &[Port]| ports.iter().map(Port::describe).collect::<Vec<_>>().join(", ");
    format!("it takes {} and returns {}", list(inputs), list(outputs))
}
