//! The softmax of every pixel over images that come block by block, and their weighted mean.

use super::blocks::{LANES, Lanes};
use rayon::prelude::*;

/// Images whose weight is below e⁻³⁵ of the best one's, less than f32 tells from none, are passed over.
const NEGLIGIBLE: f64 = 35.0;

/// The sums of a softmax as far as it has come, for every pixel, scaled to the nearest image so far. f32 suffices, as all
/// of it are weights of at most 1, summed over few images a lane.
pub(super) struct Streamed {
    channels: usize,
    /// `1/(2(1−ᾱ))`.
    precision: f64,
    /// The least squared distance so far, `[pixel]`.
    least: Vec<f64>,
    /// `Σ_i w_i`, then `Σ_i w_i·byte_i` of each channel, `[pixel][1 + channel]`.
    sums: Vec<Lanes<f32>>,
}

/// A [`Streamed`] that is at its end, all lanes in one.
pub(super) struct Part {
    least: Vec<f64>,
    sums: Vec<f64>,
}

impl Streamed {
    pub(super) fn new(pixels: usize, channels: usize, precision: f64) -> Self {
        let sums = vec![[0.0; LANES]; pixels * (1 + channels)];
        Self { channels, precision, least: vec![f64::INFINITY; pixels], sums }
    }

    /// Takes the images of a block into account at one pixel: their squared distances, and their bytes there `[channel]`.
    #[inline]
    pub(super) fn add(&mut self, pixel: usize, distances: &Lanes<f64>, bytes: &[Lanes<u8>]) {
        let nearest = least_of(distances);
        let least = &mut self.least[pixel];
        // No distance that is not a number counts, which leaves the sums empty and the mean not a number.
        let counts = nearest < *least + NEGLIGIBLE / self.precision;
        if !counts {
            return;
        }
        let sums = &mut self.sums[pixel * (1 + self.channels)..][..=self.channels];
        if nearest < *least {
            let shrink = ((nearest - *least) * self.precision).exp() as f32;
            for sum in sums.as_flattened_mut() {
                *sum *= shrink;
            }
            *least = nearest;
        }
        // `map` of arrays would leave the lanes one by one. The difference in f64: at low noise both are huge.
        let mut weights = [0.0; LANES];
        for (weight, distance) in weights.iter_mut().zip(distances) {
            *weight = exp(((*least - distance) * self.precision) as f32);
        }
        sums[0] = added(&sums[0], &weights);
        for (sum, bytes) in sums[1..].iter_mut().zip(bytes) {
            let mut terms = [0.0; LANES];
            for ((term, weight), &byte) in terms.iter_mut().zip(weights).zip(bytes) {
                *term = weight * f32::from(byte);
            }
            *sum = added(sum, &terms);
        }
    }

    pub(super) fn finish(self) -> Part {
        let sums = self.sums.iter().map(|lanes| lanes.iter().map(|&lane| f64::from(lane)).sum()).collect();
        Part { least: self.least, sums }
    }
}

#[cfg(test)]
impl Part {
    /// Whether any image was taken into account.
    pub(super) fn has_images(&self) -> bool {
        self.least.iter().any(|least| least.is_finite())
    }
}

/// The mean byte over all parts, `[pixel][channel]`, added in their order.
pub(super) fn merged(parts: &[Part], pixels: usize, channels: usize, precision: f64) -> Vec<f64> {
    let mut mean = vec![0.0; pixels * channels];
    mean.par_chunks_mut(channels).with_min_len(256).enumerate().for_each(|(pixel, mean)| {
        let least = parts.iter().map(|part| part.least[pixel]).fold(f64::INFINITY, f64::min);
        let mut total = 0.0;
        for part in parts {
            let weight = ((least - part.least[pixel]) * precision).exp();
            let sums = &part.sums[pixel * (1 + channels)..][..=channels];
            total += weight * sums[0];
            for (mean, sum) in mean.iter_mut().zip(&sums[1..]) {
                *mean += weight * sum;
            }
        }
        for mean in mean {
            *mean /= total;
        }
    });
    mean
}

/// By value, as for the compiler what is added might lie in the same memory as the sum.
#[inline]
fn added(sum: &Lanes<f32>, terms: &Lanes<f32>) -> Lanes<f32> {
    let mut added = *sum;
    for (sum, term) in added.iter_mut().zip(terms) {
        *sum += term;
    }
    added
}

#[inline]
fn least_of(distances: &Lanes<f64>) -> f64 {
    // Halving keeps the comparisons side by side.
    let least = |a: f64, b: f64| if a < b { a } else { b };
    let [a, b, c, d, e, f, g, h] = *distances;
    least(least(least(a, e), least(c, g)), least(least(b, f), least(d, h)))
}

/// `e^z` for z ≤ 0, to a relative error of 1e-6 down to −35; e⁻⁸⁷ below −87. Without a branch, so that lanes stay
/// together.
#[inline]
fn exp(z: f32) -> f32 {
    /// Adding 1.5·2²³ rounds to an integer, which is then in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    /// ln 2 in two parts (Cody and Waite): integers up to 2⁷ times the first are exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    /// Taylor: the rest is below 1.3e-7 within ln 2/2 of 0.
    const COEFFICIENTS: [f32; 6] = [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    let z = if z < -87.0 { -87.0 } else { z };
    let rounded = z * std::f32::consts::LOG2_E + ROUND;
    let twos = rounded - ROUND;
    let rest = z - twos * LN_2[0] - twos * LN_2[1];
    let mut power = 1.0 / 720.0;
    for coefficient in COEFFICIENTS {
        power = power * rest + coefficient;
    }
    let scale = (rounded.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127)) << 23;
    power * f32::from_bits(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_within_a_millionth() {
        let mut worst = 0.0_f64;
        for step in 0..=350_000 {
            let z = -1e-4 * step as f32;
            worst = worst.max((f64::from(exp(z)) / f64::from(z).exp() - 1.0).abs());
        }
        println!("largest relative error: {worst:.1e}");
        assert!(worst < 1e-6, "{worst:e}");
        assert_eq!(exp(0.0), 1.0);
        for z in [-86.9_f32, -88.0, -1e30, f32::NEG_INFINITY] {
            let value = exp(z);
            assert!((0.0..1e-37).contains(&value), "{z}: {value:e}");
        }
    }

    /// The order in which near and far images come must not matter, nor that a lane is closed.
    #[test]
    fn a_nearer_image_takes_over() {
        let mut streamed = Streamed::new(1, 1, 0.5);
        streamed.add(0, &[1e6, f64::INFINITY, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6], &[[200; LANES]]);
        streamed.add(0, &[4.0, 4.0, 6.0, f64::INFINITY, 1e9, 1e9, 1e9, 1e9], &[[10, 20, 30, 255, 1, 1, 1, 1]]);
        streamed.add(0, &[1e6; LANES], &[[200; LANES]]);
        let mean = merged(&[streamed.finish()], 1, 1, 0.5)[0];
        let third = (-1.0_f64).exp();
        assert!((mean - (30.0 + 30.0 * third) / (2.0 + third)).abs() < 1e-5, "{mean}");
    }
}
