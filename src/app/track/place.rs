//! The position of a track in a frame, and the pointer on it.

use crate::app::draw::transform::Transform;
use crate::app::view_context::ViewContext;
use crate::figure::{Reading, TimeAxis, TimeZoom};
use egui::{Pos2, Rect};
use std::ops::RangeInclusive;

/// Width of a track's head, points.
pub(in crate::app) const HEAD: f32 = 184.0;
/// The part of it at the right that is reserved for the numbers of the vertical axis, points.
pub(in crate::app) const NUMBERS: f32 = 56.0;
/// Width of a track's legend, points.
pub(in crate::app) const LEGEND: f32 = 134.0;
/// Height of a folded track and of the axis, points.
pub(in crate::app) const LINE: f32 = 30.0;
/// Space around the plot of a track that is high enough, points.
pub(in crate::app) const PAD: f32 = 8.0;

/// The position of a track's plot: a low track has less space around it.
pub(in crate::app) fn plot_y(track: Rect) -> RangeInclusive<f32> {
    let pad = (0.14 * track.height()).min(PAD);
    (track.top() + pad)..=(track.bottom() - pad)
}

/// The positions of a track's plot and legend, and the state that all tracks share.
#[derive(Clone, Copy, Debug)]
pub(in crate::app) struct TrackPlace {
    /// The plot; all tracks' plots have the same left and right edge.
    pub plot: Rect,
    /// Right of the plot.
    pub legend: Rect,
    /// The first line of the track's head, which numbers avoid.
    pub head: Rect,
    /// Position of the pointer, on any track.
    pub pointer: Option<Pos2>,
    /// x of the shared axis under the pointer.
    pub hovered: Option<f64>,
    /// The visible part of the shared axis.
    pub zoom: TimeZoom,
}

impl TrackPlace {
    /// About how many numbers fit on the axis.
    pub fn ticks(&self) -> usize {
        ticks_for(self.plot.width())
    }

    /// The shared axis across the plot; `None` before there is a schedule.
    pub fn scale<'a>(&self, context: &ViewContext<'a>) -> Option<TimeScale<'a>> {
        context.axis().map(|axis| TimeScale::new(axis, context.reading(), self.zoom, self.plot))
    }
}

/// A position on an unfolded track's plot.
#[derive(Clone, Copy, Debug)]
pub(in crate::app) struct PlotPoint {
    /// The plot.
    pub plot: Rect,
    /// On the screen.
    pub at: Pos2,
    /// On the shared axis.
    pub x: f64,
}

/// The map between the shared axis and the screen.
#[derive(Clone, Copy)]
pub(in crate::app) struct TimeScale<'a> {
    axis: &'a TimeAxis,
    reading: Reading,
    across: Transform,
}

impl<'a> TimeScale<'a> {
    /// For an axis with its visible part drawn across a plot.
    pub const fn new(axis: &'a TimeAxis, reading: Reading, zoom: TimeZoom, plot: Rect) -> Self {
        Self { axis, reading, across: Transform::new(plot, zoom.range(), (0.0, 1.0)) }
    }

    /// The axis.
    pub const fn axis(&self) -> &'a TimeAxis {
        self.axis
    }

    /// The screen position of an x of the axis.
    pub fn screen(&self, x: f64) -> f32 {
        self.across.x(x)
    }

    /// The screen position of a moment of the run, in steps of the axis.
    pub fn screen_of_step(&self, step: f64) -> f32 {
        self.screen(self.axis.x_of_step(step, self.reading))
    }

    /// x of the axis at a screen position.
    pub fn x_at(&self, screen: f32) -> f64 {
        self.across.value_x(screen).clamp(0.0, 1.0)
    }

    /// The moment of the run at a screen position, in steps of the axis.
    pub fn step_at(&self, screen: f32) -> f64 {
        self.axis.step_of_x(self.x_at(screen), self.reading)
    }
}

/// About how many numbers fit on an axis of this length in points.
#[allow(clippy::cast_sign_loss)] // a width
pub(in crate::app) fn ticks_for(width: f32) -> usize {
    ((width / 96.0) as usize).clamp(4, 24)
}
