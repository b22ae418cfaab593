use super::{MAX_TRAIN_TIMESTEPS, ScheduleError};
use serde::{Deserialize, Serialize};
use std::f64::consts::FRAC_PI_2;
use std::fmt;
use std::str::FromStr;

/// The named formulas for β (diffusers: `beta_schedule`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BetaSchedule {
    /// β linear from start to end (DDPM).
    Linear,
    /// √β linear (latent diffusion).
    ScaledLinear,
    /// `β_i = min(1 − f((i+1)/T)/f(i/T), 0.999)`, `f(t) = cos²((t+0.008)/1.008·π/2)` (Improved DDPM).
    SquaredcosCapV2,
    /// `sigmoid(linspace(−6, 6))` stretched between start and end (GeoDiff).
    Sigmoid,
    /// As the cosine schedule with `f(t) = e^{−12t}`.
    Exp,
    /// As the cosine schedule with `f = √(e^λ/(1+e^λ))`, `λ = −½·sgn(½−t)·ln(1−2|½−t|+1e-6)`. The root makes ᾱ what
    /// the literature calls √ᾱ; diffusers has it so, and models are trained with it.
    Laplace,
}

impl BetaSchedule {
    /// Every schedule.
    pub const ALL: [Self; 6] =
        [Self::Linear, Self::ScaledLinear, Self::SquaredcosCapV2, Self::Sigmoid, Self::Exp, Self::Laplace];

    /// The names diffusers gives them, in the order of [`Self::ALL`].
    pub const NAMES: [&str; 6] = ["linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid", "exp", "laplace"];

    /// The name diffusers gives it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Whether `beta_start` and `beta_end` enter the formula.
    #[must_use]
    pub const fn uses_range(self) -> bool {
        matches!(self, Self::Linear | Self::ScaledLinear | Self::Sigmoid)
    }

    /// β for timesteps `0 … timesteps − 1`.
    pub fn betas(self, beta_start: f64, beta_end: f64, timesteps: usize) -> Result<Vec<f64>, ScheduleError> {
        if !(1..=MAX_TRAIN_TIMESTEPS).contains(&timesteps) {
            return Err(ScheduleError::TimestepCount(timesteps));
        }
        let between = |start: f64, end: f64, i: usize| start + (end - start) * ramp(i, timesteps);
        let beta = |i: usize| match self {
            Self::Linear => between(beta_start, beta_end, i),
            Self::ScaledLinear => between(beta_start.sqrt(), beta_end.sqrt(), i).powi(2),
            Self::Sigmoid => (beta_end - beta_start) / (1.0 + (-between(-6.0, 6.0, i)).exp()) + beta_start,
            Self::SquaredcosCapV2 => falling(|t| ((t + 0.008) / 1.008 * FRAC_PI_2).cos().powi(2), i, timesteps),
            Self::Exp => falling(|t| (-12.0 * t).exp(), i, timesteps),
            Self::Laplace => falling(laplace, i, timesteps),
        };
        Ok((0..timesteps).map(beta).collect())
    }
}

/// `i/(n−1)`, 0 where there is one entry only, as numpy's linspace.
pub(super) fn ramp(i: usize, n: usize) -> f64 {
    if n > 1 { i as f64 / (n - 1) as f64 } else { 0.0 }
}

/// β of a schedule given by `f = ᾱ` over `t` in [0, 1], capped at 0.999.
fn falling(f: impl Fn(f64) -> f64, i: usize, timesteps: usize) -> f64 {
    let t = |i: usize| i as f64 / timesteps as f64;
    (1.0 - f(t(i + 1)) / f(t(i))).min(0.999)
}

fn laplace(t: f64) -> f64 {
    let to_middle = 0.5 - t;
    let lambda = -0.5 * to_middle.signum() * (1.0 - 2.0 * to_middle.abs() + 1e-6).ln();
    let snr = lambda.exp();
    (snr / (1.0 + snr)).sqrt()
}

impl fmt::Display for BetaSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for BetaSchedule {
    type Err = ScheduleError;

    fn from_str(name: &str) -> Result<Self, ScheduleError> {
        Self::ALL
            .into_iter()
            .find(|schedule| schedule.name() == name)
            .ok_or_else(|| ScheduleError::UnknownBetaSchedule(name.to_owned()))
    }
}
