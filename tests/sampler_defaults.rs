//! Every sampler with all defaults, on the exact models: with 20 and with 50 steps none may end far from the result of many
//! steps. docs/sampling.md has the same measurements on all bundled models.
#![allow(clippy::unwrap_used)]

use chromascope::denoiser::gaussian::power_law_spectrum;
use chromascope::session::prepare::{Keeping, Model};
use chromascope::session::settings::{ModelSource, ProviderChoice};
use chromascope::session::{FarOut, RunSettings, SamplerKind};
use chromascope::spectrum::Rapsd;
use ndarray::Array4;

fn settings(model: &str, sampler: SamplerKind, steps: usize) -> RunSettings {
    RunSettings {
        sampler: sampler.into(),
        steps,
        seed: 4,
        provider: ProviderChoice::Rust,
        ..RunSettings::new(ModelSource::Model(model.into()))
    }
}

fn open(model: &str) -> Model {
    Model::open(&settings(model, SamplerKind::Ddim, 1), None, &|_, _| true).unwrap()
}

/// The final images of a run, which must be within the range of the model's images.
fn result(model: &Model, settings: &RunSettings) -> Array4<f32> {
    let mut prepared = model.prepare(settings, Keeping::LatestStep).unwrap();
    let mut trajectory = prepared.run.trajectory();
    while prepared.run.step(&mut trajectory).unwrap().is_some() {}
    assert_eq!(FarOut::of_run(&trajectory, &prepared.resolved), None, "{} {}", settings.sampler, settings.steps);
    (*trajectory.state).clone()
}

fn rmse(a: &Array4<f32>, b: &Array4<f32>) -> f64 {
    assert_eq!(a.dim(), b.dim());
    let sum: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum();
    (sum / a.len() as f64).sqrt()
}

/// A second-order run of many steps, with a suitable spacing.
fn fine(model: &Model, of: &RunSettings, steps: usize) -> Array4<f32> {
    let spacing = Some("karras".into());
    result(model, &RunSettings { sampler: SamplerKind::Heun.into(), steps, spacing, ..of.clone() })
}

/// Power of samples over that of the prior: the root mean square of the ratio over the rings with many bins, dB.
fn spectrum_is_off_by(samples: &Array4<f32>) -> f64 {
    let rapsd = Rapsd::new(64, 64).unwrap();
    let spectra = rapsd.samples(samples.view()).unwrap();
    let c = power_law_spectrum(64)[[0, 1]] / 4096.0;
    let squared = rapsd.rings().frequency().iter().enumerate().skip(8).map(|(ring, frequency)| {
        let mean = spectra.iter().map(|spectrum| spectrum[ring]).sum::<f64>() / spectra.len() as f64;
        (10.0 * (mean * frequency.powi(2) / c).log10()).powi(2)
    });
    (squared.sum::<f64>() / (rapsd.rings().len() - 8) as f64).sqrt()
}

/// Closed forms give 0.183 and 0.078 for DDIM and Euler, 0.154 and 0.049 for DPM-Solver++ 2M, 0.060 and 0.008 for Heun.
#[test]
fn no_sampler_left_to_itself_ends_far_from_the_flow_of_a_gaussian() {
    let model = open("gaussian-64");
    let of = |sampler, steps| settings("gaussian-64", sampler, steps);
    let reference = fine(&model, &of(SamplerKind::Heun, 1), 80);
    let mut far = Vec::new();
    for sampler in SamplerKind::ALL {
        // A consistency model's sampler: on any other network it ends at a mean of images.
        if sampler == SamplerKind::Lcm {
            continue;
        }
        for (steps, most, most_db) in [(20, 0.25, 2.0), (50, 0.12, 1.2)] {
            let image = result(&model, &of(sampler, steps));
            let (off, most) = if sampler.method().is_stochastic() {
                (spectrum_is_off_by(&image), most_db)
            } else {
                (rmse(&image, &reference), most)
            };
            // Noise estimates with noise added are the crudest of these over few steps.
            let most = if sampler == SamplerKind::DpmSolver2MSde { 1.5 * most } else { most };
            println!("{sampler} over {steps} steps: {off:.4}");
            if off.is_nan() || off >= most {
                far.push(format!("{sampler} over {steps} steps: {off}, not below {most}"));
            }
        }
    }
    assert!(far.is_empty(), "{far:#?}");
}

/// With the images of one class, runs end in one of them or between two.
#[test]
fn no_sampler_left_to_itself_leaves_the_emoji() {
    let model = open("emoji-exact-64");
    let of = |sampler, steps| RunSettings { label: Some(8), ..settings("emoji-exact-64", sampler, steps) };
    let reference = fine(&model, &of(SamplerKind::Heun, 1), 30);
    for sampler in SamplerKind::ALL {
        let image = result(&model, &of(sampler, 20));
        // Their last step extrapolates the noise of four steps, so it does not end at an estimate.
        let extrapolates = matches!(sampler, SamplerKind::Plms | SamplerKind::Pndm);
        let most = image.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        let allowed = if extrapolates { 3.0 } else { 1.05 };
        assert!(most < allowed, "{sampler}: {most}, where a mean of images lies within ±1");
        if sampler == SamplerKind::Heun {
            let off = rmse(&image, &reference);
            assert!(off < 0.1, "{sampler}: {off}");
        }
    }
}

/// The former default: Heun's method along the model's own timesteps, which still runs by name, with a warning.
#[test]
fn heun_along_the_models_own_timesteps_is_told_to_be_wrong() {
    let model = open("gaussian-64");
    for steps in [20, 50] {
        let own = RunSettings { spacing: Some("trailing".into()), ..settings("gaussian-64", SamplerKind::Heun, steps) };
        let prepared = model.prepare(&own, Keeping::LatestStep).unwrap();
        let told = |notes: &[String]| notes.iter().any(|note| note.contains("heun's steps"));
        assert!(told(&prepared.notes), "{:?}", prepared.notes);
        let open = model.prepare(&settings("gaussian-64", SamplerKind::Heun, steps), Keeping::LatestStep).unwrap();
        assert!(!told(&open.notes), "{:?}", open.notes);
        assert!(open.notes.iter().any(|note| note.starts_with("spacing: karras-capped")), "{:?}", open.notes);
        assert_eq!((open.resolved.spacing.as_str(), prepared.resolved.spacing.as_str()), ("karras-capped", "trailing"));
    }
}
