//! The way to a Durable Object and back: one POST with a frame, one answer with a frame.
//!
//! Durable Objects cannot be addressed from outside, so what arrives was written by this program. Two results keep
//! apart what the object refuses (inside the frame) and what the platform failed at (a status other than 200, or
//! no answer at all).

use std::rc::Rc;

use js_sys::Uint8Array;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use worker::{Method, Request, RequestInit, Response, Stub};

use super::{Failure, Frame, FrameWriter};
use crate::meter::Meter;
use crate::{log, time};

/// The address is not looked at; the runtime wants one.
const OBJECT_URL: &str = "https://object/";

/// The way to one Durable Object.
pub(crate) trait Wire {
    /// Delivers a frame and returns the frame that answers it.
    async fn send(&self, frame: Vec<u8>) -> Result<Vec<u8>, Failure>;
}

/// The way to an object of the platform, at the cost of whoever asks.
#[derive(Debug)]
pub(crate) struct ObjectWire {
    stub: Stub,
    meter: Rc<Meter>,
}

impl ObjectWire {
    pub(crate) fn new(stub: Stub, meter: &Rc<Meter>) -> Self {
        Self { stub, meter: Rc::clone(meter) }
    }

    async fn deliver(&self, frame: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_body(Some(Uint8Array::from(frame.as_slice()).into()));
        drop(frame);
        let mut response = self.stub.fetch_with_request(Request::new_with_init(OBJECT_URL, &init)?).await?;
        match response.status_code() {
            200 => Ok(response.bytes().await?),
            status => Err(Failure::Platform(format!("object answered {status}: {}", response.text().await?))),
        }
    }
}

impl Wire for ObjectWire {
    async fn send(&self, frame: Vec<u8>) -> Result<Vec<u8>, Failure> {
        self.meter.object_call();
        let began = time::now();
        let answer = self.deliver(frame).await;
        self.meter.object_took(time::now().saturating_sub(began));
        answer
    }
}

/// What an object answered: its result, and the byte strings that the result refers to.
#[derive(Debug)]
pub(crate) struct Answer<T, R> {
    pub(crate) result: Result<T, R>,
    pub(crate) strings: Frame,
}

/// Asks the object at the end of `wire`.
pub(crate) async fn ask<W, T, R>(wire: &W, call: &impl Serialize, strings: &[&[u8]]) -> Result<Answer<T, R>, Failure>
where
    W: Wire,
    T: DeserializeOwned,
    R: DeserializeOwned,
{
    let mut writer = FrameWriter::default();
    for string in strings {
        writer.push(string)?;
    }
    let strings = Frame::parse(wire.send(writer.finish(call)?).await?)?;
    Ok(Answer { result: strings.head()?, strings })
}

/// The answer of an object that has noted what it was told and has nothing to tell itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Noted {
    Done,
}

/// Why such an object says no: it never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Never {}

/// Tells an object that refuses nothing; returns when it has noted it.
pub(crate) async fn tell(wire: &impl Wire, call: &impl Serialize) -> Result<(), Failure> {
    match ask::<_, Noted, Never>(wire, call, &[]).await?.result {
        Ok(Noted::Done) => Ok(()),
        Err(never) => match never {},
    }
}

/// Answers a request that reached an object. The answer is never `Err`: a handler that fails is one that keeps its
/// writes, and what is to be undone has been undone by then.
pub(crate) async fn serve(
    mut request: Request,
    answer: impl FnOnce(Vec<u8>) -> Result<Vec<u8>, Failure>,
) -> worker::Result<Response> {
    let frame = request.bytes().await.map_err(Failure::from);
    match frame.and_then(answer) {
        Ok(frame) => Response::from_bytes(frame),
        Err(failure) => {
            log::error(&failure);
            Response::error(failure.to_string(), 500)
        }
    }
}
