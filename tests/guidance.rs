//! Guidance, classes by level and over time, upsample guidance and cascades from the command line.
#![allow(clippy::unwrap_used)]

mod common;

use ndarray::{Array5, Axis};
use ndarray_npy::NpzReader;
use std::fs::File;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/models")
}

struct Outcome(TempDir);

impl Outcome {
    fn array(&self, name: &str) -> Array5<f32> {
        NpzReader::new(File::open(self.0.path().join("out/trajectory.npz")).unwrap()).unwrap().by_name(name).unwrap()
    }

    fn arrays(&self) -> [Array5<f32>; 3] {
        ["x_t", "x0", "eps"].map(|name| self.array(name))
    }

    fn names(&self) -> Vec<String> {
        let mut npz = NpzReader::new(File::open(self.0.path().join("out/trajectory.npz")).unwrap()).unwrap();
        npz.names().unwrap()
    }

    fn record(&self) -> PathBuf {
        self.0.path().join("out/trajectory.json")
    }
}

#[track_caller]
fn sample(arguments: &[&str]) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let mut command = common::program();
    command.arg("sample").args(arguments).arg("--out").arg(folder.path().join("out")).assert().success();
    Outcome(folder)
}

#[track_caller]
fn of(model: &str, arguments: &[&str]) -> Outcome {
    let model = models().join(model);
    sample(&[&["--model", model.to_str().unwrap(), "--threads", "1", "--steps", "6"], arguments].concat())
}

/// A cascade of the tiny model with itself, with its coarse stage declared half as large.
fn cascade(folder: &Path) {
    for (name, side) in [("coarse", 8), ("fine", 16)] {
        let (from, to) = (models().join("class-labels"), folder.join(name));
        std::fs::create_dir(&to).unwrap();
        for file in ["model.onnx", "scheduler_config.json"] {
            std::fs::copy(from.join(file), to.join(file)).unwrap();
        }
        let mut config: serde_json::Value =
            serde_json::from_slice(&std::fs::read(from.join("config.json")).unwrap()).unwrap();
        config["sample_size"] = side.into();
        std::fs::write(to.join("config.json"), config.to_string()).unwrap();
    }
    std::fs::write(folder.join("cascade.json"), r#"{"stages": ["coarse", "fine"]}"#).unwrap();
}

#[test]
fn neutral_choices_are_the_plain_run_bit_for_bit() {
    let plain = of("class-labels", &["--label", "2", "--batch", "2"]);
    for neutral in [
        &["--label", "2", "--guidance", "1"][..],
        &["--labels-by-level", "2,2,2", "--by-level", "blend"],
        &["--labels-by-level", "2,2,2", "--by-level", "switch"],
        &["--label", "[2:2:0.5]"],
    ] {
        let other = of("class-labels", &[neutral, &["--batch", "2"]].concat());
        assert_eq!(other.arrays(), plain.arrays(), "{neutral:?}");
    }
    let none = of("class-labels", &["--null-label", "0"]);
    let unguided = of("class-labels", &["--label", "2", "--guidance", "0", "--null-label", "0"]);
    assert_eq!(unguided.arrays(), none.arrays());
    let large = of("tiny-eps", &["--size", "32x32"]);
    let without = of("tiny-eps", &["--upsample-guidance", "2", "--theta", "0"]);
    assert_eq!(without.arrays(), large.arrays(), "the default size is twice the trained one");
}

#[test]
fn a_record_repeats_them_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let curve = folder.path().join("w.csv");
    std::fs::write(&curve, "s,w\n1,0\n0.5,4\n0,1\n").unwrap();
    let stages = folder.path().join("cascade");
    std::fs::create_dir(&stages).unwrap();
    cascade(&stages);
    let stages = stages.to_str().unwrap();
    let curve_path = curve.to_str().unwrap();
    let common = ["--threads", "1", "--steps", "6", "--batch", "3"];
    let class_labels = models().join("class-labels");
    let model = ["--model", class_labels.to_str().unwrap()];
    let runs: [Vec<&str>; 6] = [
        [&model[..], &["--label", "2", "--guidance", "3.5"]].concat(),
        [&model[..], &["--label", "[1:3:0.5]", "--guidance", curve_path, "--sampler", "heun", "--spacing", "karras"]]
            .concat(),
        [&model[..], &["--labels-by-level", "1,2,3", "--by-level", "band", "--guidance", "2"]].concat(),
        [&model[..], &["--labels-by-level", "1,3", "--guidance", "2", "--partition", "2"]].concat(),
        [&model[..], &["--label", "1", "--guidance", "2", "--upsample-guidance", "2", "--upsample-eta", "0.5"]]
            .concat(),
        vec!["--cascade", stages, "--label", "2", "--guidance", "1.5"],
    ];
    for run in runs {
        let first = sample(&[&run[..], &common].concat());
        // The record alone is enough.
        std::fs::remove_file(&curve).ok();
        let again = sample(&["--replay", first.record().to_str().unwrap()]);
        assert_eq!(again.arrays(), first.arrays(), "{run:?}");
        assert_eq!(again.names(), first.names());
        std::fs::write(&curve, "s,w\n1,0\n0.5,4\n0,1\n").unwrap();
    }
}

/// Rows may go from noise to image, like tables of this program, or the other way.
#[test]
fn a_jump_in_the_scale_is_passed_as_the_run_goes() {
    let folder = tempfile::tempdir().unwrap();
    let rows = ["1,1", "0.7,4", "0.3,4", "0.3,0.5", "0,2"];
    let run = |name: &str, rows: &[&str]| {
        let curve = folder.path().join(name);
        std::fs::write(&curve, rows.join("\n")).unwrap();
        let curve = curve.to_str().unwrap();
        let model = models().join("class-labels");
        let model = ["--model", model.to_str().unwrap(), "--threads", "1", "--steps", "10"];
        sample(&[&model[..], &["--label", "2", "--null-label", "0", "--guidance", curve]].concat())
    };
    let noise_first = run("a.csv", &rows);
    let image_first = run("b.csv", &rows.into_iter().rev().collect::<Vec<_>>());
    assert_eq!(noise_first.arrays(), image_first.arrays());
    let [class, none, guided] = ["x0_class_2", "x0_unconditional", "x0"].map(|name| noise_first.array(name));
    for (step, w) in [(0, 1.0), (3, 4.0), (5, 4.0), (6, 4.0), (7, 0.5), (8, 1.0)] {
        let [class, none, guided] = [&class, &none, &guided].map(|array| array.index_axis(Axis(0), step));
        // At w = 1 the null class was not requested.
        let expected = if w == 1.0 && step == 0 { class.to_owned() } else { &none + &((&class - &none) * w) };
        let off = (&expected - &guided).iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        assert!(off < 1e-3, "step {step}: {off}");
    }
}

#[test]
fn a_guessed_null_class_is_said_and_recorded() {
    let said = |arguments: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let model = models().join("class-labels");
        let mut command = common::program();
        command.args(["sample", "--steps", "2", "--threads", "1", "--json", "--model"]).arg(model).args(arguments);
        let output = command.arg("--out").arg(folder.path()).assert().success().get_output().clone();
        let record: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (String::from_utf8(output.stderr).unwrap(), record["resolved"]["null_class"].clone())
    };
    let (note, recorded) = said(&["--label", "2", "--guidance", "3"]);
    assert!(note.contains("guidance") && note.contains("null class 3 (a guess"), "{note}");
    assert_eq!(recorded, serde_json::json!({"label": 3, "said_by": "guess"}));
    let (note, recorded) = said(&["--label", "2", "--guidance", "3", "--null-label", "0"]);
    assert!(!note.contains("means none"), "{note}");
    assert_eq!(recorded, serde_json::json!({"label": 0, "said_by": "user"}));
    // Settings that are not used are not reported.
    let (note, recorded) = said(&["--label", "2"]);
    assert!(!note.contains("means none") && recorded.is_null(), "{note}");
    let (note, recorded) = said(&[]);
    assert!(note.contains("null class 3"), "{note}");
    assert_eq!(recorded["said_by"], "guess");
}

/// A cascade's own card has priority over a guess from its finest stage's configuration.
#[test]
fn a_cascade_says_its_null_class_itself() {
    let folder = tempfile::tempdir().unwrap();
    cascade(folder.path());
    std::fs::write(folder.path().join("card.json"), r#"{"null_label": 0}"#).unwrap();
    let arguments = ["--label", "2", "--guidance", "3", "--threads", "1", "--steps", "3", "--cascade"];
    let guided = |more: &[&str]| {
        let run = sample(&[&arguments[..], &[folder.path().to_str().unwrap()], more].concat());
        let record: serde_json::Value = serde_json::from_slice(&std::fs::read(run.record()).unwrap()).unwrap();
        (run.arrays(), record["resolved"]["null_class"].clone())
    };
    let (by_card, said) = guided(&[]);
    assert_eq!(said, serde_json::json!({"label": 0, "said_by": "card"}));
    let (by_word, said) = guided(&["--null-label", "0"]);
    assert_eq!((by_word == by_card, &said["said_by"]), (true, &"user".into()));
    let (other, _) = guided(&["--null-label", "3"]);
    assert!(other != by_card);
}

#[test]
fn parts_are_kept_and_make_the_whole() {
    let run = of("class-labels", &["--label", "2", "--guidance", "3.5"]);
    let (class, none) = (run.array("x0_class_2"), run.array("x0_unconditional"));
    let expected = &none + &((&class - &none) * 3.5);
    let off = (expected - run.array("x0")).iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    assert!(off < 1e-3, "{off}");
    let folder = tempfile::tempdir().unwrap();
    cascade(folder.path());
    let run = sample(&["--cascade", folder.path().to_str().unwrap(), "--label", "1", "--threads", "1", "--steps", "6"]);
    let sum = run.array("x0_stage_0") + run.array("x0_stage_1");
    assert!((sum - run.array("x0")).iter().all(|difference| difference.abs() < 1e-4));
    let plain = of("class-labels", &["--label", "2"]);
    assert!(plain.names().iter().all(|name| !name.starts_with("x0_")), "{:?}", plain.names());
}

/// A schedule is fitted to the requested run, with any steering.
#[test]
fn a_schedule_is_fitted_to_guided_runs_cascades_and_larger_sizes() {
    let folder = tempfile::tempdir().unwrap();
    let stages = folder.path().join("cascade");
    std::fs::create_dir(&stages).unwrap();
    cascade(&stages);
    let model = models().join("class-labels");
    let model = ["--model", model.to_str().unwrap()];
    let budget = ["--steps", "3", "--seeds", "1", "--measure-seeds", "1", "--evaluations", "2", "--threads", "1"];
    let fitted = |arguments: &[&str]| -> String {
        let mut command = common::program();
        command.current_dir(folder.path()).args(["optimise", "--json", "--out", "o.json"]).args(budget).args(arguments);
        let output = command.assert().success().get_output().stdout.clone();
        let told: serde_json::Value = serde_json::from_slice(&output).unwrap();
        told["outcome"]["comparison"]["before"].to_string()
    };
    let runs = [
        [&model[..], &["--label", "2"]].concat(),
        [&model[..], &["--label", "2", "--guidance", "3", "--null-label", "0"]].concat(),
        [&model[..], &["--labels-by-level", "1,2,3"]].concat(),
        [&model[..], &["--label", "2", "--upsample-guidance", "2"]].concat(),
        vec!["--cascade", stages.to_str().unwrap(), "--label", "2"],
    ];
    let found: Vec<String> = runs.iter().map(|run| fitted(run)).collect();
    let distinct: std::collections::BTreeSet<&String> = found.iter().collect();
    assert_eq!(distinct.len(), runs.len(), "each is another run: {found:?}");
}

#[test]
fn a_fit_to_guidance_that_changes_over_the_run() {
    let model = models().join("class-labels");
    let mut command = common::program();
    command.args(["optimise", "--label", "[1:2:0.5]", "--out", "o.json", "--model"]).arg(model);
    let output = command.assert().code(1).get_output().clone();
    let test = "guidance::a_fit_to_guidance_that_changes_over_the_run";
    common::faults::assert_documented(&common::sentence(&output), test, &[]);
}

#[test]
fn an_ensemble_is_measured_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("guided.npz");
    let model = models().join("class-labels");
    let output = common::program()
        .args(["spectrum", "--samples", "4", "--steps", "6", "--label", "2", "--guidance", "3", "--threads", "1"])
        .arg("--model")
        .arg(&model)
        .arg("--out")
        .arg(&out)
        .assert()
        .success();
    drop(output);
    let more = common::program().args(["spectrum", "--samples", "2", "--add"]).arg(&out).assert().success();
    drop(more);
}

#[test]
fn a_folder_of_images_composes_new_ones_and_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..5_u32 {
        let image = image::RgbImage::from_fn(16, 16, |x, y| {
            image::Rgb([x, y, x + y].map(|v| (v * (17 * index + 3) % 256) as u8))
        });
        image.save(folder.path().join(format!("{index}.png"))).unwrap();
    }
    let curve = folder.path().join("window.csv");
    std::fs::write(&curve, "sigma,k\n0.1,3\n100,5\n").unwrap();
    let images = ["--images", folder.path().to_str().unwrap(), "--size", "16x16", "--steps", "5"];
    let whole = sample(&images);
    for window in [&["--local"][..], &["--local", "2.5"], &["--local", curve.to_str().unwrap()]] {
        let local = sample(&[&images[..], window].concat());
        assert_ne!(local.arrays(), whole.arrays(), "{window:?}");
        let again = sample(&["--replay", local.record().to_str().unwrap()]);
        assert_eq!(again.arrays(), local.arrays(), "{window:?}");
    }
    // A window that always covers the image has no effect.
    let wide = sample(&[&images[..], &["--local", "1e9"]].concat());
    assert_eq!(wide.arrays(), whole.arrays());
}

#[test]
fn a_class_that_changes_at_no_step_is_said() {
    let model = models().join("class-labels");
    let mut lines = Vec::new();
    for (arguments, note) in [
        (&["--label", "[1:2:0.99]"][..], "all 6 steps"),
        (&["--label", "[1:2:0]"], "all 6 steps"),
        (&["--label", "[2::0.4]", "--null-label", "2"], "2 is the null class"),
        (&["--label", "[2:2:0.4]"], "--label [2:2:0.4]"),
        (&["--label", "[1:2:0.4]"], ""),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = common::program();
        command.args(["sample", "--steps", "6", "--model"]).arg(&model).args(arguments).current_dir(folder.path());
        let told = String::from_utf8(command.assert().success().get_output().stderr.clone()).unwrap();
        assert!(told.contains(note), "{told}");
        lines.push(told.lines().count());
    }
    // Only the last one's class changes.
    let (none, notes) = lines.split_last().unwrap();
    assert!(notes.iter().all(|lines| lines > none), "{none} {notes:?}");
}
