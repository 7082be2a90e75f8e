//! The rows of `dropped`: what refs pointed at until lately. It is kept from collection for a while, so that a branch
//! that was deleted or forced by mistake can be brought back.

use crate::config::RECENT_MAX;
use crate::durable::{Database, Failure};

/// Notes that a ref no longer points at an object.
pub(super) fn add<D: Database>(db: &D, now: u64, repo_id: &str, id: &str) -> Result<(), Failure> {
    db.exec(
        "INSERT INTO dropped (repo_id, id, dropped_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (repo_id, id) DO UPDATE SET dropped_at = excluded.dropped_at",
        &[repo_id.into(), id.into(), now.into()],
    )?;
    Ok(())
}

/// What was dropped at `since` or later; one more than [`RECENT_MAX`] if there is more.
pub(super) fn recent<D: Database>(db: &D, repo_id: &str, since: u64) -> Result<Vec<String>, Failure> {
    let rows = db.exec(
        "SELECT id FROM dropped WHERE repo_id = ?1 AND dropped_at >= ?2 ORDER BY id LIMIT ?3",
        &[repo_id.into(), since.into(), (RECENT_MAX as u64 + 1).into()],
    )?;
    rows.into_iter().map(|mut row| row.text()).collect()
}

/// Forgets what was dropped before `since`, and returns when the oldest of the rest was dropped.
pub(super) fn forget<D: Database>(db: &D, repo_id: &str, since: u64) -> Result<Option<u64>, Failure> {
    db.exec("DELETE FROM dropped WHERE repo_id = ?1 AND dropped_at < ?2", &[repo_id.into(), since.into()])?;
    let rows = db.exec("SELECT MIN(dropped_at) FROM dropped WHERE repo_id = ?1", &[repo_id.into()])?;
    Ok(rows.into_iter().next().map(|mut row| row.optional_integer()).transpose()?.flatten())
}

/// Forgets all of it.
pub(super) fn clear<D: Database>(db: &D, repo_id: &str) -> Result<(), Failure> {
    db.exec("DELETE FROM dropped WHERE repo_id = ?1", &[repo_id.into()]).map(drop)
}
