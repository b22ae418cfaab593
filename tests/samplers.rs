//! Every sampler, step by step, against runs of diffusers and k-diffusion on the same small network with the same x_T
//! and the same injected noise (`tools/golden/samplers.py`).
#![allow(clippy::unwrap_used)]

mod support;

use chromascope::denoiser::Clipped;
use chromascope::model::onnx::Conditioning;
use chromascope::model::{PredictionType, SchedulerConfig};
use chromascope::sampler::{Churn, GivenNoise, Making, Solver, Variance};
use chromascope::schedule::{FinalLevel, Plan, PlanSource};
use chromascope::session::{Run, SamplerKind};
use ndarray::{Array1, Array4, Array5, ArrayBase, Axis, Data, Dimension, s};
use serde_json::Value;
use std::path::Path;

/// Of the value range, in f32; the issue of these tests.
const TOLERANCE: f64 = 1e-4;

/// What this program does not offer, with the reason; everything else in the golden file must run.
fn not_offered(run: &Value) -> Option<&'static str> {
    let sampler = run["sampler"].as_str().unwrap();
    let step = &run["step"];
    match sampler {
        _ if !run["guidance_scale"].is_null() => Some("guided"),
        _ if step.get("use_clipped_model_output").is_some() => Some("an option of diffusers' DDIM"),
        _ if run["name"] == "ddim_trailing_7_diffusers_defect" => Some("diffusers' previous timestep, t − T//N"),
        "euler" if step.get("s_churn").is_some() => Some("churn belongs to Heun here"),
        "euler_ancestral" if step.get("s_noise").is_some() => Some("in the other file"),
        _ => None,
    }
}

fn solver(run: &Value) -> Solver {
    match run["sampler"].as_str().unwrap() {
        "dpmpp_2m_sde" if run["step"]["solver_type"] == "heun" => SamplerKind::DpmSolverPp2MSdeHeun.into(),
        name => name.parse().unwrap(),
    }
}

fn config(run: &Value, common: &Value) -> SchedulerConfig {
    let class = match (run["sampler"].as_str().unwrap(), run["prediction_type"].as_str().unwrap()) {
        (_, "flow_prediction") => "FlowMatchEulerDiscreteScheduler",
        (_, "edm") => "EDMEulerScheduler",
        ("ddim", _) => "DDIMScheduler",
        ("ddpm", _) => "DDPMScheduler",
        ("euler", _) => "EulerDiscreteScheduler",
        ("euler_ancestral", _) => "EulerAncestralDiscreteScheduler",
        ("heun", _) => "HeunDiscreteScheduler",
        (name, _) if name.starts_with("sa-solver") => "SASolverScheduler",
        _ => "DPMSolverMultistepScheduler",
    };
    let mut keys = serde_json::Map::new();
    keys.insert("_class_name".into(), class.into());
    for source in [Some(common), run.get("config")].into_iter().flatten() {
        if !class.starts_with("Flow") && !class.starts_with("EDM") || std::ptr::eq(source, &raw const run["config"]) {
            keys.extend(source.as_object().unwrap().clone());
        }
    }
    let text = Value::Object(keys).to_string();
    let (mut config, warnings) = SchedulerConfig::parse(&text, Path::new("golden")).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    config.prediction_type = match run["prediction_type"].as_str().unwrap() {
        "v_prediction" => PredictionType::VPrediction,
        "sample" => PredictionType::Sample,
        "flow_prediction" => PredictionType::FlowPrediction,
        _ => PredictionType::Epsilon,
    };
    config
}

fn plan(run: &Value, config: &SchedulerConfig, sigmas: &Array1<f64>) -> Plan {
    let schedule = config.model_schedule().unwrap();
    if run["levels"] == "pure noise first" {
        let alpha_bars: Vec<f64> = sigmas.iter().map(|sigma| 1.0 / (1.0 + sigma * sigma)).collect();
        return Plan::from_alpha_bars(&schedule, &[&[0.0], &alpha_bars[1..]].concat()).unwrap();
    }
    // diffusers' Euler interpolates σ linearly between timesteps in `linspace`; here λ is. The levels are then taken as
    // they stand, and so are those of rectified flow, whose start at s = 1 − 1e-12 stands in for σ = ∞.
    let as_they_stand = run["name"] == "euler_linspace_7" || run["levels"] == "as they stand";
    if as_they_stand || run["prediction_type"] == "flow_prediction" {
        return Plan::from_sigmas(&schedule, sigmas.as_slice().unwrap()).unwrap();
    }
    let steps = usize::try_from(run["steps"].as_u64().unwrap()).unwrap();
    let mut request = config.plan_request(steps, solver(run).method().convention);
    let named = run["spacing"].as_str().or(run["sigma_family"].as_str()).unwrap();
    request.source = named.parse().unwrap();
    if let (PlanSource::Family(_), "edm") = (&request.source, run["prediction_type"].as_str().unwrap()) {
        request.final_level = FinalLevel::Clean;
    }
    request.plan(&schedule).unwrap()
}

#[track_caller]
fn assert_close<D: Dimension>(
    what: &str,
    ours: &ArrayBase<impl Data<Elem = f32>, D>,
    theirs: &ArrayBase<impl Data<Elem = f32>, D>,
) {
    let range = theirs.iter().fold(0.0_f64, |range, &value| range.max(f64::from(value).abs()));
    let error = ours.iter().zip(theirs).map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs());
    // f32::max would drop NaN.
    let error = error.fold(0.0_f64, |most, value| if value > most || value.is_nan() { value } else { most });
    assert!(error <= TOLERANCE * range, "{what}: off by {error:.2e} in a range of {range:.2e}");
}

#[test]
fn every_step_of_every_sampler_equals_diffusers_and_k_diffusion() {
    let (compared, left_out) = compare("samplers.json");
    assert!(compared.len() >= 75, "only {} runs were compared: {compared:?}", compared.len());
    assert!(left_out <= 10, "{left_out} runs were left out");
}

/// And with the options of their classes; methods of several evaluations or noises a step; pure noise at s = 1.
#[test]
fn every_step_with_every_option_equals_diffusers_and_k_diffusion() {
    let (compared, left_out) = compare("solvers.json");
    assert!(compared.len() >= 50, "only {} runs were compared: {compared:?}", compared.len());
    assert_eq!(left_out, 0);
}

/// The runs of a golden file that were compared, and how many were left out.
fn compare(file: &str) -> (Vec<String>, usize) {
    let index = support::json(file);
    let mut inputs = support::npz("samplers_inputs.npz");
    let x_t: Array4<f32> = inputs.by_name("x_T").unwrap();
    let step_noise: Array5<f32> = inputs.by_name("step_noise").unwrap();
    let (mut compared, mut left_out) = (Vec::new(), 0);
    for run in index["runs"].as_array().unwrap() {
        let name = run["name"].as_str().unwrap();
        if not_offered(run).is_some() {
            left_out += 1;
            continue;
        }
        let mut golden = support::npz(run["file"].as_str().unwrap());
        let sigmas: Array1<f64> = golden.by_name("sigmas").unwrap();
        let config = config(run, &index["config"]);
        let plan = plan(run, &config, &sigmas);
        let side = usize::try_from(run["size"].as_u64().unwrap()).unwrap();

        let labels = run.get("class_labels").and_then(Value::as_array);
        let labels = labels.map(|labels| labels.iter().map(|label| label.as_i64().unwrap()).collect());
        let conditioning = Conditioning { labels: labels.unwrap_or_default(), ..Conditioning::default() };
        let model = support::test_model(run["model"].as_str().unwrap());
        let network = support::network(&model, &config, conditioning);

        let initial = x_t.slice(s![.., .., ..side, ..side]).mapv(f64::from);
        let noise = step_noise.slice(s![.., .., .., ..side, ..side]).to_owned();
        let steps = plan.steps();
        let draws = run["draws"].as_u64().map_or(1, |draws| usize::try_from(draws).unwrap());
        let noise = if steps * draws <= noise.len_of(Axis(0)) {
            noise
        } else {
            // Longer runs in the golden file are deterministic.
            Array5::from_elem([steps, 2, 3, side, side], f32::NAN)
        };
        let noise = GivenNoise::new(noise, steps, draws, [2, 3, side, side]).unwrap();
        let number = |key: &str, default: f64| run["step"].get(key).and_then(Value::as_f64).unwrap_or(default);
        let churn = Churn {
            amount: number("s_churn", 0.0),
            sigma_min: number("s_tmin", 0.0),
            sigma_max: number("s_tmax", f64::INFINITY),
            noise: number("s_noise", 1.0),
        };
        let variance = if run.get("variance") == Some(&"fixed_large".into()) {
            Variance::FixedLarge
        } else {
            Variance::FixedSmall
        };
        let eta = run.get("eta").or(run["step"].get("eta")).and_then(Value::as_f64);
        let schedule = config.model_schedule().unwrap();
        let solver = solver(run);
        assert_eq!(solver.method().draws, draws, "{name}");
        let sampler = solver.build(&Making { eta, churn, variance, schedule: Some(&schedule) });
        let clipped = support::boxed(Clipped::new(network, config.clipping));
        let mut run = Run::new(clipped, sampler, Box::new(noise), plan.levels().to_vec(), initial);
        let mut trajectory = run.trajectory();
        while run.step(&mut trajectory).unwrap().is_some() {}

        let alpha_bar: Array1<f64> = golden.by_name("alpha_bar").unwrap();
        for (step, (level, theirs)) in plan.levels().iter().zip(&alpha_bar).enumerate() {
            assert!((level.alpha_bar() - theirs).abs() <= 1e-6, "{name}: ᾱ of step {step}: {level:?} {theirs}");
        }
        let timesteps: Array1<f64> = golden.by_name("timesteps").unwrap();
        let states: Array5<f32> = golden.by_name("x_t").unwrap();
        let x0: Array5<f32> = golden.by_name("x0").unwrap();
        let eps: Array5<f32> = golden.by_name("eps").unwrap();
        assert_eq!(trajectory.snapshots.len(), timesteps.len());
        for (step, snapshot) in trajectory.snapshots.iter().enumerate() {
            let off = (snapshot.timestep - timesteps[step]).abs();
            assert!(off <= 1e-3, "{name}: step {step}: fed {} where {} was", snapshot.timestep, timesteps[step]);
            let at = |array: &str| format!("{name}: {array} of step {step}");
            assert_close(&at("x_t"), &snapshot.x_t, &states.index_axis(Axis(0), step));
            assert_close(&at("x0"), &snapshot.x0, &x0.index_axis(Axis(0), step));
            assert_close(&at("eps"), &snapshot.eps, &eps.index_axis(Axis(0), step));
        }
        assert_close(&format!("{name}: result"), &*trajectory.state, &states.index_axis(Axis(0), steps));
        compared.push(name.to_owned());
    }
    (compared, left_out)
}
