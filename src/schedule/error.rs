use super::{BetaSchedule, CurveError, MAX_TRAIN_TIMESTEPS, PlanSource, Spacing};
use crate::words::{count, is_or_are};

/// Why a schedule could not be made. Rows and entries of lists are counted from 1, timesteps and steps from 0.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScheduleError {
    /// No steps.
    #[error("a run needs at least 1 step, not 0")]
    NoSteps,
    /// More steps than a spacing or family can give.
    #[error("{} {} too many: {of} has at most {limit}; use fewer steps", count(*.steps, "step"), is_or_are(*.steps))]
    TooManySteps {
        /// Steps asked for.
        steps: usize,
        /// Most steps possible.
        limit: usize,
        /// What sets the limit.
        of: String,
    },
    /// `leading` spacing with an offset that leaves the table.
    #[error(
        "{} with leading spacing and a steps_offset of {steps_offset} would start at timestep {first}, but the model's \
         last timestep is {last}; use fewer steps or trailing spacing", count(*.steps, "step")
    )]
    PastTheEnd {
        /// Steps asked for.
        steps: usize,
        /// The config's `steps_offset`.
        steps_offset: usize,
        /// The first timestep that would follow.
        first: usize,
        /// The model's last timestep.
        last: usize,
    },
    /// A spacing on a model that it does not suit.
    #[error("the spacing {spacing} cannot be used with {model}; use {instead}")]
    SpacingUnsuited {
        /// The spacing.
        spacing: Spacing,
        /// The kind of model.
        model: &'static str,
        /// What to use instead.
        instead: &'static str,
    },
    /// An unknown β schedule.
    #[error("\"{0}\" is not a known β schedule; use one of {names}", names = BetaSchedule::names().join(", "))]
    UnknownBetaSchedule(String),
    /// An unknown spacing or σ family.
    #[error("\"{0}\" is neither a timestep spacing nor a σ family; use one of {names}", names = PlanSource::names().join(", "))]
    UnknownSource(String),
    /// An unknown σ family's parameter, or a bad value for it.
    #[error("the {family} family cannot have {name} = {value}: {expected}")]
    Parameter {
        /// The family's name.
        family: &'static str,
        /// The parameter's name.
        name: &'static str,
        /// The value given.
        value: f64,
        /// What is expected.
        expected: &'static str,
    },
    /// Two steps whose levels are the same number.
    #[error("{of} puts steps {before} and {step} on the same noise level; use fewer steps", before = step - 1)]
    LevelsCoincide {
        /// What the levels came from.
        of: String,
        /// The second of the two steps.
        step: usize,
    },
    /// A σ range that is not `0 < σ_min < σ_max < ∞`.
    #[error(
        "σ cannot run from {sigma_max} down to {sigma_min}; both must be finite and positive, and the first must be \
         larger"
    )]
    SigmaRange {
        /// Lower end.
        sigma_min: f64,
        /// Upper end.
        sigma_max: f64,
    },
    /// A table without entries, or with too many.
    #[error("a training schedule needs 1 to {MAX_TRAIN_TIMESTEPS} timesteps, not {0}")]
    TimestepCount(usize),
    /// A β that is no variance share.
    #[error("β at timestep {timestep} is {value}; it must be above 0 and below 1 (the last may be 1)")]
    Beta {
        /// Timestep of the entry.
        timestep: usize,
        /// The value.
        value: f64,
    },
    /// An ᾱ that is no share.
    #[error("ᾱ at timestep {timestep} is {value}; it must be between 0 and 1")]
    AlphaBar {
        /// Timestep of the entry.
        timestep: usize,
        /// The value.
        value: f64,
    },
    /// The table's noise does not grow.
    #[error(
        "ᾱ does not decrease from timestep {before} to {timestep}, so noise levels would be ambiguous; every β must \
         add noise",
        before = timestep - 1
    )]
    NotFalling {
        /// The first timestep whose ᾱ is not below the one before.
        timestep: usize,
    },
    /// Rescaling to zero terminal SNR left no valid schedule.
    #[error("{} cannot be rescaled to zero terminal SNR; at least 2 are needed", count(*.timesteps, "timestep"))]
    CannotRescale {
        /// Length of the table.
        timesteps: usize,
    },
    /// A list of σ too short for one step.
    #[error("{} makes no step; give at least 2, noisiest first (N + 1 values make N steps)", count(*.0, "value of σ"))]
    TooFewSigmas(usize),
    /// A σ that is not a noise level.
    #[error("σ in row {row} is {value}; it must be finite and above 0 (only the last may be 0)")]
    Sigma {
        /// Row, from 1.
        row: usize,
        /// The value.
        value: f64,
    },
    /// Two equal σ.
    #[error(
        "σ in rows {before} and {row} are both {value}; a step between equal noise levels does nothing, so remove one",
        before = row - 1
    )]
    EqualSigmas {
        /// Second of the two rows, from 1.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A σ that rises.
    #[error("σ rises from {previous} to {value} in row {row}; list them noisiest first, each below the one before")]
    RisingSigma {
        /// Row, from 1.
        row: usize,
        /// The value before.
        previous: f64,
        /// The value.
        value: f64,
    },
    /// A timestep the model does not have.
    #[error("timestep {value} in row {row} is outside the model's {first} to {last}")]
    Timestep {
        /// Row, from 1.
        row: usize,
        /// The value.
        value: f64,
        /// The model's least timestep.
        first: f64,
        /// The model's greatest timestep.
        last: f64,
    },
    /// Timesteps that do not fall.
    #[error("timestep {value} in row {row} is not below {previous} before it; list them noisiest first, each once")]
    TimestepNotFalling {
        /// Row, from 1.
        row: usize,
        /// The value before.
        previous: f64,
        /// The value.
        value: f64,
    },
    /// A step from a level without noise.
    #[error("the timestep {value} in row {row} is already the clean image, so no step can start there; remove it")]
    CleanStep {
        /// Row, from 1.
        row: usize,
        /// The timestep.
        value: f64,
    },
    /// A list of ᾱ too short for one step.
    #[error("{} makes no step; give at least 2, noisiest first (N + 1 values make N steps)", count(*.0, "value of ᾱ"))]
    TooFewAlphaBars(usize),
    /// An ᾱ in a list that is no share, or 1 before the end.
    #[error("ᾱ in row {row} is {value}; it must be between 0 and 1 (only the last may be 1)")]
    AlphaBarRow {
        /// Row, from 1.
        row: usize,
        /// The value.
        value: f64,
    },
    /// ᾱ that do not rise.
    #[error("ᾱ {value} in row {row} is not above {previous} before it; list them noisiest first, each once")]
    AlphaBarNotRising {
        /// Row, from 1.
        row: usize,
        /// The value before.
        previous: f64,
        /// The value.
        value: f64,
    },
    /// A list of flow times too short for one step.
    #[error("{} makes no step; give at least 2, noisiest first (N + 1 values make N steps)", count(*.0, "flow time"))]
    TooFewFlowTimes(usize),
    /// A flow time that is none, or 0 before the end.
    #[error(
        "σ in row {row} is {value}, but σ of a flow model is flow time: from 1 (pure noise) to 0, which only the last may \
         be. If σ are those of x_0 + σ·ε, name their column ve_sigma"
    )]
    FlowTimeRow {
        /// Row, from 1.
        row: usize,
        /// The value.
        value: f64,
    },
    /// Flow times that do not fall.
    #[error("flow time {value} in row {row} is not below {previous} before it; list them noisiest first, each once")]
    FlowTimeNotFalling {
        /// Row, from 1.
        row: usize,
        /// The value before.
        previous: f64,
        /// The value.
        value: f64,
    },
    /// Timesteps without the model that they belong to.
    #[error("a list of timesteps needs its model; give σ or ᾱ, or the model's configuration")]
    TimestepsOfNoModel,
    /// A spacing or a family instead of a schedule.
    #[error("the spacing {0} is not a schedule; choose a family")]
    NoSchedule(String),
    /// A continuous schedule that cannot be.
    #[error(transparent)]
    Curve(#[from] CurveError),
    /// An empty list of timesteps.
    #[error("the list of timesteps is empty; give at least 1")]
    NoTimesteps,
}
