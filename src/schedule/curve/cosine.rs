//! `ᾱ = (cos((t+s)/(1+s)·π/2)/cos(s/(1+s)·π/2))^power` (Nichol and Dhariwal 2021: s = 0.008, power 2).

use super::families::{Values, level_of_log, log_alpha_bar};
use crate::theory::NoiseLevel;
use std::f64::consts::FRAC_PI_2;

pub(super) fn level_at([s, power, _]: Values, t: f64) -> NoiseLevel {
    if t == 1.0 {
        return NoiseLevel::from_log_snr(f64::NEG_INFINITY);
    }
    // cos(u₀+δ)/cos u₀ = 1 − 2·sin²(δ/2) − sin δ·tan u₀, which keeps its digits where δ is small.
    let (u_0, delta) = (s / (1.0 + s) * FRAC_PI_2, t / (1.0 + s) * FRAC_PI_2);
    let fallen = 2.0 * (0.5 * delta).sin().powi(2) + delta.sin() * u_0.tan();
    level_of_log(power * (-fallen).ln_1p())
}

pub(super) fn time_of([s, power, _]: Values, level: NoiseLevel) -> f64 {
    let log_alpha_bar = log_alpha_bar(level);
    let u_0 = s / (1.0 + s) * FRAC_PI_2;
    let ratio = (log_alpha_bar / power).exp();
    let u = if ratio < 0.5 {
        FRAC_PI_2 - (ratio * u_0.cos()).asin()
    } else {
        let fallen = -(log_alpha_bar / power).exp_m1();
        2.0 * ((0.5 * u_0).sin().powi(2) + 0.5 * u_0.cos() * fallen).sqrt().min(1.0).asin()
    };
    (u - u_0) / FRAC_PI_2 * (1.0 + s)
}

pub(super) fn slope_at(values @ [s, power, _]: Values, t: f64) -> f64 {
    let angle = (t + s) / (1.0 + s) * FRAC_PI_2;
    let per_t = FRAC_PI_2 / (1.0 + s);
    // tan = 1/tan of what is left to the right angle, which keeps its digits near it.
    let left = (1.0 - t) / (1.0 + s) * FRAC_PI_2;
    let tangent = if angle < 1.0 { angle.tan() } else { left.tan().recip() };
    -power * tangent * per_t / level_at(values, t).one_minus_alpha_bar()
}
