//! Draws a [`Figure`] with egui's painter.

use super::level_button::{Levels, dimmed, tip};
use crate::app::theme::{self, Palette, SMALL};
use crate::figure::palette::level_colour;
use crate::figure::{Area, Dash, Figure, Line, MarkKind, Marker, NEXT, Paint, Role, Segment};
use crate::session::levels::{Band, LevelSet};
use egui::{Align2, Color32, Mesh, Painter, Pos2, Rect, Shape, Stroke, Ui, pos2, vec2};

/// Height of a strip below a plot, points.
const STRIP: f32 = 16.0;

/// The colour that a paint has in this theme.
#[must_use]
pub fn colour(paint: Paint, palette: &Palette) -> Color32 {
    match paint {
        Paint::Level(level) => {
            let [r, g, b] = level_colour(level);
            Color32::from_rgb(r, g, b)
        }
        Paint::Role(role) => match role {
            Role::Text => palette.text,
            Role::Secondary => palette.secondary,
            Role::Faint => palette.faint,
            Role::Hairline => palette.hairline,
            Role::Accent => palette.accent,
            Role::Warning => palette.warning,
            Role::Error => palette.error,
        },
    }
}

/// The colour of a paint where levels that are not looked at are dimmed.
fn lit_colour(paint: Paint, lit: LevelSet, palette: &Palette) -> Color32 {
    let color = colour(paint, palette);
    if is_lit(paint, lit) { color } else { dimmed(color) }
}

fn is_lit(paint: Paint, lit: LevelSet) -> bool {
    match paint {
        Paint::Level(m) => lit.shows(Band::Level(m)),
        Paint::Role(_) => true,
    }
}

/// The part of `rect` that curves are drawn in, above the strips.
fn plot_of(rect: Rect, figure: &Figure) -> Rect {
    let strips = figure.strips.len() as f32 * (STRIP + 6.0);
    Rect::from_min_max(rect.min, pos2(rect.right(), rect.bottom() - strips))
}

/// Where the segments of the strips stand, as far as they are to be seen.
fn segments(rect: Rect, figure: &Figure) -> impl Iterator<Item = (Rect, &Segment)> {
    let plot = plot_of(rect, figure);
    let (left, right) = figure.x_axis.range;
    let x = move |value: f64| plot.left() + ((value - left) / (right - left)) as f32 * plot.width();
    figure.strips.iter().enumerate().flat_map(move |(row, strip)| {
        let top = plot.bottom() + 6.0 + row as f32 * (STRIP + 6.0);
        strip.segments.iter().filter_map(move |segment| {
            let cell = Rect::from_x_y_ranges(x(segment.range.0)..=x(segment.range.1), top..=(top + STRIP));
            let cell = cell.intersect(rect).shrink2(vec2(0.75, 0.0));
            (cell.width() > 0.0).then_some((cell, segment))
        })
    })
}

/// Draws the figure's curves, strips and ticks into `rect`; numbers of the vertical axis stand to its left.
pub fn figure_ui(ui: &Ui, rect: Rect, figure: &Figure) {
    lit_figure_ui(ui, rect, figure, LevelSet::WHOLE);
}

/// The same with the levels that are looked at before the others, which are dimmed.
pub fn lit_figure_ui(ui: &Ui, rect: Rect, figure: &Figure, lit: LevelSet) {
    let palette = Palette::of(ui);
    let plot = plot_of(rect, figure);
    if plot.height() < 16.0 || plot.width() < 16.0 {
        return;
    }
    let (left, right) = figure.x_axis.range;
    let (low, high) = figure.y_axis.range;
    let x = |value: f64| plot.left() + ((value - left) / (right - left)) as f32 * plot.width();
    let y = |value: f64| plot.bottom() - ((value - low) / (high - low)) as f32 * plot.height();
    let painter = ui.painter();

    let mut free = f32::INFINITY;
    for tick in &figure.y_axis.ticks {
        let line = y(tick.at);
        let at = line.clamp(plot.top() + 6.0, plot.bottom() - 6.0);
        // Ticks rise; in a low plot those too close to the one below are left out.
        if at > free - 13.0 {
            continue;
        }
        free = at;
        painter.hline(plot.x_range(), line, Stroke::new(1.0, palette.hairline));
        painter.text(
            pos2(plot.left() - 8.0, at),
            Align2::RIGHT_CENTER,
            &tick.label,
            theme::mono(SMALL - 1.0),
            palette.secondary,
        );
    }
    let inside = painter.with_clip_rect(rect.expand2(vec2(0.0, 3.0)));
    for area in &figure.areas {
        let edges = area.points.iter().map(|&[px, low, high]| [pos2(x(px), y(low)), pos2(x(px), y(high))]);
        draw_area(&inside, &edges.collect::<Vec<_>>(), lit_colour(area.paint, lit, &palette), palette.window);
    }
    let (before, behind): (Vec<&Line>, Vec<&Line>) = figure.lines.iter().partition(|line| is_lit(line.paint, lit));
    for line in behind.into_iter().chain(before) {
        let points: Vec<Pos2> = line.points.iter().map(|&[px, py]| pos2(x(px), y(py))).collect();
        let stroke = Stroke::new(2.0 * line.weight as f32, lit_colour(line.paint, lit, &palette));
        draw_line(&inside, &points, stroke, line.dash);
    }
    for set in &figure.points {
        let color = lit_colour(set.paint, lit, &palette);
        for (&[px, py], error) in set.points.iter().zip(&set.errors) {
            inside.vline(x(px), y(py + error)..=y(py - error), Stroke::new(1.0, color));
        }
        for &[px, py] in &set.points {
            draw_marker(&inside, pos2(x(px), y(py)), set.marker, color);
        }
    }
    let mut taken = f32::NEG_INFINITY;
    for mark in &figure.marks {
        let at = x(mark.x);
        let color = lit_colour(mark.paint, lit, &palette);
        match mark.kind {
            MarkKind::Tick => inside.vline(at, (plot.bottom() - 5.0)..=plot.bottom(), Stroke::new(1.0, color)),
            MarkKind::Rule => inside.vline(at, plot.y_range(), Stroke::new(1.0, color)),
        };
        // Rules may come in any order, so a number that would touch the last one written is left out.
        if !mark.short_label.is_empty() && (at - taken).abs() > 28.0 {
            let place = pos2(at + 3.0, plot.top() + 5.0);
            inside.text(
                place,
                Align2::LEFT_CENTER,
                &mark.short_label,
                theme::mono(SMALL - 2.0),
                text_colour(mark.paint, &palette),
            );
            taken = at;
        }
    }
    for (cell, segment) in segments(rect, figure) {
        inside.rect_filled(cell, 3.0, lit_colour(segment.paint, lit, &palette));
        let text = if cell.width() > 44.0 { &segment.label } else { &segment.short_label };
        let color = if is_lit(segment.paint, lit) { Palette::DARK.window } else { palette.secondary };
        if cell.width() > 18.0 {
            inside.text(cell.center(), Align2::CENTER_CENTER, text, theme::strong(SMALL - 1.0), color);
        }
    }
}

/// The colour of what is written beside a paint. Levels are as pale as lines may be, and no text may.
const fn text_colour(paint: Paint, palette: &Palette) -> Color32 {
    match paint {
        Paint::Role(Role::Warning) => palette.warning,
        Paint::Role(Role::Error) => palette.error,
        Paint::Role(Role::Text) | Paint::Level(_) => palette.text,
        Paint::Role(_) => palette.secondary,
    }
}

/// What was done to a strip.
pub enum StripUse {
    /// A level was clicked: this is to be looked at.
    Isolate(LevelSet),
    /// It is dragged along, with the pointer here.
    Drag(Pos2),
}

/// Lets the segments of the figure's strips be clicked. `place` tells their names from those of other tracks.
#[must_use]
pub fn strips_ui(ui: &Ui, rect: Rect, figure: &Figure, levels: &Levels, place: &str) -> Option<StripUse> {
    if plot_of(rect, figure).height() < 16.0 {
        return None;
    }
    let mut used = None;
    for (row, (cell, segment)) in segments(rect, figure).enumerate() {
        let Paint::Level(m) = segment.paint else { continue };
        let Some((response, clicked)) = levels.strip_button(ui, cell, Band::Level(m), (place, row)) else { continue };
        if let Some(set) = clicked {
            used = Some(StripUse::Isolate(set));
        } else if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged()) {
            used = Some(StripUse::Drag(at));
        }
        if response.hovered() {
            ui.painter().rect_stroke(cell, 3.0, Stroke::new(1.0, Palette::of(ui).text), egui::StrokeKind::Inside);
        }
        tip(response);
    }
    used
}

/// A point of about 6 points across.
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

/// The figure's areas and lines by name, from the top down, each with its value at `x`; of an area, its thickness. Levels
/// can be clicked, and what is then to be looked at is given back; `place` tells their names from those of other tracks.
#[must_use]
pub fn legend_ui(ui: &Ui, rect: Rect, figure: &Figure, x: f64, (levels, place): (&Levels, &str)) -> Option<LevelSet> {
    let palette = Palette::of(ui);
    let entries = entries(figure);
    let row = (rect.height() / entries.len().max(1) as f32).clamp(13.0, 18.0);
    let mut isolate = None;
    for (index, entry) in entries.iter().enumerate() {
        let y = rect.top() + row * (index as f32 + 0.5);
        if y > rect.bottom() {
            break;
        }
        if let Paint::Level(m) = entry.paint() {
            let line =
                Rect::from_x_y_ranges((rect.left() - 6.0)..=(rect.right() + 6.0), (y - 0.5 * row)..=(y + 0.5 * row));
            if let Some((response, clicked)) = levels.button(ui, line, Band::Level(m), (place, index)) {
                Levels::light(ui, line, &response);
                isolate = clicked.or(isolate);
                tip(response);
            }
        }
        entry.draw(ui, pos2(rect.left(), y), &palette, levels.lit());
        if let Some(value) = entry.at(x) {
            let number = crate::figure::ticks::number(value, 2);
            ui.painter().text(pos2(rect.right(), y), Align2::RIGHT_CENTER, number, theme::mono(SMALL), palette.text);
        }
    }
    isolate
}

/// What a legend has a row for.
enum Entry<'a> {
    Area(&'a Area),
    Line(&'a Line),
}

fn entries(figure: &Figure) -> Vec<Entry<'_>> {
    let mut next = false;
    // What the next run will have is named once.
    let named = figure.lines.iter().filter(|line| line.name != NEXT || !std::mem::replace(&mut next, true));
    let entries = figure.areas.iter().map(Entry::Area).chain(named.map(Entry::Line));
    entries.collect()
}

impl Entry<'_> {
    fn at(&self, x: f64) -> Option<f64> {
        match self {
            Self::Area(area) => area.at(x),
            Self::Line(line) if line.name == NEXT && matches!(line.paint, Paint::Level(_)) => None,
            Self::Line(line) => line.at(x),
        }
    }

    fn paint(&self) -> Paint {
        match self {
            Self::Area(area) => area.paint,
            // Those of all levels have one row.
            Self::Line(line) if line.name == NEXT => Paint::Role(Role::Warning),
            Self::Line(line) => line.paint,
        }
    }

    /// Draws swatch and name, from the middle of the left edge.
    fn draw(&self, ui: &Ui, left: Pos2, palette: &Palette, lit: LevelSet) {
        let color = lit_colour(self.paint(), lit, palette);
        let name = match self {
            Self::Area(area) => {
                let swatch = Rect::from_min_max(left - vec2(0.0, 4.5), left + vec2(18.0, 4.5));
                ui.painter().rect_filled(swatch, 2.0, color);
                &area.name
            }
            Self::Line(line) => {
                let stroke = Stroke::new(2.5, color);
                draw_line(ui.painter(), &[left, left + vec2(18.0, 0.0)], stroke, line.dash);
                &line.name
            }
        };
        let at = left + vec2(26.0, 0.0);
        let alone = !lit.is_whole() && matches!(self.paint(), Paint::Level(_)) && is_lit(self.paint(), lit);
        let (font, color) =
            if alone { (theme::strong(SMALL), palette.text) } else { (theme::body(SMALL), palette.secondary) };
        ui.painter().text(at, Align2::LEFT_CENTER, name, font, color);
    }
}

/// Fills between lower and upper edge, and sets the upper one off from what is above it.
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

pub(super) fn draw_line(painter: &Painter, points: &[Pos2], stroke: Stroke, dash: Dash) {
    match dash {
        Dash::Solid => {
            painter.add(Shape::line(points.to_vec(), stroke));
        }
        Dash::Dotted => {
            painter.extend(Shape::dotted_line(points, stroke.color, 2.4 * stroke.width, 0.55 * stroke.width));
        }
        Dash::Dashed | Dash::DashDotted => {
            let (dashes, gaps): (Vec<f32>, Vec<f32>) = dash
                .pattern()
                .chunks_exact(2)
                .map(|pair| (pair[0] as f32 * stroke.width, pair[1] as f32 * stroke.width))
                .unzip();
            painter.extend(Shape::dashed_line_with_offset(points, stroke, &dashes, &gaps, 0.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_has_the_colour_of_a_level() {
        for palette in [Palette::DARK, Palette::LIGHT] {
            assert!((0..8).all(|m| text_colour(Paint::Level(m), &palette) == palette.text));
        }
    }
}
