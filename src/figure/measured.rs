use super::chromatogram::share_of;
use super::time_axis::TimeView;
use super::{Axis, Dash, Figure, Line, Mark, MarkKind, Paint, Points, Role, Segment, Strip, palette, ticks};
use crate::theory::{Measure, dominant_level};

/// One in so many measured values may lie beyond the plot at either side.
const BEYOND: usize = 50;

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
    /// Measured `r_m`, `[rows, M]`; NaN where a step tells nothing of them.
    pub measured: &'a [f64],
    /// Their standard errors, `[rows, M]`; NaN where there is none.
    pub errors: &'a [f64],
    /// What theory expects of the same steps, `[rows, M]`.
    pub expected: &'a [f64],
    /// The measured `r_m` of another ensemble of the same steps, `[rows, M]`; empty where there is none.
    pub compared: &'a [f64],
    /// Steps whose dominant level is another than theory's, with what is to be said of each.
    pub disagreements: &'a [(usize, String)],
}

/// Theory as curves, each step's measured shares as dots with error bars over them, those of another ensemble as thin dotted
/// lines, a strip of the level that gained most, and
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
    let (low, high) = seen(&lines, &points);
    // Of the names of the levels' own, so that legends have each once.
    let compared = (0..from.levels).map(|m| Line {
        name: palette::level_label(from.factor, m),
        points: points_of(from, from.compared, m, &x_of).map(|(_, point)| point).collect(),
        paint: Paint::Level(m),
        dash: Dash::Dotted,
        weight: 0.6,
    });
    let lines = lines.iter().cloned().chain(compared.filter(|line| !line.points.is_empty())).collect();
    let range = (low - 0.04 * high * f64::from(u8::from(low < 0.0)), 1.05 * high.max(0.1));
    Figure {
        x_axis: from.time.x_axis(),
        y_axis: Axis {
            label: "r_m".to_owned(),
            unit: share_of(from.measure),
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

/// The least and the greatest value that the axis shows: all of theory, and all measured ones but the outermost, which where
/// next to nothing is gained are ratios of small numbers.
fn seen(lines: &[Line], points: &[Points]) -> (f64, f64) {
    let mut measured: Vec<f64> = points.iter().flat_map(|set| &set.points).map(|point| point[1]).collect();
    measured.sort_by(f64::total_cmp);
    let beyond = measured.len() / BEYOND;
    let inner = measured.get(beyond..measured.len().saturating_sub(beyond)).unwrap_or_default();
    let theory = lines.iter().flat_map(|line| &line.points).map(|point| point[1]);
    let values = inner.iter().copied().chain(theory);
    values.fold((0.0, 0.0), |(low, high), value| (f64::min(low, value), f64::max(high, value)))
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
    segments.into_iter().map(|(level, begin, end)| Segment::of_level(from.factor, level, (begin, end))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Reading, TimeAxis};
    use crate::theory::NoiseLevel;

    #[test]
    fn dots_stand_in_the_middle_of_their_steps_and_gaps_stay_gaps() {
        let levels = (0..=4).map(|step| NoiseLevel::from_log_snr(f64::from(step) - 2.0)).collect();
        let axis = TimeAxis::of_steps(levels, vec![4.0, 3.0, 2.0, 1.0]);
        let figure = measured_chromatogram(MeasuredFigure {
            time: TimeView::whole(&axis, Reading::Step),
            levels: 2,
            factor: 2,
            measure: Measure::Power,
            measured: &[0.2, 0.8, f64::NAN, f64::NAN, 0.7, 0.3],
            errors: &[0.1, 0.05, f64::NAN, f64::NAN, f64::NAN, 0.02],
            expected: &[0.3, 0.7, 0.5, 0.5, 0.6, 0.4],
            compared: &[],
            disagreements: &[(2, "step 3: told".to_owned())],
        });
        assert_eq!(figure.points[0].points, [[0.125, 0.2], [0.625, 0.7]]);
        assert_eq!(
            (figure.points[0].errors.as_slice(), figure.points[1].errors.as_slice()),
            (&[0.1, 0.0][..], &[0.05, 0.02][..])
        );
        assert_eq!(figure.lines[1].points, [[0.125, 0.7], [0.375, 0.5], [0.625, 0.4]]);
        let strip: Vec<_> = figure.strips[0].segments.iter().map(|segment| (segment.range, segment.paint)).collect();
        assert_eq!(strip, [((0.0, 0.5), Paint::Level(1)), ((0.5, 0.75), Paint::Level(0))]);
        assert_eq!((figure.marks.len(), figure.marks[0].x, figure.marks[0].label.as_str()), (1, 0.625, "step 3: told"));
        assert!(figure.y_axis.range.0 == 0.0 && figure.y_axis.range.1 > 0.8);
    }

    #[test]
    fn the_outermost_dots_do_not_decide_the_axis() {
        let levels = (0..=101).map(|step| NoiseLevel::from_log_snr(0.1 * f64::from(step) - 5.0)).collect();
        let axis = TimeAxis::of_steps(levels, vec![0.0; 101]);
        let mut measured: Vec<f64> = (0..100).flat_map(|_| [0.4, 0.6]).collect();
        (measured[7], measured[8]) = (90.0, -30.0);
        let figure = measured_chromatogram(MeasuredFigure {
            time: TimeView::whole(&axis, Reading::Step),
            levels: 2,
            factor: 2,
            measure: Measure::Power,
            measured: &measured,
            errors: &[],
            expected: &[0.5; 200],
            compared: &[],
            disagreements: &[],
        });
        assert_eq!(figure.y_axis.range, (0.0, 1.05 * 0.6));
        assert_eq!(figure.points[1].points[3][1], 90.0, "it is there all the same");
    }
}
