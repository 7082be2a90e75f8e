//! How a call and its answer travel: a JSON head, then byte strings that the head refers to by index.
//!
//! `u32` little-endian length of the head, the head, then for each byte string a `u32` little-endian length and its
//! bytes. A frame is read in place: its byte strings are slices of the buffer that arrived.

use std::ops::Range;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Failure;
use crate::config::{FRAME_LEN_MAX, FRAME_STRINGS_MAX};

/// A frame being written: byte strings first, the head when all of them are known.
#[derive(Debug, Default)]
pub(crate) struct FrameWriter {
    strings: Vec<u8>,
    n_strings: usize,
}

impl FrameWriter {
    /// Adds a byte string and returns its index.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<usize, Failure> {
        let len = u32_len("a byte string of a frame", bytes.len())?;
        self.strings.extend_from_slice(&len.to_le_bytes());
        self.strings.extend_from_slice(bytes);
        self.n_strings += 1;
        Ok(self.n_strings - 1)
    }

    /// The whole frame, with `head` before the byte strings.
    pub(crate) fn finish(self, head: &impl Serialize) -> Result<Vec<u8>, Failure> {
        let head = serde_json::to_vec(head).map_err(|error| Failure::shape("a head that is JSON", error))?;
        let head_len = u32_len("the head of a frame", head.len())?;
        let mut frame = Vec::with_capacity(4 + head.len() + self.strings.len());
        frame.extend_from_slice(&head_len.to_le_bytes());
        frame.extend_from_slice(&head);
        frame.extend_from_slice(&self.strings);
        u32_len("a frame", frame.len())?;
        Ok(frame)
    }
}

/// A frame that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    bytes: Vec<u8>,
    head: Range<usize>,
    strings: Vec<Range<usize>>,
}

impl Frame {
    /// Finds the parts of `bytes`.
    pub(crate) fn parse(bytes: Vec<u8>) -> Result<Self, Failure> {
        u32_len("a frame", bytes.len())?;
        let mut at = 0;
        let head = part(&bytes, &mut at)?;
        let mut strings = Vec::new();
        while at < bytes.len() {
            if strings.len() == FRAME_STRINGS_MAX {
                return Err(Failure::shape("no more byte strings", format_args!("more than {FRAME_STRINGS_MAX}")));
            }
            strings.push(part(&bytes, &mut at)?);
        }
        Ok(Self { bytes, head, strings })
    }

    /// The head, as what it must be.
    pub(crate) fn head<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let head = self.bytes.get(self.head.clone()).unwrap_or_default();
        serde_json::from_slice(head).map_err(|error| Failure::shape("a head that is understood", error))
    }

    /// The byte string of this index.
    pub(crate) fn string(&self, index: usize) -> Result<&[u8], Failure> {
        let range = self.strings.get(index).cloned();
        range
            .and_then(|range| self.bytes.get(range))
            .ok_or_else(|| Failure::shape("a byte string", format_args!("index {index} of {}", self.strings.len())))
    }
}

fn u32_len(what: &'static str, len: usize) -> Result<u32, Failure> {
    let value = len as u64;
    match u32::try_from(len) {
        Ok(short) if short <= FRAME_LEN_MAX => Ok(short),
        _ => Err(Failure::Range { what, value, max: FRAME_LEN_MAX.into() }),
    }
}

fn part(bytes: &[u8], at: &mut usize) -> Result<Range<usize>, Failure> {
    let rest = bytes.get(*at..).unwrap_or_default();
    let cut = || Failure::shape("the rest of a frame", format_args!("its end at byte {}", bytes.len()));
    let (len, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let len = usize::try_from(u32::from_le_bytes(*len)).map_err(|_| cut())?;
    if len > rest.len() {
        return Err(cut());
    }
    let start = *at + 4;
    *at = start + len;
    Ok(start..*at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(head: &str, strings: &[&[u8]]) -> Vec<u8> {
        let mut writer = FrameWriter::default();
        for string in strings {
            writer.push(string).unwrap();
        }
        writer.finish(&head).unwrap()
    }

    #[test]
    fn the_layout_is_head_then_byte_strings() {
        assert_eq!(frame("hi", &[b"abc", b""]), b"\x04\0\0\0\"hi\"\x03\0\0\0abc\0\0\0\0");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let read = Frame::parse(frame("head", &[b"pack", b"index"])).unwrap();
        assert_eq!(read.head::<String>(), Ok("head".into()));
        assert_eq!(read.string(0), Ok(&b"pack"[..]));
        assert_eq!(read.string(1), Ok(&b"index"[..]));
        assert_eq!(read.string(2), Err(Failure::shape("a byte string", "index 2 of 2")));
    }

    #[test]
    fn a_frame_cut_anywhere_is_refused() {
        let whole = frame("head", &[b"pack"]);
        let head_end = 4 + 6;
        for end in (0..whole.len()).filter(|&end| end != head_end) {
            let cut = Failure::shape("the rest of a frame", format_args!("its end at byte {end}"));
            assert_eq!(Frame::parse(whole[..end].to_vec()), Err(cut));
        }
    }

    #[test]
    fn a_declared_length_past_the_end_costs_nothing() {
        assert!(Frame::parse(vec![0xff; 8]).is_err());
    }

    #[test]
    fn a_head_of_another_type_is_a_failure() {
        assert!(Frame::parse(frame("head", &[])).unwrap().head::<u32>().is_err());
    }

    #[test]
    fn too_many_byte_strings_are_refused() {
        let mut bytes = vec![0; 4];
        bytes.resize(4 + 4 * (FRAME_STRINGS_MAX + 1), 0);
        assert!(Frame::parse(bytes).is_err());
    }
}
