//! The guidance scale: a number, or a curve over the run.

use crate::app::draw::number::{self, Limits};
use crate::app::draw::theme::Palette;
use crate::app::draw::widgets::named;
use crate::app::intent::Intent;
use crate::app::pane::guidance::{GuidancePane, heading, secondary, small_button};
use crate::app::pane::panel::lines_ui;
use crate::app::track::schedule::editor::alone;
use crate::app::view_context::ViewContext;
use crate::app::words;
use crate::denoiser::guided::{GuidanceScale, ScaleCurve};
use crate::session::action::Action;
use crate::words::count;
use egui::{DragValue, Label, Slider, Ui};

/// Largest scale of the slider; more can be typed.
const MOST: f64 = 12.0;

pub(super) fn to_scale(scale: GuidanceScale) -> Intent {
    Intent::Change(Action::SetGuidance(Some(scale)))
}

pub(super) fn scale_ui(ui: &mut Ui, context: &ViewContext, panel: &mut GuidancePane, intents: &mut Vec<Intent>) {
    heading(ui, "Guidance scale");
    let scale = context.settings().guidance.clone().unwrap_or_default();
    match &scale {
        GuidanceScale::Constant(w) => {
            let mut to = *w;
            ui.horizontal(|ui| {
                ui.label("w");
                let slider = Slider::new(&mut to, 0.0..=MOST).clamping(egui::SliderClamping::Never).max_decimals(2);
                let response = number::slider(ui, slider, Limits::none());
                named(ui, &response, "Guidance scale w");
                if response.drag_stopped() || response.lost_focus() {
                    intents.push(Intent::EndGesture);
                }
                response.on_hover_text(
                    "ε = ε_∅ + w·(ε_c − ε_∅). 0: null class or negative prompt; 1: the class or prompt without guidance; \
                     above 1: guidance",
                );
            });
            if to.to_bits() != w.to_bits() {
                intents.push(to_scale(GuidanceScale::Constant(to)));
            }
        }
        GuidanceScale::Curve(curve) => {
            let text =
                format!("A curve of {}. Drag them in the Guidance scale track.", count(curve.points().len(), "point"));
            ui.add(Label::new(secondary(ui, &text)).wrap());
        }
    }
    ui.horizontal_wrapped(|ui| match &scale {
        GuidanceScale::Constant(w) => {
            let tip = "Draw w over the run with points in the Guidance scale track";
            if small_button(ui, words::panes::AS_CURVE, tip)
                && let Ok(curve) = ScaleCurve::new(vec![[0.0, *w], [0.5, *w], [1.0, *w]])
            {
                intents.extend(alone(to_scale(GuidanceScale::Curve(curve))));
            }
        }
        GuidanceScale::Curve(curve) => {
            let mean = curve.points().iter().map(|point| point[1]).sum::<f64>() / curve.points().len() as f64;
            let tip = "Use one w for the whole run: the mean of the points";
            if small_button(ui, words::panes::CONSTANT, tip) {
                intents.extend(alone(to_scale(GuidanceScale::Constant((100.0 * mean).round() / 100.0))));
            }
        }
    });
    interval_ui(ui, panel, intents);
    let settings = context.settings();
    let has_class = settings.label.is_some() || settings.by_level.is_some() || settings.label_switch.is_some();
    let palette = Palette::of(ui);
    if context.model.is_some_and(|model| model.pipeline.is_some()) {
        let has_prompt = settings.prompt.is_some() || settings.prompts_by_level.is_some();
        let (text, color) = if has_prompt || scale.constant() == Some(1.0) {
            ("w = 0: negative prompt; 1: the prompt without guidance; above 1: guidance.", palette.secondary)
        } else {
            ("Guidance needs a prompt; without one it has no effect.", palette.error)
        };
        lines_ui(ui, text, 2, color);
    } else if !has_class && scale.constant() != Some(1.0) {
        let text = "Guidance needs a class. Choose one at the top; without a class it has no effect.";
        lines_ui(ui, text, 2, palette.error);
    } else {
        let text = "w = 0: null class; 1: the class without guidance; above 1: guidance.";
        lines_ui(ui, text, 2, palette.secondary);
    }
}

/// Guidance in an interval of the run.
fn interval_ui(ui: &mut Ui, panel: &mut GuidancePane, intents: &mut Vec<Intent>) {
    ui.horizontal_wrapped(|ui| {
        let field = |ui: &mut Ui, label: &str, name: &str, value: &mut f64, (least, most): (f64, f64)| {
            ui.label(secondary(ui, label));
            let field = DragValue::new(value).speed(0.01).max_decimals(2);
            let response = number::number(ui, field, Limits::within(least, most));
            named(ui, &response, name);
        };
        let [w, from, to] = &mut panel.interval;
        field(ui, "w", "w in the interval", w, (-100.0, 100.0));
        field(ui, "from s", "Start of the interval", from, (0.0, 1.0));
        field(ui, "to", "End of the interval", to, (0.0, 1.0));
        let tip = "Guide only between these values of s; outside, w = 1. s runs from 1 (noise) to 0 (image)";
        if small_button(ui, words::panes::INTERVAL, tip)
            && let Ok(curve) = ScaleCurve::interval(*w, *from, *to)
        {
            intents.extend(alone(to_scale(GuidanceScale::Curve(curve))));
        }
    });
}
