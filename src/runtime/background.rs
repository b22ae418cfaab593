//! A background task with its own thread and model, so that runs continue meanwhile. It reports progress, can be paused
//! and cancelled, waits while something more urgent is running, and reports a panic.

use super::{Fault, Wake};
use crate::model::onnx::Canceller;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// The interval at which it checks whether something more urgent is still running.
const NAP: Duration = Duration::from_millis(20);

/// Returns whether something more urgent is running, for which a step then waits.
pub type Busy = Arc<dyn Fn() -> bool + Send + Sync>;

/// The state of a task, reported while it runs.
pub(super) trait TaskReport: Clone + Send + 'static {
    /// The result of the task.
    type Outcome: 'static;
    /// Stores the result.
    fn end(&mut self, ended: Result<Self::Outcome, Fault>);
    /// Whether it has ended.
    fn has_ended(&self) -> bool;
    /// Sets whether it is paused by the user.
    fn set_paused(&mut self, paused: bool);
    /// Sets whether it waits for something more urgent.
    fn set_waits(&mut self, waits: bool);
}

/// A task in progress. Dropping it cancels it.
pub(super) struct BackgroundTask<R: TaskReport> {
    shared: Arc<TaskHandle<R>>,
    thread: Option<JoinHandle<()>>,
}

/// The thread's side of a task.
pub(super) struct TaskHandle<R> {
    report: Mutex<R>,
    control: Mutex<Control>,
    changed: Condvar,
    busy: Busy,
    wake: Wake,
}

#[derive(Default)]
struct Control {
    paused: bool,
    cancelled: bool,
    canceller: Option<Canceller>,
    /// Whether the thread is waiting because of a pause.
    held: bool,
}

impl<R: TaskReport> BackgroundTask<R> {
    /// Begins `work` in a thread. `what` names the task if it panics: "measuring". `wake` is called when there is news;
    /// while `busy` returns true, [`TaskHandle::turn`] waits.
    pub fn start(
        (name, what): (&str, &'static str),
        report: R,
        (busy, wake): (Busy, Wake),
        work: impl FnOnce(&TaskHandle<R>) -> Result<R::Outcome, Fault> + Send + 'static,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(TaskHandle {
            report: Mutex::new(report),
            control: Mutex::default(),
            changed: Condvar::new(),
            busy,
            wake,
        });
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| work(&theirs)));
            let ended = outcome.unwrap_or_else(|panic| Err(Fault::panic(what, &*panic)));
            theirs.tell(|report| {
                report.set_paused(false);
                report.set_waits(false);
                report.end(ended);
            });
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// The current report.
    pub fn report(&self) -> R {
        lock(&self.shared.report).clone()
    }

    /// Pauses after the current step, or resumes.
    pub fn set_paused(&self, paused: bool) {
        lock(&self.shared.control).paused = paused;
        self.shared.changed.notify_all();
        self.shared.tell(|report| report.set_paused(paused && !report.has_ended()));
    }

    /// Cancels it within its step.
    pub fn cancel(&self) {
        let mut control = lock(&self.shared.control);
        control.cancelled = true;
        if let Some(canceller) = &control.canceller {
            canceller.cancel();
        }
        drop(control);
        self.shared.changed.notify_all();
    }

    /// Whether its thread is waiting because of a pause.
    #[cfg(test)]
    pub fn is_held(&self) -> bool {
        lock(&self.shared.control).held
    }
}

impl<R: TaskReport> Drop for BackgroundTask<R> {
    fn drop(&mut self) {
        self.cancel();
        // The opening of a model is left to end with the process.
        if let Some(thread) = self.thread.take().filter(JoinHandle::is_finished) {
            // A panic was already reported.
            let _ = thread.join();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic runs while these locks are held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<R: TaskReport> TaskHandle<R> {
    /// Changes the report, and wakes its reader.
    pub fn tell(&self, change: impl FnOnce(&mut R)) {
        self.note(change);
        (self.wake)();
    }

    /// Changes the report without waking its reader.
    pub fn note(&self, change: impl FnOnce(&mut R)) {
        change(&mut lock(&self.report));
    }

    /// Sets what cancels the current call of the model with the task.
    pub fn set_canceller(&self, canceller: Canceller) {
        let mut control = lock(&self.control);
        if control.cancelled {
            canceller.cancel();
        }
        control.canceller = Some(canceller);
    }

    pub fn is_cancelled(&self) -> bool {
        lock(&self.control).cancelled
    }

    /// Waits while it is paused or something more urgent runs; returns whether to continue.
    pub fn turn(&self) -> ControlFlow<()> {
        let mut control = lock(&self.control);
        let mut waits = false;
        loop {
            if control.cancelled {
                return ControlFlow::Break(());
            }
            if control.paused {
                control.held = true;
                control = self.changed.wait(control).unwrap_or_else(PoisonError::into_inner);
                control.held = false;
            } else if (self.busy)() {
                if !std::mem::replace(&mut waits, true) {
                    self.tell(|report| report.set_waits(true));
                }
                control = self.changed.wait_timeout(control, NAP).unwrap_or_else(PoisonError::into_inner).0;
            } else {
                if waits {
                    self.tell(|report| report.set_waits(false));
                }
                return ControlFlow::Continue(());
            }
        }
    }
}
