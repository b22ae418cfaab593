//! `D_n` and `U_n` on batches of images, in memory of the caller's.

use super::DenoiseError;
use ndarray::{Array4, ArrayView4, Zip};

/// `D_n x`, the mean over blocks of n×n pixels, times `scale`, into `out`, which is made again only where its shape
/// differs. Both sides must be multiples of n.
pub(super) fn pool_into(
    x: ArrayView4<f64>,
    factor: usize,
    scale: f64,
    out: &mut Array4<f64>,
) -> Result<(), DenoiseError> {
    let (batch, channels, height, width) = x.dim();
    if factor == 0 || height % factor != 0 || width % factor != 0 {
        return Err(DenoiseError::Indivisible { height, width, factor });
    }
    let shape = [batch, channels, height / factor, width / factor];
    if out.shape() != shape {
        *out = Array4::zeros(shape);
    }
    let norm = scale / (factor * factor) as f64;
    Zip::from(out).and(x.exact_chunks([1, 1, factor, factor])).for_each(|mean, block| *mean = block.sum() * norm);
    Ok(())
}

/// Adds `weight·U_n low` to `out`, n being the ratio of their sides.
pub(super) fn add_upsampled(out: &mut Array4<f64>, low: &Array4<f64>, factor: usize, weight: f64) {
    let block = [1, 1, factor, factor];
    Zip::from(out.exact_chunks_mut(block)).and(low).for_each(|mut block, &value| block += weight * value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectrum::pool;
    use ndarray::s;

    #[test]
    fn pooling_and_enlarging_are_those_of_the_bands() {
        let x = Array4::from_shape_fn([2, 3, 6, 9], |(b, c, y, x)| ((b * 7 + c * 5 + y * 3 + x) as f64).sin());
        let mut low = Array4::zeros([0; 4]);
        pool_into(x.view(), 3, 2.0, &mut low).unwrap();
        let expected = pool(x.slice(s![1, 2, .., ..]), 3).unwrap();
        assert!(low.slice(s![1, 2, .., ..]).iter().zip(&expected).all(|(a, b)| (a - 2.0 * b).abs() < 1e-15));
        let mut large = x.clone();
        add_upsampled(&mut large, &low, 3, -0.5);
        pool_into(large.view(), 3, 1.0, &mut low).unwrap();
        assert!(low.iter().all(|value| value.abs() < 1e-15));
        let fault = pool_into(x.view(), 2, 1.0, &mut low).unwrap_err();
        assert!(fault.to_string().starts_with("6x9 cannot be pooled by 2"), "{fault}");
    }
}
