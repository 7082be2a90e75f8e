//! Packets: the framing of everything that Git says over a connection. Source: gitprotocol-common(5), "pkt-line Format".
//!
//! Reading is [`decode`] or [`PacketStream`] for a stream and [`Reader`] for what is there in full; writing appends to a
//! `Vec<u8>`.
//! What the lines mean is the business of [`crate::protocol`].

mod side_band;
mod stream;

pub use side_band::{Band, SideBand, write_band};
pub use stream::PacketStream;

use core::fmt;

/// Length of a packet's header: four hexadecimal digits.
pub const HEADER_LEN: usize = 4;
/// Most bytes that one packet carries after its header.
pub const DATA_LEN_MAX: usize = 65_516;

const FLUSH: &[u8] = b"0000";
const DELIMITER: &[u8] = b"0001";
const RESPONSE_END: &[u8] = b"0002";

/// What stands at the beginning of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// A data packet: its bytes, a line feed at the end included, and how many bytes of the input it took.
    Line {
        /// The bytes after the header.
        data: &'a [u8],
        /// Header and data.
        used: usize,
    },
    /// `0000`, four bytes long like the two that follow.
    Flush,
    /// `0001`
    Delimiter,
    /// `0002`
    ResponseEnd,
    /// So many bytes more, at the least, before there is something to say.
    NeedMore(usize),
}

/// Reads the packet at the beginning of `input`.
pub fn decode(input: &[u8]) -> Result<Decoded<'_>, PktLineError> {
    let Some((digits, rest)) = input.split_first_chunk::<HEADER_LEN>() else {
        return Ok(Decoded::NeedMore(HEADER_LEN.saturating_sub(input.len())));
    };
    let mut bytes = [0; 2];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| PktLineError::LengthNotHex { digits: *digits })?;
    let len = u16::from_be_bytes(bytes);
    let used = usize::from(len);
    match len {
        0 => return Ok(Decoded::Flush),
        1 => return Ok(Decoded::Delimiter),
        2 => return Ok(Decoded::ResponseEnd),
        3 => return Err(PktLineError::LengthOutOfRange { len }),
        _ if used > HEADER_LEN + DATA_LEN_MAX => return Err(PktLineError::LengthOutOfRange { len }),
        _ => {}
    }
    Ok(match rest.get(..used.saturating_sub(HEADER_LEN)) {
        Some(data) => Decoded::Line { data, used },
        None => Decoded::NeedMore(used.saturating_sub(input.len())),
    })
}

/// Why bytes are no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PktLineError {
    /// The header is not four hexadecimal digits.
    LengthNotHex {
        /// What stands there instead.
        digits: [u8; HEADER_LEN],
    },
    /// Neither 0, 1 or 2 nor from 4 to 65520.
    LengthOutOfRange {
        /// The length that the header gives.
        len: u16,
    },
    /// The input ends before the packet does.
    Truncated {
        /// Bytes that are missing, at the least.
        n_missing: usize,
    },
}

impl fmt::Display for PktLineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LengthNotHex { digits } => {
                write!(f, "bad pkt-line length '{}': not four hexadecimal digits", digits.escape_ascii())
            }
            Self::LengthOutOfRange { len } => write!(f, "bad pkt-line length {len}: not within 4 to 65520"),
            Self::Truncated { n_missing } => write!(f, "the request ends {n_missing} bytes short of a pkt-line's end"),
        }
    }
}

impl core::error::Error for PktLineError {}

/// A packet that is there in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// A line, without the line feed that may end it.
    Line(&'a [u8]),
    /// `0000`
    Flush,
    /// `0001`
    Delimiter,
    /// `0002`
    ResponseEnd,
    /// The input ends between two packets.
    End,
}

impl Packet<'_> {
    /// What it is called where it does not belong.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Line(_) => "line",
            Self::Flush => "flush",
            Self::Delimiter => "delimiter",
            Self::ResponseEnd => "response-end",
            Self::End => "end",
        }
    }
}

impl<'a> Decoded<'a> {
    /// The packet and how many bytes of the input it took.
    fn into_packet(self) -> Result<(Packet<'a>, usize), PktLineError> {
        Ok(match self {
            Self::Line { data, used } => (Packet::Line(chomp(data)), used),
            Self::Flush => (Packet::Flush, HEADER_LEN),
            Self::Delimiter => (Packet::Delimiter, HEADER_LEN),
            Self::ResponseEnd => (Packet::ResponseEnd, HEADER_LEN),
            Self::NeedMore(n_missing) => return Err(PktLineError::Truncated { n_missing }),
        })
    }
}

/// Reads packet by packet what is there in full.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader of all of `input`.
    pub const fn new(input: &'a [u8]) -> Self {
        Self { rest: input }
    }

    /// Takes the next packet; [`Packet::End`] for ever after the last.
    pub fn read(&mut self) -> Result<Packet<'a>, PktLineError> {
        if self.rest.is_empty() {
            return Ok(Packet::End);
        }
        let (packet, used) = decode(self.rest)?.into_packet()?;
        self.rest = self.rest.get(used..).unwrap_or_default();
        Ok(packet)
    }
}

/// A line without the line feed that may end it: senders should write one, receivers must not ask for it.
pub fn chomp(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

/// Appends `data` in as many packets as it takes; none when it is empty.
pub fn write_data(out: &mut Vec<u8>, data: &[u8]) {
    for chunk in data.chunks(DATA_LEN_MAX) {
        out.extend_from_slice(&length_digits(HEADER_LEN + chunk.len()));
        out.extend_from_slice(chunk);
    }
}

/// Appends one line made of `parts` and a line feed. What does not fit into one packet is cut off.
pub fn write_line(out: &mut Vec<u8>, parts: &[&[u8]]) {
    write_one(out, parts, b"\n");
}

/// Appends one line made of `parts` without a line feed, for lines after which a client accepts none.
pub fn write_bare_line(out: &mut Vec<u8>, parts: &[&[u8]]) {
    write_one(out, parts, b"");
}

/// Appends the line that ends a conversation with a reason: `ERR <reason>`.
pub fn write_err(out: &mut Vec<u8>, reason: &str) {
    write_one(out, &[b"ERR ", reason.as_bytes()], b"");
}

/// Appends `0000`.
pub fn write_flush(out: &mut Vec<u8>) {
    out.extend_from_slice(FLUSH);
}

/// Appends `0001`.
pub fn write_delimiter(out: &mut Vec<u8>) {
    out.extend_from_slice(DELIMITER);
}

/// Appends `0002`.
pub fn write_response_end(out: &mut Vec<u8>) {
    out.extend_from_slice(RESPONSE_END);
}

fn write_one(out: &mut Vec<u8>, parts: &[&[u8]], end: &[u8]) {
    let text_len_max = DATA_LEN_MAX.saturating_sub(end.len());
    let text_len = parts.iter().map(|part| part.len()).fold(0, usize::saturating_add).min(text_len_max);
    out.extend_from_slice(&length_digits(HEADER_LEN + text_len + end.len()));
    let mut room = text_len;
    for part in parts {
        let kept = part.get(..room).unwrap_or(part);
        out.extend_from_slice(kept);
        room = room.saturating_sub(kept.len());
    }
    out.extend_from_slice(end);
}

/// The four digits for a packet of `packet_len` bytes, header included; no caller passes more than 65520.
fn length_digits(packet_len: usize) -> [u8; HEADER_LEN] {
    let [.., high, low] = packet_len.to_be_bytes();
    [high >> 4, high & 15, low >> 4, low & 15]
        .map(|nibble| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_gives_its_data_and_its_length() {
        assert_eq!(decode(b"0009done\nrest"), Ok(Decoded::Line { data: b"done\n", used: 9 }));
        assert_eq!(decode(b"0004"), Ok(Decoded::Line { data: b"", used: 4 }));
        assert_eq!(decode(b"000Aa\n\0bc0000"), Ok(Decoded::Line { data: b"a\n\0bc0", used: 10 }));
    }

    #[test]
    fn the_three_packets_without_data_are_told_apart() {
        assert_eq!(decode(b"0000PACK"), Ok(Decoded::Flush));
        assert_eq!(decode(b"0001"), Ok(Decoded::Delimiter));
        assert_eq!(decode(b"0002"), Ok(Decoded::ResponseEnd));
    }

    #[test]
    fn a_short_buffer_asks_for_exactly_what_is_missing() {
        assert_eq!(decode(b""), Ok(Decoded::NeedMore(4)));
        assert_eq!(decode(b"000"), Ok(Decoded::NeedMore(1)));
        assert_eq!(decode(b"0009"), Ok(Decoded::NeedMore(5)));
        assert_eq!(decode(b"0009don"), Ok(Decoded::NeedMore(2)));
        assert_eq!(decode(b"fff0"), Ok(Decoded::NeedMore(DATA_LEN_MAX)));
    }

    #[test]
    fn a_length_that_is_no_length_is_refused_with_what_stood_there() {
        assert_eq!(decode(b"00g4"), Err(PktLineError::LengthNotHex { digits: *b"00g4" }));
        assert_eq!(decode(b"PACK"), Err(PktLineError::LengthNotHex { digits: *b"PACK" }));
        assert_eq!(decode(b"0003"), Err(PktLineError::LengthOutOfRange { len: 3 }));
        assert_eq!(decode(b"fff1"), Err(PktLineError::LengthOutOfRange { len: 65_521 }));
    }

    #[test]
    fn a_reader_chomps_lines_and_ends_where_the_input_ends() {
        let mut reader = Reader::new(b"0006a\n0005b000000010002");
        assert_eq!(reader.read(), Ok(Packet::Line(b"a")));
        assert_eq!(reader.read(), Ok(Packet::Line(b"b")));
        assert_eq!(reader.read(), Ok(Packet::Flush));
        assert_eq!(reader.read(), Ok(Packet::Delimiter));
        assert_eq!(reader.read(), Ok(Packet::ResponseEnd));
        assert_eq!(reader.read(), Ok(Packet::End));
        assert_eq!(reader.read(), Ok(Packet::End));
    }

    #[test]
    fn a_reader_says_how_much_of_a_packet_is_missing() {
        assert_eq!(Reader::new(b"0009do").read(), Err(PktLineError::Truncated { n_missing: 3 }));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut out = Vec::new();
        write_line(&mut out, &[b"want ", b"it"]);
        write_flush(&mut out);
        write_delimiter(&mut out);
        write_response_end(&mut out);
        write_err(&mut out, "no such service");
        assert_eq!(out, b"000cwant it\n0000000100020017ERR no such service");
    }

    #[test]
    fn long_data_takes_several_packets_and_empty_data_none() {
        let data = vec![7; DATA_LEN_MAX + 1];
        let mut out = Vec::new();
        write_data(&mut out, &data);
        assert_eq!(decode(&out), Ok(Decoded::Line { data: &data[1..], used: 65_520 }));
        assert_eq!(decode(&out[65_520..]), Ok(Decoded::Line { data: &[7], used: 5 }));

        out.clear();
        write_data(&mut out, b"");
        assert!(out.is_empty());
    }

    #[test]
    fn a_line_too_long_for_a_packet_is_cut_and_still_ends() {
        let mut out = Vec::new();
        write_line(&mut out, &[&vec![b'x'; 40_000], &vec![b'y'; 40_000]]);
        let Ok(Decoded::Line { data, used: 65_520 }) = decode(&out) else { panic!("no full packet") };
        assert_eq!((data.len(), data.last()), (DATA_LEN_MAX, Some(&b'\n')));
    }
}
