use super::{BetaSchedule, Curve, ModelSchedule, PlanSource, ScheduleError, TerminalSnr, TrainingSchedule};
use serde::{Deserialize, Serialize};

/// A schedule as a file or a setting says it, independent of any model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleSpec {
    /// A table over integer timesteps.
    Training(TrainingSpec),
    /// A formula or a drawing over t in [0, 1].
    Curve(Curve),
    /// Rectified flow over its own timesteps.
    Flow {
        /// What flow time 1 is called.
        num_train_timesteps: usize,
        /// The shift of its times.
        shift: f64,
    },
    /// EDM's range of σ.
    Edm {
        /// Least σ.
        sigma_min: f64,
        /// Greatest σ.
        sigma_max: f64,
        /// Standard deviation of the training data.
        sigma_data: f64,
    },
}

/// What a table of β is made from (the keys of diffusers' `scheduler_config.json`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingSpec {
    /// The formula.
    pub beta_schedule: BetaSchedule,
    /// β at timestep 0, where the formula has one.
    pub beta_start: f64,
    /// β at the last timestep, where the formula has one.
    pub beta_end: f64,
    /// T.
    pub num_train_timesteps: usize,
    /// β one by one, instead of the formula.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_betas: Option<Vec<f64>>,
    /// Whether it is rescaled to zero terminal SNR, and what then stands at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_terminal_snr: Option<TerminalSnr>,
}

impl TrainingSpec {
    /// A formula with its usual parameters.
    #[must_use]
    pub const fn new(beta_schedule: BetaSchedule) -> Self {
        let (beta_start, beta_end) = beta_schedule.family().usual;
        Self {
            beta_schedule,
            beta_start,
            beta_end,
            num_train_timesteps: 1000,
            trained_betas: None,
            zero_terminal_snr: None,
        }
    }

    /// The table.
    pub fn table(&self) -> Result<TrainingSchedule, ScheduleError> {
        let table = match &self.trained_betas {
            Some(betas) => TrainingSchedule::from_betas(betas)?,
            None => {
                TrainingSchedule::new(self.beta_schedule, self.beta_start, self.beta_end, self.num_train_timesteps)?
            }
        };
        match self.zero_terminal_snr {
            Some(last) => table.zero_terminal_snr(last),
            None => Ok(table),
        }
    }
}

impl ScheduleSpec {
    /// The schedule.
    pub fn schedule(&self) -> Result<ModelSchedule, ScheduleError> {
        match *self {
            Self::Training(ref spec) => Ok(ModelSchedule::Discrete(spec.table()?)),
            Self::Curve(ref curve) => ModelSchedule::Continuous(curve.clone()).validated(),
            Self::Flow { num_train_timesteps, shift } => ModelSchedule::Flow { num_train_timesteps, shift }.validated(),
            Self::Edm { sigma_min, sigma_max, sigma_data } => {
                ModelSchedule::Edm { sigma_min, sigma_max, sigma_data }.validated()
            }
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Training(TrainingSpec { trained_betas: Some(_), .. }) => "list of β".into(),
            Self::Training(spec) => spec.beta_schedule.name().replace('_', "-"),
            Self::Curve(curve) => curve.name().into(),
            Self::Flow { .. } => "flow".into(),
            Self::Edm { .. } => "edm".into(),
        }
    }
}

/// Another schedule than the model's, with what a run visits of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherSchedule {
    /// The schedule.
    pub schedule: ScheduleSpec,
    /// Which of its levels: a spacing of its timesteps, or a σ family over its range.
    pub visits: Box<PlanSource>,
    /// Added to `leading` timesteps.
    #[serde(default)]
    pub steps_offset: usize,
    /// Added to λ of every level, nats: `2·ln(64/d)` moves a schedule for 64 pixels to d pixels (Hoogeboom et al. 2023).
    #[serde(default)]
    pub log_snr_shift: f64,
}
