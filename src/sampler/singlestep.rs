use super::dpm_solver::Slope;
use super::multistep::{Output, half_log_snr};
use super::{Memory, Sampler, Step, StepAt};
use crate::denoiser::DenoiseError;

/// DPM-Solver++ singlestep (Lu et al. 2022, arXiv 2211.01095, algorithm 1), as in diffusers: of each two or three steps, the
/// first is of first order, and the next go on from where the first began. In the estimated noise it is DPM-Solver
/// (arXiv 2206.00927); with `eta` above 0 the estimated image solves the reverse SDE.
#[derive(Clone, Debug)]
pub(super) struct Singlestep {
    pub order: usize,
    pub slope: Slope,
    pub output: Output,
    pub eta: f64,
    pub s_noise: f64,
    /// Whether a group that ends the run has a last step of first order (diffusers: `lower_order_final`).
    pub lower: bool,
    /// Outputs since the first of these steps, and the state that it left.
    pub group: Option<Memory>,
}

/// Of a step: of the state at its beginning, of `D_0`, `D_1` and `D_2`, and of the noise.
struct Terms {
    state: f64,
    orders: [f64; 3],
    noise: f64,
}

impl Singlestep {
    fn order_at(&self, at: StepAt) -> usize {
        let last = at.index + 1 == at.steps();
        let lowered = self.lower && last && at.steps().is_multiple_of(self.order);
        if at.to().sigma() == 0.0 || lowered { 1 } else { at.index % self.order + 1 }
    }

    /// Of a step from level `first` to the next one, of this order.
    fn terms(&self, at: StepAt, first: usize, order: usize) -> Terms {
        let (s, t) = (at.levels[first], at.to());
        let (signal, noise) = (t.sqrt_alpha_bar(), t.sqrt_one_minus_alpha_bar());
        let h = half_log_snr(at, first, at.index + 1);
        let midpoint = order == 2 && self.slope == Slope::Midpoint;
        if self.output == Output::Noise {
            let whole = signal * (t.sigma() - s.sigma());
            let slope = if midpoint { 0.5 * whole } else { -noise * (h.exp_m1() / h - 1.0) };
            let bend = -noise * ((h.exp_m1() - h) / (h * h) - 0.5);
            return Terms { state: signal / s.sqrt_alpha_bar(), orders: [whole, slope, bend], noise: 0.0 };
        }
        let state = noise / s.sqrt_one_minus_alpha_bar();
        if t.sigma() == 0.0 {
            return Terms { state, orders: [signal, 0.0, 0.0], noise: 0.0 };
        }
        let noisy = self.eta * h;
        let length = h + noisy;
        let whole = -signal * (-length).exp_m1();
        let slope = if midpoint { 0.5 * whole } else { signal * ((-length).exp_m1() / length + 1.0) };
        let bend = -signal * (((-length).exp_m1() / length + 1.0) / length - 0.5);
        Terms {
            state: state * (-noisy).exp(),
            orders: [whole, slope, bend],
            noise: self.s_noise * noise * (-(-2.0 * noisy).exp_m1()).sqrt(),
        }
    }

    /// Weights of the outputs, newest first. The derivatives are differences from the oldest output.
    fn weights(&self, at: StepAt, first: usize, order: usize, [whole, slope, bend]: [f64; 3]) -> Vec<f64> {
        let h = half_log_snr(at, first, at.index + 1);
        let ratio = |place: usize| half_log_snr(at, first, place) / h;
        match (order, self.slope) {
            (1, _) => vec![whole],
            (2, _) => {
                let slope = slope / ratio(at.index);
                vec![slope, whole - slope]
            }
            (_, Slope::Midpoint) => {
                let slope = slope / ratio(at.index);
                vec![slope, 0.0, whole - slope]
            }
            (_, Slope::Heun) => {
                let (near, far) = (ratio(first + 1), ratio(first + 2));
                // D_1 = (far·D_near − near·D_far)/(far − near), D_2 = 2·(D_far − D_near)/(far − near)
                let of_near = (slope * far - 2.0 * bend) / (far - near) / near;
                let of_far = (2.0 * bend - slope * near) / (far - near) / far;
                vec![of_far, of_near, whole - of_far - of_near]
            }
        }
    }
}

impl Sampler for Singlestep {
    fn step(&mut self, step: &mut Step) -> Result<(), DenoiseError> {
        let at = step.at;
        step.denoise()?;
        let output = step.output(self.output);
        let before = Memory::before(self.group.as_ref(), at.index);
        let start = self.group.as_ref().and_then(|group| group.state.clone());
        let order = self.order_at(at).min(before.len() + 1);
        let (order, start) = match start {
            Some(start) if order > 1 => (order, start),
            _ => (1, step.x.clone()),
        };
        let first = at.index + 1 - order;
        let terms = self.terms(at, first, order);
        let weights = self.weights(at, first, order, terms.orders);
        step.x.assign(&start);
        let weighted = weights.iter().copied().zip(std::iter::once(&output).chain(before));
        step.combine(terms.state, weighted.filter(|(weight, _)| *weight != 0.0));
        step.inject(terms.noise);
        if order == 1 {
            self.group = None;
        }
        Memory::push(&mut self.group, at.index, output, self.order - 1);
        if let Some(group) = &mut self.group {
            group.state = Some(start);
        }
        Ok(())
    }

    fn repeats(&self, here: StepAt, there: StepAt) -> bool {
        self.order_at(here) == self.order_at(there)
    }

    fn memory(&self) -> Option<Memory> {
        self.group.clone()
    }

    fn recall(&mut self, memory: Option<&Memory>) {
        self.group = memory.cloned();
    }
}
