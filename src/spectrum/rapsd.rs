use super::{Fft2, HalfSpectrum, SpectrumError};
use ndarray::{ArrayView2, ArrayView3, Axis};
use std::sync::Arc;

/// A bin that is in no ring.
const NO_RING: u32 = u32::MAX;

/// The rings of radial frequency into which a spectrum is averaged.
///
/// Ring `r` holds the bins with `round(|f|·max(H, W)) = r`, halves upwards, for `r = 0 … max(H, W)/2`; `|f|` in
/// cycles/pixel. Ring 0 is frequency 0 alone; the corners beyond the last ring are in none. Membership is decided in
/// integers, so no rounding error moves a bin.
#[derive(Clone, Debug, PartialEq)]
pub struct Rings {
    /// Of each bin of the half spectrum, `[W/2 + 1, H]`.
    ring: Vec<u32>,
    count: Vec<usize>,
    frequency: Vec<f64>,
}

impl Rings {
    /// The rings of the spectrum of images of this size.
    #[must_use]
    pub fn new(fft: &Fft2) -> Self {
        let (height, width) = fft.size();
        let side = height.max(width);
        let rings = side / 2 + 1;
        let (mut count, mut sum) = (vec![0; rings], vec![0.0; rings]);
        let mut ring = Vec::with_capacity(fft.half_width() * height);
        for k_x in 0..fft.half_width() {
            for k_y in 0..height {
                let k_y = k_y.min(height - k_y);
                let radius = rounded_radius(k_y, k_x, height, width);
                ring.push(if radius < rings { radius as u32 } else { NO_RING });
                if radius < rings {
                    let bins = fft.multiplicity(k_x);
                    count[radius] += bins;
                    let frequency = (k_y as f64 / height as f64).hypot(k_x as f64 / width as f64);
                    sum[radius] += frequency * bins as f64;
                }
            }
        }
        let frequency = sum.iter().zip(&count).map(|(sum, &count)| sum / count as f64).collect();
        Self { ring, count, frequency }
    }

    /// F, the number of rings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count.len()
    }

    /// Never: ring 0 is always there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count.is_empty()
    }

    /// Bins of the whole spectrum in each ring, `[F]`.
    #[must_use]
    pub fn count(&self) -> &[usize] {
        &self.count
    }

    /// Mean `|f|` of each ring's bins, cycles/pixel, `[F]`.
    #[must_use]
    pub fn frequency(&self) -> &[f64] {
        &self.frequency
    }

    /// The mean over each ring of what every bin of the half spectrum has, `[W/2 + 1, H]` with `k_y` the faster: `[F]`.
    #[must_use]
    pub fn mean_of(&self, fft: &Fft2, values: &[f64]) -> Vec<f64> {
        let height = fft.size().0;
        let mut out = vec![0.0; self.len()];
        for (bin, (value, &ring)) in values.iter().zip(&self.ring).enumerate() {
            if ring != NO_RING {
                let ring = ring as usize;
                out[ring] += value * fft.multiplicity(bin / height) as f64 / self.count[ring] as f64;
            }
        }
        out
    }
}

/// `round(|f|·max(H, W))`, halves upwards, exactly: with `s = ⌊2·|f|·max⌋` it is `⌊(s + 1)/2⌋`.
fn rounded_radius(k_y: usize, k_x: usize, height: usize, width: usize) -> usize {
    let [k_y, k_x, h, w] = [k_y, k_x, height, width].map(|value| value as u128);
    let side = h.max(w);
    let twice_squared = 4 * side * side * (k_y * k_y * w * w + k_x * k_x * h * h) / (h * h * w * w);
    usize::try_from(twice_squared.isqrt().div_ceil(2)).unwrap_or(usize::MAX)
}

/// The radially averaged power spectral density of images of one size: the mean over each ring of `|X_k|²/N_pix`.
///
/// It holds the memory that this needs, so each thread has its own.
///
/// ```
/// use chromascope::spectrum::Rapsd;
/// let mut rapsd = Rapsd::new(64, 64)?;
/// let flat = rapsd.plane(ndarray::Array2::<f32>::ones((64, 64)).view())?;
/// assert_eq!((rapsd.rings().len(), flat[0]), (33, 4096.0));
/// assert!(flat[1..].iter().all(|&density| density < 1e-12));
/// # Ok::<(), chromascope::spectrum::SpectrumError>(())
/// ```
#[derive(Clone)]
pub struct Rapsd {
    fft: Arc<Fft2>,
    rings: Arc<Rings>,
    spectrum: HalfSpectrum,
}

impl Rapsd {
    /// For images `[height, width]`.
    pub fn new(height: usize, width: usize) -> Result<Self, SpectrumError> {
        let fft = Fft2::of_size(height, width)?;
        Ok(Self { rings: Arc::new(Rings::new(&fft)), fft, spectrum: HalfSpectrum::new() })
    }

    /// The rings: how many, their frequencies and their sizes.
    #[must_use]
    pub fn rings(&self) -> &Rings {
        &self.rings
    }

    /// Of one plane `[H, W]`: `[F]`, in the pixels' units squared.
    pub fn plane<T: Copy + Into<f64>>(&mut self, plane: ArrayView2<T>) -> Result<Vec<f64>, SpectrumError> {
        let mut out = vec![0.0; self.rings.len()];
        self.add_plane(plane, 1.0, &mut out)?;
        Ok(out)
    }

    /// Of one sample `[C, H, W]`: the mean over its channels, `[F]`.
    pub fn sample<T: Copy + Into<f64>>(&mut self, sample: ArrayView3<T>) -> Result<Vec<f64>, SpectrumError> {
        let mut out = vec![0.0; self.rings.len()];
        let weight = (sample.len_of(Axis(0)).max(1) as f64).recip();
        for plane in sample.outer_iter() {
            self.add_plane(plane, weight, &mut out)?;
        }
        Ok(out)
    }

    /// Adds `weight` times the spectrum of a plane to `out` `[F]`, without allocating after the first call.
    pub fn add_plane<T: Copy + Into<f64>>(
        &mut self,
        plane: ArrayView2<T>,
        weight: f64,
        out: &mut [f64],
    ) -> Result<(), SpectrumError> {
        SpectrumError::check(&[self.rings.len()], &[out.len()])?;
        self.fft.forward(plane, &mut self.spectrum)?;
        let (height, width) = self.fft.size();
        let columns = self.spectrum.values().chunks_exact(height).zip(self.rings.ring.chunks_exact(height));
        for (k_x, (values, rings)) in columns.enumerate() {
            let scale = weight * self.fft.multiplicity(k_x) as f64 / (height * width) as f64;
            for (value, &ring) in values.iter().zip(rings) {
                if ring != NO_RING {
                    let ring = ring as usize;
                    out[ring] += value.norm_sqr() * scale / self.rings.count[ring] as f64;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::psd;
    use super::super::test_images::noise;
    use super::*;
    use ndarray::Array3;

    #[test]
    fn rings_of_a_small_square() {
        let rings = Rings::new(&Fft2::of_size(4, 4).unwrap());
        // Radii of the 4×4 bins: 0; 1 (×4), √2 → 1 (×4); 2 (×2), √5 → 2 (×4); √8 → 3, beyond.
        assert_eq!(rings.count(), [1, 8, 6]);
        let mean = (4.0 * 0.25 + 4.0 * 0.125_f64.sqrt()) / 8.0;
        assert!((rings.frequency()[1] - mean).abs() < 1e-15);
    }

    #[test]
    fn every_ring_is_the_mean_of_its_bins() {
        for (height, width) in [(1, 1), (1, 9), (6, 6), (7, 7), (9, 14), (32, 5), (33, 64)] {
            let image = noise(height, width, 11);
            let density = psd(image.view()).unwrap();
            let mut rapsd = Rapsd::new(height, width).unwrap();
            let (mut sum, mut count) = (vec![0.0; rapsd.rings().len()], vec![0_usize; rapsd.rings().len()]);
            for ((k_y, k_x), value) in density.indexed_iter() {
                let ring = rounded_radius(k_y.min(height - k_y), k_x.min(width - k_x), height, width);
                if ring < sum.len() {
                    sum[ring] += value;
                    count[ring] += 1;
                }
            }
            assert_eq!(rapsd.rings().count(), count);
            assert_eq!(count[0], 1);
            for (ring, found) in rapsd.plane(image.view()).unwrap().into_iter().enumerate() {
                let expected = sum[ring] / count[ring] as f64;
                assert!((found / expected - 1.0).abs() < 1e-11, "{height}x{width} ring {ring}");
            }
        }
    }

    #[test]
    fn white_noise_is_flat() {
        let (height, width, channels) = (48, 36, 4);
        let mut rapsd = Rapsd::new(height, width).unwrap();
        let mut sum = vec![0.0; rapsd.rings().len()];
        let samples = 100;
        for seed in 0..samples {
            let planes: Vec<f32> =
                (0..4).flat_map(|c| noise(height, width, 4 * seed + c).mapv(|v| v as f32).into_iter()).collect();
            let sample = Array3::from_shape_vec((channels, height, width), planes).unwrap();
            rapsd.sample(sample.view()).unwrap().iter().zip(&mut sum).for_each(|(value, sum)| *sum += value);
        }
        for (ring, (sum, &count)) in sum.iter().zip(rapsd.rings().count()).enumerate() {
            // Conjugate bins are equal, so half of them are independent, each with variance 1 (2 at frequency 0).
            let error = (2.0 / (samples as f64 * channels as f64 * count as f64)).sqrt();
            assert!((sum / samples as f64 - 1.0).abs() < 5.0 * error, "ring {ring}");
        }
    }

    #[test]
    fn results_of_another_size_are_refused() {
        let mut rapsd = Rapsd::new(8, 8).unwrap();
        assert!(rapsd.add_plane(noise(8, 8, 0).view(), 1.0, &mut [0.0; 4]).is_err());
        assert!(rapsd.plane(noise(8, 9, 0).view()).is_err());
    }
}
