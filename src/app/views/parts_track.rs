//! The track of an estimate's parts by resolution and step.

use super::heat_track::HeatPlace;
use super::tracks::Tracks;
use crate::app::intent::Intent;
use crate::app::textures::Textures;
use egui::{Rect, Ui};

/// The track's own state.
#[derive(Default)]
pub struct PartsTrack {}

pub(super) fn parts_head_ui(_: &mut Ui, _: Rect, _: &Tracks, _: &mut Vec<Intent>) {}

pub(super) fn parts_track_ui(
    _: &mut Ui,
    _: &HeatPlace,
    _: &Tracks,
    _: &mut PartsTrack,
    _: (&mut Textures, &mut Vec<Intent>),
) {
}
