//! A folder of the user's own images as an [`ImageSet`].

use crate::denoiser::ImageShape;
use crate::denoiser::empirical::ImageSet;
use crate::reading::why;
use crate::session::setting::Setting;
use crate::words::count;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, RgbImage};
use rayon::prelude::*;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Most bytes for a folder's images, at one byte per value.
const MOST_BYTES: usize = 8 << 30;
/// Most bytes for one image while it is decoded.
const MOST_BYTES_AN_IMAGE: u64 = 1 << 30;

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
        "the {} in {folder} need {gigabytes:.1} GB at this size, more than the 8.6 GB allowed; use a smaller {} or \
         fewer images",
        count(*.files, "file"), Setting::Size
    )]
    TooMany {
        /// The folder.
        folder: PathBuf,
        /// Files in it.
        files: usize,
        /// The memory they would need.
        gigabytes: f64,
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
    let bytes = files.len().saturating_mul(3 * height * width);
    if bytes > MOST_BYTES {
        return Err(ImagesError::TooMany { folder: folder.into(), files: files.len(), gigabytes: bytes as f64 / 1e9 });
    }
    let done = std::sync::atomic::AtomicUsize::new(0);
    let total = files.len();
    let read: Vec<Option<Result<RgbImage, String>>> = files
        .par_iter()
        .map(|path| {
            let count = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            progress(count, total).then(|| read_image(path, (height, width)))
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

fn read_image(path: &Path, (height, width): (usize, usize)) -> Result<RgbImage, String> {
    read_at_size(path, Some((height, width)))
}

/// An image file, upright, on white; cropped and resized if a height and width are given. The error is a reason.
pub fn read_at_size(path: &Path, size: Option<(usize, usize)>) -> Result<RgbImage, String> {
    let image = read_rgb(path)?;
    Ok(match size {
        Some((height, width)) => fit(&image, height, width),
        None => image,
    })
}

/// An image file at its own size, upright, on white.
pub(super) fn read_rgb(path: &Path) -> Result<RgbImage, String> {
    // Opening a pipe or a device could block forever.
    let about = std::fs::metadata(path).map_err(|error| why(&error))?;
    if !about.is_file() {
        return Err("it is not a regular file".into());
    }
    if about.len() == 0 {
        return Err("it is empty".into());
    }
    let reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format).map_err(|error| why(&error))?;
    let format = reader.format();
    let told = |error: ImageError| no_image(&error, format);
    let mut decoder = reader.into_decoder().map_err(told)?;
    if decoder.total_bytes() > MOST_BYTES_AN_IMAGE {
        let (width, height) = decoder.dimensions();
        return Err(format!("it has {width}x{height} pixels, too many to decode"));
    }
    let orientation = decoder.orientation().map_err(told)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(told)?;
    image.apply_orientation(orientation);
    Ok(on_white(&image))
}

/// Why a file that seems to have this format is not an image.
fn no_image(error: &ImageError, format: Option<ImageFormat>) -> String {
    match (error, format) {
        (ImageError::Unsupported(_), None) => format!("it is not an image in a supported format ({KINDS})"),
        (ImageError::IoError(error), _) if error.kind() != ErrorKind::UnexpectedEof => why(error),
        (ImageError::Decoding(_) | ImageError::IoError(_), Some(format)) => {
            format!("it is not a complete {} image: it has another format, or is damaged or truncated", name_of(format))
        }
        (error, _) => error.to_string(),
    }
}

/// The kinds of image files.
pub(crate) const KINDS: &str = "PNG, JPEG, WebP, GIF, BMP, TIFF, TGA, QOI and PNM";

fn name_of(format: ImageFormat) -> String {
    if format == ImageFormat::WebP { "WebP".into() } else { format!("{format:?}").to_uppercase() }
}

/// Alpha composition over white in gamma-encoded values, as image viewers do it.
fn on_white(image: &DynamicImage) -> RgbImage {
    let rgba = image.to_rgba8();
    RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [r, g, b, alpha] = rgba.get_pixel(x, y).0.map(u32::from);
        image::Rgb([r, g, b].map(|value| {
            let blended = (value * alpha + 255 * (255 - alpha) + 127) / 255;
            u8::try_from(blended).unwrap_or(u8::MAX)
        }))
    })
}

/// The largest centred part with this aspect, resized.
pub(super) fn fit(image: &RgbImage, height: usize, width: usize) -> RgbImage {
    let side = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let (height, width) = (side(height), side(width));
    let (w, h) = (u64::from(image.width()), u64::from(image.height()));
    // The largest centred part with the wanted aspect.
    let part_w = w.min((h * u64::from(width)).div_ceil(u64::from(height)).max(1));
    let part_h = h.min((w * u64::from(height)).div_ceil(u64::from(width)).max(1));
    let narrow = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let (x, y) = (narrow((w - part_w) / 2), narrow((h - part_h) / 2));
    let part = image::imageops::crop_imm(image, x, y, narrow(part_w), narrow(part_h)).to_image();
    image::imageops::resize(&part, width, height, FilterType::CatmullRom)
}
