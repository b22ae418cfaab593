//! A failure as the window shows it: its place, its sentence, and a possible remedy.

use crate::model::contract::{ContractError, PortRole};
use crate::model::onnx_runtime::setup::SetupError;
use crate::session::RunError;
use crate::session::prepare::{CONCAT, EMBEDDINGS, PrepareError};
use crate::words::count;
use crate::words::voice::Voice;

/// The part of the window that a failure belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultPlace {
    /// The model's files and their interpretation.
    Model,
    /// ONNX Runtime, which can be downloaded.
    Library,
    /// CUDA or the CPU.
    Provider,
    /// Steps and spacing.
    Schedule,
    /// A setting of the run, or a file that a setting names.
    Settings,
    /// A step.
    Run,
    /// A fault of this program.
    Program,
}

/// What the user can enter so that the model can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// The name of an input or output.
    Port {
        /// Which one.
        role: PortRole,
        /// Names to choose from.
        names: Vec<String>,
    },
    /// A `scheduler_config.json`.
    SchedulerConfig,
    /// Height and width of the images.
    Size,
    /// A file of embeddings.
    HiddenStates,
    /// Values of further inputs.
    Inputs,
    /// A file of channels behind the image.
    Concat,
    /// The null class.
    NullClass,
}

/// A failure, shown at its place until it is dismissed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its place.
    pub place: FaultPlace,
    /// What happened and what to do.
    pub sentence: String,
    /// What the user can enter as a remedy, for a form.
    pub needs: Vec<Need>,
}

impl Fault {
    /// A fault without a form.
    #[must_use]
    pub fn new(place: FaultPlace, sentence: &str) -> Self {
        Self { place, sentence: Voice::Window.say(sentence), needs: Vec::new() }
    }

    /// A panic of a background thread that continues: `what` was given up.
    pub(super) fn panic(what: &str, payload: &(dyn std::any::Any + Send)) -> Self {
        Self { place: FaultPlace::Program, sentence: given_up(what, panic_text(payload)), needs: Vec::new() }
    }
}

/// The sentence for a panic that ended something.
pub(crate) fn given_up(what: &str, text: &str) -> String {
    format!("{what} failed because of a fault in Chromascope ({text}); everything else continues")
}

/// The sentence for a panic that ended something the window requested.
#[cfg(feature = "gui")]
pub(crate) fn program_fault(what: &str, payload: &(dyn std::any::Any + Send)) -> String {
    given_up(what, panic_text(payload))
}

/// The message of a panic.
pub(crate) fn panic_text(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no reason given")
}

impl From<&PrepareError> for Fault {
    fn from(error: &PrepareError) -> Self {
        let place = match error {
            PrepareError::Package(_)
            | PrepareError::Pipeline(_)
            | PrepareError::Parts(_)
            | PrepareError::Text(_)
            | PrepareError::Stopped
            | PrepareError::Graph(_)
            | PrepareError::Open(_)
            | PrepareError::Contract { .. }
            | PrepareError::Conditioning(_)
            | PrepareError::Config(_)
            | PrepareError::NoSchedule { .. }
            | PrepareError::NoSize
            | PrepareError::NoHiddenStates { .. }
            | PrepareError::NoInput { .. }
            | PrepareError::NoConcat { .. }
            | PrepareError::Images(_) => FaultPlace::Model,
            PrepareError::Runtime(_) => FaultPlace::Library,
            PrepareError::Cuda(_) => FaultPlace::Provider,
            PrepareError::Schedule(_) => FaultPlace::Schedule,
            PrepareError::Noise(_)
            | PrepareError::Setting(_)
            | PrepareError::NoNullClass { .. }
            | PrepareError::NoSuchInput { .. }
            | PrepareError::InputValue { .. }
            | PrepareError::Array { .. } => FaultPlace::Settings,
        };
        let needs = match error {
            PrepareError::NoSchedule { .. } => vec![Need::SchedulerConfig],
            PrepareError::NoSize => vec![Need::Size],
            PrepareError::NoHiddenStates { .. } | PrepareError::Array { what: EMBEDDINGS, .. } => {
                vec![Need::HiddenStates]
            }
            PrepareError::NoInput { .. } | PrepareError::InputValue { .. } => vec![Need::Inputs],
            PrepareError::NoConcat { .. } | PrepareError::Array { what: CONCAT, .. } => vec![Need::Concat],
            PrepareError::NoNullClass { .. } => vec![Need::NullClass],
            PrepareError::Contract { source, .. } => port_need(source).into_iter().collect(),
            _ => Vec::new(),
        };
        // If there is a form, the sentence refers to it, and not to an option of the command line.
        let sentence = match error {
            PrepareError::NoSchedule { what } => format!(
                "{what} has no scheduler_config.json, so its prediction and training schedule are unknown; open \
                 that file (diffusers' format), or choose state, time (other than index) and prediction"
            ),
            PrepareError::NoSize => "the model's files do not give its trained size; choose one here".to_owned(),
            PrepareError::NoHiddenStates { input } => format!(
                "this model needs embeddings (input \"{input}\"); open a .npy file of shape [batch or 1, tokens, width]"
            ),
            PrepareError::NoInput { port, .. } => {
                format!("this model needs a value for its input {port}; set it here")
            }
            PrepareError::NoConcat { channels, size: (height, width) } => format!(
                "the image input of this model has {} behind those of the image, such as a low-resolution image or a \
                 mask; open a .npy file of shape 1 x {channels} x {height} x {width}",
                count(*channels, "channel")
            ),
            PrepareError::NoNullClass { model, needed_for, .. } => format!(
                "the model {model} has classes, but neither its card nor its configuration names the null class, and \
                 {needed_for}; set the null class here, or choose a class at the top"
            ),
            _ => error.to_string(),
        };
        Self { needs, ..Self::new(place, &sentence) }
    }
}

fn port_need(error: &ContractError) -> Option<Need> {
    match error {
        ContractError::Ambiguous { role: PortRole::HiddenStates, .. } => None,
        ContractError::Ambiguous { role, names, .. } => Some(Need::Port { role: *role, names: names.clone() }),
        ContractError::NoTimestep { names, .. } => Some(Need::Port { role: PortRole::Timestep, names: names.clone() }),
        _ => None,
    }
}

impl From<&RunError> for Fault {
    fn from(error: &RunError) -> Self {
        Self::new(FaultPlace::Run, &error.to_string())
    }
}

impl From<&SetupError> for Fault {
    fn from(error: &SetupError) -> Self {
        Self::new(FaultPlace::Library, &error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::prepare::SettingError;
    use crate::session::setting::Setting;

    #[test]
    fn faults_know_their_place_and_what_they_need() {
        let fault = Fault::from(&PrepareError::NoSchedule { what: "m".into() });
        assert_eq!((fault.place, fault.needs), (FaultPlace::Model, vec![Need::SchedulerConfig]));
        let error = SettingError::OutOfRange { setting: Setting::Batch, value: "0".into(), range: "another".into() };
        let said = Voice::Window.say(&error.to_string());
        let fault = Fault::from(&PrepareError::Setting(error));
        assert_eq!((fault.place, fault.sentence), (FaultPlace::Settings, said));
    }
}
