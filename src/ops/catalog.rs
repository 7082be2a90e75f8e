//! A repo's packs as one request sees them: their indexes in memory, their bytes a read away.

mod blocks;
mod indexes;
mod known;

use std::ops::Range;
use std::rc::Rc;

use futures_util::{StreamExt, TryStreamExt, stream};
use git_core::pack::Kind;
use git_core::pack::catalog::{Catalog, CatalogPack, Place};
use git_core::pack::entry::{Content, Decoded, EntryHeader, decode_entry_header};
use git_core::pack::index::{self, PackIndex};
use git_core::pack::inflate::inflate_all;
use git_core::pack::visible::Visible;

use self::indexes::load_index;
use crate::config::{INDEX_READS_MAX, INLINE_LEN_MAX, INLINE_TOTAL_MAX, OBJECT_RESIDENT_MAX};
use crate::durable::Failure;
use crate::repo::Opened;
use crate::repo::call::{PackInfo, PackRow};
use crate::store::PackStore;
use crate::store::bytes::Bytes;
use crate::store::keys;

/// The packs of a snapshot.
pub(crate) struct LoadedCatalog<'a, S> {
    /// Their indexes.
    pub(crate) packs: Catalog,
    store: &'a S,
    rows: Vec<PackRow>,
    inline: Vec<Option<Bytes>>,
}

/// An entry as it is stored: its header, and its deflated data.
pub(crate) struct StoredEntry {
    pub(crate) header: EntryHeader,
    pub(crate) header_len: usize,
    pub(crate) bytes: Vec<u8>,
}

impl<'a, S: PackStore> LoadedCatalog<'a, S> {
    /// Loads the index of every pack of the snapshot.
    pub(crate) async fn load(opened: &Opened, store: &'a S) -> Result<Self, Failure> {
        let rows = opened.snapshot.packs.clone();
        let packs = stream::iter(&rows)
            .map(async |row| {
                let index = load_index(opened, row, store).await?;
                let visible = row.visible.map(|visible| load_visible(opened, visible, &index)).transpose()?;
                Ok::<_, Failure>(CatalogPack { index, pack_len: row.pack.pack_len, visible })
            })
            .buffered(INDEX_READS_MAX)
            .try_collect()
            .await?;
        let inline = rows.iter().map(|row| {
            let pack = row.inline.map(|(pack, _)| opened.strings.string(pack));
            Ok(pack.transpose()?.map(|bytes| Bytes::from(bytes.to_vec())))
        });
        let inline = inline.collect::<Result<_, Failure>>()?;
        let roots = opened.snapshot.shallow_ids()?;
        Ok(Self { packs: Catalog::new(packs).ending_at(&roots), store, rows, inline })
    }

    /// The same packs with one more before the pack `at`, which is nowhere but here.
    pub(crate) fn with_pack(mut self, at: usize, pack: Vec<u8>, index: PackIndex) -> Self {
        let roots: Vec<_> = self.packs.roots().filter_map(|root| self.packs.id(root)).collect();
        let pack_len = pack.len() as u64;
        let row = PackRow {
            pack_seq: 0,
            owner_repo_id: String::new(),
            upload_id: String::new(),
            pack: PackInfo {
                format: index::FORMAT,
                n_objects: index.n_objects().into(),
                pack_len,
                index_len: index.byte_len() as u64,
                segment_len: 0,
                trailer: String::new(),
                thin: true,
            },
            inline: None,
            visible: None,
        };
        let mut packs = self.packs.packs().to_vec();
        packs.insert(at, CatalogPack { index: Rc::new(index), pack_len, visible: None });
        self.packs = Catalog::new(packs).ending_at(&roots);
        self.rows.insert(at, row);
        self.inline.insert(at, Some(Bytes::from(pack)));
        self
    }

    /// The upload that a pack came with.
    pub(crate) fn upload_id(&self, pack: usize) -> Option<&str> {
        self.rows.get(pack).map(|row| row.upload_id.as_str())
    }

    /// Whether a pack and its index of that length together may live in a catalog row, beside what does so already.
    pub(crate) fn has_inline_room(&self, len: u64) -> bool {
        let inline = self.rows.iter().filter(|row| row.inline.is_some());
        let inline_len: u64 = inline.map(|row| row.pack.pack_len + row.pack.index_len).sum();
        len <= INLINE_LEN_MAX as u64 && inline_len + len <= INLINE_TOTAL_MAX
    }

    /// A stretch of a pack, in the pieces in which it is stored.
    pub(crate) async fn read(&self, pack: usize, range: Range<u64>) -> Result<Vec<Bytes>, Failure> {
        if let Some(inline) = self.inline(pack)? {
            return Ok(vec![inline.slice(to_usize(range.start)?..to_usize(range.end)?)]);
        }
        let mut pieces = Vec::new();
        for (key, part) in self.segments(pack, range)? {
            pieces.push(self.store.get(&key, part).await?);
        }
        Ok(pieces)
    }

    /// The keys and ranges that a stretch of a pack is stored under.
    fn segments(&self, pack: usize, range: Range<u64>) -> Result<Vec<(String, Range<u64>)>, Failure> {
        let row = self.row(pack)?;
        let len = row.pack.segment_len.max(1);
        let numbers = range.start / len..range.end.div_ceil(len);
        let part = |number: u64| {
            let at = number * len;
            let key = keys::segment(&row.owner_repo_id, &row.upload_id, number);
            (key, range.start.max(at) - at..range.end.min(at + len) - at)
        };
        Ok(numbers.map(part).collect())
    }

    /// An entry as it is stored.
    pub(crate) async fn stored_entry(&self, place: Place) -> Result<StoredEntry, Failure> {
        let range = self.entry_range(place)?;
        let mut bytes = Vec::new();
        for piece in self.read_kept(place.pack, range).await? {
            piece.append_to(&mut bytes);
        }
        match decode_entry_header(&bytes) {
            Ok(Decoded::Value(header, header_len)) => Ok(StoredEntry { header, header_len, bytes }),
            _ => Err(Failure::shape("an entry", format_args!("{place:?}"))),
        }
    }

    /// Where an entry stands in its pack.
    pub(crate) fn entry_range(&self, place: Place) -> Result<Range<u64>, Failure> {
        let unknown = || Failure::shape("an entry of the catalog", format_args!("{place:?}"));
        let entry = self.packs.entry(place).ok_or_else(unknown)?;
        Ok(entry.offset..self.packs.entry_end(place).ok_or_else(unknown)?)
    }

    /// The entries from an object down to the whole one that it builds on.
    pub(crate) fn chain(&self, place: Place) -> Result<Vec<Place>, Failure> {
        let (mut chain, mut top) = (vec![place], place);
        while let Some(base) = self.packs.entry(top).and_then(|entry| entry.base) {
            let found = self.packs.base(top);
            top = found.ok_or_else(|| Failure::shape("a base in the catalog", format_args!("{base:?}")))?;
            chain.push(top);
        }
        Ok(chain)
    }

    /// A whole object; `None` when it, or something that it builds on, is too large to hold.
    pub(crate) async fn object(&self, place: Place) -> Result<Option<(Kind, Vec<u8>)>, Failure> {
        Ok(self.rebuild(place, None).await?.map(|(kind, content, _)| (kind, content)))
    }

    /// The same with the content of `base`, which costs no more when its chain leads there.
    pub(crate) async fn object_and_base(
        &self,
        place: Place,
        base: Place,
    ) -> Result<Option<(Vec<u8>, Vec<u8>)>, Failure> {
        let Some((_, content, found)) = self.rebuild(place, Some(base)).await? else { return Ok(None) };
        let base = match found {
            Some(found) => Some(found),
            None => self.object(base).await?.map(|(_, content)| content),
        };
        Ok(base.map(|base| (content, base)))
    }

    /// An object that is stored as a delta against one whose content is at hand.
    pub(crate) async fn object_upon(&self, place: Place, base: &[u8]) -> Result<Vec<u8>, Failure> {
        let (_, delta) = self.entry_data(place).await?;
        apply(base, &delta)
    }

    /// What an entry holds, inflated: an object or a delta.
    async fn entry_data(&self, place: Place) -> Result<(Content, Vec<u8>), Failure> {
        let stored = self.stored_entry(place).await?;
        let data = stored.bytes.get(stored.header_len..).unwrap_or_default();
        let data = inflate_all(data, to_usize(stored.header.inflated_len)?);
        let data = data.map_err(|error| Failure::shape("a stored entry that inflates", error))?;
        Ok((stored.header.content, data))
    }

    async fn rebuild(
        &self,
        place: Place,
        kept: Option<Place>,
    ) -> Result<Option<(Kind, Vec<u8>, Option<Vec<u8>>)>, Failure> {
        if !self.packs.can_hold(place, OBJECT_RESIDENT_MAX) {
            return Ok(None);
        }
        let (mut object, mut base) = (None, None);
        for link in self.chain(place)?.into_iter().rev() {
            let (content, data) = self.entry_data(link).await?;
            object = match (content, object) {
                (Content::Whole(kind), _) => Some((kind, data)),
                (_, Some((kind, base))) => Some((kind, apply(&base, &data)?)),
                (_, None) => return Err(Failure::shape("a base before its delta", format_args!("{link:?}"))),
            };
            if kept == Some(link) {
                base = object.as_ref().map(|(_, content): &(Kind, Vec<u8>)| content.clone());
            }
        }
        Ok(object.map(|(kind, content)| (kind, content, base)))
    }

    fn row(&self, pack: usize) -> Result<&PackRow, Failure> {
        self.rows.get(pack).ok_or_else(|| Failure::shape("a pack of the catalog", pack))
    }

    fn inline(&self, pack: usize) -> Result<Option<&Bytes>, Failure> {
        let inline = self.inline.get(pack).ok_or_else(|| Failure::shape("a pack of the catalog", pack))?;
        Ok(inline.as_ref())
    }
}

fn apply(base: &[u8], delta: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut object = Vec::new();
    let applied = git_core::pack::delta::apply(base, delta, &mut object);
    applied.map_err(|error| Failure::shape("a stored delta that applies", error))?;
    Ok(object)
}

fn to_usize(n: u64) -> Result<usize, Failure> {
    usize::try_from(n).map_err(|_| Failure::Range { what: "a length", value: n, max: usize::MAX as u64 })
}

fn load_visible(opened: &Opened, visible: usize, index: &PackIndex) -> Result<Visible, Failure> {
    let visible = Visible::parse(opened.strings.string(visible)?, index.n_objects());
    visible.map_err(|error| Failure::shape("a part of a pack's objects", error))
}
