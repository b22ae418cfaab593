//! `ᾱ = (S(end) − S(v))/(S(end) − S(start))`, `v = start + t·(end−start)`, `S(v) = sigmoid(v/τ)` (Jabri et al. 2022;
//! Chen 2023).

use super::families::Values;
use crate::theory::NoiseLevel;

pub(super) fn level_at([start, end, tau]: Values, t: f64) -> NoiseLevel {
    let (from, to) = (start / tau, end / tau);
    let (left, right) = ((1.0 - t) * (to - from), t * (to - from));
    // sigmoid(a) − sigmoid(b) = sinh((a−b)/2)/(2·cosh(a/2)·cosh(b/2)).
    let log_alpha = log_sinh(0.5 * left) - log_cosh(0.5 * to);
    let log_rest = log_sinh(0.5 * right) - log_cosh(0.5 * from);
    NoiseLevel::from_log_snr(log_alpha - log_rest)
}

pub(super) fn time_of([start, end, tau]: Values, level: NoiseLevel) -> f64 {
    let sigmoid = |v: f64| NoiseLevel::from_log_snr(v).alpha_bar();
    let (from, to) = (start / tau, end / tau);
    let span = sigmoid(to) - sigmoid(from);
    let up = sigmoid(from) + level.one_minus_alpha_bar() * span;
    let down = sigmoid(-to) + level.alpha_bar() * span;
    ((up / down).ln() - from) / (to - from)
}

pub(super) fn slope_at([start, end, tau]: Values, t: f64) -> f64 {
    let span = (end - start) / tau;
    -0.5 * span * ((0.5 * (1.0 - t) * span).tanh().recip() + (0.5 * t * span).tanh().recip())
}

/// `ln sinh x` up to the same constant as [`log_cosh`]: `ln(2·sinh x)`.
fn log_sinh(x: f64) -> f64 {
    x + (-(-2.0 * x).exp_m1()).ln()
}

/// `ln(2·cosh x)`.
fn log_cosh(x: f64) -> f64 {
    x.abs() + (-2.0 * x.abs()).exp().ln_1p()
}
