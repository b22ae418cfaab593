//! The central interface: everything that can estimate the image in a noisy state.
//!
//! Networks, exact models and combinations of them all implement [`Denoiser`]; samplers use nothing else.

mod cascade;
mod classes;
mod clipping;
pub mod empirical;
pub mod gaussian;
pub mod guided;
pub mod local;
mod pooling;
mod prompts_over_time;
mod upsampled;

pub use cascade::Cascade;
pub use classes::{ClassDenoiser, GIVEN_INPUTS, NULL_INPUTS, OfClass};
pub use clipping::{Clipped, Clipping};
pub use empirical::EmpiricalDenoiser;
pub use gaussian::GaussianDenoiser;
pub use guided::Guided;
pub use local::{LocalDenoiser, WindowError, WindowSize};
pub use prompts_over_time::{PromptsOverTime, StepClock, Timeline};
pub use upsampled::{Upsample, Upsampled};

use crate::theory::NoiseLevel;
use crate::words::short;
use ndarray::{Array4, ArrayView4};
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The estimates for one state. Buffers are reused from step to step.
#[derive(Clone, Debug)]
pub struct Denoised {
    /// `E[x_0|x_t]`, `[B, C, H, W]`, after guidance and clipping.
    pub x0: Array4<f64>,
    /// `ε̂`, `[B, C, H, W]`, of the unclipped prediction.
    pub eps: Array4<f64>,
    /// `E[x_0|x_t]` before the clipping that belongs to DDIM and DDPM alone; `None` where `x0` was not changed by it.
    pub unclipped_x0: Option<Array4<f64>>,
    /// The number fed to the network (after rounding, where its input is an integer).
    pub timestep: f64,
    /// The parts of the estimate, if there are several: each an image `[B, C, H, W]` before clipping. They may differ
    /// from call to call.
    pub parts: Vec<Part<f64>>,
}

/// One of several estimates, or contributions to one.
#[derive(Clone, Debug, PartialEq)]
pub struct Part<T> {
    /// What it is.
    pub name: PartName,
    /// `[B, C, H, W]`.
    pub x0: Array4<T>,
}

/// What a part of an estimate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartName {
    /// `E[x_0|x_t]` for the null class.
    Unconditional,
    /// `E[x_0|x_t]` for this class.
    Class(i64),
    /// What this stage of a cascade contributes to `E[x_0|x_t]`, 0 the coarsest.
    Stage(usize),
    /// `E[x_0|x_t]` of the whole image at its own size, before upsample guidance.
    AtFullSize,
    /// `E[x_0|x_t]` of the pooled image at its adjusted time, enlarged again.
    Pooled,
}

impl PartName {
    /// The name used in files.
    #[must_use]
    pub fn key(self) -> String {
        match self {
            Self::Unconditional => "unconditional".into(),
            Self::Class(GIVEN_INPUTS) => "conditional".into(),
            Self::Class(label) => format!("class_{label}"),
            Self::Stage(stage) => format!("stage_{stage}"),
            Self::AtFullSize => "at_full_size".into(),
            Self::Pooled => "pooled".into(),
        }
    }
}

impl Denoised {
    /// Empty buffers for states of this shape, `[B, C, H, W]`.
    #[must_use]
    pub fn zeros(shape: [usize; 4]) -> Self {
        Self {
            x0: Array4::zeros(shape),
            eps: Array4::zeros(shape),
            unclipped_x0: None,
            timestep: f64::NAN,
            parts: Vec::new(),
        }
    }

    /// The same buffers where they have this shape already, else new ones.
    pub(crate) fn resize(&mut self, shape: [usize; 4]) {
        if self.x0.shape() != shape {
            *self = Self::zeros(shape);
        }
    }

    /// `E[x_0|x_t]` as the network gave it, thresholded but never clipped.
    #[must_use]
    pub fn data_prediction(&self) -> &Array4<f64> {
        self.unclipped_x0.as_ref().unwrap_or(&self.x0)
    }

    /// `ε̂` of the clipped estimate, `(x_0 + σ·ε − x̂_0)/σ` with the state at `sigma`.
    #[must_use]
    pub fn clipped_eps(&self, sigma: f64) -> Cow<'_, Array4<f64>> {
        match &self.unclipped_x0 {
            None => Cow::Borrowed(&self.eps),
            Some(unclipped) => Cow::Owned(&self.eps + (unclipped - &self.x0) / sigma),
        }
    }
}

/// The part in place `index`, named so, in memory that is kept from call to call; those behind it stay.
fn part_mut(parts: &mut Vec<Part<f64>>, index: usize, name: PartName, shape: [usize; 4]) -> &mut Array4<f64> {
    while parts.len() <= index {
        parts.push(Part { name, x0: Array4::zeros([0; 4]) });
    }
    let part = &mut parts[index];
    part.name = name;
    if part.x0.shape() != shape {
        part.x0 = Array4::zeros(shape);
    }
    &mut part.x0
}

/// The size of one state without its batch: channels, height, width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ImageShape {
    /// Channels.
    pub channels: usize,
    /// Rows, pixels.
    pub height: usize,
    /// Columns, pixels.
    pub width: usize,
}

impl ImageShape {
    /// The shape of a batch of `samples` states.
    #[must_use]
    pub fn batch(self, samples: usize) -> [usize; 4] {
        [samples, self.channels, self.height, self.width]
    }

    /// Values in one state.
    #[must_use]
    pub fn len(self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether a state has no values.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// [`DenoiseError::Shape`] unless a batch of states, `[B, C, H, W]`, has this shape.
    pub(crate) fn check(self, (_, channels, height, width): (usize, usize, usize, usize)) -> Result<(), DenoiseError> {
        if (Self { channels, height, width }) == self {
            return Ok(());
        }
        Err(DenoiseError::Shape {
            expected: format!("{}x{} with {}", self.height, self.width, crate::words::count(self.channels, "channel")),
            found: format!("{height}x{width} with {channels}"),
        })
    }
}

/// Cancels a denoiser's call from another thread. All clones share one flag; once set it stays set.
#[derive(Clone, Debug, Default)]
pub struct CancelFlag(Arc<AtomicBool>);

impl CancelFlag {
    /// Sets the flag.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether it is set.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// [`DenoiseError::Cancelled`] once the flag is set.
    pub fn check(&self) -> Result<(), DenoiseError> {
        if self.is_cancelled() { Err(DenoiseError::Cancelled) } else { Ok(()) }
    }
}

/// Estimates the image in a noisy state.
pub trait Denoiser: Send {
    /// Writes `E[x_0|x_t]`, `ε̂` and the timestep used into `out`, whose arrays have the shape of `x_t`.
    ///
    /// `x_t` is the variance-preserving state `√ᾱ·x_0 + √(1−ᾱ)·ε`, `[B, C, H, W]`, whatever the sampler.
    fn denoise(&mut self, x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError>;
}

impl<D: Denoiser + ?Sized> Denoiser for Box<D> {
    fn denoise(&mut self, x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
        (**self).denoise(x_t, level, out)
    }
}

/// What is wrong with the first value that is not finite, if one is. Checked by blocks, which the compiler turns into
/// wide instructions; a look at each value by itself would cost as much as the sampler.
pub(crate) fn not_finite(values: &[f32]) -> Option<&'static str> {
    let bad = values.chunks(256).find(|block| !block.iter().fold(true, |finite, value| finite & value.is_finite()))?;
    Some(if bad.iter().any(|value| value.is_nan()) { "NaN" } else { "Inf" })
}

/// Why a denoiser gave no estimate.
#[derive(Debug, thiserror::Error)]
pub enum DenoiseError {
    /// The call was cancelled.
    #[error("the call was cancelled")]
    Cancelled,
    /// A state whose sides the factor of a combination does not divide.
    #[error("{height}x{width} cannot be pooled by {factor}; choose a size with both sides in multiples of {factor}")]
    Indivisible {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// The factor.
        factor: usize,
    },
    /// The state has a size that the denoiser cannot take.
    #[error("this model takes images of {expected}, not {found}; choose another size")]
    Shape {
        /// What fits, in words.
        expected: String,
        /// What came.
        found: String,
    },
    /// A posterior mean over an empty set of images.
    #[error("the folder has no images; choose a folder with images")]
    NoImages,
    /// No image has the requested class.
    #[error("no image has class {0}; choose another class")]
    NoImageOfClass(i64),
    /// The network's output was not a number.
    #[error(
        "the network returned {what} at timestep {}; the model file or its configuration may be damaged", short(*.timestep)
    )]
    NotFinite {
        /// `NaN` or `Inf`.
        what: &'static str,
        /// The number that was fed to the network.
        timestep: f64,
    },
    /// The same of a network in 16 bits, which some cannot do with.
    #[error(
        "the network, exported in 16 bits, returned {what} at timestep {}; 16 bits are too few for some networks, such as \
         Stable Diffusion 2.1, so export it in f32", short(*.timestep)
    )]
    NotFiniteInHalves {
        /// `NaN` or `Inf`.
        what: &'static str,
        /// The number that was fed to the network.
        timestep: f64,
    },
    /// A class that stands for a prompt, and nothing is given for it.
    #[error("there is no prompt {number}: this run's prompts are 0, the null prompt, to {last}; choose one of these")]
    NoSuchPrompt {
        /// What was asked for.
        number: i64,
        /// The last there is.
        last: usize,
    },
    /// ONNX Runtime failed.
    #[error("ONNX Runtime could not run the model: {0}")]
    Network(String),
}
