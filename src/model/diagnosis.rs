//! The report of `chromascope doctor`: what the program needs from the machine, whether it was found, and how to fix
//! the rest.

use super::folders::{config_folder, data_folder};
use super::onnx_runtime::setup::pins::Platform;
use super::onnx_runtime::{
    Attempt, CUDA, LIBRARY, LoadedRuntime, Pip, Provider, RuntimeError, compiled_in, find_and_load, find_pip, python,
    warm_up,
};
use super::package::bundled;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The findings. As JSON this is `chromascope doctor --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    /// Whether sampling on the CPU works.
    pub ok: bool,
    /// Chromascope's own version.
    pub chromascope: &'static str,
    /// The library, if one was loaded.
    pub onnxruntime: Option<RuntimeReport>,
    /// Why none was.
    pub error: Option<String>,
    /// Every place looked at for it, in order.
    pub attempts: Vec<Attempt>,
    /// The GPUs that `nvidia-smi -L` names.
    pub gpus: Vec<String>,
    /// The first python on PATH, with its version.
    pub python: Option<String>,
    /// The pip that set-up would use, with its version.
    pub pip: Option<String>,
    /// The data folder; `None` where it is unknown.
    pub data_folder: Option<PathBuf>,
    /// The folder of the settings; `None` where it is unknown.
    pub config_folder: Option<PathBuf>,
    /// The bundled models that were found.
    pub models: Vec<String>,
    /// What to do, one sentence for each thing missing.
    pub advice: Vec<String>,
}

/// The library, and what works on it.
#[derive(Clone, Debug, Serialize)]
pub struct RuntimeReport {
    /// The file.
    pub path: PathBuf,
    /// Its version.
    pub version: String,
    /// The execution providers compiled into it.
    pub providers: Vec<&'static str>,
    /// The warm-up run on the CPU.
    pub cpu: Trial,
    /// The warm-up run on CUDA; `None` where CUDA is not compiled in.
    pub cuda: Option<Trial>,
}

/// How a warm-up run went.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trial {
    /// It gave the right numbers; the time of one run in milliseconds.
    Works {
        /// Of the second run.
        run_ms: f64,
    },
    /// It failed; the whole text.
    Fails {
        /// As ONNX Runtime put it.
        error: String,
    },
}

impl Trial {
    fn of(runtime: &LoadedRuntime, provider: Provider) -> Self {
        match warm_up(runtime, provider) {
            Ok(time) => Self::Works { run_ms: time.as_secs_f64() * 1e3 },
            Err(error) => Self::Fails { error },
        }
    }

    /// Whether it gave the right numbers.
    #[must_use]
    pub fn works(&self) -> bool {
        matches!(self, Self::Works { .. })
    }
}

impl RuntimeReport {
    fn of(runtime: &LoadedRuntime) -> Self {
        let providers = compiled_in(runtime);
        let cuda =
            providers.contains(&"CUDAExecutionProvider").then(|| Trial::of(runtime, Provider::Cuda { tf32: false }));
        Self {
            path: runtime.path.clone(),
            version: runtime.version.clone(),
            providers,
            cpu: Trial::of(runtime, Provider::Cpu),
            cuda,
        }
    }
}

/// Looks at everything. `explicit` is the command line's `--onnxruntime`.
#[must_use]
pub fn diagnose(explicit: Option<&Path>) -> Diagnosis {
    let models: Vec<String> = bundled().into_iter().map(|(name, _)| name).collect();
    let found = find_and_load(explicit);
    let onnxruntime = found.as_ref().ok().map(|runtime| RuntimeReport::of(runtime));
    let pip = find_pip();
    let gpus = python::gpus();
    let mut advice = Vec::new();
    advise_on_runtime(found.as_ref().err(), onnxruntime.as_ref(), pip.as_ref(), &mut advice);
    advise_on_cuda(onnxruntime.as_ref(), &gpus, &mut advice);
    if models.is_empty() {
        advice.push(
            "no bundled model was found: start Chromascope from where it was unpacked or built, or set \
                     CHROMASCOPE_ASSETS to the folder \"assets\""
                .into(),
        );
    }
    Diagnosis {
        ok: onnxruntime.as_ref().is_some_and(|runtime| runtime.cpu.works()),
        chromascope: env!("CARGO_PKG_VERSION"),
        attempts: match &found {
            Ok(runtime) => runtime.attempts.clone(),
            Err(error) => error.attempts().to_vec(),
        },
        error: found.err().map(|error| error.to_string()),
        onnxruntime,
        gpus,
        python: python::find_python().map(|(program, version)| format!("{program} ({version})")),
        pip: pip.map(|pip| format!("{} ({})", pip.command_line(), pip.version)),
        data_folder: data_folder().ok(),
        config_folder: config_folder().ok(),
        models,
        advice,
    }
}

fn advise_on_runtime(
    error: Option<&RuntimeError>,
    runtime: Option<&RuntimeReport>,
    pip: Option<&Pip>,
    advice: &mut Vec<String>,
) {
    match error {
        Some(RuntimeError::Settings(error)) => advice.push(error.to_string()),
        Some(RuntimeError::Chosen { place, .. }) => {
            advice.push(format!("remove the library given by {place}, or name one that loads"));
        }
        Some(_) if Platform::current().is_none() => {
            advice.push(format!("build or install ONNX Runtime 1.23 or newer and name it with {LIBRARY}"));
        }
        Some(_) => {
            if pip.is_none() {
                advice.push(format!(
                    "install pip, which set-up needs to download: {}",
                    super::onnx_runtime::setup::HOW_TO_INSTALL_PIP
                ));
            }
            advice.push("run `chromascope setup` to download ONNX Runtime".into());
        }
        None => {}
    }
    if runtime.is_some_and(|runtime| !runtime.cpu.works()) {
        advice.push(format!("run `chromascope setup` for a library that works, or name one with {LIBRARY}"));
    }
}

fn advise_on_cuda(runtime: Option<&RuntimeReport>, gpus: &[String], advice: &mut Vec<String>) {
    let can = Platform::current().is_some_and(|platform| platform.cuda().is_some());
    match runtime.map(|runtime| &runtime.cuda) {
        Some(None) if !gpus.is_empty() && can => {
            advice.push(format!(
                "run `chromascope setup {CUDA}` to use the GPU: this ONNX Runtime is built without CUDA"
            ));
        }
        Some(None) if can => {
            advice.push(format!(
                "this ONNX Runtime is built without CUDA; on a machine with an NVIDIA GPU, `chromascope setup {CUDA}` \
                 downloads one with CUDA"
            ));
        }
        Some(Some(Trial::Fails { .. })) if gpus.is_empty() => {
            advice.push(
                "to use CUDA, install the NVIDIA driver (580 or newer): `nvidia-smi -L` finds no GPU here; the CPU is \
                 used until then"
                    .into(),
            );
        }
        Some(Some(Trial::Fails { .. })) => {
            advice.push(format!(
                "run `chromascope setup {CUDA}` for CUDA 13 and cuDNN 9, and check that the NVIDIA driver is 580 or \
                 newer; the CPU is used until then"
            ));
        }
        _ => {}
    }
}
