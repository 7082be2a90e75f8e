//! Short stretches of packs, read by blocks that this isolate keeps, and several at once when it is known which will be
//! needed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use futures_util::{StreamExt, TryStreamExt, stream};
use git_core::pack::catalog::Place;

use super::{LoadedCatalog, to_usize};
use crate::config::{BLOCK_CACHE_MAX, BLOCK_LEN, BLOCK_READS_MAX, BLOCKS_AHEAD_MAX, KEPT_LEN_MAX, OBJECTS_AHEAD_MAX};
use crate::durable::Failure;
use crate::store::PackStore;
use crate::store::bytes::Bytes;
use crate::store::cache::Cache;
use crate::store::keys;
use crate::store::underway::{Stretch, read_once};
use crate::time;

thread_local! {
    /// By the key of the segment.
    static BLOCKS: RefCell<Cache<Stretch, Bytes>> = RefCell::new(Cache::new(BLOCK_CACHE_MAX));
}

impl<S: PackStore> LoadedCatalog<'_, S> {
    /// Reads the blocks that the first of these objects are made of, several at once. For how many of them, at least one:
    /// when those have been used, it is the turn of the others.
    pub(crate) async fn read_ahead(&self, places: &[Place]) -> Result<usize, Failure> {
        let mut missing = BTreeMap::new();
        let mut n_places = 0;
        for &place in places.iter().take(OBJECTS_AHEAD_MAX) {
            let mut needed = Vec::new();
            for link in self.chain(place)? {
                self.add_missing(link, &mut needed)?;
            }
            // An object that alone takes more is read as it is rebuilt.
            if needed.len() <= BLOCKS_AHEAD_MAX {
                needed.retain(|(block, _)| !missing.contains_key(block));
                if n_places > 0 && missing.len() + needed.len() > BLOCKS_AHEAD_MAX {
                    break;
                }
                missing.extend(needed);
            }
            n_places += 1;
        }
        let reads = runs(missing).into_iter();
        let reads = reads.map(async |(key, pack, numbers)| self.blocks(pack, &key, numbers).await);
        stream::iter(reads).buffer_unordered(BLOCK_READS_MAX).try_for_each(async |_| Ok(())).await?;
        Ok(n_places)
    }

    /// The blocks that an entry lies in and that are not at hand. A long entry is read without them.
    fn add_missing(&self, entry: Place, missing: &mut Vec<(Stretch, usize)>) -> Result<(), Failure> {
        let range = self.entry_range(entry)?;
        if self.inline(entry.pack)?.is_some() || !is_kept(&range) {
            return Ok(());
        }
        for (key, part) in self.segments(entry.pack, range)? {
            for block_no in part.start / BLOCK_LEN..part.end.div_ceil(BLOCK_LEN) {
                let block_key = (key.clone(), block_no);
                if kept(&block_key).is_none() {
                    missing.push((block_key, entry.pack));
                }
            }
        }
        Ok(())
    }

    /// A stretch of a pack, read by blocks that this isolate keeps, unless it is long.
    pub(crate) async fn read_kept(&self, pack: usize, range: Range<u64>) -> Result<Vec<Bytes>, Failure> {
        if self.inline(pack)?.is_some() || !is_kept(&range) {
            return self.read(pack, range).await;
        }
        let mut pieces = Vec::new();
        for (key, part) in self.segments(pack, range)? {
            let numbers = part.start / BLOCK_LEN..part.end.div_ceil(BLOCK_LEN);
            for (number, block) in numbers.clone().zip(self.blocks(pack, &key, numbers).await?) {
                let at = number * BLOCK_LEN;
                pieces.push(block.slice(to_usize(part.start.saturating_sub(at))?..to_usize(part.end - at)?));
            }
        }
        Ok(pieces)
    }

    /// Neighbouring blocks of a segment; those that are neither at hand nor being read are read together.
    async fn blocks(&self, pack: usize, key: &str, numbers: Range<u64>) -> Result<Vec<Bytes>, Failure> {
        let wanted: Vec<Stretch> = numbers.clone().map(|number| (key.to_owned(), number)).collect();
        let missing: Vec<Stretch> = wanted.iter().filter(|block| kept(block).is_none()).cloned().collect();
        let all = || wanted.iter().map(kept).collect();
        let read = async || self.read_blocks(pack, key, numbers).await;
        read_once(&missing, all, read, time::sleep).await
    }

    async fn read_blocks(&self, pack: usize, key: &str, numbers: Range<u64>) -> Result<Vec<Bytes>, Failure> {
        let mut found: Vec<Option<Bytes>> = numbers.clone().map(|number| kept(&(key.to_owned(), number))).collect();
        let is_missing = |(number, block): (u64, &Option<Bytes>)| block.is_none().then_some(number);
        let missing: Vec<u64> = numbers.clone().zip(&found).filter_map(is_missing).collect();
        if let (Some(&first), Some(&last)) = (missing.first(), missing.last()) {
            let start = first * BLOCK_LEN;
            let read = self.store.get(key, start..((last + 1) * BLOCK_LEN).min(self.segment_len(pack, key)?)).await?;
            for (number, block) in numbers.zip(&mut found).filter(|(number, _)| (first..=last).contains(number)) {
                let at = to_usize(number * BLOCK_LEN - start)?;
                let part = read.slice(at..at + to_usize(BLOCK_LEN)?);
                // A copy, so that a block that is kept does not keep its neighbours.
                let own = if first == last { part } else { part.copied() };
                BLOCKS.with_borrow_mut(|blocks| blocks.insert((key.to_owned(), number), own.clone(), own.len()));
                *block = Some(own);
            }
        }
        Ok(found.into_iter().flatten().collect())
    }

    /// Length of the stored segment of that key.
    fn segment_len(&self, pack: usize, key: &str) -> Result<u64, Failure> {
        let row = self.row(pack)?;
        let last = row.pack.pack_len.div_ceil(row.pack.segment_len.max(1)).saturating_sub(1);
        let is_last = key == keys::segment(&row.owner_repo_id, &row.upload_id, last);
        Ok(if is_last { row.pack.pack_len - last * row.pack.segment_len } else { row.pack.segment_len })
    }
}

fn kept(block: &Stretch) -> Option<Bytes> {
    BLOCKS.with_borrow_mut(|blocks| blocks.get(block))
}

/// Whether a stretch is so short that its blocks are kept.
fn is_kept(range: &Range<u64>) -> bool {
    range.end - range.start <= KEPT_LEN_MAX
}

/// Blocks that are read together: neighbours, or all but neighbours.
fn runs(blocks: BTreeMap<Stretch, usize>) -> Vec<(String, usize, Range<u64>)> {
    let mut runs: Vec<(String, usize, Range<u64>)> = Vec::new();
    for ((key, number), pack) in blocks {
        match runs.last_mut() {
            Some((last_key, _, run))
                if *last_key == key
                    && number <= run.end + 1
                    && (number + 1 - run.start) * BLOCK_LEN <= KEPT_LEN_MAX =>
            {
                run.end = number + 1;
            }
            _ => runs.push((key, pack, number..number + 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_that_are_near_are_read_together() {
        let blocks = [("a", 0), ("a", 1), ("a", 3), ("a", 5), ("a", 6), ("a", 9), ("b", 9)];
        let blocks = blocks.map(|(key, number)| ((key.to_owned(), number), 7)).into_iter().collect();
        let expected = [("a", 0..4), ("a", 5..7), ("a", 9..10), ("b", 9..10)];
        assert_eq!(runs(blocks), expected.map(|(key, run)| (key.to_owned(), 7, run)));
    }
}
