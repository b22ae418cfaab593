//! Colours of latents, as a linear map. No GUI.

use crate::model::decoder::{ColoursFrom, LinearColours};
use crate::session::ShownValues;
use ndarray::Array4;

/// Red, green and blue as linear functions of a latent's channels.
#[derive(Clone, Debug, PartialEq)]
pub struct Colours {
    /// Distinguishes maps in caches.
    id: u64,
    /// Weights of red, green and blue, by channel.
    weights: Vec<[f32; 3]>,
    /// Red, green and blue where all channels are 0.
    offset: [f32; 3],
    /// Number of decoded steps that the map was fitted on; `None` if it is known for this family.
    fitted_on: Option<usize>,
    /// Where it comes from, for people.
    about: String,
}

impl Colours {
    /// The map with these weights.
    #[must_use]
    pub fn new(id: u64, weights: Vec<[f32; 3]>, offset: [f32; 3], fitted_on: Option<usize>) -> Self {
        Self { id, weights, offset, fitted_on, about: String::new() }
    }

    /// The same as a map of latents.
    #[must_use]
    pub fn of_map(id: u64, map: &LinearColours) -> Self {
        let channels = map.channels();
        // The colours of nothing, then of each channel alone.
        let basis =
            Array4::from_shape_fn(
                (channels + 1, channels, 1, 1),
                |(sample, channel, ..)| {
                    if sample == channel + 1 { 1.0 } else { 0.0 }
                },
            );
        let colours = map.apply(basis.view());
        let offset = [0, 1, 2].map(|colour| colours[[0, colour, 0, 0]]);
        let weights =
            (1..=channels).map(|sample| [0, 1, 2].map(|colour| colours[[sample, colour, 0, 0]] - offset[colour]));
        let fitted_on = match map.from() {
            ColoursFrom::Published(_) => None,
            ColoursFrom::Fitted { images, .. } => Some(images),
        };
        Self { about: map.in_words(), ..Self::new(id, weights.collect(), offset, fitted_on) }
    }

    /// Where it comes from, for people.
    #[must_use]
    pub fn about(&self) -> &str {
        &self.about
    }

    /// Distinguishes maps in caches.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// Number of channels.
    #[must_use]
    pub const fn channels(&self) -> usize {
        self.weights.len()
    }

    /// Number of decoded steps that the map was fitted on; `None` if it is known for this family.
    #[must_use]
    pub const fn fitted_on(&self) -> Option<usize> {
        self.fitted_on
    }

    /// The colours of one sample, `[1, 3, H, W]`. Differences have no offset. `None` if its channels are not those of the
    /// map.
    #[must_use]
    pub fn of(&self, latents: &ShownValues<'_>, is_difference: bool) -> Option<ShownValues<'static>> {
        let [channels, height, width] = latents.shape;
        if channels != self.channels() {
            return None;
        }
        let pixels = height * width;
        let mut values = vec![0.0; 3 * pixels];
        for (colour, plane) in values.chunks_exact_mut(pixels.max(1)).enumerate() {
            plane.fill(if is_difference { 0.0 } else { self.offset[colour] });
            for (weights, channel) in self.weights.iter().zip(latents.values.chunks_exact(pixels.max(1))) {
                let weight = weights[colour];
                plane.iter_mut().zip(channel).for_each(|(value, latent)| *value += weight * latent);
            }
        }
        Some(ShownValues { values: values.into(), shape: [3, height, width], exact: latents.exact })
    }

    /// The standard deviation of the colours of unit white noise.
    #[must_use]
    pub fn noise(&self) -> f32 {
        let squares: f32 = self.weights.iter().flatten().map(|weight| weight * weight).sum();
        (squares / 3.0).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_linear_in_the_channels() {
        let map = Colours::new(1, vec![[1.0, 0.0, 2.0], [0.0, -1.0, 0.5]], [0.1, 0.2, 0.3], None);
        let latents = ShownValues { values: vec![1.0, 2.0, 4.0, 8.0].into(), shape: [2, 1, 2], exact: true };
        let colours = map.of(&latents, false).unwrap();
        assert_eq!(colours.shape, [3, 1, 2]);
        assert_eq!(*colours.values, [1.1, 2.1, -3.8, -7.8, 4.3, 8.3]);
        assert_eq!(*map.of(&latents, true).unwrap().values, [1.0, 2.0, -4.0, -8.0, 4.0, 8.0]);
        assert!((map.noise() - (6.25_f32 / 3.0).sqrt()).abs() < 1e-6);
        let grey = ShownValues { values: vec![1.0, 2.0].into(), shape: [1, 1, 2], exact: true };
        assert!(map.of(&grey, false).is_none());
    }
}
