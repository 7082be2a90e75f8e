//! Deltas: copy and insert instructions that make an object from its base. Source: gitformat-pack(5), "Deltified representation".

mod encode;

use core::fmt;

pub use self::encode::DeltaBase;
use super::entry::Decoded;

/// The two lengths at the head of a delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeltaHeader {
    /// Length in bytes of the base that the delta was made for.
    pub base_len: u64,
    /// Length in bytes of the object that it makes.
    pub result_len: u64,
}

/// One instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op<'a> {
    /// Take `len` bytes of the base from `offset` on.
    Copy {
        /// Where in the base, in bytes.
        offset: u64,
        /// How many bytes; never 0.
        len: u64,
    },
    /// Take these bytes, 1 to 127 of them.
    Insert(&'a [u8]),
}

/// Why a delta cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the message of each fact says what its numbers are")]
pub enum DeltaError {
    /// The delta ends within its header or an instruction, or before the result is whole.
    Truncated,
    /// A length of more than 64 bits.
    Overflow,
    /// The reserved instruction 0.
    ReservedOp,
    /// The delta is for a base of another length.
    BaseLen { expected: u64, actual: u64 },
    /// An instruction reads beyond the base.
    CopyOutOfRange { offset: u64, len: u64, base_len: u64 },
    /// The instructions make more than the header said.
    ResultTooLong { result_len: u64 },
    /// Shorter than git takes one: only a delta that makes nothing could be.
    TooShort { delta_len: usize },
}

impl fmt::Display for DeltaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("delta ends too early"),
            Self::Overflow => f.write_str("delta length beyond 64 bits"),
            Self::ReservedOp => f.write_str("reserved delta instruction 0"),
            Self::BaseLen { expected, actual } => {
                write!(f, "delta is for a base of {expected} bytes, its base has {actual}")
            }
            Self::CopyOutOfRange { offset, len, base_len } => {
                write!(f, "delta copies {len} bytes at {offset} of a base of {base_len}")
            }
            Self::ResultTooLong { result_len } => write!(f, "delta makes more than the {result_len} bytes it declares"),
            Self::TooShort { delta_len } => write!(f, "delta of {delta_len} bytes, the shortest has {DELTA_LEN_MIN}"),
        }
    }
}

impl core::error::Error for DeltaError {}

/// The longest header: two numbers of ten bytes.
pub const DELTA_HEADER_LEN_MAX: usize = 20;

/// The shortest delta: `DELTA_SIZE_MIN` of git, whose clients could not be sent a shorter one.
const DELTA_LEN_MIN: usize = 4;

/// Reads the head of a delta.
pub fn decode_header(input: &[u8]) -> Result<Decoded<DeltaHeader>, DeltaError> {
    let Some((base_len, after_base)) = decode_len(input)? else { return Ok(Decoded::NeedMore(1)) };
    let Some((result_len, rest)) = decode_len(after_base)? else { return Ok(Decoded::NeedMore(1)) };
    Ok(Decoded::Value(DeltaHeader { base_len, result_len }, input.len() - rest.len()))
}

fn decode_len(input: &[u8]) -> Result<Option<(u64, &[u8])>, DeltaError> {
    let (mut len, mut shift, mut rest) = (0u64, 0u32, input);
    while let Some((&byte, tail)) = rest.split_first() {
        let bits = u64::from(byte & 0x7f);
        let moved = bits.checked_shl(shift).filter(|moved| moved >> shift == bits).ok_or(DeltaError::Overflow)?;
        len |= moved;
        (shift, rest) = (shift + 7, tail);
        if byte & 0x80 == 0 {
            return Ok(Some((len, rest)));
        }
    }
    Ok(None)
}

/// Reads one instruction.
#[inline]
pub fn decode_op(input: &[u8]) -> Result<Decoded<Op<'_>>, DeltaError> {
    let Some((&first, rest)) = input.split_first() else { return Ok(Decoded::NeedMore(1)) };
    if first == 0 {
        return Err(DeltaError::ReservedOp);
    }
    if first & 0x80 == 0 {
        let len = usize::from(first);
        return Ok(match rest.get(..len) {
            Some(bytes) => Decoded::Value(Op::Insert(bytes), 1 + len),
            None => Decoded::NeedMore(len - rest.len()),
        });
    }
    let n_args = (first & 0x7f).count_ones() as usize;
    let Some(mut args) = rest.get(..n_args).map(<[u8]>::iter) else {
        return Ok(Decoded::NeedMore(n_args - rest.len()));
    };
    let mut arg = |bit: u8, shift: u32| {
        let present = first & (1 << bit) != 0;
        if present { args.next().map_or(0, |&byte| u64::from(byte) << shift) } else { 0 }
    };
    let offset = arg(0, 0) | arg(1, 8) | arg(2, 16) | arg(3, 24);
    let len = arg(4, 0) | arg(5, 8) | arg(6, 16);
    Ok(Decoded::Value(Op::Copy { offset, len: if len == 0 { 0x10000 } else { len } }, 1 + n_args))
}

/// Applies a whole delta to a whole base, replacing the content of `out`. The caller has bounded `result_len`.
pub fn apply(base: &[u8], delta: &[u8], out: &mut Vec<u8>) -> Result<(), DeltaError> {
    let Decoded::Value(header, used) = decode_header(delta)? else { return Err(DeltaError::Truncated) };
    let (DeltaHeader { base_len, result_len }, mut rest) = (header, delta.get(used..).unwrap_or_default());
    if base_len != base.len() as u64 {
        return Err(DeltaError::BaseLen { expected: base_len, actual: base.len() as u64 });
    }
    let result_len_max = usize::try_from(result_len).map_err(|_| DeltaError::Overflow)?;
    out.clear();
    out.reserve_exact(result_len_max);
    while !rest.is_empty() {
        let Decoded::Value(op, used) = decode_op(rest)? else { return Err(DeltaError::Truncated) };
        let bytes = match op {
            Op::Insert(bytes) => bytes,
            Op::Copy { offset, len } => {
                copy_source(base, offset, len).ok_or(DeltaError::CopyOutOfRange { offset, len, base_len })?
            }
        };
        if bytes.len() > result_len_max - out.len() {
            return Err(DeltaError::ResultTooLong { result_len });
        }
        out.extend_from_slice(bytes);
        rest = rest.get(used..).unwrap_or_default();
    }
    match delta.len() {
        _ if out.len() < result_len_max => Err(DeltaError::Truncated),
        delta_len if delta_len < DELTA_LEN_MIN => Err(DeltaError::TooShort { delta_len }),
        _ => Ok(()),
    }
}

fn copy_source(base: &[u8], offset: u64, len: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    base.get(start..start.checked_add(usize::try_from(len).ok()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &[u8] = b"the quick brown fox";

    #[test]
    fn copies_and_inserts_make_the_result() {
        let delta = [19, 11, 0x90, 4, 3, b'r', b'e', b'd', 0x91, 15, 4];
        let mut out = b"left over".to_vec();
        apply(BASE, &delta, &mut out).unwrap();
        assert_eq!(out, b"the red fox");
    }

    #[test]
    fn a_copy_without_length_is_of_64_kib() {
        assert_eq!(decode_op(&[0x80]), Ok(Decoded::Value(Op::Copy { offset: 0, len: 0x10000 }, 1)));
    }

    #[test]
    fn a_short_buffer_asks_for_exactly_what_is_missing() {
        assert_eq!(decode_op(&[3, b'a']), Ok(Decoded::NeedMore(2)));
        assert_eq!(decode_op(&[0xff, 1, 2]), Ok(Decoded::NeedMore(5)));
        assert_eq!(decode_op(&[]), Ok(Decoded::NeedMore(1)));
    }

    #[test]
    fn a_delta_that_lies_is_refused_with_the_facts() {
        let mut out = Vec::new();
        let mut check = |delta: &[u8], error| assert_eq!(apply(BASE, delta, &mut out), Err(error));
        check(&[18, 1, 1, b'a'], DeltaError::BaseLen { expected: 18, actual: 19 });
        check(&[19, 4, 0x91, 16, 4], DeltaError::CopyOutOfRange { offset: 16, len: 4, base_len: 19 });
        check(&[19, 2, 3, b'a', b'b', b'c'], DeltaError::ResultTooLong { result_len: 2 });
        check(&[19, 2, 1, b'a'], DeltaError::Truncated);
        check(&[19, 2, 2, b'a'], DeltaError::Truncated);
        check(&[19, 2, 0], DeltaError::ReservedOp);
        check(&[19], DeltaError::Truncated);
        check(&[19, 0], DeltaError::TooShort { delta_len: 2 });
        check(&[0xff; 11], DeltaError::Overflow);
    }
}
