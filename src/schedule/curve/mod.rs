//! Continuous schedules: by the formula of a family, or through points.

mod cosine;
pub mod families;
mod flow;
mod log_snr_linear;
mod sigmoid;
mod vp_linear;
mod written;

use super::{Drawn, Listed, SignalCurve};
use crate::theory::NoiseLevel;
use families::{FAMILIES, Formula};

/// A continuous schedule: λ over t in [0, 1], falling from the image (t = 0) to noise (t = 1).
///
/// ```
/// use chromascope::schedule::Curve;
/// let cosine: Curve = "cosine".parse()?;
/// assert!((cosine.level_at(0.5).alpha_bar() - 0.493_844).abs() < 1e-6);
/// # Ok::<(), chromascope::schedule::CurveError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Curve {
    /// By the formula of a family.
    Formula(Formula),
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
    #[error("the {family} schedule cannot have {name} = {value}: {expected}")]
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
    #[error("\"{0}\" is not a continuous schedule; use one of {names}", names = Curve::names().join(", "))]
    Unknown(String),
    /// Too few or too many control points.
    #[error("a drawn schedule needs 2 to 64 control points, not {0}")]
    ControlPoints(usize),
    /// A control point that makes no curve.
    #[error("control point {point} is invalid: {reason}")]
    ControlPoint {
        /// Which, from 1, the image's end first.
        point: usize,
        /// Why.
        reason: &'static str,
    },
}

impl Curve {
    /// The families that have a formula, with their usual parameters.
    pub fn all() -> impl Iterator<Item = Self> {
        FAMILIES.iter().map(|family| Self::Formula(Formula::usual(family)))
    }

    /// Their names.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        FAMILIES.iter().map(|family| family.name).collect()
    }

    /// λ linear in t, from `log_snr_max` at t = 0.
    #[must_use]
    pub fn log_snr_linear(log_snr_max: f64, log_snr_min: f64) -> Self {
        Self::Formula(Formula::of(&families::LOG_SNR_LINEAR, [log_snr_max, log_snr_min, 0.0]))
    }

    /// The name used on the command line and in files.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Formula(formula) => formula.family().name,
            Self::Drawn(_) => "drawn",
            Self::EqualSignal(_) => "equal-signal",
            Self::Listed(_) => "list",
        }
    }

    /// The parameters by name, in order.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, f64)> {
        match self {
            Self::Formula(formula) => formula.parameters().map(|(knob, value)| (knob.name, value)).collect(),
            Self::Drawn(_) | Self::EqualSignal(_) | Self::Listed(_) => Vec::new(),
        }
    }

    /// The same with a parameter changed; `None` where there is none of that name.
    #[must_use]
    pub fn with_parameter(mut self, name: &str, value: f64) -> Option<Self> {
        let Self::Formula(formula) = &mut self else { return None };
        *formula.parameter_mut(name)? = value;
        Some(self)
    }

    /// Refuses parameters that make no schedule.
    pub fn validated(self) -> Result<Self, CurveError> {
        match self {
            Self::Formula(formula) => formula.validated().map(Self::Formula),
            Self::Drawn(_) | Self::EqualSignal(_) | Self::Listed(_) => Ok(self),
        }
    }

    /// The level at t, which is clamped to [0, 1].
    #[must_use]
    pub fn level_at(&self, t: f64) -> NoiseLevel {
        let t = t.clamp(0.0, 1.0);
        match self {
            Self::Formula(formula) => formula.level_at(t),
            Self::Drawn(drawn) => drawn.level_at(t),
            Self::EqualSignal(curve) => curve.level_at(t),
            Self::Listed(listed) => listed.curve().level_at(t),
        }
    }

    /// t of a level; the nearest end where the curve never has it.
    #[must_use]
    pub fn time_of(&self, level: NoiseLevel) -> f64 {
        if level.log_snr().is_infinite() {
            return if level == NoiseLevel::CLEAN { 0.0 } else { 1.0 };
        }
        let t = match self {
            Self::Formula(formula) => formula.time_of(level),
            Self::Drawn(drawn) => drawn.time_of(level),
            Self::EqualSignal(curve) => curve.time_of(level),
            Self::Listed(listed) => listed.curve().time_of(level),
        };
        t.clamp(0.0, 1.0)
    }

    /// dλ/dt, negative; infinite where λ is.
    #[must_use]
    pub fn slope_at(&self, t: f64) -> f64 {
        let t = t.clamp(0.0, 1.0);
        match self {
            Self::Formula(formula) => formula.slope_at(t),
            Self::Drawn(drawn) => drawn.slope_at(t),
            Self::EqualSignal(curve) => curve.slope_at(t),
            Self::Listed(listed) => listed.curve().slope_at(t),
        }
    }
}

impl std::str::FromStr for Curve {
    type Err = CurveError;

    fn from_str(name: &str) -> Result<Self, CurveError> {
        Formula::named(name).map(Self::Formula)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::ControlPoint;
    use proptest::prelude::*;
    use std::f64::consts::FRAC_PI_2;

    fn with<const N: usize>(name: &str, values: [(&str, f64); N]) -> Curve {
        let curve = name.parse::<Curve>().unwrap();
        let curve = values.iter().fold(curve, |curve, (name, value)| curve.with_parameter(name, *value).unwrap());
        curve.validated().unwrap()
    }

    fn any() -> impl Strategy<Value = Curve> {
        prop_oneof![
            (1e-3..1.0_f64, 1.0..40.0_f64)
                .prop_map(|(min, max)| with("vp-linear", [("beta_min", min), ("beta_max", max)])),
            (0.0..0.1_f64, 0.5..6.0_f64).prop_map(|(s, power)| with("cosine", [("s", s), ("power", power)])),
            (-5.0..0.0_f64, 0.5..5.0_f64, 0.1..3.0_f64)
                .prop_map(|(start, end, tau)| with("sigmoid", [("start", start), ("end", end), ("tau", tau)])),
            (0.1..20.0_f64, -20.0..0.0_f64)
                .prop_map(|(max, min)| with("log-snr-linear", [("log_snr_max", max), ("log_snr_min", min)])),
            (0.05..20.0_f64).prop_map(|shift| with("flow", [("shift", shift)])),
            (0.05..0.95_f64, -8.0..8.0_f64).prop_map(|(s, log_snr)| {
                let point = |s, log_snr| ControlPoint { s, log_snr };
                Curve::Drawn(Drawn::new(vec![point(0.0, 9.0), point(s, log_snr), point(1.0, -9.0)]).unwrap())
            }),
        ]
    }

    #[test]
    fn formulas_read_as_the_papers_have_them() {
        let alpha_bar = |curve: &Curve, t: f64| curve.level_at(t).alpha_bar();
        let vp = with("vp-linear", []);
        let sigmoid = with("sigmoid", [("end", 2.0), ("tau", 0.7)]);
        let cosine = with("cosine", [("power", 3.0)]);
        for i in 1..100 {
            let t = f64::from(i) / 100.0;
            assert!((alpha_bar(&vp, t) - (-9.95 * t * t - 0.1 * t).exp()).abs() < 1e-14);
            let s = |v: f64| 1.0 / (1.0 + (-v / 0.7).exp());
            let expected = (s(2.0) - s(-3.0 + 5.0 * t)) / (s(2.0) - s(-3.0));
            assert!((alpha_bar(&sigmoid, t) - expected).abs() < 1e-14);
            let f = |t: f64| ((t + 0.008) / 1.008 * FRAC_PI_2).cos().powi(3);
            assert!((alpha_bar(&cosine, t) - f(t) / f(0.0)).abs() < 1e-14);
        }
        for curve in Curve::all() {
            assert_eq!(curve.name().parse::<Curve>().unwrap(), curve);
        }
    }

    #[test]
    fn ends_are_what_they_should_be() {
        for curve in ["cosine", "sigmoid", "flow"].map(|name| with(name, [])) {
            assert_eq!(curve.level_at(0.0), NoiseLevel::CLEAN, "{}", curve.name());
            assert_eq!(curve.level_at(1.0).log_snr(), f64::NEG_INFINITY, "{}", curve.name());
            assert_eq!((curve.time_of(NoiseLevel::CLEAN), curve.time_of(curve.level_at(1.0))), (0.0, 1.0));
        }
        assert_eq!(with("vp-linear", []).level_at(0.0), NoiseLevel::CLEAN);
    }

    #[test]
    fn parameters_are_named_and_checked() {
        let sigmoid: Curve = "sigmoid".parse().unwrap();
        let changed = sigmoid.with_parameter("tau", 0.5).unwrap();
        assert_eq!(changed.parameters()[2], ("tau", 0.5));
        assert!(changed.clone().with_parameter("rho", 1.0).is_none());
        let error = changed.with_parameter("tau", f64::NAN).unwrap().validated().unwrap_err().to_string();
        assert!(error.contains("tau = NaN") && error.contains("sigmoid"), "{error}");
        assert!("karras".parse::<Curve>().unwrap_err().to_string().contains("vp-linear, cosine"));
    }

    /// What the properties below say of those that they try, of every family, on both sides of each usual parameter.
    #[test]
    fn every_family_is_a_schedule_with_its_inverse_and_its_slope() {
        for family in FAMILIES {
            assert!(family.parameters.len() <= families::MOST && !family.source.is_empty(), "{}", family.name);
            let varied = family.parameters.iter().flat_map(|knob| [0.9, 1.1].map(|by| (knob.name, knob.usual * by)));
            for (name, value) in varied {
                let curve = family.name.parse::<Curve>().unwrap().with_parameter(name, value).unwrap();
                let curve = curve.validated().unwrap();
                let mut before = curve.level_at(0.0).log_snr();
                for t in (1..100).map(|i| f64::from(i) / 100.0) {
                    let (here, h) = (curve.level_at(t), 1e-5);
                    assert!(here.log_snr() < before, "{curve:?} falls at {t}");
                    assert!((curve.time_of(here) - t).abs() < 1e-10, "{curve:?} {t}");
                    let numeric = (curve.level_at(t + h).log_snr() - curve.level_at(t - h).log_snr()) / (2.0 * h);
                    let exact = curve.slope_at(t);
                    assert!((numeric - exact).abs() <= 2e-4 * exact.abs() + 1e-3, "{curve:?} {t} {numeric} {exact}");
                    before = here.log_snr();
                }
            }
        }
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
