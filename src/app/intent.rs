//! What a view asks for. Views borrow and answer with these; [`App::perform`](crate::app::App) carries them out.

use crate::app::board::{Message, MessageId};
use crate::app::figure_sheet::FigureSheet;
use crate::app::saving::Save;
use crate::optimise::Options;
use crate::session::action::Action;
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
    /// The same run without what steers it, to be shown beside it.
    RunPlainBeside,
    /// Keep the run on screen beside those that come.
    KeepBeside,
    /// Show one run again.
    DropBeside,
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
    /// Take an image file as the inspector's reference.
    OpenReference(PathBuf),
    /// Take a schedule from a file.
    ImportSchedule(PathBuf),
    /// Ask where to save something, and save it.
    Save(Box<Save>),
    /// Write what is asked about to this place, over what is there only where that was said.
    WriteSave {
        /// Where to.
        path: PathBuf,
        /// Whether what is there may be replaced.
        replace: bool,
    },
    /// Choose the place in the system's own dialog.
    BrowseSave,
    /// Save nothing.
    CloseSave,
    /// What becomes of what is unsaved when the window closes.
    CloseWindow(CloseChoice),
    /// Say something in its place.
    Say(Message),
    /// Fit the schedule to a fine reference, in the background.
    Optimise(Box<Options>),
    /// End that.
    CancelOptimise,
    /// Something about ensembles.
    Measure(MeasureWish),
    /// A figure to the clipboard, as an image.
    CopyFigure(FigureSheet),
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
    /// A message was read.
    DismissMessage(MessageId),
    /// Fetch ONNX Runtime.
    Fetch,
    /// Stop fetching it.
    CancelFetch,
}

/// What becomes of what was measured and is in no file when the window closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseChoice {
    /// It is saved first.
    Save,
    /// It is lost.
    Discard,
    /// The window stays open.
    Stay,
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
    /// An image to compare with.
    Reference,
    /// A measured ensemble.
    Ensemble(EnsembleUse),
    /// A folder of images to calibrate theory on.
    Data,
    /// A `.npy` file of embeddings.
    HiddenStates,
}

/// What an ensemble from a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnsembleUse {
    /// To be looked at, and gone on with.
    Show,
    /// To lie beside the one that is looked at.
    Compare,
}

/// What is to be done about ensembles.
#[derive(Clone, Debug, PartialEq)]
pub enum MeasureWish {
    /// Measure so many samples of the run as it is set.
    Begin(usize),
    /// So many more of the same.
    Add(usize),
    /// Wait, or go on.
    Pause(bool),
    /// End it; whole samples stand.
    Cancel,
    /// Write it to a place that is asked for.
    Save,
    /// Read one.
    Open(PathBuf, EnsembleUse),
    /// Lay the one that is known beside the next.
    Keep,
    /// Lay nothing beside any more.
    DropCompared,
    /// Calibrate theory on a folder's images, or on the final images.
    SetData(Option<PathBuf>),
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
