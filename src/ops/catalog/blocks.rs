//! Short stretches of packs, read by blocks that this isolate keeps, and several at once when it is known which will be
//! needed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use futures_util::{StreamExt, TryStreamExt, stream};
use git_core::pack::catalog::Place;

use super::{LoadedCatalog, to_usize};
use crate::config::{BLOCK_CACHE_MAX, BLOCK_LEN, BLOCK_READS_MAX, BLOCKS_AHEAD_MAX};
use crate::durable::Failure;
use crate::store::PackStore;
use crate::store::bytes::Bytes;
use crate::store::cache::Cache;
use crate::store::keys;

/// A block by the key of its segment and its number in that.
type BlockKey = (String, u64);

thread_local! {
    static BLOCKS: RefCell<Cache<BlockKey, Bytes>> = RefCell::new(Cache::new(BLOCK_CACHE_MAX));
}

impl<S: PackStore> LoadedCatalog<'_, S> {
    /// Reads the blocks that the first of these objects are made of, several at once. For how many of them, at least one:
    /// when those have been used, it is the turn of the others.
    pub(crate) async fn read_ahead(&self, places: &[Place]) -> Result<usize, Failure> {
        let mut missing = BTreeMap::new();
        let mut n_places = 0;
        for &place in places {
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
        let reads = missing.iter().map(|((key, block_no), &pack)| self.block(pack, key, *block_no));
        stream::iter(reads).buffer_unordered(BLOCK_READS_MAX).try_for_each(async |_| Ok(())).await?;
        Ok(n_places)
    }

    /// The blocks that an entry lies in and that are not at hand.
    fn add_missing(&self, entry: Place, missing: &mut Vec<(BlockKey, usize)>) -> Result<(), Failure> {
        if self.inline(entry.pack)?.is_some() {
            return Ok(());
        }
        for (key, part) in self.segments(entry.pack, self.entry_range(entry)?)? {
            for block_no in part.start / BLOCK_LEN..part.end.div_ceil(BLOCK_LEN) {
                let block_key = (key.clone(), block_no);
                if BLOCKS.with_borrow_mut(|blocks| blocks.get(&block_key)).is_none() {
                    missing.push((block_key, entry.pack));
                }
            }
        }
        Ok(())
    }

    /// A short stretch of a pack, read by blocks that this isolate keeps.
    pub(super) async fn read_kept(&self, pack: usize, range: Range<u64>) -> Result<Vec<u8>, Failure> {
        if let Some(inline) = self.inline(pack)? {
            return Ok(inline.slice(to_usize(range.start)?..to_usize(range.end)?).to_vec());
        }
        let mut bytes = Vec::new();
        for (key, part) in self.segments(pack, range)? {
            for block_no in part.start / BLOCK_LEN..part.end.div_ceil(BLOCK_LEN) {
                let block = self.block(pack, &key, block_no).await?;
                let at = block_no * BLOCK_LEN;
                let (start, end) = (part.start.saturating_sub(at), part.end - at);
                bytes.extend(block.slice(to_usize(start)?..to_usize(end)?).to_vec());
            }
        }
        Ok(bytes)
    }

    async fn block(&self, pack: usize, key: &str, block_no: u64) -> Result<Bytes, Failure> {
        let cache_key = (key.to_owned(), block_no);
        if let Some(block) = BLOCKS.with_borrow_mut(|blocks| blocks.get(&cache_key)) {
            return Ok(block);
        }
        let range = block_no * BLOCK_LEN..((block_no + 1) * BLOCK_LEN).min(self.segment_len(pack, key)?);
        let block = self.store.get(key, range).await?;
        BLOCKS.with_borrow_mut(|blocks| blocks.insert(cache_key, block.clone(), block.len()));
        Ok(block)
    }

    /// Length of the stored segment of that key.
    fn segment_len(&self, pack: usize, key: &str) -> Result<u64, Failure> {
        let row = self.row(pack)?;
        let last = row.pack.pack_len.div_ceil(row.pack.segment_len.max(1)).saturating_sub(1);
        let is_last = key == keys::segment(&row.owner_repo_id, &row.upload_id, last);
        Ok(if is_last { row.pack.pack_len - last * row.pack.segment_len } else { row.pack.segment_len })
    }
}
