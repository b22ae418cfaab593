//! The program in a real window on a virtual display, with each renderer: mouse and keys by xdotool, names through AT-SPI.
//! The packages it needs are those of tools/window/with_display.sh; without them it fails.
#![cfg(all(feature = "gui", target_os = "linux"))]
#![allow(clippy::unwrap_used)]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn driven(driver: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let config = tempfile::tempdir().unwrap();
    let mut command = Command::new(root().join("tools/window/with_display.sh"));
    command.args(["1280x720", &root().join(driver).display().to_string(), env!("CARGO_BIN_EXE_chromascope")]);
    command.args(arguments).args(["--window-size", "1280x720"]).env("CHROMASCOPE_CONFIG", config.path());
    for (name, value) in variables {
        command.env(name, value);
    }
    command.output().unwrap()
}

#[track_caller]
fn works(output: &Output) {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && text.contains("driven: "), "{text}");
}

#[test]
fn glow_draws_the_window() {
    works(&driven("tests/gui/drive.sh", &["--renderer", "glow"], &[]));
}

#[test]
fn wgpu_draws_the_window() {
    works(&driven("tests/gui/drive.sh", &["--renderer", "wgpu"], &[]));
}

/// Heat maps coloured on the CPU, as there is no shader under OpenGL.
#[test]
fn glow_draws_spectra_and_measures() {
    works(&driven("tests/gui/drive_spectra.sh", &["--renderer", "glow", "--layout", "spectra"], &[]));
}

#[test]
fn wgpu_draws_spectra_and_measures() {
    works(&driven("tests/gui/drive_spectra.sh", &["--renderer", "wgpu", "--layout", "spectra"], &[]));
}

#[test]
fn a_signal_closes_the_window_and_keeps_its_preferences() {
    works(&driven("tests/gui/drive_signal.sh", &["--renderer", "glow"], &[]));
}

#[test]
fn a_renderer_that_does_not_start_is_replaced_by_the_other() {
    // Linux has no Direct3D adapter.
    let test = "real_window::a_renderer_that_does_not_start_is_replaced_by_the_other";
    let sentence = common::faults::documented(test, &[]);
    let output = driven(
        "tests/gui/drive_other.sh",
        &["--renderer", "wgpu"],
        &[("WGPU_BACKEND", "dx12"), ("SENTENCE", &sentence)],
    );
    works(&output);
}
