//! What a graph returns, in its element type and its order of axes.

use crate::denoiser::not_finite;
use crate::model::contract::{Element, Layout};
use half::{bf16, f16};
use ndarray::ArrayView4;
use ort::value::DynValue;
use std::borrow::Cow;

/// Shape and values of an output; halves are widened.
pub(super) struct Output<'a> {
    pub(super) shape: Vec<i64>,
    pub(super) values: Values<'a>,
}

/// Values in single or double precision.
pub(super) enum Values<'a> {
    Single(Cow<'a, [f32]>),
    Double(&'a [f64]),
}

impl<'a> Output<'a> {
    /// Reads an output of this element type.
    pub(super) fn of(value: &'a DynValue, element: Element) -> ort::Result<Self> {
        match element {
            Element::F16 => {
                let (shape, halves) = value.try_extract_tensor::<f16>()?;
                let wide = halves.iter().map(|half| half.to_f32()).collect();
                Ok(Self { shape: shape.to_vec(), values: Values::Single(Cow::Owned(wide)) })
            }
            Element::Bf16 => {
                let (shape, halves) = value.try_extract_tensor::<bf16>()?;
                let wide = halves.iter().map(|half| half.to_f32()).collect();
                Ok(Self { shape: shape.to_vec(), values: Values::Single(Cow::Owned(wide)) })
            }
            Element::F64 => {
                let (shape, values) = value.try_extract_tensor::<f64>()?;
                Ok(Self { shape: shape.to_vec(), values: Values::Double(values) })
            }
            _ => {
                let (shape, values) = value.try_extract_tensor::<f32>()?;
                Ok(Self { shape: shape.to_vec(), values: Values::Single(values.into()) })
            }
        }
    }
}

impl Values<'_> {
    /// What is wrong with the first of the leading `count` values that is not finite.
    pub(super) fn not_finite(&self, count: usize) -> Option<&'static str> {
        match self {
            Self::Single(values) => not_finite(&values[..count]),
            Self::Double(values) => {
                let bad = values[..count].iter().find(|value| !value.is_finite())?;
                Some(if bad.is_nan() { "NaN" } else { "Inf" })
            }
        }
    }
}

/// The values as `[B, C, H, W]`; `None` where they are too few.
pub(super) fn view<T>(values: &[T], shape: [usize; 4], layout: Layout) -> Option<ArrayView4<'_, T>> {
    let view = ArrayView4::from_shape(layout.shape(shape), values).ok()?;
    Some(match layout {
        Layout::Nchw => view,
        Layout::Nhwc => view.permuted_axes([0, 3, 1, 2]),
    })
}
