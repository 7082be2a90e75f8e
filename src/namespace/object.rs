//! A namespace's Durable Object, as the platform sees it.
#![expect(missing_docs, reason = "the attribute writes methods that have no documentation")]

use worker::{DurableObject, Env, Request, Response, State, durable_object};

use super::answer::answer_frame;
use crate::durable::{ObjectDatabase, serve};
use crate::time;

/// One namespace: the directory of its repos. Addressed by the lower-cased name.
#[durable_object(fetch)]
pub struct NamespaceObject {
    db: ObjectDatabase,
}

impl DurableObject for NamespaceObject {
    fn new(state: State, _env: Env) -> Self {
        Self { db: ObjectDatabase::new(&state) }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        serve(request, |frame| answer_frame(&self.db, time::now(), frame)).await
    }
}
