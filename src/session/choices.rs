//! The choices in the window's menus, with their names.

use serde::{Deserialize, Serialize};

/// An enum with a name for each value, for files and menus.
macro_rules! named {
    ($(#[$about:meta])* $kind:ident { $($(#[$doc:meta])* $value:ident = $name:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $kind { $($(#[$doc])* $value),* }

        impl $kind {
            /// All values, in the order of menus.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$value),*];

            /// The name for people.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$value => $name),* }
            }
        }
    };
}

pub(super) use named;

named! {
    /// A layout of panes and tracks.
    #[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
    Layout {
        /// The default: images, spectra and all basic tracks.
        #[default]
        Explore = "Explore",
        /// Large images and few controls, for presenting.
        Present = "Present",
        /// Drawing the noise schedule, and its effect on every level.
        #[cfg_attr(feature = "cli", value(name = "lab"))]
        ScheduleLab = "Schedule lab",
        /// Spectra of one run and of many samples.
        Spectra = "Spectra",
        /// Guidance, classes by level and over time, and larger sizes.
        Guidance = "Guidance",
    }
}

named! {
    /// The unit of the shared time axis; noise is always on the left.
    AxisReading {
        /// The sampler's steps.
        #[default]
        Step = "step",
        /// Run time, 1 (noise) to 0 (image).
        RunTime = "s",
        /// The number fed to the network.
        Timestep = "timestep",
        /// `λ = ln(ᾱ/(1−ᾱ))`.
        LogSnr = "λ",
        /// `σ = √((1−ᾱ)/ᾱ)`, logarithmic.
        Sigma = "σ",
        /// Evaluations of the network.
        Evaluations = "evaluations",
    }
}

named! {
    /// What the chromatogram plots for each level, for a scale-invariant prior.
    Measure {
        /// Shares of the variance.
        #[default]
        Power = "power",
        /// Shares of the standard deviation.
        Amplitude = "amplitude",
    }
}

impl From<Measure> for crate::theory::Measure {
    fn from(choice: Measure) -> Self {
        match choice {
            Measure::Power => Self::Power,
            Measure::Amplitude => Self::Amplitude,
        }
    }
}

named! {
    /// How the levels of a chromatogram are drawn.
    Stacking {
        /// One line per level.
        #[default]
        Lines = "lines",
        /// Stacked areas.
        Areas = "stacked areas",
    }
}

named! {
    /// The unit of a noise level in a plot.
    LevelReading {
        /// `λ = ln(ᾱ/(1−ᾱ))`, nats.
        #[default]
        LogSnr = "λ",
        /// `ᾱ`.
        AlphaBar = "ᾱ",
        /// `σ`, logarithmic.
        Sigma = "σ",
        /// The signal-to-noise ratio in dB.
        Decibel = "SNR dB",
    }
}

named! {
    /// What the track of adjusted times plots.
    AdjustedView {
        /// `τ_m(t)`.
        #[default]
        Time = "τ",
        /// λ at τ.
        LogSnr = "λ at τ",
        /// ᾱ at τ.
        AlphaBar = "ᾱ at τ",
        /// σ at τ.
        Sigma = "σ at τ",
        /// The signal-to-noise ratio at τ.
        Decibel = "SNR dB at τ",
        /// `√P` and P, the scale of pooled states.
        Intensity = "√P and P",
    }
}

named! {
    /// How two schedules are compared.
    TheoremView {
        /// The other's chromatogram on this one's axis, at equal noise levels.
        #[default]
        Mapped = "equal ᾱ",
        /// Each over its own time.
        Apart = "own time",
    }
}
