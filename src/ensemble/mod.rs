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
#[cfg(test)]
pub(crate) mod decoded_tests;
mod decoding;
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
pub use decoding::{DecodingFailed, ImageDecoder};
pub use error::EnsembleError;
pub use findings::{Apart, EnsembleDifference, Findings, MARGIN, TheoryComparison};
pub use form::{RecordLayout, Space};
pub use gather::{GatherEnd, GatherProgress, Timing, gather, gather_with};
pub use measured::{Agreement, Disagreement, LEAST_ERRORS, Measured};
pub use prediction::Prediction;
pub use same::ComesTo;
pub use words::samples_in_words;

use crate::denoiser::ImageShape;
use crate::model::decoder::Decoder;
use crate::session::RunSettings;
use crate::session::decoded::open_decoder;
use crate::session::prepare::{Keeping, Model, Resolved};
use crate::spectrum::{BandPlan, Fft2, Fit, Rapsd, Rings, Running, Window};
use crate::theory::{NoiseLevel, default_levels};
use bootstrap::Replicas;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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
    /// For a model of latents: what part of them is decoded and measured as images too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoding: Option<DecodingShare>,
}

impl Default for Options {
    fn default() -> Self {
        Self { factor: 2, levels: None, hann: false, decoding: None }
    }
}

/// What part of the latents is decoded, as decoding takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecodingShare {
    /// Every so many steps, and the last.
    pub every: usize,
    /// So many samples, from the first.
    pub samples: usize,
}

impl DecodingShare {
    /// The default for a run of this many steps: about ten of them, of 32 samples.
    #[must_use]
    pub const fn suiting(steps: usize) -> Self {
        Self { every: steps.div_ceil(10), samples: 32 }
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
    /// Size of the decoded images, if they are measured too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoded: Option<ImageShape>,
    /// Pixels of the image along a side of a latent, for a model of latents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels_per_latent: Option<usize>,
}

/// Measurements of many samples of one model along one schedule, as running sums.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    origin: Origin,
    levels: Vec<NoiseLevel>,
    /// Of decoded images: levels and size of the whole run in latents.
    run: Option<(Vec<NoiseLevel>, (usize, usize))>,
    form: RecordLayout,
    bands: BandPlan,
    running: Running,
    replicas: Replicas,
    images: DataStatistics,
    /// The decoded images of some steps and samples.
    decoded: Option<Arc<Self>>,
}

impl Ensemble {
    /// An empty ensemble. The model must support the settings.
    pub fn begin(model: &Model, settings: &RunSettings, options: Options) -> Result<Self, EnsembleError> {
        Self::begin_decoding(model, settings, options, |latents| decoded_shape(model, latents))
    }

    /// The same with a decoder of your own, which makes images of the size that `shape` says.
    pub fn begin_decoding(
        model: &Model,
        settings: &RunSettings,
        options: Options,
        shape: impl FnOnce(ImageShape) -> Option<ImageShape>,
    ) -> Result<Self, EnsembleError> {
        if settings.init_noise.is_some() || settings.step_noise.is_some() {
            return Err(EnsembleError::GivenNoise);
        }
        let settings = RunSettings { batch: 1, first_sample: 0, ..settings.clone() };
        let prepared = model.prepare(&settings, Keeping::LatestStep)?;
        let decoded = match options.decoding {
            Some(_) => Some(shape(prepared.resolved.image).ok_or(EnsembleError::NoDecoder)?),
            None => None,
        };
        let latents = prepared.resolved.image;
        let pixels = |image: ImageShape| image.height / latents.height.max(1);
        let of_pipeline = model.info().pipeline.as_ref().map(|pipeline| pipeline.latents().pixels_per_latent);
        let origin = Origin {
            decoded,
            pixels_per_latent: of_pipeline.or_else(|| decoded.map(pixels)),
            settings,
            resolved: prepared.resolved,
            options,
            timesteps: prepared.timesteps,
            chromascope: env!("CARGO_PKG_VERSION").into(),
        };
        Self::of(origin, prepared.run.levels().to_vec())
    }

    fn of(origin: Origin, levels: Vec<NoiseLevel>) -> Result<Self, EnsembleError> {
        let decoded = match origin.options.decoding.zip(origin.decoded) {
            Some((share, image)) => Some(Arc::new(Self::of_decoded(&origin, &levels, share, image)?)),
            None => None,
        };
        Ok(Self { decoded, ..Self::of_space(origin, levels, Space::Own)? })
    }

    /// The ensemble of the decoded images: its steps are the decoded ones.
    fn of_decoded(
        origin: &Origin,
        levels: &[NoiseLevel],
        share: DecodingShare,
        image: ImageShape,
    ) -> Result<Self, EnsembleError> {
        let steps = share.steps(levels.len() - 1);
        let finer = finer_levels(origin.options.factor, origin.resolved.image.height, image.height);
        let mut of = origin.clone();
        of.resolved.image = image;
        // Its size is that of images already.
        of.resolved.pipeline = None;
        of.options.levels = origin.options.levels.zip(finer).map(|(levels, finer)| levels + finer);
        of.timesteps = steps.iter().map(|&step| origin.timesteps[step]).collect();
        let last = levels.last().copied();
        let of_steps = steps.iter().map(|&step| levels[step]).chain(last).collect();
        let latents = origin.resolved.image;
        let run = Some((levels.to_vec(), (latents.height, latents.width)));
        Ok(Self { run, ..Self::of_space(of, of_steps, Space::Decoded)? })
    }

    fn of_space(origin: Origin, levels: Vec<NoiseLevel>, space: Space) -> Result<Self, EnsembleError> {
        let ImageShape { channels, height, width } = origin.resolved.image;
        let Options { factor, levels: wanted, .. } = origin.options;
        let bands = wanted.unwrap_or_else(|| default_levels(factor, height, width));
        let bands = BandPlan::new(height, width, factor, bands, Fit::Pad)?;
        let rings = Rings::new(&*Fft2::of_size(height, width)?).len();
        let form = RecordLayout { steps: levels.len() - 1, channels, rings, bands: bands.levels() + 1, space };
        Ok(Self {
            running: Running::new(form.record()),
            replicas: Replicas::new(form.all_bands().len()),
            images: DataStatistics::new(channels, (height, width), bands)?,
            origin,
            levels,
            form,
            bands,
            run: None,
            decoded: None,
        })
    }

    /// The measurement of the decoded images, if the ensemble has one. Its steps are the decoded ones, its samples the first.
    #[must_use]
    pub const fn decoded(&self) -> Option<&Arc<Self>> {
        self.decoded.as_ref()
    }

    /// Steps of the run that the rows of estimates belong to.
    #[must_use]
    pub fn steps_of_run(&self) -> Vec<usize> {
        match (self.form.space, self.origin.options.decoding) {
            (Space::Decoded, Some(share)) => share.steps(self.run_steps()),
            _ => (0..self.steps()).collect(),
        }
    }

    /// Noise levels of the whole run.
    pub(super) fn run_levels(&self) -> &[NoiseLevel] {
        self.run.as_ref().map_or(&self.levels, |(levels, _)| levels)
    }

    /// Height and width of the run's states.
    pub(super) fn run_size(&self) -> (usize, usize) {
        let image = self.origin.resolved.image;
        self.run.as_ref().map_or((image.height, image.width), |(_, size)| *size)
    }

    /// Steps of the whole run.
    #[must_use]
    pub fn run_steps(&self) -> usize {
        self.run_levels().len() - 1
    }

    /// How many of the next samples are decoded; `None` if none are.
    fn decoded_of(&self, next: usize) -> Option<usize> {
        let share = self.origin.options.decoding?;
        let decoded = self.decoded.as_ref()?.samples();
        Some(share.samples.saturating_sub(decoded).min(next)).filter(|&count| count > 0)
    }

    /// The model's decoder, if any samples up to `target` are to be decoded, and a sentence if it runs elsewhere than the model.
    fn decoder_up_to(&self, target: usize) -> Result<Option<(Decoder, Option<String>)>, EnsembleError> {
        if self.decoded_of(target.saturating_sub(self.samples())).is_none() {
            return Ok(None);
        }
        // The model has loaded the library.
        let opened = open_decoder(&self.origin.settings, &self.origin.resolved, None)?;
        opened.ok_or(EnsembleError::NoDecoder).map(Some)
    }

    /// The spectrum of the final images, for the channels' mean (`series` 0) or for channel `series − 1`: `[F]`.
    #[must_use]
    pub fn final_psd(&self, series: usize) -> &[f64] {
        self.psd(Quantity::State, self.form.rows(Quantity::State) - 1, series)
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

    /// Pixels of the image along a side of a latent; `None` for a model of images.
    #[must_use]
    pub const fn pixels_per_latent(&self) -> Option<usize> {
        self.origin.pixels_per_latent
    }

    fn rapsd(&self) -> Result<Rapsd, EnsembleError> {
        let ImageShape { height, width, .. } = self.origin.resolved.image;
        let window = Window::hann_if(self.origin.options.hann);
        Ok(Rapsd::windowed(height, width, window)?)
    }
}

/// The size of the decoded images of a model's latents.
fn decoded_shape(model: &Model, latents: ImageShape) -> Option<ImageShape> {
    let pipeline = model.info().pipeline.as_ref().filter(|pipeline| pipeline.has_decoder())?;
    let pixels = pipeline.latents().pixels_per_latent;
    Some(ImageShape { channels: 3, height: latents.height * pixels, width: latents.width * pixels })
}

/// How many levels finer images of one side are than those of another; `None` if that is no whole number.
fn finer_levels(factor: usize, coarse: usize, fine: usize) -> Option<usize> {
    let (mut side, mut levels) = (coarse.max(1), 0);
    while side < fine && factor > 1 {
        side *= factor;
        levels += 1;
    }
    (side == fine).then_some(levels)
}
