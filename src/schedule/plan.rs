use super::{LevelList, MAX_STEPS, ModelSchedule, STAND_IN_SIGMA_MAX, ScheduleError, computed};
use crate::theory::NoiseLevel;
use serde::{Deserialize, Serialize};
use std::f64::consts::LN_2;

/// λ, nats, of the largest σ that is a number, rounding aside.
const LEAST_LOG_SNR: f64 = -1419.0;

/// Where the last step of a run ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinalLevel {
    /// At the clean image, `ᾱ = 1` (diffusers: `set_alpha_to_one` true, `final_sigmas_type` "zero").
    #[default]
    Clean,
    /// At the cleanest level the model was trained on (`set_alpha_to_one` false, `final_sigmas_type` "sigma_min").
    FirstTrained,
}

/// The noise levels a run visits and the timestep fed to the network at each.
///
/// The levels are kept as asked for even where the model was not trained on them; only the timestep is then clamped
/// ([`PlanWarning::OutsideTrainedRange`]). Noise falls strictly from step to step, except that the final level may
/// equal the last step's (that step then does nothing). No step starts at `ᾱ = 1`.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    levels: Vec<NoiseLevel>,
    timesteps: Vec<f64>,
    outside: Vec<usize>,
    /// What the levels were given as.
    pub(super) given: Option<LevelList>,
}

impl Plan {
    /// Visits the given timesteps of the model, falling, each within the model's range.
    pub fn from_timesteps(
        model: &ModelSchedule,
        timesteps: &[f64],
        final_level: FinalLevel,
    ) -> Result<Self, ScheduleError> {
        if timesteps.is_empty() {
            return Err(ScheduleError::NoTimesteps);
        }
        check_length(timesteps.len(), "a list of timesteps")?;
        let (first, last) = model.timestep_range();
        let mut previous = f64::INFINITY;
        for (row, &value) in (1..).zip(timesteps) {
            if !(first..=last).contains(&value) {
                return Err(ScheduleError::Timestep { row, value, first, last });
            }
            if value >= previous {
                return Err(ScheduleError::TimestepNotFalling { row, previous, value });
            }
            if model.level_at(value) == NoiseLevel::CLEAN {
                return Err(ScheduleError::CleanStep { row, value });
            }
            previous = value;
        }
        let levels = timesteps.iter().map(|&timestep| model.level_at(timestep)).collect();
        Ok(Self { timesteps: timesteps.to_vec(), ..Self::ending(model, levels, final_level, "the list of timesteps")? })
    }

    /// Visits the given σ, falling: N + 1 values make N steps. The last may be 0, and where it is not the run ends at
    /// that level. The first may be infinite, which is pure noise.
    pub fn from_sigmas(model: &ModelSchedule, sigmas: &[f64]) -> Result<Self, ScheduleError> {
        let Some(steps) = sigmas.len().checked_sub(1).filter(|&steps| steps > 0) else {
            return Err(ScheduleError::TooFewSigmas(sigmas.len()));
        };
        check_length(steps, "a list of σ")?;
        let mut previous = f64::INFINITY;
        for (row, &value) in (1..).zip(sigmas) {
            let may_be_zero = row == sigmas.len();
            let possible = value.is_finite() || (value == f64::INFINITY && row == 1);
            if !possible || value < 0.0 || (value == 0.0 && !may_be_zero) {
                return Err(ScheduleError::Sigma { row, value });
            }
            if row > 1 && value == previous {
                return Err(ScheduleError::EqualSigmas { row, value });
            }
            if value > previous {
                return Err(ScheduleError::RisingSigma { row, previous, value });
            }
            previous = value;
        }
        Ok(Self::from_levels(model, sigmas.iter().map(|&sigma| NoiseLevel::from_sigma(sigma)).collect()))
    }

    /// Visits the given ᾱ, rising: N + 1 values make N steps. The first may be 0 and the last 1.
    pub fn from_alpha_bars(model: &ModelSchedule, alpha_bars: &[f64]) -> Result<Self, ScheduleError> {
        let Some(steps) = alpha_bars.len().checked_sub(1).filter(|&steps| steps > 0) else {
            return Err(ScheduleError::TooFewAlphaBars(alpha_bars.len()));
        };
        check_length(steps, "a list of ᾱ")?;
        let mut previous = f64::NEG_INFINITY;
        for (row, &value) in (1..).zip(alpha_bars) {
            if !(0.0..=1.0).contains(&value) || (value == 1.0 && row != alpha_bars.len()) {
                return Err(ScheduleError::AlphaBarRow { row, value });
            }
            if value <= previous {
                return Err(ScheduleError::AlphaBarNotRising { row, previous, value });
            }
            previous = value;
        }
        Ok(Self::from_levels(model, alpha_bars.iter().map(|&value| NoiseLevel::from_alpha_bar(value)).collect()))
    }

    /// Visits the given flow times, falling: N + 1 values make N steps. The first may be 1 and the last 0. A flow model is
    /// fed exactly these times.
    pub fn from_flow_times(model: &ModelSchedule, times: &[f64]) -> Result<Self, ScheduleError> {
        let Some(steps) = times.len().checked_sub(1).filter(|&steps| steps > 0) else {
            return Err(ScheduleError::TooFewFlowTimes(times.len()));
        };
        check_length(steps, "a list of flow times")?;
        let mut previous = f64::INFINITY;
        for (row, &value) in (1..).zip(times) {
            if !(0.0..=1.0).contains(&value) || (value == 0.0 && row != times.len()) {
                return Err(ScheduleError::FlowTimeRow { row, value });
            }
            if value >= previous {
                return Err(ScheduleError::FlowTimeNotFalling { row, previous, value });
            }
            previous = value;
        }
        let mut plan = Self::from_levels(model, times.iter().map(|&time| NoiseLevel::from_flow_time(time)).collect());
        if let ModelSchedule::Flow { num_train_timesteps, .. } = model {
            plan.timesteps = times[..steps].iter().map(|time| computed(time * *num_train_timesteps as f64)).collect();
        }
        Ok(plan)
    }

    /// From the levels that steps start at.
    pub(super) fn ending(
        model: &ModelSchedule,
        mut levels: Vec<NoiseLevel>,
        final_level: FinalLevel,
        of: &str,
    ) -> Result<Self, ScheduleError> {
        if let Some(before) = levels.windows(2).position(|pair| pair[1] <= pair[0]) {
            return Err(ScheduleError::LevelsCoincide { of: of.to_owned(), step: before + 1 });
        }
        let end = match (final_level, levels.last()) {
            (FinalLevel::Clean, _) | (_, None) => NoiseLevel::CLEAN,
            // A run that is already below the trained range stays where it is.
            (FinalLevel::FirstTrained, Some(&last)) if last > model.cleanest() => last,
            (FinalLevel::FirstTrained, _) => model.cleanest(),
        };
        levels.push(end);
        Ok(Self::from_levels(model, levels))
    }

    /// From the levels that steps start at, to a level that lies below them all.
    pub(super) fn to_level(
        model: &ModelSchedule,
        mut levels: Vec<NoiseLevel>,
        end: NoiseLevel,
        of: &str,
    ) -> Result<Self, ScheduleError> {
        levels.push(end);
        if let Some(before) = levels.windows(2).position(|pair| pair[1] <= pair[0]) {
            return Err(ScheduleError::LevelsCoincide { of: of.to_owned(), step: before + 1 });
        }
        Ok(Self::from_levels(model, levels))
    }

    /// From the levels that steps start at, to a level that lies below them all or is that of the last.
    pub(super) fn staying_at(
        model: &ModelSchedule,
        levels: Vec<NoiseLevel>,
        end: NoiseLevel,
        of: &str,
    ) -> Result<Self, ScheduleError> {
        let mut plan = Self::ending(model, levels, FinalLevel::Clean, of)?;
        if let Some(last) = plan.levels.last_mut() {
            *last = end;
        }
        Ok(plan)
    }

    /// The same plan with other numbers for the network than the levels' own timesteps.
    pub(super) fn feeding(self, timesteps: Vec<f64>) -> Self {
        debug_assert_eq!(timesteps.len(), self.timesteps.len());
        Self { timesteps, ..self }
    }

    /// The S levels that steps start at.
    pub(super) fn visited(&self) -> &[NoiseLevel] {
        &self.levels[..self.levels.len() - 1]
    }

    fn from_levels(model: &ModelSchedule, levels: Vec<NoiseLevel>) -> Self {
        let visited = &levels[..levels.len() - 1];
        let timesteps = visited.iter().map(|&level| model.timestep_of(level)).collect();
        let outside = (0..visited.len()).filter(|&step| !model.covers(visited[step])).collect();
        Self { levels, timesteps, outside, given: None }
    }

    /// The same plan for samplers whose state has no finite form at `σ = ∞`: such a start is moved to
    /// [`STAND_IN_SIGMA_MAX`], as diffusers' Euler does, or to twice the next σ where that is more, so that noise still falls
    /// strictly; the timestep stays that of the start.
    #[must_use]
    pub fn with_finite_start(self) -> Self {
        self.with_finite_start_at(STAND_IN_SIGMA_MAX)
    }

    /// The same with another σ in the place of infinity.
    #[must_use]
    pub fn with_finite_start_at(mut self, sigma: f64) -> Self {
        if self.levels[0].sigma().is_infinite() {
            let stand_in = NoiseLevel::from_sigma(sigma).log_snr();
            let next = self.levels[1].log_snr();
            // The least λ whose σ is a number lies just below −1419; past it nothing but the neighbouring number is left.
            let above_next = (next - 2.0 * LN_2).max(LEAST_LOG_SNR).min(next.next_down());
            self.levels[0] = NoiseLevel::from_log_snr(stand_in.min(above_next));
            return self.with_start_given();
        }
        self
    }

    /// S, the number of steps; at least 1.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.timesteps.len()
    }

    /// S + 1 levels, noisiest first; step `i` goes from `levels()[i]` to `levels()[i + 1]`.
    #[must_use]
    pub fn levels(&self) -> &[NoiseLevel] {
        &self.levels
    }

    /// S timesteps, one for each level but the last: what the network is fed there. It is the model's continuous
    /// timestep of the level, or by a scheduler's own configuration the number that its class feeds. A network whose
    /// timestep input is an integer gets them rounded, half to even.
    #[must_use]
    pub fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    /// What the network is fed at a level that a step starts at.
    #[must_use]
    pub fn fed(&self) -> FedTimesteps {
        FedTimesteps(self.visited().iter().copied().zip(self.timesteps.iter().copied()).collect())
    }

    /// Steps whose level lies outside the model's trained range, ascending.
    #[must_use]
    pub fn outside(&self) -> &[usize] {
        &self.outside
    }
}

/// The timestep of each level that a run's steps start at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FedTimesteps(Vec<(NoiseLevel, f64)>);

impl FedTimesteps {
    /// The timestep fed at exactly this level; `None` for a level between those of the steps.
    #[must_use]
    pub fn at(&self, level: NoiseLevel) -> Option<f64> {
        self.0.iter().find(|(visited, _)| *visited == level).map(|&(_, timestep)| timestep)
    }
}

fn check_length(steps: usize, of: &str) -> Result<(), ScheduleError> {
    if steps > MAX_STEPS {
        return Err(ScheduleError::TooManySteps { steps, limit: MAX_STEPS, of: of.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{
        BetaSchedule, Curve, PlanRequest, PlanSource, Spacing, SpacingConvention, TerminalSnr, TrainingSpec,
    };
    use proptest::prelude::*;

    fn falls(plan: &Plan) -> bool {
        let (levels, sigmas): (_, Vec<f64>) =
            (plan.levels(), plan.levels().iter().map(|level| level.sigma()).collect());
        sigmas[0].is_finite()
            && levels.windows(2).all(|pair| pair[0] < pair[1])
            && sigmas.windows(2).all(|pair| pair[0] > pair[1])
    }

    fn cosine(s: f64, power: f64) -> Curve {
        let usual: Curve = "cosine".parse().unwrap();
        usual.with_parameter("s", s).and_then(|curve| curve.with_parameter("power", power)).unwrap()
    }

    /// Schedules that begin at pure noise.
    fn from_pure_noise() -> impl Strategy<Value = ModelSchedule> {
        let table = |kind, timesteps| {
            let spec = TrainingSpec {
                num_train_timesteps: timesteps,
                zero_terminal_snr: Some(TerminalSnr::Zero),
                ..TrainingSpec::new(kind)
            };
            spec.table().ok().map(ModelSchedule::Discrete)
        };
        let kinds = prop::sample::select(vec![BetaSchedule::Linear, BetaSchedule::ScaledLinear]);
        prop_oneof![
            (0.0..0.5, 0.2..4.0).prop_map(|(s, power)| ModelSchedule::Continuous(cosine(s, power))),
            (0.1..20.0).prop_map(|shift| ModelSchedule::Flow { num_train_timesteps: 1000, shift }),
            (kinds, 2_usize..20_000).prop_filter_map("no such table", move |(kind, timesteps)| table(kind, timesteps)),
        ]
    }

    proptest! {
        #[test]
        fn a_finite_start_lies_above_all_that_follows(model in from_pure_noise(), steps in 1..10_000_usize) {
            let (source, convention) = (PlanSource::Spacing(Spacing::Trailing), SpacingConvention::Euler);
            let request =
                PlanRequest { source, steps, convention, steps_offset: 0, final_level: FinalLevel::Clean };
            // A table has no more steps than timesteps.
            if let Ok(plan) = request.plan(&model) {
                let finite = plan.clone().with_finite_start();
                prop_assert!(falls(&finite), "{:?}", &finite.levels()[..2]);
                prop_assert_eq!(&finite.levels()[1..], &plan.levels()[1..]);
                prop_assert_eq!(finite.timesteps(), plan.timesteps());
                if plan.levels()[0].sigma().is_finite() { prop_assert_eq!(finite, plan); }
            }
        }

        #[test]
        fn whatever_comes_second_a_finite_start_lies_above_it(exponent in -300.0..308.0_f64) {
            let model = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
            let plan = Plan::from_sigmas(&model, &[f64::INFINITY, 10.0_f64.powf(exponent), 0.0]).unwrap();
            let finite = plan.with_finite_start();
            prop_assert!(falls(&finite), "{:?}", finite.levels());
        }
    }

    #[test]
    fn a_cosine_schedule_of_thousands_of_steps_starts_above_its_second_level() {
        let model = ModelSchedule::Continuous("cosine".parse().unwrap());
        let (source, convention) = (PlanSource::Spacing(Spacing::Trailing), SpacingConvention::Euler);
        let request =
            PlanRequest { source, steps: 10_000, convention, steps_offset: 0, final_level: FinalLevel::Clean };
        let plan = request.plan(&model).unwrap();
        assert!(plan.levels()[0].sigma().is_infinite() && plan.levels()[1].sigma() > STAND_IN_SIGMA_MAX);
        let finite = plan.with_finite_start();
        assert!(falls(&finite));
        assert!((finite.levels()[0].sigma() / finite.levels()[1].sigma() - 2.0).abs() < 1e-12);
    }
}
