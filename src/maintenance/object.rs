//! A repo's maintenance object, as the platform sees it.
#![expect(missing_docs, reason = "the attribute writes methods that have no documentation")]

use worker::{DurableObject, Env, Request, Response, State, durable_object};

use super::answer::answer_frame;
use super::duties::{self, Tools};
use crate::config;
use crate::durable::{ObjectDatabase, serve};
use crate::objects::DurableObjects;
use crate::ops::import::Limits;
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
        let store = R2Packs::of_repo(&self.env, &job.namespace, &job.repo).map_err(failed)?;
        let limits = Limits {
            repo_storage_max: config::repo_storage_max(&self.env),
            patience_ms: config::import_patience_ms(&self.env),
        };
        let tools = Tools { store: &store, remote: &PlatformRemote::new(&self.env), limits };
        duties::perform(&self.db, &DurableObjects::new(&self.env), &tools, job, time::now).await.map_err(failed)?;
        Response::empty()
    }
}
