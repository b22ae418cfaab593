//! A network in ONNX Runtime, as a [`Denoiser`].

mod kept;

use self::kept::KeptGraph;
use super::contract::{Contract, Element, Port};
use super::graph_file::GraphFile;
use super::onnx_runtime::{LoadedRuntime, Provider};
use crate::denoiser::{CancelFlag, ClassDenoiser, DenoiseError, Denoised, Denoiser, not_finite};
use crate::schedule::ModelSchedule;
use crate::theory::{NoiseLevel, Parameterization};
use half::f16;
use ndarray::{Array3, ArrayView4, Axis, Slice, Zip};
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{NoSelectedOutputs, RunOptions, Session, SessionInputValue};
use ort::value::{TensorElementType, TensorRef, ValueType};
use std::borrow::Cow;
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
    run_options: Arc<RunOptions<NoSelectedOutputs>>,
    cancelled: CancelFlag,
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
        build(&Graph::File(path), runtime, options)
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
        let Some(kept) = kept else { return Self::open(path, runtime, options) };
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
        Ok(Self { session, run_options: Arc::new(run_options), cancelled: CancelFlag::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Session> {
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
    /// A file as it was exported.
    File(&'a Path),
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
    // Between calls its threads would else spin on the cores that spectra and the window work on.
    builder = builder.with_config_entry("session.force_spinning_stop", "1").map_err(|error| error.to_string())?;
    builder = builder
        .with_execution_providers(options.provider.execution_providers(runtime))
        .map_err(|error| error.to_string())?;
    let session = match graph {
        Graph::File(path) => builder.commit_from_file(path),
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
    })
}

/// ONNX Runtime's message without its source file and line.
fn plain_reason(reason: &str) -> String {
    let first = reason.lines().next().unwrap_or(reason).trim();
    if let Some(opset) = first.to_ascii_lowercase().find("opset ") {
        let digits: String =
            first[opset..].chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        if first.contains("guarantees support") || first.contains("under development") {
            return format!(
                "it uses operator set {digits}, newer than this ONNX Runtime knows; export it with an older opset, \
                 such as 17"
            );
        }
    }
    if reason.contains("Failed to allocate memory") {
        return "not enough memory; use a smaller size or batch, or fewer samples per call".into();
    }
    let cut = first.rfind("status_code").map_or(first, |at| first[..at].trim_end());
    cut.trim_end_matches('.').to_owned()
}

fn port(name: &str, kind: &ValueType) -> Port {
    let element = match kind.tensor_type() {
        Some(TensorElementType::Float32) => Element::F32,
        Some(TensorElementType::Float16) => Element::F16,
        Some(TensorElementType::Int64) => Element::I64,
        Some(TensorElementType::Int32) => Element::I32,
        _ => Element::Other,
    };
    let shape = kind.tensor_shape().map(|shape| shape.iter().map(|&size| usize::try_from(size).ok()).collect());
    Port { name: name.into(), element, shape: shape.unwrap_or_default() }
}

/// What a network is told besides the noisy image.
#[derive(Clone, Debug, Default)]
pub struct Conditioning {
    /// Class of each sample of the batch (the last entry rules the samples beyond it).
    pub labels: Vec<i64>,
    /// Text or other embeddings, `[B or 1, tokens, width]`; a batch that is larger takes them in turn.
    pub hidden_states: Option<Array3<f32>>,
}

/// A network that samplers can call: contract, schedule and meaning of the output around an [`OnnxSession`].
pub struct OnnxDenoiser {
    session: OnnxSession,
    contract: Contract,
    schedule: ModelSchedule,
    parameterization: Parameterization,
    conditioning: Conditioning,
    /// Most samples a call.
    partition: usize,
    input: Vec<f32>,
    halves: Vec<f16>,
}

impl OnnxDenoiser {
    /// Puts the pieces together. `partition` is the most samples a call may have; a graph with a fixed batch overrules it.
    #[must_use]
    pub fn new(
        session: OnnxSession,
        contract: Contract,
        schedule: ModelSchedule,
        parameterization: Parameterization,
        conditioning: Conditioning,
        partition: usize,
    ) -> Self {
        let partition = contract.fixed_batch().unwrap_or(partition).max(1);
        Self {
            session,
            contract,
            schedule,
            parameterization,
            conditioning,
            partition,
            input: Vec::new(),
            halves: Vec::new(),
        }
    }

    /// A handle that stops calls from another thread.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.session.canceller()
    }

    /// Samples a call.
    #[must_use]
    pub const fn partition(&self) -> usize {
        self.partition
    }

    /// The number fed to the network at this level.
    #[must_use]
    pub fn timestep_at(&self, level: NoiseLevel) -> f64 {
        let t = self.schedule.told(self.parameterization.time, level);
        match self.contract.timestep.element {
            Element::I32 | Element::I64 => t.round_ties_even(),
            Element::F16 => f64::from(f16::from_f64(t)),
            _ => f64::from(t as f32),
        }
    }

    /// One call for the samples `first..first + x.len()`, padded to the graph's batch by repeating the last.
    fn call(
        &mut self,
        x: ArrayView4<f64>,
        (first, labels): (usize, &[i64]),
        level: NoiseLevel,
        out: &mut Denoised,
    ) -> Result<(), DenoiseError> {
        let (count, channels, height, width) = x.dim();
        let size = self.contract.fixed_batch().unwrap_or(count);
        let timestep = self.timestep_at(level);
        self.fill(x, level, size);
        // Which sample each place of the batch has.
        let samples: Vec<usize> = (0..size).map(|offset| first + offset.min(count - 1)).collect();
        let shape = [size, channels, height, width];
        let inputs = self.inputs(shape, timestep, (&samples, labels)).map_err(network)?;

        let cancelled = &self.session.cancelled;
        cancelled.check()?;
        let mut session = self.session.lock();
        let outputs = session
            .run_with_options(inputs, &self.session.run_options)
            .map_err(|error| if cancelled.is_cancelled() { DenoiseError::Cancelled } else { network(error) })?;
        let value = outputs
            .get(self.contract.output.name.as_str())
            .ok_or_else(|| DenoiseError::Network(format!("it returned no output \"{}\"", self.contract.output.name)))?;
        let (found, values) = numbers(value, self.contract.output.element).map_err(network)?;
        let given_channels = channels * if self.contract.learned_variance { 2 } else { 1 };
        let expected = [size, given_channels, height, width];
        if found.iter().map(|&side| usize::try_from(side).ok()).ne(expected.map(Some)) {
            return Err(DenoiseError::Network(format!(
                "its output has shape {found:?}, but {expected:?} was expected for this input"
            )));
        }
        if let Some(what) = not_finite(&values[..count * given_channels * height * width]) {
            return Err(DenoiseError::NotFinite { what, timestep });
        }
        let view = ArrayView4::from_shape(expected, &values)
            .map_err(|error| DenoiseError::Network(format!("its output has an unexpected layout: {error}")))?;
        let prediction = view.slice(ndarray::s![..count, ..channels, .., ..]);
        self.answer(x, prediction, level, (first, out));
        out.timestep = timestep;
        Ok(())
    }

    /// Scales the state to the network's input, repeated to `size` samples.
    fn fill(&mut self, x: ArrayView4<f64>, level: NoiseLevel, size: usize) {
        let scale = self.parameterization.input_scale(level);
        let one = x.len() / x.dim().0;
        self.input.clear();
        self.input.extend(x.iter().map(|&value| (value * scale) as f32));
        while self.input.len() < size * one {
            let last = self.input.len() - one;
            self.input.extend_from_within(last..);
        }
        self.halves.clear();
        if self.contract.sample.element == Element::F16 {
            self.halves.extend(self.input.iter().map(|&value| f16::from_f32(value)));
        }
    }

    /// What the graph is given: the state of this shape, the timestep, and where it takes them classes and embeddings.
    fn inputs(
        &self,
        shape: [usize; 4],
        timestep: f64,
        (samples, labels): (&[usize], &[i64]),
    ) -> ort::Result<Vec<(Cow<'_, str>, SessionInputValue<'_>)>> {
        let contract = &self.contract;
        let state: SessionInputValue = if contract.sample.element == Element::F16 {
            TensorRef::from_array_view((shape, self.halves.as_slice()))?.into()
        } else {
            TensorRef::from_array_view((shape, self.input.as_slice()))?.into()
        };
        let timesteps = scalars(&contract.timestep, &vec![timestep; samples.len()])?;
        let mut inputs: Vec<(Cow<str>, SessionInputValue)> = Vec::with_capacity(4);
        inputs.push((contract.sample.name.as_str().into(), state));
        inputs.push((contract.timestep.name.as_str().into(), timesteps));
        if let Some(port) = &contract.class_labels {
            let label = |sample: usize| labels.get(sample).or(labels.last()).copied().unwrap_or(0);
            let values: Vec<f64> = samples.iter().map(|&sample| label(sample) as f64).collect();
            inputs.push((port.name.as_str().into(), scalars(port, &values)?));
        }
        if let (Some(port), Some(states)) = (&contract.hidden_states, &self.conditioning.hidden_states) {
            let (available, tokens, wide) = states.dim();
            let rows = samples.iter().flat_map(|sample| states.index_axis(Axis(0), sample % available));
            let value = floats(port.element, vec![samples.len(), tokens, wide], rows.copied().collect())?;
            inputs.push((port.name.as_str().into(), value));
        }
        Ok(inputs)
    }

    /// What the prediction says of image and noise.
    fn answer(
        &self,
        x: ArrayView4<f64>,
        prediction: ArrayView4<f32>,
        level: NoiseLevel,
        (first, out): (usize, &mut Denoised),
    ) {
        let (x0, eps) = (self.parameterization.x0_from(level), self.parameterization.eps_from(level));
        let part = Slice::from(first..first + x.dim().0);
        Zip::from(out.x0.slice_axis_mut(Axis(0), part))
            .and(out.eps.slice_axis_mut(Axis(0), part))
            .and(x)
            .and(prediction)
            .for_each(|x0_hat, eps_hat, &x, &output| {
                let output = f64::from(output);
                // A weight of 0 must silence even an infinite partner, as at ᾱ = 0.
                *x0_hat = if x0.state == 0.0 { x0.output * output } else { x0.state * x + x0.output * output };
                *eps_hat = if eps.state == 0.0 { eps.output * output } else { eps.state * x + eps.output * output };
            });
    }
}

fn network(error: ort::Error) -> DenoiseError {
    DenoiseError::Network(plain_reason(&error.to_string()))
}

/// Shape and values of a tensor of this element, widened where they are halves.
fn numbers(value: &ort::value::DynValue, element: Element) -> ort::Result<(Vec<i64>, Cow<'_, [f32]>)> {
    if element == Element::F16 {
        let (shape, halves) = value.try_extract_tensor::<f16>()?;
        return Ok((shape.to_vec(), halves.iter().map(|half| half.to_f32()).collect()));
    }
    let (shape, values) = value.try_extract_tensor::<f32>()?;
    Ok((shape.to_vec(), values.into()))
}

impl Denoiser for OnnxDenoiser {
    /// Of the classes in the conditioning.
    fn denoise(&mut self, x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
        let labels = std::mem::take(&mut self.conditioning.labels);
        let done = self.denoise_classes(x_t, level, &labels, out);
        self.conditioning.labels = labels;
        done
    }
}

impl ClassDenoiser for OnnxDenoiser {
    fn denoise_classes(
        &mut self,
        x_t: ArrayView4<f64>,
        level: NoiseLevel,
        classes: &[i64],
        out: &mut Denoised,
    ) -> Result<(), DenoiseError> {
        let samples = x_t.dim().0;
        let mut first = 0;
        while first < samples {
            let last = (first + self.partition).min(samples);
            let part = x_t.slice_axis(Axis(0), Slice::from(first..last));
            self.call(part, (first, classes), level, out)?;
            first = last;
        }
        Ok(())
    }
}

/// One number a sample, in the type and rank that the port wants.
fn scalars(port: &Port, values: &[f64]) -> ort::Result<SessionInputValue<'static>> {
    let values = if port.shape.is_empty() { &values[..1] } else { values };
    let shape = if port.shape.is_empty() { vec![] } else { vec![values.len()] };
    match port.element {
        Element::I64 => {
            let values: Vec<i64> = values.iter().map(|&value| value as i64).collect();
            Ok(ort::value::Tensor::from_array((shape, values))?.into())
        }
        Element::I32 => {
            let values: Vec<i32> = values.iter().map(|&value| value as i32).collect();
            Ok(ort::value::Tensor::from_array((shape, values))?.into())
        }
        element => floats(element, shape, values.iter().map(|&value| value as f32).collect()),
    }
}

fn floats(element: Element, shape: Vec<usize>, values: Vec<f32>) -> ort::Result<SessionInputValue<'static>> {
    if element == Element::F16 {
        let halves: Vec<f16> = values.into_iter().map(f16::from_f32).collect();
        return Ok(ort::value::Tensor::from_array((shape, halves))?.into());
    }
    Ok(ort::value::Tensor::from_array((shape, values))?.into())
}
