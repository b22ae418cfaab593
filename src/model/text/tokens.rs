//! A prompt as an encoder reads it.

use crate::words::{count, shortened};
use std::ops::Range;

/// A prompt in tokens, as many as the encoder reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Tokens {
    /// The ids, with start, end and padding.
    pub ids: Vec<i64>,
    /// The weight of each id; start, end and padding weigh 1.
    pub weights: Vec<f64>,
    /// How many of the ids are not padding.
    pub used: usize,
    /// The tokens of the prompt that the encoder reads.
    pub pieces: Vec<Piece>,
    /// How many tokens the prompt has.
    pub found: usize,
    /// How many of them the encoder can read.
    pub room: usize,
    /// What it cannot read, as it stands in the prompt.
    pub fell_off: Option<String>,
    /// Whether there was a `BREAK`, which was left out.
    pub has_break: bool,
}

/// A token of a prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Its letters in the prompt; what the tokenizer calls it where it has none there.
    pub text: String,
    /// Its id.
    pub id: i64,
    /// Where it is in the prompt, bytes.
    pub span: Range<usize>,
    /// How much it weighs.
    pub weight: f64,
}

/// Characters of what fell off that a sentence holds.
const SHOWN: usize = 200;

impl Tokens {
    /// What whoever wrote the prompt must know of it, a sentence each.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(words) = &self.fell_off {
            let (found, words) = (count(self.found, "token"), shortened(words, SHOWN));
            notes.push(format!(
                "the prompt has {found}, and the text encoder reads {}; left out: \"{words}\"",
                self.room
            ));
        }
        if self.has_break {
            notes.push("BREAK starts no new part here; it was left out, and the prompt is read as one".into());
        }
        notes
    }
}
