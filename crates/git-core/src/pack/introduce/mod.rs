//! What each commit introduces: the objects that differ, at their path, from every parent's.
//!
//! The union of these lists over a commit and all its ancestors is exactly what the commit reaches, so that a fetch needs
//! no tree. A machine without I/O: trees of the repository that the diff comes upon are asked for.

mod compare;
mod generations;

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use self::compare::{New, Seen, changed, leave_known};
use super::contents::{CommitRow, Contents};
use super::entries::Entries;
use super::ids::{IdNo, Ids};
use super::paged::Paged;
use super::received::check_notes;
use super::resolved::Resolved;
use super::trees::{TreeItem, TreeReader};
use super::{Limits, PackError};
use crate::ObjectId;

/// Commits that are looked at before trees are asked for, and trees that are asked for at once, all but exactly: the more,
/// the better the order in which the caller can read them.
const COMMITS_AHEAD_MAX: usize = 4096;
const TREES_AHEAD_MAX: usize = 4096;

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
    /// Trees of the repository, in no order: [`Introducer::supply_tree`].
    NeedTrees(Vec<ObjectId>),
    /// Nothing: [`super::index::write`] has all that it needs.
    Done,
}

/// Works through the commits of a pack.
pub struct Introducer {
    entries: Entries,
    ids: Ids,
    contents: Contents,
    limits: Limits,
    outside_parents: BTreeMap<IdNo, (IdNo, u32)>,
    /// Numbers of commits with their positions in `contents.commits`, sorted.
    commit_at: Vec<(IdNo, u32)>,
    /// What the commits from the first that `introduced_ends` lacks introduce; nothing where trees are missing.
    ahead: VecDeque<Option<Vec<IdNo>>>,
    /// Length of all that together.
    n_ahead: usize,
    /// What the commits introduce, one after the other in the order of `contents.commits`.
    introduced: Paged<IdNo>,
    introduced_ends: Paged<u32>,
    trees: TreeReader,
    n_compared: u64,
    seen: Seen,
}

/// What the index is made of.
pub(crate) struct Introduced {
    pub(crate) entries: Entries,
    /// By number only.
    pub(crate) ids: Ids,
    pub(crate) tags: BTreeMap<IdNo, IdNo>,
    pub(crate) commits: IntroducedCommits,
}

/// Commits in the order in which they were read.
pub(crate) struct IntroducedCommits {
    pub(crate) commits: Paged<CommitRow, 1024>,
    pub(crate) parents: Paged<IdNo, 1024>,
    pub(crate) generations: Vec<u32>,
    /// What they introduce, one after the other, and where that ends for each.
    pub(crate) introduced: Paged<IdNo>,
    pub(crate) ends: Paged<u32>,
}

/// A tree of a commit, with those that its parents have in that place.
struct Compared {
    tree: IdNo,
    theirs: Vec<IdNo>,
}

impl Introducer {
    /// Begins; `outside_parents` tells of every parent that is not in the pack, but for those beyond the ends of its history.
    pub fn new(resolved: Resolved, outside_parents: &BTreeMap<ObjectId, ParentCommit>) -> Self {
        let (entries, mut ids, contents, limits) = resolved.into_parts();
        let outside_parents = outside_parents.iter().map(|(&id, parent)| {
            let tree = ids.number(parent.tree_id);
            (ids.number(id), (tree, parent.generation))
        });
        let outside_parents = outside_parents.collect();
        let mut commit_at: Vec<_> = contents.commits.iter().zip(0..).map(|(commit, at)| (commit.id_no, at)).collect();
        commit_at.sort_unstable();
        Self {
            entries,
            ids,
            contents,
            outside_parents,
            commit_at,
            ahead: VecDeque::new(),
            n_ahead: 0,
            introduced: Paged::default(),
            introduced_ends: Paged::default(),
            trees: TreeReader::new(limits.tree_cache_max),
            limits,
            n_compared: 0,
            seen: Seen::default(),
        }
    }

    /// A tree that [`Step::NeedTrees`] asked for.
    pub fn supply_tree(&mut self, id: ObjectId, content: &[u8]) -> Result<(), PackError> {
        let no = self.ids.number(id);
        let added = self.contents.trees.add(no, content, &mut self.ids);
        added.map_err(|error| PackError::Object { id, error })?;
        check_notes(&self.limits, &[self.entries.byte_len(), self.ids.byte_len(), self.contents.byte_len()])
    }

    /// Goes on as far as it can.
    ///
    /// Trees are asked for on behalf of many commits at once, a level after the other: branches that began at different
    /// places of the history need some of each.
    pub fn step(&mut self) -> Result<Step, PackError> {
        loop {
            let missing = self.look_ahead()?;
            self.settle();
            if !missing.is_empty() {
                return Ok(Step::NeedTrees(missing));
            }
            if self.introduced_ends.len() == self.contents.commits.len() {
                return Ok(Step::Done);
            }
        }
    }

    /// Works out what the next commits introduce. The trees of the repository that are missing for that.
    fn look_ahead(&mut self) -> Result<Vec<ObjectId>, PackError> {
        let mut missing = Vec::new();
        for at in 0..COMMITS_AHEAD_MAX {
            if self.ahead.get(at).is_some_and(Option::is_some) {
                continue;
            }
            let Some(commit) = self.contents.commits.get(self.introduced_ends.len() + at) else { break };
            let tree = commit.tree;
            let mut parents: Vec<_> =
                self.contents.parents_of(commit).filter_map(|parent| self.tree_of(parent)).collect();
            parents.dedup();
            let mut found = Vec::new();
            let missing_here = self.diff(tree, parents, &mut found)?;
            found.shrink_to_fit();
            let found = missing_here.is_empty().then_some(found);
            missing.extend(missing_here);
            // Commits without parents that share a tree each introduce all of it: few bytes may stand for long lists.
            self.n_ahead += found.as_ref().map_or(0, Vec::len);
            self.check_numbers("objects introduced by commits", self.introduced.len() + self.n_ahead)?;
            match self.ahead.get_mut(at) {
                Some(slot) => *slot = found,
                None => self.ahead.push_back(found),
            }
            if missing.len() >= TREES_AHEAD_MAX {
                break;
            }
        }
        missing.sort_unstable();
        missing.dedup();
        Ok(missing)
    }

    /// Notes what has been worked out of the commits whose turn it is.
    fn settle(&mut self) {
        while let Some(found) = self.ahead.front_mut().and_then(Option::take) {
            self.ahead.pop_front();
            self.n_ahead -= found.len();
            for no in found {
                self.introduced.push(no);
            }
            self.introduced_ends.push(u32::try_from(self.introduced.len()).unwrap_or(u32::MAX));
        }
    }

    fn check_numbers(&self, what: &'static str, n: usize) -> Result<(), PackError> {
        let n_max = self.limits.n_introduced_max;
        if n > n_max { Err(PackError::TooMany { what, n_max: n_max as u64 }) } else { Ok(()) }
    }

    fn commit_at(&self, no: IdNo) -> Option<usize> {
        let at = self.commit_at.binary_search_by_key(&no, |&(no, _)| no).ok()?;
        self.commit_at.get(at).map(|&(_, at)| at as usize)
    }

    fn tree_of(&self, parent: IdNo) -> Option<IdNo> {
        match self.commit_at(parent) {
            Some(at) => Some(self.contents.commits.get(at)?.tree),
            None => self.outside_parents.get(&parent).map(|&(tree, _)| tree),
        }
    }

    /// Adds to `found` what `tree` has that none of `parents` has at the same path; the trees that would be needed.
    ///
    /// An object that is found once is not looked at again: what a second place would leave out is reached by a parent.
    fn diff(&mut self, tree: IdNo, parents: Vec<IdNo>, found: &mut Vec<IdNo>) -> Result<Vec<ObjectId>, PackError> {
        let mut missing = Vec::new();
        if parents.contains(&tree) {
            return Ok(missing);
        }
        let mut n_waiting = parents.len();
        let mut stack = vec![Compared { tree, theirs: parents }];
        found.push(tree);
        while let Some(compared) = stack.pop() {
            n_waiting -= compared.theirs.len();
            for New { item, theirs } in self.new_items(compared, n_waiting, &mut missing)? {
                if self.seen.insert(item.id_no()) {
                    found.push(item.id_no());
                    if item.is_tree() {
                        n_waiting += theirs.len();
                        stack.push(Compared { tree: item.id_no(), theirs });
                    }
                }
            }
        }
        self.seen.forget(found);
        Ok(missing)
    }

    /// The items of a tree that none of its parents has under that name. Of the parents one at a time is held, since there
    /// may be many and each of them large; `n_waiting` of them wait elsewhere.
    fn new_items(
        &mut self,
        Compared { tree, theirs: parents }: Compared,
        n_waiting: usize,
        missing: &mut Vec<ObjectId>,
    ) -> Result<Vec<New>, PackError> {
        let ours = self.read(tree, missing)?;
        let (mut new, mut is_complete): (Option<Vec<New>>, _) = (None, true);
        for parent in parents {
            let (Some(theirs), Some(ours)) = (self.read(parent, missing)?, &ours) else {
                // The commit is looked at again when it has come: what is below both is not asked for before that.
                is_complete = false;
                continue;
            };
            let left = match new {
                Some(new) => leave_known(&self.contents.trees, new, &theirs),
                None => changed(&self.contents.trees, ours, &theirs),
            };
            self.n_compared += left.len() as u64;
            let n_theirs: usize = left.iter().map(|new| new.theirs.len()).sum();
            self.check_numbers("trees to compare at once", n_waiting + n_theirs)?;
            new = Some(left);
        }
        if !is_complete {
            return Ok(Vec::new());
        }
        let all = |ours: Rc<Vec<TreeItem>>| ours.iter().map(|&item| New { item, theirs: Vec::new() }).collect();
        Ok(new.or_else(|| ours.map(all)).unwrap_or_default())
    }

    /// A tree's items, unless it is missing.
    fn read(&mut self, tree: IdNo, missing: &mut Vec<ObjectId>) -> Result<Option<Rc<Vec<TreeItem>>>, PackError> {
        let Some(number) = self.contents.trees.number(tree) else {
            missing.extend(self.ids.id(tree));
            return Ok(None);
        };
        let items = self.contents.trees.read(number, &mut self.trees);
        self.n_compared += items.len() as u64;
        let n_max = self.limits.n_compared_max;
        if self.n_compared + self.trees.n_read() > n_max {
            return Err(PackError::TooMany { what: "entries of trees to compare", n_max });
        }
        Ok(Some(items))
    }

    /// What has been found; trees, names and the table of ids are freed.
    pub(crate) fn finish(self) -> Introduced {
        let generations = self.generations();
        let Self { entries, mut ids, contents, introduced, introduced_ends: ends, .. } = self;
        let Contents { commits, parents, tags, .. } = contents;
        ids.forget_numbers();
        Introduced {
            entries,
            ids,
            tags,
            commits: IntroducedCommits { commits, parents, generations, introduced, ends },
        }
    }
}
