//! What the repo's one alarm is for: bytes to reclaim, holders to ask, and what the namespace, maintenance and the owners of
//! packs are still to hear.
//!
//! Rows say what is due and when; the alarm is set to the earliest of them. Work that fails is put off, ever longer,
//! and never thrown away: an alarm whose handler fails too often is one that the platform gives up.

use serde::{Deserialize, Serialize};

use super::call::RepoInfo;
use super::holders::{self, Check};
use super::metadata;
use super::releases::{self, Pending};
use super::schema::SCHEMA;
use super::uploads::{self, Orphan};
use crate::config::{
    ALARM_DUTIES_MAX, ALARM_LOST_MS, BACKOFF_MIN_MS, COLLECT_AGAIN_MS, COMPACT_DELAY_MS, CREATION_REPORT_DELAY_MS,
    IMPORT_AGAIN_MS, REPORT_DELAY_MS,
};
use crate::durable::{Database, Failure, backoff_ms};

/// What the namespace, or maintenance, is to hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Report {
    /// The repo is there, and stands like this.
    Stands(RepoInfo),
    /// The incarnation is gone; of what it has brought others hold so many bytes.
    Gone { namespace: String, repo_id: String, held_size: u64 },
    /// For maintenance: there are packs to merge, or to go through for what nothing reaches.
    Maintain { namespace: String, name: String, work: Work },
}

/// What maintenance is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Work {
    Compact,
    Collect,
    /// A repo that has just been made is to be filled. Whatever was to be done for another of its name is not waited for.
    Import,
    /// The same, said again: it may be under way.
    ResumeImport,
}

/// A report with what it takes to note that it was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) report: Report,
    repo_id: String,
    kind: &'static str,
    version: u64,
    attempts: u64,
}

/// What an alarm is to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Duties {
    pub(super) notices: Vec<Notice>,
    pub(super) orphans: Vec<Orphan>,
    pub(super) checks: Vec<Check>,
    pub(super) releases: Vec<Pending>,
}

const STANDS: &str = "stands";
const GONE: &str = "gone";
const COMPACT: &str = "compact";
const COLLECT: &str = "collect";
const IMPORT: &str = "import";

/// The namespace is to hear how the repo stands, a little later.
pub(super) fn report<D: Database>(db: &D, now: u64, repo_id: &str) -> Result<(), Failure> {
    notify(db, now + REPORT_DELAY_MS, repo_id, STANDS)
}

/// The same when the repo has just been made. Whoever makes it tells the namespace; this is for when they do not live to, and
/// as a rule it goes with the report of the first push.
pub(super) fn made<D: Database>(db: &D, now: u64, repo_id: &str) -> Result<(), Failure> {
    notify(db, now + CREATION_REPORT_DELAY_MS, repo_id, STANDS)
}

/// What the namespace is to hear of the repo it is to hear now.
pub(super) fn at_once<D: Database>(db: &D, now: u64, repo_id: &str) -> Result<(), Failure> {
    db.exec(
        "UPDATE notices SET due_at = MIN(due_at, ?2) WHERE repo_id = ?1 AND kind IN (?3, ?4)",
        &[repo_id.into(), now.into(), STANDS.into(), GONE.into()],
    )?;
    arm(db)
}

/// The namespace is to hear that the repo is gone, even if who deleted it has not lived to say so.
pub(super) fn removal<D: Database>(db: &D, now: u64, repo_id: &str) -> Result<(), Failure> {
    db.exec("DELETE FROM notices WHERE repo_id = ?1", &[repo_id.into()])?;
    notify(db, now + REPORT_DELAY_MS, repo_id, GONE)
}

/// Holders of packs that belong to a repo have come or gone: the namespace is to hear what it takes now, be it there or not.
pub(super) fn held<D: Database>(db: &D, now: u64, repo_id: &str) -> Result<(), Failure> {
    let kind = if metadata::living_as(db, repo_id)?.is_some() { STANDS } else { GONE };
    notify(db, now + REPORT_DELAY_MS, repo_id, kind)
}

/// Maintenance is to hear that packs are to be merged, when pushes that follow at once are there too.
pub(super) fn compact<D: Database>(db: &D, now: u64, repo_id: &str) -> Result<(), Failure> {
    notify(db, now + COMPACT_DELAY_MS, repo_id, COMPACT)
}

/// Maintenance is to hear at `at`, or earlier if that has been said before, that there may be garbage.
pub(super) fn collect<D: Database>(db: &D, at: u64, repo_id: &str) -> Result<(), Failure> {
    db.exec(
        "INSERT INTO notices (repo_id, kind, due_at, attempts, version) VALUES (?1, ?2, ?3, 0, 1) ON CONFLICT DO NOTHING",
        &[repo_id.into(), COLLECT.into(), at.into()],
    )?;
    arm(db)
}

/// Garbage has been looked for. It is looked for again at `next`, if there is anything to be looked at then.
pub(super) fn collected<D: Database>(db: &D, next: Option<u64>, repo_id: &str) -> Result<(), Failure> {
    db.exec("DELETE FROM notices WHERE repo_id = ?1 AND kind = ?2", &[repo_id.into(), COLLECT.into()])?;
    match next {
        Some(at) => collect(db, at, repo_id),
        None => arm(db),
    }
}

/// Maintenance is to hear that the repo is to be filled, even if who wants it has not lived to say so.
pub(super) fn import<D: Database>(db: &D, now: u64, repo_id: &str) -> Result<(), Failure> {
    notify(db, now + REPORT_DELAY_MS, repo_id, IMPORT)
}

/// The repo has been filled, or never will be.
pub(super) fn imported<D: Database>(db: &D, repo_id: &str) -> Result<(), Failure> {
    db.exec("DELETE FROM notices WHERE repo_id = ?1 AND kind = ?2", &[repo_id.into(), IMPORT.into()])?;
    arm(db)
}

/// Sets the alarm to the earliest thing that is due.
pub(super) fn arm<D: Database>(db: &D) -> Result<(), Failure> {
    db.set_alarm(earliest(db)?)
}

/// Sets the alarm again if it should have gone off long ago: the platform has given it up, and nothing is written by which
/// it would be set anew.
pub(super) fn wake<D: Database>(db: &D, now: u64) -> Result<(), Failure> {
    let is_lost = earliest(db)?.is_some_and(|at| at + ALARM_LOST_MS <= now);
    if is_lost { db.set_alarm(Some(now)) } else { Ok(()) }
}

fn earliest<D: Database>(db: &D) -> Result<Option<u64>, Failure> {
    let rows = db.exec(
        "SELECT MIN(at) FROM (
            SELECT MIN(reclaim_at) AS at FROM uploads UNION ALL SELECT MIN(due_at) FROM notices
            UNION ALL SELECT MIN(due_at) FROM releases
            UNION ALL SELECT MIN(check_at) FROM holders WHERE check_at IS NOT NULL)",
        &[],
    )?;
    Ok(rows.into_iter().next().map(|mut row| row.optional_integer()).transpose()?.flatten())
}

/// What is due now. Until it has been tried the alarm stands a little ahead: should the handler be killed, and the
/// platform stop calling it again, another alarm is there.
pub(super) fn due<D: Database>(db: &D, now: u64) -> Result<Duties, Failure> {
    if !SCHEMA.exists(db)? {
        return Ok(Duties::default());
    }
    db.set_alarm(Some(now + BACKOFF_MIN_MS))?;
    Ok(Duties {
        notices: notices(db, now)?,
        orphans: uploads::orphans(db, now)?,
        checks: holders::checks(db, now)?,
        releases: releases::due(db, now)?,
    })
}

/// The last of it has been tried: the next alarm is for what is due next.
pub(super) fn rest<D: Database>(db: &D) -> Result<(), Failure> {
    if SCHEMA.exists(db)? { arm(db) } else { Ok(()) }
}

/// Notes that the namespace has heard. What has been added to the report meanwhile is to be told in another.
pub(super) fn heard<D: Database>(db: &D, now: u64, notice: &Notice) -> Result<(), Failure> {
    let key = [(&notice.repo_id).into(), notice.kind.into()];
    let [repo_id, kind] = key;
    let again_ms = match notice.kind {
        COLLECT => Some(COLLECT_AGAIN_MS),
        IMPORT => Some(IMPORT_AGAIN_MS),
        _ => None,
    };
    if let Some(again_ms) = again_ms {
        // It is over when maintenance says so; should it never, it is asked again.
        db.exec(
            "UPDATE notices SET due_at = ?3, attempts = 0 WHERE repo_id = ?1 AND kind = ?2",
            &[repo_id, kind, (now + again_ms).into()],
        )?;
        return Ok(());
    }
    db.exec(
        "DELETE FROM notices WHERE repo_id = ?1 AND kind = ?2 AND version = ?3",
        &[repo_id, kind, notice.version.into()],
    )?;
    db.exec(
        "UPDATE notices SET due_at = ?3, attempts = 0 WHERE repo_id = ?1 AND kind = ?2",
        &[repo_id, kind, (now + REPORT_DELAY_MS).into()],
    )?;
    Ok(())
}

/// Puts off a report that could not be made.
pub(super) fn unheard<D: Database>(db: &D, now: u64, notice: &Notice) -> Result<(), Failure> {
    db.exec(
        "UPDATE notices SET due_at = ?3, attempts = attempts + 1 WHERE repo_id = ?1 AND kind = ?2",
        &[(&notice.repo_id).into(), notice.kind.into(), (now + backoff_ms(notice.attempts)).into()],
    )?;
    Ok(())
}

fn notify<D: Database>(db: &D, due_at: u64, repo_id: &str, kind: &'static str) -> Result<(), Failure> {
    db.exec(
        "INSERT INTO notices (repo_id, kind, due_at, attempts, version) VALUES (?1, ?2, ?3, 0, 1)
         ON CONFLICT (repo_id, kind) DO UPDATE SET version = version + 1,
            due_at = IIF(attempts = 0, MIN(due_at, excluded.due_at), due_at)",
        &[repo_id.into(), kind.into(), due_at.into()],
    )?;
    arm(db)
}

fn notices<D: Database>(db: &D, now: u64) -> Result<Vec<Notice>, Failure> {
    let rows = db.exec(
        "SELECT notices.repo_id, kind, version, attempts, namespace FROM notices JOIN repo USING (repo_id)
         WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2",
        &[now.into(), ALARM_DUTIES_MAX.into()],
    )?;
    let mut notices = Vec::new();
    for mut row in rows {
        let (repo_id, kind, version, attempts, namespace) =
            (row.text()?, row.text()?, row.integer()?, row.integer()?, row.text()?);
        let (report, kind) = if kind == GONE {
            (Report::Gone { namespace, repo_id: repo_id.clone(), held_size: holders::held_size(db, &repo_id)? }, GONE)
        } else {
            let Some(repo) = metadata::living_as(db, &repo_id)? else { continue };
            let works = [(COMPACT, Work::Compact), (COLLECT, Work::Collect), (IMPORT, Work::ResumeImport)];
            match works.into_iter().find(|&(maintenance, _)| maintenance == kind) {
                Some((kind, work)) => (Report::Maintain { namespace, name: repo.info.name, work }, kind),
                None => (Report::Stands(repo.info), STANDS),
            }
        };
        notices.push(Notice { report, repo_id, kind, version, attempts });
    }
    Ok(notices)
}
