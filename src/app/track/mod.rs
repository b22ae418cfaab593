//! The tracks, one module each behind one trait, and the stack that holds them on one axis without knowing any.
//!
//! Another track is a row in `session/tracks.rs`, a module here, and a line in [`all`].

mod adjusted;
mod axis;
pub(in crate::app) mod chromatogram;
mod elution;
mod figures;
mod film;
mod guidance;
mod head;
mod head_space;
mod heat;
mod menu;
mod next_run;
mod parts;
mod place;
mod saved;
pub mod schedule;
mod shared;
mod spectrum;
pub mod stack;
pub mod state;
mod theorem;

use crate::app::view_context::{ViewContext, ViewOutput};
use crate::app::words;
use crate::figure::TimeZoom;
use crate::figure::draw::{Content, Panel};
use crate::runtime::Wake;
use crate::session::document::Track;
use egui::Ui;
use head_space::HeadSpace;
use place::{PlotPoint, TrackPlace};
use std::sync::Arc;

/// All tracks. `wake` is called when a result from the background is ready.
fn all(wake: &Wake) -> Vec<Box<dyn TrackView>> {
    vec![
        Box::new(film::FilmTrack),
        Box::new(schedule::ScheduleTrack::default()),
        Box::new(chromatogram::ChromatogramTrack::default()),
        Box::new(spectrum::SpectrumTrack::main(Arc::clone(wake))),
        Box::new(spectrum::SpectrumTrack::beside(Arc::clone(wake))),
        Box::new(guidance::GuidanceTrack::default()),
        Box::new(parts::PartsTrack::new(Arc::clone(wake))),
        Box::new(elution::ElutionTrack::default()),
        Box::new(adjusted::AdjustedTrack::default()),
        Box::new(theorem::TheoremTrack::default()),
    ]
}

/// Draws figures outside a frame.
type Panels = Box<dyn Fn() -> Vec<Panel> + Send + Sync>;

/// The source of a track's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// Noise levels, which the axis has.
    Levels,
    /// The run on screen.
    Run,
    /// The measured samples, or theory's prediction for them.
    Samples,
}

/// A track: its contents over the shared axis, and its state.
///
/// Its name, height and layouts are in its row in `session/tracks.rs`. The stack draws its frame: the first line of its
/// head, its place, its menus, and how it is saved.
trait TrackView {
    /// Its key.
    fn key(&self) -> Track;

    /// A description and its controls, in a sentence or two without the last full stop.
    fn about(&self) -> &'static str;

    /// The part of its head below its name.
    fn head_ui(&mut self, _ui: &mut Ui, _head: &HeadSpace, _context: &ViewContext, _out: &mut ViewOutput) {}

    /// Entries of its menu besides the common ones: a low track has no space for all of its head.
    fn menu_ui(&mut self, _ui: &mut Ui, _context: &ViewContext, _out: &mut ViewOutput) {}

    /// Its plot, and its legend to the right of it.
    fn body_ui(&mut self, ui: &mut Ui, place: &TrackPlace, context: &ViewContext, out: &mut ViewOutput);

    /// Entries of its plot's context menu besides the common ones.
    fn point_menu_ui(&mut self, _ui: &mut Ui, _point: &PlotPoint, _context: &ViewContext, _out: &mut ViewOutput) {}

    /// Its values at a position, one line each: a name, a tab, a number.
    fn values_at(&self, point: &PlotPoint) -> Vec<String>;

    /// The figure on screen, for a file.
    fn content(&self) -> Option<Content>;

    /// The same for a sheet, made in any thread.
    fn panels(&self, _context: &ViewContext, _zoom: TimeZoom) -> Option<Panels> {
        let (name, content) = (self.key().name(), self.content()?);
        Some(Box::new(move || vec![Panel::new(name, content.clone())]))
    }

    /// The name of its copy entry in the menu of its plot.
    fn copy_words(&self) -> &'static str {
        words::tracks::COPY_IMAGE
    }

    /// Whether it is a plot, with values that can be read and a figure that can be saved below the film strip.
    fn is_plot(&self) -> bool {
        true
    }

    /// The source of its data.
    fn whose(&self, _context: &ViewContext) -> Whose {
        Whose::Levels
    }

    /// Whether it has pixels, and those of the run's own values: of a run on latents, those of latents.
    fn has_own_pixels(&self, _context: &ViewContext) -> bool {
        false
    }

    /// What its pixels are, if those are of latents.
    fn pixels_in_words(&self, context: &ViewContext) -> Option<String> {
        let pixels = context.latent_pixels().filter(|_| self.has_own_pixels(context))?;
        Some(words::tracks::pixels_of_latents(pixels))
    }

    /// Why its contents could not be computed.
    fn failure(&self) -> Option<&str> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_track_has_one_module() {
        let keys: Vec<Track> = all(&(Arc::new(|| {}) as Wake)).iter().map(|track| track.key()).collect();
        for track in Track::ALL {
            assert_eq!(keys.iter().filter(|key| **key == track).count(), 1, "{}", track.name());
        }
    }
}
