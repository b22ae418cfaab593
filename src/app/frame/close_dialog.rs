//! The question before the window closes.

use crate::app::closing::CloseQuestion;
use crate::app::draw::theme::{self, BODY, Palette};
use crate::app::intent::{CloseChoice, Intent};
use crate::app::words;
use egui::{Align, Button, Context, Id, Label, Layout, Modal, RichText, vec2};

/// Asks whether to save unsaved ensembles; `unsaved` names each.
pub fn close_dialog_ui(ctx: &Context, unsaved: &[String], held: &mut CloseQuestion, intents: &mut Vec<Intent>) {
    let mut chosen = None;
    let modal = Modal::new(Id::unique("close")).show(ctx, |ui| {
        let palette = Palette::of(ui);
        ui.set_width((ui.ctx().content_rect().width() - 80.0).clamp(240.0, 480.0));
        ui.spacing_mut().item_spacing.y = 8.0;
        ui.label(RichText::new(words::frame::SAVE_BEFORE_CLOSING).font(theme::strong(BODY + 1.0)));
        for name in unsaved {
            ui.add(Label::new(format!("Not saved: {name}")).wrap());
        }
        if held.paused {
            ui.label(RichText::new(words::frame::MEASURING_IS_PAUSED).color(palette.secondary));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let text = RichText::new(words::frame::SAVE_AND_CLOSE).font(theme::strong(BODY)).color(palette.on_accent);
            let save = ui.add(Button::new(text).fill(palette.accent).min_size(vec2(76.0, 28.0)));
            if !std::mem::replace(&mut held.drawn, true) {
                save.request_focus();
            }
            let discard =
                ui.button(words::frame::DISCARD_AND_CLOSE).on_hover_text("Close without saving. The samples are lost");
            let choices = [
                (save, CloseChoice::Save),
                (discard, CloseChoice::Discard),
                (ui.button(words::frame::CANCEL), CloseChoice::Stay),
            ];
            chosen = choices.into_iter().find(|(button, _)| button.clicked()).map(|(_, choice)| choice);
        });
    });
    let chosen = chosen.or(modal.should_close().then_some(CloseChoice::Stay));
    intents.extend(chosen.map(Intent::CloseWindow));
}
