use super::StepAt;
use super::multistep::{End, Output, Rule, Weights};

/// DEIS (Zhang and Chen 2022, arXiv 2204.13902), multistep in log ρ as in diffusers, of orders 1 to 3: the polynomial in
/// `ln σ` through the latest noise predictions is integrated over σ.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deis {
    pub order: usize,
    pub end: End,
}

impl Rule for Deis {
    const OUTPUT: Output = Output::Noise;

    fn order(&self) -> usize {
        self.order
    }

    fn order_at(&self, at: StepAt) -> usize {
        self.end.order(at, self.order)
    }

    fn weights(&self, at: StepAt, order: usize) -> Weights {
        let (s, t) = (at.from(), at.to());
        let signal = t.sqrt_alpha_bar();
        let log_sigma = |back: usize| -0.5 * at.levels[at.index - back].log_snr();
        let outputs = (0..order).map(|of| {
            let others: Vec<f64> = (0..order).filter(|k| *k != of).map(log_sigma).collect();
            let scale: f64 = others.iter().map(|other| log_sigma(of) - other).product();
            signal * (antiderivative(t.sigma(), &others) - antiderivative(s.sigma(), &others)) / scale
        });
        Weights { state: signal / s.sqrt_alpha_bar(), outputs: outputs.collect(), noise: 0.0 }
    }
}

/// `∫ Π (ln ρ − l) dρ` over at most two roots `l`.
fn antiderivative(rho: f64, roots: &[f64]) -> f64 {
    if rho == 0.0 {
        return 0.0;
    }
    let log = rho.ln();
    rho * match roots {
        [] => 1.0,
        [a] => log - 1.0 - a,
        [a, b, ..] => log * log - 2.0 * log + 2.0 - (a + b) * (log - 1.0) + a * b,
    }
}
