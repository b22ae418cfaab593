//! The visible part of a plot's axes, and its limits.

use crate::figure::{Figure, Tick, ticks};
use egui_plot::PlotBounds;

/// Largest magnification of a view.
const MOST: f64 = 200.0;

/// A range on both axes, in the units of the axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::app) struct PlotView(pub [(f64, f64); 2]);

impl PlotView {
    /// The same as bounds of the plot.
    pub fn bounds(self) -> PlotBounds {
        let [x, y] = self.0;
        PlotBounds::from_min_max([x.0, y.0], [x.1, y.1])
    }

    fn of_bounds(bounds: &PlotBounds) -> Self {
        let (low, high) = (bounds.min(), bounds.max());
        Self([(low[0], high[0]), (low[1], high[1])])
    }
}

/// The initial view of a plot, and the limits of other views.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::app) struct PlotRoom {
    /// The axes as the figure has them.
    pub home: PlotView,
    /// The ranges including curves beyond the axes.
    most: PlotView,
}

impl PlotRoom {
    /// For a figure; `None` if an axis has no extent.
    pub fn of(figure: &Figure) -> Option<Self> {
        let home = [figure.x_axis.range, figure.y_axis.range];
        if !home.iter().all(|(low, high)| low < high && (high - low).is_finite()) {
            return None;
        }
        let lines = figure.lines.iter().flat_map(|line| &line.points).map(|point| point[1]);
        let areas = figure.areas.iter().flat_map(|area| &area.points).flat_map(|point| [point[1], point[2]]);
        let points = figure.points.iter().flat_map(|set| &set.points).map(|point| point[1]);
        let values = lines.chain(areas).chain(points).filter(|value| value.is_finite());
        let y = values.fold(home[1], |(low, high), value| (low.min(value), high.max(value)));
        Some(Self { home: PlotView(home), most: PlotView([home[0], y]) })
    }

    /// The view for these limits, which may belong to another figure of the same kind.
    pub fn view_of(&self, bounds: &PlotBounds) -> PlotView {
        self.keep(PlotView::of_bounds(bounds))
    }

    /// Moved by fractions of the visible part.
    pub fn moved(&self, view: PlotView, by: [f64; 2]) -> PlotView {
        let axis = |index: usize| {
            let (low, high) = view.0[index];
            let by = by[index] * (high - low);
            (low + by, high + by)
        };
        self.keep(PlotView([axis(0), axis(1)]))
    }

    /// Magnified around a position, by a factor for each axis. At the smallest magnification it is the initial view.
    pub fn magnified(&self, view: PlotView, by: [f64; 2], about: [f64; 2]) -> PlotView {
        let axis = |index: usize| {
            let ((low, high), about) = (view.0[index], about[index]);
            (about - (about - low) / by[index], about + (high - about) / by[index])
        };
        let to = self.keep(PlotView([axis(0), axis(1)]));
        let is_full = |index: usize| {
            let (span, home) = (span(to.0[index]), span(self.home.0[index]));
            span >= home * (1.0 - 1e-9)
        };
        let back = by.iter().all(|factor| *factor <= 1.0);
        if back && is_full(0) && is_full(1) { self.home } else { to }
    }

    /// The range between two corners; an axis without one keeps its range.
    pub fn boxed(&self, view: PlotView, corners: [Option<(f64, f64)>; 2]) -> PlotView {
        let axis = |index: usize| corners[index].map_or(view.0[index], |(a, b)| (a.min(b), a.max(b)));
        self.keep(PlotView([axis(0), axis(1)]))
    }

    /// The nearest view within the limits of magnification and range.
    fn keep(&self, view: PlotView) -> PlotView {
        let axis = |index: usize| {
            let ((low, high), home, most) = (view.0[index], self.home.0[index], self.most.0[index]);
            let full = span(home);
            let long = (high - low).clamp(full / MOST, full);
            // A range that was too short or too long keeps its middle.
            let low = 0.5 * (low + high - long);
            let low = low.clamp(most.0, (most.1 - long).max(most.0));
            // Rounding alone does not change a view.
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * full;
            if !low.is_finite() || (near(low, home.0) && near(low + long, home.1)) {
                return home;
            }
            (low, low + long)
        };
        PlotView([axis(0), axis(1)])
    }
}

const fn span((low, high): (f64, f64)) -> f64 {
    high - low
}

/// The kind of numbers on an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::app) enum Numbers {
    /// Its values.
    Linear,
    /// Powers of ten; its values are the exponents.
    Logarithmic,
}

impl Numbers {
    /// Round numbers within a range, about this many.
    pub fn ticks(self, (low, high): (f64, f64), count: usize) -> Vec<Tick> {
        match self {
            Self::Linear => ticks::linear(low, high, count, false),
            Self::Logarithmic => {
                let (from, to) = (10.0_f64.powf(low), 10.0_f64.powf(high));
                let mut found = ticks::logarithmic(from, to, count);
                // Within a part of a decade there are too few of the usual ones.
                if found.len() < 3 {
                    found = ticks::linear(from, to, count, false);
                }
                found.into_iter().map(|tick| Tick { at: tick.at.log10(), ..tick }).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Axis, Dash, Line, Paint, Role};
    use proptest::prelude::*;

    /// From −2 to 0 and from −60 to 20, with a curve down to −100.
    fn room() -> PlotRoom {
        let axis = |range| Axis { label: String::new(), unit: "", range, ticks: Vec::new() };
        let points = vec![[-2.0, 20.0], [0.0, -100.0]];
        let paint = Paint::Role(Role::Accent);
        PlotRoom::of(&Figure {
            x_axis: axis((-2.0, 0.0)),
            y_axis: axis((-60.0, 20.0)),
            areas: Vec::new(),
            lines: vec![Line { name: "curve".into(), points, paint, dash: Dash::Solid, weight: 1.0 }],
            points: Vec::new(),
            strips: Vec::new(),
            marks: Vec::new(),
            notes: Vec::new(),
        })
        .unwrap()
    }

    #[test]
    fn a_box_is_what_is_shown_afterwards() {
        let room = room();
        let view = room.boxed(room.home, [Some((-0.5, -1.5)), Some((0.0, -20.0))]);
        assert_eq!(view, PlotView([(-1.5, -0.5), (-20.0, 0.0)]));
        // A box on one axis keeps the other.
        assert_eq!(room.boxed(view, [Some((-1.25, -0.75)), None]), PlotView([(-1.25, -0.75), (-20.0, 0.0)]));
    }

    #[test]
    fn the_place_under_the_pointer_stays_where_it_is() {
        let room = room();
        let view = room.magnified(room.home, [4.0, 2.0], [-1.5, 0.0]);
        assert_eq!(view, PlotView([(-1.625, -1.125), (-30.0, 10.0)]));
        assert_eq!(room.magnified(view, [0.25, 0.5], [-1.5, 0.0]), room.home);
    }

    #[test]
    fn curves_below_the_axis_can_be_reached_and_nothing_beyond() {
        let room = room();
        assert_eq!(room.moved(room.home, [0.5, -0.25]), PlotView([(-2.0, 0.0), (-80.0, 0.0)]));
        let low = room.moved(room.home, [0.0, -9.0]);
        assert_eq!(low, PlotView([(-2.0, 0.0), (-100.0, -20.0)]));
        assert_eq!(room.moved(room.home, [0.0, 9.0]), room.home);
        // An axis that is moved back and forth is exactly where it was.
        let odd = room.boxed(room.home, [Some((-1.9, -0.7)), None]);
        let fro = (1..20).fold(odd, |view, by| room.moved(view, [0.0, if by % 2 == 0 { 0.1 } else { -0.1 }]));
        assert_eq!(room.moved(fro, [0.0, 0.1]).0[1], room.home.0[1]);
        // Zooming out fully, from anywhere, gives the initial view.
        assert_eq!(room.magnified(low, [0.5, 0.5], [-1.0, -90.0]), room.home);
    }

    #[test]
    fn an_axis_without_extent_has_no_room() {
        let flat = |range| {
            let axis = |range| Axis { label: String::new(), unit: "", range, ticks: Vec::new() };
            let (x_axis, y_axis) = (axis((0.0, 1.0)), axis(range));
            let (areas, lines, points, strips) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            PlotRoom::of(&Figure { x_axis, y_axis, areas, lines, points, strips, marks: Vec::new(), notes: Vec::new() })
        };
        assert!(flat((1.0, 1.0)).is_none() && flat((0.0, f64::INFINITY)).is_none() && flat((0.0, f64::NAN)).is_none());
        assert!(flat((0.0, 1.0)).is_some());
    }

    #[test]
    fn a_part_of_a_decade_has_numbers_too() {
        let labels = |low: f64, high: f64| {
            let found = Numbers::Logarithmic.ticks((low.log10(), high.log10()), 5);
            found.into_iter().map(|tick| tick.label).collect::<Vec<_>>()
        };
        assert_eq!(labels(0.01, 0.6), ["0.01", "0.03", "0.1", "0.3"]);
        assert_eq!(labels(0.11, 0.14), ["0.11", "0.12", "0.13", "0.14"]);
        let halves = Numbers::Linear.ticks((-1.0, 1.0), 4);
        assert_eq!(halves.iter().map(|tick| tick.at).collect::<Vec<_>>(), [-1.0, -0.5, 0.0, 0.5, 1.0]);
    }

    proptest! {
        #[test]
        fn no_view_leaves_its_room(
            steps in proptest::collection::vec((-3.0..3.0_f64, -3.0..3.0_f64, 0.05..20.0_f64, -3.0..1.0_f64), 1..20),
        ) {
            let room = room();
            let mut view = room.home;
            for (x, y, zoom, about) in steps {
                view = room.magnified(room.moved(view, [x, y]), [zoom, zoom], [about, 10.0 * about]);
                for index in 0..2 {
                    let ((low, high), home, most) = (view.0[index], room.home.0[index], room.most.0[index]);
                    prop_assert!(low >= most.0 - 1e-9 && high <= most.1 + 1e-9, "{view:?}");
                    prop_assert!(high - low >= 0.999 * span(home) / MOST && high - low <= 1.001 * span(home));
                }
            }
        }
    }
}
