//! λ linear in t.

use super::families::Values;
use crate::theory::NoiseLevel;

pub(super) fn level_at([log_snr_max, log_snr_min, _]: Values, t: f64) -> NoiseLevel {
    NoiseLevel::from_log_snr(log_snr_max + t * (log_snr_min - log_snr_max))
}

pub(super) fn time_of([log_snr_max, log_snr_min, _]: Values, level: NoiseLevel) -> f64 {
    (level.log_snr() - log_snr_max) / (log_snr_min - log_snr_max)
}

pub(super) fn slope_at([log_snr_max, log_snr_min, _]: Values, _: f64) -> f64 {
    log_snr_min - log_snr_max
}
