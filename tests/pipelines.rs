//! The tiny pipelines of tests/pipelines/ against diffusers in PyTorch, with the same texts and latents: token ids, embeddings, the
//! latents after every step, and the decoded image (tools/golden/pipelines.py). Optimum's pipelines agree with those within 2e-6.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use chromascope::denoiser::guided::GuidanceScale;
use chromascope::model::decoder::{Decoder, DecoderFile, DecoderKind};
use chromascope::model::pipeline::PipelinePackage;
use chromascope::model::text::{EncodeCanceller, PromptEncoder, PromptText, Stage, TextRole, Tokenizer};
use chromascope::session::Trajectory;
use chromascope::session::prepare::prepare;
use chromascope::session::settings::{Decode, ModelSource, ProviderChoice, RunSettings};
use ndarray::{Array1, Array4, Array5, ArrayBase, Axis, Data, Dimension, Ix2, Ix3, Ix5, OwnedRepr};
use ndarray_npy::write_npy;
use serde_json::Value;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Of the value range, in f32; the issue of these tests.
const TOLERANCE: f64 = 1e-3;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pipelines").join(name)
}

fn runs() -> Vec<Value> {
    let index = support::json("pipelines/runs.json");
    index["runs"].as_array().unwrap().clone()
}

fn text_of(run: &Value, key: &str) -> Option<String> {
    run[key].as_str().map(str::to_owned)
}

fn whole(run: &Value, key: &str) -> usize {
    usize::try_from(run[key].as_u64().unwrap()).unwrap()
}

fn copy(from: &Path, to: &Path, is_kept: &dyn Fn(&str) -> bool) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() && is_kept(&name) {
            copy(&entry.path(), &to.join(&name), is_kept);
        } else if entry.path().is_file() {
            std::fs::copy(entry.path(), to.join(&name)).unwrap();
        }
    }
}

fn edit(file: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    change(&mut value);
    std::fs::write(file, value.to_string()).unwrap();
}

/// The pipeline of a run, with the run's scheduler.
fn pipeline(run: &Value, folder: &Path) -> PathBuf {
    let name = run["fixture"].as_str().unwrap();
    let base = name.strip_suffix("-without-t5");
    let to = folder.join(name);
    copy(&fixture(base.unwrap_or(name)), &to, &|part| base.is_none() || !part.ends_with("_3"));
    if base.is_some() {
        edit(&to.join("model_index.json"), |index| {
            for part in ["text_encoder_3", "tokenizer_3"] {
                index[part] = serde_json::json!([null, null]);
            }
        });
    }
    std::fs::write(to.join("scheduler/scheduler_config.json"), run["scheduler"].to_string()).unwrap();
    to
}

/// The largest difference over the largest value of `theirs`; NaN if any is.
fn off<D: Dimension>(ours: &ArrayBase<impl Data<Elem = f32>, D>, theirs: &ArrayBase<impl Data<Elem = f32>, D>) -> f64 {
    assert_eq!(ours.shape(), theirs.shape());
    let most = |most: f64, value: f64| if value > most || value.is_nan() { value } else { most };
    let range = theirs.iter().fold(0.0, |range, &value| most(range, f64::from(value).abs()));
    let error = ours.iter().zip(theirs).map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs());
    let error = error.fold(0.0, most);
    if error == 0.0 { 0.0 } else { error / range }
}

/// Fails with all that is further off than the tolerance, and says how far the furthest is.
#[track_caller]
fn assert_all(what: &str, found: &[(String, f64)]) {
    let wrong: Vec<_> = found.iter().filter(|(_, off)| off.is_nan() || *off > TOLERANCE).collect();
    assert!(wrong.is_empty(), "{what}: {wrong:#?}");
    let furthest = found.iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    println!("{what}: {} compared, furthest {furthest:?}", found.len());
}

#[test]
fn three_hundred_texts_have_the_token_ids_of_transformers() {
    let golden = support::json("pipelines/tokens.json");
    let texts: Vec<&str> = golden["texts"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    assert_eq!(texts.len(), 300);
    let tokenizers = golden["tokenizers"].as_object().unwrap();
    assert_eq!(tokenizers.len(), 3);
    let mut wrong = Vec::new();
    for (name, expected) in tokenizers {
        let tokenizer = Tokenizer::open(&fixture(name)).unwrap().with_limit(whole(expected, "limit"));
        for (text, ids) in texts.iter().zip(expected["ids"].as_array().unwrap()) {
            let mut ids: Vec<i64> = ids.as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect();
            ids.resize(whole(expected, "limit"), expected["pad"].as_i64().unwrap());
            let ours = tokenizer.encode_plain(text).ids;
            if ours != ids {
                wrong.push(format!("{name}: {text:?}\n  {ours:?}\n  {ids:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn decoded_images_equal_those_of_diffusers() {
    let mut found = Vec::new();
    for run in runs() {
        let name = run["name"].as_str().unwrap();
        let scratch = TempDir::new().unwrap();
        let package = PipelinePackage::read(&pipeline(&run, scratch.path())).unwrap().unwrap();
        let graph = package.decoder.unwrap().graph;
        let file = DecoderFile { graph, kind: DecoderKind::Vae, code: package.latents };
        let decoder = Decoder::open(file, support::runtime(), support::ONE_THREAD).unwrap();
        let mut golden = support::npz(&format!("pipelines/{name}.npz"));
        let (states, image): (Array5<f32>, Array4<f32>) =
            (golden.by_name("states").unwrap(), golden.by_name("image").unwrap());
        let decoded = decoder.decode(states.index_axis(Axis(0), states.len_of(Axis(0)) - 1)).unwrap();
        found.push((name.to_owned(), off(&decoded, &image)));
    }
    assert_all("decoded images", &found);
}

/// One encoder, two, two and T5 and without it; an empty negative prompt; CLIP skip 1 and 2; a prompt that is cut.
#[test]
fn token_ids_and_embeddings_of_prompts_equal_those_of_diffusers() {
    let mut found = Vec::new();
    for run in runs() {
        let name = run["name"].as_str().unwrap();
        let scratch = TempDir::new().unwrap();
        let package = PipelinePackage::read(&pipeline(&run, scratch.path())).unwrap().unwrap();
        let mut encoder = PromptEncoder::open(&package).unwrap();
        let prompt = PromptText { text: text_of(&run, "prompt").unwrap(), role: TextRole::Prompt };
        let given = text_of(&run, "negative");
        let role = if given.is_some() { TextRole::Negative } else { TextRole::NoNegative };
        let negative = PromptText { text: given.unwrap_or_default(), role };
        let mut golden = support::npz(&format!("pipelines/{name}.npz"));
        for (part, tokens) in encoder.tokens(&prompt.text) {
            let number = part.strip_prefix("text_encoder_").unwrap_or("1");
            let ids: Array1<i64> = golden.by_name(&format!("ids_{number}")).unwrap();
            assert_eq!(tokens.ids, ids.to_vec(), "{name}: {part}");
        }
        let skip = run["skip"].as_u64().map(|skip| usize::try_from(skip).unwrap());
        let machine = (support::runtime(), support::ONE_THREAD);
        let canceller = EncodeCanceller::default();
        let mut progress = |_: Stage| {};
        let embeddings = encoder.encode(&[negative, prompt], skip, machine, (&canceller, &mut progress)).unwrap();
        for (embedding, which) in embeddings.iter().zip(["negative_", ""]) {
            let Ok(hidden) = golden.by_name::<OwnedRepr<f32>, Ix3>(&format!("{which}embeds")) else {
                assert_eq!(which, "negative_", "{name}: every run has embeddings");
                continue;
            };
            let at = |what: &str| format!("{name}: {which}{what}");
            found.push((at("embeds"), off(&embedding.hidden_states, &hidden.index_axis(Axis(0), 0))));
            let pooled = golden.by_name::<OwnedRepr<f32>, Ix2>(&format!("{which}pooled")).ok();
            assert_eq!(embedding.pooled.is_some(), pooled.is_some(), "{}", at("pooled"));
            if let (Some(ours), Some(theirs)) = (&embedding.pooled, pooled) {
                found.push((at("pooled"), off(ours, &theirs.index_axis(Axis(0), 0))));
            }
        }
    }
    assert!(found.len() > 40, "{}", found.len());
    assert_all("embeddings", &found);
}

/// The settings that repeat a run of the golden file.
fn settings(run: &Value, model: &Path, folder: &Path) -> RunSettings {
    let mut golden = support::npz(&golden_of(run));
    let mut settings = RunSettings::new(ModelSource::Model(model.to_str().unwrap().into()));
    let initial: Array4<f32> = golden.by_name("initial").unwrap();
    write_npy(folder.join("x_T.npy"), &initial).unwrap();
    settings.init_noise = Some(folder.join("x_T.npy"));
    if let Ok(noise) = golden.by_name::<OwnedRepr<f32>, Ix5>("step_noise") {
        write_npy(folder.join("noise.npy"), &noise).unwrap();
        settings.step_noise = Some(folder.join("noise.npy"));
    }
    settings.steps = whole(run, "steps");
    settings.batch = whole(run, "batch");
    settings.size = Some((whole(run, "height"), whole(run, "width")));
    settings.prompt = text_of(run, "prompt");
    settings.negative = text_of(run, "negative");
    settings.guidance = run["guidance"].as_f64().map(GuidanceScale::Constant);
    settings.clip_skip = run["skip"].as_u64().map(|skip| usize::try_from(skip).unwrap());
    settings.provider = ProviderChoice::Cpu;
    settings.decode = Decode::None;
    settings
}

fn run_of(settings: &RunSettings) -> Result<Trajectory, Box<dyn std::error::Error>> {
    let mut prepared = prepare(settings, None, &|_, _| true)?;
    let mut trajectory = prepared.run.trajectory();
    while prepared.run.step(&mut trajectory)?.is_some() {}
    Ok(trajectory)
}

fn golden_of(run: &Value) -> String {
    format!("pipelines/{}.npz", run["name"].as_str().unwrap())
}

/// How far the latents after each step of a run on this model are from the golden ones, or what went wrong.
fn steps_off(run: &Value, model: &Path, folder: &Path) -> Vec<(String, f64)> {
    let name = run["name"].as_str().unwrap();
    let trajectory = match run_of(&settings(run, model, folder)) {
        Ok(trajectory) => trajectory,
        Err(error) => return vec![(format!("{name}: {error}"), f64::NAN)],
    };
    let mut golden = support::npz(&golden_of(run));
    let states: Array5<f32> = golden.by_name("states").unwrap();
    let scale: Array1<f64> = golden.by_name("scale").unwrap();
    assert_eq!(trajectory.snapshots.len(), states.len_of(Axis(0)), "{name}");
    let pairs = trajectory.states().skip(1).zip(states.outer_iter()).enumerate();
    let offs = pairs.map(|(step, (ours, theirs))| {
        let theirs = theirs.mapv(|value| (f64::from(value) / scale[step + 1]) as f32);
        (format!("{name}, after step {}", step + 1), off(ours, &theirs))
    });
    offs.collect()
}

/// PNDM, DDIM, Euler and DPM-Solver++ on SD 1.5; v-prediction with zero terminal SNR; SDXL; LCM; SD3 and FLUX with their shifts.
#[test]
fn every_steps_latents_equal_those_of_diffusers() {
    let mut found = Vec::new();
    for run in runs() {
        let scratch = TempDir::new().unwrap();
        let model = pipeline(&run, scratch.path());
        found.extend(steps_off(&run, &model, scratch.path()));
    }
    assert!(found.len() > 95, "{}", found.len());
    assert_all("latents", &found);
}

fn run_named(name: &str) -> Value {
    runs().into_iter().find(|run| run["name"] == name).unwrap()
}

/// Rounding in f16; what the same graphs give in PyTorch is as far off.
const HALF: f64 = 3e-2;

/// All in half precision, and the network only.
#[test]
fn half_and_mixed_precision_stay_close_to_diffusers() {
    let run = run_named("sd15_ddim");
    let parts: [&[&str]; 2] = [&["unet", "text_encoder", "vae_decoder"], &["unet"]];
    for halves in parts {
        let scratch = TempDir::new().unwrap();
        let model = pipeline(&run, scratch.path());
        for part in halves {
            let graph = Path::new(part).join("model.onnx");
            std::fs::copy(fixture("sd15-f16").join(&graph), model.join(&graph)).unwrap();
        }
        let found = steps_off(&run, &model, scratch.path());
        assert!(found.iter().all(|(_, off)| *off < HALF), "{halves:?}: {found:#?}");
        assert!(found.iter().any(|(_, off)| *off > 1e-5), "{halves:?} is not in half precision: {found:#?}");
        let image: Array4<f32> = support::npz(&golden_of(&run)).by_name("image").unwrap();
        let states: Array5<f32> = support::npz(&golden_of(&run)).by_name("states").unwrap();
        let package = PipelinePackage::read(&model).unwrap().unwrap();
        let graph = package.decoder.unwrap().graph;
        let file = DecoderFile { graph, kind: DecoderKind::Vae, code: package.latents };
        let decoder = Decoder::open(file, support::runtime(), support::ONE_THREAD).unwrap();
        let decoded = decoder.decode(states.index_axis(Axis(0), states.len_of(Axis(0)) - 1)).unwrap();
        let off = off(&decoded, &image);
        assert!(off < HALF, "{halves:?}: the image is off by {off}");
    }
}

/// A message of protocol buffers, field by field: number, the whole field, and its content where it has a length.
fn fields(message: &[u8]) -> Vec<(u64, &[u8], &[u8])> {
    fn varint(bytes: &[u8], at: &mut usize) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let byte = bytes[*at];
            *at += 1;
            value |= u64::from(byte & 127) << shift;
            if byte < 128 {
                break;
            }
        }
        value
    }
    let (mut at, mut found) = (0, Vec::new());
    while at < message.len() {
        let start = at;
        let key = varint(message, &mut at);
        let length = match key & 7 {
            0 => {
                varint(message, &mut at);
                0
            }
            1 => 8,
            5 => 4,
            _ => usize::try_from(varint(message, &mut at)).unwrap(),
        };
        found.push((key >> 3, &message[start..at + length], &message[at..at + length]));
        at += length;
    }
    found
}

fn field(number: u8, content: &[u8], out: &mut Vec<u8>) {
    out.push((number << 3) | 2);
    let mut length = content.len();
    while length >= 128 {
        out.push((length & 127) as u8 | 128);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend(content);
}

/// Moves the weights of a graph into `model.onnx_data` beside it, as exporters do above 2 GB.
fn with_external_data(graph: &Path) {
    const GRAPH: u64 = 7;
    const INITIALIZER: u64 = 5;
    const RAW_DATA: u64 = 9;
    let whole = std::fs::read(graph).unwrap();
    let (mut model, mut data) = (Vec::new(), Vec::new());
    for (number, bytes, content) in fields(&whole) {
        if number != GRAPH {
            model.extend(bytes);
            continue;
        }
        let mut inner = Vec::new();
        for (number, bytes, content) in fields(content) {
            let tensor = if number == INITIALIZER { fields(content) } else { Vec::new() };
            let raw = tensor.into_iter().find(|(number, ..)| *number == RAW_DATA);
            let Some((_, _, raw)) = raw.filter(|(.., raw)| raw.len() > 64) else {
                inner.extend(bytes);
                continue;
            };
            let mut tensor = Vec::new();
            for (number, bytes, _) in fields(content) {
                if number != RAW_DATA {
                    tensor.extend(bytes);
                }
            }
            let place = [
                ("location", "model.onnx_data".into()),
                ("offset", data.len().to_string()),
                ("length", raw.len().to_string()),
            ];
            for (key, value) in place {
                let mut entry = Vec::new();
                field(1, key.as_bytes(), &mut entry);
                field(2, value.as_bytes(), &mut entry);
                field(13, &entry, &mut tensor);
            }
            tensor.extend([14 << 3, 1]);
            data.extend(raw);
            field(5, &tensor, &mut inner);
        }
        field(7, &inner, &mut model);
    }
    assert!(data.len() > 10_000, "{} bytes of weights", data.len());
    std::fs::write(graph, model).unwrap();
    std::fs::write(graph.with_file_name("model.onnx_data"), data).unwrap();
}

/// Also with CLIP skip, which reads weights of the text encoder itself.
#[cfg(unix)]
#[test]
fn weights_beside_the_graphs_and_links_into_a_hub_cache_give_the_same() {
    let run = run_named("sd15_skip_1");
    let scratch = TempDir::new().unwrap();
    let plain = pipeline(&run, scratch.path());
    let repository = scratch.path().join("models--owner--tiny");
    let (blobs, snapshot) = (repository.join("blobs"), repository.join("snapshots/0123"));
    std::fs::create_dir_all(&blobs).unwrap();
    for part in ["unet", "text_encoder", "vae_decoder"] {
        with_external_data(&plain.join(part).join("model.onnx"));
    }
    copy(&plain, &snapshot, &|_| true);
    let mut folders = vec![snapshot.clone()];
    let mut links = 0;
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let blob = blobs.join(format!("{links:064x}"));
            std::fs::rename(&path, &blob).unwrap();
            std::os::unix::fs::symlink(&blob, &path).unwrap();
            links += 1;
        }
    }
    assert!(links > 10);
    let package = PipelinePackage::read(&snapshot).unwrap().unwrap();
    assert_eq!(package.name, "tiny");
    assert_all("with links and external data", &steps_off(&run, &snapshot, scratch.path()));
}
