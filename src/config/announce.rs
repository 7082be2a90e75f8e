//! The queue that events are put into, and what a message may be.

/// The binding of the queue.
pub(crate) const EVENTS_QUEUE: &str = "EVENTS_QUEUE";
/// Most messages that the platform takes at once, and their bytes together: it takes 256 KB, and counts some more for each.
pub(crate) const QUEUE_BATCH_MAX: usize = 100;
pub(crate) const QUEUE_BATCH_LEN_MAX: usize = 200_000;
/// Longest message, as JSON: the platform takes 128 KB.
pub(crate) const QUEUE_MESSAGE_LEN_MAX: usize = 120_000;
/// Commits that a message about a push lists, fewer if they do not fit, and how long each text of one may be, in bytes.
pub(crate) const PUSHED_COMMITS_MAX: usize = 20;
pub(crate) const PUSHED_TEXT_LEN_MAX: usize = 1_000;
/// How many commits of one ref are counted, 8 bytes each while that is done.
pub(crate) const PUSHED_COMMITS_COUNTED_MAX: usize = 10_000;
/// What may be done for all refs of a push: some 4,000 commits are read, or 200,000 passed, which takes a fifth of a second. Refs beyond
/// that are told without commits.
pub(crate) const PUSHED_EFFORT_MAX: usize = 200_000;
/// How long the messages of a request wait for its answer to be sent.
pub(crate) const ANNOUNCE_AFTER_MS: u64 = 20;
