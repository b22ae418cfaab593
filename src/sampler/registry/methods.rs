//! The rows of the table.

use super::making::{
    BH1, BH2, COMBINED, CORRECTOR, EULER, HEUN, LOWER, MIDPOINT, NOT_LOWER, ORDER, ORDER_4, PREDICT_X0, PREDICTOR,
    RATIO, S_NOISE, SCALING, STEPS_IN, combined, dpm_solver, dpm_solver_pp, end, sa_solver, singlestep, unipc,
};
use super::{AddedNoise, ClosedForm, DefaultSpacing, Method, Parameter, SamplerKind};
use crate::sampler::deis::Deis;
use crate::sampler::dpmpp_sde::DpmSolverPpSde;
use crate::sampler::heun::FlowHeun;
use crate::sampler::lms::Lms;
use crate::sampler::multistep::{Output, Rule as _};
use crate::sampler::pndm::Pndm;
use crate::sampler::tcd::Tcd;
use crate::sampler::{Ddim, Ddpm, Dpm2, DpmSolverPp2M, DpmSolverPp2SAncestral, Euler, EulerAncestral, Heun, Lcm};
use crate::schedule::{FinalLevel, SpacingConvention};

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
        convention: SpacingConvention::Ddpm,
        adds: AddedNoise::Posterior,
        ends: Some(FinalLevel::Clean),
        build: |with| Box::new(Ddpm::new(with.variance)),
        ..USUAL
    },
    Method {
        kind: SamplerKind::Euler,
        name: "euler",
        aliases: &["EulerDiscreteScheduler", "EDMEulerScheduler", "FlowMatchEulerDiscreteScheduler"],
        title: "Euler",
        summary: "Follows the probability-flow ODE in σ with straight steps.",
        paper: "Karras et al. 2022, arXiv 2206.00364, section 3",
        finite_sigma: true,
        exact: ClosedForm::Ddim,
        parameters: &[STEPS_IN],
        build: |with| Box::new(Euler { flow: with.solver.steps_in_flow_time() }),
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
        parameters: &[S_NOISE],
        build: |with| Box::new(EulerAncestral::new(with.eta, with.number(Parameter::SNoise))),
        ..USUAL
    },
    Method {
        kind: SamplerKind::Heun,
        name: "heun",
        aliases: &["HeunDiscreteScheduler", "FlowMatchHeunDiscreteScheduler"],
        title: "Heun",
        summary: "Second order: averages the slopes at both ends of a step. Evaluates the network twice per step.",
        paper: "Karras et al. 2022, arXiv 2206.00364, algorithms 1 and 2",
        default_spacing: DefaultSpacing::CappedKarras,
        adds: AddedNoise::Churn,
        evaluations: 2,
        finite_sigma: true,
        exact: ClosedForm::Heun,
        parameters: &[STEPS_IN],
        build: |with| {
            if with.solver.steps_in_flow_time() { Box::new(FlowHeun) } else { Box::new(Heun::new(with.churn)) }
        },
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolverPp2M,
        name: "dpmpp-2m",
        aliases: &["DPMSolverMultistepScheduler", "EDMDPMSolverMultistepScheduler"],
        title: "DPM-Solver++ 2M",
        summary: "Second order in log-SNR, from the estimates of this step and the one before.",
        paper: "Lu et al. 2022, arXiv 2211.01095, algorithm 2",
        convention: SpacingConvention::DpmSolver,
        finite_sigma: true,
        parameters: &[ORDER, MIDPOINT, LOWER, EULER],
        build: |with| {
            let usual = with.solver == SamplerKind::DpmSolverPp2M.into();
            if usual { Box::new(DpmSolverPp2M::default()) } else { dpm_solver_pp(with, with.order()) }
        },
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
        parameters: &[HEUN, LOWER, EULER],
        build: |with| dpm_solver_pp(with, 2),
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
        parameters: &[MIDPOINT, LOWER, EULER],
        build: |with| dpm_solver_pp(with, 3),
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolverPp2S,
        name: "dpmpp-2s",
        aliases: &["DPMSolverSinglestepScheduler"],
        title: "DPM-Solver++ 2S",
        summary: "Pairs of steps: the second goes back to where the first began, with the slope between the two estimates.",
        paper: "Lu et al. 2022, arXiv 2211.01095, algorithm 1",
        convention: SpacingConvention::DpmSolver,
        finite_sigma: true,
        parameters: &[ORDER, MIDPOINT, NOT_LOWER],
        build: |with| singlestep(with, with.order(), Output::Data),
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
        parameters: &[MIDPOINT, NOT_LOWER],
        build: |with| singlestep(with, 3, Output::Data),
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
        parameters: &[ORDER, MIDPOINT, LOWER, EULER],
        build: |with| dpm_solver(with, with.order()),
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
        parameters: &[MIDPOINT, LOWER, EULER],
        build: |with| dpm_solver(with, 3),
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolverPp2MSde,
        name: "dpmpp-2m-sde",
        aliases: &["dpmpp_2m_sde_gpu"],
        title: "DPM-Solver++ 2M SDE",
        summary: "DPM-Solver++ 2M for the reverse SDE: each step adds fresh noise.",
        paper: "Lu et al. 2022, arXiv 2211.01095, section 3.4; k-diffusion, sample_dpmpp_2m_sde",
        convention: SpacingConvention::DpmSolver,
        adds: AddedNoise::Eta { usual: 1.0 },
        finite_sigma: true,
        parameters: &[ORDER, MIDPOINT, NOT_LOWER, EULER, S_NOISE],
        build: |with| dpm_solver_pp(with, with.order()),
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolverPp2MSdeHeun,
        name: "dpmpp-2m-sde-heun",
        aliases: &["dpmpp_2m_sde_heun_gpu"],
        title: "DPM-Solver++ 2M SDE, Heun",
        summary: "DPM-Solver++ 2M SDE with the slope weighed by its integral over the step.",
        paper: "k-diffusion, sample_dpmpp_2m_sde, solver_type heun",
        convention: SpacingConvention::DpmSolver,
        adds: AddedNoise::Eta { usual: 1.0 },
        finite_sigma: true,
        parameters: &[HEUN, NOT_LOWER, EULER, S_NOISE],
        build: |with| dpm_solver_pp(with, 2),
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolverPp3MSde,
        name: "dpmpp-3m-sde",
        aliases: &["dpmpp_3m_sde_gpu"],
        title: "DPM-Solver++ 3M SDE",
        summary: "Third order for the reverse SDE, from this step's estimate and the two before.",
        paper: "k-diffusion, sample_dpmpp_3m_sde",
        convention: SpacingConvention::DpmSolver,
        adds: AddedNoise::Eta { usual: 1.0 },
        finite_sigma: true,
        parameters: &[HEUN, NOT_LOWER, EULER, S_NOISE],
        build: |with| dpm_solver_pp(with, 3),
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
        parameters: &[S_NOISE],
        build: |with| Box::new(DpmSolverPp2SAncestral::new(with.eta, with.number(Parameter::SNoise))),
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
        parameters: &[ORDER_4],
        build: |with| Box::new(Lms { order: with.order() }.multistep()),
        ..USUAL
    },
    Method {
        kind: SamplerKind::Deis,
        name: "deis",
        aliases: &["DEISMultistepScheduler"],
        title: "DEIS",
        summary: "Second order: the line through two noise estimates in ln σ, integrated over σ.",
        paper: "Zhang and Chen 2022, arXiv 2204.13902",
        convention: SpacingConvention::Deis,
        finite_sigma: true,
        parameters: &[ORDER, LOWER],
        build: |with| Box::new(Deis { order: with.order(), end: end(with) }.multistep()),
        ..USUAL
    },
    Method {
        kind: SamplerKind::Deis3M,
        name: "deis-3m",
        title: "DEIS 3M",
        summary: "DEIS of third order, from this step's noise estimate and the two before.",
        paper: "Zhang and Chen 2022, arXiv 2204.13902",
        convention: SpacingConvention::Deis,
        finite_sigma: true,
        parameters: &[LOWER],
        build: |with| Box::new(Deis { order: 3, end: end(with) }.multistep()),
        ..USUAL
    },
    Method {
        kind: SamplerKind::UniPc,
        name: "unipc",
        aliases: &["UniPCMultistepScheduler", "uni_pc_bh2"],
        title: "UniPC",
        summary: "Second order; each step also corrects the state that it begins with.",
        paper: "Zhao et al. 2023, arXiv 2302.04867, B(h) = e^h − 1",
        convention: SpacingConvention::UniPc,
        finite_sigma: true,
        parameters: &[ORDER, BH2, LOWER, PREDICT_X0],
        build: |with| unipc(with, with.order()),
        ..USUAL
    },
    Method {
        kind: SamplerKind::UniPcBh1,
        name: "unipc-bh1",
        aliases: &["uni_pc"],
        title: "UniPC bh1",
        summary: "UniPC with B(h) = h.",
        paper: "Zhao et al. 2023, arXiv 2302.04867",
        convention: SpacingConvention::UniPc,
        default_spacing: DefaultSpacing::CappedKarras,
        finite_sigma: true,
        parameters: &[BH1, LOWER, PREDICT_X0],
        build: |with| unipc(with, 2),
        ..USUAL
    },
    Method {
        kind: SamplerKind::UniPc3,
        name: "unipc-3",
        title: "UniPC 3",
        summary: "UniPC of third order.",
        paper: "Zhao et al. 2023, arXiv 2302.04867, B(h) = e^h − 1",
        convention: SpacingConvention::UniPc,
        finite_sigma: true,
        parameters: &[BH2, LOWER, PREDICT_X0],
        build: |with| unipc(with, 3),
        ..USUAL
    },
    Method {
        kind: SamplerKind::Dpm2,
        name: "dpm-2",
        aliases: &["KDPM2DiscreteScheduler"],
        title: "DPM2",
        summary: "Second order in σ: the slope halfway through the step in ln σ, so it asks the network twice.",
        paper: "k-diffusion, sample_dpm_2",
        convention: SpacingConvention::Kdpm2,
        evaluations: 2,
        finite_sigma: true,
        build: |_| Box::new(Dpm2::new(0.0, 1.0)),
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
        convention: SpacingConvention::Kdpm2,
        default_spacing: DefaultSpacing::CappedKarras,
        finite_sigma: true,
        parameters: &[S_NOISE],
        build: |with| Box::new(Dpm2::new(with.eta, with.number(Parameter::SNoise))),
        ..USUAL
    },
    Method {
        kind: SamplerKind::Lcm,
        name: "lcm",
        aliases: &["LCMScheduler", "FlowMatchLCMScheduler"],
        title: "LCM",
        summary: "The estimated image with all of its noise drawn afresh; for consistency models.",
        paper: "Luo et al. 2023, arXiv 2310.04378, algorithm 2",
        convention: SpacingConvention::Ddpm,
        adds: AddedNoise::Afresh,
        ends: Some(FinalLevel::Clean),
        parameters: &[SCALING],
        build: |with| Box::new(Lcm { timestep_scaling: with.number(Parameter::TimestepScaling) }),
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolverPp1S,
        name: "dpmpp-1s",
        title: "DPM-Solver++ 1S",
        summary: "First order in log-SNR: DDIM's steps without its clipping.",
        paper: "Lu et al. 2022, arXiv 2211.01095",
        convention: SpacingConvention::DpmSolver,
        finite_sigma: true,
        exact: ClosedForm::Ddim,
        build: |with| dpm_solver_pp(with, 1),
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolverPp2SSde,
        name: "dpmpp-2s-sde",
        title: "DPM-Solver++ 2S SDE",
        summary: "DPM-Solver++ 2S for the reverse SDE: each step adds fresh noise.",
        paper: "Lu et al. 2022, arXiv 2211.01095; diffusers, algorithm_type sde-dpmsolver++",
        convention: SpacingConvention::DpmSolver,
        adds: AddedNoise::Eta { usual: 1.0 },
        finite_sigma: true,
        parameters: &[ORDER, MIDPOINT, NOT_LOWER, S_NOISE],
        build: |with| singlestep(with, with.order(), Output::Data),
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolver2S,
        name: "dpm-solver-2s",
        title: "DPM-Solver 2S",
        summary: "Pairs of steps as DPM-Solver++ 2S makes them, in the estimated noise.",
        paper: "Lu et al. 2022, arXiv 2206.00927; diffusers, algorithm_type dpmsolver",
        convention: SpacingConvention::DpmSolver,
        default_spacing: DefaultSpacing::CappedKarras,
        finite_sigma: true,
        parameters: &[ORDER, MIDPOINT, NOT_LOWER],
        build: |with| singlestep(with, with.order(), Output::Noise),
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolver2MSde,
        name: "dpm-solver-2m-sde",
        title: "DPM-Solver 2M SDE",
        summary: "DPM-Solver 2M for the reverse SDE: each step but one onto the clean image adds fresh noise.",
        paper: "Lu et al. 2022, arXiv 2211.01095; diffusers, algorithm_type sde-dpmsolver",
        convention: SpacingConvention::DpmSolver,
        default_spacing: DefaultSpacing::CappedKarras,
        adds: AddedNoise::Eta { usual: 1.0 },
        finite_sigma: true,
        parameters: &[ORDER, MIDPOINT, LOWER, EULER],
        build: |with| dpm_solver(with, with.order()),
        ..USUAL
    },
    Method {
        kind: SamplerKind::DpmSolverPpSde,
        name: "dpmpp-sde",
        aliases: &["DPMSolverSDEScheduler", "dpmpp_sde_gpu"],
        title: "DPM-Solver++ SDE",
        summary: "Two ancestral steps, to a level within the step and over all of it, each with noise of its own.",
        paper: "k-diffusion, sample_dpmpp_sde",
        adds: AddedNoise::Eta { usual: 1.0 },
        evaluations: 2,
        draws: 2,
        finite_sigma: true,
        parameters: &[RATIO, S_NOISE],
        build: |with| {
            let (r, s_noise) = (with.number(Parameter::MidpointRatio), with.number(Parameter::SNoise));
            Box::new(DpmSolverPpSde { eta: with.eta, r, s_noise })
        },
        ..USUAL
    },
    Method {
        kind: SamplerKind::Plms,
        name: "plms",
        title: "PLMS",
        summary: "Fourth order for steps of equal length, from this step's noise estimate and the three before. The first step \
                  asks twice.",
        paper: "Liu et al. 2022, arXiv 2202.09778; diffusers, skip_prk_steps",
        convention: SpacingConvention::Ddim,
        default_spacing: DefaultSpacing::CappedKarras,
        first_evaluations: &[2],
        finite_sigma: true,
        parameters: &[COMBINED],
        build: |with| Box::new(Pndm::new(false, combined(with), with.schedule)),
        ..USUAL
    },
    Method {
        kind: SamplerKind::Pndm,
        name: "pndm",
        aliases: &["PNDMScheduler"],
        title: "PNDM",
        summary: "PLMS after three Runge–Kutta steps, which ask four times each.",
        paper: "Liu et al. 2022, arXiv 2202.09778",
        convention: SpacingConvention::Ddim,
        default_spacing: DefaultSpacing::CappedKarras,
        first_evaluations: &[4, 4, 4],
        finite_sigma: true,
        parameters: &[COMBINED],
        build: |with| Box::new(Pndm::new(true, combined(with), with.schedule)),
        ..USUAL
    },
    Method {
        kind: SamplerKind::Tcd,
        name: "tcd",
        aliases: &["TCDScheduler"],
        title: "TCD",
        summary: "To the share 1 − η of the next timestep (the paper's γ is η), then noise up to it; for trajectory consistency models.",
        paper: "Zheng et al. 2024, arXiv 2402.19159, algorithm 4",
        convention: SpacingConvention::Tcd,
        adds: AddedNoise::Eta { usual: 0.3 },
        ends: Some(FinalLevel::FirstTrained),
        build: |with| Box::new(Tcd::new(with.eta, with.schedule)),
        ..USUAL
    },
    Method {
        kind: SamplerKind::SaSolver,
        name: "sa-solver",
        aliases: &["SASolverScheduler"],
        title: "SA-Solver",
        summary: "Predicts by this step's estimate and those before, then corrects; adds noise from timestep 800 to 200.",
        paper: "Xue et al. 2023, arXiv 2309.05019, algorithm 1",
        convention: SpacingConvention::DpmSolver,
        adds: AddedNoise::Eta { usual: 1.0 },
        finite_sigma: true,
        parameters: &[PREDICTOR, CORRECTOR, LOWER, PREDICT_X0],
        build: |with| Box::new(sa_solver(with)),
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
    parameters: &[],
    evaluations: 1,
    first_evaluations: &[],
    draws: 1,
    finite_sigma: false,
    ends: None,
    exact: ClosedForm::Unknown,
    build: |_| Box::new(Euler { flow: false }),
};
