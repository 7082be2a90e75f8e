//! The rows of `holders` and `garbage`: who holds the packs of which this repo is the owner, itself or forks.
//!
//! A fork stands here before it names a pack. Whether it has come to be is asked of it once, when it can no longer be made:
//! until then it counts as a holder, and if it has not, it is taken out.

use super::answer::Moment;
use super::call::{HeldPack, RepoAddress};
use super::packs::NamedPack;
use super::{alarm, uploads};
use crate::config::{ALARM_DUTIES_MAX, HOLDER_CHECK_AGAIN_MS};
use crate::durable::{Database, Failure};

/// A holder that is to be asked whether it holds packs of this owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) owner_repo_id: String,
    pub(super) holder: RepoAddress,
}

/// Enters the owner itself.
pub(super) fn add_owner<D: Database>(db: &D, repo_id: &str, upload_id: &str) -> Result<(), Failure> {
    db.exec(
        "INSERT INTO holders (owner_repo_id, upload_id, holder_repo_id) VALUES (?1, ?2, ?1)",
        &[repo_id.into(), upload_id.into()],
    )
    .map(drop)
}

/// Enters a fork as a holder of packs that somebody holds, or that nobody holds and whose bytes are not being reclaimed yet;
/// `false`, and nothing is to be kept, when there is one that has gone. The fork is asked at `check_at`.
pub(super) fn add<D: Database>(
    db: &D,
    now: u64,
    owner_repo_id: &str,
    packs: &[HeldPack],
    (holder, check_at): (&RepoAddress, u64),
) -> Result<bool, Failure> {
    for HeldPack { upload_id, len } in packs {
        if !is_held(db, owner_repo_id, upload_id)? {
            if !uploads::cancel_reclaim(db, now, owner_repo_id, upload_id)? {
                return Ok(false);
            }
            lay_aside(db, now, owner_repo_id, upload_id, *len)?;
            alarm::held(db, now, owner_repo_id)?;
        }
        db.exec(
            "INSERT INTO holders (owner_repo_id, upload_id, holder_repo_id, holder_namespace, holder_name, check_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET check_at = excluded.check_at WHERE check_at IS NOT NULL",
            &[
                owner_repo_id.into(),
                upload_id.into(),
                (&holder.repo_id).into(),
                (&holder.namespace).into(),
                (&holder.name).into(),
                check_at.into(),
            ],
        )?;
    }
    alarm::arm(db)?;
    Ok(true)
}

/// The owner has taken a pack out of its catalog.
pub(super) fn let_go<D: Database>(db: &D, moment: &Moment, repo_id: &str, pack: &NamedPack) -> Result<(), Failure> {
    db.exec(
        "DELETE FROM holders WHERE owner_repo_id = ?1 AND upload_id = ?2 AND holder_repo_id = ?1",
        &[repo_id.into(), (&pack.upload_id).into()],
    )?;
    if !pack.is_stored {
        return Ok(());
    }
    if is_held(db, repo_id, &pack.upload_id)? {
        return lay_aside(db, moment.now, repo_id, &pack.upload_id, pack.len);
    }
    uploads::reclaim_after(db, moment.now + moment.upload_grace_ms, repo_id, &pack.upload_id)
}

/// A holder other than the owner no longer has these packs. What nobody holds any more is reclaimed after a while.
pub(super) fn remove<D: Database>(
    db: &D,
    moment: &Moment,
    owner_repo_id: &str,
    upload_ids: &[String],
    holder_repo_id: &str,
) -> Result<(), Failure> {
    let mut has_freed = false;
    for upload_id in upload_ids {
        let removed = db.exec(
            "DELETE FROM holders WHERE owner_repo_id = ?1 AND upload_id = ?2 AND holder_repo_id = ?3 RETURNING 1",
            &[owner_repo_id.into(), upload_id.into(), holder_repo_id.into()],
        )?;
        if removed.is_empty() || is_held(db, owner_repo_id, upload_id)? {
            continue;
        }
        db.exec(
            "DELETE FROM garbage WHERE owner_repo_id = ?1 AND upload_id = ?2",
            &[owner_repo_id.into(), upload_id.into()],
        )?;
        uploads::reclaim_after(db, moment.now + moment.upload_grace_ms, owner_repo_id, upload_id)?;
        has_freed = true;
    }
    if has_freed { alarm::held(db, moment.now, owner_repo_id) } else { alarm::arm(db) }
}

/// Bytes of the packs of this owner that only others hold.
pub(super) fn held_size<D: Database>(db: &D, owner_repo_id: &str) -> Result<u64, Failure> {
    let rows =
        db.exec("SELECT COALESCE(SUM(len), 0) FROM garbage WHERE owner_repo_id = ?1", &[owner_repo_id.into()])?;
    rows.into_iter().next().map_or(Ok(0), |mut row| row.integer())
}

/// Holders whose time has come to be asked, the longest due first.
pub(super) fn checks<D: Database>(db: &D, now: u64) -> Result<Vec<Check>, Failure> {
    let rows = db.exec(
        "SELECT owner_repo_id, holder_namespace, holder_name, holder_repo_id FROM holders WHERE check_at <= ?1
         GROUP BY owner_repo_id, holder_repo_id ORDER BY MIN(check_at) LIMIT ?2",
        &[now.into(), ALARM_DUTIES_MAX.into()],
    )?;
    rows.into_iter()
        .map(|mut row| {
            let owner_repo_id = row.text()?;
            let holder = RepoAddress { namespace: row.text()?, name: row.text()?, repo_id: row.text()? };
            Ok(Check { owner_repo_id, holder })
        })
        .collect()
}

/// The holder has these packs, and not the others that it was to be asked about.
pub(super) fn checked<D: Database>(
    db: &D,
    moment: &Moment,
    check: &Check,
    upload_ids: &[String],
) -> Result<(), Failure> {
    let key = [(&check.owner_repo_id).into(), (&check.holder.repo_id).into()];
    let rows = db.exec(
        "SELECT upload_id FROM holders WHERE owner_repo_id = ?1 AND holder_repo_id = ?2 AND check_at <= ?3",
        &[key[0], key[1], moment.now.into()],
    )?;
    let asked = rows.into_iter().map(|mut row| row.text()).collect::<Result<Vec<_>, _>>()?;
    let gone: Vec<_> = asked.into_iter().filter(|upload_id| !upload_ids.contains(upload_id)).collect();
    remove(db, moment, &check.owner_repo_id, &gone, &check.holder.repo_id)?;
    db.exec(
        "UPDATE holders SET check_at = NULL WHERE owner_repo_id = ?1 AND holder_repo_id = ?2 AND check_at <= ?3",
        &[key[0], key[1], moment.now.into()],
    )
    .map(drop)
}

/// The holder could not be asked.
pub(super) fn put_off<D: Database>(db: &D, now: u64, check: &Check) -> Result<(), Failure> {
    db.exec(
        "UPDATE holders SET check_at = ?4 WHERE owner_repo_id = ?1 AND holder_repo_id = ?2 AND check_at <= ?3",
        &[
            (&check.owner_repo_id).into(),
            (&check.holder.repo_id).into(),
            now.into(),
            (now + HOLDER_CHECK_AGAIN_MS).into(),
        ],
    )
    .map(drop)
}

fn is_held<D: Database>(db: &D, owner_repo_id: &str, upload_id: &str) -> Result<bool, Failure> {
    let key = [owner_repo_id.into(), upload_id.into()];
    let rows = db.exec("SELECT 1 FROM holders WHERE owner_repo_id = ?1 AND upload_id = ?2 LIMIT 1", &key)?;
    Ok(!rows.is_empty())
}

/// Notes a pack that only others hold.
fn lay_aside<D: Database>(db: &D, now: u64, owner_repo_id: &str, upload_id: &str, len: u64) -> Result<(), Failure> {
    db.exec(
        "INSERT INTO garbage (owner_repo_id, upload_id, deleted_at, len) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        &[owner_repo_id.into(), upload_id.into(), now.into(), len.into()],
    )
    .map(drop)
}
