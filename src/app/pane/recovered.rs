//! The Recovered pane: how much of each level is recovered, and how the images are shown.

use crate::app::draw::level_button::{Levels, tip};
use crate::app::draw::number::{Limits, number};
use crate::app::draw::picture_menu::copy_ui;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{named, small_menu, text_toggle};
use crate::app::intent::Intent;
use crate::app::pane::contract::{About, Pane, PanePlace};
use crate::app::pane::panel::pane_space;
use crate::app::pane::picture::{HEAD, seen_head_ui};
use crate::app::pane_id::PaneId;
use crate::app::run_view::{RunView, Seen};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::runtime::Wake;
use crate::session::action::Action;
use crate::session::document::{Layout, ValueRange};
use crate::session::levels::Band;
use crate::session::view_space::ViewSpace;
use crate::spectrum::BandPlan;
use egui::{Align2, DragValue, Rect, Role, Sense, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2};
use egui_tiles::UiResponse;

const ABOUT: About = About {
    id: PaneId::new("recovered"),
    name: "Recovered",
    about: "How much of each level is recovered at this step: in theory, then measured when the run has ended",
    scrolls: false,
    places: &[
        (Layout::Explore, PanePlace::Column(0.2)),
        (Layout::Present, PanePlace::Column(0.3)),
        (Layout::ScheduleLab, PanePlace::Column(0.3)),
        (Layout::Guidance, PanePlace::Column(0.3)),
    ],
    dropped: None,
};

/// The Recovered pane.
pub struct RecoveredPane;

impl Pane for RecoveredPane {
    fn about() -> &'static About {
        &ABOUT
    }

    fn new(_: &Wake) -> Self {
        Self
    }

    fn ui(&mut self, ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) -> UiResponse {
        let space = pane_space(ui, 10.0);
        let cut = context.run.zip(context.levels.plan);
        let measured = cut.zip(context.at).and_then(|((run, plan), at)| run.recovered(&plan, at.step, context.sample));
        let (note, about) = if measured.is_some() {
            (
                words::panes::MEASURED,
                "How much of each level is recovered: the energy of its band in E[x₀|xₜ] at this step, divided by \
                 that at the end of the run. \"rest\" is coarser than all levels. A level that is not known yet has –: \
                 the finest ones of a decoded image, until it is decoded",
            )
        } else if cut.is_some_and(|(run, _)| !run.has_theory()) {
            (
                words::panes::NOT_MEASURED_YET,
                "How much of each level of the decoded images is recovered, measured when the run ends. Theory says \
                 nothing of it, because a decoder is not linear. Show the latents or their colours to see theirs",
            )
        } else {
            (
                "theory",
                "How much of each level can be recovered at this step in theory, for a scale-invariant prior: aₘ = \
                 n²ᵐ·ᾱ/(n²ᵐ·ᾱ + 1 − ᾱ). Replaced by the measurement when the run ends",
            )
        };
        let place = Rect::from_min_size(space.min, vec2(space.width(), HEAD));
        let moved = seen_head_ui(ui, place, (ABOUT.name, note, seen_in(context, measured.is_some())), None, about);
        let moved = moved.drag_started();
        let foot = Rect::from_min_max(pos2(space.left(), space.bottom() - 26.0), space.max);
        if let Some((run, plan)) = cut {
            let expected = || {
                if !run.has_theory() {
                    return vec![None; plan.levels() + 1];
                }
                let state = context.at.map_or(0, |at| at.state);
                run.recovered_in_theory(&plan, state).into_iter().map(Some).collect()
            };
            let shares = measured.unwrap_or_else(expected);
            let label = |m: usize| Band::of_index(&plan, m).label(plan.factor());
            let spoken = shares.iter().enumerate().map(|(m, share)| format!("{} {}", label(m), in_words(*share)));
            let spoken = words::panes::recovered_by_level(note, &spoken.collect::<Vec<_>>().join(", "));
            let bars =
                Rect::from_min_max(pos2(space.left(), space.top() + HEAD + 2.0), pos2(space.right(), foot.top() - 6.0));
            let response = ui.interact(bars, ui.scope_id().with("recovered"), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
            bars_ui(ui, bars, &shares, (&context.levels, &plan), out.intents);
        }
        ui.scope_builder(UiBuilder::new().max_rect(foot), |ui| looks_ui(ui, context, out.intents));
        if moved { UiResponse::DragStarted } else { UiResponse::None }
    }
}

/// "0.75", or a dash if it is not known.
fn in_words(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{share:.2}"))
}

/// What of latents the shares are of. Theory is always of the latents.
fn seen_in(context: &ViewContext, is_measured: bool) -> Seen {
    let Some((run, at)) = context.run.zip(context.at) else { return Seen::Values };
    match run.recovered_as(at.step, context.sample) {
        Seen::Values => Seen::Values,
        seen if is_measured => seen,
        _ if !run.has_theory() => Seen::Decoded,
        _ => Seen::Latents(None),
    }
}

/// The parts of a level's row, with their positions from its left, points.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    columns: usize,
    height: f32,
    width: f32,
    /// The end of the name, if shown.
    name: Option<f32>,
    /// The start and end of the bar.
    bar: (f32, f32),
    number: bool,
}

impl Row {
    /// For this many levels in this much space, with names and numbers of these widths. A column that would be too dense becomes
    /// two; then numbers are omitted, then names, both of which have tooltips, and bars last.
    fn new(room: Vec2, count: usize, (name, number): (f32, f32)) -> Self {
        let count = count.max(1);
        let columns = if room.y / (count as f32) < LEAST_ROW { 2 } else { 1 };
        let height = (room.y / count.div_ceil(columns) as f32).min(44.0);
        let width = (room.x - (columns - 1) as f32 * BETWEEN) / columns as f32;
        let tight = columns > 1 || width < TIGHT;
        // Names of one column end at the same position in every pane.
        let (name, gap) = if tight { (name, 4.0) } else { (name.max(40.0), 12.0) };
        if height < LEAST_ROW - 2.0 || name + gap + LEAST_BAR > width {
            let height = (room.y / count as f32).min(44.0);
            return Self { columns: 1, height, width: room.x, name: None, bar: (0.0, room.x), number: false };
        }
        let (from, to) = (name + gap, width - number - gap);
        if to - from >= LEAST_BAR {
            return Self { columns, height, width, name: Some(name), bar: (from, to), number: true };
        }
        Self { columns, height, width, name: Some(name), bar: (from, width), number: false }
    }
}

fn bars_ui(
    ui: &Ui,
    rect: Rect,
    shares: &[Option<f64>],
    (levels, plan): (&Levels, &BandPlan),
    intents: &mut Vec<Intent>,
) {
    let palette = Palette::of(ui);
    let label = |m: usize| Band::of_index(plan, m).label(plan.factor());
    let width = |text: String, font| ui.painter().layout_no_wrap(text, font, palette.text).size().x;
    let names = (0..shares.len()).map(|m| width(label(m), theme::strong(SMALL))).fold(0.0, f32::max);
    let shape = Row::new(rect.size(), shares.len(), (names, width("0.00".to_owned(), theme::mono(SMALL))));
    let painter = ui.painter().with_clip_rect(rect.expand2(vec2(8.0, 4.0)));
    let rows = shares.len().div_ceil(shape.columns);
    for (m, share) in shares.iter().enumerate() {
        let left = rect.left() + (m / rows) as f32 * (shape.width + BETWEEN);
        let y = rect.top() + ((m % rows) as f32 + 0.5) * shape.height;
        let band = Band::of_index(plan, m);
        let margin = 0.5 * BETWEEN - 2.0;
        let line =
            Rect::from_center_size(pos2(left + 0.5 * shape.width, y), vec2(shape.width + 2.0 * margin, shape.height));
        let number = in_words(*share);
        if let Some((response, clicked)) = levels.button(ui, line, band, ("Recovered", m)) {
            Levels::light(ui, line, &response);
            intents.extend(clicked.map(|levels| Intent::Change(Action::Isolate(levels))));
            response.context_menu(|ui| {
                let value = |share: &Option<f64>| share.map_or_else(String::new, |share| format!("{share:.6}"));
                let lines = shares.iter().enumerate().map(|(m, share)| format!("{}\t{}", label(m), value(share)));
                copy_ui(ui, words::tracks::COPY_VALUES, &lines.collect::<Vec<_>>().join("\n"));
            });
            tip(if shape.number { response } else { response.on_hover_text(format!("{}: {number}", label(m))) });
        }
        let alone = !levels.lit().is_whole() && levels.lit().contains(band);
        let (font, color) =
            if alone { (theme::strong(SMALL), palette.text) } else { (theme::body(SMALL), palette.secondary) };
        if let Some(end) = shape.name {
            painter.text(pos2(left + end, y), Align2::RIGHT_CENTER, label(m), font, color);
        }
        let (from, to) = shape.bar;
        let thick = (0.28 * shape.height).clamp(0.5, 4.0);
        let track = Rect::from_x_y_ranges((left + from)..=(left + to), (y - thick)..=(y + thick));
        painter.rect_filled(track, thick, palette.hairline);
        if let Some(share) = share {
            let part = share.clamp(0.0, 1.0) as f32;
            let filled = track.with_max_x(track.left() + track.width() * part);
            painter.rect_filled(filled, thick, levels.colour(band, &palette));
        }
        if shape.number {
            let at = pos2(left + shape.width, y);
            painter.text(at, Align2::RIGHT_CENTER, number, theme::mono(SMALL), palette.text);
        }
    }
}

/// Least height of a level's row, least width of a bar, and space between two columns, points.
const LEAST_ROW: f32 = 14.0;
const LEAST_BAR: f32 = 6.0;
/// Below this width a column has no space to spare, points.
const TIGHT: f32 = 120.0;
const BETWEEN: f32 = 16.0;
/// Below the first width of the pane names are omitted, and below the second one space, too, points.
const SHORT: f32 = 290.0;
const NARROW: f32 = 200.0;

/// The image of the batch, the value range, and pixel-perfect mode.
fn looks_ui(ui: &mut Ui, context: &ViewContext, intents: &mut Vec<Intent>) {
    ui.horizontal_centered(|ui| {
        let narrow = ui.available_width() < NARROW;
        ui.spacing_mut().item_spacing.x = if narrow { 4.0 } else { 6.0 };
        if narrow {
            ui.spacing_mut().button_padding.x = 6.0;
        }
        let samples = context.run.map_or(1, RunView::samples);
        let short = ui.available_width() < SHORT;
        // Also for a single image, so that nothing moves when there are more.
        ui.add_enabled_ui(samples > 1, |ui| batch_ui(ui, context, samples, short, intents));
        range_ui(ui, context, short, intents);
        let tip = "Pixel-perfect: an image pixel is a whole number of screen pixels";
        if text_toggle(ui, "1:1", words::panes::PIXEL_PERFECT, tip, context.view().true_pixels).clicked() {
            intents.push(Intent::Change(Action::SetTruePixels(!context.view().true_pixels)));
        }
    });
}

/// The image of the batch, or all of them.
fn batch_ui(ui: &mut Ui, context: &ViewContext, samples: usize, short: bool, intents: &mut Vec<Intent>) {
    let palette = Palette::of(ui);
    let mut image = context.sample + 1;
    let prefix = if short { "" } else { "image " };
    let prefix = egui::RichText::new(prefix).font(theme::body(SMALL)).color(palette.secondary);
    let drag = DragValue::new(&mut image).suffix(format!("/{samples}")).prefix(prefix);
    let width = match ui.available_width() {
        width if width < NARROW => 40.0,
        _ if short => 52.0,
        _ => 92.0,
    };
    let response = number(ui, drag.min_size(vec2(width, 26.0)), Limits::whole(1, samples));
    let response = response.on_hover_text("Image of the batch to show");
    named(ui, &response, words::panes::IMAGE_OF_BATCH);
    if image != context.sample + 1 {
        intents.push(Intent::Change(Action::SetSample(image - 1)));
    }
    let tip = "Show all images of the batch";
    if text_toggle(ui, "all", words::panes::ALL_OF_BATCH, tip, context.view().batch_grid).clicked() {
        intents.push(Intent::Change(Action::SetGrid(!context.view().batch_grid)));
    }
}

fn range_ui(ui: &mut Ui, context: &ViewContext, short: bool, intents: &mut Vec<Intent>) {
    // Latents have no range of their own kind, as images have ±1.
    let of_latents = context.run.is_some_and(|run| run.space() == Some(ViewSpace::Latents));
    let shown = match context.view().range {
        ValueRange::Image if of_latents && short => "own",
        ValueRange::Image if of_latents => "range: latents",
        ValueRange::Image if short => "±1",
        ValueRange::Image => "range: image",
        ValueRange::Auto if short => "auto",
        ValueRange::Auto => "range: auto",
        ValueRange::Fixed { .. } if short => "fixed",
        ValueRange::Fixed { .. } => "range: fixed",
    };
    let tip = "Which values are shown as black and white";
    small_menu(ui, "Value range", shown, tip, |ui| {
        let mut range = context.view().range;
        ui.set_min_width(230.0);
        let usual = if of_latents {
            "latents: almost all values of the newest step, wider for noisy states"
        } else {
            "image: ±1, wider for noisy states"
        };
        for (choice, text) in
            [(ValueRange::Image, usual), (ValueRange::Auto, "auto: smallest and largest value of each image")]
        {
            if ui.selectable_value(&mut range, choice, text).clicked() {
                ui.close();
            }
        }
        let fixed = matches!(range, ValueRange::Fixed { .. });
        if ui.selectable_label(fixed, "fixed").clicked() && !fixed {
            range = ValueRange::Fixed { low: -1.0, high: 1.0 };
        }
        if let ValueRange::Fixed { low, high } = &mut range {
            ui.horizontal(|ui| {
                ui.label("from");
                let (least, most) = (*low, *high);
                let field = DragValue::new(low).speed(0.01).max_decimals(3);
                number(ui, field, Limits::within(-1000.0, f64::from(most - 0.01))).on_hover_text("Black");
                ui.label("to");
                let field = DragValue::new(high).speed(0.01).max_decimals(3);
                number(ui, field, Limits::within(f64::from(least + 0.01), 1000.0)).on_hover_text("White");
            });
        }
        if range != context.view().range {
            intents.push(Intent::Change(Action::SetRange(range)));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_bars_and_numbers_of_a_level_never_overlap() {
        let words = (32.0, 29.0);
        let wide = Row::new(vec2(300.0, 160.0), 7, words);
        assert_eq!((wide.columns, wide.name, wide.number), (1, Some(40.0), true));
        // As at 1280 by 720 points scaled by 1.6.
        let scaled = Row::new(vec2(128.0, 60.0), 7, words);
        assert_eq!((scaled.columns, scaled.name, scaled.number), (2, Some(32.0), false));
        // As in the Schedule lab at that size.
        let low = Row::new(vec2(140.0, 15.0), 7, words);
        assert_eq!((low.columns, low.name, low.number), (1, None, false));
        for width in 20..=400_u16 {
            for height in [40.0, 60.0, 100.0, 200.0] {
                let row = Row::new(vec2(width.into(), height), 7, words);
                let number = if row.number { row.width - words.1 } else { row.width };
                let (from, to) = row.bar;
                assert!(row.name.unwrap_or(0.0) <= from && from + LEAST_BAR <= to && to <= number, "{width}: {row:?}");
                let rows = if row.columns == 2 { 4.0 } else { 7.0 };
                assert!(rows * row.height <= height + 1e-3, "{width}: {row:?}");
                assert!(row.name.is_none() || row.height >= LEAST_ROW - 2.0, "{width}: {row:?}");
            }
        }
    }
}
