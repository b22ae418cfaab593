use super::time_axis::TimeView;
use super::{Axis, Dash, Figure, Line, Marker, Paint, Points, Reading, Role, TimeAxis, ticks};
use crate::schedule::{ModelSchedule, PlanWarning};
use crate::session::document::LevelReading;
use crate::theory::NoiseLevel;

/// |λ| beyond which no noise is visible on a screen, nats.
const MOST: f64 = 20.0;

/// The data for the figure of a run's schedule.
#[derive(Clone, Copy, Debug)]
pub struct ScheduleFigure<'a> {
    /// The axis of the run.
    pub time: TimeView<'a>,
    /// The model's own schedule.
    pub model: &'a ModelSchedule,
    /// The unit of levels.
    pub reading: LevelReading,
    /// The smallest and largest value shown; `None` chooses them.
    pub range: Option<(f64, f64)>,
    /// Other schedules, drawn over it in run time.
    pub overlays: &'a [Overlay],
    /// Possible problems of the run's steps.
    pub warnings: &'a [PlanWarning],
}

/// A schedule that is drawn over the run's.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlay {
    /// Its name in the legend.
    pub name: String,
    /// Its levels.
    pub axis: TimeAxis,
    /// Whether it is a preview, such as a preset or the best fit so far, rather than saved.
    pub tried: bool,
}

/// A level in a reading's own units: λ in nats, ᾱ, the decimal logarithm of σ, or the signal-to-noise ratio in dB.
#[must_use]
pub fn level_value(reading: LevelReading, level: NoiseLevel) -> f64 {
    match reading {
        LevelReading::LogSnr => level.log_snr(),
        LevelReading::AlphaBar => level.alpha_bar(),
        LevelReading::Sigma => -0.5 * level.log_snr() * std::f64::consts::LOG10_E,
        LevelReading::Decibel => 10.0 * std::f64::consts::LOG10_E * level.log_snr(),
    }
}

/// The inverse of [`level_value`]; ᾱ is clamped to [0, 1].
#[must_use]
pub fn level_of_value(reading: LevelReading, value: f64) -> NoiseLevel {
    let log_snr = match reading {
        LevelReading::LogSnr => value,
        LevelReading::AlphaBar => return NoiseLevel::from_alpha_bar(value.clamp(0.0, 1.0)),
        LevelReading::Sigma => -2.0 * value * std::f64::consts::LN_10,
        LevelReading::Decibel => 0.1 * std::f64::consts::LN_10 * value,
    };
    NoiseLevel::from_log_snr(log_snr)
}

/// The level of the run, or of another schedule, along the shared axis, with a point at every step.
/// The level of the run, or of another schedule, along the shared axis, with a point at every step.
/// The model's curve has its own timesteps, evenly from the noisiest to the cleanest.
/// Where λ is infinite a curve leaves the range and is clamped to its ends.
#[must_use]
pub fn schedule(from: ScheduleFigure<'_>) -> Figure {
    let ScheduleFigure { time, model, reading, overlays, warnings, .. } = from;
    let (cleanest, noisiest) = model.timestep_range();
    let run_time = |x: f64| time.axis.value_at(time.axis.step_of_x(x, time.reading), Reading::RunTime);
    let model_level = |x: f64| model.level_at(cleanest + run_time(x) * (noisiest - cleanest));
    let samples = time.samples();
    let range = from.range.unwrap_or_else(|| value_range(reading, model, time.axis));
    let value = |level: NoiseLevel| level_value(reading, level).clamp(range.0, range.1);
    let line = |name: &str, level: &dyn Fn(f64) -> NoiseLevel, role, dash, weight| Line {
        name: name.to_owned(),
        points: samples.iter().map(|&x| [x, value(level(x))]).collect(),
        paint: Paint::Role(role),
        dash,
        weight,
    };
    let mut lines = vec![line("model", &model_level, Role::Secondary, Dash::Dashed, 0.75)];
    for Overlay { name, axis, tried } in overlays {
        let level = |x: f64| axis.level_at_run_time(run_time(x));
        let (role, dash) = if *tried { (Role::Good, Dash::Dotted) } else { (Role::Accent, Dash::DashDotted) };
        lines.push(line(name, &level, role, dash, 0.75));
    }
    lines.push(line("run", &|x| time.level_at(x), Role::Text, Dash::Solid, 1.0));

    let place = |step: usize| {
        let x = time.axis.x_of_step(step as f64, time.reading);
        [x, value(time.axis.level_at(step as f64))]
    };
    let shown = |point: &[f64; 2]| (time.range.0..=time.range.1).contains(&point[0]);
    let steps = time.axis.steps();
    let mut points = vec![Points {
        name: "steps".to_owned(),
        points: (0..=steps).map(place).filter(shown).collect(),
        errors: Vec::new(),
        paint: Paint::Role(Role::Text),
        marker: Marker::Circle,
    }];
    let mut questionable: Vec<usize> = warnings.iter().flat_map(|warning| warning.steps(steps)).collect();
    questionable.sort_unstable();
    questionable.dedup();
    if !questionable.is_empty() {
        points.push(Points {
            name: "warnings".to_owned(),
            points: questionable.into_iter().map(place).filter(shown).collect(),
            errors: Vec::new(),
            paint: Paint::Role(Role::Warning),
            marker: Marker::Up,
        });
    }
    Figure {
        x_axis: time.x_axis(),
        y_axis: y_axis(reading, range),
        areas: Vec::new(),
        lines,
        points,
        strips: Vec::new(),
        notes: Vec::new(),
        marks: time.step_marks(),
    }
}

fn y_axis(reading: LevelReading, range: (f64, f64)) -> Axis {
    let (label, unit) = match reading {
        LevelReading::LogSnr => ("log-SNR λ", "nats"),
        LevelReading::AlphaBar => ("ᾱ", ""),
        LevelReading::Sigma => ("noise level σ", ""),
        LevelReading::Decibel => ("SNR", "dB"),
    };
    let ticks = if reading == LevelReading::Sigma {
        let mut found = ticks::logarithmic(10.0_f64.powf(range.0), 10.0_f64.powf(range.1), 4);
        for tick in &mut found {
            tick.at = tick.at.log10();
        }
        found
    } else {
        ticks::linear(range.0, range.1, 4, false)
    };
    Axis { label: label.to_owned(), unit, range, ticks }
}

/// The range of the axis, with a margin: the model's own range, which does not move while
/// the run's schedule is dragged, extended to the levels that the run visits beyond it.
#[must_use]
pub fn value_range(reading: LevelReading, model: &ModelSchedule, run: &TimeAxis) -> (f64, f64) {
    if reading == LevelReading::AlphaBar {
        return (-0.02, 1.02);
    }
    let visited = (0..=run.steps()).map(|step| run.level_at(step as f64));
    let levels = [model.noisiest(), model.cleanest()].into_iter().chain(visited);
    let Some(ends) = finite_ends(levels) else { return (-1.0, 1.0) };
    let [one, other] = ends.map(|log_snr| level_value(reading, NoiseLevel::from_log_snr(log_snr)));
    with_margin(one.min(other), one.max(other), 1e-3)
}

/// The range of λ on the axis, with a margin.
pub(super) fn finite_range(levels: impl Iterator<Item = NoiseLevel>) -> (f64, f64) {
    finite_ends(levels).map_or((-1.0, 1.0), |[low, high]| with_margin(low, high, 0.5))
}

/// The smallest and largest finite λ, limited to [`MOST`]; `None` if none is finite.
fn finite_ends(levels: impl Iterator<Item = NoiseLevel>) -> Option<[f64; 2]> {
    let (low, high) = levels
        .map(NoiseLevel::log_snr)
        .filter(|log_snr| log_snr.is_finite())
        .map(|log_snr| log_snr.clamp(-MOST, MOST))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    (low <= high).then_some([low, high])
}

fn with_margin(low: f64, high: f64, least: f64) -> (f64, f64) {
    let margin = (0.05 * (high - low)).max(least);
    (low - margin, high + margin)
}
