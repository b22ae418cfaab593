/// A power law fitted to a spectrum, `S(f) ∝ f^slope`, by least squares of log S over log f. All rings have equal weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerLaw {
    /// The slope of log S over log f: −2 for natural images.
    pub slope: f64,
    /// Standard error of the slope from the residuals. Correlated rings make it too small.
    pub slope_error: f64,
    /// log₁₀ of the line's density at 1 cycle/pixel.
    pub log10_at_one: f64,
    /// Number of rings in the fit.
    pub rings: usize,
}

impl PowerLaw {
    /// Fits the rings with frequencies from `low` to `high` cycles/pixel, both included, and densities above 0. `None`
    /// for fewer than three.
    ///
    /// ```
    /// use chromascope::spectrum::PowerLaw;
    /// let f: Vec<f64> = (1..33).map(|ring| f64::from(ring) / 64.0).collect();
    /// let density: Vec<f64> = f.iter().map(|f| 0.01 * f.powi(-2)).collect();
    /// let fit = PowerLaw::fit(&f, &density, (0.1, 0.4)).unwrap();
    /// assert!((fit.slope + 2.0).abs() < 1e-12 && fit.slope_error < 1e-12);
    /// ```
    #[must_use]
    pub fn fit(frequency: &[f64], density: &[f64], (low, high): (f64, f64)) -> Option<Self> {
        // A ring at the edge of the range is included, despite rounding of its mean frequency.
        let (low, high) = (low * (1.0 - 1e-9), high * (1.0 + 1e-9));
        let pairs = frequency.iter().zip(density);
        let inside = pairs.filter(|&(&f, &density)| f > 0.0 && (low..=high).contains(&f) && density > 0.0);
        let points: Vec<[f64; 2]> = inside.map(|(f, density)| [f.log10(), density.log10()]).collect();
        if points.len() < 3 {
            return None;
        }
        let rings = points.len() as f64;
        let mean = |axis: usize| points.iter().map(|point| point[axis]).sum::<f64>() / rings;
        let (x, y) = (mean(0), mean(1));
        let spread: f64 = points.iter().map(|point| (point[0] - x).powi(2)).sum();
        let slope = points.iter().map(|point| (point[0] - x) * (point[1] - y)).sum::<f64>() / spread;
        let missed: f64 = points.iter().map(|point| (point[1] - y - slope * (point[0] - x)).powi(2)).sum();
        let slope_error = (missed / (rings - 2.0) / spread).sqrt();
        let found = Self { slope, slope_error, log10_at_one: y - slope * x, rings: points.len() };
        (slope.is_finite() && slope_error.is_finite()).then_some(found)
    }

    /// The line's density at a frequency, cycles/pixel.
    #[must_use]
    pub fn at(&self, frequency: f64) -> f64 {
        10.0_f64.powf(self.log10_at_one + self.slope * frequency.log10())
    }
}

/// Up to which frequency a falling spectrum is above a level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reach {
    /// It is below the level everywhere.
    Nowhere,
    /// Up to this frequency, cycles/pixel, and not above it.
    Until(f64),
    /// Up to the last ring.
    ToTheEnd,
}

impl Reach {
    /// The highest frequency at which a spectrum is at or above `level`, interpolated linearly in log-log between two
    /// rings. Frequency 0, which has no logarithm, is ignored.
    ///
    /// The spectrum of one image scatters about its mean and may cross the level more than once: the last crossing counts.
    #[must_use]
    pub fn of(frequency: &[f64], density: &[f64], level: f64) -> Self {
        let rings = frequency.len().min(density.len());
        let first = frequency.iter().position(|&f| f > 0.0).unwrap_or(rings);
        let Some(last) = (first..rings).rev().find(|&ring| density[ring] >= level) else { return Self::Nowhere };
        if last + 1 == rings {
            return Self::ToTheEnd;
        }
        let [above, below] = [last, last + 1].map(|ring| [frequency[ring].ln(), density[ring].ln()]);
        // 0 has the logarithm −∞; a line that falls to it crosses every level at its start.
        let part = ((above[1] - level.ln()) / (above[1] - below[1])).clamp(0.0, 1.0);
        Self::Until((above[0] + part * (below[0] - above[0])).exp())
    }

    /// The frequency, if it is within the spectrum.
    #[must_use]
    pub const fn frequency(self) -> Option<f64> {
        if let Self::Until(frequency) = self { Some(frequency) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rings(side: u32) -> Vec<f64> {
        (0..=side / 2).map(|ring| f64::from(ring) / f64::from(side)).collect()
    }

    proptest! {
        /// c·f^(−p) has slope −p, and crosses a level at (c/level)^(1/p), between rings too.
        #[test]
        fn power_laws_are_found(power in 0.3..4.0_f64, scale in 1e-4..1e4_f64, at in 0.02..0.499_f64) {
            let f = rings(64);
            let density: Vec<f64> = f.iter().map(|f| scale * f.powf(-power)).collect();
            let fit = PowerLaw::fit(&f, &density, (2.0 / 64.0, 0.5)).unwrap();
            prop_assert!((fit.slope + power).abs() < 1e-10 && fit.slope_error < 1e-7);
            prop_assert_eq!(fit.rings, 31);
            prop_assert!((fit.at(at) / (scale * at.powf(-power)) - 1.0).abs() < 1e-9);
            let reach = Reach::of(&f, &density, scale * at.powf(-power)).frequency().unwrap();
            prop_assert!((reach / at - 1.0).abs() < 1e-9, "{} {}", reach, at);
        }
    }

    /// `np.polyfit(np.log10(f), np.log10(s), 1, cov=True)` of numpy 2.4.6 gives the slope, its variance and the intercept:
    /// `f = np.array([1, 2, 3, 4, 6, 8]) / 16; s = np.array([90., 24., 9., 6., 2.1, 1.4])`.
    #[test]
    fn the_line_and_its_error_are_those_of_numpy() {
        let f = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0].map(|ring| ring / 16.0);
        let fit = PowerLaw::fit(&f, &[90.0, 24.0, 9.0, 6.0, 2.1, 1.4], (0.0, 1.0)).unwrap();
        for (ours, numpys) in [
            (fit.slope, -2.042_280_988_014_057),
            (fit.slope_error, 0.059_647_445_068_531_826),
            (fit.log10_at_one, -0.494_561_175_343_622),
        ] {
            assert!((ours / numpys - 1.0).abs() < 1e-12, "{ours} {numpys}");
        }
    }

    #[test]
    fn ranges_hold_their_ends_and_leave_out_what_has_no_logarithm() {
        let f = rings(16);
        let density = [1e9, 8.0, 4.0, 0.0, 2.0, 1.6, 1.0, f64::NAN, 1.0];
        assert_eq!(PowerLaw::fit(&f, &density, (0.0, 0.5)).unwrap().rings, 6);
        assert_eq!(PowerLaw::fit(&f, &density, (2.0 / 16.0, 6.0 / 16.0)).unwrap().rings, 4);
        assert_eq!(PowerLaw::fit(&f, &density, (4.0 / 16.0, 5.0 / 16.0)), None, "two points are no fit");
        assert_eq!(PowerLaw::fit(&f, &density, (0.3, 0.2)), None);
    }

    #[test]
    fn a_spectrum_reaches_as_far_as_it_last_does() {
        let f = rings(8);
        let density = [0.0, 10.0, 0.5, 2.0, 0.5];
        let between = (0.375_f64.ln() + 0.5 * (0.5_f64 / 0.375).ln()).exp();
        assert!((Reach::of(&f, &density, 1.0).frequency().unwrap() - between).abs() < 1e-12);
        assert_eq!(Reach::of(&f, &density, 20.0), Reach::Nowhere, "frequency 0 does not count");
        assert_eq!(Reach::of(&f, &density, 0.5), Reach::ToTheEnd);
        assert_eq!(Reach::of(&f, &density, 0.0), Reach::ToTheEnd);
        assert_eq!(Reach::of(&f, &[9.0, 2.0, 0.0, 0.0, 0.0], 1.0), Reach::Until(0.125_f64.ln().exp()));
        assert_eq!(Reach::of(&[], &[], 1.0), Reach::Nowhere);
    }
}
