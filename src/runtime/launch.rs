//! How the window is started and how it ended: the data between the command line and the window, which do not know each other.

use crate::runtime::Options;
use crate::session::action::Action;
use crate::session::preferences::{Loaded, Renderer};
use std::path::PathBuf;
use std::time::Instant;

/// Tells a second start which renderer failed in the first, and why.
pub const FAILED_VARIABLE: &str = "CHROMASCOPE_RENDERER_FAILED";
/// How the window is started.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// Options of the inference thread.
    pub options: Options,
    /// Preferences as found on disk.
    pub loaded: Loaded,
    /// Where preferences are saved; `None` saves none.
    pub folder: Option<PathBuf>,
    /// Applied to the document before the first run.
    pub first: Vec<Action>,
    /// Messages that the user should read.
    pub notices: Vec<String>,
    /// Colour heat maps on the CPU even if wgpu draws.
    pub without_shader: bool,
}

/// How the window is opened.
#[derive(Clone, Debug)]
pub struct WindowLaunch {
    /// The content that it starts with.
    pub launch: Launch,
    /// Its renderer.
    pub renderer: Renderer,
    /// Inner size, points; `None` takes the saved one.
    pub size: Option<(f32, f32)>,
    /// Close after the first presented frame and print the time since then.
    pub measure_since: Option<Instant>,
    /// Receives a function that closes the window, for when the program is asked to end.
    pub when_asked_to_end: fn(Box<dyn Fn() + Send>),
}

/// How the window ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The user closed it.
    Well,
    /// It did not open with one renderer; start the program again with the other.
    TryOther {
        /// The other.
        renderer: &'static str,
        /// Which one failed, and why.
        failed: String,
    },
}
