//! Words on a plot: whose what is drawn is, and what has no place.

use crate::app::draw::theme::{self, Palette, SMALL};
use crate::figure::text;
use egui::{Color32, Galley, Rect, Role, Sense, Ui, WidgetInfo, text::LayoutJob, vec2};
use std::sync::Arc;

/// Height of a line, points.
const LINE: f32 = 17.0;

/// Writes the notes of a figure over its plot, a line each, as many as have room; in full under the pointer. `place` tells
/// them from those of other plots.
pub(in crate::app) fn notes_ui(ui: &Ui, plot: Rect, notes: &[String], place: &str) {
    let palette = Palette::of(ui);
    for (index, note) in notes.iter().enumerate() {
        let corner = plot.left_top() + vec2(6.0, 3.0 + LINE * index as f32);
        if corner.y + LINE > plot.bottom() {
            break;
        }
        let note = text::plain(note);
        let galley = elided(ui, &note, plot.width() - 20.0, palette.text);
        let rect = Rect::from_min_size(corner, vec2(galley.size().x + 8.0, LINE - 1.0));
        ui.painter().rect_filled(rect, 3.0, palette.window.gamma_multiply(0.85));
        ui.painter().galley(rect.min + vec2(4.0, 0.5 * (rect.height() - galley.size().y)), galley, palette.text);
        let response = ui.interact(rect, ui.scope_id().with(("note", place, index)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &note));
        response.on_hover_text(note);
    }
}

/// One line of no more than a width, its end "…" where it has no room.
fn elided(ui: &Ui, text: &str, width: f32, color: Color32) -> Arc<Galley> {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), theme::body(SMALL - 1.0), color);
    job.wrap.max_width = width.max(24.0);
    job.wrap.max_rows = 1;
    job.wrap.break_anywhere = true;
    ui.painter().layout_job(job)
}
