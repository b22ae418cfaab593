//! Networks whose image is a list of tokens, as FLUX's is.

use super::port::{Port, PortNames};
use super::{ContractError, Purposes};

/// The ports of a network with a packed image.
pub(super) struct Packed<'a> {
    sample: &'a Port,
    pub(super) output: &'a Port,
    pub(super) image_ids: &'a Port,
    pub(super) text_ids: Option<&'a Port>,
}

const SAMPLE_NAMES: &[&str] = &["hidden_states", "sample", "latents"];
const IMAGE_IDS: &str = "img_ids";
const TEXT_IDS: &str = "txt_ids";

impl<'a> Packed<'a> {
    /// A graph without an image of four axes, that is told the positions of its tokens. Ports that the user names must be
    /// those found.
    pub(super) fn find(inputs: &'a [Port], outputs: &'a [Port], names: &PortNames) -> Option<Self> {
        if inputs.iter().chain(outputs).any(Port::is_image) {
            return None;
        }
        let named = |name: &str| inputs.iter().find(|port| port.name.eq_ignore_ascii_case(name));
        let image_ids = named(IMAGE_IDS)?;
        let sample = match &names.sample {
            Some(name) => named(name),
            None => SAMPLE_NAMES.iter().find_map(|name| named(name)),
        };
        let sample = sample.filter(|port| port.is_packed_image())?;
        let mut possible = outputs.iter().filter(|port| port.is_packed_image());
        let output = match &names.output {
            Some(name) => possible.find(|port| port.name == *name),
            None => possible.next(),
        };
        Some(Self { sample, output: output?, image_ids, text_ids: named(TEXT_IDS) })
    }

    /// The image input. It and the positions are no longer among the rest.
    pub(super) fn take_sample(&self, rest: &mut Vec<&Port>) -> Port {
        let own = [Some(self.sample), Some(self.image_ids), self.text_ids];
        rest.retain(|port| !own.contains(&Some(*port)));
        self.sample.clone()
    }

    /// What its channels are for: a token holds 2×2 pixels of each.
    pub(super) fn purposes(&self) -> Result<Purposes, ContractError> {
        let values = |port: &Port| port.shape.last().copied().flatten().unwrap_or_default();
        let (input, output) = (values(self.sample), values(self.output));
        if input != output {
            return Err(ContractError::PackedConditioning { input, output });
        }
        Ok(Purposes { channels: input / 4, concat_channels: 0, learned_variance: false })
    }
}
