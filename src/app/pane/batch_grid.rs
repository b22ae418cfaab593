//! All images of a batch at once.

use crate::app::draw::theme::Palette;
use crate::app::draw::widgets::Head;
use crate::app::intent::Intent;
use crate::app::pane::picture::{HEAD, look_ui, menu_ui, picture_ui, pixels_of, range_in_words, seen_of};
use crate::app::pane::space_switch::seen_in_words;
use crate::app::run_view::{Picture, RunView};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::session::action::Action;
use egui::{Rect, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2};
use egui_tiles::UiResponse;

/// Space between images, points.
const GAP: f32 = 8.0;

/// E[x_0|x_t] of every image of the batch. A click chooses one for the other panes, a double-click shows it alone.
pub(in crate::app) fn grid_ui(ui: &mut Ui, space: Rect, context: &ViewContext, out: &mut ViewOutput) -> UiResponse {
    let palette = Palette::of(ui);
    let samples = context.run.map_or(1, RunView::samples);
    let pixels = pixels_of(context);
    let room = Rect::from_min_max(pos2(space.left(), space.top() + HEAD), space.max);
    let (columns, cell) = arranged(room.size(), samples, pixels);
    let framing = out.lens.framing(cell, pixels, None);
    let mut range = None;
    for sample in 0..samples {
        let (x, y) = ((sample % columns) as f32, (sample / columns) as f32);
        let corner = room.min + vec2(x * (framing.size.x + GAP), y * (framing.size.y + GAP));
        let rect = Rect::from_min_size(corner, framing.size);
        let response = ui.interact(rect, ui.scope_id().with(("of the batch", sample)), Sense::click_and_drag());
        let is_shown = sample == context.sample;
        let name = words::panes::image_of_batch(sample + 1);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_shown, &name));
        if response.double_clicked() {
            let actions = [Action::SetSample(sample), Action::SetGrid(false)];
            out.intents.extend(actions.map(Intent::Change));
        } else if response.clicked() {
            out.intents.push(Intent::Change(Action::SetSample(sample)));
        }
        let one = ViewContext { sample, ..*context };
        if !response.double_clicked() {
            let _ = look_ui(ui, &one, Picture::Expectation, &response, (rect, framing), out.lens);
        }
        // A number that covers little of the image.
        let number = (sample + 1).to_string();
        let number = (rect.width().min(rect.height()) >= 56.0).then_some(number.as_str());
        range = picture_ui(ui, &one, Picture::Expectation, (rect, framing), (None, number), out.textures).or(range);
        if is_shown || response.has_focus() {
            ui.painter().rect_stroke(rect, 6.0, Stroke::new(2.0, palette.accent), StrokeKind::Outside);
        }
        menu_ui(&one, &response, Picture::Expectation, (rect, framing), out);
        response.on_hover_text("Click to show this image in the other panes; double-click to show it alone");
    }
    let (symbol, _) = Picture::Expectation.name();
    let seen = context.run.and_then(|run| seen_in_words(run, seen_of(context, Picture::Expectation)));
    let seen = seen.map_or_else(String::new, |seen| format!(" · {seen}"));
    let note = format!("all {samples} images{seen}");
    let about = Picture::Expectation.about();
    let head = Head { name: symbol, note: &note, value: range.map(range_in_words), about };
    let place = Rect::from_min_size(space.min, vec2(space.width(), HEAD));
    if head.show(ui, place).drag_started() { UiResponse::DragStarted } else { UiResponse::None }
}

/// The number of columns that makes the images largest, and the space of each.
fn arranged(space: Vec2, count: usize, pixels: (usize, usize)) -> (usize, Vec2) {
    let room = |columns: usize| {
        let rows = count.div_ceil(columns);
        let gaps = vec2((columns - 1) as f32, (rows - 1) as f32) * GAP;
        ((space - gaps) / vec2(columns as f32, rows as f32)).max(Vec2::splat(8.0))
    };
    let scale = |columns: usize| {
        let room = room(columns);
        (room.x / pixels.0 as f32).min(room.y / pixels.1 as f32)
    };
    let best = (1..=count.max(1)).max_by(|a, b| scale(*a).total_cmp(&scale(*b))).unwrap_or(1);
    (best, room(best))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_as_large_as_they_can_be() {
        assert_eq!(arranged(vec2(400.0, 400.0), 4, (64, 64)).0, 2);
        assert_eq!(arranged(vec2(800.0, 100.0), 4, (64, 64)).0, 4);
        assert_eq!(arranged(vec2(100.0, 800.0), 4, (64, 64)).0, 1);
        let (columns, room) = arranged(vec2(700.0, 240.0), 16, (64, 64));
        let rows = 16_usize.div_ceil(columns);
        assert!(room.x * columns as f32 <= 700.0 && room.y * rows as f32 <= 240.0, "{columns} {room:?}");
    }
}
