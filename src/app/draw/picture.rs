//! What can be shown of a moment of a run. No GUI.

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
            Self::State => ("xₜ", "noisy state"),
            Self::Expectation => ("E[x₀|xₜ]", "expectation"),
            Self::Coarse => ("E[x₀|xₜ]", "coarse"),
            Self::Change => ("ΔE[x₀|xₜ]", "since last step"),
            Self::Part(_) => ("part", "of E[x₀|xₜ]"),
            Self::ClassDifference(_) => ("difference", "class − none"),
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
            Self::Part(_) | Self::ClassDifference(_) => "A part of what E[x₀|xₜ] is made of",
            Self::State => {
                "The state xₜ = √ᾱ·x₀ + √(1−ᾱ)·ε, variance preserving whatever the sampler. Wheel: zoom; drag: pan; \
                 double-click: the whole image"
            }
            Self::Expectation => {
                "E[x₀|xₜ], the image that the model expects behind this state: (xₜ − √(1−ᾱ)·ε̂)/√ᾱ. Wheel: zoom; drag: \
                 pan; double-click: the whole image"
            }
            Self::Coarse => {
                "E[x₀|xₜ] of the run that is being made, from a few long steps; it gives way to the run itself. Wheel: zoom; \
                 drag: pan; double-click: the whole image"
            }
            Self::Change => {
                "E[x₀|xₜ] less that of the step before, mean over the channels: blue below zero, orange above, the \
                 background where nothing changed; the root of the magnitude, so that small changes show"
            }
        }
    }
}
