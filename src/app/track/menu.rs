//! The context menu of a track's plot: its own entries, its figure, and its values at the position.

use crate::app::draw::picture_menu::{asked_at, copy_ui};
use crate::app::intent::Intent;
use crate::app::track::TrackView;
use crate::app::track::head::save_ui;
use crate::app::track::place::{PlotPoint, TimeScale, plot_y};
use crate::app::track::saved::sheet_of;
use crate::app::track::state::{Stacked, TracksState};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::figure::{Figure, Reading, TimeAxis};
use crate::session::document::Track;
use egui::{Pos2, Rect, Response, Ui};

impl Stacked<'_> {
    /// The unfolded track at a position, and its plot.
    fn at(&self, at: Pos2) -> Option<(Track, Rect)> {
        let (choice, rect) = self.shown.iter().zip(self.places).find(|(_, rect)| rect.y_range().contains(at.y))?;
        let plot = Rect::from_x_y_ranges(self.whole.x_range(), plot_y(*rect));
        (!choice.folded).then_some((choice.track, plot))
    }
}

/// The menu of the track under the pointer.
pub(super) fn plots_menu_ui(
    response: &Response,
    stacked: &Stacked,
    scale: &TimeScale,
    context: &ViewContext,
    state: &mut TracksState,
    out: &mut ViewOutput,
) {
    let Some(at) = asked_at(response) else { return };
    let zoom = state.zoom;
    response.context_menu(|ui| {
        let found = stacked.at(at).and_then(|(key, plot)| Some((state.track_mut(key)?, plot)));
        let Some((track, plot)) = found else {
            ui.label("This track is folded.");
            return;
        };
        let point = PlotPoint { plot, at, x: scale.x_at(at.x) };
        track.point_menu_ui(ui, &point, context, out);
        if ui.button(track.copy_words()).clicked() {
            out.intents.extend(sheet_of(track, context, zoom, out.pane).map(Intent::CopyFigure));
            ui.close();
        }
        save_ui(ui, (track, zoom), context, out);
        if track.is_plot() {
            values_ui(ui, track, &point, scale.axis(), context);
        }
    });
}

fn values_ui(ui: &mut Ui, track: &dyn TrackView, point: &PlotPoint, axis: &TimeAxis, context: &ViewContext) {
    let mut lines = place_in_plain(axis, axis.step_of_x(point.x, context.reading()));
    lines.extend(track.values_at(point));
    let latents = context.latent_pixels().filter(|pixels| *pixels > 1 && track.has_own_pixels(context));
    lines.extend(latents.map(|pixels| format!("px of the image per px of latents\t{pixels}")));
    copy_ui(ui, words::tracks::COPY_VALUES, &lines.join("\n"));
}

/// The position on the time axis, one line per unit.
fn place_in_plain(axis: &TimeAxis, step: f64) -> Vec<String> {
    let readings = [
        ("step", Reading::Step),
        ("s", Reading::RunTime),
        ("timestep", Reading::Timestep),
        ("sigma", Reading::Sigma),
        ("lambda", Reading::LogSnr),
    ];
    readings.map(|(name, reading)| format!("{name}\t{:.6}", axis.value_at(step, reading))).to_vec()
}

/// A figure's curves at an x, one line each.
pub(super) fn values_in_plain(figure: &Figure, x: f64) -> Vec<String> {
    let areas = figure.areas.iter().map(|area| (&area.name, area.at(x)));
    let lines = figure.lines.iter().map(|line| (&line.name, line.at(x)));
    areas.chain(lines).filter_map(|(name, value)| Some(format!("{name}\t{:.6}", value?))).collect()
}
