//! [`Call::Storage`](super::call::Call::Storage): what the rows of all incarnations say of objects in R2.

use super::call::{RepoAddress, RepoStorage, StorageHolder, StoredPack, StoredUpload};
use super::schema::SCHEMA;
use crate::durable::{Database, Failure, Row};

/// All of it; nothing if there never was a repo of this name.
pub(super) fn all<D: Database>(db: &D) -> Result<RepoStorage, Failure> {
    if !SCHEMA.exists(db)? {
        return Ok(RepoStorage::default());
    }
    Ok(RepoStorage { packs: packs(db)?, holders: holders(db)?, uploads: uploads(db)? })
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
fn holders<D: Database>(db: &D) -> Result<Vec<StorageHolder>, Failure> {
    let rows = db.exec(
        "SELECT holders.owner_repo_id, holders.upload_id, COALESCE(holder_namespace, namespace),
                COALESCE(holder_name, name), holder_repo_id, check_at IS NOT NULL
         FROM holders JOIN repo ON repo.repo_id = holders.owner_repo_id
            LEFT JOIN packs ON packs.repo_id = holders.owner_repo_id AND packs.upload_id = holders.upload_id
         WHERE segment_len IS NULL OR segment_len > 0 ORDER BY 1, 2, 5",
        &[],
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
