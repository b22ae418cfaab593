//! The chromatogram: which level is generated when, in theory or measured.

use crate::app::draw::number::{Limits, number};
use crate::app::draw::widgets::named;
use crate::app::intent::Intent;
use crate::app::planned::Planned;
use crate::app::track::figures::{FigureKey, KeptFigure, legend_of, names_ui, plot_ui};
use crate::app::track::head_space::HeadSpace;
use crate::app::track::next_run::{is_by_level, lay_over, whole};
use crate::app::track::place::{PlotPoint, TrackPlace};
use crate::app::track::{TrackView, Whose};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::ensemble::Disagreement;
use crate::figure::draw::Content;
use crate::figure::palette::level_label;
use crate::figure::text::verbatim;
use crate::figure::text_strip;
use crate::figure::{
    ChromatogramFigure, ComparedShares, Figure, MeasuredFigure, OnAxis, Strip, StripWords, TimeView, chromatogram,
    class_strips, measured_chromatogram, stacked_chromatogram,
};
use crate::model::text::editing::Texts;
use crate::runtime::RunId;
use crate::session::action::Action;
use crate::session::document::{FACTORS, MOST_LEVELS, Measure, Stacking, Track};
use crate::session::{ClassWords, PromptList};
use crate::theory::{Calibration, Chromatogram};
use crate::words::sentence;
use egui::{DragValue, Ui};

/// How theory is drawn.
type ChromatogramLooks = (Measure, Stacking);

/// The track's own state.
#[derive(Default)]
pub(super) struct ChromatogramTrack {
    figure: KeptFigure<SharesKey>,
}

/// The inputs of its figure besides the axis.
#[derive(Clone, Copy, Debug, PartialEq)]
struct SharesKey {
    looks: ChromatogramLooks,
    /// The theory beside the measurement, if that is shown.
    measured: Option<Calibration>,
    /// Version of the measurement, and the run that it may belong to.
    desk: (u64, Option<RunId>),
}

impl SharesKey {
    fn new(context: &ViewContext) -> Self {
        let view = context.view();
        let measured = context.findings().filter(|_| view.stacking == Stacking::Lines).map(|_| view.theory);
        let desk = (context.desk.version(), context.run.map(|run| run.id));
        Self { looks: (view.measure, view.stacking), measured, desk }
    }
}

impl TrackView for ChromatogramTrack {
    fn key(&self) -> Track {
        Track::Chromatogram
    }

    fn about(&self) -> &'static str {
        "rₘ(t): each level's share of what is generated at each moment, for a scale-invariant prior. The strip below \
         shows the dominant level"
    }

    fn head_ui(&mut self, ui: &mut Ui, head: &HeadSpace, context: &ViewContext, out: &mut ViewOutput) {
        let view = context.view();
        let comparison = context
            .findings()
            .filter(|_| view.stacking == Stacking::Lines)
            .and_then(|findings| findings.comparison(view.theory, view.measure.into()));
        let note = match (context.latent_pixels(), comparison.is_some()) {
            _ if shows_decoded(context) => words::tracks::SHARES_DECODED,
            (Some(_), true) => words::tracks::LATENT_SHARES_MEASURED,
            (Some(_), false) => words::tracks::LATENT_SHARES_THEORY,
            (None, true) => words::tracks::SHARES_MEASURED,
            (None, false) => words::tracks::SHARES_THEORY,
        };
        head.note(ui, 36.0, note);
        if let Some(comparison) = comparison {
            head.note(ui, 114.0, comparison.calibration.name());
            head.note(ui, 130.0, &format!("RMS {}", comparison.agreement.rms_in_words(3)));
        }
        let tip = "Power: shares of the generated variance, −Vₘ·daₘ/dt. Amplitude: shares of its square root, \
                   −√Vₘ·d√aₘ/dt";
        let choices = (view.measure, &Measure::ALL[..]);
        let of = |choice: Measure| (choice.name(), Action::SetMeasure(choice));
        head.choice_ui(ui, 48.0, ("Chromatogram measure", tip), choices, of, out);
        let drawn = if view.stacking == Stacking::Lines { "lines" } else { "areas" };
        let shown = format!("n = {}, {drawn}", view.factor);
        let tip = "Resolution levels: factor between neighbours, number of levels, lines or stacked areas";
        head.menu_ui(ui, 76.0, ("Resolution levels", &shown, tip), |ui| levels_menu(ui, context, out));
    }

    fn menu_ui(&mut self, ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) {
        ui.menu_button(words::tracks::LEVELS, |ui| levels_menu(ui, context, out));
    }

    fn body_ui(&mut self, ui: &mut Ui, place: &TrackPlace, context: &ViewContext, out: &mut ViewOutput) {
        let Some(axis) = context.axis() else { return };
        let key = FigureKey::new(context, place, SharesKey::new(context));
        let figure = self.figure.get(key, |key| {
            let (time, looks) = (key.axis.time(axis), key.own.looks);
            if let Some(calibration) = key.own.measured {
                return measured(time, context, looks.0.into(), calibration);
            }
            let (theory, factor) = context.theory()?;
            let mut figure = drawn(time, (theory, factor), looks, true);
            figure.strips.extend(classes(time, context));
            figure.notes.extend(context.other_images().map(|why| verbatim(&why)));
            if let Some(next) = context.ghost() {
                lay_next_over(&mut figure, next, time, looks);
            }
            Some(figure)
        });
        let Some(figure) = figure else { return };
        plot_ui(ui, &figure, place, self.key().name(), context, out);
        // In its main track a level has its plain name.
        names_ui(ui, (legend_of(place), &figure), place, "", context, out);
    }

    fn values_at(&self, point: &PlotPoint) -> Vec<String> {
        self.figure.values_at(point.x)
    }

    fn has_own_pixels(&self, context: &ViewContext) -> bool {
        !shows_decoded(context)
    }

    fn content(&self) -> Option<Content> {
        self.figure.content()
    }

    fn whose(&self, _: &ViewContext) -> Whose {
        let measured = self.figure.key().is_some_and(|key| key.measured.is_some());
        if measured { Whose::Samples } else { Whose::Levels }
    }
}

/// Whether it shows what was measured on decoded images.
fn shows_decoded(context: &ViewContext) -> bool {
    let findings = context.findings().filter(|_| context.view().stacking == Stacking::Lines);
    findings.is_some_and(|findings| findings.no_theory().is_some())
}

/// The prediction of theory for levels with this factor.
fn drawn(
    time: TimeView,
    (theory, factor): (&Chromatogram, usize),
    (measure, stacking): ChromatogramLooks,
    crossings: bool,
) -> Figure {
    let from = ChromatogramFigure { time, theory, factor, measure: measure.into(), crossings };
    match stacking {
        Stacking::Lines => chromatogram(from),
        Stacking::Areas => stacked_chromatogram(from),
    }
}

/// Adds the curves of the next run, which are the same for every schedule at the same noise level.
pub(super) fn lay_next_over(figure: &mut Figure, next: &Planned, time: TimeView, looks: ChromatogramLooks) {
    if let Some(theory) = next.theory.as_ref().filter(|_| !is_by_level(time.reading)) {
        lay_over(figure, &drawn(whole(next), (theory, next.factor), looks, false), next, time);
    }
}

/// The dominant class or prompt, for those by level; of one prompt, the text that it is at each step if that changes.
fn classes(time: TimeView, context: &ViewContext) -> Vec<Strip> {
    let Some(run) = context.run else { return Vec::new() };
    let (settings, words) = (context.shown_settings(), context.class_words());
    let list = PromptList::of(settings);
    let texts = if words.are_prompts() { Texts::of(&list.texts, time.axis.steps()) } else { Texts::default() };
    let text = |prompt: i64, step| usize::try_from(prompt).ok().and_then(|prompt| texts.at(prompt, step)).unwrap_or(0);
    let name = |class: i64, text: usize| match texts.texts.get(text).filter(|_| texts.change()) {
        Some(text) => ClassWords::in_quotes(text),
        None => words.name(class),
    };
    let strip = StripWords { what: words.what(), text: &text, name: &name };
    let [_, _, height, width] = run.started.shape;
    match settings.by_level.as_ref().or(list.by_level.as_ref()) {
        Some(choice) => class_strips(time, choice, (height, width), &strip),
        None if texts.change() && list.whole != 0 => vec![text_strip(time, list.whole, &strip)],
        None => Vec::new(),
    }
}

/// The measurement, over the chosen theory, each at its own noise levels.
fn measured(
    time: TimeView,
    context: &ViewContext,
    measure: crate::theory::Measure,
    calibration: Calibration,
) -> Option<Figure> {
    let findings = context.findings()?;
    // Decoded images have none.
    let comparison = findings.comparison(calibration, measure);
    let factor = findings.ensemble.bands().factor();
    let disagreements = comparison.map_or(&[][..], |comparison| &comparison.agreement.disagreements);
    let disagreements: Vec<(usize, String)> =
        disagreements.iter().map(|at| (at.step, disagreement_in_words(at, factor))).collect();
    let own = findings.ensemble.axis();
    let on = OnAxis::new(time, &own);
    let mut notes: Vec<String> = findings.no_theory().map(sentence).into_iter().collect();
    if !(on.is_same() && context.is_of_run(findings)) {
        notes.push(on.in_words(&words::tracks::dots(&findings.ensemble.title())));
    }
    let other = context.desk.compared().map(|compared| &compared.findings);
    let why = other.and_then(|other| findings.other_levels(other));
    let other = other.filter(|_| why.is_none()).map(|other| (other.ensemble.axis(), other));
    let beside = other.as_ref().map(|(axis, other)| {
        let on = OnAxis::new(time, axis);
        notes.push(on.in_words(&words::tracks::dotted(&other.ensemble.title())));
        (on, other.measured.telling_values(measure))
    });
    notes.extend(why);
    let compared = beside.as_ref().map(|(on, values)| ComparedShares { on: *on, values });
    let mut figure = measured_chromatogram(MeasuredFigure {
        on,
        levels: findings.measured.levels(),
        factor,
        measure,
        measured: &findings.measured.telling_values(measure),
        errors: findings.measured.errors(measure),
        expected: comparison.map_or(&[][..], |comparison| comparison.prediction.rows()),
        compared,
        disagreements: &disagreements,
    });
    figure.notes.splice(0..0, notes.iter().map(|note| verbatim(note)));
    Some(figure)
}

/// "step 12→13: 4 px gained most, 8 px in theory, by 0.03".
pub(in crate::app) fn disagreement_in_words(at: &Disagreement, factor: usize) -> String {
    let name = |level| level_label(factor, level);
    let (from, to, measured, predicted) = (at.step, at.step + 1, name(at.measured), name(at.predicted));
    format!("step {from}→{to}: {measured} dominant, theory expects {predicted} (by {:.3})", at.by)
}

/// Factor, number, lines or areas.
fn levels_menu(ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) {
    let view = context.view();
    ui.set_min_width(200.0);
    ui.horizontal(|ui| {
        ui.label("factor n");
        for factor in FACTORS.0..=FACTORS.1 {
            if ui.selectable_label(view.factor == factor, factor.to_string()).clicked() {
                out.intents.push(Intent::Change(Action::SetFactor(factor)));
            }
        }
    });
    ui.horizontal(|ui| {
        ui.label("levels");
        let found = context.shown().and_then(|planned| planned.theory.as_ref()).map_or(6, Chromatogram::levels);
        let mut levels = view.levels.unwrap_or(found);
        let drag = DragValue::new(&mut levels).speed(0.1);
        let response = number(ui, drag, Limits::whole(1, MOST_LEVELS));
        named(ui, &response, "Number of levels");
        if response.changed() {
            out.intents.push(Intent::Change(Action::SetLevels(Some(levels))));
        }
        if ui.selectable_label(view.levels.is_none(), "all levels of the image").clicked() {
            out.intents.push(Intent::Change(Action::SetLevels(None)));
        }
    });
    for choice in Stacking::ALL {
        if ui.selectable_label(choice == view.stacking, choice.name()).clicked() {
            out.intents.push(Intent::Change(Action::SetStacking(choice)));
            ui.close();
        }
    }
}
