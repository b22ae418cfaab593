use super::pooling::{add_upsampled, pool_into};
use super::{ClassDenoiser, DenoiseError, Denoised, PartName, part_mut};
use crate::schedule::ModelSchedule;
use crate::theory::{NoiseLevel, adjustment};
use ndarray::{Array4, ArrayView4};
use serde::{Deserialize, Serialize};

/// How a network is used at n times its trained size (Hwang, Park, Jo, arXiv 2404.01709).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upsample {
    /// n, from [`Self::FACTORS`].
    pub factor: usize,
    /// Weight of the correction. 0 leaves the network as it is.
    pub theta: f64,
    /// The correction is made while the model's time is at least `(1 − eta)·T`.
    pub eta: f64,
}

impl Upsample {
    /// Factors that are offered.
    pub const FACTORS: [usize; 3] = [2, 3, 4];

    /// θ = 1, η = 0.6.
    #[must_use]
    pub const fn by(factor: usize) -> Self {
        Self { factor, theta: 1.0, eta: 0.6 }
    }

    /// Whether it is one that is offered, with numbers for its weight and time.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        Self::FACTORS.contains(&self.factor) && self.theta.is_finite() && self.eta.is_finite()
    }

    /// The part of the model's time, 0 clean to 1 noise, at which it is at this level.
    #[must_use]
    pub fn time_of(level: NoiseLevel, schedule: &ModelSchedule) -> f64 {
        let t = schedule.timestep_of(level);
        if let ModelSchedule::Discrete(table) = schedule {
            // The paper's T is the number of timesteps, one more than the last.
            return t / (table.last_timestep() + 1) as f64;
        }
        let (low, high) = schedule.timestep_range();
        (t - low) / (high - low)
    }

    /// `w_t`.
    #[must_use]
    pub fn weight_at(&self, level: NoiseLevel, schedule: &ModelSchedule) -> f64 {
        if Self::time_of(level, schedule) >= 1.0 - self.eta { self.theta } else { 0.0 }
    }
}

/// A denoiser at n times the size it was trained for, with its coarse part drawn towards what it says of the pooled image
/// (docs/theory.md, section 14):
///
/// `ε̃ = ε_θ(x_t, t) + w_t·U_n[(1/n)·ε_θ(D_n x_t/√P_n, τ) − D_n ε_θ(x_t, t)]`.
pub struct Upsampled<D> {
    inner: D,
    choice: Upsample,
    schedule: ModelSchedule,
    pooled: Array4<f64>,
    low: Denoised,
    means: Array4<f64>,
}

impl<D: ClassDenoiser> Upsampled<D> {
    /// `schedule` is the model's own, in which `choice.eta` counts.
    pub fn new(inner: D, choice: Upsample, schedule: ModelSchedule) -> Self {
        let empty = || Array4::zeros([0; 4]);
        Self { inner, choice, schedule, pooled: empty(), low: Denoised::zeros([0; 4]), means: empty() }
    }

    /// Adds `weight·U_n[scale·low − D_n values]`.
    fn correct(
        means: &mut Array4<f64>,
        values: &mut Array4<f64>,
        low: &Array4<f64>,
        (factor, scale, weight): (usize, f64, f64),
    ) -> Result<(), DenoiseError> {
        pool_into(values.view(), factor, 1.0, means)?;
        means.zip_mut_with(low, |mean, &low| *mean = scale * low - *mean);
        add_upsampled(values, means, factor, weight);
        Ok(())
    }
}

impl<D: ClassDenoiser> ClassDenoiser for Upsampled<D> {
    fn denoise_classes(
        &mut self,
        x_t: ArrayView4<f64>,
        level: NoiseLevel,
        classes: &[i64],
        out: &mut Denoised,
    ) -> Result<(), DenoiseError> {
        let (n, shape) = (self.choice.factor, x_t.dim().into());
        self.inner.denoise_classes(x_t, level, classes, out)?;
        out.parts.clear();
        let weight = self.choice.weight_at(level, &self.schedule);
        if weight == 0.0 {
            return Ok(());
        }
        pool_into(x_t, n, adjustment::intensity(level, n).recip(), &mut self.pooled)?;
        self.low.resize(self.pooled.dim().into());
        let adjusted = adjustment::adjusted_level(level, n, 1);
        self.inner.denoise_classes(self.pooled.view(), adjusted, classes, &mut self.low)?;
        part_mut(&mut out.parts, 0, PartName::AtFullSize, shape).assign(&out.x0);
        let pooled = part_mut(&mut out.parts, 1, PartName::Pooled, shape);
        pooled.fill(0.0);
        add_upsampled(pooled, &self.low.x0, n, 1.0);
        Self::correct(&mut self.means, &mut out.x0, &self.low.x0, (n, 1.0, weight))?;
        Self::correct(&mut self.means, &mut out.eps, &self.low.eps, (n, (n as f64).recip(), weight))
    }
}
