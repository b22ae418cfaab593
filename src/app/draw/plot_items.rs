//! A [`Figure`] as the items of an egui plot. Items that the crate lacks (dashes of levels, error bars, ticks at the
//! foot) are defined here.
//!
//! Strips and notes are outside a plot's axes: tracks draw them, with [`crate::app::draw::plot`].

use crate::app::draw::colour::colour;
use crate::app::draw::plot::line_shapes;
use crate::app::draw::theme::Palette;
use crate::figure::{Area, Dash, Figure, Line, Mark, MarkKind, Marker, Points};
use egui::{Color32, Pos2, Rect, Shape, Stroke, Ui, pos2};
use egui_plot::{
    FilledArea, MarkerShape, PlotBounds, PlotGeometry, PlotItem, PlotItemBase, PlotPoint, PlotPoints, PlotTransform,
    VLine,
};
use std::ops::RangeInclusive;

/// Width of an ordinary line, and radius of a point, points.
const WIDTH: f32 = 2.0;
const RADIUS: f32 = 3.0;
/// Height of a tick at the foot of a plot, points.
const FOOT: f32 = 5.0;
/// Opacity of a band with an outlined edge, so that those behind it are visible.
const TRANSLUCENT: f32 = 0.3;

/// All elements of a figure within its axes, from back to front. Items have the figure's names, so
/// that hiding a name hides all items with it.
pub(in crate::app) fn plot_items(figure: &Figure, palette: &Palette) -> Vec<Box<dyn PlotItem>> {
    let mut items: Vec<Box<dyn PlotItem>> = Vec::new();
    for area in &figure.areas {
        let edged = figure.lines.iter().any(|line| line.name == area.name);
        items.extend(area_items(area, edged, palette));
    }
    for line in &figure.lines {
        items.push(Box::new(curve(line, palette)));
    }
    for points in &figure.points {
        items.extend(point_items(points, palette));
    }
    for mark in &figure.marks {
        items.push(mark_item(mark, palette));
    }
    items
}

/// A band and its outlined upper edge.
fn area_items(area: &Area, edged: bool, palette: &Palette) -> Vec<Box<dyn PlotItem>> {
    let part = |index: usize| area.points.iter().map(|point| point[index]).collect::<Vec<_>>();
    let color = colour(area.paint, palette);
    let color = if edged { color.gamma_multiply(TRANSLUCENT) } else { color };
    let band = FilledArea::new(area.name.clone(), &part(0), &part(1), &part(2)).fill_color(color);
    let mut items: Vec<Box<dyn PlotItem>> = vec![Box::new(band)];
    if !edged {
        let points = area.points.iter().map(|&[x, _, high]| PlotPoint::new(x, high)).collect();
        let form = CustomShape::Curve { width: 1.0, dash: Dash::Solid };
        items.push(Box::new(CustomItem {
            base: PlotItemBase::new(area.name.clone()),
            color: palette.window,
            points,
            form,
        }));
    }
    items
}

fn curve(line: &Line, palette: &Palette) -> CustomItem {
    CustomItem {
        base: PlotItemBase::new(line.name.clone()),
        color: colour(line.paint, palette),
        points: line.points.iter().map(|&point| point.into()).collect(),
        form: CustomShape::Curve { width: WIDTH * line.weight as f32, dash: line.dash },
    }
}

/// Markers, and their error bars behind them.
fn point_items(set: &Points, palette: &Palette) -> Vec<Box<dyn PlotItem>> {
    let color = colour(set.paint, palette);
    let mut items: Vec<Box<dyn PlotItem>> = Vec::new();
    for (&[x, y], error) in set.points.iter().zip(&set.errors) {
        items.push(Box::new(CustomItem {
            base: PlotItemBase::new(set.name.clone()),
            color,
            points: vec![PlotPoint::new(x, y - error), PlotPoint::new(x, y + error)],
            form: CustomShape::Curve { width: 1.0, dash: Dash::Solid },
        }));
    }
    let points = egui_plot::Points::new(set.name.clone(), set.points.clone());
    items.push(Box::new(points.shape(marker(set.marker)).radius(RADIUS).color(color)));
    items
}

const fn marker(marker: Marker) -> MarkerShape {
    match marker {
        Marker::Circle => MarkerShape::Circle,
        Marker::Square => MarkerShape::Square,
        Marker::Diamond => MarkerShape::Diamond,
        Marker::Up => MarkerShape::Up,
        Marker::Down => MarkerShape::Down,
        Marker::Cross => MarkerShape::Cross,
        Marker::Plus => MarkerShape::Plus,
        Marker::Left => MarkerShape::Left,
    }
}

fn mark_item(mark: &Mark, palette: &Palette) -> Box<dyn PlotItem> {
    let color = colour(mark.paint, palette);
    match mark.kind {
        MarkKind::Rule => Box::new(VLine::new(mark.label.clone(), mark.x).stroke(Stroke::new(1.0, color))),
        MarkKind::Tick => {
            // Its height is in screen units, not in those of the axis.
            let points = vec![PlotPoint::new(mark.x, f64::NAN)];
            Box::new(CustomItem { base: PlotItemBase::new(mark.label.clone()), color, points, form: CustomShape::Foot })
        }
    }
}

/// An item that the crate does not have.
struct CustomItem {
    base: PlotItemBase,
    color: Color32,
    points: Vec<PlotPoint>,
    form: CustomShape,
}

#[derive(Clone, Copy)]
enum CustomShape {
    /// A line through the points, with the dashes of the figure.
    Curve { width: f32, dash: Dash },
    /// A short tick at the foot of the plot.
    Foot,
}

impl PlotItem for CustomItem {
    fn shapes(&self, _: &Ui, transform: &PlotTransform, shapes: &mut Vec<Shape>) {
        let frame = *transform.frame();
        match self.form {
            CustomShape::Curve { width, dash } => {
                let width = if self.highlighted() { 1.75 * width } else { width };
                let points: Vec<Pos2> = self.points.iter().map(|point| transform.position_from_point(point)).collect();
                for run in runs_within(&points, frame.expand(2.0 * width)) {
                    shapes.extend(line_shapes(&run, Stroke::new(width, self.color), dash));
                }
            }
            CustomShape::Foot => shapes.extend(self.points.iter().map(|point| {
                let x = transform.position_from_point_x(point.x);
                let ends = [pos2(x, frame.bottom() - FOOT), pos2(x, frame.bottom())];
                Shape::line_segment(ends, Stroke::new(1.0, self.color))
            })),
        }
    }

    fn initialize(&mut self, _: RangeInclusive<f64>) {}

    fn color(&self) -> Color32 {
        self.color
    }

    fn geometry(&self) -> PlotGeometry<'_> {
        match self.form {
            CustomShape::Curve { .. } => PlotGeometry::Points(&self.points),
            CustomShape::Foot => PlotGeometry::None,
        }
    }

    fn bounds(&self) -> PlotBounds {
        match self.form {
            CustomShape::Curve { .. } => PlotPoints::Borrowed(&self.points).bounds(),
            CustomShape::Foot => PlotBounds::NOTHING,
        }
    }

    fn base(&self) -> &PlotItemBase {
        &self.base
    }

    fn base_mut(&mut self) -> &mut PlotItemBase {
        &mut self.base
    }
}

/// The parts of a line that pass through a rectangle, so that no dashes are computed far outside a magnified plot.
fn runs_within(points: &[Pos2], rect: Rect) -> Vec<Vec<Pos2>> {
    let mut runs: Vec<Vec<Pos2>> = Vec::new();
    for pair in points.windows(2) {
        let Some((from, to)) = clipped((pair[0], pair[1]), rect) else { continue };
        match runs.last_mut() {
            Some(run) if run.last() == Some(&from) => run.push(to),
            _ => runs.push(vec![from, to]),
        }
    }
    runs
}

/// The part of a segment within a rectangle, after Liang and Barsky.
fn clipped((from, to): (Pos2, Pos2), rect: Rect) -> Option<(Pos2, Pos2)> {
    let by = to - from;
    let (mut enters, mut leaves) = (0.0_f32, 1.0_f32);
    for (speed, room) in [
        (-by.x, from.x - rect.left()),
        (by.x, rect.right() - from.x),
        (-by.y, from.y - rect.top()),
        (by.y, rect.bottom() - from.y),
    ] {
        if speed == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if speed < 0.0 {
            enters = enters.max(room / speed);
        } else {
            leaves = leaves.min(room / speed);
        }
    }
    let start = if enters > 0.0 { from + enters * by } else { from };
    let end = if leaves < 1.0 { from + leaves * by } else { to };
    (enters <= leaves).then_some((start, end))
}

#[cfg(test)]
mod tests;
