//! Side-band as it arrives: the pack, how far it is, and what went wrong. Source: gitprotocol-pack(5), "Packfile Data".

use super::{RemoteError, RemoteText};
use crate::pkt_line::{Decoded, HEADER_LEN, decode};

/// What a stretch of input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Banded<'a> {
    /// A part of the pack.
    Data(&'a [u8]),
    /// A part of the text that tells how far the pack is.
    Progress(&'a [u8]),
    /// The end.
    Flush,
}

/// The packet that is being read.
#[derive(Debug, Clone, Copy)]
enum Packet {
    /// It has not begun, or its header has not come to its end.
    Header,
    /// Handed out as it comes.
    Passed { is_data: bool, n_missing: usize },
    /// Of another band: kept up to its end, which is where it is known what to say of it.
    Kept { n_missing: usize },
}

/// Takes packets apart without waiting for their end.
#[derive(Debug, Clone)]
pub(super) struct Bands {
    packet: Packet,
    /// The header as far as it has come, or the packet that is kept.
    partial: Vec<u8>,
    text_len_max: usize,
}

impl Bands {
    pub(super) fn new(text_len_max: usize) -> Self {
        Self { packet: Packet::Header, partial: Vec::new(), text_len_max }
    }

    /// Takes the next stretch off the front of `input`; `None` when all of it is used.
    pub(super) fn read<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Banded<'a>>, RemoteError> {
        while !input.is_empty() {
            match self.packet {
                Packet::Header => {
                    if self.header(input)? {
                        return Ok(Some(Banded::Flush));
                    }
                }
                Packet::Passed { n_missing: 0, .. } => self.packet = Packet::Header,
                Packet::Passed { is_data, n_missing } => {
                    let bytes = take(input, n_missing);
                    self.packet = Packet::Passed { is_data, n_missing: n_missing.saturating_sub(bytes.len()) };
                    return Ok(Some(if is_data { Banded::Data(bytes) } else { Banded::Progress(bytes) }));
                }
                Packet::Kept { n_missing } => {
                    let bytes = take(input, n_missing);
                    self.partial.extend_from_slice(bytes);
                    let n_missing = n_missing.saturating_sub(bytes.len());
                    if n_missing == 0 {
                        return Err(self.complaint());
                    }
                    self.packet = Packet::Kept { n_missing };
                }
            }
        }
        Ok(None)
    }

    /// Bytes that are missing before there can be an end, at the least.
    pub(super) fn n_missing(&self) -> usize {
        match self.packet {
            Packet::Passed { n_missing: 0, .. } => HEADER_LEN,
            Packet::Passed { n_missing, .. } | Packet::Kept { n_missing } => n_missing,
            Packet::Header => match decode(&self.partial) {
                Ok(Decoded::NeedMore(n_missing)) => n_missing,
                _ => HEADER_LEN,
            },
        }
    }

    /// Reads of the header what there is of it, and of the data the band alone. True when it is that of a flush.
    fn header(&mut self, input: &mut &[u8]) -> Result<bool, RemoteError> {
        self.partial.extend_from_slice(take(input, HEADER_LEN.saturating_sub(self.partial.len())));
        let data_len = match decode(&self.partial)? {
            Decoded::NeedMore(n_missing) if self.partial.len() == HEADER_LEN => n_missing,
            Decoded::NeedMore(_) => return Ok(false),
            Decoded::Flush => {
                self.partial.clear();
                return Ok(true);
            }
            Decoded::Delimiter => return Err(RemoteError::UnexpectedPacket("delimiter")),
            Decoded::ResponseEnd => return Err(RemoteError::UnexpectedPacket("response-end")),
            Decoded::Line { .. } => return Err(RemoteError::UnexpectedPacket("empty")),
        };
        let Some((band, rest)) = input.split_first() else { return Ok(false) };
        self.partial.clear();
        self.packet = match band {
            1 | 2 => {
                *input = rest;
                Packet::Passed { is_data: *band == 1, n_missing: data_len.saturating_sub(1) }
            }
            _ => Packet::Kept { n_missing: data_len },
        };
        Ok(false)
    }

    /// What is to be said of a packet that is kept. A server that meets with an error may forget that it has begun with
    /// bands.
    fn complaint(&self) -> RemoteError {
        let packet = &self.partial;
        let text = packet.strip_prefix(b"\x03").or_else(|| packet.strip_prefix(b"ERR "));
        match text {
            Some(text) => RemoteError::Refused(RemoteText::clean(text, self.text_len_max)),
            None => RemoteError::UnknownBand(packet.first().copied().unwrap_or_default()),
        }
    }
}

/// Takes up to `len_max` bytes off the front of `input`.
fn take<'a>(input: &mut &'a [u8], len_max: usize) -> &'a [u8] {
    input.split_off(..len_max).unwrap_or_else(|| std::mem::take(input))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkt_line::{Band, PktLineError, SideBand, write_band, write_flush};

    fn banded(packets: &[(Band, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (band, data) in packets {
            write_band(&mut out, SideBand::Large, *band, data);
        }
        out
    }

    /// What was sent on the bands, and how it went on.
    fn read(input: &[u8], chunk_len: usize) -> (Vec<u8>, Vec<u8>, Result<usize, RemoteError>) {
        let mut bands = Bands::new(10);
        let (mut data, mut progress) = (Vec::new(), Vec::new());
        for mut chunk in input.chunks(chunk_len) {
            loop {
                match bands.read(&mut chunk) {
                    Ok(None) => break,
                    Ok(Some(Banded::Data(bytes))) => data.extend_from_slice(bytes),
                    Ok(Some(Banded::Progress(bytes))) => progress.extend_from_slice(bytes),
                    Ok(Some(Banded::Flush)) => return (data, progress, Ok(chunk.len())),
                    Err(error) => return (data, progress, Err(error)),
                }
            }
            assert!(chunk.is_empty());
        }
        (data, progress, Ok(bands.n_missing()))
    }

    #[test]
    fn data_and_progress_come_as_they_were_sent_in_any_chunks() {
        let mut input = banded(&[(Band::Progress, b"half\r"), (Band::Data, &[7; 300]), (Band::Progress, b"done\n")]);
        input.extend_from_slice(b"0005\x010005\x02");
        write_flush(&mut input);
        for chunk_len in 1..=input.len() {
            assert_eq!(read(&input, chunk_len), (vec![7; 300], b"half\rdone\n".to_vec(), Ok(0)), "{chunk_len}");
        }
    }

    #[test]
    fn data_is_handed_out_before_its_packet_ends_and_without_a_copy() {
        let mut bands = Bands::new(0);
        let input = banded(&[(Band::Data, b"abcdef")]);
        let mut rest = &input[..8];
        let Ok(Some(Banded::Data(bytes))) = bands.read(&mut rest) else { panic!("no data") };
        assert_eq!((bytes, bytes.as_ptr()), (&b"abc"[..], input[5..].as_ptr()));
        assert_eq!((bands.read(&mut rest), bands.n_missing()), (Ok(None), 3));
    }

    #[test]
    fn the_error_band_and_err_lines_are_the_remotes_own_words() {
        for (input, words) in [
            (banded(&[(Band::Data, b"a"), (Band::Error, b"no\x1b\n")]), "no"),
            (banded(&[(Band::Data, b"a"), (Band::Error, &vec![b'x'; 60_000])]), "xxxxxxx..."),
            (b"0006\x01a000aERR no".to_vec(), "no"),
            (b"0006\x01a0005\x03".to_vec(), ""),
        ] {
            let refused = Err(RemoteError::Refused(RemoteText::clean(words.as_bytes(), 10)));
            for chunk_len in [1, 3, 999] {
                assert_eq!(read(&input, chunk_len), (b"a".to_vec(), vec![], refused.clone()));
            }
        }
    }

    #[test]
    fn what_is_on_no_band_is_refused() {
        for (input, error) in [
            (&b"0006\x04a"[..], RemoteError::UnknownBand(4)),
            (b"0008NAK\n", RemoteError::UnknownBand(b'N')),
            (b"0004", RemoteError::UnexpectedPacket("empty")),
            (b"0001", RemoteError::UnexpectedPacket("delimiter")),
            (b"0002", RemoteError::UnexpectedPacket("response-end")),
            (b"PACK", RemoteError::PktLine(PktLineError::LengthNotHex { digits: *b"PACK" })),
        ] {
            for chunk_len in [1, 3, 999] {
                assert_eq!(read(input, chunk_len), (vec![], vec![], Err(error.clone())));
            }
        }
    }

    #[test]
    fn it_is_known_how_much_is_missing() {
        for (input, n_missing) in
            [(&b""[..], 4), (b"00", 2), (b"0009", 5), (b"0009\x01a", 3), (b"0009\x01abcd", 4), (b"0009\x03", 4)]
        {
            for chunk_len in [1, 999] {
                assert_eq!(read(input, chunk_len).2, Ok(n_missing), "{}", input.escape_ascii());
            }
        }
    }
}
