//! Background analyses of steps: requested in any frame, computed in a separate thread, newest first. If one panics, its
//! answer is a failure.

use super::Wake;
use super::fault::panic_text;
use super::kept_results::KeptResults;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Most failures that are remembered.
const MOST_FAILED: usize = 64;

/// Computes a value on another thread.
pub type Job<V> = Box<dyn FnOnce() -> V + Send>;

/// The size of a result in memory.
pub trait Weigh {
    /// Its approximate size, bytes.
    fn bytes(&self) -> usize;
}

impl Weigh for f64 {
    fn bytes(&self) -> usize {
        size_of::<Self>()
    }
}

impl<T: Weigh> Weigh for Vec<T> {
    fn bytes(&self) -> usize {
        self.iter().map(T::bytes).sum()
    }
}

impl<T: Weigh> Weigh for Option<T> {
    fn bytes(&self) -> usize {
        self.as_ref().map_or(0, T::bytes)
    }
}

thread_local! {
    static UNANSWERED: Arc<AtomicUsize> = Arc::default();
}

/// Number of analyses that this thread requested from any pool and that are not finished. At zero, the next frame
/// shows everything.
#[must_use]
pub fn unanswered() -> usize {
    UNANSWERED.with(|count| count.load(Ordering::SeqCst))
}

/// Counts one analysis for the requesting thread, until it is answered or dropped.
pub(super) struct Ticket(Arc<AtomicUsize>);

impl Ticket {
    pub(super) fn take() -> Self {
        UNANSWERED.with(|count| {
            count.fetch_add(1, Ordering::SeqCst);
            Self(Arc::clone(count))
        })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

struct PoolState<K, V> {
    done: KeptResults<K, V>,
    /// Jobs that panicked, with the message. Not tried again until another was answered.
    failed: HashMap<K, String>,
    /// The newest job that has not begun; an older one is dropped, because its result is no longer shown.
    waiting: Option<(K, Job<V>, Ticket)>,
    /// The job in progress.
    at: Option<K>,
    closing: bool,
}

/// Computes values by key in one thread. A value that is not known yet is `None`; `wake` is called when it is.
pub struct AnalysisPool<K, V> {
    shared: Arc<(Mutex<PoolState<K, V>>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl<K: Eq + Hash + Clone + Send + 'static, V: Weigh + Send + Sync + 'static> AnalysisPool<K, V> {
    /// Starts the thread. Results are kept within `budget` bytes, the newest whatever
    /// its size.
    pub fn start(name: &str, budget: usize, wake: Wake) -> std::io::Result<Self> {
        let state = PoolState {
            done: KeptResults::within(budget),
            failed: HashMap::new(),
            waiting: None,
            at: None,
            closing: false,
        };
        let shared = Arc::new((Mutex::new(state), Condvar::new()));
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || work(&theirs, &wake))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// The value of a key. If it is not known, `job` provides its computation.
    pub fn get(&self, key: &K, job: impl FnOnce() -> Option<Job<V>>) -> Option<Arc<V>> {
        let mut state = lock(&self.shared.0);
        if let Some(value) = state.done.look(key) {
            return Some(value);
        }
        let known = state.failed.contains_key(key)
            || state.at.as_ref() == Some(key)
            || state.waiting.as_ref().is_some_and(|(waiting, ..)| waiting == key);
        if !known && let Some(job) = job() {
            state.waiting = Some((key.clone(), job, Ticket::take()));
            self.shared.1.notify_one();
        }
        None
    }

    /// The result for a key: its value, or the message of a panic; `None` while there is neither.
    pub fn answer(&self, key: &K) -> Option<Result<Arc<V>, String>> {
        let mut state = lock(&self.shared.0);
        let value = state.done.look(key).map(Ok);
        value.or_else(|| state.failed.get(key).map(|words| Err(words.clone())))
    }

    /// Size of the kept results, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        lock(&self.shared.0).done.bytes()
    }

    /// The message of the panic that ended the job of this key.
    pub fn failure(&self, key: &K) -> Option<String> {
        lock(&self.shared.0).failed.get(key).cloned()
    }
}

fn lock<K, V>(state: &Mutex<PoolState<K, V>>) -> MutexGuard<'_, PoolState<K, V>> {
    // Jobs run without holding the lock.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work<K: Eq + Hash + Clone, V: Weigh>(shared: &(Mutex<PoolState<K, V>>, Condvar), wake: &Wake) {
    let mut state = lock(&shared.0);
    loop {
        if state.closing {
            return;
        }
        let Some((key, job, ticket)) = state.waiting.take() else {
            state = shared.1.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        state.at = Some(key.clone());
        drop(state);
        let value = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
        state = lock(&shared.0);
        state.at = None;
        match value {
            Ok(value) => {
                state.failed.clear();
                let bytes = value.bytes();
                state.done.keep(key, value, bytes);
            }
            Err(panic) => {
                if state.failed.len() >= MOST_FAILED {
                    state.failed.clear();
                }
                state.failed.insert(key, panic_text(&*panic).to_owned());
            }
        }
        wake();
        drop(ticket);
    }
}

impl<K, V> Drop for AnalysisPool<K, V> {
    fn drop(&mut self) {
        lock(&self.shared.0).closing = true;
        self.shared.1.notify_one();
        if let Some(thread) = self.thread.take() {
            // Panics of jobs were caught.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    /// Its own value as its size.
    #[derive(Debug, PartialEq)]
    struct Number(usize);

    impl Weigh for Number {
        fn bytes(&self) -> usize {
            self.0
        }
    }

    #[test]
    fn the_newest_question_is_answered_and_answers_stay() {
        let (woken, wakes) = channel();
        let pool: AnalysisPool<usize, Number> =
            AnalysisPool::start("test", 1000, Arc::new(move || woken.send(()).unwrap())).unwrap();
        let (go, gate) = channel();
        let first = Box::new(move || {
            gate.recv().unwrap();
            Number(10)
        });
        assert!(pool.get(&1, || Some(first)).is_none());
        // The first is in progress or waits; of the next two the newer one is kept.
        while lock(&pool.shared.0).at != Some(1) {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(pool.get(&2, || Some(Box::new(|| Number(20)))).is_none());
        assert!(pool.get(&3, || Some(Box::new(|| Number(30)))).is_none());
        assert!(pool.get(&1, || panic!("it is under way")).is_none());
        assert_eq!(unanswered(), 2, "one is under way, of two the newer waits");
        go.send(()).unwrap();
        for _ in 0..2 {
            wakes.recv_timeout(Duration::from_secs(20)).unwrap();
        }
        while unanswered() > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        let there = |key| pool.get(&key, || None).map(|value| value.0);
        assert_eq!([there(1), there(2), there(3)], [Some(10), None, Some(30)]);
    }

    #[test]
    fn a_panic_ends_one_job() {
        let (woken, wakes) = channel();
        let pool: AnalysisPool<usize, Number> =
            AnalysisPool::start("test", 1000, Arc::new(move || woken.send(()).unwrap())).unwrap();
        assert!(pool.get(&1, || Some(Box::new(|| panic!("as the test wants")))).is_none());
        wakes.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(pool.failure(&1).as_deref(), Some("as the test wants"), "it is an answer");
        assert!(pool.get(&1, || panic!("it is not tried in every frame")).is_none());
        assert!(pool.get(&2, || Some(Box::new(|| Number(20)))).is_none());
        wakes.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(pool.get(&2, || None).as_deref(), Some(&Number(20)));
        // After another answer it may be tried again.
        assert_eq!(pool.failure(&1), None);
        assert!(pool.get(&1, || Some(Box::new(|| Number(10)))).is_none());
        wakes.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(pool.get(&1, || None).as_deref(), Some(&Number(10)));
    }
}
