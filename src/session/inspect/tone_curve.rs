use crate::session::tone::{Ground, apart_from_zero, byte};
use image::{Rgb, RgbImage};
use ndarray::ArrayView3;

/// The map from values to tones: `((v − black)/(white − black) + offset)^(1/γ)`, in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToneCurve {
    /// The values shown as black and white.
    pub range: (f32, f32),
    /// γ; above 1 dark tones become lighter.
    pub gamma: f32,
    /// Added to all tones, relative to the range.
    pub offset: f32,
}

impl ToneCurve {
    /// A straight line from black to white.
    #[must_use]
    pub const fn straight(range: (f32, f32)) -> Self {
        Self { range, gamma: 1.0, offset: 0.0 }
    }

    /// The tone of a value, in [0, 1].
    #[must_use]
    pub fn at(&self, value: f32) -> f32 {
        let (black, white) = self.range;
        let part = (value - black) / (white - black).max(f32::MIN_POSITIVE) + self.offset;
        let part = if part.is_nan() { 0.0 } else { part.clamp(0.0, 1.0) };
        if self.gamma == 1.0 { part } else { part.powf(1.0 / self.gamma.max(1e-3)) }
    }

    /// One channel in grey, three in colour; otherwise the first three, with the last repeated.
    #[must_use]
    pub fn image(&self, values: ArrayView3<f32>) -> RgbImage {
        let channels = values.dim().0;
        pixels(values, |y, x| {
            Rgb([0, 1, 2].map(|channel: usize| byte(self.at(values[[channel.min(channels - 1), y, x]]))))
        })
    }
}

/// The mean over the channels, `[C, H, W]`: blue below zero, orange above, the background at zero, full colour at `most`.
/// Colours follow the `1/(2γ)`-th power of the magnitude, so that small values are visible.
#[must_use]
pub fn signed_image(values: ArrayView3<f32>, most: f32, gamma: f32, ground: Ground) -> RgbImage {
    let channels = values.dim().0;
    pixels(values, |y, x| {
        let sum: f32 = (0..channels).map(|channel| values[[channel, y, x]]).sum();
        let value = (sum / channels as f32 / most.max(f32::MIN_POSITIVE)).clamp(-1.0, 1.0);
        Rgb(apart_from_zero(value.signum() * value.abs().powf(0.5 / gamma.max(1e-3)), ground))
    })
}

/// Magnitudes from black at zero to white at `most`, channels as colours.
#[must_use]
pub fn magnitude_image(values: ArrayView3<f32>, most: f32, gamma: f32) -> RgbImage {
    ToneCurve { range: (0.0, most), gamma, offset: 0.0 }.image(values)
}

fn pixels(values: ArrayView3<f32>, color: impl Fn(usize, usize) -> Rgb<u8>) -> RgbImage {
    let (_, height, width) = values.dim();
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    RgbImage::from_fn(side(width), side(height), |x, y| color(y as usize, x as usize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tone;
    use ndarray::Array3;

    #[test]
    fn tones_follow_range_offset_and_gamma() {
        let straight = ToneCurve::straight((-1.0, 1.0));
        assert_eq!([-2.0, -1.0, 0.0, 1.0, 2.0].map(|value| straight.at(value)), [0.0, 0.0, 0.5, 1.0, 1.0]);
        let bright = ToneCurve { gamma: 2.0, ..straight };
        assert_eq!([bright.at(-1.0), bright.at(-0.5), bright.at(1.0)], [0.0, 0.5, 1.0]);
        let lifted = ToneCurve { offset: 0.25, ..straight };
        assert_eq!([lifted.at(-1.0), lifted.at(0.5), lifted.at(0.9)], [0.25, 1.0, 1.0]);
        assert_eq!(straight.at(f32::NAN), 0.0);
    }

    /// A straight line with γ = 1 gives the tones of the images pane.
    #[test]
    fn straight_tones_are_those_of_the_stage() {
        let values = Array3::from_shape_fn((3, 4, 5), |(c, y, x)| (c + 2 * y) as f32 / 5.0 - x as f32 / 4.0);
        let shown = ToneCurve::straight((-0.8, 1.1)).image(values.view());
        assert_eq!(shown, tone::image_between(values.view(), (-0.8, 1.1)));
        for ground in [Ground::Dark, Ground::Light] {
            let stage = tone::difference(values.view(), 0.7, ground);
            assert_eq!(signed_image(values.view(), 0.7, 1.0, ground), stage);
        }
        let grey = magnitude_image(values.slice(ndarray::s![..1, .., ..]), 0.5, 1.0);
        assert!(grey.pixels().all(|pixel| pixel.0[0] == pixel.0[2]));
    }
}
