//! The meaning of a network's inputs and outputs, from their names, types and shapes. Guesses are always reported.

use crate::words::count;
use serde::Serialize;

/// Element types that the program can feed or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Element {
    /// 16-bit float.
    F16,
    /// 32-bit float.
    F32,
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// Anything else.
    Other,
}

impl Element {
    /// Whether it is a float.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::F32)
    }

    /// Whether it is an integer.
    #[must_use]
    pub const fn is_integer(self) -> bool {
        matches!(self, Self::I32 | Self::I64)
    }
}

/// One input or output of the graph. A dimension is `None` where it is free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Port {
    /// Name in the graph.
    pub name: String,
    /// Element type.
    pub element: Element,
    /// Shape.
    pub shape: Vec<Option<usize>>,
}

impl Port {
    fn describe(&self) -> String {
        let dims: Vec<String> =
            self.shape.iter().map(|d| d.map_or_else(|| "?".into(), |size| size.to_string())).collect();
        format!("\"{}\" ({:?} [{}])", self.name, self.element, dims.join(", ")).replace("Other", "another type")
    }
}

/// Names given by the user where the graph leaves a choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, Serialize)]
pub struct PortNames {
    /// The noisy image.
    pub sample: Option<String>,
    /// The timestep.
    pub timestep: Option<String>,
    /// The class labels.
    pub class_labels: Option<String>,
    /// The prediction.
    pub output: Option<String>,
}

/// What an input or output is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortRole {
    /// The noisy image.
    Sample,
    /// The timestep.
    Timestep,
    /// The class labels.
    ClassLabels,
    /// Text or other conditioning.
    HiddenStates,
    /// The prediction.
    Output,
}

impl PortRole {
    /// Whether it is an input or an output.
    const fn what(self) -> &'static str {
        match self {
            Self::Output => "output",
            _ => "input",
        }
    }
}

impl std::fmt::Display for PortRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sample => "noisy image",
            Self::Timestep => "timestep",
            Self::ClassLabels => "class labels",
            Self::HiddenStates => "text conditioning",
            Self::Output => "prediction",
        })
    }
}

/// The graph's inputs and outputs by role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contract {
    /// Noisy image, `[B, C, H, W]`, float.
    pub sample: Port,
    /// Timestep, rank 0 or 1.
    pub timestep: Port,
    /// Class labels, integer `[B]`.
    pub class_labels: Option<Port>,
    /// Text or other conditioning, float `[B, tokens, width]`.
    pub hidden_states: Option<Port>,
    /// Prediction, `[B, C, H, W]`, float; twice the channels where a variance is learned too.
    pub output: Port,
    /// Image channels.
    pub channels: usize,
    /// Whether the output carries a learned variance in a second half of its channels, which is not used.
    pub learned_variance: bool,
}

/// Why the roles could not be decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// No input can be an image.
    #[error("the model has no image input (a float tensor of rank 4); its inputs are {inputs}, so it is not a UNet")]
    NoImage {
        /// All inputs.
        inputs: String,
    },
    /// No input can be a timestep.
    #[error("the model has no timestep input (rank 0 or 1); its inputs are {inputs}.")]
    NoTimestep {
        /// All inputs.
        inputs: String,
        /// Their names.
        names: Vec<String>,
    },
    /// No output can be a prediction.
    #[error("the model has no image output (a float tensor of rank 4); its outputs are {outputs}")]
    NoOutput {
        /// All outputs.
        outputs: String,
    },
    /// More than one port fits a role.
    #[error("more than one {what} could be the {role}: {candidates}")]
    Ambiguous {
        /// `input` or `output`.
        what: &'static str,
        /// The role.
        role: PortRole,
        /// The candidates.
        candidates: String,
        /// Their names.
        names: Vec<String>,
    },
    /// A name was given that is not there.
    #[error("the model has no {what} named \"{name}\"; it has {there}")]
    Unnamed {
        /// `input` or `output`.
        what: &'static str,
        /// The name given.
        name: String,
        /// What there is.
        there: String,
    },
    /// An input whose meaning is not known.
    #[error("the model needs an input that Chromascope cannot supply: {port}")]
    UnknownInput {
        /// The input.
        port: String,
    },
    /// Input and output do not match.
    #[error(
        "the model takes {} but returns {output}; it must return {input}, or {twice} with a learned variance",
        count(*.input, "channel")
    )]
    Channels {
        /// Channels in.
        input: usize,
        /// Channels out.
        output: usize,
        /// Twice the channels in.
        twice: usize,
    },
    /// The channel count is not fixed.
    #[error(
        "the number of image channels is unknown; export the model with a fixed channel count, or set \"in_channels\" \
         in config.json"
    )]
    FreeChannels,
}

const SAMPLE_NAMES: &[&str] =
    &["sample", "x", "x_t", "noisy_sample", "latents", "latent", "latent_model_input", "image", "input"];
const TIMESTEP_NAMES: &[&str] = &["timestep", "t", "timesteps", "time", "time_step", "step"];
const LABEL_NAMES: &[&str] = &["class_labels", "y", "labels", "label", "class", "classes", "class_label"];
const HIDDEN_NAMES: &[&str] = &["encoder_hidden_states", "context", "hidden_states", "text_embeddings", "cond"];
const OUTPUT_NAMES: &[&str] = &["out_sample", "sample_out", "output", "noise_pred", "eps", "prediction", "out"];

impl Contract {
    /// Decides the roles. `config_channels` is config.json's `in_channels`, used where the graph leaves them free.
    pub fn decide(
        inputs: &[Port],
        outputs: &[Port],
        names: &PortNames,
        config_channels: Option<usize>,
    ) -> Result<Self, ContractError> {
        let is_image = |port: &Port| port.element.is_float() && port.shape.len() == 4;
        let is_time = |port: &Port| (port.element.is_float() || port.element.is_integer()) && port.shape.len() <= 1;
        let is_label = |port: &Port| port.element.is_integer() && port.shape.len() == 1;
        let is_hidden = |port: &Port| port.element.is_float() && port.shape.len() == 3;

        let mut rest: Vec<&Port> = inputs.iter().collect();
        let sample = Role { of: PortRole::Sample, known: SAMPLE_NAMES }
            .take(&mut rest, names.sample.as_deref(), is_image)?
            .ok_or_else(|| ContractError::NoImage { inputs: list(inputs) })?;
        // Labels with a familiar name go first, so that an integer `y` is never mistaken for the only timestep left.
        let label_role = Role { of: PortRole::ClassLabels, known: LABEL_NAMES };
        let mut class_labels = label_role.take_named(&mut rest, names.class_labels.as_deref(), is_label)?;
        let timestep = Role { of: PortRole::Timestep, known: TIMESTEP_NAMES }
            .take(&mut rest, names.timestep.as_deref(), is_time)?
            .ok_or_else(|| ContractError::NoTimestep {
                inputs: list(inputs),
                names: inputs.iter().map(|port| port.name.clone()).collect(),
            })?;
        if class_labels.is_none() {
            class_labels = label_role.take(&mut rest, None, is_label)?;
        }
        let hidden_states =
            Role { of: PortRole::HiddenStates, known: HIDDEN_NAMES }.take(&mut rest, None, is_hidden)?;
        if let Some(port) = rest.first() {
            return Err(ContractError::UnknownInput { port: port.describe() });
        }

        let mut rest: Vec<&Port> = outputs.iter().collect();
        let output = Role { of: PortRole::Output, known: OUTPUT_NAMES }
            .take(&mut rest, names.output.as_deref(), is_image)?
            .ok_or_else(|| ContractError::NoOutput { outputs: list(outputs) })?;

        let channels = sample.shape[1].or(config_channels).ok_or(ContractError::FreeChannels)?;
        let out_channels = output.shape[1].unwrap_or(channels);
        if out_channels != channels && out_channels != 2 * channels {
            return Err(ContractError::Channels { input: channels, output: out_channels, twice: 2 * channels });
        }
        Ok(Self {
            sample,
            timestep,
            class_labels,
            hidden_states,
            output,
            channels,
            learned_variance: out_channels == 2 * channels,
        })
    }

    /// The batch size that the graph is fixed to, if it is.
    #[must_use]
    pub fn fixed_batch(&self) -> Option<usize> {
        self.sample.shape[0]
    }

    /// Height and width that the graph is fixed to, where it is.
    #[must_use]
    pub fn fixed_size(&self) -> (Option<usize>, Option<usize>) {
        (self.sample.shape[2], self.sample.shape[3])
    }
}

fn list(ports: &[Port]) -> String {
    if ports.is_empty() {
        return "none".into();
    }
    ports.iter().map(Port::describe).collect::<Vec<_>>().join(", ")
}

struct Role {
    of: PortRole,
    known: &'static [&'static str],
}

impl Role {
    /// The port the user named, else one with a known name and the right form, else the only one of the right form.
    fn take(
        &self,
        rest: &mut Vec<&Port>,
        named: Option<&str>,
        fits: impl Fn(&Port) -> bool,
    ) -> Result<Option<Port>, ContractError> {
        if let Some(port) = self.take_named(rest, named, &fits)? {
            return Ok(Some(port));
        }
        let candidates: Vec<usize> = (0..rest.len()).filter(|&index| fits(rest[index])).collect();
        match candidates.as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(rest.remove(*only).clone())),
            several => Err(ContractError::Ambiguous {
                what: self.of.what(),
                role: self.of,
                candidates: several.iter().map(|&index| rest[index].describe()).collect::<Vec<_>>().join(", "),
                names: several.iter().map(|&index| rest[index].name.clone()).collect(),
            }),
        }
    }

    fn take_named(
        &self,
        rest: &mut Vec<&Port>,
        named: Option<&str>,
        fits: impl Fn(&Port) -> bool,
    ) -> Result<Option<Port>, ContractError> {
        if let Some(name) = named {
            let index = rest.iter().position(|port| port.name == name).ok_or_else(|| ContractError::Unnamed {
                what: self.of.what(),
                name: name.into(),
                there: rest.iter().map(|port| port.describe()).collect::<Vec<_>>().join(", "),
            })?;
            return Ok(Some(rest.remove(index).clone()));
        }
        for known in self.known {
            if let Some(index) = rest.iter().position(|port| port.name.eq_ignore_ascii_case(known) && fits(port)) {
                return Ok(Some(rest.remove(index).clone()));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(name: &str, element: Element, shape: &[i64]) -> Port {
        Port { name: name.into(), element, shape: shape.iter().map(|&d| usize::try_from(d).ok()).collect() }
    }

    fn decide(inputs: &[Port], outputs: &[Port]) -> Result<Contract, ContractError> {
        Contract::decide(inputs, outputs, &PortNames::default(), None)
    }

    #[test]
    fn usual_names_and_types() {
        for time in [
            port("timestep", Element::F32, &[]),
            port("timestep", Element::I64, &[-1]),
            port("t", Element::F16, &[-1]),
            port("timesteps", Element::I64, &[]),
        ] {
            let inputs = [
                port("sample", Element::F32, &[-1, 3, -1, -1]),
                time.clone(),
                port("class_labels", Element::I64, &[-1]),
            ];
            let contract = decide(&inputs, &[port("out_sample", Element::F32, &[-1, 3, -1, -1])]).unwrap();
            assert_eq!(contract.timestep, time);
            assert!(contract.class_labels.is_some());
            assert_eq!((contract.channels, contract.fixed_batch()), (3, None));
        }
    }

    #[test]
    fn short_names_with_integer_time_and_labels() {
        let inputs =
            [port("x", Element::F32, &[2, 1, 28, 28]), port("y", Element::I64, &[2]), port("t", Element::I64, &[2])];
        let contract = decide(&inputs, &[port("anything", Element::F32, &[2, 2, 28, 28])]).unwrap();
        assert_eq!(contract.class_labels.as_ref().unwrap().name, "y");
        assert!(contract.learned_variance);
        assert_eq!(contract.fixed_batch(), Some(2));
        assert_eq!(contract.fixed_size(), (Some(28), Some(28)));
    }

    #[test]
    fn two_unnamed_integers_are_asked_for() {
        let inputs =
            [port("a", Element::F32, &[-1, 3, 8, 8]), port("b", Element::I64, &[-1]), port("c", Element::I64, &[-1])];
        let outputs = [port("o", Element::F32, &[-1, 3, 8, 8])];
        let error = decide(&inputs, &outputs).unwrap_err();
        assert!(matches!(error, ContractError::Ambiguous { role: PortRole::Timestep, .. }), "{error}");
        let names = PortNames { timestep: Some("b".into()), ..PortNames::default() };
        let contract = Contract::decide(&inputs, &outputs, &names, None).unwrap();
        assert_eq!(contract.class_labels.unwrap().name, "c");
    }

    #[test]
    fn each_fault_has_its_sentence() {
        let image = port("sample", Element::F32, &[-1, 3, -1, -1]);
        let time = port("timestep", Element::F32, &[]);
        let out = port("out", Element::F32, &[-1, 3, -1, -1]);
        let fault = |inputs: &[Port], outputs: &[Port]| decide(inputs, outputs).unwrap_err().to_string();
        assert!(
            fault(std::slice::from_ref(&time), std::slice::from_ref(&out)).starts_with("the model has no image input")
        );
        assert!(
            fault(std::slice::from_ref(&image), std::slice::from_ref(&out))
                .starts_with("the model has no timestep input")
        );
        assert!(fault(&[image.clone(), time.clone()], &[]).starts_with("the model has no image output"));
        let extra = port("mask", Element::F32, &[-1, -1]);
        assert!(fault(&[image.clone(), time.clone(), extra], std::slice::from_ref(&out)).contains("\"mask\""));
        let narrow = port("out", Element::F32, &[-1, 4, -1, -1]);
        assert!(fault(&[image, time.clone()], &[narrow]).contains("3 channels"));
        let free = port("sample", Element::F32, &[-1, -1, -1, -1]);
        assert!(fault(&[free, time], &[out]).contains("in_channels"));
    }
}
