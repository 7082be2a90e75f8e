//! Applying a delta of which neither base nor result is ever held whole.

use super::delta::{self, DeltaError, DeltaHeader, Op};
use super::entry::Decoded;

/// How many bytes of a base are asked for at a time.
pub const BASE_WINDOW_LEN: usize = 1024 * 1024;
/// How much of a result is made before it is handed on.
pub const RESULT_CHUNK_LEN: usize = 1024 * 1024;

/// A delta in progress: it takes the delta's bytes as they come and the base by windows.
pub struct LargeDelta {
    header: Option<DeltaHeader>,
    /// Delta bytes that are not used yet.
    pending: Vec<u8>,
    pending_at: usize,
    /// What is left of the copy in progress.
    copy: Option<(u64, u64)>,
    base_len: u64,
    produced: u64,
    window: Vec<u8>,
    window_offset: u64,
}

/// What a delta in progress waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// More bytes of the delta.
    Delta,
    /// Bytes of the base: [`LargeDelta::set_window`].
    Base {
        /// Where in the base.
        offset: u64,
        /// How many bytes.
        len: usize,
    },
    /// Room for more of the result: take what is there.
    Room,
    /// Nothing: the result is whole.
    Nothing,
}

impl LargeDelta {
    /// A delta against a base of `base_len` bytes.
    pub fn new(base_len: u64) -> Self {
        Self {
            header: None,
            pending: Vec::new(),
            pending_at: 0,
            copy: None,
            base_len,
            produced: 0,
            window: Vec::new(),
            window_offset: 0,
        }
    }

    /// Length in bytes of what it makes, once its head has come.
    pub fn result_len(&self) -> Option<u64> {
        self.header.map(|header| header.result_len)
    }

    /// The next inflated bytes of the delta.
    pub fn push_delta(&mut self, bytes: &[u8]) {
        self.pending.drain(..self.pending_at);
        self.pending_at = 0;
        self.pending.extend_from_slice(bytes);
    }

    /// Bytes of the base from `offset` on.
    pub fn set_window(&mut self, offset: u64, bytes: Vec<u8>) {
        (self.window_offset, self.window) = (offset, bytes);
    }

    /// Goes on as far as it can, appending to `result`.
    pub fn run(&mut self, result: &mut Vec<u8>) -> Result<Wants, DeltaError> {
        let Some(header) = self.read_header()? else { return Ok(Wants::Delta) };
        loop {
            if let Some((offset, len)) = self.copy.filter(|&(_, len)| len > 0) {
                if result.len() >= RESULT_CHUNK_LEN {
                    return Ok(Wants::Room);
                }
                let Some(bytes) = self.in_window(offset, len) else {
                    let window_len = BASE_WINDOW_LEN as u64;
                    let len = usize::try_from(window_len.min(self.base_len - offset)).unwrap_or(BASE_WINDOW_LEN);
                    return Ok(Wants::Base { offset, len });
                };
                result.extend_from_slice(bytes);
                let n_copied = bytes.len() as u64;
                self.produced += n_copied;
                self.copy = Some((offset + n_copied, len - n_copied));
                continue;
            }
            if self.produced == header.result_len {
                return if self.pending_at == self.pending.len() {
                    Ok(Wants::Nothing)
                } else {
                    Err(DeltaError::ResultTooLong { result_len: header.result_len })
                };
            }
            let rest = self.pending.get(self.pending_at..).unwrap_or_default();
            let Decoded::Value(op, used) = delta::decode_op(rest)? else { return Ok(Wants::Delta) };
            let len = match op {
                Op::Copy { len, .. } => len,
                Op::Insert(bytes) => bytes.len() as u64,
            };
            if len > header.result_len - self.produced {
                return Err(DeltaError::ResultTooLong { result_len: header.result_len });
            }
            match op {
                Op::Copy { offset, len } if offset + len > self.base_len => {
                    return Err(DeltaError::CopyOutOfRange { offset, len, base_len: self.base_len });
                }
                Op::Copy { offset, len } => self.copy = Some((offset, len)),
                Op::Insert(bytes) => {
                    result.extend_from_slice(bytes);
                    self.produced += len;
                }
            }
            self.pending_at += used;
        }
    }

    fn read_header(&mut self) -> Result<Option<DeltaHeader>, DeltaError> {
        if self.header.is_none() {
            let Decoded::Value(header, used) = delta::decode_header(&self.pending)? else { return Ok(None) };
            if header.base_len != self.base_len {
                return Err(DeltaError::BaseLen { expected: header.base_len, actual: self.base_len });
            }
            self.pending_at = used;
            self.header = Some(header);
        }
        Ok(self.header)
    }

    /// As much of `base[offset..offset + len]` as the window holds, not empty.
    fn in_window(&self, offset: u64, len: u64) -> Option<&[u8]> {
        let start = usize::try_from(offset.checked_sub(self.window_offset)?).ok()?;
        let bytes = self.window.get(start..)?;
        let n = bytes.len().min(usize::try_from(len).ok()?).min(RESULT_CHUNK_LEN);
        bytes.get(..n).filter(|bytes| !bytes.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Vec<u8> {
        (0..3_000_000u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect()
    }

    fn copy(offset: u32, len: u32) -> Vec<u8> {
        let ([o0, o1, o2, o3], [l0, l1, l2, _]) = (offset.to_le_bytes(), len.to_le_bytes());
        vec![0xff, o0, o1, o2, o3, l0, l1, l2]
    }

    fn len_bytes(mut len: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while len > 0x7f {
            bytes.push(len.to_le_bytes()[0] | 0x80);
            len >>= 7;
        }
        bytes.push(len.to_le_bytes()[0]);
        bytes
    }

    fn run(base: &[u8], delta: &[u8], chunk_len: usize) -> Result<Vec<u8>, DeltaError> {
        let (mut machine, mut chunks) = (LargeDelta::new(base.len() as u64), delta.chunks(chunk_len));
        let (mut whole, mut part) = (Vec::new(), Vec::new());
        loop {
            match machine.run(&mut part)? {
                Wants::Delta => machine.push_delta(chunks.next().ok_or(DeltaError::Truncated)?),
                Wants::Base { offset, len } => {
                    let at = usize::try_from(offset).unwrap();
                    machine.set_window(offset, base[at..at + len].to_vec());
                }
                Wants::Room => whole.append(&mut part),
                Wants::Nothing => {
                    whole.append(&mut part);
                    return Ok(whole);
                }
            }
        }
    }

    #[test]
    fn the_result_is_that_of_applying_it_whole() {
        let base = base();
        let result_len = 2_000_000 + 5 + 900_000 + 2_500_000;
        let delta = [
            len_bytes(base.len() as u64),
            len_bytes(result_len),
            copy(0, 2_000_000),
            [&[5], &b"hello"[..]].concat(),
            copy(2_100_000, 900_000),
            copy(100_000, 2_500_000),
        ]
        .concat();
        let mut expected = Vec::new();
        delta::apply(&base, &delta, &mut expected).unwrap();
        for chunk_len in [1, 7, 4096] {
            assert!(run(&base, &delta, chunk_len).unwrap() == expected);
        }
    }

    #[test]
    fn lies_are_refused_with_the_facts() {
        let base = base();
        let head = |result_len| [len_bytes(base.len() as u64), len_bytes(result_len)].concat();
        let check = |delta: Vec<u8>, error| assert_eq!(run(&base, &delta, 64).unwrap_err(), error);
        let out_of_range = DeltaError::CopyOutOfRange { offset: 2_999_999, len: 2, base_len: 3_000_000 };
        check([head(2), copy(2_999_999, 2)].concat(), out_of_range);
        check([head(2), copy(0, 3)].concat(), DeltaError::ResultTooLong { result_len: 2 });
        check([head(2), copy(0, 2), vec![1, b'x']].concat(), DeltaError::ResultTooLong { result_len: 2 });
        check([head(3), copy(0, 2)].concat(), DeltaError::Truncated);
        check(vec![5, 5], DeltaError::BaseLen { expected: 5, actual: 3_000_000 });
    }
}
