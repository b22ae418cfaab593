use super::pooling::{add_upsampled, pool_into};
use super::{ClassDenoiser, DenoiseError, Denoised, PartName, part_mut};
use crate::theory::{NoiseLevel, adjustment};
use ndarray::{Array4, ArrayView4};

/// Two denoisers, one for the image pooled by n and one for the detail that pooling loses (Hwang, Park, Jo, arXiv
/// 2401.10247, figure 5; docs/theory.md, section 14):
///
/// `ε(x_t, t) = (1/n)·U_n ε_low(D_n x_t/√P_n, τ) + (1 − U_n D_n) ε_res(x_t, t)`.
///
/// The coarse one may be a cascade itself.
pub struct Cascade {
    coarse: Box<dyn ClassDenoiser>,
    detail: Box<dyn ClassDenoiser>,
    factor: usize,
    /// Stages that the coarse one has.
    stages_below: usize,
    pooled: Array4<f64>,
    low: Denoised,
    means: Array4<f64>,
}

impl Cascade {
    /// Joins `coarse`, which has `stages_below` stages, and `detail`, whose images are n times as large.
    #[must_use]
    pub fn new(
        coarse: Box<dyn ClassDenoiser>,
        stages_below: usize,
        detail: Box<dyn ClassDenoiser>,
        factor: usize,
    ) -> Self {
        let empty = || Array4::zeros([0; 4]);
        Self { coarse, detail, factor, stages_below, pooled: empty(), low: Denoised::zeros([0; 4]), means: empty() }
    }
}

impl ClassDenoiser for Cascade {
    fn denoise_classes(
        &mut self,
        x_t: ArrayView4<f64>,
        level: NoiseLevel,
        classes: &[i64],
        out: &mut Denoised,
    ) -> Result<(), DenoiseError> {
        let n = self.factor;
        let shape: [usize; 4] = x_t.dim().into();
        pool_into(x_t, n, adjustment::intensity(level, n).recip(), &mut self.pooled)?;
        self.low.resize(self.pooled.dim().into());
        let adjusted = adjustment::adjusted_level(level, n, 1);
        self.coarse.denoise_classes(self.pooled.view(), adjusted, classes, &mut self.low)?;
        self.detail.denoise_classes(x_t, level, classes, out)?;

        let stage = self.stages_below;
        self.keep_detail(&mut out.x0)?;
        part_mut(&mut out.parts, stage, PartName::Stage(stage), shape).assign(&out.x0);
        add_upsampled(&mut out.x0, &self.low.x0, n, 1.0);
        self.keep_detail(&mut out.eps)?;
        add_upsampled(&mut out.eps, &self.low.eps, n, (n as f64).recip());
        for below in 0..stage {
            let low = self.low.parts.get(below).map_or(&self.low.x0, |part| &part.x0);
            let part = part_mut(&mut out.parts, below, PartName::Stage(below), shape);
            part.fill(0.0);
            add_upsampled(part, low, n, 1.0);
        }
        out.parts.truncate(stage + 1);
        Ok(())
    }
}

impl Cascade {
    /// `1 − U_n D_n`.
    fn keep_detail(&mut self, values: &mut Array4<f64>) -> Result<(), DenoiseError> {
        pool_into(values.view(), self.factor, 1.0, &mut self.means)?;
        add_upsampled(values, &self.means, self.factor, -1.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::denoiser::gaussian::fill_eps;
    use crate::spectrum::{BandPlan, Fit, white_noise_variance};
    use ndarray::{Array2, Axis};

    /// The exact denoiser of a Gaussian prior that is diagonal in the Haar bands, with these variances per pixel in each
    /// band, finest first and the rest band last.
    struct HaarGaussian(Vec<f64>);

    impl ClassDenoiser for HaarGaussian {
        fn denoise_classes(
            &mut self,
            x_t: ArrayView4<f64>,
            level: NoiseLevel,
            _: &[i64],
            out: &mut Denoised,
        ) -> Result<(), DenoiseError> {
            let (_, _, height, width) = x_t.dim();
            let levels = self.0.len() - 1;
            let (a, b) = (level.alpha_bar(), level.one_minus_alpha_bar());
            let gain = |m: usize| {
                let signal = self.0[m] / white_noise_variance(2, m, levels);
                level.sqrt_alpha_bar() * signal / (a * signal + b)
            };
            for (planes, mut images) in x_t.outer_iter().zip(out.x0.outer_iter_mut()) {
                for (plane, mut image) in planes.outer_iter().zip(images.outer_iter_mut()) {
                    let bands: Vec<Array2<f64>> = match BandPlan::new(height, width, 2, levels.max(1), Fit::Pad) {
                        Ok(plan) if levels > 0 => plan.split(plane).unwrap(),
                        _ => vec![plane.to_owned()],
                    };
                    image.fill(0.0);
                    for (m, band) in bands.iter().enumerate() {
                        image.scaled_add(gain(m), band);
                    }
                }
            }
            fill_eps(x_t, level, out);
            out.timestep = 0.0;
            Ok(())
        }
    }

    /// The prior of the image pooled by 2: bands move down by one, and each value of them stands for four pixels.
    fn pooled_prior(variances: &[f64]) -> Vec<f64> {
        variances[1..].to_vec()
    }

    fn state() -> Array4<f64> {
        Array4::from_shape_fn([2, 3, 16, 32], |(b, c, y, x)| {
            ((b * 31 + c * 17 + y * 7 + x * 3 + y * x) as f64 * 1.7).sin()
        })
    }

    #[test]
    fn exact_stages_are_the_whole_denoiser() {
        let variances = vec![0.02, 0.05, 0.11, 0.3, 0.9];
        let twice = pooled_prior(&variances);
        let coarse =
            Cascade::new(Box::new(HaarGaussian(pooled_prior(&twice))), 1, Box::new(HaarGaussian(twice.clone())), 2);
        let cascades: [(usize, Cascade); 2] = [
            (2, Cascade::new(Box::new(HaarGaussian(twice)), 1, Box::new(HaarGaussian(variances.clone())), 2)),
            (3, Cascade::new(Box::new(coarse), 2, Box::new(HaarGaussian(variances.clone())), 2)),
        ];
        let x = state();
        for (stages, mut cascade) in cascades {
            for log_snr in [-9.0, -3.0, 0.0, 2.5, 8.0] {
                let level = NoiseLevel::from_log_snr(log_snr);
                let (mut whole, mut joined) = (Denoised::zeros(x.dim().into()), Denoised::zeros(x.dim().into()));
                HaarGaussian(variances.clone()).denoise_classes(x.view(), level, &[], &mut whole).unwrap();
                cascade.denoise_classes(x.view(), level, &[], &mut joined).unwrap();
                let scale = whole.x0.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
                for (a, b) in joined.x0.iter().zip(&whole.x0) {
                    assert!((a - b).abs() < 1e-5 * scale.min(1.0), "{stages} stages, λ {log_snr}: {a} against {b}");
                }
                for (a, b) in joined.eps.iter().zip(&whole.eps) {
                    assert!((a - b).abs() < 1e-5, "{stages} stages, λ {log_snr}: ε {a} against {b}");
                }
                let names: Vec<PartName> = joined.parts.iter().map(|part| part.name).collect();
                assert_eq!(names, (0..stages).map(PartName::Stage).collect::<Vec<_>>());
                let sum = joined.parts.iter().fold(Array4::zeros(x.dim()), |sum, part| sum + &part.x0);
                assert!((sum - &joined.x0).iter().all(|difference: &f64| difference.abs() < 1e-12));
            }
        }
    }

    #[test]
    fn a_size_that_cannot_be_pooled_is_told() {
        let prior = || Box::new(HaarGaussian(vec![0.5, 0.5]));
        let mut cascade = Cascade::new(prior(), 1, prior(), 2);
        let x = state().slice_axis(Axis(2), ndarray::Slice::from(0..15)).to_owned();
        let mut out = Denoised::zeros(x.dim().into());
        let fault = cascade.denoise_classes(x.view(), NoiseLevel::from_log_snr(0.0), &[], &mut out).unwrap_err();
        assert!(fault.to_string().starts_with("15x32 cannot be pooled by 2"), "{fault}");
    }
}
