//! The inference thread, behind requests and events. No window here.
//!
//! ```no_run
//! use chromascope::runtime::{Event, Options, Pace, RunNews, Runtime};
//! use chromascope::session::{RunSettings, settings::ModelSource};
//! use std::sync::Arc;
//!
//! let wake = Arc::new(|| { /* ask the window for a frame */ });
//! let runtime = Runtime::start(Options::default(), wake)?;
//! runtime.run(RunSettings::new(ModelSource::Model("emoji-unet".into())), Pace::Going);
//! // In every frame:
//! while let Some(event) = runtime.next_event() {
//!     if let Event::Run { news: RunNews::Step { snapshot, .. }, .. } = event {
//!         println!("step {}", snapshot.step);
//!     }
//! }
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The thread owns the open model and keeps it from run to run. There is one slot for requests: a new one takes the
//! place of all before, whose call is cancelled within the step and whose events are dropped (but see
//! [`run_live`](Runtime::run_live)). Events go through a bounded
//! queue; the thread waits where it is full, and still sees a cancel. A panic is caught, reported, and the thread lives
//! on. Dropping [`Runtime`] cancels, closes and joins.

mod analysis_pool;
mod background;
mod engine;
mod fault;
mod last_run;
pub mod launch;
mod library;
mod mailbox;
mod measuring;
mod message;
mod optimiser;
mod question;
mod speed;
#[cfg(test)]
mod tests;
mod worker;

pub use crate::model::contract::PortRole;
pub use analysis_pool::{AnalysisPool, Job, Weigh, unanswered};
pub use fault::{Fault, Need, Place};
#[cfg(feature = "gui")]
pub(crate) use fault::{given_up, panic_text, program_fault};
pub use mailbox::Wake;
pub use message::{Activity, Event, LibraryNews, Pace, RunEnd, RunId, RunNews, RunStarted};

pub use background::Busy;
pub use measuring::{DataSource, Measuring, MeasuringReport, Order};
pub use optimiser::{Optimisation, Report};
pub use question::QuestionSlot;

use crate::model::onnx_runtime::setup::LibraryKind;
use crate::session::RunSettings;
use engine::{Engine, ModelEngine};
use library::SetUp;
use mailbox::Mailbox;
use message::Wish;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Events that wait for the window before the worker waits too.
const CAPACITY: usize = 64;
/// Bytes of a run's steps that are kept for a live run to take over.
const LAST_RUN_BUDGET: usize = 512 << 20;
/// How long dropping waits for the threads. Steps end at once; only the opening of a large file can take longer, and is
/// then left to end with the process.
const PATIENCE: Duration = Duration::from_millis(900);

/// How the runtime is started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The ONNX Runtime library given on the command line.
    pub onnxruntime: Option<PathBuf>,
}

/// What may gather.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Events that wait for the window.
    events: usize,
    /// Bytes of the last run.
    last_run: usize,
}

/// The window's handle on the inference thread. None of its functions blocks.
pub struct Runtime {
    mailbox: Arc<Mailbox>,
    worker: Option<JoinHandle<()>>,
    library: Mutex<Option<SetUp>>,
    fetch: library::Fetch,
}

impl Runtime {
    /// Starts the thread. `wake` is called, from any thread, whenever there is an event or the [activity](Self::activity)
    /// changes; it must not block and not call this runtime.
    pub fn start(options: Options, wake: Wake) -> std::io::Result<Self> {
        let limits = Limits { events: CAPACITY, last_run: LAST_RUN_BUDGET };
        Self::with_parts(Box::new(ModelEngine::new(options.onnxruntime)), library::FETCH, limits, wake)
    }

    fn with_parts(engine: Box<dyn Engine>, fetch: library::Fetch, limits: Limits, wake: Wake) -> std::io::Result<Self> {
        let mailbox = Arc::new(Mailbox::new(limits.events, wake));
        let worker = worker::spawn(Arc::clone(&mailbox), engine, limits.last_run)?;
        Ok(Self { mailbox, worker: Some(worker), library: Mutex::new(None), fetch })
    }

    /// Makes a run of these settings instead of whatever is going on. The model is opened only where the one that is
    /// open does not serve.
    pub fn run(&self, settings: RunSettings, pace: Pace) -> RunId {
        self.mailbox.request(Wish::Run, settings, pace)
    }

    /// Makes a live run of these settings: one that shows what a change does, asked for again and again while the user still
    /// changes.
    ///
    /// Steps of the run before that come out the same, to the bit, are taken over and told at once; they are those before
    /// the first noise level that differs, where nothing but the levels does. A run that will take long comes first as
    /// [`RunNews::Coarse`]. A live run that is requested while another has shown nothing new waits until it has; it takes
    /// the place of any other that waits, and the one under way continues to its first picture.
    pub fn run_live(&self, settings: RunSettings) -> RunId {
        self.mailbox.request(Wish::Live, settings, Pace::Going)
    }

    /// Opens the settings' model instead of whatever is going on, and makes no run.
    pub fn open(&self, settings: RunSettings) -> RunId {
        self.mailbox.request(Wish::Open, settings, Pace::Paused)
    }

    /// Lets the step under way end and then waits.
    pub fn pause(&self) {
        self.mailbox.set_pace(Pace::Paused);
    }

    /// Continues to the end.
    pub fn resume(&self) {
        self.mailbox.set_pace(Pace::Going);
    }

    /// Makes one more step and then waits. Asked several times, it makes as many steps.
    pub fn step(&self) {
        self.mailbox.one_step_more();
    }

    /// Ends the run, within its step. The steps before stand, and [`RunNews::Ended`] comes.
    pub fn stop(&self) {
        self.mailbox.stop();
    }

    /// The next event of the newest request, or of set-up. Draining under a time budget is the caller's business.
    pub fn next_event(&self) -> Option<Event> {
        self.mailbox.next_event()
    }

    /// The newest request.
    pub fn newest(&self) -> Option<RunId> {
        self.mailbox.newest()
    }

    /// Tells, from any thread, whether steps are being made; what can wait then waits.
    pub fn busy(&self) -> Busy {
        let mailbox = Arc::clone(&self.mailbox);
        Arc::new(move || mailbox.activity() == Activity::Running)
    }

    /// What the thread is doing.
    pub fn activity(&self) -> Activity {
        self.mailbox.activity()
    }

    /// How the run is to continue; with [`activity`](Self::activity) it tells a pause that is requested from one that is.
    pub fn pace(&self) -> Pace {
        self.mailbox.pace()
    }

    /// Drops the open model before the next request, so that its files are read anew.
    pub fn forget_model(&self) {
        self.mailbox.forget_model();
    }

    /// Fetches ONNX Runtime in a thread of its own. Answers `false` where that is going on already. Once it is done, the
    /// next run opens its model anew.
    pub fn set_up(&self, kind: LibraryKind) -> std::io::Result<bool> {
        let mut library = self.library.lock().unwrap_or_else(PoisonError::into_inner);
        if library.as_ref().is_some_and(|set_up| !set_up.is_finished()) {
            return Ok(false);
        }
        *library = Some(SetUp::spawn(Arc::clone(&self.mailbox), kind, self.fetch)?);
        Ok(true)
    }

    /// Ends the fetching of ONNX Runtime.
    pub fn cancel_set_up(&self) {
        if let Some(set_up) = &*self.library.lock().unwrap_or_else(PoisonError::into_inner) {
            set_up.cancel();
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.mailbox.close();
        self.cancel_set_up();
        if self.mailbox.wait_for_threads(PATIENCE) {
            // Panics of the threads were reported as events when they happened.
            let _ = self.worker.take().map(JoinHandle::join);
        }
    }
}
