//! What the repo's object does when its alarm goes off: tells the namespace, maintenance and the owners of packs, asks
//! holders, and reclaims bytes that no pack names.
//!
//! Nothing is awaited inside a transaction. Each duty is noted as done, or put off, when it has been tried.

use super::alarm::{self, Duties, Notice, Report};
use super::answer::Moment;
use super::call::RepoAddress;
use super::holders::{self, Check};
use super::uploads::{self, Orphan};
use super::{RepoClient, releases};
use crate::durable::{Database, Failure, backoff_ms, settle};
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::store::keys;
use crate::store::reclaim::Reclaim;

/// Does what is due, sets the next alarm, and returns why duties were put off. An error is the database's own.
pub(crate) async fn perform<D: Database>(
    db: &D,
    objects: &impl Objects,
    bytes: &impl Reclaim,
    moment: impl Fn() -> Moment,
) -> Result<Vec<Failure>, Failure> {
    let now = || moment().now;
    let Duties { notices, orphans, checks, releases } = settle(db, || alarm::due(db, now()))?;
    let mut put_off = Vec::new();
    for notice in notices {
        let told = tell(objects, &notice).await;
        settle(db, || match &told {
            Ok(()) => alarm::heard(db, now(), &notice),
            Err(_) => alarm::unheard(db, now(), &notice),
        })?;
        put_off.extend(told.err());
    }
    for pending in releases {
        let told = release(objects, &pending).await;
        settle(db, || match &told {
            Ok(()) => releases::heard(db, &pending),
            Err(_) => releases::unheard(db, now(), &pending),
        })?;
        put_off.extend(told.err());
    }
    for check in checks {
        let held = ask(objects, &check).await;
        settle(db, || match &held {
            Ok(upload_ids) => holders::checked(db, &moment(), &check, upload_ids),
            Err(_) => holders::put_off(db, now(), &check),
        })?;
        put_off.extend(held.err());
    }
    for orphan in orphans {
        let reclaimed = reclaim(bytes, &orphan).await;
        settle(db, || match &reclaimed {
            Ok(()) => uploads::swept(db, now(), &orphan),
            Err(_) => uploads::put_off(db, &orphan, now() + backoff_ms(orphan.attempts)),
        })?;
        put_off.extend(reclaimed.err());
    }
    settle(db, || alarm::rest(db))?;
    Ok(put_off)
}

async fn tell(objects: &impl Objects, notice: &Notice) -> Result<(), Failure> {
    match &notice.report {
        Report::Stands(info) => objects.namespace(&namespace(&info.namespace)?)?.report(info.clone()).await,
        Report::Gone { namespace: name, repo_id, held_size } => {
            objects.namespace(&namespace(name)?)?.remove_with(repo_id.clone(), *held_size).await
        }
        Report::Maintain { namespace: name, name: repo, work } => {
            objects.maintenance(&namespace(name)?, &repo_name(repo)?)?.begin(*work).await
        }
    }
}

async fn release(objects: &impl Objects, pending: &releases::Pending) -> Result<(), Failure> {
    let told = pending.owner.client(objects)?.release(pending.release.clone()).await?;
    told.map_err(|refusal| Failure::shape("an owner that hears", format_args!("{refusal:?}")))
}

async fn ask(objects: &impl Objects, check: &Check) -> Result<Vec<String>, Failure> {
    let Check { owner_repo_id, holder } = check;
    let held = holder.client(objects)?.holds(holder.repo_id.clone(), owner_repo_id.clone()).await?;
    held.map_err(|refusal| Failure::shape("a holder that answers", format_args!("{refusal:?}")))
}

async fn reclaim(bytes: &impl Reclaim, orphan: &Orphan) -> Result<(), Failure> {
    bytes.delete_all(&keys::upload_prefix(&orphan.repo_id, &orphan.upload_id)).await
}

fn namespace(name: &str) -> Result<NamespaceName, Failure> {
    NamespaceName::parse(name).ok_or_else(|| Failure::shape("a namespace's name", name))
}

fn repo_name(name: &str) -> Result<RepoName, Failure> {
    RepoName::parse(name).ok_or_else(|| Failure::shape("a repo's name", name))
}

impl RepoAddress {
    /// The way to the object of that name.
    pub(crate) fn client<O: Objects>(&self, objects: &O) -> Result<RepoClient<O::Wire>, Failure> {
        objects.repo(&namespace(&self.namespace)?, &repo_name(&self.name)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{BACKOFF_MIN_MS, CREATION_REPORT_DELAY_MS, LATE_WRITE_MS, REPORT_DELAY_MS};
    use crate::durable::{Fault, ready};
    use crate::namespace::call::{Direction, Listing, Sort};
    use crate::objects::UPLOAD_GRACE_MS;
    use crate::repo::call::{HeldPack, Hold, Refusal, Release, RepoInfo};
    use crate::repo::fixture::Fixture;
    use crate::store::reclaim::MemoryReclaim;

    const MAIN: &str = "refs/heads/main";

    /// Waits for the alarm, as the platform does, and lets it do its work.
    fn ring(fixture: &Fixture, bytes: &MemoryReclaim) -> Vec<Failure> {
        let at = fixture.db.take_alarm().expect("an alarm");
        fixture.objects.wait(at.saturating_sub(fixture.objects.now()));
        ready(perform(&*fixture.db, &fixture.objects, bytes, || fixture.objects.moment())).unwrap()
    }

    fn listed(fixture: &Fixture) -> Vec<RepoInfo> {
        let listing =
            Listing { sort: Sort::Name, direction: Direction::Asc, limit: 10, after: None, offset: None, search: None };
        let namespace = fixture.objects.namespace(&NamespaceName::parse("ns").unwrap()).unwrap();
        ready(namespace.list(listing)).unwrap().repos
    }

    #[test]
    fn the_namespace_hears_of_the_repo_and_of_every_push() {
        let fixture = Fixture::new();
        assert_eq!(fixture.db.alarm(), Some(fixture.objects.now() + CREATION_REPORT_DELAY_MS));
        assert_eq!(ring(&fixture, &MemoryReclaim::default()), []);
        assert_eq!(fixture.db.alarm(), None);
        fixture.push(&[(MAIN, None, Some(1))]).unwrap();
        assert_eq!(fixture.db.alarm(), Some(fixture.objects.now() + REPORT_DELAY_MS));
        ring(&fixture, &MemoryReclaim::default());
        assert_eq!(listed(&fixture), [ready(fixture.repo.info()).unwrap().unwrap()]);
        assert_eq!(fixture.db.alarm(), None);
    }

    #[test]
    fn a_first_push_soon_after_the_creation_makes_one_report_of_both() {
        let fixture = Fixture::new();
        fixture.objects.wait(1_000);
        fixture.push(&[(MAIN, None, Some(1))]).unwrap();
        assert_eq!(fixture.db.alarm(), Some(fixture.objects.now() + REPORT_DELAY_MS));
        ring(&fixture, &MemoryReclaim::default());
        assert_eq!((listed(&fixture).len(), fixture.db.alarm()), (1, None));
        // What is put off stays so: a namespace that fails is not asked with every push.
        fixture.push(&[(MAIN, Some(1), Some(2))]).unwrap();
        fixture.objects.fail_after(0, Fault::Lost);
        ring(&fixture, &MemoryReclaim::default());
        fixture.push(&[(MAIN, Some(2), Some(3))]).unwrap();
        assert_eq!(fixture.db.alarm(), Some(fixture.objects.now() + BACKOFF_MIN_MS));
    }

    #[test]
    fn a_report_that_is_not_heard_is_made_again_after_ever_longer_waits() {
        let fixture = Fixture::new();
        for attempt in 0..3 {
            fixture.objects.fail_after(0, Fault::Lost);
            assert_eq!(ring(&fixture, &MemoryReclaim::default()).len(), 1);
            assert_eq!(fixture.db.alarm(), Some(fixture.objects.now() + (BACKOFF_MIN_MS << attempt)));
        }
        assert_eq!(listed(&fixture), []);
        assert_eq!(ring(&fixture, &MemoryReclaim::default()), []);
        assert_eq!(listed(&fixture).len(), 1);
    }

    #[test]
    fn a_push_during_a_report_is_reported_too() {
        let fixture = Fixture::new();
        fixture.objects.wait(CREATION_REPORT_DELAY_MS);
        let duties = settle(&*fixture.db, || alarm::due(&*fixture.db, fixture.objects.now())).unwrap();
        fixture.push(&[(MAIN, None, Some(1))]).unwrap();
        settle(&*fixture.db, || alarm::heard(&*fixture.db, fixture.objects.now(), &duties.notices[0])).unwrap();
        settle(&*fixture.db, || alarm::rest(&*fixture.db)).unwrap();
        assert_eq!(fixture.db.alarm(), Some(fixture.objects.now() + REPORT_DELAY_MS));
    }

    #[test]
    fn a_deletion_is_told_until_it_is_heard() {
        let fixture = Fixture::new();
        ring(&fixture, &MemoryReclaim::default());
        ready(fixture.repo.delete()).unwrap().unwrap();
        fixture.objects.fail_after(0, Fault::Lost);
        ring(&fixture, &MemoryReclaim::default());
        assert_eq!(listed(&fixture).len(), 1);
        ring(&fixture, &MemoryReclaim::default());
        assert_eq!(listed(&fixture), []);
        assert_eq!(fixture.db.alarm(), None);
    }

    #[test]
    fn bytes_of_an_upload_that_was_never_committed_are_reclaimed() {
        let fixture = Fixture::new();
        let bytes = MemoryReclaim::default();
        let upload_id = fixture.upload();
        ring(&fixture, &bytes);
        assert_eq!(fixture.db.alarm(), Some(fixture.objects.now() - CREATION_REPORT_DELAY_MS + UPLOAD_GRACE_MS));
        assert_eq!(*bytes.deleted.borrow(), [""; 0]);
        ring(&fixture, &bytes);
        assert_eq!(*bytes.deleted.borrow(), [format!("v1/r1/{upload_id}/")]);
    }

    #[test]
    fn bytes_that_land_after_they_were_reclaimed_are_reclaimed_too() {
        let fixture = Fixture::new();
        let bytes = MemoryReclaim::default();
        fixture.upload();
        ring(&fixture, &bytes);
        ring(&fixture, &bytes);
        assert_eq!(fixture.db.alarm(), Some(fixture.objects.now() + LATE_WRITE_MS));
        ring(&fixture, &bytes);
        assert_eq!((bytes.deleted.borrow().len(), fixture.db.alarm()), (2, None));
    }

    #[test]
    fn bytes_of_a_committed_upload_stay() {
        let fixture = Fixture::new();
        let bytes = MemoryReclaim::default();
        fixture.push(&[(MAIN, None, Some(1))]).unwrap();
        fixture.objects.wait(UPLOAD_GRACE_MS);
        ring(&fixture, &bytes);
        assert_eq!((bytes.deleted.borrow().len(), fixture.db.alarm()), (0, None));
    }

    #[test]
    fn bytes_of_an_abandoned_upload_are_reclaimed_at_once_and_again_if_that_fails() {
        let fixture = Fixture::new();
        let bytes = MemoryReclaim::default();
        ring(&fixture, &bytes);
        let upload_id = fixture.upload();
        ready(fixture.repo.abandon("r1".into(), upload_id.clone())).unwrap().unwrap();
        assert_eq!(fixture.db.alarm(), Some(fixture.objects.now()));
        bytes.fails.set(true);
        assert_eq!(ring(&fixture, &bytes).len(), 1);
        assert_eq!(fixture.db.alarm(), Some(fixture.objects.now() + BACKOFF_MIN_MS));
        bytes.fails.set(false);
        ring(&fixture, &bytes);
        assert_eq!(*bytes.deleted.borrow(), [format!("v1/r1/{upload_id}/")]);
    }

    #[test]
    fn an_alarm_that_is_killed_leaves_another() {
        let fixture = Fixture::new();
        fixture.objects.wait(CREATION_REPORT_DELAY_MS);
        fixture.db.take_alarm();
        settle(&*fixture.db, || alarm::due(&*fixture.db, fixture.objects.now())).unwrap();
        assert_eq!(fixture.db.alarm(), Some(fixture.objects.now() + BACKOFF_MIN_MS));
    }

    #[test]
    fn what_has_begun_to_be_reclaimed_is_lent_to_nobody() {
        let fixture = Fixture::new();
        let bytes = MemoryReclaim::default();
        fixture.push(&[(MAIN, None, Some(1))]).unwrap();
        let upload_id = ready(fixture.repo.storage(None)).unwrap().unwrap().packs[0].upload_id.clone();
        let hold = |to: &str| {
            let holder = RepoAddress { namespace: "ns".into(), name: "fork".into(), repo_id: to.into() };
            let packs = vec![HeldPack { upload_id: upload_id.clone(), len: 1 }];
            ready(fixture.repo.hold(Hold { owner_repo_id: "r1".into(), packs, holder })).unwrap()
        };
        let release = |to: &str| {
            let (owner_repo_id, upload_ids) = ("r1".to_owned(), vec![upload_id.clone()]);
            ready(fixture.repo.release(Release { owner_repo_id, upload_ids, holder_repo_id: to.into() }))
                .unwrap()
                .unwrap();
        };
        ready(fixture.repo.delete()).unwrap().unwrap();
        assert_eq!(hold("f1"), Ok(()));
        release("f1");
        fixture.objects.wait(UPLOAD_GRACE_MS);
        bytes.fails.set(true);
        ring(&fixture, &bytes);
        assert_eq!(hold("f2"), Err(Refusal::CatalogChanged));
    }

    #[test]
    fn an_alarm_without_tables_does_nothing() {
        let fixture = Fixture::empty();
        let done =
            ready(perform(&*fixture.db, &fixture.objects, &MemoryReclaim::default(), || fixture.objects.moment()));
        assert_eq!((done, fixture.db.alarm()), (Ok(vec![]), None));
    }
}
