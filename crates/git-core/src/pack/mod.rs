//! Packs: reading what a client sends, indexing it, rebuilding objects, and writing packs for clients.
//!
//! Source of the format: gitformat-pack(5). The order in which a received pack passes through: [`receive`] (pass 1, the
//! stream), [`resolve`] (pass 2, the deltas that were out of reach), [`Resolved`] (closure), [`introduce`] (what each commit
//! brings), [`index`] (what is stored beside the pack). What
//! goes out: [`catalog`] (all packs of a repo), [`select`] (which stored bytes to send).

mod blocks;
mod cache;
pub mod catalog;
mod contents;
pub mod copies;
mod cut;
pub mod delta;
pub mod deltify;
mod entries;
pub mod entry;
mod error;
mod ids;
pub mod index;
pub mod inflate;
pub mod introduce;
pub mod large;
pub mod merge;
mod names;
mod paged;
pub mod receive;
mod received;
pub mod resolve;
mod resolved;
pub mod select;
mod slots;
mod trees;
pub mod visible;

use core::fmt;

pub use error::PackError;
pub use resolved::Resolved;

/// What taking in one pack may cost. Bytes unless said.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Objects in one pack.
    pub n_objects_max: u32,
    /// Memory for what is noted of the objects of a pack: entries, ids, commits, trees, names; below 2^31.
    pub notes_max: usize,
    /// Trees put together again that are kept while commits are compared.
    pub tree_cache_max: usize,
    /// Entries of trees that are put together or compared to find what commits introduce.
    pub n_compared_max: u64,
    /// The largest object, base or delta that is held whole. Commits, trees and tags must not be larger.
    pub object_resident_max: u64,
    /// The largest pack that is held whole, so that pass 2 needs no reads.
    pub pack_resident_max: usize,
    /// Inflated objects kept as bases.
    pub cache_max: usize,
    /// Length of the stretches in which pass 2 reads the pack.
    pub block_len: usize,
    /// How many of them it keeps.
    pub n_blocks_max: usize,
    /// Numbers in the lists of what commits introduce, all together.
    pub n_introduced_max: usize,
    /// Deltas on top of one another.
    pub delta_depth_max: usize,
    /// What pass 2 may inflate, so that no crafted order of deltas makes it run for ever.
    pub rebuilt_bytes_max: u64,
    /// Key of the hash table of ids, not to be known to clients.
    pub hash_key: u64,
}

#[cfg(test)]
impl Limits {
    pub(crate) fn for_tests() -> Self {
        Self {
            n_objects_max: 1 << 20,
            notes_max: 64 << 20,
            tree_cache_max: 8 << 20,
            n_compared_max: 1 << 31,
            object_resident_max: 8 << 20,
            pack_resident_max: 4 << 20,
            cache_max: 12 << 20,
            block_len: 1 << 20,
            n_blocks_max: 6,
            n_introduced_max: 1 << 20,
            delta_depth_max: 4096,
            rebuilt_bytes_max: 1 << 33,
            hash_key: 0x9e37_79b9_7f4a_7c15,
        }
    }
}

/// The four kinds of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A commit.
    Commit = 1,
    /// A tree: the content of a folder.
    Tree = 2,
    /// A blob: the content of a file.
    Blob = 3,
    /// An annotated tag.
    Tag = 4,
}

impl Kind {
    /// The name that stands in an object's header: `commit`, `tree`, `blob`, `tag`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }

    /// The kind whose number stands in pack entries and in our index.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Commit),
            2 => Some(Self::Tree),
            3 => Some(Self::Blob),
            4 => Some(Self::Tag),
            _ => None,
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        [Self::Commit, Self::Tree, Self::Blob, Self::Tag].into_iter().find(|kind| kind.name().as_bytes() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
