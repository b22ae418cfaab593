//! Measuring many samples, with its own thread and model, so that runs continue meanwhile.

use super::background::{BackgroundTask, Busy, TaskHandle, TaskReport};
use super::{Fault, FaultPlace, Wake};
use crate::ensemble::{
    self, DataStatistics, Ensemble, EnsembleError, Findings, GatherEnd, GatherProgress, Options, Timing,
    samples_in_words,
};
use crate::session::RunSettings;
use crate::session::prepare::Model;
use crate::words::voice::Voice;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The interval of step reports. The window draws for each of them, which takes time from the steps.
const NEWS: Duration = Duration::from_millis(50);

type MeasureTask = TaskHandle<MeasuringReport>;

/// What to measure.
#[derive(Clone, Debug)]
pub struct Order {
    /// The run that every sample makes.
    pub settings: RunSettings,
    /// Factor, levels, window.
    pub options: Options,
    /// An ensemble to extend; its settings and options are then used.
    pub begun: Option<Arc<Ensemble>>,
    /// Number of samples at the end.
    pub target: usize,
    /// Images that calibrate the theory, instead of the ensemble's own.
    pub data: Option<DataSource>,
    /// The ONNX Runtime library given on the command line.
    pub onnxruntime: Option<PathBuf>,
}

/// The images that calibrate the theory.
#[derive(Clone, Debug)]
pub enum DataSource {
    /// A folder that is not read yet.
    Folder(PathBuf),
    /// Images already read.
    Read(Arc<DataStatistics>),
}

/// Progress of a measurement.
#[derive(Clone, Debug, Default)]
pub struct MeasuringReport {
    /// What it is doing, in words.
    pub doing: String,
    /// Complete samples.
    pub samples: usize,
    /// Number of samples at the end.
    pub target: usize,
    /// The finished share of the request, in [0, 1].
    pub share: f32,
    /// Seconds left, known after the first step.
    pub remaining: Option<f64>,
    /// Time spent.
    pub timing: Timing,
    /// Whether it is paused by the user.
    pub paused: bool,
    /// Whether it waits for a run.
    pub waits: bool,
    /// Whether the images that should calibrate the theory could not be read.
    pub data_refused: bool,
    /// Defaults resolved and warnings, a sentence each.
    pub notes: Vec<String>,
    /// The findings so far.
    pub findings: Option<Arc<Findings>>,
    /// The result, once it has ended: whether all samples were made.
    pub ended: Option<Result<bool, Fault>>,
}

impl TaskReport for MeasuringReport {
    type Outcome = bool;

    fn end(&mut self, ended: Result<bool, Fault>) {
        self.remaining = None;
        self.ended = Some(ended);
    }

    fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    fn set_waits(&mut self, waits: bool) {
        self.waits = waits;
    }
}

/// A measurement in progress. Dropping it cancels it.
pub struct Measuring(BackgroundTask<MeasuringReport>);

impl Measuring {
    /// Begins. `wake` is called when there is news; while `busy` returns true, steps wait.
    pub fn start(order: Order, busy: Busy, wake: Wake) -> std::io::Result<Self> {
        let samples = order.begun.as_ref().map_or(0, |ensemble| ensemble.samples());
        let report = MeasuringReport {
            doing: "Opening the model".into(),
            samples,
            target: order.target,
            ..MeasuringReport::default()
        };
        let names = ("chromascope-measuring", "measuring");
        BackgroundTask::start(names, report, (busy, wake), |task| work(task, order)).map(Self)
    }

    /// Its progress.
    #[must_use]
    pub fn report(&self) -> MeasuringReport {
        self.0.report()
    }

    /// Pauses after the current step, or resumes.
    pub fn set_paused(&self, paused: bool) {
        self.0.set_paused(paused);
    }

    /// Stops it within its step; complete samples are kept.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

/// Publishes the findings of an ensemble.
fn publish(task: &MeasureTask, ensemble: &Ensemble, data: Option<&Arc<DataStatistics>>) -> Result<(), EnsembleError> {
    let findings = Arc::new(Findings::of(Arc::new(ensemble.clone()), data.cloned())?);
    task.tell(|report| {
        report.samples = findings.ensemble.samples();
        report.findings = Some(findings);
    });
    Ok(())
}

impl From<&EnsembleError> for Fault {
    fn from(error: &EnsembleError) -> Self {
        match error {
            EnsembleError::Prepare(error) => Self::from(error),
            EnsembleError::Run { .. } => Self::new(FaultPlace::Run, &error.to_string()),
            _ => Self::new(FaultPlace::Settings, &error.to_string()),
        }
    }
}

fn work(task: &MeasureTask, order: Order) -> Result<bool, Fault> {
    let fault = |error: EnsembleError| Fault::from(&error);
    let settings = order.begun.as_ref().map_or(&order.settings, |ensemble| &ensemble.origin().settings).clone();
    let model = Model::open_with_progress(&settings, order.onnxruntime.as_deref(), &|_| !task.is_cancelled());
    if task.is_cancelled() {
        return Ok(false);
    }
    let model = model.map_err(|error| Fault::from(&error))?;
    let mut ensemble = match &order.begun {
        Some(ensemble) => Ensemble::clone(ensemble),
        None => Ensemble::begin(&model, &settings, order.options).map_err(fault)?,
    };
    let data = match order.data {
        Some(DataSource::Folder(folder)) => {
            // Images of a folder are no latents.
            let alike = ensemble.decoded().map_or(&ensemble, |decoded| decoded);
            let read = DataStatistics::of_folder(&folder, alike, &|done, total| {
                task.tell(|report| report.doing = format!("Reading image {done} of {total}"));
                !task.is_cancelled()
            });
            if task.is_cancelled() {
                return Ok(false);
            }
            if read.is_err() {
                task.tell(|report| report.data_refused = true);
            }
            Some(Arc::new(read.map_err(fault)?))
        }
        Some(DataSource::Read(data)) => Some(data),
        None => None,
    };
    if ensemble.samples() > 0 {
        publish(task, &ensemble, data.as_ref()).map_err(fault)?;
    }
    let (first, target) = (ensemble.samples(), order.target);
    let mut failed = None;
    let mut told_at = Instant::now();
    let mut told = |progress: GatherProgress| {
        match progress {
            GatherProgress::Batch { size, canceller, notes } => {
                task.set_canceller(canceller.clone());
                task.tell(|report| {
                    report.doing = format!("Measuring, {} per batch", samples_in_words(size));
                    report.notes.extend(notes.iter().map(|note| Voice::Window.say(note)));
                });
            }
            GatherProgress::Step { samples, batch, step, steps, timing } => {
                let done = ((samples - first) * steps + batch * step) as f64;
                let all = ((target - first) * steps) as f64;
                let change = |report: &mut MeasuringReport| {
                    report.share = (done / all) as f32;
                    report.remaining = Some(timing.total() * (all - done) / done);
                    report.timing = timing;
                };
                if told_at.elapsed() >= NEWS {
                    told_at = Instant::now();
                    task.tell(change);
                } else {
                    task.note(change);
                }
            }
            GatherProgress::Decoded => {}
            GatherProgress::Grown(ensemble) => {
                if let Err(error) = publish(task, ensemble, data.as_ref()) {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            }
        }
        task.turn()
    };
    let ended = ensemble::gather(&mut ensemble, &model, target, None, &mut told).map_err(fault)?;
    failed.map_or(Ok(matches!(ended, GatherEnd::Complete(_))), |error| Err(fault(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::settings::{ModelSource, ProviderChoice};
    use std::sync::atomic::{AtomicBool, Ordering};

    fn order(steps: usize, target: usize) -> Order {
        let mut settings = RunSettings::new(ModelSource::Model("gaussian-64".into()));
        (settings.provider, settings.steps) = (ProviderChoice::Rust, steps);
        Order { settings, options: Options::default(), begun: None, target, data: None, onnxruntime: None }
    }

    fn begun(order: Order, busy: Busy) -> Measuring {
        Measuring::start(order, busy, Arc::new(|| {})).unwrap()
    }

    #[track_caller]
    fn until(measuring: &Measuring, what: &str, done: impl Fn(&MeasuringReport) -> bool) -> MeasuringReport {
        let began = Instant::now();
        loop {
            let report = measuring.report();
            if done(&report) {
                return report;
            }
            assert!(began.elapsed() < Duration::from_mins(2), "waited in vain for {what}: {}", report.doing);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn results_grow_and_more_can_be_added() {
        let free: Busy = Arc::new(|| false);
        let measuring = begun(order(3, 20), Arc::clone(&free));
        let first = until(&measuring, "a first batch", |report| report.findings.is_some());
        assert!(first.samples > 0 && first.samples <= 20);
        let report = until(&measuring, "the end", |report| report.ended.is_some());
        assert_eq!((report.ended, report.samples, report.share), (Some(Ok(true)), 20, 1.0));
        let findings = report.findings.unwrap();
        let more = Order { begun: Some(Arc::clone(&findings.ensemble)), ..order(99, 22) };
        let measuring = begun(more, free);
        let report = until(&measuring, "two more", |report| report.ended.is_some());
        assert_eq!((report.ended, report.samples), (Some(Ok(true)), 22));
        let more = report.findings.unwrap();
        assert_eq!(more.ensemble.steps(), 3, "it goes on with its own settings");
        assert!(findings.against(&more).unwrap().final_db.unwrap() < 1.0);
        assert_eq!(more.against(&more).unwrap().power.map(|apart| apart.rms), Some(0.0));
    }

    #[test]
    fn it_waits_for_the_user_and_for_runs_and_ends_at_once() {
        let busy = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&busy);
        let measuring = begun(order(40, 10_000), Arc::new(move || asked.load(Ordering::Relaxed)));
        until(&measuring, "its turn", |report| report.doing.starts_with("Measuring"));
        until(&measuring, "the word that it waits", |report| report.waits);
        assert_eq!(measuring.report().share, 0.0, "a run goes on");
        busy.store(false, Ordering::Relaxed);
        until(&measuring, "a step", |report| report.remaining.is_some() && !report.waits);
        measuring.set_paused(true);
        // The current step may still end.
        until(&measuring, "a stand", |_| measuring.0.is_held());
        let paused = measuring.report();
        assert!(paused.paused);
        measuring.set_paused(false);
        until(&measuring, "another step", |report| report.share > paused.share);
        measuring.cancel();
        let report = until(&measuring, "the end", |report| report.ended.is_some());
        assert_eq!(report.ended, Some(Ok(false)));
    }

    #[test]
    fn what_cannot_be_is_a_sentence() {
        let mut given = order(3, 5);
        given.settings.init_noise = Some("x.npy".into());
        let measuring = begun(given, Arc::new(|| false));
        let report = until(&measuring, "the end", |report| report.ended.is_some());
        let fault = report.ended.unwrap().unwrap_err();
        assert!(fault.sentence.contains("noise file"), "{}", fault.sentence);
        let folder = Order { data: Some(DataSource::Folder("/nowhere".into())), ..order(3, 5) };
        let measuring = begun(folder, Arc::new(|| false));
        let report = until(&measuring, "the end", |report| report.ended.is_some());
        assert!(report.data_refused);
        assert!(report.ended.unwrap().unwrap_err().sentence.contains("/nowhere"));
    }
}
