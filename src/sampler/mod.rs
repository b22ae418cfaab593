//! Samplers, one file a paper, and the [`registry`] that lists them. Each turns estimates of a
//! [`Denoiser`](crate::denoiser::Denoiser) into steps along a list of noise levels.
//!
//! All keep the state variance preserving and in f64. Those whose papers speak of the variance-exploding state
//! `x_VE = x_0 + σ·ε` multiply by `√(1+σ²) = 1/√ᾱ` inside.

mod ddim;
mod ddpm;
mod dpm_solver_pp;
mod euler;
mod heun;
mod noise;
pub mod registry;
mod step;

pub use ddim::Ddim;
pub use ddpm::{Ddpm, Variance};
pub use dpm_solver_pp::DpmSolverPp2M;
pub use euler::{Euler, EulerAncestral};
pub use heun::{Churn, Heun};
pub use noise::{GivenNoise, NoiseError, NoiseSource, SeededNoise};
pub use registry::SamplerKind;
pub use step::{Step, StepAt, Workspace};

use crate::denoiser::DenoiseError;
use ndarray::Array4;

/// One way of stepping.
pub trait Sampler: Send {
    /// Moves the state from `step.at.from()` to `step.at.to()`, and leaves the step's first evaluation in
    /// `step.work.first`. Injected noise, where the method has any, is entry `step.at.index` of `step.noise`. On an error
    /// the state is unchanged.
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError>;

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

    /// Continues from what [`memory`](Self::memory) gave after an earlier step.
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

impl Memory {
    /// Keeps the data of a step instead of an earlier one's, in its memory where that has the same shape.
    fn keep(kept: &mut Option<Self>, step: usize, data: &Array4<f64>) {
        match kept {
            Some(kept) if kept.data.raw_dim() == data.raw_dim() => {
                kept.step = step;
                kept.data.assign(data);
            }
            other => *other = Some(Self { step, data: data.clone() }),
        }
    }
}
