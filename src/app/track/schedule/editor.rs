//! Editing the schedule: control points and steps as widgets over the plot.

use crate::app::draw::number::{Limits, number_with};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::transform::Transform;
use crate::app::draw::widgets::{arrows, named, take_keyboard};
use crate::app::intent::Intent;
use crate::app::planned::Planned;
use crate::app::schedule_hand::ScheduleHand;
use crate::app::track::place::TimeScale;
use crate::app::track::schedule::list_steps::{step_words, with_level};
use crate::app::words;
use crate::figure::{Figure, level_of_value, level_value, ticks};
use crate::schedule::explain::MadeOf;
use crate::schedule::{ControlPoint, Curve, Drawn, LevelList, MOST_LOG_SNR, PlanSource};
use crate::session::action::Action;
use crate::session::document::{LevelReading, ViewChoices};
use crate::theory::NoiseLevel;
use egui::{
    Align2, CursorIcon, DragValue, Id, Key, Modifiers, PointerButton, Pos2, Rect, Response, Sense, Stroke, Ui, Vec2,
    WidgetInfo, pos2, vec2,
};

/// Half the side of a point's target, points.
const REACH: f32 = 12.0;
/// Largest deviation of a drawn curve from the schedule that it is made from, in flow time.
const CLOSE: f64 = 3e-3;
/// Most steps of a list that can be dragged one by one.
const MOST_HANDLES: usize = 200;
/// Most control points of such a curve.
const MOST_AT_FIRST: usize = 12;

/// The drawing area of the editor, and its inputs.
pub(super) struct ScheduleEditor<'a> {
    /// The plot.
    pub plot: Rect,
    /// The figure drawn in it.
    pub figure: &'a Figure,
    /// The schedule of the next run, which is edited.
    pub planned: &'a Planned,
    /// The axis that it is drawn on, by run time.
    pub scale: TimeScale<'a>,
    /// From the figure's values to the screen.
    pub map: Transform,
    /// The user's settings.
    pub view: &'a ViewChoices,
    /// What the steps make.
    pub made_of: MadeOf,
}

impl ScheduleEditor<'_> {
    fn x_of_step(&self, step: f64) -> f32 {
        self.scale.screen_of_step(step * self.scale.axis().steps() as f64 / self.steps())
    }

    fn step_at(&self, x: f32) -> f64 {
        self.scale.step_at(x) * self.steps() / self.scale.axis().steps() as f64
    }

    fn y_of_level(&self, level: NoiseLevel) -> f32 {
        let (low, high) = self.figure.y_axis.range;
        self.map.y(level_value(self.view.level_reading, level).clamp(low, high))
    }

    fn level_at(&self, y: f32) -> NoiseLevel {
        let (low, high) = self.figure.y_axis.range;
        level_of_value(self.view.level_reading, self.map.value_y(y).clamp(low, high))
    }

    fn steps(&self) -> f64 {
        self.planned.axis.steps() as f64
    }

    /// The run time of a position, and back; both go through the run's axis.
    fn run_time_at(&self, x: f32) -> f64 {
        1.0 - self.step_at(x) / self.steps()
    }

    fn place(&self, point: ControlPoint) -> Pos2 {
        pos2(self.x_of_step((1.0 - point.s) * self.steps()), self.y_of_level(NoiseLevel::from_log_snr(point.log_snr)))
    }

    /// The nearest whole step and a round level.
    fn snapped(&self, point: ControlPoint) -> ControlPoint {
        if !self.view.snap {
            return point;
        }
        let s = (point.s * self.steps()).round() / self.steps();
        let reading = self.view.level_reading;
        let value = level_value(reading, NoiseLevel::from_log_snr(point.log_snr));
        let grid = match reading {
            LevelReading::LogSnr => 0.25,
            LevelReading::AlphaBar => 0.01,
            LevelReading::Sigma => 0.05,
            LevelReading::Decibel => 1.0,
        };
        let log_snr = level_of_value(reading, (value / grid).round() * grid).log_snr();
        ControlPoint { s, log_snr: if log_snr.is_finite() { log_snr } else { point.log_snr } }
    }
}

/// A schedule as a drawn curve, close to the levels of the run.
#[must_use]
pub fn as_drawn(planned: &Planned) -> Option<Drawn> {
    if let Some(drawn) = planned.source.drawn() {
        return Some(drawn.tied(planned.model.cleanest(), planned.model.noisiest()));
    }
    let level = |s: f64| planned.axis.level_at_run_time(s);
    Some(Drawn::close_to(&level, CLOSE, MOST_AT_FIRST).ok()?.tied(planned.model.cleanest(), planned.model.noisiest()))
}

/// The change to a drawn curve.
#[must_use]
pub fn to_curve(drawn: Drawn) -> Intent {
    Intent::Change(Action::SetSchedule(Some(Box::new(PlanSource::curve(Curve::Drawn(drawn))))))
}

/// The change to a list of levels.
#[must_use]
pub fn to_list(list: LevelList) -> Intent {
    Intent::Change(Action::SetSchedule(Some(Box::new(PlanSource::List(list)))))
}

/// A change that is undone separately.
#[must_use]
pub fn alone(change: Intent) -> [Intent; 3] {
    [Intent::EndGesture, change, Intent::EndGesture]
}

/// Draws the handles over the plot, and handles drags.
pub(super) fn editor_ui(ui: &mut Ui, editor: &ScheduleEditor, state: &mut ScheduleHand, intents: &mut Vec<Intent>) {
    match &editor.planned.source {
        source if source.drawn().is_some() => {
            if let Some(drawn) = as_drawn(editor.planned) {
                points_ui(ui, editor, &drawn, state, intents);
            }
        }
        PlanSource::List(list) if list.steps() <= MOST_HANDLES => steps_ui(ui, editor, list, state, intents),
        PlanSource::List(list) => {
            let text = format!(
                "{} too close together to drag; edit them in the list",
                crate::words::count(list.steps(), "step")
            );
            let at = editor.plot.left_bottom() + vec2(8.0, -8.0);
            ui.painter().text(at, Align2::LEFT_BOTTOM, text, theme::body(SMALL), Palette::of(ui).secondary);
        }
        _ => {}
    }
    add_ui(ui, editor, state, intents);
    if !ui.input(|input| input.pointer.any_down()) {
        state.range = None;
    }
}

fn points_ui(ui: &mut Ui, editor: &ScheduleEditor, drawn: &Drawn, state: &mut ScheduleHand, intents: &mut Vec<Intent>) {
    let last = drawn.points().len() - 1;
    state.selected = state.selected.filter(|&index| index <= last);
    for (index, &point) in drawn.points().iter().enumerate() {
        let at = editor.place(point);
        if !editor.plot.x_range().contains(at.x) {
            continue;
        }
        let tied = (index == 0 && !drawn.end_released()) || (index == last && !drawn.start_released());
        let inner = index > 0 && index < last;
        let name = format!("{}, λ {}", words::tracks::control_point(index + 1), ticks::signed(point.log_snr));
        let handle = Handle { id: ("control point", index), at, name, value: point.log_snr, tied, removable: inner };
        let response = handle.ui(ui, editor, state.selected == Some(index));
        if response.gained_focus() || response.clicked() || response.drag_started() {
            state.selected = Some(index);
        }
        let changed = handle.dragged_to(editor, &response, state).map(|to| {
            let s = if index == 0 || index == last { point.s } else { editor.run_time_at(to.x) };
            editor.snapped(ControlPoint { s, log_snr: editor.level_at(to.y).log_snr() })
        });
        let keyed = keys_of(ui, &response).map(|(right, up)| {
            let by = if editor.view.snap { 1.0 / editor.steps() } else { 0.005 };
            ControlPoint { s: point.s - by * right, log_snr: point.log_snr + 0.1 * up }
        });
        if let Some(to) = changed.or(keyed).filter(|_| !tied) {
            intents.push(to_curve(drawn.with_moved(index, to)));
        }
        if response.drag_stopped() || response.lost_focus() {
            intents.push(Intent::EndGesture);
        }
        if removed(ui, &response) && inner {
            intents.extend(alone(to_curve(drawn.without(index))));
        }
        response.context_menu(|ui| point_menu_ui(ui, drawn, index, intents));
    }
}

/// Exact values of a control point, and its end.
fn point_menu_ui(ui: &mut Ui, drawn: &Drawn, index: usize, intents: &mut Vec<Intent>) {
    ui.set_min_width(180.0);
    point_values_ui(ui, drawn, index, intents);
    let last = drawn.points().len() - 1;
    if index == 0 || index == last {
        let (start, end) = (drawn.start_released(), drawn.end_released());
        let mut released = if index == 0 { end } else { start };
        if ui.checkbox(&mut released, "free of the model's range").changed() {
            let (start, end) = if index == 0 { (start, released) } else { (released, end) };
            intents.extend(alone(to_curve(drawn.clone().with_released(start, end))));
        }
    } else if ui.button("Delete point (Del)").clicked() {
        intents.extend(alone(to_curve(drawn.without(index))));
        ui.close();
    }
}

/// s, λ and σ of a control point, to type or drag.
pub fn point_values_ui(ui: &mut Ui, drawn: &Drawn, index: usize, intents: &mut Vec<Intent>) {
    let Some(&point) = drawn.points().get(index) else { return };
    let last = drawn.points().len() - 1;
    let tied = (index == 0 && !drawn.end_released()) || (index == last && !drawn.start_released());
    let mut to = point;
    let mut sigma = NoiseLevel::from_log_snr(point.log_snr).sigma();
    ui.horizontal(|ui| {
        let mut field = |ui: &mut Ui, name: &str, (value, limits): (&mut f64, Limits), speed: f64, enabled: bool| {
            ui.label(name);
            let drag = DragValue::new(value).speed(speed).max_decimals(4);
            let response = number_with(ui, drag, limits, |ui, drag| ui.add_enabled(enabled, drag));
            named(ui, &response, &words::tracks::of_control_point(name, index + 1));
            if response.drag_stopped() || response.lost_focus() {
                intents.push(Intent::EndGesture);
            }
            response.changed()
        };
        field(ui, "s", (&mut to.s, Limits::within(0.0, 1.0)), 0.002, index > 0 && index < last);
        field(ui, "λ", (&mut to.log_snr, Limits::within(-MOST_LOG_SNR, MOST_LOG_SNR)), 0.02, !tied);
        if field(ui, "σ", (&mut sigma, Limits::within(0.0, 1e9)), 0.01, !tied) && sigma > 0.0 {
            to.log_snr = NoiseLevel::from_sigma(sigma).log_snr();
        }
    });
    if to != point {
        intents.push(to_curve(drawn.with_moved(index, to)));
    }
}

fn steps_ui(
    ui: &mut Ui,
    editor: &ScheduleEditor,
    list: &LevelList,
    state: &mut ScheduleHand,
    intents: &mut Vec<Intent>,
) {
    let (plan, model) = (&editor.planned.plan, &editor.planned.model);
    let levels = plan.levels();
    for (step, &level) in levels.iter().enumerate() {
        let at = pos2(editor.x_of_step(step as f64), editor.y_of_level(level));
        if !editor.plot.x_range().contains(at.x) {
            continue;
        }
        let clean = level == NoiseLevel::CLEAN;
        let name = format!("{}, λ {}", words::tracks::step_handle(step), ticks::signed(level.log_snr()));
        let removable = levels.len() > 2 && step + 1 < levels.len();
        let handle = Handle { id: ("step", step), at, name, value: level.log_snr(), tied: clean, removable };
        let mut response = handle.ui(ui, editor, state.selected == Some(step));
        if response.hovered()
            && let Some(words) = step_words(editor.planned, step, editor.made_of)
        {
            response = response.on_hover_text(words);
        }
        if response.gained_focus() || response.clicked() || response.drag_started() {
            state.selected = Some(step);
        }
        let dragged = handle.dragged_to(editor, &response, state).map(|to| editor.level_at(to.y).log_snr());
        let keyed = keys_of(ui, &response).map(|(_, up)| level.log_snr() + 0.05 * up);
        if let Some(wanted) = dragged.or(keyed).filter(|wanted| wanted.is_finite() && !clean) {
            intents.push(to_list(with_level(list, plan, model, (step, wanted))));
        }
        if response.drag_stopped() || response.lost_focus() {
            intents.push(Intent::EndGesture);
        }
        if removed(ui, &response) && removable {
            let mut fewer = list.clone();
            fewer.values.remove(step);
            intents.extend(alone(to_list(fewer)));
        }
    }
}

/// A double-click on the curve adds a control point there; a schedule without control points becomes a drawn curve.
fn add_ui(ui: &Ui, editor: &ScheduleEditor, state: &mut ScheduleHand, intents: &mut Vec<Intent>) {
    let clicked = ui.input(|input| {
        let twice = input.pointer.button_double_clicked(PointerButton::Primary);
        input.pointer.interact_pos().filter(|_| twice)
    });
    let Some(at) = clicked.filter(|at| editor.plot.contains(*at)) else { return };
    let on_curve = editor.y_of_level(editor.planned.level_at_run_time(editor.run_time_at(at.x)));
    let covered = ui.ctx().layer_id_at(at).is_some_and(|layer| layer != ui.layer_id());
    if (on_curve - at.y).abs() > 14.0 || covered {
        return;
    }
    let Some(drawn) = as_drawn(editor.planned) else { return };
    let near = |point: &&ControlPoint| editor.place(**point).distance(at) < REACH;
    let is_drawn = editor.planned.source.drawn().is_some();
    if is_drawn && drawn.points().iter().any(|point| near(&point)) {
        return;
    }
    let added = drawn.with_added(editor.run_time_at(at.x));
    if let Some((_, index)) = &added {
        state.selected = Some(*index);
    }
    intents.extend(alone(to_curve(added.map_or(drawn, |(more, _)| more))));
}

/// A handle on the curve.
struct Handle {
    id: (&'static str, usize),
    at: Pos2,
    name: String,
    value: f64,
    /// Where it is held.
    tied: bool,
    removable: bool,
}

impl Handle {
    fn ui(&self, ui: &mut Ui, editor: &ScheduleEditor, selected: bool) -> Response {
        let palette = Palette::of(ui);
        let rect = Rect::from_center_size(self.at, vec2(2.0 * REACH, 2.0 * REACH));
        let response = ui.interact(rect, Id::unique(self.id), Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::slider(true, self.value, &self.name));
        let cursor = if self.tied { CursorIcon::Default } else { CursorIcon::Grab };
        let lit = response.hovered() || response.has_focus() || response.dragged();
        let is_step = self.id.0 == "step";
        let radius = if is_step { 3.5 } else { 5.0 } + if lit { 1.0 } else { 0.0 };
        let painter = ui.painter_at(editor.plot.expand(REACH));
        let fill = if lit || selected { palette.accent } else { palette.window };
        let edge = if self.tied { palette.secondary } else { palette.text };
        painter.circle(self.at, radius, fill, Stroke::new(1.5, edge));
        if response.has_focus() {
            painter.circle_stroke(self.at, radius + 3.5, Stroke::new(1.5, palette.accent));
        }
        take_keyboard(&response);
        let removes = if self.removable { "; Del deletes it" } else { "" };
        let tip = match (self.tied, is_step) {
            (true, true) => "The run ends at the clean image; this end is fixed".to_owned(),
            (true, false) => "This end is tied to the model's range. Right-click to free it".to_owned(),
            (false, true) => format!("Drag or use arrow keys (Shift: ten times as far){removes}"),
            (false, false) => {
                format!("Drag or use arrow keys (Shift: ten times as far){removes}. Right-click for exact values")
            }
        };
        response.on_hover_cursor(cursor).on_hover_text(tip)
    }

    /// The position that the point is dragged to, without a jump at the start.
    fn dragged_to(&self, editor: &ScheduleEditor, response: &Response, state: &mut ScheduleHand) -> Option<Pos2> {
        let pointer = response.interact_pointer_pos()?;
        if response.drag_started() {
            state.grip = self.at.y - pointer.y;
            state.range = Some(editor.figure.y_axis.range);
        }
        let moved = response.dragged() && response.drag_delta() != egui::Vec2::ZERO;
        moved.then(|| pointer + vec2(0.0, state.grip))
    }
}

/// Whether Del or Backspace was pressed on a focused point.
#[must_use]
pub fn removed(ui: &Ui, response: &Response) -> bool {
    let keys = [Key::Delete, Key::Backspace];
    response.has_focus() && ui.input_mut(|input| keys.into_iter().any(|key| input.consume_key(Modifiers::NONE, key)))
}

/// The movement of a focused point by arrow keys, to the right and up, in small steps; with Shift ten times as much.
fn keys_of(ui: &Ui, response: &Response) -> Option<(f64, f64)> {
    let by = arrows(ui, response);
    (by != Vec2::ZERO).then(|| (by.x.into(), by.y.into()))
}
