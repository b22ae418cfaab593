//! The program's packages: their licences, and the library's independence from the window.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};

/// As in deny.toml; a test keeps both equal.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "OFL-1.1",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages of the window, which the library below it must not use.
const WINDOW: &[&str] = &["egui", "eframe", "wgpu", "winit"];

#[test]
fn every_licence_is_on_the_allow_list() {
    let metadata = metadata(&["--all-features"]);
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 50, "only {} packages", packages.len());
    let faults: Vec<String> = packages.iter().filter_map(fault_of).collect();
    assert!(faults.is_empty(), "not on the allow-list:\n{}", faults.join("\n"));
}

#[test]
fn the_allow_list_is_that_of_deny_toml() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml")).unwrap();
    let list = text.split("allow = [").nth(1).unwrap().split(']').next().unwrap();
    let lines = list.lines().map(|line| line.trim().trim_end_matches(',').trim_matches('"'));
    let listed: Vec<&str> = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(listed, ALLOWED);
}

#[test]
fn expressions_are_evaluated() {
    for (expression, good) in [
        ("MIT OR GPL-3.0-only", true),
        ("MIT AND GPL-3.0-only", false),
        ("(MIT OR GPL-2.0-only) AND Unicode-3.0", true),
        ("MIT/Apache-2.0", true),
        ("GPL-3.0-or-later", false),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("MIT WITH LLVM-exception", false),
        ("no licence at all", false),
    ] {
        assert_eq!(is_allowed(expression), good, "{expression}");
    }
}

#[test]
fn the_library_alone_needs_nothing_of_the_window() {
    let metadata = metadata(&["--no-default-features"]);
    let names: BTreeMap<&str, &str> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (package["id"].as_str().unwrap(), package["name"].as_str().unwrap()))
        .collect();
    let needed = normal_dependencies(&metadata["resolve"]);
    let needed: BTreeSet<&str> = needed.iter().map(|id| names[id]).collect();
    assert!(needed.contains("chromascope") && needed.contains("ort"), "{needed:?}");
    assert!(!needed.contains("clap") && !needed.contains("assert_cmd"), "{needed:?}");
    let of_the_window = |name: &&&str| WINDOW.iter().any(|part| *name == part || name.starts_with(&format!("{part}-")));
    assert_eq!(needed.iter().filter(of_the_window).collect::<Vec<_>>(), Vec::<&&str>::new());
}

/// The tokenizers crate can bring Oniguruma in C and suffix arrays in C++.
#[test]
fn tokenizers_are_pure_rust() {
    let metadata = metadata(&["--all-features"]);
    let named = |name: &str| {
        let packages = metadata["packages"].as_array().unwrap();
        packages.iter().find(|package| package["name"] == name).map(|package| package["id"].clone())
    };
    assert!(named("tokenizers").is_some());
    for library in ["onig", "onig_sys", "sentencepiece", "sentencepiece-sys"] {
        assert_eq!(named(library), None, "{library}");
    }
    let suffix_arrays = named("esaxx-rs").unwrap();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let node = nodes.iter().find(|node| node["id"] == suffix_arrays).unwrap();
    assert_eq!(node["features"], serde_json::json!([]));
}

fn fault_of(package: &Value) -> Option<String> {
    let name = package["name"].as_str().unwrap();
    match package["license"].as_str() {
        None => Some(format!("{name}: names no licence")),
        Some(expression) if is_allowed(expression) => None,
        Some(expression) => Some(format!("{name}: {expression}")),
    }
}

fn is_allowed(expression: &str) -> bool {
    // The slash is an old way to write OR.
    let Ok(expression) = spdx::Expression::parse(&expression.replace('/', " OR ")) else { return false };
    expression.evaluate(|requirement| ALLOWED.contains(&requirement.to_string().as_str()))
}

/// The package itself and everything it needs to build and run, by id; without build and test dependencies.
fn normal_dependencies(resolve: &Value) -> BTreeSet<&str> {
    let nodes: BTreeMap<&str, &Value> =
        resolve["nodes"].as_array().unwrap().iter().map(|node| (node["id"].as_str().unwrap(), node)).collect();
    let mut found = BTreeSet::new();
    let mut waiting = vec![resolve["root"].as_str().unwrap()];
    while let Some(id) = waiting.pop() {
        if found.insert(id) {
            let normal = |dependency: &&Value| {
                dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null())
            };
            let dependencies = nodes[id]["deps"].as_array().unwrap();
            waiting.extend(dependencies.iter().filter(normal).map(|dependency| dependency["pkg"].as_str().unwrap()));
        }
    }
    found
}

/// `cargo metadata`, offline; if crates of other systems were never fetched, they are fetched now.
fn metadata(arguments: &[&str]) -> Value {
    let run = |offline: &[&str]| -> Output {
        Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked"])
            .args(offline)
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap()
    };
    let mut output = run(&["--offline"]);
    if !output.status.success() {
        output = run(&[]);
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
