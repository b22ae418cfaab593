//! A network in ONNX Runtime, as a [`Denoiser`].

mod call;
mod feeding;
mod kept;
mod reading;
mod reason;
mod session;

pub(in crate::model) use call::CallError;
pub use session::{Canceller, OnnxSession, OpenError, SessionOptions};

use self::feeding::{Buffer, numbers, scalars};
use self::reading::{Output, Values, view};
use self::reason::{Suspects, failed_call};
use super::contract::{Contract, Port};
use crate::denoiser::{ClassDenoiser, DenoiseError, Denoised, Denoiser, ImageShape, NULL_INPUTS};
use crate::schedule::{FedTimesteps, ModelSchedule};
use crate::theory::{NetworkTime, NoiseLevel, Parameterization};
use ndarray::{Array3, Array4, ArrayD, ArrayView4, Axis, Slice, Zip};
use ort::session::SessionInputValue;
use std::borrow::Cow;

/// What a network is told besides the noisy image.
#[derive(Clone, Debug, Default)]
pub struct Conditioning {
    /// Class of each sample of the batch (the last entry rules the samples beyond it).
    pub labels: Vec<i64>,
    /// Text or other embeddings, `[B or 1, tokens, width]`; a batch that is larger takes them in turn.
    pub hidden_states: Option<Array3<f32>>,
    /// The null class, for callers that ask for [`NULL_INPUTS`].
    pub null_class: Option<i64>,
    /// Values of the further inputs, in the contract's order.
    pub inputs: Vec<GivenInput>,
    /// Channels behind the image's, `[B or 1, C, H, W]`; a larger batch uses them in turn.
    pub concat: Option<Array4<f32>>,
}

/// Values of a further input, in the graph's order of axes. The first axis has one entry for all samples or one per
/// sample; a larger batch uses them in turn.
#[derive(Clone, Debug)]
pub struct GivenInput {
    /// The values.
    pub values: ArrayD<f64>,
    /// The values for the unconditional estimate, if it has its own: one entry.
    pub null: Option<ArrayD<f64>>,
}

/// A network that samplers can call: contract, schedule and meaning of the output around an [`OnnxSession`].
pub struct OnnxDenoiser {
    session: OnnxSession,
    contract: Contract,
    schedule: ModelSchedule,
    parameterization: Parameterization,
    /// What a run's plan feeds at its levels.
    fed: FedTimesteps,
    conditioning: Conditioning,
    /// Most samples a call.
    partition: usize,
    input: Buffer,
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
        Self { session, contract, schedule, parameterization, fed, conditioning, partition, input }
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
        (first, labels): (usize, &[i64]),
        level: NoiseLevel,
        out: &mut Denoised,
    ) -> Result<(), DenoiseError> {
        let (count, channels, height, width) = x.dim();
        let size = self.contract.fixed_batch().unwrap_or(count);
        let timestep = self.timestep_at(level);
        // Which sample each place of the batch has.
        let samples: Vec<usize> = (0..size).map(|offset| first + offset.min(count - 1)).collect();
        self.fill(x, level, &samples)?;
        let shape = [size, channels, height, width];
        let inputs = self.inputs(shape, timestep, (&samples, labels)).map_err(|error| self.network(&error))?;

        let cancelled = &self.session.cancelled;
        cancelled.check()?;
        let mut session = self.session.lock();
        let outputs = session
            .run_with_options(inputs, &self.session.run_options)
            .map_err(|error| if cancelled.is_cancelled() { DenoiseError::Cancelled } else { self.network(&error) })?;
        let port = &self.contract.output;
        let value = outputs
            .get(port.name.as_str())
            .ok_or_else(|| DenoiseError::Network(format!("it returned no output \"{}\"", port.name)))?;
        let output = Output::of(value, port.element).map_err(|error| self.network(&error))?;
        let given = [size, channels * if self.contract.learned_variance { 2 } else { 1 }, height, width];
        let expected = self.contract.layout.shape(given);
        if output.shape.iter().map(|&side| usize::try_from(side).ok()).ne(expected.map(Some)) {
            return Err(DenoiseError::Network(format!(
                "its output has shape {:?}, but {expected:?} was expected for this input",
                output.shape
            )));
        }
        if let Some(what) = output.values.not_finite(count * given[1] * height * width) {
            return Err(DenoiseError::NotFinite { what, timestep });
        }
        let layout = self.contract.layout;
        match &output.values {
            Values::Single(values) => self.answer(x, view(values, given, layout), level, (first, out)),
            Values::Double(values) => self.answer(x, view(values, given, layout), level, (first, out)),
        }?;
        out.timestep = timestep;
        Ok(())
    }

    /// Scales the states to the network's input, with the channels behind them.
    fn fill(&mut self, x: ArrayView4<f64>, level: NoiseLevel, samples: &[usize]) -> Result<(), DenoiseError> {
        let (_, _, height, width) = x.dim();
        let scale = self.parameterization.input_scale(level);
        let concat = self.conditioning.concat.as_ref();
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

    /// What the graph is given: the state of this shape, the timestep, and where it takes them classes and embeddings.
    fn inputs(
        &self,
        shape: [usize; 4],
        timestep: f64,
        (samples, labels): (&[usize], &[i64]),
    ) -> ort::Result<Vec<(Cow<'_, str>, SessionInputValue<'_>)>> {
        let contract = &self.contract;
        let [batch, channels, height, width] = shape;
        let state = [batch, channels + contract.concat_channels, height, width];
        let state = self.input.tensor(contract.layout.shape(state))?;
        let timesteps = scalars(&contract.timestep, &vec![timestep; samples.len()])?;
        let mut inputs: Vec<(Cow<str>, SessionInputValue)> = Vec::with_capacity(4);
        inputs.push((contract.sample.name.as_str().into(), state));
        inputs.push((contract.timestep.name.as_str().into(), timesteps));
        if let Some(port) = &contract.class_labels {
            let label = |&sample: &usize| match class_of(sample, labels) {
                Some(NULL_INPUTS) => self.conditioning.null_class,
                class => class,
            };
            let values: Vec<f64> = samples.iter().map(|sample| label(sample).unwrap_or(0) as f64).collect();
            inputs.push((port.name.as_str().into(), scalars(port, &values)?));
        }
        for (port, given) in contract.inputs.iter().zip(&self.conditioning.inputs) {
            let takes_rows = contract.is_per_sample(port);
            let shared = !takes_rows || port.is_shared();
            let places = if shared { &samples[..1] } else { samples };
            let rows = places.iter().flat_map(|&sample| match &given.null {
                Some(null) if class_of(sample, labels) == Some(NULL_INPUTS) => null.index_axis(Axis(0), 0),
                _ => given.values.index_axis(Axis(0), sample % given.values.len_of(Axis(0))),
            });
            let mut shape = given.values.shape()[1..].to_vec();
            if takes_rows {
                shape.insert(0, places.len());
            }
            inputs.push((port.name.as_str().into(), numbers(port.element, shape, rows.copied())?));
        }
        if let (Some(port), Some(states)) = (&contract.hidden_states, &self.conditioning.hidden_states) {
            let (available, tokens, wide) = states.dim();
            let rows = samples.iter().flat_map(|sample| states.index_axis(Axis(0), sample % available));
            let values = numbers(port.element, vec![samples.len(), tokens, wide], rows.map(|&value| f64::from(value)))?;
            inputs.push((port.name.as_str().into(), values));
        }
        Ok(inputs)
    }

    /// Where a call that begins at a sample ends. One that shares a value cannot be for the null value as well.
    fn end_of_call(&self, first: usize, samples: usize, classes: &[i64]) -> usize {
        let last = (first + self.partition).min(samples);
        let is_null = |sample: usize| class_of(sample, classes) == Some(NULL_INPUTS);
        let shares = |(port, given): (&Port, &GivenInput)| {
            given.null.is_some() && (port.is_shared() || !self.contract.is_per_sample(port))
        };
        if self.contract.inputs.iter().zip(&self.conditioning.inputs).any(shares) {
            return (first..last).find(|&sample| is_null(sample) != is_null(first)).unwrap_or(last);
        }
        last
    }

    /// What the prediction says of image and noise. It may be of more samples, and of more channels behind the image's.
    fn answer<T: Copy + Into<f64>>(
        &self,
        x: ArrayView4<f64>,
        prediction: Option<ArrayView4<T>>,
        level: NoiseLevel,
        (first, out): (usize, &mut Denoised),
    ) -> Result<(), DenoiseError> {
        let prediction = prediction.ok_or_else(|| DenoiseError::Network("its output is incomplete".into()))?;
        let (count, channels, ..) = x.dim();
        let (x0, eps) = (self.parameterization.x0_from(level), self.parameterization.eps_from(level));
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

    fn network(&self, error: &ort::Error) -> DenoiseError {
        let contract = &self.contract;
        let suspects = Suspects {
            sample: &contract.sample.name,
            height_axis: contract.layout.height_axis(),
            has_classes: contract.class_labels.is_some(),
        };
        DenoiseError::Network(failed_call(&error.to_string(), suspects))
    }
}

/// The class of a sample; the last entry rules the samples beyond it.
fn class_of(sample: usize, classes: &[i64]) -> Option<i64> {
    classes.get(sample).or(classes.last()).copied()
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
            let last = self.end_of_call(first, samples, classes);
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
