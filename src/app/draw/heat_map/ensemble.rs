//! The spectra of ensembles, of theory, and their differences.

use crate::app::draw::heat_map::RunSpectra;
use crate::app::measure_desk::MeasureDesk;
use crate::app::words;
use crate::ensemble::{Ensemble, samples_in_words};
use crate::session::heat_map::{SpectrumQuantity, SpectrumSource};
use std::sync::Arc;

/// Which spectra of the ensembles to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnsembleAsked {
    /// Samples, theory, or a difference.
    pub source: SpectrumSource,
    /// The quantity.
    pub quantity: SpectrumQuantity,
    /// The channel; `None` is the mean, the only one theory has.
    pub channel: Option<usize>,
}

/// Grids of the ensembles, rebuilt when they change.
#[derive(Default)]
pub struct EnsembleSpectra {
    shown: Option<(u64, EnsembleAsked, Option<RunSpectra>)>,
}

impl EnsembleSpectra {
    /// The requested grid; `None` if there is no such ensemble.
    pub fn get(&mut self, desk: &MeasureDesk, asked: EnsembleAsked) -> Option<RunSpectra> {
        let fresh = self.shown.as_ref().is_some_and(|(version, of, _)| *version == desk.version() && *of == asked);
        if !fresh {
            self.shown = Some((desk.version(), asked, spectra(desk, asked)));
        }
        self.shown.as_ref().and_then(|(_, _, spectra)| spectra.clone())
    }
}

fn spectra(desk: &MeasureDesk, asked: EnsembleAsked) -> Option<RunSpectra> {
    let EnsembleAsked { source, quantity, channel } = asked;
    let findings = desk.findings()?;
    let ensemble = &findings.ensemble;
    let form = ensemble.form();
    if !form.follows_steps(quantity) || (source.needs_theory() && findings.no_theory().is_some()) {
        return None;
    }
    let rows = || 0..form.rows(quantity);
    let expected = || findings.expected_psd(quantity).chunks_exact(form.rings);
    let columns: Vec<Option<Arc<[f64]>>> = match source {
        SpectrumSource::Sample => return None,
        SpectrumSource::Samples => ensemble.columns(quantity, form.series_of(channel)),
        SpectrumSource::Theory => expected().map(|row| Some(row.into())).collect(),
        SpectrumSource::AgainstTheory => rows()
            .zip(expected())
            .map(|(row, expected)| Some(over(ensemble.psd(quantity, row, 0), expected.iter().copied())))
            .collect(),
        SpectrumSource::AgainstCompared => {
            let other = &desk.compared()?.findings.ensemble;
            (other.form().rings == form.rings && other.form().space == form.space).then_some(())?;
            let against = |row| {
                let beside = at_time(other, quantity, ensemble.flow_time(quantity, row), channel)?;
                Some(over(ensemble.psd(quantity, row, form.series_of(channel)), beside))
            };
            rows().map(against).collect()
        }
    };
    let of = quantity.name();
    let name = match source {
        SpectrumSource::AgainstTheory => format!("PSD of {of}, {}", words::tracks::RELATIVE_TO_THEORY),
        SpectrumSource::AgainstCompared => format!("PSD of {of}, {}", words::tracks::RELATIVE_TO_PINNED),
        SpectrumSource::Theory => format!("PSD of {of}, theory"),
        SpectrumSource::Sample | SpectrumSource::Samples => {
            format!("PSD of {of}, {}", samples_in_words(ensemble.samples()))
        }
    };
    let whose = whose(desk, source, columns.iter().filter(|column| column.is_none()).count())?;
    let grid = ensemble.grid(name, quantity, columns).ok()?;
    Some(RunSpectra { grid: Arc::new(grid), axis: Arc::new(ensemble.axis()), whose })
}

/// The source of the spectra, with the number of columns that have no noise level in the other ensemble.
fn whose(desk: &MeasureDesk, source: SpectrumSource, without: usize) -> Option<String> {
    let findings = desk.findings()?;
    let title = findings.ensemble.title();
    Some(match source {
        SpectrumSource::Sample => return None,
        SpectrumSource::Samples => title,
        SpectrumSource::Theory => format!("theory of {title}, calibrated on {}", findings.calibrated_on(false)),
        SpectrumSource::AgainstTheory => {
            format!("{title}, relative to theory calibrated on {}", findings.calibrated_on(false))
        }
        SpectrumSource::AgainstCompared => {
            let other = desk.compared()?.findings.ensemble.title();
            let gaps = match without {
                0 => String::new(),
                1 => "; 1 column is empty because the other run does not reach its noise level".to_owned(),
                columns => format!(
                    "; {columns} columns are empty because the other run does not reach their noise \
                                    levels"
                ),
            };
            format!("{title}, relative to {other}{gaps}")
        }
    })
}

/// One density divided by another.
fn over(here: &[f64], there: impl Iterator<Item = f64>) -> Arc<[f64]> {
    here.iter().zip(there).map(|(here, there)| here / there).collect()
}

/// The spectrum of an ensemble at a flow time, interpolated between rows in dB; `None` beyond its ends.
fn at_time(
    ensemble: &Ensemble,
    quantity: SpectrumQuantity,
    time: f64,
    channel: Option<usize>,
) -> Option<impl Iterator<Item = f64>> {
    let (before, after, part) = ensemble.rows_around(quantity, time)?;
    let of = |row| ensemble.psd(quantity, row, ensemble.form().series_of(channel)).iter();
    Some(
        of(before)
            .zip(of(after))
            .map(move |(a, b)| if before == after { *b } else { (a.ln() * (1.0 - part) + b.ln() * part).exp() }),
    )
}
