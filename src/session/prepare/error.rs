use super::super::images::ImagesError;
use super::{PipelineFault, SettingError};
use crate::model::SchedulerConfigError;
use crate::model::contract::ContractError;
use crate::model::graph_file::GraphFileError;
use crate::model::onnx::{ConditioningError, OpenError};
use crate::model::onnx_runtime::RuntimeError;
use crate::model::package::PackageError;
use crate::model::pipeline::PipelineError;
use crate::model::text::TextError;
use crate::sampler::NoiseError;
use crate::schedule::ScheduleError;
use crate::session::setting::Setting;
use crate::words::count;
use std::path::PathBuf;

/// Why a run cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The model's files are not usable.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The folder of a pipeline is not usable.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// The parts of a pipeline cannot be used together.
    #[error(transparent)]
    Parts(#[from] PipelineFault),
    /// A tokenizer or a text encoder is not usable.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The loading was stopped.
    #[error("loading the model was stopped")]
    Stopped,
    /// The graph's file is not usable.
    #[error(transparent)]
    Graph(#[from] GraphFileError),
    /// ONNX Runtime is not usable.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The session failed.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// CUDA was required and does not work.
    #[error("CUDA does not work here: {}. Run `chromascope doctor` to see what is missing, or use {provider} cpu", .0.trim_end_matches('.'), provider = Setting::Provider)]
    Cuda(String),
    /// The inputs and outputs are not understood.
    #[error("{path}: {source}{}", which(source))]
    Contract {
        /// The graph.
        path: PathBuf,
        /// What is undetermined or wrong.
        source: ContractError,
    },
    /// Embeddings or further values do not fit the graph.
    #[error(transparent)]
    Conditioning(#[from] ConditioningError),
    /// The scheduler's configuration is not valid.
    #[error(transparent)]
    Config(#[from] SchedulerConfigError),
    /// The schedule is not valid.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The image folder is not usable.
    #[error(transparent)]
    Images(#[from] ImagesError),
    /// The injected noise is not usable.
    #[error(transparent)]
    Noise(#[from] NoiseError),
    /// It is not known what the network predicts.
    #[error(
        "{what} has no scheduler_config.json, so its prediction and training schedule are unknown; give it with \
         {} (diffusers' format), or set {}, {} (other than index) and {}",
        Setting::SchedulerConfig,
        Setting::State,
        Setting::Time,
        Setting::Prediction
    )]
    NoSchedule {
        /// The model, or the file: "the model eps".
        what: String,
    },
    /// A run needs the null class, which is unknown.
    #[error(
        "the model {model} has classes, but neither its card nor its configuration names the null class, and \
         {needed_for}; set it with {}",
        Setting::NullLabel
    )]
    NoNullClass {
        /// The model.
        model: String,
        /// Number of classes, if known.
        classes: Option<usize>,
        /// What needs the null class.
        needed_for: &'static str,
    },
    /// Neither the model nor the settings have a size.
    #[error("the model's files do not give its trained size; set {}, such as 64x64", Setting::Size)]
    NoSize,
    /// Embeddings are needed and missing.
    #[error(
        "this model needs embeddings (input \"{input}\"); give a .npy file of shape [B or 1, tokens, width] with {}",
        Setting::HiddenStates
    )]
    NoHiddenStates {
        /// The input that takes them.
        input: String,
    },
    /// A further input has no value.
    #[error("this model needs a value for its input {port}; give it with {} {name}=VALUE", Setting::Inputs)]
    NoInput {
        /// Name, type and shape.
        port: String,
        /// Its name.
        name: String,
    },
    /// A value was given for an input that is not a further one.
    #[error("{} was given for \"{name}\", which {because}", Setting::Inputs)]
    NoSuchInput {
        /// The name.
        name: String,
        /// What it is instead, and what to do.
        because: String,
    },
    /// A value of a further input is not usable.
    #[error("cannot use {value} as the input \"{name}\": {reason}")]
    InputValue {
        /// The value, or its file.
        value: String,
        /// The input.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The channels behind the image are missing.
    #[error(
        "the image input of this model has {} behind those of the image, such as a low-resolution image or a mask; give \
         them as a .npy file of shape 1 x {channels} x {} x {} with {}",
        count(*.channels, "channel"), size.0, size.1, Setting::Concat
    )]
    NoConcat {
        /// Their number.
        channels: usize,
        /// Height and width of the run.
        size: (usize, usize),
    },
    /// A setting is not valid.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A `.npy` file is not usable.
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

/// The setting that names an input or output, if that is undetermined.
fn which(error: &ContractError) -> String {
    match error {
        ContractError::Ambiguous { role, .. } => {
            Setting::of_port(*role).map_or_else(String::new, |setting| format!(". Choose one with {setting}"))
        }
        ContractError::NoTimestep { .. } => {
            format!(". If one of these is the timestep, choose it with {}", Setting::InputTimestep)
        }
        _ => String::new(),
    }
}
