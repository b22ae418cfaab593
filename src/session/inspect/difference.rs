use ndarray::{Array3, ArrayView2, ArrayView3, Zip};

/// The peak-to-peak range of image values, −1 to 1, for the PSNR.
pub const PEAK: f64 = 2.0;
/// Keeps a relative difference finite if the reference is zero.
pub const RELATIVE_FLOOR: f32 = 0.01;

/// A measure of the difference between an image a and a reference b.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Difference {
    /// `a − b`.
    #[default]
    Signed,
    /// `|a − b|`.
    Absolute,
    /// `|a − b|/(|b| + 0.01)`.
    Relative,
}

impl Difference {
    /// All measures, in the order of a menu.
    pub const ALL: [Self; 3] = [Self::Signed, Self::Absolute, Self::Relative];

    /// The name shown to users.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Absolute => "absolute",
            Self::Relative => "relative",
        }
    }

    /// Its formula, with a for the image and b for the reference.
    #[must_use]
    pub const fn formula(self) -> &'static str {
        match self {
            Self::Signed => "a − b",
            Self::Absolute => "|a − b|",
            Self::Relative => "|a − b|/(|b| + 0.01)",
        }
    }
}

/// The difference between two images `[C, H, W]` of the same shape, pixel by pixel.
#[must_use]
pub fn difference(image: ArrayView3<f32>, reference: ArrayView3<f32>, kind: Difference) -> Array3<f32> {
    Zip::from(image).and(reference).map_collect(|&a, &b| match kind {
        Difference::Signed => a - b,
        Difference::Absolute => (a - b).abs(),
        Difference::Relative => (a - b).abs() / (b.abs() + RELATIVE_FLOOR),
    })
}

/// The error of an image against a reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Errors {
    /// Mean squared error of each channel, data units squared.
    pub mse: Vec<f64>,
    /// That of all values together.
    pub mean_mse: f64,
    /// Largest magnitude of a difference.
    pub largest: f64,
}

impl Errors {
    /// `10·log10(PEAK²/MSE)`, dB; infinite if nothing differs.
    #[must_use]
    pub fn psnr(mse: f64) -> f64 {
        10.0 * (PEAK * PEAK / mse).log10()
    }
}

/// The errors of an image against a reference, both `[C, H, W]` of the same shape.
#[must_use]
pub fn errors(image: ArrayView3<f32>, reference: ArrayView3<f32>) -> Errors {
    let mut largest = 0.0_f64;
    let mut mean_square = |image: ArrayView2<f32>, reference: ArrayView2<f32>| {
        let squares = image.iter().zip(reference).map(|(&a, &b)| {
            let difference = f64::from(a) - f64::from(b);
            largest = largest.max(difference.abs());
            difference * difference
        });
        squares.sum::<f64>() / image.len().max(1) as f64
    };
    let mse: Vec<f64> = image.outer_iter().zip(reference.outer_iter()).map(|(a, b)| mean_square(a, b)).collect();
    let mean_mse = mse.iter().sum::<f64>() / mse.len().max(1) as f64;
    Errors { mse, mean_mse, largest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr3;

    fn images() -> (Array3<f32>, Array3<f32>) {
        let image = arr3(&[[[0.5, -0.25], [1.0, 0.0]], [[-1.0, 0.75], [0.125, -0.5]]]);
        let reference = arr3(&[[[0.25, -0.25], [0.5, 0.25]], [[-1.0, 0.25], [0.0, 0.5]]]);
        (image, reference)
    }

    /// From skimage.metrics: `mean_squared_error` of each channel is 0.09375 and 0.31640625, of both 0.205078125, and
    /// `peak_signal_noise_ratio(reference, image, data_range=2)` 16.300887, 11.018149 and 12.901407 dB.
    #[test]
    fn errors_are_those_of_scikit_image() {
        let (image, reference) = images();
        let found = errors(image.view(), reference.view());
        assert_eq!(found.mse, [0.09375, 0.316_406_25]);
        assert_eq!((found.mean_mse, found.largest), (0.205_078_125, 1.0));
        let expected = [16.300_887, 11.018_149, 12.901_407];
        for (mse, expected) in found.mse.iter().chain([&found.mean_mse]).zip(expected) {
            assert!((Errors::psnr(*mse) - expected).abs() < 1e-5, "{} {expected}", Errors::psnr(*mse));
        }
        assert_eq!(Errors::psnr(errors(image.view(), image.view()).mean_mse), f64::INFINITY);
    }

    #[test]
    fn differences_are_what_their_formulas_say() {
        let (image, reference) = images();
        let at = |kind| difference(image.view(), reference.view(), kind)[[1, 1, 1]];
        assert_eq!((at(Difference::Signed), at(Difference::Absolute)), (-1.0, 1.0));
        assert!((at(Difference::Relative) - 1.0 / 0.51).abs() < 1e-6);
        let zero = difference(image.view(), reference.view(), Difference::Relative)[[1, 1, 0]];
        assert!((zero - 12.5).abs() < 1e-4, "{zero}");
    }
}
