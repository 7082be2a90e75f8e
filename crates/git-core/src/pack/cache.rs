//! Objects at hand while deltas are resolved: the least recently used go first.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

/// What an object takes beside its content: its place in the table, its uses, the allocations.
const OVERHEAD: usize = 128;

/// Inflated objects by key, or lists of another kind, bounded in bytes.
pub(crate) struct ObjectCache<T = u8> {
    objects: HashMap<u32, (Rc<Vec<T>>, u64)>,
    /// Uses in order; a use that is not an object's last is passed over.
    uses: VecDeque<(u32, u64)>,
    clock: u64,
    bytes: usize,
    bytes_max: usize,
}

impl<T> ObjectCache<T> {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { objects: HashMap::new(), uses: VecDeque::new(), clock: 0, bytes: 0, bytes_max }
    }

    pub(crate) fn get(&mut self, key: u32) -> Option<Rc<Vec<T>>> {
        let (object, last_use) = self.objects.get_mut(&key)?;
        self.clock += 1;
        *last_use = self.clock;
        self.uses.push_back((key, self.clock));
        let object = Rc::clone(object);
        self.forget_old_uses();
        Some(object)
    }

    /// Keeps `object` unless it alone would fill a quarter of the cache.
    pub(crate) fn insert(&mut self, key: u32, object: Rc<Vec<T>>) {
        if byte_len(&object) > self.bytes_max / 4 || self.objects.contains_key(&key) {
            return;
        }
        self.clock += 1;
        self.bytes += byte_len(&object);
        self.objects.insert(key, (object, self.clock));
        self.uses.push_back((key, self.clock));
        while self.bytes > self.bytes_max {
            let Some((oldest, used)) = self.uses.pop_front() else { break };
            if self.objects.get(&oldest).is_some_and(|(_, last_use)| *last_use == used)
                && let Some((object, _)) = self.objects.remove(&oldest)
            {
                self.bytes -= byte_len(&object);
            }
        }
    }

    fn forget_old_uses(&mut self) {
        if self.uses.len() > 4 * self.objects.len() + 64 {
            let objects = &self.objects;
            self.uses.retain(|(key, used)| objects.get(key).is_some_and(|(_, last_use)| last_use == used));
        }
    }
}

fn byte_len<T>(object: &Vec<T>) -> usize {
    object.capacity() * size_of::<T>() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut cache = ObjectCache::<u8>::new(4 * (10 + OVERHEAD));
        for key in 0..4 {
            cache.insert(key, Rc::new(vec![0; 10]));
        }
        assert!(cache.get(0).is_some());
        cache.insert(4, Rc::new(vec![0; 10]));
        assert!(cache.get(1).is_none() && cache.get(0).is_some() && cache.get(4).is_some());
    }

    #[test]
    fn what_would_fill_a_quarter_is_not_kept() {
        let mut cache = ObjectCache::<u8>::new(4 * (10 + OVERHEAD));
        cache.insert(1, Rc::new(vec![0; 11]));
        assert!(cache.get(1).is_none());
    }

    #[test]
    fn many_uses_of_few_objects_take_no_memory() {
        let mut cache = ObjectCache::<u8>::new(4 * (10 + OVERHEAD));
        cache.insert(1, Rc::new(vec![0; 10]));
        for _ in 0..1000 {
            cache.get(1);
        }
        assert!(cache.uses.len() <= 69);
    }
}
