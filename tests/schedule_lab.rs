//! Schedules from the command line: tables, exports and imports against what diffusers, k-diffusion and the papers'
//! formulas give.
#![allow(clippy::unwrap_used)]

mod common;
mod support;

use chromascope::schedule::formats::FormatError;
use chromascope::schedule::{Curve, LevelList, PlanSource};
use chromascope::session::schedule_file;
use ndarray::{Array1, Array2, Array4, Array5};
use ndarray_npy::{NpzReader, ReadNpyExt};
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/schedule_lab").join(name)
}

fn arrays() -> NpzReader<File> {
    NpzReader::new(File::open(golden("arrays.npz")).unwrap()).unwrap()
}

fn tiny_config() -> String {
    support::test_model("tiny-eps").join("scheduler_config.json").to_str().unwrap().to_owned()
}

/// stdout of a command that succeeds.
#[track_caller]
fn told(arguments: &[&str]) -> String {
    let output = common::program().args(arguments).assert().success().get_output().stdout.clone();
    String::from_utf8(output).unwrap()
}

/// stderr of a command that fails with an exit code.
#[track_caller]
fn refused(code: i32, arguments: &[&str]) -> String {
    let output = common::program().args(arguments).assert().code(code).get_output().stderr.clone();
    String::from_utf8(output).unwrap()
}

/// The columns of a table by name.
fn columns(csv: &str) -> Vec<(String, Vec<f64>)> {
    let mut lines = csv.lines();
    let names: Vec<String> = lines.next().unwrap().split(',').map(str::to_owned).collect();
    let rows: Vec<Vec<f64>> = lines.map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
    assert!(rows.iter().all(|row| row.len() == names.len()));
    names.into_iter().enumerate().map(|(at, name)| (name, rows.iter().map(|row| row[at]).collect())).collect()
}

fn column(csv: &str, name: &str) -> Vec<f64> {
    columns(csv).into_iter().find(|(found, _)| found == name).unwrap().1
}

/// NaN is kept.
fn worst(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, |most, value| if value > most || value.is_nan() { value } else { most })
}

const FAMILIES: [&str; 21] = [
    "linear",
    "scaled-linear",
    "cosine",
    "sigmoid",
    "exp",
    "laplace",
    "vp-linear",
    "log-snr-linear",
    "flow",
    "karras",
    "karras-capped",
    "exponential",
    "polyexponential",
    "vp",
    "beta",
    "lu",
    "kl-optimal",
    "ays-sd15",
    "ays-sdxl",
    "ays-svd",
    "edm",
];

#[test]
fn every_family_makes_tables_that_fall_from_noise_to_image() {
    for family in FAMILIES {
        for (steps, rows) in [(None, 1001), (Some("7"), 8)] {
            let mut arguments = vec!["schedule", "--family", family];
            arguments.extend(steps.iter().flat_map(|steps| ["--steps", *steps]));
            let csv = told(&arguments);
            assert!(csv.starts_with("step,t,alpha_bar,sigma,log_snr,timestep\n0,"), "{family}");
            let (log_snr, timestep) = (column(&csv, "log_snr"), column(&csv, "timestep"));
            assert_eq!(log_snr.len(), rows, "{family}");
            assert!(log_snr.windows(2).all(|pair| pair[0] < pair[1]), "{family}");
            assert!(timestep[rows - 1].is_nan(), "{family}");
            for ((alpha_bar, sigma), log_snr) in
                column(&csv, "alpha_bar").into_iter().zip(column(&csv, "sigma")).zip(&log_snr)
            {
                assert!((sigma - (-0.5 * log_snr).exp()).abs() <= 1e-12 * sigma || sigma.is_infinite());
                assert!((alpha_bar - 1.0 / (1.0 + sigma * sigma)).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn continuous_families_are_the_papers_formulas() {
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(golden("families.json")).unwrap()).unwrap();
    let expected: Array2<f64> = arrays().by_name("families").unwrap();
    assert_eq!(cases.len(), expected.nrows());
    for (case, expected) in cases.iter().zip(expected.rows()) {
        let mut curve: Curve = case["family"].as_str().unwrap().parse().unwrap();
        for (name, value) in case["parameters"].as_object().unwrap() {
            curve = curve.with_parameter(name, value.as_f64().unwrap()).unwrap();
        }
        let curve = curve.validated().unwrap();
        let ours = (0..=100).map(|i| curve.level_at(f64::from(i) / 100.0).alpha_bar());
        let error = worst(ours.zip(expected.iter().copied()));
        assert!(error < 1e-14, "{case}: {error}");
        for (i, &alpha_bar) in
            expected.iter().enumerate().filter(|(_, alpha_bar)| (1e-6..0.999_999).contains(*alpha_bar))
        {
            let level = chromascope::theory::NoiseLevel::from_alpha_bar(alpha_bar);
            assert!((curve.time_of(level) - i as f64 / 100.0).abs() < 1e-9, "{case} at {i}");
        }
    }
}

#[test]
fn a_chromatogram_has_its_golden_numbers() {
    let csv = told(&["chromatogram", "--family", "cosine", "--levels", "6", "--measure", "amplitude"]);
    let names: Vec<String> = columns(&csv).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 3 + 6 + 6 + 5);
    assert_eq!((names[0].as_str(), names[3].as_str(), names[19].as_str()), ("t", "r_0", "tau_5"));
    let row = column(&csv, "t").iter().position(|&t| t == 0.5).unwrap();
    for (m, golden) in (1..).zip([0.292_799, 0.151_272, 0.073_172, 0.033_330]) {
        assert!((column(&csv, &format!("tau_{m}"))[row] - golden).abs() < 1e-6);
    }
    // g is per unit of t: its integral over the run is what each level generates, √V_m·(√a_m(1) − √a_m(0)) = 1.
    let t = column(&csv, "t");
    for m in 1..4 {
        let g = column(&csv, &format!("g_{m}"));
        let integral: f64 = (0..t.len() - 1).map(|i| 0.5 * (g[i] + g[i + 1]) * (t[i] - t[i + 1])).sum();
        assert!((integral - 1.0).abs() < 0.02, "level {m}: {integral}");
    }
    let listed = told(&["chromatogram", "--family", "karras", "--steps", "20", "--levels", "3", "--factor", "4"]);
    assert_eq!((column(&listed, "t").len(), column(&listed, "t")[0]), (21, 1.0));
}

#[test]
fn an_exported_configuration_is_what_diffusers_loads() {
    let text = told(&["schedule", "--family", "cosine", "--param", "power=3", "--for", "diffusers"]);
    let kept = std::fs::read_to_string(golden("config.json")).unwrap();
    assert_eq!(text, kept, "the export is not the one that diffusers was given; run tools/golden/schedule_lab.py");
    let curve = "cosine".parse::<Curve>().unwrap().with_parameter("power", 3.0).unwrap();
    for name in ["alphas_cumprod", "alphas_cumprod_euler"] {
        let loaded: Array1<f64> = arrays().by_name(name).unwrap();
        let ours = (1..=1000).map(|i| curve.level_at(f64::from(i) / 1000.0).alpha_bar());
        let error = worst(ours.zip(loaded));
        assert!(error < 1e-6, "{name}: {error}");
    }
}

#[test]
fn the_snippet_and_the_list_make_the_run_that_this_program_makes() {
    let config = tiny_config();
    let source = ["schedule", "--config", &config, "--steps", "8", "--spacing", "karras"];
    for (program, file) in [("python", "snippet.py"), ("k-diffusion", "sigmas.txt")] {
        let text = told(&[&source[..], &["--for", program]].concat());
        let kept = std::fs::read_to_string(golden(file)).unwrap();
        assert_eq!(text, kept, "{file} is not the one that was run; run tools/golden/schedule_lab.py");
    }
    let folder = tempfile::tempdir().unwrap();
    let noise = folder.path().join("x_T.npy");
    let x_t: Array4<f32> = support::npz("samplers_inputs.npz").by_name("x_T").unwrap();
    ndarray_npy::write_npy(&noise, &x_t).unwrap();
    let run = |schedule: &Path| -> Array4<f32> {
        let out = folder.path().join("run");
        common::program()
            .args(["sample", "--sampler", "euler", "--batch", "2", "--size", "16x16", "--model"])
            .arg(support::test_model("tiny-eps"))
            .args([Path::new("--schedule"), schedule, Path::new("--init-noise"), &noise, Path::new("--out"), &out])
            .assert()
            .success();
        let states: Array5<f32> =
            NpzReader::new(File::open(out.join("trajectory.npz")).unwrap()).unwrap().by_name("x_t").unwrap();
        assert_eq!(states.dim().0, 9);
        states.index_axis_move(ndarray::Axis(0), 8)
    };
    for kind in ["csv", "npy", "json"] {
        let table = folder.path().join(format!("table.{kind}"));
        told(&[&source[..], &["--out", table.to_str().unwrap()]].concat());
        let ours = run(&table);
        for name in ["snippet", "k_diffusion"] {
            let theirs: Array4<f32> = arrays().by_name(name).unwrap();
            let range = theirs.iter().fold(0.0_f64, |range, &value| range.max(f64::from(value).abs()));
            let error = worst(ours.iter().zip(&theirs).map(|(a, b)| (f64::from(*a), f64::from(*b))));
            assert!(error <= 1e-4 * range, "{kind} against {name}: {error} of {range}");
        }
    }
    let ours = run(&golden("sigmas.txt"));
    let theirs: Array4<f32> = arrays().by_name("k_diffusion").unwrap();
    assert!(worst(ours.iter().zip(&theirs).map(|(a, b)| (f64::from(*a), f64::from(*b)))) < 1e-4);
}

#[test]
fn a_schedule_of_another_model_keeps_its_levels_on_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("scheduler_config.json");
    std::fs::write(&config, r#"{"_class_name": "DDIMScheduler", "beta_schedule": "squaredcos_cap_v2"}"#).unwrap();
    let out = folder.path().join("run");
    common::program()
        .args(["sample", "--steps", "5", "--size", "16x16", "--model"])
        .arg(support::test_model("tiny-v"))
        .args([Path::new("--schedule"), &config, Path::new("--out"), &out])
        .assert()
        .success();
    let record: Value = serde_json::from_slice(&std::fs::read(out.join("trajectory.json")).unwrap()).unwrap();
    let visited: Vec<f64> = serde_json::from_value(record["alpha_bar"].clone()).unwrap();
    let table = told(&["schedule", "--config", config.to_str().unwrap(), "--steps", "5"]);
    assert_eq!(visited, column(&table, "alpha_bar"));
    assert_eq!(record["resolved"]["spacing"], "squaredcos-cap-v2");
    // The timestep is that of this model.
    assert_ne!(
        serde_json::from_value::<Vec<f64>>(record["timestep"].clone()).unwrap(),
        column(&table, "timestep")[..5]
    );
    let again = folder.path().join("again");
    common::program()
        .args([Path::new("sample"), Path::new("--replay"), &out.join("trajectory.json"), Path::new("--out"), &again])
        .assert()
        .success();
    let bytes = |folder: &Path| std::fs::read(folder.join("trajectory.npz")).unwrap();
    let states = |folder: &Path| -> Array5<f32> {
        NpzReader::new(std::io::Cursor::new(bytes(folder))).unwrap().by_name("x_t").unwrap()
    };
    assert_eq!(states(&out), states(&again));
}

#[test]
fn tables_are_the_same_numbers_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let write = |name: &str| {
        told(&[
            "schedule",
            "--family",
            "flow",
            "--steps",
            "6",
            "--param",
            "shift=3",
            "--out",
            path(name).to_str().unwrap(),
        ]);
        path(name)
    };
    let csv = std::fs::read_to_string(write("a.csv")).unwrap();
    let npy = Array2::<f64>::read_npy(File::open(write("a.npy")).unwrap()).unwrap();
    for ((_, ours), theirs) in columns(&csv).iter().zip(npy.columns()) {
        assert!(ours.iter().zip(theirs).all(|(a, b)| a == b || a.is_nan() && b.is_nan()));
    }
    let json = schedule_file::read(&write("a.json")).unwrap().source;
    assert_eq!(json, schedule_file::read(&path("a.csv")).unwrap().source);
    assert_eq!(json, schedule_file::read(&path("a.npy")).unwrap().source);
    let PlanSource::List(LevelList { values, .. }) = json else { panic!() };
    assert_eq!((values.len(), values[0], values[6]), (7, f64::INFINITY, 0.0));
}

/// Their samplers begin from σ times noise, which is not finite for an infinite σ.
#[test]
fn lists_for_other_programs_begin_with_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("zero.json");
    let text = r#"{"_class_name": "DDIMScheduler", "rescale_betas_zero_snr": true, "timestep_spacing": "trailing"}"#;
    std::fs::write(&config, text).unwrap();
    let zero = ["--config", config.to_str().unwrap()];
    for source in [&["--family", "cosine"][..], &["--family", "flow", "--sigmas-are", "ve"], &zero] {
        let of = |program: &str| told(&[&["schedule", "-n", "8", "--for", program], source].concat());
        let (list, tensor) = (of("comfyui"), of("k-diffusion"));
        // Where each of them begins zero terminal SNR.
        assert!(list.starts_with("4518.76"), "{source:?}: {list}");
        assert!(tensor.starts_with("sigmas = torch.tensor([4095.99"), "{source:?}: {tensor}");
        assert!(!list.contains("inf") && !tensor.contains("inf"));
    }
    let finite = told(&["schedule", "--family", "karras", "-n", "8", "--for", "comfyui"]);
    assert!(finite.starts_with("14.6"), "{finite}");
}

/// Their samplers leave the noise of a last σ above 0 in the image.
#[test]
fn a_list_that_ends_with_noise_is_said_to() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.txt");
    for (text, program, note) in [
        ("14, 3, 0.4", "comfyui", Some("ComfyUI's samplers expect the last σ to be 0, but this list ends at 0.4")),
        ("14, 3, 0.4", "k-diffusion", Some("k-diffusion's samplers expect the last σ to be 0")),
        ("14, 3, 0", "comfyui", None),
    ] {
        std::fs::write(&list, text).unwrap();
        let mut command = common::program();
        command.args(["schedule", "--for", program, "--sigmas"]).arg(&list);
        let output = command.assert().success().get_output().clone();
        let (out, told) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(out.contains(", 0") && !out.contains("expect"), "{out}");
        assert_eq!(told.contains("expect"), note.is_some(), "{told}");
        assert!(told.contains(note.unwrap_or_default()), "{told}");
    }
}

/// A snippet runs along any schedule that `sample --schedule` accepts, on the unchanged model.
#[test]
fn a_snippet_takes_lists_families_and_drawn_curves() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let config = tiny_config();
    let sigmas_of = |arguments: &[&str]| -> Vec<f64> {
        let text = told(&[&["schedule", "--for", "python", "--config", &config], arguments].concat());
        let list = text.split_once("SIGMAS = [").unwrap().1.split_once(']').unwrap().0;
        list.split(',').map(str::trim).filter(|word| !word.is_empty()).map(|word| word.parse().unwrap()).collect()
    };
    std::fs::write(path("list.csv"), "sigma\n14\n3\n0.4\n0\n").unwrap();
    let list = sigmas_of(&["--sigmas", &path("list.csv")]);
    assert!(worst(list.into_iter().zip([14.0, 3.0, 0.4, 0.0])) < 1e-14);
    assert_eq!(sigmas_of(&["--family", "karras", "-n", "6"]).len(), 7);
    let cosine: Curve = "cosine".parse().unwrap();
    let drawn = chromascope::schedule::Drawn::close_to(&|t| cosine.level_at(t), 4e-3, 8).unwrap();
    let curve = PlanSource::curve(Curve::Drawn(drawn));
    schedule_file::write_source(Path::new(&path("o.json")), &curve, 5).unwrap();
    let snippet = sigmas_of(&["--sigmas", &path("o.json")]);
    let model = support::test_model("tiny-eps");
    let record = told(&[
        "sample",
        "--json",
        "--sampler",
        "euler",
        "--model",
        model.to_str().unwrap(),
        "--schedule",
        &path("o.json"),
        "--out",
        &path("run"),
    ]);
    let record: Value = serde_json::from_str(&record).unwrap();
    let visited: Vec<f64> = serde_json::from_value(record["alpha_bar"].clone()).unwrap();
    assert_eq!((snippet.len(), visited.len()), (6, 6), "the file says 5 steps");
    let of_sigma = snippet.iter().map(|sigma| 1.0 / (1.0 + sigma * sigma));
    assert!(worst(of_sigma.zip(visited)) < 1e-12);
    assert_eq!(sigmas_of(&["--sigmas", &path("o.json"), "-n", "9"]).len(), 10);
    // Other lists of a run's levels have as many rows.
    let list = told(&["schedule", "--for", "comfyui", "--sigmas", &path("o.json")]);
    assert_eq!(list.split(',').count(), 6);
}

#[test]
fn what_makes_no_schedule_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = |text: &str| {
        let path = folder.path().join("list.csv");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    for (text, reason) in [
        ("3\nnan\n0\n", "σ in row 2 is NaN"),
        ("3\n1\n2\n", "σ rises from 1 to 2 in row 3"),
        ("3\n3\n", "σ in rows 1 and 2 are both 3"),
        ("", FormatError::Empty.to_string().as_str()),
        ("sigma,x\n1,2\n3\n", "row 2 has 1 value"),
    ] {
        let told = refused(1, &["schedule", "--sigmas", &file(text)]);
        assert!(told.contains(reason) && told.contains("list.csv"), "{told}");
    }
    let long = file(&"1\n".repeat(1_000_000));
    assert!(refused(1, &["schedule", "--sigmas", &long]).contains(&FormatError::TooLong { limit: 10_001 }.to_string()));
    let three = file("3\n1\n0\n");
    let told = refused(1, &["sample", "--images", ".", "--schedule", &three, "--steps", "9"]);
    assert!(told.contains("2 steps") && told.contains("--steps"), "{told}");
    for (arguments, reason) in [
        (&["schedule", "--family", "nope"][..], "\"nope\""),
        (&["schedule", "--family", "karras", "--param", "x=1"], "rho, sigma_min, sigma_max"),
        (&["schedule", "--family", "karras", "--param", "rho"], "NAME=VALUE"),
        (&["schedule", "--family", "cosine", "--param", "s=-1"], "s = -1"),
        (&["schedule", "--family", "cosine", "--steps", "4", "--spacing", "leading"], "linspace or trailing"),
        (&["schedule", "--family", "vp", "--steps", "4", "--spacing", "karras"], "--spacing"),
        (&["schedule", "--family", "cosine", "--out", "a.pdf"], ".csv, .npy or .json"),
        (&["schedule", "--family", "cosine", "--for", "python"], "--config"),
        (&["schedule", "--family", "cosine", "--config", &tiny_config(), "--for", "python"], "--steps N"),
        (&["chromatogram", "--family", "cosine", "--levels", "9"], "--levels 9"),
        (&["chromatogram", "--family", "cosine", "--factor", "1"], "--factor 1"),
    ] {
        let told = refused(1, arguments);
        assert!(told.contains(reason), "{arguments:?}: {told}");
    }
    assert!(refused(2, &["schedule"]).contains("--config <FILE>|--family <NAME>|--sigmas <FILE>"));
    assert!(refused(2, &["schedule", "--family", "vp", "--sigmas", "x"]).contains("cannot be used with"));
}
