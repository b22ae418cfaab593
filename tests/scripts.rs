//! `make run` and `make test` on machines that lack something.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use chromascope::model::SchedulerConfig;
use chromascope::model::convention::Words;
use chromascope::model::package::Card;
use common::Home;
use common::faults::assert_documented;
use std::process::Output;

/// Tools of every Debian system.
const TOOLS: &[&str] = &["bash", "dirname", "head", "mktemp", "rm", "sed", "sort", "env"];

/// A machine with those tools and without compiler, toolchain or python.
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

/// The message of `tools/export_model.py` about a checkpoint, before it loads torch. Python has no packages installed.
fn exported(home: &Home, arguments: &[&str]) -> String {
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/export_model.py");
    let mut command = std::process::Command::new("python3");
    let command = command.args(["-B", "-S", "-E"]).arg(script).args(arguments).current_dir(home.path());
    let output = command.output().unwrap_or_else(|error| panic!("these tests need python3: {error}"));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "more than a sentence: {text}");
    text.trim_end().to_owned()
}

/// The words that the exporter writes into a card are those that Chromascope takes from the configuration itself.
#[test]
fn an_exported_card_has_the_three_words_of_its_scheduler() {
    let tools = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tools");
    for text in [
        r#"{"_class_name": "DDPMScheduler"}"#,
        r#"{"_class_name": "EulerDiscreteScheduler", "prediction_type": "v_prediction"}"#,
        r#"{"_class_name": "EDMEulerScheduler", "prediction_type": "epsilon"}"#,
        r#"{"_class_name": "FlowMatchHeunDiscreteScheduler"}"#,
        r#"{"_class_name": "UniPCMultistepScheduler", "prediction_type": "flow_prediction"}"#,
    ] {
        let script =
            "import json, sys; from checkpoint import words_of; print(json.dumps(words_of(json.loads(sys.argv[1]))))";
        let mut command = std::process::Command::new("python3");
        let output = command.args(["-B", "-c", script, text]).current_dir(&tools).output().unwrap();
        let card: Card = serde_json::from_slice(&output.stdout).unwrap();
        let (config, _) = SchedulerConfig::parse(text, std::path::Path::new("scheduler_config.json")).unwrap();
        let of = config.parameterization();
        let words = Words { state: Some(of.state), time: Some(of.time), prediction: Some(of.prediction) };
        assert_eq!(card.words(), words, "{text}");
    }
}

#[test]
fn a_checkpoint_that_is_not_there_is_one_sentence() {
    let text = exported(&Home::new(), &["nowhere", "out"]);
    assert_documented(&text, "scripts::a_checkpoint_that_is_not_there_is_one_sentence", &[]);
}

#[test]
fn a_checkpoint_of_another_network_is_one_sentence() {
    let home = Home::new();
    let unet = home.path().join("pipeline/unet");
    std::fs::create_dir_all(&unet).unwrap();
    std::fs::write(unet.join("config.json"), r#"{"_class_name": "UNet2DConditionModel"}"#).unwrap();
    let text = exported(&home, &["pipeline", "out"]);
    assert_documented(&text, "scripts::a_checkpoint_of_another_network_is_one_sentence", &[]);
}

#[test]
fn a_checkpoint_that_is_not_whole_is_one_sentence() {
    let home = Home::new();
    let net = home.path().join("net");
    std::fs::create_dir_all(&net).unwrap();
    assert!(exported(&home, &["net", "out"]).contains(" config.json"));
    std::fs::write(net.join("config.json"), "{").unwrap();
    assert!(exported(&home, &["net", "out"]).contains("net/config.json "));
    std::fs::write(net.join("config.json"), r#"{"_class_name": "UNet2DModel"}"#).unwrap();
    assert!(exported(&home, &["net", "out"]).contains("diffusion_pytorch_model.safetensors"));
    std::fs::write(net.join("diffusion_pytorch_model.safetensors"), "").unwrap();
    assert!(exported(&home, &["net", "out", "--scheduler", "net"]).contains("scheduler_config.json"));
    std::fs::write(home.path().join("file"), "").unwrap();
    assert!(exported(&home, &["net", "file/out"]).contains("file/out"));
}

/// A pipeline's folder with these lines in its index, and a folder for each part in `parts`.
fn pipeline(home: &Home, class: &str, parts: &[&str]) -> std::path::PathBuf {
    let folder = home.path().join("pipeline");
    for part in parts {
        std::fs::create_dir_all(folder.join(part)).unwrap();
    }
    let index = format!(
        r#"{{"_class_name": "{class}", "safety_checker": [null, null], "text_encoder": ["transformers", "CLIPTextModel"],
            "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]}}"#
    );
    std::fs::write(folder.join("model_index.json"), index).unwrap();
    folder
}

#[test]
fn a_pipeline_of_another_kind_is_one_sentence() {
    let home = Home::new();
    pipeline(&home, "SanaPipeline", &["text_encoder", "unet", "vae"]);
    let text = exported(&home, &["pipeline", "out"]);
    assert_documented(&text, "scripts::a_pipeline_of_another_kind_is_one_sentence", &[]);
}

#[test]
fn a_pipeline_without_a_part_is_one_sentence() {
    let home = Home::new();
    pipeline(&home, "StableDiffusionPipeline", &["text_encoder", "unet"]);
    let text = exported(&home, &["pipeline", "out"]);
    assert_documented(&text, "scripts::a_pipeline_without_a_part_is_one_sentence", &[]);
}

#[test]
fn a_pipeline_that_is_exported_already_is_one_sentence() {
    let home = Home::new();
    let folder = pipeline(&home, "StableDiffusionPipeline", &["text_encoder", "unet", "vae"]);
    std::fs::write(folder.join("unet/model.onnx"), "").unwrap();
    let text = exported(&home, &["pipeline", "out"]);
    assert_documented(&text, "scripts::a_pipeline_that_is_exported_already_is_one_sentence", &[]);
    // As optimum writes it, with the VAE in two halves.
    std::fs::rename(folder.join("vae"), folder.join("vae_decoder")).unwrap();
    assert_eq!(exported(&home, &["pipeline", "out"]), text);
}

#[test]
fn without_optimum_what_to_install_is_one_sentence() {
    let home = Home::new();
    pipeline(&home, "StableDiffusionPipeline", &["text_encoder", "unet", "vae"]);
    let text = exported(&home, &["pipeline", "out"]);
    assert_documented(&text, "scripts::without_optimum_what_to_install_is_one_sentence", &[]);
    assert_eq!(exported(&home, &["owner/name", "out"]), text, "a name on the hub needs it too");
    assert!(!home.path().join("out").exists());
}

#[test]
fn options_of_the_other_kind_of_checkpoint_are_one_sentence() {
    let home = Home::new();
    pipeline(&home, "StableDiffusionPipeline", &["text_encoder", "unet", "vae"]);
    let text = exported(&home, &["pipeline", "out", "--half"]);
    assert_documented(&text, "scripts::options_of_the_other_kind_of_checkpoint_are_one_sentence", &[]);
    assert!(exported(&home, &["pipeline/unet", "out", "--dtype", "f16"]).contains("use --half for a UNet2DModel"));
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
