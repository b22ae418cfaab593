use super::{Sampler, Step};
use crate::denoiser::DenoiseError;
use crate::schedule::ModelSchedule;
use crate::theory::NoiseLevel;

/// Trajectory consistency sampling (Zheng et al. 2024, arXiv 2402.19159, algorithm 4; diffusers' `TCDScheduler`): to the level at
/// the share 1 − γ of the next timestep, then noise up to the next level.
#[derive(Clone, Debug)]
pub struct Tcd {
    gamma: f64,
    /// Whose timesteps; `None` takes the share of σ.
    schedule: Option<ModelSchedule>,
}

impl Tcd {
    /// γ in [0, 1]: 0 is deterministic, 1 draws all noise afresh.
    #[must_use]
    pub fn new(gamma: f64, schedule: Option<&ModelSchedule>) -> Self {
        Self { gamma, schedule: schedule.cloned() }
    }

    /// The level that is stepped to before noise is added up to `to`.
    fn below(&self, to: NoiseLevel) -> NoiseLevel {
        if to.sigma() == 0.0 || self.gamma == 0.0 {
            return to;
        }
        let share = 1.0 - self.gamma;
        match &self.schedule {
            Some(schedule @ ModelSchedule::Discrete(_)) => {
                let timestep = schedule.timestep_of(to);
                let whole = timestep.round();
                // Timesteps are whole in diffusers, which multiplies in f32.
                let below = if (timestep - whole).abs() < 1e-6 {
                    f64::from((share as f32 * whole as f32).floor())
                } else {
                    share * timestep
                };
                schedule.level_at(below)
            }
            Some(ModelSchedule::Flow { .. }) => NoiseLevel::from_flow_time(share * to.flow_time()),
            _ => NoiseLevel::from_sigma(share * to.sigma()),
        }
    }
}

impl Sampler for Tcd {
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let to = step.to();
        let below = self.below(to);
        step.denoise()?;
        let (signal, noise) = (below.sqrt_alpha_bar(), below.sqrt_one_minus_alpha_bar());
        // ᾱ' = ᾱ_s·ratio
        let ratio = to.alpha_bar() / below.alpha_bar();
        let grow = ratio.sqrt();
        step.update_by_both(|data, eps| grow * (signal * data + noise * eps));
        step.inject((1.0 - ratio).max(0.0).sqrt());
        Ok(())
    }
}
