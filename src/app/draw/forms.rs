//! Forms for what Chromascope cannot find out about a model: below the failure it causes, and among the model's
//! details.

use crate::app::draw::file_field::file_ui;
use crate::app::draw::inputs::{InputsState, concat_ui, inputs_ui};
use crate::app::draw::number::{Limits, number, number_entered};
use crate::app::draw::theme::Palette;
use crate::app::draw::widgets::named;
use crate::app::intent::{Ask, Intent};
use crate::app::words;
use crate::model::contract::PortNames;
use crate::runtime::{Fault, Need, PortRole};
use crate::session::action::Action;
use crate::session::prepare::ModelInfo;
use crate::session::setting::Setting;
use crate::session::settings::RunSettings;
use crate::theory::{NetworkState, NetworkTime, Prediction};
use egui::{ComboBox, DragValue, Grid, RichText, Ui};

/// Longest side offered, pixels.
const MOST_SIDE: usize = 16_384;
/// The last class offered if their number is unknown.
const MOST_CLASS: i64 = 100_000;

/// The contents of the forms.
#[derive(Clone, Debug)]
pub struct FormState {
    /// Height and width, pixels.
    size: (usize, usize),
    null_label: Option<i64>,
    hidden_states: String,
    scheduler_config: String,
    inputs: InputsState,
}

impl Default for FormState {
    fn default() -> Self {
        Self {
            size: (64, 64),
            null_label: None,
            hidden_states: String::new(),
            scheduler_config: String::new(),
            inputs: InputsState::default(),
        }
    }
}

/// The form for a failure.
pub fn form_ui(
    ui: &mut Ui,
    fault: &Fault,
    (run, model): (&RunSettings, Option<&ModelInfo>),
    state: &mut FormState,
    intents: &mut Vec<Intent>,
) {
    for need in &fault.needs {
        if let Some(model) = model.filter(|_| matches!(need, Need::Inputs | Need::Concat)) {
            inputs_ui(ui, run, model, &mut state.inputs, intents);
            continue;
        }
        ui.horizontal_wrapped(|ui| match need {
            Need::Inputs => {}
            Need::Concat => concat_ui(ui, run, &mut state.inputs, intents),
            Need::Port { role, names } => port_ui(ui, *role, names, &run.ports, intents),
            Need::SchedulerConfig => scheduler_ui(ui, run, state, intents),
            Need::Size => size_ui(ui, run, state, intents),
            Need::HiddenStates => hidden_states_ui(ui, run, state, intents),
            Need::NullClass => null_class_ui(ui, run, model, state, intents),
        });
    }
}

/// Settings of the open model that its files leave open or that you can override.
pub fn said_of_model_ui(
    ui: &mut Ui,
    run: &RunSettings,
    model: &ModelInfo,
    state: &mut FormState,
    intents: &mut Vec<Intent>,
) {
    if model.takes_sizes {
        ui.horizontal(|ui| {
            size_ui(ui, run, state, intents);
            if run.size.is_some() && model.native_size.is_some() && ui.button("Trained size").clicked() {
                intents.push(Intent::ChangeAndRun(vec![Action::SetSize(None)]));
            }
        });
    }
    if model.takes_labels {
        ui.horizontal(|ui| null_class_ui(ui, run, Some(model), state, intents));
    }
    if model.takes_hidden_states {
        ui.horizontal(|ui| hidden_states_ui(ui, run, state, intents));
    }
    inputs_ui(ui, run, model, &mut state.inputs, intents);
    if model.convention.is_some() {
        ui.horizontal_wrapped(|ui| convention_ui(ui, run, false, intents));
    }
}

/// The file with a network's schedule, or the three words that do without it.
fn scheduler_ui(ui: &mut Ui, run: &RunSettings, state: &mut FormState, intents: &mut Vec<Intent>) {
    ui.label(words::messages::MISSING_CONFIG);
    let named = (words::messages::OPEN_CONFIG, words::messages::PATH_OF_CONFIG, "path of this file");
    let to = |path| Action::set(Setting::SchedulerConfig, path);
    file_ui(ui, named, &mut state.scheduler_config, (Ask::SchedulerConfig, &to), intents);
    ui.end_row();
    convention_ui(ui, run, true, intents);
    let palette = Palette::of(ui);
    let (note, color) = match (run.state, run.time, run.prediction) {
        (None, None, None) => (words::messages::CONFIG_IS_NEEDED, palette.secondary),
        (_, Some(NetworkTime::Index), _) => (words::messages::INDEX_NEEDS_CONFIG, palette.warning),
        _ => (words::messages::STILL_MISSING, palette.warning),
    };
    ui.label(RichText::new(note).color(color));
}

fn size_ui(ui: &mut Ui, run: &RunSettings, state: &mut FormState, intents: &mut Vec<Intent>) {
    ui.label("Image size");
    for (side, name) in [(&mut state.size.0, words::messages::HEIGHT), (&mut state.size.1, words::messages::WIDTH)] {
        let response = number(ui, DragValue::new(side).speed(1.0), Limits::whole(1, MOST_SIDE));
        named(ui, &response, name);
        response.on_hover_text(name);
        if name.starts_with('H') {
            ui.label("by");
        }
    }
    ui.label("pixels");
    let tip = "Run at this size";
    if ui
        .add_enabled(run.size != Some(state.size), egui::Button::new(words::messages::USE_SIZE))
        .on_hover_text(tip)
        .clicked()
    {
        intents.push(Intent::ChangeAndRun(vec![Action::SetSize(Some(state.size))]));
    }
}

/// The null class.
pub(in crate::app) fn null_class_ui(
    ui: &mut Ui,
    run: &RunSettings,
    model: Option<&ModelInfo>,
    state: &mut FormState,
    intents: &mut Vec<Intent>,
) {
    let last = model.and_then(|model| model.classes).and_then(|count| i64::try_from(count).ok()).map(|count| count - 1);
    let known = model.and_then(|model| model.null_label);
    // Most models with a null class have it last.
    let mut label = state.null_label.or(known).or(last).unwrap_or(0).max(0);
    let word = |text: &str, ui: &Ui| RichText::new(text).color(Palette::of(ui).text);
    ui.label(word("Null class", ui));
    let most = usize::try_from(last.unwrap_or(MOST_CLASS)).unwrap_or(0);
    let response = number(ui, DragValue::new(&mut label).speed(0.1), Limits::whole(0, most));
    named(ui, &response, words::messages::NULL_CLASS);
    response.on_hover_text("The class the model was trained with for images of no particular class");
    state.null_label = Some(label);
    let is_said = run.null_label == Some(label);
    let tip = "Use as null class and run";
    if ui.add_enabled(!is_said, egui::Button::new(words::messages::USE_NULL_CLASS)).on_hover_text(tip).clicked() {
        intents.push(Intent::ChangeAndRun(vec![Action::SetNullLabel(Some(label))]));
    }
}

fn hidden_states_ui(ui: &mut Ui, run: &RunSettings, state: &mut FormState, intents: &mut Vec<Intent>) {
    ui.label("Embeddings");
    let known = run.hidden_states.as_ref().map(|path| path.display().to_string());
    let hint = known.as_deref().unwrap_or("path of a .npy file");
    let to = |path| Action::set(Setting::HiddenStates, path);
    let named = ("Open embeddings…", words::messages::PATH_OF_EMBEDDINGS, hint);
    file_ui(ui, named, &mut state.hidden_states, (Ask::HiddenStates, &to), intents);
}

/// A class of a model with an unknown number of classes: any number can be typed. Enter closes the menu.
pub fn class_number_ui(ui: &mut Ui, name: &str, current: Option<i64>) -> Option<i64> {
    let mut label = current.unwrap_or(0);
    let most = usize::try_from(MOST_CLASS).unwrap_or(usize::MAX);
    let (response, entered) = number_entered(ui, DragValue::new(&mut label).speed(0.1), Limits::whole(0, most));
    named(ui, &response, name);
    if entered {
        ui.close();
    }
    let changed = response.changed();
    response.on_hover_text("Drag, or click, type a class and press Enter. Classes are numbered from 0");
    // The initial number can be chosen too.
    (changed || entered).then_some(label).filter(|label| Some(*label) != current)
}

fn port_ui(ui: &mut Ui, role: PortRole, names: &[String], ports: &PortNames, intents: &mut Vec<Intent>) {
    let (what, chosen) = match role {
        PortRole::Sample => ("Noisy image", &ports.sample),
        PortRole::Timestep => ("Timestep", &ports.timestep),
        PortRole::ClassLabels => ("Class", &ports.class_labels),
        PortRole::Output => ("Prediction", &ports.output),
        PortRole::HiddenStates => return,
    };
    ui.label(what);
    let shown = chosen.clone().unwrap_or_else(|| "choose".into());
    let combo = ComboBox::from_id_salt(("port", what)).selected_text(shown).show_ui(ui, |ui| {
        for name in names {
            if ui.selectable_label(chosen.as_ref() == Some(name), name).clicked() {
                let mut ports = ports.clone();
                *match role {
                    PortRole::Sample => &mut ports.sample,
                    PortRole::Timestep => &mut ports.timestep,
                    PortRole::ClassLabels => &mut ports.class_labels,
                    PortRole::Output => &mut ports.output,
                    PortRole::HiddenStates => return,
                } = Some(name.clone());
                intents.push(Intent::ChangeAndRun(vec![Action::SetPorts(ports)]));
            }
        }
    });
    named(ui, &combo.response, what);
}

/// What the network sees, receives and outputs. Where files are missing, the run waits for all three.
fn convention_ui(ui: &mut Ui, run: &RunSettings, needs_all: bool, intents: &mut Vec<Intent>) {
    let (mut state, mut time, mut prediction) = (run.state, run.time, run.prediction);
    ui.vertical(|ui| {
        Grid::new("conventions").num_columns(2).spacing([8.0, 4.0]).show(ui, |ui| {
            word_ui(ui, words::messages::STATE, &mut state, NetworkState::ALL, NetworkState::formula);
            word_ui(ui, words::messages::TIME, &mut time, NetworkTime::ALL, NetworkTime::formula);
            word_ui(ui, words::messages::PREDICTION, &mut prediction, Prediction::ALL, Prediction::formula);
        });
    });
    let mut actions = Vec::new();
    actions.extend((state != run.state).then_some(Action::SetState(state)));
    actions.extend((time != run.time).then_some(Action::SetTime(time)));
    actions.extend((prediction != run.prediction).then_some(Action::SetPrediction(prediction)));
    let has_all = state.is_some() && time.is_some_and(|time| time != NetworkTime::Index) && prediction.is_some();
    if needs_all && !has_all {
        intents.extend(actions.into_iter().map(Intent::Change));
    } else if !actions.is_empty() {
        intents.push(Intent::ChangeAndRun(actions));
    }
}

/// One of a few words, or what the model's files give.
fn word_ui<T: Copy + PartialEq>(
    ui: &mut Ui,
    name: &str,
    chosen: &mut Option<T>,
    all: &[T],
    formula: fn(T) -> &'static str,
) {
    ui.label(name);
    let text = |choice: Option<T>| choice.map_or(words::messages::AS_IN_FILES, formula);
    let combo = ComboBox::from_id_salt(name).selected_text(text(*chosen)).width(190.0).show_ui(ui, |ui| {
        for choice in std::iter::once(None).chain(all.iter().copied().map(Some)) {
            ui.selectable_value(chosen, choice, text(choice));
        }
    });
    named(ui, &combo.response, name);
    ui.end_row();
}
