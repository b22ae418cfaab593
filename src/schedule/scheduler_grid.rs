//! What a run visits by a scheduler's configuration, step by step as its class in diffusers makes it.

use super::spacing::{self, np_linspace};
use super::{
    MAX_STEPS, ModelSchedule, Plan, PlanRequest, STAND_IN_SIGMA_MAX, ScheduleError, SigmaFamily, Spacing,
    SpacingConvention, TrainingSchedule,
};
use crate::theory::NoiseLevel;
use serde::{Deserialize, Serialize};

/// The options of a scheduler's configuration that decide which noise levels a run visits and what the network is fed
/// there. The sampler's [`SpacingConvention`] decides how they are read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct SchedulerGrid {
    /// `timestep_spacing`.
    pub spacing: Option<Spacing>,
    /// `use_karras_sigmas` and its like.
    pub family: Option<SigmaFamily>,
    /// Where a family ends; `None` takes the end of its range.
    pub sigma_min: Option<f64>,
    /// Where a family starts.
    pub sigma_max: Option<f64>,
    /// `interpolation_type` log_linear: σ evenly in ln σ over the whole range, whatever the timesteps.
    pub log_linear: bool,
    /// Whether the β are those of squaredcos_cap_v2, whose family timesteps DPM-Solver cuts instead of rounding.
    pub cosine: bool,
    /// `lambda_min_clipped`: the lowest ½λ.
    pub lambda_min_clipped: Option<f64>,
    /// `original_inference_steps` of LCM and TCD.
    pub original_steps: Option<usize>,
    /// Whether the run starts at [`STAND_IN_SIGMA_MAX`] where the last timestep of a schedule that is rescaled to zero terminal
    /// SNR has more noise. Only the next level can keep it from that.
    pub stands_in: bool,
    /// `final_sigmas_type` sigma_min, for families that then end where their last step starts.
    pub ends_at_last: bool,
    /// Rectified flow.
    pub flow: Option<FlowGrid>,
}

/// How a class spaces flow time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowGrid {
    /// The formula.
    pub rule: FlowRule,
    /// The shift; `e^μ` or μ with dynamic shifting.
    pub shift: f64,
    /// Whether the shift is dynamic. FlowMatchEuler shifts its smallest time twice where it is not.
    #[serde(default)]
    pub dynamic: bool,
    /// Whether the last step starts at 1/steps before it is shifted, as in FLUX's pipeline, and not at 1/T.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_steps: bool,
    /// `shift_terminal`: the flow time that the last step starts at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<f64>,
    /// Where the run ends.
    pub end: FlowEnd,
}

/// The formulas for flow time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowRule {
    /// FlowMatchEuler and its like: evenly from 1 to 1/T, both included.
    Match,
    /// DPM-Solver, DEIS and SA-Solver: evenly from 1 − 1/T, 0 left out.
    Solver,
    /// UniPC: evenly from 1, 1/T left out; or its σ family as flow time `σ/(1+σ)`.
    UniPc,
}

/// Where a run over flow time ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowEnd {
    /// At the clean image.
    Clean,
    /// Where the last step starts; that step then does nothing.
    LastVisited,
    /// At this flow time.
    At(f64),
}

/// UniPC starts this much below flow time 1, where its formulas would be infinite.
const UNIPC_START: f64 = 1e-6;

/// How far below a whole number a timestep counts as that number where diffusers cuts off fractions. At the ends of a
/// range its f32 numbers fall on either side.
const CUT_SLACK: f64 = 1e-3;

impl SchedulerGrid {
    /// Its name for people.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self { family: Some(family), .. } => family.name().into(),
            Self { original_steps: Some(_), .. } => "lcm".into(),
            Self { flow: Some(_), .. } => "flow".into(),
            Self { log_linear: true, .. } => "log_linear".into(),
            Self { spacing, .. } => spacing.unwrap_or(Spacing::Linspace).name().into(),
        }
    }

    /// The plan on a model.
    pub fn plan(&self, request: &PlanRequest, model: &ModelSchedule) -> Result<Plan, ScheduleError> {
        match request.steps {
            0 => return Err(ScheduleError::NoSteps),
            steps if steps > MAX_STEPS => {
                return Err(ScheduleError::TooManySteps { steps, limit: MAX_STEPS, of: "any run".to_owned() });
            }
            _ => {}
        }
        match (model, &self.flow) {
            (ModelSchedule::Discrete(table), None) => self.plan_on_table(request, table, model),
            (&ModelSchedule::Flow { num_train_timesteps, .. }, Some(flow)) => {
                self.plan_on_flow(request.steps, flow, num_train_timesteps, model)
            }
            // On another kind of model than the configuration's only the family or the spacing says anything.
            _ => {
                let source = match (self.family, self.spacing) {
                    (Some(family), _) => super::PlanSource::Family(family),
                    (None, spacing) => super::PlanSource::Spacing(spacing.unwrap_or(Spacing::Linspace)),
                };
                PlanRequest { source, ..request.clone() }.plan(model)
            }
        }
    }

    /// The σ that a run starts at where the table starts it at this one.
    fn start(&self, sigma: f64) -> f64 {
        if self.stands_in { sigma.min(STAND_IN_SIGMA_MAX) } else { sigma }
    }

    fn plan_on_table(
        &self,
        request: &PlanRequest,
        table: &TrainingSchedule,
        model: &ModelSchedule,
    ) -> Result<Plan, ScheduleError> {
        let timesteps = self.timesteps(request, table)?;
        let sigma = |timestep: f64| sigma_at(table, timestep);
        let Some(family) = self.family else {
            if self.log_linear {
                let (low, high) = (model.sigma_min().ln(), self.start(model.sigma_max()).ln());
                let log_sigmas = np_linspace(high, low, request.steps + 1);
                let level = |log_sigma: f64| NoiseLevel::from_sigma(log_sigma.exp());
                let mut levels: Vec<NoiseLevel> = log_sigmas.into_iter().map(level).collect();
                let end = levels.pop().unwrap_or(NoiseLevel::CLEAN);
                return Ok(Plan::to_level(model, levels, end, &self.label())?.feeding(timesteps));
            }
            let mut levels: Vec<NoiseLevel> = timesteps.iter().map(|&timestep| level_at(table, timestep)).collect();
            let start = NoiseLevel::from_sigma(self.start(levels[0].sigma()));
            if start > levels[0] && levels.get(1).is_none_or(|&next| start < next) {
                levels[0] = start;
            }
            return Ok(Plan::ending(model, levels, request.final_level, &self.label())?.feeding(timesteps));
        };
        let spaced = matches!(request.convention, SpacingConvention::Euler | SpacingConvention::Kdpm2);
        let (low, high) = if spaced && !self.log_linear {
            (sigma(timesteps[timesteps.len() - 1]), sigma(timesteps[0]))
        } else {
            (model.sigma_min(), model.sigma_max())
        };
        let (low, high) = (self.sigma_min.unwrap_or(low), self.sigma_max.unwrap_or(self.start(high)));
        let sigmas = if request.steps == 1 { vec![high] } else { family.sigmas(request.steps, low, high)? };
        let levels: Vec<NoiseLevel> = sigmas.into_iter().map(NoiseLevel::from_sigma).collect();
        let fed = levels.iter().map(|&level| self.fed(request.convention, family, model.timestep_of(level))).collect();
        let repeats = matches!(request.convention, SpacingConvention::UniPc | SpacingConvention::Deis);
        let plan = match levels.last() {
            Some(&last) if repeats && self.ends_at_last => Plan::staying_at(model, levels, last, &self.label())?,
            _ => Plan::ending(model, levels, request.final_level, &self.label())?,
        };
        Ok(plan.feeding(fed))
    }

    /// What a class feeds the network at a level of a family, given the continuous timestep.
    fn fed(&self, convention: SpacingConvention, family: SigmaFamily, timestep: f64) -> f64 {
        let rounds = matches!(family, SigmaFamily::Karras { .. } | SigmaFamily::Lu);
        let cut = || (timestep + CUT_SLACK).floor();
        match convention {
            SpacingConvention::Kdpm2 if rounds => timestep.round_ties_even(),
            SpacingConvention::DpmSolver if self.cosine => cut(),
            SpacingConvention::DpmSolver | SpacingConvention::UniPc | SpacingConvention::Deis => {
                if rounds {
                    timestep.round_ties_even()
                } else {
                    cut()
                }
            }
            _ => timestep,
        }
    }

    fn timesteps(&self, request: &PlanRequest, table: &TrainingSchedule) -> Result<Vec<f64>, ScheduleError> {
        let (steps, trained) = (request.steps, table.num_timesteps());
        if let Some(original) = self.original_steps {
            let stride = trained / original.clamp(1, trained);
            if steps > original {
                let of = format!("the model was distilled on {original} steps, and a run");
                return Err(ScheduleError::TooManySteps { steps, limit: original, of });
            }
            // Index i of N points evenly below `original`, from the noisiest.
            #[expect(clippy::cast_sign_loss, reason = "a product of counts")]
            let index = |i: usize| (i as f64 * (original as f64 / steps as f64)).floor() as usize;
            return Ok((0..steps).map(|i| ((original - index(i)) * stride - 1) as f64).collect());
        }
        let spacing = self.spacing.unwrap_or(Spacing::Linspace);
        let clipped = self.lambda_min_clipped.filter(|_| request.convention.is_solver()).map_or(0, |lambda| {
            // diffusers' λ is half the log-SNR.
            table.levels().filter(|level| level.log_snr() < 2.0 * lambda).count()
        });
        if clipped == 0 {
            return spacing::timesteps(spacing, request.convention, steps, trained, request.steps_offset);
        }
        let last = trained - clipped.min(trained);
        spacing::timesteps_below(spacing, request.convention, steps, (last, trained), request.steps_offset)
    }

    fn plan_on_flow(
        &self,
        steps: usize,
        flow: &FlowGrid,
        timesteps: usize,
        model: &ModelSchedule,
    ) -> Result<Plan, ScheduleError> {
        let scale = timesteps as f64;
        let fed = |times: &[f64]| times.iter().map(|time| (time * scale).floor()).collect::<Vec<f64>>();
        if let (FlowRule::UniPc, Some(family)) = (flow.rule, self.family) {
            let (low, high) = (self.sigma_min.unwrap_or(0.01), self.sigma_max.unwrap_or(157.0));
            let sigmas = if steps == 1 { vec![high] } else { family.sigmas(steps, low, high)? };
            let times: Vec<f64> = sigmas.iter().map(|sigma| sigma / (sigma + 1.0)).collect();
            let levels = sigmas.into_iter().map(NoiseLevel::from_sigma).collect();
            return Ok(self.ending(flow, levels, model)?.feeding(fed(&times)));
        }
        let times = self.flow_times(steps, flow, timesteps)?;
        let levels = times.iter().map(|&time| NoiseLevel::from_flow_time(time)).collect();
        let plan = self.ending(flow, levels, model)?;
        Ok(if flow.rule == FlowRule::Match { plan } else { plan.feeding(fed(&times)) })
    }

    /// Flow times of the steps, noisiest first.
    fn flow_times(&self, steps: usize, flow: &FlowGrid, timesteps: usize) -> Result<Vec<f64>, ScheduleError> {
        let least = 1.0 / timesteps as f64;
        let shifted = |time: f64| flow.shift * time / (1.0 + (flow.shift - 1.0) * time);
        let mut times = match flow.rule {
            FlowRule::Match => {
                let least = match (flow.by_steps, flow.dynamic) {
                    (true, _) => 1.0 / steps as f64,
                    (false, true) => least,
                    (false, false) => shifted(least),
                };
                np_linspace(1.0, least, steps)
            }
            FlowRule::Solver => np_linspace(1.0, least, steps + 1).into_iter().map(|alpha| 1.0 - alpha).rev().collect(),
            FlowRule::UniPc => np_linspace(1.0, least, steps + 1),
        };
        times.truncate(steps);
        for time in &mut times {
            *time = shifted(*time);
        }
        if let (Some(terminal), Some(&last)) = (flow.terminal, times.last())
            && last < 1.0
        {
            let scale = (1.0 - last) / (1.0 - terminal);
            for time in &mut times {
                *time = 1.0 - (1.0 - *time) / scale;
            }
        }
        if let (FlowRule::Match, Some(family), true) = (flow.rule, self.family, steps > 1) {
            let low = self.sigma_min.unwrap_or(times[times.len() - 1]);
            times = family.sigmas(steps, low, self.sigma_max.unwrap_or(times[0]))?;
        }
        if flow.rule == FlowRule::UniPc && (times[0] - 1.0).abs() < UNIPC_START {
            times[0] -= UNIPC_START;
        }
        Ok(times)
    }

    fn ending(&self, flow: &FlowGrid, levels: Vec<NoiseLevel>, model: &ModelSchedule) -> Result<Plan, ScheduleError> {
        let last = levels.last().copied().unwrap_or(NoiseLevel::CLEAN);
        let end = match flow.end {
            FlowEnd::Clean => NoiseLevel::CLEAN,
            FlowEnd::LastVisited => last,
            // A run that is already cleaner stays where it is.
            FlowEnd::At(time) => Some(NoiseLevel::from_flow_time(time)).filter(|end| *end > last).unwrap_or(last),
        };
        Plan::staying_at(model, levels, end, &self.label())
    }
}

/// σ of a timestep, linear in σ between the table's, as numpy's interp has it.
fn sigma_at(table: &TrainingSchedule, timestep: f64) -> f64 {
    let timestep = timestep.clamp(0.0, table.last_timestep() as f64);
    #[expect(clippy::cast_sign_loss, reason = "clamped to 0 just before")]
    let below = timestep as usize;
    let (low, part) = (table.level(below).sigma(), timestep - below as f64);
    if part == 0.0 { low } else { low + part * (table.level(below + 1).sigma() - low) }
}

/// The level of a timestep: the table's where it is whole.
pub(super) fn level_at(table: &TrainingSchedule, timestep: f64) -> NoiseLevel {
    if timestep.fract() == 0.0 { table.level_at(timestep) } else { NoiseLevel::from_sigma(sigma_at(table, timestep)) }
}
