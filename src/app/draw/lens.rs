//! The view of images: the visible part, its size, and how both change.

use crate::app::draw::widgets::keep_arrows;
use egui::{Pos2, Rect, Response, Ui, Vec2, pos2, vec2};

/// Largest magnification.
const MOST_ZOOM: f32 = 64.0;

/// The view of the images, the same for all three.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lens {
    /// 1 shows the whole image.
    pub zoom: f32,
    /// Centre of the visible part, in [0, 1]².
    pub center: Pos2,
}

impl Default for Lens {
    fn default() -> Self {
        Self { zoom: 1.0, center: pos2(0.5, 0.5) }
    }
}

/// An image in its cell: its size and its visible part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Framing {
    /// Points.
    pub size: Vec2,
    /// In [0, 1]².
    pub window: Rect,
}

impl Lens {
    /// The position of an image of `pixels` (width, height) in a cell of `room` points. In pixel-perfect mode, an image pixel is
    /// a whole number of screen pixels, of which there are `per_point` per point.
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
            // The edge of the visible part is between two pixels.
            let corner = (window.min.to_vec2() * image).round() / image;
            window = Rect::from_min_size(corner.to_pos2(), part);
        }
        Framing { size, window }
    }
}

impl Framing {
    /// The pixel (x, y) of an image of `pixels` (width, height) in `rect` at a screen position.
    #[must_use]
    pub fn pixel_at(self, rect: Rect, pixels: (usize, usize), at: Pos2) -> (usize, usize) {
        let at = (at - rect.min) / rect.size();
        let at = self.window.min + at * self.window.size();
        #[allow(clippy::cast_sign_loss)] // not negative
        let pixel = |part: f32, side: usize| ((part.max(0.0) * side as f32) as usize).min(side.saturating_sub(1));
        (pixel(at.x, pixels.0), pixel(at.y, pixels.1))
    }
}

/// Zoom by wheel or pinch, pan by drag, reset by double-click; with the keyboard by arrows, plus and minus.
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
        // 225 screen pixels hold three per image pixel.
        assert_eq!((exact.size * 1.5, exact.window.size()), (vec2(192.0, 192.0), vec2(1.0, 1.0)));
        let large = Lens::default().framing(vec2(100.0, 100.0), (512, 512), Some(1.0));
        assert_eq!((large.size, large.window.size() * 512.0), (vec2(100.0, 100.0), vec2(100.0, 100.0)));
        let corner = Lens { zoom: 3.0, center: pos2(0.0, 1.0) }.framing(vec2(128.0, 128.0), (64, 64), Some(1.0));
        // At six screen pixels per image pixel, 21 fit.
        assert_eq!(corner.size, vec2(126.0, 126.0));
        assert_eq!((corner.window.left(), corner.window.bottom()), (0.0, 1.0));
    }
}
