use super::{Ensemble, EnsembleError};
use crate::denoiser::ImageShape;
use crate::session::images::{read_folder, value_of_byte};
use crate::session::prepare::PrepareError;
use crate::spectrum::{BandPlan, Fft2, HalfSpectrum, Rings, Running, SpectrumError};
use ndarray::{Array3, ArrayView2, ArrayView3, Axis};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// From this many images on, the mean image is subtracted before variances are measured.
pub const CENTRED_FROM: usize = 16;
/// Images of a folder that are analysed at once.
const CHUNK: usize = 64;

/// The images that calibrate a theory: band energies, spectrum and mean image, for any number of images in the
/// memory of a few.
#[derive(Clone, Debug, PartialEq)]
pub struct DataStatistics {
    pub(super) channels: usize,
    pub(super) plan: BandPlan,
    size: (usize, usize),
    /// The folder that they were read from, if any.
    folder: Option<PathBuf>,
    /// Band energies, `[M + 1]`.
    pub(super) bands: Running,
    /// `|X_k|²/N_pix`, mean over the channels, over the half spectrum `[W/2 + 1, H]`.
    pub(super) power: Running,
    /// The images, `[C, H, W]`.
    pub(super) image: Running,
}

impl DataStatistics {
    /// Initially empty, for images `[C, H, W]` of this size.
    pub fn new(channels: usize, (height, width): (usize, usize), plan: BandPlan) -> Result<Self, SpectrumError> {
        let half = Fft2::of_size(height, width)?.half_width() * height;
        Ok(Self {
            channels,
            plan,
            size: (height, width),
            folder: None,
            bands: Running::new(plan.levels() + 1),
            power: Running::new(half),
            image: Running::new(channels * height * width),
        })
    }

    /// Adds images in their order, on all cores.
    pub fn push<'a, T: Copy + Into<f64> + Sync + 'a>(
        &mut self,
        images: impl IntoParallelIterator<Item = ArrayView3<'a, T>, Iter: IndexedParallelIterator>,
    ) -> Result<(), SpectrumError> {
        let fft = Fft2::of_size(self.size.0, self.size.1)?;
        let plan = self.plan;
        let of_image = |scratch: &mut (HalfSpectrum, Vec<f64>), image: ArrayView3<'a, T>| {
            let mut bands = vec![0.0; plan.levels() + 1];
            let mut power = vec![0.0; fft.half_width() * fft.size().0];
            for plane in image.outer_iter() {
                plan.add_energies(plane, &mut scratch.1, &mut bands)?;
                add_power(&fft, plane, &mut scratch.0, &mut power)?;
            }
            let planes = image.len_of(Axis(0)).max(1) as f64;
            bands.iter_mut().chain(&mut power).for_each(|value| *value /= planes);
            let values: Vec<f64> = image.iter().map(|&value| value.into()).collect();
            Ok((bands, power, values))
        };
        let analysed: Result<Vec<_>, SpectrumError> =
            images.into_par_iter().map_init(|| (HalfSpectrum::new(), Vec::new()), of_image).collect();
        for (bands, power, values) in analysed? {
            self.bands.push(&bands);
            self.power.push(&power);
            self.image.push(&values);
        }
        Ok(())
    }

    /// The images of a folder, read like the samples of an ensemble: of their size, values in [−1, 1], with their
    /// bands.
    pub fn of_folder(
        folder: &Path,
        ensemble: &Ensemble,
        progress: &(dyn Fn(usize, usize) -> bool + Sync),
    ) -> Result<Self, EnsembleError> {
        let ImageShape { channels, height, width } = ensemble.origin.resolved.image;
        let images = read_folder(folder, (height, width), progress).map_err(PrepareError::Images)?.set;
        let mut statistics = Self::new(channels, (height, width), ensemble.bands)?;
        statistics.folder = Some(folder.to_path_buf());
        let pixels = ImageShape { channels: 3, height, width };
        for chunk in images.pixels.chunks(pixels.len() * CHUNK) {
            let value = |byte: &u8| value_of_byte(*byte);
            let images: Vec<Array3<f32>> = chunk
                .chunks_exact(pixels.len())
                .map(|image| {
                    let image = ArrayView3::from_shape((3, height, width), image)
                        .map_err(|error| SpectrumError::Shape { expected: "RGB".into(), found: error.to_string() })?;
                    // A grey model is compared with the mean of red, green and blue.
                    Ok(if channels == 1 {
                        image.map(value).mean_axis(Axis(0)).unwrap_or_default().insert_axis(Axis(0))
                    } else {
                        image.map(value)
                    })
                })
                .collect::<Result<_, SpectrumError>>()?;
            if channels != images[0].len_of(Axis(0)) {
                return Err(EnsembleError::Channels(channels));
            }
            statistics.push(images.par_iter().map(|image| image.view()))?;
        }
        Ok(statistics)
    }

    /// The folder that they were read from; `None` for the samples themselves.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Number of images.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.bands.count()
    }

    /// Whether variances are about the mean image, which holds from [`CENTRED_FROM`] images on.
    #[must_use]
    pub const fn is_centred(&self) -> bool {
        self.count() >= CENTRED_FROM
    }

    /// `V_m` of every band, the rest band last: the variance about the mean image with the factor K/(K−1), or for few images
    /// the mean square.
    pub fn band_variances(&self) -> Result<Vec<f64>, SpectrumError> {
        let mut of_mean = vec![0.0; self.plan.levels() + 1];
        for plane in self.mean_planes() {
            self.plan.add_energies(plane?, &mut Vec::new(), &mut of_mean)?;
        }
        Ok(self.about_the_mean(self.bands.mean(), &of_mean))
    }

    /// S of every bin of the half spectrum `[W/2 + 1, H]`, about the mean image in the same way.
    pub fn spectrum(&self) -> Result<Vec<f64>, SpectrumError> {
        let fft = self.fft()?;
        let mut of_mean = vec![0.0; self.power.mean().len()];
        let mut scratch = HalfSpectrum::new();
        for plane in self.mean_planes() {
            add_power(&fft, plane?, &mut scratch, &mut of_mean)?;
        }
        Ok(self.about_the_mean(self.power.mean(), &of_mean))
    }

    /// The radially averaged spectrum of the images, including the mean image: `[F]`.
    pub fn rapsd(&self) -> Result<Vec<f64>, SpectrumError> {
        let fft = self.fft()?;
        Ok(Rings::new(&fft).mean_of(&fft, self.power.mean()))
    }

    /// The transform for their size.
    pub fn fft(&self) -> Result<Arc<Fft2>, SpectrumError> {
        Fft2::of_size(self.size.0, self.size.1)
    }

    /// A value per band or bin without the mean image's part. `of_mean` computes that part, summed over channels.
    fn about_the_mean(&self, mean: &[f64], of_mean: &[f64]) -> Vec<f64> {
        if !self.is_centred() {
            return mean.to_vec();
        }
        let count = self.count() as f64;
        let about =
            |(mean, of_mean): (&f64, &f64)| ((mean - of_mean / self.channels as f64) * count / (count - 1.0)).max(0.0);
        mean.iter().zip(of_mean).map(about).collect()
    }

    fn mean_planes(&self) -> impl Iterator<Item = Result<ArrayView2<'_, f64>, SpectrumError>> {
        let (height, width) = self.size;
        self.image.mean().chunks_exact((height * width).max(1)).map(move |plane| {
            ArrayView2::from_shape((height, width), plane)
                .map_err(|error| SpectrumError::Shape { expected: "a plane".into(), found: error.to_string() })
        })
    }
}

/// Adds `|X_k|²/N_pix` of a plane.
fn add_power<T: Copy + Into<f64>>(
    fft: &Fft2,
    plane: ArrayView2<T>,
    scratch: &mut HalfSpectrum,
    out: &mut [f64],
) -> Result<(), SpectrumError> {
    fft.forward(plane, scratch)?;
    let pixels = (fft.size().0 * fft.size().1) as f64;
    out.iter_mut().zip(scratch.values()).for_each(|(sum, value)| *sum += value.norm_sqr() / pixels);
    Ok(())
}
