//! The one table of samplers. Command line, menus, checks, sentences and docs/sampling.md are made from it.

use super::{Churn, Making, Sampler, Solver, Variance};
use crate::schedule::{FinalLevel, ModelSchedule, SpacingConvention};
use crate::theory::NoiseLevel;
use crate::words;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

mod making;
mod methods;
mod parameters;

pub use methods::METHODS;
pub use parameters::{Parameter, ParameterSpec, Parameters, Values};

/// Which sampler. Files and the command line have it by its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
#[allow(missing_docs)] // `METHODS` says what each is
pub enum SamplerKind {
    #[default]
    Ddim,
    Ddpm,
    Euler,
    EulerAncestral,
    Heun,
    DpmSolverPp2M,
    DpmSolverPp2MHeun,
    DpmSolverPp3M,
    DpmSolverPp2S,
    DpmSolverPp3S,
    DpmSolver2M,
    DpmSolver3M,
    DpmSolverPp2MSde,
    DpmSolverPp2MSdeHeun,
    DpmSolverPp3MSde,
    DpmSolverPp2SAncestral,
    Lms,
    Deis,
    Deis3M,
    UniPc,
    UniPcBh1,
    UniPc3,
    Dpm2,
    Dpm2Ancestral,
    Lcm,
    DpmSolverPp1S,
    DpmSolverPp2SSde,
    DpmSolver2S,
    DpmSolver2MSde,
    DpmSolverPpSde,
    Plms,
    Pndm,
    Tcd,
    SaSolver,
}

/// What a sampler is, beside its mathematics.
#[derive(Debug)]
pub struct Method {
    /// Which one.
    pub kind: SamplerKind,
    /// Its name on the command line and in files.
    pub name: &'static str,
    /// What else it is called: its classes in diffusers. Each name may also be written with `_` for `-`.
    pub aliases: &'static [&'static str],
    /// Its name for people.
    pub title: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Where it is from.
    pub paper: &'static str,
    /// How its scheduler in diffusers rounds timesteps.
    pub convention: SpacingConvention,
    /// What a run visits where nobody chose it.
    pub default_spacing: DefaultSpacing,
    /// The noise that it adds, and the setting that decides how much.
    pub adds: AddedNoise,
    /// Its parameters besides η and churn.
    pub parameters: &'static [ParameterSpec],
    /// How often a step asks the network; one onto the clean image asks once.
    pub evaluations: usize,
    /// How often the first steps ask it, where that is more.
    pub first_evaluations: &'static [usize],
    /// How many noises a step draws, where it draws any.
    pub draws: usize,
    /// Whether its state is the VE one, so that no level may have `σ = ∞`.
    pub finite_sigma: bool,
    /// Where its runs end, where the model's scheduler has no say in that.
    pub ends: Option<FinalLevel>,
    /// What is known of its runs on a Gaussian prior.
    pub exact: ClosedForm,
    pub(super) build: fn(&Choices) -> Box<dyn Sampler>,
}

/// What a run visits where nobody chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultSpacing {
    /// The spacing of the model's scheduler.
    OfModel,
    /// That too, but `karras-capped` where its timesteps begin at a σ from which steps are too long for this method.
    CappedKarras,
}

/// The noise that a sampler adds during a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AddedNoise {
    /// None.
    None,
    /// That of the posterior, with the variance that the model's scheduler names.
    Posterior,
    /// All that the next level has.
    Afresh,
    /// As much as η says.
    Eta {
        /// η where nobody chose it.
        usual: f64,
    },
    /// As much as churn says.
    Churn,
}

/// What is known exactly of runs without added noise on a Gaussian prior (`theory::gaussian`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedForm {
    /// Nothing.
    Unknown,
    /// They are those of deterministic DDIM.
    Ddim,
    /// They are those of Heun's method.
    Heun,
}

/// What a sampler is made with; each takes what it has a use for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choices<'a> {
    pub(super) solver: Solver,
    pub(super) eta: f64,
    pub(super) churn: Churn,
    pub(super) variance: Variance,
    pub(super) schedule: Option<&'a ModelSchedule>,
}

impl Choices<'_> {
    fn number(&self, parameter: Parameter) -> f64 {
        self.solver.value(parameter)
    }

    fn is_on(&self, parameter: Parameter) -> bool {
        self.number(parameter) != 0.0
    }

    /// `solver_order`.
    fn order(&self) -> usize {
        // It is read as a small whole number.
        #[allow(clippy::cast_sign_loss)]
        let order = self.number(Parameter::SolverOrder) as usize;
        order
    }
}

impl SamplerKind {
    /// All of them.
    pub const ALL: [Self; METHODS.len()] = {
        let mut all = [Self::Ddim; METHODS.len()];
        let mut index = 0;
        while index < METHODS.len() {
            all[index] = METHODS[index].kind;
            assert!(all[index] as usize == index, "METHODS is not in the order of SamplerKind");
            index += 1;
        }
        all
    };

    /// Its row of the table.
    #[must_use]
    pub const fn method(self) -> &'static Method {
        &METHODS[self as usize]
    }

    /// Its name on the command line and in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.method().name
    }

    /// The names of those that fit, in a sentence: "ddim, euler or heun".
    #[must_use]
    pub fn names(conjunction: &str, fits: impl Fn(&Method) -> bool) -> String {
        let names: Vec<&str> = METHODS.iter().filter(|method| fits(method)).map(|method| method.name).collect();
        words::joined(&names, conjunction)
    }

    /// How often each step along these levels, one more than steps, asks the network.
    #[must_use]
    pub fn evaluations(self, levels: &[NoiseLevel]) -> Vec<usize> {
        let Method { evaluations, first_evaluations, .. } = self.method();
        let of = |(step, reached): (usize, &NoiseLevel)| {
            let evaluations = first_evaluations.get(step).unwrap_or(evaluations);
            if reached.sigma() > 0.0 { *evaluations } else { 1 }
        };
        levels.iter().skip(1).enumerate().map(of).collect()
    }

    /// How its scheduler in diffusers rounds timesteps.
    #[must_use]
    pub const fn convention(self) -> SpacingConvention {
        self.method().convention
    }

    /// η where nobody chose it; `None` where the sampler has none.
    #[must_use]
    pub const fn usual_eta(self) -> Option<f64> {
        match self.method().adds {
            AddedNoise::Eta { usual } => Some(usual),
            _ => None,
        }
    }

    /// Whether the sampler has a churn.
    #[must_use]
    pub const fn has_churn(self) -> bool {
        matches!(self.method().adds, AddedNoise::Churn)
    }

    /// Whether a run with this η and this churn adds noise on its way.
    #[must_use]
    pub fn injects_noise(self, eta: Option<f64>, churn: Churn) -> bool {
        match self.method().adds {
            AddedNoise::None => false,
            AddedNoise::Posterior | AddedNoise::Afresh => true,
            AddedNoise::Eta { usual } => eta.unwrap_or(usual) > 0.0,
            AddedNoise::Churn => churn.amount > 0.0,
        }
    }

    /// A sampler of this kind with its usual parameters.
    #[must_use]
    pub fn build(self, eta: Option<f64>, churn: Churn, variance: Variance) -> Box<dyn Sampler> {
        Solver::new(self).build(&Making { eta, churn, variance, schedule: None })
    }
}

impl Method {
    /// Whether runs add noise unless told otherwise.
    #[must_use]
    pub fn is_stochastic(&self) -> bool {
        self.kind.injects_noise(None, Churn::default())
    }
}

impl FromStr for SamplerKind {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        // k-diffusion's functions are named with a prefix.
        let name = name.strip_prefix("sample_").unwrap_or(name);
        let dashed = name.replace('_', "-");
        let is = |method: &&Method| {
            method.name == dashed
                || method.aliases.iter().any(|alias| *alias == name || alias.replace('_', "-") == dashed)
        };
        METHODS.iter().find(is).map(|method| method.kind).ok_or_else(|| {
            let names: Vec<&str> = METHODS.iter().map(|method| method.name).collect();
            format!("there is no sampler \"{name}\"; use one of {}", names.join(", "))
        })
    }
}

impl TryFrom<String> for SamplerKind {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}

impl From<SamplerKind> for &'static str {
    fn from(kind: SamplerKind) -> Self {
        kind.name()
    }
}

impl fmt::Display for SamplerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sampler_is_whole_and_known_by_one_name() {
        for method in METHODS {
            let Method { kind, name, title, summary, paper, .. } = method;
            assert_eq!(name.parse(), Ok(*kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), serde_json::json!(name));
            assert_eq!(serde_json::from_value::<SamplerKind>(serde_json::json!(name)).unwrap(), *kind);
            assert!(!title.is_empty() && !paper.is_empty() && summary.ends_with('.'), "{name}");
            assert!(METHODS.iter().filter(|other| other.name == *name || other.title == *title).count() == 1, "{name}");
        }
        let unknown = "magic".parse::<SamplerKind>().unwrap_err();
        assert!(unknown.contains("\"magic\"") && unknown.contains("ddim, "), "{unknown}");
    }

    #[test]
    fn other_programs_names_are_understood() {
        for (name, kind) in [
            ("euler_ancestral", SamplerKind::EulerAncestral),
            ("dpmpp_2m_sde", SamplerKind::DpmSolverPp2MSde),
            ("dpm_2_ancestral", SamplerKind::Dpm2Ancestral),
            ("UniPCMultistepScheduler", SamplerKind::UniPc),
            ("DPMSolverMultistepScheduler", SamplerKind::DpmSolverPp2M),
        ] {
            assert_eq!(name.parse(), Ok(kind));
        }
        let all: Vec<&str> = METHODS.iter().flat_map(|method| [&[method.name], method.aliases].concat()).collect();
        for name in &all {
            assert_eq!(all.iter().filter(|other| *other == name).count(), 1, "{name}");
        }
    }

    #[test]
    fn samplers_are_named_by_what_they_have() {
        let with_eta = SamplerKind::names("and", |method| method.kind.usual_eta().is_some());
        assert!(
            with_eta.starts_with("ddim, euler-ancestral, dpmpp-2m-sde, ") && with_eta.contains(" and "),
            "{with_eta}"
        );
        let plain = SamplerKind::names("or", |method| !method.is_stochastic());
        assert!(plain.starts_with("ddim, euler, heun") && plain.contains(" or "), "{plain}");
    }
}
