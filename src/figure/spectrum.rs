use super::{Axis, Dash, Figure, Line, Paint, Role, ticks};

/// What the figure of the spectra at one step is made from. Densities by ring, DC first; a missing one is left out.
#[derive(Clone, Copy, Debug)]
pub struct SpectrumFigure<'a> {
    /// Radial frequency of each ring, cycles/pixel, DC first.
    pub frequency: &'a [f64],
    /// Of `x_t`.
    pub x_t: Option<&'a [f64]>,
    /// Of `E[x_0|x_t]`.
    pub expectation: Option<&'a [f64]>,
    /// Of the run's last image.
    pub image: Option<&'a [f64]>,
    /// `1 − ᾱ`, the noise's part of `x_t`.
    pub noise: f64,
}

/// Least density that is drawn, dB.
const FLOOR: f64 = -60.0;

/// Power spectral densities at one step over radial frequency, both logarithmic. Unit white noise reads 0 dB; DC, which
/// has no place on the axis, is left out.
#[must_use]
pub fn spectrum(from: SpectrumFigure<'_>) -> Figure {
    let frequency = from.frequency.get(1..).unwrap_or_default();
    let range = match (frequency.first(), frequency.last()) {
        (Some(low), Some(high)) if low < high => (low.log10(), high.log10()),
        _ => (-1.0, 0.0),
    };
    let decibels = |density: f64| (10.0 * density.log10()).max(FLOOR);
    let line = |name: &str, density: Option<&[f64]>, paint, dash| {
        let points = frequency.iter().zip(density?.get(1..)?).map(|(f, &density)| [f.log10(), decibels(density)]);
        Some(Line { name: name.to_owned(), points: points.collect(), paint: Paint::Role(paint), dash, weight: 0.8 })
    };
    let floor = decibels(from.noise);
    let noise = Line {
        name: "noise".to_owned(),
        points: vec![[range.0, floor], [range.1, floor]],
        paint: Paint::Role(Role::Secondary),
        dash: Dash::Dotted,
        weight: 0.8,
    };
    let lines: Vec<Line> = [
        line("xₜ", from.x_t, Role::Secondary, Dash::Solid),
        Some(noise),
        line("image", from.image, Role::Warning, Dash::Dashed),
        line("E[x₀|xₜ]", from.expectation, Role::Accent, Dash::Solid),
    ]
    .into_iter()
    .flatten()
    .collect();
    let highest = lines.iter().flat_map(|line| &line.points).map(|point| point[1]).fold(10.0, f64::max);
    let top = 10.0 * (highest / 10.0).ceil();
    let x_ticks = ticks::logarithmic(10.0_f64.powf(range.0), 10.0_f64.powf(range.1), 4);
    Figure {
        x_axis: Axis {
            label: "frequency".to_owned(),
            unit: "cycles/px",
            range,
            ticks: x_ticks.into_iter().map(|tick| ticks::Tick { at: tick.at.log10(), ..tick }).collect(),
        },
        y_axis: Axis {
            label: "PSD".to_owned(),
            unit: "dB",
            range: (FLOOR, top),
            ticks: ticks::linear(FLOOR, top, 4, true),
        },
        areas: Vec::new(),
        lines,
        points: Vec::new(),
        strips: Vec::new(),
        marks: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn densities_are_in_decibels_over_the_logarithm_of_frequency() {
        let frequency = [0.0, 0.1, 0.2, 0.5];
        let x_t = [9.0, 100.0, 10.0, 1.0];
        let none = [0.0; 4];
        let figure = spectrum(SpectrumFigure {
            frequency: &frequency,
            x_t: Some(&x_t),
            expectation: Some(&none),
            image: None,
            noise: 0.1,
        });
        let names: Vec<&str> = figure.lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["xₜ", "noise", "E[x₀|xₜ]"]);
        assert_eq!(figure.lines[0].points, [[-1.0, 20.0], [0.2_f64.log10(), 10.0], [0.5_f64.log10(), 0.0]]);
        assert!(figure.lines[1].points.iter().all(|point| (point[1] + 10.0).abs() < 1e-12));
        assert!(figure.lines[2].points.iter().all(|point| point[1] == FLOOR));
        assert_eq!(figure.y_axis.range, (FLOOR, 20.0));
        assert!(figure.x_axis.ticks.iter().all(|tick| (-1.0..=0.5_f64.log10()).contains(&tick.at)));
    }
}
