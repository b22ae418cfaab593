//! Text-to-image models in files and on the command line: ensembles of latents and decoded images, records, `info`.
#![allow(clippy::unwrap_used)]

mod common;

use ndarray_npy::NpzReader;
use serde_json::Value;
use std::fs::File;
use std::path::Path;

const GAUSSIAN: [&str; 6] = ["spectrum", "--model", "gaussian-64", "--provider", "rust", "--steps=3"];

#[track_caller]
fn refused(test: &str, words: &[(&str, String)], arguments: &[&str]) {
    let output = common::program().args(arguments).assert().code(1).get_output().clone();
    common::faults::assert_documented(&common::sentence(&output), &format!("text_files::{test}"), words);
}

#[test]
fn decoded_images_of_a_model_without_a_decoder_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.npz");
    let arguments = [&GAUSSIAN[..], &["--space", "both", "--out", out.to_str().unwrap()]].concat();
    refused("decoded_images_of_a_model_without_a_decoder_are_refused", &[], &arguments);
    assert!(!out.exists());
}

#[test]
fn a_share_to_decode_needs_decoded_images() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.npz");
    let share = ["--space", "latents", "--decode-steps", "every:2", "--out", out.to_str().unwrap()];
    refused("a_share_to_decode_needs_decoded_images", &[], &[&GAUSSIAN[..], &share].concat());
    let wrong = ["--decode-steps", "last", "--out", out.to_str().unwrap()];
    let told = common::program().args(GAUSSIAN).args(wrong).assert().code(2).get_output().stderr.clone();
    assert!(String::from_utf8(told).unwrap().contains("use every:N, such as every:5"));
}

#[test]
fn a_file_without_decoded_images_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.npz");
    let out = out.to_str().unwrap();
    common::program().args(GAUSSIAN).args(["--samples", "1", "--out", out]).assert().success();
    for space in ["decoded", "both"] {
        let again = ["spectrum", "--add", out, "--samples", "0", "--space", space];
        refused("a_file_without_decoded_images_is_named", &[("FILE", out.to_owned())], &again);
    }
    let told = common::program().args(["spectrum", "--add", out, "--samples", "0", "--space", "latents"]).assert();
    let told = String::from_utf8(told.success().get_output().stdout.clone()).unwrap();
    assert!(told.contains("theory calibrated on the final images"), "{told}");
}

/// A tiny pipeline with random weights, made by optimum.
fn pipeline(name: &str) -> String {
    format!("{}/tests/pipelines/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn told(arguments: &[&str]) -> String {
    let output = common::program().args(arguments).assert().success().get_output().clone();
    String::from_utf8(output.stdout).unwrap()
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&told(arguments)).unwrap()
}

fn array<D: ndarray::Dimension>(file: &Path, name: &str) -> ndarray::Array<f32, D> {
    NpzReader::new(File::open(file).unwrap()).unwrap().by_name(name).unwrap()
}

fn has(file: &Path, name: &str) -> bool {
    NpzReader::new(File::open(file).unwrap()).unwrap().names().unwrap().iter().any(|found| found == name)
}

#[test]
fn info_lists_the_parts_of_every_family() {
    let families = [
        ("sd15", "Stable Diffusion", &["text_encoder", "unet", "vae_decoder"][..], 4),
        ("sdxl", "Stable Diffusion XL", &["text_encoder", "text_encoder_2", "unet", "vae_decoder"], 4),
        ("sd3", "Stable Diffusion 3", &["text_encoder", "text_encoder_2", "text_encoder_3", "transformer"], 16),
        ("flux", "FLUX", &["text_encoder", "text_encoder_2", "transformer", "vae_decoder"], 16),
    ];
    for (name, family, parts, most_channels) in families {
        let info = json(&["info", &pipeline(name), "--json", "--provider", "cpu"]);
        assert_eq!(info["family_name"], family, "{name}");
        let listed = info["parts"].as_array().unwrap();
        let of =
            |part: &str| listed.iter().find(|listed| listed["name"] == part).unwrap_or_else(|| panic!("no {part}"));
        for part in parts {
            let part = of(part);
            assert!(part["bytes"].as_u64().unwrap() > 1000 && part["weights"].as_array().unwrap().len() == 1, "{part}");
            assert!(!part["inputs"].as_array().unwrap().is_empty() && !part["outputs"].as_array().unwrap().is_empty());
            assert!(Path::new(part["file"].as_str().unwrap()).is_file());
        }
        let channels = info["latents"]["channels"].as_u64().unwrap();
        assert!((4..=most_channels).contains(&channels), "{name}: {channels}");
        assert!(info["latents"]["scaling_factor"].as_f64().is_some() && info["token_limit"].as_u64().unwrap() >= 16);
        assert!(info["scheduler_config"].is_object() && !info["sampler"].is_null(), "{name}");
        let text = told(&["info", &pipeline(name), "--provider", "cpu"]);
        for word in ["Pipeline", "Parts", "Latents", "Size", "Prompts", "Predicts", "Sampler", "Runs on"] {
            assert!(text.lines().any(|line| line.starts_with(word)), "{name} has no line {word}:\n{text}");
        }
        assert!(text.contains("vae_decoder, f32, ") && text.contains("latent_sample f32 ["), "{text}");
        assert!(text.contains(" by text_encoder") && text.contains("opened when an image is decoded: "), "{text}");
        assert_eq!(text.contains("256 by text_encoder_3"), name == "sd3", "{text}");
    }
}

#[test]
fn a_check_of_a_pipeline_is_refused_with_what_can_be_checked() {
    let unet = Path::new(&pipeline("sd15")).join("unet").display().to_string();
    let words = [("NAME", "sd15".to_owned()), ("UNET", unet)];
    let test = "a_check_of_a_pipeline_is_refused_with_what_can_be_checked";
    refused(test, &words, &["info", &pipeline("sd15"), "--check"]);
}

#[test]
fn a_run_with_prompts_is_written_with_its_embeddings_and_replayed_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (first, again) = (at("first"), at("again"));
    let run = [
        "sample",
        "--model",
        &pipeline("sd15"),
        "--provider",
        "cpu",
        "--prompt",
        "a (red:1.3) fox [in|by] water",
        "--negative",
        "blurry",
        "--guidance",
        "5",
        "--steps",
        "4",
        "--decode",
        "every:2",
        "--seed",
        "3",
        "--out",
    ];
    told(&[&run[..], &[first.to_str().unwrap()]].concat());
    let arrays = first.join("trajectory.npz");
    let embeds: ndarray::Array3<f32> = array(&arrays, "prompt_embeds");
    // The null prompt, and both texts of the prompt.
    assert_eq!((embeds.dim().0, embeds.dim().1), (3, 77));
    assert!(embeds.iter().all(|value| value.is_finite()));
    assert!(!has(&arrays, "pooled_prompt_embeds"), "Stable Diffusion 1 has none");
    let decoded: ndarray::Array5<f32> = array(&arrays, "decoded");
    let x_t: ndarray::Array5<f32> = array(&arrays, "x_t");
    let (_, _, channels, height, width) = x_t.dim();
    assert_eq!((channels, decoded.dim().2), (4, 3));
    assert!(decoded.dim().3 > height && decoded.dim().4 > width);
    let record: Value = serde_json::from_slice(&std::fs::read(first.join("trajectory.json")).unwrap()).unwrap();
    assert_eq!(record["settings"]["prompt"], "a (red:1.3) fox [in|by] water");
    assert_eq!(record["settings"]["negative"], "blurry");
    let texts: Vec<&str> = record["resolved"]["pipeline"]["prompts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|prompt| prompt["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["blurry", "a (red:1.3) fox in water", "a (red:1.3) fox by water"]);

    let replay =
        ["sample", "--replay", first.join("trajectory.json").to_str().unwrap(), "--out", again.to_str().unwrap()]
            .map(str::to_owned);
    common::program().args(&replay).assert().success();
    for name in ["x_t", "x0", "eps"] {
        let (then, now) =
            (array::<ndarray::Ix5>(&arrays, name), array::<ndarray::Ix5>(&again.join("trajectory.npz"), name));
        assert!(then.iter().zip(&now).all(|(then, now)| then.to_bits() == now.to_bits()), "{name} is not the same");
    }
    let now: ndarray::Array5<f32> = array(&again.join("trajectory.npz"), "decoded");
    assert_eq!(now, decoded);

    // With a pooled vector.
    let pooled = at("pooled");
    let run =
        ["sample", "--model", &pipeline("sdxl"), "--provider", "cpu", "--prompt", "a fox", "--steps", "2", "--out"];
    told(&[&run[..], &[pooled.to_str().unwrap()]].concat());
    let pooled: ndarray::Array2<f32> = array(&pooled.join("trajectory.npz"), "pooled_prompt_embeds");
    assert_eq!(pooled.dim().0, 2);
}

/// Copies a folder with its folders.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_replay_with_another_text_encoder_or_tokenizer_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let model = at("model");
    copy(Path::new(&pipeline("sd15")), &model);
    let run = ["--provider", "cpu", "--prompt", "a red fox", "--steps", "2", "--decode", "none", "--out"];
    let first = at("first");
    common::program().args(["sample", "--model"]).arg(&model).args(run).arg(&first).assert().success();
    assert!(!has(&first.join("trajectory.npz"), "decoded"));
    let record = first.join("trajectory.json");
    let replay = |name: &str| {
        let mut command = common::program();
        command.args(["sample", "--replay"]).arg(&record).arg("--out").arg(at(name));
        command
    };
    // The decoder only looks at a run.
    std::fs::remove_dir_all(model.join("vae_encoder")).unwrap();
    replay("same").assert().success();
    // Merges decide the tokens. Without them each letter is one.
    let merges = model.join("tokenizer/merges.txt");
    let text = std::fs::read_to_string(&merges).unwrap();
    std::fs::write(&merges, text.lines().next().unwrap().to_owned() + "\n").unwrap();
    let vocabulary = model.join("tokenizer/vocab.json");
    let mut tokens: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&std::fs::read(&vocabulary).unwrap()).unwrap();
    tokens.retain(|token, _| token.starts_with("<|") || token.trim_end_matches("</w>").chars().count() <= 1);
    std::fs::write(&vocabulary, serde_json::to_vec(&tokens).unwrap()).unwrap();
    let output = replay("other-tokens").assert().code(1).get_output().clone();
    let words = [("MODEL", "model".to_owned())];
    let test = "text_files::a_replay_with_another_text_encoder_or_tokenizer_is_refused";
    common::faults::assert_documented(&common::sentence(&output), test, &words);
}

#[test]
fn latents_and_decoded_images_are_measured_in_one_file_and_added_to() {
    let folder = tempfile::tempdir().unwrap();
    let (out, plot) = (folder.path().join("both.npz"), folder.path().join("both.svg"));
    let (out, plot) = (out.to_str().unwrap(), plot.to_str().unwrap());
    let run = ["spectrum", "--model", &pipeline("sd15"), "--provider", "cpu", "--prompt", "a red fox", "--steps", "5"];
    let both =
        ["--samples", "3", "--space", "both", "--decode-steps", "every:2", "--decode-samples", "2", "--out", out];
    let text = told(&[&run[..], &both, &["--plot", plot]].concat());
    assert!(text.contains("latents, 1 px = ") && text.contains("decoded images, every 2 steps and the last"), "{text}");
    assert!(text.contains("there is no theory of decoded images") && text.contains("theory calibrated on"), "{text}");
    let drawn = std::fs::read_to_string(plot).unwrap();
    assert!(drawn.contains("without theory") && drawn.contains("calibrated theory"), "panels of both");
    let ensemble = chromascope::ensemble::read(Path::new(out)).unwrap();
    let decoded = ensemble.decoded().unwrap();
    assert_eq!((ensemble.samples(), decoded.samples(), decoded.steps_of_run()), (3, 2, vec![0, 2, 4]));
    let pixels = ensemble.pixels_per_latent().unwrap();
    assert!(pixels.is_power_of_two());
    let finer = decoded.bands().levels() - ensemble.bands().levels();
    assert_eq!(1 << finer, pixels, "an image has as many levels more as it is larger");
    assert_eq!((ensemble.form().channels, decoded.form().channels), (4, 3));
    assert!(has(Path::new(out), "decoded_psd_diff") && has(Path::new(out), "psd_diff_channels"));
    let report = json(&["spectrum", "--add", out, "--samples", "1", "--json"]);
    assert_eq!((&report["samples"], &report["decoded"]["samples"]), (&4.into(), &2.into()));
    assert_eq!(report["decoded"]["steps"], serde_json::json!([0, 2, 4]));
    // The prompts are those of the file.
    let other = ["spectrum", "--add", out, "--prompt", "a blue fox"];
    let refusal = common::program().args(other).assert().code(2).get_output().stderr.clone();
    let refusal = String::from_utf8(refusal).unwrap();
    assert!(refusal.contains("'--prompt <TEXT>'") && refusal.contains("the run is read from the file"), "{refusal}");
}

#[test]
fn latents_of_sixteen_channels_are_measured_too() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["sd3", "flux"] {
        let out = folder.path().join(format!("{name}.npz"));
        let run = ["spectrum", "--model", &pipeline(name), "--provider", "cpu", "--prompt", "a fox", "--steps", "2"];
        told(&[&run[..], &["--samples", "1", "--out", out.to_str().unwrap()]].concat());
        let ensemble = chromascope::ensemble::read(&out).unwrap();
        let channels = ensemble.form().channels;
        assert!(ensemble.decoded().is_none() && channels >= 4, "{name}");
        let quantity = chromascope::ensemble::Quantity::Expectation;
        let each: Vec<&[f64]> = (1..=channels).map(|series| ensemble.psd(quantity, 0, series)).collect();
        let mean = ensemble.psd(quantity, 0, 0);
        for (ring, mean) in mean.iter().enumerate() {
            let of_each = each.iter().map(|psd| psd[ring]).sum::<f64>() / channels as f64;
            assert!((mean - of_each).abs() < 1e-9 * mean.max(1e-9), "{name}, ring {ring}");
        }
    }
}

#[test]
fn a_schedule_is_fitted_on_latents_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let budget = ["--steps", "3", "--seeds", "1", "--measure-seeds", "1", "--evaluations", "2"];
    let mut command = common::program();
    command.current_dir(folder.path()).args(["optimise", "--model", &pipeline("sd15"), "--prompt", "a fox", "--json"]);
    command.args(["--provider", "cpu", "--out", "best.json"]).args(budget);
    let output = command.assert().success().get_output().clone();
    let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(outcome["fitted_on"], "latents");
    // Its own sampler, as `sample` uses it; and latents have no 8 bits.
    assert_eq!(outcome["sampler"], "plms");
    let before = &outcome["outcome"]["comparison"]["before"];
    assert!(before["rmse"].is_number() && before["rmse_8bit"].is_null(), "{before}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("the schedule is fitted on latents"), "{told}");
    assert!(told.contains("sampler: plms, as the model's PNDMScheduler says"), "{told}");
}

#[test]
fn a_decoder_that_makes_nan_ends_a_measurement_and_keeps_no_half_sample() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    copy(Path::new(&pipeline("sd15")), &model);
    let broken = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/decoder/nan/model.onnx");
    let decoder = model.join("vae_decoder/model.onnx");
    std::fs::copy(broken, &decoder).unwrap();
    let (out, model) = (folder.path().join("out.npz"), model.display().to_string());
    let run =
        ["spectrum", "--model", &model, "--provider", "cpu", "--prompt", "a fox", "--steps", "2", "--samples", "2"];
    let both = ["--space", "both", "--out", out.to_str().unwrap()];
    let words = [("DECODER", decoder.display().to_string())];
    refused(
        "a_decoder_that_makes_nan_ends_a_measurement_and_keeps_no_half_sample",
        &words,
        &[&run[..], &both].concat(),
    );
    assert!(!out.exists());
}

/// Its weights are random, so nothing can be told from smooth fields, which are not latents.
#[test]
fn a_check_on_latents_does_not_guess() {
    let folder = tempfile::tempdir().unwrap();
    let embeddings = folder.path().join("h.npy");
    let value = |(_, token, at): (usize, usize, usize)| ((3 * token + at) as f32).sin();
    ndarray_npy::write_npy(&embeddings, &ndarray::Array3::from_shape_fn((1, 77, 32), value)).unwrap();
    let unet = format!("{}/unet", pipeline("sd15"));
    let text = told(&["info", &unet, "--check", "--provider", "cpu", "--hidden-states", embeddings.to_str().unwrap()]);
    let conclusion = text.lines().find(|line| line.starts_with("Check")).unwrap();
    assert!(conclusion.contains("cannot tell: ") && conclusion.contains("whole pipeline"), "{conclusion}");
    assert!(!conclusion.contains("try an image"), "a picture cannot be given: {conclusion}");
}

#[test]
fn an_empty_negative_prompt_is_another_than_none_in_run_record_and_replay() {
    let folder = tempfile::tempdir().unwrap();
    let sdxl = pipeline("sdxl");
    let run = |name: &str, arguments: &[&str]| {
        let out = folder.path().join(name);
        common::program().arg("sample").args(arguments).arg("--out").arg(&out).assert().success();
        let json: Value = serde_json::from_slice(&std::fs::read(out.join("trajectory.json")).unwrap()).unwrap();
        let arrays = out.join("trajectory.npz");
        (json, array::<ndarray::Ix3>(&arrays, "prompt_embeds"), array::<ndarray::Ix5>(&arrays, "x_t"))
    };
    let plain = ["--model", &sdxl, "--prompt", "a cat", "--guidance", "5", "--steps", "2", "--decode", "none"];
    let none = run("none", &plain);
    let empty = run("empty", &[&plain[..], &["--negative", ""]].concat());
    let is_zeros =
        |embeds: &ndarray::Array3<f32>| embeds.index_axis(ndarray::Axis(0), 0).iter().all(|&value| value == 0.0);
    assert!(is_zeros(&none.1) && !is_zeros(&empty.1));
    assert_ne!(none.2, empty.2);
    assert_eq!((&none.0["settings"]["negative"], &empty.0["settings"]["negative"]), (&Value::Null, &Value::from("")));
    for (name, first) in [("none", none), ("empty", empty)] {
        let record = folder.path().join(name).join("trajectory.json");
        let again = run(&format!("{name} again"), &["--replay", record.to_str().unwrap()]);
        let negative = |json: &Value| json["settings"]["negative"].clone();
        assert_eq!((negative(&again.0), &again.1, &again.2), (negative(&first.0), &first.1, &first.2), "{name}");
    }
}
