//! Lists of repos, by pages: in one of four orders, all of them or those with a part of a name.

use super::call::{Direction, Listing, Position, RepoPage, Sort, SortKey};
use super::metadata;
use super::repos::{COLUMNS, IS_RESERVATION};
use crate::config::RESERVATION_MS;
use crate::durable::{Database, Failure, Value};
use crate::repo::call::RepoInfo;

/// One page of repos. Reservations are listed while they are kept.
pub(super) fn list<D: Database>(db: &D, now: u64, listing: &Listing) -> Result<RepoPage, Failure> {
    // The sign keeps a search off the index of its order: of each row in that the name would have to be looked up.
    let sign = if listing.search.is_some() { "+" } else { "" };
    let key = format!("{sign}{}", sort_column(listing.sort));
    let (order, beyond) = match listing.direction {
        Direction::Asc => ("ASC", ">"),
        Direction::Desc => ("DESC", "<"),
    };
    let mut filters = vec![format!("(NOT {IS_RESERVATION} OR created_at > ?1)")];
    let (limit, offset) = (listing.limit + 1, listing.offset.unwrap_or(0));
    let mut values: Vec<Value<'_>> = vec![now.saturating_sub(RESERVATION_MS).into(), limit.into(), offset.into()];
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
        "SELECT {COLUMNS} FROM repos WHERE {} ORDER BY {key} {order}, repo_id {order} LIMIT ?2 OFFSET ?3",
        filters.join(" AND ")
    );
    let mut rows = db.exec(&statement, &values)?;
    let mut repos = rows.iter_mut().map(RepoInfo::of_row).collect::<Result<Vec<_>, _>>()?;
    let has_more = repos.len() as u64 > listing.limit;
    if has_more {
        repos.pop();
    }
    let next = repos.last().filter(|_| has_more).map(|last| position(listing.sort, last));
    let total_count = listing.offset.map(|_| count(db, search.as_deref())).transpose()?;
    Ok(RepoPage { repos, next, total_count })
}

/// How many repos there are, or those with that part of a name. Reservations are not counted.
fn count<D: Database>(db: &D, search: Option<&str>) -> Result<u64, Failure> {
    let Some(part) = search else { return Ok(metadata::living(db)?.map_or(0, |info| info.repo_count)) };
    let statement = format!("SELECT COUNT(*) FROM repos WHERE NOT {IS_RESERVATION} AND instr(name_key, ?1) > 0");
    let rows = db.exec(&statement, &[part.into()])?;
    rows.into_iter().next().map_or(Ok(0), |mut row| row.integer())
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

#[cfg(test)]
mod tests {
    use super::super::fixture::{info, listing, namespace, objects, pages, report, reserve};
    use super::*;
    use crate::durable::ready;

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
    fn who_counts_pages_is_told_how_many_repos_there_are() {
        let objects = objects();
        for n in 1..=5 {
            report(&objects, info(&format!("r{n}"), &n.to_string(), n * 10));
        }
        let page = |offset, search: Option<&str>| {
            let search = search.map(str::to_owned);
            let listing = Listing { offset: Some(offset), search, ..listing(Sort::Name, Direction::Asc) };
            let page = ready(namespace(&objects).list(listing)).unwrap();
            (page.repos.into_iter().map(|repo| repo.name).collect::<Vec<_>>().join(" "), page.total_count)
        };
        assert_eq!(page(0, None), ("r1 r2".into(), Some(5)));
        assert_eq!(page(4, None), ("r5".into(), Some(5)));
        assert_eq!(page(6, None), (String::new(), Some(5)));
        reserve(&objects, "r6", "6").unwrap();
        assert_eq!((page(4, None), page(0, Some("r6"))), (("r5 r6".into(), Some(5)), ("r6".into(), Some(0))));
        assert_eq!(page(0, Some("R3")), ("r3".into(), Some(1)));
    }
}
