use super::{Sampler, Step};
use crate::denoiser::DenoiseError;

/// DDIM (Song et al. 2020, arXiv 2010.02502, equation 12). `eta` 0 is deterministic, 1 injects as much noise as DDPM.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ddim {
    eta: f64,
}

impl Ddim {
    /// `eta` in [0, 1].
    #[must_use]
    pub const fn new(eta: f64) -> Self {
        Self { eta }
    }
}

impl Sampler for Ddim {
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let (from, to) = (step.from(), step.to());
        step.denoise()?;
        // Equation 16: σ_t = η·√((1−ᾱ')/(1−ᾱ))·√(1−ᾱ/ᾱ')
        let variance =
            to.one_minus_alpha_bar() / from.one_minus_alpha_bar() * (1.0 - from.alpha_bar() / to.alpha_bar());
        let std = self.eta * variance.max(0.0).sqrt();
        // Equation 12: x' = √ᾱ'·x̂_0 + √(1−ᾱ'−σ_t²)·ε̂ + σ_t·z
        let (signal, direction) = (to.sqrt_alpha_bar(), (to.one_minus_alpha_bar() - std * std).max(0.0).sqrt());
        step.update(|_, x0, eps| signal * x0 + direction * eps);
        step.inject(std);
        Ok(())
    }
}
