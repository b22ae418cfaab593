use super::sampling::{shift_flow, shifted_flow_level};
use super::scheduler_grid::{SchedulerGrid, level_at};
use super::spacing::run_time;
use super::{
    Curve, Drawn, FinalLevel, LevelList, ListKind, MAX_STEPS, ModelSchedule, OtherSchedule, Plan, PublishedList,
    ScheduleError, ScheduleSpec, SigmaFamily, Spacing, SpacingConvention, timesteps,
};
use crate::theory::NoiseLevel;
use crate::words::short;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Where a run's noise levels come from. Parsed from the name of a spacing or a family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanSource {
    /// The model's timesteps.
    Spacing(Spacing),
    /// σ by a formula.
    Family(SigmaFamily),
    /// The levels of another schedule.
    Other(OtherSchedule),
    /// Levels typed one by one.
    List(LevelList),
    /// What a scheduler's configuration visits.
    Scheduler(Box<SchedulerGrid>),
}

impl PlanSource {
    /// Every name that parses.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        Self::all().map(|source| source.simple_name()).collect()
    }

    /// A curve instead of the model's own, visited evenly in its run time from noise to image.
    #[must_use]
    pub fn curve(curve: Curve) -> Self {
        Self::of(ScheduleSpec::Curve(curve), Self::Spacing(Spacing::Trailing))
    }

    /// What a run visits of another schedule.
    #[must_use]
    pub fn of(schedule: ScheduleSpec, visits: Self) -> Self {
        Self::Other(OtherSchedule { schedule, visits: Box::new(visits), steps_offset: 0, log_snr_shift: 0.0 })
    }

    /// The curve drawn by hand, where it is one.
    #[must_use]
    pub const fn drawn(&self) -> Option<&Drawn> {
        match self {
            Self::Other(OtherSchedule { schedule: ScheduleSpec::Curve(Curve::Drawn(drawn)), .. }) => Some(drawn),
            _ => None,
        }
    }

    /// The curve drawn by hand, where a run visits it evenly in run time and as it is.
    #[must_use]
    pub fn drawn_evenly(&self) -> Option<&Drawn> {
        let Self::Other(other) = self else { return None };
        let evenly = *other.visits == Self::Spacing(Spacing::Trailing) && other.log_snr_shift == 0.0;
        self.drawn().filter(|_| evenly)
    }

    /// The number of steps, where the source itself decides that.
    #[must_use]
    pub fn steps(&self) -> Option<usize> {
        match self {
            Self::List(list) => Some(list.steps()),
            _ => None,
        }
    }

    /// What is to be said of it on a model.
    #[must_use]
    pub fn note_on(&self, model: &ModelSchedule) -> Option<&'static str> {
        match self {
            Self::List(list) => list.note_on(model),
            _ => None,
        }
    }

    /// What is to be said of a σ family on a flow model, whose noise is unbounded: its first level is not pure noise. One that
    /// is capped on purpose needs no word.
    #[must_use]
    pub fn start_note(&self, model: &ModelSchedule, first: NoiseLevel) -> Option<String> {
        let family = match self {
            Self::Family(family) => *family,
            Self::Other(other) => return other.visits.start_note(model, first),
            _ => return None,
        };
        let on_purpose = matches!(family, SigmaFamily::FlowShift { .. } | SigmaFamily::KarrasCapped { .. });
        let (time, is_flow) = (first.flow_time(), matches!(model, ModelSchedule::Flow { .. }));
        (is_flow && !on_purpose && time < 1.0 - 1e-6).then(|| {
            format!(
                "the family {family} starts at flow time {}, but a flow model starts from pure noise, at 1; its own spacing \
                 and the family flow start there",
                short(time)
            )
        })
    }

    /// The name of the spacing or family, of the other schedule, or of what is listed.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Spacing(spacing) => spacing.name().into(),
            Self::Family(family) => family.name().into(),
            Self::Other(other) => other.schedule.name(),
            Self::List(list) => match (PublishedList::of(list), list.kind) {
                (Some(published), _) => published.name.into(),
                (None, ListKind::FlowTime) => "list of flow times".into(),
                (None, kind) => format!("list of {}", kind.symbol()),
            },
            Self::Scheduler(grid) => grid.label(),
        }
    }

    const fn simple_name(&self) -> &'static str {
        match self {
            Self::Spacing(spacing) => spacing.name(),
            Self::Family(family) => family.name(),
            Self::Other(_) | Self::List(_) | Self::Scheduler(_) => "",
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        Spacing::ALL.map(Self::Spacing).into_iter().chain(SigmaFamily::ALL.map(Self::Family))
    }
}

impl fmt::Display for PlanSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label())
    }
}

impl FromStr for PlanSource {
    type Err = ScheduleError;

    fn from_str(name: &str) -> Result<Self, ScheduleError> {
        Self::all()
            .find(|source| source.simple_name() == name)
            .ok_or_else(|| ScheduleError::UnknownSource(name.to_owned()))
    }
}

/// The last t that `linspace` visits of a continuous schedule.
const LEAST_TIME: f64 = 1e-3;

/// All that decides a plan, but the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// [`ModelSchedule::sigma_min`]. Of a continuous schedule `trailing` visits `t = 1, 1 − 1/N, … 1/N`, and `linspace`
    /// evenly from 1 to 0.001. A drawn curve's tied ends are brought to the model's, and its released end is where the
    /// run ends.
    pub fn plan(&self, model: &ModelSchedule) -> Result<Plan, ScheduleError> {
        match &self.source {
            PlanSource::Spacing(spacing) => match model {
                ModelSchedule::Discrete(table) => {
                    let visited = self.timesteps(*spacing, table.num_timesteps())?;
                    if visited.iter().all(|timestep| timestep.fract() == 0.0) {
                        return Plan::from_timesteps(model, &visited, self.final_level);
                    }
                    // Between timesteps Euler and its like take σ linearly.
                    let levels = visited.iter().map(|&timestep| level_at(table, timestep)).collect();
                    let plan = Plan::ending(model, levels, self.final_level, &self.source.label())?;
                    Ok(plan.feeding(visited))
                }
                _ => Plan::ending(model, self.spaced(*spacing, model)?, self.final_level, &self.source.label()),
            },
            PlanSource::Family(family) => {
                let plan = Plan::ending(model, self.family(*family, model)?, self.final_level, &self.source.label())?;
                // λ does not hold every digit of a published σ.
                let sigmas = family.sigmas(self.steps, model.sigma_min(), model.sigma_max()).unwrap_or_default();
                Ok(plan.where_given(&sigmas))
            }
            PlanSource::List(list) => list.plan(model, self.final_level),
            PlanSource::Other(other) => self.on_other(other, model),
            PlanSource::Scheduler(grid) => grid.plan(self, model),
        }
    }

    /// The levels of another schedule, on a model that need not have them.
    fn on_other(&self, other: &OtherSchedule, model: &ModelSchedule) -> Result<Plan, ScheduleError> {
        let drawn = match &other.schedule {
            ScheduleSpec::Curve(Curve::Drawn(drawn)) => Some(drawn.tied(model.cleanest(), model.noisiest())),
            _ => None,
        };
        let schedule = match &drawn {
            Some(drawn) => ModelSchedule::Continuous(Curve::Drawn(drawn.clone())),
            None => other.schedule.schedule()?,
        };
        let of = self.source.label();
        let request = Self { source: (*other.visits).clone(), steps_offset: other.steps_offset, ..self.clone() };
        let mut levels = match &request.source {
            PlanSource::Family(family) => request.family(*family, &schedule)?,
            PlanSource::Spacing(spacing) => request.spaced(*spacing, &schedule)?,
            PlanSource::List(_) | PlanSource::Other(_) | PlanSource::Scheduler(_) => {
                request.plan(&schedule)?.visited().to_vec()
            }
        };
        if other.log_snr_shift != 0.0 {
            for level in &mut levels {
                *level = NoiseLevel::from_log_snr(level.log_snr() + other.log_snr_shift);
            }
        }
        if let Some(drawn) = drawn {
            if !drawn.start_released() && matches!(request.source, PlanSource::Spacing(_)) {
                // The curve itself stops at ±40 where the model does not.
                levels[0] = model.noisiest();
            }
            if drawn.end_released() {
                return Plan::to_level(model, levels, drawn.level_at(0.0), &of);
            }
        }
        Plan::ending(model, levels, self.final_level, &of)
    }

    fn timesteps(&self, spacing: Spacing, num_train: usize) -> Result<Vec<f64>, ScheduleError> {
        timesteps(spacing, self.convention, self.steps, num_train, self.steps_offset)
    }

    /// The levels that a spacing visits.
    fn spaced(&self, spacing: Spacing, schedule: &ModelSchedule) -> Result<Vec<NoiseLevel>, ScheduleError> {
        let unsuited = |model, instead| Err(ScheduleError::SpacingUnsuited { spacing, model, instead });
        let evenly = |i: usize| (self.steps - i) as f64 / self.steps as f64;
        match schedule {
            ModelSchedule::Discrete(table) => {
                let visited = self.timesteps(spacing, table.num_timesteps())?;
                Ok(visited.into_iter().map(|timestep| table.level_at(timestep)).collect())
            }
            &ModelSchedule::Flow { shift, .. } => {
                self.check_steps()?;
                let s_min = schedule.cleanest().flow_time();
                let linspace = |i: usize| 1.0 + (1.0 - run_time(i, self.steps)) * (s_min - 1.0);
                let time: &dyn Fn(usize) -> f64 = match spacing {
                    Spacing::Linspace => &linspace,
                    Spacing::Trailing => &evenly,
                    Spacing::Leading => {
                        let model = "a rectified-flow model, whose time 0 is the image itself";
                        return unsuited(model, "linspace, trailing or flow");
                    }
                };
                Ok((0..self.steps).map(|i| shift_flow(NoiseLevel::from_flow_time(time(i)), shift)).collect())
            }
            ModelSchedule::Continuous(curve) => {
                self.check_steps()?;
                let linspace = |i: usize| LEAST_TIME + run_time(i, self.steps) * (1.0 - LEAST_TIME);
                let time: &dyn Fn(usize) -> f64 = match spacing {
                    Spacing::Linspace => &linspace,
                    Spacing::Trailing => &evenly,
                    Spacing::Leading => {
                        return unsuited(
                            "a continuous schedule, whose time 0 is the image itself",
                            "linspace or trailing",
                        );
                    }
                };
                Ok((0..self.steps).map(|i| curve.level_at(time(i))).collect())
            }
            ModelSchedule::Edm { .. } => {
                unsuited("an EDM model, which has no timesteps to space", "karras, edm or another σ family")
            }
        }
    }

    /// The levels of a σ family over a schedule's range.
    fn family(&self, family: SigmaFamily, schedule: &ModelSchedule) -> Result<Vec<NoiseLevel>, ScheduleError> {
        if let SigmaFamily::FlowShift { shift } = family {
            self.check_steps()?;
            family.check_parameters()?;
            // In flow time the noisiest level is finite, so none needs standing in for it.
            let (lo, hi) = (NoiseLevel::from_sigma(schedule.sigma_min()), schedule.noisiest());
            return Ok((0..self.steps)
                .map(|i| shifted_flow_level(1.0 - run_time(i, self.steps), lo, hi, shift))
                .collect());
        }
        let sigmas = family.sigmas(self.steps, schedule.sigma_min(), schedule.sigma_max())?;
        Ok(sigmas.into_iter().map(NoiseLevel::from_sigma).collect())
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
