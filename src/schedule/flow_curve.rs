use super::{LevelList, MonotoneCubic, Plan, ScheduleError};
use crate::theory::NoiseLevel;
use serde::{Deserialize, Serialize};

/// A smooth curve of noise levels over a time in [0, 1]: a monotone cubic in flow time `σ/(1+σ)`, which is finite where
/// λ is not. Noise grows strictly with time.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowCurve {
    /// The weights of noise and image, `σ/(1+σ)` and `1/(1+σ)`. They sum to 1, and each keeps its digits where it is
    /// small.
    noise: MonotoneCubic,
    image: MonotoneCubic,
}

impl FlowCurve {
    /// Through these levels, time rising; `None` unless there are two or more and noise grows from each to the next.
    #[must_use]
    pub fn through(levels: &[(f64, NoiseLevel)]) -> Option<Self> {
        let weights = |sign: f64| {
            let weight = |level: NoiseLevel| NoiseLevel::from_log_snr(sign * level.log_snr()).flow_time();
            let along: Vec<(f64, f64)> = levels.iter().map(|&(time, level)| (time, weight(level))).collect();
            MonotoneCubic::through(&along)
        };
        Some(Self { noise: weights(1.0)?, image: weights(-1.0)? })
    }

    /// The level at a time.
    #[must_use]
    pub fn level_at(&self, time: f64) -> NoiseLevel {
        NoiseLevel::from_log_snr(2.0 * (self.image.at(time) / self.noise.at(time)).ln())
    }

    /// The time of a level, the nearest end where the curve never has it.
    #[must_use]
    pub fn time_of(&self, level: NoiseLevel) -> f64 {
        let noise = level.flow_time();
        if noise < 0.5 {
            self.noise.inverse(noise)
        } else {
            self.image.inverse(NoiseLevel::from_log_snr(-level.log_snr()).flow_time())
        }
    }

    /// dλ/dt.
    #[must_use]
    pub fn slope_at(&self, time: f64) -> f64 {
        2.0 * (self.image.slope(time) / self.image.at(time) - self.noise.slope(time) / self.noise.at(time))
    }
}

/// Typed levels as a curve over run time s: step i of N stands at `s = 1 − i/N`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "LevelList", into = "LevelList")]
pub struct Listed {
    list: LevelList,
    curve: FlowCurve,
}

impl TryFrom<LevelList> for Listed {
    type Error = ScheduleError;

    /// A list of σ or ᾱ; timesteps mean nothing without their model.
    fn try_from(list: LevelList) -> Result<Self, ScheduleError> {
        Ok(Self { curve: Self::of_plan(&list.plan_of_any()?)?, list })
    }
}

impl From<Listed> for LevelList {
    fn from(listed: Listed) -> Self {
        listed.list
    }
}

impl Listed {
    fn of_plan(plan: &Plan) -> Result<FlowCurve, ScheduleError> {
        let steps = plan.steps();
        let time = |step: usize| 1.0 - step as f64 / steps as f64;
        let levels: Vec<(f64, NoiseLevel)> =
            plan.levels().iter().enumerate().map(|(step, &level)| (time(step), level)).rev().collect();
        FlowCurve::through(&levels).ok_or(ScheduleError::LevelsCoincide { of: "the list".into(), step: steps })
    }

    /// The curve.
    #[must_use]
    pub const fn curve(&self) -> &FlowCurve {
        &self.curve
    }
}
