//! The sampler that a configuration names, with its options.

use super::{AlgorithmType, PredictionType, SchedulerClass, SchedulerConfig, SolverType, VarianceType};
use crate::sampler::registry::Parameter;
use crate::sampler::{SamplerKind, Solver};

/// A configuration's sampler.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnSampler {
    /// The sampler with its options.
    pub solver: Solver,
    /// What of the configuration it does not do, a sentence each.
    pub notes: Vec<String>,
}

impl SchedulerConfig {
    /// The sampler that the configuration names. What this program does not have is said in a note.
    #[must_use]
    pub fn own_sampler(&self) -> OwnSampler {
        let solver = match self.class {
            SchedulerClass::Ddim | SchedulerClass::RePaint => SamplerKind::Ddim.into(),
            SchedulerClass::Ddpm | SchedulerClass::UnClip if self.learns_its_variance() => SamplerKind::Ddim.into(),
            SchedulerClass::Ddpm | SchedulerClass::UnClip => SamplerKind::Ddpm.into(),
            SchedulerClass::Pndm => self.pndm(),
            SchedulerClass::FlowMatchEuler if self.stochastic_sampling => SamplerKind::Lcm.into(),
            SchedulerClass::Euler | SchedulerClass::EdmEuler | SchedulerClass::FlowMatchEuler => {
                SamplerKind::Euler.into()
            }
            SchedulerClass::EulerAncestral => SamplerKind::EulerAncestral.into(),
            SchedulerClass::Lms => SamplerKind::Lms.into(),
            SchedulerClass::Heun | SchedulerClass::FlowMatchHeun => SamplerKind::Heun.into(),
            SchedulerClass::Kdpm2 => SamplerKind::Dpm2.into(),
            SchedulerClass::Kdpm2Ancestral => SamplerKind::Dpm2Ancestral.into(),
            SchedulerClass::DpmSolverSde => SamplerKind::DpmSolverPpSde.into(),
            SchedulerClass::DpmSolverMultistep | SchedulerClass::EdmDpmSolver => self.multistep(),
            SchedulerClass::SaSolver => self.sa_solver(),
            SchedulerClass::DpmSolverSinglestep => self.singlestep(),
            SchedulerClass::Deis => self.deis(),
            SchedulerClass::UniPc => self.unipc(),
            SchedulerClass::Lcm => {
                Solver::new(SamplerKind::Lcm).with(Parameter::TimestepScaling, self.timestep_scaling)
            }
            SchedulerClass::FlowMatchLcm => SamplerKind::Lcm.into(),
            SchedulerClass::Tcd => SamplerKind::Tcd.into(),
        };
        OwnSampler { solver, notes: self.not_done(solver) }
    }

    /// What the sampler leaves out, a sentence each.
    fn not_done(&self, solver: Solver) -> Vec<String> {
        let (class, title) = (self.class.name(), solver.title());
        let mut notes = Vec::new();
        match self.class {
            SchedulerClass::RePaint => {
                notes.push(format!(
                    "{class} fills in masked parts of an image, which runs here do not; {title} is used"
                ));
            }
            SchedulerClass::Ddpm | SchedulerClass::UnClip if self.learns_its_variance() => notes.push(format!(
                "Chromascope has no {class} with a learned variance, so {title} is used instead; choose a sampler to \
                 override this"
            )),
            _ => {}
        }
        if self.class == SchedulerClass::UniPc && !self.disable_corrector.is_empty() {
            notes.push(format!("\"disable_corrector\" of {class} is not supported, so every step is corrected"));
        }
        let sde = matches!(self.algorithm_type, AlgorithmType::SdeDpmSolverPlusPlus | AlgorithmType::SdeDpmSolver);
        let takes_sde = matches!(
            self.class,
            SchedulerClass::DpmSolverMultistep | SchedulerClass::DpmSolverSinglestep | SchedulerClass::EdmDpmSolver
        );
        let third = sde && takes_sde && self.solver_order == 3;
        if third && (self.class != SchedulerClass::DpmSolverSinglestep || self.solver_type == SolverType::Heun) {
            notes.push(format!(
                "third-order steps with added noise are those of k-diffusion; {class} has the wrong sign in one term"
            ));
        }
        notes
    }

    fn learns_its_variance(&self) -> bool {
        matches!(self.variance_type, VarianceType::Learned | VarianceType::LearnedRange)
    }

    fn pndm(&self) -> Solver {
        let kind = if self.skip_prk_steps { SamplerKind::Plms } else { SamplerKind::Pndm };
        let v = self.prediction_type == PredictionType::VPrediction;
        Solver::new(kind).with(Parameter::MultistepIn, f64::from(u8::from(v)))
    }

    fn is_heun(&self) -> bool {
        self.solver_type == SolverType::Heun
    }

    fn multistep(&self) -> Solver {
        let order = self.solver_order;
        let kind = match (self.algorithm_type, order, self.is_heun()) {
            (AlgorithmType::DpmSolver, 3, _) => SamplerKind::DpmSolver3M,
            (AlgorithmType::DpmSolver, ..) => SamplerKind::DpmSolver2M,
            (AlgorithmType::SdeDpmSolver, ..) => SamplerKind::DpmSolver2MSde,
            (AlgorithmType::SdeDpmSolverPlusPlus, 3, _) => SamplerKind::DpmSolverPp3MSde,
            (AlgorithmType::SdeDpmSolverPlusPlus, 2, true) => SamplerKind::DpmSolverPp2MSdeHeun,
            (AlgorithmType::SdeDpmSolverPlusPlus, ..) => SamplerKind::DpmSolverPp2MSde,
            (_, 1, _) => SamplerKind::DpmSolverPp1S,
            (_, 3, _) => SamplerKind::DpmSolverPp3M,
            (_, _, true) => SamplerKind::DpmSolverPp2MHeun,
            _ => SamplerKind::DpmSolverPp2M,
        };
        self.with_options(kind)
    }

    fn singlestep(&self) -> Solver {
        let kind = match (self.algorithm_type, self.solver_order) {
            (AlgorithmType::DpmSolver, _) => SamplerKind::DpmSolver2S,
            (AlgorithmType::SdeDpmSolver | AlgorithmType::SdeDpmSolverPlusPlus, _) => SamplerKind::DpmSolverPp2SSde,
            (_, 1) => SamplerKind::DpmSolverPp1S,
            (_, 3) => SamplerKind::DpmSolverPp3S,
            _ => SamplerKind::DpmSolverPp2S,
        };
        self.with_options(kind)
    }

    fn deis(&self) -> Solver {
        self.with_options(if self.solver_order == 3 { SamplerKind::Deis3M } else { SamplerKind::Deis })
    }

    fn sa_solver(&self) -> Solver {
        let of_data = self.algorithm_type != AlgorithmType::NoisePrediction;
        self.with_options(SamplerKind::SaSolver)
            .with(Parameter::PredictorOrder, self.predictor_order as f64)
            .with(Parameter::CorrectorOrder, self.corrector_order as f64)
            .with(Parameter::PredictX0, f64::from(u8::from(of_data)))
    }

    fn unipc(&self) -> Solver {
        let kind = match (self.solver_order, self.solver_type) {
            (2, SolverType::Bh1) => SamplerKind::UniPcBh1,
            (3, SolverType::Bh2) => SamplerKind::UniPc3,
            _ => SamplerKind::UniPc,
        };
        self.with_options(kind)
    }

    /// A kind of solver with those of the configuration's options that it has.
    fn with_options(&self, kind: SamplerKind) -> Solver {
        let switch = |on: bool| f64::from(u8::from(on));
        let solver_type = matches!(self.solver_type, SolverType::Heun | SolverType::Bh2);
        Solver::new(kind)
            .with(Parameter::SolverOrder, self.solver_order as f64)
            .with(Parameter::SolverType, switch(solver_type))
            .with(Parameter::LowerOrderFinal, switch(self.lower_order_final))
            .with(Parameter::EulerAtFinal, switch(self.euler_at_final))
            .with(Parameter::PredictX0, switch(self.predict_x0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn own(text: &str) -> OwnSampler {
        SchedulerConfig::parse(text, Path::new("scheduler_config.json")).unwrap().0.own_sampler()
    }

    /// Case 35: the options of a solver, which all ran as DPM-Solver++ 2M.
    #[test]
    fn options_of_a_solver_reach_the_sampler() {
        let multistep = |options: &str| {
            own(&format!(r#"{{"_class_name": "DPMSolverMultistepScheduler", {options}}}"#)).solver.to_string()
        };
        for (options, expected) in [
            (r#""solver_order": 2"#, "dpmpp-2m"),
            (r#""solver_order": 1"#, "dpmpp-1s"),
            (r#""solver_order": 3"#, "dpmpp-3m"),
            (r#""solver_type": "heun""#, "dpmpp-2m-heun"),
            (r#""solver_type": "heun", "solver_order": 3"#, "dpmpp-3m:solver_type=heun"),
            (r#""algorithm_type": "dpmsolver""#, "dpm-solver-2m"),
            (r#""algorithm_type": "dpmsolver", "solver_order": 3"#, "dpm-solver-3m"),
            (r#""algorithm_type": "sde-dpmsolver", "solver_type": "heun""#, "dpm-solver-2m-sde:solver_type=heun"),
            (r#""algorithm_type": "sde-dpmsolver++""#, "dpmpp-2m-sde:lower_order_final=true"),
            (
                r#""algorithm_type": "sde-dpmsolver++", "solver_order": 3, "lower_order_final": false"#,
                "dpmpp-3m-sde:solver_type=midpoint",
            ),
            (r#""lower_order_final": false"#, "dpmpp-2m:lower_order_final=false"),
            (r#""euler_at_final": true"#, "dpmpp-2m:euler_at_final=true"),
        ] {
            assert_eq!(multistep(options), expected, "{options}");
        }
        let unipc = own(r#"{"_class_name": "UniPCMultistepScheduler", "solver_order": 3, "solver_type": "bh1"}"#);
        assert_eq!(unipc.solver.to_string(), "unipc:solver_order=3,solver_type=bh1");
    }

    #[test]
    fn every_class_has_a_sampler_that_goes_by_its_name() {
        for (class, expected) in [
            ("DDIMScheduler", "ddim"),
            ("PNDMScheduler", "pndm"),
            ("EDMDPMSolverMultistepScheduler", "dpmpp-2m"),
            ("FlowMatchHeunDiscreteScheduler", "heun"),
            ("FlowMatchLCMScheduler", "lcm"),
            ("DPMSolverSinglestepScheduler", "dpmpp-2s"),
            ("DPMSolverSDEScheduler", "dpmpp-sde"),
            ("KDPM2AncestralDiscreteScheduler", "dpm-2-ancestral"),
            ("LCMScheduler", "lcm"),
            ("TCDScheduler", "tcd"),
            ("DEISMultistepScheduler", "deis"),
            ("SASolverScheduler", "sa-solver"),
        ] {
            let found = own(&format!(r#"{{"_class_name": "{class}"}}"#));
            assert_eq!((found.solver.to_string().as_str(), &found.notes), (expected, &Vec::new()), "{class}");
            assert_eq!(class.parse(), Ok(found.solver), "{class} as a name");
        }
        let skipped =
            own(r#"{"_class_name": "PNDMScheduler", "skip_prk_steps": true, "prediction_type": "v_prediction"}"#);
        assert_eq!(skipped.solver.to_string(), "plms:multistep_in=v");
    }

    #[test]
    fn what_is_left_out_is_said() {
        let learned = own(r#"{"_class_name": "DDPMScheduler", "variance_type": "learned_range"}"#);
        assert!(learned.notes[0].contains("learned variance, so DDIM is used"), "{:?}", learned.notes);
        let corrector = own(r#"{"_class_name": "UniPCMultistepScheduler", "disable_corrector": [0]}"#);
        assert!(corrector.notes[0].contains("\"disable_corrector\""), "{:?}", corrector.notes);
        let third = own(
            r#"{"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "sde-dpmsolver++", "solver_order": 3}"#,
        );
        assert!(third.notes[0].contains("wrong sign"), "{:?}", third.notes);
    }
}
