use ndarray::{Array4, Array5, Axis};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

/// Where a run's random numbers come from.
pub trait NoiseSource: Send {
    /// Fills `out`, `[B, C, H, W]`, with the noise of one step.
    fn fill(&mut self, step: usize, out: &mut Array4<f64>);

    /// Fills it with the second noise of a step, for methods that draw two.
    fn fill_again(&mut self, step: usize, out: &mut Array4<f64>);
}

/// Noise keyed by (seed, sample, step): the same bits for a sample alone, in any batch and on any number of threads.
#[derive(Clone, Copy, Debug)]
pub struct SeededNoise {
    /// The user's seed.
    pub seed: u64,
    /// Number of the batch's first sample within the run.
    pub first_sample: u64,
}

const INITIAL: u64 = u64::MAX;

impl SeededNoise {
    /// The initial noise `x_T`, unit variance, `[B, C, H, W]`.
    #[must_use]
    pub fn initial(&self, shape: [usize; 4]) -> Array4<f64> {
        let mut out = Array4::zeros(shape);
        self.draw(INITIAL, DOMAIN, &mut out);
        out
    }

    fn draw(&self, step: u64, domain: u64, out: &mut Array4<f64>) {
        for (sample, mut values) in (self.first_sample..).zip(out.axis_iter_mut(Axis(0))) {
            let mut key = [0; 32];
            for (part, number) in key.chunks_exact_mut(8).zip([self.seed, sample, step, domain]) {
                part.copy_from_slice(&number.to_le_bytes());
            }
            let mut rng = ChaCha8Rng::from_seed(key);
            for value in &mut values {
                // Rounded to f32, so that noise read back from an f32 archive is the same noise.
                let normal: f64 = StandardNormal.sample(&mut rng);
                *value = f64::from(normal as f32);
            }
        }
    }
}

/// Keeps these streams apart from any other use of the same generator and seed.
const DOMAIN: u64 = u64::from_le_bytes(*b"noise v1");
/// Of the second noise of a step.
const SECOND: u64 = u64::from_le_bytes(*b"noise 2 ");

impl NoiseSource for SeededNoise {
    fn fill(&mut self, step: usize, out: &mut Array4<f64>) {
        self.draw(step as u64, DOMAIN, out);
    }

    fn fill_again(&mut self, step: usize, out: &mut Array4<f64>) {
        self.draw(step as u64, SECOND, out);
    }
}

/// Noise that the user brought, `[S, B, C, H, W]`: entry `i` is used at step `i`, unused ones are ignored. For methods that draw two
/// noises a step it is `[2·S, B, C, H, W]`, entries `2i` and `2i + 1` for step `i`.
pub struct GivenNoise {
    noise: Array5<f32>,
    draws: usize,
}

/// Why given noise cannot serve a run.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "the step noise has shape {found:?}, but this run needs {expected:?} ({}, batch, channels, height, width)",
    if *.draws == 1 { "steps" } else { "two for each step" }
)]
pub struct NoiseError {
    /// Noises that a step draws.
    pub draws: usize,
    /// What the run needs.
    pub expected: [usize; 5],
    /// What came.
    pub found: [usize; 5],
}

impl GivenNoise {
    /// Takes noise for `steps` steps of so many `draws` each, of states of this shape.
    pub fn new(noise: Array5<f32>, steps: usize, draws: usize, shape: [usize; 4]) -> Result<Self, NoiseError> {
        let [b, c, h, w] = shape;
        let needed = steps * draws;
        let expected = [needed, b, c, h, w];
        let (s, fb, fc, fh, fw) = noise.dim();
        let found = [s, fb, fc, fh, fw];
        if s < needed || found[1..] != expected[1..] {
            return Err(NoiseError { draws, expected, found });
        }
        Ok(Self { noise, draws })
    }

    fn entry(&self, entry: usize, out: &mut Array4<f64>) {
        out.zip_mut_with(&self.noise.index_axis(Axis(0), entry), |out, &noise| *out = f64::from(noise));
    }
}

impl NoiseSource for GivenNoise {
    fn fill(&mut self, step: usize, out: &mut Array4<f64>) {
        self.entry(step * self.draws, out);
    }

    fn fill_again(&mut self, step: usize, out: &mut Array4<f64>) {
        self.entry(step * self.draws + 1, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::s;

    #[test]
    fn a_sample_is_the_same_alone_and_in_a_batch() {
        let shape = [5, 3, 4, 4];
        let all = SeededNoise { seed: 7, first_sample: 0 }.initial(shape);
        let alone = SeededNoise { seed: 7, first_sample: 3 }.initial([1, 3, 4, 4]);
        assert_eq!(all.slice(s![3..4, .., .., ..]), alone);
        let mut step = [Array4::zeros(shape), Array4::zeros([1, 3, 4, 4])];
        SeededNoise { seed: 7, first_sample: 0 }.fill(2, &mut step[0]);
        SeededNoise { seed: 7, first_sample: 3 }.fill(2, &mut step[1]);
        assert_eq!(step[0].slice(s![3..4, .., .., ..]), step[1]);
        assert_ne!(step[1], alone);
        let mut again = Array4::zeros([1, 3, 4, 4]);
        SeededNoise { seed: 7, first_sample: 3 }.fill_again(2, &mut again);
        assert_ne!(again, step[1]);
    }

    #[test]
    fn given_noise_serves_methods_of_two_draws_by_pairs() {
        let noise = Array5::from_shape_fn([4, 1, 1, 1, 1], |(entry, ..)| entry as f32);
        let mut out = Array4::zeros([1; 4]);
        let mut pairs = GivenNoise::new(noise.clone(), 2, 2, [1; 4]).unwrap();
        pairs.fill(1, &mut out);
        assert_eq!(out[[0; 4]], 2.0);
        pairs.fill_again(1, &mut out);
        assert_eq!(out[[0; 4]], 3.0);
        let told = GivenNoise::new(noise, 3, 2, [1; 4]).err().unwrap().to_string();
        assert!(told.contains("needs [6, 1, 1, 1, 1] (two for each step, batch"), "{told}");
    }

    #[test]
    fn moments_are_those_of_a_unit_normal() {
        let noise = SeededNoise { seed: 1, first_sample: 0 }.initial([16, 3, 64, 64]);
        let n = noise.len() as f64;
        let mean = noise.mean().unwrap();
        let variance = noise.mapv(|x| x * x).mean().unwrap();
        let fourth = noise.mapv(|x| x.powi(4)).mean().unwrap();
        assert!(mean.abs() < 5.0 / n.sqrt());
        assert!((variance - 1.0).abs() < 5.0 * (2.0 / n).sqrt());
        assert!((fourth - 3.0).abs() < 5.0 * (96.0 / n).sqrt());
    }

    /// A changed generator would silently change every saved run.
    #[test]
    fn the_stream_is_pinned() {
        let noise = SeededNoise { seed: 1403, first_sample: 0 }.initial([1, 1, 1, 4]);
        let expected = PINNED.map(f64::from);
        assert_eq!(noise.as_slice().unwrap(), expected);
    }
    const PINNED: [f32; 4] = [0.647_397_64, 0.826_433_66, 0.231_689_02, -1.151_618_1];
}
