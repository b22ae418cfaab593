use crate::schedule::{ControlPoint, CurveError, Drawn, FlowCurve, MOST_LOG_SNR, ModelSchedule, Plan};
use crate::theory::NoiseLevel;

/// Least distance between neighbouring points: a share of the whole range in flow time, which keeps them more than 0.001 nats
/// apart, and of run time.
const LEAST: (f64, f64) = (2e-4, 1e-3);
/// Least size of a gap above that at the start, relative to the mean gap: the parameter of a gap close to zero would have
/// no effect.
const LEAST_TO_GROW: f64 = 0.1;
/// Parameters are limited to this: there a gap is already `e^30` times another.
const MOST: f64 = 30.0;

/// A drawn curve as a vector of reals, with fixed ends. Every vector gives a strictly falling curve; 0 gives the start,
/// with its narrowest gaps widened to a tenth of the mean one.
///
/// The points divide the flow time `σ/(1+σ)` between the ends into gaps, and the parameters are added to the
/// logarithms of all gaps but the last, which are then scaled to their sum (softmax). Run times are divided in the same
/// way, if they may move too.
#[derive(Clone, Debug)]
pub struct Parameters {
    start: Drawn,
    levels: Gaps,
    times: Option<Gaps>,
}

impl Parameters {
    /// For a curve; with `move_times` the points move in run time too.
    #[must_use]
    pub fn around(start: &Drawn, move_times: bool) -> Self {
        let points = start.points();
        let flow_time = |point: &ControlPoint| NoiseLevel::from_log_snr(point.log_snr).flow_time();
        Self {
            levels: Gaps::between(&points.iter().map(flow_time).collect::<Vec<_>>(), LEAST.0),
            times: move_times.then(|| Gaps::between(&points.iter().map(|point| point.s).collect::<Vec<_>>(), LEAST.1)),
            start: start.clone(),
        }
    }

    /// Number of parameters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.levels.inner() * if self.times.is_some() { 2 } else { 1 }
    }

    /// Whether there are no parameters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the points move in run time too.
    #[must_use]
    pub const fn move_times(&self) -> bool {
        self.times.is_some()
    }

    /// Whether 0 gives the start exactly, apart from rounding.
    #[must_use]
    pub fn keeps_start(&self) -> bool {
        !self.levels.opened && self.times.as_ref().is_none_or(|times| !times.opened)
    }

    /// The curve of a vector; missing entries count as 0.
    #[must_use]
    pub fn curve(&self, vector: &[f64]) -> Drawn {
        let (levels, times) = vector.split_at(vector.len().min(self.levels.inner()));
        let levels = self.levels.divided(levels);
        let times = self.times.as_ref().map(|gaps| gaps.divided(times));
        let mut points = self.start.points().to_vec();
        for inner in 0..self.levels.inner() {
            points[inner + 1].log_snr = NoiseLevel::from_flow_time(levels[inner]).log_snr();
            if let Some(times) = &times {
                points[inner + 1].s = times[inner];
            }
        }
        Drawn::new(points).map_or_else(
            // Only if the ends are too close for points between them.
            |_| self.start.clone(),
            |drawn| drawn.with_released(self.start.start_released(), self.start.end_released()),
        )
    }
}

/// An interval divided into gaps.
#[derive(Clone, Debug)]
struct Gaps {
    from: f64,
    to: f64,
    /// Least gap, relative to the interval.
    least: f64,
    /// Logarithm of each gap's size above the least.
    logs: Vec<f64>,
    /// Whether some gap was too narrow at the start.
    opened: bool,
}

impl Gaps {
    fn between(rising: &[f64], least: f64) -> Self {
        let (from, to) = (rising[0], rising[rising.len() - 1]);
        let narrowest = LEAST_TO_GROW / (rising.len() - 1) as f64;
        let above: Vec<f64> = rising.windows(2).map(|pair| (pair[1] - pair[0]) / (to - from) - least).collect();
        let logs = above.iter().map(|above| above.max(narrowest).ln()).collect();
        Self { from, to, least, logs, opened: above.iter().any(|&above| above < narrowest) }
    }

    fn inner(&self) -> usize {
        self.logs.len() - 1
    }

    /// The inner points, rising.
    fn divided(&self, vector: &[f64]) -> Vec<f64> {
        let added =
            |i: usize| vector.get(i).filter(|value| !value.is_nan()).map_or(0.0, |value| value.clamp(-MOST, MOST));
        let logs: Vec<f64> = self.logs.iter().enumerate().map(|(i, log)| log + added(i)).collect();
        let greatest = logs.iter().fold(f64::NEG_INFINITY, |greatest, &log| greatest.max(log));
        let weights: Vec<f64> = logs.iter().map(|log| (log - greatest).exp()).collect();
        let free = (1.0 - self.least * logs.len() as f64) / weights.iter().sum::<f64>();
        let mut share = 0.0;
        let within = weights[..self.inner()].iter().map(|weight| {
            share += self.least + free * weight;
            self.from + share * (self.to - self.from)
        });
        within.collect()
    }
}

/// The levels of a plan as a drawn curve with `points` points, even in run time and with its ends tied to the model's. With
/// one point more than the plan has steps, a run along the curve visits the plan's levels.
pub fn start_from(plan: &Plan, model: &ModelSchedule, points: usize) -> Result<Drawn, CurveError> {
    if !(2..=crate::schedule::MOST_POINTS).contains(&points) {
        return Err(CurveError::ControlPoints(points));
    }
    let steps = plan.steps() as f64;
    let mut levels: Vec<(f64, NoiseLevel)> =
        plan.levels().iter().enumerate().map(|(i, &level)| (1.0 - i as f64 / steps, level)).rev().collect();
    if levels[0].1 <= levels[1].1 {
        // The last step of such a run does nothing.
        levels[0].1 = NoiseLevel::CLEAN;
    }
    let too_close = CurveError::ControlPoint { point: 1, reason: "the schedule's noise levels are too close together" };
    let curve = FlowCurve::through(&levels).ok_or(too_close)?;
    let point = |i: usize| {
        let s = i as f64 / (points - 1) as f64;
        ControlPoint { s, log_snr: curve.level_at(s).log_snr().clamp(-MOST_LOG_SNR, MOST_LOG_SNR) }
    };
    Ok(Drawn::new((0..points).map(point).collect())?.tied(model.cleanest(), model.noisiest()))
}
