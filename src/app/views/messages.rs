//! Errors, and the offer to fetch what is missing; they stay until read.

use crate::app::theme::Palette;
use crate::runtime::{Fault, Place};
use egui::{RichText, Ui};

/// What there is to say.
pub struct Messages<'a> {
    /// Failures, oldest first.
    pub faults: &'a [Fault],
    /// How fetching ONNX Runtime goes, while it does.
    pub fetching: Option<&'a str>,
}

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageAction {
    /// A failure was read.
    Dismiss(usize),
    /// Fetch ONNX Runtime.
    Fetch,
    /// Stop fetching it.
    CancelFetch,
}

/// Draws the messages, a line each.
pub fn messages_ui(ui: &mut Ui, messages: &Messages) -> Option<MessageAction> {
    let palette = Palette::of(ui);
    let mut action = None;
    if let Some(text) = messages.fetching {
        ui.horizontal(|ui| {
            ui.spinner();
            ui.label(text);
            if ui.button("Cancel").clicked() {
                action = Some(MessageAction::CancelFetch);
            }
        });
    }
    for (index, fault) in messages.faults.iter().enumerate() {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(&fault.sentence).color(palette.error));
            if fault.place == Place::Library
                && messages.fetching.is_none()
                && ui.button("Fetch ONNX Runtime").on_hover_text("24 MB, into this program's own data folder").clicked()
            {
                action = Some(MessageAction::Fetch);
            }
            if ui.button("Dismiss").clicked() {
                action = Some(MessageAction::Dismiss(index));
            }
        });
    }
    action
}
