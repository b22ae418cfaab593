use crate::schedule::{BetaSchedule, Spacing, SpacingConvention, TerminalSnr};
use serde::Serialize;

/// The scheduler classes of diffusers whose defaults and conventions are known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SchedulerClass {
    /// DDIMScheduler; what an unknown class is taken for.
    Ddim,
    /// DDPMScheduler.
    Ddpm,
    /// PNDMScheduler.
    Pndm,
    /// EulerDiscreteScheduler.
    Euler,
    /// EulerAncestralDiscreteScheduler.
    EulerAncestral,
    /// LMSDiscreteScheduler.
    Lms,
    /// HeunDiscreteScheduler.
    Heun,
    /// KDPM2DiscreteScheduler and its ancestral form.
    Kdpm2,
    /// DPMSolverSDEScheduler.
    DpmSolverSde,
    /// DPMSolverMultistepScheduler.
    DpmSolverMultistep,
    /// DPMSolverSinglestepScheduler, DEISMultistepScheduler and SASolverScheduler.
    DpmSolverLike,
    /// UniPCMultistepScheduler.
    UniPc,
    /// LCMScheduler and TCDScheduler.
    Lcm,
    /// UnCLIPScheduler.
    UnClip,
    /// EDMEulerScheduler.
    EdmEuler,
    /// EDMDPMSolverMultistepScheduler.
    EdmDpmSolver,
    /// FlowMatchEulerDiscreteScheduler and FlowMatchLCMScheduler.
    FlowMatchEuler,
    /// FlowMatchHeunDiscreteScheduler.
    FlowMatchHeun,
}

/// The sampler of this program that comes nearest to a scheduler class.
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

const NAMES: [(&str, SchedulerClass); 27] = [
    ("DDIMScheduler", SchedulerClass::Ddim),
    ("DDIMInverseScheduler", SchedulerClass::Ddim),
    ("DDIMParallelScheduler", SchedulerClass::Ddim),
    ("DDPMScheduler", SchedulerClass::Ddpm),
    ("DDPMParallelScheduler", SchedulerClass::Ddpm),
    ("RePaintScheduler", SchedulerClass::Ddpm),
    ("PNDMScheduler", SchedulerClass::Pndm),
    ("EulerDiscreteScheduler", SchedulerClass::Euler),
    ("EulerAncestralDiscreteScheduler", SchedulerClass::EulerAncestral),
    ("LMSDiscreteScheduler", SchedulerClass::Lms),
    ("HeunDiscreteScheduler", SchedulerClass::Heun),
    ("KDPM2DiscreteScheduler", SchedulerClass::Kdpm2),
    ("KDPM2AncestralDiscreteScheduler", SchedulerClass::Kdpm2),
    ("DPMSolverSDEScheduler", SchedulerClass::DpmSolverSde),
    ("DPMSolverMultistepScheduler", SchedulerClass::DpmSolverMultistep),
    ("DPMSolverMultistepInverseScheduler", SchedulerClass::DpmSolverMultistep),
    ("DPMSolverSinglestepScheduler", SchedulerClass::DpmSolverLike),
    ("DEISMultistepScheduler", SchedulerClass::DpmSolverLike),
    ("SASolverScheduler", SchedulerClass::DpmSolverLike),
    ("UniPCMultistepScheduler", SchedulerClass::UniPc),
    ("LCMScheduler", SchedulerClass::Lcm),
    ("TCDScheduler", SchedulerClass::Lcm),
    ("UnCLIPScheduler", SchedulerClass::UnClip),
    ("EDMEulerScheduler", SchedulerClass::EdmEuler),
    ("EDMDPMSolverMultistepScheduler", SchedulerClass::EdmDpmSolver),
    ("FlowMatchEulerDiscreteScheduler", SchedulerClass::FlowMatchEuler),
    ("FlowMatchHeunDiscreteScheduler", SchedulerClass::FlowMatchHeun),
];

/// Classes whose models are spoken to in a way no β table, EDM or flow describes; guessing would sample nonsense.
const REFUSED: [&str; 13] = [
    "AmusedScheduler",
    "CMStochasticIterativeScheduler",
    "CogVideoXDDIMScheduler",
    "CogVideoXDPMScheduler",
    "ConsistencyDecoderScheduler",
    "CosineDPMSolverMultistepScheduler",
    "DDPMWuerstchenScheduler",
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
        NAMES.iter().find(|(known, _)| *known == name).map(|&(_, class)| class)
    }

    pub(super) fn is_refused(name: &str) -> bool {
        REFUSED.contains(&name)
    }

    pub(super) const fn is_edm(self) -> bool {
        matches!(self, Self::EdmEuler | Self::EdmDpmSolver)
    }

    pub(super) const fn is_flow_match(self) -> bool {
        matches!(self, Self::FlowMatchEuler | Self::FlowMatchHeun)
    }

    /// `beta_schedule`, `beta_start` and `beta_end` where the file names none.
    pub(super) const fn default_betas(self) -> (BetaSchedule, f64, f64) {
        match self {
            Self::Heun | Self::Kdpm2 | Self::DpmSolverSde => (BetaSchedule::Linear, 0.00085, 0.012),
            Self::Lcm => (BetaSchedule::ScaledLinear, 0.00085, 0.012),
            Self::UnClip => (BetaSchedule::SquaredcosCapV2, 0.0001, 0.02),
            _ => (BetaSchedule::Linear, 0.0001, 0.02),
        }
    }

    pub(super) const fn default_spacing(self) -> Spacing {
        match self {
            Self::Ddim | Self::Ddpm | Self::Pndm | Self::Lcm => Spacing::Leading,
            _ => Spacing::Linspace,
        }
    }

    pub(super) const fn default_clip_sample(self) -> bool {
        matches!(self, Self::Ddim | Self::Ddpm | Self::UnClip)
    }

    /// What `rescale_betas_zero_snr` puts at the end.
    pub(super) const fn terminal_snr(self) -> TerminalSnr {
        match self {
            Self::Euler | Self::EulerAncestral | Self::DpmSolverMultistep | Self::UniPc => TerminalSnr::AlmostZero,
            _ => TerminalSnr::Zero,
        }
    }

    /// How the class rounds its timesteps.
    #[must_use]
    pub const fn convention(self) -> SpacingConvention {
        match self {
            Self::Ddim | Self::Ddpm | Self::Pndm | Self::Lcm | Self::UnClip => SpacingConvention::Ddim,
            Self::DpmSolverMultistep | Self::DpmSolverLike | Self::UniPc | Self::EdmDpmSolver => {
                SpacingConvention::DpmSolver
            }
            _ => SpacingConvention::Euler,
        }
    }

    /// The sampler to offer first.
    #[must_use]
    pub const fn nearest_sampler(self) -> NearestSampler {
        match self {
            Self::Ddpm | Self::UnClip => NearestSampler::Ddpm,
            Self::Ddim | Self::Pndm | Self::Lcm => NearestSampler::Ddim,
            Self::Euler | Self::Lms | Self::EdmEuler | Self::FlowMatchEuler => NearestSampler::Euler,
            Self::EulerAncestral => NearestSampler::EulerAncestral,
            Self::Heun | Self::Kdpm2 | Self::FlowMatchHeun => NearestSampler::Heun,
            Self::DpmSolverSde | Self::DpmSolverMultistep | Self::DpmSolverLike | Self::UniPc | Self::EdmDpmSolver => {
                NearestSampler::DpmSolverPlusPlus2M
            }
        }
    }
}
