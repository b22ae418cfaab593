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
///
/// ```
/// use chromascope::denoiser::guided::ScaleCurve;
/// let noise_first = ScaleCurve::from_csv("1,1\n0.3,4\n0.3,0.5\n0,2")?;
/// assert_eq!((noise_first.at(0.31) > 3.9, noise_first.at(0.3)), (true, 0.5));
/// assert_eq!(ScaleCurve::from_csv("0,2\n0.3,0.5\n0.3,4\n1,1")?, noise_first);
/// # Ok::<(), chromascope::denoiser::guided::ScaleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct ScaleCurve {
    /// `[s, w]` as a run passes them, s falling. Two with the same s are a jump: the first rules down to it, the second
    /// at it and below.
    points: Vec<[f64; 2]>,
}

/// A curve in a file of this program: s rising.
#[derive(Serialize, Deserialize)]
struct Written(Vec<[f64; 2]>);

/// Why points make no curve of w.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScaleError {
    /// Nothing there.
    #[error("the guidance curve has no points; give at least one row \"s,w\"")]
    Empty,
    /// Too many.
    #[error("the guidance curve has {0} points; use at most {most}", most = ScaleCurve::MOST_POINTS)]
    TooMany(usize),
    /// Not a number where one should be.
    #[error("line {line}: \"{text}\" is not two numbers \"s,w\"")]
    Line {
        /// Counted from 1.
        line: usize,
        /// The value found.
        text: String,
    },
    /// A time that no run has.
    #[error("the guidance curve has a point at s = {0}; s must be between 0 (image) and 1 (noise)")]
    Time(f64),
    /// Not finite.
    #[error("the guidance scale at s = {s} is {w}; it must be a finite number")]
    Scale {
        /// Run time.
        s: f64,
        /// The value found.
        w: f64,
    },
    /// More than a jump.
    #[error("the guidance curve has more than two points at s = {0}; two points make a jump, so remove the rest")]
    Jump(f64),
    /// A jump that may be meant either way.
    #[error("the guidance curve jumps at s = {0}, but its points are not in order of s; order them from s = 1 to 0")]
    Unordered(f64),
}

impl ScaleCurve {
    /// Most points.
    pub const MOST_POINTS: usize = 1000;

    /// From points `[s, w]`, in any order where each s is there once. Two at the same s are a jump. Which of them a run
    /// passes first follows from the way that the points go, from noise to image or from image to noise; where there is no
    /// other s to tell, they go from noise to image.
    pub fn new(mut points: Vec<[f64; 2]>) -> Result<Self, ScaleError> {
        if points.is_empty() {
            return Err(ScaleError::Empty);
        }
        if points.len() > Self::MOST_POINTS {
            return Err(ScaleError::TooMany(points.len()));
        }
        for point in &mut points {
            let [s, w] = *point;
            if !(0.0..=1.0).contains(&s) {
                return Err(ScaleError::Time(s));
            }
            if !w.is_finite() {
                return Err(ScaleError::Scale { s, w });
            }
            // −0 is the same time as 0.
            point[0] = s.abs();
        }
        let falls = points.is_sorted_by(|a, b| a[0] >= b[0]);
        let rises = points.is_sorted_by(|a, b| a[0] <= b[0]);
        if rises && !falls {
            points.reverse();
        }
        points.sort_by(|a, b| b[0].total_cmp(&a[0]));
        if let Some(three) = points.windows(3).find(|three| three[0][0] == three[2][0]) {
            return Err(ScaleError::Jump(three[0][0]));
        }
        if let Some(two) = points.windows(2).find(|two| two[0][0] == two[1][0] && !rises && !falls) {
            return Err(ScaleError::Unordered(two[0][0]));
        }
        Ok(Self { points })
    }

    /// `scale` where `from ≥ s ≥ to`, and 1 outside: guidance in an interval (Kynkäänniemi et al., arXiv 2404.07724).
    pub fn interval(scale: f64, from: f64, to: f64) -> Result<Self, ScaleError> {
        let (high, low) = (from.max(to), from.min(to));
        let mut points = Vec::new();
        if high < 1.0 {
            points.push([high, 1.0]);
        }
        points.extend([[high, scale], [low, scale]]);
        if low > 0.0 {
            // Open at its end, so that the level at `to` itself is inside.
            points.push([low.next_down(), 1.0]);
        }
        points.dedup();
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

    /// `[s, w]` as a run passes them, s falling.
    #[must_use]
    pub fn points(&self) -> &[[f64; 2]] {
        &self.points
    }

    /// w at this run time.
    #[must_use]
    pub fn at(&self, s: f64) -> f64 {
        let passed = self.points.partition_point(|point| point[0] >= s);
        let Some(&[above, w_above]) = passed.checked_sub(1).and_then(|last| self.points.get(last)) else {
            return self.points[0][1];
        };
        match self.points.get(passed) {
            Some(&[below, w_below]) if s != above => w_below + (w_above - w_below) * ((s - below) / (above - below)),
            _ => w_above,
        }
    }

    /// The same with one more point; at the s of another it comes after that one.
    pub fn with_added(&self, point: [f64; 2]) -> Result<Self, ScaleError> {
        let mut points = self.points.clone();
        points.insert(points.partition_point(|there| there[0] >= point[0]), point);
        Self::new(points)
    }
}

impl TryFrom<Written> for ScaleCurve {
    type Error = ScaleError;
    fn try_from(Written(mut points): Written) -> Result<Self, ScaleError> {
        if points.is_sorted_by(|a, b| a[0] <= b[0]) {
            points.reverse();
        }
        Self::new(points)
    }
}

impl From<ScaleCurve> for Written {
    fn from(curve: ScaleCurve) -> Self {
        Self(curve.points.into_iter().rev().collect())
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

    /// The largest |w| that it has; `None` where it has none, as of NaN.
    #[must_use]
    pub fn largest(&self) -> Option<f64> {
        match self {
            Self::Constant(w) => Some(w.abs()).filter(|w| !w.is_nan()),
            Self::Curve(curve) => curve.points.iter().map(|point| point[1].abs()).reduce(f64::max),
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

    /// The curve of docs/guidance.md: 4 from s = 0.7 to 0.3, then from 0.5 up to 2.
    const NOISE_FIRST: [[f64; 2]; 5] = [[1.0, 1.0], [0.7, 4.0], [0.3, 4.0], [0.3, 0.5], [0.0, 2.0]];

    #[test]
    fn a_curve_is_linear_and_jumps_as_the_run_passes_its_points() {
        let curve = ScaleCurve::new(NOISE_FIRST.to_vec()).unwrap();
        for (s, w) in [(1.0, 1.0), (0.85, 2.5), (0.7, 4.0), (0.5, 4.0), (0.3, 0.5), (0.15, 1.25), (0.0, 2.0)] {
            assert!((curve.at(s) - w).abs() < 1e-12, "{s}: {}", curve.at(s));
        }
        assert!((curve.at(0.3_f64.next_up()) - 4.0).abs() < 1e-12);
        assert_eq!(ScaleCurve::new(vec![[0.3, 7.0]]).unwrap().at(0.9), 7.0);
        let alone = ScaleCurve::new(vec![[0.5, 4.0], [0.5, 1.0]]).unwrap();
        assert_eq!([1.0, 0.5, 0.0].map(|s| alone.at(s)), [4.0, 1.0, 1.0]);
        for curve in [curve, alone] {
            assert_eq!(ScaleCurve::from_csv(&curve.to_csv()).unwrap(), curve);
            assert_eq!(ScaleCurve::new(curve.points().to_vec()).unwrap(), curve);
            let json = serde_json::to_string(&GuidanceScale::Curve(curve.clone())).unwrap();
            assert_eq!(serde_json::from_str::<GuidanceScale>(&json).unwrap(), GuidanceScale::Curve(curve));
        }
    }

    #[test]
    fn the_way_that_the_rows_go_does_not_matter() {
        let curve = ScaleCurve::new(NOISE_FIRST.to_vec()).unwrap();
        let mut points = NOISE_FIRST.to_vec();
        points.reverse();
        assert_eq!(ScaleCurve::new(points).unwrap(), curve);
        // What earlier records hold.
        let written = "{\"curve\":[[0.0,2.0],[0.3,0.5],[0.3,4.0],[0.7,4.0],[1.0,1.0]]}";
        assert_eq!(serde_json::from_str::<GuidanceScale>(written).unwrap(), GuidanceScale::Curve(curve.clone()));
        assert_eq!(serde_json::to_string(&GuidanceScale::Curve(curve)).unwrap(), written);
        let (ordered, mixed) = ([[0.9, 1.0], [0.5, 2.0], [0.1, 3.0]], [[0.5, 2.0], [0.9, 1.0], [0.1, 3.0]]);
        assert_eq!(ScaleCurve::new(mixed.to_vec()), ScaleCurve::new(ordered.to_vec()));
    }

    #[test]
    fn a_point_is_added_where_it_belongs() {
        let curve = ScaleCurve::new(NOISE_FIRST.to_vec()).unwrap().with_added([0.4, 3.0]).unwrap();
        assert_eq!(curve.points()[1..4], [[0.7, 4.0], [0.4, 3.0], [0.3, 4.0]]);
        let beside = ScaleCurve::new(vec![[1.0, 2.0], [0.0, 2.0]]).unwrap().with_added([1.0, 5.0]).unwrap();
        assert_eq!((beside.at(1.0), beside.points().len()), (5.0, 3));
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
        assert_eq!(fault("s,w\n# nothing\n"), ScaleError::Empty.to_string());
        let line = ScaleError::Line { line: 2, text: "0.5;2".into() };
        assert_eq!(fault("1,3\n0.5;2\n"), line.to_string());
        assert_eq!(fault("2,3"), ScaleError::Time(2.0).to_string());
        assert_eq!(fault("1,nan"), ScaleError::Scale { s: 1.0, w: f64::NAN }.to_string());
        assert_eq!(fault("0.5,1\n0.5,2\n0.5,3"), ScaleError::Jump(0.5).to_string());
        assert_eq!(fault("0.5,1\n0.5,2\n1,3\n0,1"), ScaleError::Unordered(0.5).to_string());
        assert!(serde_json::from_str::<GuidanceScale>("{\"curve\":[]}").is_err());
    }
}
