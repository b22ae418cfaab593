use super::sampling::shift_flow;
use super::{Drawn, Listed, SignalCurve};
use crate::theory::NoiseLevel;
use serde::{Deserialize, Serialize};
use std::f64::consts::FRAC_PI_2;

/// A continuous schedule: λ over t in [0, 1], falling from the image (t = 0) to noise (t = 1).
///
/// ```
/// use chromascope::schedule::Curve;
/// let cosine: Curve = "cosine".parse()?;
/// assert!((cosine.level_at(0.5).alpha_bar() - 0.493_844).abs() < 1e-6);
/// # Ok::<(), chromascope::schedule::CurveError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "curve", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Curve {
    /// `ᾱ = exp(−(β_max−β_min)·t²/2 − β_min·t)` (Song et al. 2021, the VP-SDE with linear β(t)).
    VpLinear {
        /// β(0).
        beta_min: f64,
        /// β(1).
        beta_max: f64,
    },
    /// `ᾱ = (cos((t+s)/(1+s)·π/2)/cos(s/(1+s)·π/2))^power` (Nichol and Dhariwal 2021: s = 0.008, power 2).
    Cosine {
        /// The offset that keeps β from vanishing at t = 0.
        s: f64,
        /// 2 is the usual one.
        power: f64,
    },
    /// `ᾱ = (S(end) − S(v))/(S(end) − S(start))`, `v = start + t·(end−start)`, `S(v) = sigmoid(v/τ)` (Jabri et al.
    /// 2022; Chen 2023).
    Sigmoid {
        /// v at t = 0.
        start: f64,
        /// v at t = 1.
        end: f64,
        /// Temperature τ.
        tau: f64,
    },
    /// λ linear in t.
    LogSnrLinear {
        /// λ at t = 0.
        log_snr_max: f64,
        /// λ at t = 1.
        log_snr_min: f64,
    },
    /// Rectified flow, its time shifted: `σ = c·t/(1−t)` (Esser et al. 2024, section 5.3.2).
    Flow {
        /// c; 1 shifts nothing.
        shift: f64,
    },
    /// Through control points.
    Drawn(Drawn),
    /// The same signal in every step.
    EqualSignal(SignalCurve),
    /// Through levels typed one by one.
    Listed(Listed),
}

/// Why a curve could not be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CurveError {
    /// A parameter out of range.
    #[error("the {family} schedule does not take {name} = {value}: {expected}")]
    Parameter {
        /// The curve's name.
        family: &'static str,
        /// The parameter's name.
        name: &'static str,
        /// The value given.
        value: f64,
        /// What is expected.
        expected: &'static str,
    },
    /// Not a name.
    #[error("\"{0}\" is not a continuous schedule; there are {names}", names = Curve::NAMES.join(", "))]
    Unknown(String),
    /// Too few or too many control points.
    #[error("a drawn schedule needs 2 to 64 control points, not {0}")]
    ControlPoints(usize),
    /// A control point that makes no curve.
    #[error("control point {point} makes no schedule: {reason}")]
    ControlPoint {
        /// Which, from 1, the image's end first.
        point: usize,
        /// Why.
        reason: &'static str,
    },
}

impl Curve {
    /// The families that have a formula, with their usual parameters.
    pub const ALL: [Self; 5] = [
        Self::VpLinear { beta_min: 0.1, beta_max: 20.0 },
        Self::Cosine { s: 0.008, power: 2.0 },
        Self::Sigmoid { start: -3.0, end: 3.0, tau: 1.0 },
        Self::LogSnrLinear { log_snr_max: 10.0, log_snr_min: -10.0 },
        Self::Flow { shift: 1.0 },
    ];

    /// Their names.
    pub const NAMES: [&str; 5] = ["vp-linear", "cosine", "sigmoid", "log-snr-linear", "flow"];

    /// The name used on the command line and in files.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::VpLinear { .. } => "vp-linear",
            Self::Cosine { .. } => "cosine",
            Self::Sigmoid { .. } => "sigmoid",
            Self::LogSnrLinear { .. } => "log-snr-linear",
            Self::Flow { .. } => "flow",
            Self::Drawn(_) => "drawn",
            Self::EqualSignal(_) => "equal-signal",
            Self::Listed(_) => "list",
        }
    }

    /// The parameters by name, in order.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, f64)> {
        match *self {
            Self::VpLinear { beta_min, beta_max } => vec![("beta_min", beta_min), ("beta_max", beta_max)],
            Self::Cosine { s, power } => vec![("s", s), ("power", power)],
            Self::Sigmoid { start, end, tau } => vec![("start", start), ("end", end), ("tau", tau)],
            Self::LogSnrLinear { log_snr_max, log_snr_min } => {
                vec![("log_snr_max", log_snr_max), ("log_snr_min", log_snr_min)]
            }
            Self::Flow { shift } => vec![("shift", shift)],
            Self::Drawn(_) | Self::EqualSignal(_) | Self::Listed(_) => Vec::new(),
        }
    }

    /// The same with a parameter changed; `None` where there is none of that name.
    #[must_use]
    pub fn with_parameter(mut self, name: &str, value: f64) -> Option<Self> {
        let place = match (&mut self, name) {
            (Self::VpLinear { beta_min, .. }, "beta_min") => beta_min,
            (Self::VpLinear { beta_max, .. }, "beta_max") => beta_max,
            (Self::Cosine { s, .. }, "s") => s,
            (Self::Cosine { power, .. }, "power") => power,
            (Self::Sigmoid { start, .. }, "start") => start,
            (Self::Sigmoid { end, .. }, "end") => end,
            (Self::Sigmoid { tau, .. }, "tau") => tau,
            (Self::LogSnrLinear { log_snr_max, .. }, "log_snr_max") => log_snr_max,
            (Self::LogSnrLinear { log_snr_min, .. }, "log_snr_min") => log_snr_min,
            (Self::Flow { shift }, "shift") => shift,
            _ => return None,
        };
        *place = value;
        Some(self)
    }

    /// Refuses parameters that make no schedule.
    pub fn validated(self) -> Result<Self, CurveError> {
        let family = self.name();
        let check = |name: &'static str, value: f64, good: bool, expected: &'static str| {
            if good { Ok(()) } else { Err(CurveError::Parameter { family, name, value, expected }) }
        };
        let within = |value: f64, low: f64, high: f64| (low..=high).contains(&value);
        match self {
            Self::VpLinear { beta_min, beta_max } => {
                check("beta_min", beta_min, within(beta_min, 1e-6, 100.0), "it lies between 0.000001 and 100")?;
                let above = within(beta_max, beta_min, 1000.0);
                check("beta_max", beta_max, above, "it lies between beta_min and 1000")?;
            }
            Self::Cosine { s, power } => {
                check("s", s, within(s, 0.0, 1.0), "it lies between 0 and 1")?;
                check("power", power, within(power, 0.1, 20.0), "it lies between 0.1 and 20")?;
            }
            Self::Sigmoid { start, end, tau } => {
                check("start", start, within(start, -20.0, 20.0), "it lies between −20 and 20")?;
                check("end", end, within(end, start + 1e-3, 20.0), "it lies above start, at most at 20")?;
                check("tau", tau, within(tau, 0.05, 20.0), "it lies between 0.05 and 20")?;
            }
            Self::LogSnrLinear { log_snr_max, log_snr_min } => {
                check("log_snr_max", log_snr_max, within(log_snr_max, -40.0, 40.0), "it lies between −40 and 40")?;
                let below = within(log_snr_min, -40.0, log_snr_max - 1e-3);
                check("log_snr_min", log_snr_min, below, "it lies below log_snr_max, at least at −40")?;
            }
            Self::Flow { shift } => {
                check("shift", shift, within(shift, 1e-3, 1e3), "it lies between 0.001 and 1000")?;
            }
            Self::Drawn(_) | Self::EqualSignal(_) | Self::Listed(_) => {}
        }
        Ok(self)
    }

    /// The level at t, which is clamped to [0, 1].
    #[must_use]
    pub fn level_at(&self, t: f64) -> NoiseLevel {
        let t = t.clamp(0.0, 1.0);
        let from_logs = |log_alpha_bar: f64| NoiseLevel::from_log_snr(log_alpha_bar - (-log_alpha_bar.exp_m1()).ln());
        match *self {
            Self::VpLinear { beta_min, beta_max } => from_logs(-t * (0.5 * (beta_max - beta_min) * t + beta_min)),
            Self::Cosine { power, .. } if t == 1.0 => {
                debug_assert!(power > 0.0);
                NoiseLevel::from_log_snr(f64::NEG_INFINITY)
            }
            Self::Cosine { s, power } => {
                // cos(u₀+δ)/cos u₀ = 1 − 2·sin²(δ/2) − sin δ·tan u₀, which keeps its digits where δ is small.
                let (u_0, delta) = (s / (1.0 + s) * FRAC_PI_2, t / (1.0 + s) * FRAC_PI_2);
                let fallen = 2.0 * (0.5 * delta).sin().powi(2) + delta.sin() * u_0.tan();
                from_logs(power * (-fallen).ln_1p())
            }
            Self::Sigmoid { start, end, tau } => {
                let (from, to) = (start / tau, end / tau);
                let (left, right) = ((1.0 - t) * (to - from), t * (to - from));
                // sigmoid(a) − sigmoid(b) = sinh((a−b)/2)/(2·cosh(a/2)·cosh(b/2)).
                let log_alpha = log_sinh(0.5 * left) - log_cosh(0.5 * to);
                let log_rest = log_sinh(0.5 * right) - log_cosh(0.5 * from);
                NoiseLevel::from_log_snr(log_alpha - log_rest)
            }
            Self::LogSnrLinear { log_snr_max, log_snr_min } => {
                NoiseLevel::from_log_snr(log_snr_max + t * (log_snr_min - log_snr_max))
            }
            Self::Flow { shift } => shift_flow(NoiseLevel::from_flow_time(t), shift),
            Self::Drawn(ref drawn) => drawn.level_at(t),
            Self::EqualSignal(ref curve) => curve.level_at(t),
            Self::Listed(ref listed) => listed.curve().level_at(t),
        }
    }

    /// t of a level; the nearest end where the curve never has it.
    #[must_use]
    pub fn time_of(&self, level: NoiseLevel) -> f64 {
        if level.log_snr().is_infinite() {
            return if level == NoiseLevel::CLEAN { 0.0 } else { 1.0 };
        }
        let (alpha_bar, rest) = (level.alpha_bar(), level.one_minus_alpha_bar());
        let log_alpha_bar = if alpha_bar > 0.5 { (-rest).ln_1p() } else { alpha_bar.ln() };
        let t = match *self {
            Self::VpLinear { beta_min, beta_max } => {
                let root = (beta_min * beta_min - 2.0 * (beta_max - beta_min) * log_alpha_bar).sqrt();
                -2.0 * log_alpha_bar / (beta_min + root)
            }
            Self::Cosine { s, power } => {
                let u_0 = s / (1.0 + s) * FRAC_PI_2;
                let ratio = (log_alpha_bar / power).exp();
                let u = if ratio < 0.5 {
                    FRAC_PI_2 - (ratio * u_0.cos()).asin()
                } else {
                    let fallen = -(log_alpha_bar / power).exp_m1();
                    2.0 * ((0.5 * u_0).sin().powi(2) + 0.5 * u_0.cos() * fallen).sqrt().min(1.0).asin()
                };
                (u - u_0) / FRAC_PI_2 * (1.0 + s)
            }
            Self::Sigmoid { start, end, tau } => {
                let sigmoid = |v: f64| NoiseLevel::from_log_snr(v).alpha_bar();
                let (from, to) = (start / tau, end / tau);
                let span = sigmoid(to) - sigmoid(from);
                let (up, down) = (sigmoid(from) + rest * span, sigmoid(-to) + alpha_bar * span);
                ((up / down).ln() - from) / (to - from)
            }
            Self::LogSnrLinear { log_snr_max, log_snr_min } => {
                (level.log_snr() - log_snr_max) / (log_snr_min - log_snr_max)
            }
            Self::Flow { shift } => shift_flow(level, shift.recip()).flow_time(),
            Self::Drawn(ref drawn) => drawn.time_of(level),
            Self::EqualSignal(ref curve) => curve.time_of(level),
            Self::Listed(ref listed) => listed.curve().time_of(level),
        };
        t.clamp(0.0, 1.0)
    }

    /// dλ/dt, negative; infinite where λ is.
    #[must_use]
    pub fn slope_at(&self, t: f64) -> f64 {
        let t = t.clamp(0.0, 1.0);
        match *self {
            Self::VpLinear { beta_min, beta_max } => {
                -((beta_max - beta_min) * t + beta_min) / self.level_at(t).one_minus_alpha_bar()
            }
            Self::Cosine { s, power } => {
                let angle = (t + s) / (1.0 + s) * FRAC_PI_2;
                let per_t = FRAC_PI_2 / (1.0 + s);
                // tan = 1/tan of what is left to the right angle, which keeps its digits near it.
                let left = (1.0 - t) / (1.0 + s) * FRAC_PI_2;
                let tangent = if angle < 1.0 { angle.tan() } else { left.tan().recip() };
                -power * tangent * per_t / self.level_at(t).one_minus_alpha_bar()
            }
            Self::Sigmoid { start, end, tau } => {
                let span = (end - start) / tau;
                -0.5 * span * ((0.5 * (1.0 - t) * span).tanh().recip() + (0.5 * t * span).tanh().recip())
            }
            Self::LogSnrLinear { log_snr_max, log_snr_min } => log_snr_min - log_snr_max,
            Self::Flow { .. } => -2.0 / (t * (1.0 - t)),
            Self::Drawn(ref drawn) => drawn.slope_at(t),
            Self::EqualSignal(ref curve) => curve.slope_at(t),
            Self::Listed(ref listed) => listed.curve().slope_at(t),
        }
    }
}

impl std::str::FromStr for Curve {
    type Err = CurveError;

    fn from_str(name: &str) -> Result<Self, CurveError> {
        Self::ALL.into_iter().find(|curve| curve.name() == name).ok_or_else(|| CurveError::Unknown(name.to_owned()))
    }
}

/// `ln sinh x` up to the same constant as [`log_cosh`]: `ln(2·sinh x)`.
fn log_sinh(x: f64) -> f64 {
    x + (-(-2.0 * x).exp_m1()).ln()
}

/// `ln(2·cosh x)`.
fn log_cosh(x: f64) -> f64 {
    x.abs() + (-2.0 * x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::ControlPoint;
    use proptest::prelude::*;

    fn any() -> impl Strategy<Value = Curve> {
        prop_oneof![
            (1e-3..1.0_f64, 1.0..40.0_f64).prop_map(|(beta_min, beta_max)| Curve::VpLinear { beta_min, beta_max }),
            (0.0..0.1_f64, 0.5..6.0_f64).prop_map(|(s, power)| Curve::Cosine { s, power }),
            (-5.0..0.0_f64, 0.5..5.0_f64, 0.1..3.0_f64).prop_map(|(start, end, tau)| Curve::Sigmoid {
                start,
                end,
                tau
            }),
            (0.1..20.0_f64, -20.0..0.0_f64)
                .prop_map(|(log_snr_max, log_snr_min)| Curve::LogSnrLinear { log_snr_max, log_snr_min }),
            (0.05..20.0_f64).prop_map(|shift| Curve::Flow { shift }),
            (0.05..0.95_f64, -8.0..8.0_f64).prop_map(|(s, log_snr)| {
                let point = |s, log_snr| ControlPoint { s, log_snr };
                Curve::Drawn(Drawn::new(vec![point(0.0, 9.0), point(s, log_snr), point(1.0, -9.0)]).unwrap())
            }),
        ]
    }

    #[test]
    fn formulas_read_as_the_papers_have_them() {
        let alpha_bar = |curve: &Curve, t: f64| curve.level_at(t).alpha_bar();
        let vp = Curve::VpLinear { beta_min: 0.1, beta_max: 20.0 };
        let sigmoid = Curve::Sigmoid { start: -3.0, end: 2.0, tau: 0.7 };
        let cosine = Curve::Cosine { s: 0.008, power: 3.0 };
        for i in 1..100 {
            let t = f64::from(i) / 100.0;
            assert!((alpha_bar(&vp, t) - (-9.95 * t * t - 0.1 * t).exp()).abs() < 1e-14);
            let s = |v: f64| 1.0 / (1.0 + (-v / 0.7).exp());
            let expected = (s(2.0) - s(-3.0 + 5.0 * t)) / (s(2.0) - s(-3.0));
            assert!((alpha_bar(&sigmoid, t) - expected).abs() < 1e-14);
            let f = |t: f64| ((t + 0.008) / 1.008 * FRAC_PI_2).cos().powi(3);
            assert!((alpha_bar(&cosine, t) - f(t) / f(0.0)).abs() < 1e-14);
        }
        for curve in Curve::ALL {
            assert_eq!(curve.name().parse::<Curve>().unwrap(), curve);
        }
    }

    #[test]
    fn ends_are_what_they_should_be() {
        for curve in [&Curve::ALL[1], &Curve::ALL[2], &Curve::ALL[4]] {
            assert_eq!(curve.level_at(0.0), NoiseLevel::CLEAN, "{}", curve.name());
            assert_eq!(curve.level_at(1.0).log_snr(), f64::NEG_INFINITY, "{}", curve.name());
            assert_eq!((curve.time_of(NoiseLevel::CLEAN), curve.time_of(curve.level_at(1.0))), (0.0, 1.0));
        }
        assert_eq!(Curve::ALL[0].level_at(0.0), NoiseLevel::CLEAN);
    }

    #[test]
    fn parameters_are_named_and_checked() {
        let sigmoid: Curve = "sigmoid".parse().unwrap();
        let changed = sigmoid.with_parameter("tau", 0.5).unwrap();
        assert_eq!(changed.parameters()[2], ("tau", 0.5));
        assert!(changed.clone().with_parameter("rho", 1.0).is_none());
        let error = changed.with_parameter("tau", f64::NAN).unwrap().validated().unwrap_err().to_string();
        assert!(error.starts_with("the sigmoid schedule does not take tau = NaN"), "{error}");
        assert!("karras".parse::<Curve>().unwrap_err().to_string().contains("vp-linear, cosine"));
    }

    proptest! {
        #[test]
        fn times_and_levels_are_inverse(curve in any(), t in 0.001..0.999_f64) {
            let back = curve.time_of(curve.level_at(t));
            // Where λ hardly moves with t, t has fewer digits.
            let slack = 1e-12 + 1e-13 / curve.slope_at(t).abs().max(1e-6);
            prop_assert!((back - t).abs() < slack.max(1e-10), "{} {t} {back}", curve.name());
        }

        #[test]
        fn slopes_are_differences(curve in any(), t in 0.01..0.99_f64) {
            let h = 1e-5;
            let numeric = (curve.level_at(t + h).log_snr() - curve.level_at(t - h).log_snr()) / (2.0 * h);
            let exact = curve.slope_at(t);
            prop_assert!((numeric - exact).abs() <= 2e-4 * exact.abs() + 1e-3, "{} {numeric} {exact}", curve.name());
        }

        #[test]
        fn levels_fall(curve in any()) {
            let levels: Vec<f64> = (0..=200).map(|i| curve.level_at(f64::from(i) / 200.0).log_snr()).collect();
            prop_assert!(levels.windows(2).all(|pair| pair[1] < pair[0]));
        }
    }
}
