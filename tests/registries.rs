//! The tables in the documents list what the registries list, word for word.
//!
//! A table stands between `<!-- name -->` and `<!-- /name -->`. With CHROMASCOPE_WRITE_TABLES=1 these tests write it.
#![allow(clippy::unwrap_used)]

use chromascope::sampler::registry::{AddedNoise, DefaultSpacing, METHODS};
use std::fmt::Write;
use std::path::Path;

/// A Markdown table.
fn table(heading: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | ").replace("  ", " "));
    let mut text = line(&heading.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>());
    writeln!(text, "|{}", "---|".repeat(heading.len())).unwrap();
    rows.into_iter().for_each(|row| text += &line(&row));
    text
}

#[track_caller]
fn assert_documented(file: &str, name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
    let start = text.find(&open).unwrap_or_else(|| panic!("{file} has no {open}")) + open.len();
    let end = start + text[start..].find(&close).unwrap_or_else(|| panic!("{file} has no {close}"));
    if text[start..end] == *expected {
        return;
    }
    if std::env::var_os("CHROMASCOPE_WRITE_TABLES").is_some() {
        std::fs::write(&path, format!("{}{expected}{}", &text[..start], &text[end..])).unwrap();
        return;
    }
    panic!("the table {name} of {file} is not what the program has; CHROMASCOPE_WRITE_TABLES=1 writes it:\n{expected}");
}

#[test]
fn samplers_are_documented() {
    let rows = METHODS.iter().map(|method| {
        let noise = match method.adds {
            AddedNoise::None => "none".to_owned(),
            AddedNoise::Posterior => "always".to_owned(),
            AddedNoise::Eta { usual } => format!("η, {usual} unless given"),
            AddedNoise::Churn => "churn, none unless given".to_owned(),
        };
        let spacing = match method.default_spacing {
            DefaultSpacing::OfModel => "the model's",
            DefaultSpacing::CappedKarras => "the model's, or `karras-capped` where that begins too far out",
        };
        let name = format!("`{}`", method.name);
        let calls = method.evaluations.to_string();
        vec![name, method.title.into(), method.summary.into(), noise, calls, spacing.into(), method.paper.into()]
    });
    let heading = ["name", "", "what it does", "added noise", "network calls a step", "spacing", "source"];
    assert_documented("docs/sampling.md", "samplers", &table(&heading, rows));
}
