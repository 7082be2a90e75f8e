//! Comparing two trees, entry by entry.

use crate::pack::ids::IdNo;
use crate::pack::trees::{TakenTrees, TreeItem};

/// An item that no parent looked at so far has in its place, with the trees that they have there.
pub(super) struct New {
    pub(super) item: TreeItem,
    pub(super) theirs: Vec<IdNo>,
}

/// What `ours` has that `theirs` has not.
pub(super) fn changed(trees: &TakenTrees, ours: &[TreeItem], theirs: &[TreeItem]) -> Vec<New> {
    let (mut ours, mut theirs, mut new) = (ours, theirs, Vec::new());
    loop {
        let n_equal = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
        theirs = theirs.get(n_equal..).unwrap_or_default();
        let Some((&item, rest)) = ours.get(n_equal..).unwrap_or_default().split_first() else { return new };
        ours = rest;
        let same = same_name(trees, item, &mut theirs);
        if same != Some(item) {
            let tree = same.filter(|same| same.is_tree()).map(TreeItem::id_no);
            new.push(New { item, theirs: tree.into_iter().collect() });
        }
    }
}

/// Of `new`, what `theirs` has not either.
pub(super) fn leave_known(trees: &TakenTrees, mut new: Vec<New>, mut theirs: &[TreeItem]) -> Vec<New> {
    new.retain_mut(|New { item, theirs: found }| {
        let same = same_name(trees, *item, &mut theirs);
        let tree = same.filter(|same| same.is_tree()).map(TreeItem::id_no);
        // Parents that share a tree are neighbours for the most part.
        found.extend(tree.filter(|tree| found.last() != Some(tree)));
        same != Some(*item)
    });
    new
}

/// The item of that name and kind in another tree, of which `theirs` is left: what stands before is passed over.
fn same_name(trees: &TakenTrees, item: TreeItem, theirs: &mut &[TreeItem]) -> Option<TreeItem> {
    while let Some((&their, rest)) = theirs.split_first() {
        let is_same = their.name == item.name && their.is_tree() == item.is_tree();
        if !is_same && !trees.is_before(their, item) {
            return None;
        }
        *theirs = rest;
        if is_same {
            return Some(their);
        }
    }
    None
}

/// Numbers that have come up.
#[derive(Default)]
pub(super) struct Seen(Vec<u64>);

impl Seen {
    /// `false` when it has come up before.
    pub(super) fn insert(&mut self, no: IdNo) -> bool {
        let (at, bit) = (no as usize / 64, 1 << (no % 64));
        if at >= self.0.len() {
            self.0.resize(at + 1, 0);
        }
        self.0.get_mut(at).is_some_and(|word| {
            let is_new = *word & bit == 0;
            *word |= bit;
            is_new
        })
    }

    pub(super) fn forget(&mut self, numbers: &[IdNo]) {
        for &no in numbers {
            if let Some(word) = self.0.get_mut(no as usize / 64) {
                *word &= !(1 << (no % 64));
            }
        }
    }
}
