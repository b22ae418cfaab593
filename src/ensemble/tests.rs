use super::*;
use crate::session::settings::{ModelSource, ProviderChoice};
use crate::theory::Measure;
use std::ops::ControlFlow;
use std::sync::Arc;

fn settings(steps: usize) -> RunSettings {
    RunSettings { provider: ProviderChoice::Rust, steps, ..RunSettings::new(ModelSource::Model("gaussian-64".into())) }
}

fn model(settings: &RunSettings) -> Model {
    Model::open(settings, None, &|_, _| true).unwrap()
}

fn grown(model: &Model, settings: &RunSettings, samples: usize, batch: usize) -> Ensemble {
    let mut ensemble = Ensemble::begin(model, settings, Options::default()).unwrap();
    gather(&mut ensemble, model, samples, Some(batch), &mut |_| ControlFlow::Continue(())).unwrap();
    ensemble
}

#[test]
fn it_is_the_same_however_it_is_made() {
    let settings = settings(3);
    let model = model(&settings);
    let whole = grown(&model, &settings, 7, 7);
    assert_eq!(whole.samples(), 7);
    assert_eq!(grown(&model, &settings, 7, 2), whole);
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let mut alone = alone.install(|| grown(&model, &settings, 7, 3));
    // The number of threads is part of the record.
    alone.origin = whole.origin.clone();
    assert_eq!(alone, whole);
}

#[test]
fn the_first_results_come_after_one_sample_and_batches_grow() {
    let settings = settings(3);
    let model = model(&settings);
    let mut ensemble = Ensemble::begin(&model, &settings, Options::default()).unwrap();
    let mut sizes = Vec::new();
    let mut told = |progress: GatherProgress| {
        if let GatherProgress::Batch { size, .. } = progress {
            sizes.push(size);
        }
        ControlFlow::Continue(())
    };
    gather(&mut ensemble, &model, 40, None, &mut told).unwrap();
    assert_eq!(sizes, [1, 2, 4, 8, 16, 9]);
    assert_eq!(ensemble, grown(&model, &settings, 40, 40));
}

#[test]
fn stopping_keeps_whole_batches_and_more_can_be_added() {
    let settings = settings(4);
    let model = model(&settings);
    let mut ensemble = Ensemble::begin(&model, &settings, Options::default()).unwrap();
    let stop_within_the_third = |progress: GatherProgress| match progress {
        GatherProgress::Step { samples: 4, step: 2, .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let ended = gather(&mut ensemble, &model, 8, Some(2), &mut { stop_within_the_third }).unwrap();
    assert!(matches!(ended, GatherEnd::Stopped(_)));
    assert_eq!(ensemble, grown(&model, &settings, 4, 4));

    let cancel_within_a_call = |progress: GatherProgress| {
        if let GatherProgress::Batch { canceller, .. } = progress {
            canceller.cancel();
        }
        ControlFlow::Continue(())
    };
    let ended = gather(&mut ensemble, &model, 8, Some(2), &mut { cancel_within_a_call }).unwrap();
    assert!(matches!(ended, GatherEnd::Stopped(_)));
    assert_eq!(ensemble.samples(), 4);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.npz");
    write(&path, &ensemble).unwrap();
    let mut again = read(&path).unwrap();
    assert_eq!(again.samples(), 4);
    gather(&mut again, &model, 8, Some(4), &mut |_| ControlFlow::Continue(())).unwrap();
    let whole = grown(&model, &settings, 8, 8);
    let same = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-12 * b.abs());
    // A variance is not stored to the last bit.
    assert!(same(again.running.mean(), whole.running.mean()));
    assert!(same(&again.variance(), &whole.variance()));
    assert_eq!((again.replicas, again.origin), (whole.replicas, whole.origin));
    assert!(same(&again.images.spectrum().unwrap(), &whole.images.spectrum().unwrap()));

    let other = RunSettings { steps: 5, ..settings };
    let mut other = Ensemble::begin(&model, &other, Options::default()).unwrap();
    other.levels = whole.levels;
    let error = gather(&mut other, &model, 1, None, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, EnsembleError::Other("schedule")), "{error}");
}

#[test]
fn the_sums_are_those_of_the_samples_one_by_one() {
    let settings = RunSettings { batch: 5, ..settings(3) };
    let model = model(&settings);
    let ensemble = grown(&model, &settings, 5, 2);
    let mut prepared = model.prepare(&settings, Keeping::EveryStep).unwrap();
    let mut trajectory = prepared.run.trajectory();
    while prepared.run.step(&mut trajectory).unwrap().is_some() {}
    let plan = BandPlan::new(64, 64, 2, 6, Fit::Pad).unwrap();
    let mut rapsd = Rapsd::new(64, 64).unwrap();
    for row in 0..=3 {
        let states: Vec<_> = trajectory.states().collect();
        let mut running = Running::new(33);
        states[row].outer_iter().for_each(|state| running.push(&rapsd.sample(state).unwrap()));
        let place = ensemble.form().psd(Quantity::State, row, 0);
        let (mean, variance) = (ensemble.psd(Quantity::State, row, 0), &ensemble.variance()[place]);
        for ring in 0..33 {
            assert!((mean[ring] / running.mean()[ring] - 1.0).abs() < 1e-12);
            assert!((variance[ring] / running.variance()[ring] - 1.0).abs() < 1e-9);
        }
    }
    let x0 = |step: usize| trajectory.snapshots[step].x0.mapv(f64::from);
    for step in 0..2 {
        let change = x0(step + 1) - x0(step);
        let expected = plan.mean_energies(change.view()).unwrap();
        let found = ensemble.bands_change(step);
        assert!(found.iter().zip(&expected).all(|(a, b)| (a / b - 1.0).abs() < 1e-12));
        // The second channel alone.
        let mut running = Running::new(33);
        change
            .outer_iter()
            .for_each(|image| running.push(&rapsd.plane(image.index_axis(ndarray::Axis(0), 1)).unwrap()));
        let found = ensemble.psd(Quantity::Change, step, 2);
        assert!(found.iter().zip(running.mean()).all(|(a, b)| (a / b - 1.0).abs() < 1e-12));
    }
    // Shares are ratios of means.
    let measured = ensemble.measured();
    let energies: Vec<Vec<f64>> = (0..3).map(|step| plan.mean_energies(x0(step).view()).unwrap()).collect();
    let growth: Vec<f64> = (0..6).map(|m| energies[2][m] - energies[1][m]).collect();
    let sum: f64 = growth.iter().sum();
    for (m, growth) in growth.iter().enumerate() {
        assert!((measured.values(Measure::Power)[6 + m] - growth / sum).abs() < 1e-12);
        assert!(measured.errors(Measure::Power)[6 + m] > 0.0);
    }
    let rows = measured.values(Measure::Amplitude).chunks_exact(6);
    assert!(rows.clone().all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-12));
    assert_eq!(rows.len(), 2);
}

#[test]
fn a_prediction_agrees_with_itself_and_not_with_another() {
    let settings = settings(24);
    let model = model(&settings);
    let ensemble = grown(&model, &settings, 16, 16);
    let measured = ensemble.measured();
    for measure in [Measure::Power, Measure::Amplitude] {
        let rms = Calibration::ALL.map(|calibration| {
            let prediction = Prediction::of(&ensemble, calibration, measure, None).unwrap();
            assert!(prediction.rows().chunks_exact(6).all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-9));
            let agreement = measured.agreement(&prediction, 0.1);
            assert_eq!(agreement.compared, agreement.agreeing + agreement.disagreements.len());
            agreement.rms
        });
        assert!(rms[2] < 0.5 * rms[1] && rms[2] < 0.5 * rms[0], "{rms:?}");
    }
}

#[test]
fn steps_that_gained_nothing_for_sure_are_left_out() {
    let settings = settings(24);
    let model = model(&settings);
    let mut ensemble = grown(&model, &settings, 5, 5);
    assert!(ensemble.measured().tells(Measure::Power).iter().all(|tells| *tells));
    // The energies at one step scatter far more than they grow around it.
    let (form, each) = (ensemble.form(), ensemble.replicas.sums.len() / ensemble.replicas.weights.len());
    for (number, replica) in ensemble.replicas.sums.chunks_exact_mut(each).enumerate() {
        let scatter = if number % 2 == 0 { 0.5 } else { 1.5 };
        replica[10 * form.bands..11 * form.bands].iter_mut().for_each(|energy| *energy *= scatter);
    }
    let measured = ensemble.measured();
    let tells = measured.tells(Measure::Power);
    let left_out = tells.iter().filter(|tells| !**tells).count();
    assert_eq!((left_out, tells[9], tells[10]), (2, false, false));
    // The steps whose sum is within two of its standard errors, computed from the replicas by hand.
    let sums = |means: &[f64]| -> Vec<f64> {
        let energy = |step: usize| means[step * form.bands..(step + 1) * form.bands - 1].iter().sum::<f64>();
        (0..23).map(|step| energy(step + 1) - energy(step)).collect()
    };
    let mut spread = Running::new(23);
    ensemble.replicas.means().for_each(|means| spread.push(&sums(&means)));
    let found = sums(&ensemble.running.mean()[form.all_bands()]);
    for (step, tells) in tells.iter().enumerate() {
        assert_eq!(*tells, found[step].abs() >= 2.0 * spread.variance()[step].sqrt(), "{step}");
    }
    let findings = Findings::of(ensemble.into(), None).unwrap();
    assert_eq!(findings.against(&findings).unwrap().power, Some(Apart { rms: 0.0, steps: 23 - left_out, of: 23 }));
    let agreement = &findings.comparison(Calibration::Spectral, Measure::Power).unwrap().agreement;
    assert_eq!((agreement.left_out, agreement.steps), (left_out, 23));
    assert!(agreement.rms < 0.5 && agreement.compared <= 23 - left_out, "{agreement:?}");
    let told = findings.left_out_in_words().unwrap();
    assert!(told.contains(&format!("{left_out} of 23 steps in power")), "{told}");
    let drawn = measured.telling_values(Measure::Power);
    assert!(drawn.chunks_exact(6).zip(tells).all(|(row, tells)| row.iter().all(|r| r.is_finite() == *tells)));
    // One sample has no known errors, so nothing is excluded.
    let alone = grown(&model, &settings, 1, 1).measured();
    assert!(alone.tells(Measure::Power).iter().all(|tells| *tells));
}

#[test]
fn it_is_called_by_all_that_tells_it_from_others() {
    let settings = settings(3);
    let model = model(&settings);
    let of = |settings: &RunSettings| Arc::new(Findings::of(grown(&model, settings, 1, 1).into(), None).unwrap());
    let one = of(&settings);
    assert_eq!(one.ensemble.title(), "gaussian-64 · ddim, trailing, 3 steps · 1 sample");
    let euler = RunSettings { sampler: crate::session::SamplerKind::Euler.into(), steps: 4, ..settings };
    let euler = of(&euler);
    assert!(euler.ensemble.title().contains(" · euler, "), "{}", euler.ensemble.title());
    assert_eq!(one.other_than(&euler), None, "the run alone differs");
    let mut other = (*one).clone();
    let mut ensemble = (*other.ensemble).clone();
    ensemble.origin.resolved.model = "another".into();
    ensemble.origin.resolved.model_sha256 = "0".into();
    ensemble.origin.resolved.image.width = 32;
    other.ensemble = ensemble.into();
    let told = one.other_than(&other).unwrap();
    assert!(["gaussian-64", "another", "64x64", "64x32"].iter().all(|part| told.contains(part)), "{told}");
}

/// `set_alpha_to_one` false with leading spacing, as in many models: the last step does nothing.
#[test]
fn a_last_step_that_does_nothing_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("scheduler_config.json");
    let text = r#"{"_class_name": "DDIMScheduler", "beta_schedule": "squaredcos_cap_v2", "prediction_type": "sample",
        "timestep_spacing": "leading", "set_alpha_to_one": false, "clip_sample": false}"#;
    std::fs::write(&config, text).unwrap();
    let settings = RunSettings { scheduler_config: Some(config), ..settings(4) };
    let model = model(&settings);
    let whole = grown(&model, &settings, 2, 2);
    let [.., last_step, final_level] = whole.levels() else { panic!("{:?}", whole.levels()) };
    assert_eq!(last_step, final_level);
    let path = folder.path().join("whole.npz");
    write(&path, &whole).unwrap();
    assert_eq!(read(&path).unwrap(), whole);
}

#[test]
fn damaged_files_are_refused() {
    let settings = settings(3);
    let model = model(&settings);
    let whole = grown(&model, &settings, 2, 2);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.npz");
    let refused = |change: &dyn Fn(&mut Ensemble), reason: &str| {
        let mut damaged = whole.clone();
        change(&mut damaged);
        write(&path, &damaged).unwrap();
        let told = read(&path).unwrap_err().to_string();
        assert!(told.contains(reason), "{told}");
    };
    write(&path, &whole).unwrap();
    assert_eq!(read(&path).unwrap().samples(), 2);
    let moments = |ensemble: &Ensemble| (ensemble.running.mean().to_vec(), ensemble.variance());
    refused(
        &|damaged| {
            let (mut mean, variance) = moments(damaged);
            mean[7] = f64::NAN;
            damaged.running = Running::from_moments(2, &mean, &variance);
        },
        "\"psd_diff\" contains NaN",
    );
    refused(
        &|damaged| {
            let (mean, mut variance) = moments(damaged);
            *variance.last_mut().unwrap() = -1.0;
            damaged.running = Running::from_moments(2, &mean, &variance);
        },
        "\"bands_diff_var\" contains -1",
    );
    for (count, reason) in [(1 << 62, "4611686018427387904"), (900, "900 samples")] {
        refused(
            &|damaged| {
                let (mean, variance) = moments(damaged);
                damaged.running = Running::from_moments(count, &mean, &variance);
            },
            reason,
        );
    }
    refused(&|damaged| damaged.levels.swap(0, 1), "\"log_snr\"");
    refused(&|damaged| damaged.origin.timesteps.clear(), "0 steps");
    refused(&|damaged| damaged.origin.resolved.image.height = 1 << 40, "1099511627776x64");
    refused(
        &|damaged| damaged.origin.resolved.image.height = 32,
        "\"state_data_image\" has shape [12288] instead of [6144]",
    );
    refused(&|damaged| damaged.origin.options.levels = Some(4), "\"bands_x0\" has shape [3, 7] instead of [3, 5]");
    refused(&|damaged| damaged.replicas.weights[3] = 0.5, "2 samples");
}

#[test]
fn files_of_others_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.npz");
    let told = || read(&path).unwrap_err().to_string();
    let missing = told();
    assert!(missing.contains("some.npz"), "{missing}");
    std::fs::write(&path, "no archive").unwrap();
    assert!(told().contains("some.npz") && told() != missing, "{}", told());
    let mut npz = ndarray_npy::NpzWriter::new(std::fs::File::create(&path).unwrap());
    npz.add_array("f", &ndarray::arr1(&[1.0])).unwrap();
    npz.finish().unwrap();
    assert!(told().contains("\"origin\""), "{}", told());
    assert!(is_ensemble(&path) && !is_ensemble(folder.path()));
}

#[test]
fn noise_from_a_file_is_refused() {
    let settings = settings(3);
    let model = model(&settings);
    let given = RunSettings { init_noise: Some("x.npy".into()), ..settings };
    let error = Ensemble::begin(&model, &given, Options::default()).unwrap_err();
    assert!(matches!(error, EnsembleError::GivenNoise), "{error}");
}
