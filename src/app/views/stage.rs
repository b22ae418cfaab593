//! The stage: what the playhead points at, in three linked images.

use super::plot::colour;
use super::widgets::heading;
use crate::app::run_view::{Picture, RunView};
use crate::app::textures::Textures;
use crate::app::theme::{self, Palette, SMALL};
use crate::figure::Paint;
use crate::figure::palette::level_label;
use egui::{Align2, Color32, Pos2, Rect, Role, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};

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

impl Lens {
    /// The part of the image that is shown.
    #[must_use]
    pub fn window(self) -> Rect {
        let half = 0.5 / self.zoom;
        let middle = |c: f32| c.clamp(half, 1.0 - half);
        Rect::from_center_size(pos2(middle(self.center.x), middle(self.center.y)), Vec2::splat(2.0 * half))
    }
}

/// What the stage needs to know.
pub struct Stage<'a> {
    /// The run on screen, once there is one.
    pub run: Option<&'a RunView>,
    /// The finished step under the playhead.
    pub step: Option<usize>,
    /// Which sample of the batch.
    pub sample: usize,
    /// What to say where there is nothing to show.
    pub empty: &'a str,
}

/// Draws the stage in the space there is.
pub fn stage_ui(ui: &mut Ui, stage: &Stage, sample: &mut usize, lens: &mut Lens, textures: &mut Textures) {
    let palette = Palette::of(ui);
    let space = ui.available_rect_before_wrap().shrink2(vec2(16.0, 12.0));
    ui.allocate_rect(ui.available_rect_before_wrap(), Sense::hover());
    let step = stage.step.unwrap_or(0);
    let head = 24.0;
    let gap = 20.0;
    let right = (space.width() * 0.26).clamp(220.0, 420.0);
    let side = (space.height() - head).min((space.width() - right - 3.0 * gap) / 3.0).max(32.0);
    let mut hovered: Option<(usize, usize)> = None;
    let mut rects = Vec::new();
    for (index, picture) in Picture::ALL.into_iter().enumerate() {
        let left = space.left() + index as f32 * (side + gap);
        let rect = Rect::from_min_size(pos2(left, space.top() + head), Vec2::splat(side));
        rects.push((picture, rect));
        let id = ui.scope_id().with(("picture", index));
        let response = ui.interact(rect, id, Sense::click_and_drag());
        let (name, note) = picture.name();
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("{name} {note}")));
        look_around(ui, &response, rect, lens);
        if let (Some(run), Some(at)) = (stage.run, response.hover_pos()) {
            let [_, _, height, width] = run.started.shape;
            let window = lens.window();
            let at = (at - rect.min) / rect.size();
            let (x, y) = (window.left() + at.x * window.width(), window.top() + at.y * window.height());
            #[allow(clippy::cast_sign_loss)] // both are within the image
            let pixel = |part: f32, side: usize| ((part.max(0.0) * side as f32) as usize).min(side - 1);
            hovered = Some((pixel(y, height), pixel(x, width)));
        }
    }
    for (picture, rect) in rects {
        let (name, note) = picture.name();
        heading(ui, pos2(rect.left(), space.top() + 8.0), name, note);
        let painter = ui.painter();
        painter.rect_filled(rect, 6.0, palette.field);
        let texture = stage.run.and_then(|run| textures.get(ui.ctx(), run, step, picture, stage.sample));
        if let Some(texture) = &texture {
            painter.add(
                egui::epaint::RectShape::filled(rect, 6.0, Color32::WHITE).with_texture(texture.id(), lens.window()),
            );
        } else {
            let text = match (stage.run, picture) {
                (Some(run), Picture::Change) if step == 0 && run.done() > 0 => "The first step has no change yet",
                (Some(_), _) => "Not computed yet",
                (None, Picture::Expectation) => stage.empty,
                (None, _) => "",
            };
            let galley = painter.layout(text.to_owned(), theme::body(SMALL), palette.secondary, side - 32.0);
            painter.galley(rect.center() - 0.5 * galley.size(), galley, palette.secondary);
        }
        if let Some(run) = stage.run {
            let values = hovered.and_then(|at| Some((at, run.values(step, picture, stage.sample)?)));
            let text = match values {
                Some(((y, x), values)) => {
                    let values: Vec<String> =
                        (0..values.dim().0.min(3)).map(|c| format!("{:+.2}", values[[c, y, x]])).collect();
                    format!("{x},{y}  {}", values.join(" "))
                }
                None => format!("±{:.2}", run.range(step, picture)),
            };
            painter.text(
                pos2(rect.right(), space.top() + 8.0),
                Align2::RIGHT_CENTER,
                text,
                theme::mono(SMALL),
                palette.secondary,
            );
        }
    }
    let left = space.left() + 3.0 * (side + gap);
    let bars = Rect::from_min_max(pos2(left, space.top()), pos2(space.right(), space.top() + head + side));
    if let Some(run) = stage.run {
        recovered_ui(ui, bars, run, stage.step, stage.sample);
        sample_ui(ui, bars, run.samples(), sample);
    }
}

/// Which image of the batch is shown.
fn sample_ui(ui: &mut Ui, rect: Rect, samples: usize, sample: &mut usize) {
    if samples < 2 {
        return;
    }
    let palette = Palette::of(ui);
    let place = Rect::from_min_max(pos2(rect.left(), rect.bottom() - 28.0), rect.max);
    ui.scope_builder(egui::UiBuilder::new().max_rect(place), |ui| {
        ui.horizontal_centered(|ui| {
            let label = ui.label(egui::RichText::new("Image").font(theme::body(SMALL)).color(palette.secondary));
            let mut number = *sample + 1;
            let drag = egui::DragValue::new(&mut number).range(1..=samples).suffix(format!(" of {samples}"));
            ui.add(drag).labelled_by(label.id).on_hover_text("Which image of the batch is shown");
            *sample = number - 1;
        });
    });
}

/// Zoom by wheel, pan by drag, back to the whole by double-click.
fn look_around(ui: &Ui, response: &egui::Response, rect: Rect, lens: &mut Lens) {
    if response.double_clicked() {
        *lens = Lens::default();
    }
    if response.dragged() {
        lens.center -= response.drag_delta() / rect.size() / lens.zoom;
        lens.center = lens.window().center();
    }
    if let Some(at) = response.hover_pos() {
        let scroll =
            ui.input(|input| input.smooth_scroll_delta.y) + 200.0 * (ui.input(egui::InputState::zoom_delta) - 1.0);
        if scroll != 0.0 {
            let window = lens.window();
            let at = (at - rect.min) / rect.size();
            let fixed = window.min + at * window.size();
            lens.zoom = (lens.zoom * (scroll / 200.0).exp()).clamp(1.0, 32.0);
            let size = Vec2::splat(1.0 / lens.zoom);
            lens.center = fixed - at * size + 0.5 * size;
            lens.center = lens.window().center();
        }
    }
}

/// How much of each resolution is there: measured against the end of the run once that is known, until then as theory
/// has it.
fn recovered_ui(ui: &Ui, rect: Rect, run: &RunView, step: Option<usize>, sample: usize) {
    let palette = Palette::of(ui);
    let painter = ui.painter();
    let measured = step.and_then(|step| run.recovered(step, sample));
    let note = if measured.is_some() { "measured, eₘ / eₘ at the end" } else { "theory, aₘ" };
    heading(ui, pos2(rect.left(), rect.top() + 8.0), "Recovered by resolution", note);
    let shares = measured.unwrap_or_else(|| run.recovered_in_theory(step.unwrap_or(0)));
    let spoken = shares.iter().enumerate().map(|(m, share)| format!("{} {share:.2}", level_label(2, m)));
    let spoken = format!("Recovered by resolution, {note}: {}", spoken.collect::<Vec<_>>().join(", "));
    let whole = ui.interact(rect, ui.scope_id().with("recovered"), Sense::hover());
    whole.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    let row = ((rect.height() - 56.0) / shares.len().max(1) as f32).min(30.0);
    for (m, share) in shares.iter().enumerate() {
        let y = rect.top() + 24.0 + (m as f32 + 0.5) * row;
        let label = level_label(2, m);
        painter.text(pos2(rect.left(), y), Align2::LEFT_CENTER, label, theme::body(SMALL), palette.secondary);
        let (from, to) = (rect.left() + 52.0, rect.right() - 44.0);
        let track = Rect::from_min_max(pos2(from, y - 4.0), pos2(to, y + 4.0));
        painter.rect_filled(track, 4.0, palette.field);
        let part = share.clamp(0.0, 1.0) as f32;
        let filled = Rect::from_min_max(track.min, pos2(from + (to - from) * part, track.max.y));
        painter.rect_filled(filled, 4.0, colour(Paint::Level(m), &palette));
        painter.text(
            pos2(rect.right(), y),
            Align2::RIGHT_CENTER,
            format!("{share:.2}"),
            theme::mono(SMALL),
            palette.text,
        );
    }
}
