//! Notes of a plot: the source of its data, what is outside the axis, and the reason of an empty plot.

use super::theme::{self, Palette, SMALL};
use super::widgets::elided;
use crate::figure::text;
use egui::text::LayoutJob;
use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, vec2};

/// Height of a line, points.
const LINE: f32 = 16.0;
/// Least height that a plot keeps, points.
const PLOT: f32 = 18.0;
/// Stands for lines that do not fit.
const MORE: &str = "…";

/// How many of this many lines fit above a plot in this height. The last of them may represent several.
#[allow(clippy::cast_sign_loss)] // clamped
fn rows_in(height: f32, notes: usize) -> usize {
    notes.min(((height - PLOT) / LINE).max(0.0) as usize)
}

/// Writes the notes of a figure above its plot, one line each, as many as fit; a tooltip has all. Returns
/// the rest of `space`, so that no note is on a curve. `place` distinguishes them from those of other plots.
pub(in crate::app) fn notes_ui(ui: &Ui, space: Rect, notes: &[String], place: &str) -> Rect {
    let notes: Vec<String> = notes.iter().map(|note| text::plain(note)).collect();
    let rows = rows_in(space.height(), notes.len());
    for index in 0..rows {
        let left = notes.len() - index;
        let (shown, whole) = if index + 1 == rows && left > 1 {
            (format!("{MORE} {} more: {}", left - 1, notes[index]), notes[index..].join("\n"))
        } else {
            (notes[index].clone(), notes[index].clone())
        };
        let line = Rect::from_min_size(space.min + vec2(0.0, LINE * index as f32), vec2(space.width(), LINE));
        note_ui(ui, line, (&shown, &whole), (place, index));
    }
    if rows == 0 && !notes.is_empty() {
        // A plot this low has a corner for its notes.
        let corner = Rect::from_min_max(space.right_top() - vec2(LINE, 0.0), space.right_top() + vec2(0.0, 12.0));
        ui.painter().rect_filled(corner, 3.0, Palette::of(ui).window);
        note_ui(ui, corner, (MORE, &notes.join("\n")), (place, 0));
    }
    space.with_min_y(space.top() + LINE * rows as f32)
}

fn note_ui(ui: &Ui, line: Rect, (shown, whole): (&str, &str), (place, index): (&str, usize)) {
    let color = Palette::of(ui).secondary;
    let galley = elided(ui, shown, theme::body(SMALL - 1.0), color, line.width());
    let at = Align2::LEFT_CENTER.anchor_size(line.left_center(), galley.size());
    ui.painter().galley(at.min, galley, color);
    let response = ui.interact(at, ui.scope_id().with(("note", place, index)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, whole));
    response.on_hover_text(whole);
}

/// Writes the reason of an empty plot in its middle, in as many lines as fit; a tooltip has the full text.
pub(in crate::app) fn words_ui(ui: &Ui, plot: Rect, words: &str) {
    if words.is_empty() {
        return;
    }
    let color = Palette::of(ui).secondary;
    let mut job = LayoutJob::simple(words.to_owned(), theme::body(SMALL), color, (plot.width() - 16.0).max(24.0));
    #[allow(clippy::cast_sign_loss)] // clamped
    let rows = ((plot.height() + 6.0) / LINE).max(1.0) as usize;
    job.wrap.max_rows = rows;
    let galley = ui.painter().layout_job(job);
    let place = Align2::CENTER_CENTER.anchor_size(plot.center(), galley.size());
    let is_cut = galley.elided;
    ui.painter().galley(place.min, galley, color);
    let response =
        ui.interact(place, ui.scope_id().with(("words", plot.left().to_bits(), plot.top().to_bits())), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    if is_cut {
        response.on_hover_text(words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_leave_the_plot_its_height() {
        assert_eq!(rows_in(33.0, 2), 0);
        assert_eq!(rows_in(34.0, 2), 1);
        assert_eq!(rows_in(50.0, 2), 2);
        assert_eq!(rows_in(500.0, 3), 3);
        assert_eq!(rows_in(500.0, 0), 0);
    }
}
