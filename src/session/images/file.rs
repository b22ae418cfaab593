//! One image file.

use super::jpeg;
use crate::reading::{memory, why};
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, RgbImage};
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Most bytes that one image may take while it is decoded.
const MOST_BYTES: u64 = 1 << 30;
/// Images that need less are read side by side.
const LARGE: u64 = 64 << 20;
/// Held while a large image is read.
static ONE_LARGE: Mutex<()> = Mutex::new(());

/// An image file, upright, on white; cropped and resized where a height and width are given. The error is a reason.
pub fn read_at_size(path: &Path, size: Option<(usize, usize)>) -> Result<RgbImage, String> {
    let image = read_rgb(path)?;
    Ok(match size {
        Some((height, width)) => fit(&image, height, width),
        None => image,
    })
}

/// Width and height of an image file, pixels, without decoding it.
pub fn dimensions(path: &Path) -> Result<(u32, u32), String> {
    let reader = open(path)?;
    let format = reader.format();
    let decoder = reader.into_decoder().map_err(|error| no_image(&error, format))?;
    Ok(decoder.dimensions())
}

fn open(path: &Path) -> Result<ImageReader<BufReader<File>>, String> {
    // Pipes and devices would be waited for without end.
    let about = std::fs::metadata(path).map_err(|error| why(&error))?;
    if !about.is_file() {
        return Err("it is not a regular file".into());
    }
    if about.len() == 0 {
        return Err("it is empty".into());
    }
    ImageReader::open(path).and_then(ImageReader::with_guessed_format).map_err(|error| why(&error))
}

/// An image file at its own size, upright, on white.
pub(in crate::session) fn read_rgb(path: &Path) -> Result<RgbImage, String> {
    let reader = open(path)?;
    let format = reader.format();
    let told = |error: ImageError| no_image(&error, format);
    let mut decoder = reader.into_decoder().map_err(told)?;
    let (width, height) = decoder.dimensions();
    if decoder.total_bytes() > MOST_BYTES {
        return Err(format!("it has {width}x{height} pixels, too many to decode"));
    }
    // What is decoded, its turned copy, and the pixels on white; a decoder's own memory is like the first.
    let needed = 3 * decoder.total_bytes() + 7 * u64::from(width) * u64::from(height);
    let _alone = (needed > LARGE).then(|| ONE_LARGE.lock().unwrap_or_else(PoisonError::into_inner));
    if let Some(shortage) = memory::shortage(needed) {
        return Err(format!("it has {width}x{height} pixels, which need {shortage}"));
    }
    let orientation = decoder.orientation().map_err(told)?;
    let mut image = match format {
        Some(format @ ImageFormat::Jpeg) => {
            let bytes = std::fs::read(path).map_err(|error| why(&error))?;
            jpeg::decode(&bytes).ok_or_else(|| incomplete(format))?
        }
        Some(format @ ImageFormat::WebP) if !is_whole_riff(path).map_err(|error| why(&error))? => {
            return Err(incomplete(format));
        }
        _ => DynamicImage::from_decoder(decoder).map_err(told)?,
    };
    image.apply_orientation(orientation);
    Ok(on_white(image))
}

/// Why a file that is of this format, as far as is seen, is no image.
fn no_image(error: &ImageError, format: Option<ImageFormat>) -> String {
    match (error, format) {
        (ImageError::Unsupported(_), None) => format!("it is not an image in a supported format ({KINDS})"),
        (ImageError::IoError(error), _) if error.kind() != ErrorKind::UnexpectedEof => why(error),
        (ImageError::Decoding(_) | ImageError::IoError(_), Some(format)) => incomplete(format),
        (error, _) => error.to_string(),
    }
}

/// Whether a file of chunks is as long as it says. A decoder makes up the last few pixels of one that is not.
fn is_whole_riff(path: &Path) -> std::io::Result<bool> {
    let mut file = File::open(path)?;
    let mut start = [0; 8];
    file.read_exact(&mut start)?;
    let [.., a, b, c, d] = start;
    Ok(file.metadata()?.len() >= 8 + u64::from(u32::from_le_bytes([a, b, c, d])))
}

fn incomplete(format: ImageFormat) -> String {
    format!("it is not a complete {} image: it has another format, or is damaged or truncated", name_of(format))
}

/// The kinds of image files.
pub const KINDS: &str = "PNG, JPEG, WebP, GIF, BMP, TIFF, TGA, QOI and PNM";

fn name_of(format: ImageFormat) -> String {
    if format == ImageFormat::WebP { "WebP".into() } else { format!("{format:?}").to_uppercase() }
}

/// Alpha composition over white, in the pixels' own (gamma-encoded) values as image viewers do.
fn on_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let rgba = image.into_rgba8();
    RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [r, g, b, alpha] = rgba.get_pixel(x, y).0.map(u32::from);
        image::Rgb([r, g, b].map(|value| {
            let blended = (value * alpha + 255 * (255 - alpha) + 127) / 255;
            u8::try_from(blended).unwrap_or(u8::MAX)
        }))
    })
}

/// The largest centred part of this aspect, resized.
pub(in crate::session) fn fit(image: &RgbImage, height: usize, width: usize) -> RgbImage {
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
