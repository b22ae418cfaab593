//! Every sampler with its default spacing, at 20 and 50 steps, against a fine run on the bundled models: the tables of
//! docs/sampling.md. `cargo bench --bench samplers [-- MODEL…]`
//!
//! Samplers that add no noise of their own are held against the fine run from the same noise, all of them by the mean power
//! spectrum of their samples.
#![allow(clippy::unwrap_used)]

use chromascope::model::onnx_runtime::forbid_telemetry;
use chromascope::session::prepare::{Keeping, Model};
use chromascope::session::settings::{ModelSource, ProviderChoice};
use chromascope::session::{FarOut, RunSettings, SamplerKind};
use chromascope::spectrum::Rapsd;
use ndarray::{Array4, Axis, concatenate, s};
use std::time::Instant;

const MODELS: [&str; 4] = ["gaussian-64", "emoji-exact-64", "emoji-unet", "emoji-cascade"];
const STEPS: [usize; 2] = [20, 50];
const BATCH: usize = 8;
/// What stands beside the defaults: the model's own spacing for Heun's method, and Heun's for another of second order.
const BESIDE: [(SamplerKind, &str); 2] =
    [(SamplerKind::Heun, "trailing"), (SamplerKind::DpmSolverPp2M, "karras-capped")];

/// Samples and steps of the fine run.
fn size_of(model: &str) -> (usize, usize) {
    match model {
        "gaussian-64" => (64, 400),
        "emoji-exact-64" => (64, 200),
        _ => (32, 100),
    }
}

struct Made {
    images: Array4<f32>,
    spacing: String,
    far_out: usize,
}

fn make(model: &Model, settings: &RunSettings, samples: usize) -> Made {
    let mut made = Made { images: Array4::zeros([0, 3, 64, 64]), spacing: String::new(), far_out: 0 };
    for first in (0..samples).step_by(BATCH) {
        let settings =
            RunSettings { batch: BATCH.min(samples - first), first_sample: first as u64, ..settings.clone() };
        let mut prepared = model.prepare(&settings, Keeping::LatestStep).unwrap();
        let mut trajectory = prepared.run.trajectory();
        while prepared.run.step(&mut trajectory).unwrap().is_some() {}
        made.far_out += FarOut::of_run(&trajectory, &prepared.resolved).map_or(0, |far_out| far_out.samples.len());
        made.images = concatenate(Axis(0), &[made.images.view(), trajectory.state.view()]).unwrap();
        made.spacing = prepared.resolved.spacing;
    }
    made
}

fn rms(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value * value, count + 1.0));
    f64::sqrt(sum / count)
}

/// RMS over the rings, dB, of the ratio of two ensembles' mean spectra; ring 0 is the mean of the image.
fn decibels(a: &[f64], b: &[f64]) -> f64 {
    rms(a.iter().zip(b).skip(1).map(|(a, b)| 10.0 * (a / b).log10()))
}

fn spectrum(images: &Array4<f32>) -> Vec<f64> {
    let spectra = Rapsd::new(64, 64).unwrap().samples(images.view()).unwrap();
    let rings = spectra[0].len();
    (0..rings).map(|ring| spectra.iter().map(|one| one[ring]).sum::<f64>() / spectra.len() as f64).collect()
}

fn table(name: &str) {
    let (samples, fine_steps) = size_of(name);
    let exact = matches!(name, "gaussian-64" | "emoji-exact-64");
    let open = RunSettings {
        provider: if exact { ProviderChoice::Rust } else { ProviderChoice::Cpu },
        ..RunSettings::new(ModelSource::Model(name.into()))
    };
    let began = Instant::now();
    let model = Model::open(&open, None, &|_, _| true).unwrap();
    let karras = Some("karras".to_owned());
    let of = |sampler, steps, spacing: Option<String>| RunSettings { sampler, steps, spacing, ..open.clone() };
    let fine = make(&model, &of(SamplerKind::Heun, fine_steps, karras.clone()), samples);
    let half = samples / 2;
    let halves = [fine.images.slice(s![..half, .., .., ..]), fine.images.slice(s![half.., .., .., ..])]
        .map(|half| spectrum(&half.to_owned()));
    let reference = spectrum(&fine.images);
    println!(
        "\n`{name}`: {samples} samples; the fine run is Heun's method over {fine_steps} steps of `karras`. The spectra of its two \
         halves are {:.2} dB apart.\n",
        decibels(&halves[0], &halves[1])
    );
    println!("| sampler | spacing | RMSE, 20 steps | 50 steps | spectrum off, 20 steps | 50 steps | far out |");
    println!("|---|---|---|---|---|---|---|");
    let defaults = SamplerKind::ALL.map(|(sampler, _)| (sampler, None));
    for (sampler, spacing) in
        defaults.into_iter().chain(BESIDE.map(|(sampler, spacing)| (sampler, Some(spacing.to_owned()))))
    {
        let by_name = spacing.is_some();
        let made = STEPS.map(|steps| make(&model, &of(sampler, steps, spacing.clone()), samples));
        let stochastic = of(sampler, 1, None).injects_noise();
        let rmse = |made: &Made| {
            if stochastic {
                return "–".to_owned();
            }
            let apart = made.images.iter().zip(&fine.images).map(|(a, b)| f64::from(a - b));
            format!("{:.3}", rms(apart))
        };
        let off = |made: &Made| format!("{:.2} dB", decibels(&spectrum(&made.images), &reference));
        let far_out: usize = made.iter().map(|made| made.far_out).sum();
        println!(
            "| {sampler} | {}{} | {} | {} | {} | {} | {far_out} of {} |",
            made[0].spacing,
            if by_name { ", chosen" } else { "" },
            rmse(&made[0]),
            rmse(&made[1]),
            off(&made[0]),
            off(&made[1]),
            2 * samples,
        );
    }
    eprintln!("{name}: {:.0} s", began.elapsed().as_secs_f64());
}

fn main() {
    forbid_telemetry();
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for name in MODELS.into_iter().filter(|name| asked.is_empty() || asked.iter().any(|asked| asked == name)) {
        table(name);
    }
}
