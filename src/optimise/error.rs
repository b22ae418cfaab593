use crate::denoiser::DenoiseError;
use crate::sampler::SamplerKind;
use crate::sampler::registry::{ClosedForm, Method};
use crate::schedule::{CurveError, ScheduleError};
use crate::spectrum::SpectrumError;
use crate::words::count;

/// Why no schedule can be fitted.
#[derive(Debug, thiserror::Error)]
pub enum OptimiseError {
    /// The schedule is not valid.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The curve is not valid.
    #[error(transparent)]
    Curve(#[from] CurveError),
    /// Images cannot be analysed.
    #[error(transparent)]
    Spectrum(#[from] SpectrumError),
    /// The sampler's runs do not approach the reference.
    #[error(
        "the sampler {0} adds noise here, so no schedule can be fitted for it; use {others} without added noise",
        others = SamplerKind::names("or", |method: &Method| !method.is_stochastic())
    )]
    Stochastic(SamplerKind),
    /// The model's task would change with the schedule.
    #[error(
        "a guidance scale or class that changes over the run depends on the schedule to be fitted; use one scale and \
         one class, or classes by level"
    )]
    DependsOnTime,
    /// The model predicts noise at a level without signal.
    #[error(
        "the model's schedule reaches zero signal (ᾱ = 0), where a noise prediction cannot recover the image, so no \
         run can start there; choose a model that predicts v or x_0"
    )]
    ZeroSignal,
    /// The closed form does not cover the sampler.
    #[error(
        "the closed form exists for {these}, not for {0}; choose one of them, or fit against a reference run",
        these = SamplerKind::names("and", |method: &Method| method.exact == ClosedForm::Ddim)
    )]
    NoClosedForm(SamplerKind),
    /// There are no images to fit on.
    #[error("no seeds to fit on; give at least 1")]
    NoSeeds,
    /// The seeds exceed the largest one.
    #[error("the seeds would exceed {last}; start from a smaller one", last = u64::MAX)]
    Seeds,
    /// There are more images than a run may have.
    #[error("{} are more than the batch limit; use at most {most}", count(*.0, "seed"), most = crate::session::prepare::MAX_BATCH)]
    TooManySeeds(usize),
    /// There is no level between the ends of a run.
    #[error(
        "a run of one step has no noise level between its start and its end, so there is nothing to fit; use at least \
         2 steps"
    )]
    OneStep,
    /// There is no parameter to change.
    #[error("a curve of {} has no points between its ends to move; use at least 3", count(*.0, "control point"))]
    NothingToMove(usize),
    /// Not enough memory.
    #[error(
        "fitting {} on {} of this size needs about {gigabytes:.1} GB; use fewer seeds or fewer points",
        count(*.points, "control point"), count(*.seeds, "image")
    )]
    Memory {
        /// Inner control points.
        points: usize,
        /// Images.
        seeds: usize,
        /// Bytes/1e9.
        gigabytes: f64,
    },
    /// A run failed.
    #[error("step {step} of {steps} of {what} failed: {source}")]
    Run {
        /// Which run.
        what: &'static str,
        /// The step, from 1.
        step: usize,
        /// Steps in the run.
        steps: usize,
        /// Why.
        source: DenoiseError,
    },
    /// The optimiser refused its input.
    #[error("the optimiser cannot start ({0}); use another number of control points or seeds")]
    Refused(&'static str),
}
