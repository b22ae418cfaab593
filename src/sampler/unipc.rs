use super::multistep::{Output, half_log_snr};
use super::{Memory, Sampler, Step, StepAt};
use crate::denoiser::DenoiseError;

/// The function `B(h)` of UniPC (diffusers: `solver_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UniPcB {
    /// `B_1(h) = h`.
    Bh1,
    /// `B_2(h) = e^h − 1`.
    Bh2,
}

/// UniPC (Zhao et al. 2023, arXiv 2302.04867), in the data prediction unless told otherwise: each step corrects the state that it
/// begins with by its own output, then predicts the next one. The order falls to 1 over the last steps.
#[derive(Clone, Debug)]
pub struct UniPc {
    order: usize,
    b: UniPcB,
    output: Output,
    /// Whether the order falls at the end.
    lower: bool,
    /// Outputs of earlier steps, and the corrected state of the latest.
    before: Option<Memory>,
}

impl UniPc {
    /// Of order 1 to 3.
    #[must_use]
    pub const fn new(order: usize, b: UniPcB) -> Self {
        Self { order, b, output: Output::Data, lower: true, before: None }
    }

    /// The same in the estimated noise (diffusers: `predict_x0` false).
    #[must_use]
    pub fn of_noise(self) -> Self {
        Self { output: Output::Noise, ..self }
    }

    /// The same with or without lower orders at the end (diffusers: `lower_order_final`).
    #[must_use]
    pub fn lower_at_the_end(self, lower: bool) -> Self {
        Self { lower, ..self }
    }

    fn order_at(&self, at: StepAt) -> usize {
        match at.to().sigma() {
            0.0 => 1,
            _ if self.lower => self.order.min(at.steps() - at.index),
            _ => self.order,
        }
    }

    /// The weights of a step from level `from` to the next: of the state, of the outputs from that of `from` backwards,
    /// and of the output at its end. Equations 3 and 8 with the `D_m` written out.
    fn weights(&self, at: StepAt, from: usize, order: usize, corrects: bool) -> (f64, Vec<f64>, f64) {
        let (s, t) = (at.levels[from], at.levels[from + 1]);
        let h = half_log_snr(at, from, from + 1);
        let (signal, noise) = (t.sqrt_alpha_bar(), t.sqrt_one_minus_alpha_bar());
        let (state, whole, scale, sign) = match self.output {
            Output::Data => (noise / s.sqrt_one_minus_alpha_bar(), -signal * (-h).exp_m1(), signal, -1.0),
            // −σ'·(e^h − 1), finite at the clean image too
            Output::Noise => (signal / s.sqrt_alpha_bar(), signal * (t.sigma() - s.sigma()), noise, 1.0),
        };
        let mut outputs = vec![whole];
        if order == 1 && !corrects {
            return (state, outputs, 0.0);
        }
        let b = match self.b {
            UniPcB::Bh1 => sign * h,
            UniPcB::Bh2 => (sign * h).exp_m1(),
        };
        let mut places: Vec<f64> = (1..order).map(|back| half_log_snr(at, from, from - back) / h).collect();
        if corrects {
            places.push(1.0);
        }
        let rho = match (order, corrects) {
            (2, false) | (1, true) => vec![0.5],
            _ => combination(&places, sign * h, b),
        };
        let mut at_end = 0.0;
        for (back, (place, rho)) in places.iter().zip(&rho).enumerate() {
            let weight = -scale * b * rho / place;
            outputs[0] -= weight;
            if back + 1 < order { outputs.push(weight) } else { at_end = weight }
        }
        (state, outputs, at_end)
    }
}

/// `ρ` with `Σ_k ρ_k·r_k^{i−1} = i!·h^i·φ_{i+1}(h)/(h^{i-1}·B(h))` for i = 1 … n (equation 5 and theorem 3.1).
fn combination(places: &[f64], h: f64, b: f64) -> Vec<f64> {
    let n = places.len();
    let mut phi = h.exp_m1() / h - 1.0;
    let mut factorial = 1.0;
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(n);
    for i in 0..n {
        let power = i32::try_from(i).unwrap_or(i32::MAX);
        let mut row: Vec<f64> = places.iter().map(|place| place.powi(power)).collect();
        row.push(phi * factorial / b);
        rows.push(row);
        factorial *= (i + 2) as f64;
        phi = phi / h - factorial.recip();
    }
    // Gauss and Jordan; the places differ, so that no pivot is 0, the first being 1.
    for pivot in 0..n {
        let scale = rows[pivot][pivot];
        rows[pivot].iter_mut().for_each(|value| *value /= scale);
        let of = rows[pivot].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(i, _)| *i != pivot) {
            let factor = row[pivot];
            row.iter_mut().zip(&of).for_each(|(value, of)| *value -= factor * of);
        }
    }
    rows.into_iter().map(|row| row[n]).collect()
}

impl Sampler for UniPc {
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let at = step.at;
        step.denoise()?;
        let output = step.output(self.output);
        let before = Memory::before(self.before.as_ref(), at.index);
        if let Some(last) = self.before.as_ref().and_then(|memory| memory.state.as_ref()).filter(|_| !before.is_empty())
        {
            let earlier = StepAt { index: at.index - 1, ..at };
            let order = self.order_at(earlier).min(before.len());
            let (state, outputs, at_end) = self.weights(at, earlier.index, order, true);
            step.x.assign(last);
            step.combine(state, outputs.into_iter().zip(before).chain([(at_end, &output)]));
        }
        let corrected = step.x.clone();
        let order = self.order_at(at).min(before.len() + 1);
        let (state, outputs, _) = self.weights(at, at.index, order, false);
        step.combine(state, outputs.into_iter().zip(std::iter::once(&output).chain(before)));
        Memory::push(&mut self.before, at.index, output, self.order);
        if let Some(memory) = &mut self.before {
            memory.state = Some(corrected);
        }
        Ok(())
    }

    fn repeats(&self, here: StepAt, there: StepAt) -> bool {
        self.order_at(here) == self.order_at(there)
    }

    fn memory(&self) -> Option<Memory> {
        self.before.clone()
    }

    fn recall(&mut self, memory: Option<&Memory>) {
        self.before = memory.cloned();
    }
}
