//! Names of an ensemble and its theory, shared by the window, figures and the command line.

use super::{Agreement, Ensemble, Findings, LEAST_ERRORS, Space};
use crate::session::run_in_words;
use crate::theory::Measure;
use crate::words::count;
use std::path::Path;

/// "1 sample", "24 samples".
#[must_use]
pub fn samples_in_words(samples: usize) -> String {
    count(samples, "sample")
}

impl Ensemble {
    /// Model, sampler, spacing and steps, without the number of samples: "emoji-unet · ddim, trailing, 50 steps".
    #[must_use]
    pub fn run_in_words(&self) -> String {
        run_in_words(&self.origin.settings, &self.origin.resolved, self.run_steps())
    }

    /// "6 levels with factor 2".
    #[must_use]
    pub fn levels_in_words(&self) -> String {
        format!("{} with factor {}", count(self.bands.levels(), "level"), self.bands.factor())
    }

    /// Why there is nothing to compare with theory, if the run has a single step.
    #[must_use]
    pub fn no_change(&self) -> Option<&'static str> {
        (self.steps() < 2).then_some("a run of one step has no change, so there is nothing to compare with theory")
    }

    /// A name that distinguishes it from others: "emoji-unet · ddim, trailing, 50 steps · 24 samples".
    #[must_use]
    pub fn title(&self) -> String {
        let decoded = if self.form.space == Space::Decoded { ", decoded" } else { "" };
        format!("{} · {}{decoded}", self.run_in_words(), samples_in_words(self.samples()))
    }

    /// What its images are, where there are two kinds: "latents, 1 px = 8 px of the image", "decoded images, every 5 steps and the last".
    #[must_use]
    pub fn space_in_words(&self) -> Option<String> {
        match (self.form.space, self.origin.options.decoding) {
            (Space::Decoded, Some(share)) => Some(match share.every {
                0 | 1 => "decoded images, every step".to_owned(),
                every => format!("decoded images, every {} and the last", count(every, "step")),
            }),
            _ => self.pixels_per_latent().map(|pixels| format!("latents, 1 px = {pixels} px of the image")),
        }
    }
}

impl Agreement {
    /// The root mean square with this many decimals, "–" if no step has known shares.
    #[must_use]
    pub fn rms_in_words(&self, decimals: usize) -> String {
        if self.rms.is_finite() { format!("{:.decimals$}", self.rms) } else { "–".to_owned() }
    }
}

impl Findings {
    /// The images that calibrate the theory, in words: "the final images", "128 images of photos". A folder is given by its whole
    /// path if `whole`, else by its name.
    #[must_use]
    pub fn calibrated_on(&self, whole: bool) -> String {
        let Some((data, folder)) = self.data.as_deref().and_then(|data| Some((data, data.folder()?))) else {
            return "the final images".to_owned();
        };
        let name = folder.file_name().filter(|_| !whole).map_or(folder, Path::new);
        format!("{} of {}", count(data.count(), "image"), name.display())
    }

    /// The heading of a figure: the run, the samples, and what theory is calibrated on, if there is theory.
    #[must_use]
    pub fn heading(&self) -> String {
        let title = self.ensemble.title();
        match self.no_theory() {
            Some(_) => title,
            None => format!("{title} · theory calibrated on {}", self.calibrated_on(false)),
        }
    }

    /// The steps excluded from every comparison, because their shares are lost in noise; `None` if there are none.
    #[must_use]
    pub fn left_out_in_words(&self) -> Option<String> {
        let of = |measure: Measure| {
            let tells = self.measured.tells(measure);
            let left_out = tells.iter().filter(|tells| !**tells).count();
            (left_out > 0).then(|| format!("{left_out} of {} in {}", count(tells.len(), "step"), measure.name()))
        };
        let told: Vec<String> = [Measure::Power, Measure::Amplitude].into_iter().filter_map(of).collect();
        (!told.is_empty()).then(|| {
            format!(
                "excluded, because the total gain is within {LEAST_ERRORS} standard errors of zero: {}",
                told.join(", ")
            )
        })
    }

    /// Why the measured shares of another ensemble cannot be drawn over these; `None` if they can.
    #[must_use]
    pub fn other_levels(&self, other: &Self) -> Option<String> {
        let (here, there) = (self.ensemble.bands(), other.ensemble.bands());
        let differ = (here.factor(), here.levels()) != (there.factor(), there.levels());
        differ.then(|| {
            let (here, there) = (self.ensemble.levels_in_words(), other.ensemble.levels_in_words());
            format!("The pinned samples have {there}, these have {here}; their rₘ cannot be compared")
        })
    }

    /// A remark on comparing this with another ensemble: more than the run differs.
    #[must_use]
    pub fn other_than(&self, other: &Self) -> Option<String> {
        let (here, there) = (&self.ensemble.origin.resolved, &other.ensemble.origin.resolved);
        let size = |of: &super::Resolved| format!("{}x{}", of.image.height, of.image.width);
        let mut told = Vec::new();
        if here.model_sha256 != there.model_sha256 {
            let other = if here.model == there.model { "another model of that name" } else { there.model.as_str() };
            told.push(format!("these samples are from {}, the pinned ones from {other}", here.model));
        }
        if here.image != there.image {
            told.push(format!("these images are {}, the pinned ones {}", size(here), size(there)));
        }
        (!told.is_empty()).then(|| format!("The difference is not only in the run: {}.", told.join("; ")))
    }
}
