//! Limits of forks, and of the audit of what they share.

/// How long packs are lent to a fork that is being made, or for as long as an upload may live if that is less. The largest
/// fork takes a walk of its history. When twice that is over, later than by any object's clock it may be made, it is asked
/// whether it has them.
pub(crate) const FORK_MS: u64 = 60_000;
/// When it is asked again if it could not be.
pub(crate) const HOLDER_CHECK_AGAIN_MS: u64 = 60_000;
/// Commits that one push looks at to find out whether refs move forward. If that is too few they are taken not to, and forks
/// of the repo are narrowed to what its refs reach until garbage has been collected.
pub(crate) const FAST_FORWARD_WALK_MAX: usize = 10_000;
/// Holders of packs that are told at once to an audit, some 200 bytes each.
pub(crate) const HOLDERS_PER_PAGE: u64 = 1_000;
/// Refs of a fork or an import that are written by one statement: as JSON at the longest name, twice as long with escapes, below the
/// longest value that SQLite takes here, 2,000,000 bytes.
pub(crate) const REFS_AT_ONCE_MAX: usize = 800;
/// Longest key in R2, in bytes, of which a list may go on; ours have 51 at most.
pub(crate) const R2_KEY_LEN_MAX: usize = 384;
