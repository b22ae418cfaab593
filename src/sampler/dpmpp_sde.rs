use super::euler::ancestral_step;
use super::{Sampler, Step};
use crate::denoiser::DenoiseError;
use crate::theory::NoiseLevel;

/// DPM-Solver++ SDE (k-diffusion, `sample_dpmpp_sde`; diffusers' `DPMSolverSDEScheduler`): an ancestral step to a level within
/// the step, then a whole one with the estimate from there. Each adds noise of its own.
#[derive(Clone, Copy, Debug)]
pub struct DpmSolverPpSde {
    /// η; 1 is the usual method.
    pub eta: f64,
    /// Where the second estimate lies, as a share of the step in ln σ.
    pub r: f64,
    /// Standard deviation of the noise.
    pub s_noise: f64,
}

impl Sampler for DpmSolverPpSde {
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let (sigma, next) = (step.from().sigma(), step.to().sigma());
        step.hold(0.0);
        step.denoise_held(sigma)?;
        if next == 0.0 {
            step.try_at(step.to(), |x, slope| x - sigma * slope);
            step.accept();
            return Ok(());
        }
        // Step 1: down below the level within, then noise up to it.
        let within = (sigma.ln() + self.r * (next.ln() - sigma.ln())).exp();
        let (down, up) = ancestral_step(sigma, within, self.eta);
        step.try_at(NoiseLevel::from_sigma(within), |x, slope| x + (down - sigma) * slope);
        step.inject_tried(self.s_noise * up / within.hypot(1.0));
        step.denoise_tried()?;
        // Step 2: the same over the whole step, with both estimates x̂ − σ·ε̂.
        let (down, up) = ancestral_step(sigma, next, self.eta);
        let share = 0.5 / self.r;
        let decay = down / sigma;
        step.try_by_tried(|x, tried, slope, there| {
            let image = (1.0 - share) * (x - sigma * slope) + share * (tried - within * there);
            decay * x + (1.0 - decay) * image
        });
        step.accept();
        step.inject_again(self.s_noise * up / next.hypot(1.0));
        Ok(())
    }
}
