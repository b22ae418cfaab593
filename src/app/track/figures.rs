//! What tracks that are figures have in common: the figure is kept until something that it is made of changes, and is drawn
//! with strips and a legend whose levels can be clicked.

use crate::app::draw::legend::legend_ui;
use crate::app::draw::notes::notes_ui;
use crate::app::draw::plot::{StripUse, lit_figure_ui, strips_ui};
use crate::app::intent::Intent;
use crate::app::track::menu::values_in_plain;
use crate::app::track::place::{PAD, TrackPlace};
use crate::app::track::shared::AxisOf;
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::figure::draw::Content;
use crate::figure::{Figure, Reading, TimeAxis, TimeView, TimeZoom};
use crate::session::action::Action;
use crate::session::playback::Command;
use egui::{Rect, Ui, vec2};
use std::sync::Arc;

/// What everything over the shared axis depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct AxisKey {
    of: AxisOf,
    reading: Reading,
    zoom: TimeZoom,
    ticks: usize,
}

impl AxisKey {
    pub fn new(context: &ViewContext, place: &TrackPlace) -> Self {
        Self { of: context.axis_of(), reading: context.reading(), zoom: place.zoom, ticks: place.ticks() }
    }

    /// The stretch of an axis that is shown.
    pub const fn time<'a>(&self, axis: &'a TimeAxis) -> TimeView<'a> {
        TimeView { axis, reading: self.reading, range: self.zoom.range(), ticks: self.ticks }
    }
}

/// All that a figure depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FigureKey<K> {
    pub axis: AxisKey,
    /// The next run's schedule, which is laid over.
    pub next: Option<u64>,
    /// Besides those.
    pub own: K,
}

impl<K> FigureKey<K> {
    pub fn new(context: &ViewContext, place: &TrackPlace, own: K) -> Self {
        Self { axis: AxisKey::new(context, place), next: context.ghost().map(|next| next.version), own }
    }
}

/// A figure, kept until something that it is made of changes.
pub(super) struct KeptFigure<K> {
    kept: Option<(FigureKey<K>, Arc<Figure>)>,
}

impl<K> Default for KeptFigure<K> {
    fn default() -> Self {
        Self { kept: None }
    }
}

impl<K: PartialEq> KeptFigure<K> {
    /// The figure of this; where it is not there, `make` makes it if it can.
    pub fn get(
        &mut self,
        key: FigureKey<K>,
        make: impl FnOnce(&FigureKey<K>) -> Option<Figure>,
    ) -> Option<Arc<Figure>> {
        if self.kept.as_ref().is_none_or(|(kept, _)| *kept != key) {
            self.kept = make(&key).map(|figure| (key, Arc::new(figure)));
        }
        self.kept.as_ref().map(|(_, figure)| Arc::clone(figure))
    }

    /// What the figure on screen was made of.
    pub fn key(&self) -> Option<&K> {
        self.kept.as_ref().map(|(key, _)| &key.own)
    }

    /// Its values at an x, a line each.
    pub fn values_at(&self, x: f64) -> Vec<String> {
        self.kept.as_ref().map(|(_, figure)| values_in_plain(figure, x)).unwrap_or_default()
    }

    /// What is on screen, for a file.
    pub fn content(&self) -> Option<Content> {
        self.kept.as_ref().map(|(_, figure)| Figure::clone(figure).into())
    }
}

/// Draws a figure and its legend, which is as high as the track. `name` tells its levels from those of other tracks.
pub(super) fn figure_ui(
    ui: &Ui,
    figure: &Figure,
    place: &TrackPlace,
    name: &str,
    context: &ViewContext,
    out: &mut ViewOutput,
) {
    plot_ui(ui, figure, place, name, context, out);
    names_ui(ui, (legend_of(place), figure), place, name, context, out);
}

/// Draws a figure below its notes, whose strips isolate a level when they are clicked and move the playhead when they are
/// dragged. Gives back what the notes leave of the plot.
pub(super) fn plot_ui(
    ui: &Ui,
    figure: &Figure,
    place: &TrackPlace,
    name: &str,
    context: &ViewContext,
    out: &mut ViewOutput,
) -> Rect {
    let plot = notes_ui(ui, place.plot, &figure.notes, name);
    lit_figure_ui(ui, (plot, place.head), figure, context.levels.lit());
    match strips_ui(ui, plot, figure, &context.levels, name) {
        Some(StripUse::Isolate(levels)) => out.intents.push(Intent::Change(Action::Isolate(levels))),
        Some(StripUse::Drag(at)) => {
            let step = place.scale(context).map(|scale| context.step_of(scale.step_at(at.x)));
            out.intents.extend(step.map(|step| Intent::Playback(Command::Seek(step))));
        }
        None => {}
    }
    plot
}

/// The legend is as high as the track: six levels have a row each in a window of 720 points.
pub(super) fn legend_of(place: &TrackPlace) -> Rect {
    let legend = place.legend;
    Rect::from_min_max(legend.min - vec2(0.0, 3.0), legend.max + vec2(0.0, PAD - 1.0))
}

/// Draws a figure's legend, with the values under the pointer or at the playhead.
pub(super) fn names_ui(
    ui: &Ui,
    (legend, figure): (Rect, &Figure),
    place: &TrackPlace,
    name: &str,
    context: &ViewContext,
    out: &mut ViewOutput,
) {
    let playhead = || context.axis().map(|axis| axis.x_of_step(context.playhead(), context.reading()));
    let Some(at) = place.hovered.or_else(playhead) else { return };
    let isolate = legend_ui(ui, legend, figure, at, (&context.levels, name));
    out.intents.extend(isolate.map(|levels| Intent::Change(Action::Isolate(levels))));
}
