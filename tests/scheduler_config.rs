//! Scheduler configurations as diffusers and its users write them, and broken ones.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)] // of its helpers only the rows are used
#[path = "common/faults.rs"]
mod faults;

use chromascope::denoiser::Clipping;
use chromascope::model::{
    AlgorithmType, FinalSigmas, Interpolation, NearestSampler, PredictionType, SchedulerClass, SchedulerConfig,
    SchedulerConfigError, SolverType, TimeShift, TimestepType, VarianceType,
};
use chromascope::schedule::{
    BetaSchedule, FinalLevel, ModelSchedule, PlanSource, STAND_IN_SIGMA_MAX, ScheduleError, SigmaFamily, Spacing,
    SpacingConvention,
};
use chromascope::theory::{NetworkTime, Parameterization, Prediction};
use proptest::prelude::*;
use std::path::Path;

fn parse(text: &str) -> (SchedulerConfig, Vec<String>) {
    SchedulerConfig::parse(text, Path::new("m/scheduler_config.json")).unwrap_or_else(|error| panic!("{error}"))
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
    assert_eq!(config.parameterization(), Parameterization::vp(Prediction::Epsilon));
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
    assert_eq!(config.parameterization(), Parameterization::vp(Prediction::VPrediction));
    assert_eq!(config.final_sigmas_type, FinalSigmas::SigmaMin);
    let model = config.model_schedule().unwrap();
    assert!((model.sigma_max() / STAND_IN_SIGMA_MAX - 1.0).abs() < 1e-14);
    assert_eq!(config.default_source().label(), "karras");
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
    assert_eq!(edm.parameterization(), Parameterization::edm(0.5));
    assert_eq!(edm.default_source(), PlanSource::Family(SigmaFamily::Karras { rho: 7.0 }));
    let flow = SchedulerConfig::for_class("FlowMatchEulerDiscreteScheduler");
    assert_eq!(flow.model_schedule().unwrap(), ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 });
    assert_eq!(flow.parameterization(), Parameterization::flow());
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

/// Each option of each class, and its value where a file has none, by the constructors of diffusers 0.39.
#[test]
fn every_option_is_read_and_has_its_class_s_default() {
    let of = |class: &str, keys: &str| {
        let (config, warnings) = parse(&format!(r#"{{"_class_name": "{class}Scheduler"{keys}}}"#));
        assert_eq!(warnings, [] as [&str; 0], "{class} {keys}");
        config
    };
    let dpm = of("DPMSolverMultistep", "");
    assert_eq!((dpm.algorithm_type, dpm.solver_type), (AlgorithmType::DpmSolverPlusPlus, SolverType::Midpoint));
    assert_eq!((dpm.solver_order, dpm.lower_order_final, dpm.euler_at_final), (2, true, false));
    assert_eq!((dpm.final_sigmas_type, dpm.lambda_min_clipped), (FinalSigmas::Zero, None));
    let dpm = of(
        "DPMSolverMultistep",
        r#", "algorithm_type": "sde-dpmsolver++", "solver_type": "heun", "solver_order": 3, "lower_order_final": false,
            "euler_at_final": true, "lambda_min_clipped": -5.1, "use_lu_lambdas": true, "sigma_min": 0.1"#,
    );
    assert_eq!((dpm.algorithm_type, dpm.solver_type), (AlgorithmType::SdeDpmSolverPlusPlus, SolverType::Heun));
    assert_eq!((dpm.solver_order, dpm.lower_order_final, dpm.euler_at_final), (3, false, true));
    assert_eq!((dpm.lambda_min_clipped, dpm.sigma_family), (Some(-5.1), Some(SigmaFamily::Lu)));
    assert_eq!(dpm.sigma_min, Some(0.1));
    // Configurations are handed from class to class, and diffusers then puts the class's own variant in place.
    let handed = of("DPMSolverMultistep", r#", "algorithm_type": "deis", "solver_type": "logrho""#);
    assert_eq!((handed.algorithm_type, handed.solver_type), (AlgorithmType::DpmSolverPlusPlus, SolverType::Midpoint));
    let deis = of("DEISMultistep", r#", "algorithm_type": "dpmsolver++", "solver_type": "midpoint""#);
    assert_eq!((deis.algorithm_type, deis.solver_type), (AlgorithmType::Deis, SolverType::LogRho));
    assert_eq!(
        (deis.final_sigmas_type, of("SASolver", "").final_sigmas_type),
        (FinalSigmas::SigmaMin, FinalSigmas::SigmaMin)
    );
    assert!(!of("DPMSolverSinglestep", "").lower_order_final);
    let unipc = of("UniPCMultistep", "");
    assert_eq!((unipc.solver_type, unipc.predict_x0), (SolverType::Bh2, true));
    let keys = r#", "solver_type": "bh1", "predict_x0": false, "disable_corrector": [0, 1], "sigma_max": 9"#;
    let unipc = of("UniPCMultistep", keys);
    assert_eq!((unipc.solver_type, unipc.predict_x0, unipc.sigma_max), (SolverType::Bh1, false, Some(9.0)));
    assert_eq!(unipc.disable_corrector, [0, 1]);
    let sa = of("SASolver", r#", "algorithm_type": "noise_prediction", "predictor_order": 3, "corrector_order": 1"#);
    assert_eq!((sa.algorithm_type, sa.predictor_order, sa.corrector_order), (AlgorithmType::NoisePrediction, 3, 1));
    let lcm = of("LCM", "");
    assert_eq!((lcm.original_inference_steps, lcm.timestep_scaling, lcm.clipping), (50, 10.0, Clipping::None));
    let tcd = of("TCD", r#", "original_inference_steps": 100, "timestep_scaling": 8"#);
    assert_eq!((tcd.class, tcd.original_inference_steps, tcd.timestep_scaling), (SchedulerClass::Tcd, 100, 8.0));
    assert!(!of("PNDM", "").skip_prk_steps && of("PNDM", r#", "skip_prk_steps": true"#).skip_prk_steps);
    let euler = of("EulerDiscrete", r#", "interpolation_type": "log_linear", "timestep_type": "continuous""#);
    assert_eq!((euler.interpolation_type, euler.timestep_type), (Interpolation::LogLinear, TimestepType::Continuous));
    assert_eq!(euler.parameterization().time, NetworkTime::Index);
    let edm = of("EulerDiscrete", r#", "timestep_type": "continuous", "prediction_type": "v_prediction""#);
    assert_eq!(edm.parameterization().time, NetworkTime::CNoise);
    assert_eq!(of("UnCLIP", "").variance_type, VarianceType::FixedSmallLog);
    let low = of("DDPM", r#", "thresholding": true, "sample_max_value": 0.5"#);
    assert_eq!(low.clipping, Clipping::Threshold { ratio: 0.995, max_value: 0.5 });
    let sana =
        of("DPMSolverMultistep", r#", "use_flow_sigmas": true, "prediction_type": "flow_prediction", "flow_shift": 3"#);
    assert!(sana.use_flow_sigmas && sana.is_flow() && sana.shift == 3.0);
    let flow = of("FlowMatchEulerDiscrete", r#", "time_shift_type": "linear", "base_image_seq_len": 100"#);
    assert_eq!((flow.time_shift_type, flow.base_image_seq_len, flow.max_image_seq_len), (TimeShift::Linear, 100, 4096));
    assert_eq!((flow.base_shift, flow.max_shift, flow.shift_terminal), (0.5, 1.15, None));
    for (name, class) in [
        ("KDPM2AncestralDiscrete", SchedulerClass::Kdpm2Ancestral),
        ("DPMSolverSinglestep", SchedulerClass::DpmSolverSinglestep),
        ("SASolver", SchedulerClass::SaSolver),
        ("FlowMatchLCM", SchedulerClass::FlowMatchLcm),
        ("LCM", SchedulerClass::Lcm),
    ] {
        assert_eq!(of(name, "").class, class);
        assert_eq!(class.name(), format!("{name}Scheduler"));
    }
}

#[test]
fn null_is_false_for_a_flag_and_else_the_default() {
    let (config, warnings) = parse(
        r#"{"_class_name": "DDIMScheduler", "clip_sample": null, "set_alpha_to_one": null, "beta_end": null,
            "trained_betas": null, "prediction_type": null}"#,
    );
    assert!(warnings.is_empty());
    assert_eq!((config.clipping, config.set_alpha_to_one, config.beta_end), (Clipping::None, false, 0.02));
}

#[test]
fn what_is_not_acted_on_is_said() {
    for (text, words) in [
        (r#"{"_class_name": "DDIMScheduler", "betta_start": 0.1, "_private": 1}"#, ["betta_start", ""]),
        (r#"{"_class_name": "MyScheduler", "beta_end": 0.02}"#, ["MyScheduler", "DDIMScheduler"]),
        (r#"{"prediction_type": "epsilon"}"#, ["_class_name", "DDIMScheduler"]),
        (
            r#"{"_class_name": "HeunDiscreteScheduler", "rescale_betas_zero_snr": true, "sigma_schedule": "karras"}"#,
            ["\"rescale_betas_zero_snr\" = true", "not an option of HeunDiscreteScheduler"],
        ),
        (
            r#"{"_class_name": "DPMSolverSinglestepScheduler", "timestep_spacing": "trailing"}"#,
            ["\"timestep_spacing\" = \"trailing\"", "as in diffusers"],
        ),
        (r#"{"_class_name": "FlowMatchLCMScheduler", "scale_factors": [0.5, 1]}"#, ["scale_factors", "[0.5,1]"]),
        (r#"{"_class_name": "RePaintScheduler"}"#, ["RePaintScheduler", "jumps"]),
        (r#"{"_class_name": "DDIMInverseScheduler"}"#, ["image to noise", "as DDIMScheduler does"]),
        (r#"{"_class_name": "MyFlowScheduler"}"#, ["MyFlowScheduler", "rectified flow"]),
        (r#"{"_class_name": "MyScheduler", "shift": 3}"#, ["MyScheduler", "rectified flow"]),
        (r#"{"base_shift": 0.5, "max_shift": 1.15}"#, ["_class_name", "rectified flow"]),
        (
            r#"{"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "dpmsolver"}"#,
            ["\"dpmsolver\"", "lowest trained noise level"],
        ),
        (r#"{"_class_name": "FlowMatchEulerDiscreteScheduler", "invert_sigmas": true}"#, ["invert_sigmas", "true"]),
        (r#"{"_class_name": "DDIMScheduler", "rescale_betas_zero_snr": true}"#, ["timestep", "spacing"]),
    ] {
        let said = parse(text).1;
        let [one] = &said[..] else { panic!("{text}: {said:?}") };
        assert!(one.starts_with("m/scheduler_config.json: ") && words.iter().all(|word| one.contains(word)), "{one}");
    }
}

/// Each row of docs/faults.md for this test is said of one of these files.
#[test]
fn sentences_are_those_documented() {
    let said = |class: &str, keys: &str| match SchedulerConfig::parse(
        &format!(r#"{{"_class_name": "{class}Scheduler"{keys}}}"#),
        Path::new("c.json"),
    ) {
        Ok((_, warnings)) => warnings.join("\n"),
        Err(error) => error.to_string(),
    };
    let found = [
        said("HeunDiscrete", r#", "rescale_betas_zero_snr": true"#),
        said("FlowMatchEulerDiscrete", r#", "invert_sigmas": true"#),
        said("DDIM", r#", "betta_start": 0.1"#),
        said("MyFlow", ""),
        said("My", r#", "beta_end": 0.02"#),
        said("DPMSolverMultistep", r#", "algorithm_type": "dpmsolver""#),
        said("UniPCMultistep", r#", "prediction_type": "flow_prediction""#),
        said("LMSDiscrete", r#", "use_karras_sigmas": true, "sigma_min": 0.1"#),
        said("DEISMultistep", r#", "use_karras_sigmas": true, "use_flow_sigmas": true"#),
        said("UniPCMultistep", r#", "use_flow_sigmas": true, "prediction_type": "v_prediction""#),
    ];
    let documented: Vec<String> = faults::rows()
        .into_iter()
        .filter(|row| row.test == "scheduler_config::sentences_are_those_documented")
        .map(|row| row.sentence)
        .collect();
    assert_eq!(found.to_vec(), documented);
}

#[test]
fn a_broken_file_is_refused_in_a_sentence() {
    let file = Path::new("m/scheduler_config.json");
    let refuse = |text: &str| SchedulerConfig::parse(text, file).unwrap_err();
    for (text, place) in [
        ("", (1, 0)),
        ("{\n  \"beta_start\": 0.1\n  \"beta_end\": 0.2\n}", (3, 3)),
        ("{\"lambda_min_clipped\": -Infinity,\n  \"beta_start\" 0.1}", (2, 16)),
    ] {
        let error = refuse(text);
        let SchedulerConfigError::NotJson { line, column, .. } = error else { panic!("{error}") };
        assert_eq!((line, column), place, "{error}");
        assert!(error.to_string().contains(&format!("line {line}, column {column}")), "{error}");
    }
    assert_eq!(refuse("[1]"), SchedulerConfigError::NotAnObject { file: file.into() });
    for (class, keys, wrong, is) in [
        ("DDIM", r#""beta_start": "0.1""#, "beta_start", "\"0.1\""),
        ("DDIM", r#""beta_start": NaN"#, "beta_start", "NaN"),
        ("DDIM", r#""beta_end": Infinity"#, "beta_end", "Infinity"),
        ("DDIM", r#""beta_end": 1.5"#, "beta_end", "1.5"),
        ("DDIM", r#""num_train_timesteps": 0"#, "num_train_timesteps", "0"),
        ("DDIM", r#""num_train_timesteps": 10.5"#, "num_train_timesteps", "10.5"),
        ("DDIM", r#""num_train_timesteps": -1000"#, "num_train_timesteps", "-1000"),
        ("DDIM", r#""beta_schedule": "cosine""#, "beta_schedule", "\"cosine\""),
        ("DDIM", r#""clip_sample": "yes""#, "clip_sample", "\"yes\""),
        ("DDIM", r#""clip_sample_range": 0"#, "clip_sample_range", "0"),
        ("DDIM", r#""steps_offset": 1000"#, "steps_offset", "1000"),
        ("DDIM", r#""trained_betas": [0.1, "x"]"#, "trained_betas", "[0.1,\"x\"]"),
        ("DDIM", r#""num_train_timesteps": 3, "trained_betas": [0.1, 0.2]"#, "trained_betas", "a list of 2"),
        ("EDMEuler", r#""sigma_min": 90"#, "sigma_max", "80"),
        ("DPMSolverSinglestep", r#""algorithm_type": "sde-dpmsolver""#, "algorithm_type", "\"sde-dpmsolver\""),
        ("DPMSolverMultistep", r#""solver_type": "rk4""#, "solver_type", "\"rk4\""),
        ("DPMSolverMultistep", r#""solver_order": 4"#, "solver_order", "4"),
        (
            "UniPCMultistep",
            r#""use_flow_sigmas": true, "prediction_type": "v_prediction""#,
            "prediction_type",
            "\"v_prediction\"",
        ),
        ("UniPCMultistep", r#""disable_corrector": [-1]"#, "disable_corrector", "[-1]"),
        ("LCM", r#""original_inference_steps": 0"#, "original_inference_steps", "0"),
        ("FlowMatchEulerDiscrete", r#""shift_terminal": 1"#, "shift_terminal", "1"),
        ("FlowMatchEulerDiscrete", r#""max_image_seq_len": 256"#, "max_image_seq_len", "256"),
        ("EDMEuler", r#""prediction_type": "v_prediction""#, "prediction_type", "\"v_prediction\""),
    ] {
        let error = refuse(&format!(r#"{{"_class_name": "{class}Scheduler", {keys}}}"#));
        let said = error.to_string();
        let SchedulerConfigError::Key { key, found, expected, .. } = error else { panic!("{said}") };
        assert_eq!((key.as_str(), found.as_str()), (wrong, is), "{said}");
        for part in ["m/scheduler_config.json", wrong, is, &expected] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    let number = refuse(r#"{"_class_name": 3}"#);
    assert!(matches!(&number, SchedulerConfigError::Key { key, .. } if key == "_class_name"), "{number}");
    let betas = refuse(r#"{"_class_name": "DDIMScheduler", "trained_betas": [0.1, 1.2]}"#);
    let source = ScheduleError::Beta { timestep: 1, value: 1.2 };
    assert_eq!(betas, SchedulerConfigError::Schedule { file: file.into(), source });
    let two = refuse(r#"{"_class_name": "LMSDiscreteScheduler", "use_karras_sigmas": true, "use_beta_sigmas": true}"#);
    let [first, second] = ["use_karras_sigmas", "use_beta_sigmas"];
    assert_eq!(two, SchedulerConfigError::Conflict { file: file.into(), first, second });
    let class = refuse(r#"{"_class_name": "ScoreSdeVeScheduler"}"#);
    let named = SchedulerConfigError::UnsupportedClass { file: file.into(), class: "ScoreSdeVeScheduler".into() };
    assert_eq!(class, named);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// No text makes the parser panic, not even one that is almost valid.
    #[test]
    fn no_text_panics(cut in 0..1200_usize, at in 0..1200_usize, with in "\\PC{0,6}") {
        let text: String = DPM.chars().take(cut).collect();
        let _ = SchedulerConfig::parse(&text, Path::new("c.json"));
        let text: String = DPM.chars().take(at).chain(with.chars()).chain(DPM.chars().skip(at + 3)).collect();
        let _ = SchedulerConfig::parse(&text, Path::new("c.json"));
    }

    /// Every configuration that is read makes a plan or gives a reason.
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
