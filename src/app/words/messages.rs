//! Messages, and the forms below them.

/// The substitute model while ONNX Runtime is missing.
#[must_use]
pub fn until_then(model: &str) -> String {
    format!("Until then {model} is used. It needs no ONNX Runtime.")
}

/// A path that does not exist.
#[must_use]
pub fn nothing_at(path: &str) -> String {
    format!("{NOTHING_AT} {path}; give the path of an .onnx file, a model folder or a folder of images")
}

pub const DROP: &str = "You can also drop an .onnx file, a model folder or a folder of images onto the window.";
pub const DISMISS: &str = "Dismiss";
pub const DOWNLOAD: &str = "Download ONNX Runtime";
pub const DISMISS_IN_PANE: &str = "Dismiss the message";
pub const MISSING_CONFIG: &str = "Missing: scheduler_config.json";
pub const OPEN_CONFIG: &str = "Open scheduler_config.json…";
pub const PATH_OF_CONFIG: &str = "Path of scheduler_config.json";
pub const CONFIG_IS_NEEDED: &str = "Or choose all three here to run without the file.";
pub const STILL_MISSING: &str = "Still missing: scheduler_config.json, or all three of state, time and prediction.";
pub const INDEX_NEEDS_CONFIG: &str = "A network that receives the index of the timestep needs scheduler_config.json.";
pub const HEIGHT: &str = "Height in pixels";
pub const WIDTH: &str = "Width in pixels";
pub const USE_SIZE: &str = "Use this size";
pub const NULL_CLASS: &str = "Null class";
pub const USE_NULL_CLASS: &str = "Use as null class";
pub const PATH_OF_EMBEDDINGS: &str = "Path of embeddings";
pub const STATE: &str = "State";
pub const TIME: &str = "Time";
pub const PATH_OF_CONCAT: &str = "Path of the conditioning image";
pub const PREDICTION: &str = "Prediction";
/// The progress of a check.
#[must_use]
pub fn checking(done: usize, total: usize) -> String {
    if total == 0 { "Opening the model to check it".into() } else { format!("Checking, {done} of {total} conventions") }
}

pub const CHECK_MODEL: &str = "Check state, time and prediction";
pub const AS_IN_FILES: &str = "as in its files";
pub const NOTHING_AT: &str = "there is nothing at";
