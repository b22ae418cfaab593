//! Changes of the document, and their effects.

use super::colour_map::ColourMap;
use super::document::{
    AdjustedView, AxisReading, Document, FACTORS, Layout, LevelReading, MOST_LEVELS, MOST_REMEMBERED, Measure,
    SavedSchedule, Stacking, TRACK_HEIGHTS, TheoremView, Track, ValueRange, ViewChoices, ViewSpace,
};
use super::heat_map::HeatMapChange;
use super::levels::LevelSet;
use super::parts::PartsChoices;
use super::setting::{Belongs, PromptsByLevel, Setting, Value};
use super::settings::{ModelSource, ProviderChoice, RunSettings};
use super::spectrum_choices::SpectrumChoices;
use crate::denoiser::guided::{ByLevel, ClassSwitch, GuidanceScale};
use crate::denoiser::{Upsample, WindowSize};
use crate::model::contract::PortNames;
use crate::model::inputs::InputValue;
use crate::sampler::{Churn, SamplerChoice};
use crate::schedule::PlanSource;
use crate::theory::{Calibration, NetworkState, NetworkTime, Prediction};

/// A change of the document.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Another model. Settings that belong to one model (class, guidance, size, ports, embeddings) return to those last used
    /// with it, or to their defaults for a new model.
    SetModel(ModelSource),
    /// A setting of a simple kind: a number, a switch, a file.
    Set(Setting, Value),
    /// Sampler. Stochasticity that the new one does not have is reset.
    SetSampler(SamplerChoice),
    /// Spacing or σ family; `None` is the model default.
    SetSpacing(Option<String>),
    /// A schedule instead of the spacing; `None` returns to the spacing.
    SetSchedule(Option<Box<PlanSource>>),
    /// Heun's churn.
    SetChurn(Churn),
    /// Class; `None` is the null class.
    SetLabel(Option<i64>),
    /// The null class.
    SetNullLabel(Option<i64>),
    /// A class, then another, instead of the class.
    SetLabelSwitch(Option<ClassSwitch<Option<i64>>>),
    /// A class per level, instead of the class.
    SetByLevel(Option<ByLevel>),
    /// Prompt; an empty one, or `None`, is the null prompt.
    SetPrompt(Option<String>),
    /// Negative prompt; an empty one, or `None`, is the empty one.
    SetNegative(Option<String>),
    /// A prompt per level, instead of the prompt.
    SetPromptsByLevel(Option<PromptsByLevel>),
    /// Guidance scale; `None` is the plain conditional estimate.
    SetGuidance(Option<GuidanceScale>),
    /// Upsample guidance. A chosen size is reset, because it was chosen for another use.
    SetUpsample(Option<Upsample>),
    /// Window of the local exact denoiser; `None` is the exact one that sees whole images.
    SetLocal(Option<WindowSize>),
    /// Height and width, pixels; `None` is the model default.
    SetSize(Option<(usize, usize)>),
    /// What the network sees, overriding its files.
    SetState(Option<NetworkState>),
    /// What the network receives for the noise level, overriding its files.
    SetTime(Option<NetworkTime>),
    /// What the network predicts, overriding its files.
    SetPrediction(Option<Prediction>),
    /// The value of a further input; `None` is the one in the model's card.
    SetInput(String, Option<InputValue>),
    /// Input and output names.
    SetPorts(PortNames),
    /// The provider.
    SetProvider(ProviderChoice),
    /// All settings of the run at once, for example from a record.
    SetRun(Box<RunSettings>),
    /// The layout of panes and tracks.
    SetLayout(Layout),
    /// The unit of the time axis.
    SetAxis(AxisReading),
    /// What the chromatogram plots.
    SetMeasure(Measure),
    /// What the theory beside measurements knows about the data.
    SetTheory(Calibration),
    /// Lines or stacked areas.
    SetStacking(Stacking),
    /// Factor between resolution levels.
    SetFactor(usize),
    /// Number of resolution levels.
    SetLevels(Option<usize>),
    /// The unit of the schedule plot.
    SetLevelReading(LevelReading),
    /// What the track of adjusted times plots.
    SetAdjusted(AdjustedView),
    /// How two schedules are compared.
    SetTheorem(TheoremView),
    /// The spectra at a step.
    SetSpectrum(SpectrumChoices),
    /// Whether control points snap.
    SetSnap(bool),
    /// Whether a changed schedule runs at once.
    SetLive(bool),
    /// Saves the run's schedule under a name, replacing any of that name.
    KeepSchedule(SavedSchedule),
    /// Removes a saved schedule.
    DropSchedule(String),
    /// Draws a saved schedule over the run's.
    SetOverlay(Option<String>),
    /// What the heat map of spectra plots.
    SetHeatMap(HeatMapChange),
    /// What is shown of an estimate's parts by level.
    SetParts(PartsChoices),
    /// Colours of heat maps.
    SetColourMap(ColourMap),
    /// How latents are looked at, and with it the isolated levels, which are other levels there.
    SetSpace(ViewSpace, LevelSet),
    /// The channel of latents that is shown; `None` is all of them.
    SetLatentChannel(Option<usize>),
    /// The values shown as black and white.
    SetRange(ValueRange),
    /// Pixel-perfect mode.
    SetTruePixels(bool),
    /// The sample shown.
    SetSample(usize),
    /// All images of the batch, or one.
    SetGrid(bool),
    /// The isolated levels.
    Isolate(LevelSet),
    /// Shows or hides a track.
    ShowTrack(Track, bool),
    /// Folds or unfolds a track.
    FoldTrack(Track, bool),
    /// Heights of tracks, points; both sides of a dragged boundary change together.
    SetTrackHeights(Vec<(Track, f32)>),
    /// Moves a track to this position from the top.
    MoveTrack(Track, usize),
}

impl Action {
    /// Changes a setting of a simple kind.
    pub fn set(setting: Setting, value: impl Into<Value>) -> Self {
        Self::Set(setting, value.into())
    }

    /// The name of the change in the undo menu: "undo *seed*".
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Set(setting, _) => setting.change(),
            Self::SetModel(_) => Setting::Model.change(),
            Self::SetSampler(_) => Setting::Sampler.change(),
            Self::SetSpacing(_) => Setting::Spacing.change(),
            Self::SetSchedule(_) => Setting::Schedule.change(),
            Self::SetChurn(_) => Setting::SChurn.change(),
            Self::SetLabel(_) | Self::SetLabelSwitch(_) => Setting::Label.change(),
            Self::SetNullLabel(_) => Setting::NullLabel.change(),
            Self::SetByLevel(_) => Setting::LabelsByLevel.change(),
            Self::SetPrompt(_) => Setting::Prompt.change(),
            Self::SetNegative(_) => Setting::Negative.change(),
            Self::SetPromptsByLevel(_) => Setting::PromptsByLevel.change(),
            Self::SetGuidance(_) => Setting::Guidance.change(),
            Self::SetUpsample(_) => Setting::UpsampleGuidance.change(),
            Self::SetLocal(_) => Setting::Local.change(),
            Self::SetSize(_) => Setting::Size.change(),
            Self::SetState(_) => Setting::State.change(),
            Self::SetTime(_) => Setting::Time.change(),
            Self::SetInput(..) => Setting::Inputs.change(),
            Self::SetPrediction(_) => Setting::Prediction.change(),
            Self::SetPorts(_) => Setting::InputSample.change(),
            Self::SetProvider(_) => Setting::Provider.change(),
            Self::SetRun(_) => "run",
            Self::SetLayout(_) => "layout",
            Self::SetAxis(_) => "axis",
            Self::SetMeasure(_) => "measure",
            Self::SetTheory(_) => "theory",
            Self::SetStacking(_) => "stacking",
            Self::SetFactor(_) => "factor",
            Self::SetLevels(_) => "levels",
            Self::SetLevelReading(_) => "unit of the schedule",
            Self::SetAdjusted(_) => "adjusted times",
            Self::SetTheorem(_) => "comparison",
            Self::SetSpectrum(_) => "spectrum",
            Self::SetSnap(_) => "snap",
            Self::SetLive(_) => "live runs",
            Self::KeepSchedule(_) => "saved schedule",
            Self::DropSchedule(_) => "deleted schedule",
            Self::SetOverlay(_) => "overlay",
            Self::SetHeatMap(change) => change.name(),
            Self::SetParts(_) => "parts by level",
            Self::SetColourMap(_) => "colours",
            Self::SetSpace(..) => "view of latents",
            Self::SetLatentChannel(_) => "channel",
            Self::SetRange(_) => "value range",
            Self::SetTruePixels(_) => "pixel-perfect",
            Self::SetSample(_) => "sample",
            Self::SetGrid(_) => "images of the batch",
            Self::Isolate(_) => "isolated levels",
            Self::ShowTrack(..) => "track shown",
            Self::FoldTrack(..) => "track folded",
            Self::SetTrackHeights(_) => "track height",
            Self::MoveTrack(..) => "track order",
        }
    }

    /// Successive actions with the same key are undone together; `None` is always undone alone.
    #[must_use]
    pub const fn merge_key(&self) -> Option<(&'static str, Option<Track>)> {
        match self {
            Self::Set(_, Value::Whole(_) | Value::Number(_))
            | Self::SetSchedule(_)
            | Self::SetInput(..)
            | Self::SetChurn(_)
            | Self::SetLabelSwitch(_)
            | Self::SetPrompt(_)
            | Self::SetNegative(_)
            | Self::SetPromptsByLevel(_)
            | Self::SetGuidance(_)
            | Self::SetUpsample(_)
            | Self::SetLocal(_)
            | Self::SetRange(_)
            | Self::SetSpectrum(_)
            | Self::SetParts(_)
            | Self::SetHeatMap(HeatMapChange::Range(_) | HeatMapChange::DifferenceRange(_))
            | Self::SetSample(_) => Some((self.name(), None)),
            Self::SetTrackHeights(heights) => match heights.as_slice() {
                [(track, _), ..] => Some((self.name(), Some(*track))),
                [] => None,
            },
            Self::MoveTrack(track, _) => Some((self.name(), Some(*track))),
            _ => None,
        }
    }
}

/// Changes the document. Values out of range are clamped; NaN changes nothing.
pub fn apply(document: &mut Document, action: Action) {
    let (run, view) = (&mut document.run, &mut document.view);
    match action {
        Action::SetModel(source) => set_model(run, &mut document.remembered, source),
        Action::Set(setting, value) => {
            setting.declaration().kind.put(value, run);
            if run.sampler.named().is_some_and(|named| named.usual_eta().is_none()) {
                run.eta = None;
            }
            view.sample = view.sample.min(run.batch.saturating_sub(1));
        }
        Action::SetSampler(sampler) => set_sampler(run, sampler),
        Action::SetSpacing(spacing) => (run.spacing, run.schedule) = (spacing, None),
        Action::SetSchedule(schedule) => {
            run.schedule = schedule;
            run.steps = run.effective_steps().max(1);
        }
        Action::SetChurn(churn) => {
            let numbers = [churn.amount, churn.sigma_min, churn.noise];
            if numbers.iter().all(|number| number.is_finite()) && !churn.sigma_max.is_nan() {
                run.churn = churn;
            }
        }
        Action::SetLabel(_)
        | Action::SetLabelSwitch(_)
        | Action::SetByLevel(_)
        | Action::SetPrompt(_)
        | Action::SetNegative(_)
        | Action::SetPromptsByLevel(_)
        | Action::SetGuidance(_)
        | Action::SetUpsample(_)
        | Action::SetLocal(_) => steer(run, action),
        Action::SetNullLabel(label) => run.null_label = label,
        Action::SetSize(size) => run.size = size,
        Action::SetState(state) => run.state = state,
        Action::SetTime(time) => run.time = time,
        Action::SetInput(_, Some(InputValue::Number(number))) if !number.is_finite() => {}
        Action::SetInput(name, Some(value)) => {
            run.inputs.insert(name, value);
        }
        Action::SetInput(name, None) => {
            run.inputs.remove(&name);
        }
        Action::SetPrediction(prediction) => run.prediction = prediction,
        Action::SetPorts(ports) => run.ports = ports,
        Action::SetProvider(provider) => run.provider = provider,
        Action::SetRun(settings) => {
            *run = *settings;
            view.sample = view.sample.min(run.batch.saturating_sub(1));
        }
        Action::SetLayout(layout) => view.layout = layout,
        Action::SetAxis(axis) => view.axis = axis,
        Action::SetMeasure(measure) => view.measure = measure,
        Action::SetTheory(theory) => view.theory = theory,
        Action::SetStacking(stacking) => view.stacking = stacking,
        Action::SetFactor(factor) => cut(view, factor.clamp(FACTORS.0, FACTORS.1), view.levels),
        Action::SetLevels(levels) => cut(view, view.factor, levels.map(|levels| levels.clamp(1, MOST_LEVELS))),
        Action::Isolate(levels) => view.isolated = levels,
        Action::SetLevelReading(reading) => view.level_reading = reading,
        Action::SetAdjusted(adjusted) => view.adjusted = adjusted,
        Action::SetTheorem(theorem) => view.theorem = theorem,
        Action::SetSpectrum(choices) => view.spectrum = choices.mended(&view.spectrum),
        Action::SetSnap(snap) => view.snap = snap,
        Action::SetLive(live) => view.live = live,
        Action::KeepSchedule(kept) => match document.schedules.iter_mut().find(|there| there.name == kept.name) {
            Some(there) => *there = kept,
            None => document.schedules.push(kept),
        },
        Action::DropSchedule(name) => {
            document.schedules.retain(|kept| kept.name != name);
            document.overlay.take_if(|overlay| *overlay == name);
        }
        Action::SetOverlay(name) => document.overlay = name,
        Action::SetHeatMap(change) => view.heat_map.apply(change),
        Action::SetParts(choices) => view.parts = choices.mended(),
        Action::SetColourMap(map) => view.colour_map = map,
        Action::SetSpace(space, isolated) => (view.space, view.isolated) = (space, isolated),
        Action::SetLatentChannel(channel) => view.latent_channel = channel,
        Action::SetRange(range) => match range {
            ValueRange::Fixed { low, high } if !(low.is_finite() && high.is_finite() && low < high) => {}
            range => view.range = range,
        },
        Action::SetTruePixels(on) => view.true_pixels = on,
        Action::SetGrid(on) => view.batch_grid = on,
        Action::SetSample(sample) => view.sample = sample.min(run.batch.saturating_sub(1)),
        Action::ShowTrack(..) | Action::FoldTrack(..) | Action::SetTrackHeights(_) | Action::MoveTrack(..) => {
            arrange(view, action);
        }
    }
}

/// The tracks: which are shown, their heights and their order.
fn arrange(view: &mut ViewChoices, action: Action) {
    match action {
        Action::ShowTrack(track, shown) => view.track_mut(track).shown = shown,
        Action::FoldTrack(track, folded) => view.track_mut(track).folded = folded,
        Action::SetTrackHeights(heights) => {
            for (track, height) in heights.into_iter().filter(|(_, height)| height.is_finite()) {
                view.track_mut(track).height = height.clamp(TRACK_HEIGHTS.0, TRACK_HEIGHTS.1);
            }
        }
        Action::MoveTrack(track, to) => {
            let choice = *view.track_mut(track);
            view.tracks.retain(|choice| choice.track != track);
            view.tracks.insert(to.min(view.tracks.len()), choice);
        }
        _ => {}
    }
}

/// Class, guidance and size.
fn steer(run: &mut RunSettings, action: Action) {
    match action {
        Action::SetLabel(label) => (run.label, run.label_switch, run.by_level) = (label, None, None),
        Action::SetLabelSwitch(Some(switch)) if !switch.at.is_finite() => {}
        Action::SetLabelSwitch(switch) => {
            run.label_switch = switch.map(|switch| ClassSwitch { at: switch.at.clamp(0.0, 1.0), ..switch });
            if run.label_switch.is_some() {
                (run.label, run.by_level) = (None, None);
            }
        }
        Action::SetByLevel(Some(levels)) if levels.labels.is_empty() || levels.factor < 2 => {}
        Action::SetByLevel(levels) => {
            run.by_level = levels;
            if run.by_level.is_some() {
                (run.label, run.label_switch) = (None, None);
            }
        }
        Action::SetPrompt(prompt) => {
            (run.prompt, run.prompts_by_level) = (worded(prompt), None);
            prompted(run);
        }
        Action::SetNegative(negative) => run.negative = worded(negative),
        Action::SetPromptsByLevel(Some(levels)) if levels.prompts.is_empty() || levels.factor < 2 => {}
        Action::SetPromptsByLevel(levels) => {
            run.prompts_by_level = levels;
            if run.prompts_by_level.is_some() {
                run.prompt = None;
                prompted(run);
            }
        }
        Action::SetGuidance(scale) => match &scale {
            Some(GuidanceScale::Constant(w)) if !w.is_finite() => {}
            _ => run.guidance = scale,
        },
        Action::SetUpsample(Some(upsample)) if !upsample.is_sound() => {}
        Action::SetUpsample(upsample) => {
            if run.upsample.map(|upsample| upsample.factor) != upsample.map(|upsample| upsample.factor) {
                run.size = None;
            }
            run.upsample = upsample.map(|upsample| Upsample { eta: upsample.eta.clamp(0.0, 1.0), ..upsample });
        }
        Action::SetLocal(window) if window.as_ref().is_none_or(|window| window.check().is_ok()) => {
            run.local = window;
        }
        _ => {}
    }
}

/// A prompt without words is the empty one.
fn worded(prompt: Option<String>) -> Option<String> {
    prompt.filter(|prompt| !prompt.is_empty())
}

/// Drops what a prompt cannot go with.
fn prompted(run: &mut RunSettings) {
    (run.label, run.label_switch, run.by_level, run.hidden_states) = (None, None, None, None);
}

/// Changes the levels of an image. Their indices then mean other levels, so none stays isolated.
fn cut(view: &mut ViewChoices, factor: usize, levels: Option<usize>) {
    if (view.factor, view.levels) != (factor, levels) {
        (view.factor, view.levels, view.isolated) = (factor, levels, LevelSet::WHOLE);
    }
}

fn set_model(run: &mut RunSettings, remembered: &mut Vec<RunSettings>, source: ModelSource) {
    if run.source == source {
        return;
    }
    let known = remembered.iter().position(|left| left.source == source).map(|at| remembered.remove(at));
    remembered.retain(|left| left.source != run.source);
    remembered.insert(0, run.clone());
    remembered.truncate(MOST_REMEMBERED);
    let left = known.unwrap_or_else(|| RunSettings::new(source));
    let mut next = left.without(|setting| setting.belongs == Belongs::ToRun);
    for setting in Setting::ALL.iter().filter(|setting| setting.declaration().belongs == Belongs::ToAll) {
        setting.copy(run, &mut next);
    }
    if next.provider == ProviderChoice::Rust {
        next.provider = ProviderChoice::Auto;
    }
    *run = next;
}

fn set_sampler(run: &mut RunSettings, sampler: SamplerChoice) {
    if run.sampler == sampler {
        return;
    }
    run.sampler = sampler;
    // The same number means something else to another sampler.
    run.eta = None;
    if sampler.named().is_none_or(|named| !named.has_churn()) {
        run.churn = Churn::default();
    }
}

#[cfg(test)]
mod tests {
    use super::super::levels::Band;
    use super::*;
    use crate::denoiser::guided::LevelMode;
    use crate::session::SamplerKind;

    fn after(actions: impl IntoIterator<Item = Action>) -> Document {
        let mut document = Document::default();
        actions.into_iter().for_each(|action| apply(&mut document, action));
        document
    }

    #[test]
    fn another_model_keeps_what_still_makes_sense() {
        let other = ModelSource::Model("gaussian-64".into());
        let document = after([
            Action::set(Setting::Seed, 5_u64),
            Action::SetLabel(Some(3)),
            Action::SetSize(Some((64, 64))),
            Action::SetSpacing(Some("karras".into())),
            Action::SetModel(other.clone()),
        ]);
        let expected = RunSettings { seed: 5, spacing: Some("karras".into()), ..RunSettings::new(other) };
        assert_eq!(document.run, expected);
        let same = after([Action::SetLabel(Some(3)), Action::SetModel(Document::default().run.source)]);
        assert_eq!(same.run.label, Some(3), "the same model again resets nothing");
    }

    #[test]
    fn a_model_chosen_again_has_its_own_settings_again() {
        let model = |name: &str| Action::SetModel(ModelSource::Model(name.into()));
        let own = [
            Action::SetLabel(Some(3)),
            Action::SetGuidance(Some(GuidanceScale::Constant(2.5))),
            Action::SetNullLabel(Some(9)),
            Action::SetPrediction(Some(Prediction::VPrediction)),
        ];
        let elsewhere = [
            model("gaussian-64"),
            Action::set(Setting::Seed, 5_u64),
            Action::set(Setting::Steps, 7_usize),
            Action::SetLabel(None),
        ];
        let first = after(own.clone());
        let document = after(own.into_iter().chain(elsewhere).chain([model("emoji-unet")]));
        // Settings that belong to no model stay as they are.
        assert_eq!(document.run, RunSettings { seed: 5, steps: 7, ..first.run });
        let many = (0..2 * MOST_REMEMBERED).map(|number| model(&format!("model {number}")));
        let document = after(many.chain([model("model 19"), model("model 3")]));
        assert_eq!(document.remembered.len(), MOST_REMEMBERED);
        let again = Document::from_json(document.to_json().unwrap().as_bytes()).unwrap();
        assert_eq!(again, document, "it is kept between starts");
    }

    #[test]
    fn settings_stay_possible() {
        let document = after([
            Action::set(Setting::Eta, Some(7.0)),
            Action::set(Setting::Steps, 0_usize),
            Action::set(Setting::Batch, 0_usize),
            Action::SetSample(4),
            Action::SetRange(ValueRange::Fixed { low: 1.0, high: f32::NAN }),
            Action::SetTrackHeights(vec![(Track::Schedule, f32::NAN)]),
            Action::SetTrackHeights(vec![(Track::FilmStrip, 1e9)]),
        ]);
        assert_eq!((document.run.eta, document.run.steps, document.run.batch), (Some(1.0), 1, 1));
        assert_eq!((document.view.sample, document.view.range), (0, ValueRange::Image));
        assert_eq!(document.view.track(Track::Schedule).height, Track::Schedule.default_height());
        assert_eq!(document.view.track(Track::FilmStrip).height, TRACK_HEIGHTS.1);
        let nothing = Upsample { theta: f64::NAN, ..Upsample::by(2) };
        let by_level = |labels: &[i64]| ByLevel { labels: labels.to_vec(), mode: LevelMode::Blend, factor: 2 };
        let set = [Action::SetByLevel(Some(by_level(&[1, 2]))), Action::SetSize(Some((96, 64)))];
        let refused = [
            Action::SetUpsample(Some(nothing)),
            Action::SetUpsample(Some(Upsample::by(usize::MAX))),
            Action::SetByLevel(Some(by_level(&[]))),
            Action::SetLabelSwitch(Some(ClassSwitch { from: None, to: Some(1), at: f64::NAN })),
            Action::SetChurn(Churn { noise: f64::NAN, ..Churn::default() }),
            Action::SetGuidance(Some(GuidanceScale::Constant(f64::INFINITY))),
        ];
        assert_eq!(after(set.clone().into_iter().chain(refused)), after(set), "what is no number changes nothing");
        let heun = after([
            Action::set(Setting::Eta, Some(0.5)),
            Action::SetSampler(SamplerKind::Heun.into()),
            Action::set(Setting::Eta, Some(0.5)),
        ]);
        assert_eq!(heun.run.eta, None);
    }

    #[test]
    fn a_prompt_takes_the_place_of_what_it_excludes() {
        let words = |text: &str| Some(text.to_owned());
        let document = after([
            Action::SetLabel(Some(3)),
            Action::SetPrompt(words("a cat")),
            Action::SetNegative(words("")),
            Action::SetGuidance(Some(GuidanceScale::Constant(7.5))),
        ]);
        let run = &document.run;
        assert_eq!((run.prompt.as_deref(), &run.negative, run.label), (Some("a cat"), &None, None));
        let by_level = PromptsByLevel::new(vec!["fur".into(), "a cat".into()]);
        let document = after([
            Action::SetPrompt(words("a cat")),
            Action::SetPromptsByLevel(Some(by_level.clone())),
            Action::SetPromptsByLevel(Some(PromptsByLevel::new(Vec::new()))),
        ]);
        assert_eq!((document.run.prompt, document.run.prompts_by_level), (None, Some(by_level.clone())));
        let document = after([Action::SetPromptsByLevel(Some(by_level)), Action::SetPrompt(None)]);
        assert_eq!((document.run.prompt, document.run.prompts_by_level), (None, None));
    }

    #[test]
    fn other_levels_leave_none_alone() {
        let alone = LevelSet::only(Band::Level(2));
        let document = after([Action::Isolate(alone), Action::SetFactor(2), Action::SetLevels(None)]);
        assert_eq!(document.view.isolated, alone, "the same again changes nothing");
        for action in [Action::SetFactor(3), Action::SetLevels(Some(4))] {
            assert!(after([Action::Isolate(alone), action]).view.isolated.is_whole());
        }
    }

    #[test]
    fn tracks_move_fold_and_hide() {
        let document = after([
            Action::MoveTrack(Track::FilmStrip, 9),
            Action::FoldTrack(Track::Schedule, true),
            Action::ShowTrack(Track::Chromatogram, false),
        ]);
        let order: Vec<Track> = document.view.tracks.iter().map(|choice| choice.track).collect();
        assert_eq!((order[0], order[1]), (Track::Schedule, Track::Chromatogram));
        assert_eq!(order.last(), Some(&Track::FilmStrip));
        assert!(document.view.track(Track::Schedule).folded && !document.view.track(Track::Chromatogram).shown);
    }
}
