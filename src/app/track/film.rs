//! The film strip.

use crate::app::draw::textures::{Textures, Wanted};
use crate::app::draw::theme::Palette;
use crate::app::run_view::{Moment, Picture, RunView};
use crate::app::track::stack::Tracks;
use crate::figure::TimeZoom;
use egui::{Color32, Rect, Ui, pos2, vec2};

/// As many whole pictures as fit, each of the step under its middle.
pub(in crate::app) fn film_ui(
    ui: &Ui,
    plot: Rect,
    run: &RunView,
    tracks: &Tracks,
    zoom: TimeZoom,
    textures: &mut Textures,
) {
    let palette = Palette::of(ui);
    let painter = ui.painter().with_clip_rect(plot);
    let row = plot.height() / 3.0;
    let [_, _, height, width] = run.started.shape;
    let wide = row * (width as f32 / height as f32).clamp(0.25, 4.0);
    #[allow(clippy::cast_sign_loss)] // sizes are positive
    let count = ((plot.width() / wide).round() as u32).max(1);
    let cell_width = plot.width() / count as f32;
    let tint = if tracks.stale { Color32::from_white_alpha(110) } else { Color32::WHITE };
    for column in 0..count {
        let left = plot.left() + column as f32 * cell_width;
        let middle = zoom.x_of_place((f64::from(column) + 0.5) / f64::from(count));
        #[allow(clippy::cast_sign_loss)] // steps on the axis are not negative
        let step = (run.axis.step_of_x(middle, tracks.reading()) as usize).min(run.steps() - 1);
        for (index, picture) in Picture::ALL.into_iter().enumerate() {
            let cell = Rect::from_min_size(pos2(left, plot.top() + index as f32 * row), vec2(cell_width, row));
            let cell = cell.shrink2(vec2(0.5, 0.5));
            let at = Moment::of_step(step);
            let (sample, range, alone) = (tracks.sample, tracks.view.range, tracks.levels.alone());
            let wanted = Wanted { at, picture, sample, range, alone, small: true };
            if let Some(ready) = textures.get(ui.ctx(), run, wanted) {
                // The middle of the picture where the cell has another shape.
                let part = vec2((cell_width / wide).min(1.0), (wide / cell_width).min(1.0));
                let uv = Rect::from_center_size(pos2(0.5, 0.5), part);
                painter.image(ready.texture.id(), cell, uv, tint);
            } else {
                painter.rect_filled(cell, 0.0, palette.bar);
            }
        }
    }
}
