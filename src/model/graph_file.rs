//! Checks of an ONNX file before ONNX Runtime opens it: whether it is ONNX, whether it is complete, and whether its
//! external data is in place. ONNX Runtime's own messages on these are for its developers.

mod outline;
mod place;
mod proto;
mod tensor;

pub(crate) use self::tensor::{OutputNorm, output_norm};

pub use outline::GraphOutline;

use self::proto::ModelProto;
use super::LoadStop;
use crate::reading::why;
use prost::Message;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};

/// What an ONNX file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphFile {
    /// Version of the standard operator set.
    pub opset: i64,
    /// Files that hold the graph's larger tensors.
    pub external_data: Vec<ExternalData>,
    /// Whether it computes with 16-bit floats: weights of it are such.
    pub has_halves: bool,
    /// Channels that its first and its last convolution take, where the file holds their kernels.
    pub convolved_channels: Option<(usize, usize)>,
    /// Rows of the largest table that it looks values up in: the tokens that a text encoder knows.
    pub looked_up_rows: Option<usize>,
    /// SHA-256 of the file and its external data, hexadecimal.
    pub sha256: String,
    /// Bytes of the file and its external data.
    pub bytes: u64,
}

/// A file that holds tensors of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalData {
    /// What the graph calls it, a path from the graph's folder.
    pub location: String,
    /// The file, or a link to it.
    pub file: PathBuf,
    /// Whether ONNX Runtime opens it by itself. It does not follow every link that is followed here.
    pub followed: bool,
}

/// Why an ONNX file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GraphFileError {
    /// The file could not be read.
    #[error("cannot read {path}: {}", why(error))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Zero bytes.
    #[error("{path} is empty; export or copy it again")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Larger than the format allows.
    #[error("{path} has {bytes} bytes, more than the 2 GiB an ONNX file can have; export it with external data")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The bytes are not an ONNX model, or not all of one.
    #[error("{path} is not a complete ONNX model: it has another format or is truncated; export or copy it again")]
    NotOnnx {
        /// The file.
        path: PathBuf,
    },
    /// A path that could read any file of the user's.
    #[error(
        "{path} refers to external data at \"{location}\", outside its folder, and was not opened; export it again \
         with the data in its folder"
    )]
    Escapes {
        /// The model.
        path: PathBuf,
        /// The location it names.
        location: String,
    },
    /// A link that could lead to any file of the user's.
    #[error(
        "{path} needs its weights file \"{location}\", which is a link to {target}, outside its folder, and was not \
         followed; copy that file into the folder in place of the link"
    )]
    Link {
        /// The model.
        path: PathBuf,
        /// The location it names.
        location: String,
        /// Where the link leads.
        target: PathBuf,
    },
    /// External data ends before the graph's tensors do.
    #[error("{path} is truncated: it has a size of {bytes} B, but its model needs {needed} B; copy it again")]
    Truncated {
        /// The file with the data.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The size that the graph asks for.
        needed: u64,
    },
    /// External data is not there.
    #[error("{path} needs its weights file \"{location}\", which is missing; copy that file into the same folder")]
    Missing {
        /// The model.
        path: PathBuf,
        /// The location it names.
        location: String,
    },
}

/// What a graph weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GraphWeight {
    /// Bytes of the file and its external data.
    pub bytes: u64,
    /// Whether weights of it are 16-bit floats.
    pub has_halves: bool,
}

/// The largest protobuf message.
const LIMIT: u64 = 1 << 31;

impl GraphFile {
    /// Reads and checks a file.
    pub fn read(path: &Path) -> Result<Self, GraphFileError> {
        let read = |error| GraphFileError::Read { path: path.into(), error };
        let bytes = std::fs::metadata(path).map_err(read)?.len();
        if bytes == 0 {
            return Err(GraphFileError::Empty { path: path.into() });
        }
        if bytes > LIMIT {
            return Err(GraphFileError::TooLarge { path: path.into(), bytes });
        }
        let content = std::fs::read(path).map_err(read)?;
        let not_onnx = || GraphFileError::NotOnnx { path: path.into() };
        let model = ModelProto::decode(content.as_slice()).map_err(|_| not_onnx())?;
        if model.ir_version <= 0 || model.graph.as_ref().is_none_or(|graph| graph.node.is_empty()) {
            return Err(not_onnx());
        }

        let mut hash = Sha256::new();
        hash.update(&content);
        let mut external_data = Vec::new();
        let mut all_bytes = bytes;
        for (location, needed) in model.extents() {
            let data = place::find(path, location)?;
            let file = &data.file;
            let unread = |error| GraphFileError::Read { path: file.clone(), error };
            let bytes = std::fs::metadata(file).map_err(unread)?.len();
            if bytes < needed {
                return Err(GraphFileError::Truncated { path: file.clone(), bytes, needed });
            }
            digest_file(file, &mut hash).map_err(unread)?;
            all_bytes += bytes;
            external_data.push(data);
        }
        let opset = model.opset_import.iter().find(|set| set.domain.is_empty() || set.domain == "ai.onnx");
        Ok(Self {
            opset: opset.map_or(0, |set| set.version),
            has_halves: model.has_halves(),
            convolved_channels: model.convolved_channels(),
            looked_up_rows: model.looked_up_rows(),
            external_data,
            sha256: super::hex(&hash.finalize()),
            bytes: all_bytes,
        })
    }
}

impl GraphFile {
    /// What a graph weighs, without reading its external data.
    pub fn weigh(path: &Path) -> Result<GraphWeight, GraphFileError> {
        let unread = |error| GraphFileError::Read { path: path.into(), error };
        let content = std::fs::read(path).map_err(unread)?;
        let model =
            ModelProto::decode(content.as_slice()).map_err(|_| GraphFileError::NotOnnx { path: path.into() })?;
        let mut bytes = content.len() as u64;
        for location in model.locations() {
            let file = place::find(path, location)?.file;
            bytes +=
                std::fs::metadata(&file).map_err(|error| GraphFileError::Read { path: file.clone(), error })?.len();
        }
        Ok(GraphWeight { bytes, has_halves: model.has_halves() })
    }
}

/// Takes a file into a hash, a piece at a time.
pub(super) fn digest_file(path: &Path, hash: &mut Sha256) -> std::io::Result<()> {
    let mut file = std::fs::File::open(path)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        LoadStop::check()?;
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        hash.update(&buffer[..read]);
    }
}

#[cfg(test)]
mod tests;
