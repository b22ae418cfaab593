//! The run on screen, as the window sees it. No GUI.

mod small;

pub use super::picture::Picture;
pub use small::SmallImages;

use super::painted::{own_range, painted};
use crate::denoiser::PartName;
use crate::figure::{Ground, TimeAxis};
use crate::runtime::{RunEnd, RunId, RunStarted};
use crate::schedule::ModelSchedule;
use crate::session::document::ValueRange;
use crate::session::levels::{Isolation, plan_of};
use crate::session::parts::PartsFound;
use crate::session::prepare::ModelInfo;
use crate::session::{CoarsePass, FarOut, KeptTrajectory, Shown, Snapshot, one_sample, run_in_words, tone};
use crate::spectrum::{BandPlan, white_noise_variance};
use crate::theory::{Chromatogram, NoiseLevel, default_levels};
use image::RgbImage;
use ndarray::{Array4, ArrayView3, ArrayView4};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

/// Bytes of finished steps that are kept in full; beyond it the oldest become thumbnails.
pub const BUDGET: usize = 1 << 30;
/// Most values that a display range is estimated from.
const RANGE_VALUES: usize = 1 << 16;
/// Most values of an image of which energies are computed within a frame.
const AT_ONCE: usize = 3 * 64 * 64;
/// Least range of differences, so that none is nothing.
const LEAST: f32 = f32::MIN_POSITIVE;
/// Factor between neighbouring levels.
pub const FACTOR: usize = 2;

/// A run's finished steps, growing while it goes.
pub struct RunView {
    /// Which run.
    pub id: RunId,
    /// What it began with.
    pub started: Box<RunStarted>,
    /// The model's own schedule.
    pub model: ModelSchedule,
    /// What is known of the model, where that is at hand.
    pub info: Option<Arc<ModelInfo>>,
    /// The axis that all tracks share.
    pub axis: TimeAxis,
    /// Scale-invariant theory on this size of image; `None` where it is too small for a level.
    pub theory: Option<Chromatogram>,
    /// How it ended, once it has.
    pub end: Option<RunEnd>,
    /// What is known of a live run that will take the place of this one.
    pub coarse: Option<Coarse>,
    kept: KeptTrajectory,
    /// One a finished step.
    made: Vec<Made>,
    /// The first steps of the run before, which this one may take over.
    before: Vec<Made>,
    /// Band energies of `E[x_0|x_t]`; `None` of an image that has none.
    energies: RefCell<HashMap<EnergyKey, Option<Vec<f64>>>>,
    /// Those of large images that were asked for last and are not there yet.
    wanted: RefCell<Vec<EnergyKey>>,
    /// The shares that were recovered when they were last known, by how images are cut and sample.
    recovered: RefCell<Option<((BandPlan, usize), Vec<f64>)>>,
    /// The most that `√a_m` gains in a step, in theory, of every band.
    fastest: RefCell<HashMap<BandPlan, Vec<f64>>>,
    /// The parts that its steps had.
    parts: PartsFound,
    /// Which of its results lie far outside what the model's images can be.
    far_out: Option<FarOut>,
    /// For display.
    ranges: Ranges,
}

/// How an image is cut, of which step and of which sample it is.
pub type EnergyKey = (BandPlan, usize, usize);

/// Where a step comes from. A live run takes over steps, and what was made of them serves on.
#[derive(Clone)]
struct Made {
    snapshot: Weak<Snapshot>,
    /// The run that made it.
    by: RunId,
    /// Ranges of the run up to this step, for display.
    ranges: Ranges,
}

/// Values that are shown black and white, as far from zero as these.
#[derive(Clone, Copy)]
struct Ranges {
    image: f32,
    change: f32,
    /// Of a class's estimate less that without one.
    guidance: f32,
    /// Of what a cascade's stages add to the coarsest.
    detail: f32,
}

impl Ranges {
    /// How far from zero black and white are, or full colour, of a picture at a noise level.
    fn of(&self, picture: Picture, level: NoiseLevel) -> f32 {
        match picture {
            Picture::ClassDifference(_) => self.guidance,
            Picture::Part(_) if picture.is_difference() => self.detail,
            Picture::Change => self.change,
            Picture::State => {
                level.sqrt_alpha_bar() as f32 * self.image + 2.2 * level.sqrt_one_minus_alpha_bar() as f32
            }
            Picture::Expectation | Picture::Coarse | Picture::Part(_) => self.image,
        }
    }
}

/// A live run at a glance.
pub struct Coarse {
    /// Which run.
    pub run: RunId,
    /// Few long steps.
    pub pass: CoarsePass,
}

/// The place in a run that the stage shows: after so many steps, with the step whose estimate is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Which state: 0 is the initial noise.
    pub state: usize,
    /// Which finished step.
    pub step: usize,
}

/// A picture of a run, by which what is made of it is kept. Steps that were taken over keep their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PictureKey {
    run: RunId,
    /// Of the state or of the step, as the picture has it.
    index: usize,
    picture: Picture,
    sample: usize,
}

/// A step of a run, or the state before it, by the run that made it: those that were taken over keep their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MadeKey {
    run: RunId,
    index: usize,
}

impl Moment {
    /// A step with the state that it left.
    #[must_use]
    pub const fn of_step(step: usize) -> Self {
        Self { state: step, step }
    }
}

impl RunView {
    /// A run that has made no step yet, to be kept within [`BUDGET`].
    #[must_use]
    pub fn new(id: RunId, started: Box<RunStarted>, model: ModelSchedule) -> Self {
        let evaluations = started.settings.sampler.evaluations(&started.levels);
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
            ranges: Ranges { image: 1.0, change: LEAST, guidance: LEAST, detail: LEAST },
        }
    }

    /// The same of a model of which this is known.
    #[must_use]
    pub fn of_model(mut self, info: Arc<ModelInfo>) -> Self {
        self.info = Some(info);
        self
    }

    /// The same, which takes steps over from the run before.
    #[must_use]
    pub fn after(mut self, before: &Self) -> Self {
        self.before = before.made.iter().take(self.started.taken_over).cloned().collect();
        self
    }

    /// Takes a finished step.
    pub fn push(&mut self, snapshot: Arc<Snapshot>, state: Arc<Array4<f32>>) {
        let same = |made: &&Made| std::ptr::eq(made.snapshot.as_ptr(), Arc::as_ptr(&snapshot));
        if let Some(made) = self.before.get(self.done()).filter(same) {
            self.ranges = made.ranges;
            self.made.push(made.clone());
        } else {
            self.widen_ranges(&snapshot);
            self.made.push(Made { snapshot: Arc::downgrade(&snapshot), by: self.id, ranges: self.ranges });
        }
        self.parts.add(snapshot.parts.iter().map(|part| part.name));
        if self.done() + 1 == self.steps() {
            self.far_out = FarOut::of(&state, &self.started.levels, &self.started.resolved);
        }
        self.kept.push(snapshot, state);
    }

    /// Its results that lie far outside what the model's images can be, once there are results.
    #[must_use]
    pub const fn far_out(&self) -> Option<&FarOut> {
        self.far_out.as_ref()
    }

    fn widen_ranges(&mut self, snapshot: &Snapshot) {
        let stride = snapshot.x0.len().div_ceil(RANGE_VALUES).max(1);
        if let Some(last) = self.kept.steps().last().and_then(|last| last.whole()) {
            let change = snapshot.x0.iter().zip(&last.x0).step_by(stride).map(|(now, before)| now - before);
            self.ranges.change = self.ranges.change.max(stepped(tone::robust_maximum(change)));
        }
        let none = snapshot.parts.iter().find(|part| part.name == PartName::Unconditional);
        for part in &snapshot.parts {
            match (part.name, none) {
                (PartName::Class(_), Some(none)) => {
                    let apart = part.x0.iter().zip(&none.x0).step_by(stride).map(|(class, none)| class - none);
                    self.ranges.guidance = self.ranges.guidance.max(stepped(tone::robust_maximum(apart)));
                }
                (PartName::Stage(1..), _) => {
                    let detail = part.x0.iter().copied().step_by(stride);
                    self.ranges.detail = self.ranges.detail.max(stepped(tone::robust_maximum(detail)));
                }
                _ => {}
            }
        }
        // That of the newest step: what overshoots for a while on the way does not make all of the run grey.
        self.ranges.image = stepped(tone::image_range(snapshot.x0.iter().copied().step_by(stride)));
    }

    /// What it is called: "emoji-unet · ddim, trailing, 32 steps".
    #[must_use]
    pub fn in_words(&self) -> String {
        run_in_words(&self.started.settings, &self.started.resolved, self.steps())
    }

    /// Steps of the whole run.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.started.levels.len() - 1
    }

    /// Finished steps.
    #[must_use]
    pub fn done(&self) -> usize {
        self.kept.steps().len()
    }

    /// How many of them are kept as thumbnails only.
    #[must_use]
    pub fn small_steps(&self) -> usize {
        self.kept.small_steps()
    }

    /// Samples in the batch.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.started.shape[0]
    }

    /// The noise level of a state; the one past the last step is where the run ends.
    #[must_use]
    pub fn level(&self, state: usize) -> NoiseLevel {
        self.started.levels[state.min(self.steps())]
    }

    /// The finished step that shows what a step of another run does: of the same noise level, or of the nearest.
    #[must_use]
    pub fn step_like(&self, other: &Self, step: usize) -> usize {
        let same = self.started.levels == other.started.levels;
        #[allow(clippy::cast_sign_loss)] // steps on the axis are not negative
        let there = if same { step } else { self.axis.step_of_level(other.level(step)).round() as usize };
        there.min(self.done().saturating_sub(1))
    }

    /// What a picture is kept by.
    #[must_use]
    pub fn key(&self, at: Moment, picture: Picture, sample: usize) -> PictureKey {
        let coarse = self.coarse.as_ref().zip(self.coarse_step(at)).filter(|_| picture == Picture::Coarse);
        let MadeKey { run, index } = match (coarse, picture) {
            (Some((coarse, snapshot)), _) => MadeKey { run: coarse.run, index: snapshot.step },
            (None, Picture::State) => self.state_key(at.state),
            (None, _) => self.step_key(at.step),
        };
        PictureKey { run, index, picture, sample }
    }

    /// What is made of a step is kept by this.
    #[must_use]
    pub fn step_key(&self, step: usize) -> MadeKey {
        MadeKey { run: self.made.get(step).map_or(self.id, |made| made.by), index: step }
    }

    /// What is made of a state is kept by this: the step before reached it; all have the initial state.
    #[must_use]
    pub fn state_key(&self, state: usize) -> MadeKey {
        MadeKey { index: state, ..self.step_key(state.saturating_sub(1)) }
    }

    /// A finished step, where everything is kept of it.
    #[must_use]
    pub fn whole_step(&self, step: usize) -> Option<&Arc<Snapshot>> {
        self.kept.steps().get(step)?.whole()
    }

    /// The state after the last finished step.
    #[must_use]
    pub const fn state(&self) -> &Arc<Array4<f32>> {
        self.kept.state()
    }

    /// How many steps the coarse pass has that speaks of this moment, where there is one.
    #[must_use]
    pub fn coarse_steps(&self, at: Moment) -> Option<usize> {
        self.coarse_step(at)?;
        self.coarse.as_ref().map(|coarse| coarse.pass.snapshots.len())
    }

    /// The step of the coarse pass under a moment: at the end the last one.
    fn coarse_step(&self, at: Moment) -> Option<&Snapshot> {
        let snapshots = &self.coarse.as_ref()?.pass.snapshots;
        let at_the_end = at.state >= self.steps();
        let found = snapshots.iter().rfind(|snapshot| at_the_end || snapshot.step <= at.step)?;
        Some(&**found).filter(|snapshot| snapshot.x0.shape() == self.started.shape)
    }

    /// The values of one picture; `None` where the step is not finished or has no change yet.
    #[must_use]
    pub fn values(&self, at: Moment, picture: Picture, sample: usize) -> Option<Shown<'_>> {
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

    /// A part of a step's estimate, `[B, C, H, W]`; `None` where the step has none of that name, or is not kept whole.
    fn part(&self, step: usize, name: PartName) -> Option<&Array4<f32>> {
        self.whole_step(step)?.parts.iter().find(|part| part.name == name).map(|part| &part.x0)
    }

    /// The parts that its steps had so far.
    #[must_use]
    pub const fn parts(&self) -> &PartsFound {
        &self.parts
    }

    /// How the images are cut into levels; `None` where they are too small for one.
    #[must_use]
    pub fn plan(&self, factor: usize, levels: Option<usize>) -> Option<BandPlan> {
        let [_, _, height, width] = self.started.shape;
        plan_of(factor, levels, height, width)
    }

    /// `mean‖B_m x̂‖²` of one sample's `E[x_0|x_t]`, finest first, the rest last. Of a small image they are computed when
    /// first asked for, and kept; of a large one [beside the window](super::energies::Energies), and until then there are
    /// none. `None` also where only a thumbnail of the step is left.
    #[must_use]
    pub fn energies(&self, plan: &BandPlan, step: usize, sample: usize) -> Option<Vec<f64>> {
        let key = (*plan, step, sample);
        if let Some(kept) = self.energies.borrow().get(&key) {
            return kept.clone();
        }
        let shown = self.kept.x0(step, sample).filter(|shown| shown.exact)?;
        if shown.values.len() > AT_ONCE {
            self.wanted.borrow_mut().push(key);
            return None;
        }
        let [channels, height, width] = shown.shape;
        let image = ArrayView4::from_shape((1, channels, height, width), &shown.values).ok()?;
        let energies = plan.mean_energies(image).ok();
        self.energies.borrow_mut().insert(key, energies.clone());
        energies
    }

    /// The energies that were asked for last of all that are wanted, with the step that they are of.
    pub fn wanted_energies(&self) -> Option<(EnergyKey, Arc<Snapshot>)> {
        let mut wanted = self.wanted.take();
        wanted.retain(|key| !self.energies.borrow().contains_key(key));
        let key = wanted.pop()?;
        Some((key, Arc::clone(self.whole_step(key.1)?)))
    }

    /// Takes energies that were wanted.
    pub fn take_energies(&self, key: EnergyKey, energies: Option<Vec<f64>>) {
        self.energies.borrow_mut().insert(key, energies);
    }

    /// The energies of the newest step that are known of a sample.
    fn newest_energies(&self, plan: &BandPlan, sample: usize) -> Vec<f64> {
        let newest = self.done().checked_sub(1).and_then(|last| self.energies(plan, last, sample));
        newest.unwrap_or_else(|| {
            let kept = self.energies.borrow();
            let of_sample = kept.iter().filter(|((cut, _, of), found)| cut == plan && *of == sample && found.is_some());
            of_sample.max_by_key(|((_, step, _), _)| *step).and_then(|(_, found)| found.clone()).unwrap_or_default()
        })
    }

    /// `e_m(i)/e_m(last)` of one sample's `E[x_0|x_t]`, finest first, the rest last, once the run has come to its end. While
    /// they are being computed, those of the step before. `None` where only a thumbnail of the step is left.
    #[must_use]
    pub fn recovered(&self, plan: &BandPlan, step: usize, sample: usize) -> Option<Vec<f64>> {
        if self.end != Some(RunEnd::Complete) {
            return None;
        }
        self.whole_step(step)?;
        let last = self.energies(plan, self.done().checked_sub(1)?, sample);
        // What is asked for last is computed first.
        let Some((here, last)) = self.energies(plan, step, sample).zip(last) else {
            let before = self.recovered.borrow();
            return before.as_ref().filter(|(of, _)| *of == (*plan, sample)).map(|(_, shares)| shares.clone());
        };
        let shares: Vec<f64> = here.iter().zip(&last).map(|(here, last)| here / last.max(f64::MIN_POSITIVE)).collect();
        *self.recovered.borrow_mut() = Some(((*plan, sample), shares.clone()));
        Some(shares)
    }

    /// `a_m` of scale-invariant theory at a state, finest first, the rest last.
    #[must_use]
    pub fn recovered_in_theory(&self, plan: &BandPlan, state: usize) -> Vec<f64> {
        // What is left of the image has the place of one level more.
        let Ok(theory) = Chromatogram::scale_invariant(plan.factor(), plan.levels() + 1) else { return Vec::new() };
        let mut shares = vec![0.0; theory.levels()];
        theory.recovered(self.level(state), &mut shares);
        shares
    }

    /// Memory that the finished steps take, bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.kept.bytes()
    }

    /// The values that are shown black and white, or for the change in full colour.
    #[must_use]
    pub fn range(&self, at: Moment, picture: Picture, sample: usize, choice: ValueRange) -> (f32, f32) {
        match (picture, choice) {
            (picture, ValueRange::Auto) if picture.is_difference() => {
                let largest = self.values(at, picture, sample).map(|shown| most(&shown.values));
                let largest = largest.unwrap_or_else(|| self.ranges.of(picture, self.level(at.state)));
                (-largest, largest)
            }
            (_, ValueRange::Fixed { low, high }) if !picture.is_difference() => (low, high),
            (_, ValueRange::Auto) => self.values(at, picture, sample).map_or((-1.0, 1.0), |shown| {
                let values = ArrayView3::from_shape(shown.shape, &shown.values);
                values.map_or((-1.0, 1.0), |values| own_range(values, true))
            }),
            (_, ValueRange::Fixed { .. } | ValueRange::Image) => {
                let most = self.ranges.of(picture, self.level(at.state));
                (-most, most)
            }
        }
    }

    /// The same for some levels alone: a scale that the whole run has in common, by what these levels have in the newest
    /// step, so that they are seen to come. `None` where every picture is to have its own.
    #[must_use]
    pub fn isolated_range(
        &self,
        (at, picture, sample): (Moment, Picture, usize),
        choice: ValueRange,
        alone: &Isolation,
    ) -> Option<(f32, f32)> {
        match choice {
            // What these have in a level is in no proportion to what the image has in it.
            _ if picture.is_difference() && picture != Picture::Change => return None,
            ValueRange::Auto => return None,
            ValueRange::Fixed { low, high } if picture != Picture::Change => return Some((low, high)),
            _ => {}
        }
        if alone.has_rest() {
            return Some(self.range(at, picture, sample, choice));
        }
        let plan = alone.plan();
        let energies = self.newest_energies(plan, sample);
        // Three standard deviations; the least is what eight bits show of the range of images.
        let image = 3.0 * alone.energy(&energies).sqrt().max(f64::from(self.ranges.image) / 255.0);
        let most = match picture {
            Picture::Expectation | Picture::Coarse | Picture::Part(_) | Picture::ClassDifference(_) => image,
            Picture::State => {
                let level = self.level(at.state);
                let noise = alone.indices().map(|m| white_noise_variance(plan.factor(), m, plan.levels()));
                let noise = noise.sum::<f64>().sqrt();
                level.sqrt_alpha_bar() * image + 2.2 * level.sqrt_one_minus_alpha_bar() * noise
            }
            Picture::Change => {
                let gained = |m: usize| self.most_gained(plan).get(m).map_or(0.0, |gain| gain * gain);
                let terms = alone.indices().map(|m| gained(m) * energies.get(m).copied().unwrap_or(0.0));
                3.0 * terms.sum::<f64>().sqrt().max(f64::from(self.ranges.image) / 2550.0)
            }
        };
        let most = stepped(most as f32);
        Some((-most, most))
    }

    /// The most that `√a_m` gains in one step of the run, in theory.
    fn most_gained(&self, plan: &BandPlan) -> Vec<f64> {
        if let Some(kept) = self.fastest.borrow().get(plan) {
            return kept.clone();
        }
        let mut most = vec![0.0_f64; plan.levels() + 1];
        let mut before = self.recovered_in_theory(plan, 0);
        for state in 1..=self.steps() {
            let here = self.recovered_in_theory(plan, state);
            for ((most, here), before) in most.iter_mut().zip(&here).zip(&before) {
                *most = most.max(here.sqrt() - before.sqrt());
            }
            before = here;
        }
        self.fastest.borrow_mut().insert(*plan, most.clone());
        most
    }

    /// A picture in colours; where `longest` is given, made smaller until no side exceeds it.
    #[must_use]
    pub fn paint(
        &self,
        at: Moment,
        picture: Picture,
        sample: usize,
        range: (f32, f32),
        longest: Option<u32>,
        ground: Ground,
    ) -> Option<RgbImage> {
        let shown = self.values(at, picture, sample)?;
        let values = ArrayView3::from_shape(shown.shape, &shown.values).ok()?;
        Some(painted(values, picture, range, longest, ground))
    }

    /// The share of a picture's values that lie beyond a range, in [0, 1].
    #[must_use]
    pub fn beyond(&self, at: Moment, picture: Picture, sample: usize, (low, high): (f32, f32)) -> f32 {
        self.values(at, picture, sample).map_or(0.0, |shown| {
            let beyond = shown.values.iter().filter(|value| **value < low || **value > high).count();
            beyond as f32 / shown.values.len().max(1) as f32
        })
    }
}

fn most(values: &[f32]) -> f32 {
    values.iter().fold(f32::MIN_POSITIVE, |most, value| most.max(value.abs()))
}

/// The next of eight steps an octave, so that a range which grows a little leaves the colours as they are.
fn stepped(range: f32) -> f32 {
    (0.125 * (8.0 * range.log2()).ceil()).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{App, Launch};
    use crate::runtime::{Activity, Event, RunNews};
    use crate::session::RunSettings;
    use crate::session::action::Action;
    use crate::session::settings::{ModelSource, ProviderChoice};
    use std::time::{Duration, Instant};

    /// A run of so many steps as it begins.
    fn begun(steps: usize) -> RunView {
        let source = ModelSource::Model("gaussian-64".into());
        let run = RunSettings { steps, provider: ProviderChoice::Rust, ..RunSettings::new(source) };
        let launch = Launch { first: vec![Action::SetRun(Box::new(run))], ..Launch::default() };
        let app = App::new(&egui::Context::default(), launch, false).unwrap();
        let (began, mut started) = (Instant::now(), None);
        while started.is_none() || app.activity() != Activity::Idle {
            match app.runtime.next_event() {
                Some(Event::Run { id, news: RunNews::Started(run) }) => started = Some((id, run)),
                Some(_) => {}
                None => std::thread::sleep(Duration::from_millis(1)),
            }
            assert!(began.elapsed() < Duration::from_mins(1));
        }
        let (id, started) = started.unwrap();
        let model = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
        RunView::new(id, started, model)
    }

    fn push(run: &mut RunView, value: impl Fn(usize) -> f32) {
        let shape = run.started.shape;
        let values = (0..shape.iter().product()).map(value).collect();
        let x0 = Array4::from_shape_vec(shape, values).unwrap();
        let (step, level) = (run.done(), run.level(run.done()));
        let (x_t, eps) = (x0.clone(), x0.clone());
        let snapshot = Snapshot { step, level, timestep: 0.0, x_t, x0, eps, parts: Vec::new(), seconds: 0.0 };
        let state = Arc::clone(run.state());
        run.push(Arc::new(snapshot), state);
    }

    #[test]
    fn what_overshoots_on_the_way_does_not_make_the_images_grey() {
        let mut run = begun(4);
        let range = |run: &RunView, step| run.range(Moment::of_step(step), Picture::Expectation, 0, ValueRange::Image);
        let image = |index: usize| (index % 21) as f32 / 10.0 - 1.0;
        push(&mut run, image);
        // Half of the values go far beyond for a step, and one in a hundred of the last.
        push(&mut run, |index| if index % 2 == 0 { 6.0 } else { image(index) });
        assert!(range(&run, 1).1 >= 6.0, "as long as it is the newest that is known");
        push(&mut run, image);
        push(&mut run, |index| if index % 100 == 0 { 3.0 } else { image(index) });
        for step in 0..4 {
            assert_eq!(range(&run, step), (-1.0, 1.0), "step {step}");
        }
        let beyond = |step| run.beyond(Moment::of_step(step), Picture::Expectation, 0, (-1.0, 1.0));
        assert!((beyond(1) - 0.5).abs() < 1e-3 && (beyond(3) - 0.01).abs() < 1e-3, "{} {}", beyond(1), beyond(3));
        assert_eq!(beyond(0), 0.0);
    }

    #[test]
    fn runs_beside_each_other_are_seen_at_the_same_noise_level() {
        let (mut coarse, mut fine) = (begun(6), begun(12));
        for run in [&mut coarse, &mut fine] {
            (0..run.steps()).for_each(|_| push(run, |_| 0.5));
        }
        for step in 0..6 {
            let (here, there) = (coarse.level(step), fine.level(2 * step));
            assert!((here.log_snr() - there.log_snr()).abs() < 1e-9, "trailing steps of 12 are those of 6 and more");
            assert_eq!((fine.step_like(&coarse, step), coarse.step_like(&fine, 2 * step)), (2 * step, step));
            assert_eq!(coarse.step_like(&coarse, step), step);
        }
        // Of a run by other levels it is not the same part of the steps.
        let mut karras = begun(6);
        karras.started.levels = [9.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.0].map(NoiseLevel::from_sigma).to_vec();
        let mut karras = RunView::new(karras.id, karras.started, karras.model);
        (0..6).for_each(|_| push(&mut karras, |_| 0.5));
        for step in 0..12 {
            let found = fine.level(step).log_snr() - karras.level(karras.step_like(&fine, step)).log_snr();
            let others = (0..6).map(|other| (fine.level(step).log_snr() - karras.level(other).log_snr()).abs());
            let nearest = others.fold(f64::INFINITY, f64::min);
            assert!(found.abs() <= 2.0 * nearest + 0.1, "step {step}: {found} where {nearest} is nearest");
        }
    }

    #[test]
    fn a_model_of_another_range_is_shown_over_its_own() {
        let mut run = begun(1);
        push(&mut run, |index| (index % 101) as f32 / 12.5 - 4.0);
        let (low, high) = run.range(Moment::of_step(0), Picture::Expectation, 0, ValueRange::Image);
        assert!(low == -high && (3.9..4.5).contains(&high), "{high}");
    }

    #[test]
    fn energies_of_large_images_come_from_beside_and_the_old_stay_until_then() {
        let mut started = begun(3).started;
        started.shape = [1, 3, 128, 128];
        started.state = Arc::new(Array4::zeros((1, 3, 128, 128)));
        let model = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
        let id = begun(1).id;
        let mut run = RunView::new(id, started, model);
        for step in 0..3 {
            push(&mut run, |index| (step + index % 7) as f32);
        }
        run.end = Some(RunEnd::Complete);
        let plan = run.plan(2, None).unwrap();
        assert_eq!(run.recovered(&plan, 0, 0), None, "nothing is computed in a frame");
        let (send, woken) = std::sync::mpsc::channel();
        let mut energies = super::super::energies::Energies::new(Arc::new(move || send.send(()).unwrap()));
        let mut come = |run: &RunView, step| {
            for _ in 0..2 {
                let _ = run.recovered(&plan, step, 0);
                energies.update(run);
                woken.recv_timeout(Duration::from_mins(1)).unwrap();
            }
            let _ = run.recovered(&plan, step, 0);
            energies.update(run);
        };
        come(&run, 0);
        let first = run.recovered(&plan, 0, 0).unwrap();
        let expected = |step: usize| {
            let image = run.whole_step(step).unwrap().x0.clone();
            plan.mean_energies(image.view()).unwrap()
        };
        let shares = |step| expected(step).iter().zip(&expected(2)).map(|(here, last)| here / last).collect::<Vec<_>>();
        assert_eq!(first, shares(0));
        assert_eq!(run.recovered(&plan, 1, 0), Some(first), "the old until the new is there");
        energies.update(&run);
        woken.recv_timeout(Duration::from_mins(1)).unwrap();
        energies.update(&run);
        assert_eq!(run.recovered(&plan, 1, 0), Some(shares(1)));
    }
}
