//! What is reached from where, from the stored indexes alone: nothing is inflated.

mod shallow;

use std::collections::BTreeSet;
use std::rc::Rc;

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
    let mut walk = Walk::new(catalog, held, ends);
    walk.add(tips, |_| None);
    walk.reached
}

/// Everything that `tips` reach. `known` is asked what a commit reaches, and `learn` is told what the first tip does when
/// finding out took a long walk: more than `n_long` objects.
pub fn reach_whole(
    catalog: &Catalog,
    tips: &[Place],
    known: impl Fn(Place) -> Option<Rc<ObjectSet>>,
    learn: impl FnOnce(Place, &ObjectSet),
    n_long: usize,
) -> Reached {
    let mut walk = Walk::new(catalog, None, None);
    if let Some((&first, rest)) = tips.split_first() {
        walk.add([first], &known);
        if walk.n_walked > n_long && walk.reached.is_whole && walk.reached.open_trees.is_empty() {
            learn(first, &walk.reached.objects);
        }
        walk.add(rest.iter().copied(), &known);
    }
    walk.reached
}

struct Walk<'a> {
    catalog: &'a Catalog,
    held: Option<&'a ObjectSet>,
    ends: Option<&'a ObjectSet>,
    reached: Reached,
    /// How many objects were found one by one.
    n_walked: usize,
}

impl<'a> Walk<'a> {
    fn new(catalog: &'a Catalog, held: Option<&'a ObjectSet>, ends: Option<&'a ObjectSet>) -> Self {
        let reached = Reached { objects: catalog.empty_set(), open_trees: Vec::new(), is_whole: true };
        Self { catalog, held, ends, reached, n_walked: 0 }
    }

    fn is_held(&self, place: Place) -> bool {
        self.held.is_some_and(|held| held.contains(place))
    }

    fn add(&mut self, tips: impl IntoIterator<Item = Place>, known: impl Fn(Place) -> Option<Rc<ObjectSet>>) {
        let mut stack: Vec<Place> = tips.into_iter().collect();
        while let Some(place) = stack.pop() {
            if self.is_held(place) || self.reached.objects.contains(place) {
                continue;
            }
            if let Some(set) = known(place) {
                self.reached.objects.add_all(&set);
                continue;
            }
            self.reached.objects.insert(place);
            self.n_walked += 1;
            self.reached.is_whole &= self.step(place, &mut stack);
        }
    }

    /// Adds what an object introduces, and puts what is to be walked on the stack. Whether all of it is there.
    fn step(&mut self, place: Place, stack: &mut Vec<Place>) -> bool {
        let catalog = self.catalog;
        let Some(index) = catalog.index(place.pack) else { return true };
        let resolved = |reference| catalog.resolve(place.pack, reference);
        let mut is_whole = true;
        if let Some(commit) = catalog.commit(place) {
            // What a commit introduces that has no parents here is all of its tree.
            if self.ends.is_some_and(|ends| ends.contains(place)) && !catalog.is_root(place) {
                self.reached.open_trees.extend(resolved(commit.tree));
                return true;
            }
            for parent in catalog.parents(place, &commit) {
                is_whole &= parent.is_some();
                stack.extend(parent);
            }
            for object in index.introduced(&commit).map(resolved) {
                is_whole &= object.is_some();
                if let Some(object) = object.filter(|&object| !self.is_held(object)) {
                    self.n_walked += usize::from(self.reached.objects.insert(object));
                }
            }
        } else if let Some(target) = index.tag_target(place.number).map(resolved) {
            is_whole = target.is_some();
            stack.extend(target);
        } else if catalog.entry(place).is_some_and(|entry| entry.kind == Kind::Tree) {
            self.reached.open_trees.push(place);
        }
        is_whole
    }
}

/// Whether one of these commits, or what tags among them name, is `to` or a descendant of it. Each commit that is looked at
/// is taken off `budget`, and when that is used up it is denied.
pub fn descends(catalog: &Catalog, from: impl IntoIterator<Item = Place>, to: Place, budget: &mut usize) -> bool {
    let Some(oldest) = catalog.commit(to).map(|commit| commit.generation) else { return false };
    let peeled = |place| std::iter::successors(Some(place), |&place| tag_target(catalog, place)).last();
    let (mut seen, mut stack) = (BTreeSet::new(), Vec::new());
    stack.extend(from.into_iter().filter_map(peeled));
    while let Some(place) = stack.pop() {
        if place == to {
            return true;
        }
        // A descendant has a higher generation; where one is too low, above a former end of the history, that is denied.
        let is_above = catalog.commit(place).is_some_and(|commit| commit.generation > oldest);
        if !is_above || !seen.insert(place) {
            continue;
        }
        let Some(left) = budget.checked_sub(1) else { return false };
        *budget = left;
        stack.extend(parents(catalog, place));
    }
    false
}

/// Whether every one of `wants` reaches one of `common`: then more haves would tell nothing new. With a `boundary` the
/// client's history ends there, and what it is to get behind its ends is wanted too.
///
/// As with Git, whoever has a commit has its parents, nothing is told by haves of what is no commit nor leads to one, and
/// commits older than all of `common` are not gone into. Where generations are too low, above an end that a history had once,
/// it may be denied though it is so: the client is then asked for more haves than it takes, and gets the same pack.
pub fn all_reach(catalog: &Catalog, wants: &[ObjectId], common: &[ObjectId], boundary: Option<&Boundary>) -> bool {
    let is_end = |place| boundary.is_some_and(|ends| ends.before.contains(place) || ends.after.contains(place));
    let before = |place| if is_end(place) { Vec::new() } else { parents(catalog, place) };
    let time = |place: Place| catalog.commit(place).map(|commit| commit.time);
    let common: Vec<_> = common.iter().filter_map(|&id| catalog.find(id)).collect();
    if common.is_empty() {
        return false;
    }
    let time_min = common.iter().filter_map(|&place| time(place)).min();
    let mut good = catalog.empty_set();
    for place in common.iter().copied().chain(common.iter().flat_map(|&place| before(place))) {
        good.insert(place);
    }
    // What a tag leads to, or what of it is common on the way there.
    let peeled = |want: ObjectId| {
        let tags = std::iter::successors(catalog.find(want), |&place| tag_target(catalog, place));
        let mut tags = tags.skip_while(|&place| !good.contains(place));
        tags.next().or_else(|| peel(catalog, want))
    };
    let new_parents = boundary.map_or(&[][..], |boundary| &boundary.new_parents).iter().copied();
    let ends: Vec<_> = wants.iter().filter_map(|&want| peeled(want)).chain(new_parents).collect();
    let (mut seen, mut reached, mut stack) = (catalog.empty_set(), Vec::new(), ends.clone());
    while let Some(place) = stack.pop() {
        if good.contains(place) || !seen.insert(place) {
            continue;
        }
        reached.push((catalog.commit(place).map(|commit| commit.generation), place));
        stack.extend(before(place).into_iter().filter(|&parent| time(parent) >= time_min));
    }
    // Parents before their children: each commit is looked at once, whatever the number of wants.
    reached.sort_unstable();
    for (_, place) in reached {
        if before(place).into_iter().any(|parent| good.contains(parent)) {
            good.insert(place);
        }
    }
    ends.into_iter().all(|end| good.contains(end))
}

/// The commit that an id leads to, by tags.
fn peel(catalog: &Catalog, id: ObjectId) -> Option<Place> {
    let last = std::iter::successors(catalog.find(id), |&place| tag_target(catalog, place)).last()?;
    catalog.commit(last).map(|_| last)
}

fn tag_target(catalog: &Catalog, tag: Place) -> Option<Place> {
    catalog.resolve(tag.pack, catalog.index(tag.pack)?.tag_target(tag.number)?)
}

/// The parents of a commit that are here.
fn parents(catalog: &Catalog, place: Place) -> Vec<Place> {
    catalog.commit(place).map(|commit| catalog.parents(place, &commit).flatten().collect()).unwrap_or_default()
}
