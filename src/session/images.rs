//! A folder of the user's own images as an [`ImageSet`].

mod file;
mod jpeg;

pub use file::KINDS;
pub use file::{dimensions, read_at_size};
pub(super) use file::{fit, read_rgb};

use crate::denoiser::ImageShape;
use crate::denoiser::empirical::ImageSet;
use crate::reading::{memory, why};
use crate::session::setting::Setting;
use crate::words::count;
use image::RgbImage;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Most bytes for a folder's images, at one byte per value.
const MOST_BYTES: u64 = 8 << 30;

/// The value of a byte, with 0 as −1 and 255 as 1.
pub(crate) fn value_of_byte(byte: u8) -> f32 {
    f32::from(byte) / 127.5 - 1.0
}

/// Images read from a folder.
#[derive(Debug)]
pub struct FolderImages {
    /// The images, RGB.
    pub set: ImageSet,
    /// Files that could not be read as images, with the reason.
    pub skipped: Vec<(PathBuf, String)>,
}

/// Why a folder cannot be used as a model.
#[derive(Debug, thiserror::Error)]
pub enum ImagesError {
    /// The folder could not be listed.
    #[error("cannot read the image folder {folder}: {}; give the path of a folder with images", why(error))]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The system's error.
        error: std::io::Error,
    },
    /// Its images do not fit into memory.
    #[error(
        "the {} in {folder} need {gigabytes:.1} GB at this size, more than the {allowed:.1} GB allowed; use a smaller \
         {} or fewer images",
        count(*.files, "file"), Setting::Size
    )]
    TooMany {
        /// The folder.
        folder: PathBuf,
        /// Files in it.
        files: usize,
        /// The memory they would need.
        gigabytes: f64,
        /// The most that they may take.
        allowed: f64,
    },
    /// The reading was stopped.
    #[error("reading the images of {folder} was stopped")]
    Stopped {
        /// The folder.
        folder: PathBuf,
    },
    /// It contains no images.
    #[error(
        "the folder {folder} has no readable image ({}); it needs at least one PNG, JPEG, WebP, GIF, BMP, TIFF, TGA, \
         QOI or PNM file",
        count(*.skipped, "other file")
    )]
    Empty {
        /// The folder.
        folder: PathBuf,
        /// Files that are not images.
        skipped: usize,
    },
}

/// Reads all images in `folder` (without its subfolders), in the order of their names.
///
/// Each is rotated to its EXIF orientation, drawn on white if it is transparent, cropped to a centred part with the
/// requested aspect and resized (Catmull–Rom) to `height`×`width`. Grey becomes RGB, 16 bits become 8, and only the first
/// frame of an animation is used. `progress` receives the number of files done; it may stop the reading by returning `false`.
pub fn read_folder(
    folder: &Path,
    (height, width): (usize, usize),
    progress: &(dyn Fn(usize, usize) -> bool + Sync),
) -> Result<FolderImages, ImagesError> {
    let listing = |error| ImagesError::Folder { folder: folder.into(), error };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(listing)? {
        let path = entry.map_err(listing)?.path();
        // Subfolders are ignored; a broken link is listed with the other unreadable files.
        if !path.is_dir() {
            files.push(path);
        }
    }
    files.sort();
    let bytes = files.len().saturating_mul(3 * height * width) as u64;
    // They are gathered from the decoded ones, so that each is there twice for a while.
    let most = memory::left().map_or(MOST_BYTES, |left| MOST_BYTES.min(left / 2));
    if bytes > most {
        let [gigabytes, allowed] = [bytes, most].map(|bytes| bytes as f64 / 1e9);
        return Err(ImagesError::TooMany { folder: folder.into(), files: files.len(), gigabytes, allowed });
    }
    let done = std::sync::atomic::AtomicUsize::new(0);
    let total = files.len();
    let read: Vec<Option<Result<RgbImage, String>>> = files
        .par_iter()
        .map(|path| {
            let count = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            progress(count, total).then(|| read_at_size(path, Some((height, width))))
        })
        .collect();

    let shape = ImageShape { channels: 3, height, width };
    let mut pixels = Vec::with_capacity(files.len() * shape.len());
    let mut skipped = Vec::new();
    for (path, image) in files.into_iter().zip(read) {
        match image {
            Some(Ok(image)) => {
                for channel in 0..3 {
                    pixels.extend(image.pixels().map(|pixel| pixel.0[channel]));
                }
            }
            Some(Err(reason)) => skipped.push((path, reason)),
            None => return Err(ImagesError::Stopped { folder: folder.into() }),
        }
    }
    if pixels.is_empty() {
        return Err(ImagesError::Empty { folder: folder.into(), skipped: skipped.len() });
    }
    Ok(FolderImages { set: ImageSet { shape, pixels: pixels.into(), labels: Vec::new() }, skipped })
}

#[cfg(test)]
mod tests;
