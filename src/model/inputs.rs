//! Further inputs of a network: values for them, and what the model's card declares.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// A value of a further input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum InputValue {
    /// A number.
    Number(f64),
    /// Several numbers.
    Numbers(Vec<f64>),
    /// A `.npy` or image file.
    File(PathBuf),
}

impl InputValue {
    /// Reads a number, a comma list, or else the path of a file.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        if let Ok(number) = text.parse() {
            return Self::Number(number);
        }
        let numbers: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse()).collect();
        match numbers {
            Ok(numbers) => Self::Numbers(numbers),
            Err(_) => Self::File(text.into()),
        }
    }

    /// The numbers; `None` for a file.
    #[must_use]
    pub fn numbers(&self) -> Option<&[f64]> {
        match self {
            Self::Number(number) => Some(std::slice::from_ref(number)),
            Self::Numbers(numbers) => Some(numbers),
            Self::File(_) => None,
        }
    }
}

impl fmt::Display for InputValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Numbers(numbers) => f.write_str(&numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(",")),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// What a card declares of a further input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputCard {
    /// The value unless the user gives one.
    #[serde(default)]
    pub default: Option<InputValue>,
    /// Smallest value.
    #[serde(default)]
    pub min: Option<f64>,
    /// Largest value.
    #[serde(default)]
    pub max: Option<f64>,
    /// The value that guidance leads away from.
    #[serde(default)]
    pub null: Option<InputValue>,
}

impl InputCard {
    /// Both ends of the range, if the card gives both.
    #[must_use]
    pub fn range(&self) -> Option<(f64, f64)> {
        self.min.zip(self.max)
    }

    /// Why a number is not allowed.
    #[must_use]
    pub fn refusal(&self, number: f64) -> Option<String> {
        let outside = self.min.is_some_and(|min| number < min) || self.max.is_some_and(|max| number > max);
        outside.then(|| format!("the model's card allows {}", self.range_in_words()))
    }

    /// The range for people: "0 to 1", "at least 0".
    #[must_use]
    pub fn range_in_words(&self) -> String {
        match (self.min, self.max) {
            (Some(min), Some(max)) => format!("{min} to {max}"),
            (Some(min), None) => format!("at least {min}"),
            (None, Some(max)) => format!("at most {max}"),
            (None, None) => "any number".into(),
        }
    }

    /// What is wrong with the declaration itself.
    pub(super) fn fault(&self) -> Option<String> {
        if let Some((min, max)) = self.range().filter(|(min, max)| min > max) {
            return Some(format!("its min {min} is above its max {max}"));
        }
        if let Some(InputValue::File(path)) =
            [&self.default, &self.null].into_iter().flatten().find(|value| value.numbers().is_none())
        {
            return Some(format!("\"{}\" must be a number or a list of numbers", path.display()));
        }
        let default = self.default.iter().flat_map(|value| value.numbers().unwrap_or_default());
        let outside = default.copied().find_map(|number| Some((number, self.refusal(number)?)));
        outside.map(|(number, _)| format!("its default {number} is not in its own range, {}", self.range_in_words()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbers_lists_or_files() {
        assert_eq!(InputValue::read(" 0.5 "), InputValue::Number(0.5));
        assert_eq!(InputValue::read("1, 2,-3e-1"), InputValue::Numbers(vec![1.0, 2.0, -0.3]));
        assert_eq!(InputValue::read("mask,2.npy"), InputValue::File("mask,2.npy".into()));
        assert!(matches!(InputValue::read("nan"), InputValue::Number(number) if number.is_nan()));
        for value in [InputValue::Number(0.5), InputValue::Numbers(vec![1.0, 2.0]), InputValue::File("a.npy".into())] {
            let text = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<InputValue>(&text).unwrap(), value, "{text}");
            assert_eq!(InputValue::read(&value.to_string()), value);
        }
    }

    #[test]
    fn a_declaration_that_contradicts_itself_is_told() {
        let fault = |text: &str| serde_json::from_str::<InputCard>(text).unwrap().fault();
        assert_eq!(fault(r#"{"default": 0.5, "min": 0, "max": 1, "null": 0}"#), None);
        assert_eq!(fault(r#"{"default": [0, 2], "min": 0}"#), None);
        assert_eq!(fault(r#"{"min": 2, "max": 1}"#).unwrap(), "its min 2 is above its max 1");
        assert_eq!(fault(r#"{"default": 2, "max": 1}"#).unwrap(), "its default 2 is not in its own range, at most 1");
        assert!(fault(r#"{"default": "half"}"#).unwrap().contains("must be a number"));
    }
}
