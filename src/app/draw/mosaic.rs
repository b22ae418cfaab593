//! A picture on screen as one image, or as the channels of latents side by side.

use crate::app::draw::lens::Framing;
use crate::app::draw::theme::{self, SMALL};
use crate::session::grid_side;
use egui::{Color32, Painter, Pos2, Rect, TextureId, Vec2, pos2, vec2};

/// Space between channels, points.
const GAP: f32 = 3.0;
/// Least size of a channel that has its number in it, points.
const NUMBERED: f32 = 34.0;

/// The cells of a picture in its place. Each shows the same part of its channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mosaic {
    rect: Rect,
    framing: Framing,
    channels: usize,
}

impl Mosaic {
    /// A picture in `rect` with this many channels side by side; 1 is a plain image.
    #[must_use]
    pub fn new(rect: Rect, framing: Framing, channels: usize) -> Self {
        Self { rect, framing, channels: channels.max(1) }
    }

    /// Whether several channels are side by side.
    #[must_use]
    pub const fn is_grid(&self) -> bool {
        self.channels > 1
    }

    /// The place of a channel.
    #[must_use]
    pub fn cell(&self, channel: usize) -> Rect {
        if !self.is_grid() {
            return self.rect;
        }
        let side = grid_side(self.channels);
        let size = (self.rect.size() - Vec2::splat(GAP * (side - 1) as f32)) / side as f32;
        let at = vec2((channel % side) as f32, (channel / side) as f32) * (size + Vec2::splat(GAP));
        Rect::from_min_size(self.rect.min + at, size.max(Vec2::splat(1.0)))
    }

    /// The channel at a position, or the nearest.
    #[must_use]
    pub fn channel_at(&self, at: Pos2) -> usize {
        let side = grid_side(self.channels);
        let part = (at - self.rect.min) / self.rect.size() * side as f32;
        #[allow(clippy::cast_sign_loss)] // not negative
        let index = |part: f32| (part.max(0.0) as usize).min(side - 1);
        (index(part.y) * side + index(part.x)).min(self.channels - 1)
    }

    /// The place of the channel at a position.
    #[must_use]
    pub fn cell_at(&self, at: Pos2) -> Rect {
        self.cell(self.channel_at(at))
    }

    /// The point of the image at a position, in [0, 1]².
    #[must_use]
    pub fn part_at(&self, at: Pos2) -> Pos2 {
        let cell = self.cell_at(at);
        let part = self.framing.window.min + (at - cell.min) / cell.size() * self.framing.window.size();
        pos2(part.x.clamp(0.0, 1.0), part.y.clamp(0.0, 1.0))
    }

    /// A pixel (x, y) of an image of `pixels` (width, height) within a channel.
    #[must_use]
    pub fn pixel(&self, channel: usize, pixels: (usize, usize), (x, y): (usize, usize)) -> Rect {
        let (cell, window) = (self.cell(channel), self.framing.window);
        let place = |x: usize, y: usize| {
            let corner = vec2(x as f32 / pixels.0 as f32, y as f32 / pixels.1 as f32);
            cell.min + (corner - window.min.to_vec2()) / window.size() * cell.size()
        };
        Rect::from_min_max(place(x, y), place(x + 1, y + 1)).intersect(cell)
    }

    /// Paints a texture that has the channels in a square grid.
    pub fn paint(&self, painter: &Painter, texture: TextureId, tint: Color32) {
        let side = if self.is_grid() { grid_side(self.channels) } else { 1 };
        let (window, step) = (self.framing.window, 1.0 / side as f32);
        let rounding = if self.is_grid() { 2.0 } else { 6.0 };
        for channel in 0..self.channels {
            let corner = vec2((channel % side) as f32, (channel / side) as f32);
            let uv = Rect::from_min_max(
                ((corner + window.min.to_vec2()) * step).to_pos2(),
                ((corner + window.max.to_vec2()) * step).to_pos2(),
            );
            let shape = egui::epaint::RectShape::filled(self.cell(channel), rounding, tint);
            painter.add(shape.with_texture(texture, uv));
        }
    }

    /// Writes its number into each channel, if there is room.
    pub fn numbers_ui(&self, painter: &Painter) {
        let size = self.cell(0).size();
        if !self.is_grid() || size.x < NUMBERED || size.y < NUMBERED {
            return;
        }
        for channel in 0..self.channels {
            number_ui(painter, self.cell(channel).left_top() + vec2(3.0, 3.0), channel);
        }
    }
}

/// A channel's number on an image.
pub fn number_ui(painter: &Painter, at: Pos2, channel: usize) {
    let galley = painter.layout_no_wrap(channel.to_string(), theme::mono(SMALL - 1.0), Color32::WHITE);
    let back = Rect::from_min_size(at, galley.size() + vec2(6.0, 0.0));
    painter.rect_filled(back, 3.0, Color32::from_black_alpha(170));
    painter.galley(back.min + vec2(3.0, 0.0), galley, Color32::WHITE);
}

/// The pixel of an image of `pixels` (width, height) at a point of it, in [0, 1]².
#[must_use]
pub fn pixel_of(part: Pos2, pixels: (usize, usize)) -> (usize, usize) {
    #[allow(clippy::cast_sign_loss)] // not negative
    let pixel = |part: f32, side: usize| ((part.max(0.0) * side as f32) as usize).min(side.saturating_sub(1));
    (pixel(part.x, pixels.0), pixel(part.y, pixels.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_shows_the_same_part_of_the_image() {
        let rect = Rect::from_min_size(pos2(10.0, 20.0), vec2(203.0, 203.0));
        let window = Rect::from_min_max(pos2(0.25, 0.5), pos2(0.75, 1.0));
        let framing = Framing { size: rect.size(), window };
        let mosaic = Mosaic::new(rect, framing, 4);
        assert_eq!(mosaic.cell(3), Rect::from_min_size(pos2(113.0, 123.0), vec2(100.0, 100.0)));
        for channel in 0..4 {
            let at = mosaic.cell(channel).min + vec2(50.0, 25.0);
            assert_eq!(mosaic.channel_at(at), channel);
            assert!((mosaic.part_at(at) - pos2(0.5, 0.625)).length() < 1e-5);
            let pixel = mosaic.pixel(channel, (8, 8), pixel_of(mosaic.part_at(at), (8, 8)));
            assert!(pixel.contains(at) && (pixel.width() - 25.0).abs() < 1e-3, "{pixel:?}");
        }
        assert_eq!(Mosaic::new(rect, framing, 1).cell_at(pos2(200.0, 30.0)), rect);
        assert_eq!(Mosaic::new(rect, framing, 5).channel_at(pos2(212.0, 222.0)), 4, "the empty cells are the last's");
    }
}
