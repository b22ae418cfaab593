//! A run of which only the final state is kept.

use super::OptimiseError;
use crate::denoiser::{DenoiseError, Denoiser, ImageShape};
use crate::sampler::{Making, SeededNoise, Solver, Step, StepAt, Workspace};
use crate::schedule::ModelSchedule;
use crate::theory::NoiseLevel;
use ndarray::{Array4, Axis};

/// Why a run did not finish.
#[derive(Debug)]
pub(super) enum Halt {
    /// It was cancelled.
    Cancelled,
    /// The time limit was reached.
    Late,
    /// It failed.
    Failed(OptimiseError),
}

impl<E: Into<OptimiseError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Halt {
    /// A cancel is not a failure.
    pub(super) fn unless_cancelled(self) -> Result<(), OptimiseError> {
        match self {
            Self::Cancelled | Self::Late => Ok(()),
            Self::Failed(error) => Err(error),
        }
    }
}

/// Initial noise of one image per seed, `[B, C, H, W]`: the start of a run with that seed and a batch of 1.
pub(super) fn noise(seeds: &[u64], image: ImageShape) -> Array4<f64> {
    let mut x_t = Array4::zeros(image.batch(seeds.len()));
    for (&seed, mut sample) in seeds.iter().zip(x_t.axis_iter_mut(Axis(0))) {
        sample.assign(&SeededNoise { seed, first_sample: 0 }.initial(image.batch(1)).index_axis(Axis(0), 0));
    }
    x_t
}

/// A run by a deterministic sampler.
pub(super) struct SolverRun<'a> {
    /// What the run is, for error messages.
    pub(super) what: &'static str,
    pub(super) sampler: Solver,
    pub(super) model: &'a ModelSchedule,
    pub(super) levels: &'a [NoiseLevel],
}

impl SolverRun<'_> {
    /// The final state from `x_t`. `before_step` is called before each step.
    pub(super) fn end(
        &self,
        denoiser: &mut dyn Denoiser,
        x_t: &Array4<f64>,
        before_step: &mut dyn FnMut(usize) -> Result<(), Halt>,
    ) -> Result<Array4<f64>, Halt> {
        let making = Making { eta: Some(0.0), schedule: Some(self.model), ..Making::default() };
        let mut sampler = self.sampler.build(&making);
        let mut unused = SeededNoise { seed: 0, first_sample: 0 };
        let (mut x, mut work) = (x_t.clone(), Workspace::new(x_t.dim().into()));
        let steps = self.levels.len() - 1;
        let failed = |step, source| OptimiseError::Run { what: self.what, step, steps, source };
        for index in 0..steps {
            before_step(index)?;
            let at = StepAt { index, levels: self.levels };
            let noise = &mut unused;
            match sampler.step(&mut Step { denoiser: &mut *denoiser, x: &mut x, at, noise, work: &mut work }) {
                Ok(()) => {}
                Err(DenoiseError::Cancelled) => return Err(Halt::Cancelled),
                Err(error) => return Err(failed(index + 1, error).into()),
            }
        }
        if x.iter().all(|value| value.is_finite()) {
            return Ok(x);
        }
        Err(failed(steps, DenoiseError::NotFinite { what: "NaN or Inf", timestep: work.first.timestep }).into())
    }
}
