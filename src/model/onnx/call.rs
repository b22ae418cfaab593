//! A call of a graph that takes one array of floats and returns another, and is no denoiser.

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

impl OnnxSession {
    /// Feeds `values` of this shape to `input`; returns shape and values of `output`.
    pub(in crate::model) fn call(
        &self,
        (input, shape): (&Port, &[usize]),
        values: impl Iterator<Item = f64>,
        output: &Port,
    ) -> Result<(Vec<usize>, Vec<f32>), CallError> {
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
        let fed = vec![(input.name.as_str(), numbers(input.element, shape.to_vec(), values).map_err(failed)?)];
        let mut session = self.lock();
        let outputs = session.run_with_options(fed, &self.run_options).map_err(failed)?;
        let value = outputs
            .get(output.name.as_str())
            .ok_or_else(|| CallError::Failed(format!("it returned no output \"{}\"", output.name)))?;
        let read = Output::of(value, output.element).map_err(failed)?;
        let shape = read.shape.iter().map(|&side| usize::try_from(side).unwrap_or(0)).collect();
        let values = match read.values {
            Values::Single(values) => values.into_owned(),
            Values::Double(values) => values.iter().map(|&value| value as f32).collect(),
        };
        Ok((shape, values))
    }
}
