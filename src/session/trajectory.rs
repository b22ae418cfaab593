use crate::denoiser::Part;
use crate::theory::NoiseLevel;
use ndarray::Array4;
use std::sync::Arc;

/// One finished step, which never changes.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Step number, 0 the noisiest.
    pub step: usize,
    /// Noise level at the start of the step.
    pub level: NoiseLevel,
    /// The number fed to the network in the step's first evaluation.
    pub timestep: f64,
    /// VP state before the step, `[B, C, H, W]`.
    pub x_t: Array4<f32>,
    /// `E[x_0|x_t]` of the first evaluation, after guidance and clipping.
    pub x0: Array4<f32>,
    /// `ε̂` of the first evaluation, from the unclipped prediction.
    pub eps: Array4<f32>,
    /// The parts of the first evaluation's estimate, if it was combined from several.
    pub parts: Vec<Part<f32>>,
    /// Wall time of the step.
    pub seconds: f64,
}

impl Snapshot {
    /// Number of values that it stores.
    #[must_use]
    pub fn values(&self) -> usize {
        self.x_t.len() + self.x0.len() + self.eps.len() + self.parts.iter().map(|part| part.x0.len()).sum::<usize>()
    }
}

/// The finished steps of a run and the latest state. Steps are only appended.
#[derive(Clone, Debug)]
pub struct Trajectory {
    /// `[B, C, H, W]`.
    pub shape: [usize; 4],
    /// Noise levels of the whole run, one more than its steps.
    pub levels: Vec<NoiseLevel>,
    /// Finished steps.
    pub snapshots: Vec<Arc<Snapshot>>,
    /// VP state after the last finished step (at first the initial noise).
    pub state: Arc<Array4<f32>>,
}

impl Trajectory {
    /// An empty trajectory.
    #[must_use]
    pub fn new(levels: Vec<NoiseLevel>, initial: &Array4<f64>) -> Self {
        Self {
            shape: initial.dim().into(),
            levels,
            snapshots: Vec::new(),
            state: Arc::new(initial.mapv(|value| value as f32)),
        }
    }

    /// Adds a finished step and the state that it reached.
    pub fn push(&mut self, snapshot: Arc<Snapshot>, state: Array4<f32>) {
        self.snapshots.push(snapshot);
        self.state = Arc::new(state);
    }

    /// Number of steps in the whole run.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.levels.len() - 1
    }

    /// Whether all steps are finished.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.snapshots.len() == self.steps()
    }

    /// `x_t` at every level reached so far: one more than finished steps.
    pub fn states(&self) -> impl Iterator<Item = &Array4<f32>> {
        self.snapshots.iter().map(|snapshot| &snapshot.x_t).chain(std::iter::once(&*self.state))
    }

    /// Bytes for a run of this many steps and values, with `parts` of each estimate.
    #[must_use]
    pub fn bytes(steps: usize, shape: [usize; 4], parts: usize) -> usize {
        let state = shape.iter().fold(size_of::<f32>(), |bytes, &side| bytes.saturating_mul(side));
        state.saturating_mul(steps.saturating_mul(3 + parts).saturating_add(1))
    }
}
