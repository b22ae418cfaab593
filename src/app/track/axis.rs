//! The time axis shared by all tracks: its numbers, its zoom, and the playhead through all of them.

use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{arrows, small_menu};
use crate::app::intent::Intent;
use crate::app::run_view::RunView;
use crate::app::track::place::{HEAD, LINE, TimeScale, ticks_for};
use crate::app::track::state::TracksState;
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::figure::{Reading, TimeZoom, ticks};
use crate::session::action::Action;
use crate::session::document::AxisReading;
use crate::session::playback::PlayheadCommand;
use egui::{Align2, PointerButton, Rect, Response, Role, Sense, Shape, Stroke, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use std::ops::RangeInclusive;

/// The playhead follows a drag, the wheel zooms, a horizontal wheel or Shift pans.
pub(super) fn move_ui(
    ui: &Ui,
    whole: Rect,
    context: &ViewContext,
    state: &mut TracksState,
    out: &mut ViewOutput,
) -> Response {
    let response = ui.interact(whole, ui.scope_id().with("playhead"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::slider(true, context.position, words::tracks::PLAYHEAD));
    let primary = response.is_pointer_button_down_on() && ui.input(|input| input.pointer.primary_down());
    if (primary || response.clicked() || response.drag_stopped_by(PointerButton::Primary))
        && let Some((at, axis)) = response.interact_pointer_pos().zip(context.axis())
    {
        let scale = TimeScale::new(axis, context.reading(), state.zoom, whole);
        out.intents.push(Intent::Playback(PlayheadCommand::Seek(context.step_of(scale.step_at(at.x)))));
    }
    let by = arrows(ui, &response).x;
    if by != 0.0 {
        out.intents.push(Intent::Playback(PlayheadCommand::Seek(context.position + f64::from(by))));
    }
    state.hovered = None;
    state.pointer = response.hover_pos();
    if let Some(at) = state.pointer {
        let place = f64::from((at.x - whole.left()) / whole.width());
        zoom_ui(ui, place, state);
        state.hovered = Some(state.zoom.x_of_place(place));
    }
    response
}

/// Zoom and pan by wheel or pinch, around a position.
fn zoom_ui(ui: &Ui, place: f64, state: &mut TracksState) {
    let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta, input.zoom_delta()));
    let by = f64::from(scroll.y / 200.0 + pinch.ln());
    if by != 0.0 {
        state.zoom = state.zoom.magnified(by.exp(), place);
    }
    if scroll.x != 0.0 {
        state.zoom = state.zoom.moved(f64::from(-scroll.x / 400.0));
    }
}

/// The playhead through all tracks, and the pointer on the axis.
pub(super) fn playhead_ui(
    ui: &Ui,
    (whole, numbers): (Rect, Rect),
    scale: &TimeScale,
    (context, hovered): (&ViewContext, Option<f64>),
    response: &Response,
) {
    let palette = Palette::of(ui);
    let painter = ui.painter();
    let axis = scale.axis();
    if let Some(x) = hovered {
        let at = scale.screen(x);
        painter.vline(at, whole.y_range(), Stroke::new(1.0, palette.secondary));
        let step = axis.step_of_x(x, context.reading());
        let value = |reading| axis.value_at(step, reading);
        let total = context.run.map_or(axis.steps(), RunView::steps);
        // As in the bar at the bottom.
        let text = format!(
            "step {}/{total}   s {:.3}   λ {}",
            context.step_of(step).floor(),
            value(Reading::RunTime),
            ticks::signed(value(Reading::LogSnr))
        );
        let galley = painter.layout_no_wrap(text, theme::mono(SMALL), palette.text);
        let left =
            (at - 0.5 * galley.size().x).clamp(whole.left(), (whole.right() - galley.size().x).max(whole.left()));
        let place = pos2(left, numbers.center().y - 0.5 * galley.size().y);
        let back = Rect::from_min_size(place, galley.size()).expand2(vec2(6.0, 4.0));
        painter.rect_filled(back, 4.0, palette.field);
        painter.galley(place, galley, palette.text);
    }
    let at = scale.screen_of_step(context.playhead());
    if !(whole.left() - 1.0..=whole.right() + 1.0).contains(&at) {
        return;
    }
    painter.vline(at, whole.y_range(), Stroke::new(if response.has_focus() { 3.0 } else { 1.5 }, palette.accent));
    let tip = vec![pos2(at - 5.0, whole.top()), pos2(at + 5.0, whole.top()), pos2(at, whole.top() + 6.0)];
    painter.add(Shape::convex_polygon(tip, palette.accent, Stroke::NONE));
}

/// The shared axis: its unit and its numbers.
pub(super) fn axis_ui(
    ui: &mut Ui,
    rect: Rect,
    plot_x: &RangeInclusive<f32>,
    context: &ViewContext,
    state: &mut TracksState,
    out: &mut ViewOutput,
) {
    let palette = Palette::of(ui);
    ui.painter().hline(rect.x_range(), rect.top(), Stroke::new(1.0, palette.hairline));
    let place = Rect::from_min_size(pos2(rect.left() + 12.0, rect.top() + 3.0), vec2(HEAD - 20.0, LINE - 6.0));
    let reading = context.view().axis;
    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
        ui.horizontal_centered(|ui| {
            let tip = "Unit of the shared time axis. Noise is always on the left";
            small_menu(ui, words::tracks::TIME_AXIS, &format!("axis: {}", reading.name()), tip, |ui| {
                ui.set_min_width(160.0);
                for choice in AxisReading::ALL {
                    if ui.selectable_label(choice == reading, choice.name()).clicked() {
                        out.intents.push(Intent::Change(Action::SetAxis(choice)));
                        ui.close();
                    }
                }
            });
        });
    });
    let foot = Rect::from_min_max(pos2(*plot_x.end() + 16.0, rect.top()), pos2(rect.right() - 16.0, rect.bottom()));
    if state.zoom.is_whole() {
        let text = "noise → image";
        ui.painter().text(foot.left_center(), Align2::LEFT_CENTER, text, theme::body(SMALL), palette.secondary);
    } else {
        ui.scope_builder(UiBuilder::new().max_rect(foot.shrink2(vec2(0.0, 3.0))), |ui| {
            ui.horizontal_centered(|ui| {
                let text = egui::RichText::new(words::tracks::WHOLE_RUN).font(theme::body(SMALL));
                if ui.add(egui::Button::new(text)).on_hover_text("Show the whole run (0)").clicked() {
                    state.zoom = TimeZoom::default();
                }
            });
        });
    }
    let Some(axis) = context.axis() else { return };
    let (left, right) = (*plot_x.start(), *plot_x.end());
    let over = Rect::from_x_y_ranges(left..=right, rect.y_range());
    let response = ui.interact(over, ui.scope_id().with("axis"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Axis in {}", reading.name())));
    if let Some(at) = response.hover_pos() {
        zoom_ui(ui, f64::from((at.x - left) / (right - left)), state);
    }
    if response.dragged() {
        state.zoom = state.zoom.moved(f64::from(-response.drag_delta().x / (right - left)));
    }
    if response.double_clicked() {
        state.zoom = TimeZoom::default();
    }
    response.on_hover_text("Wheel: zoom; drag: scroll; double-click: whole run");
    let scale = TimeScale::new(axis, context.reading(), state.zoom, over);
    let ticks = axis.ticks(context.reading(), state.zoom.range(), ticks_for(right - left));
    let mut free = f32::NEG_INFINITY;
    for tick in ticks {
        let x = scale.screen(tick.at);
        let galley = ui.painter().layout_no_wrap(tick.label, theme::mono(SMALL - 1.0), palette.secondary);
        let from = (x - 0.5 * galley.size().x).clamp(left, (right - galley.size().x).max(left));
        if from < free {
            continue;
        }
        free = from + galley.size().x + 8.0;
        ui.painter().vline(x, (rect.bottom() - 4.0)..=rect.bottom(), Stroke::new(1.0, palette.faint));
        ui.painter().galley(pos2(from, rect.center().y - 0.5 * galley.size().y), galley, palette.secondary);
    }
}
