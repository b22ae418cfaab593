//! The 2D spectrum, with a ring at the limit of each level.

use crate::app::draw::colour::colour;
use crate::app::draw::level_button::{Levels, paint_of};
use crate::app::draw::picture_menu::{Offered, picture_menu_ui};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::pane::levels::state::LevelsShown;
use crate::app::view_context::ViewOutput;
use crate::app::words;
use crate::figure::ticks;
use crate::session::levels::Band;
use crate::spectrum::{centred_frequency, level_radius};
use egui::{Color32, ColorImage, Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use ndarray::Array2;

/// Least distance between rings for a level's name between them, points.
const ROOM: f32 = 17.0;

/// The density as greys over a scale in dB, on which the levels' colours are visible.
pub(super) fn plane_image(decibels: &Array2<f32>, (low, high): (f64, f64)) -> ColorImage {
    let (height, width) = decibels.dim();
    let pixels = decibels.iter().map(|&decibel| {
        let part = ((f64::from(decibel) - low) / (high - low)).clamp(0.0, 1.0);
        #[expect(clippy::cast_sign_loss, reason = "a part is in [0, 1]")]
        Color32::from_gray((255.0 * part) as u8)
    });
    ColorImage::new([width, height], pixels.collect())
}

/// Draws the spectrum in a square at the right of `rect`.
pub(super) fn plane_ui(ui: &Ui, rect: Rect, shown: &LevelsShown, levels: &Levels, out: &mut ViewOutput) {
    let palette = Palette::of(ui);
    let side = rect.width().min(rect.height());
    let square = Rect::from_min_size(rect.min, vec2(side, side));
    let painter = ui.painter().with_clip_rect(square);
    let all = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    painter.add(egui::epaint::RectShape::filled(square, 6.0, Color32::WHITE).with_texture(shown.plane.id(), all));
    let middle = square.center();
    let points = |radius: f64| radius as f32 * side;
    for m in 0..shown.plan.levels() {
        let (outer, inner) =
            (points(level_radius(shown.plan.factor(), m)), points(level_radius(shown.plan.factor(), m + 1)));
        let color = colour(paint_of(Band::Level(m)), &Palette::DARK);
        // A ring bounds isolated levels on both sides.
        let lit =
            !levels.lit().is_whole() && (m == 0 || [m - 1, m].iter().any(|m| levels.lit().contains(Band::Level(*m))));
        if m > 0 && outer > 4.0 {
            painter.circle_stroke(middle, outer, Stroke::new(if lit { 2.0 } else { 1.0 }, color.gamma_multiply(0.75)));
        }
        if outer - inner > ROOM {
            let label = Band::Level(m).label(shown.plan.factor());
            let galley = painter.layout_no_wrap(label, theme::strong(SMALL - 1.0), color);
            let at = middle - vec2(0.0, 0.5 * (outer + inner)) - 0.5 * galley.size();
            let back = Rect::from_min_size(at, galley.size()).expand2(vec2(3.0, 0.0));
            painter.rect_filled(back, 3.0, Color32::from_black_alpha(220));
            painter.galley(at, galley, color);
        }
    }
    painter.rect_stroke(square, 6.0, Stroke::new(1.0, palette.hairline), StrokeKind::Inside);
    let response = ui.interact(square, ui.scope_id().with("plane"), Sense::click());
    let (low, high) = shown.scale;
    response.widget_info(|| {
        let words = format!("{}, {} to {} dB", words::panes::PLANE, ticks::number(low, 0), ticks::number(high, 0));
        WidgetInfo::labeled(Role::Image, true, words)
    });
    let image = || Some(shown.plane_image.clone());
    let value = |at| read_at(square, shown, at);
    let offered = Offered { pane: out.pane, name: "spectrum", image: &image, value: &value };
    picture_menu_ui(&response, &offered, out.intents, |_, _| {});
    let Some(pointer) = response.hover_pos() else {
        let text = format!("{} … {} dB", ticks::number(low, 0), ticks::number(high, 0));
        words_ui(ui, square, &text);
        return;
    };
    let Some(text) = read_at(square, shown, pointer) else { return };
    words_ui(ui, square, &text);
    response.on_hover_text(
        "Power spectral density in dB. Frequency 0 is in the middle, half a cycle per pixel at the edges. Unit white \
         noise is 0 dB. Each ring is the limit of a level: pooling keeps what is inside",
    );
}

/// The frequency at a position in the plane, and the density there.
fn read_at(square: Rect, shown: &LevelsShown, pointer: Pos2) -> Option<String> {
    let (height, width) = shown.decibels.dim();
    let part = (pointer - square.min) / square.width();
    #[expect(clippy::cast_sign_loss, reason = "the pointer is inside the square")]
    let bin = |part: f32, side: usize| ((part.max(0.0) * side as f32) as usize).min(side.saturating_sub(1));
    let (y, x) = (bin(part.y, height), bin(part.x, width));
    let &decibel = shown.decibels.get((y, x))?;
    let (f_y, f_x) = (centred_frequency(y, height), centred_frequency(x, width));
    let radius = f_y.hypot(f_x);
    let period = if radius > 0.0 { format!(" · {} px", ticks::number(radius.recip(), 1)) } else { String::new() };
    Some(format!("{} c/px{period}\n{} dB", ticks::number(radius, 3), ticks::number(decibel.into(), 1)))
}

fn words_ui(ui: &Ui, square: Rect, text: &str) {
    let painter = ui.painter();
    let galley = painter.layout_no_wrap(text.to_owned(), theme::mono(SMALL - 1.0), Color32::WHITE);
    let at = pos2(square.left() + 8.0, square.bottom() - galley.size().y - 8.0);
    let back = Rect::from_min_size(at, galley.size()).expand2(vec2(5.0, 3.0));
    painter.rect_filled(back, 4.0, Color32::from_black_alpha(190));
    painter.galley(at, galley, Color32::WHITE);
}
