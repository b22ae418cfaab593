use super::time_axis::TimeView;
use super::{Area, Axis, Figure, Line, Mark, MarkKind, Paint, Role, Segment, Strip, palette, ticks};
use crate::theory::{Chromatogram, Measure, dominant_level};

/// The data for the figure of a chromatogram.
#[derive(Clone, Copy, Debug)]
pub struct ChromatogramFigure<'a> {
    /// The axis of the run.
    pub time: TimeView<'a>,
    /// The theory that gives the shares.
    pub theory: &'a Chromatogram,
    /// n, for the names of levels.
    pub factor: usize,
    /// Power or amplitude.
    pub measure: Measure,
    /// Whether to mark where the dominant level changes, in closed form.
    pub crossings: bool,
}

/// `r_m` of every level along the shared axis as curves, and a strip of the dominant level.
#[must_use]
pub fn chromatogram(from: ChromatogramFigure<'_>) -> Figure {
    let shares = SampledShares::new(from);
    let lines = (0..shares.levels).map(|m| Line {
        name: palette::level_label(from.factor, m),
        points: shares.rows().map(|(x, row)| [x, row[m]]).collect(),
        paint: Paint::Level(m),
        dash: palette::level_dash(m),
        weight: 1.0,
    });
    let highest = shares.values.iter().copied().fold(0.0, f64::max);
    let lines = lines.collect();
    shares.figure(Vec::new(), lines, (1.05 * highest).min(1.0), None)
}

/// The same with the levels stacked, the coarsest at the bottom: at every x they fill the height.
#[must_use]
pub fn stacked_chromatogram(from: ChromatogramFigure<'_>) -> Figure {
    let shares = SampledShares::new(from);
    let areas = stacked(from.factor, &shares.x, &shares.values, shares.levels);
    shares.figure(areas, Vec::new(), 1.0, Some(Paint::Role(Role::Text)))
}

/// Rows of values, one per level, as stacked areas, the coarsest at the bottom.
pub(super) fn stacked(factor: usize, x: &[f64], values: &[f64], levels: usize) -> Vec<Area> {
    let area = |m: usize| Area {
        name: palette::level_label(factor, m),
        points: x
            .iter()
            .zip(values.chunks_exact(levels))
            .map(|(&x, row)| {
                let below: f64 = row[m + 1..].iter().rev().sum();
                [x, below, below + row[m]]
            })
            .collect(),
        paint: Paint::Level(m),
    };
    (0..levels).map(area).collect()
}

/// What `r_m` is a share of.
pub(super) const fn share_of(measure: Measure) -> &'static str {
    match measure {
        Measure::Power => "share of power",
        Measure::Amplitude => "share of amplitude",
    }
}

/// `r_m` at the x of a figure, `[x.len(), levels]`.
struct SampledShares<'a> {
    from: ChromatogramFigure<'a>,
    levels: usize,
    x: Vec<f64>,
    values: Vec<f64>,
}

impl<'a> SampledShares<'a> {
    fn new(from: ChromatogramFigure<'a>) -> Self {
        let levels = from.theory.levels();
        let x = from.time.samples();
        let noise_levels: Vec<_> = x.iter().map(|&x| from.time.level_at(x)).collect();
        let mut values = vec![0.0; x.len() * levels];
        from.theory.shares_over(&noise_levels, from.measure, &mut values);
        Self { from, levels, x, values }
    }

    fn rows(&self) -> impl Iterator<Item = (f64, &[f64])> {
        self.x.iter().copied().zip(self.values.chunks_exact(self.levels))
    }

    /// `rule` colours the crossings; without it each has the colour of the next dominant level.
    fn figure(&self, areas: Vec<Area>, lines: Vec<Line>, top: f64, rule: Option<Paint>) -> Figure {
        let ChromatogramFigure { time, measure, crossings, .. } = self.from;
        let segments = dominance(self.from, self.rows().map(|(x, row)| (x, dominant_level(row).unwrap_or(0))));
        let marks = segments.windows(2).map(|pair| {
            let x = self.crossing(pair).unwrap_or(pair[1].range.0);
            let step = time.axis.step_of_x(x, time.reading);
            let label = format!("{} and {} equal at step {step:.1}", pair[0].short_label, pair[1].label);
            Mark { x, kind: MarkKind::Rule, label, short_label: String::new(), paint: rule.unwrap_or(pair[1].paint) }
        });
        Figure {
            x_axis: time.x_axis(),
            y_axis: Axis {
                label: "r_m(t)".to_owned(),
                unit: share_of(measure),
                range: (0.0, top),
                ticks: ticks::linear(0.0, top, 4, false),
            },
            areas,
            lines,
            points: Vec::new(),
            marks: if crossings { marks.collect() } else { Vec::new() },
            strips: vec![Strip { name: "dominant level".to_owned(), segments }],
            notes: Vec::new(),
        }
    }

    /// Where two neighbours on the strip are equal, in closed form.
    fn crossing(&self, pair: &[Segment]) -> Option<f64> {
        let ChromatogramFigure { time, theory, measure, .. } = self.from;
        let (Paint::Level(before), Paint::Level(after)) = (pair[0].paint, pair[1].paint) else { return None };
        let step = time.axis.step_of_level(theory.crossing(after, before, measure)?);
        let x = time.axis.x_of_step(step, time.reading);
        (time.range.0..=time.range.1).contains(&x).then_some(x)
    }
}

/// The stretches in which one level is dominant, from samples of it; at each boundary the two are equal.
fn dominance(from: ChromatogramFigure<'_>, samples: impl Iterator<Item = (f64, usize)>) -> Vec<Segment> {
    let ChromatogramFigure { time, theory, factor, measure, .. } = from;
    let mut row = vec![0.0; theory.levels()];
    let mut dominant = |x: f64| {
        theory.shares(time.level_at(x), measure, &mut row);
        dominant_level(&row).unwrap_or(0)
    };
    // The start of each stretch, and its level.
    let mut begins: Vec<(f64, usize)> = Vec::new();
    let mut left = time.range.0;
    for (right, level) in samples {
        let mut here = begins.last().map_or(level, |&(_, level)| level);
        if begins.is_empty() {
            begins.push((left, level));
        }
        // Several levels may pass between two samples; each replaces the one before.
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
    let segments = begins.iter().zip(ends).map(|(&(begin, level), end)| Segment::of_level(factor, level, (begin, end)));
    segments.collect()
}
