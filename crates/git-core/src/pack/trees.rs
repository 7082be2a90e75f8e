//! The entries of many trees in little memory.
//!
//! Versions of one folder share most of their entries, so a tree is kept as a list of runs, and equal runs are kept once.
//! Where a run ends is decided by the entries themselves: a change in one place leaves the runs elsewhere as they were.

use super::ids::IdNo;
use super::paged::Paged;

/// An entry of a tree that names an object kept here: name and object by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TreeItem {
    pub(crate) name: u32,
    object: u32,
}

const IS_TREE: u32 = 1 << 31;

impl TreeItem {
    pub(crate) fn new(name: u32, object: IdNo, is_tree: bool) -> Self {
        Self { name, object: object | if is_tree { IS_TREE } else { 0 } }
    }

    pub(crate) fn id_no(self) -> IdNo {
        self.object & !IS_TREE
    }

    pub(crate) fn is_tree(self) -> bool {
        self.object & IS_TREE != 0
    }
}

/// Runs end after one item in so many, on average.
const RUN_LEN_MEAN: u64 = 16;
const RUN_LEN_MAX: usize = 64;
const EMPTY: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Run {
    start: u32,
    len: u32,
}

/// Trees as lists of runs.
pub(crate) struct Trees {
    items: Paged<TreeItem>,
    runs: Paged<Run>,
    /// Open addressing by what a run holds.
    slots: Vec<u32>,
    /// The runs of all trees, one tree after the other.
    lists: Paged<u32>,
    key: u64,
}

/// A tree: where its runs are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tree {
    start: u32,
    end: u32,
}

/// A place in a tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor {
    at: u32,
    end: u32,
    in_run: u32,
}

impl Trees {
    pub(crate) fn new(key: u64) -> Self {
        Self {
            items: Paged::default(),
            runs: Paged::default(),
            slots: vec![EMPTY; 1024],
            lists: Paged::default(),
            key: key | 1,
        }
    }

    /// Memory taken, in bytes.
    pub(crate) fn byte_len(&self) -> usize {
        8 * self.items.len() + 8 * self.runs.len() + 4 * self.lists.len() + 4 * self.slots.len()
    }

    /// Keeps a tree.
    pub(crate) fn add(&mut self, items: &[TreeItem]) -> Tree {
        let start = to_u32(self.lists.len());
        let mut rest = items;
        while !rest.is_empty() {
            let ends = |item: &TreeItem| self.mix(self.key, *item).is_multiple_of(RUN_LEN_MEAN);
            let len = rest.iter().take(RUN_LEN_MAX).position(ends).map_or(rest.len().min(RUN_LEN_MAX), |at| at + 1);
            let (run, tail) = rest.split_at_checked(len).unwrap_or((rest, &[]));
            let run = self.run(run);
            self.lists.push(run);
            rest = tail;
        }
        Tree { start, end: to_u32(self.lists.len()) }
    }

    /// The number of a run, a new one when none is equal.
    fn run(&mut self, items: &[TreeItem]) -> u32 {
        let mask = self.slots.len() - 1;
        let mut at = self.hash(items.iter().copied()) & mask;
        while let Some(&number) = self.slots.get(at).filter(|&&number| number != EMPTY) {
            if self.run_items(number).eq(items.iter().copied()) {
                return number;
            }
            at = (at + 1) & mask;
        }
        let number = to_u32(self.runs.len());
        self.runs.push(Run { start: to_u32(self.items.len()), len: to_u32(items.len()) });
        for &item in items {
            self.items.push(item);
        }
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = number;
        }
        if self.runs.len() * 4 > self.slots.len() * 3 {
            self.grow();
        }
        number
    }

    fn run_items(&self, number: u32) -> impl Iterator<Item = TreeItem> {
        let run = self.runs.get(number as usize).copied().unwrap_or(Run { start: 0, len: 0 });
        (run.start..run.start + run.len).filter_map(|at| self.items.get(at as usize).copied())
    }

    fn mix(&self, state: u64, item: TreeItem) -> u64 {
        let word = (u64::from(item.name) << 32) | u64::from(item.object);
        let mixed = (state ^ word).wrapping_mul(self.key);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 7
    }

    fn hash(&self, items: impl Iterator<Item = TreeItem>) -> usize {
        let mixed = items.fold(self.key, |state, item| self.mix(state, item));
        usize::try_from(mixed & 0xffff_ffff).unwrap_or(0)
    }

    fn grow(&mut self) {
        self.slots = vec![EMPTY; self.slots.len() * 2];
        let mask = self.slots.len() - 1;
        for number in 0..to_u32(self.runs.len()) {
            let mut at = self.hash(self.run_items(number)) & mask;
            while self.slots.get(at).is_some_and(|&taken| taken != EMPTY) {
                at = (at + 1) & mask;
            }
            if let Some(slot) = self.slots.get_mut(at) {
                *slot = number;
            }
        }
    }

    /// The start of a tree.
    pub(crate) fn cursor(tree: Tree) -> Cursor {
        Cursor { at: tree.start, end: tree.end, in_run: 0 }
    }

    /// The item at the cursor; `None` at the end of the tree.
    pub(crate) fn item(&self, cursor: Cursor) -> Option<TreeItem> {
        let run = self.runs.get(*self.lists.get(cursor.at as usize)? as usize)?;
        if cursor.at < cursor.end { self.items.get((run.start + cursor.in_run) as usize).copied() } else { None }
    }

    /// Moves past the item at the cursor.
    pub(crate) fn advance(&self, cursor: &mut Cursor) {
        cursor.in_run += 1;
        let len =
            self.lists.get(cursor.at as usize).and_then(|&run| self.runs.get(run as usize)).map_or(0, |run| run.len);
        if cursor.in_run >= len {
            *cursor = Cursor { at: cursor.at + 1, in_run: 0, ..*cursor };
        }
    }

    /// Moves both past a run that they share, if both stand at the start of one.
    pub(crate) fn skip_shared(&self, ours: &mut Cursor, theirs: &mut Cursor) -> bool {
        let at_start = |cursor: &Cursor| cursor.in_run == 0 && cursor.at < cursor.end;
        let shared = at_start(ours)
            && at_start(theirs)
            && self.lists.get(ours.at as usize) == self.lists.get(theirs.at as usize);
        if shared {
            (ours.at, theirs.at) = (ours.at + 1, theirs.at + 1);
        }
        shared
    }
}

/// Counts here are held far below 2^32 by [`super::Limits::tree_bytes_max`].
fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(n: u32) -> Vec<TreeItem> {
        (0..n).map(|name| TreeItem::new(name, name * 3 % 1000, name % 5 == 0)).collect()
    }

    fn read(trees: &Trees, tree: Tree) -> Vec<TreeItem> {
        let mut cursor = Trees::cursor(tree);
        std::iter::from_fn(|| {
            let item = trees.item(cursor)?;
            trees.advance(&mut cursor);
            Some(item)
        })
        .collect()
    }

    #[test]
    fn a_tree_is_read_as_it_was_added() {
        let mut trees = Trees::new(77);
        for n in [0, 1, 15, 500, 3000] {
            let tree = trees.add(&items(n));
            assert_eq!(read(&trees, tree), items(n));
        }
    }

    #[test]
    fn a_version_with_one_change_takes_little_more_memory() {
        let mut trees = Trees::new(77);
        let mut version = items(1000);
        trees.add(&version);
        let first = trees.items.len();
        for at in (0..1000).step_by(10) {
            version[at] = TreeItem::new(version[at].name, 5000 + u32::try_from(at).unwrap(), false);
            let tree = trees.add(&version);
            assert_eq!(read(&trees, tree), version);
        }
        assert!(trees.items.len() - first < 100 * 4 * usize::try_from(RUN_LEN_MEAN).unwrap());
    }

    #[test]
    fn shared_runs_are_skipped_on_both_sides_at_once() {
        let mut trees = Trees::new(77);
        let (ours, mut version) = (items(1000), items(1000));
        version[500] = TreeItem::new(500, 9, false);
        let (a, b) = (trees.add(&ours), trees.add(&version));
        let (mut a, mut b) = (Trees::cursor(a), Trees::cursor(b));
        let mut n_compared = 0;
        loop {
            while trees.skip_shared(&mut a, &mut b) {}
            let (Some(x), Some(y)) = (trees.item(a), trees.item(b)) else { break };
            n_compared += 1;
            assert!(x == y || x.name == 500);
            trees.advance(&mut a);
            trees.advance(&mut b);
        }
        assert!(n_compared > 0 && n_compared <= 2 * RUN_LEN_MAX);
    }
}
