use super::adjusted::{empty, unit_time_axis};
use super::pace::log_snr_slope;
use super::{Axis, Dash, Figure, Line, Marker, Paint, Points, Role, palette, ticks};
use crate::theory::{Chromatogram, Measure, NoiseLevel};

/// Number of times at which curves are evaluated.
const SAMPLES: u32 = 400;
/// Every nth of them is drawn as a point.
const SPARSE: usize = 16;

/// A schedule with its name.
#[derive(Clone, Copy)]
pub struct TheoremSchedule<'a> {
    /// "cosine".
    pub name: &'a str,
    /// The noise level at each t in (0, 1), from the image (0) to noise (1), rising in noise.
    pub level_at: &'a dyn Fn(f64) -> NoiseLevel,
}

/// The data for the figures of Theorem 1.
#[derive(Clone, Copy)]
pub struct TheoremFigure<'a> {
    /// The theory that gives the shares.
    pub theory: &'a Chromatogram,
    /// n, for the names of levels.
    pub factor: usize,
    /// Power or amplitude.
    pub measure: Measure,
    /// The schedule with its time on the horizontal axis.
    pub first: TheoremSchedule<'a>,
    /// The schedule that is mapped to it.
    pub second: TheoremSchedule<'a>,
}

/// Theorem 1: where two schedules have the same noise level, they generate the same levels.
#[derive(Clone, Debug, PartialEq)]
pub struct Theorem {
    /// `r_m(t)` (solid) and `r'_m(t)` (dashed), each over its own time: they differ.
    pub apart: Figure,
    /// `r_m(t)` with `r'_m(t'(t))` as points on it, where `t'(t)` is the time at which the second has the level of the first.
    pub mapped: Figure,
    /// `t'(t)`.
    pub mapping: Figure,
    /// Largest `|r_m(t) − r'_m(t'(t))|` over all m and t; NaN if the schedules have no level in common.
    pub largest_difference: f64,
}

/// Shows Theorem 1 with two schedules.
///
/// Each `r_m` is computed from the elution curves of its own schedule, `g_m = −V_m·(da_m/dᾱ)·(dᾱ/dt)` with a numerical
/// `dᾱ/dt` of that schedule, and `t'(t)` by bisection, without using the theorem itself. Times with infinite λ or
/// without a counterpart in the second schedule are omitted.
#[must_use]
pub fn theorem(from: TheoremFigure<'_>) -> Theorem {
    let TheoremFigure { first, second, .. } = from;
    let times: Vec<f64> = (0..SAMPLES).rev().map(|i| (f64::from(i) + 0.5) / f64::from(SAMPLES)).collect();
    let own = times.iter().filter_map(|&t| Some((t, shares(from, first, t)?)));
    let own: Vec<(f64, Vec<f64>)> = own.collect();
    let other = times.iter().filter_map(|&t| Some((t, shares(from, second, t)?)));
    let other: Vec<(f64, Vec<f64>)> = other.collect();
    let mapped = own.iter().filter_map(|(t, row)| {
        let there = time_of(second, (first.level_at)(*t))?;
        Some(Pair { t: *t, there, own: row, other: shares(from, second, there)? })
    });
    let mapped: Vec<Pair> = mapped.collect();

    let levels = 0..from.theory.levels();
    let highest = own.iter().chain(&other).flat_map(|(_, row)| row).copied().fold(0.0, f64::max);
    let figure = Figure { y_axis: shares_axis(1.05 * highest), ..empty(&unit_time_axis()) };
    let solid = || levels.clone().map(|m| curve(from, m, &own, Dash::Solid));
    let apart = Figure {
        lines: [key(first.name, Dash::Solid), key(second.name, Dash::Dashed)]
            .into_iter()
            .chain(solid())
            .chain(levels.clone().map(|m| curve(from, m, &other, Dash::Dashed)))
            .collect(),
        ..figure.clone()
    };
    let points = levels.clone().map(|m| Points {
        name: palette::level_label(from.factor, m),
        points: mapped.iter().skip(SPARSE / 2).step_by(SPARSE).map(|pair| [1.0 - pair.t, pair.other[m]]).collect(),
        errors: Vec::new(),
        paint: Paint::Level(m),
        marker: palette::level_marker(m),
    });
    let upon = Points {
        name: format!("{}, at t′(t)", second.name),
        points: Vec::new(),
        errors: Vec::new(),
        paint: Paint::Role(Role::Text),
        marker: Marker::Circle,
    };
    Theorem {
        apart,
        mapping: mapping(from, &mapped),
        largest_difference: largest_difference(&mapped),
        mapped: Figure {
            lines: std::iter::once(key(first.name, Dash::Solid)).chain(solid()).collect(),
            points: std::iter::once(upon).chain(points).collect(),
            ..figure
        },
    }
}

/// `r_m` of both schedules at one level.
struct Pair<'a> {
    t: f64,
    there: f64,
    own: &'a [f64],
    other: Vec<f64>,
}

/// `r_m(t) = g_m/Σ_k g_k` from a schedule's own elution curves.
fn shares(from: TheoremFigure<'_>, of: TheoremSchedule<'_>, t: f64) -> Option<Vec<f64>> {
    let level = (of.level_at)(t);
    let alpha_bar_slope = level.alpha_bar() * level.one_minus_alpha_bar() * log_snr_slope(of.level_at, t)?;
    let mut rates = vec![0.0; from.theory.levels()];
    from.theory.elution(level, alpha_bar_slope, from.measure, &mut rates);
    let sum: f64 = rates.iter().sum();
    (sum.is_finite() && sum > 0.0).then(|| rates.into_iter().map(|rate| rate / sum).collect())
}

/// The time at which a schedule has a noise level, to the spacing of f64; `None` if it never does.
fn time_of(of: TheoremSchedule<'_>, level: NoiseLevel) -> Option<f64> {
    let cleaner = |t: f64| (of.level_at)(t) > level;
    let (mut before, mut after) = (0.0, 1.0);
    if cleaner(after) || (of.level_at)(before) < level {
        return None;
    }
    loop {
        let middle = 0.5 * (before + after);
        if middle <= before || middle >= after {
            return Some(after);
        }
        if cleaner(middle) {
            before = middle;
        } else {
            after = middle;
        }
    }
}

fn largest_difference(pairs: &[Pair<'_>]) -> f64 {
    let differences = pairs.iter().flat_map(|pair| pair.own.iter().zip(&pair.other).map(|(a, b)| (a - b).abs()));
    // NaN remains only if there is nothing to compare.
    differences.fold(f64::NAN, f64::max)
}

fn shares_axis(top: f64) -> Axis {
    let top = if top > 0.0 { top.min(1.0) } else { 1.0 };
    Axis { label: "r_m".to_owned(), unit: "share", range: (0.0, top), ticks: ticks::linear(0.0, top, 4, false) }
}

fn curve(from: TheoremFigure<'_>, m: usize, rows: &[(f64, Vec<f64>)], dash: Dash) -> Line {
    Line {
        name: palette::level_label(from.factor, m),
        points: rows.iter().map(|(t, row)| [1.0 - t, row[m]]).collect(),
        paint: Paint::Level(m),
        dash,
        weight: 1.0,
    }
}

/// A row of the legend that names the schedule of a line pattern.
fn key(name: &str, dash: Dash) -> Line {
    Line { name: name.to_owned(), points: Vec::new(), paint: Paint::Role(Role::Text), dash, weight: 1.0 }
}

/// `t'(t)`, and the identity for comparison.
fn mapping(from: TheoremFigure<'_>, pairs: &[Pair<'_>]) -> Figure {
    let line = |name: String, points, role, dash| Line { name, points, paint: Paint::Role(role), dash, weight: 1.0 };
    let points = pairs.iter().map(|pair| [1.0 - pair.t, pair.there]).collect();
    let same = vec![[0.0, 1.0], [1.0, 0.0]];
    Figure {
        y_axis: Axis {
            label: "t′(t)".to_owned(),
            unit: "",
            range: (0.0, 1.0),
            ticks: ticks::linear(0.0, 1.0, 4, false),
        },
        lines: vec![
            line("t".to_owned(), same, Role::Faint, Dash::Dashed),
            line(format!("t′ of {}", from.second.name), points, Role::Text, Dash::Solid),
        ],
        ..empty(&unit_time_axis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::f64::consts::FRAC_PI_2;

    fn cosine(t: f64) -> NoiseLevel {
        NoiseLevel::from_log_snr(-2.0 * (FRAC_PI_2 * t).tan().ln())
    }

    fn of<'a>(
        theory: &'a Chromatogram,
        measure: Measure,
        first: &'a dyn Fn(f64) -> NoiseLevel,
        second: &'a dyn Fn(f64) -> NoiseLevel,
    ) -> Theorem {
        let named = |name, level_at| TheoremSchedule { name, level_at };
        theorem(TheoremFigure {
            theory,
            factor: 2,
            measure,
            first: named("cosine", first),
            second: named("flow", second),
        })
    }

    /// Cosine `σ = tan(πt/2)` and flow `σ = t'/(1−t')`: `t' = σ/(1+σ)`.
    #[test]
    fn cosine_and_flow_agree_on_the_mapped_axis() {
        let theory = Chromatogram::scale_invariant(2, 6).unwrap();
        for measure in [Measure::Power, Measure::Amplitude] {
            let found = of(&theory, measure, &cosine, &NoiseLevel::from_flow_time);
            assert!(found.largest_difference < 1e-12, "{}", found.largest_difference);
            for &[x, there] in &found.mapping.lines[1].points {
                let sigma = (FRAC_PI_2 * (1.0 - x)).tan();
                assert!((there - sigma / (1.0 + sigma)).abs() < 1e-14);
            }
            assert_eq!(found.mapping.lines[1].points.len(), 400);
            // Solid and dashed are two curves, and the points are on the solid ones.
            let (solid, dashed) = (&found.apart.lines[2], &found.apart.lines[8]);
            assert_eq!((solid.name.as_str(), solid.dash, dashed.dash), ("1 px", Dash::Solid, Dash::Dashed));
            assert!((solid.at(0.3).unwrap() - dashed.at(0.3).unwrap()).abs() > 1e-3);
            for (set, line) in found.mapped.points[1..].iter().zip(&found.mapped.lines[1..]) {
                assert_eq!(set.points.len(), 25);
                assert!(set.points.iter().all(|&[x, y]| (line.at(x).unwrap() - y).abs() < 1e-12));
            }
            let mut shares = [0.0; 6];
            theory.shares(cosine(0.499), measure, &mut shares);
            assert!((solid.at(0.501).unwrap() - shares[0]).abs() < 1e-4);
        }
    }

    #[test]
    fn what_has_no_counterpart_is_left_out() {
        let theory = Chromatogram::scale_invariant(2, 4).unwrap();
        let short = |t: f64| NoiseLevel::from_log_snr(2.0 - 4.0 * t);
        let far = |t: f64| NoiseLevel::from_log_snr(30.0 - t);
        let endless = |t: f64| if t < 0.3 { NoiseLevel::CLEAN } else { NoiseLevel::from_flow_time(t) };
        let found = of(&theory, Measure::Power, &cosine, &short);
        let points = &found.mapping.lines[1].points;
        assert!((50..350).contains(&points.len()) && found.largest_difference < 1e-12);
        assert!(of(&theory, Measure::Power, &short, &far).largest_difference.is_nan());
        let found = of(&theory, Measure::Amplitude, &endless, &cosine);
        let finite = |figure: &Figure| figure.lines.iter().flat_map(|l| &l.points).flatten().all(|v| v.is_finite());
        assert!(finite(&found.apart) && finite(&found.mapped) && finite(&found.mapping));
        assert!(found.largest_difference < 1e-12);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        /// Over pairs of monotone schedules with |dλ/dt| up to 100.
        #[test]
        fn any_two_schedules_agree(a in 1.0..40.0_f64, b in 1.0..40.0_f64, bend in 0.2..4.0_f64, wave in 0.0..0.9_f64) {
            let theory = Chromatogram::scale_invariant(3, 5).unwrap();
            let first = |t: f64| NoiseLevel::from_log_snr(0.5 * a - a * (t + wave / 7.0 * (7.0 * t).sin()));
            let second = |t: f64| NoiseLevel::from_log_snr(b * (0.5 - (t + 0.01).powf(bend)));
            for measure in [Measure::Power, Measure::Amplitude] {
                let found = of(&theory, measure, &first, &second);
                prop_assert!(found.largest_difference < 1e-10, "{}", found.largest_difference);
            }
        }
    }
}
