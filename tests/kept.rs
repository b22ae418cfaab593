//! Nothing is lost: not to a second program, a kill at any moment, or a full disk.
#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod common;

use common::faults::assert_documented;
use common::running::{Over, Running, command, in_lines, litter, pictures, until};
use ndarray::{Array0, Array5};
use ndarray_npy::NpzReader;
use serde_json::Value;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

fn word(name: &'static str, path: &Path) -> [(&'static str, String); 1] {
    [(name, path.display().to_string())]
}

fn sample(images: &Path, steps: &str) -> Command {
    let mut command = command();
    command.args(["sample", "--size", "8x8", "--steps", steps, "--images"]).arg(images);
    command
}

fn spectrum(samples: &str) -> Command {
    let mut command = command();
    command.args(["spectrum", "--samples", samples]);
    command
}

fn samples_in(file: &Path) -> i64 {
    let n: Array0<i64> = NpzReader::new(File::open(file).unwrap()).unwrap().by_name("n").unwrap();
    n[()]
}

/// The record in a folder, if there is one. Checks that the files beside it belong to its run and can be opened.
#[track_caller]
fn record_of(folder: &Path) -> Option<Value> {
    let text = std::fs::read(folder.join("trajectory.json")).ok()?;
    let record: Value = serde_json::from_slice(&text).unwrap();
    chromascope::session::archive::read_record(&folder.join("trajectory.json")).unwrap();
    let mut npz = NpzReader::new(File::open(folder.join("trajectory.npz")).unwrap()).unwrap();
    let states: Array5<f32> = npz.by_name("x_t").unwrap();
    let steps = usize::try_from(record["steps_done"].as_u64().unwrap()).unwrap();
    assert_eq!(states.shape()[0], steps + 1);
    assert!(image::open(folder.join("strip.png")).is_ok());
    Some(record)
}

#[test]
fn runs_started_together_get_folders_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let images = pictures(folder.path(), 8);
    let start = |seed: usize| {
        let mut command = sample(&images, "3");
        Running::start(command.args(["--seed", &seed.to_string()]).current_dir(folder.path()))
    };
    let running: Vec<_> = (0..4).map(start).collect();
    let mut folders: Vec<PathBuf> = Vec::new();
    for (seed, running) in running.into_iter().enumerate() {
        let over = running.end();
        assert_eq!(over.code, Some(0), "{}", over.stderr);
        let file = folder.path().join(over.stdout.lines().next().unwrap());
        let place = file.parent().unwrap().to_path_buf();
        assert_eq!(record_of(&place).unwrap()["settings"]["seed"], seed);
        assert!(litter(&place).is_empty());
        folders.push(place);
    }
    folders.sort();
    folders.dedup();
    assert_eq!(folders.len(), 4, "{folders:?}");
}

#[test]
fn a_folder_that_another_run_writes_into_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (images, out) = (pictures(folder.path(), 8), folder.path().join("out"));
    let mut first = Running::start(sample(&images, "1000").arg("--out").arg(&out));
    first.wait_for("sampling, 2 of");
    first.signal("STOP");
    let second = Running::start(sample(&images, "3").arg("--out").arg(&out)).end();
    second.says(1, "kept::a_folder_that_another_run_writes_into_is_refused", &word("OUT", &out));
    first.signal("CONT");
    assert_eq!(first.end().code, Some(0));
    assert_eq!(record_of(&out).unwrap()["settings"]["steps"], 1000);
}

#[test]
fn samples_are_added_to_a_file_by_one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("psd.npz");
    let begun = Running::start(
        spectrum("2").args(["--model", "gaussian-64", "--provider", "rust", "--steps", "3", "--out"]).arg(&file),
    )
    .end();
    assert_eq!(begun.code, Some(0), "{}", begun.stderr);
    let mut first = Running::start(spectrum("10000").args(["--batch", "1", "--add"]).arg(&file));
    first.wait_for("measuring, 4 of 30000");
    let test = "kept::samples_are_added_to_a_file_by_one_at_a_time";
    Running::start(spectrum("1").arg("--add").arg(&file)).end().says(1, test, &word("FILE", &file));
    // Nor does the window save over it; it checks in the same way.
    let ensemble = chromascope::ensemble::read(&file).unwrap();
    let told = chromascope::ensemble::write(&file, &ensemble).unwrap_err().to_string();
    assert_documented(&told, test, &word("FILE", &file));
    // It can still be read, and written elsewhere.
    let other = folder.path().join("other.npz");
    let elsewhere = Running::start(spectrum("1").arg("--add").arg(&file).arg("--out").arg(&other)).end();
    assert_eq!((elsewhere.code, samples_in(&other)), (Some(0), 3), "{}", elsewhere.stderr);
    first.signal("TERM");
    assert_eq!(first.end().code, Some(143));
    let so_far = samples_in(&file);
    assert!(so_far > 2);
    assert_eq!(Running::start(spectrum("1").arg("--add").arg(&file)).end().code, Some(0));
    assert_eq!(samples_in(&file), so_far + 1);
    assert!(litter(folder.path()).is_empty());
}

#[test]
fn a_file_that_is_being_made_is_refused_to_every_other_command() {
    let folder = tempfile::tempdir().unwrap();
    let (images, file) = (pictures(folder.path(), 16), folder.path().join("best.json"));
    let mut optimise = command();
    optimise
        .args(["optimise", "--steps", "60", "--evaluations", "1000000", "--size", "16x16", "--images"])
        .arg(&images);
    let mut first = Running::start(optimise.arg("--out").arg(&file));
    first.wait_for("fitting");
    for arguments in [
        &["schedule", "--family", "karras", "--steps", "8", "--out"][..],
        &["optimise", "--model", "gaussian-64", "--out"],
        &["spectrum", "--model", "gaussian-64", "--out"],
        &["psd", images.to_str().unwrap(), "--out"],
    ] {
        let second = Running::start(command().args(arguments).arg(&file)).end();
        second.says(1, "kept::a_file_that_is_being_made_is_refused_to_every_other_command", &word("FILE", &file));
    }
    first.signal("INT");
    assert_eq!(first.end().code, Some(130));
    assert!(chromascope::session::schedule_file::read(&file).unwrap().source.drawn().is_some());
}

/// The state of a folder, observed from outside while results are written into it.
fn seen(folder: &Path) -> Vec<(String, u64, bool)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut seen: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            let data = entry.metadata().ok()?;
            Some((entry.file_name().to_string_lossy().into_owned(), data.ino(), data.len() > 0))
        })
        .collect();
    seen.sort();
    seen
}

/// Kills runs after the first, second, third … change observed in their folder, from the first write to the last,
/// over an empty folder and over earlier results.
#[test]
fn a_kill_at_any_moment_leaves_no_pair_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let images = pictures(folder.path(), 64);
    let run = |seed: u64, out: &Path| {
        let mut command = command();
        command.args(["sample", "--size", "64x64", "--steps", "6", "--batch", "2", "--images"]).arg(&images);
        command.args(["--seed", &seed.to_string()]).arg("--out").arg(out);
        command
    };
    let (fresh, again) = (folder.path().join("fresh"), folder.path().join("again"));
    let mut amid = 0;
    for changes in 0..10 {
        for (out, seed) in [(&fresh, 100 + changes), (&again, 200 + changes)] {
            let before = if out == &fresh {
                let _ = std::fs::remove_dir_all(&fresh);
                None
            } else {
                assert_eq!(Running::start(&mut run(changes, out)).end().code, Some(0));
                Some(record_of(out).unwrap())
            };
            let mut running = Running::start(&mut run(seed, out));
            running.wait_for("sampling, 6 of 6");
            let mut last = seen(out);
            for _ in 0..changes {
                until("a change, or its end", || {
                    let now = seen(out);
                    let changed = now != last;
                    last = now;
                    changed || running.is_over()
                });
            }
            running.kill();
            let found = record_of(out);
            let seeds = found.as_ref().map(|record| record["settings"]["seed"].as_u64().unwrap());
            assert!(seeds.is_none_or(|found| found == seed || (before.is_some() && found == changes)), "{seeds:?}");
            amid += usize::from(litter(out).iter().any(|name| Path::new(name).extension() != Some("lock".as_ref())));
        }
    }
    assert!(amid >= 6, "only {amid} of 20 were killed while they wrote");

    // The next run tidies up.
    for out in [&fresh, &again] {
        assert_eq!(Running::start(&mut run(1, out)).end().code, Some(0));
        assert_eq!(record_of(out).unwrap()["settings"]["seed"], 1);
        assert_eq!(std::fs::read_dir(out).unwrap().count(), 3);
    }
}

#[test]
fn a_record_beside_another_runs_arrays_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let images = pictures(folder.path(), 8);
    let [one, other, again] = ["one", "other", "again"].map(|name| folder.path().join(name));
    for (out, seed) in [(&one, "1"), (&other, "2")] {
        assert_eq!(Running::start(sample(&images, "3").args(["--seed", seed, "--out"]).arg(out)).end().code, Some(0));
    }
    let record = one.join("trajectory.json");
    let replay = || {
        let mut command = command();
        Running::start(command.args(["sample", "--replay"]).arg(&record).arg("--out").arg(&again)).end()
    };
    std::fs::copy(other.join("trajectory.npz"), one.join("trajectory.npz")).unwrap();
    replay().says(1, "kept::a_record_beside_another_runs_arrays_is_refused", &word("RECORD", &record));
    assert!(!again.exists());
    // Without its arrays it is read as it is, and older records have no digest.
    std::fs::remove_file(one.join("trajectory.npz")).unwrap();
    assert_eq!(replay().code, Some(0));
    let mut older: Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    assert!(older.as_object_mut().unwrap().remove("npz_sha256").is_some());
    std::fs::write(&record, older.to_string()).unwrap();
    std::fs::copy(other.join("trajectory.npz"), one.join("trajectory.npz")).unwrap();
    assert_eq!(replay().code, Some(0));
}

#[test]
fn what_a_killed_run_left_goes_with_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let (images, out) = (pictures(folder.path(), 8), folder.path().join("out"));
    let mut killed = Running::start(sample(&images, "1000").arg("--out").arg(&out));
    killed.wait_for("sampling, 2 of");
    killed.kill();
    std::fs::write(out.join(".chromascope-x1Y2z3"), vec![0; 1 << 20]).unwrap();
    std::fs::write(out.join(".chromascope-mine"), "not of this program").unwrap();
    assert_eq!(litter(&out).len(), 3);
    assert_eq!(Running::start(sample(&images, "2").arg("--out").arg(&out)).end().code, Some(0));
    assert_eq!(litter(&out), [".chromascope-mine"]);
}

/// A disk of its own that is full, if the system allows one; the program sees it at `disk`. At the end its files are printed
/// to stdout.
fn on_a_full_disk(disk: &Path, arguments: &[&str]) -> Option<Command> {
    std::fs::create_dir_all(disk).unwrap();
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-c", script, "sh"]).arg(disk);
        command
    };
    let mount = r#"mount -t tmpfs -o size=64k none "$1" && cd "$1""#;
    let possible = unshare(mount).status().is_ok_and(|status| status.success());
    let fill = "cat /dev/zero 2>/dev/null > filler";
    let run = r#""$@"; code=$?; rm filler; find . -type f -printf 'left: %p\n'; exit $code"#;
    let mut command = unshare(&format!("{mount} || exit 9; {fill}; shift; {run}"));
    command.arg(env!("CARGO_BIN_EXE_chromascope")).args(arguments);
    in_lines(&mut command);
    possible.then_some(command)
}

/// Runs with results on a full disk. If there is none, the folder becomes a file while the command is running, which
/// cannot be written into either.
fn where_nothing_can_be_written(folder: &Path, first: &str, arguments: &[&str]) -> Over {
    let (disk, shelter) = (folder.join("disk"), folder.join("shelter"));
    std::fs::create_dir(&shelter).unwrap();
    if let Some(mut command) = on_a_full_disk(&disk, arguments) {
        return Running::start(command.env("TMPDIR", &shelter)).end();
    }
    eprintln!("no disk of its own can be had here");
    let mut running = Running::start(command().args(arguments).env("TMPDIR", &shelter).current_dir(&disk));
    running.wait_for(first);
    std::fs::remove_dir_all(&disk).unwrap();
    std::fs::write(&disk, "").unwrap();
    running.end()
}

/// The file that was saved in the shelter.
fn rescued(folder: &Path) -> PathBuf {
    let only = |folder: &Path| {
        let inside: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(inside.len(), 1, "{inside:?}");
        inside[0].clone()
    };
    only(&only(&folder.join("shelter")))
}

#[test]
fn a_run_is_kept_elsewhere_where_the_disk_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let images = pictures(folder.path(), 8);
    let images = images.to_str().unwrap();
    let place = folder.path().join("disk/out");
    let arguments = ["sample", "--size", "32x32", "--steps", "4", "--images", images, "--out", place.to_str().unwrap()];
    let over = where_nothing_can_be_written(folder.path(), "sampling, 1 of 4", &arguments);
    let kept = rescued(folder.path());
    let words = [("OUT", place.display().to_string()), ("KEPT", kept.display().to_string())];
    over.says(1, "kept::a_run_is_kept_elsewhere_where_the_disk_is_full", &words);
    assert_eq!(record_of(&kept).unwrap()["complete"], true);
    assert!(over.stdout.contains(kept.join("trajectory.npz").to_str().unwrap()), "{}", over.stdout);
    assert!(!over.stdout.contains("left: "), "{}", over.stdout);
}

#[test]
fn samples_are_kept_elsewhere_where_the_disk_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("disk/out.npz");
    let model = ["spectrum", "--model", "gaussian-64", "--provider", "rust", "--samples", "2", "--steps", "3", "--out"];
    let arguments = [&model[..], &[place.to_str().unwrap()]].concat();
    let over = where_nothing_can_be_written(folder.path(), "measuring, 1 of 6", &arguments);
    let kept = rescued(folder.path());
    let words = [("FILE", place.display().to_string()), ("KEPT", kept.display().to_string())];
    over.says(1, "kept::samples_are_kept_elsewhere_where_the_disk_is_full", &words);
    assert_eq!(samples_in(&kept), 2);
    assert!(!over.stdout.contains("left: "), "{}", over.stdout);
}

#[test]
fn a_schedule_is_kept_elsewhere_where_the_disk_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let images = pictures(folder.path(), 8);
    let place = folder.path().join("disk/best.json");
    let few =
        ["optimise", "--steps", "4", "--seeds", "1", "--measure-seeds", "0", "--evaluations", "3", "--size", "8x8"];
    let places = ["--images", images.to_str().unwrap(), "--out", place.to_str().unwrap()];
    let over = where_nothing_can_be_written(folder.path(), "fitting", &[&few[..], &places].concat());
    let kept = rescued(folder.path());
    let words = [("FILE", place.display().to_string()), ("KEPT", kept.display().to_string())];
    over.says(1, "kept::a_schedule_is_kept_elsewhere_where_the_disk_is_full", &words);
    assert!(chromascope::session::schedule_file::read(&kept).unwrap().source.drawn().is_some());
    assert!(!over.stdout.contains("left: "), "{}", over.stdout);
}

#[test]
fn a_figure_is_kept_elsewhere_where_the_disk_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("disk/r.svg");
    let samples = folder.path().join("out.npz");
    let model = ["spectrum", "--model", "gaussian-64", "--provider", "rust", "--samples", "2", "--steps", "3"];
    let places = ["--out", samples.to_str().unwrap(), "--plot", place.to_str().unwrap()];
    let over = where_nothing_can_be_written(folder.path(), "measuring, 1 of 6", &[&model[..], &places].concat());
    let kept = rescued(folder.path());
    let words = [("FILE", place.display().to_string()), ("KEPT", kept.display().to_string())];
    over.says(1, "kept::a_figure_is_kept_elsewhere_where_the_disk_is_full", &words);
    assert!(std::fs::read_to_string(&kept).unwrap().ends_with("</svg>\n"));
    assert_eq!(samples_in(&samples), 2);
    assert!(over.stdout.contains("theory"), "what was measured is told: {}", over.stdout);
}
