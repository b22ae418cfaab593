//! The messages between the window and the inference thread.

use crate::model::onnx_runtime::setup::Installed;
use crate::session::prepare::{ModelInfo, Resolved};
use crate::session::settings::ModelSource;
use crate::session::{CoarsePass, RunSettings, Snapshot};
use crate::theory::NoiseLevel;
use ndarray::Array4;
use std::sync::Arc;

use super::fault::Fault;

/// Which request an event answers. Later requests have larger numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub(super) u64);

/// How a run begins, and how it continues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// Step after step to the end.
    #[default]
    Going,
    /// This many steps, then a pause.
    Steps(usize),
    /// No step until told.
    Paused,
}

/// What is wanted of the inference thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// The model opened, and no run.
    Open,
    /// A run.
    Run,
    /// A run that shows what a change does, while the user still changes.
    Live,
}

/// The newest request; a newer one takes its place.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) id: RunId,
    pub(super) wish: Wish,
    pub(super) settings: Arc<RunSettings>,
}

/// What the inference thread is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// Nothing; the next request is awaited.
    #[default]
    Idle,
    /// A model is being opened or a run made ready.
    Opening,
    /// Steps are being made.
    Running,
    /// A run waits for [`resume`](super::Runtime::resume) or [`step`](super::Runtime::step).
    Paused,
}

/// News for the window, in the order in which it happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// Of the newest request; those of older ones are never handed out, but before those of a live run.
    Run {
        /// Which request.
        id: RunId,
        /// What happened.
        news: RunNews,
    },
    /// Of the fetching of ONNX Runtime.
    Library(LibraryNews),
}

/// What happens to a request. In this order: `ModelOpening` (only where a file is opened), `Reading` (only of a folder
/// of images), `ModelOpened`, `Started`, `Step`…, `Ended`; or `Failed`, after which nothing more comes. `Coarse` comes
/// between the steps of a live run, once at most. After a request that took its place, nothing more comes of a run.
#[derive(Clone, Debug)]
pub enum RunNews {
    /// A model is being opened.
    ModelOpening {
        /// Which.
        source: ModelSource,
    },
    /// Images of a folder are being read. Some of these are left out where the window is slow.
    Reading {
        /// Images done.
        done: usize,
        /// Images there are.
        total: usize,
    },
    /// The model is open.
    ModelOpened {
        /// What is known of it.
        info: Arc<ModelInfo>,
        /// Choices made and warnings, a sentence each.
        notes: Vec<String>,
    },
    /// The run is ready to step.
    Started(Box<RunStarted>),
    /// A step is done.
    Step {
        /// What it kept.
        snapshot: Arc<Snapshot>,
        /// The VP state that it reached, `[B, C, H, W]`.
        state: Arc<Array4<f32>>,
    },
    /// A live run will take a while: what few long steps make of the rest of it. The steps themselves follow.
    Coarse(CoarsePass),
    /// The run is over. The steps before stand.
    Ended {
        /// How.
        end: RunEnd,
        /// Wall time of its steps, without pauses and without the steps it took over, seconds.
        seconds: f64,
    },
    /// The model could not be opened or the run not be made ready.
    Failed(Fault),
}

/// A run that is ready to step.
#[derive(Clone, Debug)]
pub struct RunStarted {
    /// The settings that it runs with.
    pub settings: Arc<RunSettings>,
    /// Whether it is a live run.
    pub live: bool,
    /// How many of its first steps are taken over from the run before, to come at once.
    pub taken_over: usize,
    /// What was settled on.
    pub resolved: Resolved,
    /// Choices made and warnings that concern this run, a sentence each.
    pub notes: Vec<String>,
    /// `[B, C, H, W]`.
    pub shape: [usize; 4],
    /// Noise levels, one more than steps, noisiest first.
    pub levels: Vec<NoiseLevel>,
    /// Timesteps of the plan, one a step.
    pub timesteps: Vec<f64>,
    /// The initial VP state, `[B, C, H, W]`.
    pub state: Arc<Array4<f32>>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// Every step is done.
    Complete,
    /// It was asked to stop.
    Stopped,
    /// A step failed.
    Failed(Fault),
}

/// How fetching ONNX Runtime goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LibraryNews {
    /// One sentence on what comes next.
    Note(String),
    /// A download is under way. Where the window is slow, only the newest of these is kept.
    Downloading {
        /// The package's name.
        package: String,
        /// Bytes that are here.
        done: u64,
        /// Bytes there are.
        total: u64,
    },
    /// The download is being taken apart.
    Unpacking {
        /// The package's name.
        package: String,
    },
    /// The library lies in the data folder.
    Done(Installed),
    /// It was asked to stop, and left nothing behind.
    Cancelled,
    /// It failed.
    Failed(Fault),
}
