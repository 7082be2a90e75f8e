//! Deletes what an upload left in R2.

use worker::{Bucket, Env};

use crate::config::{PACKS, R2_KEYS_MAX};
use crate::durable::Failure;

/// Where bytes are taken away.
pub(crate) trait Reclaim {
    /// Deletes every object whose key starts with `prefix`. Deleting twice is the same as once.
    async fn delete_all(&self, prefix: &str) -> Result<(), Failure>;
}

/// The bucket of packs.
#[derive(Debug)]
pub(crate) struct R2Reclaim<'a> {
    env: &'a Env,
}

impl<'a> R2Reclaim<'a> {
    pub(crate) fn new(env: &'a Env) -> Self {
        Self { env }
    }
}

impl Reclaim for R2Reclaim<'_> {
    async fn delete_all(&self, prefix: &str) -> Result<(), Failure> {
        let bucket: Bucket = self.env.bucket(PACKS)?;
        // What has been deleted is not listed again, so every page is the first.
        loop {
            let page = bucket.list().prefix(prefix).limit(R2_KEYS_MAX).execute().await?;
            let keys: Vec<String> = page.objects().iter().map(worker::Object::key).collect();
            if keys.is_empty() {
                return Ok(());
            }
            bucket.delete_multiple(keys).await?;
            if !page.truncated() {
                return Ok(());
            }
        }
    }
}

/// A bucket in memory, which fails on demand.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct MemoryReclaim {
    pub(crate) deleted: std::cell::RefCell<Vec<String>>,
    pub(crate) fails: std::cell::Cell<bool>,
}

#[cfg(test)]
impl Reclaim for MemoryReclaim {
    async fn delete_all(&self, prefix: &str) -> Result<(), Failure> {
        if self.fails.get() {
            return Err(Failure::Platform("R2 failed on demand".into()));
        }
        self.deleted.borrow_mut().push(prefix.to_owned());
        Ok(())
    }
}

#[cfg(test)]
impl Reclaim for super::MemoryPacks {
    async fn delete_all(&self, prefix: &str) -> Result<(), Failure> {
        self.objects.borrow_mut().retain(|key, _| !key.starts_with(prefix));
        Ok(())
    }
}
