//! The tables in the documents match the registries, word for word.
//!
//! A table is between `<!-- name -->` and `<!-- /name -->`. With CHROMASCOPE_WRITE_TABLES=1 these tests write it.
#![allow(clippy::unwrap_used)]

use chromascope::sampler::registry::{AddedNoise, DefaultSpacing, METHODS, Parameter};
use chromascope::schedule::families::FAMILIES;
use chromascope::schedule::formats::number;
use chromascope::schedule::formats::registry::{EXPORTS, Place};
use chromascope::schedule::{BETA_FAMILIES, ListKind, PUBLISHED, SigmaFamily};
use chromascope::session::schedule_file::IMPORTS;
use std::fmt::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A Markdown table.
fn table(heading: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | ").replace("  ", " "));
    let mut text = line(&heading.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>());
    writeln!(text, "|{}", "---|".repeat(heading.len())).unwrap();
    rows.into_iter().for_each(|row| text += &line(&row));
    text
}

/// Tables of one file are written one after another.
static WRITING: Mutex<()> = Mutex::new(());

#[track_caller]
fn assert_documented(file: &str, name: &str, expected: &str) {
    let _one = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
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
            AddedNoise::Afresh => "always, all of it".to_owned(),
            AddedNoise::Eta { usual } => format!("η, {usual} unless given"),
            AddedNoise::Churn => "churn, none unless given".to_owned(),
        };
        let spacing = match method.default_spacing {
            DefaultSpacing::OfModel => "the model's",
            DefaultSpacing::CappedKarras => "the model's, or `karras-capped` where that begins too far out",
        };
        let name = format!("`{}`", method.name);
        let first = method.first_evaluations;
        let calls = match first {
            [] => method.evaluations.to_string(),
            [most] => format!("{}, the first {most}", method.evaluations),
            [most, ..] => format!("{}, the first {} {most} each", method.evaluations, first.len()),
        };
        let parameters: Vec<String> =
            method.parameters.iter().map(|spec| format!("`{}`", spec.parameter.name())).collect();
        let parameters = if parameters.is_empty() { "none".to_owned() } else { parameters.join(", ") };
        let (title, summary, paper) = (method.title.into(), method.summary.into(), method.paper.into());
        vec![name, title, summary, noise, calls, spacing.into(), parameters, paper]
    });
    let heading =
        ["name", "", "what it does", "added noise", "network calls a step", "spacing", "parameters", "source"];
    assert_documented("docs/sampling.md", "samplers", &table(&heading, rows));
    let aliases = METHODS.iter().filter(|method| !method.aliases.is_empty()).map(|method| {
        let others: Vec<String> = method.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        vec![format!("`{}`", method.name), others.join(", ")]
    });
    assert_documented("docs/sampling.md", "sampler names", &table(&["name", "also"], aliases));
    let parameters = Parameter::ALL.into_iter().map(|parameter| {
        let having = METHODS.iter().filter_map(|method| {
            let spec = method.parameters.iter().find(|spec| spec.parameter == parameter)?;
            Some((method.name, spec))
        });
        let mut kinds: Vec<(String, Vec<&str>)> = Vec::new();
        for (name, spec) in having {
            let kind = format!("{}; {}", spec.values, spec.text(spec.usual));
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, names)) => names.push(name),
                None => kinds.push((kind, vec![name])),
            }
        }
        assert!(!kinds.is_empty(), "no sampler has {}", parameter.name());
        let usual: Vec<String> =
            kinds.into_iter().map(|(kind, names)| format!("{kind} ({})", names.join(", "))).collect();
        vec![format!("`{}`", parameter.name()), parameter.says().to_owned(), usual.join("<br>")]
    });
    let heading = ["parameter", "what it decides", "values; default (samplers)"];
    assert_documented("docs/sampling.md", "sampler parameters", &table(&heading, parameters));
}

#[test]
fn published_lists_are_documented() {
    let rows = PUBLISHED.iter().map(|list| {
        let values: Vec<String> = list.values.iter().copied().map(number).collect();
        let kind = if list.kind == ListKind::FlowTime { "σ (flow time)" } else { list.kind.symbol() };
        vec![format!("`{}`", list.name), kind.into(), values.join(", "), list.source.into()]
    });
    assert_documented("docs/schedules.md", "published", &table(&["name", "what", "values", "source"], rows));
}

#[test]
fn families_are_documented() {
    let named = |(name, usual): &(&str, f64)| format!("{name} ({})", number(*usual).replace('-', "−"));
    let list = |parameters: Vec<String>| if parameters.is_empty() { "none".to_owned() } else { parameters.join(", ") };
    let training = BETA_FAMILIES.iter().map(|family| {
        let range = [("beta_start", family.usual.0), ("beta_end", family.usual.1)];
        let range = if family.kind.uses_range() { &range[..] } else { &[] };
        let all = range.iter().chain(&[("timesteps", 1000.0), ("zero_snr", 0.0)]).map(named);
        (family.name.replace('_', "-"), list(all.collect()), "β by timestep", family.source)
    });
    let curves = FAMILIES.iter().map(|family| {
        let all = family.parameters.iter().map(|knob| named(&(knob.name, knob.usual)));
        (family.name.to_owned(), list(all.collect()), "continuous", family.source)
    });
    let sigmas = SigmaFamily::ALL.into_iter().map(|family| {
        let own = family.parameters();
        let range = if family.has_own_range() { &[][..] } else { &["sigma_min", "sigma_max"] };
        let all = own.iter().map(named).chain(range.iter().map(|&name| name.to_owned()));
        (family.name().to_owned(), list(all.collect()), "σ of the steps", family.source())
    });
    let rows = training.chain(curves).chain(sigmas);
    let rows = rows.map(|(name, all, what, source)| vec![format!("`{name}`"), what.into(), all, source.into()]);
    let heading = ["name", "what it gives", "parameters (default)", "source"];
    assert_documented("docs/schedules.md", "families", &table(&heading, rows));
}

#[test]
fn forms_of_schedules_are_documented() {
    let rows = IMPORTS.iter().map(|format| vec![format.name.into(), format.example.into()]);
    assert_documented("docs/schedules.md", "imports", &table(&["what", "example"], rows));
    let rows = EXPORTS.iter().map(|format| {
        let how = match format.place {
            Place::Menu => "window".to_owned(),
            Place::Ending => format!("`--out` ending in .{}", format.ending),
            Place::MenuAndEnding => format!("window; `--out` ending in .{}", format.ending),
            Place::MenuAndProgram => format!("window; `--for {}`", format.name),
        };
        vec![format.title.into(), how, format.purpose.into()]
    });
    assert_documented("docs/schedules.md", "exports", &table(&["form", "where", "for whom"], rows));
}
