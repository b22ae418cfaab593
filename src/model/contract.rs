//! The meaning of a network's inputs and outputs, from their names, types and shapes. Guesses are always reported.

mod error;
mod packed;
mod port;
mod role;

pub use error::ContractError;
pub use port::{Element, InputPurpose, Layout, Port, PortNames, PortRole};

use self::packed::Packed;
use self::role::Role;
use serde::Serialize;

/// The graph's inputs and outputs by role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contract {
    /// Noisy image, float: four axes, or three where it is packed.
    pub sample: Port,
    /// Timestep: a number per sample, or one for all.
    pub timestep: Port,
    /// Class labels, integer, one per sample.
    pub class_labels: Option<Port>,
    /// Text or other conditioning, float `[B, tokens, width]`.
    pub hidden_states: Option<Port>,
    /// Positions of a packed image's tokens, `[tokens, 3]` or `[B, tokens, 3]`, which follow from its size.
    pub image_ids: Option<Port>,
    /// Positions of the text's tokens beside a packed image's, all 0.
    pub text_ids: Option<Port>,
    /// All other inputs, which the user or the card gives values for.
    pub inputs: Vec<Port>,
    /// Prediction, in the form of the image; twice its channels where a variance is learned too.
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
        let packed = Packed::find(inputs, outputs, names);
        let sample = match &packed {
            Some(packed) => packed.take_sample(&mut rest),
            None => Role::new(PortRole::Sample, SAMPLE_NAMES)
                .take(&mut rest, names.sample.as_deref(), Port::is_image)?
                .ok_or_else(|| ContractError::NoImage { inputs: list(inputs) })?,
        };
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

        let (output, layout, purposes) = match &packed {
            Some(packed) => (packed.output.clone(), Layout::Packed, packed.purposes()?),
            None => image_output(&sample, outputs, names, declared)?,
        };
        let Purposes { channels, concat_channels, learned_variance } = purposes;
        Ok(Self {
            sample,
            timestep,
            class_labels,
            hidden_states,
            image_ids: packed.as_ref().map(|packed| packed.image_ids.clone()),
            text_ids: packed.as_ref().and_then(|packed| packed.text_ids.cloned()),
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
        match *self.layout.size_axes() {
            [height, width] => (self.sample.shape[height], self.sample.shape[width]),
            // A number of tokens leaves open which sides they make.
            _ => (None, None),
        }
    }
}

/// The prediction of a network whose image has four axes, the order of these, and what its channels are for.
fn image_output(
    sample: &Port,
    outputs: &[Port],
    names: &PortNames,
    declared: &Declared,
) -> Result<(Port, Layout, Purposes), ContractError> {
    let mut rest: Vec<&Port> = outputs.iter().collect();
    let output = Role::new(PortRole::Output, OUTPUT_NAMES)
        .take(&mut rest, names.output.as_deref(), Port::is_image)?
        .ok_or_else(|| ContractError::NoOutput { outputs: list(outputs) })?;
    let layout = layout_of(sample, &output, declared.in_channels);
    let purposes = channels_of(sample, &output, layout, declared)?;
    Ok((output, layout, purposes))
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
