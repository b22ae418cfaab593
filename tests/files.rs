//! Files as users have them: a network in another program's layout, links, arrays, images that are cut short or huge.
#![allow(clippy::unwrap_used)]

mod common;
mod support;

use assert_cmd::Command;
use chromascope::reading::npy;
use common::faults::assert_documented;
use ndarray::{Array3, Array4, Array5};
use ndarray_npy::write_npy;
use serde_json::Value;
use std::path::{Path, PathBuf};
use support::test_model;
use tempfile::TempDir;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A path here, whose folder is there.
    fn at(&self, path: &str) -> PathBuf {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn copy(&self, golden_file: &str, to: &str) {
        std::fs::copy(test_model(golden_file), self.at(to)).unwrap();
    }

    #[cfg(unix)]
    fn link(&self, path: &str, target: &str) {
        std::os::unix::fs::symlink(target, self.at(path)).unwrap();
    }

    fn sample(&self, model: &Path, arguments: &[&str]) -> Command {
        let mut command = common::program();
        command.args(["sample", "--steps", "3", "--threads", "1", "--model"]).arg(model).args(arguments);
        command.arg("--out").arg(self.0.path().join("out"));
        command
    }

    /// The states of a run.
    #[track_caller]
    fn states(&self, model: &Path, arguments: &[&str]) -> Array5<f32> {
        self.sample(model, arguments).assert().success();
        let file = std::fs::File::open(self.0.path().join("out/trajectory.npz")).unwrap();
        ndarray_npy::NpzReader::new(file).unwrap().by_name("x_t").unwrap()
    }

    #[track_caller]
    fn refused(&self, model: &Path, arguments: &[&str], test: &str, words: &[(&str, &Path)]) {
        let output = self.sample(model, arguments).assert().code(1).get_output().clone();
        let words: Vec<_> = words.iter().map(|(word, path)| (*word, path.display().to_string())).collect();
        assert_documented(&common::sentence(&output), &format!("files::{test}"), &words);
    }
}

#[track_caller]
fn info(model: &Path) -> (Value, String) {
    let command = || {
        let mut command = common::program();
        command.arg("info").arg(model);
        command
    };
    let json = command().arg("--json").assert().success().get_output().stdout.clone();
    let words = command().assert().success().get_output().clone();
    let words = [words.stdout, words.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    (serde_json::from_slice(&json).unwrap(), words)
}

/// A cache as Hugging Face's library keeps one: a snapshot is links to what is in `blobs`.
#[cfg(unix)]
#[test]
fn a_cache_of_hugging_face_is_opened_through_its_links() {
    let place = Place::new();
    let plain = place.at("plain/model.onnx").parent().unwrap().to_path_buf();
    for (from, to, blob) in [
        ("bad/external-missing/model.onnx", "unet/model.onnx", "b1"),
        ("bad/outside.bin", "unet/weights.bin", "b2"),
        ("tiny-eps/config.json", "unet/config.json", "b3"),
        ("tiny-eps/scheduler_config.json", "scheduler/scheduler_config.json", "b4"),
    ] {
        place.copy(from, &format!("models--cats/blobs/{blob}"));
        place.link(&format!("models--cats/snapshots/1234/{to}"), &format!("../../../blobs/{blob}"));
        std::fs::copy(test_model(from), plain.join(Path::new(to).file_name().unwrap())).unwrap();
    }
    let snapshot = place.at("models--cats/snapshots/1234");
    let expected = place.states(&test_model("tiny-eps"), &[]);
    assert_eq!(place.states(&plain, &[]), expected);
    assert_eq!(place.states(&snapshot, &[]), expected);
    let sha256 = |model: &Path| info(model).0["sha256"].clone();
    assert_eq!(sha256(&snapshot), sha256(&plain));
    // With a copy in place of the link to the graph ONNX Runtime does not follow the other one by itself.
    let graph = snapshot.join("unet/model.onnx");
    std::fs::remove_file(&graph).unwrap();
    std::fs::copy(plain.join("model.onnx"), &graph).unwrap();
    assert_eq!(place.states(&snapshot, &[]), expected);
}

#[cfg(unix)]
#[test]
fn external_data_behind_a_link() {
    let place = Place::new();
    for file in ["config.json", "scheduler_config.json"] {
        place.copy(&format!("tiny-eps/{file}"), &format!("model/{file}"));
    }
    place.copy("bad/external-missing/model.onnx", "model/model.onnx");
    place.copy("bad/outside.bin", "outside.bin");
    place.link("model/weights.bin", "../outside.bin");
    let (model, outside) = (place.at("model"), place.at("outside.bin").canonicalize().unwrap());
    let words = [("MODEL", model.join("model.onnx")), ("OUTSIDE", outside)];
    let words: Vec<(&str, &Path)> = words.iter().map(|(word, path)| (*word, path.as_path())).collect();
    place.refused(&model, &[], "external_data_behind_a_link", &words);
}

#[test]
fn a_network_is_found_in_the_layouts_of_exporters() {
    let place = Place::new();
    let expected = place.states(&test_model("tiny-eps"), &[]);
    for (name, graph, scheduler, given) in [
        ("optimum", "transformer/model.onnx", "scheduler/scheduler_config.json", ""),
        ("transformers-js", "onnx/model.onnx", "scheduler_config.json", ""),
        ("single", "unet.onnx", "scheduler_config.json", ""),
        ("half", "model_fp16.onnx", "scheduler/scheduler_config.json", ""),
        ("part", "unet/model.onnx", "scheduler/scheduler_config.json", "unet"),
        ("other-part", "transformer/model.onnx", "scheduler/scheduler_config.json", "transformer"),
    ] {
        let graph_at = format!("{name}/{graph}");
        place.copy("tiny-eps/model.onnx", &graph_at);
        place.copy("tiny-eps/scheduler_config.json", &format!("{name}/{scheduler}"));
        let config = place.at(&graph_at).with_file_name("config.json");
        std::fs::copy(test_model("tiny-eps/config.json"), config).unwrap();
        let model = place.at(&format!("{name}/{given}"));
        assert_eq!(place.states(&model, &[]), expected, "{name}");
        let (json, words) = info(&model);
        let files =
            [("file", place.at(&graph_at)), ("scheduler_config_file", place.at(&format!("{name}/{scheduler}")))];
        for (key, file) in files {
            let file = file.to_str().unwrap();
            assert_eq!(json[key], file, "{name}");
            assert!(words.contains(file), "{name}: {words}");
        }
    }
}

/// The path of a `model.onnx` is its folder; another file is alone.
#[test]
fn a_model_onnx_is_opened_with_the_files_of_its_folder() {
    let place = Place::new();
    place.copy("tiny-eps/model.onnx", "pipe/unet/model.onnx");
    place.copy("tiny-eps/scheduler_config.json", "pipe/scheduler/scheduler_config.json");
    let (facts, _) = info(&place.at("pipe/unet/model.onnx"));
    assert_eq!(facts["name"], "unet");
    let scheduler = facts["scheduler_config_file"].as_str().unwrap();
    assert!(scheduler.ends_with("scheduler/scheduler_config.json"), "{scheduler}");
    place.copy("tiny-eps/model.onnx", "net/model.onnx");
    place.copy("tiny-eps/scheduler_config.json", "net/scheduler_config.json");
    let (facts, notes) = info(&place.at("net/model.onnx"));
    assert!(facts["scheduler_config_file"].is_string() && !notes.contains("outside"), "{notes}");
    place.copy("tiny-eps/model.onnx", "net/other.onnx");
    assert!(info(&place.at("net/other.onnx")).0["scheduler_config_file"].is_null());
}

/// Noise of another size is run, with a word.
#[test]
fn initial_noise_of_an_unusual_size_is_said() {
    let place = Place::new();
    let file = place.at("noise.npy");
    let said = |scale: f32| {
        let noise = Array4::from_shape_fn(
            [1, 3, 16, 16],
            |(_, _, row, column)| if (row + column) % 2 == 0 { scale } else { -scale },
        );
        write_npy(&file, &noise).unwrap();
        let arguments = ["--size", "16x16", "--init-noise", file.to_str().unwrap()];
        let output = place.sample(&test_model("tiny-eps"), &arguments).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let of_100 = said(100.0);
    assert!(of_100.contains("has a standard deviation of 100.000, but a run expects 1"), "{of_100}");
    assert!(!said(1.0).contains("standard deviation"));
}

#[test]
fn a_folder_with_several_graphs() {
    let place = Place::new();
    for name in ["model_fp16.onnx", "model_quantized.onnx"] {
        place.copy("tiny-eps/model.onnx", &format!("model/{name}"));
    }
    let folder = place.at("model");
    place.refused(&folder, &[], "a_folder_with_several_graphs", &[("FOLDER", &folder)]);
}

#[test]
fn a_folder_with_other_files() {
    let place = Place::new();
    for name in ["weights.pt", "weights.safetensors"] {
        std::fs::write(place.at(&format!("model/unet/{name}")), "weights").unwrap();
    }
    let folder = place.at("model");
    place.refused(&folder, &[], "a_folder_with_other_files", &[("FOLDER", &folder)]);
}

/// A weight that only the body of an If refers to is part of the model all the same.
#[test]
fn a_record_is_not_replayed_with_another_weight_in_a_branch() {
    let place = Place::new();
    for file in ["model.onnx", "branch.bin", "config.json", "scheduler_config.json"] {
        place.copy(&format!("weight-in-branch/{file}"), &format!("model/{file}"));
    }
    let model = place.at("model");
    let plain = place.states(&test_model("tiny-eps"), &[]);
    let shifted = place.states(&model, &[]);
    assert!((&plain - &shifted).iter().any(|apart| apart.abs() > 0.01), "the weight is used");
    let replay = || {
        let mut command = common::program();
        command.args(["sample", "--replay"]).arg(place.at("out/trajectory.json"));
        command.arg("--out").arg(place.at("again"));
        command
    };
    replay().assert().success();
    let before = info(&model).0["sha256"].clone();
    let weights = std::fs::read(model.join("branch.bin")).unwrap();
    std::fs::write(model.join("branch.bin"), vec![0_u8; weights.len()]).unwrap();
    assert_ne!(info(&model).0["sha256"], before);
    let told = common::sentence(replay().assert().code(1).get_output());
    assert_documented(&told, "faults::a_record_of_another_model", &[("tiny-eps", "model".into())]);
}

#[test]
fn noise_and_embeddings_of_every_width_are_read() {
    let place = Place::new();
    // Values that 16 bits hold exactly.
    let noise = Array4::from_shape_fn((1, 3, 16, 16), |(_, c, y, x)| ((c * 7 + y * 5 + x * 3) % 17) as f32 / 8.0 - 1.0);
    let states = Array3::from_shape_fn((1, 7, 8), |(_, token, at)| ((token * 3 + at) % 5) as f32 / 4.0);
    let (model, file) = (test_model("hidden-states"), place.at("array.npy"));
    let with = |option: &str, file: &Path| {
        let usual = place.at("usual.npy");
        write_npy(&usual, &states).unwrap();
        let states = ["--hidden-states", usual.to_str().unwrap()];
        let states = if option == "--hidden-states" { &[][..] } else { &states[..] };
        place.states(&model, &[states, &[option, file.to_str().unwrap()]].concat())
    };
    for (option, bytes) in [
        ("--init-noise", [half_file("(1, 3, 16, 16)", noise.iter()), column_file(&noise)]),
        ("--hidden-states", [half_file("(1, 7, 8)", states.iter()), Vec::new()]),
    ] {
        let expected = if option == "--init-noise" {
            write_npy(&file, &noise).unwrap();
            with(option, &file)
        } else {
            write_npy(&file, &states.mapv(f64::from)).unwrap();
            with(option, &file)
        };
        for bytes in bytes.iter().filter(|bytes| !bytes.is_empty()) {
            std::fs::write(&file, bytes).unwrap();
            assert_eq!(with(option, &file), expected, "{option}");
        }
    }
}

/// A NumPy file with these bytes in it.
fn numpy_file(descriptor: &str, fortran: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': '{descriptor}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
    let header = format!("{text:<117}\n");
    [b"\x93NUMPY\x01\x00\x76\x00".as_slice(), header.as_bytes(), data].concat()
}

fn half_file<'a>(shape: &str, values: impl Iterator<Item = &'a f32>) -> Vec<u8> {
    let data: Vec<u8> = values.flat_map(|&value| half::f16::from_f32(value).to_le_bytes()).collect();
    numpy_file("<f2", "False", shape, &data)
}

/// With columns together, and the first byte first.
fn column_file(array: &Array4<f32>) -> Vec<u8> {
    let data: Vec<u8> = array.t().iter().flat_map(|&value| f64::from(value).to_be_bytes()).collect();
    let (n, c, h, w) = array.dim();
    numpy_file(">f8", "True", &format!("({n}, {c}, {h}, {w})"), &data)
}

#[test]
fn initial_noise_without_an_axis() {
    let place = Place::new();
    let noise = place.at("noise.npy");
    write_npy(&noise, &Array3::<f32>::zeros((3, 16, 16))).unwrap();
    let arguments = ["--init-noise", noise.to_str().unwrap()];
    place.refused(&test_model("tiny-eps"), &arguments, "initial_noise_without_an_axis", &[("NOISE", &noise)]);
}

#[test]
fn initial_noise_of_whole_numbers() {
    let place = Place::new();
    let noise = place.at("noise.npy");
    write_npy(&noise, &Array4::<i64>::zeros((1, 3, 16, 16))).unwrap();
    let arguments = ["--init-noise", noise.to_str().unwrap()];
    place.refused(&test_model("tiny-eps"), &arguments, "initial_noise_of_whole_numbers", &[("NOISE", &noise)]);
}

#[test]
fn embeddings_without_an_axis() {
    let place = Place::new();
    let states = place.at("states.npy");
    write_npy(&states, &ndarray::Array2::<f32>::zeros((7, 8))).unwrap();
    let arguments = ["--hidden-states", states.to_str().unwrap()];
    place.refused(&test_model("hidden-states"), &arguments, "embeddings_without_an_axis", &[("STATES", &states)]);
}

/// A PNG of black pixels, a bit each, as small on disk as it is large in memory.
fn huge_png(path: &Path, side: usize) {
    let chunk = |kind: &[u8], data: &[u8]| {
        let body = [kind, data].concat();
        let mut crc = !0_u32;
        for &byte in &body {
            crc ^= u32::from(byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
            }
        }
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length[..], &body, &(!crc).to_be_bytes()].concat()
    };
    let length = u32::try_from(side).unwrap().to_be_bytes();
    let header = [&length[..], &length, &[1, 0, 0, 0, 0]].concat();
    let rows = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; side * (side.div_ceil(8) + 1)], 1);
    let chunks = [chunk(b"IHDR", &header), chunk(b"IDAT", &rows), chunk(b"IEND", &[])].concat();
    std::fs::write(path, [b"\x89PNG\r\n\x1a\n", &chunks[..]].concat()).unwrap();
}

/// The program with this many kilobytes of memory.
#[cfg(target_os = "linux")]
fn within(kilobytes: u32) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!(r#"ulimit -v {kilobytes}; exec "$@""#), "sh"]);
    command.arg(assert_cmd::cargo::cargo_bin("chromascope"));
    command.env("CHROMASCOPE_CONFIG", concat!(env!("CARGO_TARGET_TMPDIR"), "/no-settings"));
    command
}

#[cfg(target_os = "linux")]
#[test]
fn an_image_whose_spectrum_has_no_room() {
    let place = Place::new();
    let image = place.at("huge.png");
    huge_png(&image, 20_000);
    let words = [("FILE", image.display().to_string())];
    let output = within(6_000_000).arg("psd").arg(&image).assert().code(1).get_output().clone();
    assert_documented(&common::sentence(&output), "files::an_image_whose_spectrum_has_no_room", &words);
}

#[cfg(target_os = "linux")]
#[test]
fn an_image_that_has_no_room() {
    let place = Place::new();
    let image = place.at("images/huge.png");
    huge_png(&image, 20_000);
    image::RgbImage::new(8, 8).save(place.at("images/small.png")).unwrap();
    let expected = [("FILE", image.display().to_string())];
    let skipped = |output: &std::process::Output| {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = text.lines().find_map(|line| line.strip_prefix("chromascope: skipped ")).unwrap_or(&text).to_owned();
        assert_documented(&format!("skipped {line}"), "files::an_image_that_has_no_room", &expected);
    };
    let folder = place.at("images");
    let psd = within(2_500_000).args(["psd", "--size", "8x8"]).arg(&folder).assert().success().get_output().clone();
    skipped(&psd);
    let mut sample = within(2_500_000);
    sample.args(["sample", "--steps", "2", "--size", "8x8", "--images"]).arg(&folder);
    skipped(sample.arg("--out").arg(place.at("out")).assert().success().get_output());
}

/// Half of it would be grey.
#[test]
fn a_jpeg_that_was_cut_short_is_skipped_and_named() {
    let place = Place::new();
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/images/subsampled.jpg");
    let bytes = std::fs::read(&whole).unwrap();
    let cut = place.at("images/a.jpg");
    std::fs::write(&cut, &bytes[..bytes.len() * 7 / 10]).unwrap();
    image::open(&whole).unwrap().save(place.at("images/b.png")).unwrap();
    let folder = place.at("images");
    let words = [("FILE", cut.display().to_string())];
    let mut psd = common::program();
    psd.arg("psd").arg(&folder);
    let mut sample = common::program();
    sample.args(["sample", "--steps", "2", "--size", "16x16", "--images"]).arg(&folder);
    sample.arg("--out").arg(place.at("out"));
    for command in [&mut psd, &mut sample] {
        let text = String::from_utf8(command.assert().success().get_output().stderr.clone()).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("chromascope: skipped ")).unwrap_or(&text);
        let test = "files::a_jpeg_that_was_cut_short_is_skipped_and_named";
        assert_documented(&format!("skipped {line}"), test, &words);
    }
}

/// With the channels last an array has the same spectrum, and it is said how it was read.
#[test]
fn an_array_with_its_channels_last_is_turned_and_said() {
    let place = Place::new();
    let first = Array4::from_shape_fn((2, 3, 16, 12), |(n, c, y, x)| ((n * 5 + c * 7 + y * y + x * 3) % 11) as f32);
    let last = first.view().permuted_axes([0, 2, 3, 1]);
    let one = last.index_axis(ndarray::Axis(0), 0);
    let psd = |file: &Path| {
        let mut command = common::program();
        let output = command.arg("psd").arg(file).assert().success().get_output().clone();
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap())
    };
    let at = |name: &str| place.at(name);
    write_npy(at("first.npy"), &first).unwrap();
    write_npy(at("last.npy"), &last.as_standard_layout()).unwrap();
    write_npy(at("one-first.npy"), &first.index_axis(ndarray::Axis(0), 0)).unwrap();
    write_npy(at("one-last.npy"), &one.as_standard_layout()).unwrap();
    for (first, last, shape) in [("first", "last", "[2, 16, 12, 3]"), ("one-first", "one-last", "[16, 12, 3]")] {
        let ([expected, quiet], [turned, said]) = (psd(&at(&format!("{first}.npy"))), psd(&at(&format!("{last}.npy"))));
        assert_eq!((turned, quiet), (expected, String::new()));
        let bytes = std::fs::read(at(&format!("{last}.npy"))).unwrap();
        let (_, expected) = npy::channels_first(npy::floats::<f64>(&bytes).unwrap());
        assert!(said.contains(&expected.unwrap()) && said.contains(shape), "{said}");
    }
}
