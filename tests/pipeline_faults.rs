//! Pipelines with something wrong in them, and settings that do not suit them. The sentences expected are those of
//! docs/faults.md. Each pipeline is a copy of a tiny one, changed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use chromascope::denoiser::guided::GuidanceScale;
use chromascope::session::RunSettings;
use chromascope::session::prepare::{Keeping, Loading, Model, PartTask, PrepareError};
use chromascope::session::settings::{ModelSource, PromptsByLevel, ProviderChoice};
use chromascope::words::voice::Voice;
use common::faults::assert_documented;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tempfile::TempDir;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pipelines").join(name)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &to) } else { fs::copy(entry.path(), to).map(|_| ()).unwrap() }
    }
}

/// A copy of a tiny pipeline.
struct Pipeline(TempDir);

impl Pipeline {
    fn of(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&fixture(name), folder.path());
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn edit(self, name: &str, change: impl FnOnce(&mut Value)) -> Self {
        let mut value = serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap();
        change(&mut value);
        fs::write(self.path(name), value.to_string()).unwrap();
        self
    }

    fn without(self, name: &str) -> Self {
        let path = self.path(name);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        self
    }

    /// What `sample` says of it, with the exit code of a failure.
    #[track_caller]
    fn says(&self, test: &str, arguments: &[&str]) {
        let out = tempfile::tempdir().unwrap();
        let mut command = common::program();
        command.args(["sample", "--steps", "2", "--threads", "1", "--model"]).arg(self.0.path()).args(arguments);
        let output = command.arg("--out").arg(out.path().join("out")).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let last = stderr.lines().last().unwrap_or_default();
        let words = [
            ("FOLDER", self.0.path().display().to_string()),
            ("NAME", self.0.path().file_name().unwrap().to_str().unwrap().to_owned()),
        ];
        assert_documented(
            last.strip_prefix("chromascope: ").unwrap_or(last),
            &format!("pipeline_faults::{test}"),
            &words,
        );
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(!out.path().join("out/trajectory.npz").exists(), "it was refused after the run");
    }
}

#[test]
fn a_part_is_missing() {
    Pipeline::of("sd15").without("text_encoder").says("a_part_is_missing", &["--prompt", "a cat"]);
}

#[test]
fn a_pipeline_for_pytorch() {
    let pipeline = Pipeline::of("sd15").without("unet/model.onnx");
    fs::write(pipeline.path("unet/diffusion_pytorch_model.safetensors"), "x").unwrap();
    pipeline.says("a_pipeline_for_pytorch", &[]);
}

#[test]
fn a_part_without_a_graph() {
    Pipeline::of("sd15").without("vae_decoder/model.onnx").says("a_part_without_a_graph", &[]);
}

#[test]
fn a_part_that_is_no_graph() {
    for part in ["text_encoder", "unet", "vae_decoder"] {
        let pipeline = Pipeline::of("sd15");
        fs::write(pipeline.path(part).join("model.onnx"), "this is a text").unwrap();
        let out = pipeline.path("out");
        let mut command = common::program();
        let output = command.args(["sample", "--model"]).arg(pipeline.0.path()).arg("--out").arg(out).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let last = stderr.lines().last().unwrap().strip_prefix("chromascope: ").unwrap();
        let graph = pipeline.path(part).join("model.onnx").display().to_string();
        assert_documented(last, "pipeline_faults::a_part_that_is_no_graph", &[("GRAPH", graph)]);
    }
}

#[test]
fn a_pipeline_of_another_kind() {
    let pipeline = Pipeline::of("sd3").edit("model_index.json", |index| index["_class_name"] = "SanaPipeline".into());
    pipeline.says("a_pipeline_of_another_kind", &[]);
}

#[test]
fn no_scaling_factor() {
    let forget = |config: &mut Value| drop(config.as_object_mut().unwrap().remove("scaling_factor"));
    Pipeline::of("sdxl").edit("vae_decoder/config.json", forget).says("no_scaling_factor", &["--prompt", "a cat"]);
}

#[test]
fn a_scaling_factor_that_cannot_be() {
    let pipeline = Pipeline::of("sd15").edit("vae_decoder/config.json", |config| config["scaling_factor"] = 0.into());
    pipeline.says("a_scaling_factor_that_cannot_be", &[]);
}

#[test]
fn encoders_of_another_width() {
    let pipeline = Pipeline::of("sd15").without("text_encoder").without("tokenizer");
    copy(&fixture("sdxl/text_encoder"), &pipeline.path("text_encoder"));
    copy(&fixture("sdxl/tokenizer"), &pipeline.path("tokenizer"));
    pipeline.says("encoders_of_another_width", &["--prompt", "a cat"]);
}

#[test]
fn latents_of_other_channels() {
    let pipeline = Pipeline::of("sd15").edit("vae_decoder/config.json", |config| config["latent_channels"] = 16.into());
    pipeline.says("latents_of_other_channels", &[]);
}

#[test]
fn encoders_without_the_vector_that_the_network_takes() {
    // The index says Stable Diffusion, whose encoder gives none.
    let pipeline = Pipeline::of("sdxl")
        .edit("model_index.json", |index| index["_class_name"] = "StableDiffusionPipeline".into())
        .without("unet/config.json");
    pipeline.says("encoders_without_the_vector_that_the_network_takes", &["--size", "64x64"]);
}

#[test]
fn too_little_memory() {
    let pipeline = Pipeline::of("sd15");
    // A tensor with data in another file, in the form of protobuf, where two messages that follow each other are one.
    let location = b"\x0a\x08location\x12\x0bweights.bin";
    let tensor = [&[0x6a, u8::try_from(location.len()).unwrap()][..], location, &[0x70, 1]].concat();
    let graph = [&[0x2a, u8::try_from(tensor.len()).unwrap()][..], &tensor].concat();
    let mut file = fs::read(pipeline.path("text_encoder/model.onnx")).unwrap();
    file.extend([&[0x3a, u8::try_from(graph.len()).unwrap()][..], &graph].concat());
    fs::write(pipeline.path("text_encoder/model.onnx"), file).unwrap();
    // A sparse file, which takes no space.
    fs::File::create(pipeline.path("text_encoder/weights.bin")).unwrap().set_len(8 << 40).unwrap();
    pipeline.says("too_little_memory", &["--prompt", "a cat"]);
}

#[test]
fn a_class_for_a_model_that_takes_words() {
    Pipeline::of("sd15").says("a_class_for_a_model_that_takes_words", &["--label", "3"]);
}

#[test]
fn a_prompt_for_a_model_without_text() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/models/class-labels");
    let out = tempfile::tempdir().unwrap();
    let mut command = common::program();
    command.args(["sample", "--prompt", "a cat", "--model"]).arg(model);
    let output = command.arg("--out").arg(out.path().join("out")).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let last = stderr.lines().last().unwrap().strip_prefix("chromascope: ").unwrap();
    assert_documented(last, "pipeline_faults::a_prompt_for_a_model_without_text", &[]);
}

#[test]
fn more_prompts_than_levels() {
    Pipeline::of("sd15").says("more_prompts_than_levels", &["--prompts-by-level", "a|b|c|d|e", "--size", "64x64"]);
}

#[test]
fn bands_that_do_not_fit_latents() {
    let arguments = ["--prompts-by-level", "a|b|c", "--by-level", "band", "--size", "64x80"];
    Pipeline::of("sd15").says("bands_that_do_not_fit_latents", &arguments);
}

#[test]
fn a_size_that_latents_cannot_have() {
    Pipeline::of("sd15").says("a_size_that_latents_cannot_have", &["--size", "60x64"]);
}

#[test]
fn guidance_over_time_for_a_network_that_is_told_it() {
    let pipeline = Pipeline::of("lcm");
    let curve = pipeline.path("w.csv");
    fs::write(&curve, "s,w\n1,1\n0,8\n").unwrap();
    let arguments = ["--prompt", "a cat", "--guidance", curve.to_str().unwrap()];
    pipeline.says("guidance_over_time_for_a_network_that_is_told_it", &arguments);
}

fn settings(folder: &Path) -> RunSettings {
    let source = ModelSource::Model(folder.to_str().unwrap().to_owned());
    RunSettings {
        steps: 2,
        threads: Some(1),
        provider: ProviderChoice::Cpu,
        prompt: Some("a cat".into()),
        ..RunSettings::new(source)
    }
}

/// What is said of settings that the options cannot have, such as those of an edited file.
fn refused(settings: &RunSettings) -> String {
    let model = Model::open(settings, None, &|_, _| true).unwrap();
    let error = model.bare(settings).err().unwrap().to_string();
    Voice::CommandLine.say(&error)
}

#[test]
fn a_prompt_and_prompts_by_level() {
    let by_level = PromptsByLevel::new(vec!["a".into(), "b".into()]);
    let both = RunSettings { prompts_by_level: Some(by_level), ..settings(&fixture("sd15")) };
    assert_documented(&refused(&both), "pipeline_faults::a_prompt_and_prompts_by_level", &[]);
}

#[test]
fn no_prompt_by_level() {
    let none = PromptsByLevel::new(Vec::new());
    let none = RunSettings { prompt: None, prompts_by_level: Some(none), ..settings(&fixture("sd15")) };
    assert_documented(&refused(&none), "pipeline_faults::no_prompt_by_level", &[]);
}

/// Keeps what is told of the parts, each time that it changes.
#[derive(Default)]
struct Told(Mutex<Vec<(PartTask, String)>>);

impl Told {
    fn take(&self, loading: Loading) -> (PartTask, String) {
        let Loading::Part(part) = loading else { panic!("{loading:?}") };
        assert!(part.bytes > 100_000 && (1..=part.of).contains(&part.number), "{part:?}");
        let now = (part.task, part.name);
        let mut told = self.0.lock().unwrap();
        if told.last() != Some(&now) {
            told.push(now.clone());
        }
        now
    }

    fn all(&self) -> Vec<(PartTask, String)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn parts(expected: &[(PartTask, &str)]) -> Vec<(PartTask, String)> {
    expected.iter().map(|(task, name)| (*task, (*name).to_owned())).collect()
}

#[test]
fn parts_are_told_in_turn_and_loading_stops_at_any_of_them() {
    let open = |stop_at: Option<&(PartTask, String)>| {
        let told = Told::default();
        let model = Model::open_with_progress(&settings(&fixture("sdxl")), None, &|loading| {
            let now = told.take(loading);
            stop_at != Some(&now)
        });
        (told.all(), model.map(|_| ()))
    };
    let (told, model) = open(None);
    model.unwrap();
    let expected = parts(&[
        (PartTask::Read, "vae_decoder"),
        (PartTask::Open, "text_encoder"),
        (PartTask::Encode, "text_encoder"),
        (PartTask::Open, "text_encoder_2"),
        (PartTask::Encode, "text_encoder_2"),
        (PartTask::Open, "unet"),
    ]);
    assert_eq!(told, expected);
    for stop_at in &expected {
        let (told, model) = open(Some(stop_at));
        assert_eq!(told.last(), Some(stop_at));
        let error = model.unwrap_err();
        assert!(matches!(error, PrepareError::Stopped), "{stop_at:?}: {error}");
        assert_documented(
            &error.to_string(),
            "pipeline_faults::parts_are_told_in_turn_and_loading_stops_at_any_of_them",
            &[],
        );
    }
}

#[test]
fn prompts_that_were_encoded_are_not_encoded_again() {
    let first = settings(&fixture("sd15"));
    let model = Model::open(&first, None, &|_, _| true).unwrap();
    let prepare = |settings: &RunSettings| {
        let told = Told::default();
        let prepared = model.prepare_with_progress(settings, Keeping::LatestStep, &|loading| {
            told.take(loading);
            true
        });
        (told.all(), prepared.unwrap())
    };
    let schedule = RunSettings { steps: 5, seed: 3, spacing: Some("karras".into()), ..first.clone() };
    let size = RunSettings { size: Some((64, 96)), ..first.clone() };
    let (nothing, prepared) = prepare(&first);
    let known = prepared.resolved.pipeline.unwrap().embeddings_sha256;
    assert!(nothing.is_empty(), "{nothing:?}");
    for other in [&schedule, &size] {
        let (told, prepared) = prepare(other);
        assert!(told.is_empty(), "{told:?}");
        assert_eq!(prepared.resolved.pipeline.unwrap().embeddings_sha256, known);
    }
    let words = RunSettings { prompt: Some("a dog".into()), ..first.clone() };
    let (told, prepared) = prepare(&words);
    assert!(told.contains(&(PartTask::Encode, "text_encoder".into())), "{told:?}");
    assert_ne!(prepared.resolved.pipeline.unwrap().embeddings_sha256, known);
    assert!(prepare(&first).0.is_empty(), "the first prompt is still known");
    let stopped = RunSettings { prompt: Some("a bird".into()), ..first };
    let stopped = model.prepare_with_progress(&stopped, Keeping::LatestStep, &|_| false);
    assert!(matches!(stopped.err(), Some(PrepareError::Stopped)));
}

#[test]
fn latents_and_pixels_are_told_apart() {
    let settings = RunSettings { size: Some((64, 96)), ..settings(&fixture("sdxl")) };
    let model = Model::open(&settings, None, &|_, _| true).unwrap();
    let info = model.info();
    let pipeline = info.pipeline.as_ref().unwrap();
    assert_eq!((info.channels, info.native_size, info.size_multiple), (4, Some((64, 64)), 16));
    let about = (pipeline.encoders(), pipeline.has_decoder(), pipeline.has_tiny_decoder(), pipeline.takes_scale);
    assert_eq!((about, pipeline.token_limit()), ((2, true, false, false), 77));
    let names: Vec<&str> = pipeline.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["text_encoder", "text_encoder_2", "unet", "vae_decoder"]);
    assert!(pipeline.parts.iter().take(3).all(|part| part.provider == Some("cpu")));
    assert!(info.inputs.is_empty(), "what the program makes is not asked for");
    let prepared = model.prepare(&settings, Keeping::LatestStep).unwrap();
    let shape = prepared.run.trajectory().shape;
    assert_eq!((shape, prepared.resolved.size()), ([1, 4, 8, 12], (64, 96)));
    let resolved = prepared.resolved.pipeline.unwrap();
    assert_eq!(resolved.parts.len(), 4);
    assert_eq!(resolved.prompts[1].text, "a cat");
    let zeros = prepared.embeddings.unwrap();
    assert!(zeros.hidden_states.index_axis(ndarray::Axis(0), 0).iter().all(|value| *value == 0.0));
    assert!(zeros.hidden_states.index_axis(ndarray::Axis(0), 1).iter().any(|value| *value != 0.0));
}

#[test]
fn a_run_is_replayed_from_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let sample = |arguments: &[&str], out: &str| {
        let mut command = common::program();
        let output = command.arg("sample").args(arguments).arg("--out").arg(folder.path().join(out)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let record = fs::read(folder.path().join(out).join("trajectory.json")).unwrap();
        let record: Value = serde_json::from_slice(&record).unwrap();
        (fs::read(folder.path().join(out).join("trajectory.npz")).unwrap(), record)
    };
    let model = fixture("sd15");
    let arguments =
        [
            &[
                "--model",
                model.to_str().unwrap(),
                "--steps",
                "3",
                "--size",
                "64x64",
                "--guidance",
                "4",
                "--threads",
                "1",
            ][..],
            &[
                "--prompts-by-level",
                "[fur|hair]|a (cat:1.2)",
                "--by-level",
                "blend",
                "--negative",
                "a dog",
                "--decode",
                "none",
            ],
        ]
        .concat();
    let (made, record) = sample(&arguments, "first");
    assert_eq!(record["settings"]["prompts_by_level"]["prompts"], serde_json::json!(["[fur|hair]", "a (cat:1.2)"]));
    assert_eq!(record["resolved"]["pipeline"]["prompts"][3]["text"], "hair");
    let json = folder.path().join("first/trajectory.json");
    let (again, _) = sample(&["--replay", json.to_str().unwrap()], "second");
    assert!(made == again, "the replay is not the same");
}

/// What is said of a pipeline when it is opened and a run is prepared.
fn notes(pipeline: &Pipeline, change: impl FnOnce(&mut RunSettings)) -> Vec<String> {
    let mut settings = settings_of(pipeline);
    change(&mut settings);
    let model = Model::open(&settings, None, &|_, _| true).unwrap();
    let prepared = model.prepare(&settings, Keeping::LatestStep).unwrap();
    let notes = model.notes().iter().chain(&prepared.notes);
    notes.map(|note| note.replace(&pipeline.0.path().display().to_string(), "FOLDER")).collect()
}

#[test]
fn a_scheduler_of_another_kind_of_model() {
    let note_of = |pipeline: &Pipeline| {
        let all = notes(pipeline, |settings| settings.prompt = Some("a cat".into()));
        all.into_iter().find(|note| note.contains("unless this one is an exception"))
    };
    let pipeline = Pipeline::of("sd15");
    assert_eq!(note_of(&pipeline), None);
    fs::copy(fixture("sd3/scheduler/scheduler_config.json"), pipeline.path("scheduler/scheduler_config.json")).unwrap();
    let note = note_of(&pipeline).expect("a note");
    assert_documented(&note, "pipeline_faults::a_scheduler_of_another_kind_of_model", &[]);
    let pipeline = Pipeline::of("sd3");
    assert_eq!(note_of(&pipeline), None);
    fs::copy(fixture("sd15/scheduler/scheduler_config.json"), pipeline.path("scheduler/scheduler_config.json"))
        .unwrap();
    assert!(note_of(&pipeline).expect("a note").contains("describes a table of β"));
}

#[test]
fn a_negative_prompt_without_effect() {
    let of = |name: &str, prompt: Option<&str>, guidance: Option<f64>| {
        notes(&Pipeline::of(name), |settings| {
            settings.prompt = prompt.map(str::to_owned);
            settings.negative = Some("bad".into());
            settings.guidance = guidance.map(GuidanceScale::Constant);
        })
    };
    let has = |notes: &[String], start: &str| notes.iter().any(|note| note.starts_with(start));
    for guidance in [None, Some(1.0)] {
        let all = of("sd15", Some("a cat"), guidance);
        let note = all.iter().find(|note| note.starts_with("the negative prompt has no effect")).expect("a note");
        assert_documented(note, "pipeline_faults::a_negative_prompt_without_effect", &[]);
    }
    assert!(!has(&of("sd15", Some("a cat"), Some(7.5)), "the negative prompt"));
    for name in ["lcm", "flux"] {
        assert!(has(
            &of(name, Some("a cat"), Some(7.5)),
            "the network is told the guidance scale and takes no negative"
        ));
    }
    assert!(has(&of("sd15", None, Some(7.5)), "no prompt is given, so the empty text is drawn"));
}

#[test]
fn a_pipeline_without_its_index() {
    Pipeline::of("sd15").without("model_index.json").says("a_pipeline_without_its_index", &["--prompt", "a cat"]);
}

#[test]
fn a_part_of_a_pipeline_without_its_index() {
    let pipeline = Pipeline::of("sd15").without("model_index.json").without("text_encoder");
    let package = chromascope::model::package::Package::read(pipeline.0.path()).unwrap();
    let note = package.notes.last().expect("a note");
    assert_documented(note, "pipeline_faults::a_part_of_a_pipeline_without_its_index", &[]);
}

#[test]
fn a_broken_index() {
    let pipeline = Pipeline::of("sd15");
    fs::write(pipeline.path("model_index.json"), "{").unwrap();
    pipeline.says("a_broken_index", &[]);
}

#[test]
fn an_index_or_a_configuration_that_is_a_list() {
    for file in ["model_index", "unet/config", "text_encoder/config", "vae_decoder/config"] {
        let pipeline = Pipeline::of("sd15");
        fs::write(pipeline.path(&format!("{file}.json")), "[]").unwrap();
        let out = pipeline.path("out");
        let mut command = common::program();
        let output = command.args(["sample", "--model"]).arg(pipeline.0.path()).arg("--out").arg(out).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let last = stderr.lines().last().unwrap().strip_prefix("chromascope: ").unwrap();
        let last = last.strip_prefix("the unet of this pipeline cannot be used: ").unwrap_or(last);
        let path = pipeline.path(&format!("{file}.json")).display().to_string();
        let test = "pipeline_faults::an_index_or_a_configuration_that_is_a_list";
        assert_documented(last, test, &[("CONFIG", path)]);
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_nowhere() {
    for file in ["model_index.json", "unet/config.json", "tokenizer/merges.txt", "vae_decoder/model.onnx"] {
        let pipeline = Pipeline::of("sd15").without(file);
        std::os::unix::fs::symlink("nowhere", pipeline.path(file)).unwrap();
        let error = Model::open(&settings_of(&pipeline), None, &|_, _| true).err().unwrap().to_string();
        let words = [("LINK", pipeline.path(file).display().to_string())];
        assert_documented(&error, "pipeline_faults::a_link_to_nowhere", &words);
    }
}

#[test]
fn the_root_of_a_hub_cache() {
    let folder = tempfile::tempdir().unwrap();
    let snapshot = folder.path().join("snapshots/0123");
    copy(&fixture("sd15"), &snapshot);
    let pipeline = Pipeline(folder);
    pipeline.says("the_root_of_a_hub_cache", &[]);
}

fn settings_of(pipeline: &Pipeline) -> RunSettings {
    let mut settings = RunSettings::new(ModelSource::Model(pipeline.0.path().display().to_string()));
    settings.provider = ProviderChoice::Cpu;
    settings.threads = Some(1);
    settings
}
