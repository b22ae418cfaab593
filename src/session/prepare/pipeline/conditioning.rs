//! What the network of a pipeline is told besides latents, time and text.

use super::super::{PrepareError, SettingError};
use super::{OpenPipeline, PipelineFault, RunPrompts};
use crate::model::contract::{InputPurpose, Port};
use crate::model::onnx::{GivenInput, guidance_embedding};
use crate::session::settings::RunSettings;
use ndarray::{ArrayD, Axis, IxDyn};

/// Values of the further inputs that the program makes, by name.
pub(super) fn inputs(
    pipeline: &OpenPipeline,
    settings: &RunSettings,
    prompts: &RunPrompts,
    pixels: (usize, usize),
) -> Result<Vec<(String, GivenInput)>, PrepareError> {
    let mut made = Vec::new();
    for port in &pipeline.network.contract.inputs {
        let given = match InputPurpose::of(&port.name) {
            Some(InputPurpose::PooledText) => Some(pooled(pipeline, prompts, port)?),
            Some(InputPurpose::TimeIds) => Some(GivenInput::by_sample(time_ids(pixels))),
            Some(InputPurpose::Guidance) => {
                let scale = told_scale(pipeline, settings)?;
                Some(GivenInput::by_sample(ArrayD::from_elem(IxDyn(&[1]), scale)))
            }
            Some(InputPurpose::GuidanceEmbedding) => {
                let width = port.shape.last().copied().flatten().unwrap_or(256);
                let scale = told_scale(pipeline, settings)?;
                let embedding = guidance_embedding(scale, width).into_iter().map(f64::from).collect();
                Some(GivenInput::by_sample(row(embedding)))
            }
            Some(InputPurpose::TextMask) | None => None,
        };
        made.extend(given.map(|given| (port.name.clone(), given)));
    }
    Ok(made)
}

/// One row of numbers.
fn row(values: Vec<f64>) -> ArrayD<f64> {
    ndarray::Array1::from_vec(values).insert_axis(Axis(0)).into_dyn()
}

/// SDXL's sizes: those of the original and of the target are the image's, and nothing is cropped.
fn time_ids((height, width): (usize, usize)) -> ArrayD<f64> {
    let (height, width) = (height as f64, width as f64);
    row(vec![height, width, 0.0, 0.0, height, width])
}

/// The vectors of the whole prompts.
fn pooled(pipeline: &OpenPipeline, prompts: &RunPrompts, port: &Port) -> Result<GivenInput, PrepareError> {
    let missing = || PipelineFault::NoPooled { denoiser: pipeline.package.denoiser_name(), port: port.describe() };
    let pooled = prompts.embeddings.pooled.as_ref().ok_or_else(missing)?;
    Ok(GivenInput::by_class(pooled.mapv(f64::from).into_dyn()))
}

/// The guidance scale that the network is told.
fn told_scale(pipeline: &OpenPipeline, settings: &RunSettings) -> Result<f64, SettingError> {
    let Some(scale) = &settings.guidance else { return Ok(1.0) };
    let constant =
        scale.constant().ok_or_else(|| SettingError::ScaleIsTold { model: pipeline.package.name.clone() })?;
    if constant.is_finite() { Ok(constant) } else { Err(SettingError::GuidanceNoNumber { scale: constant }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_height_before_width_and_never_doubled() {
        let ids = time_ids((768, 1024));
        assert_eq!(ids.shape(), [1, 6]);
        assert_eq!(ids.into_raw_vec_and_offset().0, [768.0, 1024.0, 0.0, 0.0, 768.0, 1024.0]);
    }
}
