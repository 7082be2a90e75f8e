//! Which packs to merge: few packs, each of them at least as large as all that came after it together.
//!
//! As `git repack --geometric=2` has it, by bytes: an object is stored again only when the pack that it is in has at least doubled, so
//! that the bytes written by all merges together grow with the logarithm of the number of pushes.

use std::ops::Range;

use super::call::PackRow;
use crate::config::{MERGED_LEN_MAX, MERGED_OBJECTS_MAX, PACKS_LEFT_MAX};

/// How much there is of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weight {
    /// Pack and index, in bytes.
    pub(crate) len: u64,
    pub(crate) n_objects: u64,
}

impl From<&PackRow> for Weight {
    fn from(row: &PackRow) -> Self {
        Self { len: row.pack.pack_len + row.pack.index_len, n_objects: row.pack.n_objects }
    }
}

/// The packs to merge, by position, if there are enough of them; `packs` in the order of commits.
pub(crate) fn run_to_merge(packs: &[Weight]) -> Option<Range<usize>> {
    let (mut run_start, mut len, mut n_objects) = (packs.len(), 0, 0);
    for (at, pack) in packs.iter().enumerate().rev() {
        // What is too large stays as it is, and so does what came before it.
        if len + pack.len > MERGED_LEN_MAX || n_objects + pack.n_objects > MERGED_OBJECTS_MAX {
            break;
        }
        // Too small for what comes after it: it and all of that are one run.
        if pack.len < len {
            run_start = at;
        }
        len += pack.len;
        n_objects += pack.n_objects;
    }
    let run = run_start..packs.len();
    (run.len() > PACKS_LEFT_MAX).then_some(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(lens: &[u64]) -> Vec<Weight> {
        lens.iter().map(|&len| Weight { len, n_objects: 3 }).collect()
    }

    #[test]
    fn a_few_packs_are_left_alone() {
        assert_eq!(run_to_merge(&[]), None);
        assert_eq!(run_to_merge(&weights(&[1000; PACKS_LEFT_MAX])), None);
        assert_eq!(run_to_merge(&weights(&[1000; PACKS_LEFT_MAX + 1])), Some(0..PACKS_LEFT_MAX + 1));
    }

    #[test]
    fn a_large_pack_is_not_written_again_for_small_ones() {
        let mut packs = vec![50_000_000];
        packs.extend([3_000; PACKS_LEFT_MAX + 1]);
        assert_eq!(run_to_merge(&weights(&packs)), Some(1..PACKS_LEFT_MAX + 2));
    }

    #[test]
    fn packs_that_halve_are_left_alone() {
        let packs: Vec<u64> = (0..30).rev().map(|power| 3 << power).collect();
        assert_eq!(run_to_merge(&weights(&packs)), None);
    }

    #[test]
    fn what_would_be_too_large_is_not_made() {
        let packs = weights(&[MERGED_LEN_MAX / 8; 20]);
        let run = run_to_merge(&packs);
        assert!(run.is_none_or(|run| run.len() <= 8 && run.end == 20), "at most eight fit");
        let many = [Weight { len: 10, n_objects: MERGED_OBJECTS_MAX / 10 }; 20];
        assert_eq!(run_to_merge(&many), Some(10..20));
    }

    /// Pushes of one size, merged whenever there is a run: how many packs there ever are, and how often a byte is written.
    #[test]
    fn packs_stay_few_and_bytes_are_seldom_written_again() {
        assert_seldom_written(&[], 10_000);
    }

    #[test]
    fn large_packs_below_small_pushes_are_left_alone() {
        const MIB: u64 = 1 << 20;
        for large in [&[400 * MIB; 3][..], &[100 * MIB; 12], &[600 * MIB, 700 * MIB]] {
            let packs: Vec<_> = large.iter().map(|&len| Weight { len, n_objects: 1000 }).collect();
            assert_seldom_written(&packs, 1000);
        }
        assert_seldom_written(&[400_000, 150_000].map(|n_objects| Weight { len: MIB, n_objects }), 1000);
    }

    /// Apart from the packs that are there at first, each of which may be written once, a byte of `n_pushes` is written
    /// again a dozen times at most.
    fn assert_seldom_written(first: &[Weight], n_pushes: u64) {
        let (mut packs, mut written, mut n_packs_max) = (first.to_vec(), 0, 0);
        let allowed = first.iter().map(|pack| pack.len).sum::<u64>();
        for _ in 0..n_pushes {
            packs.push(Weight { len: 3_000, n_objects: 3 });
            n_packs_max = n_packs_max.max(packs.len());
            if let Some(run) = run_to_merge(&packs) {
                let merged = packs.drain(run).fold(Weight { len: 0, n_objects: 0 }, |sum, pack| Weight {
                    len: sum.len + pack.len,
                    n_objects: sum.n_objects + pack.n_objects,
                });
                written += merged.len;
                packs.push(merged);
            }
        }
        assert!(n_packs_max <= 24 + first.len(), "{n_packs_max} packs");
        assert!(written <= allowed + 12 * n_pushes * 3_000, "{written} bytes written");
    }
}
