//! The contents of the pane, computed in the background.

use crate::app::run_view::{Moment, Picture, PictureKey, RunView, Seen};
use crate::figure::{DataSpectrum, OtherStep, SpectrumFigure, SpectrumPlot, spectrum};
use crate::runtime::{AnalysisPool, RunEnd, RunId, Wake, Weigh};
use crate::session::SpectrumChoices;
use crate::spectrum::{Rapsd, SpectrumError, Window};
use ndarray::{ArrayView3, Axis};
use std::sync::Arc;

/// Memory for spectra, bytes.
const BUDGET: usize = 16 << 20;
/// Number of other steps that are drawn, spread evenly over the run.
const OTHERS: usize = 5;

/// Number of pictures per job.
type SpectraKey = (Vec<PictureKey>, Window);

/// Radially averaged power spectra with their keys, and those on screen.
pub struct Spectra {
    pool: Option<AnalysisPool<SpectraKey, Vec<RingDensities>>>,
    /// The last plot; it stays until the next one is ready.
    shown: Option<(PlotInputs, SpectrumPlot)>,
    /// Why a spectrum could not be computed.
    failed: Option<String>,
}

/// The source of the data's spectrum.
#[derive(Clone, Copy, Debug, Default)]
pub enum SpectrumOfData<'a> {
    /// The final image of the run, once it is complete.
    #[default]
    FinalImage,
    /// A known spectrum with the same channels and window.
    Known {
        /// Changes with the spectrum.
        version: u64,
        /// By ring, with its name in the legend.
        data: DataSpectrum<'a>,
    },
}

/// A request.
#[derive(Clone, Copy)]
pub(super) struct SpectraRequest<'a> {
    pub(super) run: &'a RunView,
    pub(super) at: Moment,
    pub(super) sample: usize,
    pub(super) choices: SpectrumChoices,
    pub(super) data: SpectrumOfData<'a>,
    /// Whether they are of decoded images and not of the run's own values.
    pub(super) decoded: bool,
}

impl SpectraRequest<'_> {
    /// Whether both pictures of the step are decoded, as far as that is needed; if not, they are wanted.
    pub(super) fn is_ready(&self) -> bool {
        !self.decoded || self.are_decoded(&[(self.at, Picture::State), (self.at, Picture::Expectation)])
    }

    fn are_decoded(&self, pictures: &[(Moment, Picture)]) -> bool {
        // All of them are wanted.
        let decoded = |(at, picture): &(Moment, Picture)| self.run.seen(*at, *picture, self.sample) == Seen::Decoded;
        pictures.iter().filter(|of| decoded(of)).count() == pictures.len()
    }

    const fn seen(&self) -> Seen {
        if self.decoded { Seen::Decoded } else { Seen::Values }
    }
}

/// All inputs of a plot.
#[derive(Clone, Copy, PartialEq)]
struct PlotInputs {
    run: RunId,
    at: Moment,
    sample: usize,
    choices: SpectrumChoices,
    decoded: bool,
    data: Option<u64>,
    complete: bool,
    /// Whether the final image is in it.
    image: bool,
    /// Number of other steps in it.
    others: usize,
}

/// Frequency of each ring, and the density by channel.
struct RingDensities {
    frequency: Vec<f64>,
    channels: Vec<Vec<f64>>,
    mean: Vec<f64>,
}

impl Weigh for RingDensities {
    fn bytes(&self) -> usize {
        self.frequency.bytes() + self.channels.bytes() + self.mean.bytes()
    }
}

impl RingDensities {
    fn of(shape: [usize; 3], values: &[f32], window: Window) -> Result<Self, SpectrumError> {
        let mut rapsd = Rapsd::windowed(shape[1], shape[2], window)?;
        let image = ArrayView3::from_shape(shape, values).ok();
        let planes = image.iter().flat_map(|image| image.axis_iter(Axis(0)));
        let channels = planes.map(|plane| rapsd.plane(plane)).collect::<Result<Vec<_>, _>>()?;
        let mut mean = vec![0.0; rapsd.rings().len()];
        for channel in &channels {
            mean.iter_mut().zip(channel).for_each(|(mean, density)| *mean += density / channels.len() as f64);
        }
        Ok(Self { frequency: rapsd.rings().frequency().to_vec(), channels, mean })
    }

    fn density(&self, channel: Option<usize>) -> &[f64] {
        channel.and_then(|channel| self.channels.get(channel)).unwrap_or(&self.mean)
    }
}

impl Spectra {
    /// `wake` is called when a spectrum is ready.
    #[must_use]
    pub fn new(wake: Wake) -> Self {
        // Without the thread the panel stays empty; nothing else needs it.
        Self { pool: AnalysisPool::start("chromascope-analysis", BUDGET, wake).ok(), shown: None, failed: None }
    }

    fn of(&mut self, question: &SpectraRequest, pictures: &[(Moment, Picture)]) -> Option<Arc<Vec<RingDensities>>> {
        let SpectraRequest { run, sample, choices, .. } = *question;
        let window = choices.window();
        let seen = question.seen();
        let keys = pictures.iter().map(|&(at, picture)| run.seen_key(seen, (at, picture, sample))).collect();
        let key = (keys, window);
        let pool = self.pool.as_ref()?;
        let found = pool.get(&key, || {
            if question.decoded && !question.are_decoded(pictures) {
                return None;
            }
            let images = pictures.iter().map(|&(at, picture)| {
                let shown = run.seen_values(seen, (at, picture, sample)).filter(|shown| shown.exact)?;
                Some((shown.shape, shown.values.into_owned()))
            });
            let images = images.collect::<Option<Vec<_>>>()?;
            Some(Box::new(move || {
                let rings = images.iter().map(|(shape, values)| RingDensities::of(*shape, values, window));
                // Images without a spectrum have no rings.
                rings.collect::<Result<_, _>>().unwrap_or_default()
            }))
        });
        if found.is_none() {
            self.failed = pool.failure(&key).or(self.failed.take());
        }
        found
    }

    /// Why a spectrum could not be computed.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// Steps of the run that are kept at full size, spread over it.
    fn other_steps(question: &SpectraRequest) -> Vec<usize> {
        let SpectraRequest { run, sample, choices, .. } = *question;
        if !choices.others || question.decoded {
            return Vec::new();
        }
        let mut steps: Vec<usize> = (0..OTHERS).map(|index| (2 * index + 1) * run.steps() / (2 * OTHERS)).collect();
        steps.dedup();
        let whole = |step: &usize| {
            let shown = run.values(Moment::of_step(*step), Picture::Expectation, sample);
            *step < run.done() && shown.is_some_and(|shown| shown.exact)
        };
        steps.retain(whole);
        steps
    }

    /// The plot of a moment once all of it is ready, until then the previous one, if it is of the same kind of images. Other
    /// steps may come later.
    pub(super) fn plot(&mut self, question: &SpectraRequest) -> Option<&SpectrumPlot> {
        let SpectraRequest { run, at, sample, choices, data, decoded } = *question;
        self.failed = None;
        let complete = run.end == Some(RunEnd::Complete);
        let version = if let SpectrumOfData::Known { version, .. } = data { Some(version) } else { None };
        let steps = Self::other_steps(question);
        let is_image = matches!(data, SpectrumOfData::FinalImage);
        let (others, image) = (steps.len(), complete && is_image);
        let wanted = PlotInputs { run: run.id, at, sample, choices, decoded, data: version, complete, image, others };
        if self.shown.as_ref().is_none_or(|(shown, _)| *shown != wanted) {
            // The latest request is computed first.
            let pictures: Vec<_> = steps.iter().map(|&step| (Moment::of_step(step), Picture::Expectation)).collect();
            let others = (!steps.is_empty()).then(|| self.of(question, &pictures)).flatten();
            let end = Moment { state: run.steps(), step: run.steps().saturating_sub(1) };
            // The last estimate is what the run ends with, and what is decoded of it first.
            let picture = if decoded { Picture::Expectation } else { Picture::State };
            let image = if complete && is_image { self.of(question, &[(end, picture)]) } else { None };
            let here = self.of(question, &[(at, Picture::State), (at, Picture::Expectation)]);
            let others_in = if others.is_some() { steps.len() } else { 0 };
            let wanted = PlotInputs { image: image.is_some(), others: others_in, ..wanted };
            let new = self.shown.as_ref().is_none_or(|(shown, _)| *shown != wanted);
            if let Some([x_t, expectation]) = here.as_deref().map(Vec::as_slice)
                && (image.is_some() || !complete || !is_image || decoded)
                && new
            {
                let channel = choices.channel;
                let image = image.as_ref().and_then(|image| image.first());
                let data = match data {
                    SpectrumOfData::Known { data, .. } => Some(data),
                    SpectrumOfData::FinalImage => {
                        image.map(|image| DataSpectrum { name: "final image", density: image.density(channel) })
                    }
                };
                let others: Vec<OtherStep> = steps
                    .iter()
                    .zip(others.iter().flat_map(|others| others.iter()))
                    .filter(|(step, _)| **step != at.step)
                    .map(|(step, rings)| OtherStep { density: rings.density(channel), later: *step > at.step })
                    .collect();
                let [height, width] = if decoded {
                    let (width, height) = run.image_size();
                    [height, width]
                } else {
                    [run.started.shape[2], run.started.shape[3]]
                };
                let level = run.level(at.state);
                let from = SpectrumFigure::new(&x_t.frequency, height.max(width), level);
                let plot = spectrum(SpectrumFigure {
                    // White noise is not white when decoded.
                    level: (!decoded).then_some(level),
                    x_t: Some(x_t.density(channel)),
                    expectation: Some(expectation.density(channel)),
                    data,
                    others: &others,
                    fit: choices.fit,
                    ..from
                });
                self.shown = Some((wanted, plot));
            }
        }
        self.shown.as_ref().filter(|(shown, _)| shown.decoded == decoded).map(|(_, plot)| plot)
    }
}
