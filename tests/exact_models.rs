//! The exact models: closed forms, and the same answers from ONNX Runtime and from the program's own code.
#![allow(clippy::unwrap_used)]

mod support;

use chromascope::denoiser::gaussian::power_law_spectrum;
use chromascope::denoiser::{Denoised, Denoiser, EmpiricalDenoiser, GaussianDenoiser};
use chromascope::model::SchedulerConfig;
use chromascope::model::exact::ExactModel;
use chromascope::model::onnx::Conditioning;
use chromascope::model::package::Package;
use chromascope::sampler::{Ddim, SeededNoise};
use chromascope::schedule::{ModelSchedule, Spacing, SpacingConvention};
use chromascope::session::Run;
use chromascope::theory::{NoiseLevel, gaussian};
use ndarray::{Array4, Axis, Zip};
use std::f64::consts::TAU;

const SIDE: usize = 64;

fn bundled(name: &str) -> (Package, SchedulerConfig) {
    let package = Package::find(name).unwrap();
    let file = package.scheduler_config.clone().unwrap();
    let (config, warnings) = SchedulerConfig::parse(&std::fs::read_to_string(&file).unwrap(), &file).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    (package, config)
}

fn cosine() -> ModelSchedule {
    bundled("gaussian-64").1.model_schedule().unwrap()
}

fn wave(row: usize, column: usize) -> Array4<f64> {
    Array4::from_shape_fn([1, 3, SIDE, SIDE], |(_, channel, y, x)| {
        let phase = 0.3 + channel as f64;
        (TAU * ((row * y) as f64 + (column * x) as f64) / SIDE as f64 + phase).cos()
    })
}

#[test]
fn the_spectrum_is_the_one_the_card_states() {
    let spectrum = power_law_spectrum(SIDE);
    let card = bundled("gaussian-64").0.folder.join("card.json");
    let card: serde_json::Value = serde_json::from_slice(&std::fs::read(card).unwrap()).unwrap();
    let c = card["exact"]["c"].as_f64().unwrap();
    assert!((spectrum.mean().unwrap() - 1.0).abs() < 1e-12, "mean square 1");
    assert!((spectrum[[0, 1]] - c * 64.0 * 64.0).abs() < 1e-8);
    assert!((spectrum[[0, 0]] - spectrum[[1, 0]]).abs() < 1e-12);
    assert!((spectrum[[63, 62]] - c * 4096.0 / 5.0).abs() < 1e-8);
}

/// A plane wave is only scaled, by the gain at its frequency.
#[test]
fn a_plane_wave_gets_the_gain_of_its_frequency() {
    let spectrum = power_law_spectrum(SIDE);
    let mut model = GaussianDenoiser::new(SIDE, cosine());
    for (row, column) in [(0, 1), (5, 0), (3, 60), (32, 32)] {
        let x_t = wave(row, column);
        for log_snr in [-9.0, -1.0, 3.0] {
            let level = NoiseLevel::from_log_snr(log_snr);
            let mut out = Denoised::zeros([1, 3, SIDE, SIDE]);
            model.denoise(x_t.view(), level, &mut out).unwrap();
            let gain = gaussian::gain(level, spectrum[[row, column]]);
            Zip::from(&out.x0).and(&x_t).for_each(|x0, x| assert!((x0 - gain * x).abs() < 1e-12));
        }
    }
}

/// A whole DDIM run is, at every frequency, a product of known factors.
#[test]
fn a_ddim_run_is_the_linear_recursion_of_the_closed_form() {
    let (_, config) = bundled("gaussian-64");
    let mut request = config.plan_request(50, SpacingConvention::Ddim);
    request.source = chromascope::schedule::PlanSource::Spacing(Spacing::Trailing);
    let plan = request.plan(&config.model_schedule().unwrap()).unwrap();
    let spectrum = power_law_spectrum(SIDE);
    for (row, column) in [(0, 1), (7, 2), (32, 32)] {
        let initial = wave(row, column);
        let noise = SeededNoise { seed: 0, first_sample: 0 };
        let model = support::boxed(GaussianDenoiser::new(SIDE, cosine()));
        let mut run =
            Run::new(model, Box::new(Ddim::new(0.0)), Box::new(noise), plan.levels().to_vec(), initial.clone());
        let mut trajectory = run.trajectory();
        while run.step(&mut trajectory).unwrap().is_some() {}
        let mut factor = 1.0;
        for (step, state) in trajectory.states().enumerate() {
            let largest = (factor * &initial).iter().fold(0.0_f64, |most, x| most.max(x.abs()));
            Zip::from(state).and(&initial).for_each(|x, initial| {
                assert!((f64::from(*x) - factor * initial).abs() < 1e-6 * largest.max(1.0), "step {step}");
            });
            if let [from, to] = plan.levels()[step..].iter().take(2).copied().collect::<Vec<_>>()[..] {
                factor *= gaussian::ddim_factor(from, to, spectrum[[row, column]]);
            }
        }
    }
}

fn assert_twins(name: &str, labels: &[i64], mut ours: Box<dyn Denoiser>) {
    let (package, config) = bundled(name);
    let conditioning = Conditioning { labels: labels.to_vec(), ..Conditioning::default() };
    let mut theirs = support::network(&package.folder, &config, conditioning);
    let shape = [labels.len().max(2), 3, SIDE, SIDE];
    let x_t = SeededNoise { seed: 5, first_sample: 0 }.initial(shape);
    let (mut a, mut b) = (Denoised::zeros(shape), Denoised::zeros(shape));
    let schedule = config.model_schedule().unwrap();
    for timestep in [999.0, 800.5, 400.0, 50.25, 1.0] {
        let level = schedule.level_at(timestep);
        // A possible state at this level: the last estimate with noise.
        let (image, noise) = (level.sqrt_alpha_bar(), level.sqrt_one_minus_alpha_bar());
        let state = if timestep > 998.0 { x_t.clone() } else { image * &a.x0 + noise * &x_t };
        ours.denoise(state.view(), level, &mut a).unwrap();
        theirs.denoise(state.view(), level, &mut b).unwrap();
        assert!((a.timestep - b.timestep).abs() < 1e-3);
        for sample in 0..shape[0] {
            let (a, b) = (a.x0.index_axis(Axis(0), sample), b.x0.index_axis(Axis(0), sample));
            let error = a.iter().zip(b).fold(0.0_f64, |error, (a, b)| error.max((a - b).abs()));
            assert!(error < 2e-5, "{name} sample {sample} at t = {timestep}: {error:.1e}");
        }
    }
}

#[test]
fn gaussian_64_is_the_same_from_onnx_runtime_and_from_rust() {
    assert_twins("gaussian-64", &[], Box::new(GaussianDenoiser::new(SIDE, cosine())));
}

#[test]
fn emoji_exact_64_is_the_same_from_onnx_runtime_and_from_rust() {
    let (package, _) = bundled("emoji-exact-64");
    let exact = package.card.as_ref().unwrap().exact.as_ref().unwrap();
    let ExactModel::Empirical(images) = ExactModel::read(exact, &package).unwrap() else { panic!("not empirical") };
    assert!((1700..2200).contains(&images.len()), "{} images", images.len());
    let classes = vec![None, Some(3)];
    assert_twins("emoji-exact-64", &[9, 3], Box::new(EmpiricalDenoiser::new(images, cosine(), classes)));
}

#[test]
fn the_bundled_models_stay_within_their_budget() {
    let folder = Package::find("gaussian-64").unwrap().folder;
    let mut bytes = 0;
    for model in std::fs::read_dir(folder.parent().unwrap()).unwrap() {
        for file in std::fs::read_dir(model.unwrap().path()).unwrap() {
            bytes += file.unwrap().metadata().unwrap().len();
        }
    }
    assert!(bytes < 48_000_000, "{bytes} bytes in assets/models");
}
