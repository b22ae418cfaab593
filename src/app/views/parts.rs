//! What the estimate at the playhead is made of, side by side.

use super::stage::Stage;
use crate::app::intent::Intent;
use crate::runtime::Wake;
use egui::Ui;
use egui_tiles::UiResponse;

/// The pane's own state.
pub struct PartsState {}

impl PartsState {
    /// `wake` is called when something that was computed beside is there.
    #[must_use]
    pub fn new(_: Wake) -> Self {
        Self {}
    }
}

/// Draws the pane in the space there is.
pub fn parts_ui(_: &mut Ui, _: &Stage, _: &mut PartsState, _: &mut Vec<Intent>) -> UiResponse {
    UiResponse::None
}
