//! Checks of an ONNX file before ONNX Runtime opens it: whether it is ONNX, whether it is complete, and whether its
//! external data is in place. ONNX Runtime's own messages on these are for its developers.

use crate::reading::why;
use prost::Message;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

// The few fields of onnx.proto3 that are needed; all others are skipped unread.

#[derive(Clone, PartialEq, Message)]
struct ModelProto {
    #[prost(int64, tag = "1")]
    ir_version: i64,
    #[prost(message, repeated, tag = "8")]
    opset_import: Vec<OperatorSet>,
    #[prost(message, optional, tag = "7")]
    graph: Option<GraphProto>,
}

#[derive(Clone, PartialEq, Message)]
struct OperatorSet {
    #[prost(string, tag = "1")]
    domain: String,
    #[prost(int64, tag = "2")]
    version: i64,
}

#[derive(Clone, PartialEq, Message)]
struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    node: Vec<Anything>,
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<TensorProto>,
}

#[derive(Clone, PartialEq, Message)]
struct Anything {}

#[derive(Clone, PartialEq, Message)]
struct TensorProto {
    #[prost(string, tag = "8")]
    name: String,
    #[prost(message, repeated, tag = "13")]
    external_data: Vec<Entry>,
}

#[derive(Clone, PartialEq, Message)]
struct Entry {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

/// What an ONNX file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphFile {
    /// Version of the standard operator set.
    pub opset: i64,
    /// Files that hold the graph's larger tensors, all inside its folder.
    pub external_data: Vec<PathBuf>,
    /// SHA-256 of the file and its external data, hexadecimal.
    pub sha256: String,
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
    /// External data is not there.
    #[error("{path} needs its weights file \"{location}\", which is missing; copy that file into the same folder")]
    Missing {
        /// The model.
        path: PathBuf,
        /// The location it names.
        location: String,
    },
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
        let graph = model.graph.filter(|graph| model.ir_version > 0 && !graph.node.is_empty()).ok_or_else(not_onnx)?;

        let mut hash = Sha256::new();
        hash.update(&content);
        let external_data = external_files(path, &graph)?;
        for file in &external_data {
            digest_file(file, &mut hash).map_err(|error| GraphFileError::Read { path: file.clone(), error })?;
        }
        let opset = model.opset_import.iter().find(|set| set.domain.is_empty() || set.domain == "ai.onnx");
        Ok(Self { opset: opset.map_or(0, |set| set.version), external_data, sha256: super::hex(&hash.finalize()) })
    }
}

fn external_files(path: &Path, graph: &GraphProto) -> Result<Vec<PathBuf>, GraphFileError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let locations = graph.initializer.iter().flat_map(|tensor| &tensor.external_data);
    let mut locations: Vec<&str> =
        locations.filter(|entry| entry.key == "location").map(|entry| entry.value.as_str()).collect();
    locations.sort_unstable();
    locations.dedup();
    let mut files = Vec::new();
    for location in locations {
        let relative = Path::new(location);
        let escapes = || GraphFileError::Escapes { path: path.into(), location: location.into() };
        if !relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(escapes());
        }
        let file = folder.join(relative);
        let missing = || GraphFileError::Missing { path: path.into(), location: location.into() };
        // A symbolic link can leave the folder as well as "..".
        let real = file.canonicalize().map_err(|_| missing())?;
        let root = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        if !real.starts_with(root.canonicalize().map_err(|_| missing())?) {
            return Err(escapes());
        }
        files.push(file);
    }
    Ok(files)
}

/// Takes a file into a hash, a piece at a time.
pub(super) fn digest_file(path: &Path, hash: &mut Sha256) -> std::io::Result<()> {
    let mut file = std::fs::File::open(path)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        hash.update(&buffer[..read]);
    }
}
