//! The repo's Durable Object, as the platform sees it.
#![expect(missing_docs, reason = "the attribute writes methods that have no documentation")]

use std::rc::Rc;

use worker::{DurableObject, Env, Request, Response, State, durable_object};

use super::answer::{Moment, answer_frame};
use super::duties;
use crate::config;
use crate::durable::{ObjectDatabase, serve};
use crate::log;
use crate::objects::DurableObjects;
use crate::store::reclaim::R2Reclaim;
use crate::time;

/// One repo: its refs, tokens and catalog. Addressed by the lower-cased `namespace/repo`.
#[durable_object(alarm)]
pub struct RepoObject {
    db: ObjectDatabase,
    env: Env,
}

impl DurableObject for RepoObject {
    fn new(state: State, env: Env) -> Self {
        Self { db: ObjectDatabase::new(&state), env }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        serve(request, |frame| answer_frame(&self.db, &self.moment(), frame)).await
    }

    async fn alarm(&self) -> worker::Result<Response> {
        let objects = DurableObjects::new(&self.env, &Rc::default());
        // An error here is the database's own: only the platform's retry is left.
        let put_off = duties::perform(&self.db, &objects, &R2Reclaim::new(&self.env), || self.moment()).await;
        for failure in put_off.map_err(|failure| worker::Error::RustError(failure.to_string()))? {
            log::warn(format_args!("put off: {failure}"));
        }
        Response::empty()
    }
}

impl RepoObject {
    fn moment(&self) -> Moment {
        Moment {
            now: time::now(),
            upload_grace_ms: config::upload_grace_ms(&self.env),
            unreachable_grace_ms: config::unreachable_grace_ms(&self.env),
            storage_max: config::repo_storage_max(&self.env),
        }
    }
}
