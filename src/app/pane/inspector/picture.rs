//! The image with the values of its pixels, and the divided view with the reference.

use crate::app::draw::lens::{Framing, look_around};
use crate::app::draw::mosaic::{Mosaic, pixel_of};
use crate::app::draw::notes::words_ui;
use crate::app::draw::picture_menu::{Offered, in_plain, picture_menu_ui};
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::draw::widgets::{arrows, take_keyboard};
use crate::app::intent::Intent;
use crate::app::pane::inspector::job::Inspected;
use crate::app::pane::inspector::state::{InspectShown, InspectorPane, Mode};
use crate::app::pane::picture::{only_ui, pixels_of};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::figure::ticks;
use crate::session::action::Action;
use crate::session::levels::LevelSet;
use crate::session::view_space::is_image;
use egui::{Color32, CursorIcon, Painter, Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use ndarray::Array3;

/// Smallest pixel that has its values written in it, points.
const NUMBER_WIDTH: f32 = 38.0;
const NUMBER_HEIGHT: f32 = 13.0;

/// Values of channels in a line.
const PER_LINE: usize = 4;

/// The channels that a result shows side by side.
fn cells_of(made: &Inspected) -> usize {
    let channels = made.subject.dim().0;
    if is_image(channels) { 1 } else { channels }
}

/// Draws the image in `rect`.
pub(super) fn picture_ui(ui: &Ui, rect: Rect, context: &ViewContext, state: &mut InspectorPane, out: &mut ViewOutput) {
    let palette = Palette::of(ui);
    let Some(shown) = &state.shown else {
        words_ui(ui, rect, &state.empty_words(context));
        return;
    };
    let pixels = pixels_of(context);
    let framing = out.lens.framing(rect.size(), pixels, context.view().true_pixels.then(|| ui.pixels_per_point()));
    let rect = Rect::from_min_size(rect.min, framing.size);
    let response = ui.interact(rect, ui.scope_id().with("inspected"), Sense::click_and_drag());
    let mosaic = Mosaic::new(rect, framing, cells_of(&shown.made));
    let cell = response.hover_pos().map_or_else(|| mosaic.cell(0), |at| mosaic.cell_at(at));
    look_around(ui, &response, cell, framing, out.lens);
    let spoken = spoken(state);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &spoken));

    let painter = ui.painter().with_clip_rect(rect.expand(1.0));
    let tint = if context.stale || state.is_late() { Color32::from_white_alpha(110) } else { Color32::WHITE };
    mosaic.paint(&painter, shown.texture.id(), tint);
    let divider = shown.other.as_ref().map(|other| {
        let line = rect.left() + state.wipe * rect.width();
        mosaic.paint(&painter.with_clip_rect(rect.with_min_x(line)), other.id(), tint);
        line
    });
    if mosaic.is_grid() {
        mosaic.numbers_ui(&painter);
    } else {
        numbers_ui(&painter, rect, framing, shown, divider);
        painter.rect_stroke(rect, 6.0, Stroke::new(1.0, palette.hairline), StrokeKind::Inside);
    }
    if response.has_focus() {
        ui.painter().rect_stroke(rect, 6.0, Stroke::new(2.0, palette.accent), StrokeKind::Outside);
    }
    let size = (shown.made.subject.dim().2, shown.made.subject.dim().1);
    let hovered = response.hover_pos().map(|at| (pixel_of(mosaic.part_at(at), size), mosaic.channel_at(at)));
    let image = || Some(shown.made.picture.clone());
    let value = |at| {
        let (x, y) = pixel_of(mosaic.part_at(at), size);
        let values = shown.made.subject.outer_iter().filter_map(|channel| channel.get((y, x)).copied());
        Some(format!("{x}, {y}: {}", in_plain(values)))
    };
    picture_menu_ui(
        &response,
        &Offered { pane: out.pane, name: "inspected", image: &image, value: &value },
        out.intents,
        |_, _| {},
    );
    if let Some(line) = divider {
        wipe_ui(ui, rect, line, &mut state.wipe);
    }
    let Some(shown) = &state.shown else { return };
    if divider.is_some() {
        corner_ui(&painter, rect.left_top() + vec2(8.0, 8.0), state.picture.name().0, false);
        corner_ui(&painter, rect.right_top() + vec2(-8.0, 8.0), &state.reference_name(), true);
    } else if let Mode::Difference(kind) = state.mode
        && shown.made.other.is_some()
    {
        corner_ui(&painter, rect.left_top() + vec2(8.0, 8.0), kind.formula(), false);
    }
    if let Some(alone) = context.levels.alone()
        && only_ui(ui, rect, &alone, words::panes::INSPECTED_IMAGE)
    {
        out.intents.push(Intent::Change(Action::Isolate(LevelSet::WHOLE)));
    }
    if let Some((pixel, channel)) = hovered {
        reading_ui(&painter, (rect, &mosaic), shown, pixel, channel);
    }
}

fn spoken(state: &InspectorPane) -> String {
    let (symbol, note) = state.picture.name();
    match state.mode {
        Mode::Image => format!("Inspected {symbol}, {note}"),
        Mode::Wipe => words::panes::inspected_with(symbol, &state.reference_name()),
        Mode::Difference(kind) => words::panes::difference_of(kind.name(), symbol, &state.reference_name()),
    }
}

/// The screen position of a pixel's corner.
fn place(rect: Rect, framing: Framing, (width, height): (usize, usize), x: usize, y: usize) -> Pos2 {
    let corner = vec2(x as f32 / width as f32, y as f32 / height as f32);
    rect.min + (corner - framing.window.min.to_vec2()) / framing.window.size() * rect.size()
}

/// The values inside the pixels, if these are large enough.
fn numbers_ui(painter: &Painter, rect: Rect, framing: Framing, shown: &InspectShown, divider: Option<f32>) {
    let (channels, height, width) = shown.made.subject.dim();
    let size = rect.size() / framing.window.size() / vec2(width as f32, height as f32);
    if size.x < NUMBER_WIDTH || size.y < NUMBER_HEIGHT * channels as f32 + 4.0 {
        return;
    }
    #[expect(clippy::cast_sign_loss, reason = "the window lies in the image")]
    let seen = |from: f32, to: f32, side: usize| {
        let (from, to) = ((from * side as f32).floor().max(0.0) as usize, (to * side as f32).ceil() as usize);
        from..to.min(side)
    };
    let window = framing.window;
    for y in seen(window.top(), window.bottom(), height) {
        for x in seen(window.left(), window.right(), width) {
            let middle = place(rect, framing, (width, height), x, y) + 0.5 * size;
            let beyond = divider.is_some_and(|line| middle.x > line);
            let (values, picture) = match (&shown.made.other, &shown.made.other_picture) {
                (Some(other), Some(picture)) if beyond => (other, picture),
                _ => (&shown.made.subject, &shown.made.picture),
            };
            let behind = picture.pixels[y * width + x];
            let ink = if luminance(behind) > 0.4 { Color32::BLACK } else { Color32::WHITE };
            for channel in 0..channels {
                let text = ticks::signed(values[[channel, y, x]].into());
                let line = channel as f32 - 0.5 * (channels - 1) as f32;
                let at = middle + vec2(0.0, line * NUMBER_HEIGHT);
                painter.text(at, egui::Align2::CENTER_CENTER, text, theme::mono(SMALL - 1.0), ink);
            }
        }
    }
}

fn luminance(color: Color32) -> f32 {
    let linear = |byte: u8| (f32::from(byte) / 255.0).powf(2.2);
    0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
}

/// A line that can be dragged or moved by keys: the image at its left, the reference at its right.
fn wipe_ui(ui: &Ui, rect: Rect, line: f32, wipe: &mut f32) {
    let palette = Palette::of(ui);
    let grip = Rect::from_x_y_ranges((line - 7.0)..=(line + 7.0), rect.y_range());
    let response = ui.interact(grip, ui.scope_id().with("wipe"), Sense::click_and_drag());
    let part = f64::from(*wipe);
    response.widget_info(|| WidgetInfo::slider(true, part, words::panes::WIPE));
    if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged()) {
        *wipe = (at.x - rect.left()) / rect.width();
    }
    if response.double_clicked() {
        *wipe = 0.5;
    }
    take_keyboard(&response);
    *wipe += 0.01 * arrows(ui, &response).x;
    *wipe = wipe.clamp(0.0, 1.0);
    let lit = response.hovered() || response.dragged() || response.has_focus();
    let painter = ui.painter();
    painter.vline(line, rect.y_range(), Stroke::new(3.0, Color32::from_black_alpha(140)));
    painter.vline(line, rect.y_range(), Stroke::new(1.5, if lit { palette.accent } else { Color32::WHITE }));
    let knob = pos2(line, rect.center().y);
    painter.circle(knob, 6.0, if lit { palette.accent } else { Color32::WHITE }, Stroke::new(1.0, Color32::BLACK));
    response.on_hover_cursor(CursorIcon::ResizeHorizontal).on_hover_text(
        "Image on the left, reference on the right. Drag or use arrow keys (Shift: ten times as far); double-click \
         to centre",
    );
}

/// A name in an upper corner of the image.
fn corner_ui(painter: &Painter, corner: Pos2, name: &str, at_right: bool) {
    let galley = painter.layout_no_wrap(name.to_owned(), theme::strong(SMALL), Color32::WHITE);
    let left = if at_right { corner.x - galley.size().x - 10.0 } else { corner.x };
    let back = Rect::from_min_size(pos2(left, corner.y), galley.size() + vec2(10.0, 4.0));
    painter.rect_filled(back, 4.0, Color32::from_black_alpha(220));
    painter.galley(back.min + vec2(5.0, 2.0), galley, Color32::WHITE);
}

/// The pixel under the pointer: its position and values, those of the reference, and their difference.
fn reading_ui(
    painter: &Painter,
    (rect, mosaic): (Rect, &Mosaic),
    shown: &InspectShown,
    (x, y): (usize, usize),
    channel: usize,
) {
    let made = &shown.made;
    let (_, height, width) = made.subject.dim();
    let pixel = mosaic.pixel(channel, (width, height), (x, y));
    painter.rect_stroke(pixel.expand(1.0), 1.0, Stroke::new(1.0, Color32::WHITE), StrokeKind::Outside);
    painter.rect_stroke(pixel.expand(2.0), 1.0, Stroke::new(1.0, Color32::BLACK), StrokeKind::Outside);
    let values = |of: &Array3<f32>| {
        let values = of.outer_iter().map(|plane| ticks::signed(plane[[y, x]].into()));
        let values: Vec<String> = values.collect();
        values.chunks(PER_LINE).map(|line| line.join(" ")).collect::<Vec<_>>().join("\n")
    };
    let about = if made.exact { "" } else { " ~" };
    let rows = std::iter::once(&made.image).chain(&made.other).map(values);
    let lines = std::iter::once(format!("{x},{y}{about}")).chain(rows).collect::<Vec<_>>().join(
        "
",
    );
    let galley = painter.layout_no_wrap(lines, theme::mono(SMALL), Color32::WHITE);
    let low = pixel.center().y < rect.bottom() - galley.size().y - 24.0;
    let top = if low { rect.bottom() - galley.size().y - 10.0 } else { rect.top() + 10.0 };
    let at = pos2(rect.left() + 10.0, top);
    painter.rect_filled(
        Rect::from_min_size(at, galley.size()).expand2(vec2(6.0, 4.0)),
        4.0,
        Color32::from_black_alpha(225),
    );
    painter.galley(at, galley, Color32::WHITE);
}
