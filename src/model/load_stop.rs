//! Stops the loading of a model from another thread.

use ort::session::builder::{LoadCanceler, SessionBuilder};
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

thread_local! {
    static CURRENT: RefCell<Option<LoadStop>> = const { RefCell::new(None) };
}

/// Stops what one thread loads: the reading of graphs, and their opening in ONNX Runtime. All clones stop the same.
#[derive(Clone, Default)]
pub struct LoadStop(Arc<Shared>);

#[derive(Default)]
struct Shared {
    stopped: AtomicBool,
    opening: Mutex<Option<LoadCanceler>>,
}

impl LoadStop {
    /// From now on what it rules ends early, with an error.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::SeqCst);
        if let Some(opening) = &*self.0.opening.lock().unwrap_or_else(PoisonError::into_inner) {
            // It fails where nothing is being opened.
            let _ = opening.cancel();
        }
    }

    /// Whether it was stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::SeqCst)
    }

    /// Rules what `call` loads in this thread.
    pub fn rule<T>(&self, call: impl FnOnce() -> T) -> T {
        let before = CURRENT.replace(Some(self.clone()));
        let result = call();
        CURRENT.set(before);
        result
    }

    /// The one that rules this thread, to rule a thread that it waits for.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Rules what `call` loads as the thread was ruled from which this came.
    pub fn rule_as<T>(current: Option<Self>, call: impl FnOnce() -> T) -> T {
        match current {
            Some(stop) => stop.rule(call),
            None => call(),
        }
    }

    /// Lets the stop of this thread end an opening.
    pub(super) fn watch(builder: &SessionBuilder) {
        let Some(stop) = Self::current() else { return };
        let opening = builder.canceler();
        if stop.is_stopped() {
            let _ = opening.cancel();
        }
        *stop.0.opening.lock().unwrap_or_else(PoisonError::into_inner) = Some(opening);
        if stop.is_stopped() {
            stop.stop();
        }
    }

    /// An error if what this thread loads was stopped.
    pub(super) fn check() -> std::io::Result<()> {
        match Self::current() {
            Some(stop) if stop.is_stopped() => Err(std::io::Error::other("the loading was stopped")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rules_its_own_thread_and_those_it_is_given_to() {
        let stop = LoadStop::default();
        stop.stop();
        assert!(LoadStop::check().is_ok());
        stop.rule(|| {
            assert!(LoadStop::check().is_err());
            let inner = LoadStop::default();
            inner.rule(|| assert!(LoadStop::check().is_ok()));
            let current = LoadStop::current();
            std::thread::scope(|scope| {
                scope.spawn(|| assert!(LoadStop::check().is_ok()));
                scope.spawn(|| LoadStop::rule_as(current, || assert!(LoadStop::check().is_err())));
            });
        });
        assert!(LoadStop::check().is_ok());
    }
}
