//! Chromascope's own format, which keeps the complete schedule: curve, parameters, control points and the number of
//! steps.

use super::FormatError;
use super::registry::pretty;
use crate::schedule::{MAX_STEPS, PlanSource};
use serde_json::{Value, json};

/// The key by which a file of this program is known, and its version.
const KEY: &str = "chromascope_schedule";
const VERSION: u64 = 1;

/// A schedule with the number of steps that it was made for.
#[must_use]
pub fn to_json(source: &PlanSource, steps: usize) -> Value {
    json!({ KEY: VERSION, "steps": steps, "source": source })
}

pub(super) fn to_text(source: &PlanSource, steps: usize) -> Result<String, FormatError> {
    pretty(&to_json(source, steps))
}

/// Whether JSON is of this form.
#[must_use]
pub fn is_own(value: &Value) -> bool {
    value.get(KEY).is_some()
}

/// The schedule, and the number of steps that it was made for, where the file says so and the schedule does not list its
/// levels.
pub fn read_own(value: &Value) -> Result<(PlanSource, Option<usize>), FormatError> {
    let fault = FormatError::Own;
    let version = value.get(KEY).unwrap_or(&Value::Null);
    if version.as_u64() != Some(VERSION) {
        return Err(fault(format!(
            "it has version {version}, but this Chromascope reads {VERSION}; use a newer \
                                  Chromascope"
        )));
    }
    let source = value.get("source").cloned().unwrap_or_default();
    let source: PlanSource =
        serde_json::from_value(source).map_err(|error| fault(format!("its schedule is not valid ({error})")))?;
    let steps = value.get("steps").filter(|steps| !steps.is_null()).map(|steps| {
        let number = steps.as_u64().and_then(|steps| usize::try_from(steps).ok());
        number
            .filter(|steps| (1..=MAX_STEPS).contains(steps))
            .ok_or_else(|| fault(format!("its number of steps is {steps}; it must be 1 to {MAX_STEPS}")))
    });
    let steps = steps.transpose()?.filter(|_| source.steps().is_none());
    Ok((source, steps))
}
