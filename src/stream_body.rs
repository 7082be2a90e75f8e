//! Bodies from the platform, of requests and of answers: byte streams read in long stretches, and undone when they come
//! compressed.

use std::rc::Rc;

use js_sys::futures::JsFuture;
use js_sys::{Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::Request;

use crate::body::{Body, BodyError};
use crate::config::BODY_READ_LEN;
use crate::meter::Meter;

#[wasm_bindgen]
extern "C" {
    type ReadableStream;

    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn get_reader(this: &ReadableStream, options: &Object) -> Result<ByobReader, JsValue>;

    #[wasm_bindgen(method, catch, js_name = pipeThrough)]
    fn pipe_through(this: &ReadableStream, transform: &DecompressionStream) -> Result<ReadableStream, JsValue>;

    type DecompressionStream;

    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<DecompressionStream, JsValue>;

    type ByobReader;

    /// An extension of Workers: the default reader's chunks are of 4 KiB, at a third of the speed.
    #[wasm_bindgen(method, catch, js_name = readAtLeast)]
    fn read_at_least(this: &ByobReader, len_min: u32, view: &Uint8Array) -> Result<Promise, JsValue>;
}

/// A body that is read once.
pub(crate) struct StreamBody {
    /// None once the body has been read to its end.
    reader: Result<Option<ByobReader>, BodyError>,
    /// How many bytes a read waits for, unless the body ends before.
    len_min: u32,
    /// Goes back and forth: the platform fills it and returns it.
    buffer: Option<Uint8Array>,
    meter: Rc<Meter>,
}

impl StreamBody {
    /// The body of `request`, inflated when the request says that it is gzip. What is wrong with it is told when it is read:
    /// who asks is settled before.
    pub(crate) fn of_request(request: &Request, meter: &Rc<Meter>) -> Self {
        Self { reader: Self::inflated(request), len_min: BODY_READ_LEN, buffer: None, meter: Rc::clone(meter) }
    }

    /// The body of an answer, which the platform has inflated. A read waits for a single byte: an answer may come slowly, and
    /// that something comes is news.
    pub(crate) fn of_answer(stream: Option<JsValue>) -> Self {
        Self { reader: reader(stream), len_min: 1, buffer: None, meter: Rc::default() }
    }

    fn inflated(request: &Request) -> Result<Option<ByobReader>, BodyError> {
        let encoding = request.headers().get("content-encoding").ok().flatten().unwrap_or_default();
        let Some(stream) = request.inner().body() else { return Ok(None) };
        let mut stream: ReadableStream = JsValue::from(stream).unchecked_into();
        match encoding.to_ascii_lowercase().as_str() {
            "" | "identity" => {}
            "gzip" | "x-gzip" => {
                let inflate = DecompressionStream::new("gzip").map_err(unreadable)?;
                stream = stream.pipe_through(&inflate).map_err(unreadable)?;
            }
            other => return Err(BodyError::Unreadable(format!("content-encoding '{other}' is not supported"))),
        }
        reader(Some(stream.into()))
    }
}

fn reader(stream: Option<JsValue>) -> Result<Option<ByobReader>, BodyError> {
    let Some(stream) = stream else { return Ok(None) };
    let options = Object::new();
    Reflect::set(&options, &"mode".into(), &"byob".into()).map_err(unreadable)?;
    stream.unchecked_into::<ReadableStream>().get_reader(&options).map(Some).map_err(unreadable)
}

impl Body for StreamBody {
    async fn read(&mut self, out: &mut Vec<u8>) -> Result<bool, BodyError> {
        out.clear();
        let Some(reader) = self.reader.as_ref().map_err(Clone::clone)? else { return Ok(false) };
        let buffer = self.buffer.take().unwrap_or_else(|| Uint8Array::new_with_length(BODY_READ_LEN));
        let read = JsFuture::from(reader.read_at_least(self.len_min, &buffer).map_err(unreadable)?)
            .await
            .map_err(unreadable)?;
        let view = Reflect::get(&read, &"value".into()).map_err(unreadable)?;
        let Ok(view) = view.dyn_into::<Uint8Array>() else {
            self.reader = Ok(None);
            return Ok(false);
        };
        out.resize(view.length() as usize, 0);
        view.copy_to(out);
        self.buffer = Some(Uint8Array::new(&view.buffer()));
        self.meter.received(out.len());
        if out.is_empty() {
            self.reader = Ok(None);
        }
        Ok(!out.is_empty())
    }
}

fn unreadable(error: JsValue) -> BodyError {
    let words = worker::Error::from(error).to_string();
    BodyError::Unreadable(words)
}
