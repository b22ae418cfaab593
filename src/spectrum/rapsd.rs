use super::window::WindowWeights;
use super::{Fft2, HalfSpectrum, SpectrumError, Window};
use ndarray::parallel::prelude::*;
use ndarray::{ArrayView2, ArrayView3, ArrayView4, Axis};
use std::sync::Arc;

/// Marks a bin outside all rings.
const NO_RING: u32 = u32::MAX;

/// The rings of radial frequency into which a spectrum is averaged.
///
/// Ring `r` holds the bins with `round(|f|·max(H, W)) = r`, halves upwards, for `r = 0 … max(H, W)/2`; `|f|` in
/// cycles/pixel. Ring 0 is frequency 0 alone; the corners beyond the last ring belong to none. Membership is computed in
/// integers, so no rounding error moves a bin.
#[derive(Clone, Debug, PartialEq)]
pub struct Rings {
    /// The ring of each bin in a quarter of the spectrum, `[W/2 + 1, H/2 + 1]`; the others mirror it.
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
        let mut ring = Vec::with_capacity(fft.half_width() * (height / 2 + 1));
        for k_x in 0..fft.half_width() {
            for k_y in 0..=height / 2 {
                let radius = rounded_radius(k_y, k_x, height, width);
                ring.push(if radius < rings { radius as u32 } else { NO_RING });
                if radius < rings {
                    let bins = fft.multiplicity(k_x) * multiplicity(k_y, height);
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

    /// Always false: ring 0 always exists.
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

    /// The mean over each ring of a value per bin of the half spectrum, `[W/2 + 1, H]` with `k_y` fastest: `[F]`.
    #[must_use]
    pub fn mean_of(&self, fft: &Fft2, values: &[f64]) -> Vec<f64> {
        let height = fft.size().0;
        let mut out = vec![0.0; self.len()];
        let rings = self.ring.chunks_exact(height / 2 + 1);
        for (k_x, (column, rings)) in values.chunks_exact(height).zip(rings).enumerate() {
            let bins = fft.multiplicity(k_x) as f64;
            for (k_y, value) in column.iter().enumerate() {
                let ring = rings[k_y.min(height - k_y)] as usize;
                if let Some((sum, &count)) = out.get_mut(ring).zip(self.count.get(ring)) {
                    *sum += bins * value / count as f64;
                }
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
/// It owns its working memory, so use one per thread.
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
    weights: Arc<WindowWeights>,
    memory: HalfSpectrum,
    /// `|X|²` summed over a sample's planes, over the half spectrum, `[W/2 + 1, H]`.
    power: Vec<f64>,
    sums: Vec<f64>,
}

impl Rapsd {
    /// For images `[height, width]`.
    pub fn new(height: usize, width: usize) -> Result<Self, SpectrumError> {
        Self::windowed(height, width, Window::None)
    }

    /// For images `[height, width]`, with a window.
    pub fn windowed(height: usize, width: usize, window: Window) -> Result<Self, SpectrumError> {
        let fft = Fft2::of_size(height, width)?;
        let rings = Arc::new(Rings::new(&fft));
        Ok(Self {
            weights: Arc::new(WindowWeights::new(window, &fft)),
            memory: HalfSpectrum::new(),
            power: Vec::new(),
            sums: vec![0.0; rings.len()],
            fft,
            rings,
        })
    }

    /// The rings, with their frequencies and sizes.
    #[must_use]
    pub fn rings(&self) -> &Rings {
        &self.rings
    }

    /// The spectrum of one plane `[H, W]`: `[F]`, in the pixels' units squared.
    pub fn plane<T: Copy + Into<f64>>(&mut self, plane: ArrayView2<T>) -> Result<Vec<f64>, SpectrumError> {
        let mut out = vec![0.0; self.rings.len()];
        self.add_plane(plane, 1.0, &mut out)?;
        Ok(out)
    }

    /// The spectrum of one sample `[C, H, W]`: the mean over its channels, `[F]`.
    pub fn sample<T: Copy + Into<f64>>(&mut self, sample: ArrayView3<T>) -> Result<Vec<f64>, SpectrumError> {
        let mut out = vec![0.0; self.rings.len()];
        self.clear();
        // Two channels cost little more than one, and only their sum is needed.
        for pair in sample.axis_chunks_iter(Axis(0), 2) {
            let mut planes = pair.outer_iter();
            match (planes.next(), planes.next()) {
                (Some(a), Some(b)) => {
                    self.fft.add_power_of_pair([a, b], &self.weights, &mut self.memory, &mut self.power)?;
                }
                (Some(a), None) => self.fft.add_power(a, &self.weights, &mut self.memory, &mut self.power)?,
                (None, _) => {}
            }
        }
        self.add_rings((sample.len_of(Axis(0)).max(1) as f64).recip(), &mut out);
        Ok(out)
    }

    /// [`Self::sample`] of every sample of `[B, C, H, W]`, in order, on all cores. The values do not depend on the number
    /// of cores.
    pub fn samples<T: Copy + Into<f64> + Sync>(&self, images: ArrayView4<T>) -> Result<Vec<Vec<f64>>, SpectrumError> {
        let images = images.axis_iter(Axis(0)).into_par_iter();
        images.map_init(|| self.clone(), |rapsd, image| rapsd.sample(image)).collect()
    }

    /// Adds `weight` times the spectrum of a plane to `out` `[F]`, without allocating after the first call.
    pub fn add_plane<T: Copy + Into<f64>>(
        &mut self,
        plane: ArrayView2<T>,
        weight: f64,
        out: &mut [f64],
    ) -> Result<(), SpectrumError> {
        SpectrumError::check(&[self.rings.len()], &[out.len()])?;
        self.clear();
        self.fft.add_power(plane, &self.weights, &mut self.memory, &mut self.power)?;
        self.add_rings(weight, out);
        Ok(())
    }

    fn clear(&mut self) {
        self.power.clear();
        self.power.resize(self.fft.half_width() * self.fft.size().0, 0.0);
    }

    /// Adds `weight` times each ring's mean of the power to `out` `[F]`.
    fn add_rings(&mut self, weight: f64, out: &mut [f64]) {
        let (height, width) = self.fft.size();
        self.sums.fill(0.0);
        let rings = self.rings.ring.chunks_exact(height / 2 + 1);
        for (power, rings) in self.power.chunks_exact(height).zip(rings) {
            for (k_y, &ring) in rings.iter().enumerate() {
                let Some(sum) = self.sums.get_mut(ring as usize) else { continue };
                *sum += if multiplicity(k_y, height) == 2 { power[k_y] + power[height - k_y] } else { power[k_y] };
            }
        }
        let weight = weight / (height * width) as f64;
        for ((out, sum), &count) in out.iter_mut().zip(&self.sums).zip(&self.rings.count) {
            *out += weight * sum / count as f64;
        }
    }
}

/// The number of the `n` frequencies along a side that have this magnitude.
const fn multiplicity(k: usize, n: usize) -> usize {
    if k == 0 || 2 * k == n { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::super::psd;
    use super::super::test_images::noise;
    use super::*;
    use ndarray::Array3;
    use std::f64::consts::TAU;

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
    fn means_over_rings_are_those_of_the_spectrum() {
        for (height, width) in [(1, 9), (6, 6), (9, 14), (32, 5)] {
            let image = noise(height, width, 2);
            let fft = Fft2::of_size(height, width).unwrap();
            let mut spectrum = HalfSpectrum::new();
            fft.forward(image.view(), &mut spectrum).unwrap();
            let power: Vec<f64> = spectrum.values().iter().map(|x| x.norm_sqr() / (height * width) as f64).collect();
            let expected = Rapsd::new(height, width).unwrap().plane(image.view()).unwrap();
            let found = Rings::new(&fft).mean_of(&fft, &power);
            assert!(found.iter().zip(&expected).all(|(a, b)| (a / b - 1.0).abs() < 1e-11));
        }
    }

    #[test]
    fn white_noise_is_flat() {
        white_noise_is_flat_under(Window::None);
        white_noise_is_flat_under(Window::Hann);
    }

    #[track_caller]
    fn white_noise_is_flat_under(window: Window) {
        let (height, width, channels) = (48, 36, 4);
        let mut rapsd = Rapsd::windowed(height, width, window).unwrap();
        let mut sum = vec![0.0; rapsd.rings().len()];
        let samples = 100;
        for seed in 0..samples {
            let planes: Vec<f32> =
                (0..4).flat_map(|c| noise(height, width, 4 * seed + c).mapv(|v| v as f32).into_iter()).collect();
            let sample = Array3::from_shape_vec((channels, height, width), planes).unwrap();
            rapsd.sample(sample.view()).unwrap().iter().zip(&mut sum).for_each(|(value, sum)| *sum += value);
        }
        for (ring, (sum, &count)) in sum.iter().zip(rapsd.rings().count()).enumerate() {
            // Conjugate bins are equal, so half of them are independent, each with variance 1 (2 at frequency 0). A window
            // correlates neighbours, by 2/3 and 1/6 along each side: (1 + 2·4/9 + 2/36)² times the variance.
            let shared = if window == Window::Hann { 35.0 / 18.0 } else { 1.0 };
            let error = shared * (2.0 / (samples as f64 * channels as f64 * count as f64)).sqrt();
            assert!((sum / samples as f64 - 1.0).abs() < 5.0 * error, "ring {ring}");
        }
    }

    fn images(samples: u64, channels: u64, height: usize, width: usize) -> ndarray::Array4<f64> {
        let shape = (samples as usize, channels as usize, height, width);
        let planes = (0..samples * channels).flat_map(|seed| noise(height, width, seed).into_iter());
        ndarray::Array4::from_shape_vec(shape, planes.collect()).unwrap()
    }

    #[test]
    fn many_samples_are_each_their_own_whatever_the_threads_and_channels() {
        for (channels, height, width) in [(1, 9, 14), (2, 8, 8), (3, 33, 20), (4, 7, 7), (16, 12, 5)] {
            let images = images(7, channels, height, width);
            for window in [Window::None, Window::Hann] {
                let mut one = Rapsd::windowed(height, width, window).unwrap();
                let many = one.samples(images.view()).unwrap();
                let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
                assert_eq!(alone.install(|| one.samples(images.view()).unwrap()), many);
                for (image, found) in images.outer_iter().zip(&many) {
                    assert_eq!(*found, one.sample(image).unwrap());
                    // Channels transformed together against each transformed alone.
                    let mut apart = vec![0.0; one.rings().len()];
                    for plane in image.outer_iter() {
                        one.add_plane(plane, (channels as f64).recip(), &mut apart).unwrap();
                    }
                    assert!(found.iter().zip(&apart).all(|(a, b)| (a / b - 1.0).abs() < 1e-11));
                }
            }
        }
    }

    #[test]
    fn channels_that_are_not_side_by_side_are_the_same() {
        let planes = images(1, 3, 10, 12);
        let last = planes.view().permuted_axes([0, 2, 3, 1]);
        let turned = last.as_standard_layout().into_owned().permuted_axes([0, 3, 1, 2]);
        let rapsd = Rapsd::windowed(10, 12, Window::Hann).unwrap();
        assert_eq!(rapsd.samples(turned.view()).unwrap(), rapsd.samples(planes.view()).unwrap());
    }

    #[test]
    fn a_window_is_the_windowed_image_of_the_same_mean_square() {
        for (height, width) in [(1, 9), (8, 8), (7, 12), (15, 15), (2, 3)] {
            let hann = |i: usize, n: usize| {
                let at = |i: usize| if n < 2 { 1.0 } else { 0.5 - 0.5 * (TAU * i as f64 / n as f64).cos() };
                at(i) / ((0..n).map(|i| at(i).powi(2)).sum::<f64>() / n as f64).sqrt()
            };
            let image = noise(height, width, 5);
            let mut weighted = image.clone();
            weighted.indexed_iter_mut().for_each(|((y, x), value)| *value *= hann(y, height) * hann(x, width));
            let expected = Rapsd::new(height, width).unwrap().plane(weighted.view()).unwrap();
            let found = Rapsd::windowed(height, width, Window::Hann).unwrap().plane(image.view()).unwrap();
            assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-10 * b.max(1e-3)), "{height}x{width}");
        }
    }

    #[test]
    fn a_window_spreads_the_mean_to_its_neighbours_only() {
        let mut rapsd = Rapsd::windowed(24, 31, Window::Hann).unwrap();
        let flat = rapsd.plane(ndarray::Array2::<f32>::ones((24, 31)).view()).unwrap();
        assert!(flat[0] > 100.0 && flat[1] > 1.0);
        assert!(flat[3..].iter().all(|&density| density < 1e-20), "{flat:?}");
    }

    #[test]
    fn results_of_another_size_are_refused() {
        let mut rapsd = Rapsd::new(8, 8).unwrap();
        assert!(rapsd.add_plane(noise(8, 8, 0).view(), 1.0, &mut [0.0; 4]).is_err());
        assert!(rapsd.plane(noise(8, 9, 0).view()).is_err());
    }
}
