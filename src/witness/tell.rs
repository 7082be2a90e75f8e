//! Who is told what a request did when it is over. Nobody waits for it: it is done while, or after, the answer is sent.

use std::rc::Rc;

use worker::{Context, Env};

use super::buffer::{self, Batch, Turn};
use super::trace::Trace;
use super::{Deed, Subject, Witness, analytics};
use crate::announce::{self, About, Queue};
use crate::config::{self, ANNOUNCE_AFTER_MS, EVENTS_FLUSH_MS};
use crate::error::Error;
use crate::log;
use crate::meter::Meter;
use crate::objects::{DurableObjects, Objects};
use crate::store::R2Packs;
use crate::time;

/// The ways to those who are told.
#[derive(Clone)]
pub(crate) struct Audience {
    env: Env,
    /// What keeps a request alive until all have been told.
    context: Rc<Context>,
}

impl Audience {
    pub(crate) fn new(env: &Env, context: Context) -> Self {
        Self { env: env.clone(), context: Rc::new(context) }
    }

    /// Holds on to what goes on after the head of an answer.
    pub(crate) fn keep(&self, work: impl Future<Output = ()> + 'static) {
        self.context.wait_until(work);
    }

    /// The request is over and was answered with this status. It is told once.
    pub(crate) fn tell(&self, witness: &Witness, status: u16) {
        if witness.is_told.replace(true) {
            return;
        }
        let now = time::now();
        log::info(witness.line(status, now));
        self.record(witness.trace(now), now);
        let deeds = witness.deeds.take();
        if deeds.is_empty() {
            return;
        }
        if let Some(queue) = Queue::bound(&self.env) {
            let (env, subject, request_id) =
                (self.env.clone(), witness.subject.borrow().clone(), witness.request_id.clone());
            self.context.wait_until(async move {
                // The answer goes first.
                time::sleep(ANNOUNCE_AFTER_MS).await;
                if let Err(error) = announce(&env, &queue, &subject, &deeds, now).await {
                    log::warn(format_args!("request {request_id}: events not delivered: {error:?}"));
                }
            });
        }
    }

    fn record(&self, trace: Trace, now: u64) {
        if let Trace::Events(events) = &trace {
            analytics::write(&self.env, events);
        }
        let turn = buffer::add(trace, now);
        if turn != Turn::Nothing {
            let env = self.env.clone();
            self.context.wait_until(async move {
                if turn == Turn::Later {
                    time::sleep(EVENTS_FLUSH_MS).await;
                }
                flush(&env).await;
            });
        }
    }
}

/// Takes what has been left so far to where it is kept. What cannot be kept is lost: kept twice, it would count twice.
async fn flush(env: &Env) {
    let objects = DurableObjects::new(env, &Rc::new(Meter::deferred()));
    for Batch { shard, n_events, segment, noise } in buffer::take() {
        let recorded = async { objects.events(shard)?.record(segment, &noise).await };
        if let Err(failure) = recorded.await {
            log::warn(format_args!("{n_events} events lost: {failure}"));
        }
    }
}

async fn announce(env: &Env, queue: &Queue, subject: &Subject, deeds: &[Deed], now: u64) -> Result<(), Error> {
    let meter = Rc::new(Meter::deferred());
    let account_id = config::account_id(env);
    let (namespace, repo) = (subject.namespace.as_deref(), subject.repo.as_deref());
    let about = About {
        account_id: &account_id,
        namespace: namespace.unwrap_or_default(),
        repo: repo.unwrap_or_default(),
        now,
    };
    let (objects, store) = (DurableObjects::new(env, &meter), R2Packs::new(env, &meter)?);
    announce::announce(&objects, &store, about, deeds, queue).await
}
