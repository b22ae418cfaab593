use super::chromatogram::share_of;
use super::{
    Axis, Dash, Figure, Line, Mark, MarkKind, Marker, OnAxis, Paint, Points, Role, Segment, Strip, palette, ticks,
};
use crate::theory::{Measure, dominant_level};

/// One in this many measured values may be beyond the plot at each side.
const BEYOND: usize = 50;

/// The data for the figure of a measured chromatogram. Row i of all arrays is the step from i to i + 1.
#[derive(Clone, Copy, Debug)]
pub struct MeasuredFigure<'a> {
    /// The measured steps, on the axis shown.
    pub on: OnAxis<'a>,
    /// M.
    pub levels: usize,
    /// n, for the names of levels.
    pub factor: usize,
    /// Power or amplitude.
    pub measure: Measure,
    /// Measured `r_m`, `[rows, M]`; NaN in steps without known shares.
    pub measured: &'a [f64],
    /// Their standard errors, `[rows, M]`; NaN if unknown.
    pub errors: &'a [f64],
    /// The prediction of theory for the same steps, `[rows, M]`.
    pub expected: &'a [f64],
    /// Another ensemble, with the same number of levels and factor.
    pub compared: Option<ComparedShares<'a>>,
    /// Steps whose dominant level differs from theory's, with a remark on each.
    pub disagreements: &'a [(usize, String)],
}

/// The measurement of another ensemble.
#[derive(Clone, Copy, Debug)]
pub struct ComparedShares<'a> {
    /// Its own steps, on the same axis.
    pub on: OnAxis<'a>,
    /// Measured `r_m`, `[rows, M]`; NaN in steps without known shares.
    pub values: &'a [f64],
}

/// Theory as curves, each step's measured shares as dots with error bars over them, those of another ensemble as thin dotted
/// lines, a strip of the measured dominant level, and a mark at each step where theory has another. Each is at its own
/// noise level, that of the middle of its step.
#[must_use]
pub fn measured_chromatogram(from: MeasuredFigure<'_>) -> Figure {
    let rows = from.measured.len() / from.levels.max(1);
    let time = from.on.time;
    let shown = |x: f64| (time.range.0..=time.range.1).contains(&x);
    let lines: Vec<Line> = (0..from.levels)
        .map(|m| Line {
            name: palette::level_label(from.factor, m),
            points: points_of(from.on, from.expected, (m, from.levels)).map(|(_, point)| point).collect(),
            paint: Paint::Level(m),
            dash: palette::level_dash(m),
            weight: 1.0,
        })
        .collect();
    let points: Vec<Points> = (0..from.levels)
        .map(|m| {
            let dots: Vec<(usize, [f64; 2])> =
                points_of(from.on, from.measured, (m, from.levels)).filter(|(_, [x, _])| shown(*x)).collect();
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
    let edge = |step: usize| from.on.nearest_x_of(step as f64);
    let dominant = |row: usize| dominant_level(&from.measured[row * from.levels..(row + 1) * from.levels]);
    let marks = from.disagreements.iter().filter_map(|(row, label)| {
        Some(Mark {
            x: middle_of(from.on, *row)?,
            kind: MarkKind::Tick,
            label: label.clone(),
            short_label: String::new(),
            paint: Paint::Role(Role::Warning),
        })
    });
    let (low, high) = seen(&lines, &points);
    // With the names of the levels' own, so that legends have each once.
    let compared = from.compared.into_iter().flat_map(|other| (0..from.levels).map(move |m| (other, m)));
    let compared = compared.map(|(other, m)| Line {
        name: palette::level_label(from.factor, m),
        points: points_of(other.on, other.values, (m, from.levels)).map(|(_, point)| point).collect(),
        paint: Paint::Level(m),
        dash: Dash::Dotted,
        weight: 0.6,
    });
    let lines = lines.iter().cloned().chain(compared.filter(|line| !line.points.is_empty())).collect();
    // A margin for the dots at both ends.
    let (below, above) = (0.04 * (high.max(0.1) - low), 0.05 * (high.max(0.1) - low));
    let range = (low - below, high.max(0.1) + above);
    let (points, beyond) = at_the_edge(points, range);
    Figure {
        x_axis: time.x_axis(),
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
        notes: match beyond {
            0 => Vec::new(),
            1 => vec!["1 dot is outside the axis; a triangle at the edge marks it".to_owned()],
            beyond => vec![format!("{beyond} dots are outside the axis; triangles at its edges mark them")],
        },
    }
}

/// The sets with values beyond a range moved to its ends, as triangles that point outward; and their number.
fn at_the_edge(points: Vec<Points>, (low, high): (f64, f64)) -> (Vec<Points>, usize) {
    let (mut inside, mut beyond, mut count) = (Vec::new(), Vec::new(), 0);
    for set in points {
        let of = |which: &dyn Fn(f64) -> bool, edge: Option<f64>, marker: Marker| {
            let all = set.points.iter().zip(&set.errors).filter(|([_, y], _)| which(*y));
            let (points, errors) =
                all.map(|(&[x, y], &error)| ([x, edge.unwrap_or(y)], if edge.is_some() { 0.0 } else { error })).unzip();
            Points { name: set.name.clone(), points, errors, paint: set.paint, marker }
        };
        let edges = [of(&|y| y < low, Some(low), Marker::Down), of(&|y| y > high, Some(high), Marker::Up)];
        count += edges.iter().map(|set| set.points.len()).sum::<usize>();
        beyond.extend(edges.into_iter().filter(|set| !set.points.is_empty()));
        inside.push(of(&|y| (low..=high).contains(&y), None, set.marker));
    }
    inside.extend(beyond);
    (inside, count)
}

/// The smallest and largest value on the axis: all of theory, and all measured values but the outermost, which are
/// ratios of small numbers where almost nothing is gained.
fn seen(lines: &[Line], points: &[Points]) -> (f64, f64) {
    let mut measured: Vec<f64> = points.iter().flat_map(|set| &set.points).map(|point| point[1]).collect();
    measured.sort_by(f64::total_cmp);
    let beyond = measured.len() / BEYOND;
    let inner = measured.get(beyond..measured.len().saturating_sub(beyond)).unwrap_or_default();
    let theory = lines.iter().flat_map(|line| &line.points).map(|point| point[1]);
    let values = inner.iter().copied().chain(theory);
    values.fold((0.0, 0.0), |(low, high), value| (f64::min(low, value), f64::max(high, value)))
}

/// x of a change, at the middle of its step.
fn middle_of(on: OnAxis<'_>, row: usize) -> Option<f64> {
    on.x_of(row as f64 + 0.5)
}

/// Row, x and value of a level wherever it is known and on the axis.
fn points_of<'a>(
    on: OnAxis<'a>,
    values: &'a [f64],
    (m, levels): (usize, usize),
) -> impl Iterator<Item = (usize, [f64; 2])> + 'a {
    let rows = values.chunks_exact(levels.max(1)).enumerate();
    rows.filter(move |(_, values)| values[m].is_finite())
        .filter_map(move |(row, values)| Some((row, [middle_of(on, row)?, values[m]])))
}

/// Neighbouring steps with the same level as one segment.
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
    segments.retain(|(_, begin, end)| begin < end);
    segments.into_iter().map(|(level, begin, end)| Segment::of_level(from.factor, level, (begin, end))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Reading, TimeAxis, TimeView};
    use crate::theory::NoiseLevel;

    #[test]
    fn dots_stand_in_the_middle_of_their_steps_and_gaps_stay_gaps() {
        let levels = (0..=4).map(|step| NoiseLevel::from_log_snr(f64::from(step) - 2.0)).collect();
        let axis = TimeAxis::of_steps(levels, vec![4.0, 3.0, 2.0, 1.0]);
        let figure = measured_chromatogram(MeasuredFigure {
            on: OnAxis::own(TimeView::whole(&axis, Reading::Step)),
            levels: 2,
            factor: 2,
            measure: Measure::Power,
            measured: &[0.2, 0.8, f64::NAN, f64::NAN, 0.7, 0.3],
            errors: &[0.1, 0.05, f64::NAN, f64::NAN, f64::NAN, 0.02],
            expected: &[0.3, 0.7, 0.5, 0.5, 0.6, 0.4],
            compared: None,
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
        let (low, high) = figure.y_axis.range;
        assert!((-0.1..0.0).contains(&low) && high > 0.8 && figure.notes.is_empty(), "a dot at 0 is not cut");
    }

    #[test]
    fn the_outermost_dots_do_not_decide_the_axis() {
        let levels = (0..=101).map(|step| NoiseLevel::from_log_snr(0.1 * f64::from(step) - 5.0)).collect();
        let axis = TimeAxis::of_steps(levels, vec![0.0; 101]);
        let mut measured: Vec<f64> = (0..100).flat_map(|_| [0.4, 0.6]).collect();
        (measured[7], measured[8]) = (90.0, -30.0);
        let figure = measured_chromatogram(MeasuredFigure {
            on: OnAxis::own(TimeView::whole(&axis, Reading::Step)),
            levels: 2,
            factor: 2,
            measure: Measure::Power,
            measured: &measured,
            errors: &[],
            expected: &[0.5; 200],
            compared: None,
            disagreements: &[],
        });
        let (low, high) = figure.y_axis.range;
        assert!((low + 0.04 * 0.6).abs() < 1e-12 && (high - 1.05 * 0.6).abs() < 1e-12, "{low} to {high}");
        let edges: Vec<(Paint, Marker, [f64; 2])> =
            figure.points[2..].iter().map(|set| (set.paint, set.marker, set.points[0])).collect();
        let x = |row: f64| axis.x_of_step(row + 0.5, Reading::Step);
        let expected = [(Paint::Level(0), Marker::Down, [x(4.0), low]), (Paint::Level(1), Marker::Up, [x(3.0), high])];
        assert_eq!(edges, expected, "what lies beyond is pointed to");
        assert_eq!(figure.notes.len(), 1);
        assert!(figure.notes[0].starts_with("2 dots"), "{:?}", figure.notes);
    }

    /// Shares that depend on the noise level alone are on one curve, for any number of steps and any
    /// axis.
    #[test]
    fn what_was_measured_with_other_steps_stands_at_its_own_noise_level() {
        let axis_of = |log_snr: &[f64]| {
            let levels = log_snr.iter().map(|&at| NoiseLevel::from_log_snr(at)).collect::<Vec<_>>();
            TimeAxis::of_steps(levels, vec![0.0; log_snr.len() - 1])
        };
        let share = |level: NoiseLevel| (1.0 + (0.7 * level.log_snr()).exp()).recip();
        let shares = |axis: &TimeAxis| -> Vec<f64> {
            let rows = 0..axis.steps() - 1;
            rows.flat_map(|row| {
                let share = share(axis.level_at(row as f64 + 0.5));
                [share, 1.0 - share]
            })
            .collect()
        };
        let shared = axis_of(&[-8.0, -5.0, -4.0, -1.0, 0.5, 3.0, 7.0]);
        let (own, other) =
            (axis_of(&[-8.0, -3.0, 0.0, 2.0, 5.0]), axis_of(&[-7.0, -6.5, -2.0, -1.5, 1.0, 8.0, 12.0, 14.0]));
        let (measured, compared) = (shares(&own), shares(&other));
        for reading in Reading::ALL {
            let time = TimeView::whole(&shared, reading);
            let figure = measured_chromatogram(MeasuredFigure {
                on: OnAxis::new(time, &own),
                levels: 2,
                factor: 2,
                measure: Measure::Power,
                measured: &measured,
                errors: &[],
                expected: &measured,
                compared: Some(ComparedShares { on: OnAxis::new(time, &other), values: &compared }),
                disagreements: &[(1, "step 1→2".into())],
            });
            let dotted: Vec<&Line> = figure.lines.iter().filter(|line| line.dash == Dash::Dotted).collect();
            // The last of its six changes is beyond the axis.
            assert_eq!((figure.points[0].points.len(), dotted.len(), dotted[0].points.len()), (3, 2, 5));
            let all = figure.points[0].points.iter().chain(&figure.lines[0].points).chain(&dotted[0].points);
            for &[x, value] in all {
                assert!((value - share(time.level_at(x))).abs() < 1e-9, "{reading:?}: {value} at {x}");
            }
            assert!((time.level_at(figure.marks[0].x).log_snr() - own.level_at(1.5).log_snr()).abs() < 1e-9);
            let ends: Vec<f64> = figure.strips[0].segments.iter().map(|segment| segment.range.1).collect();
            assert!(
                (time.level_at(*ends.last().unwrap()).log_snr() - 2.0).abs() < 1e-9,
                "the last change ends at λ = 2"
            );
        }
    }
}
