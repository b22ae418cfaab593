use super::super::images::ImagesError;
use super::SettingError;
use crate::model::SchedulerConfigError;
use crate::model::contract::ContractError;
use crate::model::graph_file::GraphFileError;
use crate::model::onnx::OpenError;
use crate::model::onnx_runtime::RuntimeError;
use crate::model::package::PackageError;
use crate::sampler::NoiseError;
use crate::schedule::ScheduleError;
use crate::session::setting::Setting;
use std::path::PathBuf;

/// Why a run cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The model's files.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The graph's file.
    #[error(transparent)]
    Graph(#[from] GraphFileError),
    /// ONNX Runtime.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The session.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// CUDA was demanded and does not work.
    #[error("CUDA does not work here: {0}. Run `chromascope doctor` for what is missing, or use {provider} cpu", provider = Setting::Provider)]
    Cuda(String),
    /// Inputs and outputs.
    #[error("{path}: {source}{}", which(source))]
    Contract {
        /// The graph.
        path: PathBuf,
        /// What is undecided or wrong.
        source: ContractError,
    },
    /// The scheduler's configuration.
    #[error(transparent)]
    Config(#[from] SchedulerConfigError),
    /// The schedule.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// Image folder.
    #[error(transparent)]
    Images(#[from] ImagesError),
    /// Injected noise.
    #[error(transparent)]
    Noise(#[from] NoiseError),
    /// What the network predicts is not known.
    #[error(
        "the model {model} comes without scheduler_config.json, so what its network predicts and on which schedule it was \
         trained is not known; give it with {} (diffusers' format)",
        Setting::SchedulerConfig
    )]
    NoSchedule {
        /// The model.
        model: String,
    },
    /// A run needs the class that means "none", and nothing tells which that is.
    #[error(
        "the model {model} has classes, but neither its card nor its configuration tells which one means none, and {needed_for}; \
         choose one with {}",
        Setting::NullLabel
    )]
    NoNullClass {
        /// The model.
        model: String,
        /// How many classes it has, where it is said.
        classes: Option<usize>,
        /// What needs it.
        needed_for: &'static str,
    },
    /// No size was said, neither by the model nor by the settings.
    #[error("the model does not say what size it was trained at; give {}, such as 64x64", Setting::Size)]
    NoSize,
    /// Embeddings are needed and were not given.
    #[error(
        "this model is conditioned on embeddings (input \"{input}\"); give a .npy file with {}, [B or 1, tokens, \
         width]",
        Setting::HiddenStates
    )]
    NoHiddenStates {
        /// The input that takes them.
        input: String,
    },
    /// A setting that cannot be.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A `.npy` file.
    #[error("cannot use {path} as {what}: {reason}")]
    Array {
        /// The file.
        path: PathBuf,
        /// Its purpose.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// The setting that says which input or output plays a role, where that is not decided.
fn which(error: &ContractError) -> String {
    match error {
        ContractError::Ambiguous { role, .. } => {
            Setting::of_port(*role).map_or_else(String::new, |setting| format!(". Say which with {setting}"))
        }
        ContractError::NoTimestep { .. } => {
            format!(". If one of them is it, name it with {}", Setting::InputTimestep)
        }
        _ => String::new(),
    }
}
