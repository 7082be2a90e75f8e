//! The account's Durable Object, as the platform sees it.
#![expect(missing_docs, reason = "the attribute writes methods that have no documentation")]

use worker::{DurableObject, Env, Request, Response, State, durable_object};

use super::answer::answer_frame;
use crate::durable::{ObjectDatabase, serve};

/// The account: the directory of its namespaces. Addressed by the account's id.
#[durable_object(fetch)]
pub struct AccountObject {
    db: ObjectDatabase,
}

impl DurableObject for AccountObject {
    fn new(state: State, _env: Env) -> Self {
        Self { db: ObjectDatabase::new(&state) }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        serve(request, |frame| answer_frame(&self.db, frame)).await
    }
}
