//! What the tracks plot, as figures.

use super::tracks::{FigureKey, Tracks};
use crate::app::planned::Planned;
use crate::app::run_view::FACTOR;
use crate::ensemble::Disagreement;
use crate::figure::palette::level_label;
use crate::figure::{
    AdjustedReading, AdjustedTimeFigure, ChromatogramFigure, Dash, ElutionFigure, Figure, Line, MeasuredFigure, NEXT,
    NamedSchedule, Paint, Rate, Reading, Role, ScheduleFigure, Segment, Strip, TheoremFigure, TimeAxis, TimeView,
    adjusted_time, chromatogram, elution, generation, intensity, level_value, measured_chromatogram, pooled_level,
    schedule, stacked_chromatogram, theorem, ticks, value_range,
};
use crate::session::document::{AdjustedView, Stacking, TheoremView, Track};
use crate::theory::{Chromatogram, NoiseLevel, adjustment, dominant_level};

/// The figure of a track, and of Theorem 1 the largest difference of the two schedules.
pub(super) fn figure_of(
    track: Track,
    tracks: &Tracks,
    axis: &TimeAxis,
    key: FigureKey,
) -> Option<(Figure, Option<f64>)> {
    let time = TimeView { axis, reading: key.reading, range: key.zoom.range(), ticks: key.ticks };
    let (planned, run) = (tracks.planned, tracks.run);
    let measure = key.measure.into();
    let mut figure = match track {
        // Drawn by views of their own.
        Track::FilmStrip | Track::SpectrumOfChange | Track::SpectrumBeside | Track::Guidance | Track::PartsByLevel => {
            return None;
        }
        Track::Schedule => {
            let overlays: Vec<(&str, &TimeAxis)> = planned
                .map(|planned| planned.overlays.iter().map(|(name, axis)| (name.as_str(), axis)).collect())
                .unwrap_or_default();
            let model = planned.map(|planned| &planned.model).or_else(|| run.map(|run| &run.model))?;
            let range = key.range.or_else(|| {
                let (low, high) = value_range(key.level_reading, model, axis);
                let (next_low, next_high) = value_range(key.level_reading, model, &tracks.ghost()?.axis);
                Some((low.min(next_low), high.max(next_high)))
            });
            let mut figure = schedule(ScheduleFigure {
                time,
                model,
                reading: key.level_reading,
                range,
                overlays: &overlays,
                warnings: planned.map_or(&[], |planned| &planned.warnings),
            });
            if let Some(curve) = planned.and_then(|planned| planned.curve.as_ref()) {
                let (low, high) = figure.y_axis.range;
                let run_time = |x: f64| time.axis.value_at(time.axis.step_of_x(x, time.reading), Reading::RunTime);
                let value = |x: f64| level_value(key.level_reading, curve.level_at(run_time(x))).clamp(low, high);
                let points = time.samples().into_iter().map(|x| [x, value(x)]).collect();
                let paint = Paint::Role(Role::Secondary);
                figure.lines.push(Line { name: "curve".into(), points, paint, dash: Dash::Solid, weight: 0.5 });
            }
            if let Some(upsample) = tracks.shown_settings().upsample {
                let (low, high) = figure.y_axis.range;
                let acting = |level: NoiseLevel| {
                    let acts = upsample.weight_at(level, model) != 0.0;
                    acts.then(|| adjustment::adjusted_level(level, upsample.factor, 1))
                };
                let value = |level| level_value(key.level_reading, level).clamp(low, high);
                figure.lines.push(pooled_level(time, "τ, pooled", &acting, &value));
            }
            figure
        }
        Track::Chromatogram if key.measured.is_some() => measured(time, tracks, key)?,
        Track::Chromatogram => {
            let (theory, factor) = theory_of(tracks)?;
            let from = ChromatogramFigure { time, theory, factor, measure, crossings: true };
            let mut figure = match key.stacking {
                Stacking::Lines => chromatogram(from),
                Stacking::Areas => stacked_chromatogram(from),
            };
            figure.strips.extend(classes(time, tracks));
            figure
        }
        Track::Elution => {
            let (theory, factor) = theory_of(tracks)?;
            let from = ElutionFigure { time, theory, factor, measure, rate: Rate::PerStep };
            match key.stacking {
                Stacking::Lines => elution(from),
                Stacking::Areas => generation(from),
            }
        }
        Track::AdjustedTime => adjusted(time, axis, tracks, key)?,
        Track::Theorem => {
            let (theory, factor) = theory_of(tracks)?;
            let (name, other) = planned?.overlays.first()?;
            let (first, second) = (|t: f64| axis.level_at_run_time(t), |t: f64| other.level_at_run_time(t));
            let made = theorem(TheoremFigure {
                theory,
                factor,
                measure,
                first: NamedSchedule { name: "run", level_at: &first },
                second: NamedSchedule { name, level_at: &second },
            });
            let figure = match key.theorem {
                TheoremView::Mapped => made.mapped,
                TheoremView::Apart => made.apart,
            };
            return Some((figure, Some(made.largest_difference)));
        }
    };
    if key.measured.is_none()
        && let Some(next) = tracks.ghost()
    {
        lay_over(&mut figure, track, next, time, key);
    }
    Some((figure, None))
}

/// Lays what the next run will have over what the run on screen has, by run time.
fn lay_over(figure: &mut Figure, track: Track, next: &Planned, time: TimeView, key: FigureKey) {
    if track == Track::Schedule {
        let (low, high) = figure.y_axis.range;
        let run_time = |x: f64| time.axis.value_at(time.axis.step_of_x(x, time.reading), Reading::RunTime);
        let value = |x: f64| level_value(key.level_reading, next.level_at_run_time(run_time(x))).clamp(low, high);
        let points = time.samples().into_iter().map(|x| [x, value(x)]).collect();
        let paint = Paint::Role(Role::Warning);
        figure.lines.push(Line { name: NEXT.into(), points, paint, dash: Dash::Dashed, weight: 0.75 });
        return;
    }
    let Some(theory) = next.theory.as_ref() else { return };
    let (factor, measure) = (next.factor, key.measure.into());
    // Steps are even in run time.
    let whole = TimeView::whole(&next.axis, Reading::Step);
    let other = match track {
        Track::Chromatogram => {
            let from = ChromatogramFigure { time: whole, theory, factor, measure, crossings: false };
            if key.stacking == Stacking::Lines { chromatogram(from) } else { stacked_chromatogram(from) }
        }
        Track::Elution => {
            let from = ElutionFigure { time: whole, theory, factor, measure, rate: Rate::PerStep };
            if key.stacking == Stacking::Lines { elution(from) } else { generation(from) }
        }
        _ => return,
    };
    let top = other.y_axis.range.1;
    if top > figure.y_axis.range.1 {
        figure.y_axis.range.1 = top;
        figure.y_axis.ticks = ticks::linear(figure.y_axis.range.0, top, 4, false);
    }
    let steps = time.axis.steps() as f64;
    let place = |x: f64| time.axis.x_of_step(x * steps, time.reading);
    let (left, right) = time.range;
    let mut over = |points: &mut dyn Iterator<Item = [f64; 2]>, paint| {
        let points = points.map(|[x, y]| [place(x), y]).filter(|[x, _]| (left..=right).contains(x)).collect();
        figure.lines.push(Line { name: NEXT.into(), points, paint, dash: Dash::Dashed, weight: 0.5 });
    };
    for line in &other.lines {
        over(&mut line.points.iter().copied(), line.paint);
    }
    for area in &other.areas {
        over(&mut area.points.iter().map(|&[x, _, high]| [x, high]), Paint::Role(Role::Text));
    }
}

/// Which class of those by resolution rules when: that of the level that is generated most.
fn classes(time: TimeView, tracks: &Tracks) -> Option<Strip> {
    let choice = tracks.shown_settings().by_level.as_ref()?;
    let theory = tracks.planned?.theory.as_ref()?;
    let own = Chromatogram::scale_invariant(choice.factor, theory.levels()).ok()?;
    let last = choice.labels.len().checked_sub(1)?;
    let mut r = vec![0.0; own.levels()];
    let mut segments: Vec<(Segment, i64)> = Vec::new();
    let samples = time.samples();
    for pair in samples.windows(2) {
        own.shares(time.level_at(0.5 * (pair[0] + pair[1])), crate::theory::Measure::Power, &mut r);
        let m = dominant_level(&r)?.min(last);
        let label = choice.labels[m];
        match segments.last_mut() {
            Some((segment, before)) if *before == label => segment.range.1 = pair[1],
            _ => {
                let name = tracks.class_names.get(usize::try_from(label).ok()?).cloned();
                let name = name.unwrap_or_else(|| format!("class {label}"));
                let short_label = label.to_string();
                let range = (pair[0], pair[1]);
                segments.push((Segment { range, label: name, short_label, paint: Paint::Level(m) }, label));
            }
        }
    }
    Some(Strip { name: "class".into(), segments: segments.into_iter().map(|(segment, _)| segment).collect() })
}

/// What was measured, over the theory that was chosen.
fn measured(time: TimeView, tracks: &Tracks, key: FigureKey) -> Option<Figure> {
    let (findings, measure) = (tracks.findings()?, key.measure.into());
    let (_, calibration) = key.measured?;
    let comparison = findings.comparison(calibration, measure)?;
    let factor = findings.ensemble.bands().factor();
    let disagreements: Vec<(usize, String)> =
        comparison.agreement.disagreements.iter().map(|at| (at.step, disagreement_in_words(at, factor))).collect();
    let own = &findings.measured;
    let other = tracks.measure.compared().map(|compared| &compared.findings.measured);
    let compared = other.filter(|other| other.levels() == own.levels()).map(|other| other.telling_values(measure));
    let compared = compared.filter(|values| values.len() == own.values(measure).len()).unwrap_or_default();
    Some(measured_chromatogram(MeasuredFigure {
        time,
        levels: findings.measured.levels(),
        factor,
        measure,
        measured: &findings.measured.telling_values(measure),
        errors: findings.measured.errors(measure),
        expected: comparison.prediction.rows(),
        compared: &compared,
        disagreements: &disagreements,
    }))
}

/// "step 12: 4 px gained most, 8 px in theory, by 0.03".
pub(super) fn disagreement_in_words(at: &Disagreement, factor: usize) -> String {
    let name = |level| level_label(factor, level);
    let (step, measured, predicted) = (at.step + 1, name(at.measured), name(at.predicted));
    format!("step {step}: {measured} gained most, {predicted} in theory, by {:.3}", at.by)
}

fn adjusted(time: TimeView, axis: &TimeAxis, tracks: &Tracks, key: FigureKey) -> Option<Figure> {
    let (theory, factor) = theory_of(tracks)?;
    let level_at = |x: f64| time.level_at(x);
    let time_of = |level: NoiseLevel| axis.value_at(axis.step_of_level(level), Reading::RunTime);
    let reading = match key.adjusted {
        AdjustedView::Time | AdjustedView::Intensity => AdjustedReading::Time,
        AdjustedView::LogSnr => AdjustedReading::LogSnr,
        AdjustedView::AlphaBar => AdjustedReading::AlphaBar,
        AdjustedView::Sigma => AdjustedReading::Sigma,
        AdjustedView::Decibel => AdjustedReading::Snr,
    };
    let times = theory.levels().saturating_sub(1).max(1);
    let x_axis = time.x_axis();
    let from = AdjustedTimeFigure { x_axis, level_at: &level_at, time_of: &time_of, factor, times, reading };
    Some(if key.adjusted == AdjustedView::Intensity { intensity(&from) } else { adjusted_time(&from) })
}

/// The theory whose levels are shown, and their factor.
fn theory_of<'a>(tracks: &Tracks<'a>) -> Option<(&'a Chromatogram, usize)> {
    match tracks.planned {
        Some(planned) => Some((planned.theory.as_ref()?, planned.factor)),
        None => Some((tracks.run?.theory.as_ref()?, FACTOR)),
    }
}
