//! The values shown as black and white, and the tone curve between them.

use crate::app::draw::number::{self, Limits};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{named, text_toggle};
use crate::app::intent::Intent;
use crate::app::pane::inspector::histogram::{histogram_ui, reset, set};
use crate::app::pane::inspector::job::ToneScale;
use crate::app::pane::inspector::state::InspectorPane;
use crate::app::view_context::ViewContext;
use crate::app::words;
use crate::session::document::ValueRange;
use egui::{DragValue, RichText, Slider, Ui};

/// Height of a line of controls, and least and greatest height of the histogram, points.
const LINE: f32 = 24.0;
const HISTOGRAM: (f32, f32) = (48.0, 220.0);
/// Width of a slider's number.
const NUMBER: f32 = 52.0;

/// The controls in the available height, without the space reserved below them.
pub(super) fn tones_ui(
    ui: &mut Ui,
    context: &ViewContext,
    below: f32,
    state: &mut InspectorPane,
    intents: &mut Vec<Intent>,
) {
    let room = ui.available_height() - below - 3.0 * (LINE + ui.spacing().item_spacing.y) - 2.0;
    ui.spacing_mut().interact_size.y = LINE;
    ui.spacing_mut().button_padding.y = 2.0;
    histogram_ui(ui, room.clamp(HISTOGRAM.0, HISTOGRAM.1), state, intents);
    ends_ui(ui, context, state, intents);
    let curved = !matches!(state.scale(), Some(ToneScale::Signed(_)));
    let mut gamma = state.gamma;
    let tip = "γ of the tone curve, (share of the range + offset)^(1/γ). Above 1 brightens dark tones. Double-click to \
         reset to 1";
    slider_ui(ui, ("γ", words::panes::GAMMA, tip), &mut gamma, (0.2, 5.0), true, 1.0);
    state.gamma = gamma;
    let mut offset = state.offset;
    let tip = "Offset added to all tones, as a share of the range. Above 0 is brighter. Double-click to reset to 0";
    ui.add_enabled_ui(curved, |ui| {
        slider_ui(ui, ("offset", words::panes::OFFSET, tip), &mut offset, (-1.0, 1.0), false, 0.0);
    });
    state.offset = offset;
}

fn slider_ui(
    ui: &mut Ui,
    (label, name, tip): (&str, &str, &str),
    value: &mut f32,
    (least, most): (f32, f32),
    logarithmic: bool,
    usual: f32,
) {
    let color = Palette::of(ui).secondary;
    ui.horizontal(|ui| {
        let (place, _) = ui.allocate_exact_size(egui::vec2(38.0, LINE), egui::Sense::hover());
        ui.painter().text(place.left_center(), egui::Align2::LEFT_CENTER, label, theme::body(SMALL), color);
        ui.spacing_mut().slider_width = (ui.available_width() - NUMBER - 8.0).max(40.0);
        ui.spacing_mut().interact_size.x = NUMBER;
        let slider = Slider::new(value, least..=most).logarithmic(logarithmic).fixed_decimals(2);
        let response = number::slider(ui, slider, Limits::within(least.into(), most.into()));
        named(ui, &response, name);
        if response.double_clicked() {
            *value = usual;
        }
        response.on_hover_text(tip);
    });
}

/// The ends of the tones as numbers, and the scale of counts.
fn ends_ui(ui: &mut Ui, context: &ViewContext, state: &mut InspectorPane, intents: &mut Vec<Intent>) {
    let Some(scale) = state.scale() else { return };
    ui.horizontal(|ui| {
        let (low, high) = scale.ends();
        let mut field = |ui: &mut Ui, (name, tip): (&str, &str), is_white: bool, value: f32| {
            let mut to = value;
            let drag = DragValue::new(&mut to).speed(0.01).fixed_decimals(3).min_size(egui::vec2(60.0, LINE));
            let response = number::number(ui, drag, Limits::none()).on_hover_text(tip);
            named(ui, &response, name);
            if to != value {
                set(scale, is_white, to, state, intents);
            }
            if response.drag_stopped() || response.lost_focus() {
                intents.push(Intent::EndGesture);
            }
        };
        match scale {
            ToneScale::Image(..) => {
                field(
                    ui,
                    (words::panes::BLACK_VALUE, "The value shown as black, here and in the images pane"),
                    false,
                    low,
                );
                field(
                    ui,
                    (words::panes::WHITE_VALUE, "The value shown as white, here and in the images pane"),
                    true,
                    high,
                );
            }
            ToneScale::Signed(_) | ToneScale::Magnitude(_) => {
                field(ui, (words::panes::FULL_COLOUR_AT, "The magnitude shown in full colour"), true, high);
            }
        }
        let is_usual = matches!(scale, ToneScale::Image(..)) && context.view().range == ValueRange::Image;
        let text = RichText::new(words::panes::RESET_RANGE).font(theme::body(SMALL));
        let button = ui.add_enabled(!is_usual, egui::Button::new(text).min_size(egui::vec2(0.0, LINE)));
        if button.on_hover_text("Reset the range").clicked() {
            reset(scale, state, intents);
        }
        let tip = "Logarithmic counts, so that small counts are visible";
        if text_toggle(ui, "log", words::panes::LOGARITHMIC, tip, state.logarithmic).clicked() {
            state.logarithmic = !state.logarithmic;
        }
    });
}
