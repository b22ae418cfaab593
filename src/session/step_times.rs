//! The time per step, and the time left.

use std::time::Duration;

/// Step times of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepTimes {
    seconds: Vec<f64>,
}

impl StepTimes {
    /// Number of steps used for the prediction.
    const LATEST: usize = 15;

    /// Adds a step's wall time, seconds.
    pub fn push(&mut self, seconds: f64) {
        if seconds.is_finite() {
            self.seconds.push(seconds);
        }
    }

    /// Clears everything, for a new run.
    pub fn clear(&mut self) {
        self.seconds.clear();
    }

    /// The last step's wall time, seconds.
    #[must_use]
    pub fn last(&self) -> Option<f64> {
        self.seconds.last().copied()
    }

    /// Wall time of all steps, seconds.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.seconds.iter().sum()
    }

    /// Median of the latest steps, seconds; the first step, which warms up, counts only if it is the only one.
    #[must_use]
    pub fn typical(&self) -> Option<f64> {
        let warm = if self.seconds.len() > 1 { &self.seconds[1..] } else { &self.seconds[..] };
        let mut latest = warm[warm.len().saturating_sub(Self::LATEST)..].to_vec();
        latest.sort_by(f64::total_cmp);
        latest.get(latest.len() / 2).copied()
    }

    /// Predicted time for this many more steps; `None` before the first step.
    #[must_use]
    pub fn remaining(&self, steps: usize) -> Option<Duration> {
        self.typical().and_then(|seconds| Duration::try_from_secs_f64(seconds * steps as f64).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expectation_rests_on_warm_steps() {
        let mut times = StepTimes::default();
        assert_eq!((times.typical(), times.remaining(3)), (None, None));
        times.push(9.0);
        assert_eq!(times.remaining(2), Some(Duration::from_secs(18)));
        for seconds in [1.0, 2.0, 30.0] {
            times.push(seconds);
        }
        assert_eq!((times.typical(), times.last(), times.total()), (Some(2.0), Some(30.0), 42.0));
        for _ in 0..20 {
            times.push(0.5);
        }
        assert_eq!(times.remaining(4), Some(Duration::from_secs(2)));
    }
}
