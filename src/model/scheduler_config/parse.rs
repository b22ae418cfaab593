use super::reader::{Reader, is_minus_infinity};
use super::{
    Clipping, FinalSigmas, PredictionType, SchedulerClass, SchedulerConfig, SchedulerConfigError, VarianceType,
};
use crate::reading;
use crate::schedule::{BetaSchedule, MAX_TRAIN_TIMESTEPS, ModelSchedule, SigmaFamily, Spacing};
use serde_json::Value;
use std::path::Path;

/// Keys of diffusers' classes that change nothing here: they steer samplers this program does not have, or are chosen
/// by the user.
const WITHOUT_EFFECT: [&str; 26] = [
    "algorithm_type",
    "base_image_seq_len",
    "base_shift",
    "corrector_order",
    "disable_corrector",
    "eta",
    "euler_at_final",
    "lower_order_final",
    "max_image_seq_len",
    "max_shift",
    "noise_sampler_seed",
    "original_inference_steps",
    "predict_x0",
    "predictor_order",
    "rho",
    "scale_factors",
    "sigma_data",
    "sigma_schedule",
    "skip_prk_steps",
    "solver_p",
    "solver_type",
    "tau_func",
    "time_shift_type",
    "timestep_scaling",
    "upscale_mode",
    "use_flow_sigmas",
];

impl SchedulerConfig {
    /// Reads a file as [`parse`](Self::parse) does its text.
    pub fn read(file: &Path) -> Result<(Self, Vec<String>), SchedulerConfigError> {
        let text = reading::text(file).map_err(|why| SchedulerConfigError::Unread { file: file.to_owned(), why })?;
        Self::parse(&text, file)
    }

    /// Reads a config and what to warn about. An absent key takes its class's default, as does null; an unknown one is
    /// warned of and ignored; keys that begin with `_` are dropped, but for `_class_name`.
    ///
    /// For a class that is not known the β and prediction keys still mean what they mean everywhere; a warning says
    /// that DDIM's defaults stand in for the rest. Classes known to work otherwise are refused. `file` only serves the
    /// messages.
    pub fn parse(text: &str, file: &Path) -> Result<(Self, Vec<String>), SchedulerConfigError> {
        let mut reader = Reader::new(text, file)?;
        let class_name = reader.take("_class_name", "the name of a scheduler class of diffusers", |value| {
            value.as_str().map(str::to_owned)
        })?;
        let class_name = class_name.unwrap_or_default();
        if SchedulerClass::is_refused(&class_name) {
            return Err(SchedulerConfigError::UnsupportedClass { file: file.to_owned(), class: class_name });
        }
        if SchedulerClass::from_name(&class_name).is_none() {
            let what = if class_name.is_empty() {
                "\"_class_name\" is missing".to_owned()
            } else {
                format!("the scheduler class \"{class_name}\" is unknown")
            };
            reader.warnings.push(format!("{}: {what}; using the defaults of DDIMScheduler", file.display()));
        }
        let mut config = Self::for_class(&class_name);
        config.read_training(&mut reader)?;
        config.read_sampling(&mut reader, file)?;
        config.read_edm_and_flow(&mut reader)?;
        config.read_not_applied(&mut reader)?;
        config.check(&mut reader, file)?;
        Ok((config, reader.finish(&WITHOUT_EFFECT)))
    }

    fn read_training(&mut self, reader: &mut Reader<'_>) -> Result<(), SchedulerConfigError> {
        let whole = format!("a whole number from 1 to {MAX_TRAIN_TIMESTEPS}");
        let timesteps = reader.count("num_train_timesteps", &whole, |t| (1..=MAX_TRAIN_TIMESTEPS).contains(&t))?;
        self.num_train_timesteps = timesteps.unwrap_or(self.num_train_timesteps);
        for (key, beta) in [("beta_start", &mut self.beta_start), ("beta_end", &mut self.beta_end)] {
            *beta = reader.number(key, "a number above 0 and below 1", |b| b > 0.0 && b < 1.0)?.unwrap_or(*beta);
        }
        let names = BetaSchedule::ALL.map(|schedule| (schedule.name(), schedule));
        self.beta_schedule = reader.one_of("beta_schedule", &names)?.unwrap_or(self.beta_schedule);
        self.trained_betas = reader.take("trained_betas", "a list of numbers above 0 and below 1", |value| {
            value.as_array()?.iter().map(Value::as_f64).collect::<Option<Vec<f64>>>()
        })?;
        if let Some(betas) = &self.trained_betas {
            if timesteps.is_some_and(|timesteps| timesteps != betas.len()) || betas.is_empty() {
                let expected = format!(
                    "a list of num_train_timesteps = {}",
                    crate::words::count(self.num_train_timesteps, "number")
                );
                return Err(reader.error("trained_betas", format!("a list of {}", betas.len()), expected));
            }
            self.num_train_timesteps = betas.len();
        }
        self.rescale_betas_zero_snr = reader.flag("rescale_betas_zero_snr", false)?;
        let names = [
            ("epsilon", PredictionType::Epsilon),
            ("sample", PredictionType::Sample),
            ("v_prediction", PredictionType::VPrediction),
            ("flow_prediction", PredictionType::FlowPrediction),
        ];
        self.prediction_type = reader.one_of("prediction_type", &names)?.unwrap_or(self.prediction_type);
        Ok(())
    }

    fn read_sampling(&mut self, reader: &mut Reader<'_>, file: &Path) -> Result<(), SchedulerConfigError> {
        let names = Spacing::ALL.map(|spacing| (spacing.name(), spacing));
        self.timestep_spacing = reader.one_of("timestep_spacing", &names)?.unwrap_or(self.timestep_spacing);
        let timesteps = self.num_train_timesteps;
        self.steps_offset = reader
            .count("steps_offset", "a whole number from 0, below num_train_timesteps", |o| o < timesteps)?
            .unwrap_or(0);
        self.read_clipping(reader)?;
        self.set_alpha_to_one = reader.flag("set_alpha_to_one", self.set_alpha_to_one)?;
        let names = [("zero", FinalSigmas::Zero), ("sigma_min", FinalSigmas::SigmaMin)];
        self.final_sigmas_type = reader.one_of("final_sigmas_type", &names)?.unwrap_or(self.final_sigmas_type);
        let names = [
            ("fixed_small", VarianceType::FixedSmall),
            ("fixed_small_log", VarianceType::FixedSmallLog),
            ("fixed_large", VarianceType::FixedLarge),
            ("fixed_large_log", VarianceType::FixedLargeLog),
            ("learned", VarianceType::Learned),
            ("learned_range", VarianceType::LearnedRange),
        ];
        self.variance_type = reader.one_of("variance_type", &names)?.unwrap_or(self.variance_type);
        self.solver_order = reader.count("solver_order", "1, 2 or 3", |order| (1..=3).contains(&order))?.unwrap_or(2);

        let mut chosen: Option<&'static str> = None;
        for (key, family) in [
            ("use_karras_sigmas", SigmaFamily::Karras { rho: 7.0 }),
            ("use_exponential_sigmas", SigmaFamily::Exponential),
            ("use_beta_sigmas", SigmaFamily::Beta { alpha: 0.6, beta: 0.6 }),
            ("use_lu_lambdas", SigmaFamily::Lu),
        ] {
            if reader.flag(key, false)? {
                if let Some(first) = chosen {
                    return Err(SchedulerConfigError::Conflict { file: file.to_owned(), first, second: key });
                }
                (chosen, self.sigma_family) = (Some(key), Some(family));
            }
        }
        Ok(())
    }

    fn read_clipping(&mut self, reader: &mut Reader<'_>) -> Result<(), SchedulerConfigError> {
        let positive = |number: f64| number > 0.0 && number.is_finite();
        let clip = reader.flag("clip_sample", self.class.default_clip_sample())?;
        let range = reader.number("clip_sample_range", "a number above 0", positive)?.unwrap_or(1.0);
        let threshold = reader.flag("thresholding", false)?;
        let ratio = reader
            .number("dynamic_thresholding_ratio", "a number above 0, at most 1", |r| r > 0.0 && r <= 1.0)?
            .unwrap_or(0.995);
        let max_value = reader.number("sample_max_value", "a number above 0", positive)?.unwrap_or(1.0);
        self.clipping = match (threshold, clip) {
            (true, _) => Clipping::Threshold { ratio, max_value },
            (false, true) => Clipping::Clip { range },
            (false, false) => Clipping::None,
        };
        Ok(())
    }

    fn read_edm_and_flow(&mut self, reader: &mut Reader<'_>) -> Result<(), SchedulerConfigError> {
        let positive = |number: f64| number > 0.0 && number.is_finite();
        for key in ["shift", "flow_shift"] {
            self.shift = reader
                .number(key, "a number from 0.001 to 1000", |shift| (0.001..=1000.0).contains(&shift))?
                .unwrap_or(self.shift);
        }
        if !self.class.is_edm() {
            return Ok(());
        }
        for (key, value) in [
            ("sigma_min", &mut self.sigma_min),
            ("sigma_max", &mut self.sigma_max),
            ("sigma_data", &mut self.sigma_data),
        ] {
            *value = reader.number(key, "a number above 0", positive)?.unwrap_or(*value);
        }
        if self.sigma_max <= self.sigma_min {
            return Err(reader.error(
                "sigma_max",
                self.sigma_max.to_string(),
                format!("a number above sigma_min = {}", self.sigma_min),
            ));
        }
        let rho = reader.number("rho", "a number from 0.1 to 100", |rho| (0.1..=100.0).contains(&rho))?.unwrap_or(7.0);
        let names = [("karras", SigmaFamily::Karras { rho }), ("exponential", SigmaFamily::Exponential)];
        self.sigma_family = Some(reader.one_of("sigma_schedule", &names)?.unwrap_or(names[0].1));
        Ok(())
    }

    fn read_not_applied(&mut self, reader: &mut Reader<'_>) -> Result<(), SchedulerConfigError> {
        let kind = reader.one_of("timestep_type", &[("discrete", false), ("continuous", true)])?;
        if kind == Some(true) && self.prediction_type == PredictionType::VPrediction {
            let expected = "\"discrete\" (networks that take ¼ ln σ instead of timesteps are not supported)";
            return Err(reader.error("timestep_type", "\"continuous\"", expected));
        }
        reader.not_applied("lambda_min_clipped", is_minus_infinity);
        reader.not_applied("interpolation_type", |value| value == "linear");
        reader.not_applied("use_dynamic_shifting", |value| value == false);
        reader.not_applied("invert_sigmas", |value| value == false);
        reader.not_applied("stochastic_sampling", |value| value == false);
        reader.not_applied("shift_terminal", |_| false);
        reader.not_applied("sigma_min", |_| false);
        reader.not_applied("sigma_max", |_| false);
        Ok(())
    }

    /// What no single key can tell.
    fn check(&self, reader: &mut Reader<'_>, file: &Path) -> Result<(), SchedulerConfigError> {
        let edm = self.class.is_edm();
        if edm && self.prediction_type != PredictionType::Epsilon {
            let found = format!("\"{}\"", self.prediction_type.name());
            return Err(reader.error(
                "prediction_type",
                found,
                "\"epsilon\", the only prediction supported for EDM models",
            ));
        }
        let schedule =
            self.model_schedule().map_err(|source| SchedulerConfigError::Schedule { file: file.to_owned(), source })?;
        let is_flow = matches!(schedule, ModelSchedule::Flow { .. });
        let mut warn = |text: &str| reader.warnings.push(format!("{}: {text}", file.display()));
        let no_signal = !schedule.noisiest().sigma().is_finite();
        if no_signal && !is_flow && self.prediction_type == PredictionType::Epsilon {
            warn(
                "the last timestep contains no signal, so a noise prediction cannot recover the image there; start \
                 below it, for example with leading spacing",
            );
        }
        if is_flow && self.sigma_family.is_some() {
            warn("the noise levels are spaced over σ = s/(1−s); diffusers spaces them over s");
        }
        Ok(())
    }
}
