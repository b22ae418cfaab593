//! The track of the guidance scale, drawn over the run.

use super::heat_track::HeatPlace;
use super::tracks::Tracks;
use crate::app::intent::Intent;
use egui::{Rect, Ui};

/// The track's own state.
#[derive(Default)]
pub struct GuidanceTrack {}

pub(super) fn guidance_head_ui(_: &mut Ui, _: Rect, _: &Tracks, _: &mut Vec<Intent>) {}

pub(super) fn guidance_track_ui(_: &mut Ui, _: &HeatPlace, _: &Tracks, _: &mut GuidanceTrack, _: &mut Vec<Intent>) {}
