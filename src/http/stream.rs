//! An answer whose body is written while it is sent.

use std::rc::Rc;

use js_sys::futures::JsFuture;
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::{Response, ResponseBody};

use crate::log;
use crate::meter::Meter;
use crate::ops::sink::{Gone, Sink, Unsent};
use crate::store::bytes::Bytes;
use crate::witness::{Audience, FaultClass, Witness};

/// What callers are told of a failure of ours.
const INTERNAL: &str = "internal error";

#[wasm_bindgen]
extern "C" {
    /// A part of Workers: bytes pass from the writer to the client without entering any script.
    type IdentityTransformStream;

    #[wasm_bindgen(constructor, catch)]
    fn new() -> Result<IdentityTransformStream, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn readable(this: &IdentityTransformStream) -> JsValue;

    #[wasm_bindgen(method, getter)]
    fn writable(this: &IdentityTransformStream) -> WritableStream;

    /// The same of a known length, which the answer then says.
    #[wasm_bindgen(extends = IdentityTransformStream)]
    type FixedLengthStream;

    #[wasm_bindgen(constructor, catch)]
    fn new(len: u64) -> Result<FixedLengthStream, JsValue>;

    type WritableStream;

    #[wasm_bindgen(method, catch, js_name = getWriter)]
    fn get_writer(this: &WritableStream) -> Result<Writer, JsValue>;

    type Writer;

    #[wasm_bindgen(method)]
    fn write(this: &Writer, bytes: &Uint8Array) -> Promise;

    #[wasm_bindgen(method)]
    fn close(this: &Writer) -> Promise;

    #[wasm_bindgen(method)]
    fn abort(this: &Writer, reason: &JsValue) -> Promise;
}

/// The writing end of an answer's body.
pub(crate) struct BodySink {
    writer: Writer,
    meter: Rc<Meter>,
}

impl Sink for BodySink {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Gone> {
        if !bytes.is_empty() {
            self.meter.sent(bytes.len());
            // While the client takes them, they are held outside of wasm alone.
            let bytes = bytes.out_of_wasm();
            JsFuture::from(self.writer.write(&bytes.to_js())).await?;
        }
        Ok(())
    }
}

/// What is told of an answer when it is over.
pub(crate) struct Telling {
    audience: Audience,
    witness: Rc<Witness>,
    status: u16,
}

impl Telling {
    pub(crate) fn of(audience: &Audience, witness: &Rc<Witness>, status: u16) -> Self {
        Self { audience: audience.clone(), witness: Rc::clone(witness), status }
    }
}

/// A response whose body `write` goes on writing after the response has been handed to the platform. When it fails
/// and could not tell the client, the body breaks off, which no client takes for its end. `len` in bytes, if it is known.
/// When it is over, that is told, unless it was not begun: whoever has the response at hand says so to its witness.
pub(crate) fn respond<F>(
    len: Option<u64>,
    Telling { audience, witness, status }: Telling,
    write: impl FnOnce(BodySink) -> F,
) -> worker::Result<Response>
where
    F: Future<Output = Result<BodySink, (BodySink, Unsent)>> + 'static,
{
    let stream = match len {
        Some(len) => FixedLengthStream::new(len)?.unchecked_into(),
        None => IdentityTransformStream::new()?,
    };
    let writer = stream.writable().get_writer()?;
    let body = ResponseBody::Stream(stream.readable().unchecked_into());
    let written = write(BodySink { writer, meter: Rc::clone(&witness.meter) });
    let kept = audience.clone();
    // When the client goes away, the platform ends what nobody holds on to, without a word.
    kept.keep(async move {
        let ended = match written.await {
            Ok(sink) => JsFuture::from(sink.writer.close()).await,
            Err((sink, unsent @ Unsent::Told(_))) => {
                log::error(&unsent);
                witness.failed(FaultClass::Server, INTERNAL);
                JsFuture::from(sink.writer.close()).await
            }
            Err((sink, unsent @ Unsent::Failed(_))) => {
                log::error(&unsent);
                witness.failed(FaultClass::Server, INTERNAL);
                JsFuture::from(sink.writer.abort(&"the answer could not be completed".into())).await
            }
            Err((_, Unsent::NotBegun)) => return,
            Err((sink, unsent @ Unsent::Gone(_))) => {
                log::warn(&unsent);
                witness.left();
                JsFuture::from(sink.writer.abort(&"the client went away".into())).await
            }
        };
        if let Err(error) = ended {
            log::warn(Unsent::Gone(error.into()));
            witness.left();
        }
        audience.tell(&witness, status);
    });
    Response::from_body(body)
}
