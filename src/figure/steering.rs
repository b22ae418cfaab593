use super::time_axis::TimeView;
use super::{Axis, Dash, Figure, Line, Paint, Reading, Role, Segment, Strip, ticks};
use crate::denoiser::WindowSize;
use crate::denoiser::guided::{ByLevel, GuidanceScale, LevelMode, LevelPrompt};
use crate::theory::NoiseLevel;

/// The guidance scale w along the shared axis, with w = 1 for comparison. `range` fixes the smallest and largest w shown.
#[must_use]
pub fn guidance_scale(time: TimeView, scale: &GuidanceScale, range: Option<(f64, f64)>) -> Figure {
    let run_time = |x: f64| time.axis.value_at(time.axis.step_of_x(x, time.reading), Reading::RunTime);
    let mut samples = time.samples();
    if let GuidanceScale::Curve(curve) = scale {
        // Jumps are vertical.
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
        notes: Vec::new(),
        marks: time.step_marks(),
    }
}

/// The range of scales on the axis: 0 and 1 always, and a margin above the largest.
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
        notes: Vec::new(),
        marks: time.step_marks(),
    }
}

/// The level at which a denoiser used at n times its size sees the pooled image, along the shared axis, where it does.
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

/// The words of strips.
pub struct StripWords<'a> {
    /// "class" or "prompt".
    pub what: &'a str,
    /// The number of the text that a class or prompt is at a step; 0 if it does not change over the run.
    pub text: &'a dyn Fn(i64, usize) -> usize,
    /// The name of a class, or of a text of a prompt.
    pub name: &'a dyn Fn(i64, usize) -> String,
}

/// The dominant class or prompt, for those by level on images of a height and width. Those that follow each other in
/// time have one strip, of the one with the largest weight; those of separate bands have a strip each.
#[must_use]
pub fn class_strips(time: TimeView, choice: &ByLevel, size: (usize, usize), words: &StripWords) -> Vec<Strip> {
    let Ok(prompt) = LevelPrompt::new(choice.clone(), size) else { return Vec::new() };
    let level_of = |label: i64| choice.labels.iter().position(|of_level| *of_level == label).unwrap_or(0);
    if choice.mode == LevelMode::Band {
        let bands = prompt.bands();
        let ends = bands.iter().skip(1).map(|(_, block)| Some(block / choice.factor)).chain([None]);
        let strip = |(&(label, from), to): (&(i64, usize), Option<usize>)| {
            let levels = match to {
                Some(to) if to == from => format!("{from} px"),
                Some(to) => format!("{from} to {to} px"),
                None if from == 1 => "all".to_owned(),
                None => format!("{from} px and coarser"),
            };
            let level = (0..choice.labels.len()).find(|&m| choice.factor.pow(m as u32) == from).unwrap_or(0);
            let mut segments = ruling(time, words, &|_| Some(label), &|_| Paint::Level(level));
            for segment in &mut segments {
                segment.label = format!("{}: {levels}", segment.label);
            }
            Strip { name: format!("{} of {levels}", words.what), segments }
        };
        return bands.iter().zip(ends).map(strip).collect();
    }
    let dominant = |x: f64| {
        let shares = prompt.shares(time.level_at(x));
        shares.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(label, _)| label)
    };
    let segments = ruling(time, words, &dominant, &|label| Paint::Level(level_of(label)));
    vec![Strip { name: words.what.into(), segments }]
}

/// The text that a single prompt is at each step, for one that changes over the run.
#[must_use]
pub fn text_strip(time: TimeView, prompt: i64, words: &StripWords) -> Strip {
    let segments = ruling(time, words, &|_| Some(prompt), &|_| Paint::Role(Role::Hairline));
    Strip { name: words.what.into(), segments }
}

/// A piece for each stretch of time in which one class, and one text of it, rules.
fn ruling(
    time: TimeView,
    words: &StripWords,
    label_at: &dyn Fn(f64) -> Option<i64>,
    paint: &dyn Fn(i64) -> Paint,
) -> Vec<Segment> {
    let last = time.axis.steps().saturating_sub(1);
    let mut segments: Vec<((i64, usize), Segment)> = Vec::new();
    for pair in time.samples().windows(2) {
        let x = 0.5 * (pair[0] + pair[1]);
        let Some(label) = label_at(x) else { continue };
        #[allow(clippy::cast_sign_loss)] // a place on the axis
        let step = (time.axis.step_of_x(x, time.reading) as usize).min(last);
        let text = (words.text)(label, step);
        match segments.last_mut() {
            Some((before, segment)) if *before == (label, text) => segment.range.1 = pair[1],
            _ => {
                let (range, short_label) = ((pair[0], pair[1]), label.to_string());
                let segment = Segment { range, label: (words.name)(label, text), short_label, paint: paint(label) };
                segments.push(((label, text), segment));
            }
        }
    }
    segments.into_iter().map(|(_, segment)| segment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::TimeAxis;

    fn strips(labels: &[i64], mode: LevelMode) -> Vec<Strip> {
        let levels = (0..=10).map(|step| NoiseLevel::from_log_snr(f64::from(2 * step) - 12.0)).collect();
        let axis = TimeAxis::of_steps(levels, vec![0.0; 10]);
        let choice = ByLevel { labels: labels.to_vec(), mode, factor: 2 };
        let words = StripWords { what: "class", text: &|_, _| 0, name: &|label, _| format!("class {label}") };
        class_strips(TimeView::whole(&axis, Reading::Step), &choice, (64, 64), &words)
    }

    #[test]
    fn a_prompt_that_changes_has_a_piece_for_each_of_its_texts() {
        let levels = (0..=10).map(|step| NoiseLevel::from_log_snr(f64::from(2 * step) - 12.0)).collect();
        let axis = TimeAxis::of_steps(levels, vec![0.0; 10]);
        let words = StripWords {
            what: "prompt",
            text: &|_, step| usize::from(step >= 4),
            name: &|_, text| ["a cat", "a dog"][text].to_owned(),
        };
        for reading in [Reading::Step, Reading::LogSnr] {
            let time = TimeView::whole(&axis, reading);
            let strip = text_strip(time, 1, &words);
            let labels: Vec<&str> = strip.segments.iter().map(|segment| segment.label.as_str()).collect();
            assert_eq!((strip.name.as_str(), labels), ("prompt", vec!["a cat", "a dog"]));
            assert_eq!(strip.segments[0].range, (0.0, axis.x_of_step(4.0, reading)), "{reading:?}");
            let choice = ByLevel { labels: vec![1, 2], mode: LevelMode::Band, factor: 2 };
            let bands = class_strips(time, &choice, (64, 64), &words);
            assert_eq!(bands.iter().map(|strip| strip.segments.len()).collect::<Vec<_>>(), [2, 2]);
            assert_eq!(bands[1].segments[1].label, "a dog: 2 px and coarser");
        }
    }

    #[test]
    fn classes_in_bands_do_not_follow_each_other_in_time() {
        let found: Vec<(String, usize, (f64, f64), String)> = strips(&[1, 1, 4, 7], LevelMode::Band)
            .into_iter()
            .map(|strip| (strip.name, strip.segments.len(), strip.segments[0].range, strip.segments[0].label.clone()))
            .collect();
        let row = |name: &str, label: &str| (name.to_owned(), 1, (0.0, 1.0), label.to_owned());
        assert_eq!(
            found,
            [
                row("class of 1 to 2 px", "class 1: 1 to 2 px"),
                row("class of 4 px", "class 4: 4 px"),
                row("class of 8 px and coarser", "class 7: 8 px and coarser"),
            ]
        );
    }

    #[test]
    fn classes_in_turn_follow_the_levels_that_they_are_of() {
        for mode in [LevelMode::Blend, LevelMode::Switch] {
            let found = strips(&[1, 1, 4, 7], mode);
            assert_eq!((found.len(), found[0].name.as_str()), (1, "class"));
            let labels: Vec<&str> = found[0].segments.iter().map(|segment| segment.short_label.as_str()).collect();
            assert_eq!((labels.first(), labels.last()), (Some(&"7"), Some(&"1")), "{mode:?}: {labels:?}");
            let ends = found[0].segments.windows(2).all(|pair| pair[0].range.1 == pair[1].range.0);
            assert!(ends && found[0].segments[0].range.0 == 0.0);
        }
    }
}
