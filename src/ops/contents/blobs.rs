//! Files: whole, or as they are made.

use std::ops::Range;

use git_core::ObjectId;
use git_core::pack::Kind;
use git_core::pack::catalog::Place;

use super::large::Source;
use super::{Contents, ContentsFault, FilePath, Revision};
use crate::config::{OBJECT_RESIDENT_MAX, SNIFFED_LEN, WHOLE_LEN_MAX};
use crate::durable::Failure;
use crate::error::Error;
use crate::ops::catalog::LoadedCatalog;
use crate::ops::sink::{Sink, Unsent};
use crate::repo::Opened;
use crate::store::PackStore;

/// A blob that was found.
#[derive(Debug)]
pub(crate) struct Blob {
    pub(crate) id: ObjectId,
    /// Bytes.
    pub(crate) len: u64,
    place: Place,
}

impl<S: PackStore> Contents<'_, S> {
    /// The blob of an id; `None` when it is not there, or is something else.
    pub(crate) fn blob(&self, id: ObjectId) -> Result<Option<Blob>, Error> {
        let Some(place) = self.catalog.packs.find(id) else { return Ok(None) };
        if self.kind(place)? == Kind::Blob { self.found(place).map(Some) } else { Ok(None) }
    }

    /// The file at a path; `None` when the revision or the path leads to none.
    pub(crate) async fn blob_at(&self, revision: &Revision, path: FilePath<'_>) -> Result<Option<Blob>, Error> {
        self.file(revision, path).await?.map(|place| self.found(place)).transpose()
    }

    fn found(&self, place: Place) -> Result<Blob, Error> {
        let entry = self.catalog.packs.entry(place);
        let entry = entry.ok_or_else(|| Failure::shape("an object", format_args!("{place:?}")))?;
        Ok(Blob { id: self.id(place)?, len: entry.object_len, place })
    }

    /// Whether a blob can be made at once, as [`Self::bytes`] makes it, at little expense.
    pub(crate) fn is_small(&self, blob: &Blob) -> bool {
        self.catalog.packs.can_hold(blob.place, OBJECT_RESIDENT_MAX)
    }

    /// All of a blob.
    pub(crate) async fn bytes(&self, blob: &Blob) -> Result<Vec<u8>, Error> {
        if self.is_small(blob) {
            return self.content(blob.place).await;
        }
        if blob.len > WHOLE_LEN_MAX {
            return Err(ContentsFault::TooLarge(blob.id).into());
        }
        self.start(blob, usize::try_from(blob.len).unwrap_or(usize::MAX)).await
    }

    /// What a file's type is told from.
    pub(crate) async fn first_bytes(&self, blob: &Blob) -> Result<Vec<u8>, Error> {
        if self.is_small(blob) { self.content(blob.place).await } else { self.start(blob, SNIFFED_LEN).await }
    }

    /// The first bytes of a large blob.
    async fn start(&self, blob: &Blob, len: usize) -> Result<Vec<u8>, Error> {
        let mut source = Source::open(&self.catalog, blob.place).await?.ok_or(ContentsFault::TooLarge(blob.id))?;
        let mut bytes = Vec::new();
        while bytes.len() < len {
            let Some(more) = source.next().await? else { break };
            bytes.extend(more);
        }
        bytes.truncate(len);
        Ok(bytes)
    }

    /// The repo as it was opened, for [`send`].
    pub(crate) fn into_opened(self) -> Opened {
        self.opened
    }
}

/// Sends a part of a large blob as it is made.
pub(crate) async fn send<S: PackStore, K: Sink>(
    opened: &Opened,
    store: &S,
    blob: &Blob,
    range: Range<u64>,
    sink: &mut K,
) -> Result<(), Unsent> {
    let catalog = LoadedCatalog::load(opened, store).await?;
    let source = Source::open(&catalog, blob.place).await?;
    let mut source = source.ok_or_else(|| Failure::shape("an object that can be made", blob.id))?;
    let mut at = 0;
    while at < range.end {
        let Some(bytes) = source.next().await? else { break };
        let end = at + bytes.len() as u64;
        let cut = |offset: u64| usize::try_from(offset.clamp(at, end) - at).unwrap_or(usize::MAX);
        let part = bytes.get(cut(range.start)..cut(range.end)).unwrap_or_default().to_vec();
        if !part.is_empty() {
            sink.write(part.into()).await?;
        }
        at = end;
    }
    Ok(())
}
