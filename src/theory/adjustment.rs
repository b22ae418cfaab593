//! The effect of pooling on a noisy state (docs/theory.md, section 6): the pooled state, with its intensity scaled, is
//! a VP state again, at a cleaner level.
//!
//! `D_n`, the mean over blocks of n×n pixels, divides the variance of white noise by n² and leaves the image's coarse
//! part unchanged. Pooling m times by n equals pooling once by `nᵐ`.

use super::NoiseLevel;

/// `P_n(ᾱ) = ᾱ + (1−ᾱ)/n²`, the variance of a pooled VP state whose image has variance 1 at that scale.
///
/// ```
/// use chromascope::theory::{NoiseLevel, adjustment};
/// let variance = adjustment::pooled_variance(NoiseLevel::from_alpha_bar(0.5), 2);
/// assert!((variance - 0.625).abs() < 1e-15);
/// ```
#[must_use]
pub fn pooled_variance(level: NoiseLevel, factor: usize) -> f64 {
    let n = factor as f64;
    level.alpha_bar() + level.one_minus_alpha_bar() / (n * n)
}

/// `√P_n`, by which the pooled state is divided to be a VP state again.
#[must_use]
pub fn intensity(level: NoiseLevel, factor: usize) -> f64 {
    pooled_variance(level, factor).sqrt()
}

/// The noise level `τ_m` of a state pooled `times` times by `factor`: `λ + 2m·ln n`, which is `ᾱ/P_{nᵐ}(ᾱ)` as ᾱ.
#[must_use]
pub fn adjusted_level(level: NoiseLevel, factor: usize, times: u32) -> NoiseLevel {
    NoiseLevel::from_log_snr(level.log_snr() + 2.0 * f64::from(times) * (factor as f64).ln())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::f64::consts::FRAC_PI_2;

    /// The continuous cosine schedule and its inverse in closed form, `t` in [0, 1].
    fn cosine(t: f64) -> NoiseLevel {
        let f = |t: f64| ((t + 0.008) / 1.008 * FRAC_PI_2).cos().powi(2);
        NoiseLevel::from_alpha_bar(f(t) / f(0.0))
    }

    fn cosine_time(level: NoiseLevel) -> f64 {
        let start = (0.008_f64 / 1.008 * FRAC_PI_2).cos();
        (level.sqrt_alpha_bar() * start).acos() / FRAC_PI_2 * 1.008 - 0.008
    }

    #[test]
    fn adjusted_times_on_the_cosine_schedule() {
        let half = cosine(0.5);
        assert!((half.alpha_bar() - 0.493_844).abs() < 1e-6);
        let golden = [0.5, 0.292_799, 0.151_272, 0.073_172, 0.033_330];
        for (times, expected) in (0..).zip(golden) {
            assert!((cosine_time(adjusted_level(half, 2, times)) - expected).abs() < 1e-6, "τ_{times}");
        }
    }

    #[test]
    fn pooled_variances() {
        assert!((pooled_variance(NoiseLevel::from_alpha_bar(0.01), 2) - 0.2575).abs() < 1e-12);
        assert!((pooled_variance(NoiseLevel::from_alpha_bar(0.5), 2) - 0.625).abs() < 1e-12);
        assert_eq!(intensity(NoiseLevel::CLEAN, 3), 1.0);
        assert!((intensity(NoiseLevel::from_alpha_bar(0.0), 4) - 0.25).abs() < 1e-15);
    }

    proptest! {
        /// `ᾱ_τ = ᾱ/P_n`, and `P_{n²}` is the product of two poolings, each at its own level.
        #[test]
        fn levels_and_variances_agree(log_snr in -20.0..20.0_f64, factor in 2_usize..5) {
            let level = NoiseLevel::from_log_snr(log_snr);
            let (variance, adjusted) = (pooled_variance(level, factor), adjusted_level(level, factor, 1));
            prop_assert!((adjusted.alpha_bar() / (level.alpha_bar() / variance) - 1.0).abs() < 1e-12);
            let twice = variance * pooled_variance(adjusted, factor);
            prop_assert!((twice / pooled_variance(level, factor * factor) - 1.0).abs() < 1e-12);
            let (by_steps, at_once) = (adjusted_level(adjusted, factor, 2), adjusted_level(level, factor, 3));
            prop_assert!((by_steps.log_snr() - at_once.log_snr()).abs() < 1e-12);
        }
    }
}
