use serde::{Deserialize, Serialize};

/// What a theory knows about the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "snake_case")]
pub enum Calibration {
    /// No data: the same statistics at every scale.
    #[default]
    ScaleInvariant,
    /// The variance of every band.
    Calibrated,
    /// The power of every frequency.
    Spectral,
}

impl Calibration {
    /// All variants.
    pub const ALL: [Self; 3] = [Self::ScaleInvariant, Self::Calibrated, Self::Spectral];

    /// The name shown to users.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ScaleInvariant => "scale-invariant",
            Self::Calibrated => "calibrated",
            Self::Spectral => "spectral",
        }
    }
}
