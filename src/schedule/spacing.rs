use super::beta_schedule::ramp;
use super::{MAX_STEPS, ScheduleError};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which of the T trained timesteps a run of N steps visits (diffusers: `timestep_spacing`; Lin et al. 2023, table 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spacing {
    /// Evenly from `T−1` to 0, both included.
    Linspace,
    /// Multiples of `⌊T/N⌋` from 0, plus `steps_offset`; never reaches `T−1`.
    Leading,
    /// Back from `T−1` in strides of `T/N`; never reaches 0 unless `N = T`.
    Trailing,
}

impl Spacing {
    /// Every spacing.
    pub const ALL: [Self; 3] = [Self::Linspace, Self::Leading, Self::Trailing];

    /// The name diffusers gives it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linspace => "linspace",
            Self::Leading => "leading",
            Self::Trailing => "trailing",
        }
    }
}

impl fmt::Display for Spacing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How the schedulers of diffusers differ over one and the same configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpacingConvention {
    /// DDIM, PNDM: integers; `set_alpha_to_one` says where a run ends.
    Ddim,
    /// DDPM, UnCLIP, LCM: the same, but runs end at the clean image.
    Ddpm,
    /// TCD: the same, but runs end at the level of timestep 0.
    Tcd,
    /// Euler, Euler ancestral, Heun, LMS: `linspace` keeps its fractions; a σ family goes over the range of the spaced
    /// timesteps.
    Euler,
    /// KDPM2: the same, but the timesteps of Karras levels are rounded.
    Kdpm2,
    /// DPM-Solver++: `linspace` and `leading` divide by N + 1 and drop the last point; a σ family goes over the model's
    /// whole range, with integer timesteps.
    DpmSolver,
    /// UniPC: the same, but a family that does not end clean ends where its last step starts.
    UniPc,
    /// DEIS, SA-Solver: as UniPC.
    Deis,
}

impl SpacingConvention {
    /// Whether it is one of the solvers that divide by N + 1.
    pub(super) const fn is_solver(self) -> bool {
        matches!(self, Self::DpmSolver | Self::UniPc | Self::Deis)
    }

    /// Whether `linspace` keeps its fractions.
    pub(super) const fn keeps_fractions(self) -> bool {
        matches!(self, Self::Euler | Self::Kdpm2)
    }
}

/// The timesteps of an N-step run on a model of `num_train` timesteps, noisiest first, as diffusers gives them.
///
/// Two cases where diffusers is at fault are not followed. For some N (61 of 1000, for one) rounding in `trailing`
/// gives it N + 1 timesteps, the last of them −1: here there are N. Where `leading` plus `steps_offset` passes the last
/// timestep, diffusers fails inside the step or repeats the last level: here it is an error.
pub fn timesteps(
    spacing: Spacing,
    convention: SpacingConvention,
    steps: usize,
    num_train: usize,
    steps_offset: usize,
) -> Result<Vec<f64>, ScheduleError> {
    timesteps_below(spacing, convention, steps, (num_train, num_train), steps_offset)
}

/// The same over the first `num_train` of a model's timesteps; `trailing` keeps the stride of them all.
pub(super) fn timesteps_below(
    spacing: Spacing,
    convention: SpacingConvention,
    steps: usize,
    (num_train, of_all): (usize, usize),
    steps_offset: usize,
) -> Result<Vec<f64>, ScheduleError> {
    if steps == 0 {
        return Err(ScheduleError::NoSteps);
    }
    let extra = usize::from(convention.is_solver() && spacing != Spacing::Trailing);
    let keeps_fractions = convention.keeps_fractions() && spacing == Spacing::Linspace;
    let limit = if keeps_fractions { MAX_STEPS } else { num_train.saturating_sub(extra).min(MAX_STEPS) };
    if steps > limit {
        let of = if keeps_fractions {
            "any run".to_owned()
        } else {
            format!("{spacing} spacing over the model's {}", crate::words::count(num_train, "timestep"))
        };
        return Err(ScheduleError::TooManySteps { steps, limit, of });
    }
    let points = steps + extra;
    let last = num_train.saturating_sub(1);
    let mut visited: Vec<f64> = match spacing {
        Spacing::Linspace => (0..points).map(|i| linspace(last, points, i, keeps_fractions)).collect(),
        Spacing::Leading => {
            let stride = num_train / points;
            let first = (points - 1) * stride + steps_offset;
            if first > last {
                return Err(ScheduleError::PastTheEnd { steps, steps_offset, first, last });
            }
            (0..points).map(|i| (i * stride + steps_offset) as f64).collect()
        }
        Spacing::Trailing => {
            let visited: Vec<f64> = (0..points).map(|i| trailing(num_train, of_all, points, i)).collect();
            let limit = visited.iter().take_while(|&&timestep| timestep >= 0.0).count();
            if limit < steps {
                let of = "trailing spacing above the lowest λ".to_owned();
                return Err(ScheduleError::TooManySteps { steps, limit, of });
            }
            return Ok(visited);
        }
    };
    visited.reverse();
    visited.truncate(steps);
    Ok(visited)
}

/// numpy's linspace multiplies the index by the rounded stride and sets the last point.
fn linspace(last: usize, points: usize, i: usize, keeps_fractions: bool) -> f64 {
    let exact =
        if points > 1 && i == points - 1 { last as f64 } else { i as f64 * (last as f64 / (points.max(2) - 1) as f64) };
    if keeps_fractions { exact } else { exact.round_ties_even() }
}

/// numpy's arange takes as stride the difference of its first two values.
fn trailing(num_train: usize, of_all: usize, points: usize, i: usize) -> f64 {
    let end = num_train as f64;
    let stride = (end - of_all as f64 / points as f64) - end;
    (end + i as f64 * stride).round_ties_even() - 1.0
}

/// `count` values evenly from `start` to `stop`, with numpy's order of operations.
pub(super) fn np_linspace(start: f64, stop: f64, count: usize) -> Vec<f64> {
    let stride = (stop - start) / (count.max(2) - 1) as f64;
    let value = |i: usize| if i > 0 && i == count - 1 { stop } else { i as f64 * stride + start };
    (0..count).map(value).collect()
}

/// The run time `s` from 1 (noise) to 0 of step `i`, evenly over N steps with both ends included.
pub(super) fn run_time(i: usize, steps: usize) -> f64 {
    1.0 - ramp(i, steps)
}
