//! The tables of a namespace's database. Only what makes a namespace or a repo makes them: asking stores nothing.

use crate::durable::Schema;

pub(super) const SCHEMA: Schema = Schema { tables: &TABLES, steps: &[&TOTALS, &FORKS] };

const TABLES: [&str; 6] = [
    // One row, from the first reservation on; registered tells whether the account knows the namespace.
    "CREATE TABLE namespace (
        name TEXT NOT NULL, registered INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
    ) STRICT",
    // name_key is the lower-cased name. A row whose status is 'creating' or 'forking' is a reservation,
    // made at created_at.
    "CREATE TABLE repos (
        name_key TEXT PRIMARY KEY, name TEXT NOT NULL, repo_id TEXT NOT NULL UNIQUE, namespace TEXT NOT NULL,
        description TEXT, default_branch TEXT NOT NULL, read_only INTEGER NOT NULL, source TEXT, status TEXT NOT NULL,
        size INTEGER NOT NULL, shallow INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
        last_push_at INTEGER
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX repos_by_creation ON repos (created_at, repo_id)",
    "CREATE INDEX repos_by_update ON repos (updated_at, repo_id)",
    "CREATE INDEX repos_by_push ON repos (COALESCE(last_push_at, 0), repo_id)",
    "CREATE TABLE token_map (
        token_id TEXT PRIMARY KEY, repo_id TEXT NOT NULL, repo_name TEXT NOT NULL, expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
];

const TOTALS: [&str; 14] = [
    // Of the repos that are no reservations: how many there are, and what they have brought.
    "ALTER TABLE namespace ADD COLUMN repo_count INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE namespace ADD COLUMN size INTEGER NOT NULL DEFAULT 0",
    // version counts what has happened to the row, over deletions too, and born is that of its creation; tell_at is when
    // the account is to hear of it.
    "ALTER TABLE namespace ADD COLUMN version INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE namespace ADD COLUMN born INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE namespace ADD COLUMN tell_at INTEGER",
    "ALTER TABLE namespace ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE namespace ADD COLUMN is_deleted INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE repos ADD COLUMN own_size INTEGER NOT NULL DEFAULT 0",
    "UPDATE repos SET own_size = size",
    "UPDATE namespace SET
        repo_count = (SELECT COUNT(*) FROM repos WHERE status <> 'creating'),
        size = (SELECT COALESCE(SUM(own_size), 0) FROM repos), registered = 0",
    // Incarnations that are gone: what they still have to report is no news.
    "CREATE TABLE removed (repo_id TEXT PRIMARY KEY, removed_at INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE INDEX removed_by_time ON removed (removed_at)",
    // Each creation clears away what has expired, each deletion the tokens of its repo.
    "CREATE INDEX token_map_by_expiry ON token_map (expires_at)",
    "CREATE INDEX token_map_by_repo ON token_map (repo_id)",
];

const FORKS: [&str; 1] = [
    // Bytes that the incarnation has brought and others still hold.
    "ALTER TABLE removed ADD COLUMN held_size INTEGER NOT NULL DEFAULT 0",
];
