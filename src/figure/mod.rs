//! One description of each plot, without a GUI, drawn the same way in the window and in files.
//!
//! A [`Figure`] is data: axes with their ticks, lines, points, strips and marks, in the units of the axes, with colours
//! by role or by resolution level. The code that draws it chooses theme, pixels and font.
//!
//! - [`TimeAxis`]: the axis that everything with time shares, noise on the left, image on the right.
//! - [`OnAxis`]: another run's steps on it, each at its own noise level.
//! - [`schedule`], [`chromatogram`] and [`elution`]: the figures themselves, along that axis; [`spectrum`]: at one step.
//! - [`adjusted_time`] and [`theorem`]: schedules as functions of time.
//! - [`heat_map`]: power by time and frequency, in the colours of [`colour_map`](crate::session::colour_map); [`Film`]: images in a row.
//! - [`draw`]: figures as files.
//! - [`palette`]: the colour, dash, marker and label of each resolution level.
//! - [`text`]: subscripts in labels.
//! - [`ticks`]: round numbers.

mod adjusted;
mod chromatogram;
pub mod draw;
mod elution;
mod film;
pub mod heat_map;
mod measured;
mod on_axis;
mod pace;
pub mod palette;
mod schedule;
mod spectrum;
mod steering;
#[cfg(test)]
mod tests;
pub mod text;
mod theorem;
mod thin;
pub mod ticks;
mod time_axis;
mod time_zoom;

pub use adjusted::{AdjustedReading, AdjustedTimeFigure, adjusted_time, intensity, unit_time_axis};
pub use chromatogram::{ChromatogramFigure, chromatogram, stacked_chromatogram};
pub use elution::{ElutionFigure, Rate, elution, elution_at_pace, generation};
pub use film::{Film, FilmFrame};
pub use heat_map::{HeatMap, HeatMapFigure, heat_map};
pub use measured::{ComparedShares, MeasuredFigure, measured_chromatogram};
pub use on_axis::OnAxis;
pub use palette::{Dash, Ground, Marker, Paint, Role};
pub use schedule::{Overlay, ScheduleFigure, level_of_value, level_value, schedule, value_range};
pub use spectrum::{DataSpectrum, OtherStep, SlopeFit, SpectrumFigure, SpectrumPlot, significant, spectrum};
pub use steering::{StripWords, class_strips, guidance_scale, pooled_level, scale_range, text_strip, window_side};
pub use theorem::{Theorem, TheoremFigure, TheoremSchedule, theorem};
pub use ticks::Tick;
pub use time_axis::{Reading, TimeAxis, TimeView};
pub use time_zoom::TimeZoom;

/// The name of the next run's data, drawn over those of a run.
pub const NEXT: &str = "next run";

/// A plot. Everything is in the units of its axes; y rises upwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Horizontal axis.
    pub x_axis: Axis,
    /// Vertical axis.
    pub y_axis: Axis,
    /// Filled bands, drawn first.
    pub areas: Vec<Area>,
    /// Curves, in the order they are drawn.
    pub lines: Vec<Line>,
    /// Sets of points, drawn over the lines.
    pub points: Vec<Points>,
    /// Strips of labelled segments, drawn below the plot.
    pub strips: Vec<Strip>,
    /// Positions along x.
    pub marks: Vec<Mark>,
    /// The source of what is drawn, if that is not clear, and what is outside the axes: a line each, with subscripts as
    /// [`text::spans`] reads them.
    pub notes: Vec<String>,
}

/// An axis with its range.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Its name, with subscripts as [`text::spans`] reads them.
    pub label: String,
    /// Its unit; empty if there is none.
    pub unit: &'static str,
    /// The smallest and largest value shown.
    pub range: (f64, f64),
    /// Its numbers.
    pub ticks: Vec<Tick>,
}

/// A filled band between two curves.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    /// Its name in the legend.
    pub name: String,
    /// x, and y at the lower and the upper edge; x rising, all finite.
    pub points: Vec<[f64; 3]>,
    /// Colour.
    pub paint: Paint,
}

impl Area {
    /// The distance between its edges at an x, interpolated; `None` beyond the ends.
    #[must_use]
    pub fn at(&self, x: f64) -> Option<f64> {
        between(&self.points, x, |&[x, low, high]| [x, high - low])
    }
}

/// A curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// x and y, x rising. Every value is finite; a curve with gaps is several lines of one name.
    pub points: Vec<[f64; 2]>,
    /// Colour.
    pub paint: Paint,
    /// Pattern, a second code besides the colour.
    pub dash: Dash,
    /// Width relative to an ordinary line.
    pub weight: f64,
}

impl Line {
    /// y at an x, interpolated; `None` beyond the ends.
    #[must_use]
    pub fn at(&self, x: f64) -> Option<f64> {
        between(&self.points, x, |&point| point)
    }
}

/// A value at an x, interpolated between points with rising x.
fn between<T>(points: &[T], x: f64, value: impl Fn(&T) -> [f64; 2]) -> Option<f64> {
    let after = points.partition_point(|point| value(point)[0] < x);
    let [right, high] = value(points.get(after)?);
    if right == x {
        return Some(high);
    }
    let [left, low] = value(points.get(after.checked_sub(1)?)?);
    Some(low + (high - low) * (x - left) / (right - left))
}

/// Points without a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    /// Their name in the legend.
    pub name: String,
    /// x and y, finite.
    pub points: Vec<[f64; 2]>,
    /// Half the height of each point's error bar; empty if there are none.
    pub errors: Vec<f64>,
    /// Colour.
    pub paint: Paint,
    /// Shape, a second code besides the colour.
    pub marker: Marker,
}

/// A row of filled segments that cover the x axis without gaps.
#[derive(Clone, Debug, PartialEq)]
pub struct Strip {
    /// Its meaning.
    pub name: String,
    /// From left to right.
    pub segments: Vec<Segment>,
}

/// One piece of a strip.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its start and end.
    pub range: (f64, f64),
    /// Its label, "4 px".
    pub label: String,
    /// A shorter label for narrow segments, "4".
    pub short_label: String,
    /// Colour.
    pub paint: Paint,
}

impl Segment {
    /// The segment of a resolution level.
    fn of_level(factor: usize, level: usize, range: (f64, f64)) -> Self {
        Self {
            range,
            label: palette::level_label(factor, level),
            short_label: palette::level_pixels(factor, level).to_string(),
            paint: Paint::Level(level),
        }
    }
}

/// A marked position along x.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Its position.
    pub x: f64,
    /// How it is drawn.
    pub kind: MarkKind,
    /// Its description for legend, tooltip and screen reader.
    pub label: String,
    /// Its label, drawn if it fits; may be empty.
    pub short_label: String,
    /// Colour.
    pub paint: Paint,
}

/// How a mark is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// A short tick at the bottom of the plot.
    Tick,
    /// A thin line over the whole height.
    Rule,
}
