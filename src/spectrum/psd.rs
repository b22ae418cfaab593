use super::{Fft2, HalfSpectrum, SpectrumError};
use ndarray::{Array2, ArrayView2};

/// The power spectral density of one plane `[H, W]`, `|X_k|²/N_pix`, in the order of the transform (frequency 0 first).
///
/// Unit white noise reads 1 at any size, and the mean over all bins is the mean square of the pixels (Parseval).
/// Units: those of the pixels, squared. docs/theory.md, section 9.
pub fn psd<T: Copy + Into<f64>>(plane: ArrayView2<T>) -> Result<Array2<f64>, SpectrumError> {
    let (height, width) = plane.dim();
    let mut spectrum = HalfSpectrum::new();
    Fft2::of_size(height, width)?.forward(plane, &mut spectrum)?;
    Ok(spectrum.power(width) / (height * width) as f64)
}

#[cfg(test)]
mod tests {
    use super::super::test_images::noise;
    use super::*;
    use proptest::prelude::*;
    use std::f64::consts::TAU;

    proptest! {
        #[test]
        fn parseval(height in 1_usize..50, width in 1_usize..50, seed in 0_u64..99) {
            let image = noise(height, width, seed);
            let mean_square = image.mapv(|value| value * value).mean().unwrap();
            prop_assert!((psd(image.view()).unwrap().mean().unwrap() / mean_square - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_wave_is_in_its_own_bins() {
        let wave = Array2::from_shape_fn((12, 15), |(y, x)| {
            (TAU * (2.0 * y as f64 / 12.0 + 4.0 * x as f64 / 15.0)).cos() as f32
        });
        let density = psd(wave.view()).unwrap();
        for ((k_y, k_x), &value) in density.indexed_iter() {
            let expected = if (k_y, k_x) == (2, 4) || (k_y, k_x) == (10, 11) { 180.0 / 4.0 } else { 0.0 };
            assert!((value - expected).abs() < 1e-5, "{k_y} {k_x}: {value}");
        }
    }
}
