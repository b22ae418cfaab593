//! Details of an open pipeline, for people.

use crate::model::contract::Element;
use crate::model::pipeline::{Family, LatentCode, PipelinePackage};
use std::path::PathBuf;
use std::sync::Arc;

/// Details of an open text-to-image pipeline.
#[derive(Clone, Debug)]
pub struct PipelineInfo {
    /// Its files.
    pub package: Arc<PipelinePackage>,
    /// Its parts, in the order in which they are opened.
    pub parts: Vec<PartInfo>,
    /// Tokens of a prompt that each encoder reads, with those that begin and end it.
    pub token_limits: Vec<(&'static str, usize)>,
    /// Whether the network takes the guidance scale as an input, so that one call a step suffices.
    pub takes_scale: bool,
}

/// A part of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartInfo {
    /// Name of its folder: `text_encoder_2`.
    pub name: String,
    /// Its graph.
    pub graph: PathBuf,
    /// Its size on disk, with external data.
    pub bytes: u64,
    /// What it computes with, if known.
    pub element: Option<Element>,
    /// Its provider, `cpu` or `cuda`, if it has been opened.
    pub provider: Option<&'static str>,
}

impl PipelineInfo {
    /// Its kind.
    #[must_use]
    pub fn family(&self) -> Family {
        self.package.family
    }

    /// What its latents are.
    #[must_use]
    pub fn latents(&self) -> LatentCode {
        self.package.latents
    }

    /// Whether latents can be decoded to images.
    #[must_use]
    pub fn has_decoder(&self) -> bool {
        self.package.decoder.is_some()
    }

    /// Whether there is a small decoder that is fast and rough.
    #[must_use]
    pub fn has_tiny_decoder(&self) -> bool {
        self.package.tiny_decoder.is_some()
    }

    /// Tokens of a prompt that count, by the encoder that reads the most.
    #[must_use]
    pub fn token_limit(&self) -> usize {
        self.token_limits.iter().map(|(_, limit)| *limit).max().unwrap_or(0)
    }

    /// Number of text encoders.
    #[must_use]
    pub fn encoders(&self) -> usize {
        self.package.encoders.len()
    }
}
