//! All keys, on `?`.

use crate::app::theme::{self, SMALL};
use egui::{Context, Grid, RichText, Window};

const KEYS: [(&str, &str); 12] = [
    ("space", "play or pause"),
    ("B", "play backwards"),
    ("← →", "one step back or on"),
    ("Home, End", "first step, last step"),
    ("L", "play again and again"),
    ("R", "run"),
    ("Ctrl Z, Ctrl Shift Z", "undo, redo"),
    ("Tab", "next control; arrow keys change it"),
    ("wheel, drag on an image", "zoom, pan; double-click for the whole"),
    ("drag on the tracks", "move the playhead"),
    ("drop a file or folder", "open a model, or images as a model"),
    ("?", "this list"),
];

/// Draws the list; answers whether it stays open.
#[must_use]
pub fn shortcuts_ui(ctx: &Context) -> bool {
    let mut open = true;
    Window::new("Keys")
        .anchor(egui::Align2::CENTER_CENTER, [0.0, 0.0])
        .open(&mut open)
        .collapsible(false)
        .resizable(false)
        .show(ctx, |ui| {
            Grid::new("keys").num_columns(2).spacing([24.0, 6.0]).show(ui, |ui| {
                for (key, what) in KEYS {
                    ui.label(RichText::new(key).font(theme::mono(SMALL)));
                    ui.label(what);
                    ui.end_row();
                }
            });
        });
    open
}
