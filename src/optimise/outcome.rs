use crate::schedule::Drawn;
use crate::spectrum::{BandPlan, Fit, Rapsd, SpectrumError};
use crate::theory::default_levels;
use crate::words::count;
use ndarray::{Array4, ArrayView3, Axis};
use serde::Serialize;

/// Data units per 8-bit level, for images in [−1, 1].
const EIGHT_BIT: f64 = 127.5;

/// Why the fit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FitEnd {
    /// It converged.
    Converged,
    /// The evaluations are used up.
    Evaluations,
    /// The time limit was reached.
    Time,
    /// It was stopped. The result was not measured on other seeds.
    Cancelled,
}

/// The result of an optimisation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The best curve found; the start if nothing was better.
    pub best: Drawn,
    /// Why the fit ended.
    pub ended: FitEnd,
    /// Runs made for the fit.
    pub evaluations: usize,
    /// Wall time in all, seconds.
    pub seconds: f64,
    /// The data of the fit; `None` if it was stopped before its first run.
    pub fitted: Option<Fitted>,
    /// Before and after, on other seeds; `None` if it was stopped or no measurement was requested.
    pub comparison: Option<Comparison>,
}

/// The fit's own error, which is optimistic.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fitted {
    /// Seeds of the images it was made on; empty if the objective is a closed form.
    pub seeds: Vec<u64>,
    /// RMSE of the start, data units.
    pub start: f64,
    /// RMSE of the best curve, data units.
    pub best: f64,
}

/// The present schedule and the best curve, compared with the reference on seeds that the fit did not use.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Seeds of the images.
    pub seeds: Vec<u64>,
    /// Radial frequency of each ring of the spectra, cycles/pixel.
    pub frequency: Vec<f64>,
    /// The present schedule.
    pub before: EndErrors,
    /// The best curve found.
    pub after: EndErrors,
}

/// The difference between the final images of runs and those of the reference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EndErrors {
    /// Root mean square over all images, channels and pixels, data units.
    pub rmse: f64,
    /// The same in 8-bit levels, 127.5 per data unit, for images in [−1, 1].
    pub rmse_8bit: f64,
    /// RMSE within each resolution level, finest first, and last within the rest band; their squares sum to the whole's
    /// (where the image's side is a multiple of the coarsest block).
    pub by_level: Vec<f64>,
    /// Power spectral density of the error, one value per ring, data units squared.
    pub error_psd: Vec<f64>,
    /// Power spectral density of the images over that of the reference, one value per ring; 1 is perfect.
    pub psd_ratio: Vec<f64>,
}

impl EndErrors {
    /// RMS over the rings of the spectrum's deviation from the reference, dB.
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

/// The lines of a table of what was found: the same quantity before and after.
pub mod rows {
    /// RMSE on the seeds of the fit.
    pub const FIT: &str = "RMSE on the fit seeds";
    /// RMSE on other seeds, and what follows is of them too.
    pub const TEST: &str = "RMSE on the test seeds";
    /// The same as 8-bit images have it.
    pub const EIGHT_BIT: &str = "  in 8-bit levels";
    /// RMSE within the rest band.
    pub const REST: &str = "  rest";
    /// How far the spectrum is off.
    pub const SPECTRUM: &str = "spectrum error, dB";

    /// RMSE within a resolution level.
    #[must_use]
    pub fn level(level: usize) -> String {
        format!("  level {level}")
    }
}

impl Outcome {
    /// A sentence on the seeds of fit and measurement, and their results.
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

/// Compares final images, `[B, C, H, W]`, with those of the reference.
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

    pub(super) fn measure(&mut self, ends: &Array4<f64>, reference: &Array4<f64>) -> Result<EndErrors, SpectrumError> {
        let error = ends - reference;
        let rmse = rmse(ends, reference);
        let psd = [self.mean_psd(ends)?, self.mean_psd(reference)?];
        Ok(EndErrors {
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
