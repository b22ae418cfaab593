use super::euler::ancestral_step;
use super::{Sampler, Step};
use crate::denoiser::DenoiseError;

/// DPM-Solver-2 in σ (k-diffusion, `sample_dpm_2` and `sample_dpm_2_ancestral`; diffusers' `KDPM2DiscreteScheduler`): the
/// slope at the middle of the step in ln σ. With `eta` above 0 it steps below the next level and adds noise up to it.
#[derive(Clone, Copy, Debug)]
pub struct Dpm2 {
    eta: f64,
    s_noise: f64,
}

impl Dpm2 {
    /// `eta` 0 is deterministic. `s_noise` is the standard deviation of the noise.
    #[must_use]
    pub const fn new(eta: f64, s_noise: f64) -> Self {
        Self { eta, s_noise }
    }
}

impl Sampler for Dpm2 {
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let sigma = step.from().sigma();
        let (down, up) = ancestral_step(sigma, step.to().sigma(), self.eta);
        step.hold(0.0);
        step.denoise_held(sigma)?;
        if down > 0.0 {
            step.try_midpoint(sigma, down)?;
            step.try_again(|x, _, slope| x + (down - sigma) * slope);
        } else {
            step.try_at(step.to(), |x, slope| x + (down - sigma) * slope);
        }
        step.accept();
        step.inject(self.s_noise * up / step.to().sigma().hypot(1.0));
        Ok(())
    }
}

/// DPM-Solver++ 2S ancestral (k-diffusion, `sample_dpmpp_2s_ancestral`): the estimate at the middle of the step in ln σ,
/// down below the next level, then noise up to it.
#[derive(Clone, Copy, Debug)]
pub struct DpmSolverPp2SAncestral {
    eta: f64,
    s_noise: f64,
}

impl DpmSolverPp2SAncestral {
    /// `eta` 1 is the usual method. `s_noise` is the standard deviation of the noise.
    #[must_use]
    pub const fn new(eta: f64, s_noise: f64) -> Self {
        Self { eta, s_noise }
    }
}

impl Sampler for DpmSolverPp2SAncestral {
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let sigma = step.from().sigma();
        let (down, up) = ancestral_step(sigma, step.to().sigma(), self.eta);
        step.hold(0.0);
        step.denoise_held(sigma)?;
        if down > 0.0 {
            let middle = step.try_midpoint(sigma, down)?;
            let decay = down / sigma;
            // The estimate at the middle, of the state tried there: x̂ + (σ_m − σ)·ε̂ − σ_m·ε̂_m
            step.try_again(|x, slope, there| {
                decay * x + (1.0 - decay) * (x + (middle - sigma) * slope - middle * there)
            });
        } else {
            step.try_at(step.to(), |x, slope| x + (down - sigma) * slope);
        }
        step.accept();
        step.inject(self.s_noise * up / step.to().sigma().hypot(1.0));
        Ok(())
    }
}
