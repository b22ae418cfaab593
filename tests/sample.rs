//! `chromascope sample` and `chromascope info`, from outside.
#![allow(clippy::unwrap_used)]

mod common;

use assert_cmd::Command;
use chromascope::session::prepare::{Keeping, Model, NullSource};
use chromascope::session::settings::ModelSource;
use chromascope::session::{RunSettings, SamplerKind};
use ndarray::{Array1, Array4, Array5, Axis, s};
use ndarray_npy::NpzReader;
use predicates::prelude::*;
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const SPACINGS: [&str; 7] = ["trailing", "leading", "linspace", "karras", "exponential", "kl-optimal", "ays-sd15"];

fn model(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/models").join(name)
}

fn chromascope() -> Command {
    common::program()
}

struct Outcome {
    _folder: TempDir,
    out: PathBuf,
}

impl Outcome {
    fn npz(&self) -> NpzReader<File> {
        NpzReader::new(File::open(self.out.join("trajectory.npz")).unwrap()).unwrap()
    }

    fn arrays(&self) -> [Array5<f32>; 3] {
        let mut npz = self.npz();
        ["x_t", "x0", "eps"].map(|name| npz.by_name(name).unwrap())
    }

    fn numbers(&self, name: &str) -> Array1<f64> {
        self.npz().by_name(name).unwrap()
    }

    fn record(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.out.join("trajectory.json")).unwrap()).unwrap()
    }
}

#[track_caller]
fn sample(arguments: &[&str]) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a/new/folder");
    chromascope().arg("sample").args(arguments).arg("--out").arg(&out).assert().success();
    Outcome { _folder: folder, out }
}

#[track_caller]
fn of(name: &str, arguments: &[&str]) -> Outcome {
    let path = model(name);
    sample(&[&["--model", path.to_str().unwrap(), "--threads", "1"], arguments].concat())
}

fn largest_difference(a: &Array5<f32>, b: &Array5<f32>) -> f32 {
    assert_eq!(a.shape(), b.shape());
    // f32::max would drop NaN.
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |most, value| if value > most || value.is_nan() { value } else { most })
}

#[test]
fn arrays_have_the_documented_shapes_and_meanings() {
    let run = of("tiny-eps", &["--steps", "5", "--batch", "2", "--size", "16x24", "--spacing", "trailing"]);
    let [states, x0, eps] = run.arrays();
    assert_eq!(states.shape(), [6, 2, 3, 16, 24]);
    assert_eq!((x0.shape(), eps.shape()), ([5, 2, 3, 16, 24].as_slice(), [5, 2, 3, 16, 24].as_slice()));
    let (alpha_bar, timestep) = (run.numbers("alpha_bar"), run.numbers("timestep"));
    assert_eq!(timestep.to_vec(), [999.0, 799.0, 599.0, 399.0, 199.0]);
    assert_eq!((alpha_bar.len(), alpha_bar[5]), (6, 1.0));
    assert!(alpha_bar.windows(2).into_iter().all(|pair| pair[0] < pair[1]));
    // The VP state is √ᾱ·x0 + √(1−ᾱ)·ε̂ of its own estimates.
    for step in 0..5 {
        let (a, b) = (alpha_bar[step].sqrt(), (1.0 - alpha_bar[step]).sqrt());
        let made = x0.index_axis(Axis(0), step).mapv(f64::from) * a + eps.index_axis(Axis(0), step).mapv(f64::from) * b;
        let off = made
            .iter()
            .zip(states.index_axis(Axis(0), step))
            .fold(0.0_f64, |m, (a, b)| m.max((a - f64::from(*b)).abs()));
        assert!(off < 1e-4, "step {step}: {off}");
    }
    // The last step of DDIM lands on its estimate.
    let last = states.index_axis(Axis(0), 5).to_owned() - x0.index_axis(Axis(0), 4);
    assert!(last.iter().all(|value| value.abs() < 1e-6));
    let strip = image::open(run.out.join("strip.png")).unwrap().to_rgb8();
    assert_eq!((strip.width() > 5 * 24, strip.height() > 3 * 16), (true, true));
    let record = run.record();
    for key in ["format_version", "settings", "resolved", "steps_done", "complete", "alpha_bar", "timestep"] {
        assert!(!record[key].is_null(), "{key}");
    }
    for key in ["threads", "batch_partition", "provider", "onnxruntime", "model_sha256"] {
        assert!(!record["resolved"][key].is_null(), "{key}");
    }
}

#[test]
fn a_sample_does_not_depend_on_its_batch_or_the_threads() {
    let common = ["--steps", "6", "--sampler", "euler-ancestral", "--seed", "11"];
    let together = of("tiny-eps", &[&common[..], &["--batch", "5"]].concat());
    let alone = of("tiny-eps", &[&common[..], &["--batch", "1"]].concat());
    let parted = of("tiny-eps", &[&common[..], &["--batch", "5", "--partition", "2"]].concat());
    let threaded = {
        let path = model("tiny-eps");
        sample(&[&["--model", path.to_str().unwrap(), "--threads", "2", "--batch", "5"], &common[..]].concat())
    };
    let [reference, ..] = together.arrays();
    assert_eq!(parted.record()["resolved"]["batch_partition"], serde_json::json!([2, 2, 1]));
    for other in [parted, threaded] {
        let [states, ..] = other.arrays();
        assert_eq!(states.index_axis(Axis(0), 0), reference.index_axis(Axis(0), 0), "the noise is the same to the bit");
        assert!(largest_difference(&states, &reference) < 1e-5);
    }
    let [states, ..] = alone.arrays();
    let first = reference.slice(s![.., 0..1, .., .., ..]).to_owned();
    assert_eq!(states.index_axis(Axis(0), 0), first.index_axis(Axis(0), 0));
    assert!(largest_difference(&states, &first) < 1e-5);
}

#[test]
fn a_record_repeats_its_run_bit_for_bit() {
    let runs: [&[&str]; 3] = [
        &["--steps", "7", "--sampler", "ddim", "--eta", "0.7", "--seed", "3", "--batch", "3", "--spacing", "linspace"],
        &["--steps", "5", "--sampler", "heun", "--s-churn", "2", "--s-tmin", "0.05", "--spacing", "karras"],
        &["--steps", "6", "--sampler", "dpmpp-2m", "--size", "24x16", "--partition", "1", "--batch", "2"],
    ];
    for arguments in runs {
        let first = of("tiny-eps", arguments);
        let record = first.out.join("trajectory.json");
        let second = sample(&["--replay", record.to_str().unwrap()]);
        assert_eq!(first.arrays(), second.arrays(), "{arguments:?}");
        assert_eq!(first.numbers("timestep"), second.numbers("timestep"));
        assert_eq!(first.record()["resolved"], second.record()["resolved"]);
    }
}

#[test]
fn noise_can_be_given() {
    let folder = tempfile::tempdir().unwrap();
    let first = of("tiny-eps", &["--steps", "4", "--sampler", "ddpm", "--batch", "2", "--seed", "8"]);
    let [states, ..] = first.arrays();
    let x_t = folder.path().join("x_T.npy");
    ndarray_npy::write_npy(&x_t, &states.index_axis(Axis(0), 0).to_owned()).unwrap();
    let again = of(
        "tiny-eps",
        &["--steps", "4", "--sampler", "ddpm", "--batch", "2", "--seed", "8", "--init-noise", x_t.to_str().unwrap()],
    );
    assert_eq!(again.arrays(), first.arrays());
    // More noise than steps: the rest is ignored. With zero noise, η affects only DDIM's direction term.
    let noise = folder.path().join("n.npy");
    ndarray_npy::write_npy(&noise, &Array5::<f32>::zeros([9, 2, 3, 16, 16])).unwrap();
    let quiet = |seed: &str| {
        let path = noise.to_str().unwrap();
        let x_t = x_t.to_str().unwrap();
        let flags = ["--steps", "4", "--batch", "2", "--eta", "1", "--init-noise", x_t, "--step-noise", path];
        of("tiny-eps", &[&flags[..], &["--seed", seed]].concat()).arrays()
    };
    assert_eq!(quiet("1"), quiet("2"));
}

/// All ways in which exporters declare the same network give the same run.
#[test]
fn every_form_of_the_inputs_is_understood() {
    let arguments = ["--steps", "4", "--batch", "2", "--size", "16x16", "--spacing", "trailing"];
    let [reference, ..] = of("tiny-eps", &arguments).arrays();
    for name in ["t-f32-scalar", "t-i64-batch", "t-i64-scalar", "batch-1", "batch-2", "fixed-16x16", "learned-variance"]
    {
        let [states, ..] = of(name, &arguments).arrays();
        assert_eq!(states.shape(), reference.shape(), "{name}");
        assert!(states.iter().all(|value| value.is_finite()), "{name}");
        assert_eq!(states.index_axis(Axis(0), 0), reference.index_axis(Axis(0), 0), "{name}");
    }
    let [halved, ..] = of("f16", &arguments).arrays();
    assert!(halved.iter().all(|value| value.is_finite()));
    // A batch of three through a graph that takes two.
    let [padded, ..] = of("batch-2", &["--steps", "4", "--batch", "3", "--spacing", "trailing"]).arrays();
    let [pair, ..] = of("batch-2", &["--steps", "4", "--batch", "2", "--spacing", "trailing"]).arrays();
    assert!(largest_difference(&padded.slice(s![.., ..2, .., .., ..]).to_owned(), &pair) < 1e-5);
}

#[test]
fn classes_conditioning_and_undeclared_models() {
    let named = ["--model", "emoji-unet", "--steps", "1", "--label"];
    let [by_name, ..] = sample(&[&named[..], &["food & drink"]].concat()).arrays();
    let [by_number, ..] = sample(&[&named[..], &["3"]].concat()).arrays();
    assert_eq!(by_name, by_number);
    let labels = ["--steps", "3", "--label"];
    let [one, ..] = of("class-labels", &[&labels[..], &["1"]].concat()).arrays();
    let [two, ..] = of("class-labels", &[&labels[..], &["2"]].concat()).arrays();
    assert!(largest_difference(&one, &two) > 1e-3);

    let folder = tempfile::tempdir().unwrap();
    let states = folder.path().join("h.npy");
    ndarray_npy::write_npy(&states, &ndarray::Array3::<f32>::from_elem([1, 7, 8], 0.5)).unwrap();
    let _ = of("hidden-states", &["--steps", "3", "--hidden-states", states.to_str().unwrap()]);

    let config = model("tiny-eps/scheduler_config.json");
    let flags = ["--steps", "3", "--size", "16x16", "--scheduler-config", config.to_str().unwrap()];
    let [alone, ..] = of("single.onnx", &flags).arrays();
    let [folder, ..] = of("tiny-eps", &["--steps", "3", "--size", "16x16"]).arrays();
    assert_eq!(alone.shape(), folder.shape());
    let prediction = of("tiny-eps", &["--steps", "3", "--prediction", "v_prediction"]);
    let words = serde_json::json!({"state": "vp", "time": "index", "prediction": "v_prediction"});
    assert_eq!(prediction.record()["resolved"]["parameterization"], words);
}

/// The unet of a diffusers pipeline folder.
#[test]
fn a_pipeline_folder_is_found_into() {
    let folder = tempfile::tempdir().unwrap();
    for part in ["unet", "scheduler"] {
        std::fs::create_dir(folder.path().join(part)).unwrap();
    }
    for (file, part) in [("model.onnx", "unet"), ("config.json", "unet"), ("scheduler_config.json", "scheduler")] {
        std::fs::copy(model("tiny-eps").join(file), folder.path().join(part).join(file)).unwrap();
    }
    let [pipeline, ..] = sample(&["--model", folder.path().to_str().unwrap(), "--threads", "1"]).arrays();
    assert_eq!(pipeline, of("tiny-eps", &[]).arrays()[0]);
}

/// In one process, as each of these runs is far shorter than the start of the program.
#[test]
fn every_sampler_runs_on_every_spacing() {
    for name in ["tiny-eps", "tiny-v", "tiny-sample"] {
        let source = ModelSource::Model(model(name).to_str().unwrap().into());
        let all = RunSettings { steps: 4, threads: Some(1), ..RunSettings::new(source) };
        let opened = Model::open(&all, None, &|_, _| true).unwrap();
        for sampler in SamplerKind::ALL {
            for spacing in SPACINGS {
                let settings = RunSettings { sampler: sampler.into(), spacing: Some(spacing.into()), ..all.clone() };
                let mut prepared = opened.prepare(&settings, Keeping::LatestStep).unwrap();
                let mut trajectory = prepared.run.trajectory();
                let mut steps = 0;
                while prepared.run.step(&mut trajectory).unwrap().is_some() {
                    steps += 1;
                }
                assert_eq!(steps, 4, "{name} {sampler} {spacing}");
                assert!(trajectory.state.iter().all(|value| value.is_finite()), "{name} {sampler} {spacing}");
            }
        }
    }
}

#[test]
fn samplers_and_spacings_have_their_names() {
    let samplers = SamplerKind::ALL.into_iter().cycle();
    for (sampler, spacing) in samplers.zip(SPACINGS) {
        let sampler = sampler.name();
        let run = of("tiny-eps", &["--steps", "4", "--sampler", sampler, "--spacing", spacing]);
        let settings = &run.record()["settings"];
        assert_eq!((&settings["sampler"], &settings["spacing"]), (&sampler.into(), &spacing.into()));
    }
}

/// Rectified flow and EDM networks are fed their own states; the archive still holds VP states.
#[test]
fn flow_and_edm_models_run() {
    for (name, spacing) in [("tiny-flow", "linspace"), ("tiny-flow", "flow"), ("tiny-edm", "karras")] {
        for sampler in ["euler", "heun", "dpmpp-2m", "ddim", "euler-ancestral"] {
            let run = of(name, &["--steps", "5", "--sampler", sampler, "--spacing", spacing]);
            let [states, ..] = run.arrays();
            assert!(states.iter().all(|value| value.is_finite()), "{name} {sampler}");
        }
    }
}

/// Defaults are reported, recorded and repeated, even if they change later; results far out of range are named.
#[test]
fn the_spacing_that_suits_a_sampler_is_told_and_kept() {
    let run = |arguments: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("run");
        let assert = chromascope().arg("sample").args(arguments).arg("--out").arg(&out).assert().success();
        (String::from_utf8(assert.get_output().stderr.clone()).unwrap(), Outcome { _folder: folder, out })
    };
    let heun = ["--model", "gaussian-64", "--provider", "rust", "--sampler", "heun", "--steps", "12"];
    let (told, open) = run(&heun);
    assert!(told.contains("karras-capped") && !told.contains("±"), "{told}");
    let resolved = &open.record()["resolved"];
    assert!(told.contains(resolved["spacing_because"].as_str().unwrap()), "{told}");
    assert_eq!((&resolved["spacing"], &open.record()["settings"]["spacing"]), (&"karras-capped".into(), &Value::Null));
    assert!(resolved["spacing_because"].as_str().unwrap().contains("σ = 20291"), "{resolved}");

    let (told, chosen) = run(&[&heun[..], &["--spacing", "trailing"]].concat());
    assert!(told.lines().any(|line| line.contains("heun") && line.contains(" ±4 ")), "{told}");
    // A record of the time when this was the default, which had less in it.
    let mut old = chosen.record();
    old["settings"]["spacing"] = Value::Null;
    for key in ["data_within", "spacing_because", "visits"] {
        old["resolved"].as_object_mut().unwrap().remove(key);
    }
    for (record, first) in [(old, &chosen), (open.record(), &open)] {
        let file = first.out.join("old.json");
        std::fs::write(&file, record.to_string()).unwrap();
        let (_, again) = run(&["--replay", file.to_str().unwrap()]);
        assert_eq!(again.arrays(), first.arrays());
    }
}

/// A family with parameters from the configuration is repeated with them.
#[test]
fn a_familys_own_parameters_are_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("scheduler_config.json");
    std::fs::write(&config, r#"{"_class_name": "EDMEulerScheduler", "rho": 5.0, "sigma_data": 0.5}"#).unwrap();
    let first = of("tiny-edm", &["--steps", "4", "--scheduler-config", config.to_str().unwrap()]);
    assert_eq!(first.record()["resolved"]["spacing"], "karras");
    let second = sample(&["--replay", first.out.join("trajectory.json").to_str().unwrap()]);
    assert_eq!(first.arrays(), second.arrays());
}

/// ONNX Runtime's optimised graph is cached between starts; runs are the same bit for bit, even from a damaged cache.
#[test]
fn a_network_opened_again_computes_the_same_bits() {
    let cache = tempfile::tempdir().unwrap();
    let run = |place: &Path| {
        let out = tempfile::tempdir().unwrap();
        chromascope()
            .env("CHROMASCOPE_CACHE", place)
            .args(["sample", "--provider", "cpu", "--threads", "1", "--steps", "2", "--label", "3", "--out"])
            .arg(out.path())
            .assert()
            .success();
        let mut npz = NpzReader::new(File::open(out.path().join("trajectory.npz")).unwrap()).unwrap();
        ["x_t", "x0", "eps"].map(|name| -> Array5<f32> { npz.by_name(name).unwrap() })
    };
    let kept = || {
        let entries = std::fs::read_dir(cache.path().join("graphs")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect::<Vec<PathBuf>>()
    };
    // A file where the folder should be: nothing can be cached.
    let file = cache.path().join("file");
    std::fs::write(&file, "").unwrap();
    let plain = run(&file);
    assert_eq!(run(cache.path()), plain, "while it is kept");
    let first = kept();
    assert_eq!(first.len(), 1, "{first:?}");
    let content = std::fs::read(&first[0]).unwrap();
    assert_eq!(run(cache.path()), plain, "from what was kept");
    assert_eq!(kept(), first);
    let mut damaged = content.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x40;
    std::fs::write(&first[0], damaged).unwrap();
    assert_eq!(run(cache.path()), plain, "from a damaged one");
    assert_eq!(std::fs::read(&kept()[0]).unwrap().len(), content.len());
    assert_ne!(std::fs::read(&kept()[0]).unwrap()[middle], content[middle] ^ 0x40, "it is made anew");
}

#[test]
fn a_folder_of_images_is_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images");
    std::fs::create_dir(&images).unwrap();
    let colors = [[255, 0, 0], [0, 255, 0], [0, 0, 255]];
    for (number, color) in colors.into_iter().enumerate() {
        image::RgbImage::from_pixel(20, 10, image::Rgb(color)).save(images.join(format!("{number}.png"))).unwrap();
    }
    // Grey, 16 bit, and half transparent black: grey on white.
    let grey = image::ImageBuffer::from_pixel(9, 30, image::Luma([0x8080_u16]));
    image::DynamicImage::ImageLuma16(grey).save(images.join("grey16.png")).unwrap();
    image::RgbaImage::from_pixel(5, 5, image::Rgba([0, 0, 0, 128])).save(images.join("alpha.webp")).unwrap();
    image::RgbImage::from_pixel(12, 12, image::Rgb([10, 20, 30])).save(images.join("photo.jpg")).unwrap();
    std::fs::write(images.join("readme.txt"), "no image").unwrap();

    let path = images.to_str().unwrap();
    let run = sample(&["--images", path, "--size", "8x8", "--steps", "12", "--batch", "6", "--seed", "2"]);
    let [states, x0, _] = run.arrays();
    assert_eq!(x0.shape(), [12, 6, 3, 8, 8]);
    // The exact posterior ends on one of the images.
    let last = states.index_axis(Axis(0), 12);
    let known: Vec<[f32; 3]> = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [128, 128, 128], [127, 127, 127], [10, 20, 30]]
        .iter()
        .map(|color: &[u8; 3]| color.map(|byte| f32::from(byte) / 127.5 - 1.0))
        .collect();
    for sample in last.axis_iter(Axis(0)) {
        let color = [sample[[0, 4, 4]], sample[[1, 4, 4]], sample[[2, 4, 4]]];
        let near = known.iter().any(|known| known.iter().zip(color).all(|(a, b)| (a - b).abs() < 0.03));
        assert!(near, "{color:?}");
    }
    assert_eq!(run.record()["resolved"]["provider"], "rust");
    let again = sample(&["--replay", run.out.join("trajectory.json").to_str().unwrap()]);
    assert_eq!(again.arrays(), run.arrays());
}

/// A photograph taken sideways is rotated.
#[test]
fn exif_orientation_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images");
    std::fs::create_dir(&images).unwrap();
    let wide = image::RgbImage::from_fn(32, 16, |x, _| image::Rgb(if x < 16 { [255, 255, 255] } else { [0, 0, 0] }));
    let mut jpeg = Vec::new();
    wide.write_to(&mut std::io::Cursor::new(&mut jpeg), image::ImageFormat::Jpeg).unwrap();
    // APP1 with one tag: orientation 6, rotate a quarter to the right.
    let exif: &[u8] = b"\xFF\xE1\x00\x22Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let turned = [&jpeg[..2], exif, &jpeg[2..]].concat();
    std::fs::write(images.join("turned.jpg"), turned).unwrap();
    let run = sample(&["--images", images.to_str().unwrap(), "--size", "16x8", "--steps", "1"]);
    let [_, x0, _] = run.arrays();
    let image: Array4<f32> = x0.index_axis(Axis(0), 0).to_owned();
    assert!(image[[0, 0, 2, 4]] > 0.9 && image[[0, 0, 13, 4]] < -0.9, "white above, black below");
}

#[test]
fn results_go_to_stdout_and_messages_to_stderr() {
    let folder = tempfile::tempdir().unwrap();
    let path = model("class-labels");
    let mut command = chromascope();
    command.args(["sample", "--steps", "2", "--model", path.to_str().unwrap(), "--out"]).arg(folder.path());
    let output = command.assert().success().get_output().clone();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let files: Vec<&Path> = stdout.lines().map(Path::new).collect();
    assert_eq!(files.len(), 3);
    assert!(files.iter().all(|file| file.is_file()));
    let stderr = String::from_utf8(output.stderr).unwrap();
    let guess = NullSource::Guess.in_words();
    assert!(stderr.lines().any(|line| line.contains(" 3 ") && line.contains(guess)), "{stderr}");
    let json = command.arg("--json").assert().success().get_output().stdout.clone();
    assert_eq!(serde_json::from_slice::<Value>(&json).unwrap()["complete"], true);
}

#[test]
fn without_an_out_folder_nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = model("tiny-eps");
    for expected in ["chromascope-out", "chromascope-out-2", "chromascope-out-3"] {
        chromascope()
            .current_dir(folder.path())
            .args(["sample", "--steps", "1", "--model", path.to_str().unwrap()])
            .assert()
            .success()
            .stdout(predicate::str::starts_with(format!("{expected}/")));
    }
}

#[test]
fn bundled_models_are_found_from_any_folder() {
    let folder = tempfile::tempdir().unwrap();
    let list = chromascope().current_dir(folder.path()).arg("info").assert().success().get_output().stdout.clone();
    let list = String::from_utf8(list).unwrap();
    for name in ["emoji-exact-64", "emoji-unet", "gaussian-64"] {
        assert!(list.contains(name), "{list}");
        let json = chromascope()
            .current_dir(folder.path())
            .args(["info", name, "--json"])
            .assert()
            .success()
            .get_output()
            .stdout
            .clone();
        let info: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(info["contract"]["channels"], 3);
        assert_eq!(info["native_size"], serde_json::json!([64, 64]));
        assert_eq!(info["scheduler_config"]["prediction_type"], "sample");
    }
}

/// Without class embeddings the last of them cannot be the null class.
#[test]
fn a_model_of_no_class_embeddings_does_not_say_which_means_none() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["model.onnx", "scheduler_config.json"] {
        std::fs::copy(model("class-labels").join(file), folder.path().join(file)).unwrap();
    }
    let text = std::fs::read_to_string(model("class-labels").join("config.json")).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    config["num_class_embeds"] = 0.into();
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let told = chromascope().args(["info", "--json"]).arg(folder.path()).assert().success();
    let told: Value = serde_json::from_slice(&told.get_output().stdout).unwrap();
    assert_eq!((&told["null_label"], &told["num_class_embeds"]), (&Value::Null, &Value::Null));
    assert_eq!(told["native_size"], serde_json::json!([16, 16]));
}

#[test]
fn help_is_there_for_everything() {
    for command in ["sample", "info", "setup", "doctor"] {
        chromascope()
            .args([command, "--help"])
            .assert()
            .success()
            .stdout(predicate::str::contains("Usage: chromascope"));
    }
    chromascope().arg("no-such-command").assert().code(2);
    chromascope().args(["sample", "--no-such-flag"]).assert().code(2);
}

/// The bundled network is fully convolutional: other sizes work, in batches too.
#[test]
fn the_bundled_network_takes_other_sizes() {
    let run = sample(&["--model", "emoji-unet", "--steps", "2", "--size", "96x64", "--batch", "2", "--label", "3"]);
    let [states, ..] = run.arrays();
    assert_eq!(states.shape(), [3, 2, 3, 96, 64]);
}

/// DDPM's variance is part of a record, although the noise levels do not show it.
#[test]
fn a_record_with_another_variance_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("net");
    std::fs::create_dir(&copy).unwrap();
    for file in ["model.onnx", "config.json", "scheduler_config.json"] {
        std::fs::copy(model("tiny-eps").join(file), copy.join(file)).unwrap();
    }
    let out = folder.path().join("first");
    let first = chromascope()
        .args(["sample", "--steps", "3", "--sampler", "ddpm", "--model"])
        .args([&copy, Path::new("--out"), &out])
        .assert();
    first.success();
    let record = out.join("trajectory.json");
    let again = |name: &str| {
        let out = folder.path().join(name);
        chromascope().args(["sample", "--replay"]).args([&record, Path::new("--out"), &out]).assert()
    };
    again("same").success();
    let config = copy.join("scheduler_config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    value["variance_type"] = "fixed_large".into();
    std::fs::write(&config, value.to_string()).unwrap();
    let told = common::sentence(again("other").code(1).get_output());
    let words = [("model", "net".to_owned())];
    common::faults::assert_documented(&told, "faults::a_record_whose_configuration_was_changed", &words);
}

/// Cases 16 and 35 of other people's models: the class and the options of a configuration decide, are said, and are kept.
#[test]
fn the_models_own_sampler_is_taken_said_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let configured = |model_name: &str, config: &str, more: &[&str]| {
        let file = folder.path().join("scheduler_config.json");
        std::fs::write(&file, config).unwrap();
        let out = folder.path().join("run");
        let model = model(model_name);
        let mut command = chromascope();
        command.arg("sample").arg("--model").arg(&model).args(["--steps", "4", "--scheduler-config"]).arg(&file);
        let assert = command.args(more).arg("--out").arg(&out).assert().success();
        let told = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
        let record: Value = serde_json::from_slice(&std::fs::read(out.join("trajectory.json")).unwrap()).unwrap();
        let states = |out: &Path| -> Array5<f32> {
            NpzReader::new(File::open(out.join("trajectory.npz")).unwrap()).unwrap().by_name("x_t").unwrap()
        };
        let again = sample(&["--replay", out.join("trajectory.json").to_str().unwrap()]);
        assert_eq!(again.record()["resolved"], record["resolved"]);
        assert_eq!(states(&out), states(&again.out));
        (record, told)
    };
    let third = r#"{"_class_name": "DPMSolverMultistepScheduler", "beta_schedule": "scaled_linear", "beta_start": 0.00085,
        "beta_end": 0.012, "solver_order": 3, "solver_type": "heun", "euler_at_final": true}"#;
    let (record, told) = configured("tiny-eps", third, &[]);
    assert_eq!(record["settings"]["sampler"], "model");
    assert_eq!(record["resolved"]["sampler"], "dpmpp-3m:solver_type=heun,euler_at_final=true");
    assert!(
        told.contains("sampler: dpmpp-3m:solver_type=heun,euler_at_final=true, as the model's DPMSolver"),
        "{told}"
    );
    // What a configuration's run does otherwise than diffusers on purpose is said too, unless something else was chosen.
    let listed = r#"{"_class_name": "DDIMScheduler", "timestep_spacing": "linspace"}"#;
    assert!(configured("tiny-eps", listed, &[]).1.contains("although the next one is"));
    assert!(!configured("tiny-eps", listed, &["--sampler", "ddim"]).1.contains("although the next one is"));
    let (record, told) = configured("tiny-eps", third, &["--sampler", "DDIMScheduler"]);
    assert_eq!((&record["settings"]["sampler"], &record["resolved"]["sampler"]), (&"ddim".into(), &"ddim".into()));
    assert!(told.contains("sampler: ddim") && !told.contains("as the model's"), "{told}");

    let heun = r#"{"_class_name": "FlowMatchHeunDiscreteScheduler", "shift": 3.0}"#;
    let (record, told) = configured("tiny-flow", heun, &["--sampler", "heun"]);
    assert_eq!(record["resolved"]["sampler"], "heun:steps_in=flow");
    assert_eq!(record["alpha_bar"][0], 0.0, "the run begins at pure noise");
    assert!(!told.contains("karras-capped") && !told.contains("too long"), "{told}");
    let (record, told) = configured("tiny-eps", r#"{"_class_name": "DDPMScheduler", "variance_type": "learned"}"#, &[]);
    assert_eq!(record["resolved"]["sampler"], "ddim");
    assert!(told.contains("no DDPMScheduler with a learned variance, so DDIM is used"), "{told}");

    let info = chromascope().arg("info").arg(model("tiny-flow")).arg("--json").assert().success();
    let info: Value = serde_json::from_slice(&info.get_output().stdout).unwrap();
    assert_eq!(info["sampler"], "euler:steps_in=flow");
}
