//! How far each commit is from where its history begins.

use super::Introducer;

impl Introducer {
    /// The generation of every commit of the pack, in the order of `contents.commits`.
    pub(super) fn generations(&self) -> Vec<u32> {
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
                    let parent_at = self.commit_at(*parent);
                    let known = match parent_at {
                        Some(at) => generations.get(at).copied().unwrap_or(0),
                        None => self.outside_parents.get(parent).map_or(1, |&(_, generation)| generation),
                    };
                    if let (0, Some(parent_at)) = (known, parent_at) {
                        stack.push(parent_at);
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
