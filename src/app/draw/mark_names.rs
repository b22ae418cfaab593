//! The names of a figure's marks, placed away from its curves.

use crate::app::draw::colour::colour;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::figure::{Mark, Paint, Role};
use egui::{Color32, Painter, Pos2, Rangef, Rect, Stroke, Vec2, pos2, vec2};

/// Height of the line of names above the curves, and the part of it for the leaders to their marks, points.
pub(super) const NAMES: f32 = 18.0;
const LEAD: f32 = 5.0;

/// Writes the names of marks in a line above the plot, in order, each with a leader to its mark. If they do not all fit
/// the last are omitted.
pub(super) fn names_above(painter: &Painter, line: Rect, marks: &[Mark], x: &dyn Fn(f64) -> f32, palette: &Palette) {
    let mut named: Vec<&Mark> = marks.iter().filter(|mark| !mark.short_label.is_empty()).collect();
    named.retain(|mark| line.x_range().contains(x(mark.x)));
    named.sort_by(|a, b| a.x.total_cmp(&b.x));
    let layout = |mark: &Mark| {
        let color = text_colour(mark.paint, palette);
        painter.layout_no_wrap(mark.short_label.clone(), theme::mono(SMALL - 2.0), color)
    };
    let galleys: Vec<_> = named.iter().map(|mark| layout(mark)).collect();
    let wanted: Vec<(f32, f32)> =
        named.iter().zip(&galleys).map(|(mark, galley)| (x(mark.x), galley.size().x)).collect();
    let lefts = side_by_side(&wanted, line.x_range());
    for ((mark, galley), left) in named.iter().zip(galleys).zip(lefts) {
        let middle = left + 0.5 * galley.size().x;
        let ends = [pos2(middle, line.bottom() - LEAD), pos2(x(mark.x), line.bottom())];
        painter.line_segment(ends, Stroke::new(1.0, colour(mark.paint, palette)));
        let top = line.bottom() - LEAD - galley.size().y;
        painter.galley(pos2(left, top), galley, palette.text);
    }
}

/// The left ends of names that are centred over their marks (middle and width each, in order), moved so that none touches
/// the next; as many of them as fit.
fn side_by_side(wanted: &[(f32, f32)], room: Rangef) -> Vec<f32> {
    const APART: f32 = 5.0;
    let mut taken = -APART;
    let fit = wanted.iter().take_while(|(_, width)| {
        taken += width + APART;
        taken <= room.span()
    });
    let wanted = &wanted[..fit.count()];
    let mut free = room.min;
    let mut lefts: Vec<f32> = Vec::with_capacity(wanted.len());
    for (middle, width) in wanted {
        let left = (middle - 0.5 * width).max(free);
        free = left + width + APART;
        lefts.push(left);
    }
    let mut end = room.max;
    for (left, (_, width)) in lefts.iter_mut().zip(wanted).rev() {
        *left = left.min(end - width);
        end = *left - APART;
    }
    lefts
}

/// Writes the names of marks beside them, clear of the curves if possible, without touching another name or
/// the edge of the plot, and if possible clear of other marks; names without a position are omitted.
pub(super) fn mark_labels(
    painter: &Painter,
    plot: Rect,
    marks: &[Mark],
    (curves, x): (&[Vec<Pos2>], &dyn Fn(f64) -> f32),
    palette: &Palette,
) {
    let mut named: Vec<&Mark> = marks.iter().filter(|mark| !mark.short_label.is_empty()).collect();
    named.sort_by(|a, b| a.x.total_cmp(&b.x));
    let rules: Vec<f32> = named.iter().map(|mark| x(mark.x)).filter(|at| plot.x_range().contains(*at)).collect();
    let mut taken: Vec<Rect> = Vec::new();
    for mark in named {
        let at = x(mark.x);
        if !plot.x_range().contains(at) {
            continue;
        }
        let color = text_colour(mark.paint, palette);
        let galley = painter.layout_no_wrap(mark.short_label.clone(), theme::mono(SMALL - 1.0), color);
        let Some(place) = label_place(plot, at, galley.size(), (&taken, &rules, curves)) else { continue };
        // If a curve must pass, it passes behind.
        painter.rect_filled(place, 2.0, palette.window.gamma_multiply(0.9));
        painter.galley(place.min + vec2(1.0, 0.0), galley, color);
        taken.push(place);
    }
}

/// The heights covered by curves between two x.
fn heights_of(curves: &[Vec<Pos2>], x: Rangef) -> Vec<Rangef> {
    let pieces = curves.iter().flat_map(|curve| curve.windows(2));
    let within = pieces.filter_map(|pair| {
        let (a, b) = if pair[0].x <= pair[1].x { (pair[0], pair[1]) } else { (pair[1], pair[0]) };
        if b.x < x.min || a.x > x.max {
            return None;
        }
        let at = |x: f32| if b.x - a.x < 1e-3 { a.y } else { a.y + (b.y - a.y) * (x - a.x) / (b.x - a.x) };
        let (from, to) = (at(a.x.max(x.min)), if b.x - a.x < 1e-3 { b.y } else { at(b.x.min(x.max)) });
        // The thickness of a line.
        Some(Rangef::new(from.min(to), from.max(to)).expand(1.5))
    });
    within.collect()
}

/// A free position for a name of this size beside a mark: clear of curves, at its right or else at its left.
fn label_place(
    plot: Rect,
    at: f32,
    size: Vec2,
    (taken, rules, curves): (&[Rect], &[f32], &[Vec<Pos2>]),
) -> Option<Rect> {
    let size = size + vec2(2.0, 0.0);
    #[allow(clippy::cast_sign_loss)] // not negative
    let rows = ((plot.height() - size.y) / (size.y + 1.0) + 1.0).max(0.0) as usize;
    let sides = [at + 2.0, at - 2.0 - size.x].map(|left| {
        let x = Rangef::new(left, left + size.x);
        (left, heights_of(curves, x), rules.iter().filter(|rule| x.contains(**rule)).count())
    });
    let places = (0..rows).flat_map(|row| {
        let top = plot.top() + row as f32 * (size.y + 1.0);
        sides.iter().map(move |(left, heights, crossed)| {
            let place = Rect::from_min_size(pos2(*left, top), size);
            let covered = heights.iter().filter(|height| height.intersection(place.y_range()).span() > 0.0).count();
            (place, covered, *crossed)
        })
    });
    let free = places.filter(|(place, ..)| {
        let inside = place.left() >= plot.left() && place.right() <= plot.right();
        inside && taken.iter().all(|other| !other.expand2(vec2(2.0, 0.0)).intersects(*place))
    });
    // The first of those crossed by the fewest curves, and of these the fewest rules.
    free.min_by_key(|(_, covered, crossed)| (*covered, *crossed)).map(|(place, ..)| place)
}

/// The text colour for a paint. Levels may be as pale as lines may be, but text may not.
const fn text_colour(paint: Paint, palette: &Palette) -> Color32 {
    match paint {
        Paint::Role(Role::Warning) => palette.warning,
        Paint::Role(Role::Error) => palette.error,
        Paint::Role(Role::Text) | Paint::Level(_) | Paint::Channel(_) => palette.text,
        Paint::Role(Role::Good) => palette.good,
        Paint::Role(_) => palette.secondary,
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

    #[test]
    fn names_of_marks_neither_collide_nor_leave_the_plot() {
        let plot = Rect::from_min_size(pos2(100.0, 10.0), vec2(300.0, 60.0));
        let rules = [101.0, 104.0, 110.0, 118.0, 131.0, 250.0, 396.0, 399.0];
        let mut taken: Vec<Rect> = Vec::new();
        for at in rules {
            let place = label_place(plot, at, vec2(24.0, 12.0), (&taken, &rules, &[])).unwrap();
            assert!(plot.contains_rect(place) && taken.iter().all(|other| !other.intersects(place)), "{at}");
            taken.push(place);
        }
        assert!(label_place(plot, 399.0, vec2(400.0, 12.0), (&[], &rules, &[])).is_none());
    }

    /// A curve from the upper left to the lower right and one along the top: names stand between or beside them.
    #[test]
    fn names_of_marks_stand_off_the_curves() {
        let plot = Rect::from_min_size(pos2(0.0, 0.0), vec2(300.0, 90.0));
        let falling = vec![pos2(0.0, 0.0), pos2(150.0, 45.0), pos2(300.0, 90.0)];
        let curves = [falling, vec![pos2(0.0, 4.0), pos2(300.0, 4.0)]];
        let rules = [20.0, 90.0, 160.0, 270.0];
        for at in rules {
            let place = label_place(plot, at, vec2(24.0, 12.0), (&[], &rules, &curves)).unwrap();
            let ends = [place.left(), place.right()].map(|x| 0.3 * x);
            let off = place.top() > ends[1] || place.bottom() < ends[0];
            assert!(off && place.top() > 4.0, "{at}: {place:?} is on a curve");
        }
        // Where curves are everywhere, it covers as few as possible.
        let thicket: Vec<Vec<Pos2>> =
            (0..10_u8).map(|y| f32::from(y) * 9.0).map(|y| vec![pos2(0.0, y), pos2(300.0, y)]).collect();
        assert!(label_place(plot, 90.0, vec2(24.0, 12.0), (&[], &rules, &thicket)).is_some());
    }

    #[test]
    fn names_above_a_plot_stand_side_by_side_in_their_order() {
        let room = Rangef::new(100.0, 300.0);
        assert_eq!(side_by_side(&[(150.0, 20.0), (250.0, 20.0)], room), [140.0, 240.0]);
        // Close together, at either edge.
        assert_eq!(side_by_side(&[(101.0, 20.0), (103.0, 20.0), (110.0, 20.0)], room), [100.0, 125.0, 150.0]);
        assert_eq!(side_by_side(&[(290.0, 20.0), (295.0, 20.0), (299.0, 20.0)], room), [230.0, 255.0, 280.0]);
        // Eight fit, and of ten the last two do not.
        let many = side_by_side(&[(200.0, 20.0); 10], room);
        assert_eq!(many.len(), 8);
        assert!(many.windows(2).all(|pair| pair[1] - pair[0] >= 25.0 - 1e-3), "{many:?}");
        assert!(many[0] >= 100.0 && many[7] + 20.0 <= 300.0, "{many:?}");
        assert!(side_by_side(&[(200.0, 250.0)], room).is_empty());
    }
}
