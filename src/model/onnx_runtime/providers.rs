//! What computes: the CPU, or an NVIDIA GPU through CUDA. Being compiled into the library says nothing about whether a
//! provider works here; [`warm_up`] does.

use super::LoadedRuntime;
use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};
use ort::session::Session;
use ort::session::builder::SessionBuilder;
use ort::value::Tensor;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// What the networks run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// The processor, always there.
    #[default]
    Cpu,
    /// The first NVIDIA GPU.
    Cuda {
        /// Whether products may be rounded to TF32's 10 bits. Off, results equal the processor's to about 1e-6.
        tf32: bool,
    },
}

impl Provider {
    /// What to hand to a session builder, after loading the NVIDIA libraries where this is CUDA. The list is empty for
    /// the CPU, which every session has. CUDA comes with error-on-failure: ONNX Runtime would else fall back to the CPU
    /// without a word.
    #[must_use]
    pub fn execution_providers(self, runtime: &LoadedRuntime) -> Vec<ExecutionProviderDispatch> {
        match self {
            Self::Cpu => Vec::new(),
            Self::Cuda { tf32 } => {
                preload_nvidia(runtime);
                vec![ep::CUDA::default().with_tf32(tf32).build().error_on_failure()]
            }
        }
    }
}

/// Loads the NVIDIA libraries that lie with the runtime, once, so that the CUDA provider finds them by name. Answers
/// with the reason where they are there and do not load; where they are not there the system's own may serve.
pub(crate) fn preload_nvidia(runtime: &LoadedRuntime) -> Option<&'static str> {
    static RESULT: OnceLock<Option<String>> = OnceLock::new();
    RESULT
        .get_or_init(|| {
            let (cuda, cudnn) = nvidia_folders(&runtime.path)?;
            // Not `preload_dylibs`, which stops at the first failure and keeps the system's reason to itself.
            let of = |folder: PathBuf, names: &[&str]| names.iter().map(|name| folder.join(name)).collect::<Vec<_>>();
            let libraries = of(cuda, ep::cuda::CUDA_DYLIBS).into_iter().chain(of(cudnn, ep::cuda::CUDNN_DYLIBS));
            libraries.filter_map(|library| preload(&library).err()).reduce(|first, _| first)
        })
        .as_deref()
}

fn preload(library: &Path) -> Result<(), String> {
    ort::util::preload_dylib(library).map_err(|error| {
        let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        format!("{} does not load: {reason}", library.display())
    })
}

/// The folders of the CUDA and the cuDNN libraries that belong to `library`: its own, as `chromascope setup --cuda`
/// leaves them, or those of pip's NVIDIA packages beside it.
fn nvidia_folders(library: &Path) -> Option<(PathBuf, PathBuf)> {
    let own = library.parent()?;
    let packages = own.parent()?.parent()?.join("nvidia");
    let (cuda, cudnn) = if cfg!(windows) { ("cu13/bin/x86_64", "cudnn/bin") } else { ("cu13/lib", "cudnn/lib") };
    [(own.to_path_buf(), own.to_path_buf()), (packages.join(cuda), packages.join(cudnn))]
        .into_iter()
        .find(|(cuda, _)| ep::cuda::CUDA_DYLIBS.first().is_some_and(|name| cuda.join(name).is_file()))
}

/// The names of the execution providers compiled into the loaded library, as ONNX Runtime spells them.
#[must_use]
pub fn compiled_in(_loaded: &LoadedRuntime) -> Vec<&'static str> {
    named::AVAILABLE.iter().filter_map(|(name, available)| available().unwrap_or(false).then_some(*name)).collect()
}

/// Providers by name only: enough to ask whether the library has them.
mod named {
    use super::{ExecutionProvider, SessionBuilder};

    macro_rules! named {
        ($($provider:ident = $name:literal),* $(,)?) => {
            $(
                struct $provider;
                impl ExecutionProvider for $provider {
                    const NAME: &'static str = $name;
                    fn register(&self, _: &mut SessionBuilder) -> ort::Result<()> {
                        Ok(())
                    }
                }
            )*
            pub(super) const AVAILABLE: &[(&str, fn() -> ort::Result<bool>)] =
                &[$(($name, $provider::is_available)),*];
        };
    }

    named! {
        Cpu = "CPUExecutionProvider",
        Cuda = "CUDAExecutionProvider",
        TensorRt = "TensorrtExecutionProvider",
        NvTensorRtRtx = "NvTensorRTRTXExecutionProvider",
        DirectMl = "DmlExecutionProvider",
        CoreMl = "CoreMLExecutionProvider",
        MiGraphX = "MIGraphXExecutionProvider",
        Rocm = "ROCMExecutionProvider",
        OpenVino = "OpenVINOExecutionProvider",
        Qnn = "QNNExecutionProvider",
        WebGpu = "WebGpuExecutionProvider",
        OneDnn = "DnnlExecutionProvider",
        Xnnpack = "XnnpackExecutionProvider",
        Azure = "AzureExecutionProvider",
    }
}

/// A convolution, a ReLU and a matrix product, made by `tools/make_warm_up.py`.
const WARM_UP: &[u8] = include_bytes!("../../../assets/onnx/warm_up.onnx");
/// What it makes of 1, …, 16. Whole numbers below 2^11, so that TF32 gives them too.
const WARM_UP_RESULT: [f32; 2] = [48.0, 16.0];

/// Runs a tiny model twice on `provider`, the whole of it, and checks the result. Answers with the time of the second
/// run, or with the full text of what failed.
pub fn warm_up(runtime: &LoadedRuntime, provider: Provider) -> Result<Duration, String> {
    let preloading = match provider {
        Provider::Cpu => None,
        Provider::Cuda { .. } => preload_nvidia(runtime),
    };
    run_warm_up(runtime, provider).map_err(|reason| match preloading {
        Some(before) => format!("{} (before that: {before})", reason.trim()),
        None => reason,
    })
}

fn run_warm_up(runtime: &LoadedRuntime, provider: Provider) -> Result<Duration, String> {
    let mut session = open(runtime, provider)?;
    run_once(&mut session)?;
    let begun = Instant::now();
    let result = run_once(&mut session)?;
    if result == WARM_UP_RESULT {
        Ok(begun.elapsed())
    } else {
        Err(format!("the warm-up run returned {result:?} instead of {WARM_UP_RESULT:?}"))
    }
}

fn open(runtime: &LoadedRuntime, provider: Provider) -> Result<Session, String> {
    let providers = provider.execution_providers(runtime);
    let mut builder = Session::builder(&runtime.environment).map_err(|error| error.to_string())?;
    if provider != Provider::Cpu {
        builder = builder.with_disable_cpu_fallback().map_err(|error| error.to_string())?;
    }
    let mut builder = builder.with_execution_providers(providers).map_err(|error| error.to_string())?;
    builder.commit_from_memory(WARM_UP).map_err(|error| error.to_string())
}

fn run_once(session: &mut Session) -> Result<Vec<f32>, String> {
    let said = |error: ort::Error| error.to_string();
    let image: Vec<f32> = (1_u8..=16).map(f32::from).collect();
    let input = Tensor::from_array(([1_usize, 1, 4, 4], image)).map_err(said)?;
    let outputs = session.run(ort::inputs!["x" => input]).map_err(said)?;
    let (_, values) = outputs["y"].try_extract_tensor::<f32>().map_err(said)?;
    Ok(values.to_vec())
}
