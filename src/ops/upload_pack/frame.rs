//! A pack on its way out: gathered, hashed, cut into side-band packets.

use git_core::ObjectId;
use git_core::pack::entry::PACK_TRAILER_LEN;
use git_core::pkt_line::{Band, SideBand, write_band, write_flush};

use super::digest::Sha1;
use crate::config::{SEND_LEN, SMALL_LEN_MAX};
use crate::ops::sink::{Gone, Sink};
use crate::stats;
use crate::store::bytes::{Buffer, Bytes};

/// Where the trailer of a pack comes from.
pub(super) enum Trailer {
    /// It is among the bytes that are written.
    Sent,
    Known(ObjectId),
    Hashed(Sha1),
}

impl Trailer {
    pub(super) fn hashed() -> Result<Self, Gone> {
        Sha1::new().map(Self::Hashed)
    }
}

/// How a client takes the pack, and whether it wants to hear of it meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Framing {
    pub(super) side_band: Option<SideBand>,
    pub(super) has_progress: bool,
}

impl Framing {
    /// The pack alone.
    pub(super) const BARE: Self = Self { side_band: None, has_progress: false };

    /// Text for the person at the terminal, a line that ends with a line feed or, if another shall take its place, a
    /// carriage return. None for a client that wants none, or has no band for it.
    pub(super) fn progress(self, line: &str) -> Option<Vec<u8>> {
        let side_band = self.side_band.filter(|_| self.has_progress)?;
        let mut packet = Vec::new();
        write_band(&mut packet, side_band, Band::Progress, line.as_bytes());
        Some(packet)
    }

    /// Nothing, said so that the client hears something.
    pub(super) fn keep_alive(self) -> Option<Vec<u8>> {
        self.side_band.and_then(|_| Band::Data.header(0)).map(|header| header.to_vec())
    }

    /// That the pack will not be whole, for a client that has a band for it.
    pub(super) fn error(self, reason: &str) -> Option<Vec<u8>> {
        let mut packet = Vec::new();
        write_band(&mut packet, self.side_band?, Band::Error, reason.as_bytes());
        Some(packet)
    }
}

/// The pack's way into a sink.
pub(super) struct PackOut<'a, K> {
    sink: &'a mut K,
    framing: Framing,
    gathered: Buffer,
    /// Small pieces that follow what is gathered: they stay in wasm until there are enough to be handed over together.
    small: Vec<u8>,
    /// Bytes of the pack so far.
    offset: u64,
    trailer: Trailer,
    has_begun: bool,
}

impl<'a, K: Sink> PackOut<'a, K> {
    pub(super) fn new(sink: &'a mut K, framing: Framing, trailer: Trailer) -> Self {
        let (gathered, small) = (Buffer::new(SEND_LEN), Vec::new());
        Self { sink, framing, gathered, small, offset: 0, trailer, has_begun: false }
    }

    /// Where in the pack the next byte goes.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<(), Gone> {
        self.flush_small().await?;
        self.offset += bytes.len() as u64;
        let mut rest = self.gathered.add(&bytes);
        while self.gathered.room() == 0 {
            self.send().await?;
            rest = self.gathered.add(&rest);
        }
        Ok(())
    }

    /// The same for a few bytes that are in wasm.
    pub(super) async fn write_small(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        self.offset += bytes.len() as u64;
        self.small.extend_from_slice(bytes);
        if self.small.len() >= SMALL_LEN_MAX { self.flush_small().await } else { Ok(()) }
    }

    async fn flush_small(&mut self) -> Result<(), Gone> {
        let small = std::mem::take(&mut self.small);
        let mut rest = small.as_slice();
        while !rest.is_empty() {
            rest = self.gathered.add_slice(rest);
            if self.gathered.room() == 0 {
                self.send().await?;
            }
        }
        self.small = small;
        self.small.clear();
        Ok(())
    }

    /// Sends what has been gathered, none of it the trailer.
    async fn send(&mut self) -> Result<(), Gone> {
        let gathered = std::mem::replace(&mut self.gathered, Buffer::new(SEND_LEN)).finish();
        if gathered.is_empty() {
            return Ok(());
        }
        if let Trailer::Hashed(sha1) = &mut self.trailer {
            sha1.update(&gathered).await?;
        }
        self.send_framed(gathered).await
    }

    async fn send_framed(&mut self, gathered: Bytes) -> Result<(), Gone> {
        if !self.has_begun {
            stats::pack_begins();
            self.has_begun = true;
        }
        let framed = match self.framing.side_band {
            None => gathered,
            Some(side_band) => frame(&gathered, side_band.data_len_max()),
        };
        self.sink.write(framed).await
    }

    /// Ends the pack of so many objects, with its trailer, and the answer. Gives back the trailer, unless it was among the
    /// bytes.
    pub(super) async fn finish(mut self, n_objects: u32) -> Result<Option<ObjectId>, Gone> {
        self.flush_small().await?;
        self.send().await?;
        let trailer = match std::mem::replace(&mut self.trailer, Trailer::Sent) {
            Trailer::Sent => None,
            Trailer::Known(trailer) => Some(trailer),
            Trailer::Hashed(sha1) => Some(sha1.finish().await?),
        };
        if let Some(trailer) = trailer {
            self.offset += PACK_TRAILER_LEN as u64;
            self.send_framed(Bytes::from(trailer.as_bytes().to_vec())).await?;
        }
        if self.framing.side_band.is_some() {
            let sent = format!("Sent {n_objects} objects, {} bytes.\n", self.offset);
            let mut end = self.framing.progress(&sent).unwrap_or_default();
            write_flush(&mut end);
            self.sink.write(end.into()).await?;
        }
        Ok(trailer)
    }
}

/// Band-1 packets of at most `data_len_max` bytes each.
fn frame(data: &Bytes, data_len_max: usize) -> Bytes {
    const HEADER_LEN: usize = 5;
    let n_packets = data.len().div_ceil(data_len_max);
    let mut framed = Buffer::new(data.len() + n_packets * HEADER_LEN);
    for start in (0..data.len()).step_by(data_len_max) {
        let part = data.slice(start..start + data_len_max);
        if let Some(header) = Band::Data.header(part.len()) {
            framed.add_slice(&header);
        }
        framed.add(&part);
    }
    framed.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::sink::MemorySink;
    use futures_executor::block_on;
    use git_core::pkt_line::{Packet, Reader};

    #[test]
    fn packets_carry_the_pack_and_its_trailer() {
        for side_band in [SideBand::Small, SideBand::Large] {
            // Without the newline, which the reader takes off a line's end.
            let content: Vec<u8> = (11..=250).cycle().take(2 * SEND_LEN + 77).collect();
            let mut sink = MemorySink::default();
            block_on(async {
                let framing = Framing { side_band: Some(side_band), has_progress: false };
                let mut out = PackOut::new(&mut sink, framing, Trailer::hashed().unwrap());
                for (n, piece) in content.chunks(30_000).enumerate() {
                    match n % 3 {
                        0 => out.write(piece.to_vec().into()).await.unwrap(),
                        _ => out.write_small(piece).await.unwrap(),
                    }
                }
                assert_eq!(out.offset(), content.len() as u64);
                out.finish(0).await.unwrap();
            });
            let (mut reader, mut pack) = (Reader::new(&sink.0), Vec::<u8>::new());
            while let Packet::Line(line) = reader.read().unwrap() {
                assert!(line[0] == 1 && line.len() <= side_band.data_len_max() + 1);
                pack.extend(&line[1..]);
            }
            let mut expected = content.clone();
            expected.extend(git_core::sha1::Sha1::of(&content).as_bytes());
            assert!(pack == expected);
        }
    }
}
