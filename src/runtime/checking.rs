//! Checking the words of a network, with its own thread and model, so that runs continue meanwhile.

use super::background::{BackgroundTask, Busy, TaskHandle, TaskReport};
use super::{Fault, FaultPlace, Wake};
use crate::denoiser::CancelFlag;
use crate::model::cascade_folder::CascadePackage;
use crate::model::package::Package;
use crate::session::RunSettings;
use crate::session::convention_check::{CheckError, Means, check};
use crate::session::prepare::{OpenModel, PrepareError, Probe};
use crate::session::settings::ModelSource;
use crate::words::voice::Voice;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Time after which no further convention is tried.
const LIMIT: Duration = Duration::from_mins(1);

/// The conclusion about one network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// The sentence, without its end.
    pub sentence: String,
    /// Whether it is a warning.
    pub is_warning: bool,
}

/// Progress of a check.
#[derive(Clone, Debug, Default)]
pub struct CheckingReport {
    /// Conventions tried so far.
    pub done: usize,
    /// All conventions.
    pub total: usize,
    /// Whether it waits for a run.
    pub waits: bool,
    /// The result, once it has ended: one conclusion for each network of the model.
    pub ended: Option<Result<Vec<Conclusion>, Fault>>,
}

impl TaskReport for CheckingReport {
    type Outcome = Vec<Conclusion>;

    fn end(&mut self, ended: Result<Self::Outcome, Fault>) {
        self.ended = Some(ended);
    }

    fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    fn set_paused(&mut self, _: bool) {}

    fn set_waits(&mut self, waits: bool) {
        self.waits = waits;
    }
}

/// A check in progress. Dropping it cancels it.
pub struct Checking(BackgroundTask<CheckingReport>);

impl Checking {
    /// Begins. `wake` is called when there is news; while `busy` returns true, it waits.
    pub fn start(settings: RunSettings, onnxruntime: Option<PathBuf>, busy: Busy, wake: Wake) -> std::io::Result<Self> {
        let work = move |task: &TaskHandle<CheckingReport>| work(task, &settings, onnxruntime.as_deref());
        let names = ("chromascope-checking", "checking the model");
        BackgroundTask::start(names, CheckingReport::default(), (busy, wake), work).map(Self)
    }

    /// Its progress.
    #[must_use]
    pub fn report(&self) -> CheckingReport {
        self.0.report()
    }
}

fn work(
    task: &TaskHandle<CheckingReport>,
    settings: &RunSettings,
    onnxruntime: Option<&Path>,
) -> Result<Vec<Conclusion>, Fault> {
    let fault = |error: PrepareError| Fault::from(&error);
    let ModelSource::Model(name) = &settings.source else { return Ok(Vec::new()) };
    let cancel = CancelFlag::default();
    task.set_canceller(cancel.clone().into());
    let packages = match CascadePackage::find(name).map_err(|error| fault(error.into()))? {
        Some(cascade) => cascade.stages,
        None => vec![Package::find(name).map_err(|error| fault(error.into()))?],
    };
    let mut conclusions = Vec::new();
    for package in packages {
        let model = OpenModel::open(package, settings, onnxruntime).map_err(fault)?;
        let mut probe = Probe::new(&model, settings, cancel.clone()).map_err(fault)?;
        let means = Means { images: None, limit: Some(LIMIT) };
        let mut progress = |done, total| {
            task.tell(|report| (report.done, report.total) = (done, total));
            task.turn().is_continue()
        };
        match check(&mut probe, model.convention.parameterization(), &means, &mut progress) {
            Ok(report) => conclusions
                .push(Conclusion { sentence: Voice::Window.say(&report.in_words()), is_warning: report.is_warning() }),
            Err(CheckError::Stopped) => return Ok(Vec::new()),
            Err(error) => return Err(Fault::new(FaultPlace::Model, &error.to_string())),
        }
    }
    Ok(conclusions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::Prediction;
    use std::sync::Arc;
    use std::sync::mpsc;

    fn conclusions(settings: RunSettings) -> Result<Vec<Conclusion>, Fault> {
        let (news, told) = mpsc::channel();
        let wake = move || {
            let _ = news.send(());
        };
        let checking = Checking::start(settings, None, Arc::new(|| false), Arc::new(wake)).unwrap();
        loop {
            if let Some(ended) = checking.report().ended {
                return ended;
            }
            told.recv_timeout(Duration::from_mins(2)).expect("the check reports");
        }
    }

    fn of(model: &str) -> RunSettings {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/models").join(model);
        let mut settings = RunSettings::new(ModelSource::Model(path.display().to_string()));
        settings.threads = Some(1);
        settings
    }

    #[test]
    fn a_wrong_prediction_is_a_warning_and_the_right_one_is_not() {
        let right = conclusions(of("tiny-eps")).unwrap();
        assert!(!right[0].is_warning, "{right:?}");
        let mut settings = of("tiny-eps");
        settings.prediction = Some(Prediction::Sample);
        let wrong = conclusions(settings).unwrap();
        assert!(wrong[0].is_warning && wrong[0].sentence.contains("set prediction epsilon"), "{wrong:?}");
    }

    #[test]
    fn a_model_that_cannot_be_opened_is_one_sentence() {
        let fault = conclusions(of("bad/empty")).unwrap_err();
        assert!(fault.sentence.contains("is empty"), "{}", fault.sentence);
    }
}
