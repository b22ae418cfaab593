//! The time of all curves of a schedule: `cargo bench --bench curves`
//!
//! `r_m`, `g_m` and `τ_m` at 1000 times for 8 levels, as a drag needs them in one frame, without caches: for
//! schedules alone, and along a run by its steps, as in the window. And the figures drawn from them.
#![allow(clippy::unwrap_used)]

use chromascope::figure::{
    AdjustedReading, AdjustedTimeFigure, ChromatogramFigure, ElutionFigure, Rate, Reading, TimeAxis, TimeView,
    adjusted_time, chromatogram, elution,
};
use chromascope::schedule::{
    BetaSchedule, Curve, Drawn, FinalLevel, ModelSchedule, PlanRequest, PlanSource, Spacing, SpacingConvention,
    TrainingSpec,
};
use chromascope::theory::{Chromatogram, Measure, adjustment};
use std::hint::black_box;
use std::time::Instant;

const TIMES: usize = 1000;
const LEVELS: usize = 8;
const FACTOR: usize = 2;
/// The target, milliseconds.
const AIM: f64 = 0.5;
const TURNS: usize = 400;

/// The median and the shortest time of a call, ms.
fn timed(mut call: impl FnMut()) -> (f64, f64) {
    let mut times: Vec<f64> = (0..TURNS)
        .map(|_| {
            let began = Instant::now();
            call();
            1e3 * began.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times[TURNS / 2], times[0])
}

/// All curves at once, row by row, into `rows` `[TIMES, 3·LEVELS]`.
fn curves(schedule: &ModelSchedule, theory: &Chromatogram, measure: Measure, rows: &mut [f64]) {
    let (low, high) = schedule.timestep_range();
    for (i, row) in rows.chunks_exact_mut(3 * LEVELS).enumerate() {
        let t = low + (high - low) * (i as f64 + 0.5) / TIMES as f64;
        let (level, slope) = schedule.level_and_slope_at(t);
        let (shares, rest) = row.split_at_mut(LEVELS);
        let (rates, times) = rest.split_at_mut(LEVELS);
        theory.shares(level, measure, shares);
        theory.elution_per_nat(level, measure, rates);
        for rate in rates {
            *rate *= -slope;
        }
        for (m, time) in (0..).zip(times) {
            *time = schedule.timestep_of(adjustment::adjusted_level(level, FACTOR, m));
        }
    }
}

/// The same along a run, by its steps, as in the window: `g_m` per nat.
fn curves_of_run(axis: &TimeAxis, theory: &Chromatogram, measure: Measure, rows: &mut [f64]) {
    for (i, row) in rows.chunks_exact_mut(3 * LEVELS).enumerate() {
        let level = axis.level_at((i as f64 + 0.5) / TIMES as f64 * axis.steps() as f64);
        let (shares, rest) = row.split_at_mut(LEVELS);
        let (rates, times) = rest.split_at_mut(LEVELS);
        theory.shares(level, measure, shares);
        theory.elution_per_nat(level, measure, rates);
        for (m, time) in (0..).zip(times) {
            *time = axis.step_of_level(adjustment::adjusted_level(level, FACTOR, m));
        }
    }
}

fn told(what: &str, median: f64, least: f64) {
    let verdict = if median <= AIM { "met" } else { "missed" };
    println!("{what:>20}: {median:.3} ms ({least:.3}), {verdict}");
}

fn main() {
    let theory = Chromatogram::scale_invariant(FACTOR, LEVELS).unwrap();
    let cosine: Curve = "cosine".parse().unwrap();
    let drawn = Curve::Drawn(Drawn::close_to(&|t| cosine.level_at(t), 3e-3, 12).unwrap());
    let table = TrainingSpec::new(BetaSchedule::ScaledLinear).table().unwrap();
    let table = ModelSchedule::Discrete(table);
    let schedules = [
        ("cosine", ModelSchedule::Continuous(cosine)),
        ("drawn", ModelSchedule::Continuous(drawn.clone())),
        ("table", table.clone()),
    ];
    println!("r_m, g_m and τ_m at {TIMES} times, {LEVELS} levels; median (least) of {TURNS}; {AIM} ms are wanted");
    let mut rows = vec![0.0; TIMES * 3 * LEVELS];
    for (name, schedule) in &schedules {
        for measure in [Measure::Power, Measure::Amplitude] {
            let (median, least) = timed(|| curves(schedule, &theory, measure, black_box(&mut rows)));
            told(&format!("{name}, {measure:?}"), median, least);
        }
    }

    let source =
        PlanSource::of(chromascope::schedule::ScheduleSpec::Curve(drawn), PlanSource::Spacing(Spacing::Trailing));
    let (convention, final_level) = (SpacingConvention::Ddim, FinalLevel::Clean);
    let request = PlanRequest { source, steps: 50, convention, steps_offset: 0, final_level };
    let axis = TimeAxis::new(&request.plan(&table).unwrap(), &table);
    for measure in [Measure::Power, Measure::Amplitude] {
        let (median, least) = timed(|| curves_of_run(&axis, &theory, measure, black_box(&mut rows)));
        told(&format!("50 steps, {measure:?}"), median, least);
    }

    println!("the figures of that run of 50 steps along the drawn curve, as the window asks for them:");
    let (median, least) = timed(|| {
        black_box(TimeAxis::new(&request.plan(&table).unwrap(), &table));
    });
    println!("{:>20}: {median:.3} ms ({least:.3})", "plan");
    let (time, measure) = (TimeView::whole(&axis, Reading::Step), Measure::Amplitude);
    let (theory, factor) = (&theory, FACTOR);
    let (median, least) = timed(|| {
        black_box(chromatogram(ChromatogramFigure { time, theory, factor, measure, crossings: true }));
    });
    println!("{:>20}: {median:.3} ms ({least:.3})", "r_m");
    let (median, least) = timed(|| {
        black_box(elution(ElutionFigure { time, theory, factor, measure, rate: Rate::PerStep }));
    });
    println!("{:>20}: {median:.3} ms ({least:.3})", "g_m");
    let (median, least) = timed(|| {
        black_box(adjusted_time(&AdjustedTimeFigure {
            x_axis: time.x_axis(),
            level_at: &|x| time.level_at(x),
            time_of: &|level| axis.value_at(axis.step_of_level(level), Reading::RunTime),
            factor,
            times: LEVELS - 1,
            reading: AdjustedReading::Time,
        }));
    });
    println!("{:>20}: {median:.3} ms ({least:.3})", "τ_m");
}
