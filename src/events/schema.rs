//! The tables of a store of events.

use crate::durable::Schema;

pub(super) const SCHEMA: Schema = Schema { tables: &TABLES, steps: &[] };

const TABLES: [&str; 4] = [
    // In the order of ids, older events come first: a merged segment takes the place of the first of those that it is made of.
    // level counts merges, and is null when there will be no other. time_min, time_max, inflated_len are from the segment's header.
    // bytes stands last, so that the other columns are read without it.
    "CREATE TABLE segments (
        id INTEGER PRIMARY KEY, level INTEGER, time_min INTEGER NOT NULL, time_max INTEGER NOT NULL,
        inflated_len INTEGER NOT NULL, len INTEGER NOT NULL, bytes BLOB NOT NULL
    ) STRICT",
    "CREATE INDEX open_segments ON segments (level, id) WHERE level IS NOT NULL",
    "CREATE TABLE noise (
        hour_ms INTEGER NOT NULL, surface TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (hour_ms, surface)
    ) STRICT, WITHOUT ROWID",
    // One row: when the alarm was last set to go off.
    "CREATE TABLE due (at INTEGER NOT NULL) STRICT",
];
