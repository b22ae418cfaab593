//! The shared state of the two threads: one slot for requests, in which the newest wins, and one bounded queue of events.

use super::last_run::ReusableStep;
use super::message::{Activity, Event, LibraryNews, Pace, Request, RunEnd, RunId, RunNews, Wish};
use crate::model::onnx::Canceller;
use crate::session::RunSettings;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Called when there is something new for the window; must not block.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// The current request is no longer the newest, or the program is closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Abandoned;

/// The worker's next action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Make the next step.
    Step,
    /// End the run.
    Stop,
}

#[derive(Default)]
#[allow(clippy::struct_excessive_bools)] // each is set and read by itself
struct MailboxState {
    /// Id of the newest request.
    newest: u64,
    /// A request that the worker has not taken yet.
    waiting: Option<Request>,
    /// The current live run, until something new of it has been shown. Another live run waits until then, because during a
    /// continuous drag nothing would be shown otherwise.
    unseen: Option<RunId>,
    pace: Pace,
    /// The newest request was stopped.
    stop: bool,
    closing: bool,
    /// Cancels the call of the worker's current request.
    canceller: Option<Canceller>,
    activity: Activity,
    /// The open model must be dropped before the next request.
    forget: bool,
    events: VecDeque<Event>,
    /// Number of running threads.
    threads: usize,
    /// Whether the worker waits for space in the queue.
    held: bool,
}

/// The shared state and its two ends.
pub(super) struct Mailbox {
    state: Mutex<MailboxState>,
    changed: Condvar,
    capacity: usize,
    wake: Wake,
}

/// The window's side.
impl Mailbox {
    pub(super) fn new(capacity: usize, wake: Wake) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), capacity: capacity.max(1), wake }
    }

    fn lock(&self) -> MutexGuard<'_, MailboxState> {
        // Every change below is complete before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut MailboxState) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Replaces every earlier request and its events. A live run lets the current live run reach its first
    /// picture, and keeps all events.
    pub(super) fn request(&self, wish: Wish, settings: RunSettings, pace: Pace) -> RunId {
        self.change(|state| {
            state.newest += 1;
            let id = RunId(state.newest);
            state.waiting = Some(Request { id, wish, settings: Arc::new(settings) });
            state.pace = pace;
            state.stop = false;
            let live = wish == Wish::Live;
            if !live {
                state.unseen = None;
                state.events.retain(|event| matches!(event, Event::Library(_)));
            }
            if state.unseen.is_none()
                && let Some(canceller) = state.canceller.take()
            {
                canceller.cancel();
            }
            id
        })
    }

    pub(super) fn set_pace(&self, pace: Pace) {
        self.change(|state| state.pace = pace);
    }

    /// Requests one more step.
    pub(super) fn one_step_more(&self) {
        self.change(|state| {
            state.pace = match state.pace {
                Pace::Steps(count) => Pace::Steps(count + 1),
                Pace::Going | Pace::Paused => Pace::Steps(1),
            };
        });
    }

    pub(super) fn stop(&self) {
        self.change(|state| {
            state.stop = true;
            if let Some(canceller) = &state.canceller {
                canceller.cancel();
            }
        });
    }

    pub(super) fn forget_model(&self) {
        self.change(|state| state.forget = true);
    }

    pub(super) fn next_event(&self) -> Option<Event> {
        let event = self.lock().events.pop_front()?;
        self.changed.notify_all();
        Some(event)
    }

    pub(super) fn newest(&self) -> Option<RunId> {
        Some(self.lock().newest).filter(|&id| id > 0).map(RunId)
    }

    /// The current activity; a waiting request counts as opening.
    pub(super) fn activity(&self) -> Activity {
        let state = self.lock();
        if state.waiting.is_some() { Activity::Opening } else { state.activity }
    }

    pub(super) fn pace(&self) -> Pace {
        self.lock().pace
    }

    /// Whether the worker waits for space in the queue.
    #[cfg(test)]
    pub(super) fn is_held(&self) -> bool {
        self.lock().held
    }

    /// Asks the worker to end and cancels its call.
    pub(super) fn close(&self) {
        self.change(|state| {
            state.closing = true;
            if let Some(canceller) = state.canceller.take() {
                canceller.cancel();
            }
        });
    }

    /// Whether all threads end within `limit`.
    pub(super) fn wait_for_threads(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        let mut state = self.lock();
        while state.threads > 0 {
            let Some(left) = until.checked_duration_since(Instant::now()) else { return false };
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

/// The worker's side.
impl Mailbox {
    /// Waits for a request; `None` when the program closes.
    pub(super) fn next_request(&self) -> Option<Request> {
        let mut state = self.lock();
        loop {
            if state.closing {
                return None;
            }
            if let Some(request) = state.waiting.take() {
                state.activity = Activity::Opening;
                state.unseen = (request.wish == Wish::Live).then_some(request.id);
                return Some(request);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether the open model must be dropped; resets the flag.
    pub(super) fn takes_forget(&self) -> bool {
        std::mem::take(&mut self.lock().forget)
    }

    /// Checks that the work for `id` is still wanted.
    pub(super) fn check(&self, id: RunId) -> Result<(), Abandoned> {
        self.lock().check(id)
    }

    /// Whether `id` was stopped.
    pub(super) fn is_stopped(&self, id: RunId) -> bool {
        let state = self.lock();
        state.stop && state.check(id).is_ok()
    }

    /// Whether `id` was stopped, or is no longer wanted.
    pub(super) fn is_unwanted(&self, id: RunId) -> bool {
        let state = self.lock();
        state.stop || state.check(id).is_err()
    }

    /// From now on steps of `id` can be cancelled.
    pub(super) fn begin(&self, id: RunId, canceller: Canceller) -> Result<(), Abandoned> {
        let mut state = self.lock();
        state.check(id)?;
        if state.stop {
            canceller.cancel();
        }
        state.canceller = Some(canceller);
        Ok(())
    }

    /// Waits while the run is paused, and counts the requested steps down.
    pub(super) fn turn(&self, id: RunId) -> Result<Turn, Abandoned> {
        let mut state = self.lock();
        loop {
            state.check(id)?;
            if state.stop {
                return Ok(Turn::Stop);
            }
            let (activity, turn) = match state.pace {
                Pace::Going => (Activity::Running, Some(Turn::Step)),
                Pace::Steps(count) if count > 0 => {
                    state.pace = Pace::Steps(count - 1);
                    (Activity::Running, Some(Turn::Step))
                }
                Pace::Steps(_) | Pace::Paused => (Activity::Paused, None),
            };
            if state.activity != activity {
                state.activity = activity;
                (self.wake)();
            }
            if let Some(turn) = turn {
                return Ok(turn);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Adds an event. Waits while the queue is full, and gives up when the request is no longer wanted; a run that
    /// was stopped does not wait.
    pub(super) fn send(&self, id: RunId, news: RunNews) -> Result<(), Abandoned> {
        let mut state = self.lock();
        loop {
            state.check(id)?;
            if state.events.len() < self.capacity || state.stop {
                break;
            }
            state.held = true;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.held = false;
        }
        if matches!(news, RunNews::Failed(_) | RunNews::Ended { .. }) {
            state.canceller = None;
            state.activity = Activity::Idle;
        }
        state.events.push_back(Event::Run { id, news });
        drop(state);
        (self.wake)();
        Ok(())
    }

    /// Adds the first steps of a run, which are in memory already, and so never waits.
    pub(super) fn send_taken_over(&self, id: RunId, steps: &[ReusableStep]) -> Result<(), Abandoned> {
        let mut state = self.lock();
        state.check(id)?;
        state.events.extend(steps.iter().map(|step| Event::Run { id, news: step.news() }));
        drop(state);
        (self.wake)();
        Ok(())
    }

    /// Adds an event if there is space, and drops it otherwise.
    pub(super) fn offer(&self, id: RunId, news: RunNews) {
        let mut state = self.lock();
        if state.check(id).is_ok() && state.events.len() < self.capacity {
            state.events.push_back(Event::Run { id, news });
            drop(state);
            (self.wake)();
        }
    }

    /// Something new of the live run `id` is shown; a newer one that waits replaces it now.
    pub(super) fn seen(&self, id: RunId) -> Result<(), Abandoned> {
        let mut state = self.lock();
        state.check(id)?;
        state.unseen = None;
        state.check(id)
    }

    /// The worker has finished its current request, with any result.
    pub(super) fn finished(&self) {
        self.change(|state| {
            state.canceller = None;
            state.unseen = None;
            state.activity = Activity::Idle;
        });
        (self.wake)();
    }

    /// Adds an event of the download, without waiting: a newer byte count replaces an older one.
    pub(super) fn tell_library(&self, news: LibraryNews) {
        let mut state = self.lock();
        let counts = |event: &&mut Event| matches!(event, Event::Library(LibraryNews::Downloading { .. }));
        match state.events.back_mut().filter(counts) {
            Some(last) if matches!(news, LibraryNews::Downloading { .. }) => *last = Event::Library(news),
            _ => state.events.push_back(Event::Library(news)),
        }
        drop(state);
        (self.wake)();
    }

    pub(super) fn thread_begins(&self) {
        self.lock().threads += 1;
    }

    pub(super) fn thread_ends(&self) {
        self.change(|state| state.threads = state.threads.saturating_sub(1));
    }
}

impl MailboxState {
    fn check(&self, id: RunId) -> Result<(), Abandoned> {
        let wanted = self.newest == id.0 || self.unseen == Some(id);
        if self.closing || !wanted { Err(Abandoned) } else { Ok(()) }
    }
}

/// Why a run was cancelled: by the user, or because it is no longer wanted.
pub(super) fn cancelled(mailbox: &Mailbox, id: RunId) -> Result<RunEnd, Abandoned> {
    mailbox.check(id).map(|()| RunEnd::Stopped)
}
