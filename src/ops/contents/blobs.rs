//! Files: whole, or as they are made.

use std::ops::Range;

use git_core::ObjectId;
use git_core::pack::Kind;
use git_core::pack::catalog::Place;

use super::large::{Source, survey};
use super::plan::plan;
use super::share::Share;
use super::{Contents, ContentsFault, FilePath, Revision};
use crate::config::{LARGE_DELTAS_MAX, LARGE_PLAN, OBJECT_RESIDENT_MAX};
use crate::durable::Failure;
use crate::error::Error;
use crate::ops::catalog::LoadedCatalog;
use crate::ops::sink::{Sink, Unsent};
use crate::repo::Opened;
use crate::store::PackStore;
use crate::time;

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

    /// All of a small blob.
    pub(crate) async fn bytes(&self, blob: &Blob) -> Result<Vec<u8>, Error> {
        self.content(blob.place).await
    }

    /// The repo as it was opened, for [`send`].
    pub(crate) fn into_opened(self) -> Opened {
        self.opened
    }
}

/// Who a file is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recipient {
    /// One that takes it piece by piece.
    Client,
    /// One in this isolate, that gathers all of it.
    Gatherer,
}

/// Sends a part of a blob as it is made. Whatever keeps it from being made is found out before the first byte: `tell` hears of it,
/// or else the first bytes of the blob, which may be all.
pub(crate) async fn send<S: PackStore, K: Sink>(
    opened: &Opened,
    store: &S,
    (blob, range): (&Blob, Range<u64>),
    recipient: Recipient,
    tell: impl FnOnce(Result<&[u8], Error>),
    sink: &mut K,
) -> Result<(), Unsent> {
    let catalog = match LoadedCatalog::load(opened, store).await {
        Ok(catalog) => catalog,
        Err(failure) => {
            tell(Err(failure.into()));
            return Err(Unsent::NotBegun);
        }
    };
    match Begun::new(&catalog, blob, recipient).await {
        Ok(begun) => {
            tell(Ok(&begun.first));
            begun.send(range, sink).await
        }
        Err(error) => {
            tell(Err(error));
            Err(Unsent::NotBegun)
        }
    }
}

/// The first bytes of a blob, or why it cannot be sent: what [`send`] begins with.
pub(crate) async fn first_bytes<S: PackStore>(opened: &Opened, store: &S, blob: &Blob) -> Result<Vec<u8>, Error> {
    let catalog = LoadedCatalog::load(opened, store).await?;
    Ok(Begun::new(&catalog, blob, Recipient::Client).await?.first)
}

/// A blob of which the first bytes have been made.
struct Begun<'c, S> {
    first: Vec<u8>,
    rest: Rest<'c, S>,
}

enum Rest<'c, S> {
    /// There is none; the share is for the first bytes, which are all, until they have been taken.
    Nothing(#[expect(dead_code, reason = "it is held, not read")] Share),
    Source(Source<'c, S>),
}

impl<'c, S: PackStore> Begun<'c, S> {
    async fn new(catalog: &'c LoadedCatalog<'c, S>, blob: &Blob, recipient: Recipient) -> Result<Self, Error> {
        let gathered_len = if recipient == Recipient::Gatherer { blob.len } else { 0 };
        let share = async |len| Share::take(len, time::sleep).await.map_err(|_| ContentsFault::Busy);
        let places = catalog.chain(blob.place)?;
        if catalog.packs.can_hold(blob.place, OBJECT_RESIDENT_MAX) {
            let lens = places.iter().skip(1).filter_map(|&base| catalog.packs.entry(base)).map(|base| base.object_len);
            let share = share(gathered_len + lens.max().unwrap_or(0)).await?;
            catalog.read_ahead(&[blob.place]).await?;
            let content = catalog.object(blob.place).await?;
            let (_, first) = content.ok_or_else(|| Failure::shape("an object that can be held", blob.id))?;
            return Ok(Self { first, rest: Rest::Nothing(share) });
        }
        if places.len() > LARGE_DELTAS_MAX + 1 {
            return Err(ContentsFault::TooManyDeltas { id: blob.id, n_max: LARGE_DELTAS_MAX }.into());
        }
        let plan = plan(&survey(catalog, &places).await?, &LARGE_PLAN);
        let plan = plan.ok_or(ContentsFault::TooScattered { id: blob.id, base_len_max: LARGE_PLAN.held_max })?;
        let share = share(gathered_len + plan.held_len).await?;
        let mut source = Source::open(catalog, places, plan, share).await?;
        let first = source.next().await?.unwrap_or_default();
        Ok(Self { first, rest: Rest::Source(source) })
    }

    async fn send<K: Sink>(self, range: Range<u64>, sink: &mut K) -> Result<(), Unsent> {
        let (mut bytes, mut rest, mut at) = (self.first, self.rest, 0);
        while at < range.end && !bytes.is_empty() {
            let end = at + bytes.len() as u64;
            let cut = |offset: u64| usize::try_from(offset.clamp(at, end) - at).unwrap_or(usize::MAX);
            bytes.truncate(cut(range.end));
            bytes.drain(..cut(range.start));
            if !bytes.is_empty() {
                sink.write(bytes.into()).await?;
            }
            at = end;
            bytes = match &mut rest {
                Rest::Source(source) if at < range.end => source.next().await?.unwrap_or_default(),
                Rest::Source(_) | Rest::Nothing(_) => Vec::new(),
            };
        }
        Ok(())
    }
}
