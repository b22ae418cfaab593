use super::{Memory, NoiseSource, Sampler, StepAt};
use crate::denoiser::{DenoiseError, Denoised, Denoiser};
use ndarray::{Array4, Zip};

/// DPM-Solver++ 2M (Lu et al. 2022, arXiv 2211.01095, algorithm 2): second order from two data predictions.
///
/// First order on the first step, and on the last where it ends in `σ = 0` or the run has fewer than 15 steps.
#[derive(Clone, Debug, Default)]
pub struct DpmSolverPp2M {
    /// Of the previous step.
    previous: Option<Memory>,
}

/// Whether the last step is too near the end for second order.
fn ends_in_first_order(at: StepAt) -> bool {
    let last = at.index + 1 == at.steps();
    last && (at.to().sigma() == 0.0 || at.steps() < 15)
}

impl Sampler for DpmSolverPp2M {
    fn step(
        &mut self,
        denoiser: &mut dyn Denoiser,
        x: &mut Array4<f64>,
        at: StepAt,
        _: &mut dyn NoiseSource,
        first: &mut Denoised,
    ) -> Result<(), DenoiseError> {
        let (from, to) = (at.from(), at.to());
        denoiser.denoise(x.view(), from, first)?;
        let data = first.data_prediction();
        // The paper's λ is half the log-SNR; h = λ_t − λ_s.
        let h = 0.5 * (to.log_snr() - from.log_snr());
        let decay = to.sqrt_one_minus_alpha_bar() / from.sqrt_one_minus_alpha_bar();
        let gain = -to.sqrt_alpha_bar() * (-h).exp_m1();
        match &self.previous {
            Some(Memory { step, data: previous }) if step + 1 == at.index && !ends_in_first_order(at) => {
                let h_last = 0.5 * (from.log_snr() - at.levels[at.index - 1].log_snr());
                let r = h_last / h;
                Zip::from(&mut *x).and(data).and(previous).for_each(|x, &data, &previous| {
                    let d = data + 0.5 / r * (data - previous);
                    *x = decay * *x + gain * d;
                });
            }
            _ => Zip::from(&mut *x).and(data).for_each(|x, &data| *x = decay * *x + gain * data),
        }
        match &mut self.previous {
            Some(kept) if kept.data.raw_dim() == data.raw_dim() => {
                kept.step = at.index;
                kept.data.assign(data);
            }
            other => *other = Some(Memory { step: at.index, data: data.clone() }),
        }
        Ok(())
    }

    fn repeats(&self, here: StepAt, there: StepAt) -> bool {
        ends_in_first_order(here) == ends_in_first_order(there)
    }

    fn memory(&self) -> Option<Memory> {
        self.previous.clone()
    }

    fn recall(&mut self, memory: Option<&Memory>) {
        self.previous = memory.cloned();
    }
}
