//! The spectra of ensembles, beside those that theory expects and those of another ensemble.

use super::RunSpectra;
use crate::app::measure_desk::MeasureDesk;
use crate::ensemble::{Ensemble, Findings, Quantity};
use crate::figure::TimeAxis;
use crate::session::heat_map::{SpectrumQuantity, SpectrumSource};
use std::sync::Arc;

/// What is wanted of the ensembles that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnsembleAsked {
    /// Samples, theory, or how the samples differ from something.
    pub source: SpectrumSource,
    /// Of what.
    pub quantity: SpectrumQuantity,
    /// Which channel; `None` is their mean. Theory has the mean only.
    pub channel: Option<usize>,
}

/// Grids of what is known, made anew where that changes.
#[derive(Default)]
pub struct EnsembleSpectra {
    shown: Option<(u64, EnsembleAsked, Option<RunSpectra>)>,
}

impl EnsembleSpectra {
    /// The grid of what was asked for; `None` where nothing of the kind is known.
    pub fn get(&mut self, desk: &MeasureDesk, asked: EnsembleAsked) -> Option<RunSpectra> {
        let fresh = self.shown.as_ref().is_some_and(|(version, of, _)| *version == desk.version() && *of == asked);
        if !fresh {
            self.shown = Some((desk.version(), asked, spectra(desk, asked)));
        }
        self.shown.as_ref().and_then(|(_, _, spectra)| spectra.clone())
    }
}

fn spectra(desk: &MeasureDesk, asked: EnsembleAsked) -> Option<RunSpectra> {
    let findings = desk.findings()?;
    let ensemble = &findings.ensemble;
    let quantity = of(asked.quantity);
    let rows = quantity.rows(ensemble.steps());
    let columns: Vec<Option<Arc<[f64]>>> = match asked.source {
        SpectrumSource::Sample => return None,
        SpectrumSource::Samples => ensemble.columns(quantity, series(ensemble, asked.channel)),
        SpectrumSource::Theory => {
            findings.expected_psd(quantity).chunks_exact(ensemble.form().rings).map(|row| Some(row.into())).collect()
        }
        SpectrumSource::AgainstTheory => {
            let expected = findings.expected_psd(quantity).chunks_exact(ensemble.form().rings);
            (0..rows)
                .zip(expected)
                .map(|(row, expected)| Some(over(ensemble.psd(quantity, row, 0), expected)))
                .collect()
        }
        SpectrumSource::AgainstCompared => {
            let other = &desk.compared()?.findings;
            (other.ensemble.form().rings == ensemble.form().rings).then_some(())?;
            let series = (series(ensemble, asked.channel), series_of(other, asked.channel));
            (0..rows)
                .map(|row| {
                    let beside = at_level(&other.ensemble, quantity, place(ensemble, quantity, row), series.1)?;
                    Some(over(ensemble.psd(quantity, row, series.0), &beside))
                })
                .collect()
        }
    };
    let name = match asked.source {
        SpectrumSource::AgainstTheory => format!("PSD of {}, samples over theory", asked.quantity.name()),
        SpectrumSource::AgainstCompared => format!("PSD of {}, over the compared", asked.quantity.name()),
        SpectrumSource::Theory => format!("PSD of {}, theory", asked.quantity.name()),
        _ => format!("PSD of {}, {} samples", asked.quantity.name(), ensemble.samples()),
    };
    let axis = TimeAxis::of_steps(ensemble.levels().to_vec(), ensemble.origin().timesteps.clone());
    let grid = ensemble.grid(name, quantity, columns).ok()?;
    Some(RunSpectra { grid: Arc::new(grid), axis: Arc::new(axis) })
}

const fn of(quantity: SpectrumQuantity) -> Quantity {
    match quantity {
        SpectrumQuantity::State => Quantity::State,
        SpectrumQuantity::Expectation => Quantity::Expectation,
        SpectrumQuantity::Change => Quantity::Change,
        SpectrumQuantity::Noise => Quantity::Noise,
    }
}

fn series(ensemble: &Ensemble, channel: Option<usize>) -> usize {
    let form = ensemble.form();
    channel.filter(|channel| *channel < form.channels && form.series() > 1).map_or(0, |channel| 1 + channel)
}

fn series_of(findings: &Findings, channel: Option<usize>) -> usize {
    series(&findings.ensemble, channel)
}

/// One density over another.
fn over(here: &[f64], there: &[f64]) -> Arc<[f64]> {
    here.iter().zip(there).map(|(here, there)| here / there).collect()
}

/// Where a row lies, in flow time, which falls along a run.
fn place(ensemble: &Ensemble, quantity: Quantity, row: usize) -> f64 {
    let time = |row: usize| ensemble.levels()[row].flow_time();
    if quantity == Quantity::Change { 0.5 * (time(row) + time(row + 1)) } else { time(row) }
}

/// The spectrum that an ensemble has at a place, between the rows around it in dB; `None` beyond its ends.
fn at_level(ensemble: &Ensemble, quantity: Quantity, wanted: f64, series: usize) -> Option<Vec<f64>> {
    let rows = quantity.rows(ensemble.steps());
    let after = (0..rows).position(|row| place(ensemble, quantity, row) <= wanted)?;
    let here = place(ensemble, quantity, after);
    let later = ensemble.psd(quantity, after, series);
    if here == wanted {
        return Some(later.to_vec());
    }
    let before = after.checked_sub(1)?;
    let earlier = ensemble.psd(quantity, before, series);
    let from = place(ensemble, quantity, before);
    let part = (from - wanted) / (from - here);
    Some(earlier.iter().zip(later).map(|(a, b)| (a.ln() * (1.0 - part) + b.ln() * part).exp()).collect())
}
