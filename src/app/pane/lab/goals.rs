//! Schedules computed from a goal.

use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{arrows, take_keyboard};
use crate::app::intent::Intent;
use crate::app::pane::lab::{LabPane, alone, heading, problem, secondary, small_button, to_curve};
use crate::app::planned::Planned;
use crate::app::view_context::ViewContext;
use crate::app::words;
use crate::figure::palette::level_label;
use crate::schedule::design::with_shares;
use crate::schedule::{Curve, MOST_LOG_SNR, PlanSource, SignalCurve, SignalRecipe};
use crate::session::action::Action;
use crate::theory::{Chromatogram, Measure};
use egui::{Align2, CursorIcon, Rect, Sense, Ui, WidgetInfo, pos2, vec2};

/// The least share of a level.
const LEAST_SHARE: f64 = 0.005;

pub(super) fn wishes_ui(
    ui: &mut Ui,
    context: &ViewContext,
    planned: &Planned,
    state: &mut LabPane,
    intents: &mut Vec<Intent>,
) {
    let Some(theory) = &planned.theory else { return };
    heading(ui, "Goals");
    let measure: Measure = context.document.view.measure.into();
    ui.horizontal_wrapped(|ui| {
        let tip = "The schedule on which every step adds the same amount of signal, in the chromatogram's measure";
        if small_button(ui, words::panes::EQUAL_SIGNAL, tip) {
            let from = planned.model.noisiest().log_snr().max(-MOST_LOG_SNR);
            let recipe = SignalRecipe { factor: planned.factor, levels: theory.levels(), measure, from };
            match SignalCurve::try_from(recipe) {
                Ok(curve) => {
                    let source = PlanSource::curve(Curve::EqualSignal(curve));
                    let change = Intent::Change(Action::SetSchedule(Some(Box::new(source))));
                    intents.extend(alone(change));
                }
                Err(error) => state.wish_error = Some((planned.version, error.to_string())),
            }
        }
        let tip = "The curve on which every level is dominant for the same share of the steps";
        if small_button(ui, words::panes::EQUAL_TIME, tip) {
            intents.push(Intent::EndGesture);
            take_shares(theory, measure, &vec![1.0; theory.levels()], planned, state, intents);
            intents.push(Intent::EndGesture);
        }
    });
    ui.label(secondary(ui, "Share of the steps in which each level is dominant. Drag a boundary"));
    let now = state.shares.clone().unwrap_or_else(|| planned.shares.clone());
    if let Some(wanted) = bar_ui(ui, &now, planned.factor, state, intents) {
        take_shares(theory, measure, &wanted, planned, state, intents);
        state.shares = Some(wanted);
    }
    state.wish_error.take_if(|(version, _)| *version != planned.version);
    if let Some((_, error)) = &state.wish_error {
        problem(ui, error);
    }
}

fn take_shares(
    theory: &Chromatogram,
    measure: Measure,
    shares: &[f64],
    planned: &Planned,
    state: &mut LabPane,
    intents: &mut Vec<Intent>,
) {
    let range = (planned.model.noisiest(), planned.model.cleanest());
    state.wish_error = match with_shares(theory, measure, shares, range, planned.source.drawn()) {
        Ok(drawn) => {
            intents.push(to_curve(drawn));
            None
        }
        Err(error) => Some((planned.version, error.to_string())),
    };
}

/// The shares with the boundary between level `m` and the next finer one moved by a fraction of the whole, as far as both
/// keep the least share. Neighbours with less than that between them share it evenly.
fn moved(shares: &[f64], m: usize, by: f64) -> Vec<f64> {
    let total: f64 = shares.iter().sum();
    let mut moved: Vec<f64> = shares.iter().map(|share| (share / total).max(LEAST_SHARE)).collect();
    let both = (shares[m] + shares[m - 1]) / total;
    let coarse = (shares[m] / total + by).min(both - LEAST_SHARE).max(LEAST_SHARE);
    (moved[m], moved[m - 1]) = (coarse, (both - coarse).max(LEAST_SHARE));
    moved
}

/// The shares as a bar from coarse (noise, left) to fine, with boundaries to drag. Returns new shares.
fn bar_ui(
    ui: &mut Ui,
    shares: &[f64],
    factor: usize,
    state: &mut LabPane,
    intents: &mut Vec<Intent>,
) -> Option<Vec<f64>> {
    let palette = Palette::of(ui);
    let (bar, _) = ui.allocate_exact_size(vec2(ui.available_width(), 26.0), Sense::hover());
    let total: f64 = shares.iter().sum();
    let levels = shares.len();
    let mut left = bar.left();
    let mut wanted = None;
    let mut dragging = false;
    for (position, m) in (0..levels).rev().enumerate() {
        let width = (shares[m] / total) as f32 * bar.width();
        let cell = Rect::from_x_y_ranges(left..=(left + width), bar.y_range());
        let fill = theme::level_colour(m, palette.ground());
        ui.painter().rect_filled(cell.shrink2(vec2(0.75, 0.0)), 3.0, fill);
        let label = level_label(factor, m);
        if cell.width() > 30.0 {
            let font = theme::strong(SMALL - 1.0);
            ui.painter().text(cell.center(), Align2::CENTER_CENTER, &label, font, theme::ON_LEVEL);
        }
        left += width;
        if position + 1 == levels {
            break;
        }
        // Wide enough to drag, if its neighbours leave the space.
        let next = (shares[m - 1] / total) as f32 * bar.width();
        let wide = width.min(next).clamp(10.0, 24.0);
        let grip = Rect::from_center_size(pos2(left, bar.center().y), vec2(wide, bar.height() + 4.0));
        let id = ui.scope_id().with(("share", m));
        let response = ui.interact(grip, id, Sense::click_and_drag()).on_hover_cursor(CursorIcon::ResizeHorizontal);
        let name = words::panes::boundary_of(&label, &level_label(factor, m - 1));
        response.widget_info(|| WidgetInfo::slider(true, shares[m] / total, &name));
        if response.hovered() || response.dragged() || response.has_focus() {
            let line = Rect::from_center_size(grip.center(), vec2(3.0, grip.height()));
            ui.painter().rect_filled(line, 1.0, palette.text);
        }
        take_keyboard(&response);
        let by = f64::from(response.drag_delta().x / bar.width() + 0.01 * arrows(ui, &response).x);
        if by != 0.0 {
            wanted = Some(moved(shares, m, by));
        }
        dragging |= response.dragged();
        if response.drag_stopped() {
            intents.push(Intent::EndGesture);
        }
    }
    if !dragging && wanted.is_none() {
        state.shares = None;
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_moved(shares: [f64; 3], (m, by): (usize, f64), wanted: [f64; 3]) {
        let found = moved(&shares, m, by);
        assert!(found.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn a_boundary_moves_between_its_neighbours_whatever_little_they_have() {
        assert_moved([0.5, 0.25, 0.25], (2, 0.125), [0.5, 0.125, 0.375]);
        assert_moved([0.5, 0.25, 0.25], (2, 9.0), [0.5, LEAST_SHARE, 0.5 - LEAST_SHARE]);
        assert_moved([0.5, 0.25, 0.25], (1, -9.0), [0.75 - LEAST_SHARE, LEAST_SHARE, 0.25]);
        // Two levels with zero shares, as with the list 0.1, 0.05, 0.
        for by in [-0.3, -1e-3, 1e-3, 0.3] {
            assert_moved([1.0, 0.0, 0.0], (2, by), [1.0, LEAST_SHARE, LEAST_SHARE]);
        }
    }
}
