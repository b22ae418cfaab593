use crate::session::heat_map::{Normalisation, SpectrumQuantity};
use std::sync::Arc;

/// An unknown density in [`Decibels::values`]: far below all possible ones.
pub const GAP: f32 = -1e9;
/// The density of zero power, dB.
pub const NOTHING: f32 = -300.0;
/// Shares of the visible area below the fitted range and above it.
const BEYOND: (f64, f64) = (0.02, 0.01);
/// The ends of a fitted range are whole multiples of this, dB, so that it seldom moves while a run is in progress.
const ROUND: f32 = 5.0;

/// The position of columns in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Column i belongs to state i, after i steps, and is centred there.
    Around,
    /// Column i belongs to step i, which begins with state i: it extends from there to the next, where the images pane shows
    /// the step.
    Within,
    /// Column i belongs to the change from step i to step i + 1.
    Between,
}

impl Placement {
    /// The one for a quantity.
    #[must_use]
    pub const fn of(quantity: SpectrumQuantity) -> Self {
        match quantity {
            SpectrumQuantity::Change => Self::Between,
            SpectrumQuantity::State => Self::Around,
            SpectrumQuantity::Expectation | SpectrumQuantity::Noise => Self::Within,
        }
    }
}

/// The meaning of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rows {
    /// Rings of radial frequency.
    #[default]
    Frequencies,
    /// Resolution levels with this factor between them: row 0 is the rest, row 1 the coarsest.
    Levels(usize),
}

/// Measured power by column and ring of radial frequency.
#[derive(Clone, Debug, PartialEq)]
pub struct PowerGrid {
    /// Its name, with subscripts as [`crate::figure::text::spans`] reads them: "PSD of ΔE[x_0|x_t]".
    pub name: String,
    /// Radial frequency of each ring, cycles/px, frequency 0 first; rising, `[F]`. For levels those at their middles.
    pub frequency: Vec<f64>,
    /// The meaning of the rows.
    pub rows: Rows,
    /// Linear power density of each column, `[F]`; `None` if unknown.
    pub columns: Vec<Option<Arc<[f64]>>>,
    /// The position of the columns.
    pub placement: Placement,
}

/// A grid in dB.
#[derive(Clone, Debug, PartialEq)]
pub struct Decibels {
    /// As [`PowerGrid::name`].
    pub name: String,
    /// As [`PowerGrid::frequency`].
    pub frequency: Vec<f64>,
    /// The meaning of the rows.
    pub of_rows: Rows,
    /// The position of the columns.
    pub placement: Placement,
    /// Column by column, each from the lowest frequency up; [`GAP`] if unknown. `[columns, F]`
    values: Vec<f32>,
}

impl Decibels {
    /// `10·log₁₀` of the densities, relative to the reference.
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
                // Frequency 0 is omitted: it is not on the usual axis.
                Normalisation::Step => greatest(&mut column.iter().skip(1).copied()),
                Normalisation::None | Normalisation::Frequency => 1.0,
            };
            values.extend(column.iter().zip(&of_rows).map(|(&power, row)| decibels(power / (of_column * row))));
        }
        let PowerGrid { name, frequency, rows: of_rows, placement, .. } = grid;
        Self { name: name.clone(), frequency: frequency.clone(), of_rows: *of_rows, placement: *placement, values }
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.values.len().checked_div(self.frequency.len()).unwrap_or(0)
    }

    /// The position of the columns in time.
    #[must_use]
    pub const fn placement(&self) -> Placement {
        self.placement
    }

    /// F, the number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.frequency.len()
    }

    /// All densities, column by column, [`GAP`] if unknown.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// A density, dB; `None` if unknown.
    #[must_use]
    pub fn get(&self, column: usize, row: usize) -> Option<f32> {
        self.values.get(column * self.rows() + row).copied().filter(|&value| value > GAP)
    }

    /// Whether no density is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.iter().all(|&value| value <= GAP)
    }

    /// Densities in rows from `first_row` up, each with the height of its row; rising.
    fn sorted(&self, first_row: usize, heights: &[f64]) -> Vec<(f32, f64)> {
        let columns = self.values.chunks_exact(self.rows().max(1));
        let shown = columns.flat_map(|column| column.iter().skip(first_row).zip(heights));
        let something = shown.filter(|(value, _)| **value > NOTHING).map(|(value, height)| (*value, *height));
        let mut sorted: Vec<(f32, f64)> = something.collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        sorted
    }

    /// The smallest and largest density of rows from `first_row` up, whole dB; and the range of most of the visible
    /// area, with rows as high as `heights` gives.
    pub(super) fn ranges(&self, first_row: usize, heights: &[f64]) -> Option<DensityRanges> {
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
        Some(DensityRanges { extremes: (least, greatest), fitting: (low, high.max(low + 2.0 * ROUND)) })
    }
}

/// Ranges of densities, dB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DensityRanges {
    /// From the smallest to the largest.
    pub extremes: (f32, f32),
    /// The range with little of the visible area outside.
    pub fitting: (f32, f32),
}

impl Default for DensityRanges {
    /// Without densities.
    fn default() -> Self {
        Self { extremes: (-60.0, 0.0), fitting: (-60.0, 0.0) }
    }
}

/// dB, with [`GAP`] for values that are not a power.
fn decibels(power: f64) -> f32 {
    if power.is_nan() { GAP } else { (10.0 * power.log10()).clamp(f64::from(NOTHING), f64::from(-NOTHING)) as f32 }
}
