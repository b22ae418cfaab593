//! What can be shown of a moment of a run. No GUI.

use crate::app::words;
use crate::denoiser::PartName;

/// The three images that a step has, and what can stand in for one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Picture {
    /// `x_t`.
    State,
    /// `E[x_0|x_t]`.
    Expectation,
    /// `ΔE[x_0|x_t]` since the step before.
    Change,
    /// `E[x_0|x_t]` in a coarse pass.
    Coarse,
    /// A part of the estimate.
    Part(PartName),
    /// The estimate of a class less that without one.
    ClassDifference(i64),
}

impl Picture {
    /// The three that a step has, in the order of the stage.
    pub const ALL: [Self; 3] = [Self::State, Self::Expectation, Self::Change];

    /// The field's symbol and what it is, in a word or two.
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

    /// Whether its values lie about zero, as a change's do.
    #[must_use]
    pub const fn is_difference(self) -> bool {
        matches!(self, Self::Change | Self::ClassDifference(_) | Self::Part(PartName::Stage(1..)))
    }

    /// What it is and by which formula, for a tooltip.
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
