//! `info --check` on every bundled and golden model: right on each, and on each with other words set.
#![allow(clippy::cast_sign_loss, clippy::unwrap_used)]

mod common;
mod support;

use chromascope::denoiser::CancelFlag;
use chromascope::model::package::Package;
use chromascope::session::convention_check::{Figures, Means, Report, Verdict, check, judge};
use chromascope::session::prepare::{OpenModel, Probe};
use chromascope::session::settings::{ModelSource, ProviderChoice, RunSettings};
use chromascope::theory::{Parameterization, Prediction};
use common::faults::assert_documented;
use common::program;
use ndarray::Array3;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn bundled(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/models").join(name)
}

/// The check of a model as its files have it; `None` if it needs inputs that only its user has.
fn checked_alone(model: &Path) -> Option<(Parameterization, Report)> {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = RunSettings::new(ModelSource::Model(model.display().to_string()));
    settings.provider = ProviderChoice::Cpu;
    if model.ends_with("hidden-states") || model.ends_with("hidden-states-f16") {
        let file = folder.path().join("h.npy");
        ndarray_npy::write_npy(&file, &Array3::<f32>::zeros([1, 7, 8])).unwrap();
        settings.hidden_states = Some(file);
    }
    let model = OpenModel::open(Package::read(model).unwrap(), &settings, None).unwrap();
    let truth = model.convention.parameterization().unwrap();
    let mut probe = match Probe::new(&model, &settings, CancelFlag::default()) {
        Err(_) if NEED_INPUTS.iter().any(|name| model.package.name == *name) => return None,
        probe => probe.unwrap(),
    };
    let report = check(&mut probe, Some(truth), &Means::default(), &mut |_, _| true).unwrap();
    Some((truth, report))
}

/// Golden models with inputs that have no default.
const NEED_INPUTS: [&str; 4] = ["concat", "inputs", "inputs-arrays", "inputs-labels"];

fn checked(model: &Path) -> (Parameterization, Report) {
    checked_alone(model).unwrap()
}

/// The conventions with all figures but the true one: the usual ones, and those one word off.
fn wrong(truth: Parameterization, report: &Report) -> impl Iterator<Item = &Figures> {
    report.figures.iter().filter(move |of| of.words != truth && (of.images.is_some() || of.words.state == truth.state))
}

/// A trained or exact model: its words fit, and any other prediction is a warning that names the right one.
#[track_caller]
fn is_recognised(model: &str) {
    let (truth, report) = checked(&bundled(model));
    assert!(matches!(report.verdict, Verdict::Fits(_)), "{model}: {:?} {:?}", report.verdict, report.figures[0]);
    for of in wrong(truth, &report) {
        let verdict = judge(Some(of.words), &report.figures);
        match &verdict {
            Verdict::DoesNotFit(fits) => assert!(fits.contains(&truth), "{model} as {:?}: {verdict:?}", of.words),
            Verdict::Fits(_) | Verdict::CannotTell(_) => {
                assert_eq!(of.words.prediction, truth.prediction, "{model}: {of:?} {verdict:?}");
            }
            Verdict::Suggests(_) => panic!("{model}: {verdict:?}"),
        }
        if of.words.state == truth.state && of.words.time == truth.time {
            let Verdict::DoesNotFit(fits) = &verdict else { panic!("{model} as {:?}: {verdict:?}", of.words) };
            assert_eq!(fits[0], truth, "{model} as {:?}: {verdict:?}", of.words);
        }
    }
}

#[test]
fn the_unet_is_recognised() {
    is_recognised("emoji-unet");
}

#[test]
fn the_exact_models_are_recognised() {
    is_recognised("gaussian-64");
    is_recognised("emoji-exact-64");
}

#[test]
fn the_stages_of_the_cascade_are_recognised() {
    is_recognised("emoji-cascade/coarse-32");
    is_recognised("emoji-cascade/detail-64");
}

/// The golden models are hardly denoisers: their words are never contradicted, and a warning about others names them.
#[test]
fn no_golden_model_gives_a_false_alarm() {
    let mut count = 0;
    for entry in std::fs::read_dir(support::golden("models")).unwrap() {
        let folder = entry.unwrap().path();
        // Not denoisers: the noise of one is off by a quarter, and the others add up their inputs, so that no words fit.
        let is_off = folder.ends_with("weight-in-branch") || NEED_INPUTS.iter().any(|name| folder.ends_with(name));
        if is_off || !folder.join("scheduler_config.json").exists() {
            continue;
        }
        let Some((truth, report)) = checked_alone(&folder) else { continue };
        count += 1;
        assert!(!report.is_warning(), "{}: {:?} {:?}", folder.display(), report.verdict, report.figures[0]);
        let (mut caught, mut all) = (0, 0);
        for of in wrong(truth, &report) {
            all += 1;
            if let Verdict::DoesNotFit(fits) = judge(Some(of.words), &report.figures) {
                assert!(fits.contains(&truth), "{} as {:?}: {fits:?}", folder.display(), of.words);
                caught += 1;
            }
        }
        assert!(3 * caught >= all, "{}: {caught} of {all}", folder.display());
    }
    assert!(count >= 18, "{count} models");
}

#[test]
fn the_command_line_warns_of_a_wrong_prediction_and_tells_the_figures() {
    let check = |arguments: &[&str]| {
        let output = program().args(["info", "gaussian-64", "--check"]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (text, quiet) = check(&[]);
    assert!(text.contains("Check         the network fits vp, index, sample"), "{text}");
    assert!(!quiet.contains("fit"), "{quiet}");
    let (json, said) = check(&["--json", "--prediction", "epsilon"]);
    let said = said.lines().last().unwrap().trim_start_matches("chromascope: ").to_owned();
    assert_documented(
        &said,
        "convention_check::the_command_line_warns_of_a_wrong_prediction_and_tells_the_figures",
        &[],
    );
    let facts: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&facts["check"]["verdict"], &facts["prediction"]), (&"does_not_fit".into(), &"epsilon".into()));
    assert_eq!(facts["check"]["fits"][0]["prediction"], "sample");
    assert_eq!(facts["check"]["figures"].as_array().unwrap().len(), 144);
}

#[test]
fn an_image_takes_the_place_of_the_networks_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("image.png");
    let wave = |at: u32, period: f64| (f64::from(at) * std::f64::consts::TAU / period).sin();
    let picture = image::RgbImage::from_fn(64, 64, |x, y| {
        let of = |phase: u32| (127.5 + 60.0 * (wave(x + phase, 64.0) + wave(y, 32.0))) as u8;
        image::Rgb([of(0), of(9), of(21)])
    });
    picture.save(&file).unwrap();
    let image = file.to_str().unwrap();
    let output = program()
        .args(["info", "gaussian-64", "--check", "--json", "--image", image, "--prediction", "v_prediction"])
        .output()
        .unwrap();
    let facts: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(facts["check"]["images_from"], "file");
    assert_eq!(facts["check"]["verdict"], "does_not_fit", "{}", facts["check"]["figures"][0]);
    let fits = facts["check"]["fits"].as_array().unwrap();
    assert!(fits.iter().any(|words| words["prediction"] == Prediction::Sample.name()), "{fits:?}");
}
