//! JSON as Python writes it: with NaN, Infinity and -Infinity, and as some editors save it, with a byte-order mark.
//!
//! The one reader of files that diffusers and its like have written, wherever such a file is accepted.

use serde_json::{Map, Value};

/// Stands for a number that JSON has no word for, inside a string that no file holds.
const NOT_A_NUMBER: char = '\u{7f}';

/// Each word with its stand-in, of the same length.
const WORDS: [(&str, &str); 3] =
    [("NaN", "\"\u{7f}\""), ("Infinity", "\"\u{7f}+....\""), ("-Infinity", "\"\u{7f}-.....\"")];

/// Text without its byte-order mark.
#[must_use]
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Reads JSON. A number that JSON has no word for is kept; [`number`] reads it.
pub fn parse(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(&quote_non_finite(without_mark(text)))
}

/// Why a file is not the JSON object that is read from it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    /// Not JSON.
    #[error("is not JSON: {reason} at line {line}, column {column}; export or copy it again")]
    Syntax {
        /// The parser's message.
        reason: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// JSON, but no object.
    #[error("is not a JSON object, in braces; export or copy it again")]
    NoObject,
    /// A value that its key cannot have.
    #[error("cannot be used: \"{key}\" cannot be {found}; export or copy it again")]
    Value {
        /// The key.
        key: String,
        /// Its value.
        found: String,
    },
    /// Anything else.
    #[error("cannot be used: {reason}")]
    Other {
        /// What is wrong.
        reason: String,
    },
}

impl JsonFault {
    /// What the parser said of the syntax.
    #[must_use]
    pub fn syntax(error: &serde_json::Error) -> Self {
        let whole = error.to_string();
        let said = whole.split(" at line ").next().unwrap_or_default();
        let reason = if error.is_eof() { "it ends too early".to_owned() } else { said.to_owned() };
        Self::Syntax { reason, line: error.line(), column: error.column() }
    }
}

/// Reads an object. A number that JSON has no word for counts as none.
pub fn object<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, JsonFault> {
    let Value::Object(keys) = parse(text).map_err(|error| JsonFault::syntax(&error))? else {
        return Err(JsonFault::NoObject);
    };
    let finite =
        keys.into_iter().map(|(key, value)| (key, if non_finite(&value).is_some() { Value::Null } else { value }));
    let keys: Map<String, Value> = finite.collect();
    let error = match serde_json::from_value(Value::Object(keys.clone())) {
        Ok(read) => return Ok(read),
        Err(error) => error,
    };
    // The parser does not name the key; without it the rest can be read.
    let is_culprit = |key: &&String| {
        let mut rest = keys.clone();
        rest.remove(*key);
        serde_json::from_value::<T>(Value::Object(rest)).is_ok()
    };
    // Words of our own say more than that the value is wrong.
    let said = error.to_string();
    let is_serde_s = ["invalid ", "unknown variant", "data did not match"].iter().any(|start| said.starts_with(start));
    Err(match keys.keys().find(is_culprit) {
        Some(key) if !is_serde_s => JsonFault::Other { reason: format!("\"{key}\": {said}") },
        Some(key) => JsonFault::Value { key: key.clone(), found: short(&keys[key]) },
        None => JsonFault::Other { reason: said },
    })
}

/// A value as the file has it, or its beginning.
fn short(value: &Value) -> String {
    let written = as_written(value);
    match written.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &written[..end]),
        None => written,
    }
}

/// A number, which may be NaN or infinite.
#[must_use]
pub fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| non_finite(value))
}

/// A number that JSON has no word for.
#[must_use]
pub fn non_finite(value: &Value) -> Option<f64> {
    let text = value.as_str()?.strip_prefix(NOT_A_NUMBER)?;
    Some(match text.chars().next() {
        None => f64::NAN,
        Some('-') => f64::NEG_INFINITY,
        Some(_) => f64::INFINITY,
    })
}

/// A value as the file has it.
#[must_use]
pub fn as_written(value: &Value) -> String {
    match non_finite(value) {
        Some(number) if number.is_nan() => "NaN".into(),
        Some(number) if number < 0.0 => "-Infinity".into(),
        Some(_) => "Infinity".into(),
        None => value.to_string(),
    }
}

/// Puts each such word into a string of the same length, so that places in the text stay true and the value can be named.
fn quote_non_finite(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if !in_string && let Some((word, stand_in)) = WORDS.into_iter().find(|(word, _)| rest.starts_with(word)) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_object_of_this_kind_is_said_in_plain_words() {
        #[derive(Debug, serde::Deserialize)]
        struct Read {
            #[serde(default)]
            side: Option<usize>,
        }
        let said = |text: &str| object::<Read>(text).unwrap_err().to_string();
        assert_eq!(said("[]"), "is not a JSON object, in braces; export or copy it again");
        assert_eq!(said("{"), "is not JSON: it ends too early at line 1, column 1; export or copy it again");
        let expected = "cannot be used: \"side\" cannot be \"three\"; export or copy it again";
        assert_eq!(said(r#"{"other": 1, "side": "three"}"#), expected);
        assert_eq!(object::<Read>("\u{feff}{\"side\": NaN}").unwrap().side, None);
        assert_eq!(object::<Read>(r#"{"side": 3}"#).unwrap().side, Some(3));
    }

    #[test]
    fn what_python_writes_is_read_and_named_as_written() {
        let text = "\u{feff}{\"a\": NaN, \"b\": [-Infinity, Infinity, 2], \"c\": \"NaN \\\" Infinity\"}";
        let value = parse(text).unwrap();
        assert!(number(&value["a"]).unwrap().is_nan());
        let list: Vec<f64> = value["b"].as_array().unwrap().iter().map(|value| number(value).unwrap()).collect();
        assert_eq!(list, [f64::NEG_INFINITY, f64::INFINITY, 2.0]);
        assert_eq!((value["c"].as_str(), number(&value["c"])), (Some("NaN \" Infinity"), None));
        let written: Vec<String> = value["b"].as_array().unwrap().iter().map(as_written).collect();
        assert_eq!(
            (as_written(&value["a"]).as_str(), written),
            ("NaN", vec!["-Infinity".into(), "Infinity".into(), "2".into()])
        );
        let error = parse("{\"a\": NaN,\n \"b\": -Infinity x}").unwrap_err();
        assert_eq!((error.line(), error.column()), (2, 17));
    }
}
