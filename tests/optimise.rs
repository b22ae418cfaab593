//! Schedules by optimisation, from the command line.
#![allow(clippy::unwrap_used)]

mod common;

use chromascope::optimise::rows;
use chromascope::words::count;
use common::faults::assert_documented;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Four pictures of 16×16 pixels, whose exact posterior mean is a model that needs no library.
fn images(folder: &Path) -> PathBuf {
    let images = folder.join("images");
    std::fs::create_dir(&images).unwrap();
    for n in 0..4_u32 {
        let pixel = |x: u32, y: u32| {
            let wave = |k: u32| u8::try_from((x * k + y * (n + 1) + 40 * n) * 9 % 256).unwrap();
            image::Rgb([wave(1), wave(n + 2), wave(3)])
        };
        image::RgbImage::from_fn(16, 16, pixel).save(images.join(format!("{n}.png"))).unwrap();
    }
    images
}

fn optimise(folder: &Path, images: &Path) -> assert_cmd::Command {
    let mut command = common::program();
    command.current_dir(folder).args(["optimise", "--size", "16x16", "--images"]).arg(images);
    command
}

#[test]
fn a_schedule_is_fitted_written_and_run() {
    let folder = tempfile::tempdir().unwrap();
    let images = images(folder.path());
    let budget = ["--steps", "4", "--seeds", "2", "--measure-seeds", "3", "--evaluations", "5", "--out", "best.json"];
    let told = optimise(folder.path(), &images).args(budget).arg("--json").assert().success();
    let told: Value = serde_json::from_slice(&told.get_output().stdout).unwrap();
    let outcome = &told["outcome"];
    assert_eq!((&told["steps"], &told["sampler"], &told["reference"]), (&4.into(), &"ddim".into(), &"heun-200".into()));
    assert_eq!((&outcome["ended"], &outcome["evaluations"]), (&"evaluations".into(), &5.into()));
    assert_eq!(outcome["fitted"]["seeds"], serde_json::json!([0, 1]));
    assert_eq!(outcome["comparison"]["seeds"], serde_json::json!([2, 3, 4]));
    let sentence = told["sentence"].as_str().unwrap();
    for of in ["before", "after"] {
        let rmse = outcome["comparison"][of]["rmse"].as_f64().unwrap();
        assert!(sentence.contains(&format!("{rmse:.5}")), "{sentence}");
    }
    let error = |of: &Value, what: &str| of[what].as_f64().unwrap();
    assert!(error(&outcome["fitted"], "best") <= error(&outcome["fitted"], "start"));
    assert_eq!(outcome["comparison"]["after"]["by_level"].as_array().unwrap().len(), 5);

    // The window and the other commands read it, and a run visits its levels.
    let file = chromascope::session::schedule_file::read(&folder.path().join("best.json")).unwrap();
    assert_eq!(serde_json::to_value(file.source.drawn().unwrap()).unwrap(), outcome["best"]);
    let sample = ["sample", "--size", "16x16", "--steps", "4", "--schedule", "best.json", "--out", "run", "--images"];
    common::program().current_dir(folder.path()).args(sample).arg(&images).assert().success();

    // The file says for how many steps it is; another number is said to be another.
    let fitted = count(4, "step");
    for (steps, expected, named) in [(&[][..], 4, &[fitted.as_str()][..]), (&["--steps", "6"], 6, &[&fitted, "6"])] {
        let sample = ["sample", "--json", "--size", "16x16", "--schedule", "best.json", "--images"];
        let mut command = common::program();
        command.current_dir(folder.path()).args(sample).arg(&images).args(["--out", "other"]).args(steps);
        let output = command.assert().success().get_output().clone();
        let record: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(record["steps_done"], expected);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.lines().any(|line| named.iter().all(|part| line.contains(part))), "{stderr}");
    }

    // It can be the start of another fit, which then has its points, and the result is a table.
    let again =
        ["--steps", "4", "--seeds", "1", "--measure-seeds", "1", "--evaluations", "2", "--schedule", "best.json"];
    let told = optimise(folder.path(), &images).args(again).args(["--out", "again.json"]).assert().success();
    let text = String::from_utf8(told.get_output().stdout.clone()).unwrap();
    for line in [rows::FIT, rows::TEST, rows::EIGHT_BIT, &rows::level(3), rows::REST, rows::SPECTRUM, "again.json"] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line} is not in\n{text}");
    }
    let points = |name: &str| {
        let file = chromascope::session::schedule_file::read(&folder.path().join(name)).unwrap();
        file.source.drawn().unwrap().points().len()
    };
    assert_eq!((points("best.json"), points("again.json")), (5, 5));
}

#[track_caller]
fn refused(test: &str, arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let images = images(folder.path());
    let told = optimise(folder.path(), &images).args(["--out", "best.json"]).args(arguments).assert().code(1);
    assert_documented(&common::sentence(told.get_output()), &format!("optimise::{test}"), &[]);
    assert!(!folder.path().join("best.json").exists());
}

#[test]
fn a_sampler_that_adds_noise() {
    refused("a_sampler_that_adds_noise", &["--sampler", "euler-ancestral"]);
}

#[test]
fn a_run_of_one_step() {
    refused("a_run_of_one_step", &["--steps", "1"]);
}

#[test]
fn a_curve_of_two_points() {
    refused("a_curve_of_two_points", &["--points", "2"]);
}

#[test]
fn no_schedule_of_that_name() {
    let told = common::program().args(["optimise", "--from", "best", "--out", "best.json"]).assert().code(2);
    let text = String::from_utf8(told.get_output().stderr.clone()).unwrap();
    assert!(["kl-optimal", "vp-linear", "cosine"].iter().all(|name| text.contains(name)), "{text}");
}
