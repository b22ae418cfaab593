use super::*;
use crate::denoiser::gaussian::power_law_spectrum;
use crate::denoiser::{DenoiseError, Denoised, GaussianDenoiser};
use crate::sampler::SeededNoise;
use crate::schedule::{BetaSchedule, ControlPoint, SigmaFamily, Spacing, TrainingSchedule};
use crate::session::Run;
use crate::spectrum::{Fft2, HalfSpectrum};
use crate::theory::{NoiseLevel, gaussian};
use ndarray::{Array2, ArrayView2, ArrayView4};
use proptest::prelude::*;

const NOW: PlanSource = PlanSource::Spacing(Spacing::Trailing);

fn cosine() -> ModelSchedule {
    ModelSchedule::Discrete(TrainingSchedule::new(BetaSchedule::SquaredcosCapV2, 1e-4, 0.02, 1000).unwrap())
}

fn problem(side: usize, steps: usize) -> (Problem, GaussianDenoiser) {
    let image = ImageShape { channels: 1, height: side, width: side };
    (Problem::new(cosine(), image, steps), GaussianDenoiser::new(side, cosine()))
}

fn start(problem: &Problem) -> Drawn {
    start_from(&problem.plan(&NOW).unwrap(), &problem.model, problem.default_points()).unwrap()
}

fn power(side: usize) -> Vec<f64> {
    power_law_spectrum(side).into_raw_vec_and_offset().0
}

fn closed_form(side: usize) -> Objective {
    Objective::GaussianSpectrum { spectrum: power(side), target: Target::Flow }
}

/// `X_end / X_start` at every frequency of a plane.
fn factors(start: ArrayView2<f64>, end: ArrayView2<f64>) -> Vec<(usize, usize, f64)> {
    let (height, width) = start.dim();
    let fft = Fft2::of_size(height, width).unwrap();
    let mut spectra = [HalfSpectrum::new(), HalfSpectrum::new()];
    fft.forward(start, &mut spectra[0]).unwrap();
    fft.forward(end, &mut spectra[1]).unwrap();
    let bins = spectra[0].values().iter().zip(spectra[1].values()).enumerate();
    bins.map(|(at, (start, end))| {
        let factor = end / start;
        assert!(factor.im.abs() < 1e-4, "a mode is turned by {factor}");
        (at % height, at / height, factor.re)
    })
    .collect()
}

/// Every mode of a real run, from noise that contains all modes, matches the closed form.
#[test]
fn a_run_produces_the_spectrum_of_the_closed_form() {
    let side = 32;
    let (problem, denoiser) = problem(side, 7);
    let spectrum = power_law_spectrum(side);
    for source in [NOW, PlanSource::Family(SigmaFamily::Karras { rho: 7.0 })] {
        let levels = problem.plan(&source).unwrap().levels().to_vec();
        let noise = SeededNoise { seed: 5, first_sample: 0 };
        let x_t = noise.initial([1, 1, side, side]);
        let sampler = problem.sampler.build(&crate::sampler::Making::default());
        let mut run = Run::new(Box::new(denoiser.clone()), sampler, Box::new(noise), levels.clone(), x_t.clone());
        let mut trajectory = run.trajectory();
        while run.step(&mut trajectory).unwrap().is_some() {}
        let plane = |array: &ndarray::Array4<f64>| {
            array.index_axis(ndarray::Axis(0), 0).index_axis(ndarray::Axis(0), 0).to_owned()
        };
        let end: Array2<f64> = plane(&trajectory.state.mapv(f64::from));
        let whole = gaussian::ddim_spectrum(&levels, spectrum.as_slice().unwrap());
        for (row, column, factor) in factors(plane(&x_t).view(), end.view()) {
            let expected = gaussian::ddim_run_factor(&levels, spectrum[[row, column]]);
            // The state is f32.
            assert!((factor - expected).abs() < 1e-5 * expected.max(1.0), "{row} {column}: {factor}, not {expected}");
            assert!(
                (whole.produced[row * side + column] - expected * expected).abs() < 1e-12 * expected.max(1.0).powi(2)
            );
        }
    }
}

/// The fine runs are close to the ODE, and much closer than the errors measured with them.
#[test]
fn references_are_near_to_the_ode() {
    let side = 16;
    let (problem, mut denoiser) = problem(side, 8);
    let spectrum = power_law_spectrum(side);
    let x_t = solve::noise(&[3], problem.image);
    for (reference, near) in [(Reference::Ddim1000, 0.02), (Reference::Heun200, 0.002)] {
        let levels = reference.levels(&problem).unwrap();
        let run = solve::SolverRun {
            what: "a reference",
            sampler: reference.sampler(),
            model: &problem.model,
            levels: &levels,
        };
        let end = run.end(&mut denoiser, &x_t, &mut |_| Ok(())).unwrap();
        let plane =
            |array: &Array4<f64>| array.index_axis(ndarray::Axis(0), 0).index_axis(ndarray::Axis(0), 0).to_owned();
        let (mut sum, mut count) = (0.0, 0.0);
        for (row, column, factor) in factors(plane(&x_t).view(), plane(&end).view()) {
            let exact = gaussian::ode_factor(levels[0], NoiseLevel::CLEAN, spectrum[[row, column]]);
            sum += (factor - exact).powi(2);
            count += 1.0;
        }
        let rms = f64::sqrt(sum / count);
        assert!(rms < near, "{reference}: {rms}");
    }
}

#[test]
fn the_fit_is_better_on_other_seeds_and_never_worse_on_its_own() {
    let (problem, mut denoiser) = problem(16, 6);
    let options = Options { fit_seeds: 3, measure_seeds: 6, evaluations: 60, ..Options::default() };
    let mut seen = Vec::new();
    let outcome = optimise(&problem, &mut denoiser, &NOW, &start(&problem), &options, &mut |progress| {
        if let FitProgress::Fitting { rmse, .. } = progress
            && rmse.is_finite()
        {
            seen.push(rmse);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    let (fitted, measured) = (outcome.fitted.as_ref().unwrap(), outcome.comparison.as_ref().unwrap());
    assert!(seen.windows(2).all(|pair| pair[1] <= pair[0]) && fitted.best <= fitted.start);
    assert_eq!((fitted.start, fitted.best), (seen[0], fitted.best.min(seen[seen.len() - 1])));
    assert_eq!((fitted.seeds.as_slice(), measured.seeds.as_slice()), (&[0, 1, 2][..], &[3, 4, 5, 6, 7, 8][..]));
    // 0.83 was measured.
    assert!(measured.ratio() < 0.9, "{}", measured.ratio());
    assert!(outcome.evaluations <= 60 && outcome.sentence().contains("3 seeds"), "{}", outcome.sentence());
    assert!(outcome.sentence().contains("6 other seeds: RMSE falls"), "{}", outcome.sentence());
    for measured in [&measured.before, &measured.after] {
        let levels = measured.by_level.iter().map(|rmse| rmse * rmse).sum::<f64>().sqrt();
        assert!((levels / measured.rmse - 1.0).abs() < 1e-9 && measured.rmse_8bit == measured.rmse * 127.5);
        assert_eq!((measured.by_level.len(), measured.error_psd.len(), measured.psd_ratio.len()), (5, 9, 9));
    }
    // The same arguments give the same result.
    let again = optimise(&problem, &mut denoiser, &NOW, &start(&problem), &options, &mut |_| ControlFlow::Continue(()));
    let again = again.unwrap();
    assert_eq!((again.best, again.comparison), (outcome.best, outcome.comparison));
}

/// The expected error over all seeds falls, and so does the error of real runs at the bundled model's size.
#[test]
fn the_closed_form_fits_without_sampling() {
    let (problem, mut denoiser) = problem(64, 10);
    let options = Options { objective: closed_form(64), measure_seeds: 1, evaluations: 60, ..Options::default() };
    let outcome =
        optimise(&problem, &mut denoiser, &NOW, &start(&problem), &options, &mut |_| ControlFlow::Continue(()))
            .unwrap();
    let fitted = outcome.fitted.as_ref().unwrap();
    assert!(fitted.seeds.is_empty());
    for (curve, said) in [(&start(&problem), fitted.start), (&outcome.best, fitted.best)] {
        let levels = problem.plan_along(curve).unwrap().levels().to_vec();
        let exact = gaussian::ddim_spectrum(&levels, &power(64)).error_to_flow;
        assert!((said / exact - 1.0).abs() < 1e-9, "{said} {exact}");
    }
    // 0.53 was measured, on these seeds and in expectation.
    assert!(fitted.best < 0.62 * fitted.start, "{fitted:?}");
    assert!(outcome.comparison.unwrap().ratio() < 0.62);
}

/// A start with coincident last points moves away from there, and counts as given.
#[test]
fn a_start_with_a_narrow_gap_is_left() {
    let (problem, mut denoiser) = problem(16, 6);
    let karras = PlanSource::Family(SigmaFamily::Karras { rho: 7.0 });
    let start = start_from(&problem.plan(&karras).unwrap(), &problem.model, 7).unwrap();
    assert!(!Parameters::around(&start, false).keeps_start());
    let options = Options { objective: closed_form(16), measure_seeds: 0, ..Options::default() };
    let outcome =
        optimise(&problem, &mut denoiser, &karras, &start, &options, &mut |_| ControlFlow::Continue(())).unwrap();
    let fitted = outcome.fitted.unwrap();
    let levels = problem.plan_along(&start).unwrap().levels().to_vec();
    assert!((fitted.start / gaussian::ddim_spectrum(&levels, &power(16)).error_to_flow - 1.0).abs() < 1e-9);
    // From 0.658 to 0.261; from the model default it is 0.227.
    assert!(fitted.best < 0.3, "{fitted:?}");
}

/// The prior's own spectrum can be the target, and times can move.
#[test]
fn the_prior_as_target_and_moving_times() {
    let (problem, mut denoiser) = problem(16, 6);
    let objective = Objective::GaussianSpectrum { spectrum: power(16), target: Target::Prior };
    let options = Options { objective, measure_seeds: 0, move_times: true, evaluations: 80, ..Options::default() };
    let outcome =
        optimise(&problem, &mut denoiser, &NOW, &start(&problem), &options, &mut |_| ControlFlow::Continue(()))
            .unwrap();
    let fitted = outcome.fitted.unwrap();
    assert!(fitted.best < 0.9 * fitted.start && outcome.comparison.is_none());
    let even = |point: &ControlPoint| (point.s * 6.0).fract().min(1.0 - (point.s * 6.0).fract()) < 1e-9;
    assert!(!outcome.best.points().iter().all(even), "no point moved in time");
}

/// Rounds pixels of the estimate to quarters, so that the error is discontinuous.
struct Leaps(GaussianDenoiser);

impl Denoiser for Leaps {
    fn denoise(&mut self, x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
        self.0.denoise(x_t, level, out)?;
        out.x0.mapv_inplace(|value| (value * 4.0).round() / 4.0);
        crate::denoiser::gaussian::fill_eps(x_t, level, out);
        Ok(())
    }
}

/// Where differences give no direction, random jumps use the budget and improve the fit.
#[test]
fn leaps_are_found_by_jumps() {
    let (problem, denoiser) = problem(8, 4);
    let mut denoiser = Leaps(denoiser);
    let options = Options { fit_seeds: 1, measure_seeds: 0, evaluations: 100, ..Options::default() };
    let mut run = || {
        optimise(&problem, &mut denoiser, &NOW, &start(&problem), &options, &mut |_| ControlFlow::Continue(())).unwrap()
    };
    let outcome = run();
    let fitted = outcome.fitted.clone().unwrap();
    assert!(fitted.best < fitted.start, "{fitted:?}");
    assert_eq!((outcome.ended, outcome.evaluations), (FitEnd::Evaluations, 100), "{fitted:?}");
    assert_eq!(outcome.best, run().best);
}

/// A denoiser that is cancelled within its n-th call.
struct StopsAt(GaussianDenoiser, usize);

impl Denoiser for StopsAt {
    fn denoise(&mut self, x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
        self.1 = self.1.checked_sub(1).ok_or(DenoiseError::Cancelled)?;
        self.0.denoise(x_t, level, out)
    }
}

#[test]
fn a_cancel_keeps_the_best_so_far() {
    let (problem, denoiser) = problem(8, 4);
    let options = Options { fit_seeds: 1, measure_seeds: 1, ..Options::default() };
    let run = |denoiser: &mut dyn Denoiser, told: &mut OnProgress| {
        optimise(&problem, denoiser, &NOW, &start(&problem), &options, told).unwrap()
    };
    // By the callback, in the middle of the fit.
    let mut last = None;
    let mut asked_after = 0;
    let outcome = run(&mut denoiser.clone(), &mut |progress| {
        asked_after += usize::from(last.is_some());
        match progress {
            FitProgress::Fitting { evaluations: 20, best, rmse, .. } => {
                last = Some((best.clone(), rmse));
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    });
    let (best, rmse) = last.unwrap();
    let fitted = outcome.fitted.as_ref().unwrap();
    assert_eq!((outcome.ended, outcome.evaluations, asked_after), (FitEnd::Cancelled, 20, 0));
    assert_eq!((&outcome.best, fitted.best, &outcome.comparison), (&best, rmse, &None));
    assert!(fitted.best < fitted.start && !outcome.sentence().contains("RMSE"));
    // From within a step of the reference, the fit, and the measurement.
    let whole = run(&mut denoiser.clone(), &mut |_| ControlFlow::Continue(())).evaluations;
    for (calls, evaluations) in [(100, 0), (399 + 4 * 20 + 2, 20), (399 + 4 * whole + 100, whole)] {
        let outcome = run(&mut StopsAt(denoiser.clone(), calls), &mut |_| ControlFlow::Continue(()));
        assert_eq!((outcome.ended, outcome.comparison.is_none()), (FitEnd::Cancelled, true));
        assert_eq!(outcome.evaluations, evaluations);
        assert_eq!(outcome.fitted.is_none(), evaluations == 0);
        assert_eq!(outcome.best == start(&problem), evaluations == 0);
    }
}

#[test]
fn budgets_end_the_fit() {
    let (problem, mut denoiser) = problem(8, 4);
    let options = Options { fit_seeds: 1, measure_seeds: 1, evaluations: 7, ..Options::default() };
    let mut run = |options: &Options| {
        optimise(&problem, &mut denoiser, &NOW, &start(&problem), options, &mut |_| ControlFlow::Continue(())).unwrap()
    };
    let outcome = run(&options);
    assert_eq!((outcome.ended, outcome.evaluations), (FitEnd::Evaluations, 7));
    assert!(outcome.comparison.is_some());
    let outcome = run(&Options { wall: Some(Duration::ZERO), ..options });
    assert_eq!((outcome.ended, outcome.evaluations, outcome.best), (FitEnd::Time, 0, start(&problem)));
}

/// Returns NaN above a noise level that only the start avoids.
struct Fragile(GaussianDenoiser, NoiseLevel);

impl Denoiser for Fragile {
    fn denoise(&mut self, x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
        if level > self.1 {
            return Err(DenoiseError::NotFinite { what: "NaN", timestep: 0.0 });
        }
        self.0.denoise(x_t, level, out)
    }
}

#[test]
fn a_network_that_fails_somewhere_is_not_led_there() {
    let (problem, denoiser) = problem(8, 4);
    let last = problem.plan(&NOW).unwrap().levels()[3];
    // DDIM over all timesteps would reach that level, so the objective uses a reference made before.
    let mut denoiser = Fragile(denoiser, NoiseLevel::from_log_snr(last.log_snr() + 1e-9));
    let options = Options { fit_seeds: 1, measure_seeds: 0, ..Options::default() };
    let error = optimise(&problem, &mut denoiser, &NOW, &start(&problem), &options, &mut |_| ControlFlow::Continue(()));
    let told = error.unwrap_err().to_string();
    assert!(told.contains("of the reference failed: the network returned NaN"), "{told}");
    let mut fit = fit::CurveFit::new(&problem, &start(&problem), &options, 1).unwrap();
    let mut good = denoiser.0.clone();
    let ends = Bench { problem: &problem, denoiser: &mut good, told: &mut |_| ControlFlow::Continue(()) }
        .reference(Reference::Heun200, &[0])
        .unwrap();
    let mut bench = Bench { problem: &problem, denoiser: &mut denoiser, told: &mut |_| ControlFlow::Continue(()) };
    assert_eq!(fit.run(&mut bench, Some(ends)).unwrap(), FitEnd::Converged);
    let (start, best) = fit.errors().unwrap();
    assert!(best <= start && problem.plan_along(fit.best()).unwrap().levels()[3] <= denoiser.1);
}

#[test]
fn what_cannot_be_is_refused() {
    let (problem, mut denoiser) = problem(8, 4);
    let mut refused = |problem: &Problem, start: &Drawn, options: &Options| {
        let error = optimise(problem, &mut denoiser, &NOW, start, options, &mut |_| ControlFlow::Continue(()));
        error.unwrap_err().to_string()
    };
    let whole = start(&problem);
    let sampler = |kind: SamplerKind| Problem { sampler: kind.into(), ..problem.clone() };
    let options = Options::default();
    assert!(refused(&sampler(SamplerKind::Ddpm), &whole, &options).contains("ddpm"));
    let spectrum = Options { objective: closed_form(8), ..options.clone() };
    assert!(refused(&sampler(SamplerKind::Heun), &whole, &spectrum).contains("heun"));
    let ends = start_from(&problem.plan(&NOW).unwrap(), &problem.model, 2).unwrap();
    assert!(refused(&problem, &ends, &options).contains("2 control points"));
    assert!(
        refused(&problem, &whole, &Options { fit_seeds: 0, ..options.clone() })
            .contains(&OptimiseError::NoSeeds.to_string())
    );
    assert!(
        refused(&problem, &whole, &Options { seed: u64::MAX, ..options.clone() })
            .contains(&OptimiseError::Seeds.to_string())
    );
    let vast = Problem { image: ImageShape { channels: 3, height: 8192, width: 8192 }, ..problem.clone() };
    assert!(refused(&vast, &whole, &options).contains(" GB"));
}

/// A run along the start visits the levels of the plan, for any plan; samplers that need a finite σ get one.
#[test]
fn the_start_is_the_schedule_there_is() {
    let (problem, _) = problem(8, 9);
    let sources = [NOW, PlanSource::Family(SigmaFamily::Karras { rho: 7.0 }), PlanSource::Spacing(Spacing::Linspace)];
    for source in sources {
        let plan = problem.plan(&source).unwrap();
        let along = problem.plan_along(&start_from(&plan, &problem.model, 10).unwrap()).unwrap();
        for (step, (level, wanted)) in along.levels().iter().zip(plan.levels()).enumerate().take(9) {
            // karras and linspace end at the cleanest level itself, which is the curve's end and not before it.
            let exempt = source != NOW && step == 8;
            let apart = (level.flow_time() - wanted.flow_time()).abs();
            assert!(apart < 1e-9 || exempt, "{source} {step}: {level:?}, not {wanted:?}");
        }
    }
    let flow = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 3.0 };
    let flow = Problem { sampler: SamplerKind::Euler.into(), ..Problem::new(flow, problem.image, 6) };
    let drawn = start_from(&flow.plan(&NOW).unwrap(), &flow.model, 7).unwrap();
    assert!(flow.plan_along(&drawn).unwrap().levels()[0].sigma().is_finite());
}

proptest! {
    /// Any vector of reals gives a curve that falls strictly between the ends, and 0 is the start.
    #[test]
    fn any_vector_is_a_curve(
        vector in prop::collection::vec(prop_oneof![4 => -40.0..40.0_f64, 1 => any::<f64>()], 0..40),
        points in 3_usize..24,
        move_times: bool,
    ) {
        let (problem, _) = problem(8, 8);
        let start = start_from(&problem.plan(&NOW).unwrap(), &problem.model, points).unwrap();
        let parameters = Parameters::around(&start, move_times);
        prop_assert_eq!(parameters.len(), (points - 2) * if move_times { 2 } else { 1 });
        let zero = parameters.curve(&[]);
        for (point, wanted) in zero.points().iter().zip(start.points()) {
            let apart = (NoiseLevel::from_log_snr(point.log_snr).flow_time()
                - NoiseLevel::from_log_snr(wanted.log_snr).flow_time()).abs();
            let near = if parameters.keeps_start() { 1e-12 } else { 0.02 };
            prop_assert!((point.s - wanted.s).abs() < 1e-12 && apart < near);
        }
        let drawn = parameters.curve(&vector);
        prop_assert_eq!(&Drawn::new(drawn.points().to_vec()).unwrap(), &drawn);
        let (a, b) = (start.points(), drawn.points());
        prop_assert_eq!((a[0], a[points - 1]), (b[0], b[points - 1]));
        prop_assert!(b.windows(2).all(|pair| pair[1].s - pair[0].s >= 9e-4 && pair[0].log_snr - pair[1].log_snr >= 1e-3));
        let levels = problem.plan_along(&drawn).unwrap().levels().to_vec();
        prop_assert!(levels.windows(2).all(|pair| pair[0] < pair[1]));
        // A vector with an effect is not ignored.
        let moves = vector.iter().take(points - 2).any(|value| value.abs() > 1e-3);
        prop_assert!(!moves || drawn != zero);
    }
}
