use serde::{Deserialize, Serialize};

/// w, how far the estimate is taken from the unconditional to the conditional and beyond.
///
/// w = 1 is the conditional estimate, w = 0 the unconditional.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuidanceScale {
    /// The same all the way.
    Constant(f64),
    /// w over run time.
    Curve(ScaleCurve),
}

/// w(s) by its points, linear in between and constant beyond. Run time s is 1 at the start of a run, 0 at the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<[f64; 2]>", into = "Vec<[f64; 2]>")]
pub struct ScaleCurve {
    /// `[s, w]`, s rising. Two with the same s are a jump: the first rules up to it and at it, the second beyond.
    points: Vec<[f64; 2]>,
}

/// Why points make no curve of w.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScaleError {
    /// Nothing there.
    #[error("a curve of the guidance scale needs at least one point \"s,w\"")]
    Empty,
    /// Too many.
    #[error("a curve of the guidance scale has {0} points; at most {most} are kept", most = ScaleCurve::MOST_POINTS)]
    TooMany(usize),
    /// Not a number where one should be.
    #[error("line {line}: \"{text}\" is not \"s,w\", two numbers")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is there.
        text: String,
    },
    /// A time that no run has.
    #[error("the guidance scale is given at s = {0}; run time goes from 1 (noise) to 0 (image)")]
    Time(f64),
    /// Not finite.
    #[error("the guidance scale at s = {s} is {w}; it must be a finite number")]
    Scale {
        /// Run time.
        s: f64,
        /// What is there.
        w: f64,
    },
    /// More than a jump.
    #[error("more than two points of the guidance scale are at s = {0}; two make a jump")]
    Jump(f64),
}

impl ScaleCurve {
    /// Most points.
    pub const MOST_POINTS: usize = 1000;

    /// From points `[s, w]` in any order. Of two with the same s, the earlier in the list stays the earlier.
    pub fn new(mut points: Vec<[f64; 2]>) -> Result<Self, ScaleError> {
        if points.is_empty() {
            return Err(ScaleError::Empty);
        }
        if points.len() > Self::MOST_POINTS {
            return Err(ScaleError::TooMany(points.len()));
        }
        for &[s, w] in &points {
            if !(0.0..=1.0).contains(&s) {
                return Err(ScaleError::Time(s));
            }
            if !w.is_finite() {
                return Err(ScaleError::Scale { s, w });
            }
        }
        points.sort_by(|a, b| a[0].total_cmp(&b[0]));
        if let Some(three) = points.windows(3).find(|three| three[0][0] == three[2][0]) {
            return Err(ScaleError::Jump(three[0][0]));
        }
        Ok(Self { points })
    }

    /// `scale` where `from ≥ s ≥ to`, and 1 outside: guidance in an interval (Kynkäänniemi et al., arXiv 2404.07724).
    pub fn interval(scale: f64, from: f64, to: f64) -> Result<Self, ScaleError> {
        let (high, low) = (from.max(to), from.min(to));
        let mut points = Vec::new();
        if low > 0.0 {
            // Open at its end, so that the level at `to` itself is inside.
            points.extend([[low.next_down(), 1.0], [low, scale]]);
        } else {
            points.push([low, scale]);
        }
        points.push([high, scale]);
        if high < 1.0 {
            points.push([high, 1.0]);
        }
        Self::new(points)
    }

    /// Rows of `s,w`, with or without a heading; empty lines and what follows a `#` are passed over.
    pub fn from_csv(text: &str) -> Result<Self, ScaleError> {
        let mut points = Vec::new();
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let row = line.split('#').next().unwrap_or_default().trim();
            let heading = points.is_empty() && row.replace(' ', "").eq_ignore_ascii_case("s,w");
            if row.is_empty() || heading {
                continue;
            }
            let fields = row.split_once(',').and_then(|(s, w)| Some([s.trim().parse().ok()?, w.trim().parse().ok()?]));
            points.push(fields.ok_or_else(|| ScaleError::Line { line: number + 1, text: row.to_owned() })?);
        }
        Self::new(points)
    }

    /// The points as [`from_csv`](Self::from_csv) reads them.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let rows = self.points.iter().map(|[s, w]| format!("{s},{w}\n"));
        std::iter::once("s,w\n".to_owned()).chain(rows).collect()
    }

    /// `[s, w]`, s rising.
    #[must_use]
    pub fn points(&self) -> &[[f64; 2]] {
        &self.points
    }

    /// w at this run time.
    #[must_use]
    pub fn at(&self, s: f64) -> f64 {
        let after = self.points.partition_point(|point| point[0] < s);
        let Some(&[right, w_right]) = self.points.get(after) else {
            return self.points[self.points.len() - 1][1];
        };
        let Some(&[left, w_left]) = after.checked_sub(1).and_then(|before| self.points.get(before)) else {
            return w_right;
        };
        if s == right {
            return w_right;
        }
        w_left + (w_right - w_left) * ((s - left) / (right - left))
    }
}

impl TryFrom<Vec<[f64; 2]>> for ScaleCurve {
    type Error = ScaleError;
    fn try_from(points: Vec<[f64; 2]>) -> Result<Self, ScaleError> {
        Self::new(points)
    }
}

impl From<ScaleCurve> for Vec<[f64; 2]> {
    fn from(curve: ScaleCurve) -> Self {
        curve.points
    }
}

impl GuidanceScale {
    /// w at this run time.
    #[must_use]
    pub fn at(&self, s: f64) -> f64 {
        match self {
            Self::Constant(w) => *w,
            Self::Curve(curve) => curve.at(s),
        }
    }

    /// Whether it is the same at all times.
    #[must_use]
    pub fn constant(&self) -> Option<f64> {
        match self {
            Self::Constant(w) => Some(*w),
            Self::Curve(curve) => {
                let first = curve.points[0][1];
                curve.points.iter().all(|point| point[1] == first).then_some(first)
            }
        }
    }
}

impl Default for GuidanceScale {
    /// The conditional estimate as it is.
    fn default() -> Self {
        Self::Constant(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_linear_and_jumps_where_told() {
        let curve = ScaleCurve::new(vec![[1.0, 2.0], [0.5, 4.0], [0.5, 1.0], [0.0, 3.0]]).unwrap();
        // Sorted stably: at 0.5 the first given rules.
        for (s, w) in [(0.0, 3.0), (0.25, 3.5), (0.5, 4.0), (0.75, 1.5), (1.0, 2.0)] {
            assert!((curve.at(s) - w).abs() < 1e-15, "{s}: {}", curve.at(s));
        }
        assert_eq!(ScaleCurve::new(vec![[0.3, 7.0]]).unwrap().at(0.9), 7.0);
        assert_eq!(ScaleCurve::from_csv(&curve.to_csv()).unwrap(), curve);
        let json = serde_json::to_string(&GuidanceScale::Curve(curve.clone())).unwrap();
        assert_eq!(serde_json::from_str::<GuidanceScale>(&json).unwrap(), GuidanceScale::Curve(curve));
    }

    #[test]
    fn an_interval_has_both_its_ends() {
        let curve = ScaleCurve::interval(5.0, 0.8, 0.2).unwrap();
        let inside = [0.2, 0.5, 0.8];
        assert!(inside.iter().all(|&s| curve.at(s) == 5.0));
        assert!([0.0, 0.1, 0.19, 0.81, 1.0].iter().all(|&s| curve.at(s) == 1.0));
        let whole = ScaleCurve::interval(5.0, 1.0, 0.0).unwrap();
        assert_eq!(GuidanceScale::Curve(whole).constant(), Some(5.0));
    }

    #[test]
    fn what_is_no_curve_is_told() {
        let fault = |text: &str| ScaleCurve::from_csv(text).unwrap_err().to_string();
        assert_eq!(fault("s,w\n# nothing\n"), "a curve of the guidance scale needs at least one point \"s,w\"");
        assert_eq!(fault("1,3\n0.5;2\n"), "line 2: \"0.5;2\" is not \"s,w\", two numbers");
        assert_eq!(fault("2,3"), "the guidance scale is given at s = 2; run time goes from 1 (noise) to 0 (image)");
        assert_eq!(fault("1,nan"), "the guidance scale at s = 1 is NaN; it must be a finite number");
        assert_eq!(
            fault("0.5,1\n0.5,2\n0.5,3"),
            "more than two points of the guidance scale are at s = 0.5; two make a jump"
        );
        assert!(serde_json::from_str::<GuidanceScale>("{\"curve\":[]}").is_err());
    }
}
