//! The SHA-1 of what is sent: the platform's own, so that the bytes need not enter wasm.

use git_core::ObjectId;
use js_sys::futures::JsFuture;
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::ops::sink::Gone;
use crate::store::bytes::Bytes;

#[wasm_bindgen]
extern "C" {
    /// `crypto.DigestStream`, a part of Workers and of nothing else.
    #[wasm_bindgen(js_namespace = crypto)]
    pub(super) type DigestStream;

    #[wasm_bindgen(constructor, js_namespace = crypto, catch)]
    fn new(algorithm: &str) -> Result<DigestStream, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn digest(this: &DigestStream) -> Promise;

    #[wasm_bindgen(method, catch, js_name = getWriter)]
    fn get_writer(this: &DigestStream) -> Result<Writer, JsValue>;

    pub(super) type Writer;

    #[wasm_bindgen(method)]
    fn write(this: &Writer, bytes: &Uint8Array) -> Promise;

    #[wasm_bindgen(method)]
    fn close(this: &Writer) -> Promise;
}

/// A hash in the making.
pub(super) enum Sha1 {
    Platform {
        stream: DigestStream,
        writer: Writer,
    },
    /// In native tests.
    Ours(git_core::sha1::Sha1),
}

impl Sha1 {
    pub(super) fn new() -> Result<Self, Gone> {
        if !cfg!(target_arch = "wasm32") {
            return Ok(Self::Ours(git_core::sha1::Sha1::default()));
        }
        let stream = DigestStream::new("SHA-1")?;
        let writer = stream.get_writer()?;
        Ok(Self::Platform { stream, writer })
    }

    pub(super) async fn update(&mut self, bytes: &Bytes) -> Result<(), Gone> {
        match self {
            Self::Platform { writer, .. } => {
                JsFuture::from(writer.write(&bytes.to_js())).await?;
            }
            Self::Ours(sha1) => sha1.update(&bytes.to_vec()),
        }
        Ok(())
    }

    pub(super) async fn finish(self) -> Result<ObjectId, Gone> {
        let bytes = match self {
            Self::Platform { stream, writer } => {
                JsFuture::from(writer.close()).await?;
                Uint8Array::new(&JsFuture::from(stream.digest()).await?).to_vec()
            }
            Self::Ours(sha1) => return Ok(sha1.finish()),
        };
        ObjectId::from_prefix(&bytes).ok_or_else(|| Gone(format!("a SHA-1 of {} bytes", bytes.len())))
    }
}
