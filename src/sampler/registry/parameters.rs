//! The parameters that samplers have besides η and churn.

use crate::words::joined;
use std::fmt;

/// A parameter of a sampler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // `Parameter::says` says what each is
pub enum Parameter {
    SolverOrder,
    SolverType,
    LowerOrderFinal,
    EulerAtFinal,
    PredictX0,
    TimestepScaling,
    StepsIn,
    MultistepIn,
    MidpointRatio,
    SNoise,
    PredictorOrder,
    CorrectorOrder,
}

/// What a parameter can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values {
    /// A number from the first to the second.
    Number(f64, f64),
    /// A whole number from the first to the second.
    Whole(u8, u8),
    /// Yes or no.
    Switch,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

/// A parameter as one sampler has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParameterSpec {
    /// Which one.
    pub parameter: Parameter,
    /// What it can be.
    pub values: Values,
    /// What it is where nobody chose it: a number, 0 or 1, or the place of the word.
    pub usual: f64,
}

/// What is chosen of a sampler's parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Parameters([Option<f64>; Parameter::ALL.len()]);

impl Parameter {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::SolverOrder,
        Self::SolverType,
        Self::LowerOrderFinal,
        Self::EulerAtFinal,
        Self::PredictX0,
        Self::TimestepScaling,
        Self::StepsIn,
        Self::MultistepIn,
        Self::MidpointRatio,
        Self::SNoise,
        Self::PredictorOrder,
        Self::CorrectorOrder,
    ];

    /// Its name; that of diffusers or k-diffusion where they have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SolverOrder => "solver_order",
            Self::SolverType => "solver_type",
            Self::LowerOrderFinal => "lower_order_final",
            Self::EulerAtFinal => "euler_at_final",
            Self::PredictX0 => "predict_x0",
            Self::TimestepScaling => "timestep_scaling",
            Self::StepsIn => "steps_in",
            Self::MultistepIn => "multistep_in",
            Self::MidpointRatio => "r",
            Self::SNoise => "s_noise",
            Self::PredictorOrder => "predictor_order",
            Self::CorrectorOrder => "corrector_order",
        }
    }

    /// What it decides, in a sentence.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::SolverOrder => "How many estimates a step uses.",
            Self::SolverType => "How the slope within a step is weighed.",
            Self::LowerOrderFinal => {
                "Whether the order falls over the last steps; for most samplers in runs of fewer than 15 steps."
            }
            Self::EulerAtFinal => "Whether the last step is of first order.",
            Self::PredictX0 => "Whether the estimated image is extrapolated, or the estimated noise.",
            Self::TimestepScaling => "How fast the boundary scalings fade with the timestep; 0 leaves them out.",
            Self::StepsIn => "What a step is straight in: σ, or flow time. By default flow time for flow models.",
            Self::MultistepIn => "Whether estimates of the noise or of v are combined.",
            Self::MidpointRatio => "Where in the step, in ln σ, the second estimate lies.",
            Self::SNoise => "Standard deviation of the added noise.",
            Self::PredictorOrder => "How many estimates a prediction uses.",
            Self::CorrectorOrder => "How many estimates a correction uses.",
        }
    }
}

impl ParameterSpec {
    /// The value that a text names, or what is needed instead.
    pub(crate) fn read(&self, text: &str) -> Result<f64, String> {
        let value = match self.values {
            Values::Number(least, most) => text.parse().ok().filter(|number| (least..=most).contains(number)),
            Values::Whole(least, most) => {
                text.parse().ok().filter(|number| (least..=most).contains(number)).map(f64::from)
            }
            Values::Switch => text.parse().ok().map(|on: bool| f64::from(u8::from(on))),
            Values::OneOf(words) => words.iter().position(|word| *word == text).map(|place| place as f64),
        };
        value.ok_or_else(|| format!("{} is \"{text}\"; use {}", self.parameter.name(), self.values))
    }

    /// A value of it as a text.
    #[must_use]
    pub fn text(&self, value: f64) -> String {
        match self.values {
            Values::Switch => (value != 0.0).to_string(),
            Values::OneOf(words) => words
                .iter()
                .enumerate()
                .find(|(place, _)| *place as f64 == value)
                .map_or_else(String::new, |(_, word)| (*word).to_owned()),
            Values::Number(..) | Values::Whole(..) => value.to_string(),
        }
    }
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(least, most) => write!(f, "a number from {least} to {most}"),
            Self::Whole(least, most) => write!(f, "a whole number from {least} to {most}"),
            Self::Switch => f.write_str("true or false"),
            Self::OneOf(words) => f.write_str(&joined(words, "or")),
        }
    }
}

impl Parameters {
    /// What is chosen.
    #[must_use]
    pub const fn get(&self, parameter: Parameter) -> Option<f64> {
        self.0[parameter as usize]
    }

    /// Whether nothing is chosen.
    #[must_use]
    pub fn are_usual(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Chooses a value; the usual one is the same as none.
    pub(crate) fn set(&mut self, spec: &ParameterSpec, value: Option<f64>) {
        self.0[spec.parameter as usize] = value.filter(|value| *value != spec.usual);
    }

    /// Reads `name=value,…` for a sampler with these parameters.
    pub(crate) fn parse(text: &str, sampler: &str, specs: &[ParameterSpec]) -> Result<Self, String> {
        let mut parameters = Self::default();
        for part in text.split(',') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (name.trim(), value.trim());
            let Some(spec) = specs.iter().find(|spec| spec.parameter.name() == name) else {
                let names: Vec<&str> = specs.iter().map(|spec| spec.parameter.name()).collect();
                return Err(if names.is_empty() {
                    format!("{sampler} has no parameters, but \"{part}\" was given; use {sampler} alone")
                } else {
                    format!("{sampler} has no parameter \"{name}\"; use {}", joined(&names, "or"))
                });
            };
            parameters.set(spec, Some(spec.read(value)?));
        }
        Ok(parameters)
    }
}
