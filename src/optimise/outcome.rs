use crate::schedule::Drawn;
use crate::spectrum::{BandPlan, Fit, Rapsd, SpectrumError};
use crate::theory::default_levels;
use crate::words::count;
use ndarray::{Array4, ArrayView3, Axis};
use serde::Serialize;

/// Data units from one 8-bit level to the next, where images lie in [−1, 1].
const EIGHT_BIT: f64 = 127.5;

/// Why the fit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// No direction promises anything more.
    Converged,
    /// All evaluations are made.
    Evaluations,
    /// The time is over.
    Time,
    /// It was told to stop. What there is then was not measured on other seeds.
    Cancelled,
}

/// What came of an optimisation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The best curve found; the start where nothing was better.
    pub best: Drawn,
    /// Why the fit ended.
    pub ended: Ended,
    /// Runs made for the fit.
    pub evaluations: usize,
    /// Wall time of the whole, seconds.
    pub seconds: f64,
    /// What the fit was made on; `None` where it was stopped before its first run.
    pub fitted: Option<Fitted>,
    /// Before and after, on other seeds; `None` where it was stopped, or no seeds were to be measured.
    pub comparison: Option<Comparison>,
}

/// The fit's own error, which flatters it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fitted {
    /// Seeds of the images it was made on; none where the objective is a closed form.
    pub seeds: Vec<u64>,
    /// RMSE of the curve it started from, data units.
    pub start: f64,
    /// RMSE of the best, data units.
    pub best: f64,
}

/// The schedule there was and the best found, against the reference, on seeds that the fit has not seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Seeds of the images.
    pub seeds: Vec<u64>,
    /// Radial frequency of each ring of the spectra, cycles/pixel.
    pub frequency: Vec<f64>,
    /// The schedule there was.
    pub before: Measured,
    /// The best found.
    pub after: Measured,
}

/// How far the ends of runs lie from those of the reference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Root mean square over all images, channels and pixels, data units.
    pub rmse: f64,
    /// The same in 8-bit levels, 127.5 to a data unit, which is what images in [−1, 1] have.
    pub rmse_8bit: f64,
    /// RMSE within each resolution level, finest first, and last within the rest band; their squares sum to the whole's
    /// (where the image's side is a multiple of the coarsest block).
    pub by_level: Vec<f64>,
    /// Power spectral density of the error, one value a ring, data units squared.
    pub error_psd: Vec<f64>,
    /// Power spectral density of the images over that of the reference's, one value a ring; 1 is right.
    pub psd_ratio: Vec<f64>,
}

impl Measured {
    /// RMS over the rings of how far the images' spectrum is off the reference's, dB.
    #[must_use]
    pub fn spectrum_db(&self) -> f64 {
        let off = self.psd_ratio.iter().map(|ratio| 10.0 * ratio.log10()).filter(|db| db.is_finite());
        let (sum, rings) = off.fold((0.0, 0.0), |(sum, rings), db| (sum + db * db, rings + 1.0));
        (sum / f64::max(rings, 1.0)).sqrt()
    }
}

impl Comparison {
    /// RMSE after over RMSE before: below 1 is better.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.after.rmse / self.before.rmse
    }
}

impl Outcome {
    /// On how many seeds it was fitted and measured, and what that gave.
    #[must_use]
    pub fn sentence(&self) -> String {
        let runs = count(self.evaluations, "run");
        let fitted = match &self.fitted {
            None => return "Stopped before the first run; this is the starting schedule.".into(),
            Some(fitted) if fitted.seeds.is_empty() => format!("Fitted in closed form in {runs}"),
            Some(fitted) => format!("Fitted on {} in {runs}", count(fitted.seeds.len(), "seed")),
        };
        match &self.comparison {
            None => format!("{fitted}; not tested on other seeds."),
            Some(measured) => format!(
                "{fitted}; tested on {}: RMSE {} {:.5} to {:.5}.",
                count(measured.seeds.len(), "other seed"),
                if measured.ratio() < 1.0 { "falls from" } else { "does not fall, from" },
                measured.before.rmse,
                measured.after.rmse
            ),
        }
    }
}

/// RMS difference of two batches, data units.
pub(super) fn rmse(a: &Array4<f64>, b: &Array4<f64>) -> f64 {
    (a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / a.len() as f64).sqrt()
}

/// What measures ends of runs, `[B, C, H, W]`, against the reference's.
pub(super) struct Ruler {
    bands: BandPlan,
    rapsd: Rapsd,
}

impl Ruler {
    pub(super) fn new(height: usize, width: usize) -> Result<Self, SpectrumError> {
        let bands = BandPlan::new(height, width, 2, default_levels(2, height, width), Fit::Pad)?;
        Ok(Self { bands, rapsd: Rapsd::new(height, width)? })
    }

    pub(super) fn frequency(&self) -> Vec<f64> {
        self.rapsd.rings().frequency().to_vec()
    }

    pub(super) fn measure(&mut self, ends: &Array4<f64>, reference: &Array4<f64>) -> Result<Measured, SpectrumError> {
        let error = ends - reference;
        let rmse = rmse(ends, reference);
        let psd = [self.mean_psd(ends)?, self.mean_psd(reference)?];
        Ok(Measured {
            rmse,
            rmse_8bit: rmse * EIGHT_BIT,
            by_level: self.bands.mean_energies(error.view())?.into_iter().map(f64::sqrt).collect(),
            error_psd: self.mean_psd(&error)?,
            psd_ratio: psd[0].iter().zip(&psd[1]).map(|(got, wanted)| got / wanted).collect(),
        })
    }

    fn mean_psd(&mut self, images: &Array4<f64>) -> Result<Vec<f64>, SpectrumError> {
        let mut mean = vec![0.0; self.rapsd.rings().len()];
        let share = (images.len_of(Axis(0)) as f64).recip();
        for image in images.axis_iter(Axis(0)) {
            let image: ArrayView3<f64> = image;
            for (mean, value) in mean.iter_mut().zip(self.rapsd.sample(image)?) {
                *mean += share * value;
            }
        }
        Ok(mean)
    }
}
