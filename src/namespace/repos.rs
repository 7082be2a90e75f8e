//! The rows of `repos`: the directory, and names that are kept for repos being made.

use super::call::{Direction, Listing, Position, Refusal, RepoPage, Reservation, Sort, SortKey};
use crate::config::RESERVATION_MS;
use crate::durable::{Database, Failure, Row, Value};
use crate::repo::call::{RepoInfo, Status};

/// Keeps a name, unless a repo has it or it is kept for another. A reservation that has lapsed is taken over.
pub(super) fn reserve<D: Database>(db: &D, now: u64, new: &Reservation) -> Result<Result<(), Refusal>, Failure> {
    let name_key = new.name.to_ascii_lowercase();
    let held = db.exec("SELECT repo_id, status, created_at FROM repos WHERE name_key = ?1", &[(&name_key).into()])?;
    if let Some(mut row) = held.into_iter().next() {
        let (repo_id, status, created_at) = (row.text()?, row.text()?, row.integer()?);
        if status != CREATING {
            return Ok(Err(Refusal::AlreadyExists));
        }
        if repo_id != new.repo_id && is_kept(now, created_at) {
            return Ok(Err(Refusal::CreateInProgress));
        }
    }
    put(
        db,
        &RepoInfo {
            repo_id: new.repo_id.clone(),
            namespace: new.namespace.clone(),
            name: new.name.clone(),
            description: new.description.clone(),
            default_branch: new.default_branch.clone(),
            read_only: new.read_only,
            created_at: now,
            updated_at: now,
            last_push_at: None,
            source: None,
            status: Status::Creating,
            size: 0,
            shallow: false,
        },
    )?;
    Ok(Ok(()))
}

/// Whether a name is kept for a repo that is being made.
pub(super) fn is_reserved<D: Database>(db: &D, now: u64, name: &str) -> Result<bool, Failure> {
    let rows = db.exec(
        "SELECT created_at FROM repos WHERE name_key = ?1 AND status = ?2",
        &[(&name.to_ascii_lowercase()).into(), CREATING.into()],
    )?;
    rows.into_iter().next().map_or(Ok(false), |mut row| Ok(is_kept(now, row.integer()?)))
}

/// Enters how a repo stands. What an earlier incarnation says late, or one repo out of order, changes nothing.
pub(super) fn report<D: Database>(db: &D, info: &RepoInfo) -> Result<(), Failure> {
    let held = db.exec(
        "SELECT repo_id, status, created_at, updated_at FROM repos WHERE name_key = ?1",
        &[(&info.name.to_ascii_lowercase()).into()],
    )?;
    if let Some(mut row) = held.into_iter().next() {
        let (repo_id, status, created_at, updated_at) = (row.text()?, row.text()?, row.integer()?, row.integer()?);
        let newer = if repo_id == info.repo_id { updated_at > info.updated_at } else { created_at > info.created_at };
        if status != CREATING && newer {
            return Ok(());
        }
    }
    put(db, info)
}

/// Takes an incarnation out of the directory.
pub(super) fn remove<D: Database>(db: &D, repo_id: &str) -> Result<(), Failure> {
    db.exec("DELETE FROM repos WHERE repo_id = ?1", &[repo_id.into()])?;
    Ok(())
}

/// One page of repos. Reservations are listed while they are kept.
pub(super) fn list<D: Database>(db: &D, now: u64, listing: &Listing) -> Result<RepoPage, Failure> {
    let key = sort_column(listing.sort);
    let (order, beyond) = match listing.direction {
        Direction::Asc => ("ASC", ">"),
        Direction::Desc => ("DESC", "<"),
    };
    let mut filters = vec!["(status <> 'creating' OR created_at > ?1)".to_owned()];
    let mut values = vec![Value::Integer(now.saturating_sub(RESERVATION_MS)), Value::Integer(listing.limit + 1)];
    let search = listing.search.as_ref().map(|part| part.to_ascii_lowercase());
    if let Some(part) = &search {
        values.push(part.into());
        filters.push(format!("instr(name_key, ?{}) > 0", values.len()));
    }
    if let Some(after) = &listing.after {
        values.push(match &after.key {
            SortKey::Time(time) => (*time).into(),
            SortKey::Name(name) => name.into(),
        });
        values.push((&after.repo_id).into());
        filters.push(format!("({key}, repo_id) {beyond} (?{}, ?{})", values.len() - 1, values.len()));
    }
    let statement = format!(
        "SELECT {COLUMNS} FROM repos WHERE {} ORDER BY {key} {order}, repo_id {order} LIMIT ?2",
        filters.join(" AND ")
    );
    let mut repos = db.exec(&statement, &values)?.into_iter().map(repo).collect::<Result<Vec<_>, _>>()?;
    let has_more = repos.len() as u64 > listing.limit;
    if has_more {
        repos.pop();
    }
    let next = repos.last().filter(|_| has_more).map(|last| position(listing.sort, last));
    Ok(RepoPage { repos, next })
}

const CREATING: &str = "creating";

const COLUMNS: &str = "repo_id, namespace, name, description, default_branch, read_only, created_at, updated_at,
    last_push_at, source, status, size, shallow";

fn is_kept(now: u64, reserved_at: u64) -> bool {
    now < reserved_at + RESERVATION_MS
}

fn sort_column(sort: Sort) -> &'static str {
    match sort {
        Sort::CreatedAt => "created_at",
        Sort::UpdatedAt => "updated_at",
        Sort::LastPushAt => "COALESCE(last_push_at, 0)",
        Sort::Name => "name_key",
    }
}

fn position(sort: Sort, repo: &RepoInfo) -> Position {
    let key = match sort {
        Sort::CreatedAt => SortKey::Time(repo.created_at),
        Sort::UpdatedAt => SortKey::Time(repo.updated_at),
        Sort::LastPushAt => SortKey::Time(repo.last_push_at.unwrap_or(0)),
        Sort::Name => SortKey::Name(repo.name.to_ascii_lowercase()),
    };
    Position { key, repo_id: repo.repo_id.clone() }
}

/// Writes the row of a repo, in place of whatever had its name or its id.
fn put<D: Database>(db: &D, info: &RepoInfo) -> Result<(), Failure> {
    db.exec(
        "INSERT OR REPLACE INTO repos (name_key, repo_id, namespace, name, description, default_branch, read_only,
            created_at, updated_at, last_push_at, source, status, size, shallow)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        &[
            (&info.name.to_ascii_lowercase()).into(),
            (&info.repo_id).into(),
            (&info.namespace).into(),
            (&info.name).into(),
            info.description.as_ref().into(),
            (&info.default_branch).into(),
            info.read_only.into(),
            info.created_at.into(),
            info.updated_at.into(),
            info.last_push_at.into(),
            info.source.as_ref().into(),
            info.status.as_str().into(),
            info.size.into(),
            info.shallow.into(),
        ],
    )?;
    Ok(())
}

fn repo(mut row: Row) -> Result<RepoInfo, Failure> {
    Ok(RepoInfo {
        repo_id: row.text()?,
        namespace: row.text()?,
        name: row.text()?,
        description: row.optional_text()?,
        default_branch: row.text()?,
        read_only: row.flag()?,
        created_at: row.integer()?,
        updated_at: row.integer()?,
        last_push_at: row.optional_integer()?,
        source: row.optional_text()?,
        status: parse_status(&row.text()?)?,
        size: row.integer()?,
        shallow: row.flag()?,
    })
}

fn parse_status(text: &str) -> Result<Status, Failure> {
    Status::parse(text).ok_or_else(|| Failure::shape("a repo's status", text))
}
