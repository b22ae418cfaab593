//! The inference thread, with requests and events. No window here.
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
//! The thread owns the open model and keeps it between runs. There is one slot for requests: a new one replaces
//! all earlier ones, cancels their call within the step and drops their events (but see
//! [`run_live`](Runtime::run_live)). Events go through a bounded
//! queue; when it is full the thread waits, and can still be cancelled. A panic is caught and reported, and the thread
//! continues. Dropping [`Runtime`] cancels, closes and joins.

mod analysis_pool;
mod background;
mod checking;
mod decoding;
mod engine;
mod fault;
mod kept_results;
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
pub use fault::{Fault, FaultPlace, Need};
#[cfg(feature = "gui")]
pub(crate) use fault::{given_up, panic_text, program_fault};
pub use mailbox::Wake;
pub use message::{Activity, Event, LibraryNews, Pace, RunEnd, RunId, RunNews, RunStarted};

pub use background::Busy;
pub use checking::{Checking, CheckingReport, Conclusion};
pub use decoding::{DecodeQuestion, Decoders, Decoding, DecodingState, Latents, Urgency};
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

/// Length of the queue of events before the worker waits.
const CAPACITY: usize = 64;
/// Bytes of a run's steps that are kept for a live run to reuse.
const LAST_RUN_BUDGET: usize = 512 << 20;
/// How long dropping waits for the threads. Steps end at once; only the opening of a large file can take longer, and
/// then ends with the process.
const PATIENCE: Duration = Duration::from_millis(900);

/// Options of the runtime.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The ONNX Runtime library given on the command line.
    pub onnxruntime: Option<PathBuf>,
}

/// Limits.
#[derive(Clone, Copy, Debug)]
struct RuntimeLimits {
    /// Length of the queue of events.
    events: usize,
    /// Bytes kept of the last run.
    last_run: usize,
}

/// The window's handle to the inference thread. None of its functions blocks.
pub struct Runtime {
    mailbox: Arc<Mailbox>,
    worker: Option<JoinHandle<()>>,
    library: Mutex<Option<SetUp>>,
    fetch: library::Fetch,
}

impl Runtime {
    /// Starts the thread. `wake` is called, from any thread, when there is an event or the [activity](Self::activity)
    /// changes; it must not block and not call this runtime.
    pub fn start(options: Options, wake: Wake) -> std::io::Result<Self> {
        let limits = RuntimeLimits { events: CAPACITY, last_run: LAST_RUN_BUDGET };
        Self::with_parts(Box::new(ModelEngine::new(options.onnxruntime)), library::FETCH, limits, wake)
    }

    fn with_parts(
        engine: Box<dyn Engine>,
        fetch: library::Fetch,
        limits: RuntimeLimits,
        wake: Wake,
    ) -> std::io::Result<Self> {
        let mailbox = Arc::new(Mailbox::new(limits.events, wake));
        let worker = worker::spawn(Arc::clone(&mailbox), engine, limits.last_run)?;
        Ok(Self { mailbox, worker: Some(worker), library: Mutex::new(None), fetch })
    }

    /// Makes a run with these settings in place of any current request. The model is opened only if the
    /// open one cannot be used.
    pub fn run(&self, settings: RunSettings, pace: Pace) -> RunId {
        self.mailbox.request(Wish::Run, settings, pace)
    }

    /// Makes a live run with these settings. It shows the effect of a change, and is requested repeatedly while the user is
    /// changing.
    ///
    /// Steps of the previous run that are the same, bit for bit, are reused and reported at once. They are those before
    /// the first different noise level, if nothing but the levels differs. A run that will take long first sends
    /// [`RunNews::Coarse`]. A live run that is requested before another has shown anything new waits until it has. It
    /// replaces any other that waits, and the current one continues to its first picture.
    pub fn run_live(&self, settings: RunSettings) -> RunId {
        self.mailbox.request(Wish::Live, settings, Pace::Going)
    }

    /// Opens the settings' model in place of any current request, without a run.
    pub fn open(&self, settings: RunSettings) -> RunId {
        self.mailbox.request(Wish::Open, settings, Pace::Paused)
    }

    /// Pauses after the current step.
    pub fn pause(&self) {
        self.mailbox.set_pace(Pace::Paused);
    }

    /// Continues to the end.
    pub fn resume(&self) {
        self.mailbox.set_pace(Pace::Going);
    }

    /// Makes one more step and then pauses. Each call adds one step.
    pub fn step(&self) {
        self.mailbox.one_step_more();
    }

    /// Stops the run within its step. Finished steps are kept, and [`RunNews::Ended`] comes.
    pub fn stop(&self) {
        self.mailbox.stop();
    }

    /// The next event of the newest request, or of the download. The caller limits the time spent on events.
    pub fn next_event(&self) -> Option<Event> {
        self.mailbox.next_event()
    }

    /// The newest request.
    pub fn newest(&self) -> Option<RunId> {
        self.mailbox.newest()
    }

    /// Returns, from any thread, whether steps are being made; background tasks then wait.
    pub fn busy(&self) -> Busy {
        let mailbox = Arc::clone(&self.mailbox);
        Arc::new(move || mailbox.activity() == Activity::Running)
    }

    /// The current activity of the thread.
    pub fn activity(&self) -> Activity {
        self.mailbox.activity()
    }

    /// The requested pace; with [`activity`](Self::activity) it distinguishes a requested pause from an actual one.
    pub fn pace(&self) -> Pace {
        self.mailbox.pace()
    }

    /// Drops the open model before the next request, so that its files are read again.
    pub fn forget_model(&self) {
        self.mailbox.forget_model();
    }

    /// Downloads ONNX Runtime in a separate thread. Returns `false` if a download is already in progress. After it, the
    /// next run opens its model again.
    pub fn set_up(&self, kind: LibraryKind) -> std::io::Result<bool> {
        let mut library = self.library.lock().unwrap_or_else(PoisonError::into_inner);
        if library.as_ref().is_some_and(|set_up| !set_up.is_finished()) {
            return Ok(false);
        }
        *library = Some(SetUp::spawn(Arc::clone(&self.mailbox), kind, self.fetch)?);
        Ok(true)
    }

    /// Cancels the download of ONNX Runtime.
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
