use super::schedule::finite_range;
use super::{Axis, Dash, Figure, Line, Paint, Role, Tick, palette, ticks};
use crate::theory::{NoiseLevel, adjustment};
use serde::{Deserialize, Serialize};

/// The unit of the vertical axis of adjusted times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustedReading {
    /// The time at which the schedule has the adjusted level.
    #[default]
    Time,
    /// ᾱ.
    AlphaBar,
    /// σ, on a logarithmic axis.
    Sigma,
    /// Signal-to-noise ratio, dB.
    Snr,
    /// λ, nats.
    LogSnr,
}

impl AdjustedReading {
    /// All units, in the order of a menu.
    pub const ALL: [Self; 5] = [Self::Time, Self::AlphaBar, Self::Sigma, Self::Snr, Self::LogSnr];

    /// The axis's label and unit.
    const fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Time => ("adjusted time τ_m", ""),
            Self::AlphaBar => ("ᾱ at τ_m", ""),
            Self::Sigma => ("σ at τ_m", ""),
            Self::Snr => ("SNR at τ_m", "dB"),
            Self::LogSnr => ("log-SNR λ at τ_m", "nats"),
        }
    }
}

/// The data for figures of iterated pooling.
///
/// For a run: the axis and levels of its [`super::TimeView`], and the run time of a level. For a schedule over t in
/// [0, 1]: [`unit_time_axis`], whose x is 1 − t.
#[derive(Clone)]
pub struct AdjustedTimeFigure<'a> {
    /// The horizontal axis.
    pub x_axis: Axis,
    /// The noise level at each x of that axis, falling in noise from left to right.
    pub level_at: &'a dyn Fn(f64) -> NoiseLevel,
    /// The time in [0, 1] at which the schedule has a level; the nearer end if it never has.
    pub time_of: &'a dyn Fn(NoiseLevel) -> f64,
    /// n, the side of the pooled blocks.
    pub factor: usize,
    /// M, the number of poolings.
    pub times: usize,
    /// The unit of the vertical axis.
    pub reading: AdjustedReading,
}

/// Time t in [0, 1], noise (t = 1) on the left: x is 1 − t.
#[must_use]
pub fn unit_time_axis() -> Axis {
    let mut numbers = ticks::linear(0.0, 1.0, 5, false);
    for tick in &mut numbers {
        tick.at = 1.0 - tick.at;
    }
    numbers.reverse();
    Axis { label: "time t".to_owned(), unit: "", range: (0.0, 1.0), ticks: numbers }
}

/// The adjusted times `τ_m` of m = 1 … M poolings by n, with t itself (m = 0), over time (docs/theory.md, section 6).
///
/// If λ is infinite at the ends, curves are clamped to the edge of the plot.
#[must_use]
pub fn adjusted_time(from: &AdjustedTimeFigure<'_>) -> Figure {
    let x = samples(&from.x_axis);
    let levels: Vec<NoiseLevel> = x.iter().map(|&x| (from.level_at)(x)).collect();
    let adjusted = |level: NoiseLevel, m: u32| adjustment::adjusted_level(level, from.factor, m);
    let most = u32::try_from(from.times).unwrap_or(u32::MAX);
    // Without the very ends, where λ is infinite and would leave no space for the rest.
    let inner = &levels[levels.len() / 100..levels.len() - levels.len() / 100];
    let range = finite_range(inner.iter().flat_map(|&level| [level, adjusted(level, most)]));
    let (read, y_range, numbers) = scale(from, range);
    let (label, unit) = from.reading.name();
    let curve = |m: u32| Line {
        name: if m == 0 { "t".to_owned() } else { format!("τ{}", lowered(m)) },
        points: x
            .iter()
            .zip(&levels)
            .map(|(&x, &level)| [x, read(adjusted(level, m)).clamp(y_range.0, y_range.1)])
            .collect(),
        paint: if m == 0 { Paint::Role(Role::Text) } else { Paint::Level(m as usize) },
        dash: if m == 0 { Dash::Solid } else { palette::level_dash(m as usize) },
        weight: 1.0,
    };
    Figure {
        x_axis: from.x_axis.clone(),
        y_axis: Axis { label: label.to_owned(), unit, range: y_range, ticks: numbers },
        lines: (0..=most).map(curve).collect(),
        ..empty(&from.x_axis)
    }
}

/// The map from levels to y, with the axis range and numbers for a range of λ.
type LevelScale<'a> = (Box<dyn Fn(NoiseLevel) -> f64 + 'a>, (f64, f64), Vec<Tick>);

fn scale<'a>(from: &AdjustedTimeFigure<'a>, (low, high): (f64, f64)) -> LevelScale<'a> {
    let even = |low: f64, high: f64| ((low, high), ticks::linear(low, high, 8, false));
    let decibels = |log_snr: f64| 10.0 * log_snr / std::f64::consts::LN_10;
    let (read, (range, numbers)): (Box<dyn Fn(NoiseLevel) -> f64>, _) = match from.reading {
        AdjustedReading::Time => (Box::new(from.time_of), even(0.0, 1.0)),
        AdjustedReading::AlphaBar => (Box::new(NoiseLevel::alpha_bar), even(0.0, 1.0)),
        AdjustedReading::LogSnr => (Box::new(move |level| level.log_snr().clamp(low, high)), even(low, high)),
        AdjustedReading::Snr => {
            (Box::new(move |level| decibels(level.log_snr().clamp(low, high))), even(decibels(low), decibels(high)))
        }
        AdjustedReading::Sigma => {
            let (least, most) = ((-0.5 * high).exp(), (-0.5 * low).exp());
            let mut numbers = ticks::logarithmic(least, most, 7);
            for tick in &mut numbers {
                tick.at = tick.at.log10().clamp(least.log10(), most.log10());
            }
            (Box::new(move |level| level.sigma().clamp(least, most).log10()), ((least.log10(), most.log10()), numbers))
        }
    };
    (read, range, numbers)
}

/// The scale `√P` by which a state pooled m times must be divided to be a state of its schedule again (solid), and
/// its square `P`, the variance (dotted), for m = 1 … M.
#[must_use]
pub fn intensity(from: &AdjustedTimeFigure<'_>) -> Figure {
    let x = samples(&from.x_axis);
    let levels: Vec<NoiseLevel> = x.iter().map(|&x| (from.level_at)(x)).collect();
    let curve = |m: usize, root: bool| {
        let pixels = palette::level_pixels(from.factor, m);
        let value = |level: NoiseLevel| {
            let variance = adjustment::pooled_variance(level, pixels);
            if root { variance.sqrt() } else { variance }
        };
        Line {
            name: format!("{} of {pixels}×{pixels} px", if root { "√P" } else { "P" }),
            points: x.iter().zip(&levels).map(|(&x, &level)| [x, value(level)]).collect(),
            paint: Paint::Level(m),
            dash: if root { Dash::Solid } else { Dash::Dotted },
            weight: 1.0,
        }
    };
    Figure {
        y_axis: Axis {
            label: "√P_n and P_n".to_owned(),
            unit: "",
            range: (0.0, 1.0),
            ticks: ticks::linear(0.0, 1.0, 5, false),
        },
        lines: [true, false].iter().flat_map(|&root| (1..=from.times).map(move |m| curve(m, root))).collect(),
        ..empty(&from.x_axis)
    }
}

/// x at which curves are evaluated.
fn samples(axis: &Axis) -> Vec<f64> {
    const EVEN: u32 = 500;
    let (left, right) = axis.range;
    (0..=EVEN).map(|i| left + (right - left) * f64::from(i) / f64::from(EVEN)).collect()
}

/// An empty figure along an axis.
pub(super) fn empty(x_axis: &Axis) -> Figure {
    Figure {
        x_axis: x_axis.clone(),
        y_axis: Axis { label: String::new(), unit: "", range: (0.0, 1.0), ticks: Vec::new() },
        areas: Vec::new(),
        lines: Vec::new(),
        points: Vec::new(),
        strips: Vec::new(),
        notes: Vec::new(),
        marks: Vec::new(),
    }
}

/// A number in subscript digits.
fn lowered(number: u32) -> String {
    let lower = |digit: char| digit.to_digit(10).and_then(|digit| char::from_u32(0x2080 + digit));
    number.to_string().chars().filter_map(lower).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Flow: `σ = t/(1−t)`, so `τ_m = σ'/(1+σ')` with `σ' = σ/nᵐ`.
    fn figures(reading: AdjustedReading) -> (Figure, Figure) {
        let from = AdjustedTimeFigure {
            x_axis: unit_time_axis(),
            level_at: &|x| NoiseLevel::from_flow_time(1.0 - x),
            time_of: &NoiseLevel::flow_time,
            factor: 3,
            times: 4,
            reading,
        };
        (adjusted_time(&from), intensity(&from))
    }

    #[test]
    fn adjusted_times_of_flow_have_their_closed_form() {
        for reading in AdjustedReading::ALL {
            let (figure, _) = figures(reading);
            assert_eq!(
                figure.lines.iter().map(|line| line.name.as_str()).collect::<Vec<_>>(),
                ["t", "τ₁", "τ₂", "τ₃", "τ₄"]
            );
            for (m, line) in (0..).zip(&figure.lines) {
                for &[x, y] in &line.points {
                    assert!(y.is_finite() && (figure.y_axis.range.0..=figure.y_axis.range.1).contains(&y));
                    if !(0.05..0.95).contains(&x) {
                        continue;
                    }
                    let sigma = (1.0 - x) / x / 3.0_f64.powi(m);
                    let expected = match reading {
                        AdjustedReading::Time => sigma / (1.0 + sigma),
                        AdjustedReading::AlphaBar => 1.0 / (1.0 + sigma * sigma),
                        AdjustedReading::Sigma => sigma.log10(),
                        AdjustedReading::Snr => -20.0 * sigma.log10(),
                        AdjustedReading::LogSnr => -2.0 * sigma.ln(),
                    };
                    assert!((y - expected).abs() < 1e-11, "{reading:?} {m} {x}: {y} {expected}");
                }
            }
            assert!(figure.y_axis.ticks.len() > 2, "{:?}", figure.y_axis);
        }
    }

    #[test]
    fn intensities_go_from_noise_to_image() {
        let (_, figure) = figures(AdjustedReading::Time);
        assert_eq!(figure.lines.len(), 8);
        for (index, line) in (0..).zip(&figure.lines) {
            let pixels = 3.0_f64.powi(1 + index % 4);
            let power = if index < 4 { 1.0 } else { 2.0 };
            let (first, last) = (line.points[0][1], line.points[line.points.len() - 1][1]);
            assert!((first - pixels.powf(-power)).abs() < 1e-12 && last == 1.0, "{}", line.name);
            let alpha_bar = 0.5;
            let expected = (alpha_bar + (1.0 - alpha_bar) / (pixels * pixels)).powf(0.5 * power);
            assert!((line.at(0.5).unwrap() - expected).abs() < 1e-12);
        }
        assert_eq!(figure.lines[1].name, "√P of 9×9 px");
    }

    #[test]
    fn time_runs_from_noise_to_image() {
        let axis = unit_time_axis();
        let labels: Vec<(f64, &str)> = axis.ticks.iter().map(|tick| (tick.at, tick.label.as_str())).collect();
        assert_eq!((labels[0], labels[5]), ((0.0, "1.0"), (1.0, "0.0")));
        assert_eq!(lowered(10), "₁₀");
    }
}
