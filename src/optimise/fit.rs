//! The fit itself: what Levenberg–Marquardt is given, and when it ends.

use super::solve::{Halt, Run};
use super::{
    Bench, Ended, Ends, MEMORY_LIMIT, Objective, OptimiseError, Options, Parameters, Problem, Progress, outcome,
};
use crate::denoiser::DenoiseError;
use crate::sampler::registry;
use crate::schedule::Drawn;
use crate::theory::NoiseLevel;
use crate::theory::gaussian::{Target, ddim_run_factor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rmpfit::{MPConfig, MPError, MPFitter, MPMaxFev, MPPar, MPResult};
use std::time::Instant;

/// Step of the differences that stand for derivatives, in the logarithm of a gap: wide enough to be seen through the
/// rounding of networks that take integer timesteps.
const DIFFERENCE: f64 = 0.02;
/// Least fall of the error, as a share of it, for which the fit begins once more.
const WORTH_ANOTHER: f64 = 0.003;
/// Least fall of the error, as a share of the start's, by which differences are said to have led somewhere.
const LED_SOMEWHERE: f64 = 0.05;
/// Standard deviation of the first random jump, in the logarithm of a gap, and its factor after a good one.
const WIDTH: f64 = 0.5;
const WIDER: f64 = 1.5;
/// What a residual is where a run has no finite end.
const HOPELESS: f64 = 1e6;

/// A fit, before, during and after.
pub(super) struct Fit {
    parameters: Parameters,
    closed_form: Option<ClosedForm>,
    points: usize,
    values: usize,
    seed: u64,
    budget: usize,
    deadline: Option<std::time::Duration>,
    evaluations: usize,
    best: Drawn,
    /// RMSE of the start and of the best.
    errors: Option<(f64, f64)>,
    halted: Option<Halt>,
}

impl Fit {
    pub(super) fn new(
        problem: &Problem,
        start: &Drawn,
        options: &Options,
        seeds: usize,
    ) -> Result<Self, OptimiseError> {
        let parameters = Parameters::around(start, options.move_times);
        if parameters.is_empty() {
            return Err(OptimiseError::NothingToMove(start.points().len()));
        }
        let closed_form = match &options.objective {
            Objective::Reference if seeds == 0 => return Err(OptimiseError::NoSeeds),
            Objective::Reference => None,
            Objective::GaussianSpectrum { .. } if problem.sampler.method().exact != registry::ClosedForm::Ddim => {
                return Err(OptimiseError::NoClosedForm(problem.sampler));
            }
            Objective::GaussianSpectrum { spectrum, target } => Some(ClosedForm::new(spectrum, *target)),
        };
        let values = closed_form.as_ref().map_or(problem.image.len() * seeds, |form| form.modes.len());
        // The Jacobian, and a dozen states.
        let bytes = (parameters.len() + 12) as f64 * values as f64 * 8.0;
        if bytes > MEMORY_LIMIT {
            let points = start.points().len();
            return Err(OptimiseError::Memory { points, seeds, gigabytes: bytes / 1e9 });
        }
        Ok(Self {
            points: parameters.len(),
            // The optimiser wants no fewer residuals than parameters; what is over stays 0.
            values: values.max(parameters.len()),
            parameters,
            closed_form,
            seed: options.seed,
            budget: options.evaluations,
            deadline: options.wall,
            evaluations: 0,
            best: start.clone(),
            errors: None,
            halted: None,
        })
    }

    /// RMSE of the best.
    fn error(&self) -> f64 {
        self.errors.map_or(f64::INFINITY, |(_, best)| best)
    }

    /// Runs made.
    pub(super) const fn evaluations(&self) -> usize {
        self.evaluations
    }

    /// The best curve so far.
    pub(super) const fn best(&self) -> &Drawn {
        &self.best
    }

    /// RMSE of the start and of the best.
    pub(super) const fn errors(&self) -> Option<(f64, f64)> {
        self.errors
    }

    pub(super) fn run(&mut self, bench: &mut Bench, truth: Option<Ends>) -> Result<Ended, OptimiseError> {
        let began = Instant::now();
        let parameters = (0..self.points).map(|_| MPPar { step: DIFFERENCE, ..MPPar::new() }).collect();
        let config = MPConfig {
            ftol: 1e-4,
            xtol: 1e-3,
            gtol: 1e-6,
            step_factor: 1.0,
            // Budgets are kept here, where the best is known.
            max_iter: usize::MAX,
            max_fev: MPMaxFev::NoLimit,
            ..MPConfig::new()
        };
        let fitted = Fitter { fit: self, bench, truth, began, parameters, config }.fit();
        match (self.halted.take(), fitted) {
            (Some(Halt::Cancelled), _) => Ok(Ended::Cancelled),
            (Some(Halt::Late), _) => Ok(Ended::Time),
            (Some(Halt::Failed(error)), _) => Err(error),
            // Where every difference is hopeless there is no direction to go in.
            (None, Ok(()) | Err(MPError::Nan)) => Ok(Ended::Converged),
            (None, Err(MPError::Eval)) => Ok(Ended::Evaluations),
            (None, Err(MPError::DoF | MPError::Empty | MPError::NoFree)) => {
                Err(OptimiseError::Refused("it has fewer values than parameters"))
            }
            (None, Err(MPError::Input | MPError::InitBounds | MPError::Bounds)) => {
                Err(OptimiseError::Refused("its parameters are out of bounds"))
            }
        }
    }
}

/// What rmpfit asks.
struct Fitter<'a, 'b, 'c> {
    fit: &'a mut Fit,
    bench: &'a mut Bench<'b, 'c>,
    truth: Option<Ends>,
    began: Instant,
    parameters: Vec<MPPar>,
    config: MPConfig,
}

impl MPFitter for Fitter<'_, '_, '_> {
    fn eval(&mut self, vector: &[f64], residuals: &mut [f64]) -> MPResult<()> {
        let curve = self.fit.parameters.curve(vector);
        self.evaluate(curve, residuals)
    }

    fn number_of_points(&self) -> usize {
        self.fit.values
    }

    fn config(&self) -> &MPConfig {
        &self.config
    }

    fn parameters(&self) -> &[MPPar] {
        &self.parameters
    }
}

impl Fitter<'_, '_, '_> {
    /// Fits, and begins again from the best until that is of no use: the optimiser remembers the scale of each parameter from
    /// where it began, and of a gap that it has closed no parameter changes anything any more.
    fn fit(&mut self) -> MPResult<()> {
        if !self.fit.parameters.keeps_start() {
            // What the parameters cannot quite be is tried by itself.
            self.evaluate(self.fit.best.clone(), &mut vec![0.0; self.fit.values])?;
        }
        loop {
            let before = self.fit.error();
            self.mpfit(&mut vec![0.0; self.fit.points])?;
            // The first time nothing was known before.
            if self.fit.error() > (1.0 - WORTH_ANOTHER) * before || self.fit.error() == 0.0 {
                break;
            }
            self.fit.parameters = Parameters::around(&self.fit.best, self.fit.parameters.move_times());
        }
        match self.fit.errors {
            Some((start, best)) if best > (1.0 - LED_SOMEWHERE) * start => self.jump(),
            _ => Ok(()),
        }
    }

    /// Random jumps from the best until the budget is spent, wider after each that is good and narrower after those that are
    /// not (a (1+1) evolution strategy). For models whose runs fall into one image or another, as the exact one of a set of
    /// images: their error changes in leaps, which differences do not see.
    fn jump(&mut self) -> MPResult<()> {
        let mut random = ChaCha8Rng::seed_from_u64(self.fit.seed);
        let mut width = WIDTH;
        let mut unused = vec![0.0; self.fit.values];
        while self.fit.error() > 0.0 {
            self.fit.parameters = Parameters::around(&self.fit.best, self.fit.parameters.move_times());
            let normal = |_| -> f64 { StandardNormal.sample(&mut random) };
            let vector: Vec<f64> = (0..self.fit.points).map(normal).map(|normal| width * normal).collect();
            let before = self.fit.error();
            self.eval(&vector, &mut unused)?;
            // One good jump in five keeps the width.
            width *= if self.fit.error() < before { WIDER } else { WIDER.powf(-0.25) };
            width = width.clamp(0.02, 2.0);
        }
        Ok(())
    }

    /// One run along a curve, within the budget; what comes of it is kept.
    fn evaluate(&mut self, curve: Drawn, residuals: &mut [f64]) -> MPResult<()> {
        if self.fit.evaluations >= self.fit.budget {
            return Err(MPError::Eval);
        }
        let rmse = self.residuals(&curve, residuals).map_err(|halt| {
            self.fit.halted = Some(halt);
            MPError::Eval
        })?;
        self.fit.evaluations += 1;
        let (start, best) = self.fit.errors.unwrap_or((rmse, f64::INFINITY));
        if rmse < best {
            self.fit.best = curve;
        }
        self.fit.errors = Some((start, best.min(rmse)));
        // In units of the start's error, so that tolerances and the first step mean the same in every problem.
        let scale = if start > 0.0 && start.is_finite() { start.recip() } else { 1.0 };
        for residual in residuals {
            *residual *= scale;
        }
        Ok(())
    }

    /// Residuals of a curve, data units, their squares scaled to sum to the mean square, whose root is the answer.
    fn residuals(&mut self, curve: &Drawn, residuals: &mut [f64]) -> Result<f64, Halt> {
        let levels = self.bench.problem.plan_along(curve)?.levels().to_vec();
        residuals.fill(0.0);
        ask(self.fit, self.bench.told, self.began)?;
        match &self.fit.closed_form {
            Some(form) => Ok(form.residuals(&levels, residuals)),
            None => self.sampled(&levels, residuals),
        }
    }

    fn sampled(&mut self, levels: &[NoiseLevel], residuals: &mut [f64]) -> Result<f64, Halt> {
        let Self { fit, bench, truth: Some(truth), began, .. } = self else { return Ok(0.0) };
        let run = Run { what: "a run of the fit", sampler: bench.problem.sampler, levels };
        let told = &mut *bench.told;
        let mut before_step = |_| ask(fit, told, *began);
        let end = match run.end(bench.denoiser, &truth.x_t, &mut before_step) {
            // A schedule on which the network fails is a bad one, and no reason to give up.
            Err(Halt::Failed(OptimiseError::Run { source: DenoiseError::NotFinite { .. }, .. })) => {
                residuals.fill(HOPELESS);
                return Ok(f64::INFINITY);
            }
            end => end?,
        };
        let scale = (end.len() as f64).sqrt().recip();
        for (residual, (end, truth)) in residuals.iter_mut().zip(end.iter().zip(&truth.x_0)) {
            *residual = (end - truth) * scale;
        }
        Ok(outcome::rmse(&end, &truth.x_0))
    }
}

/// Whether to continue.
fn ask(fit: &Fit, told: &mut super::Told, began: Instant) -> Result<(), Halt> {
    let (start, rmse) = fit.errors.unwrap_or((f64::NAN, f64::NAN));
    super::go_on(told(Progress::Fitting {
        evaluations: fit.evaluations,
        of: fit.budget,
        best: &fit.best,
        rmse,
        start,
    }))?;
    if fit.deadline.is_some_and(|deadline| began.elapsed() >= deadline) { Err(Halt::Late) } else { Ok(()) }
}

/// A Gaussian prior, equal frequencies taken together.
struct ClosedForm {
    /// Power, and the share of all frequencies that have it.
    modes: Vec<(f64, f64)>,
    target: Target,
}

impl ClosedForm {
    fn new(spectrum: &[f64], target: Target) -> Self {
        let mut sorted: Vec<f64> = spectrum.iter().copied().filter(|power| *power >= 0.0).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let all = sorted.len() as f64;
        let equal = |a: &f64, b: &f64| (b - a).abs() <= 1e-12 * b.abs();
        let modes = sorted.chunk_by(equal).map(|alike| (alike[0], alike.len() as f64 / all)).collect();
        Self { modes, target }
    }

    fn residuals(&self, levels: &[NoiseLevel], residuals: &mut [f64]) -> f64 {
        for (residual, &(power, share)) in residuals.iter_mut().zip(&self.modes) {
            *residual = (ddim_run_factor(levels, power) - self.target.factor(levels, power)) * share.sqrt();
        }
        residuals.iter().map(|residual| residual * residual).sum::<f64>().sqrt()
    }
}
