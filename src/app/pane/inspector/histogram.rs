//! The histogram, with handles for black and white.

use crate::app::draw::plot_legend::{PlotLegend, PlotName};
use crate::app::draw::plot_pane::{Hidden, PlotPane, ShownPlot};
use crate::app::draw::plot_view::Numbers;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{arrows, take_keyboard};
use crate::app::intent::Intent;
use crate::app::pane::inspector::job::ToneScale;
use crate::app::pane::inspector::state::InspectorPane;
use crate::app::words;
use crate::figure::{Area, Axis, Dash, Figure, Line, Paint, Role as PaintRole, ticks};
use crate::session::action::Action;
use crate::session::document::ValueRange;
use crate::session::inspect::{Histogram, channel_name};
use egui::{Color32, CursorIcon, Id, Pos2, Rect, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

/// Height of the numbers below, points.
const NUMBERS: f32 = 15.0;
/// Distance of numbers from the foot of a handle, points.
const HANDLE: f32 = 8.0;
/// Height of the legend, and least height of the histogram with one, points.
const LEGEND: (f32, f32) = (20.0, 110.0);

/// Draws the histogram into a space of this height.
pub(super) fn histogram_ui(ui: &mut Ui, height: f32, state: &mut InspectorPane, intents: &mut Vec<Intent>) {
    let (whole, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let Some(shown) = &state.shown else { return };
    let made = std::sync::Arc::clone(&shown.made);
    let palette = Palette::of(ui);
    let kind = std::mem::discriminant(&made.scale);
    let id = Id::unique(("histogram", kind, state.logarithmic));
    let coloured = made.subject.dim().0 > 1;
    let names: Vec<String> = (0..made.histogram.counts.len()).map(|c| channel_name(c, made.channels)).collect();
    let lines: Vec<[&str; 1]> = names.iter().map(|name| [name.as_str()]).collect();
    let legend = coloured.then(|| legend(ui, id, &lines, whole.width()));
    let legend = legend.filter(|legend| height >= LEGEND.1 && legend.rows() == 1);
    let numbers = whole.bottom() - if legend.is_some() { LEGEND.0 } else { 0.0 };
    let plot = Rect::from_min_max(whole.min, pos2(whole.right(), numbers - NUMBERS));
    ui.painter().rect_filled(plot, 4.0, palette.field);
    let range = made.histogram.range;
    let name = {
        let [low, high] = [range.0, range.1].map(|end| ticks::number(end.into(), 2));
        format!("{} {low} to {high}", words::panes::HISTOGRAM_FROM)
    };
    let pane = PlotPane {
        id,
        name: &name,
        whole: words::panes::WHOLE_HISTOGRAM,
        figure: &figure(&made.histogram, state.logarithmic, coloured.then_some(&names)),
        numbers: [Numbers::Linear, Numbers::Linear],
        // The column around it scrolls.
        wheel: false,
    };
    let Some(drawn) = pane.show(ui, plot) else { return };
    let x = |value: f32| drawn.map.x(value.into());
    // The values outside black and white are shaded.
    let (black, white) = made.scale.ends();
    let veil = palette.window.gamma_multiply(0.6);
    for beyond in [plot.with_max_x(x(black)), plot.with_min_x(x(white))] {
        let beyond = beyond.intersect(plot);
        if beyond.is_positive() {
            ui.painter().rect_filled(beyond, 0.0, veil);
        }
    }
    numbers_ui(ui, plot, &drawn, [x(black), x(white)]);
    if let Some(at) = drawn.response.hover_pos() {
        let hidden = Hidden::of(ui.ctx(), id);
        let shown = |channel: usize| names.get(channel).is_none_or(|name| !hidden.has(name));
        value_ui(ui, plot, (&made.histogram, &shown), &drawn, at);
    }
    if let Some(legend) = legend {
        legend.show(ui, pos2(whole.left(), numbers), LEGEND.0);
    }
    for is_white in [false, true] {
        // Magnitudes begin at zero.
        if is_white || !matches!(made.scale, ToneScale::Magnitude(_)) {
            handle_ui(ui, &drawn, range, (made.scale, is_white), state, intents);
        }
    }
}

/// The channels by name, each of which can be hidden.
fn legend<'a>(ui: &Ui, plot: Id, lines: &'a [[&'a str; 1]], width: f32) -> PlotLegend<'a> {
    let name = |(channel, lines): (usize, &'a [&'a str; 1])| PlotName {
        name: lines[0],
        lines,
        paint: Paint::Channel(channel),
        dash: Dash::Solid,
    };
    PlotLegend::new(ui, plot, lines.iter().enumerate().map(name).collect(), width)
}

/// Counts over values: a step line per channel, with these names and the channels' colours, or without names.
fn figure(histogram: &Histogram, logarithmic: bool, names: Option<&Vec<String>>) -> Figure {
    let (low, high) = (f64::from(histogram.range.0), f64::from(histogram.range.1));
    let height = |count: u32| {
        let count = f64::from(count);
        if logarithmic { count.ln_1p() / std::f64::consts::LN_10 } else { count }
    };
    let paint = |channel| names.map_or(Paint::Role(PaintRole::Secondary), |_| Paint::Channel(channel));
    let steps = |counts: &[u32]| {
        let wide = (high - low) / counts.len().max(1) as f64;
        let edges = counts.iter().enumerate().map(|(bin, &count)| (low + wide * bin as f64, height(count)));
        edges.flat_map(|(left, count)| [[left, count], [left + wide, count]]).collect::<Vec<_>>()
    };
    let line = |(channel, counts): (usize, &Vec<u32>)| Line {
        name: names.and_then(|names| names.get(channel)).map_or("values", String::as_str).to_owned(),
        points: steps(counts),
        paint: paint(channel),
        dash: Dash::Solid,
        weight: 0.625,
    };
    let lines: Vec<Line> = histogram.counts.iter().enumerate().map(line).collect();
    let under = |line: &Line| Area {
        name: line.name.clone(),
        points: line.points.iter().map(|&[x, y]| [x, 0.0, y]).collect(),
        paint: line.paint,
    };
    Figure {
        x_axis: Axis {
            label: "value".to_owned(),
            unit: "",
            range: (low, high),
            ticks: ticks::linear(low, high, 4, false),
        },
        y_axis: Axis {
            label: if logarithmic { "log₁₀(1 + pixels)" } else { "pixels" }.to_owned(),
            unit: "",
            // A margin above the highest bin.
            range: (0.0, 1.04 * height(histogram.most().max(1))),
            ticks: Vec::new(),
        },
        areas: lines.iter().map(under).collect(),
        lines,
        points: Vec::new(),
        strips: Vec::new(),
        marks: Vec::new(),
        notes: Vec::new(),
    }
}

/// The values below the plot, clear of the feet of the handles.
fn numbers_ui(ui: &Ui, plot: Rect, drawn: &ShownPlot, handles: [f32; 2]) {
    let palette = Palette::of(ui);
    let mut free = f32::NEG_INFINITY;
    for tick in &drawn.ticks[0] {
        let at = drawn.map.x(tick.at);
        let galley = ui.painter().layout_no_wrap(tick.label.clone(), theme::mono(SMALL - 1.0), palette.secondary);
        let left = (at - 0.5 * galley.size().x).clamp(plot.left(), (plot.right() - galley.size().x).max(plot.left()));
        let place =
            Rect::from_min_size(pos2(left, plot.bottom() + 0.5 * (NUMBERS - galley.size().y) + 1.0), galley.size());
        if left < free || handles.iter().any(|foot| place.x_range().expand(HANDLE).contains(*foot)) {
            continue;
        }
        free = place.right() + 8.0;
        ui.painter().vline(at, (plot.bottom() - 4.0)..=plot.bottom(), Stroke::new(1.0, palette.secondary));
        ui.painter().galley(place.min, galley, palette.secondary);
    }
}

/// The value under the pointer and its counts in the channels that are shown.
fn value_ui(
    ui: &Ui,
    plot: Rect,
    (histogram, is_shown): (&Histogram, &dyn Fn(usize) -> bool),
    drawn: &ShownPlot,
    at: Pos2,
) {
    let bins = histogram.counts.first().map_or(0, Vec::len);
    let (low, high) = histogram.range;
    let part = (drawn.x_at(at.x) as f32 - low) / (high - low);
    #[expect(clippy::cast_sign_loss, reason = "clamped")]
    let bin = ((part.clamp(0.0, 1.0) * bins as f32) as usize).min(bins.saturating_sub(1));
    let value = low + (bin as f32 + 0.5) / bins.max(1) as f32 * (high - low);
    let counts = histogram.counts.iter().enumerate().filter(|(channel, _)| is_shown(*channel));
    let counts: Vec<String> = counts.map(|(_, counts)| counts[bin].to_string()).collect();
    let text = format!("{} · {}", ticks::signed(value.into()), counts.join(" "));
    let galley = ui.painter().layout_no_wrap(text, theme::mono(SMALL - 1.0), Color32::WHITE);
    let place = Rect::from_min_size(plot.min + vec2(6.0, 4.0), galley.size());
    ui.painter().rect_filled(place.expand2(vec2(4.0, 2.0)), 3.0, Color32::from_black_alpha(190));
    ui.painter().galley(place.min, galley, Color32::WHITE);
}

/// The handle of black or white; for signed values both move together.
fn handle_ui(
    ui: &Ui,
    drawn: &ShownPlot,
    (low, high): (f32, f32),
    (scale, is_white): (ToneScale, bool),
    state: &mut InspectorPane,
    intents: &mut Vec<Intent>,
) {
    let (palette, plot) = (Palette::of(ui), drawn.frame);
    let (black, white) = scale.ends();
    let value = if is_white { white } else { black };
    let x = drawn.map.x(value.clamp(low, high).into());
    if !plot.x_range().expand(1.0).contains(x) {
        // Outside the visible range.
        return;
    }
    // If both are at the same place, each can be dragged on its own side.
    let reach = if is_white { (x - 2.0)..=(x + 8.0) } else { (x - 8.0)..=(x + 2.0) };
    let name = if is_white { words::panes::WHITE } else { words::panes::BLACK };
    let grip = Rect::from_x_y_ranges(reach, plot.top()..=(plot.bottom() + NUMBERS));
    let response = ui.interact(grip, ui.scope_id().with(("handle", is_white)), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::slider(true, value.into(), words::panes::handle(name)));
    if response.drag_started() {
        state.span = Some((low, high));
    }
    let dragged = response.interact_pointer_pos().filter(|_| response.dragged());
    let dragged = dragged.map(|at| drawn.x_at(at.x) as f32);
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
            ToneScale::Image(..) if is_white => "white",
            ToneScale::Image(..) => "black",
            _ => "full colour",
        }
    ));
}

/// Sets one end of the tones.
pub(super) fn set(scale: ToneScale, is_white: bool, to: f32, state: &mut InspectorPane, intents: &mut Vec<Intent>) {
    match scale {
        ToneScale::Image(low, high) => {
            let least = 1e-3;
            let (low, high) = if is_white { (low, to.max(low + least)) } else { (to.min(high - least), high) };
            intents.push(Intent::Change(Action::SetRange(ValueRange::Fixed { low, high })));
        }
        ToneScale::Signed(_) | ToneScale::Magnitude(_) => state.set_most(Some(if is_white { to } else { -to })),
    }
}

/// Fits both ends of the tones to the data.
pub(super) fn reset(scale: ToneScale, state: &mut InspectorPane, intents: &mut Vec<Intent>) {
    match scale {
        ToneScale::Image(..) => {
            intents.push(Intent::Change(Action::SetRange(ValueRange::Image)));
            intents.push(Intent::EndGesture);
        }
        ToneScale::Signed(_) | ToneScale::Magnitude(_) => state.set_most(None),
    }
}
