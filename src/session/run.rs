use super::trajectory::{Snapshot, Trajectory};
use crate::denoiser::{DenoiseError, Denoised, Denoiser, not_finite};
use crate::sampler::{NoiseSource, Sampler, StepAt};
use crate::theory::NoiseLevel;
use ndarray::Array4;
use std::sync::Arc;
use std::time::Instant;

/// A run under way: state in f64 between steps, snapshots in f32.
pub struct Run {
    denoiser: Box<dyn Denoiser>,
    sampler: Box<dyn Sampler>,
    noise: Box<dyn NoiseSource>,
    levels: Vec<NoiseLevel>,
    x: Array4<f64>,
    first: Denoised,
    next: usize,
}

/// A step that failed. The steps before it stand.
#[derive(Debug, thiserror::Error)]
#[error("step {step} of {steps} failed: {source}")]
pub struct RunError {
    /// The step, counted from 1 as people do.
    pub step: usize,
    /// Steps in the run.
    pub steps: usize,
    /// Why.
    pub source: DenoiseError,
}

impl RunError {
    /// Whether the run was asked to stop, rather than failed.
    #[must_use]
    pub const fn is_cancelled(&self) -> bool {
        matches!(self.source, DenoiseError::Cancelled)
    }
}

impl Run {
    /// A run along `levels` (one more than steps) from the unit-variance `x_t`, `[B, C, H, W]`.
    #[must_use]
    pub fn new(
        denoiser: Box<dyn Denoiser>,
        sampler: Box<dyn Sampler>,
        noise: Box<dyn NoiseSource>,
        levels: Vec<NoiseLevel>,
        x_t: Array4<f64>,
    ) -> Self {
        let first = Denoised::zeros(x_t.dim().into());
        Self { denoiser, sampler, noise, levels, x: x_t, first, next: 0 }
    }

    /// An empty trajectory for this run's steps.
    #[must_use]
    pub fn trajectory(&self) -> Trajectory {
        Trajectory::new(self.levels.clone(), &self.x)
    }

    /// Steps in the whole run.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.levels.len() - 1
    }

    /// Makes the next step and adds it to `trajectory`; `None` once all are made.
    pub fn step(&mut self, trajectory: &mut Trajectory) -> Result<Option<Arc<Snapshot>>, RunError> {
        if self.next >= self.steps() {
            return Ok(None);
        }
        let began = Instant::now();
        let at = StepAt { index: self.next, levels: &self.levels };
        let failed = |source| RunError { step: at.index + 1, steps: at.steps(), source };
        self.sampler.step(&mut *self.denoiser, &mut self.x, at, &mut *self.noise, &mut self.first).map_err(failed)?;
        let snapshot = Snapshot {
            step: at.index,
            level: at.from(),
            timestep: self.first.timestep,
            x_t: Arc::unwrap_or_clone(std::mem::take(&mut trajectory.state)),
            x0: self.first.x0.mapv(|value| value as f32),
            eps: self.first.eps.mapv(|value| value as f32),
            seconds: began.elapsed().as_secs_f64(),
        };
        let state = self.x.mapv(|value| value as f32);
        for values in [&state, &snapshot.x0, &snapshot.eps] {
            // Arrays that were just made are contiguous, in whatever order.
            if let Some(what) = values.as_slice_memory_order().and_then(not_finite) {
                trajectory.state = Arc::new(snapshot.x_t);
                return Err(failed(DenoiseError::NotFinite { what, timestep: self.first.timestep }));
            }
        }
        self.next += 1;
        let snapshot = Arc::new(snapshot);
        trajectory.push(Arc::clone(&snapshot), state);
        Ok(Some(snapshot))
    }
}
