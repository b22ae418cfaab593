//! The size of a run: that of the image in pixels, and of its latents.

use super::super::PrepareError;
use super::OpenPipeline;
use crate::session::settings::RunSettings;

/// Height and width of a run.
pub(super) struct RunSize {
    /// Of the image.
    pub(super) pixels: (usize, usize),
    /// Of its latents.
    pub(super) latents: (usize, usize),
}

/// The size of a run. With `pooled_by` the network also sees latents pooled by that factor.
pub(super) fn of_run(
    pipeline: &OpenPipeline,
    settings: &RunSettings,
    pooled_by: usize,
) -> Result<RunSize, PrepareError> {
    let each = pipeline.package.latents.pixels_per_latent;
    let (height, width) = pipeline.network.size(settings.size, pooled_by, each)?;
    Ok(RunSize { pixels: (height, width), latents: (height / each, width / each) })
}
