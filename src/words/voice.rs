//! One sentence for two front ends: the command line names a setting by its option, the window in plain words.
//!
//! An error of the library holds a [`Name`] and writes both of its forms, marked, into its text. [`Voice::say`] selects one of
//! them; each front end calls it before it prints, so nested errors need no special care.

use std::fmt;

/// Separates the two forms. It is invisible, so an unprocessed text can still be read.
const MARK: char = '\u{2063}';

/// The front end that shows a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// The command line: a setting is its option, `--null-label`.
    CommandLine,
    /// The window: a setting has its name there, "null class".
    Window,
}

/// A name that differs between the command line and the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    plain: &'static str,
    option: Option<&'static str>,
}

impl Name {
    /// In plain words, and as an option without its dashes. The option's value may follow it: `size HxW`.
    #[must_use]
    pub const fn new(plain: &'static str, option: Option<&'static str>) -> Self {
        Self { plain, option }
    }

    /// The name for this front end.
    #[must_use]
    pub fn for_voice(self, voice: Voice) -> String {
        voice.say(&self.to_string())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.option {
            Some(option) => write!(f, "{MARK}{}{MARK}{option}{MARK}", self.plain),
            None => f.write_str(self.plain),
        }
    }
}

impl Voice {
    /// The text with every name in the form for this front end.
    #[must_use]
    pub fn say(self, text: &str) -> String {
        let mut said = String::with_capacity(text.len());
        for (index, part) in text.split(MARK).enumerate() {
            match (index % 3, self) {
                (0, _) | (1, Self::Window) => said.push_str(part),
                (2, Self::CommandLine) => {
                    said.push_str("--");
                    said.push_str(part);
                }
                _ => {}
            }
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reader_gets_one_name() {
        let [batch, size] = [Name::new("batch", Some("batch")), Name::new("null class", Some("null-label L"))];
        let text = format!("{batch} 0 is out of range; choose another {size} of {}", Name::new("sample", None));
        assert_eq!(Voice::Window.say(&text), "batch 0 is out of range; choose another null class of sample");
        assert_eq!(Voice::CommandLine.say(&text), "--batch 0 is out of range; choose another --null-label L of sample");
        assert_eq!(Voice::CommandLine.say("a file a--b.onnx"), "a file a--b.onnx");
        assert_eq!(batch.for_voice(Voice::CommandLine), "--batch");
    }
}
