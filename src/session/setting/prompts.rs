//! Prompts of text-to-image models, as settings and files write them.

use crate::denoiser::guided::LevelMode;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A prompt per resolution level, as the user gives them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptsByLevel {
    /// The prompts, finest level first; the last one is also used for everything coarser.
    pub prompts: Vec<String>,
    /// How they are combined.
    pub mode: LevelMode,
    /// n between neighbouring levels.
    pub factor: usize,
}

impl PromptsByLevel {
    /// These prompts, blended, with levels of 2.
    #[must_use]
    pub fn new(prompts: Vec<String>) -> Self {
        Self { prompts, mode: LevelMode::default(), factor: 2 }
    }

    /// The prompts of one line: `|` outside brackets separates them, `\|` is a `|`.
    pub fn read(text: &str) -> Result<Vec<String>, String> {
        let prompts = split(text);
        if prompts.len() == 1 && prompts[0].is_empty() {
            return Err("give a prompt per level, finest first, with | between them".into());
        }
        Ok(prompts)
    }

    /// The prompts as one line, which [`read`](Self::read) reads.
    #[must_use]
    pub fn line(&self) -> String {
        let escaped: Vec<String> = self.prompts.iter().map(|prompt| escape(prompt)).collect();
        escaped.join(" | ")
    }
}

/// Which characters stand inside brackets that are closed; a bracket without its partner is a character like any other.
fn inside_brackets(characters: &[char]) -> Vec<bool> {
    let mut depth = vec![0_isize; characters.len() + 1];
    let mut open: Vec<(char, usize)> = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        match characters[at] {
            '\\' => at += 1,
            bracket @ ('(' | '[') => open.push((bracket, at)),
            closing @ (')' | ']') => {
                let partner = if closing == ')' { '(' } else { '[' };
                if let Some(found) = open.iter().rposition(|(bracket, _)| *bracket == partner) {
                    depth[open[found].1] += 1;
                    depth[at] -= 1;
                    open.truncate(found);
                }
            }
            _ => {}
        }
        at += 1;
    }
    let mut now = 0;
    depth[..characters.len()]
        .iter()
        .map(|change| {
            now += change;
            now > 0
        })
        .collect()
}

fn split(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let inside = inside_brackets(&characters);
    let mut prompts = vec![String::new()];
    let mut at = 0;
    while at < characters.len() {
        let character = characters[at];
        let next = characters.get(at + 1);
        let last = prompts.len() - 1;
        match (character, next) {
            ('\\', Some('|')) if !inside[at] => {
                prompts[last].push('|');
                at += 1;
            }
            ('\\', Some(&next)) => {
                prompts[last].extend(['\\', next]);
                at += 1;
            }
            ('|', _) if !inside[at] => prompts.push(String::new()),
            _ => prompts[last].push(character),
        }
        at += 1;
    }
    for prompt in &mut prompts {
        *prompt = prompt.trim().to_owned();
    }
    prompts
}

fn escape(prompt: &str) -> String {
    let characters: Vec<char> = prompt.chars().collect();
    let inside = inside_brackets(&characters);
    let mut escaped = String::with_capacity(prompt.len());
    for (character, inside) in characters.into_iter().zip(inside) {
        if character == '|' && !inside {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Which steps of a run in latents are decoded to images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Decode {
    /// The last.
    #[default]
    Last,
    /// Every so many, and the last.
    Every(usize),
    /// None.
    None,
}

impl Decode {
    /// Whether it is the default.
    #[must_use]
    #[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
    pub fn is_last(&self) -> bool {
        *self == Self::Last
    }

    /// Whether a step of a run is decoded.
    #[must_use]
    pub const fn has(self, step: usize, steps: usize) -> bool {
        let is_last = step + 1 == steps;
        match self {
            Self::Last => is_last,
            Self::Every(every) => is_last || (every > 0 && step.is_multiple_of(every)),
            Self::None => false,
        }
    }
}

impl fmt::Display for Decode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last => f.write_str("last"),
            Self::Every(every) => write!(f, "every:{every}"),
            Self::None => f.write_str("none"),
        }
    }
}

impl FromStr for Decode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "last" => Ok(Self::Last),
            "none" => Ok(Self::None),
            text => {
                let every = text.strip_prefix("every:").and_then(|every| every.trim().parse().ok());
                every.filter(|&every| every > 0).map(Self::Every).ok_or_else(|| "use last, every:N or none".into())
            }
        }
    }
}

impl TryFrom<String> for Decode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|needed| format!("\"{text}\" cannot be decoded: {needed}"))
    }
}

impl From<Decode> for String {
    fn from(decode: Decode) -> Self {
        decode.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_separated_outside_brackets_only() {
        let read = |text: &str| PromptsByLevel::read(text).unwrap();
        assert_eq!(read("fur | a cat|  a hill "), ["fur", "a cat", "a hill"]);
        assert_eq!(read("[red|blue] fur|a (cat|dog:1.2)"), ["[red|blue] fur", "a (cat|dog:1.2)"]);
        assert_eq!(read(r"a \| b|c"), ["a | b", "c"]);
        assert_eq!(read(r"[a\|b]|c\\|d"), [r"[a\|b]", r"c\\", "d"], "an escape within brackets is theirs");
        assert_eq!(read("a :( | b"), ["a :(", "b"], "an open bracket without its partner keeps nothing together");
        assert_eq!(read(r"a \[b | c\]"), [r"a \[b", r"c\]"]);
        assert_eq!(read("a||b"), ["a", "", "b"], "an empty prompt is a prompt");
        assert!(PromptsByLevel::read("  ").is_err());
    }

    #[test]
    fn prompts_as_a_line_are_read_again() {
        for prompts in [vec!["a | b", "[c|d]", "e :("], vec!["one"], vec!["a", "", "b"]] {
            let prompts: Vec<String> = prompts.into_iter().map(str::to_owned).collect();
            assert_eq!(PromptsByLevel::read(&PromptsByLevel::new(prompts.clone()).line()).unwrap(), prompts);
        }
    }

    #[test]
    fn steps_to_decode_are_read_and_written() {
        for decode in [Decode::Last, Decode::Every(4), Decode::None] {
            assert_eq!(decode.to_string().parse(), Ok(decode));
            let json = serde_json::to_string(&decode).unwrap();
            assert_eq!(serde_json::from_str::<Decode>(&json).unwrap(), decode);
        }
        for wrong in ["every:0", "every", "all", "every:-1"] {
            assert_eq!(wrong.parse::<Decode>(), Err("use last, every:N or none".into()), "{wrong}");
        }
        let decoded = |decode: Decode| (0..6).filter(|&step| decode.has(step, 6)).collect::<Vec<_>>();
        assert_eq!(decoded(Decode::Every(2)), [0, 2, 4, 5]);
        assert_eq!((decoded(Decode::Last), decoded(Decode::None)), (vec![5], vec![]));
    }
}
