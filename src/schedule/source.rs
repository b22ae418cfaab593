use super::sampling::{shift_flow, shifted_flow_level};
use super::spacing::run_time;
use super::{
    FinalLevel, MAX_STEPS, ModelSchedule, Plan, ScheduleError, SigmaFamily, Spacing, SpacingConvention, timesteps,
};
use crate::theory::NoiseLevel;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Where a run's noise levels come from: the model's timesteps, or a family of σ. Parsed from the name of either.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanSource {
    /// The model's timesteps.
    Spacing(Spacing),
    /// σ by a formula.
    Family(SigmaFamily),
}

impl PlanSource {
    /// Every name that parses.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        Self::all().map(Self::name).collect()
    }

    /// The name of the spacing or family.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spacing(spacing) => spacing.name(),
            Self::Family(family) => family.name(),
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        Spacing::ALL.map(Self::Spacing).into_iter().chain(SigmaFamily::ALL.map(Self::Family))
    }
}

impl fmt::Display for PlanSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for PlanSource {
    type Err = ScheduleError;

    fn from_str(name: &str) -> Result<Self, ScheduleError> {
        Self::all().find(|source| source.name() == name).ok_or_else(|| ScheduleError::UnknownSource(name.to_owned()))
    }
}

/// All that decides a plan, but the model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanRequest {
    /// Spacing or family.
    pub source: PlanSource,
    /// Number of steps.
    pub steps: usize,
    /// How the sampler's scheduler in diffusers rounds; families do not need it.
    pub convention: SpacingConvention,
    /// Added to `leading` timesteps.
    pub steps_offset: usize,
    /// Where the run ends.
    pub final_level: FinalLevel,
}

impl PlanRequest {
    /// The plan on a model.
    ///
    /// On a rectified-flow model `linspace` is what diffusers' FlowMatchEulerDiscrete visits, with its least time
    /// shifted twice, and `trailing` is `s = 1, 1 − 1/N, … 1/N`, shifted, which the Flux and SD3 pipelines pass to it.
    /// The `flow` family shifts once. σ families start at [`ModelSchedule::sigma_max`] and end at
    /// [`ModelSchedule::sigma_min`].
    pub fn plan(&self, model: &ModelSchedule) -> Result<Plan, ScheduleError> {
        match (self.source, model) {
            (PlanSource::Spacing(spacing), ModelSchedule::Discrete(table)) => {
                let visited =
                    timesteps(spacing, self.convention, self.steps, table.num_timesteps(), self.steps_offset)?;
                Plan::from_timesteps(model, &visited, self.final_level)
            }
            (PlanSource::Spacing(spacing), &ModelSchedule::Flow { shift, .. }) => {
                self.check_steps()?;
                let s_min = model.cleanest().flow_time();
                let time = |i: usize| match spacing {
                    Spacing::Linspace => Some(1.0 + (1.0 - run_time(i, self.steps)) * (s_min - 1.0)),
                    Spacing::Trailing => Some((self.steps - i) as f64 / self.steps as f64),
                    Spacing::Leading => None,
                };
                let levels: Option<Vec<NoiseLevel>> = (0..self.steps)
                    .map(|i| time(i).map(|s| shift_flow(NoiseLevel::from_flow_time(s), shift)))
                    .collect();
                let levels = levels.ok_or(ScheduleError::SpacingUnsuited {
                    spacing,
                    model: "a rectified-flow model, whose time 0 is the image itself",
                    instead: "linspace, trailing or flow",
                })?;
                Plan::ending(model, levels, self.final_level, self.source.name())
            }
            (PlanSource::Spacing(spacing), ModelSchedule::Edm { .. }) => Err(ScheduleError::SpacingUnsuited {
                spacing,
                model: "an EDM model, which has no timesteps to space",
                instead: "karras, edm or another σ family",
            }),
            (PlanSource::Family(family @ SigmaFamily::FlowShift { shift }), _) => {
                self.check_steps()?;
                family.check_parameters()?;
                // In flow time the noisiest level is finite, so none needs standing in for it.
                let (lo, hi) = (NoiseLevel::from_sigma(model.sigma_min()), model.noisiest());
                let level = |i| shifted_flow_level(1.0 - run_time(i, self.steps), lo, hi, shift);
                Plan::ending(model, (0..self.steps).map(level).collect(), self.final_level, self.source.name())
            }
            (PlanSource::Family(family), _) => {
                let sigmas = family.sigmas(self.steps, model.sigma_min(), model.sigma_max())?;
                let levels = sigmas.into_iter().map(NoiseLevel::from_sigma).collect();
                Plan::ending(model, levels, self.final_level, self.source.name())
            }
        }
    }

    fn check_steps(&self) -> Result<(), ScheduleError> {
        match self.steps {
            0 => Err(ScheduleError::NoSteps),
            steps if steps > MAX_STEPS => {
                Err(ScheduleError::TooManySteps { steps, limit: MAX_STEPS, of: "any run".to_owned() })
            }
            _ => Ok(()),
        }
    }
}
