//! The three words that say how a network is spoken to. Each is independent of the others.

use super::NoiseLevel;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// A list of words with what each means.
macro_rules! words {
    ($(#[$about:meta])* $name:ident $($(#[$doc:meta])* $variant:ident = $word:literal $(| $alias:literal)*, $formula:literal;)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word for it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// What it stands for, for people.
            #[must_use]
            pub const fn formula(self) -> &'static str {
                match self {
                    $(Self::$variant => $formula,)*
                }
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                match word {
                    $($word $(| $alias)* => Ok(Self::$variant),)*
                    _ => Err(format!("use one of {}", [$($word),*].join(", "))),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = Cow::<str>::deserialize(deserializer)?;
                word.parse().map_err(|expected| D::Error::custom(format!("unknown word \"{word}\"; {expected}")))
            }
        }
    };
}

words! {
    /// The noisy state a network sees: a multiple of the VP state.
    NetworkState
    /// Variance preserving, `√ᾱ·x_0 + √(1−ᾱ)·ε`. Also what k-diffusion's wrappers feed, `x_VE/√(1+σ²)`.
    Vp = "vp", "√ᾱ·x₀ + √(1−ᾱ)·ε";
    /// Variance exploding, `x_0 + σ·ε`.
    Ve = "ve", "x₀ + σ·ε";
    /// EDM's scaled input, `c_in·(x_0 + σ·ε)` with `c_in = 1/√(σ² + σ_d²)` (Karras et al. 2022, table 1).
    Edm = "edm", "c_in·(x₀ + σ·ε)";
    /// Rectified flow, `(1−s)·x_0 + s·ε`.
    Flow = "flow", "(1−s)·x₀ + s·ε";
}

words! {
    /// The number a network is told for the noise level.
    NetworkTime
    /// The timestep's index in a training table.
    Index = "index", "the index of the timestep";
    /// `σ`.
    Sigma = "sigma", "σ";
    /// EDM's `c_noise = ¼·ln σ`.
    CNoise = "c-noise", "¼·ln σ";
    /// The log-SNR `λ = −2·ln σ`, nats.
    LogSnr = "log-snr", "λ, the log-SNR";
    /// Flow time `s = σ/(1+σ)`, from 0 to 1.
    Flow = "flow", "s, flow time from 0 to 1";
    /// Flow time in thousandths, `1000·s`; where a flow schedule counts its timesteps otherwise, that many times s.
    FlowThousand = "flow-1000", "1000·s, flow time in thousandths";
}

words! {
    /// What a network's output means. Each is the same quantity whatever the state, but for the score.
    Prediction
    /// The noise `ε`.
    Epsilon = "epsilon", "ε, the noise";
    /// The image `x_0` itself.
    Sample = "sample", "x₀, the image";
    /// `v = √ᾱ·ε − √(1−ᾱ)·x_0`.
    VPrediction = "v_prediction", "v = √ᾱ·ε − √(1−ᾱ)·x₀";
    /// The velocity of a rectified flow, `u = ε − x_0`.
    FlowPrediction = "flow_prediction" | "flow", "u = ε − x₀, the velocity of a rectified flow";
    /// F of EDM's preconditioning, `x_0 = c_skip·(x_0 + σ·ε) + c_out·F`.
    Edm = "edm", "F of EDM's preconditioning";
    /// The score of the state the network sees, `∇ ln p(y) = −ε/n`, with n the standard deviation of the noise in that
    /// state: `√(1−ᾱ)` for VP, σ for VE, `c_in·σ` for EDM, s for flow.
    Score = "score", "the score of the state it sees";
}

impl NetworkTime {
    /// The number for a level; `None` for an index, which only a table knows.
    #[must_use]
    pub fn of(self, level: NoiseLevel) -> Option<f64> {
        match self {
            Self::Index => None,
            Self::Sigma => Some(level.sigma()),
            Self::CNoise => Some(-0.125 * level.log_snr()),
            Self::LogSnr => Some(level.log_snr()),
            Self::Flow => Some(level.flow_time()),
            Self::FlowThousand => Some(1000.0 * level.flow_time()),
        }
    }

    /// Whether whole numbers can say it.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Index | Self::FlowThousand)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back_and_others_refused() {
        for state in NetworkState::ALL {
            assert_eq!(state.name().parse(), Ok(*state));
        }
        for time in NetworkTime::ALL {
            assert_eq!(serde_json::from_value::<NetworkTime>(serde_json::json!(time)).unwrap(), *time);
        }
        assert_eq!("flow".parse(), Ok(Prediction::FlowPrediction));
        assert_eq!("epsilom".parse::<Prediction>().unwrap_err().split(", ").count(), Prediction::ALL.len());
        let error = serde_json::from_str::<NetworkState>("\"vpp\"").unwrap_err().to_string();
        assert!(error.starts_with("unknown word \"vpp\"; use one of vp, ve, edm, flow"), "{error}");
    }

    #[test]
    fn each_time_says_its_number() {
        let level = NoiseLevel::from_sigma(4.0);
        let told = |time: NetworkTime| time.of(level).unwrap_or(f64::NAN);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        close(told(NetworkTime::Sigma), 4.0);
        close(told(NetworkTime::CNoise), 0.25 * 4_f64.ln());
        close(told(NetworkTime::LogSnr), -2.0 * 4_f64.ln());
        close(told(NetworkTime::Flow), 0.8);
        close(told(NetworkTime::FlowThousand), 800.0);
        assert_eq!(NetworkTime::Index.of(level), None);
    }
}
