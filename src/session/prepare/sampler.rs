//! The sampler of a run: the user's choice, or that of the model's scheduler configuration.

use crate::model::SchedulerConfig;
use crate::sampler::{Churn, SamplerChoice, SamplerKind, Solver};
use crate::schedule::ModelSchedule;
use crate::session::settings::{ModelSource, RunSettings};
use std::path::Path;

/// What a run steps with, and what is to be said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ChosenSampler {
    /// The sampler with its parameters.
    pub solver: Solver,
    /// Sentences, where nobody chose it.
    pub notes: Vec<String>,
}

/// The sampler of a run with these settings.
#[must_use]
pub fn sampler_of(settings: &RunSettings, config: &SchedulerConfig, schedule: &ModelSchedule) -> ChosenSampler {
    sampler_for(settings.sampler, settings.churn, config, schedule)
}

/// Whether a configuration that is not one of this program's own decides all of a run's steps, so that they are compared with
/// diffusers.
pub(super) fn is_by_configuration(settings: &RunSettings) -> bool {
    let by_path = matches!(&settings.source, ModelSource::Model(name) if Path::new(name).exists());
    let is_the_users = by_path || settings.scheduler_config.is_some();
    let open = settings.sampler == SamplerChoice::Own && settings.spacing.is_none() && settings.schedule.is_none();
    is_the_users && open
}

/// The sampler that a choice comes to on a model.
#[must_use]
pub fn sampler_for(
    choice: SamplerChoice,
    churn: Churn,
    config: &SchedulerConfig,
    schedule: &ModelSchedule,
) -> ChosenSampler {
    if let Some(named) = choice.named() {
        return ChosenSampler { solver: named.on(schedule, churn), notes: Vec::new() };
    }
    let own = config.own_sampler();
    let solver = own.solver.on(schedule, churn);
    let mut notes = own.notes;
    if solver != SamplerKind::Ddim.into() {
        let class = &config.class_name;
        notes.insert(
            0,
            if class.is_empty() {
                format!("sampler: {solver} (assumed: the model has no scheduler_config.json)")
            } else {
                format!("sampler: {solver}, as the model's {class} says; choose a sampler to use another")
            },
        );
    }
    ChosenSampler { solver, notes }
}
