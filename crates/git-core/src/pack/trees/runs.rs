//! Lists of tree entries in which what is equal is kept once.
//!
//! A list is cut into runs, and equal runs are kept once. Where a run ends is decided by the entries themselves: a change in
//! one place leaves the runs elsewhere as they were.

use super::TreeItem;
use crate::pack::paged::Paged;
use crate::pack::slots::Slots;

/// Runs end after one item in so many, on average.
const RUN_LEN_MEAN: u64 = 16;
const RUN_LEN_MAX: usize = 64;

#[derive(Clone, Copy)]
struct Run {
    start: u32,
    len: u32,
}

/// Runs by number.
pub(super) struct Runs {
    items: Paged<TreeItem>,
    rows: Paged<Run>,
    /// By what a run holds.
    slots: Slots,
    key: u64,
}

impl Runs {
    pub(super) fn new(key: u64) -> Self {
        Self { items: Paged::default(), rows: Paged::default(), slots: Slots::new(), key: key | 1 }
    }

    /// Memory taken, in bytes.
    pub(super) fn byte_len(&self) -> usize {
        8 * self.items.len() + 8 * self.rows.len() + self.slots.byte_len()
    }

    /// Cuts a list into runs.
    pub(super) fn add(&mut self, items: &[TreeItem]) -> Vec<u32> {
        let (mut runs, mut rest) = (Vec::new(), items);
        while !rest.is_empty() {
            let ends = |item: &TreeItem| mix(self.key, self.key, *item).is_multiple_of(RUN_LEN_MEAN);
            let len = rest.iter().take(RUN_LEN_MAX).position(ends).map_or(rest.len().min(RUN_LEN_MAX), |at| at + 1);
            let (run, tail) = rest.split_at_checked(len).unwrap_or((rest, &[]));
            runs.push(self.number(run));
            rest = tail;
        }
        runs
    }

    /// The number of a run, a new one when none is equal.
    fn number(&mut self, items: &[TreeItem]) -> u32 {
        let found =
            self.slots.find(hash(items.iter().copied(), self.key), |run| self.items(run).eq(items.iter().copied()));
        found.unwrap_or_else(|slot| {
            let [start, len] = [self.items.len(), items.len()].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
            self.rows.push(Run { start, len });
            for &item in items {
                self.items.push(item);
            }
            let (items, rows, key) = (&self.items, &self.rows, self.key);
            self.slots.insert(slot, |run| hash(run_items(items, rows, run), key))
        })
    }

    pub(super) fn items(&self, run: u32) -> impl Iterator<Item = TreeItem> {
        run_items(&self.items, &self.rows, run)
    }
}

fn run_items(items: &Paged<TreeItem>, rows: &Paged<Run>, run: u32) -> impl Iterator<Item = TreeItem> {
    let run = rows.get(run as usize).copied().unwrap_or(Run { start: 0, len: 0 });
    (run.start..run.start + run.len).filter_map(|at| items.get(at as usize).copied())
}

fn mix(state: u64, key: u64, item: TreeItem) -> u64 {
    let word = (u64::from(item.name) << 32) | u64::from(item.object);
    let mixed = (state ^ word).wrapping_mul(key);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 7
}

fn hash(items: impl Iterator<Item = TreeItem>, key: u64) -> u64 {
    items.fold(key, |state, item| mix(state, key, item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_with_one_change_takes_little_more_memory() {
        let mut runs = Runs::new(77);
        let mut version: Vec<_> = (0..1000).map(|name| TreeItem::new(name, name * 3 % 1000, name % 5 == 0)).collect();
        runs.add(&version);
        let first = runs.items.len();
        for at in (0..1000).step_by(10) {
            version[at] = TreeItem::new(version[at].name, 5000 + u32::try_from(at).unwrap(), false);
            let list = runs.add(&version);
            assert_eq!(list.iter().flat_map(|&run| runs.items(run)).collect::<Vec<_>>(), version);
        }
        assert!(runs.items.len() - first < 100 * 4 * usize::try_from(RUN_LEN_MEAN).unwrap());
    }
}
