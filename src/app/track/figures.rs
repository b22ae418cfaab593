//! What the tracks plot, as figures.

use crate::app::planned::Planned;
use crate::app::run_view::FACTOR;
use crate::app::track::stack::{FigureKey, Tracks};
use crate::ensemble::Disagreement;
use crate::figure::palette::level_label;
use crate::figure::text::verbatim;
use crate::figure::{
    AdjustedReading, AdjustedTimeFigure, ChromatogramFigure, ComparedShares, Dash, ElutionFigure, Figure, Line,
    MeasuredFigure, NEXT, NamedSchedule, OnAxis, Overlay, Paint, Rate, Reading, Role, ScheduleFigure, Strip,
    TheoremFigure, TimeAxis, TimeView, adjusted_time, chromatogram, class_strips, elution, generation, intensity,
    level_value, measured_chromatogram, pooled_level, schedule, stacked_chromatogram, theorem, ticks, value_range,
};
use crate::session::document::{AdjustedView, Stacking, TheoremView, Track, ViewChoices};
use crate::theory::{Chromatogram, NoiseLevel, adjustment};

/// The figure of a track, and of Theorem 1 the largest difference of the two schedules.
pub(in crate::app) fn figure_of(
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
                overlays: planned.map_or(&[], |planned| &planned.overlays),
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
            figure.notes.extend(tracks.other_images().map(|why| verbatim(&why)));
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
            let Overlay { name, axis: other, .. } = planned?.overlays.first()?;
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
        lay_over(&mut figure, track, next, time, tracks.view);
    }
    Some((figure, None))
}

/// Lays what the next run will have over what the run on screen has: schedules by run time, what follows from noise levels
/// by those where the axis is spaced by them, else by run time too.
fn lay_over(figure: &mut Figure, track: Track, next: &Planned, time: TimeView, view: &ViewChoices) {
    if track == Track::Schedule {
        let (low, high) = figure.y_axis.range;
        let run_time = |x: f64| time.axis.value_at(time.axis.step_of_x(x, time.reading), Reading::RunTime);
        let value = |x: f64| level_value(view.level_reading, next.level_at_run_time(run_time(x))).clamp(low, high);
        let points = time.samples().into_iter().map(|x| [x, value(x)]).collect();
        let paint = Paint::Role(Role::Warning);
        figure.lines.push(Line { name: NEXT.into(), points, paint, dash: Dash::Dashed, weight: 0.75 });
        return;
    }
    let Some(theory) = next.theory.as_ref() else { return };
    let (factor, measure) = (next.factor, view.measure.into());
    let by_level = matches!(time.reading, Reading::Timestep | Reading::LogSnr | Reading::Sigma);
    // Steps are even in run time.
    let whole = TimeView::whole(&next.axis, Reading::Step);
    let other = match track {
        // At a noise level it is the same for every schedule.
        Track::Chromatogram if by_level => return,
        Track::Chromatogram => {
            let from = ChromatogramFigure { time: whole, theory, factor, measure, crossings: false };
            if view.stacking == Stacking::Lines { chromatogram(from) } else { stacked_chromatogram(from) }
        }
        Track::Elution => {
            let from = ElutionFigure { time: whole, theory, factor, measure, rate: Rate::PerStep };
            if view.stacking == Stacking::Lines { elution(from) } else { generation(from) }
        }
        _ => return,
    };
    let top = other.y_axis.range.1;
    if top > figure.y_axis.range.1 {
        figure.y_axis.range.1 = top;
        figure.y_axis.ticks = ticks::linear(figure.y_axis.range.0, top, 4, false);
    }
    let (steps, next_steps) = (time.axis.steps() as f64, next.axis.steps() as f64);
    let levels = time.axis.levels();
    let place = |x: f64| {
        let step = if by_level {
            let level = next.axis.level_at(x * next_steps);
            let visited = levels.first()? <= &level && &level <= levels.last()?;
            Some(time.axis.step_of_level(level)).filter(|_| visited)?
        } else {
            x * steps
        };
        Some(time.axis.x_of_step(step, time.reading))
    };
    let (left, right) = time.range;
    let mut over = |points: &mut dyn Iterator<Item = [f64; 2]>, paint| {
        let placed = points.filter_map(|[x, y]| Some([place(x)?, y]));
        let points = placed.filter(|[x, _]| (left..=right).contains(x)).collect();
        figure.lines.push(Line { name: NEXT.into(), points, paint, dash: Dash::Dashed, weight: 0.5 });
    };
    for line in &other.lines {
        over(&mut line.points.iter().copied(), line.paint);
    }
    for area in &other.areas {
        over(&mut area.points.iter().map(|&[x, _, high]| [x, high]), Paint::Role(Role::Text));
    }
}

/// Which class of those by resolution rules when, or where.
fn classes(time: TimeView, tracks: &Tracks) -> Vec<Strip> {
    let Some((choice, run)) = tracks.shown_settings().by_level.as_ref().zip(tracks.run) else { return Vec::new() };
    let [_, _, height, width] = run.started.shape;
    class_strips(time, choice, (height, width), &|label| {
        let name = usize::try_from(label).ok().and_then(|label| tracks.class_names.get(label).cloned());
        name.unwrap_or_else(|| format!("class {label}"))
    })
}

/// What was measured, over the theory that was chosen; each at its own noise levels.
fn measured(time: TimeView, tracks: &Tracks, key: FigureKey) -> Option<Figure> {
    let (findings, measure) = (tracks.findings()?, key.measure.into());
    let (_, calibration) = key.measured?;
    let comparison = findings.comparison(calibration, measure)?;
    let factor = findings.ensemble.bands().factor();
    let disagreements: Vec<(usize, String)> =
        comparison.agreement.disagreements.iter().map(|at| (at.step, disagreement_in_words(at, factor))).collect();
    let own = findings.ensemble.axis();
    let on = OnAxis::new(time, &own);
    let mut notes = Vec::new();
    if !(on.is_same() && tracks.is_of_run(findings)) {
        notes.push(on.in_words(&format!("dots: {}", findings.ensemble.title())));
    }
    let other = tracks.measure.compared().map(|compared| &compared.findings);
    let why = other.and_then(|other| findings.other_levels(other));
    let other = other.filter(|_| why.is_none()).map(|other| (other.ensemble.axis(), other));
    let beside = other.as_ref().map(|(axis, other)| {
        let on = OnAxis::new(time, axis);
        notes.push(on.in_words(&format!("dotted: {}", other.ensemble.title())));
        (on, other.measured.telling_values(measure))
    });
    notes.extend(why);
    let compared = beside.as_ref().map(|(on, values)| ComparedShares { on: *on, values });
    let mut figure = measured_chromatogram(MeasuredFigure {
        on,
        levels: findings.measured.levels(),
        factor,
        measure,
        measured: &findings.measured.telling_values(measure),
        errors: findings.measured.errors(measure),
        expected: comparison.prediction.rows(),
        compared,
        disagreements: &disagreements,
    });
    figure.notes.splice(0..0, notes.iter().map(|note| verbatim(note)));
    Some(figure)
}

/// "step 12→13: 4 px gained most, 8 px in theory, by 0.03".
pub(in crate::app) fn disagreement_in_words(at: &Disagreement, factor: usize) -> String {
    let name = |level| level_label(factor, level);
    let (from, to, measured, predicted) = (at.step, at.step + 1, name(at.measured), name(at.predicted));
    format!("step {from}→{to}: {measured} gained most, {predicted} in theory, by {:.3}", at.by)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::planned::Planner;
    use crate::schedule::PlanSource;
    use crate::session::RunSettings;
    use crate::session::document::{self, Document};
    use crate::session::prepare::Model;
    use crate::session::settings::{ModelSource, ProviderChoice};
    use std::sync::Arc;

    /// Told apart by colour and by dash, each alone: the run, the schedule kept, the best that was fitted so far, the next
    /// run, and the model's own.
    #[test]
    fn schedules_of_one_figure_differ_in_colour_and_dash() {
        let source = ModelSource::Model("gaussian-64".into());
        let run = RunSettings { steps: 12, provider: ProviderChoice::Rust, ..RunSettings::new(source) };
        let info = Arc::clone(Model::open(&run, None, &|_, _| true).unwrap().info());
        let kept: PlanSource = "karras".parse().unwrap();
        let (name, steps) = ("kept".to_owned(), 9);
        let document = Document {
            run: run.clone(),
            schedules: vec![document::NamedSchedule { name: name.clone(), source: kept, steps }],
            overlay: Some(name),
            ..Document::default()
        };
        let mut planner = Planner::default();
        let best = ("best so far".to_owned(), "exponential".parse().unwrap());
        planner.update(&document, Some(&info), Some((&run, Some(&info))), Some(best));
        let shown = planner.shown().unwrap();
        let figure = schedule(ScheduleFigure {
            time: TimeView::whole(&shown.axis, Reading::Step),
            model: &shown.model,
            reading: document.view.level_reading,
            range: None,
            overlays: &shown.overlays,
            warnings: &[],
        });
        let line =
            |name: &str| figure.lines.iter().find(|line| line.name == name).unwrap_or_else(|| panic!("no {name}"));
        let compared = ["run", "kept", "best so far"].map(line);
        for (index, one) in compared.iter().enumerate() {
            for other in &compared[index + 1..] {
                assert_ne!(one.paint, other.paint, "{} and {}", one.name, other.name);
                assert_ne!(one.dash, other.dash, "{} and {}", one.name, other.name);
            }
        }
        let model = line("model");
        assert!(compared.iter().all(|line| line.paint != model.paint && line.dash != model.dash));
    }

    #[test]
    fn the_next_run_lies_over_by_level_where_the_axis_is_spaced_by_levels() {
        let source = ModelSource::Model("gaussian-64".into());
        let run = RunSettings { steps: 12, provider: ProviderChoice::Rust, ..RunSettings::new(source) };
        let model = Model::open(&run, None, &|_, _| true).unwrap();
        let info = Arc::clone(model.info());
        let mut document = Document { run: run.clone(), ..Document::default() };
        (document.run.steps, document.run.spacing) = (5, Some("karras".into()));
        let mut planner = Planner::default();
        planner.update(&document, Some(&info), Some((&run, Some(&info))), None);
        let (shown, next) = (planner.shown().unwrap(), planner.next().unwrap());
        assert!(!shown.looks_like(next));
        let theory = shown.theory.as_ref().unwrap();
        for reading in Reading::ALL {
            let time = TimeView::whole(&shown.axis, reading);
            let measure = document.view.measure.into();
            let from = ElutionFigure { time, theory, factor: shown.factor, measure, rate: Rate::PerStep };
            let mut figure = elution(from);
            let before = figure.lines.clone();
            lay_over(&mut figure, Track::Elution, next, time, &document.view);
            assert_eq!(figure.lines[..before.len()], before, "what the run has stays");
            let laid: Vec<&Line> = figure.lines.iter().filter(|line| line.name == NEXT).collect();
            assert_eq!(laid.len(), before.len());
            for step in 1..5 {
                let at = match reading {
                    Reading::Timestep | Reading::LogSnr | Reading::Sigma => {
                        let level = next.axis.level_at(f64::from(step));
                        shown.axis.x_of_step(shown.axis.step_of_level(level), reading)
                    }
                    _ => shown.axis.x_of_step(12.0 * f64::from(step) / 5.0, reading),
                };
                let found = laid[0].points.iter().any(|[x, _]| (x - at).abs() < 1e-9);
                assert!(found, "{reading:?}: step {step} at {at}");
            }
            let mut figure = elution(from);
            lay_over(&mut figure, Track::Chromatogram, next, time, &document.view);
            let by_level = matches!(reading, Reading::Timestep | Reading::LogSnr | Reading::Sigma);
            assert_eq!(figure.lines.len() == before.len(), by_level, "{reading:?}");
        }
    }
}
