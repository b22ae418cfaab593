//! The trait of panes: description, place, state and body.

use crate::app::draw::textures::Textures;
use crate::app::intent::Intent;
use crate::app::pane_id::PaneId;
use crate::app::view_context::{ViewContext, ViewOutput};
use crate::runtime::Wake;
use crate::session::document::Layout;
use egui::Ui;
use egui_tiles::UiResponse;
use std::any::Any;
use std::path::PathBuf;

/// A pane. Its fields are its state between frames. It reads the program from the context, and requests changes
/// in the output, including files to save and figures for the clipboard.
pub trait Pane: Any {
    /// Its description.
    fn about() -> &'static About
    where
        Self: Sized;

    /// Its state when the program starts. `wake` asks for a frame when a result from the background is ready.
    fn new(wake: &Wake) -> Self
    where
        Self: Sized;

    /// Draws it in the available space.
    fn ui(&mut self, ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) -> UiResponse;

    /// Why something it shows could not be computed, until the next request.
    fn failure<'a>(&'a self, _textures: &'a Textures) -> Option<&'a str> {
        None
    }
}

/// The description of a pane.
pub struct About {
    /// Its id in preferences and messages.
    pub id: PaneId,
    /// Its name on screen.
    pub name: &'static str,
    /// What it shows, in one sentence.
    pub about: &'static str,
    /// Whether it scrolls, so that a message at its foot covers nothing.
    pub scrolls: bool,
    /// Its layouts, and its place in each.
    pub places: &'static [(Layout, PanePlace)],
    /// What it does with an image file that is dropped onto the window.
    pub dropped: Option<Dropped>,
}

impl About {
    /// Its place in a layout.
    #[must_use]
    pub fn place_in(&self, layout: Layout) -> Option<PanePlace> {
        self.places.iter().find(|(here, _)| *here == layout).map(|(_, place)| *place)
    }
}

/// The place of a pane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PanePlace {
    /// A column of the upper row, with this relative width. The first is the images pane.
    Column(f32),
    /// A tab behind the images pane.
    Behind,
    /// Below the upper row.
    Below,
    /// A panel on the right, with this share of the window's width.
    Panel(f32),
}

/// What a pane does with an image file that is dropped onto the window.
pub struct Dropped {
    /// The layout.
    pub layout: Layout,
    /// What the file is for: "an image to pool".
    pub words: &'static str,
    /// The request.
    pub intent: fn(PathBuf) -> Intent,
}
