//! A track's head: its name, which folds and moves it, what is plotted, and its menu.

use super::icons::{Icon, draw_icon};
use super::tracks::{HEAD, LINE, PAD, Tracks};
use super::widgets::{icon_button_small, small_menu};
use crate::app::intent::Intent;
use crate::app::run_view::Picture;
use crate::app::theme::{self, BODY, Palette, SMALL};
use crate::session::action::Action;
use crate::session::document::{Measure, Track, TrackChoice};
use egui::{Align2, Id, Popup, Rect, Response, Role, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};

/// Draws a head at the left of its track's `rect`.
pub(super) fn head_ui(ui: &mut Ui, rect: Rect, choice: TrackChoice, tracks: &Tracks, intents: &mut Vec<Intent>) {
    let palette = Palette::of(ui);
    let left = rect.left() + 16.0;
    let line = Rect::from_min_size(rect.min, vec2(HEAD - 20.0, LINE));
    let (track, name) = (choice.track, choice.track.name());
    let response = ui.interact(line, Id::unique(("fold", track)), Sense::click_and_drag());
    let verb = if choice.folded { "Unfold" } else { "Fold" };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{verb} {name}")));
    if response.clicked() {
        intents.push(Intent::Change(Action::FoldTrack(track, !choice.folded)));
    }
    reorder_ui(&response, rect, choice.track, tracks, intents);
    let icon = if choice.folded { Icon::Right } else { Icon::Down };
    let lit = response.hovered() || response.has_focus() || response.dragged();
    let color = if lit { palette.text } else { palette.secondary };
    draw_icon(ui, Rect::from_center_size(pos2(left + 4.0, rect.top() + 16.0), vec2(10.0, 10.0)), icon, color);
    let at = pos2(left + 16.0, rect.top() + 16.0);
    ui.painter().text(at, Align2::LEFT_CENTER, name, theme::strong(BODY), palette.text);
    response.on_hover_text(about(track)).context_menu(|ui| menu_ui(ui, choice, tracks, intents));
    let corner = Rect::from_min_size(pos2(left + HEAD - 42.0, rect.top() + 5.0), vec2(22.0, 22.0));
    ui.scope_builder(UiBuilder::new().max_rect(corner), |ui| {
        let button = icon_button_small(ui, Icon::More, &format!("{name} menu"), "Hide, move up or down");
        Popup::menu(&button).show(|ui| menu_ui(ui, choice, tracks, intents));
    });
    if choice.folded {
        return;
    }
    let note = |y: f32, text: &str| {
        if y < rect.bottom() - 8.0 {
            ui.painter().text(pos2(left + 16.0, y), Align2::LEFT_CENTER, text, theme::body(SMALL), palette.secondary);
        }
    };
    match track {
        Track::FilmStrip => {
            let row = (rect.height() - 2.0 * PAD) / 3.0;
            for (index, picture) in Picture::ALL.into_iter().enumerate() {
                let middle = rect.top() + PAD + row * (index as f32 + 0.5);
                let at = pos2(rect.left() + 8.0 + HEAD, middle);
                // The name of the track stands where the first of a low strip would.
                if row >= 20.0 && (index > 0 || row >= 34.0) {
                    let symbol = picture.name().0;
                    ui.painter().text(at, Align2::RIGHT_CENTER, symbol, theme::body(SMALL), palette.secondary);
                }
            }
        }
        Track::Schedule => note(rect.top() + 36.0, "log-SNR λ, nats"),
        Track::Chromatogram => {
            note(rect.top() + 36.0, "rₘ(t), theory");
            let place = Rect::from_min_size(pos2(left + 8.0, rect.top() + 48.0), vec2(108.0, 24.0));
            if place.bottom() < rect.bottom() {
                measure_ui(ui, place, tracks.view.measure, intents);
            }
        }
    }
}

fn measure_ui(ui: &mut Ui, place: Rect, measure: Measure, intents: &mut Vec<Intent>) {
    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
        let tip = "Power: shares of the variance generated, −Vₘ·daₘ/dt. Amplitude: of its root, −√Vₘ·d√aₘ/dt";
        small_menu(ui, "Chromatogram measure", measure.name(), tip, |ui| {
            ui.set_min_width(120.0);
            for choice in Measure::ALL {
                if ui.selectable_label(choice == measure, choice.name()).clicked() {
                    intents.push(Intent::Change(Action::SetMeasure(choice)));
                    ui.close();
                }
            }
        });
    });
}

const fn about(track: Track) -> &'static str {
    match track {
        Track::FilmStrip => "Small images of every step. Click to fold, drag to move the track",
        Track::Schedule => {
            "λ = ln(ᾱ/(1−ᾱ)) over time: the run's, and what the model's own timesteps would have visited. Click to fold, \
             drag to move the track"
        }
        Track::Chromatogram => {
            "rₘ(t), the share of what is generated at each time that belongs to each resolution, for a scale-invariant \
             prior; the strip below names the largest. Click to fold, drag to move the track"
        }
    }
}

/// A head that is dragged past the middle of a neighbour changes places with it.
fn reorder_ui(response: &Response, rect: Rect, track: Track, tracks: &Tracks, intents: &mut Vec<Intent>) {
    if response.drag_stopped() {
        intents.push(Intent::EndGesture);
    }
    let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged()) else { return };
    let order: Vec<Track> = tracks.shown().iter().map(|choice| choice.track).collect();
    let Some(place) = order.iter().position(|&other| other == track) else { return };
    let neighbour = if pointer.y < rect.top() - 16.0 {
        place.checked_sub(1).map(|above| order[above])
    } else if pointer.y > rect.bottom() + 16.0 {
        order.get(place + 1).copied()
    } else {
        None
    };
    if let Some(to) = neighbour.and_then(|other| tracks.view.tracks.iter().position(|choice| choice.track == other)) {
        intents.push(Intent::Change(Action::MoveTrack(track, to)));
    }
}

fn menu_ui(ui: &mut Ui, choice: TrackChoice, tracks: &Tracks, intents: &mut Vec<Intent>) {
    let track = choice.track;
    ui.set_min_width(120.0);
    let place = tracks.view.tracks.iter().position(|choice| choice.track == track).unwrap_or(0);
    let last = tracks.view.tracks.len() - 1;
    if ui.button(if choice.folded { "Unfold" } else { "Fold" }).clicked() {
        intents.push(Intent::Change(Action::FoldTrack(track, !choice.folded)));
    }
    if ui.add_enabled(place > 0, egui::Button::new("Move up")).clicked() {
        intents.push(Intent::Change(Action::MoveTrack(track, place - 1)));
        intents.push(Intent::EndGesture);
    }
    if ui.add_enabled(place < last, egui::Button::new("Move down")).clicked() {
        intents.push(Intent::Change(Action::MoveTrack(track, place + 1)));
        intents.push(Intent::EndGesture);
    }
    if ui.button("Hide").clicked() {
        intents.push(Intent::Change(Action::ShowTrack(track, false)));
    }
}
