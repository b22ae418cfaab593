//! Messages as shown: a line with an icon, and at the foot of a pane.

use crate::app::board::{Message, MessageId, MessageKind};
use crate::app::draw::icons::{Icon, draw_icon};
use crate::app::draw::theme::{self, BODY, Palette};
use crate::app::draw::widgets::icon_button_small;
use crate::app::intent::Intent;
use crate::app::words;
use crate::words::sentence;
use egui::{Align, Color32, Label, Layout, Rect, RichText, Sense, Ui, UiBuilder, vec2};

/// Margin of a message at the foot of a pane.
const MARGIN: egui::Vec2 = vec2(12.0, 8.0);

/// The icon and colour of a kind.
fn mark(kind: MessageKind, palette: &Palette) -> (Icon, Color32) {
    match kind {
        MessageKind::Success => (Icon::Check, palette.good),
        MessageKind::Note => (Icon::Info, palette.accent),
        MessageKind::Warning => (Icon::Warning, palette.warning),
        MessageKind::Failure => (Icon::Warning, palette.error),
    }
}

/// A message with an icon before it and a close button after it.
pub fn line_ui(ui: &mut Ui, kind: MessageKind, text: &str, dismiss: Option<Intent>, intents: &mut Vec<Intent>) {
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
            && icon_button_small(ui, Icon::Close, words::messages::DISMISS, "Close this message").clicked()
        {
            intents.push(dismiss);
        }
    });
}

/// The top of a message at the foot of a pane.
#[must_use]
pub fn foot_top(ui: &Ui, message: &Message, space: Rect) -> f32 {
    let room = (space.width() - 2.0 * MARGIN.x - 16.0 - 24.0 - 2.0 * 8.0).max(60.0);
    let galley = ui.painter().layout(sentence(&message.text), theme::body(BODY), Color32::PLACEHOLDER, room);
    let height = (galley.size().y + 4.0).max(24.0) + 2.0 * MARGIN.y;
    space.bottom() - height.min(0.5 * space.height())
}

/// The message of a pane, in the area `foot`. Without an id it disappears by itself.
pub fn foot_ui(ui: &mut Ui, message: &Message, id: Option<MessageId>, foot: Rect, intents: &mut Vec<Intent>) {
    let palette = Palette::of(ui);
    // Clicks on it do not reach what is below.
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
