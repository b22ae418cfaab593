//! Schedules against tables made by running diffusers, k-diffusion and scipy (`tools/golden`).

#![allow(clippy::unwrap_used)]

use chromascope::schedule::{
    BetaSchedule, FinalLevel, ModelSchedule, Plan, PlanRequest, PlanSource, ScheduleError, SigmaFamily, Spacing,
    SpacingConvention, TerminalSnr, TrainingSchedule, timesteps,
};
use chromascope::theory::NoiseLevel;
use ndarray::Array1;
use ndarray_npy::{NpzReader, ReadableElement};
use serde_json::Value;
use std::fs::File;
use std::path::PathBuf;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn golden_json(name: &str) -> Value {
    serde_json::from_reader(File::open(golden(name)).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn sd() -> TrainingSchedule {
    TrainingSchedule::new(BetaSchedule::ScaledLinear, 0.00085, 0.012, 1000).unwrap()
}

fn relative(ours: f64, theirs: f64) -> f64 {
    if ours == theirs { 0.0 } else { (ours / theirs - 1.0).abs() }
}

#[test]
fn training_tables_are_those_of_diffusers() {
    let mut tables = NpzReader::new(File::open(golden("schedules.npz")).unwrap()).unwrap();
    let (mut worst_alpha_bar, mut worst_sigma, mut worst_f32) = (0.0_f64, 0.0_f64, 0.0_f64);
    for case in golden_json("schedules.json").as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let config = &case["config"];
        let schedule = if name == "trained" {
            TrainingSchedule::from_betas(&array::<f64>(&mut tables, "trained_betas").to_vec()).unwrap()
        } else {
            TrainingSchedule::new(
                config["beta_schedule"].as_str().unwrap().parse().unwrap(),
                config["beta_start"].as_f64().unwrap(),
                config["beta_end"].as_f64().unwrap(),
                usize::try_from(config["num_train_timesteps"].as_u64().unwrap()).unwrap(),
            )
            .unwrap()
        };
        let schedule = match (config["rescale_betas_zero_snr"].as_bool().unwrap(), case["last_replaced_by"].as_f64()) {
            (false, _) => schedule,
            (true, None) => schedule.zero_terminal_snr(TerminalSnr::Zero).unwrap(),
            (true, Some(_)) => schedule.zero_terminal_snr(TerminalSnr::AlmostZero).unwrap(),
        };
        let in_f32 = array::<f32>(&mut tables, &format!("{name}_f32"));
        let in_f64 = array::<f64>(&mut tables, &format!("{name}_f64"));
        assert_eq!(schedule.num_timesteps(), in_f64.len(), "{name}");
        for (timestep, level) in schedule.levels().enumerate() {
            let theirs = NoiseLevel::from_alpha_bar(in_f64[timestep]);
            let theirs_f32 = NoiseLevel::from_alpha_bar(f64::from(in_f32[timestep]));
            let alpha_bar = (level.alpha_bar() - f64::from(in_f32[timestep])).abs();
            if timestep > 0 && in_f64[timestep] >= in_f64[timestep - 1] {
                assert_eq!(
                    (name, timestep),
                    ("zero_snr_dpm_linear", 999),
                    "diffusers' one table that rises at its end"
                );
                assert!(alpha_bar <= 1e-6 && relative(level.sigma(), 2.0 * schedule.level(998).sigma()) < 1e-6);
                continue;
            }
            let sigma = relative(level.sigma(), theirs.sigma());
            assert!(alpha_bar <= 1e-6, "{name} {timestep}: ᾱ off by {alpha_bar:e}");
            assert!(sigma <= 1e-6, "{name} {timestep}: σ off by {sigma:e}");
            let sigma_f32 = relative(theirs_f32.sigma(), level.sigma());
            // In one case diffusers' own f32 table misses the formula by more than 1e-3.
            let tolerance = case["max_relative_error_sigma"].as_f64().unwrap().max(1e-3) + 1e-6;
            assert!(sigma_f32 <= tolerance, "{name} {timestep}: σ off by {sigma_f32:e} of the f32 table");
            worst_alpha_bar = largest(worst_alpha_bar, alpha_bar);
            worst_sigma = largest(worst_sigma, sigma);
            worst_f32 = largest(worst_f32, sigma_f32);
        }
    }
    println!("ᾱ within {worst_alpha_bar:.1e}; σ within {worst_sigma:.1e}, of diffusers' f32 within {worst_f32:.1e}");
}

/// The larger of two, with NaN as the largest.
fn largest(most: f64, value: f64) -> f64 {
    if value > most || value.is_nan() { value } else { most }
}

fn array<T: ReadableElement>(tables: &mut NpzReader<File>, name: &str) -> Array1<T> {
    tables.by_name(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn spacings_are_those_of_diffusers() {
    let golden = golden_json("spacings.json");
    let model = ModelSchedule::Discrete(sd());
    let (mut compared, mut worst, mut worst_f32, mut worst_fraction) = (0, 0.0_f64, 0.0_f64, 0.0_f64);
    for entry in golden["spacings"].as_array().unwrap() {
        let convention = match entry["class"].as_str().unwrap() {
            "DDIMScheduler" | "DDPMScheduler" => SpacingConvention::Ddim,
            "DPMSolverMultistepScheduler" | "UniPCMultistepScheduler" => SpacingConvention::DpmSolver,
            "PNDMScheduler" if entry["skip_prk_steps"] == true => SpacingConvention::Ddim,
            "PNDMScheduler" => continue,
            _ => SpacingConvention::Euler,
        };
        let PlanSource::Spacing(spacing) = entry["spacing"].as_str().unwrap().parse().unwrap() else { unreachable!() };
        let steps = usize::try_from(entry["n"].as_u64().unwrap()).unwrap();
        let steps_offset = usize::try_from(entry["steps_offset"].as_u64().unwrap()).unwrap();
        let ours = timesteps(spacing, convention, steps, 1000, steps_offset);
        let mut theirs = numbers(&entry["timesteps"]);
        theirs.dedup(); // PNDM evaluates its second timestep twice.
        if theirs[0] > 999.0 {
            assert!(matches!(ours, Err(ScheduleError::PastTheEnd { first: 1000, .. })), "{entry}");
            continue;
        }
        let ours = ours.unwrap();
        assert_eq!(
            ours.iter().map(|&t| t as f32).collect::<Vec<_>>(),
            theirs.iter().map(|&t| t as f32).collect::<Vec<_>>()
        );
        compared += 1;

        let plan = Plan::from_timesteps(&model, &ours, FinalLevel::Clean).unwrap();
        let (Some(exact), Some(f32s)) = (entry.get("sigmas_exact"), entry.get("sigmas")) else { continue };
        for (step, (exact, in_f32)) in numbers(exact).into_iter().zip(numbers(f32s)).enumerate() {
            let sigma = plan.levels()[step].sigma();
            if ours.get(step).is_some_and(|timestep| timestep.fract() != 0.0) {
                // diffusers interpolates σ between timesteps, here it is λ.
                worst_fraction = largest(worst_fraction, relative(sigma, exact));
            } else {
                worst = largest(worst, relative(sigma, exact));
                worst_f32 = largest(worst_f32, relative(sigma, in_f32));
            }
        }
    }
    println!("{compared} lists; σ within {worst:.1e}, of f32 {worst_f32:.1e}; between timesteps {worst_fraction:.1e}");
    assert!(compared > 300);
    assert!(worst <= 1e-6 && worst_f32 <= 1e-3 && worst_fraction <= 1e-3);
}

#[test]
fn families_are_those_of_k_diffusion_diffusers_and_scipy() {
    let golden = golden_json("spacings.json");
    let (mut worst, mut worst_f32, mut worst_timestep) = (0.0_f64, 0.0_f64, 0.0_f64);
    for entry in golden["families"].as_array().unwrap() {
        let name = entry["family"].as_str().unwrap().replace('_', "-");
        let PlanSource::Family(family) = name.parse().unwrap() else { unreachable!() };
        let rho = entry.get("rho").and_then(Value::as_f64);
        let family = match (family, rho) {
            (SigmaFamily::Karras { .. }, Some(rho)) => SigmaFamily::Karras { rho },
            (SigmaFamily::Polyexponential { .. }, Some(rho)) => SigmaFamily::Polyexponential { rho },
            (family, _) => family,
        };
        let steps = usize::try_from(entry["n"].as_u64().unwrap()).unwrap();
        let end = |key: &str, other: f64| entry.get(key).and_then(Value::as_f64).unwrap_or(other);
        let ours = family.sigmas(steps, end("sigma_min", 0.03), end("sigma_max", 15.0)).unwrap();
        let theirs = numbers(&entry["sigmas"]);
        assert_eq!(theirs.len(), steps + 1);
        let off = |theirs: &[f64]| ours.iter().zip(theirs).map(|(&a, &b)| relative(a, b)).fold(0.0, largest);
        assert!(off(&theirs) <= 1e-6, "{name} {steps}: {:e}", off(&theirs));
        worst = largest(worst, off(&theirs));
        if let Some(package) = entry.get("package") {
            assert!(off(&numbers(package)) <= 1e-3, "{name} {steps}: {:e}", off(&numbers(package)));
            worst_f32 = largest(worst_f32, off(&numbers(package)));
        }
        if entry["range"] == "sd" && entry["source"] == "diffusers EulerDiscreteScheduler" {
            let plan = Plan::from_sigmas(&ModelSchedule::Discrete(sd()), &theirs).unwrap();
            for (ours, theirs) in plan.timesteps().iter().zip(numbers(&entry["timesteps_exact"])) {
                worst_timestep = largest(worst_timestep, (ours - theirs).abs());
            }
        }
    }
    println!("σ within {worst:.1e}, of the packages' f32 {worst_f32:.1e}; timesteps within {worst_timestep:.1e}");
    assert!(worst_timestep < 1e-3);
}

#[test]
fn flow_times_are_those_of_diffusers() {
    for entry in golden_json("spacings.json")["flow"].as_array().unwrap() {
        let steps = usize::try_from(entry["n"].as_u64().unwrap()).unwrap();
        let given = entry.get("shift").and_then(Value::as_f64);
        let shift = given.unwrap_or_else(|| entry["mu"].as_f64().unwrap().exp());
        let model = ModelSchedule::Flow { num_train_timesteps: 1000, shift };
        let request = |source| PlanRequest {
            source,
            steps,
            convention: SpacingConvention::Euler,
            steps_offset: 0,
            final_level: FinalLevel::Clean,
        };
        let close = |plan: &Plan, key: &str| {
            for (level, s) in plan.levels().iter().zip(numbers(&entry[key])) {
                assert!((level.flow_time() - s).abs() < 1e-12, "{key} {shift} {steps}: {} {s}", level.flow_time());
            }
        };
        let once = request(PlanSource::Family(SigmaFamily::FlowShift { shift })).plan(&model).unwrap();
        close(&once, "sigmas_shifted_once");
        if given.is_some() {
            let linspace = request(PlanSource::Spacing(Spacing::Linspace)).plan(&model).unwrap();
            close(&linspace, "sigmas");
            for (ours, theirs) in linspace.timesteps().iter().zip(numbers(&entry["timesteps"])) {
                assert!((ours - theirs).abs() < 1e-3);
            }
        }
    }
}
