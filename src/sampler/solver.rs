//! A sampler with its parameters, and the choice of one.

use super::registry::{Choices, ClosedForm, DefaultSpacing, METHODS, Method, Parameter, ParameterSpec, Parameters};
use super::{Churn, Sampler, SamplerKind, Variance};
use crate::schedule::ModelSchedule;
use crate::theory::NoiseLevel;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A sampler with its parameters. Files and the command line have it as `name` or `name:parameter=value,…`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Solver {
    /// Which sampler.
    pub kind: SamplerKind,
    parameters: Parameters,
}

/// What a sampler is made with besides its parameters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Making<'a> {
    /// η; `None` takes the usual one.
    pub eta: Option<f64>,
    /// Churn.
    pub churn: Churn,
    /// Variance of DDPM's noise.
    pub variance: Variance,
    /// The model's schedule, for methods that go by its timesteps.
    pub schedule: Option<&'a ModelSchedule>,
}

/// The sampler of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum SamplerChoice {
    /// The one that the model's scheduler configuration names, with its options.
    #[default]
    Own,
    /// This one.
    Named(Solver),
}

/// [`SamplerChoice::Own`] in files and on the command line.
const OWN: &str = "model";

/// Which of `steps_in`'s words.
const BY_MODEL: f64 = 0.0;
const SIGMA: f64 = 1.0;
const FLOW: f64 = 2.0;

impl Solver {
    /// A sampler with its usual parameters.
    #[must_use]
    pub fn new(kind: SamplerKind) -> Self {
        Self { kind, parameters: Parameters::default() }
    }

    /// The same with a parameter chosen: a number, 0 or 1, or the place of the word. One that the sampler does not have changes
    /// nothing.
    #[must_use]
    pub fn with(mut self, parameter: Parameter, value: impl Into<Option<f64>>) -> Self {
        if let Some(spec) = self.spec(parameter) {
            self.parameters.set(spec, value.into());
        }
        self
    }

    /// The same with a parameter chosen that is a word; a word that it cannot be changes nothing.
    #[must_use]
    pub fn with_word(self, parameter: Parameter, word: &str) -> Self {
        let value = self.spec(parameter).and_then(|spec| spec.read(word).ok());
        if value.is_some() { self.with(parameter, value) } else { self }
    }

    /// A parameter as this sampler has it.
    #[must_use]
    pub fn spec(&self, parameter: Parameter) -> Option<&'static ParameterSpec> {
        self.method().parameters.iter().find(|spec| spec.parameter == parameter)
    }

    /// What a parameter is, chosen or usual; 0 where the sampler does not have it.
    #[must_use]
    pub fn value(&self, parameter: Parameter) -> f64 {
        let usual = self.spec(parameter).map_or(0.0, |spec| spec.usual);
        self.parameters.get(parameter).unwrap_or(usual)
    }

    /// Its row of the table.
    #[must_use]
    pub const fn method(&self) -> &'static Method {
        self.kind.method()
    }

    /// Its name, without parameters.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// Its name for people, with what was chosen of its parameters: "DPM-Solver++ 2M, `euler_at_final` true".
    #[must_use]
    pub fn title(&self) -> String {
        let mut title = self.method().title.to_owned();
        for (spec, value) in self.chosen() {
            let part = match spec.parameter {
                Parameter::StepsIn => format!(" in {}", if value == FLOW { "flow time" } else { "σ" }),
                Parameter::TimestepScaling if value == 0.0 => String::new(),
                parameter => format!(", {} {}", parameter.name(), spec.text(value)),
            };
            title.push_str(&part);
        }
        title
    }

    fn chosen(&self) -> impl Iterator<Item = (&'static ParameterSpec, f64)> {
        let chosen = self.parameters;
        self.method().parameters.iter().filter_map(move |spec| Some((spec, chosen.get(spec.parameter)?)))
    }

    /// The same with what depends on the model decided: whether it steps in σ or in flow time, and what goes by timesteps.
    #[must_use]
    pub fn on(self, schedule: &ModelSchedule, churn: Churn) -> Self {
        let steps_in = self.value(Parameter::StepsIn);
        let steps_in = match schedule {
            // Churn is defined in σ.
            ModelSchedule::Flow { .. } if steps_in == BY_MODEL && churn.amount == 0.0 => FLOW,
            ModelSchedule::Flow { .. } => steps_in,
            _ if steps_in == SIGMA => BY_MODEL,
            _ => steps_in,
        };
        let on = self.with(Parameter::StepsIn, steps_in);
        let is_table = matches!(schedule, ModelSchedule::Discrete(_));
        if is_table { on } else { on.with(Parameter::TimestepScaling, 0.0) }
    }

    /// What it means in a record that says nothing of parameters, which is older than they are.
    #[must_use]
    pub fn of_old_record(self, is_flow: bool) -> Self {
        let plain = self.with(Parameter::TimestepScaling, 0.0);
        if is_flow { plain.with(Parameter::StepsIn, SIGMA) } else { plain }
    }

    /// Whether it steps in flow time.
    #[must_use]
    pub fn steps_in_flow_time(&self) -> bool {
        self.value(Parameter::StepsIn) == FLOW
    }

    /// Whether no level may have `σ = ∞`.
    #[must_use]
    pub fn finite_sigma(&self) -> bool {
        self.method().finite_sigma && !self.steps_in_flow_time()
    }

    /// What a run visits where nobody chose it.
    #[must_use]
    pub fn default_spacing(&self) -> DefaultSpacing {
        if self.steps_in_flow_time() { DefaultSpacing::OfModel } else { self.method().default_spacing }
    }

    /// What is known of its runs on a Gaussian prior.
    #[must_use]
    pub fn exact(&self) -> ClosedForm {
        match self.method().exact {
            // Euler's method is the same in both times.
            ClosedForm::Heun if self.steps_in_flow_time() => ClosedForm::Unknown,
            exact => exact,
        }
    }

    /// How often each step along these levels, one more than steps, asks the network.
    #[must_use]
    pub fn evaluations(&self, levels: &[NoiseLevel]) -> Vec<usize> {
        self.kind.evaluations(levels)
    }

    /// η where nobody chose it; `None` where the sampler has none.
    #[must_use]
    pub const fn usual_eta(&self) -> Option<f64> {
        self.kind.usual_eta()
    }

    /// Whether the sampler has a churn.
    #[must_use]
    pub fn has_churn(&self) -> bool {
        self.kind.has_churn() && !self.steps_in_flow_time()
    }

    /// Whether a run with this η and this churn adds noise on its way.
    #[must_use]
    pub fn injects_noise(&self, eta: Option<f64>, churn: Churn) -> bool {
        self.kind.injects_noise(eta, churn)
    }

    /// What it does along these levels otherwise than the function of its name in k-diffusion, if anything.
    #[must_use]
    pub fn beside_k_diffusion(&self, levels: &[NoiseLevel]) -> Option<String> {
        let steps = levels.len() - 1;
        let ends_noisy = levels.last().is_some_and(|level| level.sigma() > 0.0);
        let lowers = self.kind == SamplerKind::DpmSolverPp2M && self.value(Parameter::LowerOrderFinal) != 0.0;
        (lowers && ends_noisy && (2..15).contains(&steps)).then(|| {
            "the last step of dpmpp-2m is of first order, as in diffusers for fewer than 15 steps; in k-diffusion it is of second \
             order, as with dpmpp-2m:lower_order_final=false"
                .to_owned()
        })
    }

    /// A sampler of this kind.
    #[must_use]
    pub fn build(&self, making: &Making) -> Box<dyn Sampler> {
        let eta = making.eta.or(self.usual_eta()).unwrap_or_default();
        let &Making { churn, variance, schedule, .. } = making;
        (self.method().build)(&Choices { solver: *self, eta, churn, variance, schedule })
    }
}

impl From<SamplerKind> for Solver {
    fn from(kind: SamplerKind) -> Self {
        Self::new(kind)
    }
}

impl FromStr for Solver {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, parameters) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let kind: SamplerKind = name.parse()?;
        let method = kind.method();
        let parameters = parameters.map(|text| Parameters::parse(text, method.name, method.parameters)).transpose()?;
        Ok(Self { kind, parameters: parameters.unwrap_or_default() })
    }
}

impl fmt::Display for Solver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        for (number, (spec, value)) in self.chosen().enumerate() {
            write!(f, "{}{}={}", if number == 0 { ':' } else { ',' }, spec.parameter.name(), spec.text(value))?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Solver {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Solver> for String {
    fn from(solver: Solver) -> Self {
        solver.to_string()
    }
}

impl SamplerChoice {
    /// The sampler, where one is named.
    #[must_use]
    pub const fn named(self) -> Option<Solver> {
        match self {
            Self::Own => None,
            Self::Named(solver) => Some(solver),
        }
    }

    /// The named sampler, or DDIM for the model default: for callers that do not know the model's configuration.
    #[must_use]
    pub fn or_ddim(self) -> Solver {
        self.named().unwrap_or_else(|| SamplerKind::Ddim.into())
    }

    /// Every name that a choice can have, without parameters and aliases.
    pub fn names() -> impl Iterator<Item = &'static str> {
        std::iter::once(OWN).chain(METHODS.iter().map(|method| method.name))
    }
}

impl<T: Into<Solver>> From<T> for SamplerChoice {
    fn from(solver: T) -> Self {
        Self::Named(solver.into())
    }
}

impl FromStr for SamplerChoice {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == OWN {
            return Ok(Self::Own);
        }
        text.parse().map(Self::Named).map_err(|why: String| why.replacen("use one of ", "use one of model, ", 1))
    }
}

impl fmt::Display for SamplerChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str(OWN),
            Self::Named(solver) => solver.fmt(f),
        }
    }
}

impl TryFrom<String> for SamplerChoice {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<SamplerChoice> for String {
    fn from(choice: SamplerChoice) -> Self {
        choice.to_string()
    }
}
