//! The rows of `releases`: packs of others that a repo of this object no longer has, of which their owners are still to hear.

use super::alarm;
use super::call::{Release, RepoAddress};
use crate::config::ALARM_DUTIES_MAX;
use crate::durable::{Database, Failure, backoff_ms};

/// What one owner is to hear of one holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) owner: RepoAddress,
    pub(super) release: Release,
    attempts: u64,
}

/// The owner is to hear that the repo no longer has a pack.
pub(super) fn add<D: Database>(
    db: &D,
    now: u64,
    repo_id: &str,
    owner: &RepoAddress,
    upload_id: &str,
) -> Result<(), Failure> {
    db.exec(
        "INSERT INTO releases (repo_id, owner_repo_id, upload_id, owner_namespace, owner_name, due_at, attempts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0) ON CONFLICT DO NOTHING",
        &[
            repo_id.into(),
            (&owner.repo_id).into(),
            upload_id.into(),
            (&owner.namespace).into(),
            (&owner.name).into(),
            now.into(),
        ],
    )?;
    alarm::arm(db)
}

/// What is due, the longest due first.
pub(super) fn due<D: Database>(db: &D, now: u64) -> Result<Vec<Pending>, Failure> {
    let rows = db.exec(
        "SELECT owner_namespace, owner_name, owner_repo_id, repo_id, json_group_array(upload_id), MAX(attempts)
         FROM releases WHERE due_at <= ?1 GROUP BY owner_repo_id, repo_id ORDER BY MIN(due_at) LIMIT ?2",
        &[now.into(), ALARM_DUTIES_MAX.into()],
    )?;
    rows.into_iter()
        .map(|mut row| {
            let owner = RepoAddress { namespace: row.text()?, name: row.text()?, repo_id: row.text()? };
            let (holder_repo_id, list) = (row.text()?, row.text()?);
            let upload_ids = serde_json::from_str(&list).map_err(|error| Failure::shape("a list of uploads", error))?;
            let release = Release { owner_repo_id: owner.repo_id.clone(), upload_ids, holder_repo_id };
            Ok(Pending { owner, release, attempts: row.integer()? })
        })
        .collect()
}

/// The owner has heard.
pub(super) fn heard<D: Database>(db: &D, pending: &Pending) -> Result<(), Failure> {
    let Release { owner_repo_id, upload_ids, holder_repo_id } = &pending.release;
    for upload_id in upload_ids {
        db.exec(
            "DELETE FROM releases WHERE repo_id = ?1 AND owner_repo_id = ?2 AND upload_id = ?3",
            &[holder_repo_id.into(), owner_repo_id.into(), upload_id.into()],
        )?;
    }
    Ok(())
}

/// The owner could not be told.
pub(super) fn unheard<D: Database>(db: &D, now: u64, pending: &Pending) -> Result<(), Failure> {
    let Release { owner_repo_id, holder_repo_id, .. } = &pending.release;
    db.exec(
        "UPDATE releases SET due_at = ?4, attempts = attempts + 1
         WHERE repo_id = ?1 AND owner_repo_id = ?2 AND due_at <= ?3",
        &[holder_repo_id.into(), owner_repo_id.into(), now.into(), (now + backoff_ms(pending.attempts)).into()],
    )
    .map(drop)
}
