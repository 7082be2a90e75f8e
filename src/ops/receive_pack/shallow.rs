//! Where the history of a repo ends after a push: at commits of the pack whose parents nobody has, and no more at those
//! whose parents it brings.
//!
//! git refuses a new end unless `receive.shallowUpdate` says otherwise, and keeps an old one even when its parents have come.

use git_core::ObjectId;
use git_core::pack::catalog::Catalog;
use git_core::pack::{Kind, PackError, Resolved};

use crate::config::REPO_SHALLOW_MAX;
use crate::repo::call::ShallowChange;

/// The reason that git gives.
pub(super) const SHALLOW_REASON: &str = "shallow update not allowed";

/// Ends the history of the pack at those of the client's shallow commits that have a parent which is nowhere.
pub(super) fn cut(resolved: &mut Resolved, shallow: &[ObjectId], catalog: &Catalog) -> Vec<ObjectId> {
    resolved.cut(shallow, |parent| catalog.find(parent).is_some())
}

/// What becomes of the ends of the history. Where it goes on, the parents that the repo has are relied on.
pub(super) fn change(
    resolved: &Resolved,
    added: &[ObjectId],
    catalog: &Catalog,
    outside: &mut Vec<ObjectId>,
) -> Result<ShallowChange, PackError> {
    let is_commit = |id: ObjectId| {
        let here = || catalog.find(id).and_then(|place| catalog.entry(place)).map(|entry| entry.kind);
        resolved.kind(id).or_else(here) == Some(Kind::Commit)
    };
    let mut removed = Vec::new();
    for root in catalog.roots() {
        let parent_ids = catalog.parent_ids(root);
        if parent_ids.iter().all(|&id| is_commit(id)) {
            removed.extend(catalog.id(root));
            outside.extend(parent_ids.into_iter().filter(|&id| resolved.kind(id).is_none()));
        }
    }
    if catalog.roots().count() + added.len() - removed.len() > REPO_SHALLOW_MAX {
        return Err(PackError::TooMany {
            what: "commits at which the history of the repository ends",
            n_max: REPO_SHALLOW_MAX as u64,
        });
    }
    let hex = |ids: &[ObjectId]| ids.iter().map(ObjectId::to_hex).collect();
    Ok(ShallowChange { added: hex(added), removed: hex(&removed) })
}
