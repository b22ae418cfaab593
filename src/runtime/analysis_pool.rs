//! Background analyses of steps: requested in any frame, done in a separate thread, newest first. If one panics, its
//! answer is a failure.

use super::Wake;
use super::fault::panic_text;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Failures that are remembered at once.
const MOST_FAILED: usize = 64;

/// What computes a value, on another thread.
pub type Job<V> = Box<dyn FnOnce() -> V + Send>;

/// How much memory a result takes.
pub trait Weigh {
    /// About how many bytes it keeps.
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

/// A result that is kept.
struct KeptResult<V> {
    value: Arc<V>,
    bytes: usize,
    /// When it was last looked at, by the count of looks.
    used: u64,
}

struct PoolState<K, V> {
    done: HashMap<K, KeptResult<V>>,
    /// What they weigh together, and may.
    bytes: usize,
    budget: usize,
    looks: u64,
    /// What ended in a panic, with its words. Not tried again before something else was answered.
    failed: HashMap<K, String>,
    /// The newest job that nobody has begun; an older one is dropped, as nobody looks at it any more.
    waiting: Option<(K, Job<V>, Ticket)>,
    /// The job under way.
    at: Option<K>,
    closing: bool,
}

impl<K: Eq + Hash + Clone, V> PoolState<K, V> {
    fn look(&mut self, key: &K) -> Option<Arc<V>> {
        let kept = self.done.get_mut(key)?;
        self.looks += 1;
        kept.used = self.looks;
        Some(Arc::clone(&kept.value))
    }

    /// Keeps a result, and lets go of those that were longest not looked at where all together weigh too much.
    fn keep(&mut self, key: K, value: V, bytes: usize) {
        self.looks += 1;
        self.bytes += bytes;
        let kept = KeptResult { value: Arc::new(value), bytes, used: self.looks };
        if let Some(before) = self.done.insert(key, kept) {
            self.bytes -= before.bytes;
        }
        while self.bytes > self.budget && self.done.len() > 1 {
            let oldest = self.done.iter().min_by_key(|(_, kept)| kept.used).map(|(key, _)| key.clone());
            let gone = oldest.and_then(|key| self.done.remove(&key));
            self.bytes -= gone.map_or(0, |kept| kept.bytes);
        }
    }
}

/// Computes values by key in one thread. What is requested and not there yet is `None`; `wake` is called when it is.
pub struct AnalysisPool<K, V> {
    shared: Arc<(Mutex<PoolState<K, V>>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl<K: Eq + Hash + Clone + Send + 'static, V: Weigh + Send + Sync + 'static> AnalysisPool<K, V> {
    /// Starts the thread. Results are kept as long as they weigh no more than `budget` bytes together, the newest whatever
    /// it weighs.
    pub fn start(name: &str, budget: usize, wake: Wake) -> std::io::Result<Self> {
        let state = PoolState {
            done: HashMap::new(),
            bytes: 0,
            budget,
            looks: 0,
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

    /// The value of a key. Where it is not there, `job` gives what will compute it.
    pub fn get(&self, key: &K, job: impl FnOnce() -> Option<Job<V>>) -> Option<Arc<V>> {
        let mut state = lock(&self.shared.0);
        if let Some(value) = state.look(key) {
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

    /// What came of a question that was asked: its value, or what a panic said; `None` while neither is there.
    pub fn answer(&self, key: &K) -> Option<Result<Arc<V>, String>> {
        let mut state = lock(&self.shared.0);
        let value = state.look(key).map(Ok);
        value.or_else(|| state.failed.get(key).map(|words| Err(words.clone())))
    }

    /// What the results that are kept weigh together, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        lock(&self.shared.0).bytes
    }

    /// What a panic said that ended the job of this key.
    pub fn failure(&self, key: &K) -> Option<String> {
        lock(&self.shared.0).failed.get(key).cloned()
    }
}

fn lock<K, V>(state: &Mutex<PoolState<K, V>>) -> MutexGuard<'_, PoolState<K, V>> {
    // Jobs run outside the lock.
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
                state.keep(key, value, bytes);
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

    /// It weighs as much as it is.
    #[derive(Debug, PartialEq)]
    struct Number(usize);

    impl Weigh for Number {
        fn bytes(&self) -> usize {
            self.0
        }
    }

    #[test]
    fn what_was_looked_at_last_is_kept_within_the_budget() {
        let mut state: PoolState<usize, Number> = PoolState {
            done: HashMap::new(),
            bytes: 0,
            budget: 100,
            looks: 0,
            failed: HashMap::new(),
            waiting: None,
            at: None,
            closing: false,
        };
        for (key, bytes) in [(1, 40), (2, 40)] {
            state.keep(key, Number(bytes), bytes);
        }
        assert!(state.look(&1).is_some());
        state.keep(3, Number(40), 40);
        assert_eq!((state.look(&2), state.bytes), (None, 80), "the second was not looked at");
        state.keep(1, Number(10), 10);
        assert_eq!(state.bytes, 50, "a new answer takes the place of the old");
        state.keep(4, Number(900), 900);
        assert_eq!((state.done.len(), state.bytes), (1, 900), "the newest stays, whatever it weighs");
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
        // The first is under way or waits; of the next two the newer one stays.
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
