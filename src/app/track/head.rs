//! A track's head: its name, which folds and moves it, and the menu that every track has.

use crate::app::draw::icons::{Icon, draw_icon};
use crate::app::draw::picture_menu::save_figure_ui;
use crate::app::draw::theme::{self, BODY, Palette};
use crate::app::draw::widgets::{TARGET, elided, icon_button_small};
use crate::app::intent::Intent;
use crate::app::track::TrackView;
use crate::app::track::head_space::HeadSpace;
use crate::app::track::place::{HEAD, LINE};
use crate::app::track::saved::{sheet_of, sheet_with_film};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::figure::TimeZoom;
use crate::session::action::Action;
use crate::session::document::{Track, TrackChoice};
use egui::{Button, Id, Popup, Rect, Response, Role, Sense, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2};

/// The track of a head.
pub(super) struct TrackHead<'a, 'b> {
    /// Its full area.
    pub rect: Rect,
    /// Its settings.
    pub choice: TrackChoice,
    /// The visible part of the shared axis.
    pub zoom: TimeZoom,
    pub context: &'a ViewContext<'b>,
}

impl TrackHead<'_, '_> {
    /// Draws the head, and returns the position of its first line, which numbers avoid.
    pub fn ui(&self, ui: &mut Ui, track: &mut dyn TrackView, out: &mut ViewOutput) -> Rect {
        let written = self.name_ui(ui, track, out);
        let corner = pos2(written.right() + 2.0, self.rect.top() + 4.0);
        let corner = Rect::from_min_size(corner, Vec2::splat(TARGET));
        let name = self.choice.track.name();
        ui.scope_builder(UiBuilder::new().max_rect(corner), |ui| {
            let button = icon_button_small(ui, Icon::More, &words::menu_of(name), "Save, hide or move the track");
            Popup::menu(&button).show(|ui| self.menu_ui(ui, track, out));
        });
        if !self.choice.folded {
            track.head_ui(ui, &HeadSpace { rect: self.rect }, self.context, out);
        }
        Rect::from_min_max(self.rect.min, corner.max)
    }

    /// The name: a click folds the track, a drag moves it, and a right click opens the menu. Returns where it is
    /// written.
    fn name_ui(&self, ui: &mut Ui, track: &mut dyn TrackView, out: &mut ViewOutput) -> Rect {
        let palette = Palette::of(ui);
        let (rect, choice, name) = (self.rect, self.choice, self.choice.track.name());
        let left = rect.left() + 16.0;
        let at = pos2(left + 16.0, rect.top() + 16.0);
        let most = rect.left() + HEAD + 6.0 - TARGET - 2.0;
        let galley = elided(ui, name, theme::strong(BODY), palette.text, most - at.x);
        let written = Rect::from_min_size(pos2(at.x, at.y - 0.5 * galley.size().y), galley.size());
        // The menu's button is beside it, not on it.
        let line = Rect::from_min_max(rect.min, pos2(written.right() + 1.0, rect.top() + LINE));
        let response = ui.interact(line, Id::unique(("fold", choice.track)), Sense::click_and_drag());
        let label = if choice.folded { words::tracks::unfold(name) } else { words::tracks::fold(name) };
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, label.as_str()));
        if response.clicked() {
            out.intents.push(Intent::Change(Action::FoldTrack(choice.track, !choice.folded)));
        }
        self.reorder_ui(&response, out);
        let icon = if choice.folded { Icon::Right } else { Icon::Down };
        let lit = response.hovered() || response.has_focus() || response.dragged();
        let color = if lit { palette.text } else { palette.secondary };
        draw_icon(ui, Rect::from_center_size(pos2(left + 4.0, rect.top() + 16.0), vec2(10.0, 10.0)), icon, color);
        ui.painter().galley(written.min, galley, palette.text);
        let pixels = track.pixels_in_words(self.context).map(|pixels| pixels + ". ").unwrap_or_default();
        response
            .on_hover_text(format!("{}. {pixels}Click to fold, drag to move", track.about()))
            .context_menu(|ui| self.menu_ui(ui, track, out));
        written
    }

    /// A head that is dragged past the middle of a neighbour swaps places with it.
    fn reorder_ui(&self, response: &Response, out: &mut ViewOutput) {
        if response.drag_stopped() {
            out.intents.push(Intent::EndGesture);
        }
        let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged()) else { return };
        let track = self.choice.track;
        let order: Vec<Track> = self.context.tracks().iter().map(|choice| choice.track).collect();
        let Some(place) = order.iter().position(|&other| other == track) else { return };
        let neighbour = if pointer.y < self.rect.top() - 16.0 {
            place.checked_sub(1).map(|above| order[above])
        } else if pointer.y > self.rect.bottom() + 16.0 {
            order.get(place + 1).copied()
        } else {
            None
        };
        if let Some(to) = neighbour.and_then(|other| self.place_of(other)) {
            out.intents.push(Intent::Change(Action::MoveTrack(track, to)));
        }
    }

    /// The position of a track among all, visible or not.
    fn place_of(&self, track: Track) -> Option<usize> {
        self.context.view().tracks.iter().position(|choice| choice.track == track)
    }

    fn menu_ui(&self, ui: &mut Ui, track: &mut dyn TrackView, out: &mut ViewOutput) {
        let choice = self.choice;
        ui.set_min_width(120.0);
        let place = self.place_of(choice.track).unwrap_or(0);
        let last = self.context.view().tracks.len() - 1;
        if ui.button(if choice.folded { "Unfold" } else { "Fold" }).clicked() {
            out.intents.push(Intent::Change(Action::FoldTrack(choice.track, !choice.folded)));
        }
        for (name, possible, by) in [("Move up", place > 0, -1), (words::tracks::MOVE_DOWN, place < last, 1)] {
            if ui.add_enabled(possible, Button::new(name)).clicked() {
                let to = place.saturating_add_signed(by);
                out.intents.push(Intent::Change(Action::MoveTrack(choice.track, to)));
                out.intents.push(Intent::EndGesture);
            }
        }
        track.menu_ui(ui, self.context, out);
        if !choice.folded {
            if ui.button("Copy figure").clicked() {
                out.intents.extend(sheet_of(track, self.context, self.zoom, out.pane).map(Intent::CopyFigure));
                ui.close();
            }
            save_ui(ui, (track, self.zoom), self.context, out);
        }
        if ui.button(words::tracks::HIDE).clicked() {
            out.intents.push(Intent::Change(Action::ShowTrack(choice.track, false)));
        }
    }
}

/// To a file, alone or below the film strip.
pub(super) fn save_ui(
    ui: &mut Ui,
    (track, zoom): (&dyn TrackView, TimeZoom),
    context: &ViewContext,
    out: &mut ViewOutput,
) {
    save_figure_ui(ui, words::tracks::SAVE_FIGURE, |format| {
        let sheet = sheet_of(track, context, zoom, out.pane);
        out.intents.extend(sheet.map(|sheet| Intent::Save(Box::new(sheet.save(format)))));
    });
    if track.is_plot() {
        save_figure_ui(ui, words::tracks::SAVE_WITH_FILM, |format| {
            let sheet = sheet_with_film(track, context, out.pane);
            out.intents.extend(sheet.map(|sheet| Intent::Save(Box::new(sheet.save(format)))));
        });
    }
}
