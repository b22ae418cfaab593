//! Networks whose inputs and outputs differ from the usual: other element types, shapes and orders of axes, against what
//! ONNX Runtime answers when it is fed by hand (`tools/golden/ports.py`).
#![allow(clippy::unwrap_used)]

mod common;
mod support;

use chromascope::denoiser::{Denoised, Denoiser};
use chromascope::model::SchedulerConfig;
use chromascope::model::onnx::{Conditioning, OnnxDenoiser};
use chromascope::theory::NoiseLevel;
use half::f16;
use ndarray::{Array4, ArrayD, Axis};
use serde_json::Value;
use std::path::Path;

fn network(name: &str, conditioning: Conditioning) -> (OnnxDenoiser, NoiseLevel) {
    let model = support::test_model(name);
    let file = model.join("scheduler_config.json");
    let (config, _) = SchedulerConfig::parse(&std::fs::read_to_string(&file).unwrap(), Path::new("config")).unwrap();
    let level = config.model_schedule().unwrap().level_at(500.0);
    (support::network(&model, &config, conditioning), level)
}

/// The largest difference of ε̂ from what ONNX Runtime answers.
#[track_caller]
fn off(name: &str, conditioning: Conditioning) -> f64 {
    let mut golden = support::npz("ports.npz");
    let x: Array4<f64> = golden.by_name("x").unwrap();
    let expected: Array4<f64> = golden.by_name(&format!("eps_{name}")).unwrap();
    let (mut network, level) = network(name, conditioning);
    let mut out = Denoised::zeros(x.dim().into());
    network.denoise(x.view(), level, &mut out).unwrap();
    assert!((out.timestep - 500.0).abs() < 1e-4, "{name} was told {}", out.timestep);
    let found = (&out.eps - &expected).iter().fold(0.0_f64, |most, off| most.max(off.abs()));
    // Each sample alone is the same.
    let mut alone = Denoised::zeros([1, 3, 16, 16]);
    network.denoise(x.slice_axis(Axis(0), (0..1).into()), level, &mut alone).unwrap();
    let apart = (&out.eps.slice_axis(Axis(0), (0..1).into()) - &alone.eps).iter().fold(0.0_f64, |m, d| m.max(d.abs()));
    assert!(apart < 1e-6, "{name}: a sample alone differs by {apart}");
    found
}

#[test]
fn every_form_of_timestep_is_fed() {
    for name in ["t-one", "t-one-by-ones", "t-column"] {
        let off = off(name, Conditioning::default());
        assert!(off < 2e-5, "{name}: {off}");
    }
}

#[test]
fn doubles_are_fed_and_read_as_they_are() {
    // The model passes the image through in double precision; rounding it to single on the way shows at 1e-11.
    let off = off("f64", Conditioning::default());
    assert!(off < 1e-6, "{off}");
    let mut golden = support::npz("ports.npz");
    let x: Array4<f64> = golden.by_name("x").unwrap();
    let (mut network, level) = network("f64", Conditioning::default());
    let eps = |network: &mut OnnxDenoiser, x: &Array4<f64>| {
        let mut out = Denoised::zeros(x.dim().into());
        network.denoise(x.view(), level, &mut out).unwrap();
        out.eps
    };
    // A nudge far below single precision changes what passes in double, by a thousandth of it, and nothing else.
    let nudge = 1e-11;
    let (before, after) = (eps(&mut network, &x), eps(&mut network, &(&x + nudge)));
    let moved = (&after - &before).mean().unwrap();
    assert!((moved / nudge - 1e-3).abs() < 1e-4, "{moved:e}");
}

#[test]
fn bfloat16_is_fed_and_read() {
    // Both round to the same bits but where their sums in single precision differ in the last one.
    let off = off("bf16", Conditioning::default());
    assert!(off <= 1.0 / 64.0, "{off}");
}

#[test]
fn channels_last_are_transposed_at_the_edge() {
    let off = off("nhwc", Conditioning::default());
    assert!(off < 2e-5, "{off}");
    let told = common::program().args(["info"]).arg(support::test_model("nhwc")).assert().success();
    let told = String::from_utf8(told.get_output().stdout.clone()).unwrap();
    assert!(told.contains("channels last"), "{told}");
}

/// Case 07 of other people's models: one timestep for a free batch.
#[test]
fn one_timestep_serves_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = common::program();
        command.current_dir(folder.path()).args(arguments).args(["--threads", "1", "--model"]);
        command.arg(support::test_model("t-one")).assert().success().get_output().stdout.clone()
    };
    let record: Value =
        serde_json::from_slice(&run(&["sample", "--steps", "4", "--batch", "2", "--json", "--out", "run"])).unwrap();
    assert_eq!((&record["steps_done"], &record["resolved"]["batch_partition"]), (&4.into(), &serde_json::json!([2])));
    run(&["spectrum", "--steps", "4", "--samples", "6", "--out", "psd.npz"]);
    run(&[
        "optimise",
        "--steps",
        "3",
        "--seeds",
        "2",
        "--measure-seeds",
        "2",
        "--evaluations",
        "2",
        "--out",
        "best.json",
    ]);
}

/// A `.npy` file of 16-bit floats, as NumPy writes it, and one of the same numbers in 32 bits.
fn halves(folder: &Path, shape: &[usize]) -> [std::path::PathBuf; 2] {
    let count: usize = shape.iter().product();
    let values: Vec<f16> = (0..count).map(|i| f16::from_f64((i as f64 * 0.7).sin())).collect();
    let header = format!(
        "{{'descr': '<f2', 'fortran_order': False, 'shape': {}, }}",
        format!("{shape:?}").replace(['[', ']'], "|")
    );
    let header = header.replacen('|', "(", 1).replacen('|', ")", 1);
    let header = format!("{header:117}\n");
    let bytes = values.iter().flat_map(|value| value.to_le_bytes());
    let file = b"\x93NUMPY\x01\x00".iter().copied().chain(118_u16.to_le_bytes()).chain(header.bytes()).chain(bytes);
    let [half, single] = ["half.npy", "single.npy"].map(|name| folder.join(name));
    std::fs::write(&half, file.collect::<Vec<u8>>()).unwrap();
    let wide = ArrayD::from_shape_vec(shape, values.iter().map(|value| value.to_f32()).collect()).unwrap();
    ndarray_npy::write_npy(&single, &wide).unwrap();
    [half, single]
}

/// Case 26: embeddings and noise in 16 bits.
#[test]
fn arrays_of_halves_are_read_exactly() {
    for (option, model, shape) in
        [("--hidden-states", "hidden-states", &[1, 7, 8][..]), ("--init-noise", "f16", &[1, 3, 16, 16])]
    {
        let folder = tempfile::tempdir().unwrap();
        let [half, single] = halves(folder.path(), shape).map(|file| {
            let out = folder.path().join(file.file_stem().unwrap());
            let mut command = common::program();
            command.args(["sample", "--steps", "3", "--threads", "1", option]).arg(&file).arg("--out").arg(&out);
            command.arg("--model").arg(support::test_model(model)).assert().success();
            let mut npz =
                ndarray_npy::NpzReader::new(std::fs::File::open(out.join("trajectory.npz")).unwrap()).unwrap();
            npz.by_name::<ndarray::OwnedRepr<f32>, ndarray::Ix5>("x_t").unwrap()
        });
        assert_eq!(half, single, "{option}");
    }
}

#[test]
fn a_size_that_the_graph_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    std::fs::create_dir(&model).unwrap();
    // Without config.json nothing tells beforehand what sides must be multiples of.
    for file in ["model.onnx", "scheduler_config.json"] {
        std::fs::copy(support::test_model("factor-4").join(file), model.join(file)).unwrap();
    }
    let mut command = common::program();
    command.current_dir(folder.path()).args(["sample", "--size", "18x18", "--steps", "2", "--model"]).arg(&model);
    let sentence = common::sentence(&command.output().unwrap());
    common::faults::assert_documented(&sentence, "ports::a_size_that_the_graph_refuses", &[]);
}
