use super::{BandPlan, Fft2};
use std::f64::consts::PI;

/// The share of the power at each frequency that belongs to each band: `W_m = |Ĥ_{nᵐ}|² − |Ĥ_{nᵐ⁺¹}|²` for the detail bands,
/// `W_M = |Ĥ_{n^M}|²` for the rest, with the response `Ĥ_b` of the mean over b×b pixels. `[M + 1][W/2 + 1, H]`, in the
/// order of the half spectrum (`k_y` fastest); at every frequency they sum to 1.
///
/// Exact in expectation for stationary images whose sides are multiples of `n^M`.
#[must_use]
pub fn band_responses(fft: &Fft2, plan: &BandPlan) -> Vec<Vec<f64>> {
    let (height, width) = fft.size();
    let blocks: Vec<usize> =
        std::iter::successors(Some(1), |block| Some(block * plan.factor())).take(plan.levels() + 1).collect();
    let low = |block: &usize| -> Vec<f64> {
        let rows: Vec<f64> = (0..height).map(|k| box_response(k, height, *block)).collect();
        let columns = (0..fft.half_width()).map(|k| box_response(k, width, *block));
        columns.flat_map(|column| rows.iter().map(move |row| row * column)).collect()
    };
    let mut responses: Vec<Vec<f64>> = blocks.iter().map(low).collect();
    for m in 0..plan.levels() {
        let (finer, coarser) = responses.split_at_mut(m + 1);
        finer[m].iter_mut().zip(&coarser[0]).for_each(|(here, next)| *here -= next);
    }
    responses
}

/// `|Ĥ_b(k)|²` along one side of `length` pixels.
fn box_response(k: usize, length: usize, block: usize) -> f64 {
    if k == 0 {
        return 1.0;
    }
    let angle = PI * k as f64 / length as f64;
    ((block as f64 * angle).sin() / (block as f64 * angle.sin())).powi(2)
}

#[cfg(test)]
mod tests {
    use super::super::test_images::noise;
    use super::super::{Fit, HalfSpectrum, white_noise_variance};
    use super::*;
    use ndarray::Array2;

    /// The mean over all shifts makes an image stationary, so the responses are exact for it.
    #[test]
    fn they_are_the_mean_band_energies_over_all_shifts() {
        for (height, width, factor, levels) in [(8, 8, 2, 3), (12, 24, 2, 2), (9, 27, 3, 2)] {
            let image = noise(height, width, 5);
            let plan = BandPlan::new(height, width, factor, levels, Fit::Pad).unwrap();
            let mut expected = vec![0.0; levels + 1];
            for (dy, dx) in (0..height).flat_map(|dy| (0..width).map(move |dx| (dy, dx))) {
                let shifted =
                    Array2::from_shape_fn((height, width), |(y, x)| image[[(y + dy) % height, (x + dx) % width]]);
                plan.add_energies(shifted.view(), &mut Vec::new(), &mut expected).unwrap();
            }
            let fft = Fft2::of_size(height, width).unwrap();
            let mut spectrum = HalfSpectrum::new();
            fft.forward(image.view(), &mut spectrum).unwrap();
            let pixels = (height * width) as f64;
            for (m, response) in band_responses(&fft, &plan).iter().enumerate() {
                let bins = spectrum.values().iter().zip(response).enumerate();
                let energy: f64 = bins
                    .map(|(bin, (x, w))| fft.multiplicity(bin / height) as f64 * w * x.norm_sqr() / pixels / pixels)
                    .sum();
                let expected = expected[m] / pixels;
                assert!((energy / expected - 1.0).abs() < 1e-11, "{height}x{width} band {m}: {energy} {expected}");
            }
        }
    }

    #[test]
    fn of_white_noise_they_are_the_bands_sizes() {
        let fft = Fft2::of_size(64, 64).unwrap();
        let plan = BandPlan::new(64, 64, 2, 6, Fit::Pad).unwrap();
        for (m, response) in band_responses(&fft, &plan).iter().enumerate() {
            let sum: f64 = response.iter().enumerate().map(|(bin, w)| fft.multiplicity(bin / 64) as f64 * w).sum();
            assert!((sum / 4096.0 - white_noise_variance(2, m, 6)).abs() < 1e-14, "band {m}");
        }
    }
}
