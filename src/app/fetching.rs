//! How fetching ONNX Runtime goes.

/// How fetching ONNX Runtime goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetching {
    /// In words.
    pub text: String,
    /// How much of it is done, in [0, 1].
    pub share: Option<f32>,
}
