//! Calls with inputs and output bound to the session. On CUDA a constant input that lies on the device is not copied again,
//! and the prediction is the only thing that comes back. Not measured there: no GPU was at hand.

use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::session::{IoBinding, NoSelectedOutputs, RunOptions, Session, SessionInputValue, SessionOutputs};
use std::borrow::Cow;

/// What is bound to a session, from call to call.
#[derive(Default)]
pub(super) struct Binding(Option<IoBinding>);

impl Binding {
    /// Runs the session on these inputs; the output comes to the processor's memory.
    pub(super) fn run<'a>(
        &'a mut self,
        session: &'a mut Session,
        inputs: &[(Cow<str>, SessionInputValue)],
        output: &str,
        options: &RunOptions<NoSelectedOutputs>,
    ) -> ort::Result<SessionOutputs<'a>> {
        let bound = match self.0.take() {
            Some(bound) => bound,
            None => session.create_binding()?,
        };
        let bound = self.0.insert(bound);
        for (name, value) in inputs {
            bound.bind_input(name.as_ref(), &**value)?;
        }
        // Anew for each call, whose output may have another shape.
        let memory = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Device, MemoryType::CPUOutput)?;
        bound.bind_output_to_device(output, &memory)?;
        session.run_binding_with_options(bound, options)
    }
}
