use super::{Sampler, Step};
use crate::denoiser::DenoiseError;
use serde::{Deserialize, Serialize};

/// Variance of DDPM's reverse step (diffusers: `variance_type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Variance {
    /// `β̃`, the variance of the forward posterior.
    #[default]
    FixedSmall,
    /// `β`.
    FixedLarge,
}

/// DDPM (Ho et al. 2020, arXiv 2006.11239, algorithm 2 in the form of equation 7), for steps of any length.
#[derive(Clone, Copy, Debug)]
pub struct Ddpm {
    variance: Variance,
}

impl Ddpm {
    /// With the given reverse variance.
    #[must_use]
    pub const fn new(variance: Variance) -> Self {
        Self { variance }
    }
}

impl Sampler for Ddpm {
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let (from, to) = (step.from(), step.to());
        step.denoise()?;
        let alpha = from.alpha_bar() / to.alpha_bar();
        let beta = 1.0 - alpha;
        // Equation 7: the mean of q(x_{t'} | x_t, x_0)
        let image = to.sqrt_alpha_bar() * beta / from.one_minus_alpha_bar();
        let state = alpha.sqrt() * to.one_minus_alpha_bar() / from.one_minus_alpha_bar();
        step.update(|x, x0, _| image * x0 + state * x);
        let variance = match self.variance {
            Variance::FixedSmall => beta * to.one_minus_alpha_bar() / from.one_minus_alpha_bar(),
            Variance::FixedLarge => beta,
        };
        // The step onto the clean image adds nothing (algorithm 2, line 3), whatever the variance.
        step.inject(if to.sigma() > 0.0 { variance.sqrt() } else { 0.0 });
        Ok(())
    }
}
