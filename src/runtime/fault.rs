//! A failure as the window shows it: where it belongs, in a sentence, with what would mend it.

use crate::model::contract::ContractError;
use crate::model::onnx_runtime::setup::SetupError;
use crate::session::RunError;
use crate::session::prepare::PrepareError;

/// Where a failure belongs in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The model's files and meaning.
    Model,
    /// ONNX Runtime itself, which can be fetched.
    Library,
    /// CUDA or the CPU.
    Provider,
    /// Steps and spacing.
    Schedule,
    /// A setting of the run, or a file that it names.
    Settings,
    /// A step.
    Run,
    /// A fault of this program.
    Program,
}

/// What the user could say so that the model can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Which input or output plays a role.
    Port {
        /// Which.
        role: PortRole,
        /// Names to choose from.
        names: Vec<String>,
    },
    /// A `scheduler_config.json`.
    SchedulerConfig,
}

/// The roles of [`PortNames`](crate::model::contract::PortNames).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortRole {
    /// The noisy image.
    Sample,
    /// The timestep.
    Timestep,
    /// The class labels.
    ClassLabels,
    /// The prediction.
    Output,
}

/// A failure to be shown where it belongs until it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it belongs.
    pub place: Place,
    /// What happened and what to do.
    pub sentence: String,
    /// What the user could say to mend it, for a form.
    pub needs: Vec<Need>,
}

impl Fault {
    /// A fault with nothing to fill in.
    #[must_use]
    pub fn new(place: Place, sentence: &str) -> Self {
        Self { place, sentence: without_dashes(sentence), needs: Vec::new() }
    }

    /// A panic of the inference thread, which lives on.
    pub(super) fn panic(payload: &(dyn std::any::Any + Send)) -> Self {
        let text = panic_text(payload);
        Self {
            place: Place::Program,
            sentence: format!(
                "this run met a fault of the program itself ({text}) and was given up; everything else goes on, and \
                 the next run opens the model anew"
            ),
            needs: Vec::new(),
        }
    }
}

/// What a panic said.
pub(crate) fn panic_text(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no reason given")
}

impl From<&PrepareError> for Fault {
    fn from(error: &PrepareError) -> Self {
        let place = match error {
            PrepareError::Package(_)
            | PrepareError::Graph(_)
            | PrepareError::Open(_)
            | PrepareError::Contract { .. }
            | PrepareError::Config(_)
            | PrepareError::NoSchedule { .. }
            | PrepareError::Images(_) => Place::Model,
            PrepareError::Runtime(_) => Place::Library,
            PrepareError::Cuda(_) => Place::Provider,
            PrepareError::Schedule(_) => Place::Schedule,
            PrepareError::Noise(_)
            | PrepareError::Setting(_)
            | PrepareError::NoNullClass { .. }
            | PrepareError::Array { .. } => Place::Settings,
        };
        let needs = match error {
            PrepareError::NoSchedule { .. } => vec![Need::SchedulerConfig],
            PrepareError::Contract { source, .. } => port_need(source).into_iter().collect(),
            _ => Vec::new(),
        };
        Self { needs, ..Self::new(place, &error.to_string()) }
    }
}

fn port_need(error: &ContractError) -> Option<Need> {
    match error {
        ContractError::Ambiguous { flag, names, .. } => {
            let role = match *flag {
                "--input-sample" => PortRole::Sample,
                "--input-timestep" => PortRole::Timestep,
                "--input-labels" => PortRole::ClassLabels,
                "--output-name" => PortRole::Output,
                _ => return None,
            };
            Some(Need::Port { role, names: names.clone() })
        }
        ContractError::NoTimestep { names, .. } => Some(Need::Port { role: PortRole::Timestep, names: names.clone() }),
        _ => None,
    }
}

impl From<&RunError> for Fault {
    fn from(error: &RunError) -> Self {
        Self::new(Place::Run, &error.to_string())
    }
}

impl From<&SetupError> for Fault {
    fn from(error: &SetupError) -> Self {
        Self::new(Place::Library, &error.to_string())
    }
}

/// The sentence with the command line's option names as plain words: `--size` becomes `size`.
pub(super) fn without_dashes(sentence: &str) -> String {
    let mut plain = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some(at) = rest.find("--") {
        let option_follows = rest[at + 2..].starts_with(|c: char| c.is_ascii_lowercase());
        let begins_a_word = !rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '-');
        plain.push_str(&rest[..at]);
        if !(option_follows && begins_a_word) {
            plain.push_str("--");
        }
        rest = &rest[at + 2..];
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_become_words() {
        assert_eq!(
            without_dashes("--label 12 is too large; say --null-label L"),
            "label 12 is too large; say null-label L"
        );
        assert_eq!(without_dashes("a file a--b.onnx"), "a file a--b.onnx");
    }

    #[test]
    fn faults_know_their_place_and_what_they_need() {
        let fault = Fault::from(&PrepareError::NoSchedule { model: "m".into() });
        assert_eq!((fault.place, fault.needs), (Place::Model, vec![Need::SchedulerConfig]));
        let fault = Fault::from(&PrepareError::Setting("--batch 0 is not possible".into()));
        assert_eq!((fault.place, fault.sentence.as_str()), (Place::Settings, "batch 0 is not possible"));
    }
}
