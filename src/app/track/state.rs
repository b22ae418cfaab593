//! The state of the tracks, and their places in this frame.

use crate::app::track::{TrackView, all};
use crate::figure::TimeZoom;
use crate::runtime::Wake;
use crate::session::document::{Track, TrackChoice};
use egui::{Pos2, Rect};

/// The tracks' own state.
pub struct TracksState {
    /// The stretch of the axis that is shown.
    pub zoom: TimeZoom,
    /// x of the shared axis under the pointer.
    pub(super) hovered: Option<f64>,
    /// Where the pointer is.
    pub(super) pointer: Option<Pos2>,
    /// All tracks; the document tells which are shown, and in which order.
    tracks: Vec<Box<dyn TrackView>>,
}

impl TracksState {
    /// `wake` is called when a result from the background is ready.
    #[must_use]
    pub fn new(wake: &Wake) -> Self {
        Self { zoom: TimeZoom::default(), hovered: None, pointer: None, tracks: all(wake) }
    }

    /// Why something a track shows could not be computed.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.tracks.iter().find_map(|track| track.failure())
    }

    pub(super) fn track_mut(&mut self, key: Track) -> Option<&mut dyn TrackView> {
        let found = self.tracks.iter_mut().find(|track| track.key() == key)?;
        Some(&mut **found)
    }
}

/// The tracks that are shown, and where they stand.
pub(super) struct Stacked<'a> {
    pub shown: &'a [TrackChoice],
    pub places: &'a [Rect],
    /// What the plots have in common.
    pub whole: Rect,
}
