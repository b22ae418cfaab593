//! `make run` and `make test` on machines that lack something.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use common::Home;
use common::faults::assert_documented;
use std::process::Output;

/// What any Debian has.
const TOOLS: &[&str] = &["bash", "dirname", "head", "mktemp", "rm", "sed", "sort", "env"];

/// A machine with those tools and no compiler, toolchain or python.
fn bare_machine() -> Home {
    let home = Home::new();
    for tool in TOOLS {
        let places = ["/usr/bin", "/bin"].map(|folder| std::path::Path::new(folder).join(tool));
        let path = places.iter().find(|path| path.exists()).unwrap_or_else(|| panic!("this machine has no {tool}"));
        std::os::unix::fs::symlink(path, home.bin().join(tool)).unwrap();
    }
    home
}

fn with_toolchain(home: &Home, version: &str) {
    home.write_program("cargo", "echo \"cargo $*\" >> \"$HOME/cargo\"");
    home.write_program("rustc", &format!("echo 'rustc {version} (0123456 2026-01-01)'"));
}

fn run(home: &Home, script: &str) -> (Option<i32>, String) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tools").join(script);
    let Output { status, stderr, .. } = std::process::Command::new("/bin/bash")
        .arg(path)
        .env_clear()
        .env("PATH", home.bin())
        .env("HOME", home.path())
        .env("CARGO_HOME", home.path())
        .env("CHROMASCOPE_DATA", home.data())
        .output()
        .unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_missing_toolchain_is_one_sentence() {
    for script in ["run.sh", "test.sh"] {
        let (code, text) = run(&bare_machine(), script);
        assert_eq!(code, Some(1));
        assert_documented(text.trim_end(), "scripts::a_missing_toolchain_is_one_sentence", &[]);
    }
}

#[test]
fn an_old_toolchain_is_one_sentence() {
    let home = bare_machine();
    with_toolchain(&home, "1.9.0");
    let (code, text) = run(&home, "run.sh");
    assert_eq!(code, Some(1));
    assert_documented(text.trim_end(), "scripts::an_old_toolchain_is_one_sentence", &[]);
    assert!(!home.path().join("cargo").exists(), "cargo was called");
}

#[test]
fn without_root_the_command_for_missing_packages_is_printed() {
    let home = bare_machine();
    with_toolchain(&home, "1.99.0");
    home.write_program("id", "echo 1000");
    home.write_program("sudo", "exit 1");
    home.write_program("apt-get", "exit 1");
    let (code, text) = run(&home, "run.sh");
    assert_eq!(code, Some(1));
    let text = text.replace("\n    ", " ");
    assert_documented(text.trim_end(), "scripts::without_root_the_command_for_missing_packages_is_printed", &[]);
}

#[test]
fn root_gets_missing_packages_from_apt_and_nothing_else() {
    let home = bare_machine();
    with_toolchain(&home, "1.99.0");
    home.write_program("id", "echo 0");
    home.write_program("apt-get", "echo \"$DEBIAN_FRONTEND $*\" >> \"$HOME/asked\"");
    home.write_program("python3", "echo pip 23.0.1");
    let (_, text) = run(&home, "run.sh");
    assert!(text.starts_with("== Installing gcc libc6-dev\n== Building Chromascope"), "{text}");
    let asked = std::fs::read_to_string(home.path().join("asked")).unwrap();
    assert_eq!(asked, "noninteractive update\nnoninteractive install --yes --no-install-recommends gcc libc6-dev\n");
}

#[test]
fn no_apt_is_one_sentence() {
    let home = bare_machine();
    with_toolchain(&home, "1.99.0");
    let (code, text) = run(&home, "run.sh");
    assert_eq!(code, Some(1));
    let last = text.lines().last().unwrap();
    assert_documented(last, "scripts::no_apt_is_one_sentence", &[]);
}
