//! The colour bar of a heat map. Its ends can be dragged, typed or left automatic.

use crate::app::draw::heat_map::whole;
use crate::app::draw::number::{Limits, number};
use crate::app::draw::textures::Textures;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::transform::Transform;
use crate::app::draw::widgets::{arrows, named, take_keyboard};
use crate::app::intent::Intent;
use crate::app::words;
use crate::figure::{HeatMap, ticks};
use crate::session::action::Action;
use crate::session::heat_map::{HeatMapChange, LEAST_DECIBELS, MOST_DECIBELS};
use crate::session::parts::PartsChoices;
use egui::{
    Align2, Color32, CursorIcon, DragValue, Rect, Sense, Shape, Stroke, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};

/// Width of the bar, and its distance from the left of the legend, points.
const WIDTH: f32 = 10.0;
const LEFT: f32 = 24.0;
/// Size of a field with a typed end, points.
const FIELD: Vec2 = vec2(64.0, 24.0);

/// The end being dragged.
#[derive(Default)]
pub struct BarState {
    /// The densities at the bottom and top of the bar while an end is dragged.
    held: Option<(f32, f32)>,
}

/// What the bar belongs to.
#[derive(Clone, Copy)]
pub(in crate::app) struct BarOf {
    /// The chosen range; `None` if it is automatic.
    pub chosen: Option<(f32, f32)>,
    /// Whether it shows a difference, which has its own range.
    pub difference: bool,
    /// Whether it belongs to the comparison track.
    pub beside: bool,
    /// The settings of an estimate's parts, if it belongs to those.
    pub parts: Option<PartsChoices>,
}

impl BarOf {
    fn change(self, range: Option<(f32, f32)>) -> Intent {
        if let Some(parts) = self.parts {
            return Intent::Change(Action::SetParts(PartsChoices { range, ..parts }));
        }
        let change = if self.difference { HeatMapChange::DifferenceRange(range) } else { HeatMapChange::Range(range) };
        Intent::Change(Action::SetHeatMap(change))
    }

    fn name(self, end: BarEnd) -> String {
        format!("{}{}", end.name(), if self.beside { " beside" } else { "" })
    }
}

/// One of the bar's two ends.
#[derive(Clone, Copy, PartialEq)]
enum BarEnd {
    Low,
    High,
}

impl BarEnd {
    const fn name(self) -> &'static str {
        match self {
            Self::Low => words::tracks::LOWEST,
            Self::High => words::tracks::HIGHEST,
        }
    }

    fn of(self, range: (f32, f32)) -> f32 {
        if self == Self::Low { range.0 } else { range.1 }
    }

    /// The range with this end at a density; the other stays at least the least width away.
    fn moved(self, (low, high): (f32, f32), to: f32) -> (f32, f32) {
        match self {
            Self::Low => (to.clamp(-MOST_DECIBELS, high - LEAST_DECIBELS), high),
            Self::High => (low, to.clamp(low + LEAST_DECIBELS, MOST_DECIBELS)),
        }
    }
}

/// Draws the bar, with the density under the pointer marked on it. It spans all densities; colours change
/// between its two ends.
pub(in crate::app) fn bar_ui(
    ui: &mut Ui,
    legend: Rect,
    map: &HeatMap,
    of: BarOf,
    read: Option<f32>,
    state: &mut BarState,
    (textures, intents): (&mut Textures, &mut Vec<Intent>),
) {
    let palette = Palette::of(ui);
    let bar = Rect::from_min_size(pos2(legend.left() + LEFT, legend.top()), vec2(WIDTH, legend.height()));
    let (low, high) = map.range;
    let span = state.held.unwrap_or_else(|| {
        let (least, most) = map.ranges.extremes;
        (least.min(low), most.max(high))
    });
    let on_screen = bar_map(bar, span);
    let y = |value: f32| on_screen.y(f64::from(value.clamp(span.0, span.1)));
    let colours = textures.heat_maps.bar(ui, map.colour_map);
    let painter = ui.painter();
    let end_colours = [whole().left_bottom(), whole().left_top()].map(|at| Rect::from_min_size(at, Vec2::ZERO));
    let middle = Rect::from_x_y_ranges(bar.x_range(), y(high)..=y(low));
    painter.image(colours, Rect::from_min_max(pos2(bar.left(), y(low)), bar.max), end_colours[0], Color32::WHITE);
    painter.image(colours, Rect::from_min_max(bar.min, pos2(bar.right(), y(high))), end_colours[1], Color32::WHITE);
    painter.image(colours, middle, whole(), Color32::WHITE);
    if let Some(value) = read {
        let at = y(value);
        painter.hline((bar.left() - 4.0)..=(bar.right() + 4.0), at, Stroke::new(2.0, palette.window));
        painter.hline((bar.left() - 4.0)..=(bar.right() + 4.0), at, Stroke::new(1.0, palette.text));
    }
    let roomy = legend.height() >= 2.0 * FIELD.y + 8.0;
    for end in [BarEnd::High, BarEnd::Low] {
        handle_ui(ui, (end, of), (bar, y(end.of(map.range))), map, span, (state, &mut *intents));
        if roomy {
            field_ui(ui, (end, of), bar, map, intents);
        }
    }
    if legend.height() >= 2.0 * FIELD.y + 26.0 {
        let words = if of.chosen.is_none() { words::tracks::RANGE_AUTO } else { words::tracks::RANGE_CHOSEN };
        let at = pos2(bar.right() + 14.0, bar.center().y);
        painter_text(ui, at, words, &palette);
    }
}

/// The map from densities to positions on the bar.
fn bar_map(bar: Rect, (low, high): (f32, f32)) -> Transform {
    Transform::new(bar, (0.0, 1.0), (low.into(), high.into()))
}

fn painter_text(ui: &Ui, at: egui::Pos2, words: &str, palette: &Palette) {
    ui.painter().text(at, Align2::LEFT_CENTER, words, theme::body(SMALL - 1.0), palette.secondary);
}

/// The mark at a dragged end.
fn handle_ui(
    ui: &Ui,
    (end, of): (BarEnd, BarOf),
    (bar, at): (Rect, f32),
    map: &HeatMap,
    span: (f32, f32),
    (state, intents): (&mut BarState, &mut Vec<Intent>),
) {
    let palette = Palette::of(ui);
    let value = end.of(map.range);
    // Two ends that meet keep separate targets.
    let off = if end == BarEnd::High { -9.0 } else { 9.0 };
    let grip = Rect::from_center_size(pos2(bar.center().x, at + off), vec2(WIDTH + 14.0, 24.0));
    let response = ui.interact(grip, ui.scope_id().with(("range", of.name(end))), Sense::click_and_drag());
    response.widget_info(|| {
        WidgetInfo::slider(true, f64::from(value), format!("{} {}", of.name(end), words::tracks::COLOUR_RANGE))
    });
    let response = response.on_hover_cursor(CursorIcon::ResizeVertical);
    let lit = response.hovered() || response.dragged() || response.has_focus();
    let colour = if lit { palette.accent } else { palette.text };
    let corner = pos2(bar.right(), at);
    let back = corner + vec2(6.0, 0.0);
    let tip = vec![corner, back + vec2(0.0, -4.0), back + vec2(0.0, 4.0)];
    ui.painter().hline(bar.x_range(), at, Stroke::new(1.0, palette.text));
    ui.painter().add(Shape::convex_polygon(tip, colour, Stroke::NONE));
    if response.drag_started() {
        state.held = Some(span);
    }
    take_keyboard(&response);
    let keys = arrows(ui, &response).y;
    let wanted = match response.interact_pointer_pos().filter(|_| response.dragged()) {
        Some(pointer) => {
            let density = (bar_map(bar, span).value_y(pointer.y - off) as f32).clamp(span.0, span.1);
            // Half a dB is fine enough for dragging.
            Some((2.0 * density).round() / 2.0)
        }
        None if keys != 0.0 => Some(value + keys),
        None => None,
    };
    if response.double_clicked() {
        intents.push(of.change(None));
    } else if let Some(wanted) = wanted.filter(|wanted| *wanted != value) {
        let range = end.moved(map.range, wanted);
        intents.push(of.change(Some(range)));
    }
    if response.drag_stopped() {
        state.held = None;
        intents.push(Intent::EndGesture);
    }
    let (low, high) = map.ranges.fitting;
    let (low, high) = (ticks::number(f64::from(low), 0), ticks::number(f64::from(high), 0));
    response.on_hover_text(format!(
        "10·log₁₀ of the power spectral density at this end of the colour range. Drag, use arrow keys or type; \
         double-click to fit ({low} to {high} dB)"
    ));
}

/// The end as a number to type.
fn field_ui(ui: &mut Ui, (end, of): (BarEnd, BarOf), bar: Rect, map: &HeatMap, intents: &mut Vec<Intent>) {
    let top = if end == BarEnd::High { bar.top() } else { bar.bottom() - FIELD.y };
    let place = Rect::from_min_size(pos2(bar.right() + 10.0, top), FIELD);
    let mut value = end.of(map.range);
    let response = ui
        .scope_builder(UiBuilder::new().max_rect(place), |ui| {
            ui.style_mut().drag_value_text_style = egui::TextStyle::Monospace;
            ui.spacing_mut().button_padding = vec2(4.0, 1.0);
            ui.spacing_mut().interact_size = FIELD;
            let field = DragValue::new(&mut value).speed(0.5).max_decimals(1).suffix(" dB");
            let field = field.custom_formatter(|value, _| ticks::number(value, usize::from(value.fract() != 0.0)));
            number(ui, field, Limits::within(-f64::from(MOST_DECIBELS), f64::from(MOST_DECIBELS)))
        })
        .inner;
    named(ui, &response, &of.name(end));
    if response.changed() && value.is_finite() {
        let range = end.moved(map.range, value);
        intents.push(of.change(Some(range)));
    }
    if response.drag_stopped() || response.lost_focus() {
        intents.push(Intent::EndGesture);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_do_not_pass_each_other() {
        assert_eq!(BarEnd::Low.moved((-60.0, 10.0), 40.0), (10.0 - LEAST_DECIBELS, 10.0));
        assert_eq!(BarEnd::High.moved((-60.0, 10.0), -80.0), (-60.0, -60.0 + LEAST_DECIBELS));
        assert_eq!(BarEnd::High.moved((-60.0, 10.0), 1e6), (-60.0, MOST_DECIBELS));
        assert_eq!(BarEnd::Low.of((-60.0, 10.0)), -60.0);
    }
}
