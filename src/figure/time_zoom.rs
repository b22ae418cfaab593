//! The visible part of the shared time axis. No GUI.

/// Largest magnification of the axis.
const MOST: f64 = 500.0;

/// A stretch of the shared axis, by the smallest and largest x shown; initially all of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeZoom {
    left: f64,
    right: f64,
}

impl Default for TimeZoom {
    fn default() -> Self {
        Self { left: 0.0, right: 1.0 }
    }
}

impl TimeZoom {
    /// The smallest and largest x shown, within [0, 1].
    #[must_use]
    pub const fn range(self) -> (f64, f64) {
        (self.left, self.right)
    }

    /// Whether the whole axis is shown.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self == Self::default()
    }

    /// The screen position of an x: 0 at the left edge of the visible part, 1 at the right.
    #[must_use]
    pub fn place_of_x(self, x: f64) -> f64 {
        (x - self.left) / (self.right - self.left)
    }

    /// The x at a screen position.
    #[must_use]
    pub fn x_of_place(self, place: f64) -> f64 {
        self.left + place * (self.right - self.left)
    }

    /// Magnified by `factor` around a position, whose x stays in place unless an end of the axis is reached.
    #[must_use]
    pub fn magnified(self, factor: f64, place: f64) -> Self {
        if !(factor > 0.0 && factor.is_finite() && place.is_finite()) {
            return self;
        }
        let width = ((self.right - self.left) / factor).clamp(1.0 / MOST, 1.0);
        Self::of_width(self.x_of_place(place) - place * width, width)
    }

    /// Moved by a share of the visible part, to the right if positive.
    #[must_use]
    pub fn moved(self, share: f64) -> Self {
        if !share.is_finite() {
            return self;
        }
        let width = self.right - self.left;
        Self::of_width(self.left + share * width, width)
    }

    /// Moved by the least amount that shows an x.
    #[must_use]
    pub fn showing(self, x: f64) -> Self {
        let width = self.right - self.left;
        if x < self.left {
            Self::of_width(x, width)
        } else if x > self.right {
            Self::of_width(x - width, width)
        } else {
            self
        }
    }

    fn of_width(left: f64, width: f64) -> Self {
        if width >= 1.0 {
            return Self::default();
        }
        let left = left.clamp(0.0, 1.0 - width);
        Self { left, right: left + width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_place_under_the_pointer_stays() {
        let zoom = TimeZoom::default().magnified(4.0, 0.5);
        assert_eq!(zoom.range(), (0.375, 0.625));
        let x = zoom.x_of_place(0.3);
        let closer = zoom.magnified(2.0, 0.3);
        assert!((closer.x_of_place(0.3) - x).abs() < 1e-12);
        assert!(closer.magnified(1e-9, 0.1).is_whole());
        assert_eq!(zoom.magnified(f64::NAN, 0.0), zoom);
        assert_eq!(zoom.magnified(0.0, 0.0), zoom);
    }

    #[test]
    fn moving_stops_at_the_ends() {
        let zoom = TimeZoom::default().magnified(4.0, 0.5);
        assert_eq!(zoom.moved(-100.0).range(), (0.0, 0.25));
        assert_eq!(zoom.moved(1.0).range(), (0.625, 0.875));
        assert_eq!(zoom.showing(0.9).range().1, 0.9);
        assert_eq!(zoom.showing(0.1).range().0, 0.1);
        assert_eq!(zoom.showing(0.5), zoom);
    }

    proptest! {
        #[test]
        fn it_stays_on_the_axis(ways in prop::collection::vec((-3.0..3.0_f64, -0.5..1.5_f64), 1..30)) {
            let mut zoom = TimeZoom::default();
            for (by, place) in ways {
                zoom = zoom.magnified(by.exp(), place).moved(by);
                let (left, right) = zoom.range();
                prop_assert!((0.0..1.0).contains(&left) && right <= 1.0 + 1e-12 && right - left >= 0.99 / MOST);
                prop_assert!((zoom.place_of_x(zoom.x_of_place(place)) - place).abs() < 1e-6);
            }
        }
    }
}
