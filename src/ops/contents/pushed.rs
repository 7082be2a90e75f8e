//! The commits that a push has brought to a ref, as those are told who subscribed to pushes.

use std::collections::HashSet;

use git_core::ObjectId;
use git_core::pack::Kind;
use git_core::pack::catalog::Place;
use serde::Serialize;

use super::Contents;
use super::commits::{CommitMetadata, PersonName};
use crate::config::{PUSHED_COMMITS_COUNTED_MAX, PUSHED_COMMITS_MAX, PUSHED_EFFORT_MAX, PUSHED_TEXT_LEN_MAX};
use crate::error::Error;
use crate::store::PackStore;
use crate::time::iso;

/// Commits along the first parents, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pushed {
    pub(crate) commits: Vec<PushedCommit>,
    /// How many there are, those that are not listed among them, as far as they were counted.
    pub(crate) total: u64,
    /// Nobody has looked: the push has moved too many refs.
    pub(crate) is_unread: bool,
}

/// What may be done for all refs of a push: a commit that is passed costs one, one that is read [`READ_COST`].
#[derive(Debug)]
pub(crate) struct Effort(usize);

/// To inflate a commit and its deltas takes some 50 times as long as to find its parent.
const READ_COST: usize = 50;

impl Effort {
    /// As much as one push is worth.
    pub(crate) fn of_a_push() -> Self {
        Self(PUSHED_EFFORT_MAX)
    }

    fn spend(&mut self, cost: usize) {
        self.0 = self.0.saturating_sub(cost);
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PushedCommit {
    id: String,
    message: String,
    message_truncated: bool,
    /// When it was committed.
    timestamp: String,
    author: PersonName,
    committer: PersonName,
    parents: Vec<String>,
}

impl<S: PackStore> Contents<'_, S> {
    /// The commits from what a ref points at now to what it pointed at before, or, where the one does not lead to the other, to a
    /// commit that both have; of a ref that was made all that there are. None when it points at no commit.
    pub(crate) async fn pushed(
        &self,
        before: Option<ObjectId>,
        after: Option<ObjectId>,
        effort: &mut Effort,
    ) -> Result<Pushed, Error> {
        if effort.0 == 0 {
            return Ok(Pushed { is_unread: true, ..Pushed::default() });
        }
        let Some(tip) = self.commit_at(after)? else { return Ok(Pushed::default()) };
        let old: HashSet<Place> = self.commit_at(before)?.map(|old| self.line(old).collect()).unwrap_or_default();
        let new: Vec<Place> = self.line(tip).take_while(|commit| !old.contains(commit)).collect();
        let listed = new.get(..PUSHED_COMMITS_MAX).unwrap_or(&new);
        effort.spend(old.len() + new.len() + READ_COST * listed.len());
        let (mut commits, mut rest) = (Vec::new(), listed);
        while !rest.is_empty() {
            let (ready, later) = rest.split_at(self.catalog.read_ahead(rest).await?);
            for &place in ready {
                commits.push(PushedCommit::of(self.metadata(place).await?));
            }
            rest = later;
        }
        Ok(Pushed { commits, total: new.len() as u64, is_unread: false })
    }

    /// The commit that an object is, or that a tag leads to.
    fn commit_at(&self, id: Option<ObjectId>) -> Result<Option<Place>, Error> {
        let Some(place) = id.and_then(|id| self.catalog.packs.find(id)) else { return Ok(None) };
        let place = self.catalog.packs.peel(place);
        Ok((self.kind(place)? == Kind::Commit).then_some(place))
    }

    /// A commit and its first parents, so many of them.
    fn line(&self, commit: Place) -> impl Iterator<Item = Place> {
        let line = std::iter::successors(Some(commit), |&commit| self.first_parent(commit));
        line.take(PUSHED_COMMITS_COUNTED_MAX)
    }
}

impl PushedCommit {
    fn of(commit: CommitMetadata) -> Self {
        let CommitMetadata { hash, message, author, committer, parents, committed_at, .. } = commit;
        let person = |PersonName { name, email }| PersonName { name: cut(name).0, email: cut(email).0 };
        let (message, message_truncated) = cut(message);
        let timestamp = iso(u64::try_from(committed_at).unwrap_or(0).saturating_mul(1_000));
        let (author, committer) = (person(author), person(committer));
        Self { id: hash, message, message_truncated, timestamp, author, committer, parents }
    }
}

/// The text, no longer than a message can afford, and whether something of it is missing.
fn cut(text: String) -> (String, bool) {
    match text.get(..text.floor_char_boundary(PUSHED_TEXT_LEN_MAX)) {
        // A copy, so that a long text is not kept for its beginning.
        Some(start) if text.len() > start.len() => (start.to_owned(), true),
        _ => (text, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("short".into()), ("short".into(), false));
        let (text, is_cut) = cut("é".repeat(PUSHED_TEXT_LEN_MAX));
        assert!(is_cut && text.len() <= PUSHED_TEXT_LEN_MAX && text.ends_with('é'));
    }
}
