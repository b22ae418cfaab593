//! Schedules against plain formulas, as properties, and their errors.

#![allow(clippy::unwrap_used)]

use chromascope::schedule::{
    BetaSchedule, FinalLevel, MAX_STEPS, ModelSchedule, Plan, PlanRequest, PlanSource, PlanWarning, STAND_IN_SIGMA_MAX,
    ScheduleError, SigmaFamily, Spacing, SpacingConvention, TerminalSnr, TrainingSchedule, timesteps,
};
use chromascope::theory::NoiseLevel;
use proptest::prelude::*;

fn sd() -> TrainingSchedule {
    TrainingSchedule::new(BetaSchedule::ScaledLinear, 0.00085, 0.012, 1000).unwrap()
}

fn zero_snr() -> TrainingSchedule {
    sd().zero_terminal_snr(TerminalSnr::Zero).unwrap()
}

fn relative(ours: f64, theirs: f64) -> f64 {
    if ours == theirs { 0.0 } else { (ours / theirs - 1.0).abs() }
}

/// For every number of steps: integers in range, falling, as many as requested.
#[test]
fn every_spacing_of_every_length_falls_within_the_table() {
    for num_train in [1, 2, 10, 100, 1000] {
        for convention in [SpacingConvention::Ddim, SpacingConvention::Euler, SpacingConvention::DpmSolver] {
            for spacing in Spacing::ALL {
                for steps in 1..=num_train {
                    let visited = match timesteps(spacing, convention, steps, num_train, 0) {
                        Ok(visited) => visited,
                        Err(ScheduleError::TooManySteps { limit, .. }) => {
                            assert_eq!(limit, num_train - 1);
                            assert_eq!(steps, num_train);
                            assert_eq!(convention, SpacingConvention::DpmSolver);
                            continue;
                        }
                        Err(error) => panic!("{spacing} {convention:?} {steps} {num_train}: {error}"),
                    };
                    assert_eq!(visited.len(), steps);
                    assert!(visited.windows(2).all(|pair| pair[1] < pair[0]), "{spacing} {convention:?} {steps}");
                    assert!(visited[0] <= (num_train - 1) as f64 && visited[steps - 1] >= 0.0);
                    let integers = convention != SpacingConvention::Euler || spacing != Spacing::Linspace;
                    assert!(!integers || visited.iter().all(|timestep| timestep.fract() == 0.0));
                }
            }
        }
    }
    // diffusers gives 62 timesteps here, the last of them −1.
    assert_eq!(timesteps(Spacing::Trailing, SpacingConvention::Ddim, 61, 1000, 0).unwrap()[60], 15.0);
    assert_eq!(
        timesteps(Spacing::Leading, SpacingConvention::DpmSolver, 10, 1000, 0).unwrap(),
        [900.0, 810.0, 720.0, 630.0, 540.0, 450.0, 360.0, 270.0, 180.0, 90.0]
    );
    assert_eq!(timesteps(Spacing::Linspace, SpacingConvention::Euler, 1500, 1000, 0).unwrap().len(), 1500);
}

#[test]
fn known_ranges() {
    let range = |schedule, start, end| {
        let model = ModelSchedule::Discrete(TrainingSchedule::new(schedule, start, end, 1000).unwrap());
        (model.sigma_min(), model.sigma_max())
    };
    let close = |(lo, hi): (f64, f64), (a, b): (f64, f64)| assert!(relative(lo, a) < 1e-3 && relative(hi, b) < 1e-4);
    close(range(BetaSchedule::ScaledLinear, 0.00085, 0.012), (0.029_167, 14.6146));
    close(range(BetaSchedule::Linear, 0.0001, 0.02), (0.0100, 157.41));
    close(range(BetaSchedule::SquaredcosCapV2, 0.0001, 0.02), (0.00643, 20_291.0));
}

#[test]
fn zero_terminal_snr_ends_in_noise_and_keeps_the_first_level() {
    let (plain, exact) = (sd(), zero_snr());
    assert_eq!(exact.level(0), plain.level(0));
    assert_eq!(exact.level(999).alpha_bar(), 0.0);
    assert_eq!(exact.level(999).sigma(), f64::INFINITY);
    assert_eq!(exact.betas()[999], 1.0);
    let almost = sd().zero_terminal_snr(TerminalSnr::AlmostZero).unwrap();
    assert!(relative(almost.level(999).alpha_bar(), 2.0_f64.powi(-24)) < 1e-14);
    assert!(relative(almost.level(999).sigma(), STAND_IN_SIGMA_MAX) < 1e-14);
    assert_eq!(exact.level(998), almost.level(998));
    let again = TrainingSchedule::from_betas(&exact.betas()).unwrap();
    assert_eq!(again.level(999).alpha_bar(), 0.0);
    for timestep in 0..999 {
        assert!((again.level(timestep).log_snr() - exact.level(timestep).log_snr()).abs() < 1e-9);
    }

    assert_eq!(exact.timestep_of(exact.level(999)), 999.0);
    assert_eq!(exact.timestep_of(NoiseLevel::from_log_snr(-1000.0)), 999.0);
    let between = exact.level_at(998.5);
    assert!((exact.timestep_of(between) - 998.5).abs() < 1e-9);
    assert!((between.log_snr() - 0.5 * (exact.level(998).log_snr() - 40.0)).abs() < 1e-12);
    let model = ModelSchedule::Discrete(exact);
    assert_eq!(model.sigma_max(), STAND_IN_SIGMA_MAX);
    assert!(model.covers(NoiseLevel::from_sigma(1e9)));
}

#[test]
fn models_map_levels_to_timesteps() {
    let flow = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 3.0 };
    assert!((flow.timestep_of(NoiseLevel::from_sigma(1.0)) - 500.0).abs() < 1e-9);
    assert_eq!(flow.timestep_of(flow.noisiest()), 1000.0);
    assert_eq!(flow.clamp(NoiseLevel::from_sigma(1e5)), (NoiseLevel::from_sigma(1e5), false));
    let edm = ModelSchedule::Edm { sigma_min: 0.002, sigma_max: 80.0, sigma_data: 0.5 };
    assert!((edm.timestep_of(NoiseLevel::from_sigma(2.0)) - 0.25 * 2.0_f64.ln()).abs() < 1e-15);
    assert_eq!(edm.clamp(NoiseLevel::from_sigma(100.0)), (edm.noisiest(), true));
    assert_eq!(edm.clamp(NoiseLevel::CLEAN), (edm.cleanest(), true));
    assert!(!edm.clamp(edm.noisiest()).1);
    assert!(relative(edm.sigma_max(), 80.0) < 1e-14);
    for model in [flow, edm, ModelSchedule::Discrete(sd()), ModelSchedule::Discrete(zero_snr())] {
        let (first, last) = model.timestep_range();
        for i in 1..=20 {
            let timestep = first + (last - first) * f64::from(i) / 21.0;
            assert!((model.timestep_of(model.level_at(timestep)) - timestep).abs() < 1e-9, "{timestep}");
        }
    }
}

fn request(source: &str, steps: usize, final_level: FinalLevel) -> PlanRequest {
    PlanRequest {
        source: source.parse().unwrap(),
        steps,
        convention: SpacingConvention::Ddim,
        steps_offset: 0,
        final_level,
    }
}

#[test]
fn every_source_makes_a_plan_on_every_model_it_suits() {
    let models = [
        ModelSchedule::Discrete(sd()),
        ModelSchedule::Discrete(zero_snr()),
        ModelSchedule::Flow { num_train_timesteps: 1000, shift: 3.0 },
        ModelSchedule::Edm { sigma_min: 0.002, sigma_max: 80.0, sigma_data: 0.5 },
    ];
    for model in &models {
        for name in PlanSource::names() {
            for steps in [1, 2, 10, 61] {
                for final_level in [FinalLevel::Clean, FinalLevel::FirstTrained] {
                    let plan = match request(name, steps, final_level).plan(model) {
                        Err(ScheduleError::SpacingUnsuited { .. }) => continue,
                        plan => plan.unwrap_or_else(|error| panic!("{name} {steps}: {error}")),
                    };
                    assert_eq!((plan.steps(), plan.levels().len()), (steps, steps + 1));
                    let visited = &plan.levels()[..steps];
                    assert!(visited.windows(2).all(|pair| pair[1] > pair[0]), "{name} {steps}");
                    assert!(plan.levels()[steps] >= visited[steps - 1]);
                    assert!(plan.timesteps().windows(2).all(|pair| pair[1] <= pair[0]));
                    assert!(plan.timesteps().iter().all(|timestep| timestep.is_finite()));
                    assert!(visited.iter().all(|&level| level != NoiseLevel::CLEAN));
                    assert_eq!(plan.levels()[steps] == NoiseLevel::CLEAN, final_level == FinalLevel::Clean);
                }
            }
        }
    }
    let trailing = request("trailing", 10, FinalLevel::Clean).plan(&models[1]).unwrap();
    assert_eq!(trailing.levels()[0].alpha_bar(), 0.0);
    let karras = request("karras", 10, FinalLevel::Clean).plan(&models[1]).unwrap();
    assert!(relative(karras.levels()[0].sigma(), STAND_IN_SIGMA_MAX) < 1e-14);
}

#[test]
fn a_typed_list_is_kept_and_its_oddities_are_named() {
    let model = ModelSchedule::Discrete(sd());
    let typed = [20.0, 5.0, 1.0, 0.3];
    let plan = Plan::from_sigmas(&model, &typed).unwrap();
    assert_eq!(plan.steps(), 3);
    for (level, sigma) in plan.levels().iter().zip(typed) {
        assert!(relative(level.sigma(), sigma) < 1e-14);
    }
    assert_eq!(plan.timesteps()[0], 999.0);
    let warnings = plan.warnings(true);
    assert_eq!(warnings[0], PlanWarning::OutsideTrainedRange { steps: vec![0] });
    assert!(matches!(warnings[1], PlanWarning::EndsNoisy { .. }));
    assert_eq!(warnings.len(), 2);
    assert!(warnings[1].to_string().contains("0.3000"), "{}", warnings[1]);

    let crowded = Plan::from_sigmas(&model, &[14.0, 13.999, 13.998, 1.0, 0.0]).unwrap();
    assert_eq!(crowded.warnings(false), []);
    assert_eq!(crowded.warnings(true), [PlanWarning::RepeatedTimestep { steps: vec![1, 2] }]);
    let ends_still = request("linspace", 10, FinalLevel::FirstTrained).plan(&model).unwrap();
    assert_eq!(ends_still.warnings(true)[0], PlanWarning::NoOp { steps: vec![9] });
    let one = request("linspace", 1, FinalLevel::Clean).plan(&model).unwrap();
    assert!(matches!(one.warnings(true)[..], [PlanWarning::StartsClean { .. }]));
}

/// Every error, with the message that the user reads.
#[test]
fn what_makes_no_schedule_is_refused_in_a_sentence() {
    use ScheduleError as E;
    let model = ModelSchedule::Discrete(sd());
    let sigmas = |list: &[f64]| Plan::from_sigmas(&model, list).unwrap_err();
    let visit = |list: &[f64]| Plan::from_timesteps(&model, list, FinalLevel::Clean).unwrap_err();
    let plan = |name, steps| request(name, steps, FinalLevel::Clean).plan(&model).unwrap_err();
    let betas = |list: &[f64]| TrainingSchedule::from_betas(list).unwrap_err();
    let alpha_bars = |list: &[f64]| TrainingSchedule::from_alpha_bars(list).unwrap_err();
    let too_many = |limit: usize, of: &str| E::TooManySteps { steps: 1_000_000, limit, of: of.into() };
    let sigma = |value: f64| E::Sigma { row: 2, value };
    let beta = |timestep: usize, value: f64| E::Beta { timestep, value };
    let timestep = |row: usize, value: f64| E::Timestep { row, value, first: 0.0, last: 999.0 };
    for (said, expected) in [
        (plan("trailing", 0), E::NoSteps),
        (plan("karras", 0), E::NoSteps),
        (plan("trailing", 1_000_000), too_many(1000, "trailing spacing over the model's 1000 timesteps")),
        (plan("karras", 1_000_000), too_many(10_000, "any run")),
        (sigmas(&[]), E::TooFewSigmas(0)),
        (sigmas(&[1.0]), E::TooFewSigmas(1)),
        (sigmas(&[1.0, f64::NAN, 0.0]), sigma(f64::NAN)),
        (sigmas(&[3.0, f64::INFINITY]), sigma(f64::INFINITY)),
        (sigmas(&[1.0, -0.5]), sigma(-0.5)),
        (sigmas(&[1.0, 0.0, 0.0]), sigma(0.0)),
        (sigmas(&[2.0, 1.0, 1.0, 0.0]), E::EqualSigmas { row: 3, value: 1.0 }),
        (sigmas(&[2.0, 3.0, 0.0]), E::RisingSigma { row: 2, previous: 2.0, value: 3.0 }),
        (visit(&[]), E::NoTimesteps),
        (visit(&[999.0, 1200.0]), timestep(2, 1200.0)),
        (visit(&[f64::NAN]), timestep(1, f64::NAN)),
        (visit(&[500.0, 500.0]), E::TimestepNotFalling { row: 2, previous: 500.0, value: 500.0 }),
        (betas(&[]), E::TimestepCount(0)),
        (betas(&[0.1, 1.5]), beta(1, 1.5)),
        (betas(&[0.0, 0.1]), beta(0, 0.0)),
        (betas(&[0.1, 1.0, 0.1]), beta(1, 1.0)),
        (betas(&[f64::NAN]), beta(0, f64::NAN)),
        (alpha_bars(&[0.9, 0.5, 0.5]), E::NotFalling { timestep: 2 }),
        (alpha_bars(&[0.9, -0.1]), E::AlphaBar { timestep: 1, value: -0.1 }),
        (sd_from(&[0.1]).zero_terminal_snr(TerminalSnr::Zero).unwrap_err(), E::CannotRescale { timesteps: 1 }),
        (
            timesteps(Spacing::Leading, SpacingConvention::Ddim, 1000, 1000, 1).unwrap_err(),
            E::PastTheEnd { steps: 1000, steps_offset: 1, first: 1000, last: 999 },
        ),
        (SigmaFamily::Lu.sigmas(5, 1.0, 0.1).unwrap_err(), E::SigmaRange { sigma_min: 1.0, sigma_max: 0.1 }),
        ("cosine".parse::<BetaSchedule>().unwrap_err(), E::UnknownBetaSchedule("cosine".into())),
        ("kerras".parse::<PlanSource>().unwrap_err(), E::UnknownSource("kerras".into())),
    ] {
        // As text, as NaN is not equal to itself.
        assert_eq!(format!("{said:?} {said}"), format!("{expected:?} {expected}"));
    }
    assert!(matches!(
        SigmaFamily::Karras { rho: f64::NAN }.sigmas(5, 0.1, 1.0),
        Err(ScheduleError::Parameter { family: "karras", name: "rho", .. })
    ));
    let clean_start = ModelSchedule::Discrete(TrainingSchedule::from_alpha_bars(&[1.0, 0.5, 0.1]).unwrap());
    assert!(matches!(
        Plan::from_timesteps(&clean_start, &[2.0, 0.0], FinalLevel::Clean),
        Err(ScheduleError::CleanStep { row: 2, .. })
    ));
    assert!(matches!(
        request("leading", 5, FinalLevel::Clean).plan(&ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 }),
        Err(ScheduleError::SpacingUnsuited { .. })
    ));
    assert_eq!(
        SigmaFamily::Polyexponential { rho: 50.0 }.sigmas(100, 0.03, 14.0).unwrap_err(),
        E::LevelsCoincide { of: "the polyexponential family with 100 steps".into(), step: 54 }
    );
    assert!(Plan::from_sigmas(&model, &(0..=MAX_STEPS + 1).rev().map(|i| i as f64).collect::<Vec<_>>()).is_err());
}

fn sd_from(betas: &[f64]) -> TrainingSchedule {
    TrainingSchedule::from_betas(betas).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_betas_make_a_falling_invertible_table(betas in prop::collection::vec(1e-6..0.5_f64, 2..80), x in 0.0..1.0_f64, y in 0.0..1.0_f64) {
        let table = sd_from(&betas);
        for (given, back) in betas.iter().zip(table.betas()) {
            prop_assert!((given - back).abs() < 1e-9);
        }
        let mut product = 1.0;
        for (timestep, beta) in betas.iter().enumerate() {
            product *= 1.0 - beta;
            prop_assert!((table.level(timestep).alpha_bar() - product).abs() < 1e-12);
            prop_assert_eq!(table.timestep_of(table.level(timestep)), timestep as f64);
            prop_assert_eq!(table.level_at(timestep as f64), table.level(timestep));
        }
        let end = table.last_timestep() as f64;
        let (early, late) = (x.min(y) * end, x.max(y) * end);
        prop_assert!(table.level_at(early) >= table.level_at(late));
        prop_assert!((table.timestep_of(table.level_at(early)) - early).abs() < 1e-6);
        prop_assert!(table.covers(table.level_at(late)));
    }

    #[test]
    fn rescaling_keeps_any_table_falling(betas in prop::collection::vec(1e-5..0.3_f64, 2..80)) {
        let plain = sd_from(&betas);
        let table = plain.clone().zero_terminal_snr(TerminalSnr::Zero).unwrap();
        prop_assert_eq!(table.level(0), plain.level(0));
        prop_assert_eq!(table.level(table.last_timestep()).alpha_bar(), 0.0);
        let s = |timestep| plain.level(timestep).sqrt_alpha_bar();
        let (first, last) = (s(0), s(betas.len() - 1));
        for timestep in 0..betas.len() {
            let plainly = (s(timestep) - last) * first / (first - last);
            prop_assert!((table.level(timestep).sqrt_alpha_bar() - plainly).abs() < 1e-9);
        }
    }

    #[test]
    fn every_family_falls_from_end_to_end(steps in 1_usize..200, lo in 1e-3..0.5_f64, span in 1.5..1e5_f64, shift in 0.1..10.0_f64, rho in 0.5..5.0_f64) {
        let hi = lo * span;
        let more = [SigmaFamily::FlowShift { shift }, SigmaFamily::Karras { rho }, SigmaFamily::Polyexponential { rho }];
        for family in SigmaFamily::ALL.into_iter().chain(more) {
            let sigmas = family.sigmas(steps, lo, hi).unwrap();
            prop_assert_eq!(sigmas.len(), steps);
            prop_assert!(sigmas.windows(2).all(|pair| pair[1] < pair[0]), "{} {:?}", family, sigmas);
            prop_assert!(sigmas.iter().all(|sigma| sigma.is_finite() && *sigma > 0.0));
            if !family.has_own_range() {
                let highest = if let SigmaFamily::KarrasCapped { cap, .. } = family { hi.min(cap) } else { hi };
                prop_assert_eq!(sigmas[0], highest);
                prop_assert!(steps == 1 || sigmas[steps - 1] == lo);
            }
        }
    }
}

#[test]
fn published_steps_come_back_unchanged() {
    let sigmas = SigmaFamily::AysSd15.sigmas(10, 0.03, 14.6).unwrap();
    assert_eq!(sigmas, [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152]);
    let edm = SigmaFamily::Edm.sigmas(3, 0.03, 14.6).unwrap();
    assert_eq!((edm[0], edm[2]), (80.0, 0.002));
}
