//! What the two threads share: one slot for requests, where the newest wins, and one bounded queue of events.

use super::last_run::KeptStep;
use super::message::{Activity, Event, LibraryNews, Pace, Request, RunEnd, RunId, RunNews, Wish};
use crate::model::onnx::Canceller;
use crate::session::RunSettings;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Called after anything new for the window; must not block.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// The request under way is no longer the newest, or the program is closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Abandoned;

/// What the worker does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The next step.
    Step,
    /// The run ends here.
    Stop,
}

#[derive(Default)]
#[allow(clippy::struct_excessive_bools)] // each is set and read by itself
struct MailboxState {
    /// Id of the newest request.
    newest: u64,
    /// A request that the worker has not taken yet.
    waiting: Option<Request>,
    /// The live run under way, until something new of it has been seen. Another live run waits so long, or a hand that never
    /// rests would see nothing at all.
    unseen: Option<RunId>,
    pace: Pace,
    /// The newest request was asked to stop.
    stop: bool,
    closing: bool,
    /// Stops the call of the request that the worker is at.
    canceller: Option<Canceller>,
    activity: Activity,
    /// The open model is to be dropped before the next request.
    forget: bool,
    events: VecDeque<Event>,
    /// Threads that have not ended.
    threads: usize,
    /// Whether the worker waits for room in the queue.
    held: bool,
}

/// The shared state and its two ends.
pub(super) struct Mailbox {
    state: Mutex<MailboxState>,
    changed: Condvar,
    capacity: usize,
    wake: Wake,
}

/// The window's end.
impl Mailbox {
    pub(super) fn new(capacity: usize, wake: Wake) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), capacity: capacity.max(1), wake }
    }

    fn lock(&self) -> MutexGuard<'_, MailboxState> {
        // Every change below is whole before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut MailboxState) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Takes the place of every request before, and of their events. A live run lets a live run under way come to its first
    /// picture, and leaves all events.
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

    /// One step more than already asked for.
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

    /// What is going on, with a request that waits counted as opening.
    pub(super) fn activity(&self) -> Activity {
        let state = self.lock();
        if state.waiting.is_some() { Activity::Opening } else { state.activity }
    }

    pub(super) fn pace(&self) -> Pace {
        self.lock().pace
    }

    /// Whether the worker waits for room in the queue.
    #[cfg(test)]
    pub(super) fn is_held(&self) -> bool {
        self.lock().held
    }

    /// Asks the worker to end and cancels what it is at.
    pub(super) fn close(&self) {
        self.change(|state| {
            state.closing = true;
            if let Some(canceller) = state.canceller.take() {
                canceller.cancel();
            }
        });
    }

    /// Whether every thread has ended within `limit`.
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

/// The worker's end.
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

    /// Whether the open model is to be dropped; asks once.
    pub(super) fn takes_forget(&self) -> bool {
        std::mem::take(&mut self.lock().forget)
    }

    /// Whether the work for `id` is still wanted.
    pub(super) fn check(&self, id: RunId) -> Result<(), Abandoned> {
        self.lock().check(id)
    }

    /// Whether `id` was asked to stop.
    pub(super) fn is_stopped(&self, id: RunId) -> bool {
        let state = self.lock();
        state.stop && state.check(id).is_ok()
    }

    /// Whether `id` was asked to stop, or is no longer wanted at all.
    pub(super) fn is_unwanted(&self, id: RunId) -> bool {
        let state = self.lock();
        state.stop || state.check(id).is_err()
    }

    /// Steps of `id` can from now on be cancelled.
    pub(super) fn begin(&self, id: RunId, canceller: Canceller) -> Result<(), Abandoned> {
        let mut state = self.lock();
        state.check(id)?;
        if state.stop {
            canceller.cancel();
        }
        state.canceller = Some(canceller);
        Ok(())
    }

    /// Waits while the run is paused, and counts the steps it may make.
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

    /// Hands an event over. Waits while the queue is full, and gives up when the request is no longer wanted; a run that
    /// was asked to stop does not wait.
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

    /// Hands over steps of a run that begins, which take no memory that is not in use already, and so never waits.
    pub(super) fn send_taken_over(&self, id: RunId, steps: &[KeptStep]) -> Result<(), Abandoned> {
        let mut state = self.lock();
        state.check(id)?;
        state.events.extend(steps.iter().map(|step| Event::Run { id, news: step.news() }));
        drop(state);
        (self.wake)();
        Ok(())
    }

    /// Hands an event over where there is room, and drops it otherwise.
    pub(super) fn offer(&self, id: RunId, news: RunNews) {
        let mut state = self.lock();
        if state.check(id).is_ok() && state.events.len() < self.capacity {
            state.events.push_back(Event::Run { id, news });
            drop(state);
            (self.wake)();
        }
    }

    /// Something new of the live run `id` can be seen; a newer one that waits takes its place now.
    pub(super) fn seen(&self, id: RunId) -> Result<(), Abandoned> {
        let mut state = self.lock();
        state.check(id)?;
        state.unseen = None;
        state.check(id)
    }

    /// The worker is done with the request that it was at, however it went.
    pub(super) fn finished(&self) {
        self.change(|state| {
            state.canceller = None;
            state.unseen = None;
            state.activity = Activity::Idle;
        });
        (self.wake)();
    }

    /// Hands over an event of set-up, which never waits: a newer count of bytes takes the place of an older.
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

/// How a run that was cancelled ended: on the user's word, or because nobody wants it any more.
pub(super) fn cancelled(mailbox: &Mailbox, id: RunId) -> Result<RunEnd, Abandoned> {
    mailbox.check(id).map(|()| RunEnd::Stopped)
}
