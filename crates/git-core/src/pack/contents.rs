//! What the commits, trees and tags of a pack say, in a compact form: enough to check closure and to tell what each
//! commit introduces, without inflating anything again.

use std::collections::HashMap;

use super::ids::{IdNo, Ids};
use super::paged::Paged;
use super::{Kind, Limits, PackError};
use crate::ObjectId;
use crate::object::ObjectError;
use crate::object::commit::Commit;
use crate::object::tag::Tag;
use crate::object::tree::TreeEntries;

/// An entry of a tree that names an object kept here: name and object by number, eight bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TreeItem {
    pub(crate) name: u32,
    object: u32,
}

const IS_TREE: u32 = 1 << 31;

impl TreeItem {
    pub(crate) fn id_no(self) -> IdNo {
        self.object & !IS_TREE
    }

    pub(crate) fn is_tree(self) -> bool {
        self.object & IS_TREE != 0
    }
}

/// A commit of the pack.
pub(crate) struct CommitRow {
    pub(crate) id_no: IdNo,
    pub(crate) tree: IdNo,
    pub(crate) time: i64,
    pub(crate) parents_start: u32,
    pub(crate) parents_end: u32,
}

/// An annotated tag of the pack.
pub(crate) struct TagRow {
    pub(crate) id_no: IdNo,
    pub(crate) target: IdNo,
}

/// All of a pack's references.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) commits: Paged<CommitRow, 1024>,
    pub(crate) parents: Paged<IdNo, 1024>,
    pub(crate) tags: Paged<TagRow, 256>,
    items: Paged<TreeItem>,
    /// Where each tree's items stand, by the tree's number.
    trees: HashMap<IdNo, (u32, u32)>,
    names: Names,
}

impl Contents {
    /// Reads an object of the pack and notes what it refers to.
    pub(crate) fn observe(
        &mut self,
        id_no: IdNo,
        kind: Kind,
        content: &[u8],
        ids: &mut Ids,
        limits: &Limits,
    ) -> Result<(), PackError> {
        let read = match kind {
            Kind::Blob => return Ok(()),
            Kind::Commit => self.observe_commit(id_no, content, ids),
            Kind::Tag => self.observe_tag(id_no, content, ids),
            Kind::Tree => self.add_tree(id_no, content, ids, true),
        };
        read.map_err(|error| PackError::Object { id: ids.id(id_no).unwrap_or(ObjectId::from_bytes([0; 20])), error })?;
        let too_many = |what, n_max: usize| Err(PackError::TooMany { what, n_max: n_max as u64 });
        if ids.len() > limits.n_ids_max {
            return too_many("object ids", limits.n_ids_max);
        }
        if self.items.len() > limits.n_tree_entries_max {
            return too_many("tree entries", limits.n_tree_entries_max);
        }
        if self.names.bytes.len() > limits.name_bytes_max {
            return too_many("bytes of file names", limits.name_bytes_max);
        }
        Ok(())
    }

    fn observe_commit(&mut self, id_no: IdNo, content: &[u8], ids: &mut Ids) -> Result<(), ObjectError> {
        let commit = Commit::parse(content)?;
        let parents_start = to_u32(self.parents.len());
        for parent_id in commit.parent_ids {
            let parent = ids.number(parent_id);
            ids.expect(parent, Kind::Commit);
            self.parents.push(parent);
        }
        let tree = ids.number(commit.tree_id);
        ids.expect(tree, Kind::Tree);
        let parents_end = to_u32(self.parents.len());
        self.commits.push(CommitRow { id_no, tree, time: commit.committer_time, parents_start, parents_end });
        Ok(())
    }

    fn observe_tag(&mut self, id_no: IdNo, content: &[u8], ids: &mut Ids) -> Result<(), ObjectError> {
        let tag = Tag::parse(content)?;
        let target = ids.number(tag.target_id);
        ids.expect(target, tag.target_kind);
        self.tags.push(TagRow { id_no, target });
        Ok(())
    }

    /// Adds a tree; `of_pack` when it is the pack's own, so that what it names must exist.
    pub(crate) fn add_tree(
        &mut self,
        id_no: IdNo,
        content: &[u8],
        ids: &mut Ids,
        of_pack: bool,
    ) -> Result<(), ObjectError> {
        let start = to_u32(self.items.len());
        for entry in TreeEntries::new(content) {
            let entry = entry?;
            let Some(kind) = entry.kind() else { continue };
            let object = ids.number(entry.id);
            if of_pack {
                ids.expect(object, kind);
            }
            let is_tree = if kind == Kind::Tree { IS_TREE } else { 0 };
            self.items.push(TreeItem { name: self.names.number(entry.name), object: object | is_tree });
        }
        self.trees.insert(id_no, (start, to_u32(self.items.len())));
        Ok(())
    }

    pub(crate) fn tree(&self, id_no: IdNo) -> Option<(u32, u32)> {
        self.trees.get(&id_no).copied()
    }

    pub(crate) fn item(&self, at: u32) -> Option<TreeItem> {
        self.items.get(at as usize).copied()
    }

    /// Whether `a` stands before `b` in a tree: as git sorts, a tree's name as if it ended in `/`.
    pub(crate) fn is_before(&self, a: TreeItem, b: TreeItem) -> bool {
        let key = |item: TreeItem| {
            let slash: &[u8] = if item.is_tree() { b"/" } else { b"" };
            self.names.get(item.name).iter().chain(slash)
        };
        key(a).lt(key(b))
    }
}

/// File names by number.
#[derive(Default)]
struct Names {
    numbers: HashMap<Box<[u8]>, u32>,
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Names {
    fn number(&mut self, name: &[u8]) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = to_u32(self.ends.len());
        self.bytes.extend_from_slice(name);
        self.ends.push(to_u32(self.bytes.len()));
        self.numbers.insert(name.into(), number);
        number
    }

    fn get(&self, number: u32) -> &[u8] {
        let at = number as usize;
        let end = self.ends.get(at).map_or(0, |&end| end as usize);
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |&end| end as usize);
        self.bytes.get(start..end).unwrap_or_default()
    }
}

/// Counts here are held below 2^31 by [`Limits`].
fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(entries: &[(&str, &str)]) -> Vec<u8> {
        entries
            .iter()
            .flat_map(|(mode, name)| [mode.as_bytes(), b" ", name.as_bytes(), b"\0", &[1; 20]].concat())
            .collect()
    }

    #[test]
    fn items_sort_as_git_sorts_them() {
        let (mut contents, mut ids) = (Contents::default(), Ids::new(1));
        let content = tree(&[("100644", "a.b"), ("40000", "a"), ("100644", "a0")]);
        contents.add_tree(0, &content, &mut ids, true).unwrap();
        let item = |at| contents.item(at).unwrap();
        assert!(contents.is_before(item(0), item(1)) && contents.is_before(item(1), item(2)));
        assert!(!contents.is_before(item(1), item(0)) && !contents.is_before(item(0), item(0)));
    }

    #[test]
    fn a_submodule_names_no_object_of_ours() {
        let (mut contents, mut ids) = (Contents::default(), Ids::new(1));
        contents.add_tree(0, &tree(&[("160000", "sub")]), &mut ids, true).unwrap();
        assert_eq!((contents.tree(0), ids.len()), (Some((0, 0)), 0));
    }

    #[test]
    fn too_many_entries_are_refused_by_name() {
        let (mut contents, mut ids) = (Contents::default(), Ids::new(1));
        let limits = Limits { n_tree_entries_max: 1, ..Limits::for_tests() };
        let id_no = ids.number(ObjectId::from_bytes([3; 20]));
        let refused =
            contents.observe(id_no, Kind::Tree, &tree(&[("100644", "a"), ("100644", "b")]), &mut ids, &limits);
        assert_eq!(refused, Err(PackError::TooMany { what: "tree entries", n_max: 1 }));
    }
}
