//! The codec: the only module that knows which zlib implementation is used.
//!
//! Source of the format: RFC 1950 and 1951; git stores every object and delta as one zlib stream.

use sirocco::Format;
use sirocco::deflate::Level;
use sirocco::inflate::{Decoder, Error};

/// Size in bytes of a buffer for data that is not kept: [`Inflater::make_room`] frees all of it but the 32 KiB that a stream
/// may refer back to.
pub const WINDOW_LEN: usize = 128 * 1024;

/// One zlib stream being inflated; [`Inflater::reset`] makes it ready for the next.
pub struct Inflater {
    decoder: Box<Decoder>,
}

/// What one call to inflate did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inflated<'a> {
    /// Bytes taken from the input.
    pub used: usize,
    /// What was written to the output.
    pub output: &'a [u8],
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

impl Default for Inflater {
    fn default() -> Self {
        Self { decoder: Box::new(Decoder::new(Format::Zlib)) }
    }
}

impl Inflater {
    /// Forgets the present stream.
    pub fn reset(&mut self) {
        self.decoder.reset();
    }

    /// Inflates into `out`, behind what this stream has put there: `out` must begin as the last call left it, and may have
    /// grown since.
    pub fn inflate<'a>(&mut self, input: &[u8], out: &'a mut [u8]) -> Result<Inflated<'a>, CorruptStream> {
        match self.decoder.decompress(input, out, false) {
            Ok(done) => {
                let stop = match (done.done, done.full) {
                    (true, _) => Stop::End,
                    (false, true) => Stop::Output,
                    (false, false) => Stop::Input,
                };
                Ok(Inflated { used: done.consumed, output: done.output, stop })
            }
            Err(Error::BufferFull) => Ok(Inflated { used: 0, output: &[], stop: Stop::Output }),
            Err(_) => Err(CorruptStream),
        }
    }

    /// Makes room in a full buffer by moving its last 32 KiB to its start; the stream goes on behind them.
    pub fn make_room(&mut self, out: &mut [u8]) {
        self.decoder.make_room(out);
    }
}

/// Deflates `bytes` into one zlib stream at git's default level.
pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    sirocco::compress(Format::Zlib, Level::DEFAULT, bytes)
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
            let (mut out, mut out_len) = (vec![0; plain.len() + 1], 0);
            let mut stop = Stop::Input;
            for chunk in stream.chunks(chunk_len) {
                let done = inflater.inflate(chunk, &mut out).unwrap();
                assert_eq!(done.used, chunk.len());
                (out_len, stop) = (out_len + done.output.len(), done.stop);
            }
            assert_eq!((out_len, stop), (plain.len(), Stop::End));
            assert!(out[..out_len] == plain);
        }
    }

    #[test]
    fn a_window_gives_the_same_bytes_as_a_whole_buffer() {
        let (plain, mut inflater) = (text(), Inflater::default());
        let stream = deflate(&plain);
        let (mut window, mut used, mut out) = (vec![0; WINDOW_LEN], 0, Vec::new());
        loop {
            let done = inflater.inflate(&stream[used..], &mut window).unwrap();
            out.extend_from_slice(done.output);
            used += done.used;
            if done.stop == Stop::End {
                break;
            }
            inflater.make_room(&mut window);
        }
        assert!(out == plain && used == stream.len());
    }

    #[test]
    fn a_buffer_may_grow_while_a_stream_inflates_into_it() {
        let (plain, mut inflater) = (text(), Inflater::default());
        let stream = deflate(&plain);
        let (mut out, mut used) = (vec![0], 0);
        loop {
            let done = inflater.inflate(&stream[used..], &mut out).unwrap();
            used += done.used;
            match done.stop {
                Stop::End => break,
                Stop::Output => out.resize(2 * out.len(), 0),
                Stop::Input => panic!("all input was given"),
            }
        }
        assert!(out[..plain.len()] == plain && used == stream.len());
    }

    #[test]
    fn what_follows_a_stream_is_left_alone() {
        let mut streams = deflate(b"one");
        let first_len = streams.len();
        streams.extend(deflate(b"two"));
        let (mut out, mut inflater) = ([0; 16], Inflater::default());
        let done = inflater.inflate(&streams, &mut out).unwrap();
        assert_eq!(done, Inflated { used: first_len, output: b"one", stop: Stop::End });
        inflater.reset();
        let done = inflater.inflate(&streams[first_len..], &mut out).unwrap();
        assert_eq!((done.output, done.stop), (&b"two"[..], Stop::End));
    }

    #[test]
    fn a_flipped_checksum_is_corrupt() {
        let mut stream = deflate(b"content");
        *stream.last_mut().unwrap() ^= 1;
        assert_eq!(Inflater::default().inflate(&stream, &mut [0; 16]), Err(CorruptStream));
    }

    #[test]
    fn a_full_output_says_so_before_the_stream_ends() {
        let (stream, mut out, mut inflater) = (deflate(b"more than four bytes"), [0; 4], Inflater::default());
        let done = inflater.inflate(&stream, &mut out).unwrap();
        let (used, n_produced, stop) = (done.used, done.output.len(), done.stop);
        assert_eq!((n_produced, stop), (4, Stop::Output));
        let done = inflater.inflate(&stream[used..], &mut out).unwrap();
        assert_eq!((done.output.len(), done.stop), (0, Stop::Output));
    }
}
