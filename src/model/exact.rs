//! Bundled exact models, which need no network, and their cards.

use super::package::{Package, PackageError};
use crate::denoiser::ImageShape;
use crate::denoiser::empirical::ImageSet;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// The part of a card that says how a model is computed without its graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ExactCard {
    /// A Gaussian field with the spectrum of [`crate::denoiser::gaussian::power_law_spectrum`].
    Gaussian,
    /// The posterior mean over a set of images.
    Empirical {
        /// File of `[N, C, H, W]` bytes, value `u8/127.5 − 1`.
        images: String,
        /// N, C, H, W.
        layout: [usize; 4],
        /// File with the class of each image under `labels`.
        labels: String,
    },
}

/// An exact model, read.
#[derive(Clone, Debug)]
pub enum ExactModel {
    /// See [`ExactCard::Gaussian`].
    Gaussian {
        /// Channels.
        channels: usize,
        /// Height and width, pixels.
        side: usize,
    },
    /// See [`ExactCard::Empirical`].
    Empirical(ImageSet),
}

#[derive(Deserialize)]
struct Labels {
    labels: Vec<i64>,
}

impl ExactCard {
    /// Reads one image of an empirical model, `[C, H, W]` bytes, without the others.
    pub fn read_image(&self, package: &Package, index: usize) -> Result<(ImageShape, Vec<u8>), PackageError> {
        let fault = |reason: &str| PackageError::Exact { name: package.name.clone(), reason: reason.to_owned() };
        let Self::Empirical { images, layout: [count, channels, height, width], .. } = self else {
            return Err(fault("it contains no images; restore the model's folder"));
        };
        let shape = ImageShape { channels: *channels, height: *height, width: *width };
        let offset = checked_len(shape).and_then(|len| len.checked_mul(index)).and_then(|at| u64::try_from(at).ok());
        let Some(offset) = offset.filter(|_| index < *count) else {
            return Err(fault("it has fewer images than requested; restore the model's folder"));
        };
        let path = package.folder.join(images);
        let mut bytes = vec![0; shape.len()];
        let read = File::open(&path).and_then(|mut file| {
            file.seek(SeekFrom::Start(offset))?;
            file.read_exact(&mut bytes)
        });
        read.map_err(|error| PackageError::Read { path, error })?;
        Ok((shape, bytes))
    }
}

/// Values of an image of a shape that a file gives.
fn checked_len(ImageShape { channels, height, width }: ImageShape) -> Option<usize> {
    channels.checked_mul(height)?.checked_mul(width)
}

impl ExactModel {
    /// Reads what the card names.
    pub fn read(card: &ExactCard, package: &Package) -> Result<Self, PackageError> {
        let fault = |reason: &str| PackageError::Exact { name: package.name.clone(), reason: reason.to_owned() };
        match card {
            ExactCard::Gaussian => {
                let (height, width) =
                    package.config.sample_size.map(super::package::SampleSize::height_width).unwrap_or_default();
                let channels = package.config.in_channels.unwrap_or(3);
                if height == 0 || height != width {
                    return Err(fault("config.json must give a square sample_size"));
                }
                Ok(Self::Gaussian { channels, side: height })
            }
            ExactCard::Empirical { images, layout, labels } => {
                let read = |name: &str| {
                    let path = package.folder.join(name);
                    std::fs::read(&path).map_err(|error| PackageError::Read { path, error })
                };
                let pixels = read(images)?;
                let labels: Labels = super::package::json(&package.folder.join(labels))?;
                let &[count, channels, height, width] = layout;
                let shape = ImageShape { channels, height, width };
                let bytes = checked_len(shape).and_then(|len| len.checked_mul(count));
                if shape.is_empty() || bytes != Some(pixels.len()) || labels.labels.len() != count {
                    return Err(fault(
                        "the number of its images and labels differs from its card; restore the model's folder",
                    ));
                }
                Ok(Self::Empirical(ImageSet { shape, pixels: pixels.into(), labels: labels.labels }))
            }
        }
    }

    /// Size of its images.
    #[must_use]
    pub fn image(&self) -> ImageShape {
        match self {
            Self::Gaussian { channels, side } => ImageShape { channels: *channels, height: *side, width: *side },
            Self::Empirical(images) => images.shape,
        }
    }
}
