//! The size of a run: that of the image in pixels, and of its latents.

use super::super::open::check_size;
use super::super::{PrepareError, SettingError};
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
    let scale = pipeline.package.latents.pixels_per_latent;
    let network = &pipeline.network;
    let native = network.native_size().map(|(height, width)| (height * scale * pooled_by, width * scale * pooled_by));
    let (height, width) = settings.size.or(native).ok_or(PrepareError::NoSize)?;
    check_size((height, width))?;
    let latents = (height / scale, width / scale);
    let fixed = network.contract.fixed_size();
    let (is_fixed, fits) = (|side: Option<usize>, is: usize| side.is_none_or(|side| side * scale == is), fixed);
    if !is_fixed(fits.0, height) || !is_fixed(fits.1, width) {
        let side = |side: Option<usize>| side.map_or_else(|| "any".into(), |side| (side * scale).to_string());
        let only = format!("{}x{}", side(fixed.0), side(fixed.1));
        return Err(SettingError::OtherSize { size: (height, width), is: "was exported", only }.into());
    }
    let multiple = network.package.size_multiple().max(network.contract.layout.size_multiple()) * scale * pooled_by;
    if height % multiple != 0 || width % multiple != 0 {
        let near = |side: usize| ((side + multiple / 2) / multiple).max(1) * multiple;
        let with = if pooled_by > 1 { format!(" used at {pooled_by} times its size") } else { String::new() };
        let why = format!(
            "both sides must be multiples of {multiple} for this model{with}; the nearest is {}x{}",
            near(height),
            near(width)
        );
        return Err(SettingError::SizeNoMultiple { size: (height, width), why }.into());
    }
    Ok(RunSize { pixels: (height, width), latents })
}
