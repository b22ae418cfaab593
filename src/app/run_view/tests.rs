use crate::app::run_view::*;
use crate::app::{App, Launch};
use crate::runtime::{Activity, Event, RunNews};
use crate::session::RunSettings;
use crate::session::action::Action;
use crate::session::document::ValueRange;
use crate::session::settings::{ModelSource, ProviderChoice};
use std::time::{Duration, Instant};

/// The start of a run with this many steps.
fn begun(steps: usize) -> RunView {
    let source = ModelSource::Model("gaussian-64".into());
    let run = RunSettings { steps, provider: ProviderChoice::Rust, ..RunSettings::new(source) };
    let launch = Launch { first: vec![Action::SetRun(Box::new(run))], ..Launch::default() };
    let app = App::new(&egui::Context::default(), launch, false).unwrap();
    let (began, mut started) = (Instant::now(), None);
    while started.is_none() || app.activity() != Activity::Idle {
        match app.runtime.next_event() {
            Some(Event::Run { id, news: RunNews::Started(run) }) => started = Some((id, run)),
            Some(_) => {}
            None => std::thread::sleep(Duration::from_millis(1)),
        }
        assert!(began.elapsed() < Duration::from_mins(1));
    }
    let (id, started) = started.unwrap();
    let model = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
    RunView::new(id, started, model)
}

fn push(run: &mut RunView, value: impl Fn(usize) -> f32) {
    let shape = run.started.shape;
    let values = (0..shape.iter().product()).map(value).collect();
    let x0 = Array4::from_shape_vec(shape, values).unwrap();
    let (step, level) = (run.done(), run.level(run.done()));
    let (x_t, eps) = (x0.clone(), x0.clone());
    let snapshot = Snapshot { step, level, timestep: 0.0, x_t, x0, eps, parts: Vec::new(), seconds: 0.0 };
    let state = Arc::clone(run.state());
    run.push(Arc::new(snapshot), state);
}

#[test]
fn what_overshoots_on_the_way_does_not_make_the_images_grey() {
    let mut run = begun(4);
    let range = |run: &RunView, step| {
        run.range(Seen::Values, (Moment::of_step(step), Picture::Expectation, 0), ValueRange::Image)
    };
    let image = |index: usize| (index % 21) as f32 / 10.0 - 1.0;
    push(&mut run, image);
    // Half of the values are far outside for a step, and one in a hundred at the end.
    push(&mut run, |index| if index % 2 == 0 { 6.0 } else { image(index) });
    assert!(range(&run, 1).1 >= 6.0, "as long as it is the newest that is known");
    push(&mut run, image);
    push(&mut run, |index| if index % 100 == 0 { 3.0 } else { image(index) });
    for step in 0..4 {
        assert_eq!(range(&run, step), (-1.0, 1.0), "step {step}");
    }
    let beyond = |step| run.beyond(Seen::Values, (Moment::of_step(step), Picture::Expectation, 0), (-1.0, 1.0));
    assert!((beyond(1) - 0.5).abs() < 1e-3 && (beyond(3) - 0.01).abs() < 1e-3, "{} {}", beyond(1), beyond(3));
    assert_eq!(beyond(0), 0.0);
}

#[test]
fn runs_beside_each_other_are_seen_at_the_same_noise_level() {
    let (mut coarse, mut fine) = (begun(6), begun(12));
    for run in [&mut coarse, &mut fine] {
        (0..run.steps()).for_each(|_| push(run, |_| 0.5));
    }
    for step in 0..6 {
        let (here, there) = (coarse.level(step), fine.level(2 * step));
        assert!((here.log_snr() - there.log_snr()).abs() < 1e-9, "trailing steps of 12 are those of 6 and more");
        assert_eq!((fine.step_like(&coarse, step), coarse.step_like(&fine, 2 * step)), (2 * step, step));
        assert_eq!(coarse.step_like(&coarse, step), step);
    }
    // In a run with other levels it is another fraction of the steps.
    let mut karras = begun(6);
    karras.started.levels = [9.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.0].map(NoiseLevel::from_sigma).to_vec();
    let mut karras = RunView::new(karras.id, karras.started, karras.model);
    (0..6).for_each(|_| push(&mut karras, |_| 0.5));
    for step in 0..12 {
        let found = fine.level(step).log_snr() - karras.level(karras.step_like(&fine, step)).log_snr();
        let others = (0..6).map(|other| (fine.level(step).log_snr() - karras.level(other).log_snr()).abs());
        let nearest = others.fold(f64::INFINITY, f64::min);
        assert!(found.abs() <= 2.0 * nearest + 0.1, "step {step}: {found} where {nearest} is nearest");
    }
}

#[test]
fn a_model_of_another_range_is_shown_over_its_own() {
    let mut run = begun(1);
    push(&mut run, |index| (index % 101) as f32 / 12.5 - 4.0);
    let (low, high) = run.range(Seen::Values, (Moment::of_step(0), Picture::Expectation, 0), ValueRange::Image);
    assert!(low == -high && (3.9..4.5).contains(&high), "{high}");
}

#[test]
fn energies_of_large_images_come_from_beside_and_the_old_stay_until_then() {
    let mut started = begun(3).started;
    started.shape = [1, 3, 128, 128];
    started.state = Arc::new(Array4::zeros((1, 3, 128, 128)));
    let model = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
    let id = begun(1).id;
    let mut run = RunView::new(id, started, model);
    for step in 0..3 {
        push(&mut run, |index| (step + index % 7) as f32);
    }
    run.end = Some(RunEnd::Complete);
    let plan = run.plan(2, None).unwrap();
    assert_eq!(run.recovered(&plan, 0, 0), None, "nothing is computed in a frame");
    let (send, woken) = std::sync::mpsc::channel();
    let mut energies = crate::app::energies::Energies::new(Arc::new(move || send.send(()).unwrap()));
    let mut come = |run: &RunView, step| {
        for _ in 0..2 {
            let _ = run.recovered(&plan, step, 0);
            energies.update(run);
            woken.recv_timeout(Duration::from_mins(1)).unwrap();
        }
        let _ = run.recovered(&plan, step, 0);
        energies.update(run);
    };
    come(&run, 0);
    let first = run.recovered(&plan, 0, 0).unwrap();
    let expected = |step: usize| {
        let image = run.whole_step(step).unwrap().x0.clone();
        plan.mean_energies(image.view()).unwrap()
    };
    let shares = |step| expected(step).iter().zip(&expected(2)).map(|(here, last)| here / last).collect::<Vec<_>>();
    assert_eq!(first, shares(0));
    assert_eq!(run.recovered(&plan, 1, 0), Some(first), "the old until the new is there");
    energies.update(&run);
    woken.recv_timeout(Duration::from_mins(1)).unwrap();
    energies.update(&run);
    assert_eq!(run.recovered(&plan, 1, 0), Some(shares(1)));
}
