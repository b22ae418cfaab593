//! Tracks with a figure: it is kept until one of its inputs changes, and is drawn
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
use crate::session::playback::PlayheadCommand;
use egui::{Rect, Ui, vec2};
use std::sync::Arc;

/// The inputs of everything on the shared axis.
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

    /// The visible part of an axis.
    pub const fn time<'a>(&self, axis: &'a TimeAxis) -> TimeView<'a> {
        TimeView { axis, reading: self.reading, range: self.zoom.range(), ticks: self.ticks }
    }
}

/// All inputs of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FigureKey<K> {
    pub axis: AxisKey,
    /// The next run's schedule, drawn over it.
    pub next: Option<u64>,
    /// Other inputs.
    pub own: K,
}

impl<K> FigureKey<K> {
    pub fn new(context: &ViewContext, place: &TrackPlace, own: K) -> Self {
        Self { axis: AxisKey::new(context, place), next: context.ghost().map(|next| next.version), own }
    }
}

/// A figure, kept until one of its inputs changes.
pub(super) struct KeptFigure<K> {
    kept: Option<(FigureKey<K>, Arc<Figure>)>,
}

impl<K> Default for KeptFigure<K> {
    fn default() -> Self {
        Self { kept: None }
    }
}

impl<K: PartialEq> KeptFigure<K> {
    /// The figure for these inputs; if it is not known, `make` makes it if it can.
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

    /// The inputs of the figure on screen.
    pub fn key(&self) -> Option<&K> {
        self.kept.as_ref().map(|(key, _)| &key.own)
    }

    /// Its values at an x, one line each.
    pub fn values_at(&self, x: f64) -> Vec<String> {
        self.kept.as_ref().map(|(_, figure)| values_in_plain(figure, x)).unwrap_or_default()
    }

    /// The figure on screen, for a file.
    pub fn content(&self) -> Option<Content> {
        self.kept.as_ref().map(|(_, figure)| Figure::clone(figure).into())
    }
}

/// Draws a figure and its legend, which has the height of the track. `name` distinguishes its levels from those of other tracks.
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

/// Draws a figure below its notes. Its strips isolate a level when clicked and move the playhead when
/// dragged. Returns the plot's space below the notes.
pub(super) fn plot_ui(
    ui: &Ui,
    figure: &Figure,
    place: &TrackPlace,
    name: &str,
    context: &ViewContext,
    out: &mut ViewOutput,
) -> Rect {
    let plot = notes_ui(ui, place.plot, &figure.notes, name);
    let levels = context.levels.of_run();
    lit_figure_ui(ui, (plot, place.head), figure, levels.lit());
    match strips_ui(ui, plot, figure, &levels, name) {
        Some(StripUse::Isolate(levels)) => out.intents.push(Intent::Change(Action::Isolate(levels))),
        Some(StripUse::Drag(at)) => {
            let step = place.scale(context).map(|scale| context.step_of(scale.step_at(at.x)));
            out.intents.extend(step.map(|step| Intent::Playback(PlayheadCommand::Seek(step))));
        }
        None => {}
    }
    plot
}

/// The legend has the height of the track: six levels have a row each in a window of 720 points.
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
    let isolate = legend_ui(ui, legend, figure, at, (&context.levels.of_run(), name));
    out.intents.extend(isolate.map(|levels| Intent::Change(Action::Isolate(levels))));
}
