//! Closed forms for a zero-mean Gaussian prior, one frequency at a time: `S` is the prior's power at that frequency
//! (density, unit white noise reads 1). The posterior mean is linear, so whole runs are known exactly.

use super::NoiseLevel;

/// `E[x_0|x_t]_k / x_{t,k} = √ᾱ·S/(ᾱ·S + 1 − ᾱ)`.
#[must_use]
pub fn gain(level: NoiseLevel, power: f64) -> f64 {
    level.sqrt_alpha_bar() * power / state_power(level, power)
}

/// `ᾱ·S + 1 − ᾱ`, the power of the VP state.
#[must_use]
pub fn state_power(level: NoiseLevel, power: f64) -> f64 {
    level.alpha_bar() * power + level.one_minus_alpha_bar()
}

/// `x_{t'} / x_t` of one deterministic DDIM step, which is linear here: `√ᾱ'·gain + √(1−ᾱ')·(1 − √ᾱ·gain)/√(1−ᾱ)`.
#[must_use]
pub fn ddim_factor(from: NoiseLevel, to: NoiseLevel, power: f64) -> f64 {
    // (1 − √ᾱ·gain)/√(1−ᾱ) without the cancellation.
    let noise = from.sqrt_one_minus_alpha_bar() / state_power(from, power);
    to.sqrt_alpha_bar() * gain(from, power) + to.sqrt_one_minus_alpha_bar() * noise
}

/// `x_{t'} / x_t` along the probability-flow ODE, on which `x_t/√(ᾱ·S + 1 − ᾱ)` is constant.
#[must_use]
pub fn ode_factor(from: NoiseLevel, to: NoiseLevel, power: f64) -> f64 {
    (state_power(to, power) / state_power(from, power)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Many small steps must follow the ODE, with an error that falls as 1/N.
    #[test]
    fn ddim_converges_to_the_ode_at_first_order() {
        let (noisy, clean) = (NoiseLevel::from_log_snr(-8.0), NoiseLevel::from_log_snr(8.0));
        for power in [0.01, 1.0, 40.0] {
            let error = |steps: u32| {
                let level = |i: u32| NoiseLevel::from_log_snr(-8.0 + 16.0 * f64::from(i) / f64::from(steps));
                let run: f64 = (0..steps).map(|i| ddim_factor(level(i), level(i + 1), power)).product();
                (run / ode_factor(noisy, clean, power) - 1.0).abs()
            };
            let (coarse, fine) = (error(200), error(400));
            assert!(fine < 0.05 && (1.8..2.2).contains(&(coarse / fine)), "S = {power}: {coarse} {fine}");
        }
    }
}
