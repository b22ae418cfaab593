//! The exact posterior mean over a set of images: what a network with unlimited capacity would learn from them.
//!
//! `E[x_0|x_t] = Σ_i w_i·x_i` with `w = softmax(−‖x_t − √ᾱ·x_i‖²/(2(1−ᾱ)))`. The images are kept once, in 8 bits.

use super::gaussian::fill_eps;
use super::{CancelFlag, DenoiseError, Denoised, Denoiser, ImageShape};
use crate::schedule::ModelSchedule;
use crate::theory::NoiseLevel;
use ndarray::{ArrayView4, Axis};
use rayon::prelude::*;
use std::sync::Arc;

/// Images in 8 bits, value `u8/127.5 − 1`, with an optional class each.
#[derive(Clone, Debug)]
pub struct ImageSet {
    /// Size of every image.
    pub shape: ImageShape,
    /// `[N, C, H, W]`, C order.
    pub pixels: Arc<[u8]>,
    /// Class of every image; empty where the set has no classes.
    pub labels: Vec<i64>,
}

impl ImageSet {
    /// How many images there are.
    #[must_use]
    pub fn len(&self) -> usize {
        if self.shape.is_empty() { 0 } else { self.pixels.len() / self.shape.len() }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `[C, H, W]` of one image, C order.
    pub(super) fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * self.shape.len()..][..self.shape.len()]
    }
}

/// The exact posterior mean over an [`ImageSet`], one optional class a sample. Clones share the images.
#[derive(Clone)]
pub struct EmpiricalDenoiser {
    images: ImageSet,
    schedule: ModelSchedule,
    /// Class of each sample of the batch; `None` means every image.
    classes: Vec<Option<i64>>,
    /// `‖x_i‖²`.
    square_norms: Arc<[f64]>,
    cancel: CancelFlag,
}

/// Images a block: one block's partial sums are always added in the same order, so the result does not depend on the
/// number of threads.
const BLOCK: usize = 64;

impl EmpiricalDenoiser {
    /// The posterior mean over `images`; sample `b` of a batch is confined to the images of class `classes[b]` (the
    /// last entry rules the samples beyond it; an empty list means all images for all samples).
    #[must_use]
    pub fn new(images: ImageSet, schedule: ModelSchedule, classes: Vec<Option<i64>>) -> Self {
        let square_norms: Vec<f64> = (0..images.len())
            .into_par_iter()
            .map(|index| images.image(index).iter().map(|&byte| value(byte).powi(2)).sum())
            .collect();
        Self { images, schedule, classes, square_norms: square_norms.into(), cancel: CancelFlag::default() }
    }

    /// The same over the same images, with other classes.
    #[must_use]
    pub fn with_classes(mut self, classes: Vec<Option<i64>>) -> Self {
        self.classes = classes;
        self
    }

    /// Other classes from now on.
    pub fn set_classes(&mut self, classes: impl Iterator<Item = Option<i64>>) {
        self.classes.clear();
        self.classes.extend(classes);
    }

    /// The same, whose calls end early once `flag` is set.
    #[must_use]
    pub fn with_cancel(mut self, flag: CancelFlag) -> Self {
        self.cancel = flag;
        self
    }

    pub(super) fn cancel_flag(&self) -> &CancelFlag {
        &self.cancel
    }

    pub(super) fn schedule(&self) -> &ModelSchedule {
        &self.schedule
    }

    /// The class that a sample of a batch is confined to.
    pub(super) fn class(&self, sample: usize) -> Option<i64> {
        self.classes.get(sample).or(self.classes.last()).copied().flatten()
    }

    /// Posterior weights over the images for one state, summing to 1.
    fn weights(&self, state: &[f32], level: NoiseLevel, class: Option<i64>) -> Vec<f64> {
        let (a, b) = (level.sqrt_alpha_bar(), level.one_minus_alpha_bar());
        let state_sum: f64 = state.iter().map(|&x| f64::from(x)).sum();
        // ‖x_t‖² is common to all images and left out: only ⟨x_t, x_i⟩ and ‖x_i‖² differ.
        let mut logits: Vec<f64> = (0..self.images.len())
            .into_par_iter()
            .map(|index| {
                if self.cancel.is_cancelled()
                    || class.is_some_and(|class| self.images.labels.get(index) != Some(&class))
                {
                    return f64::NEG_INFINITY;
                }
                let inner = dot(state, self.images.image(index)) / 127.5 - state_sum;
                (a * inner - 0.5 * a * a * self.square_norms[index]) / b
            })
            .collect();
        let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for logit in &mut logits {
            *logit = (*logit - largest).exp();
        }
        let total: f64 = logits.iter().sum();
        for weight in &mut logits {
            *weight /= total;
        }
        logits
    }

    /// `Σ_i w_i·x_i`: f32 within a block, which is within 1e-6 as the weights sum to 1, and f64 over the blocks.
    fn mean(&self, weights: &[f64]) -> Vec<f64> {
        let partial: Vec<Option<Vec<f32>>> = weights
            .par_chunks(BLOCK)
            .enumerate()
            .map(|(block, weights)| {
                let mut sum: Option<Vec<f32>> = None;
                for (offset, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 1e-18) {
                    let weight = weight as f32;
                    let sum = sum.get_or_insert_with(|| vec![0.0; self.images.shape.len()]);
                    for (sum, &byte) in sum.iter_mut().zip(self.images.image(block * BLOCK + offset)) {
                        *sum += weight * f32::from(byte);
                    }
                }
                sum
            })
            .collect();
        let mut mean = vec![0.0; self.images.shape.len()];
        for sum in partial.into_iter().flatten() {
            for (mean, sum) in mean.iter_mut().zip(sum) {
                *mean += f64::from(sum);
            }
        }
        for value in &mut mean {
            *value = *value / 127.5 - 1.0;
        }
        mean
    }
}

impl Denoiser for EmpiricalDenoiser {
    fn denoise(&mut self, x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
        self.images.shape.check(x_t.dim())?;
        out.timestep = self.schedule.timestep_of(level);
        for (sample, (state, mut x0)) in x_t.axis_iter(Axis(0)).zip(out.x0.axis_iter_mut(Axis(0))).enumerate() {
            let state: Vec<f32> = state.iter().map(|&value| value as f32).collect();
            let weights = self.weights(&state, level, self.class(sample));
            self.cancel.check()?;
            let mean = self.mean(&weights);
            for (x0, mean) in x0.iter_mut().zip(mean) {
                *x0 = mean;
            }
        }
        fill_eps(x_t, level, out);
        Ok(())
    }
}

/// The value of a byte, 0 as −1 and 255 as 1.
pub(crate) fn value(byte: u8) -> f64 {
    f64::from(byte) / 127.5 - 1.0
}

/// `Σ state·byte`: f32 products in short runs, summed in f64.
fn dot(state: &[f32], bytes: &[u8]) -> f64 {
    const LANES: usize = 16;
    const RUN: usize = 256;
    let mut total = 0.0;
    for (state, bytes) in state.chunks(RUN).zip(bytes.chunks(RUN)) {
        let mut lanes = [0.0_f32; LANES];
        for (state, bytes) in state.chunks(LANES).zip(bytes.chunks(LANES)) {
            for ((lane, &x), &byte) in lanes.iter_mut().zip(state).zip(bytes) {
                *lane += x * f32::from(byte);
            }
        }
        total += lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>();
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{BetaSchedule, TrainingSchedule};
    use ndarray::Array4;

    fn cosine() -> ModelSchedule {
        ModelSchedule::Discrete(TrainingSchedule::new(BetaSchedule::SquaredcosCapV2, 1e-4, 0.02, 1000).unwrap())
    }

    fn set() -> ImageSet {
        let shape = ImageShape { channels: 3, height: 4, width: 5 };
        let pixels: Vec<u8> = (0..150 * shape.len()).map(|i| ((i * 7919 + i * i * 31) % 256) as u8).collect();
        ImageSet { shape, pixels: pixels.into(), labels: (0..150).map(|i| i % 3).collect() }
    }

    /// Against the definition, written as plainly as can be.
    #[test]
    fn equals_the_naive_posterior_mean() {
        let images = set();
        let n = images.shape.len();
        let x_t = Array4::from_shape_fn(images.shape.batch(2), |(b, c, h, w)| {
            ((b * 60 + c * 20 + h * 5 + w) as f64 * 0.7).sin()
        });
        for (log_snr, class) in [(-6.0, None), (-1.0, Some(1)), (0.0, None), (4.0, Some(2))] {
            let level = NoiseLevel::from_log_snr(log_snr);
            let mut out = Denoised::zeros(images.shape.batch(2));
            EmpiricalDenoiser::new(images.clone(), cosine(), vec![class]).denoise(x_t.view(), level, &mut out).unwrap();
            for b in 0..2 {
                let state: Vec<f64> = x_t.index_axis(Axis(0), b).iter().copied().collect();
                let members: Vec<usize> =
                    (0..150).filter(|&i| class.is_none_or(|class| images.labels[i] == class)).collect();
                let energy = |i: usize| -> f64 {
                    let distance: f64 =
                        (0..n).map(|d| (state[d] - level.sqrt_alpha_bar() * value(images.image(i)[d])).powi(2)).sum();
                    -distance / (2.0 * level.one_minus_alpha_bar())
                };
                let top = members.iter().map(|&i| energy(i)).fold(f64::NEG_INFINITY, f64::max);
                let total: f64 = members.iter().map(|&i| (energy(i) - top).exp()).sum();
                for (d, x0) in out.x0.index_axis(Axis(0), b).iter().enumerate() {
                    let mean: f64 =
                        members.iter().map(|&i| (energy(i) - top).exp() / total * value(images.image(i)[d])).sum();
                    assert!((x0 - mean).abs() < 1e-5, "λ {log_snr}: {x0} against {mean}");
                }
            }
        }
    }

    #[test]
    fn bit_identical_for_any_thread_count() {
        let images = set();
        let x_t = Array4::from_shape_fn(images.shape.batch(1), |(_, c, h, w)| ((c * 20 + h * 5 + w) as f64).cos());
        let run = |threads| {
            let mut out = Denoised::zeros(images.shape.batch(1));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                EmpiricalDenoiser::new(images.clone(), cosine(), vec![])
                    .denoise(x_t.view(), NoiseLevel::from_log_snr(-2.0), &mut out)
                    .unwrap();
            });
            out
        };
        let (one, four) = (run(1), run(4));
        assert_eq!(one.x0, four.x0);
        assert_eq!(one.eps, four.eps);
    }
}
