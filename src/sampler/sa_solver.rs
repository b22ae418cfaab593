use super::multistep::{Output, half_log_snr};
use super::{Memory, Sampler, Step, StepAt};
use crate::denoiser::DenoiseError;
use crate::schedule::ModelSchedule;
use ndarray::Array4;

/// SA-Solver (Xue et al. 2023, arXiv 2309.05019, algorithm 1), as in diffusers: a stochastic Adams–Bashforth step predicts the next
/// state, and the next step corrects it by its own output and the same noise (Adams–Moulton).
#[derive(Clone, Debug)]
pub(super) struct SaSolver {
    pub predictor: usize,
    pub corrector: usize,
    pub output: Output,
    /// τ between the timesteps of [`STOCHASTIC`]; 0 elsewhere.
    pub tau: f64,
    /// Whose timesteps; `None` adds noise in every step.
    pub schedule: Option<ModelSchedule>,
    /// Whether the orders fall at the end.
    pub lower: bool,
    /// Outputs of earlier steps, and the state that the latest began with, corrected.
    pub before: Option<Memory>,
}

/// Timesteps that add noise (diffusers: the default of `tau_func`).
const STOCHASTIC: std::ops::RangeInclusive<f64> = 200.0..=800.0;

/// Weights of a step.
struct Weights {
    state: f64,
    outputs: Vec<f64>,
    noise: f64,
}

impl SaSolver {
    fn tau_at(&self, at: StepAt) -> f64 {
        let is_in = |schedule: &ModelSchedule| {
            let timestep = schedule.timestep_of(at.from());
            let whole = timestep.round();
            STOCHASTIC.contains(&if (timestep - whole).abs() < 1e-6 { whole } else { timestep })
        };
        if self.schedule.as_ref().is_none_or(is_in) { self.tau } else { 0.0 }
    }

    /// `order`, less over the last steps; `more` is 1 for the corrector.
    fn lowered(&self, at: StepAt, order: usize, more: usize) -> usize {
        match at.to().sigma() {
            0.0 => 1,
            _ if self.lower => order.min(at.steps() - at.index + more),
            _ => order,
        }
    }

    /// Of the step `at`, with outputs at the levels `nodes` of the run, `corrects` where the first of them is its end.
    fn weights(&self, at: StepAt, nodes: &[usize], corrects: bool) -> Weights {
        let (s, t) = (at.from(), at.to());
        let (signal, noise) = (t.sqrt_alpha_bar(), t.sqrt_one_minus_alpha_bar());
        if t.sigma() == 0.0 && self.output == Output::Data {
            return Weights { state: 0.0, outputs: vec![signal], noise: 0.0 };
        }
        let h = half_log_snr(at, at.index, at.index + 1);
        let square = self.tau_at(at).powi(2);
        let (decay, scale) = match self.output {
            Output::Data => (1.0 + square, (1.0 + square) * signal),
            Output::Noise => (-1.0, -(1.0 + square) * noise),
        };
        // The distance of each node from the end of the step, in half log-SNR.
        let places: Vec<f64> = nodes.iter().map(|&node| half_log_snr(at, node, at.index + 1)).collect();
        let mut outputs: Vec<f64> = (0..nodes.len()).map(|of| scale * integral(&places, of, decay, h)).collect();
        if self.output == Output::Noise && nodes.len() == 1 {
            // −σ'·(e^h − 1), finite at the clean image too
            outputs = vec![(1.0 + square) * signal * (t.sigma() - s.sigma())];
        }
        if let (Output::Data, &[newest, older]) = (self.output, &places[..]) {
            // diffusers' change of second order, as in UniPC: the slope at the middle of the step.
            let apart = if corrects { h } else { older - newest };
            let moved = scale * (0.5 * h * h - (h * decay - 1.0 + (-decay * h).exp()) / (decay * decay)) / apart;
            outputs[0] += moved;
            outputs[1] -= moved;
        }
        match self.output {
            Output::Data => Weights {
                state: (-square * h).exp() * noise / s.sqrt_one_minus_alpha_bar(),
                outputs,
                noise: noise * (-(-2.0 * square * h).exp_m1()).sqrt(),
            },
            Output::Noise if t.sigma() == 0.0 => Weights { state: signal / s.sqrt_alpha_bar(), outputs, noise: 0.0 },
            Output::Noise => Weights {
                state: signal / s.sqrt_alpha_bar(),
                outputs,
                noise: square.sqrt() * noise * (2.0 * h).exp_m1().sqrt(),
            },
        }
    }
}

/// `∫_0^h e^{−decay·u}·L(u) du`, L being the polynomial that is 1 at place `of` and 0 at the others; u runs backwards from the end.
fn integral(places: &[f64], of: usize, decay: f64, h: f64) -> f64 {
    // Coefficients of L, lowest first.
    let mut polynomial = vec![1.0];
    for other in places.iter().enumerate().filter(|(k, _)| *k != of).map(|(_, place)| place) {
        let apart = places[of] - other;
        let mut next = vec![0.0; polynomial.len() + 1];
        for (power, coefficient) in polynomial.iter().enumerate() {
            next[power + 1] += coefficient / apart;
            next[power] -= coefficient * other / apart;
        }
        polynomial = next;
    }
    let end = (-decay * h).exp();
    // ∫ u^j·e^{−decay·u} by parts.
    let mut moment = -(-decay * h).exp_m1() / decay;
    let mut sum = 0.0;
    let mut power = 1.0;
    for (j, coefficient) in polynomial.iter().enumerate() {
        sum += coefficient * moment;
        power *= h;
        moment = ((j + 1) as f64 * moment - power * end) / decay;
    }
    sum
}

impl Sampler for SaSolver {
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let at = step.at;
        step.denoise()?;
        let output = step.output(self.output);
        let before = Memory::before(self.before.as_ref(), at.index);
        let last = self.before.as_ref().and_then(|memory| memory.state.as_ref()).filter(|_| !before.is_empty());
        if let Some(last) = last {
            let earlier = StepAt { index: at.index - 1, ..at };
            let order = self.lowered(earlier, self.corrector, 1).min(before.len() + 1);
            let nodes: Vec<usize> = (0..order).map(|back| at.index - back).collect();
            let Weights { state, outputs, noise } = self.weights(earlier, &nodes, true);
            step.x.assign(last);
            step.combine(state, outputs.iter().copied().zip(std::iter::once(&output).chain(before)));
            step.inject_of(earlier.index, noise);
        }
        let corrected: Array4<f64> = step.x.clone();
        let order = self.lowered(at, self.predictor, 0).min(before.len() + 1);
        let nodes: Vec<usize> = (0..order).map(|back| at.index - back).collect();
        let Weights { state, outputs, noise } = self.weights(at, &nodes, false);
        step.combine(state, outputs.iter().copied().zip(std::iter::once(&output).chain(before)));
        step.inject(noise);
        Memory::push(&mut self.before, at.index, output, self.predictor.max(self.corrector - 1));
        if let Some(memory) = &mut self.before {
            memory.state = Some(corrected);
        }
        Ok(())
    }

    fn repeats(&self, here: StepAt, there: StepAt) -> bool {
        let orders = |at: StepAt| (self.lowered(at, self.predictor, 0), self.lowered(at, self.corrector, 1));
        orders(here) == orders(there)
    }

    fn memory(&self) -> Option<Memory> {
        self.before.clone()
    }

    fn recall(&mut self, memory: Option<&Memory>) {
        self.before = memory.cloned();
    }
}
