/// A monotone cubic through given points (Fritsch and Carlson 1980): smooth, through every point, and never beyond its
/// two neighbours, so that rising points give a rising curve and falling ones a falling curve.
///
/// x rises strictly and y rises or falls strictly; outside the points the curve is constant.
#[derive(Clone, Debug, PartialEq)]
pub struct MonotoneCubic {
    x: Vec<f64>,
    y: Vec<f64>,
    /// dy/dx at every point.
    slopes: Vec<f64>,
    rises: bool,
}

impl MonotoneCubic {
    /// Through `points`; `None` unless there are at least two, all finite, x rising and y rising or falling strictly.
    #[must_use]
    pub fn through(points: &[(f64, f64)]) -> Option<Self> {
        let finite = points.iter().all(|(x, y)| x.is_finite() && y.is_finite());
        let rises = points.first()?.1 < points.last()?.1;
        let strict = points
            .windows(2)
            .all(|pair| pair[0].0 < pair[1].0 && (pair[0].1 < pair[1].1) == rises && pair[0].1 != pair[1].1);
        if points.len() < 2 || !finite || !strict {
            return None;
        }
        let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        let secants: Vec<f64> = points.windows(2).map(|p| (p[1].1 - p[0].1) / (p[1].0 - p[0].0)).collect();
        let last = secants.len() - 1;
        let mut slopes: Vec<f64> = (0..=secants.len())
            .map(|i| match i {
                0 => secants[0],
                i if i > last => secants[last],
                i => 0.5 * (secants[i - 1] + secants[i]),
            })
            .collect();
        for (k, &secant) in secants.iter().enumerate() {
            // Within the circle of radius 3 a cubic between two points is monotone.
            let (alpha, beta) = (slopes[k] / secant, slopes[k + 1] / secant);
            let length = alpha.hypot(beta);
            if length > 3.0 {
                slopes[k] = 3.0 / length * alpha * secant;
                slopes[k + 1] = 3.0 / length * beta * secant;
            }
        }
        // Points a rounding error apart make secants that overflow.
        slopes.iter().all(|slope| slope.is_finite()).then_some(Self { x, y, slopes, rises })
    }

    /// y at an x.
    #[must_use]
    pub fn at(&self, x: f64) -> f64 {
        let last = self.x.len() - 1;
        if x <= self.x[0] {
            return self.y[0];
        }
        if x >= self.x[last] {
            return self.y[last];
        }
        let k = self.x.partition_point(|&knot| knot <= x) - 1;
        let t = (x - self.x[k]) / (self.x[k + 1] - self.x[k]);
        self.within(k, t)
    }

    /// dy/dx at an x, one-sided at the ends; 0 outside.
    #[must_use]
    pub fn slope(&self, x: f64) -> f64 {
        let last = self.x.len() - 1;
        if !(self.x[0]..=self.x[last]).contains(&x) {
            return 0.0;
        }
        let k = (self.x.partition_point(|&knot| knot <= x) - 1).min(last - 1);
        let width = self.x[k + 1] - self.x[k];
        self.slope_within(k, (x - self.x[k]) / width) / width
    }

    /// dy/dt of the Hermite cubic of a stretch.
    fn slope_within(&self, k: usize, t: f64) -> f64 {
        let width = self.x[k + 1] - self.x[k];
        6.0 * t * (1.0 - t) * (self.y[k + 1] - self.y[k])
            + width * (1.0 - t) * (1.0 - 3.0 * t) * self.slopes[k]
            + width * t * (3.0 * t - 2.0) * self.slopes[k + 1]
    }

    /// x at which the curve has this y, the end nearest where it never has.
    #[must_use]
    pub fn inverse(&self, y: f64) -> f64 {
        let last = self.y.len() - 1;
        // Whether the curve comes to `a` before it comes to `b`.
        let before = |a: f64, b: f64| if self.rises { a < b } else { a > b };
        if !before(self.y[0], y) {
            return self.x[0];
        }
        if !before(y, self.y[last]) {
            return self.x[last];
        }
        let k = self.y.partition_point(|&knot| before(knot, y)) - 1;
        if self.y[k + 1] == y {
            return self.x[k + 1];
        }
        let (mut low, mut high) = (0.0, 1.0);
        let mut t = (self.y[k] - y) / (self.y[k] - self.y[k + 1]);
        // Newton's steps kept within a bracket; halvings alone would reach the spacing of f64 in 60.
        for _ in 0..60 {
            let here = self.within(k, t);
            let off = here - y;
            if before(here, y) {
                low = t;
            } else {
                high = t;
            }
            let newton = t - off / self.slope_within(k, t);
            if newton == t {
                break;
            }
            let bracketed = newton > low && newton < high;
            let next = if bracketed { newton } else { 0.5 * (low + high) };
            // What a step as short as this leaves is its square.
            let there = next == t || bracketed && (next - t).abs() < 1e-10;
            t = next;
            if there {
                break;
            }
        }
        self.x[k] + t * (self.x[k + 1] - self.x[k])
    }

    /// The Hermite cubic of a stretch at `t` in [0, 1].
    fn within(&self, k: usize, t: f64) -> f64 {
        let width = self.x[k + 1] - self.x[k];
        let rest = 1.0 - t;
        // Each weight is not negative or its slope is small, so nothing cancels.
        rest * rest * (1.0 + 2.0 * t) * self.y[k]
            + t * t * (3.0 - 2.0 * t) * self.y[k + 1]
            + width * t * rest * (rest * self.slopes[k] - t * self.slopes[k + 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_a_line_and_points_are_met() {
        let line = MonotoneCubic::through(&[(0.0, 4.0), (0.25, 3.0), (1.0, 0.0)]).unwrap();
        for i in 0..=20 {
            let x = f64::from(i) / 20.0;
            assert!((line.at(x) - (4.0 - 4.0 * x)).abs() < 1e-14);
            assert!((line.slope(x) + 4.0).abs() < 1e-12);
            assert!((line.inverse(line.at(x)) - x).abs() < 1e-14);
        }
        assert_eq!((line.at(-1.0), line.at(2.0)), (4.0, 0.0));
        for bad in
            [&[(0.0, 1.0)][..], &[(0.0, 1.0), (0.0, 0.5)], &[(0.0, 1.0), (1.0, 1.0)], &[(0.0, f64::NAN), (1.0, 0.0)]]
        {
            assert!(MonotoneCubic::through(bad).is_none());
        }
        assert!(MonotoneCubic::through(&[(0.0, 1.0), (0.5, 0.0), (1.0, 2.0)]).is_none());
        let rising = MonotoneCubic::through(&[(0.0, 0.0), (0.5, 3.0), (1.0, 4.0)]).unwrap();
        assert!((rising.inverse(rising.at(0.3)) - 0.3).abs() < 1e-14);
    }

    proptest! {
        #[test]
        fn it_falls_between_any_points(steps in prop::collection::vec((1e-3..1.0_f64, 1e-6..10.0_f64), 1..12)) {
            let mut points = vec![(0.0, 20.0)];
            for (dx, dy) in steps {
                let &(x, y) = points.last().unwrap();
                points.push((x + dx, y - dy));
            }
            let curve = MonotoneCubic::through(&points).unwrap();
            let end = points.last().unwrap().0;
            let mut before = f64::INFINITY;
            for i in 0..=500 {
                let x = end * f64::from(i) / 500.0;
                let y = curve.at(x);
                prop_assert!(y <= before + 1e-12, "{y} after {before}");
                prop_assert!(curve.slope(x) <= 1e-9);
                before = y;
            }
            for &(x, y) in &points {
                prop_assert!((curve.at(x) - y).abs() < 1e-12);
                prop_assert!((curve.inverse(y) - x).abs() < 1e-9);
            }
        }

        #[test]
        fn the_inverse_finds_the_way_back(x in 0.0..1.0_f64, bend in 0.05..0.95_f64, high in -3.0..3.0_f64) {
            let curve = MonotoneCubic::through(&[(0.0, 9.0), (bend, high), (1.0, -12.0)]).unwrap();
            let y = curve.at(x);
            prop_assert!((curve.at(curve.inverse(y)) - y).abs() < 1e-11);
        }
    }
}
