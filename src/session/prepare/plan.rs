use super::sampler::sampler_of;
use super::spacing::spacing_of;
use super::{PrepareError, SettingError};
use crate::model::{SchedulerConfig, VarianceType};
use crate::sampler::registry::ClosedForm;
use crate::sampler::{Solver, Variance};
use crate::schedule::{ModelSchedule, Plan, PlanRequest};
use crate::session::settings::RunSettings;
use crate::theory::gaussian::{heun_run_factor, ode_factor};
use crate::theory::{Limit, NetworkTime, NoiseLevel, Parameterization};

/// At `ᾱ = 0` a noise prediction contains nothing about the image, and σ is infinite.
pub(super) fn check_start(parameterization: Parameterization, first: NoiseLevel) -> Result<(), PrepareError> {
    match parameterization.limit_at(first) {
        None => Ok(()),
        Some(Limit::Signal) => Err(SettingError::ZeroSignal.into()),
        Some(Limit::State) => Err(SettingError::InfiniteAtNoise { what: "the network sees x_0 + σ·ε" }.into()),
        Some(Limit::Time) => {
            let what = match parameterization.time {
                NetworkTime::CNoise => "the network receives ¼·ln σ",
                NetworkTime::LogSnr => "the network receives the log-SNR",
                _ => "the network receives σ",
            };
            Err(SettingError::InfiniteAtNoise { what }.into())
        }
    }
}

/// The plan of a run with these settings on a model of this configuration and schedule.
pub fn plan(settings: &RunSettings, config: &SchedulerConfig, schedule: &ModelSchedule) -> Result<Plan, PrepareError> {
    let solver = sampler_of(settings, config, schedule).solver;
    let convention = solver.method().convention;
    let final_level = solver.method().ends.unwrap_or_else(|| config.final_level(convention));
    let request = PlanRequest {
        source: spacing_of(settings, config, schedule)?.source,
        final_level,
        ..config.plan_request(settings.steps, convention)
    };
    let plan = request.plan(schedule)?;
    Ok(if solver.finite_sigma() { plan.with_finite_start() } else { plan })
}

pub(super) fn variance(config: &SchedulerConfig) -> Result<Variance, PrepareError> {
    match config.variance_type {
        VarianceType::FixedSmall | VarianceType::FixedSmallLog => Ok(Variance::FixedSmall),
        VarianceType::FixedLarge | VarianceType::FixedLargeLog => Ok(Variance::FixedLarge),
        VarianceType::Learned | VarianceType::LearnedRange => Err(SettingError::LearnedVariance.into()),
    }
}

/// What the network is fed where that is another number than the noise level's own timestep.
pub(super) fn fed_note(config: &SchedulerConfig, schedule: &ModelSchedule, plan: &Plan) -> Option<String> {
    let own = |(level, fed): (&NoiseLevel, &f64)| (schedule.timestep_of(*level) - fed).abs() > 1e-6;
    // The first may be a stand-in for pure noise.
    let other = plan.levels().iter().zip(plan.timesteps()).skip(1).filter(|&pair| own(pair)).count();
    (other > 0).then(|| {
        let whole = plan.timesteps().iter().skip(1).all(|timestep| timestep.fract() == 0.0);
        format!(
            "the network is fed {}, as by {} in diffusers; the sampler keeps the exact noise levels",
            if whole { "whole timesteps" } else { "the timesteps of the spacing" },
            config.class.name()
        )
    })
}

/// Power of the coarsest waves of a 64-pixel image with a natural spectrum, unit variance.
const COARSEST: f64 = 157.0;

/// The relative error of Heun's method along these levels in the features of natural images, compared with the
/// flow: the largest over the octaves of an image. In closed form (`theory::gaussian`).
fn heun_is_off_by(levels: &[NoiseLevel]) -> f64 {
    let (Some(&first), Some(&last)) = (levels.first(), levels.last()) else { return 0.0 };
    let octaves = (0..7).map(|octave| COARSEST * 0.25_f64.powi(octave));
    octaves
        .map(|power| (heun_run_factor(levels, power) / ode_factor(first, last, power) - 1.0).abs())
        .fold(0.0, f64::max)
}

/// Above this σ no level of an image gains enough to be worth a step.
const IDLE_SIGMA: f64 = 100.0;

/// Known problems of this sampler on these levels, which do not prevent a run.
pub(super) fn advice(sampler: Solver, levels: &[NoiseLevel], chosen: bool) -> Vec<String> {
    let sigma = |step: usize| levels[step].sigma();
    let steps = levels.len() - 1;
    let mut advice = Vec::new();
    let off = if sampler.exact() == ClosedForm::Heun { heun_is_off_by(levels) } else { 0.0 };
    if off > 1.0 {
        let instead = if chosen { "use its default spacing," } else { "use" };
        advice.push(format!(
            "{}'s steps are too long here: the coarsest features would be off by {off:.0} times their size; \
             {instead} more steps or another sampler",
            sampler.name()
        ));
    }
    let idle = (0..steps).filter(|&step| sigma(step) > IDLE_SIGMA).count();
    if 2 * idle > steps && steps > 3 {
        advice.push(format!(
            "{idle} of {steps} steps are above σ = {IDLE_SIGMA}, where there is only noise; another spacing leaves \
             more steps for the image"
        ));
    }
    advice
}
