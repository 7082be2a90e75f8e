//! Limits of reading contents without Git.

use super::MIB;

/// Commits of a log when the caller does not say how many, and at most.
pub(crate) const LOG_LIMIT_DEFAULT: u64 = 50;
pub(crate) const LOG_LIMIT_MAX: u64 = 1_000;
/// The largest limit that the binding takes for the longest log: official clients know no bound.
pub(crate) const LOG_LIMIT_TAKEN_MAX: u64 = i32::MAX as u64;
/// From which commit on a log can begin.
pub(crate) const LOG_OFFSET_MAX: u64 = i32::MAX as u64;
/// Most that the commits of one log, or a commit alone, may take, in bytes: as they are stored, and as JSON, of which a control
/// character takes six. Both are in memory as text beside it.
pub(crate) const COMMITS_LEN_MAX: u64 = 8 * MIB as u64;
/// Largest object that is handed to another Worker as one value: the longest message between Workers, less 1 KiB for its head,
/// which takes about 100 bytes and a media type.
pub(crate) const MESSAGE_LEN_MAX: u64 = 32 * MIB as u64 - 1024;
/// Longest tree as JSON, which is some three times as long as what is stored: the same, whoever asks.
pub(crate) const TREE_JSON_LEN_MAX: u64 = MESSAGE_LEN_MAX;
/// Longest path to a file, in bytes, as on most systems.
pub(crate) const PATH_LEN_MAX: usize = 4096;
/// Most parts between slashes of a ref's name in an address that has its path behind it: each of them could be its last, and
/// is looked for under four names. `%2F` is part of one.
pub(crate) const RAW_REF_PARTS_MAX: usize = 16;
/// How much of a file its type is told from.
pub(crate) const SNIFFED_LEN: usize = 4096;
/// How much of a large object is inflated before it is handed on.
pub(crate) const INFLATED_STRETCH_LEN: usize = 256 * 1024;
/// Most deltas above one another of which an object may be made that is too large to hold: each holds 2.5 MiB.
pub(crate) const LARGE_DELTAS_MAX: usize = 12;
/// How an object that is too large to hold may be made. Its bases: 32 MiB of them are held together, if else more than 64 MiB
/// would be made again. At most 4 GiB are, which takes some ten seconds.
pub(crate) const LARGE_PLAN: PlanLimits =
    PlanLimits { held_max: 32 * MIB as u64, again_max: 4096 * MIB as u64, again_free: 64 * MIB as u64 };
/// How much of a base that is held is handed to a delta at a time: it is copied, and the next bytes may come from elsewhere.
pub(crate) const HELD_WINDOW_LEN: usize = 16 * 1024;
/// What reading may hold in an isolate at once: bases, and files that are gathered for a message. A file of 32 MiB that is made of
/// a base of 32 MiB takes all of it.
pub(crate) const HELD_LEN_MAX: u64 = 64 * MIB as u64;
/// Longest file that is gathered without a share of that.
pub(crate) const UNSHARED_LEN_MAX: u64 = 128 * 1024;
/// How long one waits for a share, in milliseconds: forty files of 32 MiB take some 10 s.
pub(crate) const SHARE_PATIENCE_MS: u64 = 30_000;
/// How long a share may not go on before it is taken for dead. A client that stops reading for so long loses it.
pub(crate) const SHARE_IDLE_MS: u64 = 10_000;
/// The longest of the pauses after which one looks for room; the first takes a millisecond, each of the next twice that of the last.
pub(crate) const SHARE_PAUSE_MAX_MS: u64 = 32;

/// What making a large object may cost, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlanLimits {
    /// Most that all bases which are held may have.
    pub(crate) held_max: u64,
    /// Most that is made again.
    pub(crate) again_max: u64,
    /// So much is rather made again than that anything is held.
    pub(crate) again_free: u64,
}
