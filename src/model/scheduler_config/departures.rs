//! Where a run by a configuration departs from diffusers on purpose (docs/theory.md, section 4).

use super::{SchedulerClass, SchedulerConfig, VarianceType};
use crate::schedule::{BetaSchedule, Plan, PlanSource, STAND_IN_SIGMA_MAX, SigmaFamily, Spacing, SpacingConvention};
use crate::theory::NoiseLevel;
use crate::words::short;

/// How far from 1 the scale of x_T may be without a word.
const UNSEEN: f64 = 1e-4;

impl SchedulerConfig {
    /// What this run does otherwise than its class in diffusers, a sentence each. `plan` is the configuration's own.
    #[must_use]
    pub fn departures(&self, plan: &Plan) -> Vec<String> {
        let all = [
            self.off_the_list(plan),
            self.noise_at_the_end(plan),
            self.one_too_many(plan),
            self.start_above_stand_in(plan),
            self.start_at_two_timesteps(plan),
            self.cut_at_a_whole_timestep(plan),
            self.one_step(plan),
            self.start(plan),
        ];
        all.into_iter().flatten().collect()
    }

    /// DDIM and PNDM of diffusers step down by T/N, rounded down, whatever their timesteps are.
    fn off_the_list(&self, plan: &Plan) -> Option<String> {
        if !matches!(self.class, SchedulerClass::Ddim | SchedulerClass::Pndm) {
            return None;
        }
        let stride = (self.num_train_timesteps / plan.steps()) as f64;
        let next = |step: usize| plan.timesteps().get(step + 1).copied();
        let is_off = |(step, timestep): &(usize, &f64)| match next(*step) {
            Some(next) => **timestep - stride != next,
            None => **timestep - stride >= 0.0,
        };
        let (step, timestep) = plan.timesteps().iter().enumerate().find(is_off)?;
        let (class, from, to) = (self.class.name(), short(*timestep), short(timestep - stride));
        Some(match next(step) {
            Some(next) => format!(
                "{class} in diffusers steps from timestep {from} to {to}, although the next one is {}; here each step ends \
                 at the next one",
                short(next)
            ),
            None => format!("{class} in diffusers ends the run at timestep {to}; here the last step ends it"),
        })
    }

    /// DDPM of diffusers adds noise to the finished image unless the last timestep is 0.
    fn noise_at_the_end(&self, plan: &Plan) -> Option<String> {
        let is_large = matches!(self.variance_type, VarianceType::FixedLarge | VarianceType::FixedLargeLog);
        let is_late = plan.timesteps().last().is_some_and(|&timestep| timestep > 0.0);
        (self.class == SchedulerClass::Ddpm && is_large && is_late).then(|| {
            format!(
                "{} in diffusers adds noise after the last step, as \"variance_type\" is \"{}\"; here the image is left clean",
                self.class.name(),
                self.variance_type.name()
            )
        })
    }

    /// numpy's arange, by which diffusers spaces `trailing`, rounds to one value too many for some N.
    fn one_too_many(&self, plan: &Plan) -> Option<String> {
        let steps = plan.steps();
        let trained = self.num_train_timesteps as f64;
        let is_trailing = self.default_source() == PlanSource::Spacing(Spacing::Trailing);
        let values = (trained / (trained / steps as f64)).ceil();
        (is_trailing && values > steps as f64).then(|| {
            format!("diffusers makes one step more here, at timestep −1; {steps} were asked for, and {steps} are made")
        })
    }

    /// diffusers puts ᾱ = 2⁻²⁴ at the end of a schedule of zero terminal SNR, which may lie below the level before.
    fn start_above_stand_in(&self, plan: &Plan) -> Option<String> {
        let first = plan.levels()[0].sigma();
        (self.has_stand_in() && first > STAND_IN_SIGMA_MAX * (1.0 + 1e-6)).then(|| {
            format!(
                "{} in diffusers starts from σ = 4096, although the next timestep has more noise; here noise falls from σ = {first:.0} on",
                self.class.name()
            )
        })
    }

    /// The σ that the class puts at the end of its table is that of an earlier timestep too.
    fn start_at_two_timesteps(&self, plan: &Plan) -> Option<String> {
        let first = plan.levels()[0].sigma();
        let at_both = self.starts_below_its_table() && (first / STAND_IN_SIGMA_MAX - 1.0).abs() < 1e-6;
        (at_both && self.sigma_family.is_some()).then(|| {
            format!(
                "the table of {} in diffusers has σ = 4096 at two timesteps, and rounding decides which the network is fed \
                 first; here it is {}",
                self.class.name(),
                short(plan.timesteps()[0])
            )
        })
    }

    /// Fractions are cut off in single precision, which falls on either side of a whole timestep.
    fn cut_at_a_whole_timestep(&self, plan: &Plan) -> Option<String> {
        let cuts = matches!(
            self.class.convention(),
            SpacingConvention::DpmSolver | SpacingConvention::UniPc | SpacingConvention::Deis
        );
        let rounds = matches!(self.sigma_family?, SigmaFamily::Karras { .. } | SigmaFamily::Lu);
        if !cuts || self.is_flow() || (rounds && self.beta_schedule != BetaSchedule::SquaredcosCapV2) {
            return None;
        }
        let model = self.model_schedule().ok()?;
        let is_whole = |level: &NoiseLevel| {
            let timestep = model.timestep_of(*level);
            timestep > 0.5 && (timestep - timestep.round()).abs() < 2e-3
        };
        let step = plan.levels()[..plan.steps()].iter().position(is_whole)?;
        let fed = plan.timesteps()[step];
        Some(format!(
            "{} in diffusers cuts fractions off timesteps in single precision and may feed {} at step {step}; here it is {}",
            self.class.name(),
            short(fed - 1.0),
            short(fed)
        ))
    }

    /// One step of EDM's exponential schedule starts at its end in diffusers.
    fn one_step(&self, plan: &Plan) -> Option<String> {
        let is_one = plan.steps() == 1 && self.class.is_edm() && self.sigma_family == Some(SigmaFamily::Exponential);
        is_one.then(|| {
            format!(
                "{} in diffusers starts a run of one step from sigma_min; here it starts from sigma_max",
                self.class.name()
            )
        })
    }

    /// The variance that diffusers gives x_T.
    fn start(&self, plan: &Plan) -> Option<String> {
        let first = plan.levels()[0];
        let scale = match self.class {
            SchedulerClass::Euler
            | SchedulerClass::EulerAncestral
            | SchedulerClass::Lms
            | SchedulerClass::Heun
            | SchedulerClass::Kdpm2
            | SchedulerClass::Kdpm2Ancestral
            | SchedulerClass::DpmSolverSde
                if self.timestep_spacing != Spacing::Leading =>
            {
                first.sqrt_one_minus_alpha_bar()
            }
            _ if self.use_flow_sigmas => {
                let s = first.flow_time();
                (1.0 - s).hypot(s).recip()
            }
            _ => 1.0,
        };
        ((scale - 1.0).abs() > UNSEEN).then(|| {
            format!(
                "the run starts with noise of standard deviation 1; {} in diffusers starts with {}",
                self.class.name(),
                short(scale)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn departures(text: &str, steps: usize) -> Vec<String> {
        let config = SchedulerConfig::parse(text, Path::new("scheduler_config.json")).unwrap().0;
        let plan = config.plan_request(steps, config.class.convention()).plan(&config.model_schedule().unwrap());
        config.departures(&plan.unwrap())
    }

    #[test]
    fn only_what_differs_is_said() {
        let ddim = r#"{"_class_name": "DDIMScheduler", "timestep_spacing": "SPACING"}"#;
        assert_eq!(departures(&ddim.replace("SPACING", "leading"), 10), Vec::<String>::new());
        assert_eq!(departures(&ddim.replace("SPACING", "trailing"), 10), Vec::<String>::new());
        let off = departures(&ddim.replace("SPACING", "linspace"), 10);
        assert_eq!(
            off,
            [
                "DDIMScheduler in diffusers steps from timestep 999 to 899, although the next one is 888; here each step ends at \
              the next one"
            ]
        );
        let end = departures(r#"{"_class_name": "DDIMScheduler", "steps_offset": 5, "num_train_timesteps": 53}"#, 10);
        assert_eq!(end, ["DDIMScheduler in diffusers ends the run at timestep 0; here the last step ends it"]);

        let ddpm = r#"{"_class_name": "DDPMScheduler", "variance_type": "fixed_large", "timestep_spacing": "SPACING"}"#;
        assert_eq!(departures(&ddpm.replace("SPACING", "leading"), 10), Vec::<String>::new());
        assert!(departures(&ddpm.replace("SPACING", "trailing"), 10)[0].contains("\"fixed_large\""));

        let many = departures(r#"{"_class_name": "DDPMScheduler", "timestep_spacing": "trailing"}"#, 61);
        assert!(many[0].contains("61 were asked for, and 61 are made"), "{many:?}");

        let euler = r#"{"_class_name": "EulerDiscreteScheduler", "beta_start": 0.00085, "beta_end": 0.012,
            "beta_schedule": "scaled_linear", "timestep_spacing": "SPACING"}"#;
        assert_eq!(departures(&euler.replace("SPACING", "leading"), 10), Vec::<String>::new());
        let start = departures(&euler.replace("SPACING", "trailing"), 10);
        assert!(start[0].contains("starts with 0.99767"), "{start:?}");

        let steep = r#"{"_class_name": "UniPCMultistepScheduler", "beta_schedule": "linear", "FAMILY": true,
            "rescale_betas_zero_snr": true, "prediction_type": "v_prediction"}"#;
        let two = departures(&steep.replace("FAMILY", "use_karras_sigmas"), 10);
        assert!(two[0].contains("at two timesteps") && two[0].ends_with("here it is 995"), "{two:?}");
        let cut = r#"{"_class_name": "DPMSolverMultistepScheduler", "FAMILY": true}"#;
        let ends = departures(&cut.replace("FAMILY", "use_exponential_sigmas"), 20);
        assert!(ends[0].ends_with("may feed 998 at step 0; here it is 999"), "{ends:?}");
        assert_eq!(departures(&cut.replace("FAMILY", "use_karras_sigmas"), 20), Vec::<String>::new());
    }
}
