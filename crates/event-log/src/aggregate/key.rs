//! What tells groups apart, and how it is found fast.

use core::hash::{BuildHasherDefault, Hasher};
use std::collections::HashMap;

/// What tells a group from the others: its names by their numbers, and a time. What the question does not group by is the same in
/// all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) subject: u32,
    pub(super) outcome: u32,
    pub(super) time_ms: u64,
}

/// Where the group of each key is.
pub(super) type Indexes = HashMap<Key, usize, BuildHasherDefault<KeyHasher>>;

/// A hash for three numbers, looked up once for each event. Nobody chooses them so that they meet: two are counted up, and one is the time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64((*byte).into());
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    /// The high bits are the good ones, and a table looks at the low ones: times are multiples of large powers of two.
    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}

#[cfg(test)]
mod tests {
    use core::hash::Hash;
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_of_a_usual_query_hardly_meet() {
        let of = |key: Key| {
            let mut hasher = KeyHasher::default();
            key.hash(&mut hasher);
            hasher.finish()
        };
        for keys in [
            (0..10_000).map(|n| Key { subject: n, outcome: 0, time_ms: 0 }).collect::<Vec<_>>(),
            (0..10_000).map(|n| Key { subject: n / 10, outcome: n % 10, time_ms: 0 }).collect(),
            (0..10_000_u32).map(|n| Key { subject: 0, outcome: 0, time_ms: u64::from(n) * 3_600_000 }).collect(),
            (0..10_000)
                .map(|n| Key { subject: n % 100, outcome: 0, time_ms: u64::from(n / 100) * 86_400_000 })
                .collect(),
        ] {
            let low: HashSet<u64> = keys.iter().map(|key| of(*key) % 16_384).collect();
            let high: HashSet<u64> = keys.iter().map(|key| of(*key) >> 57).collect();
            assert!(low.len() > 6_000 && high.len() > 100, "{} {}", low.len(), high.len());
        }
    }
}
