use super::{MAX_STEPS, ModelSchedule, STAND_IN_SIGMA_MAX, ScheduleError};
use crate::theory::NoiseLevel;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where the last step of a run ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinalLevel {
    /// At the clean image, `ᾱ = 1` (diffusers: `set_alpha_to_one` true, `final_sigmas_type` "zero").
    #[default]
    Clean,
    /// At the cleanest level the model was trained on (`set_alpha_to_one` false, `final_sigmas_type` "sigma_min").
    FirstTrained,
}

/// The noise levels a run visits and the timestep fed to the network at each.
///
/// The levels are kept as asked for even where the model was not trained on them; only the timestep is then clamped
/// ([`PlanWarning::OutsideTrainedRange`]). Noise falls strictly from step to step, except that the final level may
/// equal the last step's (that step then does nothing). No step starts at `ᾱ = 1`.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    levels: Vec<NoiseLevel>,
    timesteps: Vec<f64>,
    outside: Vec<usize>,
}

impl Plan {
    /// Visits the given timesteps of the model, falling, each within the model's range.
    pub fn from_timesteps(
        model: &ModelSchedule,
        timesteps: &[f64],
        final_level: FinalLevel,
    ) -> Result<Self, ScheduleError> {
        if timesteps.is_empty() {
            return Err(ScheduleError::NoTimesteps);
        }
        check_length(timesteps.len(), "a list of timesteps")?;
        let (first, last) = model.timestep_range();
        let mut previous = f64::INFINITY;
        for (row, &value) in (1..).zip(timesteps) {
            if !(first..=last).contains(&value) {
                return Err(ScheduleError::Timestep { row, value, first, last });
            }
            if value >= previous {
                return Err(ScheduleError::TimestepNotFalling { row, previous, value });
            }
            if model.level_at(value) == NoiseLevel::CLEAN {
                return Err(ScheduleError::CleanStep { row, value });
            }
            previous = value;
        }
        let levels = timesteps.iter().map(|&timestep| model.level_at(timestep)).collect();
        Ok(Self { timesteps: timesteps.to_vec(), ..Self::ending(model, levels, final_level, "the list of timesteps")? })
    }

    /// Visits the given σ, falling: N + 1 values make N steps. The last may be 0, and where it is not the run ends at
    /// that level.
    pub fn from_sigmas(model: &ModelSchedule, sigmas: &[f64]) -> Result<Self, ScheduleError> {
        let Some(steps) = sigmas.len().checked_sub(1).filter(|&steps| steps > 0) else {
            return Err(ScheduleError::TooFewSigmas(sigmas.len()));
        };
        check_length(steps, "a list of σ")?;
        let mut previous = f64::INFINITY;
        for (row, &value) in (1..).zip(sigmas) {
            let may_be_zero = row == sigmas.len();
            if !value.is_finite() || value < 0.0 || (value == 0.0 && !may_be_zero) {
                return Err(ScheduleError::Sigma { row, value });
            }
            if value == previous {
                return Err(ScheduleError::EqualSigmas { row, value });
            }
            if value > previous {
                return Err(ScheduleError::RisingSigma { row, previous, value });
            }
            previous = value;
        }
        Ok(Self::from_levels(model, sigmas.iter().map(|&sigma| NoiseLevel::from_sigma(sigma)).collect()))
    }

    /// From the levels that steps start at.
    pub(super) fn ending(
        model: &ModelSchedule,
        mut levels: Vec<NoiseLevel>,
        final_level: FinalLevel,
        of: &str,
    ) -> Result<Self, ScheduleError> {
        if let Some(before) = levels.windows(2).position(|pair| pair[1] <= pair[0]) {
            return Err(ScheduleError::LevelsCoincide { of: of.to_owned(), step: before + 1 });
        }
        let end = match (final_level, levels.last()) {
            (FinalLevel::Clean, _) | (_, None) => NoiseLevel::CLEAN,
            // A run that is already below the trained range stays where it is.
            (FinalLevel::FirstTrained, Some(&last)) if last > model.cleanest() => last,
            (FinalLevel::FirstTrained, _) => model.cleanest(),
        };
        levels.push(end);
        Ok(Self::from_levels(model, levels))
    }

    fn from_levels(model: &ModelSchedule, levels: Vec<NoiseLevel>) -> Self {
        let visited = &levels[..levels.len() - 1];
        let timesteps = visited.iter().map(|&level| model.timestep_of(level)).collect();
        let outside = (0..visited.len()).filter(|&step| !model.covers(visited[step])).collect();
        Self { levels, timesteps, outside }
    }

    /// The same plan for samplers whose state has no finite form at `σ = ∞`: such a start is moved to
    /// [`STAND_IN_SIGMA_MAX`], as diffusers' Euler does; the timestep stays that of the start.
    #[must_use]
    pub fn with_finite_start(mut self) -> Self {
        if self.levels[0].sigma().is_infinite() {
            let stand_in = NoiseLevel::from_sigma(STAND_IN_SIGMA_MAX);
            // A second level noisier than the stand-in would make the run rise.
            self.levels[0] = if self.levels[1] < stand_in { self.levels[1] } else { stand_in };
        }
        self
    }

    /// S, the number of steps; at least 1.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.timesteps.len()
    }

    /// S + 1 levels, the noisiest first; step `i` goes from `levels()[i]` to `levels()[i + 1]`.
    #[must_use]
    pub fn levels(&self) -> &[NoiseLevel] {
        &self.levels
    }

    /// S timesteps, the model's continuous timestep for each level but the last. A network whose timestep input is an
    /// integer gets them rounded, half to even.
    #[must_use]
    pub fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    /// What a user should know about this plan before running it. `integer_timesteps`: the network's timestep input is
    /// an integer.
    #[must_use]
    pub fn warnings(&self, integer_timesteps: bool) -> Vec<PlanWarning> {
        let fed = |step: usize| {
            let timestep = self.timesteps[step];
            if integer_timesteps { timestep.round_ties_even() } else { timestep }
        };
        let no_op: Vec<usize> = (0..self.steps()).filter(|&step| self.levels[step] == self.levels[step + 1]).collect();
        let repeated: Vec<usize> = (1..self.steps()).filter(|&step| fed(step) == fed(step - 1)).collect();
        let end = self.levels[self.steps()];
        [
            (!no_op.is_empty()).then_some(PlanWarning::NoOp { steps: no_op }),
            (!repeated.is_empty()).then_some(PlanWarning::RepeatedTimestep { steps: repeated }),
            (!self.outside.is_empty()).then(|| PlanWarning::OutsideTrainedRange { steps: self.outside.clone() }),
            (end != NoiseLevel::CLEAN).then(|| PlanWarning::EndsNoisy { sigma: end.sigma() }),
            (self.levels[0].log_snr() > 0.0).then(|| PlanWarning::StartsClean { sigma: self.levels[0].sigma() }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn check_length(steps: usize, of: &str) -> Result<(), ScheduleError> {
    if steps > MAX_STEPS {
        return Err(ScheduleError::TooManySteps { steps, limit: MAX_STEPS, of: of.to_owned() });
    }
    Ok(())
}

/// Something questionable in a plan that runs all the same. Steps count from 0, in ascending order.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "warning", rename_all = "snake_case")]
pub enum PlanWarning {
    /// Steps that start and end at the same level.
    NoOp {
        /// Those steps.
        steps: Vec<usize>,
    },
    /// Steps at which the network is fed the same timestep as at the step before.
    RepeatedTimestep {
        /// Those steps.
        steps: Vec<usize>,
    },
    /// Steps whose level lies outside the model's trained range; the timestep is clamped.
    OutsideTrainedRange {
        /// Those steps.
        steps: Vec<usize>,
    },
    /// The run ends at a level with noise.
    EndsNoisy {
        /// σ of the end.
        sigma: f64,
    },
    /// The run starts where the image already outweighs the noise, though it is given pure noise.
    StartsClean {
        /// σ of the start.
        sigma: f64,
    },
}

impl fmt::Display for PlanWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOp { steps } => {
                write!(f, "{} at the same noise level as the next, so nothing changes there", starting(steps))
            }
            Self::RepeatedTimestep { steps } => {
                write!(f, "{} at the same timestep as the one before; fewer steps would do", starting(steps))
            }
            Self::OutsideTrainedRange { steps } => write!(
                f,
                "{} outside the noise levels the model was trained on; it is told the nearest it knows",
                starting(steps)
            ),
            Self::EndsNoisy { sigma } => write!(f, "the run ends at σ = {sigma:.4}, so its result still holds noise"),
            Self::StartsClean { sigma } => write!(
                f,
                "the run starts from pure noise at σ = {sigma:.4}, where the model expects mostly image; use trailing \
                 spacing or more steps"
            ),
        }
    }
}

/// "step 3 starts", "steps 1 to 4 start", "5 steps (the first is step 2) start": counted from 1, as people do.
fn starting(steps: &[usize]) -> String {
    match steps {
        [only] => format!("step {} starts", only + 1),
        [first, .., last] if last - first + 1 == steps.len() => format!("steps {} to {} start", first + 1, last + 1),
        [first, ..] => format!("{} steps (the first is step {}) start", steps.len(), first + 1),
        [] => "no step starts".to_owned(),
    }
}
