use super::StepAt;
use super::multistep::{Output, Rule, Weights};

/// Linear multistep of orders 1 to 4 in σ (k-diffusion, `sample_lms`): the polynomial through the latest noise predictions is
/// integrated over the step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lms {
    pub order: usize,
}

impl Rule for Lms {
    const OUTPUT: Output = Output::Noise;

    fn order(&self) -> usize {
        self.order
    }

    fn order_at(&self, _: StepAt) -> usize {
        self.order
    }

    fn weights(&self, at: StepAt, order: usize) -> Weights {
        let (s, t) = (at.from(), at.to());
        let nodes: Vec<f64> = (0..order).map(|back| at.levels[at.index - back].sigma()).collect();
        let signal = t.sqrt_alpha_bar();
        let outputs = (0..order).map(|of| signal * integral(&nodes, of, s.sigma(), t.sigma())).collect();
        Weights { state: signal / s.sqrt_alpha_bar(), outputs, noise: 0.0 }
    }
}

/// `∫ Π_{k≠of} (τ − n_k)/(n_of − n_k) dτ`, by Gauss and Legendre's two points, which are exact up to degree 3.
fn integral(nodes: &[f64], of: usize, from: f64, to: f64) -> f64 {
    let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
    let lagrange = |tau: f64| -> f64 {
        let others = nodes.iter().enumerate().filter(|(k, _)| *k != of);
        others.map(|(_, node)| (tau - node) / (nodes[of] - node)).product()
    };
    let point = half / 3.0_f64.sqrt();
    half * (lagrange(middle - point) + lagrange(middle + point))
}
