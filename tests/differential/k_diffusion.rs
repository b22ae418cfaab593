//! Hundreds of random settings of k-diffusion's samplers (`tools/golden/differential_k.py`).

use crate::analytic::{Keyed, PIXELS, phase};
use crate::{samples_differ, support};
use chromascope::denoiser::{DenoiseError, Denoised, Denoiser};
use chromascope::sampler::{Churn, Making, SamplerKind, Solver};
use chromascope::schedule::{ModelSchedule, Plan};
use chromascope::session::Run;
use chromascope::theory::{NoiseLevel, Parameterization};
use ndarray::{Array1, Array2, ArrayView4, Zip};
use serde_json::Value;
use std::collections::BTreeMap;

/// Estimates the image in the VE state, in a line.
struct Tanh;

impl Denoiser for Tanh {
    fn denoise(&mut self, x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
        let eps = Parameterization::eps_from_x0(level);
        let mut pixel = 0;
        Zip::from(&mut out.x0).and(&mut out.eps).and(x_t).for_each(|x0, out_eps, &x| {
            *x0 = 0.9 * (1.1 * x + phase(pixel) + 0.2 * level.sigma().ln_1p()).tanh();
            *out_eps = eps.state * x + eps.output * *x0;
            pixel += 1;
        });
        out.timestep = 0.0;
        Ok(())
    }
}

/// The sample, and what the program says of it; options that the sampler does not have are refused.
fn run(name: &str, options: &Value, plan: &Plan, noise: Keyed) -> Result<(Vec<f64>, Option<String>), String> {
    let kind: SamplerKind = name.parse()?;
    let number = |key: &str| options[key].as_f64();
    let mut given = options.as_object().unwrap().clone();
    let has_churn = kind.has_churn();
    let mut churn = Churn::default();
    if has_churn {
        churn = Churn {
            amount: number("s_churn").unwrap_or(0.0),
            sigma_min: number("s_tmin").unwrap_or(0.0),
            sigma_max: number("s_tmax").unwrap_or(f64::INFINITY),
            noise: number("s_noise").unwrap_or(1.0),
        };
        given.clear();
    }
    given.remove("eta");
    if name == "sample_lms" {
        let order = given.remove("order");
        given.extend(order.map(|order| ("solver_order".to_owned(), order)));
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let parameters: Vec<String> = given.iter().map(|(key, value)| format!("{key}={}", text(value))).collect();
    let separator = if parameters.is_empty() { "" } else { ":" };
    let solver: Solver = format!("{name}{separator}{}", parameters.join(",")).parse()?;
    let making = Making { eta: number("eta"), churn, ..Making::default() };
    let levels = plan.levels().to_vec();
    let note = solver.beside_k_diffusion(&levels);
    let mut run = Run::new(support::boxed(Tanh), solver.build(&making), Box::new(noise), levels, noise.initial());
    let mut trajectory = run.trajectory();
    while run.step(&mut trajectory).map_err(|error| error.to_string())?.is_some() {}
    Ok((trajectory.state.iter().copied().map(f64::from).collect(), note))
}

#[test]
fn every_sampler_of_k_diffusion_is_the_same_with_any_options_or_refused() {
    let mut file = support::npz("differential_k.npz");
    let text: Array1<u8> = file.by_name("cases").unwrap();
    let sigmas: Array1<f64> = file.by_name("sigmas").unwrap();
    let samples: Array2<f32> = file.by_name("samples").unwrap();
    let (mut sigmas, mut samples) = (sigmas.into_iter(), samples.rows().into_iter());
    let schedule = ModelSchedule::Edm { sigma_min: 0.002, sigma_max: 80.0, sigma_data: 0.5 }.validated().unwrap();
    let mut totals: BTreeMap<String, (usize, usize, Vec<String>)> = BTreeMap::new();
    for (number, line) in (0..).zip(String::from_utf8(text.to_vec()).unwrap().lines()) {
        let case: Value = serde_json::from_str(line).unwrap();
        let steps = usize::try_from(case["steps"].as_u64().unwrap()).unwrap();
        let levels: Vec<f64> = sigmas.by_ref().take(steps + 1).collect();
        if !case["failed"].is_null() {
            continue;
        }
        let theirs: Vec<f64> = samples.next().unwrap().iter().copied().map(f64::from).collect();
        assert_eq!(theirs.len(), PIXELS);
        let name = case["sampler"].as_str().unwrap();
        let plan = Plan::from_sigmas(&schedule, &levels).unwrap();
        let total = totals.entry(name.to_owned()).or_default();
        match run(name, &case["options"], &plan, Keyed(number)) {
            Ok((ours, _)) if !samples_differ(&ours, &theirs) => total.0 += 1,
            // Another order of the last step.
            Ok((_, Some(_))) => total.1 += 1,
            Ok((ours, None)) => total.2.push(format!("{line}\n    {levels:?}\n    {ours:?}\n    {theirs:?}")),
            Err(why) => {
                assert!(why.contains("has no parameter"), "{line}: {why}");
                total.1 += 1;
            }
        }
    }
    for (name, (equal, refused, different)) in &totals {
        println!("{name}: {equal} equal, {refused} refused or said, {} different", different.len());
        assert!(different.is_empty(), "{name}: {}", different[0]);
        assert!(equal > refused || name == "sample_dpm_2" || name == "sample_euler", "{name}");
    }
    assert_eq!(totals.len(), 11);
}
