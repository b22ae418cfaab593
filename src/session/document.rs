//! The user's settings in one versioned document: those of the run and those of the view.
//!
//! Every change is an [`Action`](super::action::Action), applied without a window by [`apply`](super::action::apply);
//! [`History`](super::history::History) undoes it.

pub use super::choices::{AdjustedView, AxisReading, Layout, LevelReading, Measure, Stacking, TheoremView};
pub use super::colour_map::ColourMap;
pub use super::tracks::Track;
pub use super::view_space::ViewSpace;

use super::heat_map::HeatMapChoices;
use super::levels::LevelSet;
use super::parts::PartsChoices;
use super::settings::{ModelSource, RunSettings};
use super::spectrum_choices::SpectrumChoices;
use crate::schedule::PlanSource;
use crate::theory::Calibration;
use serde::{Deserialize, Serialize};

/// Version of the document's format.
pub const DOCUMENT_VERSION: u32 = 1;
/// Least and greatest height of a track, points.
pub const TRACK_HEIGHTS: (f32, f32) = (48.0, 1200.0);

/// Most models whose settings are remembered.
pub const MOST_REMEMBERED: usize = 10;
/// Smallest and largest factor between resolution levels.
pub const FACTORS: (usize, usize) = (2, 4);
/// Most resolution levels to show.
pub const MOST_LEVELS: usize = 8;

/// The user's settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// [`DOCUMENT_VERSION`].
    pub version: u32,
    /// Settings of the next run.
    pub run: RunSettings,
    /// Settings of the view.
    #[serde(default)]
    pub view: ViewChoices,
    /// Saved schedules, in the order they were saved.
    #[serde(default)]
    pub schedules: Vec<SavedSchedule>,
    /// Name of the saved schedule that is drawn over the run's.
    #[serde(default)]
    pub overlay: Option<String>,
    /// The last settings of other models, the latest first, at most [`MOST_REMEMBERED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remembered: Vec<RunSettings>,
}

/// A saved schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedSchedule {
    /// Its unique name.
    pub name: String,
    /// The levels that a run visits.
    pub source: PlanSource,
    /// Number of steps when it was saved.
    pub steps: usize,
}

impl Default for Document {
    fn default() -> Self {
        Self {
            version: DOCUMENT_VERSION,
            run: RunSettings::new(ModelSource::Model("emoji-unet".into())),
            view: ViewChoices::default(),
            schedules: Vec::new(),
            overlay: None,
            remembered: Vec::new(),
        }
    }
}

impl Document {
    /// The saved schedule that is drawn over the run's.
    #[must_use]
    pub fn overlaid(&self) -> Option<&SavedSchedule> {
        let name = self.overlay.as_ref()?;
        self.schedules.iter().find(|kept| kept.name == *name)
    }
}

/// Settings of the view. Fields missing in a file have their defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_excessive_bools)] // each is a switch of its own
pub struct ViewChoices {
    /// The layout of panes and tracks.
    pub layout: Layout,
    /// The unit of the time axis.
    pub axis: AxisReading,
    /// What the chromatogram plots.
    pub measure: Measure,
    /// What the theory beside measurements knows about the data.
    pub theory: Calibration,
    /// Whether its levels are lines or stacked.
    pub stacking: Stacking,
    /// n, between neighbouring resolution levels: 2, 3 or 4.
    pub factor: usize,
    /// Number of resolution levels, up to 8; `None` is as many as the image allows.
    pub levels: Option<usize>,
    /// The unit of the schedule plot.
    pub level_reading: LevelReading,
    /// What the track of adjusted times plots.
    pub adjusted: AdjustedView,
    /// How two schedules are compared.
    pub theorem: TheoremView,
    /// Settings of the spectra at a step.
    pub spectrum: SpectrumChoices,
    /// Whether control points snap to steps and round values.
    pub snap: bool,
    /// Whether a changed schedule runs at once.
    pub live: bool,
    /// The tracks, top to bottom, each exactly once.
    pub tracks: Vec<TrackChoice>,
    /// What the heat map of spectra plots.
    pub heat_map: HeatMapChoices,
    /// What is shown of an estimate's parts by level.
    pub parts: PartsChoices,
    /// Colours of heat maps.
    pub colour_map: ColourMap,
    /// How latents are looked at.
    pub space: ViewSpace,
    /// The channel of latents that is shown; `None` is all of them as a grid.
    pub latent_channel: Option<usize>,
    /// The values shown as black and white.
    pub range: ValueRange,
    /// Whether one image pixel is a whole number of screen pixels.
    pub true_pixels: bool,
    /// The sample shown.
    pub sample: usize,
    /// Whether all images of the batch are shown.
    pub batch_grid: bool,
    /// Isolated levels. Not kept between starts.
    #[serde(skip)]
    pub isolated: LevelSet,
}

impl Default for ViewChoices {
    fn default() -> Self {
        Self {
            layout: Layout::default(),
            axis: AxisReading::default(),
            measure: Measure::default(),
            theory: Calibration::Calibrated,
            stacking: Stacking::default(),
            factor: 2,
            levels: None,
            level_reading: LevelReading::default(),
            adjusted: AdjustedView::default(),
            theorem: TheoremView::default(),
            spectrum: SpectrumChoices::default(),
            snap: false,
            live: true,
            tracks: Track::ALL.map(TrackChoice::new).to_vec(),
            heat_map: HeatMapChoices::default(),
            parts: PartsChoices::default(),
            colour_map: ColourMap::default(),
            space: ViewSpace::default(),
            latent_channel: None,
            range: ValueRange::default(),
            true_pixels: false,
            sample: 0,
            batch_grid: false,
            isolated: LevelSet::WHOLE,
        }
    }
}

/// How one track is shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrackChoice {
    /// The track.
    pub track: Track,
    /// Whether it is shown.
    pub shown: bool,
    /// Whether it is folded.
    pub folded: bool,
    /// Height when not folded, points.
    pub height: f32,
}

impl TrackChoice {
    /// The track with its defaults.
    #[must_use]
    pub const fn new(track: Track) -> Self {
        Self { track, shown: track.shown_at_first(), folded: false, height: track.default_height() }
    }
}

/// The values shown as black and white.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueRange {
    /// −1 to 1, the range of images.
    #[default]
    Image,
    /// The smallest and largest value of each image.
    Auto,
    /// This range.
    Fixed {
        /// Black.
        low: f32,
        /// White.
        high: f32,
    },
}

impl ViewChoices {
    /// The settings of a track.
    #[must_use]
    pub fn track(&self, track: Track) -> TrackChoice {
        self.tracks.iter().find(|choice| choice.track == track).copied().unwrap_or(TrackChoice::new(track))
    }

    pub(super) fn track_mut(&mut self, track: Track) -> &mut TrackChoice {
        let at = self.tracks.iter().position(|choice| choice.track == track).unwrap_or_else(|| {
            self.tracks.push(TrackChoice::new(track));
            self.tracks.len() - 1
        });
        &mut self.tracks[at]
    }

    /// The same with every track exactly once and valid heights.
    fn mended(mut self) -> Self {
        let mut tracks: Vec<TrackChoice> = Vec::with_capacity(Track::ALL.len());
        for mut choice in self.tracks.drain(..).chain(Track::ALL.map(TrackChoice::new)) {
            if tracks.iter().all(|there| there.track != choice.track) {
                let height = Some(choice.height).filter(|height| height.is_finite());
                let height = height.unwrap_or(choice.track.default_height());
                choice.height = height.clamp(TRACK_HEIGHTS.0, TRACK_HEIGHTS.1);
                tracks.push(choice);
            }
        }
        let factor = self.factor.clamp(FACTORS.0, FACTORS.1);
        let spectrum = self.spectrum.mended(&SpectrumChoices::default());
        let levels = self.levels.map(|levels| levels.clamp(1, MOST_LEVELS));
        let parts = self.parts.mended();
        Self { tracks, factor, levels, spectrum, parts, heat_map: self.heat_map.mended(), ..self }
    }
}

/// Why a document cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It was made by a later version.
    #[error("it has version {found}, but this Chromascope reads up to {DOCUMENT_VERSION}; use a newer Chromascope")]
    Version {
        /// Its version.
        found: u64,
    },
    /// It is not a document.
    #[error("it is not a Chromascope document ({0})")]
    Malformed(#[from] serde_json::Error),
}

impl Document {
    /// The document in JSON.
    pub fn to_json(&self) -> Result<String, DocumentError> {
        Ok(serde_json::to_string_pretty(self)?)
    }

    /// Reads [`to_json`](Self::to_json)'s text.
    pub fn from_json(text: &[u8]) -> Result<Self, DocumentError> {
        Self::from_value(serde_json::from_slice(text)?)
    }

    /// Reads a document that is part of a larger file.
    pub fn from_value(value: serde_json::Value) -> Result<Self, DocumentError> {
        if let Some(found) = value.get("version").and_then(serde_json::Value::as_u64)
            && found > u64::from(DOCUMENT_VERSION)
        {
            return Err(DocumentError::Version { found });
        }
        let document: Self = serde_json::from_value(value)?;
        Ok(Self { view: document.view.mended(), ..document })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_comes_back_as_it_was() {
        let mut document = Document::default();
        document.view.range = ValueRange::Fixed { low: -2.0, high: 0.5 };
        document.view.axis = AxisReading::LogSnr;
        document.view.space = ViewSpace::Latents;
        document.view.latent_channel = Some(3);
        let text = document.to_json().unwrap();
        assert_eq!(Document::from_json(text.as_bytes()).unwrap(), document);
    }

    #[test]
    fn tracks_are_mended_and_strangers_refused() {
        let mut document = Document::default();
        let chromatogram = TrackChoice { height: 1.0, shown: false, ..TrackChoice::new(Track::Chromatogram) };
        document.view.tracks = vec![chromatogram, TrackChoice::new(Track::Chromatogram)];
        let read = Document::from_json(document.to_json().unwrap().as_bytes()).unwrap();
        let order: Vec<Track> = read.view.tracks.iter().map(|choice| choice.track).collect();
        assert_eq!(order[..3], [Track::Chromatogram, Track::FilmStrip, Track::Schedule]);
        assert_eq!(order.len(), Track::ALL.len());
        assert_eq!((read.view.tracks[0].height, read.view.tracks[0].shown), (TRACK_HEIGHTS.0, false));
        let later = document.to_json().unwrap().replacen("\"version\": 1", "\"version\": 2", 1);
        assert!(matches!(Document::from_json(later.as_bytes()), Err(DocumentError::Version { found: 2 })));
        assert!(matches!(Document::from_json(b"{}"), Err(DocumentError::Malformed(_))));
    }
}
