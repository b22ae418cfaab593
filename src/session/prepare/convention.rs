//! The three words of a network in a run: what they change in its configuration, and which do not fit it.

use super::SettingError;
use crate::model::contract::Element;
use crate::model::convention::{Convention, Words};
use crate::model::{PredictionType, SchedulerConfig};
use crate::schedule::ModelSchedule;
use crate::session::setting::Setting;
use crate::session::settings::RunSettings;
use crate::theory::{NetworkTime, Prediction};

impl RunSettings {
    /// State, time and prediction, as far as they are set.
    #[must_use]
    pub const fn words(&self) -> Words {
        Words { state: self.state, time: self.time, prediction: self.prediction }
    }
}

/// Puts a prediction from the settings or the card into the configuration.
///
/// `flow_prediction` alone makes the model a rectified flow, with a flow's schedule. Beside a state or a time it is only the
/// prediction.
pub(super) fn take_prediction(config: &mut SchedulerConfig, words: Words) {
    let alone = words.state.is_none() && words.time.is_none();
    let is_table = !config.is_flow() && !config.is_edm();
    match words.prediction {
        Some(Prediction::FlowPrediction) if alone => config.prediction_type = PredictionType::FlowPrediction,
        Some(Prediction::Epsilon) if is_table => config.prediction_type = PredictionType::Epsilon,
        Some(Prediction::Sample) if is_table => config.prediction_type = PredictionType::Sample,
        Some(Prediction::VPrediction) if is_table => config.prediction_type = PredictionType::VPrediction,
        _ => {}
    }
}

/// The warning about an output whose name contradicts the configuration.
pub(super) fn doubt_in_words(convention: &Convention) -> Option<String> {
    let doubt = convention.doubt.as_ref()?;
    Some(format!(
        "the output \"{}\" sounds like {}, but the scheduler configuration names {}, which is used; if the images are wrong, \
         set {} {}",
        doubt.port,
        doubt.suggests,
        doubt.word,
        Setting::Prediction,
        doubt.suggests
    ))
}

/// Refuses a time that the schedule does not have or the graph's input cannot take.
pub(super) fn check_time(time: NetworkTime, schedule: &ModelSchedule, input: Element) -> Result<(), SettingError> {
    if time == NetworkTime::Index && !matches!(schedule, ModelSchedule::Discrete(_)) {
        return Err(SettingError::NoIndex);
    }
    if input.is_integer() && !time.is_whole() {
        return Err(SettingError::WholeTime { time });
    }
    Ok(())
}
