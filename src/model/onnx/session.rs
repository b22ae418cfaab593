//! An opened graph, and what stops its calls.

use super::kept::KeptGraph;
use super::reason::plain_reason;
use crate::denoiser::CancelFlag;
use crate::model::LoadStop;
use crate::model::contract::{Element, Port};
use crate::model::graph_file::{ExternalData, GraphFile};
use crate::model::onnx_runtime::{LoadedRuntime, Provider};
use crate::reading::why;
use ort::memory::AllocationDevice;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{NoSelectedOutputs, RunOptions, Session};
use ort::value::{TensorElementType, ValueType};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Why a graph could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// ONNX Runtime refused the file.
    #[error("ONNX Runtime cannot open {path}: {reason}")]
    Refused {
        /// The file.
        path: PathBuf,
        /// Its words, shortened to what matters.
        reason: String,
    },
    /// An open graph could not be run once more.
    #[error("ONNX Runtime cannot start another run: {0}")]
    Another(String),
}

/// How the graph is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionOptions {
    /// Where.
    pub provider: Provider,
    /// Threads inside one operator; `None` leaves it to ONNX Runtime (one a core).
    pub intra_threads: Option<usize>,
}

/// An opened graph, with a way of its own to stop its calls.
pub struct OnnxSession {
    session: Arc<Mutex<Session>>,
    pub(super) run_options: Arc<RunOptions<NoSelectedOutputs>>,
    pub(super) cancelled: CancelFlag,
    provider: Provider,
}

/// Stops a denoiser's call from another thread, within the step: that of one network or of several.
#[derive(Clone)]
pub struct Canceller {
    run_options: Vec<Arc<RunOptions<NoSelectedOutputs>>>,
    cancelled: Vec<CancelFlag>,
}

impl From<CancelFlag> for Canceller {
    /// For denoisers in the program's own code.
    fn from(cancelled: CancelFlag) -> Self {
        Self { run_options: Vec::new(), cancelled: vec![cancelled] }
    }
}

impl Canceller {
    /// Ends the call under way, and every later one, with [`DenoiseError::Cancelled`].
    pub fn cancel(&self) {
        self.cancelled.iter().for_each(CancelFlag::cancel);
        for run_options in &self.run_options {
            // Nothing is running where this fails; the flag is seen before the next call.
            let _ = run_options.terminate();
        }
    }

    /// Stops what either stops.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.run_options.extend(other.run_options);
        self.cancelled.extend(other.cancelled);
        self
    }
}

impl OnnxSession {
    /// Opens a graph.
    pub fn open(path: &Path, runtime: &LoadedRuntime, options: SessionOptions) -> Result<Self, OpenError> {
        Self::open_file(path, &[], runtime, options)
    }

    fn open_file(
        path: &Path,
        external_data: &[ExternalData],
        runtime: &LoadedRuntime,
        options: SessionOptions,
    ) -> Result<Self, OpenError> {
        build(&Graph::File { path, external_data }, runtime, options)
            .map_err(|reason| OpenError::Refused { path: path.into(), reason: plain_reason(&reason) })
    }

    /// Opens a graph that was read before, from what ONNX Runtime made of it at an earlier start where that is kept. It
    /// computes the same bits.
    pub fn open_again(
        path: &Path,
        graph: &GraphFile,
        runtime: &LoadedRuntime,
        options: SessionOptions,
    ) -> Result<Self, OpenError> {
        let kept = (options.provider == Provider::Cpu).then(|| KeptGraph::of(path, graph, runtime)).flatten();
        let Some(kept) = kept else { return Self::open_file(path, &graph.external_data, runtime, options) };
        if let Some(found) = kept.find() {
            let (whole, session) = std::thread::scope(|scope| {
                let whole = scope.spawn(|| found.is_whole());
                let session = build(&Graph::Optimised(found.file()), runtime, options);
                (whole.join().unwrap_or(false), session)
            });
            if let (true, Ok(session)) = (whole, session) {
                found.used();
                return Ok(session);
            }
            found.discard();
        }
        if let Some(place) = kept.place()
            && let Ok(session) = build(&Graph::Keeping { path, to: place.path() }, runtime, options)
        {
            kept.keep(place);
            return Ok(session);
        }
        Self::open(path, runtime, options)
    }

    /// The same opened graph for another run, which is cancelled apart from this one. Calls of both take turns.
    pub fn another(&self) -> Result<Self, OpenError> {
        let run_options = RunOptions::new().map_err(|error| OpenError::Another(error.to_string()))?;
        let session = Arc::clone(&self.session);
        let (run_options, provider) = (Arc::new(run_options), self.provider);
        Ok(Self { session, run_options, cancelled: CancelFlag::default(), provider })
    }

    /// The device that the graph runs on, if it has memory of its own.
    pub(super) fn device(&self) -> Option<AllocationDevice<'static>> {
        match self.provider {
            Provider::Cpu => None,
            Provider::Cuda { .. } => Some(AllocationDevice::CUDA),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Session> {
        // A panic in the middle of a call leaves nothing in a session that the next call would see.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The graph's inputs.
    #[must_use]
    pub fn inputs(&self) -> Vec<Port> {
        self.lock().inputs().iter().map(|outlet| port(outlet.name(), outlet.dtype())).collect()
    }

    /// The graph's outputs.
    #[must_use]
    pub fn outputs(&self) -> Vec<Port> {
        self.lock().outputs().iter().map(|outlet| port(outlet.name(), outlet.dtype())).collect()
    }

    /// A handle that stops calls from another thread.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller { run_options: vec![Arc::clone(&self.run_options)], cancelled: vec![self.cancelled.clone()] }
    }

    /// The bare ONNX Runtime session, for measurements.
    pub fn raw(&mut self) -> MutexGuard<'_, Session> {
        self.lock()
    }
}

/// Where a graph comes from.
enum Graph<'a> {
    /// A file as it was exported, and those that hold its tensors.
    File { path: &'a Path, external_data: &'a [ExternalData] },
    /// The same, and what is made of it is written to a file.
    Keeping { path: &'a Path, to: &'a Path },
    /// What was made of one before.
    Optimised(&'a Path),
}

fn build(graph: &Graph, runtime: &LoadedRuntime, options: SessionOptions) -> Result<OnnxSession, String> {
    let mut builder = Session::builder(&runtime.environment).map_err(|error| error.to_string())?;
    if let Some(threads) = options.intra_threads {
        builder = builder.with_intra_threads(threads).map_err(|error| error.to_string())?;
    }
    LoadStop::watch(&builder);
    // Between calls its threads would else spin on the cores that spectra and the window work on.
    builder = builder.with_config_entry("session.force_spinning_stop", "1").map_err(|error| error.to_string())?;
    builder = builder
        .with_execution_providers(options.provider.execution_providers(runtime))
        .map_err(|error| error.to_string())?;
    let session = match graph {
        Graph::File { path, external_data } => {
            for data in external_data.iter().filter(|data| !data.followed) {
                let bytes = std::fs::read(&data.file).map_err(|error| why(&error))?;
                builder = builder
                    .with_external_initializer_file_in_memory(&data.location, bytes.into())
                    .map_err(|error| error.to_string())?;
            }
            builder.commit_from_file(path)
        }
        Graph::Keeping { path, to } => {
            builder.with_optimized_model_path(to).map_err(|error| error.to_string())?.commit_from_file(path)
        }
        Graph::Optimised(path) => builder
            .with_optimization_level(GraphOptimizationLevel::Disable)
            .map_err(|error| error.to_string())?
            .commit_from_file(path),
    };
    let session = session.map_err(|error| error.to_string())?;
    let run_options = RunOptions::new().map_err(|error| error.to_string())?;
    Ok(OnnxSession {
        session: Arc::new(Mutex::new(session)),
        run_options: Arc::new(run_options),
        cancelled: CancelFlag::default(),
        provider: options.provider,
    })
}

fn port(name: &str, kind: &ValueType) -> Port {
    let element = match kind.tensor_type() {
        Some(TensorElementType::Float32) => Element::F32,
        Some(TensorElementType::Float16) => Element::F16,
        Some(TensorElementType::Bfloat16) => Element::Bf16,
        Some(TensorElementType::Float64) => Element::F64,
        Some(TensorElementType::Int64) => Element::I64,
        Some(TensorElementType::Int32) => Element::I32,
        _ => Element::Other,
    };
    let shape = kind.tensor_shape().map(|shape| shape.iter().map(|&size| usize::try_from(size).ok()).collect());
    Port { name: name.into(), element, shape: shape.unwrap_or_default() }
}
