//! How far each commit is from where its history begins.

use super::Introducer;

impl Introducer {
    /// The generation of every commit of the pack, in the order of `contents.commits`.
    pub(super) fn generations(&self) -> Vec<u32> {
        let mut generations = vec![0; self.contents.commits.len()];
        let mut stack = Vec::new();
        for start in 0..generations.len() {
            stack.push(start);
            while let Some(&at) = stack.last() {
                let generation = match self.generation(at, &generations) {
                    Ok(generation) => generation,
                    Err(unknown_parents) => {
                        stack.extend(unknown_parents);
                        continue;
                    }
                };
                if let Some(slot) = generations.get_mut(at) {
                    *slot = generation;
                }
                stack.pop();
            }
        }
        generations
    }

    /// The generation of a commit, or which of its parents must have theirs first: those for which `generations` says 0.
    fn generation(&self, at: usize, generations: &[u32]) -> Result<u32, Vec<usize>> {
        let known = |at: usize| generations.get(at).copied().filter(|&generation| generation > 0).ok_or(at);
        if let Ok(generation) = known(at) {
            return Ok(generation);
        }
        let commit = self.contents.commits.get(at);
        let (mut highest, mut unknown) = (0, Vec::new());
        for parent in commit.into_iter().flat_map(|commit| self.contents.parents_of(commit)) {
            let generation = match self.commit_at(parent) {
                Some(at) => known(at),
                None => Ok(self.outside_parents.get(&parent).map_or(1, |&(_, generation)| generation)),
            };
            match generation {
                Ok(generation) => highest = highest.max(generation),
                Err(at) => unknown.push(at),
            }
        }
        if unknown.is_empty() { Ok(highest + 1) } else { Err(unknown) }
    }
}
