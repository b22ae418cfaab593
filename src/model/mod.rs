//! Models, and ONNX Runtime, which runs them.

pub mod cascade_folder;
pub mod contract;
pub mod convention;
pub mod decoder;
pub mod diagnosis;
pub mod exact;
pub mod folders;
pub mod graph_file;
mod hex;
pub mod inputs;
mod layout;
mod load_stop;
pub mod onnx;
pub mod onnx_runtime;
pub mod package;
pub mod pipeline;
mod scheduler_config;
pub mod settings;
pub mod text;

pub(crate) use hex::hex;
pub use load_stop::LoadStop;
pub use scheduler_config::{
    AlgorithmType, FinalSigmas, Interpolation, NearestSampler, OwnSampler, PredictionType, SchedulerClass,
    SchedulerConfig, SchedulerConfigError, SolverType, TimeShift, TimestepType, VarianceType,
};
