//! Schedules by optimisation: moves the control points of a curve until N steps end as close as possible to a fine run
//! from the same noise.
//!
//! The error is a sum of squares over pixels and the curve has few parameters, so the fit is a nonlinear least-squares
//! problem: Levenberg–Marquardt (rmpfit, a port of MINPACK's) with finite differences, one N-step run per evaluation.
//! If differences do not improve the fit, random jumps use the rest of the budget. The result is tested on seeds that
//! were not used for the fit.
//!
//! ```
//! use chromascope::denoiser::{GaussianDenoiser, ImageShape};
//! use chromascope::optimise::{Options, Problem, optimise, start_from};
//! use chromascope::schedule::{FinalLevel, ModelSchedule, PlanSource, Spacing};
//! use std::ops::ControlFlow;
//!
//! let model = ModelSchedule::Continuous("cosine".parse()?);
//! let mut denoiser = GaussianDenoiser::new(8, model.clone());
//! let problem = Problem::new(model, ImageShape { channels: 1, height: 8, width: 8 }, 4);
//! let now = PlanSource::Spacing(Spacing::Trailing);
//! let start = start_from(&problem.plan(&now)?, &problem.model, 5)?;
//! let options = Options { evaluations: 40, ..Options::default() };
//! let outcome = optimise(&problem, &mut denoiser, &now, &start, &options, &mut |_| ControlFlow::Continue(()))?;
//! assert!(outcome.comparison.is_some_and(|measured| measured.ratio() < 1.0));
//! # Ok::<(), chromascope::optimise::OptimiseError>(())
//! ```

mod error;
mod fit;
mod outcome;
mod parameters;
mod reference;
mod solve;
#[cfg(test)]
mod tests;

pub use error::OptimiseError;
pub use outcome::{Comparison, EndErrors, FitEnd, Fitted, Outcome, rows};
pub use parameters::{Parameters, start_from};
pub use reference::Reference;

use crate::denoiser::{Denoiser, ImageShape};
use crate::sampler::Solver;
use crate::schedule::{Curve, Drawn, FinalLevel, ModelSchedule, Plan, PlanRequest, PlanSource, ScheduleError};
use crate::session::prepare::{Bare, MAX_BATCH, sampler_of};
use crate::session::{RunSettings, SamplerKind};
use crate::theory::gaussian::Target;
use fit::CurveFit;
use ndarray::Array4;
use outcome::Ruler;
use solve::Halt;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Default limit on the control points of a start; more do not help runs of few steps.
pub const DEFAULT_MOST_POINTS: usize = 13;
/// Most bytes that a fit may use.
const MEMORY_LIMIT: f64 = 4e9;

/// The runs whose schedule is optimised.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The schedule that the model was trained on.
    pub model: ModelSchedule,
    /// Size of one image.
    pub image: ImageShape,
    /// Steps of a run.
    pub steps: usize,
    /// The sampler; it must not add noise.
    pub sampler: Solver,
    /// The final level, from the model's scheduler.
    pub final_level: FinalLevel,
    /// Offset added to `leading` timesteps.
    pub steps_offset: usize,
}

impl Problem {
    /// DDIM to the clean image.
    #[must_use]
    pub fn new(model: ModelSchedule, image: ImageShape, steps: usize) -> Self {
        Self { model, image, steps, sampler: SamplerKind::Ddim.into(), final_level: FinalLevel::Clean, steps_offset: 0 }
    }

    /// The runs of a model with these settings; steps, sampler and η are used.
    pub fn of(bare: &Bare, settings: &RunSettings) -> Result<Self, OptimiseError> {
        if bare.parameterization.limit_at(bare.schedule.noisiest()).is_some() {
            return Err(OptimiseError::ZeroSignal);
        }
        if settings.steps == 1 {
            return Err(OptimiseError::OneStep);
        }
        if settings.depends_on_time() {
            return Err(OptimiseError::DependsOnTime);
        }
        let sampler = sampler_of(settings, &bare.config, &bare.schedule).solver;
        if sampler.method().is_stochastic() || settings.injects_noise(sampler) {
            return Err(OptimiseError::Stochastic(sampler.kind));
        }
        Ok(Self {
            model: bare.schedule.clone(),
            image: bare.image,
            steps: settings.steps,
            sampler,
            final_level: bare.config.final_level(sampler.method().convention),
            steps_offset: bare.config.steps_offset,
        })
    }

    /// The levels that a run along this schedule visits.
    pub fn plan(&self, source: &PlanSource) -> Result<Plan, ScheduleError> {
        let request = PlanRequest {
            source: source.clone(),
            steps: self.steps,
            convention: self.sampler.method().convention,
            steps_offset: self.steps_offset,
            final_level: self.final_level,
        };
        let plan = request.plan(&self.model)?;
        Ok(if self.sampler.finite_sigma() { plan.with_finite_start() } else { plan })
    }

    /// The levels that a run along a drawn curve visits.
    pub fn plan_along(&self, curve: &Drawn) -> Result<Plan, ScheduleError> {
        self.plan(&PlanSource::curve(Curve::Drawn(curve.clone())))
    }

    /// Number of control points that suits this many steps.
    #[must_use]
    pub fn default_points(&self) -> usize {
        self.steps.saturating_add(1).clamp(3, DEFAULT_MOST_POINTS)
    }
}

/// What is minimised.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Objective {
    /// RMSE of the run's final images from those of the reference, over the fit's seeds.
    #[default]
    Reference,
    /// The expected RMSE for a Gaussian prior in closed form, without sampling: see
    /// [`ddim_spectrum`](crate::theory::gaussian::ddim_spectrum).
    GaussianSpectrum {
        /// The prior's power at every frequency of an image.
        spectrum: Vec<f64>,
        /// The target.
        target: Target,
    },
}

/// Options of an optimisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// What is minimised.
    pub objective: Objective,
    /// The fine run to compare with.
    pub reference: Reference,
    /// The first seed. The fit uses it and those that follow; the measurement uses the seeds after these.
    pub seed: u64,
    /// Images to fit on, one per seed.
    pub fit_seeds: usize,
    /// Images to measure on, one per seed; 0 skips the measurement.
    pub measure_seeds: usize,
    /// Whether control points move in run time too, not only in λ.
    pub move_times: bool,
    /// Most runs for the fit.
    pub evaluations: usize,
    /// Time limit of the fit; reference and measurement come on top.
    pub wall: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            objective: Objective::Reference,
            reference: Reference::default(),
            seed: 0,
            fit_seeds: 4,
            measure_seeds: 8,
            move_times: false,
            evaluations: 200,
            wall: None,
        }
    }
}

impl Options {
    /// The seeds of the fit and of the measurement, which are disjoint.
    pub fn seeds(&self) -> Result<(Vec<u64>, Vec<u64>), OptimiseError> {
        let fitted = if self.objective == Objective::Reference { self.fit_seeds } else { 0 };
        let count = fitted.max(self.measure_seeds);
        if count > MAX_BATCH {
            return Err(OptimiseError::TooManySeeds(count));
        }
        let all = (fitted + self.measure_seeds) as u64;
        let end = self.seed.checked_add(all).ok_or(OptimiseError::Seeds)?;
        let between = self.seed + fitted as u64;
        Ok(((self.seed..between).collect(), (between..end).collect()))
    }
}

/// The current stage, reported between any two steps of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FitProgress<'a> {
    /// Making a reference, for the fit or for the measurement.
    Reference {
        /// Steps made.
        done: usize,
        /// Steps of the reference.
        of: usize,
    },
    /// Fitting the curve.
    Fitting {
        /// Runs made.
        evaluations: usize,
        /// Most runs of the fit.
        of: usize,
        /// The best curve so far.
        best: &'a Drawn,
        /// Its RMSE on the fit's seeds, data units; NaN before the first run has ended.
        rmse: f64,
        /// RMSE of the start.
        start: f64,
    },
    /// Measuring before and after.
    Measuring {
        /// The best curve, now final.
        best: &'a Drawn,
    },
}

/// Receives the [`FitProgress`] and decides whether to continue. After a `Break` no further step is made, and the best curve so far is
/// the result. A [`DenoiseError::Cancelled`](crate::denoiser::DenoiseError::Cancelled) from within a step does the same.
pub type OnProgress<'a> = dyn FnMut(FitProgress) -> ControlFlow<()> + 'a;

/// Fits `start` to the problem and compares the result with the present schedule `now`, on seeds of its own. The
/// inner points of the curve move; its tied ends are set to the model's. The same arguments give the same result,
/// unless the time limit ends the fit.
pub fn optimise(
    problem: &Problem,
    denoiser: &mut dyn Denoiser,
    now: &PlanSource,
    start: &Drawn,
    options: &Options,
    told: &mut OnProgress,
) -> Result<Outcome, OptimiseError> {
    let began = Instant::now();
    if problem.steps == 1 {
        return Err(OptimiseError::OneStep);
    }
    if problem.sampler.method().is_stochastic() {
        return Err(OptimiseError::Stochastic(problem.sampler.kind));
    }
    let (fit_seeds, measure_seeds) = options.seeds()?;
    let start = start.tied(problem.model.cleanest(), problem.model.noisiest());
    let before = problem.plan(now)?;
    let mut bench = Bench { problem, denoiser, told };
    let mut fit = CurveFit::new(problem, &start, options, fit_seeds.len())?;
    let mut outcome = Outcome {
        best: start.clone(),
        ended: FitEnd::Cancelled,
        evaluations: 0,
        seconds: 0.0,
        fitted: None,
        comparison: None,
    };
    let target = match options.objective {
        Objective::Reference => bench.reference(options.reference, &fit_seeds).map(Some),
        Objective::GaussianSpectrum { .. } => Ok(None),
    };
    match target {
        Ok(target) => {
            outcome.ended = fit.run(&mut bench, target)?;
            outcome.evaluations = fit.evaluations();
            outcome.best = fit.best().clone();
            outcome.fitted = fit.errors().map(|(start, best)| Fitted { seeds: fit_seeds, start, best });
        }
        Err(halt) => halt.unless_cancelled()?,
    }
    if outcome.ended != FitEnd::Cancelled && !measure_seeds.is_empty() {
        match bench.compare(&before, &outcome.best, options.reference, measure_seeds) {
            Ok(comparison) => outcome.comparison = Some(comparison),
            Err(halt) => {
                halt.unless_cancelled()?;
                outcome.ended = FitEnd::Cancelled;
            }
        }
    }
    outcome.seconds = began.elapsed().as_secs_f64();
    Ok(outcome)
}

/// The tools to make runs with.
struct Bench<'a, 'b> {
    problem: &'a Problem,
    denoiser: &'a mut dyn Denoiser,
    told: &'a mut OnProgress<'b>,
}

/// An array of images with the noise that they came from.
struct Ends {
    x_t: Array4<f64>,
    x_0: Array4<f64>,
}

impl Bench<'_, '_> {
    fn reference(&mut self, reference: Reference, seeds: &[u64]) -> Result<Ends, Halt> {
        let levels = reference.levels(self.problem)?;
        let x_t = solve::noise(seeds, self.problem.image);
        let of = levels.len() - 1;
        let mut before_step = |done| go_on((self.told)(FitProgress::Reference { done, of }));
        let run = solve::SolverRun {
            what: "the reference",
            sampler: reference.sampler(),
            model: &self.problem.model,
            levels: &levels,
        };
        let x_0 = run.end(self.denoiser, &x_t, &mut before_step)?;
        go_on((self.told)(FitProgress::Reference { done: of, of }))?;
        Ok(Ends { x_t, x_0 })
    }

    fn compare(
        &mut self,
        before: &Plan,
        best: &Drawn,
        reference: Reference,
        seeds: Vec<u64>,
    ) -> Result<Comparison, Halt> {
        let mut ruler = Ruler::new(self.problem.image.height, self.problem.image.width)?;
        let truth = self.reference(reference, &seeds)?;
        let mut measure = |plan: &Plan| -> Result<EndErrors, Halt> {
            let mut before_step = |_| go_on((self.told)(FitProgress::Measuring { best }));
            let run = solve::SolverRun {
                what: "a test run",
                sampler: self.problem.sampler,
                model: &self.problem.model,
                levels: plan.levels(),
            };
            let end = run.end(self.denoiser, &truth.x_t, &mut before_step)?;
            Ok(ruler.measure(&end, &truth.x_0)?)
        };
        let before = measure(before)?;
        let after = measure(&self.problem.plan_along(best)?)?;
        Ok(Comparison { seeds, frequency: ruler.frequency(), before, after })
    }
}

fn go_on(told: ControlFlow<()>) -> Result<(), Halt> {
    if told.is_break() { Err(Halt::Cancelled) } else { Ok(()) }
}
