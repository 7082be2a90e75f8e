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

#[cfg(test)]
mod tests {
    use super::super::call::{MappedToken, NamespaceInfo, Refusal, TokenRepo};
    use super::super::fixture::{info, namespace, objects, report, reservation, reserve};
    use crate::account::call::NamespaceListing;
    use crate::config::{BACKOFF_MIN_MS, NAMESPACE_REPORT_DELAY_MS, RESERVATION_MS};
    use crate::durable::{Fault, ready};
    use crate::names::NamespaceName;
    use crate::objects::{MemoryObjects, Objects};
    use crate::repo::call::Status;

    fn name() -> NamespaceName {
        NamespaceName::parse("ns").unwrap()
    }

    /// What the account lists.
    fn listed(objects: &MemoryObjects) -> Vec<NamespaceInfo> {
        let listing = NamespaceListing { limit: 10, after: None, offset: None, only: None };
        ready(objects.account("a").unwrap().list(listing)).unwrap().namespaces
    }

    /// Waits for the alarm, and lets it do its work; how long that was.
    fn ring(objects: &MemoryObjects) -> u64 {
        let at = objects.namespace_database(&name()).alarm().expect("an alarm");
        let waited = at - objects.now();
        objects.wait(waited);
        objects.ring_namespace(&name(), "a");
        waited
    }

    fn delete(objects: &MemoryObjects) -> Result<u64, Refusal> {
        ready(namespace(objects).delete()).unwrap().map(|report| report.version)
    }

    #[test]
    fn the_account_is_told_until_it_hears_and_of_many_changes_at_once() {
        let objects = objects();
        report(&objects, info("a", "a", objects.now()));
        for wait in [NAMESPACE_REPORT_DELAY_MS, BACKOFF_MIN_MS, 2 * BACKOFF_MIN_MS] {
            objects.fail_after(0, Fault::Lost);
            assert_eq!(ring(&objects), wait);
        }
        assert_eq!(listed(&objects), []);
        report(&objects, info("b", "b", objects.now()));
        assert_eq!(ring(&objects), 4 * BACKOFF_MIN_MS);
        assert_eq!((listed(&objects)[0].repo_count, objects.namespace_database(&name()).alarm()), (2, None));
    }

    #[test]
    fn what_happens_while_the_account_is_told_is_told_too() {
        let objects = objects();
        report(&objects, info("a", "a", objects.now()));
        report(&objects, info("b", "b", objects.now()));
        // The account has heard of the first of these.
        ready(namespace(&objects).heard(2)).unwrap();
        assert_eq!(ring(&objects), NAMESPACE_REPORT_DELAY_MS);
        assert_eq!(listed(&objects)[0].repo_count, 2);
    }

    #[test]
    fn who_heard_of_a_namespace_before_it_was_deleted_does_not_know_the_next_one() {
        let objects = objects();
        assert_eq!(reserve(&objects, "a", "a"), Ok(false));
        report(&objects, info("a", "a", objects.now()));
        ready(namespace(&objects).remove("a".into())).unwrap();
        let deleted = delete(&objects).unwrap();
        assert_eq!(reserve(&objects, "b", "b"), Ok(false));
        ready(namespace(&objects).heard(deleted)).unwrap();
        assert_eq!(reserve(&objects, "c", "c"), Ok(false));
        ready(namespace(&objects).heard(deleted + 1)).unwrap();
        assert_eq!(reserve(&objects, "d", "d"), Ok(true));
    }

    #[test]
    fn what_is_told_of_a_repo_that_is_gone_brings_neither_it_nor_its_namespace_back() {
        let objects = objects();
        let late = info("a", "a", objects.now() + 9);
        report(&objects, info("a", "a", objects.now()));
        ready(namespace(&objects).remove("a".into())).unwrap();
        report(&objects, late.clone());
        assert_eq!(ready(namespace(&objects).info()).unwrap().unwrap().repo_count, 0);
        delete(&objects).unwrap();
        report(&objects, late);
        assert_eq!(ready(namespace(&objects).info()).unwrap(), None);
    }

    #[test]
    fn a_namespace_in_which_a_repo_is_being_made_is_not_deleted_and_a_lapsed_reservation_is_forgotten() {
        let objects = objects();
        reserve(&objects, "a", "a").unwrap();
        assert_eq!(delete(&objects), Err(Refusal::InProgress(Status::Creating)));
        let MappedToken { token_id, .. } = reservation("a", "a").token;
        let found = || ready(namespace(&objects).find_token(token_id.clone())).unwrap();
        assert_eq!(found(), Some(TokenRepo { name: "a".into(), repo_id: "a".into() }));
        objects.wait(RESERVATION_MS);
        assert!(delete(&objects).is_ok());
        assert_eq!((found(), delete(&objects)), (None, Err(Refusal::NotFound)));
        report(&objects, info("b", "b", objects.now()));
        assert_eq!(delete(&objects), Err(Refusal::NotEmpty));
    }
}
