//! The header of a pack and of each entry in it. Source: gitformat-pack(5), "pack-*.pack files have the following format".

use core::fmt;

use super::Kind;
use crate::ObjectId;

/// Length in bytes of a pack's header: `PACK`, version, number of objects.
pub const PACK_HEADER_LEN: usize = 12;
/// Length in bytes of a pack's trailer: the SHA-1 of all that precedes it.
pub const PACK_TRAILER_LEN: usize = 20;
/// Length of a pack without objects: header and trailer.
pub const EMPTY_PACK_LEN: u64 = 32;
/// No entry header is longer: ten bytes of size, and a base id or ten bytes of distance.
pub const ENTRY_HEADER_LEN_MAX: usize = 30;

const OFS_DELTA: u8 = 6;
const REF_DELTA: u8 = 7;

/// A decoded value and the bytes it took, or how many bytes more are surely needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoded<T> {
    /// The value, and how many bytes of the input it took.
    Value(T, usize),
    /// At least so many bytes more than were given.
    NeedMore(usize),
}

/// The header of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryHeader {
    /// What the entry holds.
    pub content: Content,
    /// Inflated length in bytes of the entry's data: of the delta, when it is one.
    pub inflated_len: u64,
}

/// What an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A whole object.
    Whole(Kind),
    /// A delta against the entry that starts so many bytes before this one.
    OfsDelta {
        /// Bytes from the start of the base's entry to the start of this one; never 0.
        distance: u64,
    },
    /// A delta against the object of that id.
    RefDelta {
        /// The base, in this pack or (in a thin pack) elsewhere.
        base_id: ObjectId,
    },
}

/// Why a header cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryError {
    /// The pack does not begin with `PACK`.
    Signature([u8; 4]),
    /// Neither version 2 nor 3.
    Version(u32),
    /// Entry type 0 or 5.
    Type(u8),
    /// A size or distance of more than 64 bits.
    Overflow,
    /// A delta whose base is itself.
    ZeroDistance,
}

impl fmt::Display for EntryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature(found) => write!(f, "bad pack signature {:?}", String::from_utf8_lossy(found)),
            Self::Version(version) => write!(f, "unsupported pack version {version}"),
            Self::Type(number) => write!(f, "unknown entry type {number}"),
            Self::Overflow => f.write_str("entry size or distance beyond 64 bits"),
            Self::ZeroDistance => f.write_str("delta base offset is out of bound"),
        }
    }
}

impl core::error::Error for EntryError {}

/// Reads a pack's header; the value is the number of objects.
pub fn decode_pack_header(input: &[u8]) -> Result<Decoded<u32>, EntryError> {
    let Some(header) = input.first_chunk::<PACK_HEADER_LEN>() else {
        return Ok(Decoded::NeedMore(PACK_HEADER_LEN - input.len()));
    };
    let [a, b, c, d, v0, v1, v2, v3, n0, n1, n2, n3] = *header;
    if [a, b, c, d] != *b"PACK" {
        return Err(EntryError::Signature([a, b, c, d]));
    }
    match u32::from_be_bytes([v0, v1, v2, v3]) {
        2 | 3 => Ok(Decoded::Value(u32::from_be_bytes([n0, n1, n2, n3]), PACK_HEADER_LEN)),
        version => Err(EntryError::Version(version)),
    }
}

/// A version 2 pack header for `n_objects`.
pub fn encode_pack_header(n_objects: u32) -> [u8; PACK_HEADER_LEN] {
    let [n0, n1, n2, n3] = n_objects.to_be_bytes();
    [b'P', b'A', b'C', b'K', 0, 0, 0, 2, n0, n1, n2, n3]
}

/// Reads one entry's header.
pub fn decode_entry_header(input: &[u8]) -> Result<Decoded<EntryHeader>, EntryError> {
    let Some((&first, mut rest)) = input.split_first() else { return Ok(Decoded::NeedMore(1)) };
    let mut inflated_len = u64::from(first & 0x0f);
    let (mut shift, mut more) = (4, first & 0x80 != 0);
    while more {
        let Some((&byte, tail)) = rest.split_first() else { return Ok(Decoded::NeedMore(1)) };
        inflated_len |= shifted(byte & 0x7f, shift)?;
        (rest, shift, more) = (tail, shift + 7, byte & 0x80 != 0);
    }
    let content = match (first >> 4) & 7 {
        OFS_DELTA => match decode_distance(rest)? {
            Decoded::Value(distance, used) => {
                rest = rest.get(used..).unwrap_or_default();
                Content::OfsDelta { distance }
            }
            Decoded::NeedMore(n) => return Ok(Decoded::NeedMore(n)),
        },
        REF_DELTA => {
            let Some(base_id) = ObjectId::from_prefix(rest) else {
                return Ok(Decoded::NeedMore(ObjectId::LEN - rest.len()));
            };
            rest = rest.get(ObjectId::LEN..).unwrap_or_default();
            Content::RefDelta { base_id }
        }
        number => Content::Whole(Kind::from_number(number).ok_or(EntryError::Type(number))?),
    };
    Ok(Decoded::Value(EntryHeader { content, inflated_len }, input.len() - rest.len()))
}

fn shifted(bits: u8, shift: u32) -> Result<u64, EntryError> {
    let value = u64::from(bits);
    match value.checked_shl(shift) {
        Some(moved) if moved >> shift == value => Ok(moved),
        _ => Err(EntryError::Overflow),
    }
}

/// The distance of an `OFS_DELTA`: base 128, most significant first, each continuation adding one.
fn decode_distance(input: &[u8]) -> Result<Decoded<u64>, EntryError> {
    let mut distance = 0u64;
    for (at, &byte) in input.iter().enumerate() {
        if at > 0 {
            distance = distance.checked_add(1).ok_or(EntryError::Overflow)?;
        }
        if distance > u64::MAX >> 7 {
            return Err(EntryError::Overflow);
        }
        distance = (distance << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return if distance == 0 { Err(EntryError::ZeroDistance) } else { Ok(Decoded::Value(distance, at + 1)) };
        }
    }
    Ok(Decoded::NeedMore(1))
}

/// Appends an entry's header to `out`.
pub fn encode_entry_header(header: EntryHeader, out: &mut Vec<u8>) {
    let number = match header.content {
        Content::Whole(kind) => kind as u8,
        Content::OfsDelta { .. } => OFS_DELTA,
        Content::RefDelta { .. } => REF_DELTA,
    };
    let mut left = header.inflated_len >> 4;
    let more = |left: u64| if left > 0 { 0x80 } else { 0 };
    out.push(more(left) | (number << 4) | low_bits(header.inflated_len, 0x0f));
    while left > 0 {
        let byte = low_bits(left, 0x7f);
        left >>= 7;
        out.push(more(left) | byte);
    }
    match header.content {
        Content::Whole(_) => {}
        Content::OfsDelta { distance } => encode_distance(distance, out),
        Content::RefDelta { base_id } => out.extend_from_slice(base_id.as_bytes()),
    }
}

fn encode_distance(distance: u64, out: &mut Vec<u8>) {
    let mut bytes = [0; 10];
    let (mut left, mut n) = (distance, 0);
    for slot in bytes.iter_mut().rev() {
        *slot = low_bits(left, 0x7f) | if n > 0 { 0x80 } else { 0 };
        n += 1;
        left >>= 7;
        if left == 0 {
            break;
        }
        left -= 1;
    }
    out.extend(bytes.iter().skip(bytes.len() - n));
}

fn low_bits(value: u64, mask: u8) -> u8 {
    value.to_le_bytes()[0] & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(content: Content, inflated_len: u64) -> EntryHeader {
        EntryHeader { content, inflated_len }
    }

    fn samples() -> Vec<EntryHeader> {
        let base_id = ObjectId::from_bytes([7; 20]);
        let mut all = Vec::new();
        for len in [0, 1, 15, 16, 2047, 2048, 1 << 32, u64::MAX] {
            all.push(header(Content::Whole(Kind::Blob), len));
            all.push(header(Content::RefDelta { base_id }, len));
            for distance in [1, 127, 128, 16511, 16512, 1 << 40, u64::MAX >> 1] {
                all.push(header(Content::OfsDelta { distance }, len));
            }
        }
        all
    }

    #[test]
    fn a_header_is_read_as_it_was_written() {
        for sample in samples() {
            let mut bytes = Vec::new();
            encode_entry_header(sample, &mut bytes);
            assert!(bytes.len() <= ENTRY_HEADER_LEN_MAX);
            bytes.push(0xff);
            assert_eq!(decode_entry_header(&bytes), Ok(Decoded::Value(sample, bytes.len() - 1)));
        }
    }

    #[test]
    fn a_short_buffer_never_reads_as_a_header() {
        for sample in samples() {
            let mut bytes = Vec::new();
            encode_entry_header(sample, &mut bytes);
            for len in 0..bytes.len() {
                assert!(
                    matches!(decode_entry_header(&bytes[..len]), Ok(Decoded::NeedMore(n)) if n <= bytes.len() - len)
                );
            }
        }
    }

    #[test]
    fn unknown_types_and_endless_sizes_are_refused() {
        assert_eq!(decode_entry_header(&[0x00]), Err(EntryError::Type(0)));
        assert_eq!(decode_entry_header(&[0x50]), Err(EntryError::Type(5)));
        assert_eq!(decode_entry_header(&[0xff; 12]), Err(EntryError::Overflow));
        assert_eq!(decode_entry_header(&[0x60, 0x00]), Err(EntryError::ZeroDistance));
        let mut endless = vec![0x60];
        endless.extend([0xff; 12]);
        assert_eq!(decode_entry_header(&endless), Err(EntryError::Overflow));
    }

    #[test]
    fn a_pack_header_tells_signature_version_and_count() {
        assert_eq!(decode_pack_header(&encode_pack_header(3)), Ok(Decoded::Value(3, 12)));
        assert_eq!(decode_pack_header(b"PACK"), Ok(Decoded::NeedMore(8)));
        assert_eq!(decode_pack_header(b"JUNK00000000"), Err(EntryError::Signature(*b"JUNK")));
        assert_eq!(decode_pack_header(b"PACK\0\0\0\x04\0\0\0\0"), Err(EntryError::Version(4)));
    }
}
