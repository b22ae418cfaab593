use super::{Sampler, Step};
use crate::denoiser::DenoiseError;

/// Euler's method on the probability-flow ODE `dx_VE/dσ = ε̂` (Karras et al. 2022, arXiv 2206.00364, section 3), or on that of
/// rectified flow, `dx_s/ds = ε̂ − x̂_0` (Liu et al. 2022, arXiv 2209.03003): the same steps, but these also leave pure noise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Euler {
    /// Whether steps are taken in flow time.
    pub flow: bool,
}

impl Sampler for Euler {
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let (sigma, next) = (step.from().sigma(), step.to().sigma());
        step.denoise()?;
        if self.flow {
            // x_s' = (1 − s')·x̂_0 + s'·ε̂
            let (signal, noise) = (step.to().sqrt_alpha_bar(), step.to().sqrt_one_minus_alpha_bar());
            step.update_by_both(|data, eps| signal * data + noise * eps);
            return Ok(());
        }
        // x_VE' = x_VE + (σ' − σ)·ε̂, from and to VP states.
        let (grow, shrink) = (sigma.hypot(1.0), next.hypot(1.0).recip());
        step.update(|x, _, d| (x * grow + (next - sigma) * d) * shrink);
        Ok(())
    }
}

/// Euler ancestral (k-diffusion, `sample_euler_ancestral`): a longer deterministic step down to `σ_down`, then noise up
/// to `σ'`.
#[derive(Clone, Copy, Debug)]
pub struct EulerAncestral {
    eta: f64,
    s_noise: f64,
}

impl EulerAncestral {
    /// `eta` 1 is the usual method, 0 is plain Euler. `s_noise` is the standard deviation of the noise.
    #[must_use]
    pub const fn new(eta: f64, s_noise: f64) -> Self {
        Self { eta, s_noise }
    }
}

impl Sampler for EulerAncestral {
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let (sigma, next) = (step.from().sigma(), step.to().sigma());
        step.denoise()?;
        let (down, up) = ancestral_step(sigma, next, self.eta);
        // Euler's step to σ_down. Its state is then √(1+down²) times too small for its VE state to be at σ'.
        let (grow, shrink) = (sigma.hypot(1.0), down.hypot(1.0).recip());
        let rescale = down.hypot(1.0) / next.hypot(1.0);
        step.update(|x, _, d| (x * grow + (down - sigma) * d) * shrink * rescale);
        step.inject(self.s_noise * up / next.hypot(1.0));
        Ok(())
    }
}

/// `get_ancestral_step`: `(σ_down, σ_up)` with `σ'² = σ_down² + σ_up²`.
pub(super) fn ancestral_step(sigma: f64, next: f64, eta: f64) -> (f64, f64) {
    let up = next.min(eta * (next * next * (sigma * sigma - next * next).max(0.0) / (sigma * sigma)).sqrt());
    ((next * next - up * up).max(0.0).sqrt(), up)
}
