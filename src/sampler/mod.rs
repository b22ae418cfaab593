//! Samplers, one file a paper. Each turns estimates of a [`Denoiser`] into steps along a list of noise levels.
//!
//! All keep the state variance preserving and in f64. Those whose papers speak of the variance-exploding state
//! `x_VE = x_0 + σ·ε` multiply by `√(1+σ²) = 1/√ᾱ` inside.

mod ddim;
mod ddpm;
mod dpm_solver_pp;
mod euler;
mod heun;
mod noise;

pub use ddim::Ddim;
pub use ddpm::{Ddpm, Variance};
pub use dpm_solver_pp::DpmSolverPp2M;
pub use euler::{Euler, EulerAncestral};
pub use heun::{Churn, Heun};
pub use noise::{GivenNoise, NoiseError, NoiseSource, SeededNoise};

use crate::denoiser::{DenoiseError, Denoised, Denoiser};
use crate::theory::NoiseLevel;
use ndarray::Array4;

/// Which step of which run.
#[derive(Clone, Copy, Debug)]
pub struct StepAt<'a> {
    /// Step number, 0 the noisiest.
    pub index: usize,
    /// Noise levels of the whole run, one more than steps.
    pub levels: &'a [NoiseLevel],
}

impl StepAt<'_> {
    /// The level that the step leaves.
    #[must_use]
    pub fn from(&self) -> NoiseLevel {
        self.levels[self.index]
    }

    /// The level that it reaches.
    #[must_use]
    pub fn to(&self) -> NoiseLevel {
        self.levels[self.index + 1]
    }

    /// Steps in the whole run.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.levels.len() - 1
    }
}

/// One way of stepping.
pub trait Sampler: Send {
    /// Moves `x` (VP state, `[B, C, H, W]`) from `at.from()` to `at.to()`, and leaves the step's first evaluation in
    /// `first`. Injected noise, where the method has any, is entry `at.index` of `noise`. On an error `x` is unchanged.
    fn step(
        &mut self,
        denoiser: &mut dyn Denoiser,
        x: &mut Array4<f64>,
        at: StepAt,
        noise: &mut dyn NoiseSource,
        first: &mut Denoised,
    ) -> Result<(), DenoiseError>;

    /// Whether the method's state is the VE one, so that no level may have `σ = ∞`.
    fn needs_finite_sigma(&self) -> bool {
        true
    }

    /// Whether step `here` does just what step `there` of the same number does in another run of this method, given that
    /// all levels up to the one it reaches are the same. Only what a method takes from the length of the run or from later
    /// levels can differ.
    fn repeats(&self, here: StepAt, there: StepAt) -> bool {
        let _ = (here, there);
        true
    }

    /// What the method remembers of the steps before besides the state; `None` where it remembers nothing.
    fn memory(&self) -> Option<Memory> {
        None
    }

    /// Goes on from what [`memory`](Self::memory) gave after an earlier step.
    fn recall(&mut self, memory: Option<&Memory>) {
        let _ = memory;
    }
}

/// What a multistep method remembers of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// The step's number.
    pub step: usize,
    /// Its data prediction, `[B, C, H, W]`.
    pub data: Array4<f64>,
}

/// Gives a buffer the shape of `like`, keeping its memory where it has that shape already.
fn resize(buffer: &mut Array4<f64>, like: &Array4<f64>) {
    if buffer.raw_dim() != like.raw_dim() {
        *buffer = Array4::zeros(like.raw_dim());
    }
}

/// Adds `std` times the step's noise to `x`; draws nothing where `std` is 0.
fn inject(x: &mut Array4<f64>, std: f64, step: usize, noise: &mut dyn NoiseSource, buffer: &mut Array4<f64>) {
    if std > 0.0 {
        resize(buffer, x);
        noise.fill(step, buffer);
        x.scaled_add(std, buffer);
    }
}
