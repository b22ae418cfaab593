//! The figures of docs/ are up to date with the commands beside them.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Commands in the documents that draw into docs/figures: arguments, and the file.
fn commands() -> Vec<(Vec<String>, String)> {
    let texts = ["docs/theory.md", "docs/schedules.md"].map(|name| std::fs::read_to_string(root().join(name)).unwrap());
    let lines = texts.iter().flat_map(|text| text.lines()).filter_map(|line| line.strip_prefix("chromascope "));
    let split = |line: &str| -> Vec<String> { line.split_whitespace().map(str::to_owned).collect() };
    lines
        .map(split)
        .filter_map(|mut arguments| {
            let at = arguments.iter().position(|argument| argument == "--plot")? + 1;
            let file = arguments[at].strip_prefix("docs/figures/")?.to_owned();
            arguments.remove(at);
            arguments.remove(at - 1);
            Some((arguments, file))
        })
        .collect()
}

/// Draws to a new file and returns it.
#[track_caller]
fn drawn(folder: &Path, arguments: &[&str], file: &str) -> PathBuf {
    let path = folder.join(file);
    let output = common::program().args(arguments).arg("--plot").arg(&path).assert().success().get_output().clone();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), path.to_str().unwrap(), "the path and no table");
    path
}

/// An SVG as text without numbers, and the numbers.
fn parts(svg: &str) -> (String, Vec<f64>) {
    let (mut text, mut numbers, mut number) = (String::new(), Vec::new(), String::new());
    for character in svg.chars().chain([' ']) {
        let begins = matches!(character, '-' | '.') && number.is_empty();
        if character.is_ascii_digit() || character == '.' || begins {
            number.push(character);
            continue;
        }
        match number.parse() {
            Ok(value) => numbers.push(value),
            Err(_) => text.push_str(&number),
        }
        number.clear();
        text.push(character);
    }
    (text, numbers)
}

#[test]
fn the_documents_figures_are_made_by_their_commands() {
    let folder = tempfile::tempdir().unwrap();
    let commands = commands();
    for (arguments, file) in &commands {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let made = std::fs::read_to_string(drawn(folder.path(), &arguments, file)).unwrap();
        let kept = std::fs::read_to_string(root().join("docs/figures").join(file)).unwrap();
        assert!(kept.len() < 150_000, "{file} has {} bytes", kept.len());
        if made == kept {
            continue;
        }
        // Another system's exponential may differ in its last bit, and then a coordinate in its last decimal.
        let ((text, numbers), (kept_text, kept_numbers)) = (parts(&made), parts(&kept));
        assert!(text == kept_text && numbers.len() == kept_numbers.len(), "{file} is not what {arguments:?} draws");
        for (a, b) in numbers.iter().zip(&kept_numbers) {
            assert!((a - b).abs() < 0.010_001, "{file}: {a} and {b}");
        }
    }
    let mut files: Vec<String> = commands.into_iter().map(|(_, file)| file).collect();
    let kept = std::fs::read_dir(root().join("docs/figures")).unwrap();
    let mut kept: Vec<String> = kept.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    kept.sort();
    assert_eq!(files, kept, "each figure has its command");
}

/// From the names in a figure: (t, text).
fn said(svg: &str, what: &str) -> Vec<(f64, String)> {
    let labels = svg.split("aria-label=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut found: Vec<(f64, String)> = labels
        .filter(|label| label.contains(what))
        .map(|label| {
            let (name, t) = label.rsplit_once(" = ").unwrap();
            (t.parse().unwrap(), name.to_owned())
        })
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.dedup();
    found
}

#[test]
fn a_sheet_says_where_levels_cross_and_peak_in_the_schedules_own_time() {
    let folder = tempfile::tempdir().unwrap();
    // With λ = 10 − 20t, times are linear in λ.
    let path = drawn(folder.path(), &["chromatogram", "--family", "log-snr-linear", "--levels", "3"], "all.svg");
    let svg = std::fs::read_to_string(path).unwrap();
    for text in ["panel-3", "factor n = 2, power", "log_snr_max = 10", "aria-label=\"τ₂\"", "aria-label=\"time t\""]
    {
        assert!(svg.contains(text), "{text}");
    }
    let time = |log_snr: f64| (10.0 - log_snr) / 20.0;
    let crossings = said(&svg, " equal at t");
    for (&(t, _), m) in crossings.iter().zip([0, 1]) {
        // r_m = r_{m+1} at SNR = 1/(2·4ᵐ).
        assert!((t - time(-(2.0 * 4.0_f64.powi(m)).ln())).abs() <= 5.1e-5, "{crossings:?}");
    }
    assert_eq!(crossings[0].1, "2 and 1 px equal at t");
    let peaks = said(&svg, " peaks at t");
    assert_eq!((crossings.len(), peaks.len()), (2, 3));
    for (&(t, _), m) in peaks.iter().zip([0, 1, 2]) {
        // a_m = 1/2 at SNR = 4^{−m}.
        assert!((t - time(-4.0_f64.powi(m).ln())).abs() <= 5.1e-5, "{peaks:?}");
    }

    let arguments = ["chromatogram", "--family", "scaled-linear", "--levels", "2", "--panels", "tau,r", "--stacked"];
    let svg = std::fs::read_to_string(drawn(folder.path(), &arguments, "table.svg")).unwrap();
    assert!(svg.contains("aria-label=\"timestep t\"") && svg.contains("panel-1-area-2"), "areas over timesteps");
    assert!(svg.contains("panel-2-line-2") && !svg.contains("panel-3") && !svg.contains("peaks"));
}

#[test]
fn theorem_1_is_drawn_and_its_difference_said() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("my_list.txt");
    std::fs::write(&list, "40 9 3 1 0.3 0.1 0").unwrap();
    for against in ["flow", "karras", list.to_str().unwrap()] {
        let path = folder.path().join("both.svg");
        let output = common::program()
            .args(["chromatogram", "--family", "cosine", "--against", against, "--plot"])
            .arg(&path)
            .assert()
            .success()
            .get_output()
            .clone();
        let (said, svg) = (String::from_utf8(output.stderr).unwrap(), std::fs::read_to_string(path).unwrap());
        let by = said.split("differ by at most ").nth(1).and_then(|rest| rest.split(';').next()).unwrap();
        assert!(by.parse::<f64>().unwrap() < 1e-9, "{said}");
        assert!(svg.contains("panel-5-points-2") && !svg.contains("panel-6"));
        let name = Path::new(against).file_name().unwrap().to_str().unwrap();
        assert!(svg.contains(&format!("{name}, at t′(t)")), "{name}");
    }
}

#[test]
fn every_source_is_drawn_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let table = root().join("tests/golden/models/tiny-eps/scheduler_config.json");
    let (edm, flow) = (folder.path().join("edm.json"), folder.path().join("flow.json"));
    std::fs::write(&edm, r#"{"_class_name": "EDMEulerScheduler"}"#).unwrap();
    std::fs::write(&flow, r#"{"_class_name": "FlowMatchEulerDiscreteScheduler"}"#).unwrap();
    let config = |path: &Path| vec!["--config".to_owned(), path.to_str().unwrap().to_owned()];
    let family = |name: &str, more: &[&str]| -> Vec<String> {
        ["--family", name].iter().chain(more).map(|&argument| argument.to_owned()).collect()
    };
    let sources = [
        config(&table),
        config(&edm),
        config(&flow),
        family("sigmoid", &["--steps", "9"]),
        family("ays-sd15", &[]),
        family("linear", &["--steps", "30", "--spacing", "karras"]),
        family("linear", &["--param", "timesteps=2"]),
    ];
    for (source, ending) in sources.iter().zip(["svg", "pdf", "png"].into_iter().cycle()) {
        for command in ["schedule", "chromatogram"] {
            let arguments: Vec<&str> = std::iter::once(command).chain(source.iter().map(String::as_str)).collect();
            let bytes = std::fs::read(drawn(folder.path(), &arguments, &format!("a.{ending}"))).unwrap();
            let magic: &[u8] = match ending {
                "svg" => b"<svg ",
                "pdf" => b"%PDF",
                _ => b"\x89PNG",
            };
            assert!(bytes.starts_with(magic), "{arguments:?}");
        }
    }
    let steps = ["schedule", "--family", "cosine", "--steps", "9"];
    let svg = std::fs::read_to_string(drawn(folder.path(), &steps, "steps.svg")).unwrap();
    assert!(svg.contains("aria-label=\"steps\"") && svg.contains("9 steps"));
    assert!(svg.contains("aria-label=\"log-SNR λ (nats)\"") && svg.contains("aria-label=\"ᾱ\""));

    let (csv, plot) = (folder.path().join("t.csv"), folder.path().join("t.svg"));
    let both = common::program().args(steps).arg("--out").arg(&csv).arg("--plot").arg(&plot).assert().success();
    assert_eq!(String::from_utf8_lossy(&both.get_output().stdout).trim_end(), plot.to_str().unwrap());
    assert_eq!(std::fs::read_to_string(csv).unwrap().lines().count(), 11);
}
