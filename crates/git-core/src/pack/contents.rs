//! What the commits, trees and tags of a pack say, in a compact form: enough to check closure and to tell what each
//! commit introduces, without inflating anything again.

use std::collections::{BTreeMap, HashMap};

use super::ids::{IdNo, Ids};
use super::paged::Paged;
use super::trees::{Tree, TreeItem, Trees};
use super::{Kind, Limits, PackError};
use crate::ObjectId;
use crate::object::ObjectError;
use crate::object::commit::Commit;
use crate::object::fsck::TreeCheck;
use crate::object::tag::Tag;
use crate::object::tree::TreeEntries;

/// A commit of the pack.
pub(crate) struct CommitRow {
    pub(crate) id_no: IdNo,
    pub(crate) tree: IdNo,
    pub(crate) time: i64,
    pub(crate) parents_start: u32,
    pub(crate) parents_end: u32,
}

/// All of a pack's references.
pub(crate) struct Contents {
    pub(crate) commits: Paged<CommitRow, 1024>,
    pub(crate) parents: Paged<IdNo, 1024>,
    /// What each annotated tag names.
    pub(crate) tags: BTreeMap<IdNo, IdNo>,
    pub(crate) trees: Trees,
    tree_of: HashMap<IdNo, Tree>,
    names: Names,
    /// The items of the tree being read, reused from tree to tree.
    items: Vec<TreeItem>,
}

impl Contents {
    pub(crate) fn new(hash_key: u64) -> Self {
        Self {
            commits: Paged::default(),
            parents: Paged::default(),
            tags: BTreeMap::new(),
            trees: Trees::new(hash_key),
            tree_of: HashMap::new(),
            names: Names::default(),
            items: Vec::new(),
        }
    }

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
        self.check_limits(ids, limits)
    }

    /// What clients can make grow without sending as much.
    pub(crate) fn check_limits(&self, ids: &Ids, limits: &Limits) -> Result<(), PackError> {
        let taken = [
            ("object ids", ids.len(), limits.n_ids_max),
            ("bytes of distinct trees", self.trees.byte_len(), limits.tree_bytes_max),
            ("bytes of file names", self.names.bytes.len(), limits.name_bytes_max),
        ];
        match taken.into_iter().find(|(_, n, n_max)| n > n_max) {
            Some((what, _, n_max)) => Err(PackError::TooMany { what, n_max: n_max as u64 }),
            None => Ok(()),
        }
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
        self.tags.insert(id_no, target);
        Ok(())
    }

    /// Adds a tree; `of_pack` when it is the pack's own, so that it is checked and what it names must exist.
    pub(crate) fn add_tree(
        &mut self,
        id_no: IdNo,
        content: &[u8],
        ids: &mut Ids,
        of_pack: bool,
    ) -> Result<(), ObjectError> {
        self.items.clear();
        let mut check = TreeCheck::default();
        for entry in TreeEntries::new(content) {
            let entry = entry?;
            if of_pack {
                check.entry(&entry).map_err(ObjectError::Tree)?;
            }
            let Some(kind) = entry.kind() else { continue };
            let object = ids.number(entry.id);
            if of_pack {
                ids.expect(object, kind);
            }
            self.items.push(TreeItem::new(self.names.number(entry.name), object, kind == Kind::Tree));
        }
        self.tree_of.insert(id_no, self.trees.add(&self.items));
        Ok(())
    }

    pub(crate) fn tree(&self, id_no: IdNo) -> Option<Tree> {
        self.tree_of.get(&id_no).copied()
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
        let (mut contents, mut ids) = (Contents::new(1), Ids::new(1));
        let content = tree(&[("100644", "a.b"), ("40000", "a"), ("100644", "a0")]);
        contents.add_tree(0, &content, &mut ids, false).unwrap();
        let [dot, folder, zero] = contents.items[..] else { panic!("three items") };
        assert!(contents.is_before(dot, folder) && contents.is_before(folder, zero));
        assert!(!contents.is_before(folder, dot) && !contents.is_before(dot, dot));
    }

    #[test]
    fn a_submodule_names_no_object_of_ours() {
        let (mut contents, mut ids) = (Contents::new(1), Ids::new(1));
        contents.add_tree(0, &tree(&[("160000", "sub")]), &mut ids, true).unwrap();
        assert!(contents.tree(0).is_some() && contents.items.is_empty() && ids.len() == 0);
    }

    #[test]
    fn too_many_entries_are_refused_by_name() {
        let (mut contents, mut ids) = (Contents::new(1), Ids::new(1));
        let limits = Limits { tree_bytes_max: 1, ..Limits::for_tests() };
        let id_no = ids.number(ObjectId::from_bytes([3; 20]));
        let refused = contents.observe(id_no, Kind::Tree, &tree(&[("100644", "a")]), &mut ids, &limits);
        assert_eq!(refused, Err(PackError::TooMany { what: "bytes of distinct trees", n_max: 1 }));
    }
}
