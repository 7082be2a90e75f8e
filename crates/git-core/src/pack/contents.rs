//! What the commits, trees and tags of a pack say, in a compact form: enough to check closure and to tell what each
//! commit introduces, without inflating anything again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::ids::{IdNo, Ids};
use super::paged::Paged;
use super::trees::{DeltaBase, TakenTrees};
use super::{Kind, PackError};
use crate::ObjectId;
use crate::object::ObjectError;
use crate::object::commit::Commit;
use crate::object::fsck::{self, MsgIds, NotRead, Roles};
use crate::object::tag::Tag;

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
    pub(crate) trees: TakenTrees,
    /// Commits at which the history ends: they have parents, and nobody looks for them.
    pub(crate) cut: BTreeSet<IdNo>,
    let_pass: MsgIds,
}

impl Contents {
    /// Of a pack in which these faults are let pass.
    pub(crate) fn new(hash_key: u64, let_pass: MsgIds) -> Self {
        Self {
            commits: Paged::default(),
            parents: Paged::default(),
            tags: BTreeMap::new(),
            trees: TakenTrees::new(hash_key, let_pass),
            cut: BTreeSet::new(),
            let_pass,
        }
    }

    /// The parents of a commit: none when the history ends at it.
    pub(crate) fn parents_of(&self, commit: &CommitRow) -> impl Iterator<Item = IdNo> {
        let range = if self.cut.contains(&commit.id_no) { 0..0 } else { commit.parents_start..commit.parents_end };
        self.parents_in(range)
    }

    /// The parents of a commit, whether or not the history ends at it.
    pub(crate) fn all_parents_of(&self, commit: &CommitRow) -> impl Iterator<Item = IdNo> {
        self.parents_in(commit.parents_start..commit.parents_end)
    }

    fn parents_in(&self, range: Range<u32>) -> impl Iterator<Item = IdNo> {
        range.filter_map(|at| self.parents.get(at as usize).copied())
    }

    /// Reads an object of the pack, checks it, and notes what it refers to. `base` is what it was made of, if of something.
    pub(crate) fn observe(
        &mut self,
        id_no: IdNo,
        kind: Kind,
        content: &[u8],
        base: Option<DeltaBase<'_>>,
        ids: &mut Ids,
    ) -> Result<(), PackError> {
        let read = match kind {
            Kind::Blob => return self.check_named(id_no, Ok(content), ids),
            Kind::Commit => self.observe_commit(id_no, content, ids),
            Kind::Tag => self.observe_tag(id_no, content, ids),
            Kind::Tree => self.trees.take(id_no, content, base, ids),
        };
        read.map_err(|error| of_object(id_no, error, ids))
    }

    /// Checks an object for the roles that trees have given it so far: a blob's content, or why there is none.
    pub(crate) fn check_named(
        &self,
        id_no: IdNo,
        content: Result<&[u8], NotRead>,
        ids: &mut Ids,
    ) -> Result<(), PackError> {
        let roles = ids.unchecked_roles(id_no);
        if roles == Roles::NONE {
            return Ok(());
        }
        ids.set_checked(id_no, roles);
        let checked = match content {
            Ok(content) => fsck::check_blob(content, roles, self.let_pass),
            Err(not_read) => not_read.check(roles, self.let_pass),
        };
        checked.map_err(|fault| of_object(id_no, ObjectError::Fsck(fault), ids))
    }

    /// Memory taken, in bytes.
    pub(crate) fn byte_len(&self) -> usize {
        let rows = size_of::<CommitRow>() * self.commits.len() + 16 * self.tags.len();
        rows + 4 * self.parents.len() + self.trees.byte_len()
    }

    fn observe_commit(&mut self, id_no: IdNo, content: &[u8], ids: &mut Ids) -> Result<(), ObjectError> {
        fsck::check_commit(content, self.let_pass).map_err(ObjectError::Fsck)?;
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
        fsck::check_tag(content, self.let_pass).map_err(ObjectError::Fsck)?;
        let tag = Tag::parse(content)?;
        let target = ids.number(tag.target_id);
        ids.expect(target, tag.target_kind);
        self.tags.insert(id_no, target);
        Ok(())
    }
}

fn of_object(id_no: IdNo, error: ObjectError, ids: &Ids) -> PackError {
    PackError::Object { id: ids.id(id_no).unwrap_or(ObjectId::from_bytes([0; 20])), error }
}

/// Counts here are held below 2^31 by [`Limits`].
fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
