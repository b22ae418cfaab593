//! Errors of every option with a path: in the program's own words, not the system's or a library's.
#![allow(clippy::unwrap_used)]

mod common;

use common::faults::assert_documented;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Wrong kinds of files, with the right file extension.
struct Things(TempDir);

impl Things {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// One of each kind.
    fn of(&self, ending: &str) -> Vec<PathBuf> {
        let at = |name: &str| self.0.path().join(name);
        vec![
            at(&format!("nowhere.{ending}")),
            at("folder"),
            self.file("words.txt", b"words and words"),
            self.file(&format!("words.{ending}"), b"words and words"),
            self.file(&format!("empty.{ending}"), b""),
            self.file(&format!("bytes.{ending}"), b"\xff\xfe\x00\x80 bytes"),
            at(&format!("words.txt/below.{ending}")),
        ]
    }
}

/// The error message of a command that fails.
#[track_caller]
fn sentence(folder: &Path, arguments: &[&str]) -> String {
    let mut command = common::program();
    let output = command.current_dir(folder).args(arguments).assert().code(1).get_output().clone();
    common::sentence(&output)
}

/// Words of the system and of libraries that do not help the user.
const FOREIGN: [&str; 12] = [
    "os error",
    "I/O",
    "magic",
    "EOCD",
    "zip",
    "UTF-8",
    "EOF",
    "fill whole buffer",
    "header",
    "signature",
    "recognized",
    "Invalid",
];

#[test]
fn no_option_that_takes_a_path_answers_in_the_systems_words() {
    const EXACT: [&str; 4] = ["--model", "gaussian-64", "--provider", "rust"];
    let tiny = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/models/tiny-eps");
    let onnx = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/models/tiny-eps/model.onnx");
    let (tiny, onnx) = (["--threads", "1", "--model", tiny], ["--threads", "1", "--model", onnx]);
    let sample = |model: &'static [&'static str]| [&["sample", "--steps", "1"], model].concat();
    let options: [(Vec<&str>, &str, &str); 18] = [
        (vec!["psd"], "", "npy"),
        (vec!["psd"], "", "png"),
        (vec!["spectrum", "--samples", "1"], "--add", "npz"),
        ([&["spectrum", "--samples", "1", "--steps", "2", "--out", "o.npz"], &EXACT[..]].concat(), "--data", "images"),
        (sample(&[]), "--model", "onnx"),
        (sample(&[]), "--cascade", "json"),
        (sample(&[]), "--images", "images"),
        (sample(&EXACT), "--schedule", "npy"),
        (sample(&EXACT), "--schedule", "json"),
        (sample(&EXACT), "--init-noise", "npy"),
        (sample(&EXACT), "--step-noise", "npy"),
        ([&["sample"], &onnx[..]].concat(), "--scheduler-config", "json"),
        (vec!["sample"], "--replay", "json"),
        (sample(&["--model", "emoji-exact-64", "--provider", "rust"]), "--guidance", "csv"),
        (vec!["info"], "", "onnx"),
        (vec!["schedule"], "--config", "json"),
        (vec!["schedule"], "--sigmas", "csv"),
        ([&["optimise", "--out", "o.json"], &tiny[..]].concat(), "--schedule", "json"),
    ];
    for (command, option, ending) in options {
        let things = Things::new();
        for thing in things.of(ending) {
            let thing = thing.to_str().unwrap();
            let mut arguments = command.clone();
            arguments.extend((!option.is_empty()).then_some(option));
            arguments.push(thing);
            let told = sentence(things.0.path(), &arguments);
            let foreign = FOREIGN.iter().find(|words| told.replace(thing, "").contains(*words));
            assert_eq!(foreign, None, "{arguments:?}: {told}");
            let named = Path::new(thing).file_name().unwrap().to_str().unwrap();
            assert!(told.contains(named), "{arguments:?}: {told}");
        }
    }
}

#[track_caller]
fn documented(test: &str, path: &Path, arguments: &[&str]) {
    let told = sentence(path.parent().unwrap(), &[arguments, &[path.to_str().unwrap()]].concat());
    assert_documented(&told, test, &[("FILE", path.display().to_string())]);
}

#[test]
fn spectra_of_nothing() {
    let things = Things::new();
    documented("paths::spectra_of_nothing", &things.0.path().join("nowhere"), &["psd"]);
}

#[test]
fn spectra_of_a_text() {
    let things = Things::new();
    documented("paths::spectra_of_a_text", &things.file("words.txt", b"words"), &["psd"]);
}

#[test]
fn spectra_of_a_damaged_image() {
    let things = Things::new();
    documented("paths::spectra_of_a_damaged_image", &things.file("image.png", b"\x89PNG\r\n\x1a\n\0\0"), &["psd"]);
}

#[test]
fn an_ensemble_that_is_a_text() {
    let things = Things::new();
    documented("paths::an_ensemble_that_is_a_text", &things.file("l.txt", b"words"), &["spectrum", "--add"]);
}

#[test]
fn an_ensemble_that_is_a_folder() {
    let things = Things::new();
    documented("paths::an_ensemble_that_is_a_folder", &things.0.path().join("folder"), &["spectrum", "--add"]);
}

#[test]
fn a_configuration_that_is_not_there() {
    let things = Things::new();
    let file = things.0.path().join("nowhere.json");
    documented("paths::a_configuration_that_is_not_there", &file, &["schedule", "--config"]);
}

#[test]
fn a_cascade_that_is_a_file() {
    let things = Things::new();
    documented("paths::a_cascade_that_is_a_file", &things.file("words.json", b"words"), &["sample", "--cascade"]);
}

#[test]
fn a_library_that_is_not_there_is_named_even_where_none_is_needed() {
    let things = Things::new();
    let file = things.0.path().join("libonnxruntime.so");
    let test = "paths::a_library_that_is_not_there_is_named_even_where_none_is_needed";
    documented(test, &file, &["info", "gaussian-64", "--onnxruntime"]);
}
