//! A tokenizer's files: `tokenizer.json`, or CLIP's two from which one is made, and what lies beside them.

use super::TextError;
use crate::words::count;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Start and end of a text in CLIP's vocabulary.
const START: &str = "<|startoftext|>";
const END: &str = "<|endoftext|>";
/// Merges beyond these are not read by anyone.
const MOST_MERGES: usize = 49_152 - 256 - 2;
/// How CLIP cuts a text into words.
const WORDS: &str = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

/// `tokenizer_config.json`, with what `special_tokens_map.json` says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Config {
    pub(super) model_max_length: Option<f64>,
    bos_token: Option<Token>,
    eos_token: Option<Token>,
    unk_token: Option<Token>,
    pub(super) pad_token: Option<Token>,
    additional_special_tokens: Option<Vec<Token>>,
    added_tokens_decoder: Option<Map<String, Value>>,
}

/// A token as these files write it: its text, or its text and how it is found.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Token {
    Text(String),
    Whole {
        content: String,
        #[serde(default)]
        lstrip: bool,
        #[serde(default)]
        rstrip: bool,
        #[serde(default)]
        single_word: bool,
        #[serde(default)]
        normalized: bool,
    },
}

impl Token {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(content) | Self::Whole { content, .. } => content,
        }
    }

    /// As the `tokenizers` crate has it.
    pub(super) fn added(&self) -> tokenizers::AddedToken {
        let token = tokenizers::AddedToken::from(self.text(), true);
        match self {
            Self::Text(_) => token,
            Self::Whole { lstrip, rstrip, single_word, normalized, .. } => {
                token.lstrip(*lstrip).rstrip(*rstrip).single_word(*single_word).normalized(*normalized)
            }
        }
    }
}

impl Config {
    /// Reads what is there.
    pub(super) fn read(folder: &Path) -> Result<Self, TextError> {
        let file = folder.join("tokenizer_config.json");
        let mut config: Self = if file.exists() { parse(&file)? } else { Self::default() };
        let map = folder.join("special_tokens_map.json");
        // Newer files list their tokens themselves.
        if map.exists() && config.added_tokens_decoder.is_none() {
            let said: Self = parse(&map)?;
            config.bos_token = said.bos_token.or(config.bos_token);
            config.eos_token = said.eos_token.or(config.eos_token);
            config.unk_token = said.unk_token.or(config.unk_token);
            config.pad_token = said.pad_token.or(config.pad_token);
            config.additional_special_tokens = said.additional_special_tokens.or(config.additional_special_tokens);
        }
        Ok(config)
    }

    /// The special tokens it names, with what each is for.
    pub(super) fn special(&self) -> Vec<(&'static str, &Token)> {
        let named = [
            ("start token", &self.bos_token),
            ("end token", &self.eos_token),
            ("unknown token", &self.unk_token),
            ("padding token", &self.pad_token),
        ];
        let further = self.additional_special_tokens.iter().flatten().map(|token| ("special token", token));
        named.into_iter().filter_map(|(role, token)| Some((role, token.as_ref()?))).chain(further).collect()
    }
}

/// What the `tokenizers` crate reads: the folder's `tokenizer.json`, or one made of CLIP's files.
pub(super) fn tokenizer_json(folder: &Path, config: &Config) -> Result<(PathBuf, Value), TextError> {
    let whole = folder.join("tokenizer.json");
    if whole.exists() {
        let value = parse(&whole)?;
        return Ok((whole, value));
    }
    let (vocabulary, merges) = (folder.join("vocab.json"), folder.join("merges.txt"));
    match (vocabulary.exists(), merges.exists()) {
        (true, true) => Ok((vocabulary.clone(), clip(folder, (&vocabulary, &merges), config)?)),
        (true, false) => Err(TextError::HalfTokenizer { folder: folder.into(), missing: "merges.txt" }),
        (false, true) => Err(TextError::HalfTokenizer { folder: folder.into(), missing: "vocab.json" }),
        (false, false) if folder.join("spiece.model").exists() => {
            Err(TextError::SentencePiece { folder: folder.into() })
        }
        (false, false) => Err(TextError::NoTokenizer { folder: folder.into() }),
    }
}

/// CLIP's byte-level BPE. It cleans a text as transformers' CLIPTokenizerFast does, not as ftfy would.
fn clip(folder: &Path, (vocabulary, merges): (&Path, &Path), config: &Config) -> Result<Value, TextError> {
    let vocab: Map<String, Value> = parse(vocabulary)?;
    let text = |token: &Option<Token>, default: &str| token.as_ref().map_or(default, Token::text).to_owned();
    let start = text(&config.bos_token, START);
    let end = text(&config.eos_token, END);
    let id = |token: &str, role| match vocab.get(token) {
        Some(id) => Ok(id.clone()),
        None => Err(TextError::NoToken { folder: folder.into(), token: token.into(), role }),
    };
    let (start_id, end_id) = (id(&start, "start token")?, id(&end, "end token")?);
    let lines = read(merges)?;
    let lines = String::from_utf8(lines).map_err(|_| file_error(merges, "it is not UTF-8 text"))?;
    // The first line is the version.
    let pairs = lines.trim().lines().skip(1).take(MOST_MERGES);
    let pairs: Vec<Vec<&str>> = pairs.map(|line| line.split_whitespace().collect()).collect();
    if let Some(at) = pairs.iter().position(|pair| pair.len() != 2) {
        return Err(file_error(merges, &format!("line {} is not a pair of tokens", at + 2)));
    }
    fit(merges, &vocab, &pairs, config)?;
    let special = |content: &str, id: &Value| {
        json!({
            "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": true,
            "special": true
        })
    };
    let added = if start == end {
        vec![special(&end, &end_id)]
    } else {
        vec![special(&start, &start_id), special(&end, &end_id)]
    };
    Ok(json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFC"},
            {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
            {"type": "Lowercase"},
        ]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": WORDS}, "behavior": "Removed", "invert": true},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        ]},
        "post_processor": {
            "type": "RobertaProcessing", "sep": [end, end_id], "cls": [start, start_id], "trim_offsets": false,
            "add_prefix_space": false
        },
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {
            "type": "BPE", "dropout": null, "unk_token": text(&config.unk_token, END), "continuing_subword_prefix": "",
            "end_of_word_suffix": "</w>", "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": vocab, "merges": pairs
        }
    }))
}

/// Refuses merges of another vocabulary: each piece of a merge has a token, and each longer token comes from a merge.
fn fit(merges: &Path, vocab: &Map<String, Value>, pairs: &[Vec<&str>], config: &Config) -> Result<(), TextError> {
    let error = |reason: String| Err(file_error(merges, &format!("{reason}; copy the files of one model again")));
    let mut made = HashSet::with_capacity(pairs.len());
    for (at, pair) in pairs.iter().enumerate() {
        let whole = pair.concat();
        if let Some(missing) = pair.iter().copied().chain([whole.as_str()]).find(|piece| !vocab.contains_key(*piece)) {
            return error(format!("line {} makes or merges \"{missing}\", which vocab.json does not have", at + 2));
        }
        made.insert(whole);
    }
    let named: Vec<&str> = config.special().into_iter().map(|(_, token)| token.text()).collect();
    // Special and added tokens are in brackets.
    let is_added = |token: &str| named.contains(&token) || (token.starts_with('<') && token.ends_with('>'));
    let is_letter = |token: &str| token.strip_suffix("</w>").unwrap_or(token).chars().nth(1).is_none();
    let lost = vocab.keys().filter(|token| !made.contains(*token) && !is_letter(token) && !is_added(token)).count();
    if lost == 0 {
        return Ok(());
    }
    let missing = count(lost, "token");
    error(format!("it is cut short or of another model, as no merge makes {missing} of vocab.json"))
}

pub(super) fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, TextError> {
    serde_json::from_slice(&read(path)?).map_err(|error| file_error(path, &error.to_string()))
}

fn read(path: &Path) -> Result<Vec<u8>, TextError> {
    std::fs::read(path).map_err(|error| TextError::Read { path: path.into(), error })
}

pub(super) fn file_error(path: &Path, reason: &str) -> TextError {
    TextError::File { path: path.into(), reason: reason.into() }
}
