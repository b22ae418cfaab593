//! What a run by a configuration visits.

use super::{FinalSigmas, Interpolation, SchedulerClass, SchedulerConfig, TimeShift};
use crate::schedule::{
    BetaSchedule, FinalLevel, FlowEnd, FlowGrid, FlowRule, PlanRequest, PlanSource, STAND_IN_SIGMA_MAX, SchedulerGrid,
    Spacing, SpacingConvention, TerminalSnr, TrainingSchedule,
};

/// Side of a patch where the model does not say it.
const USUAL_PATCH: usize = 2;

impl SchedulerConfig {
    /// The noise levels a run visits unless the user sets others: a spacing or a σ family where that says it all, else
    /// the options of the class.
    #[must_use]
    pub fn default_source(&self) -> PlanSource {
        if let Some(grid) = self.grid() {
            return PlanSource::Scheduler(Box::new(grid));
        }
        match self.sigma_family {
            Some(family) => PlanSource::Family(family),
            None if self.is_flow() => PlanSource::Spacing(Spacing::Linspace),
            None => PlanSource::Spacing(self.timestep_spacing),
        }
    }

    /// Options beyond a spacing, or beyond EDM's family.
    fn grid(&self) -> Option<SchedulerGrid> {
        if self.class.is_edm() {
            return None;
        }
        if self.is_flow() {
            return self.flow_grid();
        }
        let distilled = matches!(self.class, SchedulerClass::Lcm | SchedulerClass::Tcd);
        let log_linear = self.interpolation_type == Interpolation::LogLinear;
        let stands_in = self.starts_below_its_table();
        let more =
            self.sigma_family.is_some() || self.lambda_min_clipped.is_some() || distilled || log_linear || stands_in;
        more.then(|| SchedulerGrid {
            spacing: Some(self.timestep_spacing),
            family: self.sigma_family,
            sigma_min: self.sigma_min,
            sigma_max: self.sigma_max,
            log_linear,
            cosine: self.beta_schedule == BetaSchedule::SquaredcosCapV2
                && self.class == SchedulerClass::DpmSolverMultistep,
            lambda_min_clipped: self.lambda_min_clipped,
            original_steps: distilled.then_some(self.original_inference_steps),
            stands_in,
            ends_at_last: self.final_sigmas_type == FinalSigmas::SigmaMin,
            flow: None,
        })
    }

    /// Whether the last timestep has ᾱ = 2⁻²⁴ in place of 0.
    pub(super) fn has_stand_in(&self) -> bool {
        self.rescale_betas_zero_snr && self.terminal_snr() == TerminalSnr::AlmostZero
    }

    /// Whether ᾱ = 2⁻²⁴, which the class puts at the end of a rescaled table, lies above the ᾱ before it.
    pub(super) fn starts_below_its_table(&self) -> bool {
        let last = |table: TrainingSchedule| table.level(table.last_timestep()).sigma();
        self.has_stand_in() && self.table().is_ok_and(|table| last(table) > STAND_IN_SIGMA_MAX * (1.0 + 1e-6))
    }

    fn flow_grid(&self) -> Option<SchedulerGrid> {
        let rule = match self.class {
            SchedulerClass::UniPc => FlowRule::UniPc,
            class if class.takes("use_flow_sigmas") => FlowRule::Solver,
            _ => FlowRule::Match,
        };
        let plain = self.sigma_family.is_none() && self.shift_terminal.is_none() && !self.use_dynamic_shifting;
        let by_steps = rule == FlowRule::Match && self.flow_times_by_steps;
        if rule == FlowRule::Match && plain && !by_steps {
            return None;
        }
        let table = if rule == FlowRule::Match { None } else { self.table().ok() };
        let sigma = |index: fn(usize) -> usize| {
            table
                .as_ref()
                .map(|table| table.level(index(table.last_timestep())).sigma())
                .filter(|_| rule == FlowRule::UniPc)
        };
        let end = match (rule, self.final_sigmas_type) {
            (FlowRule::Match, _) | (_, FinalSigmas::Zero) => FlowEnd::Clean,
            _ if rule == FlowRule::UniPc || self.class.convention() == SpacingConvention::Deis => FlowEnd::LastVisited,
            // diffusers takes the table's σ for a flow time.
            _ => table.as_ref().map_or(FlowEnd::LastVisited, |table| FlowEnd::At(table.level(0).sigma().min(1.0))),
        };
        Some(SchedulerGrid {
            family: self.sigma_family,
            sigma_min: self.sigma_min.or_else(|| sigma(|_| 0)),
            sigma_max: self.sigma_max.or_else(|| sigma(|last| last)),
            flow: Some(FlowGrid {
                rule,
                shift: self.flow_shift(),
                dynamic: self.use_dynamic_shifting,
                by_steps,
                terminal: self.shift_terminal,
                end,
            }),
            ..SchedulerGrid::default()
        })
    }

    /// The same for an image of this height and width, pixels of the network's state. Patches of unknown size are of 2x2
    /// pixels, as the pipelines of Flux and Stable Diffusion 3 have them.
    #[must_use]
    pub fn for_image(self, (height, width): (usize, usize)) -> Self {
        let patch = self.patch_size.unwrap_or(USUAL_PATCH);
        Self { image_seq_len: Some(((height / patch) * (width / patch)).max(1)), ..self }
    }

    /// The shift of flow time: `shift` or `flow_shift`, or what follows from μ with dynamic shifting.
    #[must_use]
    pub fn flow_shift(&self) -> f64 {
        match (self.use_dynamic_shifting, self.time_shift_type) {
            (false, _) => self.shift,
            (true, TimeShift::Exponential) => self.mu().exp(),
            (true, TimeShift::Linear) => self.mu().max(1e-3),
        }
    }

    /// μ of dynamic shifting, linear in the number of patches between the file's two lengths, as diffusers' pipelines
    /// compute it. Where the number of patches is not known it is that of `max_image_seq_len`.
    #[must_use]
    pub fn mu(&self) -> f64 {
        let [base, max] = [self.base_image_seq_len, self.max_image_seq_len].map(|length| length as f64);
        let length = self.image_seq_len.map_or(max, |length| length as f64);
        let slope = (self.max_shift - self.base_shift) / (max - base);
        length * slope + (self.base_shift - slope * base)
    }

    /// What dynamic shifting does in this run, in a sentence.
    #[must_use]
    pub fn dynamic_shift_note(&self) -> Option<String> {
        if !(self.is_flow() && self.use_dynamic_shifting) {
            return None;
        }
        let (patches, of) = match self.image_seq_len {
            Some(length) if self.patch_size.is_some() => (length, "the image's"),
            Some(length) => (length, "the image's, if each is of 2x2 pixels"),
            None => (self.max_image_seq_len, "max_image_seq_len, as the image's size is not known"),
        };
        let ignored = if self.shift == 1.0 { String::new() } else { format!("; shift {} is not used", self.shift) };
        Some(format!(
            "dynamic shifting: μ = {:.4} for {patches} patches ({of}), a shift of {:.4}{ignored}",
            self.mu(),
            self.flow_shift()
        ))
    }

    /// Where a run ends: `set_alpha_to_one` decides for samplers that step over timesteps as DDIM does,
    /// `final_sigmas_type` for the others. DDPM and LCM always end at the clean image, TCD at timestep 0.
    #[must_use]
    pub fn final_level(&self, convention: SpacingConvention) -> FinalLevel {
        let clean = match convention {
            SpacingConvention::Ddim => self.set_alpha_to_one,
            SpacingConvention::Ddpm => true,
            SpacingConvention::Tcd => false,
            _ => self.final_sigmas_type == FinalSigmas::Zero,
        };
        if clean { FinalLevel::Clean } else { FinalLevel::FirstTrained }
    }

    /// A request for `steps` steps as the configuration has it, for a sampler of the given convention.
    #[must_use]
    pub fn plan_request(&self, steps: usize, convention: SpacingConvention) -> PlanRequest {
        PlanRequest {
            source: self.default_source(),
            steps,
            convention,
            steps_offset: self.steps_offset,
            final_level: self.final_level(convention),
        }
    }
}
