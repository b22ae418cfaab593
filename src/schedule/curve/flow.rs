//! Rectified flow, its time shifted: `σ = c·t/(1−t)` (Esser et al. 2024, section 5.3.2).

use super::families::Values;
use crate::schedule::sampling::shift_flow;
use crate::theory::NoiseLevel;

pub(super) fn level_at([shift, ..]: Values, t: f64) -> NoiseLevel {
    shift_flow(NoiseLevel::from_flow_time(t), shift)
}

pub(super) fn time_of([shift, ..]: Values, level: NoiseLevel) -> f64 {
    shift_flow(level, shift.recip()).flow_time()
}

pub(super) fn slope_at(_: Values, t: f64) -> f64 {
    -2.0 / (t * (1.0 - t))
}
