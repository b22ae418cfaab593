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

/// Python that makes a run with these levels by diffusers, and what is to be said of it. The model's own configuration stays:
/// its class makes the run by itself where the levels are its own, or is given them as `sigmas=` or `timesteps=`. Where it
/// takes neither, Euler's class replaces it. `config` has the keys that the session keeps of the model's
/// `scheduler_config.json`; `meaning` is what diffusers calls σ of that model.
pub fn python_snippet(
    plan: &Plan,
    config: &Value,
    meaning: SigmaMeaning,
) -> Result<(String, Option<String>), FormatError> {
    let class = config.get("_class_name").and_then(Value::as_str).unwrap_or_default();
    if class.contains("EDM") {
        return Err(FormatError::Impossible(format!(
            "the snippet needs a scheduler with a timestep table or a flow model, and this model's is {class}; export \
             the list of σ instead"
        )));
    }
    let euler = match meaning {
        SigmaMeaning::Flow => "FlowMatchEulerDiscreteScheduler",
        SigmaMeaning::Ve => "EulerDiscreteScheduler",
    };
    let takes_sigmas = class == euler;
    if !takes_sigmas && config.get("own_run") == Some(&Value::Bool(true)) {
        return Ok((own_snippet(plan, config, (class, meaning), None), None));
    }
    if plan.levels().last() != Some(&NoiseLevel::CLEAN) {
        return Err(FormatError::Impossible(
            "the snippet needs a run that ends at the clean image, and this one ends with noise; tie the end of the \
             curve, or export the list of σ"
                .into(),
        ));
    }
    if let (true, Some(timesteps)) =
        (TAKE_TIMESTEPS.contains(&class), config.get("timesteps").and_then(Value::as_array))
    {
        return Ok((own_snippet(plan, config, (class, meaning), Some(timesteps)), None));
    }
    let note = (!takes_sigmas && !class.is_empty()).then(|| replaced(config, class, euler));
    let comment = note.as_ref().map_or_else(String::new, |note| format!("# {}.\n", crate::words::sentence(note)));
    let text = match meaning {
        SigmaMeaning::Flow => flow_snippet(plan, config, takes_sigmas, &comment),
        SigmaMeaning::Ve => table_snippet(plan, config, takes_sigmas, &comment),
    };
    Ok((text, note))
}

/// Classes whose `set_timesteps` takes `timesteps=` and keeps them.
const TAKE_TIMESTEPS: [&str; 4] =
    ["DDPMScheduler", "DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler", "HeunDiscreteScheduler"];

/// Options that choose noise levels, which a given list replaces.
const OF_LEVELS: [&str; 12] = [
    "use_karras_sigmas",
    "use_exponential_sigmas",
    "use_beta_sigmas",
    "use_lu_lambdas",
    "timestep_spacing",
    "steps_offset",
    "final_sigmas_type",
    "set_alpha_to_one",
    "lambda_min_clipped",
    "shift",
    "flow_shift",
    "rescale_betas_zero_snr",
];

/// What is lost with the model's own class, in a sentence.
fn replaced(config: &Value, class: &str, euler: &str) -> String {
    let options = config.get("options").and_then(Value::as_object);
    let lost = options
        .into_iter()
        .flatten()
        .filter(|(_, value)| **value != false)
        .map(|(key, _)| key.as_str())
        .filter(|key| !OF_LEVELS.contains(key));
    let lost: Vec<&str> = lost.filter(|key| *key != "use_flow_sigmas").collect();
    let with = if lost.is_empty() { String::new() } else { format!(", with {}", crate::words::joined(&lost, "and")) };
    format!("{euler} replaces {class}, which diffusers cannot give these noise levels; its kind of step is lost{with}")
}

/// On the model's own class, which is given nothing but the number of steps, or timesteps.
fn own_snippet(
    plan: &Plan,
    config: &Value,
    (class, meaning): (&str, SigmaMeaning),
    timesteps: Option<&Vec<Value>>,
) -> String {
    let is_flow_match = class.starts_with("FlowMatch");
    let trained =
        ["num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "trained_betas", "prediction_type"];
    let mut arguments = vec![kept(config, &trained[..if is_flow_match { 1 } else { trained.len() }])];
    let is_given = timesteps.is_some();
    arguments.push(options(config, |key| {
        let moot = key.starts_with("use_") && key != "use_flow_sigmas" && key != "use_dynamic_shifting";
        !(is_given && moot)
    }));
    arguments.retain(|lines| !lines.is_empty());
    let (visited, symbol) = match meaning {
        SigmaMeaning::Flow => (plan.flow_times(), "flow times"),
        SigmaMeaning::Ve => (plan.clone().with_finite_start().sigmas(), "σ"),
    };
    let steps = plan.steps();
    let mu = config.get("mu").and_then(Value::as_f64).map_or_else(String::new, |mu| format!(", mu={mu}"));
    let (set, pipeline) = match timesteps {
        Some(timesteps) => {
            let whole: Vec<String> =
                timesteps.iter().map(|t| format!("{:.0}", t.as_f64().unwrap_or_default())).collect();
            let list = whole.join(", ");
            (format!("timesteps=[{list}]"), format!("timesteps=[{list}]"))
        }
        None => (format!("{steps}{mu}"), format!("num_inference_steps={steps}")),
    };
    let (start, input) = if is_flow_match {
        ("", "x")
    } else {
        (" * scheduler.init_noise_sigma", "scheduler.scale_model_input(x, timestep)")
    };
    format!(
        r#"# A run of {count} with the model's own configuration and scheduler, on the unchanged model.
# With a pipeline: set pipe.scheduler = scheduler, then pipe(..., {pipeline}).
import torch
from diffusers import {class}

# The {symbol} that the scheduler visits, for comparison.
SIGMAS = [
{rows}
]

scheduler = {class}(
{arguments}
)
scheduler.set_timesteps({set})


def sample(model, noise):
    """The image that model(x_t, timestep) makes of unit noise."""
    x = noise{start}
    for timestep in scheduler.timesteps:
        prediction = model({input}, timestep)
        x = scheduler.step(prediction, timestep, x).prev_sample
    return x
"#,
        count = count(steps, "step"),
        rows = rows(&visited),
        arguments = arguments.join(
            "
"
        ),
    )
}

/// Further options of the class, as arguments.
fn options(config: &Value, keep: impl Fn(&str) -> bool) -> String {
    let options = config.get("options").and_then(Value::as_object).into_iter().flatten();
    let lines = options.filter(|(key, _)| keep(key)).map(|(key, value)| format!("    {key}={},", python_value(value)));
    lines.collect::<Vec<_>>().join(
        "
",
    )
}

/// Of a model with a table of timesteps.
fn table_snippet(plan: &Plan, config: &Value, is_own: bool, comment: &str) -> String {
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
{start}{comment}import torch
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
        kept = with_options(kept(config, &keys), options(config, |key| is_own && !keys.contains(&key))),
    )
}

/// Of a flow model. diffusers shifts whatever it is given, unless told not to, and ends at 0 by itself.
fn flow_snippet(plan: &Plan, config: &Value, is_own: bool, comment: &str) -> String {
    let times = plan.flow_times();
    format!(
        r#"# A run of {steps} along a schedule made with Chromascope, on an unchanged flow model: the noise levels are passed
# as sigmas, which are flow times from 1 (pure noise) to 0. They are final, so the scheduler must not shift them again.
# diffusers adds the 0 at the end. With a pipeline: set pipe.scheduler = scheduler, then pipe(..., sigmas=SIGMAS).
{comment}import torch
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
        kept = with_options(
            kept(config, &["num_train_timesteps"]),
            options(config, |key| is_own && key == "stochastic_sampling"),
        ),
        // A run that starts with some image is given unit noise of the same variance-preserving state.
        start = if times[0] == 1.0 { "" } else { " * (SIGMAS[0] ** 2 + (1 - SIGMAS[0]) ** 2) ** 0.5" },
    )
}

fn with_options(kept: String, options: String) -> String {
    if options.is_empty() { kept } else { format!("{kept}\n{options}") }
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
        Value::Null => "None".into(),
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
        let text = python_snippet(&plan, &config, SigmaMeaning::Ve).unwrap().0;
        assert!(text.contains("    beta_schedule=\"scaled_linear\",\n") && !text.contains("trained_betas"), "{text}");
        assert!(text.contains("scheduler.set_timesteps(sigmas=SIGMAS)") && text.contains(" 0.0,\n]"), "{text}");
        let edm = json!({"_class_name": "EDMEulerScheduler"});
        assert!(python_snippet(&plan, &edm, SigmaMeaning::Ve).unwrap_err().to_string().contains("EDMEuler"));
        let flow = json!({"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0, "num_train_timesteps": 1000});
        let model = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 3.0 };
        let plan = Plan::from_flow_times(&model, &[1.0, 0.6509, 0.0495, 0.0]).unwrap();
        let text = python_snippet(&plan, &flow, SigmaMeaning::Flow).unwrap().0;
        assert!(text.contains("SIGMAS = [\n    1.0, 0.6509, 0.0495,\n]"), "{text}");
        assert!(
            text.contains("    num_train_timesteps=1000,\n    shift=1.0,\n") && text.contains("x = noise\n"),
            "{text}"
        );
        let noisy = Plan::from_sigmas(&model, &[14.0, 1.0]).unwrap();
        assert!(python_snippet(&noisy, &config, SigmaMeaning::Ve).unwrap_err().to_string().contains("ends with noise"));
    }
}
