//! Schedules computed from a goal instead of drawn.

use super::curve::CurveError;
use super::drawn::{ControlPoint, Drawn, MOST_LOG_SNR};
use crate::theory::{Chromatogram, ChromatogramError, Measure, NoiseLevel, dominant_level};
use serde::{Deserialize, Serialize};

/// λ(s) such that equal stretches of run time generate equal signal: `S(λ(s)) = S(from) + (1−s)·(S(∞) − S(from))`, with
/// `S = Σ_m V_m·a_m` (power) or `Σ_m √(V_m·a_m)` (amplitude) of the scale-invariant theory. N even steps along it each
/// generate the same `Σ_m V_m·Δa_m`. It ends at the clean image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SignalRecipe", into = "SignalRecipe")]
pub struct SignalCurve {
    recipe: SignalRecipe,
    theory: Chromatogram,
    /// S at both ends.
    ends: (f64, f64),
}

/// What a [`SignalCurve`] is made from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalRecipe {
    /// n, between neighbouring levels.
    pub factor: usize,
    /// Number of levels.
    pub levels: usize,
    /// What counts as signal.
    pub measure: Measure,
    /// λ where the run starts, nats.
    pub from: f64,
}

impl TryFrom<SignalRecipe> for SignalCurve {
    type Error = ChromatogramError;

    fn try_from(recipe: SignalRecipe) -> Result<Self, ChromatogramError> {
        let theory = Chromatogram::scale_invariant(recipe.factor, recipe.levels)?;
        let from = NoiseLevel::from_log_snr(recipe.from.clamp(-MOST_LOG_SNR, 0.0));
        let ends = (signal(&theory, from, recipe.measure), signal(&theory, NoiseLevel::CLEAN, recipe.measure));
        Ok(Self { recipe, theory, ends })
    }
}

impl From<SignalCurve> for SignalRecipe {
    fn from(curve: SignalCurve) -> Self {
        curve.recipe
    }
}

/// `Σ_m V_m·a_m`, or `Σ_m √(V_m·a_m)`.
#[must_use]
pub fn signal(theory: &Chromatogram, level: NoiseLevel, measure: Measure) -> f64 {
    (0..theory.levels())
        .filter_map(|m| theory.band(m))
        .map(|band| {
            let recovered = NoiseLevel::from_log_snr(level.log_snr() + band.gain.ln());
            match measure {
                Measure::Power => band.variance * recovered.alpha_bar(),
                Measure::Amplitude => (band.variance * recovered.alpha_bar()).sqrt(),
            }
        })
        .sum()
}

impl SignalCurve {
    /// What it is made from.
    #[must_use]
    pub const fn recipe(&self) -> SignalRecipe {
        self.recipe
    }

    /// The level at a run time in [0, 1].
    #[must_use]
    pub fn level_at(&self, s: f64) -> NoiseLevel {
        if s <= 0.0 {
            return NoiseLevel::CLEAN;
        }
        let from = NoiseLevel::from_log_snr(self.recipe.from.clamp(-MOST_LOG_SNR, 0.0));
        if s >= 1.0 {
            return from;
        }
        let wanted = self.ends.0 + (1.0 - s) * (self.ends.1 - self.ends.0);
        let (mut low, mut high) = (from.log_snr(), MOST_LOG_SNR);
        // Halvings to the spacing of f64.
        for _ in 0..64 {
            let middle = 0.5 * (low + high);
            if signal(&self.theory, NoiseLevel::from_log_snr(middle), self.recipe.measure) < wanted {
                low = middle;
            } else {
                high = middle;
            }
        }
        NoiseLevel::from_log_snr(0.5 * (low + high))
    }

    /// Run time of a level.
    #[must_use]
    pub fn time_of(&self, level: NoiseLevel) -> f64 {
        let here = signal(&self.theory, level, self.recipe.measure);
        ((self.ends.1 - here) / (self.ends.1 - self.ends.0)).clamp(0.0, 1.0)
    }

    /// dλ/ds.
    #[must_use]
    pub fn slope_at(&self, s: f64) -> f64 {
        let mut rates = vec![0.0; self.theory.levels()];
        self.theory.elution_per_nat(self.level_at(s), self.recipe.measure, &mut rates);
        -(self.ends.1 - self.ends.0) / rates.iter().sum::<f64>()
    }
}

/// Why no curve follows from shares.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ShareError {
    /// Not one share a level.
    #[error("there are {} for {}; give one per level, finest first", crate::words::count(*.given, "share"), crate::words::count(*.levels, "level"))]
    Count {
        /// Shares given.
        given: usize,
        /// Levels.
        levels: usize,
    },
    /// A share that is none.
    #[error("the share of level {level} is {value}; shares are above 0")]
    Share {
        /// Which, 0 the finest.
        level: usize,
        /// The value.
        value: f64,
    },
    /// A level that never dominates.
    #[error("level {0} is never dominant in this theory, so it cannot have a share of the steps")]
    NeverDominant(usize),
    /// The model's range leaves no room.
    #[error("level {0} would be dominant outside the model's noise levels, so its share cannot be reached")]
    Range(usize),
    /// No curve goes through the boundaries.
    #[error(transparent)]
    Curve(#[from] CurveError),
}

/// How far past its last crossing a level at either end is drawn, nats.
const WORTH: f64 = 9.0;

/// The curve on which each level dominates a given share of run time, exactly: `shares`, finest first, of any sum.
/// Since `r_m` depends on λ alone, the shares fix the run times of the crossings, and the curve goes through them.
/// Between `noisiest` and `cleanest`, the ends of the model's range; beyond where anything is generated, they are drawn
/// nearer.
pub fn by_shares(
    theory: &Chromatogram,
    measure: Measure,
    shares: &[f64],
    (noisiest, cleanest): (NoiseLevel, NoiseLevel),
) -> Result<Drawn, ShareError> {
    let levels = theory.levels();
    if shares.len() != levels {
        return Err(ShareError::Count { given: shares.len(), levels });
    }
    if let Some(level) = shares.iter().position(|share| !(*share > 0.0 && share.is_finite())) {
        return Err(ShareError::Share { level, value: shares[level] });
    }
    let total: f64 = shares.iter().sum();
    let mut row = vec![0.0; levels];
    let mut dominant = |level: NoiseLevel| {
        theory.shares(level, measure, &mut row);
        dominant_level(&row).unwrap_or(0)
    };
    // Crossings from fine to coarse, where a level gives way to the next coarser one.
    let mut crossings = Vec::with_capacity(levels - 1);
    for m in 0..levels - 1 {
        let crossing = theory.crossing(m, m + 1, measure).ok_or(ShareError::NeverDominant(m))?;
        let beside = |by: f64| NoiseLevel::from_log_snr(crossing.log_snr() + by);
        if dominant(beside(1e-6)) != m || dominant(beside(-1e-6)) != m + 1 {
            return Err(ShareError::NeverDominant(m));
        }
        crossings.push(crossing.log_snr());
    }
    let high = crossings.first().copied().unwrap_or(0.0);
    let low = crossings.last().copied().unwrap_or(0.0);
    // The finest level grows for some nats past its crossing, the coarsest from some before; what is beyond is not drawn.
    let top = cleanest.log_snr().min(high + WORTH);
    let bottom = noisiest.log_snr().max(low - WORTH);
    if top <= high {
        return Err(ShareError::Range(0));
    }
    if bottom >= low {
        return Err(ShareError::Range(levels - 1));
    }
    let mut points = vec![ControlPoint { s: 0.0, log_snr: top }];
    let mut s = 0.0;
    for (share, log_snr) in shares.iter().zip(&crossings) {
        s += share / total;
        points.push(ControlPoint { s, log_snr: *log_snr });
    }
    points.push(ControlPoint { s: 1.0, log_snr: bottom });
    Ok(Drawn::new(points)?)
}

/// The same instead of a curve that is there. Its ends are tied to the model's range, but for those that were released,
/// which stay where they are unless that leaves a level no room.
pub fn with_shares(
    theory: &Chromatogram,
    measure: Measure,
    shares: &[f64],
    (noisiest, cleanest): (NoiseLevel, NoiseLevel),
    now: Option<&Drawn>,
) -> Result<Drawn, ShareError> {
    let (start, end) = now.map_or((false, false), |now| (now.start_released(), now.end_released()));
    let level = |point: Option<&ControlPoint>| point.map(|point| NoiseLevel::from_log_snr(point.log_snr));
    let from = now.filter(|_| start).and_then(|now| level(now.points().last())).unwrap_or(noisiest);
    let to = now.filter(|_| end).and_then(|now| level(now.points().first())).unwrap_or(cleanest);
    let made = match by_shares(theory, measure, shares, (from, to)) {
        Err(ShareError::Range(_)) => by_shares(theory, measure, shares, (noisiest, cleanest))?,
        made => made?.tied(to, from),
    };
    Ok(made.with_released(start, end).tied(cleanest, noisiest))
}

/// The shares of run time on which each level dominates along a curve, finest first; they sum to 1.
#[must_use]
pub fn shares_of(theory: &Chromatogram, measure: Measure, level_at: &dyn Fn(f64) -> NoiseLevel) -> Vec<f64> {
    const PIECES: u32 = 2000;
    let mut shares = vec![0.0; theory.levels()];
    let mut row = vec![0.0; theory.levels()];
    for i in 0..PIECES {
        theory.shares(level_at((f64::from(i) + 0.5) / f64::from(PIECES)), measure, &mut row);
        if let Some(m) = dominant_level(&row) {
            shares[m] += 1.0 / f64::from(PIECES);
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::StepMeasure;

    #[test]
    fn every_step_generates_the_same() {
        for (measure, step) in [(Measure::Power, StepMeasure::Power), (Measure::Amplitude, StepMeasure::Amplitude)] {
            let recipe = SignalRecipe { factor: 2, levels: 6, measure, from: -18.0 };
            let curve = SignalCurve::try_from(recipe).unwrap();
            for steps in [7_u32, 32, 100] {
                let level = |i: u32| curve.level_at(1.0 - f64::from(i) / f64::from(steps));
                let made: Vec<f64> = (0..steps)
                    .map(|i| signal(&curve.theory, level(i + 1), measure) - signal(&curve.theory, level(i), measure))
                    .collect();
                let mean = made.iter().sum::<f64>() / f64::from(steps);
                for (i, made) in made.iter().enumerate() {
                    assert!(
                        (made / mean - 1.0).abs() < 1e-9,
                        "{step:?}: step {i} of {steps} makes {made}, mean {mean}"
                    );
                }
            }
            let s = 0.37;
            assert!((curve.time_of(curve.level_at(s)) - s).abs() < 1e-12);
        }
    }

    #[test]
    fn shares_are_met() {
        let theory = Chromatogram::scale_invariant(2, 6).unwrap();
        let range = (NoiseLevel::from_log_snr(-20.0), NoiseLevel::from_log_snr(12.0));
        for measure in [Measure::Power, Measure::Amplitude] {
            for wanted in [[1.0; 6], [4.0, 1.0, 1.0, 2.0, 0.5, 1.5]] {
                let drawn = by_shares(&theory, measure, &wanted, range).unwrap();
                let total: f64 = wanted.iter().sum();
                let got = shares_of(&theory, measure, &|s| drawn.level_at(s));
                for (got, wanted) in got.iter().zip(wanted) {
                    assert!((got - wanted / total).abs() < 1.1e-3, "{got} for {}", wanted / total);
                }
            }
        }
    }

    #[test]
    fn shares_leave_the_ends_tied_unless_they_were_released() {
        let theory = Chromatogram::scale_invariant(2, 6).unwrap();
        let range = (NoiseLevel::from_log_snr(-24.0), NoiseLevel::from_log_snr(30.0));
        let wanted = [4.0, 1.0, 1.0, 2.0, 0.5, 1.5];
        let made = |now: Option<&Drawn>| with_shares(&theory, Measure::Power, &wanted, range, now).unwrap();
        let ends = |drawn: &Drawn| (drawn.points()[0].log_snr, drawn.points().last().unwrap().log_snr);
        let released = |drawn: &Drawn| (drawn.start_released(), drawn.end_released());
        let tied = made(None);
        assert_eq!((ends(&tied), released(&tied)), ((30.0, -24.0), (false, false)));
        let last = tied.points().len() - 1;
        let moved =
            |by: f64| tied.clone().with_released(true, false).with_moved(last, ControlPoint { s: 1.0, log_snr: by });
        let free = made(Some(&moved(-16.0)));
        assert_eq!((ends(&free), released(&free)), ((30.0, -16.0), (true, false)));
        let total: f64 = wanted.iter().sum();
        let narrow = made(Some(&moved(-5.0)));
        assert_eq!(released(&narrow), (true, false), "a start that leaves no room is moved, not tied");
        for drawn in [tied, free, narrow] {
            let got = shares_of(&theory, Measure::Power, &|s| drawn.level_at(s));
            assert!(got.iter().zip(wanted).all(|(got, wanted)| (got - wanted / total).abs() < 1.1e-3), "{got:?}");
        }
    }

    #[test]
    fn shares_that_cannot_be_are_refused() {
        let theory = Chromatogram::scale_invariant(2, 3).unwrap();
        let range = (NoiseLevel::from_log_snr(-20.0), NoiseLevel::CLEAN);
        let with = |shares: &[f64], range| by_shares(&theory, Measure::Power, shares, range).unwrap_err().to_string();
        assert!(with(&[1.0, 2.0], range).contains("2 shares"));
        assert!(with(&[1.0, 0.0, 1.0], range).contains("level 1"));
        assert!(with(&[1.0, f64::NAN, 1.0], range).contains("NaN"));
        let late = (NoiseLevel::from_log_snr(3.0), NoiseLevel::CLEAN);
        assert!(with(&[1.0; 3], late).contains("level 2"));
    }
}
