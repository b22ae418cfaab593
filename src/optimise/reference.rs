use super::{OptimiseError, Problem};
use crate::denoiser::Clipping;
use crate::sampler::Solver;
use crate::schedule::{ModelSchedule, PlanSource, SigmaFamily, Spacing};
use crate::session::SamplerKind;
use crate::theory::NoiseLevel;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The fine run that runs of few steps are compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reference {
    /// DDIM over 1000 steps, all timesteps of most models. It clips where the run does, if the model's configuration says so.
    #[serde(rename = "ddim-1000")]
    Ddim1000,
    /// Heun's method over 200 steps of the `karras` family, 399 network calls; second order, and closer to the limit.
    #[default]
    #[serde(rename = "heun-200")]
    Heun200,
}

impl Reference {
    /// All variants with their names.
    pub const ALL: [(Self, &str); 2] = [(Self::Ddim1000, "ddim-1000"), (Self::Heun200, "heun-200")];

    /// The reference for a sampler: DDIM if the run clips in the way of DDIM, since other samplers then have another limit.
    #[must_use]
    pub fn suiting(sampler: Solver, clipping: Clipping) -> Self {
        if sampler.kind == SamplerKind::Ddim && clipping != Clipping::None { Self::Ddim1000 } else { Self::Heun200 }
    }

    /// Its sampler.
    #[must_use]
    pub fn sampler(self) -> Solver {
        let kind = match self {
            Self::Ddim1000 => SamplerKind::Ddim,
            Self::Heun200 => SamplerKind::Heun,
        };
        kind.into()
    }

    /// The levels it visits on a model, from the noisiest to where the problem's runs end.
    pub fn levels(self, problem: &Problem) -> Result<Vec<NoiseLevel>, OptimiseError> {
        let karras = PlanSource::Family(SigmaFamily::Karras { rho: 7.0 });
        let (source, steps) = match (self, &problem.model) {
            (Self::Ddim1000, ModelSchedule::Discrete(table)) => {
                (PlanSource::Spacing(Spacing::Trailing), table.num_timesteps().min(1000))
            }
            (Self::Ddim1000, ModelSchedule::Flow { .. } | ModelSchedule::Continuous(_)) => {
                (PlanSource::Spacing(Spacing::Trailing), 1000)
            }
            (Self::Ddim1000, ModelSchedule::Edm { .. }) => (karras, 1000),
            (Self::Heun200, _) => (karras, 200),
        };
        Ok(Problem { steps, sampler: self.sampler(), ..problem.clone() }.plan(&source)?.levels().to_vec())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(known, _)| known == self).map_or("", |(_, name)| name))
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(reference, _)| *reference).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(_, name)| *name).collect();
            format!("there is no reference \"{name}\"; choose {}", names.join(", "))
        })
    }
}
