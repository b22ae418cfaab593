use super::SpectrumError;
use ndarray::{Array2, ArrayView, ArrayView2, ArrayView4, Axis, s};

/// What to do with an image whose sides are not multiples of the coarsest block `n^M`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fit {
    /// Repeat the last row and column downwards and to the right until they are. Bands of the image are cropped to its
    /// size and still sum to it; energies, and the orthogonality of the bands, are those of the padded image.
    #[default]
    Pad,
    /// Ignore the surplus rows and columns, below and to the right. Bands have the size of the rest.
    Crop,
}

/// The division of an image into resolution bands by pooling.
///
/// `D_k` is the mean over blocks of k×k, `U_k` repeats each pixel k×k times, so `U_k D_k` projects onto images that are
/// constant in blocks. Band `m < M` is `B_m = U_{nᵐ}D_{nᵐ} − U_{nᵐ⁺¹}D_{nᵐ⁺¹}`, the detail lost in the next pooling; the rest
/// band is `B_M = U_{n^M}D_{n^M}`. Bands are orthogonal and sum to the image. Index 0 is the finest.
///
/// ```
/// use chromascope::spectrum::{BandPlan, Fit};
/// let plan = BandPlan::new(64, 64, 2, 6, Fit::Pad)?;
/// let ramp = ndarray::Array2::from_shape_fn((64, 64), |(y, x)| (x + y) as f64);
/// let energies = plan.energies(ramp.view())?;
/// assert_eq!(energies.len(), 7);
/// assert!((energies.iter().sum::<f64>() / ramp.mapv(|v| v * v).mean().unwrap() - 1.0).abs() < 1e-12);
/// # Ok::<(), chromascope::spectrum::SpectrumError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BandPlan {
    size: (usize, usize),
    grid: (usize, usize),
    factor: usize,
    levels: usize,
    fit: Fit,
}

impl BandPlan {
    /// For images `[height, width]`, `levels` detail bands and a factor `n` from each to the next. `n^levels` must not
    /// exceed the shorter side.
    pub fn new(height: usize, width: usize, factor: usize, levels: usize, fit: Fit) -> Result<Self, SpectrumError> {
        if height == 0 || width == 0 {
            return Err(SpectrumError::Empty { height, width });
        }
        if factor < 2 {
            return Err(SpectrumError::Factor(factor));
        }
        let fits = |block: &usize| *block <= height.min(width);
        let mut blocks = std::iter::successors(Some(factor), |block| block.checked_mul(factor)).take_while(fits);
        let most = blocks.clone().count();
        let Some(block) = levels.checked_sub(1).and_then(|index| blocks.nth(index)) else {
            return Err(SpectrumError::Levels { levels, factor, height, width, most });
        };
        let side = |side: usize| match fit {
            Fit::Pad => side.div_ceil(block) * block,
            Fit::Crop => side / block * block,
        };
        Ok(Self { size: (height, width), grid: (side(height), side(width)), factor, levels, fit })
    }

    /// M, the number of detail bands. With the rest band there are M + 1.
    #[must_use]
    pub const fn levels(&self) -> usize {
        self.levels
    }

    /// n, the factor from each level to the next.
    #[must_use]
    pub const fn factor(&self) -> usize {
        self.factor
    }

    /// Rows and columns that are pooled: those of the image, padded or cropped if they differ.
    #[must_use]
    pub const fn grid(&self) -> (usize, usize) {
        self.grid
    }

    /// Rows and columns of the images from [`Self::isolate`].
    #[must_use]
    pub fn output_size(&self) -> (usize, usize) {
        (self.size.0.min(self.grid.0), self.size.1.min(self.grid.1))
    }

    /// What happens if [`Self::grid`] is not the image's size.
    #[must_use]
    pub const fn fit(&self) -> Fit {
        self.fit
    }

    /// `mean‖B_m x‖²` for every band of one plane `[H, W]`, the rest band last: M + 1 values per pixel of
    /// [`Self::grid`], which sum to its mean square.
    pub fn energies<T: Copy + Into<f64>>(&self, plane: ArrayView2<T>) -> Result<Vec<f64>, SpectrumError> {
        let mut out = vec![0.0; self.levels + 1];
        self.add_energies(plane, &mut Vec::new(), &mut out)?;
        Ok(out)
    }

    /// [`Self::energies`] of `[B, C, H, W]`, averaged over samples and channels.
    pub fn mean_energies<T: Copy + Into<f64>>(&self, images: ArrayView4<T>) -> Result<Vec<f64>, SpectrumError> {
        let mut out = vec![0.0; self.levels + 1];
        let mut scratch = Vec::new();
        for plane in images.axis_iter(Axis(0)).flat_map(ArrayView::into_outer_iter) {
            self.add_energies(plane, &mut scratch, &mut out)?;
        }
        let planes = (images.len_of(Axis(0)) * images.len_of(Axis(1))).max(1);
        for energy in &mut out {
            *energy /= planes as f64;
        }
        Ok(out)
    }

    /// Adds the energies of a plane to `out` `[M + 1]`. Only `scratch` is allocated, once; it can be reused for
    /// planes of any size.
    pub fn add_energies<T: Copy + Into<f64>>(
        &self,
        plane: ArrayView2<T>,
        scratch: &mut Vec<f64>,
        out: &mut [f64],
    ) -> Result<(), SpectrumError> {
        SpectrumError::check(&[self.levels + 1], &[out.len()])?;
        self.load(plane, scratch)?;
        let (mut height, mut width) = self.grid;
        let pixels = (height * width) as f64;
        // Pixels of the grid that one value of the current level represents.
        let mut weight = 1.0;
        let (details, rest) = out.split_at_mut(self.levels);
        for energy in details {
            // The lost energy is the scatter of the values about their block's mean, so nothing cancels.
            let lost = pool_in_place(scratch, (height, width), self.factor);
            *energy += lost * weight / pixels;
            (height, width) = (height / self.factor, width / self.factor);
            weight *= (self.factor * self.factor) as f64;
        }
        rest[0] += scratch[..height * width].iter().map(|value| value * value).sum::<f64>() * weight / pixels;
        Ok(())
    }

    /// Band `m` of a plane `[H, W]`, where `m = M` is the rest band; an image of [`Self::output_size`].
    pub fn isolate<T: Copy + Into<f64>>(&self, plane: ArrayView2<T>, m: usize) -> Result<Array2<f64>, SpectrumError> {
        if m > self.levels {
            let expected = format!("a band from 0 to {}", self.levels);
            return Err(SpectrumError::Shape { expected, found: m.to_string() });
        }
        let mut values = Vec::new();
        self.load(plane, &mut values)?;
        let (mut shape, mut block) = (self.grid, 1);
        let mut pool_once = |values: &mut Vec<f64>| {
            pool_in_place(values, shape, self.factor);
            shape = (shape.0 / self.factor, shape.1 / self.factor);
            block *= self.factor;
            values.truncate(shape.0 * shape.1);
            (shape.1, block)
        };
        let mut fine = (self.grid.1, 1);
        for _ in 0..m {
            fine = pool_once(&mut values);
        }
        let mut coarse_values = values.clone();
        let coarse = (m < self.levels).then(|| pool_once(&mut coarse_values));
        let at =
            |values: &[f64], (width, block): (usize, usize), y: usize, x: usize| values[y / block * width + x / block];
        Ok(Array2::from_shape_fn(self.output_size(), |(y, x)| {
            at(&values, fine, y, x) - coarse.map_or(0.0, |coarse| at(&coarse_values, coarse, y, x))
        }))
    }

    /// All M + 1 bands of a plane, finest first; they sum to it (to the cropped plane with [`Fit::Crop`]).
    pub fn split<T: Copy + Into<f64>>(&self, plane: ArrayView2<T>) -> Result<Vec<Array2<f64>>, SpectrumError> {
        (0..=self.levels).map(|m| self.isolate(plane, m)).collect()
    }

    /// The grid's values, row by row.
    fn load<T: Copy + Into<f64>>(&self, plane: ArrayView2<T>, values: &mut Vec<f64>) -> Result<(), SpectrumError> {
        SpectrumError::check(&[self.size.0, self.size.1], plane.shape())?;
        values.clear();
        let (kept, repeated) = (self.size.1.min(self.grid.1), self.grid.1.saturating_sub(self.size.1));
        for y in 0..self.grid.0 {
            let row = plane.row(y.min(self.size.0 - 1));
            values.extend(row.iter().take(kept).map(|&value| value.into()));
            let last = row[self.size.1 - 1].into();
            values.extend(std::iter::repeat_n(last, repeated));
        }
        Ok(())
    }
}

/// Pools row-major values by `factor` into the front of the same slice. Returns the sum over all values of their
/// squared distance to their block's mean.
fn pool_in_place(values: &mut [f64], (height, width): (usize, usize), factor: usize) -> f64 {
    if factor == 2 {
        return pool_by_two(values, (height, width));
    }
    let (rows, columns) = (height / factor, width / factor);
    let norm = ((factor * factor) as f64).recip();
    let mut scatter = 0.0;
    for row in 0..rows {
        for column in 0..columns {
            let line = |dy: usize| {
                let start = (row * factor + dy) * width + column * factor;
                start..start + factor
            };
            let mean = (0..factor).map(|dy| values[line(dy)].iter().sum::<f64>()).sum::<f64>() * norm;
            let about = |value: &f64| (value - mean) * (value - mean);
            scatter += (0..factor).map(|dy| values[line(dy)].iter().map(about).sum::<f64>()).sum::<f64>();
            // Always before the blocks that are still to be read.
            values[row * columns + column] = mean;
        }
    }
    scatter
}

/// The same for factor 2, a row of blocks at a time.
fn pool_by_two(values: &mut [f64], (height, width): (usize, usize)) -> f64 {
    let columns = width / 2;
    let mut scatter = 0.0;
    let mut begin = 0;
    for row in 0..height / 2 {
        let start = 2 * row * width;
        // Writes stay behind reads, except in the first row, which is read from left to right.
        for column in 0..columns {
            let at = start + 2 * column;
            let (Some(&[a, b]), Some(&[c, d])) =
                (values[at..].first_chunk::<2>(), values[at + width..].first_chunk::<2>())
            else {
                continue;
            };
            let mean = 0.25 * ((a + b) + (c + d));
            let [a, b, c, d] = [a - mean, b - mean, c - mean, d - mean];
            scatter += (a * a + b * b) + (c * c + d * d);
            values[begin + column] = mean;
        }
        begin += columns;
    }
    scatter
}

/// `D_n x`, the mean over blocks of n×n. Both sides must be multiples of n.
pub fn pool<T: Copy + Into<f64>>(plane: ArrayView2<T>, factor: usize) -> Result<Array2<f64>, SpectrumError> {
    let (height, width) = plane.dim();
    if factor == 0 || height % factor != 0 || width % factor != 0 {
        let expected = format!("sides that {factor} divides");
        return Err(SpectrumError::Shape { expected, found: format!("{height}x{width}") });
    }
    let norm = ((factor * factor) as f64).recip();
    Ok(Array2::from_shape_fn((height / factor, width / factor), |(row, column)| {
        let (y, x) = (row * factor, column * factor);
        plane.slice(s![y..y + factor, x..x + factor]).iter().map(|&value| value.into()).sum::<f64>() * norm
    }))
}

/// `U_n x`, each pixel repeated n×n times.
#[must_use]
pub fn upsample(plane: ArrayView2<f64>, factor: usize) -> Array2<f64> {
    let (height, width) = plane.dim();
    Array2::from_shape_fn((height * factor, width * factor), |(y, x)| plane[[y / factor, x / factor]])
}

/// Variance per pixel of unit white noise in band `m` of `levels` detail bands: `n^{−2m}(1 − n^{−2})`, and `n^{−2M}` in
/// the rest band, `m = levels`.
#[must_use]
pub fn white_noise_variance(factor: usize, m: usize, levels: usize) -> f64 {
    let kept = (factor as f64).powi(-2);
    let here = (0..m).fold(1.0, |variance, _| variance * kept);
    if m < levels { here * (1.0 - kept) } else { here }
}

#[cfg(test)]
mod tests {
    use super::super::test_images::noise;
    use super::*;
    use proptest::prelude::*;

    fn dot(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
        (a * b).mean().unwrap()
    }

    proptest! {
        /// Bands sum to the image, are orthogonal on the grid, and their energies are those of `energies`.
        #[test]
        fn bands_are_orthogonal_and_additive(
            height in 1_usize..40, width in 1_usize..40, factor in 2_usize..5, levels in 1_usize..6, seed in 0_u64..99,
            crop in any::<bool>(),
        ) {
            let fit = if crop { Fit::Crop } else { Fit::Pad };
            let Ok(plan) = BandPlan::new(height, width, factor, levels, fit) else {
                let most = (1..99).take_while(|&m| factor.pow(m) <= height.min(width)).count();
                prop_assert!(levels > most);
                return Ok(());
            };
            let image = noise(height, width, seed);
            let bands = plan.split(image.view()).unwrap();
            let sum = bands.iter().fold(Array2::zeros(plan.output_size()), |sum, band| sum + band);
            let (rows, columns) = plan.output_size();
            let kept = image.slice(s![..rows, ..columns]);
            prop_assert!(sum.iter().zip(&kept).all(|(a, b): (&f64, &f64)| (a - b).abs() < 1e-12));
            prop_assert!(!crop || (rows, columns) == plan.grid());
            prop_assert!(crop || (rows, columns) == (height, width));

            let mut whole = noise(plan.grid().0, plan.grid().1, 0);
            for ((y, x), value) in whole.indexed_iter_mut() {
                *value = image[[y.min(height - 1), x.min(width - 1)]];
            }
            let exact = BandPlan::new(plan.grid().0, plan.grid().1, factor, levels, fit).unwrap();
            let bands = exact.split(whole.view()).unwrap();
            let energies = plan.energies(image.view()).unwrap();
            for (a, energy) in energies.iter().enumerate() {
                prop_assert!((dot(&bands[a], &bands[a]) - energy).abs() < 1e-12);
                for b in 0..a {
                    prop_assert!(dot(&bands[a], &bands[b]).abs() < 1e-12);
                }
            }
            let mean_square = dot(&whole, &whole);
            prop_assert!((energies.iter().sum::<f64>() - mean_square).abs() < 1e-12 * mean_square.max(1.0));
        }
    }

    #[test]
    fn pooling_undoes_upsampling() {
        let image = noise(5, 7, 1);
        let large = upsample(image.view(), 3);
        assert_eq!(large.dim(), (15, 21));
        let back = pool(large.view(), 3).unwrap();
        assert!(back.iter().zip(&image).all(|(a, b)| (a - b).abs() < 1e-14));
        assert!(pool(large.view(), 2).is_err());
    }

    #[test]
    fn bands_are_what_their_definition_says() {
        let image = noise(18, 36, 2);
        let plan = BandPlan::new(18, 36, 3, 2, Fit::Crop).unwrap();
        let low = |block| upsample(pool(image.view(), block).unwrap().view(), block);
        let definition = [&image - &low(3), low(3) - low(9), low(9)];
        for (band, expected) in plan.split(image.view()).unwrap().iter().zip(&definition) {
            assert!(band.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-13));
        }
    }

    #[test]
    fn white_noise_fills_bands_by_their_size() {
        let plan = BandPlan::new(64, 64, 2, 5, Fit::Pad).unwrap();
        let mut energies = vec![0.0; 6];
        for seed in 0..200 {
            plan.add_energies(noise(64, 64, seed).view(), &mut Vec::new(), &mut energies).unwrap();
        }
        for (m, energy) in energies.iter().enumerate() {
            let expected = white_noise_variance(2, m, 5);
            // 200 planes with 64²·N_m independent coefficients each.
            let error = (2.0 / (200.0 * 4096.0 * expected)).sqrt();
            assert!((energy / 200.0 / expected - 1.0).abs() < 5.0 * error, "band {m}: {energy} {expected}");
        }
        let images = ndarray::Array4::from_shape_fn([2, 3, 64, 64], |(b, c, ..)| (b + c) as f32);
        let flat = plan.mean_energies(images.view()).unwrap();
        assert_eq!(flat, [0.0, 0.0, 0.0, 0.0, 0.0, 19.0 / 6.0]);
        let total: f64 = (0..=5).map(|m| white_noise_variance(2, m, 5)).sum();
        assert_eq!(total, 1.0);
    }
}
