//! The rows of the table.

use super::{AddedNoise, ClosedForm, DefaultSpacing, Method, SamplerKind};
use crate::sampler::deis::Deis;
use crate::sampler::dpm_solver::{DpmSolver, DpmSolverPp, End, Slope};
use crate::sampler::lms::Lms;
use crate::sampler::{
    Ddim, Ddpm, Dpm2, DpmSolverPp2M, DpmSolverPp2SAncestral, DpmSolverPpSinglestep, Euler, EulerAncestral, Heun, Lcm,
    UniPc, UniPcB,
};
use crate::schedule::SpacingConvention;

/// All samplers, in the order of [`SamplerKind`], which menus have too.
pub const METHODS: &[Method] = &[
    Method {
        kind: SamplerKind::Ddim,
        name: "ddim",
        aliases: &["DDIMScheduler"],
        title: "DDIM",
        summary: "Moves to the estimate plus the part of the predicted noise that belongs to the next level. \
                  Deterministic at η = 0.",
        paper: "Song et al. 2020, arXiv 2010.02502",
        convention: SpacingConvention::Ddim,
        default_spacing: DefaultSpacing::OfModel,
        adds: AddedNoise::Eta { usual: 0.0 },
        exact: ClosedForm::Ddim,
        build: |with| Box::new(Ddim::new(with.eta)),
        ..USUAL
    },
    Method {
        kind: SamplerKind::Ddpm,
        name: "ddpm",
        aliases: &["DDPMScheduler"],
        title: "DDPM",
        summary: "Draws each state from the posterior of the forward process, given the estimate.",
        paper: "Ho et al. 2020, arXiv 2006.11239",
        convention: SpacingConvention::Ddim,
        adds: AddedNoise::Posterior,
        ends_clean: true,
        build: |with| Box::new(Ddpm::new(with.variance)),
        ..USUAL
    },
    Method {
        kind: SamplerKind::Euler,
        name: "euler",
        aliases: &["EulerDiscreteScheduler"],
        title: "Euler",
        summary: "Follows the probability-flow ODE in σ with straight steps.",
        paper: "Karras et al. 2022, arXiv 2206.00364, section 3",
        finite_sigma: true,
        exact: ClosedForm::Ddim,
        build: |_| Box::new(Euler),
        ..USUAL
    },
    Method {
        kind: SamplerKind::EulerAncestral,
        name: "euler-ancestral",
        aliases: &["EulerAncestralDiscreteScheduler"],
        title: "Euler ancestral",
        summary: "Steps below the next level, then adds fresh noise up to it.",
        paper: "k-diffusion, sample_euler_ancestral",
        adds: AddedNoise::Eta { usual: 1.0 },
        finite_sigma: true,
        build: |with| Box::new(EulerAncestral::new(with.eta)),
        ..USUAL
    },
    Method {
        kind: SamplerKind::Heun,
        name: "heun",
        aliases: &["HeunDiscreteScheduler"],
        title: "Heun",
        summary: "Second order: averages the slopes at both ends of a step. Evaluates the network twice per step.",
        paper: "Karras et al. 2022, arXiv 2206.00364, algorithms 1 and 2",
        default_spacing: DefaultSpacing::CappedKarras,
        adds: AddedNoise::Churn,
        evaluations: 2,
        finite_sigma: true,
        exact: ClosedForm::Heun,
        build: |with| Box::new(Heun::new(with.churn)),
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolverPp2M,
        name: "dpmpp-2m",
        aliases: &["DPMSolverMultistepScheduler"],
        title: "DPM-Solver++ 2M",
        summary: "Second order in log-SNR, from the estimates of this step and the one before.",
        paper: "Lu et al. 2022, arXiv 2211.01095, algorithm 2",
        convention: SpacingConvention::DpmSolver,
        finite_sigma: true,
        build: |_| Box::new(DpmSolverPp2M::default()),
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolverPp2MHeun,
        name: "dpmpp-2m-heun",
        title: "DPM-Solver++ 2M, Heun",
        summary: "DPM-Solver++ 2M with the slope weighed by its integral over the step.",
        paper: "Lu et al. 2022, arXiv 2211.01095; diffusers, solver_type heun",
        convention: SpacingConvention::DpmSolver,
        finite_sigma: true,
        build: |_| Box::new(DpmSolverPp { order: 2, slope: Slope::Heun, eta: 0.0, end: End::Lower }.multistep()),
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolverPp3M,
        name: "dpmpp-3m",
        title: "DPM-Solver++ 3M",
        summary: "Third order in log-SNR, from this step's estimate and the two before.",
        paper: "Lu et al. 2022, arXiv 2211.01095, appendix B",
        convention: SpacingConvention::DpmSolver,
        finite_sigma: true,
        build: |_| Box::new(DpmSolverPp { order: 3, slope: Slope::Midpoint, eta: 0.0, end: End::Lower }.multistep()),
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolverPp2S,
        name: "dpmpp-2s",
        title: "DPM-Solver++ 2S",
        summary: "Pairs of steps: the second goes back to where the first began, with the slope between the two estimates.",
        paper: "Lu et al. 2022, arXiv 2211.01095, algorithm 1",
        convention: SpacingConvention::DpmSolver,
        finite_sigma: true,
        build: |_| Box::new(DpmSolverPpSinglestep::new(2)),
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolverPp3S,
        name: "dpmpp-3s",
        title: "DPM-Solver++ 3S",
        summary: "Groups of three steps that all leave from the first state, each of an order more than the one before.",
        paper: "Lu et al. 2022, arXiv 2211.01095, appendix A",
        convention: SpacingConvention::DpmSolver,
        finite_sigma: true,
        build: |_| Box::new(DpmSolverPpSinglestep::new(3)),
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolver2M,
        name: "dpm-solver-2m",
        title: "DPM-Solver 2M",
        summary: "Second order in log-SNR, in the estimated noise instead of the estimated image.",
        paper: "Lu et al. 2022, arXiv 2206.00927; diffusers, algorithm_type dpmsolver",
        convention: SpacingConvention::DpmSolver,
        finite_sigma: true,
        build: |_| Box::new(DpmSolver { order: 2 }.multistep()),
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolver3M,
        name: "dpm-solver-3m",
        title: "DPM-Solver 3M",
        summary: "Third order in log-SNR, in the estimated noise.",
        paper: "Lu et al. 2022, arXiv 2206.00927; diffusers, algorithm_type dpmsolver",
        convention: SpacingConvention::DpmSolver,
        finite_sigma: true,
        build: |_| Box::new(DpmSolver { order: 3 }.multistep()),
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolverPp2MSde,
        name: "dpmpp-2m-sde",
        title: "DPM-Solver++ 2M SDE",
        summary: "DPM-Solver++ 2M for the reverse SDE: each step adds fresh noise.",
        paper: "Lu et al. 2022, arXiv 2211.01095, section 3.4; k-diffusion, sample_dpmpp_2m_sde",
        convention: SpacingConvention::DpmSolver,
        adds: AddedNoise::Eta { usual: 1.0 },
        finite_sigma: true,
        build: |with| {
            Box::new(DpmSolverPp { order: 2, slope: Slope::Midpoint, eta: with.eta, end: End::CleanOnly }.multistep())
        },
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolverPp2MSdeHeun,
        name: "dpmpp-2m-sde-heun",
        title: "DPM-Solver++ 2M SDE, Heun",
        summary: "DPM-Solver++ 2M SDE with the slope weighed by its integral over the step.",
        paper: "k-diffusion, sample_dpmpp_2m_sde, solver_type heun",
        convention: SpacingConvention::DpmSolver,
        adds: AddedNoise::Eta { usual: 1.0 },
        finite_sigma: true,
        build: |with| {
            Box::new(DpmSolverPp { order: 2, slope: Slope::Heun, eta: with.eta, end: End::CleanOnly }.multistep())
        },
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolverPp3MSde,
        name: "dpmpp-3m-sde",
        title: "DPM-Solver++ 3M SDE",
        summary: "Third order for the reverse SDE, from this step's estimate and the two before.",
        paper: "k-diffusion, sample_dpmpp_3m_sde",
        convention: SpacingConvention::DpmSolver,
        adds: AddedNoise::Eta { usual: 1.0 },
        finite_sigma: true,
        build: |with| {
            Box::new(DpmSolverPp { order: 3, slope: Slope::Heun, eta: with.eta, end: End::CleanOnly }.multistep())
        },
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolverPp2SAncestral,
        name: "dpmpp-2s-ancestral",
        title: "DPM-Solver++ 2S ancestral",
        summary: "Second order down below the next level, by an estimate halfway, then fresh noise up to it.",
        paper: "k-diffusion, sample_dpmpp_2s_ancestral",
        adds: AddedNoise::Eta { usual: 1.0 },
        evaluations: 2,
        finite_sigma: true,
        build: |with| Box::new(DpmSolverPp2SAncestral::new(with.eta)),
        ..USUAL
    },
    Method {
        kind: SamplerKind::Lms,
        name: "lms",
        aliases: &["LMSDiscreteScheduler"],
        title: "LMS",
        summary: "Fourth order in σ, from the noise estimates of this step and the three before.",
        paper: "k-diffusion, sample_lms",
        finite_sigma: true,
        build: |_| Box::new(Lms::multistep()),
        ..USUAL
    },
    Method {
        kind: SamplerKind::Deis,
        name: "deis",
        aliases: &["DEISMultistepScheduler"],
        title: "DEIS",
        summary: "Second order: the line through two noise estimates in ln σ, integrated over σ.",
        paper: "Zhang and Chen 2022, arXiv 2204.13902",
        convention: SpacingConvention::DpmSolver,
        finite_sigma: true,
        build: |_| Box::new(Deis { order: 2 }.multistep()),
        ..USUAL
    },
    Method {
        kind: SamplerKind::Deis3M,
        name: "deis-3m",
        title: "DEIS 3M",
        summary: "DEIS of third order, from this step's noise estimate and the two before.",
        paper: "Zhang and Chen 2022, arXiv 2204.13902",
        convention: SpacingConvention::DpmSolver,
        finite_sigma: true,
        build: |_| Box::new(Deis { order: 3 }.multistep()),
        ..USUAL
    },
    Method {
        kind: SamplerKind::UniPc,
        name: "unipc",
        aliases: &["UniPCMultistepScheduler"],
        title: "UniPC",
        summary: "Second order; each step also corrects the state that it begins with.",
        paper: "Zhao et al. 2023, arXiv 2302.04867, B(h) = e^h − 1",
        convention: SpacingConvention::DpmSolver,
        finite_sigma: true,
        build: |_| Box::new(UniPc::new(2, UniPcB::Bh2)),
        ..USUAL
    },
    Method {
        kind: SamplerKind::UniPcBh1,
        name: "unipc-bh1",
        title: "UniPC bh1",
        summary: "UniPC with B(h) = h.",
        paper: "Zhao et al. 2023, arXiv 2302.04867",
        convention: SpacingConvention::DpmSolver,
        default_spacing: DefaultSpacing::CappedKarras,
        finite_sigma: true,
        build: |_| Box::new(UniPc::new(2, UniPcB::Bh1)),
        ..USUAL
    },
    Method {
        kind: SamplerKind::UniPc3,
        name: "unipc-3",
        title: "UniPC 3",
        summary: "UniPC of third order.",
        paper: "Zhao et al. 2023, arXiv 2302.04867, B(h) = e^h − 1",
        convention: SpacingConvention::DpmSolver,
        finite_sigma: true,
        build: |_| Box::new(UniPc::new(3, UniPcB::Bh2)),
        ..USUAL
    },
    Method {
        kind: SamplerKind::Dpm2,
        name: "dpm-2",
        aliases: &["KDPM2DiscreteScheduler"],
        title: "DPM2",
        summary: "Second order in σ: the slope halfway through the step in ln σ, so it asks the network twice.",
        paper: "k-diffusion, sample_dpm_2",
        evaluations: 2,
        finite_sigma: true,
        build: |_| Box::new(Dpm2::new(0.0)),
        ..USUAL
    },
    Method {
        kind: SamplerKind::Dpm2Ancestral,
        name: "dpm-2-ancestral",
        aliases: &["KDPM2AncestralDiscreteScheduler"],
        title: "DPM2 ancestral",
        summary: "DPM2 down below the next level, then fresh noise up to it.",
        paper: "k-diffusion, sample_dpm_2_ancestral",
        adds: AddedNoise::Eta { usual: 1.0 },
        evaluations: 2,
        default_spacing: DefaultSpacing::CappedKarras,
        finite_sigma: true,
        build: |with| Box::new(Dpm2::new(with.eta)),
        ..USUAL
    },
    Method {
        kind: SamplerKind::Lcm,
        name: "lcm",
        aliases: &["LCMScheduler"],
        title: "LCM",
        summary: "The estimated image with all of its noise drawn afresh; for consistency models.",
        paper: "Luo et al. 2023, arXiv 2310.04378, algorithm 2",
        convention: SpacingConvention::Ddim,
        adds: AddedNoise::Afresh,
        ends_clean: true,
        build: |_| Box::new(Lcm),
        ..USUAL
    },
];

/// What most samplers are.
const USUAL: Method = Method {
    kind: SamplerKind::Ddim,
    name: "",
    aliases: &[],
    title: "",
    summary: "",
    paper: "",
    convention: SpacingConvention::Euler,
    default_spacing: DefaultSpacing::OfModel,
    adds: AddedNoise::None,
    evaluations: 1,
    finite_sigma: false,
    ends_clean: false,
    exact: ClosedForm::Unknown,
    build: |_| Box::new(Euler),
};
