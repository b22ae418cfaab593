//! The tracks: everything that has time, stacked, on one horizontal axis with one zoom and one playhead through all.

use crate::app::draw::icons::{Icon, draw_icon};
use crate::app::draw::legend::legend_ui;
use crate::app::draw::level_button::Levels;
use crate::app::draw::notes::{notes_ui, words_ui};
use crate::app::draw::plot::{StripUse, lit_figure_ui, strips_ui};
use crate::app::draw::textures::Textures;
use crate::app::draw::theme::{self, BODY, Palette, SMALL};
use crate::app::draw::widgets::{arrows, elided};
use crate::app::intent::Intent;
use crate::app::measure_desk::MeasureDesk;
use crate::app::planned::Planned;
use crate::app::run_view::RunView;
use crate::app::track::axis::{axis_ui, move_ui, playhead_ui, ticks_for};
use crate::app::track::figures::figure_of;
use crate::app::track::film::film_ui;
use crate::app::track::guidance::{GuidanceTrack, guidance_track_ui};
use crate::app::track::head::head_ui;
use crate::app::track::menu::{Placed, plots_menu_ui, values_in_plain};
use crate::app::track::parts::{PartsTrack, parts_track_ui};
use crate::app::track::schedule::editor::{Editor, editor_ui};
use crate::app::track::spectrum::{HeatPlace, HeatTrack, HeatUse, heat_track_ui};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::ensemble::{ComesTo, Findings};
use crate::figure::draw::Content;
use crate::figure::{Figure, NEXT, Reading, TimeAxis, TimeZoom};
use crate::runtime::{RunId, Wake};
use crate::schedule::PlanWarning;
use crate::session::RunSettings;
use crate::session::action::Action;
use crate::session::document::{
    AdjustedView, LevelReading, Measure, Stacking, TRACK_HEIGHTS, TheoremView, Track, TrackChoice, ViewChoices,
};
use crate::session::heat_map::SpectrumSource;
use crate::session::playback::Command;
use crate::theory::Calibration;
use egui::{Align2, CursorIcon, Pos2, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Width of a track's head, points.
pub(in crate::app) const HEAD: f32 = 184.0;
/// How much of it at the right is for the numbers of the vertical axis, points.
pub(in crate::app) const NUMBERS: f32 = 56.0;
/// Width of a track's legend, points.
const LEGEND: f32 = 134.0;
/// Height of a folded track and of the axis, points.
pub(in crate::app) const LINE: f32 = 30.0;
/// Space around the plot of a track that is not low, points.
const PAD: f32 = 8.0;
/// Least height of a track, points.
const LEAST: f32 = 24.0;

/// Where a track's plot stands: a low track has less space around it.
pub(in crate::app) fn plot_y(track: Rect) -> RangeInclusive<f32> {
    let pad = (0.14 * track.height()).min(PAD);
    (track.top() + pad)..=(track.bottom() - pad)
}

/// What the tracks need to know.
pub struct Tracks<'a> {
    /// All that views may read.
    pub context: ViewContext<'a>,
    /// The run on screen.
    pub run: Option<&'a RunView>,
    /// The schedule of the run on screen; before there is one, that of the next.
    pub planned: Option<&'a Planned>,
    /// The schedule of the next run.
    pub next: Option<&'a Planned>,
    /// What is known of ensembles.
    pub measure: &'a MeasureDesk,
    /// Position of the playhead, in steps.
    pub position: f64,
    /// What the user chose to see.
    pub view: &'a ViewChoices,
    /// Which sample of the batch.
    pub sample: usize,
    /// The levels that are isolated, and those that can be.
    pub levels: Levels,
    /// Something new has been computed for a while, and this is the old.
    pub stale: bool,
    /// What the next run is made with.
    pub settings: &'a RunSettings,
    /// The model's names of its classes.
    pub class_names: &'a [String],
    /// How many times as large a cascade's stages are as those before.
    pub stage_factor: usize,
}

impl Tracks<'_> {
    pub(in crate::app) fn reading(&self) -> Reading {
        Reading::from(self.view.axis)
    }

    /// The tracks of this layout, top to bottom.
    pub(in crate::app) fn shown(&self) -> Vec<TrackChoice> {
        let layout = self.view.layout;
        self.view.tracks.iter().copied().filter(|choice| choice.shown && choice.track.is_in(layout)).collect()
    }

    /// The schedule of the next run, where that is another than the one that is shown.
    pub(in crate::app) fn ghost(&self) -> Option<&Planned> {
        let (next, shown) = (self.next?, self.planned?);
        (next.version != shown.version && !next.looks_like(shown)).then_some(next)
    }

    /// The settings of the run on screen; before there is one, those of the next.
    pub(in crate::app) fn shown_settings(&self) -> &RunSettings {
        let of_run = self.run.map(|run| &*run.started.settings);
        self.planned.map(|planned| &planned.settings).or(of_run).unwrap_or(self.settings)
    }

    /// The axis that all tracks share, of the run on screen.
    pub(in crate::app) fn axis(&self) -> Option<&TimeAxis> {
        self.planned.map(|planned| &planned.axis).or_else(|| self.run.map(|run| &run.axis))
    }

    /// By which another axis is told from this one.
    pub(in crate::app) fn axis_of(&self) -> AxisOf {
        self.planned.map(|planned| planned.version).ok_or(self.run.map(|run| run.id))
    }

    /// What was measured, where it can be drawn over the levels of these images.
    pub(in crate::app) fn findings(&self) -> Option<&Arc<Findings>> {
        self.measure.findings().filter(|_| self.other_images().is_none())
    }

    /// Why what was measured cannot be drawn over these levels; `None` where it can, or where there is nothing.
    pub(in crate::app) fn other_images(&self) -> Option<String> {
        let (findings, run) = (self.measure.findings()?, self.run?);
        let image = findings.ensemble.origin().resolved.image;
        let [_, _, height, width] = run.started.shape;
        ((image.height, image.width) != (height, width)).then(|| {
            let (title, w, h) = (findings.ensemble.title(), image.width, image.height);
            format!("not drawn: {title}, as its images are {w}×{h} px and these {width}×{height} px, whose levels are others")
        })
    }

    /// Whether the run on screen is of the kind that was measured.
    pub(in crate::app) fn is_of_run(&self, findings: &Findings) -> bool {
        self.run.is_some_and(|run| {
            let [_, _, height, width] = run.started.shape;
            let comes_to = ComesTo { levels: &run.started.levels, size: (height, width) };
            findings.ensemble.is_of(&run.started.settings, Some(comes_to))
        })
    }

    /// The place of the playhead on that axis, in its own steps.
    pub(in crate::app) fn place(&self) -> f64 {
        match (self.axis(), self.run) {
            (Some(axis), Some(run)) if run.steps() != axis.steps() => {
                self.position * axis.steps() as f64 / run.steps() as f64
            }
            _ => self.position,
        }
    }

    /// The run's step at a place on the axis.
    pub(in crate::app) fn step_of(&self, place: f64) -> f64 {
        match (self.axis(), self.run) {
            (Some(axis), Some(run)) if run.steps() != axis.steps() => place * run.steps() as f64 / axis.steps() as f64,
            _ => place,
        }
    }
}

/// The schedule that is shown, or where none is the run.
pub(in crate::app) type AxisOf = Result<u64, Option<RunId>>;

/// The tracks' own state.
#[derive(Default)]
pub struct TracksState {
    /// The stretch of the axis that is shown.
    pub zoom: TimeZoom,
    /// x of the shared axis under the pointer.
    pub(in crate::app) hovered: Option<f64>,
    /// Where the pointer is.
    pub(in crate::app) pointer: Option<Pos2>,
    figures: HashMap<Track, (FigureKey, Arc<Figure>)>,
    /// Of the track of spectra.
    heat: HeatTrack,
    heat_beside: HeatTrack,
    /// Of the track of parts.
    pub(in crate::app) parts: PartsTrack,
    /// Of the track of the guidance scale.
    pub(in crate::app) guidance: GuidanceTrack,
    /// The largest difference that the track of Theorem 1 found.
    pub(in crate::app) largest_difference: Option<f64>,
}

impl TracksState {
    /// Why something that a track shows could not be computed.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.heat.failure().or_else(|| self.heat_beside.failure()).or_else(|| self.parts.failure())
    }

    /// `wake` is called when something that was computed beside is there.
    #[must_use]
    pub fn new(wake: Wake) -> Self {
        Self {
            heat_beside: HeatTrack::new(Arc::clone(&wake)),
            parts: PartsTrack::new(Arc::clone(&wake)),
            heat: HeatTrack::new(wake),
            ..Self::default()
        }
    }

    /// Whether a track shows what was measured, or what theory expects of that.
    #[must_use]
    pub fn is_of_samples(&self, track: Track, view: &ViewChoices) -> bool {
        match track {
            Track::Chromatogram => self.figures.get(&track).is_some_and(|(key, _)| key.measured.is_some()),
            Track::SpectrumOfChange => view.heat_map.source != SpectrumSource::Sample,
            Track::SpectrumBeside => view.heat_map.beside != SpectrumSource::Sample,
            _ => false,
        }
    }

    /// What a track shows at an x of the axis, and of a heat map at a place on the screen; a line each.
    pub(in crate::app) fn values_at(&self, track: Track, x: f64, at: Pos2) -> Vec<String> {
        match track {
            Track::SpectrumOfChange => self.heat.read_at(at),
            Track::SpectrumBeside => self.heat_beside.read_at(at),
            Track::PartsByLevel => self.parts.values_at(x, at),
            Track::Guidance => self.guidance.figure().map(|figure| values_in_plain(&figure, x)).unwrap_or_default(),
            _ => self.figures.get(&track).map(|(_, figure)| values_in_plain(figure, x)).unwrap_or_default(),
        }
    }

    /// What a track shows, for a file.
    #[must_use]
    pub fn content(&self, track: Track) -> Option<Content> {
        match track {
            Track::SpectrumOfChange => self.heat.map().map(Content::from),
            Track::SpectrumBeside => self.heat_beside.map().map(Content::from),
            Track::PartsByLevel => self.parts.content(),
            Track::Guidance => self.guidance.figure().map(Content::from),
            _ => self.figures.get(&track).map(|(_, figure)| Figure::clone(figure).into()),
        }
    }
}

/// All that a figure depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::app) struct FigureKey {
    pub(in crate::app) of: AxisOf,
    /// The one that is laid over it.
    pub(in crate::app) next: Option<u64>,
    pub(in crate::app) reading: Reading,
    pub(in crate::app) zoom: TimeZoom,
    pub(in crate::app) measure: Measure,
    pub(in crate::app) stacking: Stacking,
    pub(in crate::app) level_reading: LevelReading,
    pub(in crate::app) adjusted: AdjustedView,
    pub(in crate::app) theorem: TheoremView,
    pub(in crate::app) range: Option<(f64, f64)>,
    pub(in crate::app) ticks: usize,
    /// Version of what was measured, where that is shown, and the theory beside it.
    pub(in crate::app) measured: Option<(u64, Calibration)>,
    /// Version of what was measured, and the run that it may be of.
    pub(in crate::app) desk: Option<(u64, Option<RunId>)>,
}

/// Draws the tracks in the space there is.
pub fn tracks_ui(ui: &mut Ui, tracks: &Tracks, state: &mut TracksState, out: &mut ViewOutput) {
    let palette = Palette::of(ui);
    let space = ui.available_rect_before_wrap();
    ui.allocate_rect(space, Sense::hover());
    let plot_x = (space.left() + 16.0 + HEAD)..=(space.right() - 32.0 - LEGEND);
    let axis = Rect::from_min_max(space.min, pos2(space.right(), space.top() + LINE));
    let whole = Rect::from_x_y_ranges(plot_x.clone(), axis.bottom()..=space.bottom());
    // First, so that what lies above it takes clicks before it does.
    let response = tracks.axis().map(|axis| move_ui(ui, whole, axis, tracks, state, out.intents));
    axis_ui(ui, axis, &plot_x, tracks, state, out.intents);

    let shown = tracks.shown();
    let places = placed(&shown, Rect::from_min_max(pos2(space.left(), axis.bottom()), space.max));
    for (index, (choice, rect)) in shown.iter().zip(&places).enumerate() {
        ui.painter().hline(rect.x_range(), rect.top(), Stroke::new(1.0, palette.hairline));
        let head =
            head_ui(ui, *rect, *choice, tracks, state.largest_difference, (&mut *out.textures, &mut *out.intents));
        let plot = Rect::from_x_y_ranges(plot_x.clone(), plot_y(*rect));
        if !choice.folded && plot.height() >= 12.0 {
            let left = plot.right() + 16.0;
            let legend = Rect::from_min_max(pos2(left, plot.top()), pos2(space.right() - 16.0, plot.bottom()));
            track_ui(ui, (plot, legend, head), choice.track, tracks, state, out);
        }
        if index + 1 < shown.len() {
            boundary_ui(ui, &shown, &places, index, out.intents);
        }
    }
    if shown.is_empty() {
        let text = "All tracks are hidden; the menu at the top right shows them again";
        ui.painter().text(whole.center(), Align2::CENTER_CENTER, text, theme::body(BODY), palette.secondary);
    }
    if let Some((shared, response)) = tracks.axis().zip(response) {
        let placed = Placed { shown: &shown, places: &places, whole };
        plots_menu_ui(&response, &placed, shared, tracks, state, out);
        playhead_ui(ui, (whole, axis), shared, tracks, state, &response);
    }
}

/// Where the tracks stand: folded ones a line high, the others by their heights, together all of the space.
fn placed(shown: &[TrackChoice], space: Rect) -> Vec<Rect> {
    let (folded, mut open): (Vec<&TrackChoice>, Vec<&TrackChoice>) = shown.iter().partition(|track| track.folded);
    let mut room = (space.height() - LINE * folded.len() as f32).max(0.0);
    // Where there is no room for all, none goes without.
    let least = LINE.min(room / open.len().max(1) as f32).max(LEAST);
    // Those that would be too low have the least; the others share what is left.
    let scale = loop {
        let wanted: f32 = open.iter().map(|track| track.height).sum();
        let scale = room / wanted.max(1.0);
        let before = open.len();
        open.retain(|track| track.height * scale >= least);
        if open.len() == before {
            break scale;
        }
        room = (room - least * (before - open.len()) as f32).max(0.0);
    };
    let mut top = space.top();
    let mut place = |choice: &TrackChoice| {
        let height = if choice.folded { LINE } else { (choice.height * scale).max(least) };
        let rect = Rect::from_x_y_ranges(space.x_range(), top..=(top + height).min(space.bottom().max(top)));
        top += height;
        rect
    };
    shown.iter().map(&mut place).collect()
}

/// The line between two tracks, which can be dragged: what one gains the next unfolded one loses.
fn boundary_ui(ui: &Ui, shown: &[TrackChoice], places: &[Rect], index: usize, intents: &mut Vec<Intent>) {
    let upper = shown[..=index].iter().rposition(|track| !track.folded);
    let lower = shown[index + 1..].iter().position(|track| !track.folded).map(|at| index + 1 + at);
    let (Some(upper), Some(lower)) = (upper, lower) else { return };
    let y = places[index].bottom();
    let rect = Rect::from_x_y_ranges(places[index].x_range(), (y - 3.0)..=(y + 3.0));
    let (above, below) = (shown[upper], shown[lower]);
    let id = ui.scope_id().with(("boundary", above.track, below.track));
    let response = ui.interact(rect, id, Sense::click_and_drag()).on_hover_cursor(CursorIcon::ResizeVertical);
    let name = format!("Height of {} and {}", above.track.name(), below.track.name());
    response.widget_info(|| WidgetInfo::slider(true, f64::from(above.height), &name));
    let palette = Palette::of(ui);
    if response.hovered() || response.dragged() || response.has_focus() {
        let color = if response.dragged() || response.has_focus() { palette.accent } else { palette.faint };
        ui.painter().hline(rect.x_range(), y, Stroke::new(2.0, color));
    }
    let keys = -8.0 * arrows(ui, &response).y;
    let scale = above.height / places[upper].height().max(1.0);
    let by = (response.drag_delta().y + keys) * scale;
    let by = by.clamp(TRACK_HEIGHTS.0 - above.height, below.height - TRACK_HEIGHTS.0);
    let heights = if response.double_clicked() {
        vec![(above.track, above.track.default_height()), (below.track, below.track.default_height())]
    } else if by != 0.0 {
        vec![(above.track, above.height + by), (below.track, below.height - by)]
    } else {
        Vec::new()
    };
    if !heights.is_empty() {
        intents.push(Intent::Change(Action::SetTrackHeights(heights)));
    }
    if response.drag_stopped() {
        intents.push(Intent::EndGesture);
    }
}

/// The film strip, and how much of it is kept as thumbnails only.
fn film_strip_ui(ui: &Ui, (plot, legend): (Rect, Rect), tracks: &Tracks, zoom: TimeZoom, textures: &mut Textures) {
    let Some(run) = tracks.run else { return };
    film_ui(ui, plot, run, tracks, zoom, textures);
    let small = run.small_steps();
    if small > 0 {
        let text = format!("{} kept as\nthumbnails (1 GiB)", crate::words::count(small, "step"));
        let palette = Palette::of(ui);
        ui.painter().text(legend.left_top(), Align2::LEFT_TOP, text, theme::body(SMALL), palette.warning);
    }
}

fn track_ui(
    ui: &mut Ui,
    (plot, legend, head): (Rect, Rect, Rect),
    track: Track,
    tracks: &Tracks,
    state: &mut TracksState,
    out: &mut ViewOutput,
) {
    let (textures, intents) = (&mut *out.textures, &mut *out.intents);
    if track == Track::FilmStrip {
        film_strip_ui(ui, (plot, legend), tracks, state.zoom, textures);
        return;
    }
    if matches!(track, Track::SpectrumOfChange | Track::SpectrumBeside) {
        let (pointer, zoom, ticks) = (state.pointer, state.zoom, ticks_for(plot.width()));
        let place = HeatPlace { plot, legend, head, pointer, zoom, ticks };
        let choices = tracks.view.heat_map;
        let (of, heat) = if track == Track::SpectrumBeside {
            (HeatUse::beside(choices), &mut state.heat_beside)
        } else {
            (HeatUse::main(choices), &mut state.heat)
        };
        heat_track_ui(ui, (&place, of), tracks, heat, (textures, intents));
        return;
    }
    if matches!(track, Track::Guidance | Track::PartsByLevel) {
        let place =
            HeatPlace { plot, legend, head, pointer: state.pointer, zoom: state.zoom, ticks: ticks_for(plot.width()) };
        if track == Track::Guidance {
            guidance_track_ui(ui, &place, tracks, &mut state.guidance, intents);
        } else {
            parts_track_ui(ui, &place, tracks, &mut state.parts, (textures, intents));
        }
        return;
    }
    let Some(axis) = tracks.axis() else { return };
    let key = FigureKey {
        of: tracks.axis_of(),
        next: tracks.ghost().map(|next| next.version),
        reading: tracks.reading(),
        zoom: state.zoom,
        measure: tracks.view.measure,
        stacking: tracks.view.stacking,
        level_reading: tracks.view.level_reading,
        adjusted: tracks.view.adjusted,
        theorem: tracks.view.theorem,
        range: out.hand.range.filter(|_| track == Track::Schedule),
        ticks: ticks_for(plot.width()),
        measured: tracks
            .findings()
            .filter(|_| track == Track::Chromatogram && tracks.view.stacking == Stacking::Lines)
            .map(|_| (tracks.measure.version(), tracks.view.theory)),
        desk: (track == Track::Chromatogram).then(|| (tracks.measure.version(), tracks.run.map(|run| run.id))),
    };
    let kept = state.figures.get(&track).filter(|(kept, _)| *kept == key).map(|(_, figure)| Arc::clone(figure));
    let figure = kept.or_else(|| {
        let (figure, difference) = figure_of(track, tracks, axis, key)?;
        let figure = Arc::new(figure);
        if track == Track::Theorem {
            state.largest_difference = difference;
        }
        state.figures.insert(track, (key, Arc::clone(&figure)));
        Some(figure)
    });
    let Some(figure) = figure else {
        if track == Track::Theorem {
            words_ui(ui, plot, "Lay a kept schedule over the run's to compare the two");
        }
        return;
    };
    let plot = notes_ui(ui, plot, &figure.notes, track.name());
    lit_figure_ui(ui, (plot, head), &figure, tracks.levels.lit());
    match strips_ui(ui, plot, &figure, &tracks.levels, track.name()) {
        Some(StripUse::Isolate(levels)) => intents.push(Intent::Change(Action::Isolate(levels))),
        Some(StripUse::Drag(at)) => {
            let x = state.zoom.x_of_place(f64::from((at.x - plot.left()) / plot.width())).clamp(0.0, 1.0);
            intents.push(Intent::Playback(Command::Seek(tracks.step_of(axis.step_of_x(x, tracks.reading())))));
        }
        None => {}
    }
    let at = state.hovered.unwrap_or_else(|| axis.x_of_step(tracks.place(), tracks.reading()));
    // As high as the track: six levels have a row each in a window of 720 points.
    let legend = Rect::from_min_max(legend.min - vec2(0.0, 3.0), legend.max + vec2(0.0, PAD - 1.0));
    // Where a level is most at home it has its plain name.
    let place = if track == Track::Chromatogram { "" } else { track.name() };
    let named_ui = |ui: &Ui, legend: Rect, intents: &mut Vec<Intent>| {
        let isolate = legend_ui(ui, legend, &figure, at, (&tracks.levels, place));
        intents.extend(isolate.map(|levels| Intent::Change(Action::Isolate(levels))));
    };
    let Some(planned) = tracks.next.filter(|_| track == Track::Schedule) else {
        named_ui(ui, legend, intents);
        return;
    };
    let (reading, zoom, view) = (tracks.reading(), state.zoom, tracks.view);
    let editor = Editor { plot, figure: &figure, planned, shown: axis, axis: reading, zoom, view };
    editor_ui(ui, &editor, out.hand, intents);
    // One is kept for the next run.
    let rows = figure.lines.len() + usize::from(figure.lines.iter().all(|line| line.name != NEXT));
    let (names, rest) = legend.split_top_bottom_at_y(warnings_at(legend, rows, planned.warnings.len()));
    named_ui(ui, names, intents);
    warnings_ui(ui, rest, tracks.ghost().or(tracks.planned).unwrap_or(planned));
}

/// Height of the line of a warning, and the least of a curve's in the legend, points.
const WARNING: f32 = 16.0;
const LEAST_ROW: f32 = 15.0;

/// Where the legend ends and the warnings begin: each warning has its line as long as a curve has one, too.
fn warnings_at(legend: Rect, lines: usize, warnings: usize) -> f32 {
    let names = 18.0 * lines as f32;
    let wanted = if warnings > 0 { WARNING * warnings.min(2) as f32 + 4.0 } else { 0.0 };
    let least = (LEAST_ROW * lines as f32).min(legend.height() - WARNING - 4.0).max(WARNING);
    legend.top() + names.min((legend.height() - wanted).max(least)).min(legend.height())
}

/// What is questionable about the steps, in a few words each; in full, and with what to do, under the pointer.
fn warnings_ui(ui: &Ui, rect: Rect, planned: &Planned) {
    let palette = Palette::of(ui);
    let steps = planned.plan.steps();
    let mut top = rect.top() + 4.0;
    let sentence = |warning: &PlanWarning| format!("{warning}: {}", warning.advice());
    for (index, warning) in planned.warnings.iter().enumerate() {
        let line = Rect::from_x_y_ranges(rect.x_range(), top..=(top + WARNING));
        let left = planned.warnings.len() - index;
        if line.bottom() > rect.bottom() + 1.0 {
            break;
        }
        // The last line stands for those that have none.
        let is_last = left > 1 && line.bottom() + WARNING > rect.bottom() + 1.0;
        let mark = Rect::from_center_size(line.left_center() + vec2(6.0, 0.0), vec2(11.0, 11.0));
        draw_icon(ui, mark, Icon::Warning, palette.warning);
        let of = warning.steps(steps);
        let which = match of.as_slice() {
            [only] => format!("{only}: "),
            [first, .., last] => format!("{first}–{last}: "),
            [] => String::new(),
        };
        let (text, sentence) = if is_last {
            let all: Vec<String> = planned.warnings[index..].iter().map(sentence).collect();
            (format!("… {left} warnings"), all.join("\n\n"))
        } else {
            (format!("{which}{}", warning.short()), sentence(warning))
        };
        let galley = elided(ui, &text, theme::body(SMALL - 1.0), palette.warning, line.width() - 16.0);
        let at = pos2(line.left() + 16.0, line.center().y - 0.5 * galley.size().y);
        ui.painter().galley(at, galley, palette.warning);
        let response = ui.interact(line, ui.scope_id().with(("warning", index)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Warning: {sentence}")));
        response.on_hover_text(sentence);
        if is_last {
            break;
        }
        top += WARNING;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_fill_the_space_and_folded_ones_take_a_line() {
        let space = Rect::from_min_size(pos2(0.0, 10.0), vec2(100.0, 500.0));
        let mut choices = [Track::FilmStrip, Track::Schedule, Track::Chromatogram].map(TrackChoice::new);
        choices[1].folded = true;
        let places = placed(&choices, space);
        assert_eq!(places[1].height(), LINE);
        assert_eq!(places[0].top(), 10.0);
        assert!((places[2].bottom() - 510.0).abs() < 1e-3);
        let ratio = places[0].height() / places[2].height();
        assert!((ratio - choices[0].height / choices[2].height).abs() < 1e-3);
    }

    #[test]
    fn in_a_low_window_every_track_keeps_a_plot_within_the_space() {
        for (count, height) in [(4, 186.0), (6, 190.0), (7, 175.0), (2, 61.0)] {
            let space = Rect::from_min_size(pos2(0.0, 10.0), vec2(100.0, height));
            let choices: Vec<TrackChoice> = Track::ALL.into_iter().take(count).map(TrackChoice::new).collect();
            let places = placed(&choices, space);
            for place in &places {
                assert!(place.height() >= LINE.min(height / count as f32) - 1e-3, "{count}: {place:?}");
                let plot = plot_y(*place);
                assert!(plot.end() - plot.start() >= 16.0, "{count}: {place:?}");
            }
            assert!((places[count - 1].bottom() - space.bottom()).abs() < 1e-3, "{count}: {places:?}");
        }
    }
}
