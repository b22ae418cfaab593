//! Images by spatial frequency and by level (docs/theory.md, sections 7 and 9).
//!
//! - [`BandPlan`]: the pooling pyramid, its orthogonal bands and their energies.
//! - [`Fft2`]: two-dimensional Fourier transforms of real images, planned once for each size.
//! - [`psd`]: power spectral density, 1 for unit white noise at any size.
//! - [`Rapsd`]: its average over rings of radial frequency, for one image or for many on all cores.
//! - [`Window`]: the weights of pixels before a transform.
//! - [`PowerLaw`] and [`Reach`]: the slope of a spectrum, and up to which frequency it is above a level.
//!
//! Input values may be f32 or f64; all arithmetic is f64. No files.

mod bands;
mod centred;
mod fft2;
mod power_law;
mod psd;
mod rapsd;
mod responses;
mod running;
mod window;

pub use bands::{BandPlan, Fit, pool, upsample, white_noise_variance};
pub use centred::{centred, centred_frequency, level_radius};
pub use fft2::{Fft2, HalfSpectrum};
pub use power_law::{PowerLaw, Reach};
pub use psd::psd;
pub use rapsd::{Rapsd, Rings};
pub use responses::band_responses;
pub use running::Running;
pub use window::Window;

/// Why an image cannot be analysed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpectrumError {
    /// An image without pixels.
    #[error("an image of {height}x{width} pixels has no spectrum")]
    Empty {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// `n < 2`.
    #[error("the factor between resolution levels must be 2 or more, not {0}")]
    Factor(usize),
    /// The coarsest pooling is wider than the image, or there is no level.
    #[error("{}", misfit(*.levels, *.factor, (*.height, *.width), *.most))]
    Levels {
        /// Requested levels.
        levels: usize,
        /// n.
        factor: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// The largest possible number.
        most: usize,
    },
    /// An image or a result whose size differs from the planned one.
    #[error("expected {expected}, found {found}")]
    Shape {
        /// The planned size.
        expected: String,
        /// The actual size.
        found: String,
    },
}

impl SpectrumError {
    fn check(expected: &[usize], found: &[usize]) -> Result<(), Self> {
        let text = |shape: &[usize]| shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
        if expected == found { Ok(()) } else { Err(Self::Shape { expected: text(expected), found: text(found) }) }
    }
}

fn misfit(levels: usize, factor: usize, (height, width): (usize, usize), most: usize) -> String {
    let fit = match levels {
        1 => format!("1 resolution level with factor {factor} does not fit"),
        levels => format!("{levels} resolution levels with factor {factor} do not fit"),
    };
    let there = match most {
        0 => "none fits; use a smaller factor".to_owned(),
        1 => "1 fits".to_owned(),
        most => format!("1 to {most} fit"),
    };
    format!("{fit} into {height}x{width} pixels; {there}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_said_in_words() {
        let told = |levels, most| SpectrumError::Levels { levels, factor: 8, height: 4, width: 4, most }.to_string();
        let all = "2 resolution levels with factor 8 do not fit into 4x4 pixels; ";
        for (levels, most, rest) in [(2, 0, "none fits; use a smaller factor"), (2, 1, "1 fits"), (2, 3, "1 to 3 fit")]
        {
            assert_eq!(told(levels, most), format!("{all}{rest}"));
        }
        assert!(told(1, 0).starts_with("1 resolution level with factor 8 does not fit into"));
    }
}

#[cfg(test)]
mod test_images {
    use ndarray::Array2;
    use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    use rand_distr::{Distribution, StandardNormal};

    /// Unit white noise, the same for the same seed.
    pub fn noise(height: usize, width: usize, seed: u64) -> Array2<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        Array2::from_shape_simple_fn((height, width), || StandardNormal.sample(&mut random))
    }
}
