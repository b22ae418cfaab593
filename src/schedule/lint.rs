//! Warnings about a plan that can still be run.

use super::Plan;
use super::design::signal;
use crate::theory::{Chromatogram, Measure, NoiseLevel};
use serde::Serialize;
use std::fmt;

impl Plan {
    /// What a user should know about this plan before running it. `integer_timesteps`: the network's timestep input is
    /// an integer.
    #[must_use]
    pub fn warnings(&self, integer_timesteps: bool) -> Vec<PlanWarning> {
        let (levels, steps) = (self.levels(), self.steps());
        let fed = |step: usize| {
            let timestep = self.timesteps()[step];
            if integer_timesteps { timestep.round_ties_even() } else { timestep }
        };
        let no_op: Vec<usize> = (0..steps).filter(|&step| levels[step] == levels[step + 1]).collect();
        let repeated: Vec<usize> = (1..steps).filter(|&step| fed(step) == fed(step - 1)).collect();
        let (outside, end) = (self.outside(), levels[steps]);
        [
            (!no_op.is_empty()).then_some(PlanWarning::NoOp { steps: no_op }),
            (!repeated.is_empty()).then_some(PlanWarning::RepeatedTimestep { steps: repeated }),
            (!outside.is_empty()).then(|| PlanWarning::OutsideTrainedRange { steps: outside.to_vec() }),
            (end != NoiseLevel::CLEAN).then(|| PlanWarning::EndsNoisy { sigma: end.sigma() }),
            (levels[0].log_snr() > 0.0).then(|| PlanWarning::StartsClean { sigma: levels[0].sigma() }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Something questionable in a plan that runs all the same. Steps count from 0, in ascending order.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "warning", rename_all = "snake_case")]
pub enum PlanWarning {
    /// Steps that start and end at the same level.
    NoOp {
        /// Those steps.
        steps: Vec<usize>,
    },
    /// Steps at which the network is fed the same timestep as at the step before.
    RepeatedTimestep {
        /// Those steps.
        steps: Vec<usize>,
    },
    /// Steps whose level lies outside the model's trained range; the timestep is clamped.
    OutsideTrainedRange {
        /// Those steps.
        steps: Vec<usize>,
    },
    /// The run ends at a level with noise.
    EndsNoisy {
        /// σ of the end.
        sigma: f64,
    },
    /// The run starts where the image already outweighs the noise, though it is given pure noise.
    StartsClean {
        /// σ of the start.
        sigma: f64,
    },
    /// The first level still holds signal, though the run is given pure noise (Lin et al. 2023).
    TerminalSnr {
        /// SNR of the start.
        snr: f64,
    },
    /// The last step generates more than any other.
    LastStepJumps {
        /// That step.
        step: usize,
        /// Its share of everything that is generated.
        share: f64,
    },
    /// Steps in a row in which no level gains anything worth a step.
    Idle {
        /// Those steps.
        steps: Vec<usize>,
        /// What they generate together, as a share of everything.
        share: f64,
    },
}

impl PlanWarning {
    /// The steps it concerns, ascending, from 0; the end of the run counts as the last step.
    #[must_use]
    pub fn steps(&self, of: usize) -> Vec<usize> {
        match self {
            Self::NoOp { steps }
            | Self::RepeatedTimestep { steps }
            | Self::OutsideTrainedRange { steps }
            | Self::Idle { steps, .. } => steps.clone(),
            Self::EndsNoisy { .. } => vec![of.saturating_sub(1)],
            Self::StartsClean { .. } | Self::TerminalSnr { .. } => vec![0],
            Self::LastStepJumps { step, .. } => vec![*step],
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::NoOp { .. } => "remove the step, or move its dot to another noise level",
            Self::RepeatedTimestep { .. } => "use fewer steps, or move the dots apart",
            Self::OutsideTrainedRange { .. } => "move these steps between the ends of the model's own schedule",
            Self::EndsNoisy { .. } => "tie the end of the curve, or end the list with σ = 0",
            Self::StartsClean { .. } => "start with more noise: trailing spacing, more steps, or a tied start",
            Self::TerminalSnr { .. } => {
                "the model was trained like this; if its prediction type allows it, rescale to zero terminal SNR"
            }
            Self::LastStepJumps { .. } => "move steps towards the image, or use more steps",
            Self::Idle { .. } => "move these steps to where levels gain, or try equal signal per step",
        }
    }

    /// In three or four words, for a label beside the step.
    #[must_use]
    pub const fn short(&self) -> &'static str {
        match self {
            Self::NoOp { .. } => "does nothing",
            Self::RepeatedTimestep { .. } => "same timestep",
            Self::OutsideTrainedRange { .. } => "untrained level",
            Self::EndsNoisy { .. } => "ends noisy",
            Self::StartsClean { .. } => "starts clean",
            Self::TerminalSnr { .. } => "not pure noise",
            Self::LastStepJumps { .. } => "largest jump",
            Self::Idle { .. } => "adds little",
        }
    }
}

/// SNR of the first level above which it is worth a word: that of Stable Diffusion is 0.0047.
const NOTABLE_SNR: f64 = 1e-3;
/// A step is idle where it generates less than this share of the mean step.
const IDLE: f64 = 0.05;
/// This many idle steps in a row are worth a word.
const IDLE_STEPS: usize = 3;

/// Everything questionable about a plan: its [`warnings`](Plan::warnings), and what the theory of its resolutions adds,
/// counting power.
#[must_use]
pub fn lint(plan: &Plan, integer_timesteps: bool, theory: &Chromatogram) -> Vec<PlanWarning> {
    let mut warnings = plan.warnings(integer_timesteps);
    let levels = plan.levels();
    let start = levels[0].log_snr();
    if start.exp() > NOTABLE_SNR && start <= 0.0 {
        warnings.push(PlanWarning::TerminalSnr { snr: start.exp() });
    }
    let made = made(levels, theory);
    let total: f64 = made.iter().sum();
    let steps = made.len();
    if total <= 0.0 {
        return warnings;
    }
    let (last, others) = (made[steps - 1], &made[..steps - 1]);
    if steps > 2 && others.iter().all(|&other| last > other) {
        warnings.push(PlanWarning::LastStepJumps { step: steps - 1, share: last / total });
    }
    let mean = total / steps as f64;
    let mut step = 0;
    while step < steps {
        let idle = made[step..].iter().take_while(|&&made| made < IDLE * mean).count();
        if idle >= IDLE_STEPS {
            let share = made[step..step + idle].iter().sum::<f64>() / total;
            warnings.push(PlanWarning::Idle { steps: (step..step + idle).collect(), share });
        }
        step += idle.max(1);
    }
    warnings
}

/// `Σ_m V_m·Δa_m` of every step.
#[must_use]
pub fn made(levels: &[NoiseLevel], theory: &Chromatogram) -> Vec<f64> {
    let of = |level: NoiseLevel| signal(theory, level, Measure::Power);
    levels.windows(2).map(|pair| of(pair[1]) - of(pair[0])).collect()
}

impl fmt::Display for PlanWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOp { steps } => {
                let (nothing, it) = if steps.len() == 1 { ("does nothing", "it") } else { ("do nothing", "each") };
                write!(f, "{} {nothing}: {it} starts and ends at the same noise level", named(steps))
            }
            Self::RepeatedTimestep { steps } => {
                write!(f, "{} at the timestep of the step before; fewer steps would give the same", starting(steps))
            }
            Self::OutsideTrainedRange { steps } => write!(
                f,
                "{} outside the noise levels the model was trained on; the network receives the nearest level it knows",
                starting(steps)
            ),
            Self::EndsNoisy { sigma } => {
                write!(f, "the run ends at σ = {sigma:.4}, so the result still contains noise")
            }
            Self::StartsClean { sigma } => write!(
                f,
                "the run starts from pure noise at σ = {sigma:.4}, where the model expects mostly image; use trailing \
                 spacing or more steps"
            ),
            Self::TerminalSnr { snr } => {
                write!(f, "the run starts from pure noise where the model expects a signal-to-noise ratio of {snr:.4}")
            }
            Self::LastStepJumps { step, share } => {
                write!(f, "the last step, {}, adds {:.0} % of the image, more than any other", step, 100.0 * share)
            }
            Self::Idle { steps, share } => {
                let percent = 100.0 * share;
                let add = if steps.len() == 1 { "adds" } else { "add" };
                write!(f, "{} {add} little: together {percent:.1} % of the image", named(steps))
            }
        }
    }
}

/// "step 3 starts", "steps 0 to 3 start", "5 steps (from step 2) start".
fn starting(steps: &[usize]) -> String {
    format!("{} {}", named(steps), if steps.len() == 1 { "starts" } else { "start" })
}

/// "step 3", "steps 0 to 3", "5 steps (from step 2)": counted from 0, as every place in a run.
fn named(steps: &[usize]) -> String {
    match steps {
        [only] => format!("step {only}"),
        [first, .., last] if last - first + 1 == steps.len() => format!("steps {first} to {last}"),
        [first, ..] => format!("{} steps (from step {first})", steps.len()),
        [] => "no steps".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{BetaSchedule, ModelSchedule, PlanRequest, SpacingConvention, TrainingSchedule};

    fn plan(source: &str, steps: usize) -> Plan {
        let table = TrainingSchedule::new(BetaSchedule::ScaledLinear, 0.00085, 0.012, 1000).unwrap();
        let request = PlanRequest {
            source: source.parse().unwrap(),
            steps,
            convention: SpacingConvention::Ddim,
            steps_offset: 0,
            final_level: crate::schedule::FinalLevel::Clean,
        };
        request.plan(&ModelSchedule::Discrete(table)).unwrap()
    }

    #[test]
    fn theory_adds_what_levels_alone_do_not_tell() {
        let theory = Chromatogram::scale_invariant(2, 6).unwrap();
        let found = lint(&plan("trailing", 20), true, &theory);
        let [PlanWarning::TerminalSnr { snr }] = found[..] else { panic!("{found:?}") };
        assert!((snr - 14.6146_f64.powi(-2)).abs() < 1e-6);

        let table = ModelSchedule::Discrete(TrainingSchedule::new(BetaSchedule::Linear, 1e-4, 0.02, 1000).unwrap());
        // Four steps in the noise, then one to the image.
        let jumps = Plan::from_sigmas(&table, &[150.0, 149.0, 148.0, 147.0, 146.0, 0.0]).unwrap();
        let found = lint(&jumps, false, &theory);
        assert!(matches!(found[0], PlanWarning::LastStepJumps { step: 4, share } if share > 0.9), "{found:?}");
        let PlanWarning::Idle { steps, share } = &found[1] else { panic!("{found:?}") };
        assert_eq!((&steps[..], *share < 0.02), (&[0, 1, 2, 3][..], true));
        let said = found[1].to_string();
        assert!(said.contains("steps 0 to 3") && said.contains(&format!("{:.1} %", 100.0 * share)), "{said}");
        assert_eq!(found[0].steps(5), [4]);
        let total: f64 = made(jumps.levels(), &theory).iter().sum();
        assert!(total > 0.0 && total < 6.0);
    }
}
