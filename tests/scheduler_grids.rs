//! What a run by a scheduler_config.json visits and feeds, against diffusers (tools/golden/scheduler_grids.py) and against
//! values that users were given.

#![allow(clippy::unwrap_used)]

mod support;

use chromascope::model::SchedulerConfig;
use chromascope::model::onnx::Conditioning;
use chromascope::schedule::{BetaSchedule, ModelSchedule, Plan};
use serde_json::Value;
use std::path::Path;

fn parse(text: &str) -> SchedulerConfig {
    SchedulerConfig::parse(text, Path::new("scheduler_config.json")).unwrap_or_else(|error| panic!("{error}")).0
}

fn plan_of(config: &SchedulerConfig, steps: usize) -> (Plan, ModelSchedule) {
    let model = config.model_schedule().unwrap();
    let plan = config.plan_request(steps, config.class.convention()).plan(&model);
    (plan.unwrap_or_else(|error| panic!("{}: {error}", config.class_name)), model)
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn close(ours: &[f64], theirs: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), theirs.len(), "{ours:?} {theirs:?}");
    for (a, b) in ours.iter().zip(theirs) {
        assert!((a - b).abs() <= tolerance, "{ours:?} {theirs:?}");
    }
}

/// Integer timesteps are those of diffusers. Others are as close as its f32 tables allow, and σ within 1e-3 of itself.
#[test]
fn grids_are_those_of_diffusers() {
    let file = std::fs::read_to_string("tests/golden/scheduler_grids.json").unwrap();
    let golden: Value = serde_json::from_str(&file).unwrap();
    let mut wrong = Vec::new();
    for case in golden["cases"].as_array().unwrap() {
        let config = parse(&case["config"].to_string());
        let steps = usize::try_from(case["steps"].as_u64().unwrap()).unwrap();
        let (plan, model) = plan_of(&config, steps);
        let theirs = numbers(&case["timesteps"]);
        let whole = theirs.iter().all(|timestep| timestep.fract() == 0.0);
        // Where diffusers cuts fractions off, its f32 table decides on which side of a whole number the ends lie. Near the
        // end of the cosine schedule f32 is off by more than a timestep.
        let ends_differ = whole
            && plan.timesteps().iter().zip(&theirs).enumerate().all(|(step, (a, b))| {
                let own = model.timestep_of(plan.levels()[step]);
                let cosine = config.beta_schedule == BetaSchedule::SquaredcosCapV2;
                a == b || ((own - own.round()).abs() < 2e-3 && (a - b).abs() <= 2.0) || (cosine && (a - b).abs() <= 1.0)
            });
        let scale = if config.class_name.starts_with("EDM") { 1e-3 } else { 0.05 };
        let same = |(a, b): (&f64, &f64)| if whole { a == b } else { (a - b).abs() <= scale };
        if !(ends_differ || plan.timesteps().iter().zip(&theirs).all(same)) {
            wrong.push(format!("{} {steps}: {:?} for {theirs:?}", case["config"], plan.timesteps()));
        }
        let Some(sigmas) = case["sigmas"].as_array() else { continue };
        let flow = matches!(model, ModelSchedule::Flow { .. });
        for (level, sigma) in plan.levels().iter().zip(sigmas.iter().map(|sigma| sigma.as_f64().unwrap())) {
            let ours = if flow { level.flow_time() } else { level.sigma() };
            if (ours - sigma).abs() > 1e-3 * sigma {
                let ours: Vec<f64> =
                    plan.levels().iter().map(|level| if flow { level.flow_time() } else { level.sigma() }).collect();
                wrong.push(format!("{} {steps}: {ours:?} for {sigmas:?}", case["config"]));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

const SD: &str = r#""beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear""#;

#[test]
fn karras_levels_of_euler_cover_the_spaced_timesteps() {
    let sigmas = |spacing: &str| {
        let config = parse(&format!(
            r#"{{"_class_name": "EulerDiscreteScheduler", {SD}, "steps_offset": 1, "timestep_spacing": "{spacing}",
                "use_karras_sigmas": true}}"#
        ));
        let (plan, _) = plan_of(&config, 10);
        plan.levels().iter().map(|level| level.sigma()).collect::<Vec<f64>>()
    };
    let leading = sigmas("leading");
    close(&leading[..2], &[8.3907, 5.4777], 1e-3);
    close(&leading[9..], &[0.0413, 0.0], 1e-4);
    let trailing = sigmas("trailing");
    close(&[trailing[0], trailing[9]], &[14.6146, 0.3417], 1e-3);
}

#[test]
fn lcm_and_tcd_visit_the_steps_they_were_distilled_on() {
    for class in ["LCMScheduler", "TCDScheduler"] {
        let config = parse(&format!(r#"{{"_class_name": "{class}", {SD}}}"#));
        assert_eq!(plan_of(&config, 4).0.timesteps(), [999.0, 759.0, 499.0, 259.0]);
        assert_eq!(plan_of(&config, 8).0.timesteps()[..3], [999.0, 879.0, 759.0]);
        let many = plan_of(&config, 26).0;
        assert_eq!((many.timesteps()[1], many.timesteps()[25]), (979.0, 39.0));
        let model = config.model_schedule().unwrap();
        let refused = config.plan_request(51, config.class.convention()).plan(&model).unwrap_err().to_string();
        assert!(refused.contains("50 steps") && refused.contains("51 steps"), "{refused}");
    }
}

#[test]
fn solvers_over_flow_have_their_own_grid() {
    let sana = r#"{"_class_name": "DPMSolverMultistepScheduler", "flow_shift": 3.0, "use_flow_sigmas": true,
        "prediction_type": "flow_prediction"}"#;
    assert_eq!(plan_of(&parse(sana), 4).0.timesteps(), [999.0, 899.0, 749.0, 499.0]);
    let (plan, _) = plan_of(&parse(sana), 20);
    assert_eq!((plan.timesteps()[1], plan.timesteps()[2], plan.timesteps()[19]), (982.0, 963.0, 136.0));
    assert_eq!(plan.levels()[20].flow_time(), 0.0);
    let wan = r#"{"_class_name": "UniPCMultistepScheduler", "flow_shift": 5.0, "use_flow_sigmas": true,
        "prediction_type": "flow_prediction"}"#;
    let (plan, _) = plan_of(&parse(wan), 20);
    assert_eq!((plan.timesteps()[0], plan.timesteps()[19]), (999.0, 211.0));
}

#[test]
fn families_of_flow_matching_are_in_flow_time() {
    let karras = r#"{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0, "use_karras_sigmas": true}"#;
    let (plan, _) = plan_of(&parse(karras), 8);
    close(&plan.timesteps()[..4], &[1000.0, 601.5, 347.6, 191.8], 0.05);
    close(&plan.timesteps()[7..], &[8.93], 0.01);
}

#[test]
fn dynamic_shifting_replaces_the_shift() {
    let flux = r#"{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0, "use_dynamic_shifting": true}"#;
    let config = parse(flux);
    let (plan, _) = plan_of(&config, 4);
    close(plan.timesteps(), &[1000.0, 863.5, 613.0, 3.15], 0.05);
    let note = config.dynamic_shift_note().unwrap();
    assert!(note.contains("μ = 1.1500 for 4096 patches") && note.contains("shift 3 is not used"), "{note}");
    // 512² for a model with a VAE of factor 8 and patches of 2: 1024 patches.
    let sized = SchedulerConfig { patch_size: Some(2), ..config }.for_image((64, 64));
    assert!((sized.mu() - 0.63).abs() < 1e-12);
    assert!((sized.flow_shift() - 0.63_f64.exp()).abs() < 1e-12);
    assert!(sized.dynamic_shift_note().unwrap().contains("for 1024 patches (the image's)"));
    // Of a model that does not say its patches: 2x2, as Flux's pipeline packs them.
    let assumed = parse(flux).for_image((16, 16));
    assert!((assumed.mu() - 0.4675).abs() < 1e-12);
    let note = assumed.dynamic_shift_note().unwrap();
    assert!(note.contains("μ = 0.4675 for 64 patches (the image's, if each is of 2x2 pixels)"), "{note}");
    let fixed = parse(r#"{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}"#);
    assert_eq!(fixed.dynamic_shift_note(), None);
}

#[test]
fn deis_and_sa_solver_end_at_the_lowest_trained_level() {
    for class in ["DEISMultistepScheduler", "SASolverScheduler"] {
        let (plan, _) = plan_of(&parse(&format!(r#"{{"_class_name": "{class}", {SD}}}"#)), 7);
        assert!((plan.levels()[7].sigma() - 0.0292).abs() < 1e-4);
    }
}

#[test]
fn the_first_timestep_of_a_flow_is_fed_whole_whatever_the_state() {
    let sd3 = parse(r#"{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}"#);
    let (plan, model) = plan_of(&sd3, 4);
    close(plan.timesteps(), &[1000.0, 857.69, 602.15, 8.93], 0.01);
    let finite = plan.with_finite_start();
    let first = finite.levels()[0];
    assert!((model.timestep_of(first) - 999.756).abs() < 1e-3);
    assert_eq!(finite.fed().at(first), Some(1000.0));
    assert_eq!(finite.fed().at(finite.levels()[2]), Some(finite.timesteps()[2]));
    // Euler, Heun and DPM-Solver++ start from the stand-in, and the network is fed 1000 there too.
    let path = support::test_model("tiny-flow");
    let network = support::network(&path, &sd3, Conditioning::default());
    assert!((network.timestep_at(first) - 999.756).abs() < 1e-2);
    let network = network.feeding(finite.fed());
    assert_eq!(network.timestep_at(first), 1000.0);
    assert!((network.timestep_at(finite.levels()[1]) - 857.69).abs() < 0.01);
    let between = chromascope::theory::NoiseLevel::from_flow_time(0.7);
    assert_eq!(finite.fed().at(between), None);
}

/// Where the rescaled β leave the last but one timestep with more noise than ᾱ = 2⁻²⁴, diffusers still starts there.
#[test]
fn zero_terminal_snr_starts_at_sigma_4096_whatever_the_table_has() {
    let linear = |class: &str, more: &str| {
        let keys = r#""beta_schedule": "linear", "rescale_betas_zero_snr": true, "prediction_type": "v_prediction""#;
        parse(&format!(r#"{{"_class_name": "{class}", {keys}, {more}}}"#))
    };
    let karras = linear("EulerDiscreteScheduler", r#""timestep_spacing": "trailing", "use_karras_sigmas": true"#);
    let (plan, _) = plan_of(&karras, 6);
    let sigmas: Vec<f64> = plan.levels()[..3].iter().map(|level| level.sigma()).collect();
    close(&sigmas, &[4096.0, 1384.66, 383.47], 0.01);
    close(&plan.timesteps()[..3], &[995.26, 988.34, 964.55], 0.01);

    let unipc = linear("UniPCMultistepScheduler", r#""timestep_spacing": "leading", "use_karras_sigmas": true"#);
    let (plan, _) = plan_of(&unipc, 10);
    close(&[plan.levels()[0].sigma()], &[4096.0], 0.01);
    assert_eq!(plan.timesteps()[..4], [995.0, 992.0, 984.0, 966.0]);

    let (plan, _) = plan_of(&linear("EulerDiscreteScheduler", r#""timestep_spacing": "trailing""#), 13);
    close(&[plan.levels()[0].sigma(), plan.timesteps()[0]], &[4096.0, 999.0], 0.01);
}
