//! Packets out of chunks of any size.

use super::{Decoded, HEADER_LEN, Packet, PktLineError, decode};

/// Reads packets from chunks. Holds at most one packet, and that only when a chunk has cut it.
#[derive(Debug, Clone, Default)]
pub struct PacketStream {
    /// The packet that the last chunk cut, as far as it has come.
    partial: Vec<u8>,
    /// It has come to its end and has been handed out.
    is_used: bool,
}

impl PacketStream {
    /// At the start of an input.
    pub const fn new() -> Self {
        Self { partial: Vec::new(), is_used: false }
    }

    /// Takes the next packet off the front of `input`; `None` when all of it is used and more is needed. Never gives
    /// [`Packet::End`]: where the input ends is the caller's knowledge.
    pub fn read<'s, 'a: 's>(&'s mut self, input: &mut &'a [u8]) -> Result<Option<Packet<'s>>, PktLineError> {
        if std::mem::take(&mut self.is_used) {
            self.partial.clear();
        }
        if self.partial.is_empty() {
            let whole: &'a [u8] = input;
            match decode(whole)? {
                Decoded::NeedMore(_) => {}
                decoded => {
                    let (packet, used) = decoded.into_packet()?;
                    *input = input.get(used..).unwrap_or_default();
                    return Ok(Some(packet));
                }
            }
        }
        while let Decoded::NeedMore(n_missing) = decode(&self.partial)? {
            let Some(taken) = input.split_off(..n_missing) else {
                self.partial.extend_from_slice(std::mem::take(input));
                return Ok(None);
            };
            self.partial.extend_from_slice(taken);
        }
        self.is_used = true;
        Ok(Some(decode(&self.partial)?.into_packet()?.0))
    }

    /// Bytes that are missing, at the least, before there can be another packet.
    pub fn n_missing(&self) -> usize {
        match decode(&self.partial) {
            Ok(Decoded::NeedMore(n_missing)) if !self.is_used => n_missing,
            _ => HEADER_LEN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: &[u8] = b"0009done\n00040000000b0001abc00010002";

    /// What comes of `input` in chunks of so many bytes, and how many more it takes after it.
    fn read(input: &[u8], chunk_len: usize) -> (Vec<String>, usize) {
        let mut stream = PacketStream::new();
        let mut packets = Vec::new();
        for mut chunk in input.chunks(chunk_len) {
            while let Some(packet) = stream.read(&mut chunk).unwrap() {
                packets.push(format!("{packet:?}"));
            }
            assert!(chunk.is_empty());
        }
        (packets, stream.n_missing())
    }

    #[test]
    fn chunks_make_no_difference() {
        let whole = read(INPUT, INPUT.len());
        assert_eq!((whole.0.len(), whole.1), (6, HEADER_LEN));
        for chunk_len in 1..INPUT.len() {
            assert_eq!(read(INPUT, chunk_len), whole, "{chunk_len}");
        }
    }

    #[test]
    fn a_packet_that_is_cut_asks_for_exactly_what_is_missing() {
        for chunk_len in [1, 2, 99] {
            assert_eq!(read(b"0009do", chunk_len), (vec![], 3));
            assert_eq!(read(b"00000", chunk_len), (vec!["Flush".to_owned()], 3));
        }
    }

    #[test]
    fn a_packet_that_no_chunk_cuts_is_not_copied() {
        let mut stream = PacketStream::new();
        let mut input = INPUT;
        while stream.read(&mut input).unwrap().is_some() {}
        assert_eq!(stream.partial.capacity(), 0);
    }

    #[test]
    fn a_length_that_is_none_is_refused_in_any_chunks() {
        let mut stream = PacketStream::new();
        assert_eq!(stream.read(&mut &b"00"[..]), Ok(None));
        assert_eq!(stream.read(&mut &b"g4"[..]), Err(PktLineError::LengthNotHex { digits: *b"00g4" }));
        assert_eq!(PacketStream::new().read(&mut &b"00g4"[..]), Err(PktLineError::LengthNotHex { digits: *b"00g4" }));
    }
}
