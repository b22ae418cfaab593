//! The tokens of a prompt, a chip each with its weight under it, and the words that do not fit.

use super::tokens::{TokensMade, TokensShown};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::words;
use crate::words::shortened;
use egui::{
    Align2, Color32, FontId, Label, Rect, RichText, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo,
    vec2,
};
use std::sync::Arc;

/// Height of a chip and of the weight under it, points.
const CHIP: f32 = 18.0;
const WEIGHT: f32 = 12.0;
/// Space between words, and between tokens of one word.
const APART: f32 = 4.0;
const JOINED: f32 = 1.0;
/// Rows of chips before they scroll.
const ROWS: f32 = 4.0;

/// Where a chip stands, from the top left of all.
struct PlacedChip {
    rect: Rect,
    index: usize,
}

/// How much of the tokens is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chips {
    /// Each as a chip.
    Shown,
    /// Their number.
    Counted,
}

/// Draws the count, what must be known, and the chips. Before the first answer their line is empty.
pub(super) fn tokens_ui(ui: &mut Ui, made: Option<(Arc<TokensMade>, bool)>, (name, chips): (&str, Chips)) {
    let palette = Palette::of(ui);
    let small = |text: &str, color| RichText::new(text).font(theme::body(SMALL)).color(color);
    let Some((made, is_old)) = made else {
        ui.label(small(" ", palette.secondary));
        return;
    };
    let tokens = match &made.0 {
        Ok(tokens) => tokens,
        Err(sentence) => {
            ui.add(Label::new(small(sentence, palette.error)).wrap());
            return;
        }
    };
    let color = if tokens.count > tokens.limit { palette.warning } else { palette.secondary };
    let counted = ui.label(small(&words::panes::tokens(tokens.count, tokens.limit), color));
    counted.on_hover_text(words::panes::ABOUT_TOKENS);
    for note in &tokens.notes {
        ui.add(Label::new(small(note, palette.warning)).wrap());
    }
    if chips == Chips::Shown && !tokens.chips.is_empty() {
        if let Some(text) = &tokens.text {
            let text = words::panes::now(&shortened(text, 200));
            ui.add(Label::new(small(&text, palette.secondary)).wrap());
        }
        chips_ui(ui, tokens, name, is_old);
    }
}

fn chips_ui(ui: &mut Ui, tokens: &TokensShown, name: &str, dimmed: bool) {
    let weighted = tokens.chips.iter().any(|chip| (chip.weight - 1.0).abs() > 1e-6);
    let height = if weighted { CHIP + WEIGHT } else { CHIP };
    let width = ui.available_width();
    let (placed, whole) = arranged(ui, tokens, (width, height), weighted);
    let scroll = ScrollArea::vertical().id_salt((name, "tokens")).auto_shrink([false, true]);
    scroll.max_height(ROWS * (height + APART)).show(ui, |ui| {
        let (space, response) = ui.allocate_exact_size(vec2(width, whole), Sense::hover());
        response.widget_info(|| {
            let chips = tokens.chips.iter().map(|chip| chip.text.as_str()).collect::<Vec<_>>().join(" ");
            WidgetInfo::labeled(Role::Label, true, words::panes::tokens_of(name, &chips))
        });
        let palette = Palette::of(ui);
        let shown = ui.clip_rect();
        let mut hovered = None;
        for PlacedChip { rect, index } in placed {
            let rect = rect.translate(space.min.to_vec2());
            if !shown.intersects(rect) {
                continue;
            }
            let chip = &tokens.chips[index];
            if response.hover_pos().is_some_and(|at| rect.contains(at)) {
                hovered = Some(chip);
            }
            let cell = Rect::from_min_size(rect.min, vec2(rect.width(), CHIP));
            let fade = |color: Color32| if dimmed { color.gamma_multiply(0.5) } else { color };
            ui.painter().rect_filled(cell, 4.0, fade(palette.field));
            let edge = if chip.weight > 1.0 + 1e-6 { palette.accent } else { palette.hairline };
            ui.painter().rect_stroke(cell, 4.0, Stroke::new(1.0, fade(edge)), StrokeKind::Inside);
            let font = theme::body(SMALL);
            ui.painter().text(cell.center(), Align2::CENTER_CENTER, &chip.text, font, fade(palette.text));
            if weighted {
                let at = rect.center_bottom() + vec2(0.0, -1.0);
                let color = if (chip.weight - 1.0).abs() > 1e-6 { palette.text } else { palette.secondary };
                let weight = words::panes::weight(chip.weight);
                ui.painter().text(at, Align2::CENTER_BOTTOM, weight, theme::mono(SMALL - 2.0), fade(color));
            }
        }
        if let Some(chip) = hovered {
            response.on_hover_text_at_pointer(words::panes::about_token(&chip.text, chip.id, chip.weight));
        }
    });
}

/// Where each chip stands, line by line, and the height of all.
fn arranged(ui: &Ui, tokens: &TokensShown, (width, height): (f32, f32), weighted: bool) -> (Vec<PlacedChip>, f32) {
    let wide =
        |text: &str, font: FontId| ui.painter().layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER).size().x;
    let mut at = Vec2::ZERO;
    let mut placed = Vec::with_capacity(tokens.chips.len());
    for (index, chip) in tokens.chips.iter().enumerate() {
        let text = wide(&chip.text, theme::body(SMALL)) + 10.0;
        let weight =
            if weighted { wide(&words::panes::weight(chip.weight), theme::mono(SMALL - 2.0)) + 5.0 } else { 0.0 };
        let size = vec2(text.max(weight).max(16.0).min(width), height);
        if at.x > 0.0 {
            at.x += if chip.joins { JOINED } else { APART };
            if at.x + size.x > width {
                at = vec2(0.0, at.y + height + APART);
            }
        }
        placed.push(PlacedChip { rect: Rect::from_min_size(at.to_pos2(), size), index });
        at.x += size.x;
    }
    (placed, at.y + height)
}
