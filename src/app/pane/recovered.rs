//! What is recovered of each resolution, and how the stage's images are shown.

use crate::app::draw::level_button::{Levels, tip};
use crate::app::draw::number::{Limits, number};
use crate::app::draw::picture_menu::copy_ui;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{Head, named, small_menu, text_toggle};
use crate::app::intent::Intent;
use crate::app::pane::picture::HEAD;
use crate::app::run_view::RunView;
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::session::action::Action;
use crate::session::document::ValueRange;
use crate::session::levels::Band;
use crate::spectrum::BandPlan;
use egui::{Align2, DragValue, Rect, Role, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use egui_tiles::UiResponse;

/// How much of each resolution is there: measured against the end of the run once that is known, until then as theory
/// has it; and how the images are shown.
pub fn recovered_ui(ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) -> UiResponse {
    let whole = ui.available_rect_before_wrap();
    ui.allocate_rect(whole, Sense::hover());
    let space = whole.shrink2(vec2(16.0, 10.0));
    let cut = context.run.zip(context.levels.plan);
    let measured = cut.zip(context.at).and_then(|((run, plan), at)| run.recovered(&plan, at.step, context.sample));
    let (note, about) = if measured.is_some() {
        (
            "measured",
            "How much of each resolution E[x₀|xₜ] has at this step, as the energy of the band over that at the end of \
             the run, eₘ(i)/eₘ(last); the rest is what no level has",
        )
    } else {
        (
            "in theory",
            "How much of each resolution can be told from the noise at this step, for a scale-invariant prior: \
             aₘ = n²ᵐ·ᾱ/(n²ᵐ·ᾱ + 1 − ᾱ). Measured once the run has ended",
        )
    };
    let head = Head { name: "Recovered", note, value: None, about };
    let moved = head.show(ui, Rect::from_min_size(space.min, vec2(space.width(), HEAD))).drag_started();
    let foot = Rect::from_min_max(pos2(space.left(), space.bottom() - 26.0), space.max);
    if let Some((run, plan)) = cut {
        let shares = measured.unwrap_or_else(|| run.recovered_in_theory(&plan, context.at.map_or(0, |at| at.state)));
        let label = |m: usize| Band::of_index(&plan, m).label(plan.factor());
        let spoken = shares.iter().enumerate().map(|(m, share)| format!("{} {share:.2}", label(m)));
        let spoken = format!("Recovered by resolution, {note}: {}", spoken.collect::<Vec<_>>().join(", "));
        let bars =
            Rect::from_min_max(pos2(space.left(), space.top() + HEAD + 2.0), pos2(space.right(), foot.top() - 6.0));
        let response = ui.interact(bars, ui.scope_id().with("recovered"), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
        bars_ui(ui, bars, &shares, (&context.levels, &plan), out.intents);
    }
    ui.scope_builder(UiBuilder::new().max_rect(foot), |ui| looks_ui(ui, context, out.intents));
    if moved { UiResponse::DragStarted } else { UiResponse::None }
}

fn bars_ui(ui: &Ui, rect: Rect, shares: &[f64], (levels, plan): (&Levels, &BandPlan), intents: &mut Vec<Intent>) {
    let palette = Palette::of(ui);
    let painter = ui.painter().with_clip_rect(rect.expand2(vec2(8.0, 4.0)));
    // Where a column would be too dense there are two.
    let count = shares.len().max(1);
    let columns = if rect.height() / (count as f32) < LEAST_ROW { 2 } else { 1 };
    let rows = count.div_ceil(columns);
    let row = (rect.height() / rows as f32).min(44.0);
    let wide = (rect.width() - (columns - 1) as f32 * 16.0) / columns as f32;
    let whole = rect;
    for (m, share) in shares.iter().enumerate() {
        let left = whole.left() + (m / rows) as f32 * (wide + 16.0);
        let rect = Rect::from_x_y_ranges(left..=(left + wide), whole.y_range());
        let y = rect.top() + ((m % rows) as f32 + 0.5) * row;
        let band = Band::of_index(plan, m);
        let line = Rect::from_x_y_ranges((rect.left() - 6.0)..=(rect.right() + 6.0), (y - 0.5 * row)..=(y + 0.5 * row));
        if let Some((response, clicked)) = levels.button(ui, line, band, ("Recovered", m)) {
            Levels::light(ui, line, &response);
            intents.extend(clicked.map(|levels| Intent::Change(Action::Isolate(levels))));
            response.context_menu(|ui| {
                let name = |m: usize| Band::of_index(plan, m).label(plan.factor());
                let lines = shares.iter().enumerate().map(|(m, share)| format!("{}\t{share:.6}", name(m)));
                copy_ui(ui, "Copy values", &lines.collect::<Vec<_>>().join("\n"));
            });
            tip(response);
        }
        let names = if columns > 1 { 34.0 } else { 40.0 };
        let at = pos2(rect.left() + names, y);
        let alone = !levels.lit().is_whole() && levels.lit().contains(band);
        let (font, color) =
            if alone { (theme::strong(SMALL), palette.text) } else { (theme::body(SMALL), palette.secondary) };
        painter.text(at, Align2::RIGHT_CENTER, band.label(plan.factor()), font, color);
        let gap = if columns > 1 { 4.0 } else { 12.0 };
        let (from, to) = (rect.left() + names + gap, rect.right() - 32.0 - gap);
        let thick = (0.28 * row).clamp(2.0, 4.0);
        let track = Rect::from_min_max(pos2(from, y - thick), pos2(to, y + thick));
        if track.width() < 4.0 {
            let number = format!("{share:.2}");
            painter.text(pos2(rect.right(), y), Align2::RIGHT_CENTER, number, theme::mono(SMALL), palette.text);
            continue;
        }
        painter.rect_filled(track, thick, palette.hairline);
        let part = share.clamp(0.0, 1.0) as f32;
        let filled = Rect::from_min_max(track.min, pos2(from + (to - from) * part, track.max.y));
        painter.rect_filled(filled, thick, levels.colour(band, &palette));
        let number = format!("{share:.2}");
        painter.text(pos2(rect.right(), y), Align2::RIGHT_CENTER, number, theme::mono(SMALL), palette.text);
    }
}

/// Least height of a level's row, points.
const LEAST_ROW: f32 = 14.0;
/// Below this width of the pane names are left out, and below this one space, too, points.
const SHORT: f32 = 290.0;
const NARROW: f32 = 200.0;

/// Which image of the batch, which values are black and white, true pixels.
fn looks_ui(ui: &mut Ui, context: &ViewContext, intents: &mut Vec<Intent>) {
    ui.horizontal_centered(|ui| {
        let narrow = ui.available_width() < NARROW;
        ui.spacing_mut().item_spacing.x = if narrow { 4.0 } else { 6.0 };
        if narrow {
            ui.spacing_mut().button_padding.x = 6.0;
        }
        let samples = context.run.map_or(1, RunView::samples);
        let short = ui.available_width() < SHORT;
        // Of one image, too, so that nothing moves when there are more.
        ui.add_enabled_ui(samples > 1, |ui| batch_ui(ui, context, samples, short, intents));
        range_ui(ui, context, short, intents);
        let tip = "True pixels: an image pixel is a whole number of screen pixels";
        if text_toggle(ui, "1:1", "True pixels", tip, context.view().true_pixels).clicked() {
            intents.push(Intent::Change(Action::SetTruePixels(!context.view().true_pixels)));
        }
    });
}

/// Which image of the batch, and whether all are shown.
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
    let response = response.on_hover_text("Which image of the batch is shown");
    named(ui, &response, "Image of the batch");
    if image != context.sample + 1 {
        intents.push(Intent::Change(Action::SetSample(image - 1)));
    }
    let tip = "All images of the batch at once";
    if text_toggle(ui, "all", "All images of the batch", tip, context.view().batch_grid).clicked() {
        intents.push(Intent::Change(Action::SetGrid(!context.view().batch_grid)));
    }
}

fn range_ui(ui: &mut Ui, context: &ViewContext, short: bool, intents: &mut Vec<Intent>) {
    let shown = match context.view().range {
        ValueRange::Image if short => "±1",
        ValueRange::Image => "range: image",
        ValueRange::Auto if short => "auto",
        ValueRange::Auto => "range: auto",
        ValueRange::Fixed { .. } if short => "fixed",
        ValueRange::Fixed { .. } => "range: fixed",
    };
    let tip = "Which values are black and white in the images";
    small_menu(ui, "Value range", shown, tip, |ui| {
        let mut range = context.view().range;
        ui.set_min_width(230.0);
        for (choice, text) in [
            (ValueRange::Image, "image: ±1, wider for noisy states"),
            (ValueRange::Auto, "auto: least and greatest of each image"),
        ] {
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
