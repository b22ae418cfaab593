//! What linear multistep methods share: `x' = a·x + Σ c_k·m_k + std·z`, with the outputs `m_k` of this step (k = 0) and of
//! those before it. A method is its rule for these weights.

use super::{Memory, Sampler, Step, StepAt};
use crate::denoiser::DenoiseError;

/// What the weights multiply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// The data prediction.
    Data,
    /// The noise that belongs to the data prediction, `(x − √ᾱ·data)/√(1−ᾱ)`.
    Noise,
}

/// Of one step.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    /// `a`.
    pub state: f64,
    /// `c_0`, of this step's output, and of as many before it as the order has.
    pub outputs: Vec<f64>,
    /// `std`.
    pub noise: f64,
}

/// How a method weighs.
pub(super) trait Rule: Send {
    /// What it weighs.
    const OUTPUT: Output;

    /// The order of a step with all steps before it at hand.
    fn order(&self) -> usize;

    /// The order at this place of the run: less at the end, for most.
    fn order_at(&self, at: StepAt) -> usize;

    /// The weights of a step of this order.
    fn weights(&self, at: StepAt, order: usize) -> Weights;

    /// The method.
    fn multistep(self) -> Multistep<Self>
    where
        Self: Sized,
    {
        Multistep { rule: self, before: None }
    }
}

/// A linear multistep method.
#[derive(Clone, Debug)]
pub(super) struct Multistep<R> {
    rule: R,
    before: Option<Memory>,
}

impl<R: Rule> Sampler for Multistep<R> {
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let at = step.at;
        step.denoise()?;
        let output = step.output(R::OUTPUT);
        let before = Memory::before(self.before.as_ref(), at.index);
        let order = self.rule.order_at(at).min(before.len() + 1);
        let Weights { state, outputs, noise } = if at.to() == at.from() {
            // A run that ends where its last step starts.
            Weights { state: 1.0, outputs: Vec::new(), noise: 0.0 }
        } else {
            self.rule.weights(at, order)
        };
        step.combine(state, outputs.iter().copied().zip(std::iter::once(&output).chain(before)));
        step.inject(noise);
        Memory::push(&mut self.before, at.index, output, self.rule.order() - 1);
        Ok(())
    }

    fn repeats(&self, here: StepAt, there: StepAt) -> bool {
        self.rule.order_at(here) == self.rule.order_at(there)
    }

    fn memory(&self) -> Option<Memory> {
        self.before.clone()
    }

    fn recall(&mut self, memory: Option<&Memory>) {
        self.before = memory.cloned();
    }
}

/// Where the order falls at the end of a run. A step onto the clean image is always of first order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// In runs of fewer than 15 steps the last step is of first order and the one before it of second (diffusers:
    /// `lower_order_final`).
    pub lower: bool,
    /// The last step is of first order (diffusers: `euler_at_final`).
    pub euler: bool,
}

impl End {
    pub(super) fn order(self, at: StepAt, order: usize) -> usize {
        let left = at.steps() - at.index;
        let most = if at.to().sigma() == 0.0 || (self.euler && left == 1) {
            1
        } else if self.lower && at.steps() < 15 {
            left
        } else {
            order
        };
        order.min(most)
    }
}

/// `h = λ' − λ` of the papers, whose λ is half the log-SNR, from level `from` to level `to` of the run.
pub(super) fn half_log_snr(at: StepAt, from: usize, to: usize) -> f64 {
    0.5 * (at.levels[to].log_snr() - at.levels[from].log_snr())
}
