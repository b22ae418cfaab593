//! The meaning of a network's inputs and outputs, from their names, types and shapes. Guesses are always reported.

mod port;
mod role;

pub use port::{Element, Layout, Port, PortNames, PortRole};

use self::role::Role;
use crate::words::count;
use serde::Serialize;

/// The graph's inputs and outputs by role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contract {
    /// Noisy image, four axes, float.
    pub sample: Port,
    /// Timestep: a number per sample, or one for all.
    pub timestep: Port,
    /// Class labels, integer, one per sample.
    pub class_labels: Option<Port>,
    /// Text or other conditioning, float `[B, tokens, width]`.
    pub hidden_states: Option<Port>,
    /// All other inputs, which the user or the card gives values for.
    pub inputs: Vec<Port>,
    /// Prediction, four axes, float; twice the image's channels where a variance is learned too.
    pub output: Port,
    /// The order of the axes of images.
    pub layout: Layout,
    /// Image channels.
    pub channels: usize,
    /// Channels of the image input behind those of the image, which are given, too.
    pub concat_channels: usize,
    /// Whether the output carries a learned variance in a second half of its channels, which is not used.
    pub learned_variance: bool,
}

/// Why the roles could not be decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// No input can be an image.
    #[error(
        "the model has no image input (a float tensor with four axes); its inputs are {inputs}; only networks with a four-axis image input (batch, channels, height, \
         width) can be opened"
    )]
    NoImage {
        /// All inputs.
        inputs: String,
    },
    /// No input can be a timestep.
    #[error("the model has no timestep input (a number per sample, or one for all); its inputs are {inputs}")]
    NoTimestep {
        /// All inputs.
        inputs: String,
        /// Their names.
        names: Vec<String>,
    },
    /// No output can be a prediction.
    #[error("the model has no image output (a float tensor with four axes); its outputs are {outputs}")]
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
    /// A name was given of an input that another role has.
    #[error("the input \"{name}\" is the {is}, so it cannot be the {role}; the other inputs are {there}")]
    Taken {
        /// The name given.
        name: String,
        /// What it is.
        is: PortRole,
        /// What it was named for.
        role: PortRole,
        /// What there is left.
        there: String,
    },
    /// A port that the user named for a role that it cannot play.
    #[error("the {what} {port} cannot be the {role}, which is {needs}")]
    Unfit {
        /// `input` or `output`.
        what: &'static str,
        /// The role.
        role: PortRole,
        /// The port.
        port: String,
        /// What the role needs.
        needs: &'static str,
    },
    /// An input of a type that cannot be fed.
    #[error("the model needs an input that Chromascope cannot supply: {port}")]
    UnknownInput {
        /// The input.
        port: String,
    },
    /// Input and output do not match.
    #[error(
        "the model takes {} but returns {output}; it must return {input}, or {twice} with a learned variance, or fewer \
         than it takes if the rest is conditioning",
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
    /// The card's channels do not fit the graph.
    #[error(
        "card.json says \"channels\": {card}, but the model takes {} and returns {output}; correct the card",
        count(*.input, "channel")
    )]
    CardChannels {
        /// The card's.
        card: usize,
        /// Channels in.
        input: usize,
        /// Channels out.
        output: usize,
    },
    /// The configuration's channels are not the graph's.
    #[error(
        "config.json says \"in_channels\": {config}, but the image input of the graph has {}: {port}; use the config.json \
         of this model",
        count(*.graph, "channel")
    )]
    ConfigChannels {
        /// The configuration's.
        config: usize,
        /// The graph's.
        graph: usize,
        /// The image input.
        port: String,
    },
    /// The channel count is not fixed.
    #[error(
        "the number of image channels is unknown; export the model with a fixed channel count, or set \"in_channels\" \
         in config.json"
    )]
    FreeChannels,
}

/// What the model's other files say of its graph.
#[derive(Clone, Debug, Default)]
pub struct Declared<'a> {
    /// config.json's `in_channels`.
    pub in_channels: Option<usize>,
    /// The card's `channels`: those of the image itself.
    pub channels: Option<usize>,
    /// Inputs that the card names, which play no other role.
    pub inputs: Vec<&'a str>,
}

const SAMPLE_NAMES: &[&str] =
    &["sample", "x", "x_t", "noisy_sample", "latents", "latent", "latent_model_input", "image", "input", "noisy"];
const TIMESTEP_NAMES: &[&str] =
    &["timestep", "t", "timesteps", "time", "time_step", "step", "sigma", "sigmas", "c_noise", "log_snr", "logsnr"];
const LABEL_NAMES: &[&str] = &["class_labels", "y", "labels", "label", "class", "classes", "class_label"];
const HIDDEN_NAMES: &[&str] = &["encoder_hidden_states", "context", "hidden_states", "text_embeddings", "cond"];
const OUTPUT_NAMES: &[&str] =
    &["out_sample", "sample_out", "output", "noise_pred", "eps", "prediction", "out", "denoised", "score"];

impl Contract {
    /// Decides the roles.
    pub fn decide(
        inputs: &[Port],
        outputs: &[Port],
        names: &PortNames,
        declared: &Declared,
    ) -> Result<Self, ContractError> {
        let is_label = |port: &Port| port.element.is_integer() && port.is_number() && !port.shape.is_empty();
        let is_hidden = |port: &Port| port.element.is_float() && port.shape.len() == 3;

        let mut rest: Vec<&Port> =
            inputs.iter().filter(|port| !declared.inputs.contains(&port.name.as_str())).collect();
        let sample = Role::new(PortRole::Sample, SAMPLE_NAMES)
            .take(&mut rest, names.sample.as_deref(), Port::is_image)?
            .ok_or_else(|| ContractError::NoImage { inputs: list(inputs) })?;
        let named = [(PortRole::ClassLabels, &names.class_labels), (PortRole::Timestep, &names.timestep)];
        if let Some((role, _)) = named.into_iter().find(|(_, name)| name.as_deref() == Some(&sample.name)) {
            let (name, is, there) = (sample.name, PortRole::Sample, list_of(&rest));
            return Err(ContractError::Taken { name, is, role, there });
        }
        if let Some(name) = names.class_labels.as_ref().filter(|name| names.timestep.as_ref() == Some(name)) {
            let (name, is, role) = (name.clone(), PortRole::ClassLabels, PortRole::Timestep);
            return Err(ContractError::Taken { name, is, role, there: list_of(&rest) });
        }
        // Labels with a familiar name go first, so that an integer `y` is never mistaken for the only timestep left.
        let label_role = Role::new(PortRole::ClassLabels, LABEL_NAMES);
        let mut class_labels = label_role.take_named(&mut rest, names.class_labels.as_deref(), is_label)?;
        let timestep = Role::new(PortRole::Timestep, TIMESTEP_NAMES)
            .take(&mut rest, names.timestep.as_deref(), Port::is_number)?
            .ok_or_else(|| ContractError::NoTimestep {
                inputs: list(inputs),
                names: inputs.iter().map(|port| port.name.clone()).collect(),
            })?;
        if class_labels.is_none() {
            class_labels = label_role.take(&mut rest, None, is_label)?;
        }
        let hidden_role = Role::new(PortRole::HiddenStates, HIDDEN_NAMES);
        let mut hidden_states = hidden_role.take_named(&mut rest, None, is_hidden)?;
        if hidden_states.is_none() && rest.iter().filter(|port| is_hidden(port)).count() == 1 {
            hidden_states = hidden_role.take(&mut rest, None, is_hidden)?;
        }
        let further: Vec<Port> = inputs
            .iter()
            .filter(|port| rest.contains(port) || declared.inputs.contains(&port.name.as_str()))
            .cloned()
            .collect();
        if let Some(port) = further.iter().find(|port| port.element == Element::Other) {
            return Err(ContractError::UnknownInput { port: port.describe() });
        }

        let mut rest: Vec<&Port> = outputs.iter().collect();
        let output = Role::new(PortRole::Output, OUTPUT_NAMES)
            .take(&mut rest, names.output.as_deref(), Port::is_image)?
            .ok_or_else(|| ContractError::NoOutput { outputs: list(outputs) })?;

        let layout = layout_of(&sample, &output, declared.in_channels);
        let Purposes { channels, concat_channels, learned_variance } = channels_of(&sample, &output, layout, declared)?;
        Ok(Self {
            sample,
            timestep,
            class_labels,
            hidden_states,
            inputs: further,
            output,
            layout,
            channels,
            concat_channels,
            learned_variance,
        })
    }

    /// The batch size that the graph is fixed to, if it is.
    #[must_use]
    pub fn fixed_batch(&self) -> Option<usize> {
        let rows = |port: &Port| port.fixed_batch().filter(|_| !port.is_number() && port.shape.len() > 1);
        let of_others = || {
            let labels = self.class_labels.as_ref().and_then(Port::fixed_batch);
            let timesteps = self.timestep.fixed_batch().filter(|batch| *batch > 1);
            let rest = self.hidden_states.iter().chain(&self.inputs).find_map(rows);
            labels.or(timesteps).or(rest)
        };
        self.sample.shape[0].or_else(of_others)
    }

    /// Whether a further input has the samples as its first axis. One without axes has not, nor has a list of a fixed
    /// length.
    #[must_use]
    pub fn is_per_sample(&self, port: &Port) -> bool {
        match port.shape[..] {
            [] => false,
            [Some(length)] => length == 1 || Some(length) == self.fixed_batch(),
            _ => true,
        }
    }

    /// Height and width that the graph is fixed to, where it is.
    #[must_use]
    pub fn fixed_size(&self) -> (Option<usize>, Option<usize>) {
        let height = self.layout.height_axis();
        (self.sample.shape[height], self.sample.shape[height + 1])
    }
}

/// The order of the axes: where the configuration's channels are, else where few channels are or only they are fixed.
fn layout_of(input: &Port, output: &Port, config_channels: Option<usize>) -> Layout {
    let axes = |port: &Port| (port.shape[1], port.shape[3]);
    let (first, last) = axes(input);
    if let Some(channels) = config_channels.map(Some) {
        if first == channels {
            return Layout::Nchw;
        }
        if last == channels {
            return Layout::Nhwc;
        }
    }
    let few = |side: Option<usize>| matches!(side, Some(1 | 3 | 4));
    match (axes(input), axes(output)) {
        ((None, Some(_)), (None, Some(_))) => Layout::Nhwc,
        ((Some(height), Some(_)), (Some(out), Some(_))) if height == out && few(last) && !few(first) => Layout::Nhwc,
        _ => Layout::Nchw,
    }
}

struct Purposes {
    channels: usize,
    concat_channels: usize,
    learned_variance: bool,
}

/// What the channels of the image input and the output are for.
fn channels_of(sample: &Port, output: &Port, layout: Layout, declared: &Declared) -> Result<Purposes, ContractError> {
    let axis = layout.channel_axis();
    if let (Some(graph), Some(config)) = (sample.shape[axis], declared.in_channels)
        && graph != config
    {
        return Err(ContractError::ConfigChannels { config, graph, port: sample.describe() });
    }
    let taken = sample.shape[axis].or(declared.in_channels).ok_or(ContractError::FreeChannels)?;
    let given = output.shape[axis].unwrap_or(declared.channels.unwrap_or(taken));
    let channels = match declared.channels {
        Some(card) if card > taken || ![card, 2 * card].contains(&given) => {
            return Err(ContractError::CardChannels { card, input: taken, output: given });
        }
        Some(card) => card,
        None if given == 2 * taken => taken,
        None if given <= taken => given,
        None => return Err(ContractError::Channels { input: taken, output: given, twice: 2 * taken }),
    };
    Ok(Purposes { channels, concat_channels: taken - channels, learned_variance: given == 2 * channels })
}

fn list(ports: &[Port]) -> String {
    list_of(&ports.iter().collect::<Vec<_>>())
}

fn list_of(ports: &[&Port]) -> String {
    if ports.is_empty() {
        return "none".into();
    }
    ports.iter().map(|port| port.describe()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
