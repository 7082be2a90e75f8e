//! The rows of `repos`: the directory, and names that are kept for repos being made.

use super::call::{Direction, Listing, Position, Refusal, RepoPage, Reservation, Sort, SortKey};
use super::metadata::{self, Totals};
use crate::config::RESERVATION_MS;
use crate::durable::{Database, Failure, Value};
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
            status: Status::Creating,
            size: 0,
            own_size: 0,
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
pub(super) fn report<D: Database>(db: &D, now: u64, info: &RepoInfo) -> Result<(), Failure> {
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
    put(db, now, info)
}

/// Takes an incarnation out of the directory.
pub(super) fn remove<D: Database>(db: &D, now: u64, repo_id: &str) -> Result<(), Failure> {
    let before = totals_of(db, "", repo_id)?;
    db.exec("DELETE FROM repos WHERE repo_id = ?1", &[repo_id.into()])?;
    if before == Totals::default() { Ok(()) } else { metadata::changed(db, now, before, Totals::default()) }
}

/// Forgets reservations that have lapsed, and returns whether nothing else is there.
pub(super) fn clear_lapsed<D: Database>(db: &D, now: u64) -> Result<bool, Failure> {
    let lapsed = now.saturating_sub(RESERVATION_MS);
    db.exec("DELETE FROM repos WHERE status = 'creating' AND created_at <= ?1", &[lapsed.into()])?;
    Ok(db.exec("SELECT 1 FROM repos LIMIT 1", &[])?.is_empty())
}

/// What the repos are counted as that have this name or this id.
fn totals_of<D: Database>(db: &D, name_key: &str, repo_id: &str) -> Result<Totals, Failure> {
    let rows = db.exec(
        "SELECT COUNT(*), COALESCE(SUM(own_size), 0) FROM repos
         WHERE (name_key = ?1 OR repo_id = ?2) AND status <> 'creating'",
        &[name_key.into(), repo_id.into()],
    )?;
    let row = rows.into_iter().next();
    row.map_or(Ok(Totals::default()), |mut row| Ok(Totals { repo_count: row.integer()?, size: row.integer()? }))
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
    let mut rows = db.exec(&statement, &values)?;
    let mut repos = rows.iter_mut().map(RepoInfo::of_row).collect::<Result<Vec<_>, _>>()?;
    let has_more = repos.len() as u64 > listing.limit;
    if has_more {
        repos.pop();
    }
    let next = repos.last().filter(|_| has_more).map(|last| position(listing.sort, last));
    Ok(RepoPage { repos, next })
}

const CREATING: &str = "creating";

const COLUMNS: &str = "repo_id, namespace, name, description, default_branch, read_only, created_at, updated_at,
    last_push_at, source, status, size, own_size, shallow";

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
    if info.status == Status::Creating {
        return Ok(());
    }
    metadata::changed(db, now, before, Totals { repo_count: 1, size: info.own_size })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::{MemoryWire, ready};
    use crate::names::NamespaceName;
    use crate::namespace::NamespaceClient;
    use crate::namespace::call::{MappedToken, TokenRepo};
    use crate::objects::{MemoryObjects, Objects};

    fn namespace(objects: &MemoryObjects) -> NamespaceClient<MemoryWire> {
        objects.namespace(&NamespaceName::parse("ns").unwrap()).unwrap()
    }

    fn objects() -> MemoryObjects {
        let objects = MemoryObjects::default();
        objects.wait(1_760_000_000_000);
        objects
    }

    fn reservation(name: &str, repo_id: &str) -> Reservation {
        let repo = TokenRepo { name: name.into(), repo_id: repo_id.into() };
        Reservation {
            namespace: "ns".into(),
            name: name.into(),
            repo_id: repo_id.into(),
            description: None,
            default_branch: "main".into(),
            read_only: false,
            token: MappedToken { token_id: format!("token of {repo_id}"), repo, expires_at: u64::MAX >> 16 },
        }
    }

    fn info(name: &str, repo_id: &str, created_at: u64) -> RepoInfo {
        RepoInfo {
            repo_id: repo_id.into(),
            namespace: "ns".into(),
            name: name.into(),
            description: None,
            default_branch: "main".into(),
            read_only: false,
            created_at,
            updated_at: created_at,
            last_push_at: None,
            source: None,
            status: Status::Ready,
            size: 0,
            own_size: 0,
            shallow: false,
        }
    }

    /// Keeps a name; whether the account knows the namespace.
    fn reserve(objects: &MemoryObjects, name: &str, repo_id: &str) -> Result<bool, Refusal> {
        let reserved = ready(namespace(objects).reserve(reservation(name, repo_id))).unwrap();
        reserved.map(|unregistered| unregistered.is_none())
    }

    fn report(objects: &MemoryObjects, info: RepoInfo) {
        ready(namespace(objects).report(info)).unwrap();
    }

    fn listing(sort: Sort, direction: Direction) -> Listing {
        Listing { sort, direction, limit: 2, after: None, search: None }
    }

    /// The ids on every page of a list, following the cursors.
    fn pages(objects: &MemoryObjects, mut listing: Listing) -> Vec<Vec<String>> {
        let mut pages = Vec::new();
        loop {
            let page = ready(namespace(objects).list(listing.clone())).unwrap();
            pages.push(page.repos.into_iter().map(|repo| repo.repo_id).collect());
            match page.next {
                Some(next) => listing.after = Some(next),
                None => return pages,
            }
        }
    }

    #[test]
    fn a_name_is_kept_for_whoever_came_first_until_the_reservation_lapses() {
        let objects = objects();
        assert_eq!(reserve(&objects, "Repo", "a"), Ok(false));
        assert_eq!(reserve(&objects, "Repo", "a"), Ok(false));
        assert_eq!(reserve(&objects, "repo", "b"), Err(Refusal::CreateInProgress));
        assert_eq!(ready(namespace(&objects).is_reserved("REPO".into())), Ok(true));
        objects.wait(RESERVATION_MS);
        assert_eq!(ready(namespace(&objects).is_reserved("repo".into())), Ok(false));
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
        ready(namespace(&objects).remove("a".into())).unwrap();
        reserve(&objects, "repo", "b").unwrap();
        report(&objects, info("repo", "a", objects.now()));
        assert_eq!(reserve(&objects, "repo", "c"), Err(Refusal::AlreadyExists));
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
    fn every_order_has_pages_that_join() {
        let objects = objects();
        for (name, repo_id, created_at, last_push_at) in
            [("c", "1", 10, None), ("A", "2", 20, Some(50)), ("b", "3", 20, Some(40)), ("d", "4", 30, None)]
        {
            report(&objects, RepoInfo { last_push_at, ..info(name, repo_id, created_at) });
        }
        let orders = [
            (Sort::CreatedAt, Direction::Desc, ["4", "3", "2", "1"]),
            (Sort::CreatedAt, Direction::Asc, ["1", "2", "3", "4"]),
            (Sort::Name, Direction::Asc, ["2", "3", "1", "4"]),
            (Sort::LastPushAt, Direction::Desc, ["2", "3", "4", "1"]),
            (Sort::UpdatedAt, Direction::Desc, ["4", "3", "2", "1"]),
        ];
        for (sort, direction, ids) in orders {
            let wanted: Vec<Vec<String>> =
                ids.chunks(2).map(|ids| ids.iter().map(ToString::to_string).collect()).collect();
            assert_eq!(pages(&objects, listing(sort, direction)), wanted, "{sort:?} {direction:?}");
        }
    }

    #[test]
    fn a_cursor_holds_its_place_when_repos_come_and_go() {
        let objects = objects();
        for n in 1..=4 {
            report(&objects, info(&format!("r{n}"), &n.to_string(), n * 10));
        }
        let mut rest = listing(Sort::CreatedAt, Direction::Desc);
        rest.after = ready(namespace(&objects).list(rest.clone())).unwrap().next;
        ready(namespace(&objects).remove("3".into())).unwrap();
        report(&objects, info("r5", "5", 50));
        assert_eq!(pages(&objects, rest), [["2", "1"]]);
    }

    #[test]
    fn a_search_finds_part_of_a_name_without_regard_to_case() {
        let objects = objects();
        for name in ["Starter", "restart", "other"] {
            report(&objects, info(name, name, 1));
        }
        let search = Listing { search: Some("START".into()), ..listing(Sort::Name, Direction::Asc) };
        assert_eq!(pages(&objects, search), [["restart", "Starter"]]);
        let none = Listing { search: Some("%".into()), ..listing(Sort::Name, Direction::Asc) };
        assert_eq!(pages(&objects, none), [[""; 0]]);
    }

    #[test]
    fn a_reservation_is_listed_while_it_is_kept() {
        let objects = objects();
        reserve(&objects, "repo", "a").unwrap();
        assert_eq!(pages(&objects, listing(Sort::Name, Direction::Asc)), [["a"]]);
        objects.wait(RESERVATION_MS);
        assert_eq!(pages(&objects, listing(Sort::Name, Direction::Asc)), [[""; 0]]);
    }

    #[test]
    fn asking_a_namespace_that_nobody_used_stores_nothing() {
        let objects = objects();
        assert_eq!(pages(&objects, listing(Sort::Name, Direction::Asc)), [[""; 0]]);
        assert_eq!(ready(namespace(&objects).find_token("t".into())), Ok(None));
        assert_eq!(ready(namespace(&objects).is_reserved("repo".into())), Ok(false));
        ready(namespace(&objects).remove("a".into())).unwrap();
        assert_eq!(objects.namespace_database(&NamespaceName::parse("ns").unwrap()).n_tables(), 0);
    }
}
