use super::{Axis, Dash, Figure, Line, Mark, MarkKind, Paint, Role, ticks};
use crate::spectrum::{PowerLaw, Reach};
use crate::theory::NoiseLevel;

/// The data for the figure of the spectra at one step. Densities by ring, DC first; missing ones are omitted.
#[derive(Clone, Copy, Debug)]
pub struct SpectrumFigure<'a> {
    /// Radial frequency of each ring, cycles/pixel, DC first.
    pub frequency: &'a [f64],
    /// The longer side of the image, pixels.
    pub side: usize,
    /// The noise level of the state: `1 − ᾱ` is the noise's part of `x_t`. `None` where the noise is not white, as in decoded
    /// images: there it is not drawn, and does not say how far the signal reaches.
    pub level: Option<NoiseLevel>,
    /// Spectrum of `x_t`.
    pub x_t: Option<&'a [f64]>,
    /// Spectrum of `E[x_0|x_t]`.
    pub expectation: Option<&'a [f64]>,
    /// Spectrum of the data that the run generates.
    pub data: Option<DataSpectrum<'a>>,
    /// Spectra of `E[x_0|x_t]` at other steps, in order.
    pub others: &'a [OtherStep<'a>],
    /// The range of the slope's fit to `E[x_0|x_t]`, cycles/pixel; `None` is from 2 cycles per image to where
    /// signal and noise are equal, once there are data, or without a noise level to the finest wave.
    pub fit: Option<(f64, f64)>,
}

/// A spectrum that represents the data.
#[derive(Clone, Copy, Debug)]
pub struct DataSpectrum<'a> {
    /// Its source: "final image".
    pub name: &'a str,
    /// Density by ring.
    pub density: &'a [f64],
}

/// A spectrum of `E[x_0|x_t]` at another step.
#[derive(Clone, Copy, Debug)]
pub struct OtherStep<'a> {
    /// Density by ring.
    pub density: &'a [f64],
    /// Whether that step comes later.
    pub later: bool,
}

impl<'a> SpectrumFigure<'a> {
    /// The spectrum of the noise alone, to be filled.
    #[must_use]
    pub const fn new(frequency: &'a [f64], side: usize, level: NoiseLevel) -> Self {
        Self { frequency, side, level: Some(level), x_t: None, expectation: None, data: None, others: &[], fit: None }
    }
}

/// The figure of the spectra at one step, with its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct SpectrumPlot {
    /// Log-log: x is log₁₀ of the frequency, y in dB.
    pub figure: Figure,
    /// The highest frequency at which the data's part of `x_t`, `ᾱ·S`, is at least the noise's, `1 − ᾱ`. Unknown without data.
    pub signal: Option<Reach>,
    /// The range of the slope's fit, cycles/pixel; known before there is a fit.
    pub range: Option<(f64, f64)>,
    /// The slope of `E[x_0|x_t]`.
    pub slope: Option<SlopeFit>,
}

/// A slope with the range of its fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlopeFit {
    /// The line.
    pub law: PowerLaw,
    /// Cycles/pixel.
    pub range: (f64, f64),
}

impl SlopeFit {
    /// "slope −2.13 ± 0.10".
    #[must_use]
    pub fn short_label(&self) -> String {
        format!("slope {} ± {}", ticks::number(self.law.slope, 2), ticks::number(self.law.slope_error, 2))
    }

    /// "slope −2.13 ± 0.10 over 0.031–0.25 c/px".
    #[must_use]
    pub fn label(&self) -> String {
        let (low, high) = self.range;
        format!("{} over {}–{} c/px", self.short_label(), significant(low), significant(high))
    }
}

/// A positive number with two significant digits.
#[must_use]
pub fn significant(value: f64) -> String {
    let power = if value > 0.0 { (value.log10() + 1e-9).floor() } else { 0.0 };
    #[expect(clippy::cast_sign_loss, reason = "not negative")]
    let decimals = (1.0 - power).clamp(0.0, 12.0) as usize;
    ticks::number(value, decimals)
}

/// The lower end of the axis without data, dB.
const FLOOR: f64 = -60.0;
/// The value for zero power, dB.
const NOTHING: f64 = -200.0;
/// Highest frequency along an axis of the image, cycles/pixel.
const NYQUIST: f64 = 0.5;

/// Power spectral densities at one step over radial frequency, both logarithmic. Unit white noise is 0 dB; DC, which
/// is not on the axis, is omitted.
#[must_use]
pub fn spectrum(from: SpectrumFigure<'_>) -> SpectrumPlot {
    let frequency = from.frequency.get(1..).unwrap_or_default();
    // From one cycle per image to the finest wave, so that the axis has round ends.
    let x_range = match (frequency.first(), frequency.last()) {
        (Some(low), Some(high)) if low < high => {
            (low.min(1.0 / from.side.max(1) as f64).log10(), high.max(NYQUIST).log10())
        }
        _ => (-1.0, 0.0),
    };
    let signal = from.data.zip(from.level).map(|(data, level)| reach(&from, level, data));
    let end = || if from.level.is_some() { signal.and_then(end_of) } else { Some(NYQUIST) };
    let range = from.fit.or_else(|| Some((2.0 / from.side as f64, end()?)));
    let slope = range
        .zip(from.expectation)
        .and_then(|(range, density)| Some(SlopeFit { law: PowerLaw::fit(from.frequency, density, range)?, range }));
    let mut lines = curves(&from, x_range);
    lines.extend(slope.map(|slope| fitted(&slope, x_range)));
    let (bottom, top) = heights(&from, &lines);
    let x_ticks = ticks::logarithmic(10.0_f64.powf(x_range.0), 10.0_f64.powf(x_range.1), 6);
    let figure = Figure {
        x_axis: Axis {
            label: "frequency".to_owned(),
            unit: "cycles/px",
            range: x_range,
            ticks: x_ticks.into_iter().map(|tick| ticks::Tick { at: tick.at.log10(), ..tick }).collect(),
        },
        y_axis: Axis {
            label: "PSD".to_owned(),
            unit: "dB",
            range: (bottom, top),
            ticks: ticks::linear(bottom, top, 4, true),
        },
        areas: Vec::new(),
        lines,
        points: Vec::new(),
        strips: Vec::new(),
        notes: Vec::new(),
        marks: signal.and_then(Reach::frequency).map(meeting).into_iter().collect(),
    };
    SpectrumPlot { figure, signal, range, slope }
}

fn decibels(density: f64) -> f64 {
    (10.0 * density.log10()).max(NOTHING)
}

/// The range of the axis, dB: whole tens, with a margin below the data. It depends on the step as little as
/// possible.
fn heights(from: &SpectrumFigure, lines: &[Line]) -> (f64, f64) {
    let highest = lines.iter().flat_map(|line| &line.points).map(|point| point[1]).fold(10.0, f64::max);
    let least = |data: DataSpectrum| data.density.iter().skip(1).copied().map(decibels).reduce(f64::min);
    let bottom =
        from.data.and_then(least).map_or(FLOOR, |least| (10.0 * (least / 10.0).floor() - 10.0).clamp(FLOOR, -10.0));
    (bottom, 10.0 * (highest / 10.0).ceil())
}

/// Up to which frequency `ᾱ·S` is at least `1 − ᾱ`.
fn reach(from: &SpectrumFigure, level: NoiseLevel, data: DataSpectrum) -> Reach {
    // S where the two are equal: 1/SNR, which is infinite in pure noise.
    let level = level.one_minus_alpha_bar() / level.alpha_bar();
    if level.is_finite() { Reach::of(from.frequency, data.density, level) } else { Reach::Nowhere }
}

/// The highest frequency that a fit may use.
fn end_of(signal: Reach) -> Option<f64> {
    match signal {
        Reach::Nowhere => None,
        Reach::Until(frequency) => Some(frequency.min(NYQUIST)),
        Reach::ToTheEnd => Some(NYQUIST),
    }
}

/// The measured curves and the noise, the most important ones last.
fn curves(from: &SpectrumFigure, x_range: (f64, f64)) -> Vec<Line> {
    let frequency = from.frequency.get(1..).unwrap_or_default();
    let line = |name: &str, density: Option<&[f64]>, paint, dash, weight| {
        let points = frequency.iter().zip(density?.get(1..)?).map(|(f, &density)| [f.log10(), decibels(density)]);
        Some(Line { name: name.to_owned(), points: points.collect(), paint: Paint::Role(paint), dash, weight })
    };
    let others = from.others.iter().map(|other| {
        let (name, dash) = if other.later { ("later steps", Dash::Solid) } else { ("earlier steps", Dash::Dotted) };
        line(name, Some(other.density), Role::Faint, dash, 0.6)
    });
    let noise = |floor: f64| Line {
        name: "noise 1 − ᾱ".to_owned(),
        points: vec![[x_range.0, floor], [x_range.1, floor]],
        paint: Paint::Role(Role::Secondary),
        dash: Dash::Dotted,
        weight: 0.8,
    };
    let data = from.data.and_then(|data| line(data.name, Some(data.density), Role::Warning, Dash::Dashed, 0.8));
    others
        .chain([
            line("xₜ", from.x_t, Role::Secondary, Dash::Solid, 0.7),
            // At the very end there is no noise, which has no value in decibels.
            from.level.map(|level| decibels(level.one_minus_alpha_bar())).filter(|floor| *floor > NOTHING).map(noise),
            data,
            line("E[x₀|xₜ]", from.expectation, Role::Accent, Dash::Solid, 1.0),
        ])
        .flatten()
        .collect()
}

/// The fitted line over its range, within the axis.
fn fitted(slope: &SlopeFit, (left, right): (f64, f64)) -> Line {
    let (low, high) = (slope.range.0.log10().clamp(left, right), slope.range.1.log10().clamp(left, right));
    let at = |x: f64| [x, decibels(slope.law.at(10.0_f64.powf(x)))];
    Line {
        name: slope.label(),
        points: vec![at(low), at(high)],
        paint: Paint::Role(Role::Text),
        dash: Dash::DashDotted,
        weight: 0.8,
    }
}

/// The rule where signal and noise are equal.
fn meeting(frequency: f64) -> Mark {
    Mark {
        x: frequency.log10(),
        kind: MarkKind::Rule,
        label: format!("fₘₐₓ {} c/px ({} px)", significant(frequency), significant(frequency.recip())),
        short_label: "fₘₐₓ".to_owned(),
        paint: Paint::Role(Role::Secondary),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rings() -> Vec<f64> {
        (0..=32).map(|ring| f64::from(ring) / 64.0).collect()
    }

    fn power_law(scale: f64, power: i32) -> Vec<f64> {
        rings().iter().map(|f| if *f > 0.0 { scale * f.powi(power) } else { 1e6 }).collect()
    }

    #[test]
    fn densities_are_in_decibels_over_the_logarithm_of_frequency() {
        let frequency = [0.0, 0.1, 0.2, 0.5];
        let (x_t, none) = ([9.0, 100.0, 10.0, 1.0], [0.0; 4]);
        let level = NoiseLevel::from_alpha_bar(0.9);
        let from = SpectrumFigure::new(&frequency, 10, level);
        let plot = spectrum(SpectrumFigure { x_t: Some(&x_t), expectation: Some(&none), ..from });
        let figure = plot.figure;
        let names: Vec<&str> = figure.lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["xₜ", "noise 1 − ᾱ", "E[x₀|xₜ]"]);
        assert_eq!(figure.lines[0].points, [[-1.0, 20.0], [0.2_f64.log10(), 10.0], [0.5_f64.log10(), 0.0]]);
        assert!(figure.lines[1].points.iter().all(|point| (point[1] + 10.0).abs() < 1e-12));
        assert!(figure.lines[2].points.iter().all(|point| point[1] == NOTHING));
        assert_eq!(figure.y_axis.range, (FLOOR, 20.0));
        assert!(figure.x_axis.ticks.iter().all(|tick| (-1.0..=0.5_f64.log10()).contains(&tick.at)));
        assert_eq!(
            (plot.signal, plot.range, plot.slope),
            (None, None, None),
            "nothing tells how far the signal reaches"
        );
        let clean =
            spectrum(SpectrumFigure { x_t: Some(&x_t), ..SpectrumFigure::new(&frequency, 10, NoiseLevel::CLEAN) });
        assert_eq!(clean.figure.lines.len(), 1);
    }

    /// S = c/f² meets σ² at f = √c/σ.
    #[test]
    fn signal_meets_noise_where_the_closed_form_says() {
        let (frequency, data) = (rings(), power_law(0.01, -2));
        for alpha_bar in [0.4, 0.5, 0.7] {
            let level = NoiseLevel::from_alpha_bar(alpha_bar);
            let from = SpectrumFigure::new(&frequency, 64, level);
            let data = Some(DataSpectrum { name: "final image", density: &data });
            let plot = spectrum(SpectrumFigure { data, expectation: Some(&power_law(0.02, -3)), ..from });
            let expected = 0.1 * (alpha_bar / (1.0 - alpha_bar)).sqrt();
            assert!((plot.signal.unwrap().frequency().unwrap() / expected - 1.0).abs() < 1e-12);
            assert!((plot.figure.marks[0].x - expected.log10()).abs() < 1e-12);
            let slope = plot.slope.unwrap();
            assert!((slope.range.0, (slope.range.1 / expected - 1.0).abs() < 1e-12) == (2.0 / 64.0, true));
            assert!((slope.law.slope + 3.0).abs() < 1e-9);
            let line = plot.figure.lines.last().unwrap();
            assert_eq!(line.name, slope.label());
            assert!((line.points[1][0] - expected.log10()).abs() < 1e-12);
        }
        let at = |level| {
            let data = Some(DataSpectrum { name: "final image", density: &data });
            spectrum(SpectrumFigure { data, ..SpectrumFigure::new(&frequency, 64, level) })
        };
        let noise = at(NoiseLevel::from_alpha_bar(0.0));
        assert_eq!((noise.signal, noise.range), (Some(Reach::Nowhere), None));
        let clean = at(NoiseLevel::CLEAN);
        assert_eq!((clean.signal, clean.range), (Some(Reach::ToTheEnd), Some((2.0 / 64.0, 0.5))));
        assert!(noise.figure.marks.is_empty() && clean.figure.marks.is_empty());
    }

    #[test]
    fn a_range_that_was_chosen_is_kept_and_said() {
        let (frequency, density) = (rings(), power_law(1.0, -2));
        let from = SpectrumFigure::new(&frequency, 64, NoiseLevel::from_alpha_bar(0.5));
        let plot = spectrum(SpectrumFigure { expectation: Some(&density), fit: Some((0.05, 0.25)), ..from });
        assert_eq!(plot.slope.unwrap().label(), "slope −2.00 ± 0.00 over 0.050–0.25 c/px");
        let empty = spectrum(SpectrumFigure { expectation: Some(&density), fit: Some((0.05, 0.051)), ..from });
        assert_eq!((empty.range, empty.slope), (Some((0.05, 0.051)), None));
    }

    #[test]
    fn without_a_noise_level_no_noise_is_drawn_and_the_slope_is_over_all_waves() {
        let (frequency, density) = (rings(), power_law(1.0, -2));
        let data = Some(DataSpectrum { name: "final image", density: &density });
        let from = SpectrumFigure::new(&frequency, 64, NoiseLevel::from_alpha_bar(0.5));
        let from = SpectrumFigure { x_t: Some(&density), expectation: Some(&density), data, ..from };
        let plot = spectrum(SpectrumFigure { level: None, ..from });
        assert!(spectrum(from).figure.lines.iter().any(|line| line.name.starts_with("noise")));
        assert!(!plot.figure.lines.iter().any(|line| line.name.starts_with("noise")));
        assert!(plot.signal.is_none() && plot.figure.marks.is_empty());
        assert_eq!(plot.range, Some((2.0 / 64.0, 0.5)));
        assert!((plot.slope.unwrap().law.slope + 2.0).abs() < 1e-9);
    }

    #[test]
    fn other_steps_are_faint_and_behind() {
        let (frequency, density) = (rings(), power_law(1.0, -2));
        let others = [false, true].map(|later| OtherStep { density: &density, later });
        let from = SpectrumFigure::new(&frequency, 64, NoiseLevel::from_alpha_bar(0.5));
        let lines = spectrum(SpectrumFigure { expectation: Some(&density), others: &others, ..from }).figure.lines;
        let names: Vec<&str> = lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["earlier steps", "later steps", "noise 1 − ᾱ", "E[x₀|xₜ]"]);
        assert!(lines[..2].iter().all(|line| line.paint == Paint::Role(Role::Faint)));
    }

    #[test]
    fn two_digits_are_said() {
        let said = [0.031_25, 0.25, 0.5, 0.0039, 8.26, 64.0, 0.1, 0.0].map(significant);
        assert_eq!(said, ["0.031", "0.25", "0.50", "0.0039", "8.3", "64", "0.10", "0.0"]);
    }
}
