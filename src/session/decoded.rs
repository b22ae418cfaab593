//! Decoded images of a run in latents.

use super::archive::WriteError;
use super::prepare::Resolved;
use super::settings::{Decode, ModelSource, ProviderChoice};
use super::tone;
use super::whole_file::Staged;
use super::{RunSettings, Trajectory, strip};
use crate::model::decoder::{DecodeError, Decoder, DecoderFile, DecoderKind, LinearColours, in_batch};
use crate::model::onnx::SessionOptions;
use crate::model::onnx_runtime::{Provider, find_and_load};
use crate::model::pipeline::{LatentCode, PipelineError, PipelinePackage};
use image::{RgbImage, imageops};
use ndarray::{Array4, Array5, Axis};
use std::path::{Path, PathBuf};

/// Images decoded from steps of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DecodedSteps {
    /// Which steps, ascending: E\[x_0|x_t\] of this step, or the result where it is the number of steps of the whole run.
    pub steps: Vec<usize>,
    /// The image of each, `[B, 3, H, W]`, about within ±1.
    pub images: Vec<Array4<f32>>,
}

impl DecodedSteps {
    /// The images of all, `[K, B, 3, H, W]`; `None` if there are none.
    #[must_use]
    pub fn stacked(&self) -> Option<Array5<f32>> {
        let shape = self.images.first()?.dim();
        let mut all = Array5::zeros((self.images.len(), shape.0, shape.1, shape.2, shape.3));
        for (mut slot, images) in all.axis_iter_mut(Axis(0)).zip(&self.images) {
            slot.assign(images);
        }
        Some(all)
    }

    /// The images of the latest step, which are those of the result after a whole run.
    #[must_use]
    pub fn latest(&self) -> Option<(usize, &Array4<f32>)> {
        self.steps.last().copied().zip(self.images.last())
    }
}

/// The files of a run's model, if that is a pipeline in latents.
pub fn pipeline_of(settings: &RunSettings) -> Result<Option<PipelinePackage>, PipelineError> {
    match &settings.source {
        ModelSource::Model(name) => PipelinePackage::find(name),
        ModelSource::Images(_) => Ok(None),
    }
}

/// Opens the decoder of a run's model, as [`open_decoder_of`]; `None` also if that is no pipeline.
pub fn open_decoder(
    settings: &RunSettings,
    resolved: &Resolved,
    onnxruntime: Option<&Path>,
) -> Result<Option<(Decoder, Option<String>)>, DecodeError> {
    match pipeline_of(settings)? {
        Some(pipeline) => open_decoder_of(&pipeline, settings, resolved, onnxruntime),
        None => Ok(None),
    }
}

/// Opens the decoder of a pipeline where a run's network was; `None` if it has none. The second value says in a sentence that
/// it runs elsewhere.
pub fn open_decoder_of(
    pipeline: &PipelinePackage,
    settings: &RunSettings,
    resolved: &Resolved,
    onnxruntime: Option<&Path>,
) -> Result<Option<(Decoder, Option<String>)>, DecodeError> {
    let vae = DecoderFile::all_of(pipeline).into_iter().find(|file| file.kind == DecoderKind::Vae);
    let Some(file) = vae else { return Ok(None) };
    let runtime = find_and_load(onnxruntime)?;
    let is_cuda = resolved.provider == "cuda";
    let provider = if is_cuda { Provider::Cuda { tf32: settings.tf32 } } else { Provider::Cpu };
    let options = SessionOptions { provider, intra_threads: Some(resolved.threads) };
    match Decoder::open(file.clone(), runtime, options) {
        Err(DecodeError::Open(error)) if is_cuda && settings.provider == ProviderChoice::Auto => {
            let note = format!("CUDA cannot run the decoder, so the CPU decodes: {error}");
            let on_cpu = SessionOptions { provider: Provider::Cpu, ..options };
            Decoder::open(file, runtime, on_cpu).map(|decoder| Some((decoder, Some(note))))
        }
        opened => opened.map(|decoder| Some((decoder, None))),
    }
}

/// Colours of a run's latents: published ones, else those fitted on what was decoded of it.
#[must_use]
pub fn colours_of(code: &LatentCode, trajectory: &Trajectory, decoded: &DecodedSteps) -> Option<LinearColours> {
    LinearColours::published(code).or_else(|| {
        let pairs = decoded.steps.iter().zip(&decoded.images);
        let pairs: Vec<_> =
            pairs.filter_map(|(&step, images)| Some((latents_of(trajectory, step)?.view(), images.view()))).collect();
        LinearColours::fit(&pairs)
    })
}

/// What is to be decoded of a trajectory: E\[x_0|x_t\] of each step that the setting names, and after a whole run the result in
/// place of the last step. A run that was stopped has its latest estimate in place of a result.
#[must_use]
pub fn to_decode(decode: Decode, trajectory: &Trajectory) -> Vec<usize> {
    let (done, steps) = (trajectory.snapshots.len(), trajectory.steps());
    let named = (0..done).filter(|&step| decode.has(step, done));
    named.map(|step| if step + 1 == steps { steps } else { step }).collect()
}

/// The latents that such a step decodes, `[B, C, h, w]`; `None` if it is not finished.
#[must_use]
pub fn latents_of(trajectory: &Trajectory, step: usize) -> Option<&Array4<f32>> {
    if step == trajectory.steps() {
        return trajectory.is_complete().then_some(&*trajectory.state);
    }
    trajectory.snapshots.get(step).map(|snapshot| &snapshot.x0)
}

/// Decodes steps of a trajectory, the result first, so that a cancelled call leaves what matters most. `progress` is called
/// after each sample. What was decoded before a failure is returned with it.
pub fn decode_steps(
    decoder: &Decoder,
    trajectory: &Trajectory,
    steps: &[usize],
    progress: &mut dyn FnMut(),
) -> (DecodedSteps, Result<(), DecodeError>) {
    let mut decoded: Vec<(usize, Array4<f32>)> = Vec::new();
    let mut outcome = Ok(());
    'steps: for &step in steps.iter().rev() {
        let Some(latents) = latents_of(trajectory, step) else { continue };
        let mut images = Vec::new();
        for latents in latents.axis_iter(Axis(0)) {
            match decoder.decode_one(latents) {
                Ok(image) => images.push(image),
                Err(error) => {
                    outcome = Err(error);
                    break 'steps;
                }
            }
            progress();
        }
        decoded.push((step, in_batch(&images)));
    }
    decoded.reverse();
    let (steps, images) = decoded.into_iter().unzip();
    (DecodedSteps { steps, images }, outcome)
}

const NAME: &str = "image.png";

/// The latest images of a run, all samples side by side; `None` if nothing is decoded.
#[must_use]
pub fn draw(decoded: &DecodedSteps) -> Option<RgbImage> {
    let (_, images) = decoded.latest()?;
    let (samples, _, height, width) = images.dim();
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let mut row = RgbImage::new(side(samples * width), side(height));
    for (place, image) in images.axis_iter(Axis(0)).enumerate() {
        let place = i64::try_from(place * width).unwrap_or(i64::MAX);
        imageops::replace(&mut row, &tone::image(image, 1.0), place, 0);
    }
    Some(row)
}

/// Writes `image.png` for `folder`; `None` if nothing is decoded.
pub(super) fn stage(folder: &Path, decoded: &DecodedSteps) -> Result<Option<(PathBuf, Staged)>, WriteError> {
    let path = folder.join(NAME);
    draw(decoded).map(|image| strip::stage_png(&path, &image).map(|staged| (path, staged))).transpose()
}

/// Removes an older image, which would not belong to this run.
pub(super) fn remove_old(folder: &Path) -> Result<(), WriteError> {
    strip::remove(&folder.join(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Snapshot;
    use crate::theory::NoiseLevel;
    use std::sync::Arc;

    /// A run of `steps` steps, of which `done` are finished; the estimate of a step is its number, the state 100.
    fn trajectory(steps: usize, done: usize) -> Trajectory {
        let level = NoiseLevel::from_log_snr(0.0);
        let mut trajectory = Trajectory::new(vec![level; steps + 1], &Array4::zeros([2, 4, 1, 1]));
        for step in 0..done {
            let all = |value: f32| Array4::from_elem([2, 4, 1, 1], value);
            let snapshot = Snapshot {
                step,
                level,
                timestep: 0.0,
                x_t: all(100.0),
                x0: all(step as f32),
                eps: all(0.0),
                parts: Vec::new(),
                seconds: 0.0,
            };
            trajectory.push(Arc::new(snapshot), all(100.0));
        }
        trajectory
    }

    #[test]
    fn the_result_is_decoded_in_place_of_the_last_step() {
        let whole = trajectory(5, 5);
        assert_eq!(to_decode(Decode::Last, &whole), [5]);
        assert_eq!(to_decode(Decode::Every(2), &whole), [0, 2, 5]);
        assert_eq!(to_decode(Decode::Every(9), &whole), [0, 5]);
        assert!(to_decode(Decode::None, &whole).is_empty());
        assert_eq!(latents_of(&whole, 5).unwrap()[[0; 4]], 100.0);
        assert_eq!(latents_of(&whole, 2).unwrap()[[0; 4]], 2.0);
        // A run that was stopped has no result yet, but an estimate.
        let stopped = trajectory(5, 4);
        assert_eq!(to_decode(Decode::Last, &stopped), [3]);
        assert_eq!((latents_of(&stopped, 3).unwrap()[[0; 4]], latents_of(&stopped, 5)), (3.0, None));
        assert!(to_decode(Decode::Every(1), &trajectory(5, 0)).is_empty());
    }

    #[test]
    fn the_latest_images_stand_side_by_side() {
        let image = |value: f32| Array4::from_shape_fn([2, 3, 4, 6], |(sample, ..)| value * (1.0 - sample as f32));
        let decoded = DecodedSteps { steps: vec![0, 5], images: vec![image(-1.0), image(1.0)] };
        let row = draw(&decoded).unwrap();
        assert_eq!(row.dimensions(), (12, 4));
        assert_eq!((row.get_pixel(0, 0).0, row.get_pixel(11, 3).0), ([255; 3], [128; 3]));
        let all = decoded.stacked().unwrap();
        assert_eq!((all.dim(), all[[0, 0, 0, 0, 0]], all[[1, 0, 0, 0, 0]]), ((2, 2, 3, 4, 6), -1.0, 1.0));
        let none = DecodedSteps::default();
        assert!(none.stacked().is_none() && none.latest().is_none() && draw(&none).is_none());
    }
}
