//! The noise levels of a run: the user's choice, or the default for sampler and model.

use super::PrepareError;
use crate::model::SchedulerConfig;
use crate::sampler::{Solver, registry};
use crate::schedule::{CAP_SIGMA, ModelSchedule, PlanSource, SigmaFamily};
use crate::session::settings::RunSettings;

/// The default levels of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedSpacing {
    /// A spacing or a σ family.
    pub source: PlanSource,
    /// Why it is not the model default, in a sentence; `None` if it is.
    pub because: Option<String>,
}

/// The model's own spacing, or if a sampler cannot follow that, one that it can ([`registry::DefaultSpacing`]).
///
/// Heun's method averages the slopes at both ends of a step in σ. From a σ of thousands, where many models begin,
/// timesteps fall so fast that the second slope, weighted by the whole step, makes the image diverge: 20 steps
/// of `trailing` on a cosine schedule end 145 standard deviations off. If its run would begin above [`CAP_SIGMA`], Heun
/// uses `karras-capped`, like the few others that diverge with steps of thousands in σ (the column *spacing* of
/// docs/sampling.md). The rest follow any spacing of timesteps, and a σ family that the configuration names is used
/// as it is.
#[must_use]
pub fn default_spacing(
    sampler: Option<Solver>,
    steps: usize,
    config: &SchedulerConfig,
    schedule: &ModelSchedule,
) -> ResolvedSpacing {
    let own = config.default_source();
    // A configuration's own sampler and spacing belong together.
    let Some(sampler) = sampler else {
        return ResolvedSpacing { source: own, because: None };
    };
    let start = || {
        let plan = config.plan_request(steps, sampler.method().convention).plan(schedule).ok()?;
        Some(plan.levels()[0].sigma()).filter(|&sigma| sigma > CAP_SIGMA)
    };
    let capped = sampler.default_spacing() == registry::DefaultSpacing::CappedKarras;
    let start = (capped && matches!(own, PlanSource::Spacing(_))).then(start).flatten();
    let Some(start) = start else { return ResolvedSpacing { source: own, because: None } };
    let family = SigmaFamily::KarrasCapped { rho: 7.0, cap: CAP_SIGMA };
    let begins = if start.is_finite() { format!("σ = {start:.0}") } else { "pure noise".to_owned() };
    let because = format!(
        "spacing: {family}, because {} needs shorter steps in σ than the model default {own}, which starts at \
         {begins}; choose a spacing to override this",
        sampler.name()
    );
    ResolvedSpacing { source: PlanSource::Family(family), because: Some(because) }
}

/// The default levels of a run with these settings, and the reason, if the user chose none and they are not the model default.
pub fn spacing_of(
    settings: &RunSettings,
    config: &SchedulerConfig,
    schedule: &ModelSchedule,
) -> Result<ResolvedSpacing, PrepareError> {
    let chosen = |source| Ok(ResolvedSpacing { source, because: None });
    match (&settings.schedule, &settings.spacing) {
        (Some(source), _) => chosen((**source).clone()),
        (None, Some(name)) => chosen(name.parse()?),
        (None, None) => {
            let named = settings.sampler.named().map(|named| named.on(schedule, settings.churn));
            Ok(default_spacing(named, settings.steps, config, schedule))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::{Churn, SamplerKind};
    use crate::schedule::Spacing;
    use crate::session::prepare::plan_of;
    use crate::session::settings::ModelSource;

    fn config(text: &str) -> SchedulerConfig {
        SchedulerConfig::parse(text, std::path::Path::new("scheduler_config.json")).unwrap().0
    }

    fn chosen(text: &str, sampler: SamplerKind, steps: usize) -> ResolvedSpacing {
        let config = config(text);
        let schedule = config.model_schedule().unwrap();
        let solver = Solver::from(sampler).on(&schedule, Churn::default());
        default_spacing(Some(solver), steps, &config, &schedule)
    }

    const COSINE: &str =
        r#"{"_class_name": "DDIMScheduler", "beta_schedule": "squaredcos_cap_v2", "timestep_spacing": "trailing"}"#;
    const ZERO_SNR: &str = r#"{"_class_name": "DDIMScheduler", "rescale_betas_zero_snr": true, "prediction_type":
        "v_prediction", "timestep_spacing": "trailing"}"#;
    const FLOW: &str = r#"{"_class_name": "FlowMatchEulerDiscreteScheduler"}"#;
    const LINEAR: &str = r#"{"_class_name": "DDPMScheduler", "timestep_spacing": "trailing"}"#;
    const EDM: &str = r#"{"_class_name": "EDMEulerScheduler"}"#;
    const KARRAS: &str = r#"{"_class_name": "HeunDiscreteScheduler", "beta_schedule": "squaredcos_cap_v2",
        "use_karras_sigmas": true}"#;

    #[test]
    fn some_samplers_leave_the_models_own_spacing_and_only_where_it_begins_far_out() {
        for (text, far) in
            [(COSINE, true), (ZERO_SNR, true), (FLOW, true), (LINEAR, false), (EDM, false), (KARRAS, false)]
        {
            for sampler in SamplerKind::ALL {
                let found = chosen(text, sampler, 20);
                let own = config(text).default_source();
                // In flow time Heun's steps are nowhere too long.
                let in_flow = sampler == SamplerKind::Heun && text == FLOW;
                if far && !in_flow && sampler.method().default_spacing == registry::DefaultSpacing::CappedKarras {
                    assert_eq!(found.source.label(), "karras-capped", "{text}");
                    let because = found.because.unwrap();
                    assert!(because.contains("karras-capped") && because.contains(sampler.name()), "{because}");
                    assert!(because.contains(&own.label()), "{because}");
                } else {
                    assert_eq!(found, ResolvedSpacing { source: own, because: None }, "{text} {sampler}");
                }
            }
        }
        let leading = COSINE.replace("trailing", "leading");
        assert_eq!(chosen(&leading, SamplerKind::Heun, 20).source, PlanSource::Spacing(Spacing::Leading));
        let told = |text| chosen(text, SamplerKind::Heun, 20).because.unwrap();
        assert!(told(COSINE).contains("at σ = 20291;"), "{}", told(COSINE));
        let flow = chosen(FLOW, SamplerKind::Dpm2Ancestral, 20).because.unwrap();
        assert!(flow.contains("at pure noise;"), "{flow}");
    }

    #[test]
    fn a_choice_wins_and_what_nobody_chose_begins_at_the_cap() {
        let config = config(COSINE);
        let schedule = config.model_schedule().unwrap();
        let open = RunSettings {
            sampler: SamplerKind::Heun.into(),
            steps: 20,
            ..RunSettings::new(ModelSource::Model("gaussian-64".into()))
        };
        let start = |settings: &RunSettings| plan_of(settings, &config, &schedule).unwrap().levels()[0].sigma();
        assert!((start(&open) - CAP_SIGMA).abs() < 1e-6);
        for spacing in ["trailing", "linspace", "karras"] {
            let settings = RunSettings { spacing: Some(spacing.into()), ..open.clone() };
            assert!((start(&settings) - schedule.sigma_max()).abs() < 1e-6, "{spacing}");
            assert_eq!(spacing_of(&settings, &config, &schedule).unwrap().because, None);
        }
        let listed = PlanSource::Family(SigmaFamily::Edm);
        let settings = RunSettings { schedule: Some(Box::new(listed.clone())), ..open };
        assert_eq!(
            spacing_of(&settings, &config, &schedule).unwrap(),
            ResolvedSpacing { source: listed, because: None }
        );
    }
}
