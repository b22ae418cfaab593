//! Requests of views. Views only read, and return intents; [`App::perform`](crate::app::App) executes them.

use crate::app::board::{Message, MessageId};
use crate::app::figure_sheet::FigureSheet;
use crate::app::saving::Save;
use crate::ensemble::{DecodingShare, Space};
use crate::optimise::Options;
use crate::session::action::Action;
use crate::session::playback::PlayheadCommand;
use crate::session::preferences::Theme;
use std::path::PathBuf;

/// A request to the program.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// Change the document.
    Change(Action),
    /// Several changes that belong together, then a run.
    ChangeAndRun(Vec<Action>),
    /// Changes during a drag, then a live run.
    ChangeAndRunLive(Vec<Action>),
    /// Change the document by typing: no run at every letter.
    Typed(Action),
    /// Enter in a field of text: run what was typed.
    RunTyped,
    /// A drag has ended or a field was left: the next change is undone separately.
    EndGesture,
    /// Move the playhead.
    Playback(PlayheadCommand),
    /// Start a run.
    Run,
    /// Run without guidance, and pin the result beside this run.
    RunPlainBeside,
    /// Pin the run on screen.
    KeepBeside,
    /// Unpin the run.
    DropBeside,
    /// Make one step, then pause.
    Step,
    /// Pause after this step.
    Pause,
    /// Resume.
    Resume,
    /// Stop the run.
    Stop,
    /// Check the words of the open model.
    CheckModel,
    /// Open a typed path.
    OpenPath(String),
    /// Open a file dialog.
    Ask(Ask),
    /// Pool another image.
    OpenImage(ImageChoice),
    /// Open an image as the reference of the inspector.
    OpenReference(PathBuf),
    /// Import a schedule from a file.
    ImportSchedule(PathBuf),
    /// Ask where to save something.
    Save(Box<Save>),
    /// Write the file of the open dialog. An existing file is replaced only if `replace` is set.
    WriteSave {
        /// The file.
        path: PathBuf,
        /// Whether to replace an existing file.
        replace: bool,
    },
    /// Choose the folder in the system's file dialog.
    BrowseSave,
    /// Close the dialog without saving.
    CloseSave,
    /// The answer to the question before closing.
    CloseWindow(CloseChoice),
    /// Show a message.
    Say(Message),
    /// Fit the schedule to a fine reference, in the background.
    Optimise(Box<Options>),
    /// Stop the fit.
    CancelOptimise,
    /// A request about ensembles.
    Measure(MeasureWish),
    /// Copy a figure as an image.
    CopyFigure(FigureSheet),
    /// Undo.
    Undo,
    /// Redo.
    Redo,
    /// Choose the theme.
    SetTheme(Theme),
    /// Reset the layout.
    ResetTiles,
    /// Show or hide the keyboard shortcuts.
    ToggleKeys,
    /// Close a failure.
    Dismiss(usize),
    /// Close a message.
    DismissMessage(MessageId),
    /// Download ONNX Runtime.
    Fetch,
    /// Cancel the download.
    CancelFetch,
}

/// What to do with unsaved measurements when the window closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseChoice {
    /// Save first.
    Save,
    /// Discard.
    Discard,
    /// Do not close.
    Stay,
}

/// The purpose of a file dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// An `.onnx` file.
    File,
    /// A model folder.
    Folder,
    /// A folder of images.
    Images,
    /// A `scheduler_config.json` for a model without one.
    SchedulerConfig,
    /// A schedule for the run.
    Schedule,
    /// An image to pool.
    Image,
    /// A reference image.
    Reference,
    /// A measured ensemble.
    Ensemble(EnsembleUse),
    /// A folder of images to calibrate theory on.
    Data,
    /// A `.npy` file of embeddings.
    HiddenStates,
    /// An image or a `.npy` file of channels behind the image.
    Concat,
}

/// The purpose of an ensemble from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnsembleUse {
    /// To view it or add samples.
    Show,
    /// To compare with it.
    Compare,
}

/// A request about ensembles.
#[derive(Clone, Debug, PartialEq)]
pub enum MeasureWish {
    /// Measure this many samples with the current settings, and this share of them as decoded images too.
    Begin(usize, Option<DecodingShare>),
    /// Show latents, or decoded images.
    Show(Space),
    /// Add this many samples.
    Add(usize),
    /// Pause or resume.
    Pause(bool),
    /// Stop and keep the finished samples.
    Cancel,
    /// Save it.
    Save,
    /// Open one.
    Open(PathBuf, EnsembleUse),
    /// Pin the current one.
    Keep,
    /// Unpin.
    DropCompared,
    /// Calibrate theory on the images of a folder, or on the final images.
    SetData(Option<PathBuf>),
}

/// The image to pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageChoice {
    /// A bundled image, by its index.
    Bundled(usize),
    /// The final image of the run on screen.
    Run,
    /// A file.
    File(PathBuf),
}
