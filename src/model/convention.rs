//! State, time and prediction of a network: from the settings, the model's card, the scheduler configuration or the names of
//! its inputs and outputs.

use super::SchedulerConfig;
use super::contract::{Contract, Layout};
use super::package::Card;
use crate::theory::{NetworkState, NetworkTime, Parameterization, Prediction, SIGMA_DATA};
use serde::Serialize;

/// Where a word comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WordSource {
    /// The user.
    User,
    /// The model's card.
    Card,
    /// The scheduler configuration.
    Configuration,
    /// The names of the graph's inputs and outputs.
    Names,
    /// Nothing says it: a flow's scheduler leaves open how its network counts time.
    Custom,
}

impl WordSource {
    /// The source in words.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::User => "set by you",
            Self::Card => "from the model's card",
            Self::Configuration => "from the scheduler configuration",
            Self::Names => "from the names of its inputs and outputs",
            Self::Custom => "assumed, as diffusers does; if its time runs from 0 to 1, set time to flow",
        }
    }
}

/// A word and its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<T> {
    /// The word.
    pub is: T,
    /// Its source.
    pub source: WordSource,
}

/// The three words as far as one source gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// What the network sees.
    pub state: Option<NetworkState>,
    /// What it receives for the noise level.
    pub time: Option<NetworkTime>,
    /// What it outputs.
    pub prediction: Option<Prediction>,
}

impl Words {
    /// These, and where one is missing that of the others.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            state: self.state.or(others.state),
            time: self.time.or(others.time),
            prediction: self.prediction.or(others.prediction),
        }
    }
}

/// The three words of a network, each with its source. A word is `None` if nothing gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Convention {
    /// What the network sees.
    pub state: Option<Word<NetworkState>>,
    /// What it receives for the noise level.
    pub time: Option<Word<NetworkTime>>,
    /// What it outputs.
    pub prediction: Option<Word<Prediction>>,
    /// EDM's standard deviation of the data.
    pub sigma_data: f64,
    /// The name of an output that contradicts its word.
    pub doubt: Option<Doubt>,
}

/// An output whose name contradicts the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The output.
    pub port: String,
    /// The configuration's word.
    pub word: Prediction,
    /// The word that the name suggests.
    pub suggests: Prediction,
}

impl Convention {
    /// Each word from the first that gives it: the user, the card, a prediction that the configuration names, telling names
    /// of inputs and outputs, the configuration's class, other names.
    ///
    /// An input called `sigma` receives σ whatever the class of the scheduler beside it, so telling names go before the class.
    #[must_use]
    pub fn decide(user: Words, card: Option<&Card>, config: Option<&SchedulerConfig>, contract: &Contract) -> Self {
        let of_card = card.map(Card::words).unwrap_or_default();
        let names = Names::of(contract);
        let class = config.map(SchedulerConfig::parameterization);
        // An EDM class has no word for what its network outputs; `epsilon` is written there for F.
        let written = class.map(|class| class.prediction).filter(|is| *is != Prediction::Edm);
        let prediction = first([
            (user.prediction, WordSource::User),
            (of_card.prediction, WordSource::Card),
            (written, WordSource::Configuration),
            (names.prediction, WordSource::Names),
            (class.map(|class| class.prediction), WordSource::Configuration),
            (names.common, WordSource::Names),
        ]);
        let doubt = match (prediction, names.prediction) {
            (Some(Word { is, source: WordSource::Configuration }), Some(suggests)) if is != suggests => {
                Some(Doubt { port: contract.output.name.clone(), word: is, suggests })
            }
            _ => None,
        };
        // A flow's configuration does not say whether its network counts time to 1 or to 1000; an integer can only be the latter.
        let is_open = class.is_some_and(|class| class.time == NetworkTime::FlowThousand);
        let is_open = is_open && !contract.timestep.element.is_integer();
        let of_class = if is_open { WordSource::Custom } else { WordSource::Configuration };
        Self {
            state: first([
                (user.state, WordSource::User),
                (of_card.state, WordSource::Card),
                (names.state, WordSource::Names),
                (class.map(|class| class.state), WordSource::Configuration),
            ]),
            time: first([
                (user.time, WordSource::User),
                (of_card.time, WordSource::Card),
                (names.time, WordSource::Names),
                (class.map(|class| class.time), of_class),
            ]),
            prediction,
            sigma_data: card
                .and_then(|card| card.sigma_data)
                .or(config.map(|config| config.sigma_data))
                .unwrap_or(SIGMA_DATA),
            doubt,
        }
    }

    /// All three words; `None` if one is missing.
    #[must_use]
    pub fn parameterization(&self) -> Option<Parameterization> {
        let (state, time, prediction) = (self.state?.is, self.time?.is, self.prediction?.is);
        Some(Parameterization { sigma_data: self.sigma_data, ..Parameterization::new(state, time, prediction) })
    }

    /// The schedule assumed for a network with all three words and no configuration, with the assumption in words: flow time
    /// where state or time is a flow's, else EDM's range of σ or the card's. An index needs the table it belongs to.
    #[must_use]
    pub fn assumed_config(&self, card: Option<&Card>) -> Option<(SchedulerConfig, String)> {
        let Parameterization { state, time, sigma_data, .. } = self.parameterization()?;
        if time == NetworkTime::Index {
            return None;
        }
        if state == NetworkState::Flow || matches!(time, NetworkTime::Flow | NetworkTime::FlowThousand) {
            let usual = SchedulerConfig::for_class("FlowMatchEulerDiscreteScheduler");
            // No file names it.
            let config = SchedulerConfig { class_name: String::new(), ..usual };
            return Some((config, "flow time from 1 to 0, without a shift".into()));
        }
        let usual = SchedulerConfig::for_class("EDMEulerScheduler");
        let range = |of: fn(&Card) -> Option<f64>| card.and_then(of);
        let (least, most) = (range(|card| card.sigma_min), range(|card| card.sigma_max));
        let source = if least.or(most).is_some() { "the card's range" } else { "EDM's usual range" };
        let (usual_min, usual_max) = usual.edm_range();
        let (sigma_min, sigma_max) = (least.unwrap_or(usual_min), most.unwrap_or(usual_max));
        let words = format!("σ from {sigma_min} to {sigma_max}, {source}");
        let (class_name, sigma_min, sigma_max) = (String::new(), Some(sigma_min), Some(sigma_max));
        let config = SchedulerConfig { class_name, sigma_min, sigma_max, sigma_data, ..usual };
        Some((config, words))
    }
}

fn first<T>(words: impl IntoIterator<Item = (Option<T>, WordSource)>) -> Option<Word<T>> {
    words.into_iter().find_map(|(is, source)| is.map(|is| Word { is, source }))
}

/// What the names of inputs and outputs tell.
struct Names {
    state: Option<NetworkState>,
    time: Option<NetworkTime>,
    /// A prediction whose name leaves no doubt.
    prediction: Option<Prediction>,
    /// A prediction whose name is also given to other outputs.
    common: Option<Prediction>,
}

impl Names {
    fn of(contract: &Contract) -> Self {
        let plain = |name: &str| name.to_lowercase().replace(['_', '-', '.', ' '], "");
        let time = match plain(&contract.timestep.name).as_str() {
            "sigma" | "sigmas" => Some(NetworkTime::Sigma),
            "cnoise" => Some(NetworkTime::CNoise),
            "logsnr" | "lambda" => Some(NetworkTime::LogSnr),
            "flowtime" => Some(NetworkTime::Flow),
            _ => time_of_transformer(contract),
        };
        let output = plain(&contract.output.name);
        let prediction = match output.as_str() {
            "denoised" | "x0" | "x0hat" | "predx0" | "x0pred" | "predoriginalsample" => Some(Prediction::Sample),
            "score" => Some(Prediction::Score),
            "velocity" | "flowpred" | "flowprediction" => Some(Prediction::FlowPrediction),
            "vpred" | "vprediction" => Some(Prediction::VPrediction),
            "f" | "fx" | "ftheta" if time == Some(NetworkTime::CNoise) => Some(Prediction::Edm),
            _ => None,
        };
        let common = match output.as_str() {
            "noisepred" | "prednoise" | "epspred" | "predeps" | "eps" | "epsilon" => Some(Prediction::Epsilon),
            _ => None,
        };
        let state = match (plain(&contract.sample.name).as_str(), time, prediction) {
            ("xvp", ..) => Some(NetworkState::Vp),
            // A denoiser D(x; σ) and a score network s(x; σ) see x_0 + σ·ε.
            ("xve", ..) | (_, Some(NetworkTime::Sigma), Some(Prediction::Sample | Prediction::Score)) => {
                Some(NetworkState::Ve)
            }
            (_, Some(NetworkTime::CNoise), Some(Prediction::Edm)) => Some(NetworkState::Edm),
            (_, Some(NetworkTime::Flow), Some(Prediction::FlowPrediction)) => Some(NetworkState::Flow),
            _ => None,
        };
        Self { state, time, prediction, common }
    }
}

/// How the transformers of text-to-image count flow time: FLUX to 1, Stable Diffusion 3 to 1000.
fn time_of_transformer(contract: &Contract) -> Option<NetworkTime> {
    let is_pooled = contract.inputs.iter().any(|port| port.name == "pooled_projections");
    match (contract.layout, contract.sample.name.as_str()) {
        (Layout::Packed, _) => Some(NetworkTime::Flow),
        (_, "hidden_states") if is_pooled => Some(NetworkTime::FlowThousand),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
