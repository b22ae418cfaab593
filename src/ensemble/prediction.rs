use super::{DataStatistics, Ensemble, EnsembleError, Quantity, Space};
use crate::spectrum::{Fft2, Rings, band_responses, white_noise_variance};
use crate::theory::gaussian::{change_power, expectation_power, noise_power, state_power};
use crate::theory::{BandStatistics, Calibration, Chromatogram, Measure, SpectralTheory, StepMeasure};

/// The chromatogram that a theory predicts for an ensemble's steps, over whole steps like the measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    measure: Measure,
    rows: Vec<f64>,
}

impl Prediction {
    /// The prediction for an ensemble's run. The theory is calibrated on `data`, or by default on the final images of
    /// the runs.
    pub fn of(
        ensemble: &Ensemble,
        calibration: Calibration,
        measure: Measure,
        data: Option<&DataStatistics>,
    ) -> Result<Self, EnsembleError> {
        let data = data.unwrap_or(&ensemble.images);
        let step_measure = match measure {
            Measure::Power => StepMeasure::Power,
            Measure::Amplitude if ensemble.injects_noise() => StepMeasure::StochasticAmplitude,
            Measure::Amplitude => StepMeasure::Amplitude,
        };
        let bands = ensemble.form.bands;
        let mut rows = Vec::new();
        let steps = ensemble.levels[..ensemble.steps()].windows(2);
        if calibration == Calibration::Spectral {
            let theory = spectral(data)?;
            let mut growth = vec![0.0; bands];
            for step in steps {
                theory.growth(step[0], step[1], step_measure, &mut growth);
                let sum: f64 = growth[..bands - 1].iter().sum();
                rows.extend(growth[..bands - 1].iter().map(|growth| growth / sum));
            }
        } else {
            let theory = match calibration {
                Calibration::Calibrated => calibrated(data)?,
                _ => Chromatogram::scale_invariant(ensemble.bands.factor(), bands - 1)?,
            };
            let mut row = vec![0.0; bands - 1];
            for step in steps {
                theory.step_shares(step[0], step[1], step_measure, &mut row);
                rows.extend_from_slice(&row);
            }
        }
        Ok(Self { measure, rows })
    }

    /// Power or amplitude.
    #[must_use]
    pub const fn measure(&self) -> Measure {
        self.measure
    }

    /// `r_m`, `[S − 1, M]`.
    #[must_use]
    pub fn rows(&self) -> &[f64] {
        &self.rows
    }
}

/// The theory for bands with the variances of the data.
pub(super) fn calibrated(data: &DataStatistics) -> Result<Chromatogram, EnsembleError> {
    let (factor, levels) = (data.plan.factor(), data.plan.levels());
    let variances = data.band_variances()?;
    let band = |(m, &variance): (usize, &f64)| {
        let noise = white_noise_variance(factor, m, levels);
        // A band without variance still needs a gain.
        BandStatistics { gain: (variance / noise).max(f64::MIN_POSITIVE), variance }
    };
    let bands: Vec<BandStatistics> = variances.iter().enumerate().map(band).collect();
    Ok(Chromatogram::new(&bands[..levels], Some(bands[levels]))?)
}

fn spectral(data: &DataStatistics) -> Result<SpectralTheory, EnsembleError> {
    let fft = data.fft()?;
    let (height, width) = fft.size();
    let mut weights = band_responses(&fft, &data.plan);
    for (bin, weight) in weights.iter_mut().flat_map(|band| band.iter_mut().enumerate()) {
        *weight *= fft.multiplicity(bin / height) as f64 / (height * width) as f64;
    }
    Ok(SpectralTheory::new(&data.spectrum()?, &weights))
}

impl Ensemble {
    /// The radially averaged spectra that theory predicts for a Gaussian prior with the spectrum of `data` (by default of the
    /// final images), `[rows, F]`. For a deterministic run they are those of the probability-flow ODE from
    /// unit noise. Decoded images have none: what is noise in latents is no white noise in them.
    pub fn expected_psd(&self, quantity: Quantity, data: Option<&DataStatistics>) -> Result<Vec<f64>, EnsembleError> {
        if self.form.space == Space::Decoded {
            return Ok(Vec::new());
        }
        let data = data.unwrap_or(&self.images);
        let fft: std::sync::Arc<Fft2> = data.fft()?;
        let rings = Rings::new(&fft);
        let spectrum = data.spectrum()?;
        let injected = self.injects_noise();
        // On the ODE x_t/√(ᾱS + 1 − ᾱ) is constant.
        let start = |power: f64| if injected { 1.0 } else { state_power(self.levels[0], power).recip() };
        let mut rows = Vec::new();
        for row in 0..quantity.rows(self.steps()) {
            let level = self.levels[row];
            let density = |&power: &f64| {
                let here = match quantity {
                    Quantity::State => state_power(level, power),
                    Quantity::Expectation => expectation_power(level, power),
                    Quantity::Change => change_power(level, self.levels[row + 1], power, injected),
                    Quantity::Noise => noise_power(level, power),
                };
                here * start(power)
            };
            let densities: Vec<f64> = spectrum.iter().map(density).collect();
            rows.extend(rings.mean_of(&fft, &densities));
        }
        Ok(rows)
    }
}
