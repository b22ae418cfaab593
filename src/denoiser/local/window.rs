//! The window size of the local exact denoiser at each noise level.

use crate::theory::NoiseLevel;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fmt::Write as _;

/// Half of the largest side that is ever answered, which covers any image and is far from overflowing.
const LARGEST_HALF: f64 = 5e8;
/// The largest side that a curve is written up to where the rule knows no end; it covers images of 512 pixels.
const LARGEST_WRITTEN: f64 = 1025.0;
/// Points an octave where a rule is written as a curve.
const AN_OCTAVE: f64 = 8.0;

/// k(σ): the window's side in pixels, by the noise level `σ = √((1−ᾱ)/ᾱ)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowSize {
    /// `k = max(3, odd(K·σ))` with K in pixels per unit of σ; odd(x) is the nearest odd number, of two the larger.
    PerSigma(f64),
    /// Points (σ, k) with σ rising strictly: k is linear in ln σ between them and constant beyond, then made odd and at
    /// least 3.
    Curve(Vec<(f64, f64)>),
}

impl Default for WindowSize {
    fn default() -> Self {
        Self::PerSigma(8.0)
    }
}

impl WindowSize {
    /// The side at a level, pixels: odd and at least 3. Where σ is infinite it covers any image.
    #[must_use]
    pub fn side_at(&self, level: NoiseLevel) -> usize {
        let side = match self {
            Self::PerSigma(per_sigma) => per_sigma * level.sigma(),
            Self::Curve(points) => interpolated(points, level.sigma()),
        };
        // A hair more, so that an even number goes up whatever σ lost on its way through λ. NaN is 0 as an integer.
        let half = (0.5 * (side * (1.0 + 1e-12) - 1.0)).round().clamp(1.0, LARGEST_HALF);
        #[expect(clippy::cast_sign_loss, reason = "at least 1, or NaN")]
        let half = half as usize;
        2 * half.max(1) + 1
    }

    /// What is wrong with it, if anything is: K, σ and k are finite, K and σ positive, k at least 1, and σ rises.
    pub fn check(&self) -> Result<(), WindowError> {
        match self {
            Self::PerSigma(per_sigma) if per_sigma.is_finite() && *per_sigma > 0.0 => Ok(()),
            Self::PerSigma(per_sigma) => Err(WindowError::PerSigma(*per_sigma)),
            Self::Curve(points) => {
                for (index, &point) in points.iter().enumerate() {
                    let place = Place::Point(index + 1);
                    check_point(place, point)?;
                    if index > 0 && points[index - 1].0 >= point.0 {
                        return Err(WindowError::NotRising { place, sigma: point.0 });
                    }
                }
                if points.is_empty() { Err(WindowError::Empty) } else { Ok(()) }
            }
        }
    }

    /// A curve from rows `sigma,k` in any order. A first row of two names, empty lines and what follows a `#` are passed
    /// over.
    ///
    /// ```
    /// use chromascope::denoiser::WindowSize;
    /// let window = WindowSize::from_csv("sigma,k\n1.0,9\n0.1,3 # the least\n")?;
    /// assert_eq!(window, WindowSize::Curve(vec![(0.1, 3.0), (1.0, 9.0)]));
    /// # Ok::<(), chromascope::denoiser::WindowError>(())
    /// ```
    pub fn from_csv(text: &str) -> Result<Self, WindowError> {
        let mut rows: Vec<(usize, (f64, f64))> = Vec::new();
        let mut may_be_header = true;
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let row = line.split('#').next().unwrap_or_default().trim();
            if row.is_empty() {
                continue;
            }
            let fields: Vec<Option<f64>> = row.split(',').map(|field| field.trim().parse().ok()).collect();
            let place = Place::Line(index + 1);
            match fields[..] {
                [Some(sigma), Some(side)] => {
                    check_point(place, (sigma, side))?;
                    rows.push((index + 1, (sigma, side)));
                }
                [None, None] if may_be_header => {}
                _ => return Err(WindowError::Row { place, row: row.to_owned() }),
            }
            may_be_header = false;
        }
        rows.sort_by(|a, b| a.1.0.total_cmp(&b.1.0).then(a.0.cmp(&b.0)));
        if let Some(pair) = rows.windows(2).find(|pair| pair[0].1.0 == pair[1].1.0) {
            return Err(WindowError::Twice { place: Place::Line(pair[1].0), first: pair[0].0, sigma: pair[1].1.0 });
        }
        let window = Self::Curve(rows.into_iter().map(|(_, point)| point).collect());
        window.check()?;
        Ok(window)
    }

    /// The curve as [`from_csv`](Self::from_csv) reads it, to the bit. `PerSigma` is written as a curve of eight points an
    /// octave from k = 3 to 1025, which gives the same side or the next odd one in that range.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut csv = String::from("sigma,k\n");
        let mut write = |sigma: f64, side: f64| {
            // Writing to a String never fails.
            let _ = writeln!(csv, "{sigma},{side}");
        };
        match self {
            Self::PerSigma(per_sigma) => {
                let octaves = (LARGEST_WRITTEN / 3.0).log2();
                let last = (AN_OCTAVE * octaves).ceil();
                let mut index = 0.0;
                while index <= last {
                    let side = 3.0 * (octaves * index / last).exp2();
                    write(side / per_sigma, side);
                    index += 1.0;
                }
            }
            Self::Curve(points) => points.iter().for_each(|&(sigma, side)| write(sigma, side)),
        }
        csv
    }
}

/// k at σ on the curve, linear in ln σ and constant beyond its ends; NaN where it has no point.
fn interpolated(points: &[(f64, f64)], sigma: f64) -> f64 {
    let after = points.partition_point(|point| point.0 <= sigma);
    match (after.checked_sub(1).and_then(|before| points.get(before)), points.get(after)) {
        (Some(&(low, from)), Some(&(high, to))) => {
            let share = (sigma / low).ln() / (high / low).ln();
            from + share * (to - from)
        }
        (Some(&(_, side)), None) | (None, Some(&(_, side))) => side,
        (None, None) => f64::NAN,
    }
}

fn check_point(place: Place, (sigma, side): (f64, f64)) -> Result<(), WindowError> {
    if !(sigma.is_finite() && sigma > 0.0) {
        return Err(WindowError::Sigma { place, sigma });
    }
    if !(side.is_finite() && side >= 1.0) {
        return Err(WindowError::Side { place, side });
    }
    Ok(())
}

/// Where in a curve, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line of the text it was read from.
    Line(usize),
    /// A point of the list.
    Point(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line} of the window curve"),
            Self::Point(point) => write!(f, "point {point} of the window curve"),
        }
    }
}

/// What is wrong with a [`WindowSize`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WindowError {
    /// K is not positive and finite.
    #[error("the window's pixels per σ must be a positive number, not {0}; 8 is usual")]
    PerSigma(f64),
    /// No point at all.
    #[error("the window curve has no points; give at least one row \"sigma,k\", such as 1.0,9")]
    Empty,
    /// A row that is not two numbers.
    #[error("{place}: \"{row}\" is not two numbers \"sigma,k\", such as 1.0,9")]
    Row {
        /// Which line.
        place: Place,
        /// The value found.
        row: String,
    },
    /// σ is not positive and finite.
    #[error("{place}: σ must be a positive number, not {sigma}")]
    Sigma {
        /// Which row.
        place: Place,
        /// The value found.
        sigma: f64,
    },
    /// k is not finite and at least 1.
    #[error("{place}: k must be at least 1 pixel, not {side}")]
    Side {
        /// Which row.
        place: Place,
        /// The value found.
        side: f64,
    },
    /// The same σ in two lines.
    #[error("{place}: line {first} already has σ = {sigma}; remove one of them")]
    Twice {
        /// The second of the two.
        place: Place,
        /// The line of the first.
        first: usize,
        /// The σ of both.
        sigma: f64,
    },
    /// σ does not rise from one point to the next.
    #[error("{place}: σ = {sigma} is not above the point before; order the points by increasing σ")]
    NotRising {
        /// The later one.
        place: Place,
        /// Its σ.
        sigma: f64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(window: &WindowSize, sigma: f64) -> usize {
        window.side_at(NoiseLevel::from_sigma(sigma))
    }

    #[test]
    fn the_side_is_the_nearest_odd_number_and_at_least_3() {
        let window = WindowSize::default();
        for (sigma, expected) in
            [(0.0, 3), (0.01, 3), (0.45, 3), (0.55, 5), (0.7, 5), (0.8, 7), (1.0, 9), (2.0, 17), (3.0, 25), (50.0, 401)]
        {
            assert_eq!(side(&window, sigma), expected, "σ {sigma}");
        }
        for window in [WindowSize::PerSigma(8.0), WindowSize::PerSigma(1e300), WindowSize::Curve(vec![(1.0, 1e300)])] {
            let huge = side(&window, f64::INFINITY);
            assert!(huge > 1_000_000 && huge % 2 == 1, "{window:?}");
        }
        // Unsound ones are told by `check`, and here do no harm.
        for window in [WindowSize::PerSigma(0.0), WindowSize::PerSigma(f64::NAN), WindowSize::Curve(vec![])] {
            assert_eq!(side(&window, f64::INFINITY), 3, "{window:?}");
        }
    }

    #[test]
    fn a_curve_is_linear_in_the_logarithm_and_constant_beyond() {
        let window = WindowSize::Curve(vec![(0.1, 1.0), (1.0, 21.0), (10.0, 61.0)]);
        window.check().unwrap();
        for (sigma, expected) in [
            (0.0, 3),
            (0.01, 3),
            (0.1, 3),
            (0.1 * 10.0_f64.sqrt(), 11),
            (1.0, 21),
            (10.0_f64.sqrt(), 41),
            (10.0, 61),
            (1e9, 61),
            (f64::INFINITY, 61),
        ] {
            assert_eq!(side(&window, sigma), expected, "σ {sigma}");
        }
    }

    #[test]
    fn csv_comes_back_to_the_bit() {
        let text = "\u{feff}sigma, k\r\n\n# measured\n 2.5 , 33.25\n0.1,3 # the least\n0.30000000000000004,5\n";
        let window = WindowSize::from_csv(text).unwrap();
        let points = vec![(0.1, 3.0), (0.300_000_000_000_000_04, 5.0), (2.5, 33.25)];
        assert_eq!(window, WindowSize::Curve(points));
        assert_eq!(WindowSize::from_csv(&window.to_csv()).unwrap(), window);
        assert_eq!(WindowSize::from_csv("1,9").unwrap(), WindowSize::Curve(vec![(1.0, 9.0)]));
        let json = serde_json::to_string(&window).unwrap();
        assert_eq!(serde_json::from_str::<WindowSize>(&json).unwrap(), window);
        assert_eq!(serde_json::to_string(&WindowSize::default()).unwrap(), r#"{"per_sigma":8.0}"#);
    }

    #[test]
    fn a_rule_is_written_as_a_curve_an_odd_number_apart_at_most() {
        let rule = WindowSize::PerSigma(6.5);
        let curve = WindowSize::from_csv(&rule.to_csv()).unwrap();
        for step in 0..2000 {
            let sigma = 0.05 * 1.004_f64.powi(step);
            let (exact, written) = (side(&rule, sigma), side(&curve, sigma));
            if exact <= 1025 {
                assert!(exact.abs_diff(written) <= 2, "σ {sigma}: {exact} and {written}");
            }
        }
        assert_eq!(side(&curve, 1e6), 1025);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let row = |line, row: &str| WindowError::Row { place: Place::Line(line), row: row.into() };
        for (text, says) in [
            ("", WindowError::Empty),
            ("sigma,k\n", WindowError::Empty),
            ("sigma,k\n\n1,x", row(3, "1,x")),
            ("1.0", row(1, "1.0")),
            ("1,5\nsigma,k", row(2, "sigma,k")),
            ("1,2,3", row(1, "1,2,3")),
            ("a,b\n0,5", WindowError::Sigma { place: Place::Line(2), sigma: 0.0 }),
            ("inf,5", WindowError::Sigma { place: Place::Line(1), sigma: f64::INFINITY }),
            ("1,0.5", WindowError::Side { place: Place::Line(1), side: 0.5 }),
            ("1,nan", WindowError::Side { place: Place::Line(1), side: f64::NAN }),
            ("1,5\n#\n2,7\n1.0,9", WindowError::Twice { place: Place::Line(4), first: 1, sigma: 1.0 }),
        ] {
            assert_eq!(WindowSize::from_csv(text).unwrap_err().to_string(), says.to_string(), "{text:?}");
        }
        for (window, says) in [
            (WindowSize::PerSigma(-1.0), WindowError::PerSigma(-1.0)),
            (WindowSize::PerSigma(f64::INFINITY), WindowError::PerSigma(f64::INFINITY)),
            (
                WindowSize::Curve(vec![(2.0, 5.0), (2.0, 7.0)]),
                WindowError::NotRising { place: Place::Point(2), sigma: 2.0 },
            ),
            (
                WindowSize::Curve(vec![(1.0, f64::INFINITY)]),
                WindowError::Side { place: Place::Point(1), side: f64::INFINITY },
            ),
        ] {
            assert_eq!(window.check().unwrap_err().to_string(), says.to_string());
        }
        WindowSize::default().check().unwrap();
    }
}
