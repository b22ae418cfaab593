//! The steps of the last run, kept so that a similar live run can reuse them.

use super::message::RunNews;
use crate::session::prepare::{Prepared, Resolved};
use crate::session::setting::Effect;
use crate::session::{Checkpoint, Run, RunSettings, Snapshot};
use crate::theory::NoiseLevel;
use ndarray::Array4;
use std::sync::Arc;

/// The first steps of the last run, within a byte budget: beyond it no further step is kept.
pub(super) struct LastRun {
    budget: usize,
    bytes: usize,
    /// `None` if nothing may be reused.
    made_with: Option<RunKey>,
    levels: Vec<NoiseLevel>,
    timesteps: Vec<f64>,
    run_times: Vec<f64>,
    /// The first steps, without gaps.
    steps: Vec<ReusableStep>,
}

/// Two runs with equal keys differ only in their noise levels.
#[derive(PartialEq)]
struct RunKey {
    settings: RunSettings,
    resolved: Resolved,
    initial: Checkpoint,
}

/// A finished step.
pub(super) struct ReusableStep {
    snapshot: Arc<Snapshot>,
    /// The state that it reached.
    state: Arc<Array4<f32>>,
    checkpoint: Checkpoint,
}

impl RunKey {
    fn of(settings: &RunSettings, prepared: &Prepared) -> Self {
        // The settings of the noise levels are compared by the levels themselves.
        let settings = settings.without(|setting| matches!(setting.effect, Effect::Levels | Effect::Decoded));
        let resolved = Resolved {
            spacing: String::new(),
            visits: None,
            spacing_because: None,
            timesteps_rounded: false,
            ..prepared.resolved.clone()
        };
        Self { settings, resolved, initial: prepared.run.checkpoint() }
    }
}

impl ReusableStep {
    /// The step's event when it was made.
    pub(super) fn news(&self) -> RunNews {
        RunNews::Step { snapshot: Arc::clone(&self.snapshot), state: Arc::clone(&self.state) }
    }

    /// The state that it reached.
    pub(super) const fn state(&self) -> &Arc<Array4<f32>> {
        &self.state
    }

    fn bytes(&self) -> usize {
        size_of::<f32>() * (self.snapshot.values() + self.state.len()) + self.checkpoint.bytes()
    }
}

impl LastRun {
    /// Nothing yet.
    pub(super) const fn new(budget: usize) -> Self {
        Self {
            budget,
            bytes: 0,
            made_with: None,
            levels: Vec::new(),
            timesteps: Vec::new(),
            run_times: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Clears everything.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.budget);
    }

    /// A new run without steps replaces the last one. With `take_over` it continues after the last run's first
    /// steps that it would make again, bit for bit; these are returned.
    pub(super) fn begin(
        &mut self,
        settings: &RunSettings,
        prepared: &mut Prepared,
        take_over: bool,
    ) -> &[ReusableStep] {
        let made_with = RunKey::of(settings, prepared);
        if made_with.initial.bytes() > self.budget {
            self.clear();
            return &[];
        }
        if take_over && self.made_with.as_ref() == Some(&made_with) {
            let same = |now: &[f64], before: &[f64]| {
                now.iter().zip(before).take_while(|(now, before)| now.to_bits() == before.to_bits()).count()
            };
            let mut kept = prepared.run.repeats(&self.levels).min(same(&prepared.timesteps, &self.timesteps));
            if !prepared.run_times.is_empty() {
                // A step may evaluate at the level it reaches too.
                kept = kept.min(same(&prepared.run_times, &self.run_times).saturating_sub(1));
            }
            self.steps.truncate(kept);
        } else {
            self.steps.clear();
        }
        self.bytes = made_with.initial.bytes() + self.steps.iter().map(ReusableStep::bytes).sum::<usize>();
        self.made_with = Some(made_with);
        self.levels = prepared.run.levels().to_vec();
        self.timesteps.clone_from(&prepared.timesteps);
        self.run_times.clone_from(&prepared.run_times);
        if let Some(last) = self.steps.last() {
            prepared.run.go_on_from(&last.checkpoint);
        }
        &self.steps
    }

    /// Adds the step that `run` has just made.
    pub(super) fn push(&mut self, run: &Run, snapshot: &Arc<Snapshot>, state: &Arc<Array4<f32>>) {
        if self.made_with.is_none() || self.steps.len() + 1 != run.done() || self.bytes >= self.budget {
            return;
        }
        let (snapshot, state) = (Arc::clone(snapshot), Arc::clone(state));
        let step = ReusableStep { snapshot, state, checkpoint: run.checkpoint() };
        let bytes = step.bytes();
        if self.bytes + bytes <= self.budget {
            self.bytes += bytes;
            self.steps.push(step);
        }
    }
}
