//! The film strip: rows `x_t`, `E[x_0|x_t]` and its change, columns the steps, noise on the left.

use super::archive::WriteError;
use super::whole_file::Staged;
use super::{Trajectory, tone};
use crate::theory::NoiseLevel;
use image::{ImageFormat, RgbImage, imageops};
use ndarray::{ArrayView3, Axis};
use std::path::{Path, PathBuf};

/// Most columns; longer runs show evenly chosen steps, including the first and the last.
const MAX_COLUMNS: usize = 16;
/// Small images are enlarged by a whole factor to about this side, pixels.
const CELL: usize = 128;
/// Space between cells, pixels.
const GAP: u32 = 2;

/// Draws one sample of the trajectory; `None` if no step is finished.
#[must_use]
pub fn draw(trajectory: &Trajectory, sample: usize) -> Option<RgbImage> {
    let steps = trajectory.snapshots.len();
    let columns = chosen(steps);
    let &[_, _, height, width] = &trajectory.shape;
    if columns.is_empty() || sample >= trajectory.shape[0] {
        return None;
    }
    let factor = (CELL / height.max(width)).max(1);
    let side = |pixels: usize| u32::try_from(pixels * factor).unwrap_or(u32::MAX);
    let (cell_w, cell_h) = (side(width), side(height));
    let count = u32::try_from(columns.len()).unwrap_or(u32::MAX);
    let mut strip = RgbImage::from_pixel(count * (cell_w + GAP) - GAP, 3 * (cell_h + GAP) - GAP, tone::ZERO);

    let x0 = |step: usize| trajectory.snapshots[step].x0.index_axis(Axis(0), sample);
    let changes: Vec<_> = columns
        .iter()
        .enumerate()
        .map(|(column, &step)| (column > 0).then(|| &x0(step) - &x0(columns[column - 1])))
        .collect();
    // Images are within ±1; a model whose estimates go far beyond, such as a Gaussian one, is shown over its own range.
    let range = tone::image_range(x0(steps - 1).iter().copied());
    let largest = tone::robust_maximum(changes.iter().flatten().flat_map(|change| change.iter().copied()));
    for (column, (&step, change)) in columns.iter().zip(&changes).enumerate() {
        let snapshot = &trajectory.snapshots[step];
        let cells = [
            state_image(snapshot.x_t.index_axis(Axis(0), sample), snapshot.level, range),
            tone::image(x0(step), range),
            change.as_ref().map_or_else(
                || RgbImage::from_pixel(1, 1, tone::ZERO),
                |change| tone::difference(change.view(), largest, tone::Ground::Dark),
            ),
        ];
        for (row, cell) in (0_i64..).zip(cells) {
            let cell = imageops::resize(&cell, cell_w, cell_h, imageops::FilterType::Nearest);
            let x = i64::try_from(column).unwrap_or(i64::MAX) * i64::from(cell_w + GAP);
            imageops::replace(&mut strip, &cell, x, row * i64::from(cell_h + GAP));
        }
    }
    Some(strip)
}

const NAME: &str = "strip.png";

/// Writes `strip.png` of the first sample for `folder`; `None` if no step is finished.
pub(super) fn stage(folder: &Path, trajectory: &Trajectory) -> Result<Option<(PathBuf, Staged)>, WriteError> {
    let path = folder.join(NAME);
    let Some(strip) = draw(trajectory, 0) else { return Ok(None) };
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
