use super::{Sampler, Step};
use crate::denoiser::DenoiseError;

/// Multistep consistency sampling (Song et al. 2023, arXiv 2303.01469, algorithm 1), as latent consistency models have it
/// (Luo et al. 2023, arXiv 2310.04378, algorithm 2): the estimated image, with all of its noise drawn afresh.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lcm {
    /// `timestep_scaling` of the boundary scalings of diffusers' `LCMScheduler`; 0 leaves them out, as `ComfyUI` does. At the
    /// usual 10 they are within `2.5e-3/t²` of 0 and 1.
    pub timestep_scaling: f64,
}

/// `σ_data` of the boundary scalings.
const SIGMA_DATA: f64 = 0.5;

impl Sampler for Lcm {
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let to = step.to();
        step.denoise()?;
        let signal = to.sqrt_alpha_bar();
        if self.timestep_scaling > 0.0 {
            let t = self.timestep_scaling * step.work.first.timestep;
            let whole = t.hypot(SIGMA_DATA);
            let (skip, out) = ((SIGMA_DATA / whole).powi(2), t / whole);
            step.update(|x, x0, _| signal * (out * x0 + skip * x));
        } else {
            step.update(|_, x0, _| signal * x0);
        }
        step.inject(to.sqrt_one_minus_alpha_bar());
        Ok(())
    }
}
