//! Trees being read: what is read together with them is kept for a while.

use std::rc::Rc;

use super::{TreeItem, TreeNo, Trees};
use crate::pack::cache::ObjectCache;

/// Reads trees. The least recently used that it keeps go first.
pub(crate) struct TreeReader {
    kept: ObjectCache<TreeItem>,
    n_read: u64,
}

impl TreeReader {
    /// A reader that keeps up to so many bytes of trees.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { kept: ObjectCache::new(bytes_max), n_read: 0 }
    }

    /// How many items it has put together: what it has worked.
    pub(crate) fn n_read(&self) -> u64 {
        self.n_read
    }

    /// The items of a tree, in its order.
    pub(super) fn read(&mut self, trees: &Trees, tree: TreeNo) -> Rc<Vec<TreeItem>> {
        let (mut above, mut items) = (Vec::new(), None);
        let mut next = Some(tree);
        while let Some(tree) = next {
            items = self.kept.get(tree);
            if items.is_some() {
                break;
            }
            above.push(tree);
            next = trees.base(tree);
        }
        let mut items = items.unwrap_or_default();
        for &tree in above.iter().rev() {
            items = Rc::new(trees.items(tree, &items));
            self.n_read += items.len() as u64;
            self.kept.insert(tree, Rc::clone(&items));
        }
        items
    }
}
