use super::time_axis::TimeView;
use super::{Axis, Figure, Line, Mark, MarkKind, Paint, Points, Role, Segment, Strip, palette, ticks};
use crate::theory::{Measure, dominant_level};

/// What the figure of a measured chromatogram is made from. Row i of all arrays is the step from i to i + 1.
#[derive(Clone, Copy, Debug)]
pub struct MeasuredFigure<'a> {
    /// The axis of the run.
    pub time: TimeView<'a>,
    /// M.
    pub levels: usize,
    /// n, by which levels are named.
    pub factor: usize,
    /// Power or amplitude.
    pub measure: Measure,
    /// Measured `r_m`, `[rows, M]`; NaN where nothing was gained.
    pub measured: &'a [f64],
    /// Their standard errors, `[rows, M]`; NaN where there is none.
    pub errors: &'a [f64],
    /// What theory expects of the same steps, `[rows, M]`.
    pub expected: &'a [f64],
    /// Steps whose dominant level is another than theory's, with what is to be said of each.
    pub disagreements: &'a [(usize, String)],
}

/// Theory as curves, each step's measured shares as dots with error bars over them, a strip of the level that gained most, and
/// a mark at each step where that is not theory's.
#[must_use]
pub fn measured_chromatogram(from: MeasuredFigure<'_>) -> Figure {
    let rows = from.measured.len() / from.levels.max(1);
    // A change belongs to the middle of its step.
    let x_of = |row: usize| from.time.axis.x_of_step(row as f64 + 0.5, from.time.reading);
    let shown = |x: f64| (from.time.range.0..=from.time.range.1).contains(&x);
    let lines: Vec<Line> = (0..from.levels)
        .map(|m| Line {
            name: palette::level_label(from.factor, m),
            points: points_of(from, from.expected, m, &x_of).map(|(_, point)| point).collect(),
            paint: Paint::Level(m),
            dash: palette::level_dash(m),
            weight: 1.0,
        })
        .collect();
    let points: Vec<Points> = (0..from.levels)
        .map(|m| {
            let dots: Vec<(usize, [f64; 2])> =
                points_of(from, from.measured, m, &x_of).filter(|(_, [x, _])| shown(*x)).collect();
            let error = |row: usize| from.errors.get(row * from.levels + m).copied().filter(|error| !error.is_nan());
            Points {
                name: palette::level_label(from.factor, m),
                errors: dots.iter().map(|(row, _)| error(*row).unwrap_or(0.0)).collect(),
                points: dots.into_iter().map(|(_, point)| point).collect(),
                paint: Paint::Level(m),
                marker: palette::level_marker(m),
            }
        })
        .collect();
    let edge = |step: usize| from.time.axis.x_of_step(step as f64, from.time.reading);
    let dominant = |row: usize| dominant_level(&from.measured[row * from.levels..(row + 1) * from.levels]);
    let marks = from.disagreements.iter().map(|(row, label)| Mark {
        x: x_of(*row),
        kind: MarkKind::Tick,
        label: label.clone(),
        short_label: String::new(),
        paint: Paint::Role(Role::Warning),
    });
    let finite = || points.iter().flat_map(|set| &set.points).chain(lines.iter().flat_map(|line| &line.points));
    let high = finite().map(|point| point[1]).fold(0.0, f64::max).min(1.5);
    let low = finite().map(|point| point[1]).fold(0.0, f64::min).max(-0.5);
    let range = (low - 0.04 * high * f64::from(u8::from(low < 0.0)), 1.05 * high.max(0.1));
    Figure {
        x_axis: from.time.x_axis(),
        y_axis: Axis {
            label: "r_m".to_owned(),
            unit: match from.measure {
                Measure::Power => "share of power",
                Measure::Amplitude => "share of amplitude",
            },
            range,
            ticks: ticks::linear(range.0, range.1, 4, false),
        },
        areas: Vec::new(),
        marks: marks.filter(|mark| shown(mark.x)).collect(),
        strips: vec![Strip {
            name: "dominant level, measured".to_owned(),
            segments: stretches((0..rows).filter_map(|row| Some((dominant(row)?, edge(row), edge(row + 1)))), from),
        }],
        lines,
        points,
    }
}

/// Row, x and value of a level wherever there is one.
fn points_of<'a>(
    from: MeasuredFigure<'a>,
    values: &'a [f64],
    m: usize,
    x_of: &'a impl Fn(usize) -> f64,
) -> impl Iterator<Item = (usize, [f64; 2])> + 'a {
    let rows = values.chunks_exact(from.levels.max(1)).enumerate();
    rows.filter(move |(_, values)| values[m].is_finite()).map(move |(row, values)| (row, [x_of(row), values[m]]))
}

/// Neighbouring steps of one level as one segment.
fn stretches(steps: impl Iterator<Item = (usize, f64, f64)>, from: MeasuredFigure<'_>) -> Vec<Segment> {
    let mut segments: Vec<(usize, f64, f64)> = Vec::new();
    for (level, begin, end) in steps {
        match segments.last_mut() {
            Some(last) if last.0 == level => last.2 = end,
            Some(last) => {
                last.2 = begin;
                segments.push((level, begin, end));
            }
            None => segments.push((level, begin, end)),
        }
    }
    let segment = |(level, begin, end)| Segment {
        range: (begin, end),
        label: palette::level_label(from.factor, level),
        short_label: palette::level_pixels(from.factor, level).to_string(),
        paint: Paint::Level(level),
    };
    segments.into_iter().map(segment).collect()
}
