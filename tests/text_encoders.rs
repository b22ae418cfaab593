//! Text encoders: embeddings against diffusers (tools/golden/text_embeddings.py), graphs of other layouts, and what is said of
//! encoders that do not fit.
#![allow(clippy::unwrap_used)]

mod common;
mod support;

use chromascope::model::pipeline::PipelinePackage;
use chromascope::model::text::{
    EncodeCanceller, PromptEmbedding, PromptEncoder, PromptText, Stage, TextError, TextRole,
};
use common::faults::assert_documented;
use ndarray::{Array1, Array2, ArrayView1};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::{ONE_THREAD, golden, npz, runtime};
use tempfile::TempDir;

const PROMPTS: [&str; 4] = ["a photo of a cat", "", "Café, 2 dogs & a 猫! ", "snow <|endoftext|> rain"];

fn prompt(number: usize) -> PromptText {
    let text = if number == 2 { PROMPTS[2].repeat(12) } else { PROMPTS[number].into() };
    PromptText { text, role: TextRole::Prompt }
}

fn text(text: &str) -> PromptText {
    PromptText { text: text.into(), role: TextRole::Prompt }
}

fn pipeline(name: &str) -> PipelinePackage {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pipelines").join(name);
    PipelinePackage::read(&folder).unwrap().unwrap()
}

fn encode(
    encoder: &mut PromptEncoder,
    texts: &[PromptText],
    clip_skip: Option<usize>,
) -> Result<Vec<Arc<PromptEmbedding>>, TextError> {
    encoder.encode(texts, clip_skip, (runtime(), ONE_THREAD), (&EncodeCanceller::default(), &mut |_| {}))
}

/// Within 1e-5 of the range.
#[track_caller]
fn assert_close<'a>(found: impl Iterator<Item = &'a f32>, expected: impl Iterator<Item = &'a f32>, what: &str) {
    let pairs: Vec<(f32, f32)> = found.copied().zip(expected.copied()).collect();
    let range = pairs.iter().map(|(_, expected)| expected.abs()).fold(0.0, f32::max);
    let worst = pairs.iter().map(|(found, expected)| (found - expected).abs()).fold(0.0, f32::max);
    assert!(worst <= 1e-5 * range.max(1e-3), "{what}: {worst} of {range}");
}

#[test]
fn embeddings_are_those_of_diffusers() {
    let mut expected = npz("text/embeddings.npz");
    let names: Vec<String> = expected.names().unwrap();
    let mut compared = 0;
    for (case, name, skip) in [
        ("sd15", "sd15", None),
        ("sd15_skip_1", "sd15", Some(1)),
        ("sd15_skip_3", "sd15", Some(3)),
        ("sd21-v", "sd21-v", None),
        ("lcm", "lcm", None),
        ("sdxl", "sdxl", None),
        ("sdxl_skip_1", "sdxl", Some(1)),
        ("sd3", "sd3", None),
        ("sd3_skip_1", "sd3", Some(1)),
        ("sd3_without_t5", "sd3", None),
        ("flux", "flux", None),
    ] {
        let mut pipeline = pipeline(name);
        if case.ends_with("without_t5") {
            pipeline.encoders.pop();
        }
        let mut encoder = PromptEncoder::open(&pipeline).unwrap();
        for (number, negative) in (0..PROMPTS.len()).flat_map(|number| [(number, false), (number, true)]) {
            let key = format!("{case}/{number}/{}", if negative { "negative" } else { "prompt" });
            let has = |key: &str| names.iter().any(|name| name.trim_end_matches(".npy") == key);
            if !has(&key) {
                continue;
            }
            let states: Array2<f32> = expected.by_name(&key).unwrap();
            let role = if negative { TextRole::Negative } else { TextRole::Prompt };
            let found = encode(&mut encoder, &[PromptText { role, ..prompt(number) }], skip).unwrap().remove(0);
            assert_eq!(found.hidden_states.dim(), states.dim(), "{key}");
            assert_close(found.hidden_states.iter(), states.iter(), &key);
            let key = format!("{key}_pooled");
            assert_eq!(found.pooled.is_some(), has(&key), "{key}");
            if let Some(pooled) = &found.pooled {
                let expected: Array1<f32> = expected.by_name(&key).unwrap();
                assert_eq!(pooled.len(), expected.len(), "{key}");
                assert_close(pooled.iter(), expected.iter(), &key);
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 40);
}

#[test]
fn sdxl_has_zeros_for_no_negative_prompt_and_encodes_an_empty_one_as_diffusers_does() {
    let mut pipeline = pipeline("sdxl");
    let mut expected = npz("text/embeddings.npz");
    let null = |role| PromptText { text: String::new(), role };
    let texts = [null(TextRole::NoNegative), null(TextRole::Negative)];
    let found = encode(&mut PromptEncoder::open(&pipeline).unwrap(), &texts, None).unwrap();
    for (key, found) in ["sdxl/no_negative", "sdxl/empty_negative"].into_iter().zip(&found) {
        let (states, pooled): (Array2<f32>, Array1<f32>) =
            (expected.by_name(key).unwrap(), expected.by_name(&format!("{key}_pooled")).unwrap());
        assert_eq!(found.hidden_states.dim(), states.dim(), "{key}");
        assert_close(found.hidden_states.iter(), states.iter(), key);
        assert_close(found.pooled.iter().flatten(), pooled.iter(), key);
    }
    assert!(found[0].hidden_states.iter().all(|&value| value == 0.0) && found[0] != found[1]);
    pipeline.zeros_for_empty_prompt = false;
    let found = encode(&mut PromptEncoder::open(&pipeline).unwrap(), &texts, None).unwrap();
    assert_eq!(found[0], found[1]);
}

#[test]
fn weights_scale_the_states_of_their_tokens_and_the_mean_stays() {
    let mut encoder = PromptEncoder::open(&pipeline("sdxl")).unwrap();
    let found =
        encode(&mut encoder, &[text("a (blue:1.5) cat"), text("a blue cat"), text("(a blue cat:1.0)")], None).unwrap();
    let [weighted, plain, one] = [0, 1, 2].map(|at| &found[at].hidden_states);
    assert_eq!(plain, one, "a weight of 1 changes no bit");
    assert_eq!(found[0].pooled, found[1].pooled, "the pooled vector has no weights");
    let (_, tokens) = encoder.tokens("a (blue:1.5) cat").remove(0);
    // Each encoder's states are weighted by themselves; the first one's are 16 wide.
    let first = |states: &Array2<f32>| states.slice(ndarray::s![.., ..16]).to_owned();
    let (weighted, plain) = (first(weighted), first(plain));
    let ratio = |token: usize| weighted[[token, 3]] / plain[[token, 3]];
    let base = ratio(0);
    for (token, &weight) in tokens.weights.iter().enumerate() {
        assert!((f64::from(ratio(token) / base) - weight).abs() < 1e-4, "token {token}");
    }
    assert!(tokens.weights.contains(&1.5));
    assert!((weighted.mean().unwrap() - plain.mean().unwrap()).abs() < 1e-5);
}

#[test]
fn texts_are_encoded_once_and_encoders_are_freed() {
    let mut encoder = PromptEncoder::open(&pipeline("sdxl")).unwrap();
    let mut stages = Vec::new();
    let texts = [text("a"), text("b"), text("a")];
    let canceller = EncodeCanceller::default();
    let mut note = |stage: Stage| stages.push(format!("{stage:?}"));
    let first = encoder.encode(&texts, None, (runtime(), ONE_THREAD), (&canceller, &mut note)).unwrap();
    assert!(Arc::ptr_eq(&first[0], &first[2]) && first[0] != first[1]);
    // Two encoders, each opened once, with two texts.
    assert_eq!(stages.len(), 2 * (1 + 3), "{stages:?}");
    assert!(stages[0].contains("text_encoder\"") && stages[4].contains("text_encoder_2"));
    let mut never = |stage: Stage| panic!("{stage:?}");
    assert!(encoder.knows(&texts, Some(0)) && !encoder.knows(&texts, Some(1)));
    let again = encoder.encode(&texts[1..], Some(0), (runtime(), ONE_THREAD), (&canceller, &mut never)).unwrap();
    assert!(Arc::ptr_eq(&again[0], &first[1]));
    assert_eq!(encoder.hashes().len(), 2);
    // Another CLIP skip is another embedding, but not of a negative prompt.
    let skipped = encode(&mut encoder, &texts[..1], Some(1)).unwrap();
    assert_ne!(skipped[0].hidden_states, first[0].hidden_states);
}

#[test]
fn what_falls_off_is_told_once_for_all_encoders() {
    let notes = |name, text: &str| {
        PromptEncoder::open(&pipeline(name)).unwrap().notes(&[self::text(text), self::text("cat")], None)
    };
    let told = notes("sdxl", &"cat ".repeat(100));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with(
            "with start and end the prompt has 102 tokens, and text_encoder and text_encoder_2 read 77; 25 words left out: \"cat cat"
        ),
        "{told:?}"
    );
    assert!(told[0].ends_with('"'), "{told:?}");
    // What CLIP cannot read, T5 may.
    let told = notes("sd3", &"cat ".repeat(100)).remove(0);
    assert!(told.contains("text_encoder and text_encoder_2 read 77"), "{told}");
    assert!(told.ends_with("; text_encoder_3 reads all of it"), "{told}");
    let told = notes("sd3", &"cat ".repeat(600));
    assert!(!told.iter().any(|note| note.ends_with("all of it")), "{told:?}");
    assert!(told.len() == 2 && told[1].contains("and text_encoder_3 reads "), "{told:?}");
    // All words that fell off are there, up to what nobody reads.
    assert!(notes("sd15", &"cat ".repeat(400))[0].ends_with("cat cat\""));
    assert!(notes("sd15", &"cat ".repeat(4000))[0].ends_with("…\""));
    assert_eq!(notes("sd3", "a BREAK b").len(), 1);
}

#[test]
fn clip_skip_of_flux_is_told_to_change_nothing() {
    let notes = |name, skipped| PromptEncoder::open(&pipeline(name)).unwrap().notes(&[text("cat")], skipped);
    assert_documented(&notes("flux", Some(1))[0], "text_encoders::clip_skip_of_flux_is_told_to_change_nothing", &[]);
    assert_eq!(notes("flux", Some(0)).len() + notes("flux", None).len() + notes("sd15", Some(1)).len(), 0);
    let mut encoder = PromptEncoder::open(&pipeline("flux")).unwrap();
    let plain = encode(&mut encoder, &[text("cat")], None).unwrap();
    assert!(Arc::ptr_eq(&plain[0], &encode(&mut encoder, &[text("cat")], Some(1)).unwrap()[0]));
}

#[test]
fn a_cancelled_encoder_stops() {
    let mut encoder = PromptEncoder::open(&pipeline("sdxl")).unwrap().keeping_open(true);
    let canceller = EncodeCanceller::default();
    let mut done = 0;
    let mut stop_in_second = |stage: Stage| {
        if let Stage::Encode { part: "text_encoder_2", .. } = stage {
            done += 1;
            canceller.cancel();
        }
    };
    let texts = [text("a"), text("b")];
    let stopped = encoder.encode(&texts, None, (runtime(), ONE_THREAD), (&canceller, &mut stop_in_second));
    assert!(stopped.unwrap_err().is_cancelled());
    assert_eq!(done, 1);
    // What was stopped works again with a canceller of its own.
    assert_eq!(encode(&mut encoder, &texts, None).unwrap().len(), 2);
}

/// A pipeline whose encoder is one of the golden graphs.
fn with_graph(name: &str, config: Option<&str>) -> (TempDir, PipelinePackage) {
    let folder = tempfile::tempdir().unwrap();
    let mut pipeline = pipeline("sd15");
    pipeline.encoders[0].graph = golden("text/graphs").join(name);
    pipeline.encoders[0].config = config.map(|config| {
        let file = folder.path().join("config.json");
        std::fs::write(&file, config).unwrap();
        file
    });
    (folder, pipeline)
}

fn row(id: f64) -> [f64; 4] {
    [0.0, 1.0, 2.0, 3.0].map(|column| (0.1 * id + column).sin() + 0.2 * column)
}

#[test]
fn a_mask_and_places_are_fed_where_the_graph_takes_them() {
    for (config, masks) in [(None, false), (Some(r#"{"use_attention_mask": true}"#), true)] {
        let (_folder, pipeline) = with_graph("masked.onnx", config);
        let mut encoder = PromptEncoder::open(&pipeline).unwrap();
        let (_, tokens) = encoder.tokens("a cat").remove(0);
        let found = encode(&mut encoder, &[text("a cat")], None).unwrap().remove(0);
        assert_eq!(found.hidden_states.dim(), (77, 4), "the first of a batch of two");
        for (place, state) in found.hidden_states.rows().into_iter().enumerate() {
            let kept = if masks && place >= tokens.used { 0.0 } else { 1.0 };
            let expected = row(tokens.ids[place] as f64).map(|value| kept * value + 0.01 * place as f64);
            assert!(near(state, expected, 1e-5), "{place}: {state} {expected:?}");
        }
    }
}

fn near(found: ArrayView1<f32>, expected: [f64; 4], within: f64) -> bool {
    found.iter().zip(expected).all(|(&found, expected)| (f64::from(found) - expected).abs() < within)
}

#[test]
fn the_last_normalisation_is_read_from_halves_and_from_other_files() {
    let (scale, bias) = ([1.0, 2.0, -1.0, 0.5], [0.1, 0.0, -0.2, 3.0]);
    let normed = |values: [f64; 4]| {
        let mean = values.iter().sum::<f64>() / 4.0;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 4.0;
        [0, 1, 2, 3].map(|at| (values[at] - mean) / (variance + 0.01).sqrt() * scale[at] + bias[at])
    };
    for (name, within) in [("apart.onnx", 2e-5), ("half.onnx", 4e-3)] {
        let (_folder, pipeline) = with_graph(name, None);
        let mut encoder = PromptEncoder::open(&pipeline).unwrap();
        let (_, tokens) = encoder.tokens("a cat").remove(0);
        for (skip, layer) in [(None, f64::tanh as fn(f64) -> f64), (Some(1), |value| value)] {
            let found = encode(&mut encoder, &[text("a cat")], skip).unwrap().remove(0);
            for (place, state) in found.hidden_states.rows().into_iter().enumerate() {
                let expected = normed(row(tokens.ids[place] as f64).map(layer));
                assert!(near(state, expected, within), "{name} {skip:?} {place}: {state} {expected:?}");
            }
        }
    }
}

#[track_caller]
fn says(error: TextError, test: &str, graph: &Path) {
    let tokenizer = graph.parent().and_then(Path::parent).unwrap().join("tokenizer");
    let words = [("GRAPH", graph.display().to_string()), ("TOKENIZER", tokenizer.display().to_string())];
    assert_documented(&error.to_string(), &format!("text_encoders::{test}"), &words);
}

#[track_caller]
fn fails(pipeline: &PipelinePackage, clip_skip: Option<usize>, test: &str) {
    let graph = pipeline.encoders[0].graph.clone();
    let opened = PromptEncoder::open(pipeline);
    let error = opened.and_then(|mut encoder| encode(&mut encoder, &[text("a cat")], clip_skip)).unwrap_err();
    says(error, test, &graph);
}

#[test]
fn more_layers_skipped_than_there_are() {
    fails(&pipeline("sd15"), Some(4), "more_layers_skipped_than_there_are");
    let most = |name, skip| encode(&mut PromptEncoder::open(&pipeline(name)).unwrap(), &[text("a")], Some(skip));
    assert!(most("sd15", 3).is_ok() && most("sdxl", 2).is_ok());
    assert!(matches!(most("sdxl", 3), Err(TextError::ClipSkip { skipped: 3, most: 2, layers: 3, .. })));
}

#[test]
fn clip_skip_without_the_states_of_layers() {
    fails(&pipeline("lcm"), Some(1), "clip_skip_without_the_states_of_layers");
}

#[test]
fn an_encoder_whose_numbers_are_none() {
    let (_folder, pipeline) = with_graph("nan.onnx", None);
    fails(&pipeline, None, "an_encoder_whose_numbers_are_none");
}

#[test]
fn a_graph_that_is_no_encoder() {
    let mut pipeline = pipeline("sd15");
    pipeline.encoders[0].graph = pipeline.denoiser.onnx.clone();
    fails(&pipeline, None, "a_graph_that_is_no_encoder");
}

/// A pipeline whose first tokenizer is that of another folder.
fn with_tokenizer(name: &str, tokenizer: PathBuf) -> PipelinePackage {
    let mut pipeline = pipeline(name);
    pipeline.encoders[0].tokenizer = tokenizer;
    pipeline
}

#[track_caller]
fn refuses_tokenizer(pipeline: &PipelinePackage, test: &str) {
    let error = PromptEncoder::open(pipeline).err().unwrap();
    let encoder = &pipeline.encoders[0];
    let words = [
        ("FOLDER", encoder.tokenizer.display().to_string()),
        ("CONFIG", encoder.config.as_ref().unwrap().display().to_string()),
    ];
    assert_documented(&error.to_string(), &format!("text_encoders::{test}"), &words);
}

#[test]
fn a_tokenizer_with_more_tokens_than_its_encoder() {
    let pipeline = with_tokenizer("sd15", golden("text/clip"));
    refuses_tokenizer(&pipeline, "a_tokenizer_with_more_tokens_than_its_encoder");
    // Without a configuration the graph tells.
    let mut bare = pipeline;
    bare.encoders[0].config = None;
    let error = encode(&mut PromptEncoder::open(&bare).unwrap(), &[text("a")], None).unwrap_err();
    assert!(matches!(error, TextError::Vocabulary { tokens: 2514, known: 1000, .. }), "{error}");
}

#[test]
fn a_tokenizer_of_another_kind() {
    let of_t5 = pipeline("flux").encoders[1].tokenizer.clone();
    refuses_tokenizer(&with_tokenizer("sd15", of_t5), "a_tokenizer_of_another_kind");
}

#[test]
fn a_tokenizer_that_ends_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let own = pipeline("sd15").encoders[0].tokenizer.clone();
    for file in ["vocab.json", "merges.txt"] {
        std::fs::copy(own.join(file), folder.path().join(file)).unwrap();
    }
    std::fs::write(folder.path().join("tokenizer_config.json"), r#"{"eos_token": "!"}"#).unwrap();
    refuses_tokenizer(&with_tokenizer("sd15", folder.path().into()), "a_tokenizer_that_ends_otherwise");
}
