use crate::app::run_view::*;
use crate::app::{App, Launch};
use crate::runtime::{Activity, Event, RunNews};
use crate::session::RunSettings;
use crate::session::action::Action;
use crate::session::document::{ValueRange, ViewSpace};
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
    let shares =
        |step| expected(step).iter().zip(&expected(2)).map(|(here, last)| Some(here / last)).collect::<Vec<_>>();
    assert_eq!(first, shares(0));
    assert_eq!(run.recovered(&plan, 1, 0), Some(first), "the old until the new is there");
    energies.update(&run);
    woken.recv_timeout(Duration::from_mins(1)).unwrap();
    energies.update(&run);
    assert_eq!(run.recovered(&plan, 1, 0), Some(shares(1)));
}

/// A run on 4 channels of latents of 16 × 16, each 4 pixels of an image, with a first step.
fn on_latents() -> RunView {
    let mut started = begun(2).started;
    started.shape = [1, 4, 16, 16];
    started.state = Arc::new(Array4::zeros((1, 4, 16, 16)));
    let model = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
    let mut run = RunView::new(RunId::default(), started, model);
    push(&mut run, |index| (index % 7) as f32 / 7.0);
    push(&mut run, |index| (index % 5) as f32 / 5.0);
    run
}

/// The red of each colour is the first channel.
fn seeing(space: ViewSpace) -> Seeing {
    let weights = vec![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0; 3]];
    let colours = Some(Arc::new(Colours::new(1, weights, [0.5; 3], Some(3))));
    Seeing { space, colours, pixels: 4, has_decoder: true, ..Seeing::default() }
}

#[test]
fn latents_are_seen_as_what_there_is_of_them() {
    let mut run = on_latents();
    let of = |picture| (Moment::of_step(1), picture, 0);
    let seen = |run: &RunView| Picture::ALL.map(|picture| run.seen(Moment::of_step(1), picture, 0));
    run.see(Seeing::default());
    assert_eq!(run.space(), Some(ViewSpace::Latents), "neither colours nor a decoder are known");
    run.see(Seeing { channel: Some(2), ..seeing(ViewSpace::Latents) });
    assert_eq!(seen(&run), [Seen::Latents(Some(2)); 3]);
    assert_eq!((run.seen_shape(), run.image_size()), ([4, 16, 16], (64, 64)));
    let kept = run.to_decode(run.estimate_to_decode(1, 0)).unwrap().values.into_owned();
    assert_eq!(*run.seen_values(Seen::Latents(Some(2)), of(Picture::Expectation)).unwrap().values, kept);
    run.see(seeing(ViewSpace::Colour));
    assert_eq!((seen(&run), run.seen_shape()), ([Seen::Colour(1); 3], [3, 16, 16]));
    let colour = run.seen_values(Seen::Colour(1), of(Picture::Expectation)).unwrap();
    assert!(colour.values.iter().zip(&kept).all(|(colour, latent)| (colour - latent - 0.5).abs() < 1e-6));
    assert!(run.decoded_mut().end_frame().is_empty(), "nothing is decoded for these");
}

#[test]
fn what_a_stand_in_cannot_have_is_unknown_and_decoded_images_have_no_theory() {
    let mut run = on_latents();
    run.end = Some(RunEnd::Complete);
    run.see(seeing(ViewSpace::Decoded));
    let plan = run.seen_plan(2, None).unwrap();
    assert!(!run.has_theory());
    let known = |run: &RunView| {
        let shares = run.recovered(&plan, 0, 0).unwrap();
        shares.iter().map(Option::is_some).collect::<Vec<_>>()
    };
    // 4 pixels a latent: 1 and 2 px are in no latent.
    assert_eq!(run.unknown_levels(&plan, Seen::Colour(1)), 2);
    assert_eq!(known(&run)[..3], [false, false, true]);
    for (step, by) in [(0, 5), (1, 7)] {
        let image = ndarray::Array3::from_shape_fn((3, 64, 64), |(_, y, x)| ((3 * y + x) % by) as f32 / 5.0);
        let key = run.estimate_to_decode(step, 0);
        run.decoded_mut().take(key, Arc::new(image));
    }
    assert!(known(&run).iter().all(|known| *known), "{:?}", run.recovered(&plan, 0, 0));
    run.see(seeing(ViewSpace::Colour));
    assert!(run.has_theory());
    let colours = run.seen_plan(2, None).unwrap();
    assert!(run.recovered(&colours, 0, 0).unwrap().iter().all(Option::is_some), "these have their own levels");
}

#[test]
fn a_decoded_image_takes_the_place_of_its_colours() {
    let mut run = on_latents();
    run.see(seeing(ViewSpace::Decoded));
    let seen = |run: &RunView, picture| run.seen(Moment::of_step(1), picture, 0);
    let plan = run.seen_plan(2, None).unwrap();
    assert_eq!((plan, run.seen_shape()), (plan_of(2, None, 64, 64).unwrap(), [3, 64, 64]));
    assert_eq!(Picture::ALL.map(|picture| seen(&run, picture)), [Seen::Colour(1); 3]);
    let [before, here] = [0, 1].map(|step| run.estimate_to_decode(step, 0));
    let wanted = run.decoded_mut().end_frame();
    assert_eq!(wanted.len(), 3, "the state and two estimates: {wanted:?}");
    // Levels of the colours are those of the image, without its details.
    let colours = run.levelled_values(Seen::Colour(1), (Moment::of_step(1), Picture::Expectation, 0)).unwrap();
    let energies = run.energies(&plan, Seen::Colour(1), 1, 0).unwrap();
    assert_eq!(colours.shape, [3, 64, 64]);
    assert!(energies[..2].iter().all(|energy| *energy < 1e-9) && energies[2] > 1e-3, "{energies:?}");
    let image = |value: f32| Arc::new(ndarray::Array3::from_elem((3, 64, 64), value));
    run.decoded_mut().take(here, image(0.75));
    assert_eq!(seen(&run, Picture::Expectation), Seen::Decoded);
    assert_eq!(seen(&run, Picture::Change), Seen::Colour(1), "the step before is missing");
    run.decoded_mut().take(before, image(0.5));
    let change = run.seen_values(seen(&run, Picture::Change), (Moment::of_step(1), Picture::Change, 0)).unwrap();
    assert_eq!((change.shape, change.values[7]), ([3, 64, 64], 0.25));
    let key = |seen| run.seen_key(seen, (Moment::of_step(1), Picture::Expectation, 0));
    assert_ne!(key(Seen::Decoded), key(Seen::Colour(1)));
    // What is compared is compared as the same.
    run.see(seeing(ViewSpace::Colour));
    assert_eq!(seen(&run, Picture::Expectation), Seen::Colour(1));
    // The film strip keeps a small image after the whole one is gone.
    run.see(seeing(ViewSpace::Decoded));
    let _ = run.decoded_mut().end_frame();
    let _ = run.decoded_mut().end_frame();
    assert_eq!(seen(&run, Picture::Expectation), Seen::Colour(1));
    assert_eq!(run.small_seen(Moment::of_step(1), Picture::Expectation, 0), Seen::Decoded);
    let film = run.small_images(Picture::Expectation, 0, ValueRange::Image, Ground::Dark);
    let small = film.paint(1, 128).unwrap();
    assert_eq!((small.dimensions(), small.get_pixel(3, 3).0), ((64, 64), [223, 223, 223]));
}
