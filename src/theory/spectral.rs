//! The theory of data with a known spectrum. The signal-to-noise ratio is not flat within an octave, so each band is a sum over its
//! frequencies (docs/theory.md, section 8). Exact for stationary Gaussian data on the probability-flow ODE.

use super::{NoiseLevel, StepMeasure};

/// The power of every frequency and its weight in every band.
#[derive(Clone, Debug, PartialEq)]
pub struct SpectralTheory {
    /// ln S of each frequency with power above 0.
    log_power: Vec<f64>,
    /// `W_m·S/N_pix` of each of them, `[bands][frequencies]`.
    energy: Vec<Vec<f64>>,
}

impl SpectralTheory {
    /// `power` is S of each frequency `[K]` (density: unit white noise reads 1); `weight` of a band `[K]` is its response
    /// divided by the number of pixels, times the bins that an entry represents. Frequencies without power contribute
    /// nothing and are
    /// omitted.
    #[must_use]
    pub fn new(power: &[f64], weights: &[Vec<f64>]) -> Self {
        let kept: Vec<usize> = (0..power.len()).filter(|&k| power[k] > 0.0 && power[k].is_finite()).collect();
        let of_band = |weight: &Vec<f64>| kept.iter().map(|&k| weight[k] * power[k]).collect();
        Self { log_power: kept.iter().map(|&k| power[k].ln()).collect(), energy: weights.iter().map(of_band).collect() }
    }

    /// M + 1, the number of bands.
    #[must_use]
    pub fn bands(&self) -> usize {
        self.energy.len()
    }

    /// Energy of every band in `E[x_0|x_t]`, into `out` `[M + 1]`.
    pub fn energies(&self, level: NoiseLevel, out: &mut [f64]) {
        let recovered: Vec<f64> = self.recovered(level).map(NoiseLevel::alpha_bar).collect();
        for (out, energy) in out.iter_mut().zip(&self.energy) {
            *out = energy.iter().zip(&recovered).map(|(energy, share)| energy * share).sum();
        }
    }

    /// Growth of every band from one level to the next, into `out` `[M + 1]`: of its energy, or the root mean square of
    /// its change.
    pub fn growth(&self, from: NoiseLevel, to: NoiseLevel, measure: StepMeasure, out: &mut [f64]) {
        let decay = if from == to { 0.0 } else { -(from.log_snr() - to.log_snr()).exp_m1() };
        let gained: Vec<f64> = self
            .recovered(from)
            .zip(self.recovered(to))
            .map(|(before, after)| {
                let gained = after.alpha_bar() * before.one_minus_alpha_bar() * decay;
                match measure {
                    StepMeasure::Amplitude if gained > 0.0 => {
                        (gained / (after.sqrt_alpha_bar() + before.sqrt_alpha_bar())).powi(2)
                    }
                    _ => gained,
                }
            })
            .collect();
        for (out, energy) in out.iter_mut().zip(&self.energy) {
            let sum: f64 = energy.iter().zip(&gained).map(|(energy, gained)| energy * gained).sum();
            *out = if measure == StepMeasure::Power { sum } else { sum.sqrt() };
        }
    }

    /// The level at which ᾱ equals the recovered share of each frequency.
    fn recovered(&self, level: NoiseLevel) -> impl Iterator<Item = NoiseLevel> {
        self.log_power.iter().map(move |log_power| NoiseLevel::from_log_snr(level.log_snr() + log_power))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::{BandStatistics, Chromatogram};

    #[test]
    fn bands_of_one_frequency_each_are_the_flat_theory() {
        let (power, share) = ([0.3, 4.0, 70.0], [0.75, 0.2, 0.05]);
        let weights: Vec<Vec<f64>> =
            (0..3).map(|m| (0..3).map(|k| if k == m { share[m] } else { 0.0 }).collect()).collect();
        let spectral = SpectralTheory::new(&power, &weights);
        let bands: Vec<BandStatistics> =
            (0..3).map(|m| BandStatistics { gain: power[m], variance: power[m] * share[m] }).collect();
        let flat = Chromatogram::new(&bands, None).unwrap();
        let level = NoiseLevel::from_log_snr;
        for measure in [StepMeasure::Power, StepMeasure::Amplitude, StepMeasure::StochasticAmplitude] {
            for (from, to) in [(-40.0, -3.0), (-3.0, -2.9), (0.5, 40.0)] {
                let (mut found, mut expected) = ([0.0; 3], [0.0; 3]);
                spectral.growth(level(from), level(to), measure, &mut found);
                let sum: f64 = found.iter().sum();
                flat.step_shares(level(from), level(to), measure, &mut expected);
                for (found, expected) in found.iter().zip(&expected) {
                    assert!((found / sum - expected).abs() < 1e-12, "{measure:?} {found} {expected}");
                }
            }
        }
    }

    #[test]
    fn energies_grow_by_their_growth_to_the_whole() {
        let spectral = SpectralTheory::new(&[0.0, 2.0, 9.0], &[vec![0.5, 0.25, 0.1], vec![0.0, 0.1, 0.2]]);
        let (from, to) = (NoiseLevel::from_log_snr(-1.0), NoiseLevel::from_log_snr(f64::INFINITY));
        let (mut before, mut after, mut growth) = ([0.0; 2], [0.0; 2], [0.0; 2]);
        spectral.energies(from, &mut before);
        spectral.energies(to, &mut after);
        spectral.growth(from, to, StepMeasure::Power, &mut growth);
        assert_eq!(after, [2.0 * 0.25 + 9.0 * 0.1, 2.0 * 0.1 + 9.0 * 0.2]);
        assert!((0..2).all(|m| (before[m] + growth[m] - after[m]).abs() < 1e-14));
        assert_eq!(spectral.bands(), 2);
    }
}
