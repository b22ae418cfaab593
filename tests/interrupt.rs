//! Signals: the run ends within a step, and finished results are complete.
#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod common;

use common::running::{Running, command, litter, pictures, until};
use ndarray::{Array0, Array1, Array5};
use std::path::Path;
use std::time::{Duration, Instant};

/// The signals, and the exit code after each.
const SIGNALS: [(&str, i32); 3] = [("INT", 130), ("TERM", 143), ("HUP", 129)];

fn out(path: &Path) -> [(&'static str, String); 1] {
    [("OUT", path.display().to_string())]
}

/// A network call in progress is cancelled, too.
#[test]
fn every_signal_keeps_the_finished_steps() {
    for (signal, code) in SIGNALS {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("out");
        let mut sample = command();
        sample.args(["sample", "--model", "emoji-unet", "--steps", "1000", "--batch", "8", "--threads", "1", "--out"]);
        let mut running = Running::start(sample.arg(&place));
        running.wait_for("sampling, 2 of 1000");
        let asked = Instant::now();
        running.signal(signal);
        let over = running.end();
        // One step and the writing of results; a whole run would take minutes.
        assert!(asked.elapsed() < Duration::from_secs(30), "{signal}: {:?}", asked.elapsed());
        over.says(code, "interrupt::every_signal_keeps_the_finished_steps", &out(&place));

        let record = std::fs::read(place.join("trajectory.json")).unwrap();
        let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
        let done = usize::try_from(record["steps_done"].as_u64().unwrap()).unwrap();
        assert!((2..1000).contains(&done) && record["complete"] == false);
        let mut npz = ndarray_npy::NpzReader::new(std::fs::File::open(place.join("trajectory.npz")).unwrap()).unwrap();
        let states: Array5<f32> = npz.by_name("x_t").unwrap();
        let eps: Array5<f32> = npz.by_name("eps").unwrap();
        let alpha_bar: Array1<f64> = npz.by_name("alpha_bar").unwrap();
        assert_eq!(states.shape(), [done + 1, 8, 3, 64, 64]);
        assert_eq!((eps.shape()[0], alpha_bar.len()), (done, done + 1));
        assert!(states.iter().all(|value| value.is_finite()));
        assert!(litter(&place).is_empty());
    }
}

#[test]
fn every_signal_keeps_whole_samples() {
    for (signal, code) in SIGNALS {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("out.npz");
        let mut spectrum = command();
        spectrum.args([
            "spectrum",
            "--model",
            "gaussian-64",
            "--provider",
            "rust",
            "--samples",
            "5000",
            "--steps",
            "4",
        ]);
        let mut running = Running::start(spectrum.args(["--batch", "2", "--out"]).arg(&place));
        running.wait_for("measuring, 10 of 20000");
        running.signal(signal);
        let words = [("FILE", place.display().to_string())];
        running.end().says(code, "interrupt::every_signal_keeps_whole_samples", &words);
        let mut npz = ndarray_npy::NpzReader::new(std::fs::File::open(&place).unwrap()).unwrap();
        let n: Array0<i64> = npz.by_name("n").unwrap();
        assert!(n[()] >= 2 && n[()] < 5000 && n[()] % 2 == 0, "{n}");
        assert!(litter(folder.path()).is_empty());
    }
}

#[test]
fn every_signal_keeps_the_best_so_far() {
    for (signal, code) in SIGNALS {
        let folder = tempfile::tempdir().unwrap();
        let images = pictures(folder.path(), 16);
        let place = folder.path().join("best.json");
        let mut optimise = command();
        optimise.args(["optimise", "--steps", "60", "--points", "60", "--evaluations", "1000000", "--size", "16x16"]);
        let mut running = Running::start(optimise.arg("--images").arg(&images).arg("--out").arg(&place));
        running.wait_for("fitting, RMSE");
        running.signal(signal);
        let over = running.end();
        over.says(code, "interrupt::every_signal_keeps_the_best_so_far", &out(&place));
        let text = &over.stdout;
        assert!(text.contains("4 seeds") && !text.contains("test seeds"), "{text}");
        assert!(chromascope::session::schedule_file::read(&place).unwrap().source.drawn().is_some());
        assert!(litter(folder.path()).is_empty());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_started_with_nohup_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let images = pictures(folder.path(), 16);
    let mut sample = std::process::Command::new("nohup");
    sample.arg(env!("CARGO_BIN_EXE_chromascope")).args(["sample", "--size", "16x16", "--steps", "1000", "--images"]);
    common::running::in_lines(&mut sample);
    let mut running = Running::start(sample.arg(&images).arg("--out").arg(folder.path().join("out")));
    running.wait_for("sampling, 2 of 1000");
    running.signal("HUP");
    running.wait_for("sampling, 1000 of 1000");
    assert_eq!(running.end().code, Some(0));
}

/// Nobody reads its output, so it blocks with everything written; otherwise it would wait for ever.
#[test]
fn a_second_signal_ends_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (images, place) = (pictures(folder.path(), 8), folder.path().join("out"));
    let mut sample = command();
    sample.args(["sample", "--json", "--size", "8x8", "--steps", "1000", "--images"]).arg(&images);
    let mut running = Running::start_unread(sample.arg("--out").arg(&place));
    running.wait_for("sampling, 1000 of 1000");
    until("the record", || place.join("trajectory.json").exists());
    running.signal("TERM");
    running.signal("HUP");
    let asked = Instant::now();
    // Simultaneous signals are one request, and so is a hang-up at any time.
    until("a second to be one", || asked.elapsed() > Duration::from_millis(600));
    running.signal("HUP");
    assert!(!running.is_over());
    running.signal("TERM");
    let over = running.end();
    assert_eq!((over.code, over.signal), (None, Some(15)), "{}", over.stderr);
    assert!(litter(&place).is_empty(), "{:?}", litter(&place));
}

#[test]
fn what_has_nothing_to_keep_ends_by_the_first() {
    for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("images.npy");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let place = folder.path().join("psd.csv");
        let running = Running::start(command().arg("psd").arg(&pipe).arg("--out").arg(&place));
        // It has claimed the path, and waits for a writer on the pipe.
        until("its claim", || !litter(folder.path()).is_empty());
        running.signal(signal);
        let over = running.end();
        assert_eq!((over.code, over.signal), (None, Some(number)), "{}", over.stderr);
        assert!(litter(folder.path()).is_empty());
    }
}
