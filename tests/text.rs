//! Prompts: token ids against transformers, emphasis and editing against tools/golden/text.py, and what is said of files
//! that do not fit.
#![allow(clippy::unwrap_used)]

mod common;

use chromascope::model::text::editing::Texts;
use chromascope::model::text::emphasis::{self, Emphasis};
use chromascope::model::text::{MOST_SHOWN, TextError, Tokenizer};
use common::faults::assert_documented;
use ndarray::Array2;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/text")
}

fn tokenizer(name: &str) -> Tokenizer {
    Tokenizer::open(&golden().join(name)).unwrap()
}

fn table<T: for<'a> Deserialize<'a>>(name: &str) -> Vec<T> {
    let rows: Vec<T> = serde_json::from_slice(&std::fs::read(golden().join(name)).unwrap()).unwrap();
    assert!(rows.len() >= 300, "{name}: {} rows", rows.len());
    rows
}

#[derive(Deserialize)]
struct TokenRow {
    text: String,
    clip: Vec<i64>,
    clip_2: Vec<i64>,
    t5: Vec<i64>,
    counts: [usize; 3],
}

#[test]
fn token_ids_are_those_of_transformers() {
    let tokenizers = [tokenizer("clip"), tokenizer("clip_2"), tokenizer("t5")];
    assert_eq!(tokenizers.each_ref().map(Tokenizer::limit), [77, 77, 64]);
    let mut cut = 0;
    for row in table::<TokenRow>("tokens.json") {
        let expected = [&row.clip, &row.clip_2, &row.t5];
        for ((tokenizer, expected), count) in tokenizers.iter().zip(expected).zip(row.counts) {
            let tokens = tokenizer.encode_plain(&row.text);
            let name = tokenizer.folder().file_name().unwrap().display();
            assert_eq!(&tokens.ids, expected, "{name}: {:?}", row.text);
            let around = tokenizer.limit() - tokenizer.room();
            assert_eq!(tokens.found + around, count, "{name}: {:?}", row.text);
            assert_eq!(tokens.fell_off.is_some(), count > tokenizer.limit(), "{name}: {:?}", row.text);
            cut += usize::from(tokens.fell_off.is_some());
            for piece in &tokens.pieces {
                assert!(row.text.is_char_boundary(piece.span.start) && row.text.is_char_boundary(piece.span.end));
            }
        }
    }
    assert!(cut > 20, "{cut} were cut");
}

#[test]
fn pieces_are_where_they_stand_in_the_prompt() {
    let prompt = r"A Café, (the \(blue\) cat:1.3)!";
    let tokens = tokenizer("clip").encode(prompt);
    let mut last = 0;
    for piece in &tokens.pieces {
        assert!(piece.span.start >= last, "{piece:?}");
        last = piece.span.start;
        assert_eq!(prompt[piece.span.clone()].trim(), piece.text);
        let within = piece.span.start > prompt.find('(').unwrap() && piece.span.start < prompt.len() - 1;
        assert_eq!(piece.weight, if within { 1.3 } else { 1.0 }, "{piece:?}");
    }
    let letters: String = tokens.pieces.iter().map(|piece| piece.text.as_str()).collect();
    assert_eq!(letters, "ACafé,the(blue)cat!");
    assert_eq!(tokens.weights.len(), 77);
    assert_eq!(
        &tokens.weights[1..=tokens.pieces.len()],
        tokens.pieces.iter().map(|piece| piece.weight).collect::<Vec<_>>()
    );
}

#[test]
fn what_falls_off_is_told_in_the_words_of_the_prompt() {
    let tokenizer = tokenizer("clip").with_limit(6);
    let tokens = tokenizer.encode("a a a (a: 1.2) the Cat, sits");
    assert_eq!((tokens.found > 4, tokens.room, tokens.ids.len()), (true, 4, 6));
    assert_eq!(tokens.fell_off.as_deref(), Some("the Cat, sits"));
    let note = tokens.notes(&[], MOST_SHOWN).remove(0);
    assert_documented(&note, "text::what_falls_off_is_told_in_the_words_of_the_prompt", &[]);
    assert_eq!(tokenizer.encode("a a a a").notes(&[], MOST_SHOWN), Vec::<String>::new());
}

#[test]
fn a_break_is_not_left_out_silently() {
    let tokens = tokenizer("clip").encode("a cat BREAK a dog");
    assert_documented(&tokens.notes(&[], MOST_SHOWN).remove(0), "text::a_break_is_not_left_out_silently", &[]);
    assert_eq!(tokens.ids, tokenizer("clip").encode("a cat a dog").ids);
}

#[test]
fn a_prompt_of_ten_thousand_words_is_read_at_once() {
    let words: Vec<String> =
        (0..10_000).map(|n| format!("word{n} ({}:1.2)", ["cat", "café", "猫", "😀"][n % 4])).collect();
    let prompt = words.join(", ");
    for name in ["clip", "t5"] {
        let tokenizer = tokenizer(name);
        let started = Instant::now();
        let tokens = tokenizer.encode(&prompt);
        // Builds for tests do not optimise the tokenizers; a quadratic algorithm would take minutes.
        assert!(started.elapsed() < Duration::from_secs(20), "{name}: {:?}", started.elapsed());
        assert!(tokens.found > 50_000 && tokens.fell_off.unwrap().ends_with(":1.2)"));
    }
}

#[derive(Deserialize)]
struct EmphasisRow {
    prompt: String,
    parts: Vec<(String, f64)>,
    ids: Option<Vec<i64>>,
    weights: Option<Vec<f64>>,
    states: Option<Vec<[f64; 4]>>,
}

#[test]
fn emphasis_is_that_of_the_published_rules() {
    let tokenizer = tokenizer("clip");
    let mut compared = 0;
    for row in table::<EmphasisRow>("emphasis.json") {
        let found = Emphasis::of(&row.prompt);
        if found.has_break {
            continue;
        }
        let texts: Vec<_> = found.parts.iter().map(|part| part.text.as_str()).collect();
        assert_eq!(texts, row.parts.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), "{:?}", row.prompt);
        for (part, (_, weight)) in found.parts.iter().zip(&row.parts) {
            assert!((part.weight - weight).abs() <= 1e-12 * weight.abs(), "{:?}: {} {weight}", row.prompt, part.weight);
        }
        let (Some(ids), Some(weights)) = (row.ids, row.weights) else { continue };
        let tokens = tokenizer.encode(&row.prompt);
        assert_eq!(tokens.ids, ids, "{:?}", row.prompt);
        assert!(tokens.weights.iter().zip(&weights).all(|(found, expected)| (found - expected).abs() < 1e-9));
        if let Some(expected) = row.states {
            let mut states = Array2::from_shape_fn((77, 4), |(token, channel)| {
                ((0.37 * token as f64 + 1.3 * channel as f64).sin() + 0.5) as f32
            });
            emphasis::apply(&mut states, &tokens.weights);
            for (found, expected) in states.iter().zip(expected.iter().flatten()) {
                assert!((f64::from(*found) - expected).abs() < 1e-5, "{:?}: {found} {expected}", row.prompt);
            }
            compared += 1;
        }
    }
    assert!(compared > 30, "{compared}");
}

#[derive(Deserialize)]
struct EditingRow {
    prompt: String,
    steps: BTreeMap<String, Vec<(usize, String)>>,
}

#[test]
fn editing_is_that_of_the_published_rules() {
    let mut changes = 0;
    for row in table::<EditingRow>("editing.json") {
        for (steps, expected) in row.steps {
            let found = Texts::of(&[&row.prompt], steps.parse().unwrap());
            let texts: Vec<_> =
                found.over_time[0].iter().map(|&(step, number)| (step, found.texts[number].clone())).collect();
            assert_eq!(texts, expected, "{:?} in {steps} steps", row.prompt);
            changes += texts.len() - 1;
        }
    }
    assert!(changes > 1000, "{changes}");
}

/// A folder with some of a golden tokenizer's files.
fn with(name: &str, files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        std::fs::copy(golden().join(name).join(file), folder.path().join(file)).unwrap();
    }
    folder
}

#[track_caller]
fn says(folder: &TempDir, test: &str) {
    let Err(error) = Tokenizer::open(folder.path()) else { panic!("it opened") };
    let words = [
        ("FOLDER", folder.path().display().to_string()),
        ("MERGES", folder.path().join("merges.txt").display().to_string()),
        ("VOCABULARY", folder.path().join("vocab.json").display().to_string()),
        ("TOKENIZER", folder.path().join("tokenizer.json").display().to_string()),
    ];
    assert_documented(&error.to_string(), &format!("text::{test}"), &words);
}

#[test]
fn no_tokenizer() {
    says(&with("clip", &["tokenizer_config.json"]), "no_tokenizer");
}

#[test]
fn half_a_tokenizer() {
    says(&with("clip", &["vocab.json"]), "half_a_tokenizer");
    let other = with("clip", &["merges.txt"]);
    let error = Tokenizer::open(other.path()).err().unwrap();
    assert!(matches!(error, TextError::HalfTokenizer { missing: "vocab.json", .. }));
}

#[test]
fn a_sentencepiece_model_alone() {
    let folder = with("t5", &["tokenizer_config.json"]);
    std::fs::write(folder.path().join("spiece.model"), b"\x0a").unwrap();
    says(&folder, "a_sentencepiece_model_alone");
}

#[test]
fn files_of_two_tokenizers() {
    let folder = with("clip", &["merges.txt"]);
    std::fs::write(folder.path().join("vocab.json"), r#"{"a": 0, "<|startoftext|>": 1, "<|endoftext|>": 2}"#).unwrap();
    says(&folder, "files_of_two_tokenizers");
}

#[test]
fn merges_that_are_cut_short() {
    let folder = with("clip", &["vocab.json", "merges.txt"]);
    let merges = std::fs::read_to_string(folder.path().join("merges.txt")).unwrap();
    let short: Vec<&str> = merges.lines().take(50).collect();
    std::fs::write(folder.path().join("merges.txt"), short.join("\n")).unwrap();
    says(&folder, "merges_that_are_cut_short");
}

#[test]
fn a_vocabulary_without_an_end() {
    let folder = with("clip", &["merges.txt"]);
    std::fs::write(folder.path().join("vocab.json"), r#"{"a": 0, "<|startoftext|>": 1}"#).unwrap();
    says(&folder, "a_vocabulary_without_an_end");
}

#[test]
fn merges_that_are_no_pairs() {
    let folder = with("clip", &["vocab.json"]);
    std::fs::write(folder.path().join("merges.txt"), "#version\nt h\nth e x\n").unwrap();
    says(&folder, "merges_that_are_no_pairs");
}

#[test]
fn a_tokenizer_that_is_cut_short() {
    let folder = with("t5", &["tokenizer.json"]);
    let text = std::fs::read_to_string(folder.path().join("tokenizer.json")).unwrap();
    std::fs::write(folder.path().join("tokenizer.json"), &text[..text.len() / 2]).unwrap();
    says(&folder, "a_tokenizer_that_is_cut_short");
    std::fs::write(folder.path().join("tokenizer.json"), "{}").unwrap();
    assert!(matches!(Tokenizer::open(folder.path()), Err(TextError::File { .. })));
}

#[test]
fn a_padding_token_of_another_model() {
    let folder = with("clip", &["vocab.json", "merges.txt"]);
    std::fs::write(folder.path().join("tokenizer_config.json"), r#"{"pad_token": "<padding>"}"#).unwrap();
    says(&folder, "a_padding_token_of_another_model");
}

#[test]
fn a_limit_that_says_nothing_is_that_of_the_kind() {
    for (name, files, expected) in
        [("clip", &["vocab.json", "merges.txt"][..], 77), ("t5", &["tokenizer.json"][..], 512)]
    {
        for limit in ["1000000000000000019884624838656", "1e30", "0", "-1", "null"] {
            let folder = with(name, files);
            let config = folder.path().join("tokenizer_config.json");
            std::fs::write(config, format!(r#"{{"model_max_length": {limit}}}"#)).unwrap();
            assert_eq!(Tokenizer::open(folder.path()).unwrap().limit(), expected, "{name} {limit}");
        }
        assert_eq!(Tokenizer::open(with(name, files).path()).unwrap().limit(), expected);
    }
}

#[test]
fn padding_is_what_each_tokenizer_says() {
    let padding = |tokenizer: &Tokenizer| *tokenizer.encode_plain("cat").ids.last().unwrap();
    let (clip, clip_2, t5) = (tokenizer("clip"), tokenizer("clip_2"), tokenizer("t5"));
    assert_eq!(padding(&clip), i64::from(clip.end_id().unwrap()));
    assert_eq!((padding(&clip_2), padding(&t5)), (0, 0));
    // Older folders say it in the map of special tokens alone, as text or with how it is found.
    for token in
        [r#""!""#, r#"{"content": "!", "lstrip": false, "normalized": false, "rstrip": false, "single_word": false}"#]
    {
        let folder = with("clip", &["vocab.json", "merges.txt", "tokenizer_config.json"]);
        std::fs::write(folder.path().join("special_tokens_map.json"), format!(r#"{{"pad_token": {token}}}"#)).unwrap();
        let found = Tokenizer::open(folder.path()).unwrap();
        assert_eq!(found.encode_plain("wow! ok").ids, clip_2.encode_plain("wow! ok").ids);
    }
    // Without any word of it, the end pads.
    let bare = Tokenizer::open(with("clip", &["vocab.json", "merges.txt"]).path()).unwrap();
    assert_eq!(padding(&bare), i64::from(bare.end_id().unwrap()));
}

#[test]
fn truncation_and_padding_of_a_file_are_not_done_twice() {
    let folder = with("t5", &["tokenizer.json", "tokenizer_config.json"]);
    let file = folder.path().join("tokenizer.json");
    let mut json: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    json["truncation"] =
        serde_json::json!({"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0});
    json["padding"] = serde_json::json!({
        "strategy": {"Fixed": 3}, "direction": "Left", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "<pad>"
    });
    std::fs::write(&file, json.to_string()).unwrap();
    let prompt = "a cat on the roof of a house";
    assert_eq!(Tokenizer::open(folder.path()).unwrap().encode(prompt), tokenizer("t5").encode(prompt));
}
