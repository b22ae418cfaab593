use super::{Agreement, Calibration, DataStatistics, Ensemble, EnsembleError, Measured, Prediction, Quantity, Space};
use crate::theory::Measure;
use std::sync::Arc;

/// If a step's two largest predicted shares are closer than this, it has no dominant level to compare.
pub const MARGIN: f64 = 0.1;

const NO_THEORY: &str = "there is no theory of decoded images: it is about white noise, which latents have and the images \
                         decoded from them do not";

/// An ensemble with everything derived from it, computed once for both the window and the command line.
#[derive(Clone, Debug, PartialEq)]
pub struct Findings {
    /// The measurement.
    pub ensemble: Arc<Ensemble>,
    /// The images that calibrate the theories, if not the ensemble's own.
    pub data: Option<Arc<DataStatistics>>,
    /// The measured chromatogram.
    pub measured: Measured,
    comparisons: Vec<TheoryComparison>,
    expected: Vec<Vec<f64>>,
    data_psd: Vec<f64>,
    decoded: Option<Arc<Self>>,
}

/// A theory with one measure, compared with the measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct TheoryComparison {
    /// What the theory knows about the data.
    pub calibration: Calibration,
    /// Power or amplitude.
    pub measure: Measure,
    /// The prediction.
    pub prediction: Prediction,
    /// How well it agrees.
    pub agreement: Agreement,
}

impl Findings {
    /// Derives the findings of an ensemble that has samples, and those of its decoded images. `data` are images of the
    /// size of the decoded ones, if the ensemble has them. Takes some tens of milliseconds.
    pub fn of(ensemble: Arc<Ensemble>, data: Option<Arc<DataStatistics>>) -> Result<Self, EnsembleError> {
        let decoded = ensemble.decoded().filter(|decoded| decoded.samples() > 0).cloned();
        let (data, of_decoded) = if ensemble.decoded().is_some() { (None, data) } else { (data, None) };
        let decoded = decoded.map(|decoded| Self::of_one(decoded, of_decoded)).transpose()?;
        Ok(Self { decoded: decoded.map(Arc::new), ..Self::of_one(ensemble, data)? })
    }

    fn of_one(ensemble: Arc<Ensemble>, data: Option<Arc<DataStatistics>>) -> Result<Self, EnsembleError> {
        let measured = ensemble.measured();
        let mut comparisons = Vec::new();
        let has_theory = ensemble.form().space == Space::Own;
        for calibration in Calibration::ALL.into_iter().filter(|_| has_theory) {
            for measure in [Measure::Power, Measure::Amplitude] {
                let prediction = Prediction::of(&ensemble, calibration, measure, data.as_deref())?;
                let agreement = measured.agreement(&prediction, MARGIN);
                comparisons.push(TheoryComparison { calibration, measure, prediction, agreement });
            }
        }
        let expected = Quantity::ALL.into_iter().map(|quantity| ensemble.expected_psd(quantity, data.as_deref()));
        let expected = expected.collect::<Result<_, _>>()?;
        let data_psd = data.as_deref().unwrap_or(ensemble.images()).rapsd()?;
        Ok(Self { ensemble, data, measured, comparisons, expected, data_psd, decoded: None })
    }

    /// The findings of the decoded images, if there are any.
    #[must_use]
    pub const fn decoded(&self) -> Option<&Arc<Self>> {
        self.decoded.as_ref()
    }

    /// The images of a folder that stand beside these or the decoded ones.
    #[must_use]
    pub fn folder_data(&self) -> Option<&Arc<DataStatistics>> {
        self.data.as_ref().or_else(|| self.decoded.as_ref()?.data.as_ref())
    }

    /// Why there is no theory; `None` if there is.
    #[must_use]
    pub fn no_theory(&self) -> Option<&'static str> {
        (self.ensemble.form().space == Space::Decoded).then_some(NO_THEORY)
    }

    /// All predictions, power before amplitude.
    #[must_use]
    pub fn comparisons(&self) -> &[TheoryComparison] {
        &self.comparisons
    }

    /// One prediction.
    #[must_use]
    pub fn comparison(&self, calibration: Calibration, measure: Measure) -> Option<&TheoryComparison> {
        self.comparisons.iter().find(|at| at.calibration == calibration && at.measure == measure)
    }

    /// Spectra predicted by theory, `[rows, F]`; see [`Ensemble::expected_psd`].
    #[must_use]
    pub fn expected_psd(&self, quantity: Quantity) -> &[f64] {
        Quantity::ALL.iter().position(|&other| other == quantity).map_or(&[], |index| &self.expected[index])
    }

    /// Radially averaged spectrum of the data, `[F]`.
    #[must_use]
    pub fn data_psd(&self) -> &[f64] {
        &self.data_psd
    }

    /// The same for one channel; `None` for images of a folder, whose channels are unknown.
    #[must_use]
    pub fn data_psd_of(&self, channel: Option<usize>) -> Option<&[f64]> {
        let form = self.ensemble.form();
        match channel {
            Some(channel) if channel < form.channels => {
                let series = form.series_of(Some(channel));
                self.data.is_none().then(|| self.ensemble.final_psd(series))
            }
            _ => Some(&self.data_psd),
        }
    }

    /// The difference between this ensemble and another of images of the same size. With the same resolution levels it has the root
    /// mean square difference of `r_m`, at the noise levels that both have and in steps with known shares in both; and that of the
    /// spectra of the final images in dB.
    #[must_use]
    pub fn against(&self, other: &Self) -> Option<EnsembleDifference> {
        let (here, there) = (&self.ensemble, &other.ensemble);
        if here.form().rings != there.form().rings {
            return None;
        }
        let shares = |measure| {
            let alike = self.other_levels(other).is_none();
            let rows = alike.then(|| shares_apart(self, other, measure))?;
            let of = self.measured.tells(measure).len();
            Some(Apart { rms: root_mean_square(rows.iter().flatten().copied())?, steps: rows.len(), of })
        };
        let last = |ensemble: &Ensemble| ensemble.final_psd(0).to_vec();
        let decibel = last(here).into_iter().zip(last(there)).map(|(here, there)| 10.0 * (here / there).log10());
        Some(EnsembleDifference {
            power: shares(Measure::Power),
            amplitude: shares(Measure::Amplitude),
            final_db: root_mean_square(decibel),
        })
    }
}

/// The difference between two ensembles, as root mean squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnsembleDifference {
    /// In `r_m` (power), over steps and levels; `None` if no steps can be compared.
    pub power: Option<Apart>,
    /// In `r_m` (amplitude).
    pub amplitude: Option<Apart>,
    /// In the spectra of the final images, over rings, dB.
    pub final_db: Option<f64>,
}

/// The difference between the shares of two ensembles, and the steps it is known for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Apart {
    /// Root mean square difference of `r_m` over these steps and all levels.
    pub rms: f64,
    /// Compared steps of the first: both ensembles reach their noise level and have known shares there.
    pub steps: usize,
    /// Measured steps of the first.
    pub of: usize,
}

fn root_mean_square(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) =
        values.filter(|value| value.is_finite()).fold((0.0, 0_usize), |(sum, n), v| (sum + v * v, n + 1));
    (count > 0).then(|| (sum / count as f64).sqrt())
}

/// Differences of `r_m` in each of this ensemble's comparable steps; the other's shares are interpolated between its own steps.
fn shares_apart(here: &Findings, there: &Findings, measure: Measure) -> Vec<Vec<f64>> {
    let levels = here.measured.levels();
    let values = there.measured.telling_values(measure);
    let mut apart = Vec::new();
    for (row, own) in here.measured.telling_values(measure).chunks_exact(levels).enumerate() {
        let time = here.ensemble.flow_time(Quantity::Change, row);
        let Some((before, after, part)) = there.ensemble.rows_around(Quantity::Change, time) else { continue };
        let at = |row: usize, m: usize| values[row * levels + m];
        let other =
            |m: usize| if before == after { at(after, m) } else { (1.0 - part) * at(before, m) + part * at(after, m) };
        let row: Vec<f64> = own.iter().enumerate().map(|(m, own)| own - other(m)).collect();
        if row.iter().all(|difference| difference.is_finite()) {
            apart.push(row);
        }
    }
    apart
}
