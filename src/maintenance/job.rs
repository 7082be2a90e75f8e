//! The one row of `job`: what this object is to do, until it is done.

use crate::config::{BACKOFF_MAX_MS, BACKOFF_MIN_MS, MAINTENANCE_ATTEMPTS_MAX};
use crate::durable::{Database, Failure, Schema};

const SCHEMA: Schema = Schema { tables: &TABLES, steps: &[] };

const TABLES: [&str; 1] = [
    // version tells whether it was asked for again while it was being done.
    "CREATE TABLE job (
        namespace TEXT NOT NULL, repo TEXT NOT NULL, collects INTEGER NOT NULL, attempts INTEGER NOT NULL,
        version INTEGER NOT NULL
    ) STRICT",
];

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    pub(super) namespace: String,
    pub(super) repo: String,
    pub(super) collects: bool,
    attempts: u64,
    version: u64,
}

/// Notes what is to be done, at once.
pub(super) fn note<D: Database>(db: &D, now: u64, namespace: &str, repo: &str, collects: bool) -> Result<(), Failure> {
    SCHEMA.create(db)?;
    let noted = db.exec(
        "UPDATE job SET collects = MAX(collects, ?1), attempts = 0, version = version + 1 RETURNING 1",
        &[collects.into()],
    )?;
    if noted.is_empty() {
        db.exec(
            "INSERT INTO job (namespace, repo, collects, attempts, version) VALUES (?1, ?2, ?3, 0, 1)",
            &[namespace.into(), repo.into(), collects.into()],
        )?;
    }
    db.set_alarm(Some(now))
}

/// What is to be done now. It counts as tried from here on, and until it has been the alarm stands ahead: should it be
/// killed, another comes, a few times.
pub(super) fn take<D: Database>(db: &D, now: u64) -> Result<Option<Job>, Failure> {
    if !SCHEMA.exists(db)? {
        return Ok(None);
    }
    let rows = db.exec("SELECT namespace, repo, collects, attempts, version FROM job", &[])?;
    let Some(mut row) = rows.into_iter().next() else { return Ok(None) };
    let (namespace, repo, collects) = (row.text()?, row.text()?, row.flag()?);
    let job = Job { namespace, repo, collects, attempts: row.integer()?, version: row.integer()? };
    if job.attempts > MAINTENANCE_ATTEMPTS_MAX {
        db.exec("DELETE FROM job", &[])?;
        db.set_alarm(None)?;
        return Ok(None);
    }
    db.exec("UPDATE job SET attempts = attempts + 1", &[])?;
    db.set_alarm(Some(now + BACKOFF_MAX_MS))?;
    Ok(Some(job))
}

/// The job has been done. It is begun again if it was asked for meanwhile.
pub(super) fn done<D: Database>(db: &D, now: u64, job: &Job) -> Result<(), Failure> {
    db.exec("DELETE FROM job WHERE version = ?1", &[job.version.into()])?;
    let more = !db.exec("SELECT 1 FROM job", &[])?.is_empty();
    db.set_alarm(more.then_some(now))
}

/// The job could not be done: it is tried again later, a few times.
pub(super) fn put_off<D: Database>(db: &D, now: u64, job: &Job) -> Result<(), Failure> {
    if job.attempts >= MAINTENANCE_ATTEMPTS_MAX {
        return done(db, now, job);
    }
    let wait_ms = BACKOFF_MIN_MS << job.attempts.min(MAINTENANCE_ATTEMPTS_MAX);
    db.set_alarm(Some(now + wait_ms.min(BACKOFF_MAX_MS)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::MemoryDatabase;

    #[test]
    fn a_job_that_kills_its_object_is_not_tried_for_ever() {
        let db = MemoryDatabase::default();
        note(&db, 0, "ns", "repo", false).unwrap();
        let mut n_tries = 0;
        while let Some(at) = db.take_alarm() {
            n_tries += u64::from(take(&db, at).unwrap().is_some());
        }
        assert_eq!(n_tries, 1 + MAINTENANCE_ATTEMPTS_MAX);
        note(&db, 0, "ns", "repo", false).unwrap();
        assert!(db.alarm().is_some() && take(&db, 0).unwrap().is_some());
    }

    #[test]
    fn what_is_asked_for_during_the_last_attempt_is_done() {
        let db = MemoryDatabase::default();
        note(&db, 0, "ns", "repo", false).unwrap();
        let job = take(&db, 0).unwrap().unwrap();
        note(&db, 5, "ns", "repo", true).unwrap();
        put_off(&db, 5, &Job { attempts: MAINTENANCE_ATTEMPTS_MAX, ..job }).unwrap();
        assert!(take(&db, 5).unwrap().unwrap().collects);
    }
}
