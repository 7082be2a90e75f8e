//! A repo's maintenance object, as the platform sees it.
#![expect(missing_docs, reason = "the attribute writes methods that have no documentation")]

use std::rc::Rc;

use worker::{DurableObject, Env, Request, Response, State, durable_object};

use super::answer::answer_frame;
use super::duties::{self, Tools};
use crate::announce::{Imported, Outbox, Queue, of_import};
use crate::config;
use crate::durable::{ObjectDatabase, serve};
use crate::error::Error;
use crate::log;
use crate::names::{NamespaceName, RepoName};
use crate::objects::DurableObjects;
use crate::ops::get_repo::get_repo;
use crate::ops::import::{Limits, Step};
use crate::remote::PlatformRemote;
use crate::store::R2Packs;
use crate::time;

/// The maintenance of one repo. Addressed as the repo is.
#[durable_object(alarm)]
pub struct MaintenanceObject {
    db: ObjectDatabase,
    env: Env,
}

impl DurableObject for MaintenanceObject {
    fn new(state: State, env: Env) -> Self {
        Self { db: ObjectDatabase::new(&state), env }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        serve(request, |frame| answer_frame(&self.db, time::now(), frame)).await
    }

    async fn alarm(&self) -> worker::Result<Response> {
        let failed = |failure: crate::durable::Failure| worker::Error::RustError(failure.to_string());
        let Some(job) = duties::take(&self.db, time::now()).map_err(failed)? else { return Response::empty() };
        let meter = Rc::default();
        let store = R2Packs::of_repo(&self.env, &meter, &job.namespace, &job.repo).map_err(failed)?;
        let limits = Limits {
            repo_storage_max: config::repo_storage_max(&self.env),
            patience_ms: config::import_patience_ms(&self.env),
        };
        let tools = Tools { store: &store, remote: &PlatformRemote::new(&self.env), limits };
        let objects = DurableObjects::new(&self.env, &meter);
        let names = (job.namespace.clone(), job.repo.clone());
        let done = duties::perform(&self.db, &objects, &tools, job, time::now).await.map_err(failed)?;
        if let (Some(Step::Filled { url, branch }), Some(queue)) = (done, Queue::bound(&self.env)) {
            let told = announce_import(&objects, &queue, &config::account_id(&self.env), names, (url, branch)).await;
            if let Err(error) = told {
                log::warn(format_args!("import not announced: {error:?}"));
            }
        }
        Response::empty()
    }
}

/// Puts into the queue that a repo has been filled.
async fn announce_import(
    objects: &DurableObjects<'_>,
    queue: &Queue,
    account_id: &str,
    (namespace, repo): (String, String),
    (url, branch): (String, String),
) -> Result<(), Error> {
    let names = NamespaceName::parse(&namespace).zip(RepoName::parse(&repo));
    let (namespace, repo) = names.ok_or_else(|| Error::RepoNotFound(repo.clone()))?;
    let info = get_repo(objects, &namespace, &repo).await?;
    let mut outbox = Outbox::default();
    queue.put(&mut outbox, &of_import(account_id, time::now(), &Imported { info, url, branch })).await?;
    Ok(queue.send(outbox).await?)
}
