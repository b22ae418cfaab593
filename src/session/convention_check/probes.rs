//! Images to run a network on.

use crate::sampler::SeededNoise;
use crate::theory::NoiseLevel;
use ndarray::{Array4, Axis};
use std::f64::consts::TAU;

/// Standard deviation of the fields, that of a lively photograph in [−1, 1].
const SPREAD: f64 = 0.5;
/// The fastest waves of a field, cycles per image.
const FASTEST: usize = 5;
/// The frequency at which their power has fallen to 1/e, cycles per image.
const CUT: f64 = 3.0;
const FIELDS: u64 = 1405;
const NOISE: u64 = 1406;

/// Independent unit noise, the same for every convention.
pub(super) fn noise(shape: [usize; 4], stream: u64) -> Array4<f64> {
    SeededNoise { seed: NOISE + stream, first_sample: 0 }.initial(shape)
}

/// Smooth random fields `[B, C, H, W]` of mean 0 and standard deviation 0.5.
pub(super) fn fields([batch, channels, height, width]: [usize; 4]) -> Array4<f64> {
    let waves = 2 * FASTEST + 1;
    // The weight of the cosine and of the sine of each wave.
    let weights = SeededNoise { seed: FIELDS, first_sample: 0 }.initial([batch, channels, waves, 2 * waves]);
    let signed = |wave: usize| wave as f64 - FASTEST as f64;
    let phases = |side: usize| -> Vec<Vec<f64>> {
        (0..side).map(|at| (0..waves).map(|wave| TAU * signed(wave) * at as f64 / side as f64).collect()).collect()
    };
    let (rows, columns) = (phases(height), phases(width));
    let amplitude = |down: usize, across: usize| {
        let frequency = signed(down).hypot(signed(across));
        if frequency == 0.0 { 0.0 } else { (-0.5 * (frequency / CUT).powi(2)).exp() }
    };
    let mut fields = Array4::from_shape_fn((batch, channels, height, width), |(sample, channel, y, x)| {
        let mut value = 0.0;
        for down in 0..waves {
            for across in 0..waves {
                let phase = rows[y][down] + columns[x][across];
                let cosine = weights[[sample, channel, down, 2 * across]];
                let sine = weights[[sample, channel, down, 2 * across + 1]];
                value += amplitude(down, across) * (cosine * phase.cos() + sine * phase.sin());
            }
        }
        value
    });
    let scale = SPREAD / spread(&fields).max(f64::MIN_POSITIVE);
    fields.mapv_inplace(|value| value * scale);
    fields
}

/// Standard deviation of images about the mean of each channel.
pub(super) fn spread(images: &Array4<f64>) -> f64 {
    let planes = images.lanes(Axis(3)).into_iter().count() / images.dim().2.max(1);
    let plane = images.dim().2 * images.dim().3;
    let mut sum = 0.0;
    for image in images.axis_iter(Axis(0)) {
        for channel in image.axis_iter(Axis(0)) {
            let mean = channel.mean().unwrap_or(0.0);
            sum += channel.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / plane as f64;
        }
    }
    (sum / planes.max(1) as f64).sqrt()
}

/// Images with noise, as VP states.
pub(super) fn noised(images: &Array4<f64>, noise: &Array4<f64>, level: NoiseLevel) -> Array4<f64> {
    level.sqrt_alpha_bar() * images + level.sqrt_one_minus_alpha_bar() * noise
}

/// The root mean square of the difference.
pub(super) fn rms(a: &Array4<f64>, b: &Array4<f64>) -> f64 {
    let sum: f64 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    (sum / a.len().max(1) as f64).sqrt()
}
