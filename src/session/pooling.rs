//! The effect of pooling on a noisy image, with signal and noise known separately (docs/theory.md, section 6). The pooled state
//! has `n²` times the signal-to-noise ratio, which is that of the pooled image with noise of the adjusted time, scaled
//! by `√P`. No GUI.

mod clean_image;

pub(crate) use clean_image::read_pixels;
pub use clean_image::{BUNDLED, CleanImage, ImageError, LEAST_SIDE, MOST_SIDE, read_bundled, read_file};

use crate::sampler::SeededNoise;
use crate::spectrum::{SpectrumError, pool};
use crate::theory::{NoiseLevel, adjustment};
use ndarray::{Array3, ArrayView3, Axis};

/// A noisy image with known signal and noise.
#[derive(Clone, Debug, PartialEq)]
pub struct Noised {
    /// Signal and noise together, `[C, H, W]`.
    pub values: Array3<f32>,
    /// `‖signal‖²/‖noise‖²`, both per pixel, of this image and this noise.
    pub snr: f64,
    /// The same with the noise's variance instead of its square: the expectation of [`Self::snr`].
    pub expected_snr: f64,
}

/// An image at a noise level, pooled and made again.
#[derive(Clone, Debug, PartialEq)]
pub struct Pooling {
    /// `ᾱ_τ = ᾱ/P`, the noise level at the adjusted time.
    pub adjusted: NoiseLevel,
    /// `√P`, the scale of the state at the adjusted time.
    pub intensity: f64,
    /// `x_t = √ᾱ·x_0 + √(1−ᾱ)·ε`.
    pub state: Noised,
    /// `D_n x_t`.
    pub pooled: Noised,
    /// `√P·(√ᾱ_τ·D_n x_0 + √(1−ᾱ_τ)·ε')`, with noise of its own.
    pub remade: Noised,
}

impl Pooling {
    /// Adds unit noise of this seed to `image` at `level`, and pools the result by `factor`. If the image's sides are
    /// not multiples of it, the surplus rows and columns are cropped at both ends.
    pub fn new(image: &CleanImage, level: NoiseLevel, factor: usize, seed: u64) -> Result<Self, SpectrumError> {
        let clean = image.cropped(factor)?.mapv(f64::from);
        let small = pooled(clean.view(), factor)?;
        let noise = unit_noise(seed, 0, clean.dim());
        let small_noise = pooled(noise.view(), factor)?;
        // Another sample of the same seed, independent of ε.
        let fresh_noise = unit_noise(seed, 1, small.dim());

        let (signal_part, noise_part) = (level.sqrt_alpha_bar(), level.sqrt_one_minus_alpha_bar());
        let adjusted = adjustment::adjusted_level(level, factor, 1);
        let intensity = adjustment::intensity(level, factor);
        let (remade_signal, remade_noise) =
            (intensity * adjusted.sqrt_alpha_bar(), intensity * adjusted.sqrt_one_minus_alpha_bar());
        let variance = ((factor * factor) as f64).recip();
        Ok(Self {
            adjusted,
            intensity,
            state: noised((&clean, signal_part), (&noise, noise_part), 1.0),
            pooled: noised((&small, signal_part), (&small_noise, noise_part), variance),
            remade: noised((&small, remade_signal), (&fresh_noise, remade_noise), 1.0),
        })
    }
}

/// `signal·image + noise·ε`; `variance` is that of ε per pixel.
fn noised((image, signal): (&Array3<f64>, f64), (noise, noise_part): (&Array3<f64>, f64), variance: f64) -> Noised {
    let energy = signal * signal * mean_square(image);
    let ratio = |noise: f64| energy / (noise_part * noise_part * noise);
    let mut values = image * signal;
    values.scaled_add(noise_part, noise);
    Noised { values: values.mapv(|value| value as f32), snr: ratio(mean_square(noise)), expected_snr: ratio(variance) }
}

fn mean_square(values: &Array3<f64>) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>() / values.len().max(1) as f64
}

/// `D_n` of each channel.
fn pooled(image: ArrayView3<f64>, factor: usize) -> Result<Array3<f64>, SpectrumError> {
    let planes = image.axis_iter(Axis(0)).map(|plane| pool(plane, factor)).collect::<Result<Vec<_>, _>>()?;
    let (height, width) = (image.dim().1 / factor, image.dim().2 / factor);
    Ok(Array3::from_shape_fn((planes.len(), height, width), |(channel, y, x)| planes[channel][[y, x]]))
}

fn unit_noise(seed: u64, sample: u64, (channels, height, width): (usize, usize, usize)) -> Array3<f64> {
    SeededNoise { seed, first_sample: sample }.initial([1, channels, height, width]).index_axis_move(Axis(0), 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A smooth image with all scales and a mean.
    fn image(side: usize) -> CleanImage {
        let wave = |x: usize, per: f64| (x as f64 / side as f64 * per).sin();
        let values = Array3::from_shape_fn((3, side, side), |(c, y, x)| {
            let value = 0.2 + 0.4 * wave(x + c, 7.0) * wave(y, 5.0) + 0.2 * wave(x * y, 3.0);
            value.clamp(-1.0, 1.0) as f32
        });
        CleanImage::new(values).unwrap()
    }

    #[test]
    fn measured_ratios_are_the_expected_ones_but_for_chance() {
        let image = image(64);
        for factor in [2, 4] {
            let level = NoiseLevel::from_alpha_bar(0.3);
            let made = Pooling::new(&image, level, factor, 1403).unwrap();
            for noised in [&made.state, &made.pooled, &made.remade] {
                // The mean of N squares of unit noise has a standard error of √(2/N).
                let chance = (2.0 / noised.values.len() as f64).sqrt();
                let off = (noised.snr / noised.expected_snr - 1.0).abs();
                assert!(off < 4.0 * chance, "n = {factor}: {off} with a chance of {chance}");
            }
        }
    }

    #[test]
    fn pooled_noise_has_one_part_in_n_squared() {
        for factor in [2, 3, 4] {
            let side = 48 * factor;
            let noise = unit_noise(9, 0, (3, side, side));
            let small = pooled(noise.view(), factor).unwrap();
            let variance = mean_square(&small) * (factor * factor) as f64;
            assert!((variance - 1.0).abs() < 4.0 * (2.0 / small.len() as f64).sqrt(), "n = {factor}: {variance}");
        }
    }

    #[test]
    fn the_noise_made_anew_is_another() {
        let made = Pooling::new(&image(24), NoiseLevel::from_alpha_bar(0.0), 2, 5).unwrap();
        let inner: f32 = made.pooled.values.iter().zip(&made.remade.values).map(|(a, b)| a * b).sum();
        let size = made.pooled.values.len() as f32;
        // At ᾱ = 0 both are noise with variance 1/4.
        assert!((4.0 * inner / size).abs() < 4.0 / size.sqrt());
        let again = Pooling::new(&image(24), NoiseLevel::from_alpha_bar(0.0), 2, 5).unwrap();
        assert_eq!(made, again, "the same seed");
    }

    #[test]
    fn clean_and_pure_noise_are_finite_images() {
        for level in [NoiseLevel::CLEAN, NoiseLevel::from_alpha_bar(0.0)] {
            let made = Pooling::new(&image(16), level, 4, 1).unwrap();
            for noised in [&made.state, &made.pooled, &made.remade] {
                assert!(noised.values.iter().all(|value| value.is_finite()));
                let expected = if level == NoiseLevel::CLEAN { f64::INFINITY } else { 0.0 };
                assert_eq!((noised.snr, noised.expected_snr), (expected, expected));
            }
        }
    }

    proptest! {
        /// In expectation both agree exactly, at n² times the ratio of the pooled image without pooled
        /// noise; and both have the same image.
        #[test]
        fn pooled_and_remade_agree(log_snr in -12.0..12.0_f64, factor in 2_usize..5, side in 8_usize..20) {
            let level = NoiseLevel::from_log_snr(log_snr);
            let image = image(side);
            let made = Pooling::new(&image, level, factor, 3).unwrap();
            prop_assert!((made.pooled.expected_snr / made.remade.expected_snr - 1.0).abs() < 1e-10);
            let small = pooled(image.cropped(factor).unwrap().mapv(f64::from).view(), factor).unwrap();
            let n = factor as f64;
            let wanted = n * n * log_snr.exp() * mean_square(&small);
            prop_assert!((made.pooled.expected_snr / wanted - 1.0).abs() < 1e-10);
            prop_assert_eq!(made.pooled.values.dim(), (3, side / factor, side / factor));
            prop_assert_eq!(made.remade.values.dim(), made.pooled.values.dim());
        }
    }
}
