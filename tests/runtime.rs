//! The inference thread with real models, as the window uses it.

use chromascope::runtime::{Activity, Event, FaultPlace, Options, Pace, RunEnd, RunNews, RunStarted, Runtime};
use chromascope::schedule::{ControlPoint, Curve, Drawn, PlanSource};
use chromascope::session::prepare::{ModelInfo, prepare};
use chromascope::session::settings::{ModelSource, ProviderChoice};
use chromascope::session::{KeptTrajectory, RunSettings};
use std::sync::Arc;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_mins(2);

fn tiny(steps: usize) -> RunSettings {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/models/tiny-eps");
    let source = ModelSource::Model(folder.into());
    RunSettings { steps, threads: Some(1), provider: ProviderChoice::Cpu, ..RunSettings::new(source) }
}

fn emoji(steps: usize) -> RunSettings {
    let source = ModelSource::Model("emoji-exact-64".into());
    RunSettings { steps, provider: ProviderChoice::Rust, ..RunSettings::new(source) }
}

fn start() -> Runtime {
    Runtime::start(Options::default(), Arc::new(|| {})).expect("no thread could be started")
}

/// The events of one request, as a window collects them.
#[derive(Default)]
struct Gathered {
    openings: usize,
    info: Option<Arc<ModelInfo>>,
    started: Option<Box<RunStarted>>,
    kept: Option<KeptTrajectory>,
    end: Option<RunEnd>,
}

#[track_caller]
fn next(runtime: &Runtime) -> RunNews {
    let began = Instant::now();
    loop {
        match runtime.next_event() {
            Some(Event::Run { id, news }) => {
                assert_eq!(Some(id), runtime.newest(), "stale");
                return news;
            }
            Some(Event::Library(news)) => panic!("{news:?}"),
            None => assert!(began.elapsed() < LIMIT, "nothing came"),
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[track_caller]
fn gather(runtime: &Runtime) -> Gathered {
    let mut all = Gathered::default();
    while all.end.is_none() {
        match next(runtime) {
            RunNews::ModelOpening { .. } => all.openings += 1,
            RunNews::ModelOpened { info, .. } => all.info = Some(info),
            RunNews::Started(started) => {
                all.kept = Some(KeptTrajectory::new(started.levels.clone(), Arc::clone(&started.state), 1 << 30));
                all.started = Some(started);
            }
            RunNews::Step { snapshot, state } => all.kept.as_mut().expect("it had not started").push(snapshot, state),
            RunNews::Ended { end, .. } => all.end = Some(end),
            RunNews::Failed(fault) => panic!("{fault:?}"),
            RunNews::Reading { .. } | RunNews::Loading(_) | RunNews::Coarse(_) => {}
        }
    }
    all
}

#[test]
fn the_window_gets_the_same_numbers_as_the_command_line() {
    let runtime = start();
    for (settings, openings) in [(tiny(4), 1), (RunSettings { seed: 1, ..tiny(3) }, 0), (emoji(2), 1)] {
        runtime.run(settings.clone(), Pace::Going);
        let all = gather(&runtime);
        assert_eq!((all.openings, all.end), (openings, Some(RunEnd::Complete)));
        let kept = all.kept.unwrap();
        let mut prepared = prepare(&settings, None, &|_, _| true).unwrap();
        let mut trajectory = prepared.run.trajectory();
        while prepared.run.step(&mut trajectory).unwrap().is_some() {}
        assert!(kept.is_complete() && *kept.state() == trajectory.state);
        for (ours, theirs) in kept.steps().iter().zip(&trajectory.snapshots) {
            let ours = ours.whole().unwrap();
            assert!(ours.x_t == theirs.x_t && ours.x0 == theirs.x0 && ours.eps == theirs.eps);
        }
        let started = all.started.unwrap();
        assert_eq!((started.resolved, started.timesteps), (prepared.resolved, prepared.timesteps));
        assert!(all.info.unwrap().schedule.is_some());
    }
}

#[test]
fn a_live_run_takes_over_what_a_network_made() {
    let runtime = start();
    let batch = RunSettings { batch: 3, ..tiny(5) };
    let source = ModelSource::Model("gaussian-64".into());
    let exact = RunSettings { provider: ProviderChoice::Rust, ..RunSettings::new(source) };
    for settings in [batch, RunSettings { steps: 6, ..exact }] {
        runtime.run(settings.clone(), Pace::Going);
        let first = gather(&runtime).kept.unwrap();
        runtime.run_live(settings.clone());
        let again = gather(&runtime);
        let (started, kept) = (again.started.unwrap(), again.kept.unwrap());
        assert_eq!((started.taken_over, started.live), (settings.steps, true));
        assert!(kept.is_complete() && kept.state() == first.state());
        // Another schedule shares no step; it gives the same result as an ordinary run.
        let other = RunSettings { spacing: Some("karras".into()), ..settings };
        runtime.run_live(other.clone());
        let live = gather(&runtime);
        runtime.run(other, Pace::Going);
        let fresh = gather(&runtime);
        assert_eq!((live.started.unwrap().taken_over, fresh.started.unwrap().taken_over), (0, 0));
        assert_eq!(live.kept.unwrap().state(), fresh.kept.unwrap().state());
    }
}

/// A curve through seven points, with the one at s = 0.3 moved to `log_snr`.
fn drawn(log_snr: f64) -> PlanSource {
    let points = [(0.0, 9.0), (0.15, 5.0), (0.3, log_snr), (0.45, 0.5), (0.6, -0.5), (0.8, -3.0), (1.0, -9.0)];
    let points = points.map(|(s, log_snr)| ControlPoint { s, log_snr }).to_vec();
    PlanSource::curve(Curve::Drawn(Drawn::new(points).expect("the points fall")))
}

#[test]
fn a_drag_near_the_image_costs_the_steps_there() {
    let runtime = start();
    let source = ModelSource::Model("gaussian-64".into());
    let of = |log_snr: f64| RunSettings {
        steps: 50,
        schedule: Some(Box::new(drawn(log_snr))),
        provider: ProviderChoice::Rust,
        ..RunSettings::new(source.clone())
    };
    runtime.run(of(2.5), Pace::Going);
    gather(&runtime);
    for log_snr in [2.6, 2.4, 2.9] {
        runtime.run_live(of(log_snr));
        let live = gather(&runtime);
        // The neighbours' slopes follow the point, so the curve changes from s = 0.6 on, and no step before.
        let taken_over = live.started.unwrap().taken_over;
        assert!((19..=21).contains(&taken_over), "{taken_over}");
        let mut prepared = prepare(&of(log_snr), None, &|_, _| true).unwrap();
        let mut trajectory = prepared.run.trajectory();
        while prepared.run.step(&mut trajectory).unwrap().is_some() {}
        assert_eq!(*live.kept.unwrap().state(), trajectory.state);
    }
}

#[test]
fn a_step_is_cancelled_within_and_another_model_runs() {
    let runtime = start();
    // One step of this many images takes minutes.
    runtime.run(RunSettings { batch: 400, ..emoji(2) }, Pace::Going);
    while !matches!(next(&runtime), RunNews::Started(_)) {}
    let began = Instant::now();
    runtime.run(tiny(2), Pace::Steps(1));
    while !matches!(next(&runtime), RunNews::Step { .. }) {}
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    while runtime.activity() != Activity::Paused {
        std::thread::sleep(Duration::from_millis(1));
    }
    runtime.stop();
    assert_eq!(gather(&runtime).end, Some(RunEnd::Stopped));
    // The model still works after a cancel.
    runtime.run(tiny(2), Pace::Going);
    let all = gather(&runtime);
    assert_eq!((all.openings, all.end), (0, Some(RunEnd::Complete)));
}

#[test]
fn failures_say_where_they_belong_and_the_next_run_goes() {
    let runtime = start();
    let missing = RunSettings::new(ModelSource::Model("no-such-model".into()));
    let wrong_label = RunSettings { label: Some(99), ..emoji(2) };
    let no_spacing = RunSettings { spacing: Some("nonsense".into()), ..emoji(2) };
    for (settings, place) in
        [(missing, FaultPlace::Model), (wrong_label, FaultPlace::Settings), (no_spacing, FaultPlace::Schedule)]
    {
        runtime.run(settings, Pace::Going);
        let fault = loop {
            if let RunNews::Failed(fault) = next(&runtime) {
                break fault;
            }
        };
        assert_eq!(fault.place, place, "{}", fault.sentence);
        assert!(!fault.sentence.contains("--"), "{}", fault.sentence);
    }
    runtime.run(emoji(1), Pace::Going);
    assert_eq!(gather(&runtime).end, Some(RunEnd::Complete));
}

#[test]
fn dropping_in_the_middle_of_a_long_step_is_quick() {
    let runtime = start();
    runtime.run(RunSettings { batch: 400, ..emoji(2) }, Pace::Going);
    while !matches!(next(&runtime), RunNews::Started(_)) {}
    let began = Instant::now();
    drop(runtime);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
