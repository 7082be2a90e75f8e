//! The rows of `repos`: the directory, and names that are kept for repos being made.

use super::call::{Refusal, Reservation};
use super::metadata::{self, Totals};
use crate::config::{REMOVED_KEPT_MS, REMOVED_PRUNED_MAX, RESERVATION_MS};
use crate::durable::{Database, Failure};
use crate::repo::call::{RepoInfo, Status};

/// Keeps a name, unless a repo has it or it is kept for another. A reservation that has lapsed is taken over.
pub(super) fn reserve<D: Database>(db: &D, now: u64, new: &Reservation) -> Result<Result<(), Refusal>, Failure> {
    let name_key = new.name.to_ascii_lowercase();
    let held = db.exec("SELECT repo_id, status, created_at FROM repos WHERE name_key = ?1", &[(&name_key).into()])?;
    if let Some(mut row) = held.into_iter().next() {
        let (repo_id, status, created_at) = (row.text()?, row.text()?, row.integer()?);
        match Status::parse(&status) {
            Some(status) if is_reservation(status) => {
                if repo_id != new.repo_id && is_kept(now, created_at) {
                    return Ok(Err(Refusal::InProgress(status)));
                }
            }
            // If that fails, the name is free again.
            Some(status @ Status::Importing) => return Ok(Err(Refusal::InProgress(status))),
            _ => return Ok(Err(Refusal::AlreadyExists)),
        }
    }
    put(
        db,
        now,
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
            status: new.status,
            size: 0,
            own_size: 0,
            shallow: false,
        },
    )?;
    Ok(Ok(()))
}

/// What is under way for which a name is kept.
pub(super) fn reserved_for<D: Database>(db: &D, now: u64, name: &str) -> Result<Option<Status>, Failure> {
    let name_key = name.to_ascii_lowercase();
    let rows = db.exec("SELECT status, created_at FROM repos WHERE name_key = ?1", &[(&name_key).into()])?;
    let Some(mut row) = rows.into_iter().next() else { return Ok(None) };
    let (status, created_at) = (row.text()?, row.integer()?);
    Ok(reservation(&status).filter(|_| is_kept(now, created_at)))
}

/// Whether a row of this status keeps a name, and there is no repo yet.
pub(super) fn is_reservation(status: Status) -> bool {
    matches!(status, Status::Creating | Status::Forking)
}

/// Enters how a repo stands. What an earlier incarnation says late, or one repo out of order, changes nothing.
pub(super) fn report<D: Database>(db: &D, now: u64, info: &RepoInfo) -> Result<(), Failure> {
    let statement = format!("SELECT {COLUMNS} FROM repos WHERE name_key = ?1");
    let held = db.exec(&statement, &[(&info.name.to_ascii_lowercase()).into()])?.into_iter().next();
    let Some(held) = held.map(|mut row| RepoInfo::of_row(&mut row)).transpose()? else { return put(db, now, info) };
    let is_newer = if held.repo_id == info.repo_id {
        held.updated_at > info.updated_at
    } else {
        held.created_at > info.created_at
    };
    // The same again is no news: a repo reports its creation once more by itself.
    if held == *info || !is_reservation(held.status) && is_newer {
        return Ok(());
    }
    put(db, now, info)
}

/// Takes an incarnation out of the directory, for good: what is told of it later changes nothing, but how much of what it has
/// brought others still hold, which goes on being counted.
pub(super) fn remove<D: Database>(db: &D, now: u64, repo_id: &str, held_size: u64) -> Result<(), Failure> {
    db.exec(
        "DELETE FROM removed WHERE repo_id IN (SELECT repo_id FROM removed WHERE held_size = 0 AND removed_at < ?1 LIMIT ?2)",
        &[now.saturating_sub(REMOVED_KEPT_MS).into(), REMOVED_PRUNED_MAX.into()],
    )?;
    let mut before = totals_of(db, "", repo_id)?;
    let rows = db.exec("SELECT held_size FROM removed WHERE repo_id = ?1", &[repo_id.into()])?;
    before.size += rows.into_iter().next().map_or(Ok(0), |mut row| row.integer())?;
    db.exec(
        "INSERT INTO removed (repo_id, removed_at, held_size) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET held_size = excluded.held_size",
        &[repo_id.into(), now.into(), held_size.into()],
    )?;
    db.exec("DELETE FROM repos WHERE repo_id = ?1", &[repo_id.into()])?;
    let after = Totals { repo_count: 0, size: held_size };
    if before == after { Ok(()) } else { metadata::changed(db, (now, now), before, after) }
}

/// Whether an incarnation has been taken out.
pub(super) fn is_removed<D: Database>(db: &D, repo_id: &str) -> Result<bool, Failure> {
    Ok(!db.exec("SELECT 1 FROM removed WHERE repo_id = ?1", &[repo_id.into()])?.is_empty())
}

/// Forgets reservations that have lapsed, with their tokens.
pub(super) fn clear_lapsed<D: Database>(db: &D, now: u64) -> Result<(), Failure> {
    let lapsed = [now.saturating_sub(RESERVATION_MS).into()];
    let of_lapsed = format!("WHERE {IS_RESERVATION} AND created_at <= ?1");
    db.exec(&format!("DELETE FROM token_map WHERE repo_id IN (SELECT repo_id FROM repos {of_lapsed})"), &lapsed)?;
    db.exec(&format!("DELETE FROM repos {of_lapsed}"), &lapsed).map(drop)
}

/// The status of some repo, of one that is there rather than of a reservation; `None` when there is neither.
pub(super) fn any_status<D: Database>(db: &D) -> Result<Option<Status>, Failure> {
    let rows = db.exec(&format!("SELECT status FROM repos ORDER BY {IS_RESERVATION} LIMIT 1"), &[])?;
    let status = rows.into_iter().next().map(|mut row| row.text()).transpose()?;
    Ok(status.as_deref().and_then(Status::parse))
}

/// What the repos are counted as that have this name or this id.
fn totals_of<D: Database>(db: &D, name_key: &str, repo_id: &str) -> Result<Totals, Failure> {
    let rows = db.exec(
        &format!(
            "SELECT COUNT(*), COALESCE(SUM(own_size), 0) FROM repos
             WHERE (name_key = ?1 OR repo_id = ?2) AND NOT {IS_RESERVATION}"
        ),
        &[name_key.into(), repo_id.into()],
    )?;
    let row = rows.into_iter().next();
    row.map_or(Ok(Totals::default()), |mut row| Ok(Totals { repo_count: row.integer()?, size: row.integer()? }))
}

/// The same as [`is_reservation`], of a row.
pub(super) const IS_RESERVATION: &str = "(status IN ('creating', 'forking'))";

/// The columns of a repo's row, in the order of the fields of [`RepoInfo`].
pub(super) const COLUMNS: &str =
    "repo_id, namespace, name, description, default_branch, read_only, created_at, updated_at,
    last_push_at, source, status, size, own_size, shallow";

fn reservation(word: &str) -> Option<Status> {
    Status::parse(word).filter(|&status| is_reservation(status))
}

fn is_kept(now: u64, reserved_at: u64) -> bool {
    now < reserved_at + RESERVATION_MS
}

/// Writes the row of a repo, in place of whatever had its name or its id.
fn put<D: Database>(db: &D, now: u64, info: &RepoInfo) -> Result<(), Failure> {
    let name_key = info.name.to_ascii_lowercase();
    let before = totals_of(db, &name_key, &info.repo_id)?;
    db.exec(
        "INSERT OR REPLACE INTO repos (name_key, repo_id, namespace, name, description, default_branch, read_only,
            created_at, updated_at, last_push_at, source, status, size, own_size, shallow)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        &[
            (&name_key).into(),
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
            info.own_size.into(),
            info.shallow.into(),
        ],
    )?;
    if is_reservation(info.status) {
        return Ok(());
    }
    metadata::changed(db, (now, info.updated_at), before, Totals { repo_count: 1, size: info.own_size })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{info, listing, lose, namespace, objects, pages, report, reserve};
    use super::*;
    use crate::durable::ready;
    use crate::names::NamespaceName;
    use crate::namespace::call::{Direction, Sort, TokenRepo};

    #[test]
    fn a_name_is_kept_for_whoever_came_first_until_the_reservation_lapses() {
        let objects = objects();
        assert_eq!(reserve(&objects, "Repo", "a"), Ok(false));
        assert_eq!(reserve(&objects, "Repo", "a"), Ok(false));
        assert_eq!(reserve(&objects, "repo", "b"), Err(Refusal::InProgress(Status::Creating)));
        assert_eq!(ready(namespace(&objects).reserved_for("REPO".into())), Ok(Some(Status::Creating)));
        objects.wait(RESERVATION_MS);
        assert_eq!(ready(namespace(&objects).reserved_for("repo".into())), Ok(None));
        assert_eq!(reserve(&objects, "repo", "b"), Ok(false));
        report(&objects, info("repo", "b", objects.now()));
        assert_eq!(reserve(&objects, "REPO", "c"), Err(Refusal::AlreadyExists));
    }

    #[test]
    fn the_namespace_remembers_that_the_account_knows_it() {
        let objects = objects();
        assert_eq!(reserve(&objects, "a", "a"), Ok(false));
        ready(namespace(&objects).heard(1)).unwrap();
        assert_eq!(reserve(&objects, "b", "b"), Ok(true));
    }

    #[test]
    fn a_repo_that_reports_is_there_whatever_the_directory_believed() {
        let objects = objects();
        report(&objects, info("repo", "a", objects.now()));
        assert_eq!(pages(&objects, listing(Sort::Name, Direction::Asc)), [["a"]]);
        lose(&objects, &NamespaceName::parse("ns").unwrap(), "a");
        reserve(&objects, "repo", "b").unwrap();
        report(&objects, info("repo", "a", objects.now()));
        assert_eq!(reserve(&objects, "repo", "c"), Err(Refusal::AlreadyExists));
    }

    #[test]
    fn repos_are_counted_with_what_they_have_brought_and_the_same_report_again_is_no_news() {
        let objects = objects();
        let stands = || ready(namespace(&objects).info()).unwrap().map(|info| (info.repo_count, info.size));
        reserve(&objects, "a", "a").unwrap();
        assert_eq!(stands(), Some((0, 0)));
        let a = RepoInfo { size: 50, own_size: 30, ..info("a", "a", objects.now()) };
        report(&objects, a.clone());
        report(&objects, RepoInfo { own_size: 7, ..info("b", "b", objects.now()) });
        assert_eq!(stands(), Some((2, 37)));
        let before = ready(namespace(&objects).info()).unwrap();
        objects.wait(1_000);
        report(&objects, a.clone());
        assert_eq!(ready(namespace(&objects).info()).unwrap(), before);
        report(&objects, RepoInfo { own_size: 40, updated_at: objects.now(), ..a });
        assert_eq!(stands(), Some((2, 47)));
        report(&objects, RepoInfo { own_size: 1, ..info("A", "c", objects.now()) });
        assert_eq!(stands(), Some((2, 8)));
        for repo_id in ["b", "c", "other"] {
            ready(namespace(&objects).remove(repo_id.into())).unwrap();
        }
        assert_eq!(stands(), Some((0, 0)));
    }

    #[test]
    fn what_others_hold_of_a_repo_that_is_gone_counts_until_they_let_go() {
        let objects = objects();
        report(&objects, RepoInfo { size: 50, own_size: 30, ..info("a", "a", objects.now()) });
        let stands = || ready(namespace(&objects).info()).unwrap().map(|info| (info.repo_count, info.size));
        for held_size in [0, 20, 20, 5] {
            ready(namespace(&objects).remove_with("a".into(), held_size)).unwrap();
            assert_eq!(stands(), Some((0, held_size)));
        }
        objects.wait(2 * REMOVED_KEPT_MS);
        ready(namespace(&objects).remove("other".into())).unwrap();
        ready(namespace(&objects).remove("a".into())).unwrap();
        assert_eq!(stands(), Some((0, 0)));
    }

    #[test]
    fn late_reports_change_nothing() {
        let objects = objects();
        let now = objects.now();
        report(&objects, RepoInfo { size: 2, updated_at: now + 2, ..info("repo", "b", now + 1) });
        report(&objects, RepoInfo { size: 1, ..info("repo", "b", now + 1) });
        report(&objects, info("repo", "a", now));
        let page = ready(namespace(&objects).list(listing(Sort::Name, Direction::Asc))).unwrap();
        assert_eq!((page.repos[0].repo_id.as_str(), page.repos[0].size), ("b", 2));
    }

    #[test]
    fn a_removal_takes_one_incarnation_and_its_tokens() {
        let objects = objects();
        reserve(&objects, "repo", "a").unwrap();
        ready(namespace(&objects).remove("a".into())).unwrap();
        assert_eq!(ready(namespace(&objects).find_token("token of a".into())), Ok(None));
        reserve(&objects, "repo", "b").unwrap();
        ready(namespace(&objects).remove("a".into())).unwrap();
        let found = ready(namespace(&objects).find_token("token of b".into()));
        assert_eq!(found, Ok(Some(TokenRepo { name: "repo".into(), repo_id: "b".into() })));
    }

    #[test]
    fn asking_a_namespace_that_nobody_used_stores_nothing() {
        let objects = objects();
        assert_eq!(pages(&objects, listing(Sort::Name, Direction::Asc)), [[""; 0]]);
        assert_eq!(ready(namespace(&objects).find_token("t".into())), Ok(None));
        assert_eq!(ready(namespace(&objects).reserved_for("repo".into())), Ok(None));
        ready(namespace(&objects).remove("a".into())).unwrap();
        assert_eq!(objects.namespace_database(&NamespaceName::parse("ns").unwrap()).n_tables(), 0);
    }
}
