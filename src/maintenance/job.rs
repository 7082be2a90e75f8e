//! The one row of `job`: what this object is to do, until it is done.

use crate::config::{BACKOFF_MAX_MS, BACKOFF_MIN_MS, IMPORT_ATTEMPTS_MAX, IMPORT_WATCH_MS, MAINTENANCE_ATTEMPTS_MAX};
use crate::durable::{Database, Failure, Schema};
use crate::ops::import::Cause;
use crate::repo::Work;

const SCHEMA: Schema = Schema { tables: &TABLES, steps: &[&IMPORTS, &DUE] };

const TABLES: [&str; 1] = [
    // version tells whether it was asked for again while it was being done.
    "CREATE TABLE job (
        namespace TEXT NOT NULL, repo TEXT NOT NULL, collects INTEGER NOT NULL, attempts INTEGER NOT NULL,
        version INTEGER NOT NULL
    ) STRICT",
];

const IMPORTS: [&str; 1] = ["ALTER TABLE job ADD COLUMN imports INTEGER NOT NULL DEFAULT 0"];

const DUE: [&str; 2] = [
    // When the alarm was last set to go off.
    "ALTER TABLE job ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0",
    // How many of the attempts came to an end, with a failure of the platform; the others were killed.
    "ALTER TABLE job ADD COLUMN failures INTEGER NOT NULL DEFAULT 0",
];

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    pub(super) namespace: String,
    pub(super) repo: String,
    pub(super) work: Work,
    attempts: u64,
    failures: u64,
    version: u64,
}

/// Notes what is to be done, at once. An import that is said again begins nothing anew: it goes on by itself, by an alarm that is set
/// once more to when it should go off, since the platform gives up one whose handler fails too often.
pub(super) fn note<D: Database>(db: &D, now: u64, namespace: &str, repo: &str, work: Work) -> Result<(), Failure> {
    SCHEMA.create(db)?;
    let (collects, imports) = (work == Work::Collect, matches!(work, Work::Import | Work::ResumeImport));
    if work == Work::ResumeImport
        && let Some(mut row) = db.exec("SELECT due_at FROM job WHERE imports = 1", &[])?.into_iter().next()
    {
        return db.set_alarm(Some(row.integer()?.max(now)));
    }
    let noted = db.exec(
        "UPDATE job SET collects = MAX(collects, ?1), imports = MAX(imports, ?2), attempts = 0, failures = 0, version = version + 1
         RETURNING 1",
        &[collects.into(), imports.into()],
    )?;
    if noted.is_empty() {
        db.exec(
            "INSERT INTO job (namespace, repo, collects, imports, attempts, version) VALUES (?1, ?2, ?3, ?4, 0, 1)",
            &[namespace.into(), repo.into(), collects.into(), imports.into()],
        )?;
    }
    arm(db, now)
}

/// Sets the alarm, and notes for when.
fn arm<D: Database>(db: &D, at: u64) -> Result<(), Failure> {
    db.exec("UPDATE job SET due_at = ?1", &[at.into()])?;
    db.set_alarm(Some(at))
}

/// What is to be done now. It counts as tried from here on, and until it has been the alarm stands ahead: should it be
/// killed, another comes, a few times. An import is told that it has been tried too often.
pub(super) fn take<D: Database>(db: &D, now: u64) -> Result<Option<Job>, Failure> {
    if !SCHEMA.exists(db)? {
        return Ok(None);
    }
    let rows = db.exec("SELECT namespace, repo, collects, imports, attempts, failures, version FROM job", &[])?;
    let Some(mut row) = rows.into_iter().next() else { return Ok(None) };
    let (namespace, repo, collects, imports) = (row.text()?, row.text()?, row.flag()?, row.flag()?);
    let work = match (imports, collects) {
        (true, _) => Work::Import,
        (false, true) => Work::Collect,
        (false, false) => Work::Compact,
    };
    let (attempts, failures, version) = (row.integer()?, row.integer()?, row.integer()?);
    let job = Job { namespace, repo, work, attempts, failures, version };
    if job.attempts > MAINTENANCE_ATTEMPTS_MAX && work != Work::Import {
        db.exec("DELETE FROM job", &[])?;
        db.set_alarm(None)?;
        return Ok(None);
    }
    let ahead_ms = if work == Work::Import { IMPORT_WATCH_MS } else { BACKOFF_MAX_MS };
    db.exec("UPDATE job SET attempts = attempts + 1", &[])?;
    arm(db, now + ahead_ms)?;
    Ok(Some(job))
}

impl Job {
    /// Whether it has been begun too often without coming further.
    pub(super) fn is_spent(&self) -> bool {
        self.attempts >= IMPORT_ATTEMPTS_MAX
    }

    /// What ended most of the attempts.
    pub(super) fn cause(&self) -> Cause {
        if self.failures * 2 > self.attempts { Cause::Failed } else { Cause::Interrupted }
    }
}

/// The job has been done. It is begun again if it was asked for meanwhile.
pub(super) fn done<D: Database>(db: &D, now: u64, job: &Job) -> Result<(), Failure> {
    db.exec("DELETE FROM job WHERE version = ?1", &[job.version.into()])?;
    if db.exec("SELECT 1 FROM job", &[])?.is_empty() { db.set_alarm(None) } else { arm(db, now) }
}

/// A part of the job has been done, and the next one is begun at once.
pub(super) fn goes_on<D: Database>(db: &D, now: u64) -> Result<(), Failure> {
    db.exec("UPDATE job SET attempts = 0, failures = 0", &[])?;
    arm(db, now)
}

/// The platform failed: the job is put off.
pub(super) fn failed<D: Database>(db: &D, now: u64, job: &Job) -> Result<(), Failure> {
    db.exec("UPDATE job SET failures = failures + 1", &[])?;
    put_off(db, now, job)
}

/// The job could not be done: it is tried again later, a few times.
pub(super) fn put_off<D: Database>(db: &D, now: u64, job: &Job) -> Result<(), Failure> {
    if job.attempts >= MAINTENANCE_ATTEMPTS_MAX && job.work != Work::Import {
        return done(db, now, job);
    }
    let wait_ms = BACKOFF_MIN_MS << job.attempts.min(MAINTENANCE_ATTEMPTS_MAX);
    arm(db, now + wait_ms.min(BACKOFF_MAX_MS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::MemoryDatabase;

    #[test]
    fn a_job_that_kills_its_object_is_not_tried_for_ever() {
        let db = MemoryDatabase::default();
        note(&db, 0, "ns", "repo", Work::Compact).unwrap();
        let mut n_tries = 0;
        while let Some(at) = db.take_alarm() {
            n_tries += u64::from(take(&db, at).unwrap().is_some());
        }
        assert_eq!(n_tries, 1 + MAINTENANCE_ATTEMPTS_MAX);
        note(&db, 0, "ns", "repo", Work::Compact).unwrap();
        assert!(db.alarm().is_some() && take(&db, 0).unwrap().is_some());
    }

    #[test]
    fn what_is_asked_for_during_the_last_attempt_is_done() {
        let db = MemoryDatabase::default();
        note(&db, 0, "ns", "repo", Work::Compact).unwrap();
        let job = take(&db, 0).unwrap().unwrap();
        note(&db, 5, "ns", "repo", Work::Collect).unwrap();
        put_off(&db, 5, &Job { attempts: MAINTENANCE_ATTEMPTS_MAX, ..job }).unwrap();
        assert!(take(&db, 5).unwrap().unwrap().work == Work::Collect);
    }

    #[test]
    fn an_import_that_is_killed_goes_on_soon_and_hears_when_it_was_too_often() {
        let db = MemoryDatabase::default();
        note(&db, 0, "ns", "repo", Work::Import).unwrap();
        let mut n_tries = 0;
        loop {
            let at = db.take_alarm().unwrap();
            assert!(at <= n_tries * IMPORT_WATCH_MS);
            n_tries += 1;
            // Who asks again does not make it forget.
            note(&db, at, "ns", "repo", Work::ResumeImport).unwrap();
            if take(&db, at).unwrap().unwrap().is_spent() {
                break;
            }
        }
        assert_eq!(n_tries, 1 + IMPORT_ATTEMPTS_MAX);
        goes_on(&db, 7).unwrap();
        assert!(db.alarm() == Some(7) && !take(&db, 7).unwrap().unwrap().is_spent());
    }

    #[test]
    fn an_import_into_a_name_whose_last_one_has_not_ended_is_not_forgotten_with_that() {
        let db = MemoryDatabase::default();
        note(&db, 0, "ns", "repo", Work::Import).unwrap();
        let old = take(&db, 0).unwrap().unwrap();
        note(&db, 5, "ns", "repo", Work::Import).unwrap();
        done(&db, 7, &old).unwrap();
        assert_eq!(db.take_alarm(), Some(7));
        let new = take(&db, 7).unwrap().unwrap();
        put_off(&db, 8, &new).unwrap();
        // Nor does it wait for as long as the last one would have.
        note(&db, 9, "ns", "repo", Work::Import).unwrap();
        assert_eq!(db.alarm(), Some(9));
        assert_eq!(take(&db, 9).unwrap().unwrap().attempts, 0);
    }

    #[test]
    fn an_import_whose_alarm_was_lost_is_woken_by_who_asks_again_and_one_that_waits_is_not_hurried() {
        let db = MemoryDatabase::default();
        note(&db, 0, "ns", "repo", Work::Import).unwrap();
        db.take_alarm().unwrap();
        note(&db, 9, "ns", "repo", Work::ResumeImport).unwrap();
        assert_eq!(db.take_alarm(), Some(9));
        let job = take(&db, 9).unwrap().unwrap();
        put_off(&db, 10, &job).unwrap();
        assert_eq!(db.take_alarm(), Some(10 + BACKOFF_MIN_MS));
        note(&db, 11, "ns", "repo", Work::ResumeImport).unwrap();
        assert_eq!(db.alarm(), Some(10 + BACKOFF_MIN_MS));
        let job = take(&db, 10 + BACKOFF_MIN_MS).unwrap().unwrap();
        assert_eq!(job.attempts, 1);
    }
}
