use super::SchedulerConfigError;
use serde_json::{Map, Value};
use std::path::Path;

/// Stands for Python's NaN and Infinity, which are not JSON, inside a string that no config holds.
const NOT_A_NUMBER: char = '\u{7f}';

/// The keys of a config file, taken out one by one.
pub(super) struct Reader<'a> {
    file: &'a Path,
    keys: Map<String, Value>,
    pub(super) warnings: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &str, file: &'a Path) -> Result<Self, SchedulerConfigError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let parsed: Value = serde_json::from_str(&quote_non_finite(text)).map_err(|error| {
            let reason = error.to_string();
            let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
            SchedulerConfigError::NotJson { file: file.to_owned(), line: error.line(), column: error.column(), reason }
        })?;
        let Value::Object(mut keys) = parsed else {
            return Err(SchedulerConfigError::NotAnObject { file: file.to_owned() });
        };
        keys.retain(|key, value| (key == "_class_name" || !key.starts_with('_')) && !value.is_null());
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

    /// Reads `key` with `read`; `None` when the key is absent, an error when `read` makes nothing of it.
    pub(super) fn take<T>(
        &mut self,
        key: &str,
        expected: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, SchedulerConfigError> {
        let Some(value) = self.keys.remove(key) else { return Ok(None) };
        match read(&value) {
            Some(read) => Ok(Some(read)),
            None => Err(self.error(key, show(&value), expected)),
        }
    }

    pub(super) fn flag(&mut self, key: &str, default: bool) -> Result<bool, SchedulerConfigError> {
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

    /// A key that diffusers knows and this program does not act on. Worth a warning unless its value says so too.
    pub(super) fn not_applied(&mut self, key: &str, is_neutral: impl Fn(&Value) -> bool) {
        if let Some(value) = self.keys.remove(key).filter(|value| !is_neutral(value)) {
            let (file, value) = (self.file.display(), show(&value));
            self.warnings.push(format!("{file}: \"{key}\" = {value} is not supported and was ignored"));
        }
    }

    /// Drops keys of no consequence here and warns about all that are left.
    pub(super) fn finish(mut self, without_effect: &[&str]) -> Vec<String> {
        for key in self.keys.keys().filter(|key| !without_effect.contains(&key.as_str())) {
            self.warnings.push(format!("{}: unknown key \"{key}\" was ignored", self.file.display()));
        }
        self.warnings
    }
}

/// A value as the file has it, shortened.
fn show(value: &Value) -> String {
    let text = value.to_string();
    let text = match value.as_str().and_then(|string| string.strip_prefix(NOT_A_NUMBER)) {
        Some("") => "NaN".to_owned(),
        Some(sign) if sign.starts_with('-') => "-Infinity".to_owned(),
        Some(_) => "Infinity".to_owned(),
        None => text,
    };
    if text.chars().count() > 60 { text.chars().take(57).chain("...".chars()).collect() } else { text }
}

pub(super) fn is_minus_infinity(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with("\u{7f}-"))
}

/// Python writes NaN, Infinity and -Infinity into JSON (diffusers does so for `lambda_min_clipped`). Each becomes a
/// string of the same length, so that places in the text stay true and the value can be named in an error.
fn quote_non_finite(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if !in_string
            && let Some((word, stand_in)) =
                [("NaN", "\"\u{7f}\""), ("Infinity", "\"\u{7f}+....\""), ("-Infinity", "\"\u{7f}-.....\"")]
                    .into_iter()
                    .find(|(word, _)| rest.starts_with(word))
        {
            quoted.push_str(stand_in);
            rest = &rest[word.len()..];
            continue;
        }
        if in_string && !escaped {
            in_string = character != '"';
        } else if !in_string {
            in_string = character == '"';
        }
        escaped = in_string && !escaped && character == '\\';
        quoted.push(character);
        rest = &rest[character.len_utf8()..];
    }
    quoted
}
