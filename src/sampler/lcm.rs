use super::{Sampler, Step};
use crate::denoiser::DenoiseError;

/// Multistep consistency sampling (Song et al. 2023, arXiv 2303.01469, algorithm 1), as latent consistency models have it
/// (Luo et al. 2023, arXiv 2310.04378, algorithm 2): the estimated image, with all of its noise drawn afresh.
///
/// The boundary scalings of diffusers' `LCMScheduler` are left out, as in `ComfyUI`: they are within `2.5e-3/t²` of 0 and 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lcm;

impl Sampler for Lcm {
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let to = step.to();
        step.denoise()?;
        let signal = to.sqrt_alpha_bar();
        step.update(|_, x0, _| signal * x0);
        step.inject(to.sqrt_one_minus_alpha_bar());
        Ok(())
    }
}
