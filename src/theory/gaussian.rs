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

/// Power of `E[x_0|x_t]`, `S·a` with the recovered share `a = ᾱS/(ᾱS + 1 − ᾱ)`.
#[must_use]
pub fn expectation_power(level: NoiseLevel, power: f64) -> f64 {
    power * level.alpha_bar() * power / state_power(level, power)
}

/// Power of the change of `E[x_0|x_t]` from one level to the next: `S·(√a' − √a)²` along the probability-flow ODE,
/// `S·(a' − a)` where noise is injected, since the estimate is then a martingale.
#[must_use]
pub fn change_power(from: NoiseLevel, to: NoiseLevel, power: f64, injected: bool) -> f64 {
    let (before, after) = (expectation_power(from, power), expectation_power(to, power));
    if injected { (after - before).max(0.0) } else { (after.sqrt() - before.sqrt()).powi(2) }
}

/// Power of `ε̂`, `(1 − ᾱ)/(ᾱS + 1 − ᾱ)`.
#[must_use]
pub fn noise_power(level: NoiseLevel, power: f64) -> f64 {
    level.one_minus_alpha_bar() / state_power(level, power)
}

/// `x_{t'} / x_t` of one deterministic DDIM step, which is linear here: `√ᾱ'·gain + √(1−ᾱ')·(1 − √ᾱ·gain)/√(1−ᾱ)`.
#[must_use]
pub fn ddim_factor(from: NoiseLevel, to: NoiseLevel, power: f64) -> f64 {
    // (1 − √ᾱ·gain)/√(1−ᾱ) without cancellation.
    let noise = from.sqrt_one_minus_alpha_bar() / state_power(from, power);
    to.sqrt_alpha_bar() * gain(from, power) + to.sqrt_one_minus_alpha_bar() * noise
}

/// `x_{t'} / x_t` along the probability-flow ODE, on which `x_t/√(ᾱ·S + 1 − ᾱ)` is constant.
#[must_use]
pub fn ode_factor(from: NoiseLevel, to: NoiseLevel, power: f64) -> f64 {
    (state_power(to, power) / state_power(from, power)).sqrt()
}

/// `x_N / x_T` of a whole deterministic DDIM run along `levels`, noisiest first: each step only multiplies the mode
/// ([`ddim_factor`]), so the run multiplies it by their product. Positive; its square is the power that the run produces
/// from unit noise.
#[must_use]
pub fn ddim_run_factor(levels: &[NoiseLevel], power: f64) -> f64 {
    levels.windows(2).map(|step| ddim_factor(step[0], step[1], power)).product()
}

/// `x_N / x_T` of a whole run of Heun's method without churn along `levels`, all of finite σ: its steps in σ are linear here
/// too, as `dx/dσ = σ/(S + σ²)·x` for the variance-exploding state. If a step is too long the result is far from the flow.
#[must_use]
pub fn heun_run_factor(levels: &[NoiseLevel], power: f64) -> f64 {
    let slope = |sigma: f64| sigma / (power + sigma * sigma);
    let step = |pair: &[NoiseLevel]| {
        let (sigma, next) = (pair[0].sigma(), pair[1].sigma());
        let euler = 1.0 + (next - sigma) * slope(sigma);
        if next > 0.0 { 1.0 + 0.5 * (next - sigma) * (slope(sigma) + slope(next) * euler) } else { euler }
    };
    // From a variance-preserving state to a variance-exploding one.
    let grow = |level: Option<&NoiseLevel>| level.map_or(1.0, |level| level.sigma().hypot(1.0));
    grow(levels.first()) / grow(levels.last()) * levels.windows(2).map(step).product::<f64>()
}

/// What a run is compared with, one frequency at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// The probability-flow ODE from the run's first level to its last: the limit of infinitely many steps from
    /// the same noise.
    #[default]
    Flow,
    /// The prior's own spectrum, `√S` times the noise.
    Prior,
}

impl Target {
    /// `x_N / x_T` of the target at a frequency, positive.
    #[must_use]
    pub fn factor(self, levels: &[NoiseLevel], power: f64) -> f64 {
        match (self, levels) {
            (Self::Flow, &[first, .., last]) => ode_factor(first, last, power),
            (Self::Flow, _) => 1.0,
            (Self::Prior, _) => power.sqrt(),
        }
    }
}

/// The result of deterministic DDIM from unit noise, frequency by frequency.
#[derive(Clone, Debug, PartialEq)]
pub struct DdimSpectrum {
    /// The power produced at each frequency.
    pub produced: Vec<f64>,
    /// Expected RMS of a pixel's difference from the probability-flow ODE's image of the same noise.
    pub error_to_flow: f64,
    /// The same against `√S` times the noise.
    pub error_to_prior: f64,
}

/// The spectrum that DDIM along `levels` produces for the prior spectrum `spectrum` (every frequency of the image once),
/// and its errors. Run and target only scale each mode of unit noise, so by Parseval a pixel's mean squared difference is
/// the mean over frequencies of the squared difference of the two factors.
#[must_use]
pub fn ddim_spectrum(levels: &[NoiseLevel], spectrum: &[f64]) -> DdimSpectrum {
    let factors: Vec<f64> = spectrum.iter().map(|&power| ddim_run_factor(levels, power)).collect();
    let error = |target: Target| {
        let squared = |(factor, &power): (&f64, &f64)| (factor - target.factor(levels, power)).powi(2);
        (factors.iter().zip(spectrum).map(squared).sum::<f64>() / spectrum.len().max(1) as f64).sqrt()
    };
    DdimSpectrum {
        error_to_flow: error(Target::Flow),
        error_to_prior: error(Target::Prior),
        produced: factors.iter().map(|factor| factor * factor).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With more steps the result approaches the prior's spectrum, up to the noise level at the start.
    #[test]
    fn the_spectrum_produced_approaches_the_prior() {
        let spectrum = [0.02, 0.3, 1.0, 20.0];
        let run = |steps: u32| {
            let level = |i: u32| NoiseLevel::from_log_snr(-14.0 + 26.0 * f64::from(i) / f64::from(steps));
            let levels: Vec<NoiseLevel> = (0..steps).map(level).chain([NoiseLevel::CLEAN]).collect();
            ddim_spectrum(&levels, &spectrum)
        };
        let (coarse, fine) = (run(10), run(2000));
        assert!(coarse.error_to_flow > 10.0 * fine.error_to_flow && fine.error_to_flow < 0.01, "{coarse:?} {fine:?}");
        for (produced, power) in fine.produced.iter().zip(spectrum) {
            assert!((produced / power - 1.0).abs() < 0.02, "{produced} for {power}");
        }
        assert!(fine.error_to_prior < 0.01 && coarse.produced.iter().all(|&power| power > 0.0));
    }

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

    /// Second order for short steps, and unbounded for long ones.
    #[test]
    fn heun_converges_at_second_order_and_fails_where_sigma_falls_too_far() {
        let levels = |steps: u32, start: f64| -> Vec<NoiseLevel> {
            let log_sigma = |i: u32| start.ln() + (0.01 / start).ln() * f64::from(i) / f64::from(steps);
            (0..=steps).map(|i| NoiseLevel::from_sigma(log_sigma(i).exp())).collect()
        };
        for power in [0.01, 1.0, 40.0] {
            let error = |steps: u32| {
                let levels = levels(steps, 50.0);
                (heun_run_factor(&levels, power) / ode_factor(levels[0], levels[steps as usize], power) - 1.0).abs()
            };
            let (coarse, fine) = (error(100), error(200));
            assert!(fine < 0.01 && (3.0..5.0).contains(&(coarse / fine)), "S = {power}: {coarse} {fine}");
        }
        // Four steps of timesteps on a cosine schedule.
        let wild = [20_000.0, 2.4, 1.0, 0.4, 0.0].map(NoiseLevel::from_sigma);
        assert!((heun_run_factor(&wild, 157.0) / ode_factor(wild[0], wild[4], 157.0)).abs() > 100.0);
    }
}
