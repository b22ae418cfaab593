use super::{DenoiseError, Denoised, Denoiser};
use crate::theory::NoiseLevel;
use ndarray::{ArrayView4, Axis};
use serde::{Deserialize, Serialize};

/// What the scheduler's configuration does to `E[x_0|x_t]` after the network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clipping {
    /// Nothing.
    None,
    /// Clipped to ±`range` (diffusers: `clip_sample`, `clip_sample_range`). DDIM, DDPM and Heun's method
    /// step with the clipped estimate; the other samplers ignore it, as in diffusers.
    Clip {
        /// The largest magnitude kept.
        range: f64,
    },
    /// Per sample, `s` = the `ratio` quantile of |x̂_0|, at least 1 and at most `max_value`; the estimate is clipped to
    /// ±s and divided by s. With a `max_value` below 1, s is always `max_value`
    /// (diffusers: `thresholding`; Saharia et al. 2022, section 2.3).
    Threshold {
        /// `dynamic_thresholding_ratio`.
        ratio: f64,
        /// `sample_max_value`.
        max_value: f64,
    },
}

/// A denoiser with its estimate clipped.
pub struct Clipped<D> {
    inner: D,
    clipping: Clipping,
    magnitudes: Vec<f64>,
}

impl<D: Denoiser> Clipped<D> {
    /// Clips what `inner` estimates.
    pub fn new(inner: D, clipping: Clipping) -> Self {
        Self { inner, clipping, magnitudes: Vec::new() }
    }
}

impl<D: Denoiser> Denoiser for Clipped<D> {
    fn denoise(&mut self, x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
        self.inner.denoise(x_t, level, out)?;
        match self.clipping {
            Clipping::None => {}
            Clipping::Clip { range } => {
                match &mut out.unclipped_x0 {
                    Some(kept) => kept.assign(&out.x0),
                    none => *none = Some(out.x0.clone()),
                }
                out.x0.mapv_inplace(|value| value.clamp(-range, range));
            }
            Clipping::Threshold { ratio, max_value } => {
                for mut sample in out.x0.axis_iter_mut(Axis(0)) {
                    self.magnitudes.clear();
                    self.magnitudes.extend(sample.iter().map(|value| value.abs()));
                    let s = quantile(&mut self.magnitudes, ratio).max(1.0).min(max_value);
                    sample.mapv_inplace(|value| value.clamp(-s, s) / s);
                }
            }
        }
        Ok(())
    }
}

/// The linearly interpolated quantile, as `torch.quantile` and `numpy.quantile` define it.
fn quantile(values: &mut [f64], ratio: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.sort_unstable_by(f64::total_cmp);
    let position = ratio * (values.len() - 1) as f64;
    let below = position.floor();
    #[allow(clippy::cast_sign_loss)] // the position is between 0 and len − 1
    let index = below as usize;
    let above = values[(index + 1).min(values.len() - 1)];
    values[index] + (position - below) * (above - values[index])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array4;

    struct Constant(Array4<f64>);
    impl Denoiser for Constant {
        fn denoise(&mut self, _: ArrayView4<f64>, _: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
            out.x0.assign(&self.0);
            Ok(())
        }
    }

    fn run(values: Vec<f64>, clipping: Clipping) -> Denoised {
        let shape = [1, 1, 1, values.len()];
        let x0 = Array4::from_shape_vec(shape, values).unwrap();
        let mut out = Denoised::zeros(shape);
        Clipped::new(Constant(x0.clone()), clipping).denoise(x0.view(), NoiseLevel::CLEAN, &mut out).unwrap();
        out
    }

    #[test]
    fn range_clips_and_keeps_the_unclipped() {
        let out = run(vec![-3.0, 0.5, 2.0], Clipping::Clip { range: 1.0 });
        assert_eq!(out.x0.as_slice().unwrap(), [-1.0, 0.5, 1.0]);
        assert_eq!(out.data_prediction().as_slice().unwrap(), [-3.0, 0.5, 2.0]);
    }

    #[test]
    fn dynamic_threshold_follows_the_quantile() {
        // numpy.quantile([0, 1, 2, 3, 4], 0.9) = 3.6
        let out = run(vec![0.0, -1.0, 2.0, -3.0, 4.0], Clipping::Threshold { ratio: 0.9, max_value: 10.0 });
        let expected = [0.0, -1.0 / 3.6, 2.0 / 3.6, -3.0 / 3.6, 1.0];
        for (value, expected) in out.x0.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-12);
        }
        let quiet = run(vec![0.25, -0.5], Clipping::Threshold { ratio: 0.995, max_value: 1.0 });
        assert_eq!(quiet.x0.as_slice().unwrap(), [0.25, -0.5]);
        // torch.clamp(s, min=1, max=0.5) = 0.5
        let low = run(vec![0.25, -0.5, 2.0], Clipping::Threshold { ratio: 0.995, max_value: 0.5 });
        assert_eq!(low.x0.as_slice().unwrap(), [0.5, -1.0, 1.0]);
    }
}
