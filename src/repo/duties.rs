//! What the repo's object does when its alarm goes off: tells the namespace, and reclaims bytes that no pack names.
//!
//! Nothing is awaited inside a transaction. Each duty is noted as done, or put off, when it has been tried.

use std::convert::Infallible;

use super::alarm::{self, Duties, Notice, Report};
use super::uploads::{self, Orphan};
use crate::durable::{Database, Failure};
use crate::names::NamespaceName;
use crate::objects::Objects;
use crate::store::keys;
use crate::store::reclaim::Reclaim;

/// Does what is due, sets the next alarm, and returns why duties were put off. An error is the database's own.
pub(super) async fn perform<D: Database>(
    db: &D,
    objects: &impl Objects,
    bytes: &impl Reclaim,
    now: impl Fn() -> u64,
) -> Result<Vec<Failure>, Failure> {
    let Duties { notices, orphans } = settle(db, || alarm::due(db, now()))?;
    let mut put_off = Vec::new();
    for notice in notices {
        let told = tell(objects, &notice).await;
        settle(db, || match &told {
            Ok(()) => alarm::heard(db, now(), &notice),
            Err(_) => alarm::unheard(db, now(), &notice),
        })?;
        put_off.extend(told.err());
    }
    for orphan in orphans {
        let reclaimed = reclaim(bytes, &orphan).await;
        settle(db, || match &reclaimed {
            Ok(()) => uploads::forget(db, &orphan.repo_id, &orphan.upload_id),
            Err(_) => uploads::put_off(db, &orphan, now() + alarm::backoff_ms(orphan.attempts)),
        })?;
        put_off.extend(reclaimed.err());
    }
    settle(db, || alarm::rest(db))?;
    Ok(put_off)
}

async fn tell(objects: &impl Objects, notice: &Notice) -> Result<(), Failure> {
    let named = |name: &str| NamespaceName::parse(name).ok_or_else(|| Failure::shape("a namespace's name", name));
    match &notice.report {
        Report::Stands(info) => objects.namespace(&named(&info.namespace)?)?.report(info.clone()).await,
        Report::Gone { namespace, repo_id } => objects.namespace(&named(namespace)?)?.remove(repo_id.clone()).await,
    }
}

async fn reclaim(bytes: &impl Reclaim, orphan: &Orphan) -> Result<(), Failure> {
    bytes.delete_all(&keys::upload_prefix(&orphan.repo_id, &orphan.upload_id)).await
}

fn settle<D: Database, T>(db: &D, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let done = db.transaction(|| work().map(Ok::<T, Infallible>))?;
    match done {
        Ok(done) => Ok(done),
    }
}
