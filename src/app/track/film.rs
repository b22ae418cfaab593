//! The film strip: thumbnails of every step.

use crate::app::draw::picture_menu::{Offered, entries_ui, file_name};
use crate::app::draw::textures::PictureRequest;
use crate::app::draw::theme::{self, Palette, SMALL};
use crate::app::run_view::{Moment, Picture, RunView};
use crate::app::track::Panels;
use crate::app::track::TrackView;
use crate::app::track::head_space::HeadSpace;
use crate::app::track::place::{HEAD, PlotPoint, TrackPlace, plot_y};
use crate::app::track::saved::films_of;
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::figure::TimeZoom;
use crate::figure::draw::Content;
use crate::session::document::{Track, ViewSpace};
use egui::{Align2, Color32, Rect, Ui, pos2, vec2};

/// The track; it has no state.
pub(super) struct FilmTrack;

impl TrackView for FilmTrack {
    fn key(&self) -> Track {
        Track::FilmStrip
    }

    fn about(&self) -> &'static str {
        "Small images of every step"
    }

    /// The names of its rows.
    fn head_ui(&mut self, ui: &mut Ui, head: &HeadSpace, _: &ViewContext, _: &mut ViewOutput) {
        let rect = head.rect;
        let plot = Rect::from_x_y_ranges(rect.x_range(), plot_y(rect));
        let row = plot.height() / 3.0;
        for (index, picture) in Picture::ALL.into_iter().enumerate() {
            let middle = plot.top() + row * (index as f32 + 0.5);
            let at = pos2(rect.left() + 8.0 + HEAD, middle);
            // In a low strip the track's name is in the place of the first.
            if row >= 20.0 && (index > 0 || row >= 34.0) {
                let (symbol, color) = (picture.name().0, Palette::of(ui).secondary);
                ui.painter().text(at, Align2::RIGHT_CENTER, symbol, theme::body(SMALL), color);
            }
        }
    }

    /// The images, and how many steps are kept only as thumbnails.
    fn body_ui(&mut self, ui: &mut Ui, place: &TrackPlace, context: &ViewContext, out: &mut ViewOutput) {
        let Some(run) = context.run else { return };
        images_ui(ui, run, place, context, out);
        let mut legend = place.legend;
        if let Some(space) = run.space() {
            let text = match space {
                ViewSpace::Decoded => words::tracks::FILM_DECODED,
                space => space.name(),
            };
            let color = Palette::of(ui).secondary;
            let drawn = ui.painter().text(legend.left_top(), Align2::LEFT_TOP, text, theme::body(SMALL), color);
            legend.min.y = drawn.bottom() + 4.0;
        }
        let small = run.small_steps();
        if small > 0 {
            let text = format!("{} kept as\nthumbnails (1 GiB)", crate::words::count(small, "step"));
            let color = Palette::of(ui).warning;
            ui.painter().text(legend.left_top(), Align2::LEFT_TOP, text, theme::body(SMALL), color);
        }
    }

    /// The step under the pointer, with its image in that row.
    fn point_menu_ui(&mut self, ui: &mut Ui, point: &PlotPoint, context: &ViewContext, out: &mut ViewOutput) {
        let Some(run) = context.run else { return };
        #[allow(clippy::cast_sign_loss)] // steps on the axis are not negative
        let step = (run.axis.step_of_x(point.x, context.reading()) as usize).min(run.steps() - 1);
        #[allow(clippy::cast_sign_loss)] // clamped
        let row = (3.0 * (point.at.y - point.plot.top()) / point.plot.height()).clamp(0.0, 2.0) as usize;
        let picture = Picture::ALL[row];
        // Like the axis and the bar: a position belongs to the state at the start of its step.
        ui.label(format!("{} at step {step}", picture.name().0));
        let (ctx, there) = (ui.ctx().clone(), ViewContext { at: Some(Moment::of_step(step)), ..*context });
        let seen = run.seen(Moment::of_step(step), picture, context.sample).space();
        let seen = seen.map_or_else(String::new, |space| format!("-{}", space.name()));
        let name = format!("{}-step-{step}{seen}", file_name(picture));
        let image = || there.image(&ctx, picture);
        let offered = Offered { pane: out.pane, name: &name, image: &image, value: &|_| None };
        entries_ui(ui, &offered, None, out.intents);
        ui.separator();
    }

    fn values_at(&self, _: &PlotPoint) -> Vec<String> {
        Vec::new()
    }

    fn content(&self) -> Option<Content> {
        None
    }

    fn panels(&self, context: &ViewContext, zoom: TimeZoom) -> Option<Panels> {
        films_of(context, zoom)
    }

    fn copy_words(&self) -> &'static str {
        words::tracks::COPY_FILM
    }

    fn is_plot(&self) -> bool {
        false
    }
}

/// As many whole pictures as fit, each of the step under its centre.
fn images_ui(ui: &Ui, run: &RunView, place: &TrackPlace, context: &ViewContext, out: &mut ViewOutput) {
    let (plot, palette) = (place.plot, Palette::of(ui));
    let painter = ui.painter().with_clip_rect(plot);
    let row = plot.height() / 3.0;
    let [_, _, height, width] = run.started.shape;
    let wide = row * (width as f32 / height as f32).clamp(0.25, 4.0);
    #[allow(clippy::cast_sign_loss)] // sizes are positive
    let count = ((plot.width() / wide).round() as u32).max(1);
    let cell_width = plot.width() / count as f32;
    let tint = if context.stale { Color32::from_white_alpha(110) } else { Color32::WHITE };
    for column in 0..count {
        let left = plot.left() + column as f32 * cell_width;
        let middle = place.zoom.x_of_place((f64::from(column) + 0.5) / f64::from(count));
        #[allow(clippy::cast_sign_loss)] // steps on the axis are not negative
        let step = (run.axis.step_of_x(middle, context.reading()) as usize).min(run.steps() - 1);
        for (index, picture) in Picture::ALL.into_iter().enumerate() {
            let cell = Rect::from_min_size(pos2(left, plot.top() + index as f32 * row), vec2(cell_width, row));
            let cell = cell.shrink2(vec2(0.5, 0.5));
            let at = Moment::of_step(step);
            let (sample, range, alone) = (context.sample, context.view().range, context.levels.alone());
            let wanted = PictureRequest { at, picture, sample, like: None, range, alone, small: true };
            if let Some(ready) = out.textures.get(ui.ctx(), run, wanted) {
                // Cropped to the centre if the cell has another shape.
                let part = vec2((cell_width / wide).min(1.0), (wide / cell_width).min(1.0));
                let uv = Rect::from_center_size(pos2(0.5, 0.5), part);
                painter.image(ready.texture.id(), cell, uv, tint);
            } else {
                painter.rect_filled(cell, 0.0, palette.bar);
            }
        }
    }
}
