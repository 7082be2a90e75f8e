//! Objects in R2, or in memory for native tests: written once, read by ranges.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use futures_util::stream;
use js_sys::futures::JsFuture;
use js_sys::{Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::{Bucket, Env, FixedLengthStream};

use super::bytes::Bytes;
use super::keys::{self, REPO_METADATA};
use crate::config::{PACKS, R2_KEYS_MAX};
use crate::durable::Failure;
use crate::meter::Meter;
use crate::time;

/// Where packs, their indexes and spills are.
pub(crate) trait PackStore {
    /// Stores an object whole; it can be read as soon as this returns.
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Failure>;

    /// The same for bytes that are made while they are stored, `len` of them in all.
    async fn put_pieces(
        &self,
        key: &str,
        len: u64,
        pieces: impl Iterator<Item = Vec<u8>> + 'static,
    ) -> Result<(), Failure>;

    /// Exactly these bytes of an object. That it is not there, or shorter, is a failure: nothing is read that has not
    /// been stored.
    async fn get(&self, key: &str, range: Range<u64>) -> Result<Bytes, Failure>;

    /// Deletes objects that nothing names. Deleting what is not there is no failure.
    async fn delete(&self, keys: Vec<String>) -> Result<(), Failure>;
}

#[wasm_bindgen]
extern "C" {
    /// The parts of the binding that hand over JavaScript's own buffers, which `worker::Bucket` copies into wasm.
    type R2Bucket;

    #[wasm_bindgen(method, catch)]
    fn put(this: &R2Bucket, key: &str, value: &Uint8Array, options: &Object) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn get(this: &R2Bucket, key: &str, options: &Object) -> Result<Promise, JsValue>;

    type R2ObjectBody;

    #[wasm_bindgen(method, catch, js_name = arrayBuffer)]
    fn array_buffer(this: &R2ObjectBody) -> Result<Promise, JsValue>;
}

/// The bucket of packs. What is stored for a repo says where the repo's object is: keys have the repo's id alone, and where
/// a repo that is gone was stands nowhere else.
#[derive(Debug, Clone)]
pub(crate) struct R2Packs {
    bucket: JsValue,
    metadata: Option<String>,
    meter: Rc<Meter>,
}

impl R2Packs {
    /// For reading, at the cost of one request.
    pub(crate) fn new(env: &Env, meter: &Rc<Meter>) -> Result<Self, Failure> {
        let bucket: Bucket = env.bucket(PACKS)?;
        Ok(Self { bucket: bucket.into(), metadata: None, meter: Rc::clone(meter) })
    }

    /// For what belongs to a repo.
    pub(crate) fn of_repo(env: &Env, meter: &Rc<Meter>, namespace: &str, repo: &str) -> Result<Self, Failure> {
        Ok(Self { metadata: Some(keys::repo_metadata(namespace, repo)), ..Self::new(env, meter)? })
    }

    /// Waits for a read or a write, at the cost of the request.
    async fn timed<T>(&self, call: impl Future<Output = T>) -> T {
        let began = time::now();
        let outcome = call.await;
        self.meter.r2_took(time::now().saturating_sub(began));
        outcome
    }

    /// The same as `worker` has it.
    pub(super) fn bucket(&self) -> Bucket {
        Bucket::unchecked_from_js(self.bucket.clone())
    }

    fn raw(&self) -> &R2Bucket {
        self.bucket.unchecked_ref()
    }
}

impl PackStore for R2Packs {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Failure> {
        self.meter.r2_write(bytes.len() as u64);
        let options = put_options(self.metadata.as_deref())?;
        let stored = self.raw().put(key, &bytes.to_js(), &options).map_err(failed)?;
        self.timed(JsFuture::from(stored)).await.map_err(failed)?;
        Ok(())
    }

    async fn put_pieces(
        &self,
        key: &str,
        len: u64,
        pieces: impl Iterator<Item = Vec<u8>> + 'static,
    ) -> Result<(), Failure> {
        self.meter.r2_write(len);
        let stream = FixedLengthStream::wrap(stream::iter(pieces.map(Ok)), len);
        let metadata = self.metadata.iter().map(|repo| (REPO_METADATA.to_owned(), repo.clone()));
        let (bucket, metadata) = (self.bucket(), metadata.collect::<HashMap<_, _>>());
        self.timed(bucket.put(key, stream).custom_metadata(metadata).execute()).await?;
        Ok(())
    }

    async fn get(&self, key: &str, range: Range<u64>) -> Result<Bytes, Failure> {
        let len = range.end.saturating_sub(range.start);
        self.meter.r2_read(len);
        let options = get_options(range.start, len)?;
        let found = self.raw().get(key, &options).map_err(failed)?;
        let found = self.timed(JsFuture::from(found)).await.map_err(failed)?;
        if found.is_null() {
            return Err(Failure::shape("a stored object", key));
        }
        let body: R2ObjectBody = found.unchecked_into();
        let buffer = body.array_buffer().map_err(failed)?;
        let buffer = self.timed(JsFuture::from(buffer)).await.map_err(failed)?;
        let bytes = Bytes::from(Uint8Array::new(&buffer));
        if bytes.len() as u64 != len {
            return Err(Failure::shape("all of a range", format_args!("{} of {len} bytes of {key}", bytes.len())));
        }
        Ok(bytes)
    }

    async fn delete(&self, keys: Vec<String>) -> Result<(), Failure> {
        let bucket = self.bucket();
        for page in keys.chunks(R2_KEYS_MAX as usize) {
            bucket.delete_multiple(page.iter().map(String::as_str).collect()).await?;
        }
        Ok(())
    }
}

/// `{ customMetadata: { repo } }`
fn put_options(repo: Option<&str>) -> Result<Object, Failure> {
    let options = Object::new();
    if let Some(repo) = repo {
        let metadata = Object::new();
        Reflect::set(&metadata, &REPO_METADATA.into(), &repo.into()).map_err(failed)?;
        Reflect::set(&options, &"customMetadata".into(), &metadata).map_err(failed)?;
    }
    Ok(options)
}

/// `{ range: { offset, length } }`
fn get_options(offset: u64, length: u64) -> Result<Object, Failure> {
    let (options, range) = (Object::new(), Object::new());
    for (name, value) in [("offset", offset), ("length", length)] {
        Reflect::set(&range, &name.into(), &js_number(value).into()).map_err(failed)?;
    }
    Reflect::set(&options, &"range".into(), &range).map_err(failed)?;
    Ok(options)
}

#[expect(clippy::cast_precision_loss, reason = "an offset in an object of R2, which is below 5 TiB: exact in a double")]
fn js_number(value: u64) -> f64 {
    value as f64
}

fn failed(error: JsValue) -> Failure {
    worker::Error::from(error).into()
}

/// Objects in memory. `fails_after` operations have gone well, all others fail; `n_read` bytes have been read.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct MemoryPacks {
    pub(crate) objects: std::cell::RefCell<std::collections::BTreeMap<String, Vec<u8>>>,
    pub(crate) fails_after: std::cell::Cell<Option<usize>>,
    pub(crate) n_read: std::cell::Cell<usize>,
}

#[cfg(test)]
impl MemoryPacks {
    fn operate(&self) -> Result<(), Failure> {
        match self.fails_after.get() {
            Some(0) => Err(Failure::Platform("R2 failed on demand".into())),
            Some(n) => {
                self.fails_after.set(Some(n - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
impl PackStore for MemoryPacks {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Failure> {
        self.operate()?;
        self.objects.borrow_mut().insert(key.to_owned(), bytes.to_vec());
        Ok(())
    }

    async fn put_pieces(
        &self,
        key: &str,
        len: u64,
        pieces: impl Iterator<Item = Vec<u8>> + 'static,
    ) -> Result<(), Failure> {
        let bytes: Vec<u8> = pieces.flatten().collect();
        assert_eq!(bytes.len() as u64, len);
        self.put(key, bytes.into()).await
    }

    async fn get(&self, key: &str, range: Range<u64>) -> Result<Bytes, Failure> {
        self.operate()?;
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        self.n_read.set(self.n_read.get() + range.len());
        let objects = self.objects.borrow();
        let bytes = objects.get(key).and_then(|object| object.get(range));
        bytes.map(|bytes| bytes.to_vec().into()).ok_or_else(|| Failure::shape("a stored object", key))
    }

    async fn delete(&self, keys: Vec<String>) -> Result<(), Failure> {
        self.operate()?;
        self.objects.borrow_mut().retain(|key, _| !keys.contains(key));
        Ok(())
    }
}
