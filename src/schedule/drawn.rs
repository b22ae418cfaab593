use super::FlowCurve;
use super::curve::CurveError;
use crate::theory::NoiseLevel;
use serde::{Deserialize, Serialize};

/// The least distance of two control points in run time, and in λ (nats).
pub const LEAST_GAP: (f64, f64) = (1e-3, 1e-3);
/// λ of a control point lies within ± this, nats.
pub const MOST_LOG_SNR: f64 = 40.0;
/// Most control points.
pub const MOST_POINTS: usize = 64;

/// A point that a drawn curve goes through.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlPoint {
    /// Run time, from 1 (noise) to 0 (image).
    pub s: f64,
    /// λ there, nats.
    pub log_snr: f64,
}

/// A curve drawn by hand: λ over run time s, a monotone cubic through control points, so that it falls strictly
/// from image (s = 0) to noise (s = 1) wherever its points are dragged.
///
/// What the cubic interpolates is the flow time `σ/(1+σ)`, not λ itself: the usual schedules are nearly straight in it
/// where λ runs to infinity, so that a handful of points is enough and the ends need none of their own. As the one is a
/// monotone function of the other, λ falls strictly all the same.
///
/// Its ends are tied to the range of the model it runs on, unless they are released: a tied start is the model's noisiest
/// level, and a run with a tied end continues to the final level of the model's scheduler (usually the clean image),
/// while a released end is where the run ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Drawn {
    points: Vec<ControlPoint>,
    curve: FlowCurve,
    start_released: bool,
    end_released: bool,
}

/// A drawn curve in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    points: Vec<ControlPoint>,
    #[serde(default)]
    start_released: bool,
    #[serde(default)]
    end_released: bool,
}

impl TryFrom<Written> for Drawn {
    type Error = CurveError;

    fn try_from(from: Written) -> Result<Self, CurveError> {
        let mut drawn = Self::new(from.points)?;
        (drawn.start_released, drawn.end_released) = (from.start_released, from.end_released);
        Ok(drawn)
    }
}

impl From<Drawn> for Written {
    fn from(Drawn { points, start_released, end_released, .. }: Drawn) -> Self {
        Self { points, start_released, end_released }
    }
}

impl Drawn {
    /// Through these points, from s = 0 (the first) to s = 1 (the last), both ends tied.
    pub fn new(points: Vec<ControlPoint>) -> Result<Self, CurveError> {
        let fault = |row: usize, reason: &'static str| Err(CurveError::ControlPoint { point: row + 1, reason });
        if !(2..=MOST_POINTS).contains(&points.len()) {
            return Err(CurveError::ControlPoints(points.len()));
        }
        for (row, point) in points.iter().enumerate() {
            if !(0.0..=1.0).contains(&point.s) || !(-MOST_LOG_SNR..=MOST_LOG_SNR).contains(&point.log_snr) {
                return fault(row, "its s must be between 0 and 1, and its λ between −40 and 40");
            }
            if row > 0 && (point.s <= points[row - 1].s || point.log_snr >= points[row - 1].log_snr) {
                return fault(row, "s must rise from point to point and λ must fall");
            }
        }
        if points[0].s != 0.0 {
            return fault(0, "the first must be at s = 0");
        }
        if points[points.len() - 1].s != 1.0 {
            return fault(points.len() - 1, "the last must be at s = 1");
        }
        let along: Vec<(f64, NoiseLevel)> =
            points.iter().map(|point| (point.s, NoiseLevel::from_log_snr(point.log_snr))).collect();
        let Some(curve) = FlowCurve::through(&along) else {
            return fault(0, "the points are too close together");
        };
        Ok(Self { points, curve, start_released: false, end_released: false })
    }

    /// A curve through few points that keeps close to `level`, λ over run time, falling. Points are added where the two
    /// differ most in flow time `σ/(1+σ)`, in which differences that no image shows are small, until that is below
    /// `tolerance` or there are `most` points.
    pub fn close_to(level: &dyn Fn(f64) -> NoiseLevel, tolerance: f64, most: usize) -> Result<Self, CurveError> {
        const LOOKED_AT: u32 = 512;
        let bounded = |s: f64| level(s).log_snr().clamp(-MOST_LOG_SNR, MOST_LOG_SNR);
        let point = |s: f64| ControlPoint { s, log_snr: bounded(s) };
        let mut points = vec![point(0.0), point(1.0)];
        if points[0].log_snr - points[1].log_snr < LEAST_GAP.1 {
            points[0].log_snr = points[1].log_snr + LEAST_GAP.1;
        }
        loop {
            let drawn = Self::new(points.clone())?;
            let apart = |s: f64| (drawn.level_at(s).flow_time() - level(s).flow_time()).abs();
            let candidates = (1..LOOKED_AT).map(|i| f64::from(i) / f64::from(LOOKED_AT));
            let room = |s: f64| points.iter().all(|there| (there.s - s).abs() >= 4.0 * LEAST_GAP.0);
            let worst = candidates.filter(|&s| room(s)).max_by(|&a, &b| apart(a).total_cmp(&apart(b)));
            let Some(worst) = worst.filter(|&s| apart(s) > tolerance && points.len() < most) else {
                return Ok(drawn);
            };
            let at = points.partition_point(|there| there.s < worst);
            let added = point(worst);
            if added.log_snr >= points[at - 1].log_snr || added.log_snr <= points[at].log_snr {
                return Ok(drawn);
            }
            points.insert(at, added);
        }
    }

    /// The points, from s = 0 to s = 1.
    #[must_use]
    pub fn points(&self) -> &[ControlPoint] {
        &self.points
    }

    /// Whether the end at noise is free of the model's range.
    #[must_use]
    pub const fn start_released(&self) -> bool {
        self.start_released
    }

    /// Whether the end at the image is free of the model's range.
    #[must_use]
    pub const fn end_released(&self) -> bool {
        self.end_released
    }

    /// The same with its ends released or tied.
    #[must_use]
    pub fn with_released(mut self, start: bool, end: bool) -> Self {
        (self.start_released, self.end_released) = (start, end);
        self
    }

    /// λ at a run time in [0, 1].
    #[must_use]
    pub fn level_at(&self, s: f64) -> NoiseLevel {
        self.curve.level_at(s)
    }

    /// Run time of a level, the nearest end where the curve never has it.
    #[must_use]
    pub fn time_of(&self, level: NoiseLevel) -> f64 {
        self.curve.time_of(level)
    }

    /// dλ/ds, never positive.
    #[must_use]
    pub fn slope_at(&self, s: f64) -> f64 {
        self.curve.slope_at(s)
    }

    /// The same with a point where it was requested, as near as its neighbours let it; the ends keep their s.
    #[must_use]
    pub fn with_moved(&self, index: usize, to: ControlPoint) -> Self {
        let last = self.points.len() - 1;
        if index > last || !to.s.is_finite() || !to.log_snr.is_finite() {
            return self.clone();
        }
        let (before, after) = (index.checked_sub(1).map(|i| self.points[i]), self.points.get(index + 1));
        let between =
            |value: f64, low: f64, high: f64| if low <= high { value.clamp(low, high) } else { 0.5 * (low + high) };
        let s = match (before, after) {
            (Some(before), Some(after)) => between(to.s, before.s + LEAST_GAP.0, after.s - LEAST_GAP.0),
            _ => self.points[index].s,
        };
        let high = before.map_or(MOST_LOG_SNR, |before| before.log_snr - LEAST_GAP.1);
        let low = after.map_or(-MOST_LOG_SNR, |after| after.log_snr + LEAST_GAP.1);
        let mut points = self.points.clone();
        points[index] = ControlPoint { s, log_snr: between(to.log_snr, low, high) };
        self.with_points(points)
    }

    /// The same with one more point on the curve; `None` where there is no room. Answers with the new point's index.
    #[must_use]
    pub fn with_added(&self, s: f64) -> Option<(Self, usize)> {
        let at = self.points.partition_point(|point| point.s < s);
        let (before, after) = (self.points.get(at.checked_sub(1)?)?, self.points.get(at)?);
        let room = s - before.s >= LEAST_GAP.0 && after.s - s >= LEAST_GAP.0;
        let log_snr = self.level_at(s).log_snr();
        let apart = before.log_snr - log_snr >= LEAST_GAP.1 && log_snr - after.log_snr >= LEAST_GAP.1;
        if !room || !apart || self.points.len() >= MOST_POINTS {
            return None;
        }
        let mut points = self.points.clone();
        points.insert(at, ControlPoint { s, log_snr });
        Some((self.with_points(points), at))
    }

    /// The same without a point; the ends stay.
    #[must_use]
    pub fn without(&self, index: usize) -> Self {
        if index == 0 || index + 1 >= self.points.len() {
            return self.clone();
        }
        let mut points = self.points.clone();
        points.remove(index);
        self.with_points(points)
    }

    /// The same with tied ends at these levels, and every other point moved no more than it must.
    #[must_use]
    pub fn tied(&self, cleanest: NoiseLevel, noisiest: NoiseLevel) -> Self {
        let bounded = |level: NoiseLevel| level.log_snr().clamp(-MOST_LOG_SNR, MOST_LOG_SNR);
        let last = self.points.len() - 1;
        let mut points = self.points.clone();
        if !self.end_released {
            points[0].log_snr = bounded(cleanest);
        }
        if !self.start_released {
            points[last].log_snr = bounded(noisiest);
        }
        // What lies beyond a tied end is brought inside, in order.
        let (top, bottom) = (points[0].log_snr, points[last].log_snr);
        let gap = ((top - bottom) / (4.0 * last as f64)).min(1e-3);
        for index in 1..last {
            let high = points[index - 1].log_snr - gap;
            let low = bottom + gap * (last - index) as f64;
            points[index].log_snr = points[index].log_snr.min(high).max(low);
        }
        self.with_points(points)
    }

    /// The same through other points, where those make a curve.
    fn with_points(&self, points: Vec<ControlPoint>) -> Self {
        Self::new(points)
            .map_or_else(|_| self.clone(), |drawn| drawn.with_released(self.start_released, self.end_released))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Curve;
    use proptest::prelude::*;

    fn straight() -> Drawn {
        let point = |s, log_snr| ControlPoint { s, log_snr };
        Drawn::new(vec![point(0.0, 9.0), point(0.5, 0.0), point(1.0, -9.0)]).unwrap()
    }

    #[test]
    fn points_are_added_moved_and_taken_away() {
        let (more, at) = straight().with_added(0.25).unwrap();
        assert_eq!((at, more.points().len()), (1, 4));
        assert!((more.points()[1].log_snr - straight().level_at(0.25).log_snr()).abs() < 1e-12);
        let moved = more.with_moved(1, ControlPoint { s: 0.9, log_snr: -50.0 });
        assert_eq!(moved.points()[1], ControlPoint { s: 0.5 - LEAST_GAP.0, log_snr: LEAST_GAP.1 });
        assert_eq!(moved.without(1), straight());
        assert_eq!(straight().without(0), straight());
        assert_eq!(straight().with_moved(0, ControlPoint { s: 0.3, log_snr: 7.0 }).points()[0].s, 0.0);
        assert_eq!(straight().with_moved(1, ControlPoint { s: f64::NAN, log_snr: 0.0 }), straight());
        assert!(straight().with_added(0.5).is_none() && straight().with_added(1.5).is_none());
    }

    #[test]
    fn ends_are_tied_to_a_range_unless_released() {
        let (clean, noisy) = (NoiseLevel::from_log_snr(4.0), NoiseLevel::from_log_snr(f64::NEG_INFINITY));
        let tied = straight().tied(clean, noisy);
        assert_eq!((tied.points()[0].log_snr, tied.points()[2].log_snr), (4.0, -MOST_LOG_SNR));
        let released = straight().with_released(true, true);
        assert_eq!(released.tied(clean, noisy), released);
        let high = straight().with_moved(1, ControlPoint { s: 0.5, log_snr: 8.0 }).tied(clean, noisy);
        assert!(high.points()[1].log_snr < 4.0);
    }

    #[test]
    fn a_preset_is_met_by_few_points() {
        let cosine: Curve = "cosine".parse().unwrap();
        let drawn = Drawn::close_to(&|t| cosine.level_at(t), 4e-3, 16).unwrap();
        assert!(drawn.points().len() <= 8, "{:?}", drawn.points());
        for i in 0..=100 {
            let s = f64::from(i) / 100.0;
            let apart = (drawn.level_at(s).flow_time() - cosine.level_at(s).flow_time()).abs();
            assert!(apart < 6e-3, "{apart} at {s}");
        }
    }

    #[test]
    fn files_with_impossible_points_are_refused_with_the_point() {
        let read = |text: &str| serde_json::from_str::<Drawn>(text).map_err(|error| error.to_string());
        let good = serde_json::to_string(&straight().with_released(false, true)).unwrap();
        assert_eq!(read(&good).unwrap(), straight().with_released(false, true));
        let rising = r#"{"points": [{"s": 0, "log_snr": 1}, {"s": 1, "log_snr": 2}]}"#;
        assert!(read(rising).unwrap_err().starts_with("control point 2"));
        let outside = r#"{"points": [{"s": 0, "log_snr": 1}, {"s": 1, "log_snr": -1e9}]}"#;
        assert!(read(outside).unwrap_err().contains("−40"));
        assert!(read(r#"{"points": []}"#).unwrap_err().contains("2 to 64 control points"));
    }

    proptest! {
        /// Whatever is dragged wherever, λ falls strictly over the whole curve.
        #[test]
        fn no_drag_makes_a_curve_rise(drags in prop::collection::vec((0_usize..9, -0.5..1.5_f64, -60.0..60.0_f64), 1..40)) {
            let mut drawn = straight();
            for (index, s, log_snr) in drags {
                drawn = match index {
                    7 => drawn.with_added(s).map_or(drawn, |(more, _)| more),
                    8 => drawn.without(1),
                    index => drawn.with_moved(index % drawn.points().len(), ControlPoint { s, log_snr }),
                };
                let levels: Vec<f64> = (0..=400).map(|i| drawn.level_at(f64::from(i) / 400.0).log_snr()).collect();
                prop_assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1e-12));
                prop_assert!(levels[0] > levels[400]);
                prop_assert!(drawn.points().windows(2).all(|p| p[0].s < p[1].s && p[0].log_snr > p[1].log_snr));
                let again: Drawn = serde_json::from_str(&serde_json::to_string(&drawn).unwrap()).unwrap();
                prop_assert_eq!(again, drawn.clone());
            }
        }
    }
}
