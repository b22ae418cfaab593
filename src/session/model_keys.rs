//! What of a model's configuration goes into an export that runs the model elsewhere.

use crate::model::SchedulerConfig;
use crate::schedule::{ModelSchedule, Plan};
use crate::theory::NoiseLevel;
use serde_json::{Value, json};

/// The keys of a model's configuration that its scheduler in diffusers keeps, with the defaults of its class where the file
/// leaves them open: those of another class need not be the same. `plan` is the run that is exported.
///
/// `options` has the class's further options, `own_run` says that the class visits the run's levels by itself, and
/// `timesteps` has the run as whole timesteps, where it is such.
#[must_use]
pub fn kept_keys(config: &SchedulerConfig, plan: &Plan) -> Value {
    json!({
        "_class_name": config.class_name,
        "num_train_timesteps": config.num_train_timesteps,
        "beta_start": config.beta_start,
        "beta_end": config.beta_end,
        "beta_schedule": config.beta_schedule.name(),
        "trained_betas": config.trained_betas,
        "prediction_type": config.prediction_type.name(),
        "rescale_betas_zero_snr": config.rescale_betas_zero_snr,
        "options": config.options(),
        "own_run": config.runs_in_diffusers() && is_own(config, plan),
        "timesteps": timesteps(config, plan),
        "mu": config.use_dynamic_shifting.then(|| config.mu()),
    })
}

/// Whether the levels are the same but for rounding; pure noise may be a stand-in.
fn same(of: &[NoiseLevel], other: &[NoiseLevel]) -> bool {
    let near = |(a, b): (&NoiseLevel, &NoiseLevel)| {
        let (a, b) = (a.log_snr(), b.log_snr());
        a == b || (a - b).abs() <= 1e-9 * (1.0 + a.abs())
    };
    of.len() == other.len() && of.iter().zip(other).skip(1).all(near)
}

fn is_own(config: &SchedulerConfig, plan: &Plan) -> bool {
    let own = config
        .model_schedule()
        .and_then(|schedule| config.plan_request(plan.steps(), config.class.convention()).plan(&schedule));
    own.is_ok_and(|own| same(own.levels(), plan.levels()) && (own.timesteps()[0] - plan.timesteps()[0]).abs() < 1.0)
}

/// The run as whole timesteps of its table.
fn timesteps(config: &SchedulerConfig, plan: &Plan) -> Option<Vec<f64>> {
    let schedule = config.model_schedule().ok().filter(|schedule| matches!(schedule, ModelSchedule::Discrete(_)))?;
    let of_table: Vec<f64> =
        plan.levels()[..plan.steps()].iter().map(|level| schedule.timestep_of(*level).round()).collect();
    let levels: Vec<NoiseLevel> = of_table.iter().map(|timestep| schedule.level_at(*timestep)).collect();
    (same(&levels, &plan.levels()[..plan.steps()]) && schedule.covers(plan.levels()[0]) && plan.outside().is_empty())
        .then_some(of_table)
}
