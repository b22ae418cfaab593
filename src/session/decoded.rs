//! Decoded images of a run in latents.

use super::archive::WriteError;
use super::settings::Decode;
use super::tone;
use super::whole_file::Staged;
use super::{Trajectory, strip};
use crate::model::decoder::{DecodeError, Decoder};
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
        let (samples, _, height, width) = latents.dim();
        let (height, width) = decoder.size_of((height, width));
        let mut images = Array4::zeros([samples, 3, height, width]);
        for (latents, mut image) in latents.axis_iter(Axis(0)).zip(images.axis_iter_mut(Axis(0))) {
            match decoder.decode_one(latents) {
                Ok(of_sample) => image.assign(&of_sample),
                Err(error) => {
                    outcome = Err(error);
                    break 'steps;
                }
            }
            progress();
        }
        decoded.push((step, images));
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
