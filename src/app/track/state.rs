//! The state of the tracks, and their positions in this frame.

use crate::app::track::{TrackView, all};
use crate::figure::TimeZoom;
use crate::runtime::Wake;
use crate::session::document::{Track, TrackChoice};
use egui::{Pos2, Rect};

/// The tracks' own state.
pub struct TracksState {
    /// The visible part of the axis.
    pub zoom: TimeZoom,
    /// x of the shared axis under the pointer.
    pub(super) hovered: Option<f64>,
    /// Position of the pointer.
    pub(super) pointer: Option<Pos2>,
    /// All tracks; the document has their order and which are shown.
    tracks: Vec<Box<dyn TrackView>>,
}

impl TracksState {
    /// `wake` is called when a result from the background is ready.
    #[must_use]
    pub fn new(wake: &Wake) -> Self {
        Self { zoom: TimeZoom::default(), hovered: None, pointer: None, tracks: all(wake) }
    }

    /// Why a track's contents could not be computed.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.tracks.iter().find_map(|track| track.failure())
    }

    pub(super) fn track_mut(&mut self, key: Track) -> Option<&mut dyn TrackView> {
        let found = self.tracks.iter_mut().find(|track| track.key() == key)?;
        Some(&mut **found)
    }
}

/// The visible tracks with their positions.
pub(super) struct Stacked<'a> {
    pub shown: &'a [TrackChoice],
    pub places: &'a [Rect],
    /// The state that all plots share.
    pub whole: Rect,
}
