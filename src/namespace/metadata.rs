//! The row of `namespace`: its name, its totals, and what the account is still to hear of them.

use super::call::{NamespaceInfo, Refusal};
use super::schema::SCHEMA;
use crate::account::call::NamespaceReport;
use crate::config::{BACKOFF_MIN_MS, NAMESPACE_REPORT_DELAY_MS};
use crate::durable::{Database, Failure, Row, backoff_ms};

/// Repos, and bytes that they have brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) repo_count: u64,
    pub(super) size: u64,
}

struct Namespace {
    report: NamespaceReport,
    is_registered: bool,
    born: u64,
    tell_at: Option<u64>,
    attempts: u64,
}

/// The namespace, if there is one. The tables are there.
pub(super) fn living<D: Database>(db: &D) -> Result<Option<NamespaceInfo>, Failure> {
    Ok(read(db)?.map(|row| row.report).filter(|report| !report.is_deleted).map(|report| report.info))
}

/// Makes the namespace that somebody asks for.
pub(super) fn create<D: Database>(
    db: &D,
    now: u64,
    namespace: &str,
) -> Result<Result<NamespaceReport, Refusal>, Failure> {
    if SCHEMA.exists(db)? && living(db)?.is_some() {
        return Ok(Err(Refusal::AlreadyExists));
    }
    ensure(db, now, namespace)?;
    read(db)?.map(|row| Ok(row.report)).ok_or_else(|| Failure::shape("the namespace that was just made", "none"))
}

/// Makes the namespace, and its tables, unless it is there.
pub(super) fn ensure<D: Database>(db: &D, now: u64, namespace: &str) -> Result<(), Failure> {
    SCHEMA.create(db)?;
    let tell_at = now + NAMESPACE_REPORT_DELAY_MS;
    let statement = match read(db)? {
        Some(row) if !row.report.is_deleted => return Ok(()),
        Some(_) => {
            "UPDATE namespace SET name = ?1, created_at = ?2, updated_at = ?2, registered = 0, is_deleted = 0,
                version = version + 1, born = version + 1, tell_at = ?3, attempts = 0"
        }
        None => "INSERT INTO namespace (name, created_at, updated_at, registered, tell_at) VALUES (?1, ?2, ?2, 0, ?3)",
    };
    db.exec(statement, &[namespace.into(), now.into(), tell_at.into()])?;
    db.set_alarm(Some(tell_at))
}

/// What the account has to hear before a repo is in the namespace: nothing, if it knows it.
pub(super) fn unregistered<D: Database>(db: &D) -> Result<Option<NamespaceReport>, Failure> {
    Ok(read(db)?.filter(|row| !row.is_registered).map(|row| row.report))
}

/// Repos have come, changed or gone, at `at`, which is heard of now.
pub(super) fn changed<D: Database>(
    db: &D,
    (now, at): (u64, u64),
    before: Totals,
    after: Totals,
) -> Result<(), Failure> {
    let is_silent = read(db)?.is_some_and(|row| row.tell_at.is_none());
    let tell_at = now + NAMESPACE_REPORT_DELAY_MS;
    db.exec(
        "UPDATE namespace SET repo_count = MAX(repo_count - ?1, 0) + ?2, size = MAX(size - ?3, 0) + ?4, updated_at = MAX(updated_at, ?5),
            version = version + 1, tell_at = COALESCE(tell_at, ?6)",
        &[
            before.repo_count.into(),
            after.repo_count.into(),
            before.size.into(),
            after.size.into(),
            at.into(),
            tell_at.into(),
        ],
    )?;
    if is_silent { db.set_alarm(Some(tell_at)) } else { Ok(()) }
}

/// Ends the namespace, which has no repos.
pub(super) fn delete<D: Database>(db: &D, now: u64) -> Result<NamespaceReport, Failure> {
    db.exec("UPDATE namespace SET is_deleted = 1", &[])?;
    changed(db, (now, now), Totals::default(), Totals::default())?;
    read(db)?.map(|row| row.report).ok_or_else(|| Failure::shape("the namespace that is deleted", "none"))
}

/// What the account is to hear now. Until it has, the alarm stands a little ahead, should the handler be killed.
pub(super) fn due<D: Database>(db: &D, now: u64) -> Result<Option<NamespaceReport>, Failure> {
    if !SCHEMA.exists(db)? {
        return Ok(None);
    }
    let due = read(db)?.filter(|row| row.tell_at.is_some()).map(|row| row.report);
    if due.is_some() {
        db.set_alarm(Some(now + BACKOFF_MIN_MS))?;
    }
    Ok(due)
}

/// The account has heard of that version. What has happened since is to be told too.
pub(super) fn heard<D: Database>(db: &D, now: u64, version: u64) -> Result<(), Failure> {
    let Some(row) = read(db)?.filter(|row| row.report.version >= version) else { return Ok(()) };
    let tell_at = (row.report.version > version).then_some(now + NAMESPACE_REPORT_DELAY_MS);
    let is_registered = row.is_registered || version >= row.born;
    db.exec(
        "UPDATE namespace SET registered = ?1, tell_at = ?2, attempts = 0",
        &[is_registered.into(), tell_at.into()],
    )?;
    db.set_alarm(tell_at)
}

/// The account could not be told.
pub(super) fn unheard<D: Database>(db: &D, now: u64) -> Result<(), Failure> {
    let Some(row) = read(db)? else { return Ok(()) };
    let tell_at = now + backoff_ms(row.attempts);
    db.exec("UPDATE namespace SET tell_at = ?1, attempts = attempts + 1", &[tell_at.into()])?;
    db.set_alarm(Some(tell_at))
}

impl NamespaceInfo {
    /// What a row tells whose first columns are those of a namespace, in the order of the fields.
    pub(crate) fn of_row(row: &mut Row) -> Result<Self, Failure> {
        Ok(Self {
            namespace: row.text()?,
            created_at: row.integer()?,
            updated_at: row.integer()?,
            repo_count: row.integer()?,
            size: row.integer()?,
        })
    }
}

fn read<D: Database>(db: &D) -> Result<Option<Namespace>, Failure> {
    let rows = db.exec(
        "SELECT name, created_at, updated_at, repo_count, size, version, is_deleted, registered, born, tell_at, attempts
         FROM namespace",
        &[],
    )?;
    let row = rows.into_iter().next();
    row.map(|mut row| {
        Ok(Namespace {
            report: NamespaceReport {
                info: NamespaceInfo::of_row(&mut row)?,
                version: row.integer()?,
                is_deleted: row.flag()?,
            },
            is_registered: row.flag()?,
            born: row.integer()?,
            tell_at: row.optional_integer()?,
            attempts: row.integer()?,
        })
    })
    .transpose()
}
