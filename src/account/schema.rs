//! The tables of the account's database.

use crate::durable::Schema;

pub(super) const SCHEMA: Schema = Schema { tables: &TABLES, steps: &[&TOTALS] };

const TABLES: [&str; 1] = [
    // name_key is the lower-cased name.
    "CREATE TABLE namespaces (
        name_key TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
];

const TOTALS: [&str; 7] = [
    // version is that of the report that the row is from. Rows of deleted namespaces stay, so that an older report finds out.
    "ALTER TABLE namespaces ADD COLUMN version INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE namespaces ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE namespaces ADD COLUMN repo_count INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE namespaces ADD COLUMN size INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE namespaces ADD COLUMN is_deleted INTEGER NOT NULL DEFAULT 0",
    "UPDATE namespaces SET updated_at = created_at",
    // One row: the sum of `size`, which is asked for far more often than it changes.
    "CREATE TABLE totals (size INTEGER NOT NULL) STRICT",
];
