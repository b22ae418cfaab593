//! Why text cannot become embeddings.

use crate::model::graph_file::GraphFileError;
use crate::model::onnx::OpenError;
use crate::reading::why;
use crate::words::count;
use std::path::PathBuf;

/// Why a tokenizer or a text encoder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// A folder without a tokenizer.
    #[error("the folder {folder} has no tokenizer: it needs tokenizer.json, or CLIP's vocab.json and merges.txt")]
    NoTokenizer {
        /// The folder.
        folder: PathBuf,
    },
    /// Half of CLIP's tokenizer.
    #[error("the tokenizer in {folder} has no {missing}; copy that file into the folder, or put tokenizer.json there")]
    HalfTokenizer {
        /// The folder.
        folder: PathBuf,
        /// The file that is missing.
        missing: &'static str,
    },
    /// Only the file that SentencePiece reads.
    #[error(
        "the tokenizer in {folder} is spiece.model alone, which cannot be read here; load it with transformers' \
         AutoTokenizer, save it with save_pretrained, and copy tokenizer.json into the folder"
    )]
    SentencePiece {
        /// The folder.
        folder: PathBuf,
    },
    /// A file could not be read.
    #[error("cannot read {path}: {}", why(error))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A file does not say what it should.
    #[error("{path} cannot be used: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A token that is named but not there.
    #[error(
        "the tokenizer in {folder} has no token \"{token}\", which it names as its {role}; use the files of one model"
    )]
    NoToken {
        /// The folder.
        folder: PathBuf,
        /// The token.
        token: String,
        /// What it is for.
        role: &'static str,
    },
    /// A tokenizer gives tokens that its encoder has no embedding for.
    #[error(
        "the tokenizer in {folder} belongs to another model: it has {}, and {path} has embeddings for {known}; use the \
         tokenizer that was exported with this pipeline",
        count(*.tokens, "token")
    )]
    Vocabulary {
        /// The tokenizer's folder.
        folder: PathBuf,
        /// Tokens that it gives.
        tokens: usize,
        /// The graph, or its configuration.
        path: PathBuf,
        /// Tokens of the encoder.
        known: usize,
    },
    /// A tokenizer of another kind than its encoder's.
    #[error(
        "the tokenizer in {folder} belongs to another model: {reason}; use the tokenizer that was exported with this \
         pipeline"
    )]
    OtherModel {
        /// The tokenizer's folder.
        folder: PathBuf,
        /// Why.
        reason: String,
    },
    /// The encoder's file cannot be used.
    #[error(transparent)]
    Graph(#[from] GraphFileError),
    /// ONNX Runtime refused it.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its inputs or outputs are not those of a text encoder.
    #[error(
        "{path} is not a text encoder that can be used here: {ports}; it must take \"input_ids\" and return {needed}; \
         export the pipeline again with `optimum-cli export onnx`"
    )]
    Ports {
        /// The graph.
        path: PathBuf,
        /// What it takes and returns, in words.
        ports: String,
        /// What must be among its outputs.
        needed: &'static str,
    },
    /// It does not return the state of a layer.
    #[error(
        "{path} does not return the states of its layers (\"hidden_states.{layer}\"), which {needed}; export the pipeline \
         again, with \"output_hidden_states\": true in the config.json of its text encoder"
    )]
    NoLayer {
        /// The graph.
        path: PathBuf,
        /// The layer.
        layer: usize,
        /// What for.
        needed: String,
    },
    /// More layers are skipped than there are.
    #[error("{path} has {}, so {skipped} of them cannot be skipped; choose a CLIP skip of {most} at most", count(*.layers, "layer"))]
    ClipSkip {
        /// The graph.
        path: PathBuf,
        /// Its layers.
        layers: usize,
        /// How many were to be skipped.
        skipped: usize,
        /// How many can be.
        most: usize,
    },
    /// The weights of the last normalisation are not found.
    #[error(
        "CLIP skip needs the final layer normalisation of {path}, which was not found in the graph; export the pipeline \
         again with `optimum-cli export onnx`, or use no CLIP skip"
    )]
    NoNorm {
        /// The graph.
        path: PathBuf,
    },
    /// Its embeddings are no numbers.
    #[error("the text encoder {path} returned {what}; if it is in f16, export it in f32, else the file may be damaged")]
    NotFinite {
        /// The graph.
        path: PathBuf,
        /// `NaN` or `Inf`.
        what: &'static str,
    },
    /// There is too little memory.
    #[error("there is too little memory for the text encoder {path}; close other programs, or use one in f16")]
    Memory {
        /// The graph.
        path: PathBuf,
    },
    /// ONNX Runtime failed.
    #[error("ONNX Runtime could not run {path}: {reason}")]
    Failed {
        /// The graph.
        path: PathBuf,
        /// Its reason.
        reason: String,
    },
    /// The call was cancelled.
    #[error("encoding the prompts was cancelled")]
    Cancelled,
}

impl TextError {
    /// Whether somebody cancelled it.
    #[must_use]
    pub const fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }
}
