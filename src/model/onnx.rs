//! A network in ONNX Runtime, as a [`Denoiser`].

mod binding;
mod call;
mod conditioning;
mod feeding;
mod given;
mod guidance_embedding;
mod kept;
mod reading;
mod reason;
mod session;

pub(in crate::model) use call::CallError;
pub use conditioning::{Conditioning, ConditioningError, GivenInput, HiddenStates, Rows};
pub use guidance_embedding::guidance_embedding;
pub use session::{Canceller, OnnxSession, OpenError, SessionOptions};

use self::binding::Binding;
use self::feeding::{Buffer, scalars};
use self::given::{Call, Given};
use self::reading::{Output, Values, view};
use self::reason::{Suspects, failed_call};
use super::contract::Contract;
use crate::denoiser::{ClassDenoiser, DenoiseError, Denoised, Denoiser, ImageShape};
use crate::schedule::{FedTimesteps, ModelSchedule};
use crate::theory::{NetworkTime, NoiseLevel, Parameterization};
use ndarray::{Array4, ArrayView4, Axis, CowArray, Ix4, Slice, Zip};
use ort::session::{SessionInputValue, SessionOutputs};
use ort::value::DynTensor;
use std::borrow::Cow;

/// A network that samplers can call: contract, schedule and meaning of the output around an [`OnnxSession`].
pub struct OnnxDenoiser {
    session: OnnxSession,
    contract: Contract,
    schedule: ModelSchedule,
    parameterization: Parameterization,
    /// What a run's plan feeds at its levels.
    fed: FedTimesteps,
    given: Given,
    /// Most samples a call.
    partition: usize,
    input: Buffer,
    /// Inputs and output tied to the session, where the graph runs on another device.
    binding: Option<Binding>,
    /// Whether it computes in 16 bits.
    halves: bool,
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
        let input = Buffer::of(contract.sample.element);
        let fed = FedTimesteps::default();
        let device = session.device();
        let binding = device.is_some().then(Binding::default);
        let given = Given::new(conditioning, &contract, device);
        let halves = contract.sample.element.is_half() || contract.output.element.is_half();
        Self { session, contract, schedule, parameterization, fed, given, partition, input, binding, halves }
    }

    /// The same network, which is known to compute in 16 bits behind inputs and outputs that are not.
    #[must_use]
    pub fn in_halves(self, halves: bool) -> Self {
        Self { halves: self.halves || halves, ..self }
    }

    /// The same network with inputs and output bound to the session (ONNX Runtime's I/O binding), as it is on another
    /// device; on the CPU it makes no difference but in time.
    #[must_use]
    pub fn bound(self) -> Self {
        Self { binding: Some(Binding::default()), ..self }
    }

    /// The same network for a run that feeds it these timesteps at its levels. They are used where the network is told its
    /// schedule's own time, or flow time; at any other level it is fed the level's own number.
    #[must_use]
    pub fn feeding(self, fed: FedTimesteps) -> Self {
        Self { fed, ..self }
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
        let time = self.parameterization.time;
        let told = match self.fed.at(level) {
            Some(timestep) if time == self.schedule.own_time() => timestep,
            Some(timestep) if time == NetworkTime::Flow => self.schedule.told(time, self.schedule.level_at(timestep)),
            _ => self.schedule.told(time, level),
        };
        self.contract.timestep.element.rounded(told)
    }

    /// One call for the samples `first..first + x.len()`, padded to the graph's batch by repeating the last.
    fn call(
        &mut self,
        x: ArrayView4<f64>,
        (first, classes): (usize, &[i64]),
        level: NoiseLevel,
        out: &mut Denoised,
    ) -> Result<(), DenoiseError> {
        let (count, channels, height, width) = x.dim();
        let contract = &self.contract;
        let multiple = contract.layout.size_multiple();
        if height % multiple != 0 || width % multiple != 0 {
            let expected = format!("sides in multiples of {multiple}");
            return Err(DenoiseError::Shape { expected, found: format!("{height}x{width}") });
        }
        let size = contract.fixed_batch().unwrap_or(count);
        let timestep = self.timestep_at(level);
        // Which sample each place of the batch has.
        let samples: Vec<usize> = (0..size).map(|offset| first + offset.min(count - 1)).collect();
        self.fill(x, level, &samples)?;
        let call = Call { samples: &samples, classes, size: (height, width) };
        let contract = &self.contract;
        let failed = |error: &ort::Error| failed(contract, error);
        self.given.make_ready(contract, &call, failed)?;
        let state = contract.layout.shape([size, channels + contract.concat_channels, height, width]);
        // What is bound outlives the call.
        let state = if self.binding.is_some() { self.input.to_tensor(state) } else { self.input.tensor(state) };
        let state = state.map_err(|error| failed(&error))?;
        let timesteps = scalars(&contract.timestep, &vec![timestep; size]).map_err(|error| failed(&error))?;
        let given = self.given.tensors(contract);
        let inputs = inputs(contract, (state, timesteps), given);

        let cancelled = &self.session.cancelled;
        cancelled.check()?;
        let mut session = self.session.lock();
        let port = &contract.output;
        let outputs: ort::Result<SessionOutputs> = match &mut self.binding {
            None => session.run_with_options(inputs, &self.session.run_options),
            Some(binding) => binding.run(&mut session, &inputs, &port.name, &self.session.run_options),
        };
        let outputs =
            outputs.map_err(|error| if cancelled.is_cancelled() { DenoiseError::Cancelled } else { failed(&error) })?;
        let value = outputs
            .get(port.name.as_str())
            .ok_or_else(|| DenoiseError::Network(format!("it returned no output \"{}\"", port.name)))?;
        let output = Output::of(value, port.element).map_err(|error| failed(&error))?;
        let layout = contract.layout;
        let given = [size, channels * if contract.learned_variance { 2 } else { 1 }, height, width];
        let expected = layout.shape(given);
        if output.shape.iter().map(|&side| usize::try_from(side).ok()).ne(expected.iter().copied().map(Some)) {
            return Err(DenoiseError::Network(format!(
                "its output has shape {:?}, but {expected:?} was expected for this input",
                output.shape
            )));
        }
        if let Some(what) = output.values.not_finite(count * given[1] * height * width) {
            let fault = if self.halves {
                DenoiseError::NotFiniteInHalves { what, timestep }
            } else {
                DenoiseError::NotFinite { what, timestep }
            };
            return Err(fault);
        }
        let meaning = self.parameterization;
        match &output.values {
            Values::Single(values) => answer(meaning, x, view(values, given, layout), level, (first, out)),
            Values::Double(values) => answer(meaning, x, view(values, given, layout), level, (first, out)),
        }?;
        out.timestep = timestep;
        Ok(())
    }

    /// Scales the states to the network's input, with the channels behind them.
    fn fill(&mut self, x: ArrayView4<f64>, level: NoiseLevel, samples: &[usize]) -> Result<(), DenoiseError> {
        let (_, _, height, width) = x.dim();
        let scale = self.parameterization.input_scale(level);
        let concat = self.given.conditioning.concat.as_ref();
        if let Some((_, channels, h, w)) = concat.map(Array4::dim) {
            ImageShape { channels, height: h, width: w }.check((1, channels, height, width))?;
        }
        self.input.clear();
        for (place, sample) in samples.iter().enumerate() {
            let image = x.index_axis(Axis(0), place.min(x.dim().0 - 1));
            let further = concat.map(|concat| concat.index_axis(Axis(0), sample % concat.dim().0));
            self.input.push_image(image, scale, further, self.contract.layout);
        }
        Ok(())
    }

    /// Where a call that begins at a sample ends. One that shares a value cannot be for another value as well.
    fn end_of_call(&self, first: usize, samples: usize, classes: &[i64]) -> Result<usize, DenoiseError> {
        let last = (first + self.partition).min(samples);
        for sample in first + 1..last {
            if !self.given.conditioning.go_together(&self.contract, (first, sample), classes)? {
                return Ok(sample);
            }
        }
        Ok(last)
    }
}

/// What the graph is given by name.
fn inputs<'a>(
    contract: &'a Contract,
    (state, timesteps): (SessionInputValue<'a>, DynTensor),
    given: impl Iterator<Item = (&'a str, &'a DynTensor)>,
) -> Vec<(Cow<'a, str>, SessionInputValue<'a>)> {
    let own = [(contract.sample.name.as_str(), state), (contract.timestep.name.as_str(), timesteps.into())];
    let given = given.map(|(name, tensor)| (name, tensor.into()));
    own.into_iter().chain(given).map(|(name, value)| (name.into(), value)).collect()
}

/// What the prediction says of image and noise. It may be of more samples, and of more channels behind the image's.
fn answer<T: Copy + Into<f64>>(
    meaning: Parameterization,
    x: ArrayView4<f64>,
    prediction: Option<CowArray<T, Ix4>>,
    level: NoiseLevel,
    (first, out): (usize, &mut Denoised),
) -> Result<(), DenoiseError> {
    let prediction = prediction.ok_or_else(|| DenoiseError::Network("its output is incomplete".into()))?;
    let (count, channels, ..) = x.dim();
    let (x0, eps) = (meaning.x0_from(level), meaning.eps_from(level));
    let part = Slice::from(first..first + count);
    Zip::from(out.x0.slice_axis_mut(Axis(0), part))
        .and(out.eps.slice_axis_mut(Axis(0), part))
        .and(x)
        .and(prediction.slice(ndarray::s![..count, ..channels, .., ..]))
        .for_each(|x0_hat, eps_hat, &x, &output| {
            let output: f64 = output.into();
            // A weight of 0 must silence even an infinite partner, as at ᾱ = 0.
            *x0_hat = if x0.state == 0.0 { x0.output * output } else { x0.state * x + x0.output * output };
            *eps_hat = if eps.state == 0.0 { eps.output * output } else { eps.state * x + eps.output * output };
        });
    Ok(())
}

/// A failed call in words.
fn failed(contract: &Contract, error: &ort::Error) -> DenoiseError {
    let suspects = Suspects {
        sample: &contract.sample.name,
        size_axes: contract.layout.size_axes(),
        has_classes: contract.class_labels.is_some(),
    };
    DenoiseError::Network(failed_call(&error.to_string(), suspects))
}

impl Denoiser for OnnxDenoiser {
    /// Of the classes in the conditioning.
    fn denoise(&mut self, x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
        let labels = std::mem::take(&mut self.given.conditioning.labels);
        let done = self.denoise_classes(x_t, level, &labels, out);
        self.given.conditioning.labels = labels;
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
            let last = self.end_of_call(first, samples, classes)?;
            let part = x_t.slice_axis(Axis(0), Slice::from(first..last));
            match self.call(part, (first, classes), level, out) {
                // The one timestep may have fixed the rest of the graph to one sample, too.
                Err(DenoiseError::Network(_)) if self.contract.timestep.is_shared() && last - first > 1 => {
                    self.partition = 1;
                }
                called => {
                    called?;
                    first = last;
                }
            }
        }
        Ok(())
    }
}
