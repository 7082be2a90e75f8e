//! Where a history ends that is not wanted whole. Source: git-fetch(1), `--depth`, `--deepen`, `--shallow-since`,
//! `--shallow-exclude`; gitprotocol-pack(5), "Packfile Negotiation".

use super::{parents, peel};
use crate::ObjectId;
use crate::pack::catalog::{Catalog, ObjectSet, Place};
use crate::protocol::fetch::{DEPTH_INFINITE, Depth, ShallowUpdate};

/// Where the client's history ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary {
    /// As it is: commits that it has without their parents.
    pub before: ObjectSet,
    /// As it will be.
    pub after: ObjectSet,
    /// What it is told.
    pub update: ShallowUpdate,
    /// Parents that it lacks of commits that it has, and is to get.
    pub new_parents: Vec<Place>,
}

/// Works out where the history of a client ends that wants `wants` and is as deep as `depth` says, or wants to be;
/// `not` are the tips of histories that it does not want. `None` when that leaves no commit.
pub fn deepen(catalog: &Catalog, wants: &[ObjectId], depth: &Depth, not: &[ObjectId]) -> Option<Boundary> {
    let mut before = catalog.empty_set();
    for place in depth.shallow.iter().filter_map(|&id| catalog.find(id)) {
        before.insert(place);
    }
    let deeper = if depth.is_asked_for() {
        deeper(catalog, wants, depth, not, &before)?
    } else {
        Deeper { inside: catalog.empty_set(), ends: roots_above(catalog, wants, &before) }
    };
    let ids = |places: &mut dyn Iterator<Item = Place>| places.filter_map(|place| catalog.id(place)).collect();
    let shallow = ids(&mut deeper.ends.iter().filter(|&place| !before.contains(place)));
    let unshallow = ids(&mut before.iter().filter(|&place| deeper.inside.contains(place)));
    let is_opened = |place: &Place| deeper.inside.contains(*place);
    let new_parents = before.iter().filter(is_opened).flat_map(|place| parents(catalog, place)).collect();
    let mut after = deeper.ends;
    for place in before.iter().filter(|place| !is_opened(place)) {
        after.insert(place);
    }
    Some(Boundary { before, after, update: ShallowUpdate { shallow, unshallow }, new_parents })
}

/// What another depth makes of the history.
struct Deeper {
    /// Commits that come without their parents.
    ends: ObjectSet,
    /// Commits that come with them.
    inside: ObjectSet,
}

impl Deeper {
    fn none(catalog: &Catalog) -> Self {
        Self { ends: catalog.empty_set(), inside: catalog.empty_set() }
    }
}

fn deeper(
    catalog: &Catalog,
    wants: &[ObjectId],
    depth: &Depth,
    not: &[ObjectId],
    before: &ObjectSet,
) -> Option<Deeper> {
    let wanted = commits(catalog, wants);
    Some(match depth.n_commits {
        Some(DEPTH_INFINITE) if !catalog.is_shallow() => Deeper { inside: before.clone(), ends: catalog.empty_set() },
        Some(n_commits) if depth.is_relative => by_count(catalog, before.iter().collect(), n_commits.saturating_add(1)),
        Some(n_commits) => by_count(catalog, wanted, n_commits),
        None => by_revisions(catalog, wanted, depth.since, commits(catalog, not))?,
    })
}

/// Where the repository's own history ends, of what the wants reach without going past where the client's does.
fn roots_above(catalog: &Catalog, wants: &[ObjectId], before: &ObjectSet) -> ObjectSet {
    let mut roots = catalog.empty_set();
    if catalog.is_shallow() {
        let reached = ancestors(catalog, commits(catalog, wants), |place| before.contains(place));
        for root in catalog.roots().filter(|&root| reached.contains(root)) {
            roots.insert(root);
        }
    }
    roots
}

/// As many commits as that on every way from the tips; a commit counts where it is nearest.
fn by_count(catalog: &Catalog, tips: Vec<Place>, n_commits: u32) -> Deeper {
    let mut deeper = Deeper::none(catalog);
    let mut seen = catalog.empty_set();
    let mut level = tips;
    for at in 1..=n_commits {
        let mut next = Vec::new();
        for place in level.into_iter().filter(|&place| seen.insert(place)) {
            if at == n_commits || catalog.is_root(place) {
                deeper.ends.insert(place);
            } else {
                deeper.inside.insert(place);
                next.extend(parents(catalog, place));
            }
        }
        if next.is_empty() {
            break;
        }
        level = next;
    }
    deeper
}

/// What the tips reach by way of commits that are not older than `since`, less what `not` reaches. Beside `not`, as with Git,
/// the ancestors of an older commit are left out too, even if they are reached by another way: it makes a difference where
/// clocks are wrong.
fn by_revisions(catalog: &Catalog, tips: Vec<Place>, since: Option<i64>, not: Vec<Place>) -> Option<Deeper> {
    let time = |place: Place| catalog.commit(place).map_or(i64::MIN, |commit| commit.time);
    let is_old = |place: Place| since.is_some_and(|since| time(place) < since);
    let is_limited = !not.is_empty();
    let reached = ancestors(catalog, tips, |place| !is_limited && is_old(place));
    let is_unwanted = reached.iter().filter(|&place| is_limited && is_old(place)).chain(not);
    let unwanted = ancestors(catalog, is_unwanted.collect(), |_| false);
    let mut deeper = Deeper::none(catalog);
    let is_wanted = |place: Place| reached.contains(place) && !is_old(place) && !unwanted.contains(place);
    for place in reached.iter().filter(|&place| is_wanted(place)) {
        let is_inside = !catalog.is_root(place) && parents(catalog, place).into_iter().all(is_wanted);
        if is_inside {
            deeper.inside.insert(place)
        } else {
            deeper.ends.insert(place)
        };
    }
    (!deeper.ends.is_empty() || !deeper.inside.is_empty()).then_some(deeper)
}

/// Commits that are reached from others, those included, without going past those for which `is_end` holds.
fn ancestors(catalog: &Catalog, tips: Vec<Place>, is_end: impl Fn(Place) -> bool) -> ObjectSet {
    let (mut seen, mut stack) = (catalog.empty_set(), tips);
    while let Some(place) = stack.pop() {
        if seen.insert(place) && !is_end(place) {
            stack.extend(parents(catalog, place));
        }
    }
    seen
}

/// The commits that ids lead to.
fn commits(catalog: &Catalog, ids: &[ObjectId]) -> Vec<Place> {
    ids.iter().filter_map(|&id| peel(catalog, id)).collect()
}
