//! A stretch of a new pack while what it is made of is gathered.

use std::mem;

use futures_util::stream;
use futures_util::{StreamExt, TryStreamExt};

use crate::config::GATHERED_PARTS_AT_ONCE;
use crate::durable::Failure;
use crate::ops::upload_pack::Extent;
use crate::store::PackStore;
use crate::store::bytes::Bytes;

/// Extents in the order of the new pack. Those that are not long are dealt to it, in the order in which they are stored.
#[derive(Default)]
pub(super) struct Section {
    extents: Vec<Extent>,
    /// Which of them are dealt; once that is complete, in stored order.
    dealt: Vec<u32>,
    /// Length of all that is dealt to it, sooner or later.
    dealt_len: u64,
    buffer: Vec<u8>,
    /// What came before the buffer, in R2, each part of whole extents: keys and lengths.
    parts: Vec<(String, u64)>,
}

impl Section {
    /// Adds an extent that is not dealt.
    pub(super) fn add(&mut self, extent: Extent) {
        self.extents.push(extent);
    }

    pub(super) fn add_dealt(&mut self, extent: Extent) {
        self.dealt.extend(u32::try_from(self.extents.len()).ok());
        self.dealt_len += extent.len();
        self.extents.push(extent);
    }

    /// No more extents are added.
    pub(super) fn complete(&mut self) {
        let extents = &self.extents;
        self.dealt.sort_unstable_by_key(|&at| extents.get(at as usize).map(|extent| (extent.pack, extent.range.start)));
    }

    pub(super) fn dealt_len(&self) -> u64 {
        self.dealt_len
    }

    pub(super) fn n_dealt(&self) -> u32 {
        u32::try_from(self.dealt.len()).unwrap_or(u32::MAX)
    }

    /// How many are read at their turn.
    pub(super) fn n_long(&self) -> usize {
        self.extents.len() - self.dealt.len()
    }

    /// One of the extents that are dealt, in stored order.
    pub(super) fn dealt(&self, at: u32) -> Option<&Extent> {
        self.extents.get(*self.dealt.get(at as usize)? as usize)
    }

    pub(super) fn deal(&mut self, bytes: &Bytes) {
        if self.buffer.capacity() < self.buffer.len() + bytes.len() {
            // Not twice what there is: that is memory that nobody gives back.
            self.buffer.reserve_exact(bytes.len() + self.buffer.len() / 4);
        }
        bytes.append_to(&mut self.buffer);
    }

    pub(super) fn buffer_len(&self) -> usize {
        self.buffer.len()
    }

    /// Empties the buffer: what was in it is stored under the key.
    pub(super) fn take_part(&mut self, key: String) -> Bytes {
        let part = Bytes::from(mem::take(&mut self.buffer));
        self.parts.push((key, part.len() as u64));
        part
    }

    pub(super) fn n_parts(&self) -> u64 {
        self.parts.len() as u64
    }

    pub(super) fn part_keys(&self) -> impl Iterator<Item = &String> {
        self.parts.iter().map(|(key, _)| key)
    }

    /// The extents in their order, with the bytes of those that were dealt.
    pub(super) async fn load<S: PackStore>(self, store: &S) -> Result<Vec<(Extent, Option<Bytes>)>, Failure> {
        // Into wasm: entries are taken from it one by one.
        let get = async |(key, len): &(String, u64)| {
            let part = store.get(key, 0..*len).await?;
            Ok::<_, Failure>(Bytes::from(part.to_vec()))
        };
        let parts = stream::iter(&self.parts).map(get).buffered(GATHERED_PARTS_AT_ONCE);
        let mut parts: Vec<Bytes> = parts.try_collect().await?;
        parts.push(self.buffer.into());
        let mut parts = parts.into_iter();
        let mut rest = Bytes::from(Vec::new());
        let mut loaded: Vec<_> = self.extents.into_iter().map(|extent| (extent, None)).collect();
        for at in self.dealt {
            if rest.is_empty() {
                rest = parts.next().unwrap_or(rest);
            }
            if let Some((extent, dealt)) = loaded.get_mut(at as usize) {
                let len = usize::try_from(extent.len()).unwrap_or(usize::MAX);
                *dealt = Some(rest.slice(0..len));
                rest = rest.slice(len..rest.len());
            }
        }
        Ok(loaded)
    }
}
