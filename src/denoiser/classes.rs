use super::{DenoiseError, Denoised, Denoiser, PartName};
use crate::theory::NoiseLevel;
use ndarray::ArrayView4;

/// A denoiser that takes the class of each state. Combinations of denoisers ask it for several classes at once, so that
/// a network needs one call.
pub trait ClassDenoiser: Send {
    /// As [`Denoiser::denoise`], sample `b` of `x_t` being of class `classes[b]`; the last entry rules the samples beyond
    /// it. A denoiser without classes does not look at them. The classes are numbers that the model knows, its null class
    /// among them. Samples do not depend on each other.
    ///
    /// `x_t` may have another batch and size from call to call.
    fn denoise_classes(
        &mut self,
        x_t: ArrayView4<f64>,
        level: NoiseLevel,
        classes: &[i64],
        out: &mut Denoised,
    ) -> Result<(), DenoiseError>;
}

impl<D: ClassDenoiser + ?Sized> ClassDenoiser for Box<D> {
    fn denoise_classes(
        &mut self,
        x_t: ArrayView4<f64>,
        level: NoiseLevel,
        classes: &[i64],
        out: &mut Denoised,
    ) -> Result<(), DenoiseError> {
        (**self).denoise_classes(x_t, level, classes, out)
    }
}

/// Images of one class, or of a model without classes.
pub struct OfClass<D> {
    inner: D,
    classes: Vec<i64>,
}

impl<D: ClassDenoiser> OfClass<D> {
    /// All samples of this class; `None` where the model has no classes.
    pub fn new(inner: D, class: Option<i64>) -> Self {
        Self { inner, classes: class.into_iter().collect() }
    }
}

impl<D: ClassDenoiser> Denoiser for OfClass<D> {
    fn denoise(&mut self, x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
        self.inner.denoise_classes(x_t, level, &self.classes, out)
    }
}

/// Stands for the null class together with the null values of further inputs, which only networks know.
pub const NULL_INPUTS: i64 = i64::MIN + 1;
/// Stands for the given inputs of a model without classes.
pub const GIVEN_INPUTS: i64 = i64::MIN + 2;

/// The name of the prediction for a class.
pub(crate) fn part_name(class: i64, null: i64) -> PartName {
    if class == null { PartName::Unconditional } else { PartName::Class(class) }
}
