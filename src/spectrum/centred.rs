use ndarray::Array2;

/// A spectrum `[H, W]` with frequency 0 moved to `[H/2, W/2]`, like `numpy.fft.fftshift`, from the order of the transform.
#[must_use]
pub fn centred(spectrum: &Array2<f64>) -> Array2<f64> {
    let (height, width) = spectrum.dim();
    let back = |at: usize, side: usize| (at + side - side / 2) % side;
    Array2::from_shape_fn((height, width), |(y, x)| spectrum[[back(y, height), back(x, width)]])
}

/// The frequency at a position along a side of a centred spectrum, cycles per pixel.
#[must_use]
pub fn centred_frequency(at: usize, side: usize) -> f64 {
    (at as f64 - (side / 2) as f64) / side.max(1) as f64
}

/// The radius, cycles per pixel, at which level `m` with factor `n` begins: `1/(2nᵐ)`, the highest frequency that remains
/// after pooling by `nᵐ`. Level 0 reaches beyond its radius into the corners.
#[must_use]
pub fn level_radius(factor: usize, m: usize) -> f64 {
    0.5 * (factor as f64).powi(-i32::try_from(m).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequency_zero_is_in_the_middle() {
        for (height, width) in [(4, 6), (5, 7), (1, 2)] {
            let spectrum = Array2::from_shape_fn((height, width), |(y, x)| (10 * y + x) as f64);
            let shifted = centred(&spectrum);
            assert_eq!(shifted[[height / 2, width / 2]], 0.0);
            for ((y, x), value) in shifted.indexed_iter() {
                let frequency = |at: usize, side: usize| (centred_frequency(at, side) * side as f64).round() as i64;
                let bin = |at: usize, side: usize| frequency(at, side).rem_euclid(i64::try_from(side).unwrap()) as f64;
                assert_eq!(*value, 10.0 * bin(y, height) + bin(x, width));
            }
        }
        assert_eq!((centred_frequency(0, 64), centred_frequency(63, 64)), (-0.5, 31.0 / 64.0));
        assert_eq!([level_radius(2, 0), level_radius(2, 2), level_radius(3, 1)], [0.5, 0.125, 1.0 / 6.0]);
    }
}
