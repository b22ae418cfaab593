//! Which model, what its images are of and how they are led there: options that several commands share.

use super::run_options::size;
use super::{Failure, output};
use crate::denoiser::guided::{ByLevel, ClassSwitch, GuidanceScale, LevelMode, ScaleCurve};
use crate::denoiser::{Upsample, WindowSize};
use crate::model::cascade_folder::CascadePackage;
use crate::model::package::{Card, Package, PackageError};
use crate::reading;
use crate::session::RunSettings;
use crate::session::settings::ModelSource;
use std::path::{Path, PathBuf};

/// Which model.
#[derive(Debug, clap::Args)]
pub(super) struct ModelChoice {
    /// Network: a bundled name, an .onnx file, or a folder with model.onnx and scheduler_config.json
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["images", "cascade"], default_value = "emoji-unet")]
    model: String,
    /// Instead of one network, a cascade of several: a bundled name, or a folder with cascade.json
    #[arg(long, value_name = "DIR", conflicts_with = "images")]
    cascade: Option<String>,
    /// Instead of a network, the exact posterior mean over the images in this folder
    #[arg(long, value_name = "DIR")]
    images: Option<PathBuf>,
}

/// What the images are of, how they are led there, and how large they are.
#[derive(Debug, clap::Args)]
pub(super) struct Steering {
    /// With --images, compose new images of theirs: each pixel is weighed by what a window of k×k pixels around it shows,
    /// k = K·σ, or a CSV of sigma,k [default: K = 8]
    #[arg(long, value_name = "K|FILE", num_args = 0..=1, default_missing_value = "8", allow_negative_numbers = true)]
    local: Option<String>,
    /// Class of the images, by number or by the name that `info` lists [default: the model's null class]. [3:5:0.4] is
    /// class 3 for the first 0.4 of the steps, then 5; [5:0.4] begins without a class, [3::0.4] ends without
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true, conflicts_with = "labels_by_level")]
    label: Option<String>,
    /// A class for each resolution, the finest first; the last also rules everything coarser
    #[arg(long, value_name = "C,C,…", allow_negative_numbers = true)]
    labels_by_level: Option<String>,
    /// How the classes by resolution come together: each as much as its level is being generated (blend), the one of the
    /// level that is generated most (switch), or each in its level alone (band)
    #[arg(long, value_enum, value_name = "MODE", requires = "labels_by_level", default_value_t)]
    by_level: LevelMode,
    /// Guidance scale w, ε_∅ + w·(ε_c − ε_∅): a number, or a CSV of s,w over run time s, 1 at the noise [default: 1]
    #[arg(long, value_name = "W|FILE", allow_negative_numbers = true)]
    guidance: Option<String>,
    /// Use the network at N times its trained size, guided by what it says of the pooled image: 2, 3 or 4
    #[arg(long, value_name = "N")]
    upsample_guidance: Option<usize>,
    /// Upsample guidance: its weight θ
    #[arg(
        long,
        value_name = "T",
        requires = "upsample_guidance",
        default_value_t = 1.0,
        allow_negative_numbers = true
    )]
    theta: f64,
    /// Upsample guidance: the part η of the model's time, from the noise on, in which it acts
    #[arg(
        long,
        value_name = "H",
        requires = "upsample_guidance",
        default_value_t = 0.6,
        allow_negative_numbers = true
    )]
    upsample_eta: f64,
    /// The class that means "none", where neither the model's card nor its configuration says
    #[arg(long, value_name = "L", value_parser = class, allow_negative_numbers = true)]
    null_label: Option<i64>,
    /// Height and width of the images made, in pixels [default: the model's, or N times it with upsample guidance]
    #[arg(long, value_name = "HxW", value_parser = size)]
    size: Option<(usize, usize)>,
    /// Conditioning embeddings for models that take them: .npy, f32, [B or 1, tokens, width]
    #[arg(long, value_name = "h.npy")]
    hidden_states: Option<PathBuf>,
}

impl ModelChoice {
    /// The model that was chosen.
    pub(super) fn source(&self) -> Result<ModelSource, Failure> {
        Ok(match (&self.images, &self.cascade) {
            (Some(folder), _) => ModelSource::Images(folder.clone()),
            (None, Some(cascade)) => {
                CascadePackage::find(cascade)?.ok_or_else(|| NoCascade(cascade.clone()))?;
                ModelSource::Model(cascade.clone())
            }
            (None, None) => ModelSource::Model(self.model.clone()),
        })
    }
}

impl Steering {
    /// The settings with what these options say.
    pub(super) fn on(&self, settings: RunSettings) -> Result<RunSettings, Failure> {
        let source = &settings.source;
        let label = self.label.as_deref().map(|label| class_over_time(label, source)).transpose()?;
        let by_level = self.labels_by_level.as_deref().map(|labels| {
            let numbers =
                labels.split(',').map(|label| class_number(label.trim(), source)).collect::<Result<_, _>>()?;
            Ok::<_, Failure>(ByLevel { labels: numbers, mode: self.by_level, factor: 2 })
        });
        Ok(RunSettings {
            label: label.as_ref().and_then(ClassOverTime::one),
            label_switch: label.as_ref().and_then(ClassOverTime::switch),
            by_level: by_level.transpose()?,
            guidance: self.guidance.as_deref().map(read_guidance).transpose()?,
            local: self.local.as_deref().map(read_window).transpose()?,
            upsample: self.upsample_guidance.map(|factor| Upsample {
                factor,
                theta: self.theta,
                eta: self.upsample_eta,
            }),
            null_label: self.null_label,
            size: self.size,
            hidden_states: self.hidden_states.clone(),
            ..settings
        })
    }
}

fn class(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| "a class is a whole number; `chromascope info MODEL` lists them".into())
}

/// A folder that is no cascade.
#[derive(Debug, thiserror::Error)]
#[error("{0} is no cascade: {is}; a single network is given with --model", is = is_instead(.0))]
struct NoCascade(String);

fn is_instead(path: &str) -> &'static str {
    if Path::new(path).is_file() {
        "it is a file, and a cascade is a folder with cascade.json, which names the stages"
    } else {
        "it has no cascade.json, which names the stages"
    }
}

/// A curve that is neither a number nor a file of one.
#[derive(Debug, thiserror::Error)]
enum NoCurve {
    #[error(
        "{option} {text} is neither a number nor a file that can be read ({reason}); give a number, or a CSV of {columns}"
    )]
    Unread { option: &'static str, text: String, reason: String, columns: &'static str },
    #[error("the curve of {option} in {text} cannot be used: {reason}")]
    Unusable { option: &'static str, text: String, reason: String },
}

/// What a number says, or the curve in the file that is named.
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

fn read_guidance(text: &str) -> Result<GuidanceScale, NoCurve> {
    let of_csv = |content: &str| ScaleCurve::from_csv(content).map(GuidanceScale::Curve);
    number_or_curve(("--guidance", "s,w"), text, GuidanceScale::Constant, of_csv)
}

fn read_window(text: &str) -> Result<WindowSize, NoCurve> {
    number_or_curve(("--local", "sigma,k"), text, WindowSize::PerSigma, WindowSize::from_csv)
}

/// A class, or one class and then another.
enum ClassOverTime {
    One(i64),
    Switch(ClassSwitch<Option<i64>>),
}

impl ClassOverTime {
    const fn one(&self) -> Option<i64> {
        match self {
            Self::One(label) => Some(*label),
            Self::Switch(_) => None,
        }
    }

    const fn switch(&self) -> Option<ClassSwitch<Option<i64>>> {
        match self {
            Self::One(_) => None,
            Self::Switch(switch) => Some(*switch),
        }
    }
}

/// A class in brackets that does not say when.
#[derive(Debug, thiserror::Error)]
#[error(
    "--label {0} is not understood; a class that changes is [3:5:0.4]: the first, the second, and the part of the run"
)]
struct NoSwitch(String);

/// Brackets without any class.
#[derive(Debug, thiserror::Error)]
#[error(
    "--label {0} changes from no class to no class, which is no change; leave it out, or name a class before or after the change"
)]
struct NoClasses(String);

fn class_over_time(text: &str, source: &ModelSource) -> Result<ClassOverTime, Failure> {
    let Some(inside) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else {
        return class_number(text, source).map(ClassOverTime::One);
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
            output::message(&format!("--label {text} changes from class {from} to class {to}, which is no change"));
        }
        _ => {}
    }
    Ok(ClassOverTime::Switch(ClassSwitch { from, to, at }))
}

/// A class that is no number and no name of the model's.
#[derive(Debug, thiserror::Error)]
#[error("there is no class \"{name}\"; {there}")]
struct UnknownClass {
    name: String,
    there: String,
}

/// What a model's card calls its classes; a cascade's is its own, or its finest stage's.
fn class_names(model: &str) -> Result<Vec<String>, PackageError> {
    let names = |card: Option<Card>| card.map(|card| card.class_names).filter(|names| !names.is_empty());
    Ok(match CascadePackage::find(model)? {
        Some(mut cascade) => names(cascade.card).or_else(|| names(cascade.stages.pop()?.card)),
        None => names(Package::find(model)?.card),
    }
    .unwrap_or_default())
}

/// A class by its number, or by its name whatever the capitals.
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
            "this model does not name its classes; give a number where it has any, or leave --label out".to_owned()
        } else {
            format!("there are {}", names.join(", "))
        };
        UnknownClass { name: label.to_owned(), there }.into()
    })
}
