//! Why text cannot become embeddings.

use crate::reading::why;
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
}
