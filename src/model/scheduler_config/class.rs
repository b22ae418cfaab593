//! The one table of diffusers' scheduler classes. Everything that differs between them is a column of [`CLASSES`].

use super::options::{AlgorithmType, FinalSigmas, SolverType, VarianceType};
use crate::schedule::{BetaSchedule, Spacing, SpacingConvention, TerminalSnr};
use serde::Serialize;

/// The scheduler classes of diffusers that this program knows. Each has its row in the table of classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // `CLASSES` names each
pub enum SchedulerClass {
    Ddim,
    Ddpm,
    RePaint,
    Pndm,
    Euler,
    EulerAncestral,
    Lms,
    Heun,
    Kdpm2,
    Kdpm2Ancestral,
    DpmSolverSde,
    DpmSolverMultistep,
    DpmSolverSinglestep,
    Deis,
    SaSolver,
    UniPc,
    Lcm,
    Tcd,
    UnClip,
    EdmEuler,
    EdmDpmSolver,
    FlowMatchEuler,
    FlowMatchHeun,
    FlowMatchLcm,
}

/// The sampler of this program that is closest to a scheduler class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NearestSampler {
    /// Ancestral sampling (Ho et al. 2020).
    Ddpm,
    /// Song et al. 2021.
    Ddim,
    /// Euler steps in σ.
    Euler,
    /// Euler steps with injected noise.
    EulerAncestral,
    /// Heun steps in σ (Karras et al. 2022).
    Heun,
    /// DPM-Solver++ 2M (Lu et al. 2022).
    DpmSolverPlusPlus2M,
}

/// Which kind of model a class samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ModelKind {
    /// A table of β, or flow where `use_flow_sigmas` says so.
    Table,
    /// EDM.
    Edm,
    /// Rectified flow.
    Flow,
}

/// What a class is: its names, its options, and its values where a file has none.
pub(super) struct ClassFacts {
    class: SchedulerClass,
    /// `_class_name`; the first is the usual one.
    names: &'static [&'static str],
    /// The options of its constructor beyond [`COMMON`].
    options: &'static [&'static [&'static str]],
    pub(super) kind: ModelKind,
    /// `beta_schedule`, `beta_start`, `beta_end`.
    pub(super) betas: (BetaSchedule, f64, f64),
    pub(super) spacing: Spacing,
    pub(super) convention: SpacingConvention,
    pub(super) clip_sample: bool,
    pub(super) set_alpha_to_one: bool,
    pub(super) final_sigmas: FinalSigmas,
    /// What `rescale_betas_zero_snr` puts at the last timestep.
    pub(super) terminal: TerminalSnr,
    pub(super) variance: VarianceType,
    pub(super) algorithm: AlgorithmType,
    pub(super) solver: SolverType,
    pub(super) lower_order_final: bool,
    nearest: NearestSampler,
}

/// Options that every class reads here, whatever its constructor takes.
const COMMON: [&str; 6] = [
    "num_train_timesteps",
    "prediction_type",
    "clip_sample",
    "clip_sample_range",
    "sample_max_value",
    "set_alpha_to_one",
];
const BETAS: &[&str] = &["beta_start", "beta_end", "beta_schedule", "trained_betas"];
const SPACED: &[&str] = &["timestep_spacing", "steps_offset"];
const ZERO_SNR: &[&str] = &["rescale_betas_zero_snr"];
const THRESHOLD: &[&str] = &["thresholding", "dynamic_thresholding_ratio"];
/// `sigma_min` and `sigma_max` are honoured by every class with families, also where its constructor has no such option.
const FAMILIES: &[&str] = &["use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "sigma_min", "sigma_max"];
const FINAL: &[&str] = &["final_sigmas_type"];
const SOLVER: &[&str] = &["solver_order", "solver_type", "algorithm_type", "lower_order_final"];
const FLOW_SIGMAS: &[&str] = &["use_flow_sigmas", "flow_shift"];
/// The lengths are read by diffusers' pipelines, which pass μ to the class.
const DYNAMIC: &[&str] =
    &["use_dynamic_shifting", "time_shift_type", "base_shift", "max_shift", "base_image_seq_len", "max_image_seq_len"];
const LAMBDA: &[&str] = &["lambda_min_clipped", "variance_type"];
const EDM: &[&str] = &["sigma_min", "sigma_max", "sigma_data", "sigma_schedule", "rho", "final_sigmas_type"];
const FLOW_MATCH: &[&str] = &["shift", "shift_terminal", "invert_sigmas"];

const PLAIN: ClassFacts = ClassFacts {
    class: SchedulerClass::Ddim,
    names: &[],
    options: &[],
    kind: ModelKind::Table,
    betas: (BetaSchedule::Linear, 0.0001, 0.02),
    spacing: Spacing::Linspace,
    convention: SpacingConvention::Euler,
    clip_sample: false,
    set_alpha_to_one: true,
    final_sigmas: FinalSigmas::Zero,
    terminal: TerminalSnr::Zero,
    variance: VarianceType::FixedSmall,
    algorithm: AlgorithmType::DpmSolverPlusPlus,
    solver: SolverType::Midpoint,
    lower_order_final: true,
    nearest: NearestSampler::Ddim,
};
const INTEGERS: ClassFacts = ClassFacts { spacing: Spacing::Leading, convention: SpacingConvention::Ddim, ..PLAIN };
const CONSISTENCY: ClassFacts = ClassFacts {
    options: &[BETAS, SPACED, ZERO_SNR, THRESHOLD, &["original_inference_steps", "timestep_scaling"]],
    betas: (BetaSchedule::ScaledLinear, 0.000_85, 0.012),
    ..INTEGERS
};
const SECOND_ORDER: ClassFacts = ClassFacts {
    options: &[BETAS, SPACED, FAMILIES],
    betas: (BetaSchedule::Linear, 0.000_85, 0.012),
    nearest: NearestSampler::Heun,
    ..PLAIN
};
const SOLVERS: ClassFacts =
    ClassFacts { convention: SpacingConvention::DpmSolver, nearest: NearestSampler::DpmSolverPlusPlus2M, ..PLAIN };
const FLOWS: ClassFacts = ClassFacts { kind: ModelKind::Flow, nearest: NearestSampler::Euler, ..PLAIN };

/// All classes, in the order of [`SchedulerClass`].
const CLASSES: &[ClassFacts] = &[
    ClassFacts {
        class: SchedulerClass::Ddim,
        names: &["DDIMScheduler", "DDIMParallelScheduler", "DDIMInverseScheduler"],
        options: &[BETAS, SPACED, ZERO_SNR, THRESHOLD],
        clip_sample: true,
        ..INTEGERS
    },
    ClassFacts {
        class: SchedulerClass::Ddpm,
        names: &["DDPMScheduler", "DDPMParallelScheduler"],
        options: &[BETAS, SPACED, ZERO_SNR, THRESHOLD, &["variance_type"]],
        convention: SpacingConvention::Ddpm,
        clip_sample: true,
        nearest: NearestSampler::Ddpm,
        ..INTEGERS
    },
    ClassFacts {
        class: SchedulerClass::RePaint,
        names: &["RePaintScheduler"],
        options: &[BETAS, &["eta"]],
        convention: SpacingConvention::Ddpm,
        clip_sample: true,
        nearest: NearestSampler::Ddpm,
        ..INTEGERS
    },
    ClassFacts {
        class: SchedulerClass::Pndm,
        names: &["PNDMScheduler"],
        options: &[BETAS, SPACED, &["skip_prk_steps"]],
        set_alpha_to_one: false,
        ..INTEGERS
    },
    ClassFacts {
        class: SchedulerClass::Euler,
        names: &["EulerDiscreteScheduler"],
        options: &[BETAS, SPACED, ZERO_SNR, FAMILIES, FINAL, &["interpolation_type", "timestep_type"]],
        terminal: TerminalSnr::AlmostZero,
        nearest: NearestSampler::Euler,
        ..PLAIN
    },
    ClassFacts {
        class: SchedulerClass::EulerAncestral,
        names: &["EulerAncestralDiscreteScheduler"],
        options: &[BETAS, SPACED, ZERO_SNR],
        terminal: TerminalSnr::AlmostZero,
        nearest: NearestSampler::EulerAncestral,
        ..PLAIN
    },
    ClassFacts {
        class: SchedulerClass::Lms,
        names: &["LMSDiscreteScheduler"],
        options: &[BETAS, SPACED, FAMILIES],
        nearest: NearestSampler::Euler,
        ..PLAIN
    },
    ClassFacts { class: SchedulerClass::Heun, names: &["HeunDiscreteScheduler"], ..SECOND_ORDER },
    ClassFacts {
        class: SchedulerClass::Kdpm2,
        names: &["KDPM2DiscreteScheduler"],
        convention: SpacingConvention::Kdpm2,
        ..SECOND_ORDER
    },
    ClassFacts {
        class: SchedulerClass::Kdpm2Ancestral,
        names: &["KDPM2AncestralDiscreteScheduler"],
        convention: SpacingConvention::Kdpm2,
        ..SECOND_ORDER
    },
    ClassFacts {
        class: SchedulerClass::DpmSolverSde,
        names: &["DPMSolverSDEScheduler"],
        options: &[BETAS, SPACED, FAMILIES, &["noise_sampler_seed"]],
        nearest: NearestSampler::DpmSolverPlusPlus2M,
        ..SECOND_ORDER
    },
    ClassFacts {
        class: SchedulerClass::DpmSolverMultistep,
        names: &["DPMSolverMultistepScheduler", "DPMSolverMultistepInverseScheduler"],
        options: &[
            BETAS,
            SPACED,
            ZERO_SNR,
            THRESHOLD,
            FAMILIES,
            FINAL,
            SOLVER,
            FLOW_SIGMAS,
            DYNAMIC,
            LAMBDA,
            &["use_lu_lambdas", "euler_at_final"],
        ],
        terminal: TerminalSnr::AlmostZero,
        ..SOLVERS
    },
    ClassFacts {
        class: SchedulerClass::DpmSolverSinglestep,
        names: &["DPMSolverSinglestepScheduler"],
        options: &[BETAS, THRESHOLD, FAMILIES, FINAL, SOLVER, FLOW_SIGMAS, DYNAMIC, LAMBDA],
        lower_order_final: false,
        ..SOLVERS
    },
    ClassFacts {
        class: SchedulerClass::Deis,
        names: &["DEISMultistepScheduler"],
        options: &[BETAS, SPACED, THRESHOLD, FAMILIES, SOLVER, FLOW_SIGMAS, DYNAMIC],
        convention: SpacingConvention::Deis,
        final_sigmas: FinalSigmas::SigmaMin,
        algorithm: AlgorithmType::Deis,
        solver: SolverType::LogRho,
        ..SOLVERS
    },
    ClassFacts {
        class: SchedulerClass::SaSolver,
        names: &["SASolverScheduler"],
        options: &[
            BETAS,
            SPACED,
            THRESHOLD,
            FAMILIES,
            FLOW_SIGMAS,
            LAMBDA,
            &["algorithm_type", "lower_order_final", "predictor_order", "corrector_order", "tau_func"],
        ],
        convention: SpacingConvention::Deis,
        final_sigmas: FinalSigmas::SigmaMin,
        algorithm: AlgorithmType::DataPrediction,
        ..SOLVERS
    },
    ClassFacts {
        class: SchedulerClass::UniPc,
        names: &["UniPCMultistepScheduler"],
        options: &[
            BETAS,
            SPACED,
            ZERO_SNR,
            THRESHOLD,
            FAMILIES,
            FINAL,
            FLOW_SIGMAS,
            DYNAMIC,
            &[
                "solver_order",
                "solver_type",
                "lower_order_final",
                "predict_x0",
                "disable_corrector",
                "solver_p",
                "shift_terminal",
            ],
        ],
        convention: SpacingConvention::UniPc,
        terminal: TerminalSnr::AlmostZero,
        solver: SolverType::Bh2,
        ..SOLVERS
    },
    ClassFacts {
        class: SchedulerClass::Lcm,
        names: &["LCMScheduler"],
        convention: SpacingConvention::Ddpm,
        ..CONSISTENCY
    },
    ClassFacts {
        class: SchedulerClass::Tcd,
        names: &["TCDScheduler"],
        convention: SpacingConvention::Tcd,
        ..CONSISTENCY
    },
    ClassFacts {
        class: SchedulerClass::UnClip,
        names: &["UnCLIPScheduler"],
        options: &[&["beta_schedule", "variance_type"]],
        betas: (BetaSchedule::SquaredcosCapV2, 0.0001, 0.02),
        spacing: Spacing::Linspace,
        convention: SpacingConvention::Ddpm,
        clip_sample: true,
        variance: VarianceType::FixedSmallLog,
        nearest: NearestSampler::Ddpm,
        ..INTEGERS
    },
    ClassFacts {
        class: SchedulerClass::EdmEuler,
        names: &["EDMEulerScheduler"],
        options: &[EDM],
        kind: ModelKind::Edm,
        nearest: NearestSampler::Euler,
        ..PLAIN
    },
    ClassFacts {
        class: SchedulerClass::EdmDpmSolver,
        names: &["EDMDPMSolverMultistepScheduler"],
        options: &[EDM, THRESHOLD, SOLVER, &["euler_at_final"]],
        kind: ModelKind::Edm,
        ..SOLVERS
    },
    ClassFacts {
        class: SchedulerClass::FlowMatchEuler,
        names: &["FlowMatchEulerDiscreteScheduler"],
        options: &[FLOW_MATCH, DYNAMIC, FAMILIES, &["stochastic_sampling"]],
        ..FLOWS
    },
    ClassFacts {
        class: SchedulerClass::FlowMatchHeun,
        names: &["FlowMatchHeunDiscreteScheduler"],
        options: &[&["shift"]],
        nearest: NearestSampler::Heun,
        ..FLOWS
    },
    ClassFacts {
        class: SchedulerClass::FlowMatchLcm,
        names: &["FlowMatchLCMScheduler"],
        options: &[FLOW_MATCH, DYNAMIC, FAMILIES, &["scale_factors", "upscale_mode"]],
        ..FLOWS
    },
];

const _: () = {
    let mut index = 0;
    while index < CLASSES.len() {
        assert!(CLASSES[index].class as usize == index, "CLASSES is not in the order of SchedulerClass");
        index += 1;
    }
};

/// Classes for models that no β table, EDM or flow describes; guessing would sample nonsense.
const REFUSED: &[&str] = &[
    "AmusedScheduler",
    "BlockRefinementScheduler",
    "CMStochasticIterativeScheduler",
    "CogVideoXDDIMScheduler",
    "CogVideoXDPMScheduler",
    "ConsistencyDecoderScheduler",
    "CosineDPMSolverMultistepScheduler",
    "DDPMWuerstchenScheduler",
    "DiscreteDDIMScheduler",
    "EntropyBoundScheduler",
    "FlowMapEulerDiscreteScheduler",
    "HeliosDMDScheduler",
    "HeliosScheduler",
    "IPNDMScheduler",
    "KarrasVeScheduler",
    "SCMScheduler",
    "ScoreSdeVeScheduler",
    "ScoreSdeVpScheduler",
    "VQDiffusionScheduler",
];

impl SchedulerClass {
    /// The class of a `_class_name`, if it is known.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        CLASSES.iter().find(|facts| facts.names.contains(&name)).map(|facts| facts.class)
    }

    /// The class for a name that is not known: rectified flow where the name or the file's keys say so, else DDIM.
    pub(super) fn standing_in(name: &str, has_key: impl Fn(&str) -> bool) -> Self {
        let by_name = name.contains("Flow") || name.contains("Rectified") || name.ends_with("RFScheduler");
        let by_key = ["shift", "base_shift", "max_shift", "shift_terminal"].into_iter().any(has_key);
        if by_name || by_key { Self::FlowMatchEuler } else { Self::Ddim }
    }

    /// Whether a file with an unknown class describes a scheduler at all: by the name of a flow, or by keys that a schedule
    /// follows from.
    pub(super) fn is_scheduler(name: &str, has_key: impl Fn(&str) -> bool + Copy) -> bool {
        let keys = [
            "beta_start",
            "beta_end",
            "beta_schedule",
            "trained_betas",
            "prediction_type",
            "num_train_timesteps",
            "sigma_min",
            "sigma_max",
            "sigma_data",
            "sigma_schedule",
            "flow_shift",
            "use_flow_sigmas",
        ];
        keys.into_iter().any(has_key) || Self::standing_in(name, has_key).is_flow_match()
    }

    pub(super) fn is_refused(name: &str) -> bool {
        REFUSED.contains(&name)
    }

    pub(super) const fn facts(self) -> &'static ClassFacts {
        &CLASSES[self as usize]
    }

    /// Its usual `_class_name`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().names[0]
    }

    /// Whether it has this option, or reads it for other samplers.
    pub(super) fn takes(self, key: &str) -> bool {
        COMMON.contains(&key) || self.facts().options.iter().any(|keys| keys.contains(&key))
    }

    /// Whether any class has this option.
    pub(super) fn any_takes(key: &str) -> bool {
        CLASSES.iter().any(|facts| facts.class.takes(key))
    }

    pub(super) fn is_edm(self) -> bool {
        self.facts().kind == ModelKind::Edm
    }

    pub(super) fn is_flow_match(self) -> bool {
        self.facts().kind == ModelKind::Flow
    }

    /// How the class rounds its timesteps.
    #[must_use]
    pub const fn convention(self) -> SpacingConvention {
        self.facts().convention
    }

    /// The sampler to offer first.
    #[must_use]
    pub const fn nearest_sampler(self) -> NearestSampler {
        self.facts().nearest
    }
}
