//! The exact posterior mean through a window: each pixel is estimated from the patches around it, so that neighbouring
//! pixels may follow different images (Kamb and Ganguli, arXiv 2412.20292).
//!
//! `E[x_0|x_t][c, p] = Σ_i w_i(p)·x_i[c, p]` with
//! `w(p) = softmax_i(−Σ_{q in window(p)} Σ_c (x_t[c, q] − √ᾱ·x_i[c, q])²/(2(1−ᾱ)))`; section 12 of docs/theory.md.

mod blocks;
mod posterior;
#[cfg(test)]
mod tests;
mod window;

pub use window::{Place, WindowError, WindowSize};

use super::empirical::ImageSet;
use super::gaussian::fill_eps;
use super::{CancelFlag, DenoiseError, Denoised, Denoiser, EmpiricalDenoiser};
use crate::schedule::ModelSchedule;
use crate::theory::NoiseLevel;
use blocks::{Blocks, Member, Query, WindowSums};
use ndarray::{ArrayView3, ArrayView4, Axis};
use posterior::{Part, Streamed, merged};
use rayon::prelude::*;
use std::sync::Arc;

/// Parts that the images are divided into, for any number of threads: they are summed in their order, so the result
/// is the same to the bit. Fewer where there are few images, as each begins anew to look for the nearest.
const PARTS: usize = 16;
/// Least blocks a part.
const LEAST_BLOCKS: usize = 4;
/// `1/(2(1−ᾱ))` stays finite at the clean image, where the nearest patches alone count.
const MOST_PRECISION: f64 = 1e30;

/// The patch-wise posterior mean over an [`ImageSet`], one optional class a sample. Clones share the images.
///
/// Memory beside the images: their bytes once more, 16 parts of 8·(2 + C) bytes a pixel, and for each thread
/// 8·(1 + 4·(1 + C)) + 64·k/H bytes a pixel.
#[derive(Clone)]
pub struct LocalDenoiser {
    /// The same without a window: it rules where windows cover the image, and knows the classes.
    whole: EmpiricalDenoiser,
    blocks: Arc<Blocks>,
    window: WindowSize,
}

impl LocalDenoiser {
    /// The patch-wise posterior mean over `images`; sample `b` of a batch is confined to the images of class `classes[b]`
    /// (the last entry rules the samples beyond it; an empty list means all images for all samples). `schedule` only names
    /// the timesteps, and `window` is what [`WindowSize::check`] finds no fault with.
    #[must_use]
    pub fn new(images: ImageSet, schedule: ModelSchedule, window: WindowSize, classes: Vec<Option<i64>>) -> Self {
        let blocks = Arc::new(Blocks::new(&images));
        Self { whole: EmpiricalDenoiser::new(images, schedule, classes), blocks, window }
    }

    /// The same over the same images, with other classes.
    #[must_use]
    pub fn with_classes(mut self, classes: Vec<Option<i64>>) -> Self {
        self.whole = self.whole.with_classes(classes);
        self
    }

    /// Other classes from now on.
    pub fn set_classes(&mut self, classes: impl Iterator<Item = Option<i64>>) {
        self.whole.set_classes(classes);
    }

    /// The same, whose calls end early once `flag` is set.
    #[must_use]
    pub fn with_cancel(mut self, flag: CancelFlag) -> Self {
        self.whole = self.whole.with_cancel(flag);
        self
    }

    /// The same over the same images, with other windows.
    #[must_use]
    pub fn with_window(mut self, window: WindowSize) -> Self {
        self.window = window;
        self
    }

    fn cancel(&self) -> &CancelFlag {
        self.whole.cancel_flag()
    }

    /// The softmax over some of the images.
    fn part(&self, query: &Query, precision: f64, members: &[Member]) -> Part {
        let shape = self.blocks.shape;
        let mut sums = WindowSums::new(query, shape);
        let mut streamed = Streamed::new(shape.height * shape.width, shape.channels, precision);
        for member in members {
            if self.cancel().is_cancelled() {
                break;
            }
            sums.for_each_pixel(&self.blocks, member, |pixel, distances, bytes| streamed.add(pixel, distances, bytes));
        }
        streamed.finish()
    }

    /// `E[x_0|x_t]` of one state `[C, H, W]`, `[pixel][channel]`.
    fn mean(&self, state: ArrayView3<f64>, level: NoiseLevel, members: &[Member]) -> Result<Vec<f64>, DenoiseError> {
        let shape = self.blocks.shape;
        let a = level.sqrt_alpha_bar();
        let precision = (0.5 / level.one_minus_alpha_bar()).min(MOST_PRECISION);
        let query = Query {
            shifted: state.permuted_axes([1, 2, 0]).iter().map(|x| x + a).collect(),
            per_byte: a / 127.5,
            radius: self.window.side_at(level) / 2,
        };
        let size = members.len().div_ceil(PARTS).max(LEAST_BLOCKS);
        let parts: Vec<Part> = members.par_chunks(size).map(|members| self.part(&query, precision, members)).collect();
        self.cancel().check()?;
        let mut mean = merged(&parts, shape.height * shape.width, shape.channels, precision);
        for value in &mut mean {
            *value = *value / 127.5 - 1.0;
        }
        Ok(mean)
    }
}

impl Denoiser for LocalDenoiser {
    fn denoise(&mut self, x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
        let shape = self.blocks.shape;
        shape.check(x_t.dim())?;
        let mut members = Vec::with_capacity(x_t.len_of(Axis(0)));
        for sample in 0..x_t.len_of(Axis(0)) {
            let class = self.whole.class(sample);
            members.push(self.blocks.members(class));
            if members[sample].is_empty() {
                return Err(class.map_or(DenoiseError::NoImages, DenoiseError::NoImageOfClass));
            }
        }
        // From there on every pixel's window is the whole image, and one softmax serves them all.
        if self.window.side_at(level) >= 2 * shape.height.max(shape.width) - 1 {
            return self.whole.denoise(x_t, level, out);
        }
        out.timestep = self.whole.schedule().timestep_of(level);
        for ((state, mut x0), members) in x_t.outer_iter().zip(out.x0.outer_iter_mut()).zip(&members) {
            let mean = self.mean(state, level, members)?;
            for (x0, mean) in x0.view_mut().permuted_axes([1, 2, 0]).iter_mut().zip(mean) {
                *x0 = mean;
            }
        }
        fill_eps(x_t, level, out);
        Ok(())
    }
}
