use super::time_axis::TimeView;
use super::{Axis, Figure, Line, Mark, MarkKind, Paint, Role, Segment, Strip, palette, ticks};
use crate::theory::{Chromatogram, Measure, dominant_level};

/// What the figure of a chromatogram is made from.
#[derive(Clone, Copy, Debug)]
pub struct ChromatogramFigure<'a> {
    /// The axis of the run.
    pub time: TimeView<'a>,
    /// The theory whose shares are drawn.
    pub theory: &'a Chromatogram,
    /// n, by which levels are named.
    pub factor: usize,
    /// Power or amplitude.
    pub measure: Measure,
    /// Whether to mark where one level takes over from another.
    pub crossings: bool,
}

/// `r_m` of every level along the shared axis, and a strip of the level that is generated most.
#[must_use]
pub fn chromatogram(from: ChromatogramFigure<'_>) -> Figure {
    let ChromatogramFigure { time, theory, factor, measure, crossings } = from;
    let levels = theory.levels();
    let samples = time.samples();
    let noise_levels: Vec<_> = samples.iter().map(|&x| time.level_at(x)).collect();
    let mut shares = vec![0.0; samples.len() * levels];
    theory.shares_over(&noise_levels, measure, &mut shares);

    let rows = || samples.iter().zip(shares.chunks_exact(levels));
    let lines = (0..levels).map(|m| Line {
        name: palette::level_label(factor, m),
        points: rows().map(|(&x, row)| [x, row[m]]).collect(),
        paint: Paint::Level(m),
        dash: palette::level_dash(m),
        weight: 1.0,
    });
    let segments = dominance(from, rows().map(|(&x, row)| (x, dominant_level(row).unwrap_or(0))));
    let marks = segments.windows(2).map(|pair| Mark {
        x: pair[1].range.0,
        kind: MarkKind::Rule,
        label: format!("{} and {} alike", pair[0].label, pair[1].label),
        paint: Paint::Role(Role::Faint),
    });
    let highest = shares.iter().copied().fold(0.0, f64::max);
    let range = (0.0, (1.05 * highest).min(1.0));
    Figure {
        x_axis: time.x_axis(),
        y_axis: Axis {
            label: "r_m(t)".to_owned(),
            unit: match measure {
                Measure::Power => "share of power",
                Measure::Amplitude => "share of amplitude",
            },
            range,
            ticks: ticks::linear(range.0, range.1, 4, false),
        },
        areas: Vec::new(),
        lines: lines.collect(),
        points: Vec::new(),
        marks: if crossings { marks.collect() } else { Vec::new() },
        strips: vec![Strip { name: "dominant level".to_owned(), segments }],
    }
}

/// The stretches in which one level dominates, from samples of it; each boundary lies where the two are alike.
fn dominance(from: ChromatogramFigure<'_>, samples: impl Iterator<Item = (f64, usize)>) -> Vec<Segment> {
    let ChromatogramFigure { time, theory, factor, measure, .. } = from;
    let mut row = vec![0.0; theory.levels()];
    let mut dominant = |x: f64| {
        theory.shares(time.level_at(x), measure, &mut row);
        dominant_level(&row).unwrap_or(0)
    };
    // Where each stretch begins, and its level.
    let mut begins: Vec<(f64, usize)> = Vec::new();
    let mut left = time.range.0;
    for (right, level) in samples {
        let mut here = begins.last().map_or(level, |&(_, level)| level);
        if begins.is_empty() {
            begins.push((left, level));
        }
        // Several levels may pass between two samples; each takes the place of the one before.
        while here != level {
            let (mut before, mut after) = (left, right);
            let mut next = level;
            // 60 halvings reach the spacing of f64.
            for _ in 0..60 {
                let middle = 0.5 * (before + after);
                let found = dominant(middle);
                if found == here {
                    before = middle;
                } else {
                    (after, next) = (middle, found);
                }
            }
            if begins.last().is_some_and(|&(begin, _)| begin < after) {
                begins.push((after, next));
            } else if let Some(last) = begins.last_mut() {
                last.1 = next;
            }
            (left, here) = (after, next);
            if after >= right {
                break;
            }
        }
        left = right;
    }
    let ends = begins.iter().skip(1).map(|&(x, _)| x).chain(std::iter::once(time.range.1));
    let segments = begins.iter().zip(ends).map(|(&(begin, level), end)| Segment {
        range: (begin, end),
        label: palette::level_label(factor, level),
        short_label: palette::level_pixels(factor, level).to_string(),
        paint: Paint::Level(level),
    });
    segments.collect()
}
