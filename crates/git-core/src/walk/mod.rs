//! What is reached from where, from the stored indexes alone: nothing is inflated.

mod shallow;

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

/// Whether every one of `wants` reaches one of `common`: then more haves would tell nothing new. As with Git, whoever has
/// a commit has its parents, and nothing is told by haves of what is no commit, nor leads to one.
///
/// Where generations are too low, above an end that a history had once, this may be denied though it is so: the client is then
/// asked for more haves than it takes, and gets the same pack.
pub fn all_reach(catalog: &Catalog, wants: &[ObjectId], common: &[ObjectId]) -> bool {
    let mut good = catalog.empty_set();
    let mut common: Vec<_> = common.iter().filter_map(|&id| catalog.find(id)).collect();
    common.extend(common.clone().into_iter().flat_map(|place| parents(catalog, place)));
    for &place in &common {
        good.insert(place);
    }
    // Below the lowest of them nothing leads to any.
    let floor = common.iter().filter_map(|&place| catalog.commit(place)).map(|commit| commit.generation).min();
    let mut seen = catalog.empty_set();
    let (mut reached, mut ends) = (Vec::new(), Vec::new());
    for want in wants.iter().filter_map(|&id| catalog.find(id)) {
        let end = peel(catalog, want, &good);
        ends.push(end);
        let mut stack = vec![end];
        while let Some(place) = stack.pop() {
            if good.contains(place) {
                continue;
            }
            let Some(commit) =
                catalog.commit(place).filter(|commit| floor.is_some_and(|floor| commit.generation >= floor))
            else {
                continue;
            };
            if seen.insert(place) {
                reached.push((commit.generation, place));
                stack.extend(parents(catalog, place));
            }
        }
    }
    // Parents before their children: each commit is looked at once, whatever the number of wants.
    reached.sort_unstable();
    for (_, place) in reached {
        if parents(catalog, place).into_iter().any(|parent| good.contains(parent)) {
            good.insert(place);
        }
    }
    ends.into_iter().all(|end| good.contains(end) || catalog.commit(end).is_none())
}

/// What a tag leads to, or the first of `good` on the way there.
fn peel(catalog: &Catalog, want: Place, good: &ObjectSet) -> Place {
    let target = |place: Place| catalog.resolve(place.pack, catalog.index(place.pack)?.tag_target(place.number)?);
    std::iter::successors(Some(want), |&place| if good.contains(place) { None } else { target(place) })
        .last()
        .unwrap_or(want)
}

/// The parents of a commit that are here.
fn parents(catalog: &Catalog, place: Place) -> Vec<Place> {
    catalog.commit(place).map(|commit| catalog.parents(place, &commit).flatten().collect()).unwrap_or_default()
}
