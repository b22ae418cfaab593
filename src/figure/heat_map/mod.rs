//! Heat maps: power by time and by frequency, as colours.
//!
//! A [`PowerGrid`] holds measured densities, [`Decibels`] the same in dB, and a [`HeatMap`] has those on axes, with
//! a range and a colour map. Cells are never blended: each point of the plot has the colour of its cell.

mod decibels;
#[cfg(test)]
mod tests;

pub use decibels::{Decibels, DensityRanges, GAP, NOTHING, Placement, PowerGrid, Rows};

use super::palette::level_label;
use super::ticks::{self, Tick};
use super::{Axis, OnAxis};
use crate::session::colour_map::ColourMap;
use crate::session::colour_map::{colour_index, colour_table, colours_per_unit};
use crate::session::heat_map::FrequencyScale;
use image::RgbImage;
use std::sync::Arc;

/// Nyquist's frequency, cycles/px: the end of the axis.
const NYQUIST: f64 = 0.5;
/// Outside all cells, in [`Places`].
pub const NOWHERE: i32 = -1;

/// What a heat map is made from.
#[derive(Clone, Copy, Debug)]
pub struct HeatMapFigure<'a> {
    /// The steps of the columns, on the axis shown.
    pub on: OnAxis<'a>,
    /// The densities.
    pub cells: &'a Arc<Decibels>,
    /// The frequency axis. Frequency 0 is not on a logarithmic one.
    pub scale: FrequencyScale,
    /// The densities of the first and the last colour, dB; `None` fits the data.
    pub range: Option<(f32, f32)>,
    /// The colours.
    pub colour_map: ColourMap,
}

/// A heat map on its axes.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    /// The quantity, with subscripts as [`super::text::spans`] reads them.
    pub label: String,
    /// Its unit.
    pub unit: &'static str,
    /// Time.
    pub x_axis: Axis,
    /// Radial frequency, cycles/px, or its logarithm to base 10. Levels are named at their middles.
    pub y_axis: Axis,
    /// Wavelengths, px, at their positions on the vertical axis, from the bottom up.
    pub wavelengths: Vec<Tick>,
    /// The densities.
    pub cells: Arc<Decibels>,
    /// x of the columns' edges, one more than columns; never falling.
    pub column_edges: Vec<f64>,
    /// y of the rows' edges, one more than the rows shown; rising.
    pub row_edges: Vec<f64>,
    /// The lowest row shown.
    pub first_row: usize,
    /// The densities of the first and the last colour, dB.
    pub range: (f32, f32),
    /// The extent of the densities, and the range used if none is given.
    pub ranges: DensityRanges,
    /// The colours.
    pub colour_map: ColourMap,
    /// Whether the steps of the axis are those of the columns.
    pub on_its_own_axis: bool,
    /// The run it belongs to, if that is not clear, and what is outside the axis: a line each, as in [`super::Figure::notes`].
    pub notes: Vec<String>,
}

/// The column or row of cells for each pixel of a picture, [`NOWHERE`] if there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// From left to right.
    pub columns: Vec<i32>,
    /// From top to bottom.
    pub rows: Vec<i32>,
}

/// A cell with its values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// The steps at its left and its right; the same if it belongs to one step.
    pub steps: (usize, usize),
    /// Radial frequency, cycles/px.
    pub frequency: f64,
    /// The level, 0 the finest, if rows are levels.
    pub level: Option<usize>,
    /// Its density, dB; `None` if unknown.
    pub decibels: Option<f32>,
}

/// A heat map along the shared axis.
#[must_use]
pub fn heat_map(from: HeatMapFigure<'_>) -> HeatMap {
    let HeatMapFigure { on, cells, scale, range, colour_map } = from;
    // Levels are octaves, all equally high.
    let scale = if cells.of_rows == Rows::Frequencies { scale } else { FrequencyScale::Log };
    let first_row = usize::from(scale == FrequencyScale::Log);
    let (row_edges, y_axis, wavelengths) = match cells.of_rows {
        Rows::Frequencies => {
            let edges = row_edges(cells.frequency.get(first_row..).unwrap_or_default(), scale);
            let axis = frequency_axis(&edges, scale);
            let wavelengths = wavelengths(cells.frequency.get(1), axis.range, scale);
            (edges, axis, wavelengths)
        }
        Rows::Levels(factor) => {
            let edges = level_edges(factor, cells.rows().saturating_sub(first_row));
            let axis = level_axis(factor, &edges);
            (edges, axis, Vec::new())
        }
    };
    let heights: Vec<f64> = row_edges.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mut ranges = cells.ranges(first_row, &heights).unwrap_or_default();
    if colour_map.info().around_zero {
        let (low, high) = ranges.fitting;
        ranges.fitting = (-high.max(-low), high.max(-low));
    }
    HeatMap {
        label: cells.name.clone(),
        unit: "dB",
        x_axis: on.time.x_axis(),
        wavelengths,
        y_axis,
        column_edges: column_edges(on, cells),
        row_edges,
        first_row,
        range: range.unwrap_or(ranges.fitting),
        ranges,
        colour_map,
        on_its_own_axis: on.is_same(),
        notes: Vec::new(),
        cells: Arc::clone(cells),
    }
}

/// Around each state, half way to its neighbours, the last as far as the run's end; or from step to step. Columns beyond the
/// axis have no width.
fn column_edges(on: OnAxis<'_>, cells: &Decibels) -> Vec<f64> {
    let columns = cells.columns();
    let last = on.own_axis().steps() as f64;
    let step = |edge: usize| match cells.placement {
        Placement::Between | Placement::Within => edge as f64,
        Placement::Around if edge == columns => last,
        Placement::Around => (edge as f64 - 0.5).max(0.0),
    };
    (0..=columns).map(|edge| on.nearest_x_of(step(edge))).collect()
}

/// Half way between neighbours, in the axis's own units; the ends are extrapolated from the next edge.
fn row_edges(frequency: &[f64], scale: FrequencyScale) -> Vec<f64> {
    let y: Vec<f64> = frequency.iter().map(|&f| place_of(f, scale)).collect();
    let [first, second, ..] = y[..] else { return Vec::new() };
    let [.., before, last] = y[..] else { return Vec::new() };
    let low = 0.5 * (3.0 * first - second);
    let low = if scale == FrequencyScale::Linear { low.max(0.0) } else { low };
    let high = (0.5 * (3.0 * last - before)).min(place_of(NYQUIST, scale)).max(last);
    let inner = y.windows(2).map(|pair| 0.5 * (pair[0] + pair[1]));
    std::iter::once(low).chain(inner).chain([high]).collect()
}

/// The upper ends of the levels, coarsest first: the finest at Nyquist's frequency, each `factor` times as wide as the next.
fn level_edges(factor: usize, levels: usize) -> Vec<f64> {
    let octave = (factor as f64).log10();
    (0..=levels).rev().map(|m| place_of(NYQUIST, FrequencyScale::Log) - m as f64 * octave).collect()
}

fn level_axis(factor: usize, edges: &[f64]) -> Axis {
    let levels = edges.len().saturating_sub(1);
    let middle = |(row, pair): (usize, &[f64])| Tick {
        at: 0.5 * (pair[0] + pair[1]),
        label: level_label(factor, levels - 1 - row),
    };
    let range = match edges {
        [low, .., high] => (*low, *high),
        _ => (0.0, 1.0),
    };
    Axis { label: "resolution".to_owned(), unit: "", range, ticks: edges.windows(2).enumerate().map(middle).collect() }
}

/// y of a frequency, cycles/px.
fn place_of(frequency: f64, scale: FrequencyScale) -> f64 {
    match scale {
        FrequencyScale::Log => frequency.log10(),
        FrequencyScale::Linear => frequency,
    }
}

fn frequency_axis(edges: &[f64], scale: FrequencyScale) -> Axis {
    let range = match edges {
        [low, .., high] if low < high => (*low, *high),
        _ => (place_of(0.01, scale), place_of(NYQUIST, scale)),
    };
    let ticks = match scale {
        FrequencyScale::Linear => ticks::linear(range.0, range.1, 5, false),
        FrequencyScale::Log => ticks::logarithmic(10.0_f64.powf(range.0), 10.0_f64.powf(range.1), 5)
            .into_iter()
            .map(|tick| Tick { at: tick.at.log10().clamp(range.0, range.1), ..tick })
            .collect(),
    };
    Axis { label: "frequency".to_owned(), unit: "cycles/px", range, ticks }
}

/// Powers of two, up to the longest.
fn wavelengths(lowest: Option<&f64>, (low, high): (f64, f64), scale: FrequencyScale) -> Vec<Tick> {
    let longest = lowest.map_or(0.0, |frequency| frequency.recip() + 0.5);
    let mut found: Vec<Tick> = (1..=20)
        .map(|power| 1_u32 << power)
        .take_while(|&pixels| f64::from(pixels) <= longest)
        .map(|pixels| Tick { at: place_of(f64::from(pixels).recip(), scale), label: pixels.to_string() })
        .filter(|tick| (low..=high).contains(&tick.at))
        .collect();
    found.reverse();
    found
}

/// The index in rising edges of the last edge that is not beyond a value.
fn place_among(edges: &[f64], value: f64) -> Option<usize> {
    let place = edges.partition_point(|&edge| edge <= value).checked_sub(1)?;
    (place + 1 < edges.len()).then_some(place)
}

impl HeatMap {
    /// The cell at a position on the axes.
    #[must_use]
    pub fn at(&self, x: f64, y: f64) -> Option<Cell> {
        let column = place_among(&self.column_edges, x)?;
        let row = place_among(&self.row_edges, y)? + self.first_row;
        let after = usize::from(self.cells.placement == Placement::Between);
        Some(Cell {
            steps: (column, column + after),
            frequency: self.cells.frequency[row],
            level: (self.cells.of_rows != Rows::Frequencies).then(|| self.cells.rows() - 1 - row),
            decibels: self.cells.get(column, row),
        })
    }

    /// The cells that the pixels of a picture show, by their centres.
    #[must_use]
    pub fn places(&self, width: usize, height: usize) -> Places {
        let (left, right) = self.x_axis.range;
        let (low, high) = self.y_axis.range;
        let centre = |pixel: usize, count: usize| (pixel as f64 + 0.5) / count as f64;
        let index = |place: Option<usize>| place.and_then(|place| i32::try_from(place).ok()).unwrap_or(NOWHERE);
        let column = |pixel| place_among(&self.column_edges, left + centre(pixel, width) * (right - left));
        let row = |pixel| {
            let place = place_among(&self.row_edges, high - centre(pixel, height) * (high - low));
            place.map(|place| place + self.first_row)
        };
        Places {
            columns: (0..width).map(|pixel| index(column(pixel))).collect(),
            rows: (0..height).map(|pixel| index(row(pixel))).collect(),
        }
    }

    /// A picture of the plot, row by row from the top: the colour's index for each pixel, `None` if unknown.
    pub fn pixels<'a>(&'a self, places: &'a Places) -> impl Iterator<Item = Option<usize>> + 'a {
        let (low, scale) = (self.range.0, colours_per_unit(self.range));
        places.rows.iter().flat_map(move |&row| {
            places.columns.iter().map(move |&column| {
                let cell = usize::try_from(column).ok().zip(usize::try_from(row).ok());
                cell.and_then(|(column, row)| self.cells.get(column, row)).map(|value| colour_index(value, low, scale))
            })
        })
    }

    /// A picture of the plot in this many pixels; `gap` for unknown values.
    #[must_use]
    pub fn picture(&self, (width, height): (u32, u32), gap: [u8; 3]) -> RgbImage {
        let table = colour_table(self.colour_map);
        let places = self.places(width as usize, height as usize);
        let colours = self.pixels(&places).flat_map(|index| index.map_or(gap, |index| table[index]));
        // The number of pixels matches the size; the fallback is never used.
        RgbImage::from_raw(width, height, colours.collect()).unwrap_or_default()
    }

    /// Labels of the colour bar.
    #[must_use]
    pub fn bar_ticks(&self, count: usize) -> Vec<Tick> {
        ticks::linear(f64::from(self.range.0), f64::from(self.range.1), count, false)
    }
}
