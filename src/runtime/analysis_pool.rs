//! Analyses of steps beside the window: asked for in any frame, done in a thread of their own, the newest first. One that
//! panics has a failure for its answer.

use super::Wake;
use super::fault::panic_text;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Results that are kept unless another number is given.
const KEPT: usize = 1024;
/// Failures that are remembered at once.
const MOST_FAILED: usize = 64;

type Job<V> = Box<dyn FnOnce() -> V + Send>;

thread_local! {
    static UNANSWERED: Arc<AtomicUsize> = Arc::default();
}

/// Analyses that this thread asked for, in whatever pool, and that wait or are under way. Once there are none, the next frame
/// shows all there is to show.
#[must_use]
pub fn unanswered() -> usize {
    UNANSWERED.with(|count| count.load(Ordering::SeqCst))
}

/// Counts one analysis for the thread that asked, until it is answered or dropped.
struct Ticket(Arc<AtomicUsize>);

impl Ticket {
    fn take() -> Self {
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

struct State<K, V> {
    done: HashMap<K, Arc<V>>,
    /// What ended in a panic, with its words. Not tried again before something else was answered.
    failed: HashMap<K, String>,
    /// The newest job that nobody has begun; an older one is dropped, as nobody looks at it any more.
    waiting: Option<(K, Job<V>, Ticket)>,
    /// The job under way.
    at: Option<K>,
    /// Most results that are kept.
    most: usize,
    closing: bool,
}

/// Computes values by key in one thread. What is asked for and not there yet is `None`; `wake` is called when it is.
pub struct AnalysisPool<K, V> {
    shared: Arc<(Mutex<State<K, V>>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl<K: Eq + Hash + Clone + Send + 'static, V: Send + Sync + 'static> AnalysisPool<K, V> {
    /// Starts the thread.
    pub fn start(name: &str, wake: Wake) -> std::io::Result<Self> {
        Self::start_keeping(KEPT, name, wake)
    }

    /// The same, which keeps at most so many results at once: for large ones.
    pub fn start_keeping(most: usize, name: &str, wake: Wake) -> std::io::Result<Self> {
        let state =
            State { done: HashMap::new(), failed: HashMap::new(), waiting: None, at: None, most, closing: false };
        let shared = Arc::new((Mutex::new(state), Condvar::new()));
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || work(&theirs, &wake))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// The value of a key. Where it is not there, `job` gives what will compute it.
    pub fn get(&self, key: &K, job: impl FnOnce() -> Option<Job<V>>) -> Option<Arc<V>> {
        let mut state = lock(&self.shared.0);
        if let Some(value) = state.done.get(key) {
            return Some(Arc::clone(value));
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

    /// What came of a question that was asked: its value, or what a panic said; `None` while neither is there.
    pub fn answer(&self, key: &K) -> Option<Result<Arc<V>, String>> {
        let state = lock(&self.shared.0);
        let value = state.done.get(key).map(|value| Ok(Arc::clone(value)));
        value.or_else(|| state.failed.get(key).map(|words| Err(words.clone())))
    }

    /// What a panic said that ended the job of this key.
    pub fn failure(&self, key: &K) -> Option<String> {
        lock(&self.shared.0).failed.get(key).cloned()
    }
}

fn lock<K, V>(state: &Mutex<State<K, V>>) -> MutexGuard<'_, State<K, V>> {
    // Jobs run outside the lock.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work<K: Eq + Hash + Clone, V>(shared: &(Mutex<State<K, V>>, Condvar), wake: &Wake) {
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
                if state.done.len() >= state.most {
                    state.done.clear();
                }
                state.failed.clear();
                state.done.insert(key, Arc::new(value));
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

    #[test]
    fn the_newest_question_is_answered_and_answers_stay() {
        let (woken, wakes) = channel();
        let pool: AnalysisPool<usize, usize> =
            AnalysisPool::start("test", Arc::new(move || woken.send(()).unwrap())).unwrap();
        let (go, gate) = channel();
        let first = Box::new(move || {
            gate.recv().unwrap();
            10
        });
        assert!(pool.get(&1, || Some(first)).is_none());
        // The first is under way or waits; of the next two the newer one stays.
        while lock(&pool.shared.0).at != Some(1) {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(pool.get(&2, || Some(Box::new(|| 20))).is_none());
        assert!(pool.get(&3, || Some(Box::new(|| 30))).is_none());
        assert!(pool.get(&1, || panic!("it is under way")).is_none());
        assert_eq!(unanswered(), 2, "one is under way, of two the newer waits");
        go.send(()).unwrap();
        for _ in 0..2 {
            wakes.recv_timeout(Duration::from_secs(20)).unwrap();
        }
        while unanswered() > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        let there = |key| pool.get(&key, || None).map(|value| *value);
        assert_eq!([there(1), there(2), there(3)], [Some(10), None, Some(30)]);
    }

    #[test]
    fn a_panic_ends_one_job() {
        let (woken, wakes) = channel();
        let pool: AnalysisPool<usize, usize> =
            AnalysisPool::start("test", Arc::new(move || woken.send(()).unwrap())).unwrap();
        assert!(pool.get(&1, || Some(Box::new(|| panic!("as the test wants")))).is_none());
        wakes.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(pool.failure(&1).as_deref(), Some("as the test wants"), "it is an answer");
        assert!(pool.get(&1, || panic!("it is not tried in every frame")).is_none());
        assert!(pool.get(&2, || Some(Box::new(|| 20))).is_none());
        wakes.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(pool.get(&2, || None).as_deref(), Some(&20));
        // After another answer it may be tried again.
        assert_eq!(pool.failure(&1), None);
        assert!(pool.get(&1, || Some(Box::new(|| 10))).is_none());
        wakes.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(pool.get(&1, || None).as_deref(), Some(&10));
    }
}
