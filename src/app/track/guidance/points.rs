//! The points of the guidance scale or of the local window, to drag.

use super::curve::HandCurve;
use crate::app::draw::number::{Limits, number};
use crate::app::draw::theme::Palette;
use crate::app::draw::transform::Transform;
use crate::app::draw::widgets::{arrows, named, take_keyboard};
use crate::app::intent::Intent;
use crate::app::track::place::TimeScale;
use crate::app::track::schedule::editor::{alone, removed};
use crate::app::words;
use crate::theory::NoiseLevel;
use egui::{CursorIcon, DragValue, Pos2, Rect, Sense, Stroke, Ui, WidgetInfo, pos2};

/// Half the side of a point's target, points.
const REACH: f32 = 12.0;

/// The vertical range, fixed during a drag so that nothing moves.
pub(super) type HeldRange = Option<(f64, f64)>;

/// The drawing area of the points.
pub(super) struct PointEditor<'a> {
    pub plot: Rect,
    pub scale: TimeScale<'a>,
    /// The figure's vertical range, and the map from its values to the screen.
    pub range: (f64, f64),
    pub map: Transform,
    pub curve: &'a HandCurve,
}

impl PointEditor<'_> {
    fn steps(&self) -> f64 {
        self.scale.axis().steps() as f64
    }

    fn at(&self, [x, value]: [f64; 2]) -> Pos2 {
        let step = match self.curve {
            HandCurve::Scale(_) => (1.0 - x) * self.steps(),
            HandCurve::Window(_) => self.scale.axis().step_of_level(NoiseLevel::from_sigma(x)),
        };
        let height = self.curve.height(value).clamp(self.range.0, self.range.1);
        pos2(self.scale.screen_of_step(step), self.map.y(height))
    }

    fn point_at(&self, at: Pos2) -> [f64; 2] {
        let step = self.scale.step_at(at.x);
        let height = self.map.value_y(at.y).clamp(self.range.0, self.range.1);
        let x = match self.curve {
            HandCurve::Scale(_) => (1.0 - step / self.steps()).clamp(0.0, 1.0),
            HandCurve::Window(_) => self.scale.axis().level_at(step).sigma().clamp(1e-3, 1e4),
        };
        [x, self.curve.value_at(height)]
    }

    /// Draws the points and follows the pointer.
    pub fn ui(&self, ui: &mut Ui, held: &mut HeldRange, intents: &mut Vec<Intent>) {
        let points = self.curve.points();
        for index in 0..points.len() {
            point_ui(ui, self, &points, index, held, intents);
        }
        add_ui(ui, self, &points, intents);
        if !ui.input(|input| input.pointer.any_down()) {
            *held = None;
        }
    }
}

/// The x of a point dragged to `to`: between its neighbours, which over σ it must not reach. If they
/// leave no space it stays in place.
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
    editor: &PointEditor,
    points: &[[f64; 2]],
    index: usize,
    held: &mut HeldRange,
    intents: &mut Vec<Intent>,
) {
    let point = points[index];
    let at = editor.at(point);
    if !editor.plot.x_range().contains(at.x) {
        return;
    }
    let reach = Rect::from_center_size(at, egui::Vec2::splat(2.0 * REACH));
    let response = ui.interact(reach, ui.scope_id().with(("steering point", index)), Sense::click_and_drag());
    let (x_name, y_name) = editor.curve.names();
    let name = format!("{} {x_name} {:.3}, {y_name} {:.2}", words::tracks::point(index + 1), point[0], point[1]);
    response.widget_info(|| WidgetInfo::slider(true, point[1], &name));
    let palette = Palette::of(ui);
    let lit = response.hovered() || response.dragged() || response.has_focus();
    let radius = if lit { 6.0 } else { 4.5 };
    ui.painter().circle(at, radius, palette.window, Stroke::new(2.0, if lit { palette.text } else { palette.accent }));
    let moved = |to: [f64; 2]| {
        let mut all = points.to_vec();
        all[index] = [between(points, index, to[0], matches!(editor.curve, HandCurve::Scale(_))), to[1]];
        editor.curve.to(all)
    };
    if response.drag_started() {
        *held = matches!(editor.curve, HandCurve::Scale(_)).then_some(editor.range);
    }
    if response.dragged()
        && let Some(to) = response.interact_pointer_pos().map(|at| editor.point_at(at))
    {
        intents.extend(moved(to));
    }
    take_keyboard(&response);
    let by = arrows(ui, &response);
    if by != egui::Vec2::ZERO {
        let (right, up) = (f64::from(by.x), f64::from(by.y));
        intents.extend(moved(match editor.curve {
            HandCurve::Scale(_) => [point[0] - 0.01 * right, point[1] + 0.1 * up],
            HandCurve::Window(_) => [point[0] * 0.95_f64.powf(right), point[1] + up],
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
    let removes = if points.len() > 1 { "; Del deletes it" } else { "" };
    let tip = format!("Drag or use arrow keys (Shift: ten times as far){removes}. Right-click for exact values");
    response.on_hover_cursor(CursorIcon::Grab).on_hover_text(tip);
}

fn without(editor: &PointEditor, points: &[[f64; 2]], index: usize) -> Vec<Intent> {
    let mut left = points.to_vec();
    left.remove(index);
    editor.curve.to(left).map(alone).into_iter().flatten().collect()
}

/// A double-click adds a point.
fn add_ui(ui: &Ui, editor: &PointEditor, points: &[[f64; 2]], intents: &mut Vec<Intent>) {
    let clicked = ui.input(|input| {
        let at = input.pointer.interact_pos()?;
        input.pointer.button_double_clicked(egui::PointerButton::Primary).then_some(at)
    });
    let Some(at) = clicked.filter(|at| editor.plot.contains(*at)) else { return };
    let on_one = points.iter().map(|point| editor.at(*point)).any(|point| point.distance(at) < REACH);
    if on_one {
        return;
    }
    let new = editor.point_at(at);
    let mut all = points.to_vec();
    if all.is_empty() {
        let level = |s: f64| match editor.curve {
            HandCurve::Scale(scale) => [s, scale.at(s)],
            HandCurve::Window(window) => {
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
