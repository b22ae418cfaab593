//! Clean images to add noise to: bundled ones, files, and other sources of pixels.

use crate::model::package::{Package, PackageError};
use crate::session::images::{read_rgb, value_of_byte};
use crate::spectrum::{SpectrumError, pool};
use image::RgbImage;
use image::imageops::{FilterType, resize};
use ndarray::{Array3, ArrayView3, Axis, s};
use std::path::{Path, PathBuf};

/// Longest side that is kept, pixels.
pub const MOST_SIDE: usize = 256;
/// Least side, pixels: two blocks of the largest factor.
pub const LEAST_SIDE: usize = 8;

/// Bundled images by name, with their index in [`SET`].
pub const BUNDLED: [(&str, usize); 8] = [
    ("national park", 971),
    ("house with garden", 982),
    ("sunset", 1013),
    ("globe showing Europe-Africa", 956),
    ("butterfly", 780),
    ("owl", 749),
    ("strawberry", 836),
    ("face with tears of joy", 7),
];
/// The bundled model whose images they are.
const SET: &str = "emoji-exact-64";

/// An image without noise, `x_0`, that can be pooled by 2, 3 and 4.
#[derive(Clone, Debug, PartialEq)]
pub struct CleanImage {
    values: Array3<f32>,
}

/// Why an image cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// There is nothing at the path.
    #[error("there is nothing at {0}; give the path of an image file")]
    Missing(PathBuf),
    /// It is not a regular file.
    #[error("{0} is not a file; give the path of an image file")]
    NoFile(PathBuf),
    /// It is not an image, or is damaged.
    #[error(
        "{path} cannot be read as an image ({reason}); give a PNG, JPEG, WebP, GIF, BMP, TIFF, TGA, QOI or PNM file"
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The decoder's error.
        reason: String,
    },
    /// It has too few pixels for blocks.
    #[error("an image of {height}x{width} pixels is too small to pool; each side needs at least {LEAST_SIDE} pixels")]
    Small {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// Its sides are too unequal.
    #[error(
        "an image of {height}x{width} pixels is too narrow to pool: resized to {MOST_SIDE} pixels, its short side has \
         fewer than {LEAST_SIDE}"
    )]
    Thin {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// Infinities or NaN.
    #[error("the image has values that are not numbers")]
    NotFinite,
    /// A bundled image is missing.
    #[error(transparent)]
    Bundled(#[from] PackageError),
}

impl CleanImage {
    /// From values `[C, H, W]`. Sides longer than [`MOST_SIDE`] are reduced by the mean of whole blocks.
    pub fn new(values: Array3<f32>) -> Result<Self, ImageError> {
        let (_, height, width) = values.dim();
        check_sides(height, width)?;
        if !values.iter().all(|value| value.is_finite()) {
            return Err(ImageError::NotFinite);
        }
        let block = height.max(width).div_ceil(MOST_SIDE);
        let (rows, columns) = (height / block, width / block);
        if rows.min(columns) < LEAST_SIDE {
            return Err(ImageError::Thin { height, width });
        }
        if block == 1 {
            return Ok(Self { values });
        }
        let kept = values.slice(s![.., ..rows * block, ..columns * block]);
        let planes: Vec<_> = kept.axis_iter(Axis(0)).filter_map(|plane| pool(plane, block).ok()).collect();
        let values = Array3::from_shape_fn((planes.len(), rows, columns), |(c, y, x)| planes[c][[y, x]] as f32);
        Ok(Self { values })
    }

    /// From pixels: 0 is −1, 255 is 1. Sides longer than [`MOST_SIDE`] are resized to it (Catmull–Rom).
    pub fn from_pixels(pixels: &RgbImage) -> Result<Self, ImageError> {
        let (width, height) = (pixels.width() as usize, pixels.height() as usize);
        check_sides(height, width)?;
        let longest = height.max(width);
        let shortened = |side: usize| (side * MOST_SIDE + longest / 2) / longest;
        let resized = (longest > MOST_SIDE).then(|| (shortened(height), shortened(width)));
        if resized.is_some_and(|(height, width)| height.min(width) < LEAST_SIDE) {
            return Err(ImageError::Thin { height, width });
        }
        let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        let small = resized.map(|(height, width)| resize(pixels, side(width), side(height), FilterType::CatmullRom));
        let pixels = small.as_ref().unwrap_or(pixels);
        let shape = (3, pixels.height() as usize, pixels.width() as usize);
        let values =
            Array3::from_shape_fn(shape, |(channel, y, x)| value_of_byte(pixels[(side(x), side(y))].0[channel]));
        Ok(Self { values })
    }

    /// Rows and columns.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.values.dim().1, self.values.dim().2)
    }

    /// The values, `[C, H, W]`.
    #[must_use]
    pub fn values(&self) -> ArrayView3<'_, f32> {
        self.values.view()
    }

    /// The middle part whose sides are multiples of `factor`, `[C, H, W]`.
    pub fn cropped(&self, factor: usize) -> Result<ArrayView3<'_, f32>, SpectrumError> {
        if factor < 2 {
            return Err(SpectrumError::Factor(factor));
        }
        let (height, width) = self.size();
        let kept = |side: usize| {
            let left_over = side % factor;
            left_over / 2..left_over / 2 + side - left_over
        };
        if kept(height).is_empty() || kept(width).is_empty() {
            return Err(SpectrumError::Levels { levels: 1, factor, height, width, most: 0 });
        }
        Ok(self.values.slice(s![.., kept(height), kept(width)]))
    }
}

fn check_sides(height: usize, width: usize) -> Result<(), ImageError> {
    if height.min(width) < LEAST_SIDE { Err(ImageError::Small { height, width }) } else { Ok(()) }
}

/// Reads an image file of any format that image folders may contain.
pub fn read_file(path: &Path) -> Result<CleanImage, ImageError> {
    CleanImage::from_pixels(&read_pixels(path)?)
}

/// The pixels of such a file.
pub(crate) fn read_pixels(path: &Path) -> Result<RgbImage, ImageError> {
    if !path.exists() {
        return Err(ImageError::Missing(path.into()));
    }
    if !path.is_file() {
        return Err(ImageError::NoFile(path.into()));
    }
    read_rgb(path).map_err(|reason| ImageError::Unreadable { path: path.into(), reason })
}

/// Reads one of [`BUNDLED`] by its index, which is limited to the last.
pub fn read_bundled(index: usize) -> Result<CleanImage, ImageError> {
    let package = Package::find(SET)?;
    let fault = || PackageError::Exact { name: SET.into(), reason: "its card lists no images".into() };
    let exact = package.card.as_ref().and_then(|card| card.exact.as_ref()).ok_or_else(fault)?;
    let (_, place) = BUNDLED[index.min(BUNDLED.len() - 1)];
    let (shape, bytes) = exact.read_image(&package, place)?;
    let shape = (shape.channels, shape.height, shape.width);
    let values = Array3::from_shape_vec(shape, bytes.into_iter().map(value_of_byte).collect()).map_err(|_| fault())?;
    CleanImage::new(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn bundled_images_are_those_of_their_names() {
        let package = Package::find(SET).unwrap();
        let labels = std::fs::read(package.folder.join("labels.json")).unwrap();
        let labels: serde_json::Value = serde_json::from_slice(&labels).unwrap();
        for (index, (name, place)) in BUNDLED.into_iter().enumerate() {
            assert_eq!(labels["names"][place], name);
            let image = read_bundled(index).unwrap();
            assert_eq!(image.values().dim(), (3, 64, 64));
            assert!(image.values().iter().all(|value| (-1.0..=1.0).contains(value)));
        }
    }

    #[test]
    fn files_become_images_of_at_most_256_pixels_or_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let saved = |name: &str, width: u32, height: u32| {
            let path = folder.path().join(name);
            RgbImage::from_pixel(width, height, Rgb([255, 0, 51])).save(&path).unwrap();
            path
        };
        for (width, height, size) in
            [(300, 150, (128, 256)), (256, 256, (256, 256)), (8, 9, (9, 8)), (999, 500, (128, 256))]
        {
            let image = read_file(&saved("image.png", width, height)).unwrap();
            assert_eq!(image.size(), size);
            for (channel, expected) in image.values().outer_iter().zip([1.0, -1.0, -0.6]) {
                assert!(channel.iter().all(|value| (value - expected).abs() < 1e-6));
            }
        }
        let text = folder.path().join("words.png");
        std::fs::write(&text, "no image").unwrap();
        for (path, words) in [
            (folder.path().join("nothing.png"), "nothing.png"),
            (folder.path().to_path_buf(), folder.path().to_str().unwrap()),
            (text, " ("),
            (saved("small.png", 7, 90), "90x7"),
            (saved("thin.png", 4000, 8), "8x4000"),
        ] {
            let said = read_file(&path).unwrap_err().to_string();
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn values_are_shortened_by_whole_blocks_and_cropped_about_the_middle() {
        let long = CleanImage::new(Array3::from_elem((1, 600, 300), 0.5)).unwrap();
        assert_eq!(long.size(), (200, 100));
        assert!(long.values().iter().all(|&value| value == 0.5));
        let ramp = CleanImage::new(Array3::from_shape_fn((1, 11, 10), |(_, y, x)| (10 * y + x) as f32)).unwrap();
        let part = ramp.cropped(3).unwrap();
        assert_eq!((part.dim(), part[[0, 0, 0]]), ((1, 9, 9), 10.0));
        assert_eq!(ramp.cropped(4).unwrap()[[0, 0, 0]], 11.0);
        let nan = Array3::from_elem((1, 8, 8), f32::NAN);
        assert!(matches!(CleanImage::new(nan), Err(ImageError::NotFinite)));
    }
}
