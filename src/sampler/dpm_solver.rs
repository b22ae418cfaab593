//! DPM-Solver and DPM-Solver++ as multistep methods of orders 1 to 3, and the stochastic forms of the latter.

use super::StepAt;
use super::multistep::{End, Output, Rule, Weights, half_log_snr};

/// How a second-order step weighs the slope (diffusers: `solver_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slope {
    /// At the middle of the step.
    Midpoint,
    /// By its integral.
    Heun,
}

/// DPM-Solver++ (Lu et al. 2022, arXiv 2211.01095), multistep. With `eta` above 0 it solves the reverse SDE (section 3.4
/// there; k-diffusion, `sample_dpmpp_2m_sde` and `sample_dpmpp_3m_sde`).
#[derive(Clone, Copy, Debug)]
pub(super) struct DpmSolverPp {
    pub order: usize,
    pub slope: Slope,
    pub eta: f64,
    pub s_noise: f64,
    pub end: End,
}

impl Rule for DpmSolverPp {
    const OUTPUT: Output = Output::Data;

    fn order(&self) -> usize {
        self.order
    }

    fn order_at(&self, at: StepAt) -> usize {
        self.end.order(at, self.order)
    }

    fn weights(&self, at: StepAt, order: usize) -> Weights {
        let (s, t) = (at.from(), at.to());
        let (signal, noise) = (t.sqrt_alpha_bar(), t.sqrt_one_minus_alpha_bar());
        if t.sigma() == 0.0 {
            return Weights { state: 0.0, outputs: vec![signal], noise: 0.0 };
        }
        let h = half_log_snr(at, at.index, at.index + 1);
        let noisy = self.eta * h;
        let whole = h + noisy;
        let first = -signal * (-whole).exp_m1();
        let integral = signal * ((-whole).exp_m1() / whole + 1.0);
        let second = if order == 2 && self.slope == Slope::Midpoint { 0.5 * first } else { integral };
        let third = -signal * (((-whole).exp_m1() / whole + 1.0) / whole - 0.5);
        Weights {
            state: noise / s.sqrt_one_minus_alpha_bar() * (-noisy).exp(),
            outputs: by_differences(at, order, [first, second, third]),
            noise: self.s_noise * noise * (-(-2.0 * noisy).exp_m1()).sqrt(),
        }
    }
}

/// DPM-Solver (Lu et al. 2022, arXiv 2206.00927), multistep as in diffusers (`algorithm_type` `dpmsolver`): in the noise
/// prediction. With `eta` above 0 it solves the reverse SDE (`sde-dpmsolver`), but for a step onto the clean image.
#[derive(Clone, Copy, Debug)]
pub(super) struct DpmSolver {
    pub order: usize,
    pub slope: Slope,
    pub eta: f64,
    pub end: End,
}

impl Rule for DpmSolver {
    const OUTPUT: Output = Output::Noise;

    fn order(&self) -> usize {
        self.order
    }

    fn order_at(&self, at: StepAt) -> usize {
        self.end.order(at, self.order)
    }

    fn weights(&self, at: StepAt, order: usize) -> Weights {
        let (s, t) = (at.from(), at.to());
        let (signal, noise) = (t.sqrt_alpha_bar(), t.sqrt_one_minus_alpha_bar());
        let eta = if t.sigma() > 0.0 { self.eta } else { 0.0 };
        let drift = 1.0 + eta * eta;
        // −σ'·(e^h − 1), finite at the clean image too
        let first = drift * signal * (t.sigma() - s.sigma());
        let h = half_log_snr(at, at.index, at.index + 1);
        let orders = if order == 1 {
            [first, 0.0, 0.0]
        } else {
            let integral = -drift * noise * (h.exp_m1() / h - 1.0);
            let second = if order == 2 && self.slope == Slope::Midpoint { 0.5 * first } else { integral };
            [first, second, -drift * noise * ((h.exp_m1() - h) / (h * h) - 0.5)]
        };
        let std = if eta > 0.0 { eta * noise * (2.0 * h).exp_m1().sqrt() } else { 0.0 };
        Weights { state: signal / s.sqrt_alpha_bar(), outputs: by_differences(at, order, orders), noise: std }
    }
}

/// Weights of outputs from those of `D_0`, `D_1` and `D_2`, the derivatives in λ by finite differences (arXiv 2211.01095,
/// appendix B).
fn by_differences(at: StepAt, order: usize, [first, second, third]: [f64; 3]) -> Vec<f64> {
    let h = half_log_snr(at, at.index, at.index + 1);
    let ratio = |back: usize| half_log_snr(at, at.index - back, at.index + 1 - back) / h;
    match order {
        1 => vec![first],
        2 => {
            let slope = second / ratio(1);
            vec![first + slope, -slope]
        }
        _ => {
            let (r0, r1) = (ratio(1), ratio(2));
            let newer = (second * (1.0 + r0 / (r0 + r1)) + third / (r0 + r1)) / r0;
            let older = -(second * r0 + third) / (r0 + r1) / r1;
            vec![first + newer, older - newer, -older]
        }
    }
}
