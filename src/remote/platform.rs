//! The platform's `fetch`.

use js_sys::futures::JsFuture;
use js_sys::{Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::Env;

use super::{Remote, RemoteAnswer, RemoteRequest, Unreachable};
use crate::body::{Body, BodyError};
use crate::config::{self, AGENT};
use crate::stream_body::StreamBody;
use crate::time;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    fn fetch(url: &str, options: &Object) -> Result<Promise, JsValue>;

    type AbortController;

    #[wasm_bindgen(constructor)]
    fn new() -> AbortController;

    #[wasm_bindgen(method, getter)]
    fn signal(this: &AbortController) -> JsValue;

    #[wasm_bindgen(method)]
    fn abort(this: &AbortController);

    type Answer;

    #[wasm_bindgen(method, getter)]
    fn status(this: &Answer) -> u16;

    #[wasm_bindgen(method, getter)]
    fn headers(this: &Answer) -> AnswerHeaders;

    #[wasm_bindgen(method, getter)]
    fn body(this: &Answer) -> JsValue;

    type AnswerHeaders;

    #[wasm_bindgen(method)]
    fn get(this: &AnswerHeaders, name: &str) -> Option<String>;
}

/// Any server that the platform can reach.
#[derive(Debug)]
pub(crate) struct PlatformRemote {
    allows_insecure: bool,
}

impl PlatformRemote {
    pub(crate) fn new(env: &Env) -> Self {
        Self { allows_insecure: config::allows_insecure_import(env) }
    }
}

/// A question and its answer: it ends when nobody waits for it any more.
struct Exchange(AbortController);

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The body of an answer: what does not come in time breaks it off.
pub(crate) struct RemoteBody {
    stream: StreamBody,
    _exchange: Exchange,
    patience_ms: u64,
}

impl Remote for PlatformRemote {
    type Body = RemoteBody;

    async fn ask(&self, request: &RemoteRequest<'_>) -> Result<RemoteAnswer<RemoteBody>, Unreachable> {
        let exchange = Exchange(AbortController::new());
        let asked = options(request, &exchange.0).and_then(|options| fetch(request.url, &options)).map_err(network)?;
        let answered = time::in_time(JsFuture::from(asked), time::sleep(request.patience_ms)).await;
        let answered = answered.ok_or(Unreachable::Silent { ms: request.patience_ms })?;
        let answer: Answer = answered.map_err(network)?.unchecked_into();
        let stream = StreamBody::of_answer(Some(answer.body()).filter(|body| !body.is_null()));
        Ok(RemoteAnswer {
            status: answer.status().into(),
            location: answer.headers().get("location"),
            body: RemoteBody { stream, _exchange: exchange, patience_ms: request.patience_ms },
        })
    }

    async fn wait(&self, ms: u64) {
        time::sleep(ms).await;
    }

    fn allows_insecure(&self) -> bool {
        self.allows_insecure
    }
}

impl Body for RemoteBody {
    async fn read(&mut self, out: &mut Vec<u8>) -> Result<bool, BodyError> {
        match time::in_time(self.stream.read(out), time::sleep(self.patience_ms)).await {
            Some(read) => read,
            None => Err(BodyError::Unreadable(Unreachable::Silent { ms: self.patience_ms }.to_string())),
        }
    }
}

/// `{ method, headers, body, redirect: "manual", signal }`
fn options(request: &RemoteRequest<'_>, controller: &AbortController) -> Result<Object, JsValue> {
    let (options, headers) = (Object::new(), Object::new());
    let set = |object: &Object, name: &str, value: JsValue| Reflect::set(object, &name.into(), &value).map(drop);
    set(&headers, "user-agent", format!("git/{AGENT}").into())?;
    // Brotli comes to nothing here when it is read piece by piece.
    set(&headers, "accept-encoding", "gzip".into())?;
    if let Some(protocol) = request.git_protocol {
        set(&headers, "git-protocol", protocol.into())?;
    }
    if let Some(body) = request.body {
        set(&headers, "content-type", format!("application/x-{}-request", request.service).into())?;
        set(&headers, "accept", format!("application/x-{}-result", request.service).into())?;
        set(&options, "body", Uint8Array::from(body).into())?;
    }
    set(&options, "method", if request.body.is_some() { "POST" } else { "GET" }.into())?;
    set(&options, "headers", headers.into())?;
    set(&options, "redirect", "manual".into())?;
    set(&options, "signal", controller.signal())?;
    Ok(options)
}

/// In the platform's words, but where these speak of the platform: that is what it says of a name that has no address, of a
/// connection that is refused and of a certificate that is not trusted.
fn network(error: JsValue) -> Unreachable {
    let said = worker::Error::from(error).to_string();
    let said = said.trim_start_matches("Error: ").trim_end_matches('.');
    let is_internal = said.contains("internal error");
    Unreachable::Network(if is_internal { "there is no connection to it".into() } else { said.into() })
}
