//! Draws a [`Figure`] with egui's painter.

use crate::app::draw::colour::colour;
use crate::app::draw::level_button::{Levels, dimmed, tip};
use crate::app::draw::mark_names::{NAMES, names_above};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::transform::Transform;
use crate::app::draw::widgets::elided;
use crate::figure::{Dash, Figure, Line, MarkKind, Marker, Paint, Segment};
use crate::session::levels::{Band, LevelSet};
use egui::{Align2, Color32, Label, Mesh, Painter, Pos2, Rect, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

/// Height of a strip below a plot, points.
const STRIP: f32 = 16.0;
/// Width from which on a piece of a strip has its whole label, points.
const WIDE: f32 = 44.0;
/// Height of its clickable area.
const TARGET: f32 = 24.0;
/// Least height of a plot, of one with numbers beside it, and of one with strips below it, points.
const LEAST: f32 = 6.0;
const NUMBERED: f32 = 16.0;
const ABOVE_STRIPS: f32 = 24.0;

/// The colour of a paint, dimmed for levels that are not isolated.
pub(in crate::app) fn lit_colour(paint: Paint, lit: LevelSet, palette: &Palette) -> Color32 {
    let color = colour(paint, palette);
    if is_lit(paint, lit) { color } else { dimmed(color) }
}

pub(in crate::app) fn is_lit(paint: Paint, lit: LevelSet) -> bool {
    match paint {
        Paint::Level(m) => lit.shows(Band::Level(m)),
        Paint::Role(_) | Paint::Channel(_) => true,
    }
}

/// How many strips fit: in a low track the curves have priority.
#[allow(clippy::cast_sign_loss)] // clamped
fn strips_in(rect: Rect, figure: &Figure) -> usize {
    let room = ((rect.height() - ABOVE_STRIPS) / (STRIP + 6.0)).max(0.0);
    figure.strips.len().min(room as usize)
}

/// The part of `rect` that curves are drawn in, above the strips.
fn plot_of(rect: Rect, figure: &Figure) -> Rect {
    let strips = strips_in(rect, figure) as f32 * (STRIP + 6.0);
    Rect::from_min_max(rect.min, pos2(rect.right(), rect.bottom() - strips))
}

/// The visible parts of the strips' segments.
fn segments(rect: Rect, figure: &Figure) -> impl Iterator<Item = (Rect, &Segment)> {
    let plot = plot_of(rect, figure);
    let map = Transform::of(plot, figure);
    figure.strips.iter().take(strips_in(rect, figure)).enumerate().flat_map(move |(row, strip)| {
        let top = plot.bottom() + 6.0 + row as f32 * (STRIP + 6.0);
        strip.segments.iter().filter_map(move |segment| {
            let cell = Rect::from_x_y_ranges(map.x(segment.range.0)..=map.x(segment.range.1), top..=(top + STRIP));
            let cell = cell.intersect(rect).shrink2(vec2(0.75, 0.0));
            (cell.width() > 0.0).then_some((cell, segment))
        })
    })
}

/// Draws the figure's curves, strips and ticks into `rect`; numbers of the vertical axis are to its left. Isolated levels
/// are drawn above the others, which are dimmed. Numbers avoid `head`, and names of marks have a line above the
/// curves.
pub fn lit_figure_ui(ui: &Ui, (rect, head): (Rect, Rect), figure: &Figure, lit: LevelSet) {
    let palette = Palette::of(ui);
    let mut plot = plot_of(rect, figure);
    let is_named = figure.marks.iter().any(|mark| !mark.short_label.is_empty());
    let names = Rect::from_min_size(plot.min, vec2(plot.width(), NAMES));
    if is_named && plot.height() >= NAMES + ABOVE_STRIPS {
        plot.min.y = names.bottom();
    }
    if plot.height() < LEAST || plot.width() < 16.0 {
        return;
    }
    let map = Transform::of(plot, figure);
    let painter = ui.painter();

    let mut free = f32::INFINITY;
    for tick in figure.y_axis.ticks.iter().filter(|_| plot.height() >= NUMBERED) {
        let line = map.y(tick.at);
        let at = line.clamp(plot.top() + 6.0, plot.bottom() - 6.0);
        // Ticks rise; in a low plot those too close to the one below are omitted.
        if at > free - 13.0 {
            continue;
        }
        painter.hline(plot.x_range(), line, Stroke::new(1.0, palette.hairline));
        let galley = painter.layout_no_wrap(tick.label.clone(), theme::mono(SMALL - 1.0), palette.secondary);
        let place = Align2::RIGHT_CENTER.anchor_size(pos2(plot.left() - 8.0, at), galley.size());
        if head.is_positive() && place.expand2(vec2(4.0, 0.0)).intersects(head) {
            continue;
        }
        free = at;
        painter.galley(place.min, galley, palette.secondary);
    }
    let inside = painter.with_clip_rect(rect.expand2(vec2(0.0, 3.0)));
    for area in &figure.areas {
        let edges = area.points.iter().map(|&[x, low, high]| [map.place([x, low]), map.place([x, high])]);
        draw_area(&inside, &edges.collect::<Vec<_>>(), lit_colour(area.paint, lit, &palette), palette.window);
    }
    let (before, behind): (Vec<&Line>, Vec<&Line>) = figure.lines.iter().partition(|line| is_lit(line.paint, lit));
    for line in behind.into_iter().chain(before) {
        let points: Vec<Pos2> = line.points.iter().map(|&point| map.place(point)).collect();
        let stroke = Stroke::new(2.0 * line.weight as f32, lit_colour(line.paint, lit, &palette));
        draw_line(&inside, &points, stroke, line.dash);
    }
    for set in &figure.points {
        let color = lit_colour(set.paint, lit, &palette);
        for (&[x, y], error) in set.points.iter().zip(&set.errors) {
            inside.vline(map.x(x), map.y(y + error)..=map.y(y - error), Stroke::new(1.0, color));
        }
        for &point in &set.points {
            draw_marker(&inside, map.place(point), set.marker, color);
        }
    }
    for mark in &figure.marks {
        let at = map.x(mark.x);
        let color = lit_colour(mark.paint, lit, &palette);
        match mark.kind {
            MarkKind::Tick => inside.vline(at, (plot.bottom() - 5.0)..=plot.bottom(), Stroke::new(1.0, color)),
            MarkKind::Rule => inside.vline(at, plot.y_range(), Stroke::new(1.0, color)),
        };
    }
    let x = |value| map.x(value);
    if plot.top() >= names.bottom() {
        names_above(&inside, names, &figure.marks, &x, &palette);
    }
    for (cell, segment) in segments(rect, figure) {
        inside.rect_filled(cell, 3.0, lit_colour(segment.paint, lit, &palette));
        let text = if cell.width() > WIDE { &segment.label } else { &segment.short_label };
        let color = match segment.paint {
            Paint::Level(_) if is_lit(segment.paint, lit) => theme::ON_LEVEL,
            Paint::Level(_) => palette.secondary,
            Paint::Role(_) | Paint::Channel(_) => palette.text,
        };
        if cell.width() > 18.0 {
            // "1024" may stand out of a narrow cell, words end in "…".
            let room = if cell.width() > WIDE { cell.width() - 6.0 } else { f32::INFINITY };
            let galley = elided(ui, text, theme::strong(SMALL - 1.0), color, room);
            inside.galley(Align2::CENTER_CENTER.anchor_size(cell.center(), galley.size()).min, galley, color);
        }
    }
}

/// What you did to a strip.
pub enum StripUse {
    /// A level was clicked: isolate these.
    Isolate(LevelSet),
    /// It is dragged, with the pointer here.
    Drag(Pos2),
}

/// Makes the segments of the figure's strips clickable. `place` distinguishes their names from those of other tracks.
#[must_use]
pub fn strips_ui(ui: &Ui, rect: Rect, figure: &Figure, levels: &Levels, place: &str) -> Option<StripUse> {
    let mut used = None;
    for (row, (cell, segment)) in segments(rect, figure).enumerate() {
        // The target includes the space around it.
        let cell = cell.expand2(vec2(0.0, 0.5 * (TARGET - STRIP)));
        let Paint::Level(m) = segment.paint else {
            let response = ui.interact(cell, ui.scope_id().with(("words of the strip", place, row)), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &segment.label));
            response.on_hover_text(&segment.label);
            continue;
        };
        let Some((response, clicked)) = levels.strip_button(ui, cell, Band::Level(m), (place, row)) else { continue };
        if let Some(set) = clicked {
            used = Some(StripUse::Isolate(set));
        } else if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged()) {
            used = Some(StripUse::Drag(at));
        }
        if response.hovered() {
            let drawn = cell.shrink2(vec2(0.0, 0.5 * (TARGET - STRIP)));
            ui.painter().rect_stroke(drawn, 3.0, Stroke::new(1.0, Palette::of(ui).text), egui::StrokeKind::Inside);
        }
        // Words of any length stand in it.
        let label = match levels.in_both(Band::Level(m)) {
            Some(both) => format!("{}: {both}", segment.label),
            None => segment.label.clone(),
        };
        tip(response.on_hover_ui(|ui| {
            ui.add(Label::new(&label).wrap());
        }));
    }
    used
}

/// A marker about 6 points wide.
fn draw_marker(painter: &Painter, at: Pos2, marker: Marker, color: Color32) {
    let polygon = |corners: &[(f32, f32)]| {
        let points = corners.iter().map(|&(dx, dy)| at + vec2(dx, dy)).collect();
        painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
    };
    let strokes = |ends: [(f32, f32); 2]| {
        for (dx, dy) in ends {
            painter.line_segment([at - vec2(dx, dy), at + vec2(dx, dy)], Stroke::new(1.5, color));
        }
    };
    match marker {
        Marker::Circle => {
            painter.circle_filled(at, 2.5, color);
        }
        Marker::Square => polygon(&[(-2.5, -2.5), (2.5, -2.5), (2.5, 2.5), (-2.5, 2.5)]),
        Marker::Diamond => polygon(&[(0.0, -3.5), (3.5, 0.0), (0.0, 3.5), (-3.5, 0.0)]),
        Marker::Up => polygon(&[(0.0, -4.0), (4.0, 3.0), (-4.0, 3.0)]),
        Marker::Down => polygon(&[(-4.0, -3.0), (4.0, -3.0), (0.0, 4.0)]),
        Marker::Left => polygon(&[(-4.0, 0.0), (3.0, -4.0), (3.0, 4.0)]),
        Marker::Cross => strokes([(2.5, 2.5), (2.5, -2.5)]),
        Marker::Plus => strokes([(3.0, 0.0), (0.0, 3.0)]),
    }
}

/// Fills between lower and upper edge, and outlines the upper one.
fn draw_area(painter: &Painter, edges: &[[Pos2; 2]], color: Color32, behind: Color32) {
    let mut mesh = Mesh::default();
    for (index, &[low, high]) in (0_u32..).zip(edges) {
        mesh.colored_vertex(low, color);
        mesh.colored_vertex(high, color);
        if index > 0 {
            mesh.add_triangle(2 * index - 2, 2 * index - 1, 2 * index);
            mesh.add_triangle(2 * index - 1, 2 * index, 2 * index + 1);
        }
    }
    painter.add(Shape::mesh(mesh));
    painter.add(Shape::line(edges.iter().map(|edge| edge[1]).collect(), Stroke::new(1.0, behind)));
}

pub(in crate::app) fn draw_line(painter: &Painter, points: &[Pos2], stroke: Stroke, dash: Dash) {
    painter.extend(line_shapes(points, stroke, dash));
}

/// A line with its dashes.
pub(in crate::app) fn line_shapes(points: &[Pos2], stroke: Stroke, dash: Dash) -> Vec<Shape> {
    match dash {
        Dash::Solid => vec![Shape::line(points.to_vec(), stroke)],
        Dash::Dotted => Shape::dotted_line(points, stroke.color, 2.4 * stroke.width, 0.55 * stroke.width),
        Dash::Dashed | Dash::DashDotted => {
            let (dashes, gaps): (Vec<f32>, Vec<f32>) = dash
                .pattern()
                .chunks_exact(2)
                .map(|pair| (pair[0] as f32 * stroke.width, pair[1] as f32 * stroke.width))
                .unzip();
            Shape::dashed_line_with_offset(points, stroke, &dashes, &gaps, 0.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Axis, Strip};

    #[test]
    fn a_low_plot_gives_up_its_strips_before_its_curves() {
        let strip = Strip { name: "most".into(), segments: Vec::new() };
        let axis = || Axis { label: String::new(), unit: "", range: (0.0, 1.0), ticks: Vec::new() };
        let figure = Figure {
            x_axis: axis(),
            y_axis: axis(),
            areas: Vec::new(),
            lines: Vec::new(),
            points: Vec::new(),
            strips: vec![strip.clone(), strip],
            marks: Vec::new(),
            notes: Vec::new(),
        };
        let height = |height: f32| plot_of(Rect::from_min_size(Pos2::ZERO, vec2(200.0, height)), &figure).height();
        assert_eq!([21.0, 45.0, 46.0, 67.0, 68.0, 100.0].map(height), [21.0, 45.0, 24.0, 45.0, 24.0, 56.0]);
    }
}
