//! What a right click on a track's plot offers: its figure, its values at that place, and of the film strip its images.

use crate::app::draw::picture_menu::{Offered, asked_at, copy_ui, entries_ui, file_name, save_figure_ui};
use crate::app::intent::Intent;
use crate::app::run_view::{Moment, Picture};
use crate::app::track::stack::{Tracks, TracksState, plot_y};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::figure::{Figure, Reading, TimeAxis};
use crate::session::document::{Track, TrackChoice};
use egui::{Pos2, Rect, Response, Ui};

/// The tracks and where they stand.
pub(in crate::app) struct Placed<'a> {
    pub shown: &'a [TrackChoice],
    pub places: &'a [Rect],
    /// What the plots have in common.
    pub whole: Rect,
}

impl Placed<'_> {
    /// The unfolded track at a place, and its plot.
    fn at(&self, at: Pos2) -> Option<(Track, Rect)> {
        let (choice, rect) = self.shown.iter().zip(self.places).find(|(_, rect)| rect.y_range().contains(at.y))?;
        let plot = Rect::from_x_y_ranges(self.whole.x_range(), plot_y(*rect));
        (!choice.folded).then_some((choice.track, plot))
    }
}

/// The menu of whichever track lies under the pointer.
pub(in crate::app) fn plots_menu_ui(
    response: &Response,
    placed: &Placed,
    axis: &TimeAxis,
    tracks: &Tracks,
    state: &TracksState,
    out: &mut ViewOutput,
) {
    let Some(at) = asked_at(response) else { return };
    response.context_menu(|ui| {
        let Some((track, plot)) = placed.at(at) else {
            ui.label("This track is folded.");
            return;
        };
        let part = f64::from((at.x - plot.left()) / plot.width());
        let x = state.zoom.x_of_place(part).clamp(0.0, 1.0);
        if track == Track::FilmStrip {
            film_ui(ui, (plot, at, x), tracks, out);
        }
        let intents = &mut *out.intents;
        let name = if track == Track::FilmStrip { "Copy film strip" } else { "Copy image" };
        if ui.button(name).clicked() {
            intents.push(Intent::CopyFigure(track));
            ui.close();
        }
        save_figure_ui(ui, "Save figure", |format| intents.push(Intent::ExportFigure(track, format)));
        if track != Track::FilmStrip {
            save_figure_ui(ui, "Save with film strip", |format| intents.push(Intent::ExportWithFilm(track, format)));
            let mut lines = place_in_plain(axis, axis.step_of_x(x, tracks.reading()));
            lines.extend(state.values_at(track, x, at));
            copy_ui(ui, "Copy values", &lines.join("\n"));
        }
    });
}

/// The step under the pointer, its image in the row under the pointer.
fn film_ui(ui: &mut Ui, (plot, at, x): (Rect, Pos2, f64), tracks: &Tracks, out: &mut ViewOutput) {
    let Some(run) = tracks.run else { return };
    #[allow(clippy::cast_sign_loss)] // steps on the axis are not negative
    let step = (run.axis.step_of_x(x, tracks.reading()) as usize).min(run.steps() - 1);
    #[allow(clippy::cast_sign_loss)] // clamped
    let row = (3.0 * (at.y - plot.top()) / plot.height()).clamp(0.0, 2.0) as usize;
    let picture = Picture::ALL[row];
    let there = ViewContext { at: Some(Moment::of_step(step)), ..tracks.context };
    // As the axis and the bar count: a place is that of the state its step begins with.
    ui.label(format!("{} at step {step}", picture.name().0));
    let name = format!("{}-step-{step}", file_name(picture));
    let ctx = ui.ctx().clone();
    let image = || there.image(&ctx, picture);
    let offered = Offered { pane: out.pane, name: &name, image: &image, value: &|_| None };
    entries_ui(ui, &offered, None, out.intents);
    ui.separator();
}

/// Where on the time axis, a line a reading.
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

/// A figure's curves at an x, a line each.
pub(in crate::app) fn values_in_plain(figure: &Figure, x: f64) -> Vec<String> {
    let areas = figure.areas.iter().map(|area| (&area.name, area.at(x)));
    let lines = figure.lines.iter().map(|line| (&line.name, line.at(x)));
    areas.chain(lines).filter_map(|(name, value)| Some(format!("{name}\t{:.6}", value?))).collect()
}
