//! The run on screen, as the window sees it. No GUI.

mod colours;
mod decoded;
mod ranges;
mod recovered;
mod seen;
mod small;
#[cfg(test)]
mod tests;

pub use crate::app::draw::picture::Picture;
pub use colours::Colours;
pub use decoded::{DecodeKey, DecodedImages, Image};
use ranges::DisplayRanges;
pub use seen::{Seeing, Seen};
pub use small::SmallImages;

use crate::app::draw::painted::painted;
use crate::denoiser::PartName;
use crate::figure::{Ground, TimeAxis};
use crate::runtime::{RunEnd, RunId, RunStarted};
use crate::schedule::ModelSchedule;
use crate::session::levels::plan_of;
use crate::session::parts::PartsFound;
use crate::session::prepare::ModelInfo;
use crate::session::{CoarsePass, FarOut, KeptTrajectory, ShownValues, Snapshot, one_sample, run_in_words};
use crate::spectrum::BandPlan;
use crate::theory::{Chromatogram, NoiseLevel, default_levels};
use image::RgbImage;
use ndarray::{Array4, ArrayView3};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

/// Bytes of finished steps that are kept at full size; beyond it the oldest become thumbnails.
pub const BUDGET: usize = 1 << 30;
/// Factor between neighbouring levels.
pub const FACTOR: usize = 2;

/// A run's finished steps, growing while it is in progress.
pub struct RunView {
    /// The run.
    pub id: RunId,
    /// Its start.
    pub started: Box<RunStarted>,
    /// The model's own schedule.
    pub model: ModelSchedule,
    /// Details of the model, if it is open.
    pub info: Option<Arc<ModelInfo>>,
    /// The time axis shared by all tracks.
    pub axis: TimeAxis,
    /// Scale-invariant theory for this size of image; `None` if it is too small for a level.
    pub theory: Option<Chromatogram>,
    /// How it ended, if it has.
    pub end: Option<RunEnd>,
    /// The preview of a live run that will replace this one.
    pub coarse: Option<Coarse>,
    kept: KeptTrajectory,
    /// One per finished step.
    made: Vec<StepOrigin>,
    /// The first steps of the previous run, which this one may reuse.
    before: Vec<StepOrigin>,
    /// Band energies of `E[x_0|x_t]`; `None` for an image without bands.
    energies: RefCell<HashMap<EnergyKey, Option<Vec<f64>>>>,
    /// The latest requested energies of a large image that are still missing.
    wanted: RefCell<Vec<EnergyKey>>,
    /// The last known recovered shares, by division into levels and sample.
    recovered: RefCell<Option<Recovered>>,
    /// The largest gain of `√a_m` in a step, in theory, for every band.
    fastest: RefCell<HashMap<BandPlan, Vec<f64>>>,
    /// The parts of its steps.
    parts: PartsFound,
    /// The results that are far outside the range of the model's images.
    far_out: Option<FarOut>,
    /// For display.
    ranges: DisplayRanges,
    /// How latents are looked at.
    seeing: Seeing,
    /// The decoded images on screen.
    decoded: DecodedImages,
}

/// Recovered shares of a sample, for one division into levels.
type Recovered = ((BandPlan, usize, Seen), Vec<Option<f64>>);

/// Identifies energies by the division into levels, the step, the sample, and what is shown of it.
pub type EnergyKey = (BandPlan, usize, usize, Seen);

/// The origin of a step. A live run reuses steps, and everything computed from them.
#[derive(Clone)]
struct StepOrigin {
    snapshot: Weak<Snapshot>,
    /// The run that made it.
    by: RunId,
    /// Display ranges of the run up to this step.
    ranges: DisplayRanges,
}

/// The preview of a live run.
pub struct Coarse {
    /// The run.
    pub run: RunId,
    /// A few long steps.
    pub pass: CoarsePass,
}

/// The moment of a run on the images pane: a state, and the step whose estimate is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The state: 0 is the initial noise.
    pub state: usize,
    /// The finished step.
    pub step: usize,
}

/// Identifies a picture of a run in caches. Reused steps keep their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PictureKey {
    run: RunId,
    /// The index of the state or of the step, depending on the picture.
    index: usize,
    picture: Picture,
    sample: usize,
    seen: Seen,
}

/// Identifies a step, or the state before it, with the run that made it. Reused steps keep their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MadeKey {
    run: RunId,
    index: usize,
}

impl Moment {
    /// A step with the state at its start.
    #[must_use]
    pub const fn of_step(step: usize) -> Self {
        Self { state: step, step }
    }
}

impl RunView {
    /// A run without steps, to be kept within [`BUDGET`].
    #[must_use]
    pub fn new(id: RunId, started: Box<RunStarted>, model: ModelSchedule) -> Self {
        let evaluations = started.resolved.solver(&started.settings).evaluations(&started.levels);
        let axis = TimeAxis::of_levels(started.levels.clone(), started.timesteps.clone(), &model);
        let axis = axis.with_evaluations(&evaluations);
        let [_, _, height, width] = started.shape;
        let levels = default_levels(FACTOR, height, width);
        Self {
            id,
            axis,
            theory: Chromatogram::scale_invariant(FACTOR, levels).ok(),
            kept: KeptTrajectory::new(started.levels.clone(), Arc::clone(&started.state), BUDGET),
            made: Vec::new(),
            before: Vec::new(),
            started,
            model,
            info: None,
            end: None,
            coarse: None,
            energies: RefCell::default(),
            wanted: RefCell::default(),
            recovered: RefCell::default(),
            fastest: RefCell::default(),
            parts: PartsFound::default(),
            far_out: None,
            ranges: DisplayRanges::default(),
            seeing: Seeing::default(),
            decoded: DecodedImages::default(),
        }
    }

    /// The same for a model with known details.
    #[must_use]
    pub fn of_model(mut self, info: Arc<ModelInfo>) -> Self {
        self.info = Some(info);
        self
    }

    /// The same, reusing steps of the previous run.
    #[must_use]
    pub fn after(mut self, before: &Self) -> Self {
        self.before = before.made.iter().take(self.started.taken_over).cloned().collect();
        self
    }

    /// Adds a finished step.
    pub fn push(&mut self, snapshot: Arc<Snapshot>, state: Arc<Array4<f32>>) {
        let same = |made: &&StepOrigin| std::ptr::eq(made.snapshot.as_ptr(), Arc::as_ptr(&snapshot));
        if let Some(made) = self.before.get(self.done()).filter(same) {
            self.ranges = made.ranges;
            self.made.push(made.clone());
        } else {
            self.widen_ranges(&snapshot);
            self.made.push(StepOrigin { snapshot: Arc::downgrade(&snapshot), by: self.id, ranges: self.ranges });
        }
        self.parts.add(snapshot.parts.iter().map(|part| part.name));
        if self.done() + 1 == self.steps() {
            self.far_out = FarOut::of(&state, &self.started.levels, &self.started.resolved);
        }
        self.kept.push(snapshot, state);
    }

    /// The results that are far outside the range of the model's images, once there are results.
    #[must_use]
    pub const fn far_out(&self) -> Option<&FarOut> {
        self.far_out.as_ref()
    }

    /// Its name: "emoji-unet · ddim, trailing, 32 steps".
    #[must_use]
    pub fn in_words(&self) -> String {
        run_in_words(&self.started.settings, &self.started.resolved, self.steps())
    }

    /// Number of steps of the whole run.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.started.levels.len() - 1
    }

    /// Number of finished steps.
    #[must_use]
    pub fn done(&self) -> usize {
        self.kept.steps().len()
    }

    /// Number of steps that are kept only as thumbnails.
    #[must_use]
    pub fn small_steps(&self) -> usize {
        self.kept.small_steps()
    }

    /// Number of samples in the batch.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.started.shape[0]
    }

    /// The noise level of a state; after the last step, that of the end.
    #[must_use]
    pub fn level(&self, state: usize) -> NoiseLevel {
        self.started.levels[state.min(self.steps())]
    }

    /// The finished step that corresponds to a step of another run: at the same noise level, or the nearest.
    #[must_use]
    pub fn step_like(&self, other: &Self, step: usize) -> usize {
        let same = self.started.levels == other.started.levels;
        #[allow(clippy::cast_sign_loss)] // steps on the axis are not negative
        let there = if same { step } else { self.axis.step_of_level(other.level(step)).round() as usize };
        there.min(self.done().saturating_sub(1))
    }

    /// The cache key of a picture.
    #[must_use]
    pub fn key(&self, at: Moment, picture: Picture, sample: usize) -> PictureKey {
        let coarse = self.coarse.as_ref().zip(self.coarse_step(at)).filter(|_| picture == Picture::Coarse);
        let MadeKey { run, index } = match (coarse, picture) {
            (Some((coarse, snapshot)), _) => MadeKey { run: coarse.run, index: snapshot.step },
            (None, Picture::State) => self.state_key(at.state),
            (None, _) => self.step_key(at.step),
        };
        PictureKey { run, index, picture, sample, seen: Seen::default() }
    }

    /// The cache key of a step.
    #[must_use]
    pub fn step_key(&self, step: usize) -> MadeKey {
        MadeKey { run: self.made.get(step).map_or(self.id, |made| made.by), index: step }
    }

    /// The cache key of a state, which belongs to the step before; all runs share that of the initial state.
    #[must_use]
    pub fn state_key(&self, state: usize) -> MadeKey {
        MadeKey { index: state, ..self.step_key(state.saturating_sub(1)) }
    }

    /// A finished step, if it is kept at full size.
    #[must_use]
    pub fn whole_step(&self, step: usize) -> Option<&Arc<Snapshot>> {
        self.kept.steps().get(step)?.whole()
    }

    /// The state after the last finished step.
    #[must_use]
    pub const fn state(&self) -> &Arc<Array4<f32>> {
        self.kept.state()
    }

    /// Number of steps of the preview for this moment, if there is one.
    #[must_use]
    pub fn coarse_steps(&self, at: Moment) -> Option<usize> {
        self.coarse_step(at)?;
        self.coarse.as_ref().map(|coarse| coarse.pass.snapshots.len())
    }

    /// The preview's step at a moment: at the end the last one.
    fn coarse_step(&self, at: Moment) -> Option<&Snapshot> {
        let snapshots = &self.coarse.as_ref()?.pass.snapshots;
        let at_the_end = at.state >= self.steps();
        let found = snapshots.iter().rfind(|snapshot| at_the_end || snapshot.step <= at.step)?;
        Some(&**found).filter(|snapshot| snapshot.x0.shape() == self.started.shape)
    }

    /// The values of a picture; `None` if the step is not finished or has no change yet.
    #[must_use]
    pub fn values(&self, at: Moment, picture: Picture, sample: usize) -> Option<ShownValues<'_>> {
        match picture {
            Picture::State => self.kept.x_t(at.state, sample),
            Picture::Expectation => self.kept.x0(at.step, sample),
            Picture::Coarse => one_sample(&self.coarse_step(at)?.x0, sample),
            Picture::Part(name) => one_sample(self.part(at.step, name)?, sample),
            Picture::ClassDifference(class) => {
                let of = |name| one_sample(self.part(at.step, name)?, sample);
                Some(of(PartName::Class(class))?.less(&of(PartName::Unconditional)?))
            }
            Picture::Change => {
                let before = self.kept.x0(at.step.checked_sub(1)?, sample)?;
                Some(self.kept.x0(at.step, sample)?.less(&before))
            }
        }
    }

    /// A part of a step's estimate, `[B, C, H, W]`; `None` if the step has none of that name, or is not kept at full size.
    fn part(&self, step: usize, name: PartName) -> Option<&Array4<f32>> {
        self.whole_step(step)?.parts.iter().find(|part| part.name == name).map(|part| &part.x0)
    }

    /// The parts of its steps so far.
    #[must_use]
    pub const fn parts(&self) -> &PartsFound {
        &self.parts
    }

    /// The division of the images into levels; `None` if they are too small for one.
    #[must_use]
    pub fn plan(&self, factor: usize, levels: Option<usize>) -> Option<BandPlan> {
        let [_, _, height, width] = self.started.shape;
        plan_of(factor, levels, height, width)
    }

    /// Memory of the finished steps, bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.kept.bytes()
    }

    /// A picture in colours, as it is shown; with `longest`, reduced until no side exceeds it.
    #[must_use]
    pub fn paint(
        &self,
        seen: Seen,
        of: (Moment, Picture, usize),
        range: (f32, f32),
        longest: Option<u32>,
        ground: Ground,
    ) -> Option<RgbImage> {
        let shown = self.seen_values(seen, of)?;
        let values = ArrayView3::from_shape(shown.shape, &shown.values).ok()?;
        Some(painted(seen.laid_out(values).view(), of.1, range, longest, ground))
    }
}
