//! Runs and exports by configurations as other people write them.
#![allow(clippy::unwrap_used)]

mod common;

use chromascope::schedule::{ModelSchedule, PlanSource};
use chromascope::theory::NoiseLevel;
use ndarray::{Array1, Array5};
use ndarray_npy::NpzReader;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The scheduler of Stable Video Diffusion.
const VIDEO: &str = r#"{"_class_name": "EulerDiscreteScheduler", "beta_start": 0.00085, "beta_end": 0.012,
    "beta_schedule": "scaled_linear", "prediction_type": "v_prediction", "timestep_spacing": "leading",
    "timestep_type": "continuous", "use_karras_sigmas": true, "sigma_min": 0.002, "sigma_max": 700.0}"#;
const HEUN: &str = r#"{"_class_name": "HeunDiscreteScheduler", "beta_start": 0.00085, "beta_end": 0.012,
    "beta_schedule": "scaled_linear", "timestep_spacing": "trailing", "clip_sample": true, "clip_sample_range": 0.8}"#;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, text: &str) -> PathBuf {
        let path = self.0.path().join("scheduler_config.json");
        fs::write(&path, text).unwrap();
        path
    }

    /// What is written to stdout and to stderr.
    fn run(&self, command: &str, config: &str, arguments: &[&str]) -> (String, String) {
        let option = if command == "sample" { "--scheduler-config" } else { "--config" };
        let mut program = common::program();
        program.current_dir(self.0.path()).arg(command).args(arguments).arg(option).arg(self.write(config));
        let output = program.assert().success().get_output().clone();
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).into()
    }

    /// The notes of a run of a test model.
    fn sample(&self, model: &str, config: &str, arguments: &[&str]) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/models").join(model);
        let all = [&["--model", path.to_str().unwrap(), "--threads", "1", "--out", "out"], arguments].concat();
        self.run("sample", config, &all).1
    }

    fn archive(&self) -> NpzReader<File> {
        NpzReader::new(File::open(self.0.path().join("out/trajectory.npz")).unwrap()).unwrap()
    }
}

fn column(table: &str, name: &str) -> Vec<f64> {
    let mut lines = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let at = lines.next().unwrap().iter().position(|title| *title == name).unwrap();
    lines.map(|cells| cells[at].parse().unwrap_or(f64::NAN)).collect()
}

#[track_caller]
fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?}");
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 5e-4), "{found:?}");
}

#[test]
fn a_network_with_continuous_timesteps_is_fed_those_of_its_range() {
    let place = Place::new();
    // The test network takes no negative numbers.
    let notes = place.sample("t-f32-scalar", &VIDEO.replace("0.002", "1.5"), &["--steps", "10"]);
    assert!(!notes.contains("outside") && !notes.contains("timestep of the step before"), "{notes}");
    let fed: Array1<f64> = place.archive().by_name("timestep").unwrap();
    // ¼ ln 700 and ¼ ln 1.5
    close(&[fed[0], fed[9]], &[1.6378, 0.1014]);

    let (table, _) = place.run("schedule", VIDEO, &["--steps", "4"]);
    close(&column(&table, "timestep")[..4], &[1.638, 1.064, 0.205, -1.554]);
    let (explained, _) = place.run("schedule", VIDEO, &["--steps", "4", "--explain"]);
    assert!(explained.contains("feeds c-noise, ¼ ln σ = 1.6378"), "{explained}");
    // Without a range of its own the σ are those of the table.
    let table_range = VIDEO.replace(r#", "use_karras_sigmas": true, "sigma_min": 0.002, "sigma_max": 700.0"#, "");
    let (table, _) = place.run("schedule", &table_range, &["--steps", "4"]);
    let sigmas = column(&table, "sigma");
    let quarter: Vec<f64> = sigmas[..4].iter().map(|sigma| 0.25 * sigma.ln()).collect();
    close(&column(&table, "timestep")[..4], &quarter);
}

#[test]
fn heun_steps_with_clipped_images_as_in_diffusers() {
    let place = Place::new();
    let notes = place.sample("t-f32-scalar", HEUN, &["--steps", "10"]);
    assert!(!notes.contains("not clipped") && notes.contains("estimated images clipped to ±0.8"), "{notes}");
    let states: Array5<f32> = place.archive().by_name("x_t").unwrap();
    let images: Array5<f32> = place.archive().by_name("x0").unwrap();
    let largest =
        |of: &Array5<f32>| of.outer_iter().next_back().unwrap().iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    assert!((largest(&images) - 0.8).abs() < 1e-6, "something is clipped: {}", largest(&images));
    assert!((largest(&states) - 0.8).abs() < 1e-6, "{}", largest(&states));
}

#[test]
fn a_family_that_does_not_begin_at_pure_noise_is_told_on_a_flow_model() {
    let flow = r#"{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}"#;
    let place = Place::new();
    let words = "but a flow model starts from pure noise";
    let (_, notes) = place.run("schedule", flow, &["--family", "karras", "--steps", "4", "--for", "comfyui"]);
    assert!(notes.contains("karras starts at flow time 0.93596") && notes.contains(words), "{notes}");
    let (_, notes) = place.run("schedule", flow, &["--spacing", "karras", "--steps", "4"]);
    assert!(notes.contains("karras starts at flow time 0.99976"), "{notes}");
    for arguments in [&["--steps", "4"][..], &["--family", "flow", "--steps", "4"]] {
        let (_, notes) = place.run("schedule", flow, arguments);
        assert!(!notes.contains(words), "{notes}");
    }
    let model = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
    let family: PlanSource = "karras".parse().unwrap();
    assert_eq!(family.start_note(&model, NoiseLevel::from_flow_time(1.0)), None);
}

/// The arguments of the scheduler in a snippet.
fn arguments(snippet: &str) -> Vec<&str> {
    let made = snippet.split_once("scheduler = ").unwrap().1.split_once("\n)").unwrap().0;
    made.lines().skip(1).map(|line| line.trim().trim_end_matches(',')).collect()
}

#[test]
fn a_snippet_keeps_the_class_and_its_options() {
    let place = Place::new();
    let (video, notes) = place.run("schedule", VIDEO, &["--steps", "4", "--for", "python"]);
    assert!(video.contains("scheduler = EulerDiscreteScheduler(") && !notes.contains("replaces"), "{video}");
    for kept in ["timestep_type=\"continuous\"", "use_karras_sigmas=True", "sigma_max=700.0"] {
        assert!(arguments(&video).contains(&kept), "{video}");
    }
    let solver = r#"{"_class_name": "DPMSolverMultistepScheduler", "beta_start": 0.00085, "beta_end": 0.012,
        "beta_schedule": "scaled_linear", "use_karras_sigmas": true, "thresholding": true, "solver_order": 3}"#;
    let (own, notes) = place.run("schedule", solver, &["--steps", "4", "--for", "python"]);
    assert!(own.contains("from diffusers import DPMSolverMultistepScheduler\n"), "{own}");
    assert!(own.contains("scheduler.set_timesteps(4)") && !notes.contains("replaces"), "{own}");
    for kept in ["use_karras_sigmas=True", "thresholding=True", "solver_order=3"] {
        assert!(arguments(&own).contains(&kept), "{own}");
    }
    // Other timesteps of its table.
    let (given, _) = place.run("schedule", solver, &["--steps", "4", "--spacing", "trailing", "--for", "python"]);
    assert!(given.contains("scheduler.set_timesteps(timesteps=[999, 749, 499, 249])"), "{given}");
    assert!(!arguments(&given).contains(&"use_karras_sigmas=True"), "{given}");
    // Levels that it cannot be given.
    let (other, notes) = place.run("schedule", solver, &["--family", "exponential", "--steps", "4", "--for", "python"]);
    let words = "EulerDiscreteScheduler replaces DPMSolverMultistepScheduler";
    assert!(
        other.contains(words) && notes.contains(words) && notes.contains("solver_order and thresholding"),
        "{notes}"
    );
}

#[test]
fn sampler_and_options_of_a_configuration_are_said() {
    let (_, notes) = Place::new().run("schedule", HEUN, &["--steps", "4"]);
    let said = "HeunDiscreteScheduler asks for the sampler heun, with clip_sample true, clip_sample_range 0.8";
    assert!(notes.contains(said), "{notes}");
    let ddpm = r#"{"_class_name": "DDPMScheduler", "clip_sample": true}"#;
    let (_, notes_of_ddpm) = Place::new().run("schedule", ddpm, &["--steps", "4"]);
    let ddim = r#"{"_class_name": "DDIMScheduler", "clip_sample": false}"#;
    let notes = Place::new().sample("t-f32-scalar", ddim, &["--steps", "2"]);
    assert!(notes.contains("sampler: ddim"), "{notes}");
    assert!(
        notes_of_ddpm.contains("the sampler ddpm, with clip_sample true, variance_type fixed_small"),
        "{notes_of_ddpm}"
    );
}
