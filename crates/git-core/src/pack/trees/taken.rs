//! The trees of a pack as they are taken in: entries by number, each tree by the number of its id.

use std::cmp::Ordering;
use std::rc::Rc;

use super::{Edit, TreeItem, TreeNo, TreeReader, Trees};
use crate::object::ObjectError;
use crate::object::fsck::{MsgIds, Roles, TreeCheck};
use crate::object::tree::{TreeEntries, TreeEntry, compare_names};
use crate::pack::Kind;
use crate::pack::ids::{IdNo, Ids};
use crate::pack::names::Names;
use crate::pack::paged::Paged;

/// Trees by the number of their id.
pub(crate) struct TakenTrees {
    trees: Trees,
    /// The tree of an id, or [`NO_TREE`].
    tree_of: Paged<TreeNo>,
    names: Names,
    /// The items of the tree being read, or what makes it of its base's, reused from tree to tree.
    items: Vec<TreeItem>,
    edit: Edit,
    let_pass: MsgIds,
}

const NO_TREE: TreeNo = TreeNo::MAX;

/// The object that an object was made of by a delta.
#[derive(Clone, Copy)]
pub(crate) struct DeltaBase<'a> {
    /// Of the same pack: the number of its id. `None` when it is one of the repository's, which was checked when it came.
    pub(crate) id_no: Option<IdNo>,
    pub(crate) content: &'a [u8],
}

impl TakenTrees {
    pub(crate) fn new(hash_key: u64, let_pass: MsgIds) -> Self {
        Self {
            trees: Trees::new(hash_key),
            tree_of: Paged::default(),
            names: Names::new(hash_key),
            items: Vec::new(),
            edit: Edit::default(),
            let_pass,
        }
    }

    /// Memory taken, in bytes.
    pub(crate) fn byte_len(&self) -> usize {
        self.trees.byte_len() + 4 * self.tree_of.len() + self.names.byte_len()
    }

    /// Takes a tree of the pack.
    pub(crate) fn take(
        &mut self,
        id_no: IdNo,
        content: &[u8],
        base: Option<DeltaBase<'_>>,
        ids: &mut Ids,
    ) -> Result<(), ObjectError> {
        let below = base.and_then(|base| Some((self.number(base.id_no?)?, base.content)));
        match below.filter(|&(below, _)| self.trees.can_be_base(below)) {
            Some((below, base)) => {
                self.edit_between(base, content, ids)?;
                let tree = self.trees.add_edited(below, &mut self.edit);
                self.set(id_no, tree);
                Ok(())
            }
            None => self.take_whole(id_no, content, base.map(|base| base.content), ids),
        }
    }

    /// Takes a tree of the pack as what it is. `checked` is a tree that is like it and has been checked.
    fn take_whole(
        &mut self,
        id_no: IdNo,
        content: &[u8],
        checked: Option<&[u8]>,
        ids: &mut Ids,
    ) -> Result<(), ObjectError> {
        self.items.clear();
        let (mut check, mut checked) = (TreeCheck::default(), checked.map(TreeEntries::new));
        for entry in TreeEntries::new(content) {
            let Ok(entry) = entry else {
                check.cannot_be_read();
                break;
            };
            let roles = check.entry(&entry);
            if roles != Roles::NONE && !checked.as_mut().is_some_and(|checked| holds(checked, &entry)) {
                let object = ids.number(entry.id);
                ids.give_roles(object, roles);
            }
            let Some(kind) = entry.kind() else { continue };
            let object = ids.number(entry.id);
            ids.expect(object, kind);
            self.items.push(TreeItem::new(self.names.number(entry.name), object, kind == Kind::Tree));
        }
        check.finish(self.let_pass).map_err(ObjectError::Fsck)?;
        self.add_items(id_no);
        Ok(())
    }

    /// Adds a tree of the repository, which was checked when it came.
    pub(crate) fn add(&mut self, id_no: IdNo, content: &[u8], ids: &mut Ids) -> Result<(), ObjectError> {
        self.items.clear();
        for entry in TreeEntries::new(content) {
            let entry = entry?;
            let Some(kind) = entry.kind() else { continue };
            let object = ids.number(entry.id);
            self.items.push(TreeItem::new(self.names.number(entry.name), object, kind == Kind::Tree));
        }
        self.add_items(id_no);
        Ok(())
    }

    fn add_items(&mut self, id_no: IdNo) {
        let tree = self.trees.add(&self.items);
        self.set(id_no, tree);
    }

    /// Compares a tree of the pack with the one that it is a delta of. An entry that both have is not looked up again:
    /// it has been noted when the base was read.
    fn edit_between(&mut self, base: &[u8], content: &[u8], ids: &mut Ids) -> Result<(), ObjectError> {
        self.edit.clear();
        let mut check = TreeCheck::default();
        let (mut ours, mut theirs) = (TreeEntries::new(content), TreeEntries::new(base));
        while let Some(entry) = ours.next() {
            let Ok(entry) = entry else {
                check.cannot_be_read();
                break;
            };
            let same = self.pass_over(&mut theirs, &ours, &entry);
            if same == Same::Entry {
                check.known_entry(&entry);
                if entry.kind().is_some() {
                    self.edit.keep();
                }
                continue;
            }
            let roles = check.entry(&entry);
            if roles != Roles::NONE {
                let object = ids.number(entry.id);
                ids.give_roles(object, roles);
            }
            let Some(kind) = entry.kind() else { continue };
            let object = ids.number(entry.id);
            ids.expect(object, kind);
            let item = TreeItem::new(self.names.number(entry.name), object, kind == Kind::Tree);
            match same {
                Same::Item => self.edit.replace(item),
                _ => self.edit.put_in(item),
            }
        }
        while !theirs.is_at_end() {
            self.leave_out(&mut theirs);
        }
        check.finish(self.let_pass).map_err(ObjectError::Fsck)
    }

    /// Passes over what the base has up to the entry of ours that has just been read.
    fn pass_over(&mut self, theirs: &mut TreeEntries<'_>, ours: &TreeEntries<'_>, entry: &TreeEntry<'_>) -> Same {
        while !theirs.skip_equal(ours) {
            let Some(Ok(their)) = theirs.clone().next() else { return Same::Nothing };
            match compare(&their, entry) {
                Ordering::Greater => return Same::Nothing,
                Ordering::Equal if their.kind() == entry.kind() && entry.kind().is_some() => {
                    theirs.next();
                    return Same::Item;
                }
                _ => self.leave_out(theirs),
            }
        }
        Same::Entry
    }

    /// Only what names an object that is kept here is an item.
    fn leave_out(&mut self, theirs: &mut TreeEntries<'_>) {
        if let Some(Ok(their)) = theirs.next()
            && their.kind().is_some()
        {
            self.edit.leave_out();
        }
    }

    pub(crate) fn number(&self, id_no: IdNo) -> Option<TreeNo> {
        self.tree_of.get(id_no as usize).copied().filter(|&tree| tree != NO_TREE)
    }

    fn set(&mut self, id_no: IdNo, tree: TreeNo) {
        while self.tree_of.len() <= id_no as usize {
            self.tree_of.push(NO_TREE);
        }
        if let Some(slot) = self.tree_of.get_mut(id_no as usize) {
            *slot = tree;
        }
    }

    /// The items of a tree, in its order.
    pub(crate) fn read(&self, tree: TreeNo, reader: &mut TreeReader) -> Rc<Vec<TreeItem>> {
        reader.read(&self.trees, tree)
    }

    /// Whether `a` stands before `b` in a tree: as git sorts, a tree's name as if it ended in `/`.
    pub(crate) fn is_before(&self, a: TreeItem, b: TreeItem) -> bool {
        let key = |item: TreeItem| (self.names.get(item.name), item.is_tree());
        compare_names(key(a), key(b)) == Ordering::Less
    }
}

/// Whether a tree has the same object under the same name, and git reads it there. Entries are asked for in their order.
fn holds(tree: &mut TreeEntries<'_>, entry: &TreeEntry<'_>) -> bool {
    while let Some(Ok(theirs)) = tree.clone().next() {
        match compare(&theirs, entry) {
            Ordering::Less => tree.next(),
            Ordering::Equal => return theirs.id == entry.id && !theirs.is_symlink(),
            Ordering::Greater => return false,
        };
    }
    false
}

/// What a base has that an entry of a tree made of it has too.
#[derive(PartialEq, Eq)]
enum Same {
    Entry,
    /// An entry of that name and kind, of another object or another mode.
    Item,
    Nothing,
}

fn compare(a: &TreeEntry<'_>, b: &TreeEntry<'_>) -> Ordering {
    compare_names((a.name, a.is_tree()), (b.name, b.is_tree()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(entries: &[(&str, &str, u8)]) -> Vec<u8> {
        let entry =
            |(mode, name, id): &(&str, &str, u8)| [mode.as_bytes(), b" ", name.as_bytes(), b"\0", &[*id; 20]].concat();
        entries.iter().flat_map(entry).collect()
    }

    #[test]
    fn items_sort_as_git_sorts_them() {
        let (mut trees, mut ids) = (TakenTrees::new(1, MsgIds::NONE), Ids::new(1));
        let content = tree(&[("100644", "a.b", 1), ("40000", "a", 1), ("100644", "a0", 1)]);
        trees.add(0, &content, &mut ids).unwrap();
        let [dot, folder, zero] = trees.items[..] else { panic!("three items") };
        assert!(trees.is_before(dot, folder) && trees.is_before(folder, zero));
        assert!(!trees.is_before(folder, dot) && !trees.is_before(dot, dot));
    }

    #[test]
    fn a_submodule_names_no_object_of_ours() {
        let (mut trees, mut ids) = (TakenTrees::new(1, MsgIds::NONE), Ids::new(1));
        trees.take(0, &tree(&[("160000", "sub", 1)]), None, &mut ids).unwrap();
        assert!(trees.number(0).is_some() && trees.items.is_empty() && ids.len() == 0);
    }

    #[test]
    fn a_tree_made_of_another_reads_as_if_it_had_come_whole() {
        let versions = [
            tree(&[("100644", "a", 1), ("40000", "b", 2), ("160000", "c", 3), ("100644", "d", 4), ("100644", "e", 5)]),
            tree(&[("100644", "a", 1), ("40000", "b", 6), ("160000", "c", 7), ("100755", "d", 4), ("100644", "e", 5)]),
            tree(&[
                ("100644", "a0", 1),
                ("100644", "b", 2),
                ("100644", "c", 3),
                ("160000", "d", 4),
                ("100644", "f", 5),
            ]),
            tree(&[("100644", "b.c", 8), ("40000", "b", 2)]),
            tree(&[]),
        ];
        for (base, content) in versions.iter().flat_map(|base| versions.iter().map(move |content| (base, content))) {
            let (mut trees, mut ids) = (TakenTrees::new(1, MsgIds::NONE), Ids::new(1));
            trees.take(0, base, None, &mut ids).unwrap();
            trees.take(1, content, Some(DeltaBase { id_no: Some(0), content: base }), &mut ids).unwrap();
            trees.add(2, content, &mut ids).unwrap();
            let read = |no: IdNo| trees.read(trees.number(no).unwrap(), &mut TreeReader::new(0));
            assert_eq!(read(1), read(2));
        }
    }

    #[test]
    fn versions_at_random_read_as_if_they_had_come_whole() {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = |n: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % n
        };
        let names: Vec<_> = (0..40).map(|n| format!("n{n:02}")).collect();
        let (mut trees, mut ids, mut base) = (TakenTrees::new(1, MsgIds::NONE), Ids::new(1), Vec::new());
        trees.take(0, &base, None, &mut ids).unwrap();
        for no in 1..500 {
            let mut entries = Vec::new();
            for name in &names {
                let (mode, id) = match random(24) {
                    0 => ("160000", 1),
                    1 => ("40000", 2),
                    2 => ("100755", 3),
                    n if n < 6 => ("100644", 4),
                    n if n < 9 => continue,
                    _ => ("100644", 5),
                };
                entries.push((mode, name.as_str(), id));
            }
            let content = tree(&entries);
            trees
                .take(2 * no, &content, Some(DeltaBase { id_no: Some(2 * no - 2), content: &base }), &mut ids)
                .unwrap();
            trees.add(2 * no + 1, &content, &mut ids).unwrap();
            let read = |no: IdNo| trees.read(trees.number(no).unwrap(), &mut TreeReader::new(1 << 10));
            assert_eq!(read(2 * no), read(2 * no + 1));
            base = content;
        }
    }

    #[test]
    fn what_is_put_into_a_tree_is_expected_to_exist() {
        let (mut trees, mut ids) = (TakenTrees::new(1, MsgIds::NONE), Ids::new(1));
        let base = tree(&[("100644", "a", 1)]);
        trees.take(0, &base, None, &mut ids).unwrap();
        let content = tree(&[("100644", "a", 1), ("40000", "b", 2)]);
        trees.take(1, &content, Some(DeltaBase { id_no: Some(0), content: &base }), &mut ids).unwrap();
        let kinds: Vec<_> = ids.outside().map(|(_, _, kind)| kind).collect();
        assert_eq!(kinds, [Kind::Blob, Kind::Tree]);
    }
}
