//! What steers a run: guidance, classes by resolution and time, sizes beyond the trained one.

use super::panel::panel_ui;
use super::widgets::Head;
use crate::app::intent::Intent;
use crate::app::planned::Planned;
use crate::app::run_view::RunView;
use crate::session::document::Document;
use crate::session::prepare::ModelInfo;
use egui::Ui;
use egui_tiles::UiResponse;
use std::path::PathBuf;

/// The panel's own state.
#[derive(Default)]
pub struct GuidancePanel {
    path: String,
}

impl GuidancePanel {
    /// The path in the field for files.
    #[must_use]
    pub fn typed_path(&self) -> PathBuf {
        self.path.trim().into()
    }
}

/// What the panel needs to know.
pub struct Guidance<'a> {
    /// What the user decides.
    pub document: &'a Document,
    /// The open model.
    pub model: Option<&'a ModelInfo>,
    /// The schedule of the next run.
    pub planned: Option<&'a Planned>,
    /// The run on screen.
    pub run: Option<&'a RunView>,
    /// Position of the playhead, in steps.
    pub position: f64,
}

/// Draws the panel in the space there is.
pub fn guidance_ui(ui: &mut Ui, _: &Guidance, _: &mut GuidancePanel, _: &mut Vec<Intent>) -> UiResponse {
    let head = Head { name: "Guidance", note: "", value: None, about: "What steers the run" };
    panel_ui(ui, &head, |_| {})
}
