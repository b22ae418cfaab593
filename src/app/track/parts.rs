//! The track of an estimate's parts by level and step: a heat map of levels, or the chromatogram with and without
//! guidance.

mod choices;

use crate::app::draw::heat_map::{KnownParts, PartLevels, RunSpectra};
use crate::app::draw::notes::words_ui;
use crate::app::run_view::RunView;
use crate::app::track::figures::{FigureKey, KeptFigure, names_ui, plot_ui};
use crate::app::track::head_space::HeadSpace;
use crate::app::track::heat::{HeatUse, HeatView, heat_ui};
use crate::app::track::place::{PlotPoint, TrackPlace};
use crate::app::track::{TrackView, Whose};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::figure::draw::Content;
use crate::figure::heat_map::{Placement, PowerGrid, Rows};
use crate::figure::palette::level_label;
use crate::figure::text::verbatim;
use crate::figure::{Axis, Dash, Figure, Line, OnAxis, Paint, ticks};
use crate::runtime::Wake;
use crate::session::ClassWords;
use crate::session::RunSettings;
use crate::session::document::Track;
use crate::session::parts::{PartsChoices, PartsQuantity, StepParts};
use crate::spectrum::BandPlan;
use crate::words::shortened;
use choices::{head_ui, shown};
use egui::Ui;
use std::sync::Arc;

/// Longest name of a class in the figure's name, characters.
const CLASS_NAME: usize = 40;

/// The track's own state.
pub(super) struct PartsTrack {
    levels: PartLevels,
    heat: HeatView,
    grid: Option<(PartsFigureKey, RunSpectra)>,
    figure: KeptFigure<PartsFigureKey>,
    /// The last figure.
    shows: Option<PartsQuantity>,
}

/// The inputs of the last figure.
#[derive(Clone, Copy, Debug, PartialEq)]
struct PartsFigureKey {
    known: KnownParts,
    plan: BandPlan,
    choices: PartsChoices,
}

impl PartsTrack {
    /// `wake` is called when there are new results.
    pub fn new(wake: Wake) -> Self {
        let (levels, heat) = (PartLevels::new(wake), HeatView::default());
        Self { levels, heat, grid: None, figure: KeptFigure::default(), shows: None }
    }

    /// The chromatogram with guidance and without.
    fn shares_ui(
        &mut self,
        ui: &Ui,
        (run, made): (&RunView, PartsFigureKey),
        place: &TrackPlace,
        context: &ViewContext,
        out: &mut ViewOutput,
    ) {
        let Some(axis) = context.axis() else { return };
        let levels = &self.levels;
        let figure = self.figure.get(FigureKey::new(context, place, made), |key| {
            let on = OnAxis::new(key.axis.time(axis), &run.axis);
            let mut figure = shares(levels, run, &made, on);
            if !on.is_same() {
                figure.notes.push(verbatim(&on.in_words(&run.in_words())));
            }
            Some(figure)
        });
        if let Some(figure) = figure {
            let name = self.key().name();
            plot_ui(ui, &figure, place, name, context, out);
            names_ui(ui, (place.legend, &figure), place, name, context, out);
        }
    }
}

impl TrackView for PartsTrack {
    fn key(&self) -> Track {
        Track::PartsByLevel
    }

    fn about(&self) -> &'static str {
        "Size of the noise predictions for the class or prompt and the null one per level, and their difference"
    }

    fn head_ui(&mut self, ui: &mut Ui, head: &HeadSpace, context: &ViewContext, out: &mut ViewOutput) {
        head_ui(ui, head, context, out);
    }

    fn body_ui(&mut self, ui: &mut Ui, place: &TrackPlace, context: &ViewContext, out: &mut ViewOutput) {
        self.shows = None;
        let Some(run) = context.run else { return };
        let Some(plan) = run.plan(context.view().factor, context.view().levels) else {
            words_ui(ui, place.plot, "These images are too small for levels");
            return;
        };
        let Some(choices) = shown(context) else {
            if run.end.is_some() {
                words_ui(ui, place.plot, nothing_to_compare(&run.started.settings));
            }
            return;
        };
        let known = self.levels.update(run, context.sample, plan);
        if known.is_nothing() {
            if known.is_all() && run.end.is_some() {
                words_ui(ui, place.plot, "No step of this run is in memory at full size");
            }
            return;
        }
        self.shows = Some(choices.quantity);
        let made = PartsFigureKey { known, plan, choices };
        if choices.quantity == PartsQuantity::Shares {
            self.shares_ui(ui, (run, made), place, context, out);
            return;
        }
        if self.grid.as_ref().is_none_or(|(kept, _)| *kept != made) {
            self.grid = Some((made, grid(&self.levels, run, &made, &context.class_words())));
        }
        self.heat.give(self.grid.as_ref().map(|(_, grid)| grid.clone()));
        heat_ui(ui, (place, HeatUse::parts(choices)), context, &mut self.heat, out);
    }

    fn values_at(&self, point: &PlotPoint) -> Vec<String> {
        match self.shows {
            Some(PartsQuantity::Shares) => self.figure.values_at(point.x),
            _ => self.heat.values_at(point.at),
        }
    }

    fn has_own_pixels(&self, _: &ViewContext) -> bool {
        true
    }

    fn content(&self) -> Option<Content> {
        match self.shows? {
            PartsQuantity::Shares => self.figure.content(),
            _ => self.heat.map().map(Content::from),
        }
    }

    fn whose(&self, _: &ViewContext) -> Whose {
        Whose::Run
    }

    fn failure(&self) -> Option<&str> {
        self.levels.failure().or_else(|| self.heat.failure())
    }
}

fn step_of(steps: &PartLevels, step: usize) -> Option<&StepParts> {
    steps.steps().get(step)?.as_deref()
}

/// The chosen quantity by level and step.
fn grid(steps: &PartLevels, run: &RunView, made: &PartsFigureKey, class_words: &ClassWords) -> RunSpectra {
    let (n, levels) = (made.plan.factor() as f64, made.plan.levels());
    let middle = |m: usize| 0.5 * n.powf(-(m as f64) - 0.5);
    let frequency = std::iter::once(0.0).chain((0..levels).rev().map(middle)).collect();
    let column = |step: usize| -> Option<Arc<[f64]>> {
        let energies = step_of(steps, step)?.energies.get(made.choices)?;
        let sum: f64 = energies.iter().take(levels).map(|energy| energy.sqrt()).sum();
        let over = if made.choices.relative { sum * sum } else { 1.0 };
        let (rest, details) = (energies.get(levels).copied().unwrap_or(0.0), energies[..levels].iter().rev());
        (over > 0.0).then(|| std::iter::once(&rest).chain(details).map(|energy| energy / over).collect())
    };
    let mut name = made.choices.symbol();
    let of_class = matches!(made.choices.quantity, PartsQuantity::Conditional | PartsQuantity::Difference);
    if let Some(class) = made.choices.class.filter(|_| of_class) {
        name = format!("{name}, {}", shortened(&class_words.name(class), CLASS_NAME));
    }
    if made.choices.relative {
        name.push_str(", relative");
    }
    let columns = (0..run.steps()).map(column).collect();
    let rows = Rows::Levels(made.plan.factor());
    let grid = PowerGrid { name, frequency, rows, columns, placement: Placement::Within };
    RunSpectra { grid: Arc::new(grid), axis: Arc::new(run.axis.clone()), whose: run.in_words() }
}

/// Guided as solid lines, with the null class dashed, in the levels' colours.
fn shares(steps: &PartLevels, run: &RunView, made: &PartsFigureKey, on: OnAxis) -> Figure {
    let (levels, time) = (made.plan.levels(), on.time);
    // All lines of a level have its name, so that the legend has it once.
    let lines = |of: &dyn Fn(&StepParts) -> Option<&Vec<f64>>, dash, weight| {
        let level = |m: usize| {
            let point = |step: usize| {
                let value = *of(step_of(steps, step)?)?.get(m)?;
                let x = on.x_of(step as f64 - 0.5)?;
                (time.range.0..=time.range.1).contains(&x).then_some([x, value])
            };
            // The line is broken at a step without a value.
            let points: Vec<Option<[f64; 2]>> = (1..run.done()).map(point).collect();
            let pieces = points.split(Option::is_none).filter(|piece| piece.len() > 1);
            let pieces = pieces.map(|piece| piece.iter().copied().flatten().collect());
            let line = |points| {
                let name = level_label(made.plan.factor(), m);
                Line { name, points, paint: Paint::Level(m), dash, weight }
            };
            pieces.map(line).collect::<Vec<Line>>()
        };
        (0..levels).flat_map(level).collect::<Vec<Line>>()
    };
    let mut all = lines(&|parts| parts.guided.as_ref(), Dash::Solid, 1.0);
    all.extend(lines(&|parts| parts.unguided.as_ref(), Dash::Dashed, 0.6));
    let most = all.iter().flat_map(|line| &line.points).map(|point| point[1]).fold(0.3, f64::max);
    let range = (0.0, 1.05 * most);
    Figure {
        x_axis: time.x_axis(),
        y_axis: Axis { label: "r_m".into(), unit: "", range, ticks: ticks::linear(0.0, range.1, 4, false) },
        areas: Vec::new(),
        lines: all,
        points: Vec::new(),
        strips: Vec::new(),
        notes: Vec::new(),
        marks: time.step_marks(),
    }
}

/// Why a run has no values by level.
const fn nothing_to_compare(settings: &RunSettings) -> &'static str {
    if settings.upsample.is_some() {
        return words::tracks::TWO_SIZES;
    }
    words::tracks::ONE_PART
}
