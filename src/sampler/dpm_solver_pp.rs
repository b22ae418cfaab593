use super::{Memory, Sampler, Step, StepAt};
use crate::denoiser::DenoiseError;

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
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let (s, t, at) = (step.from(), step.to(), step.at);
        step.denoise()?;
        // The paper's λ is half the log-SNR; h = λ_t − λ_s.
        let h = 0.5 * (t.log_snr() - s.log_snr());
        let decay = t.sqrt_one_minus_alpha_bar() / s.sqrt_one_minus_alpha_bar();
        let gain = -t.sqrt_alpha_bar() * (-h).exp_m1();
        match &self.previous {
            Some(previous) if previous.step + 1 == at.index && !ends_in_first_order(at) => {
                let h_last = 0.5 * (s.log_snr() - at.levels[at.index - 1].log_snr());
                let r = h_last / h;
                // Line 8: D = (1 + 1/2r)·data − 1/2r·data before
                step.update_by_two(&previous.outputs[0], |x, data, before| {
                    decay * x + gain * (data + 0.5 / r * (data - before))
                });
            }
            _ => step.update_by_data(|x, data| decay * x + gain * data),
        }
        Memory::push(&mut self.previous, at.index, step.work.first.data_prediction().clone(), 1);
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
