//! Optimising a schedule, with its own thread and model, so that runs continue meanwhile.

use super::background::{BackgroundTask, Busy, TaskHandle, TaskReport};
use super::{Fault, Wake};
use crate::optimise::{FitProgress, Options, Outcome, Problem, optimise, start_from};
use crate::schedule::{Curve, Drawn, PlanSource};
use crate::session::RunSettings;
use crate::session::prepare::Model;
use std::path::PathBuf;
use std::sync::Arc;

/// Progress of an optimisation.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What it is doing, in words.
    pub doing: String,
    /// The finished share of that, in [0, 1].
    pub share: f32,
    /// The best curve so far.
    pub best: Option<Drawn>,
    /// RMSE of the start and of the best curve, on the seeds of the fit.
    pub errors: Option<(f64, f64)>,
    /// Whether it is paused by the user.
    pub paused: bool,
    /// The result, once it has ended.
    pub ended: Option<Result<Outcome, Fault>>,
}

impl Report {
    /// The best curve so far, as a run would use it.
    #[must_use]
    pub fn best_source(&self) -> Option<PlanSource> {
        let best = self.best.as_ref().filter(|_| self.ended.is_none())?;
        Some(PlanSource::curve(Curve::Drawn(best.clone())))
    }
}

impl TaskReport for Report {
    type Outcome = Outcome;

    fn end(&mut self, ended: Result<Outcome, Fault>) {
        self.ended = Some(ended);
    }

    fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    fn set_waits(&mut self, _: bool) {}
}

/// An optimisation in progress. Dropping it cancels it.
pub struct Optimisation(BackgroundTask<Report>);

impl Optimisation {
    /// Begins to optimise the schedule of runs with these settings: `now` is their present schedule, from which the
    /// fit starts. `wake` is called when there is news.
    pub fn start(
        settings: RunSettings,
        now: PlanSource,
        points: Option<usize>,
        options: Options,
        onnxruntime: Option<PathBuf>,
        wake: Wake,
    ) -> std::io::Result<Self> {
        let report = Report { doing: "Opening the model".into(), ..Report::default() };
        let names = ("chromascope-optimiser", "fitting the schedule");
        let free: Busy = Arc::new(|| false);
        let work = move |task: &FitTask| work(task, &settings, &now, points, &options, onnxruntime.as_deref());
        BackgroundTask::start(names, report, (free, wake), work).map(Self)
    }

    /// Its progress.
    #[must_use]
    pub fn report(&self) -> Report {
        self.0.report()
    }

    /// Pauses after the current run, or resumes.
    pub fn set_paused(&self, paused: bool) {
        self.0.set_paused(paused);
    }

    /// Stops it within its step; the best curve so far is kept.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

type FitTask = TaskHandle<Report>;

fn work(
    task: &FitTask,
    settings: &RunSettings,
    now: &PlanSource,
    points: Option<usize>,
    options: &Options,
    onnxruntime: Option<&std::path::Path>,
) -> Result<Outcome, Fault> {
    let model = Model::open_with_progress(settings, onnxruntime, &|_| !task.is_cancelled())
        .map_err(|error| Fault::from(&error))?;
    let mut bare = model.bare(settings).map_err(|error| Fault::from(&error))?;
    task.set_canceller(bare.canceller.clone());
    let failed = |error: &dyn std::fmt::Display| Fault::new(super::FaultPlace::Run, &error.to_string());
    let problem = Problem::of(&bare, settings).map_err(|error| failed(&error))?;
    let start = if let Some(drawn) = now.drawn() {
        drawn.clone()
    } else {
        let plan = problem.plan(now).map_err(|error| failed(&error))?;
        let points = points.unwrap_or_else(|| problem.default_points());
        start_from(&plan, &problem.model, points).map_err(|error| failed(&error))?
    };
    let mut told = |progress: FitProgress| {
        task.tell(|report| tell(report, progress));
        task.turn()
    };
    optimise(&problem, &mut *bare.denoiser, now, &start, options, &mut told).map_err(|error| failed(&error))
}

fn tell(report: &mut Report, progress: FitProgress) {
    let share = |done: usize, of: usize| (done as f64 / of.max(1) as f64) as f32;
    match progress {
        FitProgress::Reference { done, of } => {
            report.doing = format!("Reference: step {done} of {of}");
            report.share = share(done, of);
        }
        FitProgress::Fitting { evaluations, of, best, rmse, start } => {
            report.doing = format!("Fitting: run {evaluations} of at most {of}");
            report.share = share(evaluations, of);
            report.errors = (rmse.is_finite() && start.is_finite()).then_some((start, rmse));
            if report.best.as_ref() != Some(best) {
                report.best = Some(best.clone());
            }
        }
        FitProgress::Measuring { best } => {
            report.doing = "Testing on other seeds".into();
            report.share = 1.0;
            report.best = Some(best.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::settings::{ModelSource, ProviderChoice};
    use std::time::{Duration, Instant};

    fn begun(evaluations: usize) -> Optimisation {
        let mut settings = RunSettings::new(ModelSource::Model("gaussian-64".into()));
        (settings.provider, settings.steps) = (ProviderChoice::Rust, 3);
        let options = Options { evaluations, fit_seeds: 1, measure_seeds: 1, ..Options::default() };
        let now = "trailing".parse().unwrap();
        Optimisation::start(settings, now, Some(3), options, None, Arc::new(|| {})).unwrap()
    }

    fn until(optimisation: &Optimisation, what: &str, done: impl Fn(&Report) -> bool) -> Report {
        let began = Instant::now();
        loop {
            let report = optimisation.report();
            if done(&report) {
                return report;
            }
            assert!(began.elapsed() < Duration::from_mins(2), "waited in vain for {what}: {report:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_fit_tells_before_and_after_on_seeds_that_it_did_not_see() {
        let report = until(&begun(4), "the end", |report| report.ended.is_some());
        let outcome = report.ended.unwrap().unwrap();
        let (fitted, measured) = (outcome.fitted.unwrap(), outcome.comparison.unwrap());
        assert!(fitted.best <= fitted.start && fitted.seeds == [0] && measured.seeds == [1]);
    }

    #[test]
    fn a_cancelled_fit_keeps_the_best() {
        let optimisation = begun(100_000);
        until(&optimisation, "the fit", |report| report.best.is_some() && report.errors.is_some());
        optimisation.cancel();
        let report = until(&optimisation, "the end", |report| report.ended.is_some());
        let outcome = report.ended.unwrap().unwrap();
        assert!(outcome.comparison.is_none() && outcome.fitted.is_some());
    }
}
