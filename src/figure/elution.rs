use super::chromatogram::stacked;
use super::pace::LevelPace;
use super::time_axis::TimeView;
use super::{Axis, Dash, Figure, Line, Mark, MarkKind, Paint, Role, palette, ticks};
use crate::theory::{Chromatogram, Measure, NoiseLevel};

/// The unit of time of a rate of generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rate {
    /// A step of the sampler: the signal of a step is the area under the curve over it.
    #[default]
    PerStep,
    /// A unit of run time s, which is the whole run.
    PerRunTime,
    /// A nat of λ: the same for every schedule.
    PerNat,
}

impl Rate {
    /// All units, in the order of a menu.
    pub const ALL: [Self; 3] = [Self::PerStep, Self::PerRunTime, Self::PerNat];

    /// As the unit of an axis.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::PerStep => "per step",
            Self::PerRunTime => "per unit of s",
            Self::PerNat => "per nat",
        }
    }
}

/// The data for figures of elution curves.
#[derive(Clone, Copy, Debug)]
pub struct ElutionFigure<'a> {
    /// The axis of the run.
    pub time: TimeView<'a>,
    /// The theory that gives the rates.
    pub theory: &'a Chromatogram,
    /// n, for the names of levels.
    pub factor: usize,
    /// Power or amplitude.
    pub measure: Measure,
    /// The unit of the rates.
    pub rate: Rate,
}

/// The elution curves `g_m(t)`, how fast each level is generated, each with a rule at its peak, and their sum.
///
/// finite even where λ is not. A level that is highest at an edge of the shown range has no peak there.
/// finite also where λ is not. A level that is highest at an edge of what is shown has no peak there.
#[must_use]
pub fn elution(from: ElutionFigure<'_>) -> Figure {
    curves(&Rates::new(from, None))
}

/// The same for a schedule with a known pace, which gives for an x its level and the rate of λ there, per unit of
/// the rates. It replaces `from.rate`, except for the unit.
#[must_use]
pub fn elution_at_pace(from: ElutionFigure<'_>, pace: &dyn Fn(f64) -> (NoiseLevel, f64)) -> Figure {
    curves(&Rates::new(from, Some(pace)))
}

fn curves(rates: &Rates<'_>) -> Figure {
    let from = rates.from;
    let curves = (0..rates.levels).map(|m| Line {
        name: palette::level_label(from.factor, m),
        points: rates.rows().map(|(x, row)| [x, row[m]]).collect(),
        paint: Paint::Level(m),
        dash: palette::level_dash(m),
        weight: 1.0,
    });
    let lines = std::iter::once(rates.sum_line()).chain(curves).collect();
    let marks = (0..rates.levels).filter_map(|m| rates.peak_mark(m)).collect();
    Figure { lines, marks, ..rates.figure("g_m(t)") }
}

/// The sum of the elution curves, with the levels stacked below it: where it is low, a step adds little signal.
#[must_use]
pub fn generation(from: ElutionFigure<'_>) -> Figure {
    let rates = Rates::new(from, None);
    let areas = stacked(from.factor, &rates.x, &rates.values, rates.levels);
    Figure { areas, lines: vec![rates.sum_line()], marks: from.time.step_marks(), ..rates.figure("Σ_m g_m(t)") }
}

/// `g_m` at the x of a figure, `[x.len(), levels]`.
struct Rates<'a> {
    from: ElutionFigure<'a>,
    pace: LevelPace,
    known: Option<&'a dyn Fn(f64) -> (NoiseLevel, f64)>,
    levels: usize,
    x: Vec<f64>,
    values: Vec<f64>,
}

impl<'a> Rates<'a> {
    fn new(from: ElutionFigure<'a>, known: Option<&'a dyn Fn(f64) -> (NoiseLevel, f64)>) -> Self {
        let (pace, levels, x) = (LevelPace::new(from.time.axis), from.theory.levels(), from.time.samples());
        let mut rates = Self { from, pace, known, levels, values: vec![0.0; x.len() * levels], x };
        let mut values = std::mem::take(&mut rates.values);
        for (&x, row) in rates.x.iter().zip(values.chunks_exact_mut(levels)) {
            rates.at(x, row);
        }
        Self { values, ..rates }
    }

    /// `g_m` of every level at an x.
    fn at(&self, x: f64, out: &mut [f64]) {
        let ElutionFigure { time, theory, measure, rate, .. } = self.from;
        if let Some(known) = self.known {
            let (level, slope) = known(x);
            theory.elution_per_nat(level, measure, out);
            for rate in out {
                *rate *= slope;
            }
            return;
        }
        let scale = match rate {
            Rate::PerNat => return theory.elution_per_nat(time.level_at(x), measure, out),
            Rate::PerStep => 1.0,
            Rate::PerRunTime => time.axis.steps() as f64,
        };
        let (level, slope) = self.pace.at(time.axis.step_of_x(x, time.reading));
        let alpha_bar_slope = level.alpha_bar() * level.one_minus_alpha_bar() * slope;
        // For a time that runs from image to noise.
        theory.elution(level, -scale * alpha_bar_slope, measure, out);
    }

    fn rows(&self) -> impl Iterator<Item = (f64, &[f64])> {
        self.x.iter().copied().zip(self.values.chunks_exact(self.levels))
    }

    fn sum_line(&self) -> Line {
        Line {
            name: "all levels".to_owned(),
            points: self.rows().map(|(x, row)| [x, row.iter().sum()]).collect(),
            paint: Paint::Role(Role::Text),
            dash: Dash::Solid,
            weight: 0.8,
        }
    }

    /// Where a level is generated fastest, unless at an edge.
    fn peak(&self, m: usize) -> Option<f64> {
        let highest = self.values[m..].iter().step_by(self.levels).copied().enumerate();
        let (index, _) = highest.max_by(|a, b| a.1.total_cmp(&b.1))?;
        let (mut left, mut right) = (*self.x.get(index.checked_sub(1)?)?, *self.x.get(index + 1)?);
        let mut row = vec![0.0; self.levels];
        let mut value = |x: f64| {
            self.at(x, &mut row);
            row[m]
        };
        // Golden section: 32 cuts leave a millionth of the samples' spacing, narrower than any peak.
        let inner = 0.5 * (5.0_f64.sqrt() - 1.0);
        let (mut low, mut high) = (right - inner * (right - left), left + inner * (right - left));
        let (mut at_low, mut at_high) = (value(low), value(high));
        for _ in 0..32 {
            if at_low < at_high {
                (left, low, at_low) = (low, high, at_high);
                high = left + inner * (right - left);
                at_high = value(high);
            } else {
                (right, high, at_high) = (high, low, at_low);
                low = right - inner * (right - left);
                at_low = value(low);
            }
        }
        Some(0.5 * (left + right))
    }

    fn peak_mark(&self, m: usize) -> Option<Mark> {
        let x = self.peak(m)?;
        let step = self.from.time.axis.step_of_x(x, self.from.time.reading);
        let level = palette::level_label(self.from.factor, m);
        Some(Mark {
            x,
            kind: MarkKind::Rule,
            label: format!("{level} peaks at step {step:.1}"),
            short_label: format!("{step:.1}"),
            paint: Paint::Level(m),
        })
    }

    /// The figure without its curves.
    fn figure(&self, label: &str) -> Figure {
        let sums = self.rows().map(|(_, row)| row.iter().sum::<f64>());
        let top = 1.05 * sums.fold(0.0, f64::max);
        let top = if top > 0.0 { top } else { 1.0 };
        Figure {
            x_axis: self.from.time.x_axis(),
            y_axis: Axis {
                label: label.to_owned(),
                unit: self.from.rate.unit(),
                range: (0.0, top),
                ticks: ticks::linear(0.0, top, 4, false),
            },
            areas: Vec::new(),
            lines: Vec::new(),
            points: Vec::new(),
            strips: Vec::new(),
            notes: Vec::new(),
            marks: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Reading, TimeAxis};
    use super::*;
    use crate::schedule::ModelSchedule;

    const STEPS: u32 = 16;

    fn axis(levels: Vec<NoiseLevel>) -> TimeAxis {
        let timesteps = vec![0.0; levels.len() - 1];
        TimeAxis::of_levels(levels, timesteps, &ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 })
    }

    fn flow() -> TimeAxis {
        axis((0..=STEPS).map(|i| NoiseLevel::from_flow_time(1.0 - f64::from(i) / f64::from(STEPS))).collect())
    }

    fn of<'a>(axis: &'a TimeAxis, theory: &'a Chromatogram, measure: Measure, rate: Rate) -> ElutionFigure<'a> {
        ElutionFigure { time: TimeView::whole(axis, Reading::Step), theory, factor: 2, measure, rate }
    }

    /// Flow in even steps: `a = G(1−s)²/(G(1−s)²+s²)`, whose slopes over s are finite, and s falls by 1/S per step.
    #[test]
    fn rates_of_flow_have_their_closed_form() {
        let (run, theory) = (flow(), Chromatogram::scale_invariant(2, 8).unwrap());
        for measure in [Measure::Power, Measure::Amplitude] {
            let figure = elution(of(&run, &theory, measure, Rate::PerRunTime));
            let by_step = elution(of(&run, &theory, measure, Rate::PerStep));
            for m in 0..8 {
                let (line, slower) = (&figure.lines[m + 1], &by_step.lines[m + 1]);
                let gain = 4.0_f64.powf(m as f64);
                for (&[x, rate], &[_, a_step]) in line.points.iter().zip(&slower.points) {
                    let (s, whole) = (1.0 - x, gain * x * x + (1.0 - x) * (1.0 - x));
                    let expected = match measure {
                        Measure::Power => 2.0 * gain * s * x / (whole * whole),
                        Measure::Amplitude => gain.sqrt() * s / whole.powf(1.5),
                    };
                    assert!((rate - expected).abs() < 1e-9 * (1.0 + expected), "{m} {x}: {rate} {expected}");
                    assert!((rate - f64::from(STEPS) * a_step).abs() < 1e-9 * (1.0 + rate));
                }
            }
            let sum = &figure.lines[0];
            let of_levels = |x: f64| figure.lines[1..].iter().map(|line| line.at(x).unwrap()).sum::<f64>();
            assert!(sum.points.iter().all(|&[x, y]| (of_levels(x) - y).abs() < 1e-9 * (1.0 + y)));
            assert_eq!(sum.name, "all levels");
        }
    }

    #[test]
    fn a_known_pace_takes_the_place_of_the_steps() {
        let (run, theory) = (flow(), Chromatogram::scale_invariant(2, 3).unwrap());
        let from = of(&run, &theory, Measure::Power, Rate::PerRunTime);
        // Flow: λ = 2·ln((1−s)/s), and x = 1 − s.
        let pace = |x: f64| {
            let x = x.clamp(1e-9, 1.0 - 1e-9);
            (NoiseLevel::from_flow_time(1.0 - x), 2.0 / (x * (1.0 - x)))
        };
        let (by_steps, known) = (elution(from), elution_at_pace(from, &pace));
        for (ours, theirs) in known.lines.iter().zip(&by_steps.lines) {
            for (a, b) in ours.points.iter().zip(&theirs.points) {
                assert!((a[1] - b[1]).abs() < 1e-6 * (1.0 + b[1]), "{}: {a:?} {b:?}", ours.name);
            }
        }
        assert_eq!(known.marks.len(), 3);
    }

    /// Per nat the peaks are where a_m = 1/2 (power) and 1/3 (amplitude).
    #[test]
    fn peaks_per_nat_have_their_closed_form() {
        let (run, theory) = (flow(), Chromatogram::scale_invariant(2, 4).unwrap());
        for (measure, share) in [(Measure::Power, 0.5_f64), (Measure::Amplitude, 1.0 / 3.0)] {
            let figure = elution(of(&run, &theory, measure, Rate::PerNat));
            assert_eq!(figure.marks.len(), 4);
            for (m, mark) in figure.marks.iter().enumerate() {
                let log_snr = (share / (1.0 - share)).ln() - m as f64 * 4.0_f64.ln();
                let step = run.step_of_level(NoiseLevel::from_log_snr(log_snr));
                assert!((mark.x - run.x_of_step(step, Reading::Step)).abs() < 1e-6);
                assert_eq!(mark.label, format!("{} px peaks at step {step:.1}", 1 << m));
                assert_eq!(mark.paint, Paint::Level(m));
            }
        }
    }

    /// For any steps, the area under a curve over a step is the signal generated in the step.
    #[test]
    fn the_area_over_a_step_is_what_it_generates() {
        let sigmas = [f64::INFINITY, 40.0, 9.0, 8.9, 2.0, 0.4, 0.05, 0.0];
        let levels: Vec<NoiseLevel> = sigmas.map(NoiseLevel::from_sigma).to_vec();
        let (run, theory) = (axis(levels.clone()), Chromatogram::scale_invariant(3, 3).unwrap());
        let steps = levels.len() - 1;
        let (mut row, mut before, mut after) = ([0.0; 3], [0.0; 3], [0.0; 3]);
        for measure in [Measure::Power, Measure::Amplitude] {
            let rates = Rates::new(of(&run, &theory, measure, Rate::PerStep), None);
            for (step, pair) in levels.windows(2).enumerate() {
                let mut areas = [0.0; 3];
                let pieces = 4000;
                for piece in 0..pieces {
                    let along = (f64::from(piece) + 0.5) / f64::from(pieces);
                    rates.at((step as f64 + along) / steps as f64, &mut row);
                    for (area, rate) in areas.iter_mut().zip(row) {
                        *area += rate / f64::from(pieces);
                    }
                }
                theory.recovered(pair[0], &mut before);
                theory.recovered(pair[1], &mut after);
                for m in 0..3 {
                    let gained = match measure {
                        Measure::Power => after[m] - before[m],
                        Measure::Amplitude => after[m].sqrt() - before[m].sqrt(),
                    };
                    assert!((areas[m] - gained).abs() < 2e-5, "{step} {m}: {} {gained}", areas[m]);
                }
            }
        }
    }

    #[test]
    fn generation_stacks_the_levels_up_to_their_sum() {
        let (run, theory) = (flow(), Chromatogram::scale_invariant(4, 3).unwrap());
        let figure = generation(ElutionFigure { factor: 4, ..of(&run, &theory, Measure::Power, Rate::PerStep) });
        for (index, &[x, sum]) in figure.lines[0].points.iter().enumerate() {
            let [fine, middle, coarse] = [0, 1, 2].map(|m| figure.areas[m].points[index]);
            assert_eq!([fine[0], coarse[1], fine[1], middle[1]], [x, 0.0, middle[2], coarse[2]]);
            assert!((fine[2] - sum).abs() < 1e-12 && sum <= figure.y_axis.range.1);
        }
        assert_eq!(figure.areas[2].name, "16 px");
        assert_eq!(figure.marks.len(), STEPS as usize + 1);
    }
}
