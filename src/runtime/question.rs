//! A slot for one question at a time: the newest question is asked, and the previous answer stays until the next one
//! arrives.

use super::Wake;
use super::analysis_pool::{AnalysisPool, Job, Weigh};
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an answer may take before the old one is shown as outdated.
const PATIENCE: Duration = Duration::from_millis(300);

/// Asks a thread of its own one question at a time, so that during a drag answers follow as fast as they are computed. A question
/// whose job panicked is answered by the panic's message, and not asked again until another was.
pub struct QuestionSlot<K, V> {
    /// Without the thread there are no answers, and their views stay empty.
    pool: Option<AnalysisPool<K, V>>,
    /// The latest question without an answer, and when it was asked.
    asked: Option<(K, Instant)>,
    failed: Option<(K, String)>,
    shown: Option<(K, Arc<V>)>,
}

impl<K, V> Default for QuestionSlot<K, V> {
    fn default() -> Self {
        Self { pool: None, asked: None, failed: None, shown: None }
    }
}

impl<K: Eq + Hash + Clone + Send + 'static, V: Weigh + Send + Sync + 'static> QuestionSlot<K, V> {
    /// Starts the thread. Answers are kept within `budget` bytes, the newest whatever its size; `wake` is called when one
    /// arrives.
    #[must_use]
    pub fn start(name: &str, budget: usize, wake: Wake) -> Self {
        Self { pool: AnalysisPool::start(name, budget, wake).ok(), ..Self::default() }
    }

    /// Collects an answer that has arrived since the last call.
    pub fn take(&mut self) -> Option<&Arc<V>> {
        let (asked, _) = self.asked.as_ref()?;
        let answer = self.pool.as_ref()?.answer(asked)?;
        let (key, _) = self.asked.take()?;
        match answer {
            Ok(value) => {
                self.failed = None;
                Some(&self.shown.insert((key, value)).1)
            }
            Err(words) => {
                self.failed = Some((key, words));
                None
            }
        }
    }

    /// Collects an answer, and asks for `key` unless it is known, failed or waits for an earlier answer. `job` makes the
    /// job, or returns `None` if there is nothing to ask. Returns whether the shown answer has changed.
    pub fn follow(&mut self, key: K, job: impl FnOnce() -> Option<Job<V>>) -> bool {
        let taken = self.take().is_some();
        if self.is_waiting() {
            return taken;
        }
        if self.failed.as_ref().is_some_and(|(failed, _)| *failed == key) {
            return self.shown.take().is_some() || taken;
        }
        self.failed = None;
        if self.shown.as_ref().is_some_and(|(shown, _)| *shown == key) {
            return taken;
        }
        self.ask(key, job) || taken
    }

    /// Asks in any case. Returns whether the answer was already known and is shown.
    pub fn ask(&mut self, key: K, job: impl FnOnce() -> Option<Job<V>>) -> bool {
        let Some(pool) = &self.pool else { return false };
        let mut asks = false;
        let known = pool.get(&key, || job().inspect(|_| asks = true));
        let is_known = known.is_some();
        if let Some(value) = known {
            self.shown = Some((key, value));
        } else if asks {
            self.asked = Some((key, Instant::now()));
        }
        is_known
    }

    /// Clears the shown answer until the next one arrives.
    pub fn clear(&mut self) {
        self.shown = None;
    }

    /// The shown answer, and its question.
    #[must_use]
    pub fn shown(&self) -> Option<(&K, &Arc<V>)> {
        self.shown.as_ref().map(|(key, value)| (key, value))
    }

    /// Whether a question waits for its answer.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether an answer is overdue.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.asked.as_ref().is_some_and(|(_, since)| since.elapsed() > PATIENCE)
    }

    /// How long until it is overdue; `None` if nothing is awaited or it already is.
    #[must_use]
    pub fn late_in(&self) -> Option<Duration> {
        self.asked.as_ref().and_then(|(_, since)| PATIENCE.checked_sub(since.elapsed()))
    }

    /// The latest question whose job panicked.
    #[must_use]
    pub fn failed(&self) -> Option<&K> {
        self.failed.as_ref().map(|(key, _)| key)
    }

    /// The message of that panic; `None` once another question was answered.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failed.as_ref().map(|(_, words)| words.as_str())
    }

    /// Allows the failed question to be asked again.
    pub fn forget_failure(&mut self) {
        self.failed = None;
    }

    /// Size of the kept answers, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.pool.as_ref().map_or(0, AnalysisPool::bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, channel};

    type Slot = QuestionSlot<u32, Vec<f64>>;

    fn slot() -> (Slot, Receiver<()>) {
        let (woken, wakes) = channel();
        let wake = Arc::new(move || woken.send(()).unwrap_or_default()); // the test may have ended
        (Slot::start("test", 1000, wake), wakes)
    }

    fn wait(wakes: &Receiver<()>) {
        wakes.recv_timeout(Duration::from_secs(20)).unwrap();
    }

    fn value(slot: &Slot) -> Option<(u32, f64)> {
        slot.shown().map(|(key, value)| (*key, value[0]))
    }

    #[test]
    fn the_old_answer_stays_until_the_newest_question_is_answered() {
        let (mut slot, wakes) = slot();
        assert!(!slot.follow(1, || Some(Box::new(|| vec![1.0]))));
        wait(&wakes);
        assert!(slot.follow(1, || panic!("it is there")));
        let (go, gate) = channel();
        let held: Job<Vec<f64>> = Box::new(move || {
            gate.recv().unwrap();
            vec![2.0]
        });
        assert!(!slot.follow(2, || Some(held)));
        assert!(!slot.follow(3, || panic!("one question at a time")));
        assert_eq!((value(&slot), slot.is_waiting(), slot.is_late()), (Some((1, 1.0)), true, false));
        assert!(slot.late_in().is_some());
        go.send(()).unwrap();
        wait(&wakes);
        assert!(slot.follow(3, || Some(Box::new(|| vec![3.0]))), "the second comes by");
        assert_eq!(value(&slot), Some((2, 2.0)));
        wait(&wakes);
        assert!(slot.follow(3, || panic!("it is there")));
        assert!(slot.follow(1, || panic!("it was kept")));
        assert_eq!((value(&slot), slot.bytes()), (Some((1, 1.0)), 24));
        assert!(!slot.follow(1, || panic!("it is shown")));
        assert!(!slot.follow(4, || None), "there is nothing to ask");
        assert_eq!((value(&slot), slot.is_waiting()), (Some((1, 1.0)), false));
        slot.clear();
        assert_eq!(value(&slot), None);
    }

    #[test]
    fn a_panic_is_an_answer_and_ends_with_the_next() {
        let (mut slot, wakes) = slot();
        slot.follow(1, || Some(Box::new(|| panic!("as the test wants"))));
        wait(&wakes);
        assert!(!slot.follow(1, || panic!("it is not asked in every frame")));
        assert_eq!((slot.failure(), slot.failed()), (Some("as the test wants"), Some(&1)));
        slot.follow(2, || Some(Box::new(|| vec![2.0])));
        wait(&wakes);
        assert!(slot.take().is_some());
        assert_eq!((slot.failure(), value(&slot)), (None, Some((2, 2.0))));
        slot.follow(1, || Some(Box::new(|| vec![1.0])));
        wait(&wakes);
        assert!(slot.follow(1, || None), "after another answer it is tried again");
        assert_eq!(value(&slot), Some((1, 1.0)));
    }
}
