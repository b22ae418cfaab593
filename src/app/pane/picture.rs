//! A picture at the playhead with its badges, as several panes draw it.

use crate::app::draw::badges::upper_ui;
use crate::app::draw::colour::colour;
use crate::app::draw::icons::{Icon, draw_icon};
use crate::app::draw::lens::{Framing, Lens, look_around};
use crate::app::draw::level_button::paint_of;
use crate::app::draw::mosaic::{Mosaic, pixel_of};
use crate::app::draw::notes::words_ui;
use crate::app::draw::picture_menu::{Offered, file_name, picture_menu_ui};
use crate::app::draw::textures::{PictureRequest, Ready, Textures};
use crate::app::draw::theme::{self, BODY, Palette, SMALL};
use crate::app::draw::widgets::{Head, elided};
use crate::app::intent::Intent;
use crate::app::run_view::{Picture, RunView, Seen};
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::figure::ticks;
use crate::session::action::Action;
use crate::session::levels::Isolation;
use egui::{Color32, Galley, Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use ndarray::ArrayView3;
use std::sync::Arc;

/// Height of a heading, points.
pub(in crate::app) const HEAD: f32 = 24.0;
/// Space between images, points.
pub(in crate::app) const GAP: f32 = 20.0;

/// The size of the run's images as width and height; 1 by 1 if there are none. Latents have that of their image, so that
/// nothing moves when something else is shown of them.
pub(super) fn pixels_of(context: &ViewContext) -> (usize, usize) {
    context.run.map_or((1, 1), RunView::image_size)
}

/// A point of an image under the pointer, in [0, 1]², and the channel of latents that it is in.
pub(in crate::app) type Pointed = (Pos2, usize);

/// What a picture at the playhead shows.
pub(in crate::app) fn seen_of(context: &ViewContext, picture: Picture) -> Seen {
    context.seen(picture)
}

/// A heading with what is shown of latents after its note, or in place of the note, or of the note and the value, if there
/// is no room for all: in one word, which always fits.
pub(super) fn seen_head_ui(
    ui: &Ui,
    place: Rect,
    (name, note, seen): (&str, &str, Seen),
    value: Option<String>,
    about: &str,
) -> Response {
    let space = seen.space();
    let Some(space) = space else { return Head { name, note, value, about }.show(ui, place) };
    let full = match seen {
        Seen::Latents(Some(channel)) => format!("{}, {}", space.name(), words::panes::channel(channel)),
        _ => space.name().to_owned(),
    };
    let word = space.name().to_owned();
    let notes = match note {
        "" => vec![full, word.clone()],
        note => vec![format!("{note} · {full}"), format!("{note} · {word}"), full, word.clone()],
    };
    let width = |text: &str, font| ui.painter().layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER).size().x;
    let value_width = value.as_ref().map_or(0.0, |value| width(value, theme::mono(SMALL)));
    let room = place.width() - width(name, theme::strong(BODY)) - value_width - 16.0;
    let fits = |note: &&String| width(note, theme::body(SMALL)) <= room;
    let value = value.filter(|_| fits(&&word));
    let note = notes.iter().find(fits).unwrap_or(&word);
    Head { name, note, value, about }.show(ui, place)
}

/// Zooms and pans a picture; returns what is under the pointer.
pub(super) fn look_ui(
    ui: &Ui,
    context: &ViewContext,
    picture: Picture,
    response: &Response,
    (rect, framing): (Rect, Framing),
    lens: &mut Lens,
) -> Option<Pointed> {
    let mosaic = context.mosaic(seen_of(context, picture), rect, framing);
    let cell = response.hover_pos().map_or_else(|| mosaic.cell(0), |at| mosaic.cell_at(at));
    look_around(ui, response, cell, framing, lens);
    let at = response.hover_pos().filter(|_| context.run.is_some())?;
    Some((mosaic.part_at(at), mosaic.channel_at(at)))
}

/// What is shown of latents, for a file's name: "-decoded".
fn space_in_file(context: &ViewContext, picture: Picture) -> String {
    seen_of(context, picture).space().map_or_else(String::new, |space| format!("-{}", space.name()))
}

/// The context menu of a picture in `rect`.
pub(super) fn menu_ui(
    context: &ViewContext,
    response: &Response,
    picture: Picture,
    (rect, framing): (Rect, Framing),
    out: &mut ViewOutput,
) {
    let Some((run, at)) = context.run.zip(context.at) else { return };
    let name = format!("{}-step-{}{}", file_name(picture), at.state, space_in_file(context, picture));
    let image = || context.image(&response.ctx, picture);
    let value = |at| context.value_at(picture, (rect, framing), at);
    let offered = Offered { pane: out.pane, name: &name, image: &image, value: &value };
    let all = context.view().batch_grid;
    picture_menu_ui(response, &offered, out.intents, |ui, intents| {
        let samples = run.samples();
        if samples > 1 {
            let words = if all { "Show one image".to_owned() } else { format!("Show all {samples} images") };
            if ui.button(words).clicked() {
                intents.push(Intent::Change(Action::SetGrid(!all)));
                ui.close();
            }
        }
    });
}

/// The text of [`only_ui`], and its place.
pub(super) fn only_place(ui: &Ui, picture: Rect, alone: &Isolation) -> (Arc<Galley>, Rect) {
    let room = picture.width() - 34.0 - 16.0;
    let galley = elided(ui, &words::panes::only(&alone.name()), theme::strong(BODY), theme::ON_LEVEL, room);
    let size = galley.size() + vec2(34.0, 8.0);
    (galley, Rect::from_min_size(picture.max - vec2(8.0, 8.0) - size, size))
}

/// "only 4 px" at a picture's lower right, in the level's colour; returns whether it was clicked, which shows the whole image.
/// `of` distinguishes the names of several.
pub(in crate::app) fn only_ui(ui: &Ui, picture: Rect, alone: &Isolation, of: &str) -> bool {
    let palette = Palette::of(ui);
    let fill = alone.bands().next().map_or(palette.accent, |band| colour(paint_of(band), &Palette::DARK));
    let ink = theme::ON_LEVEL;
    let words = words::panes::only(&alone.name());
    let (galley, place) = only_place(ui, picture, alone);
    let response = ui.interact(place, ui.scope_id().with(("only", of)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, words::panes::show_all_levels_of(of, &words)));
    ui.painter().rect_filled(place, 6.0, fill);
    let edge = if response.has_focus() { palette.accent } else { Color32::from_black_alpha(150) };
    ui.painter().rect_stroke(
        place,
        6.0,
        Stroke::new(if response.has_focus() { 2.0 } else { 1.0 }, edge),
        StrokeKind::Outside,
    );
    ui.painter().galley(place.min + vec2(9.0, 4.0), galley, ink);
    let cross = Rect::from_center_size(place.right_center() - vec2(14.0, 0.0), vec2(10.0, 10.0));
    draw_icon(ui, cross, Icon::Close, ink);
    let clicked = response.clicked();
    response.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_text("Show all levels again (Esc)");
    clicked
}

/// "3 % beyond ±1.00", if many values are clipped to black or white. Noise exceeds its range by nature.
fn beyond_in_words(picture: Picture, ready: &Ready) -> Option<String> {
    let least = if picture == Picture::State { 0.1 } else { 0.01 };
    (ready.beyond >= least).then(|| format!("{:.0} % outside {}", 100.0 * ready.beyond, range_in_words(ready.range)))
}

/// "±2.20", or both ends if they differ.
pub(in crate::app) fn range_in_words((low, high): (f32, f32)) -> String {
    if low == -high {
        format!("±{high:.2}")
    } else {
        format!("{} … {}", ticks::number(low.into(), 2), ticks::number(high.into(), 2))
    }
}

/// One picture, with a badge that says what it is, the pixel under the pointer and its values; returns the values shown as black and white.
pub(in crate::app) fn picture_ui(
    ui: &Ui,
    context: &ViewContext,
    picture: Picture,
    (rect, framing): (Rect, Framing),
    (pointed, badge): (Option<Pointed>, Option<&str>),
    textures: &mut Textures,
) -> Option<(f32, f32)> {
    let palette = Palette::of(ui);
    let painter = ui.painter();
    let (sample, range, alone) = (context.sample, context.view().range, context.levels.alone());
    let ready = context.run.zip(context.at).and_then(|(run, at)| {
        textures.get(
            ui.ctx(),
            run,
            PictureRequest { at, picture, sample, like: context.like, range, alone, small: false },
        )
    });
    let Some(ready) = ready else {
        painter.rect_filled(rect, 6.0, palette.field);
        let text = match (context.at, picture) {
            (Some(at), Picture::Change) if at.step == 0 => words::panes::NO_CHANGE_YET,
            _ => "",
        };
        words_ui(ui, rect, text);
        return None;
    };
    let tint = if context.stale { Color32::from_white_alpha(110) } else { Color32::WHITE };
    let mosaic = context.mosaic(ready.seen, rect, framing);
    if mosaic.is_grid() {
        mosaic.paint(painter, ready.texture.id(), tint);
        mosaic.numbers_ui(painter);
    } else {
        painter.rect_filled(rect, 6.0, palette.field);
        mosaic.paint(painter, ready.texture.id(), tint);
        // An image as dark as the window still has an edge.
        painter.rect_stroke(rect, 6.0, Stroke::new(1.0, palette.hairline), StrokeKind::Inside);
    }
    if let Some(outside) = upper_ui(ui, rect, badge, beyond_in_words(picture, &ready).as_deref()) {
        outside.on_hover_text(
            "Values outside the range are shown as black or white. Choose \u{201c}range: auto\u{201d} to see them",
        );
    }
    if let Some(pointed) = pointed {
        reading_ui(ui, context, picture, (&mosaic, rect), &ready, pointed);
    }
    Some(ready.range)
}

/// The pixel under the pointer, and its values.
fn reading_ui(
    ui: &Ui,
    context: &ViewContext,
    picture: Picture,
    (mosaic, rect): (&Mosaic, Rect),
    ready: &Ready,
    (part, channel): Pointed,
) -> Option<()> {
    let ((run, at), painter) = (context.run.zip(context.at)?, ui.painter());
    let (of, alone) = ((at, picture, context.sample), context.levels.alone());
    let shown = if alone.is_some() { run.levelled_values(ready.seen, of)? } else { run.seen_values(ready.seen, of)? };
    let all = ArrayView3::from_shape(shown.shape, &shown.values).ok()?;
    let pixels = (shown.shape[2], shown.shape[1]);
    let (x, y) = pixel_of(part, pixels);
    let pixel = mosaic.pixel(channel, pixels, (x, y));
    painter.rect_stroke(pixel.expand(1.0), 1.0, Stroke::new(1.0, Color32::WHITE), StrokeKind::Outside);
    painter.rect_stroke(pixel.expand(2.0), 1.0, Stroke::new(1.0, Color32::BLACK), StrokeKind::Outside);
    // More than a few values do not fit on a picture; the Inspect pane has them all.
    let of_channel = match ready.seen {
        Seen::Latents(Some(one)) => Some(one),
        Seen::Latents(None) if all.dim().0 > 4 => Some(channel),
        _ => None,
    };
    let values = all.outer_iter().enumerate().filter(|(index, _)| of_channel.is_none_or(|one| one == *index));
    let values = values.take(4).map(|(_, channel)| {
        let value = alone.map_or_else(|| channel[[y, x]], |alone| alone.at(channel, y, x));
        ticks::signed(value.into())
    });
    let values = values.collect::<Vec<_>>().join(" ");
    let about = if shown.exact { "" } else { " ~" };
    let which = of_channel.map_or_else(String::new, |channel| format!(" {}", words::panes::channel(channel)));
    let lines = format!("{x},{y}{about}{which}\n{values}");
    let galley = painter.layout_no_wrap(lines, theme::mono(SMALL), Color32::WHITE);
    // Clear of the pixel that it describes.
    let low = pixel.center().y < rect.bottom() - galley.size().y - 24.0;
    let top = if low { rect.bottom() - galley.size().y - 10.0 } else { rect.top() + 10.0 };
    let at = pos2(rect.left() + 10.0, top);
    let back = Rect::from_min_size(at, galley.size()).expand2(vec2(6.0, 4.0));
    painter.rect_filled(back, 4.0, Color32::from_black_alpha(190));
    painter.galley(at, galley, Color32::WHITE);
    Some(())
}
