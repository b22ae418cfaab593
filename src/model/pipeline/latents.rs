//! What the latents of a pipeline are, from the configuration of its autoencoder.

use super::config::{self, AutoencoderConfig, DenoiserConfig, Shift};
use super::{DecoderPart, Family, PipelineError};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The code of an autoencoder: latents, and how they become what the decoder takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatentCode {
    /// Channels.
    pub channels: usize,
    /// Pixels of the image per value, along each side.
    pub pixels_per_latent: usize,
    /// The factor that latents are divided by before they are decoded; `None` only where there is no decoder.
    pub scaling_factor: Option<f64>,
    /// What is added after that.
    pub shift_factor: f64,
}

/// Channels of these families' latents where no file says so.
const fn usual_channels(family: Family) -> usize {
    match family {
        Family::StableDiffusion | Family::StableDiffusionXl => 4,
        Family::StableDiffusion3 | Family::Flux => 16,
    }
}

/// Pixels per value where there is no autoencoder to say so: that of all these families.
const USUAL_SCALE: usize = 8;

/// Notes on factors that the files of one autoencoder give differently.
fn disagreements(decoder: &PathBuf, others: &[PathBuf], notes: &mut Vec<String>) -> Result<(), PipelineError> {
    let factors = |file: &PathBuf| {
        let read: AutoencoderConfig = config::read(Some(file))?;
        let shift = match read.shift_factor {
            Shift::Is(shift) => Some(shift),
            Shift::Unsaid => None,
        };
        Ok::<_, PipelineError>([("scaling_factor", read.scaling_factor), ("shift_factor", shift)])
    };
    let own = factors(decoder)?;
    for other in others {
        for ((key, used), (_, said)) in own.into_iter().zip(factors(other)?) {
            if let (Some(used), Some(said)) = (used, said)
                && (used - said).abs() > 1e-6 * used.abs().max(said.abs())
            {
                notes.push(format!(
                    "\"{key}\" is {used} in {}, which is used, but {said} in {}; colours are off if the latter is right",
                    decoder.display(),
                    other.display()
                ));
            }
        }
    }
    Ok(())
}

/// Reads the configuration of the autoencoder: that beside the decoder, or of the one it was exported from.
pub(super) fn read(
    folder: &Path,
    family: Family,
    decoder: Option<&DecoderPart>,
    denoiser: &DenoiserConfig,
    notes: &mut Vec<String>,
) -> Result<LatentCode, PipelineError> {
    let there = |part: &str| Some(folder.join(part).join("config.json")).filter(|file| file.exists());
    let of_decoder = decoder.and_then(|part| part.config.clone());
    // The encoder is not used, so what it says counts only where nothing is decoded.
    let of_encoder = there("vae_encoder");
    let stands_in = of_encoder.clone().filter(|_| decoder.is_none());
    let files: Vec<PathBuf> = of_decoder.clone().into_iter().chain(there("vae")).chain(stands_in).collect();
    let beside = || decoder.map_or_else(|| folder.join("vae_decoder"), |part| part.graph.with_file_name("config.json"));
    let path = files.first().cloned().unwrap_or_else(|| folder.join("vae_decoder").join("config.json"));
    let mut read: AutoencoderConfig = config::read(files.first())?;
    for file in files.iter().skip(1) {
        let further: AutoencoderConfig = config::read(Some(file))?;
        read.scaling_factor = read.scaling_factor.or(further.scaling_factor);
        if matches!(read.shift_factor, Shift::Unsaid) {
            read.shift_factor = further.shift_factor;
        }
        read.block_out_channels = read.block_out_channels.or(further.block_out_channels);
        read.latent_channels = read.latent_channels.or(further.latent_channels);
    }
    let others = there("vae").into_iter().chain(of_encoder);
    if let Some(file) = &of_decoder {
        disagreements(file, &others.collect::<Vec<_>>(), notes)?;
    }
    let path = if path.exists() { path } else { beside() };
    let asked = |key, what| PipelineError::NoKey { path: path.clone(), key, what };
    let number =
        |key, found: f64, needed| PipelineError::Number { path: path.clone(), key, found: found.to_string(), needed };
    let scaling_factor = match read.scaling_factor {
        Some(factor) if factor > 0.0 && factor.is_finite() => Some(factor),
        Some(factor) => return Err(number("scaling_factor", factor, "a number above 0")),
        None if decoder.is_some() => {
            return Err(asked("scaling_factor", "the factor that latents are divided by before they are decoded"));
        }
        None => None,
    };
    let shift_factor = match read.shift_factor {
        Shift::Is(shift) => shift,
        Shift::Unsaid if decoder.is_some() && family.has_shift() => {
            return Err(asked("shift_factor", "the number that is added to latents before they are decoded"));
        }
        Shift::Unsaid => 0.0,
    };
    if !shift_factor.is_finite() {
        return Err(number("shift_factor", shift_factor, "a number"));
    }
    let pixels_per_latent = match read.block_out_channels.as_deref() {
        Some([]) => return Err(number("block_out_channels", 0.0, "a list of widths, one per level")),
        Some(widths) => u32::try_from(widths.len() - 1)
            .ok()
            .and_then(|halvings| 2_usize.checked_pow(halvings))
            .filter(|scale| *scale <= 256)
            .ok_or_else(|| number("block_out_channels", widths.len() as f64, "a list of at most nine widths"))?,
        None if decoder.is_some() => {
            return Err(asked("block_out_channels", "from which the number of pixels per latent follows"));
        }
        None => USUAL_SCALE,
    };
    if read.latents_mean.as_ref().is_some_and(|mean| !mean.is_null()) {
        notes.push(format!(
            "{} gives the latents a mean per channel, which is not used; colours may be off",
            path.display()
        ));
    }
    let of_denoiser = denoiser.out_channels.filter(|_| family != Family::Flux);
    let packed = denoiser.in_channels.filter(|_| family == Family::Flux).map(|channels| channels / 4);
    let channels = read.latent_channels.or(of_denoiser).or(packed).unwrap_or(usual_channels(family));
    Ok(LatentCode { channels, pixels_per_latent, scaling_factor, shift_factor })
}
