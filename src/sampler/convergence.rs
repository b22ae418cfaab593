//! On a Gaussian prior, where the exact end of a run is known: how the error falls with the length of the steps.

use super::{Churn, SamplerKind, SeededNoise, Step, StepAt, Variance, Workspace};
use crate::denoiser::{DenoiseError, Denoised, Denoiser};
use crate::theory::NoiseLevel;
use ndarray::{Array4, ArrayView4};

/// Variance of the prior.
const PRIOR: f64 = 0.3;

struct Prior;

impl Denoiser for Prior {
    fn denoise(&mut self, x: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
        let (signal, noise) = (level.sqrt_alpha_bar(), level.sqrt_one_minus_alpha_bar());
        let total = variance(level);
        out.x0 = x.mapv(|x| signal * PRIOR / total * x);
        out.eps = x.mapv(|x| noise / total * x);
        out.unclipped_x0 = None;
        Ok(())
    }
}

fn variance(level: NoiseLevel) -> f64 {
    level.alpha_bar() * PRIOR + level.one_minus_alpha_bar()
}

/// Relative, of a run of this many steps.
fn error(sampler: SamplerKind, steps: usize) -> f64 {
    let level = |i: usize| NoiseLevel::from_log_snr(-4.0 + 8.0 * i as f64 / steps as f64);
    let levels: Vec<NoiseLevel> = (0..=steps).map(level).collect();
    let mut method = sampler.build(Some(0.0), Churn::default(), Variance::default());
    let mut x = Array4::ones([1, 1, 1, 1]);
    let mut work = Workspace::new([1; 4]);
    let mut noise = SeededNoise { seed: 0, first_sample: 0 };
    for index in 0..steps {
        let at = StepAt { index, levels: &levels };
        let mut step = Step { denoiser: &mut Prior, x: &mut x, at, noise: &mut noise, work: &mut work };
        method.step(&mut step).unwrap();
    }
    // The flow scales the state as its standard deviation.
    let exact = (variance(levels[steps]) / variance(levels[0])).sqrt();
    (x[[0, 0, 0, 0]] / exact - 1.0).abs()
}

#[test]
fn halving_the_steps_divides_the_error_by_the_order() {
    let mut wrong = Vec::new();
    for sampler in SamplerKind::ALL {
        let order = match sampler {
            // Neither solves the flow.
            SamplerKind::Ddpm | SamplerKind::Lcm => continue,
            SamplerKind::Ddim | SamplerKind::Euler | SamplerKind::EulerAncestral => 1,
            SamplerKind::DpmSolverPp3S => 3,
            // Multistep methods of higher order begin with a step of first order, so that the whole is of second.
            _ => 2,
        };
        let by = error(sampler, 96) / error(sampler, 192);
        println!("{sampler}: {:.2e} {by:.2}", error(sampler, 96));
        if by.is_nan() || by < 0.8 * 2.0_f64.powi(order) {
            wrong.push(format!("{sampler}: {by}, not {}", 1 << order));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
