//! What the classes of a run are called: a class by its name, or a prompt by its words.

use super::prompt_list::PromptList;
use super::settings::RunSettings;
use crate::denoiser::GIVEN_INPUTS;
use crate::words::shortened;

/// Longest prompt in a name, characters.
const MOST: usize = 300;

/// The names of a run's classes or prompts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassWords<'a> {
    kind: Kind<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind<'a> {
    /// By number, as far as the model's card gives them.
    Names(&'a [String]),
    /// The prompts of the run, and the negative one.
    Prompts { list: Vec<String>, negative: Option<String> },
}

/// The empty prompt.
pub const NO_WORDS: &str = "no words";

impl<'a> ClassWords<'a> {
    /// The words of a prompt in one line and quotes.
    #[must_use]
    pub fn in_quotes(prompt: &str) -> String {
        let line = prompt.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() { NO_WORDS.to_owned() } else { format!("\"{}\"", shortened(&line, MOST)) }
    }

    /// For a run with these settings. `class_names`: those of the model's card; `None` for a model that takes words.
    #[must_use]
    pub fn of(settings: &RunSettings, class_names: Option<&'a [String]>) -> Self {
        let kind = match class_names {
            Some(names) => Kind::Names(names),
            None => Kind::Prompts {
                list: PromptList::of(settings).texts.into_iter().skip(1).map(|text| Self::in_quotes(&text)).collect(),
                negative: settings.negative.as_deref().filter(|text| !text.trim().is_empty()).map(Self::in_quotes),
            },
        };
        Self { kind }
    }

    /// Whether they are prompts.
    #[must_use]
    pub const fn are_prompts(&self) -> bool {
        matches!(self.kind, Kind::Prompts { .. })
    }

    /// A class or prompt: "Animals", "class 3", "\"a red bird\"".
    #[must_use]
    pub fn name(&self, class: i64) -> String {
        if class == GIVEN_INPUTS {
            return "given inputs".to_owned();
        }
        match &self.kind {
            Kind::Names(names) => {
                let name = usize::try_from(class).ok().and_then(|class| names.get(class).cloned());
                name.unwrap_or_else(|| format!("class {class}"))
            }
            Kind::Prompts { .. } if class == 0 => self.null().to_owned(),
            Kind::Prompts { list, .. } => {
                let prompt = usize::try_from(class - 1).ok().and_then(|number| list.get(number).cloned());
                prompt.unwrap_or_else(|| format!("prompt {class}"))
            }
        }
    }

    /// What guidance leads away from: "null class", "negative prompt", or "no words" for the empty one.
    #[must_use]
    pub const fn null(&self) -> &'static str {
        match &self.kind {
            Kind::Names(_) => "null class",
            Kind::Prompts { negative: Some(_), .. } => "negative prompt",
            Kind::Prompts { negative: None, .. } => NO_WORDS,
        }
    }

    /// The same in a sentence: "the null class", "the negative prompt \"blurred\"", "the empty prompt".
    #[must_use]
    pub fn null_in_full(&self) -> String {
        match &self.kind {
            Kind::Names(_) => "the null class".to_owned(),
            Kind::Prompts { negative: Some(words), .. } => format!("the negative prompt {words}"),
            Kind::Prompts { negative: None, .. } => "the empty prompt".to_owned(),
        }
    }

    /// "class" or "prompt".
    #[must_use]
    pub const fn what(&self) -> &'static str {
        if self.are_prompts() { "prompt" } else { "class" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::settings::{ModelSource, PromptsByLevel};

    fn run() -> RunSettings {
        RunSettings::new(ModelSource::Model("sd".into()))
    }

    #[test]
    fn prompts_are_called_by_their_words_and_classes_by_their_names() {
        let mut settings = run();
        let names = ["cat".to_owned(), "dog".to_owned()];
        let of_classes = ClassWords::of(&settings, Some(&names));
        assert_eq!([1, 2, GIVEN_INPUTS].map(|class| of_classes.name(class)), ["dog", "class 2", "given inputs"]);
        assert_eq!(of_classes.null(), "null class");
        settings.prompt = Some("a red\n bird".into());
        let words = ClassWords::of(&settings, None);
        assert_eq!([0, 1, 2].map(|class| words.name(class)), ["no words", "\"a red bird\"", "prompt 2"]);
        settings.negative = Some(" ".into());
        assert_eq!(ClassWords::of(&settings, None).null_in_full(), "the empty prompt");
        settings.negative = Some("blurred".into());
        let words = ClassWords::of(&settings, None);
        assert_eq!(
            (words.name(0).as_str(), words.null_in_full().as_str()),
            ("negative prompt", "the negative prompt \"blurred\"")
        );
        settings.prompt = None;
        let prompts = ["fur", "", "a cat"].map(str::to_owned).to_vec();
        settings.prompts_by_level = Some(PromptsByLevel::new(prompts));
        let words = ClassWords::of(&settings, None);
        assert_eq!([1, 2, 3].map(|class| words.name(class)), ["\"fur\"", "no words", "\"a cat\""]);
    }

    #[test]
    fn a_long_prompt_is_cut() {
        let prompt = Some("word ".repeat(10_000));
        let name = ClassWords::of(&RunSettings { prompt, ..run() }, None).name(1);
        assert!(name.chars().count() <= MOST + 2 && name.ends_with("…\""), "{name}");
    }
}
