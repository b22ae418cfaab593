use super::SpectrumError;
use ndarray::{Array2, ArrayView2};
use realfft::{RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// By height and width.
type Plans = HashMap<(usize, usize), Arc<Fft2>>;

static PLANS: LazyLock<Mutex<Plans>> = LazyLock::new(Mutex::default);

/// The discrete Fourier transform of real images of one size, odd or even, square or not.
///
/// `X[k_y, k_x] = Σ x[y, x]·exp(−2πi(k_y·y/H + k_x·x/W))`.
///
/// **Normalisation.** None: `X[0, 0]` is the sum of the image.
///
/// **Output order.** `k_x` runs over `0 … W/2` only, since the rest is conjugate; `k_y` over `0 … H−1`, where `k_y > H/2`
/// is the negative frequency `k_y − H`. See [`HalfSpectrum::power`].
pub struct Fft2 {
    height: usize,
    width: usize,
    rows: Arc<dyn RealToComplex<f64>>,
    columns: Arc<dyn Fft<f64>>,
}

impl Fft2 {
    /// The transform for images `[height, width]`, planned when first asked for and shared from then on.
    pub fn of_size(height: usize, width: usize) -> Result<Arc<Self>, SpectrumError> {
        if height == 0 || width == 0 {
            return Err(SpectrumError::Empty { height, width });
        }
        // A plan is whole or not there, so one that another thread failed to make spoils nothing.
        let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
        let plan = plans.entry((height, width)).or_insert_with(|| {
            let rows = RealFftPlanner::new().plan_fft_forward(width);
            let columns = FftPlanner::new().plan_fft_forward(height);
            Arc::new(Self { height, width, rows, columns })
        });
        Ok(Arc::clone(plan))
    }

    /// H and W.
    #[must_use]
    pub const fn size(&self) -> (usize, usize) {
        (self.height, self.width)
    }

    /// `W/2 + 1`, the number of `k_x` that are kept.
    #[must_use]
    pub const fn half_width(&self) -> usize {
        self.width / 2 + 1
    }

    /// How many bins of the whole spectrum a bin at `k_x` stands for: 2, but 1 where it is its own conjugate's column.
    #[must_use]
    pub const fn multiplicity(&self, k_x: usize) -> usize {
        if k_x == 0 || 2 * k_x == self.width { 1 } else { 2 }
    }

    /// Transforms a plane `[H, W]` into `out`, which is given its size and may be used again.
    pub fn forward<T: Copy + Into<f64>>(
        &self,
        plane: ArrayView2<T>,
        out: &mut HalfSpectrum,
    ) -> Result<(), SpectrumError> {
        SpectrumError::check(&[self.height, self.width], plane.shape())?;
        let half = self.half_width();
        out.height = self.height;
        out.values.resize(half * self.height, Complex64::ZERO);
        out.row.resize(self.width, 0.0);
        out.row_spectrum.resize(half, Complex64::ZERO);
        let scratch = self.rows.get_scratch_len().max(self.columns.get_inplace_scratch_len());
        out.scratch.resize(scratch.max(out.scratch.len()), Complex64::ZERO);
        for (y, row) in plane.outer_iter().enumerate() {
            out.row.iter_mut().zip(row).for_each(|(value, &pixel)| *value = pixel.into());
            self.rows
                .process_with_scratch(&mut out.row, &mut out.row_spectrum, &mut out.scratch)
                .map_err(|error| SpectrumError::Shape { expected: "a row".into(), found: error.to_string() })?;
            for (k_x, &value) in out.row_spectrum.iter().enumerate() {
                out.values[k_x * self.height + y] = value;
            }
        }
        self.columns.process_with_scratch(&mut out.values, &mut out.scratch);
        Ok(())
    }
}

/// One image's spectrum, with the memory its transform needs; one for each thread.
#[derive(Clone, Debug, Default)]
pub struct HalfSpectrum {
    height: usize,
    /// `[W/2 + 1, H]`: each `k_x` has its `k_y` side by side.
    values: Vec<Complex64>,
    row: Vec<f64>,
    row_spectrum: Vec<Complex64>,
    scratch: Vec<Complex64>,
}

impl HalfSpectrum {
    /// Memory for any size.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `[W/2 + 1, H]`, with `k_y` the faster.
    #[must_use]
    pub fn values(&self) -> &[Complex64] {
        &self.values
    }

    /// `|X|²` over the whole plane, `[H, W]`, in the order of the transform (frequency 0 first).
    #[must_use]
    pub fn power(&self, width: usize) -> Array2<f64> {
        Array2::from_shape_fn((self.height, width), |(k_y, k_x)| {
            let (k_y, k_x) =
                if 2 * k_x <= width { (k_y, k_x) } else { ((self.height - k_y) % self.height, width - k_x) };
            self.values.get(k_x * self.height + k_y).map_or(0.0, Complex64::norm_sqr)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_images::noise;
    use super::*;
    use std::f64::consts::TAU;

    fn naive(image: &Array2<f64>, k_y: usize, k_x: usize) -> Complex64 {
        let (height, width) = image.dim();
        image.indexed_iter().fold(Complex64::ZERO, |sum, ((y, x), &value)| {
            let turns = (k_y * y % height) as f64 / height as f64 + (k_x * x % width) as f64 / width as f64;
            sum + Complex64::from_polar(value, -TAU * turns)
        })
    }

    #[test]
    fn agrees_with_the_naive_transform() {
        let mut spectrum = HalfSpectrum::new();
        for (height, width) in [(1, 1), (1, 6), (7, 1), (8, 8), (9, 12), (12, 9), (15, 15), (5, 64)] {
            let image = noise(height, width, 3);
            let fft = Fft2::of_size(height, width).unwrap();
            fft.forward(image.view(), &mut spectrum).unwrap();
            assert_eq!(spectrum.values().len(), fft.half_width() * height);
            let power = spectrum.power(width);
            for k_x in 0..width {
                for k_y in 0..height {
                    let expected = naive(&image, k_y, k_x);
                    if k_x < fft.half_width() {
                        let found = spectrum.values()[k_x * height + k_y];
                        assert!((found - expected).norm() < 1e-11, "{height}x{width} {k_y} {k_x}");
                    }
                    assert!((power[[k_y, k_x]] - expected.norm_sqr()).abs() < 1e-10 * expected.norm_sqr().max(1.0));
                }
            }
        }
    }

    #[test]
    fn plans_are_shared_and_sizes_checked() {
        let fft = Fft2::of_size(16, 10).unwrap();
        assert!(Arc::ptr_eq(&fft, &Fft2::of_size(16, 10).unwrap()));
        let error = fft.forward(noise(10, 16, 0).view(), &mut HalfSpectrum::new()).unwrap_err();
        assert_eq!(error.to_string(), "expected 16x10, found 10x16");
        assert!(matches!(Fft2::of_size(0, 3), Err(SpectrumError::Empty { .. })));
    }
}
