//! The rows of `uploads`: names under which bytes may lie in R2 that no pack names yet.

use super::alarm;
use crate::config::{ALARM_DUTIES_MAX, LATE_WRITE_MS};
use crate::durable::{Database, Failure};
use crate::random;

/// An upload whose bytes are to be reclaimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Orphan {
    pub(super) repo_id: String,
    pub(super) upload_id: String,
    /// Whether its bytes have been deleted once.
    swept: bool,
    pub(super) attempts: u64,
}

/// Registers an upload that may be committed for `grace_ms` from now, and whose bytes are reclaimed after that.
pub(super) fn register<D: Database>(db: &D, now: u64, repo_id: &str, grace_ms: u64) -> Result<String, Failure> {
    let upload_id = random::id()?;
    db.exec(
        "INSERT INTO uploads (repo_id, upload_id, open_until, reclaim_at, swept, attempts)
         VALUES (?1, ?2, ?3, ?3, 0, 0)",
        &[repo_id.into(), (&upload_id).into(), (now + grace_ms).into()],
    )?;
    alarm::arm(db)?;
    Ok(upload_id)
}

/// Whether the upload may still be committed.
pub(super) fn is_open<D: Database>(db: &D, now: u64, repo_id: &str, upload_id: &str) -> Result<bool, Failure> {
    let rows = db.exec(
        "SELECT 1 FROM uploads WHERE repo_id = ?1 AND upload_id = ?2 AND open_until > ?3",
        &[repo_id.into(), upload_id.into(), now.into()],
    )?;
    Ok(!rows.is_empty())
}

/// Forgets an upload: its bytes belong to a pack, or are gone for good.
pub(super) fn forget<D: Database>(db: &D, repo_id: &str, upload_id: &str) -> Result<(), Failure> {
    db.exec("DELETE FROM uploads WHERE repo_id = ?1 AND upload_id = ?2", &[repo_id.into(), upload_id.into()])?;
    Ok(())
}

/// Ends an upload that will not be committed: its bytes may be reclaimed now.
pub(super) fn expire<D: Database>(db: &D, now: u64, repo_id: &str, upload_id: &str) -> Result<(), Failure> {
    db.exec(
        "UPDATE uploads SET open_until = MIN(open_until, ?3), reclaim_at = MIN(reclaim_at, ?3)
         WHERE repo_id = ?1 AND upload_id = ?2",
        &[repo_id.into(), upload_id.into(), now.into()],
    )?;
    alarm::arm(db)
}

/// Bytes below a name that was committed once, to be reclaimed at `at`.
pub(super) fn reclaim_after<D: Database>(db: &D, at: u64, repo_id: &str, upload_id: &str) -> Result<(), Failure> {
    db.exec(
        "INSERT INTO uploads (repo_id, upload_id, open_until, reclaim_at, swept, attempts)
         VALUES (?1, ?2, 0, ?3, 0, 0)",
        &[repo_id.into(), upload_id.into(), at.into()],
    )?;
    alarm::arm(db)
}

/// Somebody wants bytes after all that were to be reclaimed; `false` if there are none, or it may be too late: when some have been
/// deleted, or it was tried.
pub(super) fn cancel_reclaim<D: Database>(db: &D, now: u64, repo_id: &str, upload_id: &str) -> Result<bool, Failure> {
    let cancelled = db.exec(
        "DELETE FROM uploads WHERE repo_id = ?1 AND upload_id = ?2 AND open_until = 0 AND swept = 0 AND attempts = 0
             AND reclaim_at > ?3
         RETURNING 1",
        &[repo_id.into(), upload_id.into(), now.into()],
    )?;
    Ok(!cancelled.is_empty())
}

/// Uploads whose time has come, the oldest first.
pub(super) fn orphans<D: Database>(db: &D, now: u64) -> Result<Vec<Orphan>, Failure> {
    let rows = db.exec(
        "SELECT repo_id, upload_id, swept, attempts FROM uploads WHERE reclaim_at <= ?1 ORDER BY reclaim_at LIMIT ?2",
        &[now.into(), ALARM_DUTIES_MAX.into()],
    )?;
    rows.into_iter()
        .map(|mut row| {
            let (repo_id, upload_id) = (row.text()?, row.text()?);
            Ok(Orphan { repo_id, upload_id, swept: row.flag()?, attempts: row.integer()? })
        })
        .collect()
}

/// Notes that the bytes have been deleted. They are deleted once more a little later: a write that was under way when
/// its Worker was killed may land after the first time.
pub(super) fn swept<D: Database>(db: &D, now: u64, orphan: &Orphan) -> Result<(), Failure> {
    if orphan.swept {
        return forget(db, &orphan.repo_id, &orphan.upload_id);
    }
    db.exec(
        "UPDATE uploads SET swept = 1, reclaim_at = ?3, attempts = 0 WHERE repo_id = ?1 AND upload_id = ?2",
        &[(&orphan.repo_id).into(), (&orphan.upload_id).into(), (now + LATE_WRITE_MS).into()],
    )?;
    Ok(())
}

/// Puts off an upload whose bytes could not be reclaimed.
pub(super) fn put_off<D: Database>(db: &D, orphan: &Orphan, until: u64) -> Result<(), Failure> {
    db.exec(
        "UPDATE uploads SET reclaim_at = ?3, attempts = attempts + 1 WHERE repo_id = ?1 AND upload_id = ?2",
        &[(&orphan.repo_id).into(), (&orphan.upload_id).into(), until.into()],
    )?;
    Ok(())
}
