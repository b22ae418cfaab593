/// Mean and variance of a stream of vectors (Welford 1962), in memory of one vector.
///
/// ```
/// use chromascope::spectrum::Running;
/// let mut running = Running::new(1);
/// [1.0, 2.0, 4.0].iter().for_each(|&value| running.push(&[value]));
/// assert!((running.mean()[0] - 7.0 / 3.0).abs() < 1e-12);
/// assert!((running.variance()[0] - 7.0 / 3.0).abs() < 1e-12);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    count: usize,
    mean: Vec<f64>,
    /// Sums of squared differences from the mean.
    squares: Vec<f64>,
}

impl Running {
    /// For vectors of this length, initially empty.
    #[must_use]
    pub fn new(length: usize) -> Self {
        Self { count: 0, mean: vec![0.0; length], squares: vec![0.0; length] }
    }

    /// From saved values: [`count`](Self::count), [`mean`](Self::mean) and [`variance`](Self::variance). Only the shorter of
    /// the two lengths is used.
    #[must_use]
    pub fn from_moments(count: usize, mean: &[f64], variance: &[f64]) -> Self {
        let freedom = count.saturating_sub(1) as f64;
        let squares = |(_, variance): (&f64, &f64)| if count > 1 { variance * freedom } else { 0.0 };
        let squares: Vec<f64> = mean.iter().zip(variance).map(squares).collect();
        Self { count, mean: mean[..squares.len()].to_vec(), squares }
    }

    /// Adds one vector. Only the shorter of the two lengths is used.
    pub fn push(&mut self, values: &[f64]) {
        self.count += 1;
        let count = self.count as f64;
        for ((mean, squares), value) in self.mean.iter_mut().zip(&mut self.squares).zip(values) {
            let before = value - *mean;
            *mean += before / count;
            *squares += before * (value - *mean);
        }
    }

    /// Adds everything another has counted (Chan, Golub and LeVeque 1979).
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let (here, there) = (self.count as f64, other.count as f64);
        let total = here + there;
        let own = self.mean.iter_mut().zip(&mut self.squares);
        for ((mean, squares), (other_mean, other_squares)) in own.zip(other.mean.iter().zip(&other.squares)) {
            let apart = other_mean - *mean;
            *mean += apart * there / total;
            *squares += other_squares + apart * apart * here * there / total;
        }
        self.count += other.count;
    }

    /// Number of vectors.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The mean; zeros if there are no vectors.
    #[must_use]
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The unbiased variance; NaN for fewer than two vectors.
    #[must_use]
    pub fn variance(&self) -> Vec<f64> {
        let freedom = if self.count > 1 { (self.count - 1) as f64 } else { f64::NAN };
        self.squares.iter().map(|squares| squares / freedom).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_two_pass_formula_however_it_is_split(
            values in prop::collection::vec(-1e3..1e3_f64, 2..60), cut in 0_usize..60, offset in -1e6..1e6_f64,
        ) {
            let values: Vec<f64> = values.iter().map(|value| value + offset).collect();
            let of = |values: &[f64]| {
                let mut running = Running::new(1);
                for &value in values {
                    running.push(&[value]);
                }
                running
            };
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
            let cut = cut.min(values.len());
            let mut merged = of(&values[..cut]);
            merged.merge(&of(&values[cut..]));
            for running in [of(&values), merged] {
                prop_assert_eq!(running.count(), values.len());
                prop_assert!((running.mean()[0] - mean).abs() <= 1e-9 * (1.0 + mean.abs()));
                prop_assert!((running.variance()[0] - variance).abs() <= 1e-6 * (1.0 + variance));
            }
        }
    }

    #[test]
    fn one_sample_has_no_variance() {
        let mut running = Running::new(2);
        running.merge(&Running::new(2));
        running.push(&[1.0, 2.0]);
        assert_eq!((running.mean(), running.variance()[0].is_nan()), (&[1.0, 2.0][..], true));
    }
}
