//! A pack on its way to R2 while it is made or taken in: segments of known length, few in flight.

use std::pin::Pin;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::config::{INLINE_PACK_LEN_MAX, SEGMENT_LEN, SEGMENTS_IN_FLIGHT_MAX};
use crate::durable::Failure;
use crate::store::bytes::{Buffer, Bytes};
use crate::store::{PackStore, keys};

/// A segment being stored.
type Put<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>;

/// One pack.
pub(crate) struct Upload<'a, S> {
    store: &'a S,
    repo_id: &'a str,
    id: &'a str,
    buffer: Option<Buffer>,
    n_segments: u64,
    in_flight: FuturesUnordered<Put<'a>>,
    /// Whether what is added is in R2 already.
    pub(crate) is_there: bool,
}

/// A pack that has come to its end.
pub(crate) enum Uploaded {
    /// Small enough to live in the catalog's row; nothing of it is in R2.
    Small(Bytes),
    /// All of it is in R2.
    Stored,
}

impl<'a, S: PackStore> Upload<'a, S> {
    pub(crate) fn new(store: &'a S, repo_id: &'a str, id: &'a str) -> Self {
        Self { store, repo_id, id, buffer: None, n_segments: 0, in_flight: FuturesUnordered::new(), is_there: false }
    }

    /// Adds the next bytes. Waits only when too many segments are in flight.
    pub(crate) async fn add(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let mut rest = if self.is_there { &[] } else { bytes };
        while !rest.is_empty() {
            let mut buffer = self.roomy_buffer().await?;
            rest = buffer.add_slice(rest);
            self.buffer = Some(buffer);
        }
        Ok(())
    }

    /// The same for bytes that may be JavaScript's.
    pub(crate) async fn add_bytes(&mut self, bytes: &Bytes) -> Result<(), Failure> {
        let mut rest = bytes.clone();
        while !rest.is_empty() {
            let mut buffer = self.roomy_buffer().await?;
            rest = buffer.add(&rest);
            self.buffer = Some(buffer);
        }
        Ok(())
    }

    async fn roomy_buffer(&mut self) -> Result<Buffer, Failure> {
        let buffer = self.buffer.take().unwrap_or_else(|| Buffer::new(self.first_len()));
        if buffer.room() == 0 { self.next_buffer(buffer).await } else { Ok(buffer) }
    }

    /// Most packs are small, and memory for a whole segment is not free.
    fn first_len(&self) -> usize {
        if self.n_segments == 0 { INLINE_PACK_LEN_MAX } else { SEGMENT_LEN }
    }

    async fn next_buffer(&mut self, full: Buffer) -> Result<Buffer, Failure> {
        let mut next = Buffer::new(SEGMENT_LEN);
        if full.len() < SEGMENT_LEN {
            next.add(&full.finish());
        } else {
            self.store_segment(full.finish()).await?;
        }
        Ok(next)
    }

    async fn store_segment(&mut self, bytes: Bytes) -> Result<(), Failure> {
        while self.in_flight.len() >= SEGMENTS_IN_FLIGHT_MAX {
            self.in_flight.next().await.transpose()?;
        }
        let key = keys::segment(self.repo_id, self.id, self.n_segments);
        self.n_segments += 1;
        let store = self.store;
        self.in_flight.push(Box::pin(async move { store.put(&key, bytes).await }));
        // A put begins when it is first polled; the next bytes are parsed meanwhile.
        if let std::task::Poll::Ready(Some(stored)) = futures_util::poll!(self.in_flight.next()) {
            stored?;
        }
        Ok(())
    }

    /// Waits until what has come is stored, but for the last segment, which is not whole.
    pub(crate) async fn settle(&mut self) -> Result<(), Failure> {
        while self.in_flight.next().await.transpose()?.is_some() {}
        Ok(())
    }

    /// Gives up. What is in flight is waited for, so that nothing is stored after the upload has been reclaimed.
    pub(crate) async fn abandon(mut self) {
        while self.in_flight.next().await.is_some() {}
    }

    /// Waits until all is stored, unless the pack is small.
    pub(crate) async fn finish(mut self) -> Result<Uploaded, Failure> {
        if self.is_there {
            return Ok(Uploaded::Stored);
        }
        let last = self.buffer.take().map_or_else(|| Bytes::from(Vec::new()), Buffer::finish);
        if self.n_segments == 0 && last.len() <= INLINE_PACK_LEN_MAX {
            return Ok(Uploaded::Small(last));
        }
        self.store_segment(last).await?;
        self.settle().await?;
        Ok(Uploaded::Stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryPacks;
    use futures_executor::block_on;

    fn upload(len: usize, piece_len: usize) -> (Uploaded, MemoryPacks) {
        let (store, bytes) = (MemoryPacks::default(), vec![7; len]);
        let uploaded = {
            let mut upload = Upload::new(&store, "repo", "upload");
            for piece in bytes.chunks(piece_len) {
                block_on(upload.add(piece)).unwrap();
            }
            block_on(upload.finish()).unwrap()
        };
        (uploaded, store)
    }

    #[test]
    fn a_small_pack_is_not_stored() {
        let (uploaded, store) = upload(INLINE_PACK_LEN_MAX, 1000);
        assert!(matches!(uploaded, Uploaded::Small(bytes) if bytes.len() == INLINE_PACK_LEN_MAX));
        assert!(store.objects.borrow().is_empty());
    }

    #[test]
    fn segments_are_of_one_length_but_for_the_last() {
        for len in [INLINE_PACK_LEN_MAX + 1, SEGMENT_LEN, SEGMENT_LEN + 1, 3 * SEGMENT_LEN] {
            let (uploaded, store) = upload(len, 300_000);
            assert!(matches!(uploaded, Uploaded::Stored));
            let lens: Vec<_> = store.objects.borrow().values().map(Vec::len).collect();
            assert_eq!(lens.iter().sum::<usize>(), len);
            assert!(lens.iter().rev().skip(1).all(|&len| len == SEGMENT_LEN));
            assert_eq!(lens.len(), len.div_ceil(SEGMENT_LEN));
        }
    }

    #[test]
    fn a_failed_put_is_reported() {
        let store = MemoryPacks::default();
        store.fails_after.set(Some(1));
        let mut upload = Upload::new(&store, "repo", "upload");
        let added = block_on(upload.add(&vec![0; 3 * SEGMENT_LEN]));
        assert!(added.is_err() || block_on(upload.finish()).is_err());
    }
}
