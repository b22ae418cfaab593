use super::trajectory::{Snapshot, Trajectory};
use crate::denoiser::{DenoiseError, Denoiser, Part, StepClock, not_finite};
use crate::sampler::{Memory, NoiseSource, Sampler, Step, StepAt, Workspace};
use crate::theory::NoiseLevel;
use ndarray::Array4;
use std::sync::Arc;
use std::time::Instant;

/// A run in progress: state in f64 between steps, snapshots in f32.
pub struct Run {
    denoiser: Box<dyn Denoiser>,
    sampler: Box<dyn Sampler>,
    noise: Box<dyn NoiseSource>,
    levels: Vec<NoiseLevel>,
    x: Array4<f64>,
    work: Workspace,
    next: usize,
    /// Shows the step being made to denoisers that depend on it.
    clock: StepClock,
    /// The numbers of the steps between `levels`, if these are not all of the run's.
    numbers: Vec<usize>,
}

/// The state of a run after a step: everything that its later steps depend on, bit for bit.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    next: usize,
    x: Array4<f64>,
    memory: Option<Memory>,
}

impl Checkpoint {
    /// Finished steps.
    #[must_use]
    pub const fn steps(&self) -> usize {
        self.next
    }

    /// Bytes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of::<f64>() * (self.x.len() + self.memory.as_ref().map_or(0, Memory::values))
    }
}

/// The rest of a run in a few long steps.
#[derive(Clone, Debug)]
pub struct CoarsePass {
    /// The long steps. Their numbers are those of the whole run's steps from the same levels.
    pub snapshots: Vec<Arc<Snapshot>>,
    /// The VP state that they reached, `[B, C, H, W]`.
    pub state: Arc<Array4<f32>>,
}

/// A step that failed. Earlier steps are kept.
#[derive(Debug, thiserror::Error)]
#[error("step {step} of {steps} failed: {source}")]
pub struct RunError {
    /// The step, counted from 1 for people.
    pub step: usize,
    /// Steps in the run.
    pub steps: usize,
    /// Why.
    pub source: DenoiseError,
}

impl RunError {
    /// Whether the run was cancelled rather than failed.
    #[must_use]
    pub const fn is_cancelled(&self) -> bool {
        matches!(self.source, DenoiseError::Cancelled)
    }
}

impl Run {
    /// A run along `levels` (one more than steps) from the unit-variance `x_t`, `[B, C, H, W]`.
    #[must_use]
    pub fn new(
        denoiser: Box<dyn Denoiser>,
        sampler: Box<dyn Sampler>,
        noise: Box<dyn NoiseSource>,
        levels: Vec<NoiseLevel>,
        x_t: Array4<f64>,
    ) -> Self {
        let work = Workspace::new(x_t.dim().into());
        let (clock, numbers) = (StepClock::default(), Vec::new());
        Self { denoiser, sampler, noise, levels, x: x_t, work, next: 0, clock, numbers }
    }

    /// The same run, which shows the step that it makes on this clock.
    #[must_use]
    pub fn with_clock(self, clock: StepClock) -> Self {
        Self { clock, ..self }
    }

    /// An empty trajectory for this run's steps.
    #[must_use]
    pub fn trajectory(&self) -> Trajectory {
        Trajectory::new(self.levels.clone(), &self.x)
    }

    /// Steps in the whole run.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.levels.len() - 1
    }

    /// Noise levels, one more than steps.
    #[must_use]
    pub fn levels(&self) -> &[NoiseLevel] {
        &self.levels
    }

    /// Number of finished steps.
    #[must_use]
    pub const fn done(&self) -> usize {
        self.next
    }

    /// The state of the run.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint { next: self.next, x: self.x.clone(), memory: self.sampler.memory() }
    }

    /// Continues from the state of a run like this one. The caller must know that it is like this one; see
    /// [`repeats`](Self::repeats).
    pub fn go_on_from(&mut self, checkpoint: &Checkpoint) {
        self.next = checkpoint.next;
        self.x.assign(&checkpoint.x);
        self.sampler.recall(checkpoint.memory.as_ref());
    }

    /// The number of first steps that are the same, bit for bit, as in a run that differs only in its `levels`.
    #[must_use]
    pub fn repeats(&self, levels: &[NoiseLevel]) -> usize {
        let bits = |level: &NoiseLevel| level.log_snr().to_bits();
        let same = self.levels.iter().zip(levels).take_while(|(here, there)| bits(here) == bits(there)).count();
        let repeated =
            |&index: &usize| self.sampler.repeats(StepAt { index, levels: &self.levels }, StepAt { index, levels });
        (0..same.saturating_sub(1)).take_while(repeated).count()
    }

    /// Makes the rest of the run in `count` steps, evenly chosen among its own, without changing the run.
    /// `state` is the state in f32.
    pub fn coarse_pass(&mut self, count: usize, state: &Arc<Array4<f32>>) -> Result<CoarsePass, RunError> {
        let left = self.steps() - self.next;
        let count = count.min(left);
        let numbers: Vec<usize> =
            (0..=count).map(|step| self.next + (step * left + count / 2) / count.max(1)).collect();
        let here = self.checkpoint();
        let mut trajectory = self.trajectory();
        trajectory.state = Arc::clone(state);
        // Earlier levels stay, so that a multistep method sees the step that it remembers.
        let coarse = self.levels[..self.next].iter().copied().chain(numbers.iter().map(|&number| self.levels[number]));
        let coarse = coarse.collect();
        let levels = std::mem::replace(&mut self.levels, coarse);
        self.numbers = (0..self.next).chain(numbers.iter().copied()).collect();
        let made = (0..count).try_for_each(|_| self.step(&mut trajectory).map(|_| ()));
        self.levels = levels;
        self.numbers.clear();
        self.go_on_from(&here);
        made?;
        let renumbered = trajectory.snapshots.into_iter().zip(numbers).map(|(snapshot, step)| {
            let mut snapshot = Arc::unwrap_or_clone(snapshot);
            snapshot.step = step;
            Arc::new(snapshot)
        });
        Ok(CoarsePass { snapshots: renumbered.collect(), state: trajectory.state })
    }

    /// Makes the next step and adds it to `trajectory`; `None` once all are made.
    pub fn step(&mut self, trajectory: &mut Trajectory) -> Result<Option<Arc<Snapshot>>, RunError> {
        if self.next >= self.steps() {
            return Ok(None);
        }
        let began = Instant::now();
        let at = StepAt { index: self.next, levels: &self.levels };
        let failed = |source| RunError { step: at.index + 1, steps: at.steps(), source };
        let (denoiser, noise) = (&mut *self.denoiser, &mut *self.noise);
        let mut step = Step { denoiser, x: &mut self.x, at, noise, work: &mut self.work };
        self.clock.set(Some(self.numbers.get(at.index).copied().unwrap_or(at.index)));
        let made = self.sampler.step(&mut step);
        self.clock.set(None);
        made.map_err(failed)?;
        let first = &self.work.first;
        let snapshot = Snapshot {
            step: at.index,
            level: at.from(),
            timestep: first.timestep,
            x_t: Arc::unwrap_or_clone(std::mem::take(&mut trajectory.state)),
            x0: first.x0.mapv(|value| value as f32),
            eps: first.eps.mapv(|value| value as f32),
            parts: first
                .parts
                .iter()
                .map(|part| Part { name: part.name, x0: part.x0.mapv(|value| value as f32) })
                .collect(),
            seconds: began.elapsed().as_secs_f64(),
        };
        let state = self.x.mapv(|value| value as f32);
        for values in [&state, &snapshot.x0, &snapshot.eps] {
            // New arrays are contiguous, in some order.
            if let Some(what) = values.as_slice_memory_order().and_then(not_finite) {
                trajectory.state = Arc::new(snapshot.x_t);
                return Err(failed(DenoiseError::NotFinite { what, timestep: first.timestep }));
            }
        }
        self.next += 1;
        let snapshot = Arc::new(snapshot);
        trajectory.push(Arc::clone(&snapshot), state);
        Ok(Some(snapshot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::denoiser::Denoised;
    use crate::sampler::{Churn, SeededNoise, Variance};
    use crate::session::SamplerKind;
    use ndarray::{ArrayView4, Zip};

    struct Bent;

    impl Denoiser for Bent {
        fn denoise(&mut self, x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
            let (signal, noise) = (level.sqrt_alpha_bar(), level.sqrt_one_minus_alpha_bar());
            Zip::from(&mut out.x0).and(x_t).for_each(|x0, &x| *x0 = (1.7 * signal * x).tanh());
            Zip::from(&mut out.eps).and(x_t).and(&out.x0).for_each(|eps, &x, &x0| *eps = (x - signal * x0) / noise);
            out.timestep = 0.0;
            Ok(())
        }
    }

    fn run(sampler: SamplerKind, log_snr: impl Fn(usize) -> f64) -> Run {
        let churn = Churn { amount: 2.0, ..Churn::default() };
        let seeded = SeededNoise { seed: 3, first_sample: 0 };
        let levels = (0..=20).map(|level| NoiseLevel::from_log_snr(log_snr(level))).collect();
        let sampler = sampler.build(None, churn, Variance::default());
        Run::new(Box::new(Bent), sampler, Box::new(seeded), levels, seeded.initial([2, 1, 2, 3]))
    }

    fn even(level: usize) -> f64 {
        0.5 * level as f64 - 4.0
    }

    #[test]
    fn a_coarse_pass_leaves_the_run_as_it_was() {
        for sampler in SamplerKind::ALL {
            let (mut plain, mut with) = (run(sampler, even), run(sampler, even));
            let mut trajectories = [plain.trajectory(), with.trajectory()];
            for step in 0..20 {
                if step == 0 || step == 7 || step == 18 {
                    let state = Arc::clone(&trajectories[1].state);
                    let pass = with.coarse_pass(4, &state).unwrap();
                    let steps: Vec<usize> = pass.snapshots.iter().map(|snapshot| snapshot.step).collect();
                    let expected = [vec![0, 5, 10, 15], vec![7, 10, 14, 17], vec![18, 19]];
                    assert!(expected.contains(&steps), "{steps:?}");
                    assert_eq!(pass.snapshots[0].x_t, *state);
                }
                plain.step(&mut trajectories[0]).unwrap();
                with.step(&mut trajectories[1]).unwrap();
                assert_eq!(plain.checkpoint(), with.checkpoint(), "{sampler} {step}");
            }
            // If no more steps are left than the preview may have, it is the rest of the run.
            let mut again = run(sampler, even);
            let mut trajectory = again.trajectory();
            (0..18).for_each(|_| drop(again.step(&mut trajectory).unwrap()));
            let pass = again.coarse_pass(9, &Arc::clone(&trajectory.state)).unwrap();
            assert_eq!(pass.state, trajectories[0].state, "{sampler}");
        }
    }

    #[test]
    fn a_run_goes_on_from_another_run_of_the_same_levels() {
        for sampler in SamplerKind::ALL {
            let bent = |level| even(level) + if level > 9 { 0.1 } else { 0.0 };
            let (mut before, mut after, mut fresh) = (run(sampler, even), run(sampler, bent), run(sampler, bent));
            assert_eq!(after.repeats(before.levels()), 9, "{sampler}");
            let mut trajectory = before.trajectory();
            (0..9).for_each(|_| drop(before.step(&mut trajectory).unwrap()));
            after.go_on_from(&before.checkpoint());
            let mut whole = fresh.trajectory();
            while fresh.step(&mut whole).unwrap().is_some() {}
            while after.step(&mut trajectory).unwrap().is_some() {}
            assert_eq!(after.checkpoint(), fresh.checkpoint(), "{sampler}");
            assert_eq!(trajectory.state, whole.state);
        }
    }
}
