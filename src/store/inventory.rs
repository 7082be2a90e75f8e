//! What is in R2, for an audit.

use js_sys::futures::JsFuture;
use js_sys::{Array, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;

use super::R2Packs;
use super::keys::{self, REPO_METADATA};
use crate::config::R2_KEYS_MAX;
use crate::durable::Failure;

/// What objects there are.
pub(crate) trait Inventory {
    /// A page of them in the order of their keys: what comes after `after`.
    async fn list(&self, after: Option<String>) -> Result<InventoryPage, Failure>;
}

/// Some objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct InventoryPage {
    pub(crate) objects: Vec<StoredObject>,
    /// The last key of the page; absent on the last one.
    pub(crate) next: Option<String>,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredObject {
    pub(crate) key: String,
    /// The repo and the upload that it belongs to, if the key is one of ours.
    pub(crate) upload: Option<(String, String)>,
    pub(crate) size: u64,
    /// Where the repo's object is, as `namespace/repo`.
    pub(crate) repo: Option<String>,
}

#[wasm_bindgen]
extern "C" {
    /// The part of the binding that `worker::Bucket` does not have: a list from after a key, whatever the key.
    type R2Bucket;

    #[wasm_bindgen(method, catch)]
    fn list(this: &R2Bucket, options: &Object) -> Result<Promise, JsValue>;

    type R2Objects;

    #[wasm_bindgen(method, getter)]
    fn objects(this: &R2Objects) -> Vec<R2Object>;

    #[wasm_bindgen(method, getter)]
    fn truncated(this: &R2Objects) -> bool;

    type R2Object;

    #[wasm_bindgen(method, getter)]
    fn key(this: &R2Object) -> String;

    #[wasm_bindgen(method, getter)]
    fn size(this: &R2Object) -> f64;

    #[wasm_bindgen(method, getter, js_name = customMetadata)]
    fn custom_metadata(this: &R2Object) -> JsValue;
}

impl Inventory for R2Packs {
    async fn list(&self, after: Option<String>) -> Result<InventoryPage, Failure> {
        let bucket = self.bucket();
        let bucket: &R2Bucket = bucket.as_ref().unchecked_ref();
        let failed = |error: JsValue| Failure::from(worker::Error::from(error));
        let options = list_options(after.as_deref()).map_err(failed)?;
        let listed = JsFuture::from(bucket.list(&options).map_err(failed)?).await.map_err(failed)?;
        let page: R2Objects = listed.unchecked_into();
        let objects: Vec<_> = page.objects().iter().map(stored_object).collect();
        let next = objects.last().filter(|_| page.truncated()).map(|last| last.key.clone());
        Ok(InventoryPage { objects, next })
    }
}

/// `{ limit, include: ["customMetadata"], startAfter }`
fn list_options(after: Option<&str>) -> Result<Object, JsValue> {
    let options = Object::new();
    Reflect::set(&options, &"limit".into(), &R2_KEYS_MAX.into())?;
    Reflect::set(&options, &"include".into(), &Array::of1(&"customMetadata".into()))?;
    if let Some(after) = after {
        Reflect::set(&options, &"startAfter".into(), &after.into())?;
    }
    Ok(options)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the length of an object, below 5 TiB")]
fn stored_object(object: &R2Object) -> StoredObject {
    let metadata = object.custom_metadata();
    let repo = Reflect::get(&metadata, &REPO_METADATA.into()).ok().and_then(|repo| repo.as_string());
    StoredObject::new(object.key(), object.size() as u64, repo)
}

impl StoredObject {
    fn new(key: String, size: u64, repo: Option<String>) -> Self {
        let upload = keys::parse(&key).map(|(repo_id, upload_id, _)| (repo_id.to_owned(), upload_id.to_owned()));
        Self { key, upload, size, repo }
    }
}

#[cfg(test)]
impl Inventory for super::MemoryPacks {
    /// Two objects a page.
    async fn list(&self, after: Option<String>) -> Result<InventoryPage, Failure> {
        let objects = self.objects.borrow();
        let mut rest = objects.iter().skip_while(|(key, _)| after.as_ref().is_some_and(|after| *key <= after));
        let some: Vec<_> = rest.by_ref().take(2).collect();
        let next = rest.next().and_then(|_| some.last()).map(|(key, _)| (*key).clone());
        let object = |(key, bytes): &(&String, &Vec<u8>)| StoredObject::new((*key).clone(), bytes.len() as u64, None);
        Ok(InventoryPage { objects: some.iter().map(object).collect(), next })
    }
}
