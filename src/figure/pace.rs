//! How fast a run or a schedule passes through the noise levels.

use super::TimeAxis;
use crate::theory::NoiseLevel;

/// |λ| beyond which nothing changes any more, nats; infinite ends are placed there.
const MOST_LOG_SNR: f64 = 80.0;

/// A run's noise level as a smooth function of the fractional step.
///
/// Between steps the flow time s follows a monotone cubic (Fritsch and Carlson 1980, with the slopes of Fritsch and
/// Butland 1984) through the levels of the steps. So the rate of change has no jumps, and the change over a step is
/// the integral of the rate over it.
pub(super) struct LevelPace {
    /// s and 1 − s, each without cancellation, and ds/du, at whole steps.
    noise: Vec<f64>,
    image: Vec<f64>,
    slope: Vec<f64>,
}

impl LevelPace {
    pub fn new(axis: &TimeAxis) -> Self {
        let levels: Vec<NoiseLevel> = (0..=axis.steps()).map(|step| axis.level_at(step as f64)).collect();
        let noise: Vec<f64> = levels.iter().map(|level| level.flow_time()).collect();
        let image = levels.iter().map(|level| NoiseLevel::from_log_snr(-level.log_snr()).flow_time()).collect();
        Self { slope: monotone_slopes(&noise), noise, image }
    }

    /// The noise level at a fractional step, finite, and dλ/du there.
    pub fn at(&self, step: f64) -> (NoiseLevel, f64) {
        let steps = self.noise.len() - 1;
        let step = step.clamp(0.0, steps as f64);
        #[expect(clippy::cast_sign_loss, reason = "clamped to 0 and above just before")]
        let index = (step as usize).min(steps.saturating_sub(1));
        let (along, after) = (step - index as f64, (index + 1).min(steps));
        let ends = (self.slope[index], self.slope[after]);
        let noise = hermite((self.noise[index], self.noise[after]), ends, along);
        let image = hermite((self.image[index], self.image[after]), (-ends.0, -ends.1), along);
        let slope = hermite_slope((self.noise[index], self.noise[after]), ends, along);
        let least = NoiseLevel::from_log_snr(MOST_LOG_SNR).flow_time();
        let (noise, image) = (noise.max(least), image.max(least));
        (NoiseLevel::from_log_snr(2.0 * (image / noise).ln()), -2.0 * slope / (noise * image))
    }
}

/// dλ/dt of a level function at a t in (0, 1), by fourth-order central differences; `None` if λ is infinite.
pub(super) fn log_snr_slope(level_at: &dyn Fn(f64) -> NoiseLevel, t: f64) -> Option<f64> {
    let width = 1e-3_f64.min(0.4 * t).min(0.4 * (1.0 - t));
    let difference = |h: f64| (level_at(t + h).log_snr() - level_at(t - h).log_snr()) / (2.0 * h);
    let slope = (4.0 * difference(0.5 * width) - difference(width)) / 3.0;
    slope.is_finite().then_some(slope)
}

/// Slopes at values with unit spacing, such that the cubic through them is monotone where they are.
fn monotone_slopes(values: &[f64]) -> Vec<f64> {
    let change: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let (Some(&first), Some(&last)) = (change.first(), change.last()) else { return vec![0.0; values.len()] };
    let inner =
        |pair: &[f64]| if pair[0] * pair[1] > 0.0 { 2.0 * pair[0] * pair[1] / (pair[0] + pair[1]) } else { 0.0 };
    // A three-point formula at an end, limited to stay monotone.
    let end = |here: f64, next: Option<f64>| {
        let slope = next.map_or(here, |next| 1.5 * here - 0.5 * next);
        if slope * here <= 0.0 { 0.0 } else { here.signum() * slope.abs().min(3.0 * here.abs()) }
    };
    let begin = end(first, change.get(1).copied());
    let finish = end(last, change.len().checked_sub(2).map(|before| change[before]));
    std::iter::once(begin).chain(change.windows(2).map(inner)).chain(std::iter::once(finish)).collect()
}

fn hermite((from, to): (f64, f64), (begin, end): (f64, f64), u: f64) -> f64 {
    let left = 1.0 - u;
    left * left * ((1.0 + 2.0 * u) * from + u * begin) + u * u * ((3.0 - 2.0 * u) * to - left * end)
}

fn hermite_slope((from, to): (f64, f64), (begin, end): (f64, f64), u: f64) -> f64 {
    6.0 * u * (1.0 - u) * (to - from) + (1.0 - u) * (1.0 - 3.0 * u) * begin + u * (3.0 * u - 2.0) * end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::ModelSchedule;

    fn axis(levels: Vec<NoiseLevel>) -> TimeAxis {
        let timesteps = vec![0.0; levels.len() - 1];
        TimeAxis::of_levels(levels, timesteps, &ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 })
    }

    /// In even steps of flow time `λ = 2·ln((1−s)/s)`, so `dλ/du = 2/(S·s·(1−s))`, and the ends are finite.
    #[test]
    fn flow_in_even_steps_has_its_closed_form() {
        let steps = 8;
        let levels = (0..=steps).map(|i| NoiseLevel::from_flow_time(1.0 - f64::from(i) / f64::from(steps)));
        let pace = LevelPace::new(&axis(levels.collect()));
        for u in [0.3, 1.0, 2.5, 6.75, 7.9] {
            let s = 1.0 - u / f64::from(steps);
            let (level, slope) = pace.at(u);
            assert!((level.flow_time() - s).abs() < 1e-14);
            assert!((slope * f64::from(steps) * s * (1.0 - s) / 2.0 - 1.0).abs() < 1e-12, "{u}");
        }
        for u in [0.0, 8.0, -1.0, 99.0] {
            let (level, slope) = pace.at(u);
            assert!(level.log_snr().abs() < 80.1 && slope.is_finite());
        }
    }

    /// The levels of steps are reproduced, and λ rises by the integral of its slope.
    #[test]
    fn the_slope_is_that_of_the_level() {
        let sigmas = [80.0, 31.0, 30.0, 9.0, 1.2, 1.1, 0.05];
        let levels: Vec<_> = sigmas.map(NoiseLevel::from_sigma).to_vec();
        let pace = LevelPace::new(&axis(levels.clone()));
        for (step, level) in levels.iter().enumerate() {
            assert!((pace.at(step as f64).0.log_snr() - level.log_snr()).abs() < 1e-9);
        }
        for i in 1..60 {
            let u = 0.1 * f64::from(i) + 0.013;
            let (before, after) = (pace.at(u - 1e-5).0.log_snr(), pace.at(u + 1e-5).0.log_snr());
            let slope = pace.at(u).1;
            assert!(slope >= 0.0 && ((after - before) / 2e-5 - slope).abs() < 1e-3 * (1.0 + slope), "{u}");
        }
        // A single step is linear.
        let pace = LevelPace::new(&axis(vec![levels[0], levels[3]]));
        let middle = 0.5 * (levels[0].flow_time() + levels[3].flow_time());
        assert!((pace.at(0.5).0.flow_time() - middle).abs() < 1e-14);
    }

    #[test]
    fn level_functions_are_differentiated() {
        for t in [1e-4, 0.1, 0.5, 0.93, 0.9999] {
            let slope = log_snr_slope(&NoiseLevel::from_flow_time, t).unwrap();
            assert!((slope * t * (1.0 - t) / -2.0 - 1.0).abs() < 1e-2, "{t}");
            assert!((0.1..0.95).contains(&t) == ((slope * t * (1.0 - t) / -2.0 - 1.0).abs() < 1e-8));
        }
        assert_eq!(log_snr_slope(&|_| NoiseLevel::CLEAN, 0.5), None);
    }
}
