use super::beta_schedule::ramp;
use super::spacing::run_time;
use super::{MAX_STEPS, ScheduleError};
use crate::theory::NoiseLevel;
use serde::{Deserialize, Serialize};
use statrs::function::beta::inv_beta_reg;
use std::fmt;

/// Noise levels for a run, given as σ rather than picked from the model's timesteps.
///
/// With `u = i/(N−1)` for step `i`, `lo` and `hi` the ends of the model's σ range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "family", rename_all = "kebab-case")]
pub enum SigmaFamily {
    /// `(hi^{1/ρ} + u(lo^{1/ρ} − hi^{1/ρ}))^ρ` (Karras et al. 2022, equation 5; ρ = 7).
    Karras {
        /// ρ.
        rho: f64,
    },
    /// [`Self::Karras`] with `hi` at most `cap`: all steps go to the levels at which an image takes shape, where a model's
    /// own noise goes far beyond them.
    KarrasCapped {
        /// ρ.
        rho: f64,
        /// The greatest σ.
        cap: f64,
    },
    /// Linear in ln σ.
    Exponential,
    /// `(1−u)^ρ` in ln σ (k-diffusion; ρ = 1 is [`Self::Exponential`]).
    Polyexponential {
        /// ρ.
        rho: f64,
    },
    /// `√(exp(β_d·t²/2 + β_min·t) − 1)`, t evenly from 1 to `eps_s` (the VP-SDE; k-diffusion). Its range is its own.
    Vp {
        /// Slope of β(t).
        beta_d: f64,
        /// β(0).
        beta_min: f64,
        /// The last t.
        eps_s: f64,
    },
    /// `lo + F⁻¹(1−u)·(hi − lo)`, F the Beta(α, β) distribution ("Beta Sampling is All You Need"; 0.6, 0.6).
    Beta {
        /// α.
        alpha: f64,
        /// β.
        beta: f64,
    },
    /// Linear in λ (DPM-Solver; diffusers: `use_lu_lambdas`), which is linear in ln σ, so equal to
    /// [`Self::Exponential`].
    Lu,
    /// `tan(u·atan lo + (1−u)·atan hi)` ("Align Your Steps", the KL-optimal closed form).
    KlOptimal,
    /// "Align Your Steps" for Stable Diffusion 1.5, ten published steps, log-linear between them for other N.
    AysSd15,
    /// "Align Your Steps" for SDXL.
    AysSdxl,
    /// "Align Your Steps" for Stable Video Diffusion.
    AysSvd,
    /// Karras with EDM's own range, σ from 80 to 0.002, ρ = 7.
    Edm,
    /// Even in rectified-flow time before the shift `s' = c·s/(1 + (c−1)·s)`, the shifted ends being the model's
    /// (Esser et al. 2024, section 5.3.2). `c = e^μ` gives dynamic shifting.
    #[serde(rename = "flow")]
    FlowShift {
        /// c; 1 shifts nothing.
        shift: f64,
    },
}

/// σ in descending order, the last the level that the final 0 replaces.
const AYS_SD15: [f64; 11] = [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029];
const AYS_SDXL: [f64; 11] = [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029];
const AYS_SVD: [f64; 11] = [700.0, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002];
/// [`SigmaFamily::KarrasCapped`]'s usual cap: the noise in the mean of a 64-pixel image is then ten times what the mean of
/// an image in [−1, 1] can be. Above it nothing is decided; from 160 on down images come out darker
/// (docs/sampling.md, "Samplers on the bundled models").
pub const CAP_SIGMA: f64 = 640.0;
const EDM_SIGMA_MIN: f64 = 0.002;
const EDM_SIGMA_MAX: f64 = 80.0;

impl SigmaFamily {
    /// Every family with its usual parameters.
    pub const ALL: [Self; 13] = [
        Self::Karras { rho: 7.0 },
        Self::KarrasCapped { rho: 7.0, cap: CAP_SIGMA },
        Self::Exponential,
        Self::Polyexponential { rho: 1.0 },
        Self::Vp { beta_d: 19.9, beta_min: 0.1, eps_s: 1e-3 },
        Self::Beta { alpha: 0.6, beta: 0.6 },
        Self::Lu,
        Self::KlOptimal,
        Self::AysSd15,
        Self::AysSdxl,
        Self::AysSvd,
        Self::Edm,
        Self::FlowShift { shift: 1.0 },
    ];

    /// The name used on the command line and in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Karras { .. } => "karras",
            Self::KarrasCapped { .. } => "karras-capped",
            Self::Exponential => "exponential",
            Self::Polyexponential { .. } => "polyexponential",
            Self::Vp { .. } => "vp",
            Self::Beta { .. } => "beta",
            Self::Lu => "lu",
            Self::KlOptimal => "kl-optimal",
            Self::AysSd15 => "ays-sd15",
            Self::AysSdxl => "ays-sdxl",
            Self::AysSvd => "ays-svd",
            Self::Edm => "edm",
            Self::FlowShift { .. } => "flow",
        }
    }

    /// Where it is from.
    #[must_use]
    pub const fn source(self) -> &'static str {
        match self {
            Self::Karras { .. } => "Karras et al. 2022, eq. 5",
            Self::KarrasCapped { .. } => "the same from σ = cap, where sigma_max is beyond it",
            Self::Exponential | Self::Lu => "even in ln σ",
            Self::Polyexponential { .. } => "k-diffusion",
            Self::Vp { .. } => "k-diffusion; its own range",
            Self::Beta { .. } => "Beta sampling",
            Self::KlOptimal => "Align Your Steps, closed form",
            Self::AysSd15 | Self::AysSdxl | Self::AysSvd => {
                "Align Your Steps, ten published steps, log-linear for other N"
            }
            Self::Edm => "`karras` from 80 to 0.002",
            Self::FlowShift { .. } => "even in flow time before the shift; Esser et al. 2024",
        }
    }

    /// The parameters by name, in order.
    #[must_use]
    pub fn parameters(self) -> Vec<(&'static str, f64)> {
        match self {
            Self::Karras { rho } | Self::Polyexponential { rho } => vec![("rho", rho)],
            Self::KarrasCapped { rho, cap } => vec![("rho", rho), ("cap", cap)],
            Self::Vp { beta_d, beta_min, eps_s } => vec![("beta_d", beta_d), ("beta_min", beta_min), ("eps_s", eps_s)],
            Self::Beta { alpha, beta } => vec![("alpha", alpha), ("beta", beta)],
            Self::FlowShift { shift } => vec![("shift", shift)],
            Self::Exponential
            | Self::Lu
            | Self::KlOptimal
            | Self::AysSd15
            | Self::AysSdxl
            | Self::AysSvd
            | Self::Edm => Vec::new(),
        }
    }

    /// The same with a parameter changed; `None` where there is none of that name.
    #[must_use]
    pub fn with_parameter(mut self, name: &str, value: f64) -> Option<Self> {
        let place = match (&mut self, name) {
            (Self::Karras { rho } | Self::KarrasCapped { rho, .. } | Self::Polyexponential { rho }, "rho") => rho,
            (Self::KarrasCapped { cap, .. }, "cap") => cap,
            (Self::Vp { beta_d, .. }, "beta_d") => beta_d,
            (Self::Vp { beta_min, .. }, "beta_min") => beta_min,
            (Self::Vp { eps_s, .. }, "eps_s") => eps_s,
            (Self::Beta { alpha, .. }, "alpha") => alpha,
            (Self::Beta { beta, .. }, "beta") => beta,
            (Self::FlowShift { shift }, "shift") => shift,
            _ => return None,
        };
        *place = value;
        Some(self)
    }

    /// Whether the family keeps its own σ range, whatever the model's.
    #[must_use]
    pub const fn has_own_range(self) -> bool {
        matches!(self, Self::Vp { .. } | Self::AysSd15 | Self::AysSdxl | Self::AysSvd | Self::Edm)
    }

    /// The N values of σ at which an N-step run evaluates the model, noisiest first, all positive; the run ends at
    /// 0 after them. N = 1 gives the noisiest alone.
    pub fn sigmas(self, steps: usize, sigma_min: f64, sigma_max: f64) -> Result<Vec<f64>, ScheduleError> {
        if steps == 0 {
            return Err(ScheduleError::NoSteps);
        }
        if steps > MAX_STEPS {
            return Err(ScheduleError::TooManySteps { steps, limit: MAX_STEPS, of: "any run".to_owned() });
        }
        self.check_parameters()?;
        let sigma_max = match self {
            Self::KarrasCapped { cap, .. } => sigma_max.min(cap),
            _ => sigma_max,
        };
        if !(sigma_min > 0.0 && sigma_max > sigma_min && sigma_max.is_finite()) {
            return Err(ScheduleError::SigmaRange { sigma_min, sigma_max });
        }
        let (lo, hi) = match self {
            Self::Edm => (EDM_SIGMA_MIN, EDM_SIGMA_MAX),
            _ => (sigma_min, sigma_max),
        };
        let mut sigmas: Vec<f64> = (0..steps).map(|i| self.sigma(i, steps, lo, hi)).collect();
        if !self.has_own_range() || self == Self::Edm {
            // What is lo or hi by definition shall not miss it by rounding.
            sigmas[0] = hi;
            if steps > 1 {
                sigmas[steps - 1] = lo;
            }
        }
        // Far out in the parameters rounding leaves nothing between neighbours.
        if let Some(before) = sigmas.windows(2).position(|pair| pair[1] >= pair[0]) {
            let of = format!("the {} family with {}", self.name(), crate::words::count(steps, "step"));
            return Err(ScheduleError::LevelsCoincide { of, step: before + 1 });
        }
        Ok(sigmas)
    }

    fn sigma(self, i: usize, steps: usize, lo: f64, hi: f64) -> f64 {
        let (u, s) = (ramp(i, steps), run_time(i, steps));
        let log_sigma = |s: f64| (lo.ln() + s * (hi / lo).ln()).exp();
        match self {
            Self::Karras { rho } | Self::KarrasCapped { rho, .. } => karras(u, lo, hi, rho),
            Self::Edm => karras(u, lo, hi, 7.0),
            Self::Exponential | Self::Lu => log_sigma(s),
            Self::Polyexponential { rho } => log_sigma(s.powf(rho)),
            Self::Vp { beta_d, beta_min, eps_s } => {
                let t = 1.0 + u * (eps_s - 1.0);
                (0.5 * beta_d * t * t + beta_min * t).exp_m1().sqrt()
            }
            Self::Beta { alpha, beta } => lo + inv_beta_reg(alpha, beta, s) * (hi - lo),
            Self::KlOptimal => (u * lo.atan() + s * hi.atan()).tan(),
            Self::AysSd15 => align_your_steps(&AYS_SD15, i, steps),
            Self::AysSdxl => align_your_steps(&AYS_SDXL, i, steps),
            Self::AysSvd => align_your_steps(&AYS_SVD, i, steps),
            Self::FlowShift { shift } => {
                shifted_flow_level(u, NoiseLevel::from_sigma(lo), NoiseLevel::from_sigma(hi), shift).sigma()
            }
        }
    }

    pub(super) fn check_parameters(self) -> Result<(), ScheduleError> {
        let family = self.name();
        let check = |name: &'static str, value: f64, lowest: f64, highest: f64, expected: &'static str| {
            if (lowest..=highest).contains(&value) {
                Ok(())
            } else {
                Err(ScheduleError::Parameter { family, name, value, expected })
            }
        };
        match self {
            Self::Karras { rho } | Self::Polyexponential { rho } => {
                check("rho", rho, 0.1, 100.0, "it must be between 0.1 and 100")
            }
            Self::KarrasCapped { rho, cap } => {
                check("rho", rho, 0.1, 100.0, "it must be between 0.1 and 100")?;
                check("cap", cap, 0.01, 1e6, "it must be between 0.01 and 1000000")
            }
            Self::Vp { beta_d, beta_min, eps_s } => {
                check("beta_d", beta_d, 0.0, 100.0, "it must be between 0 and 100")?;
                check("beta_min", beta_min, 1e-6, 100.0, "it must be between 0.000001 and 100")?;
                check("eps_s", eps_s, 1e-9, 0.5, "it must be between 0.000000001 and 0.5")
            }
            Self::Beta { alpha, beta } => {
                check("alpha", alpha, 0.1, 10.0, "it must be between 0.1 and 10")?;
                check("beta", beta, 0.1, 10.0, "it must be between 0.1 and 10")
            }
            Self::FlowShift { shift } => check("shift", shift, 1e-3, 1e3, "it must be between 0.001 and 1000"),
            Self::Exponential
            | Self::Lu
            | Self::KlOptimal
            | Self::AysSd15
            | Self::AysSdxl
            | Self::AysSvd
            | Self::Edm => Ok(()),
        }
    }
}

impl fmt::Display for SigmaFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn karras(u: f64, lo: f64, hi: f64, rho: f64) -> f64 {
    let (lo, hi) = (lo.powf(rho.recip()), hi.powf(rho.recip()));
    (hi + u * (lo - hi)).powf(rho)
}

/// `s' = c·s/(1 + (c−1)·s)`, which in σ = s/(1−s) is `σ' = c·σ`; `1/c` undoes it.
pub(super) fn shift_flow(level: NoiseLevel, shift: f64) -> NoiseLevel {
    NoiseLevel::from_log_snr(level.log_snr() - 2.0 * shift.ln())
}

/// The level at `u`, flow time even before the shift, from `hi` at `u = 0` to `lo` at `u = 1`.
pub(super) fn shifted_flow_level(u: f64, lo: NoiseLevel, hi: NoiseLevel, shift: f64) -> NoiseLevel {
    let unshifted = |level| shift_flow(level, shift.recip()).flow_time();
    let (from, to) = (unshifted(hi), unshifted(lo));
    shift_flow(NoiseLevel::from_flow_time(from + u * (to - from)), shift)
}

/// Log-linear interpolation of the published levels to N + 1, as ComfyUI does; the last becomes 0 and is left out.
fn align_your_steps(published: &[f64; 11], i: usize, steps: usize) -> f64 {
    let intervals = published.len() - 1;
    // Integer arithmetic, so that published levels come back unchanged.
    let (below, rest) = (i * intervals / steps, i * intervals % steps);
    let fraction = rest as f64 / steps as f64;
    if rest == 0 {
        published[below]
    } else {
        published[below].powf(1.0 - fraction) * published[below + 1].powf(fraction)
    }
}
