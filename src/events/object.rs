//! A store of events, as the platform sees it.
#![expect(missing_docs, reason = "the attribute writes methods that have no documentation")]

use worker::{DurableObject, Env, Request, Response, State, durable_object};

use super::answer::answer_frame;
use super::duties;
use crate::config::EVENTS_STORED_MAX;
use crate::durable::{ObjectDatabase, serve};
use crate::time;

/// The events of some of the namespaces. Addressed by the number that [`super::shard_of`] gives.
#[durable_object(alarm)]
pub struct EventsObject {
    db: ObjectDatabase,
}

impl DurableObject for EventsObject {
    fn new(state: State, _env: Env) -> Self {
        Self { db: ObjectDatabase::new(&state) }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        serve(request, |frame| answer_frame(&self.db, time::now(), frame)).await
    }

    async fn alarm(&self) -> worker::Result<Response> {
        let failed = |failure: crate::durable::Failure| worker::Error::RustError(failure.to_string());
        duties::perform(&self.db, time::now(), EVENTS_STORED_MAX).map_err(failed)?;
        Response::empty()
    }
}
