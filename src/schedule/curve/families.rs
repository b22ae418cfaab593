//! The one table of continuous schedules that have a formula. Names, presets, sliders, checks, files, the command line and
//! docs/schedules.md are made from it; each formula has a file of its own.

use super::{CurveError, cosine, flow, log_snr_linear, sigmoid, vp_linear};
use crate::schedule::ModelSchedule;
use crate::theory::NoiseLevel;
use std::fmt;

/// All families, in the order of menus.
pub const FAMILIES: &[CurveFamily] = &[
    CurveFamily {
        name: "vp-linear",
        source: "Song et al. 2021",
        parameters: &[
            Knob {
                name: "beta_min",
                label: "β at t = 0",
                usual: 0.1,
                slider: Slider::Logarithmic(0.01, 10.0),
                allowed: |_| (1e-6, 100.0),
                expected: "it must be between 0.000001 and 100",
            },
            Knob {
                name: "beta_max",
                label: "β at t = 1",
                usual: 20.0,
                slider: Slider::Logarithmic(1.0, 100.0),
                allowed: |[beta_min, ..]| (beta_min, 1000.0),
                expected: "it must be between beta_min and 1000",
            },
        ],
        level_at: vp_linear::level_at,
        time_of: vp_linear::time_of,
        slope_at: vp_linear::slope_at,
        networks: None,
    },
    CurveFamily {
        name: "cosine",
        source: "Nichol and Dhariwal 2021",
        parameters: &[
            Knob {
                name: "s",
                label: "offset s",
                usual: 0.008,
                slider: Slider::Linear(0.0, 0.2),
                allowed: |_| (0.0, 1.0),
                expected: "it must be between 0 and 1",
            },
            Knob {
                name: "power",
                label: "power",
                usual: 2.0,
                slider: Slider::Linear(0.5, 8.0),
                allowed: |_| (0.1, 20.0),
                expected: "it must be between 0.1 and 20",
            },
        ],
        level_at: cosine::level_at,
        time_of: cosine::time_of,
        slope_at: cosine::slope_at,
        networks: None,
    },
    CurveFamily {
        name: "sigmoid",
        source: "Jabri et al. 2022",
        parameters: &[
            Knob {
                name: "start",
                label: "start",
                usual: -3.0,
                slider: Slider::Linear(-10.0, 5.0),
                allowed: |_| (-20.0, 20.0),
                expected: "it must be between −20 and 20",
            },
            Knob {
                name: "end",
                label: "end",
                usual: 3.0,
                slider: Slider::Linear(-5.0, 10.0),
                allowed: |[start, ..]| (start + 1e-3, 20.0),
                expected: "it must be above start and at most 20",
            },
            Knob {
                name: "tau",
                label: "temperature τ",
                usual: 1.0,
                slider: Slider::Logarithmic(0.1, 5.0),
                allowed: |_| (0.05, 20.0),
                expected: "it must be between 0.05 and 20",
            },
        ],
        level_at: sigmoid::level_at,
        time_of: sigmoid::time_of,
        slope_at: sigmoid::slope_at,
        networks: None,
    },
    LOG_SNR_LINEAR,
    CurveFamily {
        name: "flow",
        source: "rectified flow, `σ = shift·t/(1−t)`; Esser et al. 2024",
        parameters: &[Knob {
            name: "shift",
            label: "shift",
            usual: 1.0,
            slider: Slider::Logarithmic(0.1, 20.0),
            allowed: |_| (1e-3, 1e3),
            expected: "it must be between 0.001 and 1000",
        }],
        level_at: flow::level_at,
        time_of: flow::time_of,
        slope_at: flow::slope_at,
        networks: Some(|| ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 }),
    },
];

pub(super) const LOG_SNR_LINEAR: CurveFamily = CurveFamily {
    name: "log-snr-linear",
    source: "λ linear in t",
    parameters: &[
        Knob {
            name: "log_snr_max",
            label: "λ at t = 0",
            usual: 10.0,
            slider: Slider::Linear(-5.0, 20.0),
            allowed: |_| (-40.0, 40.0),
            expected: "it must be between −40 and 40",
        },
        Knob {
            name: "log_snr_min",
            label: "λ at t = 1",
            usual: -10.0,
            slider: Slider::Linear(-20.0, 5.0),
            allowed: |[log_snr_max, ..]| (-40.0, log_snr_max - 1e-3),
            expected: "it must be below log_snr_max and at least −40",
        },
    ],
    level_at: log_snr_linear::level_at,
    time_of: log_snr_linear::time_of,
    slope_at: log_snr_linear::slope_at,
    networks: None,
};

/// Most parameters of a family.
pub(super) const MOST: usize = 3;
/// The parameters of a formula in the order of its row; those that it lacks are 0.
pub(super) type Values = [f64; MOST];

/// A family of continuous schedules.
pub struct CurveFamily {
    /// Its name on the command line and in files.
    pub name: &'static str,
    /// Where it is from.
    pub source: &'static str,
    /// Its parameters, at most three.
    pub parameters: &'static [Knob],
    /// The level at a time in [0, 1].
    pub(super) level_at: fn(Values, f64) -> NoiseLevel,
    /// The time of a level of finite λ, outside [0, 1] where the curve never has it.
    pub(super) time_of: fn(Values, NoiseLevel) -> f64,
    /// dλ/dt at a time.
    pub(super) slope_at: fn(Values, f64) -> f64,
    /// The schedule of the networks that are trained on it.
    pub networks: Option<fn() -> ModelSchedule>,
}

/// A parameter of a family.
pub struct Knob {
    /// Its name on the command line and in files.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// Its value where nobody chose one.
    pub usual: f64,
    /// What a slider goes from and to.
    pub slider: Slider,
    /// Least and greatest value, given those before it.
    pub(super) allowed: fn(Values) -> (f64, f64),
    /// The same in words: "it must be between 0 and 1".
    pub(super) expected: &'static str,
}

/// What a slider goes from and to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Slider {
    /// Evenly.
    Linear(f64, f64),
    /// Evenly in the logarithm.
    Logarithmic(f64, f64),
}

/// A family's formula with its parameters.
#[derive(Clone, Copy)]
pub struct Formula {
    family: &'static CurveFamily,
    values: Values,
}

impl Formula {
    /// With the usual parameters.
    #[must_use]
    pub fn usual(family: &'static CurveFamily) -> Self {
        let mut values = [0.0; MOST];
        for (value, knob) in values.iter_mut().zip(family.parameters) {
            *value = knob.usual;
        }
        Self { family, values }
    }

    /// With these parameters, those that the family lacks being 0.
    pub(super) const fn of(family: &'static CurveFamily, values: Values) -> Self {
        Self { family, values }
    }

    /// The family of this name.
    pub(super) fn named(name: &str) -> Result<Self, CurveError> {
        let found = FAMILIES.iter().find(|family| family.name == name);
        found.map(Self::usual).ok_or_else(|| CurveError::Unknown(name.to_owned()))
    }

    /// Its family.
    #[must_use]
    pub const fn family(&self) -> &'static CurveFamily {
        self.family
    }

    /// The parameters by name, in order.
    pub fn parameters(&self) -> impl Iterator<Item = (&'static Knob, f64)> {
        self.family.parameters.iter().zip(self.values)
    }

    /// The parameter of this name, to be changed.
    pub(super) fn parameter_mut(&mut self, name: &str) -> Option<&mut f64> {
        let at = self.family.parameters.iter().position(|knob| knob.name == name)?;
        self.values.get_mut(at)
    }

    /// Refuses parameters that make no schedule.
    pub(super) fn validated(self) -> Result<Self, CurveError> {
        for (knob, value) in self.parameters() {
            let (low, high) = (knob.allowed)(self.values);
            if !(low..=high).contains(&value) {
                let (family, expected) = (self.family.name, knob.expected);
                return Err(CurveError::Parameter { family, name: knob.name, value, expected });
            }
        }
        Ok(self)
    }

    pub(super) fn level_at(&self, t: f64) -> NoiseLevel {
        (self.family.level_at)(self.values, t)
    }

    pub(super) fn time_of(&self, level: NoiseLevel) -> f64 {
        (self.family.time_of)(self.values, level)
    }

    pub(super) fn slope_at(&self, t: f64) -> f64 {
        (self.family.slope_at)(self.values, t)
    }
}

impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        self.family.name == other.family.name && self.values == other.values
    }
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.family.name)?;
        f.debug_map().entries(self.parameters().map(|(knob, value)| (knob.name, value))).finish()
    }
}

/// The level of `ln ᾱ`.
pub(super) fn level_of_log(log_alpha_bar: f64) -> NoiseLevel {
    NoiseLevel::from_log_snr(log_alpha_bar - (-log_alpha_bar.exp_m1()).ln())
}

/// `ln ᾱ`, with its digits also where ᾱ is nearly 1.
pub(super) fn log_alpha_bar(level: NoiseLevel) -> f64 {
    let alpha_bar = level.alpha_bar();
    if alpha_bar > 0.5 { (-level.one_minus_alpha_bar()).ln_1p() } else { alpha_bar.ln() }
}
