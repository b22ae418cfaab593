//! From a prompt to tokens.

use super::emphasis::Emphasis;
use super::files::{Config, file_error, tokenizer_json};
use super::{Piece, TextError, Tokens};
use serde_json::Value;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Which kind of model a tokenizer is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenizerKind {
    /// Byte pairs whose words end in `</w>`.
    Clip,
    /// A Unigram model, as T5's.
    Unigram,
    /// Any other.
    Other,
}

impl TokenizerKind {
    fn of(json: &Value) -> Self {
        let model = &json["model"];
        match (model["type"].as_str(), model["end_of_word_suffix"].as_str()) {
            (Some("BPE"), Some("</w>")) => Self::Clip,
            (Some("Unigram"), _) => Self::Unigram,
            _ => Self::Other,
        }
    }

    /// How many tokens its encoders read, where no file says it.
    const fn limit(self) -> usize {
        match self {
            Self::Clip => 77,
            Self::Unigram | Self::Other => 512,
        }
    }

    const fn padding(self) -> &'static str {
        match self {
            Self::Clip => "<|endoftext|>",
            Self::Unigram | Self::Other => "<pad>",
        }
    }
}

/// Files say 10³⁰ where there is no limit.
const LONGEST: f64 = 100_000.0;

/// Cuts prompts into tokens, as the tokenizer of transformers with the same files does.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    folder: PathBuf,
    kind: TokenizerKind,
    limit: usize,
    /// What stands before and behind a text.
    before: Vec<u32>,
    behind: Vec<u32>,
    padding: u32,
    largest_id: u32,
}

impl Tokenizer {
    /// Reads the tokenizer of a folder.
    pub fn open(folder: &Path) -> Result<Self, TextError> {
        let config = Config::read(folder)?;
        let (file, mut json) = tokenizer_json(folder, &config)?;
        let kind = TokenizerKind::of(&json);
        // Both are done here, where it is known what falls off.
        json["truncation"] = Value::Null;
        json["padding"] = Value::Null;
        let bytes = serde_json::to_vec(&json).map_err(|error| file_error(&file, &error.to_string()))?;
        let mut inner =
            tokenizers::Tokenizer::from_bytes(bytes).map_err(|error| file_error(&file, &error.to_string()))?;
        for (role, token) in config.special() {
            if inner.token_to_id(token.text()).is_none() {
                return Err(TextError::NoToken { folder: folder.into(), token: token.text().into(), role });
            }
            let is_added = inner.get_added_vocabulary().get_vocab().contains_key(token.text());
            if !is_added {
                inner.add_special_tokens(&[token.added()]);
            }
        }
        let around = inner.encode("a", true).map_err(|error| file_error(&file, &error.to_string()))?;
        let (before, behind) = around_text(around.get_ids(), around.get_special_tokens_mask());
        let named = config.pad_token.as_ref().and_then(|token| inner.token_to_id(token.text()));
        let padding = named.or_else(|| inner.token_to_id(kind.padding())).or(behind.last().copied()).unwrap_or(0);
        let said = config.model_max_length.filter(|&limit| (1.0..=LONGEST).contains(&limit));
        let largest_id = inner.get_vocab(true).into_values().max().unwrap_or(0);
        let tokenizer = Self { inner, folder: folder.into(), kind, limit: 0, before, behind, padding, largest_id };
        // A positive whole number, as it is above 1.
        #[allow(clippy::cast_sign_loss, reason = "checked to be positive")]
        Ok(tokenizer.with_limit(said.map_or(kind.limit(), |limit| limit as usize)))
    }

    /// The same tokenizer for an encoder that reads this many tokens, start and end included.
    #[must_use]
    pub fn with_limit(self, limit: usize) -> Self {
        Self { limit: self.at_least(limit), ..self }
    }

    /// A limit that leaves room for a token.
    const fn at_least(&self, limit: usize) -> usize {
        let least = self.before.len() + self.behind.len() + 1;
        if limit < least { least } else { limit }
    }

    /// How many tokens its encoder reads, start and end included.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// How many tokens a prompt may have.
    #[must_use]
    pub const fn room(&self) -> usize {
        self.limit - self.before.len() - self.behind.len()
    }

    /// Which kind of model it is of.
    #[must_use]
    pub const fn kind(&self) -> TokenizerKind {
        self.kind
    }

    /// The folder it is from.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The largest id it gives.
    #[must_use]
    pub const fn largest_id(&self) -> u32 {
        self.largest_id
    }

    /// The id that ends a text.
    #[must_use]
    pub fn end_id(&self) -> Option<u32> {
        self.behind.last().copied()
    }

    /// The id behind the end.
    #[must_use]
    pub const fn padding_id(&self) -> u32 {
        self.padding
    }

    /// The tokens of a prompt, brackets being emphasis.
    #[must_use]
    pub fn encode(&self, prompt: &str) -> Tokens {
        self.encode_within(prompt, self.limit)
    }

    /// The same for an encoder that reads another number of tokens.
    #[must_use]
    pub fn encode_within(&self, prompt: &str, limit: usize) -> Tokens {
        self.encode_parts(prompt, &Emphasis::of(prompt), self.at_least(limit))
    }

    /// The tokens of a prompt in which brackets are text.
    #[must_use]
    pub fn encode_plain(&self, prompt: &str) -> Tokens {
        self.encode_parts(prompt, &Emphasis::none(prompt), self.limit)
    }

    fn encode_parts(&self, prompt: &str, emphasis: &Emphasis, limit: usize) -> Tokens {
        let room = limit - self.before.len() - self.behind.len();
        let mut pieces = Vec::new();
        let (mut found, mut cut) = (0, None);
        for part in &emphasis.parts {
            // A text has tokens whatever it holds: what a vocabulary lacks is its unknown token.
            let Ok(encoding) = self.inner.encode(part.text.as_str(), false) else { continue };
            let tokens = encoding.get_ids().iter().zip(encoding.get_offsets()).zip(encoding.get_tokens());
            for ((&id, &(first, end)), token) in tokens {
                let span = span(prompt, &part.places, first..end);
                if found < room {
                    let text = Some(prompt[span.clone()].trim()).filter(|text| !text.is_empty());
                    let text = text.unwrap_or(token).to_owned();
                    pieces.push(Piece { text, id: i64::from(id), span, weight: part.weight });
                } else if found == room {
                    cut = Some(span.start);
                }
                found += 1;
            }
        }
        let fell_off = cut.map(|from| prompt[from..].trim().to_owned());
        let (mut ids, mut weights) = (Vec::with_capacity(limit), Vec::with_capacity(limit));
        ids.extend(self.before.iter().map(|&id| i64::from(id)));
        ids.extend(pieces.iter().map(|piece| piece.id));
        ids.extend(self.behind.iter().map(|&id| i64::from(id)));
        let used = ids.len();
        ids.resize(limit, i64::from(self.padding));
        weights.resize(self.before.len(), 1.0);
        weights.extend(pieces.iter().map(|piece| piece.weight));
        weights.resize(limit, 1.0);
        Tokens { ids, weights, used, pieces, found, room, fell_off, has_break: emphasis.has_break }
    }
}

/// What stands before and behind a text of which the special tokens are known.
fn around_text(ids: &[u32], special: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let is_text = |&flag: &u32| flag == 0;
    let first = special.iter().position(is_text).unwrap_or(ids.len() / 2);
    let last = special.iter().rposition(is_text).map_or(first, |last| last + 1);
    (ids[..first].to_vec(), ids[last..].to_vec())
}

/// Bytes of a part's text as bytes of the prompt, at the ends of characters.
fn span(prompt: &str, places: &[usize], bytes: Range<usize>) -> Range<usize> {
    let place = |at: usize| places[at.min(places.len() - 1)];
    let first = (0..=place(bytes.start)).rev().find(|&at| prompt.is_char_boundary(at)).unwrap_or(0);
    // The last byte's place and one more, for what lies between two parts of a text is of neither.
    let last = if bytes.end > bytes.start { place(bytes.end - 1) + 1 } else { first };
    let last = (last.max(first)..=prompt.len()).find(|&at| prompt.is_char_boundary(at)).unwrap_or(prompt.len());
    first..last
}
