//! When each level is generated (docs/theory.md, section 8).
//!
//! The image is cut into bands, finest first; band m has a variance `V_m` and a gain `G_m`, its signal-to-noise
//! ratio over that of the whole. At a noise level the share `a_m = G_m·ᾱ/(G_m·ᾱ + 1 − ᾱ)` of a band is recovered. The
//! growth of that share, relative to the growth of all bands, is the chromatogram `r_m`. It depends on ᾱ alone.
//!
//! All methods write into slices of the caller and do not allocate, so a curve may be redrawn in every frame.

use super::NoiseLevel;
use serde::{Deserialize, Serialize};

/// With more levels than this no gain is finite.
const MOST_LEVELS: usize = 1024;

/// How the growth of a band is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Shares of the variance, `V_m·a_m`.
    Power,
    /// Shares of its square root, `√(V_m·a_m)`.
    #[default]
    Amplitude,
}

impl Measure {
    /// The name shown to users.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Amplitude => "amplitude",
        }
    }
}

/// How the growth of a band over a whole step is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepMeasure {
    /// `V_m·Δa_m`.
    Power,
    /// `√V_m·Δ√a_m`: the root mean square change of E\[x_0|x_t\] in a run without injected noise.
    Amplitude,
    /// `√(V_m·Δa_m)`: the same where noise is injected, since E\[x_0|x_t\] is then a martingale.
    StochasticAmplitude,
}

/// One resolution band of the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandStatistics {
    /// `G_m`, the band's signal-to-noise ratio over `ᾱ/(1−ᾱ)`.
    pub gain: f64,
    /// `V_m`, variance of the data in this band, per pixel.
    pub variance: f64,
}

/// Bands that do not define a chromatogram.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ChromatogramError {
    /// There are no bands.
    #[error("a chromatogram needs at least one resolution level")]
    NoLevels,
    /// `n < 2`.
    #[error("the factor between resolution levels must be 2 or more, not {0}")]
    Factor(usize),
    /// A gain that is not positive and finite, or a variance that is negative or not finite.
    #[error("resolution level {level} has gain {gain} and variance {variance}, which is impossible")]
    Band {
        /// The band, 0 the finest.
        level: usize,
        /// Its gain.
        gain: f64,
        /// Its variance.
        variance: f64,
    },
    /// No band has variance.
    #[error("no resolution level has variance, so there is nothing to generate")]
    AllConstant,
}

/// The theory of a run's resolution levels: M detail bands, finest first, and optionally the rest band.
#[derive(Clone, Debug, PartialEq)]
pub struct Chromatogram {
    details: Vec<Terms>,
    rest: Option<Terms>,
}

/// A band with the terms of its formulas.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Terms {
    band: BandStatistics,
    log_gain: f64,
    /// `V·G` and `√(V·G)`, the rates' numerators.
    power: f64,
    amplitude: f64,
}

impl Terms {
    fn new(level: usize, band: BandStatistics) -> Result<Self, ChromatogramError> {
        let BandStatistics { gain, variance } = band;
        let power = variance * gain;
        if !(gain > 0.0 && gain.is_finite() && variance >= 0.0 && power.is_finite()) {
            return Err(ChromatogramError::Band { level, gain, variance });
        }
        Ok(Self { band, log_gain: gain.ln(), power, amplitude: power.sqrt() })
    }

    /// The noise level at which `ᾱ` equals `a_m`.
    fn recovered(&self, level: NoiseLevel) -> NoiseLevel {
        NoiseLevel::from_log_snr(level.log_snr() + self.log_gain)
    }

    /// `d(V·a)/dᾱ`, or `2√ᾱ·d√(V·a)/dᾱ`, which is finite where the derivative itself is not.
    fn weight(&self, alpha_bar: f64, one_minus: f64, measure: Measure) -> f64 {
        let denominator = self.band.gain * alpha_bar + one_minus;
        match measure {
            Measure::Power => self.power / (denominator * denominator),
            Measure::Amplitude => self.amplitude / (denominator * denominator.sqrt()),
        }
    }

    /// Growth from one level to the next.
    fn growth(&self, from: NoiseLevel, to: NoiseLevel, measure: StepMeasure) -> f64 {
        let (before, after) = (self.recovered(from), self.recovered(to));
        // Δa = a'(1−a)(1 − e^(−Δλ)) keeps its digits where both ends are close to 0, to 1 or to each other.
        let decay = if from == to { 0.0 } else { -(from.log_snr() - to.log_snr()).exp_m1() };
        let gained = after.alpha_bar() * before.one_minus_alpha_bar() * decay;
        match measure {
            StepMeasure::Power => self.band.variance * gained,
            StepMeasure::StochasticAmplitude => (self.band.variance * gained).sqrt(),
            StepMeasure::Amplitude if gained == 0.0 => 0.0,
            StepMeasure::Amplitude => {
                self.band.variance.sqrt() * gained / (after.sqrt_alpha_bar() + before.sqrt_alpha_bar())
            }
        }
    }
}

impl Chromatogram {
    /// From the detail bands, finest first, and the rest band if it is known.
    pub fn new(details: &[BandStatistics], rest: Option<BandStatistics>) -> Result<Self, ChromatogramError> {
        if details.is_empty() {
            return Err(ChromatogramError::NoLevels);
        }
        if details.iter().all(|band| band.variance == 0.0) {
            return Err(ChromatogramError::AllConstant);
        }
        let terms = |(level, band): (usize, &BandStatistics)| Terms::new(level, *band);
        Ok(Self {
            rest: rest.map(|band| Terms::new(details.len(), band)).transpose()?,
            details: details.iter().enumerate().map(terms).collect::<Result<_, _>>()?,
        })
    }

    /// Data with the same statistics at every scale: `V_m = 1`, `G_m = n^{2m}`. The rest band is unknown.
    ///
    /// ```
    /// use chromascope::theory::{Chromatogram, Measure, NoiseLevel};
    /// let theory = Chromatogram::scale_invariant(2, 6)?;
    /// let mut r = [0.0; 6];
    /// theory.shares(NoiseLevel::from_alpha_bar(0.5), Measure::Power, &mut r);
    /// assert!((r[0] - 0.515080).abs() < 1e-6);
    /// # Ok::<(), chromascope::theory::ChromatogramError>(())
    /// ```
    pub fn scale_invariant(factor: usize, levels: usize) -> Result<Self, ChromatogramError> {
        if factor < 2 {
            return Err(ChromatogramError::Factor(factor));
        }
        let n = factor as f64;
        let gains = std::iter::successors(Some(1.0), |gain| Some(gain * n * n));
        let bands: Vec<BandStatistics> =
            gains.take(levels.min(MOST_LEVELS)).map(|gain| BandStatistics { gain, variance: 1.0 }).collect();
        Self::new(&bands, None)
    }

    /// M, the number of detail bands.
    #[must_use]
    pub fn levels(&self) -> usize {
        self.details.len()
    }

    /// Detail band `m`, 0 the finest.
    #[must_use]
    pub fn band(&self, m: usize) -> Option<BandStatistics> {
        self.details.get(m).map(|terms| terms.band)
    }

    /// `a_m`, the recovered share of each detail band, into `out` `[M]`. As in every method here, only the shorter of the
    /// two lengths is written.
    pub fn recovered(&self, level: NoiseLevel, out: &mut [f64]) {
        for (out, terms) in out.iter_mut().zip(&self.details) {
            *out = terms.recovered(level).alpha_bar();
        }
    }

    /// `r_m`, each detail band's share of what is generated at this level, into `out` `[M]`. The shares sum to 1
    /// and have finite limits at ᾱ = 0 and ᾱ = 1.
    pub fn shares(&self, level: NoiseLevel, measure: Measure, out: &mut [f64]) {
        self.weights(level, measure, out);
        self.normalise(out);
    }

    /// `r_m` at many levels, into `out` `[levels.len(), M]`, row by row.
    pub fn shares_over(&self, levels: &[NoiseLevel], measure: Measure, out: &mut [f64]) {
        for (&level, row) in levels.iter().zip(out.chunks_exact_mut(self.levels())) {
            self.shares(level, measure, row);
        }
    }

    /// The rest band's share of what all bands together generate at this level; `None` if it is not known.
    #[must_use]
    pub fn rest_share(&self, level: NoiseLevel, measure: Measure) -> Option<f64> {
        let (alpha_bar, one_minus) = (level.alpha_bar(), level.one_minus_alpha_bar());
        let weight = |terms: &Terms| terms.weight(alpha_bar, one_minus, measure);
        let rest = weight(self.rest.as_ref()?);
        Some(rest / (rest + self.details.iter().map(weight).sum::<f64>()))
    }

    /// The elution curves `g_m = −V_m·da_m/dt` (power) or `−√V_m·d√a_m/dt` (amplitude), per unit of the `t` in which
    /// `alpha_bar_slope` is `dᾱ/dt`, into `out` `[M]`. Where t runs from image to noise the slope is negative and
    /// `g_m` positive. The amplitude form is infinite at ᾱ = 0 unless the slope vanishes there; see
    /// [`Self::elution_per_nat`], which is finite everywhere.
    pub fn elution(&self, level: NoiseLevel, alpha_bar_slope: f64, measure: Measure, out: &mut [f64]) {
        let scale = match measure {
            Measure::Power => -alpha_bar_slope,
            Measure::Amplitude => -alpha_bar_slope / (2.0 * level.sqrt_alpha_bar()),
        };
        self.weights(level, measure, out);
        for weight in out.iter_mut().take(self.levels()) {
            *weight *= scale;
        }
    }

    /// The elution curves over λ: `V_m·a_m(1−a_m)` (power) or `½√(V_m·a_m)·(1−a_m)` (amplitude), per nat, positive,
    /// into `out` `[M]`.
    pub fn elution_per_nat(&self, level: NoiseLevel, measure: Measure, out: &mut [f64]) {
        for (out, terms) in out.iter_mut().zip(&self.details) {
            let recovered = terms.recovered(level);
            let (share, left) = (recovered.alpha_bar(), recovered.one_minus_alpha_bar());
            *out = match measure {
                Measure::Power => terms.band.variance * share * left,
                Measure::Amplitude => 0.5 * (terms.band.variance * share).sqrt() * left,
            };
        }
    }

    /// `r_m` over a whole step, into `out` `[M]`; compare a measured difference of two steps with this. NaN
    /// if the step generates nothing (both levels are the same).
    pub fn step_shares(&self, from: NoiseLevel, to: NoiseLevel, measure: StepMeasure, out: &mut [f64]) {
        for (out, terms) in out.iter_mut().zip(&self.details) {
            *out = terms.growth(from, to, measure);
        }
        self.normalise(out);
    }

    /// The level at which detail bands `a` and `b` are generated equally fast, `r_a = r_b`; `None` if there is none or all are.
    ///
    /// With `p = (V·G)^{1/2}` (power) or `(V·G)^{1/3}` (amplitude) the level has `SNR = (p_b − p_a)/(p_a·G_b − p_b·G_a)`.
    #[must_use]
    pub fn crossing(&self, a: usize, b: usize, measure: Measure) -> Option<NoiseLevel> {
        let (a, b) = (self.details.get(a)?, self.details.get(b)?);
        let root = |terms: &Terms| match measure {
            Measure::Power => terms.amplitude,
            Measure::Amplitude => terms.power.cbrt(),
        };
        let snr = (root(b) - root(a)) / (root(a) * b.band.gain - root(b) * a.band.gain);
        (snr > 0.0 && snr.is_finite()).then(|| NoiseLevel::from_log_snr(snr.ln()))
    }

    fn normalise(&self, out: &mut [f64]) {
        let length = self.levels().min(out.len());
        let values = &mut out[..length];
        let sum: f64 = values.iter().sum();
        for value in values {
            *value /= sum;
        }
    }

    fn weights(&self, level: NoiseLevel, measure: Measure, out: &mut [f64]) {
        let (alpha_bar, one_minus) = (level.alpha_bar(), level.one_minus_alpha_bar());
        for (out, terms) in out.iter_mut().zip(&self.details) {
            *out = terms.weight(alpha_bar, one_minus, measure);
        }
    }
}

/// The level with the largest share, the finer of two equal ones; `None` if all are NaN.
#[must_use]
pub fn dominant_level(shares: &[f64]) -> Option<usize> {
    let numbers = shares.iter().enumerate().filter(|(_, share)| !share.is_nan());
    numbers.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(m, _)| m)
}

/// The number of levels shown by default, `floor(log_n min(H, W))`, at least 1: after this many poolings only the image
/// mean is left (of a square whose side is a power of n). `factor` below 2 counts as 2.
#[must_use]
pub fn default_levels(factor: usize, height: usize, width: usize) -> usize {
    let powers = std::iter::successors(Some(factor.max(2)), |power| power.checked_mul(factor.max(2)));
    powers.take_while(|&power| power <= height.min(width)).count().max(1)
}

#[cfg(test)]
mod tests;
