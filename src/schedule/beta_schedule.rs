//! The one table of formulas for β. Files, presets, the command line and docs/schedules.md are made from it.

use super::{MAX_TRAIN_TIMESTEPS, ScheduleError};
use serde::{Deserialize, Serialize};
use std::f64::consts::FRAC_PI_2;
use std::fmt;
use std::str::FromStr;

/// The named formulas for β (diffusers: `beta_schedule`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
#[allow(missing_docs)] // `BETA_FAMILIES` says what each is
pub enum BetaSchedule {
    Linear,
    ScaledLinear,
    SquaredcosCapV2,
    Sigmoid,
    Exp,
    Laplace,
}

/// All formulas, in the order of [`BetaSchedule`], which menus have too.
pub const BETA_FAMILIES: &[BetaFamily] = &[
    BetaFamily {
        kind: BetaSchedule::Linear,
        name: "linear",
        source: "Ho et al. 2020",
        usual: (1e-4, 0.02),
        formula: BetaFormula::Between(between),
    },
    BetaFamily {
        kind: BetaSchedule::ScaledLinear,
        name: "scaled_linear",
        source: "√β linear; Stable Diffusion",
        usual: (0.000_85, 0.012),
        formula: BetaFormula::Between(|start, end, u| between(start.sqrt(), end.sqrt(), u).powi(2)),
    },
    BetaFamily {
        kind: BetaSchedule::SquaredcosCapV2,
        name: "squaredcos_cap_v2",
        source: "Nichol and Dhariwal 2021",
        usual: (1e-4, 0.02),
        formula: BetaFormula::AlphaBar(|t| ((t + 0.008) / 1.008 * FRAC_PI_2).cos().powi(2)),
    },
    BetaFamily {
        kind: BetaSchedule::Sigmoid,
        name: "sigmoid",
        source: "`sigmoid` over −6 to 6, stretched; GeoDiff",
        usual: (1e-4, 0.02),
        formula: BetaFormula::Between(|start, end, u| (end - start) / (1.0 + (-between(-6.0, 6.0, u)).exp()) + start),
    },
    BetaFamily {
        kind: BetaSchedule::Exp,
        name: "exp",
        source: "`ᾱ = e^{−12t}`; diffusers",
        usual: (1e-4, 0.02),
        formula: BetaFormula::AlphaBar(|t| (-12.0 * t).exp()),
    },
    BetaFamily {
        kind: BetaSchedule::Laplace,
        name: "laplace",
        source: "Laplace in λ; diffusers",
        usual: (1e-4, 0.02),
        formula: BetaFormula::AlphaBar(laplace),
    },
];

/// A formula for β.
pub struct BetaFamily {
    /// Which one.
    pub kind: BetaSchedule,
    /// The name diffusers gives it, which files have.
    pub name: &'static str,
    /// Where it is from.
    pub source: &'static str,
    /// β at the first and at the last timestep where nobody chose them; of a formula for ᾱ they are not used.
    pub usual: (f64, f64),
    formula: BetaFormula,
}

/// How β comes about.
enum BetaFormula {
    /// β of its first value, its last, and how far between them the timestep is, 0 to 1.
    Between(fn(f64, f64, f64) -> f64),
    /// `β_i = min(1 − f((i+1)/T)/f(i/T), 0.999)` with f = ᾱ over t in [0, 1].
    AlphaBar(fn(f64) -> f64),
}

impl BetaSchedule {
    /// Every schedule.
    pub const ALL: [Self; BETA_FAMILIES.len()] = {
        let mut all = [Self::Linear; BETA_FAMILIES.len()];
        let mut index = 0;
        while index < BETA_FAMILIES.len() {
            all[index] = BETA_FAMILIES[index].kind;
            assert!(all[index] as usize == index, "BETA_FAMILIES is not in the order of BetaSchedule");
            index += 1;
        }
        all
    };

    /// Its row of the table.
    #[must_use]
    pub const fn family(self) -> &'static BetaFamily {
        &BETA_FAMILIES[self as usize]
    }

    /// The name diffusers gives it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.family().name
    }

    /// The names diffusers gives them, in order.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        BETA_FAMILIES.iter().map(|family| family.name).collect()
    }

    /// Whether `beta_start` and `beta_end` enter the formula.
    #[must_use]
    pub const fn uses_range(self) -> bool {
        matches!(self.family().formula, BetaFormula::Between(_))
    }

    /// β for timesteps `0 … timesteps − 1`.
    pub fn betas(self, beta_start: f64, beta_end: f64, timesteps: usize) -> Result<Vec<f64>, ScheduleError> {
        if !(1..=MAX_TRAIN_TIMESTEPS).contains(&timesteps) {
            return Err(ScheduleError::TimestepCount(timesteps));
        }
        let beta = |i: usize| match self.family().formula {
            BetaFormula::Between(beta) => beta(beta_start, beta_end, ramp(i, timesteps)),
            BetaFormula::AlphaBar(f) => falling(f, i, timesteps),
        };
        Ok((0..timesteps).map(beta).collect())
    }
}

fn between(start: f64, end: f64, u: f64) -> f64 {
    start + (end - start) * u
}

/// `i/(n−1)`, 0 where there is one entry only, as numpy's linspace.
pub(super) fn ramp(i: usize, n: usize) -> f64 {
    if n > 1 { i as f64 / (n - 1) as f64 } else { 0.0 }
}

/// β of a schedule given by `f = ᾱ` over `t` in [0, 1], capped at 0.999.
fn falling(f: fn(f64) -> f64, i: usize, timesteps: usize) -> f64 {
    let t = |i: usize| i as f64 / timesteps as f64;
    (1.0 - f(t(i + 1)) / f(t(i))).min(0.999)
}

/// `√(e^λ/(1+e^λ))`, `λ = −½·sgn(½−t)·ln(1−2|½−t|+1e-6)`. The root makes ᾱ what the literature calls √ᾱ; diffusers has it
/// so, and models are trained with it.
fn laplace(t: f64) -> f64 {
    let to_middle = 0.5 - t;
    let lambda = -0.5 * to_middle.signum() * (1.0 - 2.0 * to_middle.abs() + 1e-6).ln();
    let snr = lambda.exp();
    (snr / (1.0 + snr)).sqrt()
}

impl fmt::Display for BetaSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for BetaSchedule {
    type Err = ScheduleError;

    fn from_str(name: &str) -> Result<Self, ScheduleError> {
        let found = BETA_FAMILIES.iter().find(|family| family.name == name);
        found.map(|family| family.kind).ok_or_else(|| ScheduleError::UnknownBetaSchedule(name.to_owned()))
    }
}

impl TryFrom<String> for BetaSchedule {
    type Error = ScheduleError;

    fn try_from(name: String) -> Result<Self, ScheduleError> {
        name.parse()
    }
}

impl From<BetaSchedule> for &'static str {
    fn from(schedule: BetaSchedule) -> Self {
        schedule.name()
    }
}
