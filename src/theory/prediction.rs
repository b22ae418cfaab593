use super::{NetworkState, NetworkTime, NoiseLevel, Prediction};
use serde::{Deserialize, Serialize};

/// The linear map `state·x_t + output·network(…)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// Weight of the VP state.
    pub state: f64,
    /// Weight of the network's output.
    pub output: f64,
}

/// How a network is spoken to: what it sees, what it is told of the noise level, and what its output says of the image.
///
/// The maps below start from the VP state, in which the samplers work.
///
/// ```
/// use chromascope::theory::{NetworkState, NetworkTime, NoiseLevel, Parameterization, Prediction};
/// // A denoiser D(x; σ).
/// let denoiser = Parameterization::new(NetworkState::Ve, NetworkTime::Sigma, Prediction::Sample);
/// let level = NoiseLevel::from_sigma(3.0);
/// assert!((denoiser.input_scale(level) - 10_f64.sqrt()).abs() < 1e-12);
/// assert_eq!(denoiser.x0_from(level).output, 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Record", into = "Record")]
pub struct Parameterization {
    /// What it sees.
    pub state: NetworkState,
    /// What it is told.
    pub time: NetworkTime,
    /// What it answers.
    pub prediction: Prediction,
    /// Standard deviation of the data EDM's preconditioning was made for; the other words do not ask for it.
    pub sigma_data: f64,
}

/// Standard deviation of the data that EDM's preconditioning takes unless another is given.
pub const SIGMA_DATA: f64 = 0.5;

/// What keeps a network from being used at a noise level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The output says nothing of the image.
    Signal,
    /// The state it sees is infinite.
    State,
    /// The number it is told is infinite.
    Time,
}

impl Parameterization {
    /// Three words, with [`SIGMA_DATA`].
    #[must_use]
    pub const fn new(state: NetworkState, time: NetworkTime, prediction: Prediction) -> Self {
        Self { state, time, prediction, sigma_data: SIGMA_DATA }
    }

    /// A variance-preserving network that is told the index of the timestep.
    #[must_use]
    pub const fn vp(prediction: Prediction) -> Self {
        Self::new(NetworkState::Vp, NetworkTime::Index, prediction)
    }

    /// Rectified flow as diffusers has it.
    #[must_use]
    pub const fn flow() -> Self {
        Self::new(NetworkState::Flow, NetworkTime::FlowThousand, Prediction::FlowPrediction)
    }

    /// EDM's raw network (Karras et al. 2022, table 1).
    #[must_use]
    pub const fn edm(sigma_data: f64) -> Self {
        Self { sigma_data, ..Self::new(NetworkState::Edm, NetworkTime::CNoise, Prediction::Edm) }
    }

    /// What the VP state is multiplied by before it enters the network. Infinite for VE at pure noise.
    #[must_use]
    pub fn input_scale(self, level: NoiseLevel) -> f64 {
        match self.state {
            NetworkState::Vp => 1.0,
            NetworkState::Ve => level.sqrt_alpha_bar().recip(),
            NetworkState::Edm => edm_norm(level, self.sigma_data).recip(),
            NetworkState::Flow => flow_norm(level),
        }
    }

    /// Standard deviation of the noise in the state the network sees.
    fn noise_in_state(self, level: NoiseLevel) -> f64 {
        match self.state {
            NetworkState::Ve => level.sigma(),
            NetworkState::Flow => level.flow_time(),
            NetworkState::Vp | NetworkState::Edm => self.input_scale(level) * level.sqrt_one_minus_alpha_bar(),
        }
    }

    /// `E[x_0|x_t]` as a combination of the VP state and the network's output.
    ///
    /// For `ε` and the score the weights grow as `1/√ᾱ`; at `ᾱ = 0` they are infinite, since a noise prediction says
    /// nothing of the image there.
    #[must_use]
    pub fn x0_from(self, level: NoiseLevel) -> Affine {
        let (a, b) = (level.sqrt_alpha_bar(), level.sqrt_one_minus_alpha_bar());
        match self.prediction {
            Prediction::Epsilon => Affine { state: 1.0 / a, output: -level.sigma() },
            Prediction::Sample => Affine { state: 0.0, output: 1.0 },
            Prediction::VPrediction => Affine { state: a, output: -b },
            Prediction::FlowPrediction => Affine { state: flow_norm(level), output: -level.flow_time() },
            Prediction::Edm => {
                let norm = edm_norm(level, self.sigma_data);
                Affine {
                    state: self.sigma_data * self.sigma_data * a / (norm * norm),
                    output: b * self.sigma_data / norm,
                }
            }
            Prediction::Score => Affine { state: 1.0 / a, output: level.sigma() * self.noise_in_state(level) },
        }
    }

    /// The noise estimate from the VP state and an estimate of the image, `(x_t − √ᾱ·x̂_0)/√(1−ᾱ)`.
    ///
    /// At `ᾱ = 1` there is no noise to estimate and the weights are infinite; samplers never ask there.
    #[must_use]
    pub fn eps_from_x0(level: NoiseLevel) -> Affine {
        let (a, b) = (level.sqrt_alpha_bar(), level.sqrt_one_minus_alpha_bar());
        Affine { state: 1.0 / b, output: -a / b }
    }

    /// The noise estimate from the VP state and the network's output. Infinite at `ᾱ = 1` for a prediction of the image.
    #[must_use]
    pub fn eps_from(self, level: NoiseLevel) -> Affine {
        let (a, b) = (level.sqrt_alpha_bar(), level.sqrt_one_minus_alpha_bar());
        match self.prediction {
            Prediction::Epsilon => Affine { state: 0.0, output: 1.0 },
            Prediction::Sample => Self::eps_from_x0(level),
            Prediction::VPrediction => Affine { state: b, output: a },
            // u = ε − x_0 and x_s = (1−s)·x_0 + s·ε give ε = x_s + (1−s)·u.
            Prediction::FlowPrediction => Affine { state: flow_norm(level), output: 1.0 - level.flow_time() },
            Prediction::Edm => {
                let norm = edm_norm(level, self.sigma_data);
                Affine { state: b / (norm * norm), output: -a * self.sigma_data / norm }
            }
            Prediction::Score => Affine { state: 0.0, output: -self.noise_in_state(level) },
        }
    }

    /// What keeps the network from being used at this level, if anything does.
    #[must_use]
    pub fn limit_at(self, level: NoiseLevel) -> Option<Limit> {
        if !self.input_scale(level).is_finite() {
            return Some(Limit::State);
        }
        if self.time.of(level).is_some_and(|told| !told.is_finite()) {
            return Some(Limit::Time);
        }
        (!self.x0_from(level).state.is_finite()).then_some(Limit::Signal)
    }

    /// Whether EDM's σ_data plays a part.
    #[must_use]
    pub fn needs_sigma_data(self) -> bool {
        self.state == NetworkState::Edm || self.prediction == Prediction::Edm
    }
}

/// `√((1−s)²+s²)`, the norm by which the flow state exceeds the VP state.
fn flow_norm(level: NoiseLevel) -> f64 {
    let s = level.flow_time();
    (1.0 - s).hypot(s)
}

/// `√((σ²+σ_d²)/(1+σ²)) = √(1−ᾱ+ᾱ·σ_d²)`, so that `c_in·x_VE = x_VP/norm`.
fn edm_norm(level: NoiseLevel, sigma_data: f64) -> f64 {
    (level.one_minus_alpha_bar() + level.alpha_bar() * sigma_data * sigma_data).sqrt()
}

/// As records have it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Record {
    Words {
        state: NetworkState,
        time: NetworkTime,
        prediction: Prediction,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sigma_data: Option<f64>,
    },
    Before(Before),
}

/// As records had it until 0.1: three of all combinations.
#[derive(Serialize, Deserialize)]
enum Before {
    Vp(Prediction),
    Flow,
    Edm { sigma_data: f64 },
}

impl From<Record> for Parameterization {
    fn from(record: Record) -> Self {
        match record {
            Record::Words { state, time, prediction, sigma_data } => {
                Self { state, time, prediction, sigma_data: sigma_data.unwrap_or(SIGMA_DATA) }
            }
            Record::Before(Before::Vp(prediction)) => Self::vp(prediction),
            Record::Before(Before::Flow) => Self::flow(),
            Record::Before(Before::Edm { sigma_data }) => Self::edm(sigma_data),
        }
    }
}

impl From<Parameterization> for Record {
    fn from(of: Parameterization) -> Self {
        let Parameterization { state, time, prediction, sigma_data } = of;
        Self::Words { state, time, prediction, sigma_data: of.needs_sigma_data().then_some(sigma_data) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Every combination must give back the `x_0` and `ε` that its own state and target were made from.
    #[test]
    fn each_combination_recovers_x0_and_eps() {
        let (x0, eps, sigma_data) = (0.37, -1.42, 0.7);
        for log_snr in [-12.0, -3.0, 0.0, 0.5, 8.0] {
            let level = NoiseLevel::from_log_snr(log_snr);
            let (a, b, sigma) = (level.sqrt_alpha_bar(), level.sqrt_one_minus_alpha_bar(), level.sigma());
            let s = sigma / (1.0 + sigma);
            let (vp, ve) = (a * x0 + b * eps, x0 + sigma * eps);
            let c_in = 1.0 / sigma.hypot(sigma_data);
            let c_skip = sigma_data * sigma_data / (sigma * sigma + sigma_data * sigma_data);
            let c_out = sigma * sigma_data / sigma.hypot(sigma_data);
            for (state, seen, noise) in [
                (NetworkState::Vp, vp, b),
                (NetworkState::Ve, ve, sigma),
                (NetworkState::Edm, c_in * ve, c_in * sigma),
                (NetworkState::Flow, (1.0 - s) * x0 + s * eps, s),
            ] {
                for (prediction, output) in [
                    (Prediction::Epsilon, eps),
                    (Prediction::Sample, x0),
                    (Prediction::VPrediction, a * eps - b * x0),
                    (Prediction::FlowPrediction, eps - x0),
                    (Prediction::Edm, (x0 - c_skip * ve) / c_out),
                    (Prediction::Score, -eps / noise),
                ] {
                    let of =
                        Parameterization { sigma_data, ..Parameterization::new(state, NetworkTime::Sigma, prediction) };
                    let apply = |map: Affine| map.state * vp + map.output * output;
                    assert!((apply(of.x0_from(level)) - x0).abs() < 1e-9, "{of:?} {log_snr}");
                    assert!((apply(of.eps_from(level)) - eps).abs() < 1e-9, "{of:?} {log_snr}");
                    assert!(
                        (of.input_scale(level) * vp - seen).abs() < 1e-12 * seen.abs().max(1.0),
                        "{of:?} {log_snr}"
                    );
                }
            }
        }
    }

    #[test]
    fn both_ends_are_finite_or_said() {
        let noise = NoiseLevel::from_alpha_bar(0.0);
        for &state in NetworkState::ALL {
            for &time in NetworkTime::ALL {
                for &prediction in Prediction::ALL {
                    let of = Parameterization::new(state, time, prediction);
                    let limit = if state == NetworkState::Ve {
                        Some(Limit::State)
                    } else if matches!(time, NetworkTime::Sigma | NetworkTime::CNoise | NetworkTime::LogSnr) {
                        Some(Limit::Time)
                    } else if matches!(prediction, Prediction::Epsilon | Prediction::Score) {
                        Some(Limit::Signal)
                    } else {
                        None
                    };
                    assert_eq!(of.limit_at(noise), limit, "{of:?}");
                    assert_eq!(of.limit_at(NoiseLevel::from_sigma(80.0)), None);
                    if limit.is_none() {
                        let (x0, eps) = (of.x0_from(noise), of.eps_from(noise));
                        assert!([x0.output, eps.state, eps.output].iter().all(|weight| weight.is_finite()), "{of:?}");
                        // All that is seen is noise.
                        assert!((eps.state - 1.0).abs() < 1e-12 || eps.output != 0.0, "{of:?}");
                    }
                    let clean = of.x0_from(NoiseLevel::CLEAN);
                    assert!(of.input_scale(NoiseLevel::CLEAN).is_finite());
                    assert_eq!(
                        (clean.state, clean.output),
                        match prediction {
                            Prediction::Sample => (0.0, 1.0),
                            _ => (1.0, clean.output * 0.0),
                        },
                        "{of:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn records_keep_the_words_and_old_ones_are_read() {
        let read = |value: serde_json::Value| serde_json::from_value::<Parameterization>(value).unwrap();
        assert_eq!(read(json!({"Vp": "v_prediction"})), Parameterization::vp(Prediction::VPrediction));
        assert_eq!(read(json!("Flow")), Parameterization::flow());
        assert_eq!(read(json!({"Edm": {"sigma_data": 0.6}})), Parameterization::edm(0.6));
        let denoiser = Parameterization::new(NetworkState::Ve, NetworkTime::Sigma, Prediction::Sample);
        let words = json!({"state": "ve", "time": "sigma", "prediction": "sample"});
        assert_eq!(serde_json::to_value(denoiser).unwrap(), words);
        assert_eq!(read(words), denoiser);
        let edm = serde_json::to_value(Parameterization::edm(0.6)).unwrap();
        assert_eq!(edm["sigma_data"], 0.6);
        assert_eq!(read(edm), Parameterization::edm(0.6));
    }
}
