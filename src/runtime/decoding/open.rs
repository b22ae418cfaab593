//! The decoders of a model, opened in the thread that uses them.

use super::{Decodes, OpensDecoders};
use crate::model::decoder::{DecodeError, Decoder, DecoderFile, DecoderKind, LinearColours};
use crate::model::onnx::{Canceller, SessionOptions};
use crate::model::onnx_runtime::find_and_load;
use crate::words::voice::Voice;
use ndarray::{Array3, ArrayView3};
use std::path::PathBuf;

/// The decoders of a model, and how they are opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoders {
    /// Those that there are, at most one of each kind.
    pub files: Vec<DecoderFile>,
    /// Where and how they run.
    pub options: SessionOptions,
    /// The ONNX Runtime library given on the command line.
    pub onnxruntime: Option<PathBuf>,
}

impl OpensDecoders for Decoders {
    fn open(&self, kind: DecoderKind) -> Result<Box<dyn Decodes>, String> {
        let in_words = |error: &dyn std::fmt::Display| Voice::Window.say(&error.to_string());
        let file = self.files.iter().find(|file| file.kind == kind).ok_or_else(|| missing(kind).to_owned())?;
        let runtime = find_and_load(self.onnxruntime.as_deref()).map_err(|error| in_words(&error))?;
        let decoder = Decoder::open(file.clone(), runtime, self.options).map_err(|error| in_words(&error))?;
        Ok(Box::new(decoder))
    }

    fn published(&self) -> Option<LinearColours> {
        LinearColours::published(&self.files.iter().find(|file| file.kind == DecoderKind::Vae)?.code)
    }

    fn is(&self, decoders: &Decoders) -> bool {
        self == decoders
    }
}

impl Decodes for Decoder {
    fn decode(&mut self, latents: ArrayView3<f32>, begun: &dyn Fn(Canceller)) -> Result<Array3<f32>, DecodeError> {
        let call = self.another()?;
        begun(call.canceller());
        call.decode_one(latents)
    }
}

const fn missing(kind: DecoderKind) -> &'static str {
    match kind {
        DecoderKind::Vae => {
            "this model has no VAE decoder, so its latents cannot be decoded; export the whole pipeline with \
             `optimum-cli export onnx` and open its folder"
        }
        DecoderKind::Tiny => "this model has no TAESD decoder; put one into its folder, or choose the VAE",
    }
}
