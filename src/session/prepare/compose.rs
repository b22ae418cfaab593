//! Builds the denoiser of a run around a model: classes, guidance, upsample guidance and clipping.

use super::open::check_label;
use super::pipeline::RunPrompts;
use super::{ClassOf, Classes, NullClass, NullSource, PrepareError, SettingError};
use crate::denoiser::guided::{ByLevel, ClassSwitch, GuidanceScale, Guided, LevelMode, LevelPrompt, Prompt, RunTime};
use crate::denoiser::{
    ClassDenoiser, Clipped, Clipping, Denoiser, GIVEN_INPUTS, ImageShape, NULL_INPUTS, OfClass, PromptsOverTime,
    StepClock,
};
use crate::schedule::ModelSchedule;
use crate::session::setting::{Setting, Wrapping};
use crate::session::settings::RunSettings;
use crate::theory::NoiseLevel;

/// The properties of a model that this needs.
pub(super) struct Facts<'a> {
    /// The model's name.
    pub(super) name: &'a str,
    pub(super) image: ImageShape,
    pub(super) classes: &'a Classes,
    /// Whether a further input has a null value.
    pub(super) null_inputs: bool,
    /// Number of stages, for a cascade.
    pub(super) stages: Option<usize>,
    pub(super) schedule: &'a ModelSchedule,
    pub(super) clipping: Clipping,
    /// The prompts of the run, for a text-to-image model.
    pub(super) prompts: Option<&'a RunPrompts>,
}

/// The classes of a run.
pub(super) struct Composed {
    pub(super) denoiser: Box<dyn Denoiser>,
    /// The class, if there is one for the whole run.
    pub(super) label: Option<i64>,
    /// The null class, if the denoiser needs it.
    pub(super) null_class: Option<NullClass>,
    /// Most parts of an estimate that are kept.
    pub(super) parts: usize,
    /// Run times of the levels, if the denoiser depends on them.
    pub(super) run_times: Vec<f64>,
    /// What shows the denoiser which step is made.
    pub(super) clock: StepClock,
    pub(super) notes: Vec<String>,
}

/// Stands for the unknown null class of a model in runs that do not need it. It is never used as a class.
const NO_NULL: i64 = i64::MIN;

/// Wraps `inner` as the settings say, for a run along `levels`.
pub(super) fn compose(
    settings: &RunSettings,
    inner: Box<dyn ClassDenoiser>,
    facts: &Facts,
    levels: &[NoiseLevel],
) -> Result<Composed, PrepareError> {
    let mut notes = Vec::new();
    let prompt = prompt(settings, facts)?;
    let model = Wrapping { denoiser: inner, parts: facts.stages.unwrap_or(0), schedule: facts.schedule };
    let wraps = Setting::ALL.iter().filter_map(|setting| setting.declaration().wrap);
    let Wrapping { denoiser: inner, parts: made_of, .. } = wraps.fold(model, |model, wrap| wrap(settings, model));
    let clock = StepClock::default();
    let timelines = facts.prompts.map(|prompts| &prompts.timelines).filter(|timelines| !timelines.is_empty());
    let inner: Box<dyn ClassDenoiser> = match timelines {
        Some(timelines) => Box::new(PromptsOverTime::new(inner, timelines.clone(), levels, clock.clone())),
        None => inner,
    };
    let is_told = facts.prompts.is_some_and(|prompts| prompts.tells_scale);
    let scale = settings.guidance.clone().filter(|_| !is_told).unwrap_or_default();
    let null = facts.classes.null.map(|null| null.label);
    check_guidance(settings, &scale, null, facts)?;
    let null_class = facts
        .classes
        .null
        .filter(|null| facts.classes.none_because.is_none() && asks_for(prompt.as_ref(), &scale, null.label));
    if let Some(NullClass { label, said_by }) = null_class {
        let what = if said_by == NullSource::User { ClassOf::Setting(Setting::NullLabel) } else { ClassOf::Model };
        check_label(what, label, facts.classes.count)?;
    }
    let null_class = null_class.filter(|_| facts.prompts.is_none());
    notes.extend(null_class.and_then(|null| null_note(settings, facts, &scale, null)));
    let label = match &prompt {
        Some(Prompt::Class(class)) => Some(*class).filter(|class| *class != GIVEN_INPUTS),
        _ => None,
    };
    if let Some(prompts) = facts.prompts {
        notes.extend(prompts.note(settings));
    } else if settings.guidance.is_some() && label.is_some() && label == null && !facts.null_inputs {
        let because = if settings.label.is_some() {
            "the chosen class is the null class, so guidance has no effect; choose another class".into()
        } else {
            format!("guidance needs a class and none is chosen; set {}", Setting::Label)
        };
        notes.push(because);
    }
    let time = RunTime::of(levels);
    notes.extend(switch_note(settings, prompt.as_ref(), levels, &time));
    let run_times = if settings.depends_on_time() || timelines.is_some() {
        levels.iter().map(|&level| time.at(level)).collect()
    } else {
        Vec::new()
    };
    let (denoiser, classes): (Box<dyn Denoiser>, usize) = match prompt {
        Some(prompt) if !matches!(prompt, Prompt::Class(_)) || scale.constant() != Some(1.0) => {
            let classes = 1 + match &prompt {
                Prompt::Class(_) => 1,
                Prompt::Switch(_) => 2,
                Prompt::ByLevel(levels) => levels.choice.labels.len(),
            };
            let null = if facts.null_inputs { NULL_INPUTS } else { null.unwrap_or(NO_NULL) };
            let guided = Guided::new(inner, prompt, scale, null, time);
            (Box::new(Clipped::new(guided, facts.clipping)), classes)
        }
        _ => (Box::new(Clipped::new(OfClass::new(inner, label), facts.clipping)), 0),
    };
    let label = label.filter(|_| facts.prompts.is_none());
    Ok(Composed { denoiser, label, null_class, parts: made_of + classes, run_times, clock, notes })
}

/// Whether the null class is requested at some time.
fn asks_for(prompt: Option<&Prompt>, scale: &GuidanceScale, null: i64) -> bool {
    let guided = scale.constant() != Some(1.0);
    match prompt {
        None => false,
        Some(Prompt::Class(class)) => guided || *class == null,
        Some(Prompt::Switch(switch)) => guided || switch.from == null || switch.to == null,
        Some(Prompt::ByLevel(levels)) => guided || levels.choice.labels.contains(&null),
    }
}

/// A remark on the null class that a run requests.
fn null_note(settings: &RunSettings, facts: &Facts, scale: &GuidanceScale, null: NullClass) -> Option<String> {
    let NullClass { label, said_by } = null;
    let no_label = settings.label.is_none() && settings.label_switch.is_none() && settings.by_level.is_none();
    let how = said_by.in_words();
    if no_label && !facts.classes.null_is_all {
        return Some(format!("no class is chosen, so the null class {label} is used ({how})"));
    }
    let guided = settings.guidance.is_some() && scale.constant() != Some(1.0);
    let used = if guided { "guidance leads away from" } else { "the run uses" };
    null.is_guess().then(|| format!("{used} the null class {label} ({how})"))
}

/// A remark on a class over time that does not change.
fn switch_note(
    settings: &RunSettings,
    prompt: Option<&Prompt>,
    levels: &[NoiseLevel],
    time: &RunTime,
) -> Option<String> {
    let (Some(said), Some(Prompt::Switch(switch))) = (settings.label_switch, prompt) else { return None };
    if switch.from == switch.to {
        // Two classes that are visibly equal need no remark.
        let label = switch.from;
        let told = || format!("the class never changes, because {label} is the null class");
        return (said.from != said.to).then(told);
    }
    let steps = levels.len() - 1;
    let first = levels[..steps].iter().filter(|&&level| switch.class_at(time.at(level)) == switch.from).count();
    let (only, why) = match first {
        0 => (switch.to, "the change comes before the first of them"),
        all if all == steps => (switch.from, "the change comes after the last of them has begun"),
        _ => return None,
    };
    let of = if steps == 1 { "the one step is of".to_owned() } else { format!("all {steps} steps are of") };
    Some(format!("{of} class {only}: {why}"))
}

/// The class prompt; `None` for a model without classes.
fn prompt(settings: &RunSettings, facts: &Facts) -> Result<Option<Prompt>, PrepareError> {
    if let Some(prompts) = facts.prompts {
        return Ok(Some(match &prompts.list.by_level {
            Some(levels) => by_level(levels, facts)?,
            None => Prompt::Class(prompts.list.whole),
        }));
    }
    let Classes { none_because, count, null, null_is_all } = facts.classes;
    let said = [
        settings.label.map(|label| (Setting::Label, Some(label))),
        settings.label_switch.as_ref().map(|_| (Setting::Label, None)),
        settings.by_level.as_ref().map(|_| (Setting::LabelsByLevel, None)),
    ];
    let mut said = said.into_iter().flatten();
    let first = said.next();
    let null_too = settings.null_label.map(|label| (Setting::NullLabel, Some(label)));
    if let (Some(because), Some((setting, value))) = (none_because, first.or(null_too)) {
        return Err(SettingError::Useless { setting, value, because: (*because).into() }.into());
    }
    if said.next().is_some() {
        return Err(SettingError::TwoClasses.into());
    }
    if none_because.is_some() {
        let guided = settings.guidance.as_ref().is_some_and(|scale| scale.constant() != Some(1.0));
        return Ok((facts.null_inputs && guided).then_some(Prompt::Class(GIVEN_INPUTS)));
    }
    let none = || {
        let needed_for = "no class is chosen";
        null.map(|null| null.label).ok_or_else(|| no_null(facts, needed_for))
    };
    if let Some(levels) = &settings.by_level {
        return Ok(Some(by_level(levels, facts)?));
    }
    if let Some(ClassSwitch { from, to, at }) = settings.label_switch {
        if !(0.0..=1.0).contains(&at) {
            return Err(SettingError::SwitchOutside { at }.into());
        }
        let class = |label: Option<i64>| {
            let label = label.map_or_else(none, Ok)?;
            check_label(ClassOf::Setting(Setting::Label), label, *count)?;
            Ok::<_, PrepareError>(label)
        };
        return Ok(Some(Prompt::Switch(ClassSwitch { from: class(from)?, to: class(to)?, at })));
    }
    let label = match (settings.label, null) {
        (Some(label), _) => label,
        (None, Some(null)) => null.label,
        (None, None) if *null_is_all => return Ok(None),
        (None, None) => none()?,
    };
    let said_null = settings.label.is_none() && settings.null_label.is_some();
    let setting = if said_null { Setting::NullLabel } else { Setting::Label };
    check_label(ClassOf::Setting(setting), label, *count)?;
    Ok(Some(Prompt::Class(label)))
}

fn by_level(choice: &ByLevel, facts: &Facts) -> Result<Prompt, SettingError> {
    let size = (facts.image.height, facts.image.width);
    if !(2..=16).contains(&choice.factor) {
        let fault = format!("the factor between levels is {}; it must be between 2 and 16", choice.factor);
        return Err(SettingError::Other(fault));
    }
    if choice.labels.is_empty() {
        return Err(if facts.prompts.is_some() { SettingError::NoPrompts } else { SettingError::NoClasses });
    }
    let (levels, listed) = (choice.levels_of(size), choice.labels.len());
    if listed > levels + 1 {
        return Err(match facts.prompts {
            Some(_) => SettingError::MorePromptsThanLevels { prompts: listed, levels, size },
            None => SettingError::MoreClassesThanLevels { classes: listed, levels, size },
        });
    }
    for &label in &choice.labels {
        check_label(ClassOf::Setting(Setting::LabelsByLevel), label, facts.classes.count)?;
    }
    let prompt = LevelPrompt::new(choice.clone(), size).map_err(|error| SettingError::Other(error.to_string()))?;
    let coarsest = prompt.coarsest_block();
    if choice.mode == LevelMode::Band && !(size.0.is_multiple_of(coarsest) && size.1.is_multiple_of(coarsest)) {
        return Err(match facts.prompts {
            Some(prompts) => {
                let multiple = coarsest * prompts.resolved.latents.pixels_per_latent;
                SettingError::PromptBands { block: coarsest, size, multiple }
            }
            None => SettingError::Bands { block: coarsest, size },
        });
    }
    Ok(Prompt::ByLevel(prompt))
}

/// The largest |w|: far beyond any use, and far below the limit of 32-bit numbers.
const LARGEST_SCALE: f64 = 1e6;

fn check_guidance(
    settings: &RunSettings,
    scale: &GuidanceScale,
    null: Option<i64>,
    facts: &Facts,
) -> Result<(), PrepareError> {
    if settings.guidance.is_none() {
        return Ok(());
    }
    if let Some(because) = facts.classes.none_because.filter(|_| !facts.null_inputs) {
        let because = format!("{because}, so guidance has no effect");
        return Err(SettingError::Useless { setting: Setting::Guidance, value: None, because }.into());
    }
    if let GuidanceScale::Constant(w) = scale
        && !w.is_finite()
    {
        return Err(SettingError::GuidanceNoNumber { scale: *w }.into());
    }
    if let Some(w) = scale.largest().filter(|w| *w > LARGEST_SCALE) {
        return Err(SettingError::GuidanceTooStrong { largest: w }.into());
    }
    if null.is_none() && facts.classes.none_because.is_none() && scale.constant() != Some(1.0) {
        return Err(no_null(facts, "guidance needs it"));
    }
    Ok(())
}

fn no_null(facts: &Facts, needed_for: &'static str) -> PrepareError {
    PrepareError::NoNullClass { model: facts.name.to_owned(), classes: facts.classes.count, needed_for }
}
