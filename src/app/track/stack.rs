//! The stack of tracks on one horizontal axis, with one zoom and one playhead.

use crate::app::draw::theme::{self, BODY, Palette};
use crate::app::draw::widgets::arrows;
use crate::app::intent::Intent;
use crate::app::track::axis::{axis_ui, move_ui, playhead_ui};
use crate::app::track::head::TrackHead;
use crate::app::track::menu::plots_menu_ui;
use crate::app::track::place::{HEAD, LEGEND, LINE, TimeScale, TrackPlace, plot_y};
use crate::app::track::state::{Stacked, TracksState};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::session::action::Action;
use crate::session::document::{TRACK_HEIGHTS, TrackChoice};
use egui::{Align2, CursorIcon, Rect, Sense, Stroke, Ui, WidgetInfo, pos2};

/// Least height of a track, points.
const LEAST: f32 = 24.0;

/// Draws the tracks in the available space.
pub fn tracks_ui(ui: &mut Ui, context: &ViewContext, state: &mut TracksState, out: &mut ViewOutput) {
    let palette = Palette::of(ui);
    let space = ui.available_rect_before_wrap();
    ui.allocate_rect(space, Sense::hover());
    let plot_x = (space.left() + 16.0 + HEAD)..=(space.right() - 32.0 - LEGEND);
    let axis = Rect::from_min_max(space.min, pos2(space.right(), space.top() + LINE));
    let whole = Rect::from_x_y_ranges(plot_x.clone(), axis.bottom()..=space.bottom());
    // First, so that the layers above it receive clicks before it.
    let response = context.axis().map(|_| move_ui(ui, whole, context, state, out));
    axis_ui(ui, axis, &plot_x, context, state, out);

    let shown = context.tracks();
    let places = placed(&shown, Rect::from_min_max(pos2(space.left(), axis.bottom()), space.max));
    for (index, (choice, rect)) in shown.iter().zip(&places).enumerate() {
        ui.painter().hline(rect.x_range(), rect.top(), Stroke::new(1.0, palette.hairline));
        let (zoom, pointer, hovered) = (state.zoom, state.pointer, state.hovered);
        let Some(track) = state.track_mut(choice.track) else { continue };
        let head = TrackHead { rect: *rect, choice: *choice, zoom, context }.ui(ui, track, out);
        let plot = Rect::from_x_y_ranges(plot_x.clone(), plot_y(*rect));
        if !choice.folded && plot.height() >= 12.0 {
            let left = plot.right() + 16.0;
            let legend = Rect::from_min_max(pos2(left, plot.top()), pos2(space.right() - 16.0, plot.bottom()));
            track.body_ui(ui, &TrackPlace { plot, legend, head, pointer, hovered, zoom }, context, out);
        }
        if index + 1 < shown.len() {
            boundary_ui(ui, &shown, &places, index, out.intents);
        }
    }
    if shown.is_empty() {
        let text = "All tracks are hidden. Show them from the menu at the top right";
        ui.painter().text(whole.center(), Align2::CENTER_CENTER, text, theme::body(BODY), palette.secondary);
    }
    if let Some((shared, response)) = context.axis().zip(response) {
        let scale = TimeScale::new(shared, context.reading(), state.zoom, whole);
        let stacked = Stacked { shown: &shown, places: &places, whole };
        plots_menu_ui(&response, &stacked, &scale, context, state, out);
        playhead_ui(ui, (whole, axis), &scale, (context, state.hovered), &response);
    }
}

/// The positions of the tracks: folded ones have one line, the others share the rest by their heights.
fn placed(shown: &[TrackChoice], space: Rect) -> Vec<Rect> {
    let (folded, mut open): (Vec<&TrackChoice>, Vec<&TrackChoice>) = shown.iter().partition(|track| track.folded);
    let mut room = (space.height() - LINE * folded.len() as f32).max(0.0);
    // If they do not all fit, they share the space.
    let least = LINE.min(room / open.len().max(1) as f32).max(LEAST);
    // Those that would be too low have the least height; the others share the rest.
    let scale = loop {
        let wanted: f32 = open.iter().map(|track| track.height).sum();
        let scale = room / wanted.max(1.0);
        let before = open.len();
        open.retain(|track| track.height * scale >= least);
        if open.len() == before {
            break scale;
        }
        room = (room - least * (before - open.len()) as f32).max(0.0);
    };
    let mut top = space.top();
    let mut place = |choice: &TrackChoice| {
        let height = if choice.folded { LINE } else { (choice.height * scale).max(least) };
        let rect = Rect::from_x_y_ranges(space.x_range(), top..=(top + height).min(space.bottom().max(top)));
        top += height;
        rect
    };
    shown.iter().map(&mut place).collect()
}

/// The boundary between two tracks, which can be dragged: one grows as the next unfolded one shrinks.
fn boundary_ui(ui: &Ui, shown: &[TrackChoice], places: &[Rect], index: usize, intents: &mut Vec<Intent>) {
    let upper = shown[..=index].iter().rposition(|track| !track.folded);
    let lower = shown[index + 1..].iter().position(|track| !track.folded).map(|at| index + 1 + at);
    let (Some(upper), Some(lower)) = (upper, lower) else { return };
    let y = places[index].bottom();
    let rect = Rect::from_x_y_ranges(places[index].x_range(), (y - 3.0)..=(y + 3.0));
    let (above, below) = (shown[upper], shown[lower]);
    let id = ui.scope_id().with(("boundary", above.track, below.track));
    let response = ui.interact(rect, id, Sense::click_and_drag()).on_hover_cursor(CursorIcon::ResizeVertical);
    let name = words::tracks::height_of(above.track.name(), below.track.name());
    response.widget_info(|| WidgetInfo::slider(true, f64::from(above.height), &name));
    let palette = Palette::of(ui);
    if response.hovered() || response.dragged() || response.has_focus() {
        let color = if response.dragged() || response.has_focus() { palette.accent } else { palette.faint };
        ui.painter().hline(rect.x_range(), y, Stroke::new(2.0, color));
    }
    let keys = -8.0 * arrows(ui, &response).y;
    let scale = above.height / places[upper].height().max(1.0);
    let by = (response.drag_delta().y + keys) * scale;
    let by = by.clamp(TRACK_HEIGHTS.0 - above.height, below.height - TRACK_HEIGHTS.0);
    let heights = if response.double_clicked() {
        vec![(above.track, above.track.default_height()), (below.track, below.track.default_height())]
    } else if by != 0.0 {
        vec![(above.track, above.height + by), (below.track, below.height - by)]
    } else {
        Vec::new()
    };
    if !heights.is_empty() {
        intents.push(Intent::Change(Action::SetTrackHeights(heights)));
    }
    if response.drag_stopped() {
        intents.push(Intent::EndGesture);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::document::Track;
    use egui::vec2;

    #[test]
    fn tracks_fill_the_space_and_folded_ones_take_a_line() {
        let space = Rect::from_min_size(pos2(0.0, 10.0), vec2(100.0, 500.0));
        let mut choices = [Track::FilmStrip, Track::Schedule, Track::Chromatogram].map(TrackChoice::new);
        choices[1].folded = true;
        let places = placed(&choices, space);
        assert_eq!(places[1].height(), LINE);
        assert_eq!(places[0].top(), 10.0);
        assert!((places[2].bottom() - 510.0).abs() < 1e-3);
        let ratio = places[0].height() / places[2].height();
        assert!((ratio - choices[0].height / choices[2].height).abs() < 1e-3);
    }

    #[test]
    fn in_a_low_window_every_track_keeps_a_plot_within_the_space() {
        for (count, height) in [(4, 186.0), (6, 190.0), (7, 175.0), (2, 61.0)] {
            let space = Rect::from_min_size(pos2(0.0, 10.0), vec2(100.0, height));
            let choices: Vec<TrackChoice> = Track::ALL.into_iter().take(count).map(TrackChoice::new).collect();
            let places = placed(&choices, space);
            for place in &places {
                assert!(place.height() >= LINE.min(height / count as f32) - 1e-3, "{count}: {place:?}");
                let plot = plot_y(*place);
                assert!(plot.end() - plot.start() >= 16.0, "{count}: {place:?}");
            }
            assert!((places[count - 1].bottom() - space.bottom()).abs() < 1e-3, "{count}: {places:?}");
        }
    }
}
