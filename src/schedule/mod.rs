//! A schedule is a curve of noise levels. A model has one (it was trained on it) and a run has its own; only the noise
//! level matters to the network, so any run's curve works on an unchanged model through
//! `t(s) = ᾱ_model⁻¹(ᾱ_run(s))`.
//!
//! - [`TrainingSchedule`]: a table of λ over integer timesteps, from the β formulas of diffusers, in f64.
//! - [`ModelSchedule`]: any model's curve (that table, rectified flow, EDM) and its inverse.
//! - [`Spacing`] and [`timesteps`]: which of the model's timesteps a run visits; [`SigmaFamily`]: which σ.
//! - [`Curve`]: continuous schedules, by formula or [`Drawn`] through control points; [`LevelList`]: noise levels as you
//!   type them; [`design`]: schedules computed from a goal.
//! - [`ScheduleSpec`]: any schedule from a file or a setting, for runs on a model with another schedule.
//! - [`Plan`]: the noise levels and timesteps that a run visits; [`lint`]: warnings about them.
//! - [`formats`]: import and export.
//!
//! All lists of steps start with the noisiest. No pixels and no files.

mod beta_schedule;
mod curve;
pub mod design;
mod drawn;
mod error;
pub mod explain;
mod flow_curve;
pub mod formats;
mod given;
mod level_list;
pub mod lint;
mod model_schedule;
mod monotone;
mod plan;
pub mod presets;
mod published;
mod sampling;
mod scheduler_grid;
mod source;
mod spacing;
mod spec;
mod training;

pub use beta_schedule::{BETA_FAMILIES, BetaFamily, BetaSchedule};
pub use curve::{Curve, CurveError, families};
pub use design::{SignalCurve, SignalRecipe};
pub use drawn::{ControlPoint, Drawn, LEAST_GAP, MOST_LOG_SNR, MOST_POINTS};
pub use error::ScheduleError;
pub use flow_curve::{FlowCurve, Listed};
pub use given::{GivenValue, computed};
pub use level_list::{LevelList, ListKind, SigmaMeaning};
pub use lint::{PlanWarning, lint};
pub use model_schedule::{ModelSchedule, STAND_IN_SIGMA_MAX};
pub use monotone::MonotoneCubic;
pub use plan::{FedTimesteps, FinalLevel, Plan};
pub use published::{PUBLISHED, PublishedList};
pub use sampling::{CAP_SIGMA, SigmaFamily};
pub use scheduler_grid::{FlowEnd, FlowGrid, FlowRule, SchedulerGrid};
pub use source::{PlanRequest, PlanSource};
pub use spacing::{Spacing, SpacingConvention, timesteps};
pub use spec::{OtherSchedule, ScheduleSpec, TrainingSpec};
pub use training::{TerminalSnr, TrainingSchedule};

/// The most steps a run may have where no table of timesteps sets a lower limit.
pub const MAX_STEPS: usize = 10_000;

/// The most timesteps a training schedule may have.
pub const MAX_TRAIN_TIMESTEPS: usize = 100_000;
