//! Results of background work, kept by what they answer within a byte budget.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// A result that is kept.
struct KeptResult<V> {
    value: Arc<V>,
    bytes: usize,
    /// When it was last used, by a counter of uses.
    used: u64,
}

/// Results by key, the least recently used of which are dropped.
pub(super) struct KeptResults<K, V> {
    kept: HashMap<K, KeptResult<V>>,
    /// Their size together, and its limit.
    bytes: usize,
    budget: usize,
    looks: u64,
}

impl<K: Eq + Hash + Clone, V> KeptResults<K, V> {
    /// None yet, and at most this many bytes; the newest is kept whatever its size.
    pub fn within(budget: usize) -> Self {
        Self { kept: HashMap::new(), bytes: 0, budget, looks: 0 }
    }

    /// The result of a key.
    pub fn look(&mut self, key: &K) -> Option<Arc<V>> {
        let kept = self.kept.get_mut(key)?;
        self.looks += 1;
        kept.used = self.looks;
        Some(Arc::clone(&kept.value))
    }

    /// Keeps a result, and drops the least recently used ones if all together are too large.
    pub fn keep(&mut self, key: K, value: V, bytes: usize) {
        self.looks += 1;
        self.bytes += bytes;
        let kept = KeptResult { value: Arc::new(value), bytes, used: self.looks };
        if let Some(before) = self.kept.insert(key, kept) {
            self.bytes -= before.bytes;
        }
        while self.bytes > self.budget && self.kept.len() > 1 {
            let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.used).map(|(key, _)| key.clone());
            let gone = oldest.and_then(|key| self.kept.remove(&key));
            self.bytes -= gone.map_or(0, |kept| kept.bytes);
        }
    }

    /// Whether there is a result of a key. It does not count as a use.
    pub fn has(&self, key: &K) -> bool {
        self.kept.contains_key(key)
    }

    /// Drops all.
    pub fn clear(&mut self) {
        self.kept.clear();
        self.bytes = 0;
    }

    /// Size of the kept results, bytes.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_at_last_is_kept_within_the_budget() {
        let mut results: KeptResults<usize, usize> = KeptResults::within(100);
        for (key, bytes) in [(1, 40), (2, 40)] {
            results.keep(key, bytes, bytes);
        }
        assert!(results.look(&1).is_some());
        results.keep(3, 40, 40);
        assert_eq!((results.look(&2), results.bytes()), (None, 80), "the second was not looked at");
        results.keep(1, 10, 10);
        assert_eq!(results.bytes(), 50, "a new answer takes the place of the old");
        results.keep(4, 900, 900);
        assert_eq!((results.kept.len(), results.bytes()), (1, 900), "the newest stays, whatever it weighs");
        results.clear();
        assert!(!results.has(&4));
        assert_eq!(results.bytes(), 0);
    }
}
