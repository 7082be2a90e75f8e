//! Stored packs read in long stretches, ahead of time, in the order in which a plan sends them.

use std::collections::BTreeSet;
use std::ops::Range;

use futures_util::{Stream, StreamExt, stream};

use crate::config::{
    BLOCK_LEN, BLOCKS_AHEAD_MAX, CROWDED_LEN, EXTENT_GAP_MAX, EXTENT_LEN_CROWDED, EXTENT_LEN_MAX, JOINED_EXTENTS_MAX,
    SMALL_LEN_MAX,
};
use crate::durable::Failure;
use crate::ops::catalog::LoadedCatalog;
use crate::store::PackStore;
use crate::store::bytes::{self, Bytes};

/// A stretch of a stored pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) pack: usize,
    pub(crate) range: Range<u64>,
}

impl Extent {
    pub(crate) fn len(&self) -> u64 {
        self.range.end - self.range.start
    }

    /// The stretches in which it is read.
    pub(crate) fn split(self) -> impl Iterator<Item = Self> {
        let mut extents = Extents::new();
        extents.add(self.pack, self.range);
        extents.list.into_iter()
    }
}

/// Stretches to read, in order.
pub(crate) struct Extents {
    list: Vec<Extent>,
    len_max: u64,
}

impl Extents {
    /// None yet. When many requests hold buffers at once, each takes shorter stretches, and reads more often.
    pub(crate) fn new() -> Self {
        let is_crowded = bytes::js_bytes() > CROWDED_LEN;
        Self { list: Vec::new(), len_max: if is_crowded { EXTENT_LEN_CROWDED } else { EXTENT_LEN_MAX } }
    }

    /// Adds a range: to the last stretch, if that is near, else as stretches of its own. None crosses a multiple of the
    /// longest length, and so none lies in two segments.
    pub(crate) fn add(&mut self, pack: usize, range: Range<u64>) {
        let mut range = range;
        let len_max = self.len_max;
        let border_after = |offset: u64| (offset / len_max + 1) * len_max;
        if let Some(last) = self.list.last_mut().filter(|last| last.pack == pack && last.range.end <= range.start) {
            let room_end = border_after(last.range.start);
            if range.start - last.range.end <= EXTENT_GAP_MAX && range.start < room_end {
                last.range.end = range.end.min(room_end);
                range.start = last.range.end;
            }
        }
        while range.start < range.end {
            let end = range.end.min(border_after(range.start));
            self.list.push(Extent { pack, range: range.start..end });
            range.start = end;
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Those that are less than a block apart joined: what is between them is read, and may be kept, with them.
    fn joined(self) -> Vec<Extent> {
        let mut joined: Vec<Extent> = Vec::new();
        for extent in self.list {
            let is_near = |last: &&mut Extent| {
                let range = &extent.range;
                let is_behind = last.pack == extent.pack && last.range.end <= range.start;
                is_behind
                    && range.start - last.range.end <= BLOCK_LEN
                    && last.range.start / self.len_max == (range.end - 1) / self.len_max
            };
            match joined.last_mut().filter(is_near) {
                Some(last) => last.range.end = extent.range.end,
                None => joined.push(extent),
            }
        }
        joined
    }
}

/// A stretch with its bytes, in the pieces in which it is stored.
pub(crate) type Read = Result<(Extent, Vec<Bytes>), Failure>;

/// Stretches one after the other.
pub(crate) trait Stretches: Stream<Item = Read> + Unpin {}

impl<T: Stream<Item = Read> + Unpin> Stretches for T {}

/// The stretches one after the other, the next being read while one is sent.
pub(crate) fn read_ahead<S: PackStore>(catalog: &LoadedCatalog<'_, S>, extents: Extents) -> impl Stream<Item = Read> {
    const N_AT_ONCE: usize = 2;
    let list = if extents.list.len() <= JOINED_EXTENTS_MAX { extents.joined() } else { extents.list };
    let is_kept = are_in_few_blocks(&list);
    let read = move |extent: Extent| async move {
        let (pack, range) = (extent.pack, extent.range.clone());
        let pieces = if is_kept { catalog.read_kept(pack, range).await? } else { catalog.read(pack, range).await? };
        Ok((extent, pieces))
    };
    stream::iter(list).map(read).buffered(N_AT_ONCE)
}

/// Whether the stretches are in so few blocks that these may be kept.
fn are_in_few_blocks(list: &[Extent]) -> bool {
    let mut blocks = BTreeSet::new();
    for Extent { pack, range } in list {
        let numbers = range.start / BLOCK_LEN..range.end.div_ceil(BLOCK_LEN);
        if numbers.end - numbers.start > BLOCKS_AHEAD_MAX as u64 {
            return false;
        }
        blocks.extend(numbers.map(|number| (*pack, number)));
        if blocks.len() > BLOCKS_AHEAD_MAX {
            return false;
        }
    }
    true
}

/// Reads ranges in the order in which their stretches were planned.
pub(crate) struct Reader<R> {
    stretches: R,
    /// Which pack `pieces` are from.
    pack: usize,
    /// Where in the pack the first of `pieces` begins.
    at: u64,
    end: u64,
    pieces: Vec<Bytes>,
    /// The whole stretch, once something small of it has been asked for.
    resident: Vec<u8>,
}

impl<R: Stretches> Reader<R> {
    pub(crate) fn new(stretches: R) -> Self {
        Self { stretches, pack: 0, at: 0, end: 0, pieces: Vec::new(), resident: Vec::new() }
    }

    /// Goes on to the stretch in which `offset` is.
    async fn advance(&mut self, pack: usize, offset: u64) -> Result<(), Failure> {
        while self.pack != pack || !(self.at..self.end).contains(&offset) {
            self.pieces.clear();
            self.resident.clear();
            let missing = || Failure::shape("a planned stretch", format_args!("{offset} of pack {pack}"));
            let (extent, pieces) = self.stretches.next().await.ok_or_else(missing)??;
            (self.pack, self.at, self.end, self.pieces) = (extent.pack, extent.range.start, extent.range.end, pieces);
        }
        Ok(())
    }

    /// A range that is short and lies in one stretch.
    pub(super) async fn small(&mut self, pack: usize, range: &Range<u64>) -> Result<Option<&[u8]>, Failure> {
        if range.end - range.start > SMALL_LEN_MAX as u64 {
            return Ok(None);
        }
        self.advance(pack, range.start).await?;
        if range.end > self.end {
            return Ok(None);
        }
        if self.resident.is_empty() {
            for piece in &self.pieces {
                piece.append_to(&mut self.resident);
            }
        }
        Ok(self.resident.get(index(range.start - self.at)..index(range.end - self.at)))
    }

    /// The first bytes of a range, at least one and at most `len_max`; the range shrinks by them.
    pub(crate) async fn next(&mut self, pack: usize, range: &mut Range<u64>, len_max: usize) -> Result<Bytes, Failure> {
        self.advance(pack, range.start).await?;
        let mut at = self.at;
        for piece in &self.pieces {
            let end = at + piece.len() as u64;
            if (at..end).contains(&range.start) {
                let start = range.start - at;
                let len = (end.min(range.end) - range.start).min(len_max as u64);
                range.start += len;
                return Ok(piece.slice(index(start)..index(start + len)));
            }
            at = end;
        }
        Err(Failure::shape("a whole stretch", format_args!("{range:?} in {}..{at}", self.at)))
    }

    /// The first `len` bytes of a range, or all of it when it is shorter.
    pub(super) async fn take(&mut self, pack: usize, range: &mut Range<u64>, len: usize) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        while bytes.len() < len && range.start < range.end {
            bytes.extend(self.next(pack, range, len - bytes.len()).await?.to_vec());
        }
        Ok(bytes)
    }
}

/// Places in a stretch, which is far below 4 GiB.
fn index(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_ranges_are_read_together_and_long_ones_up_to_the_borders_of_segments() {
        let mut extents = Extents { list: Vec::new(), len_max: EXTENT_LEN_MAX };
        extents.add(0, 12..100);
        extents.add(0, 200..300);
        extents.add(0, 300 + EXTENT_GAP_MAX + 1..300 + EXTENT_GAP_MAX + 2);
        extents.add(1, 7..2 * EXTENT_LEN_MAX + 5);
        extents.add(1, 10..20);
        let ranges: Vec<_> = extents.list.into_iter().map(|extent| (extent.pack, extent.range)).collect();
        assert_eq!(
            ranges,
            [
                (0, 12..300),
                (0, 300 + EXTENT_GAP_MAX + 1..300 + EXTENT_GAP_MAX + 2),
                (1, 7..EXTENT_LEN_MAX),
                (1, EXTENT_LEN_MAX..2 * EXTENT_LEN_MAX),
                (1, 2 * EXTENT_LEN_MAX..2 * EXTENT_LEN_MAX + 5),
                (1, 10..20),
            ]
        );
    }

    #[test]
    fn blocks_are_kept_when_they_are_few_however_many_stretches_there_are() {
        let extent = |pack, start, len| Extent { pack, range: start..start + len };
        let scattered =
            |n_blocks: u64| (0..400).map(move |n| extent(0, n % n_blocks * BLOCK_LEN + n, 10)).collect::<Vec<_>>();
        let max = BLOCKS_AHEAD_MAX as u64;
        assert!(are_in_few_blocks(&scattered(max)) && !are_in_few_blocks(&scattered(max + 1)));
        assert!(!are_in_few_blocks(&[extent(0, 0, max * BLOCK_LEN + 1)]));
        assert!(!are_in_few_blocks(&(0..=BLOCKS_AHEAD_MAX).map(|pack| extent(pack, 7, 10)).collect::<Vec<_>>()));
    }

    #[test]
    fn few_stretches_that_are_a_block_apart_are_one() {
        let mut extents = Extents { list: Vec::new(), len_max: EXTENT_LEN_MAX };
        for start in [0, BLOCK_LEN + 10, 3 * BLOCK_LEN + 10, EXTENT_LEN_MAX - 10, EXTENT_LEN_MAX + BLOCK_LEN / 2] {
            extents.add(0, start..start + 10);
        }
        extents.add(1, 0..10);
        let ranges: Vec<_> = extents.joined().into_iter().map(|extent| (extent.pack, extent.range)).collect();
        let expected = [
            (0, 0..BLOCK_LEN + 20),
            (0, 3 * BLOCK_LEN + 10..3 * BLOCK_LEN + 20),
            (0, EXTENT_LEN_MAX - 10..EXTENT_LEN_MAX),
            (0, EXTENT_LEN_MAX + BLOCK_LEN / 2..EXTENT_LEN_MAX + BLOCK_LEN / 2 + 10),
            (1, 0..10),
        ];
        assert_eq!(ranges, expected);
    }
}
