//! JSON as Python writes it: with NaN, Infinity and -Infinity, and as some editors save it, with a byte-order mark.
//!
//! The one reader of files that diffusers and its like have written, wherever such a file is accepted.

use serde_json::Value;

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
