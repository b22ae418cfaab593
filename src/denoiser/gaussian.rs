//! The exact denoiser of a Gaussian prior with a power spectrum of `1/f²`. Its trajectories have a closed form.

use super::{CancelFlag, DenoiseError, Denoised, Denoiser};
use crate::schedule::ModelSchedule;
use crate::theory::{NoiseLevel, Parameterization, gaussian};
use ndarray::{Array2, ArrayView4, Axis, Zip};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use rustfft::{Fft, FftPlanner, num_complex::Complex64};
use std::sync::Arc;

/// The power spectrum `S(k) = c/|f|²`, `f` in cycles/pixel, with `S(0) = c·size²` (the value at the lowest frequency
/// `1/size`) and `c` such that the mean square of the images is 1. Density: white noise of unit variance has `S = 1`.
///
/// Returns `[size, size]` in the FFT's own order.
#[must_use]
pub fn power_law_spectrum(size: usize) -> Array2<f64> {
    let frequency = |k: usize| {
        let k = k as f64;
        let n = size as f64;
        (if 2.0 * k < n { k } else { k - n }) / n
    };
    let mut spectrum = Array2::from_shape_fn((size, size), |(row, column)| {
        let squared = frequency(row).powi(2) + frequency(column).powi(2);
        if squared == 0.0 { (size * size) as f64 } else { squared.recip() }
    });
    let mean = spectrum.mean().unwrap_or(1.0);
    spectrum.mapv_inplace(|value| value / mean);
    spectrum
}

/// `E[x_0|x_t]` of a Gaussian field: in every frequency `√ᾱ·S/(ᾱ·S + 1 − ᾱ)·x_t`. Channels are independent.
#[derive(Clone)]
pub struct GaussianDenoiser {
    schedule: ModelSchedule,
    spectrum: Array2<f64>,
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
    cancel: CancelFlag,
}

impl GaussianDenoiser {
    /// The 1/f² model at `size`×`size` pixels; `schedule` only names the timesteps.
    #[must_use]
    pub fn new(size: usize, schedule: ModelSchedule) -> Self {
        let mut planner = FftPlanner::new();
        Self {
            schedule,
            spectrum: power_law_spectrum(size),
            forward: planner.plan_fft_forward(size),
            inverse: planner.plan_fft_inverse(size),
            cancel: CancelFlag::default(),
        }
    }

    /// The same, whose calls end early once `flag` is set.
    #[must_use]
    pub fn with_cancel(mut self, flag: CancelFlag) -> Self {
        self.cancel = flag;
        self
    }

    /// Applies a real gain `[size, size]` to one channel's spectrum.
    fn filter(&self, plane: &mut Array2<Complex64>, gain: &Array2<f64>) {
        let size = gain.nrows();
        let rows = |plane: &mut Array2<Complex64>, fft: &Arc<dyn Fft<f64>>| {
            if let Some(values) = plane.as_slice_mut() {
                fft.process(values);
            }
        };
        // Both transforms run over rows with a transposition between; the gain is symmetric in its two axes.
        rows(plane, &self.forward);
        let mut turned = plane.t().as_standard_layout().into_owned();
        rows(&mut turned, &self.forward);
        Zip::from(&mut turned).and(gain).for_each(|value, &gain| *value *= gain);
        rows(&mut turned, &self.inverse);
        plane.assign(&turned.t());
        rows(plane, &self.inverse);
        let norm = ((size * size) as f64).recip();
        plane.mapv_inplace(|value| value * norm);
    }
}

impl Denoiser for GaussianDenoiser {
    fn denoise(&mut self, x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
        let (samples, channels, height, width) = x_t.dim();
        if (height, width) != self.spectrum.dim() {
            let size = self.spectrum.nrows();
            return Err(DenoiseError::Shape { expected: format!("{size}x{size}"), found: format!("{height}x{width}") });
        }
        out.timestep = self.schedule.timestep_of(level);
        let gain = self.spectrum.mapv(|power| gaussian::gain(level, power));
        let planes = (samples * channels, height, width);
        let states = x_t.to_shape(planes).map_err(shape_fault)?;
        let mut images = out.x0.view_mut().into_shape_with_order(planes).map_err(shape_fault)?;
        let this = &*self;
        images.axis_iter_mut(Axis(0)).into_par_iter().zip(states.axis_iter(Axis(0)).into_par_iter()).for_each(
            |(mut image, state)| {
                if this.cancel.is_cancelled() {
                    return;
                }
                let mut plane = state.mapv(|value| Complex64::new(value, 0.0));
                this.filter(&mut plane, &gain);
                image.assign(&plane.mapv(|value| value.re));
            },
        );
        self.cancel.check()?;
        fill_eps(x_t, level, out);
        Ok(())
    }
}

fn shape_fault(error: ndarray::ShapeError) -> DenoiseError {
    DenoiseError::Shape { expected: "contiguous arrays".into(), found: error.to_string() }
}

/// `ε̂` from `E[x_0|x_t]`.
pub(crate) fn fill_eps(x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) {
    let map = Parameterization::eps_from_x0(level);
    Zip::from(&mut out.eps).and(x_t).and(&out.x0).for_each(|eps, &x, &x0| *eps = map.state * x + map.output * x0);
}
