//! Objects that are too large to hold, kept inflated in R2 while a push is taken in.

use std::cell::RefCell;
use std::collections::BTreeMap;

use git_core::pack::Kind;
use git_core::pack::catalog::Place;
use git_core::pack::inflate::DataInflater;
use git_core::pack::large::{LargeDelta, Wants};
use git_core::pack::resolve::{SpillNo, SuppliedBase};

use super::catalog::LoadedCatalog;
use crate::config::{EXTENT_LEN_MAX, OBJECT_RESIDENT_MAX, SEGMENT_LEN};
use crate::durable::Failure;
use crate::store::PackStore;
use crate::store::bytes::Buffer;
use crate::store::keys;

/// The spills of one push, under its upload's keys, so that what a killed push leaves is reclaimed with the rest.
pub(crate) struct Spills<'a, S> {
    store: &'a S,
    repo_id: &'a str,
    upload_id: &'a str,
    files: RefCell<BTreeMap<SpillNo, Spill>>,
}

#[derive(Default)]
struct Spill {
    n_stored: u64,
    tail: Option<Buffer>,
    len: u64,
}

const STRETCH_LEN: u64 = SEGMENT_LEN as u64;

impl<'a, S: PackStore> Spills<'a, S> {
    pub(crate) fn new(store: &'a S, repo_id: &'a str, upload_id: &'a str) -> Self {
        Self { store, repo_id, upload_id, files: RefCell::default() }
    }

    /// Adds to the end of a spill that has not been read yet.
    pub(crate) async fn append(&self, spill: SpillNo, bytes: &[u8]) -> Result<(), Failure> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let mut file = self.take(spill);
            let mut tail = file.tail.take().unwrap_or_else(|| Buffer::new(SEGMENT_LEN));
            let left = tail.add_slice(rest);
            file.len += (rest.len() - left.len()) as u64;
            rest = left;
            file.tail = Some(tail);
            let is_full = file.tail.as_ref().is_some_and(|tail| tail.room() == 0);
            let file = if is_full { self.store_tail(spill, file).await? } else { file };
            self.files.borrow_mut().insert(spill, file);
        }
        Ok(())
    }

    fn take(&self, spill: SpillNo) -> Spill {
        self.files.borrow_mut().remove(&spill).unwrap_or_default()
    }

    async fn store_tail(&self, spill: SpillNo, mut file: Spill) -> Result<Spill, Failure> {
        if let Some(tail) = file.tail.take().filter(|tail| tail.len() > 0) {
            self.store.put(&self.key(spill, file.n_stored), tail.finish()).await?;
            file.n_stored += 1;
        }
        Ok(file)
    }

    fn key(&self, spill: SpillNo, stretch: u64) -> String {
        keys::spill(self.repo_id, self.upload_id, spill, stretch)
    }

    /// Reads from a spill that is complete.
    pub(crate) async fn read(&self, spill: SpillNo, offset: u64, len: usize) -> Result<Vec<u8>, Failure> {
        let file = self.store_tail(spill, self.take(spill)).await?;
        let end = offset + len as u64;
        let is_inside = end <= file.len;
        self.files.borrow_mut().insert(spill, file);
        if !is_inside {
            return Err(Failure::shape("a range of a spill", format_args!("{offset}..{end}")));
        }
        // That many bytes are there, and nobody asks for more than a window or an object that may be held.
        let mut bytes = Vec::with_capacity(len);
        for stretch in offset / STRETCH_LEN..end.div_ceil(STRETCH_LEN) {
            let at = stretch * STRETCH_LEN;
            let range = offset.max(at) - at..end.min(at + STRETCH_LEN) - at;
            bytes.extend(self.store.get(&self.key(spill, stretch), range).await?.to_vec());
        }
        Ok(bytes)
    }

    /// Deletes all of them.
    pub(crate) async fn delete(&self) -> Result<(), Failure> {
        let files = std::mem::take(&mut *self.files.borrow_mut());
        let keys: Vec<_> = files
            .iter()
            .flat_map(|(&spill, file)| (0..file.n_stored).map(move |stretch| self.key(spill, stretch)))
            .collect();
        if keys.is_empty() { Ok(()) } else { self.store.delete(keys).await }
    }

    /// An object of the catalog as the base of a delta: whole, or, when it is too large for that, as a spill. `new_spill`
    /// gives numbers.
    pub(crate) async fn base(
        &self,
        catalog: &LoadedCatalog<'_, S>,
        place: Place,
        mut new_spill: impl FnMut() -> SpillNo,
    ) -> Result<SuppliedBase, Failure> {
        if let Some((kind, content)) = catalog.object(place).await? {
            return Ok(SuppliedBase::Resident { kind, content });
        }
        let mut below: Option<(SpillNo, u64)> = None;
        let mut kind = Kind::Blob;
        for link in catalog.chain(place)?.into_iter().rev() {
            let entry =
                catalog.packs.entry(link).ok_or_else(|| Failure::shape("an entry", format_args!("{link:?}")))?;
            kind = entry.kind;
            let spill = new_spill();
            self.rebuild(catalog, link, below, spill).await?;
            below = Some((spill, entry.object_len));
        }
        let (spill, len) = below.ok_or_else(|| Failure::shape("a chain of entries", "none"))?;
        if len <= OBJECT_RESIDENT_MAX {
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            return Ok(SuppliedBase::Resident { kind, content: self.read(spill, 0, len).await? });
        }
        Ok(SuppliedBase::Spilled { kind, spill, len })
    }

    /// Spills the object of one entry, whose base, if it has one, is spilled.
    async fn rebuild(
        &self,
        catalog: &LoadedCatalog<'_, S>,
        link: Place,
        base: Option<(SpillNo, u64)>,
        spill: SpillNo,
    ) -> Result<(), Failure> {
        let mut data = EntryData::open(catalog, link).await?;
        let Some((base, base_len)) = base else {
            while let Some(bytes) = data.next().await? {
                self.append(spill, &bytes).await?;
            }
            return Ok(());
        };
        let (mut delta, mut out) = (LargeDelta::new(base_len), Vec::new());
        loop {
            let wants = delta.run(&mut out).map_err(|error| Failure::shape("a stored delta that applies", error))?;
            match wants {
                Wants::Delta => match data.next().await? {
                    Some(bytes) => delta.push_delta(&bytes),
                    None => return Err(Failure::shape("a whole delta", format_args!("{link:?}"))),
                },
                Wants::Base { offset, len } => delta.set_window(offset, self.read(base, offset, len).await?),
                Wants::Room | Wants::Nothing => {
                    self.append(spill, &out).await?;
                    out.clear();
                }
            }
            if wants == Wants::Nothing {
                return Ok(());
            }
        }
    }
}

/// The inflated data of a stored entry, window by window.
struct EntryData<'a, S> {
    catalog: &'a LoadedCatalog<'a, S>,
    link: Place,
    inflater: DataInflater,
    input: Vec<u8>,
    input_at: usize,
    next_offset: u64,
    end: u64,
    is_whole: bool,
}

impl<'a, S: PackStore> EntryData<'a, S> {
    async fn open(catalog: &'a LoadedCatalog<'_, S>, link: Place) -> Result<Self, Failure> {
        let range = catalog.entry_range(link)?;
        let (mut data, mut inflater) = (Vec::new(), DataInflater::default());
        let first_end = range.end.min(range.start + EXTENT_LEN_MAX);
        for piece in catalog.read(link.pack, range.start..first_end).await? {
            data.extend(piece.to_vec());
        }
        let header = git_core::pack::entry::decode_entry_header(&data);
        let Ok(git_core::pack::entry::Decoded::Value(header, input_at)) = header else {
            return Err(Failure::shape("an entry", format_args!("{link:?}")));
        };
        inflater.begin_streamed(range.start, header.inflated_len);
        let (next_offset, end) = (first_end, range.end);
        Ok(Self { catalog, link, inflater, input: data, input_at, next_offset, end, is_whole: false })
    }

    /// The next bytes; `None` at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut out = Vec::new();
        while out.is_empty() && !self.is_whole {
            if self.input_at == self.input.len() && self.next_offset < self.end {
                let range = self.next_offset..self.end.min(self.next_offset + EXTENT_LEN_MAX);
                self.next_offset = range.end;
                (self.input, self.input_at) = (Vec::new(), 0);
                for piece in self.catalog.read(self.link.pack, range).await? {
                    self.input.extend(piece.to_vec());
                }
            }
            let rest = self.input.get(self.input_at..).unwrap_or_default();
            let fed = self.inflater.feed(rest, &mut |bytes| out.extend_from_slice(bytes));
            let (used, is_whole) = fed.map_err(|error| Failure::shape("a stored entry that inflates", error))?;
            if used == 0 && out.is_empty() && !is_whole && self.next_offset == self.end {
                return Err(Failure::shape("a whole entry", format_args!("{:?}", self.link)));
            }
            (self.input_at, self.is_whole) = (self.input_at + used, is_whole);
        }
        Ok((!out.is_empty()).then_some(out))
    }
}
