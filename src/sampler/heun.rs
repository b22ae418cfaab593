use super::{NoiseSource, Sampler, StepAt};
use crate::denoiser::{DenoiseError, Denoised, Denoiser};
use crate::theory::NoiseLevel;
use ndarray::{Array4, Zip};
use serde::{Deserialize, Serialize};

/// Noise added before each step of Heun's method (Karras et al. 2022, algorithm 2).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Churn {
    /// `S_churn`: total amount, spread over the steps; 0 is deterministic.
    pub amount: f64,
    /// `S_tmin`: smallest σ at which noise is added.
    pub sigma_min: f64,
    /// `S_tmax`: largest σ at which noise is added; `null` in JSON means no limit.
    #[serde(with = "infinity_as_null")]
    pub sigma_max: f64,
    /// `S_noise`: standard deviation of the added noise.
    pub noise: f64,
}

impl Default for Churn {
    fn default() -> Self {
        Self { amount: 0.0, sigma_min: 0.0, sigma_max: f64::INFINITY, noise: 1.0 }
    }
}

/// JSON has no infinity.
mod infinity_as_null {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    // The signature is serde's.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        Some(*value).filter(|value| value.is_finite()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
    }
}

/// Heun's second-order method (Karras et al. 2022, arXiv 2206.00364, algorithms 1 and 2).
#[derive(Clone, Debug)]
pub struct Heun {
    churn: Churn,
    x_hat: Array4<f64>,
    x_next: Array4<f64>,
    second: Option<Denoised>,
}

impl Heun {
    /// With the given churn.
    #[must_use]
    pub fn new(churn: Churn) -> Self {
        Self { churn, x_hat: Array4::zeros([0; 4]), x_next: Array4::zeros([0; 4]), second: None }
    }

    /// `σ̂ = σ + γ·σ` of line 5.
    fn raised(&self, sigma: f64, steps: usize) -> f64 {
        let within = (self.churn.sigma_min..=self.churn.sigma_max).contains(&sigma);
        let gamma = if within { (self.churn.amount / steps as f64).min(std::f64::consts::SQRT_2 - 1.0) } else { 0.0 };
        sigma * (1.0 + gamma)
    }
}

impl Sampler for Heun {
    fn step(
        &mut self,
        denoiser: &mut dyn Denoiser,
        x: &mut Array4<f64>,
        at: StepAt,
        noise: &mut dyn NoiseSource,
        first: &mut Denoised,
    ) -> Result<(), DenoiseError> {
        let (sigma, next) = (at.from().sigma(), at.to().sigma());
        let hat = self.raised(sigma, at.steps());
        // Lines 4–6: raise the noise. `x_hat` is held as a VE state.
        super::resize(&mut self.x_hat, x);
        let grow = sigma.hypot(1.0);
        let level = if hat > sigma {
            noise.fill(at.index, &mut self.x_hat);
            let std = (hat * hat - sigma * sigma).sqrt() * self.churn.noise;
            Zip::from(&mut self.x_hat).and(&*x).for_each(|hat, &x| *hat = x * grow + std * *hat);
            NoiseLevel::from_sigma(hat)
        } else {
            Zip::from(&mut self.x_hat).and(&*x).for_each(|hat, &x| *hat = x * grow);
            at.from()
        };
        // Line 7: d = (x̂ − D(x̂; σ̂))/σ̂, which is ε̂.
        super::resize(&mut self.x_next, x);
        let shrink = hat.hypot(1.0).recip();
        Zip::from(&mut self.x_next).and(&self.x_hat).for_each(|vp, &ve| *vp = ve * shrink);
        denoiser.denoise(self.x_next.view(), level, first)?;
        // Line 8: Euler step.
        let shrink = next.hypot(1.0).recip();
        Zip::from(&mut self.x_next)
            .and(&self.x_hat)
            .and(&first.eps)
            .for_each(|vp, &ve, &d| *vp = (ve + (next - hat) * d) * shrink);
        // Lines 9–11: second-order correction, except into σ = 0.
        if next > 0.0 {
            let second = match &mut self.second {
                Some(kept) if kept.x0.raw_dim() == x.raw_dim() => kept,
                other => other.insert(Denoised::zeros(x.dim().into())),
            };
            denoiser.denoise(self.x_next.view(), at.to(), second)?;
            Zip::from(&mut self.x_next)
                .and(&self.x_hat)
                .and(&first.eps)
                .and(&second.eps)
                .for_each(|vp, &ve, &d, &d_next| *vp = (ve + (next - hat) * 0.5 * (d + d_next)) * shrink);
        }
        x.assign(&self.x_next);
        Ok(())
    }

    fn repeats(&self, here: StepAt, there: StepAt) -> bool {
        let raised = |at: StepAt| self.raised(at.from().sigma(), at.steps()).to_bits();
        raised(here) == raised(there)
    }
}
