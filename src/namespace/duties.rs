//! What the namespace's object does when its alarm goes off: tells the account how it stands.

use super::metadata;
use crate::durable::{Database, Failure, settle};
use crate::objects::Objects;

/// Tells the account what it is still to hear, and returns why that was put off. An error is the database's own.
pub(crate) async fn perform<D: Database>(
    db: &D,
    objects: &impl Objects,
    account_id: &str,
    now: impl Fn() -> u64,
) -> Result<Option<Failure>, Failure> {
    let Some(report) = settle(db, || metadata::due(db, now()))? else { return Ok(None) };
    let version = report.version;
    let told = objects.account(account_id)?.report(report).await;
    settle(db, || match &told {
        Ok(()) => metadata::heard(db, now(), version),
        Err(_) => metadata::unheard(db, now()),
    })?;
    Ok(told.err())
}
