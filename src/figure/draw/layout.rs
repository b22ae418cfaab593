//! The layout of a sheet.

use super::lettering::{Face, Lettering};
use super::panel::{LABEL, Painter, STRIP, TICK, axis_lines};
use super::scene::Rect;
use super::{Content, Sheet, legend};
use crate::figure::Axis;

/// Space around the sheet.
const MARGIN: f64 = 14.0;
/// Sizes of heading, titles and caption.
pub(super) const HEADING: f64 = 13.0;
pub(super) const TITLE: f64 = 10.0;
pub(super) const CAPTION: f64 = 8.5;
/// Line height, relative to the size of the text.
const LEADING: f64 = 1.42;
/// Space between two panels.
const GAP: f64 = 14.0;
/// Space between a plot and its legend.
const LEGEND_GAP: f64 = 14.0;
/// Least width and height of a plot.
const LEAST: (f64, f64) = (96.0, 28.0);
/// Height of the horizontal axis's numbers with its label.
const AXIS: f64 = 29.0;

/// A line of text at the left end of its baseline.
pub(super) struct TextLine {
    pub text: String,
    pub at: (f64, f64),
}

/// The positions of a sheet's parts.
pub(super) struct SheetLayout {
    pub size: (f64, f64),
    pub heading: Vec<TextLine>,
    pub caption: Vec<TextLine>,
    pub panels: Vec<PanelPlace>,
}

/// The positions of a panel's parts.
pub(super) struct PanelPlace {
    pub plot: Rect,
    pub title: Vec<TextLine>,
    /// The vertical axis's label.
    pub label: Vec<String>,
    /// Left edge of that label.
    pub label_left: f64,
    /// Left edge of the legend.
    pub legend: f64,
    /// Whether the horizontal axis is drawn below it.
    pub axis: bool,
}

/// The plots' left and right and the legends' left.
struct Columns {
    left: f64,
    right: f64,
    legend: f64,
}

/// Lays out a sheet.
pub(super) fn layout(sheet: &Sheet, painter: &Painter<'_>) -> SheetLayout {
    let lettering = painter.lettering;
    let contents: Vec<&Content> = sheet.panels.iter().map(|panel| &panel.content).collect();
    let y_axes: Vec<Axis> = contents.iter().map(|content| content.y_axis()).collect();
    let legend_of = |panel: &super::Panel| match &panel.content {
        Content::Figure(figure) => legend::size(figure, lettering),
        Content::HeatMap(map) => painter.bar_size(map, panel.height),
        Content::Film(_) => (0.0, 0.0),
    };
    let legends: Vec<(f64, f64)> = sheet.panels.iter().map(legend_of).collect();
    let wrap = |text: &str, face, size, width| match text.trim() {
        "" => Vec::new(),
        text => lettering.wrapped(text, face, size, width),
    };
    let within = sheet.width - 2.0 * MARGIN;
    let heading = wrap(&sheet.heading, Face::Strong, HEADING, within);
    let caption = wrap(&sheet.words_below(), Face::Body, CAPTION, within);
    // Titles begin at the plots' left edge, which is not known yet; this is close to it.
    let titles: Vec<Vec<String>> =
        sheet.panels.iter().map(|panel| wrap(&panel.title, Face::Strong, TITLE, within - 48.0)).collect();
    let axis = |index: usize| contents.get(index + 1).is_none_or(|next| next.x_axis() != contents[index].x_axis());
    let below = |index: usize| STRIP.0 * contents[index].strips().len() as f64 + if axis(index) { AXIS } else { 0.0 };

    let block = |lines: usize, size: f64| LEADING * size * lines as f64;
    let after = |lines: &[String], space: f64| if lines.is_empty() { 0.0 } else { space };
    let around = 2.0 * MARGIN
        + block(heading.len(), HEADING)
        + after(&heading, 8.0)
        + after(&caption, 8.0)
        + block(caption.len(), CAPTION)
        + titles.iter().map(|title| block(title.len(), TITLE) + after(title, 4.0)).sum::<f64>()
        + (0..contents.len()).map(below).sum::<f64>()
        + GAP * contents.len().saturating_sub(1) as f64;
    let least: Vec<f64> = legends.iter().map(|&(_, height)| height.max(LEAST.1)).collect();
    let wanted: Vec<f64> = sheet.panels.iter().map(|panel| panel.height).collect();
    let heights = heights(&wanted, &least, sheet.height.map(|height| height - around));

    let labels: Vec<Vec<String>> =
        y_axes.iter().zip(&heights).map(|(axis, &height)| axis_lines(axis, height, lettering)).collect();
    let label_width = 1.3 * LABEL * labels.iter().map(Vec::len).max().unwrap_or(0) as f64;
    let x_axes: Vec<&Axis> = contents.iter().map(|content| content.x_axis()).collect();
    let columns = columns(sheet.width, (&x_axes, &y_axes), label_width, &legends, lettering);

    let mut y = MARGIN;
    let text = |lines: Vec<String>, x: f64, size: f64, y: &mut f64| -> Vec<TextLine> {
        let mut line = |text| {
            let at = (x, *y + 0.86 * size);
            *y += LEADING * size;
            TextLine { text, at }
        };
        lines.into_iter().map(&mut line).collect()
    };
    let space = after(&heading, 8.0);
    let heading = text(heading, MARGIN, HEADING, &mut y);
    y += space;
    let mut panels = Vec::new();
    for (index, ((title, label), height)) in titles.into_iter().zip(labels).zip(heights).enumerate() {
        y += if index > 0 { GAP } else { 0.0 };
        let space = after(&title, 4.0);
        let title = text(title, columns.left, TITLE, &mut y);
        y += space;
        let plot = Rect { left: columns.left, top: y, right: columns.right, bottom: y + height };
        y += height + below(index);
        panels.push(PanelPlace { plot, title, label, label_left: MARGIN, legend: columns.legend, axis: axis(index) });
    }
    y += after(&caption, 8.0);
    let caption = text(caption, MARGIN, CAPTION, &mut y);
    let legend = legends.iter().map(|&(width, _)| width).fold(0.0, f64::max);
    let width = sheet.width.max(columns.legend + legend + MARGIN);
    // Whole points, so that pixels are whole in every format.
    let whole = |length: f64| (length - 1e-6).ceil();
    SheetLayout { size: (whole(width), whole(y + MARGIN)), heading, caption, panels }
}

/// The plots' heights: as requested, or in that proportion so that they sum to `sum`; none below its minimum.
fn heights(wanted: &[f64], least: &[f64], sum: Option<f64>) -> Vec<f64> {
    let scaled =
        |factor: f64| wanted.iter().zip(least).map(move |(wanted, least)| (factor * wanted).max(*least)).collect();
    let Some(sum) = sum else { return scaled(1.0) };
    let (mut low, mut high) = (0.0, sum.max(0.0) / wanted.iter().copied().fold(f64::INFINITY, f64::min).max(1.0));
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        let heights: Vec<f64> = scaled(middle);
        if heights.iter().sum::<f64>() > sum {
            high = middle;
        } else {
            low = middle;
        }
    }
    scaled(low)
}

fn columns(
    width: f64,
    (x_axes, y_axes): (&[&Axis], &[Axis]),
    label_width: f64,
    legends: &[(f64, f64)],
    lettering: &Lettering,
) -> Columns {
    let number = |tick: &crate::figure::Tick| lettering.width(&tick.label, Face::Mono, TICK);
    let numbers = y_axes.iter().flat_map(|axis| &axis.ticks).map(number).fold(0.0, f64::max);
    let last = x_axes.iter().filter_map(|axis| axis.ticks.last()).map(number).fold(0.0, f64::max);
    let left = MARGIN + label_width + 4.0 + numbers + 6.0;
    let legend = legends.iter().map(|&(width, _)| width).fold(0.0, f64::max);
    // A number at the end of the axis extends beyond it by half its width.
    let beside = if legend > 0.0 { legend + LEGEND_GAP.max(0.5 * last + 6.0) } else { 0.5 * last };
    let right = (width - MARGIN - beside).max(left + LEAST.0);
    Columns { left, right, legend: right + beside - legend }
}
