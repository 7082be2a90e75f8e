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

/// Does it and sets the next alarm; returns what was done. An error is the database's own.
pub(crate) async fn perform<D: Database, S: PackStore, R: Remote>(
    db: &D,
    objects: &impl Objects,
    tools: &Tools<'_, S, R>,
    job: Job,
    now: impl Fn() -> u64,
) -> Result<Option<Step>, Failure> {
    let done = run(objects, tools, &job, &now).await;
    if let Err(failure) = &done {
        log::warn(format_args!("{}/{}: maintenance put off: {failure}", job.namespace, job.repo));
    }
    settle(db, || match &done {
        Ok(Step::Over | Step::Filled { .. }) => job::done(db, now(), &job),
        Ok(Step::More) => job::goes_on(db, now()),
        Ok(Step::Again) => job::put_off(db, now(), &job),
        Err(_) => job::failed(db, now(), &job),
    })?;
    Ok(done.ok())
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
        return import::give_up(&repo, job.cause()).await.map(|()| Step::Over);
    }
    import::step(&repo, (tools.store, tools.remote), tools.limits, now).await
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::config::{ALARM_LOST_MS, IMPORT_ATTEMPTS_MAX};
    use crate::durable::{MemoryDatabase, ready};
    use crate::objects::MemoryObjects;
    use crate::remote::MemoryRemote;
    use crate::repo::call::{ImportPlan, NewImport, NewRepo, NewToken, Refusal, Scope};
    use crate::store::MemoryPacks;

    /// A repo that is to be filled by a server that is not there, and what maintenance knows of it.
    struct Import {
        objects: MemoryObjects,
        repo: Rc<MemoryDatabase>,
        jobs: Rc<MemoryDatabase>,
    }

    fn names() -> (NamespaceName, RepoName) {
        (NamespaceName::parse("ns").unwrap(), RepoName::parse("repo").unwrap())
    }

    impl Import {
        fn new() -> Self {
            let (objects, (namespace, name)) = (MemoryObjects::default(), names());
            let token =
                NewToken { id: "t".into(), sha256: "aa".into(), scope: Scope::Write, created_at: 0, expires_at: 1 };
            let repo = NewRepo {
                repo_id: "r1".into(),
                namespace: namespace.to_string(),
                name: name.to_string(),
                description: None,
                default_branch: "main".into(),
                read_only: false,
                token,
            };
            let (url, branch) = ("https://example.com/a".into(), "refs/heads/main".into());
            let plan = ImportPlan { url, branch, depth: None, all_refs: false };
            let new = NewImport { repo, source: "git:https://example.com/a".into(), plan };
            ready(objects.repo(&namespace, &name).unwrap().create_import(new)).unwrap().unwrap();
            ready(objects.maintenance(&namespace, &name).unwrap().begin(Work::Import)).unwrap();
            let (repo, jobs) =
                (objects.repo_database(&namespace, &name), objects.maintenance_database(&namespace, &name));
            Self { objects, repo, jobs }
        }

        /// Waits for the alarm and lets it take a job, until there is none; how often that was.
        fn run(&self, mut then: impl FnMut(Job)) -> usize {
            for n_attempts in 0..100 {
                let Some(at) = self.jobs.take_alarm() else { return n_attempts };
                self.objects.wait(at.saturating_sub(self.objects.now()));
                then(take(&*self.jobs, self.objects.now()).unwrap().unwrap());
            }
            panic!("there is no end of it");
        }

        fn perform(&self, job: Job) {
            let (store, remote) = (MemoryPacks::default(), MemoryRemote::none());
            let limits = Limits { repo_storage_max: 1, patience_ms: 1 };
            let tools = Tools { store: &store, remote: &remote, limits };
            ready(perform(&*self.jobs, &self.objects, &tools, job, || self.objects.now())).unwrap();
        }

        fn failure(&self) -> String {
            match ready(self.objects.repo(&names().0, &names().1).unwrap().info()).unwrap() {
                Err(Refusal::ImportFailed { reason, .. }) => reason,
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn an_import_that_cannot_be_opened_ends() {
        let import = Import::new();
        import.repo.exec("UPDATE imports SET download = 'none of ours'", &[]).unwrap();
        import.run(|job| import.perform(job));
        assert_eq!(import.failure(), "this server failed too often");
    }

    #[test]
    fn an_import_that_is_killed_too_often_says_so() {
        let import = Import::new();
        let n_attempts = import.run(|job| {
            if job.is_spent() {
                import.perform(job);
            }
        });
        assert_eq!(n_attempts as u64, 1 + IMPORT_ATTEMPTS_MAX);
        assert_eq!(import.failure(), "it was interrupted too often");
    }

    #[test]
    fn an_import_whose_alarms_were_lost_goes_on_when_somebody_asks_for_the_repo() {
        let import = Import::new();
        let ask = || ready(import.objects.repo(&names().0, &names().1).unwrap().info()).unwrap().unwrap();
        import.jobs.take_alarm().unwrap();
        let due_at = import.repo.take_alarm().unwrap();
        import.objects.wait(due_at + ALARM_LOST_MS - 1);
        ask();
        assert_eq!(import.repo.alarm(), None);
        import.objects.wait(1);
        ask();
        assert_eq!(import.repo.alarm(), Some(import.objects.now()));
        import.objects.ring_repo(&names().0, &names().1);
        assert_eq!(import.jobs.alarm(), Some(import.objects.now()));
        import.run(|job| import.perform(job));
        assert!(import.failure().contains("there is none"), "{}", import.failure());
    }
}
