//! The tables of a repo's database. Only a creation makes them: a call for a name that is not there stores nothing.
//!
//! Every row carries the incarnation (`repo_id`), because a name can be deleted and taken again. Times are unix
//! milliseconds, flags are 0 or 1, ids are hexadecimal text.

use crate::durable::Schema;

pub(super) const SCHEMA: Schema =
    Schema { tables: &TABLES, steps: &[&DROPPED, &PUSHES, &SHALLOW, &FORKS, &IMPORTS, &DOWNLOADS] };

const TABLES: [&str; 9] = [
    // One row for each incarnation; those that were deleted stay, so that a late callback finds out.
    "CREATE TABLE repo (
        repo_id TEXT PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL, description TEXT,
        default_branch TEXT NOT NULL, read_only INTEGER NOT NULL, source TEXT, status TEXT NOT NULL,
        shallow INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, last_push_at INTEGER,
        last_pack_seq INTEGER NOT NULL, deleted_at INTEGER
    ) STRICT, WITHOUT ROWID",
    "CREATE UNIQUE INDEX repo_that_lives ON repo (deleted_at IS NULL) WHERE deleted_at IS NULL",
    "CREATE TABLE refs (
        repo_id TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL, peeled TEXT, PRIMARY KEY (repo_id, name)
    ) STRICT, WITHOUT ROWID",
    "CREATE TABLE tokens (
        repo_id TEXT NOT NULL, token_id TEXT NOT NULL, sha256 TEXT NOT NULL, scope TEXT NOT NULL,
        created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, revoked_at INTEGER,
        PRIMARY KEY (repo_id, token_id), UNIQUE (repo_id, sha256)
    ) STRICT, WITHOUT ROWID",
    // owner_repo_id and upload_id name the R2 objects; pack_bytes and index_bytes hold a small pack instead.
    "CREATE TABLE packs (
        repo_id TEXT NOT NULL, pack_seq INTEGER NOT NULL, owner_repo_id TEXT NOT NULL, upload_id TEXT NOT NULL,
        format INTEGER NOT NULL, n_objects INTEGER NOT NULL, pack_len INTEGER NOT NULL, index_len INTEGER NOT NULL,
        segment_len INTEGER NOT NULL, trailer TEXT NOT NULL, thin INTEGER NOT NULL, pack_bytes BLOB, index_bytes BLOB,
        PRIMARY KEY (repo_id, pack_seq)
    ) STRICT",
    // Who holds a pack, kept with its owner: its bytes may go when the last holder has gone.
    "CREATE TABLE holders (
        owner_repo_id TEXT NOT NULL, upload_id TEXT NOT NULL, holder_repo_id TEXT NOT NULL,
        PRIMARY KEY (owner_repo_id, upload_id, holder_repo_id)
    ) STRICT, WITHOUT ROWID",
    // Uploads that have not been committed, and may be before open_until. From reclaim_at on, which is not before
    // that, the alarm deletes their R2 objects; swept tells that it has done so once.
    "CREATE TABLE uploads (
        repo_id TEXT NOT NULL, upload_id TEXT NOT NULL, open_until INTEGER NOT NULL, reclaim_at INTEGER NOT NULL,
        swept INTEGER NOT NULL, attempts INTEGER NOT NULL, PRIMARY KEY (repo_id, upload_id)
    ) STRICT, WITHOUT ROWID",
    // Packs in R2 that this repo no longer has and somebody else still holds.
    "CREATE TABLE garbage (
        owner_repo_id TEXT NOT NULL, upload_id TEXT NOT NULL, deleted_at INTEGER NOT NULL,
        PRIMARY KEY (owner_repo_id, upload_id)
    ) STRICT, WITHOUT ROWID",
    // What the namespace, or maintenance, is still to hear; version tells whether there was more to say while it was being told.
    "CREATE TABLE notices (
        repo_id TEXT NOT NULL, kind TEXT NOT NULL, due_at INTEGER NOT NULL, attempts INTEGER NOT NULL,
        version INTEGER NOT NULL, PRIMARY KEY (repo_id, kind)
    ) STRICT, WITHOUT ROWID",
];

const DROPPED: [&str; 1] = [
    // What refs pointed at before they moved on, and when they did: not garbage at once.
    "CREATE TABLE dropped (
        repo_id TEXT NOT NULL, id TEXT NOT NULL, dropped_at INTEGER NOT NULL, PRIMARY KEY (repo_id, id)
    ) STRICT, WITHOUT ROWID",
];

const PUSHES: [&str; 2] = [
    // Numbers of pushes are never used twice.
    "ALTER TABLE repo ADD COLUMN last_push_seq INTEGER NOT NULL DEFAULT 0",
    // The pushes that were accepted: what was said with them and what they did. options and refs are JSON, n_refs counts the
    // refs that moved, whether or not all of them fitted into refs.
    "CREATE TABLE pushes (
        repo_id TEXT NOT NULL, push_seq INTEGER NOT NULL, pushed_at INTEGER NOT NULL, token_id TEXT NOT NULL,
        pack_len INTEGER NOT NULL, n_objects INTEGER NOT NULL, n_refs INTEGER NOT NULL, refs TEXT NOT NULL,
        options TEXT NOT NULL, PRIMARY KEY (repo_id, push_seq)
    ) STRICT",
];

const SHALLOW: [&str; 1] = [
    // Commits at which the history ends: their parents are not here. The column `shallow` of `repo` tells whether there are any.
    "CREATE TABLE shallow (repo_id TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (repo_id, id)) STRICT, WITHOUT ROWID",
];

const FORKS: [&str; 11] = [
    // Where the owner of a pack is, if it is another repo; and which of the pack's objects this repo has, if not all of them.
    "ALTER TABLE packs ADD COLUMN owner_namespace TEXT",
    "ALTER TABLE packs ADD COLUMN owner_name TEXT",
    "ALTER TABLE packs ADD COLUMN visible BLOB",
    // Where a holder is, if it is not the owner, and when it is to be asked whether it holds the pack.
    "ALTER TABLE holders ADD COLUMN holder_namespace TEXT",
    "ALTER TABLE holders ADD COLUMN holder_name TEXT",
    "ALTER TABLE holders ADD COLUMN check_at INTEGER",
    "CREATE INDEX holders_by_check ON holders (check_at) WHERE check_at IS NOT NULL",
    // Bytes of the pack with its index.
    "ALTER TABLE garbage ADD COLUMN len INTEGER NOT NULL DEFAULT 0",
    // Packs of others that repo_id no longer has, of which their owner is still to hear.
    "CREATE TABLE releases (
        repo_id TEXT NOT NULL, owner_repo_id TEXT NOT NULL, upload_id TEXT NOT NULL, owner_namespace TEXT NOT NULL,
        owner_name TEXT NOT NULL, due_at INTEGER NOT NULL, attempts INTEGER NOT NULL,
        PRIMARY KEY (repo_id, owner_repo_id, upload_id)
    ) STRICT, WITHOUT ROWID",
    // Whether there may be objects in the packs that no ref reaches.
    "ALTER TABLE repo ADD COLUMN unreached INTEGER NOT NULL DEFAULT 0",
    "UPDATE repo SET unreached = 1 WHERE last_push_at IS NOT NULL",
];

const IMPORTS: [&str; 2] = [
    // Why an import came to nothing.
    "ALTER TABLE repo ADD COLUMN failure TEXT",
    // What is wanted of another server, for as long as the repo is being filled; download is JSON.
    "CREATE TABLE imports (
        repo_id TEXT PRIMARY KEY, url TEXT NOT NULL, branch TEXT NOT NULL, depth INTEGER, all_refs INTEGER NOT NULL,
        download TEXT, failures INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
];

const DOWNLOADS: [&str; 1] = [
    // How many packs have come, those included that lapsed before they were taken in.
    "ALTER TABLE imports ADD COLUMN downloads INTEGER NOT NULL DEFAULT 0",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::{Database, MemoryDatabase};

    #[test]
    fn a_repo_of_the_first_format_is_brought_up_to_this_one() {
        let db = MemoryDatabase::default();
        assert_eq!(Schema { steps: &[], ..SCHEMA }.create(&db), Ok(true));
        db.exec(
            "INSERT INTO repo VALUES ('r1', 'ns', 'repo', NULL, 'main', 0, NULL, 'ready', 0, 1, 1, 1, 0, NULL)",
            &[],
        )
        .unwrap();
        assert_eq!(SCHEMA.exists(&db), Ok(true));
        let repo = crate::repo::metadata::living(&db).unwrap().unwrap();
        assert_eq!((repo.info.repo_id.as_str(), repo.info.shallow), ("r1", false));
        // What was pushed before that was looked at may have left something behind.
        assert!(repo.has_unreached);
        assert_eq!(crate::repo::metadata::pushed(&db, 2, "r1"), Ok(1));
        for table in ["dropped", "pushes", "shallow", "releases", "imports"] {
            assert_eq!(db.exec(&format!("SELECT * FROM {table}"), &[]).unwrap().len(), 0);
        }
    }
}
