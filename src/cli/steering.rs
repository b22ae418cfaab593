//! Options of a run that need more than their text: classes by name, curves in files, cascades.

use super::{Failure, output};
use crate::denoiser::WindowSize;
use crate::denoiser::guided::{ClassSwitch, GuidanceScale, ScaleCurve};
use crate::model::cascade_folder::CascadePackage;
use crate::model::package::{Card, Package, PackageError};
use crate::reading;
use crate::session::settings::ModelSource;
use std::path::Path;

/// A folder that is not a cascade.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not a cascade: {is}; open a single network with --model", is = is_instead(.0))]
pub(super) struct NoCascade(pub(super) String);

fn is_instead(path: &str) -> &'static str {
    if Path::new(path).is_file() {
        "it is a file, but a cascade is a folder with cascade.json"
    } else {
        "it has no cascade.json"
    }
}

/// A curve that is neither a number nor a file with one.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoCurve {
    #[error(
        "{option} {text} is neither a number nor a readable file ({reason}); give a number, or a CSV with columns \
         {columns}"
    )]
    Unread { option: &'static str, text: String, reason: String, columns: &'static str },
    #[error("cannot use the curve in {text} for {option}: {reason}")]
    Unusable { option: &'static str, text: String, reason: String },
}

/// The curve of a number, or in the named file.
fn number_or_curve<T, E: std::fmt::Display>(
    (option, columns): (&'static str, &'static str),
    text: &str,
    of_number: impl FnOnce(f64) -> T,
    of_csv: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, NoCurve> {
    if let Ok(number) = text.parse() {
        return Ok(of_number(number));
    }
    let unread = |reason| NoCurve::Unread { option, text: text.to_owned(), reason, columns };
    let content = reading::text(text.as_ref()).map_err(unread)?;
    let unusable = |error: E| NoCurve::Unusable { option, text: text.to_owned(), reason: error.to_string() };
    of_csv(&content).map_err(unusable)
}

pub(super) fn read_guidance(text: &str) -> Result<GuidanceScale, NoCurve> {
    let of_csv = |content: &str| ScaleCurve::from_csv(content).map(GuidanceScale::Curve);
    number_or_curve(("--guidance", "s,w"), text, GuidanceScale::Constant, of_csv)
}

pub(super) fn read_window(text: &str) -> Result<WindowSize, NoCurve> {
    number_or_curve(("--local", "sigma,k"), text, WindowSize::PerSigma, WindowSize::from_csv)
}

/// A class, or a change from one to another.
type ClassOverTime = (Option<i64>, Option<ClassSwitch<Option<i64>>>);

/// A class in brackets without a time.
#[derive(Debug, thiserror::Error)]
#[error(
    "--label {0} cannot be read; write a change of class as [3:5:0.4]: first class, second class, share of the run"
)]
struct NoSwitch(String);

/// Brackets without a class.
#[derive(Debug, thiserror::Error)]
#[error("--label {0} changes from no class to no class; leave it out, or give a class before or after the change")]
struct NoClasses(String);

/// A class, or one class and then another.
pub(super) fn class_over_time(text: &str, source: &ModelSource) -> Result<ClassOverTime, Failure> {
    let Some(inside) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else {
        return class_number(text, source).map(|label| (Some(label), None));
    };
    let refuse = || Failure::from(NoSwitch(text.to_owned()));
    let (classes, at) = inside.rsplit_once(':').ok_or_else(refuse)?;
    let at: f64 = at.trim().parse().map_err(|_| refuse())?;
    let (from, to) = classes.split_once(':').unwrap_or(("", classes));
    let class = |name: &str| {
        let name = name.trim();
        if name.is_empty() { Ok(None) } else { class_number(name, source).map(Some) }
    };
    let (from, to) = (class(from)?, class(to)?);
    match (from, to) {
        (None, None) => return Err(NoClasses(text.to_owned()).into()),
        (Some(from), Some(to)) if from == to => {
            output::message(&format!("--label {text} does not change the class: both are {to}"));
        }
        _ => {}
    }
    Ok((None, Some(ClassSwitch { from, to, at })))
}

/// A class that is neither a number nor a name of the model's.
#[derive(Debug, thiserror::Error)]
#[error("there is no class \"{name}\"; {there}")]
struct UnknownClass {
    name: String,
    there: String,
}

/// The class names in a model's card; for a cascade in its own, or in that of its finest stage.
fn class_names(model: &str) -> Result<Vec<String>, PackageError> {
    let names = |card: Option<Card>| card.map(|card| card.class_names).filter(|names| !names.is_empty());
    Ok(match CascadePackage::find(model)? {
        Some(mut cascade) => names(cascade.card).or_else(|| names(cascade.stages.pop()?.card)),
        None => names(Package::find(model)?.card),
    }
    .unwrap_or_default())
}

/// A class by its number, or by its name in any case.
pub(super) fn class_number(label: &str, source: &ModelSource) -> Result<i64, Failure> {
    if let Ok(number) = label.parse() {
        return Ok(number);
    }
    let names = match source {
        ModelSource::Model(name) => class_names(name)?,
        ModelSource::Images(_) => Vec::new(),
    };
    let found = names.iter().position(|name| name.eq_ignore_ascii_case(label)).and_then(|n| i64::try_from(n).ok());
    found.ok_or_else(|| {
        let there = if names.is_empty() {
            "this model has no class names; give a class number, or leave --label out".to_owned()
        } else {
            format!("use one of {}", names.join(", "))
        };
        UnknownClass { name: label.to_owned(), there }.into()
    })
}
