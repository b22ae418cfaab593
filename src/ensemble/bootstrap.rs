use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, Poisson};

/// Replicas of a bootstrap over samples: enough for a standard error to within about 6 %.
pub(super) const REPLICAS: usize = 128;
const SEED: u64 = 0x6368_726f_6d61;

/// A streaming bootstrap: each replica counts each sample a Poisson number of times with mean 1 (Oza and Russell
/// 2001), drawn from the sample's number. All steps of a sample have the same weight, as they share one x_T.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Replicas {
    /// Sum of the weights per replica.
    pub weights: Vec<f64>,
    /// Weighted sums, `[replicas][length]`.
    pub sums: Vec<f64>,
}

impl Replicas {
    pub fn new(length: usize) -> Self {
        Self { weights: vec![0.0; REPLICAS], sums: vec![0.0; REPLICAS * length] }
    }

    /// Adds the values of sample number `sample`.
    pub fn push(&mut self, sample: usize, values: &[f64]) {
        let mut random = ChaCha8Rng::seed_from_u64(SEED ^ sample as u64);
        // A weight with mean 1.
        let Ok(poisson) = Poisson::new(1.0) else { return };
        for (sum, weight) in self.sums.chunks_exact_mut(values.len().max(1)).zip(&mut self.weights) {
            let times: f64 = poisson.sample(&mut random);
            if times > 0.0 {
                *weight += times;
                sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += times * value);
            }
        }
    }

    /// Whether the weights are possible for this many samples: whole numbers, together about this many per replica.
    pub fn could_be_of(&self, samples: usize) -> bool {
        let expected = (self.weights.len() * samples) as f64;
        let sum: f64 = self.weights.iter().sum();
        let whole = self.weights.iter().all(|weight| *weight >= 0.0 && weight.fract() == 0.0);
        // Ten standard deviations of a Poisson number.
        whole && (sum - expected).abs() <= 10.0 * expected.sqrt()
    }

    /// The mean values of each replica that has samples.
    pub fn means(&self) -> impl Iterator<Item = Vec<f64>> {
        let length = self.sums.len() / self.weights.len().max(1);
        self.sums
            .chunks_exact(length.max(1))
            .zip(&self.weights)
            .filter(|(_, weight)| **weight > 0.0)
            .map(|(sums, weight)| sums.iter().map(|sum| sum / weight).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectrum::Running;
    use rand_distr::StandardNormal;

    #[test]
    fn its_spread_is_the_standard_error_of_the_mean() {
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let (mut replicas, mut running) = (Replicas::new(2), Running::new(2));
        for sample in 0..400 {
            let x: f64 = StandardNormal.sample(&mut random);
            let values = [3.0 + 2.0 * x, 1.0 - x];
            replicas.push(sample, &values);
            running.push(&values);
        }
        let mut spread = Running::new(2);
        replicas.means().for_each(|mean| spread.push(&mean));
        assert_eq!(spread.count(), REPLICAS);
        for (index, variance) in running.variance().into_iter().enumerate() {
            let ratio = (spread.variance()[index] / (variance / 400.0)).sqrt();
            assert!((ratio - 1.0).abs() < 0.2, "{ratio}");
        }
    }
}
