//! How the window is started, and how it ended: what the command line hands over and gets back. Neither knows the other.

use crate::runtime::Options;
use crate::session::action::Action;
use crate::session::preferences::{Loaded, Renderer};
use std::path::PathBuf;
use std::time::Instant;

/// Says to a second start which renderer failed in the first, and why.
pub const FAILED_VARIABLE: &str = "CHROMASCOPE_RENDERER_FAILED";
/// How the window is started.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// Of the inference thread.
    pub options: Options,
    /// Preferences as they were found.
    pub loaded: Loaded,
    /// Where preferences are kept; `None` keeps none.
    pub folder: Option<PathBuf>,
    /// What to do to the document before the first run.
    pub first: Vec<Action>,
    /// Words of the program that the user should read.
    pub notices: Vec<String>,
    /// Colour heat maps by the processor even where wgpu draws.
    pub without_shader: bool,
}

/// How the window is opened.
#[derive(Clone, Debug)]
pub struct Window {
    /// What it is started with.
    pub launch: Launch,
    /// What draws it.
    pub renderer: Renderer,
    /// Inner size, points; `None` takes the kept one.
    pub size: Option<(f32, f32)>,
    /// Close after the first presented frame and print how long it took since then.
    pub measure_since: Option<Instant>,
    /// Takes what closes the window, for when the program is asked to end.
    pub when_asked_to_end: fn(Box<dyn Fn() + Send>),
}

/// How the window ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// By its user.
    Well,
    /// It did not open with one renderer; the program is to be started again with the other.
    TryOther {
        /// The other.
        renderer: &'static str,
        /// Which failed, and why.
        failed: String,
    },
}
