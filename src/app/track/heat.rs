//! A heat map over the shared axis with its colour bar and the value under the pointer, for the tracks of spectra and
//! of parts.

use crate::app::draw::colour::colour;
use crate::app::draw::heat_map::bar::{BarOf, BarState, bar_ui};
use crate::app::draw::heat_map::{Asked, EnsembleAsked, EnsembleSpectra, RunSpectra, StepSpectra};
use crate::app::draw::notes::{notes_ui, words_ui};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::transform::Transform;
use crate::app::track::figures::AxisKey;
use crate::app::track::place::TrackPlace;
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::ensemble::Findings;
use crate::figure::heat_map::{Cell, Decibels, NOTHING, Placement, Rows};
use crate::figure::palette::{Paint, level_label};
use crate::figure::text::verbatim;
use crate::figure::{HeatMap, HeatMapFigure, OnAxis, Tick, heat_map, ticks};
use crate::runtime::Wake;
use crate::session::document::{ColourMap, Layout};
use crate::session::heat_map::{FrequencyScale, HeatMapChoices, Normalisation, SpectrumQuantity, SpectrumSource};
use crate::session::parts::PartsChoices;
use egui::{Align2, Pos2, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use std::sync::Arc;

/// The track's own state.
#[derive(Default)]
pub(super) struct HeatView {
    spectra: StepSpectra,
    ensemble: EnsembleSpectra,
    decibels: Option<(Normalisation, RunSpectra, Arc<Decibels>)>,
    map: Option<(MapKey, Arc<HeatMap>)>,
    /// Its position in the last frame.
    plot: Option<Rect>,
    bar: BarState,
    /// A text in place of spectra.
    given: Option<RunSpectra>,
}

/// All inputs of a map, besides its densities and their own axis.
#[derive(Clone, Copy, Debug, PartialEq)]
struct MapKey {
    axis: AxisKey,
    /// Whether its source is obvious.
    plain: bool,
    scale: FrequencyScale,
    range: Option<(f32, f32)>,
    colour_map: ColourMap,
}

/// Which of the tracks it is, and its contents.
#[derive(Clone, Copy)]
pub(super) struct HeatUse {
    /// The user's settings.
    pub choices: HeatMapChoices,
    /// Whether it is the comparison track.
    pub beside: bool,
    /// The settings of an estimate's parts, if it shows those.
    pub parts: Option<PartsChoices>,
}

impl HeatUse {
    /// Whether its pixels are those of latents.
    fn is_of_latents(&self, context: &ViewContext) -> bool {
        let is_decoded = || context.findings().is_some_and(|findings| findings.no_theory().is_some());
        let is_own = self.choices.source == SpectrumSource::Sample || self.parts.is_some() || !is_decoded();
        is_own && context.latent_pixels().is_some()
    }

    /// The track of parts.
    pub fn parts(parts: PartsChoices) -> Self {
        let choices = HeatMapChoices { range: parts.range, ..HeatMapChoices::default() };
        Self { choices, beside: false, parts: Some(parts) }
    }

    /// The heat map track.
    pub const fn main(choices: HeatMapChoices) -> Self {
        Self { choices, beside: false, parts: None }
    }

    /// The comparison track: the same quantity, on the same axes and in the same range.
    pub fn beside(choices: HeatMapChoices) -> Self {
        Self { choices: HeatMapChoices { source: choices.beside, ..choices }, beside: true, parts: None }
    }

    const fn name(self) -> &'static str {
        match (self.parts.is_some(), self.beside) {
            (true, _) => "parts by level",
            (false, true) => "spectrum beside",
            (false, false) => "spectrum of change",
        }
    }

    const fn range(self) -> Option<(f32, f32)> {
        if self.choices.source.is_difference() { self.choices.difference_range } else { self.choices.range }
    }
}

impl HeatView {
    /// `wake` is called when there are new spectra.
    #[must_use]
    pub fn new(wake: Wake) -> Self {
        Self { spectra: StepSpectra::new(wake), ..Self::default() }
    }

    /// Why its spectra could not be computed.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.spectra.failure()
    }

    /// The map on screen, for a file.
    #[must_use]
    pub fn map(&self) -> Option<Arc<HeatMap>> {
        self.map.as_ref().map(|(_, map)| Arc::clone(map))
    }

    /// The values at a position of the plot, in words.
    pub fn values_at(&self, at: Pos2) -> Vec<String> {
        let drawn = self.map.as_ref().zip(self.plot);
        let read = drawn.and_then(|((_, map), plot)| Some(in_words(cell_at(map, plot, at)?, map, "px")));
        read.into_iter().collect()
    }

    /// Shows this text in place of spectra.
    pub fn give(&mut self, given: Option<RunSpectra>) {
        self.given = given;
    }

    /// The chosen spectra. Another source is another arm here.
    fn source(&mut self, context: &ViewContext, choices: HeatMapChoices) -> Option<RunSpectra> {
        let HeatMapChoices { quantity, channel, .. } = choices;
        if self.given.is_some() {
            return self.given.clone();
        }
        match choices.source {
            SpectrumSource::Sample => {
                self.spectra.get(context.run, Asked { quantity, channel, sample: context.sample })
            }
            source => self.ensemble.get(context.desk, EnsembleAsked { source, quantity, channel }),
        }
    }

    /// The map as it is drawn. Each stage is computed only if its inputs have changed.
    fn update(&mut self, context: &ViewContext, place: &TrackPlace, of: HeatUse) -> Option<Arc<HeatMap>> {
        let choices = of.choices;
        let spectra = self.source(context, choices)?;
        // A difference is relative to 0 dB, on both sides.
        let difference = choices.source.is_difference();
        let normalisation = if difference { Normalisation::None } else { choices.normalisation };
        let kept = self
            .decibels
            .as_ref()
            .filter(|(made_for, made_of, _)| *made_for == normalisation && Arc::ptr_eq(&made_of.grid, &spectra.grid));
        if kept.is_none() {
            let decibels = Arc::new(Decibels::new(&spectra.grid, normalisation));
            self.decibels = Some((normalisation, spectra, decibels));
            self.map = None;
        }
        let (_, RunSpectra { axis: own, whose, .. }, cells) = self.decibels.as_ref()?;
        let plain = match choices.source {
            _ if self.given.is_some() => true,
            SpectrumSource::Sample => true,
            SpectrumSource::AgainstCompared => false,
            SpectrumSource::Samples | SpectrumSource::Theory | SpectrumSource::AgainstTheory => {
                context.desk.findings().is_some_and(|findings| context.is_of_run(findings))
            }
        };
        let key = MapKey {
            axis: AxisKey::new(context, place),
            plain,
            scale: choices.scale,
            range: of.range(),
            colour_map: if difference { ColourMap::Difference } else { context.view().colour_map },
        };
        if self.map.as_ref().is_none_or(|(kept, _)| *kept != key) {
            // All tracks share one axis, and each column is at its own noise level.
            let on = OnAxis::new(key.axis.time(context.axis().unwrap_or(own)), own);
            let MapKey { scale, range, colour_map, .. } = key;
            let mut map = heat_map(HeatMapFigure { on, cells, scale, range, colour_map });
            if !(plain && on.is_same()) {
                map.notes.push(verbatim(&on.in_words(whose)));
            }
            self.map = Some((key, Arc::new(map)));
        }
        self.map()
    }
}

/// Draws the map, its numbers and its colour bar.
pub(super) fn heat_ui(
    ui: &mut Ui,
    (place, of): (&TrackPlace, HeatUse),
    context: &ViewContext,
    state: &mut HeatView,
    out: &mut ViewOutput,
) {
    let Some(map) = state.update(context, place, of) else {
        words_ui(ui, place.plot, without_spectra(of, context));
        return;
    };
    if map.cells.is_empty() {
        let is_over = !state.spectra.is_busy() && context.run.is_some_and(|run| run.end.is_some());
        words_ui(ui, place.plot, if is_over { "No step of this run is in memory at full size" } else { "" });
        return;
    }
    let palette = Palette::of(ui);
    let plot = notes_ui(ui, place.plot, &map.notes, of.name());
    state.plot = Some(plot);
    out.textures.heat_maps.draw(ui, of.name(), plot, &map);
    if context.stale {
        ui.painter().rect_filled(plot, 0.0, palette.window.gamma_multiply(0.55));
    }
    match map.cells.of_rows {
        Rows::Frequencies => frequencies_ui(ui, (plot, place.head), &map, &palette),
        Rows::Levels(_) => levels_ui(ui, (plot, place.head), &map, &palette),
    }
    let pointer = place.pointer.filter(|at| plot.contains(*at));
    let read = pointer.and_then(|at| Some((at, cell_at(&map, plot, at)?)));
    let decibels = read.and_then(|(_, cell)| cell.decibels);
    let difference = of.choices.source.is_difference();
    let bar = BarOf { chosen: of.range(), difference, beside: of.beside, parts: of.parts };
    let (legend, bar_out) = (place.legend.with_min_y(plot.top()), (&mut *out.textures, &mut *out.intents));
    bar_ui(ui, legend, &map, bar, decibels, &mut state.bar, bar_out);
    let about = described(&map);
    let response = ui.interact(plot, ui.scope_id().with(of.name()), Sense::empty());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &about));
    if let Some((at, cell)) = read {
        let unit = if of.is_of_latents(context) { words::tracks::PX_OF_LATENTS } else { "px" };
        beside_pointer(ui, plot, at, in_words(cell, &map, unit), &palette);
    } else if let Some(at) = pointer.filter(|at| at.x > plot.center().x)
        && of.parts.is_none()
        && of.choices.quantity == SpectrumQuantity::Change
    {
        beside_pointer(ui, plot, at, AFTER_THE_LAST.to_owned(), &palette);
    }
}

/// Why there is no map.
fn without_spectra(of: HeatUse, context: &ViewContext) -> &'static str {
    let shown = context.desk.findings();
    let not_decoded = |findings: &&Arc<Findings>| !findings.ensemble.form().follows_steps(of.choices.quantity);
    match of.choices.source {
        SpectrumSource::Sample => "",
        source if source.needs_theory() && shown.is_some_and(|findings| findings.no_theory().is_some()) => {
            words::tracks::NO_DECODED_THEORY
        }
        _ if shown.as_ref().is_some_and(not_decoded) => words::tracks::NOT_DECODED,
        SpectrumSource::AgainstCompared if context.desk.findings().is_some() => words::tracks::NOTHING_COMPARED,
        _ if context.view().layout == Layout::Spectra => words::tracks::NOTHING_MEASURED,
        _ => "Nothing measured yet. Open the Spectra layout and press Measure",
    }
}

/// The cell under the pointer.
fn cell_at(map: &HeatMap, plot: Rect, at: Pos2) -> Option<Cell> {
    let [x, y] = transform_of(map, plot).values(at);
    map.at(x, y)
}

const fn transform_of(map: &HeatMap, plot: Rect) -> Transform {
    Transform::new(plot, map.x_axis.range, map.y_axis.range)
}

/// A description for screen readers.
fn described(map: &HeatMap) -> String {
    let (low, high) = map.range;
    let (low, high) = (ticks::number(f64::from(low), 0), ticks::number(f64::from(high), 0));
    format!("{} over {} and {}, {low} to {high} dB", map.label, map.x_axis.label, map.y_axis.label)
}

/// Frequencies at the left and wavelengths at the right.
fn frequencies_ui(ui: &Ui, (plot, head): (Rect, Rect), map: &HeatMap, palette: &Palette) {
    let painter = ui.painter();
    let on_screen = transform_of(map, plot);
    if plot.height() < 16.0 {
        return;
    }
    let font = theme::mono(SMALL - 1.0);
    let numbers = |ticks: &[Tick], x: f32, align: Align2, unit: &str| {
        let mut free = f32::NEG_INFINITY;
        // From the top, so that the finest level has its number.
        for (index, tick) in ticks.iter().rev().enumerate() {
            let y = on_screen.y(tick.at);
            let at = y.clamp(plot.top() + 6.0, plot.bottom() - 6.0);
            if at < free {
                continue;
            }
            let unit = if index == 0 { unit } else { "" };
            let label = format!("{}{unit}", tick.label);
            let galley = painter.layout_no_wrap(label, font.clone(), palette.secondary);
            let place = align.anchor_size(pos2(x, at), galley.size());
            if place.expand2(vec2(4.0, 0.0)).intersects(head) {
                continue;
            }
            free = at + 13.0;
            painter.galley(place.min, galley, palette.secondary);
            let (from, to) = if align == Align2::RIGHT_CENTER { (-4.0, 0.0) } else { (0.0, 4.0) };
            let edge = if align == Align2::RIGHT_CENTER { plot.left() } else { plot.right() };
            painter.hline((edge + from)..=(edge + to), y, Stroke::new(1.0, palette.faint));
        }
    };
    numbers(&map.y_axis.ticks, plot.left() - 8.0, Align2::RIGHT_CENTER, "");
    numbers(&map.wavelengths, plot.right() + 8.0, Align2::LEFT_CENTER, " px");
}

/// The levels' names at the left, with their colours, as many as fit.
fn levels_ui(ui: &Ui, (plot, head): (Rect, Rect), map: &HeatMap, palette: &Palette) {
    let painter = ui.painter();
    let on_screen = transform_of(map, plot);
    let row = plot.height() / map.y_axis.ticks.len().max(1) as f32;
    let mut free = f32::NEG_INFINITY;
    for (m, tick) in map.y_axis.ticks.iter().rev().enumerate() {
        let y = on_screen.y(tick.at);
        let swatch = Rect::from_center_size(pos2(plot.left() - 5.0, y), vec2(4.0, (row - 2.0).max(2.0)));
        painter.rect_filled(swatch, 1.0, colour(Paint::Level(m), palette));
        if y < free {
            continue;
        }
        let galley = painter.layout_no_wrap(tick.label.clone(), theme::mono(SMALL - 1.0), palette.secondary);
        let place = Align2::RIGHT_CENTER.anchor_size(pos2(plot.left() - 11.0, y), galley.size());
        if place.expand2(vec2(4.0, 0.0)).intersects(head) {
            continue;
        }
        // Digits have no descenders, so lines may be this close.
        free = y + 11.0;
        painter.galley(place.min, galley, palette.secondary);
    }
}

/// Why a map of changes ends before the axis.
const AFTER_THE_LAST: &str = words::tracks::AFTER_THE_LAST;

/// The step under the pointer.
fn in_words(cell: Cell, map: &HeatMap, unit: &str) -> String {
    // A column is centred at its state, which may be after the pointer.
    let own = match (map.on_its_own_axis, map.cells.placement()) {
        (true, Placement::Around) => "nearest step",
        (true, _) => "step",
        (false, Placement::Around) => "nearest step of its run",
        (false, _) => "step of its run",
    };
    let step = match cell.steps {
        (from, to) if from == to => format!("{own} {from}"),
        (from, to) => format!("{own} {from}→{to}"),
    };
    let wavelength = if cell.frequency > 0.0 {
        format!("{} {unit}", ticks::number(cell.frequency.recip(), 1))
    } else {
        "mean".to_owned()
    };
    let value = match cell.decibels {
        None => "unknown".to_owned(),
        Some(value) if value <= NOTHING => "nothing".to_owned(),
        Some(value) => format!("{} dB", ticks::number(f64::from(value), 1)),
    };
    if let (Rows::Levels(factor), Some(m)) = (map.cells.of_rows, cell.level) {
        return format!("{step}   {}   {value}", level_label(factor, m).replace("px", unit));
    }
    format!("{step}   f {:.3}   {wavelength}   {value}", cell.frequency)
}

fn beside_pointer(ui: &Ui, plot: Rect, at: Pos2, text: String, palette: &Palette) {
    let galley = ui.painter().layout_no_wrap(text, theme::mono(SMALL), palette.text);
    let size = galley.size();
    let room = plot.shrink(8.0);
    let left = if at.x + 14.0 + size.x > room.right() { at.x - 14.0 - size.x } else { at.x + 14.0 };
    let top = (at.y - 12.0 - size.y).clamp(room.top(), (room.bottom() - size.y).max(room.top()));
    let place = pos2(left.max(room.left()), top);
    ui.painter().rect_filled(Rect::from_min_size(place, size).expand2(vec2(6.0, 4.0)), 4.0, palette.field);
    ui.painter().galley(place, galley, palette.text);
}
