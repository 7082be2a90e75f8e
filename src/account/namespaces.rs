//! The rows of `namespaces`: the directory, and what is stored in all of them together.

use super::call::{NamespaceListing, NamespacePage, NamespaceReport};
use crate::durable::{Database, Failure};
use crate::namespace::call::NamespaceInfo;

/// Enters how a namespace stands, unless that is older than what is known.
pub(super) fn report<D: Database>(db: &D, report: &NamespaceReport) -> Result<(), Failure> {
    let NamespaceReport { version, info, is_deleted } = report;
    let key = info.namespace.to_ascii_lowercase();
    let held = db.exec("SELECT version, size FROM namespaces WHERE name_key = ?1", &[(&key).into()])?;
    let (held_version, held_size) = match held.into_iter().next() {
        Some(mut row) => (row.integer()?, row.integer()?),
        None => (0, 0),
    };
    if held_version >= *version {
        return Ok(());
    }
    db.exec(
        "INSERT OR REPLACE INTO namespaces
            (name_key, name, created_at, version, updated_at, repo_count, size, is_deleted)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        &[
            (&key).into(),
            (&info.namespace).into(),
            info.created_at.into(),
            (*version).into(),
            info.updated_at.into(),
            info.repo_count.into(),
            info.size.into(),
            (*is_deleted).into(),
        ],
    )?;
    let total = (total_size(db)? + info.size).saturating_sub(held_size);
    db.exec("DELETE FROM totals", &[])?;
    db.exec("INSERT INTO totals (size) VALUES (?1)", &[total.into()]).map(drop)
}

/// One page, in the order of names without regard to case.
pub(super) fn list<D: Database>(db: &D, listing: &NamespaceListing) -> Result<NamespacePage, Failure> {
    let only = listing.only.as_ref().map(serde_json::to_string).transpose();
    let only = only.map_err(|error| Failure::shape("a list that is JSON", error))?;
    let (limit, offset) = (listing.limit + 1, listing.offset.unwrap_or(0));
    let mut rows = db.exec(
        &format!(
            "SELECT name, created_at, updated_at, repo_count, size FROM namespaces WHERE {VISIBLE} AND name_key > ?2
             ORDER BY name_key LIMIT ?3 OFFSET ?4"
        ),
        &[only.as_deref().into(), listing.after.as_deref().unwrap_or("").into(), limit.into(), offset.into()],
    )?;
    let mut namespaces = rows.iter_mut().map(NamespaceInfo::of_row).collect::<Result<Vec<_>, _>>()?;
    let has_more = namespaces.len() as u64 > listing.limit;
    if has_more {
        namespaces.pop();
    }
    let next = namespaces.last().filter(|_| has_more).map(|last| last.namespace.to_ascii_lowercase());
    let total_count = listing.offset.map(|_| count(db, only.as_deref())).transpose()?;
    Ok(NamespacePage { namespaces, next, total_count })
}

/// Which rows whoever may see the keys in `?1`, or all of them, is shown.
const VISIBLE: &str = "is_deleted = 0 AND (?1 IS NULL OR name_key IN (SELECT value FROM json_each(?1)))";

fn count<D: Database>(db: &D, only: Option<&str>) -> Result<u64, Failure> {
    let rows = db.exec(&format!("SELECT COUNT(*) FROM namespaces WHERE {VISIBLE}"), &[only.into()])?;
    rows.into_iter().next().map_or(Ok(0), |mut row| row.integer())
}

/// Bytes in all namespaces.
pub(super) fn total_size<D: Database>(db: &D) -> Result<u64, Failure> {
    let rows = db.exec("SELECT size FROM totals", &[])?;
    rows.into_iter().next().map_or(Ok(0), |mut row| row.integer())
}

#[cfg(test)]
mod tests {
    use super::super::schema::SCHEMA;
    use super::*;
    use crate::durable::{MemoryDatabase, Schema};

    fn database() -> MemoryDatabase {
        let db = MemoryDatabase::default();
        SCHEMA.create(&db).unwrap();
        db
    }

    fn heard(db: &MemoryDatabase, namespace: &str, version: u64, size: u64, is_deleted: bool) {
        let info =
            NamespaceInfo { namespace: namespace.into(), created_at: 1, updated_at: version, repo_count: 2, size };
        report(db, &NamespaceReport { version, info, is_deleted }).unwrap();
    }

    fn listed(db: &MemoryDatabase, limit: u64, only: Option<&[&str]>) -> Vec<Vec<String>> {
        let only = only.map(|keys| keys.iter().map(ToString::to_string).collect());
        let mut listing = NamespaceListing { limit, after: None, offset: None, only };
        let mut pages = Vec::new();
        loop {
            let page = list(db, &listing).unwrap();
            pages.push(page.namespaces.into_iter().map(|info| info.namespace).collect());
            match page.next {
                Some(next) => listing.after = Some(next),
                None => return pages,
            }
        }
    }

    #[test]
    fn namespaces_are_listed_by_name_page_by_page() {
        let db = database();
        for name in ["b", "A", "c"] {
            heard(&db, name, 1, 10, false);
        }
        assert_eq!(listed(&db, 2, None), [vec!["A", "b"], vec!["c"]]);
        assert_eq!(listed(&db, 3, None), [["A", "b", "c"]]);
        assert_eq!(listed(&db, 1, Some(&["c", "a", "z"])), [["A"], ["c"]]);
        assert_eq!(listed(&db, 1, Some(&[])), [[""; 0]]);
        let only = Some(vec!["a".to_owned(), "c".to_owned()]);
        let page = list(&db, &NamespaceListing { limit: 1, after: None, offset: Some(1), only }).unwrap();
        assert_eq!((page.namespaces[0].namespace.as_str(), page.total_count), ("c", Some(2)));
    }

    #[test]
    fn older_news_changes_nothing_and_a_name_comes_again() {
        let db = database();
        heard(&db, "a", 2, 10, false);
        heard(&db, "a", 1, 99, false);
        assert_eq!(total_size(&db), Ok(10));
        heard(&db, "a", 3, 0, true);
        heard(&db, "a", 2, 10, false);
        assert_eq!((listed(&db, 9, None), total_size(&db)), (vec![vec![]], Ok(0)));
        heard(&db, "A", 4, 5, false);
        assert_eq!((listed(&db, 9, None), total_size(&db)), (vec![vec!["A".to_owned()]], Ok(5)));
    }

    #[test]
    fn what_is_stored_is_the_sum() {
        let db = database();
        heard(&db, "a", 1, 10, false);
        heard(&db, "b", 1, 20, false);
        heard(&db, "a", 2, 4, false);
        assert_eq!(total_size(&db), Ok(24));
    }

    #[test]
    fn an_account_of_the_first_format_is_brought_up_to_this_one() {
        let db = MemoryDatabase::default();
        Schema { steps: &[], ..SCHEMA }.create(&db).unwrap();
        db.exec("INSERT INTO namespaces VALUES ('old', 'Old', 7)", &[]).unwrap();
        assert_eq!(SCHEMA.exists(&db), Ok(true));
        assert_eq!(listed(&db, 9, None), [["Old"]]);
        heard(&db, "Old", 1, 3, false);
        assert_eq!((listed(&db, 9, None), total_size(&db)), (vec![vec!["Old".to_owned()]], Ok(3)));
    }
}
