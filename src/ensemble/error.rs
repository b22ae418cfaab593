use super::DecodingFailed;
use crate::model::decoder::DecodeError;
use crate::session::RunError;
use crate::session::prepare::PrepareError;
use crate::spectrum::SpectrumError;
use crate::theory::ChromatogramError;
use crate::words::count;
use std::path::PathBuf;

/// Why an ensemble cannot be made or extended.
#[derive(Debug, thiserror::Error)]
pub enum EnsembleError {
    /// A run cannot begin.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// Images cannot be analysed.
    #[error(transparent)]
    Spectrum(#[from] SpectrumError),
    /// The bands do not define a chromatogram.
    #[error(transparent)]
    Chromatogram(#[from] ChromatogramError),
    /// The noise comes from a file.
    #[error(
        "samples of an ensemble have their own noise, so noise from a file cannot be used; leave the noise file out"
    )]
    GivenNoise,
    /// A folder of images is given with samples that are not images.
    #[error(
        "the samples have {}, but images of a folder are RGB; leave the folder out",
        count(*.0, "channel")
    )]
    Channels(usize),
    /// A batch failed. The samples before it are kept.
    #[error("{}: {source}", numbered(*.first, *.last))]
    Run {
        /// The first sample, from 1.
        first: usize,
        /// The last sample of the batch.
        last: usize,
        /// Why.
        source: RunError,
    },
    /// A batch could not be decoded. The samples before it are kept.
    #[error("{}: cannot decode: {source}", numbered(*.first, *.last))]
    Decode {
        /// The first sample, from 1.
        first: usize,
        /// The last sample of the batch.
        last: usize,
        /// Why.
        source: DecodingFailed,
    },
    /// The decoder cannot be opened.
    #[error(transparent)]
    Decoder(#[from] DecodeError),
    /// Decoded images of a model without a decoder.
    #[error(
        "this model has no decoder, so there are no decoded images to measure; measure the model's own images only"
    )]
    NoDecoder,
    /// The settings do not match the ensemble.
    #[error("the ensemble has another {0}, so these samples cannot be added; start a new one")]
    Other(&'static str),
    /// Not enough memory.
    #[error("a run of {} needs {gigabytes:.1} GB for spectra; use fewer steps or smaller images", count(*.steps, "step"))]
    Memory {
        /// Steps in the run.
        steps: usize,
        /// Bytes/1e9.
        gigabytes: f64,
    },
    /// A file cannot be read.
    #[error("cannot read {} as an ensemble: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do about it.
        reason: String,
    },
}

/// "sample 3", "samples 1 to 8".
fn numbered(first: usize, last: usize) -> String {
    if first == last { format!("sample {first}") } else { format!("samples {first} to {last}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sample_is_no_range() {
        assert_eq!([numbered(1, 1), numbered(2, 5)], ["sample 1", "samples 2 to 5"]);
    }
}
