//! Request bodies from the platform: byte streams read in long stretches, and undone when they come compressed.

use js_sys::futures::JsFuture;
use js_sys::{Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::Request;

use crate::config::BODY_READ_LEN;
use crate::ops::body::{Body, BodyError};

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

/// The body of one request.
pub(crate) struct RequestBody {
    /// None once the body has been read to its end.
    reader: Result<Option<ByobReader>, BodyError>,
    /// Goes back and forth: the platform fills it and returns it.
    buffer: Option<Uint8Array>,
}

impl RequestBody {
    /// The body of `request`, inflated when the request says that it is gzip. What is wrong with it is told when it is read:
    /// who asks is settled before.
    pub(crate) fn new(request: &Request) -> Self {
        Self { reader: Self::reader(request), buffer: None }
    }

    fn reader(request: &Request) -> Result<Option<ByobReader>, BodyError> {
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
        let options = Object::new();
        Reflect::set(&options, &"mode".into(), &"byob".into()).map_err(unreadable)?;
        stream.get_reader(&options).map(Some).map_err(unreadable)
    }
}

impl Body for RequestBody {
    async fn read(&mut self, out: &mut Vec<u8>) -> Result<bool, BodyError> {
        out.clear();
        let Some(reader) = self.reader.as_ref().map_err(Clone::clone)? else { return Ok(false) };
        let len = u32::try_from(BODY_READ_LEN).unwrap_or(u32::MAX);
        let buffer = self.buffer.take().unwrap_or_else(|| Uint8Array::new_with_length(len));
        let read = JsFuture::from(reader.read_at_least(len, &buffer).map_err(unreadable)?).await.map_err(unreadable)?;
        let view = Reflect::get(&read, &"value".into()).map_err(unreadable)?;
        let Ok(view) = view.dyn_into::<Uint8Array>() else {
            self.reader = Ok(None);
            return Ok(false);
        };
        out.resize(view.length() as usize, 0);
        view.copy_to(out);
        self.buffer = Some(Uint8Array::new(&view.buffer()));
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
