//! A schedule is a curve of noise levels. A model has one (it was trained on it) and a run has its own; only the noise
//! level matters to the network, so any run's curve works on an unchanged model through
//! `t(s) = ᾱ_model⁻¹(ᾱ_run(s))`.
//!
//! - [`TrainingSchedule`]: a table of λ over integer timesteps, from the β formulas of diffusers, in f64.
//! - [`ModelSchedule`]: any model's curve (that table, rectified flow, EDM) and its inverse.
//! - [`Spacing`] and [`timesteps`]: which of the model's timesteps a run visits; [`SigmaFamily`]: which σ.
//! - [`Plan`]: the noise levels and timesteps that a run visits.
//!
//! Everything that lists steps lists the noisiest first. No pixels and no files.

mod beta_schedule;
mod error;
mod model_schedule;
mod plan;
mod sampling;
mod source;
mod spacing;
mod training;

pub use beta_schedule::BetaSchedule;
pub use error::ScheduleError;
pub use model_schedule::{ModelSchedule, STAND_IN_SIGMA_MAX};
pub use plan::{FinalLevel, Plan, PlanWarning};
pub use sampling::SigmaFamily;
pub use source::{PlanRequest, PlanSource};
pub use spacing::{Spacing, SpacingConvention, timesteps};
pub use training::{TerminalSnr, TrainingSchedule};

/// The most steps a run may have where no table of timesteps sets a lower limit.
pub const MAX_STEPS: usize = 10_000;

/// The most timesteps a training schedule may have.
pub const MAX_TRAIN_TIMESTEPS: usize = 100_000;
