//! The fit: the problem given to Levenberg–Marquardt, and the conditions to stop.

use super::solve::{Halt, SolverRun};
use super::{
    Bench, Ends, FitEnd, FitProgress, MEMORY_LIMIT, Objective, OptimiseError, Options, Parameters, Problem, outcome,
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

/// Step of the finite differences, in the logarithm of a gap: wide enough to exceed the
/// rounding of networks that take integer timesteps.
const DIFFERENCE: f64 = 0.02;
/// Least relative fall of the error for which the fit is restarted.
const WORTH_ANOTHER: f64 = 0.003;
/// Least fall of the error, relative to the start's, for which the differences count as useful.
const LED_SOMEWHERE: f64 = 0.05;
/// Standard deviation of the first random jump, in the logarithm of a gap, and its factor after a good one.
const WIDTH: f64 = 0.5;
const WIDER: f64 = 1.5;
/// The residual of a run whose end is not finite.
const HOPELESS: f64 = 1e6;

/// A fit and its progress.
pub(super) struct CurveFit {
    parameters: Parameters,
    closed_form: Option<GroupedPrior>,
    points: usize,
    values: usize,
    seed: u64,
    budget: usize,
    deadline: Option<std::time::Duration>,
    evaluations: usize,
    best: Drawn,
    /// RMSE of the start and of the best curve.
    errors: Option<(f64, f64)>,
    halted: Option<Halt>,
}

impl CurveFit {
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
            Objective::GaussianSpectrum { .. } if problem.sampler.exact() != registry::ClosedForm::Ddim => {
                return Err(OptimiseError::NoClosedForm(problem.sampler.kind));
            }
            Objective::GaussianSpectrum { spectrum, target } => Some(GroupedPrior::new(spectrum, *target)),
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
            // The optimiser needs at least as many residuals as parameters; the surplus stays 0.
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

    /// RMSE of the best curve.
    fn error(&self) -> f64 {
        self.errors.map_or(f64::INFINITY, |(_, best)| best)
    }

    /// Number of runs made.
    pub(super) const fn evaluations(&self) -> usize {
        self.evaluations
    }

    /// The best curve so far.
    pub(super) const fn best(&self) -> &Drawn {
        &self.best
    }

    /// RMSE of the start and of the best curve.
    pub(super) const fn errors(&self) -> Option<(f64, f64)> {
        self.errors
    }

    pub(super) fn run(&mut self, bench: &mut Bench, truth: Option<Ends>) -> Result<FitEnd, OptimiseError> {
        let began = Instant::now();
        let parameters = (0..self.points).map(|_| MPPar { step: DIFFERENCE, ..MPPar::new() }).collect();
        let config = MPConfig {
            ftol: 1e-4,
            xtol: 1e-3,
            gtol: 1e-6,
            step_factor: 1.0,
            // Budgets are checked here, where the best curve is known.
            max_iter: usize::MAX,
            max_fev: MPMaxFev::NoLimit,
            ..MPConfig::new()
        };
        let fitted = Fitter { fit: self, bench, truth, began, parameters, config }.fit();
        match (self.halted.take(), fitted) {
            (Some(Halt::Cancelled), _) => Ok(FitEnd::Cancelled),
            (Some(Halt::Late), _) => Ok(FitEnd::Time),
            (Some(Halt::Failed(error)), _) => Err(error),
            // If no difference is finite there is no direction to take.
            (None, Ok(()) | Err(MPError::Nan)) => Ok(FitEnd::Converged),
            (None, Err(MPError::Eval)) => Ok(FitEnd::Evaluations),
            (None, Err(MPError::DoF | MPError::Empty | MPError::NoFree)) => {
                Err(OptimiseError::Refused("it has fewer values than parameters"))
            }
            (None, Err(MPError::Input | MPError::InitBounds | MPError::Bounds)) => {
                Err(OptimiseError::Refused("its parameters are out of bounds"))
            }
        }
    }
}

/// The interface of rmpfit.
struct Fitter<'a, 'b, 'c> {
    fit: &'a mut CurveFit,
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
    /// Fits, and restarts from the best curve until that no longer helps: the optimiser remembers the scale of each parameter from
    /// its start, and once a gap is closed its parameter has no effect.
    fn fit(&mut self) -> MPResult<()> {
        if !self.fit.parameters.keeps_start() {
            // The start, which the parameters may not represent exactly, is evaluated separately.
            self.evaluate(self.fit.best.clone(), &mut vec![0.0; self.fit.values])?;
        }
        loop {
            let before = self.fit.error();
            self.mpfit(&mut vec![0.0; self.fit.points])?;
            // The first pass starts without knowledge.
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

    /// Random jumps from the best curve until the budget is used, wider after each success and narrower after each failure
    /// (a (1+1) evolution strategy). For models whose runs end in one image or another, such as the exact model of a set of
    /// images: their error is discontinuous, and differences do not show that.
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
            // One success in five keeps the width.
            width *= if self.fit.error() < before { WIDER } else { WIDER.powf(-0.25) };
            width = width.clamp(0.02, 2.0);
        }
        Ok(())
    }

    /// One run along a curve, within the budget; keeps the curve if it is the best.
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
        // Relative to the start's error, so that tolerances and the first step mean the same in every problem.
        let scale = if start > 0.0 && start.is_finite() { start.recip() } else { 1.0 };
        for residual in residuals {
            *residual *= scale;
        }
        Ok(())
    }

    /// Residuals of a curve, in data units, scaled so that the sum of their squares is the mean square.
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
        let run =
            SolverRun { what: "a run of the fit", sampler: bench.problem.sampler, model: &bench.problem.model, levels };
        let told = &mut *bench.told;
        let mut before_step = |_| ask(fit, told, *began);
        let end = match run.end(bench.denoiser, &truth.x_t, &mut before_step) {
            // A schedule on which the network fails is a bad one, but does not end the fit.
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

/// Asks whether to continue.
fn ask(fit: &CurveFit, told: &mut super::OnProgress, began: Instant) -> Result<(), Halt> {
    let (start, rmse) = fit.errors.unwrap_or((f64::NAN, f64::NAN));
    super::go_on(told(FitProgress::Fitting {
        evaluations: fit.evaluations,
        of: fit.budget,
        best: &fit.best,
        rmse,
        start,
    }))?;
    if fit.deadline.is_some_and(|deadline| began.elapsed() >= deadline) { Err(Halt::Late) } else { Ok(()) }
}

/// A Gaussian prior, with equal frequencies grouped.
struct GroupedPrior {
    /// Power, and the share of all frequencies that have it.
    modes: Vec<(f64, f64)>,
    target: Target,
}

impl GroupedPrior {
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
