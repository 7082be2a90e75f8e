//! A pack on its way out: gathered, hashed, cut into side-band packets.

use git_core::ObjectId;
use git_core::pkt_line::{Band, SideBand, write_band, write_flush};

use super::Gone;
use super::digest::Sha1;
use crate::config::SEND_LEN;
use crate::stats;
use crate::store::bytes::{Buffer, Bytes};

/// Where an answer goes, piece by piece.
pub(crate) trait Sink {
    /// Hands on bytes; waits while the client is slow.
    async fn write(&mut self, bytes: Bytes) -> Result<(), Gone>;
}

/// The pack's way into a sink.
pub(super) struct PackOut<'a, K> {
    sink: &'a mut K,
    side_band: Option<SideBand>,
    gathered: Buffer,
    /// Bytes of the pack so far.
    offset: u64,
    sha1: Option<Sha1>,
    has_begun: bool,
}

impl<'a, K: Sink> PackOut<'a, K> {
    /// A pack whose trailer is worked out as it goes; not so `with_trailer`, which brings its own.
    pub(super) fn new(sink: &'a mut K, side_band: Option<SideBand>, with_trailer: bool) -> Result<Self, Gone> {
        let sha1 = if with_trailer { None } else { Some(Sha1::new()?) };
        Ok(Self { sink, side_band, gathered: Buffer::new(SEND_LEN), offset: 0, sha1, has_begun: false })
    }

    /// Where in the pack the next byte goes.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<(), Gone> {
        if let Some(sha1) = &mut self.sha1 {
            sha1.update(&bytes).await?;
        }
        self.offset += bytes.len() as u64;
        self.gather(bytes).await
    }

    async fn gather(&mut self, bytes: Bytes) -> Result<(), Gone> {
        let mut rest = self.gathered.add(&bytes);
        while self.gathered.room() == 0 {
            self.send().await?;
            rest = self.gathered.add(&rest);
        }
        Ok(())
    }

    /// Sends what has been gathered.
    async fn send(&mut self) -> Result<(), Gone> {
        let gathered = std::mem::replace(&mut self.gathered, Buffer::new(SEND_LEN)).finish();
        if gathered.is_empty() {
            return Ok(());
        }
        if !self.has_begun {
            stats::pack_begins();
            self.has_begun = true;
        }
        let framed = match self.side_band {
            None => gathered,
            Some(side_band) => frame(&gathered, side_band.data_len_max()),
        };
        self.sink.write(framed).await
    }

    /// Ends the pack, with its trailer, and the answer.
    pub(super) async fn finish(mut self) -> Result<(), Gone> {
        if let Some(sha1) = self.sha1.take() {
            let trailer: ObjectId = sha1.finish().await?;
            self.gather(Bytes::from(trailer.as_bytes().to_vec())).await?;
        }
        self.send().await?;
        if self.side_band.is_some() {
            let mut flush = Vec::new();
            write_flush(&mut flush);
            self.sink.write(flush.into()).await?;
        }
        Ok(())
    }

    /// Tells a client that takes side-band that the pack will not be whole.
    pub(super) async fn fail(self, reason: &str) -> Result<(), Gone> {
        let mut packet = Vec::new();
        if let Some(side_band) = self.side_band {
            write_band(&mut packet, side_band, Band::Error, reason.as_bytes());
        }
        self.sink.write(packet.into()).await
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

/// A sink that keeps what it gets.
#[cfg(test)]
#[derive(Default)]
pub(crate) struct MemorySink(pub(crate) Vec<u8>);

#[cfg(test)]
impl Sink for MemorySink {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Gone> {
        self.0.extend(bytes.to_vec());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_executor::block_on;
    use git_core::pkt_line::{Packet, Reader};

    #[test]
    fn packets_carry_the_pack_and_its_trailer() {
        for side_band in [SideBand::Small, SideBand::Large] {
            let (mut sink, content) = (MemorySink::default(), vec![3; 2 * SEND_LEN + 77]);
            block_on(async {
                let mut out = PackOut::new(&mut sink, Some(side_band), false).unwrap();
                for piece in content.chunks(100_000) {
                    out.write(piece.to_vec().into()).await.unwrap();
                }
                assert_eq!(out.offset(), content.len() as u64);
                out.finish().await.unwrap();
            });
            let (mut reader, mut pack) = (Reader::new(&sink.0), Vec::<u8>::new());
            while let Packet::Line(line) = reader.read().unwrap() {
                assert!(line[0] == 1 && line.len() <= side_band.data_len_max() + 1);
                pack.extend(&line[1..]);
            }
            let mut expected = content.clone();
            expected.extend(sha1_smol::Sha1::from(&content).digest().bytes());
            assert!(pack == expected);
        }
    }
}
