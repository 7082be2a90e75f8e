//! A pack that is in R2 already, read like one that comes with a push.

use crate::body::{Body, BodyError};
use crate::config::{SEGMENT_LEN, STORED_READ_LEN};
use crate::store::{PackStore, keys};

/// The bytes of an upload's segments: none of one that is at hand whole.
pub(super) struct StoredBody<'a, S> {
    store: &'a S,
    repo_id: &'a str,
    upload_id: &'a str,
    at: u64,
    len: u64,
}

impl<'a, S> StoredBody<'a, S> {
    pub(super) fn new(store: &'a S, repo_id: &'a str, upload_id: &'a str, len: u64) -> Self {
        Self { store, repo_id, upload_id, at: 0, len }
    }
}

impl<S: PackStore> Body for StoredBody<'_, S> {
    async fn read(&mut self, out: &mut Vec<u8>) -> Result<bool, BodyError> {
        out.clear();
        if self.at == self.len {
            return Ok(false);
        }
        let segment_len = SEGMENT_LEN as u64;
        let (segment, start) = (self.at / segment_len, self.at % segment_len);
        let end = (start + STORED_READ_LEN).min(segment_len).min(start + self.len - self.at);
        let key = keys::segment(self.repo_id, self.upload_id, segment);
        let bytes = self.store.get(&key, start..end).await;
        let bytes = bytes.map_err(|failure| BodyError::Unreadable(failure.to_string()))?;
        bytes.append_to(out);
        self.at += end - start;
        Ok(true)
    }
}
