//! Controls of a network's further inputs: a slider or a field for a number, and a text field for lists and files.

use crate::app::draw::file_field::file_ui;
use crate::app::draw::number::{self, Limits};
use crate::app::draw::setting::field;
use crate::app::draw::widgets::named;
use crate::app::intent::{Ask, Intent};
use crate::app::words;
use crate::model::inputs::InputValue;
use crate::session::action::Action;
use crate::session::prepare::{InputInfo, ModelInfo};
use crate::session::setting::Setting;
use crate::session::settings::RunSettings;
use crate::words::voice::Voice;
use egui::{DragValue, Key, Role, Slider, TextEdit, Ui, WidgetInfo};
use std::collections::BTreeMap;

/// The typed texts.
#[derive(Clone, Debug, Default)]
pub struct InputsState {
    typed: BTreeMap<String, String>,
    concat: String,
}

/// A control for each further input of a model.
pub fn inputs_ui(
    ui: &mut Ui,
    run: &RunSettings,
    model: &ModelInfo,
    state: &mut InputsState,
    intents: &mut Vec<Intent>,
) {
    for input in &model.inputs {
        let value = run.inputs.get(&input.port.name).or(input.card.default.as_ref());
        ui.horizontal_wrapped(|ui| {
            let tip = format!("Input {}, {}", input.port.describe(), input.card.range_in_words());
            ui.label(&input.port.name).on_hover_text(tip);
            match value {
                Some(InputValue::Number(number)) if input.is_number => number_ui(ui, input, *number, intents),
                None if input.is_number => number_ui(ui, input, input.card.min.unwrap_or(0.0).max(0.0), intents),
                value => text_ui(ui, input, value, state, intents),
            }
            let changed = run.inputs.contains_key(&input.port.name);
            if changed && input.card.default.is_some() && ui.button("Model default").clicked() {
                intents.push(Intent::Change(Action::SetInput(input.port.name.clone(), None)));
                intents.push(Intent::EndGesture);
            }
        });
    }
    if model.concat_channels > 0 {
        ui.horizontal_wrapped(|ui| concat_ui(ui, run, state, intents));
    }
}

/// A slider over the range in the card, or a field.
fn number_ui(ui: &mut Ui, input: &InputInfo, before: f64, intents: &mut Vec<Intent>) {
    let name = &input.port.name;
    let whole = input.port.element.is_integer();
    let mut value = before;
    let response = match input.card.range() {
        Some((min, max)) if whole => {
            let slider = Slider::new(&mut value, min..=max).integer();
            number::slider(ui, slider, Limits::within(min, max))
        }
        Some((min, max)) => {
            number::slider(ui, Slider::new(&mut value, min..=max).max_decimals(3), Limits::within(min, max))
        }
        None => {
            let limits =
                Limits::within(input.card.min.unwrap_or(f64::NEG_INFINITY), input.card.max.unwrap_or(f64::INFINITY));
            let drag = DragValue::new(&mut value).speed(if whole { 0.1 } else { 0.01 });
            number::number(ui, if whole { drag.max_decimals(0) } else { drag }, limits)
        }
    };
    named(ui, &response, &words::panes::input_named(name));
    field(&response, intents);
    let value = if whole { value.round() } else { value };
    if value.to_bits() != before.to_bits() {
        intents.push(Intent::Change(Action::SetInput(name.clone(), Some(InputValue::Number(value)))));
    }
}

/// A number, a list or the path of a file, taken by Enter.
fn text_ui(
    ui: &mut Ui,
    input: &InputInfo,
    value: Option<&InputValue>,
    state: &mut InputsState,
    intents: &mut Vec<Intent>,
) {
    let name = &input.port.name;
    let hint = value.map_or_else(|| "numbers, or path of a file".to_owned(), ToString::to_string);
    let typed = state.typed.entry(name.clone()).or_default();
    let response = ui.add(TextEdit::singleline(typed).hint_text(hint).desired_width(180.0));
    response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, words::panes::input_named(name)));
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    if entered && !typed.trim().is_empty() {
        let value = match InputValue::read(typed) {
            InputValue::File(path) => InputValue::File(std::path::absolute(&path).unwrap_or(path)),
            numbers => numbers,
        };
        intents.push(Intent::ChangeAndRun(vec![Action::SetInput(name.clone(), Some(value))]));
    }
}

/// The file of the channels behind the image.
pub(super) fn concat_ui(ui: &mut Ui, run: &RunSettings, state: &mut InputsState, intents: &mut Vec<Intent>) {
    ui.label("Conditioning image").on_hover_text(Setting::Concat.help(Voice::Window));
    let known = run.concat.as_ref().map(|path| path.display().to_string());
    let hint = known.as_deref().unwrap_or("path of an image or a .npy file");
    let to = |path| Action::set(Setting::Concat, path);
    let named = ("Open file…", words::messages::PATH_OF_CONCAT, hint);
    file_ui(ui, named, &mut state.concat, (Ask::Concat, &to), intents);
}
