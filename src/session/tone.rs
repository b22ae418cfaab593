//! Colours for values, the same in the film strip and in the window.

use image::{Rgb, RgbImage};
use ndarray::ArrayView3;

/// The background that a colour is seen on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ground {
    /// Nearly black.
    #[default]
    Dark,
    /// Nearly white.
    Light,
}

/// The colour for a difference of zero: the window's background in the dark theme.
pub const ZERO: Rgb<u8> = Rgb([0x0E, 0x11, 0x16]);
const ABOVE: [f32; 3] = [0.96, 0.61, 0.28];
const BELOW: [f32; 3] = [0.29, 0.60, 0.95];
/// The same in the light theme.
const LIGHT_ZERO: Rgb<u8> = Rgb([0xF7, 0xF9, 0xFB]);
const LIGHT_ABOVE: [f32; 3] = [0.70, 0.30, 0.0];
const LIGHT_BELOW: [f32; 3] = [0.04, 0.32, 0.72];

/// `[C, H, W]` values from −range to range as black to white; three channels as RGB, one as grey, otherwise the first
/// three.
#[must_use]
pub fn image(values: ArrayView3<f32>, range: f32) -> RgbImage {
    image_between(values, (-range, range))
}

/// The same from a lowest to a highest value.
#[must_use]
pub fn image_between(values: ArrayView3<f32>, (low, high): (f32, f32)) -> RgbImage {
    let (channels, ..) = values.dim();
    let scale = 1.0 / (high - low).max(f32::MIN_POSITIVE);
    pixels(values, |values, y, x| {
        Rgb([0, 1, 2].map(|channel| byte((values[[channel.min(channels - 1), y, x]] - low) * scale)))
    })
}

/// The mean difference over the channels, `[C, H, W]`: blue below zero, orange above, the background at zero, full colour at
/// `largest`. Colours follow the square root of the magnitude, so that small changes are visible.
#[must_use]
pub fn difference(change: ArrayView3<f32>, largest: f32, ground: Ground) -> RgbImage {
    let (channels, ..) = change.dim();
    pixels(change, |change, y, x| {
        let sum: f32 = (0..channels).map(|channel| change[[channel, y, x]]).sum();
        let value = (sum / channels as f32 / largest).clamp(-1.0, 1.0);
        Rgb(apart_from_zero(value.signum() * value.abs().sqrt(), ground))
    })
}

/// The colour of a share from −1 to 1: blue below zero, orange above, the background at zero, in proportion.
#[must_use]
pub fn apart_from_zero(share: f32, ground: Ground) -> [u8; 3] {
    let (zero, below, above) = match ground {
        Ground::Dark => (ZERO, BELOW, ABOVE),
        Ground::Light => (LIGHT_ZERO, LIGHT_BELOW, LIGHT_ABOVE),
    };
    let end = if share < 0.0 { below } else { above };
    let zero = zero.0.map(|byte| f32::from(byte) / 255.0);
    [0, 1, 2].map(|i| byte(zero[i] + (end[i] - zero[i]) * share.abs()))
}

/// The 99.5th percentile of the magnitudes, never 0.
#[must_use]
pub fn robust_maximum(values: impl Iterator<Item = f32>) -> f32 {
    let [value] = robust_maxima(values, [0.995]);
    value
}

/// Images are within ±1, with small overshoots from guidance. If more than one value in twenty of a model is
/// outside, it is shown over a range of its own.
const USUAL: f32 = 1.5;

/// The magnitude of black and white for an image: 1, or for a model with values far outside the 99.5th percentile of
/// the magnitudes.
#[must_use]
pub fn image_range(values: impl Iterator<Item = f32>) -> f32 {
    let [usual, nearly_all] = robust_maxima(values, [0.95, 0.995]);
    if usual > USUAL { nearly_all } else { 1.0 }
}

/// Percentiles of the magnitudes, given as shares; never 0, and 1 without values.
#[must_use]
pub fn robust_maxima<const N: usize>(values: impl Iterator<Item = f32>, shares: [f64; N]) -> [f32; N] {
    let mut magnitudes: Vec<f32> = values.map(f32::abs).collect();
    shares.map(|share| {
        let Some(last) = magnitudes.len().checked_sub(1) else { return 1.0 };
        #[allow(clippy::cast_sign_loss)] // shares are not negative
        let index = ((magnitudes.len() as f64 * share) as usize).min(last);
        let (_, value, _) = magnitudes.select_nth_unstable_by(index, f32::total_cmp);
        value.max(f32::MIN_POSITIVE)
    })
}

fn pixels(values: ArrayView3<f32>, color: impl Fn(&ArrayView3<f32>, usize, usize) -> Rgb<u8>) -> RgbImage {
    let (_, height, width) = values.dim();
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    RgbImage::from_fn(side(width), side(height), |x, y| color(&values, y as usize, x as usize))
}

#[allow(clippy::cast_sign_loss)] // clamped to 0 … 255
pub(super) fn byte(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_change_is_the_ground_and_signs_have_their_colours() {
        let change = ndarray::arr3(&[[[0.0_f32, 1.0, -1.0]]]);
        for (ground, zero) in [(Ground::Dark, ZERO), (Ground::Light, LIGHT_ZERO)] {
            let image = difference(change.view(), 1.0, ground);
            assert_eq!(*image.get_pixel(0, 0), zero);
            let (above, below) = (image.get_pixel(1, 0).0, image.get_pixel(2, 0).0);
            assert!(above[0] > above[2] && below[2] > below[0]);
            assert!([above, below].iter().all(|&end| crate::figure::palette::contrast(end, zero.0) >= 4.5));
        }
    }

    #[test]
    fn overshoot_does_not_make_an_image_grey_and_another_scale_does_not_make_it_white() {
        let image =
            |overshoot: usize| (0..1000).map(move |i| if i < overshoot { 2.4 } else { (i % 21) as f32 / 10.0 - 1.0 });
        assert_eq!([image_range(image(0)), image_range(image(40))], [1.0, 1.0]);
        assert_eq!(image_range(image(100)), 2.4);
        assert_eq!(image_range(std::iter::empty()), 1.0);
    }

    #[test]
    fn the_range_runs_from_black_to_white() {
        let values = ndarray::arr3(&[[[-2.0_f32, 0.0, 2.0, 9.0]]]);
        let image = image(values.view(), 2.0);
        let grey: Vec<u8> = image.pixels().map(|pixel| pixel.0[0]).collect();
        assert_eq!(grey, [0, 128, 255, 255]);
    }
}
