mod class;
mod error;
mod parse;
mod reader;

pub use class::{NearestSampler, SchedulerClass};
pub use error::SchedulerConfigError;

use crate::denoiser::Clipping;
use crate::schedule::{
    BetaSchedule, FinalLevel, ModelSchedule, OtherSchedule, PlanRequest, PlanSource, ScheduleError, ScheduleSpec,
    SigmaFamily, Spacing, SpacingConvention, TerminalSnr, TrainingSchedule, TrainingSpec,
};
use crate::theory::{Parameterization, Prediction};
use serde::{Deserialize, Serialize};

/// What the network predicts (diffusers: `prediction_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PredictionType {
    /// The noise; for an EDM model the network's raw output F.
    Epsilon,
    /// The image.
    Sample,
    /// `√ᾱ·ε − √(1−ᾱ)·x_0`.
    VPrediction,
    /// `ε − x_0`.
    FlowPrediction,
}

/// The variance of DDPM's noise (diffusers: `variance_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VarianceType {
    /// `β̃_t`, the posterior's.
    FixedSmall,
    /// The same by way of its logarithm.
    FixedSmallLog,
    /// `β_t`.
    FixedLarge,
    /// The same by way of its logarithm.
    FixedLargeLog,
    /// The network's second half of channels.
    Learned,
    /// The network's second half of channels, between the two fixed ones.
    LearnedRange,
}

/// Where σ ends (diffusers: `final_sigmas_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FinalSigmas {
    /// At 0.
    Zero,
    /// At the least trained σ.
    SigmaMin,
}

/// A diffusers `scheduler_config.json`, with its class's defaults where the file names nothing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SchedulerConfig {
    /// `_class_name` as written; empty where absent.
    pub class_name: String,
    /// What it is taken for.
    pub class: SchedulerClass,
    /// T.
    pub num_train_timesteps: usize,
    /// First β.
    pub beta_start: f64,
    /// Last β.
    pub beta_end: f64,
    /// The formula between them.
    pub beta_schedule: BetaSchedule,
    /// β in full; overrides the formula.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trained_betas: Option<Vec<f64>>,
    /// Whether the schedule is rescaled to zero terminal SNR.
    pub rescale_betas_zero_snr: bool,
    /// What the network predicts.
    pub prediction_type: PredictionType,
    /// Which timesteps a run visits.
    pub timestep_spacing: Spacing,
    /// Added to `leading` timesteps.
    pub steps_offset: usize,
    /// The σ family that takes the place of the spacing (`use_karras_sigmas` and its like), if any.
    pub sigma_family: Option<SigmaFamily>,
    /// What is done to x̂_0.
    pub clipping: Clipping,
    /// Whether a DDIM run ends at `ᾱ = 1` rather than at timestep 0's level.
    pub set_alpha_to_one: bool,
    /// Where a run over σ ends.
    pub final_sigmas_type: FinalSigmas,
    /// DDPM's noise.
    pub variance_type: VarianceType,
    /// Order of the multistep solvers.
    pub solver_order: usize,
    /// Time shift of rectified flow (`shift`, `flow_shift`).
    pub shift: f64,
    /// EDM's least σ.
    pub sigma_min: f64,
    /// EDM's greatest σ.
    pub sigma_max: f64,
    /// EDM's standard deviation of the data.
    pub sigma_data: f64,
}

impl SchedulerConfig {
    /// The defaults of a class by its name in diffusers; DDIM's for a name that is not known.
    #[must_use]
    pub fn for_class(class_name: &str) -> Self {
        let class = SchedulerClass::from_name(class_name).unwrap_or(SchedulerClass::Ddim);
        let (beta_schedule, beta_start, beta_end) = class.default_betas();
        Self {
            class_name: class_name.to_owned(),
            class,
            num_train_timesteps: 1000,
            beta_start,
            beta_end,
            beta_schedule,
            trained_betas: None,
            rescale_betas_zero_snr: false,
            prediction_type: PredictionType::Epsilon,
            timestep_spacing: class.default_spacing(),
            steps_offset: 0,
            sigma_family: class.is_edm().then_some(SigmaFamily::Karras { rho: 7.0 }),
            clipping: if class.default_clip_sample() { Clipping::Clip { range: 1.0 } } else { Clipping::None },
            set_alpha_to_one: class != SchedulerClass::Pndm,
            final_sigmas_type: FinalSigmas::Zero,
            variance_type: if class == SchedulerClass::UnClip {
                VarianceType::FixedSmallLog
            } else {
                VarianceType::FixedSmall
            },
            solver_order: 2,
            shift: 1.0,
            sigma_min: 0.002,
            sigma_max: 80.0,
            sigma_data: 0.5,
        }
    }

    /// Whether the network is a rectified-flow one.
    #[must_use]
    pub fn is_flow(&self) -> bool {
        self.class.is_flow_match() || self.prediction_type == PredictionType::FlowPrediction
    }

    /// The model's own schedule.
    pub fn model_schedule(&self) -> Result<ModelSchedule, ScheduleError> {
        let timesteps = self.num_train_timesteps;
        if self.class.is_edm() {
            let Self { sigma_min, sigma_max, sigma_data, .. } = *self;
            return ModelSchedule::Edm { sigma_min, sigma_max, sigma_data }.validated();
        }
        if self.is_flow() {
            return ModelSchedule::Flow { num_train_timesteps: timesteps, shift: self.shift }.validated();
        }
        let table = match &self.trained_betas {
            Some(betas) => TrainingSchedule::from_betas(betas)?,
            None => TrainingSchedule::new(self.beta_schedule, self.beta_start, self.beta_end, timesteps)?,
        };
        let table = if self.rescale_betas_zero_snr { table.zero_terminal_snr(self.terminal_snr())? } else { table };
        Ok(ModelSchedule::Discrete(table))
    }

    /// The model's own schedule as a run on another model may take it.
    #[must_use]
    pub fn schedule_spec(&self) -> ScheduleSpec {
        let Self { num_train_timesteps, shift, sigma_min, sigma_max, sigma_data, .. } = *self;
        if self.class.is_edm() {
            return ScheduleSpec::Edm { sigma_min, sigma_max, sigma_data };
        }
        if self.is_flow() {
            return ScheduleSpec::Flow { num_train_timesteps, shift };
        }
        ScheduleSpec::Training(TrainingSpec {
            beta_schedule: self.beta_schedule,
            beta_start: self.beta_start,
            beta_end: self.beta_end,
            num_train_timesteps,
            trained_betas: self.trained_betas.clone(),
            zero_terminal_snr: self.rescale_betas_zero_snr.then(|| self.terminal_snr()),
        })
    }

    /// What a run by this configuration visits, for a run on any model.
    #[must_use]
    pub fn as_source(&self) -> PlanSource {
        PlanSource::Other(OtherSchedule {
            schedule: self.schedule_spec(),
            visits: Box::new(self.default_source()),
            steps_offset: self.steps_offset,
            log_snr_shift: 0.0,
        })
    }

    /// The model's own schedule in a few words.
    #[must_use]
    pub fn describe(&self) -> String {
        let timesteps = crate::words::count(self.num_train_timesteps, "timestep");
        if self.class.is_edm() {
            return format!("EDM, σ {} to {}, σ_data {}", self.sigma_min, self.sigma_max, self.sigma_data);
        }
        if self.is_flow() {
            return format!("rectified flow, {timesteps}, shift {}", self.shift);
        }
        let rescaled = if self.rescale_betas_zero_snr { ", rescaled to zero terminal SNR" } else { "" };
        if self.trained_betas.is_some() {
            return format!("a list of β, {timesteps}{rescaled}");
        }
        let range = if self.beta_schedule.uses_range() {
            format!(", β {} to {}", self.beta_start, self.beta_end)
        } else {
            String::new()
        };
        format!("{}{range}, {timesteps}{rescaled}", self.beta_schedule)
    }

    /// What `rescale_betas_zero_snr` puts at the last timestep, which depends on the class.
    #[must_use]
    pub fn terminal_snr(&self) -> TerminalSnr {
        self.class.terminal_snr()
    }

    /// How the network is spoken to.
    #[must_use]
    pub fn parameterization(&self) -> Parameterization {
        if self.class.is_edm() {
            return Parameterization::edm(self.sigma_data);
        }
        match self.prediction_type {
            _ if self.is_flow() => Parameterization::flow(),
            PredictionType::Sample => Parameterization::vp(Prediction::Sample),
            PredictionType::VPrediction => Parameterization::vp(Prediction::VPrediction),
            PredictionType::Epsilon | PredictionType::FlowPrediction => Parameterization::vp(Prediction::Epsilon),
        }
    }

    /// The noise levels a run visits unless the user sets others.
    #[must_use]
    pub fn default_source(&self) -> PlanSource {
        match self.sigma_family {
            Some(family) => PlanSource::Family(family),
            None if self.is_flow() => PlanSource::Spacing(Spacing::Linspace),
            None => PlanSource::Spacing(self.timestep_spacing),
        }
    }

    /// Where a run ends: `set_alpha_to_one` decides for samplers that step over timesteps as DDIM does,
    /// `final_sigmas_type` for the others. (diffusers' DDPM always ends at the clean image.)
    #[must_use]
    pub fn final_level(&self, convention: SpacingConvention) -> FinalLevel {
        let clean = match convention {
            SpacingConvention::Ddim => self.set_alpha_to_one,
            SpacingConvention::Euler | SpacingConvention::DpmSolver => self.final_sigmas_type == FinalSigmas::Zero,
        };
        if clean { FinalLevel::Clean } else { FinalLevel::FirstTrained }
    }

    /// A request for `steps` steps as the config has it, for a sampler of the given convention.
    #[must_use]
    pub fn plan_request(&self, steps: usize, convention: SpacingConvention) -> PlanRequest {
        PlanRequest {
            source: self.default_source(),
            steps,
            convention,
            steps_offset: self.steps_offset,
            final_level: self.final_level(convention),
        }
    }
}

impl PredictionType {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Epsilon, Self::Sample, Self::VPrediction, Self::FlowPrediction];

    /// The name diffusers gives it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Epsilon => "epsilon",
            Self::Sample => "sample",
            Self::VPrediction => "v_prediction",
            Self::FlowPrediction => "flow_prediction",
        }
    }
}
