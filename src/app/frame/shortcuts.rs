//! The list of keyboard shortcuts, on `?`.

use crate::app::draw::theme::{self, BODY, Palette, SMALL};
use crate::app::words;
use egui::{Context, Grid, Id, Modal, RichText, ScrollArea, Ui};

const KEYS: [(&str, &[(&str, &str)]); 4] = [
    (
        "Playhead",
        &[
            ("space", "play or pause"),
            ("B", words::frame::PLAY_BACKWARDS),
            ("← →, Page ↑ ↓", "previous or next step"),
            ("Home, End", "first step, last step"),
            ("L", "repeat playback"),
        ],
    ),
    (
        "Run",
        &[
            ("R", "start a run"),
            ("P", "pause or resume"),
            ("S", "one step, then pause"),
            ("Ctrl Z, Ctrl Shift Z", "undo, redo"),
            ("drop a file or folder", "open a model, or images as a model"),
            ("Ctrl +, Ctrl −, Ctrl 0", "larger, smaller, original size"),
            ("F11", "full screen on or off"),
        ],
    ),
    (
        "Images and plots",
        &[
            ("wheel, drag", "zoom, pan"),
            ("Shift drag, right drag", "zoom into a box of a plot"),
            ("double-click", "fit the image, whole plot"),
            ("click a curve's name", "hide or show it"),
            ("1", "pixel-perfect"),
            ("V", "latents, colour or decoded"),
            ("click a level", "isolate it; Shift: add or remove it"),
            ("Esc", "show all levels"),
        ],
    ),
    (
        "Tracks",
        &[
            ("drag", "move the playhead"),
            ("wheel", "zoom the time axis"),
            ("0", "show the whole run"),
            ("A", "next axis unit"),
            ("drag a head", "move the track; click to fold"),
            ("drag a line", "resize the tracks above and below"),
            ("arrows, Del", "move or delete the selected point"),
        ],
    ),
];

/// Draws the list above everything else, so that no tooltip covers it. Returns whether it stays open.
#[must_use]
pub fn shortcuts_ui(ctx: &Context) -> bool {
    let modal = Modal::new(Id::unique("keys"));
    let shown = modal.show(ctx, |ui| {
        let secondary = Palette::of(ui).secondary;
        let room = (ui.ctx().content_rect().height() - 140.0).max(80.0);
        ScrollArea::vertical().max_height(room).show(ui, columns_ui);
        ui.label(RichText::new("Tab moves to the next control; arrow keys change it.").color(secondary));
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
