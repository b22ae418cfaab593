use crate::theory::NoiseLevel;

/// Run time s of a run's noise levels: 1 at its start, falling by the same amount with every step to 0.
///
/// A denoiser sees the level alone, and a guidance scale that is drawn over run time needs to know when that is.
#[derive(Clone, Debug, PartialEq)]
pub struct RunTime {
    /// λ rising, with s.
    places: Vec<(f64, f64)>,
}

impl RunTime {
    /// From the noise levels of a run, one more than its steps, noisiest first.
    #[must_use]
    pub fn of(levels: &[NoiseLevel]) -> Self {
        let steps = levels.len().saturating_sub(1).max(1);
        // Rounded once, so that 0.3 is what a user who types 0.3 means.
        let time = |step: usize| steps.saturating_sub(step) as f64 / steps as f64;
        let place = |(step, level): (usize, &NoiseLevel)| (level.log_snr(), time(step));
        let mut places: Vec<(f64, f64)> = levels.iter().enumerate().map(place).collect();
        // Stable, so that of equal levels the earlier comes first.
        places.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { places }
    }

    /// The run time of a level: exact at the run's own, linear in λ between them, its ends' beyond.
    #[must_use]
    pub fn at(&self, level: NoiseLevel) -> f64 {
        let log_snr = level.log_snr();
        let after = self.places.partition_point(|place| place.0 < log_snr);
        let Some(&(right, s_right)) = self.places.get(after) else {
            return self.places.last().map_or(0.0, |place| place.1);
        };
        let Some(&(left, s_left)) = after.checked_sub(1).and_then(|before| self.places.get(before)) else {
            return s_right;
        };
        let part = (log_snr - left) / (right - left);
        // At its own levels, and on the way to an infinite one, nothing is interpolated.
        if log_snr == right || !part.is_finite() { s_right } else { s_left + (s_right - s_left) * part }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_even_in_run_time() {
        let levels = [f64::NEG_INFINITY, -3.0, -1.0, 4.0, f64::INFINITY].map(NoiseLevel::from_log_snr);
        let time = RunTime::of(&levels);
        for (step, level) in levels.iter().enumerate() {
            assert_eq!(time.at(*level), 1.0 - step as f64 / 4.0);
        }
        assert!((time.at(NoiseLevel::from_log_snr(-2.0)) - 0.625).abs() < 1e-15);
        let beside = [-9.0, 9.0].map(|log_snr| time.at(NoiseLevel::from_log_snr(log_snr)));
        assert_eq!(beside, [0.75, 0.25]);
        let ten: Vec<NoiseLevel> = (0..=10).map(|step| NoiseLevel::from_log_snr(f64::from(step))).collect();
        let decimals = [0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1];
        let found = [1, 2, 3, 4, 6, 7, 8, 9].map(|step: usize| RunTime::of(&ten).at(ten[step]));
        assert_eq!(found, decimals);
        let short = RunTime::of(&[-2.0, 3.0].map(NoiseLevel::from_log_snr));
        assert_eq!((short.at(NoiseLevel::from_log_snr(-7.0)), short.at(NoiseLevel::from_log_snr(7.0))), (1.0, 0.0));
    }
}
