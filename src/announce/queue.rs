//! The queue that is bound. The only module that knows Queues.

use js_sys::futures::JsFuture;
use js_sys::{Array, JSON, Object, Promise, Reflect};
use serde_json::Value;
use wasm_bindgen::prelude::*;
use worker::Env;

use crate::config::{EVENTS_QUEUE, QUEUE_BATCH_LEN_MAX, QUEUE_BATCH_MAX};
use crate::durable::Failure;

#[wasm_bindgen]
extern "C" {
    /// The part of the binding that is used: what `worker` has serializes maps as `Map`, which no consumer expects.
    type Producer;

    #[wasm_bindgen(method, catch, js_name = sendBatch)]
    fn send_batch(this: &Producer, messages: &Array) -> Result<Promise, JsValue>;
}

/// The way into the queue.
pub(crate) struct Queue(Producer);

impl Queue {
    /// The queue, if one is bound.
    pub(crate) fn bound(env: &Env) -> Option<Self> {
        let binding = Reflect::get(env, &EVENTS_QUEUE.into()).ok()?;
        binding.is_object().then(|| Self(binding.unchecked_into()))
    }

    /// Adds a message to those that go together, and sends them when no more fit.
    pub(crate) async fn put(&self, outbox: &mut Outbox, message: &Value) -> Result<(), Failure> {
        match outbox.add(message.to_string()) {
            Some(full) => self.send(full).await,
            None => Ok(()),
        }
    }

    /// Sends what is left.
    pub(crate) async fn send(&self, outbox: Outbox) -> Result<(), Failure> {
        if outbox.messages.is_empty() {
            return Ok(());
        }
        let requests = outbox.messages.iter().map(|message| request(message));
        let requests = requests.collect::<Result<Array, _>>().map_err(failed)?;
        JsFuture::from(self.0.send_batch(&requests).map_err(failed)?).await.map_err(failed)?;
        Ok(())
    }
}

/// Messages that go together, as JSON.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    messages: Vec<String>,
    /// Bytes.
    len: usize,
}

impl Outbox {
    /// Adds a message; returns those before it when the platform takes no more with them.
    fn add(&mut self, message: String) -> Option<Self> {
        let fits = self.messages.len() < QUEUE_BATCH_MAX && self.len + message.len() <= QUEUE_BATCH_LEN_MAX;
        let full = (!fits && !self.messages.is_empty()).then(|| std::mem::take(self));
        self.len += message.len();
        self.messages.push(message);
        full
    }
}

/// `{ body }`, as an object of JavaScript's own.
fn request(message: &str) -> Result<JsValue, JsValue> {
    let request = Object::new();
    Reflect::set(&request, &"body".into(), &JSON::parse(message)?)?;
    Ok(request.into())
}

fn failed(error: JsValue) -> Failure {
    Failure::Platform(format!("queue: {}", worker::Error::from(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many messages of these lengths go together.
    fn batches(lens: &[usize]) -> Vec<usize> {
        let mut outbox = Outbox::default();
        let full: Vec<_> = lens.iter().filter_map(|&len| outbox.add("x".repeat(len))).collect();
        full.iter().chain([&outbox]).map(|batch| batch.messages.len()).collect()
    }

    #[test]
    fn a_batch_has_no_more_messages_and_no_more_bytes_than_the_platform_takes() {
        assert_eq!(batches(&[]), [0]);
        assert_eq!(batches(&[4; 2 * QUEUE_BATCH_MAX + 1]), [QUEUE_BATCH_MAX, QUEUE_BATCH_MAX, 1]);
        assert_eq!(batches(&[QUEUE_BATCH_LEN_MAX / 2, 4, QUEUE_BATCH_LEN_MAX / 2]), [2, 1]);
        assert_eq!(batches(&[QUEUE_BATCH_LEN_MAX + 1, 4]), [1, 1]);
    }
}
