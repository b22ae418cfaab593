//! How much each part of a prompt weighs.
//!
//! The rules are those that AUTOMATIC1111's web UI documents: `(a)` weighs 1.1 times as much, `[a]` 1.1 times less,
//! `(a:1.3)` 1.3 times as much; brackets nest, and `\(`, `\)`, `\[`, `\]` and `\\` are the characters themselves. What is
//! not closed reaches to the end. A closing bracket without an opening one is text.

use ndarray::{Array2, Axis};

/// The weight of brackets without a number.
const BRACKETS: f64 = 1.1;
/// No weight is further from 0, so that nothing overflows however deep the brackets are.
const MOST: f64 = 1e6;
/// Starts a new chunk of 75 tokens elsewhere.
const BREAK: &str = "BREAK";

/// A prompt in parts of one weight each.
#[derive(Clone, Debug, PartialEq)]
pub struct Emphasis {
    /// The parts, neighbours with different weights; at least one.
    pub parts: Vec<Part>,
    /// Whether there was a `BREAK`, which was left out.
    pub has_break: bool,
}

/// Text of one weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The text, without brackets, weights and escapes.
    pub text: String,
    /// Its weight.
    pub weight: f64,
    /// For each byte of the text, and for its end, the byte in the prompt.
    pub places: Vec<usize>,
}

impl Part {
    fn new(end: usize) -> Self {
        Self { text: String::new(), weight: 1.0, places: vec![end] }
    }

    /// Appends a piece of the prompt that begins at this byte.
    fn push(&mut self, text: &str, place: usize) {
        self.places.pop();
        self.places.extend(place..=place + text.len());
        self.text.push_str(text);
    }

    /// Leaves out each `BREAK` that is a word of its own. Returns whether there was one.
    fn without_breaks(&mut self) -> bool {
        let is_of_word = |character: Option<char>| {
            character.is_some_and(|character| character.is_alphanumeric() || character == '_')
        };
        let mut kept = Self::new(self.places[self.text.len()]);
        let mut copied = 0;
        for (at, _) in self.text.match_indices(BREAK) {
            let after = at + BREAK.len();
            let (before, behind) = (self.text[..at].chars().next_back(), self.text[after..].chars().next());
            if is_of_word(before) || is_of_word(behind) {
                continue;
            }
            kept.push(&self.text[copied..at], self.places[copied]);
            kept.push(" ", self.places[at]);
            copied = after;
        }
        if copied == 0 {
            return false;
        }
        self.copy_from(copied, &mut kept);
        kept.weight = self.weight;
        *self = kept;
        true
    }

    /// Appends what is behind a byte to another part, with its places.
    fn copy_from(&self, first: usize, to: &mut Self) {
        to.places.pop();
        to.places.extend(&self.places[first..]);
        to.text.push_str(&self.text[first..]);
    }
}

impl Emphasis {
    /// Reads a prompt. Whatever it holds, it has a meaning.
    #[must_use]
    pub fn of(prompt: &str) -> Self {
        let mut reader = Reader { prompt, parts: Vec::new(), round: Vec::new(), square: Vec::new() };
        reader.read();
        let (round, square) = (std::mem::take(&mut reader.round), std::mem::take(&mut reader.square));
        for first in round {
            reader.scale(first, BRACKETS);
        }
        for first in square {
            reader.scale(first, 1.0 / BRACKETS);
        }
        let mut parts: Vec<Part> = Vec::new();
        let mut has_break = false;
        for mut part in reader.parts {
            // Before a neighbour of equal weight is put beside it.
            has_break |= part.without_breaks();
            match parts.last_mut() {
                Some(last) if last.weight == part.weight => part.copy_from(0, last),
                _ => parts.push(part),
            }
        }
        if parts.is_empty() {
            parts.push(Part::new(prompt.len()));
        }
        Self { parts, has_break }
    }

    /// The prompt as it stands, all of weight 1.
    #[must_use]
    pub fn none(prompt: &str) -> Self {
        let mut part = Part::new(prompt.len());
        part.push(prompt, 0);
        Self { parts: vec![part], has_break: false }
    }
}

/// Reads a prompt from left to right.
struct Reader<'a> {
    prompt: &'a str,
    parts: Vec<Part>,
    /// The first part inside each bracket that is open.
    round: Vec<usize>,
    square: Vec<usize>,
}

impl Reader<'_> {
    fn read(&mut self) {
        let mut at = 0;
        while let Some(here) = self.prompt[at..].chars().next() {
            let next = at + here.len_utf8();
            let mut after = next;
            match here {
                '\\' => after = self.escape(next),
                '(' => self.round.push(self.parts.len()),
                '[' => self.square.push(self.parts.len()),
                ')' => match self.round.pop() {
                    Some(first) => self.scale(first, BRACKETS),
                    None => self.text(at, next),
                },
                ']' => match self.square.pop() {
                    Some(first) => self.scale(first, 1.0 / BRACKETS),
                    None => self.text(at, next),
                },
                ':' => match weight(&self.prompt[next..]) {
                    Some((weight, length)) if !self.round.is_empty() => {
                        let first = self.round.pop().unwrap_or_default();
                        self.scale(first, weight);
                        after = next + length;
                    }
                    _ => self.text(at, next),
                },
                _ => {
                    let rest = &self.prompt[at..];
                    after = at + rest.find(['\\', '(', ')', '[', ']', ':']).unwrap_or(rest.len());
                    self.text(at, after);
                }
            }
            at = after;
        }
    }

    /// A bracket or backslash behind a backslash is text. Another backslash is nothing.
    fn escape(&mut self, next: usize) -> usize {
        if self.prompt[next..].starts_with(['(', ')', '[', ']', '\\']) {
            self.text(next, next + 1);
            return next + 1;
        }
        next
    }

    fn text(&mut self, first: usize, end: usize) {
        let mut part = Part::new(end);
        part.push(&self.prompt[first..end], first);
        self.parts.push(part);
    }

    /// Scales the parts from this one on.
    fn scale(&mut self, first: usize, factor: f64) {
        for part in &mut self.parts[first..] {
            part.weight = (part.weight * factor).clamp(-MOST, MOST);
        }
    }
}

/// A number and the bracket behind it, and how many bytes they take.
fn weight(text: &str) -> Option<(f64, usize)> {
    let from = text.len() - text.trim_start().len();
    let is_number = |character: char| character.is_ascii_digit() || character == '.';
    let sign = usize::from(text[from..].starts_with(['+', '-']));
    let end = text[from + sign..].find(|character| !is_number(character))? + from + sign;
    let behind = text[end..].trim_start();
    let number = text[from..end].parse().ok()?;
    behind.starts_with(')').then(|| (number, text.len() - behind.len() + 1))
}

/// Multiplies each token's state `[tokens, width]` by its weight, and restores the mean of all of them. Weights of 1 leave
/// every bit as it is.
pub fn apply(states: &mut Array2<f32>, weights: &[f64]) {
    if weights.iter().all(|&weight| weight == 1.0) {
        return;
    }
    let mean = |states: &Array2<f32>| states.iter().map(|&value| f64::from(value)).sum::<f64>() / states.len() as f64;
    let before = mean(states);
    for (mut state, &weight) in states.axis_iter_mut(Axis(0)).zip(weights) {
        state.mapv_inplace(|value| (f64::from(value) * weight) as f32);
    }
    let ratio = before / mean(states);
    // A mean of 0 cannot be restored.
    if ratio.is_finite() {
        states.mapv_inplace(|value| (f64::from(value) * ratio) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn places_point_into_the_prompt() {
        let prompt = r"a (bé\)c:1.2) BREAK d";
        let emphasis = Emphasis::of(prompt);
        assert!(emphasis.has_break);
        let found: Vec<_> = emphasis.parts.iter().map(|part| (part.text.as_str(), part.weight)).collect();
        assert_eq!(found, [("a ", 1.0), ("bé)c", 1.2), ("   d", 1.0)]);
        for part in &emphasis.parts {
            assert_eq!(part.places.len(), part.text.len() + 1);
            for (at, character) in part.text.char_indices().filter(|(_, character)| *character != ' ') {
                assert!(prompt[part.places[at]..].starts_with(character), "{character} at {at}");
            }
        }
    }

    #[test]
    fn a_break_within_a_word_is_text() {
        // Brackets end a word, of whatever weight they are.
        for prompt in ["BREAK[(fox)]", "BREAK(fox:1) snow", "snow(BREAK:1)fox"] {
            let emphasis = Emphasis::of(prompt);
            assert!(emphasis.has_break && emphasis.parts.iter().all(|part| !part.text.contains(BREAK)), "{prompt}");
        }
        let emphasis = Emphasis::of("aBREAK BREAKs BREAK_");
        assert!(!emphasis.has_break);
        assert_eq!(emphasis.parts[0].text, "aBREAK BREAKs BREAK_");
    }

    #[test]
    fn a_mean_of_zero_is_left() {
        let mut states = ndarray::array![[1.0_f32, -1.0], [2.0, -2.0]];
        apply(&mut states, &[0.0, 2.0]);
        assert_eq!(states, ndarray::array![[0.0, 0.0], [4.0, -4.0]]);
    }

    proptest! {
        #[test]
        fn every_prompt_has_a_meaning(prompt in r"[ab (:.12)\[\]\\é|]{0,60}") {
            let emphasis = Emphasis::of(&prompt);
            prop_assert!(!emphasis.parts.is_empty());
            for part in &emphasis.parts {
                prop_assert!(part.weight.is_finite());
                prop_assert_eq!(part.places.len(), part.text.len() + 1);
                prop_assert!(part.places.iter().all(|&place| place <= prompt.len()));
            }
        }

        #[test]
        fn text_without_brackets_is_of_weight_one(prompt in r"[^\\()\[\]]{0,60}") {
            prop_assume!(!prompt.contains(BREAK));
            prop_assert_eq!(Emphasis::of(&prompt), Emphasis::none(&prompt));
        }
    }
}
