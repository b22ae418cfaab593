//! The curves of the next run, drawn over those of the run on screen.

use crate::app::planned::Planned;
use crate::figure::{Dash, Figure, Line, NEXT, Paint, Reading, Role, TimeView, ticks};

/// Whether the axis is spaced by noise levels.
pub(super) const fn is_by_level(reading: Reading) -> bool {
    matches!(reading, Reading::Timestep | Reading::LogSnr | Reading::Sigma)
}

/// The whole axis of the next run, from which [`lay_over`] takes its curves. Steps are even in run time.
pub(super) fn whole(next: &Planned) -> TimeView<'_> {
    TimeView::whole(&next.axis, Reading::Step)
}

/// Adds the curves of the next run, over its [`whole`] axis, to a figure of the run on screen: mapped by noise level
/// if the axis is spaced by that, else by run time.
pub(super) fn lay_over(figure: &mut Figure, other: &Figure, next: &Planned, time: TimeView) {
    let top = other.y_axis.range.1;
    if top > figure.y_axis.range.1 {
        figure.y_axis.range.1 = top;
        figure.y_axis.ticks = ticks::linear(figure.y_axis.range.0, top, 4, false);
    }
    let (steps, next_steps) = (time.axis.steps() as f64, next.axis.steps() as f64);
    let levels = time.axis.levels();
    let place = |x: f64| {
        let step = if is_by_level(time.reading) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::planned::Planner;
    use crate::app::track::{chromatogram, elution};
    use crate::session::RunSettings;
    use crate::session::document::Document;
    use crate::session::prepare::Model;
    use crate::session::settings::{ModelSource, ProviderChoice};
    use std::sync::Arc;

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
            let looks = (document.view.measure, document.view.stacking);
            let bare = elution::drawn(time, (theory, shown.factor), looks);
            let (before, mut figure) = (bare.lines.clone(), bare.clone());
            elution::lay_next_over(&mut figure, next, time, looks);
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
            let mut figure = bare;
            chromatogram::lay_next_over(&mut figure, next, time, looks);
            assert_eq!(figure.lines.len() == before.len(), is_by_level(reading), "{reading:?}");
        }
    }
}
