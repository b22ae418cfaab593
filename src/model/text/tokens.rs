//! A prompt as an encoder reads it.

use crate::words::{count, joined, shortened};
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

/// Characters of what fell off that a sentence holds where there is room for it.
pub const MOST_SHOWN: usize = 2000;
/// The same where there is little.
pub const FEW_SHOWN: usize = 200;

impl Tokens {
    /// Whether another encoder reads as much of the same prompt.
    pub(super) fn has_same_end(&self, other: &Self) -> bool {
        let end = |tokens: &Self| (tokens.found, tokens.ids.len(), tokens.room, tokens.fell_off.clone());
        end(self) == end(other)
    }

    /// What whoever wrote the prompt must know of it, a sentence each. `readers`: the names of the encoders that read it so,
    /// if there are others. Of the words that fell off, `most` characters are shown.
    #[must_use]
    pub fn notes(&self, readers: &[&str], most: usize) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(words) = &self.fell_off {
            // The limit that everyone knows counts start and end.
            let limit = self.ids.len();
            let found = count(self.found + limit - self.room, "token");
            let reader = match readers {
                [] => "the text encoder reads".to_owned(),
                [one] => format!("{one} reads"),
                several => format!("{} read", joined(several, "and")),
            };
            let left_out = count(words.split_whitespace().count(), "word");
            let words = shortened(words, most);
            notes.push(format!(
                "with start and end the prompt has {found}, and {reader} {limit}; {left_out} left out: \"{words}\""
            ));
        }
        if self.has_break {
            notes.push("BREAK starts no new part here; it was left out, and the prompt is read as one".into());
        }
        notes
    }
}
