//! The tables of a namespace's database. Only a reservation or a report makes them: asking stores nothing.

use crate::durable::{Database, Failure, Schema};

pub(super) const SCHEMA: Schema = Schema { tables: &TABLES, steps: &[] };

const TABLES: [&str; 6] = [
    // One row, from the first reservation on; registered tells whether the account knows the namespace.
    "CREATE TABLE namespace (
        name TEXT NOT NULL, registered INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
    ) STRICT",
    // name_key is the lower-cased name. A row whose status is 'creating' is a reservation, made at created_at.
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

/// Makes the tables, and the namespace's row, if they are not there.
pub(super) fn create<D: Database>(db: &D, now: u64, namespace: &str) -> Result<(), Failure> {
    if SCHEMA.create(db)? {
        db.exec(
            "INSERT INTO namespace (name, registered, created_at, updated_at) VALUES (?1, 0, ?2, ?2)",
            &[namespace.into(), now.into()],
        )?;
    }
    Ok(())
}

/// Whether the account knows the namespace.
pub(super) fn is_registered<D: Database>(db: &D) -> Result<bool, Failure> {
    let rows = db.exec("SELECT registered FROM namespace", &[])?;
    rows.into_iter().next().map_or(Ok(false), |mut row| row.flag())
}

/// Notes that the account knows the namespace.
pub(super) fn register<D: Database>(db: &D) -> Result<(), Failure> {
    db.exec("UPDATE namespace SET registered = 1", &[]).map(drop)
}
