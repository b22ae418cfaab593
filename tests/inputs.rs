//! Further inputs of a network, and channels behind its image, against what ONNX Runtime answers when it is fed by hand
//! (`tools/golden/ports.py`), and from the command line.
#![allow(clippy::unwrap_used)]

mod common;
mod support;

use assert_cmd::Command;
use chromascope::denoiser::{ClassDenoiser, Denoised, Denoiser, GIVEN_INPUTS, NULL_INPUTS};
use chromascope::model::SchedulerConfig;
use chromascope::model::onnx::{Conditioning, GivenInput, OnnxDenoiser};
use chromascope::theory::NoiseLevel;
use common::faults::assert_documented;
use ndarray::{Array1, Array2, Array3, Array4, Array5, ArrayD, Axis, IxDyn};
use ndarray_npy::NpzReader;
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

fn network(name: &str, conditioning: Conditioning) -> (OnnxDenoiser, NoiseLevel) {
    let model = support::test_model(name);
    let text = std::fs::read_to_string(model.join("scheduler_config.json")).unwrap();
    let (config, _) = SchedulerConfig::parse(&text, Path::new("config")).unwrap();
    let level = config.model_schedule().unwrap().level_at(500.0);
    (support::network(&model, &config, conditioning), level)
}

fn golden(name: &str) -> Array4<f64> {
    support::npz("ports.npz").by_name(name).unwrap()
}

fn largest<D: ndarray::Dimension>(a: &ndarray::Array<f64, D>, b: &ndarray::Array<f64, D>) -> f64 {
    (a - b).iter().fold(0.0_f64, |most, off| most.max(off.abs()))
}

fn eps_of(name: &str, conditioning: Conditioning) -> Array4<f64> {
    let (mut network, level) = network(name, conditioning);
    let mut out = Denoised::zeros([2, 3, 16, 16]);
    network.denoise(golden("x").view(), level, &mut out).unwrap();
    out.eps
}

fn given(values: impl Into<ArrayD<f64>>) -> GivenInput {
    GivenInput::by_sample(values.into())
}

fn list(values: &[f64]) -> ArrayD<f64> {
    Array1::from(values.to_vec()).into_dyn()
}

#[test]
fn numbers_rows_and_images_reach_their_inputs() {
    let inputs = vec![given(list(&[0.25, 0.75])), given(list(&[7.0]))];
    let eps = eps_of("inputs", Conditioning { inputs, ..Conditioning::default() });
    assert!(largest(&eps, &golden("eps_inputs")) < 2e-5);

    let offsets = ndarray::array![[1.0, 2.0, 3.0], [-1.0, 0.0, 1.0]].into_dyn();
    let mask: Array4<f32> = support::npz("ports.npz").by_name("mask").unwrap();
    let inputs = vec![given(offsets), given(mask.mapv(f64::from).into_dyn())];
    let eps = eps_of("inputs-arrays", Conditioning { inputs, ..Conditioning::default() });
    assert!(largest(&eps, &golden("eps_inputs-arrays")) < 2e-5);

    let concat: Array3<f32> = support::npz("ports.npz").by_name("concat").unwrap();
    let concat = Some(concat.insert_axis(Axis(0)));
    let eps = eps_of("concat", Conditioning { concat, ..Conditioning::default() });
    assert!(largest(&eps, &golden("eps_concat")) < 2e-5);
}

#[test]
fn the_unconditional_estimate_has_the_null_values_even_of_what_all_samples_share() {
    let with = |difficulty: f64, hour: f64, null: bool| {
        let null = |value: f64| null.then(|| list(&[value]));
        vec![
            GivenInput { null: null(0.0), ..given(list(&[difficulty])) },
            GivenInput { null: null(1.0), ..given(list(&[hour])) },
        ]
    };
    let x = golden("x");
    let run = |name: &str, inputs: Vec<GivenInput>, classes: &[i64]| {
        let (mut network, level) =
            network(name, Conditioning { inputs, null_class: Some(3), ..Conditioning::default() });
        let mut out = Denoised::zeros(x.dim().into());
        network.denoise_classes(x.view(), level, classes, &mut out).unwrap();
        out.eps
    };
    // `hour` is one number for a whole call, so the call is divided.
    for (name, class, null_class) in [("inputs", GIVEN_INPUTS, GIVEN_INPUTS), ("inputs-labels", 1, 3)] {
        let both = run(name, with(0.8, 5.0, true), &[class, NULL_INPUTS]);
        let conditional = run(name, with(0.8, 5.0, false), &[class]);
        let unconditional = run(name, with(0.0, 1.0, false), &[null_class]);
        let part = |of: &Array4<f64>, at: usize| of.index_axis(Axis(0), at).to_owned();
        assert!(largest(&part(&both, 0), &part(&conditional, 0)) < 1e-6, "{name}");
        assert!(largest(&part(&both, 1), &part(&unconditional, 1)) < 1e-6, "{name}");
        assert!(largest(&part(&both, 1), &part(&conditional, 1)) > 1e-2, "{name}");
    }
}

/// A run of a test model in a folder of its own.
struct Ran {
    folder: TempDir,
    record: Value,
    said: String,
}

impl Ran {
    fn states(&self) -> Array5<f64> {
        self.array("x_t")
    }

    fn array(&self, name: &str) -> Array5<f64> {
        let file = std::fs::File::open(self.folder.path().join("out/trajectory.npz")).unwrap();
        let array: Array5<f32> = NpzReader::new(file).unwrap().by_name(name).unwrap();
        array.mapv(f64::from)
    }
}

fn command(folder: &Path, name: &str, arguments: &[&str]) -> Command {
    let mut command = common::program();
    command.current_dir(folder).args(["sample", "--steps", "4", "--threads", "1", "--json", "--out", "out"]);
    command.arg("--model").arg(support::test_model(name)).args(arguments);
    command
}

fn sample_in(folder: TempDir, name: &str, arguments: &[&str]) -> Ran {
    let ran = command(folder.path(), name, arguments).assert().success();
    let record = serde_json::from_slice(&ran.get_output().stdout).unwrap();
    let said = String::from_utf8(ran.get_output().stderr.clone()).unwrap();
    Ran { folder, record, said }
}

fn sample(name: &str, arguments: &[&str]) -> Ran {
    sample_in(tempfile::tempdir().unwrap(), name, arguments)
}

#[test]
fn values_are_recorded_replayed_and_measured() {
    let ran = sample("inputs", &["--batch", "2", "--input", "difficulty=0.25,0.75", "--input", "hour=3"]);
    let settings = &ran.record["settings"];
    assert_eq!(settings["inputs"], json!({"difficulty": [0.25, 0.75], "hour": 3.0}));
    let other = sample("inputs", &["--batch", "2"]);
    assert!(other.record["settings"].get("inputs").is_none(), "the card's values are no decision");
    assert!(largest(&ran.states(), &other.states()) > 1e-2);

    let again = ran.folder.path().join("again");
    let mut replay = common::program();
    replay.args(["sample", "--replay"]).arg(ran.folder.path().join("out/trajectory.json")).arg("--out").arg(&again);
    replay.assert().success();
    let bytes = |folder: &Path| std::fs::read(folder.join("trajectory.npz")).unwrap();
    assert_eq!(bytes(&again), bytes(&ran.folder.path().join("out")));

    let psd = |arguments: &[&str]| {
        let mut command = common::program();
        command.current_dir(ran.folder.path()).arg("spectrum").args(arguments);
        command.assert().success();
        let file = std::fs::File::open(ran.folder.path().join("psd.npz")).unwrap();
        let psd: Array2<f64> = NpzReader::new(file).unwrap().by_name("psd_x0").unwrap();
        psd
    };
    let model = support::test_model("inputs");
    let model = ["--steps", "4", "--samples", "3", "--out", "psd.npz", "--model", model.to_str().unwrap()];
    let plain = psd(&model);
    let hard = psd(&[&model[..], &["--input", "difficulty=1"]].concat());
    assert!(largest(&plain, &hard) > 1e-3);
    // Samples that are added are made with the values of those that are there.
    let whole = psd(&[&model[..3], &["6"], &model[4..], &["--input", "difficulty=1"]].concat());
    psd(&[&model[..], &["--input", "difficulty=1"]].concat());
    let added = psd(&["--add", "psd.npz", "--samples", "3"]);
    assert!(largest(&whole, &added) < 1e-9 * whole.iter().fold(1.0, |most: f64, value| most.max(*value)));
}

/// The model is linear in `difficulty`, whose null value is 0: twice the guidance is twice the difficulty.
#[test]
fn guidance_leads_away_from_the_null_value_of_the_card() {
    let guided = sample("inputs", &["--guidance", "2", "--input", "difficulty=0.4"]);
    let plain = sample("inputs", &["--input", "difficulty=0.8"]);
    assert!(largest(&guided.states(), &plain.states()) < 1e-5);
    assert_eq!(guided.record["resolved"]["label"], Value::Null);
    let difference = guided.array("x0_conditional") - guided.array("x0_unconditional");
    assert!(difference.iter().any(|value| value.abs() > 1e-3));
    // With classes, the null class goes with the null value.
    let arguments = ["--label", "1", "--guidance", "1.5", "--input", "difficulty=0.4"];
    let both = sample("inputs-labels", &arguments);
    let names: Vec<f64> = both.array("x0_class_1").iter().chain(&both.array("x0_unconditional")).copied().collect();
    assert!(names.iter().all(|value| value.is_finite()));
}

#[test]
fn files_of_images_are_conditioning() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let grey = |x: u32, y: u32| image::Luma([u8::try_from((x * 31 + y * 7) % 256).unwrap()]);
    image::GrayImage::from_fn(16, 16, grey).save(at("mask.png")).unwrap();
    let values = Array3::from_shape_fn((1, 16, 16), |(_, y, x)| {
        f32::from(grey(u32::try_from(x).unwrap(), u32::try_from(y).unwrap()).0[0]) / 127.5 - 1.0
    });
    ndarray_npy::write_npy(at("mask.npy"), &values).unwrap();
    ndarray_npy::write_npy(at("low.npy"), &Array3::<f32>::from_elem((2, 16, 16), 0.5)).unwrap();
    image::GrayImage::from_fn(40, 20, grey).save(at("wide.png")).unwrap();
    let of = |file: &str| {
        let input = format!("mask={}", at(file).display());
        sample("inputs-arrays", &["--input", "offsets=0,0.1,0", "--input", &input])
    };
    let [picture, array, wide] = ["mask.png", "mask.npy", "wide.png"].map(of);
    assert!(largest(&picture.states(), &array.states()) < 1e-6);
    let hashes = picture.record["resolved"]["inputs_sha256"].as_object().unwrap();
    assert!(hashes.contains_key("input mask"), "{hashes:?}");
    assert!(wide.said.contains("was cropped and resized from 20x40 to 16x16"), "{}", wide.said);

    let file = at("low.npy").display().to_string();
    let low = sample("concat", &["--concat", &file]);
    assert_eq!(low.states().shape(), [5, 1, 3, 16, 16]);
    assert_eq!(low.record["settings"]["concat"], json!(file));
    // Another file in the place of the recorded one is noticed.
    ndarray_npy::write_npy(at("low.npy"), &Array3::<f32>::zeros((2, 16, 16))).unwrap();
    let mut replay = common::program();
    replay.current_dir(folder.path()).args(["sample", "--out", "again", "--replay"]);
    let output = replay.arg(low.folder.path().join("out/trajectory.json")).output().unwrap();
    let sentence = common::sentence(&output);
    assert!(sentence.contains("the concat file is not the one the record was made with"), "{sentence}");
}

#[test]
fn info_lists_inputs_with_what_the_card_says() {
    let info = |name: &str| {
        let told = common::program().arg("info").arg(support::test_model(name)).assert().success();
        String::from_utf8(told.get_output().stdout.clone()).unwrap()
    };
    let told = info("inputs");
    assert!(told.contains("\"difficulty\", f32 [any], 0 to 1, default 0.5, null 0"), "{told}");
    assert!(told.contains("\"hour\", i64 scalar, default 12"), "{told}");
    assert!(info("inputs-arrays").contains("needs --input mask=VALUE"));
    assert!(info("concat").contains("2 channels behind those of the image, from --concat FILE"));
}

/// The sentence is the one documented for this test.
#[track_caller]
fn says(test: &str, model: &str, arguments: &[&str]) {
    says_with(test, model, arguments, &[]);
}

#[track_caller]
fn says_with(test: &str, model: &str, arguments: &[&str], words: &[(&str, String)]) {
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path(), model, arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_documented(&common::sentence(&output), &format!("inputs::{test}"), words);
}

fn array(folder: &TempDir, shape: &[usize]) -> String {
    let file = folder.path().join("values.npy");
    ndarray_npy::write_npy(&file, &ArrayD::<f32>::zeros(IxDyn(shape))).unwrap();
    file.display().to_string()
}

#[test]
fn an_input_without_a_value() {
    says("an_input_without_a_value", "inputs-arrays", &["--input", "offsets=0"]);
}

#[test]
fn a_value_for_no_input() {
    says("a_value_for_no_input", "inputs", &["--input", "difficulti=0.5"]);
}

#[test]
fn a_value_for_a_model_without_further_inputs() {
    says("a_value_for_a_model_without_further_inputs", "tiny-eps", &["--input", "difficulty=0.5"]);
}

#[test]
fn a_value_for_the_class() {
    says("a_value_for_the_class", "class-labels", &["--label", "1", "--input", "class_labels=2"]);
}

#[test]
fn a_value_out_of_the_cards_range() {
    says("a_value_out_of_the_cards_range", "inputs", &["--input", "difficulty=1.5"]);
}

#[test]
fn a_value_that_is_no_number() {
    says("a_value_that_is_no_number", "inputs", &["--input", "difficulty=nan"]);
}

#[test]
fn a_fraction_for_an_integer_input() {
    says("a_fraction_for_an_integer_input", "inputs", &["--input", "hour=7.5"]);
}

#[test]
fn a_value_that_is_neither_a_number_nor_a_file() {
    let hard = tempfile::tempdir().unwrap().path().join("hard").display().to_string();
    let value = format!("difficulty={hard}");
    let test = "a_value_that_is_neither_a_number_nor_a_file";
    says_with(test, "inputs", &["--input", &value], &[("FILE", hard.clone())]);
}

#[test]
fn too_many_values() {
    says("too_many_values", "inputs", &["--input", "difficulty=0,0.5,1", "--batch", "2"]);
}

/// Three numbers for three images could be one each, but this input takes three per image.
#[test]
fn a_row_that_could_be_a_number_per_image_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let notes = |batch: &str| {
        let arguments = ["--input", "offsets=1,2,3", "--input", "mask=0", "--batch", batch];
        let output = command(folder.path(), "inputs-arrays", &arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stderr).unwrap()
    };
    let said = "the input offsets takes 3 numbers per image, so 1,2,3 is given to every image";
    assert!(notes("3").contains(said));
    assert!(!notes("2").contains(said));
}

#[test]
fn a_file_of_the_wrong_shape() {
    let folder = tempfile::tempdir().unwrap();
    let file = array(&folder, &[3, 16, 16]);
    let mask = format!("mask={file}");
    let arguments = ["--input", "offsets=0", "--input", &mask];
    says_with("a_file_of_the_wrong_shape", "inputs-arrays", &arguments, &[("FILE", file.clone())]);
}

#[test]
fn an_option_without_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path(), "inputs", &["--input", "0.5"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_documented(stderr.lines().next().unwrap(), "inputs::an_option_without_a_name", &[]);
}

#[test]
fn channels_that_are_missing() {
    says("channels_that_are_missing", "concat", &[]);
}

#[test]
fn channels_that_the_model_does_not_take() {
    let folder = tempfile::tempdir().unwrap();
    says("channels_that_the_model_does_not_take", "tiny-eps", &["--concat", &array(&folder, &[2, 16, 16])]);
}

#[test]
fn channels_of_the_wrong_number() {
    let folder = tempfile::tempdir().unwrap();
    let file = array(&folder, &[3, 16, 16]);
    says_with("channels_of_the_wrong_number", "concat", &["--concat", &file], &[("FILE", file.clone())]);
}

#[test]
fn upsample_guidance_beside_an_image() {
    let folder = tempfile::tempdir().unwrap();
    let file = array(&folder, &[2, 32, 32]);
    says("upsample_guidance_beside_an_image", "concat", &["--concat", &file, "--upsample-guidance", "2"]);
}

#[test]
fn a_card_that_contradicts_itself() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    std::fs::create_dir(&model).unwrap();
    for file in ["model.onnx", "scheduler_config.json", "config.json"] {
        std::fs::copy(support::test_model("inputs").join(file), model.join(file)).unwrap();
    }
    let card = model.join("card.json");
    std::fs::write(&card, r#"{"inputs": {"difficulty": {"default": 2, "min": 0, "max": 1}}}"#).unwrap();
    let output = common::program().arg("info").arg(&model).output().unwrap();
    let words = [("CARD", card.display().to_string())];
    assert_documented(&common::sentence(&output), "inputs::a_card_that_contradicts_itself", &words);
}
