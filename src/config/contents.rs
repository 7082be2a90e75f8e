//! Limits of reading contents without Git.

use super::MIB;

/// Commits of a log when the caller does not say how many, and at most.
pub(crate) const LOG_LIMIT_DEFAULT: u64 = 50;
pub(crate) const LOG_LIMIT_MAX: u64 = 1_000;
/// From which commit on a log can begin.
pub(crate) const LOG_OFFSET_MAX: u64 = i32::MAX as u64;
/// Most that the commits of one log may take, in bytes: they are in memory as they are stored, as text and as JSON, which a Worker
/// that calls by a binding gets as one message, of 32 MiB at most.
pub(crate) const LOG_LEN_MAX: u64 = 8 * MIB as u64;
/// Largest object that is handed over as one value, which is the longest message between Workers.
pub(crate) const WHOLE_LEN_MAX: u64 = 32 * MIB as u64;
/// Longest path to a file, in bytes, as on most systems.
pub(crate) const PATH_LEN_MAX: usize = 4096;
/// How much of a file its type is told from.
pub(crate) const SNIFFED_LEN: usize = 4096;
/// How much of a large object is inflated before it is handed on.
pub(crate) const INFLATED_STRETCH_LEN: usize = 256 * 1024;
/// Most deltas above one another of which an object may be made that is too large to hold: each holds 2.5 MiB.
pub(crate) const LARGE_DELTAS_MAX: usize = 12;
/// Most that is inflated to send a large object, in bytes: a delta that copies from its base in no order has that inflated again
/// and again.
pub(crate) const LARGE_INFLATED_MAX: u64 = 4096 * MIB as u64;
