use crate::denoiser::DenoiseError;
use crate::theory::{NetworkState, NetworkTime, NoiseLevel};
use ndarray::Array4;

/// A network whose words are in question.
pub trait Network {
    /// The shape of a batch of states, `[B, C, H, W]`.
    fn shape(&self) -> [usize; 4];

    /// EDM's standard deviation of the data.
    fn sigma_data(&self) -> f64;

    /// Whether it can receive this time at all.
    fn takes(&self, time: NetworkTime) -> bool;

    /// The nearest level that it was trained on.
    fn nearest(&self, level: NoiseLevel) -> NoiseLevel;

    /// Its output, whatever that means, for this VP state.
    fn output(
        &mut self,
        state: NetworkState,
        time: NetworkTime,
        x_t: &Array4<f64>,
        level: NoiseLevel,
    ) -> Result<Array4<f64>, DenoiseError>;
}
