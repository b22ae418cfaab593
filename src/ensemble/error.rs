use crate::session::RunError;
use crate::session::prepare::PrepareError;
use crate::spectrum::SpectrumError;
use crate::theory::ChromatogramError;
use crate::words::count;
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
        "the samples have {}, so images of a folder, which are RGB, do not compare; leave the folder out",
        count(*.0, "channel")
    )]
    Channels(usize),
    /// A batch whose run failed. The samples before it stand.
    #[error("{}: {source}", numbered(*.first, *.last))]
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
    #[error("a run of {} keeps {gigabytes:.1} GB of spectra; use fewer steps or smaller images", count(*.steps, "step"))]
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
