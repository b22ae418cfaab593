use super::multistep::half_log_snr;
use super::{Memory, Sampler, Step, StepAt};
use crate::denoiser::DenoiseError;

/// DPM-Solver++ singlestep (Lu et al. 2022, arXiv 2211.01095, algorithm 1), as in diffusers: of each two or three steps, the
/// first is of first order, and the next go on from where the first began.
#[derive(Clone, Debug)]
pub struct DpmSolverPpSinglestep {
    order: usize,
    /// Outputs since the first of these steps, and the state that it left.
    group: Option<Memory>,
}

impl DpmSolverPpSinglestep {
    /// Of order 2 or 3.
    #[must_use]
    pub const fn new(order: usize) -> Self {
        Self { order, group: None }
    }

    fn order_at(&self, at: StepAt) -> usize {
        if at.to().sigma() == 0.0 { 1 } else { at.index % self.order + 1 }
    }
}

impl Sampler for DpmSolverPpSinglestep {
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let at = step.at;
        step.denoise()?;
        let data = step.work.first.data_prediction().clone();
        let before = Memory::before(self.group.as_ref(), at.index);
        let start = self.group.as_ref().and_then(|group| group.state.clone());
        let order = self.order_at(at).min(before.len() + 1);
        let (order, start) = match start {
            Some(start) if order > 1 => (order, start),
            _ => (1, step.x.clone()),
        };
        let first = at.index + 1 - order;
        let (s, t) = (at.levels[first], at.to());
        let signal = t.sqrt_alpha_bar();
        let state = t.sqrt_one_minus_alpha_bar() / s.sqrt_one_minus_alpha_bar();
        let h = half_log_snr(at, first, at.index + 1);
        let whole = -signal * (-h).exp_m1();
        let slope = match order {
            1 => 0.0,
            2 => 0.5 * whole,
            _ => signal * ((-h).exp_m1() / h + 1.0),
        };
        // The slope between the first output and this one.
        let slope = if order == 1 { 0.0 } else { slope / (half_log_snr(at, first, at.index) / h) };
        let oldest = if order == 1 { &data } else { &before[order - 2] };
        step.x.assign(&start);
        step.combine(state, [(slope, &data), (whole - slope, oldest)].into_iter());
        if order == 1 {
            self.group = None;
        }
        Memory::push(&mut self.group, at.index, data, self.order - 1);
        if let Some(group) = &mut self.group {
            group.state = Some(start);
        }
        Ok(())
    }

    fn memory(&self) -> Option<Memory> {
        self.group.clone()
    }

    fn recall(&mut self, memory: Option<&Memory>) {
        self.group = memory.cloned();
    }
}
