//! The stage: what the playhead points at, in three linked images.

use crate::app::draw::icons::{Icon, draw_icon};
use crate::app::draw::level_button::{Levels, paint_of};
use crate::app::draw::picture_menu::{Offered, file_name, picture_menu_ui};
use crate::app::draw::plot::colour;
use crate::app::draw::textures::{Ready, Textures, Wanted};
use crate::app::draw::theme::{self, BODY, Palette, SMALL};
use crate::app::draw::widgets::{Head, TARGET, icon_button_small, keep_arrows};
use crate::app::intent::Intent;
use crate::app::pane::batch_grid::grid_ui;
use crate::app::pane::tiles::Pane;
use crate::app::run_view::{Moment, Picture, RunView};
use crate::figure::ticks;
use crate::session::action::Action;
use crate::session::document::ValueRange;
use crate::session::levels::{Isolation, LevelSet};
use crate::words::sentence;
use egui::{Color32, Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2};
use egui_tiles::UiResponse;
use ndarray::ArrayView3;

/// Largest magnification.
const MOST_ZOOM: f32 = 64.0;
/// Height of a heading, points.
pub(in crate::app) const HEAD: f32 = 24.0;
/// Space between images, points.
pub(in crate::app) const GAP: f32 = 20.0;

/// How the images are looked at; one for all three.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lens {
    /// 1 shows the whole image.
    pub zoom: f32,
    /// Middle of what is shown, in [0, 1]².
    pub center: Pos2,
}

impl Default for Lens {
    fn default() -> Self {
        Self { zoom: 1.0, center: pos2(0.5, 0.5) }
    }
}

/// An image in its place: how large, and which part of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Framing {
    /// Points.
    pub size: Vec2,
    /// In [0, 1]².
    pub window: Rect,
}

impl Lens {
    /// How an image of `pixels` (width, height) is shown in a cell of `room` points. With true pixels, an image pixel is
    /// a whole number of screen pixels, of which there are `per_point` a point.
    #[must_use]
    pub fn framing(self, room: Vec2, pixels: (usize, usize), true_pixels: Option<f32>) -> Framing {
        let image = vec2(pixels.0 as f32, pixels.1 as f32);
        let scale = (room.x / image.x).min(room.y / image.y);
        let (size, part) = match true_pixels {
            None => (image * scale, Vec2::splat(1.0 / self.zoom)),
            Some(per_point) => {
                let scale = ((scale * per_point).floor().max(1.0) * self.zoom).round().max(1.0);
                let shown = (room * per_point / scale).floor().min(image).max(Vec2::splat(1.0));
                (shown * scale / per_point, shown / image)
            }
        };
        let middle = |at: f32, part: f32| at.clamp(0.5 * part, 1.0 - 0.5 * part);
        let mut window =
            Rect::from_center_size(pos2(middle(self.center.x, part.x), middle(self.center.y, part.y)), part);
        if true_pixels.is_some() {
            // The edge of what is shown lies between two pixels.
            let corner = (window.min.to_vec2() * image).round() / image;
            window = Rect::from_min_size(corner.to_pos2(), part);
        }
        Framing { size, window }
    }
}

impl Framing {
    /// The pixel (x, y) of an image of `pixels` (width, height) in `rect` at a place on the screen.
    #[must_use]
    pub fn pixel_at(self, rect: Rect, pixels: (usize, usize), at: Pos2) -> (usize, usize) {
        let at = (at - rect.min) / rect.size();
        let at = self.window.min + at * self.window.size();
        #[allow(clippy::cast_sign_loss)] // not negative
        let pixel = |part: f32, side: usize| ((part.max(0.0) * side as f32) as usize).min(side.saturating_sub(1));
        (pixel(at.x, pixels.0), pixel(at.y, pixels.1))
    }
}

/// What the stage needs to know.
#[derive(Clone, Copy)]
pub struct Stage<'a> {
    /// The run on screen, once there is one.
    pub run: Option<&'a RunView>,
    /// What of it is shown; `None` before the first step.
    pub at: Option<Moment>,
    /// Which sample of the batch.
    pub sample: usize,
    /// Which values are black and white.
    pub range: ValueRange,
    /// Whether an image pixel is a whole number of screen pixels.
    pub true_pixels: bool,
    /// The levels that are isolated, and those that can be.
    pub levels: Levels,
    /// What to say where there is nothing to show.
    pub empty: &'a str,
    /// Something new has been computed for a while, and this is the old.
    pub stale: bool,
    /// A run beside this one.
    pub beside: Option<&'a RunView>,
    /// Whether all images of the batch are shown at once.
    pub grid: bool,
}

impl Stage<'_> {
    /// Whether there are several images, and all are shown at once.
    fn shows_grid(&self) -> bool {
        self.grid && self.run.is_some_and(|run| run.samples() > 1)
    }

    /// What a right click on a picture in `rect` offers.
    pub(in crate::app) fn menu_ui(
        &self,
        pane: Pane,
        response: &Response,
        picture: Picture,
        rect: Rect,
        framing: Framing,
        intents: &mut Vec<Intent>,
    ) {
        let Some((run, at)) = self.run.zip(self.at) else { return };
        let name = format!("{}-step-{}", file_name(picture), at.state);
        let image = || self.image(&response.ctx, picture);
        let value = |at| self.value_at(picture, rect, framing, at);
        let offered = Offered { pane, name: &name, image: &image, value: &value };
        picture_menu_ui(response, &offered, intents, |ui, intents| {
            let samples = run.samples();
            if samples > 1 {
                let words = if self.grid { "Show one image".to_owned() } else { format!("Show all {samples} images") };
                if ui.button(words).clicked() {
                    intents.push(Intent::Change(Action::SetGrid(!self.grid)));
                    ui.close();
                }
            }
        });
    }

    /// The run beside, at the step whose noise level is next to that of this one's.
    fn of_beside(&self) -> Option<Self> {
        let (run, beside) = (self.run?, self.beside?);
        let at = self.at.map(|at| Moment::of_step(beside.step_like(run, at.step)));
        let sample = self.sample.min(beside.samples() - 1);
        Some(Self { run: Some(beside), at, sample, stale: false, beside: None, empty: "", ..*self })
    }
}

/// Draws the three images in the space there is.
pub fn images_ui(
    ui: &mut Ui,
    stage: &Stage,
    lens: &mut Lens,
    textures: &mut Textures,
    intents: &mut Vec<Intent>,
) -> UiResponse {
    if stage.shows_grid() {
        return grid_ui(ui, stage, lens, textures, intents);
    }
    let palette = Palette::of(ui);
    let whole = ui.available_rect_before_wrap();
    ui.allocate_rect(whole, Sense::hover());
    let space = whole.shrink2(vec2(16.0, 10.0));
    let pixels = stage.run.map_or((1, 1), |run| (run.started.shape[3], run.started.shape[2]));
    let beside = stage.of_beside();
    let columns = if beside.is_some() { 4.0 } else { 3.0 };
    let room = vec2((space.width() - (columns - 1.0) * GAP) / columns, space.height() - HEAD);
    let room = room.max(Vec2::splat(16.0));
    let framing = lens.framing(room, pixels, stage.true_pixels.then(|| ui.pixels_per_point()));
    // Tall images leave room for their headings.
    let column = framing.size.x.max(168.0_f32.min(room.x));
    let places = [0_u8, 1, 2].map(|index| {
        let left = space.left() + f32::from(index) * (column + GAP);
        Rect::from_min_size(pos2(left, space.top() + HEAD), framing.size)
    });
    let responses = places.map(|rect| {
        let response =
            ui.interact(rect, ui.scope_id().with(("picture", rect.left().to_bits())), Sense::click_and_drag());
        look_around(ui, &response, rect, framing, lens);
        response
    });
    let hovered = responses.iter().zip(places).find_map(|(response, rect)| {
        stage.run?;
        Some(framing.pixel_at(rect, pixels, response.hover_pos()?))
    });
    let mut moved = false;
    let alone = stage.levels.alone();
    for ((picture, rect), response) in Picture::ALL.into_iter().zip(places).zip(&responses) {
        let coarse = stage.run.zip(stage.at).and_then(|(run, at)| run.coarse_steps(at));
        let coarse = coarse.filter(|_| picture == Picture::Expectation);
        let picture = if coarse.is_some() { Picture::Coarse } else { picture };
        let (name, note) = picture.name();
        let note =
            &coarse.map_or_else(|| note.to_owned(), |steps| format!("{note}, {}", crate::words::count(steps, "step")));
        let coarse_words = coarse.map(|_| note.clone());
        let range = picture_ui(ui, stage, picture, rect, framing, hovered, textures);
        let head = Head { name, note, value: range.map(range_in_words), about: picture.about() };
        let place = Rect::from_min_size(pos2(rect.left(), space.top()), vec2(column, HEAD));
        moved |= head.show(ui, place).drag_started();
        if let Some(words) = coarse_words {
            badge_ui(ui, rect, &words, palette.accent);
        } else if picture == Picture::Expectation {
            far_out_ui(ui, stage, rect);
        }
        response.widget_info(|| {
            let alone = alone.map_or_else(String::new, |alone| format!(", only {}", alone.name()));
            WidgetInfo::labeled(Role::Image, true, format!("{name} {note}{alone}"))
        });
        if response.has_focus() {
            ui.painter().rect_stroke(rect, 6.0, Stroke::new(2.0, palette.accent), StrokeKind::Outside);
        }
        stage.menu_ui(Pane::Images, response, picture, rect, framing, intents);
        if let Some(alone) = alone.filter(|_| stage.at.is_some())
            && only_ui(ui, rect, &alone, name)
        {
            intents.push(Intent::Change(Action::Isolate(LevelSet::WHOLE)));
        }
    }
    if let Some(beside) = beside {
        let left = space.left() + 3.0 * (column + GAP);
        let rect = Rect::from_min_size(pos2(left, space.top() + HEAD), framing.size);
        beside_ui(ui, &beside, (rect, column), framing, lens, (textures, intents));
        let apart = stage.run.zip(beside.run).is_some_and(|(run, beside)| run.started.levels != beside.started.levels);
        if let Some((run, at)) = beside.run.zip(beside.at).filter(|_| apart) {
            let words = format!("its step {}, σ {:.3}", at.step, run.level(at.step).sigma());
            let _ = badge_ui(ui, rect, &words, palette.accent);
        }
    }
    if moved { UiResponse::DragStarted } else { UiResponse::None }
}

/// E[x_0|x_t] of the run beside.
fn beside_ui(
    ui: &mut Ui,
    stage: &Stage,
    (rect, column): (Rect, f32),
    framing: Framing,
    lens: &mut Lens,
    (textures, intents): (&mut Textures, &mut Vec<Intent>),
) {
    let response = ui.interact(rect, ui.scope_id().with("beside"), Sense::click_and_drag());
    look_around(ui, &response, rect, framing, lens);
    let range = picture_ui(ui, stage, Picture::Expectation, rect, framing, None, textures);
    let note =
        stage.run.map_or_else(String::new, |run| run.started.settings.steering().unwrap_or_else(|| "plain".into()));
    let whose = stage.run.zip(stage.at).map_or_else(String::new, |(run, at)| {
        format!("{}, at its step {} of σ {:.3}", run.in_words(), at.step, run.level(at.step).sigma())
    });
    let about = &format!(
        "E[x₀|xₜ] of the run kept beside, at the step whose noise level is nearest to that of this one; from the same noise \
         where the seeds are the same. It is {whose}"
    );
    let head = Head { name: "Beside", note: &note, value: range.map(range_in_words), about };
    let place = Rect::from_min_size(pos2(rect.left(), rect.top() - HEAD), vec2(column - TARGET - 4.0, HEAD));
    let _ = head.show(ui, place);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Beside, {note}")));
    stage.menu_ui(Pane::Images, &response, Picture::Expectation, rect, framing, intents);
    let close = Rect::from_min_size(pos2(rect.left() + column - TARGET, rect.top() - HEAD - 4.0), Vec2::splat(TARGET));
    let closed = ui.scope_builder(egui::UiBuilder::new().max_rect(close), |ui| {
        icon_button_small(ui, Icon::Close, "Show one run", "Take away the run beside").clicked()
    });
    if closed.inner {
        intents.push(Intent::DropBeside);
    }
}

/// Says on the last estimate that it lies far outside what the model's images can be, and on hovering what to do.
fn far_out_ui(ui: &Ui, stage: &Stage, picture: Rect) {
    let Some((run, at)) = stage.run.zip(stage.at) else { return };
    let Some(far_out) = run.far_out().filter(|far_out| far_out.samples.contains(&stage.sample)) else { return };
    if at.step + 1 < run.steps() {
        return;
    }
    let words = far_out.short();
    let place = badge_ui(ui, picture, &words, Palette::of(ui).warning);
    let response = ui.interact(place, ui.scope_id().with("far out"), Sense::hover());
    let what = sentence(&far_out.sentence(&run.started.settings, &run.started.resolved));
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{words}: {what}")));
    response.on_hover_text(what);
}

/// A word on a picture, at its lower left: the heading may have no room for it. Gives back where it stands.
fn badge_ui(ui: &Ui, picture: Rect, words: &str, fill: Color32) -> Rect {
    let palette = Palette::of(ui);
    let galley = ui.painter().layout_no_wrap(words.to_owned(), theme::strong(SMALL - 1.0), palette.on_accent);
    let size = galley.size() + vec2(12.0, 6.0);
    let place = Rect::from_min_size(pos2(picture.left() + 6.0, picture.bottom() - 6.0 - size.y), size);
    ui.painter().rect_filled(place, 4.0, fill);
    ui.painter().galley(place.min + vec2(6.0, 3.0), galley, palette.on_accent);
    place
}

/// "only 4 px" at a picture's lower right, in the level's colour; whether it was clicked, which shows all of it again.
/// `of` tells the names of several apart.
pub(in crate::app) fn only_ui(ui: &Ui, picture: Rect, alone: &Isolation, of: &str) -> bool {
    let palette = Palette::of(ui);
    let fill = alone.bands().next().map_or(palette.accent, |band| colour(paint_of(band), &Palette::DARK));
    let ink = theme::ON_LEVEL;
    let words = format!("only {}", alone.name());
    let galley = ui.painter().layout_no_wrap(words.clone(), theme::strong(BODY), ink);
    let size = galley.size() + vec2(34.0, 8.0);
    let place = Rect::from_min_size(picture.max - vec2(8.0, 8.0) - size, size);
    let response = ui.interact(place, ui.scope_id().with(("only", of)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Show all levels of {of}, {words}")));
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

/// "3 % beyond ±1.00", where so many values are black or white that it should be known. Noise goes beyond its range by nature.
fn beyond_in_words(picture: Picture, ready: &Ready) -> Option<String> {
    let least = if picture == Picture::State { 0.1 } else { 0.01 };
    (ready.beyond >= least).then(|| format!("{:.0} % beyond {}", 100.0 * ready.beyond, range_in_words(ready.range)))
}

/// Words at the upper right of a picture.
fn beyond_ui(ui: &Ui, picture: Rect, words: &str) {
    let (ink, ground) = (Palette::DARK.text, Palette::DARK.window.gamma_multiply(0.8));
    let galley = ui.painter().layout_no_wrap(words.to_owned(), theme::body(SMALL - 1.0), ink);
    let size = galley.size() + vec2(10.0, 4.0);
    if size.x + 12.0 > picture.width() || size.y + 12.0 > picture.height() {
        return;
    }
    let place = Rect::from_min_size(pos2(picture.right() - 6.0 - size.x, picture.top() + 6.0), size);
    ui.painter().rect_filled(place, 4.0, ground);
    ui.painter().galley(place.min + vec2(5.0, 2.0), galley, ink);
    let response = ui.interact(place, ui.scope_id().with(("beyond", picture.left().to_bits())), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    response.on_hover_text(
        "Values beyond the range are shown black or white; \u{201c}range: auto\u{201d} shows all of them",
    );
}

/// "±2.20", or both ends where they differ.
pub(in crate::app) fn range_in_words((low, high): (f32, f32)) -> String {
    if low == -high {
        format!("±{high:.2}")
    } else {
        format!("{} … {}", ticks::number(low.into(), 2), ticks::number(high.into(), 2))
    }
}

/// One picture, with the pixel under the pointer and its values; gives back the values that are black and white.
pub(in crate::app) fn picture_ui(
    ui: &Ui,
    stage: &Stage,
    picture: Picture,
    rect: Rect,
    framing: Framing,
    hovered: Option<(usize, usize)>,
    textures: &mut Textures,
) -> Option<(f32, f32)> {
    let palette = Palette::of(ui);
    let painter = ui.painter();
    painter.rect_filled(rect, 6.0, palette.field);
    let (sample, range, alone) = (stage.sample, stage.range, stage.levels.alone());
    let ready = stage
        .run
        .zip(stage.at)
        .and_then(|(run, at)| textures.get(ui.ctx(), run, Wanted { at, picture, sample, range, alone, small: false }));
    let Some(ready) = ready else {
        let text = match (stage.at, picture) {
            (Some(at), Picture::Change) if at.step == 0 => "The first step has no change yet",
            (_, Picture::Expectation) => stage.empty,
            _ => "",
        };
        let galley = painter.layout(text.to_owned(), theme::body(SMALL), palette.secondary, rect.width() - 24.0);
        painter.galley(rect.center() - 0.5 * galley.size(), galley, palette.secondary);
        return None;
    };
    let shown_range = Some(ready.range);
    let tint = if stage.stale { Color32::from_white_alpha(110) } else { Color32::WHITE };
    painter.add(egui::epaint::RectShape::filled(rect, 6.0, tint).with_texture(ready.texture.id(), framing.window));
    // An image that is as dark as the window still has an edge.
    painter.rect_stroke(rect, 6.0, Stroke::new(1.0, palette.hairline), StrokeKind::Inside);
    if let Some(words) = beyond_in_words(picture, &ready) {
        beyond_ui(ui, rect, &words);
    }
    let (Some((x, y)), Some(run), Some(at)) = (hovered, stage.run, stage.at) else { return shown_range };
    let image = vec2(run.started.shape[3] as f32, run.started.shape[2] as f32);
    let place =
        |corner: Vec2| rect.min + (corner / image - framing.window.min.to_vec2()) / framing.window.size() * rect.size();
    let corner = vec2(x as f32, y as f32);
    let pixel = Rect::from_min_max(place(corner), place(corner + Vec2::splat(1.0))).intersect(rect);
    painter.rect_stroke(pixel.expand(1.0), 1.0, Stroke::new(1.0, Color32::WHITE), StrokeKind::Outside);
    painter.rect_stroke(pixel.expand(2.0), 1.0, Stroke::new(1.0, Color32::BLACK), StrokeKind::Outside);
    let Some(shown) = run.values(at, picture, sample) else { return shown_range };
    let Ok(all) = ArrayView3::from_shape(shown.shape, &shown.values) else { return shown_range };
    let values = all.outer_iter().take(3).map(|channel| {
        let value = alone.map_or_else(|| channel[[y, x]], |alone| alone.at(channel, y, x));
        ticks::signed(value.into())
    });
    let values = values.collect::<Vec<_>>().join(" ");
    let about = if shown.exact { "" } else { " ~" };
    let lines = format!("{x},{y}{about}\n{values}");
    let galley = painter.layout_no_wrap(lines, theme::mono(SMALL), Color32::WHITE);
    // Out of the way of the pixel it speaks of.
    let low = pixel.center().y < rect.bottom() - galley.size().y - 24.0;
    let top = if low { rect.bottom() - galley.size().y - 10.0 } else { rect.top() + 10.0 };
    let at = pos2(rect.left() + 10.0, top);
    let back = Rect::from_min_size(at, galley.size()).expand2(vec2(6.0, 4.0));
    painter.rect_filled(back, 4.0, Color32::from_black_alpha(190));
    painter.galley(at, galley, Color32::WHITE);
    shown_range
}

/// Zoom by wheel or pinch, pan by drag, back to the whole by double-click; with the keyboard by arrows, plus and minus.
pub(in crate::app) fn look_around(ui: &Ui, response: &Response, rect: Rect, framing: Framing, lens: &mut Lens) {
    if response.double_clicked() {
        *lens = Lens::default();
        return;
    }
    let center = framing.window.center();
    if response.dragged() {
        lens.center = center - response.drag_delta() / rect.size() * framing.window.size();
    }
    if response.has_focus() {
        keep_arrows(ui, response);
        let (by, zoom) = ui.input(|input| {
            let pressed = |key| input.num_presses(key) as f32;
            let by = vec2(
                pressed(egui::Key::ArrowRight) - pressed(egui::Key::ArrowLeft),
                pressed(egui::Key::ArrowDown) - pressed(egui::Key::ArrowUp),
            );
            (by, pressed(egui::Key::Plus) + pressed(egui::Key::Equals) - pressed(egui::Key::Minus))
        });
        lens.center += 0.1 * by * framing.window.size();
        lens.zoom = (lens.zoom * 1.25_f32.powf(zoom)).clamp(1.0, MOST_ZOOM);
    }
    if let Some(at) = response.hover_pos() {
        let by = ui.input(|input| input.smooth_scroll_delta.y / 200.0 + input.zoom_delta().ln());
        if by != 0.0 {
            let at = (at - rect.min) / rect.size();
            let fixed = framing.window.min + at * framing.window.size();
            let zoom = (lens.zoom * by.exp()).clamp(1.0, MOST_ZOOM);
            let size = framing.window.size() * (lens.zoom / zoom);
            lens.zoom = zoom;
            lens.center = fixed + (Vec2::splat(0.5) - at) * size;
        }
    }
    let half = 0.5 / lens.zoom;
    lens.center = pos2(lens.center.x.clamp(half, 1.0 - half), lens.center.y.clamp(half, 1.0 - half));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_keep_their_shape_and_pixels_their_whole_numbers() {
        let whole = Lens::default().framing(vec2(200.0, 100.0), (64, 32), None);
        assert_eq!((whole.size, whole.window), (vec2(200.0, 100.0), Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0))));
        let square = Lens::default().framing(vec2(200.0, 100.0), (64, 64), None);
        assert_eq!(square.size, vec2(100.0, 100.0));
        let exact = Lens::default().framing(vec2(200.0, 150.0), (64, 64), Some(1.5));
        // 225 screen pixels hold three a pixel.
        assert_eq!((exact.size * 1.5, exact.window.size()), (vec2(192.0, 192.0), vec2(1.0, 1.0)));
        let large = Lens::default().framing(vec2(100.0, 100.0), (512, 512), Some(1.0));
        assert_eq!((large.size, large.window.size() * 512.0), (vec2(100.0, 100.0), vec2(100.0, 100.0)));
        let corner = Lens { zoom: 3.0, center: pos2(0.0, 1.0) }.framing(vec2(128.0, 128.0), (64, 64), Some(1.0));
        // Six screen pixels a pixel, 21 of which fit.
        assert_eq!(corner.size, vec2(126.0, 126.0));
        assert_eq!((corner.window.left(), corner.window.bottom()), (0.0, 1.0));
    }
}
