//! The track of an estimate's parts by resolution and step: a heat map of levels, or the chromatogram with guidance and
//! without.

use super::heat_track::{HeatPlace, HeatTrack, HeatUse, heat_track_ui};
use super::plot::{legend_ui, lit_figure_ui};
use super::tracks::{HEAD, Tracks};
use super::widgets::{small_menu, text_toggle};
use crate::app::heat_map::RunSpectra;
use crate::app::intent::Intent;
use crate::app::run_view::{MadeKey, RunView};
use crate::app::textures::Textures;
use crate::app::theme::{self, Palette, SMALL};
use crate::denoiser::PartName;
use crate::figure::draw::Content;
use crate::figure::heat_map::{Placement, PowerGrid};
use crate::figure::palette::level_label;
use crate::figure::{Axis, Dash, Figure, Line, Paint, TimeView, ticks};
use crate::session::action::Action;
use crate::session::parts::{PartEnergies, PartsChoices, PartsQuantity, step_shares};
use crate::spectrum::BandPlan;
use egui::{Align2, Rect, Ui, UiBuilder, pos2, vec2};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most of a frame that is spent on steps that are not known yet.
const A_FRAME: Duration = Duration::from_millis(3);
/// Most steps that are kept.
const KEPT: usize = 8192;

/// The track's own state.
#[derive(Default)]
pub struct PartsTrack {
    heat: HeatTrack,
    steps: HashMap<(MadeKey, usize, BandPlan), Arc<StepParts>>,
    grid: Option<(Made, RunSpectra)>,
    figure: Option<(FigureMade, Arc<Figure>)>,
}

/// What is known of a step.
struct StepParts {
    energies: PartEnergies,
    /// `r_m` since the step before, of the whole estimate and of that without class.
    guided: Option<Vec<f64>>,
    unguided: Option<Vec<f64>>,
}

/// What the grid was made of.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Made {
    last: MadeKey,
    done: usize,
    known: usize,
    sample: usize,
    plan: BandPlan,
    choices: PartsChoices,
}

type FigureMade = (Made, crate::figure::Reading, crate::figure::TimeZoom, usize);

impl PartsTrack {
    /// What is on screen, for a file.
    #[must_use]
    pub fn content(&self, quantity: PartsQuantity) -> Option<Content> {
        match quantity {
            PartsQuantity::Shares => self.figure.as_ref().map(|(_, figure)| Figure::clone(figure).into()),
            _ => self.heat.map().map(Content::from),
        }
    }

    /// Looks at steps that are not known yet, as many as a frame has time for. How many are known.
    fn update(&mut self, ui: &Ui, run: &RunView, sample: usize, plan: BandPlan) -> usize {
        if self.steps.len() > KEPT {
            self.steps.clear();
        }
        let began = Instant::now();
        let mut known = 0;
        for step in 0..run.done() {
            let key = (run.step_key(step), sample, plan);
            if self.steps.contains_key(&key) {
                known += 1;
                continue;
            }
            if began.elapsed() > A_FRAME {
                ui.ctx().request_repaint();
                break;
            }
            let Some(snapshot) = run.whole_step(step) else { continue };
            let before = step.checked_sub(1).and_then(|before| run.whole_step(before));
            let shares = |of| before.and_then(|before| step_shares(before, snapshot, of, sample, &plan));
            let parts = StepParts {
                energies: PartEnergies::of(snapshot, sample, &plan),
                guided: shares(None),
                unguided: shares(Some(PartName::Unconditional)),
            };
            self.steps.insert(key, Arc::new(parts));
            known += 1;
        }
        known
    }

    fn step(&self, run: &RunView, step: usize, made: &Made) -> Option<&Arc<StepParts>> {
        self.steps.get(&(run.step_key(step), made.sample, made.plan))
    }

    fn grid(&self, run: &RunView, made: &Made) -> RunSpectra {
        let (n, levels) = (made.plan.factor() as f64, made.plan.levels());
        // An octave of frequencies a level: with rows at their middles, edges lie where one level ends.
        let middle = |m: usize| 0.5 * n.powf(-(m as f64) - 0.5);
        let frequency = std::iter::once(0.0).chain((0..levels).rev().map(middle)).collect();
        let column = |step: usize| -> Option<Arc<[f64]>> {
            let energies = self.step(run, step, made)?.energies.get(made.choices.quantity)?;
            let sum: f64 = energies.iter().take(levels).map(|energy| energy.sqrt()).sum();
            let over = if made.choices.relative { sum * sum } else { 1.0 };
            let (rest, details) = (energies.get(levels).copied().unwrap_or(0.0), energies[..levels].iter().rev());
            (over > 0.0).then(|| std::iter::once(&rest).chain(details).map(|energy| energy / over).collect())
        };
        let name =
            format!("{}{}", made.choices.quantity.symbol(), if made.choices.relative { ", relative" } else { "" });
        let columns = (0..run.steps()).map(column).collect();
        let grid = PowerGrid { name, frequency, columns, placement: Placement::Around };
        RunSpectra { grid: Arc::new(grid), axis: Arc::new(run.axis.clone()) }
    }

    /// Guided as lines, without class dashed, in the levels' colours.
    fn shares(&self, run: &RunView, made: &Made, time: TimeView) -> Figure {
        let levels = made.plan.levels();
        // Both lines of a level have its name, so that the legend has it once.
        let lines = |of: &dyn Fn(&StepParts) -> Option<&Vec<f64>>, dash, weight| {
            (0..levels)
                .map(|m| {
                    let point = |step: usize| {
                        let value = *of(self.step(run, step, made)?)?.get(m)?;
                        let x = time.axis.x_of_step(step as f64 - 0.5, time.reading);
                        (time.range.0..=time.range.1).contains(&x).then_some([x, value])
                    };
                    Line {
                        name: level_label(made.plan.factor(), m),
                        points: (1..run.done()).filter_map(point).collect(),
                        paint: Paint::Level(m),
                        dash,
                        weight,
                    }
                })
                .collect::<Vec<Line>>()
        };
        let mut all = lines(&|parts| parts.guided.as_ref(), Dash::Solid, 1.0);
        all.extend(lines(&|parts| parts.unguided.as_ref(), Dash::Dashed, 0.6));
        all.retain(|line| line.points.len() > 1);
        let most = all.iter().flat_map(|line| &line.points).map(|point| point[1]).fold(0.3, f64::max);
        let range = (0.0, 1.05 * most);
        Figure {
            x_axis: time.x_axis(),
            y_axis: Axis { label: "r_m".into(), unit: "", range, ticks: ticks::linear(0.0, range.1, 4, false) },
            areas: Vec::new(),
            lines: all,
            points: Vec::new(),
            strips: Vec::new(),
            marks: time.step_marks(),
        }
    }
}

pub(super) fn parts_head_ui(ui: &mut Ui, rect: Rect, tracks: &Tracks, intents: &mut Vec<Intent>) {
    let choices = tracks.view.parts;
    let place = Rect::from_min_size(pos2(rect.left() + 24.0, rect.top() + 28.0), vec2(HEAD - 32.0, 24.0));
    if place.bottom() > rect.bottom() {
        return;
    }
    let mut to = choices;
    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
        ui.horizontal(|ui| {
            let tip =
                "Noise predictions for the class and for none, how far they are apart, or rₘ with guidance and without";
            small_menu(ui, "Parts by level of", choices.quantity.name(), tip, |ui| {
                for quantity in PartsQuantity::ALL {
                    if ui.selectable_label(choices.quantity == quantity, quantity.name()).clicked() {
                        to.quantity = quantity;
                        ui.close();
                    }
                }
            });
        });
    });
    let below = place.translate(vec2(0.0, 28.0));
    if choices.quantity == PartsQuantity::Shares && below.bottom() < rect.bottom() {
        let color = Palette::of(ui).secondary;
        let words = "dashed: no class";
        ui.painter().text(below.left_center() + vec2(8.0, 0.0), Align2::LEFT_CENTER, words, theme::body(SMALL), color);
    }
    if below.bottom() < rect.bottom() && choices.quantity != PartsQuantity::Shares {
        ui.scope_builder(UiBuilder::new().max_rect(below), |ui| {
            ui.horizontal(|ui| {
                let tip = "Each step's levels over their sum, rather than as they are";
                if text_toggle(ui, "relative", "Relative to each step's sum", tip, choices.relative).clicked() {
                    to.relative = !choices.relative;
                }
            });
        });
    }
    if to != choices {
        intents.push(Intent::Change(Action::SetParts(to)));
    }
}

pub(super) fn parts_track_ui(
    ui: &mut Ui,
    place: &HeatPlace,
    tracks: &Tracks,
    state: &mut PartsTrack,
    (textures, intents): (&mut Textures, &mut Vec<Intent>),
) {
    let palette = Palette::of(ui);
    let say = |ui: &Ui, words: &str| {
        let color = palette.secondary;
        let galley = ui.painter().layout(words.to_owned(), theme::body(SMALL), color, place.plot.width() - 24.0);
        ui.painter().galley(place.plot.center() - 0.5 * galley.size(), galley, color);
    };
    let Some(run) = tracks.run else { return };
    let Some(plan) = run.plan(tracks.view.factor, tracks.view.levels) else {
        say(ui, "These images are too small for a level");
        return;
    };
    let choices = tracks.view.parts;
    let (sample, done) = (tracks.sample, run.done());
    let known = state.update(ui, run, sample, plan);
    let made = Made { last: run.step_key(done.saturating_sub(1)), done, known, sample, plan, choices };
    let classes = |name: &PartName| matches!(name, PartName::Class(_) | PartName::Unconditional);
    let has = |step: usize| run.whole_step(step).is_some_and(|step| step.parts.iter().any(|part| classes(&part.name)));
    if !(0..done).any(has) {
        if run.end.is_some() {
            say(
                ui,
                "This run asked one question a step. Set a guidance scale other than 1 in the panel to see both answers",
            );
        }
        return;
    }
    if choices.quantity == PartsQuantity::Shares {
        let key = (made, tracks.reading(), place.zoom, place.ticks);
        if state.figure.as_ref().is_none_or(|(kept, _)| *kept != key) {
            let time = TimeView { axis: &run.axis, reading: key.1, range: key.2.range(), ticks: key.3 };
            state.figure = Some((key, Arc::new(state.shares(run, &made, time))));
        }
        let Some((_, figure)) = &state.figure else { return };
        lit_figure_ui(ui, place.plot, figure, tracks.levels.lit());
        let at = run.axis.x_of_step(tracks.position, tracks.reading());
        let isolate = legend_ui(ui, place.legend, figure, at, (&tracks.levels, "Parts by level"));
        intents.extend(isolate.map(|levels| Intent::Change(Action::Isolate(levels))));
        return;
    }
    if state.grid.as_ref().is_none_or(|(kept, _)| *kept != made) {
        let grid = state.grid(run, &made);
        state.grid = Some((made, grid));
    }
    let given = state.grid.as_ref().map(|(_, grid)| grid.clone());
    state.heat.give(given);
    heat_track_ui(ui, (place, HeatUse::parts(choices)), tracks, &mut state.heat, (textures, intents));
}
