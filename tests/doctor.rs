//! `chromascope doctor` on machines that have the library, do not have it, or have something that only looks like it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use chromascope::model::onnx_runtime::find_and_load;
use common::faults::{assert_documented, documented};
use common::{Home, sentence};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;

fn doctor(home: &Home, arguments: &[&str]) -> (Option<i32>, Value) {
    let output: Output = home.chromascope().args(["doctor", "--json"]).args(arguments).output().unwrap();
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), report)
}

fn places(report: &Value) -> Vec<&str> {
    report["attempts"].as_array().unwrap().iter().map(|attempt| attempt["place"].as_str().unwrap()).collect()
}

/// The reason in the report for the library at `path`, given on the command line.
fn reason_against(home: &Home, path: &Path) -> String {
    let (code, report) = doctor(home, &["--onnxruntime", path.to_str().unwrap()]);
    assert_eq!(code, Some(1));
    assert_eq!(places(&report), ["option"]);
    let reason = report["attempts"][0]["reason"].as_str().unwrap().to_owned();
    let words = [("LIBRARY", path.display().to_string()), ("REASON", reason.clone())];
    assert_eq!(report["error"], documented("doctor::what_is_no_library_is_told_from_one", &words));
    reason
}

fn write(home: &Home, name: &str, content: &[u8]) -> PathBuf {
    let path = home.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// The beginning of an executable, which is similar to a shared object: this test itself.
fn cut_short() -> Vec<u8> {
    let mut bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    bytes.truncate(1 << 16);
    bytes
}

/// This machine's library, found as the program finds it. If this fails, `make test` installs it.
fn library() -> &'static Path {
    &find_and_load(None).unwrap_or_else(|error| panic!("{error}")).path
}

#[test]
fn with_the_library_sampling_works() {
    let home = Home::new();
    let (code, report) = doctor(&home, &["--onnxruntime", library().to_str().unwrap()]);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(report["ok"], true);
    assert_eq!(report["attempts"][0]["outcome"], "loaded");
    let runtime = &report["onnxruntime"];
    assert!(runtime["version"].as_str().unwrap().starts_with("1."), "{runtime}");
    assert!(runtime["providers"].as_array().unwrap().contains(&"CPUExecutionProvider".into()), "{runtime}");
    assert!(runtime["cpu"]["works"]["run_ms"].as_f64().unwrap() < 1000.0, "{runtime}");
}

/// In a home without a session the graphics drivers print a lot, which belongs in the report.
#[test]
fn what_libraries_print_is_kept_out_of_stderr() {
    let home = Home::new();
    let output = home.chromascope().arg("doctor").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let (_, report) = doctor(&home, &[]);
    let graphics = &report["graphics"];
    assert_eq!(cfg!(feature = "gui"), graphics["drivers_say"].is_array(), "{graphics}");
    assert_eq!(cfg!(feature = "gui"), graphics["renderer"].is_string(), "{graphics}");
}

/// Without a display the drivers are not queried.
#[cfg(all(feature = "gui", target_os = "linux"))]
#[test]
fn a_window_without_a_display_is_one_line() {
    let output = Home::new().chromascope().output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.starts_with("chromascope: cannot open a window") && told.lines().count() == 1, "{told}");
}

/// Otherwise ONNX Runtime would keep a device number and unsent reports in the cache folder.
#[test]
fn the_library_writes_nothing_into_the_home_folder() {
    let home = Home::new();
    let mut command = home.chromascope();
    command.args(["doctor", "--onnxruntime"]).arg(library());
    command.env_remove("CHROMASCOPE_DATA").env_remove("CHROMASCOPE_CONFIG").assert().success();
    let names = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["bin"]);
}

#[test]
fn a_folder_may_be_named_instead_of_the_library() {
    let folder = library().parent().unwrap();
    let (code, report) = doctor(&Home::new(), &["--onnxruntime", folder.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{report}");
}

#[test]
fn the_variable_and_the_setting_name_it_too() {
    let home = Home::new();
    let output = home.chromascope().arg("doctor").env("ORT_DYLIB_PATH", library()).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("looked at    ORT_DYLIB_PATH: "), "{output:?}");
    assert_eq!(output.status.code(), Some(0));

    home.write_settings(&serde_json::json!({ "onnxruntime": library() }).to_string());
    let (code, report) = doctor(&home, &[]);
    assert_eq!((code, places(&report)), (Some(0), vec!["setting"]));
}

#[test]
fn without_a_library_every_place_and_every_remedy_is_named() {
    let home = Home::new();
    let (code, report) = doctor(&home, &[]);
    assert_eq!(code, Some(1));
    assert_eq!(report["ok"], false);
    assert_eq!(
        places(&report),
        ["variable", "beside_program", "data_folder", "virtual_environment", "python", "loader"]
    );
    let error = report["error"].as_str().unwrap();
    assert_documented(error, "doctor::without_a_library_every_place_and_every_remedy_is_named", &[]);
    let advice: Vec<&str> = report["advice"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let [pip, setup] = advice[..] else { panic!("{advice:?}") };
    assert!(pip.contains("pip") && setup.contains("`chromascope setup`"), "{advice:?}");
    assert_eq!(report["python"], Value::Null);
    assert_eq!(report["data_folder"], home.data().to_str().unwrap());
    assert!(!home.data().exists() && !home.config().exists());

    let output = home.chromascope().arg("doctor").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(&format!("\n- {pip}\n- {setup}\n")), "{text}");
    // Graphics drivers may print something; the program does not.
    assert!(!String::from_utf8_lossy(&output.stderr).contains("chromascope"));
    if cfg!(feature = "gui") {
        assert!(text.contains("\n  window with  "), "{text}");
        let renderer = report["graphics"]["renderer"].as_str().unwrap();
        assert!(["glow", "wgpu"].contains(&renderer) && report["graphics"]["adapters"].is_array());
    }
}

#[test]
fn what_is_no_library_is_told_from_one() {
    let home = Home::new();
    assert_eq!(reason_against(&home, &write(&home, "empty", b"")), "the file is empty");
    assert_eq!(reason_against(&home, &write(&home, "text", b"not a library")), "it is not a library for this system");
    let missing = reason_against(&home, &home.path().join("missing"));
    assert!(missing.starts_with("it cannot be read ("), "{missing}");
    let folder = home.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    assert!(reason_against(&home, &folder).starts_with("it contains no "));
}

#[cfg(target_os = "linux")]
#[test]
fn a_library_cut_short_is_named_and_does_not_crash() {
    let home = Home::new();
    let path = write(&home, "libonnxruntime.so", &cut_short());
    assert_documented(&reason_against(&home, &path), "doctor::a_library_cut_short_is_named_and_does_not_crash", &[]);
}

/// A library of another kind, and one that reports ONNX Runtime 1.17.
#[test]
fn other_libraries_and_old_ones_are_told_from_it() {
    let home = Home::new();
    let other = build_library(&home, "other", "#[unsafe(no_mangle)] pub extern \"C\" fn other() {}");
    assert_eq!(reason_against(&home, &other), "it is a library, but not ONNX Runtime");
    let old = build_library(
        &home,
        "old",
        r#"#[repr(C)] pub struct Base { api: extern "C" fn(u32) -> usize, version: extern "C" fn() -> *const i8 }
        extern "C" fn api(_: u32) -> usize { 0 }
        extern "C" fn version() -> *const i8 { c"1.17.3".as_ptr().cast() }
        static BASE: Base = Base { api, version };
        #[unsafe(no_mangle)] pub extern "C" fn OrtGetApiBase() -> &'static Base { &BASE }"#,
    );
    assert_documented(&reason_against(&home, &old), "doctor::other_libraries_and_old_ones_are_told_from_it", &[]);
}

fn build_library(home: &Home, name: &str, source: &str) -> PathBuf {
    let file = write(home, &format!("{name}.rs"), format!("#![allow(non_snake_case, dead_code)]\n{source}").as_bytes());
    let path = home.path().join(format!("{name}{}", std::env::consts::DLL_SUFFIX));
    let mut command = std::process::Command::new("rustc");
    command.args(["--edition", "2024", "--crate-type", "cdylib", "-o"]).arg(&path).arg(file);
    assert!(command.status().unwrap().success());
    path
}

#[cfg(target_os = "linux")]
#[test]
fn a_broken_library_found_by_searching_does_not_end_the_search() {
    let home = Home::new();
    let folder = home.data().join("onnxruntime").join("1.31.1");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("libonnxruntime.so.1.31.1"), cut_short()).unwrap();
    let output = home.chromascope().args(["doctor", "--json"]).env("ORT_DYLIB_PATH", "/nowhere").output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["attempts"][0]["outcome"], "failed");
    assert_eq!(
        report["attempts"][2]["reason"],
        documented("doctor::a_library_cut_short_is_named_and_does_not_crash", &[])
    );
    assert_eq!(places(&report).last(), Some(&"loader"));
}

/// A python that knows a package folder with the library in it.
#[cfg(unix)]
#[test]
fn the_python_on_path_is_asked() {
    let home = Home::new();
    let capi = home.path().join("site-packages").join("onnxruntime").join("capi");
    std::fs::create_dir_all(&capi).unwrap();
    let name = library().file_name().unwrap();
    std::os::unix::fs::symlink(library(), capi.join(name)).unwrap();
    home.write_program("python3", "case \"$1\" in -c) echo \"$HOME/site-packages\";; *) exit 1;; esac");
    let (code, report) = doctor(&home, &[]);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(places(&report).last(), Some(&"python"));

    std::fs::create_dir_all(home.path().join("venv/lib/python3.11")).unwrap();
    let packages = home.path().join("venv/lib/python3.11/site-packages");
    std::os::unix::fs::symlink(home.path().join("site-packages"), packages).unwrap();
    let mut command = home.chromascope();
    let output = command.args(["doctor", "--json"]).env("VIRTUAL_ENV", home.path().join("venv")).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(places(&report).last(), Some(&"virtual_environment"));
}

#[test]
fn settings_that_cannot_be_read_are_named() {
    let home = Home::new();
    home.write_settings("{");
    let (code, report) = doctor(&home, &[]);
    assert_eq!(code, Some(1));
    let error = report["error"].as_str().unwrap();
    let words = [("SETTINGS", home.config().join("settings.json").display().to_string())];
    assert_documented(error, "doctor::settings_that_cannot_be_read_are_named", &words);
    assert_eq!(report["advice"][0], error);
}

#[test]
fn wrong_usage_is_told_from_failure() {
    let home = Home::new();
    home.chromascope().arg("doctor").arg("--nonsense").assert().code(2);
    home.chromascope().arg("no-such-command").assert().code(2);
    home.chromascope().args(["doctor", "--help"]).assert().code(0);
    let output = home.chromascope().args(["setup", "--cuda", "--json"]).assert().code(1).get_output().clone();
    assert!(!sentence(&output).is_empty());
}

#[test]
fn an_exact_model_runs_without_the_library_and_says_so() {
    let home = Home::new();
    let output = home.chromascope().args(["sample", "--model", "gaussian-64", "--steps", "2"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("ONNX Runtime"), "{said}");
    let info = home.chromascope().args(["info", "gaussian-64"]).output().unwrap();
    let told = String::from_utf8_lossy(&info.stdout);
    assert!(info.status.success() && told.contains("64x64, 3 channels"), "{told}");
    let network = home.chromascope().args(["sample", "--model", "gaussian-64", "--provider", "cpu"]).output().unwrap();
    assert!(!network.status.success(), "a provider that was asked for is not replaced");
}
