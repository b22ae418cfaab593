use super::{NoiseSource, Sampler, StepAt};
use crate::denoiser::{DenoiseError, Denoised, Denoiser};
use ndarray::{Array4, Zip};

/// DDIM (Song et al. 2020, arXiv 2010.02502, equation 12). `eta` 0 is deterministic, 1 injects as much noise as DDPM.
#[derive(Clone, Debug, Default)]
pub struct Ddim {
    eta: f64,
    injected: Array4<f64>,
}

impl Ddim {
    /// `eta` in [0, 1].
    #[must_use]
    pub fn new(eta: f64) -> Self {
        Self { eta, injected: Array4::zeros([0; 4]) }
    }
}

impl Sampler for Ddim {
    fn step(
        &mut self,
        denoiser: &mut dyn Denoiser,
        x: &mut Array4<f64>,
        at: StepAt,
        noise: &mut dyn NoiseSource,
        first: &mut Denoised,
    ) -> Result<(), DenoiseError> {
        let (from, to) = (at.from(), at.to());
        denoiser.denoise(x.view(), from, first)?;
        // Equation 16: σ_t = η·√((1−ᾱ')/(1−ᾱ))·√(1−ᾱ/ᾱ')
        let variance =
            to.one_minus_alpha_bar() / from.one_minus_alpha_bar() * (1.0 - from.alpha_bar() / to.alpha_bar());
        let std = self.eta * variance.max(0.0).sqrt();
        let direction = (to.one_minus_alpha_bar() - std * std).max(0.0).sqrt();
        let signal = to.sqrt_alpha_bar();
        Zip::from(&mut *x).and(&first.x0).and(&first.eps).for_each(|x, &x0, &eps| *x = signal * x0 + direction * eps);
        super::inject(x, std, at.index, noise, &mut self.injected);
        Ok(())
    }

    fn needs_finite_sigma(&self) -> bool {
        false
    }
}
