//! The map between the values of a plot and the screen, used by plots, heat maps, the tracks' axis and all
//! handles.

use crate::figure::Figure;
use egui::{Pos2, Rect, pos2};

/// The map from values to screen positions and back; linear, beyond the plot's edges too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::app) struct Transform {
    /// The plot, points.
    plot: Rect,
    /// Values at its left and right edge.
    x: (f64, f64),
    /// Values at its bottom and top edge.
    y: (f64, f64),
}

impl Transform {
    /// The map of a plot with these values at its left and right, and at its bottom and top edge.
    pub const fn new(plot: Rect, x: (f64, f64), y: (f64, f64)) -> Self {
        Self { plot, x, y }
    }

    /// The map of a figure's plot.
    pub const fn of(plot: Rect, figure: &Figure) -> Self {
        Self::new(plot, figure.x_axis.range, figure.y_axis.range)
    }

    /// x on the screen.
    pub fn x(&self, value: f64) -> f32 {
        self.plot.left() + part_of(self.x, value) as f32 * self.plot.width()
    }

    /// y on the screen.
    pub fn y(&self, value: f64) -> f32 {
        self.plot.bottom() - part_of(self.y, value) as f32 * self.plot.height()
    }

    /// A point on the screen.
    pub fn place(&self, [x, y]: [f64; 2]) -> Pos2 {
        pos2(self.x(x), self.y(y))
    }

    /// The value at an x of the screen.
    pub fn value_x(&self, x: f32) -> f64 {
        value_of(self.x, f64::from((x - self.plot.left()) / self.plot.width()))
    }

    /// The value at a y of the screen.
    pub fn value_y(&self, y: f32) -> f64 {
        value_of(self.y, f64::from((self.plot.bottom() - y) / self.plot.height()))
    }

    /// Both values at a screen position.
    pub fn values(&self, at: Pos2) -> [f64; 2] {
        [self.value_x(at.x), self.value_y(at.y)]
    }
}

fn part_of((low, high): (f64, f64), value: f64) -> f64 {
    (value - low) / (high - low)
}

fn value_of((low, high): (f64, f64), part: f64) -> f64 {
    low + part * (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::vec2;

    #[test]
    fn values_rise_to_the_right_and_upwards_and_come_back() {
        let plot = Rect::from_min_size(pos2(100.0, 20.0), vec2(400.0, 80.0));
        let map = Transform::new(plot, (0.25, 0.75), (-40.0, 10.0));
        assert_eq!(map.place([0.25, -40.0]), plot.left_bottom());
        assert_eq!(map.place([0.75, 10.0]), plot.right_top());
        assert_eq!(map.place([0.5, -15.0]), plot.center());
        for at in [plot.center(), plot.min - vec2(30.0, 7.0), plot.max + vec2(11.0, 5.0)] {
            assert!(map.place(map.values(at)).distance(at) < 1e-3, "{at}");
        }
        // Screens count downwards, and so may an axis.
        let falling = Transform::new(plot, (1.0, 0.0), (0.0, 1.0));
        assert_eq!((falling.x(1.0), falling.value_x(500.0)), (100.0, 0.0));
    }
}
