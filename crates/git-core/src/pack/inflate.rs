//! Inflating the data of one entry from bytes that come in pieces, into memory or past it.

use super::PackError;
use crate::zlib::{Inflater, Stop, WINDOW_LEN};

/// First guess at how much an entry needs: declared lengths are believed only as far as the data bears them out.
const FIRST_LEN: usize = 64 * 1024;

/// The data of one entry at a time.
#[derive(Default)]
pub struct DataInflater {
    inflater: Inflater,
    /// Reused from entry to entry; only `data[..produced]` belongs to this one.
    data: Vec<u8>,
    /// Of streamed data, the last stretch.
    window: Vec<u8>,
    offset: u64,
    expected_len: u64,
    produced: u64,
    streamed: bool,
}

impl DataInflater {
    /// Begins with the entry at `offset` whose data must inflate to `expected_len` bytes, to be kept in memory.
    pub fn begin(&mut self, offset: u64, expected_len: u64) {
        self.inflater.reset();
        (self.offset, self.expected_len, self.produced, self.streamed) = (offset, expected_len, 0, false);
    }

    /// Begins with an entry whose data is handed on piece by piece and not kept.
    pub fn begin_streamed(&mut self, offset: u64, expected_len: u64) {
        self.begin(offset, expected_len);
        self.streamed = true;
        self.window.resize(WINDOW_LEN, 0);
    }

    /// Takes the next compressed bytes; how many were used, and whether the data is whole. `sink` sees streamed data, at
    /// most one window of it a call: input may be left, and when none is, more may come of an empty one.
    pub fn feed(&mut self, input: &[u8], sink: &mut dyn FnMut(&[u8])) -> Result<(usize, bool), PackError> {
        let mut used = 0;
        loop {
            let rest = input.get(used..).unwrap_or_default();
            let done = if self.streamed { self.run_streamed(rest, sink) } else { self.run_resident(rest) };
            let (n_used, stop) = done.map_err(|_| PackError::Inflate { offset: self.offset })?;
            used += n_used;
            match stop {
                Stop::End if self.produced == self.expected_len => return Ok((used, true)),
                Stop::End => return Err(self.wrong_len()),
                Stop::Output if self.produced > self.expected_len => return Err(self.wrong_len()),
                // A small input may inflate to a thousand times its size: streamed data is handed on by the window.
                Stop::Output if self.streamed => return Ok((used, false)),
                Stop::Output => {}
                Stop::Input => return Ok((used, false)),
            }
        }
    }

    /// The data so far, when it is kept.
    pub fn data(&self) -> &[u8] {
        let len = usize::try_from(self.produced).unwrap_or(0);
        if self.streamed { &[] } else { self.data.get(..len).unwrap_or_default() }
    }

    fn wrong_len(&self) -> PackError {
        PackError::InflatedLen { offset: self.offset, expected: self.expected_len }
    }

    fn run_resident(&mut self, input: &[u8]) -> Result<(usize, Stop), crate::zlib::CorruptStream> {
        let at = usize::try_from(self.produced).unwrap_or(usize::MAX);
        let expected = usize::try_from(self.expected_len).unwrap_or(usize::MAX);
        // One byte more than expected: a full output looks the same to the codec whether or not the stream ends there.
        let len = expected.saturating_add(1).min((2 * at).max(FIRST_LEN));
        if self.data.len() < len {
            self.data.resize(len, 0);
        }
        let out = self.data.get_mut(..len).unwrap_or_default();
        let done = self.inflater.inflate(input, out)?;
        self.produced += done.output.len() as u64;
        Ok((done.used, done.stop))
    }

    fn run_streamed(
        &mut self,
        input: &[u8],
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(usize, Stop), crate::zlib::CorruptStream> {
        let done = self.inflater.inflate(input, &mut self.window)?;
        sink(done.output);
        self.produced += done.output.len() as u64;
        let (used, stop) = (done.used, done.stop);
        if stop == Stop::Output {
            self.inflater.make_room(&mut self.window);
        }
        Ok((used, stop))
    }
}

/// Inflates the data of an entry that is at hand as a whole.
pub fn inflate_all(compressed: &[u8], expected_len: usize) -> Result<Vec<u8>, PackError> {
    let mut inflater = DataInflater::default();
    inflater.begin(0, expected_len as u64);
    match inflater.feed(compressed, &mut |_| {})? {
        (_, true) => {
            inflater.data.truncate(expected_len);
            Ok(inflater.data)
        }
        (_, false) => Err(PackError::Inflate { offset: 0 }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zlib::deflate;

    fn plain() -> Vec<u8> {
        (0..150_000u32).flat_map(|n| (n.wrapping_mul(n) / 11).to_le_bytes()).collect()
    }

    #[test]
    fn kept_and_streamed_data_are_the_same_whatever_the_chunks() {
        let (plain, mut inflater) = (plain(), DataInflater::default());
        let stream = deflate(&plain);
        for chunk_len in [1, 999, 1 << 20] {
            let mut seen = Vec::new();
            inflater.begin_streamed(0, plain.len() as u64);
            let mut ends = false;
            for mut chunk in stream.chunks(chunk_len).chain([&[][..]; 16]) {
                while !ends {
                    let (used, whole) = inflater.feed(chunk, &mut |bytes| seen.extend_from_slice(bytes)).unwrap();
                    (chunk, ends) = (&chunk[used..], whole);
                    if chunk.is_empty() {
                        break;
                    }
                }
            }
            assert!(ends);
            assert!(seen == plain);
            inflater.begin(0, plain.len() as u64);
            let ends: Vec<_> =
                stream.chunks(chunk_len).map(|chunk| inflater.feed(chunk, &mut |_| {}).unwrap().1).collect();
            assert!(inflater.data() == plain);
            assert!(ends.iter().rev().skip(1).all(|end| !end) && ends.last() == Some(&true));
        }
    }

    #[test]
    fn data_of_another_length_than_declared_is_refused() {
        let stream = deflate(b"twelve bytes");
        let mut inflater = DataInflater::default();
        for expected in [0, 11, 13] {
            inflater.begin(77, expected);
            assert_eq!(inflater.feed(&stream, &mut |_| {}), Err(PackError::InflatedLen { offset: 77, expected }));
            inflater.begin_streamed(77, expected);
            assert_eq!(inflater.feed(&stream, &mut |_| {}), Err(PackError::InflatedLen { offset: 77, expected }));
        }
        assert_eq!(inflate_all(&stream, 12).unwrap(), b"twelve bytes");
    }

    #[test]
    fn a_declared_length_alone_takes_no_memory() {
        let mut inflater = DataInflater::default();
        inflater.begin(0, 1 << 40);
        inflater.feed(&deflate(b"short")[..8], &mut |_| {}).unwrap();
        assert!(inflater.data.len() <= FIRST_LEN);
    }
}
