//! What this isolate keeps between requests. Packs never change, so what is kept never lies.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// Values by key, bounded in weight; the least recently used go first.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    values: HashMap<K, (V, usize, u64)>,
    by_use: BTreeMap<u64, K>,
    clock: u64,
    weight: usize,
    weight_max: usize,
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    pub(crate) fn new(weight_max: usize) -> Self {
        Self { values: HashMap::new(), by_use: BTreeMap::new(), clock: 0, weight: 0, weight_max }
    }

    pub(crate) fn get(&mut self, key: &K) -> Option<V> {
        let (value, _, last_use) = self.values.get_mut(key)?;
        self.clock += 1;
        self.by_use.remove(last_use);
        *last_use = self.clock;
        self.by_use.insert(self.clock, key.clone());
        Some(value.clone())
    }

    /// Keeps a value, unless it alone is heavier than everything may be.
    pub(crate) fn insert(&mut self, key: K, value: V, weight: usize) {
        if weight > self.weight_max {
            return;
        }
        self.clock += 1;
        self.weight += weight;
        if let Some((_, old_weight, last_use)) = self.values.insert(key.clone(), (value, weight, self.clock)) {
            self.weight -= old_weight;
            self.by_use.remove(&last_use);
        }
        self.by_use.insert(self.clock, key);
        while self.weight > self.weight_max {
            let Some((_, oldest)) = self.by_use.pop_first() else { break };
            if let Some((_, weight, _)) = self.values.remove(&oldest) {
                self.weight -= weight;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut cache = Cache::new(3);
        for key in 0..3 {
            cache.insert(key, key, 1);
        }
        assert_eq!(cache.get(&0), Some(0));
        cache.insert(3, 3, 1);
        assert_eq!([0, 1, 2, 3].map(|key| cache.get(&key)), [Some(0), None, Some(2), Some(3)]);
    }

    #[test]
    fn a_value_that_is_put_again_weighs_once() {
        let mut cache = Cache::new(3);
        cache.insert("a", 1, 2);
        cache.insert("a", 2, 3);
        assert_eq!((cache.get(&"a"), cache.weight), (Some(2), 3));
        cache.insert("b", 1, 4);
        assert_eq!(cache.get(&"a"), Some(2));
    }
}
