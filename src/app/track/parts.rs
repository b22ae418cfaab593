//! The track of an estimate's parts by resolution and step: a heat map of levels, or the chromatogram with guidance and
//! without.

use crate::app::draw::heat_map::{Known, PartLevels, RunSpectra};
use crate::app::draw::legend::legend_ui;
use crate::app::draw::notes::{notes_ui, words_ui};
use crate::app::draw::plot::lit_figure_ui;
use crate::app::draw::textures::Textures;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{small_menu, text_toggle};
use crate::app::intent::Intent;
use crate::app::run_view::RunView;
use crate::app::track::menu::values_in_plain;
use crate::app::track::spectrum::{HeatPlace, HeatTrack, HeatUse, heat_track_ui};
use crate::app::track::stack::{AxisOf, HEAD, NUMBERS, Tracks};
use crate::figure::draw::Content;
use crate::figure::heat_map::{Placement, PowerGrid, Rows};
use crate::figure::palette::level_label;
use crate::figure::text::verbatim;
use crate::figure::{Axis, Dash, Figure, Line, OnAxis, Paint, TimeView, ticks};
use crate::runtime::Wake;
use crate::session::RunSettings;
use crate::session::action::Action;
use crate::session::parts::{PartsChoices, PartsQuantity, StepParts};
use crate::spectrum::BandPlan;
use egui::{Align2, Pos2, Rect, Ui, UiBuilder, pos2, vec2};
use std::sync::Arc;

/// The track's own state.
#[derive(Default)]
pub struct PartsTrack {
    levels: PartLevels,
    heat: HeatTrack,
    grid: Option<(Made, RunSpectra)>,
    figure: Option<(FigureMade, Arc<Figure>)>,
    /// What was drawn last.
    shows: Option<PartsQuantity>,
}

/// What is drawn was made of this.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Made {
    known: Known,
    plan: BandPlan,
    choices: PartsChoices,
}

type FigureMade = (Made, AxisOf, crate::figure::Reading, crate::figure::TimeZoom, usize);

impl PartsTrack {
    /// `wake` is called when more is known of the run's parts.
    #[must_use]
    pub fn new(wake: Wake) -> Self {
        Self { levels: PartLevels::new(wake), ..Self::default() }
    }

    /// Why what it shows could not be computed.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.levels.failure().or_else(|| self.heat.failure())
    }

    /// What it shows at an x of the axis or a place on the screen, a line each.
    pub(in crate::app) fn values_at(&self, x: f64, at: Pos2) -> Vec<String> {
        match (self.shows, &self.figure) {
            (Some(PartsQuantity::Shares), Some((_, figure))) => values_in_plain(figure, x),
            _ => self.heat.read_at(at),
        }
    }

    /// What is on screen, for a file.
    #[must_use]
    pub fn content(&self) -> Option<Content> {
        match self.shows? {
            PartsQuantity::Shares => self.figure.as_ref().map(|(_, figure)| Figure::clone(figure).into()),
            _ => self.heat.map().map(Content::from),
        }
    }

    fn step(&self, step: usize) -> Option<&StepParts> {
        self.levels.steps().get(step)?.as_deref()
    }

    fn grid(&self, run: &RunView, made: &Made, class_names: &[String]) -> RunSpectra {
        let (n, levels) = (made.plan.factor() as f64, made.plan.levels());
        let middle = |m: usize| 0.5 * n.powf(-(m as f64) - 0.5);
        let frequency = std::iter::once(0.0).chain((0..levels).rev().map(middle)).collect();
        let column = |step: usize| -> Option<Arc<[f64]>> {
            let energies = self.step(step)?.energies.get(made.choices)?;
            let sum: f64 = energies.iter().take(levels).map(|energy| energy.sqrt()).sum();
            let over = if made.choices.relative { sum * sum } else { 1.0 };
            let (rest, details) = (energies.get(levels).copied().unwrap_or(0.0), energies[..levels].iter().rev());
            (over > 0.0).then(|| std::iter::once(&rest).chain(details).map(|energy| energy / over).collect())
        };
        let mut name = made.choices.symbol();
        let of_class = matches!(made.choices.quantity, PartsQuantity::Conditional | PartsQuantity::Difference);
        if let Some(class) = made.choices.class.filter(|_| of_class) {
            name = format!("{name}, {}", class_name(class, class_names));
        }
        if made.choices.relative {
            name.push_str(", relative");
        }
        let columns = (0..run.steps()).map(column).collect();
        let rows = Rows::Levels(made.plan.factor());
        let grid = PowerGrid { name, frequency, rows, columns, placement: Placement::Within };
        RunSpectra { grid: Arc::new(grid), axis: Arc::new(run.axis.clone()), whose: run.in_words() }
    }

    /// Guided as lines, without class dashed, in the levels' colours.
    fn shares(&self, run: &RunView, made: &Made, on: OnAxis) -> Figure {
        let (levels, time) = (made.plan.levels(), on.time);
        // All lines of a level have its name, so that the legend has it once.
        let lines = |of: &dyn Fn(&StepParts) -> Option<&Vec<f64>>, dash, weight| {
            let level = |m: usize| {
                let point = |step: usize| {
                    let value = *of(self.step(step)?)?.get(m)?;
                    let x = on.x_of(step as f64 - 0.5)?;
                    (time.range.0..=time.range.1).contains(&x).then_some([x, value])
                };
                // Where a step has none, the line is broken.
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
}

/// What the run has of what was chosen.
fn shown(tracks: &Tracks) -> Option<PartsChoices> {
    tracks.run?.parts().shown(tracks.view.parts)
}

fn class_name(class: i64, names: &[String]) -> String {
    let name = usize::try_from(class).ok().and_then(|class| names.get(class).cloned());
    name.unwrap_or_else(|| format!("class {class}"))
}

pub(in crate::app) fn parts_head_ui(ui: &mut Ui, rect: Rect, tracks: &Tracks, intents: &mut Vec<Intent>) {
    let choices = tracks.view.parts;
    let place = Rect::from_min_size(pos2(rect.left() + 24.0, rect.top() + 28.0), vec2(HEAD - NUMBERS - 8.0, 24.0));
    let Some((run, shown)) = tracks.run.zip(shown(tracks)).filter(|_| place.bottom() <= rect.bottom()) else { return };
    let mut to = choices;
    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
        ui.horizontal(|ui| {
            let tip =
                "Noise predictions for the class and for none, how far they are apart, what each stage of a cascade adds, or \
                 rₘ with guidance and without";
            small_menu(ui, "Parts by level of", &shown.name(), tip, |ui| {
                if let Some(chosen) = choices_ui(ui, run, shown, tracks.class_names) {
                    to = PartsChoices { range: None, ..chosen };
                    ui.close();
                }
            });
        });
    });
    let below = place.translate(vec2(0.0, 28.0));
    if shown.quantity == PartsQuantity::Shares && below.bottom() < rect.bottom() {
        let color = Palette::of(ui).secondary;
        let words = "dashed: no class";
        ui.painter().text(below.left_center() + vec2(8.0, 0.0), Align2::LEFT_CENTER, words, theme::body(SMALL), color);
    }
    if below.bottom() < rect.bottom() && shown.quantity != PartsQuantity::Shares {
        ui.scope_builder(UiBuilder::new().max_rect(below), |ui| {
            ui.horizontal(|ui| {
                let tip = "Each step's levels over their sum, rather than as they are";
                if text_toggle(ui, "relative", "Relative to each step's sum", tip, choices.relative).clicked() {
                    // Another quantity has the range that fits it.
                    to = PartsChoices { relative: !choices.relative, range: None, ..shown };
                }
            });
        });
    }
    if to != choices {
        intents.push(Intent::Change(Action::SetParts(to)));
    }
}

/// What can be shown of the run, each quantity, class and stage; what was clicked.
fn choices_ui(ui: &mut Ui, run: &RunView, shown: PartsChoices, class_names: &[String]) -> Option<PartsChoices> {
    let found = run.parts();
    let mut chosen = None;
    for quantity in PartsQuantity::ALL.into_iter().filter(|quantity| found.has(*quantity)) {
        let stages = if quantity == PartsQuantity::Stage { found.stages } else { 1 };
        for stage in 0..stages {
            let stage = if quantity == PartsQuantity::Stage { stage } else { shown.stage };
            let choice = PartsChoices { quantity, stage, ..shown };
            if ui.selectable_label(choice == shown, choice.name()).clicked() {
                chosen = Some(choice);
            }
        }
    }
    let of_class = matches!(shown.quantity, PartsQuantity::Conditional | PartsQuantity::Difference);
    if of_class && found.classes.len() > 1 {
        ui.add_space(6.0);
        ui.label("of class");
        // With resolution and time other classes may be asked for at each step.
        if ui.selectable_label(shown.class.is_none(), "first of each step").clicked() {
            chosen = Some(PartsChoices { class: None, ..shown });
        }
        for class in &found.classes {
            let is_it = shown.class == Some(*class);
            if ui.selectable_label(is_it, class_name(*class, class_names)).clicked() {
                chosen = Some(PartsChoices { class: Some(*class), ..shown });
            }
        }
    }
    chosen
}

/// Why a run has nothing by level.
const fn nothing_to_compare(settings: &RunSettings) -> &'static str {
    if settings.upsample.is_some() {
        return "Upsample guidance asks at two sizes, which the pane Parts shows. Classes and a cascade's stages are shown by \
                level here";
    }
    "This run asked one question a step. Set a guidance scale other than 1 in the panel, or open a cascade, to see the \
     answers by level"
}

pub(in crate::app) fn parts_track_ui(
    ui: &mut Ui,
    place: &HeatPlace,
    tracks: &Tracks,
    state: &mut PartsTrack,
    (textures, intents): (&mut Textures, &mut Vec<Intent>),
) {
    let say = |ui: &Ui, words: &str| words_ui(ui, place.plot, words);
    state.shows = None;
    let Some(run) = tracks.run else { return };
    let Some(plan) = run.plan(tracks.view.factor, tracks.view.levels) else {
        say(ui, "These images are too small for a level");
        return;
    };
    let Some(choices) = shown(tracks) else {
        if run.end.is_some() {
            say(ui, nothing_to_compare(&run.started.settings));
        }
        return;
    };
    let known = state.levels.update(run, tracks.sample, plan);
    if known.is_nothing() {
        if known.is_all() && run.end.is_some() {
            say(ui, "No step of this run is kept whole");
        }
        return;
    }
    state.shows = Some(choices.quantity);
    let made = Made { known, plan, choices };
    if choices.quantity == PartsQuantity::Shares {
        let key = (made, tracks.axis_of(), tracks.reading(), place.zoom, place.ticks);
        if state.figure.as_ref().is_none_or(|(kept, _)| *kept != key) {
            let axis = tracks.axis().unwrap_or(&run.axis);
            let time = TimeView { axis, reading: key.2, range: key.3.range(), ticks: key.4 };
            let on = OnAxis::new(time, &run.axis);
            let mut figure = state.shares(run, &made, on);
            if !on.is_same() {
                figure.notes.push(verbatim(&on.in_words(&run.in_words())));
            }
            state.figure = Some((key, Arc::new(figure)));
        }
        let Some((_, figure)) = &state.figure else { return };
        let plot = notes_ui(ui, place.plot, &figure.notes, "Parts by level");
        lit_figure_ui(ui, (plot, place.head), figure, tracks.levels.lit());
        let playhead = tracks.axis().unwrap_or(&run.axis).x_of_step(tracks.place(), tracks.reading());
        let at = place.x_at_pointer().unwrap_or(playhead);
        let isolate = legend_ui(ui, place.legend, figure, at, (&tracks.levels, "Parts by level"));
        intents.extend(isolate.map(|levels| Intent::Change(Action::Isolate(levels))));
        return;
    }
    if state.grid.as_ref().is_none_or(|(kept, _)| *kept != made) {
        let grid = state.grid(run, &made, tracks.class_names);
        state.grid = Some((made, grid));
    }
    let given = state.grid.as_ref().map(|(_, grid)| grid.clone());
    state.heat.give(given);
    heat_track_ui(ui, (place, HeatUse::parts(choices)), tracks, &mut state.heat, (textures, intents));
}
