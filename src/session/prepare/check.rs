use super::{MEMORY_LIMIT, ModelInfo, SettingError};
use crate::reading::memory;
use crate::sampler::{SamplerKind, Solver};
use crate::session::Trajectory;
use crate::session::setting::Setting;
use crate::session::settings::{ModelSource, RunSettings};

/// Checks everything that can be judged from the settings alone.
pub(super) fn numbers(settings: &RunSettings) -> Result<(), SettingError> {
    for &setting in Setting::ALL {
        if let Some((value, range)) = setting.declaration().kind.out_of_range(settings) {
            return Err(SettingError::OutOfRange { setting, value, range });
        }
    }
    if settings.first_sample.checked_add(settings.batch as u64).is_none() {
        return Err(SettingError::Other(format!(
            "the first sample has number {}, which is too large; choose a smaller one",
            settings.first_sample
        )));
    }
    if let Some(named) = settings.sampler.named() {
        sampler(settings, named)?;
    }
    if let Some(window) = &settings.local {
        window.check().map_err(|error| SettingError::Other(format!("{}: {error}", Setting::Local)))?;
    }
    if let ModelSource::Images(_) = settings.source {
        let open = RunSettings::new(settings.source.clone());
        let excluded = |setting: &&Setting| setting.declaration().excludes.contains(&Setting::Images);
        let mut given = Setting::ALL.iter().filter(excluded).filter(|setting| setting.differs(settings, &open));
        if let Some(&setting) = given.next() {
            return Err(SettingError::NotForModel { setting, model: "a folder of images".into() });
        }
    }
    let churn = settings.churn;
    if churn.sigma_max < churn.sigma_min {
        return Err(SettingError::ChurnEnds);
    }
    if churn.sigma_min > 0.0 && churn.amount == 0.0 {
        return Err(SettingError::Without { setting: Setting::STmin, needs: Setting::SChurn });
    }
    Ok(())
}

/// What a text-to-image model is told in words, and other models in numbers.
const WORDS: [Setting; 5] =
    [Setting::Prompt, Setting::Negative, Setting::PromptsByLevel, Setting::ClipSkip, Setting::Decode];
const NUMBERS: [Setting; 4] = [Setting::Label, Setting::NullLabel, Setting::LabelsByLevel, Setting::HiddenStates];

/// Refuses words for a model without text, and classes for one with it.
pub(super) fn words(settings: &RunSettings, model: &ModelInfo) -> Result<(), SettingError> {
    let open = RunSettings::new(settings.source.clone());
    let set = |settings_of: &[Setting]| settings_of.iter().copied().find(|setting| setting.differs(settings, &open));
    let (refused, what) = match model.pipeline {
        Some(_) => (set(&NUMBERS), "a text-to-image model, which takes prompts"),
        None => (set(&WORDS), "which is no text-to-image model"),
    };
    match refused {
        Some(setting) => Err(SettingError::NotForModel { setting, model: format!("{}, {what}", model.name) }),
        None if settings.prompt.is_some() && settings.prompts_by_level.is_some() => Err(SettingError::TwoPrompts),
        None => Ok(()),
    }
}

/// Checks that a sampler has what the settings give it.
pub(super) fn sampler(settings: &RunSettings, solver: Solver) -> Result<(), SettingError> {
    let sampler = solver.name();
    if settings.eta.is_some() && solver.usual_eta().is_none() {
        let belongs_to = SamplerKind::names("and", |method| method.kind.usual_eta().is_some());
        return Err(SettingError::NotForSampler { setting: Setting::Eta, sampler, belongs_to });
    }
    if settings.churn.amount > 0.0 && !solver.has_churn() {
        let belongs_to = SamplerKind::names("and", |method| method.kind.has_churn());
        return Err(SettingError::NotForSampler { setting: Setting::SChurn, sampler, belongs_to });
    }
    Ok(())
}

/// Checks that there is memory for what the run stores.
/// `parts` is the number of parts of each estimate.
pub(super) fn room(steps: usize, shape: [usize; 4], parts: usize) -> Result<(), SettingError> {
    let bytes = Trajectory::bytes(steps, shape, parts);
    // Of what is left a run takes two fifths at most, as writing its archive takes about as much again.
    let left = memory::left().and_then(|left| usize::try_from(left / 5 * 2).ok());
    let allowed = left.map_or(MEMORY_LIMIT, |left| MEMORY_LIMIT.min(left));
    if bytes <= allowed {
        return Ok(());
    }
    let [batch, _, height, width] = shape;
    let [needed, allowed] = [bytes, allowed].map(|bytes| bytes as f64 / 1e9);
    Err(SettingError::Memory { needed, allowed, steps, batch, size: (height, width) })
}
