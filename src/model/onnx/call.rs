//! A call of a graph that is no denoiser: arrays of numbers in, arrays of numbers out.

use super::feeding::numbers;
use super::reading::{Output, Values};
use super::reason::plain_reason;
use super::session::OnnxSession;
use crate::model::contract::Port;

/// Why a call returned nothing.
pub(in crate::model) enum CallError {
    /// It was cancelled.
    Cancelled,
    /// Memory did not suffice.
    Memory,
    /// ONNX Runtime's reason.
    Failed(String),
}

/// Shape and values of an output.
pub(in crate::model) type Array = (Vec<usize>, Vec<f32>);

impl OnnxSession {
    /// Feeds `values` of this shape to `input`; returns shape and values of `output`.
    pub(in crate::model) fn call(
        &self,
        (input, shape): (&Port, &[usize]),
        values: impl Iterator<Item = f64>,
        output: &Port,
    ) -> Result<Array, CallError> {
        let mut found = self.call_with(vec![(input, shape.to_vec(), values)], &[output])?;
        found.pop().ok_or_else(|| CallError::Failed("it returned nothing".into()))
    }

    /// Feeds values to several inputs; returns shape and values of these outputs.
    pub(in crate::model) fn call_with(
        &self,
        inputs: Vec<(&Port, Vec<usize>, impl Iterator<Item = f64>)>,
        outputs: &[&Port],
    ) -> Result<Vec<Array>, CallError> {
        let failed = |error: ort::Error| {
            let reason = error.to_string();
            if self.cancelled.is_cancelled() {
                CallError::Cancelled
            } else if reason.contains("Failed to allocate memory") || reason.contains("bad_alloc") {
                CallError::Memory
            } else {
                CallError::Failed(plain_reason(&reason))
            }
        };
        if self.cancelled.is_cancelled() {
            return Err(CallError::Cancelled);
        }
        let fed = inputs.into_iter().map(|(port, shape, values)| {
            Ok((port.name.as_str(), numbers(port.element, shape, values).map_err(failed)?))
        });
        let fed: Vec<_> = fed.collect::<Result<_, CallError>>()?;
        let mut session = self.lock();
        let returned = session.run_with_options(fed, &self.run_options).map_err(failed)?;
        let read = |output: &&Port| {
            let value = returned
                .get(output.name.as_str())
                .ok_or_else(|| CallError::Failed(format!("it returned no output \"{}\"", output.name)))?;
            let read = Output::of(value, output.element).map_err(failed)?;
            let shape = read.shape.iter().map(|&side| usize::try_from(side).unwrap_or(0)).collect();
            let values = match read.values {
                Values::Single(values) => values.into_owned(),
                Values::Double(values) => values.iter().map(|&value| value as f32).collect(),
            };
            Ok((shape, values))
        };
        outputs.iter().map(read).collect()
    }
}
