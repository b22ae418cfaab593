//! Guidance, classes by level, upsample guidance and cascades against plain numpy (`tools/golden/guidance.py`).
#![allow(clippy::unwrap_used)]

mod support;

use chromascope::denoiser::guided::{ByLevel, GuidanceScale, Guided, LevelMode, LevelPrompt, Prompt, RunTime};
use chromascope::denoiser::{Cascade, ClassDenoiser, Denoised, Denoiser, OfClass, Upsample, Upsampled};
use chromascope::model::SchedulerConfig;
use chromascope::model::onnx::{Conditioning, OnnxDenoiser};
use chromascope::theory::NoiseLevel;
use ndarray::{Array1, Array4, Array5, Axis};
use std::path::Path;

const TOLERANCE: f64 = 1e-5;
const NULL: i64 = 0;

fn config() -> SchedulerConfig {
    let text = std::fs::read_to_string(support::test_model("tiny-eps").join("scheduler_config.json")).unwrap();
    SchedulerConfig::parse(&text, Path::new("scheduler_config.json")).unwrap().0
}

fn network(name: &str) -> OnnxDenoiser {
    let conditioning = Conditioning { labels: vec![2], ..Conditioning::default() };
    support::network(&support::test_model(name), &config(), conditioning)
}

/// Without a run, as the golden scales are constant.
fn guided<D: ClassDenoiser>(inner: D, prompt: Prompt, w: f64) -> Guided<D> {
    let run = [-9.0, 9.0].map(NoiseLevel::from_log_snr);
    Guided::new(inner, prompt, GuidanceScale::Constant(w), NULL, RunTime::of(&run))
}

fn by_level(labels: &[i64], mode: LevelMode) -> Prompt {
    let choice = ByLevel { labels: labels.to_vec(), mode, factor: 2 };
    Prompt::ByLevel(LevelPrompt::new(choice, (16, 16)).unwrap())
}

fn case(name: &str, mut denoiser: impl Denoiser) {
    let mut golden = support::npz("guidance.npz");
    let x: Array4<f32> = golden.by_name("x").unwrap();
    let x = x.mapv(f64::from);
    let log_snr: Array1<f64> = golden.by_name("log_snr").unwrap();
    let expected: [Array5<f32>; 2] = ["x0", "eps"].map(|what| golden.by_name(&format!("{name}_{what}")).unwrap());
    let mut out = Denoised::zeros(x.dim().into());
    for (index, &log_snr) in log_snr.iter().enumerate() {
        denoiser.denoise(x.view(), NoiseLevel::from_log_snr(log_snr), &mut out).unwrap();
        for (expected, ours) in expected.iter().zip([&out.x0, &out.eps]) {
            let expected = expected.index_axis(Axis(0), index);
            let range = expected.iter().fold(0.0_f64, |most, &value| most.max(f64::from(value).abs()));
            for (theirs, ours) in expected.iter().zip(ours) {
                let off = (f64::from(*theirs) - ours).abs();
                assert!(off <= TOLERANCE * range.max(1.0), "{name} at λ = {log_snr}: {ours} where numpy has {theirs}");
            }
        }
    }
}

#[test]
fn guidance() {
    case("guided", guided(network("class-labels"), Prompt::Class(3), 4.5));
}

#[test]
fn classes_by_resolution() {
    case("blend", guided(network("class-labels"), by_level(&[1, 3, 3, 2], LevelMode::Blend), 2.5));
    case("switch", guided(network("class-labels"), by_level(&[1, 3, 2], LevelMode::Switch), 2.5));
    case("band", guided(network("class-labels"), by_level(&[1, 3, 2], LevelMode::Band), 2.5));
}

#[test]
fn upsample_guidance() {
    let schedule = config().model_schedule().unwrap();
    let mild = Upsample { theta: 0.8, ..Upsample::by(2) };
    case("upsample", OfClass::new(Upsampled::new(network("tiny-eps"), mild, schedule.clone()), None));
    let upsampled = Upsampled::new(network("class-labels"), Upsample::by(2), schedule);
    case("upsample_guided", guided(upsampled, Prompt::Class(3), 4.5));
}

#[test]
fn a_cascade() {
    let cascade = Cascade::new(Box::new(network("tiny-eps")), 1, Box::new(network("class-labels")), 2);
    case("cascade", OfClass::new(cascade, Some(2)));
}
