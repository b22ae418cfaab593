use crate::session::RunError;
use crate::session::prepare::PrepareError;
use crate::spectrum::SpectrumError;
use crate::theory::ChromatogramError;
use std::path::PathBuf;

/// Why there is no ensemble, or no more of it.
#[derive(Debug, thiserror::Error)]
pub enum EnsembleError {
    /// A run that cannot begin.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// Images that cannot be analysed.
    #[error(transparent)]
    Spectrum(#[from] SpectrumError),
    /// Bands of which no chromatogram can be made.
    #[error(transparent)]
    Chromatogram(#[from] ChromatogramError),
    /// Noise from a file.
    #[error(
        "every sample of an ensemble has noise of its own, so noise from a file cannot be used; leave the file out"
    )]
    GivenNoise,
    /// Images of a folder beside samples that are none.
    #[error(
        "the samples have {0} channels, so images of a folder, which are RGB, do not compare; leave the folder out"
    )]
    Channels(usize),
    /// A batch whose run failed. The samples before it stand.
    #[error("samples {first} to {last}: {source}")]
    Run {
        /// From 1.
        first: usize,
        /// The last of the batch.
        last: usize,
        /// Why.
        source: RunError,
    },
    /// More samples of something else.
    #[error("the ensemble is of another {0}, so these samples cannot be added to it; begin a new one")]
    Other(&'static str),
    /// Memory.
    #[error("a run of {steps} steps keeps {gigabytes:.1} GB of spectra; use fewer steps or smaller images")]
    Memory {
        /// Steps of the run.
        steps: usize,
        /// Bytes/1e9.
        gigabytes: f64,
    },
    /// A file that cannot be read.
    #[error("cannot read {} as an ensemble: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
}
