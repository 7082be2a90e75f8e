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

    /// Puts messages into it, in as few batches as it takes.
    pub(crate) async fn send(&self, messages: Vec<Value>) -> Result<(), Failure> {
        for batch in batches(messages) {
            let requests =
                batch.iter().map(|message| request(message)).collect::<Result<Array, _>>().map_err(failed)?;
            JsFuture::from(self.0.send_batch(&requests).map_err(failed)?).await.map_err(failed)?;
        }
        Ok(())
    }
}

/// `{ body }`, as an object of JavaScript's own.
fn request(message: &str) -> Result<JsValue, JsValue> {
    let request = Object::new();
    Reflect::set(&request, &"body".into(), &JSON::parse(message)?)?;
    Ok(request.into())
}

/// Messages as JSON, as many together as the platform takes at once.
fn batches(messages: Vec<Value>) -> Vec<Vec<String>> {
    let mut batches: Vec<Vec<String>> = Vec::new();
    let mut len = 0;
    for message in messages {
        let message = message.to_string();
        match batches.last_mut() {
            Some(batch) if batch.len() < QUEUE_BATCH_MAX && len + message.len() <= QUEUE_BATCH_LEN_MAX => {
                len += message.len();
                batch.push(message);
            }
            _ => {
                len = message.len();
                batches.push(vec![message]);
            }
        }
    }
    batches
}

fn failed(error: JsValue) -> Failure {
    Failure::Platform(format!("queue: {}", worker::Error::from(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_no_more_messages_and_no_more_bytes_than_the_platform_takes() {
        let sizes = |messages: Vec<Value>| batches(messages).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(vec![]), [0; 0]);
        assert_eq!(sizes(vec![Value::Null; 2 * QUEUE_BATCH_MAX + 1]), [QUEUE_BATCH_MAX, QUEUE_BATCH_MAX, 1]);
        let large = Value::String("x".repeat(QUEUE_BATCH_LEN_MAX / 2));
        assert_eq!(sizes(vec![large.clone(), Value::Null, large]), [2, 1]);
    }
}
