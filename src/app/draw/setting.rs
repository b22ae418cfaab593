//! Controls of settings, with the name, description and range from their declaration.

use super::number::{Limits, number};
use super::widgets::{named, number_chip};
use crate::app::intent::Intent;
use crate::session::action::Action;
use crate::session::setting::{Setting, ValueKind};
use crate::session::settings::RunSettings;
use crate::words::sentence;
use crate::words::voice::Voice;
use egui::{DragValue, Response, Ui};

/// Ends the gesture when a drag of a number ends or it is left.
pub fn field(response: &Response, intents: &mut Vec<Intent>) {
    if response.drag_stopped() || response.lost_focus() {
        intents.push(Intent::EndGesture);
    }
}

/// A whole number in the top bar with a fixed width in points; `speed` is the change per point of dragging.
pub fn whole_chip(
    ui: &mut Ui,
    setting: Setting,
    run: &RunSettings,
    (width, speed, changed): (f32, f64, bool),
    intents: &mut Vec<Intent>,
) {
    let ValueKind::Whole { get, .. } = setting.declaration().kind else { return };
    let before = get(run).unwrap_or_default();
    let mut value = before;
    let tip = format!("{}. Drag, or click and type", setting.help(Voice::Window));
    let name = sentence(setting.declaration().name);
    let drag = (DragValue::new(&mut value).speed(speed), Limits::of(setting));
    field(&number_chip(ui, ((&name, width), before.to_string(), &tip), changed, drag), intents);
    if value != before {
        intents.push(Intent::Change(Action::set(setting, value)));
    }
}

/// A number or a switch with its name, in a panel or a menu. Settings of other kinds have their own controls.
pub fn setting_ui(ui: &mut Ui, setting: Setting, run: &RunSettings, intents: &mut Vec<Intent>) {
    let declared = setting.declaration();
    let tip = setting.help(Voice::Window);
    if let ValueKind::Switch { get, .. } = declared.kind {
        let mut on = get(run);
        if ui.checkbox(&mut on, declared.name).on_hover_text(tip).changed() {
            intents.push(Intent::Change(Action::set(setting, on)));
        }
        return;
    }
    let Some(before) = setting.number(run) else { return };
    let mut value = before;
    ui.horizontal(|ui| {
        ui.label(declared.name).on_hover_text(tip);
        let response = number(ui, DragValue::new(&mut value).speed(setting.speed()), Limits::of(setting));
        named(ui, &response, declared.name);
        field(&response, intents);
    });
    if value != before {
        intents.push(Intent::Change(Action::Set(setting, declared.kind.of_number(value))));
    }
}
