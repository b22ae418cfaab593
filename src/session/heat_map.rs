//! Settings of the heat map of spectra.

use super::choices::named;
use serde::{Deserialize, Serialize};

/// Smallest width of a range of colours, dB.
pub const LEAST_DECIBELS: f32 = 1.0;
/// Densities are limited to this distance from 0 dB.
pub const MOST_DECIBELS: f32 = 300.0;

named! {
    /// The source of the spectra.
    SpectrumSource {
        /// The sample shown.
        #[default]
        Sample = "this sample",
        /// Means over the measured samples.
        Samples = "measured samples",
        /// The theory's prediction for them.
        Theory = "theory",
        /// Measured minus predicted, dB.
        AgainstTheory = "samples − theory",
        /// Measured minus the compared ensemble's, dB.
        AgainstCompared = "samples − pinned",
    }
}

impl SpectrumSource {
    /// Those that may be shown in a track of their own beside the heat map.
    pub const BESIDE: [Self; 4] = [Self::Theory, Self::AgainstTheory, Self::AgainstCompared, Self::Sample];

    /// Whether it is a theory, or compared with one.
    #[must_use]
    pub const fn needs_theory(self) -> bool {
        matches!(self, Self::Theory | Self::AgainstTheory)
    }

    /// Whether it is a difference, in dB on both sides of 0.
    #[must_use]
    pub const fn is_difference(self) -> bool {
        matches!(self, Self::AgainstTheory | Self::AgainstCompared)
    }
}

named! {
    /// The quantity of the spectra.
    SpectrumQuantity {
        /// From one step's estimate to the next one's.
        #[default]
        Change = "ΔE[x₀|xₜ]",
        /// `E[x_0|x_t]`.
        Expectation = "E[x₀|xₜ]",
        /// `x_t`.
        State = "xₜ",
        /// `ε̂`.
        Noise = "ε̂",
    }
}

impl SpectrumQuantity {
    /// Number of rows in a run of this many steps; row i of a change is the step from i to i + 1.
    #[must_use]
    pub const fn rows(self, steps: usize) -> usize {
        match self {
            Self::State => steps + 1,
            Self::Expectation | Self::Noise => steps,
            Self::Change => steps.saturating_sub(1),
        }
    }
}

named! {
    /// The frequency axis.
    FrequencyScale {
        /// Logarithmic: an octave has the same height everywhere.
        #[default]
        Log = "log",
        /// Linear: a cycle per pixel has the same height everywhere.
        Linear = "linear",
    }
}

named! {
    /// The reference of 0 dB.
    Normalisation {
        /// Unit white noise.
        #[default]
        None = "unit white noise",
        /// The largest density of each step.
        Step = "maximum of each step",
        /// The largest density of each frequency.
        Frequency = "maximum of each frequency",
    }
}

/// Settings of the heat map of spectra.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HeatMapChoices {
    /// The source of the spectra.
    pub source: SpectrumSource,
    /// Their quantity.
    pub quantity: SpectrumQuantity,
    /// The channel; `None` is the mean of all.
    pub channel: Option<usize>,
    /// The frequency axis.
    pub scale: FrequencyScale,
    /// The reference of 0 dB.
    pub normalisation: Normalisation,
    /// The densities, dB, of the first and the last colour; `None` fits the data.
    pub range: Option<(f32, f32)>,
    /// The same for differences.
    pub difference_range: Option<(f32, f32)>,
    /// The contents of the track beside it: one of [`SpectrumSource::BESIDE`].
    pub beside: SpectrumSource,
}

impl Default for HeatMapChoices {
    fn default() -> Self {
        Self {
            source: SpectrumSource::default(),
            quantity: SpectrumQuantity::default(),
            channel: None,
            scale: FrequencyScale::default(),
            normalisation: Normalisation::default(),
            range: None,
            difference_range: None,
            beside: SpectrumSource::Theory,
        }
    }
}

/// A change of [`HeatMapChoices`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HeatMapChange {
    /// The source of the spectra.
    Source(SpectrumSource),
    /// The source beside it.
    Beside(SpectrumSource),
    /// The quantity. Resets the range.
    Quantity(SpectrumQuantity),
    /// The channel.
    Channel(Option<usize>),
    /// The frequency axis.
    Scale(FrequencyScale),
    /// The reference of 0 dB. Resets the range.
    Normalisation(Normalisation),
    /// The densities, dB, of the first and the last colour.
    Range(Option<(f32, f32)>),
    /// The same for differences.
    DifferenceRange(Option<(f32, f32)>),
}

impl HeatMapChange {
    /// The name of the change in the undo menu.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Source(_) => "source of the spectra",
            Self::Quantity(_) => "quantity of the spectra",
            Self::Channel(_) => "channel",
            Self::Scale(_) => "frequency axis",
            Self::Normalisation(_) => "normalisation",
            Self::Beside(_) => "spectra beside",
            Self::Range(_) | Self::DifferenceRange(_) => "range of the heat map",
        }
    }
}

impl HeatMapChoices {
    pub(super) fn apply(&mut self, change: HeatMapChange) {
        match change {
            HeatMapChange::Source(source) => self.source = source,
            HeatMapChange::Beside(beside) => self.beside = beside,
            HeatMapChange::Quantity(quantity) if quantity != self.quantity => {
                (self.quantity, self.range, self.difference_range) = (quantity, None, None);
            }
            HeatMapChange::Channel(channel) => self.channel = channel,
            HeatMapChange::Scale(scale) => self.scale = scale,
            HeatMapChange::Normalisation(normalisation) if normalisation != self.normalisation => {
                (self.normalisation, self.range) = (normalisation, None);
            }
            HeatMapChange::Quantity(_) | HeatMapChange::Normalisation(_) => {}
            HeatMapChange::Range(None) => self.range = None,
            HeatMapChange::Range(Some(range)) => self.range = possible(range).or(self.range),
            HeatMapChange::DifferenceRange(None) => self.difference_range = None,
            HeatMapChange::DifferenceRange(Some(range)) => {
                self.difference_range = possible(range).or(self.difference_range);
            }
        }
    }

    /// The same with a valid range.
    pub(super) fn mended(self) -> Self {
        Self {
            range: self.range.and_then(possible),
            difference_range: self.difference_range.and_then(possible),
            ..self
        }
    }
}

/// The range within possible densities; `None` if it is empty.
pub(super) fn possible((low, high): (f32, f32)) -> Option<(f32, f32)> {
    let within = |value: f32| value.clamp(-MOST_DECIBELS, MOST_DECIBELS);
    Some((within(low), within(high))).filter(|(low, high)| low + LEAST_DECIBELS <= *high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_kept_where_it_can_be_and_for_what_it_was_chosen() {
        let mut choices = HeatMapChoices::default();
        choices.apply(HeatMapChange::Range(Some((-40.0, 5.0))));
        for impossible in [(5.0, -40.0), (0.0, 0.5), (f32::NAN, 0.0), (0.0, f32::NAN)] {
            choices.apply(HeatMapChange::Range(Some(impossible)));
            assert_eq!(choices.range, Some((-40.0, 5.0)), "{impossible:?}");
        }
        choices.apply(HeatMapChange::Quantity(SpectrumQuantity::Change));
        choices.apply(HeatMapChange::Channel(Some(1)));
        assert_eq!(choices.range, Some((-40.0, 5.0)));
        choices.apply(HeatMapChange::Range(Some((-1e9, 1e9))));
        assert_eq!(choices.range, Some((-MOST_DECIBELS, MOST_DECIBELS)));
        choices.apply(HeatMapChange::Quantity(SpectrumQuantity::State));
        assert_eq!(choices.range, None);
        let broken = HeatMapChoices { range: Some((1.0, 1.0)), ..choices };
        assert_eq!(broken.mended(), choices);
    }
}
