//! On a Gaussian prior, where the exact end of a run is known: how the error falls with the length of the steps.

use super::registry::Parameter;
use super::{Churn, Making, Sampler, SamplerKind, SeededNoise, Solver, Step, StepAt, Variance, Workspace};
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
    let method = sampler.build(Some(0.0), Churn::default(), Variance::default());
    error_along(method, &(0..=steps).map(level).collect::<Vec<_>>())
}

fn error_along(mut method: Box<dyn Sampler>, levels: &[NoiseLevel]) -> f64 {
    let steps = levels.len() - 1;
    let mut x = Array4::ones([1, 1, 1, 1]);
    let mut work = Workspace::new([1; 4]);
    let mut noise = SeededNoise { seed: 0, first_sample: 0 };
    for index in 0..steps {
        let at = StepAt { index, levels };
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
            SamplerKind::Ddim
            | SamplerKind::Euler
            | SamplerKind::EulerAncestral
            | SamplerKind::DpmSolverPp1S
            | SamplerKind::Tcd => 1,
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

/// Case 16 of other people's models: from pure noise, at s = 1, Heun's method in σ has no step of finite length.
#[test]
fn flow_steps_leave_pure_noise_at_their_order() {
    for (sampler, order) in [(SamplerKind::Euler, 1), (SamplerKind::Heun, 2)] {
        let error = |steps: usize| {
            let time = |i: usize| NoiseLevel::from_flow_time(1.0 - 0.98 * i as f64 / steps as f64);
            let levels: Vec<NoiseLevel> = (0..=steps).map(time).collect();
            assert!(levels[0].sigma().is_infinite());
            let solver = Solver::from(sampler).with_word(Parameter::StepsIn, "flow");
            error_along(solver.build(&Making::default()), &levels)
        };
        let by = error(96) / error(192);
        println!("{sampler}: {:.2e} {by:.2}", error(96));
        assert!(by > 0.8 * 2.0_f64.powi(order), "{sampler}: {by}");
    }
}
