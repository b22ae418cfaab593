use super::{NoiseSource, Sampler, StepAt};
use crate::denoiser::{DenoiseError, Denoised, Denoiser};
use ndarray::{Array4, Zip};

/// Euler's method on the probability-flow ODE `dx_VE/dσ = ε̂` (Karras et al. 2022, arXiv 2206.00364, section 3).
#[derive(Clone, Copy, Debug, Default)]
pub struct Euler;

impl Sampler for Euler {
    fn step(
        &mut self,
        denoiser: &mut dyn Denoiser,
        x: &mut Array4<f64>,
        at: StepAt,
        _: &mut dyn NoiseSource,
        first: &mut Denoised,
    ) -> Result<(), DenoiseError> {
        denoiser.denoise(x.view(), at.from(), first)?;
        move_along(x, first, at.from().sigma(), at.to().sigma());
        Ok(())
    }
}

/// Euler ancestral (k-diffusion, `sample_euler_ancestral`): a longer deterministic step down to `σ_down`, then noise up
/// to `σ'`.
#[derive(Clone, Debug)]
pub struct EulerAncestral {
    eta: f64,
    injected: Array4<f64>,
}

impl EulerAncestral {
    /// `eta` 1 is the usual method, 0 is plain Euler.
    #[must_use]
    pub fn new(eta: f64) -> Self {
        Self { eta, injected: Array4::zeros([0; 4]) }
    }
}

impl Sampler for EulerAncestral {
    fn step(
        &mut self,
        denoiser: &mut dyn Denoiser,
        x: &mut Array4<f64>,
        at: StepAt,
        noise: &mut dyn NoiseSource,
        first: &mut Denoised,
    ) -> Result<(), DenoiseError> {
        denoiser.denoise(x.view(), at.from(), first)?;
        let (sigma, next) = (at.from().sigma(), at.to().sigma());
        let up = next.min(self.eta * (next * next * (sigma * sigma - next * next).max(0.0) / (sigma * sigma)).sqrt());
        let down = (next * next - up * up).max(0.0).sqrt();
        move_along(x, first, sigma, down);
        // `x` is now √(1+down²) times too small for its VE state to be at σ'; both factors meet here.
        let rescale = down.hypot(1.0) / next.hypot(1.0);
        x.mapv_inplace(|x| x * rescale);
        super::inject(x, up / next.hypot(1.0), at.index, noise, &mut self.injected);
        Ok(())
    }
}

/// `x_VE + (σ' − σ)·ε̂`, from and to VP states.
fn move_along(x: &mut Array4<f64>, denoised: &Denoised, sigma: f64, next: f64) {
    let (grow, shrink) = (sigma.hypot(1.0), next.hypot(1.0).recip());
    Zip::from(x).and(&denoised.eps).for_each(|x, &eps| *x = (*x * grow + (next - sigma) * eps) * shrink);
}
