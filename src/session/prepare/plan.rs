use super::PrepareError;
use crate::model::{SchedulerConfig, VarianceType};
use crate::sampler::Variance;
use crate::schedule::{FinalLevel, ModelSchedule, Plan, PlanRequest, PlanSource};
use crate::session::settings::{RunSettings, SamplerKind};
use crate::theory::{NoiseLevel, Parameterization};

/// At `ᾱ = 0` a noise prediction says nothing of the image.
pub(super) fn check_start(parameterization: Parameterization, first: NoiseLevel) -> Result<(), PrepareError> {
    if parameterization.x0_from(first).state.is_finite() {
        return Ok(());
    }
    Err(PrepareError::Setting(
        "this schedule starts at zero signal (ᾱ = 0), where a noise prediction says nothing of the image; use \
         --spacing leading or a σ family, or a model that predicts v or x_0"
            .into(),
    ))
}

pub(super) fn source(settings: &RunSettings, config: &SchedulerConfig) -> Result<PlanSource, PrepareError> {
    Ok(match (&settings.schedule, &settings.spacing) {
        (Some(schedule), _) => (**schedule).clone(),
        (None, Some(name)) => name.parse()?,
        (None, None) => config.default_source(),
    })
}

/// The plan of a run with these settings on a model of this configuration and schedule.
pub fn plan(settings: &RunSettings, config: &SchedulerConfig, schedule: &ModelSchedule) -> Result<Plan, PrepareError> {
    let convention = settings.sampler.convention();
    let final_level =
        if settings.sampler == SamplerKind::Ddpm { FinalLevel::Clean } else { config.final_level(convention) };
    let request = PlanRequest {
        source: source(settings, config)?,
        final_level,
        ..config.plan_request(settings.steps, convention)
    };
    let plan = request.plan(schedule)?;
    let needs_finite = settings.sampler.build(None, settings.churn, Variance::default()).needs_finite_sigma();
    Ok(if needs_finite { plan.with_finite_start() } else { plan })
}

pub(super) fn variance(config: &SchedulerConfig) -> Result<Variance, PrepareError> {
    match config.variance_type {
        VarianceType::FixedSmall | VarianceType::FixedSmallLog => Ok(Variance::FixedSmall),
        VarianceType::FixedLarge | VarianceType::FixedLargeLog => Ok(Variance::FixedLarge),
        VarianceType::Learned | VarianceType::LearnedRange => Err(PrepareError::Setting(
            "this model's scheduler asks for DDPM with a learned variance, which this program does not use; choose \
             another sampler, such as --sampler ddim --eta 1"
                .into(),
        )),
    }
}

/// σ above which no resolution of an image gains anything worth a step.
const IDLE_SIGMA: f64 = 100.0;

/// What is known to go wrong with this sampler on these levels, though it can be run.
pub(super) fn advice(sampler: SamplerKind, levels: &[NoiseLevel]) -> Vec<String> {
    let sigma = |step: usize| levels[step].sigma();
    let steps = levels.len() - 1;
    let mut advice = Vec::new();
    let falls_far = (0..steps).find(|&step| sigma(step) > IDLE_SIGMA && sigma(step) > 50.0 * sigma(step + 1));
    if let (SamplerKind::Heun, Some(step)) = (sampler, falls_far.filter(|&step| sigma(step + 1) > 0.0)) {
        advice.push(format!(
            "step {} falls from σ = {:.0} to {:.3}, where heun is unstable; use --spacing karras or another sampler",
            step + 1,
            sigma(step),
            sigma(step + 1)
        ));
    }
    let idle = (0..steps).filter(|&step| sigma(step) > IDLE_SIGMA).count();
    if 2 * idle > steps && steps > 3 {
        advice.push(format!(
            "{idle} of {steps} steps are spent above σ = {IDLE_SIGMA}, where there is nothing but noise; another spacing \
             leaves more of them to the image"
        ));
    }
    advice
}
