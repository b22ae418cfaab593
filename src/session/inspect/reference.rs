use crate::session::images::{fit, value_of_byte};
use crate::session::pooling::{ImageError, read_pixels};
use image::RgbImage;
use ndarray::Array3;
use std::path::Path;

/// An image file to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceImage {
    pixels: RgbImage,
}

/// Why a reference cannot be compared with an image.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ReferenceError {
    /// The run does not make images of 1 or 3 channels, but latents for example.
    #[error(
        "an image file has one or three channels, but these images have {channels}; compare them with images of the run"
    )]
    Channels {
        /// Number of channels of the run's images.
        channels: usize,
    },
}

impl ReferenceImage {
    /// Reads a file of any format that image folders may contain.
    pub fn read(path: &Path) -> Result<Self, ImageError> {
        Ok(Self { pixels: read_pixels(path)? })
    }

    /// Height and width of the file.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.pixels.height() as usize, self.pixels.width() as usize)
    }

    /// Values `[C, H, W]` for images of this shape, with 0 as −1 and 255 as 1. A file of another size is cropped around its
    /// centre to their aspect and resized (Catmull–Rom); for one channel its colours are averaged.
    pub fn values(&self, [channels, height, width]: [usize; 3]) -> Result<Array3<f32>, ReferenceError> {
        if channels != 1 && channels != 3 {
            return Err(ReferenceError::Channels { channels });
        }
        let fitted = (self.size() != (height, width)).then(|| fit(&self.pixels, height, width));
        let pixels = fitted.as_ref().unwrap_or(&self.pixels);
        let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        Ok(Array3::from_shape_fn((channels, height, width), |(channel, y, x)| {
            let [r, g, b] = pixels[(side(x), side(y))].0.map(value_of_byte);
            if channels == 1 { (r + g + b) / 3.0 } else { [r, g, b][channel] }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn files_have_the_shape_that_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.png");
        RgbImage::from_fn(8, 6, |x, y| Rgb([(30 * x) as u8, (40 * y) as u8, 255])).save(&path).unwrap();
        let reference = ReferenceImage::read(&path).unwrap();
        assert_eq!(reference.size(), (6, 8));
        let same = reference.values([3, 6, 8]).unwrap();
        assert_eq!([same[[0, 0, 0]], same[[2, 3, 4]]], [-1.0, 1.0]);
        assert!((same[[0, 5, 7]] - (210.0 / 127.5 - 1.0)).abs() < 1e-6);
        let grey = reference.values([1, 6, 8]).unwrap();
        assert!((grey[[0, 2, 3]] - (same[[0, 2, 3]] + same[[1, 2, 3]] + same[[2, 2, 3]]) / 3.0).abs() < 1e-6);
        assert_eq!(reference.values([3, 16, 16]).unwrap().dim(), (3, 16, 16));
        assert_eq!(reference.values([4, 6, 8]), Err(ReferenceError::Channels { channels: 4 }));
    }

    #[test]
    fn what_is_no_image_gets_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("words.png");
        std::fs::write(&text, "no image").unwrap();
        for (path, words) in [
            (folder.path().join("no.png"), "no.png"),
            (folder.path().into(), folder.path().to_str().unwrap()),
            (text.clone(), text.to_str().unwrap()),
        ] {
            let said = ReferenceImage::read(&path).unwrap_err().to_string();
            assert!(said.contains(words), "{said}");
        }
    }
}
