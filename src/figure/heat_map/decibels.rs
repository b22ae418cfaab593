use crate::session::heat_map::{Normalisation, SpectrumQuantity};
use std::sync::Arc;

/// A density that is not known, in [`Decibels::values`]: far below all that can be.
pub const GAP: f32 = -1e9;
/// The density of nothing, dB.
pub const NOTHING: f32 = -300.0;
/// Of what is seen such shares are below the range that fits and above it.
const BEYOND: (f64, f64) = (0.02, 0.01);
/// Ends of the range that fits are whole multiples of this, dB, so that it seldom moves while a run is in progress.
const ROUND: f32 = 5.0;

/// Where columns stand in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Column i is of state i, after i steps, and stands around that place.
    Around,
    /// Column i is of step i, which begins with state i: it stands from there to the next, where the stage shows that step.
    Within,
    /// Column i is of what happens from step i to step i + 1.
    Between,
}

impl Placement {
    /// That of a quantity.
    #[must_use]
    pub const fn of(quantity: SpectrumQuantity) -> Self {
        match quantity {
            SpectrumQuantity::Change => Self::Between,
            SpectrumQuantity::State => Self::Around,
            SpectrumQuantity::Expectation | SpectrumQuantity::Noise => Self::Within,
        }
    }
}

/// What rows are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rows {
    /// Rings of radial frequency.
    #[default]
    Frequencies,
    /// Resolution levels with this factor between them: row 0 is what is left below them, row 1 the coarsest.
    Levels(usize),
}

/// Power by column and ring of radial frequency, whoever measured it.
#[derive(Clone, Debug, PartialEq)]
pub struct PowerGrid {
    /// What it is, with subscripts as [`crate::figure::text::spans`] reads them: "PSD of ΔE[x_0|x_t]".
    pub name: String,
    /// Radial frequency of each ring, cycles/px, frequency 0 first; rising, `[F]`. Of levels those at their middles.
    pub frequency: Vec<f64>,
    /// What the rows are.
    pub rows: Rows,
    /// Linear power density of each column, `[F]`; `None` where it is not known.
    pub columns: Vec<Option<Arc<[f64]>>>,
    /// Where the columns stand.
    pub placement: Placement,
}

/// A grid in dB.
#[derive(Clone, Debug, PartialEq)]
pub struct Decibels {
    /// As [`PowerGrid::name`].
    pub name: String,
    /// As [`PowerGrid::frequency`].
    pub frequency: Vec<f64>,
    /// What the rows are.
    pub of_rows: Rows,
    /// Where the columns stand.
    pub placement: Placement,
    /// Column by column, each from the lowest frequency up; [`GAP`] where nothing is known. `[columns, F]`
    values: Vec<f32>,
}

impl Decibels {
    /// `10·log₁₀` of the densities over what the normalisation says.
    #[must_use]
    pub fn new(grid: &PowerGrid, normalisation: Normalisation) -> Self {
        let rows = grid.frequency.len();
        let known = || grid.columns.iter().flatten().filter(|column| column.len() == rows);
        let greatest = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
        let of_rows: Vec<f64> = match normalisation {
            Normalisation::Frequency => (0..rows).map(|row| greatest(&mut known().map(|column| column[row]))).collect(),
            Normalisation::None | Normalisation::Step => vec![1.0; rows],
        };
        let mut values = Vec::with_capacity(rows * grid.columns.len());
        for column in &grid.columns {
            let Some(column) = column.as_ref().filter(|column| column.len() == rows) else {
                values.extend(std::iter::repeat_n(GAP, rows));
                continue;
            };
            let of_column = match normalisation {
                // Frequency 0 is left out: it has no place on the usual axis.
                Normalisation::Step => greatest(&mut column.iter().skip(1).copied()),
                Normalisation::None | Normalisation::Frequency => 1.0,
            };
            values.extend(column.iter().zip(&of_rows).map(|(&power, row)| decibels(power / (of_column * row))));
        }
        let PowerGrid { name, frequency, rows: of_rows, placement, .. } = grid;
        Self { name: name.clone(), frequency: frequency.clone(), of_rows: *of_rows, placement: *placement, values }
    }

    /// How many columns there are.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.values.len().checked_div(self.frequency.len()).unwrap_or(0)
    }

    /// Where columns stand in time.
    #[must_use]
    pub const fn placement(&self) -> Placement {
        self.placement
    }

    /// F, the number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.frequency.len()
    }

    /// All densities, column by column, [`GAP`] where nothing is known.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// A density, dB; `None` where it is not known.
    #[must_use]
    pub fn get(&self, column: usize, row: usize) -> Option<f32> {
        self.values.get(column * self.rows() + row).copied().filter(|&value| value > GAP)
    }

    /// Whether no density is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.iter().all(|&value| value <= GAP)
    }

    /// The densities of something in rows from `first_row` up, each with the height of its row; rising.
    fn sorted(&self, first_row: usize, heights: &[f64]) -> Vec<(f32, f64)> {
        let columns = self.values.chunks_exact(self.rows().max(1));
        let shown = columns.flat_map(|column| column.iter().skip(first_row).zip(heights));
        let something = shown.filter(|(value, _)| **value > NOTHING).map(|(value, height)| (*value, *height));
        let mut sorted: Vec<(f32, f64)> = something.collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        sorted
    }

    /// The least and the greatest density of rows from `first_row` up, whole dB; and the range of those that is seen
    /// most, when a row is as high as `heights` says.
    pub(super) fn ranges(&self, first_row: usize, heights: &[f64]) -> Option<Ranges> {
        let sorted = self.sorted(first_row, heights);
        let (least, greatest) = (sorted.first()?.0.floor(), sorted.last()?.0.ceil());
        let all: f64 = sorted.iter().map(|(_, height)| height).sum();
        let below = |share: f64| {
            let mut sum = 0.0;
            let reached = sorted.iter().find(|(_, height)| {
                sum += height;
                sum >= share * all
            });
            reached.map_or(greatest, |(value, _)| *value)
        };
        let low = (below(BEYOND.0) / ROUND).floor() * ROUND;
        let high = (below(1.0 - BEYOND.1) / ROUND).ceil() * ROUND;
        Some(Ranges { extremes: (least, greatest), fitting: (low, high.max(low + 2.0 * ROUND)) })
    }
}

/// Ranges of densities, dB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranges {
    /// From the least to the greatest.
    pub extremes: (f32, f32),
    /// Little of what is seen is beyond.
    pub fitting: (f32, f32),
}

impl Default for Ranges {
    /// Of nothing.
    fn default() -> Self {
        Self { extremes: (-60.0, 0.0), fitting: (-60.0, 0.0) }
    }
}

/// dB, of what is no power a gap.
fn decibels(power: f64) -> f32 {
    if power.is_nan() { GAP } else { (10.0 * power.log10()).clamp(f64::from(NOTHING), f64::from(-NOTHING)) as f32 }
}
