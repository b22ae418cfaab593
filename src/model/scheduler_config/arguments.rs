//! A configuration as arguments of its class in diffusers.

use super::{Clipping, SchedulerClass as Class, SchedulerConfig};
use crate::schedule::SigmaFamily;
use serde_json::{Map, Value, json};

impl SchedulerConfig {
    /// The options that are not as the class has them by itself, beyond those of the training (β, T and the prediction).
    #[must_use]
    pub fn options(&self) -> Map<String, Value> {
        let usual = Self::defaults(self.class, "");
        let (own, usual) = (self.all_options(), usual.all_options());
        let changed = own.into_iter().zip(usual).filter(|((key, own), (_, usual))| own != usual && self.accepts(key));
        changed.map(|((key, value), _)| (key.to_owned(), value)).collect()
    }

    /// The options in words, with what is done to estimated images and DDPM's noise even where that is the class's own:
    /// "clip_sample true, timestep_spacing trailing". Empty where there are none.
    #[must_use]
    pub fn options_in_words(&self) -> String {
        let mut options = self.options();
        let always = |key: &str| {
            key == "clip_sample" && self.clipping != Clipping::None && !options.contains_key("thresholding")
        };
        let of_noise = |key: &str| key == "variance_type" && self.class == Class::Ddpm;
        let all = self.all_options().into_iter();
        let more: Vec<_> = all.filter(|(key, _)| self.accepts(key) && (always(key) || of_noise(key))).collect();
        options.extend(more.into_iter().map(|(key, value)| (key.to_owned(), value)));
        let words = |(key, value): (&String, &Value)| match value {
            Value::String(text) => format!("{key} {text}"),
            other => format!("{key} {other}"),
        };
        options.iter().map(words).collect::<Vec<_>>().join(", ")
    }

    /// Whether the constructor of the class has this option.
    fn accepts(&self, key: &str) -> bool {
        let integers = matches!(self.class, Class::Ddim | Class::Lcm | Class::Tcd);
        match key {
            "sigma_min" | "sigma_max" => matches!(self.class, Class::Euler | Class::UniPc),
            "clip_sample" | "clip_sample_range" => integers || matches!(self.class, Class::Ddpm | Class::Heun),
            "set_alpha_to_one" => integers || self.class == Class::Pndm,
            "sample_max_value" => self.class.takes("thresholding"),
            "stochastic_sampling" => self.class == Class::FlowMatchEuler,
            _ => self.class.takes(key),
        }
    }

    fn all_options(&self) -> Vec<(&'static str, Value)> {
        let family = |is: fn(SigmaFamily) -> bool| json!(self.sigma_family.is_some_and(is));
        let (clip, range) = match self.clipping {
            Clipping::Clip { range } => (true, range),
            _ => (false, 1.0),
        };
        let (threshold, ratio, most) = match self.clipping {
            Clipping::Threshold { ratio, max_value } => (true, ratio, max_value),
            _ => (false, 0.995, 1.0),
        };
        vec![
            ("timestep_spacing", json!(self.timestep_spacing.name())),
            ("steps_offset", json!(self.steps_offset)),
            ("rescale_betas_zero_snr", json!(self.rescale_betas_zero_snr)),
            ("timestep_type", json!(self.timestep_type.name())),
            ("interpolation_type", json!(self.interpolation_type.name())),
            ("use_karras_sigmas", family(|is| matches!(is, SigmaFamily::Karras { .. }))),
            ("use_exponential_sigmas", family(|is| is == SigmaFamily::Exponential)),
            ("use_beta_sigmas", family(|is| matches!(is, SigmaFamily::Beta { .. }))),
            ("use_lu_lambdas", family(|is| is == SigmaFamily::Lu)),
            ("sigma_min", json!(self.sigma_min)),
            ("sigma_max", json!(self.sigma_max)),
            ("final_sigmas_type", json!(self.final_sigmas_type.name())),
            ("set_alpha_to_one", json!(self.set_alpha_to_one)),
            ("lambda_min_clipped", json!(self.lambda_min_clipped)),
            ("clip_sample", json!(clip)),
            ("clip_sample_range", json!(range)),
            ("thresholding", json!(threshold)),
            ("dynamic_thresholding_ratio", json!(ratio)),
            ("sample_max_value", json!(most)),
            ("variance_type", json!(self.variance_type.name())),
            ("solver_order", json!(self.solver_order)),
            ("algorithm_type", json!(self.algorithm_type.name())),
            ("solver_type", json!(self.solver_type.name())),
            ("lower_order_final", json!(self.lower_order_final)),
            ("euler_at_final", json!(self.euler_at_final)),
            ("predict_x0", json!(self.predict_x0)),
            ("disable_corrector", json!(self.disable_corrector)),
            ("predictor_order", json!(self.predictor_order)),
            ("corrector_order", json!(self.corrector_order)),
            ("skip_prk_steps", json!(self.skip_prk_steps)),
            ("original_inference_steps", json!(self.original_inference_steps)),
            ("timestep_scaling", json!(self.timestep_scaling)),
            ("use_flow_sigmas", json!(self.use_flow_sigmas)),
            (if self.use_flow_sigmas { "flow_shift" } else { "shift" }, json!(self.shift)),
            ("use_dynamic_shifting", json!(self.use_dynamic_shifting)),
            ("time_shift_type", json!(self.time_shift_type.name())),
            ("shift_terminal", json!(self.shift_terminal)),
            ("invert_sigmas", json!(self.invert_sigmas)),
            ("stochastic_sampling", json!(self.stochastic_sampling)),
        ]
    }

    /// Whether the class can be made in diffusers and stepped like any other.
    #[must_use]
    pub fn runs_in_diffusers(&self) -> bool {
        let other_steps = matches!(self.class, Class::RePaint | Class::UnClip) || self.class_name.contains("Inverse");
        !other_steps && Class::from_name(&self.class_name).is_some()
    }
}
