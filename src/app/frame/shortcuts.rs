//! All keys, on `?`.

use crate::app::draw::theme::{self, BODY, Palette, SMALL};
use egui::{Context, Grid, Id, Modal, RichText, ScrollArea, Ui};

const KEYS: [(&str, &[(&str, &str)]); 4] = [
    (
        "Playhead",
        &[
            ("space", "play or pause"),
            ("B", "play backwards"),
            ("← →, Page ↑ ↓", "one step back or on"),
            ("Home, End", "first step, last step"),
            ("L", "play again and again"),
        ],
    ),
    (
        "Run",
        &[
            ("R", "a new run"),
            ("P", "pause or resume"),
            ("S", "one step, and wait"),
            ("Ctrl Z, Ctrl Shift Z", "undo, redo"),
            ("drop a file or folder", "open a model, or images as a model"),
            ("Ctrl +, Ctrl −, Ctrl 0", "larger, smaller, as at first"),
            ("F11", "full screen, and back"),
        ],
    ),
    (
        "Images",
        &[
            ("wheel, drag", "zoom, pan"),
            ("double-click", "the whole image"),
            ("1", "true pixels"),
            ("click a level", "only that level; Shift: one more"),
            ("Esc", "all levels again"),
        ],
    ),
    (
        "Tracks",
        &[
            ("drag", "move the playhead"),
            ("wheel", "zoom the time axis"),
            ("0", "show the whole run"),
            ("A", "next reading of the axis"),
            ("drag a head", "move the track; click folds it"),
            ("drag a line", "height of the tracks beside it"),
            ("arrows, Del", "move a clicked point, take it away"),
        ],
    ),
];

/// Draws the list, above all else and alone with the pointer, so that no tooltip covers it; answers whether it stays open.
#[must_use]
pub fn shortcuts_ui(ctx: &Context) -> bool {
    let modal = Modal::new(Id::unique("keys"));
    let shown = modal.show(ctx, |ui| {
        let secondary = Palette::of(ui).secondary;
        let room = (ui.ctx().content_rect().height() - 140.0).max(80.0);
        ScrollArea::vertical().max_height(room).show(ui, columns_ui);
        ui.label(RichText::new("Tab goes to the next control, arrow keys change it.").color(secondary));
        ui.add_space(6.0);
        ui.button("Close (Esc)").clicked()
    });
    !shown.inner && !shown.should_close()
}

/// The keys in two columns.
fn columns_ui(ui: &mut Ui) {
    let secondary = Palette::of(ui).secondary;
    ui.horizontal_top(|ui| {
        for (column, groups) in KEYS.chunks(2).enumerate() {
            if column > 0 {
                ui.add_space(24.0);
            }
            ui.vertical(|ui| {
                for (name, keys) in groups {
                    ui.label(RichText::new(*name).font(theme::strong(BODY)));
                    Grid::new(name).num_columns(2).min_row_height(18.0).spacing([20.0, 6.0]).show(ui, |ui| {
                        for (key, what) in *keys {
                            ui.label(RichText::new(*key).font(theme::mono(SMALL)));
                            ui.label(RichText::new(*what).color(secondary));
                            ui.end_row();
                        }
                    });
                    ui.add_space(10.0);
                }
            });
        }
    });
}
