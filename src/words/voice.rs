//! One sentence for two readers: the command line names a setting by its option, the window in plain words.
//!
//! An error of the library holds a [`Name`] and writes both of its forms, marked, into its text. [`Voice::say`] turns that text
//! into the one that is read; each front end calls it where its sentences go out, so errors within errors need no care.

use std::fmt;

/// Stands before, between and after the two forms. It has no shape, so a text that nobody said can still be read.
const MARK: char = '\u{2063}';

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// Whoever types commands: a setting is its option, `--null-label`.
    CommandLine,
    /// Whoever looks at the window: a setting is what it is called there, "null class".
    Window,
}

/// What is called one way on the command line and another in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    plain: &'static str,
    option: Option<&'static str>,
}

impl Name {
    /// In plain words, and as an option without its dashes. What follows the option may stand there too: `size HxW`.
    #[must_use]
    pub const fn new(plain: &'static str, option: Option<&'static str>) -> Self {
        Self { plain, option }
    }

    /// The name for this reader.
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
    /// The text with every name in it as this reader knows it.
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
