//! The values of a run's pictures as colours. No GUI.

use crate::app::run_view::{Picture, Seen};
use crate::figure::Ground;
use crate::session::levels::Isolation;
use crate::session::tone;
use image::RgbImage;
use image::imageops::{FilterType, resize};
use ndarray::ArrayView3;

/// Values as colours for this picture; with `longest`, scaled down until no side exceeds it.
#[must_use]
pub fn painted(
    values: ArrayView3<f32>,
    picture: Picture,
    range: (f32, f32),
    longest: Option<u32>,
    ground: Ground,
) -> RgbImage {
    let whole = if picture.is_difference() {
        tone::difference(values, range.1, ground)
    } else {
        tone::image_between(values, range)
    };
    let (width, height) = whole.dimensions();
    match longest {
        Some(longest) if width.max(height) > longest => {
            let side = |side: u32| (side * longest / width.max(height)).max(1);
            resize(&whole, side(width), side(height), FilterType::Triangle)
        }
        _ => whole,
    }
}

/// Some levels of an image as colours, over the given range or else their own, and that range.
#[must_use]
pub fn painted_alone(
    (values, seen): (ArrayView3<f32>, Seen),
    picture: Picture,
    alone: &Isolation,
    range: Option<(f32, f32)>,
    longest: Option<u32>,
    ground: Ground,
) -> (RgbImage, (f32, f32)) {
    let left = alone.of(values);
    let range = range.unwrap_or_else(|| own_range(left.view(), alone.has_rest() && !picture.is_difference()));
    (painted(seen.laid_out(left.view()).view(), picture, range, longest, ground), range)
}

/// The smallest and largest value, or for differences the largest magnitude with both signs.
#[must_use]
pub fn own_range(values: ArrayView3<f32>, has_mean: bool) -> (f32, f32) {
    let ends =
        values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)));
    if !has_mean {
        let most = ends.1.abs().max(ends.0.abs()).max(f32::MIN_POSITIVE);
        (-most, most)
    } else if ends.0 < ends.1 {
        ends
    } else {
        (ends.0 - 1.0, ends.0 + 1.0)
    }
}
