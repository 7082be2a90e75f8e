//! Limits of the store of metrics events.

use super::{MIB, ROW_LEN_MAX};

/// How many stores events are spread over, by namespace. Another number would have those of a namespace in two stores, until the
/// older ones are no longer kept.
pub(crate) const EVENT_SHARDS: u8 = 8;
/// How long events are kept and can be asked for: as the documentation says, 31 days.
pub(crate) const EVENTS_KEPT_MS: u64 = 31 * 24 * 60 * 60 * 1000;
/// Most bytes of segments in one store, the oldest of which go first: of 4 bytes for an event, 268,000,000 events, which are
/// 8,600,000 a day for 31 days. The platform's own limit is 10 GB.
pub(crate) const EVENTS_STORED_MAX: u64 = 1024 * 1024 * 1024;

/// Longest segment that is recorded, and most bytes of those that are merged into one. What comes of them may be some longer, since
/// indexes into larger dictionaries are: half of a row is left for that.
pub(crate) const EVENT_SEGMENT_LEN_MAX: usize = MIB;
/// Longest segment in a row: the row less 1,000 bytes for its other columns.
pub(crate) const EVENT_ROW_LEN_MAX: usize = ROW_LEN_MAX - 1_000;
/// Most that the segments which are merged into one inflate to: of 5 bytes for an event, 800,000 events, with 36 bytes for
/// each while they are sorted 30 MB. Usual segments of 1 MiB inflate to 1.4 MiB, and have 270,000 events: 10 MB.
pub(crate) const EVENT_MERGE_INFLATED_MAX: u64 = 4 * MIB as u64;
/// Most that one segment inflates to: what was merged, with three bytes in place of one for the two indexes of each of its events,
/// of four bytes at least.
pub(crate) const EVENT_SEGMENT_INFLATED_MAX: usize = 8 * MIB;
/// How many segments of one level are merged into one of the next.
pub(crate) const EVENT_MERGE_FAN: u64 = 16;
/// How many merges one alarm does. The largest takes some 200 ms.
pub(crate) const EVENT_MERGES_MAX: u32 = 8;
/// How many rows are looked at to be deleted, at a time.
pub(crate) const EVENT_DELETIONS_MAX: u64 = 100;
/// How long after an event was recorded segments are merged: until then there are more.
pub(crate) const EVENT_MERGE_AFTER_MS: u64 = 10_000;
/// How often, at most, what is too old is deleted when nothing is recorded.
pub(crate) const EVENT_SWEEP_MS: u64 = 60 * 60 * 1000;

/// Most groups of a query: 400 bytes each with their names, while they are sorted, 8 MB.
pub(crate) const EVENT_GROUPS_MAX: usize = 20_000;
/// Most groups of a query for quantiles: a group of thousands of events has 300 buckets of 8 bytes, 12 MB in all; one that has an
/// event in every bucket below a minute has 700.
pub(crate) const EVENT_QUANTILE_GROUPS_MAX: usize = 5_000;

/// The binding of a dataset of Workers Analytics Engine.
pub(crate) const EVENTS_DATASET: &str = "EVENTS_DATASET";
/// How long an isolate waits for more events before it has them kept: what a crash loses.
pub(crate) const EVENTS_FLUSH_MS: u64 = 1_000;
/// From how many on it does not wait, and when it takes whoever was to see to that for dead: a request may go on for 30 s after its
/// answer.
pub(crate) const EVENTS_FLUSHED_AT: usize = 1_000;
pub(crate) const EVENTS_FLUSH_LOST_MS: u64 = 10_000;
/// Most events that wait, some 300 bytes each.
pub(crate) const EVENTS_BUFFERED_MAX: usize = 10_000;
