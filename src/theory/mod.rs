//! The mathematics of diffusion without pixels and files: noise levels, predictions, the effect of pooling on both,
//! the chromatogram, and the closed forms of the Gaussian model. All arithmetic is f64.

pub mod adjustment;
mod calibration;
mod chromatogram;
pub mod gaussian;
mod noise_level;
mod prediction;
mod spectral;
mod vocabulary;

pub use calibration::Calibration;
pub use chromatogram::{
    BandStatistics, Chromatogram, ChromatogramError, Measure, StepMeasure, default_levels, dominant_level,
};
pub use noise_level::NoiseLevel;
pub use prediction::{Affine, Limit, Parameterization, SIGMA_DATA};
pub use spectral::SpectralTheory;
pub use vocabulary::{NetworkState, NetworkTime, Prediction};
