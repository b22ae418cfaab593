//! How many pixels have which value, with handles for black and white.

use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{arrows, take_keyboard};
use crate::app::intent::Intent;
use crate::app::pane::inspector::job::Scale;
use crate::app::pane::inspector::state::InspectorPane;
use crate::app::words;
use crate::figure::ticks;
use crate::session::action::Action;
use crate::session::document::ValueRange;
use crate::session::inspect::Histogram;
use egui::{Align2, Color32, CursorIcon, Mesh, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

/// Height of the numbers below, points.
const NUMBERS: f32 = 15.0;

/// Draws the histogram into a space of this height.
pub(super) fn histogram_ui(ui: &mut Ui, height: f32, state: &mut InspectorPane, intents: &mut Vec<Intent>) {
    let (whole, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let Some(shown) = &state.shown else { return };
    let made = std::sync::Arc::clone(&shown.made);
    let palette = Palette::of(ui);
    let plot = Rect::from_min_max(whole.min, pos2(whole.right(), whole.bottom() - NUMBERS));
    ui.painter().rect_filled(plot, 4.0, palette.field);
    let response = ui.interact(plot, ui.scope_id().with("histogram"), Sense::hover());
    let (low, high) = made.histogram.range;
    response.widget_info(|| {
        let words = format!(
            "{} {} to {}",
            words::panes::HISTOGRAM_FROM,
            ticks::number(low.into(), 2),
            ticks::number(high.into(), 2)
        );
        WidgetInfo::labeled(Role::Image, true, words)
    });
    bars(ui, plot, &made.histogram, state.logarithmic, made.subject.dim().0 > 1);
    let x = |value: f32| plot.left() + (value - low) / (high - low) * plot.width();
    // What is black and what is white is told apart from what lies between.
    let (black, white) = made.scale.ends();
    let veil = palette.window.gamma_multiply(0.6);
    for beyond in [plot.with_max_x(x(black).max(plot.left())), plot.with_min_x(x(white).min(plot.right()))] {
        if beyond.width() > 0.0 && beyond.intersects(plot) {
            ui.painter().rect_filled(beyond.intersect(plot), 0.0, veil);
        }
    }
    if x(0.0) > plot.left() + 16.0 && x(0.0) < plot.right() - 16.0 {
        ui.painter().vline(x(0.0), (plot.bottom() - 4.0)..=plot.bottom(), Stroke::new(1.0, palette.secondary));
        let at = pos2(x(0.0), plot.bottom() + 0.5 * NUMBERS + 1.0);
        ui.painter().text(at, Align2::CENTER_CENTER, "0", theme::mono(SMALL - 1.0), palette.secondary);
    }
    for (end, align, at, handle) in
        [(low, Align2::LEFT_CENTER, plot.left(), x(black)), (high, Align2::RIGHT_CENTER, plot.right(), x(white))]
    {
        // Where a handle stands its own number is below.
        if (handle - at).abs() > 36.0 {
            let at = pos2(at, plot.bottom() + 0.5 * NUMBERS + 1.0);
            let number = ticks::number(end.into(), 2);
            ui.painter().text(at, align, number, theme::mono(SMALL - 1.0), palette.secondary);
        }
    }
    if let Some(at) = response.hover_pos() {
        value_ui(ui, plot, &made.histogram, at);
    }
    for is_white in [false, true] {
        // Magnitudes begin at zero.
        if is_white || !matches!(made.scale, Scale::Magnitude(_)) {
            handle_ui(ui, plot, (low, high), (made.scale, is_white), state, intents);
        }
    }
}

/// The value under the pointer and how many have it.
fn value_ui(ui: &Ui, plot: Rect, histogram: &Histogram, at: Pos2) {
    let bins = histogram.counts.first().map_or(0, Vec::len);
    let part = (at.x - plot.left()) / plot.width();
    #[expect(clippy::cast_sign_loss, reason = "clamped")]
    let bin = ((part.clamp(0.0, 1.0) * bins as f32) as usize).min(bins.saturating_sub(1));
    let (low, high) = histogram.range;
    let value = low + (bin as f32 + 0.5) / bins.max(1) as f32 * (high - low);
    let counts: Vec<String> = histogram.counts.iter().map(|counts| counts[bin].to_string()).collect();
    let text = format!("{} · {}", ticks::signed(value.into()), counts.join(" "));
    let galley = ui.painter().layout_no_wrap(text, theme::mono(SMALL - 1.0), Color32::WHITE);
    let place = Rect::from_min_size(plot.min + vec2(6.0, 4.0), galley.size());
    ui.painter().rect_filled(place.expand2(vec2(4.0, 2.0)), 3.0, Color32::from_black_alpha(190));
    ui.painter().galley(place.min, galley, Color32::WHITE);
}

fn bars(ui: &Ui, plot: Rect, histogram: &Histogram, logarithmic: bool, coloured: bool) {
    let palette = Palette::of(ui);
    let colors =
        [Color32::from_rgb(0xF0, 0x5D, 0x5E), Color32::from_rgb(0x4C, 0xC3, 0x7A), Color32::from_rgb(0x4A, 0x8F, 0xF5)];
    let painter = ui.painter().with_clip_rect(plot);
    let room = plot.shrink2(vec2(0.0, 2.0));
    for (channel, counts) in histogram.counts.iter().enumerate() {
        let color = if coloured { colors[channel.min(2)] } else { palette.secondary };
        let wide = plot.width() / counts.len().max(1) as f32;
        let mut mesh = Mesh::default();
        let mut outline = Vec::with_capacity(2 * counts.len());
        for (bin, &count) in counts.iter().enumerate() {
            let left = plot.left() + wide * bin as f32;
            let top = room.bottom() - histogram.height(count, logarithmic) * room.height();
            mesh.add_colored_rect(
                Rect::from_min_max(pos2(left, top), pos2(left + wide, plot.bottom())),
                color.gamma_multiply(0.3),
            );
            outline.extend([pos2(left, top), pos2(left + wide, top)]);
        }
        painter.add(Shape::mesh(mesh));
        painter.add(Shape::line(outline, Stroke::new(1.25, color)));
    }
}

/// Black's handle or white's; of signed values both move together.
fn handle_ui(
    ui: &Ui,
    plot: Rect,
    (low, high): (f32, f32),
    (scale, is_white): (Scale, bool),
    state: &mut InspectorPane,
    intents: &mut Vec<Intent>,
) {
    let palette = Palette::of(ui);
    let (black, white) = scale.ends();
    let value = if is_white { white } else { black };
    let x = plot.left() + (value - low) / (high - low) * plot.width();
    let x = x.min(plot.right()).max(plot.left());
    // Where both meet, each can be taken on its own side.
    let reach = if is_white { (x - 2.0)..=(x + 8.0) } else { (x - 8.0)..=(x + 2.0) };
    let name = if is_white { words::panes::WHITE } else { words::panes::BLACK };
    let grip = Rect::from_x_y_ranges(reach, plot.top()..=(plot.bottom() + NUMBERS));
    let response = ui.interact(grip, ui.scope_id().with(("handle", is_white)), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::slider(true, value.into(), words::panes::handle(name)));
    if response.drag_started() {
        state.span = Some((low, high));
    }
    let dragged = response.interact_pointer_pos().filter(|_| response.dragged());
    let dragged = dragged.map(|at| low + ((at.x - plot.left()) / plot.width()).clamp(0.0, 1.0) * (high - low));
    take_keyboard(&response);
    let pressed = arrows(ui, &response).x * (high - low) / 200.0;
    let to = dragged.or((pressed != 0.0).then_some(value + pressed));
    if response.double_clicked() {
        reset(scale, state, intents);
    } else if let Some(to) = to {
        set(scale, is_white, to, state, intents);
    }
    if response.drag_stopped() {
        state.span = None;
        intents.push(Intent::EndGesture);
    }
    let lit = response.hovered() || response.dragged() || response.has_focus();
    let color = if lit { palette.accent } else { palette.text };
    ui.painter().vline(x, plot.y_range(), Stroke::new(if lit { 2.0 } else { 1.5 }, color));
    let foot = plot.bottom();
    let tip = vec![pos2(x - 5.0, foot + 8.0), pos2(x + 5.0, foot + 8.0), pos2(x, foot - 1.0)];
    let fill = if is_white { Color32::WHITE } else { Color32::BLACK };
    ui.painter().add(Shape::convex_polygon(tip, fill, Stroke::new(1.0, color)));
    response.on_hover_cursor(CursorIcon::ResizeHorizontal).on_hover_text(format!(
        "The value shown as {}. Drag or use arrow keys (Shift: ten times as far); double-click to reset",
        match scale {
            Scale::Image(..) if is_white => "white",
            Scale::Image(..) => "black",
            _ => "full colour",
        }
    ));
}

/// Sets one end of the tones.
pub(super) fn set(scale: Scale, is_white: bool, to: f32, state: &mut InspectorPane, intents: &mut Vec<Intent>) {
    match scale {
        Scale::Image(low, high) => {
            let least = 1e-3;
            let (low, high) = if is_white { (low, to.max(low + least)) } else { (to.min(high - least), high) };
            intents.push(Intent::Change(Action::SetRange(ValueRange::Fixed { low, high })));
        }
        Scale::Signed(_) | Scale::Magnitude(_) => state.set_most(Some(if is_white { to } else { -to })),
    }
}

/// Leaves the ends of the tones to what is shown.
pub(super) fn reset(scale: Scale, state: &mut InspectorPane, intents: &mut Vec<Intent>) {
    match scale {
        Scale::Image(..) => {
            intents.push(Intent::Change(Action::SetRange(ValueRange::Image)));
            intents.push(Intent::EndGesture);
        }
        Scale::Signed(_) | Scale::Magnitude(_) => state.set_most(None),
    }
}
