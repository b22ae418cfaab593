//! The channels of an image side by side.

use ndarray::{Array3, ArrayView3, s};

/// Number of rows, and of columns, of the square grid of this many channels.
#[must_use]
pub fn grid_side(channels: usize) -> usize {
    let side = channels.isqrt();
    if side * side < channels { side + 1 } else { side.max(1) }
}

/// The channels of an image `[C, H, W]` as one, `[1, n·H, n·W]`, row by row in a square grid. Cells without a channel
/// are NaN.
#[must_use]
pub fn tiled(image: ArrayView3<f32>) -> Array3<f32> {
    let (channels, height, width) = image.dim();
    let side = grid_side(channels);
    let mut all = Array3::from_elem((1, side * height, side * width), f32::NAN);
    for (channel, plane) in image.outer_iter().enumerate() {
        let (y, x) = (channel / side * height, channel % side * width);
        all.slice_mut(s![0, y..y + height, x..x + width]).assign(&plane);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_lie_in_a_square_row_by_row() {
        assert_eq!([1, 4, 5, 16, 32].map(grid_side), [1, 2, 3, 4, 6]);
        let image = Array3::from_shape_fn((5, 2, 3), |(c, y, x)| (100 * c + 10 * y + x) as f32);
        let all = tiled(image.view());
        assert_eq!(all.dim(), (1, 6, 9));
        assert_eq!([all[[0, 0, 0]], all[[0, 1, 5]], all[[0, 2, 0]], all[[0, 3, 5]]], [0.0, 112.0, 300.0, 412.0]);
        assert!(all[[0, 5, 8]].is_nan(), "no sixth channel");
    }
}
