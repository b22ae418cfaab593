//! The pictures of a moment of a run. No GUI.

use crate::app::words;
use crate::denoiser::PartName;

/// The three images of a step, and what can replace one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Picture {
    /// `x_t`.
    State,
    /// `E[x_0|x_t]`.
    Expectation,
    /// `ΔE[x_0|x_t]` since the step before.
    Change,
    /// `E[x_0|x_t]` of a preview.
    Coarse,
    /// A part of the estimate.
    Part(PartName),
    /// The estimate for a class minus that for the null class.
    ClassDifference(i64),
}

impl Picture {
    /// The three images of a step, in the order of the images pane.
    pub const ALL: [Self; 3] = [Self::State, Self::Expectation, Self::Change];

    /// The symbol and a short description.
    #[must_use]
    pub const fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::State => ("xₜ", words::panes::STATE_NOTE),
            Self::Expectation => ("E[x₀|xₜ]", words::panes::ESTIMATE_NOTE),
            Self::Coarse => ("E[x₀|xₜ]", words::panes::PREVIEW_NOTE),
            Self::Change => ("ΔE[x₀|xₜ]", words::panes::CHANGE_NOTE),
            Self::Part(_) => ("part", "of E[x₀|xₜ]"),
            Self::ClassDifference(_) => ("difference", "class − null"),
        }
    }

    /// Whether its values are differences around zero.
    #[must_use]
    pub const fn is_difference(self) -> bool {
        matches!(self, Self::Change | Self::ClassDifference(_) | Self::Part(PartName::Stage(1..)))
    }

    /// The tooltip, with the formula.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Part(_) | Self::ClassDifference(_) => "A part of E[x₀|xₜ]",
            Self::State => {
                "The noisy state xₜ = √ᾱ·x₀ + √(1−ᾱ)·ε, variance preserving for every sampler. Wheel: zoom; drag: \
                 pan; double-click: fit"
            }
            Self::Expectation => {
                "The estimate E[x₀|xₜ]: the clean image the model expects behind this state, (xₜ − √(1−ᾱ)·ε̂)/√ᾱ. \
                 Wheel: zoom; drag: pan; double-click: fit"
            }
            Self::Coarse => {
                "Preview of E[x₀|xₜ] from a few long steps, until the full run is here. Wheel: zoom; drag: pan; \
                 double-click: fit"
            }
            Self::Change => words::panes::ABOUT_CHANGE,
        }
    }
}
