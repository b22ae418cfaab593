//! Inputs and outputs of a graph: element types, shapes, the order of axes, and what each is for.

use half::{bf16, f16};
use serde::Serialize;

/// Element types that the program can feed or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Element {
    /// 16-bit float.
    F16,
    /// 16-bit float with the range of 32 bits (bfloat16).
    Bf16,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// Anything else.
    Other,
}

impl Element {
    /// Whether it is a float.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::Bf16 | Self::F32 | Self::F64)
    }

    /// Whether it is an integer.
    #[must_use]
    pub const fn is_integer(self) -> bool {
        matches!(self, Self::I32 | Self::I64)
    }

    /// Whether it is a float of 16 bits, which even whole numbers are rounded to.
    #[must_use]
    pub const fn is_half(self) -> bool {
        matches!(self, Self::F16 | Self::Bf16)
    }

    /// The nearest number that it can hold.
    #[must_use]
    pub fn rounded(self, number: f64) -> f64 {
        match self {
            Self::I32 | Self::I64 => number.round_ties_even(),
            Self::F16 => f64::from(f16::from_f64(number)),
            Self::Bf16 => f64::from(bf16::from_f64(number)),
            Self::F32 | Self::Other => f64::from(number as f32),
            Self::F64 => number,
        }
    }
}

/// The order of an image's axes in the graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Channels before height and width, as PyTorch has them.
    #[default]
    Nchw,
    /// Channels last, as TensorFlow and JAX have them.
    Nhwc,
    /// A list of tokens, `[B, (H/2)·(W/2), 4·C]`: each is a block of 2×2 pixels, as FLUX has them.
    Packed,
}

impl Layout {
    /// `[B, C, H, W]` in the graph's order.
    #[must_use]
    pub fn shape(self, [batch, channels, height, width]: [usize; 4]) -> Vec<usize> {
        match self {
            Self::Nchw => vec![batch, channels, height, width],
            Self::Nhwc => vec![batch, height, width, channels],
            Self::Packed => vec![batch, (height / 2) * (width / 2), 4 * channels],
        }
    }

    /// The axis of the channels of an image with four axes.
    #[must_use]
    pub const fn channel_axis(self) -> usize {
        match self {
            Self::Nchw | Self::Packed => 1,
            Self::Nhwc => 3,
        }
    }

    /// The axes that the size of the noisy image decides: height and width, or the tokens.
    #[must_use]
    pub const fn size_axes(self) -> &'static [usize] {
        match self {
            Self::Nchw => &[2, 3],
            Self::Nhwc => &[1, 2],
            Self::Packed => &[1],
        }
    }

    /// What height and width must be multiples of for it.
    #[must_use]
    pub const fn size_multiple(self) -> usize {
        match self {
            Self::Nchw | Self::Nhwc => 1,
            Self::Packed => 2,
        }
    }
}

/// One input or output of the graph. A dimension is `None` where it is free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Port {
    /// Name in the graph.
    pub name: String,
    /// Element type.
    pub element: Element,
    /// Shape.
    pub shape: Vec<Option<usize>>,
}

impl Port {
    /// Whether it takes one value for all samples: it has no axis, or a first one that is fixed to 1.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.shape.first().is_none_or(|batch| *batch == Some(1))
    }

    /// Whether it can be an image: four axes, of which not all behind the batch are 1.
    pub(super) fn is_image(&self) -> bool {
        self.element.is_float() && self.shape.len() == 4 && !self.is_number()
    }

    /// Whether it can be a packed image: three axes, of which the last holds blocks of 2×2 pixels.
    pub(super) fn is_packed_image(&self) -> bool {
        let blocks = |width: &Option<usize>| width.is_some_and(|width| width > 0 && width % 4 == 0);
        self.element.is_float() && self.shape.len() == 3 && self.shape.last().is_some_and(blocks)
    }

    /// What a further input usually means, from its name.
    #[must_use]
    pub fn purpose(&self) -> Option<InputPurpose> {
        InputPurpose::of(&self.name)
    }

    /// Whether it takes a number per sample, or one for all: a scalar, a list, or a list with further axes of 1.
    #[must_use]
    pub fn is_number(&self) -> bool {
        let known = self.element.is_float() || self.element.is_integer();
        known && self.shape.iter().skip(1).all(|side| *side == Some(1))
    }

    /// The batch that the graph is fixed to by it.
    pub(super) fn fixed_batch(&self) -> Option<usize> {
        self.shape.first().copied().flatten()
    }

    /// Name, type and shape, for people: "t" (f32 [any]).
    #[must_use]
    pub fn describe(&self) -> String {
        format!("\"{}\" ({})", self.name, self.type_and_shape())
    }

    /// Type and shape, for people: f32 [any, 8].
    #[must_use]
    pub fn type_and_shape(&self) -> String {
        let side = |side: &Option<usize>| side.map_or_else(|| "any".to_owned(), |side| side.to_string());
        let sides: Vec<String> = self.shape.iter().map(side).collect();
        let shape = if sides.is_empty() { "scalar".into() } else { format!("[{}]", sides.join(", ")) };
        let element = match self.element {
            Element::Other => "another type".to_owned(),
            element => format!("{element:?}").to_lowercase(),
        };
        format!("{element} {shape}")
    }
}

/// What a further input of a text-to-image network is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputPurpose {
    /// The text as one vector, `[B, width]`.
    PooledText,
    /// SDXL's sizes, `[B, 6]`: original height and width, top and left of the crop, target height and width.
    TimeIds,
    /// The guidance scale as an embedding, `[B, width]` (see [`guidance_embedding`](crate::model::onnx::guidance_embedding)).
    GuidanceEmbedding,
    /// The guidance scale itself, `[B]`. The network multiplies it by 1000.
    Guidance,
    /// Which tokens of the text count, `[B, tokens]`.
    TextMask,
}

impl InputPurpose {
    /// By the name that diffusers gives it.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "text_embeds" | "pooled_projections" => Some(Self::PooledText),
            "time_ids" => Some(Self::TimeIds),
            "timestep_cond" => Some(Self::GuidanceEmbedding),
            "guidance" => Some(Self::Guidance),
            "encoder_attention_mask" => Some(Self::TextMask),
            _ => None,
        }
    }
}

/// Names given by the user where the graph leaves a choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, Serialize)]
pub struct PortNames {
    /// The noisy image.
    pub sample: Option<String>,
    /// The timestep.
    pub timestep: Option<String>,
    /// The class labels.
    pub class_labels: Option<String>,
    /// The prediction.
    pub output: Option<String>,
}

/// What an input or output is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortRole {
    /// The noisy image.
    Sample,
    /// The timestep.
    Timestep,
    /// The class labels.
    ClassLabels,
    /// Text or other conditioning.
    HiddenStates,
    /// The prediction.
    Output,
}

impl PortRole {
    /// Whether it is an input or an output.
    pub(super) const fn what(self) -> &'static str {
        match self {
            Self::Output => "output",
            _ => "input",
        }
    }

    /// What a port must be to play it.
    pub(super) const fn needs(self) -> &'static str {
        match self {
            Self::Sample | Self::Output => "a float tensor with four axes",
            Self::Timestep => "a number per sample, or one for all",
            Self::ClassLabels => "a whole number per sample",
            Self::HiddenStates => "a float tensor with three axes",
        }
    }
}

impl std::fmt::Display for PortRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sample => "noisy image",
            Self::Timestep => "timestep",
            Self::ClassLabels => "class labels",
            Self::HiddenStates => "text conditioning",
            Self::Output => "prediction",
        })
    }
}
