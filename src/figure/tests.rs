use super::*;
use crate::schedule::{
    BetaSchedule, FinalLevel, ModelSchedule, Plan, PlanRequest, PlanSource, Spacing, SpacingConvention,
    TrainingSchedule,
};
use crate::session::SamplerKind;
use crate::session::document::LevelReading;
use crate::theory::{Chromatogram, Measure, NoiseLevel};
use proptest::prelude::*;

fn cosine() -> ModelSchedule {
    ModelSchedule::Discrete(TrainingSchedule::new(BetaSchedule::SquaredcosCapV2, 0.0, 0.0, 1000).unwrap())
}

fn flow() -> ModelSchedule {
    ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 }
}

fn trailing(model: &ModelSchedule, steps: usize) -> Plan {
    let request = PlanRequest {
        source: PlanSource::Spacing(Spacing::Trailing),
        steps,
        convention: SpacingConvention::Ddim,
        steps_offset: 0,
        final_level: FinalLevel::Clean,
    };
    request.plan(model).unwrap()
}

fn axes() -> Vec<TimeAxis> {
    let edm = ModelSchedule::Edm { sigma_min: 0.002, sigma_max: 80.0, sigma_data: 0.5 };
    let mut axes = Vec::new();
    for model in [cosine(), flow()] {
        for steps in [1, 2, 7, 32] {
            axes.push(TimeAxis::new(&trailing(&model, steps), &model));
        }
    }
    axes.push(TimeAxis::new(&Plan::from_sigmas(&edm, &[80.0, 20.0, 3.0, 0.4, 0.0]).unwrap(), &edm));
    axes.push(TimeAxis::new(&Plan::from_sigmas(&edm, &[500.0, 200.0, 90.0, 3.0, 0.1]).unwrap(), &edm));
    axes
}

#[test]
fn readings_of_a_known_run() {
    let model = flow();
    let axis = TimeAxis::new(&trailing(&model, 4), &model);
    assert_eq!(axis.steps(), 4);
    let read = |step: f64| Reading::ALL.map(|reading| axis.value_at(step, reading));
    assert_eq!(read(0.0), [0.0, 1.0, 1000.0, f64::NEG_INFINITY, f64::INFINITY, 0.0]);
    let middle = read(2.0);
    assert_eq!(middle[..3], [2.0, 0.5, 500.0]);
    assert!(middle[3].abs() < 1e-12 && (middle[4] - 1.0).abs() < 1e-12);
    assert_eq!(read(4.0), [4.0, 0.0, 0.0, f64::INFINITY, 0.0, 4.0]);
    // Flow time falls linearly through every step, here to 1/8.
    assert!((axis.value_at(3.5, Reading::Sigma) - 1.0 / 7.0).abs() < 1e-12);
    assert!((axis.x_of_step(1.0, Reading::Timestep) - 0.25).abs() < 1e-12);
    assert!((axis.x_of_step(2.0, Reading::LogSnr) - 0.5).abs() < 1e-12);
    let labels = |reading| axis.ticks(reading, (0.0, 1.0), 5).into_iter().map(|t| t.label).collect::<Vec<_>>();
    assert_eq!(labels(Reading::Step), ["0", "1", "2", "3", "4"]);
    assert_eq!(labels(Reading::RunTime), ["1.0", "0.8", "0.6", "0.4", "0.2", "0.0"]);
    assert_eq!(labels(Reading::Timestep), ["1000", "800", "600", "400", "200", "0"]);
    assert_eq!(labels(Reading::LogSnr), ["−∞", "−2", "−1", "0", "1", "2", "∞"]);
    assert_eq!(labels(Reading::Sigma), ["∞", "2", "1", "0.5", "0"]);
}

#[test]
fn evaluations_are_counted_as_the_sampler_makes_them() {
    let model = flow();
    let plan = trailing(&model, 4);
    let in_step = |sampler: SamplerKind| sampler.evaluations(plan.levels());
    assert_eq!((in_step(SamplerKind::Ddim), in_step(SamplerKind::Heun)), (vec![1; 4], vec![2, 2, 2, 1]));
    let axis = TimeAxis::new(&plan, &model).with_evaluations(&in_step(SamplerKind::Heun));
    let reading = Reading::Evaluations;
    assert_eq!([0.0, 1.0, 3.0, 4.0].map(|step| axis.value_at(step, reading)), [0.0, 2.0, 6.0, 7.0]);
    assert!((axis.x_of_step(3.0, reading) - 6.0 / 7.0).abs() < 1e-12);
    assert!((axis.step_of_x(3.0 / 7.0, reading) - 1.5).abs() < 1e-12);
    let labels: Vec<String> = axis.ticks(reading, (0.0, 1.0), 8).into_iter().map(|tick| tick.label).collect();
    assert_eq!(labels, ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

#[test]
fn noise_is_left_and_every_step_has_its_place() {
    for axis in axes() {
        for reading in Reading::ALL {
            let x: Vec<f64> = (0..=axis.steps()).map(|step| axis.x_of_step(step as f64, reading)).collect();
            assert_eq!((x[0], x[axis.steps()]), (0.0, 1.0), "{reading:?}");
            assert!(x.windows(2).all(|pair| pair[0] <= pair[1]));
            for step in 0..=axis.steps() {
                let level = axis.level_at(step as f64);
                assert_eq!(axis.step_of_level(level), step as f64);
            }
        }
    }
}

/// Where the timestep is clamped several steps share a position, and the first is found.
#[test]
fn steps_outside_the_trained_range_share_a_timestep() {
    let axis = axes().pop().unwrap();
    assert_eq!(axis.x_of_step(2.0, Reading::Timestep), 0.0);
    assert_eq!(axis.step_of_x(0.0, Reading::Timestep), 0.0);
    assert!(axis.x_of_step(2.0, Reading::LogSnr) > 0.1);
}

/// If the last step of a run stays at its level, it is one mean step long.
#[test]
fn a_step_that_does_nothing_is_still_seen() {
    let model = cosine();
    let plan = Plan::from_timesteps(&model, &[900.0, 300.0, 0.0], FinalLevel::FirstTrained).unwrap();
    let axis = TimeAxis::new(&plan, &model);
    for reading in [Reading::Timestep, Reading::LogSnr, Reading::Sigma] {
        assert!((axis.x_of_step(2.0, reading) - 2.0 / 3.0).abs() < 1e-12, "{reading:?}");
    }
}

fn check_strip(figure: &Figure, range: (f64, f64)) {
    for strip in &figure.strips {
        let (first, last) = (strip.segments.first().unwrap(), strip.segments.last().unwrap());
        assert_eq!((first.range.0, last.range.1), range);
        assert!(strip.segments.iter().all(|segment| segment.range.0 < segment.range.1), "{strip:?}");
        for pair in strip.segments.windows(2) {
            assert_eq!(pair[0].range.1, pair[1].range.0);
            assert_ne!(pair[0].paint, pair[1].paint);
        }
    }
}

fn check(figure: &Figure) {
    let inside = |value: f64, (low, high): (f64, f64)| value.is_finite() && (low..=high).contains(&value);
    for line in &figure.lines {
        assert!(line.points.iter().all(|&[x, y]| inside(x, figure.x_axis.range) && inside(y, figure.y_axis.range)));
        assert!(line.points.windows(2).all(|pair| pair[0][0] < pair[1][0]));
    }
    for area in &figure.areas {
        let rising = |y: f64| inside(y, (figure.y_axis.range.0, figure.y_axis.range.1 + 1e-12));
        assert!(
            area.points.iter().all(|&[x, low, high]| inside(x, figure.x_axis.range) && low <= high && rising(high))
        );
        assert!(area.points.windows(2).all(|pair| pair[0][0] < pair[1][0]));
    }
    for axis in [&figure.x_axis, &figure.y_axis] {
        assert!(axis.ticks.iter().all(|tick| inside(tick.at, axis.range)));
    }
    assert!(figure.marks.iter().all(|mark| inside(mark.x, figure.x_axis.range)));
    check_strip(figure, figure.x_axis.range);
}

#[test]
fn figures_hold_together_on_every_axis() {
    let theory = Chromatogram::scale_invariant(2, 6).unwrap();
    for axis in axes() {
        for reading in Reading::ALL {
            for range in [(0.0, 1.0), (0.25, 0.5), (0.9, 1.0)] {
                let time = TimeView { range, ..TimeView::whole(&axis, reading) };
                for model in [cosine(), flow()] {
                    for reading in LevelReading::ALL {
                        check(&schedule(of_run(time, &model, reading)));
                    }
                }
                for measure in [Measure::Power, Measure::Amplitude] {
                    let (theory, factor, crossings) = (&theory, 2, true);
                    let from = ChromatogramFigure { time, theory, factor, measure, crossings };
                    check(&chromatogram(from));
                    check(&stacked_chromatogram(from));
                    let rate = Rate::ALL[reading as usize % 3];
                    let from = ElutionFigure { time, theory, factor, measure, rate };
                    check(&elution(from));
                    check(&generation(from));
                }
            }
        }
    }
}

/// The strip runs from coarse to fine, and its boundaries are the closed-form crossings.
#[test]
fn dominance_changes_at_the_crossings() {
    let theory = Chromatogram::scale_invariant(2, 6).unwrap();
    let model = cosine();
    let axis = TimeAxis::new(&trailing(&model, 32), &model);
    for (reading, measure) in Reading::ALL.into_iter().flat_map(|r| [(r, Measure::Power), (r, Measure::Amplitude)]) {
        let time = TimeView::whole(&axis, reading);
        let figure = chromatogram(ChromatogramFigure { time, theory: &theory, factor: 2, measure, crossings: true });
        let segments = &figure.strips[0].segments;
        let labels: Vec<&str> = segments.iter().map(|segment| segment.label.as_str()).collect();
        let expected = ["32 px", "16 px", "8 px", "4 px", "2 px", "1 px"];
        assert!(expected.ends_with(&labels) && labels.len() >= 5, "{labels:?}");
        for pair in segments.windows(2) {
            let Paint::Level(fine) = pair[1].paint else { panic!("a strip of levels") };
            let level = theory.crossing(fine, fine + 1, measure).unwrap();
            let x = axis.x_of_step(axis.step_of_level(level), reading);
            assert!((x - pair[1].range.0).abs() < 1e-9, "{reading:?} {measure:?}: {x} {:?}", pair[1].range);
        }
        assert_eq!(figure.marks.len(), segments.len() - 1);
        assert_eq!(figure.lines.len(), 6);
    }
}

/// At every x the areas fill the height, coarse below fine, each as thick as its level's share, with the same marks
/// as the lines.
#[test]
fn stacked_shares_fill_the_height() {
    for (factor, levels) in [(2, 8), (3, 5), (4, 3)] {
        let theory = Chromatogram::scale_invariant(factor, levels).unwrap();
        let model = flow();
        let axis = TimeAxis::new(&trailing(&model, 20), &model);
        let (time, measure) = (TimeView::whole(&axis, Reading::LogSnr), Measure::Power);
        let from = ChromatogramFigure { time, theory: &theory, factor, measure, crossings: true };
        let (apart, stacked) = (chromatogram(from), stacked_chromatogram(from));
        assert_eq!((stacked.areas.len(), stacked.lines.len(), &stacked.strips), (levels, 0, &apart.strips));
        for index in 0..stacked.areas[0].points.len() {
            assert_eq!(stacked.areas[levels - 1].points[index][1], 0.0);
            assert!((stacked.areas[0].points[index][2] - 1.0).abs() < 1e-12);
            for m in 0..levels {
                let [x, low, high] = stacked.areas[m].points[index];
                assert!(m == 0 || stacked.areas[m - 1].points[index][1] == high);
                assert!((high - low - apart.lines[m].at(x).unwrap()).abs() < 1e-12);
            }
        }
        // Power: equal where SNR = 1/(n·n^{2m}).
        let places = |figure: &Figure| figure.marks.iter().map(|mark| mark.x).collect::<Vec<_>>();
        assert_eq!(places(&apart), places(&stacked));
        let n = factor as f64;
        for (mark, m) in stacked.marks.iter().zip((0..levels - 1).rev()) {
            let level = NoiseLevel::from_log_snr(-n.powf(1.0 + 2.0 * m as f64).ln());
            assert!((mark.x - axis.x_of_step(axis.step_of_level(level), Reading::LogSnr)).abs() < 1e-12);
        }
        assert_eq!(stacked.marks.len(), levels - 1);
    }
}

#[test]
fn the_schedule_of_the_model_is_the_run_that_follows_it() {
    let model =
        ModelSchedule::Discrete(TrainingSchedule::new(BetaSchedule::ScaledLinear, 0.00085, 0.012, 1000).unwrap());
    let axis = TimeAxis::new(&trailing(&model, 999), &model);
    let figure = schedule(of_run(TimeView::whole(&axis, Reading::Step), &model, LevelReading::LogSnr));
    assert_eq!((figure.lines[0].name.as_str(), figure.lines[1].name.as_str()), ("model", "run"));
    assert_eq!(figure.marks.len(), 1000);
    for (model, run) in figure.lines[0].points.iter().zip(&figure.lines[1].points).skip(1) {
        assert!(run[0] > 0.99 || (model[1] - run[1]).abs() < 0.1, "{model:?} {run:?}");
    }
}

const fn of_run<'a>(time: TimeView<'a>, model: &'a ModelSchedule, reading: LevelReading) -> ScheduleFigure<'a> {
    ScheduleFigure { time, model, reading, range: None, overlays: &[], warnings: &[] }
}

#[test]
fn levels_read_alike_in_every_reading() {
    for log_snr in [-18.0, -3.0, 0.0, 2.5, 11.0] {
        let level = NoiseLevel::from_log_snr(log_snr);
        for reading in LevelReading::ALL {
            let back = level_of_value(reading, level_value(reading, level));
            assert!((back.log_snr() - log_snr).abs() < 1e-8, "{reading:?} {log_snr}");
        }
    }
    assert!((level_value(LevelReading::Decibel, NoiseLevel::from_sigma(0.1)) - 20.0).abs() < 1e-12);
    assert!((level_value(LevelReading::Sigma, NoiseLevel::from_sigma(10.0)) - 1.0).abs() < 1e-12);
}

proptest! {
    /// x → step → x and step → x → step, for every axis unit, for any falling σ.
    #[test]
    fn conversions_round_trip(
        mut sigmas in prop::collection::vec(0.003..79.0_f64, 2..40), clean: bool, at in 0.0..1.0_f64,
    ) {
        sigmas.sort_by(|a, b| b.total_cmp(a));
        sigmas.dedup_by(|a, b| *a / *b > 0.999);
        if clean { sigmas.push(0.0); }
        prop_assume!(sigmas.len() > 1);
        let edm = ModelSchedule::Edm { sigma_min: 0.002, sigma_max: 80.0, sigma_data: 0.5 };
        let axis = TimeAxis::new(&Plan::from_sigmas(&edm, &sigmas).unwrap(), &edm);
        let step = at * axis.steps() as f64;
        for reading in Reading::ALL {
            let there = axis.x_of_step(axis.step_of_x(at, reading), reading);
            prop_assert!((there - at).abs() < 1e-12, "{:?} x {} {}", reading, at, there);
            let back = axis.step_of_x(axis.x_of_step(step, reading), reading);
            prop_assert!((back - step).abs() < 1e-9, "{:?} step {} {}", reading, step, back);
        }
        let level = axis.level_at(step);
        prop_assert!((axis.step_of_level(level) - step).abs() < 1e-9);
        prop_assert!((axis.level_at(axis.step_of_level(level)).log_snr() - level.log_snr()).abs() < 1e-9);
    }

    #[test]
    fn ticks_stay_in_view(left in 0.0..0.9_f64, width in 0.02..1.0_f64, count in 1_usize..20) {
        let range = (left, (left + width).min(1.0));
        for axis in axes() {
            for reading in Reading::ALL {
                let ticks = axis.ticks(reading, range, count);
                prop_assert!(ticks.len() <= 2 * count + 5);
                prop_assert!(ticks.iter().all(|tick| (range.0..=range.1).contains(&tick.at)));
                prop_assert!(ticks.windows(2).all(|pair| pair[0].at <= pair[1].at));
            }
        }
    }
}

#[test]
fn a_line_is_read_between_its_points() {
    let line = Line {
        name: String::new(),
        points: vec![[0.0, 1.0], [0.5, 2.0], [1.0, 0.0]],
        paint: Paint::Level(0),
        dash: Dash::Solid,
        weight: 1.0,
    };
    assert_eq!([0.0, 0.25, 0.5, 0.75, 1.0].map(|x| line.at(x).unwrap()), [1.0, 1.5, 2.0, 1.0, 0.0]);
    assert_eq!((line.at(-0.1), line.at(1.1)), (None, None));
    let points = line.points.iter().map(|&[x, y]| [x, 1.0, 1.0 + y]).collect();
    let area = Area { name: String::new(), points, paint: Paint::Level(0) };
    assert!([-0.1, 0.0, 0.25, 0.75, 1.0, 1.1].iter().all(|&x| area.at(x) == line.at(x)));
}
