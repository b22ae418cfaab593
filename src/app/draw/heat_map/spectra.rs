//! The spectra of a run's steps, computed in the background during the run.

use crate::app::run_view::{MadeKey, RunView};
use crate::figure::TimeAxis;
use crate::figure::heat_map::{Placement, PowerGrid, Rows};
use crate::runtime::{QuestionSlot, RunId, Wake, Weigh};
use crate::session::Snapshot;
use crate::session::heat_map::SpectrumQuantity;
use crate::spectrum::{Rapsd, SpectrumError};
use ndarray::{Array2, Array4, ArrayView2, ArrayView3, Axis, Zip};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Most columns per job, and about how many values, before the map is redrawn.
const BATCH: (usize, usize) = (64, 1 << 21);
/// Most columns that are kept; 1000 steps of all quantities are fewer.
const KEPT: usize = 8192;

/// Which spectra to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Asked {
    /// The quantity.
    pub quantity: SpectrumQuantity,
    /// The channel; `None`, or one the run does not have, is the mean.
    pub channel: Option<usize>,
    /// The sample of the batch.
    pub sample: usize,
}

/// Spectra with the axis of their run.
#[derive(Clone)]
pub struct RunSpectra {
    /// The spectra, with gaps for missing ones.
    pub grid: Arc<PowerGrid>,
    /// The run's own axis.
    pub axis: Arc<TimeAxis>,
    /// Their source, shown if it is not obvious.
    pub whose: String,
}

/// A column of a quantity, by its step; steps that a live run reuses keep their keys.
type ColumnKey = (SpectrumQuantity, MadeKey, usize);

/// The result of a job.
struct SpectraBatch(Vec<(ColumnKey, Arc<Column>)>);

impl Weigh for SpectraBatch {
    fn bytes(&self) -> usize {
        let of = |column: &Column| size_of::<f64>() * column.mean.len() * (1 + column.channels.len());
        self.0.iter().map(|(_, column)| of(column)).sum()
    }
}

/// Densities of a column.
struct Column {
    frequency: Arc<[f64]>,
    mean: Arc<[f64]>,
    channels: Vec<Arc<[f64]>>,
}

/// The tools for spectra of images with this height and width.
type SpectrumTools = Option<((usize, usize), Rapsd)>;

/// The inputs of a column.
enum ColumnInputs {
    State(Arc<Array4<f32>>),
    Before(Arc<Snapshot>),
    Expectation(Arc<Snapshot>),
    Noise(Arc<Snapshot>),
    Change(Arc<Snapshot>, Arc<Snapshot>),
}

/// Radially averaged spectra by step.
#[derive(Default)]
pub struct StepSpectra {
    /// The number of jobs. A failed one is not tried again before the next request.
    slot: QuestionSlot<((RunId, Asked), u64), SpectraBatch>,
    batches: u64,
    /// Plans and rings for the last size.
    plans: Arc<Mutex<SpectrumTools>>,
    columns: HashMap<ColumnKey, Arc<Column>>,
    shown: Option<(ShownGrid, RunSpectra)>,
}

/// The inputs of a grid.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ShownGrid {
    run: RunId,
    asked: Asked,
    done: usize,
    whole_from: usize,
    /// Columns that are ready, out of all.
    there: usize,
    possible: usize,
}

impl StepSpectra {
    /// `wake` is called when there are new spectra.
    #[must_use]
    pub fn new(wake: Wake) -> Self {
        Self { slot: QuestionSlot::start("chromascope-heat", 0, wake), ..Self::default() }
    }

    /// The spectra of a run so far. The previous ones stay until there are new ones.
    pub fn get(&mut self, run: Option<&RunView>, asked: Asked) -> Option<RunSpectra> {
        if let Some(batch) = self.slot.take() {
            self.columns.extend(batch.0.iter().map(|(key, column)| (*key, Arc::clone(column))));
        }
        let Some(run) = run else { return self.shown.as_ref().map(|(_, spectra)| spectra.clone()) };
        let mut shown =
            ShownGrid { run: run.id, asked, done: run.done(), whole_from: run.small_steps(), there: 0, possible: 0 };
        let is_whole = |(kept, _): &&(ShownGrid, RunSpectra)| {
            kept.there == kept.possible && ShownGrid { there: 0, possible: 0, ..*kept } == shown
        };
        if let Some((_, spectra)) = self.shown.as_ref().filter(is_whole) {
            return Some(spectra.clone());
        }
        let wanted: Vec<ColumnKey> = keys(run, asked);
        let mut missing = Vec::new();
        let mut found: Vec<Option<Arc<Column>>> = Vec::with_capacity(wanted.len());
        for (index, key) in wanted.iter().enumerate() {
            let column = self.columns.get(key).cloned();
            let question = if column.is_none() { question(run, asked.quantity, index) } else { None };
            shown.there += usize::from(column.is_some());
            shown.possible += usize::from(column.is_some() || question.is_some());
            missing.extend(question.map(|question| (*key, question)));
            found.push(column);
        }
        self.ask((run.id, asked), missing);
        // A run in progress fills its map step by step; one that the user is still changing, or a new request for a run
        // that is over, is shown when complete.
        let going = run.end.is_none();
        let grows = self.shown.as_ref().is_none_or(|(kept, _)| {
            let same = kept.run == run.id && kept.asked == asked;
            same || (going && !run.started.live && shown.there > 0)
        });
        let ready = shown.there == shown.possible && (shown.there > 0 || !going);
        if grows || ready {
            let unchanged = self.shown.as_ref().is_some_and(|(kept, _)| *kept == shown);
            if !unchanged {
                self.shown = Some((shown, spectra(run, asked, &found)));
            }
        }
        self.tidy(&wanted);
        self.shown.as_ref().map(|(_, spectra)| spectra.clone())
    }

    /// Whether something is being computed.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        self.slot.is_waiting()
    }

    /// Why the spectra could not be computed.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.slot.failure()
    }

    /// Requests as many of the missing columns as can be done soon.
    fn ask(&mut self, of: (RunId, Asked), missing: Vec<(ColumnKey, ColumnInputs)>) {
        if self.slot.is_waiting() || self.slot.failed().is_some_and(|(failed, _)| *failed == of) {
            return;
        }
        self.slot.forget_failure();
        if missing.is_empty() {
            return;
        }
        let sample = of.1.sample;
        let values = missing[0].1.values().max(1);
        let count = (BATCH.1 / values).clamp(1, BATCH.0);
        let plans = Arc::clone(&self.plans);
        self.batches += 1;
        self.slot.ask((of, self.batches), move || {
            Some(Box::new(move || {
                let mut plans = plans.lock().unwrap_or_else(PoisonError::into_inner);
                let columns = missing.into_iter().take(count);
                SpectraBatch(columns.map(|(key, of)| (key, Arc::new(of.column(sample, &mut plans)))).collect())
            }))
        });
    }

    /// Drops spectra that are not on screen once there are many.
    fn tidy(&mut self, wanted: &[ColumnKey]) {
        if self.columns.len() > KEPT.max(2 * wanted.len()) {
            let kept = wanted.iter().filter_map(|key| self.columns.remove_entry(key)).collect();
            self.columns = kept;
        }
    }
}

/// The columns of a whole run: for states one more than steps, for changes one fewer.
fn keys(run: &RunView, asked: Asked) -> Vec<ColumnKey> {
    let key = |at: MadeKey| (asked.quantity, at, asked.sample);
    match asked.quantity {
        SpectrumQuantity::State => (0..=run.steps()).map(|state| key(run.state_key(state))).collect(),
        SpectrumQuantity::Change => (1..run.steps()).map(|step| key(run.step_key(step))).collect(),
        SpectrumQuantity::Expectation | SpectrumQuantity::Noise => {
            (0..run.steps()).map(|step| key(run.step_key(step))).collect()
        }
    }
}

/// The inputs of a column by its index; `None` if its step is not finished or not kept.
fn question(run: &RunView, quantity: SpectrumQuantity, index: usize) -> Option<ColumnInputs> {
    let step = |step: usize| run.whole_step(step).cloned();
    Some(match quantity {
        SpectrumQuantity::State if index == run.done() => ColumnInputs::State(Arc::clone(run.state())),
        SpectrumQuantity::State => ColumnInputs::Before(step(index)?),
        SpectrumQuantity::Expectation => ColumnInputs::Expectation(step(index)?),
        SpectrumQuantity::Noise => ColumnInputs::Noise(step(index)?),
        SpectrumQuantity::Change => ColumnInputs::Change(step(index)?, step(index + 1)?),
    })
}

fn spectra(run: &RunView, asked: Asked, found: &[Option<Arc<Column>>]) -> RunSpectra {
    let frequency = found
        .iter()
        .flatten()
        .map(|column| column.frequency.to_vec())
        .find(|rings| !rings.is_empty())
        .unwrap_or_default();
    let of = |column: &Arc<Column>| {
        let channel = asked.channel.and_then(|channel| column.channels.get(channel));
        Arc::clone(channel.unwrap_or(&column.mean))
    };
    let columns = found.iter().map(|column| column.as_ref().map(of)).collect();
    let placement = Placement::of(asked.quantity);
    let name = format!("PSD of {}", asked.quantity.name());
    let grid = PowerGrid { name, frequency, rows: Rows::Frequencies, columns, placement };
    RunSpectra { grid: Arc::new(grid), axis: Arc::new(run.axis.clone()), whose: run.in_words() }
}

impl ColumnInputs {
    /// About how many values it has.
    fn values(&self) -> usize {
        let all = match self {
            Self::State(state) => state,
            Self::Before(step) => &step.x_t,
            Self::Expectation(step) | Self::Change(_, step) => &step.x0,
            Self::Noise(step) => &step.eps,
        };
        all.len().checked_div(all.len_of(Axis(0))).unwrap_or(0)
    }

    fn column(&self, sample: usize, plans: &mut SpectrumTools) -> Column {
        let mut one = |all: &Array4<f32>| -> Option<Vec<Arc<[f64]>>> {
            let image = (sample < all.len_of(Axis(0))).then(|| all.index_axis(Axis(0), sample))?;
            densities(image, plans, |plane, _| plane.to_owned()).ok()
        };
        let channels = match self {
            Self::State(state) => one(state),
            Self::Before(step) => one(&step.x_t),
            Self::Expectation(step) => one(&step.x0),
            Self::Noise(step) => one(&step.eps),
            Self::Change(before, after) if sample < after.x0.len_of(Axis(0)) => {
                let [before, after] = [before, after].map(|step| step.x0.index_axis(Axis(0), sample));
                densities(after, plans, |plane, channel| {
                    let mut change = plane.to_owned();
                    Zip::from(&mut change).and(before.index_axis(Axis(0), channel)).for_each(|now, then| *now -= then);
                    change
                })
                .ok()
            }
            Self::Change(..) => None,
        };
        // An image without a spectrum has no rings, and leaves a gap.
        let channels = channels.unwrap_or_default();
        let frequency = plans.as_ref().map(|(_, rapsd)| rapsd.rings().frequency()).unwrap_or_default();
        let share = (channels.len().max(1) as f64).recip();
        let mean = |ring: usize| channels.iter().map(|channel| share * channel[ring]).sum();
        let rings = channels.first().map_or(0, |channel| channel.len());
        Column { frequency: frequency.into(), mean: (0..rings).map(mean).collect(), channels }
    }
}

/// The density of each channel of an image `[C, H, W]`, from planes as `plane` computes them.
fn densities(
    image: ArrayView3<f32>,
    plans: &mut SpectrumTools,
    plane: impl Fn(ArrayView2<f32>, usize) -> Array2<f32>,
) -> Result<Vec<Arc<[f64]>>, SpectrumError> {
    let (_, height, width) = image.dim();
    let (_, rapsd) = match plans.take().filter(|(size, _)| *size == (height, width)) {
        Some(fitting) => plans.insert(fitting),
        None => plans.insert(((height, width), Rapsd::new(height, width)?)),
    };
    let planes = image.outer_iter().enumerate();
    planes.map(|(channel, values)| Ok(rapsd.plane(plane(values, channel).view())?.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::intent::Intent;
    use crate::app::{App, Launch};
    use crate::runtime::{Activity, Event};
    use crate::session::RunSettings;
    use crate::session::action::Action;
    use crate::session::setting::Setting;
    use crate::session::settings::{ModelSource, ProviderChoice};
    use std::time::{Duration, Instant};

    const STEPS: usize = 6;

    /// The program without a window.
    fn opened() -> (egui::Context, App) {
        let source = ModelSource::Model("gaussian-64".into());
        let run = RunSettings { steps: STEPS, batch: 2, provider: ProviderChoice::Rust, ..RunSettings::new(source) };
        let ctx = egui::Context::default();
        let launch = Launch { first: vec![Action::SetRun(Box::new(run))], ..Launch::default() };
        let mut app = App::new(&ctx, launch, false).unwrap();
        until_idle(&mut app, |_| {});
        (ctx, app)
    }

    fn until_idle(app: &mut App, mut each: impl FnMut(&App)) {
        let began = Instant::now();
        loop {
            let idle = app.activity() == Activity::Idle;
            while let Some(event) = app.runtime.next_event() {
                let Event::Run { id, news } = event else { continue };
                app.take_run_news(id, news);
                each(app);
            }
            if idle {
                return;
            }
            assert!(began.elapsed() < Duration::from_mins(1));
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn asked(quantity: SpectrumQuantity) -> Asked {
        Asked { quantity, channel: None, sample: 1 }
    }

    /// The grid once it is complete.
    fn whole(spectra: &mut StepSpectra, run: &RunView, asked: Asked) -> Arc<PowerGrid> {
        let began = Instant::now();
        loop {
            let shown = spectra.get(Some(run), asked).unwrap();
            let (kept, _) = spectra.shown.as_ref().unwrap();
            if kept.run == run.id && kept.asked == asked && kept.there == kept.possible && !spectra.is_busy() {
                return shown.grid;
            }
            assert!(began.elapsed() < Duration::from_mins(1));
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn every_column_is_the_spectrum_of_its_step() {
        let (_, app) = opened();
        let run = app.run.as_ref().unwrap();
        let mut spectra = StepSpectra::new(Arc::new(|| {}));
        let mut rapsd = Rapsd::new(64, 64).unwrap();
        for quantity in SpectrumQuantity::ALL {
            let grid = whole(&mut spectra, run, asked(quantity));
            let images: Vec<Array4<f32>> = match quantity {
                SpectrumQuantity::State => {
                    let before = (0..STEPS).map(|step| run.whole_step(step).unwrap().x_t.clone());
                    before.chain([run.state().as_ref().clone()]).collect()
                }
                SpectrumQuantity::Expectation => {
                    (0..STEPS).map(|step| run.whole_step(step).unwrap().x0.clone()).collect()
                }
                SpectrumQuantity::Noise => (0..STEPS).map(|step| run.whole_step(step).unwrap().eps.clone()).collect(),
                SpectrumQuantity::Change => (1..STEPS)
                    .map(|step| &run.whole_step(step).unwrap().x0 - &run.whole_step(step - 1).unwrap().x0)
                    .collect(),
            };
            assert_eq!((grid.columns.len(), grid.frequency.len()), (images.len(), 33), "{quantity:?}");
            assert_eq!(grid.placement, Placement::of(quantity));
            let channel = Asked { channel: Some(1), ..asked(quantity) };
            let second = whole(&mut spectra, run, channel);
            for (index, image) in images.iter().enumerate() {
                let image = image.index_axis(Axis(0), 1);
                let expected = rapsd.sample(image).unwrap();
                let found = grid.columns[index].as_ref().unwrap();
                assert!(
                    found.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 1e-9 * b.abs()),
                    "{quantity:?} {index}"
                );
                let expected = rapsd.plane(image.index_axis(Axis(0), 1)).unwrap();
                let found = second.columns[index].as_ref().unwrap();
                assert!(
                    found.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 1e-9 * b.abs()),
                    "{quantity:?} {index}"
                );
            }
        }
    }

    #[test]
    fn what_was_asked_before_stays_and_steps_taken_over_are_not_computed_again() {
        let (ctx, mut app) = opened();
        let mut spectra = StepSpectra::new(Arc::new(|| {}));
        assert!(spectra.get(None, asked(SpectrumQuantity::Change)).is_none());
        let change = whole(&mut spectra, app.run.as_ref().unwrap(), asked(SpectrumQuantity::Change));
        let at_once = spectra.get(app.run.as_ref(), asked(SpectrumQuantity::State)).unwrap();
        assert!(Arc::ptr_eq(&at_once.grid, &change), "the old until the new is there");
        let again = spectra.get(None, asked(SpectrumQuantity::Change)).unwrap();
        assert!(Arc::ptr_eq(&again.grid, &change), "and while there is no run");
        whole(&mut spectra, app.run.as_ref().unwrap(), asked(SpectrumQuantity::State));

        app.perform(&ctx, vec![Intent::ChangeAndRunLive(vec![Action::set(Setting::Steps, STEPS)])]);
        until_idle(&mut app, |_| {});
        let run = app.run.as_ref().unwrap();
        assert_eq!(run.started.taken_over, STEPS);
        let shown = spectra.get(Some(run), asked(SpectrumQuantity::Change)).unwrap().grid;
        assert!(!spectra.is_busy());
        let known = |grid: &PowerGrid| -> Vec<Arc<[f64]>> { grid.columns.iter().flatten().cloned().collect() };
        let (now, before) = (known(&shown), known(&change));
        assert!(now.len() == STEPS - 1 && now.iter().zip(&before).all(|(now, before)| Arc::ptr_eq(now, before)));
    }

    #[test]
    fn a_run_that_goes_on_fills_its_map() {
        let (ctx, mut app) = opened();
        let mut spectra = StepSpectra::new(Arc::new(|| {}));
        let mut counts = Vec::new();
        app.perform(&ctx, vec![Intent::Change(Action::set(Setting::Seed, 9_u64)), Intent::Run]);
        until_idle(&mut app, |app| {
            let run = app.run.as_ref().unwrap();
            let began = Instant::now();
            loop {
                let shown = spectra.get(Some(run), asked(SpectrumQuantity::Expectation));
                let there = shown.map_or(0, |shown| shown.grid.columns.iter().flatten().count());
                if !spectra.is_busy() {
                    counts.push(there);
                    break;
                }
                assert!(began.elapsed() < Duration::from_mins(1));
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        counts.dedup();
        assert_eq!(*counts.last().unwrap(), STEPS);
        assert!(counts.windows(2).filter(|pair| pair[1] > pair[0]).count() >= 2, "{counts:?}");
    }
}
