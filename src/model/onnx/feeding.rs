//! What a graph is fed: numbers in the element type, shape and order of axes of its inputs.

use crate::model::contract::{Element, Layout, Port};
use half::{bf16, f16};
use ndarray::{ArrayView3, s};
use ort::session::SessionInputValue;
use ort::value::{DynTensor, Tensor, TensorRef};

/// Floats in the element type of an input. Its memory is kept from call to call.
pub(super) enum Buffer {
    F16(Vec<f16>),
    Bf16(Vec<bf16>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Buffer {
    /// Empty, for an input of this type.
    pub(super) fn of(element: Element) -> Self {
        match element {
            Element::F16 => Self::F16(Vec::new()),
            Element::Bf16 => Self::Bf16(Vec::new()),
            Element::F64 => Self::F64(Vec::new()),
            _ => Self::F32(Vec::new()),
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::F16(values) => values.clear(),
            Self::Bf16(values) => values.clear(),
            Self::F32(values) => values.clear(),
            Self::F64(values) => values.clear(),
        }
    }

    /// Appends numbers. Halves are rounded from single precision, as frameworks do it.
    fn extend(&mut self, numbers: impl Iterator<Item = f64>) {
        match self {
            Self::F16(values) => values.extend(numbers.map(|number| f16::from_f32(number as f32))),
            Self::Bf16(values) => values.extend(numbers.map(|number| bf16::from_f32(number as f32))),
            Self::F32(values) => values.extend(numbers.map(|number| number as f32)),
            Self::F64(values) => values.extend(numbers),
        }
    }

    /// Appends an image `[C, H, W]`, scaled, with further channels of the same size behind its own.
    pub(super) fn push_image(
        &mut self,
        image: ArrayView3<f64>,
        scale: f64,
        further: Option<ArrayView3<f32>>,
        layout: Layout,
    ) {
        let scaled = |&value: &f64| value * scale;
        let wide = |&value: &f32| f64::from(value);
        match (layout, further) {
            (Layout::Nchw, further) => {
                self.extend(image.iter().map(scaled));
                if let Some(further) = further {
                    self.extend(further.iter().map(wide));
                }
            }
            // Nothing stands behind a packed image; see `Contract::decide`.
            (Layout::Packed, _) => self.extend(packed(image).map(|value| value * scale)),
            (Layout::Nhwc, None) => self.extend(image.permuted_axes([1, 2, 0]).iter().map(scaled)),
            (Layout::Nhwc, Some(further)) => {
                let (_, height, width) = image.dim();
                for (row, column) in (0..height).flat_map(|row| (0..width).map(move |column| (row, column))) {
                    self.extend(image.slice(s![.., row, column]).iter().map(scaled));
                    self.extend(further.slice(s![.., row, column]).iter().map(wide));
                }
            }
        }
    }

    /// As a tensor with a copy of its own.
    pub(super) fn to_tensor(&self, shape: Vec<usize>) -> ort::Result<SessionInputValue<'static>> {
        Ok(match self {
            Self::F16(values) => Tensor::from_array((shape, values.clone()))?.into(),
            Self::Bf16(values) => Tensor::from_array((shape, values.clone()))?.into(),
            Self::F32(values) => Tensor::from_array((shape, values.clone()))?.into(),
            Self::F64(values) => Tensor::from_array((shape, values.clone()))?.into(),
        })
    }

    /// As a tensor that refers to the buffer.
    pub(super) fn tensor(&self, shape: Vec<usize>) -> ort::Result<SessionInputValue<'_>> {
        Ok(match self {
            Self::F16(values) => TensorRef::from_array_view((shape, values.as_slice()))?.into(),
            Self::Bf16(values) => TensorRef::from_array_view((shape, values.as_slice()))?.into(),
            Self::F32(values) => TensorRef::from_array_view((shape, values.as_slice()))?.into(),
            Self::F64(values) => TensorRef::from_array_view((shape, values.as_slice()))?.into(),
        })
    }
}

/// The values of an image `[C, H, W]` token by token: each is a block of 2×2 pixels, row by row, and holds the block of
/// every channel in turn (diffusers' `_pack_latents`).
fn packed(image: ArrayView3<f64>) -> impl Iterator<Item = f64> {
    let (channels, height, width) = image.dim();
    let blocks = (0..height / 2).flat_map(move |row| (0..width / 2).map(move |column| (2 * row, 2 * column)));
    blocks.flat_map(move |(y, x)| {
        let pixels = [(y, x), (y, x + 1), (y + 1, x), (y + 1, x + 1)];
        (0..channels).flat_map(move |channel| pixels.map(|(y, x)| image[[channel, y, x]]))
    })
}

/// Numbers as a tensor of this element type and shape.
pub(super) fn numbers(
    element: Element,
    shape: Vec<usize>,
    values: impl Iterator<Item = f64>,
) -> ort::Result<DynTensor> {
    match element {
        Element::I64 => Ok(Tensor::from_array((shape, values.map(|value| value as i64).collect::<Vec<_>>()))?.upcast()),
        Element::I32 => Ok(Tensor::from_array((shape, values.map(|value| value as i32).collect::<Vec<_>>()))?.upcast()),
        element => {
            let mut buffer = Buffer::of(element);
            buffer.extend(values);
            Ok(match buffer {
                Buffer::F16(values) => Tensor::from_array((shape, values))?.upcast(),
                Buffer::Bf16(values) => Tensor::from_array((shape, values))?.upcast(),
                Buffer::F32(values) => Tensor::from_array((shape, values))?.upcast(),
                Buffer::F64(values) => Tensor::from_array((shape, values))?.upcast(),
            })
        }
    }
}

/// One number a sample, in the type and rank that the port has. Where that takes one for all samples, it is the first.
pub(super) fn scalars(port: &Port, values: &[f64]) -> ort::Result<DynTensor> {
    let values = if port.is_shared() { &values[..1] } else { values };
    let mut shape = vec![1; port.shape.len()];
    if let Some(first) = shape.first_mut() {
        *first = values.len();
    }
    numbers(port.element, shape, values.iter().copied())
}
