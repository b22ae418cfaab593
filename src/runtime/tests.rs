//! The worker, driven by an engine whose steps wait for permission, fail or panic.

mod live;

use super::*;
use crate::denoiser::{CancelFlag, Clipping, DenoiseError, Denoised, Denoiser, ImageShape};
use crate::model::onnx_runtime::setup::{Installed, Progress, SetupError};
use crate::sampler::{Making, SeededNoise};
use crate::session::Run;
use crate::session::prepare::{LoadProgress, ModelInfo, Prepared, Resolved};
use crate::session::settings::ModelSource;
use crate::theory::{NoiseLevel, Parameterization, Prediction};
use ndarray::{ArrayView4, Zip};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

/// Far beyond what anything here takes.
const LIMIT: Duration = Duration::from_secs(30);

/// Denoises as soon as it is allowed to, and returns when it is cancelled.
struct Gated {
    gate: Gate,
    flag: CancelFlag,
    panics: bool,
    takes: Duration,
}

/// Lets steps pass: all while open, else one per pass given.
#[derive(Clone, Default)]
struct Gate {
    open: Arc<AtomicBool>,
    passes: Arc<AtomicUsize>,
    entered: Arc<AtomicUsize>,
    /// How often a call checked whether it may continue.
    looks: Arc<AtomicUsize>,
    /// Calls ignore cancellation.
    deaf: Arc<AtomicBool>,
    /// This call panics, counted from 1.
    panics_at: Arc<AtomicUsize>,
}

impl Gate {
    fn opened() -> Self {
        let gate = Self::default();
        gate.open.store(true, Ordering::SeqCst);
        gate
    }
}

impl Denoiser for Gated {
    fn denoise(&mut self, x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
        let call = self.gate.entered.fetch_add(1, Ordering::SeqCst) + 1;
        assert!(!self.panics && self.gate.panics_at.load(Ordering::SeqCst) != call, "the denoiser was told to");
        std::thread::sleep(self.takes);
        loop {
            if !self.gate.deaf.load(Ordering::SeqCst) {
                self.flag.check()?;
            }
            self.gate.looks.fetch_add(1, Ordering::SeqCst);
            let take = |passes: usize| passes.checked_sub(1);
            if self.gate.open.load(Ordering::SeqCst)
                || self.gate.passes.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok()
            {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let (signal, noise) = (level.sqrt_alpha_bar(), level.sqrt_one_minus_alpha_bar());
        Zip::from(&mut out.x0).and(x_t).for_each(|x0, &x| *x0 = (1.7 * signal * x).tanh());
        Zip::from(&mut out.eps).and(x_t).and(&out.x0).for_each(|eps, &x, &x0| *eps = (x - signal * x0) / noise);
        out.timestep = 0.0;
        Ok(())
    }
}

/// Opens any model: one named "panics" panics in its steps, "slow" takes 30 ms per call, and "missing" does not exist. A
/// spacing is a list of log-SNRs.
struct Scripted {
    gate: Gate,
    model: Option<ModelSource>,
    opened: Sender<String>,
}

impl Engine for Scripted {
    fn serves(&self, settings: &RunSettings) -> bool {
        self.model.as_ref() == Some(&settings.source)
    }

    fn open(&mut self, settings: &RunSettings, _: &LoadProgress) -> Result<(), Fault> {
        self.model = None;
        let ModelSource::Model(name) = &settings.source else { return Err(Fault::new(FaultPlace::Model, "no name")) };
        let _ = self.opened.send(name.clone());
        if name == "missing" {
            return Err(Fault::new(FaultPlace::Model, "there is no such model"));
        }
        self.model = Some(settings.source.clone());
        Ok(())
    }

    fn opened(&self) -> Option<(Arc<ModelInfo>, Vec<String>)> {
        None
    }

    fn prepare(&mut self, settings: &RunSettings, _: &LoadProgress) -> Result<Prepared, Fault> {
        let flag = CancelFlag::default();
        let is = |name: &str| self.model == Some(ModelSource::Model(name.into()));
        let takes = Duration::from_millis(if is("slow") { 30 } else { 0 });
        let denoiser = Gated { gate: self.gate.clone(), flag: flag.clone(), panics: is("panics"), takes };
        let log_snrs: Vec<f64> = match &settings.spacing {
            Some(list) => list.split_whitespace().map(|number| number.parse().unwrap()).collect(),
            None => (0..=settings.steps).map(|step| step as f64).collect(),
        };
        let levels: Vec<NoiseLevel> = log_snrs.into_iter().map(NoiseLevel::from_log_snr).collect();
        let timesteps = vec![0.0; levels.len() - 1];
        let seeded = SeededNoise { seed: settings.seed, first_sample: 0 };
        let image = ImageShape { channels: 1, height: 2, width: 2 };
        Ok(Prepared {
            run: Run::new(
                Box::new(denoiser),
                settings.sampler.or_ddim().build(&Making {
                    eta: settings.eta,
                    churn: settings.churn,
                    ..Making::default()
                }),
                Box::new(seeded),
                levels,
                seeded.initial([1, 1, 2, 2]),
            ),
            embeddings: None,
            resolved: Resolved {
                sampler: Some(settings.sampler.or_ddim()),
                variance: None,
                model: "scripted".into(),
                model_sha256: String::new(),
                image,
                parameterization: Parameterization::vp(Prediction::Sample),
                data_within: None,
                clipping: Clipping::None,
                spacing: "none".into(),
                visits: None,
                spacing_because: None,
                label: None,
                null_class: None,
                provider: "rust".into(),
                onnxruntime: None,
                threads: 1,
                batch_partition: vec![1],
                partition: None,
                timesteps_rounded: false,
                pipeline: None,
                inputs_sha256: std::collections::BTreeMap::new(),
            },
            notes: Vec::new(),
            timesteps,
            run_times: Vec::new(),
            canceller: flag.into(),
        })
    }

    fn forget(&mut self) {
        self.model = None;
    }
}

struct Stage {
    runtime: Runtime,
    gate: Gate,
    /// Names of the models opened.
    opened: Receiver<String>,
    /// Number of calls of the wake function.
    woken: Arc<AtomicUsize>,
}

fn no_library(_: LibraryKind, _: &AtomicBool, _: &mut dyn FnMut(Progress<'_>)) -> Result<Installed, SetupError> {
    Err(SetupError::NoPip)
}

fn stage(gate: Gate, capacity: usize) -> Stage {
    with_fetch(gate, capacity, no_library)
}

fn with_fetch(gate: Gate, events: usize, fetch: library::Fetch) -> Stage {
    with_limits(gate, RuntimeLimits { events, last_run: LAST_RUN_BUDGET }, fetch)
}

fn with_limits(gate: Gate, limits: RuntimeLimits, fetch: library::Fetch) -> Stage {
    let (opened_at, opened) = channel();
    let woken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&woken);
    let engine = Scripted { gate: gate.clone(), model: None, opened: opened_at };
    let wake: Wake = Arc::new(move || {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let runtime = Runtime::with_parts(Box::new(engine), fetch, limits, wake).unwrap();
    Stage { runtime, gate, opened, woken }
}

fn settings(model: &str, steps: usize) -> RunSettings {
    RunSettings { steps, ..RunSettings::new(ModelSource::Model(model.into())) }
}

#[track_caller]
fn wait_until(mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < LIMIT, "it never came true");
        std::thread::sleep(Duration::from_millis(1));
    }
}

impl Stage {
    /// Events until one satisfies `last`, as short words.
    #[track_caller]
    fn words_until(&self, last: &str) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        wait_until(|| {
            while words.last().is_none_or(|word| word != last) {
                let Some(event) = self.runtime.next_event() else { return false };
                words.push(word(&event));
            }
            true
        });
        words
    }

    fn rest(&self) -> Vec<String> {
        std::iter::from_fn(|| self.runtime.next_event()).map(|event| word(&event)).collect()
    }

    #[track_caller]
    fn wait_for(&self, activity: Activity) {
        wait_until(|| self.runtime.activity() == activity);
    }

    fn entered(&self) -> usize {
        self.gate.entered.load(Ordering::SeqCst)
    }
}

fn word(event: &Event) -> String {
    let Event::Run { id, news } = event else { return format!("{event:?}") };
    let what = match news {
        RunNews::ModelOpening { .. } => "opening".into(),
        RunNews::Reading { .. } => "reading".into(),
        RunNews::Loading(part) => part.in_words(),
        RunNews::ModelOpened { .. } => "opened".into(),
        RunNews::Started(started) => format!("started {}", started.levels.len() - 1),
        RunNews::Step { snapshot, .. } => format!("step {}", snapshot.step),
        RunNews::Coarse(pass) => format!("coarse {}", pass.snapshots.len()),
        RunNews::Ended { end: RunEnd::Complete, .. } => "complete".into(),
        RunNews::Ended { end: RunEnd::Stopped, .. } => "stopped".into(),
        RunNews::Ended { end: RunEnd::Failed(fault), .. } => format!("ended: {}", fault.sentence),
        RunNews::Failed(fault) => format!("failed: {}", fault.sentence),
    };
    format!("{}: {what}", id.0)
}

#[test]
fn a_run_tells_all_its_steps_and_ends() {
    let stage = stage(Gate::opened(), 64);
    let id = stage.runtime.run(settings("a", 3), Pace::Going);
    assert_eq!(Some(id), stage.runtime.newest());
    let words = stage.words_until("1: complete");
    assert_eq!(words, ["1: opening", "1: started 3", "1: step 0", "1: step 1", "1: step 2", "1: complete"]);
    stage.wait_for(Activity::Idle);
    assert!(stage.woken.load(Ordering::SeqCst) >= words.len());
    // The same model is not opened again, until it is to be reopened.
    stage.runtime.run(settings("a", 1), Pace::Going);
    assert_eq!(stage.words_until("2: complete"), ["2: started 1", "2: step 0", "2: complete"]);
    stage.runtime.forget_model();
    stage.runtime.run(settings("a", 1), Pace::Going);
    assert_eq!(stage.words_until("3: complete")[0], "3: opening");
    assert_eq!(stage.opened.try_iter().count(), 2);
}

#[test]
fn pause_step_resume_and_stop() {
    let stage = stage(Gate::opened(), 64);
    stage.runtime.run(settings("a", 6), Pace::Steps(1));
    stage.words_until("1: step 0");
    stage.wait_for(Activity::Paused);
    assert!(stage.rest().is_empty());
    stage.runtime.step();
    stage.runtime.step();
    assert_eq!(stage.words_until("1: step 2"), ["1: step 1", "1: step 2"]);
    stage.wait_for(Activity::Paused);
    stage.gate.open.store(false, Ordering::SeqCst);
    stage.runtime.resume();
    wait_until(|| stage.entered() == 4);
    // A pause during a step lets the step finish.
    stage.runtime.pause();
    assert_eq!((stage.runtime.activity(), stage.runtime.pace()), (Activity::Running, Pace::Paused));
    stage.gate.passes.store(1, Ordering::SeqCst);
    stage.words_until("1: step 3");
    stage.wait_for(Activity::Paused);
    stage.runtime.stop();
    assert_eq!(stage.words_until("1: stopped"), ["1: stopped"]);
    stage.wait_for(Activity::Idle);
}

#[test]
fn stop_ends_a_step_that_would_never_end() {
    let stage = stage(Gate::default(), 64);
    stage.runtime.run(settings("a", 6), Pace::Going);
    wait_until(|| stage.entered() == 1);
    stage.runtime.stop();
    assert_eq!(stage.words_until("1: stopped"), ["1: opening", "1: started 6", "1: stopped"]);
}

#[test]
fn a_paused_run_begins_on_the_first_word() {
    let stage = stage(Gate::opened(), 64);
    stage.runtime.run(settings("a", 2), Pace::Paused);
    stage.words_until("1: started 2");
    stage.wait_for(Activity::Paused);
    assert_eq!(stage.entered(), 0);
    stage.runtime.resume();
    stage.words_until("1: complete");
    stage.runtime.open(settings("b", 2));
    assert_eq!(stage.words_until("2: opening"), ["2: opening"]);
    stage.wait_for(Activity::Idle);
    assert!(stage.rest().is_empty());
}

#[test]
fn of_many_requests_only_the_latest_is_run_to_its_end() {
    let stage = stage(Gate::default(), 64);
    stage.runtime.run(settings("a", 6), Pace::Going);
    wait_until(|| stage.entered() == 1);
    // The first call ignores cancellation and holds the worker until everything has been requested.
    stage.gate.deaf.store(true, Ordering::SeqCst);
    for _ in 0..49 {
        stage.runtime.run(settings("a", 6), Pace::Going);
    }
    assert!(stage.rest().is_empty(), "events of older requests are dropped");
    stage.gate.open.store(true, Ordering::SeqCst);
    let words = stage.words_until("50: complete");
    assert!(words.iter().all(|word| word.starts_with("50: ")), "{words:?}");
    assert_eq!(stage.entered(), 1 + 6, "nothing between the first and the last was begun");
    assert_eq!(stage.opened.try_iter().count(), 1);
}

#[test]
fn another_model_in_the_middle_of_a_step() {
    let stage = stage(Gate::default(), 64);
    stage.runtime.run(settings("a", 6), Pace::Going);
    wait_until(|| stage.entered() == 1);
    stage.runtime.run(settings("missing", 6), Pace::Going);
    assert_eq!(stage.words_until("2: failed: there is no such model")[0], "2: opening");
    stage.wait_for(Activity::Idle);
    stage.gate.open.store(true, Ordering::SeqCst);
    stage.runtime.run(settings("b", 1), Pace::Going);
    assert_eq!(stage.words_until("3: complete"), ["3: opening", "3: started 1", "3: step 0", "3: complete"]);
}

#[test]
fn a_full_queue_holds_the_worker_and_lets_a_cancel_through() {
    let stage = stage(Gate::opened(), 2);
    stage.runtime.run(settings("a", 100), Pace::Going);
    // Opening and started fill the queue; one step is made and waits.
    wait_until(|| stage.runtime.mailbox.is_held());
    assert_eq!(stage.entered(), 1, "the worker waits for the window");
    stage.runtime.stop();
    let words = stage.words_until("1: stopped");
    assert_eq!(words, ["1: opening", "1: started 100", "1: step 0", "1: stopped"]);
    stage.runtime.run(settings("a", 100), Pace::Going);
    wait_until(|| stage.entered() > 1);
    stage.runtime.run(settings("a", 1), Pace::Going);
    assert_eq!(stage.words_until("3: complete"), ["3: started 1", "3: step 0", "3: complete"]);
}

#[test]
fn a_panic_is_told_and_survived() {
    let stage = stage(Gate::opened(), 64);
    stage.runtime.run(settings("panics", 3), Pace::Going);
    stage.words_until("1: started 3");
    wait_until(|| match stage.runtime.next_event() {
        Some(Event::Run { news: RunNews::Ended { end: RunEnd::Failed(fault), .. }, .. }) => {
            assert_eq!(fault.place, FaultPlace::Program);
            assert!(fault.sentence.contains("(the denoiser was told to)"), "{}", fault.sentence);
            true
        }
        None => false,
        other => panic!("{other:?}"),
    });
    stage.runtime.run(settings("a", 1), Pace::Going);
    stage.words_until("2: complete");
}

#[test]
fn dropping_joins_within_a_step_a_pause_and_a_full_queue() {
    let within: fn(&Stage) -> bool = |stage| stage.entered() == 1;
    let pauses: fn(&Stage) -> bool = |stage| stage.runtime.activity() == Activity::Paused;
    let is_held: fn(&Stage) -> bool = |stage| stage.runtime.mailbox.is_held();
    for (gate, capacity, pace, there) in [
        (Gate::default(), 64, Pace::Going, within),
        (Gate::opened(), 64, Pace::Steps(1), pauses),
        (Gate::opened(), 2, Pace::Going, is_held),
    ] {
        let stage = stage(gate.clone(), capacity);
        stage.runtime.run(settings("a", 100), pace);
        wait_until(|| there(&stage));
        let mailbox = Arc::clone(&stage.runtime.mailbox);
        drop(stage.runtime);
        assert!(mailbox.wait_for_threads(Duration::ZERO), "the thread has ended");
    }
}

#[test]
fn set_up_tells_its_progress_and_is_cancelled() {
    fn slow(_: LibraryKind, cancel: &AtomicBool, tell: &mut dyn FnMut(Progress<'_>)) -> Result<Installed, SetupError> {
        tell(Progress::Note("Looking"));
        for done in 1..=9 {
            tell(Progress::Downloading { package: "p", done, total: 9 });
        }
        while !cancel.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Err(SetupError::Cancelled)
    }
    let stage = with_fetch(Gate::opened(), 64, slow);
    assert!(stage.runtime.set_up(LibraryKind::Cpu).unwrap());
    assert!(!stage.runtime.set_up(LibraryKind::Cpu).unwrap(), "one at a time");
    // It continues beside a run, and neither drops the other's events.
    stage.runtime.run(settings("a", 1), Pace::Going);
    stage.words_until("1: complete");
    stage.runtime.run(settings("a", 1), Pace::Going);
    stage.runtime.cancel_set_up();
    let mut last = None;
    wait_until(|| {
        while let Some(event) = stage.runtime.next_event() {
            if let Event::Library(news) = event {
                last = Some(news);
            }
        }
        last == Some(LibraryNews::Cancelled)
    });
    wait_until(|| stage.runtime.set_up(LibraryKind::Cpu).unwrap());
}

#[test]
fn a_failed_set_up_says_what_to_do() {
    let stage = stage(Gate::opened(), 64);
    stage.runtime.set_up(LibraryKind::Cpu).unwrap();
    wait_until(|| match stage.runtime.next_event() {
        Some(Event::Library(LibraryNews::Failed(fault))) => {
            assert_eq!(fault.place, FaultPlace::Library);
            assert!(fault.sentence.contains("pip"), "{}", fault.sentence);
            true
        }
        _ => false,
    });
}
