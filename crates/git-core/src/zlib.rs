//! The codec: the only module that knows which zlib implementation is used.
//!
//! Source of the format: RFC 1950 and 1951; git stores every object and delta as one zlib stream.

use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

/// Size in bytes of the window that [`Inflater::inflate_window`] needs: twice deflate's longest distance.
pub const WINDOW_LEN: usize = 64 * 1024;

const BASE_FLAGS: u32 = inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER
    | inflate_flags::TINFL_FLAG_HAS_MORE_INPUT
    | inflate_flags::TINFL_FLAG_COMPUTE_ADLER32;

/// One zlib stream being inflated; [`Inflater::reset`] makes it ready for the next.
#[derive(Default)]
pub struct Inflater {
    state: Box<DecompressorOxide>,
}

/// What one call to inflate did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inflated {
    /// Bytes taken from the input.
    pub used: usize,
    /// Bytes written to the output.
    pub produced: usize,
    /// Why it stopped.
    pub stop: Stop,
}

/// Why inflating stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The stream has ended and its checksum is right.
    End,
    /// All input is used and the stream goes on.
    Input,
    /// The output is full and the stream goes on.
    Output,
}

/// The bytes are no zlib stream, or its checksum is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CorruptStream;

impl core::fmt::Display for CorruptStream {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("corrupt zlib stream")
    }
}

impl core::error::Error for CorruptStream {}

impl Inflater {
    /// Forgets the present stream.
    pub fn reset(&mut self) {
        self.state.init();
    }

    /// Inflates into `out` from `out_at` on; `out[..out_at]` must hold all that this stream has produced so far.
    pub fn inflate(&mut self, input: &[u8], out: &mut [u8], out_at: usize) -> Result<Inflated, CorruptStream> {
        self.run(input, out, out_at, inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF)
    }

    /// Inflates into a window of [`WINDOW_LEN`] bytes that is written round and round; `window_at` is where the last call
    /// stopped, modulo its length.
    pub fn inflate_window(
        &mut self,
        input: &[u8],
        window: &mut [u8],
        window_at: usize,
    ) -> Result<Inflated, CorruptStream> {
        self.run(input, window, window_at, 0)
    }

    fn run(&mut self, input: &[u8], out: &mut [u8], out_at: usize, flag: u32) -> Result<Inflated, CorruptStream> {
        let (status, used, produced) = decompress(&mut self.state, input, out, out_at, BASE_FLAGS | flag);
        let stop = match status {
            TINFLStatus::Done => Stop::End,
            TINFLStatus::NeedsMoreInput => Stop::Input,
            TINFLStatus::HasMoreOutput => Stop::Output,
            _ => return Err(CorruptStream),
        };
        Ok(Inflated { used, produced, stop })
    }
}

/// Deflates `bytes` into one zlib stream at git's default level.
pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec_zlib(bytes, 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> Vec<u8> {
        (0..200_000u32).flat_map(|n| (n / 7).to_le_bytes()).collect()
    }

    #[test]
    fn a_stream_inflates_the_same_whatever_the_chunks() {
        let (plain, mut inflater) = (text(), Inflater::default());
        let stream = deflate(&plain);
        for chunk_len in [1, 7, 4096, stream.len()] {
            inflater.reset();
            let (mut out, mut out_at) = (vec![0; plain.len()], 0);
            let mut stop = Stop::Input;
            for chunk in stream.chunks(chunk_len) {
                let done = inflater.inflate(chunk, &mut out, out_at).unwrap();
                assert_eq!(done.used, chunk.len());
                out_at += done.produced;
                stop = done.stop;
            }
            assert_eq!((out_at, stop), (plain.len(), Stop::End));
            assert!(out == plain);
        }
    }

    #[test]
    fn a_window_gives_the_same_bytes_as_a_whole_buffer() {
        let (plain, mut inflater) = (text(), Inflater::default());
        let stream = deflate(&plain);
        let (mut window, mut at, mut used, mut out) = (vec![0; WINDOW_LEN], 0, 0, Vec::new());
        loop {
            let done = inflater.inflate_window(&stream[used..], &mut window, at).unwrap();
            out.extend_from_slice(&window[at..at + done.produced]);
            used += done.used;
            at = (at + done.produced) % WINDOW_LEN;
            if done.stop == Stop::End {
                break;
            }
        }
        assert!(out == plain && used == stream.len());
    }

    #[test]
    fn a_flipped_checksum_is_corrupt() {
        let mut stream = deflate(b"content");
        *stream.last_mut().unwrap() ^= 1;
        let mut out = [0; 16];
        assert_eq!(Inflater::default().inflate(&stream, &mut out, 0), Err(CorruptStream));
    }

    #[test]
    fn a_full_output_says_so_before_the_stream_ends() {
        let stream = deflate(b"more than four bytes");
        let mut out = [0; 4];
        let done = Inflater::default().inflate(&stream, &mut out, 0).unwrap();
        assert_eq!((done.produced, done.stop), (4, Stop::Output));
    }
}
