//! Text for a pipeline's network: from a prompt to tokens, from tokens to embeddings.
//!
//! A prompt is read in two steps. [`editing`] says which text rules at which step, `[a:b:0.4]` and `[a|b]`; [`emphasis`]
//! says how much each part of a text weighs, `(a:1.2)` and `[a]`. Both follow the documentation of AUTOMATIC1111's web UI.
//!
//! A [`PromptEncoder`] makes of each text what the network is told, by the family of the pipeline, as diffusers does.

pub mod editing;
pub mod emphasis;
mod encoder;
mod error;
mod files;
mod prompts;
mod tokenizer;
mod tokens;

pub use encoder::{EncoderConfig, TextEncoder};
pub use error::TextError;
pub use prompts::{EncodeCanceller, PromptEmbedding, PromptEncoder, PromptText, Stage, TextRole};
pub use tokenizer::{Tokenizer, TokenizerKind};
pub use tokens::{FEW_SHOWN, MOST_SHOWN, Piece, Tokens};
