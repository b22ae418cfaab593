//! The keys of a pipeline's configurations that matter here.

use super::PipelineError;
use crate::model::package::{PackageError, json};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// `model_index.json`.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Index {
    #[serde(rename = "_class_name")]
    pub(super) class: Option<String>,
    /// Whether an empty negative prompt stands for zeros instead of the encoded empty text.
    #[serde(default)]
    pub(super) force_zeros_for_empty_prompt: Option<bool>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

impl Index {
    pub(super) fn read(path: &Path) -> Result<Self, PackageError> {
        json(path)
    }

    /// Whether it lists a part. One that was left out on purpose is listed as two nulls.
    pub(super) fn lists(&self, part: &str) -> bool {
        self.rest.get(part).is_some_and(|listed| match listed {
            Value::Array(names) => names.iter().any(|name| !name.is_null()),
            other => !other.is_null(),
        })
    }

    /// Whether it lists a part as left out.
    pub(super) fn leaves_out(&self, part: &str) -> bool {
        self.rest.contains_key(part) && !self.lists(part)
    }
}

/// A `config.json` of an autoencoder.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct AutoencoderConfig {
    #[serde(default)]
    pub(super) latent_channels: Option<usize>,
    #[serde(default)]
    pub(super) block_out_channels: Option<Vec<usize>>,
    #[serde(default)]
    pub(super) scaling_factor: Option<f64>,
    #[serde(default, deserialize_with = "said")]
    pub(super) shift_factor: Shift,
    #[serde(default)]
    pub(super) latents_mean: Option<Value>,
}

/// What a configuration says of the shift.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Shift {
    /// Nothing, which leaves it open.
    #[default]
    Unsaid,
    /// A number; a null is none, 0.
    Is(f64),
}

fn said<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Shift, D::Error> {
    Option::<f64>::deserialize(from).map(|shift| Shift::Is(shift.unwrap_or(0.0)))
}

/// A `config.json` of a text encoder.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct EncoderConfig {
    #[serde(default)]
    pub(super) hidden_size: Option<usize>,
    /// T5's name for it.
    #[serde(default)]
    pub(super) d_model: Option<usize>,
    #[serde(default)]
    pub(super) projection_dim: Option<usize>,
}

impl EncoderConfig {
    pub(super) fn width(&self) -> Option<usize> {
        self.d_model.or(self.hidden_size)
    }
}

/// A `config.json` of a denoiser.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct DenoiserConfig {
    #[serde(default)]
    pub(super) cross_attention_dim: Option<Value>,
    #[serde(default)]
    pub(super) joint_attention_dim: Option<usize>,
    #[serde(default)]
    pub(super) pooled_projection_dim: Option<usize>,
    #[serde(default)]
    pub(super) in_channels: Option<usize>,
    #[serde(default)]
    pub(super) out_channels: Option<usize>,
    #[serde(default)]
    pub(super) guidance_embeds: Option<bool>,
    #[serde(default)]
    pub(super) time_cond_proj_dim: Option<usize>,
}

impl DenoiserConfig {
    /// Width of the embeddings, and the key that says so.
    pub(super) fn width(&self) -> Option<(usize, &'static str)> {
        let crossed = match &self.cross_attention_dim {
            Some(Value::Array(widths)) => widths.first().and_then(Value::as_u64),
            Some(width) => width.as_u64(),
            None => None,
        };
        let crossed = crossed.and_then(|width| usize::try_from(width).ok());
        self.joint_attention_dim.map(|width| (width, "joint_attention_dim")).or(Some((crossed?, "cross_attention_dim")))
    }
}

/// Reads a configuration where there is one.
pub(super) fn read<T: Default + serde::de::DeserializeOwned>(path: Option<&PathBuf>) -> Result<T, PipelineError> {
    path.map_or_else(|| Ok(T::default()), |path| Ok(json(path)?))
}
