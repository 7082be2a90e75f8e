//! What each commit introduces: the objects that differ, at their path, from every parent's.
//!
//! The union of these lists over a commit and all its ancestors is exactly what the commit reaches, so that a fetch needs
//! no tree. A machine without I/O: trees of the repository that the diff comes upon are asked for.

use std::collections::{BTreeMap, HashMap};

use super::contents::Contents;
use super::entries::Entries;
use super::ids::{IdNo, Ids};
use super::paged::Paged;
use super::resolved::Resolved;
use super::trees::{Cursor, TreeItem, Trees};
use super::{Limits, PackError};
use crate::ObjectId;

/// What has to be known of a commit of the repository that a commit of the pack has as a parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParentCommit {
    /// Its root tree.
    pub tree_id: ObjectId,
    /// 1 + the highest generation of its parents; 1 without parents.
    pub generation: u32,
}

/// What the machine wants of its caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Trees of the repository: [`Introducer::supply_tree`].
    NeedTrees(Vec<ObjectId>),
    /// Nothing: [`super::index::write`] has all that it needs.
    Done,
}

/// Works through the commits of a pack.
pub struct Introducer {
    pub(crate) entries: Entries,
    pub(crate) ids: Ids,
    pub(crate) contents: Contents,
    limits: Limits,
    outside_parents: BTreeMap<IdNo, (IdNo, u32)>,
    /// Position in `contents.commits` by number.
    commit_at: HashMap<IdNo, u32>,
    next_commit: usize,
    /// What the commits introduce, one after the other in the order of `contents.commits`.
    pub(crate) introduced: Paged<IdNo>,
    pub(crate) introduced_ends: Vec<u32>,
    /// The attempt in which an object was last seen.
    seen: Vec<u32>,
    attempt: u32,
}

impl Introducer {
    /// Begins; `outside_parents` tells of every parent that is not in the pack.
    pub fn new(resolved: Resolved, outside_parents: &BTreeMap<ObjectId, ParentCommit>) -> Self {
        let (entries, mut ids, contents, limits) = resolved.into_parts();
        let outside_parents = outside_parents.iter().map(|(&id, parent)| {
            let tree = ids.number(parent.tree_id);
            (ids.number(id), (tree, parent.generation))
        });
        let outside_parents = outside_parents.collect();
        let commit_at = contents.commits.iter().zip(0..).map(|(commit, at)| (commit.id_no, at)).collect();
        Self {
            entries,
            ids,
            contents,
            limits,
            outside_parents,
            commit_at,
            next_commit: 0,
            introduced: Paged::default(),
            introduced_ends: Vec::new(),
            seen: Vec::new(),
            attempt: 0,
        }
    }

    /// A tree that [`Step::NeedTrees`] asked for.
    pub fn supply_tree(&mut self, id: ObjectId, content: &[u8]) -> Result<(), PackError> {
        let no = self.ids.number(id);
        let added = self.contents.add_tree(no, content, &mut self.ids, false);
        added.map_err(|error| PackError::Object { id, error })?;
        self.contents.check_limits(&self.ids, &self.limits)
    }

    /// Goes on as far as it can.
    pub fn step(&mut self) -> Result<Step, PackError> {
        let mut found = Vec::new();
        while let Some(commit) = self.contents.commits.get(self.next_commit) {
            let tree = commit.tree;
            let parents = (commit.parents_start..commit.parents_end).filter_map(|at| self.parent_tree(at)).collect();
            found.clear();
            let missing = self.diff(tree, parents, &mut found);
            if !missing.is_empty() {
                return Ok(Step::NeedTrees(missing));
            }
            // Commits without parents that share a tree each introduce all of it: few bytes may stand for long lists.
            let n_max = self.limits.n_introduced_max;
            if self.introduced.len() + found.len() > n_max {
                return Err(PackError::TooMany { what: "objects introduced by commits", n_max: n_max as u64 });
            }
            for &no in &found {
                self.introduced.push(no);
            }
            self.introduced_ends.push(u32::try_from(self.introduced.len()).unwrap_or(u32::MAX));
            self.next_commit += 1;
        }
        Ok(Step::Done)
    }

    fn parent_tree(&self, at: u32) -> Option<IdNo> {
        let parent = *self.contents.parents.get(at as usize)?;
        match self.commit_at.get(&parent) {
            Some(&at) => Some(self.contents.commits.get(at as usize)?.tree),
            None => self.outside_parents.get(&parent).map(|&(tree, _)| tree),
        }
    }

    /// Adds to `found` what `tree` has that none of `parents` has at the same path; the trees that would be needed.
    ///
    /// An object that is found once is not looked at again: what a second place would leave out is reached by a parent.
    fn diff(&mut self, tree: IdNo, parents: Vec<IdNo>, found: &mut Vec<IdNo>) -> Vec<ObjectId> {
        self.attempt += 1;
        self.seen.resize(self.ids.len(), 0);
        let mut missing = Vec::new();
        if parents.contains(&tree) {
            return missing;
        }
        let mut stack = vec![(tree, parents)];
        found.push(tree);
        while let Some((tree, parents)) = stack.pop() {
            let mut cursor_of = |no: IdNo| {
                let tree = self.contents.tree(no);
                if tree.is_none() {
                    missing.extend(self.ids.id(no));
                }
                tree.map(Trees::cursor)
            };
            let cursor = cursor_of(tree);
            let mut theirs: Vec<_> = parents.into_iter().filter_map(&mut cursor_of).collect();
            let Some(mut ours) = cursor else { continue };
            while let Some((item, below)) = self.next_new(&mut ours, &mut theirs) {
                let Some(seen) = self.seen.get_mut(item.id_no() as usize) else { continue };
                if *seen == self.attempt {
                    continue;
                }
                *seen = self.attempt;
                found.push(item.id_no());
                if item.is_tree() {
                    stack.push((item.id_no(), below));
                }
            }
        }
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// The next item of a tree that no parent has under that name, and the trees that parents have there instead.
    fn next_new(&self, ours: &mut Cursor, theirs: &mut [Cursor]) -> Option<(TreeItem, Vec<IdNo>)> {
        let trees = &self.contents.trees;
        loop {
            while theirs.iter_mut().any(|theirs| trees.skip_shared(ours, theirs)) {}
            let item = trees.item(*ours)?;
            trees.advance(ours);
            let mut below = Vec::new();
            let mut is_known = false;
            for cursor in &mut *theirs {
                match self.same_name(item, cursor) {
                    Some(same) if same == item => is_known = true,
                    Some(same) if same.is_tree() => below.push(same.id_no()),
                    _ => {}
                }
            }
            if !is_known {
                return Some((item, below));
            }
        }
    }

    /// The item with the name of `item` in another tree, from the cursor on, which moves past what stands before.
    fn same_name(&self, item: TreeItem, cursor: &mut Cursor) -> Option<TreeItem> {
        let trees = &self.contents.trees;
        while let Some(theirs) = trees.item(*cursor) {
            if theirs.name == item.name {
                if theirs.is_tree() == item.is_tree() {
                    trees.advance(cursor);
                }
                return Some(theirs);
            }
            if !self.contents.is_before(theirs, item) {
                return None;
            }
            trees.advance(cursor);
        }
        None
    }

    /// The generation of every commit of the pack, in the order of `contents.commits`.
    pub(crate) fn generations(&self) -> Vec<u32> {
        let n_commits = self.contents.commits.len();
        let mut generations = vec![0u32; n_commits];
        let mut stack = Vec::new();
        for start in 0..n_commits {
            stack.push(start);
            while let Some(&at) = stack.last() {
                let mut highest = 0;
                let mut is_ready = true;
                let Some(commit) = self.contents.commits.get(at) else { break };
                if generations.get(at).is_some_and(|&generation| generation > 0) {
                    stack.pop();
                    continue;
                }
                for parent in
                    (commit.parents_start..commit.parents_end).filter_map(|p| self.contents.parents.get(p as usize))
                {
                    let known = match self.commit_at.get(parent) {
                        Some(&parent_at) => generations.get(parent_at as usize).copied().unwrap_or(0),
                        None => self.outside_parents.get(parent).map_or(1, |&(_, generation)| generation),
                    };
                    if let (0, Some(&parent_at)) = (known, self.commit_at.get(parent)) {
                        stack.push(parent_at as usize);
                        is_ready = false;
                    }
                    highest = highest.max(known);
                }
                if is_ready {
                    if let Some(generation) = generations.get_mut(at) {
                        *generation = highest + 1;
                    }
                    stack.pop();
                }
            }
        }
        generations
    }
}
