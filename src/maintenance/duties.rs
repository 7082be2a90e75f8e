//! What the object does when its alarm goes off: a step of an import, a collection or a merge.

use super::job::{self, Job};
use crate::durable::{Database, Failure, settle};
use crate::log;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::compact::compact;
use crate::ops::import::{self, Limits, Step};
use crate::remote::Remote;
use crate::repo::Work;
use crate::store::PackStore;

/// What is to be done.
pub(crate) fn take<D: Database>(db: &D, now: u64) -> Result<Option<Job>, Failure> {
    settle(db, || job::take(db, now))
}

/// What work is done with.
pub(crate) struct Tools<'a, S, R> {
    pub(crate) store: &'a S,
    pub(crate) remote: &'a R,
    pub(crate) limits: Limits,
}

/// Does it and sets the next alarm. An error is the database's own.
pub(crate) async fn perform<D: Database, S: PackStore, R: Remote>(
    db: &D,
    objects: &impl Objects,
    tools: &Tools<'_, S, R>,
    job: Job,
    now: impl Fn() -> u64,
) -> Result<(), Failure> {
    let done = run(objects, tools, &job, &now).await;
    if let Err(failure) = &done {
        log::warn(format_args!("{}/{}: maintenance put off: {failure}", job.namespace, job.repo));
    }
    settle(db, || match done {
        Ok(Step::Over) => job::done(db, now(), &job),
        Ok(Step::More) => job::goes_on(db, now()),
        Ok(Step::Again) | Err(_) => job::put_off(db, now(), &job),
    })
}

async fn run<S: PackStore, R: Remote>(
    objects: &impl Objects,
    tools: &Tools<'_, S, R>,
    job: &Job,
    now: impl Fn() -> u64,
) -> Result<Step, Failure> {
    let namespace = NamespaceName::parse(&job.namespace);
    let repo = RepoName::parse(&job.repo);
    let (Some(namespace), Some(repo)) = (namespace, repo) else {
        return Err(Failure::shape("the name of a repo", format_args!("{}/{}", job.namespace, job.repo)));
    };
    let repo = objects.repo(&namespace, &repo)?;
    if job.work != Work::Import {
        let began = now();
        if let Some(work) = compact(&repo, tools.store, job.work == Work::Collect).await? {
            log::info(format_args!("{}/{}: {work} in {} ms", job.namespace, job.repo, now() - began));
        }
        return Ok(Step::Over);
    }
    if job.is_spent() {
        return import::give_up(&repo).await.map(|()| Step::Over);
    }
    import::step(&repo, (tools.store, tools.remote), tools.limits, now).await
}
