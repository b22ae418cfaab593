//! The values of a configuration's options, each with the names that diffusers gives them.

use serde::{Deserialize, Serialize};

/// An option whose values have names.
pub(super) trait Named: Copy + 'static {
    /// All values with their names in diffusers.
    const NAMES: &'static [(&'static str, Self)];
}

macro_rules! named {
    ($(#[$doc:meta])* $name:ident $(+ $derive:ident)* { $($(#[$value_doc:meta])* $value:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, $($derive)*)]
        pub enum $name {
            $($(#[$value_doc])* #[serde(rename = $text)] $value,)*
        }

        impl Named for $name {
            const NAMES: &'static [(&'static str, Self)] = &[$(($text, Self::$value)),*];
        }

        impl $name {
            /// All values.
            pub const ALL: [Self; Self::NAMES.len()] = [$(Self::$value),*];

            /// The name diffusers gives it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$value => $text),* }
            }
        }
    };
}

named! {
    /// What the network predicts (diffusers: `prediction_type`).
    PredictionType + Deserialize {
        /// The noise; for an EDM model the network's raw output F.
        Epsilon = "epsilon",
        /// The image.
        Sample = "sample",
        /// `√ᾱ·ε − √(1−ᾱ)·x_0`.
        VPrediction = "v_prediction",
        /// `ε − x_0`.
        FlowPrediction = "flow_prediction",
    }
}

named! {
    /// The variance of DDPM's noise (diffusers: `variance_type`).
    VarianceType {
        /// `β̃_t`, the posterior's.
        FixedSmall = "fixed_small",
        /// The same by way of its logarithm.
        FixedSmallLog = "fixed_small_log",
        /// `β_t`.
        FixedLarge = "fixed_large",
        /// The same by way of its logarithm.
        FixedLargeLog = "fixed_large_log",
        /// The network's second half of channels.
        Learned = "learned",
        /// The network's second half of channels, between the two fixed ones.
        LearnedRange = "learned_range",
    }
}

named! {
    /// Where σ ends (diffusers: `final_sigmas_type`).
    FinalSigmas {
        /// At 0.
        Zero = "zero",
        /// At the smallest trained σ.
        SigmaMin = "sigma_min",
    }
}

named! {
    /// Which integral a solver approximates (diffusers: `algorithm_type`).
    AlgorithmType {
        /// DPM-Solver, in the estimated noise.
        DpmSolver = "dpmsolver",
        /// DPM-Solver++, in the estimated image.
        DpmSolverPlusPlus = "dpmsolver++",
        /// DPM-Solver with added noise.
        SdeDpmSolver = "sde-dpmsolver",
        /// DPM-Solver++ with added noise.
        SdeDpmSolverPlusPlus = "sde-dpmsolver++",
        /// DEIS.
        Deis = "deis",
        /// SA-Solver in the estimated image.
        DataPrediction = "data_prediction",
        /// SA-Solver in the estimated noise.
        NoisePrediction = "noise_prediction",
    }
}

named! {
    /// The variant of a solver of second or higher order (diffusers: `solver_type`).
    SolverType {
        /// DPM-Solver, midpoint.
        Midpoint = "midpoint",
        /// DPM-Solver, Heun.
        Heun = "heun",
        /// DEIS in log ρ.
        LogRho = "logrho",
        /// UniPC with `B(h) = h`.
        Bh1 = "bh1",
        /// UniPC with `B(h) = e^h − 1`.
        Bh2 = "bh2",
    }
}

named! {
    /// How μ becomes a shift of flow time (diffusers: `time_shift_type`).
    TimeShift {
        /// The shift is `e^μ`.
        Exponential = "exponential",
        /// The shift is μ.
        Linear = "linear",
    }
}

named! {
    /// What the network is fed (diffusers: `timestep_type`).
    TimestepType {
        /// The timestep.
        Discrete = "discrete",
        /// `¼ ln σ`; only together with `v_prediction`.
        Continuous = "continuous",
    }
}

named! {
    /// How Euler takes σ between timesteps (diffusers: `interpolation_type`).
    Interpolation {
        /// Linear in σ.
        Linear = "linear",
        /// Evenly in ln σ over the whole range, whatever the timesteps.
        LogLinear = "log_linear",
    }
}
