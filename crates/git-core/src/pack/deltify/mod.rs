//! Deltas between objects that came without: pushed apart, or by a client that makes none.
//!
//! Git compares objects of like names and lengths. Names are not known here; what objects are alike is told by their content.

mod sketch;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use self::sketch::Sketch;
use super::Kind;
use super::delta::DeltaBase;

/// Objects with a feature in common of which the last are looked at, and bases that are tried for one object.
const N_ALIKE_MAX: usize = 12;
const N_TRIED_MAX: usize = 4;

/// An object among others that may be its base or build on it.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Trees are compared with trees, blobs with blobs.
    pub kind: Kind,
    /// All of it.
    pub content: Vec<u8>,
    /// Length in bytes of what is stored of it now.
    pub stored_len: usize,
    /// What it builds on now.
    pub base: Stored,
}

/// What is stored of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// All of it: it may become a delta.
    Whole,
    /// A delta against another candidate, by its place among them.
    On(usize),
    /// A delta against something else, which has so many entries from there to a whole object, that one included; none of
    /// them may be a candidate.
    Elsewhere(usize),
}

/// A delta that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which candidate it makes.
    pub target: usize,
    /// Which it builds on.
    pub base: usize,
    /// Deflated, as it is stored.
    pub deflated: Vec<u8>,
    /// Length of the delta before that.
    pub delta_len: usize,
}

/// Finds deltas for whole candidates that take less than what is stored, with no chain of these above `depth_max` deltas. What it
/// found can all be done together: no object comes to build on itself.
///
/// Candidates build on those before them. If they come in the order in which they were stored, what is new builds on what is
/// old, and whoever has the old can be sent the delta.
pub fn find(candidates: &[Candidate], depth_max: usize) -> Vec<Found> {
    let mut chains = Chains::new(candidates);
    let mut alike: HashMap<u32, Vec<usize>> = HashMap::new();
    let mut found = Vec::new();
    for (at, candidate) in candidates.iter().enumerate() {
        let sketch = Sketch::new(candidate.kind as u8, &candidate.content);
        if candidate.base == Stored::Whole {
            let bases = most_alike(&sketch, &alike);
            let bases = bases.into_iter().filter(|&base| chains.may_join(at, base, depth_max)).take(N_TRIED_MAX);
            if let Some(best) = best(candidates, at, bases) {
                chains.join(at, best.base);
                found.push(best);
            }
        }
        for feature in sketch.features() {
            let list = alike.entry(feature).or_default();
            if list.len() >= N_ALIKE_MAX {
                list.remove(0);
            }
            list.push(at);
        }
    }
    found
}

/// Those that have features in common with the sketch, those with the most first; of these, those that came last.
fn most_alike(sketch: &Sketch, alike: &HashMap<u32, Vec<usize>>) -> Vec<usize> {
    let mut n_common: BTreeMap<usize, usize> = BTreeMap::new();
    for &at in sketch.features().filter_map(|feature| alike.get(&feature)).flatten() {
        *n_common.entry(at).or_default() += 1;
    }
    let mut ranked: Vec<_> = n_common.into_iter().map(|(at, n_common)| Reverse((n_common, at))).collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|Reverse((_, at))| at).collect()
}

/// The shortest delta against one of the bases, if it saves anything.
fn best(candidates: &[Candidate], target: usize, bases: impl Iterator<Item = usize>) -> Option<Found> {
    /// What a header takes more that names a base.
    const BASE_LEN: usize = 4;
    let candidate = candidates.get(target)?;
    let mut best: Option<(usize, Vec<u8>)> = None;
    for base in bases {
        let len_max = best.as_ref().map_or(candidate.content.len() / 2, |(_, delta)| delta.len() - 1);
        let delta = DeltaBase::new(&candidates.get(base)?.content).delta_below(&candidate.content, len_max);
        best = delta.map(|delta| (base, delta)).or(best);
    }
    let (base, delta) = best?;
    let deflated = crate::zlib::deflate(&delta);
    let is_shorter = deflated.len() + BASE_LEN < candidate.stored_len;
    is_shorter.then_some(Found { target, base, delta_len: delta.len(), deflated })
}

/// Who builds on whom.
struct Chains {
    bases: Vec<Stored>,
    /// Deltas below each, in the longest chain that ends at it.
    heights: Vec<usize>,
}

impl Chains {
    fn new(candidates: &[Candidate]) -> Self {
        let mut chains = Self {
            bases: candidates.iter().map(|candidate| candidate.base).collect(),
            heights: vec![0; candidates.len()],
        };
        for at in 0..candidates.len() {
            chains.raise(at);
        }
        chains
    }

    /// What an object builds on, one after the other.
    fn down(&self, at: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(at), |&at| match self.bases.get(at) {
            Some(&Stored::On(base)) => Some(base),
            _ => None,
        })
    }

    /// Makes those below as high as what builds on them by way of `at`.
    fn raise(&mut self, at: usize) {
        let mut height = self.heights.get(at).copied().unwrap_or_default();
        for below in self.down(at).skip(1).collect::<Vec<_>>() {
            height += 1;
            match self.heights.get_mut(below) {
                Some(known) if *known < height => *known = height,
                _ => return,
            }
        }
    }

    fn may_join(&self, target: usize, base: usize, depth_max: usize) -> bool {
        let (mut depth, mut last) = (0, base);
        for below in self.down(base) {
            if below == target || depth >= depth_max {
                return false;
            }
            (depth, last) = (depth + 1, below);
        }
        if let Some(Stored::Elsewhere(n_entries)) = self.bases.get(last) {
            depth = n_entries.saturating_add(depth);
        }
        depth <= depth_max && depth + self.heights.get(target).copied().unwrap_or_default() <= depth_max
    }

    fn join(&mut self, target: usize, base: usize) {
        if let Some(slot) = self.bases.get_mut(target) {
            *slot = Stored::On(base);
        }
        self.raise(target);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::delta::apply;
    use crate::pack::inflate::inflate_all;

    fn text(version: usize) -> Vec<u8> {
        (0..80)
            .flat_map(|line| {
                format!("line {} of a file\n", if line == version { 7777 } else { line * 31 }).into_bytes()
            })
            .collect()
    }

    fn whole(kind: Kind, content: Vec<u8>) -> Candidate {
        let stored_len = crate::zlib::deflate(&content).len();
        Candidate { kind, content, stored_len, base: Stored::Whole }
    }

    /// Applies what was found and says how long the longest chain is.
    fn assert_made(candidates: &[Candidate], found: &[Found]) -> usize {
        let mut bases: Vec<Option<usize>> = candidates
            .iter()
            .map(|candidate| match candidate.base {
                Stored::On(base) => Some(base),
                _ => None,
            })
            .collect();
        for Found { target, base, deflated, delta_len } in found {
            let mut made = Vec::new();
            apply(&candidates[*base].content, &inflate_all(deflated, *delta_len).unwrap(), &mut made).unwrap();
            assert_eq!(made, candidates[*target].content);
            assert_eq!(candidates[*target].kind, candidates[*base].kind);
            assert!(bases[*target].replace(*base).is_none());
        }
        let depth = |at| std::iter::successors(Some(at), |&at: &usize| bases[at]).take(1000).count() - 1;
        (0..candidates.len()).map(depth).max().unwrap()
    }

    #[test]
    fn versions_of_a_file_become_deltas_of_one_another_and_nothing_else_does() {
        let mut candidates: Vec<_> = (0..30).map(|version| whole(Kind::Blob, text(version))).collect();
        candidates.push(whole(Kind::Blob, b"nothing like it".repeat(30)));
        candidates.push(whole(Kind::Tree, text(1)));
        let found = find(&candidates, 50);
        assert_eq!(found.len(), 29);
        assert!(found.iter().map(|found| found.deflated.len()).sum::<usize>() < 29 * 60);
        assert_made(&candidates, &found);
    }

    #[test]
    fn chains_stay_as_short_as_they_have_to() {
        for depth_max in [1, 2, 5] {
            let mut candidates: Vec<_> = (0..40).map(|version| whole(Kind::Blob, text(version))).collect();
            // A chain of two that is there, one of which is as deep as may be elsewhere.
            candidates[7].base = Stored::On(8);
            candidates[9].base = Stored::Elsewhere(depth_max);
            let found = find(&candidates, depth_max);
            assert!(found.len() > 20, "{}", found.len());
            assert!(assert_made(&candidates, &found) <= depth_max);
            assert!(found.iter().all(|found| found.base != 9 && found.target != 9 && found.target != 7));
        }
    }

    #[test]
    fn an_object_never_comes_to_build_on_itself() {
        // Each is the base of the next, and like all others.
        let mut candidates: Vec<_> = (0..20).map(|version| whole(Kind::Blob, text(version))).collect();
        for (at, candidate) in candidates.iter_mut().enumerate().filter(|(at, _)| at % 5 != 0) {
            candidate.base = Stored::On(at - 1);
        }
        let found = find(&candidates, 50);
        assert!(found.iter().all(|found| found.target % 5 == 0));
        assert!(assert_made(&candidates, &found) < 20);
    }
}
