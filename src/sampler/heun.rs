use super::{Sampler, Step, StepAt};
use crate::denoiser::DenoiseError;
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
#[derive(Clone, Copy, Debug)]
pub struct Heun {
    churn: Churn,
}

/// The same in the time of rectified flow, `dx_s/ds = ε̂ − x̂_0` (diffusers' `FlowMatchHeunDiscreteScheduler`), whose steps are of
/// the same length at pure noise as anywhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct FlowHeun;

impl Sampler for FlowHeun {
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let (from, to) = (step.from(), step.to());
        let (s, next) = (from.flow_time(), to.flow_time());
        let (signal, noise) = (to.sqrt_alpha_bar(), to.sqrt_one_minus_alpha_bar());
        step.denoise()?;
        // Euler's step, x_s' = (1 − s')·x̂_0 + s'·ε̂
        step.try_estimate(to, |_, data, eps| signal * data + noise * eps);
        if next > 0.0 {
            step.denoise_tried()?;
            // Flow states are √((1−s)² + s²) times the VP ones.
            let (grow, shrink) = ((1.0 - s).hypot(s), (1.0 - next).hypot(next).recip());
            step.update_by_velocities(|x, u, u_next| (x * grow + (next - s) * 0.5 * (u + u_next)) * shrink);
        } else {
            step.accept();
        }
        Ok(())
    }
}

impl Heun {
    /// With the given churn.
    #[must_use]
    pub const fn new(churn: Churn) -> Self {
        Self { churn }
    }

    /// `σ̂ = σ + γ·σ` of line 5.
    fn raised(&self, sigma: f64, steps: usize) -> f64 {
        let within = (self.churn.sigma_min..=self.churn.sigma_max).contains(&sigma);
        let gamma = if within { (self.churn.amount / steps as f64).min(std::f64::consts::SQRT_2 - 1.0) } else { 0.0 };
        sigma * (1.0 + gamma)
    }
}

impl Sampler for Heun {
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let (sigma, next) = (step.from().sigma(), step.to().sigma());
        // Lines 4–6: noise is added, up to σ̂.
        let hat = self.raised(sigma, step.at.steps());
        step.hold((hat * hat - sigma * sigma).sqrt() * self.churn.noise);
        // Line 7: d = (x̂ − D(x̂; σ̂))/σ̂, which is ε̂. Where D is clipped it is the slope towards the clipped image, as in
        // diffusers.
        step.denoise_held(hat)?;
        // Line 8: Euler step.
        step.try_at_clipped(step.to(), hat, |x_hat, d| x_hat + (next - hat) * d);
        // Lines 9–11: second-order correction, except into σ = 0.
        if next > 0.0 {
            step.denoise_tried()?;
            step.try_again_clipped(hat, |x_hat, d, d_next| x_hat + (next - hat) * 0.5 * (d + d_next));
        }
        step.accept();
        Ok(())
    }

    fn repeats(&self, here: StepAt, there: StepAt) -> bool {
        let raised = |at: StepAt| self.raised(at.from().sigma(), at.steps()).to_bits();
        raised(here) == raised(there)
    }
}
