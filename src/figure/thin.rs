//! Curves reduced to the visible points.

use super::Figure;

impl Figure {
    /// The same figure with fewer points in its lines and areas. It omits points within `tolerance`, in heights of the plot,
    /// of the straight line between the ones kept (Douglas and Peucker 1973, measured along y).
    #[must_use]
    pub fn thinned(mut self, tolerance: f64) -> Self {
        let allowed = tolerance * (self.y_axis.range.1 - self.y_axis.range.0);
        for line in &mut self.lines {
            line.points = kept(&line.points, allowed);
        }
        for area in &mut self.areas {
            area.points = kept(&area.points, allowed);
        }
        self
    }
}

/// Points by rising x, and values over it.
fn kept<const N: usize>(points: &[[f64; N]], allowed: f64) -> Vec<[f64; N]> {
    let Some(last) = points.len().checked_sub(1) else { return Vec::new() };
    let mut keep = vec![false; points.len()];
    (keep[0], keep[last]) = (true, true);
    let mut stretches = vec![(0, last)];
    while let Some((from, to)) = stretches.pop() {
        let (a, b) = (points[from], points[to]);
        let off = |point: &[f64; N]| {
            let along = if b[0] > a[0] { (point[0] - a[0]) / (b[0] - a[0]) } else { 0.0 };
            (1..N).map(|i| (a[i] + along * (b[i] - a[i]) - point[i]).abs()).fold(0.0, f64::max)
        };
        let between = (from + 1..to).map(|index| (index, off(&points[index])));
        let Some((worst, by)) = between.max_by(|a, b| a.1.total_cmp(&b.1)) else { continue };
        if by > allowed {
            keep[worst] = true;
            stretches.extend([(from, worst), (worst, to)]);
        }
    }
    points.iter().zip(keep).filter_map(|(&point, keep)| keep.then_some(point)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_on_the_line_between_the_others() {
        let wave = |x: f64| [x, (9.0 * x).sin(), 0.5 * x];
        let all: Vec<[f64; 3]> = (0..=2000).map(|i| wave(f64::from(i) / 2000.0)).collect();
        let few = kept(&all, 1e-3);
        assert!((20..120).contains(&few.len()), "{}", few.len());
        assert_eq!((few[0], few[few.len() - 1]), (all[0], all[2000]));
        for pair in few.windows(2) {
            let ([left, low, _], [right, high, _]) = (pair[0], pair[1]);
            for &[x, y, _] in all.iter().filter(|point| (left..=right).contains(&point[0])) {
                assert!((low + (high - low) * (x - left) / (right - left) - y).abs() <= 1e-3);
            }
        }
        let line: Vec<[f64; 2]> = (0..=50).map(|i| [f64::from(i), 3.0 - 0.25 * f64::from(i)]).collect();
        assert_eq!(kept(&line, 1e-9), [line[0], line[50]]);
        assert_eq!(kept::<2>(&[], 1.0), Vec::<[f64; 2]>::new());
        assert_eq!(kept(&[[1.0, 2.0]], 1.0), [[1.0, 2.0]]);
    }
}
