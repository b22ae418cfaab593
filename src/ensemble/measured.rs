use super::form::RecordLayout;
use super::{Ensemble, Prediction};
use crate::spectrum::Running;
use crate::theory::{Measure, dominant_level};

/// A step with less than this part of the largest step's growth has no known shares.
const LEAST_GROWTH: f64 = 1e-6;

/// A step in which all levels together gained less than this many of its standard errors has no known shares either: they
/// would be ratios of noise.
pub const LEAST_ERRORS: f64 = 2.0;

/// The measured chromatogram: the gain of each level in each step, `[S − 1, M]` row by row, finest level first.
///
/// Row i is the step from `x̂_i` to `x̂_{i+1}`. Power: differences of the bands' energies over their sum. Amplitude: root
/// squares of the bands of `x̂_{i+1} − x̂_i` over their sum. NaN if nothing was gained.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    levels: usize,
    power: MeasureShares,
    amplitude: MeasureShares,
}

#[derive(Clone, Debug, PartialEq)]
struct MeasureShares {
    values: Vec<f64>,
    errors: Vec<f64>,
    /// Standard errors per row, all bands together; NaN if the gain does not differ from zero.
    rest: Vec<f64>,
    /// Whether the gain of all levels together differs from zero, per row.
    tells: Vec<bool>,
}

/// `r_m` of one set of mean band energies.
struct MeanShares {
    /// `[S − 1, M]`.
    values: Vec<f64>,
    /// The rest band's share, `[S − 1]`.
    rest: Vec<f64>,
    /// The gain of all levels, then that of all levels and the rest together, `[2 (S − 1)]`.
    sums: Vec<f64>,
}

impl Measured {
    pub(super) fn of(ensemble: &Ensemble) -> Self {
        let form = ensemble.form;
        let means = &ensemble.running.mean()[form.all_bands()];
        let rows = form.changes();
        let levels = form.bands - 1;
        // One sample, drawn any number of times, has no spread.
        let known = ensemble.samples() > 1;
        let of = |measure| {
            let (mut of_values, mut of_sums) = (Running::new(rows * levels), Running::new(2 * rows));
            for replica in ensemble.replicas.means() {
                let replica = shares(form, &replica, measure);
                of_values.push(&replica.values);
                of_sums.push(&replica.sums);
            }
            let found = shares(form, means, measure);
            let error = |variance: &f64| if known { variance.sqrt() } else { f64::NAN };
            // Without a known error the value itself decides.
            let differs = |(sum, variance): (&f64, &f64)| !known || sum.abs() >= LEAST_ERRORS * variance.sqrt();
            let differ: Vec<bool> = found.sums.iter().zip(&of_sums.variance()).map(differs).collect();
            let (details, all) = differ.split_at(rows);
            let defined = |row: usize| found.values[row * levels..(row + 1) * levels].iter().all(|r| r.is_finite());
            MeasureShares {
                errors: of_values.variance().iter().map(error).collect(),
                rest: found
                    .rest
                    .iter()
                    .zip(all)
                    .map(|(rest, differs)| if *differs { *rest } else { f64::NAN })
                    .collect(),
                tells: details.iter().enumerate().map(|(row, differs)| *differs && defined(row)).collect(),
                values: found.values,
            }
        };
        Self { levels, power: of(Measure::Power), amplitude: of(Measure::Amplitude) }
    }

    fn shares(&self, measure: Measure) -> &MeasureShares {
        match measure {
            Measure::Power => &self.power,
            Measure::Amplitude => &self.amplitude,
        }
    }

    /// M.
    #[must_use]
    pub const fn levels(&self) -> usize {
        self.levels
    }

    /// `r_m`, `[S − 1, M]`.
    #[must_use]
    pub fn values(&self, measure: Measure) -> &[f64] {
        &self.shares(measure).values
    }

    /// Standard errors of [`values`](Self::values) over the samples, by the bootstrap; NaN for one sample.
    #[must_use]
    pub fn errors(&self, measure: Measure) -> &[f64] {
        &self.shares(measure).errors
    }

    /// Whether a step has known shares, `[S − 1]`: the gain of all levels together exceeds zero by more than
    /// [`LEAST_ERRORS`] standard errors, if those are known.
    #[must_use]
    pub fn tells(&self, measure: Measure) -> &[bool] {
        &self.shares(measure).tells
    }

    /// [`values`](Self::values) in the steps with known shares and NaN in the others: what is drawn and compared.
    #[must_use]
    pub fn telling_values(&self, measure: Measure) -> Vec<f64> {
        let MeasureShares { values, tells, .. } = self.shares(measure);
        let rows = values.chunks_exact(self.levels.max(1)).zip(tells);
        rows.flat_map(|(row, tells)| row.iter().map(|&r| if *tells { r } else { f64::NAN })).collect()
    }

    /// The rest band's share of the gain of all bands, `[S − 1]`; NaN if that gain does not differ from zero.
    #[must_use]
    pub fn rest(&self, measure: Measure) -> &[f64] {
        &self.shares(measure).rest
    }

    /// How well a prediction agrees, over the steps [with known shares](Self::tells). Steps whose two largest predicted
    /// shares differ by at most `margin` have no
    /// dominant level to compare.
    #[must_use]
    pub fn agreement(&self, prediction: &Prediction, margin: f64) -> Agreement {
        let found = self.telling_values(prediction.measure());
        let found = found.chunks_exact(self.levels);
        let expected = prediction.rows().chunks_exact(self.levels);
        let (mut squares, mut values) = (0.0, 0_usize);
        let mut agreement = Agreement {
            rms: f64::NAN,
            steps: self.tells(prediction.measure()).len(),
            left_out: self.tells(prediction.measure()).iter().filter(|tells| !**tells).count(),
            agreeing: 0,
            compared: 0,
            disagreements: Vec::new(),
        };
        for (step, (found, expected)) in found.zip(expected).enumerate() {
            for difference in found.iter().zip(expected).map(|(found, expected)| found - expected) {
                if difference.is_finite() {
                    squares += difference * difference;
                    values += 1;
                }
            }
            let (Some(here), Some(there)) = (dominant_level(found), dominant_level(expected)) else { continue };
            let others = expected.iter().enumerate().filter(|(m, _)| *m != there).map(|(_, share)| *share);
            if expected[there] - others.fold(f64::NEG_INFINITY, f64::max) <= margin {
                continue;
            }
            agreement.compared += 1;
            if here == there {
                agreement.agreeing += 1;
            } else {
                let by = found[here] - found[there];
                agreement.disagreements.push(Disagreement { step, measured: here, predicted: there, by });
            }
        }
        if values > 0 {
            agreement.rms = (squares / values as f64).sqrt();
        }
        agreement
    }
}

/// `r_m` of mean band energies laid out as in [`RecordLayout::all_bands`].
fn shares(form: RecordLayout, means: &[f64], measure: Measure) -> MeanShares {
    let (bands, rows) = (form.bands, form.changes());
    let (x0, change) = means.split_at(form.steps * bands);
    let growth = |row: usize| -> Vec<f64> {
        let at = |row: usize| row * bands..(row + 1) * bands;
        match measure {
            Measure::Power => x0[at(row + 1)].iter().zip(&x0[at(row)]).map(|(after, before)| after - before).collect(),
            Measure::Amplitude => change[at(row)].iter().map(|energy| energy.sqrt()).collect(),
        }
    };
    let growths: Vec<Vec<f64>> = (0..rows).map(growth).collect();
    let sum = |growth: &[f64]| growth[..bands - 1].iter().sum::<f64>();
    let largest = growths.iter().map(|growth| sum(growth).abs()).fold(0.0, f64::max);
    let mut values = Vec::with_capacity(rows * (bands - 1));
    let mut rest = Vec::with_capacity(rows);
    for growth in &growths {
        let details = sum(growth);
        let defined = details.abs() > LEAST_GROWTH * largest;
        values.extend(growth[..bands - 1].iter().map(|growth| if defined { growth / details } else { f64::NAN }));
        rest.push(if defined { growth[bands - 1] / (details + growth[bands - 1]) } else { f64::NAN });
    }
    let all = |growth: &Vec<f64>| growth.iter().sum::<f64>();
    let sums = growths.iter().map(|growth| sum(growth)).chain(growths.iter().map(all)).collect();
    MeanShares { values, rest, sums }
}

/// How well measurement and theory agree.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreement {
    /// Root mean square of the differences of `r_m` over all levels and the steps that are not excluded.
    pub rms: f64,
    /// Measured steps.
    pub steps: usize,
    /// Excluded steps, in which the gain of all levels together does not differ from zero.
    pub left_out: usize,
    /// Steps whose largest measured level is the predicted one, among [`compared`](Self::compared).
    pub agreeing: usize,
    /// Steps with a dominant level in theory, excluded steps aside.
    pub compared: usize,
    /// The other steps among them, in which another level is dominant.
    pub disagreements: Vec<Disagreement>,
}

impl Agreement {
    /// The share of the compared steps that agree; NaN if there are none.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.agreeing as f64 / self.compared as f64
    }
}

/// A step in which the measured dominant level is not the predicted one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disagreement {
    /// The step, from `x̂_step` to the next; 0 the noisiest.
    pub step: usize,
    /// The measured dominant level.
    pub measured: usize,
    /// The predicted dominant level.
    pub predicted: usize,
    /// The measured share of the first minus that of the second.
    pub by: f64,
}
