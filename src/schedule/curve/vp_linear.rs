//! The VP-SDE with β(t) linear in t: `ᾱ = exp(−(β_max−β_min)·t²/2 − β_min·t)` (Song et al. 2021).

use super::families::{Values, level_of_log, log_alpha_bar};
use crate::theory::NoiseLevel;

pub(super) fn level_at([beta_min, beta_max, _]: Values, t: f64) -> NoiseLevel {
    level_of_log(-t * (0.5 * (beta_max - beta_min) * t + beta_min))
}

pub(super) fn time_of([beta_min, beta_max, _]: Values, level: NoiseLevel) -> f64 {
    let log_alpha_bar = log_alpha_bar(level);
    let root = (beta_min * beta_min - 2.0 * (beta_max - beta_min) * log_alpha_bar).sqrt();
    -2.0 * log_alpha_bar / (beta_min + root)
}

pub(super) fn slope_at(values @ [beta_min, beta_max, _]: Values, t: f64) -> f64 {
    -((beta_max - beta_min) * t + beta_min) / level_at(values, t).one_minus_alpha_bar()
}
