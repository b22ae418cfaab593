use super::SchedulerConfigError;
use crate::reading::json;
use serde_json::{Map, Value};
use std::path::Path;

/// The keys of a config file, taken out one by one.
pub(super) struct Reader<'a> {
    file: &'a Path,
    keys: Map<String, Value>,
    warnings: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &str, file: &'a Path) -> Result<Self, SchedulerConfigError> {
        let parsed = json::parse(text).map_err(|error| {
            let reason = error.to_string();
            let reason = match reason.split(" at line ").next().unwrap_or_default() {
                _ if error.is_eof() => "it ends too early".to_owned(),
                reason => reason.to_owned(),
            };
            SchedulerConfigError::NotJson { file: file.to_owned(), line: error.line(), column: error.column(), reason }
        })?;
        let Value::Object(mut keys) = parsed else {
            return Err(SchedulerConfigError::NotAnObject { file: file.to_owned() });
        };
        keys.retain(|key, _| key == "_class_name" || !key.starts_with('_'));
        Ok(Self { file, keys, warnings: Vec::new() })
    }

    pub(super) fn error(
        &self,
        key: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> SchedulerConfigError {
        SchedulerConfigError::Key {
            file: self.file.to_owned(),
            key: key.to_owned(),
            found: found.into(),
            expected: expected.into(),
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.get(key).is_some_and(|value| !value.is_null())
    }

    pub(super) fn warn(&mut self, text: &str) {
        self.warnings.push(format!("{}: {text}", self.file.display()));
    }

    /// Reads `key` with `read`; `None` when the key is absent or null, an error when `read` makes nothing of it.
    pub(super) fn take<T>(
        &mut self,
        key: &str,
        expected: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, SchedulerConfigError> {
        let Some(value) = self.keys.remove(key).filter(|value| !value.is_null()) else { return Ok(None) };
        match read(&value) {
            Some(read) => Ok(Some(read)),
            None => Err(self.error(key, show(&value), expected)),
        }
    }

    /// A flag; null is false, as in Python.
    pub(super) fn flag(&mut self, key: &str, default: bool) -> Result<bool, SchedulerConfigError> {
        let default = default && !self.keys.get(key).is_some_and(Value::is_null);
        Ok(self.take(key, "true or false", Value::as_bool)?.unwrap_or(default))
    }

    pub(super) fn number(
        &mut self,
        key: &str,
        expected: &str,
        is_valid: impl Fn(f64) -> bool,
    ) -> Result<Option<f64>, SchedulerConfigError> {
        self.take(key, expected, |value| value.as_f64().filter(|&number| is_valid(number)))
    }

    /// Whole numbers; 1000.0 is one.
    pub(super) fn count(
        &mut self,
        key: &str,
        expected: &str,
        is_valid: impl Fn(usize) -> bool,
    ) -> Result<Option<usize>, SchedulerConfigError> {
        self.take(key, expected, |value| {
            let number = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=1e15).contains(number))?;
            #[expect(clippy::cast_sign_loss, reason = "checked just before")]
            Some(number as usize).filter(|&count| is_valid(count))
        })
    }

    pub(super) fn one_of<T: Copy>(
        &mut self,
        key: &str,
        names: &[(&str, T)],
    ) -> Result<Option<T>, SchedulerConfigError> {
        let list = names.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        self.take(key, &format!("one of {list}"), |value| {
            let name = value.as_str()?;
            names.iter().find(|(known, _)| *known == name).map(|&(_, meaning)| meaning)
        })
    }

    /// Takes out a key that diffusers knows and this program does not support, with a warning unless it is off.
    pub(super) fn not_applied(&mut self, key: &str) {
        if let Some(value) = self.keys.remove(key).filter(|value| !is_off(value)) {
            self.not_supported(key, &value);
        }
    }

    pub(super) fn not_supported(&mut self, key: &str, value: &Value) {
        self.warn(&format!("\"{key}\" = {} is not supported and was ignored", show(value)));
    }

    /// Takes out an option that the class does not have, with a warning unless it has its neutral value.
    pub(super) fn leave_foreign(&mut self, key: &str, neutral: &Value, class: &str) {
        let Some(value) = self.keys.remove(key) else { return };
        let same = match (as_number(&value), as_number(neutral)) {
            (Some(value), Some(neutral)) => value == neutral,
            _ => value == *neutral,
        };
        if !same && !value.is_null() && as_number(&value) != Some(f64::NEG_INFINITY) {
            self.warn(&format!(
                "\"{key}\" = {} is not an option of {class} and was ignored, as in diffusers",
                show(&value)
            ));
        }
    }

    /// The warnings, with one for each key left that no class has.
    pub(super) fn finish(mut self, without_effect: &[&str], is_known: impl Fn(&str) -> bool) -> Vec<String> {
        let left: Vec<String> = self.keys.keys().cloned().collect();
        for key in left.iter().filter(|key| !without_effect.contains(&key.as_str()) && !is_known(key)) {
            self.warn(&format!("unknown key \"{key}\" was ignored"));
        }
        self.warnings
    }
}

fn is_off(value: &Value) -> bool {
    value.is_null() || value == false || value.as_array().is_some_and(Vec::is_empty)
}

/// A value as the file has it, shortened.
fn show(value: &Value) -> String {
    let text = json::as_written(value);
    if text.chars().count() > 60 { text.chars().take(57).chain("...".chars()).collect() } else { text }
}

/// A number, or one of Python's infinities.
pub(super) fn as_number(value: &Value) -> Option<f64> {
    json::number(value).filter(|number| !number.is_nan())
}
