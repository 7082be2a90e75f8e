//! The rows of `refs`.

use sha2::{Digest, Sha256};

use super::call::RefRow;
use crate::config::REF_OVERHEAD_LEN;
use crate::durable::{Database, Failure};

/// Every ref, sorted by name.
pub(super) fn all<D: Database>(db: &D, repo_id: &str) -> Result<Vec<RefRow>, Failure> {
    let rows = db.exec("SELECT name, id, peeled FROM refs WHERE repo_id = ?1 ORDER BY name", &[repo_id.into()])?;
    rows.into_iter()
        .map(|mut row| Ok(RefRow { name: row.text()?, id: row.text()?, peeled: row.optional_text()? }))
        .collect()
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
