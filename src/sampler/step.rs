//! One step under way, and the arrays that methods share: all of a step that is not its mathematics.

use super::NoiseSource;
use super::multistep::Output;
use crate::denoiser::{DenoiseError, Denoised, Denoiser};
use crate::theory::NoiseLevel;
use ndarray::{Array4, Zip};

/// Which step of which run.
#[derive(Clone, Copy, Debug)]
pub struct StepAt<'a> {
    /// Step number, 0 the noisiest.
    pub index: usize,
    /// Noise levels of the whole run, one more than steps.
    pub levels: &'a [NoiseLevel],
}

impl StepAt<'_> {
    /// The level that the step leaves.
    #[must_use]
    pub fn from(&self) -> NoiseLevel {
        self.levels[self.index]
    }

    /// The level that it reaches.
    #[must_use]
    pub fn to(&self) -> NoiseLevel {
        self.levels[self.index + 1]
    }

    /// Steps in the whole run.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.levels.len() - 1
    }
}

/// Arrays that a run keeps from step to step. Those that its method does not use take no memory.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The first evaluation of the latest step.
    pub first: Denoised,
    second: Denoised,
    injected: Array4<f64>,
    /// x̂, a VE state.
    held: Array4<f64>,
    /// A VP state at `tried_at`.
    tried: Array4<f64>,
    tried_at: NoiseLevel,
}

impl Workspace {
    /// For states of this shape, `[B, C, H, W]`.
    #[must_use]
    pub fn new(shape: [usize; 4]) -> Self {
        Self {
            first: Denoised::zeros(shape),
            second: Denoised::zeros([0; 4]),
            injected: Array4::zeros([0; 4]),
            held: Array4::zeros([0; 4]),
            tried: Array4::zeros([0; 4]),
            tried_at: NoiseLevel::CLEAN,
        }
    }
}

/// A step under way, and what methods do with it.
///
/// Methods of one evaluation a step ask by `denoise` and move `x` by `update`. Those of two `hold` the state they start
/// from as a VE state x̂, `try_at` another level, ask there, and `accept`, so that `x` is untouched until nothing can fail.
pub struct Step<'a> {
    /// What is asked.
    pub denoiser: &'a mut dyn Denoiser,
    /// VP state, `[B, C, H, W]`.
    pub x: &'a mut Array4<f64>,
    /// Which step.
    pub at: StepAt<'a>,
    /// Where injected noise comes from.
    pub noise: &'a mut dyn NoiseSource,
    /// Arrays.
    pub work: &'a mut Workspace,
}

impl Step<'_> {
    /// The level that the step leaves.
    pub(super) fn from(&self) -> NoiseLevel {
        self.at.from()
    }

    /// The level that it reaches.
    pub(super) fn to(&self) -> NoiseLevel {
        self.at.to()
    }

    /// The first evaluation, of the state that the step leaves.
    pub(super) fn denoise(&mut self) -> Result<(), DenoiseError> {
        self.denoiser.denoise(self.x.view(), self.at.from(), &mut self.work.first)
    }

    /// `x ← f(x, x̂_0, ε̂)`.
    pub(super) fn update(&mut self, f: impl Fn(f64, f64, f64) -> f64) {
        let Denoised { x0, eps, .. } = &self.work.first;
        Zip::from(&mut *self.x).and(x0).and(eps).for_each(|x, &x0, &eps| *x = f(*x, x0, eps));
    }

    /// `x ← f(data, ε̂)`, with the same prediction.
    pub(super) fn update_by_both(&mut self, f: impl Fn(f64, f64) -> f64) {
        let first = &self.work.first;
        Zip::from(&mut *self.x)
            .and(first.data_prediction())
            .and(&first.eps)
            .for_each(|x, &data, &eps| *x = f(data, eps));
    }

    /// `x ← f(x, data)`, with the prediction before the clipping that belongs to DDIM and DDPM.
    pub(super) fn update_by_data(&mut self, f: impl Fn(f64, f64) -> f64) {
        Zip::from(&mut *self.x).and(self.work.first.data_prediction()).for_each(|x, &data| *x = f(*x, data));
    }

    /// `x ← f(x, data, data before)`.
    pub(super) fn update_by_two(&mut self, before: &Array4<f64>, f: impl Fn(f64, f64, f64) -> f64) {
        let data = self.work.first.data_prediction();
        Zip::from(&mut *self.x).and(data).and(before).for_each(|x, &data, &before| *x = f(*x, data, before));
    }

    /// A multistep method's output at the state that the step leaves.
    pub(super) fn output(&self, of: Output) -> Array4<f64> {
        let mut output = self.work.first.data_prediction().clone();
        if of == Output::Noise {
            let (signal, noise) = (self.from().sqrt_alpha_bar(), self.from().sqrt_one_minus_alpha_bar());
            Zip::from(&mut output).and(&*self.x).for_each(|value, &x| *value = (x - signal * *value) / noise);
        }
        output
    }

    /// `x ← state·x + Σ weight·array`.
    pub(super) fn combine<'b>(&mut self, state: f64, weighted: impl Iterator<Item = (f64, &'b Array4<f64>)>) {
        self.x.mapv_inplace(|x| state * x);
        weighted.for_each(|(weight, array)| self.x.scaled_add(weight, array));
    }

    /// `x ← x + std·z` with the step's noise z; draws nothing where `std` is 0.
    pub(super) fn inject(&mut self, std: f64) {
        add_noise(self.x, std, self.at.index, self.noise, &mut self.work.injected);
    }

    /// The same with the noise of another step.
    pub(super) fn inject_of(&mut self, index: usize, std: f64) {
        add_noise(self.x, std, index, self.noise, &mut self.work.injected);
    }

    /// The same with the second noise of the step.
    pub(super) fn inject_again(&mut self, std: f64) {
        let index = self.at.index;
        if std > 0.0 {
            resize(&mut self.work.injected, self.x);
            self.noise.fill_again(index, &mut self.work.injected);
            self.x.scaled_add(std, &self.work.injected);
        }
    }

    /// Adds `std` times the step's noise to what is tried.
    pub(super) fn inject_tried(&mut self, std: f64) {
        let Workspace { tried, injected, .. } = &mut *self.work;
        add_noise(tried, std, self.at.index, self.noise, injected);
    }

    /// Holds x as a VE state with noise added, `x̂ = x·√(1+σ²) + std·z`.
    pub(super) fn hold(&mut self, std: f64) {
        let Workspace { held, injected, .. } = &mut *self.work;
        let grow = self.at.from().sigma().hypot(1.0);
        resize(held, self.x);
        Zip::from(&mut *held).and(&*self.x).for_each(|held, &x| *held = x * grow);
        add_noise(held, std, self.at.index, self.noise, injected);
    }

    /// The first evaluation, of x̂ at `sigma`.
    pub(super) fn denoise_held(&mut self, sigma: f64) -> Result<(), DenoiseError> {
        let from = self.at.from();
        let level = if sigma == from.sigma() { from } else { NoiseLevel::from_sigma(sigma) };
        let Workspace { held, tried, first, .. } = &mut *self.work;
        resize(tried, held);
        let shrink = sigma.hypot(1.0).recip();
        Zip::from(&mut *tried).and(&*held).for_each(|vp, &ve| *vp = ve * shrink);
        self.denoiser.denoise(tried.view(), level, first)
    }

    /// Tries the VE state `f(x̂, ε̂)` at another level.
    pub(super) fn try_at(&mut self, level: NoiseLevel, f: impl Fn(f64, f64) -> f64) {
        let Workspace { held, tried, tried_at, first, .. } = &mut *self.work;
        let shrink = level.sigma().hypot(1.0).recip();
        Zip::from(tried).and(&*held).and(&first.eps).for_each(|vp, &ve, &d| *vp = f(ve, d) * shrink);
        *tried_at = level;
    }

    /// Tries the VE state `f(x̂, ε̂)` at another level, with the noise that belongs to the clipped image of x̂ at `sigma`.
    pub(super) fn try_at_clipped(&mut self, level: NoiseLevel, sigma: f64, f: impl Fn(f64, f64) -> f64) {
        let Workspace { held, tried, tried_at, first, .. } = &mut *self.work;
        let shrink = level.sigma().hypot(1.0).recip();
        Zip::from(tried).and(&*held).and(&*first.clipped_eps(sigma)).for_each(|vp, &ve, &d| *vp = f(ve, d) * shrink);
        *tried_at = level;
    }

    /// Tries the VP state `f(x, data, ε̂)` at another level.
    pub(super) fn try_estimate(&mut self, level: NoiseLevel, f: impl Fn(f64, f64, f64) -> f64) {
        let Workspace { tried, tried_at, first, .. } = &mut *self.work;
        resize(tried, self.x);
        Zip::from(tried)
            .and(&*self.x)
            .and(first.data_prediction())
            .and(&first.eps)
            .for_each(|tried, &x, &data, &eps| *tried = f(x, data, eps));
        *tried_at = level;
    }

    /// Tries the VP state `state·x + weight·output`, and tells the network another level.
    pub(super) fn try_sum(&mut self, told: NoiseLevel, state: f64, weight: f64, output: &Array4<f64>) {
        let Workspace { tried, tried_at, .. } = &mut *self.work;
        resize(tried, self.x);
        Zip::from(tried).and(&*self.x).and(output).for_each(|tried, &x, &output| *tried = state * x + weight * output);
        *tried_at = told;
    }

    /// The second evaluation.
    pub(super) fn second(&self) -> &Denoised {
        &self.work.second
    }

    /// `x ← f(x, ε̂ − data, ε̂' − data')`, with both evaluations.
    pub(super) fn update_by_velocities(&mut self, f: impl Fn(f64, f64, f64) -> f64) {
        let Workspace { first, second, .. } = &*self.work;
        Zip::from(&mut *self.x)
            .and(first.data_prediction())
            .and(&first.eps)
            .and(second.data_prediction())
            .and(&second.eps)
            .for_each(|x, &data, &eps, &data_next, &eps_next| *x = f(*x, eps - data, eps_next - data_next));
    }

    /// The second evaluation, of what is tried.
    pub(super) fn denoise_tried(&mut self) -> Result<(), DenoiseError> {
        let Workspace { tried, tried_at, second, .. } = &mut *self.work;
        second.resize(tried.dim().into());
        self.denoiser.denoise(tried.view(), *tried_at, second)
    }

    /// The second evaluation, of Euler's step from x̂ at `sigma` halfway to `down` in ln σ, which it returns.
    pub(super) fn try_midpoint(&mut self, sigma: f64, down: f64) -> Result<f64, DenoiseError> {
        let middle = (sigma * down).sqrt();
        let mut level = NoiseLevel::from_sigma(middle);
        if level == self.to() {
            // Ancestral steps are halved where they end. The network is told this level's own timestep, not the one by which
            // the next step may be known.
            level = NoiseLevel::from_log_snr(level.log_snr().next_down());
        }
        self.try_at(level, |x, slope| x + (middle - sigma) * slope);
        self.denoise_tried()?;
        Ok(middle)
    }

    /// Tries the VE state `f(x̂, ε̂, ε̂')` where the step ends, ε̂' being that of the second evaluation.
    pub(super) fn try_again(&mut self, f: impl Fn(f64, f64, f64) -> f64) {
        let Workspace { held, tried, first, second, .. } = &mut *self.work;
        let shrink = self.at.to().sigma().hypot(1.0).recip();
        Zip::from(tried)
            .and(&*held)
            .and(&first.eps)
            .and(&second.eps)
            .for_each(|vp, &ve, &d, &d_next| *vp = f(ve, d, d_next) * shrink);
    }

    /// The same with the noise that belongs to the clipped images: of x̂ at `sigma`, and of what is tried where the step
    /// ends.
    pub(super) fn try_again_clipped(&mut self, sigma: f64, f: impl Fn(f64, f64, f64) -> f64) {
        let next = self.at.to().sigma();
        let Workspace { held, tried, first, second, .. } = &mut *self.work;
        let shrink = next.hypot(1.0).recip();
        Zip::from(tried)
            .and(&*held)
            .and(&*first.clipped_eps(sigma))
            .and(&*second.clipped_eps(next))
            .for_each(|vp, &ve, &d, &d_next| *vp = f(ve, d, d_next) * shrink);
    }

    /// Tries the VE state `f(x̂, what was tried, ε̂, ε̂')` where the step ends.
    pub(super) fn try_by_tried(&mut self, f: impl Fn(f64, f64, f64, f64) -> f64) {
        let Workspace { held, tried, tried_at, first, second, .. } = &mut *self.work;
        let grow = tried_at.sigma().hypot(1.0);
        let shrink = self.at.to().sigma().hypot(1.0).recip();
        Zip::from(tried)
            .and(&*held)
            .and(&first.eps)
            .and(&second.eps)
            .for_each(|vp, &ve, &d, &d_next| *vp = f(ve, *vp * grow, d, d_next) * shrink);
    }

    /// x becomes what was tried.
    pub(super) fn accept(&mut self) {
        self.x.assign(&self.work.tried);
    }
}

/// Gives a buffer the shape of `like`, keeping its memory where it has that shape already.
fn resize(buffer: &mut Array4<f64>, like: &Array4<f64>) {
    if buffer.raw_dim() != like.raw_dim() {
        *buffer = Array4::zeros(like.raw_dim());
    }
}

/// Adds `std` times the step's noise to `x`.
fn add_noise(x: &mut Array4<f64>, std: f64, step: usize, noise: &mut dyn NoiseSource, buffer: &mut Array4<f64>) {
    if std > 0.0 {
        resize(buffer, x);
        noise.fill(step, buffer);
        x.scaled_add(std, buffer);
    }
}
