use super::*;
use std::fs;

/// A folder with the parts of a pipeline; graphs are no graphs, since nothing is opened here.
struct Folder(tempfile::TempDir);

impl Folder {
    fn of(class: &str, parts: &[&str]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write(INDEX_FILE, &format!(r#"{{"_class_name": "{class}"}}"#));
        folder.write("scheduler/scheduler_config.json", "{}");
        for part in parts {
            folder.write(&format!("{part}/model.onnx"), "x");
        }
        folder
    }

    /// One like those that optimum exports.
    fn stable_diffusion() -> Self {
        let folder = Self::of("StableDiffusionPipeline", &["text_encoder", "unet", "vae_decoder"]);
        folder.write("tokenizer/vocab.json", r#"{"a": 0, "b": 9}"#);
        folder.write("text_encoder/config.json", r#"{"hidden_size": 8, "vocab_size": 10}"#);
        folder.write("unet/config.json", r#"{"cross_attention_dim": 8, "sample_size": 16, "in_channels": 4}"#);
        folder.write(
            "vae_decoder/config.json",
            r#"{"scaling_factor": 0.18215, "block_out_channels": [1, 1, 1, 1], "latent_channels": 4}"#,
        );
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn remove(&self, name: &str) {
        let path = self.path().join(name);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }

    fn read(&self) -> Result<PipelinePackage, PipelineError> {
        PipelinePackage::read(self.path()).map(Option::unwrap)
    }

    /// The sentence, with the folder's path as `DIR`.
    fn refused(&self) -> String {
        let error = self.read().expect_err("this was not refused");
        error.to_string().replace(&self.path().display().to_string(), "DIR")
    }
}

#[test]
fn the_parts_of_a_pipeline_are_found() {
    let folder = Folder::stable_diffusion();
    let pipeline = folder.read().unwrap();
    assert_eq!(pipeline.family, Family::StableDiffusion);
    let names: Vec<&str> = pipeline.parts().iter().map(|part| part.name).collect();
    assert_eq!(names, ["text_encoder", "unet", "vae_decoder"]);
    let code = LatentCode { channels: 4, pixels_per_latent: 8, scaling_factor: Some(0.18215), shift_factor: 0.0 };
    assert_eq!(pipeline.latents, code);
    assert_eq!(pipeline.denoiser.scheduler_config, Some(folder.path().join("scheduler/scheduler_config.json")));
    assert_eq!(pipeline.denoiser.name, pipeline.name);
    assert_eq!(pipeline.encoders[0].tokenizer, folder.path().join("tokenizer"));
    assert!(pipeline.notes.is_empty() && !pipeline.takes_scale && !pipeline.zeros_for_empty_prompt);
    folder.write("taesd/model.onnx", "x");
    assert_eq!(folder.read().unwrap().tiny_decoder, Some(folder.path().join("taesd/model.onnx")));
    folder.write("unet/config.json", r#"{"cross_attention_dim": 8, "time_cond_proj_dim": 256}"#);
    assert!(folder.read().unwrap().takes_scale, "a latent consistency model takes the scale as an input");
}

#[test]
fn a_third_encoder_may_be_left_out_on_purpose_only() {
    let folder = Folder::of("StableDiffusion3Pipeline", &["text_encoder", "text_encoder_2", "transformer"]);
    folder.write("tokenizer/vocab.json", "{}");
    folder.write("tokenizer_2/vocab.json", "{}");
    let pipeline = folder.read().unwrap();
    assert_eq!((pipeline.encoders.len(), pipeline.latents.channels), (2, 16));
    let index = |third: &str| {
        let listed = format!(r#"{{"_class_name": "StableDiffusion3Pipeline", "text_encoder_3": {third}}}"#);
        folder.write(INDEX_FILE, &listed);
    };
    index("[null, null]");
    assert_eq!(folder.read().unwrap().encoders.len(), 2);
    index(r#"["transformers", "T5EncoderModel"]"#);
    let pipeline = folder.read().unwrap();
    assert_eq!(pipeline.encoders.len(), 2, "both folders were removed");
    assert_eq!(pipeline.notes[0], "this pipeline has no vae_decoder, so its latents cannot be decoded to images");
    assert_eq!(pipeline.notes[1], "this pipeline runs without T5, as text_encoder_3 and tokenizer_3 are not there");
    folder.write("tokenizer_3/tokenizer.json", "{}");
    let expected = "the Stable Diffusion 3 pipeline DIR has no text_encoder_3, which turns the prompt into numbers; copy \
                    text_encoder_3/ into the folder, or export the pipeline again";
    assert_eq!(folder.refused(), expected);
}

#[test]
fn a_pipeline_for_another_task_says_so() {
    let folder = Folder::stable_diffusion();
    let note = |class: &str| {
        folder.write(INDEX_FILE, &format!(r#"{{"_class_name": "{class}"}}"#));
        folder.read().unwrap().notes.concat()
    };
    assert_eq!(note("StableDiffusionPipeline"), "");
    let expected = "this is a StableDiffusionImg2ImgPipeline, for changing images; it has the parts of text to image, and is \
                    opened for that";
    assert_eq!(note("StableDiffusionImg2ImgPipeline"), expected);
    assert!(note("StableDiffusionInpaintPipeline").contains("for filling in images"));
}

#[test]
fn factors_that_disagree_are_noted_and_the_encoder_s_is_not_used() {
    let folder = Folder::stable_diffusion();
    folder.write("vae_encoder/config.json", r#"{"scaling_factor": 0.13025}"#);
    let pipeline = folder.read().unwrap();
    let note = pipeline.notes.concat().replace(&folder.path().display().to_string(), "DIR");
    let expected = "\"scaling_factor\" is 0.18215 in DIR/vae_decoder/config.json, which is used, but 0.13025 in \
                    DIR/vae_encoder/config.json; colours are off if the latter is right";
    assert_eq!((note.as_str(), pipeline.latents.scaling_factor), (expected, Some(0.18215)));
    folder.write("vae_decoder/config.json", r#"{"block_out_channels": [1, 1, 1, 1]}"#);
    assert!(folder.refused().starts_with("DIR/vae_decoder/config.json does not say \"scaling_factor\""));
}

#[test]
fn pipelines_without_text_and_single_models_are_none() {
    let folder = Folder::of("DDPMPipeline", &["unet"]);
    assert!(PipelinePackage::read(folder.path()).unwrap().is_none());
    let single = tempfile::tempdir().unwrap();
    assert!(PipelinePackage::read(single.path()).unwrap().is_none());
}

#[test]
fn what_is_missing_is_named() {
    for (part, expected) in [
        ("text_encoder", "has no text_encoder, which turns the prompt into numbers; copy text_encoder/ into"),
        ("tokenizer", "has no tokenizer, which cuts the prompt into tokens; copy tokenizer/ into"),
        ("unet", "has no unet, which denoises; copy unet/ into"),
        ("scheduler", "has no scheduler, which says what the network was trained for; copy scheduler/ into"),
    ] {
        let folder = Folder::stable_diffusion();
        folder.remove(part);
        let sentence = folder.refused();
        assert!(
            sentence.starts_with("the Stable Diffusion pipeline DIR ") && sentence.contains(expected),
            "{sentence}"
        );
    }
    let folder = Folder::stable_diffusion();
    folder.remove("vae_decoder");
    let pipeline = folder.read().unwrap();
    assert_eq!(pipeline.notes, ["this pipeline has no vae_decoder, so its latents cannot be decoded to images"]);
    assert_eq!(pipeline.latents.scaling_factor, None);
}

#[test]
fn what_has_no_graph_is_named() {
    let folder = Folder::stable_diffusion();
    folder.remove("unet/model.onnx");
    folder.write("unet/diffusion_pytorch_model.safetensors", "x");
    let expected = "DIR is a pipeline for PyTorch: its unet has diffusion_pytorch_model.safetensors and no ONNX graph; export \
                    it to ONNX with tools/export_model.py, and open what that writes";
    assert_eq!(folder.refused(), expected);
    folder.remove("unet/diffusion_pytorch_model.safetensors");
    assert!(
        folder.refused().starts_with("the unet of this pipeline cannot be used: the folder DIR/unet has no model.onnx")
    );
    folder.write("unet/a.onnx", "x");
    folder.write("unet/b.onnx", "x");
    assert!(
        folder.refused().contains("the unet of this pipeline cannot be used: the folder DIR/unet has several graphs")
    );
}

#[test]
fn other_kinds_of_pipelines_are_refused_by_name() {
    let folder = Folder::of("SanaPipeline", &["text_encoder", "transformer"]);
    let expected = "DIR is a SanaPipeline, which Chromascope does not run; it runs Stable Diffusion 1 and 2, latent \
                    consistency models, Stable Diffusion XL, Stable Diffusion 3 and FLUX";
    assert_eq!(folder.refused(), expected);
    folder.write(INDEX_FILE, r#"{"text_encoder": ["a", "b"]}"#);
    assert!(folder.refused().contains("it has no \"_class_name\""));
    folder.write(INDEX_FILE, "{");
    assert!(folder.refused().starts_with("DIR/model_index.json is not JSON: it ends too early at line 1"));
    folder.write(INDEX_FILE, "[]");
    assert_eq!(folder.refused(), "DIR/model_index.json is not a JSON object, in braces; export or copy it again");
}

#[test]
fn a_factor_is_asked_for_and_never_guessed() {
    let folder = Folder::stable_diffusion();
    let config = |text: &str| folder.write("vae_decoder/config.json", text);
    config(r#"{"block_out_channels": [1, 1, 1, 1]}"#);
    let expected = "DIR/vae_decoder/config.json does not say \"scaling_factor\", the factor that latents are divided by before \
                    they are decoded; add it from the configuration of the autoencoder (vae/config.json) that the pipeline \
                    was exported from";
    assert_eq!(folder.refused(), expected);
    folder.write("vae/config.json", r#"{"scaling_factor": 0.5}"#);
    assert_eq!(folder.read().unwrap().latents.scaling_factor, Some(0.5), "that of the original is as good");
    folder.remove("vae");
    config(r#"{"scaling_factor": 0, "block_out_channels": [1, 1]}"#);
    assert!(folder.refused().ends_with("\"scaling_factor\" is 0; it must be a number above 0"));
    config(r#"{"scaling_factor": 1}"#);
    assert!(folder.refused().contains("does not say \"block_out_channels\""));
    folder.remove("vae_decoder/config.json");
    assert!(folder.refused().starts_with("DIR/vae_decoder/config.json does not say \"scaling_factor\""));
}

#[test]
fn a_missing_shift_is_a_gap_only_where_there_is_one() {
    let folder = Folder::of("FluxPipeline", &["text_encoder", "text_encoder_2", "transformer", "vae_decoder"]);
    folder.write("tokenizer/vocab.json", "{}");
    folder.write("tokenizer_2/tokenizer.json", "{}");
    folder.write("transformer/config.json", r#"{"in_channels": 64, "guidance_embeds": true}"#);
    let config = |rest: &str| {
        let text = format!(r#"{{"scaling_factor": 0.3611, "block_out_channels": [1, 1, 1, 1]{rest}}}"#);
        folder.write("vae_decoder/config.json", &text);
    };
    config("");
    assert!(folder.refused().contains("does not say \"shift_factor\", the number that is added to latents"));
    config(r#", "shift_factor": null"#);
    assert!(folder.read().unwrap().latents.shift_factor.abs() < f64::EPSILON);
    config(r#", "shift_factor": 0.1159"#);
    let pipeline = folder.read().unwrap();
    assert!((pipeline.latents.shift_factor - 0.1159).abs() < 1e-12);
    assert_eq!((pipeline.latents.channels, pipeline.takes_scale), (16, true));
}

#[test]
fn parts_of_different_models_are_told_apart() {
    let folder = Folder::stable_diffusion();
    folder.write("unet/config.json", r#"{"cross_attention_dim": 16}"#);
    let expected = "the parts of this pipeline do not fit: text_encoder gives embeddings of 8 values per token, but unet takes \
                    16 (\"cross_attention_dim\" in DIR/unet/config.json); use parts that were exported together";
    assert_eq!(folder.refused(), expected);
}

#[cfg(unix)]
#[test]
fn a_snapshot_in_a_hub_cache_counts_by_its_links() {
    let cache = tempfile::tempdir().unwrap();
    let repository = cache.path().join("models--someone--small-model");
    let real = Folder::stable_diffusion();
    let snapshot = repository.join("snapshots").join("0123");
    fs::create_dir_all(repository.join("blobs")).unwrap();
    for (number, name) in [
        INDEX_FILE,
        "scheduler/scheduler_config.json",
        "tokenizer/vocab.json",
        "text_encoder/model.onnx",
        "text_encoder/config.json",
        "unet/model.onnx",
        "unet/config.json",
        "vae_decoder/model.onnx",
        "vae_decoder/config.json",
    ]
    .iter()
    .enumerate()
    {
        let (blob, link) = (repository.join("blobs").join(number.to_string()), snapshot.join(name));
        fs::copy(real.path().join(name), &blob).unwrap();
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&blob, &link).unwrap();
    }
    let pipeline = PipelinePackage::read(&snapshot).unwrap().unwrap();
    assert_eq!(pipeline.name, "small-model");
    assert_eq!(pipeline.denoiser.onnx, snapshot.join("unet/model.onnx"));
    assert_eq!(pipeline.denoiser.config.in_channels, Some(4), "configurations beside the link are read");
}
