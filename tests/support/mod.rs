//! Helpers of several tests.
#![allow(dead_code, clippy::unwrap_used)]

use chromascope::denoiser::Denoiser;
use chromascope::model::SchedulerConfig;
use chromascope::model::contract::{Contract, Declared, PortNames};
use chromascope::model::onnx::{Conditioning, OnnxDenoiser, OnnxSession, SessionOptions};
use chromascope::model::onnx_runtime::{LoadedRuntime, Provider, find_and_load};
use chromascope::model::package::Package;
use ndarray_npy::NpzReader;
use std::fs::File;
use std::path::{Path, PathBuf};

pub fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

pub fn test_model(name: &str) -> PathBuf {
    golden("models").join(name)
}

pub fn npz(name: &str) -> NpzReader<File> {
    NpzReader::new(File::open(golden(name)).unwrap()).unwrap()
}

pub fn json(name: &str) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(golden(name)).unwrap()).unwrap()
}

/// The library; a test that needs it fails if it is missing.
pub fn runtime() -> &'static LoadedRuntime {
    find_and_load(None).expect("these tests need ONNX Runtime: run `make test`, or `chromascope setup` first")
}

pub const ONE_THREAD: SessionOptions = SessionOptions { provider: Provider::Cpu, intra_threads: Some(1) };

/// A network under a scheduler configuration of its own.
pub fn network(path: &Path, config: &SchedulerConfig, conditioning: Conditioning) -> OnnxDenoiser {
    let package = Package::read(path).unwrap();
    let session = OnnxSession::open(&package.onnx, runtime(), ONE_THREAD).unwrap();
    let declared = Declared { in_channels: package.config.in_channels, ..Declared::default() };
    let contract = Contract::decide(&session.inputs(), &session.outputs(), &PortNames::default(), &declared).unwrap();
    let schedule = config.model_schedule().unwrap();
    OnnxDenoiser::new(session, contract, schedule, config.parameterization(), conditioning, 64)
}

pub fn boxed(denoiser: impl Denoiser + 'static) -> Box<dyn Denoiser> {
    Box::new(denoiser)
}
