//! `chromascope spectrum`, from outside: hundreds of samples of the Gaussian model against its closed form.
#![allow(clippy::unwrap_used)]

mod common;

use chromascope::denoiser::gaussian::power_law_spectrum;
use chromascope::theory::{NoiseLevel, gaussian};
use chromascope::words::count;
use ndarray::{Array0, Array1, Array2};
use ndarray_npy::NpzReader;
use statrs::function::gamma::gamma_ur;
use std::fs::File;
use std::path::Path;

const SIDE: usize = 64;
const CHANNELS: f64 = 3.0;

struct Npz(NpzReader<File>);

impl Npz {
    fn open(path: &Path) -> Self {
        Self(NpzReader::new(File::open(path).unwrap()).unwrap())
    }

    fn table(&mut self, name: &str) -> Array2<f64> {
        self.0.by_name(name).unwrap()
    }

    fn list(&mut self, name: &str) -> Array1<f64> {
        self.0.by_name(name).unwrap()
    }
}

/// The ring of every bin of the whole spectrum.
struct Bins {
    ring: Vec<Option<usize>>,
}

impl Bins {
    fn new() -> Self {
        let bins = (0..SIDE * SIDE).map(|bin| (bin / SIDE, bin % SIDE));
        let signed = |k: usize| if 2 * k <= SIDE { k as f64 } else { k as f64 - SIDE as f64 };
        let ring = |(y, x)| {
            #[allow(clippy::cast_sign_loss)] // a distance
            let radius = signed(y).hypot(signed(x)).round() as usize;
            (radius <= SIDE / 2).then_some(radius)
        };
        Self { ring: bins.map(ring).collect() }
    }

    /// Mean over each ring's bins, and the variance of one sample of three channels: a bin has an
    /// exponential distribution together with its conjugate, or is the square of a normal variable if it is its own conjugate.
    fn expected(&self, power: &[f64]) -> Vec<(f64, f64)> {
        let mut sums = vec![(0.0, 0.0, 0.0); SIDE / 2 + 1];
        for (ring, power) in self.ring.iter().zip(power) {
            let Some(ring) = *ring else { continue };
            let (count, mean, variance) = &mut sums[ring];
            *count += 1.0;
            *mean += power;
            // A pair of conjugates has (2·power)² together, a single bin 2·power²: the same for each.
            *variance += 2.0 * power * power;
        }
        sums.into_iter().map(|(count, mean, variance)| (mean / count, variance / count / count / CHANNELS)).collect()
    }
}

/// Powers of a deterministic DDIM run from unit noise, bin by bin: state, estimate, change, noise, row by row.
fn closed_form(levels: &[NoiseLevel]) -> [Vec<Vec<f64>>; 4] {
    let prior = power_law_spectrum(SIDE);
    let steps = levels.len() - 1;
    let mut amplitude = vec![1.0; SIDE * SIDE];
    let (mut state, mut x0, mut eps) = (Vec::new(), Vec::new(), Vec::new());
    for step in 0..=steps {
        state.push(amplitude.iter().map(|a| a * a).collect::<Vec<f64>>());
        if step == steps {
            break;
        }
        let level = levels[step];
        let of = |f: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
            amplitude.iter().zip(&prior).map(|(&a, &s)| f(a, s)).collect()
        };
        x0.push(of(&|a, s| a * gaussian::gain(level, s)));
        eps.push(of(&|a, s| {
            // (x − √ᾱ·x̂)/√(1−ᾱ)
            (a * level.sqrt_one_minus_alpha_bar() / gaussian::state_power(level, s)).powi(2)
        }));
        amplitude = of(&|a, s| a * gaussian::ddim_factor(level, levels[step + 1], s));
    }
    let change = x0.windows(2).map(|pair| pair[1].iter().zip(&pair[0]).map(|(b, a)| (b - a).powi(2)).collect());
    let change = change.collect();
    [state, x0.iter().map(|row| row.iter().map(|a| a * a).collect()).collect(), change, eps]
}

/// The steps at which χ² over the rings is tested, each separately: near noise, half-way, near the image.
const STATED: [usize; 3] = [5, 25, 45];

#[test]
fn five_hundred_samples_of_the_gaussian_model_are_as_the_closed_form_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let (out, plot) = (folder.path().join("psd.npz"), folder.path().join("plot.svg"));
    let told = common::program()
        .args(["spectrum", "--model", "gaussian-64", "--samples", "500", "--steps", "50", "--levels", "6", "--json"])
        .arg("--out")
        .arg(&out)
        .arg("--plot")
        .arg(&plot)
        .assert()
        .success();
    let told: serde_json::Value = serde_json::from_slice(&told.get_output().stdout).unwrap();
    let mut npz = Npz::open(&out);
    let n: Array0<i64> = npz.0.by_name("n").unwrap();
    assert_eq!((n[()], told["samples"].as_u64()), (500, Some(500)));

    // Shapes and rings as documented.
    let (s, f, m) = (50, SIDE / 2 + 1, 6);
    let shapes = [
        ("psd_xt", [s + 1, f]),
        ("psd_x0", [s, f]),
        ("psd_diff", [s - 1, f]),
        ("psd_eps", [s, f]),
        ("bands_x0", [s, m + 1]),
        ("bands_diff", [s - 1, m + 1]),
    ];
    for (name, shape) in shapes {
        assert_eq!(npz.table(name).dim(), shape.into(), "{name}");
        assert_eq!(npz.table(&format!("{name}_var")).dim(), shape.into(), "{name}");
    }
    for name in ["r_power", "r_amplitude"] {
        assert_eq!(npz.table(name).dim(), (s - 1, m));
    }
    let count: Array1<i64> = npz.0.by_name("count").unwrap();
    let bins = Bins::new();
    for (ring, &count) in count.iter().enumerate() {
        assert_eq!(bins.ring.iter().filter(|&&of| of == Some(ring)).count(), usize::try_from(count).unwrap());
    }
    assert!(npz.list("f").iter().zip(0..).all(|(f, ring)| (f * 64.0 - f64::from(ring)).abs() < 0.5));

    let log_snr = npz.list("log_snr");
    let levels: Vec<NoiseLevel> = log_snr.iter().map(|&log_snr| NoiseLevel::from_log_snr(log_snr)).collect();
    let alpha_bar = npz.list("alpha_bar");
    assert!(levels.iter().zip(&alpha_bar).all(|(level, &alpha_bar)| level.alpha_bar() == alpha_bar));
    for (name, rows) in ["psd_xt", "psd_x0", "psd_diff", "psd_eps"].into_iter().zip(closed_form(&levels)) {
        let (mean, variance) = (npz.table(name), npz.table(&format!("{name}_var")));
        assert_eq!(mean.nrows(), rows.len());
        for (row, powers) in rows.iter().enumerate() {
            let mut chi_squared = 0.0;
            for (ring, (expected, spread)) in bins.expected(powers).into_iter().enumerate() {
                let (mean, variance) = (mean[[row, ring]], variance[[row, ring]]);
                let error = (variance / 500.0).sqrt();
                let off = (mean - expected).abs() / error;
                // Values without variance, such as known noise, are right to the digits of f32.
                assert!(off < 5.0 || (mean / expected - 1.0).abs() < 1e-5, "{name} row {row} ring {ring}: {off}");
                assert!((variance / spread - 1.0).abs() < 0.6, "{name} row {row} ring {ring}: {variance} {spread}");
                chi_squared += (mean - expected).powi(2) / (spread / 500.0);
            }
            if STATED.contains(&row) {
                let p = gamma_ur(0.5 * f as f64, 0.5 * chi_squared);
                assert!((1e-4..=1.0 - 1e-4).contains(&p), "{name} row {row}: χ² {chi_squared} of {f}, p {p}");
            }
        }
    }

    // The theory beside it: docs/theory.md.
    let of = |theory: &str, measure: &str| -> serde_json::Value {
        let all = told["comparisons"].as_array().unwrap();
        all.iter().find(|at| at["theory"] == theory && at["measure"] == measure).unwrap().clone()
    };
    for (theory, measure, most) in [
        ("calibrated", "power", 0.05),
        ("calibrated", "amplitude", 0.035),
        ("spectral", "power", 0.02),
        ("spectral", "amplitude", 0.015),
    ] {
        let found = of(theory, measure);
        assert!(found["rms"].as_f64().unwrap() <= most, "{found}");
        let (agreeing, compared) = (found["agreeing"].as_f64().unwrap(), found["compared"].as_f64().unwrap());
        assert!(compared >= 15.0 && agreeing >= 0.9 * compared, "{found}");
    }
    assert!(std::fs::read_to_string(plot).unwrap().contains("gaussian-64"));
}

#[track_caller]
fn refused(test: &str, words: &[(&str, String)], arguments: &[&str]) {
    let output = common::program().arg("spectrum").args(arguments).assert().code(1).get_output().stderr.clone();
    let told = String::from_utf8(output).unwrap();
    let last = told.lines().last().unwrap_or_default().trim_start_matches("chromascope: ");
    common::faults::assert_documented(last, test, words);
}

#[test]
fn an_ensemble_that_is_not_there_is_named() {
    let words = [("FILE", "/no/such/file.npz".to_owned())];
    refused("spectrum::an_ensemble_that_is_not_there_is_named", &words, &["--add", "/no/such/file.npz"]);
}

#[test]
fn arrays_of_another_program_are_no_ensemble() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/spectra.npz");
    let words = [("FILE", file.to_owned())];
    refused("spectrum::arrays_of_another_program_are_no_ensemble", &words, &["--add", file]);
}

#[test]
fn more_levels_than_the_image_has_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.npz");
    let arguments = ["--model", "gaussian-64", "--provider", "rust", "--levels", "7", "--out", out.to_str().unwrap()];
    refused("spectrum::more_levels_than_the_image_has_are_refused", &[], &arguments);
    assert!(!out.exists());
}

#[test]
fn a_folder_without_images_calibrates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (out, empty) = (folder.path().join("out.npz"), folder.path().join("empty"));
    std::fs::create_dir(&empty).unwrap();
    let (out, empty) = (out.to_str().unwrap(), empty.to_str().unwrap());
    let arguments = ["--model", "gaussian-64", "--provider", "rust", "--data", empty, "--samples", "1", "--out", out];
    refused("spectrum::a_folder_without_images_calibrates_nothing", &[("FOLDER", empty.to_owned())], &arguments);
}

#[test]
fn a_place_that_is_not_there_is_told_before_anything_is_made() {
    let began = std::time::Instant::now();
    let arguments = ["--model", "gaussian-64", "--provider", "rust", "--out", "/no/such/folder/psd.npz"];
    let words = [("FILE", "/no/such/folder/psd.npz".to_owned())];
    refused("spectrum::a_place_that_is_not_there_is_told_before_anything_is_made", &words, &arguments);
    // Five hundred samples would take minutes.
    assert!(began.elapsed() < std::time::Duration::from_secs(20));
}

/// The first line of the report on the ensemble in a file.
fn heading(out: &str) -> String {
    let ensemble = chromascope::ensemble::read(Path::new(out)).unwrap();
    let samples = chromascope::ensemble::samples_in_words(ensemble.samples());
    format!("{samples} of {}, {}\n", ensemble.run_in_words(), ensemble.levels_in_words())
}

#[test]
fn no_samples_are_refused_and_what_there_is_is_told_again() {
    let folder = tempfile::tempdir().unwrap();
    let (out, plot) = (folder.path().join("out.npz"), folder.path().join("plot.pdf"));
    let (out, plot) = (out.to_str().unwrap(), plot.to_str().unwrap());
    let model = ["--model", "gaussian-64", "--provider", "rust"];
    let none = [&model[..], &["--samples", "0", "--out", out]].concat();
    refused("spectrum::no_samples_are_refused_and_what_there_is_is_told_again", &[], &none);
    let two = [&model[..], &["--samples", "2", "--steps", "3", "--out", out]].concat();
    common::program().arg("spectrum").args(two).assert().success();
    let before = std::fs::read(out).unwrap();
    let again = ["spectrum", "--add", out, "--samples", "0", "--theory", "spectral", "--plot", plot];
    let told = common::program().args(again).assert().success().get_output().stdout.clone();
    let told = String::from_utf8(told).unwrap();
    assert!(told.starts_with(&heading(out)), "{told}");
    assert!(told.ends_with(&format!("\n{plot}\n{out}\n")), "what was drawn is named: {told}");
    assert!(std::fs::read(plot).unwrap().starts_with(b"%PDF"));
    assert_eq!(std::fs::read(out).unwrap(), before, "nothing is written again");
}

#[test]
fn a_run_of_one_step_has_no_change_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (out, plot) = (folder.path().join("out.npz"), folder.path().join("plot.svg"));
    let run = ["spectrum", "--model", "gaussian-64", "--provider", "rust", "--samples", "1", "--steps", "1", "--out"];
    let told = common::program().args(run).arg(&out).arg("--plot").arg(&plot).assert().success();
    let told = String::from_utf8(told.get_output().stdout.clone()).unwrap();
    assert!(told.starts_with(&heading(out.to_str().unwrap())), "{told}");
    let ensemble = chromascope::ensemble::read(&out).unwrap();
    assert!(told.lines().any(|line| Some(line) == ensemble.no_change()), "{told}");
    assert!(!told.contains("NaN") && plot.exists(), "{told}");
    let drawn = std::fs::read_to_string(&plot).unwrap();
    assert!(!drawn.contains("NaN"));
}

#[test]
fn the_images_that_theory_is_calibrated_on_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("photos")).unwrap();
    for shade in 0_u8..3 {
        let image = image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([(x * 3) as u8, (y * 2) as u8, 40 * shade]));
        image.save(at("photos").join(format!("{shade}.png"))).unwrap();
    }
    let (out, plot, photos) = (at("out.npz"), at("plot.svg"), at("photos"));
    let model = ["spectrum", "--model", "gaussian-64", "--provider", "rust", "--samples", "2", "--steps", "3", "--out"];
    common::program().args(model).arg(&out).assert().success();
    let again = |more: &[&str]| {
        let mut command = common::program();
        command.args(["spectrum", "--samples", "0", "--add"]).arg(&out).args(more);
        String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
    };
    let data = ["--data", photos.to_str().unwrap()];
    let told = again(&[&data[..], &["--plot", plot.to_str().unwrap()]].concat());
    let (three, whole) = (count(3, "image"), photos.display().to_string());
    assert!(told.lines().any(|line| line.contains(&three) && line.ends_with(&whole)), "{told}");
    let drawn = std::fs::read_to_string(&plot).unwrap();
    assert!(drawn.lines().any(|line| line.contains(&three) && line.contains("photos")), "{drawn}");
    let json = |more: &[&str]| -> serde_json::Value { serde_json::from_str(&again(more)).unwrap() };
    let of_folder = json(&[&data[..], &["--json"]].concat());
    assert_eq!(of_folder["calibrated_on"], serde_json::json!({ "folder": photos, "images": 3 }));
    let of_samples = json(&["--json"]);
    assert_eq!(of_samples["calibrated_on"], serde_json::json!({ "folder": null, "images": 2 }));
    assert!(of_samples["comparisons"][0]["steps_left_out"].is_u64());
}

/// An ensemble of two samples with the end of one of its arrays replaced.
fn damaged(folder: &Path, array: &str, end: [u8; 8]) -> std::path::PathBuf {
    use std::io::{Read, Write};
    let (whole, damaged) = (folder.join("whole.npz"), folder.join("damaged.npz"));
    let model = ["spectrum", "--model", "gaussian-64", "--provider", "rust", "--samples", "2", "--steps", "3", "--out"];
    common::program().args(model).arg(&whole).assert().success();
    let mut from = zip::ZipArchive::new(File::open(whole).unwrap()).unwrap();
    let mut to = zip::ZipWriter::new(File::create(&damaged).unwrap());
    for index in 0..from.len() {
        let mut entry = from.by_index(index).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if entry.name().trim_end_matches(".npy") == array {
            let at = bytes.len() - 8;
            bytes[at..].copy_from_slice(&end);
        }
        to.start_file(entry.name(), zip::write::SimpleFileOptions::default()).unwrap();
        to.write_all(&bytes).unwrap();
    }
    to.finish().unwrap();
    damaged
}

#[test]
fn an_ensemble_with_a_value_that_cannot_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = damaged(folder.path(), "psd_diff", f64::NAN.to_le_bytes());
    let words = [("FILE", file.display().to_string())];
    let arguments = ["--samples", "0", "--add", file.to_str().unwrap()];
    refused("spectrum::an_ensemble_with_a_value_that_cannot_be_is_refused", &words, &arguments);
}

#[test]
fn an_ensemble_of_a_number_that_cannot_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = damaged(folder.path(), "n", (1_i64 << 62).to_le_bytes());
    let words = [("FILE", file.display().to_string())];
    let arguments = ["--samples", "0", "--add", file.to_str().unwrap()];
    refused("spectrum::an_ensemble_of_a_number_that_cannot_be_is_refused", &words, &arguments);
}

/// A limit on the size of files in place of a full disk.
#[cfg(unix)]
#[test]
fn samples_that_no_place_takes_are_said_to_be_lost() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.npz");
    let mut command = assert_cmd::Command::new("sh");
    command.args(["-c", r#"trap "" XFSZ; ulimit -f 20; exec "$@""#, "sh"]);
    command.arg(assert_cmd::cargo::cargo_bin("chromascope")).env("TMPDIR", folder.path());
    command.args([
        "spectrum",
        "--model",
        "gaussian-64",
        "--provider",
        "rust",
        "--samples",
        "2",
        "--steps",
        "3",
        "--out",
    ]);
    let output = command.arg(&out).assert().code(1).get_output().clone();
    let words = [("FILE", out.display().to_string())];
    let told = common::sentence(&output);
    common::faults::assert_documented(&told, "spectrum::samples_that_no_place_takes_are_said_to_be_lost", &words);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing half is left");
}
