//! What is reached from where, from the stored indexes alone: nothing is inflated.

mod shallow;

use crate::ObjectId;
use crate::pack::Kind;
use crate::pack::catalog::{Catalog, ObjectSet, Place};

pub use shallow::{Boundary, deepen};

/// What a walk found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The objects.
    pub objects: ObjectSet,
    /// Trees whose content only the trees tell: those that were named other than by a commit (by a tag, by a client), and
    /// those of commits at which a history ends. What is below them is not among the objects.
    pub open_trees: Vec<Place>,
    /// Whether all that was referred to is there, as it is in a closed catalog.
    pub is_whole: bool,
}

/// Everything that `tips` reach, except what is in `held`, which is assumed to be closed, and what is beyond the commits
/// `ends`: of these, the history before them.
pub fn reach(
    catalog: &Catalog,
    tips: impl IntoIterator<Item = Place>,
    held: Option<&ObjectSet>,
    ends: Option<&ObjectSet>,
) -> Reached {
    let mut reached = Reached { objects: catalog.empty_set(), open_trees: Vec::new(), is_whole: true };
    let is_held = |place: Place| held.is_some_and(|held| held.contains(place));
    let is_end = |place: Place| ends.is_some_and(|ends| ends.contains(place));
    let mut stack: Vec<Place> = tips.into_iter().collect();
    while let Some(place) = stack.pop() {
        if is_held(place) || !reached.objects.insert(place) {
            continue;
        }
        let Some(index) = catalog.index(place.pack) else { continue };
        let resolved = |reference| catalog.resolve(place.pack, reference);
        let mut is_whole = true;
        if let Some(commit) = catalog.commit(place) {
            // What a commit introduces that has no parents here is all of its tree.
            if is_end(place) && !catalog.is_root(place) {
                reached.open_trees.extend(resolved(commit.tree));
                continue;
            }
            for parent in catalog.parents(place, &commit) {
                is_whole &= parent.is_some();
                stack.extend(parent);
            }
            for object in index.introduced(&commit).map(resolved) {
                is_whole &= object.is_some();
                if let Some(object) = object.filter(|&object| !is_held(object)) {
                    reached.objects.insert(object);
                }
            }
        } else if let Some(target) = index.tag_target(place.number).map(resolved) {
            is_whole = target.is_some();
            stack.extend(target);
        } else if catalog.entry(place).is_some_and(|entry| entry.kind == Kind::Tree) {
            reached.open_trees.push(place);
        }
        reached.is_whole &= is_whole;
    }
    reached
}

/// Whether every one of `wants` reaches one of `common`: then more haves would tell nothing new.
pub fn all_reach(catalog: &Catalog, wants: &[ObjectId], common: &[ObjectId]) -> bool {
    let mut is_common = catalog.empty_set();
    for place in common.iter().filter_map(|&id| catalog.find(id)) {
        is_common.insert(place);
    }
    wants.iter().filter_map(|&id| catalog.find(id)).all(|want| reaches(catalog, want, &is_common))
}

fn reaches(catalog: &Catalog, want: Place, targets: &ObjectSet) -> bool {
    let mut seen = catalog.empty_set();
    let mut stack = vec![want];
    while let Some(place) = stack.pop() {
        if targets.contains(place) {
            return true;
        }
        let Some(index) = catalog.index(place.pack).filter(|_| seen.insert(place)) else { continue };
        if let Some(commit) = catalog.commit(place) {
            stack.extend(catalog.parents(place, &commit).flatten());
        } else if let Some(target) = index.tag_target(place.number) {
            stack.extend(catalog.resolve(place.pack, target));
        }
    }
    false
}
