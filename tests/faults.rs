//! Bad input: each case of docs/faults.md, run through the binary. The sentence expected is the one in that table.
#![allow(clippy::unwrap_used)]

mod common;

use assert_cmd::Command;
use common::faults::{documented, matches};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/models")
}

/// The setup of one test: an output folder, and the words that stand for paths in the table.
struct Case {
    test: &'static str,
    folder: TempDir,
    words: Vec<(&'static str, String)>,
}

impl Case {
    fn new(test: &'static str) -> Self {
        Self { test, folder: tempfile::tempdir().unwrap(), words: Vec::new() }
    }

    fn word(mut self, word: &'static str, path: &Path) -> Self {
        self.words.push((word, path.display().to_string()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn out(&self) -> PathBuf {
        self.path("out")
    }

    fn sample(&self, arguments: &[&str]) -> Command {
        let mut command = common::program();
        command.arg("sample").args(arguments).arg("--out").arg(self.out()).args(["--threads", "1"]);
        command
    }

    fn model(&self, model: &Path, arguments: &[&str]) -> Command {
        let mut command = self.sample(arguments);
        command.arg("--model").arg(model);
        command
    }

    /// Runs the command, and compares exit code and message with the table.
    #[track_caller]
    fn says(self, command: &mut Command) -> TempDir {
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let words = self.words.into_iter().chain([("OUT", self.folder.path().join("out").display().to_string())]);
        let expected = documented(&format!("faults::{}", self.test), &words.collect::<Vec<_>>());
        let usage = expected.starts_with("error: ");
        let found = stderr.lines().any(|line| matches(line.strip_prefix("chromascope: ").unwrap_or(line), &expected));
        assert!(found, "expected\n  {expected}\nfound\n{stderr}");
        assert_eq!(output.status.code(), Some(if usage { 2 } else { 1 }), "{stderr}");
        assert!(!stderr.contains("panicked") && !stderr.contains(chromascope::cli::FAULT), "{stderr}");
        self.folder
    }

    /// For a bundled test model that fails.
    #[track_caller]
    fn model_says(self, model: &str) {
        let folder = models().join(model);
        let file = if folder.is_dir() { folder.join("model.onnx") } else { folder.clone() };
        let case = self.word("MODEL", &file).word("CONFIG", &folder.join("scheduler_config.json"));
        let mut command = case.model(&folder, &["--steps", "10"]);
        let kept = case.says(&mut command);
        assert!(!kept.path().join("out/trajectory.npz").exists());
    }
}

fn bad(name: &str) -> String {
    let found =
        [format!("bad/{name}.onnx"), format!("bad/{name}")].into_iter().find(|path| models().join(path).exists());
    found.unwrap()
}

#[test]
fn a_truncated_model() {
    Case::new("a_truncated_model").model_says(&bad("truncated"));
}

#[test]
fn an_empty_model() {
    Case::new("an_empty_model").model_says(&bad("empty"));
}

#[test]
fn a_file_that_is_not_onnx() {
    Case::new("a_file_that_is_not_onnx").model_says(&bad("text"));
}

#[test]
fn a_wrong_opset() {
    Case::new("a_wrong_opset").model_says(&bad("opset-99"));
}

#[test]
fn a_huge_model() {
    let case = Case::new("a_huge_model");
    let model = case.path("huge.onnx");
    // A sparse file, which takes no space.
    std::fs::File::create(&model).unwrap().set_len(3 << 30).unwrap();
    let case = case.word("MODEL", &model);
    case.model(&model, &[]).assert().failure();
    let mut command = case.model(&model, &[]);
    case.says(&mut command);
}

#[test]
fn missing_external_data() {
    Case::new("missing_external_data").model_says(&bad("external-missing"));
}

#[test]
fn truncated_external_data() {
    let case = Case::new("truncated_external_data");
    let folder = case.path("model");
    std::fs::create_dir(&folder).unwrap();
    for file in ["model.onnx", "config.json", "scheduler_config.json"] {
        std::fs::copy(models().join(bad("external-missing")).join(file), folder.join(file)).unwrap();
    }
    std::fs::write(folder.join("weights.bin"), "x").unwrap();
    let case = case.word("DATA", &folder.join("weights.bin"));
    let mut command = case.model(&folder, &[]);
    case.says(&mut command);
}

#[test]
fn external_data_outside_the_folder() {
    Case::new("external_data_outside_the_folder").model_says(&bad("external-outside"));
}

#[test]
fn a_graph_without_an_image_input() {
    Case::new("a_graph_without_an_image_input").model_says(&bad("no-image"));
}

#[test]
fn wrong_channel_count() {
    Case::new("wrong_channel_count").model_says(&bad("channels-3-5"));
}

#[test]
fn in_channels_of_another_model() {
    Case::new("in_channels_of_another_model").model_says(&bad("in-channels"));
}

#[test]
fn a_port_that_cannot_play_its_role() {
    let folder = models().join("hidden-states");
    let case = Case::new("a_port_that_cannot_play_its_role").word("MODEL", &folder.join("model.onnx"));
    let mut command = case.model(&folder, &["--input-timestep", "encoder_hidden_states"]);
    case.says(&mut command);
}

#[test]
fn an_input_with_another_role() {
    let folder = models().join("tiny-eps");
    let case = Case::new("an_input_with_another_role").word("MODEL", &folder.join("model.onnx"));
    let mut command = case.model(&folder, &["--input-timestep", "sample"]);
    case.says(&mut command);
}

#[test]
fn an_unknown_input() {
    Case::new("an_unknown_input").model_says(&bad("unknown-input"));
}

#[test]
fn an_unknown_model() {
    let case = Case::new("an_unknown_model");
    let mut command = case.sample(&["--model", "no-such-model"]);
    case.says(&mut command);
}

#[test]
fn a_folder_without_a_graph() {
    let case = Case::new("a_folder_without_a_graph");
    let folder = case.path("model");
    std::fs::create_dir(&folder).unwrap();
    let case = case.word("FOLDER", &folder);
    let mut command = case.model(&folder, &[]);
    case.says(&mut command);
}

#[test]
fn a_model_without_a_configuration() {
    let case = Case::new("a_model_without_a_configuration");
    let mut command = case.model(&models().join("single.onnx"), &["--size", "16x16"]);
    case.says(&mut command);
}

#[test]
fn missing_conditioning() {
    let case = Case::new("missing_conditioning");
    let mut command = case.model(&models().join("hidden-states"), &[]);
    case.says(&mut command);
}

#[test]
fn a_configuration_that_is_not_json() {
    Case::new("a_configuration_that_is_not_json").model_says("bad-config/not-json");
}

#[test]
fn a_configuration_of_no_scheduler() {
    let case = Case::new("a_configuration_of_no_scheduler");
    let file = case.path("config.json");
    std::fs::write(&file, r#"{"_class_name": "UNet2DModel", "sample_size": 16, "in_channels": 3}"#).unwrap();
    let case = case.word("CONFIG", &file);
    let mut command = case.model(&models().join("tiny-eps"), &["--scheduler-config", file.to_str().unwrap()]);
    case.says(&mut command);
}

#[test]
fn a_configuration_with_a_wrong_type() {
    Case::new("a_configuration_with_a_wrong_type").model_says("bad-config/wrong-type");
}

#[test]
fn a_configuration_with_nan() {
    Case::new("a_configuration_with_nan").model_says("bad-config/nan-beta");
}

#[test]
fn a_negative_beta() {
    Case::new("a_negative_beta").model_says("bad-config/negative-beta");
}

#[test]
fn a_broken_config_json() {
    let case = Case::new("a_broken_config_json");
    let folder = case.path("model");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(models().join("tiny-eps/model.onnx"), folder.join("model.onnx")).unwrap();
    std::fs::write(folder.join("config.json"), r#"{"in_channels": "three"}"#).unwrap();
    let case = case.word("CONFIG", &folder.join("config.json"));
    let mut command = case.model(&folder, &[]);
    case.says(&mut command);
}

/// An error in the settings of a good model.
#[track_caller]
fn settings_say(test: &'static str, model: &str, arguments: &[&str]) {
    let case = Case::new(test);
    let mut command = case.model(&models().join(model), arguments);
    case.says(&mut command);
}

#[test]
fn zero_steps() {
    settings_say("zero_steps", "tiny-eps", &["--steps", "0"]);
}

#[test]
fn negative_steps() {
    settings_say("negative_steps", "tiny-eps", &["--steps", "-3"]);
}

#[test]
fn a_million_steps() {
    for spacing in ["trailing", "leading", "karras"] {
        settings_say("a_million_steps", "tiny-eps", &["--steps", "1000000", "--spacing", spacing]);
    }
}

#[test]
fn a_size_the_factor_does_not_divide() {
    settings_say("a_size_the_factor_does_not_divide", "factor-4", &["--size", "18x16"]);
}

#[test]
fn a_size_that_a_fixed_graph_cannot_take() {
    settings_say("a_size_that_a_fixed_graph_cannot_take", "fixed-16x16", &["--size", "32x32"]);
}

#[test]
fn a_size_that_is_none() {
    settings_say("a_size_that_is_none", "tiny-eps", &["--size", "large"]);
}

#[test]
fn a_run_too_large_for_memory() {
    let arguments = ["--size", "64x64", "--steps", "1000", "--batch", "1000"];
    settings_say("a_run_too_large_for_memory", "tiny-eps", &arguments);
}

#[test]
fn a_label_out_of_range() {
    settings_say("a_label_out_of_range", "class-labels", &["--label", "12"]);
}

#[test]
fn a_label_for_a_model_without_classes() {
    settings_say("a_label_for_a_model_without_classes", "tiny-eps", &["--label", "1"]);
}

#[test]
fn an_unknown_sampler() {
    settings_say("an_unknown_sampler", "tiny-eps", &["--sampler", "magic"]);
}

#[test]
fn an_unknown_parameter_of_a_sampler() {
    settings_say("an_unknown_parameter_of_a_sampler", "tiny-eps", &["--sampler", "dpmpp-2m:order=3"]);
}

#[test]
fn a_parameter_of_a_sampler_out_of_range() {
    settings_say("a_parameter_of_a_sampler_out_of_range", "tiny-eps", &["--sampler", "dpmpp-2m:solver_order=9"]);
}

#[test]
fn a_parameter_for_a_sampler_without_any() {
    settings_say("a_parameter_for_a_sampler_without_any", "tiny-eps", &["--sampler", "ddim:r=1"]);
}

#[test]
fn an_unknown_spacing() {
    settings_say("an_unknown_spacing", "tiny-eps", &["--spacing", "magic"]);
}

#[test]
fn a_negative_seed() {
    settings_say("a_negative_seed", "tiny-eps", &["--seed", "-1"]);
}

#[test]
fn a_null_label_out_of_range() {
    settings_say("a_null_label_out_of_range", "class-labels", &["--null-label", "99"]);
}

#[test]
fn a_null_label_for_a_model_without_classes() {
    settings_say("a_null_label_for_a_model_without_classes", "tiny-eps", &["--null-label", "3"]);
}

#[test]
fn a_null_label_out_of_range_under_guidance() {
    let arguments = ["--label", "2", "--guidance", "3", "--null-label", "99"];
    settings_say("a_null_label_out_of_range_under_guidance", "class-labels", &arguments);
}

#[test]
fn a_prediction_of_an_exact_model() {
    let arguments = ["--provider", "rust", "--prediction", "epsilon"];
    model_of("a_prediction_of_an_exact_model", Path::new("gaussian-64"), &arguments);
}

#[test]
fn a_network_option_for_images() {
    let case = Case::new("a_network_option_for_images");
    let folder = case.path("images");
    std::fs::create_dir(&folder).unwrap();
    image::RgbImage::new(8, 8).save(folder.join("a.png")).unwrap();
    let mut command = common::program();
    command.args(["sample", "--prediction", "epsilon", "--out"]).arg(case.path("out")).arg("--images").arg(&folder);
    case.says(&mut command);
}

#[test]
fn eta_where_it_means_nothing() {
    settings_say("eta_where_it_means_nothing", "tiny-eps", &["--sampler", "euler", "--eta", "0.5"]);
}

#[track_caller]
fn initial_noise_says(test: &'static str, write: impl FnOnce(&Path)) {
    let case = Case::new(test);
    let file = case.path("noise.npy");
    write(&file);
    let case = case.word("NOISE", &file);
    let mut command = case.model(&models().join("tiny-eps"), &["--init-noise"]);
    command.arg(&file);
    // `--init-noise` takes the argument after it, wherever the others are.
    let mut command = case.model(&models().join("tiny-eps"), &["--init-noise", file.to_str().unwrap()]);
    case.says(&mut command);
}

#[test]
fn initial_noise_of_the_wrong_shape() {
    initial_noise_says("initial_noise_of_the_wrong_shape", |file| {
        ndarray_npy::write_npy(file, &ndarray::Array4::<f32>::zeros([1, 3, 8, 8])).unwrap();
    });
}

#[test]
fn initial_noise_that_is_no_array() {
    initial_noise_says("initial_noise_that_is_no_array", |file| std::fs::write(file, "noise").unwrap());
}

#[test]
fn initial_noise_with_nan() {
    initial_noise_says("initial_noise_with_nan", |file| {
        ndarray_npy::write_npy(file, &ndarray::Array4::from_elem([1, 3, 16, 16], f32::NAN)).unwrap();
    });
}

#[test]
fn step_noise_of_the_wrong_shape() {
    let case = Case::new("step_noise_of_the_wrong_shape");
    let file = case.path("noise.npy");
    ndarray_npy::write_npy(&file, &ndarray::Array5::<f32>::zeros([1, 1, 3, 16, 16])).unwrap();
    let arguments = ["--steps", "4", "--step-noise", file.to_str().unwrap()];
    let mut command = case.model(&models().join("tiny-eps"), &arguments);
    case.says(&mut command);
}

#[test]
fn step_noise_for_a_sampler_of_two() {
    let case = Case::new("step_noise_for_a_sampler_of_two");
    let file = case.path("noise.npy");
    ndarray_npy::write_npy(&file, &ndarray::Array5::<f32>::zeros([4, 1, 3, 16, 16])).unwrap();
    let arguments = ["--steps", "4", "--sampler", "dpmpp-sde", "--step-noise", file.to_str().unwrap()];
    let mut command = case.model(&models().join("tiny-eps"), &arguments);
    case.says(&mut command);
}

/// Where CUDA works, requiring it must succeed instead.
#[test]
fn cuda_where_there_is_none() {
    let case = Case::new("cuda_where_there_is_none");
    let mut command = case.model(&models().join("tiny-eps"), &["--provider", "cuda", "--steps", "2"]);
    if command.output().unwrap().status.success() {
        let record = std::fs::read_to_string(case.out().join("trajectory.json")).unwrap();
        assert!(record.contains(r#""provider": "cuda""#), "{record}");
    } else {
        case.says(&mut command);
    }
}

#[test]
fn a_network_without_onnx_runtime() {
    settings_say("a_network_without_onnx_runtime", "tiny-eps", &["--provider", "rust"]);
}

#[test]
fn a_record_that_is_none() {
    let case = Case::new("a_record_that_is_none");
    let record = case.path("record.json");
    std::fs::write(&record, "{}").unwrap();
    let case = case.word("RECORD", &record);
    let mut command = common::program();
    command.args(["sample", "--replay"]).arg(&record).arg("--out").arg(case.out());
    case.says(&mut command);
}

#[test]
fn a_record_of_another_model() {
    let case = Case::new("a_record_of_another_model");
    case.model(&models().join("tiny-eps"), &["--steps", "2"]).assert().success();
    let record = case.path("out/trajectory.json");
    let text = std::fs::read_to_string(&record).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    value["resolved"]["model_sha256"] = "0".repeat(64).into();
    std::fs::write(&record, value.to_string()).unwrap();
    let mut command = common::program();
    command.args(["sample", "--replay"]).arg(&record).arg("--out").arg(case.out());
    case.says(&mut command);
}

#[test]
fn an_unknown_class_name() {
    let case = Case::new("an_unknown_class_name");
    let mut command = case.sample(&["--model", "emoji-unet", "--label", "Kitchen"]);
    case.says(&mut command);
}

#[test]
fn too_many_threads() {
    let case = Case::new("too_many_threads");
    let mut command = common::program();
    command
        .args(["sample", "--threads", "100000", "--model"])
        .arg(models().join("tiny-eps"))
        .arg("--out")
        .arg(case.out());
    let kept = case.says(&mut command);
    assert!(!kept.path().join("out").exists(), "a refused run leaves no folder");
}

#[test]
fn a_record_whose_noise_was_changed() {
    let case = Case::new("a_record_whose_noise_was_changed");
    let noise = case.path("x_T.npy");
    ndarray_npy::write_npy(&noise, &ndarray::Array4::<f64>::ones([1, 3, 16, 16])).unwrap();
    let arguments = ["--steps", "2", "--init-noise", noise.to_str().unwrap()];
    case.model(&models().join("tiny-eps"), &arguments).assert().success();
    ndarray_npy::write_npy(&noise, &ndarray::Array4::<f64>::zeros([1, 3, 16, 16])).unwrap();
    let record = case.path("out/trajectory.json");
    let mut command = common::program();
    command.args(["sample", "--replay"]).arg(record).arg("--out").arg(case.out());
    case.says(&mut command);
}

#[test]
fn a_record_whose_configuration_was_changed() {
    let case = Case::new("a_record_whose_configuration_was_changed");
    let folder = case.path("model");
    std::fs::create_dir(&folder).unwrap();
    for file in ["model.onnx", "config.json", "scheduler_config.json"] {
        std::fs::copy(models().join("tiny-eps").join(file), folder.join(file)).unwrap();
    }
    case.model(&folder, &["--steps", "2"]).assert().success();
    let config = folder.join("scheduler_config.json");
    let text = std::fs::read_to_string(&config).unwrap().replace("0.012", "0.013");
    std::fs::write(&config, text).unwrap();
    let record = case.path("out/trajectory.json");
    let mut command = common::program();
    command.args(["sample", "--replay"]).arg(record).arg("--out").arg(case.out());
    case.says(&mut command);
}

#[test]
fn images_too_large_for_memory() {
    let case = Case::new("images_too_large_for_memory");
    let folder = case.path("images");
    std::fs::create_dir(&folder).unwrap();
    image::RgbImage::new(4, 4).save(folder.join("a.png")).unwrap();
    let mut command = case.sample(&["--images", folder.to_str().unwrap(), "--size", "16384x16384", "--steps", "1"]);
    case.says(&mut command);
}

#[test]
fn nan_out_of_the_network() {
    let case = Case::new("nan_out_of_the_network");
    let mut command = case.model(&models().join(bad("nan-below-500")), &["--steps", "10"]);
    let folder = case.says(&mut command);
    let mut npz = ndarray_npy::NpzReader::new(std::fs::File::open(folder.path().join("out/trajectory.npz")).unwrap());
    let npz = npz.as_mut().unwrap();
    let states: ndarray::Array5<f32> = npz.by_name("x_t").unwrap();
    let estimates: ndarray::Array5<f32> = npz.by_name("x0").unwrap();
    assert_eq!((states.shape()[0], estimates.shape()[0]), (6, 5));
    assert!(states.iter().chain(&estimates).all(|value| value.is_finite()));
}

#[test]
fn nan_out_of_a_network_in_halves() {
    let case = Case::new("nan_out_of_a_network_in_halves");
    let mut command = case.model(&models().join(bad("nan-f16-inside")), &["--steps", "10"]);
    case.says(&mut command);
}

#[test]
fn inf_out_of_the_network() {
    Case::new("inf_out_of_the_network").model_says(&bad("inf"));
}

/// A limit on the size of files in place of a full disk: the system fails at the same point. Earlier results stay.
#[cfg(unix)]
#[test]
fn no_space_left() {
    let case = Case::new("no_space_left");
    let arguments = ["--steps", "4", "--size", "64x64"];
    let mut first = case.model(&models().join("tiny-eps"), &arguments);
    first.assert().success();
    let before = std::fs::read(case.path("out/trajectory.npz")).unwrap();
    let program = assert_cmd::cargo::cargo_bin("chromascope");
    let mut command = Command::new("sh");
    command.args(["-c", r#"trap "" XFSZ; ulimit -f 20; exec "$@""#, "sh"]).arg(program).arg("sample");
    command.args(arguments).args(["--seed", "1", "--threads", "1", "--out"]).arg(case.out());
    command.arg("--model").arg(models().join("tiny-eps"));
    let folder = case.says(&mut command);
    assert_eq!(std::fs::read(folder.path().join("out/trajectory.npz")).unwrap(), before);
    let left: Vec<_> = std::fs::read_dir(folder.path().join("out")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

/// Root may write anywhere, except without the capability for it.
#[cfg(target_os = "linux")]
#[test]
fn no_permission() {
    use std::os::unix::fs::PermissionsExt;
    let case = Case::new("no_permission");
    let closed = |mode: u32| {
        std::fs::set_permissions(case.folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        std::fs::create_dir(case.path("probe")).is_ok()
    };
    let program = assert_cmd::cargo::cargo_bin("chromascope");
    let mut command = if closed(0o555) {
        std::fs::remove_dir(case.path("probe")).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set", "-dac_override,-dac_read_search"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.env("CHROMASCOPE_CONFIG", case.path("no-settings"));
    command.args(["sample", "--provider", "rust", "--model", "gaussian-64", "--steps", "2", "--out"]).arg(case.out());
    let folder = case.says(&mut command);
    assert!(!folder.path().join("out").exists());
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_out_folder_is_a_file() {
    let case = Case::new("the_out_folder_is_a_file");
    std::fs::write(case.out(), "mine").unwrap();
    let mut command = case.model(&models().join("tiny-eps"), &[]);
    let folder = case.says(&mut command);
    assert_eq!(std::fs::read_to_string(folder.path().join("out")).unwrap(), "mine");
}

/// The run succeeds without the broken one.
#[test]
fn one_broken_image_among_100_000() {
    let case = Case::new("one_broken_image_among_100_000");
    let images = case.path("images");
    std::fs::create_dir(&images).unwrap();
    let sources: Vec<PathBuf> = (0_u8..4)
        .map(|shade| {
            let path = case.path(&format!("{shade}.png"));
            image::RgbImage::from_pixel(2, 2, image::Rgb([60 * shade, 128, 30])).save(&path).unwrap();
            path
        })
        .collect();
    // Links, so that the disk holds four files and not a hundred thousand.
    for number in 0..99_999 {
        std::fs::hard_link(&sources[number % 4], images.join(format!("{number:06}.png"))).unwrap();
    }
    let broken = images.join("broken.png");
    std::fs::write(&broken, b"\x89PNG\r\n\x1a\nnot really").unwrap();
    let output = case
        .sample(&["--images", images.to_str().unwrap(), "--size", "4x4", "--steps", "2"])
        .assert()
        .success()
        .get_output()
        .clone();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let words = [("BROKEN", broken.display().to_string())];
    let expected = documented("faults::one_broken_image_among_100_000", &words);
    assert!(stderr.lines().any(|line| matches(line.trim_start_matches("chromascope: "), &expected)), "{stderr}");
    assert!(stderr.contains("99999 images of 4x4"), "{stderr}");
}

#[test]
fn a_folder_without_images() {
    let case = Case::new("a_folder_without_images");
    let folder = case.path("images");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("notes.txt"), "no image").unwrap();
    let case = case.word("FOLDER", &folder);
    let mut command = case.sample(&["--images", folder.to_str().unwrap()]);
    case.says(&mut command);
}

#[test]
fn no_such_image_folder() {
    let case = Case::new("no_such_image_folder");
    let folder = case.path("nowhere");
    let case = case.word("FOLDER", &folder);
    let mut command = case.sample(&["--images", folder.to_str().unwrap()]);
    case.says(&mut command);
}

/// A file that is not a valid schedule, in both commands that take one.
#[track_caller]
fn schedule_says(test: &'static str, name: &str, bytes: impl AsRef<[u8]>) {
    for command in [&["schedule", "--sigmas"][..], &["sample", "--images", ".", "--schedule"]] {
        let case = Case::new(test);
        let file = case.path(name);
        std::fs::write(&file, &bytes).unwrap();
        let case = case.word("LIST", &file);
        case.says(common::program().args(command).arg(&file));
    }
}

/// Invalid options of `schedule`.
#[track_caller]
fn schedule_options_say(test: &'static str, arguments: &[&str]) {
    Case::new(test).says(common::program().arg("schedule").args(arguments));
}

#[test]
fn a_sigma_that_is_nan() {
    schedule_says("a_sigma_that_is_nan", "list.csv", "sigma\n3\nnan\n0\n");
}

#[test]
fn sigmas_that_rise() {
    schedule_says("sigmas_that_rise", "list.txt", "3, 1, 2, 0");
}

#[test]
fn two_equal_sigmas() {
    schedule_says("two_equal_sigmas", "list.json", r#"{"sigmas": [3, 1, 1, 0]}"#);
}

#[test]
fn a_single_sigma() {
    schedule_says("a_single_sigma", "list.txt", "5");
}

#[test]
fn an_empty_schedule() {
    schedule_says("an_empty_schedule", "list.csv", "");
}

#[test]
fn a_schedule_of_a_million_rows() {
    schedule_says("a_schedule_of_a_million_rows", "list.csv", "1\n".repeat(1_000_000));
}

#[test]
fn a_word_among_the_sigmas() {
    schedule_says("a_word_among_the_sigmas", "list.txt", "3 abc 0");
}

#[test]
fn a_row_with_too_few_values() {
    schedule_says("a_row_with_too_few_values", "list.csv", "sigma,x\n1,2\n3\n");
}

#[test]
fn a_table_without_noise_levels() {
    schedule_says("a_table_without_noise_levels", "list.csv", "step,loss\n1,2\n3,4\n");
}

#[test]
fn alpha_bars_that_fall() {
    schedule_says("alpha_bars_that_fall", "list.csv", "alpha_bar\n0.1\n0.05\n");
}

#[test]
fn a_schedule_of_bytes() {
    schedule_says("a_schedule_of_bytes", "list.pt", b"PK\x03\x04\xff\xfe");
}

#[test]
fn several_lists() {
    schedule_says("several_lists", "list.txt", "sigmas=[14.6, 3.1, 0.0]\ntimesteps=[999, 800]\n");
}

/// An archive of arrays of whole numbers.
fn archive(names: &[&str], value: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ndarray_npy::NpzWriter::new_compressed(std::io::Cursor::new(&mut bytes));
    for name in names {
        writer.add_array(*name, &ndarray::arr1(&[value, 2, 1])).unwrap();
    }
    writer.finish().unwrap();
    bytes
}

#[test]
fn an_archive_of_several_arrays() {
    schedule_says("an_archive_of_several_arrays", "list.npz", archive(&["sigmas", "timesteps"], 3));
}

#[test]
fn an_archive_of_other_numbers() {
    let mut bytes = Vec::new();
    let mut writer = ndarray_npy::NpzWriter::new_compressed(std::io::Cursor::new(&mut bytes));
    writer.add_array("sigmas", &ndarray::arr1(&[true, false])).unwrap();
    writer.finish().unwrap();
    schedule_says("an_archive_of_other_numbers", "list.npz", bytes);
}

#[test]
fn a_broken_archive() {
    schedule_says("a_broken_archive", "list.npz", &archive(&["sigmas"], 3)[..40]);
}

/// A list of flow times that makes no run.
#[track_caller]
fn flow_times_say(test: &'static str, list: &str) {
    let case = Case::new(test);
    let file = case.path("list.txt");
    std::fs::write(&file, list).unwrap();
    let case = case.word("LIST", &file);
    case.says(common::program().args(["schedule", "--sigmas-are", "flow", "--sigmas"]).arg(&file));
}

#[test]
fn a_flow_time_above_one() {
    flow_times_say("a_flow_time_above_one", "14.6 3 1 0");
}

#[test]
fn a_flow_time_above_one_in_a_run() {
    let case = Case::new("a_flow_time_above_one_in_a_run");
    let file = case.path("list.txt");
    std::fs::write(&file, "14.6 3 1 0").unwrap();
    let arguments = ["--size", "16x16", "--schedule", file.to_str().unwrap()];
    let mut command = case.model(&models().join("tiny-flow"), &arguments);
    case.says(&mut command);
}

#[test]
fn flow_times_that_stand() {
    flow_times_say("flow_times_that_stand", "flow_time\n1\n0.5\n0.5\n0\n");
}

#[test]
fn a_single_flow_time() {
    // Read as σ first, it is one value too few whatever it means.
    flow_times_say("a_single_flow_time", "flow_time\n0.5\n");
}

#[test]
fn an_array_of_truth_values() {
    let mut bytes = Vec::new();
    ndarray_npy::WriteNpyExt::write_npy(&ndarray::arr1(&[true, false]), &mut bytes).unwrap();
    schedule_says("an_array_of_truth_values", "list.npy", bytes);
}

#[test]
fn a_schedule_of_broken_json() {
    schedule_says("a_schedule_of_broken_json", "list.json", "{\"sigmas\": [3, 1");
}

#[test]
fn a_schedule_of_a_later_version() {
    schedule_says("a_schedule_of_a_later_version", "list.json", r#"{"chromascope_schedule": 9, "source": {}}"#);
}

#[test]
fn control_points_that_make_no_curve() {
    let points = r#"[{"s": 0, "log_snr": 1}, {"s": 1, "log_snr": 2}]"#;
    let curve = format!(
        r#"{{"other": {{"schedule": {{"curve": {{"curve": "drawn", "points": {points}}}}}, "visits": {{"spacing": "trailing"}}}}}}"#
    );
    let file = format!(r#"{{"chromascope_schedule": 1, "source": {curve}}}"#);
    schedule_says("control_points_that_make_no_curve", "list.json", file);
}

#[test]
fn no_such_schedule() {
    let case = Case::new("no_such_schedule");
    let file = case.path("nowhere.csv");
    let case = case.word("LIST", &file);
    case.says(common::program().args(["schedule", "--sigmas"]).arg(&file));
}

#[test]
fn timesteps_without_their_model() {
    let case = Case::new("timesteps_without_their_model");
    let file = case.path("list.csv");
    std::fs::write(&file, "timestep\n999\n500\n").unwrap();
    case.says(common::program().args(["schedule", "--sigmas"]).arg(&file));
}

#[test]
fn steps_beside_a_list() {
    let case = Case::new("steps_beside_a_list");
    let file = case.path("list.csv");
    std::fs::write(&file, "3 1 0").unwrap();
    let case = case.word("LIST", &file);
    case.says(common::program().args(["schedule", "--steps", "9", "--sigmas"]).arg(&file));
}

#[test]
fn steps_beside_a_list_of_a_run() {
    let case = Case::new("steps_beside_a_list_of_a_run");
    let file = case.path("list.csv");
    std::fs::write(&file, "3 1 0").unwrap();
    let mut command = case.sample(&["--model", "gaussian-64", "--steps", "9", "--schedule", file.to_str().unwrap()]);
    case.says(&mut command);
}

#[test]
fn an_unknown_family() {
    schedule_options_say("an_unknown_family", &["--family", "magic"]);
}

#[test]
fn an_unknown_parameter() {
    schedule_options_say("an_unknown_parameter", &["--family", "karras", "--param", "x=1"]);
}

#[test]
fn a_parameter_of_a_list() {
    schedule_options_say("a_parameter_of_a_list", &["--family", "lcm-4", "--param", "rho=7"]);
}

#[test]
fn a_snippet_for_an_edm_model() {
    let config = models().join("tiny-edm/scheduler_config.json");
    let arguments = ["--config", config.to_str().unwrap(), "--steps", "4", "--for", "python"];
    schedule_options_say("a_snippet_for_an_edm_model", &arguments);
}

#[test]
fn a_parameter_that_is_no_number() {
    schedule_options_say("a_parameter_that_is_no_number", &["--family", "karras", "--param", "rho=big"]);
}

#[test]
fn a_parameter_out_of_range() {
    schedule_options_say("a_parameter_out_of_range", &["--family", "cosine", "--param", "s=-1"]);
}

#[test]
fn a_spacing_that_does_not_suit() {
    let arguments = ["--family", "cosine", "--steps", "4", "--spacing", "leading"];
    schedule_options_say("a_spacing_that_does_not_suit", &arguments);
}

#[test]
fn a_curve_that_diffusers_cannot_hold() {
    let arguments = ["--family", "linear", "--param", "timesteps=100000", "--param", "beta_start=1e-9"];
    let arguments = [&arguments[..], &["--param", "beta_end=1e-8", "--for", "diffusers"]].concat();
    schedule_options_say("a_curve_that_diffusers_cannot_hold", &arguments);
}

#[test]
fn a_snippet_without_a_configuration() {
    schedule_options_say("a_snippet_without_a_configuration", &["--family", "cosine", "--for", "python"]);
}

/// A file with a wrong extension.
#[track_caller]
fn ending_says(test: &'static str, option: &str, ending: &str) {
    let case = Case::new(test);
    let file = case.out().with_extension(ending);
    let kept = case.says(common::program().args(["schedule", "--family", "cosine", option]).arg(&file));
    assert!(!kept.path().join("out").with_extension(ending).exists());
}

#[test]
fn a_table_as_pdf() {
    ending_says("a_table_as_pdf", "--out", "pdf");
}

#[test]
fn samples_as_csv() {
    let case = Case::new("samples_as_csv");
    let file = case.out().with_extension("csv");
    let kept = case.says(common::program().args(["spectrum", "--model", "gaussian-64", "--out"]).arg(&file));
    assert!(!kept.path().join("out.csv").exists());
}

#[test]
fn a_guidance_scale_beyond_all_use() {
    model_of(
        "a_guidance_scale_beyond_all_use",
        &class_labels(),
        &["--label", "1", "--null-label", "0", "--guidance", "1e38"],
    );
}

#[test]
fn seconds_that_are_not_whole() {
    let case = Case::new("seconds_that_are_not_whole");
    case.says(common::program().args(["optimise", "--model", "gaussian-64", "--seconds", "0.5"]));
}

#[test]
fn a_null_class_that_is_no_number() {
    let case = Case::new("a_null_class_that_is_no_number");
    case.says(common::program().args(["sample", "--null-label", "none"]));
}

#[test]
fn a_figure_as_jpg() {
    ending_says("a_figure_as_jpg", "--plot", "jpg");
}

#[test]
fn a_size_without_pixels() {
    let images = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
    let network = ["--threads", "1", "--images", images];
    for command in
        [&["psd", images][..], &[&["spectrum"], &network[..]].concat(), &[&["optimise"], &network[..]].concat()]
    {
        let case = Case::new("a_size_without_pixels");
        let out = case.out();
        case.says(common::program().args(command).args(["--size", "0x0", "--out"]).arg(&out));
    }
    let told =
        common::program().args(["psd", images, "--size", "70000x8"]).assert().code(1).get_output().stderr.clone();
    assert!(String::from_utf8(told).unwrap().contains("--size 70000x8 is not a size"));
}

/// A pipe in place of devices, which no test should touch.
#[cfg(unix)]
#[test]
fn a_result_where_a_pipe_is() {
    use std::os::unix::fs::FileTypeExt;
    let case = Case::new("a_result_where_a_pipe_is");
    let pipe = case.out();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let folder = case.says(common::program().args(["spectrum", "--model", "gaussian-64", "--out"]).arg(&pipe));
    assert!(std::fs::metadata(folder.path().join("out")).unwrap().file_type().is_fifo());
}

#[test]
fn two_results_at_one_place() {
    for command in [&["spectrum", "--model", "gaussian-64"][..], &["chromatogram", "--family", "cosine"]] {
        let case = Case::new("two_results_at_one_place");
        let file = case.out().with_extension("svg");
        // Not only by the letter.
        let same = case.path("./out.svg");
        case.says(common::program().args(command).arg("--out").arg(same).arg("--plot").arg(&file));
    }
}

#[test]
fn a_figure_of_a_single_timestep() {
    let case = Case::new("a_figure_of_a_single_timestep");
    let file = case.path("a.svg");
    let arguments = ["schedule", "--family", "linear", "--param", "timesteps=1", "--plot"];
    case.says(common::program().args(arguments).arg(&file));
}

#[cfg(all(feature = "gui", target_os = "linux"))]
#[test]
fn a_window_without_a_display() {
    let case = Case::new("a_window_without_a_display");
    let mut command = common::program();
    command.arg("window").env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET");
    case.says(&mut command);
}

/// Every row of the table names an existing test, and every test here has its row.
#[test]
fn the_table_and_the_tests_agree() {
    let rows = common::faults::rows();
    for row in &rows {
        let (file, name) = row.test.split_once("::").unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(format!("{file}.rs"));
        let source = std::fs::read_to_string(&source).unwrap_or_else(|_| panic!("{}: no such file", row.test));
        assert!(source.contains(&format!("fn {name}()")), "{} is in the table but not in tests/", row.test);
        // In the other files each test looks up its own row.
        let whole = source.contains(&format!("\"{}\"", row.test));
        let by_name = source.contains(&format!("\"{name}\"")) && source.contains(&format!("\"{file}::{{"));
        let asks = file == "faults" || whole || by_name;
        assert!(asks, "{} does not take its sentence from the table", row.test);
    }
    for line in include_str!("faults.rs").lines() {
        let Some(name) = line.strip_prefix("fn ").and_then(|rest| rest.split_once("() {")).map(|(name, _)| name) else {
            continue;
        };
        let is_case = !["models", "the_table_and_the_tests_agree"].contains(&name);
        let listed = rows.iter().any(|row| row.test == format!("faults::{name}"));
        assert!(listed || !is_case, "faults::{name} is not in docs/faults.md");
    }
}

fn class_labels() -> PathBuf {
    models().join("class-labels")
}

fn tiny() -> PathBuf {
    models().join("tiny-eps")
}

#[track_caller]
fn model_of(test: &'static str, model: &Path, arguments: &[&str]) {
    let case = Case::new(test).word("MODEL", model);
    let mut command = case.model(model, arguments);
    case.says(&mut command);
}

#[test]
fn guidance_without_classes() {
    model_of("guidance_without_classes", &tiny(), &["--guidance", "3"]);
}

#[test]
fn guidance_without_a_null_class() {
    let case = Case::new("guidance_without_a_null_class");
    let folder = case.path("net");
    std::fs::create_dir(&folder).unwrap();
    for file in ["model.onnx", "scheduler_config.json"] {
        std::fs::copy(class_labels().join(file), folder.join(file)).unwrap();
    }
    let mut command = case.model(&folder, &["--label", "2", "--guidance", "3", "--size", "16x16"]);
    case.says(&mut command);
}

#[test]
fn a_guidance_curve_that_jumps_without_a_direction() {
    let case = Case::new("a_guidance_curve_that_jumps_without_a_direction");
    let curve = case.path("curve.csv");
    std::fs::write(&curve, "s,w\n0.5,3\n0.5,2\n1,1\n0,1\n").unwrap();
    let case = case.word("CURVE", &curve);
    let mut command = case.model(&class_labels(), &["--guidance", curve.to_str().unwrap()]);
    case.says(&mut command);
}

#[test]
fn an_option_beside_a_record() {
    let case = Case::new("an_option_beside_a_record");
    let mut command = common::program();
    command.args(["sample", "--replay", "trajectory.json", "--sampler", "euler"]);
    case.says(&mut command);
}

#[test]
fn a_guidance_scale_that_is_nothing() {
    model_of("a_guidance_scale_that_is_nothing", &class_labels(), &["--guidance", "strong"]);
}

#[test]
fn a_guidance_curve_with_a_bad_line() {
    let case = Case::new("a_guidance_curve_with_a_bad_line");
    let curve = case.path("curve.csv");
    std::fs::write(&curve, "s,w\n1,3\n0.5;2\n").unwrap();
    let case = case.word("CURVE", &curve);
    let mut command = case.model(&class_labels(), &["--guidance", curve.to_str().unwrap()]);
    case.says(&mut command);
}

#[test]
fn levels_without_classes() {
    model_of("levels_without_classes", &tiny(), &["--labels-by-level", "1,2"]);
}

#[test]
fn a_class_of_a_level_out_of_range() {
    model_of("a_class_of_a_level_out_of_range", &class_labels(), &["--labels-by-level", "1,7"]);
}

#[test]
fn more_classes_than_levels() {
    model_of("more_classes_than_levels", &class_labels(), &["--labels-by-level", "1,1,1,1,1,2"]);
}

#[test]
fn bands_that_do_not_fit() {
    let arguments = ["--labels-by-level", "1,2,3", "--by-level", "band", "--size", "16x18"];
    model_of("bands_that_do_not_fit", &class_labels(), &arguments);
}

#[test]
fn a_class_and_classes_by_level() {
    model_of("a_class_and_classes_by_level", &class_labels(), &["--label", "1", "--labels-by-level", "1,2"]);
}

#[test]
fn a_class_that_changes_unclearly() {
    model_of("a_class_that_changes_unclearly", &class_labels(), &["--label", "[1-2]"]);
}

#[test]
fn a_class_that_changes_outside_the_run() {
    model_of("a_class_that_changes_outside_the_run", &class_labels(), &["--label", "[1:2:4]"]);
}

#[test]
fn a_change_from_no_class_to_no_class() {
    model_of("a_change_from_no_class_to_no_class", &class_labels(), &["--label", "[::0.4]"]);
}

#[test]
fn upsample_guidance_by_five() {
    model_of("upsample_guidance_by_five", &tiny(), &["--upsample-guidance", "5"]);
}

#[test]
fn a_size_larger_than_its_factor_fits() {
    model_of("a_size_larger_than_its_factor_fits", &tiny(), &["--upsample-guidance", "4", "--size", "20x30"]);
}

#[test]
fn upsample_guidance_of_a_fixed_graph() {
    model_of("upsample_guidance_of_a_fixed_graph", &models().join("fixed-16x16"), &["--upsample-guidance", "2"]);
}

#[test]
fn upsample_guidance_of_an_exact_model() {
    let arguments = ["--upsample-guidance", "2", "--provider", "rust"];
    model_of("upsample_guidance_of_an_exact_model", Path::new("gaussian-64"), &arguments);
}

#[test]
fn a_folder_that_is_no_cascade() {
    let case = Case::new("a_folder_that_is_no_cascade").word("MODEL", &tiny());
    let mut command = case.sample(&["--cascade", tiny().to_str().unwrap()]);
    case.says(&mut command);
}

/// A cascade of copies of test models under the names "a", "b", …, each with this sample size.
fn cascade(case: &Case, stages: &[(&str, usize)]) -> PathBuf {
    let folder = case.path("cascade");
    std::fs::create_dir(&folder).unwrap();
    let names: Vec<String> = ('a'..).take(stages.len()).map(String::from).collect();
    for (name, (model, side)) in names.iter().zip(stages) {
        let (from, to) = (models().join(model), folder.join(name));
        std::fs::create_dir(&to).unwrap();
        for file in ["model.onnx", "scheduler_config.json"] {
            std::fs::copy(from.join(file), to.join(file)).unwrap();
        }
        let mut config: serde_json::Value =
            serde_json::from_slice(&std::fs::read(from.join("config.json")).unwrap()).unwrap();
        config["sample_size"] = (*side).into();
        std::fs::write(to.join("config.json"), config.to_string()).unwrap();
    }
    let text = serde_json::json!({ "stages": names, "factor": 2 });
    std::fs::write(folder.join("cascade.json"), text.to_string()).unwrap();
    folder
}

#[track_caller]
fn cascade_of(test: &'static str, stages: &[(&str, usize)], arguments: &[&str]) {
    let case = Case::new(test);
    let folder = cascade(&case, stages);
    let case = case.word("CASCADE", &folder.join("cascade.json"));
    let mut command = case.sample(&[&["--cascade", folder.to_str().unwrap()], arguments].concat());
    case.says(&mut command);
}

#[test]
fn a_cascade_of_one_stage() {
    cascade_of("a_cascade_of_one_stage", &[("tiny-eps", 16)], &[]);
}

/// 2³² to the second power is 0 in 64 bits.
#[test]
fn a_cascade_of_a_factor_without_bound() {
    let case = Case::new("a_cascade_of_a_factor_without_bound");
    let folder = cascade(&case, &[("tiny-eps", 16), ("tiny-eps", 16), ("tiny-eps", 16)]);
    for stage in ["a", "b", "c"] {
        std::fs::remove_file(folder.join(stage).join("config.json")).unwrap();
    }
    let text = serde_json::json!({ "stages": ["a", "b", "c"], "factor": 1_u64 << 32 });
    std::fs::write(folder.join("cascade.json"), text.to_string()).unwrap();
    let case = case.word("CASCADE", &folder.join("cascade.json"));
    let mut command = case.sample(&["--cascade", folder.to_str().unwrap()]);
    case.says(&mut command);
}

/// A copy of a test model with another value in its config.json.
fn with_config(case: &Case, model: &str, key: &str, value: serde_json::Value) -> PathBuf {
    let (from, to) = (models().join(model), case.path("net"));
    std::fs::create_dir(&to).unwrap();
    for file in ["model.onnx", "scheduler_config.json"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
    let mut config: serde_json::Value =
        serde_json::from_slice(&std::fs::read(from.join("config.json")).unwrap()).unwrap();
    config[key] = value;
    std::fs::write(to.join("config.json"), config.to_string()).unwrap();
    to
}

#[test]
fn a_sample_size_that_is_none() {
    let case = Case::new("a_sample_size_that_is_none");
    let folder = with_config(&case, "tiny-eps", "sample_size", 0.into());
    let case = case.word("CONFIG", &folder.join("config.json"));
    let mut command = case.model(&folder, &[]);
    case.says(&mut command);
}

#[track_caller]
fn embeddings_say(test: &'static str, shape: [usize; 3]) {
    let case = Case::new(test);
    let file = case.path("states.npy");
    ndarray_npy::write_npy(&file, &ndarray::Array3::<f32>::zeros(shape)).unwrap();
    let case = case.word("STATES", &file);
    let mut command = case.model(&models().join("hidden-states"), &["--hidden-states", file.to_str().unwrap()]);
    case.says(&mut command);
}

#[test]
fn embeddings_for_another_batch() {
    embeddings_say("embeddings_for_another_batch", [3, 7, 8]);
}

#[test]
fn embeddings_of_another_width() {
    embeddings_say("embeddings_of_another_width", [1, 7, 24]);
}

#[test]
fn a_cascade_whose_stage_is_missing() {
    let case = Case::new("a_cascade_whose_stage_is_missing");
    let folder = cascade(&case, &[("tiny-eps", 16)]);
    std::fs::write(folder.join("cascade.json"), r#"{"stages": ["nowhere", "a"]}"#).unwrap();
    let case = case.word("CASCADE", &folder.join("cascade.json"));
    let mut command = case.sample(&["--cascade", folder.to_str().unwrap()]);
    case.says(&mut command);
}

#[test]
fn a_cascade_whose_sizes_do_not_fit() {
    cascade_of("a_cascade_whose_sizes_do_not_fit", &[("tiny-eps", 16), ("tiny-eps", 16)], &[]);
}

#[test]
fn a_cascade_whose_classes_do_not_fit() {
    cascade_of("a_cascade_whose_classes_do_not_fit", &[("tiny-eps", 8), ("class-labels", 16)], &[]);
}

#[test]
fn a_size_that_stages_cannot_pool() {
    cascade_of("a_size_that_stages_cannot_pool", &[("tiny-eps", 8), ("tiny-eps", 16)], &["--size", "17x16"]);
}

#[test]
fn a_window_for_a_network() {
    model_of("a_window_for_a_network", &tiny(), &["--local"]);
}

#[test]
fn a_window_that_is_nothing() {
    model_of("a_window_that_is_nothing", Path::new("emoji-exact-64"), &["--local", "wide"]);
}

#[test]
fn a_window_below_zero() {
    model_of("a_window_below_zero", Path::new("emoji-exact-64"), &["--local", "-2"]);
}
