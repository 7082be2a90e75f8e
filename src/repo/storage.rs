//! [`Call::Storage`](super::call::Call::Storage): what the rows of all incarnations say of objects in R2.

use super::call::{HolderKey, RepoAddress, RepoStorage, StorageHolder, StoredPack, StoredUpload};
use super::schema::SCHEMA;
use crate::config::HOLDERS_PER_PAGE;
use crate::durable::{Database, Failure, Row};

/// A page of the holders, and with the first one packs and uploads; nothing if there never was a repo of this name.
pub(super) fn page<D: Database>(db: &D, after: Option<&HolderKey>) -> Result<RepoStorage, Failure> {
    if !SCHEMA.exists(db)? {
        return Ok(RepoStorage::default());
    }
    let holders = holders(db, after)?;
    let key = |last: &StorageHolder| (last.owner_repo_id.clone(), last.upload_id.clone(), last.holder.repo_id.clone());
    let next = holders.last().filter(|_| holders.len() as u64 == HOLDERS_PER_PAGE).map(key);
    let (packs, uploads) = if after.is_none() { (packs(db)?, uploads(db)?) } else { Default::default() };
    Ok(RepoStorage { packs, holders, uploads, next })
}

fn packs<D: Database>(db: &D) -> Result<Vec<StoredPack>, Failure> {
    let rows = db.exec(
        "SELECT repo_id, COALESCE(owner_namespace, namespace), COALESCE(owner_name, name), owner_repo_id, upload_id,
                (pack_len + segment_len - 1) / segment_len
         FROM packs JOIN repo USING (repo_id) WHERE segment_len > 0 ORDER BY repo_id, pack_seq",
        &[],
    )?;
    let pack = |mut row: Row| {
        let (repo_id, owner, upload_id) = (row.text()?, address(&mut row)?, row.text()?);
        Ok(StoredPack { repo_id, owner, upload_id, n_segments: row.integer()? })
    };
    rows.into_iter().map(pack).collect()
}

/// The owner is a holder of what it keeps in its own rows too: there is nothing in R2 of that.
fn holders<D: Database>(db: &D, after: Option<&HolderKey>) -> Result<Vec<StorageHolder>, Failure> {
    // No id is empty.
    let (owner_repo_id, upload_id, holder_repo_id) = after.cloned().unwrap_or_default();
    let rows = db.exec(
        "SELECT holders.owner_repo_id, holders.upload_id, COALESCE(holder_namespace, namespace),
                COALESCE(holder_name, name), holder_repo_id, check_at IS NOT NULL
         FROM holders JOIN repo ON repo.repo_id = holders.owner_repo_id
            LEFT JOIN packs ON packs.repo_id = holders.owner_repo_id AND packs.upload_id = holders.upload_id
         WHERE (segment_len IS NULL OR segment_len > 0)
            AND (holders.owner_repo_id, holders.upload_id, holder_repo_id) > (?1, ?2, ?3)
         ORDER BY holders.owner_repo_id, holders.upload_id, holder_repo_id LIMIT ?4",
        &[(&owner_repo_id).into(), (&upload_id).into(), (&holder_repo_id).into(), HOLDERS_PER_PAGE.into()],
    )?;
    let holder = |mut row: Row| {
        let (owner_repo_id, upload_id, holder) = (row.text()?, row.text()?, address(&mut row)?);
        Ok(StorageHolder { owner_repo_id, upload_id, holder, is_unchecked: row.flag()? })
    };
    rows.into_iter().map(holder).collect()
}

fn uploads<D: Database>(db: &D) -> Result<Vec<StoredUpload>, Failure> {
    let rows = db.exec("SELECT repo_id, upload_id FROM uploads ORDER BY 1, 2", &[])?;
    rows.into_iter().map(|mut row| Ok(StoredUpload { repo_id: row.text()?, upload_id: row.text()? })).collect()
}

fn address(row: &mut Row) -> Result<RepoAddress, Failure> {
    Ok(RepoAddress { namespace: row.text()?, name: row.text()?, repo_id: row.text()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::settle;
    use crate::repo::fixture::Fixture;

    #[test]
    fn holders_come_by_pages_and_the_rest_with_the_first() {
        let fixture = Fixture::new();
        fixture.push(&[("refs/heads/main", None, Some(1))]).unwrap();
        let db = &*fixture.db;
        let upload_id = page(db, None).unwrap().packs[0].upload_id.clone();
        let insert = |n: u64| {
            let holder = format!("holder-{n:05}");
            let values = [(&upload_id).into(), (&holder).into()];
            db.exec("INSERT INTO holders (owner_repo_id, upload_id, holder_repo_id) VALUES ('r1', ?1, ?2)", &values)
                .map(drop)
        };
        settle(db, || (1..2 * HOLDERS_PER_PAGE).try_for_each(insert)).unwrap();
        let (mut after, mut pages) = (None, Vec::new());
        loop {
            let page = page(db, after.as_ref()).unwrap();
            pages.push((page.packs.len(), page.holders.len() as u64));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        // The owner itself is one of them.
        assert_eq!(pages, [(1, HOLDERS_PER_PAGE), (0, HOLDERS_PER_PAGE), (0, 0)]);
    }
}
