//! Samplers, one file a paper, and the [`registry`] that lists them. Each turns estimates of a
//! [`Denoiser`](crate::denoiser::Denoiser) into steps along a list of noise levels.
//!
//! All keep the state variance preserving and in f64. Those whose papers speak of the variance-exploding state
//! `x_VE = x_0 + σ·ε` multiply by `√(1+σ²) = 1/√ᾱ` inside.

#[cfg(test)]
mod convergence;
mod ddim;
mod ddpm;
mod deis;
mod dpm_2;
mod dpm_solver;
mod dpm_solver_pp;
mod dpmpp_sde;
mod euler;
mod heun;
mod lcm;
mod lms;
mod multistep;
mod noise;
mod pndm;
pub mod registry;
mod sa_solver;
mod singlestep;
mod solver;
mod step;
mod tcd;
mod unipc;

pub use ddim::Ddim;
pub use ddpm::{Ddpm, Variance};
pub use dpm_2::{Dpm2, DpmSolverPp2SAncestral};
pub use dpm_solver_pp::DpmSolverPp2M;
pub use euler::{Euler, EulerAncestral};
pub use heun::{Churn, Heun};
pub use lcm::Lcm;
pub use noise::{GivenNoise, NoiseError, NoiseSource, SeededNoise};
pub use registry::SamplerKind;
pub use solver::{Making, SamplerChoice, Solver};
pub use step::{Step, StepAt, Workspace};
pub use unipc::{UniPc, UniPcB};

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

/// What a multistep method remembers.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// The number of the latest step.
    pub step: usize,
    /// Outputs of that step and of those before it, newest first, each `[B, C, H, W]`.
    pub outputs: Vec<Array4<f64>>,
    /// A VP state that the method returns to, `[B, C, H, W]`.
    pub state: Option<Array4<f64>>,
}

impl Memory {
    /// How many numbers it holds.
    #[must_use]
    pub fn values(&self) -> usize {
        self.outputs.iter().chain(&self.state).map(Array4::len).sum()
    }

    /// The outputs of the steps right before step `index`, newest first.
    fn before(kept: Option<&Self>, index: usize) -> &[Array4<f64>] {
        kept.filter(|kept| kept.step + 1 == index).map_or(&[], |kept| &kept.outputs)
    }

    /// Adds a step's output to those of the steps right before it, and forgets all but the newest `most`.
    fn push(kept: &mut Option<Self>, step: usize, output: Array4<f64>, most: usize) {
        match kept {
            Some(kept) if kept.step + 1 == step => {
                kept.step = step;
                kept.outputs.insert(0, output);
                kept.outputs.truncate(most);
            }
            other => *other = Some(Self { step, outputs: vec![output], state: None }),
        }
    }
}
