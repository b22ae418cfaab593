use super::FormatError;
use super::list::python_number;
use crate::schedule::{Plan, SigmaMeaning};
use crate::theory::NoiseLevel;
use crate::words::count;
use serde_json::{Value, json};

/// The least β that 1 − β in single precision tells from 0.
const LEAST_BETA: f64 = 5.960_464_477_539_063e-8;

/// What is to be known of an exported configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct DiffusersNote {
    /// The largest difference between the curve's ᾱ and that of the β in it, as diffusers multiplies them.
    pub largest_error: f64,
    /// For whom it is.
    pub text: String,
}

/// A `scheduler_config.json` whose `trained_betas` make the curve's ᾱ: timestep `i` of T has the level at
/// `s = (i+1)/T`. For models trained on that curve; an unchanged network would be fed this table's timesteps.
///
/// diffusers keeps β in single precision, so each is chosen to mend what rounding those before it left.
pub fn diffusers_config(
    level_at: &dyn Fn(f64) -> NoiseLevel,
    num_train_timesteps: usize,
    prediction_type: &str,
) -> Result<(Value, DiffusersNote), FormatError> {
    let timesteps = num_train_timesteps;
    let target = |i: usize| level_at((i + 1) as f64 / timesteps as f64).alpha_bar();
    let mut product = 1.0_f64;
    let (mut betas, mut largest_error) = (Vec::with_capacity(timesteps), 0.0_f64);
    for i in 0..timesteps {
        let wanted = target(i);
        let is_last = i + 1 == timesteps;
        let most = if is_last { 1.0 } else { 0.9999 };
        let beta = f64::from((1.0 - wanted / product).clamp(LEAST_BETA, most) as f32);
        // diffusers computes 1 − β in single precision.
        product *= f64::from(1.0_f32 - beta as f32);
        largest_error = largest_error.max((product - wanted).abs());
        betas.push(beta);
    }
    if largest_error.is_nan() || largest_error > 1e-3 {
        return Err(FormatError::Impossible(format!(
            "diffusers' single precision cannot represent this curve with {} (ᾱ would be off by {largest_error:.4}); \
             use fewer timesteps, or a curve with shorter flat parts",
            count(timesteps, "timestep")
        )));
    }
    let config = json!({
        "_class_name": "DDIMScheduler",
        "_diffusers_version": "0.39.0",
        "num_train_timesteps": timesteps,
        "beta_schedule": "linear",
        "trained_betas": betas,
        "timestep_spacing": "trailing",
        "steps_offset": 0,
        "set_alpha_to_one": true,
        "clip_sample": false,
        "prediction_type": prediction_type,
    });
    let text =
        "only for models trained on this curve: with an unchanged model diffusers would pass wrong timesteps; use the \
         Python snippet or the list of σ instead"
            .into();
    Ok((config, DiffusersNote { largest_error, text }))
}

/// Python that makes a run with these levels by diffusers: the model's own configuration stays, and the noise levels are
/// passed as `sigmas=`. `config` is the model's `scheduler_config.json`; `meaning` what diffusers calls σ of that model.
pub fn python_snippet(plan: &Plan, config: &Value, meaning: SigmaMeaning) -> Result<String, FormatError> {
    let class = config.get("_class_name").and_then(Value::as_str).unwrap_or_default();
    if class.contains("EDM") {
        return Err(FormatError::Impossible(format!(
            "the snippet needs a scheduler with a timestep table or a flow model, and this model's is {class}; export \
             the list of σ instead"
        )));
    }
    if plan.levels().last() != Some(&NoiseLevel::CLEAN) {
        return Err(FormatError::Impossible(
            "the snippet needs a run that ends at the clean image, and this one ends with noise; tie the end of the \
             curve, or export the list of σ"
                .into(),
        ));
    }
    Ok(match meaning {
        SigmaMeaning::Flow => flow_snippet(plan, config),
        SigmaMeaning::Ve => table_snippet(plan, config),
    })
}

/// Of a model with a table of timesteps.
fn table_snippet(plan: &Plan, config: &Value) -> String {
    let finite = plan.clone().with_finite_start();
    let keys = [
        "num_train_timesteps",
        "beta_start",
        "beta_end",
        "beta_schedule",
        "trained_betas",
        "prediction_type",
        "rescale_betas_zero_snr",
    ];
    let start = if finite.levels() == plan.levels() {
        ""
    } else {
        "# Pure noise (σ = ∞) is written as the σ that diffusers' Euler starts zero terminal SNR at, or twice the next σ.\n"
    };
    format!(
        r#"# A run of {steps} along a schedule made with Chromascope, on an unchanged model: its configuration stays,
# and the noise levels are passed as sigmas. With a pipeline: set pipe.scheduler = scheduler, then pipe(..., sigmas=SIGMAS).
{start}import torch
from diffusers import EulerDiscreteScheduler

SIGMAS = [
{rows}
]

scheduler = EulerDiscreteScheduler(
{kept}
)
scheduler.set_timesteps(sigmas=SIGMAS)


def sample(model, noise):
    """The image that model(x_t, timestep) makes of unit noise; x_t is the variance-preserving state."""
    x = noise * (SIGMAS[0] ** 2 + 1) ** 0.5
    for timestep in scheduler.timesteps:
        prediction = model(scheduler.scale_model_input(x, timestep), timestep)
        x = scheduler.step(prediction, timestep, x).prev_sample
    return x
"#,
        steps = count(plan.steps(), "step"),
        rows = rows(&finite.sigmas()),
        kept = kept(config, &keys),
    )
}

/// Of a flow model. diffusers shifts whatever it is given, unless told not to, and ends at 0 by itself.
fn flow_snippet(plan: &Plan, config: &Value) -> String {
    let times = plan.flow_times();
    format!(
        r#"# A run of {steps} along a schedule made with Chromascope, on an unchanged flow model: the noise levels are passed
# as sigmas, which are flow times from 1 (pure noise) to 0. They are final, so the scheduler must not shift them again.
# diffusers adds the 0 at the end. With a pipeline: set pipe.scheduler = scheduler, then pipe(..., sigmas=SIGMAS).
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

SIGMAS = [
{rows}
]

scheduler = FlowMatchEulerDiscreteScheduler(
{kept}
    shift=1.0,
    use_dynamic_shifting=False,
    shift_terminal=None,
)
scheduler.set_timesteps(sigmas=SIGMAS)


def sample(model, noise):
    """The image that model(x_s, timestep) makes of unit noise; x_s = (1 - s) * image + s * noise."""
    x = noise{start}
    for timestep in scheduler.timesteps:
        x = scheduler.step(model(x, timestep), timestep, x).prev_sample
    return x
"#,
        steps = count(plan.steps(), "step"),
        rows = rows(&times[..plan.steps()]),
        kept = kept(config, &["num_train_timesteps"]),
        // A run that starts with some image is given unit noise of the same variance-preserving state.
        start = if times[0] == 1.0 { "" } else { " * (SIGMAS[0] ** 2 + (1 - SIGMAS[0]) ** 2) ** 0.5" },
    )
}

/// Keys of a configuration that it has, as arguments.
fn kept(config: &Value, keys: &[&str]) -> String {
    let there = |key: &&str| Some((key.to_string(), config.get(*key).filter(|value| !value.is_null())?));
    let arguments = keys.iter().filter_map(there).map(|(key, value)| format!("    {key}={},", python_value(value)));
    arguments.collect::<Vec<_>>().join("\n")
}

fn rows(sigmas: &[f64]) -> String {
    let sigmas: Vec<String> = sigmas.iter().map(|&sigma| python_number(sigma)).collect();
    sigmas.chunks(4).map(|row| format!("    {},", row.join(", "))).collect::<Vec<_>>().join("\n")
}

fn python_value(value: &Value) -> String {
    match value {
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{BetaSchedule, Curve, ModelSchedule, TrainingSchedule};

    #[test]
    fn betas_make_the_curve_again() {
        for curve in ["cosine", "sigmoid"].map(|name| name.parse::<Curve>().unwrap()) {
            let (config, note) = diffusers_config(&|s| curve.level_at(s), 1000, "epsilon").unwrap();
            assert!(note.largest_error < 2e-7, "{}", note.largest_error);
            let betas: Vec<f64> = serde_json::from_value(config["trained_betas"].clone()).unwrap();
            let table = TrainingSchedule::from_betas(&betas).unwrap();
            for i in 0..1000 {
                let wanted = curve.level_at((i + 1) as f64 / 1000.0).alpha_bar();
                assert!((table.level(i).alpha_bar() - wanted).abs() < 1e-6);
            }
        }
        let flat = |s: f64| NoiseLevel::from_log_snr(1.0 - 1e-9 * s);
        let error = diffusers_config(&flat, 100_000, "epsilon").unwrap_err();
        assert!(error.to_string().contains("100000 timesteps"), "{error}");
    }

    #[test]
    fn the_snippet_keeps_the_models_configuration() {
        let model =
            ModelSchedule::Discrete(TrainingSchedule::new(BetaSchedule::ScaledLinear, 0.00085, 0.012, 1000).unwrap());
        let plan = Plan::from_sigmas(&model, &[14.0, 1.0, 0.1, 0.0]).unwrap();
        let config = json!({"_class_name": "DDIMScheduler", "beta_schedule": "scaled_linear", "beta_start": 0.00085,
            "beta_end": 0.012, "clip_sample": false, "trained_betas": null});
        let text = python_snippet(&plan, &config, SigmaMeaning::Ve).unwrap();
        assert!(text.contains("    beta_schedule=\"scaled_linear\",\n") && !text.contains("trained_betas"), "{text}");
        assert!(text.contains("scheduler.set_timesteps(sigmas=SIGMAS)") && text.contains(" 0.0,\n]"), "{text}");
        let edm = json!({"_class_name": "EDMEulerScheduler"});
        assert!(python_snippet(&plan, &edm, SigmaMeaning::Ve).unwrap_err().to_string().contains("EDMEuler"));
        let flow = json!({"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0, "num_train_timesteps": 1000});
        let model = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 3.0 };
        let plan = Plan::from_flow_times(&model, &[1.0, 0.6509, 0.0495, 0.0]).unwrap();
        let text = python_snippet(&plan, &flow, SigmaMeaning::Flow).unwrap();
        assert!(text.contains("SIGMAS = [\n    1.0, 0.6509, 0.0495,\n]"), "{text}");
        assert!(
            text.contains("    num_train_timesteps=1000,\n    shift=1.0,\n") && text.contains("x = noise\n"),
            "{text}"
        );
        let noisy = Plan::from_sigmas(&model, &[14.0, 1.0]).unwrap();
        assert!(python_snippet(&noisy, &config, SigmaMeaning::Ve).unwrap_err().to_string().contains("ends with noise"));
    }
}
