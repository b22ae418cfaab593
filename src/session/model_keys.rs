//! What of a model's configuration goes into an export that runs the model elsewhere.

use crate::model::SchedulerConfig;
use serde_json::{Value, json};

/// The keys of a model's configuration that its scheduler in diffusers keeps, with the defaults of its class where the file
/// leaves them open: those of another class need not be the same.
#[must_use]
pub fn kept_keys(config: &SchedulerConfig) -> Value {
    json!({
        "_class_name": config.class_name,
        "num_train_timesteps": config.num_train_timesteps,
        "beta_start": config.beta_start,
        "beta_end": config.beta_end,
        "beta_schedule": config.beta_schedule.name(),
        "trained_betas": config.trained_betas,
        "prediction_type": config.prediction_type.name(),
        "rescale_betas_zero_snr": config.rescale_betas_zero_snr,
    })
}
