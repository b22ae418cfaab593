use super::options::Named;
use super::reader::{Reader, as_number};
use super::{
    AlgorithmType, Clipping, FinalSigmas, PredictionType, SchedulerClass, SchedulerConfig, SchedulerConfigError,
    SolverType,
};
use crate::reading;
use crate::schedule::{BetaSchedule, MAX_TRAIN_TIMESTEPS, ModelSchedule, SigmaFamily, Spacing};
use serde_json::{Value, json};
use std::path::Path;

/// Keys that steer only what the user chooses here, or what no run does.
const WITHOUT_EFFECT: [&str; 2] = ["noise_sampler_seed", "upscale_mode"];

const SHIFT: &str = "a number from 0.001 to 1000";
const POSITIVE: &str = "a number above 0";

fn is_positive(number: f64) -> bool {
    number > 0.0 && number.is_finite()
}

impl SchedulerConfig {
    /// Reads a file as [`parse`](Self::parse) does its text.
    pub fn read(file: &Path) -> Result<(Self, Vec<String>), SchedulerConfigError> {
        let text = reading::text(file).map_err(|why| SchedulerConfigError::Unread { file: file.to_owned(), why })?;
        Self::parse(&text, file)
    }

    /// Reads a configuration, and returns it with its warnings.
    ///
    /// An absent key has its class's default. So has null, except that it is false for a flag, as in Python. Keys that
    /// begin with `_` are dropped, but for `_class_name`. Every other key that is not acted on although it would change
    /// numbers is named in a warning: one that the class does not have, as diffusers ignores it too; one that this
    /// program does not support; and one that is unknown.
    ///
    /// An unknown class is run as rectified flow if its name or its keys say so, else as DDIM, with a warning. Without any
    /// key that describes a schedule it is refused, as are classes known to work in another way. `file` only serves the messages.
    pub fn parse(text: &str, file: &Path) -> Result<(Self, Vec<String>), SchedulerConfigError> {
        let mut reader = Reader::new(text, file)?;
        let class_name = reader.take("_class_name", "the name of a scheduler class of diffusers", |value| {
            value.as_str().map(str::to_owned)
        })?;
        let class_name = class_name.unwrap_or_default();
        if SchedulerClass::is_refused(&class_name) {
            return Err(SchedulerConfigError::UnsupportedClass { file: file.to_owned(), class: class_name });
        }
        let mut config = match SchedulerClass::from_name(&class_name) {
            Some(class) => Self::defaults(class, &class_name),
            None if !SchedulerClass::is_scheduler(&class_name, |key| reader.has(key)) => {
                let found = if class_name.is_empty() {
                    "it names no class".to_owned()
                } else {
                    format!("\"{class_name}\" is no known scheduler class")
                };
                return Err(SchedulerConfigError::NoScheduler { file: file.to_owned(), found });
            }
            None => Self::of_unknown_class(&class_name, &mut reader),
        };
        if SchedulerClass::from_name(&class_name).is_some() {
            config.leave_foreign_options(&mut reader);
            config.say_what_the_name_adds(&mut reader);
        }
        config.read_training(&mut reader)?;
        config.read_spacing(&mut reader)?;
        config.read_families(&mut reader, file)?;
        config.read_clipping(&mut reader)?;
        config.read_solver(&mut reader)?;
        config.read_edm(&mut reader)?;
        config.read_flow(&mut reader)?;
        config.say_what_is_not_applied(&mut reader);
        config.check(&mut reader, file)?;
        Ok((config, reader.finish(&WITHOUT_EFFECT, SchedulerClass::any_takes)))
    }

    fn of_unknown_class(class_name: &str, reader: &mut Reader<'_>) -> Self {
        let class = SchedulerClass::standing_in(class_name, |key| reader.has(key));
        let what = if class_name.is_empty() {
            "\"_class_name\" is missing".to_owned()
        } else {
            format!("the scheduler class \"{class_name}\" is unknown")
        };
        let instead = if class.is_flow_match() {
            format!("it is run as rectified flow, with the defaults of {}", class.name())
        } else {
            format!("using the defaults of {}", class.name())
        };
        reader.warn(&format!("{what}; {instead}"));
        Self::defaults(class, class_name)
    }

    /// Leaves out the options that shape a run and that the class does not have. diffusers ignores them too.
    fn leave_foreign_options(&self, reader: &mut Reader<'_>) {
        let off = json!(false);
        let (zero, one) = (json!(0), json!(1));
        let [spacing, ends] = [json!(self.timestep_spacing.name()), json!(self.final_sigmas_type.name())];
        let (linear, discrete) = (json!("linear"), json!("discrete"));
        for (key, neutral) in [
            ("rescale_betas_zero_snr", &off),
            ("use_karras_sigmas", &off),
            ("use_exponential_sigmas", &off),
            ("use_beta_sigmas", &off),
            ("use_lu_lambdas", &off),
            ("use_flow_sigmas", &off),
            ("use_dynamic_shifting", &off),
            ("invert_sigmas", &off),
            ("stochastic_sampling", &off),
            ("thresholding", &off),
            ("timestep_spacing", &spacing),
            ("steps_offset", &zero),
            ("final_sigmas_type", &ends),
            ("interpolation_type", &linear),
            ("timestep_type", &discrete),
            ("lambda_min_clipped", &Value::Null),
            ("shift_terminal", &Value::Null),
            ("sigma_min", &Value::Null),
            ("sigma_max", &Value::Null),
            ("shift", &one),
            ("flow_shift", &one),
        ] {
            if !self.class.takes(key) {
                reader.leave_foreign(key, neutral, &self.class_name);
            }
        }
    }

    /// What a class by this name does in diffusers that a run here does not.
    fn say_what_the_name_adds(&self, reader: &mut Reader<'_>) {
        if self.class_name.contains("Inverse") {
            reader.warn(&format!(
                "{} goes from an image to noise; a run here goes from noise to an image, as {} does",
                self.class_name,
                self.class.name()
            ));
        }
        if self.class == SchedulerClass::RePaint {
            reader.warn(
                "RePaintScheduler fills in part of an image; a run here makes a whole one, without its jumps back",
            );
        }
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
        self.prediction_type = reader.named("prediction_type", self.prediction_type)?;
        self.timestep_type = reader.named("timestep_type", self.timestep_type)?;
        Ok(())
    }

    fn read_spacing(&mut self, reader: &mut Reader<'_>) -> Result<(), SchedulerConfigError> {
        let names = Spacing::ALL.map(|spacing| (spacing.name(), spacing));
        self.timestep_spacing = reader.one_of("timestep_spacing", &names)?.unwrap_or(self.timestep_spacing);
        let timesteps = self.num_train_timesteps;
        self.steps_offset = reader
            .count("steps_offset", "a whole number from 0, below num_train_timesteps", |o| o < timesteps)?
            .unwrap_or(0);
        self.set_alpha_to_one = reader.flag("set_alpha_to_one", self.set_alpha_to_one)?;
        self.final_sigmas_type = reader.named("final_sigmas_type", self.final_sigmas_type)?;
        self.interpolation_type = reader.named("interpolation_type", self.interpolation_type)?;
        self.lambda_min_clipped = reader
            .take("lambda_min_clipped", "a number, or -Infinity", as_number)?
            .filter(|lambda| *lambda > f64::NEG_INFINITY);
        let usual = self.original_inference_steps.min(timesteps);
        self.original_inference_steps = reader
            .count("original_inference_steps", "a whole number from 1 to num_train_timesteps", |steps| {
                (1..=timesteps).contains(&steps)
            })?
            .unwrap_or(usual);
        self.skip_prk_steps = reader.flag("skip_prk_steps", false)?;
        Ok(())
    }

    fn read_families(&mut self, reader: &mut Reader<'_>, file: &Path) -> Result<(), SchedulerConfigError> {
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
        self.use_flow_sigmas = reader.flag("use_flow_sigmas", false)?;
        let converts = self.class == SchedulerClass::UniPc && chosen == Some("use_karras_sigmas");
        if let Some(first) = chosen.filter(|_| self.use_flow_sigmas && !converts) {
            // diffusers would take the σ of a β table for flow times.
            return Err(SchedulerConfigError::Conflict { file: file.to_owned(), first, second: "use_flow_sigmas" });
        }
        for (key, value) in [("sigma_min", &mut self.sigma_min), ("sigma_max", &mut self.sigma_max)] {
            *value = reader.number(key, POSITIVE, is_positive)?.or(*value);
        }
        let fixed_range = matches!(self.class, SchedulerClass::Lms | SchedulerClass::DpmSolverSde);
        if fixed_range && chosen == Some("use_karras_sigmas") {
            for (key, value) in [("sigma_min", &mut self.sigma_min), ("sigma_max", &mut self.sigma_max)] {
                if let Some(value) = value.take() {
                    let class = &self.class_name;
                    reader.warn(&format!(
                        "\"{key}\" = {value} is not used with use_karras_sigmas by {class}, as in diffusers"
                    ));
                }
            }
        }
        if let (Some(sigma_min), Some(sigma_max)) = (self.sigma_min, self.sigma_max)
            && sigma_max <= sigma_min
        {
            let expected = format!("a number above sigma_min = {sigma_min}");
            return Err(reader.error("sigma_max", sigma_max.to_string(), expected));
        }
        Ok(())
    }

    fn read_clipping(&mut self, reader: &mut Reader<'_>) -> Result<(), SchedulerConfigError> {
        let clip = reader.flag("clip_sample", self.class.facts().clip_sample)?;
        let range = reader.number("clip_sample_range", POSITIVE, is_positive)?.unwrap_or(1.0);
        // diffusers' TCD reads it and does not act on it.
        let threshold = reader.flag("thresholding", false)? && self.class != SchedulerClass::Tcd;
        let ratio = reader
            .number("dynamic_thresholding_ratio", "a number above 0, at most 1", |r| r > 0.0 && r <= 1.0)?
            .unwrap_or(0.995);
        let max_value = reader.number("sample_max_value", POSITIVE, is_positive)?.unwrap_or(1.0);
        self.clipping = match (threshold, clip) {
            (true, _) => Clipping::Threshold { ratio, max_value },
            (false, true) => Clipping::Clip { range },
            (false, false) => Clipping::None,
        };
        self.variance_type = reader.named("variance_type", self.variance_type)?;
        self.eta = reader.number("eta", "a number from 0 to 1", |eta| (0.0..=1.0).contains(&eta))?.unwrap_or(self.eta);
        Ok(())
    }

    fn read_solver(&mut self, reader: &mut Reader<'_>) -> Result<(), SchedulerConfigError> {
        for (key, order) in [
            ("solver_order", &mut self.solver_order),
            ("predictor_order", &mut self.predictor_order),
            ("corrector_order", &mut self.corrector_order),
        ] {
            *order = reader.count(key, "1, 2 or 3", |order| (1..=3).contains(&order))?.unwrap_or(*order);
        }
        for (key, flag) in [
            ("lower_order_final", &mut self.lower_order_final),
            ("euler_at_final", &mut self.euler_at_final),
            ("predict_x0", &mut self.predict_x0),
        ] {
            *flag = reader.flag(key, *flag)?;
        }
        self.timestep_scaling =
            reader.number("timestep_scaling", POSITIVE, is_positive)?.unwrap_or(self.timestep_scaling);
        let steps = reader.take("disable_corrector", "a list of steps, from 0", |value| {
            value.as_array()?.iter().map(|step| step.as_u64()?.try_into().ok()).collect::<Option<Vec<usize>>>()
        })?;
        self.disable_corrector = steps.unwrap_or_default();
        self.read_algorithm(reader)
    }

    /// diffusers takes the names of one solver's variants for another's own, since configurations are handed from class
    /// to class; a name that no solver has is an error there as here.
    fn read_algorithm(&mut self, reader: &mut Reader<'_>) -> Result<(), SchedulerConfigError> {
        use AlgorithmType as A;
        let algorithm: A = reader.named("algorithm_type", self.algorithm_type)?;
        let allowed: &[A] = match self.class {
            SchedulerClass::DpmSolverSinglestep => &[A::DpmSolver, A::DpmSolverPlusPlus, A::SdeDpmSolverPlusPlus],
            SchedulerClass::EdmDpmSolver => &[A::DpmSolverPlusPlus, A::SdeDpmSolverPlusPlus],
            SchedulerClass::SaSolver => &[A::DataPrediction, A::NoisePrediction],
            SchedulerClass::Deis => &[A::Deis],
            _ => &[A::DpmSolver, A::DpmSolverPlusPlus, A::SdeDpmSolver, A::SdeDpmSolverPlusPlus],
        };
        let stands_for_own = match self.class {
            SchedulerClass::Deis => matches!(algorithm, A::DpmSolver | A::DpmSolverPlusPlus),
            SchedulerClass::SaSolver => false,
            _ => algorithm == A::Deis,
        };
        if allowed.contains(&algorithm) {
            self.algorithm_type = algorithm;
        } else if self.class.takes("algorithm_type") && !stands_for_own {
            let names: Vec<String> = allowed.iter().map(|name| format!("\"{}\"", name.name())).collect();
            let expected = format!("one of {} for {}", names.join(", "), self.class_name);
            return Err(reader.error("algorithm_type", format!("\"{}\"", algorithm.name()), expected));
        }
        let solver: SolverType = reader.named("solver_type", self.solver_type)?;
        let is_own = match self.class {
            SchedulerClass::UniPc => matches!(solver, SolverType::Bh1 | SolverType::Bh2),
            SchedulerClass::Deis => solver == SolverType::LogRho,
            _ => matches!(solver, SolverType::Midpoint | SolverType::Heun),
        };
        if is_own {
            self.solver_type = solver;
        }
        let noise = matches!(self.algorithm_type, A::DpmSolver | A::SdeDpmSolver);
        if noise && self.final_sigmas_type == FinalSigmas::Zero && self.class.takes("algorithm_type") {
            self.final_sigmas_type = FinalSigmas::SigmaMin;
            reader.warn(&format!(
                "\"algorithm_type\" = \"{}\" cannot end at the clean image; the run ends at the lowest trained noise level, as \
                 with \"final_sigmas_type\" = \"sigma_min\"",
                self.algorithm_type.name()
            ));
        }
        Ok(())
    }

    fn read_edm(&mut self, reader: &mut Reader<'_>) -> Result<(), SchedulerConfigError> {
        let sigma_data = reader.number("sigma_data", POSITIVE, is_positive)?;
        let rho = reader.number("rho", "a number from 0.1 to 100", |rho| (0.1..=100.0).contains(&rho))?.unwrap_or(7.0);
        let names = [("karras", SigmaFamily::Karras { rho }), ("exponential", SigmaFamily::Exponential)];
        let family = reader.one_of("sigma_schedule", &names)?.unwrap_or(names[0].1);
        if self.class.is_edm() {
            self.sigma_data = sigma_data.unwrap_or(self.sigma_data);
            self.sigma_family = Some(family);
        }
        Ok(())
    }

    fn read_flow(&mut self, reader: &mut Reader<'_>) -> Result<(), SchedulerConfigError> {
        for key in ["shift", "flow_shift"] {
            self.shift = reader.number(key, SHIFT, |shift| (0.001..=1000.0).contains(&shift))?.unwrap_or(self.shift);
        }
        self.use_dynamic_shifting = reader.flag("use_dynamic_shifting", false)?;
        self.time_shift_type = reader.named("time_shift_type", self.time_shift_type)?;
        for (key, shift) in [("base_shift", &mut self.base_shift), ("max_shift", &mut self.max_shift)] {
            *shift = reader.number(key, "a number from −7 to 7", |mu| mu.abs() <= 7.0)?.unwrap_or(*shift);
        }
        for (key, length) in
            [("base_image_seq_len", &mut self.base_image_seq_len), ("max_image_seq_len", &mut self.max_image_seq_len)]
        {
            *length = reader.count(key, "a whole number from 1", |length| length > 0)?.unwrap_or(*length);
        }
        if self.max_image_seq_len == self.base_image_seq_len {
            let expected = format!("another number than base_image_seq_len = {}", self.base_image_seq_len);
            return Err(reader.error("max_image_seq_len", self.max_image_seq_len.to_string(), expected));
        }
        // 0 and false leave times as they are, as null does.
        self.shift_terminal = reader
            .take("shift_terminal", "a number from 0, below 1", |value| {
                let terminal = if value == false { 0.0 } else { value.as_f64()? };
                (0.0..1.0).contains(&terminal).then_some(terminal)
            })?
            .filter(|terminal| *terminal > 0.0);
        self.invert_sigmas = reader.flag("invert_sigmas", false)?;
        self.stochastic_sampling = reader.flag("stochastic_sampling", false)?;
        Ok(())
    }

    fn say_what_is_not_applied(&self, reader: &mut Reader<'_>) {
        if self.invert_sigmas {
            reader.not_supported("invert_sigmas", &json!(true));
        }
        if self.class == SchedulerClass::RePaint && self.eta != 0.0 {
            reader.not_supported("eta", &json!(self.eta));
        }
        for key in ["scale_factors", "tau_func", "solver_p"] {
            reader.not_applied(key);
        }
    }

    /// What no single key can tell.
    fn check(&self, reader: &mut Reader<'_>, file: &Path) -> Result<(), SchedulerConfigError> {
        let prediction = format!("\"{}\"", self.prediction_type.name());
        if self.class.is_edm() && self.prediction_type != PredictionType::Epsilon {
            let expected = "\"epsilon\", the only prediction supported for EDM models";
            return Err(reader.error("prediction_type", prediction, expected));
        }
        let by_flow_sigmas = self.class.takes("use_flow_sigmas");
        if self.use_flow_sigmas && self.prediction_type == PredictionType::VPrediction {
            let expected = "\"flow_prediction\", \"epsilon\" or \"sample\" where use_flow_sigmas is true";
            return Err(reader.error("prediction_type", prediction, expected));
        }
        if self.prediction_type == PredictionType::FlowPrediction
            && !self.use_flow_sigmas
            && !self.class.is_flow_match()
        {
            reader.warn(if by_flow_sigmas {
                "\"prediction_type\" is \"flow_prediction\", so \"use_flow_sigmas\" is taken as true"
            } else {
                "\"prediction_type\" is \"flow_prediction\", which the class does not have; the model is run as rectified flow"
            });
        }
        let schedule =
            self.model_schedule().map_err(|source| SchedulerConfigError::Schedule { file: file.to_owned(), source })?;
        let is_flow = matches!(schedule, ModelSchedule::Flow { .. });
        let no_signal = !schedule.noisiest().sigma().is_finite();
        if no_signal && !is_flow && self.prediction_type == PredictionType::Epsilon {
            reader.warn(
                "the last timestep contains no signal, so a noise prediction cannot recover the image there; start \
                 below it, for example with leading spacing",
            );
        }
        Ok(())
    }
}

impl Reader<'_> {
    fn named<T: Named>(&mut self, key: &str, default: T) -> Result<T, SchedulerConfigError> {
        Ok(self.one_of(key, T::NAMES)?.unwrap_or(default))
    }
}
