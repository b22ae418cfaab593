//! The track of the guidance scale over the run, or of the window of the local exact denoiser: points that are dragged.

use crate::app::draw::legend::legend_ui;
use crate::app::draw::number::{Limits, number};
use crate::app::draw::plot::lit_figure_ui;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{arrows, named, take_keyboard};
use crate::app::intent::Intent;
use crate::app::track::head::note;
use crate::app::track::schedule::editor::{alone, removed};
use crate::app::track::spectrum::HeatPlace;
use crate::app::track::stack::Tracks;
use crate::denoiser::WindowSize;
use crate::denoiser::guided::{GuidanceScale, ScaleCurve};
use crate::figure::{
    Dash, Figure, Line, NEXT, Paint, Reading, Role, TimeView, guidance_scale, scale_range, window_side,
};
use crate::session::RunSettings;
use crate::session::action::Action;
use crate::session::levels::LevelSet;
use crate::theory::NoiseLevel;
use egui::{Align2, CursorIcon, DragValue, Pos2, Rect, Sense, Stroke, Ui, WidgetInfo, pos2};
use std::sync::Arc;

/// Half the side of the place in which a point is taken, points.
const REACH: f32 = 12.0;
/// Largest k that is drawn, pixels.
const LARGEST: usize = 256;

/// The track's own state.
#[derive(Default)]
pub struct GuidanceTrack {
    /// The vertical range, kept while something is dragged, so that nothing moves under the hand.
    range: Option<(f64, f64)>,
    figure: Option<Arc<Figure>>,
    /// What the figure was made of.
    of: Option<Of>,
}

/// All that the figure depends on.
#[derive(Clone, Debug, PartialEq)]
struct Of {
    planned: u64,
    next: Option<u64>,
    reading: Reading,
    range: (f64, f64),
    zoom: crate::figure::TimeZoom,
    ticks: usize,
}

impl GuidanceTrack {
    /// What is on screen, for a file.
    #[must_use]
    pub fn figure(&self) -> Option<Figure> {
        self.figure.as_deref().cloned()
    }
}

/// What is drawn by hand.
enum Curve {
    Scale(GuidanceScale),
    Window(WindowSize),
}

impl Curve {
    fn of(settings: &RunSettings) -> Self {
        match &settings.local {
            Some(window) => Self::Window(window.clone()),
            None => Self::Scale(settings.guidance.clone().unwrap_or_default()),
        }
    }

    /// The least and greatest height that are worth a place.
    fn range(&self) -> (f64, f64) {
        match self {
            Self::Scale(scale) => scale_range(scale),
            Self::Window(_) => (0.0, 0.0),
        }
    }

    fn figure(&self, time: TimeView, range: (f64, f64)) -> Figure {
        match self {
            Self::Scale(scale) => guidance_scale(time, scale, Some(range)),
            Self::Window(window) => window_side(time, window, LARGEST),
        }
    }

    /// The points that can be dragged, x in run time or σ.
    fn points(&self) -> Vec<[f64; 2]> {
        match self {
            Self::Scale(GuidanceScale::Curve(curve)) => curve.points().to_vec(),
            Self::Window(WindowSize::Curve(points)) => points.iter().map(|&(sigma, k)| [sigma, k]).collect(),
            Self::Scale(_) | Self::Window(_) => Vec::new(),
        }
    }

    /// The change to other points, where they make a curve.
    fn to(&self, mut points: Vec<[f64; 2]>) -> Option<Intent> {
        Some(Intent::Change(match self {
            Self::Scale(_) => Action::SetGuidance(Some(GuidanceScale::Curve(ScaleCurve::new(points).ok()?))),
            Self::Window(_) => {
                points.sort_by(|a, b| a[0].total_cmp(&b[0]));
                let window = WindowSize::Curve(points.into_iter().map(|[sigma, k]| (sigma, k.max(1.0))).collect());
                window.check().ok()?;
                Action::SetLocal(Some(window))
            }
        }))
    }

    /// The change to the same points and one more, which comes where it belongs.
    fn with_added(&self, mut points: Vec<[f64; 2]>, new: [f64; 2]) -> Option<Intent> {
        if let Self::Scale(_) = self {
            let curve = ScaleCurve::new(points).and_then(|curve| curve.with_added(new)).ok()?;
            return Some(Intent::Change(Action::SetGuidance(Some(GuidanceScale::Curve(curve)))));
        }
        points.push(new);
        self.to(points)
    }

    const fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Scale(_) => ("s", "w"),
            Self::Window(_) => ("σ", "k"),
        }
    }

    /// The vertical place of a value in the figure's own units.
    fn height(&self, value: f64) -> f64 {
        match self {
            Self::Scale(_) => value,
            Self::Window(_) => value.max(1.0).log2(),
        }
    }

    fn value_at(&self, height: f64) -> f64 {
        match self {
            Self::Scale(_) => (100.0 * height).round() / 100.0,
            Self::Window(_) => height.exp2(),
        }
    }
}

pub(in crate::app) fn guidance_head_ui(ui: &Ui, rect: Rect, tracks: &Tracks) {
    let text = match Curve::of(tracks.shown_settings()) {
        Curve::Scale(GuidanceScale::Constant(w)) => format!("w = {w:.2}"),
        Curve::Scale(GuidanceScale::Curve(_)) => "w(s), drawn".to_owned(),
        Curve::Window(WindowSize::PerSigma(per_sigma)) => format!("window k = {per_sigma:.1} σ"),
        Curve::Window(WindowSize::Curve(_)) => "window k(σ), drawn".to_owned(),
    };
    note(ui, rect, rect.top() + 36.0, &text);
}

/// Where the editor draws.
struct Editor<'a> {
    plot: Rect,
    figure: &'a Figure,
    place: &'a HeatPlace,
    tracks: &'a Tracks<'a>,
    curve: &'a Curve,
}

impl Editor<'_> {
    fn steps(&self) -> f64 {
        self.tracks.axis().map_or(1.0, |axis| axis.steps() as f64)
    }

    fn at(&self, [x, value]: [f64; 2]) -> Option<Pos2> {
        let axis = self.tracks.axis()?;
        let step = match self.curve {
            Curve::Scale(_) => (1.0 - x) * self.steps(),
            Curve::Window(_) => axis.step_of_level(NoiseLevel::from_sigma(x)),
        };
        let along = self.place.zoom.place_of_x(axis.x_of_step(step, self.tracks.reading()));
        let (low, high) = self.figure.y_axis.range;
        let up = ((self.curve.height(value) - low) / (high - low)).clamp(0.0, 1.0);
        Some(pos2(
            self.plot.left() + self.plot.width() * along as f32,
            self.plot.bottom() - self.plot.height() * up as f32,
        ))
    }

    fn point_at(&self, at: Pos2) -> Option<[f64; 2]> {
        let axis = self.tracks.axis()?;
        let along = f64::from((at.x - self.plot.left()) / self.plot.width());
        let x = self.place.zoom.x_of_place(along).clamp(0.0, 1.0);
        let step = axis.step_of_x(x, self.tracks.reading());
        let (low, high) = self.figure.y_axis.range;
        let up = f64::from((self.plot.bottom() - at.y) / self.plot.height()).clamp(0.0, 1.0);
        let x = match self.curve {
            Curve::Scale(_) => (1.0 - step / self.steps()).clamp(0.0, 1.0),
            Curve::Window(_) => axis.level_at(step).sigma().clamp(1e-3, 1e4),
        };
        Some([x, self.curve.value_at(low + up * (high - low))])
    }
}

pub(in crate::app) fn guidance_track_ui(
    ui: &mut Ui,
    place: &HeatPlace,
    tracks: &Tracks,
    state: &mut GuidanceTrack,
    intents: &mut Vec<Intent>,
) {
    let (Some(axis), Some(planned)) = (tracks.axis(), tracks.planned) else { return };
    // What is taken hold of is that of the next run; it is laid over that of the run on screen.
    let (shown, curve) = (Curve::of(tracks.shown_settings()), Curve::of(tracks.settings));
    let (low, high) = shown.range();
    let (next_low, next_high) = curve.range();
    let range = state.range.unwrap_or_else(|| (low.min(next_low), high.max(next_high)));
    let next = tracks.ghost().map(|next| next.version);
    let (reading, zoom, ticks) = (tracks.reading(), place.zoom, place.ticks);
    let of = Of { planned: planned.version, next, reading, range, zoom, ticks };
    if state.of.as_ref() != Some(&of) {
        let time = TimeView { axis, reading, range: zoom.range(), ticks };
        let alike = std::mem::discriminant(&shown) == std::mem::discriminant(&curve);
        let mut figure = if alike { &shown } else { &curve }.figure(time, range);
        if next.is_some()
            && let Some(line) = curve.figure(time, range).lines.pop()
        {
            figure.lines.retain(|_| alike);
            let (name, paint) = (NEXT.into(), Paint::Role(Role::Warning));
            figure.lines.push(Line { name, paint, dash: Dash::Dashed, weight: 0.75, ..line });
        }
        state.figure = Some(Arc::new(figure));
        state.of = Some(of);
    }
    let Some(figure) = state.figure.clone() else { return };
    lit_figure_ui(ui, (place.plot, place.head), &figure, LevelSet::WHOLE);
    let middle = axis.x_of_step(tracks.place(), tracks.reading());
    let at = place.x_at_pointer().unwrap_or(middle);
    match &shown {
        Curve::Scale(_) => {
            let _ = legend_ui(ui, place.legend, &figure, at, (&tracks.levels, "Guidance scale"));
        }
        // The axis is logarithmic, and its numbers would be too.
        Curve::Window(window) => {
            let level = axis.level_at(axis.step_of_x(at, tracks.reading()));
            let text = format!("k = {} px", window.side_at(level));
            let color = Palette::of(ui).text;
            ui.painter().text(place.legend.left_top(), Align2::LEFT_TOP, text, theme::body(SMALL), color);
        }
    }
    let editor = Editor { plot: place.plot, figure: &figure, place, tracks, curve: &curve };
    let points = curve.points();
    for index in 0..points.len() {
        point_ui(ui, &editor, &points, index, state, intents);
    }
    add_ui(ui, &editor, &points, intents);
    if !ui.input(|input| input.pointer.any_down()) {
        state.range = None;
    }
}

/// The x at which a point is that was taken to `to`: between its neighbours, which over σ it must not reach. Where they
/// leave no room it stays where it is.
fn between(points: &[[f64; 2]], index: usize, to: f64, is_scale: bool) -> f64 {
    let (before, after) = (index.checked_sub(1).map(|before| points[before][0]), points.get(index + 1));
    let after = after.map(|after| after[0]);
    // s falls from point to point, σ rises.
    let (below, above) = if is_scale { (after, before) } else { (before, after) };
    let (below, above) = (below.unwrap_or(f64::NEG_INFINITY), above.unwrap_or(f64::INFINITY));
    let (low, high) = if is_scale {
        (below.max(0.0), above.min(1.0))
    } else {
        (below.max(1e-6) * (1.0 + 1e-6), above.min(1e6) * (1.0 - 1e-6))
    };
    if low <= high { to.clamp(low, high) } else { points[index][0] }
}

fn point_ui(
    ui: &mut Ui,
    editor: &Editor,
    points: &[[f64; 2]],
    index: usize,
    state: &mut GuidanceTrack,
    intents: &mut Vec<Intent>,
) {
    let point = points[index];
    let Some(at) = editor.at(point).filter(|at| editor.plot.x_range().contains(at.x)) else { return };
    let reach = Rect::from_center_size(at, egui::Vec2::splat(2.0 * REACH));
    let response = ui.interact(reach, ui.scope_id().with(("steering point", index)), Sense::click_and_drag());
    let (x_name, y_name) = editor.curve.names();
    let name = format!("Point {}: {x_name} {:.3}, {y_name} {:.2}", index + 1, point[0], point[1]);
    response.widget_info(|| WidgetInfo::slider(true, point[1], &name));
    let palette = Palette::of(ui);
    let lit = response.hovered() || response.dragged() || response.has_focus();
    let radius = if lit { 6.0 } else { 4.5 };
    ui.painter().circle(at, radius, palette.window, Stroke::new(2.0, if lit { palette.text } else { palette.accent }));
    let moved = |to: [f64; 2]| {
        let mut all = points.to_vec();
        all[index] = [between(points, index, to[0], matches!(editor.curve, Curve::Scale(_))), to[1]];
        editor.curve.to(all)
    };
    if response.drag_started() {
        state.range = matches!(editor.curve, Curve::Scale(_)).then_some(editor.figure.y_axis.range);
    }
    if response.dragged()
        && let Some(to) = response.interact_pointer_pos().and_then(|at| editor.point_at(at))
    {
        intents.extend(moved(to));
    }
    take_keyboard(&response);
    let by = arrows(ui, &response);
    if by != egui::Vec2::ZERO {
        let (right, up) = (f64::from(by.x), f64::from(by.y));
        intents.extend(moved(match editor.curve {
            Curve::Scale(_) => [point[0] - 0.01 * right, point[1] + 0.1 * up],
            Curve::Window(_) => [point[0] * 0.95_f64.powf(right), point[1] + up],
        }));
    }
    if removed(ui, &response) && points.len() > 1 {
        intents.extend(without(editor, points, index));
    }
    if response.drag_stopped() || response.lost_focus() {
        intents.push(Intent::EndGesture);
    }
    response.context_menu(|ui| {
        let mut to = point;
        ui.horizontal(|ui| {
            for (name, value) in [(x_name, 0), (y_name, 1)] {
                ui.label(name);
                let field = DragValue::new(&mut to[value]).speed(0.01).max_decimals(4);
                let field = number(ui, field, Limits::none());
                named(ui, &field, &format!("{name} of point {}", index + 1));
            }
        });
        if to != point {
            intents.extend(moved(to));
        }
        if points.len() > 1 && ui.button("Delete point (Del)").clicked() {
            intents.extend(without(editor, points, index));
            ui.close();
        }
    });
    let removes = if points.len() > 1 { "; Del takes it away" } else { "" };
    let tip = format!("Drag, or arrow keys (with Shift ten times as far){removes}; right click: exact values");
    response.on_hover_cursor(CursorIcon::Grab).on_hover_text(tip);
}

fn without(editor: &Editor, points: &[[f64; 2]], index: usize) -> Vec<Intent> {
    let mut left = points.to_vec();
    left.remove(index);
    editor.curve.to(left).map(alone).into_iter().flatten().collect()
}

/// A double-click adds a point.
fn add_ui(ui: &Ui, editor: &Editor, points: &[[f64; 2]], intents: &mut Vec<Intent>) {
    let clicked = ui.input(|input| {
        let at = input.pointer.interact_pos()?;
        input.pointer.button_double_clicked(egui::PointerButton::Primary).then_some(at)
    });
    let Some(at) = clicked.filter(|at| editor.plot.contains(*at)) else { return };
    let on_one = points.iter().filter_map(|point| editor.at(*point)).any(|point| point.distance(at) < REACH);
    let Some(new) = editor.point_at(at).filter(|_| !on_one) else { return };
    let mut all = points.to_vec();
    if all.is_empty() {
        let level = |s: f64| match editor.curve {
            Curve::Scale(scale) => [s, scale.at(s)],
            Curve::Window(window) => {
                let sigma = 16.0_f64.powf(2.0 * s - 1.0);
                [sigma, window.side_at(NoiseLevel::from_sigma(sigma)) as f64]
            }
        };
        all.extend([level(1.0), level(0.0)]);
    }
    intents.extend(editor.curve.with_added(all, new).map(alone).into_iter().flatten());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_stays_between_its_neighbours_however_near_they_are() {
        let points = [[0.5, 3.0], [0.500_000_5, 4.0], [0.500_001, 5.0]];
        assert_eq!(between(&points, 1, 2.0, false), 0.500_000_5, "there is no room");
        assert!((between(&points, 0, 2.0, false) - 0.5).abs() < 1e-5);
        let falling = [[0.8, 3.0], [0.5, 4.0], [0.5, 5.0]];
        assert_eq!(between(&falling, 1, 2.0, true), 0.8);
        assert_eq!(between(&falling, 2, 2.0, true), 0.5);
        assert_eq!(between(&falling, 0, 2.0, true), 1.0);
        let apart = [[1.0, 3.0], [2.0, 4.0], [3.0, 5.0]];
        assert_eq!(between(&apart, 1, 2.5, false), 2.5);
        assert!(between(&apart, 1, 9.0, false) < 3.0 && between(&apart, 1, 0.0, false) > 1.0);
    }
}
