//! The progress of downloading ONNX Runtime.

/// The progress of downloading ONNX Runtime.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetching {
    /// The progress in words.
    pub text: String,
    /// The finished share, in [0, 1].
    pub share: Option<f32>,
}
