//! A panel beside the stage and the tracks: a head by which it is moved, and what scrolls below it.

use super::widgets::Head;
use crate::app::theme::{self, BODY, Palette, SMALL};
use egui::{Button, Context, Id, Label, Rect, RichText, ScrollArea, Sense, Ui, UiBuilder, vec2};
use egui_tiles::UiResponse;

/// Says whether the panel that is drawn next has lost its foot to a message. What was in view at its end then stays so, as
/// it is mostly what the message is about.
pub fn shorten(ctx: &Context, is_shorter: bool) {
    ctx.data_mut(|data| data.insert_temp(Id::unique("shortened panel"), is_shorter));
}

fn is_shortened(ctx: &Context) -> bool {
    ctx.data(|data| data.get_temp(Id::unique("shortened panel"))).unwrap_or_default()
}

/// Draws a panel in the space there is.
pub(super) fn panel_ui(ui: &mut Ui, head: &Head, contents: impl FnOnce(&mut Ui)) -> UiResponse {
    let whole = ui.available_rect_before_wrap();
    ui.allocate_rect(whole, Sense::hover());
    let space = whole.shrink2(vec2(16.0, 10.0));
    let moved = head.show(ui, Rect::from_min_size(space.min, vec2(space.width(), 24.0))).drag_started();
    let below = Rect::from_min_max(space.min + vec2(0.0, 28.0), space.max);
    // A tile that is dragged almost shut has no room for anything.
    if below.width() >= 48.0 && below.height() >= 16.0 {
        ui.scope_builder(UiBuilder::new().max_rect(below), |ui| {
            let scroll = ScrollArea::vertical().auto_shrink([false, false]).stick_to_bottom(is_shortened(ui.ctx()));
            scroll.show(ui, |ui| {
                ui.set_max_width(below.width() - 12.0);
                ui.spacing_mut().item_spacing.y = 6.0;
                contents(ui);
                ui.add_space(12.0);
            });
        });
    }
    if moved { UiResponse::DragStarted } else { UiResponse::None }
}

/// A heading within the panel.
pub(super) fn heading(ui: &mut Ui, text: &str) {
    ui.add_space(10.0);
    ui.label(RichText::new(text).font(theme::strong(BODY)).color(Palette::of(ui).text));
}

/// Text that stands beside.
pub(super) fn secondary(ui: &Ui, text: &str) -> RichText {
    RichText::new(text).font(theme::body(SMALL)).color(Palette::of(ui).secondary)
}

/// What went wrong.
pub(super) fn problem(ui: &mut Ui, text: &str) {
    let color = Palette::of(ui).error;
    ui.add(Label::new(RichText::new(text).font(theme::body(SMALL)).color(color)).wrap());
}

/// What is well to know before one goes on.
pub(super) fn warning(ui: &mut Ui, text: &str) {
    let color = Palette::of(ui).warning;
    ui.add(Label::new(RichText::new(text).font(theme::body(SMALL)).color(color)).wrap());
}

/// A button among others.
pub(super) fn small_button(ui: &mut Ui, text: &str, tip: &str) -> bool {
    let button = Button::new(RichText::new(text).font(theme::body(SMALL))).min_size(vec2(0.0, 24.0));
    ui.add(button).on_hover_text(tip).clicked()
}
