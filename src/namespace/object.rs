//! A namespace's Durable Object, as the platform sees it.
#![expect(missing_docs, reason = "the attribute writes methods that have no documentation")]

use std::rc::Rc;

use worker::{DurableObject, Env, Request, Response, State, durable_object};

use super::answer::answer_frame;
use super::duties;
use crate::config;
use crate::durable::{ObjectDatabase, serve};
use crate::log;
use crate::objects::DurableObjects;
use crate::time;

/// One namespace: the directory of its repos. Addressed by the lower-cased name.
#[durable_object(alarm)]
pub struct NamespaceObject {
    db: ObjectDatabase,
    env: Env,
}

impl DurableObject for NamespaceObject {
    fn new(state: State, env: Env) -> Self {
        Self { db: ObjectDatabase::new(&state), env }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        serve(request, |frame| answer_frame(&self.db, time::now(), frame)).await
    }

    async fn alarm(&self) -> worker::Result<Response> {
        let (objects, account_id) = (DurableObjects::new(&self.env, &Rc::default()), config::account_id(&self.env));
        // An error here is the database's own: only the platform's retry is left.
        let put_off = duties::perform(&self.db, &objects, &account_id, time::now).await;
        if let Some(failure) = put_off.map_err(|failure| worker::Error::RustError(failure.to_string()))? {
            log::warn(format_args!("put off: {failure}"));
        }
        Response::empty()
    }
}
