//! What the object does when its alarm goes off: a collection or a merge.

use super::job::{self, Job};
use crate::durable::{Database, Failure, settle};
use crate::log;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::compact::{Work, compact};
use crate::store::PackStore;

/// What is to be done.
pub(crate) fn take<D: Database>(db: &D, now: u64) -> Result<Option<Job>, Failure> {
    settle(db, || job::take(db, now))
}

/// Does it and sets the next alarm. An error is the database's own.
pub(crate) async fn perform<D: Database>(
    db: &D,
    objects: &impl Objects,
    store: &impl PackStore,
    job: Job,
    now: impl Fn() -> u64,
) -> Result<(), Failure> {
    let began = now();
    match run(objects, store, &job).await {
        Ok(work) => {
            if let Some(work) = work {
                log::info(format_args!("{}/{}: {work} in {} ms", job.namespace, job.repo, now() - began));
            }
            settle(db, || job::done(db, now(), &job))
        }
        Err(failure) => {
            log::warn(format_args!("{}/{}: maintenance put off: {failure}", job.namespace, job.repo));
            settle(db, || job::put_off(db, now(), &job))
        }
    }
}

async fn run(objects: &impl Objects, store: &impl PackStore, job: &Job) -> Result<Option<Work>, Failure> {
    let namespace = NamespaceName::parse(&job.namespace);
    let repo = RepoName::parse(&job.repo);
    let (Some(namespace), Some(repo)) = (namespace, repo) else {
        return Err(Failure::shape("the name of a repo", format_args!("{}/{}", job.namespace, job.repo)));
    };
    compact(&objects.repo(&namespace, &repo)?, store, job.collects).await
}
