//! The rows of `refs`.

use sha2::{Digest, Sha256};

use super::call::RefRow;
use crate::config::{IDS_AT_ONCE_MAX, REF_OVERHEAD_LEN, REFS_AT_ONCE_MAX, REFS_PER_PAGE};
use crate::durable::{Database, Failure};

/// Every ref, sorted by name.
///
/// SQLite hands them over by the page, a line each: a row costs as much on its way into wasm as some fifty lines.
pub(super) fn all<D: Database>(db: &D, repo_id: &str) -> Result<Vec<RefRow>, Failure> {
    let pages = db.exec(
        "SELECT group_concat(name || ' ' || id || ' ' || COALESCE(peeled, ''), char(10) ORDER BY name) FROM
            (SELECT name, id, peeled, (ROW_NUMBER() OVER (ORDER BY name) - 1) / CAST(?2 AS INTEGER) AS page
             FROM refs WHERE repo_id = ?1)
         GROUP BY page ORDER BY page",
        &[repo_id.into(), REFS_PER_PAGE.into()],
    )?;
    let mut refs = Vec::new();
    for mut page in pages {
        for line in page.text()?.lines() {
            refs.push(ref_row(line).ok_or_else(|| Failure::shape("a ref", line))?);
        }
    }
    Ok(refs)
}

/// The refs that have one of these names, sorted by name.
pub(super) fn named<'n, D: Database>(
    db: &D,
    repo_id: &str,
    names: impl Iterator<Item = &'n String>,
) -> Result<Vec<RefRow>, Failure> {
    let names: Vec<_> = names.collect();
    let list = serde_json::to_string(&names).map_err(|error| Failure::shape("a list that is JSON", error))?;
    let rows = db.exec(
        "SELECT name, id, peeled FROM refs WHERE repo_id = ?1 AND name IN (SELECT value FROM json_each(?2)) ORDER BY name",
        &[repo_id.into(), (&list).into()],
    )?;
    rows.into_iter()
        .map(|mut row| Ok(RefRow { name: row.text()?, id: row.text()?, peeled: row.optional_text()? }))
        .collect()
}

/// No name of a ref has a space or a newline in it.
fn ref_row(line: &str) -> Option<RefRow> {
    let mut fields = line.split(' ');
    let (name, id, peeled) = (fields.next()?, fields.next()?, fields.next()?);
    let peeled = (!peeled.is_empty()).then(|| peeled.to_owned());
    Some(RefRow { name: name.to_owned(), id: id.to_owned(), peeled })
}

/// Whether a ref points at each of these objects.
pub(super) fn point_at_all<D: Database>(db: &D, repo_id: &str, ids: &[&String]) -> Result<bool, Failure> {
    for some in ids.chunks(IDS_AT_ONCE_MAX) {
        let list = serde_json::to_string(some).map_err(|error| Failure::shape("a list that is JSON", error))?;
        let missed = db.exec(
            "SELECT 1 FROM json_each(?2) WHERE value NOT IN (SELECT id FROM refs WHERE repo_id = ?1) LIMIT 1",
            &[repo_id.into(), (&list).into()],
        )?;
        if !missed.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Points a ref at an object, whether or not it was there.
pub(super) fn set<D: Database>(db: &D, repo_id: &str, row: &RefRow) -> Result<(), Failure> {
    db.exec(
        "INSERT INTO refs (repo_id, name, id, peeled) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (repo_id, name) DO UPDATE SET id = excluded.id, peeled = excluded.peeled",
        &[repo_id.into(), (&row.name).into(), (&row.id).into(), row.peeled.as_ref().into()],
    )?;
    Ok(())
}

/// Adds refs to a repo that has none of them.
pub(super) fn insert<D: Database>(db: &D, repo_id: &str, rows: &[RefRow]) -> Result<(), Failure> {
    for some in rows.chunks(REFS_AT_ONCE_MAX) {
        let list = serde_json::to_string(some).map_err(|error| Failure::shape("a list that is JSON", error))?;
        db.exec(
            "INSERT INTO refs (repo_id, name, id, peeled)
             SELECT ?1, value ->> 'name', value ->> 'id', value ->> 'peeled' FROM json_each(?2)",
            &[repo_id.into(), (&list).into()],
        )?;
    }
    Ok(())
}

/// Takes a ref away.
pub(super) fn delete<D: Database>(db: &D, repo_id: &str, name: &str) -> Result<(), Failure> {
    db.exec("DELETE FROM refs WHERE repo_id = ?1 AND name = ?2", &[repo_id.into(), name.into()])?;
    Ok(())
}

/// Takes every ref away.
pub(super) fn clear<D: Database>(db: &D, repo_id: &str) -> Result<(), Failure> {
    db.exec("DELETE FROM refs WHERE repo_id = ?1", &[repo_id.into()])?;
    Ok(())
}

/// What tells one state of the refs, of what they pointed at lately and of the commits at which the history ends from another.
pub(crate) fn digest(refs: &[RefRow], recent: &[String], shallow: &[String]) -> String {
    let mut sha256 = Sha256::new();
    for row in refs {
        for part in [&row.name, &row.id] {
            sha256.update(part);
            sha256.update([0]);
        }
    }
    for ids in [recent, shallow] {
        for id in ids {
            sha256.update(id);
            sha256.update([0]);
        }
        sha256.update([0]);
    }
    hex::encode(sha256.finalize())
}

/// What a ref of this name takes in a snapshot, in bytes.
pub(super) fn snapshot_len(name: &str) -> u64 {
    REF_OVERHEAD_LEN + name.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::settle;
    use crate::repo::fixture::Fixture;

    #[test]
    fn refs_come_by_the_page_in_the_order_of_their_names() {
        let fixture = Fixture::new();
        let n_refs = 2 * REFS_PER_PAGE + 1;
        let row = |n: u64| RefRow {
            name: format!("refs/heads/{n:05}"),
            id: format!("{n:040x}"),
            peeled: n.is_multiple_of(3).then(|| format!("{:040x}", n + 1)),
        };
        let db = &*fixture.db;
        settle(db, || (0..n_refs).rev().try_for_each(|n| set(db, "r1", &row(n)))).unwrap();
        assert_eq!(all(db, "r1"), Ok((0..n_refs).map(row).collect()));
        assert_eq!(all(db, "r2"), Ok(vec![]));
    }
}
