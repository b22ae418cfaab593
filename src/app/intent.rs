//! What a view asks for. Views borrow and answer with these; [`App::perform`](super::App) carries them out.

use crate::figure::draw::Format;
use crate::optimise::Options;
use crate::session::action::Action;
use crate::session::document::Track;
use crate::session::playback::Command;
use crate::session::preferences::Theme;
use std::path::PathBuf;

/// Something that was asked of the program.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// Change the document.
    Change(Action),
    /// Several changes for one reason, then a run with them.
    ChangeAndRun(Vec<Action>),
    /// Changes of a drag that is not over, then a live run with them.
    ChangeAndRunLive(Vec<Action>),
    /// A drag has ended, or a field was left: what follows is a change of its own.
    EndGesture,
    /// Move the playhead.
    Playback(Command),
    /// A new run.
    Run,
    /// One step, and wait.
    Step,
    /// Wait after this step.
    Pause,
    /// Go on.
    Resume,
    /// End the run.
    Stop,
    /// Open what lies at a path that was typed.
    OpenPath(String),
    /// Ask for something to open.
    Ask(Ask),
    /// Take another image for pooling.
    OpenImage(ImageChoice),
    /// Take a schedule from a file.
    ImportSchedule(PathBuf),
    /// Write a schedule to a file.
    ExportSchedule(Export),
    /// Fit the schedule to a fine reference, in the background.
    Optimise(Box<Options>),
    /// End that.
    CancelOptimise,
    /// Write a track's figure to a file.
    ExportFigure(Track, Format),
    /// The same below images of the run, on a common axis.
    ExportWithFilm(Track, Format),
    /// Take the last change back.
    Undo,
    /// Make it again.
    Redo,
    /// Light or dark.
    SetTheme(Theme),
    /// The tiles as they were at first.
    ResetTiles,
    /// Show or hide the list of keys.
    ToggleKeys,
    /// A failure was read.
    Dismiss(usize),
    /// A word of the program was read.
    DismissNotice(usize),
    /// Fetch ONNX Runtime.
    Fetch,
    /// Stop fetching it.
    CancelFetch,
}

/// What a dialog of the system is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// An `.onnx` file.
    File,
    /// A folder with a model.
    Folder,
    /// A folder of images.
    Images,
    /// A `scheduler_config.json` for the model that lacks one.
    SchedulerConfig,
    /// A schedule for the run.
    Schedule,
    /// An image to be pooled.
    Image,
}

/// The image that is pooled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageChoice {
    /// One of those that come with the program, by its place among them.
    Bundled(usize),
    /// What the run on screen ended with.
    Run,
    /// A file.
    File(PathBuf),
}

/// A file that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// The ending of its name.
    pub ending: &'static str,
    /// Where to; `None` asks.
    pub path: Option<PathBuf>,
}
