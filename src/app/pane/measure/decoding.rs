//! Decoded images beside latents: how many to measure, and which to show.

use super::{MOST_SAMPLES, MeasurePane, sentence};
use crate::app::draw::number::{Limits, number_with};
use crate::app::draw::theme::{self, SMALL};
use crate::app::draw::widgets::{named, text_toggle};
use crate::app::intent::{Intent, MeasureWish};
use crate::app::pane::panel::secondary;
use crate::app::view_context::ViewContext;
use crate::app::words;
use crate::ensemble::{DecodingShare, Space};
use egui::{DragValue, Label, RichText, Ui, vec2};

/// Most steps from one decoded one to the next.
const MOST_STEPS: usize = 1000;

/// Whether decoded images are measured too, and of how many steps and samples.
pub(super) fn decoding_ui(ui: &mut Ui, context: &ViewContext, panel: &mut MeasurePane) {
    ui.add_enabled_ui(!context.desk.is_going(), |ui| {
        let text = RichText::new(words::panes::DECODE_TOO).font(theme::body(SMALL));
        let tip = "Decode a share of the estimates and measure these images as well. Decoding takes time";
        ui.checkbox(&mut panel.decodes, text).on_hover_text(tip);
        if !panel.decodes {
            return;
        }
        ui.horizontal_wrapped(|ui| {
            let DecodingShare { every, samples } = &mut panel.share;
            let value_ui = |ui: &mut Ui, text: &str, value: &mut usize, most: usize, name: &str| {
                ui.label(secondary(ui, text));
                let drag = DragValue::new(value).speed(0.2).min_size(vec2(44.0, 26.0));
                let response = number_with(ui, drag, Limits::whole(1, most), |ui, value| ui.add(value));
                named(ui, &response, name);
            };
            value_ui(ui, "every", every, MOST_STEPS, words::panes::DECODE_EVERY);
            value_ui(ui, "steps, the first", samples, MOST_SAMPLES, words::panes::DECODED_SAMPLES);
            ui.label(secondary(ui, "samples"));
        });
    });
}

/// The switch between measured latents and measured decoded images, if there are both.
pub(super) fn space_ui(ui: &mut Ui, context: &ViewContext, intents: &mut Vec<Intent>) {
    let Some(decoded) = context.desk.whole().and_then(|whole| whole.decoded()) else { return };
    let shown = context.desk.space();
    ui.horizontal(|ui| {
        for (space, text, name) in [
            (Space::Own, "latents", words::panes::SHOW_MEASURED_LATENTS),
            (Space::Decoded, "decoded images", words::panes::SHOW_MEASURED_DECODED),
        ] {
            let tip = match space {
                Space::Own => "Frequencies and levels of latent pixels, compared with theory",
                Space::Decoded => "Frequencies and levels of the image's pixels, without theory",
            };
            if text_toggle(ui, text, name, tip, shown == space).clicked() && shown != space {
                intents.push(Intent::Measure(MeasureWish::Show(space)));
            }
        }
    });
    if let (Space::Decoded, Some(space)) = (shown, decoded.ensemble.space_in_words()) {
        ui.add(Label::new(secondary(ui, &sentence(&space))).wrap());
    }
}
