//! Why the roles of a graph's inputs and outputs could not be decided.

use super::port::PortRole;
use crate::words::count;

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
    /// A network that is given more than the image in its packed tokens.
    #[error(
        "the model takes packed images of {input} values per token and returns {output}; only networks that take as many \
         as they return can be opened, not FLUX's Fill, Control and Redux kinds"
    )]
    PackedConditioning {
        /// Values of a token in.
        input: usize,
        /// Values of a token out.
        output: usize,
    },
}
