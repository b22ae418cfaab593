//! The local window of a folder of images.

use crate::app::draw::number::{self, Limits};
use crate::app::draw::widgets::named;
use crate::app::intent::Intent;
use crate::app::pane::guidance::{heading, secondary, small_button};
use crate::app::track::schedule::editor::alone;
use crate::app::view_context::ViewContext;
use crate::app::words;
use crate::denoiser::WindowSize;
use crate::session::action::Action;
use crate::words::count;
use egui::{Label, Slider, Ui};

/// σ of the points of a curve made from a straight rule.
const SIGMAS: [f64; 6] = [0.375, 1.0, 2.0, 4.0, 8.0, 16.0];

pub(super) fn to_window(window: Option<WindowSize>) -> Intent {
    Intent::Change(Action::SetLocal(window))
}

pub(super) fn window_ui(ui: &mut Ui, context: &ViewContext, intents: &mut Vec<Intent>) {
    heading(ui, "Window");
    let current = context.settings().local.clone();
    ui.horizontal_wrapped(|ui| {
        let tip = "Posterior mean over whole images. Every run ends at one of them";
        if ui.selectable_label(current.is_none(), words::panes::WHOLE_IMAGES).on_hover_text(tip).clicked() {
            intents.extend(alone(to_window(None)));
        }
        let tip = "Weight each pixel by a k×k window around it, so that new images are composed from parts";
        if ui.selectable_label(current.is_some(), "local").on_hover_text(tip).clicked() && current.is_none() {
            intents.extend(alone(to_window(Some(WindowSize::default()))));
        }
    });
    match &current {
        None => {
            let text = "With whole images every run ends at one of them. With a window that grows with the noise, \
                        new images arise, coarse first.";
            ui.add(Label::new(secondary(ui, text)).wrap());
        }
        Some(WindowSize::PerSigma(per_sigma)) => {
            let mut to = *per_sigma;
            ui.horizontal(|ui| {
                ui.label("k =");
                let slider = Slider::new(&mut to, 1.0..=64.0).logarithmic(true).max_decimals(1).suffix(" σ");
                let response = number::slider(ui, slider, Limits::within(1.0, 64.0));
                named(ui, &response, "Window pixels per σ");
                if response.drag_stopped() || response.lost_focus() {
                    intents.push(Intent::EndGesture);
                }
                response.on_hover_text("Side of the window: K pixels per unit of σ, at least 3");
            });
            if to.to_bits() != per_sigma.to_bits() {
                intents.push(to_window(Some(WindowSize::PerSigma(to))));
            }
            let tip = "Draw k over σ with points in the Guidance scale track";
            if small_button(ui, words::panes::AS_CURVE, tip) {
                let points = SIGMAS.map(|sigma| (sigma, (to * sigma).max(3.0)));
                intents.extend(alone(to_window(Some(WindowSize::Curve(points.to_vec())))));
            }
        }
        Some(WindowSize::Curve(points)) => {
            let text = format!("A curve of {}. Drag them in the Guidance scale track.", count(points.len(), "point"));
            ui.add(Label::new(secondary(ui, &text)).wrap());
            if small_button(ui, "k = 8 σ", "Use a constant number of pixels per σ") {
                intents.extend(alone(to_window(Some(WindowSize::default()))));
            }
        }
    }
}
