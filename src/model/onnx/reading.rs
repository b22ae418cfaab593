//! What a graph returns, in its element type and its order of axes.

use crate::denoiser::not_finite;
use crate::model::contract::{Element, Layout};
use half::{bf16, f16};
use ndarray::{ArrayView4, ArrayView6, CowArray, Ix4};
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
pub(super) fn view<T: Copy>(values: &[T], shape: [usize; 4], layout: Layout) -> Option<CowArray<'_, T, Ix4>> {
    let [batch, channels, height, width] = shape;
    let four = |sides: [usize; 4]| ArrayView4::from_shape(sides, values).ok();
    Some(match layout {
        Layout::Nchw => four(shape)?.into(),
        Layout::Nhwc => four([batch, height, width, channels])?.permuted_axes([0, 3, 1, 2]).into(),
        Layout::Packed => {
            // Each token holds, for every channel, a block of 2×2 pixels.
            let tokens = [batch, height / 2, width / 2, channels, 2, 2];
            let blocks = ArrayView6::from_shape(tokens, values).ok()?.permuted_axes([0, 3, 1, 4, 2, 5]);
            blocks.as_standard_layout().into_owned().into_shape_with_order(shape).ok()?.into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::contract::Element;
    use crate::model::onnx::feeding::Buffer;
    use ndarray::{Array4, Axis};

    #[test]
    fn packing_is_the_formula_and_unpacking_its_inverse() {
        let shape = [2, 3, 4, 6];
        let images = Array4::from_shape_fn(shape, |(b, c, y, x)| (1000 * b + 100 * c + 10 * y + x) as f64);
        let mut buffer = Buffer::of(Element::F64);
        for image in images.axis_iter(Axis(0)) {
            buffer.push_image(image, 1.0, None, Layout::Packed);
        }
        let Buffer::F64(packed) = &buffer else { panic!("it was made for doubles") };
        assert_eq!(Layout::Packed.shape(shape), [2, 6, 12]);
        for b in 0..2 {
            for (token, feature) in (0..6).flat_map(|token| (0..12).map(move |feature| (token, feature))) {
                // diffusers: view(B, C, H/2, 2, W/2, 2).permute(0, 2, 4, 1, 3, 5).reshape(B, H·W/4, 4·C).
                let (c, dy, dx) = (feature / 4, feature / 2 % 2, feature % 2);
                let (y, x) = (2 * (token / 3) + dy, 2 * (token % 3) + dx);
                assert_eq!(packed[(b * 6 + token) * 12 + feature], images[[b, c, y, x]]);
            }
        }
        assert_eq!(view(packed, shape, Layout::Packed).unwrap(), images);
        assert!(view(&packed[1..], shape, Layout::Packed).is_none());
    }
}
