//! How a track is saved and copied: its figure with a line on its source, alone or below images of the run.

use crate::app::figure_sheet::FigureSheet;
use crate::app::pane_id::PaneId;
use crate::app::run_view::Picture;
use crate::app::track::{Panels, TrackView, Whose};
use crate::app::view_context::ViewContext;
use crate::figure::draw::{Panel, Sheet};
use crate::figure::text::verbatim;
use crate::figure::{Axis, Film, Ground, OnAxis, TimeView, TimeZoom};
use std::sync::Arc;

/// Number of images in a saved film strip, and the longest side of each, pixels.
const FILM: (usize, u32) = (9, 128);

/// A track's figure, as a sheet.
pub(super) fn sheet_of(
    track: &dyn TrackView,
    context: &ViewContext,
    zoom: TimeZoom,
    pane: PaneId,
) -> Option<FigureSheet> {
    track.panels(context, zoom).map(|panels| sheet(track, context, pane, panels))
}

/// The same below images of the run, on a common axis.
pub(super) fn sheet_with_film(track: &dyn TrackView, context: &ViewContext, pane: PaneId) -> Option<FigureSheet> {
    let (name, content) = (track.key().name(), track.content()?);
    let film = film(context, content.x_axis(), Picture::Expectation, track.whose(context));
    let panels = move || {
        let map = Panel::new(name, content.clone());
        film.iter().map(|film| film()).chain([map]).collect()
    };
    Some(sheet(track, context, pane, Box::new(panels)))
}

fn sheet(track: &dyn TrackView, context: &ViewContext, pane: PaneId, panels: Panels) -> FigureSheet {
    let heading = match track.whose(context) {
        Whose::Samples => context.desk.heading(),
        Whose::Run => context.run.map_or_else(String::new, |run| verbatim(&run.in_words())),
        Whose::Levels => String::new(),
    };
    let caption = track.pixels_in_words(context).map(|pixels| pixels + ".").unwrap_or_default();
    FigureSheet::new(pane, track.key().name(), move || Sheet {
        heading: heading.clone(),
        caption: caption.clone(),
        ..Sheet::new(panels())
    })
}

/// Each kind of image over the visible part of the shared axis.
pub(super) fn films_of(context: &ViewContext, zoom: TimeZoom) -> Option<Panels> {
    let shared = context.axis().filter(|_| context.run.is_some())?;
    let axis = TimeView { range: zoom.range(), ..TimeView::whole(shared, context.reading()) }.x_axis();
    let films = Picture::ALL.into_iter().filter_map(|picture| film(context, &axis, picture, Whose::Levels));
    let films: Vec<_> = films.collect();
    Some(Box::new(move || films.iter().map(|film| film()).collect()))
}

/// Images over a part of the time axis, each at its own noise level, with a note on their source if it differs from that of the
/// track below them. The caller paints them.
fn film(
    context: &ViewContext,
    axis: &Axis,
    picture: Picture,
    below: Whose,
) -> Option<impl Fn() -> Panel + Send + Sync + 'static + use<>> {
    let run = context.run?;
    let own = run.axis.clone();
    let shared = context.axis().unwrap_or(&own).clone();
    let (axis, reading) = (axis.clone(), context.reading());
    let images = run.small_images(picture, context.sample, context.view().range, Ground::Light);
    let label = match picture {
        Picture::State => "x_t",
        Picture::Change => "ΔE[x_0|x_t]",
        _ => "E[x_0|x_t]",
    };
    let name = run.in_words();
    Some(move || {
        let time = TimeView { range: axis.range, ..TimeView::whole(&shared, reading) };
        let on = OnAxis::new(time, &own);
        let film = Film::new(label, on, FILM.0, |step| images.paint(step, FILM.1).map(Arc::new));
        let whose = if below == Whose::Samples || !on.is_same() {
            verbatim(&on.in_words(&format!("one sample of {name}")))
        } else {
            String::new()
        };
        // On the same axis as the track below it.
        Panel::new(whose, Film { x_axis: axis.clone(), ..film })
    })
}
