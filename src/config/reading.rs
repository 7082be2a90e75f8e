//! Limits of reading stored packs: what an isolate keeps of them, and in which stretches they are read, merged and sent.

use super::MIB;

/// Pack indexes that an isolate keeps, in bytes of wasm memory.
pub(crate) const INDEX_CACHE_MAX: usize = 16 * MIB;
/// Indexes that one request reads from R2 at once, and how much of each at a time: 15 MiB of JavaScript's buffers at most, and
/// one read for the index of 100,000 objects.
pub(crate) const INDEX_READS_MAX: usize = 3;
pub(crate) const INDEX_STRETCH_LEN: u64 = 5 * MIB as u64;
/// How long a request waits for another that reads the same, in milliseconds, before it takes that for dead: longer than R2 takes
/// for an index.
pub(crate) const UNDERWAY_MS: u64 = 2_000;
/// The longest of the pauses after which it looks; the first takes a millisecond, each of the next twice that of the last.
pub(crate) const UNDERWAY_PAUSE_MAX_MS: u64 = 16;
/// Sets of what commits reach that an isolate keeps, in bytes of wasm memory: a bit for each object of the repo, so 85 sets
/// for a repo of 100,000 objects.
pub(crate) const REACH_CACHE_MAX: usize = MIB;
/// From how many objects on such a set is kept: to find fewer anew takes a fraction of a millisecond.
pub(crate) const LONG_WALK: usize = 5_000;
/// Stretches of packs that an isolate keeps, in bytes of JavaScript's memory, and their length: long enough for a delta
/// chain that was written together, short enough to read for a single object.
pub(crate) const BLOCK_CACHE_MAX: usize = 6 * MIB;
pub(crate) const BLOCK_LEN: u64 = 128 * 1024;
/// Longest stretch that is read by blocks: a longer one would drive out too much. Blocks near each other are read together
/// up to this length.
pub(crate) const KEPT_LEN_MAX: u64 = 4 * BLOCK_LEN;
/// So few stretches are read over gaps of a block's length: a delta chain has 50 entries.
pub(crate) const JOINED_EXTENTS_MAX: usize = 64;
/// Blocks that are read ahead of their use, half of those that are kept, and how many at once: with the two stretches of a
/// fetch as many as the platform lets one request have. A fetch that takes no more of them reads by blocks: it is likely to be
/// one of many for objects that stand together.
pub(crate) const BLOCKS_AHEAD_MAX: usize = 24;
pub(crate) const BLOCK_READS_MAX: usize = 4;
/// Most objects whose blocks are looked for at once: those of a folder lie in few blocks.
pub(crate) const OBJECTS_AHEAD_MAX: usize = 256;
/// Most bases of a thin pack that are put into the order in which they are read, 40 bytes for each.
pub(crate) const BASES_AHEAD_MAX: usize = 32_768;
/// How a merge brings what it reads into its order, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GatherLimits {
    /// Longest stretch that is dealt out to a section. Longer ones are read at their turn.
    pub(crate) dealt_len: u64,
    /// Length of a section of the new pack, which is read back whole.
    pub(crate) section_len: u64,
    /// What all sections may hold while they are filled; for what is above it, a part of one goes to R2.
    pub(crate) buffers_len: usize,
    /// So many jumps more than it takes to read everything once are made, and nothing is dealt out.
    pub(crate) n_jumps: usize,
}
/// A merge of git's own history into 110 MB wrote 45 parts of 1.8 MB, because sections are filled from few places at a time. If all
/// were filled at the same pace, parts would have 6 MiB by the number of sections.
pub(crate) const GATHER_LIMITS: GatherLimits =
    GatherLimits { dealt_len: 256 * 1024, section_len: 8 * MIB as u64, buffers_len: 6 * MIB, n_jumps: 64 };
/// Parts of sections that are on their way to or from R2 at once.
pub(crate) const GATHERED_PARTS_AT_ONCE: usize = 4;
/// Longest stretch of a stored pack that a fetch reads at once, and the shortest gap that is not worth reading over.
/// Two stretches are in memory at a time.
pub(crate) const EXTENT_LEN_MAX: u64 = MIB as u64;
/// The same while the isolate's requests hold more than this in JavaScript's buffers: a fetch then takes 1 MiB, with what
/// is gathered and framed, and not 2.5.
pub(crate) const EXTENT_LEN_CROWDED: u64 = 256 * 1024;
pub(crate) const CROWDED_LEN: usize = 16 * MIB;
pub(crate) const EXTENT_GAP_MAX: u64 = 32 * 1024;
/// A range of a stored pack, and an amount of such ranges, that goes through wasm: to hand over less at a time costs more
/// than to copy it.
pub(crate) const SMALL_LEN_MAX: usize = 16 * 1024;
/// Packs of at most so many parts whose trailers an isolate remembers, and what that may take in wasm memory: that of a few
/// large ones, or of 1,000 that are made of a pack or two.
pub(crate) const TRAILER_PARTS_MAX: usize = 1000;
pub(crate) const TRAILER_CACHE_MAX: usize = 256 * 1024;
/// How much of a pack is gathered before it is framed and sent.
pub(crate) const SEND_LEN: usize = 256 * 1024;
