use super::time_axis::TimeView;
use super::{Axis, Dash, Figure, Line, Paint, Role, ticks};
use crate::schedule::ModelSchedule;
use crate::theory::NoiseLevel;

/// What the figure of a run's schedule is made from.
#[derive(Clone, Copy, Debug)]
pub struct ScheduleFigure<'a> {
    /// The axis of the run.
    pub time: TimeView<'a>,
    /// The model's own schedule.
    pub model: &'a ModelSchedule,
}

/// λ of the run and of its model along the shared axis, with a tick at every step.
///
/// The model's curve is what its own timesteps, spent evenly from the noisiest to the cleanest, would have visited.
/// Where λ is infinite a curve runs out of the range, whose ends it is clamped to.
#[must_use]
pub fn schedule(from: ScheduleFigure<'_>) -> Figure {
    let ScheduleFigure { time, model } = from;
    let (cleanest, noisiest) = model.timestep_range();
    let model_level = |x: f64| {
        let run_time = time.axis.value_at(time.axis.step_of_x(x, time.reading), super::Reading::RunTime);
        model.level_at(cleanest + run_time * (noisiest - cleanest))
    };
    let samples = time.samples();
    let range = finite_range(samples.iter().flat_map(|&x| [time.level_at(x), model_level(x)]));
    let line = |name: &str, level: &dyn Fn(f64) -> NoiseLevel, role, dash| Line {
        name: name.to_owned(),
        points: samples.iter().map(|&x| [x, level(x).log_snr().clamp(range.0, range.1)]).collect(),
        paint: Paint::Role(role),
        dash,
        weight: 1.0,
    };
    Figure {
        x_axis: time.x_axis(),
        y_axis: Axis {
            label: "log-SNR λ".to_owned(),
            unit: "nats",
            range,
            ticks: ticks::linear(range.0, range.1, 4, false),
        },
        areas: Vec::new(),
        lines: vec![
            line("model", &model_level, Role::Secondary, Dash::Dashed),
            line("run", &|x| time.level_at(x), Role::Text, Dash::Solid),
        ],
        points: Vec::new(),
        strips: Vec::new(),
        marks: time.step_marks(),
    }
}

/// The λ that are worth a place on the axis, with a margin: no image that a screen shows has noise beyond ±20.
pub(super) fn finite_range(levels: impl Iterator<Item = NoiseLevel>) -> (f64, f64) {
    const MOST: f64 = 20.0;
    let (low, high) = levels
        .map(NoiseLevel::log_snr)
        .filter(|log_snr| log_snr.is_finite())
        .map(|log_snr| log_snr.clamp(-MOST, MOST))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low > high {
        return (-1.0, 1.0);
    }
    let margin = (0.05 * (high - low)).max(0.5);
    (low - margin, high + margin)
}
