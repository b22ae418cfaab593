//! The run on screen, as the window sees it. No GUI.

use crate::figure::TimeAxis;
use crate::runtime::{RunEnd, RunId, RunStarted};
use crate::schedule::ModelSchedule;
use crate::session::{Snapshot, tone};
use crate::spectrum::{BandPlan, Fit};
use crate::theory::NoiseLevel;
use crate::theory::{Chromatogram, default_levels};
use ndarray::{Array3, Array4, ArrayView3, Axis};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// A run's finished steps, growing while it goes.
pub struct RunView {
    /// Which run.
    pub id: RunId,
    /// What it began with.
    pub started: Box<RunStarted>,
    /// The model's own schedule.
    pub model: ModelSchedule,
    /// The axis that all tracks share.
    pub axis: TimeAxis,
    /// Finished steps.
    pub snapshots: Vec<Arc<Snapshot>>,
    /// State after the last of them.
    pub state: Arc<Array4<f32>>,
    /// How it ended, once it has.
    pub end: Option<RunEnd>,
    bands: Option<BandPlan>,
    /// Band energies by step and sample.
    energies: RefCell<HashMap<(usize, usize), Vec<f64>>>,
    /// Range of the images, for display.
    image_range: f32,
    /// Range of the changes, for display.
    change_range: f32,
}

/// The three images that a step has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Picture {
    /// `x_t`.
    State,
    /// `E[x_0|x_t]`.
    Expectation,
    /// `ΔE[x_0|x_t]` since the step before.
    Change,
}

impl Picture {
    /// All three, in the order of the stage.
    pub const ALL: [Self; 3] = [Self::State, Self::Expectation, Self::Change];

    /// The field's symbol and what it is, in a word or two.
    #[must_use]
    pub const fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::State => ("xₜ", "noisy state"),
            Self::Expectation => ("E[x₀|xₜ]", "expectation"),
            Self::Change => ("ΔE[x₀|xₜ]", "since last step"),
        }
    }
}

impl RunView {
    /// A run that has made no step yet.
    #[must_use]
    pub fn new(id: RunId, started: Box<RunStarted>, model: ModelSchedule) -> Self {
        let state = Arc::clone(&started.state);
        let axis = TimeAxis::of_levels(started.levels.clone(), started.timesteps.clone(), &model);
        let [_, _, height, width] = started.shape;
        let bands = BandPlan::new(height, width, 2, default_levels(2, height, width), Fit::Pad).ok();
        Self {
            id,
            started,
            model,
            axis,
            snapshots: Vec::new(),
            state,
            end: None,
            bands,
            energies: RefCell::default(),
            image_range: 1.0,
            change_range: f32::MIN_POSITIVE,
        }
    }

    /// Takes a finished step.
    pub fn push(&mut self, snapshot: Arc<Snapshot>, state: Arc<Array4<f32>>) {
        if let Some(last) = self.snapshots.last() {
            let change = &snapshot.x0 - &last.x0;
            self.change_range = self.change_range.max(tone::robust_maximum(change.iter().copied()));
        }
        let range = tone::robust_maximum(snapshot.x0.iter().copied());
        // Networks overshoot ±1 a little; only models that go far beyond are shown over their own range.
        if range > 2.0 {
            self.image_range = self.image_range.max(range);
        }
        self.snapshots.push(snapshot);
        self.state = state;
    }

    /// Steps of the whole run.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.started.levels.len() - 1
    }

    /// Finished steps.
    #[must_use]
    pub fn done(&self) -> usize {
        self.snapshots.len()
    }

    /// Samples in the batch.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.started.shape[0]
    }

    /// The noise level at a step; the one past the last is where the run ends.
    #[must_use]
    pub fn level(&self, step: usize) -> NoiseLevel {
        self.started.levels[step.min(self.steps())]
    }

    /// The values of one picture, `[C, H, W]`; `None` where the step is not finished or has no change yet.
    #[must_use]
    pub fn values(&self, step: usize, picture: Picture, sample: usize) -> Option<Array3<f32>> {
        let snapshot = self.snapshots.get(step)?;
        let of = |array: &Array4<f32>| array.index_axis(Axis(0), sample).to_owned();
        Some(match picture {
            Picture::State => of(&snapshot.x_t),
            Picture::Expectation => of(&snapshot.x0),
            Picture::Change => of(&snapshot.x0) - of(&self.snapshots.get(step.checked_sub(1)?)?.x0),
        })
    }

    /// `e_m(i)/e_m(last)` of one sample's `E[x_0|x_t]` over the detail bands, finest first, once the run has come to its
    /// end. Computed when first asked for and kept.
    #[must_use]
    pub fn recovered(&self, step: usize, sample: usize) -> Option<Vec<f64>> {
        if self.end != Some(RunEnd::Complete) {
            return None;
        }
        let plan = self.bands.as_ref()?;
        let energies = |step: usize| -> Option<Vec<f64>> {
            if let Some(kept) = self.energies.borrow().get(&(step, sample)) {
                return Some(kept.clone());
            }
            let images = &self.snapshots.get(step)?.x0;
            let energies = plan.mean_energies(images.slice_axis(Axis(0), (sample..sample + 1).into())).ok()?;
            self.energies.borrow_mut().insert((step, sample), energies.clone());
            Some(energies)
        };
        let (here, last) = (energies(step)?, energies(self.done() - 1)?);
        let detail = here.len() - 1;
        Some(here.iter().zip(&last).take(detail).map(|(here, last)| here / last.max(f64::MIN_POSITIVE)).collect())
    }

    /// `a_m` of scale-invariant theory at a step, finest first.
    #[must_use]
    pub fn recovered_in_theory(&self, step: usize) -> Vec<f64> {
        let [_, _, height, width] = self.started.shape;
        let Ok(theory) = Chromatogram::scale_invariant(2, default_levels(2, height, width)) else { return Vec::new() };
        let mut shares = vec![0.0; theory.levels()];
        theory.recovered(self.level(step), &mut shares);
        shares
    }

    /// Memory that the finished steps take, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        3 * self.done() * self.state.len() * size_of::<f32>()
    }

    /// Display range of a picture at a step: ± this.
    #[must_use]
    pub fn range(&self, step: usize, picture: Picture) -> f32 {
        match picture {
            Picture::State => {
                let level = self.level(step);
                level.sqrt_alpha_bar() as f32 * self.image_range + 2.2 * level.sqrt_one_minus_alpha_bar() as f32
            }
            Picture::Expectation => self.image_range,
            Picture::Change => self.change_range,
        }
    }

    /// A picture in colours.
    #[must_use]
    pub fn paint(&self, step: usize, picture: Picture, sample: usize) -> Option<image::RgbImage> {
        let values = self.values(step, picture, sample)?;
        let range = self.range(step, picture);
        let view: ArrayView3<f32> = values.view();
        Some(if picture == Picture::Change { tone::difference(view, range) } else { tone::image(view, range) })
    }
}
