//! What a pane is: what it says of itself, where it stands, its own state and its body.

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

/// A pane. What it keeps between frames are its own fields; all that it reads of the program is in the context, and all that
/// it changes of it in the output: files to be saved and figures for the clipboard are asked for there.
pub trait Pane: Any {
    /// What it says of itself.
    fn about() -> &'static About
    where
        Self: Sized;

    /// Its state when the program starts. `wake` asks for a frame when something that was computed beside is there.
    fn new(wake: &Wake) -> Self
    where
        Self: Sized;

    /// Draws it in the space there is.
    fn ui(&mut self, ui: &mut Ui, context: &ViewContext, out: &mut ViewOutput) -> UiResponse;

    /// Why something that it shows could not be computed. This ends with the next question.
    fn failure<'a>(&'a self, _textures: &'a Textures) -> Option<&'a str> {
        None
    }
}

/// What a pane says of itself.
pub struct About {
    /// Names it in what is kept and said.
    pub id: PaneId,
    /// Its name on screen.
    pub name: &'static str,
    /// What it shows, in one sentence.
    pub about: &'static str,
    /// Whether it scrolls, so that a message at its foot covers nothing.
    pub scrolls: bool,
    /// The layouts in which it stands, and where.
    pub places: &'static [(Layout, Place)],
    /// What it makes of an image file that is dropped onto the window.
    pub dropped: Option<Dropped>,
}

impl About {
    /// Where it stands in a layout.
    #[must_use]
    pub fn place_in(&self, layout: Layout) -> Option<Place> {
        self.places.iter().find(|(here, _)| *here == layout).map(|(_, place)| *place)
    }
}

/// Where a pane stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// A column of the stage, as wide in proportion to the others. The first is the images.
    Column(f32),
    /// A tab behind the images.
    Behind,
    /// Below the stage.
    Below,
    /// A panel beside stage and tracks, with this share of the window's width.
    Panel(f32),
}

/// What a pane makes of an image file that is dropped onto the window.
pub struct Dropped {
    /// In which layout.
    pub layout: Layout,
    /// What the file is for: "an image to pool".
    pub words: &'static str,
    /// What is asked for.
    pub intent: fn(PathBuf) -> Intent,
}
