//! How a delta goes through its base, told from its instructions alone: what [`LargeDelta`](super::large::LargeDelta) will ask
//! for, before a byte of the base has been made.

use core::ops::Range;

use super::delta::{self, DeltaError, Op};
use super::entry::Decoded;
use super::large::BASE_WINDOW_LEN;

/// How often a base is gone through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passes {
    /// How often from its first byte on; 0 when nothing of it is used.
    pub n: u64,
    /// Bytes of it, in all passes together.
    pub len: u64,
}

/// The instructions of a delta, as they come.
pub struct Copies {
    base_len: u64,
    has_header: bool,
    /// Delta bytes that are not read yet: less than an instruction.
    pending: Vec<u8>,
    /// What of the base has been asked for last.
    window: Range<u64>,
    passes: Passes,
}

impl Copies {
    /// Those of a delta against a base of `base_len` bytes.
    pub fn new(base_len: u64) -> Self {
        Self { base_len, has_header: false, pending: Vec::new(), window: 0..0, passes: Passes::default() }
    }

    /// The next inflated bytes of the delta.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), DeltaError> {
        let mut pending = core::mem::take(&mut self.pending);
        pending.extend_from_slice(bytes);
        let mut at = 0;
        loop {
            let rest = pending.get(at..).unwrap_or_default();
            let used = if self.has_header { self.read_op(rest)? } else { self.read_header(rest)? };
            let Some(used) = used else { break };
            at += used;
        }
        pending.drain(..at);
        self.pending = pending;
        Ok(())
    }

    /// What was gone through so far.
    pub fn passes(&self) -> Passes {
        Passes { len: self.passes.len + self.window.end, ..self.passes }
    }

    fn read_header(&mut self, input: &[u8]) -> Result<Option<usize>, DeltaError> {
        let Decoded::Value(_, used) = delta::decode_header(input)? else { return Ok(None) };
        self.has_header = true;
        Ok(Some(used))
    }

    fn read_op(&mut self, input: &[u8]) -> Result<Option<usize>, DeltaError> {
        let Decoded::Value(op, used) = delta::decode_op(input)? else { return Ok(None) };
        if let Op::Copy { offset, len } = op {
            let end = offset.checked_add(len).filter(|end| *end <= self.base_len);
            self.copy(offset..end.ok_or(DeltaError::CopyOutOfRange { offset, len, base_len: self.base_len })?);
        }
        Ok(Some(used))
    }

    fn copy(&mut self, range: Range<u64>) {
        let is_first = self.passes.n == 0;
        if is_first || range.start < self.window.start {
            self.passes = Passes { n: self.passes.n + 1, len: self.passes.len + self.window.end };
        }
        if is_first || !self.window.contains(&range.start) {
            self.window = self.window_at(range.start);
        }
        // A long copy asks for one window after the other.
        if range.end > self.window.end {
            let n_more = (range.end - self.window.end).div_ceil(BASE_WINDOW_LEN as u64);
            self.window = self.window_at(self.window.end + (n_more - 1) * BASE_WINDOW_LEN as u64);
        }
    }

    fn window_at(&self, start: u64) -> Range<u64> {
        start..start.saturating_add(BASE_WINDOW_LEN as u64).min(self.base_len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::large::{LargeDelta, Wants};

    const BASE_LEN: u64 = 3_500_000;

    fn copy(offset: u32, len: u32) -> Vec<u8> {
        let ([o0, o1, o2, o3], [l0, l1, l2, _]) = (offset.to_le_bytes(), len.to_le_bytes());
        vec![0xff, o0, o1, o2, o3, l0, l1, l2]
    }

    fn delta_of(copies: &[(u32, u32)]) -> Vec<u8> {
        let number = |mut n: u64| {
            let mut bytes = Vec::new();
            while n > 0x7f {
                bytes.push(n.to_le_bytes()[0] | 0x80);
                n >>= 7;
            }
            bytes.push(n.to_le_bytes()[0]);
            bytes
        };
        let result_len = copies.iter().map(|&(_, len)| u64::from(len) + 3).sum();
        let ops = copies.iter().flat_map(|&(offset, len)| [copy(offset, len), vec![3, 1, 2, 3]].concat());
        [number(BASE_LEN), number(result_len)].concat().into_iter().chain(ops).collect()
    }

    /// What the delta asks for when it is applied by one who keeps the window alone.
    fn asked_for(delta: &[u8]) -> Passes {
        let (mut machine, mut result) = (LargeDelta::new(BASE_LEN), Vec::new());
        machine.push_delta(delta);
        let (mut passes, mut window) = (Passes::default(), 0..0);
        loop {
            match machine.run(&mut result).unwrap() {
                Wants::Base { offset, len } => {
                    if passes.n == 0 || offset < window.start {
                        passes = Passes { n: passes.n + 1, len: passes.len + window.end };
                    }
                    window = offset..offset + len as u64;
                    machine.set_window(offset, vec![0; len]);
                }
                Wants::Room => result.clear(),
                Wants::Delta => panic!("it is whole"),
                Wants::Nothing => return Passes { len: passes.len + window.end, ..passes },
            }
        }
    }

    #[test]
    fn passes_are_those_that_the_delta_asks_for_wherever_its_bytes_are_cut() {
        for copies in [
            &[][..],
            &[(0, 10)],
            &[(0, 3_000_000), (3_000_000, 500_000)],
            &[(1_000_000, 2_500_000), (0, 1_000_000)],
            &[(2_000_000, 10), (1_000_000, 10), (1_500_000, 10), (1_400_000, 700_000), (900_000, 1)],
            &[(3_499_999, 1), (3_499_990, 10), (0, 3_500_000), (0, 1)],
        ] {
            let delta = delta_of(copies);
            for len in [1, 5, delta.len()] {
                let mut scan = Copies::new(BASE_LEN);
                delta.chunks(len).for_each(|bytes| scan.push(bytes).unwrap());
                assert_eq!(scan.passes(), asked_for(&delta), "{copies:?}");
            }
        }
    }

    #[test]
    fn each_step_back_is_a_pass() {
        let mut scan = Copies::new(BASE_LEN);
        let backwards: Vec<_> = (0..100).rev().map(|n| (n * 10_000, 10_000)).collect();
        scan.push(&delta_of(&backwards)).unwrap();
        assert_eq!(scan.passes().n, 100);
        assert_eq!(
            Copies::new(7).push(&delta_of(&[(0, 8)])).unwrap_err(),
            DeltaError::CopyOutOfRange { offset: 0, len: 8, base_len: 7 }
        );
    }
}
