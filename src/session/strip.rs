//! The film strip: rows `x_t`, `E[x_0|x_t]` and its change, columns the steps, noise on the left. Latents are shown by their
//! colours, with decoded images in a row of their own.

use super::archive::{Further, WriteError};
use super::decoded::DecodedSteps;
use super::view_space::is_image;
use super::whole_file::Staged;
use super::{Trajectory, grid_side, tiled, tone};
use crate::theory::NoiseLevel;
use image::{ImageFormat, RgbImage, imageops};
use ndarray::{Array3, Array4, ArrayView3, Axis, CowArray, Ix3, s};
use std::path::{Path, PathBuf};

/// Most columns; longer runs show evenly chosen steps, including the first and the last.
const MAX_COLUMNS: usize = 16;
/// Small images are enlarged by a whole factor to about this side, pixels.
const CELL: usize = 128;
/// Space between cells, pixels.
const GAP: u32 = 2;

/// Draws one sample of the trajectory; `None` if no step is finished.
#[must_use]
pub fn draw(trajectory: &Trajectory, sample: usize, further: Further<'_>) -> Option<RgbImage> {
    let decoded = further.decoded.filter(|decoded| !decoded.steps.is_empty());
    let columns = columns(trajectory, decoded);
    let &[_, channels, height, width] = &trajectory.shape;
    // Without colours, latents are shown as all of their channels side by side.
    let grid = if further.colours.is_some() || is_image(channels) { 1 } else { grid_side(channels) };
    let (height, width) = (grid * height, grid * width);
    if columns.is_empty() || sample >= trajectory.shape[0] {
        return None;
    }
    let factor = (CELL / height.max(width)).max(1);
    let side = |pixels: usize| u32::try_from(pixels * factor).unwrap_or(u32::MAX);
    let cell = (side(width), side(height));
    let count = u32::try_from(columns.len()).unwrap_or(u32::MAX);
    let rows = if decoded.is_some() { 4 } else { 3 };
    let mut strip = RgbImage::from_pixel(count * (cell.0 + GAP) - GAP, rows * (cell.1 + GAP) - GAP, tone::ZERO);

    let seen = |values: &Array4<f32>| {
        let values = values.slice(s![sample..=sample, .., .., ..]);
        further.colours.map_or_else(|| values.to_owned(), |colours| colours.apply(values)).remove_axis(Axis(0))
    };
    let x0: Vec<Array3<f32>> = columns.iter().map(|&step| seen(&trajectory.snapshots[step].x0)).collect();
    let changes: Vec<Option<Array3<f32>>> =
        (0..columns.len()).map(|column| (column > 0).then(|| &x0[column] - &x0[column - 1])).collect();
    // Images are within ±1; a model whose estimates go far beyond, such as a Gaussian one, is shown over its own range.
    let range = tone::image_range(x0.last().into_iter().flatten().copied());
    let largest = tone::robust_maximum(changes.iter().flatten().flat_map(|change| change.iter().copied()));
    for (column, &step) in columns.iter().enumerate() {
        let snapshot = &trajectory.snapshots[step];
        let change = changes[column].as_ref();
        let cells = [
            Some(state_image(laid_out(seen(&snapshot.x_t).view()).view(), snapshot.level, range)),
            Some(tone::image(laid_out(x0[column].view()).view(), range)),
            change.map(|change| tone::difference(laid_out(change.view()).view(), largest, tone::Ground::Dark)),
            decoded.and_then(|decoded| decoded_image(decoded, step, trajectory.steps(), sample)),
        ];
        let x = i64::try_from(column).unwrap_or(i64::MAX) * i64::from(cell.0 + GAP);
        for (row, image) in (0_i64..).zip(cells).filter_map(|(row, image)| Some((row, image?))) {
            imageops::replace(&mut strip, &resized(&image, cell), x, row * i64::from(cell.1 + GAP));
        }
    }
    Some(strip)
}

/// The values as they are coloured.
fn laid_out(values: ArrayView3<'_, f32>) -> CowArray<'_, f32, Ix3> {
    if is_image(values.dim().0) { values.into() } else { tiled(values).into() }
}

/// The steps that are shown: those that were decoded, if they are several.
fn columns(trajectory: &Trajectory, decoded: Option<&DecodedSteps>) -> Vec<usize> {
    let done = trajectory.snapshots.len();
    match decoded.filter(|decoded| decoded.steps.len() > 2 && done > MAX_COLUMNS) {
        Some(decoded) => chosen(decoded.steps.len()).into_iter().map(|at| decoded.steps[at].min(done - 1)).collect(),
        None => chosen(done),
    }
}

/// The decoded image of a step; that of the result belongs to the last.
fn decoded_image(decoded: &DecodedSteps, step: usize, steps: usize, sample: usize) -> Option<RgbImage> {
    let is_it = |&at: &usize| at == step || (at == steps && step + 1 == steps);
    let images = &decoded.images[decoded.steps.iter().position(is_it)?];
    Some(tone::image(images.index_axis(Axis(0), sample), 1.0))
}

/// Pixels stay sharp where there is room for them.
fn resized(image: &RgbImage, (width, height): (u32, u32)) -> RgbImage {
    let is_larger = image.width() > width;
    let filter = if is_larger { imageops::FilterType::Triangle } else { imageops::FilterType::Nearest };
    imageops::resize(image, width, height, filter)
}

const NAME: &str = "strip.png";

/// Writes `strip.png` of the first sample for `folder`; `None` if no step is finished.
pub(super) fn stage(
    folder: &Path,
    trajectory: &Trajectory,
    further: Further<'_>,
) -> Result<Option<(PathBuf, Staged)>, WriteError> {
    let path = folder.join(NAME);
    let Some(strip) = draw(trajectory, 0, further) else { return Ok(None) };
    let staged = stage_png(&path, &strip)?;
    Ok(Some((path, staged)))
}

/// Writes an image as PNG.
pub(super) fn stage_png(path: &Path, image: &RgbImage) -> Result<Staged, WriteError> {
    Staged::write(path, |mut file| {
        image.write_to(&mut file, ImageFormat::Png).map_err(|error| match error {
            image::ImageError::IoError(error) => error,
            other => std::io::Error::other(other),
        })
    })
}

/// Removes an older strip, which would not belong to this run.
pub(super) fn remove_old(folder: &Path) -> Result<(), WriteError> {
    remove(&folder.join(NAME))
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), WriteError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(WriteError::new(path, &error)),
        _ => Ok(()),
    }
}

fn chosen(steps: usize) -> Vec<usize> {
    if steps <= MAX_COLUMNS {
        return (0..steps).collect();
    }
    (0..MAX_COLUMNS).map(|column| (column * (steps - 1) + (MAX_COLUMNS - 1) / 2) / (MAX_COLUMNS - 1)).collect()
}

/// `x_t` over its own range: that of the image and ±2.2 standard deviations of noise, weighted by their shares.
fn state_image(state: ArrayView3<f32>, level: NoiseLevel, range: f32) -> RgbImage {
    tone::image(state, level.sqrt_alpha_bar() as f32 * range + 2.2 * level.sqrt_one_minus_alpha_bar() as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_begin_and_end_with_the_run() {
        assert_eq!(chosen(3), [0, 1, 2]);
        for steps in [17, 32, 50, 1000] {
            let columns = chosen(steps);
            assert_eq!((columns.len(), columns[0], columns[MAX_COLUMNS - 1]), (MAX_COLUMNS, 0, steps - 1));
            assert!(columns.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
