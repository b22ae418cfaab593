use super::SpectrumError;
use super::window::WindowWeights;
use ndarray::{Array2, ArrayView2};
use realfft::{RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Transforms by height and width.
type Plans = HashMap<(usize, usize), Arc<Fft2>>;

static PLANS: LazyLock<Mutex<Plans>> = LazyLock::new(Mutex::default);

/// Rows transformed before they are transposed: 8 of them fill two cache lines of each column.
const BLOCK: usize = 8;

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
    pair_rows: Arc<dyn Fft<f64>>,
    columns: Arc<dyn Fft<f64>>,
}

impl Fft2 {
    /// The transform for images `[height, width]`, planned on first use and shared afterwards.
    pub fn of_size(height: usize, width: usize) -> Result<Arc<Self>, SpectrumError> {
        if height == 0 || width == 0 {
            return Err(SpectrumError::Empty { height, width });
        }
        // A plan is complete or absent, so a panic in another thread leaves the table valid.
        let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
        let plan = plans.entry((height, width)).or_insert_with(|| {
            let rows = RealFftPlanner::new().plan_fft_forward(width);
            let mut planner = FftPlanner::new();
            let (pair_rows, columns) = (planner.plan_fft_forward(width), planner.plan_fft_forward(height));
            Arc::new(Self { height, width, rows, pair_rows, columns })
        });
        Ok(Arc::clone(plan))
    }

    /// H and W.
    #[must_use]
    pub const fn size(&self) -> (usize, usize) {
        (self.height, self.width)
    }

    /// `W/2 + 1`, the number of stored `k_x`.
    #[must_use]
    pub const fn half_width(&self) -> usize {
        self.width / 2 + 1
    }

    /// The number of bins of the whole spectrum that a bin at `k_x` represents: 2, or 1 in a column that is its own conjugate.
    #[must_use]
    pub const fn multiplicity(&self, k_x: usize) -> usize {
        if k_x == 0 || 2 * k_x == self.width { 1 } else { 2 }
    }

    /// Transforms a plane `[H, W]` into `out`, which is resized and may be reused.
    pub fn forward<T: Copy + Into<f64>>(
        &self,
        plane: ArrayView2<T>,
        out: &mut HalfSpectrum,
    ) -> Result<(), SpectrumError> {
        self.transform_rows(plane, &WindowWeights::default(), out)?;
        self.transform_columns(out, |_, _| {});
        Ok(())
    }

    /// Adds `|X_k|²` of a plane `[H, W]` with a window to `power` `[W/2 + 1, H]`; `±k_x` are added together.
    pub(super) fn add_power<T: Copy + Into<f64>>(
        &self,
        plane: ArrayView2<T>,
        weights: &WindowWeights,
        memory: &mut HalfSpectrum,
        power: &mut [f64],
    ) -> Result<(), SpectrumError> {
        self.transform_rows(plane, weights, memory)?;
        self.transform_columns(memory, |k_x, column| {
            let bins = self.multiplicity(k_x) as f64;
            let power = &mut power[k_x * self.height..(k_x + 1) * self.height];
            power.iter_mut().zip(column).for_each(|(power, value)| *power += bins * value.norm_sqr());
        });
        Ok(())
    }

    /// The same for two planes, by one transform of `Z = A + i·B`. As `|Z_k|² + |Z_{−k}|² = 2(|A_k|² + |B_k|²)`, sums over
    /// any set of bins that contains `−k` with each `k` are those of both planes; single bins are not.
    pub(super) fn add_power_of_pair<T: Copy + Into<f64>>(
        &self,
        planes: [ArrayView2<T>; 2],
        weights: &WindowWeights,
        memory: &mut HalfSpectrum,
        power: &mut [f64],
    ) -> Result<(), SpectrumError> {
        self.transform_pair_rows(planes, weights, memory)?;
        self.transform_columns(memory, |k_x, column| {
            let k_x = k_x.min(self.width - k_x);
            let power = &mut power[k_x * self.height..(k_x + 1) * self.height];
            power.iter_mut().zip(column).for_each(|(power, value)| *power += value.norm_sqr());
        });
        Ok(())
    }

    fn transform_rows<T: Copy + Into<f64>>(
        &self,
        plane: ArrayView2<T>,
        weights: &WindowWeights,
        out: &mut HalfSpectrum,
    ) -> Result<(), SpectrumError> {
        SpectrumError::check(&[self.height, self.width], plane.shape())?;
        let half = self.half_width();
        out.prepare(self, half, self.rows.get_scratch_len().max(self.columns.get_inplace_scratch_len()));
        out.row.resize(self.width, 0.0);
        for start in (0..self.height).step_by(BLOCK) {
            let rows = BLOCK.min(self.height - start);
            for (y, row_spectrum) in (start..start + rows).zip(out.block.chunks_exact_mut(half)) {
                weights.load(plane.row(y), y, &mut out.row);
                self.rows
                    .process_with_scratch(&mut out.row, row_spectrum, &mut out.scratch)
                    .map_err(|error| SpectrumError::Shape { expected: "a row".into(), found: error.to_string() })?;
            }
            turn(&out.block[..rows * half], half, &mut out.values, self.height, start);
        }
        Ok(())
    }

    /// Rows of `a + i·b`, with as many columns as the image.
    fn transform_pair_rows<T: Copy + Into<f64>>(
        &self,
        planes: [ArrayView2<T>; 2],
        weights: &WindowWeights,
        out: &mut HalfSpectrum,
    ) -> Result<(), SpectrumError> {
        for plane in &planes {
            SpectrumError::check(&[self.height, self.width], plane.shape())?;
        }
        let width = self.width;
        let scratch = self.pair_rows.get_inplace_scratch_len().max(self.columns.get_inplace_scratch_len());
        out.prepare(self, width, scratch);
        let [a, b] = planes;
        for start in (0..self.height).step_by(BLOCK) {
            let rows = BLOCK.min(self.height - start);
            let block = &mut out.block[..rows * width];
            for (y, row) in (start..start + rows).zip(block.chunks_exact_mut(width)) {
                weights.load_pair([a.row(y), b.row(y)], y, row);
            }
            self.pair_rows.process_with_scratch(block, &mut out.scratch);
            turn(block, width, &mut out.values, self.height, start);
        }
        Ok(())
    }

    /// Passes on each column as soon as it is transformed, while it is in the cache.
    fn transform_columns(&self, memory: &mut HalfSpectrum, mut done: impl FnMut(usize, &[Complex64])) {
        for (start, block) in (0..).step_by(BLOCK).zip(memory.values.chunks_mut(BLOCK * self.height)) {
            self.columns.process_with_scratch(block, &mut memory.scratch);
            for (k_x, column) in (start..).zip(block.chunks_exact(self.height)) {
                done(k_x, column);
            }
        }
    }
}

/// Transposes rows of `width` into columns of `height`, starting at position `start` of each.
fn turn(rows: &[Complex64], width: usize, columns: &mut [Complex64], height: usize, start: usize) {
    if rows.len() == BLOCK * width {
        let rows: [&[Complex64]; BLOCK] = std::array::from_fn(|y| &rows[y * width..(y + 1) * width]);
        for (x, column) in columns.chunks_exact_mut(height).take(width).enumerate() {
            if let Some(places) = column[start..].first_chunk_mut::<BLOCK>() {
                places.iter_mut().zip(&rows).for_each(|(to, row)| *to = row[x]);
            }
        }
        return;
    }
    let count = rows.len() / width;
    for (x, column) in columns.chunks_exact_mut(height).enumerate() {
        for (row, to) in rows.chunks_exact(width).zip(&mut column[start..start + count]) {
            *to = row[x];
        }
    }
}

/// One image's spectrum, with the working memory of the transform; use one per thread.
#[derive(Clone, Debug, Default)]
pub struct HalfSpectrum {
    height: usize,
    /// `[W/2 + 1, H]`: the `k_y` of each `k_x` are contiguous.
    values: Vec<Complex64>,
    row: Vec<f64>,
    /// The spectra of a few rows.
    block: Vec<Complex64>,
    scratch: Vec<Complex64>,
}

impl HalfSpectrum {
    /// Empty; grows to any size.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Resizes to this many columns.
    fn prepare(&mut self, fft: &Fft2, columns: usize, scratch: usize) {
        self.height = fft.height;
        self.values.resize(columns * fft.height, Complex64::ZERO);
        self.block.resize(columns * BLOCK, Complex64::ZERO);
        self.scratch.resize(scratch.max(self.scratch.len()), Complex64::ZERO);
    }

    /// `[W/2 + 1, H]`, with `k_y` fastest.
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
