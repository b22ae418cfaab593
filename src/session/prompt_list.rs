//! The prompts of a run by number: a prompt is a class of the model.

use super::settings::RunSettings;
use crate::denoiser::guided::ByLevel;

/// The texts that a run encodes, and which level has which.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptList {
    /// By number: 0 is the null prompt, which is the negative one or the empty one; 1, 2, … are the prompts, each once.
    pub texts: Vec<String>,
    /// Whether number 0 is a negative prompt, which may be empty, or there is none.
    pub has_negative: bool,
    /// Which level has which number, for prompts by level.
    pub by_level: Option<ByLevel>,
    /// The number of the prompt of the whole run; 0 if it has none, or prompts by level.
    pub whole: i64,
}

impl PromptList {
    /// Of a run with these settings.
    #[must_use]
    pub fn of(settings: &RunSettings) -> Self {
        let mut texts = vec![settings.negative.clone().unwrap_or_default()];
        let mut number = |prompt: &str| -> i64 {
            let found = texts.iter().skip(1).position(|text| text == prompt).map(|place| place + 1);
            let number = found.unwrap_or_else(|| {
                texts.push(prompt.to_owned());
                texts.len() - 1
            });
            i64::try_from(number).unwrap_or(i64::MAX)
        };
        let by_level = settings.prompts_by_level.as_ref().map(|levels| ByLevel {
            labels: levels.prompts.iter().map(|prompt| number(prompt)).collect(),
            mode: levels.mode,
            factor: levels.factor,
        });
        let whole = match (&by_level, &settings.prompt) {
            (None, Some(prompt)) => number(prompt),
            // What is given as negative is led away from, never drawn.
            (None, None) if settings.negative.as_ref().is_some_and(|text| !text.is_empty()) => number(""),
            _ => 0,
        };
        Self { texts, has_negative: settings.negative.is_some(), by_level, whole }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::settings::{ModelSource, PromptsByLevel};

    #[test]
    fn each_prompt_has_one_number_and_the_null_prompt_is_number_0() {
        let mut settings = RunSettings::new(ModelSource::Model("sd".into()));
        let list = PromptList::of(&settings);
        assert_eq!((list.texts, list.has_negative, list.by_level, list.whole), (vec![String::new()], false, None, 0));
        settings.negative = Some(String::new());
        assert!(PromptList::of(&settings).has_negative, "an empty one was given");
        settings.prompt = Some("a cat".into());
        settings.negative = Some("a cat".into());
        let list = PromptList::of(&settings);
        assert_eq!((list.texts, list.whole), (vec!["a cat".to_owned(); 2], 1), "a prompt is not the null prompt");
        settings.prompt = None;
        let list = PromptList::of(&settings);
        assert_eq!(
            (list.texts, list.whole),
            (vec!["a cat".to_owned(), String::new()], 1),
            "a negative prompt is not drawn"
        );
        settings.prompts_by_level = Some(PromptsByLevel::new(["fur", "a cat", "fur"].map(str::to_owned).to_vec()));
        let list = PromptList::of(&settings);
        assert_eq!(list.texts, ["a cat", "fur", "a cat"]);
        assert_eq!(list.by_level.unwrap().labels, [1, 2, 1]);
        assert_eq!(list.whole, 0);
    }
}
