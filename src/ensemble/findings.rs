use super::{Agreement, Calibration, DataStatistics, Ensemble, EnsembleError, Measured, Prediction, Quantity};
use crate::theory::Measure;
use std::sync::Arc;

/// Steps whose two largest predicted shares are no further apart have no dominant level to agree on.
pub const MARGIN: f64 = 0.1;

/// An ensemble with everything derived from it, computed once for the window and the command line.
#[derive(Clone, Debug, PartialEq)]
pub struct Findings {
    /// What was measured.
    pub ensemble: Arc<Ensemble>,
    /// The images that theory is calibrated on, where they are not the ensemble's own.
    pub data: Option<Arc<DataStatistics>>,
    /// The measured chromatogram.
    pub measured: Measured,
    comparisons: Vec<Comparison>,
    expected: Vec<Vec<f64>>,
    data_psd: Vec<f64>,
}

/// One theory and measure against what was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What the theory knows of the data.
    pub calibration: Calibration,
    /// Power or amplitude.
    pub measure: Measure,
    /// What it expects.
    pub prediction: Prediction,
    /// How far that agrees.
    pub agreement: Agreement,
}

impl Findings {
    /// Of an ensemble that has samples. Takes some tens of milliseconds.
    pub fn of(ensemble: Arc<Ensemble>, data: Option<Arc<DataStatistics>>) -> Result<Self, EnsembleError> {
        let measured = ensemble.measured();
        let mut comparisons = Vec::new();
        for calibration in Calibration::ALL {
            for measure in [Measure::Power, Measure::Amplitude] {
                let prediction = Prediction::of(&ensemble, calibration, measure, data.as_deref())?;
                let agreement = measured.agreement(&prediction, MARGIN);
                comparisons.push(Comparison { calibration, measure, prediction, agreement });
            }
        }
        let expected = Quantity::ALL.into_iter().map(|quantity| ensemble.expected_psd(quantity, data.as_deref()));
        let expected = expected.collect::<Result<_, _>>()?;
        let data_psd = data.as_deref().unwrap_or(ensemble.images()).rapsd()?;
        Ok(Self { ensemble, data, measured, comparisons, expected, data_psd })
    }

    /// Every theory, power before amplitude.
    #[must_use]
    pub fn comparisons(&self) -> &[Comparison] {
        &self.comparisons
    }

    /// One theory and measure.
    #[must_use]
    pub fn comparison(&self, calibration: Calibration, measure: Measure) -> Option<&Comparison> {
        self.comparisons.iter().find(|at| at.calibration == calibration && at.measure == measure)
    }

    /// Spectra that theory expects, `[rows, F]`; see [`Ensemble::expected_psd`].
    #[must_use]
    pub fn expected_psd(&self, quantity: Quantity) -> &[f64] {
        Quantity::ALL.iter().position(|&other| other == quantity).map_or(&[], |index| &self.expected[index])
    }

    /// Radially averaged spectrum of the data, `[F]`.
    #[must_use]
    pub fn data_psd(&self) -> &[f64] {
        &self.data_psd
    }

    /// The same of one channel, which of a folder's images is not known.
    #[must_use]
    pub fn data_psd_of(&self, channel: Option<usize>) -> Option<&[f64]> {
        let (form, steps) = (self.ensemble.form(), self.ensemble.steps());
        match channel {
            Some(channel) if channel < form.channels => {
                let series = form.series_of(Some(channel));
                self.data.is_none().then(|| self.ensemble.psd(Quantity::State, steps, series))
            }
            _ => Some(&self.data_psd),
        }
    }

    /// How this ensemble differs from another of images of the same size: with the same resolution levels the root mean square
    /// difference of `r_m`, at the noise levels that both have and in steps that tell of shares in both, and that of the
    /// spectra of the final images in dB.
    #[must_use]
    pub fn against(&self, other: &Self) -> Option<Difference> {
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
        let last = |ensemble: &Ensemble| ensemble.psd(Quantity::State, ensemble.steps(), 0).to_vec();
        let decibel = last(here).into_iter().zip(last(there)).map(|(here, there)| 10.0 * (here / there).log10());
        Some(Difference {
            power: shares(Measure::Power),
            amplitude: shares(Measure::Amplitude),
            final_db: root_mean_square(decibel),
        })
    }
}

/// How two ensembles differ, as root mean squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Of `r_m` (power), over steps and levels; `None` where no step compares.
    pub power: Option<Apart>,
    /// Of `r_m` (amplitude).
    pub amplitude: Option<Apart>,
    /// Of the spectra of the final images, over rings, dB.
    pub final_db: Option<f64>,
}

/// How far the shares of two ensembles are apart, and in how much of the run that could be told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Apart {
    /// Root mean square difference of `r_m` over these steps and all levels.
    pub rms: f64,
    /// Steps of the first that compare: both come to their noise level and tell of shares there.
    pub steps: usize,
    /// Steps that the first was measured in.
    pub of: usize,
}

fn root_mean_square(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) =
        values.filter(|value| value.is_finite()).fold((0.0, 0_usize), |(sum, n), v| (sum + v * v, n + 1));
    (count > 0).then(|| (sum / count as f64).sqrt())
}

/// Differences of `r_m` in each of this one's steps in which there are any; the other's are taken between its own.
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
