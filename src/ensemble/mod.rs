//! Measurements over many samples of one model, per step: spectra, band energies and the measured chromatogram,
//! compared with theory (docs/theory.md, section 9).
//!
//! An [`Ensemble`] grows by whole batches. Its memory does not depend on the number of samples, nor its result on
//! the number of threads. It can be [written](write), [read](read) back and extended.
//!
//! ```no_run
//! use chromascope::ensemble::{self, Ensemble, Options, Quantity};
//! use chromascope::session::{RunSettings, prepare::Model, settings::ModelSource};
//! use std::ops::ControlFlow;
//!
//! let settings = RunSettings::new(ModelSource::Model("gaussian-64".into()));
//! let model = Model::open(&settings, None, &|_, _| true)?;
//! let mut ensemble = Ensemble::begin(&model, &settings, Options::default())?;
//! ensemble::gather(&mut ensemble, &model, 500, None, &mut |_| ControlFlow::Continue(()))?;
//! let finest = ensemble.psd(Quantity::Change, 3, 0).last();
//! println!("{finest:?} of {} samples", ensemble.samples());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod analyser;
mod archive;
mod between;
mod bootstrap;
mod data;
mod error;
mod findings;
mod form;
mod gather;
mod grid;
mod measured;
mod prediction;
mod same;
#[cfg(test)]
mod tests;
mod words;

pub use crate::session::heat_map::SpectrumQuantity as Quantity;
pub use crate::theory::Calibration;
pub use archive::{is_ensemble, read, write};
pub use data::{CENTRED_FROM, DataStatistics};
pub use error::EnsembleError;
pub use findings::{Apart, EnsembleDifference, Findings, MARGIN, TheoryComparison};
pub use form::RecordLayout;
pub use gather::{GatherEnd, GatherProgress, Timing, gather};
pub use measured::{Agreement, Disagreement, LEAST_ERRORS, Measured};
pub use prediction::Prediction;
pub use same::ComesTo;
pub use words::samples_in_words;

use crate::denoiser::ImageShape;
use crate::session::RunSettings;
use crate::session::prepare::{Keeping, Model, Resolved};
use crate::spectrum::{BandPlan, Fft2, Fit, Rapsd, Rings, Running, Window};
use crate::theory::{NoiseLevel, default_levels};
use bootstrap::Replicas;
use serde::{Deserialize, Serialize};

/// Default number of samples.
pub const DEFAULT_SAMPLES: usize = 500;

/// What to measure, besides the settings of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// n, the factor between resolution levels.
    pub factor: usize,
    /// M, the number of detail bands; `None` for as many as the image allows.
    pub levels: Option<usize>,
    /// Whether spectra are taken with a Hann window.
    pub hann: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { factor: 2, levels: None, hann: false }
    }
}

/// Where an ensemble comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The user's settings; `batch` and `first_sample` are ignored.
    pub settings: RunSettings,
    /// The resolved defaults.
    pub resolved: Resolved,
    /// Factor, levels, window.
    pub options: Options,
    /// Timesteps, one per step.
    pub timesteps: Vec<f64>,
    /// Version of the program.
    pub chromascope: String,
}

/// Measurements of many samples of one model along one schedule, as running sums.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    origin: Origin,
    levels: Vec<NoiseLevel>,
    form: RecordLayout,
    bands: BandPlan,
    running: Running,
    replicas: Replicas,
    images: DataStatistics,
}

impl Ensemble {
    /// An empty ensemble. The model must support the settings.
    pub fn begin(model: &Model, settings: &RunSettings, options: Options) -> Result<Self, EnsembleError> {
        if settings.init_noise.is_some() || settings.step_noise.is_some() {
            return Err(EnsembleError::GivenNoise);
        }
        let settings = RunSettings { batch: 1, first_sample: 0, ..settings.clone() };
        let prepared = model.prepare(&settings, Keeping::LatestStep)?;
        let origin = Origin {
            settings,
            resolved: prepared.resolved,
            options,
            timesteps: prepared.timesteps,
            chromascope: env!("CARGO_PKG_VERSION").into(),
        };
        Self::of(origin, prepared.run.levels().to_vec())
    }

    fn of(origin: Origin, levels: Vec<NoiseLevel>) -> Result<Self, EnsembleError> {
        let ImageShape { channels, height, width } = origin.resolved.image;
        let Options { factor, levels: wanted, .. } = origin.options;
        let bands = wanted.unwrap_or_else(|| default_levels(factor, height, width));
        let bands = BandPlan::new(height, width, factor, bands, Fit::Pad)?;
        let rings = Rings::new(&*Fft2::of_size(height, width)?).len();
        let form = RecordLayout { steps: levels.len() - 1, channels, rings, bands: bands.levels() + 1 };
        Ok(Self {
            running: Running::new(form.record()),
            replicas: Replicas::new(form.all_bands().len()),
            images: DataStatistics::new(channels, (height, width), bands)?,
            origin,
            levels,
            form,
            bands,
        })
    }

    /// Where it comes from.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Number of samples so far.
    #[must_use]
    pub const fn samples(&self) -> usize {
        self.running.count()
    }

    /// Noise levels of the run, one more than its steps.
    #[must_use]
    pub fn levels(&self) -> &[NoiseLevel] {
        &self.levels
    }

    /// S.
    #[must_use]
    pub const fn steps(&self) -> usize {
        self.form.steps
    }

    /// The sizes of a record.
    #[must_use]
    pub const fn form(&self) -> RecordLayout {
        self.form
    }

    /// The division of images into bands.
    #[must_use]
    pub const fn bands(&self) -> &BandPlan {
        &self.bands
    }

    /// The rings of radial frequency.
    pub fn rings(&self) -> Result<Rings, EnsembleError> {
        Ok(Rings::new(&*self.images.fft()?))
    }

    /// The final images of the runs.
    #[must_use]
    pub const fn images(&self) -> &DataStatistics {
        &self.images
    }

    /// Whether noise was injected between steps.
    #[must_use]
    pub fn injects_noise(&self) -> bool {
        let Origin { settings, resolved, .. } = &self.origin;
        settings.injects_noise(resolved.solver(settings))
    }

    /// The mean over the samples of a row's spectrum, for the channels' mean (`series` 0) or for channel `series − 1`: `[F]`.
    #[must_use]
    pub fn psd(&self, quantity: Quantity, row: usize, series: usize) -> &[f64] {
        &self.running.mean()[self.form.psd(quantity, row, series)]
    }

    /// Mean energies of the bands of `E[x_0|x_t]` at a step, `[M + 1]`.
    #[must_use]
    pub fn bands_x0(&self, step: usize) -> &[f64] {
        &self.running.mean()[self.form.bands_x0(step)]
    }

    /// Mean energies of the bands of its change after a step, `[M + 1]`.
    #[must_use]
    pub fn bands_change(&self, step: usize) -> &[f64] {
        &self.running.mean()[self.form.bands_change(step)]
    }

    /// Unbiased variances over the samples of all values, in the order of [`RecordLayout`].
    #[must_use]
    pub fn variance(&self) -> Vec<f64> {
        self.running.variance()
    }

    /// The measured chromatogram, with standard errors from the bootstrap.
    #[must_use]
    pub fn measured(&self) -> Measured {
        Measured::of(self)
    }

    fn rapsd(&self) -> Result<Rapsd, EnsembleError> {
        let ImageShape { height, width, .. } = self.origin.resolved.image;
        let window = Window::hann_if(self.origin.options.hann);
        Ok(Rapsd::windowed(height, width, window)?)
    }
}
