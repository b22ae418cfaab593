use ndarray::ArrayView3;

/// Counts of values per bin and channel, like `numpy.histogram`: bins are half-open except the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// The start of the first bin and the end of the last.
    pub range: (f32, f32),
    /// `[channels][bins]`.
    pub counts: Vec<Vec<u32>>,
    /// Values below the range and above it, all channels together.
    pub outside: (u32, u32),
}

impl Histogram {
    /// The histogram of an image `[C, H, W]` over a range, which must not be empty. NaN are not counted.
    #[must_use]
    pub fn new(image: ArrayView3<f32>, range: (f32, f32), bins: usize) -> Self {
        let (low, high) = (f64::from(range.0), f64::from(range.1));
        let scale = bins as f64 / (high - low).max(f64::MIN_POSITIVE);
        let mut outside = (0, 0);
        let count = |plane: ndarray::ArrayView2<f32>| {
            let mut counts = vec![0_u32; bins];
            for &value in plane {
                let value = f64::from(value);
                if value < low {
                    outside.0 += 1;
                } else if value > high {
                    outside.1 += 1;
                } else if value.is_finite() {
                    #[expect(clippy::cast_sign_loss, reason = "not below the range")]
                    let bin = ((value - low) * scale) as usize;
                    counts[bin.min(bins - 1)] += 1;
                }
            }
            counts
        };
        let counts = image.outer_iter().map(count).collect();
        Self { range, counts, outside }
    }

    /// The largest count.
    #[must_use]
    pub fn most(&self) -> u32 {
        self.counts.iter().flatten().copied().max().unwrap_or(0)
    }

    /// The height of a count, in [0, 1], linear or by log(1 + count).
    #[must_use]
    pub fn height(&self, count: u32, logarithmic: bool) -> f32 {
        let (count, most) = (f64::from(count), f64::from(self.most().max(1)));
        let height = if logarithmic { count.ln_1p() / most.ln_1p() } else { count / most };
        height as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr3;

    /// `numpy.histogram([-1, -0.5, 0, 0.1, 0.5, 1, 2, -3], bins=4, range=(-1, 1))` gives `[1, 1, 2, 2]`.
    #[test]
    fn counts_are_those_of_numpy() {
        let image = arr3(&[[[-1.0, -0.5, 0.0, 0.1]], [[0.5, 1.0, 2.0, -3.0]]]);
        let histogram = Histogram::new(image.view(), (-1.0, 1.0), 4);
        assert_eq!(histogram.counts, [[1, 1, 2, 0], [0, 0, 0, 2]]);
        assert_eq!((histogram.outside, histogram.most()), ((1, 1), 2));
        let nan = Histogram::new(arr3(&[[[f32::NAN, 0.0]]]).view(), (-1.0, 1.0), 2);
        assert_eq!((nan.counts, nan.outside), (vec![vec![0, 1]], (0, 0)));
    }

    #[test]
    fn heights_are_linear_or_logarithmic() {
        let histogram = Histogram { range: (0.0, 1.0), counts: vec![vec![0, 9, 99]], outside: (0, 0) };
        assert_eq!([histogram.height(0, true), histogram.height(9, true), histogram.height(99, true)], [0.0, 0.5, 1.0]);
        assert!((histogram.height(9, false) - 1.0 / 11.0).abs() < 1e-6);
    }
}
