//! The entries of many trees in little memory.
//!
//! A tree that came as a delta is kept as what makes it of its base's, which for a version of a folder is a few bytes. Others
//! are kept whole, as runs of which equal ones are kept once. To read a tree is to read those below it first, so there is
//! a most of how many.

mod edit;
mod read;
mod runs;
mod taken;

use self::edit::Edit;
pub(crate) use self::read::TreeReader;
use self::runs::Runs;
pub(crate) use self::taken::{DeltaBase, TakenTrees};
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

/// The number of a tree.
pub(crate) type TreeNo = u32;

/// How many trees may stand on top of one another. Git's own chains of deltas are no longer than 50.
const DEPTH_MAX: usize = 64;

/// Trees by number.
pub(crate) struct Trees {
    /// Where in the log each tree begins.
    starts: Paged<u32>,
    /// Numbers of seven bits a byte. First how many trees before this one its base is: 0 for none. Then the runs, or the edit.
    log: Paged<u8, 65536>,
    runs: Runs,
}

impl Trees {
    pub(crate) fn new(key: u64) -> Self {
        Self { starts: Paged::default(), log: Paged::default(), runs: Runs::new(key) }
    }

    /// Memory taken, in bytes.
    pub(crate) fn byte_len(&self) -> usize {
        4 * self.starts.len() + self.log.len() + self.runs.byte_len()
    }

    /// Keeps a tree.
    pub(crate) fn add(&mut self, items: &[TreeItem]) -> TreeNo {
        let runs = self.runs.add(items);
        self.push(0, &runs)
    }

    /// Keeps what `edit` makes of another, which can be a base.
    pub(crate) fn add_edited(&mut self, base: TreeNo, edit: &mut Edit) -> TreeNo {
        self.push(to_u32(self.starts.len()) - base, edit.finish())
    }

    /// Whether a tree may stand on top of this one.
    pub(crate) fn can_be_base(&self, tree: TreeNo) -> bool {
        std::iter::successors(Some(tree), |&tree| self.base(tree)).nth(DEPTH_MAX - 1).is_none()
    }

    fn push(&mut self, distance: u32, numbers: &[u32]) -> TreeNo {
        let tree = to_u32(self.starts.len());
        self.starts.push(to_u32(self.log.len()));
        for &number in std::iter::once(&distance).chain(numbers) {
            let mut rest = number;
            while rest > 0x7f {
                self.log.push(rest.to_le_bytes()[0] | 0x80);
                rest >>= 7;
            }
            self.log.push(rest.to_le_bytes()[0]);
        }
        tree
    }

    /// The tree below this one.
    fn base(&self, tree: TreeNo) -> Option<TreeNo> {
        let distance = self.numbers(tree).next().filter(|&distance| distance > 0)?;
        tree.checked_sub(distance)
    }

    /// The items of a tree, given those of the one below.
    fn items(&self, tree: TreeNo, base: &[TreeItem]) -> Vec<TreeItem> {
        let mut numbers = self.numbers(tree);
        match numbers.next() {
            Some(0) => numbers.flat_map(|run| self.runs.items(run)).collect(),
            _ => edit::apply(base, numbers),
        }
    }

    fn numbers(&self, tree: TreeNo) -> impl Iterator<Item = u32> {
        let start = |tree: TreeNo| self.starts.get(tree as usize).map_or(self.log.len(), |&start| start as usize);
        let (mut at, end) = (start(tree), start(tree.saturating_add(1)));
        std::iter::from_fn(move || {
            let (mut number, mut shift) = (0, 0);
            while at < end {
                let byte = *self.log.get(at)?;
                at += 1;
                number |= u32::from(byte & 0x7f) << shift;
                shift += 7;
                if byte & 0x80 == 0 {
                    return Some(number);
                }
            }
            None
        })
    }
}

/// Counts here are held below 2^31 by [`super::Limits`].
fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(n: u32) -> Vec<TreeItem> {
        (0..n).map(|name| TreeItem::new(name, name * 3 % 1000, name % 5 == 0)).collect()
    }

    #[test]
    fn a_tree_is_read_as_it_was_added() {
        let mut trees = Trees::new(77);
        for n in [0, 1, 15, 500, 3000] {
            let tree = trees.add(&items(n));
            assert_eq!(trees.items(tree, &[]), items(n));
        }
    }

    #[test]
    fn trees_stand_on_one_another_up_to_a_bound() {
        let mut trees = Trees::new(77);
        let mut top = trees.add(&items(300));
        let whole = trees.byte_len();
        let mut expected = items(300);
        let mut n = 1;
        while trees.can_be_base(top) {
            let mut edit = Edit::default();
            (0..n).for_each(|_| edit.keep());
            edit.leave_out();
            expected[n] = TreeItem::new(900, 1 << 20, n.is_multiple_of(2));
            edit.put_in(expected[n]);
            top = trees.add_edited(top, &mut edit);
            n += 1;
        }
        assert_eq!(n, DEPTH_MAX);
        assert!(trees.byte_len() - whole < DEPTH_MAX * 16);
        let mut reader = TreeReader::new(0);
        assert_eq!(*reader.read(&trees, top), expected);
        assert_eq!(reader.n_read(), 300 * DEPTH_MAX as u64);
    }
}
