//! The pane of all tracks, on one time axis with one playhead.

use crate::app::draw::textures::Textures;
use crate::app::pane::contract::{About, Pane, PanePlace};
use crate::app::pane_id::PaneId;
use crate::app::track::stack::tracks_ui;
use crate::app::track::state::TracksState;
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::runtime::Wake;
use crate::session::document::Layout;
use egui::Ui;
use egui_tiles::UiResponse;

const ABOUT: About = About {
    id: PaneId::new("tracks"),
    name: "Tracks",
    about: "All tracks on one time axis, with one zoom and one playhead",
    scrolls: false,
    places: &[
        (Layout::Explore, PanePlace::Below),
        (Layout::Present, PanePlace::Below),
        (Layout::ScheduleLab, PanePlace::Below),
        (Layout::Spectra, PanePlace::Below),
        (Layout::Guidance, PanePlace::Below),
    ],
    dropped: None,
};

/// The tracks.
pub struct TracksPane {
    /// The state of the tracks.
    pub state: TracksState,
}

impl Pane for TracksPane {
    fn about() -> &'static About {
        &ABOUT
    }

    fn new(wake: &Wake) -> Self {
        Self { state: TracksState::new(wake) }
    }

    fn ui(&mut self, ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) -> UiResponse {
        tracks_ui(ui, context, &mut self.state, out);
        UiResponse::None
    }

    fn failure<'a>(&'a self, _: &'a Textures) -> Option<&'a str> {
        self.state.failure()
    }
}
