//! A panel with contents that scroll and a head to drag it by.

use crate::app::draw::theme::{self, BODY, Palette, SMALL};
use crate::app::draw::widgets::Head;
use egui::text::LayoutJob;
use egui::{
    Align2, Button, Color32, Context, Id, Key, Label, Rect, Response, RichText, Role, ScrollArea, Sense, TextEdit, Ui,
    UiBuilder, WidgetInfo, vec2,
};
use egui_tiles::UiResponse;
use std::path::PathBuf;

/// Sets whether the foot of the next panel is covered by a message. The end of its contents then stays in view if it was,
/// because the message is mostly about that.
pub fn shorten(ctx: &Context, is_shorter: bool) {
    ctx.data_mut(|data| data.insert_temp(Id::unique("shortened panel"), is_shorter));
}

fn is_shortened(ctx: &Context) -> bool {
    ctx.data(|data| data.get_temp(Id::unique("shortened panel"))).unwrap_or_default()
}

/// The space of a pane's contents, all of it within margins; `vertical` is the one above and below, points.
pub(in crate::app) fn pane_space(ui: &mut Ui, vertical: f32) -> Rect {
    let whole = ui.available_rect_before_wrap();
    ui.allocate_rect(whole, Sense::hover());
    whole.shrink2(vec2(16.0, vertical))
}

/// Draws a panel in the available space.
pub(in crate::app) fn panel_ui(ui: &mut Ui, head: &Head, contents: impl FnOnce(&mut Ui)) -> UiResponse {
    let space = pane_space(ui, 10.0);
    let moved = head.show(ui, Rect::from_min_size(space.min, vec2(space.width(), 24.0))).drag_started();
    let below = Rect::from_min_max(space.min + vec2(0.0, 28.0), space.max);
    // A tile that is dragged almost shut has no space for contents.
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
pub(in crate::app) fn heading(ui: &mut Ui, text: &str) {
    ui.add_space(10.0);
    ui.label(RichText::new(text).font(theme::strong(BODY)).color(Palette::of(ui).text));
}

/// Secondary text.
pub(in crate::app) fn secondary(ui: &Ui, text: &str) -> RichText {
    RichText::new(text).font(theme::body(SMALL)).color(Palette::of(ui).secondary)
}

/// Height of one of the lines of [`lines_ui`], points.
pub(in crate::app) const LINE: f32 = 16.0;

/// Text in a fixed number of lines, so that nothing below it moves; a longer text has a tooltip.
pub(in crate::app) fn lines_ui(ui: &mut Ui, text: &str, rows: u8, color: Color32) -> Response {
    let mut job = LayoutJob::simple(text.to_owned(), theme::body(SMALL), color, ui.available_width());
    job.wrap.max_rows = rows.into();
    let galley = ui.painter().layout_job(job);
    let size = vec2(ui.available_width(), LINE * f32::from(rows));
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    let is_cut = galley.elided;
    ui.painter().galley(rect.min, galley, color);
    if is_cut { response.on_hover_text(text) } else { response }
}

/// An error.
pub(in crate::app) fn problem(ui: &mut Ui, text: &str) {
    let color = Palette::of(ui).error;
    ui.add(Label::new(RichText::new(text).font(theme::body(SMALL)).color(color)).wrap());
}

/// A warning.
pub(in crate::app) fn warning(ui: &mut Ui, text: &str) {
    let color = Palette::of(ui).warning;
    ui.add(Label::new(RichText::new(text).font(theme::body(SMALL)).color(color)).wrap());
}

/// A button in a row, which keeps its place while it is disabled.
pub(in crate::app) fn small_button_if(ui: &mut Ui, enabled: bool, text: &str, tip: &str) -> bool {
    let response = ui.add_enabled(enabled, button_of(text));
    response.on_hover_text(tip).clicked()
}

/// A button in a row.
pub(in crate::app) fn small_button(ui: &mut Ui, text: &str, tip: &str) -> bool {
    ui.add(button_of(text)).on_hover_text(tip).clicked()
}

/// A button in a row whose text is too short for a screen reader: `(text, name)`.
pub(in crate::app) fn small_button_named(ui: &mut Ui, (text, name): (&str, &str), tip: &str) -> bool {
    let response = ui.add(button_of(text));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    response.on_hover_text(tip).clicked()
}

fn button_of(text: &str) -> Button<'_> {
    Button::new(RichText::new(text).font(theme::body(SMALL))).min_size(vec2(0.0, 24.0))
}

/// How the user opens an image file: by a typed path, or in the system's dialog.
pub(in crate::app) enum FileAsked {
    /// The file at this path.
    Path(PathBuf),
    /// The dialog.
    Dialog,
}

/// A field for the path of an image file, with buttons to open it or browse. The names are those of the field and of both
/// buttons.
pub(in crate::app) fn image_path_ui(
    ui: &mut Ui,
    path: &mut String,
    [field, open, browse]: [&'static str; 3],
) -> Option<FileAsked> {
    let asked = ui.horizontal(|ui| {
        let edit =
            TextEdit::singleline(path).hint_text("path of an image").desired_width(150.0).align(Align2::LEFT_CENTER);
        let response = ui.add(edit);
        response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, field));
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let button = |ui: &mut Ui, text: &str, name: &str, tip: &str| {
            let response = ui.add(Button::new(text).min_size(vec2(0.0, 24.0)));
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
            response.on_hover_text(tip).clicked()
        };
        let typed = path.trim().to_owned();
        let opens = button(ui, "Open", open, "Open the file at this path");
        if button(ui, "Browse…", browse, "Choose a file in the system's file dialog") {
            return Some(FileAsked::Dialog);
        }
        ((opens || entered) && !typed.is_empty()).then(|| FileAsked::Path(typed.into()))
    });
    let asked = asked.inner;
    if asked.is_some() {
        ui.close();
    }
    asked
}
