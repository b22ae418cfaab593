//! What went wrong, what is being fetched and what the program has to say; they stay until they are read.

use crate::app::board::{Board, Kind, Message, MessageId};
use crate::app::draw::icons::{Icon, draw_icon};
use crate::app::draw::theme::{self, BODY, Palette, SMALL};
use crate::app::draw::widgets::icon_button_small;
use crate::app::frame::forms::{FormState, form_ui};
use crate::app::intent::Intent;
use crate::app::state::Fetching;
use crate::runtime::{Fault, Place};
use crate::session::prepare::ModelInfo;
use crate::session::settings::RunSettings;
use crate::words::sentence;
use egui::{
    Align, Button, Color32, Label, Layout, ProgressBar, Rect, RichText, ScrollArea, Sense, Ui, UiBuilder, vec2,
};

/// Most of the window's height that messages take; what is more scrolls.
const MOST_HEIGHT: f32 = 0.35;
/// Around the words at the foot of a pane.
const MARGIN: egui::Vec2 = vec2(12.0, 8.0);

/// What there is to say.
pub struct Messages<'a> {
    /// Failures, oldest first.
    pub faults: &'a [Fault],
    /// Words of the program.
    pub board: &'a Board,
    /// How fetching ONNX Runtime goes, while it does.
    pub fetching: Option<&'a Fetching>,
    /// What the user decided so far, for the forms.
    pub run: &'a RunSettings,
    /// The open model, for the forms.
    pub model: Option<&'a ModelInfo>,
    /// Which model stands in for one that needs ONNX Runtime.
    pub stand_in: Option<&'a str>,
}

impl Messages<'_> {
    /// Whether there is anything to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty() && self.board.of_program().next().is_none() && self.fetching.is_none()
    }
}

/// Draws the messages, a line each, as high as they are and no higher.
pub fn messages_ui(ui: &mut Ui, messages: &Messages, forms: &mut FormState, intents: &mut Vec<Intent>) {
    let most = MOST_HEIGHT * ui.ctx().content_rect().height();
    // The panel is as high as its contents were in the frame before, which must not keep them from growing.
    let scroll = ScrollArea::vertical().auto_shrink([false, true]).max_height(most).min_scrolled_height(most);
    scroll.show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
        if let Some(fetching) = messages.fetching {
            fetching_ui(ui, fetching, intents);
        }
        for (index, fault) in messages.faults.iter().enumerate() {
            fault_ui(ui, messages, (index, fault), forms, intents);
        }
        for said in messages.board.of_program() {
            line_ui(ui, said.message.kind, &said.message.text, Some(Intent::DismissMessage(said.id)), intents);
        }
    });
}

fn fetching_ui(ui: &mut Ui, fetching: &Fetching, intents: &mut Vec<Intent>) {
    ui.horizontal(|ui| {
        ui.label(&fetching.text);
        if let Some(share) = fetching.share {
            ui.add(ProgressBar::new(share).desired_width(200.0).desired_height(6.0));
        } else {
            ui.spinner();
        }
        if ui.button("Cancel").clicked() {
            intents.push(Intent::CancelFetch);
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
    let missing = fault.place == Place::Library;
    let kind = if missing { Kind::Warning } else { Kind::Failure };
    line_ui(ui, kind, &fault.sentence, Some(Intent::Dismiss(index)), intents);
    if missing {
        if let Some(model) = messages.stand_in {
            let text = format!("Until then {model} runs, which the program computes exactly by itself.");
            ui.label(RichText::new(text).font(theme::body(SMALL)).color(palette.secondary));
        }
        if messages.fetching.is_none() {
            let text = RichText::new("Fetch ONNX Runtime").font(theme::strong(BODY)).color(palette.on_accent);
            let button = ui.add(Button::new(text).fill(palette.accent));
            if button.on_hover_text("24 MB, through pip, into this program's own data folder").clicked() {
                intents.push(Intent::Fetch);
            }
        }
    }
    if !fault.needs.is_empty() {
        form_ui(ui, fault, (messages.run, messages.model), forms, intents);
    }
}

/// The mark of a kind, and its colour.
fn mark(kind: Kind, palette: &Palette) -> (Icon, Color32) {
    match kind {
        Kind::Success => (Icon::Check, palette.good),
        Kind::Note => (Icon::Info, palette.accent),
        Kind::Warning => (Icon::Warning, palette.warning),
        Kind::Failure => (Icon::Warning, palette.error),
    }
}

/// A sentence with a mark before it and a button that says it was read after it.
fn line_ui(ui: &mut Ui, kind: Kind, text: &str, dismiss: Option<Intent>, intents: &mut Vec<Intent>) {
    let palette = Palette::of(ui);
    let (icon, color) = mark(kind, &palette);
    let line = vec2(ui.available_width(), 22.0);
    ui.allocate_ui_with_layout(line, Layout::left_to_right(Align::Min), |ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(16.0, 22.0), Sense::hover());
        draw_icon(ui, Rect::from_center_size(rect.center(), vec2(14.0, 14.0)), icon, color);
        let room = (ui.available_width() - 24.0 - ui.spacing().item_spacing.x).max(60.0);
        ui.allocate_ui_with_layout(vec2(room, 22.0), Layout::top_down(Align::Min), |ui| {
            ui.set_width(room);
            ui.add_space(2.0);
            ui.add(Label::new(RichText::new(sentence(text)).color(palette.text)).wrap().selectable(true));
        });
        if let Some(dismiss) = dismiss
            && icon_button_small(ui, Icon::Close, "Dismiss", "I have read this").clicked()
        {
            intents.push(dismiss);
        }
    });
}

/// Where the foot of a pane begins, at which something is said of it.
#[must_use]
pub fn foot_top(ui: &Ui, message: &Message, space: Rect) -> f32 {
    let room = (space.width() - 2.0 * MARGIN.x - 16.0 - 24.0 - 2.0 * 8.0).max(60.0);
    let galley = ui.painter().layout(sentence(&message.text), theme::body(BODY), Color32::PLACEHOLDER, room);
    let height = (galley.size().y + 4.0).max(24.0) + 2.0 * MARGIN.y;
    space.bottom() - height.min(0.5 * space.height())
}

/// What is said of a pane, at its foot: `foot` is the room for it. Without a name it ends by itself.
pub fn foot_ui(ui: &mut Ui, message: &Message, id: Option<MessageId>, foot: Rect, intents: &mut Vec<Intent>) {
    let palette = Palette::of(ui);
    // Clicks on it are not for what lies below.
    let below = ui.interact(foot, ui.scope_id().with("said"), Sense::click_and_drag());
    below.widget_info(|| egui::WidgetInfo::new(egui::Role::Group));
    ui.painter().rect_filled(foot, 0.0, palette.bar);
    ui.painter().hline(foot.x_range(), foot.top(), egui::Stroke::new(1.0, palette.hairline));
    ui.scope_builder(UiBuilder::new().max_rect(foot.shrink2(MARGIN)), |ui| {
        ui.shrink_clip_rect(foot);
        ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
        line_ui(ui, message.kind, &message.text, id.map(Intent::DismissMessage), intents);
    });
}
