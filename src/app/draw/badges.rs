//! Short texts on a picture, which cover neither each other nor its edge.

use crate::app::draw::theme::{self, Palette, SMALL};
use egui::{Align, Align2, Color32, FontId, Rect, Response, Role, Sense, Ui, Vec2, WidgetInfo, vec2};

/// Space between badges, and to the edge of the picture, points.
const EDGE: f32 = 6.0;
const BETWEEN: f32 = 4.0;

/// The place of a badge in a corner of half a picture, moved away from the edge past those that are `taken`. `None` if the
/// half has no room: that of the other half is for the badges there.
pub(in crate::app) fn place(picture: Rect, corner: Align2, size: Vec2, taken: &[Rect]) -> Option<Rect> {
    let is_upper = corner.y() == Align::Min;
    let middle = picture.center().y;
    let half = if is_upper { picture.with_max_y(middle - 1.0) } else { picture.with_min_y(middle + 1.0) };
    let inner = Rect::from_min_max(picture.min + Vec2::splat(EDGE), picture.max - Vec2::splat(EDGE)).intersect(half);
    let mut place = corner.align_size_within_rect(size, inner);
    while let Some(other) = taken.iter().find(|other| other.expand(BETWEEN - 0.5).intersects(place)) {
        let by = if is_upper { other.bottom() + BETWEEN - place.top() } else { other.top() - BETWEEN - place.bottom() };
        place = place.translate(vec2(0.0, by));
    }
    inner.expand(0.01).contains_rect(place).then_some(place)
}

/// How badges look: the font, the text's colour, the ground, and the space around the text.
#[derive(Clone)]
pub(in crate::app) struct BadgeLook {
    font: FontId,
    ink: Color32,
    ground: Color32,
    margin: Vec2,
}

impl BadgeLook {
    /// For what is said of a picture.
    pub(in crate::app) fn quiet() -> Self {
        let (ink, ground) = (Palette::DARK.text, Palette::DARK.window.gamma_multiply(0.8));
        Self { font: theme::body(SMALL - 1.0), ink, ground, margin: vec2(5.0, 2.0) }
    }

    /// For what must be seen, on a colour.
    pub(in crate::app) fn strong(ui: &Ui, ground: Color32) -> Self {
        Self { font: theme::strong(SMALL - 1.0), ink: Palette::of(ui).on_accent, ground, margin: vec2(6.0, 3.0) }
    }
}

/// Draws the first of some texts that has room, and returns its place.
pub(in crate::app) fn badge_ui(
    ui: &Ui,
    picture: Rect,
    corner: Align2,
    texts: &[&str],
    look: &BadgeLook,
    taken: &[Rect],
) -> Option<Rect> {
    let found = texts.iter().find_map(|text| {
        let galley = ui.painter().layout_no_wrap((*text).to_owned(), look.font.clone(), look.ink);
        Some((place(picture, corner, galley.size() + 2.0 * look.margin, taken)?, galley))
    });
    let (place, galley) = found?;
    ui.painter().rect_filled(place, 4.0, look.ground);
    ui.painter().galley(place.min + look.margin, galley, look.ink);
    Some(place)
}

/// The upper badges of a picture: at the left what it is, and at the right, or below if that leaves no room, the share
/// of values that are outside, if there is room for that, too.
pub(in crate::app) fn upper_ui(ui: &Ui, picture: Rect, what: Option<&str>, outside: Option<&str>) -> Option<Response> {
    let look = BadgeLook::quiet();
    let what = what.and_then(|what| badge_ui(ui, picture, Align2::LEFT_TOP, &[what], &look, &[]));
    let outside = outside?;
    let taken: Vec<_> = what.into_iter().collect();
    let place = badge_ui(ui, picture, Align2::RIGHT_TOP, &[outside], &look, &taken)?;
    let response = ui.interact(place, ui.scope_id().with(("beyond", picture.left().to_bits())), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, outside));
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    #[test]
    fn badges_never_cover_each_other_or_the_edge() {
        let (mut beside, mut below, mut dropped) = (0, 0, 0);
        for width in (20_u16..400).step_by(3) {
            for height in (16_u16..300).step_by(7) {
                let picture = Rect::from_min_size(pos2(11.0, 7.5), vec2(width.into(), height.into()));
                let mut taken = Vec::new();
                let badges = [
                    (Align2::LEFT_TOP, vec2(62.0, 17.0)),
                    (Align2::RIGHT_TOP, vec2(110.0, 17.0)),
                    (Align2::RIGHT_BOTTOM, vec2(90.0, 26.0)),
                    (Align2::LEFT_BOTTOM, vec2(95.0, 19.0)),
                ];
                let places = badges.map(|(corner, size)| {
                    let place = place(picture, corner, size, &taken);
                    taken.extend(place);
                    place
                });
                for (index, one) in taken.iter().enumerate() {
                    assert!(picture.expand(0.02).contains_rect(*one), "{width}×{height}: {one:?}");
                    assert!(taken[..index].iter().all(|other| !other.intersects(*one)), "{width}×{height}: {taken:?}");
                }
                match (places[0], places[1]) {
                    (Some(left), Some(right)) if (left.top() - right.top()).abs() < 0.1 => beside += 1,
                    (Some(_), Some(_)) => below += 1,
                    (Some(_), None) => dropped += 1,
                    _ => {}
                }
            }
        }
        assert!(beside > 0 && below > 0 && dropped > 0, "{beside} {below} {dropped}");
    }
}
