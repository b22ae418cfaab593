//! Whether the parts of a pipeline belong together, as far as their configurations say.

use super::config::{self, DenoiserConfig, EncoderConfig};
use super::parts::ENCODERS;
use super::{EncoderPart, Family, PipelineError};
use crate::words::joined;
use std::path::Path;

/// Refuses encoders whose embeddings have another width than the denoiser takes.
pub(super) fn widths(
    family: Family,
    encoders: &[EncoderPart],
    denoiser: &DenoiserConfig,
    path: Option<&Path>,
) -> Result<(), PipelineError> {
    let Some(path) = path else { return Ok(()) };
    let configs: Vec<(usize, EncoderConfig)> = encoders
        .iter()
        .map(|encoder| Ok((encoder.number, config::read(encoder.config.as_ref())?)))
        .collect::<Result<_, PipelineError>>()?;
    let sum = |numbers: &[usize], of: fn(&EncoderConfig) -> Option<usize>| {
        let mut sum = 0;
        for number in numbers {
            sum += of(&configs.iter().find(|(at, _)| at == number)?.1)?;
        }
        Some(sum)
    };
    let check = |numbers: &[usize], given: Option<usize>, taken: Option<(usize, &'static str)>, unit| {
        let (Some(given), Some((taken, key))) = (given, taken) else { return Ok(()) };
        if given == taken {
            return Ok(());
        }
        let names: Vec<&str> = numbers.iter().map(|number| ENCODERS[number - 1].0).collect();
        let verb = if names.len() == 1 { "gives embeddings" } else { "give embeddings" };
        Err(PipelineError::Width {
            encoders: format!("{} {verb}", joined(&names, "and")),
            given,
            unit,
            denoiser: family.denoiser(),
            taken,
            key,
            path: path.into(),
        })
    };
    let pooled = denoiser.pooled_projection_dim.map(|width| (width, "pooled_projection_dim"));
    match family {
        Family::StableDiffusion => check(&[1], sum(&[1], EncoderConfig::width), denoiser.width(), "token"),
        Family::StableDiffusionXl => check(&[1, 2], sum(&[1, 2], EncoderConfig::width), denoiser.width(), "token"),
        Family::StableDiffusion3 => {
            check(&[3], sum(&[3], EncoderConfig::width), denoiser.width(), "token")?;
            check(&[1, 2], sum(&[1, 2], |config| config.projection_dim), pooled, "prompt")
        }
        Family::Flux => {
            check(&[2], sum(&[2], EncoderConfig::width), denoiser.width(), "token")?;
            check(&[1], sum(&[1], EncoderConfig::width), pooled, "prompt")
        }
    }
}
