//! Failures, the progress of a download, and messages of the program. They stay until you close them.

use crate::app::board::{Board, MessageKind};
use crate::app::draw::forms::{FormState, form_ui};
use crate::app::draw::said::line_ui;
use crate::app::draw::theme::{self, BODY, Palette, SMALL};
use crate::app::fetching::Fetching;
use crate::app::intent::Intent;
use crate::app::words;
use crate::runtime::{Fault, FaultPlace};
use crate::session::prepare::ModelInfo;
use crate::session::settings::RunSettings;
use egui::{Button, ProgressBar, RichText, ScrollArea, Ui, vec2};

/// Largest share of the window's height for messages; more of them scroll.
const MOST_HEIGHT: f32 = 0.35;
/// What the messages show.
pub struct Messages<'a> {
    /// Failures, oldest first.
    pub faults: &'a [Fault],
    /// Messages of the program.
    pub board: &'a Board,
    /// The progress of downloading ONNX Runtime.
    pub fetching: Option<&'a Fetching>,
    /// The progress of opening a pipeline.
    pub loading: Option<&'a Fetching>,
    /// The current settings, for the forms.
    pub run: &'a RunSettings,
    /// The open model, for the forms.
    pub model: Option<&'a ModelInfo>,
    /// The substitute for a model that needs ONNX Runtime.
    pub stand_in: Option<&'a str>,
}

impl Messages<'_> {
    /// Whether there is no message.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
            && self.board.of_program().next().is_none()
            && self.fetching.is_none()
            && self.loading.is_none()
    }
}

/// Draws the messages, a line each.
pub fn messages_ui(ui: &mut Ui, messages: &Messages, forms: &mut FormState, intents: &mut Vec<Intent>) {
    let most = MOST_HEIGHT * ui.ctx().content_rect().height();
    // The panel has the height of its contents in the previous frame, which must be able to grow.
    let scroll = ScrollArea::vertical().auto_shrink([false, true]).max_height(most).min_scrolled_height(most);
    scroll.show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
        if let Some(fetching) = messages.fetching {
            progress_ui(ui, fetching, Intent::CancelFetch, intents);
        }
        if let Some(loading) = messages.loading {
            progress_ui(ui, loading, Intent::Stop, intents);
        }
        for (index, fault) in messages.faults.iter().enumerate() {
            fault_ui(ui, messages, (index, fault), forms, intents);
        }
        for said in messages.board.of_program() {
            line_ui(ui, said.message.kind, &said.message.text, Some(Intent::DismissMessage(said.id)), intents);
        }
    });
}

/// Something that takes long, and a button that ends it.
fn progress_ui(ui: &mut Ui, fetching: &Fetching, cancel: Intent, intents: &mut Vec<Intent>) {
    ui.horizontal(|ui| {
        ui.label(&fetching.text);
        if let Some(share) = fetching.share {
            ui.add(ProgressBar::new(share).desired_width(200.0).desired_height(6.0));
        } else {
            ui.spinner();
        }
        if ui.button(words::frame::CANCEL).clicked() {
            intents.push(cancel);
        }
    });
}

fn fault_ui(
    ui: &mut Ui,
    messages: &Messages,
    (index, fault): (usize, &Fault),
    forms: &mut FormState,
    intents: &mut Vec<Intent>,
) {
    let palette = Palette::of(ui);
    let missing = fault.place == FaultPlace::Library;
    let kind = if missing { MessageKind::Warning } else { MessageKind::Failure };
    line_ui(ui, kind, &fault.sentence, Some(Intent::Dismiss(index)), intents);
    if missing {
        if let Some(model) = messages.stand_in {
            let text = words::messages::until_then(model);
            ui.label(RichText::new(text).font(theme::body(SMALL)).color(palette.secondary));
        }
        if messages.fetching.is_none() {
            let text = RichText::new(words::messages::DOWNLOAD).font(theme::strong(BODY)).color(palette.on_accent);
            let button = ui.add(Button::new(text).fill(palette.accent));
            if button.on_hover_text("24 MB, with pip, into Chromascope's data folder").clicked() {
                intents.push(Intent::Fetch);
            }
        }
    }
    if !fault.needs.is_empty() {
        form_ui(ui, fault, (messages.run, messages.model), forms, intents);
    }
}
