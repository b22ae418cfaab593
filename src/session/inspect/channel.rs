use ndarray::{Array3, ArrayView3, Axis, s};

/// The channel of an image to inspect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Red, green and blue; a single one as grey; any other number side by side.
    #[default]
    All,
    /// One of them.
    One(usize),
    /// Their mean.
    Mean,
    /// Luminance of red, green and blue with the weights of Rec. 709, of the values without linearisation.
    Luminance,
}

/// Weights of red, green and blue in [`Channel::Luminance`].
const LUMINANCE: [f32; 3] = [0.2126, 0.7152, 0.0722];

impl Channel {
    /// The choices for an image with this many channels, in the order of a menu.
    #[must_use]
    pub fn all(channels: usize) -> Vec<Self> {
        if channels <= 1 {
            return vec![Self::All];
        }
        let each = (0..channels).map(Self::One);
        let luminance = (channels == 3).then_some(Self::Luminance);
        std::iter::once(Self::All).chain(each).chain([Self::Mean]).chain(luminance).collect()
    }

    /// The same if an image with this many channels has it, else all.
    #[must_use]
    pub fn within(self, channels: usize) -> Self {
        if Self::all(channels).contains(&self) { self } else { Self::All }
    }

    /// "RGB", "R", "0", "mean".
    #[must_use]
    pub fn name(self, channels: usize) -> String {
        match self {
            Self::All if channels == 3 => "RGB".to_owned(),
            Self::All if channels <= 1 => "grey".to_owned(),
            Self::All => "all".to_owned(),
            Self::One(channel) => channel_name(channel, channels),
            Self::Mean => "mean".to_owned(),
            Self::Luminance => "luminance".to_owned(),
        }
    }

    /// Its values, `[1, H, W]` or all channels, from an image `[C, H, W]`.
    #[must_use]
    pub fn of(self, image: ArrayView3<f32>) -> Array3<f32> {
        let channels = image.len_of(Axis(0));
        let one = |weight: &dyn Fn(usize) -> f32| {
            let mut sum = Array3::zeros((1, image.dim().1, image.dim().2));
            for (channel, plane) in image.outer_iter().enumerate() {
                sum.index_axis_mut(Axis(0), 0).scaled_add(weight(channel), &plane);
            }
            sum
        };
        match self.within(channels) {
            Self::All => image.to_owned(),
            Self::One(channel) => image.slice(s![channel..=channel, .., ..]).to_owned(),
            Self::Mean => one(&|_| 1.0 / channels as f32),
            Self::Luminance => one(&|channel| LUMINANCE[channel.min(2)]),
        }
    }
}

/// "R", "G", "B" for three channels, else the number from 0.
#[must_use]
pub fn channel_name(channel: usize, channels: usize) -> String {
    match (channels, channel) {
        (3, 0) => "R".to_owned(),
        (3, 1) => "G".to_owned(),
        (3, 2) => "B".to_owned(),
        _ => channel.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_named_and_taken() {
        let names = |channels| Channel::all(channels).iter().map(|channel| channel.name(channels)).collect::<Vec<_>>();
        assert_eq!(names(3), ["RGB", "R", "G", "B", "mean", "luminance"]);
        assert_eq!(names(1), ["grey"]);
        assert_eq!(names(4), ["all", "0", "1", "2", "3", "mean"]);
        let image = Array3::from_shape_fn((3, 1, 2), |(c, _, x)| [1.0, 2.0, 4.0][c] * (x + 1) as f32);
        let of = |channel: Channel| channel.of(image.view()).into_raw_vec_and_offset().0;
        assert_eq!(of(Channel::All), [1.0, 2.0, 2.0, 4.0, 4.0, 8.0]);
        assert_eq!(of(Channel::One(1)), [2.0, 4.0]);
        assert!((of(Channel::Mean)[0] - 7.0 / 3.0).abs() < 1e-6);
        assert!((of(Channel::Luminance)[0] - (0.2126 + 2.0 * 0.7152 + 4.0 * 0.0722)).abs() < 1e-6);
        assert_eq!(Channel::One(3).within(3), Channel::All, "what an image lacks is all of it");
    }
}
