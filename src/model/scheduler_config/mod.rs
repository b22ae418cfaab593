mod arguments;
mod class;
mod departures;
mod error;
mod options;
mod own_sampler;
mod parse;
mod reader;
mod visits;

pub use class::{NearestSampler, SchedulerClass};
pub use error::SchedulerConfigError;
pub use options::{
    AlgorithmType, FinalSigmas, Interpolation, PredictionType, SolverType, TimeShift, TimestepType, VarianceType,
};
pub use own_sampler::OwnSampler;

use crate::denoiser::Clipping;
use crate::schedule::{
    BetaSchedule, ModelSchedule, OtherSchedule, PlanSource, ScheduleError, ScheduleSpec, SigmaFamily, Spacing,
    TerminalSnr, TrainingSchedule, TrainingSpec,
};
use crate::theory::{NetworkTime, Parameterization, Prediction};
use crate::words::short;
use serde::Serialize;

/// A diffusers `scheduler_config.json`, with its class's defaults for the keys that the file does not have.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(clippy::struct_excessive_bools)] // the file has as many flags
pub struct SchedulerConfig {
    /// `_class_name` as written; empty if absent.
    pub class_name: String,
    /// The class whose defaults and rules are used.
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
    /// What the network is fed.
    pub timestep_type: TimestepType,
    /// Which timesteps a run visits.
    pub timestep_spacing: Spacing,
    /// Added to `leading` timesteps.
    pub steps_offset: usize,
    /// How Euler takes σ between timesteps.
    pub interpolation_type: Interpolation,
    /// The σ family that replaces the spacing (`use_karras_sigmas`, `use_lu_lambdas`, `sigma_schedule`, …), if any.
    pub sigma_family: Option<SigmaFamily>,
    /// The smallest σ: EDM's, or where a σ family ends. `None` takes the end of what the class would visit.
    pub sigma_min: Option<f64>,
    /// The largest σ: EDM's, or where a σ family starts.
    pub sigma_max: Option<f64>,
    /// EDM's standard deviation of the data.
    pub sigma_data: f64,
    /// Where a run over σ ends.
    pub final_sigmas_type: FinalSigmas,
    /// Whether a DDIM run ends at `ᾱ = 1` rather than at timestep 0's level.
    pub set_alpha_to_one: bool,
    /// The lowest ½λ that DPM-Solver visits; `None` is −∞.
    pub lambda_min_clipped: Option<f64>,
    /// What is done to x̂_0.
    pub clipping: Clipping,
    /// DDPM's noise.
    pub variance_type: VarianceType,
    /// Order of the multistep and singlestep solvers.
    pub solver_order: usize,
    /// Which integral a solver approximates.
    pub algorithm_type: AlgorithmType,
    /// The variant of a solver.
    pub solver_type: SolverType,
    /// Whether the last steps of a short run have lower order.
    pub lower_order_final: bool,
    /// Whether the last step is one of Euler's method.
    pub euler_at_final: bool,
    /// Whether UniPC works in the estimated image rather than the noise.
    pub predict_x0: bool,
    /// Steps, from 0, after which UniPC does not correct.
    pub disable_corrector: Vec<usize>,
    /// Order of SA-Solver's predictor.
    pub predictor_order: usize,
    /// Order of SA-Solver's corrector.
    pub corrector_order: usize,
    /// Whether PNDM leaves out its Runge–Kutta steps.
    pub skip_prk_steps: bool,
    /// The steps that LCM and TCD were distilled on.
    pub original_inference_steps: usize,
    /// LCM's factor on the timestep in its boundary weights.
    pub timestep_scaling: f64,
    /// RePaint's share of fresh noise.
    pub eta: f64,
    /// Whether a class with a β table samples a rectified-flow model.
    pub use_flow_sigmas: bool,
    /// Time shift of rectified flow (`shift`, `flow_shift`). Not used with `use_dynamic_shifting`.
    pub shift: f64,
    /// Whether the shift follows from the image's size.
    pub use_dynamic_shifting: bool,
    /// How μ becomes a shift.
    pub time_shift_type: TimeShift,
    /// μ at `base_image_seq_len`.
    pub base_shift: f64,
    /// μ at `max_image_seq_len`.
    pub max_shift: f64,
    /// The shorter of the two lengths, in patches.
    pub base_image_seq_len: usize,
    /// The longer one.
    pub max_image_seq_len: usize,
    /// Side of the network's patches, if known. No key of this file.
    pub patch_size: Option<usize>,
    /// Number of patches of the image that a run makes, if known. No key of this file.
    pub image_seq_len: Option<usize>,
    /// Whether the pipeline hands flow times from 1 to 1/steps to the scheduler, as FLUX's does in diffusers. No key of this file.
    pub flow_times_by_steps: bool,
    /// The flow time that the last step starts at; the others are stretched.
    pub shift_terminal: Option<f64>,
    /// Whether flow time runs backwards, as for Mochi.
    pub invert_sigmas: bool,
    /// Whether flow steps add fresh noise.
    pub stochastic_sampling: bool,
}

impl SchedulerConfig {
    /// The defaults of a class by its name in diffusers; DDIM's, or those of rectified flow, for an unknown name.
    #[must_use]
    pub fn for_class(class_name: &str) -> Self {
        let class =
            SchedulerClass::from_name(class_name).unwrap_or_else(|| SchedulerClass::standing_in(class_name, |_| false));
        Self::defaults(class, class_name)
    }

    fn defaults(class: SchedulerClass, class_name: &str) -> Self {
        let facts = class.facts();
        let (beta_schedule, beta_start, beta_end) = facts.betas;
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
            timestep_type: TimestepType::Discrete,
            timestep_spacing: facts.spacing,
            steps_offset: 0,
            interpolation_type: Interpolation::Linear,
            sigma_family: class.is_edm().then_some(SigmaFamily::Karras { rho: 7.0 }),
            sigma_min: class.is_edm().then_some(0.002),
            sigma_max: class.is_edm().then_some(80.0),
            sigma_data: 0.5,
            final_sigmas_type: facts.final_sigmas,
            set_alpha_to_one: facts.set_alpha_to_one,
            lambda_min_clipped: None,
            clipping: if facts.clip_sample { Clipping::Clip { range: 1.0 } } else { Clipping::None },
            variance_type: facts.variance,
            solver_order: 2,
            algorithm_type: facts.algorithm,
            solver_type: facts.solver,
            lower_order_final: facts.lower_order_final,
            euler_at_final: false,
            predict_x0: true,
            disable_corrector: Vec::new(),
            predictor_order: 2,
            corrector_order: 2,
            skip_prk_steps: false,
            original_inference_steps: 50,
            timestep_scaling: 10.0,
            eta: 0.0,
            use_flow_sigmas: false,
            shift: 1.0,
            use_dynamic_shifting: false,
            time_shift_type: TimeShift::Exponential,
            base_shift: 0.5,
            max_shift: 1.15,
            base_image_seq_len: 256,
            max_image_seq_len: 4096,
            patch_size: None,
            image_seq_len: None,
            flow_times_by_steps: false,
            shift_terminal: None,
            invert_sigmas: false,
            stochastic_sampling: false,
        }
    }

    /// Whether the network is a rectified-flow one.
    #[must_use]
    pub fn is_flow(&self) -> bool {
        self.class.is_flow_match() || self.use_flow_sigmas || self.prediction_type == PredictionType::FlowPrediction
    }

    /// Whether the network is an EDM one.
    #[must_use]
    pub fn is_edm(&self) -> bool {
        self.class.is_edm()
    }

    /// The model's own schedule.
    pub fn model_schedule(&self) -> Result<ModelSchedule, ScheduleError> {
        if self.class.is_edm() {
            let (sigma_data, (sigma_min, sigma_max)) = (self.sigma_data, self.edm_range());
            return ModelSchedule::Edm { sigma_min, sigma_max, sigma_data }.validated();
        }
        if self.is_flow() {
            return ModelSchedule::Flow { num_train_timesteps: self.num_train_timesteps, shift: self.flow_shift() }
                .validated();
        }
        if let Some((sigma_min, sigma_max)) = self.continuous_range() {
            return ModelSchedule::Edm { sigma_min, sigma_max, sigma_data: self.sigma_data }.validated();
        }
        Ok(ModelSchedule::Discrete(self.table()?))
    }

    /// The σ of a network that is fed ¼ ln σ, where the configuration names them: its β then say nothing of what the network
    /// knows (Stable Video Diffusion).
    fn continuous_range(&self) -> Option<(f64, f64)> {
        let named = self.sigma_family.is_some() && self.sigma_min.or(self.sigma_max).is_some();
        if !(named && self.is_fed_c_noise()) {
            return None;
        }
        let table = self.table().ok()?;
        let (low, high) = (table.level(0).sigma(), table.level(table.last_timestep()).sigma());
        Some((self.sigma_min.unwrap_or(low), self.sigma_max.unwrap_or(high)))
    }

    /// Whether `timestep_type` has the network fed ¼ ln σ.
    fn is_fed_c_noise(&self) -> bool {
        let continuous = self.timestep_type == TimestepType::Continuous;
        continuous && self.prediction_type == PredictionType::VPrediction && !self.is_flow() && !self.is_edm()
    }

    /// The table of β, which classes that sample rectified flow may have too.
    fn table(&self) -> Result<TrainingSchedule, ScheduleError> {
        let table = match &self.trained_betas {
            Some(betas) => TrainingSchedule::from_betas(betas)?,
            None => {
                TrainingSchedule::new(self.beta_schedule, self.beta_start, self.beta_end, self.num_train_timesteps)?
            }
        };
        if self.rescale_betas_zero_snr { table.zero_terminal_snr(self.terminal_snr()) } else { Ok(table) }
    }

    /// The model's own schedule as a run on another model may take it.
    #[must_use]
    pub fn schedule_spec(&self) -> ScheduleSpec {
        let Self { num_train_timesteps, sigma_data, .. } = *self;
        if self.class.is_edm() {
            let (sigma_min, sigma_max) = self.edm_range();
            return ScheduleSpec::Edm { sigma_min, sigma_max, sigma_data };
        }
        if self.is_flow() {
            return ScheduleSpec::Flow { num_train_timesteps, shift: self.flow_shift() };
        }
        if let Some((sigma_min, sigma_max)) = self.continuous_range() {
            return ScheduleSpec::Edm { sigma_min, sigma_max, sigma_data };
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
            let (sigma_min, sigma_max) = self.edm_range();
            return format!("EDM, σ {sigma_min} to {sigma_max}, σ_data {}", self.sigma_data);
        }
        if self.is_flow() {
            let dynamic = if self.use_dynamic_shifting { "dynamic " } else { "" };
            return format!("rectified flow, {timesteps}, {dynamic}shift {}", short(self.flow_shift()));
        }
        if let Some((sigma_min, sigma_max)) = self.continuous_range() {
            return format!("σ {} to {}, the network is fed ¼ ln σ", short(sigma_min), short(sigma_max));
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

    pub(super) fn edm_range(&self) -> (f64, f64) {
        (self.sigma_min.unwrap_or(0.002), self.sigma_max.unwrap_or(80.0))
    }

    /// What `rescale_betas_zero_snr` puts at the last timestep, which depends on the class.
    #[must_use]
    pub fn terminal_snr(&self) -> TerminalSnr {
        self.class.facts().terminal
    }

    /// How the network is spoken to.
    #[must_use]
    pub fn parameterization(&self) -> Parameterization {
        if self.class.is_edm() {
            return Parameterization::edm(self.sigma_data);
        }
        let prediction = match self.prediction_type {
            PredictionType::Epsilon => Prediction::Epsilon,
            PredictionType::Sample => Prediction::Sample,
            PredictionType::VPrediction => Prediction::VPrediction,
            PredictionType::FlowPrediction => Prediction::FlowPrediction,
        };
        if self.class.is_flow_match() {
            return Parameterization::flow();
        }
        if self.is_flow() {
            return Parameterization { prediction, ..Parameterization::flow() };
        }
        let time = if self.is_fed_c_noise() { NetworkTime::CNoise } else { NetworkTime::Index };
        Parameterization { time, ..Parameterization::vp(prediction) }
    }
}
