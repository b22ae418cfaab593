use super::time_axis::TimeView;
use super::{Axis, Dash, Figure, Line, Paint, Reading, Role, ticks};
use crate::denoiser::WindowSize;
use crate::denoiser::guided::GuidanceScale;
use crate::theory::NoiseLevel;

/// The guidance scale w along the shared axis, with w = 1 for comparison. `range` fixes the least and greatest w shown.
#[must_use]
pub fn guidance_scale(time: TimeView, scale: &GuidanceScale, range: Option<(f64, f64)>) -> Figure {
    let run_time = |x: f64| time.axis.value_at(time.axis.step_of_x(x, time.reading), Reading::RunTime);
    let mut samples = time.samples();
    if let GuidanceScale::Curve(curve) = scale {
        // Jumps stand upright.
        let steps = time.axis.steps() as f64;
        let place = |s: f64| time.axis.x_of_step((1.0 - s) * steps, time.reading);
        let beside = |point: &[f64; 2]| [place(point[0].next_up().min(1.0)), place(point[0])];
        samples.extend(curve.points().iter().flat_map(beside));
        let (left, right) = time.range;
        samples.retain(|x| (left..=right).contains(x));
        samples.sort_by(f64::total_cmp);
    }
    let points: Vec<[f64; 2]> = samples.iter().map(|&x| [x, scale.at(run_time(x))]).collect();
    let range = range.unwrap_or_else(|| scale_range(scale));
    let (left, right) = time.range;
    let one = Line {
        name: "w = 1".into(),
        points: vec![[left, 1.0], [right, 1.0]],
        paint: Paint::Role(Role::Secondary),
        dash: Dash::Dashed,
        weight: 0.5,
    };
    let line = Line { name: "w(s)".into(), points, paint: Paint::Role(Role::Accent), dash: Dash::Solid, weight: 1.0 };
    Figure {
        x_axis: time.x_axis(),
        y_axis: Axis {
            label: "guidance scale w".into(),
            unit: "",
            range,
            ticks: ticks::linear(range.0, range.1, 4, false),
        },
        areas: Vec::new(),
        lines: vec![one, line],
        points: Vec::new(),
        strips: Vec::new(),
        marks: time.step_marks(),
    }
}

/// The scales that are worth a place on the axis: 0 and 1 always, and room above the largest.
#[must_use]
pub fn scale_range(scale: &GuidanceScale) -> (f64, f64) {
    let values: Vec<f64> = match scale {
        GuidanceScale::Constant(w) => vec![*w],
        GuidanceScale::Curve(curve) => curve.points().iter().map(|point| point[1]).collect(),
    };
    let low = values.iter().copied().fold(0.0, f64::min);
    let high = values.iter().copied().fold(1.0, f64::max);
    let low = if low < 0.0 { 1.15 * low } else { 0.0 };
    (low, low + 1.2 * (high - low).max(2.0))
}

/// The side k of the local exact denoiser's window along the shared axis, logarithmic, to `largest` pixels.
#[must_use]
pub fn window_side(time: TimeView, window: &WindowSize, largest: usize) -> Figure {
    let range = (2.0_f64.log2(), (largest.max(4) as f64).log2());
    let side = |x: f64| (window.side_at(time.level_at(x)) as f64).log2().clamp(range.0, range.1);
    let points = time.samples().into_iter().map(|x| [x, side(x)]).collect();
    let mut found = ticks::logarithmic(2.0, largest.max(4) as f64, 4);
    for tick in &mut found {
        tick.at = tick.at.log2();
    }
    let line = Line { name: "k".into(), points, paint: Paint::Role(Role::Accent), dash: Dash::Solid, weight: 1.0 };
    Figure {
        x_axis: time.x_axis(),
        y_axis: Axis { label: "window k".into(), unit: "px", range, ticks: found },
        areas: Vec::new(),
        lines: vec![line],
        points: Vec::new(),
        strips: Vec::new(),
        marks: time.step_marks(),
    }
}

/// The level at which a denoiser used at n times its size sees the image pooled, along the shared axis, where it does.
#[must_use]
pub fn pooled_level(
    time: TimeView,
    name: &str,
    pooled: &dyn Fn(NoiseLevel) -> Option<NoiseLevel>,
    value: &dyn Fn(NoiseLevel) -> f64,
) -> Line {
    let points = time.samples().into_iter().map_while(|x| Some([x, value(pooled(time.level_at(x))?)])).collect();
    Line { name: name.into(), points, paint: Paint::Role(Role::Accent), dash: Dash::Dotted, weight: 1.0 }
}
