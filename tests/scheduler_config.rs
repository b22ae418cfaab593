//! Scheduler configs: those that diffusers and its users write, and those that are broken.

#![allow(clippy::unwrap_used)]

use chromascope::denoiser::Clipping;
use chromascope::model::{FinalSigmas, NearestSampler, PredictionType, SchedulerClass, SchedulerConfig, VarianceType};
use chromascope::schedule::{
    BetaSchedule, FinalLevel, ModelSchedule, PlanSource, STAND_IN_SIGMA_MAX, SigmaFamily, Spacing, SpacingConvention,
};
use chromascope::theory::{Parameterization, Prediction};
use proptest::prelude::*;
use std::path::Path;

fn parse(text: &str) -> (SchedulerConfig, Vec<String>) {
    SchedulerConfig::parse(text, Path::new("m/scheduler_config.json")).unwrap_or_else(|error| panic!("{error}"))
}

fn refuse(text: &str) -> String {
    SchedulerConfig::parse(text, Path::new("m/scheduler_config.json")).unwrap_err().to_string()
}

/// The file of Stable Diffusion 1.5.
const SD15: &str = r#"{
  "_class_name": "PNDMScheduler",
  "_diffusers_version": "0.6.0",
  "beta_end": 0.012,
  "beta_schedule": "scaled_linear",
  "beta_start": 0.00085,
  "num_train_timesteps": 1000,
  "set_alpha_to_one": false,
  "skip_prk_steps": true,
  "steps_offset": 1,
  "trained_betas": null,
  "clip_sample": false
}"#;

/// As diffusers 0.39 writes a DPMSolverMultistepScheduler, `-Infinity` and all.
const DPM: &str = r#"{
  "_class_name": "DPMSolverMultistepScheduler", "_diffusers_version": "0.39.0", "algorithm_type": "dpmsolver++",
  "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085, "dynamic_thresholding_ratio": 0.995,
  "euler_at_final": false, "final_sigmas_type": "sigma_min", "flow_shift": 1.0, "lambda_min_clipped": -Infinity,
  "lower_order_final": true, "num_train_timesteps": 1000, "prediction_type": "v_prediction",
  "rescale_betas_zero_snr": true, "sample_max_value": 1.0, "solver_order": 2, "solver_type": "midpoint",
  "steps_offset": 0, "thresholding": false, "time_shift_type": "exponential", "timestep_spacing": "trailing",
  "trained_betas": null, "use_beta_sigmas": false, "use_dynamic_shifting": false, "use_exponential_sigmas": false,
  "use_flow_sigmas": false, "use_karras_sigmas": true, "use_lu_lambdas": false, "variance_type": null
}"#;

#[test]
fn stable_diffusion() {
    let (config, warnings) = parse(SD15);
    assert_eq!(warnings, [] as [&str; 0]);
    assert_eq!((config.class, config.beta_schedule), (SchedulerClass::Pndm, BetaSchedule::ScaledLinear));
    assert_eq!((config.clipping, config.steps_offset), (Clipping::None, 1));
    assert_eq!(config.parameterization(), Parameterization::Vp(Prediction::Epsilon));
    let model = config.model_schedule().unwrap();
    assert!((model.sigma_max() - 14.6146).abs() < 1e-4);
    let plan = config.plan_request(50, config.class.convention()).plan(&model).unwrap();
    assert_eq!((plan.timesteps()[0], plan.timesteps()[49]), (981.0, 1.0));
    assert_eq!(plan.levels()[50], model.cleanest());
    assert_eq!(config.final_level(SpacingConvention::Euler), FinalLevel::Clean);
}

#[test]
fn a_full_file_of_diffusers_raises_no_warning() {
    let (config, warnings) = parse(DPM);
    assert_eq!(warnings, [] as [&str; 0]);
    assert_eq!(config.class.nearest_sampler(), NearestSampler::DpmSolverPlusPlus2M);
    assert_eq!(config.parameterization(), Parameterization::Vp(Prediction::VPrediction));
    assert_eq!(config.final_sigmas_type, FinalSigmas::SigmaMin);
    let model = config.model_schedule().unwrap();
    assert!((model.sigma_max() / STAND_IN_SIGMA_MAX - 1.0).abs() < 1e-14);
    assert_eq!(config.default_source(), PlanSource::Family(SigmaFamily::Karras { rho: 7.0 }));
    let plan = config.plan_request(10, config.class.convention()).plan(&model).unwrap();
    assert_eq!(plan.levels()[10], model.cleanest());
}

#[test]
fn defaults_are_those_of_the_class() {
    let spacing = |name| SchedulerConfig::for_class(name).timestep_spacing;
    let betas = |name| {
        let config = SchedulerConfig::for_class(name);
        (config.beta_schedule, config.beta_start, config.beta_end)
    };
    for name in ["DDIMScheduler", "DDPMScheduler"] {
        let config = SchedulerConfig::for_class(name);
        assert_eq!(config.clipping, Clipping::Clip { range: 1.0 });
        assert_eq!((config.set_alpha_to_one, config.variance_type), (true, VarianceType::FixedSmall));
        assert_eq!(spacing(name), Spacing::Leading);
        assert_eq!(betas(name), (BetaSchedule::Linear, 0.0001, 0.02));
    }
    assert_eq!(spacing("PNDMScheduler"), Spacing::Leading);
    assert!(!SchedulerConfig::for_class("PNDMScheduler").set_alpha_to_one);
    for name in [
        "EulerDiscreteScheduler",
        "EulerAncestralDiscreteScheduler",
        "LMSDiscreteScheduler",
        "DPMSolverMultistepScheduler",
        "UniPCMultistepScheduler",
        "DEISMultistepScheduler",
    ] {
        assert_eq!((spacing(name), betas(name)), (Spacing::Linspace, (BetaSchedule::Linear, 0.0001, 0.02)));
        assert_eq!(SchedulerConfig::for_class(name).clipping, Clipping::None);
    }
    for name in ["HeunDiscreteScheduler", "KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler"] {
        assert_eq!((spacing(name), betas(name)), (Spacing::Linspace, (BetaSchedule::Linear, 0.00085, 0.012)));
    }
    for name in ["LCMScheduler", "TCDScheduler"] {
        assert_eq!((spacing(name), betas(name)), (Spacing::Leading, (BetaSchedule::ScaledLinear, 0.00085, 0.012)));
    }
    let edm = SchedulerConfig::for_class("EDMEulerScheduler");
    assert_eq!(
        edm.model_schedule().unwrap(),
        ModelSchedule::Edm { sigma_min: 0.002, sigma_max: 80.0, sigma_data: 0.5 }
    );
    assert_eq!(edm.parameterization(), Parameterization::Edm { sigma_data: 0.5 });
    assert_eq!(edm.default_source(), PlanSource::Family(SigmaFamily::Karras { rho: 7.0 }));
    let flow = SchedulerConfig::for_class("FlowMatchEulerDiscreteScheduler");
    assert_eq!(flow.model_schedule().unwrap(), ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 });
    assert_eq!(flow.parameterization(), Parameterization::Flow);
}

#[test]
fn keys_have_their_effect() {
    let (config, warnings) = parse(
        r#"{"_class_name": "DDPMScheduler", "num_train_timesteps": 4.0, "trained_betas": [0.1, 0.2, 0.3, 0.4],
            "thresholding": true, "sample_max_value": 1.5, "variance_type": "fixed_large", "prediction_type": "sample"}"#,
    );
    assert!(warnings.is_empty());
    assert_eq!(config.clipping, Clipping::Threshold { ratio: 0.995, max_value: 1.5 });
    assert_eq!(config.variance_type, VarianceType::FixedLarge);
    let ModelSchedule::Discrete(table) = config.model_schedule().unwrap() else { panic!("a table") };
    assert!((table.level(1).alpha_bar() - 0.72).abs() < 1e-15);
    let (config, _) = parse(r#"{"_class_name": "EDMEulerScheduler", "sigma_schedule": "exponential", "sigma_max": 8}"#);
    assert_eq!(config.default_source(), PlanSource::Family(SigmaFamily::Exponential));
    let (config, _) = parse(r#"{"_class_name": "EDMEulerScheduler", "rho": 5}"#);
    assert_eq!(config.default_source(), PlanSource::Family(SigmaFamily::Karras { rho: 5.0 }));
    let (config, _) =
        parse(r#"{"_class_name": "UniPCMultistepScheduler", "prediction_type": "flow_prediction", "flow_shift": 3}"#);
    assert_eq!(config.prediction_type, PredictionType::FlowPrediction);
    assert_eq!(config.model_schedule().unwrap(), ModelSchedule::Flow { num_train_timesteps: 1000, shift: 3.0 });
    let zero = r#""rescale_betas_zero_snr": true, "prediction_type": "v_prediction""#;
    let end = |class: &str| {
        let (config, _) = parse(&format!(r#"{{"_class_name": "{class}", {zero}, "beta_schedule": "scaled_linear"}}"#));
        config.model_schedule().unwrap().noisiest().alpha_bar()
    };
    assert_eq!(end("DDIMScheduler"), 0.0);
    assert!(end("EulerDiscreteScheduler") > 0.0);
}

#[test]
fn what_is_not_acted_on_is_said() {
    let warnings = |text: &str| parse(text).1;
    let at = |text: &str| format!("m/scheduler_config.json: {text}");
    assert_eq!(
        warnings(r#"{"_class_name": "DDIMScheduler", "betta_start": 0.1, "_private": 1}"#),
        [at("the key \"betta_start\" is unknown and was ignored")]
    );
    assert_eq!(
        warnings(r#"{"_class_name": "MyScheduler"}"#),
        [at("the scheduler class \"MyScheduler\" is not known; DDIMScheduler's defaults stand in")]
    );
    assert_eq!(warnings("{}"), [at("there is no \"_class_name\"; DDIMScheduler's defaults stand in")]);
    assert_eq!(
        warnings(r#"{"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -5.1}"#),
        [at("\"lambda_min_clipped\" is -5.1, which is not applied here")]
    );
    assert_eq!(
        warnings(r#"{"_class_name": "FlowMatchEulerDiscreteScheduler", "use_dynamic_shifting": true}"#),
        [at("\"use_dynamic_shifting\" is true, which is not applied here")]
    );
    let no_signal = warnings(r#"{"_class_name": "DDIMScheduler", "rescale_betas_zero_snr": true}"#);
    assert!(no_signal[0].contains("predicts the noise says nothing"), "{no_signal:?}");
}

#[test]
fn a_broken_file_is_refused_in_a_sentence() {
    let with = |key_and_value: &str| refuse(&format!(r#"{{"_class_name": "DDIMScheduler", {key_and_value}}}"#));
    for (said, expected) in [
        (
            refuse(""),
            "m/scheduler_config.json is not JSON: EOF while parsing a value at line 1, column 0; export or copy it again",
        ),
        (
            refuse("{\n  \"beta_start\": 0.1\n  \"beta_end\": 0.2\n}"),
            "m/scheduler_config.json is not JSON: expected `,` or `}` at line 3, column 3; export or copy it again",
        ),
        (
            refuse("{\"lambda_min_clipped\": -Infinity,\n  \"beta_start\" 0.1}"),
            "m/scheduler_config.json is not JSON: expected `:` at line 2, column 16; export or copy it again",
        ),
        (
            refuse("[1]"),
            "m/scheduler_config.json does not hold a JSON object; a diffusers scheduler config is one, in braces",
        ),
        (
            with(r#""beta_start": "0.1""#),
            "m/scheduler_config.json: \"beta_start\" is \"0.1\"; expected is a number above 0 and below 1",
        ),
        (
            with(r#""beta_start": NaN"#),
            "m/scheduler_config.json: \"beta_start\" is NaN; expected is a number above 0 and below 1",
        ),
        (
            with(r#""beta_end": Infinity"#),
            "m/scheduler_config.json: \"beta_end\" is Infinity; expected is a number above 0 and below 1",
        ),
        (
            with(r#""beta_end": 1.5"#),
            "m/scheduler_config.json: \"beta_end\" is 1.5; expected is a number above 0 and below 1",
        ),
        (
            with(r#""num_train_timesteps": 0"#),
            "m/scheduler_config.json: \"num_train_timesteps\" is 0; expected is a whole number from 1 to 100000",
        ),
        (
            with(r#""num_train_timesteps": 10.5"#),
            "m/scheduler_config.json: \"num_train_timesteps\" is 10.5; expected is a whole number from 1 to 100000",
        ),
        (
            with(r#""num_train_timesteps": -1000"#),
            "m/scheduler_config.json: \"num_train_timesteps\" is -1000; expected is a whole number from 1 to 100000",
        ),
        (
            with(r#""beta_schedule": "cosine""#),
            "m/scheduler_config.json: \"beta_schedule\" is \"cosine\"; expected is one of \"linear\", \"scaled_linear\", \"squaredcos_cap_v2\", \"sigmoid\", \"exp\", \"laplace\"",
        ),
        (
            with(r#""clip_sample": "yes""#),
            "m/scheduler_config.json: \"clip_sample\" is \"yes\"; expected is true or false",
        ),
        (
            with(r#""clip_sample_range": 0"#),
            "m/scheduler_config.json: \"clip_sample_range\" is 0; expected is a number above 0",
        ),
        (
            with(r#""steps_offset": 1000"#),
            "m/scheduler_config.json: \"steps_offset\" is 1000; expected is a whole number from 0, below num_train_timesteps",
        ),
        (
            with(r#""trained_betas": [0.1, "x"]"#),
            "m/scheduler_config.json: \"trained_betas\" is [0.1,\"x\"]; expected is a list of numbers above 0 and below 1",
        ),
        (
            with(r#""num_train_timesteps": 3, "trained_betas": [0.1, 0.2]"#),
            "m/scheduler_config.json: \"trained_betas\" is a list of 2; expected is a list of num_train_timesteps = 3 numbers",
        ),
        (
            with(r#""trained_betas": [0.1, 1.2]"#),
            "m/scheduler_config.json: the β keys describe no valid schedule: β at timestep 1 is 1.2; it must lie above 0 and below 1 (the last may be 1)",
        ),
        (
            with(r#""use_karras_sigmas": true, "use_beta_sigmas": true"#),
            "m/scheduler_config.json: use_karras_sigmas and use_beta_sigmas are both true; only one can shape the noise levels, so set the others to false",
        ),
        (
            refuse(r#"{"_class_name": "ScoreSdeVeScheduler"}"#),
            "m/scheduler_config.json: models of the class ScoreSdeVeScheduler are not supported; their noise levels follow neither a β schedule nor EDM nor rectified flow",
        ),
        (
            refuse(r#"{"_class_name": 3}"#),
            "m/scheduler_config.json: \"_class_name\" is 3; expected is the name of a scheduler class of diffusers",
        ),
        (
            refuse(r#"{"_class_name": "EDMEulerScheduler", "sigma_min": 90}"#),
            "m/scheduler_config.json: \"sigma_max\" is 80; expected is a number above sigma_min = 90",
        ),
        (
            refuse(r#"{"_class_name": "EDMEulerScheduler", "prediction_type": "v_prediction"}"#),
            "m/scheduler_config.json: \"prediction_type\" is \"v_prediction\"; expected is \"epsilon\", the only one of EDM models supported here",
        ),
    ] {
        assert_eq!(said, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// No text makes the parser panic, least of all one that looks almost right.
    #[test]
    fn no_text_panics(cut in 0..1200_usize, at in 0..1200_usize, with in "\\PC{0,6}") {
        let text: String = DPM.chars().take(cut).collect();
        let _ = SchedulerConfig::parse(&text, Path::new("c.json"));
        let text: String = DPM.chars().take(at).chain(with.chars()).chain(DPM.chars().skip(at + 3)).collect();
        let _ = SchedulerConfig::parse(&text, Path::new("c.json"));
    }

    /// Whatever is read makes a plan or says why not.
    #[test]
    fn what_is_read_makes_plans(timesteps in 1..200_usize, start in 1e-5..0.9_f64, end in 1e-5..0.9_f64, zero: bool, schedule in 0..6_usize, steps in 1..250_usize) {
        let name = BetaSchedule::names()[schedule];
        let text = format!(r#"{{"_class_name": "EulerDiscreteScheduler", "num_train_timesteps": {timesteps}, "beta_start": {start}, "beta_end": {end}, "rescale_betas_zero_snr": {zero}, "beta_schedule": "{name}"}}"#);
        if let Ok((config, _)) = SchedulerConfig::parse(&text, Path::new("c.json")) {
            let model = config.model_schedule().unwrap();
            for convention in [SpacingConvention::Ddim, SpacingConvention::Euler, SpacingConvention::DpmSolver] {
                if let Ok(plan) = config.plan_request(steps, convention).plan(&model) {
                    prop_assert!(plan.timesteps().iter().all(|timestep| timestep.is_finite()));
                    prop_assert_eq!(plan.steps(), steps);
                }
            }
        }
    }
}
