//! The messages between the window and the inference thread.

use crate::model::onnx_runtime::setup::Installed;
use crate::session::prepare::{LoadingPart, ModelInfo, Resolved};
use crate::session::settings::ModelSource;
use crate::session::{CoarsePass, RunSettings, Snapshot};
use crate::theory::NoiseLevel;
use ndarray::Array4;
use std::sync::Arc;

use super::fault::Fault;

/// The request that an event answers. Later requests have larger numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub(super) u64);

/// How a run begins, and how it continues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// Make all steps.
    #[default]
    Going,
    /// Make this many steps, then pause.
    Steps(usize),
    /// Make no step until told.
    Paused,
}

/// A request to the inference thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Open the model without a run.
    Open,
    /// Make a run.
    Run,
    /// Make a live run, which shows a change while the user is still changing.
    Live,
}

/// The newest request; a newer one replaces it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) id: RunId,
    pub(super) wish: Wish,
    pub(super) settings: Arc<RunSettings>,
}

/// The current activity of the inference thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// Idle, waiting for a request.
    #[default]
    Idle,
    /// Opening a model or preparing a run.
    Opening,
    /// Making steps.
    Running,
    /// Paused until [`resume`](super::Runtime::resume) or [`step`](super::Runtime::step).
    Paused,
}

/// News for the window, in the order in which it happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// News of the newest request. Those of older ones are dropped, except before those of a live run.
    Run {
        /// The request.
        id: RunId,
        /// The news.
        news: RunNews,
    },
    /// News of the download of ONNX Runtime.
    Library(LibraryNews),
}

/// The news of a request, in this order: `ModelOpening` (only if a file is opened), `Reading` (only for a folder
/// of images), `Loading` (only for a pipeline), `ModelOpened`, `Loading` (only if prompts are encoded), `Started`, `Step`…,
/// `Ended`; or `Failed`, which is the last. `Coarse` comes between the steps of a live run, at most once. A request that is replaced sends no more news.
#[derive(Clone, Debug)]
pub enum RunNews {
    /// A model is being opened.
    ModelOpening {
        /// Its name.
        source: ModelSource,
    },
    /// Images of a folder are being read. Some of these are dropped if the window is slow.
    Reading {
        /// Images done.
        done: usize,
        /// Images in all.
        total: usize,
    },
    /// A part of a pipeline is being loaded, or used to encode prompts. Some of these are dropped if the window is slow.
    Loading(LoadingPart),
    /// The model is open.
    ModelOpened {
        /// Details of the model.
        info: Arc<ModelInfo>,
        /// Defaults resolved and warnings, a sentence each.
        notes: Vec<String>,
    },
    /// The run is prepared.
    Started(Box<RunStarted>),
    /// A step is done.
    Step {
        /// The step.
        snapshot: Arc<Snapshot>,
        /// The VP state that it reached, `[B, C, H, W]`.
        state: Arc<Array4<f32>>,
    },
    /// The preview of a live run that will take a while. The steps themselves follow.
    Coarse(CoarsePass),
    /// The run is over. Finished steps are kept.
    Ended {
        /// The reason.
        end: RunEnd,
        /// Wall time of its steps, seconds, without pauses and without steps taken over.
        seconds: f64,
    },
    /// The model could not be opened or the run not be prepared.
    Failed(Fault),
}

/// A run that is prepared.
#[derive(Clone, Debug)]
pub struct RunStarted {
    /// The settings that it runs with.
    pub settings: Arc<RunSettings>,
    /// Whether it is a live run.
    pub live: bool,
    /// Number of its first steps that are taken over from the previous run and come at once.
    pub taken_over: usize,
    /// The resolved defaults.
    pub resolved: Resolved,
    /// Defaults resolved and warnings that concern this run, a sentence each.
    pub notes: Vec<String>,
    /// `[B, C, H, W]`.
    pub shape: [usize; 4],
    /// Noise levels, one more than steps, noisiest first.
    pub levels: Vec<NoiseLevel>,
    /// Timesteps of the plan, one per step.
    pub timesteps: Vec<f64>,
    /// The initial VP state, `[B, C, H, W]`.
    pub state: Arc<Array4<f32>>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// Every step is done.
    Complete,
    /// It was stopped.
    Stopped,
    /// A step failed.
    Failed(Fault),
}

/// Progress of the download of ONNX Runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LibraryNews {
    /// A sentence on what comes next.
    Note(String),
    /// A download is in progress. If the window is slow, only the newest of these is kept.
    Downloading {
        /// The package's name.
        package: String,
        /// Bytes received.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// The download is being unpacked.
    Unpacking {
        /// The package's name.
        package: String,
    },
    /// The library is in the data folder.
    Done(Installed),
    /// It was cancelled and left nothing behind.
    Cancelled,
    /// It failed.
    Failed(Fault),
}
