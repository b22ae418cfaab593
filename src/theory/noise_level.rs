use serde::{Deserialize, Serialize};

/// How much noise a state carries, held as the log-SNR λ in nats.
///
/// λ keeps its precision at both ends in floating point: `ᾱ = sigmoid(λ)` and `1 − ᾱ = sigmoid(−λ)` are each exact to
/// rounding, whereas `1.0 − ᾱ` would cancel. `λ = +∞` is a clean image (`ᾱ = 1`, `σ = 0`), `λ = −∞` pure noise.
///
/// ```
/// use chromascope::theory::NoiseLevel;
/// let level = NoiseLevel::from_sigma(1.0);
/// assert_eq!(level.alpha_bar(), 0.5);
/// assert_eq!(NoiseLevel::CLEAN.sigma(), 0.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NoiseLevel {
    log_snr: f64,
}

impl NoiseLevel {
    /// `ᾱ = 1`: the image itself.
    pub const CLEAN: Self = Self { log_snr: f64::INFINITY };

    /// From `λ = ln(ᾱ/(1−ᾱ))`, nats. NaN is not a noise level and must not be passed.
    #[must_use]
    pub const fn from_log_snr(log_snr: f64) -> Self {
        Self { log_snr }
    }

    /// From `ᾱ` in [0, 1] (diffusers: `alphas_cumprod`).
    #[must_use]
    pub fn from_alpha_bar(alpha_bar: f64) -> Self {
        Self { log_snr: alpha_bar.ln() - (-alpha_bar).ln_1p() }
    }

    /// From the k-diffusion noise level `σ = √((1−ᾱ)/ᾱ)`, in [0, ∞].
    #[must_use]
    pub fn from_sigma(sigma: f64) -> Self {
        Self { log_snr: -2.0 * sigma.ln() }
    }

    /// From the rectified-flow time `s` in [0, 1] of `x_s = (1−s)·x_0 + s·ε`, so `σ = s/(1−s)`.
    #[must_use]
    pub fn from_flow_time(s: f64) -> Self {
        Self { log_snr: 2.0 * ((-s).ln_1p() - s.ln()) }
    }

    /// `λ`, nats.
    #[must_use]
    pub const fn log_snr(self) -> f64 {
        self.log_snr
    }

    /// `ᾱ = sigmoid(λ)`.
    #[must_use]
    pub fn alpha_bar(self) -> f64 {
        sigmoid(self.log_snr)
    }

    /// `1 − ᾱ = sigmoid(−λ)`, without cancellation.
    #[must_use]
    pub fn one_minus_alpha_bar(self) -> f64 {
        sigmoid(-self.log_snr)
    }

    /// `√ᾱ`, the weight of the image in the VP state.
    #[must_use]
    pub fn sqrt_alpha_bar(self) -> f64 {
        self.alpha_bar().sqrt()
    }

    /// `√(1−ᾱ)`, the weight of the noise in the VP state.
    #[must_use]
    pub fn sqrt_one_minus_alpha_bar(self) -> f64 {
        self.one_minus_alpha_bar().sqrt()
    }

    /// `σ = exp(−λ/2)`, the noise level of the VE state `x_0 + σ·ε`.
    #[must_use]
    pub fn sigma(self) -> f64 {
        (-0.5 * self.log_snr).exp()
    }

    /// `s = σ/(1+σ)`, the rectified-flow time of this noise level.
    #[must_use]
    pub fn flow_time(self) -> f64 {
        sigmoid(-0.5 * self.log_snr)
    }
}

fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ends_are_exact() {
        assert_eq!(NoiseLevel::from_alpha_bar(1.0), NoiseLevel::CLEAN);
        assert_eq!(NoiseLevel::from_sigma(0.0), NoiseLevel::CLEAN);
        assert_eq!(NoiseLevel::from_flow_time(0.0), NoiseLevel::CLEAN);
        assert_eq!(NoiseLevel::CLEAN.alpha_bar(), 1.0);
        assert_eq!(NoiseLevel::CLEAN.sigma(), 0.0);
        let noise = NoiseLevel::from_alpha_bar(0.0);
        assert_eq!(noise.alpha_bar(), 0.0);
        assert_eq!(noise.one_minus_alpha_bar(), 1.0);
        assert_eq!(noise.sigma(), f64::INFINITY);
        assert_eq!(noise.flow_time(), 1.0);
    }

    proptest! {
        #[test]
        fn readings_agree(log_snr in -60.0..60.0_f64) {
            let level = NoiseLevel::from_log_snr(log_snr);
            let close = |other: NoiseLevel, tolerance: f64| (other.log_snr() - log_snr).abs() <= tolerance;
            prop_assert!(close(NoiseLevel::from_sigma(level.sigma()), 1e-12));
            prop_assert!((level.alpha_bar() + level.one_minus_alpha_bar() - 1.0).abs() < 1e-15);
            // ᾱ near 1 and s near 1 hold fewer digits of λ than σ does.
            if log_snr < 10.0 { prop_assert!(close(NoiseLevel::from_alpha_bar(level.alpha_bar()), 1e-10)); }
            if log_snr > -20.0 { prop_assert!(close(NoiseLevel::from_flow_time(level.flow_time()), 1e-9)); }
        }
    }
}
