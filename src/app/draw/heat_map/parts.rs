//! The parts of a run's estimates by level, computed in the background during the run.

use crate::app::run_view::{MadeKey, RunView};
use crate::runtime::{QuestionSlot, RunId, Wake, Weigh};
use crate::session::Snapshot;
use crate::session::parts::StepParts;
use crate::spectrum::BandPlan;
use std::collections::HashMap;
use std::sync::Arc;

/// Most steps per job, and about how many values, before the track is redrawn.
const BATCH: (usize, usize) = (64, 1 << 20);
/// Most steps that are kept; a longer run keeps all of its own.
const KEPT: usize = 8192;

/// A step of a sample; steps that a live run reuses keep their keys.
type PartsKey = (MadeKey, usize, BandPlan);
/// The result of a job.
struct PartsBatch(Vec<(PartsKey, Arc<StepParts>)>);

impl Weigh for PartsBatch {
    fn bytes(&self) -> usize {
        self.0.iter().map(|(_, step)| size_of::<StepParts>() + step.guided.bytes() + step.unguided.bytes()).sum()
    }
}

/// The request that a job belongs to.
type PartsOf = (RunId, usize, BandPlan);

/// How much is known for a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnownParts {
    run: RunId,
    sample: usize,
    plan: BandPlan,
    done: usize,
    whole_from: usize,
    there: usize,
    possible: usize,
}

impl KnownParts {
    /// Whether everything is known unless the run continues.
    #[must_use]
    pub const fn is_all(&self) -> bool {
        self.there == self.possible
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.there == 0
    }
}

/// What is known about the steps on screen.
#[derive(Default)]
pub struct PartLevels {
    /// The number of jobs. A failed one is not tried again before the next request.
    slot: QuestionSlot<(PartsOf, u64), PartsBatch>,
    batches: u64,
    kept: HashMap<PartsKey, Arc<StepParts>>,
    known: Option<KnownParts>,
    /// One per finished step of the run on screen.
    steps: Vec<Option<Arc<StepParts>>>,
}

impl PartLevels {
    /// `wake` is called when there are new results.
    #[must_use]
    pub fn new(wake: Wake) -> Self {
        Self { slot: QuestionSlot::start("chromascope-parts", 0, wake), ..Self::default() }
    }

    /// One per finished step; `None` for unknown ones.
    #[must_use]
    pub fn steps(&self) -> &[Option<Arc<StepParts>>] {
        &self.steps
    }

    /// Takes the results and requests what is missing.
    pub fn update(&mut self, run: &RunView, sample: usize, plan: BandPlan) -> KnownParts {
        if let Some(batch) = self.slot.take() {
            self.kept.extend(batch.0.iter().map(|(key, step)| (*key, Arc::clone(step))));
        }
        let (done, whole_from) = (run.done(), run.small_steps());
        let mut known = KnownParts { run: run.id, sample, plan, done, whole_from, there: 0, possible: 0 };
        let same = |kept: &&KnownParts| kept.is_all() && KnownParts { there: 0, possible: 0, ..**kept } == known;
        if let Some(kept) = self.known.as_ref().filter(same) {
            return *kept;
        }
        self.steps.clear();
        let mut missing = Vec::new();
        for step in 0..done {
            let key = (run.step_key(step), sample, plan);
            let found = self.kept.get(&key).cloned();
            let question = if found.is_none() { run.whole_step(step) } else { None };
            known.there += usize::from(found.is_some());
            known.possible += usize::from(found.is_some() || question.is_some());
            missing.extend(question.map(|snapshot| {
                let before = step.checked_sub(1).and_then(|before| run.whole_step(before));
                (key, before.cloned(), Arc::clone(snapshot))
            }));
            self.steps.push(found);
        }
        self.ask((run.id, sample, plan), missing);
        if self.kept.len() > KEPT.max(2 * done) {
            let wanted = (0..done).map(|step| (run.step_key(step), sample, plan));
            self.kept = wanted.filter_map(|key| self.kept.remove_entry(&key)).collect();
        }
        self.known = Some(known);
        known
    }

    /// Why the parts could not be computed.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.slot.failure()
    }

    /// Requests as many of the missing steps as can be done soon.
    fn ask(&mut self, of: PartsOf, missing: Vec<(PartsKey, Option<Arc<Snapshot>>, Arc<Snapshot>)>) {
        if self.slot.is_waiting() || self.slot.failed().is_some_and(|(failed, _)| *failed == of) {
            return;
        }
        self.slot.forget_failure();
        let Some((_, _, first)) = missing.first() else { return };
        let values = first.values() / first.x0.shape()[0].max(1);
        let count = (BATCH.1 / values.max(1)).clamp(1, BATCH.0);
        self.batches += 1;
        self.slot.ask((of, self.batches), move || {
            Some(Box::new(move || {
                let answer = |(key, before, step): (PartsKey, Option<Arc<Snapshot>>, Arc<Snapshot>)| {
                    let (_, sample, plan) = key;
                    (key, Arc::new(StepParts::of(before.as_deref(), &step, sample, &plan)))
                };
                PartsBatch(missing.into_iter().take(count).map(answer).collect())
            }))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{App, Launch};
    use crate::runtime::{Activity, Event};
    use crate::session::RunSettings;
    use crate::session::action::Action;
    use crate::session::settings::{ModelSource, ProviderChoice};
    use std::time::{Duration, Instant};

    #[test]
    fn steps_are_looked_at_as_they_come_and_once() {
        let source = ModelSource::Model("gaussian-64".into());
        let run = RunSettings { steps: 6, batch: 2, provider: ProviderChoice::Rust, ..RunSettings::new(source) };
        let launch = Launch { first: vec![Action::SetRun(Box::new(run))], ..Launch::default() };
        let mut app = App::new(&egui::Context::default(), launch, false).unwrap();
        let (mut levels, mut counts) = (PartLevels::new(Arc::new(|| {})), Vec::new());
        let began = Instant::now();
        loop {
            let idle = app.activity() == Activity::Idle;
            while let Some(event) = app.runtime.next_event() {
                let Event::Run { id, news } = event else { continue };
                app.take_run_news(id, news);
            }
            if let Some(run) = app.run.as_ref().filter(|run| run.done() > 0) {
                let known = levels.update(run, 1, run.plan(2, None).unwrap());
                counts.push(known.there);
                if idle && run.done() == 6 && known.is_all() {
                    break;
                }
            }
            assert!(began.elapsed() < Duration::from_mins(1));
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(counts.is_sorted() && counts.last() == Some(&6), "{counts:?}");
        let run = app.run.as_ref().unwrap();
        let plan = run.plan(2, None).unwrap();
        for (step, found) in levels.steps().iter().enumerate() {
            let before = step.checked_sub(1).and_then(|before| run.whole_step(before));
            let expected = StepParts::of(before.map(|before| &**before), run.whole_step(step).unwrap(), 1, &plan);
            assert_eq!(found.as_deref(), Some(&expected), "step {step}");
            assert_eq!(expected.guided.is_some(), step > 0);
        }
        // Another sample is another request; the first is not repeated.
        let batches = levels.batches;
        assert!(levels.update(run, 1, plan).is_all() && levels.batches == batches);
        assert!(levels.update(run, 0, plan).is_nothing() && levels.batches > batches);
    }
}
