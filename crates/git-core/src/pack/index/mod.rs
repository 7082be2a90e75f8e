//! The index that is stored beside a pack.
//!
//! One byte string, all numbers little-endian. An object's number is its place in the pack. Whatever refers to an object
//! is a number in this pack, or with the top bit set a place in the list of ids outside: an index depends on no other.
//!
//! | section | length | content |
//! |---|---|---|
//! | header | 32 | `AIDX`, format, and the counts: objects n, commits c, parents p, introduced i, tags t, outside o |
//! | fan-out | 1024 | for each first byte of an id, how many ids begin with it or a lower one |
//! | ids | 20 n | sorted |
//! | numbers | 4 n | the object's number, in the order of the ids |
//! | entries | 20 n | in pack order: offset (5), kind (1), object's length (6), base (4; all ones: none), place among the ids (4) |
//! | commits | 28 c | in pack order: number, tree, time (8), generation, end of its parents, end of what it introduces |
//! | parents | 4 p | |
//! | introduced | 4 i | |
//! | tags | 8 t | in pack order: number, target |
//! | outside | 20 o | ids |

mod read;
mod write;

pub use read::{CommitRow, Entry, IndexError, PackIndex, Ref};
pub use write::write;

/// Version of the format, kept in the catalog too.
pub const FORMAT: u32 = 1;

const MAGIC: [u8; 4] = *b"AIDX";
const HEADER_LEN: usize = 32;
const FANOUT_LEN: usize = 1024;
const ENTRY_LEN: usize = 20;
const COMMIT_LEN: usize = 28;
const TAG_LEN: usize = 8;
const OUTSIDE: u32 = 1 << 31;
const NO_BASE: u32 = u32::MAX;
